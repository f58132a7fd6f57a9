"""A digest is one value, however it is come by."""

from hypothesis import example, given
from hypothesis import strategies as st

from judgeaudit.records import digest, digest_row

TEXTS = st.text(st.characters())  # halves of surrogate pairs among them


@given(st.lists(TEXTS | st.integers() | st.lists(TEXTS)))
@example(
    ["", "\x00\b\t\n\x0b\f\r\x1f", "\x7f\x80\u2028\ufeff", '\\"/', "naïve 好 👩\u200d🔬", "\ud83d", ["\ud83d", ""]]
)
def test_a_row_has_the_digest_of_its_values(row: list[str | int | list[str]]) -> None:
    """The quick way gives the same hash as the general one, on which the keys of every store rest."""
    assert digest_row(row) == digest(row)


def test_a_digest_never_changes() -> None:
    """A store finds its verdicts again: the hash is that of the row in its canonical form."""
    expected = "980eb797fb13b174913a831deee6332d02266c552f19247023121b4e942c4354"  # of ["p1","j","ab",0]
    assert digest_row(["p1", "j", "ab", 0]) == digest(["p1", "j", "ab", 0]) == expected
