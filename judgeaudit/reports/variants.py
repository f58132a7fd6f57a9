"""One model under several prompts and protocols, side by side: what each way of asking buys, and which to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from judgeaudit.gates import BASELINE_MARGIN, Limit, decide
from judgeaudit.records import Audit, JudgeAudit, Verdict
from judgeaudit.reports import numbers
from judgeaudit.reports.safe import one_line


class Difference(NamedTuple):
    """How much more of an effect one way of asking shows than another, on the calls both answered."""

    estimate: float
    conf_low: float
    conf_high: float

    @property
    def words(self) -> str:
        """The difference in points with its interval."""
        return f"{numbers.points(self.estimate)} [{numbers.points(self.conf_low)}, {numbers.points(self.conf_high)}]"


class Variant(NamedTuple):
    """One way of asking."""

    judge: JudgeAudit
    style: Difference | None
    """Change in style reward against the first variant; None for the first, or where they share no calls."""
    truth: Difference | None
    """Change in truth sensitivity against the first variant."""
    seconds: float | None
    """Median time of a call."""
    cost: float | None
    """US dollars per valid verdict."""


class Family(NamedTuple):
    """The ways in which one model was asked, the first of which the others are measured against."""

    model: str
    variants: tuple[Variant, ...]
    recommendation: str


def families(audit: Audit, verdicts: Sequence[Verdict] = ()) -> list[Family]:
    """Return every model that was asked in more than one way, with a recommendation.

    A panel is one more way of asking its first member.

    Examples
    --------
    >>> families(Audit(judges=(JudgeAudit(name="a", model="m"), JudgeAudit(name="b", model="m"))))[0].recommendation
    'Keep asking as a: no other way is shown to pay less for style; more items may tell.'
    """
    models: dict[str, list[JudgeAudit]] = {}
    for judge in audit.judges:
        asked = audit.judge(judge.panel.of[0]) if judge.panel else judge
        models.setdefault(asked.model, []).append(judge)
    return [_family(audit, model, judges, verdicts) for model, judges in models.items() if len(judges) > 1]


def _family(audit: Audit, model: str, judges: Sequence[JudgeAudit], verdicts: Sequence[Verdict]) -> Family:
    first = judges[0].name
    variants = tuple(
        Variant(
            judge,
            difference(audit, judge.name, first, "style_reward"),
            difference(audit, judge.name, first, "truth_sensitivity"),
            _seconds(judge, verdicts),
            judge.cost_usd / judge.counts.valid if judge.cost_usd is not None and judge.counts.valid else None,
        )
        for judge in judges
    )
    return Family(model, variants, recommend(variants))


def difference(audit: Audit, judge: str, versus: str, term: str) -> Difference | None:
    """Return the paired difference between two judges that the audit holds, whichever way round it holds it."""
    for row in audit.contrasts:
        if row.get("term") == term and {row.get("judge"), row.get("versus")} == {judge, versus} and _known(row):
            low, point, high = row["conf_low"], row["estimate"], row["conf_high"]
            return Difference(point, low, high) if row["judge"] == judge else Difference(-point, -high, -low)
    return None


def _known(row: Mapping[str, Any]) -> bool:
    return all(isinstance(row.get(name), int | float) for name in ("estimate", "conf_low", "conf_high"))


def _seconds(judge: JudgeAudit, verdicts: Sequence[Verdict]) -> float | None:
    """Return the median time of a call; of a panel, whose members are asked side by side, that of its slowest."""
    asked = judge.panel.of if judge.panel else (judge.name,)
    times: dict[str, list[float]] = {name: [] for name in asked}
    for verdict in verdicts:
        if verdict.trial.judge in times and verdict.latency_s > 0:
            times[verdict.trial.judge].append(verdict.latency_s)
    return max((median(own) for own in times.values() if own), default=None)


def recommend(variants: Sequence[Variant]) -> str:
    """Say in one line which way of asking to take.

    A variant is better when its style reward is nearer to zero than that of the first on the whole interval of their
    difference, and its truth sensitivity is no lower by more than the margin, on the whole interval too.
    """
    first, *others = variants
    start = first.judge.get("style_reward")
    sign = -1 if start is not None and (start.estimate or 0.0) < 0 else 1
    better = [variant for variant in others if _less_style(variant, sign)]
    safe = [variant for variant in better if _truth_holds(variant)]
    if safe:
        best = min(safe, key=lambda variant: sign * variant.style.estimate if variant.style else 0.0)
        style, truth = (change.words if change else "" for change in (best.style, best.truth))
        return one_line(f"Ask as {best.judge.name}: style reward {style}, truth sensitivity {truth}.")
    name = one_line(first.judge.name)
    if better:
        names = one_line(", ".join(variant.judge.name for variant in better))
        less = f"less is paid for style by {names}, but a loss of truth is not ruled out"
        return f"Keep asking as {name}: {less}; more items may tell."
    return f"Keep asking as {name}: no other way is shown to pay less for style; more items may tell."


def _less_style(variant: Variant, sign: int) -> bool:
    """Tell whether style reward fell on the whole interval, and not beyond zero to as much on the other side."""
    now, change = variant.judge.get("style_reward"), variant.style
    if now is None or now.estimate is None or change is None:
        return False
    fell = change.conf_high < 0 if sign > 0 else change.conf_low > 0
    return fell and abs(now.estimate) < abs(now.estimate - change.estimate)


def _truth_holds(variant: Variant) -> bool:
    change = variant.truth
    least = Limit(term="truth_sensitivity", min=-BASELINE_MARGIN)
    return change is not None and decide(least, change.conf_low, change.conf_high) == "PASS"
