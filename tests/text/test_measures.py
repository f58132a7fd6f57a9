"""The surface features: what they count, and that they stay finite on any text."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from judgeaudit.text import features, plain, syllables

PLAIN = "Mars has two moons. They were found in 1877, and both are small."


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_every_feature_of_every_text_is_a_finite_number(text: str) -> None:
    """No text, however odd, gives an infinite, undefined or missing feature."""
    found = features(text, vocabulary={"mars"})
    assert found.keys() == features(PLAIN, vocabulary=()).keys()
    assert all(isinstance(value, float) and math.isfinite(value) for value in found.values())


@pytest.mark.parametrize(
    ("feature", "styled"),
    [
        ("bold", "**Mars** has two moons."),
        ("headings", "## Answer\nMars has two moons."),
        ("items", "- Mars\n- Moons"),
        ("numbered", "1. Mars\n2. Moons"),
        ("italic", "*Mars* has two moons."),
        ("rules", "Mars\n\n---\n\nMoons"),
        ("inline_code", "`Mars` has two moons."),
        ("emoji", "Mars has two moons 🙂"),
        ("exclamations", "Mars has moons!"),
        ("hedges", "Perhaps Mars has two moons."),
        ("boosters", "Mars certainly has two moons."),
        ("courtesy", "Great question! Mars has moons."),
        ("connectives", "Moreover, Mars has two moons."),
        ("precision", "Strictly speaking, Mars has moons."),
        ("contractions", "Mars doesn't have rings."),
        ("casual", "Okay, Mars has kinda two moons."),
        ("meta_discourse", "In short, here is the answer."),
        ("first_person", "I say that Mars has moons."),
        ("second_person", "You see, Mars has moons."),
        ("we", "We see its moons."),
        ("double_spaces", "Mars has two  moons."),
        ("curly_quotes", "Mars’s two moons."),
        ("capitals", "MARS has two moons."),
        ("lower_case_starts", "mars has two moons."),
        ("unterminated", "Mars has two moons"),
        ("code_share", "```\nmars\n```"),
        ("semicolons_dashes", "Mars; two moons."),
        ("colons", "Mars: two moons."),
        ("parentheses", "Mars (two moons)."),
        ("questions", "Mars?"),
        ("commas", "Mars, with moons."),
        ("line_breaks", "Mars\nMoons"),
        ("non_words", "Mrars has moons."),
    ],
)
def test_a_style_shows_in_its_feature_and_nowhere_in_plain_prose(feature: str, styled: str) -> None:
    """Each style mark raises its own feature above that of plain prose without it."""
    known = {"mars", "has", "two", "moons", "and"}
    assert features(styled, known)[feature] > features("Mars has two moons and two moons has Mars.", known)[feature]


def test_the_words_aloud_do_not_depend_on_the_marks() -> None:
    """Markdown and emoji leave length, sentences and diversity as they are."""
    marked = "## " + PLAIN.replace("two", "**two**").replace("small", "_small_") + " 🙂"
    bare, dressed = features(PLAIN), features(marked)
    for name in ("log_words", "sentences", "sentence_mean", "mattr", "mtld", "word_length", "evenness"):
        assert dressed[name] == bare[name], name


def test_commas_inside_numbers_are_no_commas() -> None:
    """1,600 holds no comma and 10:30 no colon."""
    found = features("It is 1,600 metres at 10:30.")
    assert (found["commas"], found["colons"]) == (0, 0)


def test_variety_is_greater_where_words_do_not_repeat() -> None:
    """The measures of lexical diversity order a varied and a repetitive text rightly."""
    varied = features("Bright comets cross silent skies while watchers count each distant glimmer.")
    dull = features("The dog saw the dog and the dog saw the dog and the dog saw the dog and the dog ran.")
    for name in ("abundance", "hapaxes", "mattr", "mtld", "evenness"):
        assert varied[name] > dull[name], name


def test_plain_reads_aloud() -> None:
    """Headings, list marks, emphasis and emoji are not read aloud; words with underscores are."""
    assert plain("# A\n1. **b** snake_case 🙂\n> c") == "A\nb snake_case \nc"


@pytest.mark.parametrize(
    ("word", "n"), [("moon", 1), ("planet", 2), ("make", 1), ("table", 2), ("x", 1), ("geology", 3)]
)
def test_syllables_are_fairly_guessed(word: str, n: int) -> None:
    """Vowel groups less a silent e."""
    assert syllables(word) == n
