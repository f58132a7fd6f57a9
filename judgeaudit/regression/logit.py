"""The utility layer: a fractional logit with cluster-robust t intervals, and what to do when a judge hardly ever errs.

Ordinary audits go through statsmodels (`Logit`, CR1 covariance, t with clusters - 1 degrees of freedom). Large ones
take the same estimator on counts per distinct row. Near-separated ones take Firth's penalty, a jackknife covariance,
and for the separated coefficient the interval that the beta-matched jackknife gives for the share of verdicts it rules.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from judgeaudit.errors import DesignError
from judgeaudit.records import Estimate
from judgeaudit.regression.bmj import LEVEL, SHARE, Floats, Ints, count_clusters, infer_bounded, tabulate_cells
from judgeaudit.regression.covariances import (
    LEAST_VARIANCE,
    Covariance,
    Spread,
    cluster_robust,
    few_levels,
    jackknife_covariance,
    recipe_of,
    shared_covariances,
    totals,
    wald,
    widest,
)
from judgeaudit.regression.design import Design
from judgeaudit.regression.matrices import build_design
from judgeaudit.regression.newton import Rows, expit, information, solve_logits

LARGE = 20_000
"""Rows above which the logit is solved on counts per distinct row."""
FEW_CONTRARY = 10
"""Clusters with a contrary verdict below which the likelihood is too flat for a Wald interval."""
CERTAIN = 40.0
"""Log odds at which a verdict is certain to the last digit: no end of a bounded interval lies beyond."""


@dataclass(frozen=True)
class LogitFit:
    """A fitted utility: coefficients, covariance, and how they were made."""

    columns: tuple[str, ...]
    params: Floats
    """Log odds, shape (p,)."""
    covs: tuple[Covariance, ...]
    """Of which the one that gives the wider interval counts; none with a single cluster."""
    n: int
    n_clusters: int
    method: str
    recipe: dict[str, Any] = field(default_factory=dict)
    bounded: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Intervals of one-sided coefficients, in place of the Wald interval."""
    unit: Floats = field(default_factory=lambda: np.ones(1))
    """Size of each column, shape (p,), in which variances are compared; ones by default."""
    few: tuple[tuple[tuple[str, ...], str], ...] = ()
    """What few templates or raters mean for the claim, with the columns it is said of; no column means all."""

    def spread(self, direction: Floats, level: float = LEVEL) -> Spread | None:
        """Return the widest spread of ``direction`` (p,) times the coefficients; None where there is none."""
        touched = {name for name, weight in zip(self.columns, direction, strict=True) if weight}
        covs = [cov for cov in self.covs if not cov.only or touched.intersection(cov.only)]
        unit = float((np.abs(direction) / self.unit).max())
        found = widest(covs, direction / unit, level)
        return None if found is None else replace(found, std_error=found.std_error * unit)

    def caveat(self, columns: Collection[str]) -> str:
        """Return what a claim about these columns must say: few templates or raters, or a fit that did not converge."""
        notes = [note for only, note in self.few if not only or not set(only).isdisjoint(columns)]
        return "; ".join(notes if self.recipe["converged"] else [*notes, "the fit did not converge"])


def fit_logit(design: Design, level: float = LEVEL) -> LogitFit:
    """Fit the utility by the estimator its data call for.

    Parameters
    ----------
    design
        Rows, columns and clusters; at least one row and one column.
    level
        Coverage of the bounded intervals.
    """
    few = tuple((share.only, note) for share in design.sharing if (note := few_levels(share.name, share.levels)))
    # Powers of two lose no digit, and limits on steps, variances and log odds mean the same for every column.
    unit = 2.0 ** np.floor(np.log2(np.abs(design.rows.X).max(axis=0)))
    units = dict(zip(design.columns, unit.tolist(), strict=True))
    fit = _fit(replace(design, rows=Rows(design.rows.X / unit, design.rows.index)), level)
    return replace(
        fit,
        params=fit.params / unit,
        covs=tuple(replace(cov, matrix=cov.matrix / np.outer(unit, unit)) for cov in fit.covs),
        bounded={name: (low / units[name], high / units[name]) for name, (low, high) in fit.bounded.items()},
        unit=unit,
        few=few,
    )


