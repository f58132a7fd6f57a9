"""Judges that score: contrasts in points, ceilings, and the angle that has no unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from judgeaudit.records import Pair, Verdict
from judgeaudit.regression.assembly import fit
from judgeaudit.regression.design import tabulate
from judgeaudit.regression.points import points

from .simulation import make_pairs, verdict

SIGNS = {"style_true": "ST-PT", "style_false": "SF-PF", "fact_plain": "PT-PF", "fact_styled": "ST-SF",
         "conflict": "PT-SF", "concord": "ST-PF"}  # fmt: skip


def score_items(
    n: int, truth: float, style: float, top: float = 10.0, noise: float = 0.7, seed: int = 0
) -> list[Verdict]:
    """Score the four variants of each item once; pairs share the scores of their answers."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        base = rng.normal(5, 1)
        level = {
            v: base + truth * (v[1] == "T") + style * (v[0] == "S") + noise * rng.normal()
            for v in ("PT", "ST", "PF", "SF")
        }
        level = {v: float(min(max(round(x), 1), top)) for v, x in level.items()}
        for contrast, sides in SIGNS.items():
            a, b = (level[v] for v in sides.split("-"))
            y = 0.5 + 0.5 * float(np.sign(a - b))
            made.append(verdict(f"{i:04d}-{contrast}", "s", "ab", y, protocol="score", score_a=a, score_b=b))
    return made


def estimates(verdicts: list[Verdict], n: int, *, worded: bool = True) -> dict[str, Any]:
    pairs = make_pairs(n, placebo=False)
    return {e.term: e for e in points(tabulate(pairs if worded else [unworded(p) for p in pairs], verdicts)["s"])}


def unworded(pair: Pair) -> Pair:
    """Take the names of the wordings away, so that only items are left to cluster by."""
    sides = {
        side: answer.model_copy(update={"style": tuple(s.model_copy(update={"template": ""}) for s in answer.style)})
        for side, answer in (("a", pair.a), ("b", pair.b))
    }
    return pair.model_copy(update=sides)


def test_effects_in_points() -> None:
    """A judge that adds two points for truth and one for style is found out in points and in degrees."""
    found = estimates(score_items(80, 2.0, 1.0), 80)
    assert found["truth_sensitivity"].estimate == pytest.approx(2.0, abs=0.25)
    assert found["style_reward"].estimate == pytest.approx(1.0, abs=0.25)
    assert found["angle"].estimate == pytest.approx(26.6, abs=6)
    assert found["exchange_rate"].estimate == pytest.approx(0.5, abs=0.12)
    assert found["masking"].conf_low < 0 < found["masking"].conf_high


def test_the_interval_is_the_paired_t_interval() -> None:
    """With every item complete the jackknife is the t interval of item contrasts."""
    from scipy import stats

    verdicts = score_items(30, 2.0, 1.0)
    by = {(v.trial.pair_id[:4], v.trial.pair_id[5:]): (v.score_a or 0) - (v.score_b or 0) for v in verdicts}
    z = [(by[f"{i:04d}", "style_true"] + by[f"{i:04d}", "style_false"]) / 2 for i in range(30)]
    expected = stats.ttest_1samp(z, 0).confidence_interval()
    found = estimates(verdicts, 30, worded=False)["style_reward"]
    assert (found.conf_low, found.conf_high) == pytest.approx((expected.low, expected.high))


def test_masking_is_withheld_at_the_ceiling() -> None:
    """When a quarter of the scores stand at the top, masking is an artefact of the scale, in whatever unit."""
    crowded, roomy = (score_items(40, 2.0, 1.0, top=top) for top in (6.0, 20.0))
    judge = fit(make_pairs(40, placebo=False), crowded).judges[0]
    assert judge.get("ceiling_share", "share").estimate > 0.25
    for term, scale in (("masking", "points"), ("masking", "net_preference"), ("style_x_truth", "log_odds")):
        withheld = judge.get(term, scale)
        assert (withheld.estimate, withheld.grade) == (None, "NOT GRADED")
        assert "withheld" in withheld.note
    assert judge.get("style_reward").estimate is not None
    other = [v.model_copy(update={"trial": v.trial.model_copy(update={"judge": "t"})}) for v in roomy]
    audit = fit(make_pairs(40, placebo=False), [*crowded, *other])
    assert audit.judge("t").get("masking").estimate is not None
    assert {row["term"] for row in audit.contrasts} == {"truth_sensitivity", "style_reward", "conflict_failure"}


