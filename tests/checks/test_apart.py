"""Edits that are judged one by one: marks taken away, references invented, sentences left out."""

from __future__ import annotations

import pytest

from judgeaudit.checks.apart import citation_reasons, omission_reasons, stripping_reasons
from judgeaudit.records import Edit

TEXT = "## Sky\n1. It is **blue** at 2*3. In 19. it rose. The end."


def edit(old: str, new: str, text: str = TEXT) -> Edit:
    """Return the edit of the first place where ``old`` stands, and at the end of the first word for an insertion."""
    start = text.index(old) if old else text.index(" at")
    return Edit(start=start, end=start + len(old), old=old, new=new, label="one")


@pytest.mark.parametrize("mark", ["## ", "1. ", "**"])
def test_a_mark_may_go(mark: str) -> None:
    """Emphasis around words, and what opens a line."""
    assert not stripping_reasons(edit(mark, ""), TEXT)


@pytest.mark.parametrize(("old", "new"), [("19. ", ""), ("*3", ""), ("**", "__"), ("blue", ""), ("## ", "# ")])
def test_what_is_no_mark_may_not(old: str, new: str) -> None:
    """Numbers inside a line, words, and an exchange of marks are more than stripping."""
    assert stripping_reasons(edit(old, new), TEXT) == {"content"}


def test_a_factor_is_no_emphasis() -> None:
    """The star of a product stands between two figures."""
    assert stripping_reasons(edit("*", "", "It is 2*3."), "It is 2*3.") == {"content"}


@pytest.mark.parametrize("new", [" (Dahl, 2001)", " (see Dahl and Osei, 1998)", " (Dahl, Osei & Novak, 2020)"])
def test_an_author_and_a_year_are_a_reference(new: str) -> None:
    """Whatever the number of authors."""
    text = "It is blue at noon."
    assert not citation_reasons(edit("", new, text), text)


@pytest.mark.parametrize("new", [" (not blue, 2001)", " (Dahl, 2001) not", " (Dahl says it is red, 2001)", " in 2001"])
def test_anything_else_in_its_place_is_a_claim(new: str) -> None:
    """A reference names its source and says nothing."""
    text = "It is blue at noon."
    assert citation_reasons(edit("", new, text), text) == {"content"}


def test_a_whole_sentence_may_be_left_out_for_filler() -> None:
    """And neither half of one, nor a sentence that is replaced by another claim."""
    text = "It is blue. It was red in the evening. The end."
    assert not omission_reasons(edit("It was red in the evening.", "That is one part of the answer.", text), text)
    assert omission_reasons(edit("red in the evening.", "That is one part of the answer.", text), text)
    assert omission_reasons(edit("It was red in the evening.", "It was green in the morning.", text), text)
