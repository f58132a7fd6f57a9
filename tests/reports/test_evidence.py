"""What the page draws from single verdicts is what they say."""

from __future__ import annotations

import pytest

from judgeaudit.reports.evidence import gather, informative_missingness

from .audits import answered, crossed_pairs


def missing(verdicts, pairs):
    """Return the probability of the losses of one judge."""
    return informative_missingness(verdicts, {p.id: p.contrast for p in pairs}, {p.id: p.item_id for p in pairs})


def test_contrasts_add_up_to_the_estimates(run):
    """Truth sensitivity is the mean of its two contrasts; style reward by dose surrounds the whole."""
    made, pairs, verdicts = run
    evidence = gather(made, pairs, verdicts)
    for judge in made.judges:
        truth = [evidence.contrasts[judge.name, c].estimate for c in ("fact_plain", "fact_styled")]
        assert sum(truth) / 2 == pytest.approx(judge.get("truth_sensitivity").estimate)
        doses = [evidence.doses[judge.name, dose].estimate for dose in (1, 2, 3)]
        assert min(doses) <= judge.get("style_reward").estimate <= max(doses)


def test_losses_sum_to_the_plan(run):
    """Every planned cell is in exactly one place of the table."""
    made, pairs, verdicts = run
    evidence = gather(made, pairs, verdicts)
    for judge in made.judges:
        rows = [row.outcomes for row in evidence.losses if row.judge == judge.name]
        assert sum(sum(row.values()) for row in rows) == judge.counts.planned
        assert sum(row["invalid"] for row in rows) == judge.counts.invalid


def test_losses_that_depend_on_style_are_told_from_chance():
    """Losing only styled pairs is informative; losing nothing has no probability."""
    pairs = crossed_pairs()
    assert missing(answered(pairs, "j", 1.0, 1.0), pairs) is None
    assert missing(answered(pairs, "j", 1.0, 1.0, lost=0.4), pairs) < 0.01


def test_losses_at_random_alarm_at_the_nominal_rate():
    """Over 40 judges that lose a tenth of their cells by chance, about one in twenty looks informative."""
    pairs = crossed_pairs(12)
    alarms = 0
    for seed in range(40):
        verdicts = answered(pairs, f"j{seed}", 1.0, 1.0, seed=seed)
        lost = answered(pairs, f"k{seed}", 0.0, 0.0, seed=seed)
        own = [
            v.model_copy(update={"outcome": "invalid", "choice": None, "preference": None})
            if k % 10 == hash((seed, k)) % 10 and other.preference == 1.0
            else v
            for k, (v, other) in enumerate(zip(verdicts, lost, strict=True))
        ]
        alarms += (missing(own, pairs) or 1.0) < 0.05
    assert alarms <= 6


def test_features_are_means_by_contrast(run):
    """What a style reader sees is averaged over the pairs of a contrast."""
    made, pairs, verdicts = run
    features = gather(made, pairs, verdicts).features
    assert next(iter(features)) == "style_true"
    assert set(features["conflict"]) == {"words"}
