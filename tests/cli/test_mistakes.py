"""What a person gets wrong is told in one message with a way on; nothing is half-written, and there is no traceback."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from judgeaudit.cli.app import app
from judgeaudit.config import parse_config
from judgeaudit.pipeline import run

CONFIG = """
items: demo
design: {items: 8}
judges: [{name: coin, model: simulated/coin}]
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small finished run."""
    folder = tmp_path_factory.mktemp("run") / "out"
    judges = [{"name": "coin", "model": "simulated/coin"}]
    run(parse_config({"items": "demo", "design": {"items": 8}, "judges": judges}), folder)
    return folder


@pytest.fixture
def desk(finished, tmp_path, monkeypatch):
    """A folder with a run, configurations of every kind, and a file where a folder should be."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, tmp_path / "out")
    (tmp_path / "audit.yaml").write_text(CONFIG)
    (tmp_path / "a-file").write_text("")
    (tmp_path / "empty").mkdir()
    return tmp_path


def told(arguments: str, status: int = 2) -> str:
    """Type a line; return the message, when there is one, and no traceback."""
    done = CliRunner().invoke(app, arguments.split())
    assert isinstance(done.exception, SystemExit | None), done.exception
    assert done.exit_code == status, done.output
    return " ".join(done.stderr.split())


@pytest.mark.parametrize("place", ["a-file/x.{}", "empty"])
@pytest.mark.parametrize(
    ("line", "ending"),
    [
        ("init", "yaml"), ("perturb demo", "jsonl"), ("report out --format html", "html"),
        ("report out --format markdown", "md"), ("report out --format terminal", "txt"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_written_is_named(desk, line, ending, place):
    """With the reason and what to do; no part of a file stays behind."""
    out = place.format(ending)
    before = sorted(desk.rglob("*"))
    said = told(f"{line} --out {out}")
    assert out.split("/")[0] in said
    assert "cannot be written" in said or "exists" in said
    assert sorted(desk.rglob("*")) == before


def test_a_run_has_no_place_in_a_file(desk):
    """A directory is asked for, and the file stays as it was."""
    for out in ("a-file", "a-file/x"):
        assert out in told(f"run audit.yaml --out {out}")
    assert (desk / "a-file").read_text() == ""


@pytest.mark.parametrize("line", ["report {}", "gate {}", "reparse {}", "compare {} out", "compare out {}"])
@pytest.mark.parametrize("place", ["nowhere", "empty", "a-file"])
def test_what_is_no_run_is_refused(desk, line, place):
    """The message says where a run was looked for."""
    assert place in told(line.format(place))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("manifest.json", "{}"), ("manifest.json", "null"), ("manifest.json", '{"config": {}, "judges": {}}'),
        ("manifest.json", '{"run'), ("audit.json", '{"schema_version": 9}'), ("audit.json", '{"run'),
        ("audit.json", "[]"), ("audit.json", '{"schema_version": 1, "run": {}, "judges": []}'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["report", "gate", "reparse"])
def test_a_run_with_a_damaged_file_is_refused(desk, verb, file, content):
    """Cut short, altered, or of a release to come: the file is named."""
    (desk / "out" / file).write_text(content)
    assert f"out/{file}" in told(f"{verb} out")


def test_what_is_said_to_do_about_a_damaged_audit_works(desk):
    """The same run again writes it anew, and asks nothing that is kept."""
    before = (desk / "out" / "audit.json").read_text()
    (desk / "out" / "audit.json").write_text(before[:500])
    assert "'judgeaudit run CONFIG --out DIR' writes it anew" in told("report out")
    told("run audit.yaml --out out", 0)
    assert json.loads((desk / "out" / "audit.json").read_text())["judges"] == json.loads(before)["judges"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected a mapping"), ("a: [", "not valid YAML"), ("- position", "expected a mapping"),
        ("position: 0.1", "needs a limit"), ("positio: {max: 1}", 'did you mean "position"'),
        ("position: {maxx: 1}", 'did you mean "max"'), ("position: {max: many}", "finite number"),
        ("position: {max_abs: -1}", "negative"), ("angle.x: {max: 1}", "has no parts"),
        ("on_inconclusive: warn", "states no limit"),
    ],
)  # fmt: skip
def test_a_policy_with_a_mistake_is_refused_on_one_line(desk, content, said):
    """The file is named, and what is allowed."""
    (desk / "gates.yaml").write_text(content)
    message = told("gate out --policy gates.yaml")
    assert said in message
    assert "gates.yaml" in message


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_gates_are_checked_before_anything_is_made(desk, verb):
    """A limit that is misspelt in a configuration costs nothing."""
    (desk / "audit.yaml").write_text(CONFIG + "gates: {positio: {max_abs: 0.1}}\n")
    assert "gates of the configuration: unknown quantity" in told(f"{verb} audit.yaml")
    assert not (desk / "runs").exists()


def test_a_gate_that_nobody_heard_has_not_passed(desk):
    """When the reader of the output has gone, the status says so, and no traceback follows."""
    line = [sys.executable, "-c", "from judgeaudit.cli import main; main()", "gate", "out"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(line, stdout=writer, stderr=subprocess.PIPE, cwd=desk, check=False, timeout=120)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_every_policy_that_is_sound_still_decides(desk):
    """The statuses of a gate: passed, failed, undecided, and what the caller makes of that."""
    (desk / "gates.yaml").write_text("invalid: {max: 0.5}\n")
    told("gate out --policy gates.yaml", 0)
    (desk / "gates.yaml").write_text("angle: {max: 1}\n")
    told("gate out --policy gates.yaml", 5)
    told("gate out --policy gates.yaml --on-inconclusive fail", 1)
    told("gate out --policy gates.yaml --on-inconclusive pass", 0)
