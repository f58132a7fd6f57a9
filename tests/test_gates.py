"""Gates decide on the interval, refuse what they do not know, and say so."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgeaudit.errors import ConfigError
from judgeaudit.gates import (
    DEFAULT_POLICY,
    RULES,
    against_baseline,
    exit_status,
    gate,
    holding_policy,
    load_policy,
    standing,
    taste,
)
from judgeaudit.records import Audit, Counts, Estimate, Finding, JudgeAudit, Scale, Status


def an_audit(
    term: str = "position",
    low: float | None = -0.02,
    high: float | None = 0.05,
    scale: Scale = "net_preference",
    clusters: int = 60,
) -> Audit:
    """Make one judge about whom one thing is known."""
    point = None if low is None or high is None else (low + high) / 2
    known = Estimate(
        judge="mini", term=term, scale=scale, estimate=point, conf_low=low, conf_high=high, n_clusters=clusters
    )
    return Audit(judges=(JudgeAudit(name="mini", model="m", estimates=(known,)),))


def status(audit: Audit, policy: dict[str, object]) -> Status:
    """Return the status of the only finding."""
    (finding,) = gate(audit, policy)
    return finding.status


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.02, 0.05, "PASS"),
        (-0.10, 0.10, "PASS"),
        (0.11, 0.30, "FAIL"),
        (-0.30, -0.11, "FAIL"),
        (0.05, 0.15, "INCONCLUSIVE"),
        (-0.40, 0.40, "INCONCLUSIVE"),
        (None, None, "INCONCLUSIVE"),
        (None, 0.05, "INCONCLUSIVE"),
        (0.2, None, "FAIL"),
    ],
)
def test_the_interval_decides(low, high, expected):
    """Wholly inside passes, wholly outside fails, anything else is undecided; an open end lies at infinity."""
    assert status(an_audit(low=low, high=high), {"position": {"max_abs": 0.1}}) == expected


def test_the_point_never_decides():
    """A point inside the limit does not pass when its interval reaches out."""
    finding = gate(an_audit(low=-0.05, high=0.15), {"position": {"max_abs": 0.1}})[0]
    assert finding.estimate is not None
    assert finding.estimate.estimate == pytest.approx(0.05)
    assert finding.status == "INCONCLUSIVE"
    assert "reaches across the limit" in finding.sentence


def test_min_and_max_bound_a_region():
    """Several keys hold together."""
    policy: dict[str, object] = {"tie_rate": {"min": 0.1, "max": 0.3}}
    assert status(an_audit("tie_rate", 0.15, 0.25), policy) == "PASS"
    assert status(an_audit("tie_rate", 0.01, 0.05), policy) == "FAIL"
    assert status(an_audit("tie_rate", 0.35, 0.40), policy) == "FAIL"


def test_what_was_not_estimated_is_undecided_and_says_so():
    """A limit on something that was not measured neither passes nor fails, and names what was measured."""
    audit = an_audit("style_reward.length", scale="net_preference")
    finding = gate(audit, {"style_reward.lenght": {"max": 0.2}})[0]
    assert (finding.status, finding.code, finding.estimate) == ("INCONCLUSIVE", "JA211", None)
    assert 'did you mean "style_reward.length"' in finding.sentence


def test_the_scale_belongs_to_the_term():
    """A limit on the position effect is not held against the position coefficient."""
    assert status(an_audit(scale="log_odds"), {"position": {"max_abs": 0.1}}) == "INCONCLUSIVE"


def test_few_items_never_pass_but_may_fail():
    """Under twenty independent items an interval inside its limit is not trusted."""
    assert status(an_audit(clusters=19), {"position": {"max_abs": 0.1}}) == "INCONCLUSIVE"
    assert status(an_audit(clusters=20), {"position": {"max_abs": 0.1}}) == "PASS"
    assert status(an_audit(low=0.5, high=0.9, clusters=5), {"position": {"max_abs": 0.1}}) == "FAIL"


def test_an_unbounded_exchange_rate_fails_when_the_angle_shows_that_it_must():
    """A judge that pays only for style has no exchange rate, and still has one above every limit."""
    rate = Estimate(judge="s", term="exchange_rate", scale="ratio", estimate=None, note="truth may be nil")

    def judged(low: float, high: float) -> Status:
        angle = Estimate(judge="s", term="angle", scale="degrees", estimate=low, conf_low=low, conf_high=high)
        audit = Audit(judges=(JudgeAudit(name="s", model="m", estimates=(rate, angle)),))
        return status(audit, {"exchange_rate": {"max": 0.5}})

    assert judged(86.0, 94.0) == "FAIL"
    assert judged(10.0, 120.0) == "INCONCLUSIVE"


def test_a_star_holds_every_part_that_was_measured():
    """``style_reward.*`` becomes one finding for each facet, and domains are not facets."""
    parts = tuple(
        Estimate(
            judge="j", term=f"style_reward{part}", scale="net_preference", estimate=0.0, conf_low=-0.1, conf_high=0.1
        )
        for part in ("", ".length", ".fmt.list", "@history")
    )
    findings = gate(Audit(judges=(JudgeAudit(name="j", model="m", estimates=parts),)), {"style_reward.*": {"max": 0.2}})
    assert sorted(finding.rule for finding in findings) == ["style_reward.fmt.list", "style_reward.length"]
    assert {finding.status for finding in findings} == {"PASS"}


def test_shares_of_cells_are_counted():
    """Invalid, missing and refused cells are a census of the run: the share itself decides."""
    counts = Counts(planned=100, valid=90, refusal=0, invalid=7, missing=3)
    audit = Audit(judges=(JudgeAudit(name="j", model="m", counts=counts),))
    findings = gate(audit, {"invalid": {"max": 0.05}, "missing": {"max": 0.05}, "refusal": {"max": 0}})
    assert {f.rule: f.status for f in findings} == {"invalid": "FAIL", "missing": "PASS", "refusal": "PASS"}


def test_a_run_without_a_plan_is_undecided():
    """No planned cell means that nothing is known about the share of invalid ones."""
    assert status(Audit(judges=(JudgeAudit(name="j", model="m"),)), {"invalid": {"max": 0.05}}) == "INCONCLUSIVE"


def test_dropped_pairs_belong_to_the_run():
    """The share of dropped pairs is one finding about no judge in particular."""
    finding = gate(Audit(pairs=90, dropped={"length_leak": 10}), {"dropped": {"max": 0.05}})[0]
    assert (finding.judge, finding.status, finding.code) == ("", "FAIL", "JA950")
    assert finding.estimate is not None
    assert finding.estimate.estimate == pytest.approx(0.1)


def test_findings_come_gravest_first():
    """Failures lead, then what is undecided, then what passed."""
    audit = an_audit(low=0.5, high=0.6)
    policy = {"angle": {"max": 30}, "position": {"max_abs": 0.1}, "missing": {"max": 1}}
    assert [finding.status for finding in gate(audit, policy)] == ["FAIL", "INCONCLUSIVE", "INCONCLUSIVE"]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"positon": {"max": 0.1}}, 'did you mean "position"'),
        ({"position": {"maxabs": 0.1}}, 'did you mean "max_abs"'),
        ({"position": {"max": "0.1"}}, "a finite number is needed"),
        ({"position": {"max": True}}, "a finite number is needed"),
        ({"position": {"max": math.nan}}, "a finite number is needed"),
        ({"position": {"max_abs": -0.1}}, "cannot be negative"),
        ({"position": {"min": 0.2, "max": 0.1}}, "allows nothing"),
        ({"position": {}}, "needs a limit"),
        ({"position": 0.1}, "needs a limit"),
        ({"angle.length": {"max": 3}}, "has no parts"),
        ({}, "states no limit"),
        ({"on_inconclusive": "pass"}, "states no limit"),
        ({"position": {"max": 0.1}, "on_inconclusive": "ignore"}, "allowed are fail, warn and pass"),
        ({"position": {"max": 0.1}, "on_inconclusive": ["fail"]}, "allowed are fail, warn and pass"),
    ],
)
def test_a_policy_with_a_mistake_is_refused(policy, said):
    """An unknown quantity, key or value is a configuration error that says what is allowed."""
    with pytest.raises(ConfigError, match=said):
        gate(Audit(), policy)


def test_a_policy_may_be_a_yaml_file(tmp_path: Path):
    """The same mapping, kept in a file."""
    file = tmp_path / "gates.yaml"
    file.write_text("position: {max_abs: 0.10}\non_inconclusive: fail\n", encoding="utf-8")
    assert status(an_audit(), str(file)) == "PASS"  # type: ignore[arg-type]
    assert load_policy(file).on_inconclusive == "fail"


@pytest.mark.parametrize("content", ["position: [1", "- position", "", "!!python/object/apply:os.getcwd []"])
def test_a_broken_policy_file_is_a_configuration_error(tmp_path: Path, content: str):
    """Bad YAML, a list, an empty file, or a file that asks for code to be run."""
    file = tmp_path / "gates.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"gates\.yaml"):
        load_policy(file)


def test_a_policy_file_that_is_not_there_is_a_configuration_error(tmp_path: Path):
    """The message names the file."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load_policy(tmp_path / "nowhere.yaml")


