"""Estimates in a notebook: a sentence, a table, a data frame."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from judgeaudit.records import Audit, Counts, Estimate, JudgeAudit
from judgeaudit.regression import fit, invalid_share
from judgeaudit.regression.population import Taste

from ..regression.simulation import judge_pairs, make_pairs


def estimate(
    term: str, scale: str, value: float | None, low: float | None = None, high: float | None = None
) -> Estimate:
    more: dict[str, Any] = {"term": term, "scale": scale, "estimate": value, "conf_low": low, "conf_high": high}
    return Estimate(judge="mini", **more)


@pytest.mark.parametrize(
    ("term", "scale", "figures", "sentence"),
    [
        (
            "exchange_rate",
            "ratio",
            (0.41, 0.22, 0.63),
            "mini buys back 41 % of one factual error with full styling, 95 % interval 22 to 63 %",
        ),
        (
            "truth_sensitivity.date",
            "net_preference",
            (0.7, 0.48, 0.82),
            "mini prefers the true answer to the false one by 70 points (date), 95 % interval 48 to 82",
        ),
        (
            "style_reward@law",
            "net_preference",
            (-0.001, -0.1, 0.1),
            "mini prefers the styled answer to the plain one by 0 points in law, 95 % interval -10 to 10",
        ),
        (
            "angle",
            "degrees",
            (9.4, 4.0, 14.0),
            "mini stands at 9 degrees between truth (0) and style (90), 95 % interval 4 to 14",
        ),
        (
            "order_consistency",
            "share",
            (0.914, 0.87, 0.95),
            "mini names the same winner in both orders in 91 %, 95 % interval 87 to 95 %",
        ),
        (
            "heterogeneity.style_reward",
            "net_preference",
            (0.31, None, None),
            "mini differs by 31 points from domain to domain (style_reward)",
        ),
        (
            "covariate.log_words",
            "log_odds",
            (0.4, 0.21, 0.61),
            "mini pays 0.40 log odds for a unit more (log_words), 95 % interval 0.21 to 0.61",
        ),
        ("something_new", "share", (0.5, None, None), "mini has a something new of 0.50"),
    ],
)
def test_sentences(term: str, scale: str, figures: tuple[float, float, float], sentence: str) -> None:
    """Each estimate says what the judge does, how much, and how sure that is."""
    assert estimate(term, scale, *figures).sentence == sentence


def test_every_estimate_of_an_audit_has_words_of_its_own() -> None:
    """No term that an audit makes falls back on its technical name."""
    pairs = make_pairs(24, domains=("law", "space"))
    verdicts = judge_pairs(pairs, Taste(), 1, replicates=2)
    audit = fit(pairs, verdicts, validity=invalid_share([True] * 9))
    assert [
        e.term for e in audit.estimates if f"has a {e.term.partition('.')[0].replace('_', ' ')}" in e.sentence
    ] == []


def test_the_level_is_the_recipes() -> None:
    """An interval at another level says so."""
    found = estimate("position", "net_preference", 0.1, 0.0, 0.2).model_copy(update={"recipe": {"level": 0.9}})
    assert found.sentence.endswith("90 % interval 0 to 20")


def test_no_number_no_pretence() -> None:
    """What was not estimated is said with its reason."""
    found = estimate("exchange_rate", "ratio", None).model_copy(update={"note": "not bounded: at least 0.84"})
    assert found.sentence == "mini has no exchange rate to report: not bounded: at least 0.84"


def test_a_frame_has_one_row_per_estimate() -> None:
    """An audit becomes a data frame, missing numbers missing."""
    rows = (estimate("angle", "degrees", 9.0, 4.0, 14.0), estimate("exchange_rate", "ratio", None))
    frame = Audit(judges=(JudgeAudit(name="mini", model="m", estimates=rows),)).to_pandas()
    assert frame["term"].tolist() == ["angle", "exchange_rate"]
    assert frame["estimate"].isna().tolist() == [False, True]


def test_names_are_escaped_in_html() -> None:
    """A judge's name cannot smuggle markup into a notebook."""
    found = estimate("angle", "degrees", 9.0, 4.0, 14.0).model_copy(update={"judge": "<script>x</script>"})
    audit = Audit(judges=(JudgeAudit(name="m", model="m", estimates=(found,)),))
    for page in (found._repr_html_(), audit._repr_html_()):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_records_do_not_load_pandas() -> None:
    """The data frame is made where it is asked for."""
    code = "import sys, judgeaudit.records; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_audit_shows_its_judges_before_its_estimates() -> None:
    """A notebook has a row for each judge with its headline figures; the hundreds of others are folded away."""
    rows = (
        estimate("style_reward", "net_preference", 0.9, 0.85, 0.95).model_copy(update={"grade": "MATERIAL"}),
        estimate("angle", "degrees", 88.0, 80.0, 96.0),
        estimate("conflict_failure", "net_preference", 0.97, 0.9, 0.99),
    )
    counts = Counts(planned=100, valid=93, refusal=7)
    made = Audit(judges=(JudgeAudit(name="mini", model="m", estimates=rows, counts=counts, note="a simulation"),))
    shown, _, folded = made._repr_html_().partition("<details>")
    for said in ("mini", "a simulation", "+90", "[+85, +95]", "88°", "97 %", "7 %", "underline", "Points from"):
        assert said in shown
    assert "3 estimates" in folded
    assert "conflict_failure" in folded
