"""Pairs as JSONL: one pair a line, readable by anybody (``id, item_id, question, contrast, factor, dose, a, b``)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from judgeaudit.errors import PairError
from judgeaudit.files import whole_file
from judgeaudit.records import Pair

FIRST = ("id", "item_id", "question", "contrast", "factor", "dose", "a", "b")


def write_pairs(pairs: Iterable[Pair], path: Path) -> None:
    """Write pairs as JSONL; the file appears whole or not at all, and only its owner can read it.

    Raises
    ------
    UsageError
        For a place that cannot be written.
    """
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="\n") as sink:
        for pair in pairs:
            sink.write(pair.model_dump_json() + "\n")


def read_pairs(path: Path) -> list[Pair]:
    """Read pairs that `write_pairs` wrote.

    Raises
    ------
    PairError
        When the file is missing, or a line is not a pair: names file, line and field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PairError(
            f"{path}: cannot be read ({error.strerror}); 'judgeaudit run' and 'perturb' write it"
        ) from error
    except UnicodeDecodeError as error:
        raise PairError(
            f"{path}: byte {error.start} is not UTF-8; give the pairs as 'judgeaudit perturb' wrote them"
        ) from error
    pairs = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            pairs.append(Pair.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "line"
            raise PairError(
                f"{path}:{number}: field {field!r}: {first['msg']}; it must hold {', '.join(FIRST)}"
            ) from error
    return pairs
