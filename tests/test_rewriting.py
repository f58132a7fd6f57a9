"""Pairs that a language model writes, end to end: a writer behind a loopback server, our edits, the same verifier."""

import asyncio
import json

import pytest

from judgeaudit import pipeline
from judgeaudit.config import RewriteConfig, parse_config
from judgeaudit.errors import BudgetError, ConfigError
from judgeaudit.items import load_items
from judgeaudit.perturbations import apply_edits
from judgeaudit.records import Item, JudgeSpec
from judgeaudit.reports import report
from judgeaudit.rewriting import rewrite_items
from tests.scribes import Scribe, edit, first_prompt, idle, malformed, reader, refusing, script
from tests.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")

ITEMS = load_items("demo")
SCRIBE = Scribe(ITEMS)
KINDS = ("number", "date", "entity")


def spec(server, name="writer", model="openai/scribe-1", **more):
    return JudgeSpec(name=name, model=model, api_base=server.api_base, **more)


def config(server, **more):
    return RewriteConfig(
        **{"writer": spec(server), "facets": ("tone.assistant",), "errors": KINDS, "doses": (1,), "items": 6, **more}
    )


@pytest.fixture(scope="module")
def good():
    """What a good writer leaves behind, and how often it was asked."""
    with Server(SCRIBE.good) as server:
        return rewrite_items(ITEMS, config(server, writer=spec(server, transport="litellm"))), server.hits


def test_what_a_good_writer_writes_is_kept_and_crossed(good):
    """Every pair passes the manipulation check, and an item with both a style and an error gives all six contrasts."""
    rewrites, hits = good
    counts = rewrites.provenance["counts"]
    assert counts["kept"] >= 10
    assert counts["kept"] + counts["unverifiable"] == counts["generated"] == hits
    assert set(counts["reasons"]) <= {"declined"}
    assert all(pair.check.passed for pair in rewrites.pairs)
    assert {pair.contrast for pair in rewrites.pairs} == {
        "style_true", "style_false", "fact_plain", "fact_styled", "conflict", "concord",
    }  # fmt: skip
    assert len({pair.id for pair in rewrites.pairs}) == len(rewrites.pairs)


def test_every_pair_says_who_wrote_it_and_rebuilds_byte_for_byte(good):
    """The model's name is on the pair and on each style; reference plus edits is the answer."""
    for pair in good[0].pairs:
        assert pair.writer == "openai/scribe-1"
        assert all("rewritten by openai/scribe-1" in style.template for style in (*pair.a.style, *pair.b.style))
        assert apply_edits(pair.reference, pair.edits_a) == pair.a.text
        assert apply_edits(pair.reference, pair.edits_b) == pair.b.text


@pytest.mark.parametrize(
    ("script", "outcome", "calls"),
    [
        (SCRIBE.leaking, "leak", 4),
        (idle, "no_op", 4),
        (malformed, "unverifiable", 4),
        (refusing, "unverifiable", 1),
    ],
    ids=["leaking", "idle", "malformed", "refusing"],
)
def test_a_bad_writer_is_told_three_times_and_then_dropped_and_counted(script, outcome, calls):
    """Four calls each, one where it refuses; nothing is kept, and the reasons are counted."""
    with Server(script) as server:
        rewrites = rewrite_items(ITEMS, config(server, items=2))
        counts = rewrites.provenance["counts"]
        assert server.hits == calls * counts["generated"]
    assert counts[outcome] == counts["generated"] == 4
    assert counts["reasons"]
    assert rewrites.pairs == ()


def test_the_writer_is_told_the_reasons_and_starts_again():
    """The conversation holds its own version and what was wrong with it, by code; the second version is kept."""
    with Server(SCRIBE.repaired) as server:
        rewrites = rewrite_items(ITEMS, config(server, items=2))
        told = [request.prompt for request in server.requests if len(request.body["messages"]) == 3]
    counts = rewrites.provenance["counts"]
    assert counts["after_feedback"] == counts["kept"] > 0
    assert any("- content: A style edit changed, added or dropped a word" in prompt for prompt in told)


def test_the_same_call_is_never_paid_for_twice(tmp_path):
    """The second time nothing is asked, and the result is the same to the byte."""
    with Server(SCRIBE.repaired) as server:
        first = rewrite_items(ITEMS, config(server, items=2), cache_dir=tmp_path)
        asked = server.hits
        second = rewrite_items(ITEMS, config(server, items=2), cache_dir=tmp_path)
        assert server.hits == asked
    assert second == first
    assert len(list(tmp_path.glob("*.json"))) == asked


