"""The whole audit: complete, in order, independent of the order of its input, and never a crash."""

from __future__ import annotations

import json
import random
from itertools import product

import pytest

from judgeaudit.records import Audit, Verdict
from judgeaudit.regression import fit, invalid_share
from judgeaudit.regression.population import Taste

from .simulation import judge_pairs, make_pairs, verdict

PAIRS = make_pairs(24, facets=("fmt.list", "tone.x"), domains=("law", "space"))
HONEST = Taste(truth=2.0, style=0.1, position=0.0)
VAIN = Taste(truth=0.3, style=2.0, position=0.5)


@pytest.fixture(scope="module")
def audit() -> Audit:
    verdicts = judge_pairs(PAIRS, HONEST, 1, judge="honest") + judge_pairs(PAIRS, VAIN, 2, judge="vain")
    return fit(
        PAIRS, verdicts, models={"vain": "x/vain-1", "honest": "x/honest-1"}, notes={"vain": "for show"}, run_id="r1"
    )


def test_the_audit_is_complete(audit: Audit) -> None:
    """Judges in the order of their models, every term of the contract, counts, differences, provenance."""
    assert [(j.name, j.model, j.note) for j in audit.judges] == [
        ("vain", "x/vain-1", "for show"),
        ("honest", "x/honest-1", ""),
    ]
    assert (audit.items, audit.pairs, audit.run_id, audit.findings) == (24, 168, "r1", ())
    terms = {(e.term, e.scale) for e in audit.judges[0].estimates}
    expected = {(t, "net_preference") for t in ("truth_sensitivity", "style_reward", "masking", "conflict_failure",
                "position", "tie_rate", "placebo", "style_reward.tone.x", "truth_sensitivity.date",
                "truth_sensitivity@law", "style_reward@space")}  # fmt: skip
    expected |= {(t, "log_odds") for t in ("truth", "style", "style_x_truth", "position", "style.fmt.list")}
    assert expected | {("angle", "degrees"), ("exchange_rate", "ratio")} <= terms
    assert audit.counts.planned == audit.counts.valid == 2 * 336
    assert len(audit.contrasts) == 5
    assert audit.provenance["regression"]["margin"] == 0.1


def test_the_audit_tells_the_judges_apart(audit: Audit) -> None:
    """The judge that pays for truth has the smaller angle, and the difference in style reward is material."""
    angles = {judge.name: judge.get("angle", "degrees") for judge in audit.judges}
    assert angles["honest"] is not None
    assert angles["vain"] is not None
    assert (angles["honest"].conf_high or 0) < (angles["vain"].conf_low or 0)
    row = next(row for row in audit.contrasts if row["term"] == "style_reward")
    assert (row["judge"], row["versus"], row["grade"]) == ("vain", "honest", "MATERIAL")


def test_the_order_of_the_input_changes_no_byte() -> None:
    """The same set of verdicts and pairs in any order gives the same audit, byte for byte."""
    verdicts = judge_pairs(PAIRS, HONEST, 1, judge="honest") + judge_pairs(PAIRS, VAIN, 2, judge="vain")
    shuffled, pairs = list(verdicts), list(PAIRS)
    random.Random(0).shuffle(shuffled)
    random.Random(1).shuffle(pairs)
    assert fit(pairs, shuffled).model_dump_json() == fit(PAIRS, verdicts).model_dump_json()


def test_the_audit_survives_json(audit: Audit) -> None:
    """Every number is finite and every record comes back as it was."""
    assert Audit.model_validate_json(audit.model_dump_json()) == audit
    json.loads(audit.model_dump_json(), parse_constant=lambda name: pytest.fail(f"{name} in the audit"))


def test_relabelling_judges_changes_nothing_else() -> None:
    """A judge's numbers do not depend on its name or on its company."""
    alone = fit(PAIRS, judge_pairs(PAIRS, VAIN, 2, judge="zz")).judges[0]
    together = fit(PAIRS, judge_pairs(PAIRS, VAIN, 2, judge="aa") + judge_pairs(PAIRS, HONEST, 1, judge="bb")).judges[0]
    for one, other in zip(alone.estimates, together.estimates, strict=True):
        assert (one.term, one.estimate, one.conf_low, one.conf_high) == (
            other.term,
            other.estimate,
            other.conf_low,
            other.conf_high,
        )


def test_counterbalanced_designs_work() -> None:
    """Each pair in one order, a fifth in both: every effect is estimated and order consistency is known."""
    audit = fit(PAIRS, judge_pairs(PAIRS, VAIN, 3, orders="counterbalanced")).judges[0]
    assert all(e.estimate is not None for e in audit.estimates if e.scale in ("net_preference", "log_odds"))
    assert audit.reliability.order_consistency is not None


def test_failures_are_counted_and_never_judged() -> None:
    """Refused, unreadable and missing cells sum to the plan and leave the estimates alone."""
    verdicts = judge_pairs(PAIRS, VAIN, 2)
    broken = [
        v if i % 7 else v.model_copy(update={"outcome": "refusal", "choice": None, "preference": None})
        for i, v in enumerate(verdicts)
    ]
    judge = fit(PAIRS, broken).judges[0]
    assert judge.counts.planned == len(verdicts)
    assert judge.counts.refusal == len(verdicts[::7])
    found = judge.get("style_reward")
    assert found is not None
    assert found.n < 96


