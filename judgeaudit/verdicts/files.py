"""The files of a store: where they are, who may write to them, and what is said when they fail."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from judgeaudit.errors import StoreDamagedError, StoreError, StoreLockedError

_LOOKS: Final = 20
_BETWEEN_LOOKS_S: Final = 0.02


def store_file(path: str | Path) -> Path:
    """Return the store's file: ``path`` itself when it ends in ``.db``, else the ``verdicts.db`` in that directory."""
    path = Path(path)
    return path if path.suffix == ".db" else path / "verdicts.db"


class Lock:
    """The right to write to one store: a file lock, which the system lets go of when its holder dies."""

    def __init__(self, file: Path, descriptor: int) -> None:
        self._file = file
        self._descriptor = descriptor

    @classmethod
    def take(cls, file: Path) -> Lock:
        """Take the right, or say who has it.

        Raises
        ------
        StoreLockedError
            When another process has it.
        StoreError
            When its directory is not there, or not to be written.
        """
        for _ in range(_LOOKS):
            with explained(file):
                descriptor = os.open(_lock_file(file), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if holder := _wait_for_lock(descriptor):
                os.close(descriptor)
                raise StoreLockedError(
                    f"the store {file} is being written by {holder}; wait until it is done, stop it, "
                    "or use another directory"
                )
            if _is_in_place(descriptor, file):
                break
            os.close(descriptor)  # its holder removed it, or moved its directory away
        else:
            raise StoreLockedError(f"the lock of the store {file} does not stay in its place; use another directory")
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode(), 0)
        return cls(file, descriptor)

    @staticmethod
    def is_taken(file: Path) -> bool:
        """Whether a process holds it."""
        try:
            descriptor = os.open(_lock_file(file), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # nobody has ever written, or only others may look
            return False
        try:
            return not _lock(descriptor, exclusive=False)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Lock:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the next writer in."""
        self.release()

    def release(self) -> None:
        """Let the next writer in."""
        with contextlib.suppress(OSError):  # a lock file that stays is in nobody's way
            os.ftruncate(self._descriptor, 0)
            if _is_in_place(self._descriptor, self._file):
                _lock_file(self._file).unlink()
        os.close(self._descriptor)


def _lock_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.lock")


def _is_in_place(descriptor: int, file: Path) -> bool:
    """Whether the lock file that was opened is the one that the next writer would open."""
    try:
        return os.path.samestat(os.fstat(descriptor), _lock_file(file).stat())
    except OSError:
        return False


def _lock(descriptor: int, *, exclusive: bool) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_lock(descriptor: int) -> str:
    """Take a lock; return "", or who has it. A reader who looks has it for a moment, so one look is not enough."""
    for _ in range(_LOOKS):
        if _lock(descriptor, exclusive=True):
            return ""
        time.sleep(_BETWEEN_LOOKS_S)
    return os.pread(descriptor, 1000, 0).decode("utf-8", "replace").strip() or "another process"


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit what the body does as one, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def explained(file: Path) -> Iterator[None]:
    """Turn what SQLite or the file system says into a `StoreError` that says what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if _is_passing(error):
            raise StoreError(
                f"the store {file} cannot be used now ({error}); what was committed stands: free space, check the disk "
                "and its permissions, and run again"
            ) from error
        raise damage(file, f"damaged or not a store ({error})") from error
    except UnicodeDecodeError as error:  # what SQLite says quotes the damage
        raise damage(file, "damaged or not a store") from error
    except OSError as error:
        raise StoreError(f"the store {file} cannot be opened ({error}); choose a directory you may write to") from error


def damage(file: Path, how: str) -> StoreDamagedError:
    """Return the error that says how a store is damaged, and what to do."""
    return StoreDamagedError(
        f"the store {file} is {how}; restore a copy, or run again in a new directory; "
        "`judgeaudit export` writes what can still be read"
    )


def _is_passing(error: sqlite3.DatabaseError) -> bool:
    """Whether the trouble is with the disk or the system, and not with what the file holds."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return isinstance(error, sqlite3.OperationalError) and code & 0xFF != sqlite3.SQLITE_ERROR
