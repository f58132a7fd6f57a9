"""A run that stops when it is precise: what it asks, what it saves, and that nothing but the store decides."""

from __future__ import annotations

import json
from collections import Counter

import pytest

import judgeaudit as ja
from judgeaudit.collection import ask, recollect
from judgeaudit.collection.precision import items_in_turn
from judgeaudit.config import parse_config
from judgeaudit.errors import ConfigError
from judgeaudit.judges.simulated import SimulatedJudge, Taste
from judgeaudit.pipeline import load_run, reparse, run
from judgeaudit.regression import fit

PAIRS = ja.verify(ja.perturb(ja.load_items("core"), seed=7, n_items=180))
SHARP = SimulatedJudge("sharp", Taste(truth=6.0, style=0.2))
EVEN = SimulatedJudge("even", Taste(truth=1.5, style=1.0))
TARGETS = {"truth_sensitivity": 0.10, "conflict_failure": 0.06}
STATED = {
    "items": "core",
    "design": {"items": 180, "seed": 7},
    "judges": [
        {"name": "sharp", "model": "simulated/truth-only", "params": {"truth": 6}},
        {"name": "even", "model": "simulated/balanced"},
    ],
    "collect": {"precision": TARGETS},
}


def asked(verdicts, judge):
    """How many items a judge was asked about, by contrast."""
    seen = {(v.trial.pair_id.rsplit(".", 1)[1], v.trial.pair_id.rsplit(".", 1)[0]) for v in verdicts if
            v.trial.judge == judge}  # fmt: skip
    return Counter(contrast for contrast, _ in seen)


def test_a_contrast_is_asked_as_long_as_an_effect_needs_it():
    """A sharp judge needs few items; what no target rests on ends with the first look; what was reached is narrow."""
    verdicts = ask(PAIRS, [SHARP, EVEN], precision=TARGETS)
    sharp, even = asked(verdicts, "sharp"), asked(verdicts, "even")
    assert max(sharp["style_true"], even["style_true"], even["placebo"]) <= 40
    assert sharp["fact_plain"] < even["fact_plain"]
    for judge in fit(PAIRS, verdicts).judges:
        for term, target in TARGETS.items():
            estimate = judge.get(term)
            rests_on = {"truth_sensitivity": "fact_plain", "conflict_failure": "conflict"}[term]
            narrow = (estimate.conf_high - estimate.conf_low) / 2 <= target
            assert narrow or asked(verdicts, judge.name)[rests_on] >= 170


def test_judges_are_asked_about_the_same_items_in_the_same_order():
    """What the one that stops first was asked, the other was asked too."""
    verdicts = ask(PAIRS, [SHARP, EVEN], precision=TARGETS)
    cells = {name: {(v.trial.pair_id, v.trial.order) for v in verdicts if v.trial.judge == name} for name in
             ("sharp", "even")}  # fmt: skip
    assert {cell for cell in cells["sharp"] if ".fact_" in cell[0]} < cells["even"]
    first = items_in_turn(PAIRS, 0)[:40]
    domains = Counter(pair.domain for pair in PAIRS if pair.contrast == "conflict" and pair.item_id in first)
    assert max(domains.values()) - min(domains.values()) <= 3


def test_the_store_alone_decides(tmp_path):
    """A second run asks nothing, a store that knows more than is needed gives the same, and so does reading it."""
    whole, once = tmp_path / "whole", tmp_path / "once"
    ask(PAIRS, [SHARP, EVEN], store=whole)
    first = ask(PAIRS, [SHARP, EVEN], store=once, precision=TARGETS)
    assert ask(PAIRS, [SHARP, EVEN], store=whole, precision=TARGETS) == first
    assert ask(PAIRS, [SHARP, EVEN], store=once, precision=TARGETS, concurrency=1) == first
    assert recollect(PAIRS, [SHARP, EVEN], once, precision=TARGETS) == first
    assert len(ask(PAIRS, [SHARP, EVEN], store=once)) > len(first)
    assert ask(PAIRS, [SHARP, EVEN], store=once, precision=TARGETS) == first


def test_a_run_says_what_it_saved_and_is_complete(tmp_path):
    """Nothing is missing, the widths reached stand in the provenance, and the stored run gives the same bytes."""
    done = run(parse_config(STATED), tmp_path / "out")
    assert done.exit_status == 0
    stopped = done.audit.provenance["stopped"]
    assert stopped["sharp"]["asked"] < stopped["even"]["asked"] < stopped["even"]["of"]
    assert stopped["sharp"]["half_widths"]["truth_sensitivity"] <= 0.10
    assert sum(row["asked"] for row in stopped.values()) == len(done.verdicts) == len(load_run(done.path).verdicts)
    before = (done.path / "audit.json").read_bytes()
    run(parse_config(STATED), tmp_path / "out")
    assert (done.path / "audit.json").read_bytes() == before
    reparse(done.path)
    assert (done.path / "audit.json").read_bytes() == before
    assert json.loads(before)["run"]["missing"] == 0


def test_a_budget_ends_it_as_it_ends_any_run(tmp_path):
    """The cells of the block that found no money are missing, and no look is taken at half a block."""
    dear = ja.CallableJudge(lambda question, a, b: "a", "dear", cost_usd=0.01)
    verdicts = ask(PAIRS, [dear], precision=TARGETS, max_cost_usd=1.005)
    reasons = Counter(verdict.reason for verdict in verdicts)
    assert reasons[""] == 100
    assert set(reasons) == {"", "budget"}
    assert max(asked(verdicts, "dear").values()) <= 40


@pytest.mark.parametrize(
    ("precision", "said"),
    [({"style": 0.1}, "'style' is no effect"), ({"style_reward": 0}, "between 0 and 1"), ({"angle": 0.1}, "there are")],
)
def test_targets_that_cannot_be_met_are_refused(precision, said):
    """Unknown terms and widths that no interval has; nothing is asked."""
    with pytest.raises(ConfigError, match=said):
        ask(PAIRS, [SHARP], precision=precision)
