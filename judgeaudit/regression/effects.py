"""What a judge pays for, on the net-preference scale: averages of verdicts that need no model.

Net preference is the chance that the favoured answer wins minus the chance that it loses. Every effect here is a linear
combination of cell means, a cell being one contrast shown in one order, so position cancels by construction whether
pairs were shown in both orders or counterbalanced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from judgeaudit.records import CONTRASTS, CROSSED, Contrast, Estimate, Scale
from judgeaudit.regression.bmj import (
    DIFFERENCE,
    LEVEL,
    NET,
    SHARE,
    Bounds,
    Cells,
    Floats,
    Interval,
    Jackknife,
    infer_bounded,
    tabulate_cells,
)
from judgeaudit.regression.covariances import FEWEST_LEVELS, LEAST_VARIANCE, few_levels, wald
from judgeaudit.regression.design import CODES, CODING, PLACEBO, Calls, Levels, Sharing
from judgeaudit.regression.grades import grade

N_CELLS = 2 * len(CONTRASTS)
METHOD = "beta-matched jackknife"


@dataclass(frozen=True)
class Estimand:
    """A linear combination of mean net preferences by contrast."""

    term: str
    weights: Mapping[Contrast, float]
    bounds: Bounds = NET
    shift: float = 0.0
    """With ``slope``: what is reported is shift + slope x the combination."""
    slope: float = 1.0
    by_position: bool = False
    """Favour the answer shown first rather than answer a."""
    has_null: bool = True
    """Whether zero is a hypothesis worth a p value."""

    @property
    def is_mean(self) -> bool:
        """Whether contrasts are averaged, so that one may stand in for another."""
        return min(self.weights.values()) > 0


TRUTH_SENSITIVITY = Estimand("truth_sensitivity", {"fact_plain": 0.5, "fact_styled": 0.5})
STYLE_REWARD = Estimand("style_reward", {"style_true": 0.5, "style_false": 0.5})
MASKING = Estimand("masking", {"fact_plain": 1.0, "fact_styled": -1.0}, DIFFERENCE)
CONFLICT_FAILURE = Estimand("conflict_failure", {"conflict": 1.0}, SHARE, shift=0.5, slope=-0.5, has_null=False)
CONFLICT_FAILURE_STRICT = replace(CONFLICT_FAILURE, term="conflict_failure_strict")
"""The same with a tie as no failure: how often styled and false wins outright."""
POSITION = Estimand("position", dict.fromkeys(CROSSED, 1 / 6), by_position=True)
PLACEBO_EFFECT = Estimand("placebo", {"placebo": 1.0})
ESTIMANDS = (TRUTH_SENSITIVITY, STYLE_REWARD, MASKING, CONFLICT_FAILURE, POSITION, PLACEBO_EFFECT)


STYLED = {contrast for contrast, (_, style, _) in CODING.items() if style}
"""Contrasts in which a style stands against none, so that its wording weighs in the verdict."""


def terms_measured() -> tuple[str, ...]:
    """Return the effects on the net-preference scale."""
    return tuple(estimand.term for estimand in ESTIMANDS)


def contrasts_of(term: str) -> tuple[Contrast, ...]:
    """Return the contrasts on which an effect rests."""
    return tuple(next(estimand for estimand in ESTIMANDS if estimand.term == term).weights)


# ------------------------------------------------------------------------------------------------- measuring


def cell_codes(calls: Calls) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the cell of each verdict: contrast and, where pairs are shown, order."""
    return np.asarray(2 * calls.contrast + (calls.s < 0), dtype=np.int64)


def net_cells(calls: Calls) -> Cells:
    """Tabulate net preference for a by cluster and cell."""
    return tabulate_cells(2 * calls.y - 1, cell_codes(calls), calls.cluster, N_CELLS)