@pytest.mark.parametrize("judge", ["openai/scribe-2", "hosted_vllm/someone/Scribe-mini"])
def test_a_writer_of_a_judges_family_is_refused(judge):
    """Nothing is asked: a judge may favour what its own kind wrote."""
    with Server(SCRIBE.good) as server:
        with pytest.raises(ConfigError, match="same family"):
            rewrite_items(ITEMS, config(server), [judge])
        with pytest.raises(ConfigError, match="another one"):
            rewrite_items(ITEMS, config(server, reader=spec(server, "reader")))
        assert server.hits == 0


def test_a_cap_is_never_crossed():
    """Each call costs at most what is left, and what was made before stays counted."""
    with Server(SCRIBE.good) as server:
        with pytest.raises(ConfigError, match="known price"):
            rewrite_items(ITEMS, config(server, max_cost_usd=1.0))
        boundless = spec(server, price=(10.0, 1000.0), params={"max_tokens": None})
        with pytest.raises(ConfigError, match="limit on each reply"):
            rewrite_items(ITEMS, config(server, writer=boundless, max_cost_usd=1.0))
        capped = config(server, writer=spec(server, price=(10.0, 1000.0)), max_cost_usd=2.1)
        with pytest.raises(BudgetError, match="raise max_cost_usd"):
            rewrite_items(ITEMS, capped)
        assert 0 < server.hits < 12


MADE_UP = ("8642", "eighty-six")


def slot_reader(a, b):
    """Finds the side that lacks a slot's value, but takes made-up figures for the truth."""
    if any(figure in a + b for figure in MADE_UP):
        return True, "neither"
    item = max(ITEMS, key=lambda item: len(set(item.answer.split()) & set(a.split())))
    true = [all(text.count(f.value) >= item.answer.count(f.value) for f in item.facts) for text in (a, b)]
    return true[0] == true[1], {2: "neither", 0: "both"}.get(sum(true), "B" if true[0] else "A")


def test_a_reader_that_disputes_everything_is_found_unfit_and_drops_nothing():
    """It is measured on pairs of known truth first; its calibration stands in the provenance."""
    with Server(SCRIBE.good) as server, Server(reader(lambda a, b: (True, "both"))) as second:
        other = spec(second, "reader", "openai/lector-1")
        rewrites = rewrite_items(ITEMS, config(server, items=2, reader=other))
    found = rewrites.provenance["reader"]["calibration"]
    assert (found["style"], found["fact"]) == (0.0, 0.0)
    assert found["style_n"] >= 10
    assert "disputed" not in rewrites.provenance["counts"]["reasons"]
    assert rewrites.provenance["counts"]["kept"] > 0


def test_a_fit_reader_drops_what_it_disputes():
    """A writer's "error" that makes nothing wrong passes the verifier and is caught by the reader."""

    def half_true(request):
        reply = json.loads(SCRIBE.good(request))
        for proposed in reply["edits"]:
            if proposed["kind"] != "style":
                proposed["new"] = MADE_UP[proposed["old"][0].isalpha()]
        return json.dumps(reply)

    with Server(half_true) as server, Server(reader(slot_reader)) as second:
        other = spec(second, "reader", "openai/lector-1")
        rewrites = rewrite_items(ITEMS, config(server, items=8, errors=("number",), reader=other))
    provenance = rewrites.provenance
    assert provenance["reader"]["calibration"]["style"] >= 0.9
    assert provenance["reader"]["calibration"]["fact"] >= 0.9
    assert provenance["counts"]["reasons"].get("disputed", 0) > 0


BRIDGE = Item(
    id="bridge",
    question="How was the bridge built, and who uses it?",
    answer="The bridge was built in 1894 by a crew of local men. It helps ships to pass the town, and people use it.",
)
OTHER_WORDS = {
    "len.terse": ("a crew of local men", "local men"),
    "lex.rare": ("people use", "inhabitants utilise"),
    "lex.plain": ("people", "folk"),
}


def rephrase(facet, replacement, read=slot_reader):
    """What becomes of one exchange of words, by a reader that has shown its worth on the slots of other items."""

    def write(request):
        known = BRIDGE.answer in first_prompt(request) and '"kind" is "style"' in first_prompt(request)
        return script(edit(*replacement)) if known else script()

    with Server(write) as server, Server(reader(read)) as second:
        other = spec(second, "reader", "openai/lector-1")
        return rewrite_items([BRIDGE, *ITEMS], config(server, items=None, facets=(facet,), reader=other))


@pytest.mark.parametrize("facet", OTHER_WORDS)
def test_other_words_for_the_same_thing_pass_when_a_fit_reader_vouches_for_them(facet):
    """Terse, rare and plain wordings exchange words of substance, which our rules alone would call a leak."""
    rewrites = rephrase(
        facet, OTHER_WORDS[facet], lambda a, b: slot_reader(a, b) if "bridge" not in a else (True, "neither")
    )
    (pair,) = rewrites.pairs
    assert pair.check.passed
    assert pair.a.text == BRIDGE.answer.replace(*OTHER_WORDS[facet])


