"""Truth sensitivity when some of the wrong answers are not wrong."""

from __future__ import annotations

import pytest

from judgeaudit.records import Estimate
from judgeaudit.regression.validity import account_for_invalid_pairs, invalid_share

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


def test_nothing_left_to_correct_is_said() -> None:
    """When every pair that was read is invalid there is no corrected number, and no division by nothing."""
    raw, corrected = account_for_invalid_pairs([TRUTH], invalid_share([False] * 10))
    assert raw.grade == "NOT GRADED"
    assert corrected.estimate is None
    assert "every pair" in corrected.note


def test_points_are_corrected_on_their_own_scale() -> None:
    """Two points of a score judge become 2.5 with a fifth of the pairs invalid, not one; notes are kept."""
    points = TRUTH.model_copy(update={"scale": "points", "estimate": 2.0, "note": "for these 2 raters only"})
    raw, corrected = account_for_invalid_pairs([points], invalid(0.2, 0.1, 0.3))
    assert corrected.estimate == pytest.approx(2.5)
    assert corrected.conf_high > 2.5  # type: ignore[operator]
    assert raw.note.startswith("for these 2 raters only; not graded")


def test_other_effects_are_left_alone() -> None:
    """Style pairs do not rest on the false answer being false."""
    style = TRUTH.model_copy(update={"term": "style_reward"})
    assert account_for_invalid_pairs([style], invalid(0.3, 0.2, 0.4)) == [style]


@pytest.mark.parametrize(
    ("wrong", "n", "low", "high"), [(0, 60, 0.0, 0.0408), (3, 60, 0.0143, 0.1274), (6, 20, 0.1361, 0.5172)]
)
def test_the_share_a_person_found_invalid_has_the_jeffreys_interval(wrong, n, low, high) -> None:
    """R: qbeta(c(.025, .975), k + .5, n - k + .5), the end at a bound being the bound itself."""
    share = invalid_share([False] * wrong + [True] * (n - wrong))
    assert share.estimate == pytest.approx(wrong / n)
    assert (share.conf_low, share.conf_high) == pytest.approx((low, high), abs=5e-4)
    assert (share.n, share.n_clusters) == (n, n)


def test_doubts_are_named_and_nothing_read_is_no_estimate() -> None:
    """Unsure readings are left out of the share, and said."""
    assert invalid_share([True, True], unsure=3).note == "3 more pairs were read without a decision"
    empty = invalid_share([], unsure=2)
    assert empty.estimate is None
    assert account_for_invalid_pairs([TRUTH], empty) == [TRUTH]


def test_a_read_sample_corrects_truth_sensitivity() -> None:
    """What a person found goes straight into the fit: 3 of 60 invalid divide the estimate by 0.95."""
    found = invalid_share([False] * 3 + [True] * 57)
    corrected = account_for_invalid_pairs([TRUTH], found)[1]
    assert corrected.term == "truth_sensitivity_corrected"
    assert corrected.estimate == pytest.approx(0.76 / 0.95)
    assert corrected.std_error > TRUTH.std_error
