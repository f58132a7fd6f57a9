"""The style reader: it finds what shows at the surface, and nothing where nothing shows."""

from __future__ import annotations

import random

import numpy as np
import pytest

from judgeaudit.checks import check_set
from judgeaudit.checks.classifier import (
    auc,
    clustered_share,
    grouped_folds,
    hits,
    paired_scores,
    ridge_logistic,
    unpaired_scores,
    wilson,
)
from judgeaudit.items import load_items
from judgeaudit.perturbations import perturb
from judgeaudit.records import Answer, Contrast, FactualError, Pair, Style

NOUNS = ["comet", "river", "engine", "violin", "glacier", "market", "theorem", "kidney", "harbour", "lantern"]
VERBS = ["turns", "carries", "meets", "crosses", "lifts", "holds", "warms", "follows", "joins", "covers"]


def sentence(rng: random.Random) -> str:
    return f"The {rng.choice(NOUNS)} {rng.choice(VERBS)} the {rng.choice(NOUNS)} near {rng.randrange(10, 99)} stones."


def pair_of(n: int, contrast: Contrast, a: str, b: str, style: tuple[Style, ...] = ()) -> Pair:
    return Pair(
        id=f"p{n}", item_id=f"i{n}", question="Which?", contrast=contrast,
        a=Answer(text=a, style=style), b=Answer(text=b),
    )  # fmt: skip


def texts(n: int) -> list[str]:
    rng = random.Random("texts")
    return [" ".join(sentence(rng) for _ in range(4)) for _ in range(n)]


def test_newton_finds_the_penalised_optimum() -> None:
    """The gradient of the penalised likelihood is zero at the fit, and the fit recovers a known direction."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(400, 3))
    y = (rng.random(400) < 1 / (1 + np.exp(-X @ np.array([1.0, -1.0, 0.0])))).astype(float)
    beta = ridge_logistic(X, y)
    gradient = X.T @ (y - 1 / (1 + np.exp(-X @ beta))) - beta
    assert np.abs(gradient).max() < 1e-6
    assert beta == pytest.approx([1.0, -1.0, 0.0], abs=0.3)


def test_a_reader_of_separable_data_does_not_diverge() -> None:
    """Perfect separation gives finite coefficients."""
    assert np.isfinite(ridge_logistic(np.array([[-1.0], [1.0]]), np.array([0.0, 1.0]))).all()


def test_folds_keep_items_together_and_are_even() -> None:
    """All rows of an item fall into one fold, and folds differ by at most one item."""
    groups = np.repeat(np.arange(23), 3)
    folds = grouped_folds(groups, 5, seed=0)
    assert all(len(set(folds[groups == g])) == 1 for g in range(23))
    sizes = np.bincount(folds[::3])
    assert sizes.max() - sizes.min() <= 1


def test_the_paired_reader_sees_what_the_unpaired_cannot() -> None:
    """A small shift in one direction hides in the spread of texts and shows in the pairs."""
    rng = np.random.default_rng(2)
    B = rng.normal(size=(300, 4))
    A = B + np.array([0.1, 0, 0, 0])
    folds = grouped_folds(np.arange(300), 5, 0)
    a, b = unpaired_scores(A, B, folds)
    assert (hits(a).mean() + hits(-b).mean()) / 2 < 0.6
    assert hits(paired_scores(A, B, folds)).mean() == 1.0


def test_a_reader_that_cannot_tell_scores_a_half() -> None:
    """Identical sides give exactly one half, paired and unpaired."""
    B = np.random.default_rng(3).normal(size=(50, 4))
    folds = grouped_folds(np.arange(50), 5, 0)
    a, b = unpaired_scores(B, B, folds)
    assert (hits(a).mean() + hits(-b).mean()) / 2 == 0.5
    assert hits(paired_scores(B, B, folds)).mean() == 0.5
    assert auc(a, b) == 0.5


def test_auc_counts_pairs() -> None:
    """The area equals the brute-force share of ordered pairs, ties counting half."""
    rng = np.random.default_rng(4)
    x, y = rng.integers(0, 5, 30).astype(float), rng.integers(0, 5, 40).astype(float)
    brute = np.mean([(p > q) + 0.5 * (p == q) for p in x for q in y])
    assert auc(x, y) == pytest.approx(brute)


def test_clusters_widen_the_interval() -> None:
    """Ten copies of each value leave the bootstrap where it was and narrow only Wilson's interval."""
    values = np.random.default_rng(5).integers(0, 2, 40).astype(float)
    once = clustered_share(values, np.arange(40), seed=0)
    tenfold = clustered_share(np.repeat(values, 10), np.repeat(np.arange(40), 10), seed=0)
    assert (tenfold.low, tenfold.high) == pytest.approx((once.low, once.high))
    assert tenfold.wilson_high - tenfold.wilson_low < 0.5 * (once.wilson_high - once.wilson_low)
    assert wilson(1.0, 30)[0] < 1.0


