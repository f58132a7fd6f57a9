"""Edit scripts: what a model proposes is carried out by us, exactly, or refused with a reason."""

import asyncio

import pytest

from judgeaudit.errors import ConfigError, ReplyError
from judgeaudit.items import load_items
from judgeaudit.perturbations import apply_edits
from judgeaudit.perturbations.rewrite import (
    Change,
    EditScript,
    Tally,
    Task,
    carry_out,
    count_outcomes,
    pairs_of,
    plan_tasks,
    write_one,
)
from judgeaudit.records import Item
from tests.scribes import edit, script

ITEM = Item(
    id="moon", question="When did people first walk on the Moon?",
    answer='It was in July 1969. The call "Eagle has landed" came first, and Armstrong stepped out in July 1969 UTC. '
    "See https://example.org/1969 for more.",
)  # fmt: skip
STYLE = Task(ITEM, "style", "tone.assistant", 2)
DATE = Task(ITEM, "fact", "date", 1)


def carried(task, *edits, truth=None):
    proposed = script(*edits, truth=truth or ("unchanged" if task.arm == "style" else "false"))
    return carry_out(EditScript.model_validate_json(proposed), task, "m")


def test_an_addition_becomes_an_insertion():
    """The passage it was hung on is not part of the edit, so that every other byte is the answer's own."""
    change = carried(STYLE, edit("It was", "Happy to help! It was"))
    assert [(e.start, e.old, e.new) for e in change.edits] == [(0, "", "Happy to help! ")]
    assert change.styles[0].template == "tone.assistant: rewritten by m"


def test_a_replacement_is_cut_down_to_what_differs():
    """Whole words and marks that both texts share on either side are left alone."""
    change = carried(DATE, edit("in July 1969.", "in July 1971.", "date", "minor"))
    assert [(e.old, e.new, e.label) for e in change.edits] == [("1969", "1971", "fact:date:w1")]
    assert change.errors[0].severity == "minor"


def test_the_same_fact_in_two_places_is_one_error():
    """Equal replacements share a name whatever stands beside them; the dose counts facts, not places."""
    both = [edit("1969.", "1971.", "date", "major"), edit("1969 UTC", "1971 UTC", "date", "major")]
    change = carried(DATE, *both)
    assert len(change.edits) == 2
    assert len(change.errors) == 1
    assert apply_edits(ITEM.answer, change.edits).count("July 1971") == 2


@pytest.mark.parametrize(
    ("task", "edits", "truth", "codes"),
    [
        (STYLE, [], None, {"declined"}),
        (STYLE, [edit("Mars", "the Mars")], None, {"not-found"}),
        (STYLE, [edit("July 1969", "July, 1969", occurrence=3)], None, {"not-found"}),
        (STYLE, [edit("It", "It")], None, {"no-op"}),
        (STYLE, [edit("It was", "It came"), edit("was in July", "fell in July")], None, {"overlap"}),
        (STYLE, [edit("Eagle has landed", "Eagle's landed")], None, {"protected"}),
        (STYLE, [edit("It", "Sure! It")], "false", {"mislabelled"}),
        (STYLE, [edit("It", "Sure! It", "date")], None, {"mislabelled"}),
        (STYLE, [edit("It", "Sure! It", severity="minor")], None, {"mislabelled"}),
        (DATE, [edit("1969", "1971", "date", "major", 3)], None, {"protected"}),
        (DATE, [edit("1969", "1971", "number", "major")], None, {"mislabelled"}),
        (DATE, [edit("1969", "1971", "date", "none")], None, {"mislabelled"}),
        (DATE, [edit("1969", "1971", "date", "major")], "unchanged", {"mislabelled"}),
        (
            DATE,
            [edit("1969", "1971", "date", "major"), edit("July", "May", "date", "major", 2)],
            None,
            {"dose"},
        ),
    ],
)
def test_a_script_that_cannot_be_carried_out_says_why(task, edits, truth, codes):
    """Stable codes, which the model is told."""
    assert carried(task, *edits, truth=truth) == codes


def test_later_figures_of_a_calculation_are_carried_and_not_counted():
    """The first wrong figure is the error, what follows from it is marked so."""
    task = Task(ITEM, "fact", "calculation", 1)
    change = carried(
        task, edit("1969.", "1970.", "calculation", "major"), edit("1969 UTC", "1971 UTC", "calculation", "major")
    )
    assert [error.carried for error in change.errors] == [False, True]


