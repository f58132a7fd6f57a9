"""The lint of items."""

import ast
import json
import re

import pytest

from judgeaudit.assets import asset_dir
from judgeaudit.items import compile_items, lint_item, lint_set, load_items
from judgeaudit.items.__main__ import authored, counts, main
from judgeaudit.items.lint import direction, number_of
from judgeaudit.records import Distractor, Fact

FILLER = (
    " The first sentence of the filler is here to make the answer long enough for the lint to accept it as prose."
    " The second sentence of the filler does the same again and adds a few more plain words at the end of the text."
)


def faults(marked):
    (item,) = compile_items(f"@ x | d | Why?\nref: a book\n{marked}{FILLER}")
    return list(lint_item(item))


@pytest.mark.parametrize(
    ("marked", "says"),
    [
        ("It took more than {{number:400|150|90}} years.", "is still true after 'more than'"),
        ("It took at least {{quantifier:a third|a tenth|a fifth}} of it.", "fraction under a comparison"),
        ("It is an {{entity:owl|falcon|eagle}} there.", "does not agree with the article 'an'"),
        ("It was {{date:1969|1959|1959}} then.", "stands twice"),
        ("It was {{date:1969|1969|1959}} then.", "equals the truth"),
        ("It was {{entity:Paris|Rome|Berlin}} and not Rome then.", "stands elsewhere in the answer"),
        ("It was {{entity:Paris|rome|Berlin}} then.", "another class of character"),
        ("It had {{number:1,600|1900|1,700}} of them.", "the same number of ','"),
        ("It was {{entity:Paris|the old Rome|Berlin}} then.", "two or more words"),
        ("It was {{date:1969|1959}} then.", "at least 2 are wanted"),
    ],
)
def test_a_wrong_value_that_gives_itself_away_is_found(marked, says):
    """Each trap of the specification is named."""
    assert any(says in fault for fault in faults(marked)), faults(marked)


def test_a_sound_item_has_no_faults():
    """The lint accepts what the format asks for."""
    assert faults("It took more than {{number:400|650|900}} years.") == []
    assert faults("It is a {{entity:falcon|kestrel|fungus}} there.") == []


@pytest.mark.parametrize(
    ("kind", "value", "points"),
    [
        ("negation", "does not boil", -1),
        ("negation", "boils", 1),
        ("relation", "larger", 1),
        ("relation", "far smaller", -1),
        ("relation", "beside", 0),
        ("quantifier", "all", 1),
        ("quantifier", "few", -1),
        ("order", "long before", 1),
        ("order", "ahead of", 1),
        ("order", "soon after", -1),
        ("order", "last", -1),
        ("order", "while", 0),
        ("entity", "Paris", 0),
    ],
)
def test_direction_is_read_from_the_true_value(kind, value, points):
    """A negation, relation, quantifier or order points up or down; other kinds do not."""
    fact = Fact(id="f", kind=kind, value=value, start=0, end=len(value), distractors=(Distractor(value="x"),))
    assert direction(fact) == points


def test_a_set_that_always_denies_is_found():
    """Directions outside 40 to 60 percent, tell-tale values and repeated ids are named."""
    text = "".join(
        f"@ i{n} | d | Q?\nIt {{{{negation:is not|is}}}} {{{{entity:Paris{n}|Rome}}}} here.\n" for n in range(12)
    )
    items = list(compile_items(text))
    said = list(lint_set([*items, items[0]]))
    assert any("negation: 0 true statements point up and 13 down" in s for s in said)
    assert any("'rome' is a wrong alternative 13 times" in s for s in said)
    assert any("item id 'i0' is used 2 times" in s for s in said)


def test_a_set_whose_orders_mostly_come_first_is_found():
    """Three "before" to one "after" is tilted, as many of each is not; an order without direction does not count."""

    def said(*truths):
        text = "".join(f"@ i{n} | d | Q?\nIt came {{{{order:{t}|x|y}}}} it.\n" for n, t in enumerate(truths))
        return [s for s in lint_set(compile_items(text)) if s.startswith("order:")]

    (fault,) = said(*["before"] * 9, *["after"] * 3, *["while"] * 5)
    assert "9 true statements point up and 3 down" in fault
    assert said(*["before"] * 6, *["after"] * 6) == []


@pytest.mark.parametrize(
    ("text", "value"), [("1,600 metres", 1600.0), ("3.14", 3.14), ("twenty-one", 21.0), ("seven", 7.0), ("many", None)]
)
def test_numbers_are_read_in_digits_and_words(text, value):
    """Comparisons need the number behind the words."""
    assert number_of(text) == value


def test_the_data_card_holds_the_counts_of_the_shipped_set():
    """What it says is what the compiler prints."""
    folder = asset_dir("fixtures") / "items"
    assert counts(authored(folder)) in (folder / "README.md").read_text(encoding="utf-8")


def test_wrong_code_still_parses():
    """A syntax error would give it away."""
    tried = 0
    for item in load_items("core"):
        for fact in [fact for fact in item.facts if fact.kind == "code"]:
            for wrong in (d.value for d in fact.distractors):
                text = item.answer[: fact.start] + wrong + item.answer[fact.end :]
                for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
                    ast.parse(code)
                    tried += 1
    assert tried >= 30


def test_a_file_of_ones_own_is_linted(tmp_path, capsys):
    """The traps of an item file are said, whatever its format; a file that cannot be read is exit status 2."""
    row = {
        "id": "mine", "question": "How many?", "answer": f"It took more than 400 years.{FILLER}", "refs": ["a book"],
        "facts": [{"kind": "number", "value": "400", "distractors": ["650", "150"]}],
    }  # fmt: skip
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    assert main([str(path)]) == 1
    said = capsys.readouterr().out
    assert "item mine, fact f1 ('400'): '150' is still true after 'more than'" in said
    assert "1 items, 1 faults" in said
    path.write_text(json.dumps(row | {"facts": []}), encoding="utf-8")
    assert main([str(path)]) == 0
    assert main([str(tmp_path / "none.jsonl")]) == 2
    assert "no item file" in capsys.readouterr().err