def _fit(design: Design, level: float) -> LogitFit:
    thin = thin_columns(design)
    if thin:
        return _fit_firth(design, thin, level)
    fit = _fit_counts(design) if len(design.y) > LARGE else _fit_statsmodels(design)
    if fit is None or np.diag(fit.covs[0].matrix).min() < LEAST_VARIANCE:
        return _fit_firth(design, {}, level)
    return _with_jackknife(design, fit) if len(design.y) <= LARGE and _is_graded(design.y) else fit


def _is_graded(y: Floats) -> bool:
    return bool((np.abs(y - 0.5) % 0.5 > 0).any())


def _with_jackknife(design: Design, fit: LogitFit) -> LogitFit:
    """Let the jackknife count where it is wider: graded verdicts are skewed between items, and CR1 falls short."""
    jackknife = jackknife_covariance(design, fit.params, firth=False)
    if jackknife is None:
        return fit
    covs = (*fit.covs, Covariance(jackknife, fit.n_clusters - 1))
    return replace(fit, covs=covs, recipe=fit.recipe | {"covariance": "larger of CR1 and CV3"})


def thin_columns(design: Design) -> dict[str, int]:
    """Return the columns with too few contrary clusters for a Wald interval, and how many each has."""
    # More rows never make contrary clusters fewer, so where a first look finds enough no second one is needed.
    first = contrary_clusters(design.head(LARGE // 4)) if len(design.y) > LARGE else {}
    if first and min(first.values()) >= FEW_CONTRARY:
        return {}
    return {name: count for name, count in contrary_clusters(design).items() if count < FEW_CONTRARY}


def contrary_clusters(design: Design) -> dict[str, int]:
    """Count, for every column, the clusters with a verdict against its prevailing direction.

    A judge that errs in three items out of sixty has three contrary clusters for truth: too few for a Wald interval.
    """
    counts = {}
    for name, x in zip(design.columns, design.X.T, strict=True):
        against = np.where(x > 0, 1 - design.y, design.y)[x != 0]
        cluster = design.cluster[x != 0]
        counts[name] = min(count_clusters(cluster[against > 0]), count_clusters(cluster[against < 1]))
    return counts


def _fit_statsmodels(design: Design) -> LogitFit | None:
    """Fit with statsmodels; None where it reports separation or does not converge."""
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import ModelWarning

    n_clusters = count_clusters(design.cluster)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ModelWarning)
        try:
            result = Logit(design.y, design.X).fit(
                disp=0, cov_type="cluster", cov_kwds={"groups": design.cluster}, use_t=True, maxiter=100, tol=1e-12
            )
        except (ModelWarning, np.linalg.LinAlgError):
            return None
    params = np.asarray(result.params)
    shared = shared_covariances(design, lambda other, only: cluster_robust(other, params, only))
    return LogitFit(
        design.columns,
        params,
        (Covariance(np.asarray(result.cov_params()), n_clusters - 1), *shared),
        len(design.y),
        n_clusters,
        "fractional logit, cluster-robust t",
        {"solver": "statsmodels Logit", "covariance": "CR1", "converged": bool(result.mle_retvals["converged"])}
        | {"iterations": int(result.mle_retvals["iterations"])},
    )


def _fit_counts(design: Design) -> LogitFit | None:
    """Fit on counts per distinct row; None where the likelihood has no finite maximum."""
    try:
        fits = solve_logits(design.rows.X, *totals(design), firth=False)
    except np.linalg.LinAlgError:
        return None
    if not fits.converged:
        return None
    params = fits.params[0]
    n_clusters = count_clusters(design.cluster)
    shared = shared_covariances(design, lambda other, only: cluster_robust(other, params, only))
    return LogitFit(
        design.columns,
        params,
        (Covariance(cluster_robust(design, params), n_clusters - 1), *shared),
        len(design.y),
        n_clusters,
        "fractional logit, cluster-robust t",
        {"solver": "Newton on distinct rows", "covariance": "CR1", "converged": fits.converged}
        | {"iterations": fits.iterations},
    )


# ----------------------------------------------------------------------------------------- few contrary verdicts


def _fit_firth(design: Design, thin: Mapping[str, int], level: float) -> LogitFit:
    """Fit with Firth's penalty.

    A judge that never errs does not vary between clusters either, so its jackknife variance vanishes; the variance of
    the penalised likelihood then stands in, and counts wherever it is the larger.
    """
    total, count = totals(design)
    fits = solve_logits(design.rows.X, total, count, firth=True)
    params = fits.params[0]
    n_clusters = count_clusters(design.cluster)
    jackknife = jackknife_covariance(design, params, firth=True) if n_clusters > 1 else None
    shared = shared_covariances(design, lambda other, _: jackknife_covariance(other, params, firth=True))
    model = np.asarray(np.linalg.inv(information(design.rows.X, count[0], params)), dtype=np.float64)
    covs = [] if jackknife is None else [Covariance(m, n_clusters - 1) for m in (jackknife, model)] + shared
    recipe = {"solver": "Newton on distinct rows, Firth penalty", "covariance": "larger of CV3 and model"}
    bounded = design.columns if jackknife is None else tuple(thin)
    return LogitFit(
        design.columns,
        params,
        tuple(covs),
        len(design.y),
        n_clusters,
        "Firth logit, cluster jackknife t",
        recipe | {"converged": fits.converged, "iterations": fits.iterations, "contrary_clusters": dict(thin)},
        {name: _widest_bounds(design, params, name, level) for name in bounded},
    )


def _widest_bounds(design: Design, params: Floats, column: str, level: float) -> tuple[float, float]:
    """Return the bounded interval over items, or over raters where that is wider."""
    over = [design, *(replace(design, cluster=s.codes) for s in design.sharing if not s.only and s.codes.min() >= 0)]
    ends = [bounded_interval(one, params, column, level) for one in over]
    return max(ends, key=lambda pair: pair[1] - pair[0])


def bounded_interval(design: Design, params: Floats, column: str, level: float = LEVEL) -> tuple[float, float]:
    """Return an interval for a coefficient that hardly any verdict contradicts.

    The share of verdicts in the column's direction has a beta-matched jackknife interval; the coefficients that give
    its two ends, all others held, are the interval. Its lower end is what a judge without an error has shown.
    """
    j = design.columns.index(column)
    bears = design.X[:, j] != 0
    X, y, cluster = design.X[bears], design.y[bears], design.cluster[bears]
    sign = np.sign(X[:, j])
    agree = np.where(sign > 0, y, 1 - y)
    cells = tabulate_cells(agree, np.zeros(len(y), dtype=np.int64), cluster, 1)
    share = infer_bounded(cells.jackknife(np.ones(1)), SHARE, level)
    rest = sign * (X @ params - X[:, j] * params[j])
    ends = [_invert(rest, np.abs(X[:, j]), target) for target in (share.conf_low, share.conf_high)]
    return min(ends[0], float(params[j])), max(ends[1], float(params[j]))


def _invert(rest: Floats, slope: Floats, target: float) -> float:
    """Find b with mean expit(rest + b slope) = target, by bisection."""
    pairs, weight = np.unique(np.column_stack([rest, slope]), axis=0, return_counts=True)
    high = float((CERTAIN + np.abs(pairs[:, 0]).max()) / pairs[:, 1].min())
    low = -high
    for _ in range(80):
        middle = 0.5 * (low + high)
        share = float(expit(pairs[:, 0] + middle * pairs[:, 1]) @ weight) / weight.sum()
        low, high = (middle, high) if share < target else (low, middle)
    return 0.5 * (low + high)


# ---------------------------------------------------------------------------------------------- estimates


def coefficient(fit: LogitFit, judge: str, term: str, j: int, level: float = LEVEL) -> Estimate:
    """Turn coefficient ``j`` of a fit into an estimate on the log-odds scale."""
    value, column = float(fit.params[j]), fit.columns[j]
    spread = fit.spread(np.eye(len(fit.columns))[j], level)
    statistic = p_value = None
    method, note = fit.method, ""
    if spread is None or column in fit.bounded:
        low, high = fit.bounded[column]
        method, note = (
            "Firth logit, beta-matched jackknife inverted",
            _why_bounded(fit, column, undecided=low <= 0 <= high),
        )
    else:
        statistic, p_value, low, high = wald(value, spread.std_error, spread.df, level)
    return Estimate(
        judge=judge,
        term=term,
        scale="log_odds",
        estimate=value,
        std_error=None if spread is None else spread.std_error,
        statistic=statistic,
        p_value=p_value,
        conf_low=low,
        conf_high=high,
        n=fit.n,
        n_clusters=fit.n_clusters,
        method=method,
        recipe=fit.recipe | {"level": level, "columns": list(fit.columns)} | recipe_of(spread),
        note="; ".join(filter(None, [note, fit.caveat([column])])),
    )


def _why_bounded(fit: LogitFit, column: str, *, undecided: bool) -> str:
    contrary = fit.recipe["contrary_clusters"].get(column)
    if contrary is None or undecided:
        return "rests on few clusters: the interval is that of the share of verdicts it rules"
    hold = {0: "no cluster holds", 1: "only 1 cluster holds"}.get(contrary, f"only {contrary} clusters hold")
    return f"{hold} a verdict against it: read the end of the interval nearer to zero"


def regress(
    y: Sequence[float] | Floats,
    X: Sequence[Sequence[float]] | Floats,
    columns: Sequence[str],
    cluster: Sequence[object] | Ints,
    *,
    judge: str = "",
    level: float = LEVEL,
) -> list[Estimate]:
    """Regress verdicts on any columns: a fractional logit with cluster-robust t intervals.

    Parameters
    ----------
    y
        Response in [0, 1], one per verdict, shape (n,); a tie is 0.5.
    X
        Explanatory columns, shape (n, p), the intercept included where one is wanted.
    columns
        Their names, which become the terms of the estimates.
    cluster
        What verdicts share: pair, item or source document, shape (n,).
    judge
        Name to put on the estimates.
    level
        Coverage probability of the intervals.

    Raises
    ------
    DesignError
        When shapes disagree, a value is not finite or out of range, names repeat, or columns are collinear (all are
        named).

    Examples
    --------
    >>> fit = regress([1, 0, 1, 1, 0, 0] * 20, [[1.0]] * 120, ["first"], [i // 3 for i in range(120)])
    >>> round(fit[0].estimate, 6), fit[0].n_clusters
    (0.0, 40)
    """
    try:
        response, matrix = np.asarray(y, dtype=np.float64), np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DesignError(f"y and X must be numbers: {error}") from error
    if len(set(columns)) < len(columns):
        raise DesignError(f"two columns share a name among {', '.join(columns)}; give every column its own")
    if matrix.shape != (len(response), len(columns)) or len(cluster) != len(response):
        raise DesignError(
            f"y has {len(response)} entries, X has shape {matrix.shape}, columns {len(columns)} names and cluster "
            f"{len(cluster)} entries; X must be (len(y), len(columns)) and cluster as long as y"
        )
    if not np.isfinite(matrix).all() or not ((response >= 0) & (response <= 1)).all():
        raise DesignError("y must lie in [0, 1] and X be finite; drop or repair the rows that are not")
    _, codes = np.unique(np.asarray([str(value) for value in cluster]), return_inverse=True)
    design = build_design(response, dict(zip(columns, matrix.T, strict=True)), codes.astype(np.int64))
    if design.unidentified or not len(response):
        reasons = "; ".join(f"{name!r}: {reason}" for name, reason in design.unidentified.items())
        raise DesignError(f"these columns cannot be estimated: {reasons or 'there are no rows'}; leave them out")
    fit = fit_logit(design, level)
    return [coefficient(fit, judge, name, j, level) for j, name in enumerate(fit.columns)]
