"""Speed and error rates of the manipulation check: verified pairs a minute, false rejects, leak recall, both gates.

Run from the repository's root, on one thread: ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.bench_check [PART ...]``.
The parts are ``speed rejects recall gate others``; all but ``others`` (public data in ``../shared/data``, where
present) run by default. Exit status 1 when a figure misses its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from judgeaudit.checks import check_set, verify
from judgeaudit.items import load_items
from judgeaudit.perturbations import FACETS, NotApplicable, apply_edits, perturb
from judgeaudit.perturbations.catalogue import treat
from judgeaudit.records import FACT_KINDS, Answer, Contrast, Edit, Item, Pair, digest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
STYLES = tuple(name for name, facet in FACETS.items() if facet.arm in ("style", "stance", "fluency"))
OPPOSITES = {"fmt.strip": "fmt.list+fmt.bold", "syn.split": "syn.merge", "tone.formal": "tone.casual"}
"""Facets that take away what our own answers have not, and what gives it to them first."""
PAIRS_A_MINUTE, STYLE_REJECTS, FACT_REJECTS, RECALL, CHUNK = 20_000, 0.05, 0.01, 0.99, 500


def offered(facet: str, items: Sequence[Item]) -> list[Item]:
    """Return the items as a facet can work on them: one that takes something away is given answers that have it."""
    opposite = OPPOSITES.get(facet)
    return list(items) if opposite is None else [dressed for item in items if (dressed := _dressed(item, opposite))]


def _dressed(item: Item, facets: str) -> Item | None:
    """Return an item whose trusted answer carries facets at dose 3 but for their framing sentences, facts and all."""
    made = treat(item, facets, 3, "opposite")
    if isinstance(made, NotApplicable):
        return None
    framing = {0, len(item.answer)} if facets.startswith("tone.") else set[int]()
    edits = [edit for edit in made[0] if edit.old or edit.start not in framing]
    if "fmt." in facets:
        edits.insert(0, Edit(start=0, end=0, old="", new="## Answer\n\n", label="fmt.heading"))

    def moved(start: int, end: int) -> tuple[int, int]:
        shift = sum(len(edit.new) - len(edit.old) for edit in edits if edit.end <= start)
        return start + shift, end + shift

    facts = tuple(
        fact.model_copy(
            update={**dict(zip(("start", "end"), moved(fact.start, fact.end), strict=True)),
                    "also": tuple(moved(*span) for span in fact.also)}
        )
        for fact in item.facts
    )  # fmt: skip
    kept = item.model_copy(
        update={"answer": apply_edits(item.answer, edits), "facts": facts, "terms": (), "additive": ()}
    )
    return Item.model_validate(kept.model_dump())


def without_edits(pair: Pair, contrast: Contrast | None = None, *, swapped: bool = False) -> Pair:
    """Return the bare texts of a pair, offered under a contrast of one's choice."""
    sides = {"a": pair.b, "b": pair.a} if swapped else {}
    bare = {"reference": "", "edits_a": (), "edits_b": (), "contrast": contrast or pair.contrast}
    return pair.model_copy(update=bare | sides)


def mislabelled(edits: Sequence[Edit], facet: str) -> tuple[Edit, ...]:
    """Return the edits with every factual error passed off as a style edit."""
    return tuple(e.model_copy(update={"label": facet}) if e.label.startswith("fact:") else e for e in edits)


def planted_leaks(items: Sequence[Item], seed: int = 5) -> Iterator[tuple[str, Pair]]:
    """Yield (test, pair) for every style facet crossed with every error kind, in both directions.

    ``style, by edits``: the error is labelled as part of the style. ``style, by text``: a styled and a plain text of
    unequal truth, offered as a style pair. ``fact, by text``: the same texts, offered as a fact pair.
    """
    for facet in STYLES:
        suited = offered(facet, items)
        for kind in FACT_KINDS if suited else ():
            pairs = perturb(
                suited, contrasts=["conflict", "concord"], facets=[facet], errors=[kind], doses=[1], seed=seed
            )
            for pair in pairs:
                for swapped in (False, True):
                    yield "style, by text", without_edits(pair, "style_true", swapped=swapped)
                    yield "fact, by text", without_edits(pair, "fact_plain", swapped=swapped)
                if pair.contrast == "conflict":
                    styled = Answer(text=pair.b.text, style=pair.b.style)
                    edits = mislabelled(pair.edits_b, facet)
                    hidden = {"a": styled, "b": pair.a, "edits_a": edits, "edits_b": (), "contrast": "style_true"}
                    yield "style, by edits", pair.model_copy(update=hidden)


