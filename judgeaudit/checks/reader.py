"""A second model reads pairs blind, and is itself measured first: on pairs whose truth is known by construction."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from judgeaudit.assets import fill_prompt
from judgeaudit.checks.classifier import wilson
from judgeaudit.errors import ReplyError
from judgeaudit.records import Pair, Record

VOTES = 3
FIT_TO_DECIDE = 0.9
"""Least agreement with pairs of known truth at which a reader's majority may drop a pair."""


class Reading(BaseModel):
    """What a reader is asked of two answers."""

    model_config = ConfigDict(extra="forbid")
    same_claims: bool
    wrong: Literal["A", "B", "both", "neither"]
    claim: str


Message = dict[str, str]
Reader = Callable[[Sequence[Message], type[Reading]], Awaitable[Reading]]
"""Asks a model for a filled form; raises `ReplyError` where the reply is none."""


class Calibration(Record):
    """How often a reader finds in pairs of known truth what was put there."""

    style: float | None = None
    """Share of style pairs it read as equally true; None where none were shown."""
    style_interval: tuple[float, float] = (0.0, 1.0)
    style_n: int = 0
    fact: float | None = None
    """Share of fact pairs in which it found the wrong side."""
    fact_interval: tuple[float, float] = (0.0, 1.0)
    fact_n: int = 0
    unreadable: int = Field(default=0, ge=0)
    """Pairs on which it had no majority, or gave no usable reply; counted as disagreement."""

    def may_decide(self, pair: Pair) -> bool:
        """Return whether the reader was found reliable enough to drop a pair of this arm."""
        share = self.style if pair.contrast.startswith("style_") else self.fact
        return share is not None and share >= FIT_TO_DECIDE

    @property
    def may_vouch(self) -> bool:
        """Whether the reader sees both that claims are the same and that one is wrong, and so may vouch for a pair."""
        return all(share is not None and share >= FIT_TO_DECIDE for share in (self.style, self.fact))


async def confirm(pair: Pair, read: Reader, votes: int = VOTES) -> bool | None:
    """Return whether the majority of blind readings finds the difference that the pair's contrast claims.

    The answers are shown in both orders. None where no majority of the readings is usable.
    """
    first = random.Random(f"{pair.id}|reader").random() < 0.5
    opinions = [await _read_once(pair, read, a_first=first ^ bool(vote % 2), vote=vote) for vote in range(votes)]
    return next((view for view in (True, False) if 2 * opinions.count(view) > votes), None)


async def _read_once(pair: Pair, read: Reader, *, a_first: bool, vote: int) -> bool | None:
    texts = (pair.a.text, pair.b.text) if a_first else (pair.b.text, pair.a.text)
    prompt = fill_prompt("rewrite/reader", question=pair.question, answer_a=texts[0], answer_b=texts[1], vote=str(vote))
    try:
        reading = await read([{"role": "user", "content": prompt}], Reading)
    except ReplyError:
        return None
    true = (pair.a.true, pair.b.true) if a_first else (pair.b.true, pair.a.true)
    expected = {(True, True): "neither", (False, False): "both", (True, False): "B", (False, True): "A"}[true]
    return reading.same_claims == (pair.a.true == pair.b.true) and reading.wrong == expected


def calibrate(views: Iterable[tuple[Pair, bool | None]]) -> Calibration:
    """Measure a reader by what it said of pairs of known truth: style pairs and fact pairs made by slots.

    Parameters
    ----------
    views
        Pairs that passed the manipulation check, of the contrasts ``style_true`` and ``fact_plain``, each with what
        `confirm` returned.
    """
    seen = list(views)
    style = [view is True for pair, view in seen if pair.contrast == "style_true"]
    fact = [view is True for pair, view in seen if pair.contrast == "fact_plain"]
    return Calibration(
        style=_share(style), style_interval=_interval(style), style_n=len(style),
        fact=_share(fact), fact_interval=_interval(fact), fact_n=len(fact),
        unreadable=sum(view is None for _, view in seen),
    )  # fmt: skip


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _interval(found: Sequence[bool]) -> tuple[float, float]:
    if not found:
        return 0.0, 1.0
    low, high = wilson(sum(found) / len(found), len(found))
    return round(low, 6), round(high, 6)
