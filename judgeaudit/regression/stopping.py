"""Stopping on a verdict: intervals that hold at every look at once.

Looking after each item and stopping at the first ordinary interval that clears the margin is wrong far more often than
it says. A confidence sequence holds at all looks together; the hybrid keeps most of the error for the final look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from judgeaudit.errors import DesignError, suggest
from judgeaudit.records import Grade, Pair, Verdict
from judgeaudit.regression.bmj import LEVEL, NET, Bounds, Jackknife, infer_bounded
from judgeaudit.regression.design import tabulate
from judgeaudit.regression.effects import ESTIMANDS, combine, net_cells
from judgeaudit.regression.grades import grade

SEQUENCE_SHARE = 0.2
"""Share of the error the hybrid spends on early looks: 1 % of 5 %."""


def effect_so_far(pairs: Sequence[Pair], verdicts: Sequence[Verdict], term: str) -> Jackknife:
    """Return one judge's effect as the verdicts so far show it, for `verdict_so_far`.

    Parameters
    ----------
    pairs
        Every pair of the plan.
    verdicts
        Those of one judge, up to the look.
    term
        An effect on the net-preference scale, such as ``style_reward``.

    Raises
    ------
    DesignError
        When the effect is unknown, the verdicts are of several judges or of none, or do not show the effect yet.
    """
    known = {estimand.term: estimand for estimand in ESTIMANDS}
    if term not in known:
        raise DesignError(f"unknown effect {term!r}{suggest(term, known)}; known are {', '.join(known)}")
    calls = tabulate(pairs, verdicts)
    if len(calls) != 1:
        raise DesignError(f"the verdicts are of {len(calls)} judges ({', '.join(calls)}); look at one at a time")
    (only,) = calls.values()
    found = combine(net_cells(only), known[term], two_orders=only.two_orders)
    if isinstance(found, str):
        raise DesignError(f"{term} cannot be told yet: {found}")
    return found


def confidence_sequence(
    found: Jackknife, *, tuned_to: int, bounds: Bounds = NET, level: float = LEVEL
) -> tuple[float, float]:
    """Return an interval that holds at every number of clusters simultaneously (asymptotically).

    The variance is the jackknife's, and no less than that of the matched Beta distribution: verdicts that have not
    varied yet do not make an interval of no width.

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
    sigma = math.sqrt(max(found.variance, infer_bounded(found, bounds).std_error ** 2) * t)
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
