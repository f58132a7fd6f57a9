"""Whether one utility explains all six contrasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from judgeaudit.regression.additivity import CONSTRAINTS, check_additivity
from judgeaudit.regression.design import CODING
from judgeaudit.regression.population import SIX, Taste, draw_calls
from judgeaudit.regression.utility import log_odds


def test_every_additive_utility_satisfies_the_constraints() -> None:
    """The constraints vanish on all utilities of truth, style and their product, and on no others."""
    X = np.array([CODING[contrast] for contrast in SIX])
    np.testing.assert_allclose(CONSTRAINTS @ X, 0, atol=1e-12)
    assert np.linalg.matrix_rank(CONSTRAINTS) == 3


@pytest.mark.parametrize("both", [True, False])
def test_it_fires_rarely_without_and_often_with_a_shift(both: bool) -> None:
    """Size near five percent; a shift of one log odds of the conflict pairs is seen at 150 items and measured."""
    null = [check_additivity(draw_calls(Taste(), 60, np.random.default_rng(i), both=both)) for i in range(150)]
    assert sum(c is not None and not c.holds for c in null) <= 17
    shifted = [
        check_additivity(draw_calls(Taste(conflict=-1.0), 150, np.random.default_rng(i), both=both)) for i in range(60)
    ]
    assert sum(c is not None and not c.holds for c in shifted) >= 45
    assert np.mean([c.conflict_shift for c in shifted if c is not None]) == pytest.approx(-1.0, abs=0.12)


def test_the_flag_stands_on_the_angle() -> None:
    """Where conflict pairs go their own way the angle says to read conflict failure beside it."""
    found = {e.term: e for e in log_odds(draw_calls(Taste(conflict=-2.0), 150, np.random.default_rng(0)))}
    assert "read conflict_failure beside the angle" in found["angle"].note
    assert found["angle"].recipe["additivity"]["p_value"] < 0.05


def test_what_cannot_be_checked_is_not() -> None:
    """Few items, a missing contrast, scores or a judge without variation: no check, no crash."""
    calls = draw_calls(Taste(), 40, np.random.default_rng(0))
    assert check_additivity(calls.where(calls.cluster < 10)) is None
    assert check_additivity(calls.where(calls.contrast != 4)) is None
    assert check_additivity(replace(calls, protocol="score")) is None
    assert check_additivity(replace(calls, y=np.full(len(calls), 0.5))) is None
