"""What the verbs do that make pairs and have a person read them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from judgeaudit.config import DesignConfig, load_config
from judgeaudit.errors import ConfigError, UsageError
from judgeaudit.formats import read_pairs, write_pairs, write_review
from judgeaudit.items import load_items
from judgeaudit.pipeline import make_pairs, read_opinions
from judgeaudit.records import Estimate, Pair
from judgeaudit.rewriting import rewrite_items

Say = Callable[[str], None]
CONFIGURATIONS = (".yaml", ".yml")
MOST_REASONS = 5
"""How many reasons for what could not be made are told, the most frequent first."""


def make_file(items: str, out: Path, seed: int | None, review: Path | None, rows: int, say: Say) -> None:
    """Make, check and write pairs, and a review sheet where one is wanted; says what was dropped and why."""
    if review is not None and review.resolve() == out.resolve():
        raise UsageError(f"--review: {review} is the file of the pairs too; give the sheet a name of its own")
    skipped = Counter[str]()
    if items.endswith(CONFIGURATIONS):
        made = _configured(Path(items), out, seed, skipped, say)
    else:
        made = make_pairs(load_items(items), DesignConfig(seed=seed or 0), skipped)
    kept = [pair for pair in made if pair.check is None or pair.check.passed]
    reasons = Counter(reason for pair in made if pair.check for reason in pair.check.reasons)
    why = "".join(f"; {reason}: {n}" for reason, n in sorted(reasons.items()))
    if not kept:
        causes = [reason for reason, _ in skipped.most_common(1)] or ["the contrasts asked for need more than was made"]
        raise UsageError(
            f"{items}: no pair could be made of these items; {len(made)} dropped by the check{why}. {causes[0]}. "
            "Nothing was written; ask for other facets, kinds of error or contrasts, or give other items"
        )
    write_pairs(kept, out)
    say(f"wrote {len(kept)} pairs to {out}; {len(made) - len(kept)} dropped{why}")
    for reason, n in skipped.most_common(MOST_REASONS):
        say(f"left out, {n} times: {reason}")
    if review is not None:
        written = write_review(kept, review, n=rows, seed=seed or 0)
        say(f"wrote {written} rows to {review}; fill in the two columns, then: judgeaudit review {review} {out}")


def _configured(path: Path, out: Path, seed: int | None, skipped: Counter[str], say: Say) -> list[Pair]:
    """Return the pairs that a configuration would ask its judges about, those a model writes among them."""
    config = load_config(path)
    design = config.design if seed is None else config.design.model_copy(update={"seed": seed})
    items = load_items(config.items)
    made = make_pairs(items, design, skipped)
    if config.rewrites is None:
        return made
    judges = [judge.model for judge in config.judges]
    cache_dir = out.with_name(out.name + ".rewrites")
    rewrites = rewrite_items(items, config.rewrites, judges, seed=design.seed, cache_dir=cache_dir)
    counts = rewrites.provenance["counts"]
    ends = ", ".join(f"{counts[name]} {name.replace('_', '-')}" for name in ("kept", "no_op", "leak", "unverifiable"))
    why = "".join(f"; {reason}: {n}" for reason, n in counts["reasons"].items())
    say(f"{config.rewrites.writer.model} wrote {counts['generated']}: {ends}{why}")
    return [*made, *rewrites.pairs]


def read_sheet(sheet: Path, pairs: Path, as_json: bool, say: Say) -> None:
    """Say what a filled-in review sheet shows of the pairs it was drawn from."""
    source = pairs / "pairs.jsonl" if pairs.is_dir() else pairs
    shares = read_opinions(sheet, read_pairs(source))
    if not any(share.n for share in shares.values()):
        raise ConfigError(f"{sheet}: no row is filled in; answer both questions of a row, or leave it blank")
    if as_json:
        say(json.dumps({arm: share.model_dump(mode="json") for arm, share in shares.items()}, indent=2))
        return
    for arm, share in shares.items():
        say(f"{arm}: {_sentence(share)}")
    say(f"to correct truth sensitivity for it, put into the configuration:  review: {sheet}")


def _sentence(share: Estimate) -> str:
    if share.estimate is None or share.conf_low is None or share.conf_high is None:
        return share.note
    found = f"{1 - share.estimate:.1%} of {share.n} pairs are what they claim to be"
    interval = f"[{1 - share.conf_high:.1%}, {1 - share.conf_low:.1%}]"
    return f"{found} {interval}" + (f"; {share.note}" if share.note else "")
