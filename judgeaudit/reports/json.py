"""``audit.json``: the stable, versioned interface for other programs, written and read back without loss."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import models_json_schema

from judgeaudit.errors import StoreError
from judgeaudit.records import Audit, Counts, Estimate, Finding, JudgeAudit, Record, Reliability

SCHEMA_VERSION = 1
FILE_NAME = "audit.json"
AGAIN = "'judgeaudit run CONFIG --out DIR' writes it anew and asks nothing that is kept"
"""What to do about a file that cannot be read, while its store can."""
ESTIMATE_FIELDS = (
    "term", "scale", "estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "n_clusters", "method",
)  # fmt: skip
PARTS: tuple[type[Record], ...] = (Estimate, Reliability, Counts, Finding)
TEXT, WHOLE = {"type": "string"}, {"type": "integer", "minimum": 0}
COUNT_FIELDS = ("planned", "valid", "tie", "refusal", "invalid", "missing")


def render(audit: Audit) -> str:
    """Return ``audit.json`` as text; equal audits give the same bytes.

    Examples
    --------
    >>> render(Audit(run_id="july")).splitlines()[1]
    ' "schema_version": 1,'
    """
    return json.dumps(to_dict(audit), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_dict(audit: Audit) -> dict[str, Any]:
    """Return an audit as the plain data of ``audit.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": _run(audit),
        "judges": [_judge(judge) for judge in audit.judges],
        "contrasts": [_sorted(contrast) for contrast in audit.contrasts],
        "findings": [_finding(finding) for finding in audit.findings],
        "provenance": _sorted(audit.provenance),
    }


def from_dict(data: Mapping[str, Any]) -> Audit:
    """Return the audit that `to_dict` wrote.

    Raises
    ------
    StoreError
        When the schema version is not one that this release reads, or a field does not hold what it should.
    """
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"audit.json has schema_version {version!r} and this release reads {SCHEMA_VERSION}; "
            f"read it with the release that wrote it, or {AGAIN}"
        )
    run, judges = data.get("run"), data.get("judges")
    if not isinstance(run, dict) or not isinstance(judges, list):
        raise StoreError(f"audit.json: 'run' or 'judges' is not what it should be; altered or cut short: {AGAIN}")
    content = {
        "run_id": run.get("id"),
        **{name: run.get(name) for name in ("items", "pairs")},
        "dropped": run.get("dropped", {}),
        "judges": [_judge_in(judge) for judge in judges],
        **{name: data.get(name) for name in ("contrasts", "findings", "provenance")},
    }
    try:
        return Audit.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise StoreError(f"audit.json: {where}: {first['msg']}; altered or cut short: {AGAIN}") from error


def schema() -> dict[str, Any]:
    """Return the JSON Schema of ``audit.json``; within one schema version fields are only ever added."""
    _, parts = models_json_schema([(model, "serialization") for model in PARTS])
    parts = {name: _open(part) for name, part in parts["$defs"].items()}
    estimate = {**parts["Estimate"], "title": "JudgeEstimate", "required": list(ESTIMATE_FIELDS)}
    estimate["properties"] = {name: field for name, field in estimate["properties"].items() if name != "judge"}
    counted = dict.fromkeys(("planned", "valid", "refusal", "invalid", "missing"), WHOLE)
    judge = {
        "name": TEXT,
        "model": TEXT,
        "estimates": {"type": "array", "items": {"$ref": "#/$defs/JudgeEstimate"}},
        "reliability": {"$ref": "#/$defs/Reliability"},
        "counts": {"$ref": "#/$defs/Counts"},
    }
    run = {"id": TEXT, "items": WHOLE, "pairs": WHOLE, **counted, "cost_usd": {"type": ["number", "null"]}}
    fields = {
        "schema_version": {"const": SCHEMA_VERSION},
        "run": _object(run),
        "judges": {"type": "array", "items": _object(judge)},
        "contrasts": {"type": "array", "items": {"type": "object"}},
        "findings": {"type": "array", "items": {"$ref": "#/$defs/Finding"}},
        "provenance": {"type": "object"},
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "judgeaudit audit.json"}
    return {**head, **_object(fields), "$defs": {**parts, "JudgeEstimate": estimate}}


