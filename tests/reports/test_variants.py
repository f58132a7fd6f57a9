"""One model asked in several ways: the report says which way to take, and only when it is shown."""

from __future__ import annotations

import pytest

from judgeaudit.records import Audit
from judgeaudit.regression import fit
from judgeaudit.reports import html
from judgeaudit.reports.variants import difference, families

from .audits import answered, audit, crossed_pairs, judge


def contrast(term: str, low: float, high: float, one: str = "plain", other: str = "careful") -> dict[str, object]:
    """Make a paired difference of one judge minus another."""
    return {
        "judge": one,
        "versus": other,
        "term": term,
        "estimate": (low + high) / 2,
        "conf_low": low,
        "conf_high": high,
    }


def asked_twice(style: tuple[float, float], truth: tuple[float, float], after: float = 0.1) -> Audit:
    """Make one model under a plain and a careful prompt, with plain minus careful in style and truth."""
    judges = (judge("plain", 0.8, 0.5), judge("careful", 0.8, after))
    return audit(
        *(j.model_copy(update={"model": "m"}) for j in judges),
        contrasts=(contrast("style_reward", *style), contrast("truth_sensitivity", *truth)),
    )


@pytest.mark.parametrize(
    ("style", "truth", "after", "said"),
    [
        ((0.2, 0.6), (-0.05, 0.05), 0.1, "Ask as careful: style reward -40 [-60, -20], truth sensitivity +0 [-5, +5]."),
        ((0.2, 0.6), (0.1, 0.3), 0.1, "Keep asking as plain: less is paid for style by careful, but a loss of truth"),
        ((-0.1, 0.3), (-0.05, 0.05), 0.4, "Keep asking as plain: no other way is shown to pay less for style"),
        ((0.8, 1.4), (-0.05, 0.05), -0.6, "Keep asking as plain: no other way is shown to pay less for style"),
    ],
)
def test_a_recommendation_rests_on_intervals(style, truth, after, said):
    """Take another way only if it pays less for style and loses no truth; overshooting is no gain."""
    (family,) = families(asked_twice(style, truth, after))
    assert family.recommendation.startswith(said)


def test_a_difference_can_be_read_both_ways():
    """Plain minus careful is the negative of careful minus plain, ends exchanged."""
    made = asked_twice((0.2, 0.6), (0.0, 0.1))
    assert difference(made, "plain", "careful", "style_reward") == pytest.approx((0.4, 0.2, 0.6))
    assert difference(made, "careful", "plain", "style_reward") == pytest.approx((-0.4, -0.6, -0.2))
    assert difference(made, "careful", "plain", "position") is None


def test_models_asked_once_make_no_family():
    """Different models are not variants of each other."""
    assert families(audit(judge("a"), judge("b"))) == []


def test_the_page_compares_ways_of_asking():
    """A real fit of one model under two tastes gets its section, with the time of a call."""
    pairs = crossed_pairs()
    verdicts = [*answered(pairs, "plain", 1.0, 3.0), *answered(pairs, "careful", 6.0, 0.1)]
    verdicts = [verdict.model_copy(update={"latency_s": 0.25}) for verdict in verdicts]
    made = fit(pairs, verdicts, models={"plain": "m", "careful": "m"})
    page = html.render(made, pairs=pairs, verdicts=verdicts)
    section = page[page.index('<section id="variants">') :].split("</section>")[0]
    assert "Ask as careful" in section
    assert "0.25 s" in section
