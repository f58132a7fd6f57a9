"""The gallery: the pairs that did most damage, what differs between their answers, and what every judge replied."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from markupsafe import Markup, escape

from judgeaudit.records import Answer, Contrast, Pair, Verdict

MOST = 12
LONGEST = 4000
"""Characters of one text on the page; the whole stands in the run directory."""
ALL_REPLIES, SHORTEST = 300_000, 200
"""Characters of all replies on the page together, and the fewest of one."""
WEIGHTS: Mapping[Contrast, float] = {"conflict": 1.0, "fact_styled": 0.8, "concord": 0.7, "fact_plain": 0.6}
"""What it costs to be wrong, by contrast; a pair on which nobody can be wrong does no damage."""
PLACES = ("ab", "ba")
TOKENS = re.compile(r"[^\W_]+|\s+|[^\w\s]|_")
UNPRINTABLE = re.compile("[\x00\ud800-\udfff]")


class Exhibit(NamedTuple):
    """One pair on the wall."""

    pair: Pair
    damage: float
    """Weighted share of the verdicts against the right answer, summed over judges."""
    fooled: tuple[str, ...]
    """Judges that preferred the wrong answer."""
    a: Markup
    b: Markup
    verdicts: tuple[Verdict, ...]


def choose(pairs: Sequence[Pair], verdicts: Sequence[Verdict], most: int = MOST) -> list[Exhibit]:
    """Return the most damaging pairs, at most one of each item before any item comes twice.

    Damage is the share of a judge's verdicts that went against the right answer, beyond a coin's half, weighted by how
    badly such a mistake bends a ranking, and summed over the judges.
    """
    by_pair: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_pair[verdict.trial.pair_id].append(verdict)
    ranked = sorted(
        ((damage, pair, fooled) for pair in pairs for damage, fooled in [_damage(pair, by_pair[pair.id])] if fooled),
        key=lambda entry: (-entry[0], entry[1].id),
    )
    seen: set[str] = set()
    firsts = [entry for entry in ranked if not (entry[1].item_id in seen or seen.add(entry[1].item_id))]  # type: ignore[func-returns-value]
    ids = {entry[1].id for entry in firsts}
    chosen = [*firsts, *(entry for entry in ranked if entry[1].id not in ids)][:most]
    return [_hang(pair, damage, fooled, by_pair[pair.id]) for damage, pair, fooled in chosen]


def flipped(pairs: Sequence[Pair], verdicts: Sequence[Verdict], most: int = MOST) -> list[tuple[Pair, str, str]]:
    """Return pairs on which a judge kept to a place when the answers changed theirs, with the judge and the place.

    At most one of each item; the place is ``first`` or ``second``.
    """
    known = {pair.id: pair for pair in pairs}
    chosen: dict[tuple[str, str], dict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for verdict in verdicts:
        if verdict.trial.pair_id in known and verdict.trial.order in PLACES:
            chosen[verdict.trial.pair_id, verdict.trial.judge][verdict.trial.order].add(verdict.choice)
    found: dict[str, tuple[Pair, str, str]] = {}
    for (pair_id, judge), by_order in sorted(chosen.items()):
        for place, (in_ab, in_ba) in {"first": ("a", "b"), "second": ("b", "a")}.items():
            if by_order["ab"] == {in_ab} and by_order["ba"] == {in_ba}:
                found.setdefault(known[pair_id].item_id, (known[pair_id], judge, place))
    return list(found.values())[:most]


def _damage(pair: Pair, verdicts: Sequence[Verdict]) -> tuple[float, tuple[str, ...]]:
    against: dict[str, list[float]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.preference is not None:
            against[verdict.trial.judge].append(1 - verdict.preference)
    means = {judge: sum(shares) / len(shares) for judge, shares in against.items()}
    fooled = tuple(sorted(judge for judge, mean in means.items() if mean > 0.5)) if pair.contrast in WEIGHTS else ()
    return WEIGHTS.get(pair.contrast, 0.0) * sum(means[judge] - 0.5 for judge in fooled), fooled


def _hang(pair: Pair, damage: float, fooled: tuple[str, ...], verdicts: Sequence[Verdict]) -> Exhibit:
    a, b = mark_differences(pair.a.text, pair.b.text)
    key = [(v.trial.judge, v.trial.order, v.trial.replicate) for v in verdicts]
    ordered = tuple(verdict for _, verdict in sorted(zip(key, verdicts, strict=True), key=lambda entry: entry[0]))
    return Exhibit(pair, damage, fooled, a, b, ordered)


def mark_differences(a: str, b: str) -> tuple[Markup, Markup]:
    """Return both texts as markup with the words in which they differ marked.

    Examples
    --------
    >>> print(mark_differences("Paris is big.", "Lyon is big.")[1])
    <mark>Lyon</mark> is big.
    """
    left, right = TOKENS.findall(a[:LONGEST]), TOKENS.findall(b[:LONGEST])
    blocks = SequenceMatcher(None, left, right, autojunk=len(left) > 1500).get_opcodes()
    sides = Markup(""), Markup("")
    for kind, i, j, k, m in blocks:
        pieces = shown("".join(left[i:j])), shown("".join(right[k:m]))
        marked = pieces if kind == "equal" else tuple(Markup("<mark>{}</mark>").format(p) if p else p for p in pieces)
        sides = sides[0] + marked[0], sides[1] + marked[1]
    return sides[0] + _rest(a), sides[1] + _rest(b)


def shown(text: str) -> Markup:
    """Return text as markup that a browser shows letter by letter: nothing in it is obeyed, and no break is lost."""
    return Markup(str(escape(UNPRINTABLE.sub("\ufffd", text))).replace("\r", "&#13;"))  # noqa: S704 - escaped here


def cut(text: str, longest: int = LONGEST) -> Markup:
    """Return text as `shown`, at most so many characters of it."""
    return shown(text[:longest]) + _rest(text, longest)


def room_for_replies(exhibits: Sequence[Exhibit]) -> int:
    """Return how many characters of each reply are shown, so that the page stays small however many there are."""
    replies = sum(len(exhibit.verdicts) for exhibit in exhibits)
    return max(SHORTEST, min(LONGEST, ALL_REPLIES // max(replies, 1)))


def _rest(text: str, longest: int = LONGEST) -> Markup:
    left = len(text) - longest
    return (
        Markup('<span class="cut">… {} more characters in the run directory</span>').format(left)
        if left > 0
        else Markup("")
    )


def made_of(answer: Answer) -> str:
    """Say in words what was done to make an answer: ``styled: fmt.list, dose 2 · wrong date: 1969 → 1959``."""
    style = [f"{style.facet}, dose {style.dose}" for style in answer.style]
    wrong = [f"wrong {error.kind}: {error.old} → {error.new}" for error in answer.errors]
    head = f"styled: {'; '.join(style)}" if style else "plain"
    return " · ".join([head, *(wrong or ["right"])])
