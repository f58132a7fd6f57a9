"""Differences between judges on the calls they share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from judgeaudit.regression import fit
from judgeaudit.regression.comparisons import compare, differences, shared_calls
from judgeaudit.regression.design import Calls
from judgeaudit.regression.population import Taste, draw_calls, item_tastes

from .simulation import judge_pairs, make_pairs


def two_judges(seed: int, style: float, shared: float = 1.0, items: int = 60) -> tuple[Calls, Calls]:
    """Two judges that lean alike on each item and differ in what they pay for style."""
    rng = np.random.default_rng(seed)
    taste = Taste(style=0.6, spread_style=shared)
    one = draw_calls(taste, items, np.random.default_rng(seed))
    # The same stream of item tastes: both judges find the same items stylish.
    leaning = item_tastes(taste, items, np.random.default_rng(seed))[:, 1] - taste.style
    eta = 1.5 * one.pairs.loading.sum(axis=1)[one.pair] if one.pairs.loading.size else np.zeros(len(one))
    coding = np.array([[0, 1], [0, 1], [1, 0], [1, 0], [1, -1], [1, 1], [0, 0]])[one.contrast]
    eta = 1.5 * coding[:, 0] + (taste.style + style + leaning[one.cluster]) * coding[:, 1] + 0.3 * one.s
    y = (rng.random(len(one)) < 1 / (1 + np.exp(-eta))).astype(float)
    return replace(one, judge="a"), replace(one, judge="b", y=y)


def test_the_sign_says_who_pays_more() -> None:
    """A judge against its mirror image: estimates change sign, p values do not."""
    one, other = two_judges(0, 1.5)
    forth = {e.term: f for e, f in differences(one, other)}
    back = {e.term: f for e, f in differences(other, one)}
    assert forth["style_reward"].estimate < -0.2
    for term, found in forth.items():
        assert found.estimate == pytest.approx(-back[term].estimate)
        assert found.p_value == pytest.approx(back[term].p_value)


def test_the_difference_is_the_difference_of_the_estimates() -> None:
    """On the same calls a paired difference is one judge's effect minus the other's."""
    from judgeaudit.regression.effects import ESTIMANDS, measure, net_cells

    one, other = two_judges(1, 0.5)
    found = {e.term: f.estimate for e, f in differences(one, other)}
    for estimand in ESTIMANDS[:5]:
        mine, theirs = (measure(net_cells(calls), estimand, two_orders=True) for calls in (one, other))
        assert not isinstance(mine, str)
        assert not isinstance(theirs, str)
        assert found[estimand.term] == pytest.approx(mine.estimate - theirs.estimate)


def test_only_shared_calls_count() -> None:
    """Calls that one judge alone answered do not enter the comparison."""
    one, other = two_judges(2, 0.0)
    fewer = other.where(np.arange(len(other)) % 3 > 0)
    mine, theirs = shared_calls(one, fewer)
    assert len(mine) == len(fewer)
    assert (one.pair[mine] == fewer.pair[theirs]).all()
    assert (one.s[mine] == fewer.s[theirs]).all()


def test_judges_without_shared_calls_are_not_compared() -> None:
    """Nothing in common, nothing to say."""
    one, other = two_judges(3, 0.0)
    assert compare([one.where(one.s > 0), other.where(other.s < 0)], 0.1) == ()


def test_rows_follow_the_contract_and_holm_spans_the_family() -> None:
    """Every pair of judges, five effects each, p values adjusted over all of them."""
    one, other = two_judges(4, 1.0)
    third = replace(other, judge="c", y=1 - other.y)
    rows = compare([one, other, third], 0.1)
    assert [(r["judge"], r["versus"]) for r in rows[::5]] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {"judge", "versus", "term", "scale", "estimate", "conf_low", "conf_high", "p_value", "p_holm", "n_clusters",
            "method", "recipe"} <= set(rows[0])  # fmt: skip
    assert {row["family"] for row in rows} == {15}
    assert all(row["p_holm"] >= row["p_value"] for row in rows)


def test_two_judges_alike_are_rarely_called_different() -> None:
    """Over 200 seeds the paired test calls equal judges different about as often as it may."""
    wrong = 0
    for seed in range(200):
        found = {e.term: f for e, f in differences(*two_judges(seed + 100, 0.0))}
        wrong += found["style_reward"].p_value < 0.05
    assert 1 <= wrong <= 17


def test_a_judge_that_scores_is_compared_pair_by_pair_with_one_that_chooses() -> None:
    """Scores have no order: one verdict stands beside the choices in both, and position is not compared."""
    pairs = make_pairs(40)
    chose = judge_pairs(pairs, Taste(style=2.0), 1, judge="chooser")
    scored = [
        v.model_copy(update={"trial": v.trial.model_copy(update={"judge": "scorer", "protocol": "score"})})
        for v in judge_pairs(pairs, Taste(style=0.0), 2, judge="x")
        if v.trial.order == "ab"
    ]
    rows = {row["term"]: row for row in fit(pairs, chose + scored).contrasts}
    assert (rows["style_reward"]["judge"], rows["style_reward"]["versus"]) == ("chooser", "scorer")
    assert rows["style_reward"]["conf_low"] > 0
    assert rows["style_reward"]["n"] == sum(v.trial.pair_id.endswith(("style_true", "style_false")) for v in chose)
    turned = {row["term"]: row for row in fit(pairs, chose + scored, models={"scorer": "m", "chooser": "m"}).contrasts}
    assert turned["style_reward"]["estimate"] == -rows["style_reward"]["estimate"]
    assert "position" not in rows
