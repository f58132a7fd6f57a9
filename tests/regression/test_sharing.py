"""What verdicts share besides their item: the wording of a style, and the person who answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from judgeaudit.records import Pair
from judgeaudit.regression.assembly import fit
from judgeaudit.regression.comparisons import differences
from judgeaudit.regression.design import Calls, Levels, tabulate
from judgeaudit.regression.effects import (
    CONFLICT_FAILURE,
    STYLE_REWARD,
    TRUTH_SENSITIVITY,
    allow_for_sharing,
    measure,
    net_cells,
)
from judgeaudit.regression.logit import coefficient, fit_logit
from judgeaudit.regression.matrices import CODED, facet_design, utility_design
from judgeaudit.regression.population import Taste, draw_calls
from judgeaudit.regression.utility import log_odds

from .simulation import judge_pairs, make_pairs, verdict


def with_templates(templates: int, spread: float, seed: int, items: int = 120, raters: int = 0) -> Calls:
    """Draw calls of a judge that likes some templates more than others."""
    rng = np.random.default_rng(seed)
    calls = draw_calls(Taste(truth=0.0, style=0.0, position=0.0), items, rng)
    code = calls.pairs.cluster.codes % templates
    of_style = CODED[calls.pairs.contrast, 1] != 0
    eta = (0.8 + spread * rng.normal(size=templates)[code[calls.pair]]) * CODED[calls.contrast, 1]
    rater = rng.integers(0, max(raters, 1), len(calls))
    eta += raters * 0.1 * rng.normal(size=max(raters, 1))[rater] * CODED[calls.contrast, 0]
    names = tuple(f"t{i:02d}" for i in range(templates))
    pairs = replace(calls.pairs, template=Levels(np.where(of_style, code, -1), names))
    y = (rng.random(len(calls)) < 1 / (1 + np.exp(-eta))).astype(float)
    return replace(calls, pairs=pairs, y=y, rater=Levels(rater, tuple(f"r{i}" for i in range(raters))))


def style_reward(calls: Calls) -> tuple[object, object]:
    item = measure(net_cells(calls), STYLE_REWARD, two_orders=True)
    return item, allow_for_sharing(item, calls, STYLE_REWARD)


def test_the_wider_interval_is_reported() -> None:
    """Where templates differ, the interval over templates is the one that stands."""
    item, shared = style_reward(with_templates(12, 0.8, 1))
    assert shared.conf_high - shared.conf_low > 1.2 * (item.conf_high - item.conf_low)  # type: ignore[attr-defined]
    assert shared.recipe["variance"] == "delete-one-template jackknife"  # type: ignore[attr-defined]
    assert shared.note == ""  # type: ignore[attr-defined]
    assert shared.estimate == item.estimate  # type: ignore[attr-defined]


def test_fewer_than_ten_templates_are_warned_of() -> None:
    """The interval of five templates says that it says little of others; that of two is for those two."""
    _, five = style_reward(with_templates(5, 0.3, 1))
    assert five.note.startswith("5 templates: with fewer than 10")  # type: ignore[attr-defined]
    _, two = style_reward(with_templates(2, 0.3, 1))
    assert two.note == "for these 2 templates only"  # type: ignore[attr-defined]


def test_log_odds_are_warned_of_few_templates_too() -> None:
    """Style, and the angle that rests on it, say how few their templates are; truth does not rest on them."""
    calls = with_templates(5, 0.3, 1)
    found = {(e.term, e.scale): e for e in log_odds(calls)}
    for term, scale in (("style", "log_odds"), ("style_x_truth", "log_odds"), ("angle", "degrees")):
        assert "5 templates: with fewer than 10" in found[term, scale].note, term
    assert found["truth", "log_odds"].note == ""


def test_each_facet_is_warned_of_its_own_templates() -> None:
    """A facet in one wording is for that wording only, also beside a facet whose name begins alike."""
    pairs = [one_wording(p) for p in make_pairs(48, facets=("fmt", "fmt.list"))]
    found = {e.term: e for e in fit(pairs, judge_pairs(pairs, Taste(), 1)).judges[0].estimates}
    assert found["style.fmt"].note == found["style_reward.fmt"].note == "for this template only"
    assert "6 templates" in found["style.fmt.list"].note
    assert "6 templates" in found["style_reward.fmt.list"].note
    design = facet_design(tabulate(pairs, judge_pairs(pairs, Taste(), 1))["j"])
    assert {share.only for share in design.sharing} == {("style.fmt",), ("style.fmt.list",)}


def one_wording(pair: Pair) -> Pair:
    """Give the facet ``fmt`` the same wording everywhere."""
    sides = {
        side: answer.model_copy(
            update={
                "style": tuple(s.model_copy(update={"template": "w"} if s.facet == "fmt" else {}) for s in answer.style)
            }
        )
        for side, answer in (("a", pair.a), ("b", pair.b))
    }
    return pair.model_copy(update=sides)


def test_one_person_speaks_for_that_person() -> None:
    """A panel of one says so in every note; nothing can be widened by a spread that was not seen."""
    pairs = make_pairs(30)
    verdicts = [v.model_copy(update={"model": "rater:ann"}) for v in judge_pairs(pairs, Taste(), 1)]
    notes = {e.term: e.note for e in fit(pairs, verdicts).judges[0].estimates}
    assert notes["truth_sensitivity"] == notes["truth"] == "for this rater only"


def test_conflict_failure_is_widened_by_templates() -> None:
    """A conflict pair carries one wording of a style, so failing by it in general is judged over wordings."""
    calls = with_templates(12, 0.8, 1)
    item = measure(net_cells(calls), CONFLICT_FAILURE, two_orders=True)
    shared = allow_for_sharing(item, calls, CONFLICT_FAILURE)
    assert shared.recipe["variance"] == "delete-one-template jackknife"  # type: ignore[union-attr]
    assert shared.conf_high - shared.conf_low > 1.2 * (item.conf_high - item.conf_low)  # type: ignore[union-attr]


def test_conflict_failure_in_general_is_covered_with_twelve_templates() -> None:
    """Over 100 sets of twelve wordings the reported interval holds as often as it says, the item-clustered not."""
    slopes = 0.8 + 0.8 * np.random.default_rng(1).normal(size=200_000)
    aim = float((1 / (1 + np.exp(-slopes))).mean())
    held = np.zeros(2)
    for seed in range(100):
        calls = with_templates(12, 0.8, seed)
        item = measure(net_cells(calls), CONFLICT_FAILURE, two_orders=True)
        shared = allow_for_sharing(item, calls, CONFLICT_FAILURE)
        held += [f.conf_low <= aim <= f.conf_high for f in (item, shared)]  # type: ignore[union-attr]
    assert held[0] < 80
    assert held[1] >= 88


def test_differences_between_judges_are_widened_by_templates() -> None:
    """Judges that like different wordings do not differ in style by it; the difference says over what it was judged."""
    one, other = (replace(with_templates(12, 0.8, seed), judge=name) for name, seed in (("a", 1), ("b", 2)))
    found = {e.term: f for e, f in differences(one, replace(other, pairs=one.pairs))}
    assert found["style_reward"].recipe["variance"] == "delete-one-template jackknife"
    assert "template" not in found["truth_sensitivity"].recipe["variance"]


def test_truth_is_not_widened_by_templates() -> None:
    """Templates are what style is made of; truth sensitivity keeps its items."""
    calls = with_templates(12, 0.8, 1)
    item = measure(net_cells(calls), TRUTH_SENSITIVITY, two_orders=True)
    assert allow_for_sharing(item, calls, TRUTH_SENSITIVITY) == item
    fit = fit_logit(utility_design(calls))
    terms = {c: coefficient(fit, "j", c, j) for j, c in enumerate(fit.columns)}
    assert terms["style"].recipe["independent"] == "template"
    assert terms["style"].recipe["df"] == 11
    assert terms["truth"].recipe["independent"] == "item"


def test_style_in_general_is_covered_with_twelve_templates() -> None:
    """Over 150 sets of templates the interval holds the effect of style in general; items alone would not."""
    rng = np.random.default_rng(0)
    slopes = 0.8 + 0.8 * rng.normal(size=200_000)
    truth = float((2 / (1 + np.exp(-slopes)) - 1).mean())
    found = [style_reward(with_templates(12, 0.8, seed)) for seed in range(150)]
    item, shared = (np.mean([f.conf_low <= truth <= f.conf_high for f in side]) for side in zip(*found, strict=True))  # type: ignore[attr-defined]
    assert item < 0.8
    assert 0.89 <= shared <= 0.99


def test_raters_widen_every_effect() -> None:
    """A panel of seven people who differ is no more than seven people."""
    calls = with_templates(12, 0.0, 2, raters=7)
    item = measure(net_cells(calls), TRUTH_SENSITIVITY, two_orders=True)
    shared = allow_for_sharing(item, calls, TRUTH_SENSITIVITY)
    assert not isinstance(item, str)
    assert not isinstance(shared, str)
    assert shared.conf_high - shared.conf_low > item.conf_high - item.conf_low
    assert shared.note.startswith("7 raters")
    assert shared.recipe["df"] == pytest.approx(6)


def test_people_are_known_by_the_model_of_their_verdicts() -> None:
    """A verdict of ``rater:7`` was given by person 7; what an endpoint calls its model is nobody."""
    pairs = make_pairs(2)
    models = ["rater:7", "rater:8", "rater:7", "gpt-4.1-2025"]
    cells = [(p.id, o) for p in pairs[:2] for o in ("ab", "ba")]
    made = [verdict(p, "j", o, 1.0, model=m) for (p, o), m in zip(cells, models, strict=True)]  # type: ignore[arg-type]
    rater = tabulate(pairs, made)["j"].rater
    assert [rater.names[c] if c >= 0 else "" for c in rater.codes] == ["7", "", "7", "8"]
