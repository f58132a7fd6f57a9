"""What goes out of a run to be used elsewhere, and what comes back: provider batches, and verdicts as rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from judgeaudit.collection import BatchPlan, Collected, Exported, collect, export
from judgeaudit.config import Config
from judgeaudit.formats import write_rows
from judgeaudit.pipeline import lay_out
from judgeaudit.verdicts import VerdictStore


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
    batch, path = _batch_plan(config, out)
    with VerdictStore.create(path) as store:
        return export(batch, store, path / "batches"), batch.left_out


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
    batch, path = _batch_plan(config, out)
    with VerdictStore.create(path) as store:
        return collect(batch, store, [Path(file) for file in files])


def _batch_plan(config: Config, out: str | Path) -> tuple[BatchPlan, Path]:
    judges, pairs, path, _, _ = lay_out(config, Path(out), fresh=False)
    wanted = config.collect.model_dump(include={"orders", "replicates", "precision"})
    return BatchPlan(pairs, judges, seed=config.design.seed, **wanted), path


def export_verdicts(path: str | Path, out: str | Path) -> tuple[int, int]:
    """Write every verdict of a run as one row: JSONL, CSV or Parquet, by the ending of the file.

    Returns
    -------
    tuple
        How many rows were written, and how many the store could not read, since they are damaged.

    Raises
    ------
    UsageError
        For another ending, or Parquet without its extra.
    StoreError
        When there is no store, or nothing in it can be read.
    """
    with VerdictStore.open(path) as store:
        written = write_rows(store.rows(), Path(out))
        return written, store.damaged
