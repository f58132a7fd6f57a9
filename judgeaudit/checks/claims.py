"""What a text claims, as a sequence of words that matter, and how the claims of two texts differ.

A claim lives in numbers, dates, units, names, negations, quantifiers, modals, words with an opposite, words of
relation, and content words, in their order. Layout, spelling, contractions, articles and framing sentences
("I hope this helps!") carry none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import NamedTuple

from judgeaudit.checks.lexicon import lexicon, spelt
from judgeaudit.text import WORD, plain

MAX_TITLE_WORDS = 6
STRAIGHT = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "\u202f": " ", "−": "-"})
TITLE = re.compile(r"^[ \t]*#{1,6}[ \t]+(.*)$", re.MULTILINE)
SHORTCODE = re.compile(r"(?<!\w):[a-z]+(?:_[a-z0-9]+)*:(?!\w)")
STEP = re.compile(r"^[ \t]*(?:step|part|point) \d{1,2}[.:)] *", re.IGNORECASE | re.MULTILINE)
SHORT_FORMS = tuple(
    (re.compile(pattern, re.IGNORECASE), long)
    for pattern, long in (
        (r"\bcan't\b|\bcannot\b", "can not"),
        (r"\bwon't\b", "will not"),
        (r"\bshan't\b", "shall not"),
        (r"n't\b", " not"),
        (r"'ll\b", " will"),
        (r"(?<=\w)'(?:re|ve|m)\b", ""),
        (r"'d\b", " would"),
        (r"\b(it|he|she|that|there|here|what|who)'s\b", r"\1 is"),
        (r"\blet's\b", "let"),
        (r"\bgonna\b", "going to"),
        (r"\bwanna\b", "want to"),
        (r"\ba lot of\b|\blots of\b", "many"),
        (r"\bin order to\b", "to"),
    )
)
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
CURRENCY = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "%": "percent"}
OPENS = re.compile(r"(?:^|[.!?:\n])[\s\"'(\[]*\Z")
UNIT = re.compile(r"(?<=[.!?:])\s+|\n+")
PHRASE = " ¶ "
PERSON = re.compile(r"\b(?:i|me|my|you|your|we|us|our)\b|¶", re.IGNORECASE)
STRONG = re.compile(r"[.!?:\n]")
WEAK = re.compile(r"[.!?:;,()—–\n]")
INFLECTIONS = frozenset({
    ("", "s"), ("", "es"), ("", "ed"), ("", "ing"), ("e", "es"), ("e", "ed"), ("e", "ing"), ("y", "ies"), ("y", "ied"),
    ("s", "ed"), ("s", "ing"), ("ed", "ing"), ("es", "ed"), ("es", "ing"), ("", "d"), ("", "ly"),
})  # fmt: skip


class Token(NamedTuple):
    """A word that carries (part of) a claim."""

    key: str
    """What it says; equal keys say the same."""
    kind: str
    """Class of the word, and reason code when it changes."""
    word: str
    """The lower-case word as written."""
    start: int
    end: int


@lru_cache(maxsize=4096)
def bare(text: str, question: str = "") -> str:
    """Return ``text`` without what carries no claim: marks, layout, short forms, set phrases, the echoed question."""
    text = text.translate(STRAIGHT)
    if question.strip():
        text = text.replace(question.strip().translate(STRAIGHT), " ")
    text = SHORTCODE.sub(" ", TITLE.sub(lambda title: _keep_unless_echo(title, question), text))
    text = STEP.sub("", plain(text))
    for short, long in SHORT_FORMS:
        text = short.sub(long, text)
    return lexicon().idioms.sub(PHRASE, text)


def _keep_unless_echo(title: re.Match[str], question: str) -> str:
    """Return a heading, or nothing when it only names in a few words what the text or the question speaks of."""
    if title.string.count(title[0]) > 1:
        return title[0]
    named = tokens(plain(title[1]))
    around = f"{title.string[: title.start()]}\n{title.string[title.end() :]}\n{question}".casefold()
    if any(lexicon().anchors(t.word) for t in named) and all(lexicon().frames(t.word) for t in named):
        return ""
    echoes = all(t.kind in ("content", "name") and re.search(rf"\b{re.escape(t.word)}\b", around) for t in named)
    return "" if echoes and len(named) <= MAX_TITLE_WORDS else title[0]


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """Return the words of a bare text that carry a claim, in order."""
    return tuple(token for match in WORD.finditer(text) for token in _read(text, match))


def _read(text: str, match: re.Match[str]) -> Iterator[Token]:
    word, (start, end) = match[0].removesuffix("'s"), match.span()
    before, after = text[start - 1 : start], text[end : end + 1]
    if before in CURRENCY and word[0].isdigit():
        yield Token(CURRENCY[before], "unit", before, start, start)
    key, kind = _claim(text, word, start, after)
    if kind:
        yield Token(key, kind, word.casefold(), start, end)
    if after == "%":
        yield Token(CURRENCY["%"], "unit", after, end, end)


def _claim(text: str, word: str, start: int, after: str) -> tuple[str, str]:
    """Return (key, kind) of a word in its place; an empty kind for one that carries no claim."""
    low = spelt(word.casefold())
    opens = bool(OPENS.search(text[max(0, start - 8) : start]))
    if any(c.isdigit() for c in word):
        return _figure(text, word, start), "number" if word[0].isdigit() else "name"
    if low in ("yes", "no") and opens and after and after in ",.;:!—":
        return f"{low},", "yes-no"
    if len(word) > 1 and word.isupper():
        return word, "name"
    if low in lexicon().classes:
        return lexicon().classes[low]
    letter = len(word) == 1 and word.isupper() and word not in "AI"
    kind = "name" if word[0].isupper() and not opens else "content"
    return low, "" if low in lexicon().silent and not letter else kind


def _figure(text: str, word: str, start: int) -> str:
    """Return a number in digits with its sign, without the commas that group its thousands."""
    negative = text[start - 1 : start] == "-" and not text[start - 2 : start - 1].isalnum()
    return "-" * negative + (word.replace(",", "") if GROUPED.fullmatch(word) else word.casefold())


class Difference(NamedTuple):
    """What one text says and another does not, word by word."""

    lost: tuple[Token, ...] = ()
    gained: tuple[Token, ...] = ()
    misspelt: tuple[Token, ...] = ()
    """Words of either text that are another word but for one slip; recognised between loose texts only."""


@lru_cache(maxsize=4096)
def difference(old: str, new: str, question: str = "", loose: bool = False) -> Difference:
    """Compare what two texts claim; framing sentences on either side count for nothing.

    Parameters
    ----------
    old, new
        The texts.
    question
        Its verbatim echo carries no claim.
    loose
        Forgive inflection and set spelling errors aside, as between texts whose making is not known.
    """
    old, new = bare(old, question), bare(new, question)
    left, right = tokens(old), tokens(new)
    lost, gained, slips = list[Token](), list[Token](), list[Token]()
    for (a, b), (c, d) in _unequal_runs([t.key for t in left], [t.key for t in right]):
        ours, theirs = list(_claims_of_run(old, left, a, b)), list(_claims_of_run(new, right, c, d))
        if loose:
            ours, theirs, found = _forgive(ours, theirs)
            slips += found
        lost += ours
        gained += theirs
    return Difference(tuple(lost), tuple(gained), tuple(slips))


def _forgive(ours: list[Token], theirs: list[Token]) -> tuple[list[Token], list[Token], list[Token]]:
    """Set aside the words of two runs that are inflections or misspellings of each other, or of a silent word."""
    slips = [t for t in (*ours, *theirs) if t.kind == "content" and _slips_from_silence(t.word)]
    ours, theirs = [t for t in ours if t not in slips], [t for t in theirs if t not in slips]
    if len(ours) != len(theirs):
        return ours, theirs, slips
    kept = []
    for one, other in zip(ours, theirs, strict=True):
        if one.kind == other.kind == "content" and is_slip(one.word, other.word):
            slips.append(one if other.word in lexicon().vocabulary else other)
        elif one.key != other.key and not inflected(one, other):
            kept.append((one, other))
    return [one for one, _ in kept], [other for _, other in kept], slips


def _slips_from_silence(word: str) -> bool:
    known = lexicon()
    return word not in known.vocabulary and any(misspelt(word, silent) for silent in known.silent)


def _unequal_runs(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield the runs in which two sequences differ, as index ranges of both."""
    if left != right:
        for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
            if tag != "equal":
                yield (a, b), (c, d)


