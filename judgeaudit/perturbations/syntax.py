"""Facets of sentence length: two sentences joined by a semicolon, or one taken apart at it. No word is added."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from judgeaudit.perturbations.canvas import Canvas, NotApplicable, Treatment
from judgeaudit.perturbations.wording import bank
from judgeaudit.records import Edit

MIN_WORDS = 4


def merge(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Join a third, two thirds or all of the neighbouring sentences that may be joined by a semicolon."""
    places = [
        (one_end - 1, start + len(word))
        for (one, one_end), (start, end) in zip(canvas.sentences, canvas.sentences[1:], strict=False)
        if (word := _lowered(canvas.text[start:end]))
        and canvas.text[one_end - 2 : start] == canvas.text[one_end - 2] + ". "
        and canvas.text[one_end - 2].isalnum()
        and all(_whole(text) for text in (canvas.text[one:one_end], canvas.text[start:end]))
        and canvas.free(one_end - 1, start + len(word))
    ]
    edits = [canvas.replace(a, b, f"; {canvas.text[a + 2 : b].lower()}", "syn.merge") for a, b in places]
    return _share(edits, dose, rng, "no two sentences stand side by side that a semicolon may join")


def split(canvas: Canvas, dose: int, rng: random.Random) -> Treatment | NotApplicable:
    """Take a third, two thirds or all of the clauses apart that semicolons join; all or none of them at dose 3."""
    edits = [
        canvas.replace(at, at + 3, f". {canvas.text[at + 2].upper()}", "syn.split")
        for start, end in canvas.sentences
        for at in _joints(canvas.text[start:end], start)
        if canvas.free(at, at + 3)
    ]
    if dose == 3 and edits and canvas.text.count("; ") > len(edits):
        return NotApplicable("a semicolon joins what cannot stand alone, and at dose 3 none may stay")
    return _share(edits, dose, rng, "no sentence holds two clauses joined by a semicolon")


def _joints(sentence: str, start: int) -> list[int]:
    """Return where the semicolons of a sentence stand, if all of them join clauses that can stand alone."""
    clauses = sentence.split("; ")
    stand = all(_whole(clause) and _has(bank("syn.merge")["verbs"], clause) for clause in clauses)
    if not stand or not all(clause[:1].islower() and _lowered(clause.capitalize()) for clause in clauses[1:]):
        return []
    return [start + len("; ".join(clauses[:n])) for n in range(1, len(clauses))]


def _share(edits: Sequence[Edit], dose: int, rng: random.Random, without: str) -> Treatment | NotApplicable:
    if not edits:
        return NotApplicable(without)
    chosen = rng.sample(edits, max(1, round(len(edits) * dose / 3)))
    return Treatment(tuple(sorted(chosen, key=lambda edit: edit.start)))


def _lowered(sentence: str) -> str:
    """Return the opening word of a sentence if it loses its capital inside one and points back at nothing, or ""."""
    word = re.match(r"[A-Z][a-z]*(?= )", sentence)
    points_back = _has(bank("syn.merge")["points_back"], " ".join(sentence.split()[:3]))
    return word[0] if word and word[0].lower() in bank("syn.merge")["openers"] and not points_back else ""


def _whole(sentence: str) -> bool:
    """Whether a sentence can stand beside another: long enough, neither contrasting nor listing nor pointing back."""
    return (
        len(sentence.split()) >= MIN_WORDS
        and not re.search(r"[;:?!\n]", sentence)
        and not _has(bank("syn.merge")["never"], sentence)
    )


def _has(words: Sequence[str], sentence: str) -> bool:
    return not set(words).isdisjoint(re.findall(r"[a-z]+", sentence.lower()))
