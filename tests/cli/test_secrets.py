"""A key never appears in anything that is written or printed: planted keys, every verb, every way to write a key."""

from __future__ import annotations

import base64
import json
import os
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from judgeaudit.cli.app import app
from judgeaudit.errors import ConfigError
from judgeaudit.judges.redaction import forms_of, refuse_written_keys
from tests.server import Fault, Request, Server, completion

KEYS = {
    "ALPHA_API_KEY": "sk-planted-alpha-0123456789",
    "BRAVO_API_KEY": "sk-proj_bravo/with+signs=42",
    "CHARLIE_API_KEY": 'charlie"quoted\\slashed key',
    "DELTA_TOKEN": "delta.eyJhbGciOiJub25lIn0.planted",
    "ECHO_SECRET": "zzECHOzz%41%42&planted<key>",
}
ENCODINGS = {
    "as it is": lambda key: [key],
    "JSON": lambda key: [json.dumps(key)[1:-1]],
    "URL": lambda key: [quote(key, safe="")],
    "base64": lambda key: [base64.b64encode(key.encode()).decode().rstrip("=")],
    "hexadecimal": lambda key: [key.encode().hex()],
    "HTML": lambda key: [key.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")],
}
TELLTALE = "the endpoint echoes"


def echo(request: Request) -> str | Fault:
    """Say the key back in every form: in a verdict, in errors, in what is no completion, or in a redirect."""
    key = request.headers["Authorization"].removeprefix("Bearer ")
    said = f"{TELLTALE} " + " ".join(forms_of(key))
    kind = request.body["model"]
    if kind == "polite":
        return completion(json.dumps({"choice": "A", "rationale": said}), model=said, finish_reason="stop")
    if kind == "chatty":
        return said
    if kind == "broken":
        return '{"id"' + said
    if kind == "moved":
        return Fault(302, said, {"Location": f"http://127.0.0.1:9/?key={quote(key, safe='')}"})
    return Fault(int(kind), json.dumps({"error": {"message": f"Incorrect API key provided: {said}"}}))


def config(server: Server) -> str:
    """Five keys on ten judges: every kind of answer, by both doors."""
    kinds = ("polite", "chatty", "broken", "moved", "401", "500", "404", "400")
    judges = [(kind, "lean", list(KEYS)[place % 5]) for place, kind in enumerate(kinds)]
    judges += [("polite", "litellm", "ALPHA_API_KEY"), ("401", "litellm", "BRAVO_API_KEY")]
    rows = [
        f"  - {{name: j{place}, model: openai/{kind}, api_base: '{server.api_base}', transport: {door}, "
        f"api_key: 'env:{key}', params: {{max_tokens: 50}}}}"
        for place, (kind, door, key) in enumerate(judges)
    ]
    head = ["items: demo", "design: {items: 6, contrasts: [conflict, fact_plain]}", "collect: {retries: 0}", "judges:"]
    return "\n".join([*head, *rows, "  - {name: coin, model: simulated/coin}", ""])


def mistakes(key: str) -> dict[str, str]:
    """Configurations in which a person wrote the key itself."""
    value = json.dumps(key)
    judge = "judges: [{name: x, model: openai/m, api_base: 'http://127.0.0.1:9/v1', "
    return {
        "by-value": f"{judge}api_key: {value}}}]",
        "misspelt": f"{judge}apikey: {value}}}]",
        "in-params": f"{judge}params: {{api_key: {value}}}}}]",
        "in-headers": f"{judge}params: {{extra_headers: {{Authorization: {value}}}}}}}]",
        "as-params": f"{judge}params: {value}}}]",
        "in-address": f"judges: [{{name: x, model: openai/m, api_base: 'http://me:{quote(key, safe='')}@host/v1'}}]",
        "unclosed": f"judges:\n  - name: x\n    api_key: '{key.replace(chr(39), '')}\n",
        "two-colons": f"judges:\n  - name: x\n    api_key: {key.replace(chr(34), '')}: y\n",
    }


def commands(folder: Path, written: Path) -> list[list[str]]:
    """Every verb, in good order and in bad."""
    run, policy = "out", str(folder / "gates.yaml")
    good = [
        ["init", "--out", "new.yaml"], ["plan", "audit.yaml"], ["plan", "audit.yaml", "--json"],
        ["run", "audit.yaml", "--out", run], ["run", "audit.yaml", "--out", run, "--json"],
        ["run", "audit.yaml", "--out", "other"], ["run", "audit.yaml", "--out", "other", "--fresh"],
        *(["report", run, "--format", form, "--out", f"report.{form}"]
          for form in ("terminal", "html", "markdown", "json", "junit", "csv")),
        ["report", run], ["report", run, "--format", "markdown", "--baseline", "other"],
        ["gate", run], ["gate", run, "--json"], ["gate", run, "--policy", policy, "--baseline", "other"],
        ["compare", run, "other"], ["compare", run, "other", "--json"], ["doctor", "audit.yaml", "--probe"],
        ["perturb", "demo", "--out", "pairs.jsonl"], ["check-pairs", "pairs.jsonl", "--json"],
        ["explain", "JA110"], ["schema"],
    ]  # fmt: skip
    bad = [
        ["init", "--out", "new.yaml"], ["run", "nowhere.yaml"], ["run", "audit.yaml", "--max-cost", "0"],
        ["gate", "nowhere"], ["report", run, "--format", "pdf"], ["compare", run, "nowhere"], ["explain", "JA999"],
        ["check-pairs", "nowhere.jsonl"], ["nonsense"], ["run", "audit.yaml", "--out", "gates.yaml"],
        *(["run", str(file), "--out", "never"] for file in sorted(written.iterdir())),
        *(["doctor", str(file)] for file in sorted(written.iterdir())[:1]),
    ]  # fmt: skip
    return good + bad


def traces(text: str) -> list[str]:
    """Return which keys stand in a text, and in which encoding."""
    return [
        f"{name} {encoding}"
        for name, key in KEYS.items()
        for encoding, write in ENCODINGS.items()
        for form in write(key)
        if form in text
    ]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Run all commands in one folder, with five keys in the environment; what they printed and where they wrote."""
    folder, written = tmp_path_factory.mktemp("desk"), tmp_path_factory.mktemp("written")
    for name, text in (
        (f"{key_name}-{name}", text) for key_name, key in KEYS.items() for name, text in mistakes(key).items()
    ):
        (written / f"{name}.yaml").write_text(text, encoding="utf-8")
    printed = []
    with Server(echo) as server, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, key in KEYS.items():
            patch.setenv(name, key)
        (folder / "audit.yaml").write_text(config(server), encoding="utf-8")
        (folder / "gates.yaml").write_text("position: {max_abs: 0.1}\n", encoding="utf-8")
        for arguments in commands(folder, written):
            done = CliRunner().invoke(app, arguments)
            trace = "".join(traceback.format_exception(*done.exc_info)) if done.exc_info else ""
            printed.append((arguments, done.exit_code, done.output + trace))
        sent = {request.headers["Authorization"].removeprefix("Bearer ") for request in server.requests}
    return printed, folder, sent


def test_the_trial_is_as_large_as_it_should_be(session):
    """Five keys were really sent, over forty command lines, of which a dozen and more fail."""
    printed, _, sent = session
    assert sent == set(KEYS.values())
    assert len(printed) >= 40
    assert sum(status == 2 for _, status, _ in printed) >= 12
    assert [text[-2000:] for _, _, text in printed if "SystemExit" not in text[-200:]] == []


def test_nothing_printed_holds_a_key(session):
    """Standard output, standard error and tracebacks: 0 hits."""
    assert [(arguments, found) for arguments, _, text in session[0] if (found := traces(text))] == []


def test_nothing_written_holds_a_key(session):
    """Manifest, pairs, store, audit, page and every report: 0 hits, though the endpoint's echo was kept."""
    texts = {
        str(file): file.read_bytes().decode("utf-8", "replace") for file in session[1].rglob("*") if file.is_file()
    }
    assert len(texts) > 12
    assert any(TELLTALE in text for text in texts.values())
    assert [(name, found) for name, text in texts.items() if (found := traces(text))] == []


@pytest.mark.parametrize("name", KEYS)
def test_the_search_would_find_a_key(name):
    """A key that stood anywhere in any of the encodings would be a hit."""
    for encoding, write in ENCODINGS.items():
        assert f"{name} {encoding}" in traces(f"before{write(KEYS[name])[0]}after")


def test_settings_that_hold_no_key_are_let_through():
    """Only what is named like a secret is refused, at any depth, and its value is not repeated."""
    refuse_written_keys({"max_tokens": 5, "extra_body": {"grammar": "x", "logit_bias": {"1": 2}}}, "judge 'x'")
    with pytest.raises(ConfigError) as refused:
        refuse_written_keys({"extra_headers": [{"X-Api-Key": "the-value"}]}, "judge 'x'")
    assert "X-Api-Key" in str(refused.value)
    assert "the-value" not in str(refused.value)


def test_the_environment_is_left_as_it_was():
    """The planted keys are gone after the trial."""
    assert not set(KEYS) & set(os.environ)
