"""How much of what a judge says is itself: consistency under swapping, under asking again, and noise on placebos."""

from __future__ import annotations

import math

import numpy as np

from judgeaudit.records import Reliability
from judgeaudit.regression.bmj import Floats, Ints
from judgeaudit.regression.design import PLACEBO, Calls
from judgeaudit.regression.effects import PLACEBO_EFFECT, combine, net_cells

OUTCOMES = 3


def assess(calls: Calls) -> Reliability:
    """Measure how consistent one judge is with itself."""
    return Reliability(
        order_consistency=order_consistency(calls),
        retest_consistency=retest_consistency(calls),
        noise_floor=noise_floor(calls),
    )


def winners(calls: Calls) -> Ints:
    """Return 0 where b won, 1 for a tie, 2 where a won."""
    return np.where(calls.tie > 0, 1, np.where(calls.y > 0.5, 2, 0)).astype(np.int64)


def tally(calls: Calls) -> Floats:
    """Count the outcomes by pair and order, shape (pairs, 2, 3)."""
    n_pairs = int(calls.pair.max(initial=-1)) + 1
    key = 2 * OUTCOMES * calls.pair + OUTCOMES * (calls.s < 0) + winners(calls)
    counts = np.bincount(key, minlength=2 * OUTCOMES * n_pairs)
    return counts.reshape(n_pairs, 2, OUTCOMES).astype(np.float64)


def order_consistency(calls: Calls) -> float | None:
    """Return the share of pairs, seen in both orders, with the same winner; None where no pair was.

    With replicates, a pair counts by the share of its comparisons across orders that agree.
    """
    by_order = tally(calls)
    seen = by_order[by_order.sum(axis=2).min(axis=1, initial=np.inf) > 0]
    if not calls.two_orders or not len(seen):
        return None
    agree = seen.prod(axis=1).sum(axis=1) / seen.sum(axis=2).prod(axis=1)
    return float(agree.mean())


def retest_consistency(calls: Calls) -> float | None:
    """Return the share of repeated calls (same pair, same order) with the same winner; None where none was repeated."""
    cells = tally(calls).reshape(-1, OUTCOMES)
    repeated = cells[cells.sum(axis=1) > 1]
    if not len(repeated):
        return None
    n = repeated.sum(axis=1)
    agree = (repeated * (repeated - 1)).sum(axis=1) / (n * (n - 1))
    return float(agree.mean())


def noise_floor(calls: Calls) -> float | None:
    """Return how far, beyond chance, a judge leans between answers that do not differ; None where none was judged.

    The root mean square of the net preference over kinds of placebo (a pair's ``factor``), orders balanced, less the
    part that sampling alone would make: each kind's squared estimate less its jackknife variance, weighed by
    verdicts, and no less than zero. A judge that tosses a coin has none, however few its placebos.
    """
    placebo = calls.where(calls.contrast == PLACEBO)
    found = []
    for code in np.unique(calls.pairs.factor.codes[placebo.pair]):
        mine = placebo.where(calls.pairs.factor.codes[placebo.pair] == code)
        effect = combine(net_cells(mine), PLACEBO_EFFECT, two_orders=calls.two_orders)
        if not isinstance(effect, str) and effect.variance is not None:
            found.append((effect.estimate**2 - effect.variance, effect.n))
    if not found:
        return None
    return math.sqrt(max(0.0, sum(excess * n for excess, n in found) / sum(n for _, n in found)))