def worsened(low: float, high: float, clusters: int = 60) -> Audit:
    """Make one judge of whom it is known how much truth sensitivity it lost."""
    return an_audit("worsening.truth_sensitivity", low, high, clusters=clusters)


def test_a_baseline_adds_a_limit_of_its_own():
    """Worse by more than the margin fails, by less passes; few items never pass; the policy's own margin goes first."""
    stated = load_policy({"position": {"max_abs": 0.1}})
    held = against_baseline(stated)
    assert [limit.words for limit in held.limits] == ["max_abs 0.1", "max 0.1"]
    for audit, expected in (
        (worsened(-0.2, 0.05), "PASS"),
        (worsened(0.12, 0.3), "FAIL"),
        (worsened(0.0, 0.3), "INCONCLUSIVE"),
        (worsened(-0.2, 0.05, clusters=9), "INCONCLUSIVE"),
    ):
        assert {f.code: f.status for f in gate(audit, held)}["JA510"] == expected
    own = load_policy({"worsening": {"max": 0.02}})
    assert against_baseline(own) == own
    assert status(worsened(-0.2, 0.05), {"worsening": {"max": 0.02}}) == "INCONCLUSIVE"


def test_a_limit_on_worsening_without_a_baseline_is_undecided():
    """Nothing to compare with is not a pass, and the finding says what to give."""
    (found,) = gate(an_audit(), {"worsening.position": {"max": 0.1}})
    assert found.status == "INCONCLUSIVE"
    assert "--baseline" in found.sentence


