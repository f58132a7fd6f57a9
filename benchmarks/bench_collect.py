"""CPU and throughput per judgement: ours against bare aiohttp and bare litellm, all in one run.

    python benchmarks/bench_collect.py [--judgements 3000] [--latency 0.2] [--concurrency 64] [--rounds 5]

A loopback server in a process of its own answers every chat completion after the latency. Each client runs in a fresh
process pinned to one core; its CPU is the operating system's account of that process after its imports. Ours does all
that a run does: plan, trial keys, rendering, retry loop, parsing, typed records, durable store.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from judgeaudit.records import Answer, Pair, Showing

WORDS = "The Moon keeps one face to the Earth because its rotation takes as long as its orbit, about 27.3 days. " * 4
LEAN = ("bare aiohttp", "ours, lean")
FRAMEWORKS = ("autoevals", "openevals")
LIMITS = {"ours, lean": ("bare aiohttp", 2.0, 0.95), "ours, litellm": ("bare litellm", 1.15, 0.95)}


@dataclass(frozen=True)
class Measured:
    """What one client used."""

    cpu_ms: float
    """CPU milliseconds per judgement."""
    per_s: float
    """Judgements per second of wall time."""
    rss_mb: float
    """Peak resident memory in megabytes, imports included."""


def pairs(count: int) -> list[Pair]:
    """Return pairs of answers of realistic length."""
    return [
        Pair(
            id=f"p{n}",
            item_id=f"i{n}",
            question=f"Why do we see one side of the Moon ({n})?",
            contrast="style_true",
            a=Answer(text=f"{WORDS}**{n}**"),
            b=Answer(text=WORDS),
        )
        for n in range(count)
    ]


# ------------------------------------------------------------------------------------------------- server


def completion(message: dict[str, object]) -> bytes:
    """Return the body of a chat completion."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "fake",
            "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 500, "completion_tokens": 40, "total_tokens": 540},
        }
    ).encode()


def serve(latency_s: float) -> None:
    """Answer chat completions until killed; print the port first."""
    from aiohttp import web

    why = "The first is better. " * 5
    plain = completion({"content": json.dumps({"choice": "A", "rationale": why})})
    verdict = json.dumps({"choice": "A", "reasons": why, "reasoning": why, "score": True})
    call = {"id": "c", "type": "function", "function": {"name": "select_choice", "arguments": verdict}}
    called, scored = completion({"content": None, "tool_calls": [call]}), completion({"content": verdict})

    async def answer(request: web.Request) -> web.Response:
        asked = await request.read()
        await asyncio.sleep(latency_s)
        body = called if b'"tools"' in asked else scored if b'"response_format"' in asked else plain
        return web.Response(body=body, content_type="application/json")

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


# ------------------------------------------------------------------------------------------------ clients


async def _at_once(count: int, concurrency: int, one: Callable[[int], Awaitable[None]]) -> None:
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*(worker() for _ in range(concurrency)))


def bare_aiohttp(base: str, count: int, concurrency: int) -> Callable[[], None]:
    """Post prompts that are ready and parse the JSON; nothing else."""
    import aiohttp

    from judgeaudit.judges.rendering import load_template, render

    template = load_template(None, "pairwise")
    prompts = [render(template, Showing(question=p.question, first=p.a, second=p.b, token="0")) for p in pairs(count)]  # noqa: S106 - a fence

    async def main() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one(number: int) -> None:
                messages = [{"role": "user", "content": prompts[number]}]
                payload = {"model": "fake", "messages": messages, "temperature": 0, "max_tokens": 400}
                async with session.post(f"{base}/chat/completions", json=payload) as response:
                    reply = await response.json()
                json.loads(reply["choices"][0]["message"]["content"])["choice"]

            await _at_once(count, concurrency, one)

    return lambda: asyncio.run(main())


def bare_litellm(base: str, count: int, concurrency: int) -> Callable[[], None]:
    """Call ``litellm.acompletion`` with prompts that are ready; nothing else."""
    from judgeaudit.judges.rendering import load_template, render
    from judgeaudit.judges.transport import load_litellm

    litellm = load_litellm()
    template = load_template(None, "pairwise")
    prompts = [render(template, Showing(question=p.question, first=p.a, second=p.b, token="0")) for p in pairs(count)]  # noqa: S106 - a fence

    async def main() -> None:
        async def one(number: int) -> None:
            reply = await litellm.acompletion(
                model="openai/fake",
                messages=[{"role": "user", "content": prompts[number]}],
                api_base=base,
                api_key="none",
                temperature=0,
                max_tokens=400,
                max_retries=0,
            )
            json.loads(reply.choices[0].message.content)["choice"]

        await _at_once(count, concurrency, one)

    return lambda: asyncio.run(main())


