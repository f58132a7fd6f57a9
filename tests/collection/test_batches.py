"""Batches, there and back: files written, handed to a loopback batch interface, and what it returns read in."""

from __future__ import annotations

import asyncio
import json
import os
import random
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from aiohttp import web

from judgeaudit.collection import BatchPlan, ask, collect, export
from judgeaudit.config import Config, parse_config
from judgeaudit.errors import ConfigError, PairError
from judgeaudit.exchange import collect_batch, export_batch
from judgeaudit.pipeline import run
from judgeaudit.records import Answer
from judgeaudit.verdicts import VerdictStore
from tests.collection.worlds import lean, make_pairs
from tests.server import Request, Server, completion

KEY = "sk-batch-0123456789abcdef"


def script(request: Request) -> str:
    """Choose by the text alone, so that live and batched calls are answered alike."""
    return json.dumps({"choice": "AB"[sum(request.prompt.encode()) % 2], "rationale": "so"})


class Batches:
    """The files and batches of a provider, as far as a client needs them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Batches:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=2**27)
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{id}/content", self._content)
        app.router.add_post("/v1/batches", self._create)
        app.router.add_get("/v1/batches/{id}", self._retrieve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
        self.api_base = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def _keep(self, content: bytes) -> str:
        name = f"file-{len(self.files)}"
        self.files[name] = content
        return name

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        name = self._keep(form["file"].file.read())  # type: ignore[union-attr]
        return web.json_response({"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "x",
                                  "purpose": "batch", "status": "processed"})  # fmt: skip

    async def _content(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["id"]])

    async def _create(self, request: web.Request) -> web.Response:
        stated = await request.json()
        output, errors = answer(self.files[stated["input_file_id"]], stated["endpoint"])
        batch = {
            "id": f"batch-{len(self.batches)}", "object": "batch", "created_at": 1, "status": "completed", **stated,
            "output_file_id": self._keep(output), "error_file_id": self._keep(errors),
        }  # fmt: skip
        self.batches[batch["id"]] = batch
        return web.json_response(batch)

    async def _retrieve(self, request: web.Request) -> web.Response:
        return web.json_response(self.batches[request.match_info["id"]])


def answer(requests: bytes, endpoint: str) -> tuple[bytes, bytes]:
    """Answer every request but some: two expire, one fails, one comes twice, all out of order, the last line cut."""
    output, errors = [], []
    for number, line in enumerate(requests.splitlines()):
        asked = json.loads(line)
        assert (asked["method"], asked["url"]) == ("POST", endpoint)
        common = {"id": f"r-{number}", "custom_id": asked["custom_id"]}
        if number in (3, 9):
            expired = {"code": "batch_expired", "message": "This request could not be executed before the end."}
            errors.append({**common, "response": None, "error": expired})
        elif number == 5:
            body = {"error": {"message": f"the server had an error; key {KEY}"}}
            errors.append({**common, "response": {"status_code": 500, "request_id": "x", "body": body}, "error": None})
        else:
            body = json.loads(completion(script(Request(asked["body"], {}, number))))
            answered = {**common, "response": {"status_code": 200, "request_id": "x", "body": body}, "error": None}
            output += [answered] * (2 if number == 7 else 1)
    random.Random(1).shuffle(output)
    lines = [json.dumps(line) for line in output]
    return "\n".join([*lines, lines[0][:80]]).encode(), "\n".join(map(json.dumps, errors)).encode()


def stated(api_base: str, **more: Any) -> Config:
    """A judge whose key is named, and one that no batch can ask."""
    judge = {"name": "mini", "model": "openai/judge-1", "api_base": api_base, "api_key": "env:BATCH_KEY", **more}
    vain = {"name": "vain", "model": "simulated/style-only"}
    return parse_config({"items": "demo", "design": {"items": 6, "seed": 7}, "judges": [judge, vain]})


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_KEY", KEY)


@pytest.fixture(scope="module")
def batches() -> Iterator[Batches]:
    with Batches() as served:
        yield served


def hand_in(batches: Batches, path: str) -> tuple[bytes, bytes]:
    """Do what a user does: upload, create, wait, download."""
    client = openai.OpenAI(base_url=batches.api_base, api_key=KEY, max_retries=0)
    with Path(path).open("rb") as file:
        uploaded = client.files.create(file=file, purpose="batch")
    made = client.batches.create(input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h")
    done = client.batches.retrieve(made.id)
    assert done.status == "completed"
    return tuple(client.files.content(name or "").read() for name in (done.output_file_id, done.error_file_id))  # type: ignore[return-value]


def test_there_and_back_gives_what_a_live_run_gives(batches: Batches, tmp_path: Path) -> None:
    """What the batch lacked is asked live and nothing else, and the audit is that of a run that was live throughout."""
    with Server(script) as server:
        config = stated(server.api_base)
        live = run(config, tmp_path / "live")
        asked_live = server.hits
        ((file,), left_out) = export_batch(config, tmp_path / "batched")
        assert left_out == ["vain"]
        assert file.requests == asked_live
        results = []
        for name, content in zip(("errors.jsonl", "output.jsonl"), reversed(hand_in(batches, file.path)), strict=True):
            results.append(tmp_path / name)
            results[-1].write_bytes(content)
        counts = collect_batch(config, tmp_path / "batched", results)
        assert counts.model_dump() == {
            "stored": asked_live - 3, "known": 1, "cut_off": 0, "failed": 1, "expired": 2, "unknown": 0, "malformed": 1,
        }  # fmt: skip
        again = collect_batch(config, tmp_path / "batched", results)
        assert again.model_dump(exclude_defaults=True) == {"known": asked_live + 1, "malformed": 1}
        ((rest,), _) = export_batch(config, tmp_path / "batched")
        assert rest.requests == 3
        batched = run(config, tmp_path / "batched")
        assert server.hits == asked_live + 3
    assert (batched.path / "audit.json").read_bytes() == (live.path / "audit.json").read_bytes()
    assert KEY.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "batched").rglob("*") if p.is_file())


def test_a_request_is_what_a_live_call_would_send(tmp_path: Path) -> None:
    """Same model, messages and settings, by the call; equal exports give equal bytes, for their owner's eyes only."""
    with Server(script) as server:
        config = stated(server.api_base, params={"seed": 3, "max_tokens": 50})
        ((file,), _) = export_batch(config, tmp_path / "a")
        first = Path(file.path).read_bytes()
        export_batch(config, tmp_path / "a")
        assert Path(file.path).read_bytes() == first
        assert stat.S_IMODE(Path(file.path).stat().st_mode) == 0o600
        run(config, tmp_path / "live")
        sent = sorted((request.body for request in server.requests), key=json.dumps)
    assert sorted((json.loads(line)["body"] for line in first.splitlines()), key=json.dumps) == sent


