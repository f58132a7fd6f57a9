"""Pairs written by a language model: where the perturbations, the manipulation check and a model meet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from judgeaudit.assets import find_asset
from judgeaudit.checks import verify
from judgeaudit.checks.apart import REPHRASED
from judgeaudit.checks.reader import Calibration, calibrate, confirm
from judgeaudit.collection.budget import Budget
from judgeaudit.config import RewriteConfig
from judgeaudit.errors import ConfigError
from judgeaudit.judges.families import family_of
from judgeaudit.judges.writer import FormWriter
from judgeaudit.perturbations import perturb
from judgeaudit.perturbations.rewrite import (
    Task,
    Written,
    count_outcomes,
    pairs_of,
    plan_tasks,
    simple_pair,
    write_one,
)
from judgeaudit.records import Item, Pair, digest

Result = TypeVar("Result")

CALIBRATED_ON = 20
"""Items whose slot pairs, of known truth, a reader is shown before it may disagree with anything."""
PROMPTS = ("style", "rephrase", "fact", "again", "reader")


@dataclass(frozen=True)
class Rewrites:
    """What a language model wrote: the pairs, and what became of every attempt."""

    pairs: tuple[Pair, ...]
    """Verified; crossed pairs that failed are among them, as everywhere."""
    provenance: dict[str, Any]
    """The writer and its family, the prompts, how all attempts ended and why, and how good the reader is."""


def rewrite_items(
    items: Sequence[Item], config: RewriteConfig, judges: Iterable[str] = (), *, seed: int = 0,
    cache_dir: Path | None = None,
) -> Rewrites:  # fmt: skip
    """Have a language model write controlled pairs, verified as ours are.

    Parameters
    ----------
    items
        Source items; they need no annotated facts.
    config
        Writer, reader, and what is to be written.
    judges
        Model strings of the judges under audit: a writer of the same family is refused.
    seed
        Decides which item gets which facet and kind of error.
    cache_dir
        Where every reply is kept, so that the same call is never paid for twice.

    Raises
    ------
    ConfigError
        When writer, reader and judges are of one family, or something cannot be used as stated; nothing was asked.
    BudgetError
        When the next call could cross ``max_cost_usd``; replies so far are kept.
    TransientError, PermanentError
        When a model cannot be reached; replies so far are kept.
    """
    _refuse_kin(config, judges)
    _ask_for_reader(config)
    tasks = planned_tasks(items, config, seed)
    return _in_a_loop(lambda: _rewrite(items, tasks, config, seed, cache_dir))


def planned_tasks(items: Sequence[Item], config: RewriteConfig, seed: int) -> list[Task]:
    """Return what the writer will be asked for; nothing is asked."""
    return plan_tasks(
        items, facets=config.facets, kinds=config.errors, doses=config.doses, n_items=config.items, seed=seed
    )


def _ask_for_reader(config: RewriteConfig) -> None:
    """Refuse to have words of substance exchanged where nobody reads what comes of it."""
    unread = [facet for facet in config.facets if facet in REPHRASED]
    if unread and config.reader is None:
        raise ConfigError(
            f"rewrites.facets: {', '.join(unread)} put other words for the same thing, and that they mean the same no "
            "rule can tell; name a reader, a model that compares what both versions claim"
        )


def _refuse_kin(config: RewriteConfig, judges: Iterable[str]) -> None:
    """Refuse a writer that would be judged, or checked, by its own kind (self-preference)."""
    family = family_of(config.writer.model)
    for model in judges:
        if family_of(model) == family:
            raise ConfigError(
                f"rewrites.writer: {config.writer.model!r} is of the same family ({family}) as the judge {model!r}, "
                "and a judge may favour what its own kind wrote; name a writer from another family"
            )
    if config.reader is not None and family_of(config.reader.model) == family:
        raise ConfigError(
            f"rewrites.reader: {config.reader.model!r} is of the writer's family ({family}); a second opinion must "
            "come from another one"
        )


async def _rewrite(
    items: Sequence[Item], tasks: Sequence[Task], config: RewriteConfig, seed: int, cache_dir: Path | None
) -> Rewrites:
    budget = None if config.max_cost_usd is None else Budget(config.max_cost_usd)
    model = config.writer.model
    async with AsyncExitStack() as stack:
        writer = FormWriter(config.writer, cache_dir, budget)
        stack.push_async_callback(writer.close)
        reader = None if config.reader is None else FormWriter(config.reader, cache_dir, budget)
        if reader is not None:
            stack.push_async_callback(reader.close)
        written = await _together(write_one(task, writer.fill, reasons_against, model) for task in tasks)
        calibration = None
        if reader is not None:
            known = _known_pairs(items, seed)
            views = await _together(confirm(pair, reader.fill) for pair in known)
            calibration = calibrate(zip(known, views, strict=True))
            written = await _together(_second_opinion(w, calibration, reader, model) for w in written)
    provenance = {
        "writer": writer.recipe(), "family": family_of(model), "cost_usd": writer.cost_usd,
        "prompts_sha256": digest([find_asset("prompts", f"rewrite/{p}", ".md").read_text("utf-8") for p in PROMPTS]),
        "counts": count_outcomes(written).model_dump(mode="json"),
    }  # fmt: skip
    if reader is not None and calibration is not None:
        provenance["reader"] = {
            **reader.recipe(), "cost_usd": reader.cost_usd, "calibration": calibration.model_dump(mode="json")
        }  # fmt: skip
    return Rewrites(tuple(verify(pairs_of(written, model, seed=seed))), provenance)


def reasons_against(pair: Pair) -> set[str]:
    """Return the reason codes against a pair that a model wrote: by its edits, and again by its bare texts."""
    bare = pair.model_copy(update={"reference": "", "edits_a": (), "edits_b": ()})
    by_edits, by_text = (set(checked.check.reasons) if checked.check else set() for checked in verify([pair, bare]))
    return by_edits | (by_text - {"content", "order"} if _rephrased(pair) else by_text)


def _rephrased(pair: Pair) -> bool:
    """Return whether one of the answers puts other words for the same thing."""
    return any(style.facet in REPHRASED for style in (*pair.a.style, *pair.b.style))


def _known_pairs(items: Sequence[Item], seed: int) -> list[Pair]:
    """Return pairs of known truth, made by slots from the same items, to measure a reader on."""
    annotated = [item for item in items if item.facts]
    if not annotated:
        return []
    made = perturb(
        annotated, contrasts=["style_true", "fact_plain"], n_items=min(CALIBRATED_ON, len(annotated)), seed=seed
    )
    return [pair for pair in verify(made) if pair.check and pair.check.passed]


async def _second_opinion(written: Written, calibration: Calibration, reader: FormWriter, model: str) -> Written:
    """Drop a kept change that a fit reader disputes, and one that needs a reader and has no fit one."""
    if written.change is None:
        return written
    pair = simple_pair(written.task, written.change, model)
    fit = calibration.may_vouch if _rephrased(pair) else calibration.may_decide(pair)
    if (fit and await confirm(pair, reader.fill)) or (not fit and not _rephrased(pair)):
        return written
    return replace(written, outcome="unverifiable", change=None, reasons=("disputed" if fit else "unread",))


async def _together(doings: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Do several things at once and return their results in order; the first failure ends all of them."""
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(doing) for doing in doings]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in running]


def _in_a_loop(start: Callable[[], Coroutine[Any, Any, Rewrites]]) -> Rewrites:
    """Run to the end in an event loop of our own, in a thread of its own where one is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(start())
    with ThreadPoolExecutor(1, thread_name_prefix="judgeaudit-rewrite") as pool:
        return pool.submit(lambda: asyncio.run(start())).result()
