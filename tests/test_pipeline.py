"""A run has its directory to itself, and what is refused changes nothing in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from judgeaudit.config import parse_config
from judgeaudit.errors import StoreLockedError, UsageError
from judgeaudit.exchange import export_batch
from judgeaudit.pipeline import reparse, run
from judgeaudit.verdicts import VerdictStore
from tests.server import Server

CONFIG = """
items: demo
design: {items: 4, seed: 7}
judges:
  - {name: sharp, model: simulated/truth-only}
"""
SETTINGS = {
    "items": "demo", "design": {"items": 4, "seed": 7}, "judges": [{"name": "sharp", "model": "simulated/truth-only"}],
}  # fmt: skip


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder but those of the store, which its writer may change, with its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("verdicts.db"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("line", ["run audit.yaml --out out --fresh", "run audit.yaml --out out", "reparse out"])
def test_a_directory_at_work_is_left_to_its_writer(line: str, tmp_path: Path) -> None:
    """A second process is told who is at work there; nothing is moved, rewritten, or left behind."""
    (tmp_path / "audit.yaml").write_text(CONFIG)
    run(parse_config(SETTINGS), tmp_path / "out")
    command = [sys.executable, "-c", "from judgeaudit.cli import main; main()", *line.split()]
    with VerdictStore.create(tmp_path / "out") as store:
        before = content(tmp_path)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"verdicts.db is being written by process {os.getpid()} on" in done.stderr
        assert content(tmp_path) == before
        assert len(store) > 0
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.rglob("*.lock")) or "--fresh" in line


def test_a_store_is_read_again_and_not_written(tmp_path: Path) -> None:
    """``reparse`` leaves the store as it is to the byte, and its page tells a crash of the last session."""
    run(parse_config(SETTINGS), tmp_path)
    with VerdictStore.create(tmp_path) as store:
        store.begin(in_flight=9, ceiling_usd=0.0)
    before = (tmp_path / "verdicts.db").read_bytes()
    reparse(tmp_path)
    assert (tmp_path / "verdicts.db").read_bytes() == before
    assert "at most 9 calls may have been paid twice" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(("file", "said"), [("audit.json", "holds no finished run"), ("pairs.jsonl", "pairs.jsonl")])
def test_a_reparse_that_is_refused_changes_nothing(file: str, said: str, tmp_path: Path) -> None:
    """What a configuration says of reading is written when the run could be measured by it, and not before."""
    spec = {"name": "j", "model": "openai/m"}
    with Server(lambda _: "Winner: 1") as server:
        spec["api_base"] = server.api_base
        run(parse_config({**SETTINGS, "judges": [spec]}), tmp_path)
    reading = {"pattern": r"Winner: (\d)", "A": ["1"], "B": ["2"]}
    (tmp_path / file).unlink()
    before = content(tmp_path)
    with pytest.raises(UsageError, match=said):
        reparse(tmp_path, parse_config({**SETTINGS, "judges": [{**spec, "reading": reading}]}))
    assert content(tmp_path) == before


def test_nobody_is_paid_to_write_for_a_run_that_is_refused(tmp_path: Path) -> None:
    """The writer of pairs is asked when the directory is this run's own: by ``run`` as by ``batch export``."""
    with Server(lambda _: "unused") as server, VerdictStore.create(tmp_path):
        writer = {"name": "writer", "model": "openai/scribe-1", "api_base": server.api_base}
        judge = {"name": "j", "model": "openai/m", "api_base": server.api_base}
        config = parse_config({**SETTINGS, "judges": [judge], "rewrites": {"writer": writer, "items": 2}})
        for start in (run, export_batch):
            with pytest.raises(StoreLockedError):
                start(config, tmp_path)
        assert server.hits == 0
