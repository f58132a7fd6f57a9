"""The utility layer in words a team can act on: log odds, the fluency-truth angle and the exchange rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import numpy as np

from judgeaudit.records import Estimate
from judgeaudit.regression.additivity import Additivity, check_additivity
from judgeaudit.regression.bmj import LEVEL, Floats
from judgeaudit.regression.covariances import Covariance, recipe_of, wald, widest
from judgeaudit.regression.design import Calls, Design
from judgeaudit.regression.logit import LogitFit, coefficient, fit_logit
from judgeaudit.regression.matrices import covariate_design, dose_design, facet_design, utility_design

FULL_CIRCLE = 360.0
"""An interval this wide holds every angle."""


def log_odds(calls: Calls, level: float = LEVEL) -> Iterator[Estimate]:
    """Yield the coefficients of one judge's utility, its angle and its exchange rate."""
    design = utility_design(calls)
    fit = fit_logit(design, level) if design.columns else None
    yield from _coefficients(calls.judge, design, level, fit)
    if calls.two_orders:
        turned = _flag_additivity(angle_of_fit(calls.judge, fit, level), check_additivity(calls))
        yield turned
        yield exchange_rate(turned)
    yield from _behind_style(calls, level)


def _behind_style(calls: Calls, level: float) -> Iterator[Estimate]:
    """Yield what lies behind style: facets, doses, and measured covariates with the style they leave over."""
    if calls.pairs.facets:
        design = facet_design(calls)
        own = (e for e in _coefficients(calls.judge, design, level) if e.term.startswith("style."))
        more = {"profiles": n} if (n := design.recipe["profiles"]) else {}
        yield from sorted((e.model_copy(update={"recipe": e.recipe | more}) for e in own), key=lambda e: e.term)
    by_dose = dose_design(calls)
    if by_dose is not None:
        yield from (e for e in _coefficients(calls.judge, by_dose, level) if e.term == "style_dose")
    if calls.pairs.covariates:
        for e in _coefficients(calls.judge, covariate_design(calls), level):
            if e.term.startswith("covariate."):
                yield e
            elif e.term == "style":
                yield e.model_copy(update={"term": "style_given_covariates"})


def _coefficients(judge: str, design: Design, level: float, fit: LogitFit | None = None) -> Iterator[Estimate]:
    """Yield every coefficient of a design, fitted or named as not identified."""
    if design.columns:
        fit = fit or fit_logit(design, level)
        for j, column in enumerate(fit.columns):
            yield coefficient(fit, judge, column, j, level)
    for column, reason in design.unidentified.items():
        yield Estimate(judge=judge, term=column, scale="log_odds", estimate=None, note=f"not identified: {reason}")


def _flag_additivity(turned: Estimate, check: Additivity | None) -> Estimate:
    """Write the additivity check into the angle's recipe, and into its note where the check fires."""
    if check is None or turned.estimate is None:
        return turned
    note = turned.note
    if not check.holds:
        shift = f"conflict pairs are {check.conflict_shift:+.2f} log odds from what truth and style alone explain"
        note = "; ".join(filter(None, [note, f"{shift}: read conflict_failure beside the angle"]))
    return turned.model_copy(update={"recipe": turned.recipe | {"additivity": asdict(check)}, "note": note})


def angle_of_fit(judge: str, fit: LogitFit | None, level: float = LEVEL) -> Estimate:
    """Turn the truth and style coefficients of a fit into the fluency-truth angle."""
    if fit is None or not {"truth", "style"} <= set(fit.columns):
        missing = ", ".join(t for t in ("truth", "style") if fit is None or t not in fit.columns)
        return _no_angle(judge, f"not identified: no coefficient for {missing}")
    pick = [fit.columns.index("truth"), fit.columns.index("style")]
    covs = [replace(cov, matrix=cov.matrix[np.ix_(pick, pick)]) for cov in fit.covs]
    turned = angle(judge, fit.params[pick], covs, level)
    return turned.model_copy(
        update={
            "n": fit.n,
            "n_clusters": fit.n_clusters,
            "method": f"{fit.method}, delta method",
            "recipe": fit.recipe | turned.recipe,
            "note": "; ".join(filter(None, [turned.note, fit.caveat(["truth", "style"])])),
        }
    )


