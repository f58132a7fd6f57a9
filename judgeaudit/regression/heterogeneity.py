"""Whether a judge's taste differs between domains, before anybody reads one domain by itself."""

from __future__ import annotations

import numpy as np

from judgeaudit.records import Estimate
from judgeaudit.regression.bmj import Floats
from judgeaudit.regression.design import CODES, Calls
from judgeaudit.regression.effects import Estimand

FEWEST_ITEMS = 2
"""Items below which a domain has no spread of its own, and is left out."""


def compare_domains(calls: Calls, estimand: Estimand) -> Estimate | None:
    """Test whether an effect differs between domains; None where fewer than two domains have items enough.

    The estimate is the range of the domains' means; the statistic is Welch's F over items, which lets every domain have
    a spread of its own. A small p value says that one figure for all domains hides something.

    References
    ----------
    Welch (1951), On the comparison of several mean values: an alternative approach, doi:10.1093/biomet/38.3-4.330.
    """
    from statsmodels.stats.oneway import anova_oneway

    groups = [z for z in item_contrasts(calls, estimand) if len(z) >= FEWEST_ITEMS and z.std() > 0]
    if len(groups) < 2:
        return None
    found = anova_oneway(groups, use_var="unequal")
    means = [float(z.mean()) for z in groups]
    return Estimate(
        judge=calls.judge,
        term=f"heterogeneity.{estimand.term}",
        scale="net_preference",
        estimate=max(means) - min(means),
        statistic=float(found.statistic),
        p_value=float(found.pvalue),
        n=sum(map(len, groups)),
        n_clusters=sum(map(len, groups)),
        method="range of domain means, Welch's analysis of variance over items",
        note="a test of all domains together; the interval of each stands beside it",
        recipe={"domains": len(groups), "df": [float(df) for df in found.df]},
    )


def item_contrasts(calls: Calls, estimand: Estimand) -> list[Floats]:
    """Return the effect in each item, by domain: the mean over its contrasts of their mean net preference."""
    used = np.isin(calls.contrast, [CODES[contrast] for contrast in estimand.weights])
    mine = calls.where(used)
    key = np.stack([mine.pairs.domain.codes[mine.pair], mine.cluster, mine.contrast])
    cells, index = np.unique(key, axis=1, return_inverse=True)
    net = np.bincount(index.ravel(), weights=2 * mine.y - 1) / np.bincount(index.ravel())
    items, index = np.unique(cells[:2], axis=1, return_inverse=True)
    z = np.bincount(index.ravel(), weights=net) / np.bincount(index.ravel())
    return [z[items[0] == domain] for domain in np.unique(items[0]) if domain >= 0]
