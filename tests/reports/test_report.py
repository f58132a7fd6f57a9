"""The door of the room: one function for every form, and one that explains a code."""

from __future__ import annotations

import pytest

from judgeaudit.assets import load_fixture
from judgeaudit.errors import UsageError
from judgeaudit.gates import RULES
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
