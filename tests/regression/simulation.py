"""Records of known judges: pairs, verdicts and what a judge of known taste says about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from judgeaudit.records import Answer, FactualError, Order, Pair, Style, Trial, Verdict
from judgeaudit.regression.design import CODES
from judgeaudit.regression.population import Taste, item_tastes, mean_preference


def make_pairs(
    n_items: int, *, facets: Sequence[str] = ("fmt.list",), placebo: bool = True, domains: Sequence[str] = ("general",)
) -> list[Pair]:
    """Make the seven pairs of every item as records; each item has one facet and one kind of error."""
    kinds = ("number", "date", "entity")
    pairs = []
    for i in range(n_items):
        style = (Style(facet=facets[i % len(facets)], dose=1 + i % 3, template=f"t{i % 12}"),)
        kind = kinds[i % len(kinds)]
        errors = (FactualError(fact_id="f", kind=kind, old="1", new="2", severity="major"),)  # type: ignore[arg-type]
        variant = {
            "PT": Answer(text=f"plain true {i}"),
            "ST": Answer(text=f"styled true {i}", style=style),
            "PF": Answer(text=f"plain false {i}", errors=errors),
            "SF": Answer(text=f"styled false {i}", style=style, errors=errors),
        }
        sides = {
            "style_true": ("ST", "PT"),
            "style_false": ("SF", "PF"),
            "fact_plain": ("PT", "PF"),
            "fact_styled": ("ST", "SF"),
            "conflict": ("PT", "SF"),
            "concord": ("ST", "PF"),
        } | ({"placebo": ("PT", "PT")} if placebo else {})
        for contrast, (a, b) in sides.items():
            pairs.append(
                Pair(
                    id=f"{i:04d}-{contrast}",
                    item_id=f"item{i:04d}",
                    question="?",
                    contrast=contrast,  # type: ignore[arg-type]
                    a=variant[a],
                    b=variant[b],
                    domain=domains[i % len(domains)],
                )
            )
    return pairs


def verdict(
    pair_id: str, judge: str, order: Order, preference: float | None, *, replicate: int = 0, **more: Any
) -> Verdict:
    """Make one verdict; a preference of None is a missing one."""
    trial = Trial(
        pair_id=pair_id, judge=judge, order=order, replicate=replicate, protocol=more.pop("protocol", "pairwise")
    )
    if preference is None:
        return Verdict(trial=trial, outcome="missing", attempts=more.pop("attempts", 0), **more)
    choice = "tie" if preference == 0.5 else ("a" if preference > 0.5 else "b")
    return Verdict(
        trial=trial, outcome="valid", choice=choice, preference=preference, cost_usd=more.pop("cost_usd", 0.0), **more
    )  # type: ignore[arg-type]


def judge_pairs(
    pairs: Sequence[Pair], taste: Taste, seed: int, *, judge: str = "j", orders: str = "both", replicates: int = 1
) -> list[Verdict]:
    """Ask a judge of known taste about pairs, as records."""
    rng = np.random.default_rng(seed)
    items = sorted({pair.item_id for pair in pairs})
    tastes = dict(zip(items, item_tastes(taste, len(items), rng), strict=True))
    out = []
    for k, pair in enumerate(pairs):
        shown: tuple[Order, ...] = ("ab", "ba")
        if orders == "counterbalanced" and k % 5:
            shown = (("ab", "ba")[int(rng.random() < 0.5)],)  # type: ignore[assignment]
        for order in shown:
            for replicate in range(replicates):
                s = 1 if order == "ab" else -1
                p = mean_preference(taste, tastes[pair.item_id][None], np.array([CODES[pair.contrast]]), np.array([s]))[
                    0
                ]
                y = p if taste.graded else float(rng.random() < p)
                out.append(verdict(pair.id, judge, order, float(y), replicate=replicate))
    return out
