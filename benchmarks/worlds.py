"""Simulated judges of known taste, one for each difficulty that an interval may meet."""

from __future__ import annotations

from judgeaudit.regression.population import Taste

WORLDS: dict[str, Taste] = {
    "D1 plain": Taste(),
    "D2 random slopes": Taste(spread_truth=0.8, spread_style=0.8),
    "D3 item leanings": Taste(spread_pair=0.8),
    "D4 ties": Taste(ties=0.4, spread_style=0.5),
    "D5 strong position": Taste(truth=0.6, style=0.4, position=1.5),
    "D6 vain": Taste(truth=0.3, style=1.8, spread_style=0.7),
    "D7 masking": Taste(interaction=-0.8, spread_truth=0.5),
    "D8 deterministic": Taste(
        truth=1.2, style=0.5, spread_truth=1.0, spread_style=1.0, spread_pair=0.5, temperature=0.05
    ),
    "D9 conflict shift": Taste(conflict=-1.0, spread_style=0.5),
    "D10 log-probabilities": Taste(spread_truth=0.8, spread_style=0.8, spread_pair=0.5, graded=True),
}
NEAR_PERFECT = {
    "truth 4": Taste(truth=4.0, style=0.6),
    "truth 5": Taste(truth=5.0, style=0.6),
    "truth 6, position 1": Taste(truth=6.0, style=0.6, position=1.0),
}
