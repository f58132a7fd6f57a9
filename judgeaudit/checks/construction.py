"""Pairs with edits: does each side rebuild from its reference, and do the edits do what the contrast says?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from judgeaudit.checks.apart import (
    REPHRASED,
    citation_reasons,
    misspelling_reasons,
    omission_reasons,
    rephrasing_reasons,
    stripping_reasons,
)
from judgeaudit.checks.rules import edit_reasons, same_words, style_reasons
from judgeaudit.records import FACT_KINDS, Answer, Contrast, Edit, Pair
from judgeaudit.text import words

SHAPES: Mapping[Contrast, tuple[bool | None, bool | None, bool | None, bool | None]] = {
    "style_true": (True, None, False, False),
    "style_false": (True, None, True, True),
    "fact_plain": (False, False, False, True),
    "fact_styled": (True, True, False, True),
    "conflict": (False, True, False, True),
    "concord": (True, False, False, True),
    "placebo": (None, None, False, False),
    "profiles": (True, True, False, False),
}
"""Contrast -> whether a is styled, b is styled, a is false, b is false; None where either will do."""


APART: Mapping[str, Callable[[Edit, str], Set[str]]] = {
    "flu.typos": lambda edit, _: misspelling_reasons(edit.old, edit.new),
    "fmt.strip": stripping_reasons,
    "authority.citation": citation_reasons,
    "omission.sentence": omission_reasons,
    **dict.fromkeys(REPHRASED, rephrasing_reasons),
}
"""Facets whose edits are judged one by one, each in its place, and not by the text that they make."""


@dataclass(frozen=True)
class Side:
    """One answer of a pair, with the edits that make it, told apart by what they do."""

    answer: Answer
    style: tuple[Edit, ...]
    fact: tuple[Edit, ...]
    reference: str

    @property
    def facets(self) -> frozenset[str]:
        """The style facets this side's edits are labelled with."""
        return frozenset(edit.label for edit in self.style)

    @property
    def styled_text(self) -> str:
        """The reference with the style edits that keep its words: what the side would be, were it true."""
        return rebuild(self.reference, tuple(e for e in self.style if e.label not in APART))


def side_of(answer: Answer, edits: Sequence[Edit], reference: str) -> Side:
    """Sort the edits of an answer by place, and by style and fact."""
    ordered = sorted(edits, key=lambda e: (e.start, e.end))
    fact = tuple(e for e in ordered if e.label.startswith("fact:"))
    return Side(answer, tuple(e for e in ordered if not e.label.startswith("fact:")), fact, reference)


@lru_cache(maxsize=8192)
def rebuild(reference: str, edits: tuple[Edit, ...]) -> str:
    """Return the reference with disjoint, ordered edits applied."""
    out, position = list[str](), 0
    for edit in edits:
        out += reference[position : edit.start], edit.new
        position = edit.end
    return "".join([*out, reference[position:]])


def construction_reasons(pair: Pair) -> set[str]:
    """Return why a pair with edits is not what its contrast says it is; nothing when it is.

    Examines what changed and nothing else: the bytes between the edits are equal by construction.
    """
    codes = _placement(pair.reference, pair.edits_a) | _placement(pair.reference, pair.edits_b)
    if codes:
        return codes
    a = side_of(pair.a, pair.edits_a, pair.reference)
    b = side_of(pair.b, pair.edits_b, pair.reference)
    for side in (a, b):
        codes |= _rebuilds(side) | _as_recorded(side) | _style_codes(side, pair) | _fact_codes(side)
    return codes | _contrast_codes(a, b, pair)


def _placement(reference: str, edits: Sequence[Edit]) -> set[str]:
    """Check that every edit finds its old text, changes it, and stands clear of the others."""
    codes = set()
    ordered = sorted(edits, key=lambda e: (e.start, e.end))
    if any(e.start > e.end or reference[e.start : e.end] != e.old for e in ordered):
        codes.add("misplaced")
    if any(e.old == e.new for e in ordered):
        codes.add("no-op")
    if any(one.end > other.start for one, other in pairwise(ordered)):
        codes.add("overlap")
    return codes


def _rebuilds(side: Side) -> set[str]:
    edits = tuple(sorted((*side.style, *side.fact), key=lambda e: (e.start, e.end)))
    return set() if rebuild(side.reference, edits) == side.answer.text else {"rebuild"}


def _as_recorded(side: Side) -> set[str]:
    """Check the edits against what the answer says of itself."""
    codes = set()
    facets = {style.facet for style in side.answer.style} - {"placebo.identical"}
    if facets != side.facets:
        codes.add("style-record")
    errors = {f"fact:{e.kind}:{e.fact_id}": (e.old, e.new) for e in side.answer.errors}
    made = {edit.label: (edit.old, edit.new) for edit in side.fact}
    if errors != made or any((e.old, e.new) != made[e.label] for e in side.fact):
        codes.add("error-record")
    if any(label.split(":")[1] not in FACT_KINDS for label in made if label.count(":") >= 2):
        codes.add("error-record")
    return codes


def _style_codes(side: Side, pair: Pair) -> set[str]:
    """Check that the style edits, without the errors, keep every claim of the reference."""
    if not side.style:
        return set()
    if any(facet.startswith("placebo.") for facet in side.facets):
        return set() if same_words(side.reference, side.styled_text) else {"placebo"}
    codes = style_reasons(side.reference, side.styled_text, pair.question)
    for edit in side.style:
        if edit.label in APART:
            codes |= APART[edit.label](edit, side.reference)
    return codes


def _fact_codes(side: Side) -> set[str]:
    """Check that every fact edit keeps the surface and changes a claim."""
    codes = set[str]()
    for edit in side.fact:
        codes |= edit_reasons(edit.label.split(":")[1], edit.old, edit.new)
    edits = [e for e in side.fact if not e.label.startswith("fact:code:")]
    shift = sum(len(words(e.new)) - len(words(e.old)) for e in edits)
    if abs(shift) > max(len(edits), 0.05 * len(words(side.reference))):
        codes.add("length")
    return codes


def _contrast_codes(a: Side, b: Side, pair: Pair) -> set[str]:
    """Check that the sides differ in exactly what the contrast demands."""
    shape = SHAPES[pair.contrast]
    seen = (bool(a.style), bool(b.style), bool(a.fact), bool(b.fact))
    fits = all(want is None or want == has for want, has in zip(shape, seen, strict=True))
    if pair.contrast == "placebo":
        styles = {s.facet for side in (a, b) for s in side.answer.style} | a.facets | b.facets
        return set() if fits and all(f.startswith("placebo.") for f in styles) else {"contrast"}
    if any(f.startswith("placebo.") for f in a.facets | b.facets):
        return {"contrast"}
    if pair.contrast == "profiles":
        fits = fits and a.facets.isdisjoint(b.facets)
    elif pair.contrast.startswith("style_"):
        fits = fits and a.fact == b.fact and a.style != b.style
    elif pair.contrast.startswith("fact_"):
        fits = fits and a.style == b.style
    return set() if fits else {"contrast"}
