"""The short form of the reliability campaign: every trial that ``benchmarks.campaign_reliability`` runs in full."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.campaign_reliability import TRIALS
from benchmarks.reliability.disks import COMPILER
from benchmarks.reliability.kills import Kills
from benchmarks.reliability.replies import compose, mirrored

SHORT = {
    "kills": 40,
    "replies": 10_000,
    "storm, by load": 300,
    "storm, by chance": 200,
    "budgets": 60,
    "disks": 6,
    "damage": 200,
    "two at once": 2,
    "clock": 3,
    "orders": 5,
}


@pytest.mark.parametrize("name", SHORT)
def test_a_promise_is_kept(name: str, tmp_path: Path) -> None:
    """Each trial, at a smaller size, finds what is promised."""
    if name in {"disks", "clock"} and not COMPILER:
        pytest.skip("no C compiler to build the library of faults")
    _, trial = TRIALS[name]
    found = trial(SHORT[name], tmp_path)
    assert found.kept, found


def test_a_broken_promise_is_told() -> None:
    """One verdict lost, or one call too many paid twice, is not kept."""
    fine = {"kills": 1, "calls": 9, "lost": 0, "repeated": 3, "most_repeated": 3, "twice": 0, "admitted": 32}
    assert Kills(**fine, same_audit=True).kept
    assert not Kills(**fine, same_audit=False).kept
    for worse in ({"lost": 1}, {"most_repeated": 33}, {"twice": 1}):
        assert not Kills(**{**fine, **worse}, same_audit=True).kept


def test_a_mirror_exchanges_labels_and_leaves_words() -> None:
    """What is fuzzed is judged by its mirror image, so the mirror must be right, and twice is none."""
    assert mirrored('A bad answer_a, "score_b" AnswerB [[a]]') == 'B bad answer_b, "score_a" AnswerA [[b]]'
    texts = [compose(random.Random(seed)) for seed in range(200)]
    assert [mirrored(mirrored(text)) for text in texts] == texts
    assert len(set(texts)) > 190
