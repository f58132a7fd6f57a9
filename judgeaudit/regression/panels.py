"""Judges as a panel, prompts as a factor, and judges that may favour their own family.

A panel is one more judge whose verdict is the mean or the majority of its members' verdicts on the same call. Members,
panels and one model under several prompts are then compared like any judges: verdict by verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import reduce
from typing import Literal

import numpy as np

from judgeaudit.errors import DesignError
from judgeaudit.records import CONTRASTS, Estimate, Pair, Verdict
from judgeaudit.regression.bmj import DIFFERENCE, LEVEL, tabulate_cells
from judgeaudit.regression.comparisons import shared_calls
from judgeaudit.regression.design import Calls, tabulate
from judgeaudit.regression.effects import METHOD, N_CELLS, Estimand, cell_codes, measure, to_estimate

Rule = Literal["mean", "majority"]


def convene(members: Sequence[Calls], name: str, rule: Rule = "majority") -> Calls:
    """Return the panel of several judges as one judge, on the calls that every member answered.

    Parameters
    ----------
    members
        Two judges or more, all with choices or all with scores.
    name
        Name of the panel.
    rule
        ``mean`` averages the preferences; ``majority`` gives the answer more members chose, a tie where as many.

    Raises
    ------
    DesignError
        When there are fewer than two members, or their protocols or pairs differ.
    """
    if len(members) < 2:
        raise DesignError(f"panel {name!r} has {len(members)} member(s); a panel needs at least two judges")
    if len({calls.two_orders for calls in members}) > 1 or any(c.pairs is not members[0].pairs for c in members):
        raise DesignError(
            f"the members of panel {name!r} were asked differently; convene judges of one run and protocol"
        )
    common = reduce(lambda calls, other: calls.where(shared_calls(calls, other)[0]), members[1:], members[0])
    votes = np.array([calls.y[shared_calls(common, calls)[1]] for calls in members])
    choices = np.sign(votes - 0.5)
    y = votes.mean(axis=0) if rule == "mean" else 0.5 + 0.5 * np.sign(choices.sum(axis=0))
    return replace(common, judge=name, y=y, tie=(y == 0.5).astype(np.float64))


def panel_verdicts(
    pairs: Sequence[Pair], verdicts: Sequence[Verdict], members: Sequence[str], name: str, rule: Rule = "majority"
) -> list[Verdict]:
    """Return the verdicts of a panel, to be given to ``fit`` beside those of its members.

    Raises
    ------
    DesignError
        When a member has no verdicts, or as for ``convene``.
    """
    by_judge = tabulate(pairs, [verdict for verdict in verdicts if verdict.trial.judge in members])
    absent = [member for member in members if member not in by_judge]
    if absent:
        raise DesignError(f"panel {name!r}: no verdicts of {', '.join(absent)}; name judges of this run")
    panel = convene([by_judge[member] for member in members], name, rule)
    said = {(panel.pairs.ids[p], int(s), int(r)): float(y) for p, s, r, y in _rows(panel)}
    return [_as_panel(v, name, said) for v in verdicts if v.trial.judge == members[0]]


def _rows(panel: Calls) -> list[tuple[int, int, int, float]]:
    return list(zip(panel.pair.tolist(), panel.s.tolist(), panel.replicate.tolist(), panel.y.tolist(), strict=True))


def _as_panel(verdict: Verdict, name: str, said: dict[tuple[str, int, int], float]) -> Verdict:
    """Put the panel in place of its first member; a cell that any member left open is missing."""
    trial = verdict.trial.model_copy(update={"judge": name, "content": ""})
    y = said.get((trial.pair_id, 1 if trial.order == "ab" else -1, trial.replicate))
    if y is None:
        return Verdict(trial=trial, outcome="missing", reason="panel_incomplete", attempts=0)
    choice: Literal["a", "b", "tie"] = "tie" if y == 0.5 else ("a" if y > 0.5 else "b")
    return Verdict(trial=trial, outcome="valid", choice=choice, preference=y, cost_usd=0.0, attempts=0)


def self_preference(
    judge: Calls, others: Sequence[Calls], own: Collection[str], margin: float | None = None, level: float = LEVEL
) -> Estimate:
    """Estimate how much more a judge prefers its own family's texts than other judges do, on the same pairs.

    Parameters
    ----------
    judge
        The judge under suspicion.
    others
        Judges of other families, asked about the same pairs.
    own
        Ids of pairs in which answer ``a`` was rendered by the judge's own family and ``b``, of the same content, by
        another.
    margin
        Largest difference in net preference that does not matter.
    level
        Coverage probability.

    Raises
    ------
    DesignError
        When there is no other judge.
    """
    if not others:
        raise DesignError("self-preference is a difference: name at least one judge of another family")
    mine = judge.where(np.isin(np.array(judge.pairs.ids)[judge.pair], list(own)))
    baseline = others[0] if len(others) == 1 else convene(others, "others", "mean")
    here, there = shared_calls(mine, baseline)
    estimand = Estimand("self_preference", dict.fromkeys(CONTRASTS, 1 / 7), DIFFERENCE)
    if not len(here):
        return to_estimate(judge.judge, estimand.term, "no pair of its own family was judged by all", margin=margin)
    first, second = mine.where(here), baseline.where(there)
    cells = tabulate_cells(2 * (first.y - second.y), cell_codes(first), first.cluster, N_CELLS)
    found = measure(cells, estimand, two_orders=judge.two_orders, level=level)
    return to_estimate(judge.judge, estimand.term, found, method=f"paired {METHOD}", margin=margin)
