"""One call to a judge, asked until it has a reply or is given up: the only retry loop there is."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from judgeaudit.collection.budget import Budget
from judgeaudit.collection.deadlines import Deadlines
from judgeaudit.collection.ledger import Ledger
from judgeaudit.collection.limiter import LONGEST_PAUSE_S, Limiter
from judgeaudit.collection.progress import Tally
from judgeaudit.collection.schedule import Call
from judgeaudit.errors import BudgetError, JudgeError, PermanentError, TransientError
from judgeaudit.judges.parsing import is_truncated
from judgeaudit.judges.protocol import Judge
from judgeaudit.judges.transport import well_formed
from judgeaudit.records import Reply, Showing
from judgeaudit.verdicts import Attempt

BREAKER_STREAK: Final = 8
"""Calls given up in a row, with no reply in between, after which a judge is asked no more."""
_BUSY: Final = {"rate_limit", "overloaded", "timeout"}
_PERHAPS_BILLED: Final = {"timeout", "connection", "malformed", "reply_too_large"}
_ABOUT_ONE_PROMPT: Final = {"context_window", "too_large"}
_FIRST_BACKOFF_S: Final = 0.5
_LONGEST_BACKOFF_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How one call ended: with a reply, or with the reason why there is none."""

    reply: Reply | None
    attempts: int = 0
    reason: str = ""
    detail: str = ""
    """What the endpoint said."""
    record: Attempt | None = None
    """The attempt that brought the reply, not yet in the ledger."""
    permanent: bool = False
    """Whether there is no reply to be had, however often it is asked for."""


