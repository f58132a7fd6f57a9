"""The nouns: frozen, strict records in which the rooms of judgeaudit speak to each other.

No numpy and no I/O here. A record is immutable, refuses unknown fields, and says what each field means.
"""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

FactKind = Literal[
    "number", "date", "unit", "entity", "relation", "negation", "quantifier", "calculation", "conflation",
    "attribute", "order", "code",
]  # fmt: skip
FACT_KINDS: tuple[str, ...] = get_args(FactKind)

Contrast = Literal["style_true", "style_false", "fact_plain", "fact_styled", "conflict", "concord", "placebo"]
CONTRASTS: tuple[Contrast, ...] = get_args(Contrast)

Order = Literal["ab", "ba"]
Protocol = Literal["pairwise", "score", "reference"]
Outcome = Literal["valid", "refusal", "invalid", "missing"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Choice = Literal["a", "b", "tie"]
Severity = Literal["minor", "major"]
Scale = Literal["net_preference", "log_odds", "points", "degrees", "ratio", "share"]
Grade = Literal["MATERIAL", "NEGLIGIBLE", "INCONCLUSIVE", "NOT GRADED"]
Status = Literal["PASS", "FAIL", "INCONCLUSIVE"]

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Record(BaseModel):
    """Base of every record: immutable, strict, closed to unknown fields."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


def digest(value: Any) -> str:
    """Return the SHA-256 (64 hex digits) of a JSON value in canonical form.

    Examples
    --------
    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


# --------------------------------------------------------------------------------------------------- items


class Distractor(Record):
    """A plausible wrong value for one fact."""

    value: str = Field(min_length=1)
    """The wrong text that takes the place of the fact's value, exactly."""
    severity: Severity = "major"
    """``minor``: a near miss; ``major``: plainly wrong to somebody who knows."""
    carry: dict[str, str] = Field(default_factory=dict)
    """Values that follow from this error, by fact id: what the later steps of a calculation become."""


class Fact(Record):
    """One checkable value inside an item's answer: a slot that can be made wrong and nothing else with it."""

    id: Identifier
    """Name of the fact within its item."""
    kind: FactKind
    value: str = Field(min_length=1)
    """The true text; equals ``answer[start:end]``."""
    start: int = Field(ge=0)
    """Offset of the first character in the answer."""
    end: int = Field(gt=0)
    """Offset after the last character in the answer."""
    also: tuple[tuple[int, int], ...] = ()
    """Further occurrences ``(start, end)`` of the same value, which move together with this one."""
    distractors: tuple[Distractor, ...] = Field(min_length=1)
    swap_with: Identifier | None = None
    """For ``conflation``: the fact whose value is exchanged with this one's."""

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Every occurrence of the value, in the order of the text."""
        return tuple(sorted(((self.start, self.end), *self.also)))


class Item(Record):
    """A question, its trusted answer, and the facts in that answer which can be made wrong."""

    id: Identifier
    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    domain: Identifier = "general"
    facts: tuple[Fact, ...] = ()
    terms: tuple[tuple[int, int], ...] = ()
    """Spans ``(start, end)`` of the answer that may be set in bold."""
    lang: str = "en"
    refs: tuple[str, ...] = ()
    """Where the facts can be looked up."""
    source: str | None = None
    """The document this item came from; items that share a source share a cluster."""
    provenance: Literal["authored", "guessed"] = "authored"
    """``guessed``: the facts were proposed by a rule or a model and not reviewed."""

    @model_validator(mode="after")
    def _facts_stand_in_the_answer(self) -> Item:
        ids = [fact.id for fact in self.facts]
        if len(set(ids)) != len(ids):
            raise ValueError(f"item {self.id!r}: two facts share an id; give each fact of an item its own")
        spans: list[tuple[int, int]] = []
        for fact in self.facts:
            for start, end in fact.spans:
                if self.answer[start:end] != fact.value:
                    raise ValueError(
                        f"item {self.id!r}, fact {fact.id!r}: the answer has {self.answer[start:end]!r} at "
                        f"{start}:{end}, not the value {fact.value!r}; correct the offsets or the value"
                    )
                spans.append((start, end))
        spans.sort()
        for (_, end), (start, _) in pairwise(spans):
            if start < end:
                raise ValueError(f"item {self.id!r}: two facts overlap at offset {start}; make them disjoint")
        return self

    @property
    def cluster(self) -> str:
        """The most aggregated unit that calls about this item share: its source document, or itself."""
        return self.source or self.id


# --------------------------------------------------------------------------------------------------- pairs


class Edit(Record):
    """One replacement in an item's answer; a variant is the answer plus a set of disjoint edits."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    old: str
    new: str
    label: str
    """Who made it: a style facet (``fmt.list``) or ``fact:<kind>:<fact id>``."""


class Style(Record):
    """One style treatment: a facet at a dose, from one of its templates."""

    facet: str
    dose: int = Field(ge=1, le=3)
    template: str = ""
    """Which wording of the facet was drawn: the second cluster of the regression."""


class FactualError(Record):
    """One fact made wrong."""

    fact_id: Identifier
    kind: FactKind
    old: str
    new: str
    severity: Severity
    carried: bool = False
    """Whether it only follows from another error, as the later steps of a calculation do; not counted in a dose."""


class Answer(Record):
    """One text a judge may see, with what was done to make it."""

    text: str
    style: tuple[Style, ...] = ()
    """The style treatments it carries; empty for a plain answer."""
    errors: tuple[FactualError, ...] = ()
    """The facts that are wrong in it; empty for a true answer."""

    @property
    def styled(self) -> bool:
        """Whether any style treatment was applied."""
        return bool(self.style)

    @property
    def true(self) -> bool:
        """Whether every fact stands as trusted."""
        return not self.errors


class Check(Record):
    """The manipulation check of one pair: does it differ in what it claims to, and there only?"""

    pair_id: str
    passed: bool
    reasons: tuple[str, ...] = ()
    """Stable codes, empty when passed: ``judgeaudit explain CODE`` says what each means."""
    features: dict[str, float] = Field(default_factory=dict)
    """Differences (a minus b) of the surface features that a style reader would see."""


class Pair(Record):
    """Two answers to one question that differ in style only, in fact only, in both, or in nothing.

    ``a`` is the answer that the named virtue favours (see `Contrast`).
    """

    id: str = Field(min_length=1)
    item_id: str
    question: str
    contrast: Contrast
    factor: str = ""
    """What was varied: facets joined by ``+``, error kinds joined by ``+``, or both joined by ``|``."""
    dose: int = Field(default=1, ge=0)
    """Dose of the factor: 1-3 for a style facet, number of wrong slots for facts, 0 for a placebo."""
    a: Answer
    b: Answer
    seed: int = 0
    domain: str = "general"
    cluster: str = ""
    """What calls about this pair share with others: the item, or its source document."""
    reference: str = ""
    """The trusted answer, for judges whose prompt asks for ``$reference``."""
    edits_a: tuple[Edit, ...] = ()
    """The edits that make ``a`` out of ``reference``."""
    edits_b: tuple[Edit, ...] = ()
    """The edits that make ``b`` out of ``reference``."""
    check: Check | None = None
    """The manipulation check, once made."""


# ------------------------------------------------------------------------------------------------ verdicts


class Trial(Record):
    """One cell of the plan: one judge, one pair, one order, one replicate."""

    pair_id: str
    judge: str
    order: Order = "ab"
    """``ab``: answer ``a`` is shown first."""
    replicate: int = Field(default=0, ge=0)
    protocol: Protocol = "pairwise"
    content: str = ""
    """SHA-256 of all that could change the answer: both texts, question, reference, prompt, settings, parser."""

    @property
    def key(self) -> str:
        """The trial's identity: cache, resume and provenance are this one hash."""
        return digest([self.pair_id, self.judge, self.order, self.replicate, self.protocol, self.content])


class JudgeSpec(Record):
    """How to reach one judge, as the configuration states it."""

    name: Identifier
    """What every report calls it."""
    model: str = Field(min_length=1)
    """Any litellm model string, ``local/smollm2-ab``, ``local/smollm2-loglik``, or ``simulated/<taste>``."""
    api_base: str | None = None
    """An OpenAI-compatible server (ending in ``/v1``), if not the provider's own."""
    api_key: str | None = Field(default=None, pattern=r"^env:[A-Za-z_][A-Za-z0-9_]*$")
    """Where the key is: ``env:NAME``, never the key."""
    prompt: str | None = None
    """A shipped template, or the path of the user's own; None for the protocol's default."""
    protocol: Protocol = "pairwise"
    params: dict[str, Any] = Field(default_factory=dict)
    """Sampling settings, passed on as they are: temperature, max_tokens, seed ..."""
    structured: bool | None = None
    """Ask for a JSON schema in the reply; None: where the model is known to support it."""
    transport: Literal["auto", "litellm", "lean"] = "auto"
    """``lean`` speaks HTTP to an OpenAI-compatible server itself; ``auto`` takes it where ``api_base`` is given."""
    price: tuple[float, float] | None = None
    """US dollars per million prompt and completion tokens, where no public price is known."""


class Showing(Record):
    """What a judge sees in one call: one answer or two, in the order of the screen."""

    question: str
    first: Answer
    """The answer shown first, or the only one."""
    second: Answer | None = None
    """None when one answer is scored alone."""
    reference: str = ""
    token: str = ""
    """Eight hex digits that the texts cannot foresee: fences the answers, and seeds simulated judges."""


class Usage(Record):
    """Tokens of one or more calls."""

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class Reply(Record):
    """What came back from one call to a judge, before anybody has read it."""

    text: str = ""
    first_share: float | None = Field(default=None, ge=0, le=1)
    """Probability that the answer shown first is better, for judges that give one (likelihoods)."""
    score: float | None = None
    """Score of the answer shown, for judges that give a number rather than text."""
    finish_reason: str = "stop"
    usage: Usage = Usage()
    cost_usd: float | None = None
    """Price of this call in US dollars; None where the price is unknown."""
    latency_s: float = 0.0
    model: str = ""
    """The model the endpoint says it used."""


class Verdict(Record):
    """What one judge said in one trial, in terms of the pair and never of the screen."""

    trial: Trial
    outcome: Outcome
    choice: Choice | None = None
    """The preferred answer; None unless the outcome is ``valid``."""
    preference: float | None = Field(default=None, ge=0, le=1)
    """Probability or share in favour of ``a``: 1, 0.5 for a tie, 0, or graded; None unless ``valid``."""
    score_a: float | None = None
    score_b: float | None = None
    reason: str = ""
    """Why the outcome is not ``valid``: a stable code such as ``truncated`` or ``two_choices``."""
    raw: str = ""
    """The reply or replies as received."""
    rationale: str = ""
    usage: Usage = Usage()
    cost_usd: float | None = None
    latency_s: float = 0.0
    attempts: int = Field(default=1, ge=0)
    """How many calls were made for this cell, failed ones included."""
    model: str = ""

    @model_validator(mode="after")
    def _a_failure_is_never_an_opinion(self) -> Verdict:
        if (self.outcome == "valid") != (self.preference is not None and self.choice is not None):
            raise ValueError("a verdict has a choice and a preference exactly when its outcome is 'valid'")
        return self


# ----------------------------------------------------------------------------------------------- estimates


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
    """Mean absolute net preference on placebo pairs: an effect smaller than this is noise."""


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
        """Outcomes over all judges."""
        fields = Counts.model_fields
        return Counts(**{name: sum(getattr(judge.counts, name) for judge in self.judges) for name in fields})

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
