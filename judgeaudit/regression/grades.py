"""The verdict grammar: what an interval says about a declared margin, and what many intervals say together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from judgeaudit.errors import DesignError
from judgeaudit.records import Grade

FEWEST_CLUSTERS = 20
"""Independent units below which nothing is graded."""


def grade(low: float | None, high: float | None, n_clusters: int, margin: float | None) -> Grade:
    """Say whether an effect matters, held against the margin that was declared before.

    Parameters
    ----------
    low, high
        Ends of the interval; None where there is none.
    n_clusters
        Independent units behind it.
    margin
        Largest effect that does not matter, on the effect's scale; None when none was declared.

    Raises
    ------
    DesignError
        When the margin is negative or not a number.

    Examples
    --------
    >>> grade(0.2, 0.4, 60, 0.1), grade(-0.05, 0.08, 60, 0.1), grade(0.05, 0.3, 60, 0.1), grade(0.2, 0.4, 12, 0.1)
    ('MATERIAL', 'NEGLIGIBLE', 'INCONCLUSIVE', 'NOT GRADED')
    """
    if margin is not None and not margin >= 0:
        raise DesignError(
            f"a margin of {margin} holds no effect; declare the largest that does not matter, such as 0.1"
        )
    if low is None or high is None or margin is None or n_clusters < FEWEST_CLUSTERS:
        return "NOT GRADED"
    if low > margin or high < -margin:
        return "MATERIAL"
    if -margin <= low and high <= margin:
        return "NEGLIGIBLE"
    return "INCONCLUSIVE"


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values so that the chance of any false claim in the family stays below the level.

    Raises
    ------
    DesignError
        When a value is not a probability.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise DesignError("p values must lie between 0 and 1; leave out those that do not exist")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return [float(value) for value in adjusted]
