"""Rows are written in three forms that say the same, whole or not at all."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from judgeaudit.errors import UsageError
from judgeaudit.formats import write_rows
from judgeaudit.formats.rows import CHUNK

ROWS = [
    {"key": "k1", "raw": '=HYPERLINK("x")', "choice": None, "preference": None, "attempts": 2},
    {"key": "k2", "raw": "line\nbreak, and “quotes”", "choice": "a", "preference": 1.0, "attempts": 1},
]


def test_the_three_forms_say_the_same(tmp_path: Path) -> None:
    """Numbers stay numbers where the form has them; a cell that a spreadsheet would run is text."""
    for ending in ("jsonl", "csv", "parquet"):
        file = tmp_path / "new" / f"verdicts.{ending}"
        assert write_rows(iter(ROWS), file) == 2
        assert file.stat().st_mode & 0o777 == 0o600
    folder = tmp_path / "new"
    assert [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()] == ROWS
    assert pyarrow.parquet.read_table(folder / "verdicts.parquet").to_pylist() == ROWS
    with (folder / "verdicts.csv").open(newline="") as source:
        first, second = csv.DictReader(source)
    assert first == {"key": "k1", "raw": '\'=HYPERLINK("x")', "choice": "", "preference": "", "attempts": "2"}
    assert second["raw"] == ROWS[1]["raw"]
    assert {path.name for path in folder.iterdir()} == {"verdicts.jsonl", "verdicts.csv", "verdicts.parquet"}


def test_a_column_that_starts_empty_keeps_its_kind(tmp_path: Path) -> None:
    """What a Parquet column holds is known before its first value, over more rows than are held at a time."""
    rows = ({"key": str(n), "preference": None if n < CHUNK else 0.5} for n in range(CHUNK + 3))
    assert write_rows(rows, tmp_path / "x.parquet") == CHUNK + 3
    column = pyarrow.parquet.read_table(tmp_path / "x.parquet")["preference"]
    assert (column.null_count, column[-1].as_py()) == (CHUNK, 0.5)


def broken() -> Iterator[dict[str, Any]]:
    """Give one row, and fail."""
    yield ROWS[0]
    raise UsageError("the source broke")


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_a_file_is_whole_or_as_it_was(ending: str, tmp_path: Path) -> None:
    """When the rows break off, an earlier file of that name stands, and nothing half-written."""
    file = tmp_path / f"x.{ending}"
    file.write_text("earlier")
    with pytest.raises(UsageError, match="broke"):
        write_rows(broken(), file)
    assert file.read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Another ending, no row for Parquet, a place below a file."""
    with pytest.raises(UsageError, match=r"\.jsonl, \.csv, \.parquet"):
        write_rows(iter(ROWS), tmp_path / "x.xlsx")
    with pytest.raises(UsageError, match="no row"):
        write_rows(iter(()), tmp_path / "x.parquet")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        write_rows(iter(ROWS), tmp_path / "file" / "x.csv")