def test_the_callers_choice_for_undecided_goes_first():
    """A pipeline may be stricter, or laxer, than the policy file."""
    assert load_policy({"position": {"max": 0.1}, "on_inconclusive": "pass"}, "fail").on_inconclusive == "fail"
    with pytest.raises(ConfigError, match="allowed are fail, warn and pass"):
        load_policy(None, "maybe")


def finding(status: Status) -> Finding:
    """Make a finding of which only the status matters."""
    return Finding(code="JA110", judge="j", rule="position", status=status)


@pytest.mark.parametrize(
    ("statuses", "choice", "expected"),
    [
        ((), "warn", 0),
        (("PASS",), "fail", 0),
        (("PASS", "INCONCLUSIVE"), "warn", 5),
        (("PASS", "INCONCLUSIVE"), "fail", 1),
        (("PASS", "INCONCLUSIVE"), "pass", 0),
        (("FAIL", "INCONCLUSIVE"), "pass", 1),
    ],
)
def test_the_exit_status_tells_failed_from_undecided(statuses, choice, expected):
    """0 held, 1 failed, and what the user chose for undecided: 1, 5 or 0."""
    assert exit_status(map(finding, statuses), {**DEFAULT_POLICY, "on_inconclusive": choice}) == expected


def test_an_undecided_gate_has_a_status_of_its_own_by_default():
    """Nobody who declares nothing takes an undecided gate for a pass."""
    assert exit_status([finding("INCONCLUSIVE")]) == 5


def test_a_judge_held_to_nothing_is_undecided():
    """No finding is not a pass."""
    assert standing([finding("PASS")], "j") == "PASS"
    assert standing([finding("PASS")], "another") == "INCONCLUSIVE"


def test_codes_are_unique():
    """No two rules share a code."""
    codes = [code for rule in RULES.values() for code in (rule.code, rule.part_code) if code]
    assert len(set(codes)) == len(codes)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_mirroring_an_effect_does_not_change_a_symmetric_gate(point, half, reach):
    """``max_abs`` treats both signs alike."""
    policy: dict[str, object] = {"position": {"max_abs": reach}}
    ahead = status(an_audit(low=point - half, high=point + half), policy)
    assert ahead == status(an_audit(low=-point - half, high=-point + half), policy)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1))
def test_a_looser_limit_never_turns_a_pass_into_anything_else(point, half, most, slack):
    """Passing is monotone in the limit."""
    audit = an_audit("style_reward", point - half, point + half)
    if status(audit, {"style_reward": {"max": most}}) == "PASS":
        assert status(audit, {"style_reward": {"max": most + slack}}) == "PASS"


