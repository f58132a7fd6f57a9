"""The verdict grammar and Holm's method."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from judgeaudit.regression.grades import grade, holm


@pytest.mark.parametrize(
    ("low", "high", "clusters", "margin", "expected"),
    [
        (0.11, 0.4, 20, 0.1, "MATERIAL"),
        (-0.4, -0.11, 20, 0.1, "MATERIAL"),
        (-0.1, 0.1, 20, 0.1, "NEGLIGIBLE"),
        (-0.05, 0.3, 20, 0.1, "INCONCLUSIVE"),
        (0.1, 0.3, 20, 0.1, "INCONCLUSIVE"),
        (0.2, 0.4, 19, 0.1, "NOT GRADED"),
        (0.2, 0.4, 60, None, "NOT GRADED"),
        (None, None, 60, 0.1, "NOT GRADED"),
    ],
)
def test_grades(low: float | None, high: float | None, clusters: int, margin: float | None, expected: str) -> None:
    """Outside the margin is material, inside negligible, across inconclusive; few clusters or no margin: no grade."""
    assert grade(low, high, clusters, margin) == expected


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_equals_statsmodels(p_values: list[float]) -> None:
    """The adjustment is that of statsmodels, ties included."""
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_an_empty_family_has_nothing_to_adjust() -> None:
    """No comparison, no p value."""
    assert holm([]) == []
