"""Items from the user: JSONL, CSV, rows."""

import json

import pytest

from judgeaudit.errors import ItemError
from judgeaudit.items import load_items

ROW = {
    "id": "moon",
    "question": "When did Apollo 11 land?",
    "answer": "Apollo 11 landed in 1969. In 1969 many watched it.",
    "domain": "history",
    "facts": [{"kind": "date", "value": "1969", "distractors": ["1959", "1972"]}],
}


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_sets_load():
    """At least 60 items over at least 8 domains, each with at least two wrong values per fact."""
    core = load_items("core")
    assert len(core) >= 60
    assert len({item.domain for item in core}) >= 8
    assert all(len(fact.distractors) >= 2 for item in core for fact in item.facts)
    assert {item.id for item in load_items("demo")} < {item.id for item in core}


def test_every_occurrence_of_a_value_moves_together(tmp_path):
    """A fact of the user's is found wherever it stands in the answer."""
    (item,) = load_items(write(tmp_path, "mine.jsonl", json.dumps(ROW) + "\n"))
    assert item.facts[0].spans == ((20, 24), (29, 33))


def test_a_value_inside_another_word_is_not_an_occurrence():
    """19 does not occur in 1969."""
    row = ROW | {
        "answer": "In 1969 there were 19.",
        "facts": [{"kind": "number", "value": "19", "distractors": ["20"]}],
    }
    assert load_items([row])[0].facts[0].spans == ((19, 21),)


def test_a_value_in_a_script_without_blanks_is_found():
    """Chinese text has no word boundaries."""
    row = {
        "question": "?",
        "answer": "月球在地球旁边。",
        "lang": "zh",
        "facts": [{"kind": "entity", "value": "地球", "distractors": ["火星"]}],
    }
    assert load_items([row])[0].facts[0].start == 3


@pytest.mark.parametrize(
    "answer", ["運河は1869年に開通し、1869年に祝われた。", "운하는 1869년에 열렸다. 1869년은 좋았다."]
)
def test_a_figure_beside_letters_that_set_no_blanks_is_found(answer):
    """Both occurrences move together, and 1869 is still none of 18690."""
    fact = {"kind": "date", "value": "1869", "distractors": ["1859"]}
    (item,) = load_items([{"question": "?", "answer": answer, "lang": "ja", "facts": [fact]}])
    assert len(item.facts[0].spans) == 2
    with pytest.raises(ItemError, match="does not occur"):
        load_items([{"question": "?", "answer": "18690年", "facts": [fact]}])


def test_csv_gives_the_same_item_as_jsonl(tmp_path):
    """Facts, kinds and wrong values stand in three columns."""
    text = (
        "id,question,answer,domain,facts,kinds,distractors\n"
        'moon,When did Apollo 11 land?,"Apollo 11 landed in 1969. In 1969 many watched it.",history,'
        "1969,date,1959|1972\n"
    )
    assert load_items(write(tmp_path, "mine.csv", text)) == load_items([ROW])


def test_csv_without_kinds_takes_those_that_a_value_shows(tmp_path):
    """A year, a figure and a name say what they are; a word does not, and is asked for."""
    text = (
        "question,answer,facts,distractors\n"
        '"When?","Apollo 11 landed in 1969. Two men walked.",1969;Apollo 11;Two,1959|1972;Apollo 8;Three\n'
    )
    (item,) = load_items(write(tmp_path, "mine.csv", text))
    assert [fact.kind for fact in item.facts] == ["date", "entity", "number"]
    with pytest.raises(ItemError, match=r"mine.csv:2: the kind of 'landed' cannot be read .* add a column 'kinds'"):
        load_items(write(tmp_path, "mine.csv", text.replace("1969;Apollo 11;Two", "1969;landed;Two")))


