"""What a store knows of a plan, without asking anybody."""

import sqlite3

from judgeaudit.collection import ask, recollect
from judgeaudit.items import load_items
from judgeaudit.judges import SimulatedJudge, Taste
from judgeaudit.perturbations import perturb

JUDGE = SimulatedJudge("s", Taste(truth=2.0))
PAIRS = perturb(load_items("demo"), n_items=9, seed=1)


def test_a_store_gives_back_what_was_said(tmp_path):
    """The same verdicts, in the order of the plan."""
    said = ask(PAIRS, [JUDGE], store=tmp_path)
    assert recollect(PAIRS, [JUDGE], tmp_path) == said


def test_what_was_not_asked_is_missing(tmp_path):
    """A pair the store knows nothing of is missing, and is not asked about."""
    ask(PAIRS[:7], [JUDGE], store=tmp_path)
    found = recollect(PAIRS, [JUDGE], tmp_path)
    assert {v.reason for v in found if v.outcome == "missing"} == {"not asked"}
    assert {v.trial.pair_id for v in found if v.outcome == "valid"} == {pair.id for pair in PAIRS[:7]}


def test_replies_that_another_parser_read_are_read_again(tmp_path):
    """Without their verdicts, the stored replies alone give the same verdicts, and the store is left as it was."""
    said = ask(PAIRS, [JUDGE], store=tmp_path)
    with sqlite3.connect(tmp_path / "verdicts.db") as store:
        store.execute("DELETE FROM verdicts")
    store.close()
    found = recollect(PAIRS, [JUDGE], tmp_path)
    assert [v.preference for v in found] == [v.preference for v in said]
    with sqlite3.connect(tmp_path / "verdicts.db") as store:
        assert store.execute("SELECT count(*) FROM verdicts").fetchone() == (0,)
    store.close()