def _open(part: Mapping[str, Any]) -> dict[str, Any]:
    """Let a reader's copy of the schema accept the fields that a later release adds."""
    return {key: value for key, value in part.items() if key != "additionalProperties"}


def _object(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(fields), "required": list(fields)}


def load_audit(path: str | Path) -> Audit:
    """Read an audit back from ``audit.json``, or from the run directory that holds it.

    Raises
    ------
    StoreError
        When there is no such file, it is not JSON, or it is not an audit.
    """
    file = Path(path) / FILE_NAME if Path(path).is_dir() else Path(path)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(
            f"{file}: cannot be read ({error.strerror}); give the directory of a finished run or its {FILE_NAME}"
        ) from error
    except ValueError as error:
        raise StoreError(f"{file}: not JSON ({error}); {AGAIN}") from error
    if not isinstance(data, dict):
        raise StoreError(f"{file}: holds a {type(data).__name__} where an audit is expected")
    try:
        return from_dict(data)
    except StoreError as error:
        raise StoreError(
            f"{file}: {str(error).removeprefix(f'{FILE_NAME} ').removeprefix(f'{FILE_NAME}: ')}"
        ) from error


def total_cost(judges: Iterable[JudgeAudit]) -> float | None:
    """Return what all judges that were asked cost together, or None when one price is unknown."""
    costs = [judge.cost_usd for judge in judges if judge.panel is None]
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None


def _run(audit: Audit) -> dict[str, Any]:
    counts = audit.counts
    return {
        "id": audit.run_id,
        "items": audit.items,
        "pairs": audit.pairs,
        **{name: getattr(counts, name) for name in ("planned", "valid", "refusal", "invalid", "missing")},
        "cost_usd": total_cost(audit.judges),
        "dropped": dict(sorted(audit.dropped.items())),
    }


def _judge(judge: JudgeAudit) -> dict[str, Any]:
    return {
        "name": judge.name,
        "model": judge.model,
        "estimates": [_estimate(estimate) for estimate in judge.estimates],
        "reliability": judge.reliability.model_dump(mode="json"),
        "counts": _ordered(judge.counts, COUNT_FIELDS),
        "cost_usd": judge.cost_usd,
        "note": judge.note,
        "panel": judge.panel and judge.panel.model_dump(mode="json"),
        "provenance": _sorted(judge.provenance),
    }


def _judge_in(data: object) -> object:
    """Put the judge's name back into its estimates; what has another form is left to the record to refuse."""
    if not isinstance(data, dict) or not isinstance(data.get("estimates"), list):
        return data
    named = [{"judge": data.get("name"), **e} if isinstance(e, dict) else e for e in data["estimates"]]
    return {**data, "estimates": named}


def _estimate(estimate: Estimate) -> dict[str, Any]:
    """Return the fields of the contract first, then the others; the judge stands one level up."""
    fields = _ordered(estimate, ESTIMATE_FIELDS)
    return {name: _sorted(value) if name == "recipe" else value for name, value in fields.items() if name != "judge"}


def _finding(finding: Finding) -> dict[str, Any]:
    fields = finding.model_dump(mode="json")
    fields["estimate"] = finding.estimate and _ordered(finding.estimate, ("judge", *ESTIMATE_FIELDS))
    return fields


def _ordered(record: Record | Counts, first: tuple[str, ...]) -> dict[str, Any]:
    fields = record.model_dump(mode="json")
    return {name: fields[name] for name in (*first, *(name for name in fields if name not in first))}


def _sorted(data: Mapping[str, Any]) -> dict[str, Any]:
    """Sort the keys at every depth, so that equal mappings give equal bytes."""
    ordered: dict[str, Any] = json.loads(json.dumps(dict(data), sort_keys=True))
    return ordered
