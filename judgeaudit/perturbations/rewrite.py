"""Pairs that a language model writes: it proposes edits, we carry them out, and a verifier decides.

A model that writes whole answers changes quotation marks, drops blank lines and adds sentences; one that names its
edits cannot. What the verifier finds is told to it at most three times; then the pair is dropped, and counted.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from judgeaudit.assets import fill_prompt, load_fixture
from judgeaudit.errors import ConfigError, ReplyError, suggest
from judgeaudit.perturbations.canvas import Canvas
from judgeaudit.perturbations.crossed import SIDES, Rotation, sample_items
from judgeaudit.perturbations.edits import apply_edits, in_order
from judgeaudit.records import CROSSED, Answer, Contrast, Edit, FactualError, Item, Pair, Record, Severity, Style
from judgeaudit.records.items import FactKind
from judgeaudit.text import protected_spans

SIMPLE: dict[str, Contrast] = {"style": "style_true", "fact": "fact_plain"}
"""The pair in which nothing but one change differs, by arm."""
MOST_FEEDBACK = 3
"""How often a model is told why its version cannot be used."""
FIGURES = frozenset({"number", "date", "unit", "calculation"})
"""Kinds of error that need a figure in the answer."""
INSIDE_PROTECTED = frozenset({"calculation", "code"})
"""Kinds of error that may stand in code or mathematics."""
NOTHING_DONE = frozenset({"no-op", "no-style", "no-claim"})
NOTHING_TO_VERIFY = frozenset({
    "malformed", "truncated", "refusal", "declined", "not-found", "overlap", "mislabelled", "dose", "disputed",
    "unread",
})  # fmt: skip
FINAL = frozenset({"refusal", "declined"})
"""Reasons after which the model is not asked again."""

Message = dict[str, str]
Outcome = Literal["kept", "no-op", "leak", "unverifiable"]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ScriptEdit(_Form):
    """One replacement, as a model proposes it."""

    old: str = Field(min_length=1)
    """A passage copied exactly from the answer."""
    new: str
    """What takes its place."""
    occurrence: int = Field(ge=1)
    """Which of its appearances is meant, from 1."""
    kind: Literal["style"] | FactKind
    severity: Literal["none", "minor", "major"]
    """How wrong it makes the answer; none for a matter of style."""
    why: str


class EditScript(_Form):
    """All that a model proposes to do to an answer."""

    edits: list[ScriptEdit]
    claim_before: str
    """A claim of the answer before the edits."""
    claim_after: str
    """The same claim after them."""
    truth: Literal["false", "unchanged"]


Writer = Callable[[Sequence[Message], type[EditScript]], Awaitable[EditScript]]
"""Asks a model for a filled form; raises `ReplyError` where the reply is none."""
Verifier = Callable[[Pair], Collection[str]]
"""Returns the reason codes for which a pair cannot be used; none when it can."""


@dataclass(frozen=True)
class Task:
    """One thing to be done to one item."""

    item: Item
    arm: Literal["style", "fact"]
    factor: str
    """The style facet or the kind of error."""
    dose: int


@dataclass(frozen=True)
class Change:
    """What a script does to an answer, in the terms of the records."""

    edits: tuple[Edit, ...] = ()
    styles: tuple[Style, ...] = ()
    errors: tuple[FactualError, ...] = ()


@dataclass(frozen=True)
class Written:
    """How one task ended."""

    task: Task
    outcome: Outcome
    change: Change | None = None
    """What was done; None unless the outcome is ``kept``."""
    reasons: tuple[str, ...] = ()
    """Why it was dropped."""
    calls: int = 1


class Tally(Record):
    """How the tasks given to a model ended; the four outcomes sum to ``generated``."""

    generated: int = 0
    no_op: int = 0
    """Changed nothing, or nothing that counts."""
    leak: int = 0
    """Changed what it should have left alone."""
    unverifiable: int = 0
    """No usable edit script, or one that a second model disputes."""
    kept: int = 0
    after_feedback: int = 0
    """How many of those kept needed to be told what was wrong first."""
    calls: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)
    """Reasons for which scripts were dropped in the end; one script can have several."""

    @model_validator(mode="after")
    def _nothing_is_dropped_silently(self) -> Tally:
        if self.generated != self.no_op + self.leak + self.unverifiable + self.kept:
            raise ValueError(f"the outcomes do not sum to what was generated: {self!r}")
        return self


# ---------------------------------------------------------------------------------------------- what to ask


def plan_tasks(
    items: Sequence[Item], *, facets: Sequence[str], kinds: Sequence[str], doses: Sequence[int] = (1, 2, 3),
    n_items: int | None = None, seed: int = 0,
) -> list[Task]:  # fmt: skip
    """Deal one style task and one fact task to every English item, facets, doses and kinds about equally often.

    Raises
    ------
    ConfigError
        For a facet or kind that no model is asked for, a dose outside 1 to 3, or no items.
    """
    offered = load_fixture("rewriting")
    _known("facets", facets, offered["facets"])
    _known("errors", kinds, offered["kinds"])
    if any(dose not in (1, 2, 3) for dose in doses) or not doses:
        raise ConfigError(f"doses: each must be 1, 2 or 3, not {list(doses)}")
    styles, errors = Rotation(), Rotation()
    tasks = list[Task]()
    for item in sample_items(items, n_items, seed):
        if item.lang != "en":
            continue
        rng = random.Random(f"{seed}|{item.id}|rewrite")
        cells = [(facet, dose) for facet in facets for dose in doses]
        styled = styles.order(cells, rng)[:1]
        wrong = errors.order([kind for kind in kinds if _may_hold(item, kind)], rng)[:1]
        styles.used.update(styled)
        errors.used.update(wrong)
        tasks += [Task(item, "style", facet, dose) for facet, dose in styled]
        tasks += [Task(item, "fact", kind, 1) for kind in wrong]
    return tasks


def _known(key: str, names: Iterable[str], offered: Collection[str]) -> None:
    for name in names:
        if name not in offered:
            raise ConfigError(
                f"rewrites.{key}: no model is asked for {name!r}{suggest(name, offered)}; "
                f"there are: {', '.join(offered)}"
            )


def _may_hold(item: Item, kind: str) -> bool:
    if kind in FIGURES:
        return any(c.isdigit() for c in item.answer)
    return kind != "code" or "`" in item.answer


def _first_message(task: Task) -> Message:
    offered = load_fixture("rewriting")
    if task.arm == "style":
        facet = offered["facets"][task.factor]
        prompt, brief, dose = facet.get("prompt", "style"), facet["brief"], facet["doses"][task.dose - 1]
    else:
        prompt, brief, dose = "fact", offered["kinds"][task.factor], str(task.dose)
    item = task.item
    values = {"question": item.question, "answer": item.answer, "brief": brief, "dose": dose, "kind": task.factor}
    return {"role": "user", "content": fill_prompt(f"rewrite/{prompt}", **values)}


def _feedback(reasons: Collection[str], detail: Sequence[str]) -> Message:
    known = {**load_fixture("reasons"), **load_fixture("rewriting")["reasons"]}
    lines = [f"- {code}: {known.get(code, 'see the rules above')}" for code in sorted(reasons)]
    return {"role": "user", "content": fill_prompt("rewrite/again", reasons="\n".join([*lines, *detail]))}


# ------------------------------------------------------------------------------------- carrying a script out


def carry_out(script: EditScript, task: Task, writer: str) -> Change | set[str]:
    """Return what a script does to the item's answer, or the reasons why it cannot be carried out."""
    if not script.edits:
        return {"declined"}
    wanted = "style" if task.arm == "style" else task.factor
    codes = {"mislabelled"} if any(edit.kind != wanted for edit in script.edits) else set[str]()
    if any((edit.severity == "none") != (task.arm == "style") for edit in script.edits):
        codes.add("mislabelled")
    if script.truth != ("unchanged" if task.arm == "style" else "false"):
        codes.add("mislabelled")
    placed = list[tuple[Edit, Severity]]()
    for proposed in script.edits:
        start = _find(task.item.answer, proposed.old, proposed.occurrence)
        if start is None:
            codes.add("not-found")
        elif proposed.old == proposed.new:
            codes.add("no-op")
        else:
            severity: Severity = "minor" if proposed.severity == "minor" else "major"
            placed += [(edit, severity) for edit in _minimal(task, start, proposed)]
    placed.sort(key=lambda entry: (entry[0].start, entry[0].end))
    edits = [edit for edit, _ in placed]
    if any(one.end > other.start for one, other in pairwise(edits)):
        codes.add("overlap")
    if any(not _may_touch(task, edit) for edit in edits):
        codes.add("protected")
    if task.arm == "style":
        style = Style(facet=task.factor, dose=task.dose, template=f"{task.factor}: rewritten by {writer}")
        return codes or Change(tuple(edits), (style,))
    return codes or _as_errors(task, placed)


