"""How much coefficients would vary from audit to audit: over items, and over whatever else verdicts share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from judgeaudit.regression.bmj import LEVEL, Floats, count_clusters
from judgeaudit.regression.design import Design
from judgeaudit.regression.newton import BATCH_ENTRIES, expit, information, solve_logits

EXACT_JACKKNIFE = 5_000_000
"""Clusters x distinct rows above which each leave-one-out refit is one Newton step."""
FEWEST_LEVELS = 3
"""Templates or raters below which their spread cannot be told."""
MANY_LEVELS = 10
"""Templates, or raters, from which an interval speaks of others like them."""
LEAST_VARIANCE = 1e-12
"""Of a coefficient: below it the verdicts do not vary between clusters and a Wald interval says nothing."""


@dataclass(frozen=True)
class Covariance:
    """One way to measure how much coefficients would vary."""

    matrix: Floats
    """Shape (p, p)."""
    df: int
    """Degrees of freedom of the t interval: units - 1."""
    unit: str = "item"
    """What is taken as independent."""
    only: tuple[str, ...] = ()
    """Count it only for these columns; none named means all."""


@dataclass(frozen=True)
class Spread:
    """Standard error of one number, with what it was measured over."""

    std_error: float
    df: int
    unit: str


def widest(covs: Sequence[Covariance], direction: Floats, level: float = LEVEL) -> Spread | None:
    """Return the spread of ``direction`` (p,) that gives the widest t interval; None where nothing varies."""
    variances = [float(direction @ cov.matrix @ direction) for cov in covs]
    found = [
        Spread(variance**0.5, cov.df, cov.unit)
        for variance, cov in zip(variances, covs, strict=True)
        if variance > LEAST_VARIANCE
    ]
    return widest_spread(found, level) if found else None


def widest_spread(spreads: Sequence[Spread], level: float = LEVEL) -> Spread:
    """Return the spread that gives the widest t interval."""
    from scipy.special import stdtrit

    return max(spreads, key=lambda s: float(s.std_error * stdtrit(s.df, (1 + level) / 2)))


def wald(value: float, std_error: float, df: int, level: float = LEVEL) -> tuple[float, float, float, float]:
    """Return statistic, p value and the ends of a t interval."""
    from scipy.special import stdtr, stdtrit

    statistic = value / std_error
    half = float(stdtrit(df, (1 + level) / 2)) * std_error
    return statistic, float(2 * stdtr(df, -abs(statistic))), value - half, value + half


def recipe_of(spread: Spread | None) -> dict[str, Any]:
    """Say over what a spread was measured."""
    return {} if spread is None else {"df": spread.df, "independent": spread.unit}


# ---------------------------------------------------------------------------------------------- of a logit


def totals(design: Design) -> tuple[Floats, Floats]:
    """Return the sum of the responses and the number of verdicts at each distinct row, both (1, K)."""
    total = np.bincount(design.rows.index, weights=design.y, minlength=len(design.rows.X))
    return total.astype(np.float64)[None, :], design.rows.count[None, :]


def cluster_robust(design: Design, params: Floats, only: Sequence[str] = ()) -> Floats:
    """Return the CR1 covariance (p, p) of a logit, as statsmodels defines it.

    Parameters
    ----------
    design, params
        The problem and its solution, shape (p,).
    only
        Columns whose covariances are wanted; the rest of the matrix is then zero. None named means all.

    References
    ----------
    Liang and Zeger (1986), doi:10.1093/biomet/73.1.13; Cameron and Miller (2015), doi:10.3368/jhr.50.2.317.
    """
    rows = design.rows
    residual = design.y - expit(rows.X @ params)[rows.index]
    g, n, p = count_clusters(design.cluster), len(design.y), len(params)
    influence = rows.X @ np.linalg.inv(information(rows.X, rows.count, params))
    moved = np.zeros((int(design.cluster.max()) + 1, p))
    for j, name in enumerate(design.columns):
        if not only or name in only:
            moved[:, j] = np.bincount(design.cluster, weights=residual * influence[:, j][rows.index])
    return np.asarray(g / (g - 1) * (n - 1) / (n - p) * moved.T @ moved)


def jackknife_covariance(design: Design, params: Floats, *, firth: bool) -> Floats | None:
    """Return the delete-one-cluster jackknife covariance (CV3) of a logit, with Firth's penalty or without, (p, p).

    None where deleting one cluster leaves a coefficient unidentified.

    References
    ----------
    MacKinnon, Nielsen and Webb (2024), Cluster-robust jackknife and bootstrap inference for logistic regression models,
    arXiv:2406.00650.
    """
    rows = design.rows
    _, cluster = np.unique(design.cluster, return_inverse=True)
    g, k = int(cluster.max()) + 1, len(rows.X)
    total, count = totals(design)
    steps = 100 if g * k <= EXACT_JACKKNIFE else 1
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(g + 1))
    size = max(1, BATCH_ENTRIES // k)
    meat = np.zeros((len(params), len(params)))
    for begin in range(0, g, size):
        end = min(begin + size, g)
        members = order[starts[begin] : starts[end]]
        key = (cluster[members] - begin) * k + rows.index[members]
        own_total, own_count = (
            np.bincount(key, weights=w, minlength=(end - begin) * k).reshape(end - begin, k)
            for w in (design.y[members], None)
        )
        without = count - own_count
        if _loses_rank(rows.X, without):
            return None
        refits = solve_logits(rows.X, total - own_total, without, firth=firth, start=params, max_iter=steps)
        deviation = refits.params - params
        meat += deviation.T @ deviation
    return (g - 1) / g * meat


def _loses_rank(X: Floats, count: Floats) -> bool:
    p = X.shape[1]
    patterns = np.unique(count > 0, axis=0)
    return any(np.linalg.matrix_rank(X[pattern]) < p for pattern in patterns)


def few_levels(name: str, levels: int) -> str:
    """Say what few templates or raters mean for the claim; nothing where there are enough, or none."""
    if levels >= MANY_LEVELS or not levels:
        return ""
    if levels < FEWEST_LEVELS:
        return f"for {'this' if levels == 1 else f'these {levels}'} {name}{'s' * (levels > 1)} only"
    return f"{levels} {name}s: with fewer than {MANY_LEVELS}, the interval says little of others"


def shared_covariances(design: Design, measure: Callable[[Design, Sequence[str]], Floats | None]) -> list[Covariance]:
    """Return a covariance for each further thing rows share: templates for style, raters for everything.

    Rows that have no template are clustered as before. Fewer than three levels carry no information on their spread.

    Parameters
    ----------
    design
        Rows, their clusters, and what else they share.
    measure
        Returns the covariance (p, p) of the coefficients named, or of all, over the clusters of a design; None where
        there is none.
    """
    found = []
    for share in design.sharing:
        if share.levels < FEWEST_LEVELS:
            continue
        beyond = int(share.codes.max()) + 1
        codes = np.where(share.codes >= 0, share.codes, beyond + design.cluster)
        matrix = measure(replace(design, cluster=codes), share.only)
        if matrix is not None:
            found.append(Covariance(matrix, share.levels - 1, share.name, share.only))
    return found
