"""Stopping on a verdict: intervals that hold at every look at once.

Looking after each item and stopping at the first ordinary interval that clears the margin is wrong far more often than
it says. A confidence sequence holds at all looks together; the hybrid keeps most of the error for the final look.
"""

from __future__ import annotations

import math

from judgeaudit.errors import DesignError
from judgeaudit.records import Grade
from judgeaudit.regression.bmj import LEVEL, NET, Bounds, Jackknife, infer_bounded
from judgeaudit.regression.grades import grade

SEQUENCE_SHARE = 0.2
"""Share of the error the hybrid spends on early looks: 1 % of 5 %."""


def confidence_sequence(
    found: Jackknife, *, tuned_to: int, bounds: Bounds = NET, level: float = LEVEL
) -> tuple[float, float]:
    """Return an interval that holds at every number of clusters simultaneously (asymptotically).

    Parameters
    ----------
    found
        The jackknifed effect so far.
    tuned_to
        Number of clusters at which the sequence is tightest.
    bounds
        Range of the effect.
    level
        Chance that the interval holds the truth at all looks.

    Raises
    ------
    DesignError
        When the jackknife does not exist yet, or ``tuned_to`` is not positive.

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central limit theory and asymptotic confidence
    sequences, arXiv:2103.06476.
    """
    if found.variance is None or tuned_to < 1:
        raise DesignError("a confidence sequence needs two clusters in every cell and a positive number to be tuned to")
    alpha, t = 1 - level, found.n_clusters
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha)) + 1) / tuned_to
    sigma = math.sqrt(found.variance * t)
    grown = t * rho2 + 1
    half = sigma * math.sqrt(2 * grown / (t**2 * rho2) * math.log(math.sqrt(grown) / alpha))
    return max(found.estimate - half, bounds.low), min(found.estimate + half, bounds.high)


def hybrid_interval(found: Jackknife, *, n_max: int, bounds: Bounds = NET, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a look: a sequence at one fifth of the error before ``n_max``, the rest at ``n_max``.

    For those who need an answer at ``n_max`` and would stop earlier where the case is clear.
    """
    alpha = 1 - level
    if found.n_clusters < n_max:
        return confidence_sequence(found, tuned_to=n_max, bounds=bounds, level=1 - SEQUENCE_SHARE * alpha)
    last = infer_bounded(found, bounds, 1 - (1 - SEQUENCE_SHARE) * alpha)
    return last.conf_low, last.conf_high


def verdict_so_far(found: Jackknife, margin: float, *, n_max: int, bounds: Bounds = NET, hybrid: bool = False) -> Grade:
    """Grade an effect at a look, so that the chance of a wrong verdict at any look stays below five percent.

    A run may stop as soon as this is MATERIAL or NEGLIGIBLE.
    """
    if hybrid:
        low, high = hybrid_interval(found, n_max=n_max, bounds=bounds)
    else:
        low, high = confidence_sequence(found, tuned_to=n_max, bounds=bounds)
    return grade(low, high, found.n_clusters, margin)