def test_facts_of_an_item_are_out_of_reach_for_style():
    """A slot is a fact, and no style edit may alter one."""
    item = load_items("demo")[0]
    fact = item.facts[0]
    task = Task(item, "style", "tone.casual", 1)
    nth = item.answer[: fact.start].count(fact.value) + 1
    assert carried(task, edit(fact.value, "something", occurrence=nth)) == {"protected"}


def test_a_style_and_an_error_that_touch_are_not_crossed():
    """Where the edits overlap each stands in its own pair only."""
    style = Change(carried(STYLE, edit("was in", "came in")).edits, carried(STYLE, edit("It", "So it")).styles)
    fact = carried(DATE, edit("It was in July 1969.", "It has been in May 1969.", "date", "major"))
    written = [asyncio.run(_done(task, change)) for task, change in ((STYLE, style), (DATE, fact))]
    assert {pair.contrast for pair in pairs_of(written, "m")} == {"style_true", "fact_plain"}


async def _done(task, change):
    from judgeaudit.perturbations.rewrite import Written

    return Written(task, "kept", change)


def conversation(replies, verdicts):
    """Run one task against scripted replies and verdicts; the outcome and the messages of every call."""
    calls, replies, verdicts = [], iter(replies), iter(verdicts)

    async def write(messages, form):
        calls.append(list(messages))
        reply = next(replies)
        if isinstance(reply, Exception):
            raise reply
        return form.model_validate_json(reply)

    return asyncio.run(write_one(STYLE, write, lambda pair: next(verdicts), "m")), calls


GOOD = script(edit("It was", "Happy to help! It was"))


def test_reasons_are_fed_back_and_the_next_version_can_be_kept():
    """What was malformed is said in words, what leaked by code; then the version passes."""
    broken = ReplyError("edits: Field required", reason="malformed", text="{}")
    done, calls = conversation([broken, GOOD, GOOD], [{"number"}, set()])
    assert (done.outcome, done.calls) == ("kept", 3)
    assert "edits: Field required" in calls[1][-1]["content"]
    assert "- number: A style edit changed, added or dropped a number." in calls[2][-1]["content"]
    assert [message["role"] for message in calls[2]] == ["user", "assistant", "user", "assistant", "user"]


@pytest.mark.parametrize(
    ("replies", "verdicts", "outcome", "calls"),
    [
        ([GOOD] * 4, [{"number"}] * 4, "leak", 4),
        ([GOOD] * 4, [{"number"}] * 3 + [{"no-op"}], "no-op", 4),
        ([ReplyError("cut off", reason="truncated", text="")] * 4, [], "unverifiable", 4),
        ([GOOD, ReplyError("no", reason="refusal", text="")], [{"number"}], "unverifiable", 2),
        ([script()], [], "unverifiable", 1),
    ],
)
def test_after_three_times_it_is_dropped(replies, verdicts, outcome, calls):
    """The last version decides what is counted; a refusal is not pressed."""
    done, asked = conversation(replies, verdicts)
    assert (done.outcome, done.calls, len(asked)) == (outcome, calls, calls)
    assert done.change is None
    tally = count_outcomes([done])
    assert tally.generated == 1
    assert sum(tally.reasons.values()) >= 1


def test_a_tally_that_loses_something_cannot_be_made():
    """The outcomes sum to what was generated."""
    with pytest.raises(ValueError, match="do not sum"):
        Tally(generated=3, kept=1, leak=1)


def test_tasks_are_dealt_evenly_and_by_seed():
    """One style and one error an item; facets, doses and kinds about equally often; other languages are left out."""
    items = [item.model_copy(update={"lang": "de"}) if n == 0 else item for n, item in enumerate(load_items("core"))]
    facets, kinds = ("tone.assistant", "len.pad"), ("number", "date", "entity")
    tasks = plan_tasks(items, facets=facets, kinds=kinds, seed=2)
    assert items[0].id not in {task.item.id for task in tasks}
    assert tasks == plan_tasks(items, facets=facets, kinds=kinds, seed=2)
    styled = [(task.factor, task.dose) for task in tasks if task.arm == "style"]
    counts = [styled.count((facet, dose)) for facet in facets for dose in (1, 2, 3)]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"facets": ("tone.assistent",)}, "did you mean"),
        ({"kinds": ("order",)}, "no model is asked for 'order'"),
        ({"doses": (0,)}, "must be 1, 2 or 3"),
    ],
)
def test_what_no_model_is_asked_for_is_refused(change, message):
    """With what there is."""
    settings = {"facets": ("len.pad",), "kinds": ("date",), **change}
    with pytest.raises(ConfigError, match=message):
        plan_tasks([ITEM], **settings)