def angle(judge: str, tastes: Floats, covs: Sequence[Covariance], level: float = LEVEL) -> Estimate:
    """Say in degrees what a judge pays for: 0 only truth, 45 one style treatment offsets one error, 90 only style.

    Parameters
    ----------
    judge
        Name of the judge.
    tastes
        What it pays for truth and for style, in one unit, shape (2,).
    covs
        Their covariances, each (2, 2), of which the one that gives the wider interval counts.
    level
        Coverage probability.
    """
    truth, style = float(tastes[0]), float(tastes[1])
    length2 = truth**2 + style**2
    if length2 < 1e-12:
        return _no_angle(judge, "the judge pays for neither truth nor style")
    phi = math.degrees(math.atan2(style, truth))
    spread = widest(covs, np.array([-style, truth]) / length2, level)
    if spread is None:
        note = "no interval: too few clusters, or verdicts that do not vary between them"
        return Estimate(
            judge=judge, term="angle", scale="degrees", estimate=phi, method="angle", recipe={"level": level}, note=note
        )
    std_error = math.degrees(spread.std_error)
    statistic, p_value, low, high = wald(phi, std_error, spread.df, level)
    if high - low >= FULL_CIRCLE:
        return _no_angle(judge, "no direction: the judge pays measurably for neither truth nor style")
    return Estimate(
        judge=judge,
        term="angle",
        scale="degrees",
        estimate=phi,
        std_error=std_error,
        statistic=statistic,
        p_value=p_value,
        conf_low=low,
        conf_high=high,
        recipe={"level": level} | recipe_of(spread),
    )


def _no_angle(judge: str, reason: str) -> Estimate:
    return Estimate(judge=judge, term="angle", scale="degrees", estimate=None, note=reason)


def exchange_rate(turned: Estimate) -> Estimate:
    """Turn an angle into the share of one factual error that the full style treatment buys back.

    The rate is the tangent of the angle. Where the angle's interval reaches 90 degrees the rate is not bounded: the
    estimate is None and only the end that exists is given.

    Examples
    --------
    >>> turned = Estimate(judge="j", term="angle", scale="degrees", estimate=45.0, conf_low=40.0, conf_high=95.0)
    >>> rate = exchange_rate(turned)
    >>> rate.estimate, round(rate.conf_low, 2), rate.conf_high, rate.note
    (None, 0.84, None, 'not bounded: at least 0.84')
    """
    phi, low, high = turned.estimate, turned.conf_low, turned.conf_high
    if phi is None or low is None or high is None:
        note = turned.note or "the angle has no interval"
        return _rate(turned, None, None, None, f"not bounded: {note}")
    least, most = (_tangent(low), _tangent(high)) if high - low < 180 else (None, None)
    if least is not None and most is not None:
        return _rate(turned, math.tan(math.radians(phi)), least, most, "")
    if least is not None:
        return _rate(turned, None, least, None, f"not bounded: at least {least:.2f}")
    if most is not None:
        return _rate(turned, None, None, most, f"not bounded: at most {most:.2f}")
    return _rate(turned, None, None, None, "not bounded: truth may be worth nothing to this judge")


def _tangent(degrees: float) -> float | None:
    """Return the rate at an end of the angle's interval; None where truth no longer counts for the judge."""
    return math.tan(math.radians(degrees)) if -90 < degrees < 90 else None


def _rate(turned: Estimate, value: float | None, low: float | None, high: float | None, note: str) -> Estimate:
    std_error = None
    if value is not None and turned.std_error is not None:
        std_error = math.radians(turned.std_error) * (1 + value**2)
    return Estimate(
        judge=turned.judge,
        term="exchange_rate",
        scale="ratio",
        estimate=value,
        std_error=std_error,
        conf_low=low,
        conf_high=high,
        n=turned.n,
        n_clusters=turned.n_clusters,
        method="tangent of the angle",
        recipe=turned.recipe,
        note=note,
    )
