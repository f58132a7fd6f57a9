"""Effects on the net-preference scale: what they mean, when they cannot be had, and how often they are right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from judgeaudit.regression.design import CODES, Calls, tabulate
from judgeaudit.regression.effects import (
    CONFLICT_FAILURE,
    ESTIMANDS,
    MASKING,
    POSITION,
    STYLE_REWARD,
    TRUTH_SENSITIVITY,
    Estimand,
    measure,
    net_cells,
    net_preferences,
    tie_rate,
)
from judgeaudit.regression.population import Taste, bare_calls, bare_pairs, draw_calls, population_means

from .simulation import judge_pairs, make_pairs, verdict


def value(calls: Calls, estimand: Estimand) -> float:
    found = measure(net_cells(calls), estimand, two_orders=True)
    assert not isinstance(found, str)
    return found.estimate


def constant(calls: Calls, preference: dict[str, float]) -> Calls:
    by_code = np.array([preference.get(contrast, 0.5) for contrast in CODES])
    return replace(calls, y=by_code[calls.contrast], tie=np.zeros(len(calls)))


def test_the_definitions_on_a_judge_known_by_heart() -> None:
    """Each effect is the average of the specification, contrast by contrast."""
    plan = draw_calls(Taste(), 8, np.random.default_rng(0))
    calls = constant(
        plan, {"fact_plain": 1.0, "fact_styled": 0.75, "style_true": 0.8, "style_false": 0.6, "conflict": 0.3}
    )
    assert value(calls, TRUTH_SENSITIVITY) == pytest.approx(0.75)
    assert value(calls, STYLE_REWARD) == pytest.approx(0.4)
    assert value(calls, MASKING) == pytest.approx(0.5)
    assert value(calls, CONFLICT_FAILURE) == pytest.approx(0.7)
    assert value(calls, POSITION) == pytest.approx(0.0)


def test_a_tie_is_half_a_conflict_failure_and_no_strict_one() -> None:
    """Of ten conflict pairs lost three times and tied four, the rate is one half and the strict rate three tenths."""
    plan = draw_calls(Taste(), 10, np.random.default_rng(0))
    y = np.array([0.0] * 3 + [0.5] * 4 + [1.0] * 3)[plan.cluster]
    found = {e.term: e.estimate for e in net_preferences(replace(plan, y=y, tie=(y == 0.5) * 1.0), 0.1)}
    assert found["conflict_failure"] == pytest.approx(0.5)
    assert found["conflict_failure_strict"] == pytest.approx(0.3)


def test_what_is_reported_holds_its_own_estimate() -> None:
    """A judge that never ties has a tie rate of 0, inside its interval; so have all effects at a bound."""
    plan = draw_calls(Taste(), 30, np.random.default_rng(0))
    for e in net_preferences(constant(plan, {"fact_plain": 1.0, "fact_styled": 1.0, "conflict": 1.0}), 0.1):
        assert e.conf_low <= e.estimate <= e.conf_high, e.term  # type: ignore[operator]


def test_position_is_first_minus_second() -> None:
    """A judge that always takes the first answer has position 1 and no other taste."""
    plan = draw_calls(Taste(), 8, np.random.default_rng(0), both=False)
    calls = replace(plan, y=(plan.s > 0).astype(float))
    assert value(calls, POSITION) == pytest.approx(1.0)
    assert value(calls, STYLE_REWARD) == pytest.approx(0.0)
    assert value(calls, CONFLICT_FAILURE) == pytest.approx(0.5)


def test_swapping_a_and_b_turns_the_sign() -> None:
    """The same verdicts told from the other answer's side have the opposite effects."""
    calls = draw_calls(Taste(), 30, np.random.default_rng(4))
    mirrored = replace(calls, y=1 - calls.y, s=-calls.s)
    for estimand in (TRUTH_SENSITIVITY, STYLE_REWARD, MASKING):
        assert value(mirrored, estimand) == pytest.approx(-value(calls, estimand))
    assert value(mirrored, POSITION) == pytest.approx(value(calls, POSITION))


def test_one_order_left_after_failures_is_a_reason_and_not_a_number() -> None:
    """When every valid verdict shows one order, the effect is not identified and the estimate says so."""
    calls = draw_calls(Taste(), 8, np.random.default_rng(0))
    left = calls.where(calls.s > 0)
    found = {e.term: e for e in net_preferences(left, 0.1)}
    assert found["style_reward"].estimate is None
    assert "one order only" in found["style_reward"].note


