"""What the verbs do that run something: the main job, its plan, and the check of a file of pairs."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from judgeaudit import exchange, gates, pipeline
from judgeaudit.assets import find_asset
from judgeaudit.checks import REASONS
from judgeaudit.checks import check_file as check_pairs_file
from judgeaudit.cli.missing import missing_lines
from judgeaudit.cli.progress import Meter
from judgeaudit.config import Config, load_config
from judgeaudit.errors import BudgetError, LocalModelError
from judgeaudit.judges import as_judge
from judgeaudit.judges.local import KEY, Engine
from judgeaudit.judges.weights import fetch
from judgeaudit.manifest import check_current, policy_of
from judgeaudit.records import Audit
from judgeaudit.reports import compare, load_audit, report
from judgeaudit.reports.changes import tell, with_worsening
from judgeaudit.reports.words import finding_line

Say = Callable[[str], None]
INCONCLUSIVE = 5
"""The exit status where the data decide neither way."""


def run_and_report(
    config: Config,
    out: Path,
    command: str,
    *,
    max_cost_usd: float | None = None,
    fresh: bool = False,
    as_json: bool = False,
) -> int:
    """Run a configuration, show the summary, and return the exit status of the run and of the gates it declares."""
    with Meter() as meter:
        done = pipeline.run(config, out, max_cost_usd=max_cost_usd, fresh=fresh, progress=meter, command=command)
    if as_json:
        sys.stdout.write(report(done.audit, "json") or "")
    else:
        report(done.audit, path=done.path)
    if told := pipeline.history(done.path):
        sys.stderr.write(f"judgeaudit: {told}\n")
    if done.exit_status:
        sys.stderr.writelines(f"{line}\n" for line in missing_lines(done.verdicts))
        if done.exit_status == BudgetError.exit_status:
            sys.stderr.write(f"judgeaudit: {pipeline.spending(done.path)}\n")
        return done.exit_status
    return gates.exit_status(done.audit.findings, config.gates) if config.gates else 0


def demo_config(simulated_only: bool, say: Say) -> Config:
    """Return the shipped demo, without the embedded model where it cannot run; says so in one line."""
    config = load_config(find_asset("fixtures", "demo", ".yaml"))
    simulated = tuple(spec for spec in config.judges if spec.model.startswith("simulated/"))
    if simulated_only:
        return config.model_copy(update={"judges": simulated})
    try:
        fetch()
        for spec in config.judges:
            as_judge(spec)
    except LocalModelError as error:
        say(f"The embedded model is left out: {' '.join(str(error).split())}")
        return config.model_copy(update={"judges": simulated})
    return config


def check_file(path: Path, arm: str | None, as_json: bool, say: Say) -> int:
    """Check a file of pairs and print what was found; the status is 1 when a pair or the set gives itself away."""
    found = check_pairs_file(path, arm=arm)
    whole = found.set_report
    if as_json:
        say(found.model_dump_json(indent=2))
    else:
        say(f"{found.accepted} of {found.pairs} pairs pass the manipulation check ({found.share_accepted:.1%})")
        for reason, n in found.reasons.items():
            say(f"{n:>8}  {reason}: {REASONS[reason]}")
        for sentence in whole.sentences:
            say(sentence)
    if found.rejected or whole.status == "FAIL":
        return 1
    return 0 if whole.passed else INCONCLUSIVE


def gate_run(
    directory: Path, policy: Path | None, baseline: Path | None, on_inconclusive: str | None, as_json: bool, say: Say
) -> int:
    """Hold a run to a policy, or else to the limits it declared, and to a baseline; return the exit status."""
    limits = gates.load_policy(policy if policy is not None else policy_of(directory), on_inconclusive)
    if baseline is None:
        held = check_current(directory, load_audit(directory))
    else:
        done, limits = pipeline.load_run(directory), gates.against_baseline(limits)
        held = with_worsening(done.audit, compare(load_either(baseline), done))
    findings = gates.gate(held, limits)
    if as_json:
        say(json.dumps([finding.model_dump(mode="json") for finding in findings], indent=2))
    else:
        for finding in findings:
            say(finding_line(finding))
    return gates.exit_status(findings, limits)


def load_either(path: Path) -> pipeline.Run | Audit:
    """Load a run with all that was said in it, or an ``audit.json`` alone."""
    return pipeline.load_run(path) if path.is_dir() else load_audit(path)


def compare_runs(before: Path, after: Path, as_json: bool, say: Say) -> int:
    """Print what changed between two runs; the status is 1 when a judge got worse, 5 when it cannot be told."""
    comparison = compare(load_either(before), load_either(after))
    say(comparison.model_dump_json(indent=2) if as_json else tell(comparison).rstrip())
    return {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": INCONCLUSIVE}[comparison.status]


def serve_local_model(port: int, say: Say) -> None:
    """Serve the embedded model to OpenAI clients on loopback, until interrupted."""
    engine = Engine(fetch(), port)
    say(f"api_base: {engine.api_base}   key: {KEY}   (Ctrl-C ends it)")
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def export_batch_files(config: Config, out: Path, as_json: bool, say: Callable[[str], None]) -> None:
    """Write batch files and say where they are."""
    written, left_out = exchange.export_batch(config, out)
    if as_json:
        say(json.dumps({"files": [file.model_dump() for file in written], "left_out": left_out}, indent=2))
        return
    for file in written:
        say(f"{file.judge}: {file.requests:,} requests in {file.path}")
    if not written:
        say("nothing is left to ask by batch")
    if left_out:
        say(f"not by batch: {', '.join(left_out)}; 'judgeaudit run' asks them")


def collect_batch_files(
    config: Config, out: Path, files: Sequence[Path], as_json: bool, say: Callable[[str], None]
) -> None:
    """Read batch results and say what they held."""
    counts = exchange.collect_batch(config, out, files).model_dump()
    if as_json:
        say(json.dumps(counts, indent=2))
        return
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count)
    say(f"{told or 'no line'} of {sum(counts.values()):,}; 'judgeaudit run' asks what is missing")
