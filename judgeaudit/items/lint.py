"""What a compiler cannot see in an item: wrong values that are still true, ungrammatical, or give themselves away."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from judgeaudit.assets import load_fixture
from judgeaudit.records import Distractor, Fact, Item
from judgeaudit.text import sentence_spans, words

LOWER_BOUND = re.compile(
    r"\b(?:more than|at least|over|above|exceed(?:s|ed|ing)?|no fewer than|no less than|greater than|longer than"
    r"|older than)\s+(?:about\s+)?\Z",
    re.IGNORECASE,
)
UPPER_BOUND = re.compile(
    r"\b(?:less than|fewer than|at most|under|below|up to|no more than|within|shorter than|smaller than)"
    r"\s+(?:about\s+)?\Z",
    re.IGNORECASE,
)
FRACTION = re.compile(r"\b(?:half|third|quarter|fifth|tenth|hundredth)s?\b", re.IGNORECASE)
VOWEL_SOUND = re.compile(r"(?:[aeio]|u(?!ni|s[ae]|ti|k)|8|11\b|18\b|hour|honest|heir|honou?r)", re.IGNORECASE)
NEGATORS = re.compile(r"\b(?:not|never|no|none|cannot|neither|nor|without|nothing|nobody)\b|n't\b", re.IGNORECASE)
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {word: value for value, word in enumerate(ONES.split())} | {
    word: 10 * value for value, word in enumerate(TENS.split(), start=2)
}
POLES = {"relation": ("upward", "downward"), "quantifier": ("wide", "narrow"), "order": ("earlier", "later")}
MAY_STAND_ELSEWHERE = ("negation", "relation", "quantifier", "code", "conflation", "order", "calculation")


def lint_item(item: Item) -> Iterator[str]:
    """Yield a sentence for each fault of one item; nothing when it is clean."""
    here = f"item {item.id}"
    n_words, n_sentences = len(words(item.answer)), len(sentence_spans(item.answer))
    if not 40 <= n_words <= 120:
        yield f"{here}: the answer has {n_words} words; 40 to 120 are wanted"
    if not 2 <= n_sentences <= 6:
        yield f"{here}: the answer has {n_sentences} sentences; 2 to 6 are wanted"
    if not item.refs:
        yield f"{here}: no reference; add a 'ref:' line that says where the facts can be looked up"
    for fact in item.facts:
        where = f"{here}, fact {fact.id} ({fact.value!r})"
        if len(fact.distractors) < 2 and not fact.swap_with:
            yield f"{where}: has {len(fact.distractors)} wrong alternative; at least 2 are wanted"
        values = [d.value.casefold() for d in fact.distractors]
        if len(set(values)) < len(values):
            yield f"{where}: the same wrong alternative stands twice"
        for distractor in fact.distractors:
            for fault in lint_distractor(item, fact, distractor):
                yield f"{where}: {distractor.value!r} {fault}"


def lint_distractor(item: Item, fact: Fact, distractor: Distractor) -> Iterator[str]:
    """Yield what is wrong with one wrong value of one fact."""
    true, wrong = fact.value, distractor.value
    if true.casefold() == wrong.casefold():
        yield "equals the truth"
    elsewhere = re.search(rf"(?<!\w){re.escape(wrong)}(?!\w)", item.answer)
    if elsewhere and fact.kind not in MAY_STAND_ELSEWHERE:
        yield "stands elsewhere in the answer, which gives the swap away"
    if fact.kind != "code":
        if _case(true) != _case(wrong):
            yield "begins with another class of character (capital, small letter, digit)"
        if abs(len(words(true)) - len(words(wrong))) > 1:
            yield "has two or more words more or fewer than the truth"
        for mark in ",.;:'’\"()!?":
            if true.count(mark) != wrong.count(mark):
                yield f"does not have the same number of {mark!r} as the truth"
    for start, _ in fact.spans:
        before = item.answer[:start]
        yield from _article_faults(before, wrong)
        yield from _monotone_faults(before, true, wrong)


def _article_faults(before: str, wrong: str) -> Iterator[str]:
    article = re.search(r"\b(a|an)\s\Z", before, re.I)
    if article and (article[1].lower() == "an") != bool(VOWEL_SOUND.match(wrong)):
        yield f"does not agree with the article {article[1]!r} before it; move the article into the slot"


def _monotone_faults(before: str, true: str, wrong: str) -> Iterator[str]:
    lower = LOWER_BOUND.search(before)
    bound = lower or UPPER_BOUND.search(before)
    if bound is None:
        return
    old, new = number_of(true), number_of(wrong)
    if FRACTION.search(true) or FRACTION.search(wrong):
        yield "is a fraction under a comparison: check by hand that it is false and put the comparison into the slot"
    elif old is not None and new is not None and (new <= old if lower else new >= old):
        yield f"is still true after {bound[0].strip()!r}"


def _case(text: str) -> str:
    first = text.lstrip("\"'“‘($€£-−")[:1]
    return "digit" if first.isdigit() else "upper" if first.isupper() else "lower"


def number_of(text: str) -> float | None:
    """Return the first number in ``text`` (digits or words), or None.

    Examples
    --------
    >>> number_of("about 1,600 metres"), number_of("twenty-one days"), number_of("many")
    (1600.0, 21.0, None)
    """
    if match := re.search(r"\d[\d,]*(?:\.\d+)?", text):
        return float(match[0].replace(",", ""))
    for token in re.findall(r"[a-z]+(?:-[a-z]+)?", text.casefold()):
        parts = token.split("-")
        if all(part in NUMBER_WORDS for part in parts):
            return float(sum(NUMBER_WORDS[part] for part in parts))
    return None


def direction(fact: Fact) -> int:
    """Return +1 or -1 for the direction in which a negation, relation, quantifier or order is true, 0 where none shows.

    Up (+1) is an assertion, more of something, a wide share, or what comes earlier; down (-1) is the opposite.
    """
    if fact.kind == "negation":
        return -1 if NEGATORS.search(fact.value) else 1
    if fact.kind not in POLES:
        return 0
    lexicon, tokens = load_fixture("lexicons/direction"), set(words(fact.value.casefold()))
    up, down = (not tokens.isdisjoint(lexicon[pole]) for pole in POLES[fact.kind])
    return up - down


def lint_set(items: Iterable[Item]) -> Iterator[str]:
    """Yield a sentence for each fault that shows only over a whole set: tilted directions, tell-tale wrong values."""
    items = list(items)
    directions: dict[str, Counter[int]] = defaultdict(Counter)
    balance: Counter[str] = Counter()
    for item in items:
        for fact in item.facts:
            directions[fact.kind][direction(fact)] += 1
            if fact.kind in ("entity", "number", "date", "unit", "attribute"):
                balance[fact.value.casefold()] -= 1
                balance.update(d.value.casefold() for d in fact.distractors)
    for kind in ("negation", *POLES):
        up, down = directions[kind][1], directions[kind][-1]
        if up + down >= 10 and not 0.4 <= up / (up + down) <= 0.6:
            yield f"{kind}: {up} true statements point up and {down} down; author both directions within 40 to 60 %"
    for value, surplus in sorted(balance.items()):
        if surplus > 3 + len(items) // 20:
            yield f"{value!r} is a wrong alternative {surplus} times more often than a truth; a reader could learn it"
    for fault, n in Counter(item.id for item in items).items():
        if n > 1:
            yield f"item id {fault!r} is used {n} times"
