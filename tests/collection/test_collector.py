"""Every planned cell ends as exactly one verdict, and nothing is asked twice."""

import asyncio
import gc
import json
import time
from collections import Counter
from pathlib import Path

import pytest

from judgeaudit.collection import Progress, ask, ask_async, plan
from judgeaudit.errors import ConfigError, PermanentError, StoreLockedError, TransientError
from judgeaudit.judges.callable import CallableJudge
from judgeaudit.judges.protocol import Judge
from judgeaudit.records import JudgeSpec, Pair, Verdict
from judgeaudit.verdicts import VerdictStore
from tests.collection.worlds import item_of, lean, make_pairs
from tests.server import Fault, Server, completion, prefers


def longer(question: str, first: str, second: str) -> str:
    """Prefer the longer answer."""
    return "A" if len(first) > len(second) else "B" if len(second) > len(first) else "tie"


LONGER = CallableJudge(longer, name="longer")


def outcomes(verdicts: list[Verdict]) -> Counter[str]:
    """Count outcomes with their reasons."""
    return Counter(f"{verdict.outcome} {verdict.reason}".strip() for verdict in verdicts)


def test_verdicts_come_back_in_the_order_of_the_plan() -> None:
    """One verdict for each trial, in terms of the pair whatever the order of the screen."""
    pairs = make_pairs(20, 3)
    verdicts = ask(pairs, [LONGER], seed=3)
    assert [verdict.trial for verdict in verdicts] == plan(pairs, [LONGER], seed=3)
    assert {verdict.choice for verdict in verdicts} == {"a"}
    assert {verdict.trial.order for verdict in verdicts} == {"ab", "ba"}


def test_the_garbage_collector_is_left_as_it_was() -> None:
    """It looks less often while judges are asked, and as often as before afterwards, also where nothing was asked."""
    seen: list[tuple[bool, int]] = []

    def look(*_: str) -> str:
        seen.append((gc.isenabled(), gc.get_threshold()[0]))
        return "A"

    before = (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count())
    ask(make_pairs(1), [CallableJudge(look, name="f")])
    assert all(enabled and threshold > before[1][0] for enabled, threshold in seen)
    assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before
    with pytest.raises(ConfigError):
        ask(make_pairs(1), [CallableJudge(look, name="f")], replicates=0)
    assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before


def test_asking_works_inside_a_running_loop() -> None:
    """A notebook, which has a loop running, asks in the same words; async code awaits."""

    async def both() -> tuple[list[Verdict], list[Verdict]]:
        return ask(make_pairs(3), [LONGER]), await ask_async(make_pairs(3), [LONGER], seed=0)

    blocking, awaited = asyncio.run(both())
    assert [v.choice for v in blocking] == [v.choice for v in awaited]


def test_a_function_may_say_a_share_and_nothing_else() -> None:
    """A number from 0 to 1 is a share for the first answer; any other thing is invalid, never a tie."""
    for said, expected in (
        (0.5, "tie"), (1, "first"), (0, "second"), (0.25, "second"), ("B", "second"), ("tie", "tie"),
        (True, "no_choice"), (None, "no_choice"), (2, "no_choice"), (float("nan"), "no_choice"), (["A"], "no_choice"),
        ("maybe", "no_choice"), ({"choice": "A"}, "no_choice"), (10**400, "no_choice"),
    ):  # fmt: skip
        (verdict,) = ask(make_pairs(1), [CallableJudge(lambda *_, said=said: said, name="f")], seed=1)[:1]
        first, second = ("a", "b") if verdict.trial.order == "ab" else ("b", "a")
        assert {"a": first, "b": second}.get(
            verdict.choice or "", verdict.choice
        ) is not None or verdict.reason == expected
        if expected in {"first", "second"}:
            assert verdict.choice == {"first": first, "second": second}[expected]
        else:
            assert (verdict.choice or verdict.reason) == expected


def test_an_async_function_judges_too() -> None:
    """What the function awaits is awaited."""

    async def slow(question: str, first: str, second: str) -> str:
        await asyncio.sleep(0.01)
        return longer(question, first, second)

    assert {v.choice for v in ask(make_pairs(5), [CallableJudge(slow, name="slow")])} == {"a"}


def test_a_function_that_raises_is_missing_with_its_error() -> None:
    """An exception is no opinion: the cell is missing, its message is kept, and the breaker ends the rest."""

    def broken(*_: str) -> str:
        raise ZeroDivisionError("of all things")

    verdicts = ask(make_pairs(30), [CallableJudge(broken, name="broken"), LONGER], concurrency=4)
    counted = outcomes([v for v in verdicts if v.trial.judge == "broken"])
    assert counted["missing exception"] >= 8
    assert counted["missing exception"] + counted["missing breaker: exception"] == sum(counted.values())
    assert "of all things" in verdicts[0].raw
    assert {v.outcome for v in verdicts if v.trial.judge == "longer"} == {"valid"}


