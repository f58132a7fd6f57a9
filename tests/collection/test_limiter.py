"""The window finds what an endpoint bears, and goes where the endpoint goes."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from judgeaudit.collection import ask
from judgeaudit.collection.limiter import LONGEST_PAUSE_S, Limiter
from judgeaudit.errors import TransientError
from judgeaudit.records import Reply
from tests.collection.worlds import make_pairs


@asynccontextmanager
async def place(limiter: Limiter) -> AsyncIterator[None]:
    """Hold a place for a while."""
    started = await limiter.enter(lambda: None)
    try:
        yield
    finally:
        limiter.leave(started)


class Endpoint:
    """A judge behind a token bucket, or behind a cap on calls in flight, that refuses at once what is too much."""

    name = model = endpoint = "endpoint"
    protocol, note, parallel = "pairwise", "", None

    def __init__(
        self,
        rate: float = 1e9,
        burst: float = 1e9,
        *,
        cap: int = 10**9,
        latency_s: float = 0.05,
        noise: float = 0.0,
        retry_after: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.rate, self.burst, self.cap, self.latency_s, self.noise = rate, burst, cap, latency_s, noise
        self.retry_after, self.level, self.at = retry_after, burst, time.monotonic()
        self.hits = self.refused = self.in_flight = 0
        self.random = random.Random(0)

    def recipe(self) -> dict[str, str]:
        """Nothing to tell."""
        return {}

    def price_ceiling(self, showing: object) -> float:
        """Free."""
        return 0.0

    async def decide(self, showing: object, *, roomier: bool = False) -> Reply:
        """Serve, or refuse."""
        self.hits += 1
        now = time.monotonic()
        self.level, self.at = min(self.burst, self.level + (now - self.at) * self.rate), now
        if self.level < 1 or self.in_flight >= self.cap or self.random.random() < self.noise:
            self.refused += 1
            await asyncio.sleep(0.002)
            raise TransientError("too many", reason="rate_limit", retry_after_s=self.retry_after())
        self.level -= 1
        self.in_flight += 1
        await asyncio.sleep(self.latency_s)
        self.in_flight -= 1
        return Reply(text="A")


@pytest.mark.parametrize(
    ("endpoint", "allowed", "cells"),
    [
        (Endpoint(100, 10), 100, 300),
        (Endpoint(100, 10, retry_after=lambda: 0.1), 100, 300),
        (Endpoint(40, 2, latency_s=0.01), 40, 100),
        (Endpoint(cap=10, latency_s=0.05), 200, 500),
    ],
    ids=["bucket", "bucket that says when", "bucket slower than one call at a time", "cap in flight"],
)
def test_the_rate_reaches_what_the_endpoint_allows(endpoint: Endpoint, allowed: float, cells: int) -> None:
    """From a start at 64 in flight most of the allowed rate is reached, and no cell is lost to a refusal."""
    started = time.monotonic()
    verdicts = ask(make_pairs(cells // 2), [endpoint], orders="both")
    rate = len(verdicts) / (time.monotonic() - started)
    assert {v.outcome for v in verdicts} == {"valid"}
    assert sum(v.attempts for v in verdicts) == endpoint.hits
    assert rate > 0.6 * allowed, "0.84 to 1.0 on a quiet machine"


def test_refusals_by_chance_do_not_stop_the_run() -> None:
    """Where 60 % are refused whatever the load, some with an absurd wish to wait, every cell still ends valid."""
    waits = random.Random(1)
    endpoint = Endpoint(
        noise=0.6, latency_s=0.01, retry_after=lambda: waits.choice([None, 0.01, 1e9, LONGEST_PAUSE_S + 1])
    )
    started = time.monotonic()
    verdicts = ask(make_pairs(40), [endpoint])
    assert time.monotonic() - started < 30
    assert {v.outcome for v in verdicts} == {"valid"}


def run(steps) -> None:
    """Run steps in a loop of their own."""
    asyncio.run(steps())


def test_a_burst_of_refusals_is_one_piece_of_news() -> None:
    """Calls that were out already when the window was cut do not cut it again."""

    async def steps() -> None:
        limiter = Limiter(64)
        started = asyncio.get_running_loop().time()
        for _ in range(64):
            limiter.refused(started)
        assert limiter.window == pytest.approx(64 * 0.7)

    run(steps)


def test_the_window_grows_by_one_a_round_up_to_its_ceiling() -> None:
    """As many served calls as the window is wide widen it by about one."""

    async def steps() -> None:
        limiter = Limiter(64)
        limiter.refused(asyncio.get_running_loop().time())
        before = limiter.window
        for _ in range(round(before)):
            limiter.served(asyncio.get_running_loop().time())
        assert limiter.window == pytest.approx(before + 1, abs=0.05)
        for _ in range(5000):
            limiter.served(asyncio.get_running_loop().time())
        assert limiter.window == 64

    run(steps)


def test_a_pause_holds_everybody_unless_others_are_being_served() -> None:
    """A wish to wait pauses an endpoint that serves nobody, and not one that has served another call meanwhile."""

    async def wait(serving: bool) -> float:
        limiter = Limiter(4)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(0.01)
        if serving:
            limiter.served(loop.time() - 0.001)
        limiter.refused(began, 0.2)
        asked = loop.time()
        async with place(limiter):
            return loop.time() - asked

    assert asyncio.run(wait(serving=False)) >= 0.19
    assert asyncio.run(wait(serving=True)) < 0.1


def test_letting_go_ends_every_wait() -> None:
    """When the run is stopped nobody stays in a pause of two minutes."""

    async def steps() -> None:
        limiter = Limiter(1)
        limiter.refused(asyncio.get_running_loop().time(), LONGEST_PAUSE_S)

        stopped = False

        def check() -> None:
            if stopped:
                raise InterruptedError

        waiting = [asyncio.create_task(limiter.enter(check)) for _ in range(5)]
        await asyncio.sleep(0)
        limiter.rouse()
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in waiting), "there is still something to wait for"
        stopped = True
        limiter.rouse()
        ended = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 1)
        assert {type(end) for end in ended} == {InterruptedError}
        assert limiter.in_flight == 0

    run(steps)


def test_a_place_given_up_while_waiting_goes_to_the_next() -> None:
    """A cancelled waiter neither takes a place nor blocks those behind it."""

    async def steps() -> None:
        limiter = Limiter(1)

        async def through() -> str:
            async with place(limiter):
                return "served"

        async with place(limiter):
            first, second = asyncio.create_task(through()), asyncio.create_task(through())
            await asyncio.sleep(0)
            first.cancel()
        assert await asyncio.wait_for(second, 1) == "served"
        assert limiter.in_flight == 0

    run(steps)
