"""Asking until it is precise: items in blocks, and no more of a contrast than its effects need."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from judgeaudit.collection.board import Board, Cell
from judgeaudit.errors import ConfigError, suggest
from judgeaudit.records import Contrast, Pair, Verdict


def check_precision(precision: Mapping[str, float]) -> None:
    """Refuse targets that no interval could meet, or that name no effect.

    Raises
    ------
    ConfigError
        Naming the term and what is allowed.
    """
    if not precision:
        return
    from judgeaudit.regression.effects import terms_measured  # numpy, which a run without targets can do without

    known = terms_measured()
    for term, target in precision.items():
        if term not in known:
            hint = suggest(term, known)
            raise ConfigError(
                f"precision: {term!r} is no effect a run can stop on{hint}; there are: {', '.join(known)}"
            )
        if not 0 < target < 1:
            raise ConfigError(f"precision: {term}: {target!r} must lie between 0 and 1: half the width of the interval")


def ask_in_blocks(
    board: Board, pairs: Sequence[Pair], precision: Mapping[str, float], seed: int
) -> Iterator[list[Cell]]:
    """Come to the cells to be asked next, block by block; give those that end at once, and resume when all have ended.

    The order of the items is drawn at random, spread over the domains, the same for every judge. A look comes after 40
    items, and after every tenth from there on. A contrast is asked on while an effect that rests on it is wider than
    its target; one on which no target rests is asked about the first 40 items. Whether an interval is narrow says
    nearly nothing of where it lies, so the ordinary interval keeps its coverage.

    Parameters
    ----------
    board
        The whole plan, to be asked in blocks.
    pairs
        What is judged.
    precision
        Largest half-width by term, on the net-preference scale: ``{"style_reward": 0.10}``.
    seed
        Of the order of the items.
    """
    from judgeaudit.regression.power import looks

    items = items_in_turn(pairs, seed)
    waiting: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in board.cells:
        waiting[cell.judge.name, cell.pair.item_id].append(cell)
    judges = list(dict.fromkeys(cell.judge.name for cell in board.cells))
    wanted: dict[str, set[Contrast]] = {judge: {pair.contrast for pair in pairs} for judge in judges}
    asked: dict[str, list[Cell]] = defaultdict(list)
    done = 0
    for block, n in enumerate(looks(len(items))):
        decided = []
        for judge in judges:
            for item in items[done:n]:
                chosen = [cell for cell in waiting[judge, item] if cell.pair.contrast in wanted[judge]]
                asked[judge] += chosen
                decided += board.ask_block(block, chosen)
        yield decided
        done = n
        for judge in judges:
            if wanted[judge]:
                said = [cell.verdict for cell in asked[judge] if cell.verdict is not None]
                wanted[judge] &= still_needed(pairs, said, precision)
        if not any(wanted.values()):
            return


def still_needed(pairs: Sequence[Pair], verdicts: Sequence[Verdict], precision: Mapping[str, float]) -> set[Contrast]:
    """Return the contrasts on which an effect rests that is wider than its target."""
    from judgeaudit.regression.effects import contrasts_of
    from judgeaudit.regression.power import half_widths

    widths = half_widths(pairs, verdicts, precision)
    return {c for term, target in precision.items() if widths[term] > target for c in contrasts_of(term)}


def items_in_turn(pairs: Sequence[Pair], seed: int) -> list[str]:
    """Return the items in the order in which they are asked: at random, each domain about as often at any time.

    Examples
    --------
    >>> from judgeaudit.records import Answer
    >>> a = Answer(text="x")
    >>> pairs = [Pair(id=f"{i}", item_id=f"{i}", question="?", contrast="conflict", a=a, b=a, domain=f"d{i % 2}")
    ...          for i in range(6)]
    >>> [int(item) % 2 for item in items_in_turn(pairs, 0)][:2] in ([0, 1], [1, 0])
    True
    """
    rng = random.Random(f"items {seed}")
    by_domain: dict[str, list[str]] = defaultdict(list)
    for item, domain in sorted({(pair.item_id, pair.domain) for pair in pairs}):
        by_domain[domain].append(item)
    for members in by_domain.values():
        rng.shuffle(members)
    placed = [((k + rng.random()) / len(own), item) for own in by_domain.values() for k, item in enumerate(own)]
    return [item for _, item in sorted(placed)]
