"""What changed between two runs, and by how much: paired where both asked the same, honest where they did not."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from typing import Any, Literal, NamedTuple, Protocol

from judgeaudit.gates import BASELINE_MARGIN, STATUS_ORDER, Limit, decide
from judgeaudit.records import Audit, Estimate, JudgeAudit, Pair, Record, Status, Verdict
from judgeaudit.reports import numbers
from judgeaudit.reports.safe import one_line

WORSE_WHEN: Mapping[str, Literal[-1, 1]] = {"truth_sensitivity": -1, "conflict_failure": 1, "masking": 1}
"""The sign of a change for the worse; every other term should be near zero."""
COMPARED = ("truth_sensitivity", "style_reward", "conflict_failure", "masking", "position")
METHOD = "difference of independent estimates, normal interval"
Z = 1.959964
JUDGED = ("judges", "panels")
"""Parts of a configuration that are told judge by judge."""
LONGEST, CONTEXT = 60, 12
"""Characters of a value that are shown, and of those before the first that differs."""


class Change(Record):
    """One quantity of one judge, before and after."""

    judge: str
    term: str
    before: float | None
    after: float | None
    difference: float | None
    """After minus before, on the net-preference scale."""
    conf_low: float | None
    conf_high: float | None
    method: str
    """``paired ...`` where both runs answered the same calls."""
    status: Status
    """Whether the judge is no worse than before by more than the margin, decided on the interval."""
    worse: bool | None
    """Whether the estimate moved in the bad direction."""
    bad: Literal[-1, 1]
    """The sign of a difference for the worse."""
    n_clusters: int
    """Independent items behind the difference."""


class Comparison(Record):
    """What two runs have in common, what differs in how they were made, and what came out otherwise."""

    before: str
    after: str
    changes: tuple[Change, ...]
    made: tuple[tuple[str, str, str], ...]
    """What differs in the provenance: key, before, after."""
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    """Judges that stand in one run only."""

    @property
    def status(self) -> Status:
        """Whether every judge is no worse than it was; what both runs do not share cannot be told."""
        found = {change.status for change in self.changes}
        return next((status for status in STATUS_ORDER if status in found), "INCONCLUSIVE")


class Recorded(Protocol):
    """An audit with what it was made from, such as `judgeaudit.pipeline.load_run` returns: for paired differences."""

    @property
    def audit(self) -> Audit:
        """What was measured."""
        ...

    @property
    def pairs(self) -> Sequence[Pair]:
        """What was shown."""
        ...

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """What was said."""
        ...


class Known(NamedTuple):
    """An audit with as much of what it was made from as is known."""

    audit: Audit
    pairs: Sequence[Pair] = ()
    verdicts: Sequence[Verdict] = ()


def compare(before: Audit | Recorded, after: Audit | Recorded, *, margin: float = BASELINE_MARGIN) -> Comparison:
    """Say what changed between two runs, and whether any judge got worse.

    Parameters
    ----------
    before, after
        Two audits. Two runs with their pairs and verdicts are compared call by call where they asked the same, which
        tells smaller changes.
    margin
        How much worse a quantity may be before it matters.

    Returns
    -------
    Comparison
        One change for each judge and quantity that both runs measured.
    """
    old, new = (Known(run) if isinstance(run, Audit) else run for run in (before, after))
    were, are = ({judge.name: judge for judge in run.audit.judges} for run in (old, new))
    changes = [
        change
        for name in are
        if name in were
        for paired in [_paired(old, new, name)]
        for term in COMPARED
        if (change := _change(were[name], are[name], term, paired.get(term), margin))
    ]
    return Comparison(
        before=old.audit.run_id,
        after=new.audit.run_id,
        changes=tuple(changes),
        made=tuple(_made(old.audit, new.audit)),
        only_before=tuple(name for name in were if name not in are),
        only_after=tuple(name for name in are if name not in were),
    )


def with_worsening(audit: Audit, comparison: Comparison) -> Audit:
    """Return the later audit with how much worse each quantity got as an estimate more, for a gate to hold.

    ``worsening.<term>`` is the difference counted towards the worse: +0.2 is a loss of 20 points of truth sensitivity,
    or a gain of as much conflict failure.
    """
    got: dict[str, list[Estimate]] = {}
    for change in comparison.changes:
        got.setdefault(change.judge, []).append(_worsening(change))
    judges = (judge.model_copy(update={"estimates": (*judge.estimates, *got.get(judge.name, ()))})
              for judge in audit.judges)  # fmt: skip
    return audit.model_copy(update={"judges": tuple(judges)})


def _worsening(change: Change) -> Estimate:
    low, high = change.conf_low, change.conf_high
    if change.bad < 0:
        low, high = (None if end is None else -end for end in (high, low))
    return Estimate(
        judge=change.judge, term=f"worsening.{change.term}", scale="net_preference",
        estimate=None if change.difference is None else change.bad * change.difference,
        conf_low=low, conf_high=high, n_clusters=change.n_clusters, method=change.method,
    )  # fmt: skip


def _change(
    was: JudgeAudit, now: JudgeAudit, term: str, paired: Mapping[str, Any] | None, margin: float
) -> Change | None:
    before, after = was.get(term), now.get(term)
    if before is None or after is None:
        return None
    difference, low, high = _unpaired(before, after)
    if paired is not None:
        difference, low, high = paired["estimate"], paired["conf_low"], paired["conf_high"]
    bad = _bad_direction(term, before, after)
    ends = (-math.inf if low is None else low, math.inf if high is None else high)
    toward_bad = ends if bad > 0 else (-ends[1], -ends[0])
    return Change(
        judge=now.name,
        term=term,
        before=before.estimate,
        after=after.estimate,
        difference=difference,
        conf_low=low,
        conf_high=high,
        method=METHOD if paired is None else str(paired["method"]),
        status=decide(Limit(term=term, max=margin), *toward_bad),
        worse=None if difference is None else bad * difference > 0,
        bad=bad,
        n_clusters=min(before.n_clusters, after.n_clusters) if paired is None else int(paired["n_clusters"]),
    )


def _bad_direction(term: str, before: Estimate, after: Estimate) -> Literal[-1, 1]:
    if term in WORSE_WHEN:
        return WORSE_WHEN[term]
    furthest = max((before.estimate or 0.0, after.estimate or 0.0), key=abs)
    return 1 if furthest >= 0 else -1


def _unpaired(before: Estimate, after: Estimate) -> tuple[float | None, float | None, float | None]:
    if before.estimate is None or after.estimate is None:
        return None, None, None
    difference = after.estimate - before.estimate
    if before.std_error is None or after.std_error is None:
        return difference, None, None
    reach = Z * math.hypot(before.std_error, after.std_error)
    return difference, difference - reach, difference + reach


def _paired(old: Recorded, new: Recorded, name: str) -> dict[str, Mapping[str, Any]]:
    """Return the paired differences of one judge by term, new minus old, on the calls both runs answered."""
    from judgeaudit.regression.comparisons import compare as contrast
    from judgeaudit.regression.design import tabulate

    same = {pair.id: pair for pair in new.pairs}
    shared = [pair for pair in old.pairs if pair.id in same and _content(pair) == _content(same[pair.id])]
    ids = {pair.id for pair in shared}
    renamed = [
        verdict.model_copy(update={"trial": verdict.trial.model_copy(update={"judge": label})})
        for label, run in (("new", new), ("old", old))
        for verdict in run.verdicts
        if verdict.trial.judge == name and verdict.trial.pair_id in ids
    ]
    if not {"new", "old"} <= {verdict.trial.judge for verdict in renamed}:
        return {}
    calls = tabulate(shared, renamed)
    return {str(row["term"]): row for row in contrast([calls["new"], calls["old"]], None)}


def _content(pair: Pair) -> tuple[str, str, str]:
    return pair.question, pair.a.text, pair.b.text


def _made(old: Audit, new: Audit) -> list[tuple[str, str, str]]:
    """Return what differs in how two runs were made, of judges those that both have."""
    shared = {judge.name for judge in old.judges} & {judge.name for judge in new.judges}
    before, after = (_settings(audit, shared) for audit in (old, new))
    keys = sorted(before.keys() | after.keys())
    return [(key, before.get(key, "–"), after.get(key, "–")) for key in keys if before.get(key) != after.get(key)]


def tell(comparison: Comparison) -> str:
    """Say a comparison in plain lines, what got worse first and the verdict last."""
    ordered = sorted(comparison.changes, key=lambda change: STATUS_ORDER.index(change.status))
    lines = [f"{comparison.before or 'before'} -> {comparison.after or 'after'}"]
    lines += [f"  {one_line(key)}: {' -> '.join(_apart(was, now))}" for key, was, now in comparison.made]
    lines += [f"{change.status:<12} {_told(change)}" for change in ordered]
    for names, where in ((comparison.only_before, "before"), (comparison.only_after, "after")):
        lines += [f"only {where}: {one_line(', '.join(names))}"] if names else []
    worse = [_told(change) for change in ordered if change.status == "FAIL"]
    verdicts: dict[Status, str] = {
        "FAIL": f"Worse: {'; '.join(worse)}.",
        "INCONCLUSIVE": "Not shown to be no worse: ask about more items, or the same ones.",
        "PASS": "No judge got worse by more than matters.",
    }
    return "\n".join([*lines, verdicts[comparison.status]]) + "\n"


def _told(change: Change) -> str:
    before, after = (numbers.figure(value, change.term, "net_preference") for value in (change.before, change.after))
    bounds = f"[{numbers.points(change.conf_low)}, {numbers.points(change.conf_high)}]"
    paired = " paired" if change.method.startswith("paired") else ""
    moved = f"{before} -> {after}, {numbers.points(change.difference)} {bounds}{paired}"
    return f"{one_line(change.judge)} {change.term.replace('_', ' ')} {moved}"


def _apart(was: str, now: str) -> tuple[str, str]:
    """Cut two long values down to where they begin to differ."""
    texts = one_line(was), one_line(now)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    start = max(same - CONTEXT, 0) if max(map(len, texts)) > LONGEST else 0
    was, now = (f"{'…' if start else ''}{one_line(text[start:], LONGEST)}" for text in texts)
    return was, now


def _settings(audit: Audit, judges: Collection[str]) -> dict[str, str]:
    """Return how an audit was made, what belongs to a judge under its name; the run's own number says nothing."""
    stated = {name: value for name, value in audit.provenance.items() if name not in ("run_id", "config", "judges")}
    config = {name: value for name, value in audit.provenance.get("config", {}).items() if name not in JUDGED}
    rows = flatten(stated | config) | {"items": str(audit.items), "pairs": str(audit.pairs)}
    recipes = audit.provenance.get("judges", {})
    for judge in audit.judges:
        if judge.name in judges:
            made = recipes.get(judge.name, {})
            recipe = {**made.get("recipe", {}), "reading": made.get("reading", "as usual")}
            rows |= flatten({**recipe, **judge.provenance, "model": judge.model}, f"{judge.name}.")
    return rows


def flatten(data: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Return nested provenance as one level of dotted keys.

    Examples
    --------
    >>> flatten({"seed": 7, "prompt": {"name": "pairwise"}})
    {'prompt.name': 'pairwise', 'seed': '7'}
    """
    rows: dict[str, str] = {}
    for key, value in sorted(data.items()):
        if isinstance(value, Mapping):
            rows |= flatten(value, f"{above}{key}.")
        else:
            rows[f"{above}{key}"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return rows
