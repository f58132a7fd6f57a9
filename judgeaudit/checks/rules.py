"""The two invariants of a manipulation: style edits keep every claim, fact edits keep the surface."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from judgeaudit.checks.claims import STRAIGHT, bare, difference, inflected, is_slip, reasons_of, tokens
from judgeaudit.checks.lexicon import lexicon, spelt
from judgeaudit.checks.surface import differing_marks, first_class, marks
from judgeaudit.text import protected_spans, words

AFFIRMS = re.compile(
    r"\W*(?:certainly|absolutely|definitely|of course|sure|indeed|exactly|right|correct|yes|yeah)\b", re.IGNORECASE
)
DENIES = re.compile(r"\W*no\s*[,.;:!—–]", re.IGNORECASE)
CLAIM_KINDS = frozenset({"number", "date", "unit", "name", "negation", "quantifier", "modal", "polarity", "yes-no"})
PROTECTED_KINDS = {"`": "code", "$": "math", "\\": "math", "h": "address", '"': "quotation", "|": "table"}
DELIMITERS = str.maketrans(dict.fromkeys("$\\()[]`\n "))


@lru_cache(maxsize=4096)
def protected_parts(text: str, question: str = "") -> tuple[tuple[str, str], ...]:
    """Return (reason code, content) of every protected span, delimiters of code and mathematics aside."""
    text = text.translate(STRAIGHT).replace("\r\n", "\n")
    if question.strip():
        text = re.sub(rf'"?{re.escape(question.strip().translate(STRAIGHT))}"?', " ", text)
    parts = (text[start:end] for start, end in protected_spans(text))
    return tuple((PROTECTED_KINDS[p[0]], p.translate(DELIMITERS) if p[0] in "$\\`" else p) for p in parts)


def style_reasons(plain: str, styled: str, question: str, *, loose: bool = False) -> set[str]:
    """Return why two texts do not differ in style only; nothing when they make the same claims.

    Parameters
    ----------
    plain, styled
        The texts, in either order.
    question
        Its verbatim echo is a matter of style.
    loose
        The texts were not made from one another by known edits: inflection and spelling may differ.
    """
    codes = reasons_of(difference(plain, styled, question, loose))
    codes |= protected_reasons(plain, styled, question, loose=loose)
    if any(DENIES.match(x) and AFFIRMS.match(y) for x, y in ((plain, styled), (styled, plain))):
        codes.add("yes-no")
    if marks(plain)["encoding"] != marks(styled)["encoding"]:
        codes.add("encoding")
    return codes


def protected_reasons(one: str, other: str, question: str, *, loose: bool) -> set[str]:
    """Return which protected spans differ: code, mathematics, addresses, quotations, tables, or their order.

    Between loose texts, code and mathematics may gain or lose their delimiters, as long as their content stands.
    """
    before, after = protected_parts(one, question), protected_parts(other, question)
    if before == after:
        return set()
    gone, new = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if loose:
        gone = Counter(part for part in gone if not _stands_in(part, other))
        new = Counter(part for part in new if not _stands_in(part, one))
    return {code for code, _ in gone + new} or (set() if loose else {"order"})


def _stands_in(part: tuple[str, str], text: str) -> bool:
    code, content = part
    return code in ("code", "math") and content in text.translate(DELIMITERS)


@lru_cache(maxsize=8192)
def edit_reasons(kind: str, old: str, new: str) -> frozenset[str]:
    """Return what is wrong with one exact fact edit: a surface it changes, or that it changes no claim."""
    if kind == "code":
        shape = {"layout"} if old.count("\n") != new.count("\n") else set()
        return frozenset(shape | ({"no-claim"} if "".join(old.split()) == "".join(new.split()) else set()))
    codes = differing_marks(old, new)
    if first_class(old) != first_class(new):
        codes.add("case")
    if not changes_a_claim(old, new):
        codes.add("no-claim")
    return frozenset(codes)


def changes_a_claim(old: str, new: str) -> bool:
    """Return whether a replacement says something else, and does not only inflect, respell or rephrase.

    Examples
    --------
    >>> changes_a_claim("larger", "smaller"), changes_a_claim("colour", "colors"), changes_a_claim("in", "on")
    (True, False, True)
    """
    left, right = tokens(bare(old)), tokens(bare(new))
    if len(left) != len(right):
        return True
    pairs = [(one, other) for one, other in zip(left, right, strict=True) if one.key != other.key]
    if pairs:
        return any(not inflected(one, other) and not is_slip(one.word, other.word) for one, other in pairs)
    return _links(old) != _links(new)


def _links(text: str) -> list[str]:
    return [word for word in map(str.casefold, words(text)) if word in lexicon().links]


def same_words(one: str, other: str) -> bool:
    """Return whether two texts differ in nothing but typography and spelling variants.

    Examples
    --------
    >>> same_words("It's the colour.  Yes.", "It’s the color. Yes."), same_words("It is red.", "It is blue.")
    (True, False)
    """
    return _visible(one) == _visible(other)


def _visible(text: str) -> list[tuple[str, bool, bool]]:
    """Return every word and mark in one spelling, and whether it has a capital, and capitals only."""
    parts = re.findall(r"\w+|[^\w\s]|\n+", text.translate(STRAIGHT))
    return [(spelt(part.casefold()), part[0].isupper(), part.isupper()) for part in parts]
