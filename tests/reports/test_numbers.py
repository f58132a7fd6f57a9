"""Numbers look the same everywhere and never claim more than they know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgeaudit.records import Estimate, Finding, Scale
from judgeaudit.reports import numbers


@pytest.mark.parametrize(
    ("value", "term", "scale", "shown"),
    [
        (0.134, "position", "net_preference", "+13"),
        (-0.134, "style_reward.length", "net_preference", "-13"),
        (-0.001, "position", "net_preference", "+0"),
        (0.5, "conflict_failure", "net_preference", "50%"),
        (0.004, "tie_rate", "net_preference", "<1%"),
        (0.996, "invalid", "share", ">99%"),
        (1.0, "invalid", "share", "100%"),
        (-0.2, "angle", "degrees", "0°"),
        (1.234, "truth", "log_odds", "+1.23"),
        (1.234, "exchange_rate", "ratio", "1.23"),
        (None, "exchange_rate", "ratio", "–"),
    ],
)
def test_a_figure_has_the_form_of_its_scale(value: float | None, term: str, scale: Scale, shown: str):
    """Points, per cent, degrees or a plain number, and a dash for what is not known."""
    assert numbers.figure(value, term, scale) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.1, 0.2, "[0.10, 0.20]"), (0.1, None, "≥ 0.10"), (None, 0.2, "≤ 0.20"), (None, None, "–")],
)
def test_an_open_end_is_said(low: float | None, high: float | None, shown: str):
    """An interval without a bound does not pretend to have one."""
    estimate = Estimate(judge="j", term="exchange_rate", scale="ratio", estimate=None, conf_low=low, conf_high=high)
    assert numbers.interval(estimate) == shown
    assert numbers.measured(estimate) == ("not bounded" if shown == "–" else shown)


@given(st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(0, 2))
def test_a_share_that_is_not_whole_never_looks_whole(value: float, digits: int):
    """0% and 100% are said only when they are exact."""
    zero, whole = numbers.percent(0.0, digits), numbers.percent(1.0, digits)
    assert numbers.percent(value, digits) not in (zero, whole)


@given(st.floats(-1, 1))
def test_points_keep_the_sign(value: float):
    """A negative figure is never printed as a positive one."""
    shown = numbers.points(value)
    assert shown[0] in "+-"
    assert (shown[0] == "-") == (round(100 * value) < 0)


@pytest.mark.parametrize(
    ("rule", "limit", "shown"),
    [
        ("position", "max_abs 0.1", "within ±10"),
        ("truth_sensitivity", "min 0.3", "at least +30"),
        ("exchange_rate", "max 0.5", "at most 0.50"),
        ("conflict_failure", "max 0.3", "at most 30%"),
        ("tie_rate", "min 0.1, max 0.4", "at least 10%, at most 40%"),
        ("angle", "max 1e+02", "at most 100°"),
    ],
)
def test_a_limit_is_shown_in_the_units_of_the_report(rule: str, limit: str, shown: str):
    """The policy states 0.1; beside an effect of +13 points the reader needs 10."""
    assert numbers.limit(Finding(code="JA110", judge="j", rule=rule, status="PASS", limit=limit)) == shown
