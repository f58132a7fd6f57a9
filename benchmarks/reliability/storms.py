"""An endpoint that refuses, fails, cuts short and hangs: every cell ends, and every attempt is counted."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import dataclass

from judgeaudit.collection import ask
from judgeaudit.judges.api import ApiJudge
from judgeaudit.records import JudgeSpec
from tests.collection.worlds import make_pairs
from tests.server import Fault, Request, Server, completion

RETRY_AFTER = (None, "0", "0.05", "1", "-3", "soon", "86400", "1e308", "NaN", "Mon, 01 Jan 2035 00:00:00 GMT")
"""What a refusal says of when to come back: nothing, sense, or nonsense."""
VERDICT = json.dumps({"choice": "A", "rationale": "so"})


@dataclass(frozen=True)
class Storm:
    """How a run came through a storm."""

    cells: int
    ended: Counter[str]
    """Cells by outcome and reason."""
    attempts: int
    """As the verdicts count them."""
    hits: int
    """As the server counts them."""
    refused: int
    """Requests that the server answered with 429."""
    seconds: float
    allowed_per_s: float
    """Served requests a second that the server allows; 0 where it refuses by chance."""
    served_per_s: float
    """Requests let through a second, but for the first and the last tenth of them."""

    @property
    def kept(self) -> bool:
        """Every cell ends, nearly all with a verdict; every attempt is counted; the pace is what the server allows."""
        unanswered = sum(count for kind, count in self.ended.items() if kind != "valid")
        counted = self.ended.total() == self.cells and self.attempts == self.hits
        return counted and unanswered <= self.cells / 100 and self.served_per_s >= 0.8 * self.allowed_per_s


class Endpoint:
    """The script of a server behind a token bucket (or chance) with further faults; each part happens by a fixed draw.

    Parameters
    ----------
    per_s
        Requests a second that are let through; 0 refuses 60 % by chance.
    seed
        Of the faults.
    """

    def __init__(self, per_s: float, seed: int) -> None:
        self.per_s, self.random, self.refused = per_s, random.Random(seed), 0
        self.level, self.at = per_s / 10, time.monotonic()
        self.served_at: list[float] = []

    def __call__(self, request: Request) -> str | Fault:
        """Answer, or not."""
        if self._is_too_much():
            self.refused += 1
            value = self.random.choice(RETRY_AFTER)
            return Fault(status=429, headers={} if value is None else {"Retry-After": value})
        self.served_at.append(time.monotonic())
        fate = self.random.random()
        if fate < 0.10:
            return Fault(status=500)
        if fate < 0.15 and request.body["max_tokens"] == 400:
            return completion("", finish_reason="length")
        if fate < 0.20:
            return Fault(hang_s=3)
        return completion(VERDICT)[:-2] if fate < 0.21 else '{"id": "x", "choices": []}' if fate < 0.22 else VERDICT

    def _is_too_much(self) -> bool:
        if not self.per_s:
            return self.random.random() < 0.6
        now = time.monotonic()
        self.level, self.at = min(self.per_s / 10, self.level + (now - self.at) * self.per_s), now
        if self.level < 1:
            return True
        self.level -= 1
        return False


def weather(items: int, per_s: float, seed: int = 0) -> Storm:
    """Ask about so many items with 64 calls in flight and a time-out of one second."""
    endpoint = Endpoint(per_s, seed)
    with Server(endpoint, latency_s=0.05) as server:
        judge = ApiJudge(JudgeSpec(name="j", model="fake", api_base=server.api_base))
        began = time.monotonic()
        verdicts = ask(make_pairs(items), [judge], timeout_s=1.0, retries=9, concurrency=64)
        seconds = time.monotonic() - began
    ended = Counter(f"{verdict.outcome} {verdict.reason}".strip() for verdict in verdicts)
    attempts = sum(verdict.attempts for verdict in verdicts)
    served = endpoint.served_at[len(endpoint.served_at) // 10 : -len(endpoint.served_at) // 10]
    rate = (len(served) - 1) / (served[-1] - served[0])
    return Storm(len(verdicts), ended, attempts, server.hits, endpoint.refused, seconds, per_s, rate)
