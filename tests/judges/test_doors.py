"""One conformance suite for both doors: the same requests, the same replies, the same errors."""

import asyncio
import contextlib
import gc
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from judgeaudit.errors import ConfigError, JudgeError, PermanentError, PromptError, TransientError
from judgeaudit.judges.api import ApiJudge
from judgeaudit.judges.transport import LARGEST_BODY
from judgeaudit.records import Answer, JudgeSpec, Showing, Usage
from tests.server import Fault, Request, Server, completion, prefers

PAIR = Showing(question="why?", first=Answer(text="good"), second=Answer(text="bad"), token="0a1b2c3d")
DOORS = pytest.mark.parametrize("door", ["lean", "litellm", "vllm"])
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")


def judge(server: Server, door: str, **spec: object) -> ApiJudge:
    """Return a judge behind one of the doors."""
    transport = "lean" if door == "lean" else "litellm"
    model = "hosted_vllm/fake" if door == "vllm" else "openai/fake"
    return ApiJudge(
        JudgeSpec(**{"name": "j", "model": model, "api_base": server.api_base, "transport": transport, **spec})
    )


def decide(judge: ApiJudge, **settings: object):
    """Ask once, in a loop of its own."""

    async def once():
        try:
            return await judge.decide(PAIR, **settings)
        finally:
            await judge.close()

    return asyncio.run(once())


def refusal(script, door: str) -> JudgeError:
    """Return the error that a response becomes."""
    with Server(script) as server, pytest.raises(JudgeError) as caught:
        decide(judge(server, door))
    assert server.hits == 1, "a door asks exactly once"
    return caught.value


@DOORS
def test_a_reply_comes_back_as_it_was_said(door: str) -> None:
    """Text, finish reason, model, usage and time are those of the endpoint."""
    with Server(prefers("good")) as server:
        reply = decide(judge(server, door))
    assert json.loads(reply.text)["choice"] == "A"
    assert (reply.finish_reason, reply.model, reply.usage) == (
        "stop",
        "fake-1",
        Usage(prompt_tokens=100, completion_tokens=10),
    )
    assert 0 < reply.latency_s < 30
    assert reply.cost_usd is None, "the price of a server of one's own is not known"


@DOORS
def test_the_request_is_the_rendered_prompt_and_the_settings(door: str) -> None:
    """One user message, temperature 0 and 400 tokens, unless the specification says otherwise."""
    with Server(prefers("good")) as server:
        decide(judge(server, door))
        decide(judge(server, door, params={"temperature": 0.5, "max_tokens": 9, "seed": 3}))
        decide(judge(server, door, params={"temperature": None}), roomier=True)
    plain, other, roomier = (request.body for request in server.requests)
    assert plain["model"] == "fake"
    assert [message["role"] for message in plain["messages"]] == ["user"]
    assert "<answer_a 0a1b2c3d>\ngood\n" in plain["messages"][0]["content"]
    assert (plain["temperature"], plain["max_tokens"]) == (0, 400)
    assert (other["temperature"], other["max_tokens"], other["seed"]) == (0.5, 9, 3)
    assert "temperature" not in roomier
    assert roomier["max_tokens"] == 800
    assert "response_format" not in plain, "a server of one's own is not known to support schemas"


@DOORS
def test_the_reply_is_limited_as_the_settings_say(door: str) -> None:
    """A limit by its newer name goes alone; a limit of null is none, for the price of a call and for more room."""
    with Server(prefers("good")) as server:
        newer = judge(server, door, price=(0.0, 1.0), params={"max_completion_tokens": 1000})
        without = judge(server, door, price=(0.0, 1.0), params={"max_tokens": None})
        for asked in (newer, without):
            decide(asked)
            decide(asked, roomier=True)
    sent = [[request.body.get(name) for name in ("max_tokens", "max_completion_tokens")] for request in server.requests]
    assert sent == [[None, 1000], [None, 2000], [None, None], [None, None]]
    assert newer.price_ceiling(PAIR) == pytest.approx(1000 / 1e6)
    assert without.price_ceiling(PAIR) is None


@DOORS
def test_a_schema_is_sent_where_it_is_asked_for(door: str) -> None:
    """``structured: true`` asks for the fields of the protocol and no others."""
    with Server(prefers("good")) as server:
        decide(judge(server, door, structured=True))
    schema = server.requests[0].body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert list(schema["schema"]["properties"]) == ["choice", "rationale"]
    assert schema["schema"]["additionalProperties"] is False


