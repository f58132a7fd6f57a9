"""Progress while judges are asked: bars on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections import defaultdict, deque
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column

from judgeaudit.collection import Progress as Snapshot

NARROW = 80
"""Columns of a terminal that has no room for a bar: what is told beside it matters more."""
LONGEST_NAME = 16
PLAIN_EVERY_S = 30.0
REMEMBERED_S = 60.0
"""How far back the pace is taken from which the time left is told."""


class Meter:
    """Shows how far each judge is, on standard error.

    Use it as a context manager and as the ``progress`` of `judgeaudit.ask`.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        console = Console(file=self._stream, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            *([BarColumn(bar_width=10)] if console.width > NARROW else []),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[state]}", markup=False, table_column=Column()), console=console,
        )  # fmt: skip
        self._live = console.is_terminal
        self._tasks: dict[str, TaskID] = {}
        self._last_line: dict[str, float] = {}
        self._pace: dict[str, deque[tuple[float, int]]] = defaultdict(deque)
        self._stopping = False

    def __enter__(self) -> Meter:
        if self._live:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._bars.stop()

    def __call__(self, snapshot: Snapshot) -> None:
        """Show one judge's progress."""
        now = time.monotonic()
        left = self._seconds_left(snapshot, now)
        if snapshot.stopping and not self._stopping:
            self._stopping = True
            self._say("Stopping: calls in flight are waited for, and kept. Ctrl-C again stops at once.")
        if self._live:
            self._move_bar(snapshot, left)
        else:
            self._print_line(snapshot, left, now)

    def _say(self, line: str) -> None:
        if self._live:
            self._bars.console.print(line)
        else:
            self._stream.write(f"{line}\n")

    def _seconds_left(self, snapshot: Snapshot, now: float) -> float | None:
        """Return how long a judge needs at the pace of the last minute; None where none can be told."""
        pace = self._pace[snapshot.judge]
        pace.append((now, snapshot.done))
        while now - pace[0][0] > REMEMBERED_S:
            pace.popleft()
        since, before = pace[0]
        lasted, moved = now - since, snapshot.done - before
        return (snapshot.total - snapshot.done) * lasted / moved if moved and lasted > 1 else None

    def _move_bar(self, snapshot: Snapshot, left: float | None) -> None:
        if snapshot.judge not in self._tasks:
            self._tasks[snapshot.judge] = self._bars.add_task(_short(snapshot.judge), total=snapshot.total, state="")
        task, answered = self._tasks[snapshot.judge], snapshot.done - snapshot.missing
        self._bars.update(task, completed=answered, total=snapshot.total, state=state_of(snapshot, left))

    def _print_line(self, snapshot: Snapshot, left: float | None, now: float) -> None:
        if snapshot.done < snapshot.total and now - self._last_line.get(snapshot.judge, -PLAIN_EVERY_S) < PLAIN_EVERY_S:
            return
        self._last_line[snapshot.judge] = now
        line = f"{snapshot.judge}: {snapshot.done - snapshot.missing}/{snapshot.total} {state_of(snapshot, left)}"
        self._stream.write(f"{line.rstrip()}\n")
        self._stream.flush()


def state_of(snapshot: Snapshot, seconds_left: float | None = None) -> str:
    """Return the few words beside a bar: valid share, refusals, calls in flight, dollars, and the time left."""
    parts = []
    if snapshot.done:
        parts.append(f"{snapshot.valid / snapshot.done:.0%} valid")
    if snapshot.rate_limited:
        parts.append(f"{snapshot.rate_limited} x 429")
    if snapshot.failed:
        parts.append(f"{snapshot.failed} failed")
    if snapshot.missing:
        parts.append(f"{snapshot.missing} missing")
    if snapshot.in_flight:
        parts.append(f"{snapshot.in_flight} in flight")
    if snapshot.cost_usd:
        parts.append(_money(snapshot))
    if seconds_left is not None and snapshot.done < snapshot.total:
        parts.append(f"{_duration(seconds_left)} left")
    return ", ".join(parts)


def _short(name: str) -> str:
    """Return a name that is too long with its end, in which names of judges differ."""
    return name if len(name) <= LONGEST_NAME else f"{name[:5]}…{name[-10:]}"


def _money(snapshot: Snapshot) -> str:
    """Return what was spent, and, while there is more to come, what it will be and what it may be."""
    spent = f"${snapshot.cost_usd:.2f}"
    if snapshot.projected_usd is not None and snapshot.done < snapshot.total:
        spent += f" of ~${snapshot.projected_usd:.2f}"
    return spent if snapshot.cap_usd is None else f"{spent} (cap ${snapshot.cap_usd:g})"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