def test_results_of_another_plan_are_not_taken_for_answers(batches: Batches, tmp_path: Path) -> None:
    """A prompt that changed since the export makes other calls: nothing is stored, and the lines are named unknown."""
    config = stated("http://127.0.0.1:9/v1")
    ((file,), _) = export_batch(config, tmp_path / "a")
    output, errors = hand_in(batches, file.path)
    (tmp_path / "o").write_bytes(output)
    (tmp_path / "e").write_bytes(errors)
    other = stated("http://127.0.0.1:9/v1", prompt="pairwise-ignore-style")
    counts = collect_batch(other, tmp_path / "a", [tmp_path / "o", tmp_path / "e"])
    assert counts.stored == 0
    assert counts.unknown == file.requests + 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.loads(completion(None, finish_reason="length")), "cut_off"),
        (json.loads(completion(None, refusal="I would rather not.")), "stored"),
        (json.loads(completion("", finish_reason="content_filter")), "stored"),
        ({"choices": []}, "failed"),
        ("nonsense", "failed"),
    ],
)
def test_every_kind_of_reply_ends_as_it_would_live(body: Any, kind: str, tmp_path: Path) -> None:
    """Refusals and filters are outcomes; what was cut off or is no completion stays open, and is no opinion."""
    config = stated("http://127.0.0.1:9/v1")
    ((file,), _) = export_batch(config, tmp_path / "a")
    lines = [
        {"custom_id": json.loads(line)["custom_id"], "response": {"status_code": 200, "body": body}}
        for line in Path(file.path).read_bytes().splitlines()
    ]
    (tmp_path / "o").write_text("\n".join(map(json.dumps, lines)))
    counts = collect_batch(config, tmp_path / "a", [tmp_path / "o"])
    assert getattr(counts, kind) == file.requests
    left, _ = export_batch(config, tmp_path / "a")
    assert sum(part.requests for part in left) == (0 if kind == "stored" else file.requests)


def test_the_price_of_a_batch(tmp_path: Path) -> None:
    """A stated price is taken as it is; replies are paid for once."""
    config = stated("http://127.0.0.1:9/v1", price=[1000.0, 0.0])
    ((file,), _) = export_batch(config, tmp_path / "a")
    output, _ = answer(Path(file.path).read_bytes(), "/v1/chat/completions")
    (tmp_path / "o").write_bytes(output)
    stored = collect_batch(config, tmp_path / "a", [tmp_path / "o"]).stored
    for _ in range(2):
        collect_batch(config, tmp_path / "a", [tmp_path / "o"])
        with VerdictStore.open(tmp_path / "a") as store:
            assert store.spent_usd() == pytest.approx(0.1 * stored)


