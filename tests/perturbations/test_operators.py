"""Style operators on hard texts: what is protected stays, byte for byte."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judgeaudit.assets import load_fixture
from judgeaudit.perturbations import FACETS, Canvas, NotApplicable, apply_edits
from judgeaudit.perturbations.catalogue import treat
from judgeaudit.perturbations.surface import typos
from judgeaudit.records import Item
from judgeaudit.text import protected_spans

TORTURE = (
    "No, less than a third of them agree that O(1) beats O(n). Pi is about 3.14 and costs $5 and $6 in total. "
    "The formula \\(a_1 + b\\) and $x^2$ hold in `code_here` and at https://example.org/a_b?c=1. "
    'He said "It is a test of the thing" twice. Dr. Smith agrees, i.e. he does not object. '
    "The 😀 family and 日本語 stay as they are. That is everything it is about."
)
FENCED = (
    "The code follows.\r\n\r\n"
    "```python\nthe = 1  # It is\n```\r\n\r\n| a | b |\n|---|---|\n| it is | c |\n\nThe end is here now."
)
FACET_IDS = sorted(FACETS)


def item(text):
    return Item(id="torture", question='What is "this"?' if '"' in text else "What is this?", answer=text)


@pytest.mark.parametrize("dose", [1, 2, 3])
@pytest.mark.parametrize("facet", FACET_IDS)
@pytest.mark.parametrize("text", [TORTURE, FENCED], ids=["inline", "fenced"])
def test_protected_spans_stay_byte_equal(facet, dose, text):
    """Code, mathematics, addresses, quotations and tables are in the treated text as they were."""
    treated = treat(item(text), facet, dose, "seed")
    if isinstance(treated, NotApplicable):
        assert treated.reason
        return
    out = apply_edits(text, treated[0])
    position = 0
    for start, end in protected_spans(text):
        position = out.index(text[start:end], position) + end - start
    assert out.lstrip("#* \n").startswith("no,") is False


@pytest.mark.parametrize("facet", FACET_IDS)
@given(text=st.text(max_size=200), dose=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_no_operator_fails_or_returns_its_input(facet, text, dose):
    """Whatever the text, an operator makes edits that change it, or says why not."""
    if not text:
        return
    treated = treat(item(text), facet, dose, "seed")
    if isinstance(treated, NotApplicable):
        assert treated.reason
    else:
        changed = apply_edits(text, treated[0]) != text
        assert changed == (facet != "placebo.identical")


def test_a_framed_answer_stands_whole_inside_its_frame():
    """Padding, courtesy and stance put sentences around the answer and touch nothing in it."""
    answer = "The sky is blue. It looks red in the evening, when the light has a longer way."
    for facet in ("len.pad", "tone.assistant", "stance.hedge", "stance.boost", "len.restate"):
        edits, _ = treat(item(answer), facet, 3, "seed")
        assert answer in apply_edits(answer, edits)


def test_a_misspelling_is_never_a_word_that_carries_a_claim():
    """Names, numbers and claim words are left alone."""
    never = set(load_fixture("banks/style")["flu.typos"]["never"])
    text = "The northern river rises before the southern river, and usually seven smaller streams never reach it. " * 3
    made = typos(Canvas(item(text)), 2, random.Random(1))
    assert not isinstance(made, NotApplicable)
    assert all(edit.old not in never and edit.old.islower() for edit in made.edits)


def test_every_bank_has_ten_templates():
    """A claim about style in general needs many templates."""
    banks = load_fixture("banks/style")
    for facet in ("len.pad", "len.restate", "tone.assistant", "stance.hedge", "stance.boost"):
        assert len(banks[facet]["openers"]) >= 10
        assert len(banks[facet]["closers"]) >= 10
    assert len(banks["tone.authoritative"]["phrases"]) >= 10
    assert len(banks["fmt.heading"]) >= 10
    assert len(banks["punct.emoji"]["signs"]) >= 10


def test_two_facets_that_want_the_same_place_are_refused():
    """A list and a heading both need the gap between two sentences."""
    made = treat(item("One thing is here. Another thing is there."), "fmt.list+fmt.heading", 2, "seed")
    assert isinstance(made, NotApplicable)
    assert "compete" in made.reason
