"""A pair with edits is held to its construction: what was edited, how it is labelled, what the contrast demands."""

from __future__ import annotations

from typing import Any

import pytest

from judgeaudit.assets import load_fixture
from judgeaudit.checks import verify
from judgeaudit.checks.apart import misspelling_reasons
from judgeaudit.checks.construction import SHAPES, rebuild
from judgeaudit.checks.rules import edit_reasons
from judgeaudit.records import CONTRASTS, Answer, Edit, FactualError, Pair, Style

FIXTURE = load_fixture("leaks/construction")
REFERENCE = FIXTURE["reference"]
LEAKS = [case for case in FIXTURE["cases"] if case["code"]]
FINE = [case for case in FIXTURE["cases"] if not case["code"]]


def edits(rows: list[list[Any]]) -> tuple[Edit, ...]:
    return tuple(Edit(start=s, end=e, old=old, new=new, label=label) for s, e, old, new, label in rows)


def answer(case: dict[str, Any], side: str) -> Answer:
    made = edits(case[f"edits_{side}"])
    labels = list(dict.fromkeys(e.label for e in made if not e.label.startswith("fact:")))
    facts = {e.label: e for e in made if e.label.startswith("fact:") and ":colour:" not in e.label}
    errors = [[label.split(":")[2], label.split(":")[1], e.old, e.new] for label, e in facts.items()]
    return Answer(
        text=case.get(f"text_{side}", rebuild(REFERENCE, tuple(sorted(made, key=lambda e: (e.start, e.end))))),
        style=tuple(Style(facet=facet, dose=1) for facet in case.get(f"style_{side}", labels)),
        errors=tuple(
            FactualError(fact_id=i, kind=kind, old=old, new=new, severity="major")
            for i, kind, old, new in case.get(f"errors_{side}", errors)
        ),
    )


def reasons(case: dict[str, Any]) -> tuple[str, ...]:
    pair = Pair(
        id="p", item_id="i", question=FIXTURE["question"], contrast=case["contrast"], a=answer(case, "a"),
        b=answer(case, "b"), reference=REFERENCE, edits_a=edits(case["edits_a"]), edits_b=edits(case["edits_b"]),
    )  # fmt: skip
    (checked,) = verify([pair])
    assert checked.check is not None
    return checked.check.reasons


@pytest.mark.parametrize("case", LEAKS, ids=lambda case: f"{case['code']}-{case['contrast']}")
def test_a_pair_that_is_not_what_it_says_is_rejected(case: dict[str, Any]) -> None:
    """A pair whose edits, records or contrast do not agree is rejected with the code of the disagreement."""
    assert case["code"] in reasons(case)


@pytest.mark.parametrize("case", FINE, ids=lambda case: str(case["contrast"]))
def test_a_pair_that_is_what_it_says_passes(case: dict[str, Any]) -> None:
    """One well-made pair of every contrast passes."""
    assert reasons(case) == ()


def test_every_contrast_has_a_shape_and_a_well_made_fixture() -> None:
    """The table of shapes and the fixtures cover the closed vocabulary of contrasts."""
    assert set(SHAPES) == set(CONTRASTS) == {case["contrast"] for case in FINE}


@pytest.mark.parametrize(
    ("old", "new"), [("planet", "plant"), ("form", "from"), ("trial", "trail"), ("quiet", "quite"), ("large", "lager")]
)
def test_a_slip_that_makes_another_word_is_no_spelling_error(old: str, new: str) -> None:
    """A misspelling must not be a word of its own, and must not stand in a word that carries a claim."""
    assert misspelling_reasons(old, new) & {"real-word", "polarity"}


@pytest.mark.parametrize(("old", "new"), [("planet", "palnet"), ("surface", "surfface"), ("which", "wihch")])
def test_a_slip_that_makes_no_word_is_a_spelling_error(old: str, new: str) -> None:
    """Exchanged and doubled letters pass."""
    assert misspelling_reasons(old, new) == frozenset()


def test_a_slip_twice_over_is_rewriting() -> None:
    """Two slips in one word are more than a spelling error."""
    assert "content" in misspelling_reasons("speed", "spppeed")


def test_code_facts_are_judged_as_code() -> None:
    """A wrong operator in code keeps the surface; a lost line or a mere blank does not pass."""
    assert edit_reasons("code", "a < b", "a <= b") == frozenset()
    assert edit_reasons("code", "a < b", "a <b") == {"no-claim"}
    assert "layout" in edit_reasons("code", "a < b", "a\n< c")