def test_an_authoring_file_loads(tmp_path):
    """The authoring format is a format like the others."""
    path = write(tmp_path, "mine.txt", "@ a | b | c?\nIn {{date:1969|1959}} it was.\n")
    assert load_items(path)[0].id == "a"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"answer": ""}, "mine.jsonl:1: field 'answer' is missing or empty"),
        ({"answr": "x"}, "mine.jsonl:1: unknown field 'answr' .did you mean \"answer\"."),
        ({"id": "a b"}, "mine.jsonl:1: field 'id'"),
        ({"facts": {"kind": "date"}}, "field 'facts' must be a list"),
        ({"facts": ["1969"]}, r"facts\[0\] must be an object"),
        (
            {"facts": [{"kind": "date", "value": "1970", "distractors": ["1959"]}]},
            "'1970' does not occur in the answer; copy it",
        ),
        ({"facts": [{"kind": "dates", "value": "1969", "distractors": ["1959"]}]}, 'did you mean "date"'),
        ({"facts": [{"kind": "date", "value": "1969"}]}, "'distractors' must list at least one"),
        ({"facts": [{"kind": "date", "value": "1969", "distractors": ["1969"]}]}, "equals the true value"),
        ({"facts": [{"kind": "date", "value": "1969", "wrong": ["1959"]}]}, "unknown field 'wrong'"),
        ({"facts": [{"kind": "date", "value": "1969", "distractors": [3]}]}, "mine.jsonl:1: field"),
        (
            {"facts": [{"kind": "date", "value": v, "distractors": ["x"]} for v in ("landed in 1969", "1969")]},
            "mine.jsonl:1: .*overlap",
        ),
        (
            {"facts": [{"kind": "date", "value": "1969", "distractors": [{"value": "1959", "carry": {"x": "1"}}]}]},
            "names a fact 'x', which the item does not have; there are: f1",
        ),
        (
            {"facts": [{"kind": "conflation", "value": "1969", "distractors": ["1959"], "swap_with": "y"}]},
            "names a fact 'y', which the item does not have",
        ),
        ({"terms": [[5, 2]]}, "the term 5:2 does not stand in the answer"),
        ({"terms": [[0, 999]]}, "the term 0:999 does not stand in the answer"),
    ],
)
def test_a_bad_row_names_file_line_field_and_remedy(tmp_path, change, says):
    """Nothing is guessed and nothing is skipped in silence."""
    with pytest.raises(ItemError, match=says):
        load_items(write(tmp_path, "mine.jsonl", json.dumps(ROW | change)))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("empty.jsonl", "\n\n", "holds no item"),
        ("bad.jsonl", '{"question": ', r"bad.jsonl:1: not valid JSON"),
        ("list.jsonl", "[1]", "holds a list"),
        (
            "twice.jsonl",
            f"{json.dumps(ROW)}\n\n{json.dumps(ROW)}",
            "twice.jsonl:3: the id 'moon' was used before, at .*twice.jsonl:1",
        ),
        ("wide.csv", "question,answer\na,b,c\n", "wide.csv:2: has more cells"),
        ("odd.csv", "question,answer,facts,kinds,distractors\na,b c,b;c,entity,x\n", "'facts' has 2 values, 'kinds' 1"),
        ("open.csv", 'question,answer\nQ?,"A b.\n', "open.csv:.*close every quote"),
        ("long.csv", f"question,answer\nQ?,{'x' * 140_000}\n", "long.csv:1: field larger"),
        ("two.csv", "question,question,answer\nQ?,P?,A.\n", "two.csv:1: the column 'question' stands twice"),
        ("deep.jsonl", "[" * 100_000, "deep.jsonl:1: JSON that cannot be read"),
        ("digits.jsonl", f'{{"question": {"9" * 5000}}}', "digits.jsonl:1: JSON that cannot be read"),
        ("mine.xlsx", "x", "cannot tell the format"),
    ],
)
def test_a_bad_file_is_a_clear_error(tmp_path, name, text, says):
    """Empty, malformed and duplicate sources are refused with the place."""
    with pytest.raises(ItemError, match=says):
        load_items(write(tmp_path, name, text))


def test_a_missing_file_and_an_unknown_set_say_what_there_is(tmp_path):
    """The message lists the shipped sets."""
    with pytest.raises(ItemError, match="no item file at"):
        load_items(tmp_path / "none.jsonl")
    with pytest.raises(ItemError, match=r'did you mean "core".*there are: core, demo'):
        load_items("cor")


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    """The message names the byte."""
    path = tmp_path / "latin.jsonl"
    path.write_bytes(b'{"question": "\xe9"}')
    with pytest.raises(ItemError, match="byte 14 is not UTF-8"):
        load_items(path)


def test_any_iterable_of_mappings_is_read():
    """As a data set gives them: without a length, with fields that are None, and with numbers for ids."""
    rows = ({**ROW, "id": n, "domain": None, "refs": None} for n in (7, 8))
    first, second = load_items(rows)
    assert (first.id, second.id, first.domain, first.refs) == ("7", "8", "general", ())


@pytest.mark.parametrize("source", [ROW, 5, [1], ["x"], [None]])
def test_what_holds_no_rows_is_refused(source):
    """One mapping is no list of them, and neither is what holds anything else."""
    with pytest.raises(ItemError, match="mapping"):
        load_items(source)
