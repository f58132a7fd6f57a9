"""Which of two judges pays more for style, asked on the same calls.

Judges that saw the same pairs in the same order make mistakes on the same items; the difference verdict by verdict
removes what they share, and needs up to 2.6 times fewer calls than two separate intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from judgeaudit.regression.bmj import LEVEL, Bounds, Interval, Ints
from judgeaudit.regression.design import Calls
from judgeaudit.regression.effects import ESTIMANDS, MASKING, METHOD, Estimand, allow_for_sharing, measure, net_cells
from judgeaudit.regression.grades import grade, holm
from judgeaudit.regression.points import is_at_ceiling

COMPARED = tuple(estimand for estimand in ESTIMANDS if estimand.term != "placebo")


def compare(judges: Sequence[Calls], margin: float | None, level: float = LEVEL) -> tuple[dict[str, Any], ...]:
    """Return the paired difference of every two judges in every effect, with p values adjusted by Holm's method.

    A difference is judge minus versus, on calls both answered. A judge that scores one answer at a time has no order,
    and is compared pair by pair with one that chose, by the answer it gave the higher score. Judges that share no call
    are not compared.
    """
    rows = [
        _row(one, other, estimand, found, margin)
        for one, other in combinations(judges, 2)
        for estimand, found in differences(one, other, level)
    ]
    adjusted = holm([row["p_value"] for row in rows])
    return tuple(row | {"p_holm": p, "family": len(rows)} for row, p in zip(rows, adjusted, strict=True))


def differences(one: Calls, other: Calls, level: float = LEVEL) -> Iterator[tuple[Estimand, Interval]]:
    """Yield, effect by effect, how much more of it the first judge shows than the second.

    Masking is left out where one of them gives too many scores at the top of its scale.
    """
    mine, theirs = shared_calls(one, other)
    if not len(mine):
        return
    first, second = one.where(mine), other.where(theirs)
    apart = difference_calls(first, second)
    cells = net_cells(apart)
    for estimand in COMPARED:
        if estimand.by_position and not (one.two_orders and other.two_orders):
            continue
        if estimand is MASKING and (is_at_ceiling(one) or is_at_ceiling(other)):
            continue
        doubled = replace(estimand, shift=0.0, bounds=difference_bounds(estimand.bounds))
        found = measure(cells, doubled, two_orders=apart.two_orders, level=level)
        found = allow_for_sharing(found, apart, doubled)
        if not isinstance(found, str):
            yield estimand, found


def difference_calls(first: Calls, second: Calls) -> Calls:
    """Return calls whose net preference is that of the first judge less that of the second, call by call."""
    shown = first if first.two_orders else second
    return replace(shown, y=0.5 + first.y - second.y)


def difference_bounds(bounds: Bounds) -> Bounds:
    """Return the range of a difference of two quantities, with pseudo-clusters half-way to its ends."""
    width = bounds.high - bounds.low
    return Bounds(-width, width, -width / 2, width / 2)


def shared_calls(one: Calls, other: Calls) -> tuple[Ints, Ints]:
    """Return the positions, in each judge's verdicts, of the cells of the plan that both answered.

    A verdict read from scores stands for both orders, and so may be shared by two calls of a judge that chose.
    """
    replicates = 1 + max(int(calls.replicate.max(initial=0)) for calls in (one, other))
    by_order = one.two_orders and other.two_orders
    here, there = (
        (2 * calls.pair + (by_order & (calls.s < 0))) * replicates + calls.replicate for calls in (one, other)
    )
    if np.array_equal(here, there) and (np.diff(here) > 0).all():
        return np.arange(len(here)), np.arange(len(here))
    if one.two_orders and not other.two_orders:
        return _looked_up(here, there)
    return tuple(reversed(_looked_up(there, here)))  # type: ignore[return-value]


def _looked_up(keys: Ints, among: Ints) -> tuple[Ints, Ints]:
    """Return the positions of ``keys`` that occur among others, each once, and where; ``keys`` may repeat."""
    order = np.argsort(among, kind="stable")
    at = np.searchsorted(among[order], keys)
    found = np.flatnonzero(at < len(among))
    found = found[among[order][at[found]] == keys[found]]
    by_key = found[np.argsort(keys[found], kind="stable")]
    return by_key.astype(np.int64), order[at[by_key]].astype(np.int64)


def _row(one: Calls, other: Calls, estimand: Estimand, found: Interval, margin: float | None) -> dict[str, Any]:
    low, high = found.ends
    return {
        "judge": one.judge,
        "versus": other.judge,
        "term": estimand.term,
        "scale": "net_preference",
        "estimate": found.estimate,
        "std_error": found.std_error,
        "conf_low": low,
        "conf_high": high,
        "p_value": found.p_value,
        "n": found.n,
        "n_clusters": found.n_clusters,
        "method": f"paired {METHOD}",
        "recipe": found.recipe,
        "note": found.note,
        "grade": grade(low, high, found.n_clusters, margin),
    }
