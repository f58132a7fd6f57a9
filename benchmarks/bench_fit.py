"""Time the fit of a million verdicts against statsmodels on the same rows, and the bootstrap against naive refits.

Run from the repository's root: ``python -m benchmarks.bench_fit``. Prints CPU seconds and their ratios, all from one
run on one thread: idle threads of a linear algebra library would count as work.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from judgeaudit.records import Panel
from judgeaudit.regression.assembly import adjust_families, measure_judge
from judgeaudit.regression.bootstrap import cluster_bootstrap
from judgeaudit.regression.comparisons import compare
from judgeaudit.regression.design import CODES, Calls, Levels, PairTable
from judgeaudit.regression.logit import fit_logit
from judgeaudit.regression.matrices import CODED, utility_design
from judgeaudit.regression.panels import convene, self_preference
from judgeaudit.regression.population import SIX, bare_calls
from judgeaudit.regression.reliability import assess

JUDGES = {"gpt": (2.0, 0.4, 0.1), "claude": (2.5, 0.2, 0.0), "llama": (0.6, 1.2, 0.8), "tiny": (0.1, 0.9, 1.5)}
"""What each simulated judge pays for truth, style and the first position, in log odds."""
THREADS = "OPENBLAS_NUM_THREADS"
FACETS, KINDS, DOMAINS, TEMPLATES = 8, 6, 5, 24


def simulate(n_items: int, seed: int) -> list[Calls]:
    """Draw four judges' verdicts on six pairs an item in both orders."""
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(n_items), 6)
    contrast = np.tile([CODES[c] for c in SIX], n_items)
    pairs = pair_table(contrast, item)
    pair, s = np.repeat(np.arange(6 * n_items), 2), np.tile([1, -1], 6 * n_items)
    coding = CODED[contrast[pair]]
    leaning = rng.normal(0, 0.5, n_items)[item[pair]]
    found = []
    for judge, (truth, style, position) in JUDGES.items():
        eta = truth * coding[:, 0] + (style + leaning) * coding[:, 1] + position * s
        y = (rng.random(len(pair)) < 1 / (1 + np.exp(-eta))).astype(float)
        y[rng.random(len(pair)) < 0.05] = 0.5
        found.append(bare_calls(pairs, pair, s, y, judge=judge))
    return found


def pair_table(contrast: Any, item: Any) -> PairTable:
    """Return pairs whose facet, kind of error, domain and template go by their item."""
    of_style, of_fact = (CODED[contrast, k] != 0 for k in (1, 0))
    facet = np.where(of_style, item % FACETS, -1)
    loading = np.zeros((len(item), FACETS))
    differs = np.flatnonzero(of_style)
    wordings = tuple(f"t{i}" for i in range(TEMPLATES))
    loading[differs, facet[differs]] = CODED[contrast[differs], 1]
    return PairTable(
        ids=tuple(f"{i:07d}" for i in range(len(item))),
        contrast=contrast,
        cluster=Levels(item, ()),
        domain=Levels(item % DOMAINS, tuple(f"d{i}" for i in range(DOMAINS))),
        factor=Levels(np.zeros_like(item), ("",)),
        facet=Levels(facet, tuple(f"f{i}" for i in range(FACETS))),
        kind=Levels(np.where(of_fact, item % KINDS, -1), tuple(f"k{i}" for i in range(KINDS))),
        template=Levels(np.where(of_style, item % TEMPLATES, -1), wordings),
        dose=np.where(of_style, 1 + item % 3, 0),
        loading=loading,
        facets=tuple(f"f{i}" for i in range(FACETS)),
        templates=tuple(Levels(np.where(facet == f, item % TEMPLATES, -1), wordings) for f in range(FACETS)),
    )


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of ``work`` and what it returned."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def statsmodels_fit(judges: list[Calls]) -> Any:
    """Fit all judges at once: judge x (position, truth, style, product), clustered by item."""
    from statsmodels.discrete.discrete_model import Logit

    designs = [utility_design(calls) for calls in judges]
    X = np.zeros((sum(len(d.y) for d in designs), 4 * len(designs)))
    row = 0
    for k, d in enumerate(designs):
        X[row : row + len(d.y), 4 * k : 4 * k + 4] = d.X
        row += len(d.y)
    y, groups = np.concatenate([d.y for d in designs]), np.concatenate([d.cluster for d in designs])
    return cpu(lambda: Logit(y, X).fit(disp=0, cov_type="cluster", cov_kwds={"groups": groups}, use_t=True, tol=1e-12))


