"""Judges of known taste."""

import asyncio
import json

import pytest

from judgeaudit.errors import ConfigError
from judgeaudit.judges import SimulatedJudge, Taste, as_judge
from judgeaudit.records import Answer, FactualError, JudgeSpec, Showing, Style

WRONG = (FactualError(fact_id="f1", kind="date", old="1969", new="1959", severity="major"),)
PLAIN_TRUE = Answer(text="plain and true")
STYLED_FALSE = Answer(text="styled and false", style=(Style(facet="fmt.list", dose=2),), errors=WRONG)


def share_first(judge, first, second, n=400):
    """Share of replies that prefer the answer shown first."""
    replies = [
        asyncio.run(judge.decide(Showing(question="Why?", first=first, second=second, token=f"{i:08x}")))
        for i in range(n)
    ]
    return sum(json.loads(reply.text)["choice"] == "A" for reply in replies) / n


@pytest.mark.parametrize(
    ("taste", "low", "high"),
    [("style-only", 0.0, 0.1), ("truth-only", 0.9, 1.0), ("balanced", 0.4, 0.6), ("first-place", 0.9, 1.0)],
)
def test_a_simulated_judge_pays_for_what_its_taste_says(taste, low, high):
    """Plain and true against styled and false, true one first."""
    judge = as_judge(f"simulated/{taste}")
    assert low <= share_first(judge, PLAIN_TRUE, STYLED_FALSE) <= high


def test_the_same_showing_gets_the_same_reply():
    """A simulated judge is a function of what it is shown."""
    judge = SimulatedJudge("coin", Taste())
    showing = Showing(question="Why?", first=PLAIN_TRUE, second=STYLED_FALSE, token="00000001")
    assert len({asyncio.run(judge.decide(showing)).text for _ in range(5)}) == 1


def test_a_placebo_is_not_style():
    """A judge that pays for style alone does not see double blanks."""
    placebo = Answer(text="plain  and true", style=(Style(facet="placebo.typography", dose=1),))
    judge = SimulatedJudge("s", Taste(style=5.0))
    assert 0.4 <= share_first(judge, PLAIN_TRUE, placebo) <= 0.6


def test_scores_follow_the_same_taste():
    """In the score protocol each answer stands alone, on a scale of 1 to 10."""
    judge = SimulatedJudge("s", Taste(truth=4.0), protocol="score")
    mean = {}
    for answer in (PLAIN_TRUE, STYLED_FALSE):
        showings = [Showing(question="Why?", first=answer, token=f"{i:08x}") for i in range(100)]
        scores = [json.loads(asyncio.run(judge.decide(s)).text)["score"] for s in showings]
        assert all(1 <= score <= 10 for score in scores)
        mean[answer.text] = sum(scores) / len(scores)
    assert mean["plain and true"] - mean["styled and false"] == pytest.approx(4.0, abs=0.6)


def test_parameters_alter_a_taste():
    """``params`` of a configuration override single coefficients."""
    judge = as_judge(JudgeSpec(name="x", model="simulated/coin", params={"position": 9}))
    assert isinstance(judge, SimulatedJudge)
    assert judge.taste == Taste(position=9.0)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"model": "simulated/style-onyl"}, 'did you mean "style-only"'),
        ({"model": "simulated/coin", "params": {"stile": 1}}, 'did you mean "style"'),
        ({"model": "simulated/coin", "params": {"style": "much"}}, "takes numbers"),
    ],
)
def test_an_unknown_taste_is_an_error(spec, says):
    """The message lists what there is."""
    with pytest.raises(ConfigError, match=says):
        as_judge(JudgeSpec(name="x", **spec))
