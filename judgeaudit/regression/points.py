"""Judges that score one answer at a time: the same contrasts in points of their own scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from judgeaudit.records import Contrast, Estimate
from judgeaudit.regression.bmj import LEVEL, Cells, Floats, Ints, count_clusters, tabulate_cells
from judgeaudit.regression.covariances import (
    FEWEST_LEVELS,
    Covariance,
    Spread,
    few_levels,
    recipe_of,
    wald,
    widest_spread,
)
from judgeaudit.regression.design import CODES, Calls, Sharing
from judgeaudit.regression.effects import (
    MASKING,
    N_CELLS,
    STYLE_REWARD,
    TRUTH_SENSITIVITY,
    Estimand,
    cell_codes,
)
from judgeaudit.regression.utility import angle, exchange_rate

MOST_AT_CEILING = 0.25
"""Share of scores at the top of the scale above which masking says more about the scale than about the judge."""
METHOD = "paired contrasts in points, cluster jackknife t"


def points(calls: Calls, level: float = LEVEL) -> Iterator[Estimate]:
    """Yield truth sensitivity, style reward and masking in points, the angle between the first two, and the ceiling.

    A cluster's score differences are its contrasts, so an item that is hard for every answer does not widen them. The
    interval reported is the widest over items, raters and, for style, its wordings.
    """
    scored = calls.where(np.isfinite(calls.score_a) & np.isfinite(calls.score_b))
    for estimand in (TRUTH_SENSITIVITY, STYLE_REWARD, MASKING):
        yield _in_points(scored, estimand, level)
    yield _ceiling(scored)
    turned = angle_of_points(scored, level)
    yield turned
    yield exchange_rate(turned)


def _ceiling(scored: Calls) -> Estimate:
    share, judge = ceiling_share(scored), scored.judge
    if share is None:
        return Estimate(judge=judge, term="ceiling_share", scale="share", estimate=None, note="no valid score")
    top = float(max(scored.score_a.max(), scored.score_b.max()))
    return Estimate(
        judge=judge,
        term="ceiling_share",
        scale="share",
        estimate=share,
        n=len(scored),
        n_clusters=count_clusters(scored.cluster),
        method="count of scores",
        recipe={"top": top, "scores": 2 * len(scored)},
        note="the judge's highest score is taken for the top of its scale",
    )


def is_at_ceiling(calls: Calls) -> bool:
    """Tell whether so many scores are at the top of the scale that masking cannot be read from them."""
    scored = calls.where(np.isfinite(calls.score_a) & np.isfinite(calls.score_b)) if not calls.two_orders else None
    share = None if scored is None else ceiling_share(scored)
    return share is not None and share > MOST_AT_CEILING


def withhold_at_ceiling(estimates: Iterable[Estimate]) -> list[Estimate]:
    """Withhold, on every scale, what a crowded top of a score judge's scale makes up: masking and truth x style.

    Two answers at the top are a tie whatever their errors, and styled answers get there sooner.
    """
    found = list(estimates)
    share = next((e.estimate for e in found if e.term == "ceiling_share"), None)
    if share is None or share <= MOST_AT_CEILING:
        return found
    note = f"withheld: {share:.0%} of the scores are at the top of the scale, which hides errors by itself"
    return [
        Estimate(judge=e.judge, term=e.term, scale=e.scale, estimate=None, method=e.method, note=note)
        if e.term in ("masking", "style_x_truth")
        else e
        for e in found
    ]


def _gaps(scored: Calls, codes: Ints) -> Cells:
    """Tabulate score differences by unit and cell; ``codes`` (n,) name the unit of each verdict."""
    if not len(scored):
        return Cells(np.empty((0, N_CELLS)), np.empty((0, N_CELLS)))
    return tabulate_cells(scored.score_a - scored.score_b, cell_codes(scored), codes, N_CELLS)


def _shared(scored: Calls, contrasts: Iterable[Contrast]) -> Iterator[tuple[Sharing, Calls]]:
    """Yield what the verdicts on these contrasts share besides their item, with those verdicts."""
    used = np.isin(scored.contrast, [CODES[contrast] for contrast in contrasts])
    mine = scored.where(used)
    for share in scored.sharing:
        own = share.codes[used]
        if len(own) and own.min() >= 0 and (not share.only or STYLE_REWARD.weights.keys() >= set(contrasts)):
            yield replace(share, codes=own), mine


def ceiling_share(calls: Calls) -> float | None:
    """Return the share of scores at the judge's highest score; None without scores."""
    scores = np.concatenate([calls.score_a, calls.score_b])
    return float((scores == scores.max()).mean()) if len(scores) else None


