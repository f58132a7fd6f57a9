"""How much of what a judge says is itself: consistency under swapping, under asking again, and noise on placebos."""

from __future__ import annotations

import numpy as np

from judgeaudit.records import Reliability
from judgeaudit.regression.bmj import Floats, Ints, tabulate_cells
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


def _tally(calls: Calls, unit: Ints) -> Floats:
    """Count the outcomes by unit, shape (units, 3)."""
    tally = tabulate_cells(np.ones(len(calls)), winners(calls), unit, OUTCOMES)
    return tally.count


def order_consistency(calls: Calls) -> float | None:
    """Return the share of pairs, seen in both orders, with the same winner; None where no pair was.

    With replicates, a pair counts by the share of its comparisons across orders that agree.
    """
    if not calls.two_orders or not len(calls):
        return None
    both = np.intersect1d(calls.pair[calls.s > 0], calls.pair[calls.s < 0])
    seen = calls.where(np.isin(calls.pair, both))
    if not len(seen):
        return None
    first, second = (_tally(side, side.pair) for side in (seen.where(seen.s > 0), seen.where(seen.s < 0)))
    agree = (first * second).sum(axis=1) / (first.sum(axis=1) * second.sum(axis=1))
    return float(agree.mean())


def retest_consistency(calls: Calls) -> float | None:
    """Return the share of repeated calls (same pair, same order) with the same winner; None where none was repeated."""
    if not len(calls):
        return None
    tally = _tally(calls, 2 * calls.pair + (calls.s < 0))
    n = tally.sum(axis=1)
    tally, n = tally[n > 1], n[n > 1]
    if not len(n):
        return None
    agree = (tally * (tally - 1)).sum(axis=1) / (n * (n - 1))
    return float(agree.mean())


def noise_floor(calls: Calls) -> float | None:
    """Return the mean absolute net preference over kinds of placebo; None where none was judged.

    Each kind (a pair's ``factor``) is averaged over its pairs first, orders balanced, so that chance and position
    cancel as they do in an effect; kinds weigh by their verdicts.
    """
    placebo = calls.where(calls.contrast == PLACEBO)
    found = []
    for code in np.unique(calls.pairs.factor.codes[placebo.pair]):
        mine = placebo.where(calls.pairs.factor.codes[placebo.pair] == code)
        effect = combine(net_cells(mine), PLACEBO_EFFECT, two_orders=calls.two_orders)
        if not isinstance(effect, str):
            found.append((abs(effect.estimate), effect.n))
    if not found:
        return None
    return sum(size * n for size, n in found) / sum(n for _, n in found)