@DOORS
@pytest.mark.parametrize(
    ("status", "reason", "transient"),
    [
        (400, "bad_request", False),
        (401, "authentication", False),
        (403, "authentication", False),
        (404, "not_found", False),
        (408, "timeout", True),
        (413, "too_large", False),
        (422, "bad_request", False),
        (429, "rate_limit", True),
        (500, "server_error", True),
        (502, "server_error", True),
        (503, "overloaded", True),
        (504, "timeout", True),
        (529, "overloaded", True),
    ],
)
def test_a_status_means_the_same_at_every_door(door: str, status: int, reason: str, transient: bool) -> None:
    """Each failed request becomes one error with a stable reason, and says whether to ask again."""
    error = refusal(lambda _: Fault(status=status), door)
    assert (error.reason, isinstance(error, TransientError)) == (reason, transient)


@DOORS
@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("nan", None), ("1e9", 1e9)]
)
def test_retry_after_is_read(door: str, value: str, seconds: float | None) -> None:
    """Seconds are read as they stand, and nonsense as nothing."""
    error = refusal(lambda _: Fault(status=429, headers={"Retry-After": value}), door)
    assert isinstance(error, TransientError)
    assert error.retry_after_s == seconds


def test_retry_after_may_be_a_date() -> None:
    """A date becomes the seconds until then."""
    soon = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    error = refusal(lambda _: Fault(status=503, headers={"Retry-After": soon}), "lean")
    assert isinstance(error, TransientError)
    assert math.isclose(error.retry_after_s or 0.0, 60, abs_tol=5)


@DOORS
def test_what_the_body_says_refines_the_status(door: str) -> None:
    """An exhausted quota and a prompt that is too long are permanent."""
    quota = refusal(
        lambda _: Fault(429, '{"error": {"code": "insufficient_quota", "message": "insufficient_quota"}}'), door
    )
    assert (quota.reason, type(quota)) == ("quota", PermanentError)
    long = refusal(
        lambda _: Fault(400, '{"error": {"message": "This model\'s maximum context length is 8 tokens."}}'), door
    )
    assert (long.reason, type(long)) == ("context_window", PermanentError)


@DOORS
@pytest.mark.parametrize(
    "error",
    [
        {"code": "content_filter", "message": "The response was filtered", "innererror": {"code": "X"}},
        {"code": None, "message": "no", "innererror": {"code": "ResponsibleAIPolicyViolation"}},
        {"code": "content_policy_violation", "type": "invalid_request_error", "message": "rejected by our system"},
        {"code": 400, "type": "content_filter", "message": "no"},
    ],
)
def test_a_filter_that_says_so_by_its_code_is_a_refusal(door: str, error: dict[str, object]) -> None:
    """As OpenAI and Azure say it, and servers like theirs."""
    with Server(lambda _: Fault(400, json.dumps({"error": error}))) as server:
        assert decide(judge(server, door)).finish_reason == "content_filter"


@DOORS
@pytest.mark.parametrize(
    "body",
    [
        json.dumps(
            {"error": {"message": "cannot read '... our content_filter and content_policy ...'", "code": "bad"}}
        ),
        json.dumps({"error": {"message": "no", "code": None, "innererror": "content_filter"}}),
        json.dumps({"error": "content_filter"}),
        json.dumps(["content_filter"]),
        "the content management policy {content_filter}",
    ],
)
def test_an_error_that_quotes_a_filter_stays_an_error(door: str, body: str) -> None:
    """The judged texts may speak of filters; a refusal would be kept for good."""
    error = refusal(lambda _: Fault(400, body), door)
    assert (error.reason, type(error)) == ("bad_request", PermanentError)


@DOORS
@pytest.mark.parametrize(
    "body", ['{"id": "x", "cho', '{"id": "x", "choices": []}', '{"id"}', '{"id": 3, "choices": [{}]}']
)
def test_a_broken_body_may_be_asked_for_again(door: str, body: str) -> None:
    """A body that is no chat completion is a transient failure, never a verdict."""
    error = refusal(lambda _: body, door)
    assert isinstance(error, TransientError)
    assert error.reason in ({"malformed"} if door == "lean" else {"malformed", "server_error", "connection"})


@DOORS
def test_a_dropped_connection_and_a_dead_server_are_transient(door: str) -> None:
    """Both are failures of the wire."""
    dropped = refusal(lambda _: Fault(drop=True), door)
    assert isinstance(dropped, TransientError)
    with Server(prefers("good")) as server:
        pass
    with pytest.raises(TransientError):
        decide(judge(server, door))


@DOORS
def test_a_model_that_declines_is_a_refusal(door: str) -> None:
    """The refusal field of a reply is kept as its text, and told apart by the finish reason."""
    with Server(lambda _: completion(None, refusal="I can't judge that.")) as server:
        reply = decide(judge(server, door))
    assert (reply.text, reply.finish_reason) == ("I can't judge that.", "refusal")


