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
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None

    def note(self, attempt: Attempt) -> None:
        """Add an attempt to the next transaction, without waiting for it."""
        if self._store is not None:
            self._attempts.append(attempt)
            self._write_soon()

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
            self._write_soon()
            written = asyncio.get_running_loop().create_future()
            self._waiting.append(written)
            await written

    def flush(self) -> None:
        """Write all that is not on disk yet; what could not be written stays, to be tried again."""
        if self._store is not None and (self._attempts or self._entries):
            self._store.append(self._attempts, self._entries)
            self._attempts, self._entries = [], []

    def _write_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHERED_S, self._write)

    def _write(self) -> None:
        # In the loop and not in a thread: a commit to the journal takes less time than the way there and back.
        self._timer = None
        everybody, self._waiting = self._waiting, []
        waiting = [written for written in everybody if not written.done()]  # but for those cancelled meanwhile
        try:
            self.flush()
        except BaseException as error:
            for written in waiting:
                written.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for written in waiting:
                written.set_result(None)
