"""Provider batches: the calls of a plan as files to hand in, and the files that come back read into the store.

The files are those of OpenAI's batch interface, one request or result a line, which vLLM's ``run-batch`` reads and
writes too. A call is known by its key, so results may come in any order, in any number of files, and twice.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from operator import index
from pathlib import Path
from typing import Any, Final

from judgeaudit.collection.board import Board, Job, entries_of
from judgeaudit.collection.caller import Ended
from judgeaudit.collection.collector import in_blocks
from judgeaudit.collection.schedule import Orders
from judgeaudit.errors import ConfigError, JudgeError, PairError
from judgeaudit.files import whole_file
from judgeaudit.judges import Judge
from judgeaudit.judges.api import ApiJudge
from judgeaudit.judges.parsing import is_truncated
from judgeaudit.judges.transport import written
from judgeaudit.records import Pair, Record, digest
from judgeaudit.verdicts import Attempt, VerdictStore

URL: Final = "/v1/chat/completions"
MOST_REQUESTS: Final = 50_000
MOST_BYTES: Final = 190_000_000
"""What one file may hold: providers take 50,000 requests and 200 MB."""
AT_ONCE: Final = 500
"""Results committed in one transaction."""
_MARK: Final = "batch line "
_MARK_LENGTH: Final = len(_MARK) + 32
"""What an attempt that settled nothing keeps of its line, so that the line counts once however often it is read."""


class Exported(Record):
    """A file to hand in."""

    judge: str
    path: str
    requests: int


class Collected(Record):
    """What result files held; the counts sum to the lines read."""

    stored: int = 0
    """Replies read into the store."""
    known: int = 0
    """Results of calls that the store had a reply to already, and lines that it had read before."""
    cut_off: int = 0
    """Replies that ended before they said anything; a run asks again, with more room."""
    failed: int = 0
    """Requests that the provider answered with an error; a run asks again."""
    expired: int = 0
    """Requests that the provider did not come to; a run, or another batch, asks again."""
    unknown: int = 0
    """Results of no call of this plan: of another configuration, or of prompts that have changed since."""
    malformed: int = 0
    """Lines that are no result."""


class BatchPlan:
    """The cells that a batch may answer: those that a run of the same configuration would ask next.

    Parameters
    ----------
    pairs, judges, orders, replicates, seed, precision
        As for `ask`.
    """

    def __init__(
        self, pairs: Sequence[Pair], judges: Sequence[Judge], *, orders: Orders, replicates: int, seed: int,
        precision: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self.judges = {judge.name: judge for judge in judges if isinstance(judge, ApiJudge) and judge.takes_batches}
        self.left_out = [judge.name for judge in judges if judge.name not in self.judges]
        if not self.judges:
            raise ConfigError(
                f"no judge here can be asked by batch ({', '.join(self.left_out)}): batches are for OpenAI models and "
                "OpenAI-compatible servers; 'judgeaudit run' asks the others"
            )
        self._pairs, self._precision, self._seed = pairs, precision, seed
        self.board = Board(
            pairs, list(judges), orders=orders, replicates=replicates, seed=seed, in_blocks=bool(precision)
        )

    def recall(self, store: VerdictStore) -> None:
        """Fill in what the store knows, and come to the first block in which something is open."""
        read_again = self.board.recall(store)
        for decided in in_blocks(self.board, self._pairs, self._precision, self._seed):
            read_again += decided
            if any(cell.asked and cell.verdict is None for cell in self.board.cells):
                break
        store.append([], entries_of(read_again))

    def jobs(self) -> dict[str, Job]:
        """Return every call of the judges that take batches, by key."""
        return {key: job for key, job in self.board.jobs.items() if job.cells[0].judge.name in self.judges}


def export(plan: BatchPlan, store: VerdictStore, folder: Path) -> list[Exported]:
    """Write the calls that the store has no reply to, one file a judge, or more where it would be too large.

    Equal plans and stores give equal bytes. A file appears whole or not at all, and only its owner can read it. Files
    of an earlier export that are not among them are removed: handed in again, they would be paid again.
    """
    plan.recall(store)
    exported = []
    for name, judge in plan.judges.items():
        lines = (_request(job, judge) for job in plan.board.open_jobs(name))
        for number, part in enumerate(_parts(lines), start=1):
            path = folder / f"{name}-{number}.jsonl"
            with whole_file(path) as file:
                file.write_bytes(b"".join(part))
            exported.append(Exported(judge=name, path=str(path), requests=len(part)))
        number = sum(file.judge == name for file in exported) + 1
        while (earlier := folder / f"{name}-{number}.jsonl").exists():
            earlier.unlink()
            number += 1
    return exported


def _request(job: Job, judge: ApiJudge) -> bytes:
    line = {"custom_id": job.call.key, "method": "POST", "url": URL, "body": judge.batch_body(job.call.showing())}
    return written(line) + b"\n"


def _parts(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    part, size = list[bytes](), 0
    for line in lines:
        if part and (len(part) == MOST_REQUESTS or size + len(line) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line)
    if part:
        yield part


def collect(plan: BatchPlan, store: VerdictStore, files: Sequence[Path]) -> Collected:
    """Read result files, of replies or of errors, into the store; nothing in it is replaced.

    A reply is read exactly as one that came live. An error is kept as an attempt, and the cell stays open.

    Raises
    ------
    PairError
        When a file cannot be read; nothing of any file was stored.
    """
    opened = [_lines(path) for path in files]
    plan.recall(store)
    jobs, counts = plan.jobs(), Counter[str]()
    marks = {detail[:_MARK_LENGTH] for detail in store.details(_MARK)}
    results = (line for lines in opened for line in lines)
    while chunk := list(islice(results, AT_ONCE)):
        attempts, entries = list[Attempt](), []
        for line in chunk:
            kind, attempt, decided = _settle(line, plan, jobs, marks)
            counts[kind] += 1
            attempts += [attempt] if attempt else []
            entries += entries_of(decided)
        store.append(attempts, entries)
    return Collected(**counts)


def _lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().split(b"\n") if line.strip()]
    except OSError as error:
        raise PairError(
            f"{path}: cannot be read ({error.strerror}); give the result files that the provider returned"
        ) from error


def _settle(
    line: bytes, plan: BatchPlan, jobs: Mapping[str, Job], marks: set[str]
) -> tuple[str, Attempt | None, Sequence[Any]]:
    """Say what one line is, and what it brings: an attempt, and the cells decided by it; adds its mark to ``marks``."""
    try:
        result = json.loads(line)
        key, response, error = result["custom_id"], result.get("response") or {}, result.get("error") or {}
        code, body = response.get("status_code"), response.get("body")
        status = None if code is None else index(code)
        expired = error.get("code") == "batch_expired"
        mark = f"{_MARK}{digest(result)}"[:_MARK_LENGTH]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "malformed", None, ()
    job = jobs.get(key) if isinstance(key, str) else None
    if job is None:
        return "unknown", None, ()
    if mark in marks or (not job.open and (job.ended is not None or all(cell.verdict for cell in job.cells))):
        return "known", None, ()
    marks.add(mark)
    judge = plan.judges[job.cells[0].judge.name]
    try:
        reply = judge.read_batch(status, body if status is not None else error)
    except JudgeError as failure:
        failed = Attempt(key, judge.name, 1, "error", "expired" if expired else failure.reason,
                         f"{mark}: {str(failure)[:2000]}", cost_usd=0.0, at=time.time())  # fmt: skip
        return "expired" if expired else "failed", failed, ()
    attempt = Attempt(key, judge.name, 1, "reply", reply=reply, cost_usd=reply.cost_usd, at=time.time())
    if is_truncated(reply):
        return "cut_off", replace(attempt, status="superseded", detail=mark), ()
    return "stored", attempt, plan.board.settle(job, Ended(reply, 1, record=attempt))
