"""How many items an audit needs: what a design can detect, and what a width will cost.

The variance of an estimate is the variance of one item's contribution over the number of items. It is measured once on
a large simulated population of the kind of judge expected, or taken from a pilot, and then scaled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from judgeaudit.errors import DesignError, suggest
from judgeaudit.records import Contrast, Estimate, Pair, Verdict
from judgeaudit.regression.bmj import LEVEL
from judgeaudit.regression.design import tabulate
from judgeaudit.regression.effects import ESTIMANDS, allow_for_sharing, combine, measure, net_cells
from judgeaudit.regression.population import SIX, Taste, draw_calls

KINDS: dict[str, Taste] = {
    "sharp": Taste(truth=4.0, style=0.3, position=0.1, spread_style=0.5),
    "typical": Taste(truth=1.6, style=0.8, position=0.2, spread_truth=0.7, spread_style=0.7),
    "vain": Taste(truth=0.5, style=1.8, position=0.3, spread_truth=0.5, spread_style=0.7),
    "positional": Taste(truth=0.6, style=0.4, position=1.5, spread_truth=0.3, spread_style=0.3),
}
"""Kinds of judge a plan may expect, in log odds."""
POPULATION = 20_000
FIRST_LOOK, EVERY = 40, 10
"""Items at the first look of a run that stops when it is precise, and between looks."""


@dataclass(frozen=True)
class Plan:
    """What an audit of a given size can tell about one effect."""

    term: str
    kind: str
    items: int
    calls: int
    """Calls to the judge for the whole design, all contrasts together."""
    expected: float
    """The effect of this kind of judge."""
    half_width: float
    """Half the width of the interval to expect."""
    minimum_detectable: float
    """Smallest effect that is told from zero with the power asked for."""


def detectable(
    items: int,
    *,
    kind: str | Taste = "typical",
    orders: Literal["both", "counterbalanced"] = "counterbalanced",
    contrasts: Sequence[Contrast] = SIX,
    level: float = LEVEL,
    chance: float = 0.8,
) -> list[Plan]:
    """Say what an audit of so many items can detect.

    Parameters
    ----------
    items
        Independent items (clusters) to ask about.
    kind
        The judge expected: a name of `KINDS`, or a taste.
    orders
        ``both`` shows every pair twice, ``counterbalanced`` once.
    contrasts
        The pairs made of every item.
    level
        Coverage of the intervals.
    chance
        Power at the minimum detectable effect.

    Raises
    ------
    DesignError
        When there are fewer than two items, or the kind of judge is unknown.

    Examples
    --------
    >>> plans = {plan.term: plan for plan in detectable(60, kind="typical")}
    >>> 0.1 < plans["style_reward"].half_width < 0.2, plans["style_reward"].calls
    (True, 360)
    """
    if items < 2:
        raise DesignError(f"{items} item(s) cannot be planned for: an interval needs at least two")
    calls = items * len(contrasts) * (2 if orders == "both" else 1)
    z, z_power = _normal((1 + level) / 2), _normal(chance)
    plans = []
    for term, (expected, variance) in item_variances(kind, orders, contrasts).items():
        error = math.sqrt(variance / items)
        name = kind if isinstance(kind, str) else "custom"
        plans.append(Plan(term, name, items, calls, expected, z * error, (z + z_power) * error))
    return plans


def items_needed(
    half_width: float,
    term: str = "style_reward",
    *,
    kind: str | Taste = "typical",
    orders: Literal["both", "counterbalanced"] = "counterbalanced",
    contrasts: Sequence[Contrast] = SIX,
    level: float = LEVEL,
) -> Plan:
    """Return the smallest plan whose interval for ``term`` has the half-width asked for.

    Raises
    ------
    DesignError
        When the half-width is not positive, or the design does not measure the term.
    """
    variances = item_variances(kind, orders, contrasts)
    if term not in variances:
        hint = suggest(term, variances)
        raise DesignError(f"this design does not measure {term!r}{hint}; it measures {', '.join(variances)}")
    _check_half_width(half_width)
    items = max(2, math.ceil(variances[term][1] * (_normal((1 + level) / 2) / half_width) ** 2))
    found = detectable(items, kind=kind, orders=orders, contrasts=contrasts, level=level)
    return next(plan for plan in found if plan.term == term)


def _check_half_width(half_width: float) -> None:
    if not half_width > 0:
        raise DesignError(f"a half-width of {half_width} cannot be reached; ask for a positive one, such as 0.1")


def clusters_for(pilot: Estimate, half_width: float) -> int:
    """Return the items needed for a half-width, judging by an estimate already made.

    Raises
    ------
    DesignError
        When the pilot has no interval, or the half-width is not positive.
    """
    _check_half_width(half_width)
    if pilot.conf_low is None or pilot.conf_high is None:
        raise DesignError(f"the estimate of {pilot.term!r} has no interval to plan from: {pilot.note}")
    ratio = (pilot.conf_high - pilot.conf_low) / 2 / half_width
    return math.ceil(pilot.n_clusters * ratio**2)


def item_variances(
    kind: str | Taste, orders: Literal["both", "counterbalanced"], contrasts: Sequence[Contrast]
) -> dict[str, tuple[float, float]]:
    """Return, by effect, its size and the variance of one item's contribution for a kind of judge."""
    if isinstance(kind, str) and kind not in KINDS:
        raise DesignError(f"unknown kind of judge {kind!r}{suggest(kind, KINDS)}; known are {', '.join(KINDS)}")
    taste = KINDS[kind] if isinstance(kind, str) else kind
    rng = np.random.default_rng(0)
    cells = net_cells(draw_calls(taste, POPULATION, rng, both=orders == "both", contrasts=contrasts))
    found = {}
    for estimand in ESTIMANDS:
        effect = combine(cells, estimand, two_orders=True)
        if not isinstance(effect, str) and effect.variance is not None:
            found[estimand.term] = (effect.estimate, effect.variance * effect.n_clusters)
    return found


def looks(n_max: int) -> list[int]:
    """Return the numbers of items at which a run that stops when precise may look.

    Examples
    --------
    >>> looks(75)
    [40, 50, 60, 70, 75]
    """
    return [*range(FIRST_LOOK, n_max, EVERY), n_max]


def half_widths(pairs: Sequence[Pair], verdicts: Sequence[Verdict], terms: Iterable[str]) -> dict[str, float]:
    """Return half the width of the interval of each effect as one judge shows it so far; infinite where there is none.

    Parameters
    ----------
    pairs
        Every pair of the plan.
    verdicts
        Those of one judge.
    terms
        Effects on the net-preference scale.
    """
    by_judge = tabulate(pairs, verdicts)
    widths = dict.fromkeys(terms, math.inf)
    for calls in by_judge.values():
        cells = net_cells(calls)
        for estimand in ESTIMANDS:
            if estimand.term in widths:
                found = measure(cells, estimand, two_orders=calls.two_orders)
                found = allow_for_sharing(found, calls, estimand)
                if not isinstance(found, str):
                    widths[estimand.term] = (found.conf_high - found.conf_low) / 2
    return widths


def _normal(p: float) -> float:
    from scipy.special import ndtri

    if not 0 < p < 1:
        raise DesignError(f"a coverage or a power must lie between 0 and 1, not at {p:g}")
    return float(ndtri(p))
