"""How a number looks in every report: pure functions from values to short strings."""

from __future__ import annotations

import re

from judgeaudit.gates import RULES, base_term
from judgeaudit.records import Estimate, Finding, Scale

NOTHING = "–"
LIMIT = re.compile(r"(min|max|max_abs) (-?[\d.e+-]+)")
SHARES = frozenset({"conflict_failure", "tie_rate", "order_consistency", "retest_consistency"})
"""Terms between 0 and 1 that stand on the net-preference scale."""


def points(value: float | None, digits: int = 0) -> str:
    """Show a net preference in points from -100 to +100.

    Examples
    --------
    >>> points(0.134), points(-0.002), points(None)
    ('+13', '+0', '–')
    """
    return NOTHING if value is None else f"{100 * value:+z.{digits}f}"


def percent(value: float | None, digits: int = 0) -> str:
    """Show a share; one that is neither nothing nor everything never looks as if it were.

    Examples
    --------
    >>> percent(0.25), percent(0.0004), percent(0.9999), percent(0.0)
    ('25%', '<1%', '>99%', '0%')
    """
    if value is None:
        return NOTHING
    step = 10.0**-digits
    if 0 < 100 * value < step / 2:
        return f"<{step:.{digits}f}%"
    if 100 - step / 2 < 100 * value < 100:
        return f">{100 - step:.{digits}f}%"
    return f"{100 * value:.{digits}f}%"


def degrees(value: float | None, digits: int = 0) -> str:
    """Show an angle.

    Examples
    --------
    >>> degrees(89.6)
    '90°'
    """
    return NOTHING if value is None else f"{value:z.{digits}f}°"


def count(value: int) -> str:
    """Show a whole number with thousands separated.

    Examples
    --------
    >>> count(12345)
    '12,345'
    """
    return f"{value:,}"


def plural(value: int, noun: str, nouns: str = "") -> str:
    """Show a whole number with its noun.

    Examples
    --------
    >>> plural(1, "pair"), plural(0, "pair"), plural(2, "reply", "replies")
    ('1 pair', '0 pairs', '2 replies')
    """
    return f"{count(value)} {noun if value == 1 else nouns or noun + 's'}"


def dollars(value: float | None) -> str:
    """Show a cost; an unknown price is never zero.

    Examples
    --------
    >>> dollars(4.181), dollars(0.0), dollars(0.0042), dollars(None)
    ('$4.18', '$0.00', '$0.0042', 'cost unknown')
    """
    if value is None:
        return "cost unknown"
    return f"${value:,.2f}" if value == 0 or value >= 0.01 else f"${value:.2g}"


def seconds(value: float | None) -> str:
    """Show a time.

    Examples
    --------
    >>> seconds(0.254), seconds(None)
    ('0.25 s', '–')
    """
    return NOTHING if value is None else f"{value:.2f} s"


def p_value(value: float | None) -> str:
    """Show a p value; a small one is a bound.

    Examples
    --------
    >>> p_value(0.0004), p_value(0.0312), p_value(0.4), p_value(None)
    ('<0.001', '0.031', '0.40', '–')
    """
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def figure(value: float | None, term: str, scale: Scale, digits: int | None = None) -> str:
    """Show a value as its term and scale ask: points, per cent, degrees, or a plain number.

    Examples
    --------
    >>> figure(0.5, "position", "net_preference"), figure(0.5, "conflict_failure", "net_preference")
    ('+50', '50%')
    >>> figure(0.5, "truth", "log_odds"), figure(0.5, "exchange_rate", "ratio")
    ('+0.50', '0.50')
    """
    if value is None:
        return NOTHING
    if scale == "degrees":
        return degrees(value, digits or 0)
    if scale == "share" or base_term(term) in SHARES:
        return percent(value, digits or 0)
    if scale == "net_preference":
        return points(value, digits or 0)
    places = 2 if digits is None else digits
    return f"{value:z.{places}f}" if scale == "ratio" else f"{value:+z.{places}f}"


def interval(estimate: Estimate | None, digits: int | None = None) -> str:
    """Show the interval of an estimate; an end without a bound is said in words.

    Examples
    --------
    >>> interval(Estimate(judge="j", term="angle", scale="degrees", estimate=9, conf_low=4.2, conf_high=14.0))
    '[4°, 14°]'
    >>> interval(Estimate(judge="j", term="exchange_rate", scale="ratio", estimate=None, conf_low=1.5))
    '≥ 1.50'
    """
    if estimate is None or (estimate.conf_low is None and estimate.conf_high is None):
        return NOTHING
    low, high = (figure(end, estimate.term, estimate.scale, digits) for end in (estimate.conf_low, estimate.conf_high))
    if estimate.conf_high is None:
        return f"≥ {low}"
    return f"≤ {high}" if estimate.conf_low is None else f"[{low}, {high}]"


def measured(estimate: Estimate | None, digits: int | None = None) -> str:
    """Show an estimate with its interval.

    Examples
    --------
    >>> measured(Estimate(judge="j", term="position", scale="net_preference", estimate=0.1, conf_low=0, conf_high=0.2))
    '+10 [+0, +20]'
    >>> measured(None)
    'not estimated'
    """
    if estimate is None:
        return "not estimated"
    bounds = interval(estimate, digits)
    if estimate.estimate is None:
        return ("not bounded" if estimate.scale == "ratio" else "not estimated") if bounds == NOTHING else bounds
    point = figure(estimate.estimate, estimate.term, estimate.scale, digits)
    return point if estimate.scale == "share" or bounds == NOTHING else f"{point} {bounds}"


def limit(finding: Finding) -> str:
    """Show the limit of a finding in the units of the report.

    Examples
    --------
    >>> limit(Finding(code="JA110", judge="j", rule="position", status="PASS", limit="max_abs 0.1"))
    'within ±10'
    """
    scale = RULES[base_term(finding.rule)].scale
    return ", ".join(_bound(key, float(value), finding.rule, scale) for key, value in LIMIT.findall(finding.limit))


def _bound(key: str, value: float, term: str, scale: Scale) -> str:
    shown = figure(value, term, scale)
    return {"min": f"at least {shown}", "max": f"at most {shown}"}.get(key, f"within ±{shown.lstrip('+')}")
