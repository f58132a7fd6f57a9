"""The manipulation check of a pair: by its edits where it has them, by comparing its texts where it has none."""

from __future__ import annotations

from collections.abc import Iterable

from judgeaudit.checks.claims import difference
from judgeaudit.checks.construction import construction_reasons
from judgeaudit.checks.rules import protected_parts, same_words, style_reasons
from judgeaudit.checks.surface import counts, differing_marks, fact_surface, marks
from judgeaudit.records import Check, Pair


def verify(pairs: Iterable[Pair]) -> list[Pair]:
    """Check every pair: does it differ in what its contrast says, and there only?

    A pair made by edits is checked exactly: both sides must rebuild byte for byte from the reference, and only
    what was edited is examined. A pair of bare texts is compared word by word and mark by mark.

    Parameters
    ----------
    pairs
        Pairs, made by us or brought by the user.

    Returns
    -------
    list of Pair
        Every pair, in order, with its ``check``: passed, or the reason codes (see `REASONS`). Nothing is dropped.
    """
    return [pair.model_copy(update={"check": check_pair(pair)}) for pair in pairs]


def check_pair(pair: Pair) -> Check:
    """Return the manipulation check of one pair."""
    reasons = construction_reasons(pair) if made_by_edits(pair) else text_reasons(pair)
    left, right = counts(pair.a.text), counts(pair.b.text)
    return Check(
        pair_id=pair.id, passed=not reasons, reasons=tuple(sorted(reasons)),
        features={name: float(left[name] - right[name]) for name in left},
    )  # fmt: skip


def made_by_edits(pair: Pair) -> bool:
    """Return whether a pair carries its construction: edits, or two texts that are the reference itself."""
    return bool(pair.edits_a or pair.edits_b) or (pair.reference == pair.a.text == pair.b.text != "")


def text_reasons(pair: Pair) -> set[str]:
    """Return why two bare texts do not differ as their contrast says; nothing when they do, as far as can be seen."""
    a, b, question = pair.a.text, pair.b.text, pair.question
    if pair.contrast == "placebo":
        return set() if same_words(a, b) else {"placebo"}
    if a == b:
        return {"no-op"}
    if pair.contrast.startswith("style_") or pair.contrast == "profiles":
        return style_reasons(a, b, question, loose=True)
    changes = difference(a, b, question, loose=True)
    changed = changes.lost or changes.gained or protected_parts(a, question) != protected_parts(b, question)
    codes = set[str]() if changed else {"no-claim"}
    if pair.contrast.startswith("fact_"):
        return codes | fact_surface(a, b, changes)
    if marks(a)["encoding"] != marks(b)["encoding"]:
        codes.add("encoding")
    if not (differing_marks(a, b) or len(a.split()) != len(b.split()) or changes.misspelt):
        codes.add("no-style")
    return codes
