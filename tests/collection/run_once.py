"""A small run in a process of its own, to be killed or interrupted: ``run_once.py STORE PORT ITEMS CONCURRENCY``."""

import json
import sys

from judgeaudit.collection import ask
from judgeaudit.judges.api import ApiJudge
from judgeaudit.records import JudgeSpec
from tests.collection.worlds import make_pairs


def main(store: str, port: str, items: str, concurrency: str) -> None:
    """Ask, and print how the cells ended."""
    spec = JudgeSpec(name="j", model="fake", api_base=f"http://127.0.0.1:{port}/v1")
    print("ready", flush=True)  # noqa: T201 - the parent waits for it
    verdicts = ask(make_pairs(int(items)), [ApiJudge(spec)], store=store, concurrency=int(concurrency), orders="both")
    ended = [[v.trial.key, v.outcome, v.reason, v.preference] for v in verdicts]
    print(json.dumps(ended), flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
