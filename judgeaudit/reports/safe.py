"""The one sink through which text that we did not write reaches a terminal."""

from __future__ import annotations

import re
import unicodedata

ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"  # every shorter escape
)
MARKUP = re.compile(r"(?<!\\)(\\*+)\[([a-z#/@][^\[\]]*\])?")
KEPT = "\n\t"
DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
NONCHARACTERS = {0xFFFE: None, 0xFFFF: None}
JOINERS = "\u200c\u200d"


def clean(text: str) -> str:
    r"""Return text without terminal escapes, control characters, bidirectional overrides or lone surrogates.

    Line breaks, tabs and the joiners that scripts and emoji need stay.

    Examples
    --------
    >>> clean("\x1b[31mred\x1b[0m \u202egnp.exe")
    'red gnp.exe'
    """
    plain = ESCAPES.sub("", text.replace("\r\n", "\n"))
    kept = (c for c in plain if c in KEPT or c in JOINERS or unicodedata.category(c) not in DROPPED_CATEGORIES)
    return "".join(kept).translate(NONCHARACTERS)


def one_line(text: str, limit: int | None = None) -> str:
    r"""Return cleaned text on a single line, cut to ``limit`` characters with an ellipsis.

    Examples
    --------
    >>> one_line("a\n  b"), one_line("abcdef", 4)
    ('a b', 'abc…')
    """
    line = " ".join(clean(text).split())
    return line if limit is None or len(line) <= limit else f"{line[: limit - 1]}…"


def safe(text: str) -> str:
    r"""Return cleaned text whose square brackets rich prints instead of obeying: the only way into console markup.

    A trailing backslash gets a space after it, or it would shield the tag that follows.

    Examples
    --------
    >>> safe("[/INST] ok")
    '\\[/INST] ok'
    """

    def shielded(match: re.Match[str]) -> str:
        before, tag = match.groups()
        shield = 2 * len(before) + 1 if tag else len(before) + bool(before)
        return "\\" * shield + match[0][len(before) :]

    text = MARKUP.sub(shielded, clean(text))
    return f"{text} " if text.endswith("\\") else text
