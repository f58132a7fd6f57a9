"""Questions, trusted answers, and the facts in them that can be made wrong."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, get_args

from pydantic import Field, model_validator

from judgeaudit.records.base import Identifier, Record, Severity
from judgeaudit.text import sentence_spans

FactKind = Literal[
    "number", "date", "unit", "entity", "relation", "negation", "quantifier", "calculation", "conflation",
    "attribute", "order", "code",
]  # fmt: skip
FACT_KINDS: tuple[str, ...] = get_args(FactKind)


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
    additive: tuple[int, ...] = ()
    """Where sentences begin that add an independent point, and so may open with "In addition"."""
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
            named = {fact.swap_with} if fact.swap_with else set[str]()
            unknown = sorted(named.union(*(d.carry for d in fact.distractors)) - set(ids))
            if unknown:
                raise ValueError(
                    f"item {self.id!r}, fact {fact.id!r}: names a fact {unknown[0]!r}, which the item does not have; "
                    f"there are: {', '.join(ids)}"
                )
        spans.sort()
        for (_, end), (start, _) in pairwise(spans):
            if start < end:
                raise ValueError(f"item {self.id!r}: two facts overlap at offset {start}; make them disjoint")
        for start, end in self.terms:
            if not 0 <= start < end <= len(self.answer):
                raise ValueError(
                    f"item {self.id!r}: the term {start}:{end} does not stand in the answer, which has "
                    f"{len(self.answer)} characters; correct the offsets"
                )
        later = [start for start, _ in sentence_spans(self.answer)[1:]] if self.additive else []
        for start in self.additive:
            if start not in later:
                raise ValueError(
                    f"item {self.id!r}: no sentence but the first begins at offset {start}, which is marked as additive"
                )
        return self

    @property
    def cluster(self) -> str:
        """The most aggregated unit that calls about this item share: its source document, or itself."""
        return self.source or self.id

    def claim(self, fact: Fact) -> str:
        """Return the sentence that is false where ``fact`` is wrong: the one in which it first stands.

        Examples
        --------
        >>> fact = Fact(id="f1", kind="date", value="1969", start=21, end=25, distractors=(Distractor(value="1972"),))
        >>> item = Item(id="moon", question="When?", answer="It went well. It was 1969. All saw it.", facts=(fact,))
        >>> item.claim(fact)
        'It was 1969.'
        """
        spans = [(a, b) for a, b in sentence_spans(self.answer) if a < fact.end and fact.start < b]
        return self.answer[spans[0][0] : spans[-1][1]] if spans else self.answer
