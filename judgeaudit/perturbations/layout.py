"""Format facets: bold, lists, headings. The visible words stay as they are."""

from __future__ import annotations

import random
import re

from judgeaudit.perturbations.canvas import Canvas, NotApplicable, Treatment
from judgeaudit.perturbations.wording import bank
from judgeaudit.records import Edit
from judgeaudit.text import Span

MIN_SENTENCES = 2


def bold(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Set key terms in bold: about a third of them, two thirds, all."""
    spans = [s for s in canvas.item.terms if canvas.free(*s)] or _long_words(canvas)
    if not spans:
        return NotApplicable("no term that could be set in bold")
    n = max(1, round(len(spans) * dose / 3))
    chosen = sorted(rng.sample(spans, n))
    marker = rng.choice(["**", "__"])
    edits = [e for a, b in chosen for e in (_mark(canvas, a, marker), _mark(canvas, b, marker))]
    return Treatment(tuple(edits), f"marker {marker}")


def _mark(canvas: Canvas, at: int, marker: str) -> Edit:
    return canvas.replace(at, at, marker, "fmt.bold")


def _long_words(canvas: Canvas) -> list[Span]:
    """Words of eight letters or more inside sentences: the fallback where no terms were marked."""
    found = (m.span() for m in re.finditer(r"(?<![\w*-])[a-z]{8,}(?![\w*-])", canvas.text))
    return [span for span in found if canvas.free(*span)][:9]


def bullets(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Put every sentence on a line of its own: as lines, as bullets, as a numbered list."""
    if len(canvas.sentences) < MIN_SENTENCES or canvas.has_blocks:
        return NotApplicable("fewer than two sentences, or a layout of its own")
    marker = rng.choice(["-", "*", "+"]) if dose == 2 else ""
    edits = []
    for number, (start, _) in enumerate(canvas.sentences, start=1):
        before = canvas.sentences[number - 2][1] if number > 1 else 0
        if not canvas.free(before, start):
            return NotApplicable("a protected span stands between two sentences")
        lead = {1: "", 2: f"{marker} ", 3: f"{number}. "}[dose]
        if number > 1 or lead:
            edits.append(canvas.replace(before, start, ("\n" if number > 1 else "") + lead, "fmt.list"))
    return Treatment(tuple(edits), ("lines", f"bullets {marker}", "numbered")[dose - 1])


def headings(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Add content-free headings: one, two, or two over a rule."""
    if len(canvas.sentences) < MIN_SENTENCES or canvas.has_blocks:
        return NotApplicable("fewer than two sentences, or a layout of its own")
    labels = bank("fmt.heading")
    pick = rng.randrange(len(labels))
    first, second = labels[pick]
    level = rng.choice(["##", "###"])
    edits = [canvas.replace(0, 0, f"{level} {first}\n\n", "fmt.heading")]
    if dose >= 2:
        middle = (len(canvas.sentences) + 1) // 2
        before, start = canvas.sentences[middle - 1][1], canvas.sentences[middle][0]
        if not canvas.free(before, start):
            return NotApplicable("a protected span stands between two sentences")
        rule = "---\n\n" if dose == 3 else ""
        edits.append(canvas.replace(before, start, f"\n\n{rule}{level} {second}\n\n", "fmt.heading"))
    return Treatment(tuple(edits), f"labels {pick}")