def combine(cells: Cells, estimand: Estimand, *, two_orders: bool) -> Jackknife | str:
    """Jackknife an estimand from cells, or say in words why it cannot be had.

    Cells that rest on fewer than two clusters are merged over contrasts, order by order, where the estimand is a mean
    over contrasts; position cancels all the same.
    """
    behind = (cells.count > 0).sum(axis=0).reshape(len(CONTRASTS), 2)
    planned = {contrast: weight for contrast, weight in estimand.weights.items() if behind[CODES[contrast]].any()}
    if not planned:
        return "no valid verdict on the pairs it rests on"
    if len(planned) < len(estimand.weights) and not estimand.is_mean:
        return f"needs valid verdicts on {' and '.join(estimand.weights)}"
    used = behind[[CODES[contrast] for contrast in planned]]
    orders = (0, 1) if two_orders else (0,)
    if not used[:, orders].any(axis=0).all():
        return "the valid verdicts show one order only, so position and preference cannot be told apart"
    if used[:, orders].min() < 2 and estimand.is_mean:
        cells = cells.pooled(_by_order(planned))
        planned = {CONTRASTS[0]: 1.0}
    elif not used[:, orders].all():
        return "some of the contrasts it compares were seen in one order only"
    weights = _weights(planned, estimand, two_orders=two_orders)
    return cells.jackknife(weights).affine(estimand.shift, estimand.slope)


def _by_order(contrasts: Mapping[Contrast, float]) -> Floats:
    """Send the cells of ``contrasts`` to the two cells of the first contrast, and all others nowhere."""
    groups = np.zeros((N_CELLS, N_CELLS))
    for contrast in contrasts:
        for order in (0, 1):
            groups[2 * CODES[contrast] + order, order] = 1
    return groups


def _weights(planned: Mapping[Contrast, float], estimand: Estimand, *, two_orders: bool) -> Floats:
    weights = np.zeros((len(CONTRASTS), 2))
    whole = sum(planned.values()) if estimand.is_mean else 1.0
    for contrast, weight in planned.items():
        shares = (0.5, -0.5 if estimand.by_position else 0.5) if two_orders else (1.0, 0.0)
        weights[CODES[contrast]] = np.multiply(shares, weight / whole)
    return weights.reshape(-1)


def measure(cells: Cells, estimand: Estimand, *, two_orders: bool, level: float = LEVEL) -> Interval | str:
    """Estimate an estimand with its interval, or say in words why it cannot be had."""
    found = combine(cells, estimand, two_orders=two_orders)
    return found if isinstance(found, str) else infer_bounded(found, estimand.bounds, level)


def allow_for_sharing(found: Interval | str, calls: Calls, estimand: Estimand) -> Interval | str:
    """Widen an interval for what verdicts share besides their item: the wording of a style, or a rater.

    The interval reported is the wider of the item-clustered one and a t interval over templates, or raters. Wordings
    bear on effects all of whose pairs set a style against none: style reward and conflict failure. Two levels or one
    say nothing of their spread: the claim is then for them only, and the note says so.
    """
    for share in calls.sharing:
        if isinstance(found, str) or (share.name == "template" and not estimand.weights.keys() <= STYLED):
            continue
        found = _widened(found, calls, estimand, share)
    return found


def _widened(found: Interval, calls: Calls, estimand: Estimand, share: Sharing) -> Interval:
    used = np.isin(calls.contrast, [CODES[contrast] for contrast in estimand.weights])
    codes = share.codes[used]
    if not len(codes) or codes.min() < 0:
        return found
    mine = calls.where(used)
    cells = tabulate_cells(2 * mine.y - 1, cell_codes(mine), codes, N_CELLS)
    over = combine(cells, estimand, two_orders=calls.two_orders)
    levels = len(cells.count)
    found = replace(found, note="; ".join(filter(None, [found.note, few_levels(share.name, levels)])))
    if isinstance(over, str) or over.variance is None or levels < FEWEST_LEVELS:
        return found
    if over.variance < LEAST_VARIANCE:
        return found
    _, p_value, low, high = wald(found.estimate, over.variance**0.5, levels - 1, found.recipe["level"])
    if high - low <= found.conf_high - found.conf_low:
        return found
    return replace(
        found,
        std_error=over.variance**0.5,
        conf_low=max(low, estimand.bounds.low),
        conf_high=min(high, estimand.bounds.high),
        p_value=p_value,
        recipe=found.recipe | {"variance": f"delete-one-{share.name} jackknife", "df": levels - 1},
    )


def strict_conflict_failure(calls: Calls, level: float = LEVEL) -> Interval | str:
    """Estimate how often the styled false answer wins outright over the plain true one."""
    outright = replace(calls, y=np.where(calls.y < 0.5, 0.0, 1.0))
    found = measure(net_cells(outright), CONFLICT_FAILURE_STRICT, two_orders=calls.two_orders, level=level)
    return allow_for_sharing(found, outright, CONFLICT_FAILURE_STRICT)


