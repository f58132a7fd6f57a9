"""The summary at the terminal: at most 24 lines, the worst judge first, the verdict in words last."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import IO, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from judgeaudit.gates import standing
from judgeaudit.records import Audit, Estimate, Finding, JudgeAudit, Status
from judgeaudit.reports import numbers, words
from judgeaudit.reports.json import total_cost
from judgeaudit.reports.safe import one_line
from judgeaudit.reports.variants import families

LINES = 24
MOST_JUDGES, MOST_ADVICE, MOST_TASTE = 10, 2, 2
LEAST_FINDINGS = 4
"""Lines that findings keep whatever else there is to say: two of them, the number of the others, and a blank."""
WIDEST, NARROW, NARROWEST = 100, 80, 60
STYLES: dict[Status, str] = {"FAIL": "bold red", "INCONCLUSIVE": "yellow", "PASS": "green"}
MARKS: dict[Status, str] = {"FAIL": "*", "INCONCLUSIVE": "?", "PASS": " "}
SHORT: dict[Status, str] = {"FAIL": "FAIL", "INCONCLUSIVE": "open", "PASS": "pass"}
LEGEND = ("* beyond limit or margin", "? open: undecided", "lost: no verdict", "-100 to +100")
ASCII = str.maketrans({"°": "d", "·": "|", "–": "-", "…": "~", "±": "+/-", "≥": ">=", "≤": "<=", "−": "-", "’": "'"})

Statuses = dict[str, Status]


class Cell(NamedTuple):
    """What stands in one place of the table."""

    text: str
    status: Status = "PASS"


class Column(NamedTuple):
    """One column of the table of judges."""

    head: str
    width: int
    cell: Callable[[JudgeAudit, Statuses], Cell]


class _Console(Console):
    """A console that does not end the program when nobody reads on: what that means is for its caller to say."""

    def on_broken_pipe(self) -> None:
        """Let the caller know."""
        raise BrokenPipeError


def print_summary(
    audit: Audit, *, path: str | None = None, width: int | None = None, file: IO[str] | None = None
) -> None:
    """Print the summary of an audit to a terminal, or as plain text to a file or pipe.

    Parameters
    ----------
    audit
        What `fit` returned.
    path
        Where the artefacts of the run are.
    width
        Columns to use; None asks the terminal.
    file
        Where to print; None is standard output.
    """
    console = _Console(file=file, width=width, highlight=False, emoji=False, markup=False)
    for line in summary(audit, path=path, width=console.width):
        if console.options.ascii_only:
            line = Text(line.plain.translate(ASCII).encode("ascii", "replace").decode("ascii"))  # noqa: PLW2901 - same line
        console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)


def summary(audit: Audit, *, path: str | None = None, width: int = NARROW) -> list[Text]:
    """Return the lines of the summary: never more than 24, none wider than ``width`` (at least 60)."""
    width = max(NARROWEST, min(width, WIDEST))
    findings = words.findings_of(audit)
    judges = words.worst_first(audit, findings)
    head = [_header(audit, width), Text(), *_table(judges, findings, width), Text()]
    place, verdict = _place(path), _verdict(audit, findings, width)
    room = LINES - _height([*head, *place, verdict], width) - LEAST_FINDINGS
    told = _told(audit, judges, width, room)
    tail = [*told, *place, verdict]
    return [*head, *_findings(findings, LINES - _height([*head, *tail], width), width), *tail]


def _header(audit: Audit, width: int) -> Text:
    name = f"judgeaudit {one_line(audit.run_id, 40)}".rstrip()
    size = [numbers.plural(audit.items, "item"), numbers.plural(audit.pairs, "pair")]
    told = [numbers.plural(audit.counts.valid, "verdict"), numbers.dollars(total_cost(audit.judges))]
    facts = [numbers.plural(len(audit.judges), "judge"), *size, *told]
    while facts and cell_len(" · ".join([name, *facts])) > width:
        facts.remove(next((fact for fact in size if fact in facts), facts[0]))
    return _cut(Text.assemble((name, "bold"), *(f" · {fact}" for fact in facts)), width)


# ---------------------------------------------------------------------------------------------------- table


def _table(judges: Sequence[JudgeAudit], findings: Sequence[Finding], width: int) -> list[Text]:
    columns = COLUMNS if width >= NARROW else NARROW_COLUMNS
    room = width - sum(column.width + 1 for column in columns)
    shown = judges if len(judges) <= MOST_JUDGES else judges[: MOST_JUDGES - 1]
    names = min(max((cell_len(one_line(judge.name)) for judge in shown), default=5), room)
    rows = [_head(columns, max(names, 5)), *(_row(judge, findings, columns, max(names, 5)) for judge in shown)]
    if len(shown) < len(judges):
        rows.append(Text(f"+ {len(judges) - len(shown)} more judges (see the report)", style="dim"))
    legend = next(line for n in (4, 3, 2) if cell_len(line := " · ".join(LEGEND[:n])) <= width)
    return [*rows, Text(legend, style="dim")]


def _head(columns: Sequence[Column], names: int) -> Text:
    return Text(
        " ".join(["judge".ljust(names), *(f"{c.head} ".rjust(c.width) for c in columns)]).rstrip(), style="bold"
    )


def _row(judge: JudgeAudit, findings: Sequence[Finding], columns: Sequence[Column], names: int) -> Text:
    statuses: Statuses = {f.rule: f.status for f in findings if f.judge == judge.name}
    name = one_line(judge.name)
    name = set_cell_size(name if cell_len(name) <= names else set_cell_size(name, names - 1).rstrip() + "…", names)
    row = Text.assemble((name, STYLES[standing(findings, judge.name)]))
    for column in columns:
        cell = column.cell(judge, statuses)
        style = "" if cell.status == "PASS" else STYLES[cell.status]
        row.append(" ").append(f"{cell.text}{MARKS[cell.status]}".rjust(column.width), style=style)
    row.rstrip()
    return row


def _effect(term: str) -> Callable[[JudgeAudit, Statuses], Cell]:
    def cell(judge: JudgeAudit, statuses: Statuses) -> Cell:
        estimate = judge.get(term)
        return Cell(_figure(estimate), statuses.get(term) or ("FAIL" if words.beyond_margin(estimate) else "PASS"))

    return cell


def _figure(estimate: Estimate | None) -> str:
    return numbers.NOTHING if estimate is None else numbers.figure(estimate.estimate, estimate.term, estimate.scale)


def _taste_status(statuses: Statuses) -> Status:
    return statuses.get("angle") or statuses.get("exchange_rate") or "PASS"


def _angle(judge: JudgeAudit, statuses: Statuses) -> Cell:
    return Cell(_figure(judge.get("angle", "degrees")), _taste_status(statuses))


def _angle_interval(judge: JudgeAudit, statuses: Statuses) -> Cell:
    angle = judge.get("angle", "degrees")
    interval = numbers.interval(angle).replace("°", "")
    known = angle is not None and angle.estimate is not None
    return Cell(f"{_figure(angle)} {interval}" if known else numbers.NOTHING, _taste_status(statuses))


def _noise(judge: JudgeAudit, _: Statuses) -> Cell:
    return Cell(numbers.points(judge.reliability.noise_floor).lstrip("+"))


def _lost(judge: JudgeAudit, statuses: Statuses) -> Cell:
    counts = judge.counts
    share = (counts.planned - counts.valid) / counts.planned if counts.planned else None
    failed = "FAIL" in map(statuses.get, ("invalid", "missing", "refusal"))
    return Cell(numbers.percent(share), "FAIL" if failed else "PASS")


TRUTH, STYLE = Column("truth", 6, _effect("truth_sensitivity")), Column("style", 6, _effect("style_reward"))
POSITION, CONFLICT = Column("position", 9, _effect("position")), Column("conflict", 9, _effect("conflict_failure"))
ANGLE, ANGLE_INTERVAL = Column("angle", 7, _angle), Column("angle [95%]", 19, _angle_interval)
NOISE, LOST = Column("noise", 6, _noise), Column("lost", 6, _lost)
COLUMNS = (TRUTH, STYLE, ANGLE_INTERVAL, POSITION, CONFLICT, NOISE, LOST)
NARROW_COLUMNS = (TRUTH, STYLE, ANGLE, POSITION, CONFLICT, LOST)


# ------------------------------------------------------------------------------------------ below the table


def _findings(findings: Sequence[Finding], room: int, width: int) -> list[Text]:
    open_ones = [finding for finding in findings if finding.status != "PASS"]
    held = len(findings) - len(open_ones)
    if not open_ones:
        return [Text(f"All {held} limits hold." if held else "No limit was declared.", style="green"), Text()]
    shown = open_ones if len(open_ones) < room else open_ones[: max(room - 2, 0)]
    lines = [_finding(finding, width) for finding in shown]
    if len(shown) < len(open_ones):
        lines.append(Text(f"+ {len(open_ones) - len(shown)} more findings (see the report)", style="dim"))
    return [*lines, Text()]


def _finding(finding: Finding, width: int) -> Text:
    judge = one_line(finding.judge or "pairs", 20)
    label = (f"{SHORT[finding.status]} {finding.code}", STYLES[finding.status])
    return _cut(Text.assemble(label, f" {judge}: {words.finding_sentence(finding)}"), width)


def _told(audit: Audit, judges: Sequence[JudgeAudit], width: int, room: int) -> list[Text]:
    """Return what else there is to say, what matters least left out where there is no room for it."""
    tastes = _tastes(judges, width)[: max(room, 0)]
    sentences = (
        words.stopped_sentence, words.dropped_sentence, words.guessed_sentence, words.written_sentence,
        words.reviewed_sentence,
    )  # fmt: skip
    others = [family.recommendation for family in families(audit)[:MOST_ADVICE]]
    others += [*_notes(judges), *(said for sentence in sentences if (said := sentence(audit)))]
    return [_cut(Text(one_line(line)), width) for line in (*others[: max(room - len(tastes), 0)], *tastes)]


def _notes(judges: Sequence[JudgeAudit]) -> list[str]:
    """Return each note with the judges that bear it; the note comes first, so that a long list does not hide it."""
    bearers: dict[str, list[str]] = {}
    for judge in judges:
        if judge.note:
            bearers.setdefault(judge.note, []).append(judge.name)
    lines = [f"Note: {note} ({', '.join(names)})" for note, names in bearers.items()]
    return lines if len(lines) <= 2 else [lines[0], f"+ {len(lines) - 1} more notes (see the report)"]


def _tastes(judges: Sequence[JudgeAudit], width: int) -> list[str]:
    """Return what judges pay for, the worst first, in whole sentences that fit two lines."""
    said = [one_line(words.taste_sentence(judge)) for judge in judges]
    for shown in range(len(said), 0, -1):
        rest = f" + {len(said) - shown} more (see the report)." if shown < len(said) else ""
        lines = textwrap.wrap(" ".join(said[:shown]) + rest, width)
        if len(lines) <= MOST_TASTE:
            return lines
    return []


def _place(path: str | None) -> list[Text]:
    return [Text(f"Report and data: {one_line(path)}")] if path else []


def _verdict(audit: Audit, findings: Sequence[Finding], width: int) -> Text:
    statuses = {standing(findings, judge.name) for judge in audit.judges}
    style = STYLES[statuses.pop()] if len(statuses) == 1 else "bold"
    return _cut(Text(one_line(words.verdict(audit, findings, width)), style=style), width)


def _cut(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line


def _height(lines: Sequence[Text], width: int) -> int:
    return sum(max(1, -(-cell_len(line.plain) // width)) for line in lines)
