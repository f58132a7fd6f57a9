"""The door of the room: one function for every form, and one that explains a code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import judgeaudit
from judgeaudit.assets import load_fixture
from judgeaudit.errors import UsageError
from judgeaudit.gates import RULES
from judgeaudit.judges.transport import _REASONS
from judgeaudit.reports import explain, report

from .audits import three


def test_the_terminal_form_is_printed(capsys):
    """By default the summary goes to standard output."""
    assert report(three(), width=80) is None
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 of 3 judges is fit")


def test_any_other_form_is_returned():
    """Without a file, text comes back."""
    assert (report(three(), "json") or "").startswith('{\n "schema_version": 1')


def test_an_unknown_form_is_refused():
    """The message suggests the nearest and lists all."""
    with pytest.raises(UsageError, match='did you mean "terminal"'):
        report(three(), "terminl")  # type: ignore[arg-type]


def test_every_code_is_explained():
    """No finding leaves its reader alone, and no explanation is orphaned."""
    codes = {code for rule in RULES.values() for code in (rule.code, rule.part_code) if code}
    assert set(load_fixture("findings")) == codes
    for code in codes:
        text = explain(code.lower())
        assert text.startswith(code)
        assert all(part in text for part in ("What it means", "How it is computed", "What to do"))


def test_an_unknown_code_is_refused():
    """The message suggests the nearest."""
    with pytest.raises(UsageError, match='did you mean "JA110"'):
        explain("JA1100")


def reasons_in_the_source() -> set[str]:
    """Return every reason with which a judge or the collection may end a cell, as the source states them."""
    rooms = [Path(judgeaudit.__file__).parent / room for room in ("judges", "collection")]
    files = [file for room in rooms for file in sorted(room.glob("*.py")) if file.name != "writer.py"]
    source = "".join(file.read_text("utf-8") for file in files)
    stated = re.findall(r'reason="([a-z_ ]+)"|_nothing_read\(\w+, \w+, "(\w+)"\)|_HaltedError\(f?"(\w+)', source)
    return {name for found in stated for name in found if name} | {*_REASONS.values(), "server_error", "bad_request"}


def test_every_reason_for_a_lost_cell_is_explained():
    """What stands in a report can be looked up, with what to do."""
    reasons = reasons_in_the_source() - {"refusal"}
    assert len(reasons) > 25
    for reason in reasons:
        assert "A reason for which a cell gave no verdict" in explain(reason)
    assert explain("breaker: connection").startswith("breaker: connection  A reason")
    assert explain("truncated").count("A reason for which") == 2
