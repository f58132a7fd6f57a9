"""A function as a judge: in threads of its own, its words fit to be kept."""

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

import pytest

from judgeaudit.collection import ask, ask_async
from judgeaudit.errors import TransientError
from judgeaudit.judges.callable import CallableJudge
from tests.collection.worlds import make_pairs

KEY = "sk-planted-1234567890"
WHERE: ContextVar[str] = ContextVar("WHERE")


def test_no_call_waits_for_a_thread() -> None:
    """As many threads as calls in flight: the time for a call is spent in the function and not in a queue."""
    called = []

    def slow(*_: str) -> str:
        called.append(threading.current_thread())
        time.sleep(0.4)
        return "A"

    verdicts = ask(make_pairs(48), [CallableJudge(slow)], timeout_s=1.5, concurrency=64, retries=0)
    assert {verdict.outcome for verdict in verdicts} == {"valid"}
    assert len(called) == len(verdicts), "none was given up and made again"


def test_a_function_that_hangs_does_not_hold_the_run() -> None:
    """Its call is given up in time, and nobody waits for its thread, which ends when the function does."""
    woken = threading.Event()
    hanging = CallableJudge(lambda *_: str(woken.wait(30)))
    started = time.monotonic()
    verdicts = ask(make_pairs(1), [hanging], timeout_s=0.2, retries=0)
    assert {verdict.reason for verdict in verdicts} == {"timeout"}
    assert time.monotonic() - started < 10
    woken.set()
    for thread in threading.enumerate():
        if thread.name.startswith("judgeaudit-<lambda>"):
            thread.join(10)
            assert not thread.is_alive()


def test_one_function_serves_several_runs_at_once() -> None:
    """The first run to end takes no thread from the others, in the same event loop or in another."""

    def slow(*_: str) -> str:
        time.sleep(0.05)
        return "A"

    judge = CallableJudge(slow)

    async def both() -> list[str]:
        runs = (ask_async(make_pairs(n), [judge], concurrency=2, retries=0) for n in (1, 8))
        return [verdict.outcome for verdicts in await asyncio.gather(*runs) for verdict in verdicts]

    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(lambda: [v.outcome for v in ask(make_pairs(8), [judge], concurrency=2, retries=0)])
        assert {*asyncio.run(both()), *elsewhere.result()} == {"valid"}


def test_a_function_sees_the_context_of_the_run() -> None:
    """Variables of the context, such as those of tracing, are as they were where it was asked."""
    seen = []
    WHERE.set("here")
    ask(make_pairs(1), [CallableJudge(lambda *_: seen.append(WHERE.get()) or "A")])
    assert set(seen) == {"here"}


@pytest.mark.parametrize("error", [ValueError, lambda said: TransientError(said, reason="custom")])
def test_what_a_function_says_is_fit_to_be_kept(error, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key that the environment names is cut out, and half a surrogate pair replaced."""
    monkeypatch.setenv("SOME_API_KEY", KEY)

    def fails(*_: str) -> str:
        raise error(f"401 for https://x/?key={KEY} {os.fsdecode(bytes([255]))}")

    verdicts = ask(make_pairs(2), [CallableJudge(fails)], store=tmp_path, retries=0)
    verdicts += ask(make_pairs(2), [CallableJudge(lambda *_: f"no idea, but {KEY}", name="echo")], store=tmp_path)
    assert {verdict.outcome for verdict in verdicts} == {"missing", "invalid"}
    assert all("[key]" in verdict.raw for verdict in verdicts)
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())
