"""Checks the instrument and its surroundings before it is trusted; asks no judge anything."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from judgeaudit import pipeline
from judgeaudit.config import Config, load_config
from judgeaudit.errors import JudgeAuditError
from judgeaudit.judges import ApiJudge, as_judge
from judgeaudit.judges.api import longest_reply
from judgeaudit.judges.weights import weights_path
from judgeaudit.records import Estimate, JudgeSpec

KNOWN_BAD = {
    ("litellm", "1.82.7"): "carried a credential stealer: remove it and change your keys",
    ("litellm", "1.82.8"): "carried a credential stealer: remove it and change your keys",
    ("litellm", "1.106.2"): "breaks calls with tools: take another release",
}
CALIBRATION = {"style-only": 90.0, "truth-only": 0.0}
"""Simulated judges, and the fluency-truth angle they must be found to have, in degrees."""
LEAST_FREE_BYTES = 500_000_000
NETWORK_FILE_SYSTEMS = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "fuse.gcsfuse", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs",
    "lustre", "nfs", "nfs4", "smb3", "smbfs",
})  # fmt: skip
"""File systems on which SQLite's write-ahead log is not safe."""
SOON = timedelta(days=90)
PATIENCE_S = 5.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Say = Callable[[str], None]
State = Literal["ok", "note", "PROBLEM"]
Line = tuple[State, str]


def examine(config: Path | None, out: Path, probe: bool, say: Say) -> int:
    """Print one line per check; the status is 2 when one is a problem."""
    lines = [_versions(), _disk(out), _file_system(out), _local_model(), *_calibration()]
    if config is not None:
        stated = load_config(config)
        lines += [*_judges(stated), *(_probes(stated.judges) if probe else ())]
    for state, line in lines:
        say(f"{state:<8}{line}")
    return 2 if any(state == "PROBLEM" for state, _ in lines) else 0


# ------------------------------------------------------------------------------------------- this machine


def _versions() -> Line:
    found = {name: metadata.version(name) for name in ("litellm", "statsmodels", "numpy", "pydantic")}
    bad = [f"{name} {version} {why}" for (name, version), why in KNOWN_BAD.items() if found.get(name) == version]
    if bad:
        return "PROBLEM", "; ".join(bad)
    return (
        "ok",
        f"Python {platform.python_version()}, {', '.join(f'{name} {version}' for name, version in found.items())}",
    )


def _disk(out: Path) -> Line:
    free = shutil.disk_usage(_existing(out)).free
    return "ok" if free >= LEAST_FREE_BYTES else "PROBLEM", f"{free / 1e9:.1f} GB free for {out}"


def _file_system(out: Path) -> Line:
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return "note", f"{out} must be on a local disk; this system does not say whether it is"
    kind = file_system(_existing(out), mounts.read_text(encoding="utf-8", errors="replace"))
    if kind in NETWORK_FILE_SYSTEMS:
        return "PROBLEM", f"{out} is on {kind}, a network file system, where verdicts can be lost: take a local disk"
    return "ok", f"{out} is on {kind}, a local file system"


def file_system(path: Path, mounts: str) -> str:
    """Return the kind of file system that holds a path, from the text of ``/proc/mounts``; the last mount counts."""
    rows = [line.split() for line in mounts.splitlines()]
    holding = [
        (len(place.parts), number, row[2])
        for number, row in enumerate(rows)
        if path.resolve().is_relative_to(place := Path(row[1].replace("\\040", " ")))
    ]
    return max(holding)[2] if holding else "unknown"


