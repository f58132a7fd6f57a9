"""The command line, run as a person would: in a process of its own."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from judgeaudit import __version__
from judgeaudit.verdicts import VerdictStore
from tests.server import Fault, Server, completion

SIMULATED = """
items: demo
design: {items: 24, seed: 7}
judges:
  - {name: style-only, model: simulated/style-only}
  - {name: truth-only, model: simulated/truth-only}
"""
VERBS = (
    "demo", "init", "plan", "run", "batch", "report", "export", "gate", "reparse", "compare", "perturb", "review",
    "check-pairs", "explain", "schema", "doctor", "local",
)  # fmt: skip


def judgeaudit(*arguments, cwd, **environment):
    """Run a command; stdout, stderr and the exit status as the shell has them."""
    command = [sys.executable, "-c", "from judgeaudit.cli import main; main()", *map(str, arguments)]
    env = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")} | environment
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False, timeout=120)


def failed(done, status, *words):
    """A refusal: the right status, one clear message, no traceback."""
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of two simulated judges, left behind in a directory."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "audit.yaml").write_text(SIMULATED)
    done = judgeaudit("run", "audit.yaml", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_help_lists_every_verb(tmp_path):
    """One line each, none cut short."""
    done = judgeaudit("--help", cwd=tmp_path)
    assert done.returncode == 0
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ") and line.split()}
    assert set(VERBS) <= listed
    assert not any(line.endswith("...") for line in done.stdout.splitlines()[1:])


def test_a_run_tells_judges_of_known_taste_apart(finished):
    """The style-only judge stands near 90 degrees, the truth-only judge near 0, and the first fails the gates."""
    folder, done = finished
    audit = json.loads((folder / "out" / "audit.json").read_text())
    angles = {
        judge["name"]: next(e["estimate"] for e in judge["estimates"] if e["term"] == "angle")
        for judge in audit["judges"]
    }
    assert angles["style-only"] == pytest.approx(90, abs=15)
    assert angles["truth-only"] == pytest.approx(0, abs=15)
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "judges" in lines[-1]


def test_a_run_leaves_behind_what_the_design_says(finished):
    """Manifest, pairs, verdicts, audit and page; nobody else on the machine may read them."""
    out = finished[0] / "out"
    assert {"manifest.json", "pairs.jsonl", "verdicts.db", "audit.json", "report.html"} <= {
        p.name for p in out.iterdir()
    }
    assert out.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in out.iterdir() if path.stat().st_mode & 0o077} == set()
    first = json.loads((out / "pairs.jsonl").read_text().splitlines()[0])
    assert {"id", "item_id", "question", "contrast", "factor", "dose", "a", "b"} <= set(first)
    assert {"text", "style", "errors"} == set(first["a"])


def test_the_same_store_gives_the_same_audit(finished):
    """A second run changes not one byte of ``audit.json``."""
    folder, _ = finished
    before = (folder / "out" / "audit.json").read_bytes()
    assert judgeaudit("run", "audit.yaml", "--out", "out", cwd=folder).returncode == 0
    assert (folder / "out" / "audit.json").read_bytes() == before


def test_the_page_shows_what_to_type_again(finished, tmp_path):
    """The command stands in the page, of a later report too, and not in the bytes of ``audit.json``."""
    out = finished[0] / "out"
    command = "judgeaudit run audit.yaml --out out"
    judgeaudit("report", out, "--format", "html", "--out", tmp_path / "again.html", cwd=tmp_path)
    for page in (out / "report.html", tmp_path / "again.html"):
        assert f"<code>{command}</code>" in page.read_text()
    assert command not in (out / "audit.json").read_text()


def test_a_run_is_held_to_the_gates_it_declares(tmp_path):
    """Without ``gates:`` a finished run is a success, whatever the judge is; with them a broken limit is 1."""
    (tmp_path / "audit.yaml").write_text(SIMULATED + "gates: {conflict_failure: {max: 0.3}}\n")
    assert judgeaudit("run", "audit.yaml", "--out", "out", cwd=tmp_path).returncode == 1


def test_fresh_moves_the_old_run_aside(finished):
    """Starting over deletes nothing."""
    folder, _ = finished
    judgeaudit("run", "audit.yaml", "--out", "again", cwd=folder)
    judgeaudit("run", "audit.yaml", "--out", "again", "--fresh", cwd=folder)
    assert (folder / "again.old-1" / "audit.json").read_bytes() == (folder / "again" / "audit.json").read_bytes()


def test_stored_replies_are_read_again_without_asking(finished):
    """With the same parser and regression the audit is the same, byte for byte."""
    folder, _ = finished
    before = (folder / "out" / "audit.json").read_bytes()
    (folder / "out" / "report.html").unlink()
    done = judgeaudit("reparse", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "out" / "audit.json").read_bytes() == before
    assert (folder / "out" / "report.html").is_file()


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_verdicts_can_be_taken_elsewhere(finished, ending, tmp_path):
    """Every one is a row, in the form that the name of the file asks for; another name is refused."""
    out = tmp_path / f"verdicts.{ending}"
    done = judgeaudit("export", finished[0] / "out", "--out", out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with VerdictStore.open(finished[0] / "out") as store:
        assert f"wrote {len(store):,} verdicts" in done.stdout
    assert out.stat().st_size > 10_000
    failed(judgeaudit("export", finished[0] / "out", "--out", "x.xlsx", cwd=tmp_path), 2, ".jsonl, .csv, .parquet")


def test_what_is_left_of_a_damaged_run_can_be_taken_elsewhere(finished, tmp_path):
    """A record that does not match its checksum is left out and counted; the others are rows."""
    shutil.copytree(finished[0] / "out", tmp_path / "out")
    with contextlib.closing(sqlite3.connect(tmp_path / "out" / "verdicts.db")) as connection, connection:
        kept = connection.execute("SELECT count(*) - 1 FROM verdicts").fetchone()[0]
        connection.execute("UPDATE verdicts SET checksum = checksum + 1 WHERE rowid = 1")
    failed(judgeaudit("reparse", "out", cwd=tmp_path), 2, "damaged")
    done = judgeaudit("export", "out", "--out", "rows.jsonl", cwd=tmp_path)
    assert done.stdout.splitlines() == [
        f"wrote {kept:,} verdicts to rows.jsonl",
        "the store is damaged: all that can still be read was written, as by --all",
        "left out: 1 that are damaged",
    ]
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == kept


@pytest.mark.parametrize("file", ["manifest.json", "pairs.jsonl"])
def test_rows_of_a_plan_that_cannot_be_told_are_not_all_rows(finished, file, tmp_path):
    """The store is whole, so nothing is to be salvaged: the file is named, and ``--all`` writes all the same."""
    shutil.copytree(finished[0] / "out", tmp_path / "out")
    (tmp_path / "out" / file).write_text("{}\n")
    export = ("export", "out", "--out", "rows.jsonl")
    failed(judgeaudit(*export, cwd=tmp_path), 2, f"out/{file}", "--all", "writes all that the store holds")
    assert not (tmp_path / "rows.jsonl").exists()
    done = judgeaudit(*export, "--all", cwd=tmp_path)
    assert done.stdout.startswith("wrote "), done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_a_crash_is_told(finished, tmp_path):
    """A run that was killed says so on the page and in the terminal, and the measurements do not change by it."""
    shutil.copytree(finished[0] / "out", tmp_path / "out")
    before = (tmp_path / "out" / "audit.json").read_bytes()
    with VerdictStore.create(tmp_path / "out") as store:
        store.begin(in_flight=32, ceiling_usd=0.0)
    told = "It was killed once: at most 32 calls may have been paid twice."
    done = judgeaudit("report", "out", cwd=tmp_path)
    assert told in done.stderr
    (tmp_path / "audit.yaml").write_text(SIMULATED)
    assert told in judgeaudit("run", "audit.yaml", "--out", "out", cwd=tmp_path).stderr
    assert told in (tmp_path / "out" / "report.html").read_text()
    assert (tmp_path / "out" / "audit.json").read_bytes() == before


@pytest.mark.parametrize("form", ["terminal", "html", "markdown", "json", "junit", "csv"])
def test_a_finished_run_can_be_reported_in_every_form(finished, form, tmp_path):
    """From the directory alone, to a file that is written whole."""
    done = judgeaudit("report", finished[0] / "out", "--format", form, "--out", tmp_path / "x", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "style-only" in (tmp_path / "x").read_text()


def test_the_gate_decides_by_exit_status(finished, tmp_path):
    """1 when a limit is broken, 0 when all hold, 5 when the data cannot decide."""
    folder, _ = finished
    policy = tmp_path / "gates.yaml"
    for limits, status in (
        ("conflict_failure: {max: 0.3}", 1),
        ("conflict_failure: {max: 1.0}", 0),
        ("tie_rate: {max: 0.001}", 5),
    ):
        policy.write_text(limits)
        assert judgeaudit("gate", folder / "out", "--policy", policy, cwd=tmp_path).returncode == status


def test_the_gate_holds_a_run_to_a_baseline(finished, tmp_path):
    """Against itself no judge is worse, call by call; an audit.json alone will do too; undecided is a choice."""
    out, policy = finished[0] / "out", tmp_path / "gates.yaml"
    policy.write_text("conflict_failure: {max: 1.0}")
    for baseline in (out, out / "audit.json"):
        done = judgeaudit("gate", out, "--policy", policy, "--baseline", baseline, "--json", cwd=tmp_path)
        held = [finding for finding in json.loads(done.stdout) if finding["code"] == "JA510"]
        assert {finding["judge"] for finding in held} == {"style-only", "truth-only"}
        assert ("paired" in held[0]["estimate"]["method"]) == (baseline == out)
        assert {finding["estimate"]["estimate"] for finding in held} == {0.0}
    policy.write_text("tie_rate: {max: 0.001}")
    for choice, status in (("fail", 1), ("warn", 5), ("pass", 0), ("maybe", 2)):
        done = judgeaudit("gate", out, "--policy", policy, "--on-inconclusive", choice, cwd=tmp_path)
        assert done.returncode == status, done.stderr


def test_a_comment_starts_with_what_changed(finished, tmp_path):
    """The Markdown of a run with a baseline speaks of the change before the judges."""
    out = finished[0] / "out"
    done = judgeaudit("report", out, "--format", "markdown", "--baseline", out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 0 < done.stdout.index("Changes against") < done.stdout.index("| judge | truth |")


def test_two_equal_runs_compare_equal(finished, tmp_path):
    """Nothing changed, and the comparison says so in numbers."""
    out = finished[0] / "out"
    done = judgeaudit("compare", out, out, "--json", cwd=tmp_path)
    assert done.returncode in (0, 5), done.stderr
    assert {change["difference"] for change in json.loads(done.stdout)["changes"]} == {0.0}


def test_plan_asks_nothing_and_counts_calls(finished):
    """The number of calls planned is the number of calls made."""
    folder, _ = finished
    done = judgeaudit("plan", "audit.yaml", "--json", cwd=folder)
    planned = json.loads(done.stdout)
    audit = json.loads((folder / "out" / "audit.json").read_text())
    assert sum(judge["calls"] for judge in planned["judges"]) == audit["run"]["planned"]


def test_plan_states_what_could_be_told_of_the_judge_expected(finished):
    """A sharp judge varies less than a vain one, so its intervals are narrower; an unknown kind is named."""
    folder, _ = finished
    plans = {
        kind: json.loads(judgeaudit("plan", "audit.yaml", "--json", "--expect", kind, cwd=folder).stdout)
        for kind in ("sharp", "vain")
    }
    assert [plan["expected_judge"] for plan in plans.values()] == ["sharp", "vain"]
    widths = [plan["detectable"]["truth_sensitivity"]["half_width"] for plan in plans.values()]
    assert 0 < widths[0] < widths[1]
    failed(judgeaudit("plan", "audit.yaml", "--expect", "vane", cwd=folder), 2, 'did you mean "vain"')


def test_init_writes_a_configuration_that_runs(tmp_path):
    """From nothing to a verdict in two commands; an existing file is not overwritten."""
    assert judgeaudit("init", cwd=tmp_path).returncode == 0
    assert judgeaudit("plan", "judgeaudit.yaml", cwd=tmp_path).returncode == 0
    failed(judgeaudit("init", cwd=tmp_path), 2, "exists; nothing was written")


def test_pairs_can_be_made_and_checked(tmp_path):
    """What ``perturb`` writes passes what ``check-pairs`` checks, pair by pair."""
    done = judgeaudit("perturb", "demo", "--out", "pairs.jsonl", "--seed", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = judgeaudit("check-pairs", "pairs.jsonl", "--json", cwd=tmp_path)
    assert json.loads(found.stdout)["rejected"] == {}


def test_a_leaking_pair_is_named_with_its_reason(tmp_path):
    """A style pair that changes a number is no style pair."""
    row = {
        "question": "How many?",
        "a": "There are **8** planets.",
        "b": "There are 9 planets.",
        "contrast": "style_true",
    }
    (tmp_path / "mine.jsonl").write_text(json.dumps(row) + "\n")
    done = judgeaudit("check-pairs", "mine.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert "number" in done.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("items: nowhere.jsonl", ("no item file at", "nowhere.jsonl")),
        ("items: cor", ("no shipped item set",)),
        ("desing: {}", ("unknown key 'desing'", 'did you mean "design"')),
        ("judges: []", ("name at least one judge",)),
        ("judges: [{name: x, model: nonsense/model-1}]", ("nonsense",)),
        ("judges: [{name: x, model: openai/gpt-4.1, api_key: 'env:NO_SUCH_KEY'}]", ("NO_SUCH_KEY",)),
        ("judges: [{name: x, model: openai/m, api_base: 'http://127.0.0.1:9/v1', prompt: bad.md}]", ("$answer_a",)),
        ("judges: [{name: x, model: simulated/style-olny}]", ('did you mean "style-only"',)),
        ("gates: {positoin: {max_abs: 0.1}}", ('did you mean "position"',)),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(tmp_path, change, words):
    """Exit status 2, one clear message, nothing written."""
    (tmp_path / "bad.md").write_text("$question and nothing else")
    key = change.partition(":")[0]
    lines = [
        line
        for line in SIMULATED.strip().splitlines()
        if not line.startswith((f"{key}:", "  -") if key == "judges" else f"{key}:")
    ]
    (tmp_path / "audit.yaml").write_text("\n".join([*lines, change]))
    failed(judgeaudit("run", "audit.yaml", "--out", "out", cwd=tmp_path), 2, *words)
    assert not (tmp_path / "out").exists()


def test_a_dead_server_and_a_wrong_key_are_counted_outcomes(tmp_path):
    """A judge that cannot be reached loses its own cells, with the reason; the other judge's stand; exit status 3."""
    with Server(lambda request: Fault(401, '{"error": {"message": "bad key"}}')) as server:
        (tmp_path / "audit.yaml").write_text(
            SIMULATED
            + f"  - {{name: locked, model: openai/m, api_base: '{server.api_base}'}}\n"
            + "  - {name: dead, model: openai/m, api_base: 'http://127.0.0.1:9/v1'}\n"
            + "collect: {retries: 0, timeout_s: 5}\n"
        )
        done = judgeaudit("run", "audit.yaml", "--out", "out", cwd=tmp_path)
    failed(done, 3, "authentication", "connection")
    audit = json.loads((tmp_path / "out" / "audit.json").read_text())
    counts = {judge["name"]: judge["counts"] for judge in audit["judges"]}
    assert counts["locked"]["missing"] == counts["locked"]["planned"] > 0
    assert counts["dead"]["missing"] == counts["dead"]["planned"] > 0
    assert counts["truth-only"]["valid"] == counts["truth-only"]["planned"]


