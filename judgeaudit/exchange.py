"""What goes out of a run to be used elsewhere, and what comes back: provider batches, and verdicts as rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from judgeaudit.collection import BatchPlan, Collected, Exported, collect, export
from judgeaudit.config import Config
from judgeaudit.errors import StoreDamagedError, StoreError, UsageError
from judgeaudit.formats import read_pairs, write_rows
from judgeaudit.manifest import FILE, read_manifest, recall_verdicts
from judgeaudit.pipeline import lay_out
from judgeaudit.records import Record, Verdict
from judgeaudit.verdicts import VerdictStore, flat_row


def export_batch(config: Config, out: str | Path) -> tuple[list[Exported], list[str]]:
    """Write the calls that a run of this configuration would make next as files for a provider's batch interface.

    Parameters
    ----------
    config
        What `load_config` returned.
    out
        The run directory; the files go into ``batches`` in it.

    Returns
    -------
    tuple
        The files, and the names of the judges that cannot be asked by batch.

    Raises
    ------
    ConfigError
        When no judge can be asked by batch.
    """
    with _batch_plan(config, Path(out)) as (batch, store):
        return export(batch, store, Path(out) / "batches"), batch.left_out


def collect_batch(config: Config, out: str | Path, files: Sequence[str | Path]) -> Collected:
    """Read the files that a provider's batch interface returned into the store of a run, which then lacks that less.

    Parameters
    ----------
    config, out
        As for `export_batch`.
    files
        Result files, of replies or of errors, in any order.

    Raises
    ------
    PairError
        When a file cannot be read; nothing was stored.
    """
    with _batch_plan(config, Path(out)) as (batch, store):
        return collect(batch, store, [Path(file) for file in files])


@contextlib.contextmanager
def _batch_plan(config: Config, out: Path) -> Iterator[tuple[BatchPlan, VerdictStore]]:
    wanted = config.collect.model_dump(include={"orders", "replicates", "precision"})
    settings = config.collect.model_dump(exclude={"max_cost_usd"})  # no cap is held over a provider's batches
    with lay_out(config, out, False, settings) as (judges, pairs, store, _, _):
        yield BatchPlan(pairs, judges, seed=config.design.seed, **wanted), store


class ExportedRows(Record):
    """What an export has written, and what it has not."""

    written: int
    outdated: int = 0
    """Verdicts of the store that are not of the present plan: on earlier prompts or answers, or by earlier readings."""
    damaged: int = 0
    """Verdicts of the store that could not be read."""
    salvaged: bool = False
    """The store is damaged, so that all that can still be read was written, and not the present plan alone."""


def export_verdicts(path: str | Path, out: str | Path, *, everything: bool = False) -> ExportedRows:
    """Write the verdicts of a run as rows: JSONL, CSV or Parquet, by the ending of the file.

    Parameters
    ----------
    path
        A run directory, or a store.
    out
        The file, which appears whole or not at all.
    everything
        Write all that the store holds, also on earlier prompts and answers, and by earlier readings; so it is where
        there is a store and no run, and where the store is damaged: then what can still be read is written.

    Raises
    ------
    UsageError
        For another ending, or Parquet without its extra.
    StoreError
        When there is no store, nothing in it can be read, or the present plan cannot be told.
    """
    folder, salvaged = Path(path), False
    with VerdictStore.open(folder) as store:
        if not everything and (folder / FILE).exists():
            try:
                said = _said(folder)
                outdated = len(store.keys() - {verdict.trial.key for verdict in said})
            except StoreDamagedError:
                salvaged = True
            else:
                rows = (flat_row(verdict) for verdict in said if verdict.outcome != "missing")
                return ExportedRows(written=write_rows(rows, Path(out)), outdated=outdated)
        written = write_rows(store.rows(), Path(out))
        return ExportedRows(written=written, damaged=store.damaged, salvaged=salvaged)


def _said(folder: Path) -> list[Verdict]:
    """Return the verdicts of the present plan of a run."""
    try:
        manifest, pairs = read_manifest(folder), read_pairs(folder / "pairs.jsonl")
    except UsageError as error:
        raise StoreError(
            f"{error}; or export with --all (everything=True), which writes all that the store holds"
        ) from error
    return recall_verdicts(folder, pairs, manifest)
