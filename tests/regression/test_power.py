"""Planning: what a design can detect, what a width costs, and when to stop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from judgeaudit.errors import DesignError
from judgeaudit.records import Estimate
from judgeaudit.regression import fit
from judgeaudit.regression.effects import STYLE_REWARD, measure, net_cells
from judgeaudit.regression.population import Taste, draw_calls
from judgeaudit.regression.power import KINDS, clusters_for, detectable, half_widths, items_needed, looks

from .simulation import judge_pairs, make_pairs


def interval(term: str, low: float, high: float) -> Estimate:
    more: dict[str, Any] = {"scale": "net_preference", "estimate": (low + high) / 2, "n_clusters": 40}
    return Estimate(judge="j", term=term, conf_low=low, conf_high=high, **more)


def test_the_planned_width_is_the_width_that_comes() -> None:
    """Simulated audits of sixty items have the half-widths the plan promised."""
    for both in (True, False):
        orders = "both" if both else "counterbalanced"
        promised = next(p.half_width for p in detectable(60, orders=orders) if p.term == "style_reward")  # type: ignore[arg-type]
        widths = []
        for seed in range(60):
            calls = draw_calls(KINDS["typical"], 60, np.random.default_rng(seed), both=both)
            found = measure(net_cells(calls), STYLE_REWARD, two_orders=True)
            assert not isinstance(found, str)
            widths.append((found.conf_high - found.conf_low) / 2)
        assert np.mean(widths) == pytest.approx(promised, rel=0.06)


def test_the_minimum_detectable_effect_is_detected_four_times_in_five() -> None:
    """A judge whose style reward is the minimum detectable one is told from zero in about 80 percent of audits."""
    weak = Taste(truth=1.5, style=0.36, position=0.0)
    promised = next(p for p in detectable(60, kind=weak, orders="both") if p.term == "style_reward")
    assert promised.expected == pytest.approx(promised.minimum_detectable, rel=0.08)
    hits = 0
    for seed in range(200):
        found = measure(net_cells(draw_calls(weak, 60, np.random.default_rng(seed))), STYLE_REWARD, two_orders=True)
        assert not isinstance(found, str)
        hits += found.conf_low > 0
    assert 0.72 <= hits / 200 <= 0.9


def test_half_the_width_costs_four_times_the_items() -> None:
    """Widths shrink with the square root of the items."""
    wide, narrow = items_needed(0.2), items_needed(0.1)
    assert narrow.items == pytest.approx(4 * wide.items, abs=4)
    assert narrow.half_width <= 0.1
    assert narrow.calls == 6 * narrow.items


def test_a_second_order_does_not_pay() -> None:
    """For one width, showing each pair once costs fewer calls than showing it twice."""
    for kind in KINDS:
        once, twice = items_needed(0.1, kind=kind), items_needed(0.1, kind=kind, orders="both")
        assert once.calls < twice.calls


def test_a_pilot_says_how_many_items_more() -> None:
    """Twice as wide as wanted means four times the items."""
    pilot = Estimate(
        judge="j", term="style_reward", scale="net_preference", estimate=0.3, conf_low=0.1, conf_high=0.5, n_clusters=40
    )
    assert clusters_for(pilot, 0.1) == 160
    with pytest.raises(DesignError, match="no interval"):
        clusters_for(pilot.model_copy(update={"conf_low": None}), 0.1)
    with pytest.raises(DesignError, match="positive"):
        clusters_for(pilot, 0.0)


def test_impossible_plans_are_refused_with_what_is_allowed() -> None:
    """Unknown kinds, unmeasured terms and widths of nothing are named."""
    with pytest.raises(DesignError, match='did you mean "typical"'):
        detectable(60, kind="tipical")
    with pytest.raises(DesignError, match="does not measure 'masking'"):
        items_needed(0.1, "masking", contrasts=("style_true", "style_false"))
    with pytest.raises(DesignError, match="positive"):
        items_needed(0.0)
    with pytest.raises(DesignError, match="at least two"):
        detectable(1)
    with pytest.raises(DesignError, match="between 0 and 1"):
        detectable(60, level=95)


def test_half_widths_so_far() -> None:
    """They are those of the audit, and what has no interval is infinitely wide."""
    pairs = make_pairs(40)
    verdicts = judge_pairs(pairs, Taste(), 1)
    found = half_widths(pairs, verdicts, ["style_reward", "conflict_failure"])
    for term, half in found.items():
        estimate = fit(pairs, verdicts).judges[0].get(term)
        assert estimate is not None
        assert half == pytest.approx((estimate.conf_high - estimate.conf_low) / 2)  # type: ignore[operator]
    crossed = [pair for pair in pairs if pair.contrast != "conflict"]
    some = [v for v in verdicts if not v.trial.pair_id.endswith("conflict")]
    assert half_widths(crossed, some, ["conflict_failure"]) == {"conflict_failure": math.inf}


def test_stopping_when_precise_keeps_coverage() -> None:
    """Stopping at the first look with a half-width of 0.12 leaves the ordinary interval right about 95 times in 100."""
    taste = KINDS["positional"]
    truth = next(p.expected for p in detectable(60, kind=taste) if p.term == "style_reward")
    covered = stopped_early = 0
    for seed in range(150):
        calls = draw_calls(taste, 200, np.random.default_rng(seed), both=False)
        for items in looks(200):
            found = measure(net_cells(calls.where(calls.cluster < items)), STYLE_REWARD, two_orders=True)
            assert not isinstance(found, str)
            if (found.conf_high - found.conf_low) / 2 <= 0.12:
                break
        stopped_early += items < 200
        covered += found.conf_low <= truth <= found.conf_high
    assert stopped_early > 140
    assert 0.9 <= covered / 150 <= 0.995
