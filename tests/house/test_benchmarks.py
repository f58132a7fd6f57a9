"""The benchmarks run: what they time is still there under its name."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = {
    "bench_fit": (["--verdicts", "5000", "--naive", "1"], "coefficients differ by"),
    "bench_store": (["writing", "reading", "--verdicts", "2000"], "as columns"),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_runs(name: str) -> None:
    """At a small size, to its last line; what it times is not judged here."""
    arguments, told = SMALL[name]
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    assert told in done.stdout
