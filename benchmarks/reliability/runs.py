"""Runs of the command line in processes of their own, against a loopback judge that answers alike every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from judgeaudit.errors import StoreError
from judgeaudit.verdicts import VerdictStore
from tests.server import Request, Server

IN_FLIGHT = 32
COMMAND = [sys.executable, "-c", "from judgeaudit.cli import main; main()"]


def deliberate(request: Request) -> str:
    """Choose by the text of the prompt alone, so that a call is answered alike whenever it is asked."""
    return json.dumps({"choice": "AB"[zlib.crc32(request.prompt.encode()) % 2], "rationale": "so"})


def configure(folder: Path, server: Server, *, items: int, judges: int = 2, **collect: Any) -> Path:
    """Write a configuration of judges behind a server; equal arguments give equal runs."""
    config = folder / "judges.yaml"
    asked = {"orders": "both", "concurrency": IN_FLIGHT, **collect}
    specs = [{"name": f"j{n}", "model": f"fake-{n}", "api_base": server.api_base} for n in range(judges)]
    config.write_text(yaml.safe_dump({"items": "core", "design": {"items": items}, "judges": specs, "collect": asked}))
    return config


def start(config: Path, run: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start ``judgeaudit run``."""
    command = [*COMMAND, "run", str(config), "--out", str(run)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a run that must succeed; return what it said on standard error."""
    _, said = process.communicate(timeout=300)
    if process.returncode:
        raise RuntimeError(f"the run ended with {process.returncode}: {said[-2000:]}")
    return said


def wait_for(server: Server, hits: int, process: subprocess.Popen[str]) -> bool:
    """Wait until the server has had so many requests; False when the run has ended before."""
    deadline = time.monotonic() + 60
    while server.hits < hits:
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def stored(run: Path) -> dict[str, str]:
    """Return what a reader finds in the store of a run now: each verdict, by its trial."""
    if not (run / "verdicts.db").is_file():
        return {}
    try:
        with VerdictStore.open(run) as store:
            return {verdict.trial.key: verdict.model_dump_json() for verdict in store}
    except StoreError as error:
        if "there is no verdict store" in str(error):
            return {}
        raise


@contextmanager
def serving(latency_s: float) -> Iterator[Server]:
    """Serve deliberate judges."""
    with Server(deliberate, latency_s=latency_s) as server:
        yield server