@pytest.mark.parametrize(
    ("angle", "expected"),
    [(3, "truth"), (-3, "truth"), (30, "mostly truth"), (44, "even"), (60, "mostly style"),
     (-60, "mostly against style"), (90, "style"), (-90, "against style"), (150, "errors"), (-170, "errors")],
)  # fmt: skip
def test_the_angle_names_the_taste(angle, expected):
    """Each step of the angle has its name."""
    assert taste(an_audit("angle", angle - 5, angle + 5, "degrees").judges[0]) == expected


def test_a_wide_angle_is_unsettled_and_a_missing_one_unknown():
    """No taste is claimed that the data do not show."""
    assert taste(an_audit("angle", -60, 80, "degrees").judges[0]) == "unsettled"
    assert taste(an_audit().judges[0]) == "unknown"


def test_a_judge_moved_by_nothing_has_taste_for_neither():
    """Two negligible effects leave an angle without meaning."""
    effects = tuple(
        Estimate(judge="j", term=term, scale="net_preference", estimate=0.0, grade="NEGLIGIBLE")
        for term in ("truth_sensitivity", "style_reward")
    )
    assert taste(JudgeAudit(name="j", model="m", estimates=effects)) == "neither"


def test_a_judge_moved_most_by_place_goes_by_place():
    """A large position effect outweighs whatever direction the small effects have."""

    def effect(term: str, value: float) -> Estimate:
        return Estimate(judge="j", term=term, scale="net_preference", estimate=value)

    position, truth = effect("position", -0.5), effect("truth_sensitivity", 0.3)
    assert taste(JudgeAudit(name="j", model="m", estimates=(position, truth))) == "place"
    truth = effect("truth_sensitivity", 0.6)
    assert taste(JudgeAudit(name="j", model="m", estimates=(position, truth))) == "unknown"


def test_the_holding_policy_passes_the_audit_it_was_made_from():
    """Today's worst judge just holds it, and a slightly worse one does not."""
    known = (
        Estimate(
            judge="j", term="truth_sensitivity", scale="net_preference", estimate=0.5, conf_low=0.413, conf_high=0.6
        ),
        Estimate(judge="j", term="position", scale="net_preference", estimate=0.0, conf_low=-0.071, conf_high=0.05),
        Estimate(judge="j", term="exchange_rate", scale="ratio", estimate=None, conf_low=1.0),
    )
    counts = Counts(planned=100, valid=99, invalid=1)
    audit = Audit(judges=(JudgeAudit(name="j", model="m", estimates=known, counts=counts),))
    policy = holding_policy(audit)
    assert policy == {
        "truth_sensitivity": {"min": 0.41},
        "position": {"max_abs": 0.08},
        "invalid": {"max": 0.01},
        "missing": {"max": 0.0},
        "refusal": {"max": 0.0},
    }
    assert {finding.status for finding in gate(audit, policy)} == {"PASS"}


def test_a_judge_that_scores_has_no_place_to_favour():
    """A limit on position does not keep a judge that sees one answer at a time from passing."""
    points = Estimate(judge="j", term="truth_sensitivity", scale="points", estimate=2.0)
    audit = Audit(judges=(JudgeAudit(name="j", model="m", estimates=(points,)),))
    assert status(audit, {"position": {"max_abs": 0.1}}) == "PASS"


def test_a_judge_that_scores_does_not_keep_a_limit_from_being_held():
    """Today's result is held to the position effect of the judges that compare."""
    points = Estimate(judge="s", term="truth_sensitivity", scale="points", estimate=2.0)
    position = Estimate(judge="j", term="position", scale="net_preference", estimate=0, conf_low=-0.07, conf_high=0.05)
    judges = [JudgeAudit(name=e.judge, model="m", estimates=(e,)) for e in (points, position)]
    assert holding_policy(Audit(judges=tuple(judges)))["position"] == {"max_abs": 0.07}


def test_the_shipped_policy_does_not_let_a_judge_refuse_its_way_out():
    """A judge that answers two thirds of the cells, and those well, is not fit."""
    counts = Counts(planned=300, valid=200, refusal=100)
    audit = Audit(judges=(JudgeAudit(name="j", model="m", counts=counts),))
    assert {finding.code for finding in gate(audit) if finding.status == "FAIL"} == {"JA930"}
