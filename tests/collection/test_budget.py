"""What may be spent is never crossed, whatever the prices and the order of events."""

import asyncio
import random

import pytest

from judgeaudit.collection.budget import Budget
from judgeaudit.errors import BudgetError


@pytest.mark.parametrize("seed", range(60))
def test_spending_stays_below_the_cap_in_any_world(seed: int) -> None:
    """Calls of random price, length and success, any number in flight: spent never exceeds the cap, nobody hangs."""
    rng = random.Random(seed)
    cap, ceiling = rng.choice([0.0, 1.0, rng.uniform(0, 50)]), rng.uniform(0.01, 3)
    budget = Budget(cap)
    refused = 0

    async def call() -> None:
        nonlocal refused
        try:
            receipt = await budget.reserve(ceiling)
        except BudgetError:
            refused += 1
            return
        await asyncio.sleep(rng.random() / 500)
        budget.settle(receipt, rng.choice([None, 0.0, ceiling, rng.uniform(0, ceiling)]))
        assert budget.spent <= cap + 1e-9

    async def world() -> None:
        await asyncio.wait_for(asyncio.gather(*(call() for _ in range(80))), 10)

    asyncio.run(world())
    if refused:
        assert budget.spent + ceiling > cap, "a call is refused only when it could have crossed the cap"


def test_without_a_cap_spending_is_only_counted() -> None:
    """No cap refuses nothing, and goes on from what was spent before."""

    async def world() -> float:
        budget = Budget(None, spent=2.0)
        budget.settle(await budget.reserve(1e9), 0.5)
        return budget.spent

    assert asyncio.run(world()) == 2.5
