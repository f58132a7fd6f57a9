"""The door: every pair gets a check, nothing is dropped, nothing raises."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given, settings

from judgeaudit.checks import REASONS, verify
from judgeaudit.checks.claims import bare, difference, tokens
from judgeaudit.records import CONTRASTS, Answer, Edit, Pair
from judgeaudit.text import features, protected_spans

ANY_TEXT = st.text(max_size=80) | st.lists(
    st.sampled_from(
        [
            "No,",
            "less than",
            "a third",
            "**",
            "```",
            "$",
            "O(1)",
            "3.14",
            "\n- ",
            "“",
            "don't",
            "月",
            "🙂",
            "\r\n",
            "|",
            "-40 %",
        ]
    )
).map(" ".join)


def pair_of(a: str, b: str, **more: object) -> Pair:
    fields = {"id": "p", "item_id": "i", "question": "Which?", "contrast": "style_true"} | more
    return Pair.model_validate({**fields, "a": Answer(text=a), "b": Answer(text=b)})


@given(ANY_TEXT, ANY_TEXT, st.sampled_from(CONTRASTS), ANY_TEXT)
@settings(max_examples=150, deadline=None)
def test_no_text_makes_the_check_raise(a: str, b: str, contrast: str, question: str) -> None:
    """Any two texts, under any contrast, get a check with known reason codes."""
    (checked,) = verify([pair_of(a, b, contrast=contrast, question=question)])
    assert checked.check is not None
    assert checked.check.passed == (not checked.check.reasons)
    assert set(checked.check.reasons) <= REASONS.keys()


@given(ANY_TEXT, st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90), ANY_TEXT, ANY_TEXT), max_size=3))
@settings(max_examples=100, deadline=None)
def test_no_edit_makes_the_check_raise(reference: str, rows: list[tuple[int, int, str, str]]) -> None:
    """Any edits, however wrong, get a check."""
    edits = tuple(Edit(start=s, end=e, old=o, new=n, label="fact:number:f") for s, e, o, n in rows)
    (checked,) = verify([pair_of(reference, reference, reference=reference, edits_a=edits, contrast="fact_plain")])
    assert checked.check is not None
    assert set(checked.check.reasons) <= REASONS.keys()


@given(ANY_TEXT)
@settings(max_examples=100, deadline=None)
def test_a_text_claims_what_it_claims(text: str) -> None:
    """A text does not differ from itself, and is neither a style pair nor a fact pair with itself."""
    assert difference(text, text) == ((), (), ())
    assert verify([pair_of(text, text)])[0].check.reasons == ("no-op",)  # type: ignore[union-attr]


@given(ANY_TEXT, ANY_TEXT)
@settings(max_examples=100, deadline=None)
def test_the_check_of_bare_texts_is_symmetric(a: str, b: str) -> None:
    """Swapping the sides of a style pair changes no verdict."""
    assert verify([pair_of(a, b)])[0].check.passed == verify([pair_of(b, a)])[0].check.passed  # type: ignore[union-attr]


def test_nothing_is_dropped_and_the_order_stays() -> None:
    """Rejected pairs come back in their place, with their reasons and the differences a reader would see."""
    pairs = [pair_of("**Io** is near.", "Io is near.", id="1"), pair_of("Io is far.", "Io is near.", id="2")]
    good, bad = verify(pairs)
    assert (good.id, bad.id) == ("1", "2")
    assert good.check is not None
    assert bad.check is not None
    assert (good.check.passed, good.check.features["markup"], good.check.features["words"]) == (True, 4.0, 0.0)
    assert (bad.check.passed, bad.check.reasons) == (False, ("polarity",))


TORTURE = (
    "No, less than a third of calls are O(1); most take 3.14 ms (see `f(x)` and $5 and $6).\r\n\r\n"
    "```python\nif n != 0:\n    print('No')  # 10 % faster\n```\n\n"
    'The law \\(E = mc^2\\) and $a^2 + b^2$ hold; "less is more" said Mies. https://example.org/a_(b)?c=1#d\n\n'
    "| n | n² |\n|---|----|\n| 2 | 4 |\n\n"
    "月は地球の衛星です。 L’été est fini… 🚀 “Ça va?” −40 °C, 1,600 km, 10:30, v2.0-rc1, don't, rock 'n' roll."
)


def test_the_torture_text_reads_the_same_after_harmless_styling() -> None:
    """Code, mathematics, tables, addresses, quotations, emoji and other scripts survive bold, headings and frames."""
    styled = "## Answer\n\nI hope this helps!\n\n" + TORTURE.replace("less than", "**less** than") + " 🙂"
    assert verify([pair_of(styled, TORTURE)])[0].check.reasons == ()  # type: ignore[union-attr]


def test_every_protected_span_of_the_torture_text_is_guarded() -> None:
    """A single changed character inside any protected span is found."""
    spans = protected_spans(TORTURE)
    assert len(spans) >= 8
    for start, end in spans:
        middle = next(i for i in range((start + end) // 2, end) if TORTURE[i].isalnum() or TORTURE[i] in "-²")
        changed = TORTURE[:middle] + "q" + TORTURE[middle + 1 :]
        assert not verify([pair_of(changed, TORTURE)])[0].check.passed, TORTURE[start:end]  # type: ignore[union-attr]


def test_numbers_are_read_as_numbers() -> None:
    """Signs, grouping commas, number words and per cent signs are part of the number."""
    read = [(t.key, t.kind) for t in tokens(bare("About -40 and 1,600 and twenty-one and 5% and $3."))]
    assert read == [
        ("-40", "number"), ("1600", "number"), ("21", "number"), ("5", "number"), ("percent", "unit"),
        ("dollar", "unit"), ("3", "number"),
    ]  # fmt: skip


def test_features_of_any_text_are_finite_and_named_alike() -> None:
    """The empty text and the torture text have the same features."""
    assert features("").keys() == features(TORTURE).keys()
