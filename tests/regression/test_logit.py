"""The utility layer against statsmodels, an independent Firth fit, and judges that never err."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from statsmodels.discrete.discrete_model import Logit

from judgeaudit.errors import DesignError
from judgeaudit.regression import covariances, logit
from judgeaudit.regression.covariances import Covariance, cluster_robust, jackknife_covariance, totals, widest
from judgeaudit.regression.design import Sharing
from judgeaudit.regression.logit import bounded_interval, coefficient, contrary_clusters, fit_logit, regress
from judgeaudit.regression.matrices import build_design, utility_design
from judgeaudit.regression.newton import Rows, solve_logits
from judgeaudit.regression.population import Taste, draw_calls
from judgeaudit.regression.utility import angle_of_fit

LLMBAR = Path(__file__).parents[2].parent / "shared" / "data" / "llmbar"


def design_of(taste: Taste, items: int = 40, seed: int = 0) -> Any:
    return utility_design(draw_calls(taste, items, np.random.default_rng(seed)))


def test_equals_statsmodels() -> None:
    """Coefficients and CR1 errors are those of statsmodels' Logit, ties counting a half."""
    design = design_of(Taste(ties=0.3, spread_style=0.5))
    oracle = Logit(design.y, design.X).fit(disp=0, cov_type="cluster", cov_kwds={"groups": design.cluster}, use_t=True)
    fit = fit_logit(design)
    assert fit.recipe["solver"] == "statsmodels Logit"
    np.testing.assert_allclose(fit.params, oracle.params, atol=1e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covs[0].matrix)), oracle.bse, atol=1e-8)
    estimates = regress(design.y, design.X, design.columns, design.cluster)
    ends = [(e.conf_low, e.conf_high) for e in estimates]
    np.testing.assert_allclose(np.array(ends, dtype=float), oracle.conf_int(), atol=1e-6)
    np.testing.assert_allclose([e.p_value or 0.0 for e in estimates], oracle.pvalues, atol=1e-6)


