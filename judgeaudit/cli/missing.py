"""What a run says of the cells that brought no reply: whose they are, why, an example, and what to do."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from judgeaudit.assets import load_fixture
from judgeaudit.records import Verdict
from judgeaudit.reports.safe import one_line

_WIDTH: Final = 80
_INDENT: Final = "  "
_LONGEST_QUOTED: Final = 200


def missing_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Give the lines, judge by judge, the reason that took most cells explained; nothing where no cell is missing."""
    missing = [verdict for verdict in verdicts if verdict.outcome == "missing"]
    for judge in dict.fromkeys(verdict.trial.judge for verdict in missing):
        own = [verdict for verdict in missing if verdict.trial.judge == judge]
        planned = sum(verdict.trial.judge == judge for verdict in verdicts)
        reasons = Counter(verdict.reason for verdict in own)
        why = ", ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common())
        yield from textwrap.wrap(
            f"judgeaudit: {judge}: {len(own):,} of {planned:,} cells are missing: {why}",
            _WIDTH,
            subsequent_indent=_INDENT,
        )
        below = [_advice(reasons.most_common(1)[0][0])]
        said = next((verdict.raw for verdict in own if verdict.raw), "")
        if said:
            below.append(f"For example: {one_line(said, _LONGEST_QUOTED)}")
        for text in below:
            yield from textwrap.wrap(text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
    if missing:
        yield "judgeaudit: the same command asks what is missing, and nothing else"


def _advice(reason: str) -> str:
    """Return what `judgeaudit explain` says of a reason; of a breaker, that of what opened it."""
    explained = load_fixture("outcomes")
    _, _, opened_by = reason.partition(": ")
    return str(explained.get(opened_by) or explained.get(reason) or "")
