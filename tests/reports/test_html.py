"""The page is whole, offline, lawful to a strict policy, and shows hostile text letter by letter."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from judgeaudit.gates import gate
from judgeaudit.records import Audit
from judgeaudit.regression import fit
from judgeaudit.reports import html, report

from .audits import answered, audit, crossed_pairs, estimate, judge, three

VOID = {"meta", "link", "input", "br"}


class Outline(HTMLParser):
    """Collects ids, links, tags and whether every element is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Note what opens."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id"]
        self.targets += [value for name, value in attrs if name in ("href", "for")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Note what closes."""
        assert self.open.pop() == tag, f"</{tag}> closes another element"


@pytest.fixture(scope="module")
def page(run) -> str:
    """Return the page of the known run."""
    made, pairs, verdicts = run
    return html.render(made, pairs=pairs, verdicts=verdicts, command="judgeaudit run known.yaml --out runs/known")


def test_the_page_is_well_formed_and_its_links_lead_somewhere(page):
    """Every element is closed, every id is unique, every contents entry has its section."""
    outline = Outline(page)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    inside = {target.removeprefix("#") for target in outline.targets if not target.startswith("data:")}
    assert inside <= set(outline.ids)


def test_nothing_on_the_page_runs_or_loads(page):
    """No script, no inline style, no handler, no address; the policy admits exactly the one style sheet."""
    outline = Outline(page)
    assert not {"script", "iframe", "object", "embed", "img", "base", "form"} & set(outline.tags)
    assert not {name for name in outline.attributes if name == "style" or name.startswith("on")}
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert style
    assert policy
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy[1].replace("&#39;", "'")
    assert "default-src 'none'; script-src 'none'" in policy[1]


@pytest.mark.parametrize(
    "section",
    ["judges", "figures", "plane", "style-reward-domain", "curves", "position", "gallery", "cells", "checks",
     "differences", "power", "provenance", "gate"],
)  # fmt: skip
def test_the_page_has_every_section(page, section):
    """What issue and reader expect is there when the run holds it."""
    assert f'<section id="{section}">' in page


def test_a_table_stands_behind_each_plot(page):
    """Every section with a plot gives its figures as text too."""
    sections = re.findall(r"<section.*?</section>", page, re.DOTALL)
    with_plots = [section for section in sections if 'class="plot"' in section]
    assert len(with_plots) >= 5
    assert all("<table>" in section for section in with_plots)


def test_every_plot_says_what_it_shows(page):
    """A screen reader finds a title in each drawing."""
    plots = re.findall(r"<svg[^>]*>", page)
    assert plots
    assert len(re.findall(r'<svg[^>]*role="img"[^>]*><title>[^<]+</title>', page)) == len(plots)


def test_lost_cells_that_depend_on_what_was_asked_are_flagged(page, run):
    """The stylish judge loses cells only where both answers are styled, and the page says so."""
    cells = re.search(r'<section id="cells">.*?</section>', page, re.DOTALL)
    assert cells
    assert "✗ yes" in cells[0]
    assert "nothing lost" in cells[0]


def test_the_gallery_marks_what_differs(page):
    """The wrong year is marked in the wrong answer, the right one in the right answer."""
    assert "<mark>1932</mark>" in page
    assert "<mark>1923</mark>" in page


def test_an_audit_alone_makes_a_page():
    """Without pairs and verdicts the page is shorter and whole."""
    for made in (Audit(), audit(), three(), audit(judge("one"))):
        outline = Outline(html.render(made))
        assert outline.open == []
        assert "gallery" not in outline.ids


def test_estimates_that_could_not_be_had_leave_no_hole():
    """A judge without angle, coefficients or intervals is shown as not measured."""
    bare = judge("bare").model_copy(
        update={
            "estimates": (
                estimate("bare", "angle", None, scale="degrees"),
                estimate("bare", "truth", None, scale="log_odds"),
            )
        }
    )
    made = html.render(audit(bare, judge("whole")))
    assert "not measured" in made
    assert "could not be measured" in made


def test_findings_about_the_run_stand_with_the_pair_checks():
    """A finding about no judge in particular is shown too."""
    made = audit(judge("one"), dropped={"no-op": 300})
    gated = made.model_copy(update={"findings": tuple(gate(made, {"dropped": {"max": 0.1}}))})
    checks = html.render(gated).split('<section id="checks">')[1].split("</section>")[0]
    assert "JA950" in checks
    assert "dropped pairs 29.4%, limit at most 10%" in checks


def test_many_judges_still_make_a_page():
    """Colours and shapes repeat, nothing else breaks, and the file stays under a megabyte."""
    page = html.render(audit(*(judge(f"judge-{n}", 0.5, 0.1 * (n % 9), parts=True) for n in range(40))))
    assert Outline(page).open == []
    assert len(page) < 1_000_000


def test_long_replies_of_many_judges_keep_the_page_small():
    """Ten judges that explain themselves at length, thrice in both orders: under a megabyte, and said to be cut."""
    pairs = crossed_pairs(12)
    talk = "I weighed both answers with great care. " * 100
    verdicts = [
        verdict.model_copy(update={"raw": talk, "trial": verdict.trial.model_copy(update={"replicate": n})})
        for k in range(10)
        for n in range(3)
        for verdict in answered(pairs, f"judge-{k}", 0.2, 3.0, seed=n)
    ]
    page = html.render(fit(pairs, verdicts), pairs=pairs, verdicts=verdicts)
    assert len(page) < 1_000_000
    assert "more characters in the run directory" in page


def test_equal_audits_give_equal_pages(run):
    """No clock and no chance is in the page."""
    made, pairs, verdicts = run
    assert html.render(made, pairs=pairs, verdicts=verdicts) == html.render(made, pairs=pairs, verdicts=verdicts)


def test_the_gate_on_the_page_holds_today(page, tmp_path, run):
    """The YAML that the page offers is a policy that this very audit does not fail."""
    block = re.search(r'<section id="gate">.*?<pre><code>(.*?)</code></pre>', page, re.DOTALL)
    assert block
    (tmp_path / "gates.yaml").write_text(block[1], encoding="utf-8")
    assert {finding.status for finding in gate(run[0], tmp_path / "gates.yaml")} == {"PASS"}


def test_the_door_writes_the_page(tmp_path, run):
    """``report(audit, "html", out)`` writes one file."""
    made, pairs, verdicts = run
    report(made, "html", tmp_path / "report.html", pairs=pairs, verdicts=verdicts)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