def test_a_second_run_sends_nothing(tmp_path: Path) -> None:
    """What the store knows is not asked again, and comes back the same."""
    pairs = make_pairs(12, 2)
    with Server(prefers("good")) as server:
        first = ask(pairs, [lean(server)], store=tmp_path / "run")
        asked = server.hits
        second = ask(pairs, [lean(server)], store=tmp_path / "run")
        assert (asked, server.hits) == (len(first), asked)
        assert first == second
        changed = [pairs[0].model_copy(update={"question": "another?"}), *pairs[1:]]
        ask(changed, [lean(server)], store=tmp_path / "run")
        touched = sum(trial.pair_id == pairs[0].id for trial in plan(pairs, [lean(server)]))
        assert server.hits == asked + touched, "one changed question re-asks what it touches and nothing else"


def test_a_failure_is_never_a_cache_hit(tmp_path: Path) -> None:
    """Cells that were missing are asked again; attempts stay on record apart from verdicts."""
    pairs = make_pairs(6)
    with Server(lambda _: Fault(500)) as server:
        judge = lean(server)
        down = ask(pairs, [judge], store=tmp_path, retries=1)
        assert outcomes(down)["missing server_error"] >= 6
        failed = server.hits
        server.script = prefers("good")
        up = ask(pairs, [judge], store=tmp_path, retries=1)
        assert outcomes(up) == {"valid": len(up)}
        assert server.hits == failed + len(up)
    with VerdictStore.open(tmp_path) as store:
        assert len(store) == len(up)
        assert store.attempts() == {("j", "error", "server_error"): failed, ("j", "reply", ""): len(up)}


def test_faults_of_the_wire_are_retried_and_counted(tmp_path: Path) -> None:
    """Under 500s, 429s, broken bodies and dropped connections every cell is valid and every attempt on record."""

    def script(request):
        fault = {
            0: Fault(500),
            1: Fault(429, headers={"Retry-After": "0.02"}),
            2: '{"id": "x", "choi',
            3: Fault(drop=True),
        }
        return fault.get(request.number * 7 % 20) or prefers("good")(request)

    with Server(script) as server:
        verdicts = ask(make_pairs(60), [lean(server)], store=tmp_path, concurrency=16)
    assert outcomes(verdicts) == {"valid": len(verdicts)}
    assert sum(v.attempts for v in verdicts) == server.hits > len(verdicts)
    with VerdictStore.open(tmp_path) as store:
        assert sum(store.attempts().values()) == server.hits


def test_what_the_judge_says_is_never_asked_again() -> None:
    """An unreadable reply, a refusal and a filtered prompt are outcomes: one request each."""
    said = {
        0: "no idea",
        1: "I'm sorry, I can't.",
        2: completion("", finish_reason="content_filter"),
        3: Fault(400, '{"error": {"code": "content_filter"}}'),
    }
    with Server(lambda request: said[item_of(request)]) as server:
        verdicts = ask(make_pairs(4), [lean(server)], orders="both")
    assert server.hits == 8
    assert outcomes(verdicts) == {"invalid no_choice": 2, "refusal refused": 2, "refusal content_filter": 4}


def test_a_truncated_reply_is_asked_once_more_with_more_room(tmp_path: Path) -> None:
    """A judge that thought until its tokens ran out gets twice as many once, and both calls are on the bill."""

    def script(request):
        if request.body["max_tokens"] == 400:
            return completion("<think>...", finish_reason="length", usage=(100, 400))
        if "question 1?" in request.prompt:
            return completion("", finish_reason="length", usage=(100, 800))
        return completion("A", usage=(100, 500))

    with Server(script) as server:
        verdicts = ask(make_pairs(2), [lean(server, price=(1.0, 1.0))], store=tmp_path, orders="both")
    assert [(v.outcome, v.reason, v.attempts) for v in verdicts] == [("valid", "", 2)] * 2 + [
        ("invalid", "truncated", 2)
    ] * 2
    assert [v.usage.completion_tokens for v in verdicts] == [900, 900, 1200, 1200]
    assert verdicts[0].cost_usd == pytest.approx(1100e-6)
    assert server.hits == 8
    with VerdictStore.open(tmp_path) as store:
        assert store.attempts() == {("j", "reply", ""): 4, ("j", "superseded", ""): 4}
        assert store.spent_usd() == pytest.approx(sum(v.cost_usd or 0 for v in verdicts))


