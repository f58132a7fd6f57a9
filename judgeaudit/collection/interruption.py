"""Runs a collection from code that does not await, in a notebook too: Ctrl-C once says stop, twice stops at once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from judgeaudit.collection.caller import Stop
from judgeaudit.records import Verdict

Collect = Callable[[Stop], Coroutine[Any, Any, list[Verdict]]]


def run_to_the_end(collect: Collect) -> list[Verdict]:
    """Run a collection in an event loop of its own, in a thread of its own where a loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_interruptible(collect))
    started: SimpleQueue[tuple[asyncio.AbstractEventLoop, Stop, asyncio.Task[Any]]] = SimpleQueue()

    async def in_thread() -> list[Verdict]:
        stop, task = Stop(), asyncio.current_task()
        if task is not None:
            started.put((asyncio.get_running_loop(), stop, task))
        return await collect(stop)

    with ThreadPoolExecutor(1, thread_name_prefix="judgeaudit-ask") as pool:
        result = pool.submit(lambda: asyncio.run(in_thread()))
        try:
            return result.result()
        except KeyboardInterrupt:
            loop, stop, task = started.get()
            with contextlib.suppress(RuntimeError):  # the loop is closed: there is nothing to stop any more
                loop.call_soon_threadsafe(stop.say, "interrupted")
            try:
                return result.result()
            except KeyboardInterrupt:
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(task.cancel)
                raise


async def _interruptible(collect: Collect) -> list[Verdict]:
    """Let the first Ctrl-C say stop, and the second go its usual way."""
    stop, loop = Stop(), asyncio.get_running_loop()
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        return await collect(stop)
    usual = signal.getsignal(signal.SIGINT)
    if usual is None:  # it is not of Python
        usual = signal.default_int_handler

    def first_interrupt() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, usual)
        stop.say("interrupted")

    loop.add_signal_handler(signal.SIGINT, first_interrupt)
    try:
        return await collect(stop)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, usual)
