"""The short form of the coverage campaign: fixed seeds, wide limits, every table."""

from __future__ import annotations

import pytest

from benchmarks.campaign_coverage import TABLES, markdown, utility_coverage
from benchmarks.worlds import WORLDS


@pytest.mark.parametrize("table", ["near_perfect", "additivity", "templates"])
def test_every_line_of_a_table_has_its_columns(table: str) -> None:
    """Tables print whole: as many cells as heads, in every line."""
    lines = list(markdown(TABLES[table](2)))
    assert len({line.count("|") for line in lines}) == 1
    assert len(lines) > 4


@pytest.mark.parametrize(
    "world", ["D3 item leanings", "D5 strong position", "D8 deterministic", "D10 log-probabilities"]
)
def test_the_utility_layer_covers_in_every_kind_of_world(world: str) -> None:
    """Over 60 audits the coverage of four coefficients and the angle together is near 95 percent."""
    held = utility_coverage(WORLDS[world], 60, 60)
    assert min(held) >= 85
    assert 90 <= sum(held) / len(held) <= 99.7


def test_false_alarms_stay_rare() -> None:
    """Over 60 audits no test speaks much more often than it may, and Holm speaks less than no correction."""
    _, *rows = TABLES["false_alarms"](60)
    rate = {name: float(percent) for name, _, percent in rows}
    assert rate["any of 24 null facets, uncorrected"] > 40
    assert rate["any of 24 null facets, Holm"] <= 12
    assert rate["style coefficient of a style-blind judge"] <= 13.4
    assert rate["style difference of two judges alike"] <= 13.4


def test_complementary_profiles_save_most_calls() -> None:
    """Eight facets at once need a fraction of the calls, and their intervals hold as often."""
    *_, together = TABLES["profiles"](12)
    assert float(together[2].split()[0]) >= 4
    assert float(together[3]) >= 88


def test_stopping_alone_in_one_order_saves_calls() -> None:
    """Against both orders and a joint stop, one order with each effect stopped alone needs far fewer calls."""
    _, *rows = TABLES["efficiency"](3)
    assert all(float(row[4]) >= 1.5 and float(row[5]) >= 3 for row in rows), rows
