"""Every reason code rejects its planted leaks, and lets pass what only resembles them."""

from __future__ import annotations

from typing import Any

import pytest

from judgeaudit.assets import load_fixture
from judgeaudit.checks import REASONS, verify
from judgeaudit.records import Answer, Contrast, Edit, FactualError, Pair, Style

STYLE, FACT, TEXTS = (load_fixture(f"leaks/{name}") for name in ("style", "fact", "texts"))
CONSTRUCTION_CODES = {
    "misplaced",
    "overlap",
    "rebuild",
    "style-record",
    "error-record",
    "contrast",
    "real-word",
    "wrong-way",
}


def rows(fixture: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(code, old, new) for code, leaks in fixture["leaks"].items() for old, new in leaks]


def edited(fixture: dict[str, Any], old: str, new: str, label: str) -> tuple[str, Edit]:
    reference = fixture["reference"]
    assert reference.count(old) >= 1, old
    start = reference.index(old)
    edit = Edit(start=start, end=start + len(old), old=old, new=new, label=label)
    return reference[:start] + new + reference[start + len(old) :], edit


def pair(fixture: dict[str, Any], contrast: Contrast, a: str, b: str, **more: Any) -> Pair:
    return Pair(
        id="p", item_id="i", question=fixture["question"], contrast=contrast, a=Answer(text=a), b=Answer(text=b), **more
    )


def reasons(checked: Pair) -> tuple[str, ...]:
    (found,) = verify([checked])
    assert found.check is not None
    return found.check.reasons


def style_pair(old: str, new: str) -> Pair:
    text, edit = edited(STYLE, old, new, "tone.formal")
    made = pair(STYLE, "style_true", text, STYLE["reference"], reference=STYLE["reference"], edits_a=(edit,))
    return made.model_copy(update={"a": Answer(text=text, style=(Style(facet="tone.formal", dose=1),))})


def fact_pair(old: str, new: str) -> Pair:
    text, edit = edited(FACT, old, new, "fact:number:f1")
    error = FactualError(fact_id="f1", kind="number", old=old, new=new, severity="major")
    made = pair(FACT, "fact_plain", FACT["reference"], text, reference=FACT["reference"], edits_b=(edit,))
    return made.model_copy(update={"b": Answer(text=text, errors=(error,))})


def bare(made: Pair) -> Pair:
    return made.model_copy(update={"reference": "", "edits_a": (), "edits_b": ()})


@pytest.mark.parametrize(("code", "old", "new"), rows(STYLE))
def test_a_style_edit_that_changes_a_claim_is_rejected_by_its_edits(code: str, old: str, new: str) -> None:
    """A style edit that changes a claim is rejected, with the code of what it changed."""
    assert code in reasons(style_pair(old, new))


@pytest.mark.parametrize(("code", "old", "new"), rows(STYLE))
@pytest.mark.parametrize("contrast", ["style_true", "style_false"])
def test_a_style_text_that_changes_a_claim_is_rejected_without_edits(
    code: str, old: str, new: str, contrast: Contrast
) -> None:
    """The same leak is found between bare texts, in both directions."""
    text, _ = edited(STYLE, old, new, "")
    assert reasons(pair(STYLE, contrast, text, STYLE["reference"]))
    assert reasons(pair(STYLE, contrast, STYLE["reference"], text))


@pytest.mark.parametrize(("old", "new"), STYLE["fine"])
def test_a_style_edit_that_keeps_every_claim_passes(old: str, new: str) -> None:
    """Formatting, framing, contractions, spelling variants and echoed questions pass, by edits and without."""
    assert reasons(style_pair(old, new)) == ()
    assert reasons(bare(style_pair(old, new))) == ()


@pytest.mark.parametrize(("code", "old", "new"), rows(FACT))
def test_a_fact_edit_that_shows_at_the_surface_is_rejected(code: str, old: str, new: str) -> None:
    """A fact edit that a style reader could see, or that changes no fact, is rejected with its code."""
    assert code in reasons(fact_pair(old, new))


@pytest.mark.parametrize(("old", "new"), FACT["fine"])
def test_a_fact_edit_that_only_changes_a_fact_passes(old: str, new: str) -> None:
    """A swapped value of the same shape passes."""
    assert reasons(fact_pair(old, new)) == ()


@pytest.mark.parametrize("row", TEXTS["leaks"], ids=lambda row: f"{row['code']}: {row['b'][:30]}")
def test_a_leaking_pair_of_texts_is_rejected(row: dict[str, Any]) -> None:
    """A pair of bare texts that leaks is rejected with its code."""
    assert row["code"] in reasons(pair(TEXTS, row["contrast"], row["a"], row["b"]))


@pytest.mark.parametrize("row", TEXTS["fine"], ids=lambda row: f"{row['contrast']}: {row['a'][:30]}")
def test_a_clean_pair_of_texts_passes(row: dict[str, Any]) -> None:
    """A pair of bare texts that differs as it says passes."""
    assert reasons(pair(TEXTS, row["contrast"], row["a"], row["b"])) == ()


def test_every_reason_code_has_planted_leaks() -> None:
    """Each code is rejected by at least five fixtures here, or by the construction tests."""
    planted = [*(code for code, _, _ in rows(STYLE) + rows(FACT)), *(row["code"] for row in TEXTS["leaks"])]
    scarce = {code for code in REASONS.keys() - CONSTRUCTION_CODES if planted.count(code) < 5}
    assert scarce == set()
    assert set(planted) <= REASONS.keys()
