"""A run that is told to stop, or whose judge is dead, sends nothing more, keeps nobody waiting, and settles nothing."""

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from judgeaudit.collection import ask, ask_async
from judgeaudit.collection.caller import BREAKER_STREAK, Stop
from judgeaudit.collection.collector import _ask
from judgeaudit.errors import PermanentError, TransientError
from judgeaudit.records import Reply, Showing, Verdict
from tests.collection.worlds import Script, Scripted, make_pairs

SAYS_A = Reply(text='{"choice": "A", "rationale": ""}', cost_usd=1.0)


def fails(reason: str, after_s: float = 0.0, retry_after_s: float | None = None) -> Script:
    """Return a script that fails for the moment."""

    async def script(*_: object) -> Reply:
        await asyncio.sleep(after_s)
        raise TransientError("busy", reason=reason, retry_after_s=retry_after_s)

    return script


def replies(after_s: float = 0.0) -> Script:
    """Return a script that prefers the first answer."""

    async def script(*_: object) -> Reply:
        await asyncio.sleep(after_s)
        return SAYS_A

    return script


def reasons(verdicts: list[Verdict]) -> Counter[str]:
    """Count the reasons of cells; the valid have none."""
    return Counter(verdict.reason for verdict in verdicts)


def stopped(judges: list[Scripted], after_s: float, **settings: object) -> tuple[list[Verdict], float]:
    """Ask, say stop after a while, and return what came with the seconds it took from the word on."""

    async def steps() -> tuple[list[Verdict], float]:
        stop = Stop()
        asyncio.get_running_loop().call_later(after_s, stop.say, "interrupted")
        began = time.monotonic()
        verdicts = await _ask(make_pairs(20), judges, stop, **settings)
        return verdicts, time.monotonic() - began - after_s

    return asyncio.run(steps())


@pytest.mark.parametrize("reason", ["overloaded", "timeout", "connection"])
def test_a_dead_endpoint_is_given_up_at_once_by_all_who_wait_for_it(reason: str) -> None:
    """After a streak nobody waits for a turn any more, and another judge of the same endpoint is served."""
    dead = Scripted(fails(reason), name="dead", endpoint="host")
    alive = Scripted(replies(), name="alive", endpoint="host")
    verdicts = asyncio.run(asyncio.wait_for(ask_async(make_pairs(200), [dead, alive], concurrency=8, retries=0), 60))
    lost = reasons([verdict for verdict in verdicts if verdict.trial.judge == "dead"])
    assert lost[f"breaker: {reason}"] > 150
    assert dead.calls <= 4 * BREAKER_STREAK
    assert reasons([verdict for verdict in verdicts if verdict.trial.judge == "alive"]).keys() == {""}


def test_a_pause_that_begins_after_the_word_keeps_nobody() -> None:
    """A refusal with ``Retry-After`` that arrives when the run has been stopped is waited out by nobody."""
    judge = Scripted(fails("rate_limit", after_s=0.3, retry_after_s=60.0))
    verdicts, took = stopped([judge], after_s=0.1, concurrency=4)
    assert reasons(verdicts).keys() == {"interrupted"}
    assert judge.calls == 4
    assert took < 5


def test_who_waits_for_money_sends_nothing_after_the_word() -> None:
    """A reservation that comes free when the run has been stopped is given back."""
    judge = Scripted(replies(after_s=0.3), price=2.0)
    verdicts, _ = stopped([judge], after_s=0.1, concurrency=8, max_cost_usd=5.5)
    assert judge.calls == 2
    assert reasons(verdicts) == {"": 2, "interrupted": len(verdicts) - 2}


def test_a_reply_without_a_word_is_no_verdict_while_more_room_was_not_tried(tmp_path: Path) -> None:
    """A run that is stopped between the two calls leaves the cell open, and both calls are on the bill."""

    async def thinks(judge: Scripted, _: Showing, roomier: bool) -> Reply:
        await asyncio.sleep(0.15)
        return SAYS_A if roomier else Reply(finish_reason="length", cost_usd=1.0)

    first, _ = stopped([Scripted(thinks, price=1.0)], after_s=0.1, concurrency=4, store=tmp_path)
    assert reasons(first).keys() == {"interrupted"}
    resumed = ask(make_pairs(20), [Scripted(thinks, price=1.0)], store=tmp_path)
    assert reasons(resumed).keys() == {""}
    assert {verdict.cost_usd for verdict in resumed} == {2.0}


def test_a_moment_of_failure_is_no_verdict_either() -> None:
    """Cut off, and then no reply: missing with its reason, so that the next run asks again."""

    async def thinks(judge: Scripted, _: Showing, roomier: bool) -> Reply:
        if roomier:
            raise TransientError("gone", reason="connection")
        return Reply(finish_reason="length")

    (verdict,) = ask(make_pairs(1), [Scripted(thinks)], retries=0)[:1]
    assert (verdict.outcome, verdict.reason, verdict.attempts) == ("missing", "connection", 2)


def test_in_a_notebook_the_second_interrupt_stops_at_once() -> None:
    """Inside a running loop, too, nobody waits for calls in flight after Ctrl-C twice."""

    async def cell() -> None:
        ask(make_pairs(4), [Scripted(replies(after_s=30.0))], concurrency=2)

    def interrupt() -> None:
        for _ in range(2):
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGINT)

    loop, began = asyncio.new_event_loop(), time.monotonic()
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(cell())
    loop.close()
    assert time.monotonic() - began < 15


def test_an_endpoint_that_says_when_is_asked_then() -> None:
    """``Retry-After`` of an overloaded endpoint holds for the call it was said to, also while others are served."""

    async def script(judge: Scripted, *_: object) -> Reply:
        if judge.calls == 1:
            await asyncio.sleep(0.05)
            raise TransientError("busy", reason="overloaded", retry_after_s=1.5)
        return SAYS_A

    began = time.monotonic()
    assert reasons(ask(make_pairs(9), [Scripted(script)], concurrency=2)).keys() == {""}
    assert 1.5 < time.monotonic() - began < 10


def test_nobody_sleeps_on_for_a_judge_that_is_given_up() -> None:
    """A call that was told to come back in a minute hears of the breaker, and the run ends."""

    async def script(judge: Scripted, *_: object) -> Reply:
        if judge.calls == 1:
            raise TransientError("busy", reason="server_error", retry_after_s=60.0)
        await asyncio.sleep(0.05)
        raise PermanentError("no", reason="authentication")

    began = time.monotonic()
    lost = reasons(ask(make_pairs(40), [Scripted(script)], concurrency=4))
    assert lost["breaker: authentication"] > 20
    assert time.monotonic() - began < 20
