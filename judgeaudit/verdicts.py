"""The durable store of everything every judge said: one SQLite file, one writer, and no failure taken for a verdict.

Every attempt to reach a judge is a row of ``calls``; every cell that ended with a reply is one row of ``verdicts``. A
cell that could not be asked has attempts and no verdict, so it is asked again next time. What was committed survives a
SIGKILL of the process at any moment; a power loss may cost what was written since the last checkpoint, which is made
with ``synchronous=FULL`` when the store is closed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from judgeaudit.errors import StoreError, StoreLockedError
from judgeaudit.records import Reply, Verdict

SCHEMA_VERSION: Final = 1
_APPLICATION_ID: Final = 0x4A554447
_CHUNK: Final = 500

_SCHEMA: Final = """
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    call TEXT NOT NULL,
    judge TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('reply', 'superseded', 'error')),
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    reply TEXT,
    checksum INTEGER,
    cost_usd REAL,
    latency_s REAL NOT NULL,
    at REAL NOT NULL
) STRICT;
CREATE INDEX calls_replies ON calls (call) WHERE status = 'reply';
CREATE TABLE verdicts (
    key TEXT PRIMARY KEY,
    judge TEXT NOT NULL,
    pair_id TEXT NOT NULL,
    shown TEXT NOT NULL,
    replicate INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('valid', 'invalid', 'refusal')),
    choice TEXT,
    preference REAL,
    calls TEXT NOT NULL,
    record TEXT NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
"""
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
    """What the endpoint said, where it was an error."""
    reply: Reply | None = None
    cost_usd: float | None = None
    """US dollars; None where the price, or whether anything was billed, is unknown."""
    latency_s: float = 0.0
    at: float = 0.0
    """When it ended, in seconds since the epoch."""

    def _row(self) -> tuple[Any, ...]:
        reply = self.reply.model_dump_json() if self.reply else None
        return (
            self.call, self.judge, self.number, self.status, self.reason, self.detail, reply,
            _checksum(reply) if reply else None, self.cost_usd, self.latency_s, self.at,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A verdict and the keys of the calls it was read from."""

    verdict: Verdict
    calls: tuple[str, ...]

    def _row(self) -> tuple[Any, ...]:
        verdict, trial, record = self.verdict, self.verdict.trial, self.verdict.model_dump_json()
        return (
            trial.key, trial.judge, trial.pair_id, trial.order, trial.replicate, verdict.outcome, verdict.choice,
            verdict.preference, " ".join(self.calls), record, _checksum(record),
        )  # fmt: skip


class VerdictStore:
    """What every judge said, on disk.

    Open one with `VerdictStore.create` to write (one writer at a time) or `VerdictStore.open` to read.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: _Lock | None) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock

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
        """
        file = store_file(path)
        with _explained(file):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _Lock.take(file)
            try:
                os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
                connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                _prepare(connection, file)
            except BaseException:
                lock.release()
                raise
        return cls(file, connection, lock)

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
        with _explained(file):
            connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA query_only = ON")
            _check_version(connection, file)
        return cls(file, connection, None)

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

    def append(self, attempts: Iterable[Attempt], entries: Iterable[Entry] = ()) -> None:
        """Commit attempts and verdicts in one transaction; when this returns they survive a SIGKILL.

        A verdict for a cell that has one already is ignored: the first stands.

        Raises
        ------
        StoreError
            When the disk is full or fails; what was committed before stands.
        """
        calls, verdicts = [attempt._row() for attempt in attempts], [entry._row() for entry in entries]
        with _explained(self.path), _transaction(self._connection) as connection:
            connection.executemany("INSERT INTO calls VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", calls)
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
        with _explained(self.path):
            for record, checksum, calls in self._connection.execute(
                f"SELECT record, checksum, calls FROM verdicts {_STABLE_ORDER}"  # noqa: S608 - a constant
            ):
                yield Entry(self._verdict(record, checksum), tuple(calls.split()))

    def known(self, keys: Iterable[str]) -> dict[str, Verdict]:
        """Return the stored verdicts of those trials, by key, that have one."""
        rows = self._lookup("SELECT key, record, checksum FROM verdicts WHERE key IN", keys)
        return {key: self._verdict(record, checksum) for key, record, checksum in rows}

    def replies(self, calls: Iterable[str]) -> dict[str, Reply]:
        """Return the stored replies of those calls, by key, that got one."""
        rows = self._lookup("SELECT call, reply, checksum FROM calls WHERE status = 'reply' AND call IN", calls)
        return {call: Reply.model_validate_json(self._sound(reply, checksum)) for call, reply, checksum in rows}

    def spent_usd(self) -> float:
        """Return what all attempts so far have cost, where their price is known."""
        return float(self._rows("SELECT total(cost_usd) FROM calls")[0][0])

    def attempts(self) -> dict[tuple[str, str, str], int]:
        """Count the attempts by judge, status and reason."""
        rows = self._rows("SELECT judge, status, reason, count(*) FROM calls GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
        return {(judge, status, reason): count for judge, status, reason, count in rows}

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with _explained(self.path):
            return self._connection.execute(query, values).fetchall()

    def _lookup(self, query: str, keys: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        remaining = iter(keys)
        while chunk := list(islice(remaining, _CHUNK)):
            yield from self._rows(f"{query} ({','.join('?' * len(chunk))})", chunk)

    def _verdict(self, record: str, checksum: int) -> Verdict:
        return Verdict.model_validate_json(self._sound(record, checksum))

    def _sound(self, text: str, checksum: int) -> str:
        if _checksum(text) != checksum:
            raise StoreError(
                f"the store {self.path} is damaged: a record does not match its checksum; "
                "restore a copy, or run again in a new directory"
            )
        return text


def store_file(path: str | Path) -> Path:
    """Return the store's file: ``path`` itself when it ends in ``.db``, else the ``verdicts.db`` in that directory."""
    path = Path(path)
    return path if path.suffix == ".db" else path / "verdicts.db"


# ------------------------------------------------------------------------------------------------ schema


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if empty:
        connection.executescript(
            f"BEGIN; {_SCHEMA} PRAGMA application_id = {_APPLICATION_ID};"
            f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
    _check_version(connection, file)


def _check_version(connection: sqlite3.Connection, file: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        raise StoreError(f"{file} is a database, but not a verdict store of judgeaudit; choose another directory")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"the store {file} has schema version {version} and this judgeaudit reads version {SCHEMA_VERSION}; "
            "it was left as it is: use the judgeaudit that wrote it, or a newer one"
        )


# ------------------------------------------------------------------------------------------------- files


class _Lock:
    """The right to write to one store: a file lock, which the system lets go of when its holder dies."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, file: Path) -> _Lock:
        import fcntl

        path = file.with_name(f"{file.name}.lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 1000, 0).decode("utf-8", "replace").strip() or "another process"
            os.close(descriptor)
            raise StoreLockedError(
                f"the store {file} is being written by {holder}; wait until it is done, stop it, "
                "or use another directory"
            ) from None
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Turn what SQLite or the file system says into a `StoreError` that says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"the store {file} cannot be used now ({error}); what was committed stands: free space, check the disk "
            "and its permissions, and run again"
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"the store {file} is damaged or not a store ({error}); restore a copy, or run again in a new directory"
        ) from error
    except OSError as error:
        raise StoreError(f"the store {file} cannot be opened ({error}); choose a directory you may write to") from error


def _checksum(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
