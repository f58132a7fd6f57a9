"""SIGKILL at random moments of a real ``judgeaudit run``."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.reliability.runs import IN_FLIGHT, configure, finish, serving, start, stored, wait_for
from judgeaudit.pipeline import history, load_run
from judgeaudit.verdicts import VerdictStore
from tests.server import Server

CALLS_A_KILL = 30
"""Calls of the plan for each kill, so that most kills hit a run at work."""


@dataclass(frozen=True)
class Kills:
    """What became of a run that was killed again and again."""

    kills: int
    calls: int
    """Of the plan."""
    lost: int
    """Verdicts that a reader had seen, and that were gone or other after a kill."""
    repeated: int
    """Calls that were made again, over all kills."""
    most_repeated: int
    """After one kill."""
    twice: int
    """Verdicts beyond one for each cell of the plan."""
    admitted: int
    """Calls that the run itself says may have been paid twice."""
    same_audit: bool
    """Whether ``audit.json`` is, byte for byte, that of a run that was never killed."""

    @property
    def kept(self) -> bool:
        """Nothing is lost or doubled, no more than the calls in flight are repeated, and the result is the same."""
        return self.lost == self.twice == 0 and self.most_repeated <= IN_FLIGHT and self.same_audit


def kill(kills: int, folder: Path, seed: int = 0) -> Kills:
    """Kill one run again and again: as it starts, while 32 calls are in flight, and while it writes its report."""
    rng = random.Random(seed)
    with serving(latency_s=0.03) as server:
        config, run = configure(folder, server, items=max(5, kills * CALLS_A_KILL // 28)), folder / "killed"
        lost, sessions = 0, [0]
        for number in range(kills):
            seen, was = _once(config, run, server, rng, last=number >= 0.9 * kills), stored(run)
            lost += sum(was.get(key) != verdict for key, verdict in seen.items())
            sessions.append(server.hits)
        finish(start(config, run))
        sessions.append(server.hits)
        finish(start(config, folder / "whole"))
        repeats = _repeats(server, sessions)
    with VerdictStore.open(run) as store:
        kept, crashes = len(store), store.crashes()
    cells = len(load_run(run).verdicts)
    told = sum(crash.in_flight for crash in crashes)
    if f"at most {told:,} calls" not in history(run):
        raise RuntimeError(f"the report does not say what the crashes may have cost: {history(run)!r}")
    audits = {(path / "audit.json").read_bytes() for path in (run, folder / "whole")}
    return Kills(kills, cells, lost, sum(repeats), max(repeats), kept - cells, told, len(audits) == 1)


def _once(config: Path, run: Path, server: Server, rng: random.Random, *, last: bool) -> dict[str, str]:
    """Run and kill; return what a reader saw in the store just before."""
    process = start(config, run)
    if last or rng.random() < 0.1:  # at any time at all: while it starts, asks, fits or writes
        time.sleep(rng.random() * 3)
    else:
        wait_for(server, server.hits + rng.randint(1, 2 * CALLS_A_KILL - IN_FLIGHT // 2), process)
        time.sleep(rng.random() * 0.03)
    seen = stored(run)
    process.kill()
    process.communicate()
    return seen


def _repeats(server: Server, sessions: list[int]) -> list[int]:
    """Count, for each session, the requests that an earlier session had made already."""
    made: set[str] = set()
    repeats = []
    for first, end in pairwise(sessions):
        asked = [f"{request.body['model']} {request.prompt}" for request in server.requests[first:end]]
        repeats.append(sum(call in made for call in asked))
        made.update(asked)
    return repeats
