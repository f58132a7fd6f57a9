"""Factual errors by exact slot replacement: one fact changes, and every byte around it stays."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from judgeaudit.perturbations.canvas import NotApplicable
from judgeaudit.perturbations.edits import in_order
from judgeaudit.records import Distractor, Edit, Fact, FactualError, Item
from judgeaudit.text import words
from judgeaudit.text.wordlists import FUNCTION_WORDS

NEGATORS = frozenset(["not", "no", "never", "none", "neither", "nor", "without", "cannot", "nothing"])


@dataclass(frozen=True)
class Falsification:
    """Some facts of an item made wrong: the edits, and what each is."""

    edits: tuple[Edit, ...]
    errors: tuple[FactualError, ...]


def falsify(fact: Fact, distractor: Distractor, item: Item) -> Falsification:
    """Replace every occurrence of ``fact`` by the distractor, and what follows from it by what it carries."""
    by_id = {f.id: f for f in item.facts}
    changes = [(fact, distractor.value, False)]
    changes += [(by_id[fact_id], value, True) for fact_id, value in sorted(distractor.carry.items())]
    edits = [
        Edit(start=a, end=b, old=f.value, new=new, label=f"fact:{f.kind}:{f.id}")
        for f, new, _ in changes
        for a, b in f.spans
    ]
    errors = tuple(
        FactualError(fact_id=f.id, kind=f.kind, old=f.value, new=new, severity=distractor.severity, carried=carried)
        for f, new, carried in changes
    )
    return Falsification(in_order(edits), errors)


def _touched(fact: Fact, distractor: Distractor) -> set[str]:
    return {fact.id, *distractor.carry}


def candidates(item: Item, kinds: Sequence[str]) -> Iterator[tuple[Fact, Distractor]]:
    """Yield every (fact, wrong value) of the given kinds, in the order of the text."""
    for fact in item.facts:
        if fact.kind in kinds:
            yield from ((fact, distractor) for distractor in fact.distractors)


REPEAT = 3.0
"""What the use of a wrong value so far costs, squared, beside the surface it unbalances."""
WITHIN_KIND = 10.0
"""How much more balance within a kind of error counts than balance over all kinds."""


class Balancer:
    """Chooses wrong values so that, over a set, they look like the truths they replace.

    A wrong value that is always longer, rounder or less often negated than the truth could be told by its
    surface alone. Among the candidates for a pair the one is taken that keeps the running sum of the surface
    differences (wrong minus true) nearest to zero, within its kind above all, and that was used least so far.
    """

    def __init__(self) -> None:
        self._sums: dict[str, npt.NDArray[np.float64]] = {}
        self._used: Counter[str] = Counter()

    def choose(
        self, options: Sequence[tuple[Fact, Distractor]], item: Item, rng: random.Random
    ) -> tuple[Fact, Distractor]:
        """Return the option that balances best; ties fall at random."""
        moves = [surface_difference(fact, d, item) for fact, d in options]
        costs = []
        for (fact, distractor), move in zip(options, moves, strict=True):
            overall = move @ (2 * self._sum("", move) + move)
            within = move @ (2 * self._sum(fact.kind, move) + move)
            used = self._used[distractor.value.casefold()]
            costs.append(float(overall + WITHIN_KIND * within + REPEAT * used**2))
        best = min(range(len(options)), key=lambda i: (round(costs[i], 9), rng.random()))
        self._used[options[best][1].value.casefold()] += 1
        for name in ("", options[best][0].kind):
            self._sums[name] = self._sum(name, moves[best]) + moves[best]
        return options[best]

    def _sum(self, name: str, like: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return self._sums.get(name, np.zeros_like(like))


def surface_difference(fact: Fact, distractor: Distractor, item: Item) -> npt.NDArray[np.float64]:
    """Return what a wrong value changes at the surface of its answer, wrong minus true, roughly in standard units.

    Returns
    -------
    array of shape (9,)
        Characters, words, vowel groups, longest word, negators, function words, digits, trailing zeros,
        and words that stand elsewhere in the answer too.
    """
    made = falsify(fact, distractor, item)
    kept, position = list[str](), 0
    for edit in made.edits:
        kept.append(item.answer[position : edit.start])
        position = edit.end
    context = {word.casefold() for word in words(" ".join([*kept, item.answer[position:]]))}
    true, wrong = (" | ".join(values) for values in zip(*((e.old, e.new) for e in made.edits), strict=True))
    return _surface(wrong, context) - _surface(true, context)


def _surface(value: str, context: set[str]) -> npt.NDArray[np.float64]:
    tokens = [word.casefold() for word in words(value)]
    return np.array([
        len(value) / 3,
        len(tokens) / 0.5,
        len(re.findall(r"[aeiouy]+", value.casefold())) / 1.5,
        max((len(t) for t in tokens), default=0) / 2,
        sum(t in NEGATORS or t.endswith("n't") for t in tokens) / 0.3,
        sum(t in FUNCTION_WORDS for t in tokens) / 0.5,
        sum(c.isdigit() for c in value) / 1,
        len(re.findall(r"0(?=0*\b)", value)) / 0.5,
        sum(t in context for t in tokens) / 0.5,
    ])  # fmt: skip


def make_errors(
    item: Item, kind: str, kinds: Sequence[str], dose: int, balancer: Balancer, rng: random.Random
) -> Falsification | NotApplicable:
    """Make ``dose`` independent facts of an item wrong, the first of the given kind.

    Parameters
    ----------
    item
        The item.
    kind
        The kind of the first error.
    kinds
        The kinds the further errors may have.
    dose
        Number of independent wrong facts.
    balancer
        Chooses among the wrong values; shared by all items of a set.
    rng
        Breaks ties.
    """
    edits, errors, taken = list[Edit](), list[FactualError](), set[str]()
    for n in range(dose):
        allowed = (kind,) if n == 0 else kinds
        options = [(f, d) for f, d in candidates(item, allowed) if not _touched(f, d) & taken]
        if not options:
            return NotApplicable(f"item {item.id} has no {n + 1} independent facts of kind {', '.join(allowed)}")
        fact, distractor = balancer.choose(options, item, rng)
        taken |= _touched(fact, distractor)
        made = falsify(fact, distractor, item)
        edits += made.edits
        errors += made.errors
    return Falsification(in_order(edits), tuple(errors))