def leak_recall(items: Sequence[Item]) -> dict[str, tuple[int, int]]:
    """Return (caught, planted) by test."""
    caught, planted = Counter[str](), Counter[str]()
    for test, pair in planted_leaks(items):
        planted[test] += 1
        caught[test] += not passed(pair)
    return {test: (caught[test], n) for test, n in planted.items()}


def passed(pair: Pair) -> bool:
    """Return whether a pair passes its manipulation check."""
    (checked,) = verify([pair])
    return checked.check is not None and checked.check.passed


def false_rejects(items: Sequence[Item], *, bare: bool, doses: Sequence[int] = (1, 2, 3)) -> dict[str, tuple[int, int]]:
    """Return (rejected, pairs) of our own pairs, by facet and dose for style and in all for facts and placebos.

    At dose 2 two facts are wrong in a false answer, at dose 3 three.
    """
    rejected, total = Counter[str](), Counter[str]()
    for dose in doses:
        for facet in STYLES:
            suited = offered(facet, items)
            pairs = perturb(suited, facets=[facet], doses=[dose], fact_dose=dose, seed=dose) if suited else ()
            for pair in pairs:
                arm = pair.contrast.split("_")[0]
                name = f"{facet} {dose}" if arm == "style" else arm
                total[name] += 1
                rejected[name] += not passed(without_edits(pair) if bare else pair)
    return {name: (rejected[name], n) for name, n in total.items()}


def speed() -> bool:
    """Print verified pairs a minute of CPU, on distinct texts."""
    pairs = perturb(load_items("core"), blocks=4, seed=1)
    verify(pairs[:50])
    start = time.process_time()
    verify(pairs)
    rate = len(pairs) / (time.process_time() - start) * 60
    print(f"speed: {rate:,.0f} pairs a minute of CPU ({len(pairs)} pairs; limit {PAIRS_A_MINUTE:,})")
    return rate >= PAIRS_A_MINUTE


def rejects() -> bool:
    """Print false rejects of our own pairs, with their edits and as bare texts."""
    fine = True
    for bare in (False, True):
        found = false_rejects(load_items("core"), bare=bare)
        worst = max((n / total, name) for name, (n, total) in found.items() if " " in name)
        shares = {name: found[name][0] / found[name][1] for name in ("fact", "placebo")}
        style = f"worst style facet {worst[0]:.2%} ({worst[1]})"
        path = "by text" if bare else "by edits"
        n = sum(total for _, total in found.values())
        print(f"rejects, {path}: {style}; fact {shares['fact']:.2%}, placebo {shares['placebo']:.2%} of {n:,} pairs")
        fine = fine and worst[0] <= STYLE_REJECTS and max(shares.values()) <= FACT_REJECTS
    return fine


def recall() -> bool:
    """Print the share of planted leaks that is caught."""
    found = leak_recall(load_items("core")[::2])
    for test, (caught, planted) in sorted(found.items()):
        print(f"recall, {test}: {caught:,} of {planted:,} planted leaks caught ({caught / planted:.2%})")
    return all(caught / planted >= RECALL for caught, planted in found.values())


def gate() -> bool:
    """Print what a style reader sees in the shipped items: every facet at dose 3, and the fact arm."""
    items, fine = load_items("core"), True
    for facet in STYLES:
        pairs = perturb(offered(facet, items), contrasts=["style_true"], facets=[facet], doses=[3], seed=3)
        report = check_set(accepted(pairs))
        (sentence,) = [row.sentence for row in report.rows if row.group == facet]
        print(f"gate: {sentence}")
        fine = fine and (report.passed or FACETS[facet].arm != "style")
    for wrong in (1, 2, 3):
        report = check_set(accepted(perturb(items, contrasts=["fact_plain"], fact_dose=wrong, blocks=4, seed=7)))
        shown = report.sentences if wrong == 1 else report.sentences[:1]
        print("\n".join(f"gate, {wrong} wrong: {sentence}" for sentence in shown))
        fine = fine and report.passed
    return fine


