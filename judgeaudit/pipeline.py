"""The whole story on one screen: the only module that knows the order of the rooms."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from judgeaudit import __version__, reports
from judgeaudit.checks import verify
from judgeaudit.collection import Progress, ask, check_request, plan
from judgeaudit.config import Config, DesignConfig
from judgeaudit.errors import BudgetError, StoreError
from judgeaudit.formats import read_pairs, read_review, write_pairs
from judgeaudit.gates import gate, load_policy
from judgeaudit.items import load_items
from judgeaudit.judges import AnyJudge, Judge, as_judge
from judgeaudit.judges.parsing import PARSER_VERSION
from judgeaudit.manifest import (
    check_current,
    provenance_of,
    read_from_now_on,
    read_manifest,
    recall_verdicts,
    recorded_judges,
    write_manifest,
)
from judgeaudit.perturbations import perturb
from judgeaudit.records import Audit, Estimate, Item, Pair, Panel, Verdict
from judgeaudit.regression import fit, invalid_share
from judgeaudit.rewriting import rewrite_items
from judgeaudit.verdicts import Crash, Lock, VerdictStore, store_file


@dataclass(frozen=True)
class Run:
    """A finished run: what was asked, what was said, and what it means."""

    path: Path
    """The run directory."""
    pairs: tuple[Pair, ...]
    """Every pair made, those that failed the manipulation check among them."""
    verdicts: tuple[Verdict, ...]
    audit: Audit
    command: str = ""
    """What made it, to be typed again."""

    @property
    def exit_status(self) -> int:
        """0 when every cell was answered, 4 when the budget was reached, 3 when cells are missing."""
        missing = [verdict for verdict in self.verdicts if verdict.outcome == "missing"]
        if any(verdict.reason == "budget" for verdict in missing):
            return BudgetError.exit_status
        return 3 if missing else 0


def audit(
    items: str | Path | Sequence[Item],
    judges: Iterable[AnyJudge],
    *,
    seed: int = 0,
    n_items: int | None = None,
    store: str | Path | None = None,
    margin: float = 0.10,
    panels: Sequence[Panel] = (),
    **collect: Any,
) -> Audit:
    """Measure how much each judge pays for style and how much for truth, in one call.

    Parameters
    ----------
    items
        A shipped set, a path, or items that were loaded before.
    judges
        Model strings, specifications, or judges.
    seed
        Decides which treatment and error each item gets, and the order of display.
    n_items
        How many items to use; all of them for None.
    store
        A run directory, so that nothing is asked twice; None keeps nothing.
    margin
        Half-width of the band of net preference that counts as negligible.
    panels
        Judges that decide together, each measured as one more judge.
    **collect
        Passed on to `ask`: ``orders``, ``replicates``, ``concurrency``, ``max_cost_usd`` ...

    Raises
    ------
    JudgeAuditError
        As the steps do; see `load_items`, `perturb`, `ask` and `fit`.
    """
    source = load_items(items) if isinstance(items, str | Path) else items
    reached = [as_judge(judge) for judge in judges]
    pairs = verify(perturb(source, seed=seed, n_items=n_items))
    verdicts = ask(pairs, reached, store=store, seed=seed, **collect)
    return _fit(pairs, verdicts, reached, margin, panels, run_id="", provenance={"seed": seed})


def make_pairs(items: Sequence[Item], design: DesignConfig, skipped: Counter[str] | None = None) -> list[Pair]:
    """Make and verify the pairs of a design; reasons for what could not be made are counted in ``skipped``."""
    counted = Counter[str]() if skipped is None else skipped
    settings = design.model_dump(exclude={"items"})
    made = perturb(items, n_items=design.items, skipped=lambda _, reason: counted.update([reason]), **settings)
    return verify(made)


def read_opinions(sheet: str | Path, pairs: Sequence[Pair]) -> dict[str, Estimate]:
    """Return what a filled-in review sheet says of pairs: the share of invalid ones, ``style`` and ``fact`` apart.

    The ``fact`` share is what `fit` takes as ``validity``.

    Raises
    ------
    PairError
        When the sheet cannot be read, or was not drawn from these pairs.
    """
    opinions = read_review(Path(sheet), pairs)
    shares = {}
    for arm in ("style", "fact"):
        own = [opinion.valid for opinion in opinions if opinion.arm == arm]
        decided = [valid for valid in own if valid is not None]
        shares[arm] = invalid_share(decided, len(own) - len(decided), term=f"invalid_share.{arm}")
    return shares


def run(
    config: Config,
    out: str | Path,
    *,
    max_cost_usd: float | None = None,
    fresh: bool = False,
    progress: Callable[[Progress], None] | None = None,
    command: str = "",
) -> Run:
    """Run a configuration into a directory: pairs, verdicts, audit and report; a second run asks only what is missing.

    Parameters
    ----------
    config
        What `load_config` returned.
    out
        The run directory, made where it is missing.
    max_cost_usd
        Overrides the configuration's cap, in US dollars.
    fresh
        Start over: an earlier run in this directory is moved aside, never deleted.
    progress
        Called with snapshots while judges are asked.
    command
        What makes this run again, for the page to show; kept in the manifest and not in ``audit.json``, whose bytes
        depend on what was measured and not on where.

    Raises
    ------
    UsageError
        For anything in the configuration, items, prompts or directory that cannot be used; nothing was asked.
    StoreLockedError
        When another process is at work in this directory, which stays where it is.
    """
    policy = load_policy(config.gates or None, where="gates of the configuration")
    settings, path = config.collect.model_dump(), Path(out)
    if max_cost_usd is not None:
        settings["max_cost_usd"] = max_cost_usd
    with lay_out(config, path, fresh, settings) as (judges, pairs, store, skipped, more):
        shares = dict[str, Estimate]() if config.review is None else read_opinions(config.review, pairs)
        if shares:
            more["review"] = {arm: share.model_dump(mode="json") for arm, share in shares.items()}
        provenance = provenance_of(config, pairs, judges, skipped, more, __version__)
        write_manifest(path, {"command": command, **provenance})
        write_pairs(pairs, path / "pairs.jsonl")
        verdicts = ask(pairs, judges, store=store, seed=config.design.seed, progress=progress, **settings)
        result = _fit(
            pairs, verdicts, judges, config.margin, config.panels, provenance["run_id"], provenance, shares.get("fact")
        )
        result = _with_precision(result, pairs, config, judges)
        findings = tuple(gate(result, policy))
        judged = result.model_copy(update={"findings": findings})
        return _leave_behind(Run(path, tuple(pairs), tuple(verdicts), judged, command), _told(store.crashes()))


@contextlib.contextmanager
def lay_out(
    config: Config, out: Path, fresh: bool, settings: Mapping[str, Any]
) -> Iterator[tuple[list[Judge], list[Pair], VerdictStore, Counter[str], dict[str, Any]]]:
    """Give judges, pairs and store of a run, what could not be made, and what is to be said of its making.

    Settings that `ask` would refuse are refused before anything is touched. Until the block ends, nobody else is at
    work in its directory.
    """
    judges = [as_judge(spec) for spec in config.judges]
    check_request(judges, **settings)
    items = load_items(config.items)
    skipped = Counter[str]()
    pairs = make_pairs(items, config.design, skipped)
    more: dict[str, Any] = {"guessed_share": _guessed_share(items, pairs)}
    if config.review is not None and config.rewrites is None:
        read_opinions(config.review, pairs)  # for what it refuses
    _open_directory(out, fresh)
    with VerdictStore.create(out) as store:
        if config.rewrites is not None:
            models = [judge.model for judge in judges]
            cache = out / "rewrites"
            rewrites = rewrite_items(items, config.rewrites, models, seed=config.design.seed, cache_dir=cache)
            pairs += rewrites.pairs
            more["rewrites"] = rewrites.provenance
        yield judges, pairs, store, skipped, more


def history(path: str | Path) -> str:
    """Say what became of a run that its measurements do not show: crashes, and what they may have cost; "" for nothing.

    Raises
    ------
    StoreError
        When the directory holds no store.
    """
    with VerdictStore.open(path) as store:
        return _told(store.crashes())


def _told(crashes: Sequence[Crash]) -> str:
    calls = sum(crash.in_flight for crash in crashes)
    times = "once" if len(crashes) == 1 else f"{len(crashes)} times"
    return f"It was killed {times}: at most {calls:,} calls may have been paid twice." if crashes else ""


def spending(path: str | Path) -> str:
    """Say what counts against a cap in a run directory: what was paid, and what may have been.

    Raises
    ------
    StoreError
        When the directory holds no store.
    """
    with VerdictStore.open(path) as store:
        paid, counted = store.known_usd(), store.spent_usd()
    perhaps = f", and at most ${counted - paid:.4f} for requests that failed or were cut off by a kill"
    return f"${paid:.4f} was paid{perhaps if counted > paid else ''}: that much of max_cost_usd is used"


def load_run(path: str | Path) -> Run:
    """Load what a run left behind.

    Raises
    ------
    StoreError
        When the directory is not that of a run.
    """
    folder = _finished(Path(path))
    return _recall(folder, read_manifest(folder))


def _finished(folder: Path) -> Path:
    if not (folder / "audit.json").is_file():
        raise StoreError(
            f"{folder} holds no finished run (no audit.json); 'judgeaudit run CONFIG --out {folder}' makes one"
        )
    return folder


def _recall(folder: Path, manifest: Mapping[str, Any]) -> Run:
    pairs = tuple(read_pairs(folder / "pairs.jsonl"))
    result = check_current(folder, reports.load_audit(folder), manifest)
    verdicts = recall_verdicts(folder, pairs, manifest)
    return Run(folder, pairs, tuple(verdicts), result, manifest.get("command", ""))


def reparse(path: str | Path, config: Config | None = None) -> Run:
    """Measure a stored run again by the present parser and regression, and write its audit and page anew; ask nothing.

    Parameters
    ----------
    path
        The run directory.
    config
        A configuration whose judges say how their replies are read from now on (``reading``); None for as before.

    Raises
    ------
    StoreError
        When the directory is not that of a run; nothing in it has changed.
    StoreLockedError
        When another process is at work in it.
    """
    folder = _finished(Path(path))
    told = history(folder)  # looked up first: the last session of a store that is locked passes for one at work
    with Lock.take(store_file(folder)):
        manifest = read_manifest(folder)
        if config is not None:
            manifest = read_from_now_on(manifest, config, folder)
        before = _recall(folder, manifest)
        stated = Config.model_validate_json(json.dumps(manifest["config"]))
        shares = {} if stated.review is None else read_opinions(stated.review, before.pairs)
        provenance = {name: value for name, value in manifest.items() if name != "command"} | {"parser": PARSER_VERSION}
        judges = recorded_judges(manifest, before.audit)
        result = _fit(
            before.pairs, before.verdicts, judges, stated.margin, stated.panels, before.audit.run_id, provenance,
            shares.get("fact"),
        )  # fmt: skip
        result = _with_precision(result, before.pairs, stated, judges)
        findings = tuple(gate(result, load_policy(stated.gates or None)))
        if config is not None:
            write_manifest(folder, manifest)
        return _leave_behind(replace(before, audit=result.model_copy(update={"findings": findings})), told)


def _fit(
    pairs: Sequence[Pair], verdicts: Sequence[Verdict], judges: Sequence[Judge], margin: float,
    panels: Sequence[Panel], run_id: str, provenance: Mapping[str, Any], validity: Estimate | None = None,
) -> Audit:  # fmt: skip
    kept = [pair for pair in pairs if pair.check is None or pair.check.passed]
    return fit(
        kept, verdicts, margin=margin, panels=panels, run_id=run_id, provenance=provenance, validity=validity,
        models={judge.name: judge.model for judge in judges},
        notes={judge.name: judge.note for judge in judges if judge.note},
        dropped=Counter(reason for pair in pairs if pair.check for reason in pair.check.reasons[:1]),
    )  # fmt: skip


def _with_precision(result: Audit, pairs: Sequence[Pair], config: Config, judges: Sequence[Judge]) -> Audit:
    """Write what stopping when precise has saved, and which widths were reached, into the provenance of an audit."""
    asked = config.collect
    if not asked.precision:
        return result
    whole = Counter(
        trial.judge
        for trial in plan(pairs, judges, orders=asked.orders, replicates=asked.replicates, seed=config.design.seed)
    )
    stopped = {
        judge.name: {
            "asked": judge.counts.planned,
            "of": whole[judge.name],
            "half_widths": {term: half_width(judge.get(term)) for term in asked.precision},
        }
        for judge in result.judges
        if judge.panel is None
    }
    return result.model_copy(update={"provenance": {**result.provenance, "stopped": stopped}})


def half_width(estimate: Estimate | None) -> float | None:
    """Return half the width of an estimate's interval; None where it has none."""
    if estimate is None or estimate.conf_low is None or estimate.conf_high is None:
        return None
    return (estimate.conf_high - estimate.conf_low) / 2