def _find(text: str, old: str, occurrence: int) -> int | None:
    start = -len(old)
    for _ in range(occurrence):
        start = text.find(old, start + len(old))
        if start < 0:
            return None
    return start


def _minimal(task: Task, start: int, proposed: ScriptEdit) -> Iterator[Edit]:
    """Yield the least edits that do what was proposed: what both texts share around the change is left alone."""
    old, new = proposed.old, proposed.new
    if task.arm == "style" and old in new:
        before, _, after = new.partition(old)
        places = ((start, before), (start + len(old), after))
        yield from (Edit(start=at, end=at, old="", new=text, label=task.factor) for at, text in places if text)
        return
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    if task.arm == "fact" and not (old[head : len(old) - tail] and new[head : len(new) - tail]):
        head = tail = 0
    end = len(old) - tail
    yield Edit(
        start=start + head, end=start + end, old=old[head:end], new=new[head : len(new) - tail], label=task.factor
    )


def _shared(old: str, new: str) -> int:
    """Return how many characters two texts share at their beginning, in whole words or in marks before the first."""
    common = sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(old, new, strict=False)))
    marks = sum(1 for _ in takewhile(lambda c: not c.isalnum(), old[:common]))
    while common and not old[common - 1].isspace():
        common -= 1
    return max(common, marks)


