"""Puts every pair to every judge and brings back one verdict for each cell of the plan."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack

from judgeaudit.collection.board import Board, Cell, Job, entries_of
from judgeaudit.collection.budget import Budget, check_prices
from judgeaudit.collection.caller import Caller, Patience, Stop
from judgeaudit.collection.deadlines import Deadlines
from judgeaudit.collection.interruption import run_to_the_end
from judgeaudit.collection.ledger import Ledger
from judgeaudit.collection.limiter import Limiter
from judgeaudit.collection.precision import ask_in_blocks, check_precision
from judgeaudit.collection.progress import Listener, Progress, Tally
from judgeaudit.collection.schedule import Orders
from judgeaudit.errors import ConfigError
from judgeaudit.judges import AnyJudge, Closable, Judge, Priced, as_judge
from judgeaudit.records import Pair, Verdict
from judgeaudit.verdicts import VerdictStore

_PROGRESS_EVERY_S: Final = 0.2
_OBJECTS_BETWEEN_LOOKS: Final = 20_000
"""New objects after which the garbage collector looks for what is unreachable."""
_MOST_HELD: Final = 20_000
"""Cells of a plan whose verdicts, a kilobyte or two each, are held in memory besides the store."""


def ask(
    pairs: Sequence[Pair],
    judges: Sequence[AnyJudge],
    *,
    store: str | Path | VerdictStore | None = None,
    orders: Orders = "counterbalanced",
    replicates: int = 1,
    concurrency: int = 64,
    timeout_s: float = 60.0,
    max_cost_usd: float | None = None,
    seed: int = 0,
    progress: Listener | None = None,
    retries: int = 6,
    precision: Mapping[str, float] | None = None,
) -> list[Verdict]:
    """Ask every judge about every pair; return one verdict for each planned cell, in the order of the plan.

    A cell that brought no reply is a verdict too, with outcome ``missing`` and its reason. What the store knows is not
    asked again; what it lacks is asked next time. Ctrl-C once starts no further call, waits for those in flight and
    returns what there is (the rest is missing: ``interrupted``); Ctrl-C twice stops at once. Works in a notebook too.

    Parameters
    ----------
    pairs
        What is judged.
    judges
        Who judges: model strings, specifications, or judges.
    store
        A run directory (or an open store) that keeps every reply; None keeps nothing.
    orders, replicates, seed
        The plan, see `plan`.
    concurrency
        The most calls in flight to one endpoint; fewer when it says that it is too busy.
    timeout_s
        Seconds for one attempt; a call with all its attempts and waits gets ``timeout_s * (retries + 1)``.
    max_cost_usd
        The most to spend, together with what the store's earlier runs have spent. Never crossed where prices are known.
    progress
        Called with a `Progress` of each judge that moved, a few times a second.
    retries
        Further attempts after a failure that may pass; waiting for a busy endpoint is not counted.
    precision
        Largest half-width by term on the net-preference scale, such as ``{"style_reward": 0.10}``: items are asked in
        blocks, and no contrast longer than the effects that rest on it need. What is not needed is not in the plan.

    Raises
    ------
    ConfigError, PairError
        When the request cannot be carried out as it stands; nothing was sent.
    StoreError
        When the store cannot be opened or written; what was committed stands.
    """
    reached = [as_judge(judge) for judge in judges]

    def collect(stop: Stop) -> Coroutine[Any, Any, list[Verdict]]:
        return _ask(
            pairs,
            reached,
            stop,
            store=store,
            orders=orders,
            replicates=replicates,
            concurrency=concurrency,
            timeout_s=timeout_s,
            max_cost_usd=max_cost_usd,
            seed=seed,
            progress=progress,
            retries=retries,
            precision=precision,
        )

    return run_to_the_end(collect)


def recollect(
    pairs: Sequence[Pair],
    judges: Sequence[Judge],
    store: str | Path,
    *,
    orders: Orders = "counterbalanced",
    replicates: int = 1,
    seed: int = 0,
    precision: Mapping[str, float] | None = None,
) -> list[Verdict]:
    """Return what a store knows of a plan, its replies read by the present parser; nothing is asked or written.

    A cell of which the store knows nothing is ``missing``.

    Raises
    ------
    StoreError
        When there is no store, or it cannot be read.
    """
    board = Board(pairs, judges, orders=orders, replicates=replicates, seed=seed, in_blocks=bool(precision))
    with VerdictStore.open(store) as kept:
        board.recall(kept)
    for _ in in_blocks(board, pairs, precision, seed):
        if any(cell.asked and cell.verdict is None for cell in board.cells):
            break
    return [
        cell.verdict or Verdict(trial=cell.trial, outcome="missing", reason="not asked", attempts=0)
        for cell in board.cells
        if cell.asked
    ]


class Settings(TypedDict, total=False):
    """The settings of `ask` and `ask_async`, described there."""

    store: str | Path | VerdictStore | None
    orders: Orders
    replicates: int
    concurrency: int
    timeout_s: float
    max_cost_usd: float | None
    seed: int
    progress: Listener | None
    retries: int
    precision: Mapping[str, float] | None


async def ask_async(pairs: Sequence[Pair], judges: Sequence[AnyJudge], **settings: Unpack[Settings]) -> list[Verdict]:
    """Do what `ask` does inside a running event loop, with the same settings; interrupting is left to the caller."""
    return await _ask(pairs, [as_judge(judge) for judge in judges], Stop(), **settings)


async def _ask(
    pairs: Sequence[Pair],
    judges: Sequence[Judge],
    stop: Stop,
    *,
    store: str | Path | VerdictStore | None = None,
    orders: Orders = "counterbalanced",
    replicates: int = 1,
    concurrency: int = 64,
    timeout_s: float = 60.0,
    max_cost_usd: float | None = None,
    seed: int = 0,
    progress: Listener | None = None,
    retries: int = 6,
    precision: Mapping[str, float] | None = None,
) -> list[Verdict]:
    check_request(
        judges,
        precision=precision,
        concurrency=concurrency,
        timeout_s=timeout_s,
        retries=retries,
        max_cost_usd=max_cost_usd,
    )
    with _opened(store) as kept, _beside_the_garbage_collector() as set_aside:
        board = Board(pairs, judges, orders=orders, replicates=replicates, seed=seed, in_blocks=bool(precision))
        if kept is not None:
            kept.append([], entries_of(board.recall(kept)))
            kept.begin(_most_in_flight(judges, concurrency), _ceiling(board, judges))
        set_aside()
        ledger = Ledger(kept)
        budget = Budget(max_cost_usd, kept.spent_usd() if kept is not None else 0.0)
        limiters = {judge.endpoint: Limiter(min(concurrency, judge.parallel or concurrency)) for judge in judges}
        patience = Patience(timeout_s, retries)
        puts_away = kept is not None and not precision and len(board.cells) > _MOST_HELD
        desks = [
            _Desk(board, judge, limiters[judge.endpoint], budget, ledger, patience, stop, puts_away=puts_away)
            for judge in judges
        ]
        async with _closing(judges), _announced(progress, [desk.tally for desk in desks]):
            try:
                for block, decided in enumerate(in_blocks(board, pairs, precision, seed)):
                    if kept is not None:
                        kept.append([], entries_of(decided))
                    for desk in desks:
                        desk.take_on(block)
                    await _work_off(desks, concurrency)
                    if board.is_cut_short():
                        break
            finally:
                ledger.flush()
            if kept is not None:
                kept.end()
        return board.hand_over(kept)


def _most_in_flight(judges: Sequence[Judge], concurrency: int) -> int:
    """Return how many calls can be in flight at once, over all endpoints."""
    places = {judge.endpoint: min(concurrency, judge.parallel or concurrency) for judge in judges}
    return sum(places.values())


def _ceiling(board: Board, judges: Sequence[Judge]) -> float:
    """Return the most that one call can cost, twice as long a reply allowed for; 0 where no price is known."""
    priced = {judge.name: judge for judge in judges if not (isinstance(judge, Priced) and judge.price is None)}
    to_ask = (job for job in board.jobs.values() if job.ended is None and not all(cell.ended for cell in job.cells))
    waiting = ((job.cells[0].judge.name, job.call) for job in to_ask)
    costs = (priced[name].price_ceiling(call.showing()) for name, call in waiting if name in priced)
    return 2 * max((cost or 0.0 for cost in costs), default=0.0)


class _Desk:
    """One judge at work: its open calls, and what becomes of them."""

    def __init__(
        self,
        board: Board,
        judge: Judge,
        limiter: Limiter,
        budget: Budget,
        ledger: Ledger,
        patience: Patience,
        stop: Stop,
        *,
        puts_away: bool,
    ) -> None:
        self.endpoint = judge.endpoint
        self.tally = Tally(judge.name, budget.cap)
        self.jobs: list[Job] = []
        self._board, self._ledger, self._puts_away = board, ledger, puts_away
        self._limiter, self._alarm = limiter, asyncio.Event()
        deadlines = Deadlines(patience.timeout_s)
        self._caller = Caller(judge, limiter, budget, ledger, self.tally, patience, deadlines, stop, self._alarm)
        stop.then(self._stop)

    def take_on(self, block: int) -> None:
        """Take on the calls that are open now, and count the cells of the block that has come with them."""
        self.jobs = list(self._board.open_jobs(self.tally.judge))
        for cell in self._board.cells:
            if cell.block == block and cell.judge.name == self.tally.judge:
                self.tally.count(cell.verdict)
                self.tally.known += cell.ended
                self.tally.total += 1

    def _stop(self) -> None:
        self.tally.stopping = True
        self._alarm.set()
        self._limiter.rouse()

    async def serve(self, job: Job) -> None:
        """Bring one call to its end, and what it decides to the store."""
        ended = await self._caller.put(job.call)
        decided = self._board.settle(job, ended)
        if ended.record:
            await self._ledger.commit(ended.record, entries_of(decided))
        for cell in decided:
            self.tally.count(cell.verdict)
        if self._puts_away:
            self._board.put_away(decided)


async def _work_off(desks: Sequence[_Desk], concurrency: int) -> None:
    """Serve every open call, with as many workers for an endpoint as calls may be in flight to it."""
    by_endpoint: dict[str, list[_Desk]] = defaultdict(list)
    for desk in desks:
        by_endpoint[desk.endpoint].append(desk)
    try:
        async with asyncio.TaskGroup() as group:
            for sharing in by_endpoint.values():
                queue = _taking_turns(sharing)
                for _ in range(min(concurrency, sum(len(desk.jobs) for desk in sharing))):
                    group.create_task(_work(queue))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        for desk in desks:
            desk.jobs.clear()


async def _work(queue: Iterator[tuple[_Desk, Job]]) -> None:
    for desk, job in queue:
        await desk.serve(job)


def _taking_turns(desks: Sequence[_Desk]) -> Iterator[tuple[_Desk, Job]]:
    rounds = zip_longest(*([(desk, job) for job in desk.jobs] for desk in desks))
    return (turn for turn in chain.from_iterable(rounds) if turn is not None)


def in_blocks(
    board: Board, pairs: Sequence[Pair], precision: Mapping[str, float] | None, seed: int
) -> Iterator[list[Cell]]:
    """Come to the cells to be asked next, block by block, or all at once where no precision is asked for.

    Gives the cells of each block that have ended at once.
    """
    kept = [pair for pair in pairs if pair.check is None or pair.check.passed]
    return ask_in_blocks(board, kept, precision, seed) if precision else iter([[]])


# -------------------------------------------------------------------------------------------- surroundings


def check_request(
    judges: Sequence[Judge],
    *,
    precision: Mapping[str, float] | None = None,
    concurrency: int = 64,
    timeout_s: float = 60.0,
    retries: int = 6,
    max_cost_usd: float | None = None,
    **_: object,
) -> None:
    """Refuse settings of `ask` that make no sense, before anything is asked or written.

    Raises
    ------
    ConfigError
        Naming the setting and what is allowed.
    """
    if concurrency < 1:
        raise ConfigError(f"concurrency: {concurrency} is below 1; at least one call must be in flight")
    if not timeout_s > 0:
        raise ConfigError(f"timeout_s: {timeout_s} is not above 0; give the seconds one attempt may take")
    if retries < 0:
        raise ConfigError(f"retries: {retries} is below 0; 0 makes one attempt at each call")
    check_precision(precision or {})
    check_prices(judges, max_cost_usd)


@contextlib.contextmanager
def _opened(store: str | Path | VerdictStore | None) -> Iterator[VerdictStore | None]:
    if store is None or isinstance(store, VerdictStore):
        yield store
        return
    with VerdictStore.create(store) as opened:
        yield opened


@contextlib.contextmanager
def _beside_the_garbage_collector() -> Iterator[Callable[[], None]]:
    """Make the plan while the garbage collector rests, and set it aside then: it lives as long as the run.

    Afterwards the collector looks less often: calls in flight are no garbage, but many enough to wake it all the time.
    """
    if gc.get_freeze_count() or not gc.isenabled():  # somebody does so already
        yield lambda: None
        return
    usual = gc.get_threshold()
    gc.disable()

    def set_aside() -> None:
        gc.freeze()
        gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, *usual[1:])
        gc.enable()

    try:
        yield set_aside
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
        gc.enable()


@contextlib.asynccontextmanager
async def _closing(judges: Sequence[Judge]) -> AsyncIterator[None]:
    """Close the connections of judges in the end."""
    try:
        yield
    finally:
        for judge in judges:
            if isinstance(judge, Closable):
                await judge.close()


@contextlib.asynccontextmanager
async def _announced(listener: Listener | None, tallies: Sequence[Tally]) -> AsyncIterator[None]:
    """Tell the listener how far each judge is, while the body runs and once when it has ended."""
    if listener is None:
        yield
        return
    told: dict[str, Progress] = {}

    def tell() -> None:
        for tally in tallies:
            now = tally.snapshot()
            if told.get(tally.judge) != now:
                told[tally.judge] = now
                listener(now)

    async def keep_telling() -> None:
        while True:
            tell()
            await asyncio.sleep(_PROGRESS_EVERY_S)

    teller = asyncio.create_task(keep_telling())
    try:
        yield
    finally:
        failed = teller.done()
        teller.cancel()
        if not failed:
            tell()
    if failed:  # all was asked and kept all the same
        await teller
