"""Group commit: what arrives within a millisecond goes into one transaction, and is acknowledged after it."""

from __future__ import annotations

import asyncio
from typing import Final

from judgeaudit.verdicts import Attempt, Entry, VerdictStore

_GATHERED_S: Final = 0.001


class Ledger:
    """The way of a run into its store; without a store, every write is acknowledged at once.

    Parameters
    ----------
    store
        Where to write, or None to keep nothing.
    """

    def __init__(self, store: VerdictStore | None) -> None:
        self._store = store
        self._attempts: list[Attempt] = []
        self._entries: list[Entry] = []
        self._group: asyncio.Task[None] | None = None

    def note(self, attempt: Attempt) -> None:
        """Add an attempt to the next transaction, without waiting for it."""
        if self._store is not None:
            self._attempts.append(attempt)
            self._next_group()

    async def commit(self, attempt: Attempt, entries: list[Entry]) -> None:
        """Return when these, and all that was noted, are on disk.

        Raises
        ------
        StoreError
            When they could not be written.
        """
        if self._store is not None:
            self._attempts.append(attempt)
            self._entries += entries
            await asyncio.shield(self._next_group())  # one who is cancelled leaves the others to their group

    def flush(self) -> None:
        """Write all that is not on disk yet; what could not be written stays, to be tried again."""
        if self._store is not None and (self._attempts or self._entries):
            self._store.append(self._attempts, self._entries)
            self._attempts, self._entries = [], []

    def _next_group(self) -> asyncio.Task[None]:
        if self._group is None:
            self._group = asyncio.get_running_loop().create_task(self._write())
            self._group.add_done_callback(_heard)
        return self._group

    async def _write(self) -> None:
        # In the loop and not in a thread: a commit to the journal takes less time than the way there and back.
        await asyncio.sleep(_GATHERED_S)
        self._group = None  # what comes from now on belongs to the next
        self.flush()


def _heard(group: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody waited for: what was noted only is written with the next group."""
    if not group.cancelled():
        group.exception()