def every_estimate(judges: list[Calls]) -> int:
    """Make every estimate of an audit with a panel and a family suspected of self-preference; return how many."""
    panel = convene(judges, Panel(name="panel", of=tuple(calls.judge for calls in judges), by="majority"))
    measured = [*judges, panel]
    made = adjust_families({calls.judge: measure_judge(calls, 0.1) for calls in measured})
    for calls in measured:
        assess(calls)
    self_preference(judges[0], judges[1:], judges[0].pairs.ids[::6])
    return sum(map(len, made.values())) + len(compare(measured, 0.1)) + 1


def naive_bootstrap(design: Any, replicates: int, seed: int) -> Any:
    """Refit statsmodels on resampled clusters, one replicate at a time."""
    from statsmodels.discrete.discrete_model import Logit

    rng = np.random.default_rng(seed)
    order = np.argsort(design.cluster, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(design.cluster[order])) + 1)
    found = []
    for _ in range(replicates):
        rows = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        found.append(Logit(design.y[rows], design.X[rows]).fit(disp=0, tol=1e-12).params)
    return np.array(found)


def main() -> None:
    """Print the table of the benchmark."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--verdicts", type=int, default=1_000_000)
    parser.add_argument("--naive", type=int, default=20, help="naive bootstrap refits to time")
    args = parser.parse_args()
    if os.environ.get(THREADS) != "1":
        again = [sys.executable, "-m", "benchmarks.bench_fit", *sys.argv[1:]]
        raise SystemExit(subprocess.run(again, env=os.environ | {THREADS: "1"}, check=False).returncode)
    warnings.simplefilter("error")
    judges = simulate(-(-args.verdicts // 48), 7)
    items = judges[0].pairs.cluster.codes[-1] + 1
    print(f"{sum(map(len, judges)):,} verdicts of {len(judges)} judges on {items:,} items")
    every_estimate(simulate(50, 7))  # imports are nobody's work
    before = peak_mb()
    ours, fits = cpu(lambda: [fit_logit(utility_design(calls)) for calls in judges])
    everything, made = cpu(lambda: every_estimate(judges))
    memory = peak_mb()
    theirs, oracle = statsmodels_fit(judges)
    params = np.concatenate([fit.params for fit in fits])
    errors = np.concatenate([np.sqrt(np.diag(fit.covs[0].matrix)) for fit in fits])
    print(f"statsmodels Logit, 4 judges, clustered   {theirs:8.2f} CPU s")
    print(f"the same fit here                        {ours:8.2f} CPU s   {theirs / ours:6.1f} x faster")
    print(f"all {made} estimates                        {everything:8.2f} CPU s   {everything / theirs:6.2f} of that")
    # One fit of all judges is corrected for all rows and 16 columns, a fit of each for its own rows and 4.
    rows = np.repeat([len(calls) for calls in judges], 4)
    correction = np.sqrt((rows - 1) / (rows - 4) * (rows.sum() / 4 - 16) / (rows.sum() / 4 - 1))
    gap, error_gap = np.abs(params - oracle.params).max(), np.abs(errors / (oracle.bse * correction) - 1).max()
    print(f"coefficients differ by {gap:.1e}, errors by {error_gap:.1e} relative (small-sample factors set equal)")
    print(f"peak memory {memory:.0f} MB after every estimate ({before:.0f} MB with the table and the libraries)")
    bench_bootstrap(args.naive)


def bench_bootstrap(naive: int) -> None:
    """Print the cost and accuracy of 1,000 bootstrap replicates of an audit of ordinary size."""
    design = utility_design(simulate(200, 3)[0])
    fast, draws = cpu(lambda: cluster_bootstrap(design, 1000, seed=1))
    slow, _ = cpu(lambda: naive_bootstrap(design, naive, 1))
    print(f"1,000 bootstrap replicates, {len(design.y):,} rows {fast:8.3f} CPU s   "
          f"{slow / naive * 1000 / fast:6.0f} x faster than naive refits ({naive} timed)")  # fmt: skip
    print(f"bootstrap standard errors {np.round(draws.std(axis=0, ddof=1), 4).tolist()}")


def peak_mb() -> float:
    """Return the peak resident memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