def test_a_text_is_scored_once_for_all_its_pairs(tmp_path: Path) -> None:
    """Pairs that share a text share its score, and the bill of it is counted once."""
    base = make_pairs(1)[0]
    texts = {"x": "good x", "y": "bad y", "z": "bad zz"}
    pairs = [
        Pair(**{**dict(base), "id": f"{one}{two}", "a": {"text": texts[one]}, "b": {"text": texts[two]}})
        for one, two in ("xy", "xz", "zy")
    ]
    with Server(lambda r: json.dumps({"score": 9 if "good" in r.prompt else 4})) as server:
        judge = lean(server, protocol="score", price=(1.0, 1.0))
        verdicts = ask(pairs, [judge], store=tmp_path)
        assert server.hits == 3
        assert [(v.score_a, v.score_b, v.choice) for v in verdicts] == [(9, 4, "a"), (9, 4, "a"), (4, 4, "tie")]
        assert sum(v.cost_usd or 0 for v in verdicts) == pytest.approx(3 * 110e-6)
        assert sum(v.attempts for v in verdicts) == 3
        more = [*pairs, pairs[0].model_copy(update={"id": "yx", "a": pairs[0].b, "b": pairs[0].a})]
        again = ask(more, [judge], store=tmp_path)
        assert server.hits == 3, "a new pair of scored texts needs no new call"
        assert again[:3] == verdicts
        assert (again[3].choice, again[3].attempts) == ("b", 0)


