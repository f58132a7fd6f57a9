"""Verdicts become arrays: what every judge said, and the form of what explains it.

``tabulate`` turns records into one `Calls` per judge, the columnar form every estimator reads. A `Design` is a model
matrix that remembers how it was made and which terms it could not identify; ``matrices`` makes them out of `Calls`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from judgeaudit.errors import DesignError, suggest
from judgeaudit.records import CONTRASTS, Contrast, Pair, Protocol, Verdict
from judgeaudit.regression.bmj import Floats, Ints, count_clusters
from judgeaudit.regression.newton import Rows, distinct_rows

CODING: dict[Contrast, tuple[float, float, float]] = {
    "style_true": (0.0, 1.0, 0.5),
    "style_false": (0.0, 1.0, -0.5),
    "fact_plain": (1.0, 0.0, -0.5),
    "fact_styled": (1.0, 0.0, 0.5),
    "conflict": (1.0, -1.0, 0.0),
    "concord": (1.0, 1.0, 0.0),
    "placebo": (0.0, 0.0, 0.0),
    "profiles": (0.0, 0.0, 0.0),
}
"""Differences a minus b in truth, in style and in their product, when each is coded -1/2 and +1/2."""
CODES: dict[Contrast, int] = {contrast: code for code, contrast in enumerate(CONTRASTS)}
PLACEBO, PROFILES = CODES["placebo"], CODES["profiles"]
RATER = "rater:"
"""How the ``model`` of a verdict begins when a person gave it."""
Cell = tuple[str, str, int]
"""Pair, order and replicate of a call."""


@dataclass(frozen=True)
class Levels:
    """A categorical attribute of pairs: one code per pair into ``names``; -1 where it does not apply."""

    codes: Ints
    names: tuple[str, ...]


@dataclass(frozen=True)
class PairTable:
    """What is known about the pairs, one entry per pair."""

    ids: tuple[str, ...]
    contrast: Ints
    """Index into ``records.CONTRASTS``."""
    cluster: Levels
    domain: Levels
    factor: Levels
    facet: Levels
    """The style facets in which the answers differ, joined by ``+``; -1 where none does."""
    kind: Levels
    """The kinds of error in which they differ, joined by ``+``; -1 where none does."""
    template: Levels
    """The wordings of the facets in which they differ, the second cluster; without a wording, the pair's cluster."""
    dose: Ints
    """Dose of the style in which they differ; 0 where none does, or doses are mixed."""
    loading: Floats
    """Facet present in a minus present in b, shape (pairs, facets)."""
    facets: tuple[str, ...]
    templates: tuple[Levels, ...] = ()
    """By facet, the wording of it that one of the two answers carries; -1 where none does."""
    measured: Floats = field(default_factory=lambda: np.empty((0, 0)))
    """Measured covariates, a minus b, shape (pairs, covariates); NaN where a pair was not measured."""
    covariates: tuple[str, ...] = ()

    @cached_property
    def treatments(self) -> Rows:
        """The different treatments: contrast and loading of each facet, shape (treatments, 1 + facets)."""
        return distinct_rows(np.column_stack([self.contrast.astype(np.float64), self.loading]))


@dataclass(frozen=True)
class Calls:
    """The valid verdicts of one judge as columns, one entry per verdict."""

    judge: str
    protocol: Protocol
    pairs: PairTable
    pair: Ints
    """Index into ``pairs``."""
    s: Ints
    """+1 where answer a was shown first, -1 where b was."""
    replicate: Ints
    y: Floats
    """Preference for a, in [0, 1]."""
    tie: Floats
    """1 where the choice was a tie."""
    score_a: Floats
    """Score of answer a; NaN where the judge gives none."""
    score_b: Floats
    rater: Levels
    """Who answered, where the judge is a panel of people; -1 otherwise."""

    def __len__(self) -> int:
        return len(self.pair)

    @cached_property
    def contrast(self) -> Ints:
        """Contrast code of each verdict."""
        return self.pairs.contrast[self.pair]

    @cached_property
    def cluster(self) -> Ints:
        """Cluster code of each verdict."""
        return self.pairs.cluster.codes[self.pair]

    @property
    def sharing(self) -> tuple[Sharing, ...]:
        """What these verdicts share besides their item."""
        found = [Sharing("template", self.pairs.template.codes[self.pair], ("style", "style_x_truth", "style_dose"))]
        if self.rater.names:
            found.append(Sharing("rater", self.rater.codes))
        return tuple(share for share in found if (share.codes >= 0).any())

    @property
    def two_orders(self) -> bool:
        """Whether position can matter: pairs are shown, not scored one answer at a time."""
        return self.protocol != "score"

    def where(self, mask: NDArray[np.bool_] | Ints) -> Calls:
        """Return the verdicts selected by a boolean mask (n,) or by positions; all of them are these calls."""
        if mask.all() if mask.dtype == bool else np.array_equal(mask, np.arange(len(self))):
            return self
        return replace(
            self,
            pair=self.pair[mask],
            s=self.s[mask],
            replicate=self.replicate[mask],
            y=self.y[mask],
            tie=self.tie[mask],
            score_a=self.score_a[mask],
            score_b=self.score_b[mask],
            rater=Levels(self.rater.codes[mask], self.rater.names),
        )


