"""Edit scripts: a variant is the trusted answer plus a set of disjoint edits, and can be rebuilt byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from judgeaudit.errors import PairError
from judgeaudit.records import Edit


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return ``text`` with the edits applied; insertions at one offset keep their order.

    Raises
    ------
    PairError
        When an edit does not find its old text, or two edits overlap.

    Examples
    --------
    >>> apply_edits("It is red.", [Edit(start=6, end=9, old="red", new="blue", label="fact:attribute:f1")])
    'It is blue.'
    """
    out, position = list[str](), 0
    for edit in edits:
        if edit.start < position:
            raise PairError(f"two edits overlap at offset {edit.start} ({edit.label}); make them disjoint")
        if text[edit.start : edit.end] != edit.old:
            found = text[edit.start : edit.end]
            raise PairError(f"edit {edit.label} expects {edit.old!r} at offset {edit.start} and finds {found!r}")
        out += text[position : edit.start], edit.new
        position = edit.end
    return "".join([*out, text[position:]])


def in_order(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return the edits in the order of the text, insertions before the replacement that begins where they stand."""
    return tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))


def overlapping(edits: Iterable[Edit]) -> bool:
    """Return whether two edits want the same place; insertions at one offset, or at the border of another, do not."""
    return any(one.end > other.start for one, other in pairwise(in_order(edits)))
