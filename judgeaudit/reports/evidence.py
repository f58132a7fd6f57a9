"""What the page shows beyond the estimates: effects by contrast and dose, lost cells, and what a reader would see."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from judgeaudit.records import CONTRASTS, OUTCOMES, Audit, Contrast, Estimate, Pair, Verdict
from judgeaudit.regression.design import CODES, Calls, tabulate
from judgeaudit.regression.effects import STYLE_REWARD, Estimand, measure, net_cells, to_estimate
from judgeaudit.regression.panels import convene_all

FEWEST_DRAWS, MOST_DRAWS, WORK = 99, 1999, 2_000_000
"""Permutations behind the test of informative missingness: fewer where there are very many verdicts."""
CONTRAST_WORDS: Mapping[Contrast, str] = {
    "style_true": "styled against plain, both right",
    "style_false": "styled against plain, both wrong",
    "fact_plain": "right against wrong, both plain",
    "fact_styled": "right against wrong, both styled",
    "conflict": "plain and right against styled and wrong",
    "concord": "styled and right against plain and wrong",
    "placebo": "two answers that differ in nothing that matters",
    "profiles": "some facets of style against the others, both right",
}


class Losses(NamedTuple):
    """How the planned cells of one judge ended in one contrast and order."""

    judge: str
    contrast: Contrast
    order: str
    outcomes: Mapping[str, int]


@dataclass(frozen=True)
class Evidence:
    """What pairs and verdicts show beside the audit itself."""

    contrasts: Mapping[tuple[str, Contrast], Estimate]
    """Net preference by judge and contrast."""
    doses: Mapping[tuple[str, int], Estimate]
    """Style reward by judge and dose."""
    losses: tuple[Losses, ...]
    informative: Mapping[str, float | None]
    """Probability of losses this uneven over the cells if they fell at random; None where nothing was lost."""
    reasons: Mapping[str, Mapping[str, int]]
    """Why verdicts were not valid, by judge."""
    features: Mapping[Contrast, Mapping[str, float]]
    """Mean difference, a minus b, of each surface feature by contrast."""


def gather(audit: Audit, pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> Evidence:
    """Compute everything the page draws from single verdicts."""
    contrast_of = {pair.id: pair.contrast for pair in pairs}
    cluster_of = {pair.id: pair.cluster or pair.item_id for pair in pairs}
    calls = tabulate(pairs, verdicts) if verdicts else {}
    calls |= convene_all([judge.panel for judge in audit.judges if judge.panel and calls], calls)
    names = [judge.name for judge in audit.judges]
    own = {name: [v for v in verdicts if v.trial.judge == name] for name in names}
    return Evidence(
        contrasts={
            (name, contrast): _measured(calls[name], Estimand(contrast, {contrast: 1.0}))
            for name in names
            if name in calls
            for contrast in CONTRASTS
            if (calls[name].contrast == CODES[contrast]).any()
        },
        doses={(name, dose): found for name in names if name in calls for dose, found in _by_dose(calls[name])},
        losses=tuple(row for name in names for row in _losses(name, own[name], contrast_of)),
        informative={name: informative_missingness(own[name], contrast_of, cluster_of) for name in names},
        reasons={name: Counter(v.reason or v.outcome for v in own[name] if v.outcome != "valid") for name in names},
        features=_features(pairs),
    )


def _measured(calls: Calls, estimand: Estimand) -> Estimate:
    found = measure(net_cells(calls), estimand, two_orders=calls.two_orders)
    return to_estimate(calls.judge, estimand.term, found)


def _by_dose(calls: Calls) -> list[tuple[int, Estimate]]:
    styled = np.isin(calls.contrast, [CODES[contrast] for contrast in STYLE_REWARD.weights])
    dose = calls.pairs.dose[calls.pair]
    levels = sorted({int(level) for level in dose[styled] if level > 0})
    return [(level, _measured(calls.where(styled & (dose == level)), STYLE_REWARD)) for level in levels]


def _losses(name: str, own: Sequence[Verdict], contrast_of: Mapping[str, Contrast]) -> list[Losses]:
    cells: dict[tuple[Contrast, str], Counter[str]] = defaultdict(Counter)
    for verdict in own:
        cells[contrast_of[verdict.trial.pair_id], verdict.trial.order][verdict.outcome] += 1
    ordered = sorted(cells, key=lambda cell: (CONTRASTS.index(cell[0]), cell[1]))
    return [Losses(name, *cell, {outcome: cells[cell][outcome] for outcome in OUTCOMES}) for cell in ordered]


def informative_missingness(
    own: Sequence[Verdict], contrast_of: Mapping[str, Contrast], cluster_of: Mapping[str, str]
) -> float | None:
    """Return how probable losses this uneven over contrasts and orders are, if they fell at random within items.

    A permutation test: lost and valid cells are shuffled within each item, and the chi-square distance of the losses by
    cell from their expectation is compared. Small values mean that what is lost depends on what was asked.

    Parameters
    ----------
    own
        All verdicts of one judge.
    contrast_of, cluster_of
        Contrast and cluster by pair id.
    """
    lost = np.array([verdict.outcome != "valid" for verdict in own], dtype=float)
    if not lost.any():
        return None
    cells = _codes([(contrast_of[v.trial.pair_id], v.trial.order) for v in own])
    clusters = _codes([cluster_of[v.trial.pair_id] for v in own])
    rng = np.random.default_rng(0)
    expected = np.bincount(cells) * lost.mean()

    def distance(flags: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        return float(((np.bincount(cells, weights=flags) - expected) ** 2 / expected).sum())

    grouped = np.argsort(clusters, kind="stable")
    seen, extreme = distance(lost), 0
    draws = min(max(WORK // len(own), FEWEST_DRAWS), MOST_DRAWS)
    for _ in range(draws):
        shuffled = np.lexsort((rng.random(len(own)), clusters))
        flags = np.empty_like(lost)
        flags[grouped] = lost[shuffled]
        extreme += distance(flags) >= seen - 1e-9
    return (1 + extreme) / (1 + draws)


def _codes(labels: Sequence[object]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    known: dict[object, int] = {}
    return np.array([known.setdefault(label, len(known)) for label in labels], dtype=np.int64)


def _features(pairs: Sequence[Pair]) -> dict[Contrast, dict[str, float]]:
    seen: dict[Contrast, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for pair in pairs:
        for name, difference in (pair.check.features if pair.check and pair.check.passed else {}).items():
            seen[pair.contrast][name].append(difference)
    return {
        contrast: {name: float(np.mean(values)) for name, values in sorted(seen[contrast].items())}
        for contrast in CONTRASTS
        if contrast in seen
    }
