"""Where the words and sentences of a text are, and which parts must never be edited."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

WORD = re.compile(r"[^\W_]+(?:['’\-.,/][^\W_]+)*")
ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|cf|ca|approx|No|Fig|Eq|Vol|pp?|Inc|Ltd|Co|U\.S|a\.m|p\.m))\.$"
)
ENUMERATOR = re.compile(r"[-*+>#\s]*\d{1,3}\.")
SENTENCE_END = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s|$)|[。！？]+[”』」）]*")
PROTECTED = re.compile(
    r"```.*?(?:```|\Z)"  # fenced code
    r"|`[^`\n]+`"  # inline code
    r"|\$\$.+?\$\$|\\\[.+?\\\]|\\\(.+?\\\)"  # display and inline mathematics
    r"|\$(?=[^\s$])[^$\n]*?[^\s$\\]\$(?!\d)"  # $x^2$, and not "$5 and $6"
    r"|https?://(?:[^\s()<>\]]|\([^\s()<>]*\))+"  # addresses
    r"|[\"“][^\"”\n]{1,300}[\"”]"  # quotations
    r"|^\|[^\n]*\|(?:[ \t]*\r?\n\|[^\n]*\|)*(?=[ \t]*\r?$)",  # table rows
    re.DOTALL | re.MULTILINE,
)


def words(text: str) -> list[str]:
    """Return the words of ``text`` in order: letters and digits, with inner hyphens, apostrophes and decimal points.

    Examples
    --------
    >>> words("Pi is about 3.14, isn't it?")
    ['Pi', 'is', 'about', '3.14', "isn't", 'it']
    """
    return WORD.findall(text)


def sentence_spans(text: str) -> list[Span]:
    """Return ``(start, end)`` of every sentence; ends exclude the white space that follows.

    Decimal points, initials and common abbreviations do not end a sentence; a line break followed by a
    blank line, a list marker or a heading does.

    Examples
    --------
    >>> text = "Pi is about 3.14. Dr. No agrees!"
    >>> [text[a:b] for a, b in sentence_spans(text)]
    ['Pi is about 3.14.', 'Dr. No agrees!']
    """
    return [span for block in _blocks(text) for span in _split_block(text, block)]


def _blocks(text: str) -> Iterator[Span]:
    start = 0
    for gap in re.finditer(r"\n[ \t\r]*\n\s*|\n(?=[ \t]*(?:[-*+#>|]|\d+[.)])[ \t])", text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _split_block(text: str, block: Span) -> Iterator[Span]:
    start, stop = block
    while start < stop and text[start].isspace():
        start += 1
    for mark in SENTENCE_END.finditer(text, start, stop):
        end = mark.end()
        if ABBREVIATION.search(text, max(start, end - 8), end) and end < stop:
            continue
        if end < stop and ENUMERATOR.fullmatch(text, start, end):
            continue
        if end < stop and not _may_open_a_sentence(text[end:stop]):
            continue
        yield start, end
        start = end
        while start < stop and text[start].isspace():
            start += 1
    if start < stop:
        yield start, start + len(text[start:stop].rstrip())


def _may_open_a_sentence(rest: str) -> bool:
    following = rest.lstrip().lstrip("\"'“‘([*_")
    return not following or not following[0].islower()


def protected_spans(text: str) -> list[Span]:
    """Return the spans that no style edit may touch: code, mathematics, addresses, quotations, tables."""
    return [match.span() for match in PROTECTED.finditer(text)]
