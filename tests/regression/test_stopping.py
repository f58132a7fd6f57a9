"""Stopping on a verdict without fooling oneself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from judgeaudit.errors import DesignError
from judgeaudit.regression.assembly import fit
from judgeaudit.regression.bmj import Jackknife, infer_bounded, tabulate_cells
from judgeaudit.regression.population import Taste
from judgeaudit.regression.stopping import confidence_sequence, effect_so_far, hybrid_interval, verdict_so_far

from .simulation import judge_pairs, make_pairs


def effect(z: np.ndarray) -> Jackknife:
    n = len(z)
    return tabulate_cells(z, np.zeros(n, dtype=int), np.arange(n), 1).jackknife(np.ones(1))


def test_the_sequence_is_the_published_formula() -> None:
    """Half-width at n = 400, tuned to 500, against the formula written out."""
    found = Jackknife(0.2, 0.9 / 400, 400, 400, 400)
    rho2 = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05)) + 1) / 500
    half = math.sqrt(0.9) * math.sqrt(
        2 * (400 * rho2 + 1) / (400**2 * rho2) * math.log(math.sqrt(400 * rho2 + 1) / 0.05)
    )
    assert confidence_sequence(found, tuned_to=500) == pytest.approx((0.2 - half, 0.2 + half))


def test_a_sequence_is_wider_than_one_look() -> None:
    """Holding at every look costs width at each."""
    found = effect(np.random.default_rng(0).choice([-1.0, 1.0], 200))
    once = infer_bounded(found)
    low, high = confidence_sequence(found, tuned_to=200)
    assert low < once.conf_low
    assert high > once.conf_high


def test_looking_after_every_tenth_item_stays_below_the_error_promised() -> None:
    """With no effect and looks all the way, sequence and hybrid exclude zero in few runs; naive peeking in many."""
    runs, peeked, sequence, hybrid = 300, 0, 0, 0
    for seed in range(runs):
        z = np.random.default_rng(seed).choice([-1.0, 1.0], 400)
        found = [effect(z[:n]) for n in range(40, 401, 20)]
        peeked += any(infer_bounded(f).p_value < 0.05 for f in found)
        sequence += any(not low <= 0 <= high for low, high in (confidence_sequence(f, tuned_to=400) for f in found))
        hybrid += any(not low <= 0 <= high for low, high in (hybrid_interval(f, n_max=400) for f in found))
    assert peeked / runs > 0.12
    assert sequence / runs <= 0.05
    assert hybrid / runs <= 0.08


def test_a_clear_case_ends_early() -> None:
    """A judge that takes the styled answer in 85 of 100 calls is settled long before the end."""
    z = np.random.default_rng(1).choice([1.0, -1.0], 400, p=[0.85, 0.15])
    assert verdict_so_far(effect(z[:80]), 0.1, n_max=400) == "MATERIAL"
    assert verdict_so_far(effect(z[:80]), 0.1, n_max=400, hybrid=True) == "MATERIAL"


def test_the_hybrid_keeps_four_fifths_of_the_error_for_the_end() -> None:
    """At the last look the interval is the ordinary one at 96 percent."""
    found = effect(np.random.default_rng(0).choice([-1.0, 1.0], 100))
    last = infer_bounded(found, level=0.96)
    assert hybrid_interval(found, n_max=100) == pytest.approx((last.conf_low, last.conf_high))


def test_verdicts_that_have_not_varied_yet_settle_little() -> None:
    """Twenty ties in a row are likely of a judge that prefers style in one call of eight: they are no verdict yet."""
    assert verdict_so_far(effect(np.zeros(20)), 0.1, n_max=400) == "INCONCLUSIVE"
    wrong = held = 0
    for seed in range(300):
        z = np.random.default_rng(seed).choice([0.0, 1.0], 400, p=[0.88, 0.12])
        for n in (*range(20, 400, 10), 400):
            found = effect(z[:n])
            status = verdict_so_far(found, 0.1, n_max=400)
            if status != "INCONCLUSIVE":
                break
        low, high = confidence_sequence(found, tuned_to=400)
        wrong += status == "NEGLIGIBLE"
        held += low <= 0.12 <= high
    assert wrong / 300 <= 0.05
    assert held / 300 >= 0.95


def test_a_look_is_taken_from_pairs_and_verdicts() -> None:
    """What a user has at a look is pairs and verdicts; the effect they show is that of the audit."""
    pairs = make_pairs(40)
    verdicts = judge_pairs(pairs, Taste(style=3.0), 1)
    found = effect_so_far(pairs, verdicts, "style_reward")
    assert found.estimate == fit(pairs, verdicts).judges[0].get("style_reward").estimate  # type: ignore[union-attr]
    assert verdict_so_far(found, 0.1, n_max=400) == "MATERIAL"
    with pytest.raises(DesignError, match='did you mean "style_reward"'):
        effect_so_far(pairs, verdicts, "style_rewrd")
    with pytest.raises(DesignError, match="2 judges"):
        effect_so_far(pairs, verdicts + judge_pairs(pairs, Taste(), 1, judge="k"), "masking")
    with pytest.raises(DesignError, match="cannot be told yet"):
        effect_so_far(pairs, [v for v in verdicts if "conflict" not in v.trial.pair_id], "conflict_failure")


def test_too_little_for_a_sequence_is_refused() -> None:
    """Without a variance there is no sequence."""
    with pytest.raises(DesignError, match="two clusters"):
        confidence_sequence(Jackknife(0.0, None, 1, 1, 1), tuned_to=100)
