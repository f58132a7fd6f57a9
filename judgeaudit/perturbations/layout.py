"""Format facets: bold, lists, headings, and their taking away. The visible words stay as they are."""

from __future__ import annotations

import random
import re

from judgeaudit.perturbations.canvas import Canvas, NotApplicable, Treatment
from judgeaudit.perturbations.wording import bank
from judgeaudit.text import Span

MIN_SENTENCES = 2
EMPHASIS = re.compile(r"(?<![\w*\\])(?P<opens>[*_]{1,3})(?=[^\s*_])[^*_\n]*(?<=[^\s*_])(?P<closes>[*_]{1,3})(?![\w*])")
STRIPPED = (
    EMPHASIS,
    re.compile(r"^[ \t]*(?P<heading>#{1,6}[ \t]+)(?=\S)", re.MULTILINE),
    re.compile(r"^(?P<item>[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+)(?=\S)", re.MULTILINE),
)
"""What each dose of ``fmt.strip`` takes away, besides what the doses before it do."""


def bold(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Set key terms in bold: about a third of them, two thirds, all."""
    pools = _emphasised(canvas)
    if not pools:
        return NotApplicable("no term that could be set in bold")
    (name, spans), mark = rng.choice(pools), rng.choice(bank("fmt.bold")["marks"])
    chosen = sorted(rng.sample(spans, max(1, round(len(spans) * dose / 3))))
    edits = [canvas.replace(at, at, m, "fmt.bold") for a, b in chosen for at, m in ((a, mark), (b, mark[::-1]))]
    return Treatment(tuple(edits), f"{mark} on {name}")


def _emphasised(canvas: Canvas) -> list[tuple[str, list[Span]]]:
    """Return (name, spans) of what may be set in bold, fewer first: the terms an author marked, or long words."""
    terms = [span for span in canvas.item.terms if canvas.free(*span)]
    found = [m.span() for m in re.finditer(r"(?<![\w*-])[a-z]{8,}(?![\w*-])", canvas.text)]
    words = [(a, b) for a, b in found if canvas.free(a, b) and not any(c < b and a < d for c, d in terms)]
    nouns = [(a, b) for a, b in words if canvas.text[a:b].endswith(tuple(bank("fmt.bold")["nouns"]))][:9]
    if terms:
        return [("terms", terms), ("terms and nouns", [*terms, *nouns])]
    return [(name, spans) for name, spans in (("nouns", nouns), ("words", words[:9])) if spans]


def bullets(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Put every sentence on a line of its own: as lines, as bullets, as a numbered list."""
    if len(canvas.sentences) < MIN_SENTENCES or canvas.has_blocks:
        return NotApplicable("fewer than two sentences, or a layout of its own")
    templates = bank("fmt.list")
    form, spacing = rng.choice(templates["leads"][dose - 1]), rng.choice(sorted(templates["spacings"]))
    edits = []
    for number, (start, _) in enumerate(canvas.sentences, start=1):
        before = canvas.sentences[number - 2][1] if number > 1 else 0
        if not canvas.free(before, start):
            return NotApplicable("a protected span stands between two sentences")
        lead = form.replace("$n", str(number))
        if number > 1 or lead:
            edits.append(
                canvas.replace(before, start, (templates["spacings"][spacing] if number > 1 else "") + lead, "fmt.list")
            )
    return Treatment(tuple(edits), f"{('lines', 'bullets', 'numbers')[dose - 1]} {form!r}, {spacing}")


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


def strip(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Take Markdown away: emphasis, then headings' marks too, then list markers; the words stay."""
    del rng
    by_dose = [_marks_of(canvas, pattern) for pattern in STRIPPED[:dose]]
    if not by_dose[-1]:
        return NotApplicable(
            f"the answer has no {('emphasis', 'heading', 'list item')[dose - 1]} to take the marks from"
        )
    spans = sorted(span for spans in by_dose for span in spans)
    return Treatment(tuple(canvas.replace(a, b, "", "fmt.strip") for a, b in spans))


def _marks_of(canvas: Canvas, pattern: re.Pattern[str]) -> list[Span]:
    """Return the spans of the marks that a pattern finds; of a pair of marks both or none."""
    found = []
    for match in pattern.finditer(canvas.text):
        spans = [match.span(name) for name in pattern.groupindex]
        paired = len(spans) == 1 or match["opens"] == match["closes"][::-1]
        found += spans if paired and all(canvas.free(*span) for span in spans) else []
    return found
