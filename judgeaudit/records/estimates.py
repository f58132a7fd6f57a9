"""What was measured about each judge, and what that means for whoever relies on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from judgeaudit.records.base import Record
from judgeaudit.records.display import describe, to_frame, to_summary, to_table
from judgeaudit.records.verdicts import Panel

if TYPE_CHECKING:
    import pandas as pd

Scale = Literal["net_preference", "log_odds", "points", "degrees", "ratio", "share"]
Grade = Literal["MATERIAL", "NEGLIGIBLE", "INCONCLUSIVE", "NOT GRADED"]
Status = Literal["PASS", "FAIL", "INCONCLUSIVE"]


class Estimate(Record):
    """One number about one judge, with its interval and the recipe that made it."""

    judge: str
    term: str
    """What is estimated; `STATISTICS` of the documentation defines each term."""
    scale: Scale
    estimate: float | None
    """None where the quantity is not bounded or not identified; ``note`` says why."""
    std_error: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    n: int = 0
    """Verdicts used."""
    n_clusters: int = 0
    """Independent units (items or source documents) used."""
    method: str = ""
    recipe: dict[str, Any] = Field(default_factory=dict)
    """Seed, covariance, degrees of freedom, iterations, convergence: all that made the number."""
    grade: Grade = "NOT GRADED"
    note: str = ""

    @property
    def sentence(self) -> str:
        """The estimate in plain words, with its interval."""
        return describe(self)

    def _repr_html_(self) -> str:
        return to_table([self])


class Counts(Record):
    """How the planned cells of one judge, or of all, ended; the last four sum to the first."""

    planned: int = 0
    valid: int = 0
    refusal: int = 0
    invalid: int = 0
    missing: int = 0
    tie: int = 0
    """How many of the valid ones were ties."""

    @model_validator(mode="after")
    def _sums_equal_the_plan(self) -> Counts:
        if self.planned != self.valid + self.refusal + self.invalid + self.missing:
            raise ValueError(f"the outcomes do not sum to the plan: {self!r}")
        return self


class Reliability(Record):
    """How much of what a judge says is itself."""

    order_consistency: float | None = None
    """Share of pairs, seen in both orders, with the same winner."""
    retest_consistency: float | None = None
    """Share of pairs, asked again in the same order, with the same winner."""
    noise_floor: float | None = None
    """Net preference beyond chance on placebo pairs (root mean square over their kinds): a smaller effect is noise."""


class Finding(Record):
    """One rule held against one estimate."""

    code: str
    """Stable code such as ``JA110``; ``judgeaudit explain`` says what it means."""
    judge: str
    rule: str
    status: Status
    estimate: Estimate | None = None
    limit: str = ""
    """The declared limit, in words: ``max 0.50``."""
    sentence: str = ""


class JudgeAudit(Record):
    """All that was measured about one judge."""

    name: str
    model: str
    estimates: tuple[Estimate, ...] = ()
    reliability: Reliability = Reliability()
    counts: Counts = Counts()
    cost_usd: float | None = 0.0
    """Spent on this judge; None when a price is unknown."""
    note: str = ""
    """What must be said whenever this judge is named: ``for demonstration, not for grading``."""
    panel: Panel | None = None
    """The judges that decide together under this name, and share their calls and costs with it; None for a judge."""
    provenance: dict[str, Any] = Field(default_factory=dict)

    def get(self, term: str, scale: Scale = "net_preference") -> Estimate | None:
        """Return the estimate of ``term`` on ``scale``, or None where it was not estimated."""
        return next((e for e in self.estimates if e.term == term and e.scale == scale), None)


class Audit(Record):
    """The result: every judge, every estimate, every finding, and how they came about."""

    run_id: str = ""
    items: int = 0
    pairs: int = 0
    dropped: dict[str, int] = Field(default_factory=dict)
    """Pairs that failed the manipulation check, counted by reason."""
    judges: tuple[JudgeAudit, ...] = ()
    contrasts: tuple[dict[str, Any], ...] = ()
    """Paired differences between judges."""
    findings: tuple[Finding, ...] = ()
    provenance: dict[str, Any] = Field(default_factory=dict)

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """Every estimate of every judge."""
        return tuple(e for judge in self.judges for e in judge.estimates)

    @property
    def reliability(self) -> dict[str, Reliability]:
        """Reliability by judge."""
        return {judge.name: judge.reliability for judge in self.judges}

    @property
    def counts(self) -> Counts:
        """Outcomes over all judges that were asked; a panel was not."""
        fields, asked = Counts.model_fields, [judge for judge in self.judges if judge.panel is None]
        return Counts(**{name: sum(getattr(judge.counts, name) for judge in asked) for name in fields})

    def to_pandas(self) -> pd.DataFrame:
        """Return every estimate of every judge as a data frame, one row each."""
        return to_frame(self.estimates)

    def _repr_html_(self) -> str:
        return to_summary(self)

    def judge(self, name: str) -> JudgeAudit:
        """Return the audit of the judge called ``name``.

        Raises
        ------
        KeyError
            When no such judge was audited; the message lists those that were.
        """
        for judge in self.judges:
            if judge.name == name:
                return judge
        raise KeyError(f"no judge named {name!r} in this audit; it has: {', '.join(j.name for j in self.judges)}")
