"""Facets made of framing sentences from closed banks: length, tone, stance. No sentence in a bank makes a claim."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from judgeaudit.assets import load_fixture
from judgeaudit.perturbations.canvas import Canvas, NotApplicable, Operator, Treatment

MIN_WORDS = 8
DENIES = re.compile(r"\W*no\s*[,.;:!—–]", re.IGNORECASE)


def bank(facet: str) -> Any:
    """Return the shipped templates of a facet."""
    return load_fixture("banks/style")[facet]


def _too_short(canvas: Canvas) -> bool:
    return len(canvas.sentences) < 2 or len(canvas.text.split()) < MIN_WORDS


def frame(facet: str, openers: tuple[int, int, int], closers: tuple[int, int, int]) -> Operator:
    """Return the operator that opens and closes the answer with sentences from the facet's bank.

    Parameters
    ----------
    facet
        Which bank.
    openers, closers
        How many sentences before and after the answer, by dose.
    """

    def operator(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
        if _too_short(canvas):
            return NotApplicable("too short to carry a frame: at least two sentences and eight words are needed")
        templates = bank(facet)
        opened = rng.sample(_fitting(templates["openers"], canvas.text), openers[dose - 1])
        closed = rng.sample(range(len(templates["closers"])), closers[dose - 1])
        edits = []
        if opened:
            edits.append(canvas.opening(" ".join(templates["openers"][i] for i in opened), facet))
        if closed:
            edits.append(canvas.closing(" ".join(templates["closers"][i] for i in closed), facet))
        return Treatment(tuple(edits), f"opener {opened[0]}" if opened else f"closer {closed[0]}")

    return operator


def _fitting(openers: Sequence[str], answer: str) -> list[int]:
    """Return the numbers of the openers that may stand before an answer: none that affirms before one that denies."""
    if not DENIES.match(answer):
        return list(range(len(openers)))
    return [n for n, text in enumerate(openers) if not text.lower().startswith(tuple(bank("affirms")))]


def restate(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Echo the question: before the answer, more fully, and at both ends."""
    question = canvas.item.question.strip()
    if _too_short(canvas) or '"' in question or "\n" in question or len(question) > 200:
        return NotApplicable("the question cannot be quoted in one line, or the answer is too short")
    templates = bank("len.restate")
    pick = rng.randrange(len(templates["openers"]))
    opening = templates["openers"][pick].replace("$question", question)
    if dose >= 2:
        opening += " " + rng.choice(templates["bridges"])
    edits = [canvas.opening(opening, "len.restate")]
    if dose == 3:
        closing = rng.choice(templates["closers"]).replace("$question", question)
        edits.append(canvas.closing(closing, "len.restate"))
    return Treatment(tuple(edits), f"opener {pick}")


def adverbials(facet: str) -> Operator:
    """Return the operator that begins sentences with phrases from the facet's bank: one, two, three of them."""

    def operator(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
        starts = [a for a, b in canvas.sentences if _may_take_an_adverbial(canvas, a, b)]
        if len(starts) < dose:
            return NotApplicable(f"only {len(starts)} sentence(s) can take an opening phrase")
        return _opened(canvas, starts, dose, facet, rng)

    return operator


def connectives(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Begin a quarter, half or all of the sentences marked as additive with an additive connective."""
    starts = [a for a, b in canvas.sentences if a in canvas.item.additive and _may_take_an_adverbial(canvas, a, b)]
    if not starts:
        return NotApplicable("no sentence is marked as adding a point to the one before it")
    share = (0.25, 0.5, 1.0)[dose - 1]
    return _opened(canvas, starts, max(1, round(len(starts) * share)), "lex.connective", rng)


def _opened(canvas: Canvas, starts: Sequence[int], n: int, facet: str, rng: random.Random) -> Treatment:
    """Begin ``n`` of the sentences at ``starts`` with phrases from the facet's bank, no phrase twice."""
    phrases: list[str] = bank(facet)["phrases"]
    picks = rng.sample(range(len(phrases)), min(n, len(phrases)))
    edits = []
    for start, pick in zip(sorted(rng.sample(starts, len(picks))), picks, strict=True):
        word = re.match(r"[A-Za-z]+", canvas.text[start:])[0]  # type: ignore[index]
        phrase = phrases[pick][0].upper() + phrases[pick][1:]
        edits.append(canvas.replace(start, start + len(word), f"{phrase}, {word.lower()}", facet))
    return Treatment(tuple(edits), f"phrase {picks[0]}")


OPENING_WORDS = frozenset(
    [
        "the",
        "a",
        "an",
        "it",
        "its",
        "they",
        "their",
        "this",
        "these",
        "that",
        "those",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "when",
        "while",
        "because",
        "although",
        "each",
        "every",
        "both",
        "most",
        "some",
        "many",
        "after",
        "before",
        "during",
        "within",
        "its",
        "there",
    ]
)


def _may_take_an_adverbial(canvas: Canvas, start: int, end: int) -> bool:
    """Whether the first word may lose its capital: a closed-class word, free, and not a leading Yes or No."""
    match = re.match(r"[A-Z][a-z]*(?= )", canvas.text[start:end])
    return bool(match and match[0].lower() in OPENING_WORDS and canvas.free(start, start + len(match[0])))


def register(facet: str) -> Operator:
    """Return the operator that contracts verb forms (``tone.casual``) or writes them out (``tone.formal``).

    A third, two thirds, all of them; from dose 2 on a sentence in the same register opens the answer.
    """

    def operator(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
        forms: dict[str, str] = bank(facet)["pairs"]
        pattern = re.compile(r"\b(" + "|".join(map(re.escape, forms)) + r")\b(?=\s+\w)", re.IGNORECASE)
        found = [m for m in pattern.finditer(canvas.text) if canvas.free(*m.span())]
        if not found:
            return NotApplicable("no verb form of the table stands outside the facts")
        if dose > 1 and _too_short(canvas):
            return NotApplicable("too short to carry a frame: at least two sentences and eight words are needed")
        chosen = sorted(rng.sample(found, max(1, round(len(found) * dose / 3))), key=lambda m: m.start())
        edits, template = [], ", ".join(sorted({m[0].lower() for m in chosen}))
        if dose > 1:
            opener = rng.choice(_fitting(bank(facet)["openers"], canvas.text))
            edits.append(canvas.opening(bank(facet)["openers"][opener], facet))
            template = f"opener {opener}"
        for m in chosen:
            new = forms[m[0].lower()]
            edits.append(canvas.replace(*m.span(), new[0].upper() + new[1:] if m[0][0].isupper() else new, facet))
        return Treatment(tuple(edits), template)

    return operator
