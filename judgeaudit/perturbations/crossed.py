"""The crossed design: plain/styled x true/false for every item, its six pairs, the placebo, and the profiles."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from judgeaudit.errors import ConfigError, suggest
from judgeaudit.perturbations.canvas import NotApplicable
from judgeaudit.perturbations.catalogue import PLACEBOS, resolve_facets, resolve_kinds, treat
from judgeaudit.perturbations.edits import apply_edits, in_order, overlapping
from judgeaudit.perturbations.facts import Balancer, Falsification, make_errors
from judgeaudit.records import CONTRASTS, CROSSED, Answer, Contrast, Edit, Item, Pair, Style

Level = TypeVar("Level")

SIDES: dict[Contrast, tuple[str, str]] = {
    "style_true": ("ST", "PT"),
    "style_false": ("SF", "PF"),
    "fact_plain": ("PT", "PF"),
    "fact_styled": ("ST", "SF"),
    "conflict": ("PT", "SF"),
    "concord": ("ST", "PF"),
    "placebo": ("PT", "PT'"),
    "profiles": ("ST1", "ST2"),
}


@dataclass(frozen=True)
class Variant:
    """One of the texts of an item, with the edits that make it out of the trusted answer."""

    answer: Answer
    edits: tuple[Edit, ...]


@dataclass
class Rotation:
    """Deals the levels of a factor so that each is used about as often, in an order that chance decides."""

    used: Counter[object] = field(default_factory=Counter)

    def order(self, levels: Sequence[Level], rng: random.Random) -> list[Level]:
        """Return the levels, least used first, ties at random."""
        return sorted(levels, key=lambda level: (self.used[level], rng.random()))


def perturb(
    items: Sequence[Item],
    *,
    contrasts: Sequence[str] | str = "all",
    facets: Sequence[str] | str = "all",
    errors: Sequence[str] | str = "all",
    doses: Sequence[int] = (1, 2, 3),
    fact_dose: int = 1,
    n_items: int | None = None,
    blocks: int = 1,
    seed: int = 0,
    accept_guessed: bool = False,
    skipped: Callable[[str, str], None] | None = None,
) -> list[Pair]:
    """Make controlled pairs: answers that differ in style only, in fact only, in both, or in nothing.

    For every item one style treatment and one factual error are drawn, balanced over the set; their four
    combinations (plain/styled x true/false) give the six pairs of the crossed design, and a placebo gives
    the seventh. All six share the same treatment, so that their comparison is within the item. On request an eighth
    pair carries complementary profiles: each facet stands on one side, so that one verdict bears on all of them.

    Parameters
    ----------
    items
        Source items with annotated facts.
    contrasts
        Which pairs to make; ``"all"`` makes the seven, and ``"profiles"`` must be named.
    facets
        Style facets or compositions joined by ``+``; ``"all"`` is the default set of the catalogue.
    errors
        Kinds of factual error; ``"all"`` is every kind an item offers.
    doses
        Doses of style, each 1 to 3, dealt in turn.
    fact_dose
        Number of independent wrong facts in a false answer.
    n_items
        How many items to use, sampled evenly over the domains; None uses all.
    blocks
        How many times each item is used, each time with a fresh treatment and error.
    seed
        The same seed gives the same bytes, in every process.
    accept_guessed
        Make wrong answers of items whose facts a rule or a model proposed and nobody reviewed.
    skipped
        Called with (item id, reason) for every item or part of it that could not be perturbed.

    Returns
    -------
    list of Pair
        In the order of the items; unverified (see `judgeaudit.verify`).

    Raises
    ------
    ConfigError
        For an unknown contrast, facet or kind, a dose outside 1 to 3, or no items.

    Notes
    -----
    The design, and the marginal means it estimates, are those of a conjoint experiment
    (Hainmueller, Hopkins and Yamamoto 2014, doi:10.1093/pan/mpt024).
    """
    wanted = _resolve_contrasts(contrasts)
    profiles, kinds = resolve_facets(facets), resolve_kinds(errors)
    if not doses or any(dose not in (1, 2, 3) for dose in doses):
        raise ConfigError(f"doses: each must be 1, 2 or 3, not {list(doses)}")
    if fact_dose not in (1, 2, 3) or blocks < 1:
        raise ConfigError("fact_dose must be 1, 2 or 3, and blocks at least 1")
    chosen = sample_items(items, n_items, seed)
    reasons = skipped or (lambda item, reason: None)
    designer = _Designer(profiles, kinds, tuple(doses), fact_dose, seed, accept_guessed, reasons)
    return [pair for block in range(blocks) for item in chosen for pair in designer.pairs(item, block, wanted)]


def _resolve_contrasts(names: Sequence[str] | str) -> tuple[Contrast, ...]:
    chosen = (*CROSSED, "placebo") if names == "all" else (names,) if isinstance(names, str) else tuple(names)
    for name in chosen:
        if name not in CONTRASTS:
            raise ConfigError(
                f"contrasts: unknown contrast {name!r}{suggest(name, CONTRASTS)}; there are: {', '.join(CONTRASTS)}"
            )
    return tuple(c for c in CONTRASTS if c in chosen)


def sample_items(items: Sequence[Item], n: int | None, seed: int) -> list[Item]:
    """Return ``n`` items spread evenly over the domains, in their original order; all of them for None.

    Raises
    ------
    ConfigError
        When there are no items, or fewer than ``n``.
    """
    if not items:
        raise ConfigError("there are no items to perturb: give at least one, or use the shipped set 'core'")
    if n is None or n == len(items):
        return list(items)
    if not 0 < n <= len(items):
        raise ConfigError(
            f"items: {n} asked for, and the set has {len(items)}; ask for 1 to {len(items)}, or leave it out"
        )
    rng = random.Random(f"{seed}|sample")
    by_domain: dict[str, list[Item]] = {}
    for item in items:
        by_domain.setdefault(item.domain, []).append(item)
    for members in by_domain.values():
        rng.shuffle(members)
    ranked = [(rank, rng.random(), item) for members in by_domain.values() for rank, item in enumerate(members)]
    kept = {item.id for _, _, item in sorted(ranked, key=lambda entry: entry[:2])[:n]}
    return [item for item in items if item.id in kept]


class _Designer:
    """Deals treatments and errors to items, and makes their pairs."""

    def __init__(
        self, profiles: tuple[str, ...], kinds: tuple[str, ...], doses: tuple[int, ...], fact_dose: int, seed: int,
        accept_guessed: bool, skipped: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self.profiles, self.kinds, self.doses, self.fact_dose, self.seed = profiles, kinds, doses, fact_dose, seed
        self.accept_guessed, self.skipped = accept_guessed, skipped
        self.treatments, self.errors, self.placebos, self.halves = Rotation(), Rotation(), Rotation(), Rotation()
        self.balancer = Balancer()

    def pairs(self, item: Item, block: int, wanted: Sequence[Contrast]) -> Iterator[Pair]:
        rng = random.Random(f"{self.seed}|{item.id}|{block}")
        style = self._style(item, block, rng)
        false = self._false(item, rng)
        placebo = self._placebo(item, block, rng)
        variants = {"PT": _variant(item, (), (), None)}
        if style:
            variants["ST"] = _variant(item, *style, None)
        if false:
            variants["PF"] = _variant(item, (), (), false)
        if style and false and not overlapping([*style[0], *false.edits]):
            variants["SF"] = _variant(item, *style, false)
        if placebo:
            variants["PT'"] = _variant(item, *placebo, None)
        if "profiles" in wanted:
            variants |= self._profiles(item, block)
        for contrast in wanted:
            first, second = SIDES[contrast]
            if first in variants and second in variants:
                yield self._pair(item, block, contrast, variants[first], variants[second])

    def _style(self, item: Item, block: int, rng: random.Random) -> tuple[tuple[Edit, ...], tuple[Style, ...]] | None:
        cells = [(profile, dose) for profile in self.profiles for dose in self.doses]
        by_profile = {p: i for i, p in enumerate(self.treatments.order(self.profiles, rng))}
        ordered = sorted(self.treatments.order(cells, rng), key=lambda cell: by_profile[cell[0]])
        reasons = []
        for profile, dose in ordered:
            made = treat(item, profile, dose, f"{self.seed}|{block}")
            if not isinstance(made, NotApplicable):
                self.treatments.used.update([profile, (profile, dose)])
                return made
            reasons.append(made.reason)
        self.skipped(item.id, f"no style facet applies ({'; '.join(sorted(set(reasons)))})")
        return None

    def _false(self, item: Item, rng: random.Random) -> Falsification | None:
        if item.facts and item.provenance == "guessed" and not self.accept_guessed:
            self.skipped(item.id, "its facts were guessed: review them, or set accept_guessed")
            return None
        offered = sorted({fact.kind for fact in item.facts if fact.kind in self.kinds})
        for kind in self.errors.order(offered, rng):
            made = make_errors(item, kind, self.kinds, self.fact_dose, self.balancer, rng)
            if not isinstance(made, NotApplicable):
                self.errors.used[kind] += 1
                return made
        self.skipped(item.id, f"no factual error of the kinds asked for at dose {self.fact_dose}")
        return None

    def _placebo(self, item: Item, block: int, rng: random.Random) -> tuple[tuple[Edit, ...], tuple[Style, ...]] | None:
        for name in self.placebos.order(PLACEBOS, rng):
            made = treat(item, name, 1, f"{self.seed}|{block}")
            if not isinstance(made, NotApplicable):
                self.placebos.used[name] += 1
                return made
        return None

    def _profiles(self, item: Item, block: int) -> dict[str, Variant]:
        """Deal every facet to one of two texts, those that find a place there; none when a side stays plain."""
        rng = random.Random(f"{self.seed}|{item.id}|{block}|profiles")
        facets = list(dict.fromkeys(facet for profile in self.profiles for facet in profile.split("+")))
        rng.shuffle(facets)
        dose = self.halves.order([("dose", dose) for dose in self.doses], rng)[0][1]
        sides: dict[str, list[str]] = {"ST1": [], "ST2": []}
        made: dict[str, tuple[tuple[Edit, ...], tuple[Style, ...]]] = {}
        for facet in facets:
            reasons = []
            for _, side in self.halves.order([(facet, side) for side in sides], rng):
                treated = treat(item, "+".join([*sides[side], facet]), dose, f"{self.seed}|{block}")
                if not isinstance(treated, NotApplicable):
                    sides[side].append(facet)
                    made[side] = treated
                    break
                reasons.append(treated.reason)
            else:
                self.skipped(item.id, f"no place in a profile ({reasons[0]})")
        if len(made) < len(sides):
            self.skipped(item.id, "a profile without any facet")
            return {}
        self.halves.used.update([("dose", dose), *((facet, side) for side, on in sides.items() for facet in on)])
        return {side: _variant(item, *made[side], None) for side in sides}

    def _pair(self, item: Item, block: int, contrast: Contrast, a: Variant, b: Variant) -> Pair:
        factor, dose = _factor(contrast, a.answer, b.answer)
        return Pair(
            id=f"{item.id}.{contrast}" + (f".{block}" if block else ""), item_id=item.id, question=item.question,
            contrast=contrast, factor=factor, dose=dose, a=a.answer, b=b.answer, seed=self.seed, domain=item.domain,
            cluster=item.cluster, reference=item.answer, edits_a=a.edits, edits_b=b.edits,
        )  # fmt: skip


def _factor(contrast: Contrast, a: Answer, b: Answer) -> tuple[str, int]:
    """Return what a pair varies, and its dose: of the style where only that varies, of the errors otherwise."""
    styles, wrong = a.style or b.style, [e for e in a.errors or b.errors if not e.carried]
    facets, kinds = "+".join(s.facet for s in styles), "+".join(e.kind for e in wrong)
    if contrast == "placebo":
        return facets, 0
    if contrast == "profiles":
        halves = ("+".join(sorted(s.facet for s in side.style)) for side in (a, b))
        return "|".join(halves), max(s.dose for s in a.style)
    if contrast in ("style_true", "style_false"):
        return facets, max(s.dose for s in styles)
    return (kinds if contrast in ("fact_plain", "fact_styled") else f"{facets}|{kinds}"), len(wrong)


def _variant(item: Item, edits: tuple[Edit, ...], styles: tuple[Style, ...], false: Falsification | None) -> Variant:
    merged = in_order([*edits, *(false.edits if false else ())])
    answer = Answer(text=apply_edits(item.answer, merged), style=styles, errors=false.errors if false else ())
    return Variant(answer, merged)