class Stop:
    """The word to start no further call; those in flight are waited for."""

    def __init__(self) -> None:
        self.reason = ""
        self._listeners: list[Callable[[], None]] = []

    def then(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when the word is said."""
        self._listeners.append(listener)

    def say(self, reason: str) -> None:
        """Say it; those who listen hear of it."""
        self.reason = self.reason or reason
        for listener in self._listeners:
            listener()


class _HaltedError(Exception):
    """No further attempt is made; the argument says why."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call is worth."""

    timeout_s: float
    """For one attempt."""
    retries: int
    """Further attempts after failures; being told to wait by a busy endpoint is not counted as one."""

    def is_over(self, failures: int, started: float) -> bool:
        """Whether to give up, after so many failures and since ``started`` on the monotonic clock."""
        return failures > self.retries or time.monotonic() - started > self.timeout_s * (self.retries + 1)


@dataclass(frozen=True, slots=True)
class Caller:
    """All that the calls to one judge have in common."""

    judge: Judge
    limiter: Limiter
    budget: Budget
    ledger: Ledger
    tally: Tally
    patience: Patience
    deadlines: Deadlines
    stop: Stop
    alarm: asyncio.Event
    """Set as long as there is nothing to wait for: the run was told to stop, or the judge is given up."""

    async def put(self, call: Call) -> Ended:
        """Put a call to the judge; one that was cut off before it said anything is put once more, with more room."""
        first = await self._persist(call, 1, roomier=False)
        if first.reply is None or first.record is None or not is_truncated(first.reply):
            return first
        self.ledger.note(replace(first.record, status="superseded"))
        second = await self._persist(call, first.attempts + 1, roomier=True)
        if second.reply is not None and second.record is not None:
            reply = _billed_together(first.reply, second.reply)
            return replace(second, reply=reply, record=replace(second.record, reply=reply))
        if second.permanent:  # there is no more room to be had, and what it has cost is in the store already
            return replace(first, attempts=second.attempts, record=replace(first.record, cost_usd=0.0))
        return second

    async def _persist(self, call: Call, number: int, *, roomier: bool) -> Ended:
        """Make attempts, counted from ``number``, until one brings a reply or there is no sense in another."""
        showing, started, failures = call.showing(), time.monotonic(), 0
        for attempt in itertools.count(number):
            try:
                reply = await self._attempt(call, showing, attempt, roomier=roomier)
            except _HaltedError as halted:
                return Ended(None, attempt - 1, str(halted))
            except JudgeError as error:
                failures += error.reason != "rate_limit"
                permanent = isinstance(error, PermanentError)
                if permanent or self.patience.is_over(failures, started):
                    self._count_as_lost(error)
                    return Ended(None, attempt, error.reason, well_formed(str(error)), permanent=permanent)
                await self._sleep(_wait(error, failures))
            else:
                break
        self.tally.streak = 0
        if not self.stop.reason:
            self.alarm.clear()
        return Ended(reply, attempt, record=self._record(call, showing, attempt, reply, roomier=roomier))

    async def _attempt(self, call: Call, showing: Showing, number: int, *, roomier: bool) -> Reply:
        """Make one request, within the window, the budget and the time, and record it when it fails."""
        started = await self.limiter.enter(self._check_halted)
        cost: float | None = 0.0
        try:
            ceiling = self._ceiling(showing, roomier=roomier) if self.budget.cap is not None else None
            receipt = await self._reserve(ceiling or 0.0)
            try:
                self._check_halted()  # the word may have been said while others settled
                cost = None
                reply = await self._decide(showing, roomier=roomier)
                cost = reply.cost_usd
            except JudgeError as error:
                cost = None if error.reason in _PERHAPS_BILLED else 0.0
                ceiling = self._ceiling(showing, roomier=roomier) if cost is None else None
                self._note_failure(call, number, error, cost, ceiling)
                if error.reason in _BUSY:
                    self.limiter.refused(started, getattr(error, "retry_after_s", None))
                raise
            finally:
                self.tally.cost_usd += cost or 0.0
                self.budget.settle(receipt, cost)
            self.limiter.served(started)
            return reply
        finally:
            self.limiter.leave(started)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, unless there is nothing to wait for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.alarm.wait()

    async def _decide(self, showing: Showing, *, roomier: bool) -> Reply:
        self.tally.attempts += 1
        self.tally.in_flight += 1
        try:
            return await self.deadlines.within(self.judge.decide(showing, roomier=roomier))
        except TimeoutError as error:
            raise TransientError(f"no reply within {self.patience.timeout_s:g} s", reason="timeout") from error
        finally:
            self.tally.in_flight -= 1

    def _ceiling(self, showing: Showing, *, roomier: bool) -> float | None:
        ceiling = self.judge.price_ceiling(showing)
        return 2 * ceiling if ceiling is not None and roomier else ceiling

    async def _reserve(self, ceiling: float) -> int:
        try:
            return await self.budget.reserve(ceiling)
        except BudgetError as error:
            raise _HaltedError("budget") from error

    def _check_halted(self) -> None:
        if self.stop.reason:
            raise _HaltedError(self.stop.reason)
        if self.tally.streak >= BREAKER_STREAK:
            raise _HaltedError(f"breaker: {self.tally.last_loss}")

    def _count_as_lost(self, error: JudgeError) -> None:
        if error.reason not in _ABOUT_ONE_PROMPT:
            self.tally.streak += 1
            self.tally.last_loss = error.reason
            if self.tally.streak == BREAKER_STREAK:
                self.alarm.set()
                self.limiter.rouse()

    def _note_failure(
        self, call: Call, number: int, error: JudgeError, cost: float | None, ceiling: float | None
    ) -> None:
        self.tally.rate_limited += error.reason == "rate_limit"
        self.tally.failed += error.reason != "rate_limit"
        self.ledger.note(
            Attempt(
                call.key,
                self.judge.name,
                number,
                "error",
                error.reason,
                well_formed(str(error))[:2000],
                cost_usd=cost,
                ceiling_usd=ceiling,
                at=time.time(),
            )
        )

    def _record(self, call: Call, showing: Showing, number: int, reply: Reply, *, roomier: bool) -> Attempt:
        return Attempt(
            call.key,
            self.judge.name,
            number,
            "reply",
            reply=reply,
            cost_usd=reply.cost_usd,
            ceiling_usd=self._ceiling(showing, roomier=roomier) if reply.cost_usd is None else None,
            latency_s=reply.latency_s,
            at=time.time(),
        )


def _billed_together(first: Reply, second: Reply) -> Reply:
    """Return the second reply with what both have cost."""
    costs = (first.cost_usd, second.cost_usd)
    cost = None if costs[0] is None or costs[1] is None else costs[0] + costs[1]
    return second.model_copy(update={"usage": first.usage + second.usage, "cost_usd": cost})


def _wait(error: JudgeError, failures: int) -> float:
    """Say how long to wait: as told by the endpoint, and else as drawn, so that calls that failed together part."""
    told = getattr(error, "retry_after_s", None) or 0.0
    told = told if told <= LONGEST_PAUSE_S else 0.0
    if error.reason == "rate_limit":  # where the endpoint does not say how long, the limiter keeps the pace
        return told
    return max(told, random.uniform(0, min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** min(failures, 10))))
