"""Pairs from anybody's file: read, checked, and refused with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from judgeaudit.checks import check_file, load_pairs
from judgeaudit.errors import PairError
from judgeaudit.items import load_items
from judgeaudit.perturbations import perturb

ROWS: list[dict[str, object]] = [
    {"question": "Moons?", "a": "**Mars** has two moons.", "b": "Mars has two moons.", "arm": "style"},
    {
        "question": "Moons?",
        "a": {"text": "Mars has two moons."},
        "b": {"text": "Mars has nine moons."},
        "contrast": "fact_plain",
    },
    {"question": "Moons?", "a": "**Mars** has two moons.", "b": "Mars has nine moons.", "arm": "style"},
]


def write(path: Path, rows: object) -> Path:
    text = "\n".join(map(json.dumps, rows)) if path.suffix == ".jsonl" else json.dumps(rows)  # type: ignore[call-overload]
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.json"])
def test_anybodys_rows_are_checked(tmp_path: Path, name: str) -> None:
    """Texts or objects, arm or contrast: two pairs pass, the leak is named."""
    report = check_file(write(tmp_path / name, ROWS))
    assert (report.pairs, report.accepted, report.reasons) == (3, 2, {"number": 1})
    assert report.share_accepted == pytest.approx(2 / 3)
    assert report.rejected == {"3": ("number",)}


def test_a_csv_with_line_breaks_in_fields_is_read(tmp_path: Path) -> None:
    """CSV fields may hold commas, quotes and line breaks; a byte order mark does not hide the first column."""
    path = tmp_path / "pairs.csv"
    path.write_text('﻿question,a,b\nMoons?,"- Mars,\n- Io","Mars,\nIo"\n', encoding="utf-8")
    (pair,) = load_pairs(path, arm="style")
    assert (pair.contrast, pair.a.text, pair.question) == ("style_true", "- Mars,\n- Io", "Moons?")


def test_our_own_pairs_keep_their_construction(tmp_path: Path) -> None:
    """A pairs.jsonl that judgeaudit wrote comes back as it was, and passes by its edits."""
    pairs = perturb(load_items("core")[:6], seed=1)
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(pair.model_dump_json() + "\n" for pair in pairs), encoding="utf-8")
    assert load_pairs(path) == pairs
    assert check_file(path).accepted == len(pairs)


def test_rows_about_one_question_share_an_item(tmp_path: Path) -> None:
    """Rows without an item are grouped by their question."""
    first, second, third = load_pairs(write(tmp_path / "p.jsonl", ROWS))
    assert first.item_id == second.item_id == third.item_id
    assert len({first.id, second.id, third.id}) == 3


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ('{"question": "Q?", "a": "x"}', "lacks b"),
        ('{"question": "Q?", "a": "x", "B": "y"}', "lacks b"),
        ('{"question": "Q?", "a": "x", "b": "y"}', "does not say what differs"),
        ("[1]", "must be an object"),
        ("{", "is not JSON"),
        ('{"question": "Q?", "a": "x", "b": "y", "arm": "sytle"}', 'did you mean "style"'),
        ('{"question": "Q?", "a": "x", "b": "y", "arm": ["style"]}', "unknown arm or contrast ['style']"),
        (f'{{"question": {"9" * 5000}}}', "is not JSON"),
        ('{"question": "Q?", "a": 1, "b": "y", "arm": "style"}', "must be a text"),
        ('{"question": null, "a": "x", "b": "y", "arm": "style"}', "must be a text"),
        ('{"id": "1", "item_id": "i", "contrast": "style", "question": "", "a": {"text": ""}, "b": {}}', "contrast"),
        ('{"id": "1", "item_id": "i", "contrast": "concord", "question": "", "a": {"txt": ""}, "b": {}}', "a."),
    ],
)
def test_a_bad_row_is_refused_with_file_and_line(tmp_path: Path, row: str, fault: str) -> None:
    """The message names the file, the line and the fault."""
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n\n" + row, encoding="utf-8")
    with pytest.raises(PairError, match=r"pairs\.jsonl:3") as caught:
        load_pairs(path)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("p.jsonl", b"", "no pair"), ("p.jsonl", b"\xff\xfe", "not UTF-8"), ("p.txt", b"x", "cannot tell the format"),
        ("p.json", b"{}", "must hold a list"), ("p.json", b"[[[", "is not JSON"),
        ("p.csv", b'question,a,b\n"x,y', "quote"),
        ("p.json", b"[" * 100_000, "is not JSON"), ("missing.jsonl", None, "cannot be read"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused(tmp_path: Path, name: str, content: bytes | None, fault: str) -> None:
    """A file that cannot be used is refused with its name and the remedy."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PairError, match=fault):
        load_pairs(path)


def test_an_id_used_twice_is_refused(tmp_path: Path) -> None:
    """Two pairs under one id would be one trial."""
    rows = [{**ROWS[0], "id": "x"}, {**ROWS[1], "id": "x"}]
    with pytest.raises(PairError, match="more than once"):
        load_pairs(write(tmp_path / "p.jsonl", rows))


def test_an_unknown_arm_is_refused_before_reading(tmp_path: Path) -> None:
    """A misspelt arm is refused even for rows that say their own."""
    with pytest.raises(PairError, match="factt"):
        load_pairs(write(tmp_path / "p.jsonl", ROWS), arm="factt")
