"""Anybody's pairs: read from JSONL, JSON or CSV, checked one by one and as a set."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from judgeaudit.checks.pairs import verify
from judgeaudit.checks.sets import SetReport, check_set
from judgeaudit.errors import PairError, suggest
from judgeaudit.records import CONTRASTS, Answer, Contrast, Pair, Record, digest

ARM_CONTRAST: Mapping[str, Contrast] = {"style": "style_true", "fact": "fact_plain"}
DIFFERENCES = (*ARM_CONTRAST, *CONTRASTS)
FIELDS = ("id", "item_id", "question", "a", "b", "contrast", "arm", "reference", "domain", "cluster", "factor", "dose")


class FileReport(Record):
    """The manipulation check of a file of pairs."""

    path: str
    pairs: int
    accepted: int
    reasons: dict[str, int]
    """How many pairs each reason code rejected; a pair may have several."""
    rejected: dict[str, tuple[str, ...]]
    """Reason codes by pair id, for the pairs that were rejected."""
    set_report: SetReport
    """What a style reader sees in all pairs of the file."""

    @property
    def share_accepted(self) -> float:
        """Share of pairs that differ in what they say, and there only."""
        return self.accepted / self.pairs


def check_file(path: str | Path, *, arm: str | None = None, seed: int = 0) -> FileReport:
    """Run the manipulation check on a file of pairs: ours, or anybody's.

    Parameters
    ----------
    path
        As in `load_pairs`.
    arm
        As in `load_pairs`.
    seed
        Of the folds and the bootstrap of `check_set`.

    Raises
    ------
    PairError
        As in `load_pairs`.
    """
    pairs = verify(load_pairs(path, arm=arm))
    rejected = {pair.id: pair.check.reasons for pair in pairs if pair.check and not pair.check.passed}
    reasons = Counter(code for codes in rejected.values() for code in codes)
    return FileReport(
        path=str(path), pairs=len(pairs), accepted=len(pairs) - len(rejected), reasons=dict(reasons.most_common()),
        rejected=rejected, set_report=check_set(pairs, seed=seed),
    )  # fmt: skip


def load_pairs(path: str | Path, *, arm: str | None = None) -> list[Pair]:
    """Read pairs from a ``.jsonl``, ``.json`` or ``.csv`` file.

    A row has ``question``, ``a`` and ``b`` (each a text, or an object with ``text``), and says what differs:
    ``contrast`` (``style_true`` ...) or ``arm`` (``style`` or ``fact``). In a fact row ``a`` is the true answer, in a
    style row the styled one. Rows that judgeaudit wrote itself (``pairs.jsonl``) keep their construction.

    Parameters
    ----------
    path
        The file, in UTF-8.
    arm
        What differs, an arm or a contrast, for rows that do not say it.

    Raises
    ------
    PairError
        Naming file and line, what is wrong, and what is allowed.
    """
    path = Path(path)
    if arm is not None:
        _contrast(arm, f"{path}: arm")
    pairs = [_pair(row, arm, f"{path}:{line}", line) for line, row in _rows(path)]
    if not pairs:
        raise PairError(f"{path}: there is no pair in this file; give one row a pair, with question, a and b")
    repeated = [name for name, n in Counter(pair.id for pair in pairs).items() if n > 1]
    if repeated:
        raise PairError(f"{path}: the id {repeated[0]!r} is used more than once; give each pair its own, or none")
    return pairs


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield (line, row) of a file."""
    readers = {".jsonl": _read_jsonl, ".json": _read_json, ".csv": _read_csv}
    if path.suffix.lower() not in readers:
        raise PairError(f"{path}: cannot tell the format from the name; use one that ends in {', '.join(readers)}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PairError(f"{path}: cannot be read ({error.strerror}); give the path of a file of pairs") from error
    except UnicodeDecodeError as error:
        raise PairError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    yield from readers[path.suffix.lower()](text, path)


def _read_jsonl(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, _object(_parse(line, f"{path}:{number}"), f"{path}:{number}")


def _read_json(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = _parse(text, str(path))
    if not isinstance(rows, list):
        raise PairError(f"{path}: must hold a list of pairs, not {type(rows).__name__}")
    for number, row in enumerate(rows, start=1):
        yield number, _object(row, f"{path}:{number}")


def _read_csv(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        for row in reader:
            yield reader.line_num, {key: value for key, value in row.items() if key and value not in (None, "")}
    except csv.Error as error:
        raise PairError(f"{path}:{reader.line_num}: {error}; quote fields that hold commas or line breaks") from error


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PairError(f"{where}: is not JSON that can be read ({error})") from error


def _object(row: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise PairError(f"{where}: must be an object with question, a and b, not {type(row).__name__}")
    return row


def _pair(row: Mapping[str, Any], arm: str | None, where: str, line: int) -> Pair:
    if {"id", "item_id", "contrast"} <= row.keys() and isinstance(row.get("a"), dict):
        return _own(row, where)
    missing = [name for name in ("question", "a", "b") if name not in row]
    if missing:
        hints = "".join(suggest(name, row.keys()) for name in missing)
        raise PairError(f"{where}: lacks {', '.join(missing)}{hints}; a pair needs question, a and b")
    said = row.get("contrast") or row.get("arm") or arm
    if not said:
        allowed = ", ".join(DIFFERENCES)
        raise PairError(
            f"{where}: does not say what differs; add 'arm' or 'contrast' to the row, or give --arm ({allowed})"
        )
    question = _text(row["question"], f"{where}: question")
    return Pair(
        id=str(row.get("id", line)), item_id=str(row.get("item_id", digest(question)[:12])), question=question,
        contrast=_contrast(said, where), a=Answer(text=_text(row["a"], f"{where}: a")),
        b=Answer(text=_text(row["b"], f"{where}: b")), cluster=str(row.get("cluster", "")),
        domain=str(row.get("domain", "general")), factor=str(row.get("factor", "")),
    )  # fmt: skip


def _own(row: Mapping[str, Any], where: str) -> Pair:
    try:
        return Pair.model_validate_json(json.dumps(row))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise PairError(f"{where}: {field}: {first['msg']}{suggest(field, FIELDS)}") from error


def _contrast(said: Any, where: str) -> Contrast:
    if isinstance(said, str) and said in CONTRASTS:
        return said
    if isinstance(said, str) and said in ARM_CONTRAST:
        return ARM_CONTRAST[said]
    hint = suggest(str(said), DIFFERENCES)
    raise PairError(f"{where}: unknown arm or contrast {said!r}{hint}; allowed: {', '.join(DIFFERENCES)}")


def _text(value: Any, where: str) -> str:
    text = value.get("text") if isinstance(value, dict) else value
    if not isinstance(text, str):
        raise PairError(f"{where}: must be a text or an object with 'text', not {type(value).__name__}")
    return text
