"""A model that fills in a form, behind both doors: instructor states the form, and we alone decide to ask again."""

import asyncio
import json

import pytest
from pydantic import BaseModel, ConfigDict

from judgeaudit.errors import ConfigError, PermanentError, ReplyError, TransientError
from judgeaudit.judges.writer import FormWriter
from judgeaudit.records import JudgeSpec
from tests.server import Fault, Server, completion

KEY = "sk-planted-1234567890"
DOORS = pytest.mark.parametrize("transport", ["lean", "litellm"])
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")


class Form(BaseModel):
    """A small form."""

    model_config = ConfigDict(extra="forbid")
    number: int


def fill(server, transport="litellm", text="Say {{ 7 * 7 }} or $x.", spec=(), **settings):
    """Fill the form once, in a loop of its own."""
    base = {"name": "w", "model": "openai/gpt-4o", "api_base": server.api_base, "transport": transport}

    async def once():
        writer = FormWriter(JudgeSpec(**base, **dict(spec)), **settings)
        try:
            return await writer.fill([{"role": "user", "content": text}], Form), writer
        finally:
            await writer.close()

    return asyncio.run(once())


@DOORS
@pytest.mark.parametrize("reply", ['{"number": 7}', '```json\n{"number": 7}\n```'])
def test_a_filled_form_comes_back_typed(transport, reply):
    """Bare or fenced; the schema was stated, the text sent as it is, and no setting of instructor's beside it."""
    with Server(lambda _: reply) as server:
        filled, _ = fill(server, transport)
    (request,) = server.requests
    assert filled == Form(number=7)
    assert request.prompt == "Say {{ 7 * 7 }} or $x."
    assert request.body["response_format"]["type"] == "json_schema"
    assert request.body["response_format"]["json_schema"]["schema"]["required"] == ["number"]
    assert request.body["temperature"] == 0
    assert request.body.get("seed") == (0 if transport == "litellm" else None)


@DOORS
@pytest.mark.parametrize(
    ("reply", "reason", "message"),
    [
        ('{"number": "many", "colour": 1}', "malformed", "number: Input should be a valid integer"),
        ("Sure, here it is!", "malformed", "Invalid JSON"),
        (completion(None), "malformed", "Invalid JSON"),
        (completion('{"number"', finish_reason="length"), "truncated", "cut off"),
        (completion(None, refusal="I would rather not."), "refusal", "declined"),
        (completion("", finish_reason="content_filter"), "refusal", "declined"),
        (Fault(400, '{"error": {"code": "content_filter"}}'), "refusal", "declined"),
    ],
)
def test_a_reply_that_is_no_form_is_asked_for_once(transport, reply, reason, message):
    """It says what is wrong with it in words its writer can act on; neither library asks again by itself."""
    with Server(lambda _: reply) as server:
        with pytest.raises(ReplyError, match=message) as caught:
            fill(server, transport)
        assert server.hits == 1
    assert caught.value.reason == reason


@DOORS
def test_a_failure_that_may_pass_is_tried_again(transport):
    """As often as allowed, and no more."""
    replies = [Fault(429, headers={"retry-after": "0"}), Fault(503, headers={"retry-after": "0"}), '{"number": 1}']
    with Server(lambda request: replies[min(request.number, 2)]) as server:
        assert fill(server, transport)[0] == Form(number=1)
        assert server.hits == 3
    with Server(lambda _: Fault(429, headers={"retry-after": "0"})) as server:
        with pytest.raises(TransientError):
            fill(server, transport, retries=1)
        assert server.hits == 2


@DOORS
def test_a_failure_that_will_not_pass_is_raised_without_the_key(transport, monkeypatch, caplog, capsys):
    """Once, as our own error; neither message, log nor screen shows the key that the endpoint echoed."""
    monkeypatch.setenv("PLANTED", KEY)
    with Server(lambda _: Fault(401, json.dumps({"error": {"message": f"bad key {KEY}"}}))) as server:
        with pytest.raises(PermanentError) as caught:
            fill(server, transport, spec={"api_key": "env:PLANTED"})
        assert server.hits == 1
    assert KEY not in str(caught.value) + caplog.text + "".join(capsys.readouterr())


def test_a_slow_endpoint_is_given_up():
    """After its time, as often as allowed."""
    with Server(lambda _: Fault(hang_s=5)) as server, pytest.raises(TransientError, match=r"no reply in 0\.2 s"):
        fill(server, "lean", timeout_s=0.2, retries=0)


def test_replies_are_kept_by_content_and_cost_counted(tmp_path):
    """The same request is answered from disk, another setting is another request; the raw reply and no key is kept."""
    with Server(lambda _: '{"number": 2}') as server:
        priced = {"price": (1.0, 2.0)}
        _, first = fill(server, cache_dir=tmp_path, spec=priced)
        filled, second = fill(server, cache_dir=tmp_path, spec=priced)
        assert (filled, server.hits) == (Form(number=2), 1)
        assert first.cost_usd == second.cost_usd == pytest.approx(0.00012)
        fill(server, cache_dir=tmp_path, spec={**priced, "params": {"temperature": 1}})
        assert server.hits == 2
    kept = json.loads(sorted(tmp_path.glob("*.json"))[0].read_text())
    assert kept["reply"]["text"] == '{"number": 2}'
    assert kept["request"]["messages"][0]["content"] == "Say {{ 7 * 7 }} or $x."


def test_a_malformed_reply_is_kept_too(tmp_path):
    """It was paid for; asking for it again would bring the same."""
    with Server(lambda _: "no form") as server:
        for _ in range(2):
            with pytest.raises(ReplyError):
                fill(server, cache_dir=tmp_path)
        assert server.hits == 1


def test_an_unset_key_is_refused_before_anything_is_sent():
    """The variable is named."""
    with Server(lambda _: "{}") as server:
        with pytest.raises(ConfigError, match="NO_SUCH_KEY is not set"):
            fill(server, spec={"api_key": "env:NO_SUCH_KEY"})
        assert server.hits == 0


@DOORS
def test_a_key_that_the_endpoint_echoes_is_not_kept(transport, monkeypatch, tmp_path):
    """Neither in the reply nor in the request, nor in what the writer says of itself."""
    monkeypatch.setenv("PLANTED", KEY)
    with Server(lambda request: f"your header was {request.headers['Authorization']}") as server:
        with pytest.raises(ReplyError) as caught:
            fill(server, transport, spec={"api_key": "env:PLANTED"}, cache_dir=tmp_path)
        assert KEY in server.requests[0].headers["Authorization"]
    (kept,) = tmp_path.glob("*.json")
    assert KEY not in kept.read_text() + caught.value.text + str(caught.value)
