"""The surface of a text in about fifty numbers: what a reader sees who looks at manner and not at matter."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable
from statistics import fmean, pstdev

from judgeaudit.text import wordlists
from judgeaudit.text.spans import WORD, sentence_spans, words

EMOJI = re.compile("[0-9#*]️?⃣|[☀-➿⌀-⏿⬀-⯿\U0001f000-\U0001faff]️?(?:‍[☀-➿\U0001f000-\U0001faff]️?)*|️")
FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•][ \t]+|\d{1,3}[.)][ \t]+)+", re.MULTILINE)
RULE = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$", re.MULTILINE)
EMPHASIS = re.compile(r"\*{1,3}(?=\S)|(?<=\S)\*{1,3}|(?<!\w)_{1,2}(?=\S)|(?<=\S)_{1,2}(?!\w)")
CONTRACTION = re.compile(
    r"\b(?:\w+n['’]t|(?:i|you|he|she|it|we|they|that|there|here|what|who|let)['’](?:s|re|m|ve|ll|d))\b"
)
MARKS: dict[str, re.Pattern[str]] = {
    "headings": re.compile(r"^[ \t]*#{1,6}[ \t]", re.MULTILINE),
    "items": re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]", re.MULTILINE),
    "numbered": re.compile(r"^[ \t]*\d{1,3}[.)][ \t]", re.MULTILINE),
    "bold": re.compile(r"\*\*(?=\S)[^*\n]+?(?<=\S)\*\*|(?<!\w)__(?=\S)[^_\n]+?(?<=\S)__(?!\w)"),
    "italic": re.compile(
        r"(?<![*\w])\*(?![*\s])[^*\n]+?(?<![*\s])\*(?![*\w])|(?<![_\w])_(?![_\s])[^_\n]+?(?<![_\s])_(?![_\w])"
    ),
    "rules": RULE,
    "inline_code": re.compile(r"(?<!`)`[^`\n]+`(?!`)"),
    "emoji": EMOJI,
    "exclamations": re.compile(r"!"),
    "questions": re.compile(r"\?"),
    "commas": re.compile(r",(?!\d)"),
    "semicolons_dashes": re.compile(r"[;–—]|\s-\s"),
    "colons": re.compile(r":(?!\d|//)"),
    "parentheses": re.compile(r"[(\[]"),
    "capitals": re.compile(r"\b[A-Z]{3,}\b"),
    "double_spaces": re.compile(r"(?<=\S)  +(?=\S)"),
    "curly_quotes": re.compile(r"[“”‘’]"),
    "line_breaks": re.compile(r"\n"),
}
PHRASES: dict[str, re.Pattern[str]] = {
    "hedges": wordlists.HEDGES,
    "boosters": wordlists.BOOSTERS,
    "precision": wordlists.PRECISION,
    "connectives": wordlists.CONNECTIVES,
    "courtesy": wordlists.COURTESY,
    "meta_discourse": wordlists.META_DISCOURSE,
    "casual": wordlists.CASUAL,
    "contractions": CONTRACTION,
    "first_person": re.compile(r"\b(?:i|me|my|mine|myself)\b"),
    "second_person": re.compile(r"\b(?:you|your|yours|yourself)\b"),
    "we": re.compile(r"\b(?:we|us|our|ours)\b"),
}
LATINATE = re.compile(r"(?:tion|sion|ment|ity|ance|ence|ate|ive|ous|al|ic|ize|ise|ify)s?$")
VOWELS = re.compile(r"[aeiouy]+")


def plain(text: str) -> str:
    r"""Return ``text`` without its emoji and Markdown marks: what a reader would read aloud.

    Examples
    --------
    >>> plain("## Answer\n- **Two** moons 🌙")
    'Answer\nTwo moons '
    """
    bare = LINE_MARK.sub("", RULE.sub("", EMOJI.sub("", text)))
    return EMPHASIS.sub("", bare)


def syllables(word: str) -> int:
    """Return a fair guess at the number of syllables: vowel groups, less a silent final e, at least one.

    Examples
    --------
    >>> [syllables(w) for w in ("moon", "planet", "larger", "make", "table")]
    [1, 2, 2, 1, 2]
    """
    word = word.casefold()
    groups = len(VOWELS.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee"))
    return max(1, groups - silent)


def features(text: str, vocabulary: Collection[str] | None = None) -> dict[str, float]:
    """Measure the surface of a text: length, layout, marks, register, readability and lexical diversity.

    Parameters
    ----------
    text
        Any text; an empty one gives finite numbers too.
    vocabulary
        Lower-case words taken as spelt right; given one, ``non_words`` is the share of words outside it.

    Returns
    -------
    dict
        About fifty finite numbers by name. Marks and phrases are counts per hundred words, shares lie in [0, 1].
        The six diversity measures follow Jarvis (2013, doi:10.1111/j.1467-9922.2012.00739.x); `mtld` is that of
        McCarthy and Jarvis (2010, doi:10.3758/BRM.42.2.381).

    Examples
    --------
    >>> features("Mars has **two** moons.")["bold"]
    25.0
    """
    prose = plain(FENCE.sub(" ", text))
    tokens = words(prose)
    folded = [token.casefold() for token in tokens]
    per_hundred = 100 / max(len(tokens), 1)
    spoken = " ".join(prose.casefold().replace("’", "'").split())
    values = {name: len(mark.findall(text)) * per_hundred for name, mark in MARKS.items()}
    values |= {name: len(phrase.findall(spoken)) * per_hundred for name, phrase in PHRASES.items()}
    values |= _sentences(prose) | _words(folded) | _diversity(folded)
    values["log_words"] = math.log1p(len(tokens))
    values["characters_per_word"] = len(text) / max(len(tokens), 1)
    values["code_share"] = (len(text) - len(FENCE.sub("", text))) / max(len(text), 1)
    values["paragraphs"] = float(len([block for block in re.split(r"\n\s*\n", text) if block.strip()]))
    values["grade"] = 0.39 * values["sentence_mean"] + 11.8 * values["syllables"] - 15.59 if tokens else 0.0
    if vocabulary is not None:
        values["non_words"] = _share(w not in vocabulary for w in folded if w.isalpha())
    return values


def _share(flags: Iterable[bool]) -> float:
    seen = list(flags)
    return sum(seen) / len(seen) if seen else 0.0


def _sentences(prose: str) -> dict[str, float]:
    spans = sentence_spans(prose)
    lengths = [len(WORD.findall(prose, start, end)) for start, end in spans] or [0]
    mean, spread = fmean(lengths), pstdev(lengths)
    starts = [prose[start] for start, _ in spans]
    return {
        "sentences": float(len(spans)),
        "sentence_mean": mean,
        "sentence_sd": spread,
        "sentence_cv": spread / mean if mean else 0.0,
        "sentence_max": float(max(lengths)),
        "lower_case_starts": _share(start.islower() for start in starts),
        "unterminated": _share(prose[end - 1] not in ".!?:\"”')" for _, end in spans),
    }


def _words(folded: list[str]) -> dict[str, float]:
    return {
        "word_length": fmean(map(len, folded)) if folded else 0.0,
        "syllables": fmean(map(syllables, folded)) if folded else 0.0,
        "long_words": _share(len(w) >= 7 for w in folded),
        "latinate": _share(len(w) > 5 and LATINATE.search(w) is not None for w in folded),
        "function_words": _share(w in wordlists.FUNCTION_WORDS for w in folded),
    }


def _diversity(folded: list[str]) -> dict[str, float]:
    counts = Counter(folded)
    n, types = len(folded), len(counts)
    entropy = -sum(c / n * math.log(c / n) for c in counts.values()) if n else 0.0
    trigrams = [w[i : i + 3] for w in counts for i in range(max(len(w) - 2, 1))]
    return {
        "abundance": math.sqrt(types),
        "hapaxes": _share(c == 1 for c in counts.values()),
        "evenness": entropy / math.log(types) if types > 1 else 0.0,
        "disparity": len(set(trigrams)) / len(trigrams) if trigrams else 0.0,
        "dispersion": _mean_gap(folded),
        "mattr": _moving_variety(folded),
        "mtld": (_mtld(folded) + _mtld(folded[::-1])) / 2,
    }


def _mean_gap(folded: list[str]) -> float:
    """Return the mean distance between two uses of one word, as a share of the text."""
    last: dict[str, int] = {}
    gaps = []
    for place, word in enumerate(folded):
        if word in last:
            gaps.append(place - last[word])
        last[word] = place
    return fmean(gaps) / len(folded) if gaps else 1.0


def _moving_variety(folded: list[str], window: int = 25) -> float:
    """Return the mean share of distinct words over all windows of 25 words."""
    if len(folded) <= window:
        return len(set(folded)) / len(folded) if folded else 0.0
    inside = Counter(folded[:window])
    total = len(inside)
    for old, new in zip(folded, folded[window:], strict=False):
        inside[new] += 1
        inside[old] -= 1
        if not inside[old]:
            del inside[old]
        total += len(inside)
    return total / (len(folded) - window + 1) / window


def _mtld(folded: list[str], threshold: float = 0.72) -> float:
    """Return the mean length of a run that keeps its type-token ratio above the threshold."""
    factors, seen, length = 0.0, set[str](), 0
    for word in folded:
        seen.add(word)
        length += 1
        if len(seen) / length < threshold:
            factors, seen, length = factors + 1, set(), 0
    if length:
        factors += (1 - len(seen) / length) / (1 - threshold)
    return len(folded) / factors if factors else float(len(folded))
