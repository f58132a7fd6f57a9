"""Small worlds to ask about: pairs, and judges who know what to say."""

from __future__ import annotations

import re

from judgeaudit.judges.api import ApiJudge
from judgeaudit.records import CONTRASTS, Answer, JudgeSpec, Pair
from tests.server import Request, Server


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
