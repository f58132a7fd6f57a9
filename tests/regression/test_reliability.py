"""Consistency under swapping and asking again, and the noise on placebos."""

from __future__ import annotations

import numpy as np
import pytest

from judgeaudit.records import Pair, Reliability
from judgeaudit.regression.design import Calls, tabulate
from judgeaudit.regression.population import Taste
from judgeaudit.regression.reliability import assess, consistency, noise_floor

from .simulation import judge_pairs, make_pairs, verdict

PAIRS = make_pairs(4)
AB = {"ab": 1.0, "ba": 1.0}
FIRST = {"ab": 1.0, "ba": 0.0}


def calls_for(answers: dict[str, dict[str, float]], pairs: list[Pair] = PAIRS) -> Calls:
    made = [verdict(pair, "j", order, y) for pair, by_order in answers.items() for order, y in by_order.items()]  # type: ignore[arg-type]
    return tabulate(pairs, made)["j"]


def test_order_consistency_is_the_share_of_pairs_with_the_same_winner() -> None:
    """Two pairs agree across orders, one follows position, one was seen once and does not count."""
    calls = calls_for(
        {
            "0000-conflict": AB,
            "0001-conflict": {"ab": 0.5, "ba": 0.5},
            "0002-conflict": FIRST,
            "0003-conflict": {"ab": 1.0},
        }
    )
    assert assess(calls).order_consistency == pytest.approx(2 / 3)


def test_a_tie_is_not_a_win() -> None:
    """A tie in one order and a win in the other disagree."""
    assert assess(calls_for({"0000-conflict": {"ab": 0.5, "ba": 1.0}})).order_consistency == 0.0


def test_retest_consistency_compares_replicates_in_one_order() -> None:
    """Of three replicates two agree: one comparison in three."""
    made = [verdict("0000-conflict", "j", "ab", y, replicate=r) for r, y in enumerate([1.0, 1.0, 0.0])]
    calls = tabulate(PAIRS, [*made, verdict("0000-conflict", "j", "ba", 1.0)])["j"]
    assert assess(calls).retest_consistency == pytest.approx(1 / 3)


def test_the_noise_floor_is_the_leaning_less_what_chance_makes() -> None:
    """A judge that only follows position has none, one that always leans has all of it, one that leans once none."""
    placebos = [f"{i:04d}-placebo" for i in range(4)]
    assert noise_floor(calls_for(dict.fromkeys(placebos, FIRST))) == 0.0
    assert noise_floor(calls_for({name: {"ab": 0.0, "ba": 0.0} for name in placebos})) == pytest.approx(1.0)
    once = calls_for({placebos[0]: {"ab": 0.0, "ba": 0.0}} | dict.fromkeys(placebos[1:], FIRST))
    assert noise_floor(once) == pytest.approx(0.0, abs=1e-9)


def test_a_coin_has_next_to_no_noise_floor() -> None:
    """Chance on few placebos is not taken for a leaning, as the mean absolute preference would take it."""
    rng = np.random.default_rng(5)
    floors = []
    for _ in range(200):
        answers = {f"{i:04d}-placebo": {"ab": float(rng.integers(2)), "ba": float(rng.integers(2))} for i in range(4)}
        floors.append(noise_floor(calls_for(answers)) ** 2)
    assert np.mean(floors) < 0.1


def test_kinds_of_placebo_do_not_cancel_each_other() -> None:
    """Two kinds that lean opposite ways are both noise."""
    pairs = [p.model_copy(update={"factor": f"k{int(p.item_id[-1]) % 2}"}) for p in PAIRS]
    answers = {f"{i:04d}-placebo": ({"ab": 1.0, "ba": 1.0} if i % 2 else {"ab": 0.0, "ba": 0.0}) for i in range(4)}
    assert noise_floor(calls_for(answers, pairs)) == pytest.approx(1.0)


def test_what_was_not_asked_is_none() -> None:
    """Without swaps, repeats or placebos there is nothing to say, and nothing is said."""
    calls = calls_for({"0000-conflict": {"ab": 1.0}, "0001-conflict": {"ba": 1.0}})
    assert assess(calls) == Reliability()
    assert assess(calls.where(calls.pair < 0)) == Reliability()


def test_consistency_has_an_interval_over_items() -> None:
    """The points are those of the reliability; twice the pairs of the same items make no narrower an interval."""
    pairs = make_pairs(40)
    verdicts = judge_pairs(pairs, Taste(position=0.5), 3, replicates=2)
    calls = tabulate(pairs, verdicts)["j"]
    order, retest = consistency(calls)
    assert (order.term, retest.term) == ("order_consistency", "retest_consistency")
    assert order.estimate == pytest.approx(assess(calls).order_consistency)
    assert retest.estimate == pytest.approx(assess(calls).retest_consistency)
    assert order.n_clusters == 40
    assert 0 < order.conf_low < order.estimate < order.conf_high < 1  # type: ignore[operator]
    assert [e.term for e in consistency(calls.where(calls.s > 0))] == ["retest_consistency"]
