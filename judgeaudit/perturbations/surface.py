"""Facets of the surface: emoji and exclamation marks, spelling errors and lost mechanics, and the placebos."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Any

from judgeaudit.assets import load_fixture
from judgeaudit.perturbations.canvas import Canvas, NotApplicable, Treatment
from judgeaudit.perturbations.wording import bank

STOPS = (".", "!", "。", "！")
CLAIM_PARTS = ("negation", "quantifier", "modal", "date", "unit", "direction", "polarity", "tens", "ones")


def emoji(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """End the answer, every second sentence, or every sentence with an emoji."""
    ends = [end for _, end in canvas.sentences if canvas.text[end - 1 : end] in STOPS and canvas.free(end, end)]
    if not ends:
        return NotApplicable("no sentence ends in a stop")
    at = {1: ends[-1:], 2: ends[1::2] or ends[-1:], 3: ends}[dose]
    signs = bank("punct.emoji")["signs"]
    edits = tuple(canvas.replace(end, end, " " + rng.choice(signs), "punct.emoji") for end in at)
    return Treatment(edits, edits[0].new.strip())


def exclaim(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Turn one full stop, half of them, or all of them into exclamation marks."""
    stops = [end for _, end in canvas.sentences if canvas.text[end - 1 : end] == "." and canvas.free(end - 1, end)]
    if not stops:
        return NotApplicable("no sentence ends in a full stop")
    n = {1: 1, 2: (len(stops) + 1) // 2, 3: len(stops)}[dose]
    chosen = sorted(rng.sample(stops, n))
    return Treatment(tuple(canvas.replace(end - 1, end, "!", "punct.exclaim") for end in chosen))


@cache
def claim_words() -> frozenset[str]:
    """Return the words that a misspelling must never touch: they carry a claim, or are one slip from another."""

    def leaves(node: Any) -> list[str]:
        if isinstance(node, str):
            return node.split()
        return [word for child in (node.values() if isinstance(node, dict) else node) for word in leaves(child)]

    lexicon = load_fixture("lexicons/claims")
    carried = {word for part in CLAIM_PARTS for word in leaves(lexicon[part])} | set(lexicon["numbers"])
    return frozenset(carried | {f"{word}s" for word in carried} | set(bank("flu.typos")["never"]))


def typos(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Misspell 2, 5 or 10 % of the words; names, numbers and words that carry a claim are never touched."""
    found = [m.span() for m in re.finditer(r"(?<![\w'’-])[a-z]{5,}(?![\w'’-])", canvas.text)]
    usable = [s for s in found if canvas.free(*s) and canvas.text[slice(*s)] not in claim_words()]
    n = max(1, round(len(canvas.text.split()) * (0.02, 0.05, 0.10)[dose - 1]))
    if len(usable) < n:
        return NotApplicable(f"only {len(usable)} words may be misspelt, {n} are needed")
    edits = []
    for start, end in sorted(rng.sample(usable, n)):
        edits.append(canvas.replace(start, end, _misspell(canvas.text[start:end], rng), "flu.typos"))
    return Treatment(tuple(edits))


def _misspell(word: str, rng: random.Random) -> str:
    """Exchange two inner letters, or double one."""
    at = rng.choice([i for i in range(1, len(word) - 2) if word[i] != word[i + 1]])
    if rng.random() < 0.5:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[: at + 1] + word[at:]


def mechanics(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Lose the final stop, then capitals at the beginning of sentences (never after a leading Yes or No)."""
    del rng
    last = canvas.sentences[-1][1] if canvas.sentences else 0
    edits = []
    if canvas.text[last - 1 : last] == "." and canvas.free(last - 1, last):
        edits.append(canvas.replace(last - 1, last, "", "flu.mechanics"))
    for start, end in canvas.sentences[: {1: 0, 2: 1, 3: len(canvas.sentences)}[dose]]:
        word = re.match(
            r"(?:The|A|An|It|Its|They|Their|In|On|At|By|For|From|With|When|While|Each|Most|This|These)(?= )",
            canvas.text[start:end],
        )
        if word and canvas.free(start, start + 1):
            edits.append(canvas.replace(start, start + 1, canvas.text[start].lower(), "flu.mechanics"))
    if len(edits) < (1 if dose == 1 else 2):
        return NotApplicable("no stop or capital that may be lost without touching a fact")
    return Treatment(tuple(sorted(edits, key=lambda e: e.start)))


def identical(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Change nothing: the A/A test."""
    del canvas, dose, rng
    return Treatment((), "identical")


def typography(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Put two blanks after a full stop and curl the apostrophes: what no reader is paid to see."""
    del dose, rng
    gaps = [(b, c) for (_, b), (c, _) in zip(canvas.sentences, canvas.sentences[1:], strict=False)]
    edits = [canvas.replace(a, b, "  ", "placebo.typography") for a, b in gaps if canvas.text[a:b] == " "]
    edits += [
        canvas.replace(m.start(), m.end(), "’", "placebo.typography")
        for m in re.finditer(r"(?<=\w)'(?=\w)", canvas.text)
        if canvas.free(m.start(), m.end())
    ]
    if not edits:
        return NotApplicable("one sentence and no apostrophe: nothing typographic to vary")
    return Treatment(tuple(sorted(edits, key=lambda e: e.start)), "typography")


def spelling(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Exchange American and British spellings of common words (never of names)."""
    del dose, rng
    table: dict[str, str] = bank("placebo.spelling")["pairs"]
    both = table | {british: american for american, british in table.items()}
    edits = []
    for match in re.finditer(r"(?<![\w-])[a-z]{4,}(?![\w-])", canvas.text):
        if match[0] in both and canvas.free(*match.span()):
            edits.append(canvas.replace(*match.span(), both[match[0]], "placebo.spelling"))
    if not edits:
        return NotApplicable("no word with an American and a British spelling")
    return Treatment(tuple(edits), "spelling")
