"""The forms that other programs tabulate: JUnit XML for test dashboards, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree as ET

from judgeaudit.records import Audit, Finding
from judgeaudit.reports import words
from judgeaudit.reports.safe import clean

COLUMNS = (
    "judge", "term", "scale", "estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "n_clusters", "method",
    "grade", "note",
)  # fmt: skip


def junit(audit: Audit) -> str:
    """Return every finding as a JUnit test case: a failed limit fails, an undecided one is skipped with its reason."""
    findings = words.findings_of(audit)
    root = ET.Element("testsuites", _totals("judgeaudit", findings))
    for judge in dict.fromkeys(finding.judge for finding in findings):
        own = tuple(finding for finding in findings if finding.judge == judge)
        suite = ET.SubElement(root, "testsuite", _totals(clean(judge or "pairs"), own))
        for finding in own:
            _case(suite, finding)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _totals(name: str, findings: tuple[Finding, ...]) -> dict[str, str]:
    statuses = [finding.status for finding in findings]
    failures, skipped = statuses.count("FAIL"), statuses.count("INCONCLUSIVE")
    return {"name": name, "tests": str(len(statuses)), "failures": str(failures), "skipped": str(skipped)}


def _case(suite: ET.Element, finding: Finding) -> None:
    name = clean(f"{finding.code} {finding.rule}")
    case = ET.SubElement(
        suite, "testcase", {"classname": f"judgeaudit.{clean(finding.judge or 'pairs')}", "name": name}
    )
    if finding.status != "PASS":
        tag = "failure" if finding.status == "FAIL" else "skipped"
        ET.SubElement(case, tag, {"message": clean(words.finding_sentence(finding))}).text = clean(finding.sentence)


def spreadsheet(audit: Audit) -> str:
    """Return every estimate as one row of CSV; a text that a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for estimate in audit.estimates:
        writer.writerow([_cell(getattr(estimate, column)) for column in COLUMNS])
    return out.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] == "\t" else text
