"""A store of every schema version that was ever written opens, and is never altered without a copy."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from judgeaudit.verdicts import SCHEMA_VERSION, VerdictStore

GOLDEN = Path(__file__).parents[1] / "data"
CREATE = "import sys; from judgeaudit.verdicts import VerdictStore; print(flush=True); VerdictStore.create(sys.argv[1])"
VERSIONS = tuple(range(1, SCHEMA_VERSION))


def old_store(folder: Path, version: int) -> Path:
    """Return a store as the judgeaudit of that schema version left it."""
    file = folder / "verdicts.db"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript((GOLDEN / f"store-v{version}.sql").read_text())
    return file


def dump(file: Path) -> list[str]:
    """Return what a database holds, as SQL."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return [f"version {connection.execute('PRAGMA user_version').fetchone()[0]}", *connection.iterdump()]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_store_is_read_as_it_is(version: int, tmp_path: Path) -> None:
    """Reading alters nothing and makes no copy; what the older schema did not know is empty."""
    file = old_store(tmp_path, version)
    before = file.read_bytes()
    with VerdictStore.open(tmp_path) as store:
        assert len(list(store)) == len(store) == 12
        assert store.crashes() == []
        assert store.spent_usd() == 0.0
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["verdicts.db"]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_store_is_written_to_after_a_copy(version: int, tmp_path: Path) -> None:
    """The copy is the old store whole and for its owner only; the new one has all verdicts and the present schema."""
    file = old_store(tmp_path, version)
    before = dump(file)
    with VerdictStore.open(tmp_path) as store:
        verdicts = list(store)
    with VerdictStore.create(tmp_path) as store:
        assert list(store) == verdicts
        store.begin(8, 0.5)
    with VerdictStore.open(tmp_path) as store:
        assert [crash.in_flight for crash in store.crashes()] == [8]
    copy = tmp_path / f"verdicts.db.v{version}"
    assert dump(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    fresh = tmp_path / "fresh"
    VerdictStore.create(fresh).close()
    assert tables(file) == tables(fresh / "verdicts.db"), "migrated or made new, a store has the same tables"


def sized(file: Path) -> tuple[int, int]:
    """Return the schema version of a store and how many verdicts it has."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        queries = ("PRAGMA user_version", "SELECT count(*) FROM verdicts")
        version, verdicts = (connection.execute(query).fetchone()[0] for query in queries)
        return version, verdicts


def tables(file: Path) -> dict[str, str]:
    """Return what makes each table and index."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))


def test_a_migration_that_is_killed_leaves_the_old_store_or_the_new(tmp_path: Path) -> None:
    """SIGKILL at random moments: each time every verdict is there, and the next one to open it finishes the work."""
    golden = tmp_path / "golden"
    golden.mkdir()
    file = old_store(golden, 1)
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
            "INSERT INTO verdicts SELECT key || i, judge, pair_id || i, shown, replicate, outcome, choice, preference, "
            "calls, record, checksum FROM verdicts, n"
        )
    rng = random.Random(3)
    for number in range(12):
        folder = tmp_path / str(number)
        shutil.copytree(golden, folder)
        child = subprocess.Popen([sys.executable, "-c", CREATE, folder], stdout=subprocess.PIPE)
        assert child.stdout
        child.stdout.readline()
        time.sleep(rng.random() * 0.08)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        with VerdictStore.open(folder) as store:
            assert len(store) == 12 + 12 * 2000
        with VerdictStore.create(folder) as store:
            assert len(store) == 12 + 12 * 2000
        assert sized(folder / "verdicts.db.v1") == (1, 12 + 12 * 2000)
        assert sized(folder / "verdicts.db") == (SCHEMA_VERSION, 12 + 12 * 2000)
        shutil.rmtree(folder)
