"""The cells of a plan, the calls they wait for, and how each of them ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from judgeaudit.collection.caller import Ended
from judgeaudit.collection.schedule import Call, Orders, cells, trial_of
from judgeaudit.judges.parsing import read
from judgeaudit.judges.protocol import Judge, reading_of
from judgeaudit.records import Order, Pair, Reply, Trial, Usage, Verdict
from judgeaudit.verdicts import Entry, VerdictStore

CUT_SHORT = ("budget", "interrupted")
"""Reasons for which the rest of a plan is not asked either."""


@dataclass(slots=True, eq=False)
class Job:
    """One call, and the cells that wait for it."""

    call: Call
    cells: list[Cell] = field(default_factory=list)
    ended: Ended | None = None

    @property
    def open(self) -> bool:
        """Whether a cell still waits for it."""
        return self.ended is None and any(cell.asked and not cell.ended for cell in self.cells)

    @property
    def bearer(self) -> Cell | None:
        """The cell that bears what the call cost: one that an earlier run has decided, or the first of those asked."""
        if len(self.cells) == 1:
            return self.cells[0]
        asked = (cell for cell in self.cells if cell.known or cell.asked)
        return min(asked, key=lambda cell: (not cell.known, cell.block or 0), default=None)


@dataclass(slots=True, eq=False)
class Cell:
    """One trial of the plan on its way to a verdict; a plan may have a hundred thousand."""

    pair: Pair
    judge: Judge
    order: Order
    replicate: int
    key: str
    content: str
    jobs: tuple[Job, ...]
    verdict: Verdict | None = None
    known: bool = False
    """Whether its verdict is of an earlier run."""
    kept: bool = False
    """Whether its verdict is in the store, and no longer here."""
    block: int | None = 0
    """The block of the plan in which it is asked; None while a run that stops when it is precise has not come to it."""

    @property
    def asked(self) -> bool:
        """Whether a run has come to it."""
        return self.block is not None

    @property
    def ended(self) -> bool:
        """Whether it has its verdict."""
        return self.kept or self.verdict is not None

    @property
    def trial(self) -> Trial:
        """The trial, made anew."""
        return trial_of(self.pair, self.judge, self.order, self.replicate, self.content)

    def entry(self) -> Entry | None:
        """Return what the store keeps of it: nothing, where no reply came."""
        if self.verdict is None or self.verdict.outcome == "missing":
            return None
        return Entry(self.verdict, tuple(job.call.key for job in self.jobs), self.key)


def entries_of(cells: Iterable[Cell]) -> list[Entry]:
    """Return what the store keeps of cells that have ended."""
    return [entry for cell in cells if (entry := cell.entry())]


class Board:
    """Every cell of the plan, with the calls that cells share put together.

    Parameters
    ----------
    pairs, judges, orders, replicates, seed
        As for `plan`.
    in_blocks
        Whether the cells are to be asked block by block: none is asked before `ask_block`.
    """

    def __init__(
        self, pairs: Sequence[Pair], judges: Sequence[Judge], *, orders: Orders, replicates: int, seed: int,
        in_blocks: bool = False,
    ) -> None:  # fmt: skip
        self.cells: list[Cell] = []
        self.jobs: dict[str, Job] = {}
        for planned in cells(pairs, judges, orders=orders, replicates=replicates, seed=seed):
            pair, judge, order, replicate, content, calls = planned
            jobs = tuple([self._job(call) for call in calls])
            cell = Cell(pair, judge, order, replicate, planned.key, content, jobs, block=None if in_blocks else 0)
            for job in jobs:
                if not job.cells or job.cells[-1] is not cell:  # two answers may be one text, scored by one call
                    job.cells.append(cell)
            self.cells.append(cell)

    def _job(self, call: Call) -> Job:
        return self.jobs.setdefault(call.key, Job(call))

    def recall(self, store: VerdictStore) -> list[Cell]:
        """Fill in what the store knows: verdicts, and replies that the present parser has not read yet.

        Returns the cells that have their verdict by such a reply.
        """
        known = store.known(cell.key for cell in self.cells)
        for cell in self.cells:
            cell.verdict = known.get(cell.key)
            cell.known = cell.verdict is not None
        waited_for = [key for key, job in self.jobs.items() if not all(cell.ended for cell in job.cells)]
        for key, reply in store.replies(waited_for).items():
            self.jobs[key].ended = Ended(reply, 1)
        return self._decide(self.cells)

    def ask_block(self, block: int, chosen: Iterable[Cell]) -> list[Cell]:
        """Come to the next cells; return those that have their verdict at once, by replies that are there already."""
        cells = list(chosen)
        for cell in cells:
            cell.block = block
        return self._decide(cells)

    def open_jobs(self, judge: str) -> Iterator[Job]:
        """Give the calls that a judge is yet to be asked, in the plan's order."""
        return (job for job in self.jobs.values() if job.cells[0].judge.name == judge and job.open)

    def settle(self, job: Job, ended: Ended) -> list[Cell]:
        """Note how a call ended; return the cells that have their verdict by it, and let go of their replies."""
        job.ended = ended
        return self._decide(job.cells)

    def _decide(self, cells: Iterable[Cell]) -> list[Cell]:
        """Give their verdict to the cells that were asked and have all their replies."""
        decided = [cell for cell in cells if cell.asked and not cell.ended and all(job.ended for job in cell.jobs)]
        for cell in decided:
            cell.verdict = _verdict(cell)
        for cell in decided:
            for job in cell.jobs:
                if all(waiting.ended for waiting in job.cells):
                    job.ended = _OVER
        return decided

    def is_cut_short(self) -> bool:
        """Whether a cell that was asked ended for want of money or time, so that a look would judge half a block."""
        ended = (cell.verdict for cell in self.cells if cell.asked and cell.verdict is not None)
        return any(verdict.reason in CUT_SHORT for verdict in ended)

    def put_away(self, decided: Sequence[Cell]) -> None:
        """Let go of verdicts that the store has."""
        for cell in decided:
            if cell.verdict is not None and cell.verdict.outcome != "missing":
                cell.verdict, cell.kept = None, True

    def hand_over(self, store: VerdictStore | None) -> list[Verdict]:
        """Return the verdict of every cell asked, in the plan's order, those that were put away from the store.

        The plan is given up: of a large one, the verdicts take the room.
        """
        said = {cell.key: cell.verdict for cell in self.cells if cell.asked}
        for job in self.jobs.values():
            job.cells.clear()
        self.jobs.clear()
        self.cells.clear()
        if store is not None:
            said.update(store.known(key for key, verdict in said.items() if verdict is None))
        return [verdict for verdict in said.values() if verdict is not None]


_OVER: Final = Ended(None)


def _verdict(cell: Cell) -> Verdict:
    billed = {job for job in cell.jobs if job.bearer is cell}
    attempts = sum(job.ended.attempts for job in billed if job.ended)
    for job in cell.jobs:
        if job.ended is not None and job.ended.reply is None:
            return Verdict(
                trial=cell.trial,
                outcome="missing",
                reason=job.ended.reason,
                raw=job.ended.detail,
                attempts=attempts,
                cost_usd=0.0,
            )
    replies = []
    for job in cell.jobs:
        replies.append(_share(job, bears=job in billed))
        billed.discard(job)  # two answers may be one text, whose reply counts once
    verdict = read(cell.trial, replies, echoes=(cell.pair.a.text, cell.pair.b.text), reading=reading_of(cell.judge))
    return verdict if verdict.attempts == attempts else verdict.model_copy(update={"attempts": attempts})


def _share(job: Job, *, bears: bool) -> Reply:
    """Return the reply to a call as it counts for one cell: in full for the one that bears the cost."""
    reply = job.ended.reply if job.ended else None
    if reply is None or bears:
        return reply or Reply()
    return reply.model_copy(update={"usage": Usage(), "cost_usd": 0.0, "latency_s": 0.0})