def test_a_judge_behind_a_server_is_audited_and_not_asked_twice(tmp_path):
    """A real HTTP server that favours the longer answer; the second run sends no request."""
    with Server(_longer_wins) as server:
        (tmp_path / "audit.yaml").write_text(
            f"items: demo\ndesign: {{items: 9, seed: 1}}\n"
            f"judges: [{{name: longer, model: openai/m, api_base: '{server.api_base}', prompt: mine.md}}]\n"
        )
        (tmp_path / "mine.md").write_text("$question\nA: $answer_a\nEND\nB: $answer_b\nEND")
        first = judgeaudit("run", "audit.yaml", "--out", "out", cwd=tmp_path)
        asked = len(server.requests)
        judgeaudit("run", "audit.yaml", "--out", "out", cwd=tmp_path)
        assert len(server.requests) == asked > 0, first.stderr
    audit = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert audit["run"]["valid"] == audit["run"]["planned"] == asked


def _longer_wins(request):
    a, b = (part.partition("END")[0] for part in request.prompt.partition("A: ")[2].split("B: ", 1))
    return completion(json.dumps({"choice": "A" if len(a) > len(b) else "B", "rationale": "length"}))


def test_explain_and_schema_answer(tmp_path):
    """Every code has its words, an unknown one its neighbours; the schema is JSON."""
    assert "What to do" in judgeaudit("explain", "JA110", cwd=tmp_path).stdout
    failed(judgeaudit("explain", "JA11", cwd=tmp_path), 2, "there are:")
    assert "judges" in json.loads(judgeaudit("schema", cwd=tmp_path).stdout)["properties"]


def test_the_version_is_told(tmp_path):
    """One line, for a report of a fault."""
    done = judgeaudit("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"judgeaudit {__version__}\n")


def test_ctrl_c_says_what_happens_now(tmp_path):
    """Once: calls in flight are waited for. Twice: it is over, and what was stored is kept."""
    with Server(lambda _: completion("A"), latency_s=60) as server:
        spec = f"{{name: j, model: openai/m, api_base: {server.api_base}}}"
        (tmp_path / "judges.yaml").write_text(f"items: demo\njudges:\n  - {spec}\n")
        code = "from judgeaudit.cli import main; main()"
        command = [sys.executable, "-c", code, "run", "judges.yaml", "--out", "out"]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
            while not server.hits:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            said = [next(line for line in process.stderr if line.startswith("Stopping"))]
            process.send_signal(signal.SIGINT)
            said += process.stderr
        assert process.returncode == 130
    assert "Ctrl-C again stops at once" in said[0]
    assert said[-1] == "judgeaudit: stopped; what was stored is kept, and the same command goes on from there\n"
