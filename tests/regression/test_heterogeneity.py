"""Domains that differ are told from domains that only seem to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from judgeaudit.regression.design import CODES, Calls, Levels
from judgeaudit.regression.effects import STYLE_REWARD, TRUTH_SENSITIVITY
from judgeaudit.regression.heterogeneity import compare_domains, item_contrasts
from judgeaudit.regression.population import Taste, draw_calls

DOMAINS = ("art", "law", "physics")


def in_domains(seed: int, *, shift: float = 0.0) -> Calls:
    """Draw calls about items of three domains, the last of which pays more for style."""
    calls = draw_calls(Taste(spread_style=0.5), 90, np.random.default_rng(seed))
    domain = calls.pairs.cluster.codes % 3
    moved = draw_calls(Taste(style=0.8 + shift, spread_style=0.5), 90, np.random.default_rng(seed + 10_000))
    y = np.where(domain[calls.pair] == 2, moved.y, calls.y)
    return replace(calls, y=y, pairs=replace(calls.pairs, domain=Levels(domain, DOMAINS)))


def test_domains_that_differ_are_found() -> None:
    """One domain in which style weighs far more shows, and truth, which is everywhere the same, does not."""
    calls = in_domains(1, shift=1.5)
    style, truth = (compare_domains(calls, estimand) for estimand in (STYLE_REWARD, TRUTH_SENSITIVITY))
    assert style is not None
    assert truth is not None
    assert style.p_value < 0.001 < truth.p_value  # type: ignore[operator]
    assert style.estimate > 0.2  # type: ignore[operator]


def test_false_alarms_are_rare() -> None:
    """Over 200 audits of one taste the test fires about once in twenty."""
    alarms = [compare_domains(in_domains(seed), STYLE_REWARD).p_value < 0.05 for seed in range(200)]  # type: ignore[union-attr, operator]
    assert 0.015 <= np.mean(alarms) <= 0.095


def test_two_domains_give_the_unequal_t_test() -> None:
    """With two groups Welch's analysis of variance is Welch's t test."""
    calls = in_domains(3)
    calls = calls.where(calls.pairs.domain.codes[calls.pair] < 2)
    one, other = item_contrasts(calls.where(np.isin(calls.contrast, [CODES[c] for c in STYLE_REWARD.weights])))
    found = compare_domains(calls, STYLE_REWARD)
    assert found is not None
    assert found.p_value == pytest.approx(stats.ttest_ind(one, other, equal_var=False).pvalue)


def test_a_domain_alone_is_not_compared() -> None:
    """One domain leaves nothing to test."""
    calls = in_domains(3)
    assert compare_domains(calls.where(calls.pairs.domain.codes[calls.pair] == 0), STYLE_REWARD) is None


@pytest.mark.parametrize(("won", "spread", "alarm"), [((0, 0, 0), 0.0, False), ((1, 0, 0), 2.0, True)])
def test_a_domain_in_which_all_items_agree_counts(won: tuple[int, int, int], spread: float, alarm: bool) -> None:
    """A judge that always does one thing in one domain and the opposite in the others has the widest range there is."""
    calls = in_domains(3)
    y = np.array(won, dtype=float)[calls.pairs.domain.codes[calls.pair]]
    found = compare_domains(replace(calls, y=y), STYLE_REWARD)
    assert found is not None
    assert found.estimate == pytest.approx(spread)
    assert (found.p_value < 1e-6) is alarm  # type: ignore[operator]
    assert (found.n, found.n_clusters) == (360, 90)


def test_one_domain_without_spread_does_not_hide_itself() -> None:
    """The range is over all domains, those whose items agree included."""
    calls = in_domains(4)
    y = np.where(calls.pairs.domain.codes[calls.pair] == 0, 1.0, calls.y)
    found = compare_domains(replace(calls, y=y), STYLE_REWARD)
    assert found is not None
    assert found.recipe["domains"] == 3
    assert found.estimate > 0.4  # type: ignore[operator]
    assert found.p_value < 0.001  # type: ignore[operator]