@dataclass(frozen=True)
class Sharing:
    """What calls share besides their item: the wording of a style, or the person who answered."""

    name: Literal["template", "rater"]
    codes: Ints
    """Level of each call, shape (n,); -1 where it has none."""
    only: tuple[str, ...] = ()
    """The coefficients that it bears on; none named means all."""

    @property
    def levels(self) -> int:
        """How many templates, or raters, there are."""
        return count_clusters(self.codes[self.codes >= 0])


@dataclass(frozen=True)
class Design:
    """A regression problem: share in favour of a, model matrix, clusters, and how it was made."""

    y: Floats
    """Response in [0, 1], shape (n,)."""
    rows: Rows
    """The model matrix by its distinct rows, of which there are few however many verdicts."""
    columns: tuple[str, ...]
    cluster: Ints
    """Cluster code of each row, shape (n,)."""
    sharing: tuple[Sharing, ...] = ()
    """What rows share besides their cluster."""
    unidentified: dict[str, str] = field(default_factory=dict)
    """Terms that were asked for and cannot be estimated, each with the reason."""
    recipe: dict[str, Any] = field(default_factory=dict)

    @property
    def X(self) -> Floats:
        """Model matrix, shape (n, columns)."""
        return self.rows.X[self.rows.index]

    def head(self, n: int) -> Design:
        """Return the same problem with its first ``n`` rows only, and nothing shared."""
        rows = Rows(self.rows.X, self.rows.index[:n])
        return replace(self, y=self.y[:n], rows=rows, cluster=self.cluster[:n], sharing=())


# ------------------------------------------------------------------------------------------------- pairs


def tabulate_pairs(pairs: Iterable[Pair], covariates: Sequence[str] = ()) -> PairTable:
    """Turn pairs into columns, sorted by id so that no result depends on the order of the input.

    Raises
    ------
    DesignError
        When two different pairs share an id, or no pair was measured on a covariate.
    """
    ordered = sorted(pairs, key=lambda pair: pair.id)
    for one, other in pairwise(ordered):
        if one.id == other.id:
            raise DesignError(f"pair {one.id!r} is given twice; give every pair its own id, and each pair once")
    treated = [pair for pair in ordered if pair.contrast != "placebo"]
    facets = tuple(sorted({style.facet for pair in treated for style in (*pair.a.style, *pair.b.style)}))
    loading = np.array([[_loading(pair, facet) for facet in facets] for pair in ordered], dtype=np.float64)
    return PairTable(
        ids=tuple(pair.id for pair in ordered),
        contrast=np.array([CODES[pair.contrast] for pair in ordered], dtype=np.int64),
        cluster=_levels([_cluster(pair) for pair in ordered]),
        domain=_levels([pair.domain for pair in ordered]),
        factor=_levels([pair.factor for pair in ordered]),
        facet=_levels([_joined(facet for facet, _, _ in _treatment(pair)) for pair in ordered]),
        kind=_levels(
            [_joined(error.kind for error in pair.b.errors if error not in pair.a.errors) for pair in ordered]
        ),
        template=_levels(
            [_joined(template or _cluster(pair) for _, _, template in _treatment(pair)) for pair in ordered]
        ),
        dose=np.array([_dose(pair) for pair in ordered], dtype=np.int64),
        loading=loading.reshape(len(ordered), len(facets)),
        facets=facets,
        templates=tuple(_levels([_wording(pair, facet) for pair in ordered]) for facet in facets),
        measured=_measured(ordered, covariates),
        covariates=tuple(covariates),
    )


def _measured(pairs: Sequence[Pair], covariates: Sequence[str]) -> Floats:
    """Return the features named ``covariates`` from the manipulation checks, shape (pairs, covariates)."""
    features = [pair.check.features if pair.check else {} for pair in pairs]
    known = sorted(set().union(*features))
    for name in covariates:
        if name not in known:
            listed = ", ".join(known) or "none: verify the pairs first"
            raise DesignError(f"no pair was measured on {name!r}{suggest(name, known)}; measured are: {listed}")
    found = [[feature.get(name, np.nan) for name in covariates] for feature in features]
    return np.array(found, dtype=np.float64).reshape(len(pairs), len(covariates))


def _cluster(pair: Pair) -> str:
    return pair.cluster or pair.item_id


def _styles(pair: Pair) -> set[tuple[str, int, str]]:
    """Treatments (facet, dose, template) that one of the two answers carries and the other does not."""
    a, b = ({(style.facet, style.dose, style.template) for style in answer.style} for answer in (pair.a, pair.b))
    return a ^ b


def _treatment(pair: Pair) -> set[tuple[str, int, str]]:
    """Return what one answer carries and the other does not; nothing for profiles, of which both carry some."""
    return set() if pair.contrast == "profiles" else _styles(pair)


