"""Shows an audit: at the terminal, as a page, as JSON, and in the forms that pipelines read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from judgeaudit.assets import load_fixture
from judgeaudit.errors import UsageError, suggest
from judgeaudit.files import write_whole
from judgeaudit.records import Audit, Pair, Verdict
from judgeaudit.reports.changes import Recorded, compare
from judgeaudit.reports.json import load_audit
from judgeaudit.reports.json import render as render_json

__all__ = ["Format", "compare", "explain", "load_audit", "report"]

Format = Literal["terminal", "html", "markdown", "json", "junit", "csv"]
FORMATS: tuple[str, ...] = get_args(Format)


def report(
    audit: Audit,
    format: Format = "terminal",  # noqa: A002 - the word the command line uses
    out: str | Path | None = None,
    *,
    pairs: Sequence[Pair] = (),
    verdicts: Sequence[Verdict] = (),
    baseline: Audit | Recorded | None = None,
    path: str | Path | None = None,
    command: str = "",
    history: str = "",
    width: int | None = None,
) -> str | None:
    """Show an audit at the terminal, or return (or write) it in another form.

    Parameters
    ----------
    audit
        What `fit` returned; one without findings is held to the default gate policy.
    format
        ``terminal``; ``html``, one page that opens offline; ``markdown`` for a pull request; ``json``, the stable
        interface; ``junit`` for test dashboards; ``csv``, one row for each estimate.
    out
        A file to write; without it the terminal summary is printed and any other form returned.
    pairs, verdicts
        What was shown and what was said, for the gallery of the page and the examples of the comment.
    baseline
        An earlier audit, or run, for what changed since in Markdown: paired where pairs and verdicts of both are given.
    path
        The run directory, named in the summary.
    command
        What makes the run again, shown on the page.
    history
        What became of the run that its measurements do not show, such as crashes; shown on the page.
    width
        Columns of the terminal summary; None asks the terminal.

    Raises
    ------
    UsageError
        When the format is unknown.
    """
    if format not in FORMATS:
        raise UsageError(f"no report format {format!r}{suggest(str(format), FORMATS)}; there are: {', '.join(FORMATS)}")
    place = None if path is None else str(path)
    if format == "terminal" and out is None:
        from judgeaudit.reports.terminal import print_summary

        print_summary(audit, path=place, width=width)
        return None
    text = _render(audit, format, pairs, verdicts, baseline, place, command, history, width)
    if out is None:
        return text
    write_whole(Path(out), text)
    return None


def _render(
    audit: Audit,
    form: str,
    pairs: Sequence[Pair],
    verdicts: Sequence[Verdict],
    baseline: Audit | Recorded | None,
    path: str | None,
    command: str,
    history: str,
    width: int | None,
) -> str:
    """Render one form, loading only what it needs: rich for the terminal, jinja2 for the page."""
    if form == "json":
        return render_json(audit)
    if form == "html":
        from judgeaudit.reports.html import render as render_page

        return render_page(audit, pairs=pairs, verdicts=verdicts, command=command, history=history)
    if form == "markdown":
        from judgeaudit.reports.markdown import render as render_comment

        return render_comment(audit, pairs=pairs, verdicts=verdicts, baseline=baseline)
    if form in ("junit", "csv"):
        from judgeaudit.reports.tables import junit, spreadsheet

        return junit(audit) if form == "junit" else spreadsheet(audit)
    from judgeaudit.reports.terminal import summary

    return "".join(f"{line.plain}\n" for line in summary(audit, path=path, width=width or 80))


def explain(code: str) -> str:
    """Say what a finding means, how it is computed and what to do; or why a pair was dropped or a cell lost.

    Raises
    ------
    UsageError
        When there is no such code; the message lists those that exist.

    Examples
    --------
    >>> explain("JA110").splitlines()[0]
    'JA110  The judge favours a place on the screen'
    >>> explain("no-op").splitlines()[0]
    'no-op  A reason for which the manipulation check drops a pair'
    """
    asked, findings = code.strip(), load_fixture("findings")
    said = [
        f"{asked}  A reason for which {what}\n\n{catalogue[name]}\n"
        for what, catalogue in _reasons().items()
        for name in (asked, asked.partition(":")[0])
        if name in catalogue
    ]
    if said:
        return "\n".join(dict.fromkeys(said))
    entry = findings.get(asked.upper())
    if entry is None:
        known = list(dict.fromkeys([*findings, *(name for catalogue in _reasons().values() for name in catalogue)]))
        raise UsageError(f"nothing has the code {code!r}{suggest(asked, known)}; there are: {', '.join(known)}")
    return (
        f"{asked.upper()}  {entry['title']}\n\nWhat it means\n{entry['means']}\n\n"
        f"How it is computed\n{entry['computed']}\n\nWhat to do\n{entry['do']}\n"
    )


def _reasons() -> dict[str, dict[str, str]]:
    """Return every reason that a report may give, by what it is a reason for."""
    return {
        "the manipulation check drops a pair": load_fixture("reasons"),
        "what a language model wrote is dropped": load_fixture("rewriting")["reasons"],
        "a cell gave no verdict": load_fixture("outcomes"),
    }