def _weights(estimand: Estimand, cells: Cells) -> Floats | None:
    """Weigh the contrasts that have scores; None where too few have."""
    present = {c: w for c, w in estimand.weights.items() if len(cells.count) and cells.count[:, 2 * CODES[c]].any()}
    if not present or (len(present) < len(estimand.weights) and not estimand.is_mean):
        return None
    whole = sum(present.values()) if estimand.is_mean else 1.0
    weights = np.zeros(N_CELLS)
    for contrast, weight in present.items():
        weights[2 * CODES[contrast]] = weight / whole
    return weights


def _in_points(scored: Calls, estimand: Estimand, level: float) -> Estimate:
    cells = _gaps(scored, scored.cluster)
    weights = _weights(estimand, cells)
    if weights is None:
        note = "no valid verdict on the pairs it rests on"
        return Estimate(judge=scored.judge, term=estimand.term, scale="points", estimate=None, note=note)
    found = cells.jackknife(weights)
    if found.variance is None:
        return Estimate(
            judge=scored.judge, term=estimand.term, scale="points", estimate=found.estimate, n=found.n,
            n_clusters=found.n_clusters, method=METHOD, recipe={"level": level},
            note="no interval: a contrast it rests on has scores of one item only",
        )  # fmt: skip
    variance = max(found.variance, least_variance(found.n_clusters))
    spreads, notes = [Spread(variance**0.5, found.n_clusters - 1, "item")], []
    for share, mine in _shared(scored, estimand.weights):
        over = _gaps(mine, share.codes)
        levels, spread = len(over.count), over.jackknife(weights).variance
        notes += [few] if (few := few_levels(share.name, levels)) else []
        if levels >= FEWEST_LEVELS and spread is not None:
            spreads.append(Spread(spread**0.5, levels - 1, share.name))
    widest = widest_spread(spreads, level)
    statistic, p_value, low, high = wald(found.estimate, widest.std_error, widest.df, level)
    return Estimate(
        judge=scored.judge,
        term=estimand.term,
        scale="points",
        estimate=found.estimate,
        std_error=widest.std_error,
        statistic=statistic,
        p_value=p_value,
        conf_low=low,
        conf_high=high,
        n=found.n,
        n_clusters=found.n_clusters,
        method=METHOD,
        recipe={"level": level} | recipe_of(widest),
        note="; ".join(notes),
    )


def least_variance(clusters: int) -> float:
    """Return the variance two half-weight pseudo-items, one point to either side, leave when all items agree."""
    return 1.0 / ((clusters + 1) * (clusters + 2))


def angle_of_points(scored: Calls, level: float = LEVEL) -> Estimate:
    """Turn truth sensitivity and style reward in points into the fluency-truth angle, which has no unit."""
    cells = _gaps(scored, scored.cluster)
    weights = [_weights(estimand, cells) for estimand in (TRUTH_SENSITIVITY, STYLE_REWARD)]
    if any(w is None for w in weights):
        note = "not identified: needs scores of pairs that differ in truth and of pairs that differ in style"
        return Estimate(judge=scored.judge, term="angle", scale="degrees", estimate=None, note=note)
    both = np.column_stack([w for w in weights if w is not None])
    tastes, cov, clusters = joint_jackknife(cells, both)
    covs = [] if cov is None else [Covariance(m, clusters - 1) for m in (cov, least_variance(clusters) * np.eye(2))]
    for share in scored.sharing:
        # Pairs without a wording are clustered as before, so that truth keeps its items.
        codes = np.where(share.codes >= 0, share.codes, int(share.codes.max()) + 1 + scored.cluster)
        _, over, _ = joint_jackknife(_gaps(scored, codes), both)
        if over is not None and share.levels >= FEWEST_LEVELS:
            covs.append(Covariance(over, share.levels - 1, share.name))
    turned = angle(scored.judge, tastes, covs, level)
    return turned.model_copy(
        update={"n": int(cells.count.sum()), "n_clusters": clusters, "method": "angle of points, delta method"}
    )


def joint_jackknife(cells: Cells, weights: Floats) -> tuple[Floats, Floats | None, int]:
    """Jackknife several combinations of cell means together.

    Parameters
    ----------
    cells
        Totals and counts by cluster and cell.
    weights
        One column per combination, shape (cells, m).

    Returns
    -------
    tuple
        Estimates (m,), covariance (m, m) or None where a cell rests on one cluster, and the number of clusters.
    """
    used = (weights != 0).any(axis=1)
    total, count, w = cells.total[:, used], cells.count[:, used], weights[used]
    keep = count.any(axis=1)
    total, count = total[keep], count[keep]
    g = len(total)
    estimate = (total.sum(axis=0) / count.sum(axis=0)) @ w
    if (count > 0).sum(axis=0).min() < 2:
        return estimate, None, g
    deviation = (total.sum(axis=0) - total) / (count.sum(axis=0) - count) @ w - estimate
    return estimate, (g - 1) / g * deviation.T @ deviation, g