def _wording(pair: Pair, facet: str) -> str:
    """Return the wording of a facet in which the answers differ; the pair's cluster for a facet that has none."""
    return _joined(template or _cluster(pair) for own, _, template in _styles(pair) if own == facet)


def _loading(pair: Pair, facet: str) -> float:
    a, b = (any(style.facet == facet for style in answer.style) for answer in (pair.a, pair.b))
    return float(a) - float(b)


def _joined(names: Iterable[str]) -> str:
    return "+".join(sorted(set(names) - {""}))


def _dose(pair: Pair) -> int:
    doses = {dose for _, dose, _ in _styles(pair)}
    return doses.pop() if len(doses) == 1 else 0


def _levels(values: Sequence[str]) -> Levels:
    """Code ``values`` by their sorted names; an empty string means the attribute does not apply."""
    names = tuple(sorted(set(values) - {""}))
    code = {name: i for i, name in enumerate(names)} | {"": -1}
    return Levels(np.array([code[value] for value in values], dtype=np.int64), names)


# ----------------------------------------------------------------------------------------------- verdicts


def tabulate(pairs: Iterable[Pair], verdicts: Iterable[Verdict], covariates: Sequence[str] = ()) -> dict[str, Calls]:
    """Turn the valid verdicts into columns, by judge in alphabetical order.

    Parameters
    ----------
    pairs
        Every pair the judges were asked about.
    verdicts
        One verdict per planned cell; those that are not valid are left out.
    covariates
        Features of the pairs' manipulation checks to carry along, such as ``log_words``.

    Raises
    ------
    DesignError
        When a verdict belongs to no pair given, when a cell of the plan is answered twice, when one judge mixes scores
        with choices, or when a judge was shown every pair in the same order.
    """
    table = tabulate_pairs(pairs, covariates)
    index = {pair_id: i for i, pair_id in enumerate(table.ids)}
    by_judge: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.trial.pair_id not in index:
            hint = suggest(verdict.trial.pair_id, table.ids)
            raise DesignError(
                f"a verdict of judge {verdict.trial.judge!r} is about pair {verdict.trial.pair_id!r}, which is not "
                f"among the {len(index)} pairs given{hint}; pass the pairs the judges were asked about"
            )
        by_judge.setdefault(verdict.trial.judge, []).append(verdict)
    return {judge: _calls(judge, table, index, by_judge[judge]) for judge in sorted(by_judge)}


def cell_of(verdict: Verdict) -> Cell:
    """Return the cell of the plan that a verdict fills, the same for every judge."""
    return verdict.trial.pair_id, verdict.trial.order, verdict.trial.replicate


def _calls(judge: str, table: PairTable, index: Mapping[str, int], verdicts: Sequence[Verdict]) -> Calls:
    ordered = sorted(verdicts, key=cell_of)
    for one, other in pairwise(ordered):
        if cell_of(one) == cell_of(other):
            raise DesignError(
                f"judge {judge!r} has two verdicts for pair {one.trial.pair_id!r}, order {one.trial.order!r}, "
                f"replicate {one.trial.replicate}; keep one, or give repeated calls replicate numbers of their own"
            )
    protocol = _protocol(judge, ordered)
    valid = [verdict for verdict in ordered if verdict.outcome == "valid"]
    return Calls(
        judge=judge,
        protocol=protocol,
        pairs=table,
        pair=np.array([index[verdict.trial.pair_id] for verdict in valid], dtype=np.int64),
        s=np.array([1 if verdict.trial.order == "ab" else -1 for verdict in valid], dtype=np.int64),
        replicate=np.array([verdict.trial.replicate for verdict in valid], dtype=np.int64),
        y=np.array([verdict.preference for verdict in valid], dtype=np.float64),
        tie=np.array([verdict.choice == "tie" for verdict in valid], dtype=np.float64),
        score_a=np.array([verdict.score_a for verdict in valid], dtype=np.float64),
        score_b=np.array([verdict.score_b for verdict in valid], dtype=np.float64),
        rater=_levels([_rater(verdict) for verdict in valid]),
    )


def _rater(verdict: Verdict) -> str:
    """Return who answered for a panel of people (``model`` is ``rater:<id>``), or ""."""
    return verdict.model.removeprefix(RATER) if verdict.model.startswith(RATER) else ""


def _protocol(judge: str, verdicts: Sequence[Verdict]) -> Protocol:
    protocols = sorted({verdict.trial.protocol for verdict in verdicts})
    if "score" in protocols and len(protocols) > 1:
        raise DesignError(
            f"judge {judge!r} mixes the protocols {', '.join(protocols)}; scores and choices are not on one scale: "
            "give each protocol a judge name of its own"
        )
    orders = {verdict.trial.order for verdict in verdicts}
    if protocols[0] != "score" and len(orders) == 1:
        first, last = ("a", "b") if orders == {"ab"} else ("b", "a")
        raise DesignError(
            f"judge {judge!r} saw answer {first} first in all {len(verdicts)} trials: a taste for {first} over {last} "
            "and a taste for the first position cannot be told apart; collect with orders: both or counterbalanced"
        )
    return protocols[0]
