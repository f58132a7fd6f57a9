"""The tables of a store, and how those of older versions come to be as they are now."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from judgeaudit.errors import StoreError
from judgeaudit.files import whole_file

SCHEMA_VERSION: Final = 2
_APPLICATION_ID: Final = 0x4A554447

_FIRST: Final = """
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
_SECOND: Final = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    began REAL NOT NULL,
    in_flight INTEGER NOT NULL,
    ceiling_usd REAL NOT NULL,
    ended REAL
) STRICT;
ALTER TABLE calls ADD COLUMN ceiling_usd REAL;
DROP INDEX calls_replies;
"""
_STEPS: Final[Mapping[int, str]] = {1: _SECOND}
"""What brings a store of each older schema version to the next."""


def prepare(connection: sqlite3.Connection, file: Path) -> None:
    """Make the tables of a new store, or bring an older one to the present schema; what is refused is not altered.

    Raises
    ------
    StoreError
        When it is another database, or of a version that cannot be read.
    """
    version = None if _is_empty(connection) else check_version(connection, file)
    connection.execute("PRAGMA journal_mode = WAL")  # only now: it alters the file, and what is refused stays as it is
    if version is None:
        connection.executescript(
            f"BEGIN; {_FIRST} {''.join(_STEPS.values())} PRAGMA application_id = {_APPLICATION_ID};"
            f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
    elif version < SCHEMA_VERSION:
        _migrate(connection, file, version)


def _is_empty(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0)


def _migrate(connection: sqlite3.Connection, file: Path, version: int) -> None:
    """Bring a store of an older schema to the present one, in one transaction, after a copy was made beside it."""
    copy = file.with_name(f"{file.name}.v{version}")
    with whole_file(copy) as part, contextlib.closing(sqlite3.connect(part)) as target:
        target.execute("PRAGMA journal_mode = OFF")  # a copy that fails is thrown away
        connection.backup(target)
    steps = "".join(_STEPS[number] for number in range(version, SCHEMA_VERSION))
    connection.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def check_version(connection: sqlite3.Connection, file: Path) -> int:
    """Return the schema version of a store, or refuse what cannot be read."""
    if _is_empty(connection):
        raise StoreError(f"there is no verdict store in {file} yet: a run was stopped as it made it; run again")
    if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        raise StoreError(f"{file} is a database, but not a verdict store of judgeaudit; choose another directory")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if not min(_STEPS) <= version <= SCHEMA_VERSION:
        raise StoreError(
            f"the store {file} has schema version {version} and this judgeaudit reads versions {min(_STEPS)} to "
            f"{SCHEMA_VERSION}; it was left as it is: use the judgeaudit that wrote it, or a newer one"
        )
    return version
