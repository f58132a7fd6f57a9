"""Disks that fill up or fail under a real ``judgeaudit run``, and stores that are damaged on one."""

from __future__ import annotations

import errno
import random
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.reliability.runs import IN_FLIGHT, configure, finish, serving, start, stored
from judgeaudit.errors import StoreError
from judgeaudit.records import Verdict
from judgeaudit.verdicts import VerdictStore

ERRORS: Final = (errno.ENOSPC, errno.EIO)
COMPILER: Final = shutil.which("cc")
"""What builds the library of faults; without one there are no trials of it."""


def faulty_library(folder: Path) -> Path:
    """Build the library that makes the disk fail and the clock jump."""
    library, source = folder / "faulty.so", Path(__file__).with_name("faulty.c")
    subprocess.run([COMPILER or "cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@dataclass(frozen=True)
class Disks:
    """What became of runs whose disk failed at the k-th write."""

    runs: int
    hurt: int
    """Runs that the failure ended; the others had written everything by then."""
    unclear: list[str]
    """What a run said that did not name a file and a remedy, or held a traceback."""
    lost: int
    """Verdicts that a reader could see after the failure, and that were gone or other after a resume."""
    paid_again: int
    """Most calls that one resume made again."""
    other_audit: int
    """Runs whose ``audit.json``, resumed, is not that of a run without a failure."""

    @property
    def kept(self) -> bool:
        """Every failure is told clearly and costs at most the calls in flight."""
        return not self.unclear and self.lost == self.other_audit == 0 and self.paid_again <= IN_FLIGHT


def fail(runs: int, folder: Path, seed: int = 0) -> Disks:
    """Run with a disk that is full or broken from the k-th write on, then resume on a sound one."""
    library, rng, unclear = faulty_library(folder), random.Random(seed), []
    hurt = lost = paid_again = other = 0
    with serving(latency_s=0.01) as server:
        config = configure(folder, server, items=3)
        finish(start(config, folder / "whole"))
        cells, whole = server.hits, (folder / "whole" / "audit.json").read_bytes()
        for number in range(runs):
            run, before = folder / f"run-{number}", server.hits
            part = rng.choice(("verdicts.db", f"/run-{number}/"))
            fault = {"FAULT_AT": str(rng.randint(1, 260)), "FAULT_ERRNO": str(rng.choice(ERRORS)), "FAULT_PATH": part}
            process = start(config, run, {"LD_PRELOAD": str(library), **fault})
            _, said = process.communicate(timeout=120)
            if process.returncode:
                hurt += 1
                unclear += [] if _is_clear(said, run) else [said]
            kept = stored(run)
            finish(start(config, run))
            resumed = stored(run)
            lost += sum(resumed.get(key) != verdict for key, verdict in kept.items())
            paid_again = max(paid_again, server.hits - before - cells)
            other += (run / "audit.json").read_bytes() != whole
    return Disks(runs, hurt, unclear, lost, paid_again, other)


def _is_clear(said: str, run: Path) -> bool:
    """Whether a message says what failed, where and what to do, and is no traceback."""
    return "Traceback" not in said and str(run) in said and ("free space" in said or "run again" in said)


@dataclass(frozen=True)
class Damage:
    """What became of stores that were damaged."""

    stores: int
    found: int
    """Stores whose damage was told."""
    forgotten: int
    """Stores of which verdicts were no longer found, so that a run asks again."""
    harmless: int
    """Stores that read as before."""
    wrong: int
    """Verdicts read, or exported, that were never written."""
    raised: list[str]
    """Errors other than those that say the store is damaged."""
    exported: float
    """Share of all verdicts that could be exported still, over the stores whose damage was told."""

    @property
    def kept(self) -> bool:
        """Nothing is read that was never written, and nothing else goes wrong."""
        return self.wrong == 0 and not self.raised


def damage(stores: int, folder: Path, verdicts: list[Verdict], original: Path, seed: int = 0) -> Damage:
    """Flip bytes in copies of a store, blank pages, or cut the end off; then read, export, and open for writing."""
    rng, content = random.Random(seed), original.read_bytes()
    written = {verdict.trial.key: verdict for verdict in verdicts}
    flat = {repr(row) for row in _rows(original)}
    kinds, raised, exported, wrong = Counter[str](), list[str](), 0, 0
    for number in range(stores):
        file = folder / f"{number}.db"
        file.write_bytes(_damaged(content, rng))
        told = False
        try:
            with VerdictStore.open(file) as store:
                known = store.known(written)
            wrong += sum(known[key] != written[key] for key in known)
            kind = "harmless" if len(known) == len(written) else "forgotten"
        except StoreError:
            told, kind = True, "found"
        except Exception as error:  # noqa: BLE001 - any other error is what is looked for
            raised.append(f"reading: {type(error).__name__}: {error}")
            continue
        kinds[kind] += 1
        try:
            rows = _rows(file)
            wrong += sum(repr(row) not in flat for row in rows)
            exported += len(rows) if told else 0
            VerdictStore.create(file).close()
        except StoreError:
            pass
        except Exception as error:  # noqa: BLE001 - as above
            raised.append(f"exporting: {type(error).__name__}: {error}")
        for path in folder.glob(f"{number}.db*"):
            path.unlink()
    share = exported / (len(verdicts) * kinds["found"]) if kinds["found"] else 1.0
    return Damage(stores, kinds["found"], kinds["forgotten"], kinds["harmless"], wrong, raised, share)


def _rows(file: Path) -> list[dict[str, object]]:
    with VerdictStore.open(file) as store:
        return list(store.rows())


def _damaged(content: bytes, rng: random.Random) -> bytes:
    broken = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        kind, place = rng.random(), rng.randrange(len(broken))
        if kind < 0.5:
            broken[place] ^= 1 << rng.randrange(8)
        elif kind < 0.7:
            broken[place : place + 16] = rng.randbytes(len(broken[place : place + 16]))
        elif kind < 0.85:
            start = place // 4096 * 4096
            broken[start : start + 4096] = bytes(len(broken[start : start + 4096]))
        else:
            del broken[max(100, place) :]
    return bytes(broken)
