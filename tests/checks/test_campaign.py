"""Error rates on our own pairs and on other people's: the regression floor of the published figures."""

from __future__ import annotations

import pytest

from benchmarks.bench_check import SHARED, false_rejects, leak_recall, others_pairs, passed
from judgeaudit.checks import check_set, verify
from judgeaudit.items import load_items

ITEMS = load_items("core")


def test_planted_leaks_are_caught_in_both_directions() -> None:
    """Every style facet crossed with every error kind: at least 99 % are caught, by edits and by text."""
    found = leak_recall(ITEMS[::75])
    assert found.keys() == {"style, by edits", "style, by text", "fact, by text"}
    for test, (caught, planted) in found.items():
        assert planted >= 100, test
        assert caught / planted >= 0.99, test


@pytest.mark.parametrize("bare", [False, True], ids=["by edits", "by text"])
def test_our_own_pairs_are_rarely_rejected(bare: bool) -> None:
    """At most 1 % of fact pairs and 5 % of the pairs of any style facet at any dose are rejected."""
    found = false_rejects(ITEMS[::30], bare=bare, doses=(1, 3))
    for name, (rejected, total) in found.items():
        assert rejected <= max((0.05 if " " in name else 0.012) * total, 1), name


needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason="the public data are not at hand")


@needs_data
def test_other_peoples_style_pairs_change_what_is_claimed() -> None:
    """Published style pairs with invented references are all rejected, and byte-identical ones all pass as placebos."""
    pairs = others_pairs()
    assert not any(map(passed, pairs["Humans or LLMs as the judge, reference"]))
    assert all(map(passed, pairs["Judging the judges, identical"]))


@needs_data
def test_other_peoples_factual_errors_are_caught_when_offered_as_style() -> None:
    """Independent leaks: factual errors that another model wrote, passed off as style, are rejected at 99 % or more."""
    leaks = others_pairs()["Humans or LLMs as the judge, factual_error passed off as style"]
    assert sum(map(passed, leaks)) <= 0.01 * len(leaks)


@needs_data
def test_other_peoples_style_shows_and_their_errors_hide() -> None:
    """The style reader tells rich content from plain, and cannot tell the factual errors of the same authors."""
    pairs = others_pairs()
    (rich,) = check_set(verify(pairs["Humans or LLMs as the judge, rich_content"])).rows
    (facts,) = check_set(verify(pairs["Humans or LLMs as the judge, factual_error"])).rows
    assert rich.unpaired is not None
    assert facts.unpaired is not None
    assert rich.unpaired >= 0.95
    assert facts.unpaired <= 0.55