def test_an_unknown_price_makes_the_cost_unknown() -> None:
    """Costs add up; one call without a price makes the sum None, a cell that was never asked does not."""
    cells = [("0000-conflict", "ab", 0.01), ("0000-conflict", "ba", 0.02)]
    made = [verdict(p, "j", o, 1.0, cost_usd=c) for p, o, c in cells]  # type: ignore[arg-type]
    never = verdict("0001-conflict", "j", "ab", None)
    assert fit(PAIRS, [*made, never]).judges[0].cost_usd == pytest.approx(0.03)
    unknown = verdict("0001-conflict", "j", "ba", 1.0).model_copy(update={"cost_usd": None})
    assert fit(PAIRS, [*made, unknown]).judges[0].cost_usd is None


def test_families_carry_adjusted_p_values(audit: Audit) -> None:
    """Facets are tested together over all judges, and each recipe says how many were."""
    facets = [e for e in audit.estimates if e.term.startswith("style_reward.")]
    assert all(e.recipe["family"] == 4 and e.recipe["p_holm"] >= (e.p_value or 0) for e in facets)


def _same(y: float) -> list[Verdict]:
    return [verdict(pair.id, "j", order, y) for pair in PAIRS for order in ("ab", "ba")]


@pytest.mark.parametrize(
    "taste",
    [
        Taste(truth=60, style=0, position=0, temperature=0),
        Taste(truth=60, style=-30, position=0, temperature=0),
        Taste(truth=0, style=60, position=0, temperature=0),
        Taste(truth=0, style=0, position=60, temperature=0),
        Taste(truth=-60, style=0, position=0, temperature=0),
        Taste(truth=0, style=0, position=0),
        Taste(graded=True),
    ],
    ids=["perfect", "austere", "vain", "positional", "perverse", "coin", "graded"],
)
@pytest.mark.parametrize("orders", ["both", "counterbalanced"])
def test_extreme_judges_get_finite_numbers_without_a_warning(taste: Taste, orders: str) -> None:
    """Whatever a judge does always or never, every effect has an estimate and an interval of some width."""
    for e in fit(PAIRS, judge_pairs(PAIRS, taste, 5, orders=orders)).judges[0].estimates:
        tested = e.term.startswith("heterogeneity.")
        if not tested and e.term != "exchange_rate" and "neither truth nor style" not in e.note:
            assert e.estimate is not None, e
            assert e.conf_low is not None, e
            assert e.conf_high is not None, e
            assert e.conf_high > e.conf_low, e


def test_ties_and_silence_get_finite_numbers_or_a_reason() -> None:
    """A judge that only ties, and one that never answers, end in estimates or in notes."""
    silent = [verdict(pair.id, "j", order, None) for pair, order in product(PAIRS, ("ab", "ba"))]  # type: ignore[arg-type]
    for verdicts in (_same(0.5), silent):
        for e in fit(PAIRS, verdicts).judges[0].estimates:
            assert e.estimate is not None or e.note, e


@pytest.mark.parametrize("items", [1, 2, 3])
def test_tiny_audits_are_wide_and_not_graded(items: int) -> None:
    """One, two or three items never give a narrow interval or a grade."""
    pairs = make_pairs(items)
    for e in fit(pairs, judge_pairs(pairs, HONEST, 0)).judges[0].estimates:
        assert e.grade == "NOT GRADED"
        if e.scale == "net_preference" and e.term in ("truth_sensitivity", "style_reward"):
            assert (e.conf_high or 0) - (e.conf_low or 0) > 0.5


def test_every_number_carries_its_method_and_recipe() -> None:
    """Whatever has an estimate says how it was made: a method and a recipe, differences included."""
    pairs = make_pairs(12, domains=("law", "space"))
    scored = [
        verdict(p.id, "s", "ab", 1.0, protocol="score", score_a=float(5 + i % 4), score_b=4.0)
        for i, p in enumerate(pairs)
    ]
    audit = fit(
        pairs, judge_pairs(pairs, HONEST, 1, judge="h", replicates=2) + scored, validity=invalid_share([True] * 9)
    )
    assert [e.term for e in audit.estimates if e.estimate is not None and not (e.method and e.recipe)] == []
    assert audit.contrasts
    assert all(row["method"] and row["recipe"] for row in audit.contrasts)


def test_no_verdicts_no_judges() -> None:
    """An empty run is an empty audit."""
    assert fit(PAIRS, []).judges == ()


def test_replicates_do_not_pass_for_items() -> None:
    """Asking everything twice leaves the number of independent units as it was."""
    judge = fit(PAIRS, judge_pairs(PAIRS, VAIN, 2, replicates=2)).judges[0]
    assert {e.n_clusters for e in judge.estimates if e.term == "style_reward"} == {24}
    assert judge.reliability.retest_consistency is not None
