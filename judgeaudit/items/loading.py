"""Reads items: the shipped sets, and the user's JSONL, CSV or authoring format. A bad row says where and what to do."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from judgeaudit.assets import asset_dir, find_asset
from judgeaudit.errors import ItemError, suggest
from judgeaudit.items.authoring import compile_items
from judgeaudit.items.importing import References, adopt, mapped, references_beside, slug
from judgeaudit.items.lint import NEGATORS, number_of
from judgeaudit.records import FACT_KINDS, Fact, Item

FORMATS = (".jsonl", ".csv", ".txt")
FACT_FIELDS = ("id", "kind", "value", "start", "end", "also", "distractors", "swap_with")
CSV_EXTRAS = ("facts", "kinds", "distractors")
DATE = re.compile(
    r"(?:\d{1,2} )?(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"(?: \d{1,2})?(?:,? \d{4})?|1\d{3}|20\d\d"
)
LETTER = r"[^\W\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""A character that makes a longer word of the one beside it: none of the scripts that set no blanks around a word."""


def load_items(
    source: str | Path | Iterable[Mapping[str, Any]],
    *,
    columns: Mapping[str, str] | None = None,
    answers: str | Path | None = None,
) -> list[Item]:
    """Load source items: questions with trusted answers and the facts in them that can be made wrong.

    Parameters
    ----------
    source
        The name of a shipped set (``"core"``), the path of a ``.jsonl``, ``.csv`` or authoring ``.txt`` file,
        or rows as mappings. A row has ``question`` and ``answer``, and may have ``id``, ``domain``, ``lang``,
        ``source``, ``refs`` and ``facts``: a list of ``{"kind", "value", "distractors"}``. A fact's value is
        looked up in the answer; all its occurrences move together. In CSV, ``facts`` holds the values separated
        by ``;``, ``distractors`` the wrong values of each fact separated by ``|``, and ``kinds`` their kinds; without
        it, years and months are dates, figures numbers and names entities, and any other value is an error.
        A field that is None counts as left out. Rows of TruthfulQA (best answers), MT-Bench (questions that have a
        reference answer, first turns) and ``samples_*.jsonl`` of lm-eval (targets) are read as they are; they have no
        facts: see `slotify`.
    columns
        For rows of any other make: our field -> their column, such as ``{"question": "prompt", "answer": "doc.gold"}``.
        Columns that are not named are left alone.
    answers
        MT-Bench's file of reference answers, where it does not stand beside the questions.

    Returns
    -------
    list of Item
        In the order of the source.

    Raises
    ------
    ItemError
        For a file that is missing, empty or of another kind, and for a bad row: with file, line, field and remedy.

    Examples
    --------
    >>> row = {"question": "When?", "answer": "In 1969.", "facts": [{"kind": "date", "value": "1969",
    ...        "distractors": ["1959", "1972"]}]}
    >>> load_items([row])[0].facts[0].start
    3
    """
    if not isinstance(source, str | Path):
        if isinstance(source, Mapping) or not isinstance(source, Iterable):
            raise ItemError(
                f"cannot read items from a {type(source).__name__}: give a list of mappings, a path, or a shipped set"
            )
        numbered = ((f"row {n}", f"row-{n}", row) for n, row in enumerate(source, start=1))
        return _unique(_items(numbered, columns, lambda: {}), "the rows given")
    path = _locate(source)
    text = _read(path)
    if path.suffix == ".txt":
        numbered_items = enumerate(compile_items(text, str(path)), 1)
        return _unique(((f"{path.name}, item {n}", item) for n, item in numbered_items), str(path))
    rows = _jsonl_rows(text, path) if path.suffix == ".jsonl" else _csv_rows(text, path)
    return _unique(_items(rows, columns, cache(lambda: references_beside(path, answers))), str(path))


def _items(
    rows: Iterable[tuple[str, str, Mapping[str, Any]]], columns: Mapping[str, str] | None, references: References
) -> Iterator[tuple[str, Item]]:
    for where, default_id, given in rows:
        if not isinstance(given, Mapping):
            raise ItemError(f"{where}: must be a mapping with question and answer, not {type(given).__name__}")
        row = {field: value for field, value in given.items() if value is not None}
        ours = mapped(row, columns, where) if columns else adopt(row, where, references)
        if ours is not None:
            yield where, _item(ours, where, default_id)