def accepted(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs that pass their check."""
    return [pair for pair in verify(pairs) if pair.check and pair.check.passed]


def others() -> bool:
    """Print, as a Markdown table, what the check says of other people's pairs, beside ours."""
    print("| pairs | offered as | n | accepted | single texts | pairs [95 %] | most frequent reasons |")
    print("|---|---|---:|---:|---:|---:|---|")
    for name, pairs in {**ours(), **others_pairs()}.items():
        print(f"| {name} | {table_row(pairs)} |")
    return True


def table_row(pairs: Sequence[Pair]) -> str:
    """Return one row of the table: the share accepted and the reader's accuracy, on all pairs."""
    checks = [pair.check for pair in verify(pairs) if pair.check]
    reasons = Counter(code for check in checks for code in check.reasons)
    row = next(row for row in check_set(pairs).rows if not row.group and row.dose is None)
    share = sum(check.passed for check in checks) / len(checks)
    frequent = ", ".join(f"{code} {n}" for code, n in reasons.most_common(4)) or "-"
    seen = f"{row.unpaired:.1%} | {row.paired:.1%} [{row.paired_low:.1%}, {row.paired_high:.1%}]"
    return f"{row.arm} | {len(checks)} | {share:.1%} | {seen} | {frequent}"


def ours() -> dict[str, list[Pair]]:
    """Return our own pairs, as bare texts like everybody's."""
    pairs = perturb(load_items("core"), doses=[3], seed=7)
    return {
        f"judgeaudit core, {arm}": [without_edits(p) for p in pairs if p.contrast.startswith(arm)]
        for arm in ("style", "fact", "placebo")
    }


def others_pairs() -> dict[str, list[Pair]]:
    """Return the public pairs at hand, each under the contrast it claims; empty where the data are absent."""
    sets: dict[str, list[Pair]] = {}
    if (SHARED / "humans_llms_judgement_bias").is_dir():
        sets |= _humans_or_llms(SHARED / "humans_llms_judgement_bias")
    if (SHARED / "judging_the_judges_2026").is_dir():
        sets |= _judging_the_judges(SHARED / "judging_the_judges_2026" / "controlled_pairs.jsonl")
    if (SHARED / "evalbiasbench").is_dir():
        sets |= _eval_bias_bench(SHARED / "evalbiasbench" / "biasbench.json")
    return sets


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _text_pair(name: str, question: str, contrast: Contrast, a: str, b: str) -> Pair:
    item = digest(question)[:12]
    return Pair(
        id=name, item_id=item, question=question, contrast=contrast, a=Answer(text=a.strip()), b=Answer(text=b.strip())
    )


def _humans_or_llms(folder: Path) -> dict[str, list[Pair]]:
    """Return each perturbed answer against its original: the original is the true one, the perturbed the styled one."""
    original = {row["question_id"].split("-")[0]: row["answers"] for row in _lines(folder / "raw.jsonl")}
    sets = {}
    for kind, contrast in (
        ("factual_error", "fact_plain"),
        ("rich_content", "style_true"),
        ("reference", "style_true"),
    ):
        pairs = []
        for row in _lines(folder / f"{kind}.jsonl"):
            side = next(name for name, answer in row["answers"].items() if answer["perturb"])
            changed, base = row["answers"][side]["answer"], original[row["question_id"].split("-")[0]][side]["answer"]
            a, b = (base, changed) if contrast == "fact_plain" else (changed, base)
            pairs.append(_text_pair(row["question_id"], row["question"], contrast, a, b))
        sets[f"Humans or LLMs as the judge, {kind}"] = pairs
    leaks = sets["Humans or LLMs as the judge, factual_error"]
    sets["Humans or LLMs as the judge, factual_error passed off as style"] = [
        without_edits(pair, "style_true") for pair in leaks
    ]
    return sets


def _judging_the_judges(path: Path) -> dict[str, list[Pair]]:
    named = {"style": "markdown against prose", "length": "longer against shorter", "position": "identical"}
    contrasts: dict[str, Contrast] = {"style": "style_true", "length": "style_true", "position": "placebo"}
    return {
        f"Judging the judges, {title}": [
            _text_pair(row["id"], row["question"], contrasts[kind], row["response_a"], row["response_b"])
            for row in _lines(path)
            if row["bias_type"] == kind
        ]
        for kind, title in named.items()
    }


def _eval_bias_bench(path: Path) -> dict[str, list[Pair]]:
    """Return the better answer against the biased one, offered as a fact pair."""
    rows = [row for group in json.loads(path.read_text(encoding="utf-8")).values() for row in group]
    pairs = []
    for n, row in enumerate(rows):
        good, biased = ("response1", "response2") if row["label"] == 1 else ("response2", "response1")
        pairs.append(_text_pair(f"{n}", row["instruction"], "fact_plain", row[good], row[biased]))
    return {"EvalBiasBench, better against biased": pairs}


PARTS: dict[str, Callable[[], bool]] = {
    "speed": speed,
    "rejects": rejects,
    "recall": recall,
    "gate": gate,
    "others": others,
}


def main(arguments: Sequence[str]) -> int:
    """Run the parts named, or all but ``others``; return 1 when a figure misses its limit."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar=f"{{{','.join(PARTS)}}}", default=[])
    named = parser.parse_args(arguments).parts
    chosen = named or [name for name in PARTS if name != "others"]
    results = {name: PARTS[name]() for name in chosen}
    missed = [name for name, fine in results.items() if not fine]
    print(f"missed: {', '.join(missed)}" if missed else "every figure within its limit")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
