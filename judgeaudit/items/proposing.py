"""Proposes facts in answers that have none, by conservative rules, as an authoring file for a person to review.

A rule knows neither the world nor what the answer means. Of 50 proposals on the prose of the shipped items, read once,
all were wrong and grammatical and six absurd (years become centuries); on rougher text expect worse, and the trusted
answer itself may not be true. So nothing proposed here is used until it was reviewed, or accepted on purpose.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator

from judgeaudit.assets import load_fixture
from judgeaudit.errors import ItemError
from judgeaudit.items.authoring import compile_items
from judgeaudit.items.lint import LOWER_BOUND, UPPER_BOUND, lint_distractor
from judgeaudit.records import Distractor, Fact, FactKind, Item
from judgeaudit.text import protected_spans

Guess = tuple[FactKind, re.Match[str], list[str]]
YEAR = re.compile(r"(?<=\b(?:in|of|by) )(?:1[0-9]|20)\d\d(?=[,.;]| [a-z])", re.IGNORECASE)
FIGURE = re.compile(r"(?<![\w.,$€£-])[1-9]\d{0,2}(?![\w.,-]\d)")
COUNTED = re.compile(r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|hundred)) \Z")
BOUNDED = re.compile(rf"(?:{LOWER_BOUND.pattern[:-2]}|{UPPER_BOUND.pattern[:-2]})\S+ \Z", re.IGNORECASE)
RANGE_BEFORE = re.compile(r"\d\s?(?:to|or|and|by|[-–/])\s?\Z")
PAIRED_AFTER = re.compile(r"\s*(?:or\b|to\b|and \d|[-–/])|[^.;]{0,30}\([^)]*\d")
YEARS_OFF, SHARES_OFF, LAST_YEAR, MOST = (-19, -11, -6, 7, 12, 23), (0.6, 0.75, 1.3, 1.6), 2020, 3
HEADER = """\
% Proposed by rule. Nothing here was checked: not that the answer is true, nor that a wrong value is wrong.
% Read every slot; mend or delete it (keep its first value as plain text); then delete the item's 'provenance' line.
"""


def slotify(items: Iterable[Item]) -> str:
    """Propose facts that could be made wrong, as an authoring file to be reviewed.

    Parameters
    ----------
    items
        Items without facts; those that have some, or are not in English, are left out.

    Returns
    -------
    str
        Text to be saved with the ending ``.txt``. Every item says ``provenance: guessed`` until a person deletes that
        line; `load_items` reads it, and `perturb` makes no wrong answer of what was guessed unless told to accept it.
        Comments name the items for which no slot is proposed.
    """
    proposed, silent = list[str](), list[str]()
    for item in items:
        facts = _propose(item) if item.lang == "en" and not item.facts else []
        written = _written(item, facts)
        if facts and _reads_back(written, item):
            proposed.append(written)
        else:
            silent.append(item.id)
    comments = "".join(f"% nothing proposed: {item_id}\n" for item_id in silent)
    return "\n".join([HEADER + comments, *proposed])


def _propose(item: Item) -> list[Fact]:
    """Return facts that stand once and outside what is protected, each with wrong values that pass the lint."""
    facts, end = list[Fact](), 0
    for kind, match, values in sorted(_guesses(item), key=lambda guess: guess[1].start()):
        if match.start() < end or not _usable(match, item):
            continue
        fact = Fact(
            id=f"f{len(facts) + 1}", kind=kind, value=match[0], start=match.start(), end=match.end(),
            distractors=tuple(Distractor(value=value) for value in values),
        )  # fmt: skip
        kept = tuple(d for d in fact.distractors if not any(lint_distractor(item, fact, d)))[:MOST]
        if kept:
            facts.append(fact.model_copy(update={"distractors": kept}))
            end = match.end()
    return facts


def _usable(match: re.Match[str], item: Item) -> bool:
    """Whether a value stands once in the answer, not in the question, and in no code, quotation or parenthesis."""
    whole = re.compile(rf"(?<!\w){re.escape(match[0])}(?!\w)", re.IGNORECASE)
    line = item.answer[: match.start()]
    return (
        len(whole.findall(item.answer)) == 1
        and not whole.search(item.question)
        and line.count("(") == line.count(")")
        and not RANGE_BEFORE.search(line)
        and not PAIRED_AFTER.match(item.answer, match.end())
        and not any(a < match.end() and match.start() < b for a, b in protected_spans(item.answer))
    )


def _guesses(item: Item) -> Iterator[Guess]:
    rng = random.Random(f"slotify|{item.id}")
    for match in YEAR.finditer(item.answer):
        years = [int(match[0]) + off for off in rng.sample(YEARS_OFF, len(YEARS_OFF))]
        yield "date", match, [str(year) for year in years if year <= LAST_YEAR]
    lexicon = load_fixture("lexicons/slots")
    measured = re.compile(r"\s?(?:" + "|".join(map(re.escape, lexicon["measures"])) + r")(?!\w)")
    for match in FIGURE.finditer(item.answer):
        if measured.match(item.answer, match.end()):
            yield "number", match, _figures(int(match[0]), rng)
    for kind, groups in lexicon["exchanges"].items():
        for group in groups:
            for match in re.finditer(r"(?<![\w-])(?:" + "|".join(group) + r")(?![\w-])", item.answer):
                others = [value for value in group if value != match[0]]
                anchored = COUNTED.search(item.answer[: match.start()]) and not BOUNDED.search(
                    item.answer[: match.start()]
                )
                if {"unit": anchored, "number": measured.match(item.answer, match.end())}.get(kind, True):
                    yield kind, match, rng.sample(others, len(others))


def _figures(value: int, rng: random.Random) -> list[str]:
    """Return wrong figures with as many digits, none of them near."""
    near = {round(value * share) for share in SHARES_OFF} | {value + 2, max(value - 2, 2)}
    far = sorted(n for n in near if abs(n - value) > 0.2 * value and len(str(n)) == len(str(value)) and n > 1)
    return [str(n) for n in rng.sample(far, len(far))]


def _written(item: Item, facts: Iterable[Fact]) -> str:
    """Return an item in the authoring format."""
    lines = [f"@ {item.id} | {item.domain} | {item.question}", *(f"ref: {ref}" for ref in item.refs)]
    lines += [f"source: {item.source}"] if item.source else []
    out, position = "", 0
    for fact in facts:
        wrong = "|".join(distractor.value for distractor in fact.distractors)
        out += f"{item.answer[position : fact.start]}{{{{{fact.kind}:{fact.value}|{wrong}}}}}"
        position = fact.end
    return "\n".join([*lines, "provenance: guessed", out + item.answer[position:], ""])


def _reads_back(written: str, item: Item) -> bool:
    """Whether the authoring format can hold the item: it reflows paragraphs, and its marks may stand in the text."""
    try:
        (read,) = compile_items(written)
    except (ItemError, ValueError):
        return False
    return (read.question, read.answer) == (item.question, item.answer)
