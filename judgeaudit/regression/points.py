"""Judges that score one answer at a time: the same contrasts in points of their own scale."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from judgeaudit.records import CONTRASTS, Estimate
from judgeaudit.regression.bmj import LEVEL, Cells, Floats, tabulate_cells
from judgeaudit.regression.design import CODES, Calls
from judgeaudit.regression.effects import MASKING, STYLE_REWARD, TRUTH_SENSITIVITY, Estimand, cell_codes
from judgeaudit.regression.logit import Covariance, wald
from judgeaudit.regression.utility import angle, exchange_rate

MOST_AT_CEILING = 0.25
"""Share of scores at the top of the scale above which masking says more about the scale than about the judge."""
METHOD = "paired contrasts in points, cluster jackknife t"


def points(calls: Calls, level: float = LEVEL) -> Iterator[Estimate]:
    """Yield truth sensitivity, style reward and masking in points, the angle between the first two, and the ceiling.

    A cluster's score differences are its contrasts, so an item that is hard for every answer does not widen them.
    """
    scored = calls.where(np.isfinite(calls.score_a) & np.isfinite(calls.score_b))
    ceiling = ceiling_share(scored)
    cells = Cells(np.empty((0, 2 * len(CONTRASTS))), np.empty((0, 2 * len(CONTRASTS))))
    if len(scored):
        gap = scored.score_a - scored.score_b
        cells = tabulate_cells(gap, cell_codes(scored), scored.cluster, 2 * len(CONTRASTS))
    for estimand in (TRUTH_SENSITIVITY, STYLE_REWARD):
        yield _in_points(calls.judge, cells, estimand, level)
    masking = _in_points(calls.judge, cells, MASKING, level)
    if ceiling is not None and ceiling > MOST_AT_CEILING:
        note = f"withheld: {ceiling:.0%} of the scores are at the top of the scale, which hides errors by itself"
        masking = Estimate(judge=calls.judge, term="masking", scale="points", estimate=None, note=note)
    yield masking
    note = "the judge's highest score is taken for the top of its scale"
    yield Estimate(
        judge=calls.judge, term="ceiling_share", scale="share", estimate=ceiling, n=2 * len(scored), method="count",
        note=note,
    )  # fmt: skip
    turned = angle_of_points(calls.judge, cells, level)
    yield turned
    yield exchange_rate(turned)


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
    weights = np.zeros(2 * len(CONTRASTS))
    for contrast, weight in present.items():
        weights[2 * CODES[contrast]] = weight / whole
    return weights


def _in_points(judge: str, cells: Cells, estimand: Estimand, level: float) -> Estimate:
    weights = _weights(estimand, cells)
    if weights is None:
        note = "no valid verdict on the pairs it rests on"
        return Estimate(judge=judge, term=estimand.term, scale="points", estimate=None, note=note)
    found = cells.jackknife(weights)
    df = max(found.n_clusters - 1, 1)
    variance = max(found.variance or 0.0, least_variance(found.n_clusters))
    statistic, p_value, low, high = wald(found.estimate, variance**0.5, df, level)
    return Estimate(
        judge=judge,
        term=estimand.term,
        scale="points",
        estimate=found.estimate,
        std_error=variance**0.5,
        statistic=statistic,
        p_value=p_value,
        conf_low=low,
        conf_high=high,
        n=found.n,
        n_clusters=found.n_clusters,
        method=METHOD,
        recipe={"level": level, "df": df},
    )


def least_variance(clusters: int) -> float:
    """Return the variance two half-weight pseudo-items, one point to either side, leave when all items agree."""
    return 1.0 / ((clusters + 1) * (clusters + 2))


def angle_of_points(judge: str, cells: Cells, level: float = LEVEL) -> Estimate:
    """Turn truth sensitivity and style reward in points into the fluency-truth angle, which has no unit."""
    weights = [_weights(estimand, cells) for estimand in (TRUTH_SENSITIVITY, STYLE_REWARD)]
    if any(w is None for w in weights):
        note = "not identified: needs scores of pairs that differ in truth and of pairs that differ in style"
        return Estimate(judge=judge, term="angle", scale="degrees", estimate=None, note=note)
    both = np.column_stack([w for w in weights if w is not None])
    tastes, cov, clusters = joint_jackknife(cells, both)
    turned = angle(judge, tastes, [] if cov is None else [Covariance(cov, max(clusters - 1, 1))], level)
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
