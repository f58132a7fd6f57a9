"""Which judge is asked about which pair in which order: the plan, the same for every judge."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from judgeaudit.errors import ConfigError, PairError, suggest
from judgeaudit.judges.parsing import PARSER_VERSION
from judgeaudit.judges.protocol import Judge, reading_of
from judgeaudit.records import Order, Pair, Showing, Trial, digest, digest_row, trial_key

Orders = Literal["counterbalanced", "both"]
Screen = Literal["ab", "ba", "a", "b"]

BOTH_ORDERS_SHARE: Final = 0.225
"""Share of items whose pairs are shown in both orders under ``counterbalanced``, to measure order consistency."""


@dataclass(frozen=True, slots=True)
class Call:
    """One question put to one judge: the whole of a pairwise trial, or half of a scored one, which trials may share."""

    key: str
    """SHA-256 of all that could change the reply; the cells that need it find it by this key."""
    pair: Pair
    screen: Screen
    """Which answers are on the screen, in which order."""

    def showing(self) -> Showing:
        """Return what the judge sees."""
        return Showing(
            question=self.pair.question,
            first=self.pair.b if self.screen.startswith("b") else self.pair.a,
            second={"ab": self.pair.b, "ba": self.pair.a}.get(self.screen),
            reference=self.pair.reference,
            token=self.key[:8],
        )


class Planned(NamedTuple):
    """A trial before it is made, with the calls it is read from."""

    pair: Pair
    judge: Judge
    order: Order
    replicate: int
    content: str
    """SHA-256 of all that could change the answer."""
    calls: tuple[Call, ...]

    @property
    def key(self) -> str:
        """The key of its trial."""
        return trial_key(self.pair.id, self.judge.name, self.order, self.replicate, self.judge.protocol, self.content)


def plan(
    pairs: Sequence[Pair],
    judges: Sequence[Judge],
    *,
    orders: Orders = "counterbalanced",
    replicates: int = 1,
    seed: int = 0,
) -> list[Trial]:
    """List every cell to be asked: judge by judge, in the order of the pairs.

    Parameters
    ----------
    pairs
        What is judged; the order of the list does not change which order a pair is shown in.
    judges
        Who judges. Each gets the same pairs in the same orders; the score protocol has the one order ``ab``.
    orders
        ``counterbalanced``: one order a pair, drawn at random and balanced within domain and contrast, and both orders
        for the pairs of 20 to 25 % of the items. ``both``: both orders for every pair.
    replicates
        How often each cell is asked.
    seed
        Seed of the draw.

    Raises
    ------
    PairError, ConfigError
        When there are no pairs or judges, two share an id or a name, or a setting is not one of those allowed.

    Notes
    -----
    A second order costs about as much as it tells, and one order a pair with both on a subsample halves the calls for
    the same interval; fixed order is never used, since position would pass for preference.
    """
    planned = cells(pairs, judges, orders=orders, replicates=replicates, seed=seed)
    return [trial_of(cell.pair, cell.judge, cell.order, cell.replicate, cell.content) for cell in planned]


def cells(
    pairs: Sequence[Pair], judges: Sequence[Judge], *, orders: Orders, replicates: int, seed: int
) -> Iterator[Planned]:
    """Give every cell of the plan, judge by judge; pairs that failed their check are not asked."""
    pairs = [pair for pair in pairs if pair.check is None or pair.check.passed]
    _check(pairs, judges, orders, replicates)
    shown = draw_orders(pairs, orders, seed)
    for judge in judges:
        recipe, reading = digest(judge.recipe()), reading_of(judge)
        form = None if reading is None else reading.model_dump(mode="json")
        for pair in pairs:
            for order in ("ab",) if judge.protocol == "score" else shown[pair.id]:
                for replicate in range(replicates):
                    yield _planned(pair, judge, recipe, form, order, replicate)


def draw_orders(pairs: Sequence[Pair], orders: Orders, seed: int) -> dict[str, tuple[Order, ...]]:
    """Return the orders in which each pair is shown, by pair id."""
    if orders == "both":
        return {pair.id: ("ab", "ba") for pair in pairs}
    rng = random.Random(f"orders {seed}")
    twice = _subsample(pairs, rng)
    strata: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in sorted(pairs, key=lambda pair: pair.id):
        strata[pair.domain, pair.contrast].append(pair)
    shown: dict[str, tuple[Order, ...]] = {}
    for stratum in sorted(strata):
        members = strata[stratum]
        rng.shuffle(members)
        first: list[Order] = rng.sample(["ab", "ba"], 2)
        for position, pair in enumerate(members):
            shown[pair.id] = ("ab", "ba") if pair.item_id in twice else (first[position % 2],)
    return shown


def _subsample(pairs: Sequence[Pair], rng: random.Random) -> set[str]:
    """Draw the items shown in both orders, spread evenly over the domains."""
    items = sorted({(pair.domain, pair.item_id) for pair in pairs})
    shuffled = sorted(items, key=lambda item: (item[0], rng.random()))
    start = rng.random()
    return {
        item
        for position, (_, item) in enumerate(shuffled)
        if int(start + (position + 1) * BOTH_ORDERS_SHARE) > int(start + position * BOTH_ORDERS_SHARE)
    }


def _planned(
    pair: Pair, judge: Judge, recipe: str, form: dict[str, Any] | None, order: Order, replicate: int
) -> Planned:
    screens: tuple[Screen, ...] = ("a", "b") if judge.protocol == "score" else (order,)
    calls = tuple([_call(pair, judge, recipe, screen, replicate) for screen in screens])
    keys = [call.key for call in calls]  # what a trial is read from, and how, is its content
    content = digest_row([PARSER_VERSION, *keys]) if form is None else digest([PARSER_VERSION, form, *keys])
    return Planned(pair, judge, order, replicate, content, calls)


def trial_of(pair: Pair, judge: Judge, order: Order, replicate: int, content: str) -> Trial:
    """Return the trial of a judge about a pair."""
    return Trial(
        pair_id=pair.id,
        judge=judge.name,
        order=order,
        replicate=replicate,
        protocol=judge.protocol,
        content=content,
    )


def _call(pair: Pair, judge: Judge, recipe: str, screen: Screen, replicate: int) -> Call:
    texts = [pair.a.text if side == "a" else pair.b.text for side in screen]
    # Two pairs may share the score of a text; two pairwise cells never share a reply, or they would not be independent.
    owner = f"{pair.id} {screen}" if len(screen) == 2 else ""
    return Call(digest_row([judge.name, recipe, pair.question, pair.reference, texts, owner, replicate]), pair, screen)


def _check(pairs: Sequence[Pair], judges: Sequence[Judge], orders: str, replicates: int) -> None:
    if not pairs or not judges:
        raise ConfigError(
            f"nothing to ask: there are {len(pairs)} pairs and {len(judges)} judges; give at least one each"
        )
    if orders not in ("counterbalanced", "both"):
        hint = suggest(orders, ["counterbalanced", "both"])
        raise ConfigError(f"orders: {orders!r} is not one of counterbalanced, both{hint}")
    if replicates < 1:
        raise ConfigError(f"replicates: {replicates} is below 1; each cell is asked at least once")
    if repeated := [name for name, count in Counter(pair.id for pair in pairs).items() if count > 1]:
        raise PairError(
            f"{len(repeated)} pair ids occur more than once, the first is {repeated[0]!r}; give each its own"
        )
    if repeated := [name for name, count in Counter(judge.name for judge in judges).items() if count > 1]:
        raise ConfigError(f"two judges are named {repeated[0]!r}; give each its own name")
