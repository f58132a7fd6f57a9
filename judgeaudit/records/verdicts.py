"""How a judge is reached, what it is shown, what it replies, and what that says of the pair."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from judgeaudit.records.base import Identifier, NumerousRecord, Record, digest_row
from judgeaudit.records.pairs import Answer

Order = Literal["ab", "ba"]
Protocol = Literal["pairwise", "score", "reference"]
Outcome = Literal["valid", "refusal", "invalid", "missing"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Choice = Literal["a", "b", "tie"]


class Trial(NumerousRecord):
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
        return trial_key(self.pair_id, self.judge, self.order, self.replicate, self.protocol, self.content)


def trial_key(pair_id: str, judge: str, order: Order, replicate: int, protocol: Protocol, content: str) -> str:
    """Return the key of a trial that has not been made yet."""
    return digest_row([pair_id, judge, order, replicate, protocol, content])


class Reading(Record):
    r"""How replies are read that state the verdict in a form of their own.

    Examples
    --------
    >>> Reading(pattern=r"Winner: *(\w+)", A=("1", "first"), B=("2", "second"), tie=("0",)).label_of("First")
    'A'
    """

    pattern: str = Field(min_length=1, max_length=1000)
    """A regular expression; its first group, or all it matches where it has none, is the label (or the score)."""
    A: tuple[str, ...] = ("A",)
    """Labels for the answer shown first; their case does not matter."""
    B: tuple[str, ...] = ("B",)
    """Labels for the answer shown second."""
    tie: tuple[str, ...] = ("tie",)
    """Labels for neither."""

    @model_validator(mode="after")
    def _is_one_reading(self) -> Reading:
        import regex

        try:
            regex.compile(self.pattern)
        except regex.error as error:
            raise ValueError(f"the pattern is no regular expression: {error}") from error
        labels = [label.casefold() for own in (self.A, self.B, self.tie) for label in own]
        if repeated := next((label for label in labels if labels.count(label) > 1), None):
            raise ValueError(f"the label {repeated!r} would mean two things; give each of A, B and tie its own")
        return self

    def label_of(self, text: str) -> Literal["A", "B", "tie"] | None:
        """Return which verdict a label stands for; None for none."""
        wanted = text.strip().casefold()
        own: dict[Literal["A", "B", "tie"], tuple[str, ...]] = {"A": self.A, "B": self.B, "tie": self.tie}
        return next((name for name, labels in own.items() if wanted in map(str.casefold, labels)), None)


Dollars = Annotated[float, Field(ge=0)]


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
    reading: Reading | None = None
    """How its replies are read, where the prompt asks for a form of its own; None for the usual forms."""
    structured: bool | None = None
    """Ask for a JSON schema in the reply; None: where the model is known to support it."""
    transport: Literal["auto", "litellm", "lean"] = "auto"
    """``lean`` speaks HTTP to an OpenAI-compatible server itself; ``auto`` takes it where ``api_base`` is given."""
    price: tuple[Dollars, Dollars] | None = None
    """US dollars per million prompt and completion tokens, where no public price is known."""


class Panel(Record):
    """Several judges that decide together: one more judge, made of their verdicts, without calls of its own."""

    name: Identifier
    """What every report calls it."""
    of: tuple[str, ...] = Field(min_length=2)
    """Names of its members: all compare answers, or all score them."""
    by: Literal["majority", "mean"] = "majority"
    """``majority``: the answer that more members chose, a tie where as many; ``mean``: their mean preference."""


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


class Usage(NumerousRecord):
    """Tokens of one or more calls."""

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)

    def __add__(self, other: Usage) -> Usage:
        """Return the tokens of both together."""
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


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


class Verdict(NumerousRecord):
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