def _existing(path: Path) -> Path:
    """Return the nearest folder above a path, or itself, that is there."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.is_dir())


def _local_model() -> Line:
    if importlib.util.find_spec("xllamacpp") is None:
        return "ok", "the embedded model is not installed (optional: pip install 'judgeaudit[local]')"
    where = weights_path()
    return "ok", f"the embedded model is {f'at {where}' if where else 'not fetched (judgeaudit local fetch)'}"


def _calibration() -> Iterator[Line]:
    """Audit judges of known taste: an instrument that cannot tell them apart must not be trusted."""
    audit = pipeline.audit("core", [f"simulated/{taste}" for taste in CALIBRATION], seed=1)
    for name, expected in CALIBRATION.items():
        angle = audit.judge(name).get("angle", "degrees") or Estimate(
            judge=name, term="angle", scale="degrees", estimate=None
        )
        low, high = angle.conf_low, angle.conf_high
        right = low is not None and high is not None and low <= expected <= high and high - low < 45
        shown = "no angle" if angle.estimate is None else f"{angle.estimate:z.0f} degrees [{low:z.0f}, {high:z.0f}]"
        said = f"calibration: a judge that is {name} is found at {shown}, expected {expected:.0f}"
        yield "ok" if right else "PROBLEM", said


# ---------------------------------------------------------------------------------------------- the judges


def _judges(config: Config) -> Iterator[Line]:
    """Say of each judge whether it could be asked, and of each key to which hosts it goes; no key is ever shown."""
    hosts: dict[str, set[str]] = {}
    for spec in config.judges:
        try:
            judge = as_judge(spec)
        except JudgeAuditError as error:
            yield "PROBLEM", f"judge {spec.name}: {str(error).removeprefix(f'judge {spec.name!r}: ')}"
            continue
        if not isinstance(judge, ApiJudge):
            yield "ok", f"judge {spec.name}: {spec.model}, on this machine"
            continue
        yield _reachable_judge(spec, judge, capped=config.collect.max_cost_usd is not None)
        if spec.api_key:
            hosts.setdefault(spec.api_key.removeprefix("env:"), set()).add(judge.host)
            if spec.api_base and _in_the_clear(spec.api_base):
                yield "note", f"judge {spec.name}: http to {judge.host} lets others on the way read its key"
    for key, served in hosts.items():
        where = ", ".join(sorted(served))
        yield ("ok", f"key {key} goes to {where} only") if len(served) == 1 else ("note", f"key {key} goes to {where}")


def _reachable_judge(spec: JudgeSpec, judge: ApiJudge, *, capped: bool) -> Line:
    found = [_price(judge, spec, capped=capped), _retirement(judge)]
    if judge.lacking:
        found.append(("PROBLEM", f"{' and '.join(judge.lacking)} not set: export it, or name a key with api_key"))
    states = [state for state, _ in found]
    worst: State = "PROBLEM" if "PROBLEM" in states else "note" if "note" in states else "ok"
    return worst, ", ".join([f"judge {spec.name}: {spec.model} at {judge.host}", *(told for _, told in found if told)])


def _price(judge: ApiJudge, spec: JudgeSpec, *, capped: bool) -> Line:
    if capped and longest_reply(judge.recipe()["settings"]) is None:
        return "PROBLEM", "no limit on a reply, so max_cost_usd will be refused: give params a max_tokens"
    if judge.price is not None:
        return "ok", "${:.2f} in and ${:.2f} out per million tokens".format(*judge.price)
    if capped:
        return "PROBLEM", "price unknown, so max_cost_usd will be refused: state it with price: [in, out]"
    return "ok" if spec.api_base else "note", "price unknown"


def _retirement(judge: ApiJudge) -> Line:
    if judge.retires is None:
        return "ok", ""
    if judge.retires <= date.today():
        return "PROBLEM", f"retired on {judge.retires}: name its successor"
    return "note" if judge.retires <= date.today() + SOON else "ok", f"retires on {judge.retires}"


def _in_the_clear(api_base: str) -> bool:
    parts = urlsplit(api_base)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


def _probes(specs: Sequence[JudgeSpec]) -> Iterator[Line]:
    """Open one connection to each server that a judge names, and send nothing."""
    for base in dict.fromkeys(spec.api_base for spec in specs if spec.api_base):
        parts = urlsplit(base)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), timeout=PATIENCE_S).close()
        except OSError as error:
            yield "PROBLEM", f"{parts.netloc} cannot be reached ({error.strerror or error}): is its server running?"
        else:
            yield "ok", f"{parts.netloc} accepts connections"
