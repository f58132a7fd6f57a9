"""Facts proposed by rule: a file for a person to read, and nothing that is used unread."""

import json

import pytest

from judgeaudit.config import parse_config
from judgeaudit.items import compile_items, lint_item, load_items, slotify
from judgeaudit.perturbations import perturb
from judgeaudit.pipeline import run
from judgeaudit.records import Item
from judgeaudit.reports import report

ANSWER = (
    "The bridge was opened in 1869 after ten years of work. It is 240 metres long (262 yards), and it is longer than "
    'the old one. A sign calls it "the work of 3 days".'
)
BARE = [item.model_copy(update={"facts": ()}) for item in load_items("core")]


def proposed(answer, question="Which bridge is it?"):
    """Return value -> wrong values of the facts that are proposed for an answer."""
    items = list(compile_items(slotify([Item(id="one", question=question, answer=answer)])))
    return {fact.value: [d.value for d in fact.distractors] for item in items for fact in item.facts}


def test_years_measures_and_comparisons_are_proposed():
    """Each with wrong values of its own make."""
    found = proposed(ANSWER)
    assert set(found) == {"1869", "ten", "years", "longer than"}
    assert found["longer than"] == ["shorter than"]
    assert all(len(value) == 4 and value.isdecimal() and value != "1869" for value in found["1869"])


@pytest.mark.parametrize(
    "answer",
    [
        "It is 240 metres (787 feet) long.",
        "It takes 12 days, and 12 days are long.",
        "It has more than 100 kilometres.",
        "Room 12 is free and version 2.5 too.",
        "The months go by and the years too.",
        "It takes 3-4 minutes or 5 to 6 minutes.",
        "It costs $5 and the key is `in 1999,` here.",
    ],
)
def test_what_may_still_be_true_or_is_not_sure_is_left_alone(answer):
    """Twice in the answer, in parentheses, under a comparison, a name, a range, code: no proposal."""
    assert not {value for value in proposed(answer) if value not in ("100", "more than")}


def test_what_the_question_says_is_no_fact_of_the_answer():
    """A wrong value would contradict the question."""
    assert "1869" not in proposed(ANSWER, "Which bridge was opened in 1869?")


def test_what_is_proposed_reads_back_and_passes_the_lint_for_wrong_values():
    """The answers of the shipped items stay as they were, byte for byte."""
    items = {item.id: item for item in BARE}
    read = list(compile_items(slotify(BARE)))
    assert len(read) > 100
    for item in read:
        assert item.provenance == "guessed"
        assert (item.answer, item.question, item.refs) == (
            items[item.id].answer,
            items[item.id].question,
            items[item.id].refs,
        )
        assert not [fault for fault in lint_item(item) if "wrong alternative" not in fault]


def test_a_claim_is_the_sentence_that_an_error_makes_false():
    """Every fact of the shipped items stands in its claim, and the claim in the answer."""
    for item in load_items("core"):
        for fact in item.facts:
            assert fact.value in item.claim(fact)
            assert item.claim(fact) in item.answer


def test_items_that_cannot_be_written_or_have_facts_are_named():
    """Nothing is left out without a word."""
    odd = Item(id="odd", question="Is it so,\nor not?", answer=ANSWER)
    text = slotify([odd, load_items("core")[0]])
    assert "% nothing proposed: odd\n" in text
    assert "@" not in text


def test_nothing_guessed_enters_the_fact_arm_unless_it_is_accepted(tmp_path):
    """The style arm needs no facts; the wrong answers wait for a reviewer."""
    path = tmp_path / "guessed.txt"
    path.write_text(slotify(BARE[:30]), encoding="utf-8")
    items = load_items(path)
    said = []
    pairs = perturb(items, skipped=lambda _, reason: said.append(reason))
    assert {pair.contrast for pair in pairs} == {"style_true", "placebo"}
    assert said == ["its facts were guessed: review them, or set accept_guessed"] * len(items)
    assert any(pair.contrast == "conflict" for pair in perturb(items, accept_guessed=True))
    path.write_text(path.read_text(encoding="utf-8").replace("provenance: guessed\n", ""), encoding="utf-8")
    assert any(pair.contrast == "conflict" for pair in perturb(load_items(path)))


def test_a_run_says_what_share_of_its_errors_was_guessed(tmp_path, capsys):
    """In its provenance, and in a sentence of the terminal, the Markdown and the page."""
    guessed = tmp_path / "guessed.txt"
    guessed.write_text(slotify(BARE[:12]), encoding="utf-8")
    settings = {"items": str(guessed), "judges": [{"name": "fair", "model": "simulated/truth-only"}]}
    sentence = "100% of the pairs with a wrong answer rest on guessed facts nobody reviewed"
    for accept, share in ((False, 0.0), (True, 1.0)):
        done = run(parse_config(settings | {"design": {"accept_guessed": accept}}), tmp_path / f"run-{accept}")
        manifest = json.loads((tmp_path / f"run-{accept}" / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["guessed_share"] == share
        report(done.audit)
        pages = (capsys.readouterr().out, report(done.audit, "markdown"), (done.path / "report.html").read_text())
        assert [sentence in page.replace("\\", "") for page in pages] == [accept] * 3
