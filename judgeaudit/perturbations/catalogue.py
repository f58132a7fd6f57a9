"""The catalogue at the door: every style facet and placebo, and how facets compose into a profile."""

from __future__ import annotations

import random
from collections.abc import Sequence

from judgeaudit.errors import ConfigError, suggest
from judgeaudit.perturbations import layout, substance, surface, syntax, wording
from judgeaudit.perturbations.canvas import Canvas, Facet, NotApplicable
from judgeaudit.perturbations.edits import overlapping
from judgeaudit.records import FACT_KINDS, Edit, Item, Style

FACETS: dict[str, Facet] = {
    facet.id: facet
    for facet in (
        Facet("fmt.heading", layout.headings, layer=0, block=True),
        Facet("tone.assistant", wording.frame("tone.assistant", (1, 1, 2), (0, 1, 2)), layer=1),
        Facet("len.restate", wording.restate, layer=2),
        Facet("len.pad", wording.frame("len.pad", (1, 1, 3), (0, 2, 4)), layer=3),
        Facet("stance.hedge", wording.frame("stance.hedge", (1, 1, 1), (0, 1, 2)), layer=4, arm="stance"),
        Facet("stance.boost", wording.frame("stance.boost", (1, 1, 1), (0, 1, 2)), layer=4, arm="stance"),
        Facet("fmt.list", layout.bullets, layer=5, version=2, block=True, english=False),
        Facet("syn.merge", syntax.merge, layer=5),
        Facet("syn.split", syntax.split, layer=5, version=2),
        Facet("tone.authoritative", wording.adverbials("tone.authoritative"), layer=6),
        Facet("lex.connective", wording.connectives, layer=6),
        Facet("tone.casual", wording.register("tone.casual"), layer=6, arm="stance", version=2),
        Facet("tone.formal", wording.register("tone.formal"), layer=6, version=2),
        Facet("fmt.bold", layout.bold, layer=7, version=2, english=False),
        Facet("fmt.strip", layout.strip, layer=7, english=False),
        Facet("punct.exclaim", surface.exclaim, layer=8, english=False),
        Facet("punct.emoji", surface.emoji, layer=9, english=False),
        Facet("flu.typos", surface.typos, layer=10, arm="fluency", version=2),
        Facet("flu.mechanics", surface.mechanics, layer=10, arm="fluency"),
        Facet("omission.sentence", substance.omission("omission.sentence", drop=True), layer=5, arm="omission"),
        Facet("omission.filler", substance.omission("omission.filler", drop=False), layer=5, arm="omission"),
        Facet("authority.citation", substance.parenthesis("authority.citation", 0), layer=8, arm="authority"),
        Facet("authority.aside", substance.parenthesis("authority.aside", 1), layer=8, arm="authority"),
        Facet("placebo.identical", surface.identical, layer=11, arm="placebo", english=False),
        Facet("placebo.typography", surface.typography, layer=11, arm="placebo", english=False),
        Facet("placebo.spelling", surface.spelling, layer=11, arm="placebo"),
    )
}
DEFAULT_FACETS = (
    "fmt.bold",
    "fmt.list",
    "fmt.heading",
    "len.pad",
    "len.restate",
    "tone.assistant",
    "tone.authoritative",
    "punct.emoji",
)
PLACEBOS = ("placebo.typography", "placebo.spelling", "placebo.identical")


def resolve_facets(names: Sequence[str] | str) -> tuple[str, ...]:
    """Return the profiles named: ``"all"`` is the default set, ``"fmt.list+tone.assistant"`` a composition.

    Raises
    ------
    ConfigError
        When a facet is unknown, a placebo, or named twice in one composition; the message lists the facets.
    """
    profiles = DEFAULT_FACETS if names == "all" else (names,) if isinstance(names, str) else tuple(names)
    offered = [name for name, facet in FACETS.items() if facet.arm != "placebo"]
    for profile in profiles:
        for name in profile.split("+"):
            if name not in offered:
                raise ConfigError(
                    f"facets: unknown facet {name!r}{suggest(name, offered)}; there are: {', '.join(offered)}"
                )
        if len(set(profile.split("+"))) < profile.count("+") + 1:
            raise ConfigError(f"facets: {profile!r} names a facet twice; name each once, and raise the dose for more")
    if not profiles:
        raise ConfigError("facets: name at least one facet, or write 'all'")
    return profiles


def resolve_kinds(names: Sequence[str] | str) -> tuple[str, ...]:
    """Return the kinds of factual error named; ``"all"`` is every kind.

    Raises
    ------
    ConfigError
        When a kind is unknown; the message lists the kinds.
    """
    kinds = FACT_KINDS if names == "all" else (names,) if isinstance(names, str) else tuple(names)
    for kind in kinds:
        if kind not in FACT_KINDS:
            raise ConfigError(
                f"errors: unknown kind {kind!r}{suggest(kind, FACT_KINDS)}; there are: {', '.join(FACT_KINDS)}"
            )
    if not kinds:
        raise ConfigError("errors: name at least one kind, or write 'all'")
    return kinds


def treat(item: Item, profile: str, dose: int, seed: str) -> tuple[tuple[Edit, ...], tuple[Style, ...]] | NotApplicable:
    """Return the edits of a profile (one facet, or several joined by ``+``) on an item's answer.

    Parameters
    ----------
    item
        The item.
    profile
        Facet ids joined by ``+``.
    dose
        1 to 3, the same for every facet of the profile.
    seed
        Any text; the same text gives the same edits, in every process.
    """
    facets = [FACETS[name] for name in profile.split("+")]
    for facet in facets:
        if facet.english and item.lang != "en":
            return NotApplicable(f"{facet.id}: works on English, and the answer is in {item.lang!r}")
    canvas = Canvas(item, gap="\n\n" if any(f.block for f in facets) or "\n" in item.answer else " ")
    made = list[tuple[Facet, Edit]]()
    styles = list[Style]()
    for facet in facets:
        rng = random.Random(f"{seed}|{item.id}|{facet.id}|{facet.version}|{dose}")
        treatment = facet.operator(canvas, dose, rng)
        if isinstance(treatment, NotApplicable):
            return NotApplicable(f"{facet.id}: {treatment.reason}")
        made += [(facet, edit) for edit in treatment.edits]
        template = treatment.template and f"{facet.id}: {treatment.template}"
        styles.append(Style(facet=facet.id, dose=dose, template=template))
    if overlapping(edit for _, edit in made):
        return NotApplicable(f"{profile}: two facets compete for the same place")
    return _nest(made, len(item.answer)), tuple(styles)


def _nest(made: Sequence[tuple[Facet, Edit]], length: int) -> tuple[Edit, ...]:
    """Order edits by place; at one offset outer facets open first, and close last at the end of the text."""

    def place(entry: tuple[Facet, Edit]) -> tuple[int, int, int]:
        facet, edit = entry
        return edit.start, edit.end, -facet.layer if edit.start == length else facet.layer

    return tuple(edit for _, edit in sorted(made, key=place))
