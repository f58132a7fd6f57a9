"""Time the store: verdicts kept a second, a million opened and loaded, and a second run that has nothing to ask.

Run from the repository's root: ``python -m benchmarks.bench_store [PART ...]``. Each part sets ours
beside the plain way of doing the same, in one run. Returns 1 where a figure misses its limit.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from benchmarks.bench_collect import pairs
from judgeaudit.collection import ask
from judgeaudit.formats import write_pairs
from judgeaudit.judges import ApiJudge
from judgeaudit.records import JudgeSpec, Reply, Trial, Usage, Verdict
from judgeaudit.verdicts import Attempt, Entry, VerdictStore
from tests.server import Fault, Request, Server, completion, prefers

GROUP = 64
"""Verdicts that are committed together: as many as are in flight."""
REPLY = '{"choice": "A", "rationale": "The first answer is right about the year, and the second is not."}'
AGAIN = """
import sys
from pathlib import Path
from judgeaudit.collection import ask
from judgeaudit.formats import read_pairs
from judgeaudit.judges import ApiJudge
from judgeaudit.records import JudgeSpec
judge = ApiJudge(JudgeSpec(name="j", model="fake", api_base=sys.argv[2]))
print(len(ask(read_pairs(Path(sys.argv[1], "pairs.jsonl")), [judge], store=sys.argv[1], orders="both", concurrency=64)))
"""


def pieces() -> Iterator[tuple[Attempt, Entry]]:
    """Give verdicts without end, each with the attempt that brought it."""
    reply = Reply(text=REPLY, usage=Usage(prompt_tokens=500, completion_tokens=40), cost_usd=0.0004)
    for n in count():
        trial = Trial(pair_id=f"item-{n // 7:06d}.c{n % 7}", judge=f"judge-{n % 4}", order="ab" if n % 2 else "ba")
        verdict = Verdict(trial=trial, outcome="valid", choice="a", preference=1.0, raw=REPLY, cost_usd=0.0004)
        call = f"{n:064x}"
        yield Attempt(call, trial.judge, 1, "reply", reply=reply, cost_usd=0.0004), Entry(verdict, (call,), trial.key)


def fill(store: VerdictStore, verdicts: int, group: int) -> float:
    """Append that many verdicts with their attempts, so many a transaction; return how many a second, once made."""
    source, seconds = pieces(), 0.0
    for first in range(0, verdicts, group):
        attempts, entries = zip(*islice(source, min(group, verdicts - first)), strict=True)
        began = time.perf_counter()
        store.append(attempts, entries)
        seconds += time.perf_counter() - began
    return verdicts / seconds


def writing(verdicts: int) -> bool:
    """Keep verdicts by the group and one by one."""
    with tempfile.TemporaryDirectory() as folder:
        with VerdictStore.create(Path(folder) / "group") as store:
            ours = fill(store, verdicts, GROUP)
        with VerdictStore.create(Path(folder) / "single") as store:
            plain = fill(store, verdicts // 10, 1)
    say("verdicts with their attempts kept a second", ours, "a transaction each", plain, ours / plain)
    return limit("verdicts kept a second", ours, 20_000, at_least=True)


def reading(verdicts: int) -> bool:
    """Open a large store, find what a plan lacks, and load it as columns."""
    with tempfile.TemporaryDirectory() as folder:
        with VerdictStore.create(folder) as store:
            fill(store, verdicts, 10_000)
        planned = [entry.verdict.trial.key for _, entry in islice(pieces(), verdicts + 100)]
        began = time.perf_counter()
        with VerdictStore.open(folder) as store:
            stored = store.keys()
            missing = [key for key in planned if key not in stored]
        opened = time.perf_counter() - began
        with VerdictStore.open(folder) as store:
            began = time.perf_counter()
            columns = store.columns()
            ours = 1e6 * (time.perf_counter() - began) / verdicts
            began = time.perf_counter()
            whole = sum(1 for _ in islice(store, 20_000))
            plain = 1e6 * (time.perf_counter() - began) / whole
    if len(missing) != 100 or len(columns["judge"]) != verdicts:
        raise SystemExit("the store lost something")
    print(f"{verdicts:,} verdicts opened, and the 100 missing named: {opened:.2f} s")
    say("microseconds a row, as columns", ours, "record by record", plain, plain / ours)
    return limit("seconds to open", opened, 2) & limit("microseconds a row", ours, 4)


def rerun() -> bool:
    """Ask a judge twice about the same pairs, each time in a process of its own: the second finds all in the store."""
    with tempfile.TemporaryDirectory() as folder, Server(prefers("Moon")) as server:
        write_pairs(pairs(1000), Path(folder) / "pairs.jsonl")
        spent, hits = [], []
        for _ in range(2):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", AGAIN, folder, f"http://127.0.0.1:{server.port}/v1"], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            hits.append(server.hits)
    print(f"first run: {hits[0]:,} requests, {spent[0]:.2f} CPU s; second: {hits[1] - hits[0]}, {spent[1]:.2f} CPU s")
    return limit("requests of the second run", hits[1] - hits[0], 0) & limit("its CPU seconds", spent[1], 1)


def faults() -> bool:
    """Ask 2,000 cells of a server that answers 5 % with 500, 5 % with 429 and 5 % with half a body."""
    rng, broken = random.Random(0), 0

    def script(request: Request) -> str | Fault:
        nonlocal broken
        fate = rng.random()
        if fate < 0.1:
            return Fault(status=500 if fate < 0.05 else 429)
        broken += fate < 0.15
        return completion(REPLY)[:-20] if fate < 0.15 else REPLY

    with tempfile.TemporaryDirectory() as folder, Server(script) as server:
        judge = ApiJudge(JudgeSpec(name="j", model="fake", api_base=server.api_base))
        verdicts = ask(pairs(1000), [judge], store=folder, orders="both")
        with VerdictStore.open(folder) as store:
            failures = sum(verdict.outcome != "valid" for verdict in store)
    valid, paid = sum(verdict.outcome == "valid" for verdict in verdicts), len(verdicts) + broken
    print(
        f"{len(verdicts):,} cells, {server.hits:,} requests, {valid:,} valid; {paid - len(verdicts)} calls paid twice"
    )
    print(f"  of these malformed: {broken}; failures stored as verdicts: {failures}")
    return limit("cells without a verdict", len(verdicts) - valid, 0) & limit("failures stored", failures, 0)


def say(what: str, ours: float, other: str, plain: float, ratio: float) -> None:
    """Print one comparison."""
    print(f"{what}: {ours:,.1f}; {other}: {plain:,.1f}; ratio {ratio:.1f}")


def limit(what: str, found: float, asked: float, *, at_least: bool = False) -> bool:
    """Print a limit and whether it is kept."""
    kept = found >= asked if at_least else found <= asked
    print(f"  {what}: {'at least' if at_least else 'at most'} {asked:,}: {'kept' if kept else 'MISSED'}")
    return kept


def main() -> int:
    """Run the parts that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="writing, reading, rerun, faults")
    parser.add_argument("--verdicts", type=int, default=1_000_000)
    options = parser.parse_args()
    parts = {
        "writing": lambda: writing(min(options.verdicts, 100_000)),
        "reading": lambda: reading(options.verdicts),
        "rerun": rerun,
        "faults": faults,
    }
    kept = [part() for name, part in parts.items() if name in (options.parts or parts)]
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
