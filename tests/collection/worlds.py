"""Small worlds to ask about: pairs, and judges who know what to say."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from judgeaudit.judges.api import ApiJudge
from judgeaudit.records import CONTRASTS, Answer, JudgeSpec, Pair, Reply, Showing
from tests.server import Request, Server

Script = Callable[["Scripted", Showing, bool], Awaitable[Reply]]


def make_pairs(items: int, contrasts: int = 1) -> list[Pair]:
    """Return pairs whose answer ``a`` says good and whose answer ``b`` says bad."""
    return [
        Pair(
            id=f"p{item}-{contrast}",
            item_id=f"i{item}",
            question=f"question {item}?",
            contrast=contrast,
            domain=f"d{item % 4}",
            a=Answer(text=f"good {item} {contrast}"),
            b=Answer(text=f"bad {item} {contrast}"),
        )
        for item in range(items)
        for contrast in CONTRASTS[:contrasts]
    ]


def lean(server: Server, name: str = "j", **spec: object) -> ApiJudge:
    """Return a judge behind the lean door of a loopback server."""
    return ApiJudge(JudgeSpec(**{"name": name, "model": "fake", "api_base": server.api_base, **spec}))


def item_of(request: Request) -> int:
    """Return the number of the item that a request asks about."""
    found = re.search(r"question (\d+)\?", request.prompt)
    assert found
    return int(found[1])


class Scripted:
    """A judge that does what a coroutine function says, given the judge, what it sees, and whether it has more room."""

    note = ""
    model = "scripted"
    parallel = None

    def __init__(
        self, script: Script, *, name: str = "j", price: float | None = None, protocol: str = "pairwise",
        endpoint: str | None = None,
    ) -> None:  # fmt: skip
        self.name, self.protocol, self.endpoint = name, protocol, endpoint or name
        self._script, self._price, self.calls = script, price, 0

    def recipe(self) -> dict[str, object]:
        """Nothing changes its answers."""
        return {}

    def price_ceiling(self, showing: Showing) -> float | None:
        """Return the price of any call."""
        return self._price

    async def decide(self, showing: Showing, *, roomier: bool = False) -> Reply:
        """Do as the script says."""
        self.calls += 1
        return await self._script(self, showing, roomier)
