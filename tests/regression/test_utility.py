"""Angle and exchange rate: what they mean, where they are not bounded, and how often their intervals are right."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import judgeaudit as ja
from judgeaudit.judges import simulated as judged
from judgeaudit.records import Estimate
from judgeaudit.regression.covariances import Covariance
from judgeaudit.regression.design import CODING
from judgeaudit.regression.logit import coefficient, fit_logit
from judgeaudit.regression.matrices import CODED, utility_design
from judgeaudit.regression.population import SIX, Taste, draw_calls, population_means
from judgeaudit.regression.utility import angle, angle_of_fit, exchange_rate, log_odds


def turned(phi: float, low: float, high: float) -> Estimate:
    return Estimate(judge="j", term="angle", scale="degrees", estimate=phi, conf_low=low, conf_high=high)


@pytest.mark.parametrize(("truth", "style", "phi"), [(1, 0, 0), (1, 1, 45), (0, 1, 90), (1, -1, -45), (-1, 0, 180)])
def test_the_angle_of_known_tastes(truth: float, style: float, phi: float) -> None:
    """Zero is truth only, forty-five an even trade, ninety style only, negative a judge that punishes style."""
    found = angle("j", np.array([truth, style], dtype=float), [Covariance(0.01 * np.eye(2), 59)])
    assert found.estimate == pytest.approx(phi)
    assert found.std_error == pytest.approx(math.degrees(0.1 / math.hypot(truth, style)))


def test_no_taste_no_angle() -> None:
    """A judge that pays for nothing has no direction."""
    found = angle("j", np.zeros(2), [Covariance(np.eye(2), 59)])
    assert found.estimate is None
    assert "neither" in found.note


def test_the_exchange_rate_is_the_tangent() -> None:
    """Inside ninety degrees the rate and both ends are tangents."""
    found = exchange_rate(turned(22.3, 12.4, 32.2))
    assert (found.estimate, found.conf_low, found.conf_high) == pytest.approx((0.410, 0.220, 0.630), abs=0.001)


@pytest.mark.parametrize(
    ("low", "high", "ends", "note"),
    [
        (40, 95, (0.839, None), "at least 0.84"),
        (-100, -30, (None, -0.577), "at most -0.58"),
        (95, 130, (None, None), "truth may be worth nothing"),
        (-150, 80, (None, None), "truth may be worth nothing"),
    ],
)
def test_a_rate_that_is_not_bounded_is_none(low: float, high: float, ends: tuple[float, float], note: str) -> None:
    """Where the angle's interval leaves the half-circle the estimate is None and the note says what remains."""
    found = exchange_rate(turned((low + high) / 2, low, high))
    assert found.estimate is None
    assert (found.conf_low, found.conf_high) == tuple(None if e is None else pytest.approx(e, abs=1e-3) for e in ends)
    assert note in found.note


def test_terms_and_scales_of_the_contract() -> None:
    """A pairwise judge has four coefficients, an angle and an exchange rate."""
    found = list(log_odds(draw_calls(Taste(), 30, np.random.default_rng(0))))
    assert [(e.term, e.scale) for e in found] == [
        ("position", "log_odds"),
        ("truth", "log_odds"),
        ("style", "log_odds"),
        ("style_x_truth", "log_odds"),
        ("angle", "degrees"),
        ("exchange_rate", "ratio"),
    ]
    assert all(e.n == 360 and e.n_clusters == 30 and e.recipe["df"] == 29 for e in found)


def marginal(taste: Taste) -> np.ndarray:
    """Solve for the population coefficients that the fractional logit estimates."""
    from scipy.optimize import root

    means = population_means(taste, n=100_000)
    X = np.array([[s, *CODING[c]] for c in SIX for s in (1, -1)])
    y = np.array([means[c, s] for c in SIX for s in (1, -1)])
    solution = root(lambda b: X.T @ (y - 1 / (1 + np.exp(-X @ b))), np.zeros(4))
    assert solution.success
    return np.asarray(solution.x)


@pytest.mark.parametrize(
    "taste",
    [Taste(spread_truth=0.7, spread_style=0.7), Taste(truth=0.3, style=1.2, position=0.8, interaction=-0.4, ties=0.3)],
    ids=["random slopes", "pays for style"],
)
def test_coefficients_and_angle_cover_at_their_nominal_rate(taste: Taste) -> None:
    """Over 120 seeds the t intervals hold the population coefficients within Monte-Carlo error."""
    target = marginal(taste)
    phi = math.degrees(math.atan2(target[2], target[1]))
    reps = 120
    covered = np.zeros(5)
    for seed in range(reps):
        design = utility_design(draw_calls(taste, 60, np.random.default_rng(seed)))
        fit = fit_logit(design)
        found = [coefficient(fit, "j", c, j) for j, c in enumerate(fit.columns)] + [angle_of_fit("j", fit)]
        for k, (e, aim) in enumerate(zip(found, [*target, phi], strict=True)):
            covered[k] += (e.conf_low or 0) <= aim <= (e.conf_high or 0)
    assert (covered / reps >= 0.885).all(), covered / reps
    assert 0.925 <= covered.mean() / reps <= 0.985, covered / reps


