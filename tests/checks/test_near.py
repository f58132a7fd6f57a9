"""Every reason code has a near miss: a pair that resembles what the code is for, and is what it says it is."""

from __future__ import annotations

from typing import Any

import pytest

from judgeaudit.assets import load_fixture
from judgeaudit.checks import REASONS, verify
from judgeaudit.records import Answer, Pair
from tests.checks.test_construction import reasons

NEAR = load_fixture("leaks/near")


@pytest.mark.parametrize("row", NEAR["texts"], ids=lambda row: str(row["code"]))
def test_a_pair_of_texts_that_only_resembles_a_leak_passes(row: dict[str, Any]) -> None:
    """What the code is for is there, and is the same on both sides, or changed as the contrast allows."""
    (checked,) = verify([
        Pair(
            id="p", item_id="i", question=NEAR["question"], contrast=row["contrast"], a=Answer(text=row["a"]),
            b=Answer(text=row["b"]),
        )
    ])  # fmt: skip
    assert checked.check is not None
    assert checked.check.reasons == ()


@pytest.mark.parametrize("case", NEAR["cases"], ids=lambda case: str(case["code"]))
def test_a_construction_that_only_resembles_a_fault_passes(case: dict[str, Any]) -> None:
    """Edits that touch and do not overlap, records in another order, a last edit at the very end."""
    assert reasons(case) == ()


def test_every_reason_code_has_a_near_miss() -> None:
    """No code stands without a fixture that it must let pass."""
    codes = [row["code"] for row in (*NEAR["texts"], *NEAR["cases"])]
    assert sorted(codes) == sorted(REASONS)
