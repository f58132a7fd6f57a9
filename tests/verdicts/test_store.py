"""The store keeps what was committed, and says so when it cannot."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from judgeaudit.errors import StoreDamagedError, StoreError, StoreLockedError
from judgeaudit.records import Reply, Trial, Usage, Verdict
from judgeaudit.verdicts import Attempt, Crash, Entry, VerdictStore
from judgeaudit.verdicts.files import Lock


def verdict(pair: str, preference: float | None = 1.0, **more: object) -> Verdict:
    """Return a verdict on a pair."""
    choice = None if preference is None else "a" if preference > 0.5 else "b"
    fields = {"outcome": "invalid" if preference is None else "valid", "choice": choice, "preference": preference}
    return Verdict(trial=Trial(pair_id=pair, judge="j"), **{**fields, **more})


def entry(pair: str, preference: float | None = 1.0, **more: object) -> Entry:
    """Return an entry whose call bears the pair's name."""
    return Entry(verdict(pair, preference, **more), (f"call-{pair}",))


def attempt(call: str, status: str = "reply", **more: object) -> Attempt:
    """Return an attempt at a call."""
    reply = Reply(text="A", usage=Usage(prompt_tokens=3)) if status == "reply" else None
    return Attempt(call, "j", 1, status, **{"reply": reply, "cost_usd": 0.25, **more})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VerdictStore]:
    """Give an open store."""
    with VerdictStore.create(tmp_path / "run") as opened:
        yield opened


def test_what_was_appended_is_known(store: VerdictStore) -> None:
    """Verdicts come back by trial key, replies by call key, money by its sum."""
    store.append(
        [attempt("c1"), attempt("c2", "error", reason="rate_limit", cost_usd=None)], [entry("p1"), entry("p2", None)]
    )
    assert store.known(["nobody", verdict("p1").trial.key]) == {verdict("p1").trial.key: verdict("p1")}
    assert store.replies(["c1", "c2"]) == {"c1": Reply(text="A", usage=Usage(prompt_tokens=3))}
    assert store.spent_usd() == 0.25
    assert store.attempts() == {("j", "error", "rate_limit"): 1, ("j", "reply", ""): 1}
    assert len(store) == 2


def test_the_order_of_reading_is_not_the_order_of_writing(store: VerdictStore) -> None:
    """Iteration is sorted by judge, pair, order and replicate, however the cells arrived."""
    for pair in ("p3", "p1", "p2"):
        store.append([], [entry(pair)])
    assert [v.trial.pair_id for v in store] == ["p1", "p2", "p3"]
    assert [e.calls for e in store.entries()] == [("call-p1",), ("call-p2",), ("call-p3",)]


def test_the_first_verdict_of_a_cell_stands(store: VerdictStore) -> None:
    """A cell is one row: a later verdict for it changes nothing."""
    store.append([], [entry("p", 1.0)])
    store.append([], [entry("p", 0.0)])
    assert [v.preference for v in store] == [1.0]


def test_a_missing_cell_cannot_be_stored(store: VerdictStore) -> None:
    """A failure of the wire is an attempt and never a row of verdicts."""
    missing = Verdict(trial=Trial(pair_id="p", judge="j"), outcome="missing", reason="timeout")
    with pytest.raises(StoreError, match="CHECK"):
        store.append([], [Entry(missing, ())])
    assert len(store) == 0


def test_a_batch_is_all_or_nothing(store: VerdictStore) -> None:
    """When one row fails none of its transaction stands, and the store goes on."""
    missing = Verdict(trial=Trial(pair_id="q", judge="j"), outcome="missing")
    with pytest.raises(StoreError):
        store.append([attempt("c")], [entry("p"), Entry(missing, ())])
    assert (len(store), store.attempts()) == (0, {})
    store.append([attempt("c")], [entry("p")])
    assert len(store) == 1