def test_thin_cells_are_merged_over_contrasts_order_by_order() -> None:
    """Five pairs spread over four cells still give position-free style reward."""
    contrast = [CODES["style_true"]] * 2 + [CODES["style_false"]] * 3
    pairs = bare_pairs(np.array(contrast), np.arange(5))
    calls = bare_calls(pairs, np.arange(5), np.array([1, 1, -1, -1, -1]), np.array([1.0, 1, 0, 0, 0]))
    found = measure(net_cells(calls), STYLE_REWARD, two_orders=True)
    assert not isinstance(found, str)
    assert found.estimate == 0.0
    assert found.recipe["variance"] == "delete-one-cluster jackknife"


def test_masking_needs_both_fact_contrasts() -> None:
    """Masking compares two contrasts, so one of them alone cannot stand in for it."""
    calls = draw_calls(Taste(), 8, np.random.default_rng(0))
    plain = calls.where(calls.contrast != CODES["fact_styled"])
    assert measure(net_cells(plain), MASKING, two_orders=True) == "needs valid verdicts on fact_plain and fact_styled"


def test_ties_count_a_half_and_have_a_rate() -> None:
    """All ties: no effect, a tie rate of one."""
    pairs = make_pairs(20)
    calls = tabulate(pairs, [verdict(pair.id, "j", order, 0.5) for pair in pairs for order in ("ab", "ba")])["j"]
    assert value(calls, STYLE_REWARD) == 0.0
    found = tie_rate(calls)
    assert not isinstance(found, str)
    assert found.estimate == 1.0


def test_parts_are_named_by_facet_kind_and_domain() -> None:
    """Facets and kinds of error follow a point, domains an at sign; one domain alone is not repeated."""
    pairs = make_pairs(12, facets=("fmt.list", "tone.x"), domains=("law", "space"))
    terms = {e.term for e in net_preferences(tabulate(pairs, judge_pairs(pairs, Taste(), 1))["j"], 0.1)}
    assert {"style_reward.fmt.list", "style_reward.tone.x", "truth_sensitivity.date", "truth_sensitivity@law"} <= terms
    single = make_pairs(12)
    terms = {e.term for e in net_preferences(tabulate(single, judge_pairs(single, Taste(), 1))["j"], 0.1)}
    assert not any("@" in term for term in terms)


def test_contrasts_without_pairs_are_passed_over() -> None:
    """A design without placebos has no placebo estimate."""
    pairs = make_pairs(6, placebo=False)
    terms = {e.term for e in net_preferences(tabulate(pairs, judge_pairs(pairs, Taste(), 1))["j"], 0.1)}
    assert "placebo" not in terms


@pytest.mark.parametrize("both", [True, False], ids=["both orders", "counterbalanced"])
@pytest.mark.parametrize(
    "taste",
    [Taste(spread_truth=0.8, spread_style=0.8, ties=0.2), Taste(truth=3.0, style=0.5, position=1.0, spread_pair=0.5)],
    ids=["mixed tastes", "strong truth and position"],
)
def test_intervals_cover_at_their_nominal_rate(taste: Taste, both: bool) -> None:
    """Over 300 seeds, 60 items each, 95 percent intervals hold the truth within Monte-Carlo error."""
    truth = population_means(taste, n=100_000)
    names = {code: contrast for contrast, code in CODES.items()}
    reps = 300
    covered = dict.fromkeys([estimand.term for estimand in ESTIMANDS[:5]], 0)
    for seed in range(reps):
        cells = net_cells(draw_calls(taste, 60, np.random.default_rng([seed, both]), both=both))
        for estimand in ESTIMANDS[:5]:
            target = sum(
                w * (0.5 if s > 0 or not estimand.by_position else -0.5) * (2 * truth[names[CODES[c]], s] - 1)
                for c, w in estimand.weights.items()
                for s in (1, -1)
            )
            found = measure(cells, estimand, two_orders=True)
            assert not isinstance(found, str)
            covered[estimand.term] += found.conf_low <= estimand.shift + estimand.slope * target <= found.conf_high
    rates = {term: count / reps for term, count in covered.items()}
    assert min(rates.values()) >= 0.915, rates
    assert 0.93 <= sum(rates.values()) / len(rates) <= 0.995, rates