@DOORS
def test_half_a_surrogate_pair_is_replaced(door: str) -> None:
    """A reply with broken Unicode, wherever it stands, can be stored."""
    broken = completion("A \ud83d!", finish_reason="st\ud83dop", model="fake \ud83d", usage=None)
    with Server(lambda _: broken) as server:
        reply = decide(judge(server, door))
    assert (reply.text, reply.model) == ("A \ufffd!", "fake \ufffd")
    assert reply.model_dump_json()


@DOORS
@pytest.mark.parametrize("code", ["content_filter", "bad"])
def test_half_a_surrogate_pair_in_an_error_is_replaced(door: str, code: str) -> None:
    """What an endpoint says of a failure is stored, too."""
    with Server(lambda _: Fault(400, json.dumps({"error": {"code": code, "message": "half \ud83d!"}}))) as server:
        try:
            said = decide(judge(server, door)).text
        except PermanentError as error:
            said = str(error)
    assert "half" in said
    assert said.encode()


@pytest.mark.parametrize("text", ['naïve 好 \x00\x1f\x7f\u2028 \\ " </s>', "half a pair: \ud83d."])
def test_a_question_arrives_as_it_is(text: str) -> None:
    """The lean door sends every character that JSON can name."""
    with Server(prefers("good")) as server:
        asked = judge(server, "lean")

        async def once() -> None:
            await asked.decide(PAIR.model_copy(update={"question": text}))
            await asked.close()

        asyncio.run(once())
        assert text in server.requests[0].prompt


@DOORS
def test_an_empty_reply_is_a_reply(door: str) -> None:
    """No content is an empty text with its finish reason."""
    with Server(lambda _: completion(None, finish_reason="length", usage=None)) as server:
        reply = decide(judge(server, door))
    assert (reply.text, reply.finish_reason) == ("", "length")