def _open_directory(path: Path, fresh: bool) -> None:
    """Make the directory of a run; an earlier run in it is moved aside first, unless somebody is at work there."""
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path} is a file; name a directory for the run")
    if fresh and path.exists():
        with Lock.take(store_file(path)):
            n = 1
            while (aside := path.with_name(f"{path.name}.old-{n}")).exists():
                n += 1
            path.rename(aside)
            _make_directory(path)  # before the lock is let go of: whoever waited for it looks here again
    else:
        _make_directory(path)


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)  # judged texts and replies are nobody else's business
    except OSError as error:
        raise StoreError(f"cannot make the run directory {path} ({error.strerror})") from error


def _guessed_share(items: Sequence[Item], pairs: Sequence[Pair]) -> float:
    """Return the share of the pairs with a wrong answer whose facts were proposed and not reviewed."""
    guessed = {item.id for item in items if item.provenance == "guessed"}
    wrong = [pair.item_id in guessed for pair in pairs if not (pair.a.true and pair.b.true)]
    return sum(wrong) / len(wrong) if wrong else 0.0


def _leave_behind(done: Run, told: str) -> Run:
    """Write what other programs and people read of a run; ``told`` is its `history`."""
    reports.report(done.audit, "json", done.path / "audit.json")
    page = done.path / "report.html"
    reports.report(
        done.audit, "html", page, pairs=done.pairs, verdicts=done.verdicts, command=done.command, history=told
    )
    return done
