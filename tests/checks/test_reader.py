"""A second model that reads pairs blind, in both orders, and is measured on pairs of known truth."""

import asyncio

import pytest

from judgeaudit.checks import verify
from judgeaudit.checks.reader import Reading, calibrate, confirm
from judgeaudit.errors import ReplyError
from judgeaudit.items import load_items
from judgeaudit.perturbations import perturb
from tests.scribes import SIDES

PAIRS = verify(perturb(load_items("demo"), contrasts=["style_true", "fact_plain", "style_false"], n_items=12, seed=2))
TRUE = {answer.text: answer.true for pair in PAIRS for answer in (pair.a, pair.b)}
STYLE = next(pair for pair in PAIRS if pair.contrast == "style_true")
FACT = next(pair for pair in PAIRS if pair.contrast == "fact_plain")


def shown(messages):
    return SIDES.search(messages[0]["content"]).groups()


async def honest(messages, form):
    """Knows every text."""
    true = [TRUE[text] for text in shown(messages)]
    wrong = {2: "neither", 0: "both"}.get(sum(true), "B" if true[0] else "A")
    return form(same_claims=true[0] == true[1], wrong=wrong, claim="")


async def first_is_wrong(messages, form):
    """Goes by the place on the screen."""
    return form(same_claims=False, wrong="A", claim="")


async def silent(messages, form):
    """Never fills in the form."""
    raise ReplyError("no", reason="malformed", text="")


@pytest.mark.parametrize("contrast", ["style_true", "style_false", "fact_plain"])
def test_an_honest_reader_confirms_every_pair(contrast):
    """Both answers true, both false, or one of each."""
    for pair in PAIRS:
        if pair.contrast == contrast:
            assert asyncio.run(confirm(pair, honest)) is True


def test_a_pair_is_read_in_both_orders_and_never_twice_alike():
    """Three readings, each a request of its own, and each answer stands first at least once."""
    seen = []

    async def note(messages, form):
        seen.append(messages[0]["content"])
        return await honest(messages, form)

    asyncio.run(confirm(FACT, note))
    assert len(set(seen)) == 3
    assert len({SIDES.search(prompt)[1] for prompt in seen}) == 2


def test_nothing_of_the_making_is_shown():
    """Neither contrast, facet, item nor side names."""
    seen = []

    async def note(messages, form):
        seen.append(messages[0]["content"])
        return await honest(messages, form)

    asyncio.run(confirm(STYLE, note))
    assert not any(word in seen[0] for word in (STYLE.contrast, STYLE.factor, STYLE.item_id))


def test_a_reader_without_a_majority_has_no_opinion():
    """Unusable readings are no votes."""
    assert asyncio.run(confirm(FACT, silent)) is None


@pytest.mark.parametrize(("read", "fit"), [(honest, True), (first_is_wrong, False), (silent, False)])
def test_only_a_reader_that_finds_the_known_truth_may_decide(read, fit):
    """Each arm by itself, with its interval; no majority counts against it."""
    known = [pair for pair in PAIRS if pair.contrast != "style_false"]
    found = calibrate((pair, asyncio.run(confirm(pair, read))) for pair in known)
    assert found.may_decide(STYLE) is found.may_decide(FACT) is fit
    assert found.style_n == found.fact_n == 12
    assert found.fact_interval[0] <= found.fact <= found.fact_interval[1]
    assert found.unreadable == (24 if read is silent else 0)


def test_a_reader_that_was_shown_nothing_may_decide_nothing():
    """There is no default for the unknown."""
    found = calibrate([])
    assert (found.style, found.fact) == (None, None)
    assert not found.may_decide(FACT)


def test_the_form_has_no_room_for_another_answer():
    """Only the four sides."""
    with pytest.raises(ValueError, match="wrong"):
        Reading(same_claims=True, wrong="C", claim="")
