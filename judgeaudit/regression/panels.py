"""Judges as a panel, prompts as a factor, and judges that may favour their own family.

A panel is one more judge whose verdict is the mean or the majority of its members' verdicts on the same call. Members,
panels and one model under several prompts are then compared like any judges: verdict by verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from judgeaudit.errors import DesignError
from judgeaudit.records import CONTRASTS, Counts, Estimate, Panel
from judgeaudit.regression.bmj import DIFFERENCE, LEVEL
from judgeaudit.regression.comparisons import difference_calls, shared_calls
from judgeaudit.regression.design import Calls, Cell
from judgeaudit.regression.effects import METHOD, Estimand, allow_for_sharing, measure, net_cells, to_estimate


def convene(members: Sequence[Calls], panel: Panel) -> Calls:
    """Return the panel of several judges as one judge, on the calls that every member answered.

    Scores of members are averaged where the panel decides by the mean; a majority has no score.

    Parameters
    ----------
    members
        The calls of the panel's members, all with choices or all with scores.
    panel
        Its name, and how it decides.

    Raises
    ------
    DesignError
        When there are fewer than two members, or their protocols or pairs differ.
    """
    if len(members) < 2:
        raise DesignError(f"panel {panel.name!r} has {len(members)} member(s); a panel needs at least two judges")
    if len({calls.two_orders for calls in members}) > 1 or any(c.pairs is not members[0].pairs for c in members):
        raise DesignError(
            f"the members of panel {panel.name!r} were asked differently; convene judges of one run and protocol"
        )
    common = reduce(lambda calls, other: calls.where(shared_calls(calls, other)[0]), members[1:], members[0])
    heard = [calls.where(shared_calls(common, calls)[1]) for calls in members]
    votes, score_a, score_b = (np.mean([getattr(c, of) for c in heard], axis=0) for of in ("y", "score_a", "score_b"))
    if panel.by == "majority":
        votes = 0.5 + 0.5 * np.sign(np.sign([c.y - 0.5 for c in heard]).sum(axis=0))
        score_a = score_b = np.full(len(votes), np.nan)
    tie = (votes == 0.5).astype(np.float64)
    return replace(common, judge=panel.name, y=votes, tie=tie, score_a=score_a, score_b=score_b)


def convene_all(panels: Sequence[Panel], calls: Mapping[str, Calls]) -> dict[str, Calls]:
    """Return the calls of every panel, by name.

    Raises
    ------
    DesignError
        When a member has no verdicts, a panel has the name of a judge, or as for `convene`.
    """
    for panel in panels:
        absent = [member for member in panel.of if member not in calls]
        if absent:
            raise DesignError(
                f"panel {panel.name!r}: no verdicts of {', '.join(absent)}; name judges of this run: {', '.join(calls)}"
            )
        if panel.name in calls:
            raise DesignError(f"panel {panel.name!r} has the name of a judge; give it its own")
    return {panel.name: convene([calls[member] for member in panel.of], panel) for panel in panels}


def count_panel(answered: Calls, plans: Sequence[Collection[Cell]]) -> Counts:
    """Count how the calls planned for every member ended: answered by all of them, or missing for the panel."""
    planned = len(set(plans[0]).intersection(*plans[1:]))
    valid = len(answered)
    return Counts(planned=planned, valid=valid, missing=planned - valid, tie=int(answered.tie.sum()))


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
    wanted, ids = set(own), judge.pairs.ids
    mine = judge.where(np.fromiter((pair in wanted for pair in ids), dtype=bool, count=len(ids))[judge.pair])
    baseline = (
        others[0]
        if len(others) == 1
        else convene(others, Panel(name="others", of=tuple(calls.judge for calls in others), by="mean"))
    )
    here, there = shared_calls(mine, baseline)
    estimand = Estimand("self_preference", dict.fromkeys(CONTRASTS, 1 / len(CONTRASTS)), DIFFERENCE)
    if not len(here):
        return to_estimate(judge.judge, estimand.term, "no pair of its own family was judged by all", margin=margin)
    apart = difference_calls(mine.where(here), baseline.where(there))
    found = measure(net_cells(apart), estimand, two_orders=apart.two_orders, level=level)
    found = allow_for_sharing(found, apart, estimand)
    return to_estimate(judge.judge, estimand.term, found, method=f"paired {METHOD}", margin=margin)
