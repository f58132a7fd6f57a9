"""Runs that end in another order, at another pace, under a jumping clock, or two at once: the result is the same."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Final

from benchmarks.reliability.disks import faulty_library
from benchmarks.reliability.runs import configure, deliberate, finish, serving, start
from judgeaudit.config import load_config
from judgeaudit.pipeline import run
from judgeaudit.verdicts import VerdictStore
from tests.server import Fault, Request, Server

CELLS: Final = 28
"""Of one item: two judges, seven contrasts, both orders."""


@dataclass(frozen=True)
class Orders:
    """How alike runs are whose calls end in different orders."""

    schedules: int
    different: int
    """Further contents of ``audit.json``; its bytes where the configuration is the same, else all but the recipe."""
    orders_seen: int
    """Different orders in which the server was asked; a trial in which all were alike would show here."""

    @property
    def kept(self) -> bool:
        """The result is the same, and the orders were not; one call at a time may well give the same order twice."""
        return self.different == 0 and self.orders_seen > 0.7 * self.schedules


def shuffle(schedules: int, folder: Path, seed: int = 0) -> Orders:
    """Run one configuration with latencies, refusals, failures and concurrency drawn anew each time."""
    audits, results, orders, rng = set[bytes](), set[str](), set[tuple[str, ...]](), random.Random(seed)
    pace = (1, 3, 16, 64)

    def script(request: Request) -> str | Fault:
        time.sleep(rng.random() ** 4 / 200)
        return Fault(status=rng.choice((429, 500))) if rng.random() < 0.03 else deliberate(request)

    with Server(script) as server:
        settings = load_config(configure(folder, server, items=6))
        for number in range(schedules):
            collect = settings.collect.model_copy(update={"concurrency": pace[number % len(pace)]})
            done = run(settings.model_copy(update={"collect": collect}), folder / f"run-{number}")
            orders.add(tuple(request.prompt for request in server.requests))
            server.requests.clear()
            written = (done.path / "audit.json").read_bytes()
            audits.add(written)
            results.add(_without_recipe(written))
    return Orders(schedules, len(audits) - min(schedules, len(pace)) + len(results) - 1, len(orders))


def _without_recipe(written: bytes) -> str:
    audit = json.loads(written)
    del audit["provenance"], audit["run"]["id"]
    return json.dumps(audit)


@dataclass(frozen=True)
class Jumps:
    """What a run made of a clock that jumps by a day at every reading."""

    cells: int
    requests: int
    """Beyond one for each cell they are those that the server refused."""
    refused: int
    timeouts: int
    seconds: float

    @property
    def kept(self) -> bool:
        """No time-out misfires, and nothing but what was refused is asked again."""
        return self.timeouts == 0 and self.requests == self.cells + self.refused


def jump(items: int, folder: Path) -> Jumps:
    """Run while the wall clock jumps, against a server that answers in time and now and then asks to wait to a date."""
    refused = 0

    def script(request: Request) -> str | Fault:
        nonlocal refused
        if request.number % 10 == 0:
            refused += 1
            return Fault(status=429, headers={"Retry-After": formatdate(time.time(), usegmt=True)})
        return deliberate(request)

    with Server(script, latency_s=0.02) as server:
        config = configure(folder, server, items=items, timeout_s=5)
        began = time.monotonic()
        finish(start(config, folder / "run", {"LD_PRELOAD": str(faulty_library(folder)), "CLOCK_JUMPS": "1"}))
        seconds = time.monotonic() - began
    with VerdictStore.open(folder / "run") as store:
        attempts = store.attempts()
        timeouts = sum(n for (_, _, reason), n in attempts.items() if reason == "timeout")
        return Jumps(len(store), server.hits, refused, timeouts, seconds)


@dataclass(frozen=True)
class Meetings:
    """What became of runs that were started twice at once into one directory."""

    meetings: int
    told: int
    """Times the second was told who holds the run; when it comes late it finds all done, and asks nothing."""
    twice: int
    """Calls made, or verdicts kept, beyond one for each cell."""

    @property
    def kept(self) -> bool:
        """Nothing is asked or kept twice."""
        return self.twice == 0


def meet(meetings: int, folder: Path) -> Meetings:
    """Start two runs at once, again and again."""
    told = twice = 0
    with serving(latency_s=0.02) as server:
        config = configure(folder, server, items=3)
        for number in range(meetings):
            before, run_directory = server.hits, folder / f"run-{number}"
            processes = [start(config, run_directory) for _ in range(2)]
            said = [process.communicate(timeout=120)[1] for process in processes]
            ended = [process.returncode for process in processes]
            refused = sum("is being written by process" in line for line in said)
            told += refused
            if sorted(ended) not in ([0, 0], [0, 2]) or ended.count(2) != refused:
                raise RuntimeError(f"two runs at once ended with {ended}: {said}")
            with VerdictStore.open(run_directory) as store:
                twice += len(store) + server.hits - before - 2 * 3 * CELLS
    return Meetings(meetings, told, twice)
