"""Words, sentences and protected spans of a text."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from judgeaudit.text import protected_spans, sentence_spans, words


@given(st.text(max_size=120))
@settings(max_examples=200, deadline=None)
def test_sentences_are_disjoint_trimmed_and_lose_no_word(text: str) -> None:
    """Sentence spans run forward, begin and end on a visible character, and hold every word of the text."""
    spans = sentence_spans(text)
    assert all(a < b for a, b in spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(text[a:b] == text[a:b].strip() for a, b in spans)
    inside = " ".join(text[a:b] for a, b in spans)
    assert [w for w in words(inside) if w not in words(text)] == []
    assert len("".join(inside.split())) >= len("".join(words(text)).replace(" ", "")) - inside.count("-")


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("Pi is 3.14 and e is 2.72. Both are irrational.", 2), ("Dr. No met Mr. Bond at 5 p.m. in Paris.", 1),
        ("Is it? Yes! It is.", 3), ("First line\nstill first.\n\nSecond block", 2), ("- one\n- two\n- three", 3),
        ("# Title\n\nText here.", 2), ("", 0), ("   \n ", 0), ('He said "Stop." Then he left.', 2),
        ("# Title\r\n\r\nText here", 2), ("One line\r\n\r\nanother", 2), ("1. One is here.\n2. Two is there.", 2),
        ("There are 12. All are here.", 2), ("月は小さい。海は青い！", 2), ("The sum is\n\n12.", 2),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_would_end_them(text: str, n: int) -> None:
    """Decimal points and abbreviations end no sentence; blank lines, list items and headings do."""
    assert len(sentence_spans(text)) == n


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("Call `f(x)` now", ["`f(x)`"]), ("$5 and $6 are prices", []), ("so $a^2$ holds", ["$a^2$"]),
        ('He said "stop it" twice', ['"stop it"']), ("see https://example.org/x.", ["https://example.org/x."]),
        ("(at https://example.org/a_(b)?c=1)", ["https://example.org/a_(b)?c=1"]),
        ("| a | b |", ["| a | b |"]), ("| a |\r\n|---|\r\n| b |\r\n\r\nText.", ["| a |\r\n|---|\r\n| b |"]),
        ("| a |\n\nText | with bars.\n\n| b |\n", ["| a |", "| b |"]),
        ("```\nx = 1\n```", ["```\nx = 1\n```"]),
        ("\\(x\\) and \\[y\\]", ["\\(x\\)", "\\[y\\]"]),
    ],
)  # fmt: skip
def test_what_no_style_edit_may_touch_is_found(text: str, inside: list[str]) -> None:
    """Code, mathematics, quotations, addresses and tables are protected; prices are not mathematics."""
    assert [text[a:b] for a, b in protected_spans(text)] == inside
