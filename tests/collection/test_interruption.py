"""A run may be killed or interrupted at any moment: nothing acknowledged is lost, and little is paid twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from judgeaudit.verdicts import VerdictStore
from tests.server import Server, prefers

ROOT = Path(__file__).parents[2]
ITEMS, CONCURRENCY = 150, 32


def start(store: Path, server: Server) -> subprocess.Popen[str]:
    """Start a run and wait until it has loaded its modules."""
    command = [sys.executable, "-m", "tests.collection.run_once", store, server.port, ITEMS, CONCURRENCY]
    process = subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def finish(process: subprocess.Popen[str]) -> list[list[object]]:
    """Wait for a run and return its cells."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return json.loads(out)


def wait_for(server: Server, hits: int) -> None:
    """Wait until the server has had so many requests."""
    deadline = time.monotonic() + 30
    while server.hits < hits:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def stored(path: Path) -> dict[str, float | None]:
    """Return what a reader finds, by key."""
    with VerdictStore.open(path) as store:
        return {verdict.trial.key: verdict.preference for verdict in store}


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """After SIGKILLs at random moments every stored verdict stands and at most the calls in flight are repeated."""
    rng = random.Random(1)
    with Server(prefers("good"), latency_s=0.02) as server:
        kills = 0
        for _ in range(3):
            before = stored(tmp_path) if kills else {}
            process = start(tmp_path, server)
            wait_for(server, server.hits + rng.randrange(20, 90))
            time.sleep(rng.random() * 0.02)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            assert before.items() <= stored(tmp_path).items(), "what was committed stands as it was"
        cells = finish(start(tmp_path, server))
    assert len(cells) == 2 * ITEMS
    assert {outcome for _, outcome, _, _ in cells} == {"valid"}
    assert stored(tmp_path) == {key: preference for key, _, _, preference in cells}
    assert 2 * ITEMS <= server.hits <= 2 * ITEMS + kills * CONCURRENCY


def test_ctrl_c_once_drains_and_saves(tmp_path: Path) -> None:
    """The first interrupt starts nothing more, waits for what is in flight, and returns the rest as missing."""
    with Server(prefers("good"), latency_s=0.05) as server:
        process = start(tmp_path, server)
        wait_for(server, 40)
        process.send_signal(signal.SIGINT)
        cells = finish(process)
        ended = Counter(f"{outcome} {reason}" for _, outcome, reason, _ in cells)
        assert ended == {"valid ": server.hits, "missing interrupted": 2 * ITEMS - server.hits}
        assert len(stored(tmp_path)) == server.hits, "every reply that was paid for is kept"


def test_ctrl_c_twice_stops_at_once(tmp_path: Path) -> None:
    """The second interrupt does not wait; what was committed stands and the store is free."""
    with Server(prefers("good"), latency_s=15) as server:
        process = start(tmp_path, server)
        wait_for(server, CONCURRENCY)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert process.poll() is None, "the first one drains"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in err
    VerdictStore.create(tmp_path).close()


def test_a_second_process_may_read(tmp_path: Path) -> None:
    """While a run is at work its store can be read, and the run does not mind."""
    with Server(prefers("good"), latency_s=0.05) as server:
        process = start(tmp_path, server)
        wait_for(server, 2 * CONCURRENCY)
        assert 0 < len(stored(tmp_path)) <= server.hits
        finish(process)
        assert server.hits == 2 * ITEMS


def test_a_second_process_may_not_write(tmp_path: Path) -> None:
    """It is told which process holds the store, and asks nothing."""
    with Server(prefers("good")) as server, VerdictStore.create(tmp_path):
        _, err = start(tmp_path, server).communicate(timeout=30)
        assert f"is being written by process {os.getpid()} on" in err
        assert server.hits == 0
