"""Truth sensitivity when some of the wrong answers are not wrong."""

from __future__ import annotations

import pytest

from judgeaudit.records import Estimate
from judgeaudit.regression.validity import account_for_invalid_pairs

TRUTH = Estimate(
    judge="j", term="truth_sensitivity", scale="net_preference", estimate=0.76, std_error=0.05, conf_low=0.66,
    conf_high=0.84, n=120, n_clusters=60, grade="MATERIAL",
)  # fmt: skip


def invalid(share: float, low: float, high: float) -> Estimate:
    return Estimate(judge="", term="invalid_pairs", scale="share", estimate=share, conf_low=low, conf_high=high)


def test_nobody_checked_nothing_changes() -> None:
    """Without a check of the pairs the estimates stand as they are."""
    assert account_for_invalid_pairs([TRUTH], None) == [TRUTH]


def test_truth_sensitivity_is_divided_by_the_share_of_valid_pairs() -> None:
    """Five percent invalid pairs shrink truth sensitivity by five percent; the correction undoes it and widens it."""
    raw, corrected = account_for_invalid_pairs([TRUTH], invalid(0.05, 0.01, 0.12))
    assert raw == TRUTH
    assert corrected.term == "truth_sensitivity_corrected"
    assert corrected.estimate == pytest.approx(0.8)
    error = ((0.05 / 0.95) ** 2 + (0.76 * (0.11 / 3.92) / 0.95**2) ** 2) ** 0.5
    assert corrected.std_error == pytest.approx(error)


def test_too_many_invalid_pairs_withhold_the_grade() -> None:
    """When more than fifteen percent of the pairs may be invalid, truth sensitivity is not graded."""
    raw, _ = account_for_invalid_pairs([TRUTH], invalid(0.08, 0.03, 0.18))
    assert raw.grade == "NOT GRADED"
    assert "18%" in raw.note


def test_other_effects_are_left_alone() -> None:
    """Style pairs do not rest on the false answer being false."""
    style = TRUTH.model_copy(update={"term": "style_reward"})
    assert account_for_invalid_pairs([style], invalid(0.3, 0.2, 0.4)) == [style]
