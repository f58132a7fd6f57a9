"""The beta-matched jackknife against golden values, the Jeffreys interval and its own symmetries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from judgeaudit.errors import DesignError
from judgeaudit.regression.bmj import NET, SHARE, Cells, Jackknife, bmj_interval, infer_bounded, tabulate_cells

ONE = np.ones(1)


def of_values(values: Any) -> Jackknife:
    y = np.asarray(values, dtype=float)
    n = len(y)
    return tabulate_cells(y, np.zeros(n, dtype=int), np.arange(n), 1).jackknife(ONE)


@pytest.mark.parametrize(("k", "n", "low", "high"), [(7, 10, 0.394182, 0.907305), (60, 60, 0.959166, 0.999992)])
def test_golden_values(k: int, n: int, low: float, high: float) -> None:
    """Seven of ten and sixty of sixty give the intervals of the specification."""
    found = infer_bounded(of_values([1] * k + [0] * (n - k)), SHARE)
    assert (found.conf_low, found.conf_high) == pytest.approx((low, high), abs=5e-7)


def test_equals_the_jeffreys_interval_for_zeros_and_ones() -> None:
    """For every 0/1 vector of up to thirty clusters the interval is the Jeffreys interval."""
    for n in range(1, 31):
        for k in range(n + 1):
            found = infer_bounded(of_values([1] * k + [0] * (n - k)), SHARE)
            jeffreys = _jeffreys(k, n)
            assert (found.conf_low, found.conf_high) == pytest.approx(jeffreys, abs=1e-9), (k, n)


def _jeffreys(k: int, n: int) -> tuple[float, float]:
    low, high = proportion_confint(k, n, alpha=0.05, method="jeffreys")
    return float(low), float(high)


def test_the_net_scale_is_the_share_scale_stretched() -> None:
    """Twice a share minus one has twice the interval minus one."""
    y = np.array([1, 1, 0, 0.5, 1, 0, 1, 1])
    share, net = infer_bounded(of_values(y), SHARE), infer_bounded(of_values(2 * y - 1), NET)
    assert (net.conf_low, net.conf_high) == pytest.approx((2 * share.conf_low - 1, 2 * share.conf_high - 1))
    assert net.std_error == pytest.approx(2 * share.std_error)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=40))
def test_swapping_a_and_b_mirrors_the_interval(values: list[float]) -> None:
    """Turning every preference round changes the sign of the estimate and of both ends."""
    z = 2 * np.array(values) - 1
    one, other = infer_bounded(of_values(z)), infer_bounded(of_values(-z))
    assert (one.conf_low, one.conf_high) == pytest.approx((-other.conf_high, -other.conf_low), abs=1e-9)
    assert one.p_value == pytest.approx(other.p_value, abs=1e-9)
    assert -1 <= one.conf_low < one.conf_high <= 1


def test_the_p_value_is_one_minus_the_level_that_just_reaches_zero() -> None:
    """The interval at level 1 - p has an end at zero."""
    jackknife = of_values([1, 1, 1, 0, 1, 1, 0, 1, 0.5, 1, 1, 0])
    shifted = jackknife.affine(-1.0, 2.0)
    found = infer_bounded(shifted)
    at_p = infer_bounded(shifted, level=1 - found.p_value)
    assert 0 < found.p_value < 0.5
    assert at_p.conf_low == pytest.approx(0, abs=1e-9)


def test_unbalanced_clusters_count_as_one_each() -> None:
    """Asking one item a hundred times does not narrow the interval as a hundred items would."""
    cluster = np.repeat([0, 1, 2, 3], [97, 1, 1, 1])
    y = np.where(cluster == 0, 1.0, 0.0)
    repeated = infer_bounded(tabulate_cells(y, np.zeros(100, dtype=int), cluster, 1).jackknife(ONE), SHARE)
    independent = infer_bounded(of_values(y), SHARE)
    assert repeated.n_clusters == 4
    assert repeated.conf_high - repeated.conf_low > 5 * (independent.conf_high - independent.conf_low)


def test_post_stratification_cancels_position_in_lopsided_orders() -> None:
    """A judge that always takes the first answer has no preference, however unevenly orders were drawn."""
    order = np.array([0] * 30 + [1] * 10)
    z = np.where(order == 0, 1.0, -1.0)
    found = tabulate_cells(z, order, np.arange(40), 2).jackknife(np.array([0.5, 0.5]))
    assert (found.estimate, found.variance) == (0.0, 0.0)


def test_one_cluster_gives_the_widest_honest_interval() -> None:
    """A single item with both outcomes says next to nothing."""
    found = infer_bounded(tabulate_cells(np.array([1.0, -1.0]), np.zeros(2, int), np.zeros(2, int), 1).jackknife(ONE))
    assert found.recipe["variance"] == "largest the bounds allow"
    assert (found.conf_low, found.conf_high) == pytest.approx((-0.95, 0.95))


def test_an_empty_cell_is_refused() -> None:
    """A mean over no verdicts is not silently zero."""
    with pytest.raises(DesignError, match="holds no verdict"):
        Cells(np.zeros((3, 2)), np.array([[1.0, 0.0]] * 3)).jackknife(np.array([0.5, 0.5]))


def test_clusters_that_do_not_contribute_are_not_counted() -> None:
    """Only clusters with a verdict in a cell that carries weight count as evidence."""
    cells = tabulate_cells(np.ones(6), np.array([0, 0, 0, 1, 1, 1]), np.arange(6), 2)
    assert cells.jackknife(np.array([1.0, 0.0])).n_clusters == 3


def test_the_public_interval_takes_plain_numbers() -> None:
    """``bmj_interval`` needs the mean, its jackknife variance and the number of clusters, nothing else."""
    assert bmj_interval(1.0, 0.0, 60, SHARE) == pytest.approx((0.959166, 0.999992), abs=5e-7)


@pytest.mark.parametrize(
    ("estimate", "variance", "clusters"), [(1.5, 0.1, 10), (0.5, -0.1, 10), (0.5, 0.1, 0), (np.nan, 0.1, 9)]
)
def test_what_has_no_interval_is_refused(estimate: float, variance: float, clusters: int) -> None:
    """A mean outside its bounds, a negative variance or no cluster at all never end in a number."""
    with pytest.raises(DesignError, match="no interval"):
        bmj_interval(estimate, variance, clusters)
