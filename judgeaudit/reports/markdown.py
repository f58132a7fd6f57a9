"""The comment on a pull request: what changed first, then the verdict, in text that can neither mention nor load."""

from __future__ import annotations

import re
from collections.abc import Sequence

from judgeaudit.records import Audit, Finding, Pair, Verdict
from judgeaudit.reports import gallery, numbers, words
from judgeaudit.reports.changes import Change, Comparison, Known, Recorded, compare
from judgeaudit.reports.evidence import CONTRAST_WORDS
from judgeaudit.reports.safe import clean, one_line
from judgeaudit.reports.variants import Family, families

MARKER = "<!-- judgeaudit:report -->"
"""A bot finds its own comment by this line and replaces it."""
LONGEST = 65_000
"""Characters; the platforms take 65,536."""
EXAMPLES = 3
UNITS = (
    "Points from −100 to +100 with 95% intervals; conflict is the share of pairs that a styled wrong answer won; "
    "the angle is 0° for a judge that pays only for truth, 90° for one that pays only for style."
)
SIGNS = {"FAIL": "❌ fail", "INCONCLUSIVE": "❔ undecided", "PASS": "✅ pass"}
PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#!|~$&@])|^(?=[-+=]|\d+[.)])")
CALLS = re.compile(r"(\\[@#]|:(?=//)|\bwww)", re.IGNORECASE)
"""What a platform would turn into a mention, an issue or a link."""


def render(
    audit: Audit,
    *,
    pairs: Sequence[Pair] = (),
    verdicts: Sequence[Verdict] = (),
    baseline: Audit | Recorded | None = None,
) -> str:
    """Return the report as Markdown for a pull request, always under 65,536 characters.

    Parameters
    ----------
    audit
        What `fit` returned.
    pairs, verdicts
        For examples of damaging pairs, and for paired differences.
    baseline
        An earlier audit, or run; what changed since stands first.
    """
    findings = words.findings_of(audit)
    parts = [
        f"{MARKER}\n## {inline(words.verdict(audit, findings))}",
        _changes(compare(baseline, Known(audit, pairs, verdicts))) if baseline else "",
        _judges(audit, findings),
        _findings(findings),
        *(_family(family) for family in families(audit, verdicts)),
        inline(words.dropped_sentence(audit)),
        inline(words.guessed_sentence(audit)),
        inline(words.written_sentence(audit)),
        inline(words.reviewed_sentence(audit)),
        *_examples(pairs, verdicts),
    ]
    whole = ""
    for part in filter(None, parts):
        if len(whole) + len(part) > LONGEST:
            return f"{whole}\n*Cut here: the rest stands in the report.*\n"
        whole += f"{part}\n\n"
    return whole


def inline(text: str) -> str:
    r"""Return foreign text as one line of Markdown that means nothing but its letters.

    Punctuation is escaped; mentions, issue numbers and addresses are broken by a zero-width space.

    Examples
    --------
    >>> inline("ping @you ![x](http://t.co)").replace("\u200b", "")
    'ping \\@you \\!\\[x\\]\\(http://t.co\\)'
    """
    escaped = PUNCTUATION.sub(lambda match: f"\\{match[1]}" if match[1] else "\u200b", one_line(text))
    return CALLS.sub("\\1\u200b", escaped)


def fenced(text: str) -> str:
    """Return foreign text in a fence longer than any run of backticks inside it."""
    body = clean(text)
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`+", body))])
    return f"{fence}text\n{body}\n{fence}"


def _changes(comparison: Comparison) -> str:
    rows = [_change(change) for change in comparison.changes if change.status != "PASS" or _clear(change)]
    if not rows:
        return f"No change against {inline(comparison.before) or 'the baseline'} that the data show."
    head = "| judge | quantity | before | after | difference | no worse? |\n|--|--|--:|--:|--:|--|"
    return "\n".join([f"### Changes against {inline(comparison.before) or 'the baseline'}", head, *rows])


def _clear(change: Change) -> bool:
    low, high = change.conf_low, change.conf_high
    return low is not None and high is not None and (low > 0 or high < 0)


def _change(change: Change) -> str:
    before, after = (numbers.figure(v, change.term, "net_preference") for v in (change.before, change.after))
    bounds = f"[{numbers.points(change.conf_low)}, {numbers.points(change.conf_high)}]"
    name = change.term.replace("_", " ")
    return (
        f"| {inline(change.judge)} | {name} | {before} | {after} | "
        f"{numbers.points(change.difference)} {bounds} | {SIGNS[change.status]} |"
    )


def _judges(audit: Audit, findings: Sequence[Finding]) -> str:
    rows = ["| judge | truth | style | angle | position | conflict | taste |", "|--|--:|--:|--:|--:|--:|--|"]
    for judge in words.worst_first(audit, findings):
        effects = [judge.get(term) for term in ("truth_sensitivity", "style_reward")]
        others = [judge.get("angle", "degrees"), judge.get("position"), judge.get("conflict_failure")]
        cells = " | ".join(numbers.measured(estimate) for estimate in (*effects, *others))
        said = inline(words.taste_sentence(judge) + (f" {judge.note}." if judge.note else ""))
        rows.append(f"| {inline(judge.name)} | {cells} | {said} |")
    return "\n".join([*rows, "", UNITS])


def _family(family: Family) -> str:
    """Return the ways of asking one model side by side, with what to do first."""
    rows = [
        f"### {inline(family.model)}, asked in {len(family.variants)} ways\n\n{inline(family.recommendation)}\n",
        "| judge | style | difference | truth | difference | angle | cost per verdict | time per call |",
        "|--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for way in family.variants:
        judge, style, truth = way.judge, way.style, way.truth
        cells = (
            numbers.measured(judge.get("style_reward")),
            style.words if style else numbers.NOTHING,
            numbers.measured(judge.get("truth_sensitivity")),
            truth.words if truth else numbers.NOTHING,
            numbers.measured(judge.get("angle", "degrees")),
            numbers.dollars(way.cost),
            numbers.seconds(way.seconds),
        )
        rows.append(f"| {inline(judge.name)} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _findings(findings: Sequence[Finding]) -> str:
    rows = [
        f"- {SIGNS[f.status]} `{f.code}` {inline(f.judge or 'pairs')}: {inline(words.finding_sentence(f))}"
        for f in findings
        if f.status != "PASS"
    ]
    return "\n".join(rows) or f"All {len(findings)} limits hold."


def _examples(pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> list[str]:
    return [
        f"<details><summary>{CONTRAST_WORDS[exhibit.pair.contrast]}</summary>\n\n"
        f"{inline(exhibit.pair.question)} (fooled: {inline(', '.join(exhibit.fooled))})\n\n"
        f"Right, {inline(gallery.made_of(exhibit.pair.a))}:\n\n{fenced(exhibit.pair.a.text[: gallery.LONGEST])}\n\n"
        f"Wrong, {inline(gallery.made_of(exhibit.pair.b))}:\n\n{fenced(exhibit.pair.b.text[: gallery.LONGEST])}\n\n"
        "</details>"
        for exhibit in gallery.choose(pairs, verdicts, EXAMPLES)
    ]
