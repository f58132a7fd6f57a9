"""Spending that never crosses its cap: the worst case is reserved before a call and settled after it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from judgeaudit.errors import BudgetError, ConfigError
from judgeaudit.judges.protocol import Judge, Priced
from judgeaudit.records import Answer, Showing


class Budget:
    """US dollars spent, reserved and allowed.

    Parameters
    ----------
    cap
        The most that may be spent; None for no limit.
    spent
        What earlier runs into the same store have spent.
    """

    def __init__(self, cap: float | None, spent: float = 0.0) -> None:
        self.cap = cap
        self.spent = spent
        self._reserved: dict[int, float] = {}
        self._receipts = itertools.count()
        self._change = asyncio.Event()

    async def reserve(self, ceiling: float) -> int:
        """Set aside the most a call can cost, waiting for calls in flight to settle if need be; return a receipt.

        Raises
        ------
        BudgetError
            When the call could cross the cap although nothing is in flight.
        """
        while self._would_cross(ceiling):
            if not self._reserved:
                raise BudgetError(
                    f"${self.spent:.4f} of ${self.cap:.4f} is spent and the next call may cost ${ceiling:.4f}; "
                    "raise max_cost_usd and run again to go on"
                )
            await self._change.wait()
        receipt = next(self._receipts)
        self._reserved[receipt] = ceiling
        return receipt

    def settle(self, receipt: int, cost: float | None) -> None:
        """Replace a reservation by what the call cost; None, where that is unknown, books the whole ceiling."""
        ceiling = self._reserved.pop(receipt)
        self.spent += ceiling if cost is None else cost
        self._change.set()
        self._change.clear()

    def _would_cross(self, ceiling: float) -> bool:
        return self.cap is not None and self.spent + sum(self._reserved.values()) + ceiling > self.cap


def check_prices(judges: Sequence[Judge], cap: float | None) -> None:
    """Refuse a cap that is none, or one on judges of whose calls nobody can say what they may cost.

    Raises
    ------
    ConfigError
        Naming the judge, and the setting that it lacks.
    """
    if cap is None:
        return
    if not cap >= 0:
        raise ConfigError(f"max_cost_usd: {cap} is not 0 or above; give the US dollars to spend, or leave the cap out")
    probe = Showing(question="?", first=Answer(text="?"), second=Answer(text="?"))
    for judge in judges:
        if judge.price_ceiling(probe) is not None:
            continue
        if isinstance(judge, Priced) and judge.price is not None:
            raise ConfigError(
                f"max_cost_usd needs a limit on each reply and judge {judge.name!r} sends none; give its params a "
                "max_tokens that is not null, or leave the cap out"
            )
        raise ConfigError(
            f"max_cost_usd needs a known price and judge {judge.name!r} has none; state it with "
            "price: [dollars per million prompt tokens, dollars per million completion tokens], or leave the cap out"
        )
