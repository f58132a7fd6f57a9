"""Verdicts become arrays without loss, and a design that cannot answer is refused."""

from __future__ import annotations

import numpy as np
import pytest

from judgeaudit.errors import DesignError
from judgeaudit.records import CONTRASTS, Answer, Check, Pair, Style
from judgeaudit.regression.design import CODING, tabulate, tabulate_pairs
from judgeaudit.regression.matrices import covariate_design, dose_design, facet_design, utility_design
from judgeaudit.regression.population import Taste, draw_calls

from .simulation import judge_pairs, make_pairs, verdict


def test_the_six_pairs_are_orthogonal() -> None:
    """Truth, style and their product are coded so that the six contrasts estimate them apart."""
    X = np.array([CODING[contrast] for contrast in CONTRASTS])
    np.testing.assert_array_equal(X.T @ X, np.diag([4, 4, 1]))


def test_columns_hold_what_the_records_say() -> None:
    """Order, preference, ties, clusters and treatments arrive as they were recorded."""
    pairs = make_pairs(2, facets=("fmt.list", "tone.x"))
    calls = tabulate(pairs, [verdict("0001-conflict", "j", "ba", 0.5), verdict("0000-style_true", "j", "ab", 1.0)])["j"]
    assert [calls.pairs.ids[i] for i in calls.pair] == ["0000-style_true", "0001-conflict"]
    assert calls.s.tolist() == [1, -1]
    assert calls.y.tolist() == [1.0, 0.5]
    assert calls.tie.tolist() == [0.0, 1.0]
    assert [calls.pairs.cluster.names[c] for c in calls.cluster] == ["item0000", "item0001"]
    assert [calls.pairs.facet.names[f] for f in calls.pairs.facet.codes[calls.pair]] == ["fmt.list", "tone.x"]
    assert calls.pairs.loading[calls.pair].tolist() == [[1.0, 0.0], [0.0, -1.0]]
    assert calls.pairs.dose[calls.pair].tolist() == [1, 2]


def test_failures_never_become_opinions() -> None:
    """Missing verdicts are left out, not counted as ties or losses."""
    pairs = make_pairs(1)
    calls = tabulate(pairs, [verdict("0000-conflict", "j", "ab", None), verdict("0000-conflict", "j", "ba", 1.0)])["j"]
    assert len(calls) == 1


def test_one_order_only_is_refused() -> None:
    """Position and preference cannot be told apart, and the message says what to do."""
    pairs = make_pairs(3)
    with pytest.raises(DesignError, match=r"saw answer a first in all 21 trials.*counterbalanced"):
        tabulate(pairs, [verdict(pair.id, "j", "ab", 1.0) for pair in pairs])
    with pytest.raises(DesignError, match="saw answer b first"):
        tabulate(pairs, [verdict(pair.id, "j", "ba", 1.0) for pair in pairs])


def test_scores_have_no_order_to_refuse() -> None:
    """A judge that scores answers one at a time may be recorded in one order."""
    pairs = make_pairs(1)
    score = verdict(pairs[0].id, "j", "ab", 1.0, protocol="score", score_a=8.0, score_b=6.0)
    calls = tabulate(pairs, [score])["j"]
    assert (calls.score_a[0], calls.score_b[0]) == (8.0, 6.0)
    assert "position" not in utility_design(calls).columns


def test_unknown_pairs_repeated_cells_and_mixed_protocols_are_refused() -> None:
    """What cannot be placed is named, never dropped."""
    pairs = make_pairs(1)
    with pytest.raises(DesignError, match='did you mean "0000-conflict"'):
        tabulate(pairs, [verdict("0000-conflct", "j", "ab", 1.0)])
    with pytest.raises(DesignError, match="two verdicts for pair"):
        tabulate(pairs, [verdict("0000-conflict", "j", "ab", 1.0), verdict("0000-conflict", "j", "ab", 0.0)])
    mixed = verdict("0000-concord", "j", "ab", 1.0, protocol="score", score_a=1.0, score_b=0.0)
    with pytest.raises(DesignError, match="mixes the protocols"):
        tabulate(pairs, [verdict("0000-conflict", "j", "ab", 1.0), mixed])
    with pytest.raises(DesignError, match="given twice"):
        tabulate([*pairs, pairs[0]], [])


