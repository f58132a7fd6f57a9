"""The batched cluster bootstrap against refits one by one."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.discrete.discrete_model import Logit

from judgeaudit.errors import DesignError
from judgeaudit.regression import bootstrap
from judgeaudit.regression.bootstrap import cluster_bootstrap
from judgeaudit.regression.design import Design
from judgeaudit.regression.matrices import utility_design
from judgeaudit.regression.population import Taste, draw_calls


def design_of(taste: Taste, items: int = 30) -> Design:
    return utility_design(draw_calls(taste, items, np.random.default_rng(5)))


def test_each_replicate_is_a_converged_refit() -> None:
    """Rebuilding the resampled rows and refitting with statsmodels gives the same coefficients."""
    design = design_of(Taste())
    draws = cluster_bootstrap(design, 20, seed=3)
    weights = np.random.default_rng(3).multinomial(30, np.full(30, 1 / 30), size=20)
    errors = draws.std(axis=0)
    for weight, found in zip(weights, draws, strict=True):
        rows = np.repeat(np.arange(len(design.y)), weight[design.cluster])
        refit = Logit(design.y[rows], design.X[rows]).fit(disp=0, tol=1e-12).params
        assert (np.abs(found - refit) < 0.01 * errors).all()
        np.testing.assert_allclose(found, refit, atol=1e-7)


def test_small_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws do not depend on how many are worked at once."""
    design = design_of(Taste())
    whole = cluster_bootstrap(design, 50, seed=1)
    monkeypatch.setattr(bootstrap, "BATCH_ENTRIES", 7 * 30)
    np.testing.assert_allclose(cluster_bootstrap(design, 50, seed=1), whole, atol=1e-9)


def test_a_resample_without_a_finite_fit_is_refused_not_averaged() -> None:
    """A judge that never errs has no maximum without a penalty; with it every replicate is finite."""
    design = design_of(Taste(truth=60, style=0, position=0, temperature=0), items=10)
    with pytest.raises(DesignError, match="firth=True"):
        cluster_bootstrap(design, 10)
    assert np.isfinite(cluster_bootstrap(design, 10, firth=True)).all()
    with pytest.raises(DesignError, match="0 replicates"):
        cluster_bootstrap(design, 0)
