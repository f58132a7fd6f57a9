"""Audits made by hand: judges whose figures a test states in one line."""

from __future__ import annotations

import math
import random

from judgeaudit.records import (
    Answer,
    Audit,
    Check,
    Contrast,
    Counts,
    Estimate,
    FactualError,
    Grade,
    JudgeAudit,
    Pair,
    Reliability,
    Scale,
    Style,
    Trial,
    Verdict,
)
from judgeaudit.regression import fit


def estimate(
    judge: str, term: str, value: float | None, half: float = 0.05, scale: Scale = "net_preference", n: int = 240
) -> Estimate:
    """Make an estimate with a symmetric interval; None is one without bounds."""
    low, high = (None, None) if value is None else (value - half, value + half)
    return Estimate(
        judge=judge, term=term, scale=scale, estimate=value, std_error=half / 2, conf_low=low, conf_high=high,
        p_value=0.01, n=n, n_clusters=60, method="bmj", recipe={"seed": 7, "covariance": "jackknife"},
        grade=_grade(low, high), note="" if value is not None else "the truth effect may be nil",
    )  # fmt: skip


def _grade(low: float | None, high: float | None) -> Grade:
    if low is None or high is None:
        return "INCONCLUSIVE"
    if low > 0.1 or high < -0.1:
        return "MATERIAL"
    return "NEGLIGIBLE" if max(-low, high) <= 0.1 else "INCONCLUSIVE"


def judge(
    name: str,
    truth: float = 0.9,
    style: float = 0.02,
    *,
    position: float = 0.01,
    conflict: float = 0.05,
    noise: float = 0.03,
    counts: Counts | None = None,
    note: str = "",
    cost: float | None = 1.25,
    parts: bool = False,
) -> JudgeAudit:
    """Make a judge with the headline estimates, and with facets, kinds and domains when ``parts``."""
    angle = math.degrees(math.atan2(style, truth))
    bounded = truth > 0.1
    estimates = [
        estimate(name, "truth_sensitivity", truth),
        estimate(name, "style_reward", style),
        estimate(name, "masking", 0.04),
        estimate(name, "conflict_failure", conflict, 0.04),
        estimate(name, "position", position),
        estimate(name, "placebo", 0.01, 0.04),
        estimate(name, "tie_rate", 0.1, 0.03),
        estimate(name, "truth", 2.4 * truth, 0.3, "log_odds"),
        estimate(name, "style", 2.4 * style, 0.3, "log_odds"),
        estimate(name, "angle", angle, 4.0, "degrees"),
        estimate(name, "exchange_rate", style / truth if bounded else None, 0.06, "ratio"),
    ]
    if parts:
        for place, facet in enumerate(("length", "fmt.list", "confidence", "register")):
            estimates.append(estimate(name, f"style_reward.{facet}", style * (0.4 + place * 0.3), 0.12, n=60))
        for place, kind in enumerate(("date", "number", "entity", "negation")):
            estimates.append(estimate(name, f"truth_sensitivity.{kind}", truth * (1 - place * 0.15), 0.14, n=60))
        estimates.append(estimate(name, "style_reward@history", style, 0.2, n=40))
    return JudgeAudit(
        name=name, model=f"simulated/{name}", estimates=tuple(estimates), note=note, cost_usd=cost,
        reliability=Reliability(order_consistency=0.94, retest_consistency=None, noise_floor=noise),
        counts=counts or Counts(planned=720, valid=715, refusal=1, invalid=3, missing=1, tie=70),
        provenance={"prompt": "pairwise", "params": {"temperature": 0}},
    )  # fmt: skip


def audit(*judges: JudgeAudit, **fields: object) -> Audit:
    """Make an audit of some judges over 60 items and 720 pairs."""
    stated = {
        "run_id": "july",
        "items": 60,
        "pairs": 720,
        "dropped": {"content_changed": 9, "length_leak": 3},
        "contrasts": ({"judge": "a", "versus": "b", "term": "style_reward", "estimate": 0.2},),
        "provenance": {"version": "0.1.0", "seed": 7},
    }
    return Audit(judges=judges, **{**stated, **fields})


