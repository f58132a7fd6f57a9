"""The crossed design, and the properties every pair must have."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from judgeaudit.checks import verify
from judgeaudit.errors import ConfigError
from judgeaudit.items import load_items
from judgeaudit.perturbations import DEFAULT_FACETS, FACETS, PLACEBOS, apply_edits, perturb, sample_items

CORE = load_items("core")
PAIRS = perturb(CORE, seed=7)
SCRIPT = """
import hashlib
from judgeaudit.items import load_items
from judgeaudit.perturbations import perturb
text = "".join(pair.model_dump_json() for pair in perturb(load_items("core"), seed=7))
print(hashlib.sha256(text.encode()).hexdigest())
"""


def of(contrast):
    return [pair for pair in PAIRS if pair.contrast == contrast]


def test_every_item_gives_the_six_pairs_and_a_placebo():
    """Seven contrasts, each on every item."""
    assert Counter(pair.contrast for pair in PAIRS) == dict.fromkeys(
        ("style_true", "style_false", "fact_plain", "fact_styled", "conflict", "concord", "placebo"), len(CORE)
    )


@pytest.mark.parametrize(
    ("contrast", "a", "b"),
    [
        ("style_true", (True, True), (False, True)),
        ("style_false", (True, False), (False, False)),
        ("fact_plain", (False, True), (False, False)),
        ("fact_styled", (True, True), (True, False)),
        ("conflict", (False, True), (True, False)),
        ("concord", (True, True), (False, False)),
    ],
)
def test_each_contrast_sets_the_right_variants_against_each_other(contrast, a, b):
    """(styled, true) of the two sides, as the design has them."""
    for pair in of(contrast):
        assert ((pair.a.styled, pair.a.true), (pair.b.styled, pair.b.true)) == (a, b)


def test_a_style_pair_keeps_every_fact_and_a_fact_pair_changes_one():
    """What the two sides say differs exactly where the contrast says so."""
    facts = {item.id: item.facts for item in CORE}
    for pair in of("style_true"):
        for fact in facts[pair.item_id]:
            assert pair.a.text.count(fact.value) >= len(fact.spans), pair.id
    for pair in of("fact_plain"):
        (error,) = [e for e in pair.b.errors if not e.carried]
        fact = next(f for f in facts[pair.item_id] if f.id == error.fact_id)
        assert error.new in {d.value for d in fact.distractors}
        assert pair.b.text != pair.a.text == pair.reference


def test_every_variant_can_be_rebuilt_from_its_edits():
    """The edit script is the whole difference to the trusted answer."""
    for pair in PAIRS:
        assert apply_edits(pair.reference, pair.edits_a) == pair.a.text
        assert apply_edits(pair.reference, pair.edits_b) == pair.b.text


def test_only_placebos_may_be_identical():
    """No operator returns its input."""
    same = [pair for pair in PAIRS if pair.a.text == pair.b.text]
    assert same
    assert {pair.factor for pair in same} == {"placebo.identical"}


def test_facets_doses_kinds_and_placebos_are_dealt_evenly():
    """Within a factor of two of each other: levels are crossed with items, not bunched."""
    facets = Counter(pair.factor for pair in of("style_true"))
    doses = Counter(pair.dose for pair in of("style_true"))
    assert set(facets) == set(DEFAULT_FACETS)
    assert max(facets.values()) <= 2 * min(facets.values())
    assert max(doses.values()) <= 2 * min(doses.values())
    assert len({pair.factor for pair in of("fact_plain")}) >= 10
    assert set(PLACEBOS) == {pair.factor for pair in of("placebo")}


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_the_same_seed_gives_the_same_bytes_in_every_process(hash_seed):
    """Byte-identical across processes and hash seeds."""
    import hashlib

    here = hashlib.sha256("".join(pair.model_dump_json() for pair in PAIRS).encode()).hexdigest()
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    there = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment)
    assert there.stdout.strip() == here


def test_another_seed_gives_other_pairs():
    """The seed decides treatment and error."""
    other = perturb(CORE[:20], seed=8)
    assert [pair.a.text for pair in other] != [pair.a.text for pair in perturb(CORE[:20], seed=7)]


def test_several_wrong_facts_are_independent():
    """At dose 3 three facts are wrong, none of which follows from another."""
    for pair in perturb(CORE, seed=1, fact_dose=3, contrasts=["fact_plain"]):
        wrong = [e for e in pair.b.errors if not e.carried]
        assert len(wrong) == pair.dose == 3
        assert len({e.fact_id for e in pair.b.errors}) == len(pair.b.errors)


def test_blocks_give_an_item_several_treatments():
    """A second block draws a fresh facet or dose, and its pairs have names of their own."""
    pairs = perturb(CORE[:9], seed=1, blocks=2, contrasts=["style_true"])
    assert len({pair.id for pair in pairs}) == 18


def test_a_profile_composes_facets():
    """List, heading-free courtesy and bold stand in one text, framed from outside in."""
    pairs = perturb(CORE, seed=1, facets=["fmt.list+tone.assistant"], doses=[2], contrasts=["style_true"])
    assert pairs
    for pair in pairs:
        lines = pair.a.text.split("\n")
        assert sum(line[:2] in ("- ", "* ", "+ ", "• ") for line in lines) >= 2
        assert lines[0][:2] not in ("- ", "* ", "+ ", "• ")
        assert [style.facet for style in pair.a.style] == ["fmt.list", "tone.assistant"]


def test_complementary_profiles_put_every_facet_on_one_side():
    """No facet stands on both sides, each stands on either about as often, and all pairs pass the check."""
    pairs = verify(perturb(CORE, seed=3, contrasts=["profiles"]))
    assert len(pairs) > 200
    assert all(pair.check.passed for pair in pairs)
    sides = Counter()
    for pair in pairs:
        a, b = ({style.facet for style in answer.style} for answer in (pair.a, pair.b))
        assert a
        assert b
        assert not a & b
        assert pair.factor == "+".join(sorted(a)) + "|" + "+".join(sorted(b))
        sides.update(dict.fromkeys(a, 1) | dict.fromkeys(b, -1))
    assert all(abs(sides[facet]) <= 2 for facet in DEFAULT_FACETS)
    assert sum(len(pair.a.style) + len(pair.b.style) for pair in pairs) > 7 * len(pairs)


def test_profiles_are_made_only_when_they_are_named():
    """The seven contrasts are what they were; the eighth has no styled side and would blur them."""
    assert "profiles" not in {pair.contrast for pair in perturb(CORE[:20], seed=7)}
    both = perturb(CORE[:20], seed=7, contrasts=["profiles", "style_true"])
    assert [p for p in both if p.contrast == "style_true"] == perturb(CORE[:20], seed=7, contrasts=["style_true"])


@pytest.mark.parametrize("dose", [1, 2, 3])
@pytest.mark.parametrize("facet", DEFAULT_FACETS)
def test_every_default_facet_is_worded_in_ten_ways_at_every_dose(facet, dose):
    """A claim about a style in general needs many wordings of it; the template names each."""
    pairs = perturb(CORE, seed=5, facets=[facet], doses=[dose], contrasts=["style_true"])
    assert len({style.template for pair in pairs for style in pair.a.style}) >= 10


def test_what_cannot_be_perturbed_is_reported():
    """An item without facts or terms gives no false answer, and the caller hears of it."""
    bare = load_items([{"question": "Why?", "answer": "Because"}])
    said = []
    pairs = perturb(bare, skipped=lambda item, reason: said.append((item, reason)))
    assert [pair.contrast for pair in pairs] == ["placebo"]
    assert [item for item, _ in said] == ["row-1", "row-1"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"contrasts": ["style"]}, "unknown contrast 'style'"),
        ({"facets": ["fmt.bolt"]}, 'did you mean "fmt.bold"'),
        ({"facets": ["placebo.identical"]}, "unknown facet 'placebo.identical'"),
        ({"facets": ["fmt.bold+fmt.bold"]}, "names a facet twice"),
        ({"facets": []}, "at least one facet"),
        ({"errors": ["dates"]}, 'did you mean "date"'),
        ({"errors": []}, "at least one kind"),
        ({"doses": [0]}, "each must be 1, 2 or 3"),
        ({"fact_dose": 4}, "fact_dose must be 1, 2 or 3"),
        ({"n_items": 100_000}, "ask for 1 to"),
    ],
)
def test_a_wrong_setting_is_an_error_that_lists_what_is_allowed(settings, says):
    """Nothing unknown is ignored."""
    with pytest.raises(ConfigError, match=says):
        perturb(CORE, **settings)


def test_a_sample_is_spread_over_the_domains():
    """As many items of each domain as can be, in their original order."""
    chosen = sample_items(CORE, 2 * len({item.domain for item in CORE}), seed=3)
    assert set(Counter(item.domain for item in chosen).values()) == {2}
    assert chosen == [item for item in CORE if item in chosen]
    with pytest.raises(ConfigError, match="no items to perturb"):
        sample_items([], None, seed=0)


@pytest.mark.parametrize("facet", [name for name, facet in FACETS.items() if facet.arm != "placebo"])
def test_more_dose_changes_no_less(facet):
    """Summed over the items, the edits of a higher dose put in or take out at least as many characters."""
    moved = []
    for dose in (1, 2, 3):
        pairs = perturb(CORE, seed=5, facets=[facet], doses=[dose], contrasts=["style_true"])
        sizes = [sum(len(e.new) + len(e.old) for e in pair.edits_a) for pair in pairs]
        moved.append(sum(sizes) / len(sizes) if sizes else 0)
    if facet in ("tone.formal", "fmt.strip", "syn.split"):
        assert moved == [0, 0, 0], "our own answers contract nothing, and have neither Markdown nor semicolons"
    else:
        assert 0 < moved[0] <= moved[1] <= moved[2]
