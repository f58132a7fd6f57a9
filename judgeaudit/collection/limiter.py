"""How many calls an endpoint may have in flight: up by one a round while it bears them, down at once when it does not.

Additive increase and multiplicative decrease (Chiu and Jain 1989, doi:10.1016/0169-7552(89)90019-6): the one linear
rule under which several clients of one endpoint converge to a fair and efficient share.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

DECREASE: Final = 0.7
"""What is left of the window after the endpoint refused a call."""
LONGEST_PAUSE_S: Final = 120.0
"""The longest wait an endpoint may ask for with ``Retry-After``."""
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_OWN_PAUSE_S: Final = 15.0


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
        self.in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._open_at = 0.0
        self._cut_at = 0.0
        self._refusals = 0

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[float]:
        """Wait for a free place and hold it; gives the time on the loop's clock at which it was taken."""
        while not self._has_room():
            await self._turn()
        self.in_flight += 1
        try:
            yield asyncio.get_running_loop().time()
        finally:
            self.in_flight -= 1
            self._wake()

    def let_go(self) -> None:
        """Let everybody who waits through, and end any pause: nothing will be asked any more."""
        self.ceiling = sys.maxsize
        self.window, self._open_at = float(self.ceiling), 0.0
        self._wake()

    def bore(self) -> None:
        """Note that the endpoint served a call: the window grows by one a round."""
        self._refusals = 0
        self.window = min(float(self.ceiling), self.window + 1.0 / self.window)

    def refused(self, started: float, retry_after_s: float | None) -> None:
        """Note that the endpoint was too busy for a call that began at ``started``: cut the window, or pause.

        Refusals of calls that began before the last cut are echoes of it and cut nothing.
        """
        now = asyncio.get_running_loop().time()
        if started >= self._cut_at:
            at_floor = self.window <= 1.0
            self.window = max(1.0, self.window * DECREASE)
            self._cut_at = now
            self._refusals = self._refusals + 1 if at_floor else 0
        if retry_after_s is not None:
            self._pause(now + min(retry_after_s, LONGEST_PAUSE_S))
        elif self._refusals:
            longest = min(_LONGEST_OWN_PAUSE_S, _FIRST_PAUSE_S * 2**self._refusals)
            self._pause(now + random.uniform(0, longest))

    async def _turn(self) -> None:
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            self._wake()
            raise

    def _pause(self, until: float) -> None:
        if until > self._open_at:
            self._open_at = until
            asyncio.get_running_loop().call_at(until, self._wake)

    def _has_room(self) -> bool:
        return self.in_flight < int(self.window) and asyncio.get_running_loop().time() >= self._open_at

    def _wake(self) -> None:
        free = int(self.window) - self.in_flight
        if asyncio.get_running_loop().time() < self._open_at:
            return
        while free > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1
