"""The sentences say what the figures show."""

from __future__ import annotations

import pytest

from judgeaudit.gates import gate
from judgeaudit.perturbations.catalogue import FACETS
from judgeaudit.reports import words

from .audits import audit, estimate, judge, three

FIT, UNFIT = judge("mini"), judge("style-only", 0.01, 0.97, conflict=0.97)
OPEN = judge("vague", 0.32, 0.02)


def said(*judges, width=None):
    """Return the verdict on some judges."""
    made = audit(*judges)
    return words.verdict(made, words.findings_of(made), width)


@pytest.mark.parametrize(
    ("judges", "sentence"),
    [
        ((), "No judge was audited."),
        ((FIT,), "1 of 1 judge is fit to rank models on these questions: mini."),
        ((FIT, UNFIT), "1 of 2 judges is fit to rank models on these questions: mini."),
        ((FIT, OPEN), "1 of 2 judges is fit to rank models on these questions: mini; undecided: vague."),
        ((UNFIT,), "style-only is not fit to rank models on these questions."),
        ((OPEN,), "vague is not shown fit to rank models on these questions."),
        ((UNFIT, OPEN), "None of the 2 judges is shown fit to rank models on these questions; undecided: vague."),
        ((UNFIT, UNFIT), "None of the 2 judges is fit to rank models on these questions."),
    ],
)
def test_the_verdict_tells_fit_from_unfit_from_undecided(judges, sentence):
    """Every mixture of standings has its sentence."""
    assert said(*judges) == sentence


def test_names_that_do_not_fit_are_counted():
    """A long list is cut to the width and says how many are left out."""
    line = said(*(judge(f"judge-{n}") for n in range(20)), width=80)
    assert len(line) <= 80
    assert line.startswith("20 of 20 judges are fit")
    assert line.endswith("judge-0, judge-1, judge-2 + 17 more.")


def test_the_worst_judge_comes_first():
    """Judges are ordered by distrust, not by name or place."""
    made = three()
    order = [judge.name for judge in words.worst_first(made, words.findings_of(made))]
    assert order == ["style-only", "smollm2-ab", "mini"]


def test_a_taste_is_said_with_its_angle():
    """The sentence carries the number that it rests on."""
    assert words.taste_sentence(UNFIT) == "style-only pays for style, not truth (angle 89°)."
    assert words.taste_sentence(FIT) == "mini pays for truth, not style (angle 1°)."


def test_a_judge_that_goes_by_place_is_told_by_its_position():
    """The sentence rests on the figure that matters."""
    assert words.taste_sentence(three().judges[2]).endswith("not by the answers (position +83).")


def test_a_narrow_verdict_leaves_out_the_least():
    """At sixty columns the phrase goes before the name does."""
    assert said(FIT, UNFIT, OPEN, width=60) == "1 of 3 judges is fit to rank models: mini; undecided: vague."


def test_an_audit_that_was_gated_keeps_its_findings():
    """The default policy is for audits that nobody held to anything."""
    made = three()
    held = made.model_copy(update={"findings": words.findings_of(made)[:2]})
    assert len(words.findings_of(held)) == 2


def test_a_finding_is_told_on_one_line():
    """Status, code, judge, figure and limit, whatever the judge is called."""
    worst = words.findings_of(audit(judge("bad\n\x1b[2Jname", truth=0.1)))[0]
    assert words.finding_line(worst) == (
        "FAIL         JA310 bad name: truth sensitivity +10 [+5, +15], limit at least +30"
    )


def test_what_was_not_measured_is_told_with_the_nearest_name():
    """A limit on a facet that is misspelt is undecided, and says what was measured."""
    made = audit(judge("mini", parts=True))
    (finding,) = gate(made, {"style_reward.fmt.lst": {"max": 0.1}})
    assert words.finding_sentence(finding).startswith(
        'style reward (fmt.lst) was not estimated (did you mean "style_reward.fmt.list"?)'
    )


def test_every_facet_has_words():
    """No plot shows a code that only a programmer reads."""
    assert set(words.FACETS) == {name for name in FACETS if not name.startswith("placebo.")}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            (0.001, 0.6, 0.9),
            "Domains differ for j0 (by up to 30 points, p = 0.003). No sign that they differ for 2 other",
        ),
        ((0.03, 0.6, 0.9), "No sign that they differ for any judge (least p = 0.090)."),
        ((0.03,), "Domains differ for j0 (by up to 30 points, p = 0.030). Welch"),
        ((), ""),
    ],
)
def test_domains_are_told_for_all_judges_at_once(values, said):
    """With eleven judges one in two would differ by chance, were each tested by itself."""
    tests = [
        estimate(f"j{n}", "heterogeneity.style_reward", 0.3).model_copy(update={"p_value": p})
        for n, p in enumerate(values)
    ]
    assert words.domains_sentence(tests).startswith(said)
