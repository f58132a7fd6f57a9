"""How many calls an endpoint may have in flight: up by one a round while it bears them, down at once when it does not.

Additive increase and multiplicative decrease (Chiu and Jain 1989, doi:10.1016/0169-7552(89)90019-6): the one linear
rule under which several clients of one endpoint converge to a fair and efficient share. Three refinements: a cut never
goes far below what the endpoint is seen to bear (the calls it has been serving longer than it took to refuse this one,
and by Little's law the mean number of served calls in flight); once cut the window is also a pace: calls start apart,
so that they do not knock all at once, and a window below one means less than one call at a time; and where a smaller
window was refused just as often, the refusals are not about load, and nothing is cut.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final

DECREASE: Final = 0.7
"""What is left of the window after the endpoint refused a call."""
SERVED_SHARE: Final = 0.9
"""A cut goes below what the endpoint bears once a round at most, and to this share of it."""
LONGEST_PAUSE_S: Final = 120.0
"""The longest pause an endpoint gets by ``Retry-After``; a longer wish is absurd, and our own pace is kept."""
_LONGEST_GAP_S: Final = 15.0
_PACE: Final = 0.8
"""The least time between two starts, as a share of the mean time that the window allows between them."""
_SMALLEST_WINDOW: Final = 1 / 64
_GROWTH_BELOW_ONE: Final = 0.1
_MEMORY_S: Final = 1.0
_CALLS_REMEMBERED: Final = 50
_CALLS_TO_TELL: Final = 10
_BETTER: Final = 1.3
"""Half the window doubles the share that is served where load is the reason, and changes nothing where it is not."""


class Limiter:
    """The calls in flight to one endpoint, which all judges behind it share.

    Parameters
    ----------
    ceiling
        The most calls ever in flight; the window starts there.
    """

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.window = float(ceiling)
        self._flying: list[float] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._open_at = -math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._cut_at = -math.inf
        self._deep_cut_at = -math.inf
        self._service = _Service()
        self._shares = _Shares()

    async def enter(self, check: Callable[[], None]) -> float:
        """Wait for a free place and take it; return the time on the monotonic clock, to be given back with `leave`.

        ``check`` is called before and after every wait; what it raises gives up the place in the queue.
        """
        check()
        while not self._has_room():
            await self._turn(check)
        started = time.monotonic()
        self._flying.append(started)
        if self.window < self.ceiling:
            self._pause(started + min(_LONGEST_GAP_S, _PACE * self._service.latency_s / self.window))
        return started

    def leave(self, started: float) -> None:
        """Give back the place taken at that time."""
        self._flying.remove(started)
        if self._waiting:
            self._wake()

    @property
    def in_flight(self) -> int:
        """How many calls are out."""
        return len(self._flying)

    def served(self, started: float) -> None:
        """Note that the endpoint served a call that began at ``started``: the window grows by one a round."""
        now = time.monotonic()
        self._service.note(now, now - started)
        self._shares.note(self.window, served=True)
        growth = 1 / self.window if self.window >= 1 else self.window * _GROWTH_BELOW_ONE
        self.window = min(float(self.ceiling), self.window + growth)

    def refused(self, started: float, retry_after_s: float | None = None) -> None:
        """Note that the endpoint was too busy for a call that began at ``started``: cut the window, and pause if asked.

        Refusals of calls that began before the last cut are echoes of it and cut nothing. An endpoint that serves
        others meanwhile is not paused for one call that it asked to wait.
        """
        now = time.monotonic()
        self._shares.note(self.window, served=False)
        if started >= self._cut_at and self._shares.cutting_helps(self.window):
            borne = max(self._service.in_flight(now), sum(earlier < started for earlier in self._flying))
            if now - self._deep_cut_at >= self._service.latency_s:
                borne *= SERVED_SHARE
                self._deep_cut_at = now
            self.window = max(_SMALLEST_WINDOW, min(self.window, max(DECREASE * self.window, borne)))
            self._cut_at = now
        if retry_after_s is not None and retry_after_s <= LONGEST_PAUSE_S and self._service.noted_at < started:
            self._pause(now + retry_after_s)

    def rouse(self) -> None:
        """Let everybody who waits check whether there is still something to wait for."""
        waiting, self._waiting = self._waiting, deque()
        for place in waiting:
            if not place.done():
                place.set_result(None)

    def _pause(self, until: float) -> None:
        if until > self._open_at:
            self._open_at = until
            if self._timer is None:
                self._set_timer()

    def _set_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._open_at - time.monotonic(), self._reopen)

    def _reopen(self) -> None:
        if time.monotonic() < self._open_at:  # the pause was made longer meanwhile, or the timer came a hair early
            self._set_timer()
        else:
            self._timer = None
            self._wake()

    def _has_room(self) -> bool:
        return self.in_flight < max(1, int(self.window)) and time.monotonic() >= self._open_at

    async def _turn(self, check: Callable[[], None]) -> None:
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
            check()
        except BaseException:
            self._wake()  # the turn is another's
            raise

    def _wake(self) -> None:
        if time.monotonic() < self._open_at:
            return
        free = max(1, int(self.window)) - self.in_flight
        while free > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1


class _Service:
    """What an endpoint has served of late, with exponential forgetting."""

    def __init__(self) -> None:
        self.latency_s = 1.0
        """How long a served call takes; a guess until the first one."""
        self._busy_s = 0.0
        self.noted_at = -math.inf
        """When the last one was served, on the monotonic clock."""

    def note(self, now: float, seconds: float) -> None:
        """Note a call that was served in ``seconds``."""
        first = math.isinf(self.noted_at)
        self._busy_s = self._busy_s * self._kept(now) + seconds
        self.latency_s = seconds if first else 0.9 * self.latency_s + 0.1 * seconds
        self.noted_at = now

    def in_flight(self, now: float) -> float:
        """Return the mean number of calls in flight that were served."""
        return self._busy_s * self._kept(now) / self._memory_s

    @property
    def _memory_s(self) -> float:
        return max(_MEMORY_S, 4 * self.latency_s)

    def _kept(self, now: float) -> float:
        return math.exp((self.noted_at - now) / self._memory_s)


class _Shares:
    """The share of calls that were served, by the size of the window (to a power of two), with forgetting."""

    def __init__(self) -> None:
        self._served: dict[int, tuple[float, int]] = {}

    def note(self, window: float, *, served: bool) -> None:
        size = _size(window)
        share, calls = self._served.get(size, (0.0, 0))
        weight = 1 / min(calls + 1, _CALLS_REMEMBERED)
        self._served[size] = (share + weight * (served - share), calls + 1)

    def cutting_helps(self, window: float) -> bool:
        """Whether calls fare better the smaller the window, as far as can be told from this size and the next."""
        size = _size(window)
        smaller = size - 1 if self._known(size - 1) else size
        if not (self._known(smaller) and self._known(smaller + 1)):
            return True
        share, share_of_larger = self._served[smaller][0], self._served[smaller + 1][0]
        return share_of_larger == 0 or share > _BETTER * share_of_larger

    def _known(self, size: int) -> bool:
        return size in self._served and self._served[size][1] >= _CALLS_TO_TELL


def _size(window: float) -> int:
    return math.frexp(window)[1] - 1
