"""Compiles the shipped authoring files into item sets: ``python -m judgeaudit.items [--check]``.

``core`` is every item; ``demo`` is the three items of each domain with the shortest answers and a plain layout,
so that a small model on a small machine can judge them in minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from judgeaudit.assets import asset_dir
from judgeaudit.items.authoring import compile_items
from judgeaudit.items.lint import lint_item, lint_set
from judgeaudit.records import Item

DEMO_PER_DOMAIN = 3


def authored(folder: Path) -> list[Item]:
    """Return every item of the authoring files in ``folder``, by file name and place."""
    files = sorted(folder.glob("*.txt"))
    return [item for path in files for item in compile_items(path.read_text(encoding="utf-8"), path.name)]


def demo_of(items: list[Item]) -> list[Item]:
    """Return the shortest plain items of each domain, in their original order."""
    kept: set[str] = set()
    for domain in sorted({item.domain for item in items}):
        plain = [item for item in items if item.domain == domain and "\n" not in item.answer]
        kept.update(item.id for item in sorted(plain, key=lambda item: (len(item.answer), item.id))[:DEMO_PER_DOMAIN])
    return [item for item in items if item.id in kept]


def compiled(items: list[Item]) -> str:
    """Return items as JSONL, defaults left out."""
    return "".join(item.model_dump_json(exclude_defaults=True) + "\n" for item in items)


def faults(items: list[Item]) -> Iterator[str]:
    """Yield every lint fault of the items, one by one and as a set."""
    for item in items:
        yield from lint_item(item)
    yield from lint_set(items)


def main(arguments: list[str]) -> int:
    """Compile, or with ``--check`` compare and lint; the exit status is 1 when something is at fault."""
    folder = asset_dir("fixtures") / "items"
    items = authored(folder)
    sets = {"core.jsonl": compiled(items), "demo.jsonl": compiled(demo_of(items))}
    found = list(faults(items))
    if "--check" in arguments:
        stale = [n for n, text in sets.items() if not (folder / n).is_file() or (folder / n).read_text("utf-8") != text]
        found += [
            f"{name} is not what the authoring files compile to: run 'python -m judgeaudit.items'" for name in stale
        ]
    else:
        for name, text in sets.items():
            (folder / name).write_text(text, encoding="utf-8")
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    n_facts = sum(len(item.facts) for item in items)
    sys.stdout.write(f"{len(items)} items, {n_facts} facts, {len(found)} faults\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