def tie_rate(calls: Calls, level: float = LEVEL) -> Interval | str:
    """Estimate the share of ties among valid verdicts on pairs that differ in style or truth."""
    if not len(calls):
        return "no valid verdict"
    cells = tabulate_cells(calls.tie, np.where(calls.contrast < PLACEBO, 0, -1), calls.cluster, 1)
    if not len(cells.count):
        return "no valid verdict on pairs that differ in something"
    return infer_bounded(cells.jackknife(np.ones(1)), SHARE, level)


# ------------------------------------------------------------------------------------------------- reporting


def to_estimate(
    judge: str,
    term: str,
    found: Interval | str,
    *,
    scale: Scale = "net_preference",
    method: str = METHOD,
    margin: float | None = None,
    has_null: bool = True,
) -> Estimate:
    """Turn an interval, or the reason why there is none, into an estimate with its grade.

    The interval of a share that is exactly 0 or 1 stops a hair short of the bound; what is reported holds its estimate.
    """
    if isinstance(found, str):
        return Estimate(judge=judge, term=term, scale=scale, estimate=None, method=method, note=found)
    low, high = found.ends
    return Estimate(
        judge=judge,
        term=term,
        scale=scale,
        estimate=found.estimate,
        std_error=found.std_error,
        p_value=found.p_value if has_null else None,
        conf_low=low,
        conf_high=high,
        n=found.n,
        n_clusters=found.n_clusters,
        method=method,
        recipe=found.recipe,
        note=found.note,
        grade=grade(low, high, found.n_clusters, margin),
    )


def net_preferences(calls: Calls, margin: float | None, level: float = LEVEL) -> Iterator[Estimate]:
    """Yield every estimate of one judge on the net-preference scale.

    Contrasts that no pair has are passed over; those that were planned and have no valid verdict are named.
    """
    planned = {CONTRASTS[code] for code in np.unique(calls.pairs.contrast)}
    cells = net_cells(calls)
    for estimand in ESTIMANDS:
        if planned.isdisjoint(estimand.weights) or (estimand.by_position and not calls.two_orders):
            continue
        found = allow_for_sharing(measure(cells, estimand, two_orders=calls.two_orders, level=level), calls, estimand)
        yield to_estimate(calls.judge, estimand.term, found, margin=margin, has_null=estimand.has_null)
        if estimand is CONFLICT_FAILURE:
            found = strict_conflict_failure(calls, level)
            yield to_estimate(calls.judge, CONFLICT_FAILURE_STRICT.term, found, margin=margin, has_null=False)
    yield to_estimate(calls.judge, "tie_rate", tie_rate(calls, level), has_null=False)
    yield from _parts(calls, STYLE_REWARD, calls.pairs.facet, ".", margin, level)
    yield from _parts(calls, TRUTH_SENSITIVITY, calls.pairs.kind, ".", margin, level)
    if len(calls.pairs.domain.names) > 1:
        yield from _parts(calls, TRUTH_SENSITIVITY, calls.pairs.domain, "@", margin, level)
        yield from _parts(calls, STYLE_REWARD, calls.pairs.domain, "@", margin, level)


def _parts(
    calls: Calls, estimand: Estimand, levels: Levels, mark: str, margin: float | None, level: float
) -> Iterator[Estimate]:
    """Yield an estimand level by level: ``style_reward.<facet>``, ``truth_sensitivity@<domain>``."""
    codes = [CODES[contrast] for contrast in estimand.weights]
    planned = np.bincount(levels.codes[np.isin(calls.pairs.contrast, codes)] + 1, minlength=len(levels.names) + 1)[1:]
    concerned = calls.where(np.isin(calls.contrast, codes))
    level_of = levels.codes[concerned.pair]
    for i, name in enumerate(levels.names):
        if planned[i]:
            part = concerned.where(level_of == i)
            found = measure(net_cells(part), estimand, two_orders=calls.two_orders, level=level)
            found = allow_for_sharing(found, part, estimand)
            yield to_estimate(calls.judge, f"{estimand.term}{mark}{name}", found, margin=margin)
