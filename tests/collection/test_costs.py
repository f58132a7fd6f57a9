"""What a run would cost, said before it is asked."""

import pytest

from judgeaudit.cli.planning import sentence
from judgeaudit.collection import forecast, plan
from judgeaudit.items import load_items
from judgeaudit.judges import CallableJudge, SimulatedJudge, Taste, as_judge
from judgeaudit.perturbations import perturb
from judgeaudit.records import JudgeSpec

PAIRS = perturb(load_items("demo"), n_items=9, seed=1)


def server(**more):
    return as_judge(JudgeSpec(**{"name": "m", "model": "openai/m", "api_base": "http://127.0.0.1:9/v1", **more}))


def test_calls_are_those_of_the_plan():
    """One call a cell where two answers are compared, one a text where each is scored alone."""
    pairwise, scorer = SimulatedJudge("p", Taste()), SimulatedJudge("s", Taste(), protocol="score")
    rows = {row.judge: row for row in forecast(PAIRS, [pairwise, scorer], seed=1)}
    assert rows["p"].calls == len(plan(PAIRS, [pairwise], seed=1))
    texts = {(pair.question, text) for pair in PAIRS for text in (pair.a.text, pair.b.text)}
    assert rows["s"].calls == len(texts)
    assert rows["p"].max_cost_usd == 0.0


def test_a_stated_price_gives_an_expectation_below_the_worst_case():
    """The expectation lies under what the cap is held against."""
    (row,) = forecast(PAIRS, [server(price=(1.0, 2.0))])
    expected = (row.prompt_tokens * 1.0 + row.completion_tokens * 2.0) / 1e6
    assert row.expected_cost_usd == pytest.approx(expected)
    assert 0 < row.expected_cost_usd < row.max_cost_usd
    assert 100 < row.prompt_tokens / row.calls < 1000


def test_a_batch_costs_what_its_judge_says():
    """Half a public price, and a stated one in full, as its replies will be charged; nothing where none is taken."""
    public, stated, elsewhere, function = forecast(
        PAIRS,
        [
            as_judge(JudgeSpec(name="p", model="openai/gpt-4.1-mini")),
            server(price=(1.0, 2.0)),
            as_judge(JudgeSpec(name="e", model="anthropic/claude-sonnet-4-5")),
            CallableJudge(lambda *_: "A", "f", cost_usd=0.01),
        ],
    )
    assert public.batch_cost_usd == pytest.approx(public.expected_cost_usd / 2)
    assert stated.batch_cost_usd == pytest.approx(stated.expected_cost_usd)
    assert elsewhere.expected_cost_usd > 0
    assert function.expected_cost_usd > 0
    assert (elsewhere.batch_cost_usd, function.batch_cost_usd) == (None, None)


def test_an_unknown_price_stays_unknown():
    """It is never taken for nothing."""
    (row,) = forecast(PAIRS, [server()])
    assert (row.expected_cost_usd, row.max_cost_usd, row.batch_cost_usd) == (None, None, None)


def test_replies_of_any_length_have_no_worst_case():
    """What they would cost at most cannot be told, though about what they will cost can."""
    limited, boundless = forecast(
        PAIRS, [server(price=(1.0, 2.0)), server(name="n", price=(1.0, 2.0), params={"max_tokens": None})]
    )
    assert boundless.max_cost_usd is None
    assert boundless.expected_cost_usd == pytest.approx(limited.expected_cost_usd)
    assert "(no limit on a reply, batch $" in sentence(boundless)


def test_a_judge_that_serves_one_call_at_a_time_takes_longer():
    """The minutes follow the calls that can be in flight at once."""
    many, one = forecast(PAIRS, [server()], concurrency=64)[0], forecast(PAIRS, [server()], concurrency=1)[0]
    assert one.minutes == pytest.approx(64 * many.minutes)


def test_judges_of_one_endpoint_share_its_time():
    """Two that take turns are done when the calls of both are; another endpoint does not wait for them."""
    both = forecast(PAIRS, [server(), server(name="n"), server(name="o", api_base="http://127.0.0.1:2/v1")])
    assert both[0].minutes == both[1].minutes == pytest.approx(2 * both[2].minutes)
