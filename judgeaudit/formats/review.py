"""A sheet for a person: a blinded sample of pairs to read, and what the reading says of the pairs.

The sheet shows two answers in an order that chance decides and says nothing of what was done to them. Each row's code
finds its pair again, so the sheet can be sorted, cut and annotated without harm.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from judgeaudit.errors import PairError
from judgeaudit.files import whole_file
from judgeaudit.records import Pair, digest

COLUMNS: Final = (
    "code", "question", "answer_1", "answer_2", "same_claims (yes/no/unsure)",
    "wrong_answer (1/2/both/neither/unsure)", "comment",
)  # fmt: skip
ALLOWED: Final = {
    "same_claims": ("yes", "no", "unsure"),
    "wrong_answer": ("1", "2", "both", "neither", "unsure"),
}
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
Arm = Literal["style", "fact"]


@dataclass(frozen=True)
class Opinion:
    """What a person says of one pair."""

    pair: Pair
    arm: Arm
    """``fact`` where one side should hold an error that the other does not."""
    valid: bool | None
    """Whether the person found in it what was put there; None where unsure."""


def write_review(pairs: Iterable[Pair], path: Path, *, n: int = 120, seed: int = 0) -> int:
    """Write a blinded sample of pairs for a person to read; returns how many rows it has.

    Half of the rows differ in style and half in fact, no two come from the same item or source document, and their
    order and the order of the answers are random. Cells that a spreadsheet would take for a formula are quoted.

    Parameters
    ----------
    pairs
        Pairs; those that failed the manipulation check, and placebos, are left out.
    path
        The CSV file to write.
    n
        The most rows; fewer where there are fewer items.
    seed
        The same seed gives the same sheet.

    Raises
    ------
    UsageError
        For a place that cannot be written.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = sorted((code, first, pair) for pair in _sample(pairs, n, seed) for code, first in [_code(pair, seed)])
    for code, a_first, pair in rows:
        texts = (pair.a.text, pair.b.text) if a_first else (pair.b.text, pair.a.text)
        writer.writerow([code, *map(spreadsheet_cell, (pair.question, *texts)), "", "", ""])
    with whole_file(path) as part:
        part.write_text(out.getvalue(), encoding="utf-8-sig", newline="")
    return len(rows)


def _sample(pairs: Iterable[Pair], n: int, seed: int) -> list[Pair]:
    """Return one pair a cluster, the arms in turn, clusters and pairs at random."""
    offered: dict[str, dict[Arm, list[Pair]]] = {}
    for pair in pairs:
        if pair.contrast != "placebo" and (pair.check is None or pair.check.passed):
            offered.setdefault(pair.cluster or pair.item_id, {}).setdefault(arm_of(pair), []).append(pair)
    rng = random.Random(f"{seed}|review")
    clusters = list(offered)
    rng.shuffle(clusters)
    taken = list[Pair]()
    counts: dict[Arm, int] = {"fact": 0, "style": 0}
    for cluster in clusters[:n]:
        arms = offered[cluster]
        arm = min(arms, key=lambda arm: (counts[arm], arm))
        counts[arm] += 1
        taken.append(rng.choice(arms[arm]))
    return taken


def arm_of(pair: Pair) -> Arm:
    """Return what a reader should find different: the claims (``fact``), or only the manner (``style``)."""
    return "style" if pair.a.true == pair.b.true else "fact"


def _code(pair: Pair, seed: int) -> tuple[str, bool]:
    """Return the code of a row, which tells a person nothing, and whether answer ``a`` stands first."""
    mark = digest([seed, pair.id, pair.a.text, pair.b.text])
    return f"{mark[:12]}.{seed}", int(mark[12], 16) % 2 == 0


def spreadsheet_cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip()[:1] in FORMULA else text


def read_review(path: Path, pairs: Sequence[Pair]) -> list[Opinion]:
    """Read a sheet that a person filled in; rows left blank are passed over.

    Parameters
    ----------
    path
        The sheet, as CSV with commas, semicolons or tabs.
    pairs
        The pairs it was drawn from.

    Raises
    ------
    PairError
        When the sheet cannot be read, a row's pair is not among ``pairs``, or an entry is not one of those allowed:
        names file and line.
    """
    opinions = list[Opinion]()
    found = dict[str, dict[str, Pair]]()
    for line, row in _rows(path):
        same, wrong = (_entry(row, column, f"{path}:{line}") for column in ALLOWED)
        if not same and not wrong:
            continue
        if not (same and wrong):
            raise PairError(f"{path}:{line}: one of the two questions is left open; answer both, or neither")
        code = (row.get("code") or "").strip()
        seed = code.partition(".")[2]
        if seed not in found:
            found[seed] = {_code(pair, int(seed))[0]: pair for pair in pairs} if seed.lstrip("-").isdigit() else {}
        if code not in found[seed]:
            raise PairError(
                f"{path}:{line}: no pair has the code {code!r}; give the pairs from which this sheet was drawn"
            )
        pair = found[seed][code]
        if any(opinion.pair is pair for opinion in opinions):
            raise PairError(f"{path}:{line}: the code {code!r} stands in two rows; keep one of them")
        opinions.append(Opinion(pair, arm_of(pair), _valid(pair, _code(pair, int(seed))[1], same, wrong)))
    return opinions


def _rows(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise PairError(f"{path}: cannot be read ({why}); 'judgeaudit perturb --review' writes it") from error
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    short = {name: name.partition(" ")[0] for name in reader.fieldnames or ()}
    missing = {"code", *ALLOWED} - set(short.values())
    if missing:
        raise PairError(f"{path}: lacks the columns {', '.join(sorted(missing))}; it has: {', '.join(short)}")
    return [(reader.line_num, {short[k]: v for k, v in row.items() if k in short}) for row in reader]


def _entry(row: dict[str, str | None], column: str, where: str) -> str:
    entry = (row.get(column) or "").strip().casefold()
    entry = {"y": "yes", "n": "no", "?": "unsure"}.get(entry, entry)
    if entry and entry not in ALLOWED[column]:
        raise PairError(f"{where}: {column} is {entry!r}; it must be one of {', '.join(ALLOWED[column])}")
    return entry


def _valid(pair: Pair, a_first: bool, same: str, wrong: str) -> bool | None:
    """Return whether a person found what the pair's making says; None where unsure."""
    if "unsure" in (same, wrong):
        return None
    true = (pair.a.true, pair.b.true) if a_first else (pair.b.true, pair.a.true)
    expected = {(True, True): "neither", (False, False): "both", (True, False): "2", (False, True): "1"}[true]
    return (same == "yes") == (arm_of(pair) == "style") and wrong == expected