def test_a_near_perfect_judge_is_covered_too() -> None:
    """A judge that errs once in two hundred calls keeps its truth inside the bounded interval."""
    taste = Taste(truth=5.3, style=0.6, position=0.2)
    reps, covered, lower = 100, 0, 0
    for seed in range(reps):
        fit = fit_logit(utility_design(draw_calls(taste, 60, np.random.default_rng(seed))))
        assert "truth" in fit.bounded
        low, high = fit.bounded["truth"]
        covered += low <= 5.3 <= high
        lower += low <= 5.3
    assert covered >= 0.9 * reps
    assert lower >= 0.93 * reps


def test_population_coefficients_are_the_conditional_ones_without_heterogeneity() -> None:
    """The generator and the target agree where both are known exactly."""
    np.testing.assert_allclose(marginal(Taste(interaction=0.3)), [0.3, 1.5, 0.8, 0.3], atol=1e-6)


def test_a_judge_that_pays_for_length_only_has_no_style_left_over() -> None:
    """Where style reward is length reward, the covariate takes it all and style given length is near zero."""
    rng = np.random.default_rng(3)
    calls = draw_calls(Taste(), 200, rng)
    coded = CODED[calls.pairs.contrast]
    log_words = coded[:, 1] * rng.uniform(0, 2, len(coded))
    pairs = replace(calls.pairs, measured=log_words[:, None], covariates=("log_words",))
    eta = 1.5 * coded[calls.pair, 0] + 0.8 * log_words[calls.pair]
    calls = replace(calls, pairs=pairs, y=(rng.random(len(calls)) < 1 / (1 + np.exp(-eta))).astype(float))
    found = {e.term: e for e in log_odds(calls)}
    assert found["style"].conf_low > 0.4  # type: ignore[operator]
    assert found["covariate.log_words"].estimate == pytest.approx(0.8, abs=0.2)
    low, high = found["style_given_covariates"].conf_low or 0, found["style_given_covariates"].conf_high or 0
    assert low < 0 < high


def test_a_taste_that_grows_with_the_dose_has_a_slope() -> None:
    """Half a log odds more for every step of the dose is found out."""
    rng = np.random.default_rng(4)
    calls = draw_calls(Taste(), 200, rng)
    style = CODED[calls.pairs.contrast, 1]
    dose = np.where(style != 0, 1 + calls.pairs.cluster.codes % 3, 0)
    eta = 0.8 * style[calls.pair] + 0.5 * style[calls.pair] * (dose[calls.pair] - 2)
    y = (rng.random(len(calls)) < 1 / (1 + np.exp(-eta))).astype(float)
    found = {e.term: e for e in log_odds(replace(calls, pairs=replace(calls.pairs, dose=dose), y=y))}
    assert found["style_dose"].estimate == pytest.approx(0.5, abs=0.2)
    assert found["style"].estimate == pytest.approx(0.8, abs=0.2)


def test_profiles_show_what_every_facet_is_worth_and_leave_the_rest_as_it_was() -> None:
    """End to end on shipped items: tastes of single facets are found, and no other estimate moves by a bit."""
    worth = {"fmt.bold": 1.2, "len.pad": -1.0, "tone.assistant": 0.8}
    judge = judged.SimulatedJudge("j", judged.Taste(truth=1.0, facets=worth))
    pairs = ja.verify(ja.perturb(ja.load_items("core"), contrasts=["style_true", "fact_plain", "profiles"], seed=7))
    verdicts = ja.ask(pairs, [judge], orders="both")
    crossed = [pair for pair in pairs if pair.contrast != "profiles"]
    ids = {pair.id for pair in crossed}
    whole = ja.fit(pairs, verdicts).judges[0]
    alone = ja.fit(crossed, [v for v in verdicts if v.trial.pair_id in ids]).judges[0]
    for facet in {style.facet for pair in pairs for style in pair.a.style}:
        found = whole.get(f"style.{facet}", "log_odds")
        assert found is not None
        assert abs(found.estimate - worth.get(facet, 0.0)) < 3.5 * found.std_error < 0.8  # type: ignore[operator]
        assert found.recipe["profiles"] > 400
    moved = {e.term for e, other in zip(whole.estimates, alone.estimates, strict=True) if e != other}
    assert {term for term in moved if not term.startswith("style.")} == {"order_consistency"}
