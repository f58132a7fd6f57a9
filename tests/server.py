"""A loopback OpenAI-compatible server with scripted replies and faults, for tests and benchmarks."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass(frozen=True)
class Fault:
    """A response that is not a chat completion."""

    status: int = 500
    body: str = '{"error": {"message": "scripted fault"}}'
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_s: float = 0.0
    """Seconds to wait before answering."""
    drop: bool = False
    """Close the connection instead of answering."""


def completion(
    text: str | None,
    *,
    finish_reason: str = "stop",
    model: str = "fake-1",
    usage: tuple[int, int] | None = (100, 10),
    **more: Any,
) -> str:
    """Return the body of a chat completion."""
    message = {"role": "assistant", "content": text, **more}
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return json.dumps(body)


@dataclass(frozen=True)
class Request:
    """What the server received."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    number: int
    """Counted from 0."""

    @property
    def prompt(self) -> str:
        """The user's message."""
        return str(self.body["messages"][-1]["content"])


Script = Callable[[Request], str | Fault]
"""Returns the text of the reply (which is put in a completion), a whole body that starts with ``{"id"``, or a fault."""


class Server:
    """A server in a thread of its own, which remembers every request; use it as a context manager."""

    def __init__(self, script: Script, *, latency_s: float = 0.0, port: int = 0) -> None:
        self.script, self.latency_s, self.port = script, latency_s, port
        self.requests: list[Request] = []
        self.in_flight = 0
        self.peak = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def api_base(self) -> str:
        """What a judge's ``api_base`` is set to."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def hits(self) -> int:
        """How many requests came."""
        return len(self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/chat/completions", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        self._loop.run_until_complete(site.start())
        self.port = runner.addresses[0][1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        seen = Request(await request.json(), dict(request.headers), len(self.requests))
        self.requests.append(seen)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            said = self.script(seen)
            fault = said if isinstance(said, Fault) else None
            await asyncio.sleep(fault.hang_s if fault and fault.hang_s else self.latency_s)
        finally:
            self.in_flight -= 1
        if fault:
            if fault.drop:
                assert request.transport is not None
                request.transport.abort()
            return web.Response(
                status=fault.status, text=fault.body, headers=fault.headers, content_type="application/json"
            )
        body = said if str(said).startswith('{"id"') else completion(str(said))
        return web.Response(text=str(body), content_type="application/json")


def prefers(mark: str) -> Script:
    """Return the script of a judge that prefers the one answer with ``mark`` in it, and else says tie."""

    def script(request: Request) -> str:
        _, _, after_a = request.prompt.partition("<answer_a")
        first, _, second = after_a.partition("<answer_b")
        has = (mark in first, mark in second)
        choice = "tie" if has[0] == has[1] else "A" if has[0] else "B"
        return json.dumps({"choice": choice, "rationale": "because"})

    return script
