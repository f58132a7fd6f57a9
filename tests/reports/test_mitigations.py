"""The shipped ways of asking one model, end to end against a server, and the report that compares them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from judgeaudit.config import parse_config
from judgeaudit.errors import ConfigError
from judgeaudit.items import load_items
from judgeaudit.pipeline import load_run, make_pairs, reparse, run
from judgeaudit.reports import report
from judgeaudit.reports.variants import families
from tests.server import Request, Server

EXAMPLE = Path(__file__).parents[2] / "examples" / "mitigations.yaml"
FENCED = re.compile(r"<(answer(?:_[ab])?|trusted) ([0-9a-f]{8})>\n(.*?)\n</\1 \2>", re.DOTALL)
SEEN = {"trusted", "answer", "answer_a", "answer_b"}


def model(known):
    """Script a model that falls for style, unless it is told not to or given the trusted answer."""

    def script(request: Request) -> str:
        texts = {name: text for name, _, text in FENCED.findall(request.prompt)}
        assert set(texts) <= SEEN
        if "answer" in texts:
            return json.dumps({"score": 4 + 4 * known[texts["answer"]].true, "rationale": "its facts"})
        a, b = (known[texts[name]] for name in ("answer_a", "answer_b"))
        if "trusted" in texts or "earn nothing and cost nothing" in request.prompt:
            sides = (a.true, b.true)
        else:
            sides = (2 * a.styled + a.true, 2 * b.styled + b.true)
        choice = "tie" if sides[0] == sides[1] else "A" if sides[0] > sides[1] else "B"
        return choice if "single word" in request.prompt else json.dumps({"choice": choice, "rationale": "so"})

    return script


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The example, its provider replaced by a loopback server and its items by fewer."""
    stated = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8")) | {"design": {"items": 30, "seed": 7}}
    design = parse_config(stated).design
    answers = [answer for pair in make_pairs(load_items("core"), design) for answer in (pair.a, pair.b)]
    with Server(model({answer.text: answer for answer in answers})) as server:
        for judge in stated["judges"]:
            del judge["api_key"]
            judge |= {"api_base": server.api_base, "price": [0.4, 1.6]}
        return run(parse_config(stated), tmp_path_factory.mktemp("mitigations"))


def test_every_shipped_way_of_asking_brings_verdicts(done):
    """No cell of any prompt or protocol is lost."""
    assert {judge.name: judge.counts.planned - judge.counts.valid for judge in done.audit.judges} == dict.fromkeys(
        ("plain", "ignore-style", "letter", "with-reference", "scores", "panel"), 0
    )


def test_the_ways_are_told_apart_and_one_is_recommended(done):
    """Style reward falls, truth sensitivity does not, with paired intervals, cost and time beside them."""
    (family,) = families(done.audit, done.verdicts)
    ways = {way.judge.name: way for way in family.variants}
    assert ways["ignore-style"].style.conf_high < -0.5
    assert ways["ignore-style"].truth.conf_low > -0.1
    assert ways["letter"].style.estimate == 0
    assert ways["panel"].style.estimate == 0  # two of its three members fall for style
    assert ways["scores"].style.conf_high < -0.5  # scored one at a time, and paired by the pair
    assert all(way.cost and way.seconds for way in ways.values())
    assert family.recommendation.startswith(("Ask as ignore-style", "Ask as with-reference", "Ask as scores"))


def test_a_panel_costs_its_members_and_the_run_counts_it_once(done):
    """The price of a panel is that of its members, and neither calls nor dollars of the run are counted twice."""
    cost = {judge.name: judge.cost_usd for judge in done.audit.judges}
    assert cost["panel"] == pytest.approx(cost["plain"] + cost["ignore-style"] + cost["letter"])
    stored = json.loads((done.path / "audit.json").read_text(encoding="utf-8"))
    assert stored["run"]["planned"] == len(done.verdicts)
    assert stored["run"]["cost_usd"] == pytest.approx(sum(verdict.cost_usd for verdict in done.verdicts))


def test_a_panel_is_read_back_with_the_run(done):
    """What a panel is made of survives the file, and measuring the stored run again gives the same bytes."""
    assert load_run(done.path).audit.judge("panel").panel == done.audit.judge("panel").panel
    before = (done.path / "audit.json").read_bytes()
    reparse(done.path)
    assert (done.path / "audit.json").read_bytes() == before


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ({"name": "jury", "of": ["plain", "lettre"]}, "no judge named 'lettre'"),
        ({"name": "jury", "of": ["plain", "plain"]}, "'plain' is named twice"),
        ({"name": "jury", "of": ["plain", "scores"]}, "some members score answers and others compare them"),
        ({"name": "plain", "of": ["scores", "letter"]}, "two judges are named 'plain'"),
        ({"name": "jury", "of": ["plain"]}, "at least 2"),
    ],
)
def test_a_panel_that_cannot_sit_is_refused_before_anything_is_asked(panel, said):
    """An unknown member, one vote twice, scores beside choices, a name that is taken, and a panel of one."""
    stated = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    with pytest.raises(ConfigError, match=re.escape(said)):
        parse_config(stated | {"panels": [panel]})


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_every_report_says_which_way_to_take(done, form, tmp_path):
    """The recommendation stands in the summary, the comment and the page."""
    report(done.audit, form, tmp_path / "x", pairs=done.pairs, verdicts=done.verdicts)
    text = (tmp_path / "x").read_text(encoding="utf-8")
    assert re.search(r"Ask as (ignore\\?-style|with\\?-reference|scores)", text)
    if form == "terminal":
        assert len(text.splitlines()) <= 24
