"""The closed classes of English in which a claim can hide, and the words that only frame an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from judgeaudit.assets import asset_dir, load_fixture
from judgeaudit.text.wordlists import FUNCTION_WORDS

ENDINGS = ("ing", "ed", "es", "s", "d")
SPELLINGS = (
    (re.compile(r"(?<=..)our(?=s?$|ed|ing|ful|ite|able|less|hood|al)"), "or"),
    (re.compile(r"(?<=[tb])re(?=s?$)"), "er"),
    (re.compile(r"(?<=..)is(?=e[ds]?$|ing$|ation|er)"), "iz"),
    (re.compile(r"(?<=..)ys(?=e[ds]?$|ing$)"), "yz"),
    (re.compile(r"ll(?=ed$|ing$|er$)"), "l"),
    (re.compile(r"(?<=en)c(?=es?$)"), "s"),
    (re.compile(r"(?<=..)ogue(?=s?$)"), "og"),
    (re.compile(r"ae|oe(?!s?$|d$)"), "e"),
)


@dataclass(frozen=True)
class Lexicon:
    """The word classes of one language, looked up by lower-case word.

    Parameters
    ----------
    classes
        word -> (key, class); words that share a key say the same thing.
    frame
        Words that may stand in a framing sentence, since they speak about the answer and not about its subject.
    ambiguous
        Those of them that may also describe a subject; a frame of such words alone is none.
    silent
        Words that carry no claim: articles, auxiliaries, pronouns, discourse adverbs.
    idioms
        Set phrases of stance and courtesy, some with a negation that negates nothing.
    vocabulary
        Words taken as spelt right.
    links
        Silent words whose exchange still changes a claim when an author exchanges them: *in* for *on*.
    """

    classes: Mapping[str, tuple[str, str]]
    frame: frozenset[str]
    ambiguous: frozenset[str]
    silent: frozenset[str]
    idioms: re.Pattern[str]
    vocabulary: frozenset[str]
    links: frozenset[str]

    def frames(self, word: str) -> bool:
        """Return whether ``word``, or what it is an inflection of, may stand in a frame."""
        return bool(self._stems(word) & self.frame)

    def anchors(self, word: str) -> bool:
        """Return whether ``word`` can only speak about the answer: *explanation*, and not *clear*."""
        stems = self._stems(word)
        return bool(stems & self.frame) and not stems & self.ambiguous

    def _stems(self, word: str) -> set[str]:
        bases = [word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending)]
        return {word, *(stem for base in bases if len(base) > 2 for stem in (base, base + "e", base[:-1]))}


@cache
def lexicon() -> Lexicon:
    """Return the shipped English lexicon."""
    claims, frames = load_fixture("lexicons/claims"), load_fixture("lexicons/frames")
    classes = dict(_classes(claims))
    frame = frozenset(frames["words"].split())
    silent = frozenset(map(spelt, FUNCTION_WORDS | set(frames["adverb_words"].split()))) - classes.keys()
    idioms = re.compile(r"\b(?:" + "|".join([*frames["idioms"], *frames["adverbs"]]) + r")\b", re.IGNORECASE)
    known = classes.keys() | frame | silent | set(claims["confusions"].split()) | _item_words()
    ambiguous = frozenset(frames["ambiguous"].split())
    return Lexicon(classes, frame, ambiguous, silent, idioms, frozenset(known), frozenset(claims["links"].split()))


def _classes(claims: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield (word, (key, class)); of two entries for one word the later holds."""
    same = {spelt(word): spelt(group.split()[0]) for group in claims["synonyms"] for word in group.split()}
    yield from ((word, (first, "content")) for word, first in same.items())
    yield from ((spelt(word), (spelt(word), "relation")) for word in claims["direction"].split())
    for group in claims["polarity"]:
        yield from ((word, (same.get(word, word), "polarity")) for word in map(spelt, group.split()))
    for name in ("unit", "date", "modal"):
        for word in claims[name].split():
            yield spelt(word), (spelt(word), name)
            yield spelt(word + "s"), (spelt(word), name)
    for key, members in claims["quantifier"].items():
        yield from ((word, (key, "quantifier")) for word in members.split())
    for word in claims["negation"].split():
        yield word, ("not", "negation")
    numbers = claims["numbers"]
    yield from ((word, (value, "number")) for word, value in numbers.items())
    for ten, (unit, digit) in product(claims["tens"].split(), claims["ones"].items()):
        yield f"{ten}-{unit}", (f"{numbers[ten][0]}{digit}", "number")


@cache
def _item_words() -> frozenset[str]:
    """Return every lower-case word of the shipped items, true values and wrong ones alike."""
    texts = (path.read_text(encoding="utf-8") for path in sorted((asset_dir("fixtures") / "items").glob("*.txt")))
    found = {word for text in texts for word in re.findall(r"[a-z]{2,}", text.casefold())}
    return frozenset(found | {spelt(word) for word in found})


@cache
def _spelt(word: str) -> str:
    word = load_fixture("lexicons/claims")["spellings"].get(word, word)
    for pattern, american in SPELLINGS:
        word = pattern.sub(american, word)
    return word


def spelt(word: str) -> str:
    """Return a lower-case word in one spelling for both sides of the Atlantic.

    Examples
    --------
    >>> [spelt(w) for w in ("colour", "centre", "organised", "travelled")]
    ['color', 'center', 'organized', 'traveled']
    """
    return _spelt(word) if len(word) > 2 else word
