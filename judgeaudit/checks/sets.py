"""The manipulation check of a whole set: style must show at the surface, and truth must not.

Each pair can pass and the set still leak: when every false answer is a little longer than its true partner, a
judge that counts words seems to know facts. So a style reader is trained on the pairs, and must find the styled
answers and fail to find the true ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from judgeaudit.checks import classifier
from judgeaudit.checks.lexicon import lexicon
from judgeaudit.records import Contrast, Pair, Record
from judgeaudit.text import features, words

Arm = Literal["style", "fact", "placebo", "conflict", "concord", "profiles"]
GateStatus = Literal["PASS", "FAIL", "UNDERPOWERED", "NOT GATED"]
ARMS: dict[Contrast, Arm] = {
    "style_true": "style",
    "style_false": "style",
    "fact_plain": "fact",
    "fact_styled": "fact",
    "conflict": "conflict",
    "concord": "concord",
    "placebo": "placebo",
    "profiles": "profiles",
}
STYLE_SEPARABLE = 0.95
FACT_PAIRED = 0.60
FACT_UNPAIRED = 0.55
MIN_CLUSTERS = 20
MIN_TRAINING = 10
FACTORS_OF_THEIR_OWN = ("stance.", "flu.")


class Separability(Record):
    """How well a style reader tells the two sides of one group of pairs apart."""

    arm: Arm
    group: str = ""
    """A style facet or an error kind; empty for the whole arm."""
    dose: int | None = None
    """Dose of the style; None for pairs of all doses."""
    pairs: int
    clusters: int
    unpaired: float | None = None
    """Share of single texts put on the right side; None where there are too few items to train on."""
    unpaired_low: float | None = None
    unpaired_high: float | None = None
    auc: float | None = None
    paired: float | None = None
    """Share of pairs in which a reader of both texts names the right side; a half means that nothing shows."""
    paired_low: float | None = None
    """95 % bound of ``paired`` by bootstrap over items."""
    paired_high: float | None = None
    wilson_low: float | None = None
    """95 % bound of ``paired`` by Wilson's formula, as if pairs were independent."""
    wilson_high: float | None = None
    shift: float | None = None
    """Largest mean difference of a feature, a minus b, in standard deviations."""
    shifted: str = ""
    """The feature with the largest shift."""
    status: GateStatus = "NOT GATED"
    sentence: str = ""


class SetReport(Record):
    """What a style reader can see in a set of pairs, by arm, and whether that is what the design needs."""

    pairs: int
    clusters: int
    status: GateStatus
    rows: tuple[Separability, ...] = ()
    seed: int = 0

    @property
    def passed(self) -> bool:
        """Whether every gate of the set was passed."""
        return self.status == "PASS"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, a sentence for each group, the gated ones first."""
        ordered = sorted(self.rows, key=lambda row: row.status == "NOT GATED")
        return tuple(row.sentence for row in ordered)


def check_set(pairs: Iterable[Pair], *, seed: int = 0) -> SetReport:
    """Train a style reader on a set of pairs and hold what it sees against what the design needs.

    The reader is a ridge logistic regression on standardised surface features, cross-validated in five folds
    grouped by item. It reads single texts (unpaired) and pairs (paired): one-directional manipulations look clean
    unpaired and leak paired. The style arm passes when single texts are told apart in 95 % of cases at dose 3; the
    fact arm passes by equivalence, when the upper 95 % bound of the paired accuracy is at most 0.60 and that of
    the unpaired at most 0.55.

    Parameters
    ----------
    pairs
        The pairs that will be judged (normally those that passed `verify`).
    seed
        Of the folds and the bootstrap.

    Returns
    -------
    SetReport
        A row for every arm, facet and dose, and error kind.
    """
    pairs = list(pairs)
    measured = _Measured(pairs)
    groups = _groups(pairs)
    faceted = any(arm == "style" and group for (arm, group, _), _ in groups)
    rows = tuple(_separability(*key, chosen, measured, seed, faceted=faceted) for key, chosen in groups)
    return SetReport(
        pairs=len(pairs), clusters=len(set(measured.clusters)), status=_overall(rows), rows=rows, seed=seed
    )  # fmt: skip


class _Measured:
    """The features of both sides of every pair; each text is measured once."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.clusters = [pair.cluster or pair.item_id or pair.question for pair in pairs]
        vocabulary = _vocabulary(pairs, self.clusters)
        rows: dict[str, list[float]] = {}
        self.names: list[str] = []
        for text in (side.text for pair in pairs for side in (pair.a, pair.b)):
            if text not in rows:
                found = features(text, vocabulary)
                self.names = self.names or sorted(found)
                rows[text] = [found[name] for name in self.names]
        self.a = np.array([rows[pair.a.text] for pair in pairs], dtype=float)
        self.b = np.array([rows[pair.b.text] for pair in pairs], dtype=float)


def _vocabulary(pairs: Sequence[Pair], clusters: Sequence[str]) -> frozenset[str]:
    """Return the shipped words, and those that texts about two or more items have in common."""
    seen: dict[str, set[str]] = defaultdict(set)
    for pair, cluster in zip(pairs, clusters, strict=True):
        seen[cluster].update(word.casefold() for side in (pair.a, pair.b) for word in words(side.text))
    counts = Counter(word for found in seen.values() for word in found)
    return lexicon().vocabulary | {word for word, n in counts.items() if n > 1}


