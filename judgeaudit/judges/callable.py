"""A user's own function as a judge."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, Final

from judgeaudit import records
from judgeaudit.errors import JudgeError, PermanentError
from judgeaudit.judges.redaction import Redactor
from judgeaudit.judges.transport import well_formed
from judgeaudit.records import Reply, Showing

Function = Callable[[str, str, str], Any]
_THREADS: Final = 64


class CallableJudge:
    """A judge made of a plain or async function ``(question, answer_a, answer_b)``.

    The function returns ``"A"``, ``"B"`` or ``"tie"``, or the probability from 0 to 1 that the first answer is better;
    anything else is an invalid verdict, never a tie. A plain function runs in a thread, up to 64 at once.
    What it says or raises is kept without the values that the environment names as secrets.

    Parameters
    ----------
    function
        What decides. Give the judge a new name when its behaviour changes: stored verdicts go by name.
    name
        What every report calls it; the function's own name where not given.
    cost_usd
        What one call costs in US dollars; None where that is not known.

    Examples
    --------
    >>> judge = CallableJudge(lambda question, a, b: "A" if len(a) >= len(b) else "B", name="longer")
    >>> judge.name
    'longer'
    """

    note = ""
    protocol: records.Protocol = "pairwise"

    def __init__(self, function: Function, name: str | None = None, *, cost_usd: float | None = None) -> None:
        self._function = function
        self._qualified = f"{function.__module__}.{getattr(function, '__qualname__', type(function).__qualname__)}"
        self.name: str = name or str(getattr(function, "__name__", type(function).__name__))
        self._cost_usd = cost_usd
        self._redact = Redactor(None)
        self.parallel: int | None = None if inspect.iscoroutinefunction(function) else _THREADS
        self._threads: ThreadPoolExecutor | None = None

    @property
    def model(self) -> str:
        """The function's qualified name."""
        return self._qualified

    @property
    def endpoint(self) -> str:
        """A function shares its rate limit with nobody."""
        return f"callable|{self.name}"

    def recipe(self) -> dict[str, Any]:
        """Which function it is."""
        return {"callable": self._qualified}

    def price_ceiling(self, showing: Showing) -> float | None:
        """Return what one call costs, as stated."""
        return self._cost_usd

    async def decide(self, showing: Showing, *, roomier: bool = False) -> Reply:
        """Call the function once.

        Raises
        ------
        TransientError, PermanentError
            What the function raised of these; any other exception becomes a `PermanentError` ``exception``.
        """
        second = showing.second.text if showing.second else ""
        started = time.perf_counter()
        try:
            result = await self._call(showing.question, showing.first.text, second)
        except JudgeError as error:
            error.args, error.reason = (self._fit_to_keep(str(error)),), self._fit_to_keep(error.reason)
            raise
        except Exception as error:
            said = self._fit_to_keep(f"{self.name}: {type(error).__name__}: {error}")
            raise PermanentError(said, reason="exception") from error
        reply = self._reply(result)
        return reply.model_copy(update={"cost_usd": self._cost_usd, "latency_s": time.perf_counter() - started})

    async def close(self) -> None:
        """Let its threads go, without waiting for a function that hangs; only the end of the process waits for that."""
        # Threads of a pool that nobody holds end when they are idle. To shut it down would fail a call that another
        # event loop is handing to it just now.
        self._threads = None

    async def _call(self, *texts: str) -> Any:
        if inspect.iscoroutinefunction(self._function):
            return await self._function(*texts)
        threads = self._threads or ThreadPoolExecutor(self.parallel, thread_name_prefix=f"judgeaudit-{self.name}")
        self._threads = threads  # another loop may let them go meanwhile
        call = partial(copy_context().run, self._function, *texts)
        result = await asyncio.get_running_loop().run_in_executor(threads, call)
        return await result if isinstance(result, Awaitable) else result

    def _reply(self, result: Any) -> Reply:
        if isinstance(result, str):
            return Reply(text=self._fit_to_keep(result))
        if isinstance(result, int | float) and not isinstance(result, bool) and 0 <= result <= 1:
            return Reply(first_share=float(result))
        said = f"the function returned an object of type {type(result).__name__}, or a number outside [0, 1]"
        return Reply(text=said)

    def _fit_to_keep(self, text: str) -> str:
        return self._redact(well_formed(text))
