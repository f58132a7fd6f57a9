"""Items in other people's formats, and rows of any make."""

import json
from pathlib import Path

import pytest

from judgeaudit.errors import ItemError
from judgeaudit.items import load_items

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason="the public data are not at hand")


def jsonl(path, rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@needs_data
def test_truthfulqa_loads_as_published():
    """All 817 questions with their best answers, categories and sources."""
    items = load_items(SHARED / "truthfulqa" / "TruthfulQA.csv")
    assert len(items) == 817
    assert items[0].answer == "The watermelon seeds pass through your digestive system"
    assert items[0].domain == "Misconceptions"
    assert items[0].refs[0].startswith("https://")
    assert not any(item.facts for item in items)


@needs_data
def test_mtbench_loads_as_published():
    """The questions that have a reference answer, those of the model before those of the authors."""
    items = load_items(SHARED / "mtbench" / "question.jsonl")
    assert len(items) == 39
    (race,) = [item for item in items if item.id == "mtbench-101"]
    assert race.answer.startswith("If you have just overtaken the second person")
    assert race.domain == "reasoning"


def test_a_question_of_mtbench_without_a_reference_is_left_out(tmp_path):
    """There is no trusted answer to make wrong."""
    asked = [{"question_id": n, "category": "math", "turns": [f"What is {n}?", "Why?"]} for n in (1, 2, 3)]
    asked[2]["reference"] = ["It is 3.", "So."]
    answered = [{"question_id": 1, "choices": [{"turns": ["It is 1.", "So."]}]}]
    questions = jsonl(tmp_path / "question.jsonl", asked)
    jsonl(tmp_path / "reference_answer" / "gpt.jsonl", answered)
    assert [(item.id, item.answer) for item in load_items(questions)] == [
        ("mtbench-1", "It is 1."), ("mtbench-3", "It is 3."),
    ]  # fmt: skip


def test_of_several_files_of_references_one_must_be_named(tmp_path):
    """No file is taken by chance."""
    questions = jsonl(tmp_path / "question.jsonl", [{"question_id": 1, "turns": ["What?"]}])
    for name in ("one", "two"):
        answers = jsonl(
            tmp_path / f"reference_answer_{name}.jsonl", [{"question_id": 1, "choices": [{"turns": [name]}]}]
        )
    with pytest.raises(ItemError, match="name one as 'answers'"):
        load_items(questions)
    assert load_items(questions, answers=answers)[0].answer == "two"
    broken = jsonl(tmp_path / "other.jsonl", [{"question_id": 1}])
    with pytest.raises(ItemError, match="not reference answers of MT-Bench"):
        load_items(questions, answers=broken)


def test_samples_of_lm_eval_give_their_targets(tmp_path):
    """A target that is a text stands; one that counts choices stands for the choice."""
    samples = [
        {"doc_id": 0, "doc": {"question": "What is 2 + 2?"}, "target": "4", "resps": [["5"]], "filtered_resps": ["5"]},
        {"doc_id": 1, "doc": {"question": "Which?", "choices": ["Mars", "Venus"]}, "target": 1, "resps": []},
        {"doc_id": 2, "doc": {"input": "Which?", "choices": {"text": ["a", "b"], "label": ["A", "B"]}}, "target": "0"},
    ]
    items = load_items(jsonl(tmp_path / "samples_task.jsonl", samples))
    assert [(item.id, item.answer) for item in items] == [("sample-0", "4"), ("sample-1", "Venus"), ("sample-2", "a")]
    odd = jsonl(tmp_path / "samples_odd.jsonl", [{"doc_id": 0, "doc": {"title": "What?"}, "target": "4"}])
    with pytest.raises(ItemError, match=r"samples_odd.jsonl:1: .*columns="):
        load_items(odd)
    assert load_items(odd, columns={"question": "doc.title", "answer": "target"})[0].question == "What?"


def test_a_map_of_columns_reads_any_mapping():
    """Rows of a data set, with columns of their own that are left alone."""
    rows = ({"prompt": "What?", "gold": {"text": "That."}, "n": n} for n in range(2))
    items = load_items(rows, columns={"question": "prompt", "answer": "gold.text"})
    assert [(item.question, item.answer) for item in items] == [("What?", "That.")] * 2
    with pytest.raises(ItemError, match=r'row 1: no column \'promt\'.*did you mean "prompt"'):
        load_items([{"prompt": "What?"}], columns={"question": "promt"})
