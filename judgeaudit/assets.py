"""Finds ``prompts/`` and ``fixtures/`` in a wheel, an editable install and a bare checkout."""

from __future__ import annotations

import json
import string
from functools import cache
from pathlib import Path
from typing import Any, Literal

from judgeaudit.errors import UsageError, suggest
from judgeaudit.records import digest

PACKAGE = Path(__file__).resolve().parent


@cache
def asset_dir(kind: Literal["prompts", "fixtures"]) -> Path:
    """Return the folder that holds the shipped prompts or fixtures.

    A wheel carries them inside the package; a checkout has them beside ``pyproject.toml``.

    Raises
    ------
    UsageError
        When neither is there: the installation is broken.
    """
    for parent in (PACKAGE, PACKAGE.parent):
        if (parent / kind).is_dir() and (parent is PACKAGE or (parent / "pyproject.toml").is_file()):
            return parent / kind
    raise UsageError(f"the installation lacks its {kind} folder (looked in {PACKAGE}): install judgeaudit again")


def find_asset(kind: Literal["prompts", "fixtures"], name: str, suffix: str) -> Path:
    """Return the path of the shipped file ``name`` + ``suffix``.

    Raises
    ------
    UsageError
        When there is none; the message lists what is shipped.
    """
    folder = asset_dir(kind)
    path = folder / f"{name}{suffix}"
    if not path.resolve().is_relative_to(folder) or not path.is_file():
        shipped = sorted(p.relative_to(folder).as_posix().removesuffix(suffix) for p in folder.rglob(f"*{suffix}"))
        raise UsageError(f"no shipped {kind} named {name!r}{suggest(name, shipped)}; there are: {', '.join(shipped)}")
    return path


@cache
def load_fixture(name: str) -> Any:
    """Return the content of the shipped JSON file ``fixtures/<name>.json`` (do not alter it)."""
    return json.loads(find_asset("fixtures", name, ".json").read_text(encoding="utf-8"))


def fill_prompt(name: str, **values: str) -> str:
    """Return the shipped prompt ``name`` with its placeholders replaced once; a ``$`` inside the values is left alone.

    ``$fence`` becomes eight hex digits that the values decide and do not hold.
    """
    fence = digest([name, values])[:8]
    template = string.Template(find_asset("prompts", name, ".md").read_text(encoding="utf-8"))
    return template.safe_substitute(values, fence=fence)
