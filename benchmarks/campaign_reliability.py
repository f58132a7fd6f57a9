"""Try what judgeaudit promises: kills, storms, fuzzed replies, budgets, failing disks, damage, jumping clocks.

``python -m benchmarks.campaign_reliability`` runs every trial in full (about two hours on two cores) and prints a line
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

from benchmarks.reliability.budgets import Budgets, spend
from benchmarks.reliability.disks import Damage, Disks, damage, fail
from benchmarks.reliability.kills import Kills, kill
from benchmarks.reliability.loads import Load, load
from benchmarks.reliability.replies import Replies, fuzz
from benchmarks.reliability.runs import IN_FLIGHT, configure, finish, serving, start
from benchmarks.reliability.schedules import Jumps, Meetings, Orders, jump, meet, shuffle
from benchmarks.reliability.storms import Storm, weather
from judgeaudit.verdicts import VerdictStore

TRIALS: dict[str, tuple[int, Callable[[int, Path], Any]]] = {
    "kills": (200, kill),
    "replies": (10_000, lambda n, _: fuzz(n)),
    "storm, by load": (5_000, lambda n, _: weather(n, per_s=200)),
    "storm, by chance": (5_000, lambda n, _: weather(n, per_s=0)),
    "budgets": (1_000, lambda n, _: spend(n)),
    "disks": (200, fail),
    "damage": (500, lambda n, folder: damage_of_a_run(n, folder)),
    "two at once": (20, meet),
    "clock": (60, jump),
    "orders": (50, shuffle),
    "load": (100_000, load),
}
"""The size of each trial in full, and what runs it."""


def damage_of_a_run(stores: int, folder: Path) -> Damage:
    """Damage copies of the store that a run has left."""
    with serving(latency_s=0) as server:
        finish(start(configure(folder, server, items=10), folder / "run"))
    with VerdictStore.open(folder / "run") as store:
        verdicts = list(store)
    return damage(stores, folder, verdicts, folder / "run" / "verdicts.db")


def is_kept(found: Any) -> bool:
    """Whether what a trial found is what was promised."""
    match found:
        case Kills():
            return found.lost == found.twice == 0 and found.most_repeated <= IN_FLIGHT and found.same_audit
        case Replies():
            return found.raised == found.no_outcome == found.asymmetric == 0 and found.slowest_ms < 50
        case Storm():
            unanswered = sum(count for kind, count in found.ended.items() if kind != "valid")
            return (
                found.ended.total() == found.cells
                and found.attempts == found.hits
                and unanswered <= found.cells / 100
                and found.served_per_s >= 0.8 * found.allowed_per_s
            )
        case Budgets():
            return found.over == 0 < found.stopped
        case Disks():
            return not found.unclear and found.lost == found.other_audit == 0 and found.paid_again <= IN_FLIGHT
        case Damage():
            return found.wrong == 0 and not found.raised
        case Meetings():
            return found.twice == 0
        case Jumps():
            return found.timeouts == 0 and found.requests == found.cells + found.refused
        case Orders():
            return found.different == 0 and found.orders_seen == found.schedules
        case Load():
            return found.peak_mb < 400 and found.growth < 1.1 and found.report_s < 10
    raise TypeError(f"no promise is known for {type(found).__name__}")


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
        kept = is_kept(found)
        broken += not kept
        print(f"{name}: {'kept' if kept else 'BROKEN'} ({time.monotonic() - began:.0f} s)\n  {found}", flush=True)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