def _claims_of_run(text: str, found: Sequence[Token], first: int, last: int) -> Iterator[Token]:
    """Yield the tokens of a run that stands on one side only and do not belong to a frame."""
    begin = found[first - 1].end if first else 0
    stop = found[last].start if last < len(found) else len(text)
    cuts = [begin, *(m.end() for m in UNIT.finditer(text, begin, stop)), stop]
    for start, end in pairwise(cuts):
        unit = [t for t in found[first:last] if start <= t.start < end]
        if unit:
            before, after = text[start : unit[0].start], text[unit[-1].end : end]
            opens = start > begin or begin == 0
            closes = end == len(text) or bool(STRONG.search(after))
            anchored = PERSON.search(text, start, end) or any(lexicon().anchors(t.word) for t in unit)
            apart = anchored and (opens or WEAK.search(before)) and (closes or WEAK.search(after))
            yield from (t for t in unit if not (apart and _may_frame(t, whole=opens and closes)))


def _may_frame(token: Token, *, whole: bool) -> bool:
    if lexicon().frames(token.word):
        return True
    return token.kind == "relation" or (whole and token.kind in ("modal", "quantifier"))


def _shared(one: str, other: str) -> int:
    """Return how many letters two words begin with together."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def inflected(one: Token, other: Token) -> bool:
    """Return whether two words are forms of one content word."""
    a, b = sorted((one.key, other.key), key=lambda key: (len(key), key))
    if {one.kind, other.kind} & {"number", "negation", "quantifier"}:
        return False
    shared = _shared(a, b)
    return any((a[k:], b[k:]) in INFLECTIONS for k in (shared, shared - 1, shared - 2) if k >= 3)


def misspelt(one: str, other: str) -> bool:
    """Return whether one inner letter dropped, doubled, changed or exchanged turns one word into the other."""
    a, b = sorted((one, other), key=len)
    if a == b or len(b) - len(a) > 1 or len(a) < 4 or a[0] != b[0] or not (a + b).isalpha():
        return False
    k = _shared(a, b)
    if len(a) < len(b):
        return a[k:] == b[k + 1 :]
    exchanged = a[k : k + 2] == b[k : k + 2][::-1] and a[k + 2 :] == b[k + 2 :]
    return exchanged or a[k + 1 :] == b[k + 1 :]


def is_slip(one: str, other: str) -> bool:
    """Return whether one of two words is a misspelling of the other, and not a word of its own."""
    return misspelt(one, other) and len({one, other} & lexicon().vocabulary) == 1


def reasons_of(found: Difference) -> set[str]:
    """Return the reason codes of a difference: the classes whose words changed, or ``order`` when only that did."""
    lost, gained = Counter(t.key for t in found.lost), Counter(t.key for t in found.gained)
    changed = (lost - gained) | (gained - lost)
    codes = {token.kind for token in (*found.lost, *found.gained) if token.key in changed}
    return codes or ({"order"} if found.lost or found.gained else set())
