"""What a style operator may see and do: an item, where its sentences are, and what must not be touched."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from judgeaudit.records import Edit, Item
from judgeaudit.text import Span, protected_spans, sentence_spans


@dataclass(frozen=True)
class NotApplicable:
    """An operator's answer where it cannot act; never the unchanged text."""

    reason: str


@dataclass(frozen=True)
class Treatment:
    """The edits of one style facet on one item, and the template they came from."""

    edits: tuple[Edit, ...]
    template: str = ""
    """Which wording of the facet was used; "" for a facet that has none."""


@dataclass(frozen=True)
class Canvas:
    """An item as a style operator sees it.

    Parameters
    ----------
    item
        The item; operators work on ``item.answer``.
    gap
        What separates a framing sentence from the answer: a blank, or a blank line where the
        profile also gives the answer a block layout.
    """

    item: Item
    gap: str = " "

    @property
    def text(self) -> str:
        """The plain, true answer."""
        return self.item.answer

    @cached_property
    def sentences(self) -> list[Span]:
        """``(start, end)`` of every sentence."""
        return sentence_spans(self.text)

    @cached_property
    def protected(self) -> list[Span]:
        """Spans that no style edit may alter: facts, code, mathematics, addresses, quotations, tables."""
        facts = [span for fact in self.item.facts for span in fact.spans]
        return sorted([*facts, *protected_spans(self.text)])

    @cached_property
    def has_blocks(self) -> bool:
        """Whether the answer already has code, tables or paragraphs, which a new layout would break."""
        return "\n" in self.text

    def free(self, start: int, end: int) -> bool:
        """Return whether ``start:end`` overlaps no protected span (an insertion: stands inside none)."""
        if start == end:
            return not any(a < start < b for a, b in self.protected)
        return not any(a < end and start < b for a, b in self.protected)

    def replace(self, start: int, end: int, new: str, label: str) -> Edit:
        """Return the edit that puts ``new`` in the place of ``start:end``."""
        return Edit(start=start, end=end, old=self.text[start:end], new=new, label=label)

    def opening(self, sentence: str, label: str) -> Edit:
        """Return the edit that puts a framing sentence before the answer."""
        return self.replace(0, 0, sentence + self.gap, label)

    def closing(self, sentence: str, label: str) -> Edit:
        """Return the edit that puts a framing sentence after the answer."""
        return self.replace(len(self.text), len(self.text), self.gap + sentence, label)


Operator = Callable[[Canvas, int, random.Random], Treatment | NotApplicable]
"""``operator(canvas, dose, rng)``: the edits of a facet at a dose of 1 to 3, or why there are none."""


@dataclass(frozen=True)
class Facet:
    """One row of the catalogue.

    Parameters
    ----------
    id
        Name in configurations and reports.
    operator
        What makes the edits.
    layer
        Where it nests: outer facets (small numbers) stand outside inner ones at the same offset.
    arm
        ``style``: pooled as style; ``stance``: how firmly the text is asserted, a factor of its own;
        ``fluency``: damage to spelling or mechanics, the opposite pole; ``authority``: an invented reference, and
        its matched control; ``omission``: a sentence left out, and its control; ``placebo``: nothing that matters.
    version
        Raised with every change of operator or bank that gives other edits where the earlier ones were sound; part of
        the seed.
    block
        Whether it gives the answer a block layout (lists, headings).
    english
        Whether it reads or writes English words, and so leaves answers in other languages alone.
    """

    id: str
    operator: Operator
    layer: int
    arm: Literal["style", "stance", "fluency", "authority", "omission", "placebo"] = "style"
    version: int = 1
    block: bool = False
    english: bool = True
