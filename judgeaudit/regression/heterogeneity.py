"""Whether a judge's taste differs between domains, before anybody reads one domain by itself."""

from __future__ import annotations

import numpy as np

from judgeaudit.records import CONTRASTS, Estimate
from judgeaudit.regression.bmj import Bounds, Floats, infer_bounded, tabulate_cells
from judgeaudit.regression.design import CODES, Calls
from judgeaudit.regression.effects import Estimand

FEWEST_ITEMS = 2
"""Items below which a domain has no spread of its own, and is left out."""


def compare_domains(calls: Calls, estimand: Estimand) -> Estimate | None:
    """Test whether an effect differs between domains; None where fewer than two domains have items enough.

    The estimate is the range of the domains' means; the statistic is Welch's F over items, which lets every domain have
    a spread of its own. A domain whose items all agree has the spread of its beta-matched interval. A small p value
    says that one figure for all domains hides something.

    References
    ----------
    Welch (1951), On the comparison of several mean values: an alternative approach, doi:10.1093/biomet/38.3-4.330.
    """
    from statsmodels.stats.oneway import anova_generic

    mine = calls.where(np.isin(calls.contrast, [CODES[contrast] for contrast in estimand.weights]))
    domains = [z for z in item_contrasts(mine) if len(z) >= FEWEST_ITEMS]
    if len(domains) < 2:
        return None
    sizes = np.array([len(z) for z in domains])
    means = np.array([z.mean() for z in domains])
    variances = np.array([item_variance(z, estimand.bounds) for z in domains])
    found = anova_generic(means, variances, sizes, use_var="unequal")
    return Estimate(
        judge=calls.judge,
        term=f"heterogeneity.{estimand.term}",
        scale="net_preference",
        estimate=float(np.ptp(means)),
        statistic=float(found.statistic),
        p_value=float(found.pvalue),
        n=len(mine),
        n_clusters=int(sizes.sum()),
        method="range of domain means, Welch's analysis of variance over items",
        note="a test of all domains together; the interval of each stands beside it",
        recipe={"domains": len(domains), "df": [float(df) for df in found.df]},
    )


def item_contrasts(calls: Calls) -> list[Floats]:
    """Return the effect in each item, by domain: the mean over its contrasts of their mean net preference."""
    domain, k = calls.pairs.domain.codes[calls.pair], len(CONTRASTS)
    items = int(calls.pairs.cluster.codes.max(initial=-1)) + 1
    # An item whose pairs are of two domains counts in each, with its pairs of that domain.
    unit = np.where(domain < 0, -1, domain * items + calls.cluster)
    cells = tabulate_cells(2 * calls.y - 1, np.where(unit < 0, -1, calls.contrast), np.maximum(unit, 0), k)
    of = np.unique(unit[unit >= 0]) // max(items, 1)
    asked = cells.count > 0
    net = np.divide(cells.total, cells.count, out=np.zeros_like(cells.total), where=asked)
    z = net.sum(axis=1) / asked.sum(axis=1)
    return [z[of == code] for code in np.unique(of)]


def item_variance(z: Floats, bounds: Bounds) -> float:
    """Return the variance between items; for items that all agree, what their beta-matched interval allows."""
    if np.ptp(z) > 0:
        return float(z.var(ddof=1))
    cells = tabulate_cells(z, np.zeros(len(z), dtype=np.int64), np.arange(len(z)), 1)
    return len(z) * infer_bounded(cells.jackknife(np.ones(1)), bounds).std_error ** 2
