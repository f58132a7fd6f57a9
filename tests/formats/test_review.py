"""The sheet for a person: blinded, seeded, safe in a spreadsheet, and read back without guessing."""

import csv

import pytest

from judgeaudit.checks import verify
from judgeaudit.errors import PairError
from judgeaudit.formats import read_review, write_review
from judgeaudit.items import load_items
from judgeaudit.perturbations import perturb
from judgeaudit.records import Answer, Pair

PAIRS = verify(perturb(load_items("demo"), seed=5))
SAME, WRONG = "same_claims (yes/no/unsure)", "wrong_answer (1/2/both/neither/unsure)"


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows, delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def pair_of(row):
    """The pair of a row, found by its texts."""
    shown = {row["answer_1"].removeprefix("'"), row["answer_2"].removeprefix("'")}
    return next(pair for pair in PAIRS if {pair.a.text, pair.b.text} == shown)


def fill(row):
    """What a person writes who sees all."""
    pair = pair_of(row)
    true = [next(s for s in (pair.a, pair.b) if s.text == row[f"answer_{n}"].removeprefix("'")).true for n in (1, 2)]
    wrong = {(True, True): "neither", (False, False): "both", (True, False): "2", (False, True): "1"}[tuple(true)]
    return row | {SAME: "Yes" if true[0] == true[1] else "no ", WRONG: wrong}


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "sheet.csv"
    write_review(PAIRS, path, n=20, seed=4)
    return path


def test_the_sheet_tells_nothing_of_what_was_done(sheet):
    """Only a code, the question and two texts: no contrast, facet, item, or fixed side of the trusted answer."""
    rows = rows_of(sheet)
    assert list(rows[0]) == ["code", "question", "answer_1", "answer_2", SAME, WRONG, "comment"]
    first = [pair_of(row).a.text == row["answer_1"].removeprefix("'") for row in rows]
    assert 4 <= sum(first) <= 16
    assert not any(pair_of(row).item_id in row["code"] for row in rows)


def test_rows_are_independent_and_the_arms_equal(sheet):
    """No item stands in two rows, half of the rows hold an error, and placebos none."""
    chosen = [pair_of(row) for row in rows_of(sheet)]
    assert len({pair.cluster for pair in chosen}) == len(chosen) == 20
    assert sum(pair.a.true != pair.b.true for pair in chosen) == 10
    assert not any(pair.contrast == "placebo" for pair in chosen)


def test_the_same_seed_gives_the_same_bytes(sheet, tmp_path):
    """And another seed another sheet."""
    for seed, same in ((4, True), (5, False)):
        again = tmp_path / "again.csv"
        assert write_review(PAIRS, again, n=20, seed=seed) == 20
        assert (again.read_bytes() == sheet.read_bytes()) is same


@pytest.mark.parametrize("text", ["=1+1", "+44", "-1", "@SUM(A1)", "\t=1", " =1", "* item"])
def test_no_cell_is_a_formula(tmp_path, text):
    """A text that a spreadsheet would calculate is quoted; others stay."""
    pair = Pair(
        id="p", item_id="i", question=text, contrast="fact_plain", a=Answer(text=text), b=Answer(text="no"),
    )  # fmt: skip
    write_review([pair], tmp_path / "s.csv")
    (row,) = rows_of(tmp_path / "s.csv")
    assert row["question"] == (text if text == "* item" else f"'{text}")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_filled_sheet_reads_back_whatever_a_spreadsheet_did_to_it(sheet, delimiter):
    """Other delimiters, another order, capitals and blanks change nothing; rows left blank are passed over."""
    rows = rows_of(sheet)
    write_rows(sheet, [*map(fill, reversed(rows[3:])), *rows[:3]], delimiter)
    opinions = read_review(sheet, PAIRS)
    assert len(opinions) == 17
    assert all(opinion.valid for opinion in opinions)


def test_what_a_person_does_not_find_is_invalid_and_a_doubt_is_neither(sheet):
    """The wrong side, or no side, is a finding against the pair; unsure is none."""
    rows = [fill(row) for row in rows_of(sheet)]
    facts = [row for row in rows if row[SAME].strip() == "no"]
    facts[0][WRONG] = "neither"
    facts[1][WRONG] = "1" if facts[1][WRONG] == "2" else "2"
    facts[2][SAME] = "unsure"
    write_rows(sheet, rows)
    verdicts = [opinion.valid for opinion in read_review(sheet, PAIRS) if opinion.arm == "fact"]
    assert (verdicts.count(False), verdicts.count(None), verdicts.count(True)) == (2, 1, 7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({SAME: "maybe"}, "same_claims is 'maybe'; it must be one of yes, no, unsure"),
        ({WRONG: "3"}, "wrong_answer is '3'"),
        ({WRONG: ""}, "answer both, or neither"),
        ({"code": "123456789abc.4"}, "no pair has the code"),
        ({"code": "nonsense"}, "no pair has the code"),
    ],
)
def test_a_wrong_entry_says_where_and_what_is_allowed(sheet, change, message):
    """Nothing is guessed."""
    rows = [fill(row) for row in rows_of(sheet)[:1]]
    write_rows(sheet, [rows[0] | change])
    with pytest.raises(PairError, match=message) as caught:
        read_review(sheet, PAIRS)
    assert "sheet.csv:" in str(caught.value)


def test_a_row_that_stands_twice_is_refused(sheet):
    """It would be counted as two readings."""
    row = fill(rows_of(sheet)[0])
    write_rows(sheet, [row, row])
    with pytest.raises(PairError, match="two rows"):
        read_review(sheet, PAIRS)


def test_a_file_that_is_no_sheet_is_refused(tmp_path):
    """It says which columns it lacks."""
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(PairError, match="lacks the columns code"):
        read_review(tmp_path / "x.csv", PAIRS)
    with pytest.raises(PairError, match="cannot be read"):
        read_review(tmp_path / "missing.csv", PAIRS)