def _locate(source: str | Path) -> Path:
    path = Path(source)
    if path.suffix in FORMATS:
        if not path.is_file():
            raise ItemError(f"no item file at {path}: check the path, or use a shipped set such as 'core'")
        return path
    if isinstance(source, str) and re.fullmatch(r"[A-Za-z0-9_-]+", source):
        shipped = sorted(p.stem for p in (asset_dir("fixtures") / "items").glob("*.jsonl"))
        if source not in shipped:
            raise ItemError(
                f"no shipped item set named {source!r}{suggest(source, shipped)}; there are: {', '.join(shipped)}; "
                f"a file of your own ends in {', '.join(FORMATS)}"
            )
        return find_asset("fixtures", f"items/{source}", ".jsonl")
    raise ItemError(f"cannot tell the format of {path}: name a file that ends in {', '.join(FORMATS)}")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ItemError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise ItemError(f"{path}: cannot be read ({error.strerror})") from error


def _jsonl_rows(text: str, path: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ItemError(
                f"{where}: not valid JSON ({error.msg} at column {error.colno}); one object a line"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ItemError(f"{where}: JSON that cannot be read ({error}); one object a line") from error
        if not isinstance(row, dict):
            raise ItemError(f"{where}: holds a {type(row).__name__}; each line must be a JSON object")
        yield where, f"{slug(path.stem)}-{number}", row


def _csv_rows(text: str, path: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    line = 2
    for row in _readable(reader, path):
        where = f"{path}:{line}"
        if None in row:
            raise ItemError(f"{where}: has more cells than the header has columns; quote cells that hold commas")
        filled = {key: value for key, value in row.items() if value not in (None, "")}
        facts = _csv_facts(filled, where)
        plain = {key: value for key, value in filled.items() if key not in CSV_EXTRAS}
        yield where, f"{slug(path.stem)}-{line}", {**plain, **({"facts": facts} if facts else {})}
        line = reader.line_num + 1


def _readable(reader: csv.DictReader[str], path: Path) -> Iterator[dict[str | Any, str | Any]]:
    """Yield the rows of a table, and say where it breaks off."""
    try:
        twice = [name for name, n in Counter(reader.fieldnames or ()).items() if n > 1]
        if twice:
            raise ItemError(f"{path}:1: the column {twice[0]!r} stands twice in the header; keep one of them")
        yield from reader
    except csv.Error as error:
        raise ItemError(
            f"{path}:{reader.line_num}: {error}; quote cells that hold commas or line breaks, and close every quote"
        ) from error


def _csv_facts(row: Mapping[str, str], where: str) -> list[dict[str, Any]]:
    values, kinds, wrong = (
        [cell.strip() for cell in row.get(column, "").split(";")] if row.get(column) else [] for column in CSV_EXTRAS
    )
    kinds = kinds or [_kind_of(value, where) for value in values]
    if not len(values) == len(kinds) == len(wrong):
        raise ItemError(
            f"{where}: 'facts' has {len(values)} values, 'kinds' {len(kinds)} and 'distractors' {len(wrong)} groups; "
            "give the same number in each, separated by ';' (wrong values of one fact by '|')"
        )
    return [
        {"kind": kind, "value": value, "distractors": [d.strip() for d in group.split("|") if d.strip()]}
        for value, kind, group in zip(values, kinds, wrong, strict=True)
    ]


def _kind_of(value: str, where: str) -> str:
    """Return the kind that a value shows by itself: a year or month, a figure, or a name."""
    if DATE.fullmatch(value):
        return "date"
    if number_of(value.partition(" ")[0]) is not None:
        return "number"
    if value[:1].isupper() and not NEGATORS.search(value):
        return "entity"
    raise ItemError(
        f"{where}: the kind of {value!r} cannot be read off it; add a column 'kinds' that names the kind of each fact: "
        f"{', '.join(FACT_KINDS)}"
    )


def _item(row: Mapping[str, Any], where: str, default_id: str) -> Item:
    for field in row:
        if field not in Item.model_fields:
            allowed = list(Item.model_fields)
            raise ItemError(
                f"{where}: unknown field {field!r}{suggest(str(field), allowed)}; allowed: {', '.join(allowed)}"
            )
    for field in ("question", "answer"):
        if not isinstance(row.get(field), str) or not row[field].strip():
            raise ItemError(f"{where}: field {field!r} is missing or empty; give it as text")
    facts = row.get("facts", [])
    if not isinstance(facts, list | tuple):
        raise ItemError(f"{where}: field 'facts' must be a list of objects with kind, value and distractors")
    if isinstance(row.get("id"), int) and not isinstance(row["id"], bool):
        row = {**row, "id": str(row["id"])}
    located = [_fact(fact, row["answer"], f"{where}: facts[{n}]", n) for n, fact in enumerate(facts)]
    try:
        return Item.model_validate_json(json.dumps({"id": default_id, **row, "facts": located}))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "row"
        raise ItemError(f"{where}: field {field!r}: {first['msg'].removeprefix('Value error, ')}") from error


def _fact(fact: Any, answer: str, where: str, index: int) -> dict[str, Any]:
    if isinstance(fact, Fact):
        return fact.model_dump(mode="json")
    if not isinstance(fact, Mapping):
        raise ItemError(f"{where} must be an object with kind, value and distractors, not {type(fact).__name__}")
    for field in fact:
        if field not in FACT_FIELDS:
            raise ItemError(
                f"{where}: unknown field {field!r}{suggest(str(field), FACT_FIELDS)}; allowed: {', '.join(FACT_FIELDS)}"
            )
    value, kind, distractors = fact.get("value"), fact.get("kind"), fact.get("distractors")
    if not isinstance(value, str) or not value:
        raise ItemError(f"{where}: field 'value' is missing; give the exact text that stands in the answer")
    if kind not in FACT_KINDS:
        raise ItemError(
            f"{where}: field 'kind' is {kind!r}{suggest(str(kind), FACT_KINDS)}; allowed: {', '.join(FACT_KINDS)}"
        )
    if not isinstance(distractors, list | tuple) or not distractors:
        raise ItemError(
            f"{where}: field 'distractors' must list at least one wrong value of the same kind (two are better)"
        )
    made = [{"value": d} if isinstance(d, str) else d for d in distractors]
    for distractor in made:
        if isinstance(distractor, Mapping) and str(distractor.get("value", "")).casefold() == value.casefold():
            raise ItemError(f"{where}: the distractor {value!r} equals the true value; give a wrong one")
    spans = {} if "start" in fact else _locate_value(value, answer, where)
    return {"id": f"f{index + 1}", **fact, "distractors": made, **spans}


def _locate_value(value: str, answer: str, where: str) -> dict[str, Any]:
    """Return start, end and further occurrences of a value, whole words first."""
    whole = rf"(?<!{LETTER}){re.escape(value)}(?!{LETTER})" if value[0].isalnum() and value[-1].isalnum() else None
    found = [m.span() for m in re.finditer(whole or re.escape(value), answer)]
    if not found and not value.isascii():
        found = [m.span() for m in re.finditer(re.escape(value), answer)]  # scripts without blanks between words
    if not found:
        raise ItemError(
            f"{where}: the value {value!r} does not occur in the answer; copy it exactly as it stands there "
            "(capitals and digits count), or correct the answer"
        )
    return {"start": found[0][0], "end": found[0][1], "also": found[1:]}


def _unique(items: Iterable[tuple[str, Item]], source: str) -> list[Item]:
    seen: dict[str, str] = {}
    kept = []
    for where, item in items:
        if item.id in seen:
            raise ItemError(f"{where}: the id {item.id!r} was used before, at {seen[item.id]}; give every item its own")
        seen[item.id] = where
        kept.append(item)
    if not kept:
        raise ItemError(f"{source}: holds no item; give at least one with a question and an answer")
    return kept
