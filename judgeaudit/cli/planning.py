"""What ``judgeaudit plan`` prints: calls, tokens, dollars, minutes, and what could be detected."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from judgeaudit import pipeline
from judgeaudit.collection import Forecast, check_request, forecast
from judgeaudit.config import Config
from judgeaudit.gates import load_policy
from judgeaudit.items import load_items
from judgeaudit.judges import as_judge
from judgeaudit.records import CROSSED, Contrast
from judgeaudit.regression import detectable, items_needed
from judgeaudit.rewriting import planned_tasks

TERMS = {
    "truth_sensitivity": "truth sensitivity",
    "style_reward": "style reward",
    "conflict_failure": "conflict failure",
}


def show_plan(config: Config, as_json: bool, say: Callable[[str], None], kind: str) -> None:
    """Print what a run would ask, what it would cost, and what it could tell of a kind of judge; ask nothing."""
    load_policy(config.gates or None, where="gates of the configuration")
    judges = [as_judge(spec) for spec in config.judges]
    settings = config.collect.model_dump()
    check_request(judges, **{**settings, "max_cost_usd": None})
    made = pipeline.make_pairs(load_items(config.items), config.design)
    kept = [pair for pair in made if pair.check is None or pair.check.passed]
    collect = config.collect
    rows = forecast(
        kept, judges, orders=collect.orders, replicates=collect.replicates, concurrency=collect.concurrency,
        seed=config.design.seed,
    )  # fmt: skip
    items = len({pair.cluster or pair.item_id for pair in kept})
    contrasts = [c for c in CROSSED if any(pair.contrast == c for pair in kept)]
    effects = detectable(items, kind=kind, orders=collect.orders, contrasts=contrasts) if items > 1 else []
    if as_json:
        say(json.dumps({
            "items": items, "pairs": len(kept), "dropped": len(made) - len(kept),
            "judges": [{"name": row.judge, **row.model_dump(exclude={"judge"})} for row in rows],
            "expected_judge": kind,
            "detectable": {e.term: {"half_width": e.half_width, "minimum": e.minimum_detectable} for e in effects},
        }, indent=2))  # fmt: skip
        return
    say(f"{items} items, {len(kept)} pairs ({len(made) - len(kept)} dropped by the manipulation check)")
    for row in rows:
        say(sentence(row))
    for line in total_lines(rows, None if collect.precision else collect.max_cost_usd):
        say(line)
    for line in stopping_lines(config, items, contrasts, kind):
        say(line)
    if config.rewrites is not None:
        n = len(planned_tasks(load_items(config.items), config.rewrites, config.design.seed))
        say(f"{config.rewrites.writer.model} writes more pairs first: {n} changes, 1 to 4 calls each, not in the above")
    for effect in effects:
        if effect.term in TERMS:
            say(
                f"{TERMS[effect.term]}: to about ±{100 * effect.half_width:.0f} points, so "
                f"{100 * effect.minimum_detectable:.0f} can be told from none (a {kind} judge, 80 % power)"
            )
    check_request(judges, **settings)  # what a run would refuse for its cap, when all the rest is told


def stopping_lines(config: Config, items: int, contrasts: Sequence[Contrast], kind: str) -> Iterator[str]:
    """Say when a run that stops as soon as it is precise would stop asking, for a kind of judge."""
    for term, target in config.collect.precision.items():
        known = [plan.term for plan in detectable(2, kind=kind, contrasts=contrasts)]
        if term in known:
            needed = items_needed(target, term, kind=kind, orders=config.collect.orders, contrasts=contrasts).items
            when = f"after about {needed} of {items} items" if needed < items else f"not within {items} items"
            yield f"{term} to ±{100 * target:g} points: {when} (a {kind} judge); the calls above are the most"


def total_lines(rows: Sequence[Forecast], cap: float | None) -> Iterator[str]:
    """Say what all judges would cost together, and whether the cap of the configuration is enough."""
    expected = [row.expected_cost_usd for row in rows if row.expected_cost_usd is not None]
    if len(rows) > 1:
        money = f"about ${sum(expected):.2f}" if len(expected) == len(rows) else "price unknown"
        yield f"together: {sum(row.calls for row in rows):,} calls, {money}"
    if cap is not None and sum(expected) > cap:
        yield f"max_cost_usd: ${cap:g} will not be enough: what is left then is missing, and a later run asks it"


def sentence(row: Forecast) -> str:
    """Say what one judge would be asked, in a line."""
    tokens = f", about {row.prompt_tokens:,} + {row.completion_tokens:,} tokens" if row.prompt_tokens else ""
    return f"{row.judge}: {row.calls:,} calls{tokens}, {_cost(row)}, about {max(row.minutes, 0.1):.1f} min"


def _cost(row: Forecast) -> str:
    if row.expected_cost_usd is None:
        return "price unknown (state it as price: [prompt, completion] in $ per million tokens)"
    if row.max_cost_usd == 0:
        return "free"
    most = "no limit on a reply"
    if row.max_cost_usd is not None:
        most = f"${row.max_cost_usd:.2f} with the longest replies"
    batch = f", batch ${row.batch_cost_usd:.2f}" if row.batch_cost_usd else ""
    return f"about ${row.expected_cost_usd:.2f} ({most}{batch})"
