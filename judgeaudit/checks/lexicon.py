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
    silent
        Words that carry no claim: articles, auxiliaries, pronouns, discourse adverbs.
    idioms
        Set phrases of stance and courtesy, some with a negation that negates nothing.
    vocabulary
        Words taken as spelt right.
    weak
        Words whose exchange alone changes nothing that is claimed: articles, auxiliaries, pointers.
    """

    classes: Mapping[str, tuple[str, str]]
    frame: frozenset[str]
    silent: frozenset[str]
    idioms: re.Pattern[str]
    vocabulary: frozenset[str]
    weak: frozenset[str]

    def frames(self, word: str) -> bool:
        """Return whether ``word``, or what it is an inflection of, only frames an answer."""
        if word in self.frame:
            return True
        stems = [word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending)]
        return any({stem, stem + "e", stem[:-1]} & self.frame for stem in stems if len(stem) > 2)


@cache
def lexicon() -> Lexicon:
    """Return the shipped English lexicon."""
    claims, frames = load_fixture("lexicons/claims"), load_fixture("lexicons/frames")
    classes = dict(_classes(claims))
    frame = frozenset(frames["words"].split())
    silent = frozenset(map(spelt, FUNCTION_WORDS | set(frames["adverb_words"].split()))) - classes.keys()
    idioms = re.compile(r"\b(?:" + "|".join([*frames["idioms"], *frames["adverbs"]]) + r")\b", re.IGNORECASE)
    known = classes.keys() | frame | silent | set(claims["confusions"].split()) | _item_words()
    return Lexicon(classes, frame, silent, idioms, frozenset(known), frozenset(claims["weak"].split()))


def _classes(claims: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield (word, (key, class)); of two entries for one word the later holds."""
    key = {spelt(word): spelt(group.split()[0]) for group in claims["synonyms"] for word in group.split()}
    yield from ((word, (first, "content")) for word, first in key.items())
    yield from ((spelt(word), (spelt(word), "relation")) for word in claims["direction"].split())
    for group in claims["polarity"]:
        yield from ((word, (key.get(word, word), "polarity")) for word in map(spelt, group.split()))
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
