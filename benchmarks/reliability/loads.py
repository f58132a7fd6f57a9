"""A hundred thousand verdicts at two hundred in flight: how much memory a run takes, and how long its report."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.runs import serving

AT_ONCE = 200


@dataclass(frozen=True)
class Load:
    """What a large run took, in a process of its own."""

    verdicts: int
    seconds: float
    """Of asking."""
    early_mb: float
    """Resident when a tenth was asked."""
    late_mb: float
    """Resident when nine tenths were asked."""
    growth: float
    """The second over the first."""
    asked_mb: float
    """The most until all verdicts were handed over."""
    peak_mb: float
    """The most until the report was made."""
    fit_s: float
    report_s: float
    """Of making the page."""

    @property
    def kept(self) -> bool:
        """Memory is flat and small while asking, and the page is made soon."""
        return self.asked_mb < 400 and self.growth < 1.1 and self.report_s < 10


def load(verdicts: int, folder: Path) -> Load:
    """Ask about that many cells and make the report, in a process of its own; the server is in this one."""
    with serving(latency_s=0.05) as server:
        command = [sys.executable, "-m", "benchmarks.reliability.loads", str(verdicts), str(folder), server.api_base]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Load(**json.loads(said.splitlines()[-1]))


def main(verdicts: int, folder: str, api_base: str) -> None:
    """Ask, fit and report; print what it took."""
    import time

    from judgeaudit.collection import Progress, ask
    from judgeaudit.judges.api import ApiJudge
    from judgeaudit.records import JudgeSpec
    from judgeaudit.regression import fit
    from judgeaudit.reports import report
    from tests.collection.worlds import make_pairs

    def resident_mb() -> float:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() / 2**20

    def peak_mb() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    seen: dict[float, float] = {}

    def watch(progress: Progress) -> None:
        for share in (0.1, 0.9):
            if progress.done >= share * progress.total:
                seen.setdefault(share, resident_mb())

    judge = ApiJudge(JudgeSpec(name="j", model="fake", api_base=api_base))
    pairs = make_pairs(verdicts // 14, contrasts=7)
    clock = time.monotonic
    began = clock()
    said = ask(pairs, [judge], store=folder, orders="both", concurrency=AT_ONCE, progress=watch)
    asked, asked_mb = clock(), peak_mb()
    audit = fit(pairs, said)
    fitted = clock()
    report(audit, "html", Path(folder) / "report.html", pairs=pairs, verdicts=said)
    print(json.dumps({
        "verdicts": len(said), "seconds": asked - began, "early_mb": seen[0.1], "late_mb": seen[0.9],
        "growth": seen[0.9] / seen[0.1], "asked_mb": asked_mb, "peak_mb": peak_mb(),
        "fit_s": fitted - asked, "report_s": clock() - fitted,
    }))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
