"""JUnit and CSV carry the same findings and estimates, safely."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree as ET

import pytest

from judgeaudit.records import Estimate, JudgeAudit
from judgeaudit.reports import report
from judgeaudit.reports.tables import COLUMNS

from .audits import audit, judge, three


def test_junit_has_one_case_for_each_finding():
    """A failed limit fails, an undecided one is skipped, and the totals are right."""
    root = ET.fromstring(report(three(), "junit") or "")  # noqa: S314 - our own text
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("21", "7", "0")
    assert len(root.findall(".//failure")) == 7
    assert [suite.get("name") for suite in root] == ["style-only", "smollm2-ab", "mini"]
    failure = root.find(".//testcase[@name='JA310 truth_sensitivity']/failure")
    assert failure is not None
    assert failure.get("message") == "truth sensitivity +1 [-4, +6], limit at least +30"


def test_junit_survives_hostile_names():
    """Characters that XML forbids do not reach it."""
    root = ET.fromstring(report(audit(judge("a\x00\x1b[2J<b>\ufffe")), "junit") or "")  # noqa: S314 - our own text
    assert root[0].get("name") == "a<b>"


def test_csv_has_one_row_for_each_estimate():
    """Numbers stay numbers, signs included."""
    rows = list(csv.DictReader(io.StringIO(report(three(), "csv") or "")))
    assert len(rows) == len(three().estimates)
    assert tuple(rows[0]) == COLUMNS
    assert float(next(r for r in rows if r["term"] == "truth_sensitivity")["conf_low"]) == pytest.approx(0.87)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\x1b[0m=1", "\r=1"])
def test_no_text_is_a_formula(text):
    """A spreadsheet reads a judge's name as text."""
    named = JudgeAudit(
        name=text, model="m", estimates=(Estimate(judge=text, term="angle", scale="degrees", estimate=-1),)
    )
    row = next(csv.DictReader(io.StringIO(report(audit(named), "csv") or "")))
    assert row["judge"].startswith("'")
    assert row["estimate"] == "-1.0"
