"""Nothing that somebody else wrote drives the terminal."""

from __future__ import annotations

import io
import random
import time
import unicodedata

import pytest
from rich.console import Console
from rich.text import Text

from judgeaudit.reports.safe import clean, one_line, safe

ALPHABET = [
    "\x1b[31m", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x1b", "\x9b2J", "\x9d", "\x90",
    "\x07", "\x08", "\r", "\n",
    "\x00", "\x7f", "\u202e", "\u2066", "\u200b", "\ud800", "[/INST]", "[red]", "[/red]", "[", "]", "\\", "[link=x]",
    ":smile:", "a", "é", "漢", "👩\u200d🔬", " ", "[@click=x]", "\\[",
]  # fmt: skip


def test_ten_thousand_hostile_strings_print_as_their_clean_text():
    """No escape but our own reaches the terminal, nothing raises, and markup is shown instead of obeyed."""
    draw = random.Random(7)
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=10_000, emoji=False)
    for _ in range(10_000):
        text = "".join(draw.choices(ALPHABET, k=draw.randint(1, 12)))
        cleaned = clean(text)
        assert Text.from_markup(safe(text), emoji=False).plain == cleaned + " " * cleaned.endswith("\\")
        assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in cleaned if c not in "\n\t")
        console.print(safe(text))
    assert isinstance(console.file, io.StringIO)
    assert "\x1b" not in console.file.getvalue()


@pytest.mark.parametrize("unit", ["\x1b]", "\x9d", "\x1b[", "\x9b1;", "\x1b", "\x1b ", "\x90\x1b"])
def test_a_megabyte_of_broken_escapes_is_cleaned_in_linear_time(unit):
    """No input makes the scan quadratic."""
    start = time.process_time()
    clean(unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 5


def test_an_escape_without_an_end_does_not_hide_what_follows():
    """A reader still sees the text that a terminal would have swallowed."""
    assert clean("before \x1b]0;after") == "before 0;after"


def test_joined_emoji_and_other_scripts_stay():
    """What looks like a control and is writing is kept."""
    assert clean("👩\u200d🔬 نامه\u200cای 漢字\tx\ny") == "👩\u200d🔬 نامه\u200cای 漢字\tx\ny"


def test_one_line_has_no_breaks():
    """A name with line breaks cannot add lines to the summary."""
    assert one_line("a\n\r\tb\u2028c") == "a bc"