def _may_touch(task: Task, edit: Edit) -> bool:
    if task.arm == "style":
        return Canvas(task.item).free(edit.start, edit.end)
    if task.factor in INSIDE_PROTECTED:
        return True
    return not any(a < edit.end and edit.start < b for a, b in protected_spans(task.item.answer))


def _as_errors(task: Task, placed: Sequence[tuple[Edit, Severity]]) -> Change | set[str]:
    """Give every wrong fact a name: equal replacements in several places are one."""
    names: dict[tuple[str, str], str] = {}
    for edit, _ in placed:
        names.setdefault((edit.old, edit.new), f"w{len(names) + 1}")
    carries = task.factor == "calculation"
    if len(names) < task.dose or (len(names) > task.dose and not carries):
        return {"dose"}
    kind = placed[0][0].label
    edits = tuple(e.model_copy(update={"label": f"fact:{kind}:{names[e.old, e.new]}"}) for e, _ in placed)
    severities = {(e.old, e.new): severity for e, severity in reversed(placed)}
    errors = tuple(
        FactualError.model_validate({
            "fact_id": name, "kind": kind, "old": old, "new": new, "severity": severities[old, new],
            "carried": n >= task.dose,
        })
        for n, ((old, new), name) in enumerate(names.items())
    )  # fmt: skip
    return Change(edits, (), errors)


def build_pair(item: Item, contrast: Contrast, change: Change, writer: str, *, seed: int = 0) -> Pair:
    """Return the pair of a contrast whose style and errors are those of ``change``."""
    (a, edits_a), (b, edits_b) = (_side(item, change, variant) for variant in SIDES[contrast])
    facets = "+".join(style.facet for style in a.style or b.style)
    kinds = "+".join(error.kind for error in a.errors or b.errors if not error.carried)
    styled_only = contrast.startswith("style_")
    dose = max(style.dose for style in change.styles) if styled_only else kinds.count("+") + 1
    return Pair(
        id=f"{item.id}.{contrast}.written", item_id=item.id, question=item.question, contrast=contrast,
        factor=facets if styled_only else kinds if contrast.startswith("fact_") else f"{facets}|{kinds}", dose=dose,
        a=a, b=b, seed=seed, domain=item.domain, cluster=item.cluster, reference=item.answer,
        edits_a=edits_a, edits_b=edits_b, writer=writer,
    )  # fmt: skip