def test_large_tables_give_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newton on distinct rows equals statsmodels to 1e-10 in coefficients and 1e-8 in errors."""
    design = design_of(Taste(spread_truth=0.5, ties=0.2))
    small = fit_logit(design)
    monkeypatch.setattr(logit, "LARGE", 10)
    large = fit_logit(design)
    assert large.recipe["solver"] == "Newton on distinct rows"
    np.testing.assert_allclose(large.params, small.params, atol=1e-10)
    np.testing.assert_allclose(
        np.sqrt(np.diag(large.covs[0].matrix)), np.sqrt(np.diag(small.covs[0].matrix)), atol=1e-8
    )


@pytest.mark.parametrize("large", [True, False])
def test_verdicts_that_do_not_vary_fall_back_to_firth(monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    """All ties have no variance between clusters; whatever the size, the interval is that of the likelihood."""
    monkeypatch.setattr(logit, "LARGE", 10 if large else 10_000)
    design = replace(design_of(Taste()), y=np.full(480, 0.5))
    fit = fit_logit(design)
    found = coefficient(fit, "j", "truth", fit.columns.index("truth"))
    assert found.estimate == pytest.approx(0.0)
    assert 0.1 < (found.conf_high or 0) < 1.0


@pytest.mark.parametrize("large", [True, False])
def test_separation_at_any_size_falls_back_to_firth(monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    """A separated table is solved with the penalty whichever solver met it."""
    monkeypatch.setattr(logit, "LARGE", 10 if large else 10_000)
    X = np.repeat([[1.0, 1.0], [1.0, -1.0], [-1.0, 2.0], [-2.0, 1.0]], 30, axis=0)
    y = (X.sum(axis=1) > 0).astype(float)
    y[X.sum(axis=1) == 0] = np.tile([0.0, 1.0], 15)
    estimates = regress(y, X, ["u", "v"], np.arange(len(y)))
    assert all(e.method.startswith("Firth") and math.isfinite(e.estimate or math.nan) for e in estimates)


def _firth_objective(beta: Any, X: Any, y: Any) -> float:
    eta = X @ beta
    likelihood = float((y * eta - np.logaddexp(0, eta)).sum())
    p = 1 / (1 + np.exp(-eta))
    return -likelihood - 0.5 * float(np.linalg.slogdet((X * (p * (1 - p))[:, None]).T @ X)[1])


@pytest.mark.parametrize("taste", [Taste(), Taste(truth=60, style=0, position=0, temperature=0)])
def test_firth_maximises_the_penalised_likelihood(taste: Taste) -> None:
    """The Firth fit is where a general optimiser finds the maximum of likelihood plus half log information."""
    design = design_of(taste, items=12)
    fits = solve_logits(design.rows.X, *totals(design), firth=True)
    best = minimize(_firth_objective, np.zeros(4), args=(design.X, design.y), method="BFGS", options={"gtol": 1e-7})
    assert fits.converged
    np.testing.assert_allclose(fits.params[0], best.x, atol=2e-5)


@pytest.mark.parametrize(
    ("X", "y"), [([[1.0]], [1.0]), ([[1.0, 0.0], [1.0, 1.0]], [1.0, 0.0]), (np.eye(3), np.ones(3))]
)
def test_firth_converges_where_there_is_a_verdict_a_coefficient(X: Any, y: Any) -> None:
    """As many coefficients as verdicts: the penalty alone decides, and the solution has the sign of the verdicts."""
    X, y = np.asarray(X), np.asarray(y)
    fits = solve_logits(X, y[None], np.ones((1, len(y))), firth=True)
    best = minimize(_firth_objective, np.zeros(X.shape[1]), args=(X, y), method="BFGS", options={"gtol": 1e-7})
    assert fits.converged
    np.testing.assert_allclose(fits.params[0], best.x, atol=2e-5)
    assert fits.params[0][0] > 0


def test_three_items_never_make_an_impossible_spread() -> None:
    """A direction in which a covariance of few clusters is flat but for rounding has no spread, and no complex one."""
    flat = Covariance(np.array([[1.0, 1.0], [1.0, 1.0 - 1e-15]]), 1)
    assert widest([flat], np.array([1.0, -1.0])) is None
    for seed in range(40):
        fit = fit_logit(design_of(Taste(spread_truth=0.8), items=3, seed=seed))
        assert angle_of_fit("j", fit).scale == "degrees"


def test_the_jackknife_refits_without_each_cluster() -> None:
    """The batched CV3 equals refitting with one cluster removed at a time."""
    design = design_of(Taste(), items=8)

    def fit(keep: Any) -> Any:
        rows = Rows(design.rows.X, design.rows.index[keep]).used()
        some = replace(design, y=design.y[keep], rows=rows, cluster=design.cluster[keep])
        return solve_logits(rows.X, *totals(some), firth=True).params[0]

    full = fit(np.ones(len(design.y), dtype=bool))
    naive = np.array([fit(design.cluster != g) for g in range(8)]) - full
    found = jackknife_covariance(design, full, firth=True)
    assert found is not None
    np.testing.assert_allclose(found, 7 / 8 * naive.T @ naive, atol=1e-9)


def test_chunked_jackknife_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Working through the clusters in small batches changes nothing."""
    design = design_of(Taste(), items=20)
    params = fit_logit(design).params
    whole = jackknife_covariance(design, params, firth=True)
    monkeypatch.setattr(covariances, "BATCH_ENTRIES", 3 * len(design.rows.X))
    np.testing.assert_allclose(jackknife_covariance(design, params, firth=True), whole, atol=1e-12)


def test_a_perfect_judge_gets_finite_numbers_and_a_lower_bound() -> None:
    """Sixty items without an error say that truth weighs at least so much."""
    design = design_of(Taste(truth=60, style=0, position=0, temperature=0), items=60)
    fit = fit_logit(design)
    assert contrary_clusters(design)["truth"] == 0
    low, high = fit.bounded["truth"]
    assert 2 < low < fit.params[fit.columns.index("truth")] < high < 20
    assert fit.method.startswith("Firth")
    assert "style" not in fit.bounded
    found = coefficient(fit, "j", "truth", fit.columns.index("truth"))
    assert found.note.startswith("no cluster holds a verdict against it")


