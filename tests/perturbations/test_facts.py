"""Factual errors: what a wrong value changes at the surface of its answer, and how wrong values are chosen."""

from judgeaudit.items import compile_items, load_items
from judgeaudit.perturbations import perturb
from judgeaudit.perturbations.facts import surface_difference

ELSEWHERE = -1
"""Place of the count of words that stand elsewhere in the answer too."""


def differences(marked):
    """The surface differences of all wrong values of an item's facts."""
    (item,) = compile_items(f"@ x | d | Why?\n{marked}\n")
    return [surface_difference(fact, wrong, item) for fact in item.facts for wrong in fact.distractors]


def test_a_true_value_that_stands_elsewhere_too_counts_as_a_repeated_word():
    """Exchanging it makes the answer more varied, and a balanced set makes up for that."""
    (move,) = differences("The {{attribute:red|blue}} one is near. A red one is far.")
    assert move[ELSEWHERE] < 0
    (move,) = differences("The {{negation:no|some}} one is nothing. Now it is not far.")
    assert move[ELSEWHERE] == 0


def test_an_exchange_of_two_values_leaves_the_words_as_they_were():
    """Both values stand in the answer before and after, whatever their length."""
    exchange, third, _ = differences(
        "The {{conflation#a&b:Io|Ganymede}} is near and {{conflation#b:Callisto|Titan}} far."
    )
    assert not exchange.any()
    assert third.any()


def test_conflation_mostly_exchanges():
    """A third value is the exception, not the rule."""
    pairs = perturb(load_items("core"), errors=["conflation"], contrasts=["fact_plain"], seed=7)
    exchanged = [pair for pair in pairs if any(error.carried for error in pair.b.errors)]
    assert len(exchanged) > len(pairs) / 2
