"""Compiles the shipped authoring files into item sets, or lints files of your own.

``python -m judgeaudit.items [--check]`` compiles, or compares; ``python -m judgeaudit.items FILE ...`` reads item files
of any kind that `load_items` reads, and says what is wrong with their facts.

``core`` is every item; ``demo`` is the three items of each domain with the shortest answers and a plain layout,
so that a small model on a small machine can judge them in minutes. Prints the counts of the data card.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from judgeaudit.assets import asset_dir
from judgeaudit.errors import ItemError
from judgeaudit.items.authoring import compile_items
from judgeaudit.items.lint import POLES, direction, lint_item, lint_set
from judgeaudit.items.loading import load_items
from judgeaudit.records import Item
from judgeaudit.text import words

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


def counts(items: list[Item]) -> str:
    """Return what a set holds, as a Markdown table: the figures of its data card."""
    facts = [fact for item in items for fact in item.facts]
    wrong = [distractor for fact in facts for distractor in fact.distractors]
    lengths = sorted(len(words(item.answer)) for item in items)
    rows = {
        "items": len(items),
        "words in an answer (least, median, most)": f"{lengths[0]}, {lengths[len(lengths) // 2]}, {lengths[-1]}",
        "facts": len(facts),
        "wrong values": len(wrong),
        "of which near misses (minor)": sum(d.severity == "minor" for d in wrong),
        "wrong values that change another fact too (later steps, exchanges)": sum(bool(d.carry) for d in wrong),
        "terms that may be set in bold": sum(len(item.terms) for item in items),
        "sentences that may open with a connective": sum(len(item.additive) for item in items),
    }
    rows |= {f"items, {domain}": n for domain, n in sorted(Counter(item.domain for item in items).items())}
    rows |= {f"facts, {kind}": n for kind, n in Counter(fact.kind for fact in facts).most_common()}
    for kind in ("negation", *POLES):
        shown = Counter(direction(fact) for fact in facts if fact.kind == kind)
        rows[f"true {kind}s that point up, down, neither"] = f"{shown[1]}, {shown[-1]}, {shown[0]}"
    return "| what | how many |\n|---|---:|\n" + "".join(f"| {name} | {n} |\n" for name, n in rows.items())


def lint_files(files: list[str]) -> int:
    """Lint item files of the user's; the exit status is 1 when something is at fault, 2 when one cannot be read."""
    try:
        items = [item for file in files for item in load_items(file)]
    except ItemError as error:
        sys.stderr.write(f"judgeaudit: {error}\n")
        return error.exit_status
    found = list(faults(items))
    sys.stdout.write("".join(f"{fault}\n" for fault in found) + f"{len(items)} items, {len(found)} faults\n")
    return 1 if found else 0


def main(arguments: list[str]) -> int:
    """Compile, with ``--check`` compare and lint, with files lint those; the exit status is 1 when one is at fault."""
    if files := [argument for argument in arguments if not argument.startswith("-")]:
        return lint_files(files)
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
    sys.stdout.write(f"{counts(items)}{len(items)} items, {len(found)} faults\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
