"""Populations of judges of known taste: what planning and the coverage campaign draw from.

A judge here is a logistic choice with slopes that vary between items; it produces `Calls`, the same columns that real
verdicts become, so every estimator can be asked what it does when the truth is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from judgeaudit.records import CROSSED, Contrast
from judgeaudit.regression.bmj import Floats, Ints
from judgeaudit.regression.design import CODES, Calls, Levels, PairTable
from judgeaudit.regression.matrices import CODED
from judgeaudit.regression.newton import expit

SIX = CROSSED
LEANING = CODES["placebo"] + 1
"""Contrasts in which an item's pair may lean by itself."""


@dataclass(frozen=True)
class Taste:
    """What a judge pays for, how much that varies between items, and how it ends close calls.

    All in log odds of one call, given the item.
    """

    truth: float = 1.5
    style: float = 0.8
    interaction: float = 0.0
    """Positive: truth counts for more among styled answers; negative: styling hides errors."""
    position: float = 0.3
    spread_truth: float = 0.0
    """Standard deviation of the truth slope between items."""
    spread_style: float = 0.0
    """Standard deviation of the style slope between items."""
    spread_pair: float = 0.0
    """Standard deviation of what an item's pair leans to by itself, whatever the order."""
    ties: float = 0.0
    """Share of the closest calls that end as a tie."""
    conflict: float = 0.0
    """What the utility does not see: a shift of the conflict pairs."""
    temperature: float = 1.0
    """Noise of a call; 0 makes the judge deterministic given the item."""
    graded: bool = False
    """Report the probability itself, as a judge with log-probabilities does."""


def item_tastes(taste: Taste, n: int, rng: np.random.Generator) -> Floats:
    """Draw truth slope, style slope and the leaning of each contrast for ``n`` items, shape (n, 2 + contrasts)."""
    slopes = rng.normal([taste.truth, taste.style], [taste.spread_truth, taste.spread_style], size=(n, 2))
    return np.hstack([slopes, taste.spread_pair * rng.normal(size=(n, LEANING))])


def chances(taste: Taste, tastes: Floats, contrast: Ints, s: Ints) -> Floats:
    """Return the chance that a wins a call were there no ties, shape (n,), one row of ``tastes`` per call."""
    d = CODED[contrast]
    eta = (tastes[:, :2] * d[:, :2]).sum(axis=1) + taste.interaction * d[:, 2] + taste.position * s
    eta += tastes[np.arange(len(tastes)), 2 + contrast] + taste.conflict * (contrast == CODES["conflict"])
    if not taste.temperature:
        return np.asarray(np.heaviside(eta, 0.5))
    return expit(eta / taste.temperature)


def tie_chances(taste: Taste, p: Floats) -> Floats:
    """Return the chance of a tie: largest where the call is closest."""
    return np.asarray(taste.ties * 2 * np.sqrt(p * (1 - p)))


def mean_preference(taste: Taste, tastes: Floats, contrast: Ints, s: Ints) -> Floats:
    """Return the mean preference for a, ties as a half, shape (n,)."""
    p = chances(taste, tastes, contrast, s)
    tie = tie_chances(taste, p)
    return p if taste.graded else p * (1 - tie) + 0.5 * tie


def population_means(taste: Taste, n: int = 200_000, seed: int = 99) -> dict[tuple[Contrast, int], float]:
    """Return the mean preference for a, by contrast and order, over a large population of items."""
    tastes = item_tastes(taste, n, np.random.default_rng(seed))
    ones = np.ones(n, dtype=np.int64)
    return {
        (contrast, s): float(mean_preference(taste, tastes, CODES[contrast] * ones, s * ones).mean())
        for contrast in SIX
        for s in (1, -1)
    }


def draw_calls(
    taste: Taste,
    n_items: int,
    rng: np.random.Generator,
    *,
    both: bool = True,
    contrasts: Sequence[Contrast] = SIX,
    judge: str = "simulated",
) -> Calls:
    """Draw one judge's calls: every item's pairs in both orders, or each pair in one order at random."""
    k = len(contrasts)
    item = np.repeat(np.arange(n_items), k)
    contrast = np.tile(np.array([CODES[c] for c in contrasts], dtype=np.int64), n_items)
    pair = np.arange(k * n_items)
    s = rng.choice(np.array([1, -1]), size=len(pair))
    if both:
        pair, s = np.repeat(pair, 2), np.tile([1, -1], k * n_items)
    tastes = item_tastes(taste, n_items, rng)[item[pair]]
    p = chances(taste, tastes, contrast[pair], s)
    tie = rng.random(len(pair)) < tie_chances(taste, p)
    y = p if taste.graded else np.where(tie, 0.5, (rng.random(len(pair)) < p).astype(np.float64))
    return bare_calls(bare_pairs(contrast, item), pair, s, y, judge=judge)


def bare_pairs(contrast: Ints, cluster: Ints) -> PairTable:
    """Return a pair table that knows contrasts and clusters and nothing else."""
    n = len(contrast)
    none = Levels(np.full(n, -1), ())
    return PairTable(
        ids=(),
        contrast=np.asarray(contrast, dtype=np.int64),
        cluster=Levels(np.asarray(cluster, dtype=np.int64), ()),
        domain=none,
        factor=none,
        facet=none,
        kind=none,
        template=none,
        dose=np.zeros(n, dtype=np.int64),
        loading=np.zeros((n, 0)),
        facets=(),
    )


def bare_calls(pairs: PairTable, pair: Ints, s: Ints, y: Floats, *, judge: str = "simulated") -> Calls:
    """Return pairwise calls, one replicate each; a preference of one half is a tie."""
    n = len(pair)
    return Calls(
        judge=judge,
        protocol="pairwise",
        pairs=pairs,
        pair=np.asarray(pair, dtype=np.int64),
        s=np.asarray(s, dtype=np.int64),
        replicate=np.zeros(n, dtype=np.int64),
        y=np.asarray(y, dtype=np.float64),
        tie=(np.asarray(y) == 0.5).astype(np.float64),
        score_a=np.full(n, np.nan),
        score_b=np.full(n, np.nan),
        rater=Levels(np.full(n, -1), ()),
    )