def test_a_weaker_lower_bound_with_fewer_items() -> None:
    """Fifteen items without an error promise less than sixty."""
    lows = []
    for items in (15, 60):
        design = design_of(Taste(truth=60, style=0, position=0, temperature=0), items=items)
        lows.append(bounded_interval(design, fit_logit(design).params, "truth")[0])
    assert lows[0] < lows[1] - 0.5


def test_collinear_columns_are_all_named() -> None:
    """A refusal lists the columns at fault and what they repeat."""
    x = np.tile([1.0, -1.0, 2.0], 10)
    with pytest.raises(DesignError, match=r"'c': collinear with a, b; 'd': no verdict bears on it"):
        regress(np.full(30, 0.5), np.column_stack([x, x**2, x + x**2, 0 * x]), ["a", "b", "c", "d"], np.arange(30))


@pytest.mark.parametrize(
    ("y", "X", "message"),
    [
        ([1, 0], [[1.0], [1.0], [1.0]], "X has shape"),
        ([1, 2], [[1.0], [1.0]], "must lie in"),
        ([1, 0], [[1.0], [math.nan]], "be finite"),
        ([1, "?"], [[1.0], [1.0]], "must be numbers"),
    ],
)
def test_bad_input_is_refused_with_the_reason(y: Any, X: Any, message: str) -> None:
    """Shapes that disagree and values out of range never reach an estimator."""
    with pytest.raises(DesignError, match=message):
        regress(y, X, ["x"], range(len(y)))


def test_two_columns_of_one_name_are_refused() -> None:
    """A name that stands twice would leave one of its columns out in silence."""
    with pytest.raises(DesignError, match="share a name"):
        regress([1, 0, 1], [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], ["x", "x"], "abc")


