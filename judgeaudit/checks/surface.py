"""What a style reader sees of a text, and how the surfaces of two texts differ."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from judgeaudit.checks.claims import Difference, is_slip
from judgeaudit.text import WORD, features, plain, sentence_spans, words
from judgeaudit.text.measures import CONTRACTION, EMOJI
from judgeaudit.text.wordlists import BOOSTERS, CASUAL, CONNECTIVES, COURTESY, HEDGES

NUMBER = re.compile(r"(?<!\w)[-−+±~≈]?[$€£¥]?\d+(?:[.,:/]\d+)*(?:%|°)?")
MARKS = {
    "markup": frozenset("*_#`|>"),
    "punctuation": frozenset(".,;:!?()[]{}\"'“”‘’…—–-"),
    "layout": frozenset("\n\t\r\u00a0"),
}
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
DOUBLE_SPACE = re.compile(r"(?<=\S)  +(?=\S)")
BROKEN = re.compile("\ufffd|锟|斤拷|Ã[\u0080-\u00bf]|â€|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
STRONG_HEDGES = re.compile(
    r"\b(?:perhaps|maybe|possibly|probably|presumably|apparently|arguably|supposedly|allegedly)\b"
)
MANNER = {"stance": (HEDGES, BOOSTERS), "discourse": (CONNECTIVES, COURTESY)}


def first_class(text: str) -> str:
    """Return whether a text begins with a digit, a capital or a small letter."""
    first = next((c for c in text if c.isalnum()), "")
    return "digit" if first.isdigit() else "capital" if first.isupper() else "small" if first else ""


def marks(text: str) -> dict[str, Counter[str]]:
    """Count the marks of ``text`` by class; what belongs to a number or a word is no mark."""
    rest = Counter(WORD.sub("", NUMBER.sub("", EMOJI.sub("", text))))
    found = {name: Counter({c: rest[c] for c in rest.keys() & chars}) for name, chars in MARKS.items()}
    found["layout"]["  "] = len(DOUBLE_SPACE.findall(text))
    found["emoji"] = Counter(EMOJI.findall(text))
    found["encoding"] = Counter(BROKEN.findall(text))
    return {name: +counts for name, counts in found.items()}


def _spoken(text: str) -> str:
    return text.casefold().replace("’", "'")


def differing_marks(one: str, other: str) -> set[str]:
    """Return the classes of marks and manners whose counts differ between two texts."""
    left, right = marks(one), marks(other)
    codes = {name for name in left if left[name] != right[name]}
    one, other = _spoken(one), _spoken(other)
    if len(CONTRACTION.findall(one)) != len(CONTRACTION.findall(other)):
        codes.add("contraction")
    for code, patterns in MANNER.items():
        if any(len(p.findall(one)) != len(p.findall(other)) for p in patterns):
            codes.add(code)
    return codes


def fact_surface(one: str, other: str, changes: Difference) -> set[str]:
    """Return what a style reader could tell two whole texts apart by, when they should differ in fact only.

    Parameters
    ----------
    one, other
        The texts.
    changes
        How their claims differ: the words in the place of others are judged for spelling and case.
    """
    codes = differing_marks(CODE.sub("`", one), CODE.sub("`", other))
    left, right = words(one), words(other)
    if abs(len(left) - len(right)) > max(1, 0.05 * max(len(left), len(right))):
        codes.add("length")
    if max(len(changes.lost), len(changes.gained)) > max(8, 0.25 * max(len(left), len(right))):
        codes.add("rewrite")
    if changes.misspelt or any(is_slip(t.word, u.word) for t in changes.lost for u in changes.gained):
        codes.add("spelling")
    if _starts(one) != _starts(other):
        codes.add("case")
    if abs(len(CASUAL.findall(_spoken(one))) - len(CASUAL.findall(_spoken(other)))) > 1:
        codes.add("discourse")
    if min(len(left), len(right)) >= 20 and abs(_grade(one) - _grade(other)) > 1 + 20 / len(left):
        codes.add("readability")
    return codes


def _starts(text: str) -> int:
    """Return how many sentences begin with a small letter."""
    return sum(text[start].islower() for start, _ in sentence_spans(text))


@lru_cache(maxsize=1024)
def _grade(text: str) -> float:
    return features(text)["grade"]


@lru_cache(maxsize=8192)
def counts(text: str) -> dict[str, int]:
    """Return the few surface counts that every check reports: words, sentences, marks."""
    found = marks(text)
    return {
        "words": len(words(text)),
        "characters": len(text),
        "sentences": len(sentence_spans(plain(text))),
        "markup": found["markup"].total(),
        "line_breaks": found["layout"]["\n"],
        "punctuation": found["punctuation"].total(),
        "emoji": found["emoji"].total(),
    }
