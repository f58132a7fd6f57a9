"""What a run would ask, and what that would cost, before a cent is spent."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from judgeaudit.collection.schedule import Call, Orders, cells
from judgeaudit.judges import Judge, Priced
from judgeaudit.judges.api import dollars
from judgeaudit.records import Pair, Record, Usage

SECONDS_PER_CALL: Final = 3.0
"""How long one call is taken to last, where nothing is known of the endpoint."""


class Forecast(Record):
    """What one judge would be asked."""

    judge: str
    model: str
    calls: int
    prompt_tokens: int
    """About how many, all calls together; 0 for judges that are not paid by the token."""
    completion_tokens: int
    expected_cost_usd: float | None
    """About what the calls would cost; None where the price is unknown."""
    max_cost_usd: float | None
    """What they could cost, each reply as long as it may be and none asked for twice: what a cap is held against.

    None where the price is unknown, or a reply may be of any length.
    """
    batch_cost_usd: float | None
    """About what they would cost through a provider's batch interface; None where the judge takes no batches."""
    minutes: float
    """About how long, at `SECONDS_PER_CALL` a call and the concurrency given, with all who share its endpoint."""


def forecast(
    pairs: Sequence[Pair],
    judges: Sequence[Judge],
    *,
    orders: Orders = "counterbalanced",
    replicates: int = 1,
    concurrency: int = 64,
    seed: int = 0,
) -> list[Forecast]:
    """Say what each judge would be asked, and what that would cost; nothing is sent.

    Parameters
    ----------
    pairs, judges, orders, replicates, seed
        As in `ask`.
    concurrency
        Calls in flight at once to one endpoint.

    Raises
    ------
    PairError, ConfigError
        As `plan` does.
    """
    asked: dict[str, dict[str, Call]] = {judge.name: {} for judge in judges}
    for cell in cells(pairs, judges, orders=orders, replicates=replicates, seed=seed):
        asked[cell.judge.name].update((call.key, call) for call in cell.calls)
    at_endpoint = Counter[str]()
    for judge in judges:
        at_endpoint[judge.endpoint] += len(asked[judge.name])
    return [
        _forecast(
            judge,
            list(asked[judge.name].values()),
            at_endpoint[judge.endpoint] * SECONDS_PER_CALL / min(concurrency, judge.parallel or concurrency) / 60,
        )
        for judge in judges
    ]


def _forecast(judge: Judge, calls: Sequence[Call], minutes: float) -> Forecast:
    ceilings = [judge.price_ceiling(call.showing()) for call in calls]
    known = [ceiling for ceiling in ceilings if ceiling is not None]
    ceiling = math.fsum(known) if len(known) == len(ceilings) else None
    usage, expected, by_batch = Usage(), ceiling, None
    if isinstance(judge, Priced):
        usages = [judge.expected_usage(call.showing()) for call in calls]
        usage = Usage(
            prompt_tokens=sum(each.prompt_tokens for each in usages),
            completion_tokens=sum(each.completion_tokens for each in usages),
        )
        expected = dollars(judge.price, usage) if judge.price else None
        by_batch = dollars(judge.batch_price, usage) if judge.batch_price else None
    return Forecast(
        judge=judge.name,
        model=judge.model,
        calls=len(calls),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        expected_cost_usd=expected,
        max_cost_usd=ceiling,
        batch_cost_usd=by_batch,
        minutes=minutes,
    )