def test_several_facets_are_one_treatment_with_several_loadings() -> None:
    """A composed style is named by its parts and loads on each of them."""
    pair = make_pairs(1)[0]
    styled = Answer(text="x", style=(Style(facet="tone.x", dose=1), Style(facet="fmt.list", dose=1)))
    table = tabulate_pairs([pair.model_copy(update={"a": styled})])
    assert table.facet.names == ("fmt.list+tone.x",)
    assert table.loading.tolist() == [[1.0, 1.0]]


def test_the_design_remembers_what_it_left_out() -> None:
    """With style pairs on true answers only, truth has no verdict and the product repeats style: both are named."""
    calls = draw_calls(Taste(), 10, np.random.default_rng(0))
    design = utility_design(calls.where(calls.contrast == 0))
    assert design.columns == ("position", "style")
    assert design.unidentified == {"truth": "no verdict bears on it", "style_x_truth": "collinear with style"}
    assert design.recipe["left_out"] == design.unidentified


def test_a_facet_in_one_cluster_is_named() -> None:
    """A facet that one item carries has no interval, and its verdicts do not bend the other facets."""
    pairs = make_pairs(5, facets=("fmt.list", "fmt.list", "fmt.list", "fmt.list", "tone.x"))
    design = facet_design(tabulate(pairs, judge_pairs(pairs, Taste(), 0))["j"])
    assert design.unidentified == {"style.tone.x": "occurs in fewer than two clusters"}
    assert "style.fmt.list" in design.columns


def test_facets_that_always_come_together_are_named() -> None:
    """Two facets that are never apart cannot be told apart."""
    both = (Style(facet="fmt.list", dose=1), Style(facet="tone.x", dose=1))
    pairs = [
        p.model_copy(update={s: getattr(p, s).model_copy(update={"style": both}) for s in "ab" if getattr(p, s).styled})
        for p in make_pairs(4)
    ]
    design = facet_design(tabulate(pairs, judge_pairs(pairs, Taste(), 0))["j"])
    assert design.unidentified == {"style.tone.x": "collinear with style.fmt.list"}


def with_features(pairs: list[Pair], features: dict[str, float]) -> list[Pair]:
    return [p.model_copy(update={"check": Check(pair_id=p.id, passed=True, features=features)}) for p in pairs]


def test_covariates_come_from_the_checks() -> None:
    """A measured feature travels with its pair; a pair that was not measured is left out of that design only."""
    pairs = with_features(make_pairs(3), {"log_words": 0.25})
    pairs[0] = pairs[0].model_copy(update={"check": None})
    calls = tabulate(pairs, judge_pairs(pairs, Taste(), 0), ["log_words"])["j"]
    assert np.isnan(calls.pairs.measured).sum() == 1
    assert len(covariate_design(calls).y) == len(utility_design(calls).y) - 2


def test_an_unknown_covariate_is_refused_with_those_measured() -> None:
    """A misspelt feature is an error with a suggestion, never a column of zeros."""
    pairs = with_features(make_pairs(1), {"log_words": 0.25, "commas": 1.0})
    with pytest.raises(DesignError, match=r'did you mean "log_words".*measured are: commas, log_words'):
        tabulate(pairs, [], ["log_wrods"])


def test_one_dose_has_no_slope() -> None:
    """A slope over doses needs two of them."""
    pairs = make_pairs(6)
    calls = tabulate(pairs, judge_pairs(pairs, Taste(), 0))["j"]
    design = dose_design(calls)
    assert design is not None
    assert "style_dose" in design.columns
    assert dose_design(calls.where(calls.pairs.dose[calls.pair] < 2)) is None


def test_what_makes_a_placebo_is_not_a_facet() -> None:
    """The treatment of a placebo differs in nothing that matters and has no coefficient."""
    pairs = make_pairs(2)
    spelled = Answer(text="x", style=(Style(facet="placebo.spelling", dose=1),))
    pairs[-1] = pairs[-1].model_copy(update={"b": spelled})
    assert tabulate_pairs(pairs).facets == ("fmt.list",)
