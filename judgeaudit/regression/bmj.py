"""The beta-matched jackknife: intervals for bounded means that stay honest at 0 and 100 percent.

Everything on the net-preference scale is a linear combination of cell means (a cell is one contrast shown in one
order), so one table of totals by cluster and cell gives the estimate, its delete-one-cluster jackknife variance and,
through two half-weight pseudo-clusters at the bounds, an interval that equals the Jeffreys interval for 0/1 data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judgeaudit.errors import DesignError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.95
LEAST_CONCENTRATION = 1.0
"""Of the matched Beta distribution (one observation under Jeffreys has 2): keeps pathological variances finite."""
ROUNDING = 1e-12
"""What sums of cell means may lose to rounding."""


@dataclass(frozen=True)
class Bounds:
    """Where a quantity can lie, and where the two half-weight pseudo-clusters are put."""

    low: float = -1.0
    high: float = 1.0
    pseudo_low: float | None = None
    """Place of the lower pseudo-cluster; None for the bound itself."""
    pseudo_high: float | None = None

    @property
    def pseudo(self) -> tuple[float, float]:
        """Both places."""
        low = self.low if self.pseudo_low is None else self.pseudo_low
        return low, self.high if self.pseudo_high is None else self.pseudo_high


NET = Bounds()
SHARE = Bounds(0.0, 1.0)
DIFFERENCE = Bounds(-2.0, 2.0, -1.0, 1.0)


@dataclass(frozen=True)
class Jackknife:
    """A linear combination of cell means with its delete-one-cluster variance."""

    estimate: float
    variance: float | None
    """None where deleting one cluster empties a cell, so that the jackknife does not exist."""
    n: int
    """Verdicts in the cells used."""
    n_clusters: int
    """Clusters that contribute to the cells used."""
    support: int
    """Clusters that stand behind the estimate if every cell were as thin as the thinnest."""

    def affine(self, shift: float, slope: float) -> Jackknife:
        """Return the same for shift + slope x estimate."""
        variance = None if self.variance is None else slope**2 * self.variance
        return replace(self, estimate=shift + slope * self.estimate, variance=variance)


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval, two-sided p value for zero, and how they were made."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    p_value: float
    n: int
    n_clusters: int
    recipe: dict[str, Any]
    note: str = ""

    @property
    def ends(self) -> tuple[float, float]:
        """The ends, moved out to the estimate where it is at a bound that they stop short of."""
        return min(self.conf_low, self.estimate), max(self.conf_high, self.estimate)


@dataclass(frozen=True)
class Cells:
    """Totals and counts of a bounded value by cluster and cell."""

    total: Floats
    """Sum of the value, shape (clusters, cells)."""
    count: Floats
    """Number of verdicts, shape (clusters, cells)."""

    def pooled(self, groups: Floats) -> Cells:
        """Merge cells: ``groups`` (cells, merged cells) has a 1 where a cell goes into a merged one."""
        return Cells(self.total @ groups, self.count @ groups)

    def jackknife(self, weights: Floats) -> Jackknife:
        """Combine cell means with ``weights`` (cells,) and delete each contributing cluster once.

        Raises
        ------
        DesignError
            When a cell that carries weight is empty.
        """
        used = weights != 0
        total, count, w = self.total[:, used], self.count[:, used], weights[used]
        contributes = count.any(axis=1)
        total, count = total[contributes], count[contributes]
        sums, sizes = total.sum(axis=0), count.sum(axis=0)
        if not sizes.all():
            raise DesignError("a cell that carries weight holds no verdict; pool it with another, then combine")
        estimate = float((sums / sizes) @ w)
        thinnest = int((count > 0).sum(axis=0).min())
        variance = _delete_one(total, count, w, estimate) if thinnest > 1 else None
        n_clusters = len(total)
        return Jackknife(estimate, variance, int(sizes.sum()), n_clusters, min(n_clusters, thinnest * len(w)))


def _delete_one(total: Floats, count: Floats, weights: Floats, estimate: float) -> float:
    g = len(total)
    without = (total.sum(axis=0) - total) / (count.sum(axis=0) - count)
    return float((g - 1) / g * ((without @ weights - estimate) ** 2).sum())


def tabulate_cells(value: Floats, cell: Ints, cluster: Ints, n_cells: int) -> Cells:
    """Sum ``value`` and count verdicts by cluster and cell.

    Parameters
    ----------
    value, cell, cluster
        One entry per verdict, shape (n,); ``cell`` counts from 0 to ``n_cells`` - 1, a negative cell is left out.
    n_cells
        Number of cells.
    """
    if (cell < 0).any():
        keep = cell >= 0
        value, cell, cluster = value[keep], cell[keep], cluster[keep]
    present = np.zeros(int(cluster.max(initial=-1)) + 1, dtype=bool)
    present[cluster] = True
    rank = np.cumsum(present) - 1
    g = int(present.sum())
    key = rank[cluster] * n_cells + cell
    total = np.bincount(key, weights=value, minlength=g * n_cells).astype(np.float64)
    count = np.bincount(key, minlength=g * n_cells).astype(np.float64)
    return Cells(total.reshape(g, n_cells), count.reshape(g, n_cells))


def count_clusters(cluster: Ints) -> int:
    """Return how many different codes ``cluster`` (n,) holds; codes count from 0."""
    return int(np.count_nonzero(np.bincount(cluster)))


def beta_matched(estimate: float, scatter: float, clusters: int, bounds: Bounds = NET) -> tuple[float, float]:
    """Return the shape parameters (a, b) of the Beta distribution matched to a bounded mean over clusters.

    The moments are those of a Bayesian bootstrap over the clusters and two pseudo-clusters of weight one half at the
    ends: for 0/1 data with k successes in n they give Beta(k + 1/2, n - k + 1/2), the Jeffreys posterior.

    Parameters
    ----------
    estimate
        The mean, inside ``bounds``.
    scatter
        Sum of squared deviations of the clusters from it: G (G - 1) times its jackknife variance.
    clusters
        Independent units G that contribute to the mean.
    bounds
        Range of the quantity and place of the pseudo-clusters.

    References
    ----------
    Brown, Cai and DasGupta (2001), Interval estimation for a binomial proportion, doi:10.1214/ss/1009213286;
    Rubin (1981), The Bayesian bootstrap, doi:10.1214/aos/1176345338.
    """
    g, width = clusters, bounds.high - bounds.low
    low, high = bounds.pseudo
    m = (g * estimate + 0.5 * (low + high)) / (g + 1)
    ss = scatter + g * (estimate - m) ** 2 + 0.5 * ((low - m) ** 2 + (high - m) ** 2)
    v = ss / ((g + 1) * (g + 2))
    u = (m - bounds.low) / width
    nu = max(u * (1 - u) / (v / width**2) - 1, LEAST_CONCENTRATION)
    return u * nu, (1 - u) * nu


def bmj_interval(
    estimate: float, variance: float, clusters: int, bounds: Bounds = NET, level: float = LEVEL
) -> tuple[float, float]:
    """Return the beta-matched jackknife interval of a bounded mean.

    Parameters
    ----------
    estimate
        The mean, inside ``bounds``.
    variance
        Its delete-one-cluster jackknife variance.
    clusters
        Independent units that contribute to the mean.
    bounds
        Range of the quantity and place of the pseudo-clusters.
    level
        Coverage probability.

    Raises
    ------
    DesignError
        When there is no cluster, the estimate is outside its bounds, or the variance is negative.

    Examples
    --------
    >>> low, high = bmj_interval(0.7, 0.7 * 0.3 / 9, 10, SHARE)
    >>> round(low, 6), round(high, 6)
    (0.394182, 0.907305)
    """
    estimate = _at_bound(estimate, bounds)
    if clusters < 1 or not bounds.low <= estimate <= bounds.high or not variance >= 0:
        raise DesignError(
            f"no interval for a mean of {estimate} over {clusters} cluster(s) with variance {variance}: the mean must "
            f"lie between {bounds.low:g} and {bounds.high:g}, over one cluster or more, its variance be zero or more"
        )
    scatter = clusters * (clusters - 1) * variance
    return _quantiles(*beta_matched(estimate, scatter, clusters, bounds), bounds, level)


def _quantiles(a: float, b: float, bounds: Bounds, level: float) -> tuple[float, float]:
    from scipy.special import betaincinv

    low, high = betaincinv(a, b, [(1 - level) / 2, (1 + level) / 2])
    width = bounds.high - bounds.low
    return float(bounds.low + width * low), float(bounds.low + width * high)


def _at_bound(value: float, bounds: Bounds) -> float:
    """Return the bound that a sum of cell means has reached but for rounding, or the value itself."""
    return next((end for end in (bounds.low, bounds.high) if abs(value - end) < ROUNDING), value)


def infer_bounded(jackknife: Jackknife, bounds: Bounds = NET, level: float = LEVEL) -> Interval:
    """Turn a jackknifed combination of cell means into an estimate with interval and p value.

    The standard error is that of the matched Beta distribution, so it does not vanish for a judge that never errs; the
    p value is one minus the level at which the interval would just reach zero. Where the jackknife does not exist (a
    single cluster, or a cell that rests on one), the largest scatter the bounds allow takes its place.
    """
    from scipy.special import betainc

    theta, width = _at_bound(jackknife.estimate, bounds), bounds.high - bounds.low
    if jackknife.variance is None:
        clusters, made = jackknife.support, "largest the bounds allow"
        scatter = clusters * (bounds.high - theta) * (theta - bounds.low)
    else:
        clusters, made = jackknife.n_clusters, "delete-one-cluster jackknife"
        scatter = clusters * (clusters - 1) * jackknife.variance
    a, b = beta_matched(theta, scatter, clusters, bounds)
    low, high = _quantiles(a, b, bounds, level)
    below = float(betainc(a, b, min(max(-bounds.low / width, 0.0), 1.0)))
    return Interval(
        estimate=theta,
        std_error=width * math.sqrt(a * b / ((a + b) ** 2 * (a + b + 1))),
        conf_low=low,
        conf_high=high,
        p_value=min(1.0, 2 * min(below, 1 - below)),
        n=jackknife.n,
        n_clusters=jackknife.n_clusters,
        recipe={"level": level, "variance": made},
    )
