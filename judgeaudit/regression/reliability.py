"""How much of what a judge says is itself: consistency under swapping, under asking again, and noise on placebos."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from judgeaudit.records import Estimate, Reliability
from judgeaudit.regression.bmj import LEVEL, SHARE, Floats, Ints, infer_bounded, tabulate_cells
from judgeaudit.regression.design import PLACEBO, Calls
from judgeaudit.regression.effects import PLACEBO_EFFECT, combine, net_cells, to_estimate

OUTCOMES = 3


def assess(calls: Calls) -> Reliability:
    """Measure how consistent one judge is with itself."""
    found = {estimate.term: estimate.estimate for estimate in consistency(calls)}
    return Reliability(
        order_consistency=found.get("order_consistency"),
        retest_consistency=found.get("retest_consistency"),
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


def consistency(calls: Calls, level: float = LEVEL) -> Iterator[Estimate]:
    """Yield both consistencies with their intervals, items taken as independent, where they were measured."""
    counts = tally(calls)
    agreements = [("order_consistency", agreement_of_orders(counts))] if calls.two_orders else []
    for term, agreement in [*agreements, ("retest_consistency", agreement_of_repeats(counts))]:
        measured = np.flatnonzero(np.isfinite(agreement))
        if len(measured):
            cluster = calls.pairs.cluster.codes[measured]
            cells = tabulate_cells(agreement[measured], np.zeros(len(measured), dtype=np.int64), cluster, 1)
            found = infer_bounded(cells.jackknife(np.ones(1)), SHARE, level)
            yield to_estimate(calls.judge, term, found, scale="share", has_null=False)


def agreement_of_orders(counts: Floats) -> Floats:
    """Return, by pair, the share of comparisons across orders that agree; NaN where only one order was seen."""
    first, second = counts[:, 0], counts[:, 1]
    return _share((first * second).sum(axis=1), first.sum(axis=1) * second.sum(axis=1))


def agreement_of_repeats(counts: Floats) -> Floats:
    """Return, by pair, the share of repeated calls in one order that agree, the mean over orders; NaN without any."""
    n = counts.sum(axis=2)
    if n.max(initial=0) < 2:
        return np.full(len(n), np.nan)
    agree = _share((counts * (counts - 1)).sum(axis=2), n * (n - 1))
    return _share(np.nan_to_num(agree).sum(axis=1), (n > 1).sum(axis=1).astype(np.float64))


def _share(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0))


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
