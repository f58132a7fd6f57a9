"""The gallery shows the mistakes that bend a ranking most."""

from __future__ import annotations

from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from judgeaudit.reports import gallery

from .audits import answered, crossed_pairs


def test_only_pairs_with_a_wrong_winner_hang():
    """A judge that never errs leaves the walls bare; pairs on which nobody can be wrong never hang."""
    pairs = crossed_pairs()
    assert gallery.choose(pairs, answered(pairs, "perfect", 60.0, 0.0)) == []
    hung = gallery.choose(pairs, answered(pairs, "stylish", 0.0, 60.0), most=1000)
    assert {exhibit.pair.contrast for exhibit in hung} <= {"conflict", "fact_plain", "fact_styled"}


def test_each_item_hangs_once_before_any_hangs_twice():
    """Variety comes before repetition, and conflict before all."""
    pairs = crossed_pairs()
    hung = gallery.choose(pairs, answered(pairs, "stylish", 0.0, 60.0))
    assert len({exhibit.pair.item_id for exhibit in hung}) == len(hung) == gallery.MOST
    assert {exhibit.pair.contrast for exhibit in hung} == {"conflict"}


def test_damage_falls_along_the_wall():
    """The worst hangs first."""
    pairs = crossed_pairs()
    verdicts = [*answered(pairs, "one", 1.0, 1.0), *answered(pairs, "two", 0.5, 2.0)]
    damages = [exhibit.damage for exhibit in gallery.choose(pairs, verdicts)]
    assert damages == sorted(damages, reverse=True)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60),
       st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60))  # fmt: skip
def test_marks_lose_no_letter(a, b):
    """Without its marks each side is the text it came from."""
    sides = gallery.mark_differences(a, b)
    plain = tuple(unescape(str(side).replace("<mark>", "").replace("</mark>", "")) for side in sides)
    assert plain == (a, b)


def test_a_long_text_is_cut_and_says_so():
    """Four thousand characters stand on the page and the rest is counted."""
    assert gallery.cut("x" * 5000).endswith('<span class="cut">… 1000 more characters in the run directory</span>')
    assert str(gallery.cut("x" * 4000)) == "x" * 4000
