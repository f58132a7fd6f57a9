"""The authoring format."""

import pytest

from judgeaudit.errors import ItemError
from judgeaudit.items import compile_items

MOON = """
@ moon | astronomy | When did people first walk on the Moon?
ref: an almanac
People first walked on the [[Moon]] in {{date#year:1969|~1968|1959}}. In {{#year}} the crew of
{{entity:Apollo 11|Apollo 8}} came back.
"""


def one(text):
    (item,) = compile_items(text, "mine.txt")
    return item


def test_marks_become_facts_that_stand_where_their_values_stand():
    """Every occurrence of a fact is found again in the compiled answer."""
    item = one(MOON)
    assert item.answer == ("People first walked on the Moon in 1969. In 1969 the crew of Apollo 11 came back.")
    year, crew = item.facts
    assert [item.answer[a:b] for a, b in year.spans] == ["1969", "1969"]
    assert [(d.value, d.severity) for d in year.distractors] == [("1968", "minor"), ("1959", "major")]
    assert (crew.id, crew.kind) == ("f2", "entity")
    assert [item.answer[a:b] for a, b in item.terms] == ["Moon"]
    assert item.refs == ("an almanac",)


def test_an_error_can_be_carried_on_to_what_follows_from_it():
    """A wrong step of a calculation names the values that follow from it."""
    item = one("@ sum | arithmetic | What?\nFirst {{calculation:12|14 > total=28}}, then {{calculation#total:24|20}}.")
    assert item.facts[0].distractors[0].carry == {"total": "28"}


def test_a_conflation_exchanges_both_values():
    """Two linked facts take each other's place."""
    item = one(
        "@ moons | astronomy | Which?\n{{conflation#x&y:Io|Europa}} is near and {{conflation#y&x:Callisto|Titan}} far."
    )
    assert item.facts[0].distractors[0].value == "Callisto"
    assert item.facts[0].distractors[0].carry == {"y": "Io"}


def test_fenced_code_keeps_its_lines():
    """Prose lines are joined, and the lines of a code block are not."""
    item = one(
        "@ code | computing | How?\nUse this\nfunction.\n"
        "```python\ndef f(n):\n    return {{code:n + 1|n - 1}}\n```\nIt adds."
    )
    assert item.answer == "Use this function.\n\n```python\ndef f(n):\n    return n + 1\n```\n\nIt adds."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("@ a | b\nText.", r"mine.txt:1: the header must read '@ id \| domain \| question'"),
        ("stray\n@ a | b | c\nText.", "mine.txt:1: text before the first"),
        ("@ a | b | c\nA {{numbr:1|2}}.", "mine.txt:1: unknown kind 'numbr' .did you mean \"number\"."),
        ("@ a | b | c\nA {{#x}}.", "repeats a fact that was not declared"),
        ("@ a | b | c\nA {{number#x:1|2}} {{number#x:3|4}}.", "declared twice"),
        ("@ a | b | c\nA {{conflation#x&y:1|2}}.", "swaps with 'y', which is not declared"),
        ("@ a | b | c\nA {{calculation:1|2 > total}}.", "cannot read the carried value 'total'"),
        ("@ a | b | c\nA {{calculation:1|2 > total=5}}.", "names a fact 'total', which the item does not have"),
        ("@ a | b | c\nA {{number:1|2.", "mine.txt:1: '{{' is left over in 'A {{number:1.2.'"),
        ("@ a | b | c\nA {number:1|2}}.", "mine.txt:1: '}}' is left over"),
        ("@ a b | b | c\nA {{number:1|2}}.", "mine.txt:1: id"),
        ("@ a | b | c\nA {{number:1}}.", "mine.txt:1"),
    ],
)
def test_a_fault_names_file_and_line(text, says):
    """Every mistake an author can make is an error that says where it is."""
    with pytest.raises(ItemError, match=says):
        list(compile_items(text, "mine.txt"))


def test_braces_of_code_are_no_marks():
    """A dictionary inside a dictionary closes with two braces, in code."""
    assert one("@ a | b | c\nIt is `{1: {2: 3}}`.").answer == "It is `{1: {2: 3}}`."


def test_an_item_says_its_language():
    """English where nothing is said."""
    assert one("@ a | b | c\nlang: fr\nIl a {{number:deux|trois}} lunes.").lang == "fr"
    assert one(MOON).lang == "en"


def test_a_sentence_marked_as_additive_is_remembered_and_the_mark_vanishes():
    """``(+)`` stands before a sentence, in the source only."""
    (item,) = compile_items(
        "@ a | b | Q?\nMars has {{number:two|~three}} moons. (+) It is [[red]]. (+) {{entity:Hall|Lick}} saw both.\n"
    )
    assert item.answer == "Mars has two moons. It is red. Hall saw both."
    assert [item.answer[start:][:4] for start in item.additive] == ["It i", "Hall"]


@pytest.mark.parametrize("text", ["(+) One is here. Two is there.", "One is (+) here. Two is there."])
def test_a_mark_that_begins_no_later_sentence_is_refused(text):
    """The first sentence adds to nothing, and a mark inside a sentence means nothing."""
    with pytest.raises(ItemError, match="marked as additive"):
        list(compile_items(f"@ a | b | Q?\n{text}\n"))
