"""Anything that can choose between two answers: behind an API, on this machine, simulated, or the user's function."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from typing import Any

from judgeaudit.errors import ConfigError
from judgeaudit.judges.api import ApiJudge
from judgeaudit.judges.callable import CallableJudge
from judgeaudit.judges.local import LocalJudge
from judgeaudit.judges.protocol import Closable, Judge, Priced
from judgeaudit.judges.simulated import TASTES, SimulatedJudge, Taste
from judgeaudit.records import JudgeSpec

__all__ = [
    "TASTES",
    "AnyJudge",
    "ApiJudge",
    "CallableJudge",
    "Closable",
    "Judge",
    "LocalJudge",
    "Priced",
    "SimulatedJudge",
    "Taste",
    "as_judge",
]

AnyJudge = str | JudgeSpec | Judge | Callable[..., Any]
"""What names a judge: a model string, a specification, the judge itself, or a function."""


def as_judge(judge: AnyJudge) -> Judge:
    """Return the judge that is meant: by a model string, a specification, a function, or the judge itself.

    A model string such as ``openai/gpt-4.1`` gives a judge named by its last part.

    Raises
    ------
    ConfigError
        When the judge cannot be reached as specified (unknown provider, unset key, unknown taste).
    LocalModelError
        When the embedded model was not fetched.

    Examples
    --------
    >>> as_judge("simulated/truth-only").name
    'truth-only'
    """
    if isinstance(judge, str):
        judge = JudgeSpec(name=re.sub(r"[^A-Za-z0-9._-]+", "-", judge.rpartition("/")[2])[:64] or "judge", model=judge)
    if isinstance(judge, JudgeSpec):
        return _from_spec(judge)
    if isinstance(judge, Judge):
        return judge
    if builtins.callable(judge):  # the bare name is hidden here by the module judges.callable
        return CallableJudge(judge)
    raise ConfigError(f"{judge!r} is no judge: give a model string, a JudgeSpec, a judge, or a function")


def _from_spec(spec: JudgeSpec) -> Judge:
    if spec.reading is not None and spec.model.startswith(("simulated/", "local/", "gguf:")):
        raise ConfigError(f"judge {spec.name!r}: reading: only a judge behind an API may reply in a form of its own")
    if spec.model.startswith("simulated/"):
        return SimulatedJudge.from_spec(spec)
    if spec.model.startswith(("local/", "gguf:")):
        return LocalJudge(spec)
    return ApiJudge(spec)
