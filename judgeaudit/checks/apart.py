"""Edits that change more than manner, each judged by itself: what it takes out, what it puts in, and where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache

from judgeaudit.checks.claims import bare, difference, misspelt, tokens
from judgeaudit.checks.lexicon import lexicon
from judgeaudit.checks.rules import CLAIM_KINDS
from judgeaudit.records import Edit
from judgeaudit.text import sentence_spans, words

NAME = r"[A-Z][\w'’-]+"
REFERENCE = re.compile(rf" \((?:see )?{NAME}(?:(?:, | and | & |, and ){NAME})*(?: et al\.)?, (?:1[89]|20)\d\d\)")
EMPHASIS_MARK = re.compile(r"[*_]{1,3}")
LINE_MARK = re.compile(r"[ \t]*(?:#{1,6}|[-*+•]|\d{1,3}[.)])[ \t]+")

REPHRASED: Mapping[str, Callable[[str, str], bool]] = {
    "len.terse": lambda old, new: len(words(new)) < len(words(old)),
    "lex.rare": lambda old, new: _letters(new) > _letters(old),
    "lex.plain": lambda old, new: _letters(new) < _letters(old),
}
"""Facets that put other words for the same thing, and the way each edit must go: fewer words, longer, shorter ones."""


@lru_cache(maxsize=8192)
def misspelling_reasons(old: str, new: str) -> frozenset[str]:
    """Return what is wrong with a spelling error: it is one slip in a word that carries no claim of its own.

    Examples
    --------
    >>> sorted(misspelling_reasons("planet", "palnet")), sorted(misspelling_reasons("three", "thre"))
    ([], ['number'])
    """
    codes = {token.kind for token in tokens(bare(old))} & CLAIM_KINDS
    if not misspelt(old.casefold(), new.casefold()) or not old.islower():
        codes.add("content")
    if new.casefold() in lexicon().vocabulary:
        codes.add("real-word")
    return frozenset(codes)


def stripping_reasons(edit: Edit, reference: str) -> frozenset[str]:
    """Return what is wrong with a mark taken away: it is emphasis around words, or opens a line, and nothing comes."""
    line = reference[reference.rfind("\n", 0, edit.start) + 1 : edit.start]
    opens = not line.strip() and LINE_MARK.fullmatch(edit.old)
    inside = reference[edit.start - 1 : edit.start].isalnum() and reference[edit.end : edit.end + 1].isalnum()
    emphasis = EMPHASIS_MARK.fullmatch(edit.old) and not inside
    return frozenset() if not edit.new and (opens or emphasis) else frozenset({"content"})


def citation_reasons(edit: Edit, reference: str) -> frozenset[str]:
    """Return what is wrong with an invented reference: it is an author and a year in parentheses, after a word."""
    after_word = reference[edit.start - 1 : edit.start].isalnum()
    return frozenset() if not edit.old and after_word and REFERENCE.fullmatch(edit.new) else frozenset({"content"})


def omission_reasons(edit: Edit, reference: str) -> frozenset[str]:
    """Return what is wrong with an omission: it takes one whole sentence, and what comes claims nothing."""
    whole = (edit.start, edit.end) in sentence_spans(reference)
    return frozenset() if whole and not difference("", edit.new).gained else frozenset({"content"})


def rephrasing_reasons(edit: Edit, reference: str) -> frozenset[str]:
    """Return what is wrong with other words for the same thing: they go the facet's way and only content words change.

    That the words mean the same no rule can tell; a reader must vouch for it.
    """
    opens = edit.start == 0 or any(edit.start == start for start, _ in sentence_spans(reference))
    lead = "" if opens else "and "
    lost, gained = (Counter((t.key, t.kind) for t in tokens(bare(lead + part))) for part in (edit.old, edit.new))
    codes = {kind for _, kind in (lost - gained) + (gained - lost)} - {"content"}
    return frozenset(codes if REPHRASED[edit.label](edit.old, edit.new) else codes | {"wrong-way"})


def _letters(text: str) -> float:
    """Return the mean length of the words of a text."""
    found = words(text)
    return sum(map(len, found)) / len(found) if found else 0.0
