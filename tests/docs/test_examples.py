"""What the documentation shows is run: every Python block, every ``judgeaudit`` line, and the notebook.

Real models are replaced by simulated ones. In the Markdown a comment before a block says ``not run: REASON``, or
``file: NAME`` for a block that the examples after it read.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from judgeaudit.cli.app import app
from judgeaudit.config import parse_config
from judgeaudit.pipeline import run

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>not run|file): (?P<word>[^\n]+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
SIMULATED = {"openai/gpt-4.1": "simulated/careful", "anthropic/claude-sonnet-4-5": "simulated/balanced"}
VERDICTS = ("run", "gate", "compare", "check-pairs")
"""Verbs whose exit status tells good news (0) from bad (1) and from none (5)."""


class Block(NamedTuple):
    """One fenced block of a page."""

    mark: str | None
    word: str | None
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [Block(**found.groupdict()) for found in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def commands(block: Block) -> list[list[str]]:
    """Return the arguments of every judgeaudit line of a block."""
    if block.language not in ("console", ""):
        return []
    lines = (shlex.split(line, comments=True) for line in block.text.splitlines() if line.startswith("judgeaudit "))
    return [arguments for _, *arguments in lines]


def run_python(text: str, page: str, space: dict[str, object]) -> None:
    """Run a block of Python on simulated judges, with what the blocks above it defined."""
    for real, simulated in SIMULATED.items():
        text = text.replace(f'"{real}"', f'"{simulated}"')
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, page, "exec"), space)  # noqa: S102 our own documentation


def run_line(arguments: list[str]) -> str:
    """Run one command; return what it printed."""
    done = CliRunner().invoke(app, arguments)
    allowed = (0, 1, 5) if arguments[0] in VERDICTS else (0,)
    assert done.exit_code in allowed, f"judgeaudit {shlex.join(arguments)}: {done.exit_code}\n{done.output}"
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.output


def run_tests(text: str, desk: Path) -> None:
    """Run a block that is itself a test module, in its own process, on a stored run of a sound judge."""
    config = {"items": "core", "design": {"items": 60}, "judges": [{"name": "j", "model": "simulated/careful"}]}
    run(parse_config(config), "runs/july")
    (desk / "test_block.py").write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "judgeaudit.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "--rootdir=.",
    ]
    # Where judgeaudit is installed its plugin would load twice.
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=desk, env=env, capture_output=True, text=True, check=False)
    assert f"{text.count('def test_')} passed" in done.stdout, done.stdout


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty folder to work in, with the gate policy that the guide shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    guide = blocks(ROOT / "docs" / "reading-the-report.md")
    (policy,) = [block.text for block in guide if block.word == "gates.yaml"]
    (tmp_path / "gates.yaml").write_text(policy, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_shows_runs_from_top_to_bottom(page, desk):
    """No example is out of date: each runs after those above it, in one folder."""
    space: dict[str, object] = {"__name__": "example"}
    for block in blocks(page):
        if block.mark == "not run":
            continue
        if block.mark == "file":
            (desk / block.word).write_text(block.text, encoding="utf-8")
        elif block.language == "python" and "import pytest" in block.text:
            run_tests(block.text, desk)
        elif block.language == "python":
            run_python(block.text, page.name, space)
        else:
            for arguments in commands(block):
                assert run_line(arguments)


def test_the_executor_sees_the_examples():
    """The pages hold Python and commands that are run; a page that lost its fences would not pass unseen."""
    shown = {page.stem: [block for block in blocks(page) if block.mark != "not run"] for page in PAGES}
    lines = {name: sum(len(commands(block)) for block in found) for name, found in shown.items()}
    python = {name for name, found in shown.items() if any(block.language == "python" for block in found)}
    assert lines["README"] >= 4
    assert lines["quickstart"] >= 10
    assert {"README", "quickstart", "reading-the-report", "manipulation-check"} <= python


def test_a_block_that_is_not_run_says_why():
    """The reason is stated and is one that a test run cannot meet."""
    reasons = {block.word for page in PAGES for block in blocks(page) if block.mark == "not run"}
    assert reasons <= {"needs a key", "needs the embedded model", "needs its data"}


def test_the_notebook_runs_and_shows_its_tables(desk):
    """Every cell runs in order; what a cell ends with is shown as HTML; no output is stored."""
    book = json.loads((ROOT / "examples" / "quickstart.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    space: dict[str, object] = {}
    shown = [run_cell("".join(cell["source"]), space) for cell in cells]
    pages = [value._repr_html_() for value in shown if hasattr(value, "_repr_html_")]
    assert len(pages) >= 2
    assert all(page.lstrip().startswith("<") and "<script" not in page for page in pages)


def run_cell(source: str, space: dict[str, object]) -> object:
    """Run a cell as a notebook would; return the value of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(tree, "cell", "exec"), space)  # noqa: S102 our own notebook
        return eval(compile(ast.Expression(last.value), "cell", "eval"), space) if last else None  # noqa: S307 as above
