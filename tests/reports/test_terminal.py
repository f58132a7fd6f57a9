"""The terminal summary is short, plain where it must be, and cannot be driven by its content."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from judgeaudit.records import Audit, Counts, JudgeAudit
from judgeaudit.reports import report
from judgeaudit.reports.terminal import print_summary, summary

from .audits import audit, judge, three


def lines(made: Audit, width: int = 80, path: str | None = "runs/july") -> list[str]:
    """Return the summary as plain text."""
    return [line.plain for line in summary(made, path=path, width=width)]


def crowd(n: int) -> Audit:
    """Make many judges, most of them bad in every way."""
    return audit(
        *(
            judge(f"judge-with-a-long-name-{k}", 0.3, 0.9, position=0.5, conflict=0.9, note=f"note {k}")
            for k in range(n)
        )
    )


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("made", [audit(), three(), crowd(9), crowd(200)], ids=["none", "three", "nine", "many"])
def test_the_summary_fits_its_screen(made, width):
    """At most 24 lines, none wider than the terminal, whatever the number of judges and findings."""
    shown = lines(made, width)
    assert len(shown) <= 24
    assert max(map(cell_len, shown)) <= width


def test_the_worst_judge_leads_and_the_verdict_closes():
    """The eye lands on what matters at both ends."""
    shown = lines(three())
    rows = [line.split()[0] for line in shown[3:6]]
    assert rows == ["style-only", "smollm2-ab", "mini"]
    assert shown[-1] == "1 of 3 judges is fit to rank models on these questions: mini."
    assert any("style-only pays for style, not truth (angle 89°)." in line for line in shown)


def test_every_figure_of_a_judge_is_in_its_row():
    """Truth, style, angle with interval, position, conflict, noise and lost cells."""
    row = next(line for line in lines(three()) if line.startswith("mini"))
    assert row.split() == ["mini", "+92", "+6", "4°", "[0,", "8]", "+1", "5%", "3", "1%"]


def test_marks_tell_what_colour_tells():
    """A star stands at what lies outside its limit, so that nothing is said by colour alone."""
    row = next(line for line in lines(three()) if line.startswith("smollm2-ab"))
    assert "+5*" in row
    assert "+83*" in row
    assert "*" not in next(line for line in lines(three()) if line.startswith("mini"))


def test_findings_come_with_code_interval_and_limit():
    """A finding can be looked up and judged on its own line."""
    assert "FAIL JA310 style-only: truth sensitivity +1 [-4, +6], limit at least +30" in lines(three())


def test_what_does_not_fit_is_counted():
    """Cut judges and findings leave their number behind."""
    shown = "\n".join(lines(crowd(12)))
    assert "+ 3 more judges (see the report)" in shown
    assert "more findings (see the report)" in shown


@pytest.mark.parametrize("width", [60, 80])
def test_ten_judges_with_long_names_have_a_row_each(width):
    """And findings, the place of the report and the verdict keep their lines beside them."""
    shown = lines(crowd(10), width)
    rows = [line for line in shown if line.startswith("judge-with")]
    assert len([row for row in rows if "+90*" in row]) == 10
    assert len([line for line in shown if line.startswith("FAIL JA")]) >= 2
    assert shown[-2] == "Report and data: runs/july"


def test_the_legend_explains_every_mark():
    """What a star, a question mark and the last column mean stands under the table, at any width."""
    for width, said in ((60, "? open: undecided"), (80, "lost: no verdict"), (100, "lost: no verdict")):
        legend = next(line for line in lines(three(), width) if line.startswith("* beyond"))
        assert said in legend


def test_refused_cells_are_lost_cells():
    """A judge that refuses a third does not look as if it had answered everything."""
    refuser = judge("r", counts=Counts(planned=300, valid=200, refusal=100, invalid=0, missing=0, tie=0))
    assert next(line for line in lines(audit(refuser)) if line.startswith("r ")).endswith("33%*")


def test_what_judges_pay_for_is_said_in_whole_sentences():
    """No sentence is cut in the middle; those left out are counted."""
    assert "(angle 72°). + 8 more (see the report)." in " ".join(lines(crowd(9)))


def test_notes_drops_and_places_are_printed():
    """The demonstration note, the dropped pairs and the path of the artefacts."""
    shown = lines(three())
    assert "Note: for demonstration, not for grading (smollm2-ab)" in shown
    assert "12 pairs dropped by the manipulation check: content_changed 9, length_leak 3" in shown
    assert "Report and data: runs/july" in shown


def test_a_long_path_is_never_cut():
    """A path that cannot be copied is no path."""
    path = "/very/long" * 20
    assert any(path in line for line in lines(three(), path=path))


def test_when_all_limits_hold_it_says_so():
    """Quiet when fine."""
    assert "All 7 limits hold." in lines(audit(judge("mini")))


def test_sixty_columns_keep_the_essentials():
    """The narrow table drops the noise floor and the interval, not the judgement."""
    head = lines(three(), 60)[2]
    assert head.split() == ["judge", "truth", "style", "angle", "position", "conflict", "lost"]


def run(code: str, **environment: str) -> bytes:
    """Return what a program prints into a pipe."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=os.environ | environment, timeout=60
    )
    return done.stdout


PRINT = """
from judgeaudit import records, reports
reports.report(records.Audit(judges=(records.JudgeAudit(name="é", model="m"),)))
"""


def test_a_pipe_gets_plain_text():
    """No escape sequence leaves the program when nobody looks at a terminal."""
    out = run(PRINT, PYTHONIOENCODING="utf-8")
    assert b"\x1b" not in out
    assert "é is not shown fit" in out.decode()


def test_an_ascii_terminal_gets_ascii():
    """A C locale is no reason to crash."""
    out = run(PRINT, PYTHONIOENCODING="ascii")
    assert out.decode("ascii").splitlines()[-1] == "? is not shown fit to rank models on these questions."


@pytest.mark.parametrize(("variable", "coloured"), [("FORCE_COLOR", True), ("NO_COLOR", False)])
def test_colour_is_the_users_choice(variable, coloured):
    """NO_COLOR leaves no colour, only weight."""
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    out = run(PRINT, **{**terminal, variable: "1"})
    assert (b"\x1b[33m" in out or b"\x1b[1;31m" in out or b";33m" in out) == coloured


def test_the_summary_can_be_written_to_a_file(tmp_path):
    """With ``out`` the terminal form is plain text in a file."""
    assert report(three(), "terminal", tmp_path / "summary.txt", path="runs/july") is None
    assert (tmp_path / "summary.txt").read_text(encoding="utf-8").splitlines() == lines(three())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=60))
def test_no_name_or_note_drives_the_terminal(name, note):
    """Hostile names neither add lines nor reach the terminal as controls, nor crash rich."""
    made = audit(
        JudgeAudit(name=f"{name}\x1b[2J[/INST]\n", model="m", note=note), run_id=name, dropped={note or "x": 1}
    )
    out = io.StringIO()
    print_summary(made, width=80, file=out)
    assert "\x1b" not in out.getvalue()
    assert len(out.getvalue().split("\n")) - 1 == len(summary(made)) <= 24