def three() -> Audit:
    """Make one judge for truth, one for style, one that answers by place."""
    return audit(
        judge("mini", 0.92, 0.06, parts=True),
        judge("style-only", 0.01, 0.97, conflict=0.97, cost=0.0, parts=True),
        judge("smollm2-ab", 0.05, 0.08, position=0.83, conflict=0.5, noise=0.1, cost=0.0,
              note="for demonstration, not for grading", parts=True),
    )  # fmt: skip


# ------------------------------------------------------------------------------------- a run of known judges

PLAIN_TRUE, PLAIN_FALSE = "The bridge opened in 1932.", "The bridge opened in 1923."
STYLED_TRUE, STYLED_FALSE = "Certainly! **The bridge** opened in 1932.", "Certainly! **The bridge** opened in 1923."
STYLE = (Style(facet="fmt.bold", dose=2),)
WRONG = (FactualError(fact_id="f1", kind="date", old="1932", new="1923", severity="major"),)
VARIANTS = {
    "PT": Answer(text=PLAIN_TRUE),
    "PF": Answer(text=PLAIN_FALSE, errors=WRONG),
    "ST": Answer(text=STYLED_TRUE, style=STYLE),
    "SF": Answer(text=STYLED_FALSE, style=STYLE, errors=WRONG),
}
SIDES: dict[Contrast, tuple[str, str]] = {
    "style_true": ("ST", "PT"), "style_false": ("SF", "PF"), "fact_plain": ("PT", "PF"), "fact_styled": ("ST", "SF"),
    "conflict": ("PT", "SF"), "concord": ("ST", "PF"), "placebo": ("PT", "PT"),
}  # fmt: skip


def crossed_pairs(items: int = 24) -> list[Pair]:
    """Make every contrast of some items, at doses 1 to 3 and in two domains."""
    return [
        Pair(
            id=f"q{n}.{contrast}",
            item_id=f"q{n}",
            question=f"When did bridge {n} open?",
            contrast=contrast,
            factor="date",
            dose=1 + n % 3,
            a=_dosed(VARIANTS[a], n),
            b=_dosed(VARIANTS[b], n),
            domain=("history", "geography")[n % 2],
            check=Check(pair_id=f"q{n}.{contrast}", passed=True, features={"words": float(len(a) - len(b))}),
        )
        for n in range(items)
        for contrast, (a, b) in SIDES.items()
    ]


def _dosed(answer: Answer, n: int) -> Answer:
    style = tuple(treatment.model_copy(update={"dose": 1 + n % 3}) for treatment in answer.style)
    return answer.model_copy(update={"style": style})


def answered(
    pairs: list[Pair], name: str, truth: float, style: float, *, seed: int = 1, lost: float = 0.0
) -> list[Verdict]:
    """Ask a judge of known taste about every pair in both orders; styled pairs are lost at a given rate."""
    draw = random.Random(f"{name}{seed}")
    return [_said(pair, Trial(pair_id=pair.id, judge=name, order=order), truth, style, draw, lost)
            for pair in pairs for order in ("ab", "ba")]  # fmt: skip


def _said(pair: Pair, trial: Trial, truth: float, style: float, draw: random.Random, lost: float) -> Verdict:
    if pair.a.styled and pair.b.styled and draw.random() < lost:
        return Verdict(trial=trial, outcome="invalid", reason="two_choices", raw="Both A and B.")
    logit = truth * (pair.a.true - pair.b.true) + style * (pair.a.styled - pair.b.styled)
    for_a = draw.random() < 1 / (1 + math.exp(-logit))
    choice, preference = ("a", 1.0) if for_a else ("b", 0.0)
    return Verdict(
        trial=trial, outcome="valid", choice=choice, preference=preference, raw=f"I choose {choice}.", cost_usd=0.001
    )  # type: ignore[arg-type]


def known_run() -> tuple[Audit, list[Pair], list[Verdict]]:
    """Fit a run of two judges: one for truth, one for style that also loses cells where both answers are styled."""
    pairs = crossed_pairs()
    verdicts = [*answered(pairs, "truthful", 3.0, 0.2), *answered(pairs, "stylish", 0.2, 3.0, lost=0.4)]
    return fit(pairs, verdicts, run_id="known", dropped={"no-op": 2}), pairs, verdicts
