"""The authoring format: an answer in plain prose with its facts marked where they stand.

::

    @ mars-moons | astronomy | How many moons does Mars have, and who found them?
    ref: NASA Solar System Exploration, Mars Moons
    Mars has {{number:two|~three|four}} small moons. They were found in {{date:1877|1787|~1871}} by
    {{entity:Asaph Hall|William Lassell|Edwin Hubble}} ...

- ``{{kind:truth|wrong|wrong}}`` marks a fact; ``~wrong`` is a near miss (minor), the others are major.
- ``{{kind#id:...}}`` names the fact, and ``{{#id}}`` repeats its value: all occurrences move together.
- ``wrong > x=12, y=30`` carries an error on: facts ``x`` and ``y`` take the values that follow from it.
- ``{{conflation#x&y:...}}`` says that the wrong value is what stands at fact ``y``; mark both.
- ``[[term]]`` may be set in bold. ``(+)`` before a sentence says that it adds a point that does not hang on the one
  before it, and so may open with a connective.
- ``ref:``, ``source:`` and ``lang:`` lines come before the answer; the language is ``en`` where nothing is said.
- A line break in a paragraph is a blank; an empty line keeps a paragraph break; a fenced code block keeps its lines.
- ``provenance: guessed``, before the answer, says that a rule proposed the facts; whoever has checked them deletes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from judgeaudit.errors import ItemError, suggest
from judgeaudit.records import FACT_KINDS, Distractor, Fact, Item

MARK = re.compile(r"\{\{(?P<slot>.*?)\}\}|\[\[(?P<term>.*?)\]\]|(?P<additive>\(\+\) )", re.DOTALL)
STRAY = re.compile(r"\{\{|\}\}")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
HEAD = re.compile(
    r"(?:(?P<kind>[a-z]+))?(?:#(?P<id>[A-Za-z0-9._-]+))?(?:&(?P<swap>[A-Za-z0-9._-]+))?(?::(?P<body>.*))?\Z", re.DOTALL
)


@dataclass
class _Draft:
    """An answer under construction: marks are read left to right and leave their values behind."""

    where: str
    answer: str = ""
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    terms: list[tuple[int, int]] = field(default_factory=list)
    additive: list[int] = field(default_factory=list)

    def add_text(self, text: str) -> None:
        self.answer += text

    def add_term(self, text: str) -> None:
        self.terms.append((len(self.answer), len(self.answer) + len(text)))
        self.answer += text

    def add_slot(self, slot: str) -> None:
        head = HEAD.match(slot)
        if head is None:
            raise ItemError(f"{self.where}: cannot read the slot {{{{{slot}}}}}; write {{{{kind:truth|wrong|wrong}}}}")
        if head["kind"] is None:
            self._repeat(head["id"] or "")
        else:
            self._declare(head["kind"], head["id"], head["swap"], head["body"] or "")

    def _repeat(self, fact_id: str) -> None:
        if fact_id not in self.facts:
            known = ", ".join(self.facts) or "none yet"
            raise ItemError(
                f"{self.where}: {{{{#{fact_id}}}}} repeats a fact that was not declared before it ({known})"
            )
        fact = self.facts[fact_id]
        fact["also"].append((len(self.answer), len(self.answer) + len(fact["value"])))
        self.answer += fact["value"]

    def _declare(self, kind: str, fact_id: str | None, swap: str | None, body: str) -> None:
        if kind not in FACT_KINDS:
            allowed = ", ".join(FACT_KINDS)
            raise ItemError(f"{self.where}: unknown kind {kind!r}{suggest(kind, FACT_KINDS)}; allowed: {allowed}")
        value, *wrong = (part.strip() for part in body.split("|"))
        fact_id = fact_id or f"f{len(self.facts) + 1}"
        if fact_id in self.facts:
            raise ItemError(
                f"{self.where}: fact id {fact_id!r} is declared twice; repeat a value with {{{{#{fact_id}}}}}"
            )
        self.facts[fact_id] = {
            "id": fact_id, "kind": kind, "value": value, "also": [], "swap_with": swap,
            "start": len(self.answer), "end": len(self.answer) + len(value),
            "distractors": [_distractor(w, self.where) for w in wrong],
        }  # fmt: skip
        self.answer += value


def _distractor(text: str, where: str) -> Distractor:
    value, _, carried = text.partition(" > ")
    carry = {}
    for part in filter(None, (p.strip() for p in carried.split(", "))):
        fact_id, equals, new = part.partition("=")
        if not equals:
            raise ItemError(f"{where}: cannot read the carried value {part!r}; write 'wrong > id=value, id=value'")
        carry[fact_id.strip()] = new.strip()
    severity = "minor" if value.startswith("~") else "major"
    return Distractor(value=value.removeprefix("~"), severity=severity, carry=carry)  # type: ignore[arg-type]


def _paragraphs(lines: list[str]) -> str:
    """Join the lines of a paragraph with blanks, keep paragraph breaks and fenced code."""
    out, paragraph, fenced = [], list[str](), False
    for line in [*lines, ""]:
        fence = line.lstrip().startswith("```")
        if fenced or fence:
            paragraph.append(line)
            fenced ^= fence
            if fence and not fenced:
                out.append("\n".join(paragraph))
                paragraph = []
            elif fence and len(paragraph) > 1:
                out.append(" ".join(p.strip() for p in paragraph[:-1]))
                paragraph = paragraph[-1:]
        elif line.strip():
            paragraph.append(line)
        elif paragraph:
            out.append(" ".join(p.strip() for p in paragraph))
            paragraph = []
    return "\n\n".join(out)


def _compile_item(header: str, lines: list[str], where: str) -> Item:
    parts = [part.strip() for part in header.split("|", 2)]
    if len(parts) != 3 or not all(parts):
        raise ItemError(f"{where}: the header must read '@ id | domain | question', not {header!r}")
    meta: dict[str, list[str]] = {"ref": [], "source": [], "lang": [], "provenance": []}
    while lines and (match := re.match(r"(ref|source|lang|provenance):\s*(.+)", lines[0])):
        meta[match[1]].append(match[2].strip())
        lines = lines[1:]
    draft = _Draft(where)
    body, position = _paragraphs(lines), 0
    for mark in MARK.finditer(body):
        draft.add_text(body[position : mark.start()])
        if mark["additive"] is not None:
            draft.additive.append(len(draft.answer))
        elif mark["term"] is not None:
            draft.add_term(mark["term"])
        else:
            draft.add_slot(mark["slot"])
        position = mark.end()
    draft.add_text(body[position:])
    if stray := STRAY.search(CODE.sub("", draft.answer)):
        raise ItemError(
            f"{where}: {stray[0]!r} is left over in {stray.string[max(0, stray.start() - 20) : stray.end() + 20]!r}; "
            "open every slot with '{{' and close it with '}}'"
        )
    try:
        return Item(
            id=parts[0], domain=parts[1], question=parts[2], answer=draft.answer,
            facts=tuple(_fact(raw, draft) for raw in draft.facts.values()), terms=tuple(draft.terms),
            additive=tuple(draft.additive),
            refs=tuple(meta["ref"]), source=meta["source"][0] if meta["source"] else None,
            lang=meta["lang"][0] if meta["lang"] else "en",
            provenance=meta["provenance"][0] if meta["provenance"] else "authored",  # type: ignore[arg-type]
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        field = f"{'.'.join(map(str, first['loc']))}: " if first["loc"] else ""
        raise ItemError(f"{where}: {field}{first['msg'].removeprefix('Value error, ')}") from error


def _fact(raw: dict[str, Any], draft: _Draft) -> Fact:
    distractors = tuple(raw["distractors"])
    if raw["swap_with"]:
        if raw["swap_with"] not in draft.facts:
            raise ItemError(f"{draft.where}: fact {raw['id']!r} swaps with {raw['swap_with']!r}, which is not declared")
        other = draft.facts[raw["swap_with"]]
        distractors = (Distractor(value=other["value"], carry={other["id"]: raw["value"]}), *distractors)
    return Fact(**{**raw, "also": tuple(raw["also"]), "distractors": distractors})


def compile_items(text: str, where: str = "<text>") -> Iterator[Item]:
    """Read items in the authoring format.

    Parameters
    ----------
    text
        The whole file.
    where
        What an error message calls it.

    Yields
    ------
    Item
        In the order of the file.

    Raises
    ------
    ItemError
        Naming file and line of the item at fault, and the remedy.
    """
    header, first, lines = "", 0, list[str]()
    for number, line in enumerate([*text.splitlines(), "@ "], start=1):
        if line.startswith("@ "):
            if header:
                yield _compile_item(header, lines, f"{where}:{first}")
            header, first, lines = line[2:].strip(), number, []
        elif header:
            lines.append(line.rstrip())
        elif line.strip() and not line.startswith("%"):
            raise ItemError(f"{where}:{number}: text before the first '@ id | domain | question' line")