def test_a_dead_key_stops_its_judge_and_no_other() -> None:
    """After eight calls lost in a row the breaker opens: the rest is missing without being asked."""
    with Server(lambda _: Fault(401)) as shut, Server(prefers("good")) as open_:
        verdicts = ask(make_pairs(100), [lean(shut, "shut"), lean(open_, "open")], concurrency=4)
    counted = outcomes([v for v in verdicts if v.trial.judge == "shut"])
    assert 8 <= shut.hits <= 12
    assert counted["missing authentication"] == shut.hits
    assert counted["missing breaker: authentication"] == sum(counted.values()) - shut.hits
    assert outcomes([v for v in verdicts if v.trial.judge == "open"]) == {"valid": len(verdicts) // 2}


def test_a_prompt_that_is_too_long_does_not_open_the_breaker() -> None:
    """What is wrong with one prompt says nothing about the next."""
    too_long = Fault(400, '{"error": {"message": "maximum context length"}}')
    with Server(lambda r: too_long if item_of(r) < 20 else "A") as server:
        verdicts = ask(make_pairs(25), [lean(server)], orders="both", concurrency=2)
    assert outcomes(verdicts) == {"missing context_window": 40, "valid": 10}


def test_a_hanging_endpoint_is_given_up_in_time() -> None:
    """Each attempt has its deadline, and so has the whole call."""
    with Server(lambda _: Fault(hang_s=30)) as server:
        started = time.monotonic()
        verdicts = ask(make_pairs(2), [lean(server)], timeout_s=0.1, retries=1, seed=1)
        assert time.monotonic() - started < 10
    assert set(outcomes(verdicts)) == {"missing timeout"}
    assert server.hits == 2 * len(verdicts)


def test_retry_after_is_honoured_by_all_calls_to_the_endpoint() -> None:
    """When the endpoint asks for a pause nobody calls before it is over; an absurd wish is capped elsewhere."""
    times: list[float] = []

    def script(request):
        times.append(time.monotonic())
        return Fault(429, headers={"Retry-After": "0.4"}) if request.number == 0 else "A"

    with Server(script) as server:
        verdicts = ask(make_pairs(10), [lean(server)], concurrency=1)
    assert outcomes(verdicts) == {"valid": len(verdicts)}
    assert times[1] - times[0] >= 0.39


def test_the_endpoint_is_never_asked_more_at_once_than_allowed() -> None:
    """Concurrency is a ceiling for each endpoint, also when two judges share it."""
    with Server(prefers("good"), latency_s=0.02) as server:
        ask(make_pairs(40), [lean(server, "one"), lean(server, "two")], concurrency=6)
    assert 4 <= server.peak <= 6


def test_a_budget_is_never_crossed_and_the_rest_is_missing(tmp_path: Path) -> None:
    """Worst cases are reserved before each call; a second run counts what the first has spent."""
    with Server(lambda _: completion("A", usage=(100, 10))) as server:
        judge = lean(server, price=(1.0, 1.0))
        verdicts = ask(make_pairs(40), [judge], store=tmp_path, max_cost_usd=0.005, concurrency=8)
        spent = 110e-6 * server.hits
        assert 0.5 * 0.005 < spent <= 0.005
        assert outcomes(verdicts) == {"valid": server.hits, "missing budget": len(verdicts) - server.hits}
        hits = server.hits
        ask(make_pairs(40), [judge], store=tmp_path, max_cost_usd=0.005)
        assert (server.hits - hits) * 110e-6 + spent <= 0.005
        assert outcomes(ask(make_pairs(40), [judge], store=tmp_path, max_cost_usd=1.0)) == {"valid": len(verdicts)}


def test_a_cap_without_a_price_is_refused() -> None:
    """The error names the judge and the setting that helps; nothing is sent."""
    with Server(prefers("good")) as server:
        with pytest.raises(ConfigError, match=r"judge 'j' has none; state it with price:"):
            ask(make_pairs(2), [lean(server)], max_cost_usd=1.0)
        assert server.hits == 0


@pytest.mark.parametrize(
    "settings",
    [{"concurrency": 0}, {"timeout_s": 0.0}, {"timeout_s": float("nan")}, {"retries": -1}, {"replicates": 0}],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    """Each message names the setting."""
    with pytest.raises(ConfigError, match=next(iter(settings))):
        ask(make_pairs(2), [LONGER], **settings)


def test_progress_ends_with_everything_counted() -> None:
    """Snapshots are frozen, only grow, and the last one of each judge is complete."""
    seen: list[Progress] = []
    with Server(prefers("good"), latency_s=0.01) as server:
        verdicts = ask(make_pairs(60), [lean(server), LONGER], progress=seen.append, concurrency=2)
    last = {progress.judge: progress for progress in seen}
    assert sum(progress.total for progress in last.values()) == len(verdicts)
    assert all(progress.done == progress.total == progress.valid for progress in last.values())
    assert last["j"].attempts == server.hits
    done = [progress.done for progress in seen if progress.judge == "j"]
    assert done == sorted(done)
    assert len(done) > 2


def test_a_second_writer_is_told_who_holds_the_store(tmp_path: Path) -> None:
    """Two processes cannot write one run; the error names the holder."""
    with VerdictStore.create(tmp_path), pytest.raises(StoreLockedError, match=r"written by process \d+ on .* since 20"):
        ask(make_pairs(2), [LONGER], store=tmp_path)


class Moody:
    """A judge that fails as it is told to."""

    name, model, protocol, note, endpoint = "moody", "moody", "pairwise", "", "moody"
    parallel = None

    def __init__(self, error: Exception) -> None:
        self.error = error

    def recipe(self) -> dict[str, str]:
        """Nothing to tell."""
        return {}

    def price_ceiling(self, showing: object) -> float:
        """Free."""
        return 0.0

    async def decide(self, showing: object, *, roomier: bool = False):
        """Fail."""
        raise self.error


@pytest.mark.parametrize(
    "error",
    [PermanentError("no", reason="custom"), TransientError("wait", reason="custom")],
    ids=["permanent", "transient"],
)
def test_a_custom_judges_errors_are_reasons(error: Exception) -> None:
    """Any judge may say why no reply came."""
    judge = Moody(error)
    assert isinstance(judge, Judge)
    assert set(outcomes(ask(make_pairs(1), [judge], retries=0))) == {"missing custom"}


def test_a_bug_in_a_judge_is_raised_and_not_swallowed(tmp_path: Path) -> None:
    """An error that is not of the wire ends the run; what was acknowledged before stands."""
    with pytest.raises(ZeroDivisionError):
        ask(make_pairs(3), [Moody(ZeroDivisionError())], store=tmp_path)
    with VerdictStore.create(tmp_path) as store:
        assert len(store) == 0, "and the lock was let go"


def test_a_judge_may_be_a_string_a_specification_or_a_function() -> None:
    """Whatever names a judge can be asked without more ado."""
    with Server(prefers("good")) as server:
        spec = JudgeSpec(name="spec", model="fake", api_base=server.api_base)
        verdicts = ask(make_pairs(3), ["simulated/coin", spec, longer])
    assert [*dict.fromkeys(v.trial.judge for v in verdicts)] == ["coin", "spec", "longer"]


def test_a_judge_that_serves_one_call_at_a_time_is_asked_one_at_a_time() -> None:
    """A judge on this machine says how much it can do at once, and is not asked more."""
    with Server(prefers("good"), latency_s=0.005) as server:
        judge = lean(server)
        judge.parallel = 1
        ask(make_pairs(10), [judge], concurrency=64)
    assert server.peak == 1
