"""Arms of their own: an invented reference, a sentence left out. They touch what is said, and so have matched controls.

Neither is style, since it changes what the answer offers, nor a factual error, since it changes length and marks.
Each is judged against its control: a parenthesis of the same length that refers to nothing, and the same filler
with nothing left out.
"""

from __future__ import annotations

import random
import re
from itertools import combinations

from judgeaudit.perturbations.canvas import Canvas, NotApplicable, Operator, Treatment
from judgeaudit.perturbations.wording import bank
from judgeaudit.records import Edit
from judgeaudit.text import Span

MIN_WORDS, TOLERANCE = 6, 2


def parenthesis(facet: str, column: int) -> Operator:
    """Return the operator that puts a parenthesis before the stop of one, two or three sentences.

    Parameters
    ----------
    facet
        Label of the edits.
    column
        Of the bank: 0 for invented references, 1 for neutral phrases of the same length.
    """

    def operator(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
        stops = [
            end - 1
            for start, end in canvas.sentences
            if canvas.text[end - 1] == "." and canvas.text[end - 2].isalnum()
            and len(canvas.text[start:end].split()) >= MIN_WORDS and canvas.free(end - 1, end - 1)
        ]  # fmt: skip
        if len(stops) < dose:
            return NotApplicable(f"only {len(stops)} sentence(s) can take a parenthesis")
        picks = rng.sample(range(len(bank("authority"))), dose)
        edits = [
            canvas.replace(at, at, f" ({bank('authority')[pick][column]})", facet)
            for at, pick in zip(sorted(rng.sample(stops, dose)), picks, strict=True)
        ]
        return Treatment(tuple(edits), f"phrase {picks[0]}")

    return operator


def omission(facet: str, *, drop: bool) -> Operator:
    """Return the operator that leaves the sentences with most facts out and puts filler of their length there.

    Parameters
    ----------
    facet
        Label of the edits.
    drop
        False for the control: the filler comes, and the sentences stay.
    """

    def operator(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
        found = [] if canvas.has_blocks else _droppable(canvas)
        key = sorted(found, key=lambda span: (-_facts_in(canvas, span), span))[:dose]
        if len(key) < dose or len(canvas.sentences) < dose + 2:
            return NotApplicable(f"fewer than {dose} sentence(s) with facts could be left out")
        edits = list[Edit]()
        for start, end in sorted(key):
            filler = _filler(len(canvas.text[start:end].split()), {e.new.strip() for e in edits}, rng)
            if not filler:
                return NotApplicable("no filler is as long as the sentence that carries most facts")
            edits.append(canvas.replace(start, end if drop else start, filler if drop else f"{filler} ", facet))
        return Treatment(tuple(edits), edits[0].new.strip())

    return operator


def _facts_in(canvas: Canvas, span: Span) -> int:
    return sum(span[0] <= fact.start < span[1] for fact in canvas.item.facts)


def _droppable(canvas: Canvas) -> list[Span]:
    """Return the sentences with facts, but the first, that the next sentence does not point back at."""
    following = [*canvas.sentences[2:], (0, 0)]
    return [
        span
        for span, after in zip(canvas.sentences[1:], following, strict=False)
        if _facts_in(canvas, span) and not _points_back(canvas.text[slice(*after)])
    ]


def _points_back(sentence: str) -> bool:
    words = re.findall(r"\w+", sentence.casefold())
    return words[:1] == ["the"] or not set(words).isdisjoint(bank("omission")["points_back"])


def _filler(n_words: int, used: set[str], rng: random.Random) -> str:
    """Return one or two filler sentences of about ``n_words`` words; "" where none comes near."""
    single = [text for text in bank("omission")["fillers"] if not any(text in one for one in used)]
    options = [*single, *(f"{one} {other}" for one, other in combinations(single, 2))]
    near = [text for text in options if abs(len(text.split()) - n_words) <= TOLERANCE]
    return rng.choice(near) if near else ""