def test_a_store_is_for_its_owner_only(tmp_path: Path) -> None:
    """The directory is 0700 and every file 0600, whatever the umask."""
    before = os.umask(0)
    try:
        with VerdictStore.create(tmp_path / "new" / "run") as store:
            store.append([], [entry("p")])
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new" / "run").iterdir()}
            assert set(modes.values()) == {0o600}, modes
            assert {"verdicts.db", "verdicts.db-wal", "verdicts.db.lock"} <= set(modes)
        assert stat.S_IMODE((tmp_path / "new" / "run").stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_a_reader_sees_a_writer_at_work(tmp_path: Path) -> None:
    """Reading needs no lock and cannot write."""
    with VerdictStore.create(tmp_path) as writer, VerdictStore.open(tmp_path) as reader:
        writer.append([], [entry("p")])
        assert len(reader) == 1
        with pytest.raises(StoreError, match="readonly"):
            reader.append([], [entry("q")])


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """The second is told who the first is; when the first is done the store is free."""
    with VerdictStore.create(tmp_path), pytest.raises(StoreLockedError, match=f"process {os.getpid()} on"):
        VerdictStore.create(tmp_path)
    VerdictStore.create(tmp_path).close()


def test_a_dead_writer_holds_nothing(tmp_path: Path) -> None:
    """After a SIGKILL the store opens at once, with all that was committed."""
    code = f"""
import os, signal
from judgeaudit.verdicts import VerdictStore, Entry
from judgeaudit.records import Trial, Verdict
store = VerdictStore.create({str(tmp_path)!r})
for n in range(50):
    store.append([], [Entry(Verdict(trial=Trial(pair_id=f"p{{n}}", judge="j"), outcome="invalid", reason="empty"), ())])
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with VerdictStore.create(tmp_path) as store:
        assert len(store) == 50


def test_what_is_not_a_store_is_left_alone(tmp_path: Path) -> None:
    """Nothing there, a file of another kind, another database, a newer schema: a clear error, and no byte changes."""
    with pytest.raises(StoreError, match="no verdict store"):
        VerdictStore.open(tmp_path)
    text, other, newer, rolled = (tmp_path / f"{name}.db" for name in ("text", "other", "newer", "rolled"))
    text.write_text("not a database, but long enough to be taken for one by its length" * 20)
    _alter(other, "CREATE TABLE t (x)")
    for file, journal in ((newer, "WAL"), (rolled, "DELETE")):
        VerdictStore.create(file).close()
        _alter(file, "PRAGMA user_version = 99", f"PRAGMA journal_mode = {journal}")
    before = _content(tmp_path)
    assert set(before) == {"text.db", "other.db", "newer.db", "rolled.db"}
    refused = {text: "damaged or not a store", other: "not a verdict store", newer: "version 99", rolled: "version 99"}
    errors, descriptors = [], _descriptors()
    for door in (VerdictStore.create, VerdictStore.open):
        for file, said in refused.items():
            with pytest.raises(StoreError, match=said) as error:
                door(file)
            errors.append(error)
            assert _content(tmp_path) == before
    assert _descriptors() == descriptors, "what was refused is closed, whoever keeps the error"
    with pytest.raises(StoreError, match="cannot be opened"):
        VerdictStore.create(text / "below")


def _alter(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_a_store_leaves_one_file(tmp_path: Path) -> None:
    """When it is closed its journal is in it, and its lock is gone."""
    with VerdictStore.create(tmp_path) as store:
        store.append([], [entry("p")])
    assert [path.name for path in tmp_path.iterdir()] == ["verdicts.db"]


def test_who_waited_for_a_directory_that_moved_gets_the_one_in_its_place(tmp_path: Path) -> None:
    """A lock is that of the file at its path, and not of one that was there when the waiting began."""
    run, aside = tmp_path / "run", tmp_path / "run.old"
    run.mkdir()
    first = Lock.take(run / "verdicts.db")
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(VerdictStore.create, run)
        time.sleep(0.1)
        assert not waiting.done()
        run.rename(aside)
        run.mkdir()
        first.release()
        with waiting.result():
            assert Lock.is_taken(run / "verdicts.db")
            assert not Lock.is_taken(aside / "verdicts.db")


def test_a_store_that_was_never_made_whole_is_made_by_the_next_run(tmp_path: Path) -> None:
    """A disk that failed as the tables were made leaves an empty database: readers are told, and a writer goes on."""
    with sqlite3.connect(tmp_path / "verdicts.db") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.raises(StoreError, match=r"no verdict store in .* yet.*run again"):
        VerdictStore.open(tmp_path)
    with VerdictStore.create(tmp_path) as store:
        store.append([], [entry("p")])
        assert len(store) == 1


def test_an_altered_record_is_found(tmp_path: Path) -> None:
    """A changed preference does not match its checksum."""
    with VerdictStore.create(tmp_path) as store:
        store.append([], [entry("p")])
    with sqlite3.connect(tmp_path / "verdicts.db") as connection:
        connection.execute("UPDATE verdicts SET record = replace(record, '1.0', '0.0')")
    connection.close()
    with VerdictStore.open(tmp_path) as store, pytest.raises(StoreDamagedError, match="checksum"):
        list(store)


def _fill(store: VerdictStore) -> None:
    for n in range(1, 200):
        store.append([], [entry(f"p{n}", raw="x" * 2000)])


def test_a_full_disk_is_a_clear_error_and_no_corruption(tmp_path: Path) -> None:
    """When the file cannot grow the commit fails whole, the message says what to do, and a resume works."""
    with VerdictStore.create(tmp_path) as store:
        store.append([], [entry("p0")])
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(StoreError, match=r"full.*what was committed stands.*free space"):
            _fill(store)
        kept = len(store)
    with VerdictStore.create(tmp_path) as store:
        assert store._connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert len(store) == kept >= 1
        store.append([], [entry("after")])
        assert len(store) == kept + 1


def test_a_session_without_an_end_is_a_crash(tmp_path: Path) -> None:
    """What was in flight at its end may be paid and lost: it counts as spent, at most, and an ended one does not."""
    with VerdictStore.create(tmp_path) as store:
        store.append([attempt("c1")], [entry("p")])
        store.begin(in_flight=32, ceiling_usd=0.5)
        assert store.crashes() == [], "this session is at work"
        with VerdictStore.open(tmp_path) as reader:
            assert reader.crashes() == [], "for a reader too"
    with VerdictStore.create(tmp_path) as store:
        assert store.crashes() == [Crash(32, 0.5)]
        assert store.spent_usd() == 0.25 + 32 * 0.5
        store.begin(in_flight=8, ceiling_usd=0.5)
        store.end()
    with VerdictStore.open(tmp_path) as store:
        assert store.crashes() == [Crash(32, 0.5)], "the second one ended"


def test_columns_are_what_the_verdicts_say(store: VerdictStore) -> None:
    """One array for each field; a preference that is not there is NaN."""
    assert {len(column) for column in store.columns().values()} == {0}
    store.append([], [entry("p2", None), entry("p1", 0.0)])
    columns = store.columns()
    assert columns["pair_id"].tolist() == ["p2", "p1"]
    assert columns["choice"].tolist() == [None, "b"]
    assert np.isnan(columns["preference"][0])
    assert columns["preference"][1] == 0.0
    assert columns["replicate"].tolist() == [0, 0]
    assert columns["outcome"].tolist() == ["invalid", "valid"]
    assert store.keys() == {v.trial.key for v in store}


def test_rows_are_flat(store: VerdictStore) -> None:
    """The fields of the trial and the tokens stand among the others."""
    store.append([], [entry("p", usage=Usage(prompt_tokens=3))])
    (row,) = store.rows()
    assert (row["pair_id"], row["judge"], row["choice"], row["prompt_tokens"]) == ("p", "j", "a", 3)
    assert not any(isinstance(cell, dict) for cell in row.values())


def test_a_record_under_the_key_of_another_is_told(tmp_path: Path) -> None:
    """A key that a failing disk changed into another's, or an index that leads astray, is no verdict of that cell."""
    with VerdictStore.create(tmp_path) as store:
        store.append([], [entry("p"), entry("q")])
    with sqlite3.connect(tmp_path / "verdicts.db") as connection:
        connection.execute("DELETE FROM verdicts WHERE pair_id = 'q'")
        connection.execute("UPDATE verdicts SET key = ?", (entry("q").verdict.trial.key,))
    connection.close()
    with VerdictStore.open(tmp_path) as store, pytest.raises(StoreError, match="damaged: a record stands under"):
        store.known([entry("p").verdict.trial.key, entry("q").verdict.trial.key])


def test_what_a_damaged_store_still_holds_can_be_read(tmp_path: Path) -> None:
    """A changed record, a record that is no text any more, a page that is gone: each costs itself and is counted."""
    with VerdictStore.create(tmp_path) as store:
        store.append([], [entry(f"p{n:03d}", raw="x" * 1000) for n in range(200)])
    file = tmp_path / "verdicts.db"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE verdicts SET record = replace(record, '1.0', '0.0') WHERE pair_id = 'p007'")
        connection.execute("UPDATE verdicts SET record = CAST(x'ff41' AS TEXT) WHERE pair_id = 'p008'")
    connection.close()
    with VerdictStore.open(tmp_path) as store:
        assert [row["pair_id"] for row in store.rows()] == [f"p{n:03d}" for n in range(200) if n not in (7, 8)]
        assert store.damaged == 2
    content = bytearray(file.read_bytes())
    page = content.index(b'"pair_id":"p100"') // 4096 * 4096
    content[page : page + 4096] = bytes(4096)
    file.write_bytes(content)
    with VerdictStore.open(tmp_path) as store:
        rest = {row["pair_id"] for row in store.rows()}
        assert "p100" not in rest
        assert len(rest) + store.damaged == 200
        assert len(rest) > 150
        with pytest.raises(StoreError, match=r"damaged.*judgeaudit export"):
            list(store)


def test_damage_that_quotes_itself_is_told(tmp_path: Path) -> None:
    """A column without its record, a schema that is no text: each is damage, whatever SQLite says of it."""
    with VerdictStore.create(tmp_path) as store:
        store.append([], [entry("p"), entry("q")])
    file = tmp_path / "verdicts.db"
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"CREATE TABLE verdicts", b"CREATE TABLE\xf6verdicts"))
    with pytest.raises(StoreError, match="damaged or not a store"), VerdictStore.open(tmp_path) as store:
        store.known([entry("p").verdict.trial.key])
    file.write_bytes(whole)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'record TEXT NOT NULL', 'record TEXT')")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE verdicts SET record = NULL WHERE pair_id = 'p'")
    with VerdictStore.open(tmp_path) as store:
        assert [row["pair_id"] for row in store.rows()] == ["q"]
        assert store.damaged == 1
        with pytest.raises(StoreError, match="damaged"):
            store.known([entry("p").verdict.trial.key])


def test_a_store_in_a_place_that_is_not_to_be_written_can_be_read() -> None:
    """A finished run of somebody else is read as it is, without the files that SQLite would put beside it."""
    code = """
import os, sys
from judgeaudit.verdicts import VerdictStore
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
with VerdictStore.open(sys.argv[1]) as store:
    print(len(store), sorted(os.listdir(sys.argv[1])))
"""
    with tempfile.TemporaryDirectory() as folder:
        with VerdictStore.create(folder) as store:
            store.append([], [entry("p")])
        (Path(folder) / "verdicts.db").chmod(0o444)
        Path(folder).chmod(0o555)
        done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=False)
        Path(folder).chmod(0o700)
    assert done.stdout == "1 ['verdicts.db']\n", done.stderr
