"""Making pairs, having a person read them, and putting the reading to use, at the command line."""

import csv
import json

import pytest
from typer.testing import CliRunner

from judgeaudit import pipeline
from judgeaudit.cli.app import app
from judgeaudit.config import load_config
from judgeaudit.formats import read_pairs
from judgeaudit.items import load_items
from judgeaudit.reports import report
from tests.scribes import Scribe
from tests.server import Server

CONFIG = """
items: demo
design: {items: 20, seed: 3}
judges:
  - {name: truth-only, model: simulated/truth-only}
"""


def judgeaudit(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def fill_in(sheet, pairs, wrong=0):
    """Fill in a sheet as one who knows the truth; ``wrong`` fact pairs are said to hold no error."""
    shown = {frozenset((pair.a.text, pair.b.text)): pair for pair in pairs if pair.contrast != "placebo"}
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    for row in rows[1:]:
        texts = [text.removeprefix("'") for text in row[2:4]]
        pair = shown[frozenset(texts)]
        true = [(pair.a if pair.a.text == text else pair.b).true for text in texts]
        row[4] = "yes" if true[0] == true[1] else "no"
        row[5] = {2: "neither", 0: "both"}.get(sum(true), "2" if true[0] else "1")
        if row[4] == "no" and wrong:
            row[5], wrong = "neither", wrong - 1
    with sheet.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audit.yaml").write_text(CONFIG)
    return tmp_path


def test_a_sheet_is_written_read_and_used_by_the_fit(folder):
    """One of ten wrong answers is found to be right: 90 % valid, and truth sensitivity is corrected and not graded."""
    done = judgeaudit("perturb", "audit.yaml", "--out", "pairs.jsonl", "--review", "sheet.csv", "--rows", 20)
    assert done.exit_code == 0, done.output
    assert "wrote 20 rows to sheet.csv" in done.output
    fill_in(folder / "sheet.csv", read_pairs(folder / "pairs.jsonl"), wrong=1)
    done = judgeaudit("review", "sheet.csv", "pairs.jsonl")
    assert done.exit_code == 0
    assert "fact: 90.0% of 10 pairs are what they claim to be [" in done.output
    assert "style: 100.0% of 10 pairs" in done.output
    with (folder / "audit.yaml").open("a") as file:
        file.write("review: sheet.csv\n")
    audit = pipeline.run(load_config(folder / "audit.yaml"), folder / "run").audit
    (judge,) = audit.judges
    truth, corrected = judge.get("truth_sensitivity"), judge.get("truth_sensitivity_corrected")
    assert corrected.estimate == pytest.approx(min(truth.estimate / 0.9, 1))
    assert truth.grade == "NOT GRADED"
    assert audit.provenance["review"]["fact"]["estimate"] == pytest.approx(0.1)
    assert "a person read 10 fact pairs: 90%" in report(audit, "markdown")
    assert "a person read 10 fact pairs" in (folder / "run" / "report.html").read_text()
    shares = json.loads(judgeaudit("review", "sheet.csv", "run", "--json").output)
    assert shares["fact"]["n"] == 10


def test_a_sheet_that_nobody_filled_in_is_refused(folder):
    """And so is one of other pairs."""
    judgeaudit("perturb", "audit.yaml", "--out", "pairs.jsonl", "--review", "sheet.csv", "--rows", 6)
    done = judgeaudit("review", "sheet.csv", "pairs.jsonl")
    assert (done.exit_code, "no row is filled in" in done.stderr) == (2, True)
    fill_in(folder / "sheet.csv", read_pairs(folder / "pairs.jsonl"))
    judgeaudit("perturb", "audit.yaml", "--out", "others.jsonl", "--seed", 9)
    done = judgeaudit("review", "sheet.csv", "others.jsonl")
    assert (done.exit_code, "from which this sheet was drawn" in done.stderr) == (2, True)


def test_a_configuration_has_a_model_write_pairs(folder):
    """The counts are said, the pairs say who wrote them, and a second time nothing is asked."""
    with Server(Scribe(load_items("demo")).good) as server:
        (folder / "audit.yaml").write_text(
            f"{CONFIG}rewrites:\n  items: 3\n  facets: [tone.assistant]\n  errors: [number, date]\n"
            f"  writer: {{name: w, model: openai/scribe-1, api_base: '{server.api_base}'}}\n"
        )
        assert "openai/scribe-1 writes more pairs first: 5 changes" in judgeaudit("plan", "audit.yaml").output
        assert server.hits == 0
        done = judgeaudit("perturb", "audit.yaml", "--out", "pairs.jsonl")
        assert done.exit_code == 0, done.output
        asked = server.hits
        judgeaudit("perturb", "audit.yaml", "--out", "pairs.jsonl")
        assert server.hits == asked > 0
    assert "openai/scribe-1 wrote 5: 5 kept, 0 no-op, 0 leak, 0 unverifiable" in done.output
    assert {pair.writer for pair in read_pairs(folder / "pairs.jsonl")} == {"", "openai/scribe-1"}


def test_the_reasons_of_a_writer_are_explained():
    """As those of the manipulation check are."""
    done = judgeaudit("explain", "disputed")
    assert done.exit_code == 0
    assert "what a language model wrote" in done.output


def test_a_place_that_cannot_be_written_is_said_and_nothing_is_left_there(folder):
    """A file where a folder should be, and a folder where a file should be; a missing folder is made."""
    (folder / "file").touch()
    (folder / "pairs.jsonl").mkdir()
    for out in ("file/pairs.jsonl", "pairs.jsonl"):
        done = judgeaudit("perturb", "demo", "--out", out)
        assert done.exit_code == 2
        assert f"{out}: cannot be written" in done.output
    assert sorted(path.name for path in folder.iterdir()) == ["audit.yaml", "file", "pairs.jsonl"]
    assert judgeaudit("perturb", "demo", "--out", "new/pairs.jsonl").exit_code == 0
    done = judgeaudit("perturb", "demo", "--out", "ours.jsonl", "--review", "file/sheet.csv")
    assert done.exit_code == 2
    assert "file/sheet.csv: cannot be written" in done.output


def test_a_sheet_does_not_overwrite_the_pairs(folder):
    """One file cannot be both."""
    done = judgeaudit("perturb", "demo", "--out", "pairs.jsonl", "--review", "./pairs.jsonl")
    assert done.exit_code == 2
    assert "give the sheet a name of its own" in done.output
    assert not (folder / "pairs.jsonl").exists()


def test_what_could_not_be_made_is_told_with_the_reason(folder):
    """Padding is for English: a French item keeps its other pairs, and none is a fault of its own."""
    row = {
        "question": "Quand ?", "answer": "Le canal fut ouvert en 1869. Il est long.", "lang": "fr",
        "facts": [{"kind": "date", "value": "1869", "distractors": ["1859"]}],
    }  # fmt: skip
    (folder / "fr.jsonl").write_text(json.dumps(row))
    design = "design: {facets: [len.pad], contrasts: %s}\njudges: [{name: a, model: simulated/truth-only}]\n"
    (folder / "some.yaml").write_text("items: fr.jsonl\n" + design % "[style_true, fact_plain]")
    done = judgeaudit("perturb", "some.yaml", "--out", "some.jsonl")
    assert "wrote 1 pairs" in done.output
    assert "left out, 1 times: no style facet applies (len.pad: works on English" in done.output
    (folder / "none.yaml").write_text("items: fr.jsonl\n" + design % "[style_true]")
    done = judgeaudit("perturb", "none.yaml", "--out", "none.jsonl")
    assert done.exit_code == 2
    assert "no pair could be made" in done.output
    assert "len.pad: works on English" in done.output
    assert not (folder / "none.jsonl").exists()


def test_pairs_that_are_not_text_are_refused(folder):
    """The message names the byte."""
    (folder / "sheet.csv").write_text("code,same_claims,wrong_answer\nx.0,yes,neither\n")
    (folder / "pairs.jsonl").write_bytes(b"\xff\xfe")
    done = judgeaudit("review", "sheet.csv", "pairs.jsonl")
    assert done.exit_code == 2
    assert "pairs.jsonl: byte 0 is not UTF-8" in done.output