def test_a_line_counts_once_however_often_it_is_read(tmp_path: Path) -> None:
    """What was cut off, failed or expired is known the second time, in one file or two; another request counts."""
    config = stated("http://127.0.0.1:9/v1", price=[1000.0, 0.0])
    ((file,), _) = export_batch(config, tmp_path / "a")
    keys = [json.loads(line)["custom_id"] for line in Path(file.path).read_bytes().splitlines()]
    body = json.loads(completion(None, finish_reason="length"))
    cut_off = [{"id": f"r-{n}", "custom_id": keys[0], "response": {"status_code": 200, "body": body}} for n in range(2)]
    failed = {"id": "r-2", "custom_id": keys[1], "response": {"status_code": 500, "body": {"error": "down"}}}
    expired = {"id": "r-3", "custom_id": keys[2], "response": None, "error": {"code": "batch_expired"}}
    lines = [*cut_off, failed, expired]
    (tmp_path / "o").write_text("\n".join(map(json.dumps, lines * 2)))
    counts = [collect_batch(config, tmp_path / "a", [tmp_path / "o"]).model_dump(exclude_defaults=True) for _ in "ab"]
    assert counts == [{"known": 4, "cut_off": 2, "failed": 1, "expired": 1}, {"known": 8}]
    with VerdictStore.open(tmp_path / "a") as store:
        assert store.spent_usd() == pytest.approx(2 * 0.1)
        assert sum(store.attempts().values()) == 4
    ((again,), _) = export_batch(config, tmp_path / "a")
    assert again.requests == file.requests, "all of them are still to be asked"


@pytest.mark.parametrize("status", ["200", 200.0, [], {}])
def test_a_status_that_is_no_number_is_malformed(status: object, tmp_path: Path) -> None:
    """The line is counted, and nothing is read from it."""
    config = stated("http://127.0.0.1:9/v1")
    ((file,), _) = export_batch(config, tmp_path / "a")
    key = json.loads(Path(file.path).read_bytes().splitlines()[0])["custom_id"]
    response = {"status_code": status, "body": json.loads(completion("A"))}
    (tmp_path / "o").write_text(json.dumps({"custom_id": key, "response": response}))
    counts = collect_batch(config, tmp_path / "a", [tmp_path / "o"])
    assert counts.model_dump(exclude_defaults=True) == {"malformed": 1}


def test_half_of_a_surrogate_pair_goes_there_and_back(tmp_path: Path) -> None:
    """Which a text cut in the middle of an emoji has: the file names it by its escape, as a live call does."""
    with Server(lambda _: "A") as server, VerdictStore.create(tmp_path) as store:
        halves = [pair.model_copy(update={"a": Answer(text="cut \ud83d")}) for pair in make_pairs(1)]
        plan = BatchPlan(halves, [lean(server)], orders="both", replicates=1, seed=0)
        (file,) = export(plan, store, tmp_path / "batches")
        requests = [json.loads(line) for line in Path(file.path).read_bytes().splitlines()]
        answered = {"status_code": 200, "body": json.loads(completion("A"))}
        lines = [json.dumps({"custom_id": asked["custom_id"], "response": answered}) for asked in requests]
        (tmp_path / "o").write_text("\n".join(lines))
        assert collect(plan, store, [tmp_path / "o"]).stored == len(requests) == 2
        ask(halves, [lean(server)], orders="both")
        sent = [request.body["messages"] for request in server.requests]
    assert sorted((asked["body"]["messages"] for asked in requests), key=str) == sorted(sent, key=str)


def test_impossible_batches_are_refused(tmp_path: Path) -> None:
    """No judge that takes batches, and a file that is not there."""
    only = parse_config({"items": "demo", "design": {"items": 2}, "judges": [{"name": "v", "model": "simulated/coin"}]})
    with pytest.raises(ConfigError, match="no judge here can be asked by batch"):
        export_batch(only, tmp_path / "a")
    with pytest.raises(PairError, match="cannot be read"):
        collect_batch(stated("http://127.0.0.1:9/v1"), tmp_path / "a", [tmp_path / "none"])


def test_the_command_line_says_what_it_did(tmp_path: Path) -> None:
    """Export and collect in a process of their own."""
    config = tmp_path / "c.yaml"
    config.write_text(
        "items: demo\ndesign: {items: 4, seed: 7}\njudges:\n"
        "  - {name: mini, model: judge-1, api_base: 'http://127.0.0.1:9/v1', api_key: env:BATCH_KEY}\n"
    )

    def call(*arguments: str) -> str:
        program = [sys.executable, "-c", "from judgeaudit.cli import main; main()"]
        command = [*program, "batch", *arguments, "--out", str(tmp_path / "run")]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout

    assert "mini: " in call("export", str(config))
    output, errors = answer((tmp_path / "run" / "batches" / "mini-1.jsonl").read_bytes(), "/v1/chat/completions")
    (tmp_path / "o").write_bytes(output)
    (tmp_path / "e").write_bytes(errors)
    said = call("collect", str(config), str(tmp_path / "o"), str(tmp_path / "e"))
    assert "2 expired" in said
    assert "'judgeaudit run' asks what is missing" in said
    assert json.loads(call("collect", str(config), str(tmp_path / "o"), "--json"))["malformed"] == 1


def test_requests_of_an_earlier_export_do_not_stay_to_be_paid_again(tmp_path: Path) -> None:
    """What is left to ask is all that stands in the folder; files of other judges, and other files, stay."""
    config, folder = stated("http://127.0.0.1:9/v1"), tmp_path / "batches"
    (file,), _ = export_batch(config, tmp_path)
    others = ["mini-20261129.jsonl", "mini-x-1.jsonl", "notes.txt"]
    for name in ("mini-2.jsonl", "mini-3.jsonl", *others):
        (folder / name).write_text("{}\n")
    export_batch(config, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [Path(file.path).name, *others]
