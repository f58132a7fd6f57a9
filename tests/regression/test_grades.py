"""The verdict grammar and Holm's method."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from judgeaudit.errors import DesignError
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


@pytest.mark.parametrize("margin", [-0.1, math.nan])
def test_a_margin_that_holds_no_effect_is_refused(margin: float) -> None:
    """A negative margin would make everything material, and one that is no number would grade nothing in silence."""
    with pytest.raises(DesignError, match="margin"):
        grade(-0.05, 0.05, 60, margin)


def test_holm_equals_statsmodels() -> None:
    """The adjustment is that of statsmodels, ties included."""
    rng = np.random.default_rng(0)
    for size in range(1, 25):
        p_values = np.round(rng.beta(0.5, 2, size=size), 2).tolist()
        assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_a_p_value_that_is_none_is_refused() -> None:
    """What was not tested does not count in the family, and must not enter it as a number that is none."""
    with pytest.raises(DesignError, match="between 0 and 1"):
        holm([0.01, math.nan])


def test_an_empty_family_has_nothing_to_adjust() -> None:
    """No comparison, no p value."""
    assert holm([]) == []
