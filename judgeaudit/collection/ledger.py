"""Group commit: what arrives in one turn of the event loop goes into one transaction, and is acknowledged after it."""

from __future__ import annotations

import asyncio

from judgeaudit.errors import StoreError
from judgeaudit.verdicts import Attempt, Entry, VerdictStore


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
        self._next: asyncio.Future[None] | None = None

    def note(self, attempt: Attempt) -> None:
        """Add an attempt to the next transaction, without waiting for it."""
        if self._store is not None:
            self._attempts.append(attempt)

    async def commit(self, attempt: Attempt, entries: list[Entry]) -> None:
        """Return when these, and all that was noted, are on disk.

        Raises
        ------
        StoreError
            When they could not be written.
        """
        if self._store is None:
            return
        self._attempts.append(attempt)
        self._entries += entries
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.create_future()
            loop.call_soon(self._write, self._store, self._next)
        await asyncio.shield(self._next)

    def flush(self) -> None:
        """Write what was only noted."""
        if self._store is not None and (self._attempts or self._entries):
            self._append(self._store)

    def _write(self, store: VerdictStore, written: asyncio.Future[None]) -> None:
        # In the loop and not in a thread: a commit to the journal takes less time than the way there and back.
        self._next = None
        try:
            self._append(store)
        except StoreError as error:
            written.set_exception(error)
        else:
            written.set_result(None)

    def _append(self, store: VerdictStore) -> None:
        attempts, self._attempts = self._attempts, []
        entries, self._entries = self._entries, []
        store.append(attempts, entries)
