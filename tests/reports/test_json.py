"""``audit.json`` keeps its contract and loses nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judgeaudit.assets import load_fixture
from judgeaudit.errors import StoreError
from judgeaudit.gates import gate
from judgeaudit.records import Audit
from judgeaudit.reports import load_audit, report
from judgeaudit.reports.json import SCHEMA_VERSION, render, schema

from .audits import audit, judge, three


def full() -> Audit:
    """Make an audit with findings, contrasts and everything else."""
    made = three()
    return made.model_copy(update={"findings": tuple(gate(made))})


def test_what_is_written_reads_back_equal(tmp_path):
    """The round trip loses nothing, from the file or from the run directory."""
    report(full(), "json", tmp_path / "audit.json")
    assert load_audit(tmp_path) == load_audit(tmp_path / "audit.json") == full()


def test_the_contract_stands_in_order():
    """Field names and their order are those that other programs rely on."""
    data = json.loads(render(full()))
    assert list(data) == ["schema_version", "run", "judges", "contrasts", "findings", "provenance"]
    assert list(data["run"])[:9] == [
        "id", "items", "pairs", "planned", "valid", "refusal", "invalid", "missing", "cost_usd",
    ]  # fmt: skip
    first = data["judges"][0]
    assert list(first)[:5] == ["name", "model", "estimates", "reliability", "counts"]
    assert list(first["estimates"][0])[:10] == [
        "term", "scale", "estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "n_clusters", "method",
    ]  # fmt: skip
    assert list(first["reliability"]) == ["order_consistency", "retest_consistency", "noise_floor"]
    assert list(first["counts"]) == ["planned", "valid", "tie", "refusal", "invalid", "missing"]


def test_sums_over_judges_stand_in_the_run():
    """The run counts every cell of every judge; one unknown price makes the total unknown."""
    run = json.loads(render(full()))["run"]
    assert (run["planned"], run["valid"], run["cost_usd"]) == (2160, 2145, 1.25)
    assert json.loads(render(audit(judge("a"), judge("b", cost=None))))["run"]["cost_usd"] is None


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_equal_audits_give_the_same_bytes(draw: random.Random):
    """The order in which a recipe or a count was put together leaves no trace."""

    def shuffled(mapping: dict) -> dict:
        return dict(draw.sample(sorted(mapping.items()), len(mapping)))

    made = full()
    judges = tuple(
        j.model_copy(
            update={
                "estimates": tuple(e.model_copy(update={"recipe": shuffled(e.recipe)}) for e in j.estimates),
                "provenance": shuffled(j.provenance),
            }
        )
        for j in made.judges
    )
    other = made.model_copy(
        update={"judges": judges, "dropped": shuffled(made.dropped), "provenance": shuffled(made.provenance)}
    )
    assert other == made
    assert render(other) == render(made)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("[]", "holds a list"),
        ("{}", "schema_version None"),
        ('{"schema_version": 2}', "this release reads 1"),
        ('{"schema_version": 1, "run": {}}', "altered or cut short"),
        ('{"schema_version": 1, "run": 3, "judges": 4}', "altered or cut short"),
        ('{"schema_version": 1, "run": {"id": ""}, "judges": [3, {"estimates": 1}]}', "altered or cut short"),
    ],
)
def test_a_file_that_is_no_audit_is_refused(tmp_path, content, said):
    """The message names what is wrong, and nothing is guessed."""
    (tmp_path / "audit.json").write_text(content, encoding="utf-8")
    with pytest.raises(StoreError, match=said):
        load_audit(tmp_path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """The message says what to give instead."""
    with pytest.raises(StoreError, match="give the directory of a finished run"):
        load_audit(tmp_path / "nowhere")


def test_the_committed_schema_is_the_one_in_force():
    """A change of the interface shows in the committed file: refresh it with ``reports.json.schema``."""
    assert load_fixture("audit.schema") == json.loads(json.dumps(schema()))


def test_what_is_written_obeys_the_schema():
    """An audit with everything in it, and one with nothing, are valid."""
    for made in (full(), Audit()):
        jsonschema.validate(json.loads(render(made)), schema())


def test_the_schema_is_no_rubber_stamp():
    """A missing field and a wrong type are refused."""
    data = json.loads(render(full()))
    del data["judges"][0]["estimates"][0]["conf_low"]
    with pytest.raises(jsonschema.ValidationError, match="conf_low"):
        jsonschema.validate(data, schema())
    with pytest.raises(jsonschema.ValidationError, match="integer"):
        jsonschema.validate(json.loads(render(full()).replace('"planned": 2160', '"planned": "all"')), schema())


@pytest.mark.parametrize("stored", sorted(Path(__file__).with_name("data").glob("audit-v*.json")), ids=lambda p: p.stem)
def test_stored_files_of_every_version_are_read(stored):
    """A file written by an earlier release keeps its meaning."""
    made = load_audit(stored)
    assert made.judge("mini").get("truth_sensitivity").estimate == 0.92
    assert made.findings[0].status == "FAIL"


def test_every_version_has_a_stored_file():
    """A new schema version comes with a file of its own."""
    stored = {path.stem for path in Path(__file__).with_name("data").glob("*.json")}
    assert stored == {f"audit-v{version}" for version in range(1, SCHEMA_VERSION + 1)}
