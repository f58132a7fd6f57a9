"""Style operators on hard texts: what is protected stays, byte for byte."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judgeaudit.assets import load_fixture
from judgeaudit.checks import verify
from judgeaudit.items import load_items
from judgeaudit.perturbations import FACETS, Canvas, NotApplicable, apply_edits, perturb
from judgeaudit.perturbations.catalogue import treat
from judgeaudit.perturbations.surface import typos
from judgeaudit.records import FACT_KINDS, Item

TORTURE = load_items(Path(__file__).parents[1] / "data" / "torture.jsonl")
"""Code, mathematics, tables, addresses, quotations, CRLF, emoji, CJK, "No, less than a third", "O(1)", "3.14", "$5"."""
FACET_IDS = sorted(FACETS)


def item(text):
    return Item(id="torture", question='What is "this"?' if '"' in text else "What is this?", answer=text)


@pytest.mark.parametrize("dose", [1, 2, 3])
@pytest.mark.parametrize("facet", FACET_IDS)
def test_protected_spans_stay_byte_equal(facet, dose):
    """Every operator acts on some torture text; code, mathematics, tables and facts stay, and the leading No denies."""
    acted = False
    for hard in TORTURE:
        made = treat(hard, facet, dose, "seed")
        if isinstance(made, NotApplicable):
            assert made.reason
            continue
        acted, out, position = True, apply_edits(hard.answer, made[0]), 0
        dropped = [edit for edit in made[0] if edit.label == "omission.sentence"]
        for start, end in Canvas(hard).protected:
            if not any(edit.start <= start and end <= edit.end for edit in dropped):
                position = out.index(hard.answer[start:end], position)
        if hard.id == "prose" and not facet.startswith("flu."):
            assert "No, less than a third" in re.sub(r"[*_]", "", out)
    assert acted


@pytest.mark.parametrize("facet", [name for name in FACET_IDS if not name.startswith("placebo.")])
def test_pairs_of_hard_texts_pass_their_check(facet):
    """Styled or not, at every dose."""
    for dose in (1, 2, 3):
        for pair in verify(perturb(TORTURE, facets=[facet], doses=[dose])):
            assert pair.check.passed, (pair.id, dose, pair.check.reasons)


@pytest.mark.parametrize("kind", FACT_KINDS)
def test_an_error_in_a_hard_text_leaves_every_other_byte(kind):
    """The bytes around the slots are those of the answer, protected or not, and the pair passes its check."""
    pairs = verify(perturb(TORTURE, errors=[kind], contrasts=["fact_plain"]))
    assert pairs
    for pair in pairs:
        assert pair.check.passed, pair.check.reasons
        undone = pair.b.text
        for edit in pair.edits_b:
            undone = undone[: edit.start] + edit.old + undone[edit.start + len(edit.new) :]
        assert undone.encode() == pair.reference.encode() == pair.a.text.encode()


def test_layout_and_emoji_know_no_language():
    """Sentences that end in a full-width stop, with no blank after it, become lines too."""
    japanese = Item(id="ja", lang="ja", question="?", answer="月は小さい。海は青い！")
    lines = apply_edits(japanese.answer, treat(japanese, "fmt.list", 1, "seed")[0])
    assert [line.strip() for line in lines.split("\n") if line.strip()] == ["月は小さい。", "海は青い！"]
    signs = apply_edits(japanese.answer, treat(japanese, "punct.emoji", 3, "seed")[0])
    assert re.fullmatch(r"月は小さい。 \S+海は青い！ \S+", signs)


def test_an_enumerator_is_no_sentence_and_keeps_its_stop():
    """The stop after a number that opens a line ends nothing: it is no place for an emoji or an exclamation mark."""
    for facet in ("punct.exclaim", "punct.emoji"):
        assert treated("1. The sky is blue.\n2. The sea is green.", facet, 3).count("1. The sky") == 1


@pytest.mark.parametrize("facet", ["tone.assistant", "tone.casual"])
def test_no_opener_affirms_before_an_answer_that_denies(facet):
    """An answer that begins with No is not opened with Sure."""
    for seed in range(60):
        edits, _ = treat(item("No, it is small. The moon is far away, and it is grey."), facet, 2, str(seed))
        assert not edits[0].new.startswith(("Sure", "Certainly", "Absolutely", "Of course", "Yeah", "Right"))


@pytest.mark.parametrize("facet", FACET_IDS)
@given(text=st.text(max_size=200), dose=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_no_operator_fails_or_returns_its_input(facet, text, dose):
    """Whatever the text, an operator makes edits that change it, or says why not."""
    if not text:
        return
    treated = treat(item(text), facet, dose, "seed")
    if isinstance(treated, NotApplicable):
        assert treated.reason
    else:
        changed = apply_edits(text, treated[0]) != text
        assert changed == (facet != "placebo.identical")


def test_a_framed_answer_stands_whole_inside_its_frame():
    """Padding, courtesy and stance put sentences around the answer and touch nothing in it."""
    answer = "The sky is blue. It looks red in the evening, when the light has a longer way."
    for facet in ("len.pad", "tone.assistant", "stance.hedge", "stance.boost", "len.restate"):
        edits, _ = treat(item(answer), facet, 3, "seed")
        assert answer in apply_edits(answer, edits)


def test_a_misspelling_is_never_a_word_that_carries_a_claim():
    """Names, numbers and claim words are left alone."""
    never = set(load_fixture("banks/style")["flu.typos"]["never"])
    text = "The northern river rises before the southern river, and usually seven smaller streams never reach it. " * 3
    made = typos(Canvas(item(text)), 2, random.Random(1))
    assert not isinstance(made, NotApplicable)
    assert all(edit.old not in never and edit.old.islower() for edit in made.edits)


WORDLESS = {"fmt.strip", "syn.merge", "syn.split", "punct.exclaim"}
"""Facets that have no wording: what they do is the same everywhere, and only the place varies."""


@pytest.mark.parametrize("facet", [f.id for f in FACETS.values() if f.arm in ("style", "stance")])
def test_every_facet_is_worded_in_ten_ways_or_has_no_wording(facet):
    """A claim about style in general needs many templates; a facet without wording names none."""
    plain = [
        Item(id=f"i{n}", question="Q?", answer=f"It {verb} so here and there. That {verb} well either way.", domain="x")
        for n, verb in enumerate(
            9 * ("isn't", "aren't", "doesn't", "don't", "didn't", "wasn't", "weren't", "can't", "hasn't", "haven't")
        )
    ]
    items = plain if facet == "tone.formal" else load_items("core")
    made = [treat(one, facet, 3, "seed") for one in items]
    templates = {style.template for done in made if not isinstance(done, NotApplicable) for style in done[1]}
    if facet in WORDLESS:
        assert templates <= {""}
    else:
        assert len(templates - {""}) >= 10


def test_connectives_open_marked_sentences_only():
    """A quarter, half, all of the sentences marked as additive, and no other."""
    answer = "One thing is here. The second is there. A third is far. The last is near."
    starts = [answer.index(first) for first in ("The second", "A third", "The last")]
    marked = Item(id="x", question="Q?", answer=answer, additive=tuple(starts))
    counts = []
    for dose in (1, 2, 3):
        edits, _ = treat(marked, "lex.connective", dose, "seed")
        assert {edit.start for edit in edits} <= set(starts)
        assert all(edit.new.endswith(f", {edit.old.lower()}") for edit in edits)
        counts.append(len(edits))
    assert counts == [1, 2, 3]
    assert isinstance(treat(item(answer), "lex.connective", 3, "seed"), NotApplicable)


def test_two_facets_that_want_the_same_place_are_refused():
    """A list and a heading both need the gap between two sentences."""
    made = treat(item("One thing is here. Another thing is there."), "fmt.list+fmt.heading", 2, "seed")
    assert isinstance(made, NotApplicable)
    assert "compete" in made.reason


ANSWER = (
    "The sky is blue because the air scatters short waves. The sunset has a longer way. "
    "It is red for that reason. At noon the light comes straight down."
)


def treated(text, facet, dose, **fields):
    """Return the text after a facet, or why it does not apply."""
    made = treat(Item(id="one", question="Why is the sky blue?", answer=text, **fields), facet, dose, "seed")
    return made.reason if isinstance(made, NotApplicable) else apply_edits(text, made[0])


@pytest.mark.parametrize("dose", [1, 2, 3])
def test_stripping_what_was_set_in_bold_gives_the_answer_back(dose):
    """Both poles of emphasis meet, whatever the notation."""
    for seed in range(20):
        made = treat(
            Item(id="one", question="Why?", answer=ANSWER, terms=((4, 7), (58, 64))), "fmt.bold", dose, f"{seed}"
        )
        bold = apply_edits(ANSWER, made[0])
        assert bold != ANSWER
        assert treated(bold, "fmt.strip", 1) == ANSWER


def test_marks_are_stripped_by_dose_and_only_outside_code():
    """Emphasis goes first, then headings, then list markers; code, products and snake_case stay."""
    text = "## The sky\n\n1. **Blue** is `a**b**c` and 2 * 3 * 4.\n2. my_long_name stays."
    assert treated(text, "fmt.strip", 1) == text.replace("**Blue**", "Blue")
    assert treated(text, "fmt.strip", 2) == text.replace("**Blue**", "Blue").replace("## ", "")
    assert treated(text, "fmt.strip", 3) == "The sky\n\nBlue is `a**b**c` and 2 * 3 * 4.\nmy_long_name stays."
    assert treated(ANSWER, "fmt.strip", 1) == "fmt.strip: the answer has no emphasis to take the marks from"


def test_sentences_are_joined_only_where_the_second_points_back_at_nothing():
    """Not before a pronoun, not across a contrast, and never by force."""
    assert treated(ANSWER, "syn.merge", 3) == ANSWER.replace(". The sunset", "; the sunset").replace(
        ". At noon", "; at noon"
    )
    for second in (
        "It has a longer way.",
        "The moon, however, is grey.",
        "The other one is red.",
        "Mars is red today.",
    ):
        assert "no two sentences" in treated(f"The sky is blue today. {second}", "syn.merge", 3)


def test_what_a_semicolon_joins_is_taken_apart_again():
    """Splitting undoes joining; a list with semicolons is left alone."""
    joined = "The sky is blue at noon; the sunset is red in the evening."
    assert treated(joined, "syn.split", 1) == "The sky is blue at noon. The sunset is red in the evening."
    for text in ("It has three parts: the base; the stem; the top.", "The sky is blue; but the sunset is red today."):
        assert "no sentence holds two clauses" in treated(text, "syn.split", 3)


def test_at_dose_3_no_semicolon_stays():
    """A chain is taken apart whole; where one joint must stay, less than all is a lower dose."""
    chain = "The sky is blue at noon; the sunset is red in the evening; at night the moon is grey."
    apart = "The sky is blue at noon. The sunset is red in the evening. At night the moon is grey."
    assert treated(chain, "syn.split", 3) == apart
    mixed = f"{chain} It has three parts: the base; the stem; the top."
    assert treated(mixed, "syn.split", 2).count(";") == 3
    assert "none may stay" in treated(mixed, "syn.split", 3)


@pytest.mark.parametrize("facet", FACET_IDS)
def test_facets_made_of_english_words_leave_other_languages_alone(facet):
    """Layout, emoji and typography know no language; words do."""
    text = "Der Mond ist klein. Die Sonne ist groß! It's a doesn't, and the center is there."
    applies = facet.startswith(("fmt.bold", "fmt.list", "punct.", "placebo.identical", "placebo.typography"))
    made = treat(Item(id="one", question="Was?", answer=text, lang="de", terms=((4, 8),)), facet, 1, "seed")
    assert isinstance(made, NotApplicable) != applies


def test_an_invented_reference_is_as_long_as_its_control():
    """Length and place cannot tell the two arms apart."""
    pairs = load_fixture("banks/style")["authority"]
    assert len(pairs) >= 10
    assert all(len(invented) == len(neutral) for invented, neutral in pairs)
    assert len({text for pair in pairs for text in pair}) == 2 * len(pairs)


def test_the_sentence_with_most_facts_is_left_out_and_its_length_stays():
    """The control has the same filler and the sentence too."""
    items = load_items("core")
    for item in items[::9]:
        for dose in (1, 2):
            made = treat(item, "omission.sentence", dose, "seed")
            if isinstance(made, NotApplicable):
                continue
            for edit in made[0]:
                assert sum(edit.start <= fact.start < edit.end for fact in item.facts) > 0
                assert abs(len(edit.old.split()) - len(edit.new.split())) <= 2
            kept = treat(item, "omission.filler", dose, "seed")
            assert [e.start for e in kept[0]] == [e.start for e in made[0]]
            assert not any(e.old for e in kept[0])


def test_an_error_in_a_sentence_that_is_left_out_gives_no_pair():
    """The arms with a dropped sentence make only the pairs that can be made."""
    pairs = perturb(load_items("core")[:40], facets=["omission.sentence"], seed=1, doses=[1])
    n = {contrast: sum(pair.contrast == contrast for pair in pairs) for contrast in ("style_true", "conflict")}
    assert 0 < n["conflict"] < n["style_true"]
    assert all(pair.check.passed for pair in verify(pairs))
