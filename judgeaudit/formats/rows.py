"""Flat rows as JSONL, CSV or Parquet, for whatever reads tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from judgeaudit.errors import UsageError
from judgeaudit.files import whole_file
from judgeaudit.formats.review import spreadsheet_cell

Row = Mapping[str, Any]
CHUNK: Final = 10_000
"""Rows held in memory at a time."""


def write_rows(rows: Iterator[Row], path: Path) -> int:
    """Write rows to a file of the kind its name ends in; returns how many.

    The file appears whole or not at all, and only its owner can read it.

    Raises
    ------
    UsageError
        For another ending, a place that cannot be written, or Parquet without its extra.
    """
    writer = WRITERS.get(path.suffix)
    if writer is None:
        raise UsageError(f"{path}: the ending says the form, and it must be one of: {', '.join(WRITERS)}")
    with whole_file(path) as part:
        return writer(rows, part)


def _jsonl(rows: Iterator[Row], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as sink:
        for row in rows:
            sink.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _csv(rows: Iterator[Row], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        for row in rows:
            if not count:
                writer.writerow(row)
            writer.writerow(spreadsheet_cell(cell) if isinstance(cell, str) else cell for cell in row.values())
            count += 1
    return count


def _parquet(rows: Iterator[Row], path: Path) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "Parquet needs an extra: pip install 'judgeaudit[parquet]'; or write .jsonl or .csv"
        ) from error
    first = next(rows, None)
    if first is None:
        raise UsageError("there is no row to write, and Parquet needs one to know its columns; write .jsonl or .csv")
    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[COLUMNS.get(name, str)]) for name in first])
    rows, count = chain([first], rows), 0
    with pyarrow.parquet.ParquetWriter(path, schema) as sink:
        while chunk := list(islice(rows, CHUNK)):
            sink.write_table(pyarrow.Table.from_pylist([dict(row) for row in chunk], schema=schema))
            count += len(chunk)
    return count


COLUMNS: Final[Mapping[str, type]] = {
    "replicate": int, "attempts": int, "prompt_tokens": int, "completion_tokens": int, "preference": float,
    "score_a": float, "score_b": float, "cost_usd": float, "latency_s": float,
}  # fmt: skip
"""Columns that hold numbers; all others are text."""
WRITERS: Final[Mapping[str, Callable[[Iterator[Row], Path], int]]] = {
    ".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet,
}  # fmt: skip
