"""Attempts have their time, and no more."""

from __future__ import annotations

import asyncio
import time

import pytest

from judgeaudit.collection.deadlines import Deadlines


async def taking(seconds: float) -> float:
    """Take so long."""
    await asyncio.sleep(seconds)
    return seconds


def test_what_takes_too_long_is_ended_and_the_rest_is_not() -> None:
    """Attempts that start at different times are each given the same time."""

    async def main() -> list[object]:
        deadlines = Deadlines(0.2)

        async def start(at: float, lasting: float) -> float:
            await asyncio.sleep(at)
            return await deadlines.within(taking(lasting))

        attempts = [start(0, 0.05), start(0, 9), start(0.15, 0.1), start(0.15, 9), start(0.3, 0.05)]
        began = time.monotonic()
        ended = await asyncio.gather(*attempts, return_exceptions=True)
        assert 0.34 < time.monotonic() - began < 2
        return [type(end) if isinstance(end, Exception) else end for end in ended]

    assert asyncio.run(main()) == [0.05, TimeoutError, 0.1, TimeoutError, 0.05]


def test_one_task_makes_one_attempt_after_another() -> None:
    """A time-out leaves the task as it was: it can try again, and be cancelled by others."""

    async def main() -> None:
        deadlines = Deadlines(0.05)

        async def tries() -> str:
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await deadlines.within(taking(9))
            return str(await deadlines.within(taking(0)))

        task = asyncio.create_task(tries())
        assert await task == "0"
        assert task.cancelling() == 0

    asyncio.run(main())


def test_a_cancellation_from_outside_is_no_timeout() -> None:
    """Ctrl-C twice cancels everything, and nothing takes that for a slow endpoint."""

    async def main() -> None:
        task = asyncio.create_task(Deadlines(5).within(taking(9)))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_an_error_of_the_attempt_is_the_attempts() -> None:
    """Whatever else an attempt raises comes through."""

    async def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(Deadlines(5).within(fails()))
