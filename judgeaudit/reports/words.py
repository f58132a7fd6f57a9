"""What the figures mean, in sentences: the same words in the terminal, the page and the pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from judgeaudit.gates import NO_ESTIMATE, RULES, STATUS_ORDER, Taste, base_term, gate, gravity, standing, taste
from judgeaudit.records import Audit, Estimate, Finding, JudgeAudit, Status
from judgeaudit.regression.grades import holm
from judgeaudit.reports import numbers
from judgeaudit.reports.safe import one_line

TASTES: dict[Taste, str] = {
    "truth": "pays for truth, not style",
    "mostly truth": "pays more for truth than for style",
    "even": "weighs style about as much as truth",
    "mostly style": "pays more for style than for truth",
    "style": "pays for style, not truth",
    "errors": "pays for errors",
    "mostly against style": "punishes style more than it pays for truth",
    "against style": "punishes style and does not pay for truth",
    "neither": "pays for neither truth nor style",
    "place": "goes by the place on the screen, not by the answers",
    "unsettled": "has no settled taste: the interval is too wide",
    "unknown": "could not be measured",
}
FACETS: Mapping[str, str] = {
    "fmt.bold": "bold",
    "fmt.strip": "markup taken away",
    "fmt.list": "lists",
    "fmt.heading": "headings",
    "len.pad": "padding",
    "len.restate": "question restated",
    "syn.merge": "sentences joined",
    "syn.split": "sentences split",
    "tone.assistant": "assistant tone",
    "tone.authoritative": "authoritative tone",
    "tone.casual": "casual register",
    "tone.formal": "formal register",
    "lex.connective": "connectives",
    "stance.hedge": "hedging",
    "stance.boost": "certainty",
    "punct.emoji": "emoji",
    "punct.exclaim": "exclamation marks",
    "flu.typos": "misspellings",
    "flu.mechanics": "lost punctuation",
    "omission.sentence": "facts left out",
    "omission.filler": "filler left out",
    "authority.citation": "invented citation",
    "authority.aside": "empty aside",
}
"""What a plot calls a facet; the tables have its code, which a policy needs."""
ALPHA = 0.05
QUESTIONS = " on these questions"
ENDS = {"kept": "kept", "no_op": "changed nothing", "leak": "changed too much", "unverifiable": "not verifiable"}
"""How the attempts of a language model end, in words."""
STANDINGS: dict[Status, str] = {"PASS": "fit to rank models", "FAIL": "not fit", "INCONCLUSIVE": "undecided"}


def facet(name: str) -> str:
    """Return a facet in words, parts of a composition one by one; what is no facet stays as it is.

    Examples
    --------
    >>> facet("fmt.list+tone.assistant"), facet("negation")
    ('lists + assistant tone', 'negation')
    """
    parts = name.split("+")
    return " + ".join(FACETS[part] for part in parts) if all(part in FACETS for part in parts) else name


def beyond_margin(estimate: Estimate | None) -> bool:
    """Tell whether an effect that should be nil, and that nobody set a limit on, is surely more than negligible."""
    ideal_is_zero = estimate is not None and estimate.term in ("style_reward", "position", "placebo")
    return estimate is not None and ideal_is_zero and estimate.grade == "MATERIAL"


def domains_sentence(tests: Sequence[Estimate]) -> str:
    """Say for which judges domains differ, with p values adjusted for the number of judges; nothing without a test."""
    known = [test for test in tests if test.p_value is not None]
    adjusted = holm([test.p_value or 0.0 for test in known])
    differ = [
        f"{test.judge} (by up to {100 * (test.estimate or 0):.0f} points, p = {numbers.p_value(p)})"
        for test, p in zip(known, adjusted, strict=True)
        if p < ALPHA
    ]
    rest = len(known) - len(differ)
    said = [f"Domains differ for {', '.join(differ)}."] if differ else []
    if rest:
        of = "any judge" if not differ and rest > 1 else numbers.plural(rest, "other judge" if differ else "judge")
        least = min(p for p in adjusted if p >= ALPHA)
        said.append(f"No sign that they differ for {of} (least p = {numbers.p_value(least)}).")
    method = "Welch’s F over items, p adjusted for the number of judges (Holm)."
    return " ".join([*said, method]) if said else ""


def findings_of(audit: Audit) -> tuple[Finding, ...]:
    """Return the findings of an audit, worst first; one that was never gated is held to the default policy."""
    found = audit.findings or tuple(gate(audit))
    places = {judge.name: place for place, judge in enumerate(worst_first(audit, found))}
    return tuple(sorted(found, key=lambda f: (STATUS_ORDER.index(f.status), places.get(f.judge, -1), *gravity(f))))


def worst_first(audit: Audit, findings: Sequence[Finding]) -> list[JudgeAudit]:
    """Return the judges, the one to distrust most first: by standing, then angle, then truth."""

    def badness(judge: JudgeAudit) -> tuple[int, float, float, str]:
        angle, truth = judge.get("angle", "degrees"), judge.get("truth_sensitivity")
        return (
            STATUS_ORDER.index(standing(findings, judge.name)),
            -abs(angle.estimate) if angle and angle.estimate is not None else 0.0,
            truth.estimate if truth and truth.estimate is not None else 0.0,
            judge.name,
        )

    return sorted(audit.judges, key=badness)


def taste_sentence(judge: JudgeAudit) -> str:
    """Say what one judge pays for, with the figure it rests on: ``mini pays for truth, not style (angle 4°).``"""
    named = taste(judge)
    ground = judge.get("position") if named == "place" else judge.get("angle", "degrees")
    known = ground is not None and ground.estimate is not None
    suffix = (
        f" ({ground.term} {numbers.figure(ground.estimate, ground.term, ground.scale)})" if ground and known else ""
    )
    return f"{judge.name} {TASTES[named]}{suffix}."


def verdict(audit: Audit, findings: Sequence[Finding], width: int | None = None) -> str:
    """Say which judges are fit to rank models: the one line that must not be misread.

    Names that would make it longer than ``width`` characters are counted instead.
    """
    names: dict[Status, list[str]] = {status: [] for status in STATUS_ORDER}
    for judge in audit.judges:
        names[standing(findings, judge.name)].append(judge.name)
    candidates = (
        _verdict(names, shown, where) for shown in range(len(audit.judges), -1, -1) for where in (QUESTIONS, "")
    )
    return next((line for line in candidates if width is None or len(line) <= width), _verdict(names, 0, ""))


def _verdict(names: dict[Status, list[str]], shown: int, where: str) -> str:
    fit, undecided, total = names["PASS"], names["INCONCLUSIVE"], sum(map(len, names.values()))
    if not total:
        return "No judge was audited."
    tail = f"; undecided: {_some(undecided, shown)}." if undecided else "."
    if fit:
        head = f"{len(fit)} of {numbers.plural(total, 'judge')} {'is' if len(fit) == 1 else 'are'} fit to rank models"
        return f"{head}{where}{f': {_some(fit, shown)}' if shown else ''}{tail}"
    subject = f"None of the {total} judges is" if total > 1 else f"{(*undecided, *names['FAIL'])[0]} is not"
    return f"{subject} {'shown ' if undecided else ''}fit to rank models{where}{tail if total > 1 else '.'}"


def _some(names: Sequence[str], shown: int) -> str:
    rest = len(names) - shown
    if not shown:
        return numbers.count(len(names))
    return ", ".join(names) if rest <= 0 else f"{', '.join(names[:shown])} + {rest} more"


def finding_sentence(finding: Finding) -> str:
    """Say one finding in the units of the report: ``position effect +13 [+9, +17], limit within ±10``."""
    base = base_term(finding.rule)
    part = finding.rule.removeprefix(base).lstrip(".@")
    subject = f"{RULES[base].words} ({part})" if part else RULES[base].words
    if finding.estimate is None:
        return f"{subject} {finding.sentence.partition(NO_ESTIMATE)[2] or 'not estimated'}"
    digits = 1 if finding.estimate.scale == "share" else None
    return f"{subject} {numbers.measured(finding.estimate, digits)}, limit {numbers.limit(finding)}"


def finding_line(finding: Finding) -> str:
    """Say one finding with its status, its code and whom it is about, on one line."""
    return f"{finding.status:<12} {finding.code} {one_line(finding.judge or 'pairs')}: {finding_sentence(finding)}"


def dropped_sentence(audit: Audit) -> str:
    """Say how many pairs failed the manipulation check and why, or an empty string where none did."""
    lost = sum(audit.dropped.values())
    if not lost:
        return ""
    reasons = sorted(audit.dropped.items(), key=lambda entry: (-entry[1], entry[0]))
    return f"{numbers.plural(lost, 'pair')} dropped by the manipulation check: " + ", ".join(
        f"{reason} {numbers.count(n)}" for reason, n in reasons
    )


def written_sentence(audit: Audit) -> str:
    """Say what became of all that a language model wrote, or an empty string where none wrote anything."""
    stated = audit.provenance.get("rewrites")
    if not stated:
        return ""
    counts, model = stated["counts"], stated["writer"]["model"]
    ends = ", ".join(f"{numbers.count(counts[name])} {word}" for name, word in ENDS.items())
    why = ", ".join(f"{reason} {numbers.count(n)}" for reason, n in sorted(counts["reasons"].items()))
    asked = numbers.plural(counts["generated"], "change")
    return f"{one_line(model)} was asked to write {asked}: {ends}" + (f" ({why})" if why else "")


def guessed_sentence(audit: Audit) -> str:
    """Say what share of the wrong answers rests on facts that nobody reviewed, or an empty string where none does."""
    share = audit.provenance.get("guessed_share", 0.0)
    return f"{share:.0%} of the pairs with a wrong answer rest on guessed facts nobody reviewed" if share else ""


def reviewed_sentence(audit: Audit) -> str:
    """Say what a person found who read a blinded sample of the pairs, or an empty string where nobody did."""
    share = audit.provenance.get("review", {}).get("fact", {})
    if share.get("estimate") is None:
        return ""
    low, high = 1 - share["conf_high"], 1 - share["conf_low"]
    return (
        f"a person read {numbers.plural(share['n'], 'fact pair')}: {1 - share['estimate']:.0%} [{low:.0%}, {high:.0%}] "
        "hold the error they claim to hold"
    )


def stopped_sentence(audit: Audit) -> str:
    """Say what stopping when precise has saved, judge by judge; nothing where the whole plan was asked."""
    stopped = audit.provenance.get("stopped")
    if not isinstance(stopped, Mapping):
        return ""
    told = [f"{name} {row['asked']:,} of {row['of']:,} calls" for name, row in stopped.items()]
    return f"Stopped when precise: {', '.join(told)}"
