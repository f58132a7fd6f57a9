"""Panels as judges, prompts as factors, and judges that favour their own."""

from __future__ import annotations

import pytest

from judgeaudit.errors import DesignError
from judgeaudit.records import Panel
from judgeaudit.regression import fit
from judgeaudit.regression.design import tabulate
from judgeaudit.regression.panels import convene, self_preference
from judgeaudit.regression.population import Taste

from .simulation import judge_pairs, make_pairs, verdict

PAIRS = make_pairs(2)
BOTH = Panel(name="both", of=("a", "b"))


def test_majority_and_mean() -> None:
    """Two of three decide a majority, as many on either side tie, and the mean is the mean."""
    made = [verdict("0000-conflict", j, o, y) for j, y in (("a", 1.0), ("b", 1.0), ("c", 0.0)) for o in ("ab", "ba")]  # type: ignore[arg-type]
    made += [verdict("0001-conflict", j, o, y) for j, y in (("a", 1.0), ("b", 0.5), ("c", 0.0)) for o in ("ab", "ba")]  # type: ignore[arg-type]
    members = list(tabulate(PAIRS, made).values())
    majority, mean = (Panel(name="p", of=("a", "b", "c"), by=by) for by in ("majority", "mean"))  # type: ignore[arg-type]
    assert convene(members, majority).y.tolist() == [1.0, 1.0, 0.5, 0.5]
    assert convene(members, majority).tie.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert convene(members, mean).y.tolist() == pytest.approx([2 / 3, 2 / 3, 0.5, 0.5])


def test_a_panel_needs_every_member() -> None:
    """A call that one member left open is missing for the panel, not decided by the rest."""
    made = [verdict(p, j, o, 1.0) for p in ("0000-conflict", "0001-conflict") for j in ("a", "b") for o in ("ab", "ba")]  # type: ignore[arg-type]
    made[3] = verdict("0000-conflict", "b", "ba", None)
    counts = fit(PAIRS, made[:-1], panels=[BOTH]).judge("both").counts
    assert (counts.planned, counts.valid, counts.missing) == (3, 2, 1)


def test_scores_are_averaged_by_the_mean_and_lost_by_a_majority() -> None:
    """A panel of scoring judges has points of its own only where it averages."""
    pairs = make_pairs(30)
    scored = [
        v.model_copy(update={"trial": v.trial.model_copy(update={"protocol": "score"}),
                             "score_a": 6.0 + shift, "score_b": 4.0 + (v.preference or 0.0)})
        for name, shift in (("a", 0.0), ("b", 2.0))
        for v in judge_pairs(pairs, Taste(), 3, judge=name) if v.trial.order == "ab"
    ]  # fmt: skip
    mean, majority = (
        fit(pairs, scored, panels=[BOTH.model_copy(update={"by": by})]).judge("both") for by in ("mean", "majority")
    )
    members = fit(pairs, scored)
    expected = [members.judge(name).get("truth_sensitivity", "points").estimate for name in "ab"]  # type: ignore[union-attr]
    assert mean.get("truth_sensitivity", "points").estimate == pytest.approx(sum(expected) / 2)  # type: ignore[union-attr, arg-type]
    assert majority.get("truth_sensitivity", "points").estimate is None  # type: ignore[union-attr]


def test_a_panel_stands_beside_its_members_in_an_audit() -> None:
    """Members and panel are compared call by call, it costs what its members cost, and nothing is counted twice."""
    pairs = make_pairs(30)
    tastes = {"a": Taste(style=0.0), "b": Taste(style=1.0), "c": Taste(style=2.0)}
    verdicts = [v for i, (name, taste) in enumerate(tastes.items()) for v in judge_pairs(pairs, taste, i, judge=name)]
    verdicts = [v.model_copy(update={"cost_usd": 0.5}) for v in verdicts]
    audit = fit(pairs, verdicts, panels=[Panel(name="panel", of=("a", "b", "c"))])
    reward = {j.name: j.get("style_reward").estimate for j in audit.judges}  # type: ignore[union-attr]
    assert reward["a"] < reward["panel"] < reward["c"]  # type: ignore[operator]
    assert audit.judge("panel").cost_usd == 0.5 * len(verdicts)
    assert audit.counts.planned == len(verdicts)
    assert {row["versus"] for row in audit.contrasts if row["judge"] == "a"} == {"b", "c", "panel"}


def test_a_prompt_that_tames_style_is_found_by_the_paired_difference() -> None:
    """One model under two prompts: the difference says which prompt rewards style less, and how sure that is."""
    pairs = make_pairs(60)
    verdicts = judge_pairs(pairs, Taste(style=1.2), 1, judge="m/plain") + judge_pairs(
        pairs, Taste(style=0.3), 1, judge="m/warned"
    )
    row = next(r for r in fit(pairs, verdicts).contrasts if r["term"] == "style_reward")
    assert (row["judge"], row["versus"]) == ("m/plain", "m/warned")
    assert row["conf_low"] > 0


def test_impossible_panels_are_refused() -> None:
    """One member, an unknown member, members of different runs."""
    made = [verdict("0000-conflict", j, o, 1.0) for j in ("a", "b") for o in ("ab", "ba")]  # type: ignore[arg-type]
    calls = tabulate(PAIRS, made)
    with pytest.raises(DesignError, match="at least two"):
        convene([calls["a"]], BOTH)
    with pytest.raises(DesignError, match="no verdicts of z"):
        fit(PAIRS, made, panels=[Panel(name="p", of=("a", "z"))])
    with pytest.raises(DesignError, match="name of a judge"):
        fit(PAIRS, made, panels=[Panel(name="a", of=("a", "b"))])
    with pytest.raises(DesignError, match="one run"):
        convene([calls["a"], tabulate(PAIRS, made)["b"]], BOTH)


def test_self_preference_is_what_others_do_not_share() -> None:
    """A judge that leans to its own family's texts, where others are even, shows it; pairs of others do not count."""
    pairs = make_pairs(40)
    own = {p.id for p in pairs if p.contrast == "placebo"}
    lean = [v.model_copy(update={"choice": "a", "preference": 1.0}) if v.trial.pair_id in own else v
            for v in judge_pairs(pairs, Taste(), 1, judge="own")]  # fmt: skip
    calls = tabulate(
        pairs, lean + judge_pairs(pairs, Taste(), 2, judge="x") + judge_pairs(pairs, Taste(), 3, judge="y")
    )
    found = self_preference(calls["own"], [calls["x"], calls["y"]], own, margin=0.1)
    assert found.estimate == pytest.approx(1.0, abs=0.25)
    assert (found.n, found.n_clusters, found.grade) == (80, 40, "MATERIAL")
    fair = self_preference(calls["x"], [calls["y"]], own)
    assert (fair.conf_low or 0) < 0 < (fair.conf_high or 0)
    with pytest.raises(DesignError, match="another family"):
        self_preference(calls["own"], [], own)