def _groups(pairs: Sequence[Pair]) -> list[tuple[tuple[Arm, str, int | None], list[int]]]:
    """Return the indices of the pairs of every (arm, group, dose), whole arms first."""
    found: dict[tuple[Arm, str, int | None], list[int]] = defaultdict(list)
    for index, pair in enumerate(pairs):
        for key in _keys(pair):
            found[key].append(index)
    return sorted(found.items(), key=lambda entry: (entry[0][0], entry[0][1], entry[0][2] or 0))


def _keys(pair: Pair) -> Iterator[tuple[Arm, str, int | None]]:
    arm = ARMS[pair.contrast]
    yield arm, "", None
    styles = pair.a.style or pair.b.style
    facets = "+".join(style.facet for style in styles)
    if arm == "style" and styles:
        dose = max(style.dose for style in styles)
        yield arm, facets, dose
        if not facets.startswith(FACTORS_OF_THEIR_OWN):
            yield arm, "", dose
    elif arm == "placebo" and styles:
        yield arm, facets, None
    elif arm == "fact":
        yield from ((arm, kind, None) for kind in sorted({e.kind for e in pair.b.errors if not e.carried}))


def _is_gated(row: Separability, *, faceted: bool) -> bool:
    """Return whether a row decides: the whole fact arm; all style at dose 3, and each facet with enough items."""
    if row.arm == "style" and faceted:
        facet_counts = row.clusters >= MIN_CLUSTERS and not row.group.startswith(FACTORS_OF_THEIR_OWN)
        return row.dose == 3 and (not row.group or facet_counts)
    return not row.group and row.arm in ("style", "fact")


def _separability(
    arm: Arm, group: str, dose: int | None, chosen: Sequence[int], measured: _Measured, seed: int, *, faceted: bool
) -> Separability:
    A, B = measured.a[chosen], measured.b[chosen]
    numbers = {name: n for n, name in enumerate(dict.fromkeys(measured.clusters[i] for i in chosen))}
    clusters = np.array([numbers[measured.clusters[i]] for i in chosen])
    row = Separability(arm=arm, group=group, dose=dose, pairs=len(chosen), clusters=len(numbers))
    if len(numbers) >= MIN_TRAINING:
        row = row.model_copy(update=_figures(A, B, clusters, measured.names, seed))
    if _is_gated(row, faceted=faceted):
        row = row.model_copy(update={"status": _status(row)})
    return row.model_copy(update={"sentence": _sentence(row)})


def _figures(
    A: classifier.Array, B: classifier.Array, clusters: npt.NDArray[np.int64], names: Sequence[str], seed: int
) -> dict[str, float | str]:
    folds = classifier.grouped_folds(clusters, min(5, int(clusters.max()) + 1), seed)
    scores_a, scores_b = classifier.unpaired_scores(A, B, folds)
    single = classifier.clustered_share((classifier.hits(scores_a) + classifier.hits(-scores_b)) / 2, clusters, seed)
    both = classifier.clustered_share(classifier.hits(classifier.paired_scores(A, B, folds)), clusters, seed)
    index, shift = classifier.largest_shift(A, B)
    return {
        "unpaired": single.estimate, "unpaired_low": single.low, "unpaired_high": single.high,
        "auc": classifier.auc(scores_a, scores_b), "paired": both.estimate, "paired_low": both.low,
        "paired_high": both.high, "wilson_low": both.wilson_low, "wilson_high": both.wilson_high,
        "shift": shift, "shifted": names[index],
    }  # fmt: skip


def _status(row: Separability) -> GateStatus:
    """Hold a gated row against its limit; the paired bound is the wider of bootstrap and Wilson."""
    if row.paired is None or row.unpaired is None or row.unpaired_high is None:
        return "UNDERPOWERED"
    if row.arm == "style":
        enough = row.clusters >= MIN_CLUSTERS
        return ("PASS" if row.unpaired >= STYLE_SEPARABLE else "FAIL") if enough else "UNDERPOWERED"
    if row.paired > FACT_PAIRED or row.unpaired > FACT_UNPAIRED:
        return "FAIL"
    paired_high = max(row.paired_high or 1.0, row.wilson_high or 1.0)
    return "PASS" if paired_high <= FACT_PAIRED and row.unpaired_high <= FACT_UNPAIRED else "UNDERPOWERED"


def _sentence(row: Separability) -> str:
    """Say what a style reader can see in a group of pairs."""
    dose = f" at dose {row.dose}" if row.dose is not None else ""
    name = f"{row.arm} arm{f', {row.group}' if row.group else ''}{dose} ({row.pairs} pairs, {row.clusters} items)"
    if row.unpaired is None or row.paired is None or row.paired_low is None or row.paired_high is None:
        return f"{name}: too few items to train a style reader on; at least {MIN_TRAINING} are needed."
    seen = (
        f"{name}: a style reader sorts {row.unpaired:.1%} of single texts and "
        f"{row.paired:.1%} [{row.paired_low:.1%}, {row.paired_high:.1%}] of pairs correctly"
    )
    if row.status == "NOT GATED":
        leaks = row.arm == "fact" and row.paired_low > FACT_PAIRED
        return f"{seen}{': this kind by itself can be told by its surface' if leaks else ''}."
    if row.arm == "style":
        return f"{seen}; at least {STYLE_SEPARABLE:.0%} of single texts are wanted: {row.status}."
    return f"{seen}; the bounds must not pass {FACT_UNPAIRED:.0%} and {FACT_PAIRED:.0%}: {row.status}."


def _overall(rows: Sequence[Separability]) -> GateStatus:
    """Return the worst status of the gated rows."""
    found = {row.status for row in rows}
    order: tuple[GateStatus, ...] = ("FAIL", "UNDERPOWERED", "PASS")
    return next((status for status in order if status in found), "NOT GATED")
