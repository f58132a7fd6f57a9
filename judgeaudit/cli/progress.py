"""Progress while judges are asked: bars on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from judgeaudit.collection import Progress as Snapshot

PLAIN_EVERY_S = 30.0


class Meter:
    """Shows how far each judge is, on standard error.

    Use it as a context manager and as the ``progress`` of `judgeaudit.ask`.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        console = Console(file=self._stream, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), MofNCompleteColumn(),
            TextColumn("{task.fields[state]}", markup=False), TimeRemainingColumn(compact=True), console=console,
        )  # fmt: skip
        self._live = console.is_terminal
        self._tasks: dict[str, TaskID] = {}
        self._last_line: dict[str, float] = {}

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
        if self._live:
            self._move_bar(snapshot)
        else:
            self._print_line(snapshot)

    def _move_bar(self, snapshot: Snapshot) -> None:
        if snapshot.judge not in self._tasks:
            self._tasks[snapshot.judge] = self._bars.add_task(snapshot.judge[:24], total=snapshot.total, state="")
        self._bars.update(self._tasks[snapshot.judge], completed=snapshot.done, state=state_of(snapshot))

    def _print_line(self, snapshot: Snapshot) -> None:
        now = time.monotonic()
        if snapshot.done < snapshot.total and now - self._last_line.get(snapshot.judge, -PLAIN_EVERY_S) < PLAIN_EVERY_S:
            return
        self._last_line[snapshot.judge] = now
        self._stream.write(f"{snapshot.judge}: {snapshot.done}/{snapshot.total} {state_of(snapshot)}\n")
        self._stream.flush()


def state_of(snapshot: Snapshot) -> str:
    """Return the few words beside a bar: valid share, refusals by rate limit, calls in flight, dollars."""
    parts = []
    if snapshot.done:
        parts.append(f"{snapshot.valid / snapshot.done:.0%} valid")
    if snapshot.rate_limited:
        parts.append(f"{snapshot.rate_limited} x 429")
    if snapshot.missing:
        parts.append(f"{snapshot.missing} missing")
    if snapshot.in_flight:
        parts.append(f"{snapshot.in_flight} in flight")
    if snapshot.cost_usd:
        parts.append(f"${snapshot.cost_usd:.2f}")
    return ", ".join(parts)