def ours(base: str, count: int, concurrency: int, transport: str) -> Callable[[], None]:
    """Ask with a store on disk."""
    from judgeaudit.collection import ask
    from judgeaudit.judges.api import ApiJudge
    from judgeaudit.records import JudgeSpec

    if transport == "lean":
        import aiohttp  # noqa: F401 - an import is not part of the figure, for ours as for the bare client
    spec = JudgeSpec(name="j", model="openai/fake", api_base=base, transport=transport)
    judge, asked = ApiJudge(spec), pairs(count // 2)

    def main() -> None:
        with tempfile.TemporaryDirectory() as run:
            verdicts = ask(asked, [judge], store=run, concurrency=concurrency, orders="both")
        assert sum(verdict.outcome == "valid" for verdict in verdicts) == count  # noqa: S101 - a benchmark of failures is none

    return main


CLIENTS: dict[str, Callable[[str, int, int], Callable[[], None]]] = {
    "bare aiohttp": bare_aiohttp,
    "ours, lean": lambda base, count, concurrency: ours(base, count, concurrency, "lean"),
    "bare litellm": bare_litellm,
    "ours, litellm": lambda base, count, concurrency: ours(base, count, concurrency, "litellm"),
}


def run_client(name: str, base: str, count: int, concurrency: int) -> None:
    """Run one client in this process and print what it used."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    go = CLIENTS[name](base, count, concurrency)
    cpu, wall = time.process_time(), time.perf_counter()
    go()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_ms": 1000 * cpu / count, "per_s": count / wall, "rss_mb": rss}))


def measure(name: str, base: str, count: int, concurrency: int, frameworks: str | None = None) -> Measured:
    """Run one client in a fresh process."""
    if name in FRAMEWORKS and frameworks:
        command = [frameworks, str(Path(__file__).with_name("frameworks.py")), name, base, str(count), str(concurrency)]
    else:
        command = [sys.executable, __file__, "--client", name, "--base", base]
        command += ["--judgements", str(count), "--concurrency", str(concurrency)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Measure every client against one server; return 1 when ours is over a limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judgements", type=int, default=3000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["lean", "all"], default="all")
    parser.add_argument("--frameworks", metavar="PYTHON", help="interpreter with requirements-frameworks.txt")
    parser.add_argument("--client", choices=CLIENTS)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--base")
    options = parser.parse_args()
    if options.serve:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the clients have the first core
        serve(options.latency)
    if options.client:
        run_client(options.client, options.base, options.judgements, options.concurrency)
        return 0
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", "--latency", str(options.latency)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout  # noqa: S101 - a pipe was asked for
        base = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        names = [*list(CLIENTS)[: 2 if options.only == "lean" else None], *(FRAMEWORKS if options.frameworks else ())]
        counts = {name: options.judgements // (1 if name in LEAN else 4) for name in names}
        rounds = [
            {name: measure(name, base, counts[name], options.concurrency, options.frameworks) for name in names}
            for _ in range(options.rounds)
        ]
    finally:
        server.terminate()
    return report(rounds)


def report(rounds: list[dict[str, Measured]]) -> int:
    """Print medians over the rounds, of the figures and of the ratios within a round; return 1 over a limit."""
    print(f"{'client':<16}{'CPU ms':>9}{'per s':>9}{'MB':>7}")
    for name in rounds[0]:
        cpu, rate, memory = (
            median(getattr(measured[name], figure) for measured in rounds) for figure in ("cpu_ms", "per_s", "rss_mb")
        )
        print(f"{name:<16}{cpu:>9.3f}{rate:>9.1f}{memory:>7.0f}")
    worst = 0
    for name, (against, most_cpu, least_rate) in LIMITS.items():
        if name in rounds[0]:
            cpu = median(measured[name].cpu_ms / measured[against].cpu_ms for measured in rounds)
            rate = median(measured[name].per_s / measured[against].per_s for measured in rounds)
            within = cpu <= most_cpu and rate >= least_rate
            worst |= not within
            print(f"{name} / {against}: CPU x {cpu:.2f} (limit {most_cpu}), rate x {rate:.2f} (limit {least_rate})")
    return int(worst)


if __name__ == "__main__":
    sys.exit(main())
