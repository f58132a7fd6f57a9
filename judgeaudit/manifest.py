"""What a run's directory says of how it was made: the recipe, and enough of each judge to know its cells again."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final, cast

from judgeaudit.collection import recollect
from judgeaudit.config import Config
from judgeaudit.errors import ConfigError, StoreError, suggest
from judgeaudit.files import write_whole
from judgeaudit.judges import Judge
from judgeaudit.judges.parsing import PARSER_VERSION
from judgeaudit.judges.protocol import reading_of
from judgeaudit.records import Audit, Pair, Protocol, Reading, Verdict, digest
from judgeaudit.reports.json import AGAIN

FILE: Final = "manifest.json"
_VERSIONED: Final = ("litellm", "pydantic", "numpy", "scipy", "statsmodels")


@dataclass(frozen=True)
class RecordedJudge:
    """What a run keeps of a judge: enough to know its cells again, without its key or its endpoint."""

    name: str
    model: str
    note: str
    protocol: Protocol
    settings: dict[str, Any]
    reading: Reading | None

    def recipe(self) -> dict[str, Any]:
        """Return all that could change an answer, as it was when the judge was asked."""
        return self.settings


def provenance_of(
    config: Config,
    pairs: Sequence[Pair],
    judges: Sequence[Judge],
    skipped: Counter[str],
    more: Mapping[str, Any],
    version: str,
) -> dict[str, Any]:
    """Return the recipe of a run: all that made its numbers, and nothing that changes between two equal runs."""
    recipe = {
        "config": config.model_dump(mode="json"),
        "judges": {judge.name: _entry(judge) for judge in judges},
        "pairs_sha256": digest([pair.model_dump(mode="json") for pair in pairs]),
        "skipped": dict(sorted(skipped.items())),
        **more,
    }
    versions = {name: metadata.version(name) for name in _VERSIONED}
    return {
        "run_id": digest(recipe)[:12], "judgeaudit": version, "python": platform.python_version(),
        "versions": versions, "parser": PARSER_VERSION, **recipe,
    }  # fmt: skip


def _entry(judge: Judge) -> dict[str, Any]:
    """Return what is recorded of a judge: how it is asked, and how its replies are read where not in the usual way."""
    entry, reading = {"protocol": judge.protocol, "recipe": judge.recipe()}, reading_of(judge)
    return entry if reading is None else {**entry, "reading": reading.model_dump(mode="json")}


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a run, whole or not at all."""
    write_whole(folder / FILE, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run.

    Raises
    ------
    StoreError
        When there is none, or it is not one.
    """
    path = folder / FILE
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); name the directory of a run") from error
    except ValueError as error:
        raise StoreError(f"{path}: not JSON; {AGAIN}") from error
    if not _is_whole(manifest):
        raise StoreError(f"{path}: not the manifest of a run, or altered; {AGAIN}")
    return cast("dict[str, Any]", manifest)


def _is_whole(manifest: Any) -> bool:
    config, judges = (manifest.get("config"), manifest.get("judges")) if isinstance(manifest, dict) else (None, None)
    if not isinstance(config, dict) or not isinstance(judges, dict):
        return False
    whole = all(isinstance(entry, dict) and {"protocol", "recipe"} <= entry.keys() for entry in judges.values())
    return whole and {"collect", "design", "gates"} <= config.keys()


def check_current(folder: Path, result: Audit, manifest: Mapping[str, Any] | None = None) -> Audit:
    """Return the result of a run, or refuse one of an earlier configuration that a later run has left as it was.

    Raises
    ------
    StoreError
        When the last run in this directory did not come to its end.
    """
    if manifest is None and not (folder / FILE).exists():  # a copy of ``audit.json`` alone
        return result
    asked = (manifest or read_manifest(folder)).get("run_id")
    if asked and result.run_id and asked != result.run_id:
        raise StoreError(
            f"{folder}: audit.json is of run {result.run_id}, and the last run here ({asked}) did not come to its end; "
            "type its command again, and what it has is kept"
        )
    return result


def policy_of(path: str | Path) -> dict[str, Any] | None:
    """Return the gate limits that a run's own configuration declared; None where it left them to the shipped policy.

    Raises
    ------
    StoreError
        When the directory is not that of a run.
    """
    return read_manifest(Path(path))["config"]["gates"] or None


def recorded_judges(manifest: Mapping[str, Any], result: Audit | None = None) -> list[Judge]:
    """Return the judges of a run; their models and notes are those of its result, and empty without one."""
    found = []
    for name, entry in manifest["judges"].items():
        judged = result.judge(name) if result else None
        model, note = (judged.model, judged.note) if judged else ("", "")
        reading = Reading.model_validate_json(json.dumps(entry["reading"])) if "reading" in entry else None
        found.append(RecordedJudge(name, model, note, entry["protocol"], entry["recipe"], reading))
    return cast("list[Judge]", found)


def recall_verdicts(folder: Path, pairs: Sequence[Pair], manifest: Mapping[str, Any]) -> list[Verdict]:
    """Return one verdict for each cell that a run planned, by the present parser, as far as its store knows them.

    Raises
    ------
    StoreError
        When there is no store in the directory, or it is damaged.
    """
    asked, seed = manifest["config"]["collect"], manifest["config"]["design"]["seed"]
    return recollect(
        pairs,
        recorded_judges(manifest),
        folder,
        orders=asked["orders"],
        replicates=asked["replicates"],
        seed=seed,
        precision=asked.get("precision"),
    )


def read_from_now_on(manifest: Mapping[str, Any], config: Config, folder: Path) -> dict[str, Any]:
    """Return the manifest of a run with what a configuration says of how the replies of its judges are read.

    Raises
    ------
    ConfigError
        When the run has no judge of such a name.
    """
    judges = dict(manifest["judges"])
    for spec in config.judges:
        entry = judges.get(spec.name)
        if entry is None:
            raise ConfigError(
                f"the run in {folder} has no judge {spec.name!r}{suggest(spec.name, judges)}; "
                f"it has: {', '.join(judges)}"
            )
        as_before = {name: value for name, value in entry.items() if name != "reading"}
        reading = {} if spec.reading is None else {"reading": spec.reading.model_dump(mode="json")}
        judges[spec.name] = {**as_before, **reading}
    return {**manifest, "judges": judges}