@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize("rarely_wrong", [True, False])
def test_the_unit_of_a_column_changes_nothing_but_the_unit(scale: float, rarely_wrong: bool) -> None:
    """A length in characters or in gigabytes: same statistic, same interval but for the unit, errors or none."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(300), rng.normal(size=300)])
    y = (X[:, 1] > 0).astype(float) if rarely_wrong else (rng.random(300) < 0.5).astype(float)
    y[:6] = 1 - y[:6]
    one, other = (regress(y, X * [1.0, unit], ["first", "x"], np.arange(300) // 3)[1] for unit in (1.0, scale))
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        assert getattr(other, name) * scale == pytest.approx(getattr(one, name), rel=1e-6), name
    assert (other.n_clusters, other.note, other.method) == (one.n_clusters, one.note, one.method)


def test_duplicated_rows_leave_the_estimate_alone() -> None:
    """Every cluster twice as long gives the same coefficients and, up to the correction, the same clustered errors."""
    design = design_of(Taste())
    twice = build_design(
        np.tile(design.y, 2),
        dict(zip(design.columns, np.tile(design.X, (2, 1)).T, strict=True)),
        np.tile(design.cluster, 2),
    )
    one, two = fit_logit(design), fit_logit(twice)
    np.testing.assert_allclose(one.params, two.params, atol=1e-8)
    np.testing.assert_allclose(one.covs[0].matrix, two.covs[0].matrix, rtol=0.01)


# --------------------------------------------------------------------------------------------- real judges

TABLE = {
    ("GPT-4", "Vanilla_NoRules"): (652, (0.037, 0.047), (1.657, 0.161), (0.404, 0.107), (0.452, 0.252)),
    ("GPT-4", "CoT"): (652, (0.195, 0.063), (1.998, 0.165), (0.301, 0.100), (0.456, 0.267)),
    ("ChatGPT", "Vanilla_NoRules"): (652, (0.790, 0.072), (-0.038, 0.127), (0.636, 0.129), (0.099, 0.193)),
    ("LLaMA2", "Vanilla_NoRules"): (651, (0.347, 0.076), (0.325, 0.133), (1.486, 0.230), (-0.024, 0.220)),
}
MARKER = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s|\*\*|^#+\s", re.MULTILINE)
SUBSETS = ("Natural", "Adversarial/Neighbor", "Adversarial/GPTInst")


def _llmbar_calls(evaluator: str, prompt: str) -> Iterator[tuple[float, list[float], str]]:
    """Yield response, columns and pair of every recorded call of one judge."""
    items = {subset: json.loads((LLMBAR / subset / "dataset.json").read_text("utf-8")) for subset in SUBSETS}
    with (LLMBAR / "verdicts.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            subset = row["subset"].removeprefix("LLMBar/")
            if subset not in items or (row["evaluator"], row["prompt"]) != (evaluator, prompt):
                continue
            item = items[subset][int(row["item"])]
            texts = {"1": item["output_1"], "2": item["output_2"]}
            for first, second in (("1", "2"), ("2", "1")):
                winner = row[f"winner_order_{first}{second}"]
                if winner not in texts:
                    continue
                words, marks = (
                    [len(texts[k].split()) for k in (first, second)],
                    [len(MARKER.findall(texts[k])) for k in (first, second)],
                )
                columns = [
                    1.0,
                    1.0 if row["gold"] == first else -1.0,
                    math.log(words[0] / words[1]),
                    float(np.sign(marks[0] - marks[1])),
                ]
                yield float(winner == first), columns, f"{subset}/{row['item']}"


@pytest.mark.skipif(not LLMBAR.exists(), reason="the LLMBar verdicts are not at hand")
@pytest.mark.parametrize(("evaluator", "prompt"), list(TABLE))
def test_real_judges_of_llmbar(evaluator: str, prompt: str) -> None:
    """GPT-4 paid for truth, ChatGPT of that day for length and position: the published figures to 0.002."""
    y, X, pairs = zip(*_llmbar_calls(evaluator, prompt), strict=True)
    calls, *figures = TABLE[evaluator, prompt]
    estimates = regress(y, X, ["first", "truth", "log_length", "markdown"], pairs)
    assert len(y) == calls
    for found, (value, error) in zip(estimates, figures, strict=True):
        assert (found.estimate, found.std_error) == pytest.approx((value, error), abs=0.002), found.term


def test_every_subset_of_columns_is_identified_or_named() -> None:
    """Dropping contrasts never yields a silent coefficient: each term is estimated or has a reason."""
    calls = draw_calls(Taste(), 15, np.random.default_rng(1))
    for size in (1, 2, 3):
        for kept in combinations(range(6), size):
            design = utility_design(calls.where(np.isin(calls.contrast, kept)))
            assert set(design.columns) | set(design.unidentified) == {"position", "truth", "style", "style_x_truth"}
            assert np.linalg.matrix_rank(design.X) == len(design.columns)


def test_graded_verdicts_take_the_jackknife_where_it_is_wider() -> None:
    """Log-probabilities are skewed between items: CR1 falls a little short, and the wider of the two counts."""
    calls = draw_calls(
        Taste(spread_truth=0.8, spread_style=0.8, spread_pair=0.5, graded=True), 60, np.random.default_rng(4)
    )
    design = utility_design(calls)
    fit = fit_logit(design)
    errors = [np.sqrt(np.diag(m)) for m in (
        cluster_robust(design, fit.params),
        jackknife_covariance(design, fit.params, firth=False),
    )]  # fmt: skip
    found = [coefficient(fit, "j", c, j).std_error for j, c in enumerate(fit.columns)]
    np.testing.assert_allclose(found, np.maximum(*errors), rtol=1e-9)
    assert fit.recipe["covariance"] == "larger of CR1 and CV3"


def test_a_near_perfect_judge_is_widened_by_raters_and_templates() -> None:
    """What verdicts share besides their item counts on the path of rare errors too."""
    design = design_of(Taste(truth=60, style=0.5, position=0), items=60)
    code = np.arange(len(design.y)) % 5
    y = np.where((design.X[:, 1] == 0) & (code == 0), 1.0, design.y)
    alone = fit_logit(replace(design, y=y))
    shared = fit_logit(replace(design, y=y, sharing=(Sharing("rater", code),)))
    style = alone.columns.index("style")
    one, other = (coefficient(fit, "j", "style", style) for fit in (alone, shared))
    assert one.method.startswith("Firth")
    assert one.recipe["independent"] == "item"
    assert other.recipe["independent"] == "rater"
    assert other.conf_high - other.conf_low > one.conf_high - one.conf_low  # type: ignore[operator]
