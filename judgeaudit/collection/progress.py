"""What a run is doing, in small frozen snapshots: for a progress bar, a log, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from judgeaudit.records import Verdict


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one judge is."""

    judge: str
    done: int
    """Cells that have ended, those known from the store included."""
    total: int
    valid: int
    missing: int
    """Cells that ended without a reply."""
    attempts: int
    """Requests made in this run, failed ones included."""
    rate_limited: int
    """Requests that the endpoint refused because it was too busy."""
    in_flight: int
    cost_usd: float
    """Known spending in this run, in US dollars."""
    projected_usd: float | None
    """What this run will have spent on the judge in the end, at the mean cost so far; None before the first reply."""
    cap_usd: float | None
    """The most that all judges together may spend, earlier runs into the same store included; None without a cap."""
    failed: int = 0
    """Requests that failed otherwise than by a refusal."""
    stopping: bool = False
    """Whether the run was told to stop: no further call is started, and those in flight are waited for."""


Listener = Callable[[Progress], None]


@dataclass(slots=True)
class Tally:
    """The running counts of one judge."""

    judge: str
    cap_usd: float | None = None
    total: int = 0
    known: int = 0
    """Cells that the store knew, which this run did not ask."""
    done: int = 0
    valid: int = 0
    missing: int = 0
    attempts: int = 0
    rate_limited: int = 0
    failed: int = 0
    in_flight: int = 0
    cost_usd: float = 0.0
    streak: int = 0
    """Calls given up one after the other, with no reply in between."""
    last_loss: str = ""
    """Why the last of these was given up."""
    stopping: bool = False

    def count(self, verdict: Verdict | None) -> None:
        """Count a cell that has ended; None is one that has not."""
        if verdict is not None:
            self.done += 1
            self.valid += verdict.outcome == "valid"
            self.missing += verdict.outcome == "missing"

    def snapshot(self) -> Progress:
        """Return the counts as they stand."""
        asked = self.done - self.known
        projected = self.cost_usd / asked * (self.total - self.known) if asked else None
        return Progress(
            self.judge, self.done, self.total, self.valid, self.missing,
            self.attempts, self.rate_limited, self.in_flight, self.cost_usd, projected, self.cap_usd,
            self.failed, self.stopping,
        )  # fmt: skip
