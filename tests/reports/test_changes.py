"""A comparison says what changed, by how much, and whether it matters."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from judgeaudit.records import Audit, Pair, Verdict
from judgeaudit.regression import fit
from judgeaudit.reports import compare
from judgeaudit.reports.changes import tell, with_worsening

from .audits import answered, audit, crossed_pairs, judge


class Run(NamedTuple):
    """A run as the pipeline loads it."""

    audit: Audit
    pairs: list[Pair]
    verdicts: list[Verdict]


def change(before, after, term):
    """Return the change of one term of the only judge."""
    comparison = compare(audit(before), audit(after))
    return next(change for change in comparison.changes if change.term == term)


@pytest.mark.parametrize(
    ("term", "before", "after", "status", "worse"),
    [
        ("truth_sensitivity", {"truth": 0.9}, {"truth": 0.5}, "FAIL", True),
        ("truth_sensitivity", {"truth": 0.5}, {"truth": 0.9}, "PASS", False),
        ("truth_sensitivity", {"truth": 0.9}, {"truth": 0.8}, "INCONCLUSIVE", True),
        ("style_reward", {"style": 0.1}, {"style": 0.5}, "FAIL", True),
        ("style_reward", {"style": -0.1}, {"style": -0.5}, "FAIL", True),
        ("style_reward", {"style": 0.5}, {"style": 0.1}, "PASS", False),
        ("conflict_failure", {"conflict": 0.1}, {"conflict": 0.5}, "FAIL", True),
        ("position", {"position": 0.01}, {"position": 0.02}, "PASS", True),
    ],
)
def test_worse_is_decided_on_the_interval(term, before, after, status, worse):
    """A drop beyond the margin fails, a rise passes, and what cannot be told is inconclusive."""
    found = change(judge("j", **before), judge("j", **after), term)
    assert (found.status, found.worse) == (status, worse)


def test_the_same_run_has_not_changed():
    """A run against itself differs in nothing and got no worse."""
    made = audit(judge("j"))
    comparison = compare(made, made)
    assert comparison.made == ()
    assert {c.difference for c in comparison.changes} == {0.0}
    assert {c.status for c in comparison.changes} == {"PASS"}


def test_shared_calls_are_compared_one_by_one():
    """Paired intervals are narrower than unpaired ones, where both runs asked the same."""
    pairs = crossed_pairs()
    verdicts = answered(pairs, "j", 1.5, 0.5)
    first, second = verdicts, [*verdicts[:300], *answered(pairs, "j", 1.5, 0.5, seed=2)[300:]]
    runs = [Run(fit(pairs, own), pairs, own) for own in (first, second)]
    paired = {c.term: c for c in compare(*runs).changes}
    apart = {c.term: c for c in compare(runs[0].audit, runs[1].audit).changes}
    for term in ("truth_sensitivity", "style_reward"):
        assert paired[term].method.startswith("paired")
        assert paired[term].difference == pytest.approx(apart[term].difference, abs=1e-9)
        assert paired[term].conf_high - paired[term].conf_low < apart[term].conf_high - apart[term].conf_low


def test_pairs_whose_text_changed_are_not_paired():
    """The same id over another text is another pair."""
    pairs = crossed_pairs()
    other = [pair.model_copy(update={"question": "Another?"}) for pair in pairs]
    verdicts = answered(pairs, "j", 1.5, 0.5)
    comparison = compare(Run(fit(pairs, verdicts), pairs, verdicts), Run(fit(other, verdicts), other, verdicts))
    assert all(not c.method.startswith("paired") for c in comparison.changes)


def test_what_differs_in_the_making_is_named():
    """Seeds, models and prompts that changed stand beside the figures."""
    after = audit(
        judge("j").model_copy(update={"model": "new"}), judge("k"), provenance={"version": "0.1.0", "seed": 8}
    )
    comparison = compare(audit(judge("j"), judge("gone")), after)
    assert ("seed", "7", "8") in comparison.made
    assert ("j.model", "simulated/j", "new") in comparison.made
    assert (comparison.only_before, comparison.only_after) == (("gone",), ("k",))


def made_of(prompt: str, temperature: float = 0, **more: object) -> dict[str, object]:
    """Return the provenance that a run writes."""
    recipe = {"prompt": prompt, "settings": {"temperature": temperature}}
    return {"run_id": prompt[-4:], "config": {"design": {"seed": 7}, "judges": [prompt]}, "parser": 1,
            "judges": {"j": {"protocol": "pairwise", "recipe": recipe}, "gone": {"recipe": recipe}}} | more  # fmt: skip


def test_what_changed_is_told_where_it_changed():
    """A long prompt is shown where it begins to differ; judges of one run alone and run numbers are not settings."""
    start = "You are comparing two answers to the same question, and nothing but the answers. "
    bare = judge("j").model_copy(update={"provenance": {}})
    before = audit(bare, judge("gone"), provenance=made_of(f"{start}Ignore style. Choose."))
    after = audit(bare, provenance=made_of(f"{start}Ignore length. Choose.", 1, parser=2))
    told = tell(compare(before, after)).splitlines()
    assert told[1:4] == [
        "  j.prompt: …ers. Ignore style. Choose. -> …ers. Ignore length. Choose.",
        "  j.settings.temperature: 0 -> 1",
        "  parser: 1 -> 2",
    ]
    assert "only before: gone" in told


def test_a_comparison_is_told_with_the_verdict_last():
    """What got worse leads the list and closes it."""
    told = tell(
        compare(audit(judge("j", truth=0.9)), audit(judge("j", truth=0.5), provenance={"seed": 8}))
    ).splitlines()
    assert told[0] == "july -> july"
    assert "  seed: 7 -> 8" in told
    assert told[-1] == "Worse: j truth sensitivity +90 -> +50, -40 [-47, -33]."
    assert tell(compare(audit(judge("j")), audit(judge("j")))).endswith("No judge got worse by more than matters.\n")


@pytest.mark.parametrize(
    ("term", "before", "after", "worse"),
    [
        ("truth_sensitivity", {"truth": 0.9}, {"truth": 0.5}, 0.4),
        ("conflict_failure", {"conflict": 0.1}, {"conflict": 0.5}, 0.4),
        ("style_reward", {"style": -0.1}, {"style": -0.5}, 0.4),
        ("style_reward", {"style": 0.5}, {"style": 0.1}, -0.4),
    ],
)
def test_worsening_counts_towards_the_worse(term, before, after, worse):
    """Whatever the direction of the quantity, plus is worse, and the ends of the interval keep their order."""
    later = audit(judge("j", **after))
    found = with_worsening(later, compare(audit(judge("j", **before)), later)).judge("j").get(f"worsening.{term}")
    assert found.estimate == pytest.approx(worse)
    assert found.conf_low < worse < found.conf_high
    assert found.n_clusters == 60


def test_runs_that_share_no_judge_cannot_be_told_apart():
    """Nothing in common is not a pass."""
    assert compare(audit(judge("a")), audit(judge("b"))).status == "INCONCLUSIVE"
