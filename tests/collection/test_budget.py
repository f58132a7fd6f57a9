"""What may be spent is never crossed, whatever the prices and the order of events."""

import asyncio
import math
import random
from collections import Counter
from pathlib import Path

import pytest

from judgeaudit.collection import ask
from judgeaudit.collection.budget import Budget
from judgeaudit.errors import BudgetError, ConfigError
from judgeaudit.judges.transport import LARGEST_BODY
from judgeaudit.verdicts import VerdictStore
from tests.collection.worlds import lean, make_pairs
from tests.server import Fault, Server, completion


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


@pytest.mark.parametrize("cap", [-1.0, math.nan])
def test_a_cap_that_is_no_amount_is_refused(cap: float) -> None:
    """Nothing is above "not a number", so that it would be no cap at all."""
    with Server(lambda _: "A") as server:
        with pytest.raises(ConfigError, match=f"max_cost_usd: {cap} is not 0 or above"):
            ask(make_pairs(2), [lean(server, price=(1.0, 1.0))], max_cost_usd=cap)
        assert server.hits == 0


def test_a_cap_needs_a_limit_on_each_reply() -> None:
    """A reply of any length could cost anything; the message names the setting and not the price."""
    with Server(lambda _: "A") as server:
        with pytest.raises(
            ConfigError, match="limit on each reply and judge 'j' sends none; give its params a max_tok"
        ):
            ask(make_pairs(2), [lean(server, price=(1.0, 1.0), params={"max_tokens": None})], max_cost_usd=1.0)
        assert server.hits == 0
        assert len(ask(make_pairs(2), [lean(server, price=(1.0, 1.0), params={"max_tokens": None})])) == server.hits


@pytest.mark.parametrize(
    ("said", "reason"),
    [(Fault(504, "{}"), "timeout"), (completion("A" + " " * LARGEST_BODY), "reply_too_large")],
    ids=["gateway timeout", "too large"],
)
def test_what_was_perhaps_paid_for_counts_as_spent(said: Fault | str, reason: str, tmp_path: Path) -> None:
    """A gateway that gives up, or a reply given up by us, may be on the bill: the whole ceiling is booked."""
    with Server(lambda _: said) as server:
        judge = lean(server, price=(1.0, 1000.0))
        verdicts = ask(make_pairs(4), [judge], store=tmp_path, max_cost_usd=1.0, concurrency=1, retries=0)
        assert server.hits == 2, "a third could have crossed the cap"
    assert Counter(verdict.reason for verdict in verdicts) == {reason: 2, "budget": len(verdicts) - 2}
    with VerdictStore.open(tmp_path) as store:
        assert 0.8 < store.spent_usd() <= 1.0
