"""A run has its directory to itself, and what is refused changes nothing in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from judgeaudit.config import parse_config
from judgeaudit.errors import ConfigError, StoreLockedError, UsageError
from judgeaudit.exchange import export_batch
from judgeaudit.pipeline import reparse, run, spending
from judgeaudit.reports import load_audit
from judgeaudit.verdicts import VerdictStore
from tests.server import Fault, Server

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


@pytest.mark.parametrize("settings", [{"max_cost_usd": 1.0}, {"precision": {"style_rewrd": 0.1}}])
def test_a_run_that_is_refused_leaves_the_last_one_as_it_was(settings: dict[str, object], tmp_path: Path) -> None:
    """A cap on a judge without a price, a target that is none: neither manifest, pairs nor audit are another's."""
    with Server(lambda _: "A") as server:
        spec = {"name": "j", "model": "openai/m", "api_base": server.api_base}
        run(parse_config({**SETTINGS, "judges": [spec]}), tmp_path)
        before = content(tmp_path)
        larger = {**SETTINGS, "design": {"items": 9}, "judges": [spec], "collect": settings}
        for fresh in (False, True):
            with pytest.raises(ConfigError, match=next(iter(settings))):
                run(parse_config(larger), tmp_path, fresh=fresh)
    assert content(tmp_path) == before


def test_an_audit_of_an_earlier_run_is_not_that_of_the_last(tmp_path: Path) -> None:
    """A larger run that was killed leaves the old audit there; no gate passes on it, and no report shows it."""
    (tmp_path / "audit.yaml").write_text(CONFIG)
    done = run(parse_config(SETTINGS), tmp_path / "out")
    manifest = tmp_path / "out" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(done.audit.run_id, "0123456789ab"))  # as a later run began
    for verb in ("gate", "report", "reparse"):
        command = [sys.executable, "-c", "from judgeaudit.cli import main; main()", verb, "out"]
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert said.returncode == 2
        assert "the last run here (0123456789ab) did not come to its end" in said.stderr
    assert load_audit(tmp_path / "out") == done.audit


def test_a_directory_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    """A new run directory is its owner's alone; ``--out .`` closes nobody's house."""
    house = tmp_path / "house"
    house.mkdir(mode=0o755)
    house.chmod(0o755)
    run(parse_config(SETTINGS), house)
    run(parse_config(SETTINGS), tmp_path / "new")
    assert (house.stat().st_mode & 0o777, (tmp_path / "new").stat().st_mode & 0o777) == (0o755, 0o700)
    assert (house / "verdicts.db").stat().st_mode & 0o777 == 0o600


def test_a_budget_says_what_it_went_to(tmp_path: Path) -> None:
    """What was paid and what may have been, where the cap has ended a run."""
    with Server(lambda request: Fault(200, "half") if request.number < 1 else "A") as server:
        spec = {"name": "j", "model": "openai/m", "api_base": server.api_base, "price": [10.0, 10.0]}
        settings = {**SETTINGS, "judges": [spec], "collect": {"concurrency": 1, "max_cost_usd": 0.05}}
        done = run(parse_config(settings), tmp_path)
    assert done.exit_status == 4
    with VerdictStore.open(tmp_path) as store:
        paid, counted = store.known_usd(), store.spent_usd()
    assert 0 < paid < counted <= 0.05
    assert spending(tmp_path).startswith(f"${paid:.4f} was paid, and at most ${counted - paid:.4f} for requests that")
