"""The durable store of everything every judge said: one SQLite file, one writer, and no failure taken for a verdict.

Every attempt to reach a judge is a row of ``calls``; every cell that ended with a reply is one row of ``verdicts``. A
cell that could not be asked has attempts and no verdict, so it is asked again next time. What was committed survives a
SIGKILL of the process at any moment; a power loss may cost what was written since the last checkpoint, which is made
with ``synchronous=FULL`` when the store is closed.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from judgeaudit.errors import StoreError
from judgeaudit.records import Reply, Verdict
from judgeaudit.verdicts.files import Lock, damage, explained, store_file, transaction
from judgeaudit.verdicts.schema import SCHEMA_VERSION, check_version, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK: Final = 500
_COLUMNS: Final = {
    "judge": "O", "pair_id": "O", "shown": "O", "replicate": "i8", "outcome": "O", "choice": "O", "preference": "f8",
}  # fmt: skip
"""What `VerdictStore.columns` reads, and the kind of array each becomes."""
_JOURNAL_PAGES: Final = 4_000
"""Pages in the journal before they go into the main file: keys are random, so that few of them are written twice."""
_CACHE_KIB: Final = 16_000
"""Pages held in memory while writing: the keys' index of a hundred thousand verdicts fits."""
_SMALLEST_ROW: Final = 200
"""Bytes that a verdict takes in the file, at least."""
_STABLE_ORDER: Final = "ORDER BY judge, pair_id, shown, replicate, key"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to a judge, and what became of it."""

    call: str
    """Key of the call: what was shown to whom, which cells may share."""
    judge: str
    number: int
    """1 for the first attempt at this call in this run."""
    status: Literal["reply", "superseded", "error"]
    """``superseded``: a reply that was cut off before it said anything, and asked for again."""
    reason: str = ""
    detail: str = ""
    """What the endpoint said, where it was an error; before it the mark of the line, where it came in a batch."""
    reply: Reply | None = None
    cost_usd: float | None = None
    """US dollars; None where the price, or whether anything was billed, is unknown."""
    ceiling_usd: float | None = None
    """US dollars that it can have cost at most, where ``cost_usd`` is unknown."""
    latency_s: float = 0.0
    at: float = 0.0
    """When it ended, in seconds since the epoch."""

    def _row(self) -> tuple[Any, ...]:
        reply = self.reply.model_dump_json() if self.reply else None
        return (
            self.call, self.judge, self.number, self.status, self.reason, self.detail, reply,
            _checksum(reply) if reply else None, self.cost_usd, self.latency_s, self.at, self.ceiling_usd,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A verdict and the keys of the calls it was read from."""

    verdict: Verdict
    calls: tuple[str, ...]
    key: str = ""
    """Key of the trial, where it is known already; else it is worked out."""

    def _row(self) -> tuple[Any, ...]:
        verdict, trial, record = self.verdict, self.verdict.trial, self.verdict.model_dump_json()
        return (
            self.key or trial.key, trial.judge, trial.pair_id, trial.order, trial.replicate, verdict.outcome,
            verdict.choice, verdict.preference, " ".join(self.calls), record, _checksum(record),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Crash:
    """A session that did not end: what it had in flight may have been paid for and not kept."""

    in_flight: int
    """Calls that may have been in flight, at most."""
    ceiling_usd: float
    """What one of them can have cost, at most; 0 where no price is known or none was capped."""


class VerdictStore:
    """What every judge said, on disk.

    Open one with `VerdictStore.create` to write (one writer at a time) or `VerdictStore.open` to read.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: Lock | None) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock
        self._session: int | None = None
        self.damaged = 0
        """Records that failed their checksum when `rows` last went through them."""
        self._version = int(connection.execute("PRAGMA user_version").fetchone()[0])

    @classmethod
    def create(cls, path: str | Path) -> Self:
        """Open the store for writing, making it where there is none.

        Parameters
        ----------
        path
            A run directory, which gets or has a ``verdicts.db``, or the path of a ``.db`` file.

        Raises
        ------
        StoreLockedError
            When another process is writing to it.
        StoreError
            When it is not a store, is damaged, or was written by a newer judgeaudit.

        Notes
        -----
        A store of an older schema is brought to the present one; ``verdicts.db.v1`` beside it is what it was.
        """
        file = store_file(path)
        with explained(file), contextlib.ExitStack() as refused:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = Lock.take(file)
            refused.callback(lock.release)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            connection = refused.enter_context(_connected(file))
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_JOURNAL_PAGES}")
            connection.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
            prepare(connection, file)
            store = cls(file, connection, lock)
            refused.pop_all()
            return store

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open an existing store for reading; a writer may be at work in it meanwhile.

        Raises
        ------
        StoreError
            When there is no store at ``path``, or it cannot be read.
        """
        file = store_file(path)
        if not file.is_file():
            raise StoreError(f"there is no verdict store at {file}; give the directory of a run")
        with explained(file), contextlib.ExitStack() as refused:
            connection = refused.enter_context(_connected(file, immutable=_is_put_away(file)))
            connection.execute("PRAGMA query_only = ON")
            check_version(connection, file)
            store = cls(file, connection, None)
            refused.pop_all()
            return store

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Bring everything into the main file and let the next writer in."""
        try:
            if self._lock:
                with contextlib.suppress(sqlite3.Error):  # all is committed in the journal: a full disk loses nothing
                    self._connection.execute("PRAGMA synchronous = FULL")
                    self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.close()
        finally:
            if self._lock:
                self._lock.release()

    # -------------------------------------------------------------------------------------------- writing

    def begin(self, in_flight: int, ceiling_usd: float) -> None:
        """Note that a session begins, with at most so many calls in flight, none dearer than that.

        A session that is not ended has crashed: what was in flight then may have been paid and not kept.
        """
        with explained(self.path), transaction(self._connection) as connection:
            row = connection.execute(
                "INSERT INTO sessions (began, in_flight, ceiling_usd) VALUES (?, ?, ?)",
                (time.time(), in_flight, ceiling_usd),
            )
            self._session = row.lastrowid

    def end(self) -> None:
        """Note that the session has ended, with nothing in flight."""
        with explained(self.path), transaction(self._connection) as connection:
            connection.execute("UPDATE sessions SET ended = ? WHERE id = ?", (time.time(), self._session))
        self._session = None

    def append(self, attempts: Iterable[Attempt], entries: Iterable[Entry] = ()) -> None:
        """Commit attempts and verdicts in one transaction; when this returns they survive a SIGKILL.

        A verdict for a cell that has one already is ignored: the first stands.

        Raises
        ------
        StoreError
            When the disk is full or fails; what was committed before stands.
        """
        calls, verdicts = [attempt._row() for attempt in attempts], [entry._row() for entry in entries]
        with explained(self.path), transaction(self._connection) as connection:
            connection.executemany("INSERT INTO calls VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", calls)
            connection.executemany(
                "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING", verdicts
            )

    # -------------------------------------------------------------------------------------------- reading

    def __len__(self) -> int:
        """Count the verdicts."""
        return int(self._rows("SELECT count(*) FROM verdicts")[0][0])

    def __iter__(self) -> Iterator[Verdict]:
        """Give every verdict in an order that does not depend on when each was collected."""
        return (entry.verdict for entry in self.entries())

    def entries(self) -> Iterator[Entry]:
        """Give every verdict with the keys of its calls, in the stable order."""
        with explained(self.path):
            for record, checksum, calls in self._connection.execute(
                f"SELECT CAST(record AS BLOB), checksum, calls FROM verdicts {_STABLE_ORDER}"  # noqa: S608 - a constant
            ):
                yield Entry(self._verdict(record, checksum), tuple(calls.split()))

    def known(self, keys: Iterable[str]) -> dict[str, Verdict]:
        """Return the stored verdicts of those trials, by key, that have one."""
        rows = self._lookup("SELECT key, CAST(record AS BLOB), checksum FROM verdicts WHERE key IN", keys)
        found = {key: self._verdict(record, checksum) for key, record, checksum in rows}
        if any(verdict.trial.key != key for key, verdict in found.items()):
            raise damage(self.path, "damaged: a record stands under another's key")
        return found

    def replies(self, calls: Iterable[str]) -> dict[str, Reply]:
        """Return the stored replies of those calls, by key, that got one.

        Goes through all replies: it is asked once a run, and an index would cost every call of every run.
        """
        wanted, found = set(calls), {}
        if not wanted:
            return {}
        with explained(self.path):
            for call, reply, checksum in self._connection.execute(
                "SELECT call, CAST(reply AS BLOB), checksum FROM calls WHERE status = 'reply' ORDER BY id"
            ):
                if call in wanted:
                    found[call] = Reply.model_validate_json(self._sound(reply, checksum))
        return found

    def spent_usd(self) -> float:
        """Return what all attempts so far have cost, at most where that is unknown, and at most what crashes have."""
        crashed = sum(crash.in_flight * crash.ceiling_usd for crash in self.crashes())
        cost = "cost_usd" if self._version < SCHEMA_VERSION else "coalesce(cost_usd, ceiling_usd)"
        return float(self._rows(f"SELECT total({cost}) FROM calls")[0][0]) + crashed  # noqa: S608 - two constants

    def known_usd(self) -> float:
        """Return what those attempts have cost whose price is known."""
        return float(self._rows("SELECT total(cost_usd) FROM calls")[0][0])

    def crashes(self) -> list[Crash]:
        """Return the sessions that ended without a word, other than one of this process or of another at work now."""
        if self._version < SCHEMA_VERSION:
            return []
        rows = self._rows("SELECT in_flight, ceiling_usd, ended FROM sessions ORDER BY id")
        if self._session is not None or (self._lock is None and Lock.is_taken(self.path)):
            rows = rows[:-1]  # while somebody writes, the last session is theirs
        return [Crash(in_flight, ceiling) for in_flight, ceiling, ended in rows if ended is None]

    def attempts(self) -> dict[tuple[str, str, str], int]:
        """Count the attempts by judge, status and reason."""
        rows = self._rows("SELECT judge, status, reason, count(*) FROM calls GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
        return {(judge, status, reason): count for judge, status, reason, count in rows}

    def details(self, beginning: str) -> Iterator[str]:
        """Give the details of the attempts whose detail begins so."""
        with explained(self.path):
            for (detail,) in self._connection.execute(
                "SELECT detail FROM calls WHERE substr(detail, 1, ?) = ?", (len(beginning), beginning)
            ):
                yield detail

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give every verdict as a flat row, in the stable order; what is damaged is passed over and counted.

        The count, at most, stands in ``damaged`` afterwards. Where the file itself is damaged, and not only a record,
        the rows come in the order of their writing.
        """
        self.damaged = 0
        for record, checksum in self._in_order() if self._is_whole() else self._salvaged():
            if isinstance(record, bytes) and zlib.crc32(record) == checksum:
                yield flat_row(Verdict.model_validate_json(record))
            else:
                self.damaged += 1

    def _in_order(self) -> Iterator[tuple[bytes, int]]:
        with explained(self.path):
            yield from self._connection.execute(
                f"SELECT CAST(record AS BLOB), checksum FROM verdicts {_STABLE_ORDER}"  # noqa: S608 - a constant
            )

    def _is_whole(self) -> bool:
        """Whether the pages of the file hang together."""
        try:
            return bool(self._connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        except sqlite3.DatabaseError:
            return False

    def _salvaged(self) -> Iterator[tuple[bytes, int]]:
        """Give what each row of a damaged file holds, read one by one."""
        pages, size = (self._rows(f"PRAGMA {name}")[0][0] for name in ("page_count", "page_size"))
        last = pages * size // _SMALLEST_ROW
        with contextlib.suppress(sqlite3.DatabaseError):
            last = self._connection.execute("SELECT max(rowid) FROM verdicts NOT INDEXED").fetchone()[0] or 0
        query = "SELECT CAST(record AS BLOB), checksum FROM verdicts NOT INDEXED WHERE rowid = ?"
        for number in range(1, last + 1):
            try:
                yield from self._connection.execute(query, (number,))
            except sqlite3.DatabaseError:
                self.damaged += 1

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the verdicts as columns, a million of them in a few seconds: what one's own analysis starts from.

        Returns
        -------
        dict
            ``judge``, ``pair_id``, ``shown``, ``replicate``, ``outcome``, ``choice`` and ``preference`` (NaN where
            there is none), each of shape (n,), in the order of their writing.
        """
        import numpy as np

        parts: dict[str, list[NDArray[Any]]] = {name: [np.empty(0, kind)] for name, kind in _COLUMNS.items()}
        with explained(self.path):
            cursor = self._connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM verdicts")  # noqa: S608 - constants
            while rows := cursor.fetchmany(_CHUNK):
                for (name, kind), values in zip(_COLUMNS.items(), zip(*rows, strict=True), strict=True):
                    parts[name].append(np.array(values, kind))
        return {name: np.concatenate(arrays) for name, arrays in parts.items()}

    def keys(self) -> set[str]:
        """Return the keys of the trials that have a verdict: what a plan has beyond them is missing."""
        return {key for (key,) in self._rows("SELECT key FROM verdicts")}

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with explained(self.path):
            return self._connection.execute(query, values).fetchall()

    def _lookup(self, query: str, keys: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        remaining = iter(keys)
        while chunk := list(islice(remaining, _CHUNK)):
            yield from self._rows(f"{query} ({','.join('?' * len(chunk))})", chunk)

    def _verdict(self, record: bytes, checksum: int) -> Verdict:
        return Verdict.model_validate_json(self._sound(record, checksum))

    def _sound(self, record: bytes, checksum: int) -> bytes:
        if not isinstance(record, bytes) or zlib.crc32(record) != checksum:
            raise damage(self.path, "damaged: a record does not match its checksum")
        return record


def _connected(file: Path, *, immutable: bool = False) -> contextlib.closing[sqlite3.Connection]:
    where = f"{file.absolute().as_uri()}?immutable=1" if immutable else file
    return contextlib.closing(sqlite3.connect(where, isolation_level=None, check_same_thread=False, uri=immutable))


def _is_put_away(file: Path) -> bool:
    """Whether nobody can be writing here: a place that is not to be written, and all of the store in its one file."""
    return not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists()


def flat_row(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as one row of plain values, the fields of its trial and its tokens among the others."""
    row = verdict.model_dump(mode="json")
    trial, usage = row.pop("trial"), row.pop("usage")
    return {**trial, **row, **usage}


def _checksum(text: str) -> int:
    return zlib.crc32(text.encode())
