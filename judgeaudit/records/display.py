"""How estimates look in a notebook: a sentence, a table, a data frame."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from judgeaudit.records.estimates import Audit, Estimate, JudgeAudit

SHARES = {
    "conflict_failure", "conflict_failure_strict", "tie_rate", "exchange_rate", "ceiling_share", "order_consistency",
    "retest_consistency",
}  # fmt: skip
PHRASES = {
    ("truth_sensitivity", "net_preference"): "prefers the true answer to the false one by {} points",
    ("style_reward", "net_preference"): "prefers the styled answer to the plain one by {} points",
    ("masking", "net_preference"): "misses errors by {} points more when they are styled",
    ("conflict_failure", "net_preference"): "takes the styled false answer over the plain true one in {} %",
    (
        "conflict_failure_strict",
        "net_preference",
    ): "prefers the styled false answer to the plain true one outright in {} %",
    ("truth_sensitivity_corrected", "net_preference"): "prefers the true answer by {} points where the other is false",
    ("heterogeneity", "net_preference"): "differs by {} points from domain to domain",
    ("self_preference", "net_preference"): "prefers its own family's answers by {} points more than other judges do",
    ("position", "net_preference"): "prefers the answer shown first by {} points",
    ("tie_rate", "net_preference"): "calls a tie in {} %",
    ("placebo", "net_preference"): "leans by {} points where the answers differ in nothing that matters",
    ("truth", "log_odds"): "pays {} log odds for truth",
    ("style", "log_odds"): "pays {} log odds for style",
    ("style_x_truth", "log_odds"): "pays {} log odds more for truth among styled answers",
    ("style_dose", "log_odds"): "pays {} log odds more for style with every step of dose",
    ("style_given_covariates", "log_odds"): "pays {} log odds for style beyond the covariates",
    ("covariate", "log_odds"): "pays {} log odds for a unit more",
    ("position", "log_odds"): "pays {} log odds for the first position",
    ("angle", "degrees"): "stands at {} degrees between truth (0) and style (90)",
    ("exchange_rate", "ratio"): "buys back {} % of one factual error with full styling",
    ("truth_sensitivity", "points"): "scores the true answer {} points higher",
    ("style_reward", "points"): "scores the styled answer {} points higher",
    ("masking", "points"): "takes {} points less off for errors that are styled",
    ("ceiling_share", "share"): "gives its highest score in {} %",
    ("order_consistency", "share"): "names the same winner in both orders in {} %",
    ("retest_consistency", "share"): "names the same winner when asked again in {} %",
}
COLUMNS = (
    "judge", "term", "scale", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n",
    "n_clusters", "grade", "method", "note",
)  # fmt: skip


HEADLINES = (
    ("truth_sensitivity", "net_preference", "truth"),
    ("style_reward", "net_preference", "style"),
    ("angle", "degrees", "angle"),
    ("conflict_failure", "net_preference", "conflict"),
    ("masking", "net_preference", "masking"),
    ("position", "net_preference", "position"),
)
"""What stands in a notebook before all the rest, and the word above it."""
UNITS = (
    "Points from −100 to +100 with 95 % intervals, underlined where they should be near zero and are not. "
    "The angle is 0° for a judge that pays only for truth, 90° for one that pays only for style; "
    "conflict is the share that styled wrong answers won; lost is the share without a verdict."
)
MATERIAL = "font-weight:600;text-decoration:underline"
"""How an effect that should be nil and is not stands out, in any theme."""


def describe(estimate: Estimate) -> str:
    """Say an estimate in one sentence: what the judge does, how much, and how sure that is.

    Examples
    --------
    >>> from judgeaudit.records import Estimate
    >>> rate = {"term": "exchange_rate", "scale": "ratio", "estimate": 0.41, "conf_low": 0.22, "conf_high": 0.63}
    >>> describe(Estimate(judge="mini", **rate))
    'mini buys back 41 % of one factual error with full styling, 95 % interval 22 to 63 %'
    """
    base, part = re.fullmatch(r"([^.@]*)(.*)", estimate.term, re.DOTALL).groups()  # type: ignore[union-attr]
    words = PHRASES.get((base, estimate.scale), f"has a {base.replace('_', ' ')} of {{}}")
    subject = f"{estimate.judge} " if estimate.judge else ""
    where = {".": f" ({part[1:]})", "@": f" in {part[1:]}"}.get(part[:1], "")
    if estimate.estimate is None:
        reason = f": {estimate.note}" if estimate.note else ""
        return f"{subject}has no {base.replace('_', ' ')}{where} to report{reason}"
    said = f"{subject}{words.format(_number(estimate.estimate, estimate, base))}{where}"
    if estimate.conf_low is None or estimate.conf_high is None:
        return said
    low, high = (_number(end, estimate, base) for end in (estimate.conf_low, estimate.conf_high))
    level = estimate.recipe.get("level", 0.95)
    return f"{said}, {level * 100:g} % interval {low} to {high}{' %' if base in SHARES else ''}"


def _number(value: float, estimate: Estimate, base: str) -> str:
    if estimate.scale == "net_preference" or base in SHARES:
        return f"{round(100 * value)}"
    return f"{value:.0f}" if estimate.scale == "degrees" else f"{value:.2f}"


def to_frame(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Return estimates as a data frame, one row each."""
    import pandas as pd

    return pd.DataFrame([{name: getattr(e, name) for name in COLUMNS} for e in estimates], columns=list(COLUMNS))


