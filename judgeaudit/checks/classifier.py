"""A style reader in numpy: how well can the two sides of a set of pairs be told apart by their surface alone?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Z95 = 1.959963984540054


def ridge_logistic(X: Array, y: Array, l2: float = 1.0, steps: int = 50) -> Array:
    """Fit a logistic regression with a ridge penalty by Newton's method.

    Parameters
    ----------
    X
        Shape (n, p); add a column of ones for an intercept (it is penalised like the rest).
    y
        Shape (n,), 0 or 1.
    l2
        Penalty: half of it times the squared norm is added to the summed negative log-likelihood.
    steps
        At most so many iterations; the objective is strictly convex and usually needs about eight.

    Returns
    -------
    array of shape (p,)
        The coefficients.
    """
    beta = np.zeros(X.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(X @ beta, -35, 35)))
        gradient = X.T @ (y - p) - l2 * beta
        hessian = (X * (p * (1 - p))[:, None]).T @ X + l2 * np.eye(X.shape[1])
        step = np.linalg.solve(hessian, gradient)
        beta += step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return beta


def grouped_folds(groups: npt.NDArray[np.int64], k: int, seed: int) -> npt.NDArray[np.int64]:
    """Return a fold in 0..k-1 for every row, the same for all rows of a group."""
    order = np.random.default_rng(seed).permutation(int(groups.max()) + 1)
    return np.argsort(order)[groups] % k


def unpaired_scores(A: Array, B: Array, folds: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Return held-out scores of the a and the b texts, each text judged by itself: positive means "looks like an a".

    Parameters
    ----------
    A, B
        Features of the two sides, each of shape (n pairs, p).
    folds
        Fold of every pair, shape (n,).
    """
    scores_a, scores_b = np.zeros(len(A)), np.zeros(len(B))
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        X = np.vstack([A[train], B[train]])
        mean, scale = X.mean(axis=0), _scale(X.std(axis=0))
        y = np.repeat([1.0, 0.0], train.sum())
        beta = ridge_logistic(_with_ones((X - mean) / scale), y)
        scores_a[test] = _with_ones((A[test] - mean) / scale) @ beta
        scores_b[test] = _with_ones((B[test] - mean) / scale) @ beta
    return scores_a, scores_b


def paired_scores(A: Array, B: Array, folds: npt.NDArray[np.int64]) -> Array:
    """Return held-out scores of the pairs: positive where a reader of both texts takes the a for the a.

    A logistic regression on differences without an intercept does not depend on which side comes first, so
    every pair enters as a minus b with the label 1.
    """
    D = A - B
    scores = np.zeros(len(D))
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        scale = _scale(np.sqrt((D[train] ** 2).mean(axis=0)))
        beta = ridge_logistic(D[train] / scale, np.ones(train.sum()))
        scores[test] = (D[test] / scale) @ beta
    return scores


def _scale(spread: Array) -> Array:
    return np.where(spread > 1e-9, spread, 1.0)


def _with_ones(X: Array) -> Array:
    return np.column_stack([X, np.ones(len(X))])


def hits(scores: Array) -> Array:
    """Return 1 for a positive score, 0 for a negative one, and a half where the reader cannot tell."""
    decided = np.where(np.abs(scores) > 1e-9, scores, 0.0)
    return (np.sign(decided) + 1) / 2


def auc(positive: Array, negative: Array) -> float:
    """Return the share of (positive, negative) pairs in which the positive scores higher, ties counting half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / 2 / len(negative))


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval: bootstrap over clusters, and Wilson's as if pairs were independent."""

    estimate: float
    low: float
    high: float
    wilson_low: float
    wilson_high: float


def clustered_share(values: Array, clusters: npt.NDArray[np.int64], seed: int, draws: int = 2000) -> Share:
    """Return the mean of ``values`` with a percentile interval from resampling whole clusters.

    Parameters
    ----------
    values
        Shape (n,), each in [0, 1].
    clusters
        Cluster of every value, 0..G-1.
    seed, draws
        Of the bootstrap.
    """
    sums, sizes = np.bincount(clusters, values), np.bincount(clusters).astype(float)
    weights = np.random.default_rng(seed).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws)
    means = (weights @ sums) / (weights @ sizes)
    low, high = np.quantile(means, [0.025, 0.975])
    mean = float(values.mean())
    return Share(mean, float(low), float(high), *wilson(mean, len(values)))


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of ``n`` (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> [round(x, 3) for x in wilson(0.5, 100)]
    [0.404, 0.596]
    """
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n)) / (1 + Z95**2 / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def largest_shift(A: Array, B: Array) -> tuple[int, float]:
    """Return the feature whose mean difference is largest in standard deviations, and that number, signed."""
    scale = _scale(np.vstack([A, B]).std(axis=0))
    shifts = (A - B).mean(axis=0) / scale
    index = int(np.abs(shifts).argmax())
    return index, float(shifts[index])
