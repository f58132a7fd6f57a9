"""The longest that one attempt may take, watched by one timer for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Deadlines:
    """Gives every attempt the same time; one timer serves them all, since one each weighs on the whole event loop.

    Parameters
    ----------
    seconds
        How long an attempt may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: dict[asyncio.Task[Any], float] = {}  # the earliest deadline comes first, since all are as long
        self._ended: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def within(self, attempt: Awaitable[T]) -> T:
        """Return what an attempt returns; a task makes one at a time.

        Raises
        ------
        TimeoutError
            When its time is over; it was cancelled.
        """
        task = cast("asyncio.Task[Any]", asyncio.current_task())  # whatever awaits runs in one
        loop = asyncio.get_running_loop()
        self._running[task] = deadline = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._look)
        cancelled_before = task.cancelling()
        try:
            return await attempt
        except asyncio.CancelledError as cancelled:
            if task in self._ended and task.uncancel() <= cancelled_before:
                raise TimeoutError from cancelled
            raise
        finally:
            self._running.pop(task, None)
            self._ended.discard(task)

    def _look(self) -> None:
        """End what is over time, and look again when the next may be."""
        loop = asyncio.get_running_loop()
        over = [task for task, deadline in self._running.items() if deadline <= loop.time()]
        for task in over:
            del self._running[task]
            self._ended.add(task)
            task.cancel()
        first = next(iter(self._running.values()), None)
        self._timer = None if first is None else loop.call_at(first, self._look)