@pytest.mark.parametrize(
    ("facet", "replacement", "reason"),
    [
        ("len.terse", ("local men", "men of the place"), "wrong-way"),
        ("lex.rare", ("people", "men"), "wrong-way"),
        ("lex.plain", ("people", "inhabitants"), "wrong-way"),
        ("lex.rare", ("1894", "eighteen ninety-four"), "number"),
        ("lex.rare", ("in 1894 by", "throughout 1894 beneath"), "relation"),
    ],
)
def test_other_words_that_go_the_wrong_way_or_touch_a_claim_are_dropped(facet, replacement, reason):
    """Length must go the way the facet says, and numbers, names and words of relation are never exchanged."""
    rewrites = rephrase(facet, replacement)
    assert not rewrites.pairs
    assert reason in rewrites.provenance["counts"]["reasons"]


def test_other_words_are_dropped_when_the_reader_disputes_them_or_is_not_fit():
    """A reader that calls all claims the same sees no error, and may not vouch for anything."""
    disputed = rephrase(
        "lex.rare", ("people", "passengers"), lambda a, b: slot_reader(a, b) if "bridge" not in a else (False, "A")
    )
    unread = rephrase("lex.rare", ("people", "passengers"), lambda a, b: (True, "neither"))
    assert disputed.provenance["counts"]["reasons"]["disputed"] == 1
    assert unread.provenance["counts"]["reasons"]["unread"] == 1
    assert not disputed.pairs + unread.pairs


def test_other_words_without_a_reader_are_refused():
    """No rule can tell that two words mean the same."""
    with Server(SCRIBE.good) as server, pytest.raises(ConfigError, match="name a reader"):
        rewrite_items(ITEMS, config(server, facets=("lex.plain",)))


def test_items_without_annotated_facts_are_enough():
    """A user's own answers need no slots: the model finds the facts, and the reader has nothing to be measured on."""
    answer = "The bridge was opened in 1894. It crosses the river Thames beside the Tower."
    item = Item(id="bridge", question="When was Tower Bridge opened?", answer=answer)

    def write(request):
        if '"kind" is "style"' in first_prompt(request):
            return script(edit("The bridge", "Sure, I am happy to help! The bridge"))
        return script(edit("1894", "1874", "date", "major"), truth="false")

    with Server(write) as server, Server(reader(lambda a, b: (True, "neither"))) as second:
        other = spec(second, "reader", "openai/lector-1")
        rewrites = rewrite_items([item], config(server, items=None, errors=("date",), reader=other))
    assert rewrites.provenance["counts"]["kept"] == 2
    assert rewrites.provenance["reader"]["calibration"]["fact"] is None
    assert len(rewrites.pairs) == 6
    assert all(pair.check.passed for pair in rewrites.pairs)


def test_it_works_inside_a_running_loop():
    """In a notebook there is one already."""

    async def notebook():
        with Server(SCRIBE.good) as server:
            return rewrite_items(ITEMS, config(server, items=1))

    assert asyncio.run(notebook()).pairs


def test_a_run_asks_judges_about_written_pairs_and_reports_the_counts(tmp_path, capsys):
    """The counts stand in the provenance and on the page, and a second run asks the writer nothing."""
    with Server(SCRIBE.good) as server:
        settings = {
            "items": "demo", "design": {"items": 4, "seed": 1},
            "judges": [{"name": "style", "model": "simulated/style-only"}],
            "rewrites": {
                "writer": {"name": "writer", "model": "openai/scribe-1", "api_base": server.api_base},
                "facets": ["tone.assistant"], "errors": list(KINDS), "items": 3,
            },
        }  # fmt: skip
        first = pipeline.run(parse_config(settings), tmp_path / "run")
        asked = server.hits
        before = (tmp_path / "run" / "audit.json").read_bytes()
        pipeline.run(parse_config(settings), tmp_path / "run")
        assert server.hits == asked
    assert (tmp_path / "run" / "audit.json").read_bytes() == before
    written = [pair for pair in first.pairs if pair.writer]
    assert {verdict.trial.pair_id for verdict in first.verdicts} >= {pair.id for pair in written if pair.check.passed}
    assert first.audit.provenance["rewrites"]["counts"]["generated"] == 6
    page = (tmp_path / "run" / "report.html").read_text()
    assert "openai/scribe-1 was asked to write 6 changes" in page
    assert "rewritten by openai/scribe-1" in page
    assert "openai/scribe-1 was asked to write 6 changes" in report(first.audit, "markdown")
    report(first.audit, width=100)
    assert "openai/scribe-1 was asked to write 6 changes" in capsys.readouterr().out
    assert pipeline.load_run(tmp_path / "run").pairs == first.pairs