@DOORS
def test_a_key_goes_to_its_server_only(door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key comes from the named variable, is shown nowhere, is cut out of errors, and does not follow a redirect."""
    key = "sk-test-0123456789abcdef"
    monkeypatch.setenv("JUDGE_KEY", key)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other-0123456789abcdef")
    with Server(prefers("good")) as elsewhere:
        moved = Fault(307, "", {"Location": f"{elsewhere.api_base}/chat/completions"})
        with Server(lambda request: prefers("good")(request) if request.number == 0 else moved) as server:
            asked = judge(server, door, api_key="env:JUDGE_KEY")
            decide(asked)
            with contextlib.suppress(PermanentError):
                decide(asked)
    assert all(key not in str(request.headers) for request in elsewhere.requests)
    assert door != "lean" or not elsewhere.requests, "the lean door follows no redirect at all"
    assert server.requests[0].headers["Authorization"] == f"Bearer {key}"
    assert key not in repr(asked) + json.dumps(asked.recipe()) + asked.endpoint + str(vars(asked))
    with Server(lambda _: Fault(401, json.dumps({"error": {"message": f"Incorrect API key: {key}"}}))) as server:
        with pytest.raises(PermanentError, match="Incorrect API key") as caught:
            decide(judge(server, door, api_key="env:JUDGE_KEY"))
        assert key not in str(caught.value)


@DOORS
def test_a_server_without_a_key_is_not_sent_the_providers(door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment belongs to its provider, not to whatever server a configuration names."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other-0123456789abcdef")
    with Server(prefers("good")) as server:
        decide(judge(server, door))
    assert "sk-other" not in str(server.requests[0].headers)


def test_a_huge_reply_is_given_up() -> None:
    """A body beyond the cap is not read to its end."""
    error = refusal(lambda _: completion("x" * (LARGEST_BODY + 10)), "lean")
    assert error.reason == "reply_too_large", "which was paid for, unlike a question that is too large"


def test_the_lean_door_keeps_its_connections() -> None:
    """Calls in one loop go over one connection pool, which the judge closes."""
    with Server(prefers("good")) as server:
        asked = judge(server, "lean")

        async def thrice() -> None:
            for _ in range(3):
                await asked.decide(PAIR)
            await asked.close()

        asyncio.run(thrice())
        asyncio.run(thrice())
    assert server.hits == 6


def slow_at_first(request: Request) -> Fault:
    """Take half a second over the first request, and none over the others."""
    return Fault(200, completion("A"), hang_s=0.0 if request.number else 0.5)


@DOORS
@pytest.mark.parametrize("shared", [False, True])
def test_closing_leaves_a_call_in_flight_alone(door: str, shared: bool) -> None:
    """Whoever is done closes nothing that another judge, or the same one elsewhere, still needs."""

    async def both() -> str:
        first = judge(server, door)
        second = first if shared else judge(server, door, name="k")
        slow = asyncio.create_task(first.decide(PAIR))
        while not server.hits:
            await asyncio.sleep(0.01)
        await second.decide(PAIR)
        await second.close()
        text = (await slow).text
        await second.decide(PAIR)
        for asked in (first, second):
            await asked.close()
        return text

    with Server(slow_at_first) as server:
        assert asyncio.run(both()) == "A"
    assert server.hits == 3


@DOORS
def test_each_event_loop_has_connections_of_its_own(door: str) -> None:
    """A judge can be asked from two threads at once; what one of them opened it closes, and nothing else."""
    with Server(slow_at_first) as server, ThreadPoolExecutor(1) as pool:
        asked = judge(server, door)
        slow = pool.submit(decide, asked)
        while not server.hits:
            time.sleep(0.01)
        replies = [decide(asked), decide(asked), slow.result()]
    del asked, slow
    gc.collect()  # a session that nobody closed says so now
    assert [reply.text for reply in replies] == ["A"] * 3
    assert server.hits == 3


def test_a_stated_price_makes_the_bill_and_its_ceiling() -> None:
    """Dollars per million tokens, times the usage; the ceiling covers every byte of the prompt and all the room."""
    with Server(prefers("good")) as server:
        asked = judge(server, "lean", price=(2.0, 8.0))
        reply = decide(asked)
    assert reply.cost_usd == pytest.approx((2.0 * 100 + 8.0 * 10) / 1e6)
    ceiling = asked.price_ceiling(PAIR)
    assert ceiling is not None
    assert ceiling >= (2.0 * len(server.requests[0].prompt.encode()) + 8.0 * 400) / 1e6
    with Server(lambda _: completion("A", usage=None)) as server:
        assert decide(judge(server, "lean", price=(2.0, 8.0))).cost_usd is None, "without usage the cost is unknown"


def test_a_public_price_is_known_and_an_unlisted_one_is_not() -> None:
    """The map of litellm prices what it lists; what it does not list has no price, which is not a price of nothing."""
    listed = ApiJudge(JudgeSpec(name="j", model="openai/gpt-4.1-mini"))
    unlisted = ApiJudge(JudgeSpec(name="j", model="openai/never-heard-of"))
    assert 0 < (listed.price_ceiling(PAIR) or 0) < 0.01
    assert unlisted.price_ceiling(PAIR) is None
    assert "response_format" in listed.recipe()["settings"]
    letter = ApiJudge(JudgeSpec(name="j", model="openai/gpt-4.1-mini", prompt="pairwise-letter"))
    assert "response_format" not in letter.recipe()["settings"], "a schema would contradict the prompt"


def test_what_cannot_work_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unset key, an unknown provider, a door without an address and a bad prompt each say what to do."""
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(ConfigError, match="NO_SUCH_KEY is not set"):
        ApiJudge(JudgeSpec(name="j", model="openai/x", api_key="env:NO_SUCH_KEY"))
    with pytest.raises(ConfigError, match='did you mean "openai"'):
        ApiJudge(JudgeSpec(name="j", model="openia/gpt-4.1"))
    with pytest.raises(ConfigError, match="needs api_base"):
        ApiJudge(JudgeSpec(name="j", model="openai/x", transport="lean"))
    with pytest.raises(ConfigError, match=r"n: 4 would be paid for.*set replicates"):
        ApiJudge(JudgeSpec(name="j", model="openai/x", params={"n": 4}))
    for limit in (0, -1, "many", 2.5):
        with pytest.raises(ConfigError, match=rf"max_tokens: {limit!r} is no limit.*above 0, or null"):
            ApiJudge(JudgeSpec(name="j", model="openai/x", params={"max_tokens": limit}))
    with pytest.raises(PromptError, match="no shipped prompts"):
        ApiJudge(JudgeSpec(name="j", model="openai/x", prompt="nowhere"))


@pytest.mark.parametrize(
    ("spec", "model"),
    [
        ({"model": "fake"}, "fake"),
        ({"model": "openai/org/fake"}, "org/fake"),
        ({"model": "hosted_vllm/fake"}, "fake"),
        ({"model": "some-org/fake"}, "some-org/fake"),
        ({"model": "fake", "transport": "litellm"}, "fake"),
    ],
)
def test_any_name_reaches_a_server_of_ones_own(spec: dict[str, str], model: str) -> None:
    """With ``api_base`` a model goes by the name the server knows, whatever prefix says how to reach it."""
    with Server(prefers("good")) as server:
        decide(ApiJudge(JudgeSpec(name="j", api_base=server.api_base, **spec)))
    assert server.requests[0].body["model"] == model


@pytest.mark.parametrize("params", [{"model": "other"}, {"messages": [{}]}, {"stream": True}])
def test_params_do_not_say_what_is_asked(params: dict[str, object]) -> None:
    """A model in ``params`` would be asked in silence instead of the one that the report names."""
    with pytest.raises(ConfigError, match=f"'j': params: {next(iter(params))} is not for params"):
        ApiJudge(JudgeSpec(name="j", model="m", api_base="http://127.0.0.1:1/v1", params=params))
