"""Other people's rows become ours: TruthfulQA, MT-Bench, samples of lm-eval, or any mapping with a map of columns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from judgeaudit.errors import ItemError, suggest

Row = Mapping[str, Any]
References = Callable[[], Mapping[str, str]]
QUESTION_FIELDS = ("question", "prompt", "input", "instruction", "problem", "query")


def adopt(row: Row, where: str, references: References) -> Row | None:
    """Return a row in our own fields, whoever wrote it; None where it has no trusted answer.

    Parameters
    ----------
    row
        As read. A row of TruthfulQA has ``Question`` and ``Best Answer``, one of MT-Bench ``question_id`` and
        ``turns``, a sample of lm-eval ``doc`` and ``target``; any other is returned as it is.
    where
        What an error message calls it.
    references
        Gives the reference answers of MT-Bench by question id; called only for its rows.

    Raises
    ------
    ItemError
        When a sample of lm-eval has no question or target that can be read as text.
    """
    if {"Question", "Best Answer"} <= row.keys():
        return _truthfulqa(row)
    if {"question_id", "turns"} <= row.keys():
        return _mtbench(row, references)
    if {"doc", "target"} <= row.keys():
        return _lm_eval(row, where)
    return row


def mapped(row: Row, columns: Mapping[str, str], where: str) -> Row:
    """Return the fields that a map of columns names; ``"doc.question"`` reaches into a mapping.

    Raises
    ------
    ItemError
        When the row has no such column.
    """
    return {field: _reach(row, column, where) for field, column in columns.items()}


def _reach(row: Row, column: str, where: str) -> Any:
    value: Any = row
    for name in [column] if column in row else column.split("."):
        if not isinstance(value, Mapping) or name not in value:
            known = [str(key) for key in value] if isinstance(value, Mapping) else []
            raise ItemError(
                f"{where}: no column {column!r}{suggest(name, known)}; there are: {', '.join(known) or 'none'}"
            )
        value = value[name]
    return value


def slug(text: str) -> str:
    """Return text as an identifier.

    Examples
    --------
    >>> slug("Law & Economics")
    'Law-Economics'
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-")[:48] or "row"


def _truthfulqa(row: Row) -> Row:
    sources = [link.strip() for link in str(row.get("Source", "")).split(";") if link.strip()]
    domain = {"domain": slug(row["Category"])} if row.get("Category") else {}
    return {"question": row["Question"], "answer": row["Best Answer"], "refs": sources, **domain}


def _mtbench(row: Row, references: References) -> Row | None:
    own = row.get("reference") or [None]
    answer = references().get(str(row["question_id"])) or own[0]
    if not answer:
        return None
    domain = {"domain": slug(row["category"])} if row.get("category") else {}
    return {"id": f"mtbench-{row['question_id']}", "question": row["turns"][0], "answer": answer, **domain}


def _lm_eval(row: Row, where: str) -> Row:
    doc, target = row["doc"], row["target"]
    question = next((doc[name] for name in QUESTION_FIELDS if isinstance(doc.get(name), str)), None)
    choices = doc.get("choices", [])
    options = choices.get("text", []) if isinstance(choices, Mapping) else choices
    if str(target).isdecimal() and int(target) < len(options):
        target = options[int(target)]
    if question is None or not isinstance(target, str) or not target.strip():
        raise ItemError(
            f"{where}: a sample of lm-eval whose question or target is not text; name them, "
            "such as columns={'question': 'doc.title', 'answer': 'doc.solution'}"
        )
    known = {"id": f"sample-{row['doc_id']}"} if "doc_id" in row else {}
    return {"question": question, "answer": target, **known}


def references_beside(path: Path, answers: str | Path | None) -> Mapping[str, str]:
    """Return reference answers to the first turn of MT-Bench's questions, by question id.

    Parameters
    ----------
    path
        The file of the questions.
    answers
        The file of the answers; for None, the one file named ``reference_answer*`` that stands beside it, if any.

    Raises
    ------
    ItemError
        When several files could be meant, or a line is not an answer.
    """
    beside = sorted([*path.parent.glob("reference_answer*.jsonl"), *path.parent.glob("reference_answer/*.jsonl")])
    found = [Path(answers)] if answers else beside
    if len(found) > 1:
        names = ", ".join(str(file) for file in found)
        raise ItemError(f"{path}: several files of reference answers stand beside it ({names}); name one as 'answers'")
    if not found:
        return {}
    try:
        lines = [json.loads(line) for line in found[0].read_text(encoding="utf-8").splitlines() if line.strip()]
        return {str(line["question_id"]): line["choices"][0]["turns"][0] for line in lines}
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ItemError(
            f"{found[0]}: not reference answers of MT-Bench (question_id, choices[0].turns[0] in each line): {error!r}"
        ) from error