def test_style_that_shows_passes_the_gate() -> None:
    """Bold on every answer is found in single texts."""
    style = (Style(facet="fmt.bold", dose=3),)
    pairs = [pair_of(n, "style_true", t.replace("The", "**The**"), t, style) for n, t in enumerate(texts(60))]
    report = check_set(pairs)
    assert report.passed
    assert {row.group for row in report.rows if row.status == "PASS"} == {"", "fmt.bold"}


def test_style_that_does_not_show_fails_the_gate() -> None:
    """A style treatment that the surface does not show is no style arm."""
    pairs = [pair_of(n, "style_true", t, t) for n, t in enumerate(texts(60))]
    assert check_set(pairs).status == "FAIL"


def test_a_fact_arm_that_leaks_length_fails_the_gate() -> None:
    """Where every false answer is one word longer, a style reader finds the truth in all pairs."""
    pairs = [pair_of(n, "fact_plain", t, t.replace("near", "quite near", 1)) for n, t in enumerate(texts(60))]
    report = check_set(pairs)
    (row,) = report.rows
    assert report.status == "FAIL"
    assert row.paired == 1.0
    assert "FAIL" in row.sentence


def test_a_small_clean_fact_arm_is_underpowered_and_never_passed() -> None:
    """Thirty pairs whose facts differ at random are too few to claim that nothing shows."""
    rng = random.Random(8)
    swapped = [t.replace(t.split()[6], str(rng.randrange(10, 99)), 1) for t in texts(30)]
    pairs = [pair_of(n, "fact_plain", t, false) for n, (t, false) in enumerate(zip(texts(30), swapped, strict=True))]
    assert check_set(pairs).status == "UNDERPOWERED"
    assert check_set(pairs[:4]).status == "UNDERPOWERED"


def test_an_empty_set_is_not_gated() -> None:
    """No pairs, no rows, no verdict, no crash."""
    report = check_set([])
    assert (report.status, report.rows, report.sentences) == ("NOT GATED", (), ())


def test_the_shipped_items_pass_both_gates() -> None:
    """Core items: the fact arm is at chance on 400 pairs or more, the style arm plain to see at dose 3."""
    pairs = perturb(load_items("core"), contrasts=["style_true", "fact_plain"], doses=[3], blocks=2, seed=7)
    report = check_set(pairs)
    rows = {(row.arm, row.group, row.dose): row for row in report.rows}
    fact, style = rows["fact", "", None], rows["style", "", 3]
    assert fact.pairs >= 400
    assert (fact.status, style.status) == ("PASS", "PASS"), report.sentences


def test_the_same_set_and_seed_give_the_same_report() -> None:
    """The reader, its folds and its bootstrap are deterministic."""
    pairs = [pair_of(n, "fact_plain", t, t.replace("The", "A", 1)) for n, t in enumerate(texts(20))]
    assert check_set(pairs, seed=3) == check_set(pairs, seed=3)


def test_an_error_kind_that_leaks_by_itself_is_named() -> None:
    """A kind whose wrong values are longer is said to leak, whatever the arm as a whole shows."""
    error = FactualError(fact_id="f", kind="quantifier", old="near", new="quite near", severity="major")
    pairs = [
        pair_of(n, "fact_plain", t, t).model_copy(
            update={"b": Answer(text=t.replace("near", "quite near", 1), errors=(error,))}
        )
        for n, t in enumerate(texts(40))
    ]
    (row,) = [row for row in check_set(pairs).rows if row.group == "quantifier"]
    assert row.status == "NOT GATED"
    assert row.sentence.endswith("this kind by itself can be told by its surface.")