def to_table(estimates: Iterable[Estimate]) -> str:
    """Return estimates as an HTML table, everything escaped."""
    heads = ("judge", "term", "scale", "estimate", "95 % interval", "n", "clusters", "grade")
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in _cells(e))}</tr>" for e in estimates)
    return (
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cells(e: Estimate) -> tuple[str, ...]:
    value = e.note if e.estimate is None else f"{e.estimate:.3f}"
    ends = ["" if end is None else f"{end:.3f}" for end in (e.conf_low, e.conf_high)]
    interval = f"{ends[0]} to {ends[1]}" if any(ends) else ""
    return e.judge, e.term, e.scale, value, interval, str(e.n), str(e.n_clusters), e.grade


def to_summary(audit: Audit) -> str:
    """Return an audit as a small HTML table, a row for each judge, with every estimate folded away; all is escaped."""
    heads = ("judge", *(word for _, _, word in HEADLINES), "noise", "lost")
    top = "".join(f"<th>{head}</th>" for head in heads)
    rows = "".join(f"<tr>{_row(judge)}</tr>" for judge in audit.judges)
    return (
        f"<table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table><p><small>{UNITS}</small></p>"
        f"<details><summary>All {len(audit.estimates):,} estimates</summary>{to_table(audit.estimates)}</details>"
    )


def _row(judge: JudgeAudit) -> str:
    found = [judge.get(term, scale) for term, scale, _ in HEADLINES]  # type: ignore[arg-type]
    floor, counts = judge.reliability.noise_floor, judge.counts
    noise = "–" if floor is None else f"{100 * floor:.0f}"
    lost = f"{100 * (counts.planned - counts.valid) / counts.planned:.0f} %" if counts.planned else "–"
    name = f"<th>{html.escape(judge.name)}<br><small>{html.escape(judge.note)}</small></th>"
    return name + "".join(map(_headline, found)) + f"<td>{noise}</td><td>{lost}</td>"


def _headline(e: Estimate | None) -> str:
    """Return one figure over its interval, marked where an effect that should be nil is surely not."""
    if e is None or e.estimate is None:
        return "<td>–</td>"
    mark = f' style="{MATERIAL}"' if e.term in ("style_reward", "position") and e.grade == "MATERIAL" else ""
    ends = [end for end in (e.conf_low, e.conf_high) if end is not None]
    interval = f"<br><small>[{', '.join(_short(end, e) for end in ends)}]</small>" if len(ends) == 2 else ""
    return f"<td><span{mark}>{_short(e.estimate, e)}</span>{interval}</td>"


def _short(value: float, e: Estimate) -> str:
    if e.scale == "degrees":
        return f"{value:z.0f}°"
    return f"{100 * value:.0f} %" if e.term in SHARES else f"{100 * value:+z.0f}"
