"""Checks the instrument and its surroundings before it is trusted; asks no judge that costs anything."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from judgeaudit import pipeline
from judgeaudit.config import load_config
from judgeaudit.errors import JudgeAuditError
from judgeaudit.judges import as_judge
from judgeaudit.judges.weights import weights_path
from judgeaudit.records import Estimate, JudgeSpec

KNOWN_BAD = {
    ("litellm", "1.82.7"): "carried a credential stealer: remove it and change your keys",
    ("litellm", "1.82.8"): "carried a credential stealer: remove it and change your keys",
    ("litellm", "1.106.2"): "breaks calls with tools: take another release",
}
CALIBRATION = {"style-only": 90.0, "truth-only": 0.0}
"""Simulated judges, and the fluency-truth angle they must be found to have, in degrees."""
TOLERANCE = 15.0
"""How far the whole interval of a calibration angle may reach from the truth, in degrees."""
LEAST_FREE_BYTES = 500_000_000

Say = Callable[[str], None]


def examine(config: Path | None, say: Say) -> int:
    """Print one line per check; the status is 2 when a check fails."""
    checks = [_versions(), _disk(), _local_model(), *_calibration()]
    if config is not None:
        checks += [_judge(spec) for spec in load_config(config).judges]
    for passed, line in checks:
        say(f"{'ok' if passed else 'PROBLEM':<8}{line}")
    return 0 if all(passed for passed, _ in checks) else 2


def _versions() -> tuple[bool, str]:
    found = {name: metadata.version(name) for name in ("litellm", "statsmodels", "numpy", "pydantic")}
    bad = [f"{name} {version} {why}" for (name, version), why in KNOWN_BAD.items() if found.get(name) == version]
    listed = ", ".join(f"{name} {version}" for name, version in found.items())
    return not bad, "; ".join(bad) or f"Python {platform.python_version()}, {listed}"


def _disk() -> tuple[bool, str]:
    free = shutil.disk_usage(Path.cwd()).free
    return free >= LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free here"


def _local_model() -> tuple[bool, str]:
    if importlib.util.find_spec("xllamacpp") is None:
        return True, "the embedded model is not installed (optional: pip install 'judgeaudit[local]')"
    where = weights_path()
    return (
        True,
        f"the embedded model is at {where}" if where else "the embedded model is not fetched (judgeaudit local fetch)",
    )


def _calibration() -> list[tuple[bool, str]]:
    """Audit judges of known taste: an instrument that cannot tell them apart must not be trusted."""
    audit = pipeline.audit("core", [f"simulated/{taste}" for taste in CALIBRATION], seed=1)
    lines = []
    for name, expected in CALIBRATION.items():
        angle = audit.judge(name).get("angle", "degrees") or Estimate(
            judge=name, term="angle", scale="degrees", estimate=None
        )
        low, high = angle.conf_low, angle.conf_high
        right = low is not None and high is not None and abs(low - expected) <= TOLERANCE >= abs(high - expected)
        shown = "no angle" if angle.estimate is None else f"{angle.estimate:.0f} degrees [{low:.0f}, {high:.0f}]"
        lines.append((right, f"calibration: a judge that is {name} is found at {shown}, expected {expected:.0f}"))
    return lines


def _judge(spec: JudgeSpec) -> tuple[bool, str]:
    """Say whether a judge could be asked; a key is never shown, only whether its variable is set."""
    try:
        judge = as_judge(spec)
    except JudgeAuditError as error:
        return False, f"judge {spec.name}: {error}"
    key = spec.api_key.removeprefix("env:") if spec.api_key else None
    state = "" if key is None else f", {key} is set" if os.environ.get(key) else f", {key} is not set"
    return not state.endswith("not set"), f"judge {judge.name}: {judge.model} at {judge.endpoint}{state}"
