"""Who made a model: a writer of the same family as a judge would be judged by its own kind."""

from __future__ import annotations

import re

from judgeaudit.assets import load_fixture


def family_of(model: str) -> str:
    """Return the family of a model string: its maker where the name is known, and the name's first letters otherwise.

    Examples
    --------
    >>> family_of("azure/gpt-4o-mini"), family_of("openrouter/anthropic/claude-sonnet-4"), family_of("openai/mine-7b")
    ('openai', 'anthropic', 'mine')
    """
    name = model.casefold()
    for maker, marks in load_fixture("families").items():
        if re.search(rf"(?<![a-z])(?:{'|'.join(marks)})", name.rpartition("/")[2]):
            return str(maker)
    start = re.search(r"[a-z]+", name.rpartition("/")[2])
    return start[0] if start else name
