"""The whole way with real parts: a real model behind its own OpenAI-compatible server, asked through litellm."""

import pytest

import judgeaudit as ja
from judgeaudit.errors import LocalModelError
from judgeaudit.judges.local import KEY, Engine
from judgeaudit.judges.weights import fetch

LETTER = 'root ::= "A" | "B"'
"""A llama.cpp grammar: the model can reply with a letter and nothing else."""


@pytest.fixture(scope="module")
def server():
    """The embedded model's own server on loopback; skips with the reason where it cannot run."""
    pytest.importorskip("xllamacpp")
    try:
        return Engine(fetch())
    except LocalModelError as error:
        pytest.skip(str(error))


@pytest.mark.local_model
@pytest.mark.parametrize(
    ("transport", "grammar"), [("litellm", {"extra_body": {"grammar": LETTER}}), ("lean", {"grammar": LETTER})]
)
def test_a_real_model_is_audited_through_its_own_server(server, transport, grammar, monkeypatch, tmp_path):
    """Every planned cell ends as one valid verdict, since the grammar leaves no other reply."""
    monkeypatch.setenv("LOCAL_MODEL_KEY", KEY)
    judge = ja.JudgeSpec(
        name="smollm2",
        model="openai/smollm2",
        api_base=server.api_base,
        api_key="env:LOCAL_MODEL_KEY",
        prompt="pairwise-letter",
        params={"max_tokens": 2, "temperature": 0, **grammar},
        transport=transport,
    )
    items = ja.load_items("demo")
    pairs = ja.verify(ja.perturb(items, n_items=2, seed=2, contrasts=["fact_plain"]))
    verdicts = ja.ask(pairs, [judge], store=tmp_path, orders="both", concurrency=1)
    audit = ja.fit(pairs, verdicts)
    counts = audit.judge("smollm2").counts
    assert counts.planned == counts.valid == len(verdicts) == 2 * len(pairs)
    assert all(verdict.raw and verdict.model for verdict in verdicts)


def test_the_api_tells_judges_of_known_taste_apart():
    """The documented lines, on simulated judges: style-only near 90 degrees, truth-only near 0, a scorer too."""
    judges = [
        "simulated/style-only",
        "simulated/truth-only",
        ja.JudgeSpec(name="scorer", model="simulated/truth-only", protocol="score"),
    ]
    audit = ja.audit("demo", judges, seed=3)
    angles = {judge.name: judge.get("angle", "degrees") for judge in audit.judges}
    assert angles["style-only"].conf_low <= 90 <= angles["style-only"].conf_high
    assert angles["truth-only"].conf_low <= 0 <= angles["truth-only"].conf_high
    assert abs(angles["scorer"].estimate) < 20
    assert audit.judge("scorer").get("truth_sensitivity", "points").estimate == pytest.approx(3.0, abs=0.6)


def test_a_dropped_pair_is_not_asked_about_and_is_counted():
    """A pair that fails its manipulation check costs nothing and changes no figure."""
    pairs = ja.perturb(ja.load_items("demo"), seed=1, contrasts=["style_true"])
    spoiled = pairs[0].model_copy(update={"a": pairs[0].a.model_copy(update={"text": pairs[0].a.text + " In 1999."})})
    checked = ja.verify([spoiled, *pairs[1:]])
    assert [pair.check.passed for pair in checked[:2]] == [False, True]
    verdicts = ja.ask(checked, ["simulated/coin"])
    assert {verdict.trial.pair_id for verdict in verdicts} == {pair.id for pair in pairs[1:]}
