"""Random worlds of price, use and cap: what the endpoints have really charged never exceeds the cap."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from judgeaudit.collection import ask
from judgeaudit.errors import PermanentError, TransientError
from judgeaudit.records import Pair, Reply, Showing
from tests.collection.worlds import make_pairs

AT_ONCE = 8


@dataclass(frozen=True)
class Budgets:
    """What was spent in many worlds."""

    worlds: int
    over: int
    """Worlds in which more was charged than the cap."""
    stopped: int
    """Worlds in which the cap ended the run before the plan did."""
    fullest: float
    """Largest share of its cap that a world has charged."""

    @property
    def kept(self) -> bool:
        """No cap is crossed, though caps end runs."""
        return self.over == 0 < self.stopped


class Till:
    """A judge with a till of its own: it charges for replies, and for some requests that fail as well."""

    protocol, note, parallel = "pairwise", "", None

    def __init__(self, name: str, rng: random.Random) -> None:
        self.name = self.model = self.endpoint = name
        self.random, self.charged = rng, 0.0
        self.ceiling = rng.uniform(0.001, 1)

    def recipe(self) -> dict[str, str]:
        """Return its name."""
        return {"model": self.name}

    def price_ceiling(self, showing: Showing) -> float:
        """Return the most that a call can cost."""
        del showing
        return self.ceiling

    async def decide(self, showing: Showing, *, roomier: bool = False) -> Reply:
        """Charge, then reply or fail."""
        del showing
        room = 2 if roomier else 1
        cost = self.random.choice((self.random.random(), 1.0, 0.01)) * self.ceiling * room
        await asyncio.sleep(self.random.random() / 2000)
        fate = self.random.random()
        if fate < 0.05:
            raise TransientError("busy", reason="rate_limit", retry_after_s=0.0)
        if fate < 0.08:
            raise PermanentError("no", reason="bad_request")
        self.charged += cost
        if fate < 0.13:  # charged all the same, and nobody here is told
            raise TransientError("gone", reason=self.random.choice(("timeout", "connection", "malformed")))
        known = None if fate < 0.18 else cost
        if fate < 0.23:
            return Reply(text="", finish_reason="length", cost_usd=known)
        return Reply(text='{"choice": "A"}', cost_usd=known)


def spend(worlds: int, seed: int = 0) -> Budgets:
    """Ask in that many worlds, each with one to three judges and one to three runs into the same store."""
    with ThreadPoolExecutor(AT_ONCE) as pool:  # most of a world is waiting
        shares, stopped = zip(*pool.map(_world, (random.Random(f"{seed} {n}") for n in range(worlds))), strict=True)
    return Budgets(worlds, sum(share > 1 + 1e-9 for share in shares), sum(stopped), max(shares))


def _world(rng: random.Random) -> tuple[float, bool]:
    """Return the share of the cap that was charged in one world, and whether the cap ended a run."""
    tills = [Till(f"j{n}", rng) for n in range(rng.randint(1, 3))]
    pairs = make_pairs(rng.randint(1, 12))
    cap = rng.uniform(0.001, 1.2) * sum(till.ceiling for till in tills) * len(pairs)
    with tempfile.TemporaryDirectory() as folder:
        stopped = _runs(tills, pairs, cap, rng, Path(folder))
    return sum(till.charged for till in tills) / cap, stopped


def _runs(tills: Sequence[Till], pairs: Sequence[Pair], cap: float, rng: random.Random, folder: Path) -> bool:
    stopped = False
    for _ in range(rng.randint(1, 3)):
        verdicts = ask(
            pairs, tills, store=folder, max_cost_usd=cap, concurrency=rng.choice((1, 4, 32)), retries=2, timeout_s=20
        )
        stopped |= any(verdict.reason == "budget" for verdict in verdicts)
    return stopped
