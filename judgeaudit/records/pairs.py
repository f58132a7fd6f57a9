"""Two answers to one question, what was done to make them, and whether that is all in which they differ."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from judgeaudit.records.base import Identifier, Record, Severity
from judgeaudit.records.items import FactKind

Contrast = Literal[
    "style_true", "style_false", "fact_plain", "fact_styled", "conflict", "concord", "placebo", "profiles"
]
CONTRASTS: tuple[Contrast, ...] = get_args(Contrast)
CROSSED: tuple[Contrast, ...] = CONTRASTS[:6]
"""The pairs of plain/styled x true/false."""


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
    """What was varied: facets joined by ``+``, error kinds joined by ``+``, both joined by ``|``; of ``profiles``, the
    facets of either side joined by ``|``."""
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
    writer: str = ""
    """The language model that proposed the edits; empty where our own operators or the user made the pair."""
    check: Check | None = None
    """The manipulation check, once made."""