def _side(item: Item, change: Change, variant: str) -> tuple[Answer, tuple[Edit, ...]]:
    """Return the answer of a variant (``ST``: styled, true) with the edits that make it."""
    styles, errors = change.styles if variant[0] == "S" else (), change.errors if variant[1] == "F" else ()
    edits = in_order(e for e in change.edits if (errors if e.label.startswith("fact:") else styles))
    return Answer(text=apply_edits(item.answer, edits), style=styles, errors=errors), edits


# --------------------------------------------------------------------------------------------------- asking


async def write_one(task: Task, write: Writer, verifier: Verifier, writer: str) -> Written:
    """Have a model write one change; what is wrong with its version is told to it, at most three times.

    Parameters
    ----------
    task
        What is to be done.
    write
        Asks the model.
    verifier
        Finds what is wrong with the pair that the change makes.
    writer
        The model's name, which the pair carries.
    """
    messages = [_first_message(task)]
    reasons, calls = set[str](), 0
    while True:
        calls, detail = calls + 1, list[str]()
        try:
            script = await write(messages, EditScript)
        except ReplyError as error:
            said, reasons, detail = error.text, {error.reason}, [f"- {error}"]
        else:
            said, change = script.model_dump_json(), carry_out(script, task, writer)
            reasons = change if isinstance(change, set) else set(verifier(simple_pair(task, change, writer)))
            if isinstance(change, Change) and not reasons:
                return Written(task, "kept", change, (), calls)
        if calls > MOST_FEEDBACK or reasons & FINAL:
            return Written(task, outcome_of(reasons), None, tuple(sorted(reasons)), calls)
        messages = [*messages, {"role": "assistant", "content": said}, _feedback(reasons, detail)]


def simple_pair(task: Task, change: Change, writer: str) -> Pair:
    """Return the pair in which nothing but the change of a task differs."""
    return build_pair(task.item, SIMPLE[task.arm], change, writer)


def outcome_of(reasons: Collection[str]) -> Outcome:
    """Return what a set of reasons amounts to.

    Examples
    --------
    >>> outcome_of({"number", "length"}), outcome_of({"no-op"}), outcome_of({"malformed"})
    ('leak', 'no-op', 'unverifiable')
    """
    if NOTHING_TO_VERIFY & set(reasons):
        return "unverifiable"
    return "no-op" if set(reasons) <= NOTHING_DONE else "leak"


def count_outcomes(written: Sequence[Written]) -> Tally:
    """Count how tasks ended: a generator that drops silently is a biased sampler."""
    ends = Counter(w.outcome for w in written)
    return Tally(
        generated=len(written), no_op=ends["no-op"], leak=ends["leak"], unverifiable=ends["unverifiable"],
        kept=ends["kept"], after_feedback=sum(w.outcome == "kept" and w.calls > 1 for w in written),
        calls=sum(w.calls for w in written),
        reasons=dict(sorted(Counter(reason for w in written for reason in w.reasons).items())),
    )  # fmt: skip


def pairs_of(written: Sequence[Written], writer: str, *, seed: int = 0) -> list[Pair]:
    """Return the pairs that the kept changes make: an item with both a style and an error gives all six contrasts."""
    kept: dict[str, tuple[Item, list[Change]]] = {}
    for w in written:
        if w.change is not None:
            kept.setdefault(w.task.item.id, (w.task.item, []))[1].append(w.change)
    return [
        build_pair(item, contrast, _merged(changes), writer, seed=seed)
        for item, changes in kept.values()
        for contrast in _contrasts(changes)
    ]


def _merged(changes: Sequence[Change]) -> Change:
    return Change(
        tuple(edit for change in changes for edit in change.edits),
        tuple(style for change in changes for style in change.styles),
        tuple(error for change in changes for error in change.errors),
    )


def _contrasts(changes: Sequence[Change]) -> Sequence[Contrast]:
    """Return the contrasts that the changes of an item can make: crossed ones where the edits stand clear."""
    both = _merged(changes)
    edits = in_order(both.edits)
    simple = [SIMPLE[arm] for arm, has in (("style", both.styles), ("fact", both.errors)) if has]
    if len(simple) < 2 or any(one.end > other.start for one, other in pairwise(edits)):
        return simple
    return CROSSED
