"""Does one utility explain all six contrasts? Where it does not, the conflict pairs speak for themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judgeaudit.regression.bmj import Cells, Floats, tabulate_cells
from judgeaudit.regression.design import CODES, Calls
from judgeaudit.regression.effects import N_CELLS, cell_codes
from judgeaudit.regression.population import SIX

FEWEST_ITEMS = 30
ALPHA = 0.05
CONSTRAINTS = np.array(
    [  # style_true, style_false, fact_plain, fact_styled, conflict, concord
        [0.5, 0.5, -0.5, -0.5, 1.0, 0.0],
        [-0.5, -0.5, -0.5, -0.5, 0.0, 1.0],
        [1.0, -1.0, 1.0, -1.0, 0.0, 0.0],
    ]
)
"""What is zero when truth, style and their product add up: conflict, concord, and one product for both."""


@dataclass(frozen=True)
class Additivity:
    """A check that the log odds of the six contrasts add up."""

    conflict_shift: float
    """Log odds by which conflict pairs differ from truth minus style."""
    statistic: float
    """Hotelling's T-squared as an F statistic with 3 and ``df`` degrees of freedom."""
    df: int
    p_value: float

    @property
    def holds(self) -> bool:
        """Whether the check found nothing."""
        return self.p_value >= ALPHA


def check_additivity(calls: Calls) -> Additivity | None:
    """Test whether conflict and concord pairs are what truth and style alone would make of them.

    Random differences between items bend the population's log odds a little, so a small p value with a small shift is
    no matter; None with fewer than thirty items or a contrast that was not asked in both orders.

    References
    ----------
    Hotelling (1931), The generalization of Student's ratio, doi:10.1214/aoms/1177732979.
    """
    from scipy.special import fdtrc

    if not calls.two_orders or not len(calls):
        return None
    cells = tabulate_cells(calls.y, cell_codes(calls), calls.cluster, N_CELLS)
    used = [2 * CODES[contrast] + order for contrast in SIX for order in (0, 1)]
    cells = Cells(cells.total[:, used], cells.count[:, used])
    g = len(cells.count)
    if g < FEWEST_ITEMS or (cells.count > 0).sum(axis=0).min() < 2:
        return None
    total, count = cells.total.sum(axis=0), cells.count.sum(axis=0)
    off = CONSTRAINTS @ _log_odds(total[None], count[None])[0]
    without = _log_odds(total - cells.total, count - cells.count) @ CONSTRAINTS.T - off
    cov = (g - 1) / g * without.T @ without
    if np.linalg.matrix_rank(cov) < 3:
        return None
    statistic = float(off @ np.linalg.solve(cov, off)) * (g - 3) / (3 * (g - 1))
    return Additivity(float(off[0]), statistic, g - 3, float(fdtrc(3, g - 3, statistic)))


def _log_odds(total: Floats, count: Floats) -> Floats:
    """Return the log odds of each contrast, orders averaged, half a verdict added to either side, shape (B, 6)."""
    odds = np.log((total + 0.5) / (count - total + 0.5))
    return np.asarray(odds.reshape(len(odds), len(SIX), 2).mean(axis=2))
