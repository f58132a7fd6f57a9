"""Evaluation frameworks as clients of the loopback server: what they use for the same judgements.

Run by ``bench_collect.py --frameworks PYTHON``, where PYTHON is the interpreter of an environment with
``requirements-frameworks.txt``; nothing of judgeaudit is imported here. One client a process, pinned to a core.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable

ANSWER = "The Moon keeps one face to the Earth because its rotation takes as long as its orbit, about 27.3 days. " * 4
PROMPT = (
    "Which answer is better?\n\nQuestion: {{input}}\n\nAnswer A: {{output}}\n\nAnswer B: {{expected}}\n\nName A or B."
)
Judgement = Callable[[int], Awaitable[None]]


def autoevals(base: str) -> Judgement:
    """Classify with autoevals, which asks for a function call."""
    from autoevals import LLMClassifier
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=base, api_key="none", max_retries=0)
    classifier = LLMClassifier("better", PROMPT, {"A": 1, "B": 0}, model="fake", use_cot=True, client=client)

    async def one(number: int) -> None:
        said = await classifier.eval_async(output=ANSWER, expected=ANSWER, input=f"Why ({number})?")
        if said.score != 1:
            raise RuntimeError(f"no judgement: {said}")

    return one


def openevals(base: str) -> Judgement:
    """Judge with openevals, which asks for a JSON schema."""
    from openai import AsyncOpenAI
    from openevals.llm import create_async_llm_as_judge

    client = AsyncOpenAI(base_url=base, api_key="none", max_retries=0)
    prompt = PROMPT.replace("{{input}}", "{inputs}").replace("{{output}}", "{outputs}")
    judge = create_async_llm_as_judge(
        prompt=prompt.replace("{{expected}}", "{reference_outputs}"), judge=client, model="fake"
    )

    async def one(number: int) -> None:
        said = await judge(inputs=f"Why ({number})?", outputs=ANSWER, reference_outputs=ANSWER)
        if said["score"] is not True:
            raise RuntimeError(f"no judgement: {said}")

    return one


CLIENTS = {"autoevals": autoevals, "openevals": openevals}


def main(name: str, base: str, count: int, concurrency: int) -> None:
    """Make the judgements and print what they used, in the form of ``bench_collect.py``."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    one, numbers = CLIENTS[name](base), iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    async def work() -> None:
        await asyncio.gather(*(worker() for _ in range(concurrency)))

    cpu, wall = time.process_time(), time.perf_counter()
    asyncio.run(work())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_ms": 1000 * cpu / count, "per_s": count / wall, "rss_mb": rss}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
