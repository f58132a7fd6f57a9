"""Replies in a form of the user's own are read as they say, and a new reading asks nobody again."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from judgeaudit.collection import ask
from judgeaudit.config import parse_config
from judgeaudit.errors import ConfigError
from judgeaudit.exchange import ExportedRows, export_verdicts
from judgeaudit.judges import as_judge
from judgeaudit.judges.parsing import LONGEST_PATTERN_S, read
from judgeaudit.pipeline import load_run, reparse, run
from judgeaudit.records import JudgeSpec, Reading, Reply, Trial
from tests.collection.worlds import lean, make_pairs
from tests.server import Request, Server

NUMBERED = Reading(pattern=r"Winner: *(\w+)", A=("1", "first"), B=("2", "second"), tie=("0", "draw"))


def said(text: str, reading: Reading = NUMBERED, order: str = "ab", **more: object) -> str:
    """Return the choice, or the outcome and its reason."""
    verdict = read(Trial(pair_id="p", judge="j", order=order), [Reply(text=text, **more)], reading=reading)
    return verdict.choice or f"{verdict.outcome}: {verdict.reason}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Winner: 1", "a"),
        ("I weighed both.\nWinner: SECOND", "b"),
        ("Winner: draw", "tie"),
        ("Winner: 1. So, Winner: first", "a"),
        ("Winner: 1 ... Winner: 2", "invalid: two_choices"),
        ("Winner: 3", "invalid: no_choice"),
        ("[[A]] and {\"choice\": \"A\"}", "invalid: no_choice"),
        ("<think>Winner: 2</think>Winner: 1", "a"),
        ("", "invalid: empty"),
        ("I'm sorry, I cannot judge this.", "refusal: refused"),
    ],
)  # fmt: skip
def test_the_pattern_says_what_is_a_verdict(text: str, expected: str) -> None:
    """Every match counts, matches that differ are no verdict, and the usual forms mean nothing here."""
    assert said(text) == expected


def test_the_order_of_the_screen_is_undone() -> None:
    """The first answer on the screen is ``b`` when ``b`` was shown first."""
    assert said("Winner: 1", order="ba") == "b"


def test_a_pattern_without_a_group_is_the_label() -> None:
    """The whole match stands for itself."""
    assert said("so: >>>", Reading(pattern="<<<|>>>|===", A=("<<<",), B=(">>>",), tie=("===",))) == "b"


def test_scores_may_have_a_scale_of_their_own() -> None:
    """A number that the pattern finds is the score, whatever the scale."""
    trial, reading = Trial(pair_id="p", judge="j", protocol="score"), Reading(pattern=r"(\S+) of 100")
    verdict = read(trial, [Reply(text="87 of 100"), Reply(text="I give 40.5 of 100")], reading=reading)
    assert (verdict.score_a, verdict.score_b, verdict.choice) == (87.0, 40.5, "a")
    assert read(trial, [Reply(text="all of 100"), Reply(text="1 of 100")], reading=reading).reason == "bad_score"


def test_a_pattern_that_never_ends_is_given_up() -> None:
    """A pattern that backtracks without end costs its time limit and makes the reply invalid."""
    endless = Reading(pattern=r"(?:(?:a+)+)+$")
    began = time.process_time()
    assert said("a" * 60_000 + "!", endless) == "invalid: pattern_too_slow"
    assert time.process_time() - began < 10 * LONGEST_PATTERN_S


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        ({"pattern": "(["}, "the pattern is no regular expression"),
        ({"pattern": "x", "A": ["1"], "B": ["1"]}, "the label '1' would mean two things"),
        ({"pattern": ""}, "at least 1 character"),
    ],
)
def test_a_reading_that_cannot_be_is_refused(reading: dict[str, object], message: str) -> None:
    """In the configuration, before anything is asked."""
    spec = {"name": "j", "model": "openai/m", "api_base": "http://127.0.0.1:9/v1", "reading": reading}
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse_config({"judges": [spec]})
    with pytest.raises(ValidationError):
        Reading.model_validate_json(json.dumps(reading))
    with pytest.raises(ConfigError, match="only a judge behind an API"):
        as_judge(JudgeSpec(name="s", model="simulated/coin", reading=NUMBERED))


def test_another_reading_asks_nobody_again(tmp_path: Path) -> None:
    """Replies that could not be read are read by the new pattern from the store, by ``ask`` as by ``reparse``."""
    with Server(lambda _: "Winner: 1") as server:
        pairs = make_pairs(6)
        before = ask(pairs, [lean(server)], store=tmp_path)
        assert {verdict.reason for verdict in before} == {"no_choice"}
        after = ask(pairs, [lean(server, reading=NUMBERED)], store=tmp_path)
        assert server.hits == len(before)
    assert {verdict.outcome for verdict in after} == {"valid"}
    assert {verdict.choice for verdict in after} == {"a", "b"}, "the first on the screen, in either order"


def test_a_stored_run_is_measured_by_another_reading(tmp_path: Path) -> None:
    """``reparse`` with a configuration: the audit is new, the server hears nothing, and later reports read alike."""

    def script(request: Request) -> str:
        return f"Winner: {1 + request.prompt.partition('<answer_b')[0].count('**') % 2}"

    with Server(script) as server:
        spec = {"name": "j", "model": "openai/m", "api_base": server.api_base}
        settings = {"items": "demo", "design": {"items": 6}, "judges": [spec]}
        done = run(parse_config(settings), tmp_path / "run")
        hits = server.hits
        assert done.audit.judge("j").counts.invalid == hits > 0
        spec["reading"] = json.loads(NUMBERED.model_dump_json())
        file = tmp_path / "judges.yaml"
        file.write_text(yaml.safe_dump(settings))
        again = reparse(tmp_path / "run", parse_config(yaml.safe_load(file.read_text())))
        assert again.audit.judge("j").counts.valid == hits
        assert load_run(tmp_path / "run").audit == again.audit
        assert {verdict.outcome for verdict in load_run(tmp_path / "run").verdicts} == {"valid"}
        assert server.hits == hits
        rows = tmp_path / "rows.jsonl"
        assert export_verdicts(tmp_path / "run", rows) == ExportedRows(written=hits, outdated=hits)
        assert {json.loads(line)["outcome"] for line in rows.read_text().splitlines()} == {"valid"}
        assert export_verdicts(tmp_path / "run", rows, everything=True) == ExportedRows(written=hits)
        assert {json.loads(line)["outcome"] for line in rows.read_text().splitlines()} == {"invalid"}
        other = parse_config({**settings, "judges": [{**spec, "name": "jj"}]})
        with pytest.raises(ConfigError, match=r"has no judge 'jj'.*it has: j"):
            reparse(tmp_path / "run", other)