def test_one_item_has_no_interval_in_points() -> None:
    """A single item says nothing of the spread between items, so nothing is claimed, and the reason is given."""
    found = estimates(score_items(1, 2.0, 1.0), 1)
    for term in ("truth_sensitivity", "style_reward", "masking"):
        assert found[term].estimate is not None
        assert (found[term].conf_low, found[term].p_value) == (None, None)
        assert "one item" in found[term].note


def test_a_judge_that_never_varies_has_an_angle_with_an_interval() -> None:
    """The pseudo-items that widen equal differences widen the angle too."""
    found = estimates(score_items(40, 2.0, 1.0, noise=0.0), 40)["angle"]
    assert found.conf_low < found.estimate < found.conf_high < found.conf_low + 5


def test_a_judge_that_never_varies_has_an_honest_interval() -> None:
    """Equal differences in every item still leave an interval of some width."""
    found = estimates(score_items(40, 2.0, 1.0, noise=0.0), 40)["truth_sensitivity"]
    assert found.estimate == pytest.approx(2.0)
    assert 0.03 < found.conf_high - found.conf_low < 0.2


def test_score_judges_have_no_position_and_one_angle() -> None:
    """An audit of a score judge holds net preference from the sign of differences, points, and the angle of points."""
    audit = fit(make_pairs(30, placebo=False), score_items(30, 2.0, 1.0))
    terms = [(e.term, e.scale) for e in audit.judges[0].estimates]
    assert len(terms) == len(set(terms))
    assert ("position", "net_preference") not in terms
    assert {("truth_sensitivity", "net_preference"), ("truth_sensitivity", "points"), ("angle", "degrees")} <= set(
        terms
    )


def test_scores_that_all_failed_are_named() -> None:
    """No scores, no numbers, a reason."""
    found = estimates([v.model_copy(update={"outcome": "invalid", "choice": None, "preference": None, "score_a": None})
                       for v in score_items(3, 2.0, 1.0)], 3)  # fmt: skip
    assert all(e.estimate is None for e in found.values())
    assert "no valid verdict" in found["style_reward"].note


def test_wordings_and_raters_widen_what_they_bear_on() -> None:
    """Style in points is clustered by its wordings too, and everything by the people who gave the scores."""
    pairs = make_pairs(60, placebo=False)
    template = {p.id: next((s.template for s in (*p.a.style, *p.b.style)), "") for p in pairs}
    extra = {name: 2.0 * (k % 2) for k, name in enumerate(sorted(set(template.values())))}
    verdicts = [
        v.model_copy(update={"score_a": (v.score_a or 0) + extra[template[v.trial.pair_id]]})
        if v.trial.pair_id.endswith(("style_true", "style_false")) else v
        for v in score_items(60, 2.0, 1.0, top=20)
    ]  # fmt: skip
    worded, bare = estimates(verdicts, 60), estimates(verdicts, 60, worded=False)
    assert worded["style_reward"].recipe["independent"] == "template"
    assert width(worded["style_reward"]) > 1.2 * width(bare["style_reward"])
    assert width(worded["angle"]) > width(bare["angle"])
    assert worded["truth_sensitivity"] == bare["truth_sensitivity"]
    people = [v.model_copy(update={"model": f"rater:{i % 4}", "score_a": (v.score_a or 0) + i % 4}) for i, v in
              enumerate(verdicts)]  # fmt: skip
    rated = estimates(people, 60, worded=False)["truth_sensitivity"]
    assert rated.recipe["independent"] == "rater"
    assert rated.note.startswith("4 raters: with fewer than 10")


def width(estimate: Any) -> float:
    return float(estimate.conf_high - estimate.conf_low)
