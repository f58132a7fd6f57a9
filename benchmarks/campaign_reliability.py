"""Try what judgeaudit promises: kills, storms, fuzzed replies, budgets, failing disks, damage, jumping clocks.

``python -m benchmarks.campaign_reliability`` runs every trial in full (half an hour on two cores) and prints a line
of counts for each; names of trials run only these, ``--share`` runs that share of each. Returns 1 where a promise is
not kept. The everyday tests run the same trials in a short form.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.reliability.budgets import spend
from benchmarks.reliability.disks import Damage, damage, fail
from benchmarks.reliability.kills import kill
from benchmarks.reliability.loads import load
from benchmarks.reliability.replies import fuzz
from benchmarks.reliability.runs import configure, finish, serving, start
from benchmarks.reliability.schedules import jump, meet, shuffle
from benchmarks.reliability.storms import weather
from judgeaudit.verdicts import VerdictStore


def damage_of_a_run(stores: int, folder: Path) -> Damage:
    """Damage copies of the store that a run has left."""
    with serving(latency_s=0) as server:
        finish(start(configure(folder, server, items=10), folder / "run"))
    with VerdictStore.open(folder / "run") as store:
        verdicts = list(store)
    return damage(stores, folder, verdicts, folder / "run" / "verdicts.db")


TRIALS: dict[str, tuple[int, Callable[[int, Path], Any]]] = {
    "kills": (200, kill),
    "replies": (10_000, lambda n, _: fuzz(n)),
    "storm, by load": (5_000, lambda n, _: weather(n, per_s=200)),
    "storm, by chance": (5_000, lambda n, _: weather(n, per_s=0)),
    "budgets": (1_000, lambda n, _: spend(n)),
    "disks": (200, fail),
    "damage": (5_000, damage_of_a_run),
    "two at once": (20, meet),
    "clock": (60, jump),
    "orders": (50, shuffle),
    "load": (100_000, load),
}
"""The size of each trial in full, and what runs it."""


def main() -> int:
    """Run the trials that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help=", ".join(TRIALS))
    parser.add_argument("--share", type=float, default=1.0)
    options = parser.parse_args()
    if unknown := [name for name in options.trials if name not in TRIALS]:
        parser.error(f"no trial is called {unknown[0]!r}; there are: {', '.join(TRIALS)}")
    broken = 0
    for name in options.trials or TRIALS:
        size, trial = TRIALS[name]
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            found = trial(max(1, round(size * options.share)), Path(folder))
        broken += not found.kept
        print(f"{name}: {'kept' if found.kept else 'BROKEN'} ({time.monotonic() - began:.0f} s)\n  {found}", flush=True)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
