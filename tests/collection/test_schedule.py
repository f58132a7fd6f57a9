"""The plan is the same for every judge, balanced, and a function of its seed alone."""

import random
from collections import Counter

import pytest

from judgeaudit.collection.schedule import cells, draw_orders, plan
from judgeaudit.errors import ConfigError, PairError
from judgeaudit.judges.callable import CallableJudge
from judgeaudit.records import Answer, Pair
from tests.collection.worlds import make_pairs


def judge(name: str = "j", protocol: str = "pairwise") -> CallableJudge:
    """Return a judge that is never asked."""
    made = CallableJudge(lambda *_: "A", name=name)
    made.protocol = protocol
    return made


def test_one_order_a_pair_is_balanced_within_domain_and_contrast() -> None:
    """In every stratum either order comes first equally often, but for one, and never always the same."""
    pairs = make_pairs(80, 7)
    shown = draw_orders(pairs, "counterbalanced", 5)
    strata: dict[tuple[str, str], Counter[str]] = {}
    for pair in pairs:
        if len(shown[pair.id]) == 1:
            strata.setdefault((pair.domain, pair.contrast), Counter())[shown[pair.id][0]] += 1
    total = sum(strata.values(), Counter())
    assert abs(total["ab"] - total["ba"]) < 0.15 * total.total()
    assert all(counted["ab"] and counted["ba"] for counted in strata.values())


@pytest.mark.parametrize("items", [4, 20, 60, 400])
def test_a_fifth_to_a_quarter_of_the_items_is_shown_in_both_orders(items: int) -> None:
    """The subsample is drawn by item, spread over the domains, and of the stated size."""
    pairs = make_pairs(items, 3)
    shown = draw_orders(pairs, "counterbalanced", 1)
    twice = {pair.item_id for pair in pairs if len(shown[pair.id]) == 2}
    assert all((pair.item_id in twice) == (len(shown[pair.id]) == 2) for pair in pairs)
    assert abs(len(twice) - 0.225 * items) <= 1
    domains = Counter(pair.domain for pair in pairs if pair.item_id in twice and pair.contrast == "style_true")
    assert max(domains.values()) - min(domains.get(f"d{d}", 0) for d in range(4)) <= 2


def test_the_draw_depends_on_the_seed_and_not_on_the_list() -> None:
    """Shuffling the pairs changes nothing about the orders they are shown in; another seed does."""
    pairs = make_pairs(30, 2)
    mixed = random.Random(0).sample(pairs, len(pairs))
    assert draw_orders(pairs, "counterbalanced", 1) == draw_orders(mixed, "counterbalanced", 1)
    assert draw_orders(pairs, "counterbalanced", 1) != draw_orders(pairs, "counterbalanced", 2)


def test_every_judge_gets_the_same_cells() -> None:
    """Pairs, orders and replicates do not depend on who judges; keys do."""
    trials = plan(make_pairs(9, 2), [judge("one"), judge("two")], replicates=2)
    half = len(trials) // 2
    shape = [(t.pair_id, t.order, t.replicate) for t in trials]
    assert shape[:half] == shape[half:]
    assert len({t.key for t in trials}) == len(trials)


def test_scores_have_one_order_and_two_calls() -> None:
    """A scored pair is one cell, read from one call for each answer."""
    planned = list(cells(make_pairs(5), [judge(protocol="score")], orders="both", replicates=1, seed=0))
    assert [(cell.order, [call.screen for call in cell.calls]) for cell in planned] == [("ab", ["a", "b"])] * 5
    assert planned[0].calls[1].showing().first.text == "bad 0 style_true"
    assert planned[0].calls[0].showing().second is None


def test_a_call_shows_the_answers_in_its_order() -> None:
    """``ba`` puts answer b on the screen first, under a token of its own."""
    (ab,), (ba,) = (cell.calls for cell in cells(make_pairs(1), [judge()], orders="both", replicates=1, seed=0))
    assert ab.showing().first.text == ba.showing().second.text == "good 0 style_true"
    assert ab.showing().token != ba.showing().token
    assert len(ab.showing().token) == 8


def test_whatever_could_change_the_answer_changes_the_key() -> None:
    """One character of a text, the question, the reference or the judge's recipe makes another trial."""
    pair = make_pairs(1)[0]
    key = plan([pair], [judge()])[0].key
    for change in (
        {"question": "other?"},
        {"reference": "other"},
        {"a": Answer(text="good.")},
        {"b": Answer(text="bad.")},
        {"id": "other"},
    ):
        assert plan([pair.model_copy(update=change)], [judge()])[0].key != key
    other = judge()
    other.recipe = lambda: {"temperature": 1}  # type: ignore[method-assign]
    assert plan([pair], [other])[0].key != key
    same = Pair(**{**dict(pair), "seed": 99, "factor": "renamed"})
    assert plan([same], [judge()])[0].key == key


@pytest.mark.parametrize(
    ("pairs", "judges", "settings", "error", "message"),
    [
        ([], [judge()], {}, ConfigError, "0 pairs and 1 judges"),
        (make_pairs(1), [], {}, ConfigError, "1 pairs and 0 judges"),
        (make_pairs(1) * 2, [judge()], {}, PairError, "'p0-style_true'"),
        (make_pairs(1), [judge(), judge()], {}, ConfigError, "two judges are named 'j'"),
        (make_pairs(1), [judge()], {"orders": "bothh"}, ConfigError, 'did you mean "both"'),
        (make_pairs(1), [judge()], {"replicates": 0}, ConfigError, "replicates"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(pairs, judges, settings, error, message) -> None:
    """Nothing to ask, ids and names used twice, and unknown orders each say what to do."""
    with pytest.raises(error, match=message):
        plan(pairs, judges, **settings)
