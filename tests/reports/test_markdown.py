"""The comment on a pull request is short, sticky and inert."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from judgeaudit.reports import markdown, report

from .audits import audit, judge, three


def test_the_marker_leads():
    """A bot finds its comment by the first line."""
    assert markdown.render(three()).splitlines()[0] == markdown.MARKER


def test_changes_come_before_everything_else():
    """Against a baseline, what changed stands above the table of judges."""
    text = report(audit(judge("mini", truth=0.5)), "markdown", baseline=audit(judge("mini", truth=0.9))) or ""
    assert "| mini | truth sensitivity | +90 | +50 | -40 [-47, -33] | ❌ fail |" in text
    assert text.index("Changes against") < text.index("| judge | truth |")


def test_no_change_is_said():
    """Silence would be taken for a missing comparison."""
    assert "No change against july that the data show." in markdown.render(three(), baseline=three())


def test_the_comment_fits(run):
    """However much there is to say, it stays under the limit of the platforms."""
    made, pairs, verdicts = run
    crowd = audit(*(judge(f"judge-{n}", 0.3, 0.9, position=0.5, note="x" * 50) for n in range(400)))
    for text in (markdown.render(crowd), markdown.render(made, pairs=pairs, verdicts=verdicts)):
        assert len(text.encode("utf-16-le")) // 2 < 65_536
    assert "Cut here" in markdown.render(crowd)


def test_examples_carry_both_answers(run):
    """A damaging pair stands in a fold, right and wrong."""
    made, pairs, verdicts = run
    text = markdown.render(made, pairs=pairs, verdicts=verdicts)
    assert text.count("<details>") == markdown.EXAMPLES
    assert "The bridge opened in 1932." in text


def test_foreign_text_neither_mentions_nor_loads():
    """Mentions, issue numbers, images, links and tags are letters."""
    hostile = "@team #12 ![x](https://t.co/x.png) <img src=x> [a]: b\n# big | cell www.evil.example `code`"
    made = markdown.render(audit(judge(hostile)))
    row = next(line for line in made.splitlines() if line.startswith("| \\@"))
    assert "@team" not in made
    assert "#12" not in made
    assert not re.search(r"(?<!\\)<img", made)
    assert "https://" not in made
    assert "www.evil" not in made
    assert len(re.findall(r"(?<!\\)\|", row)) == 8


@given(st.text(alphabet="`ab\n~", max_size=80))
def test_no_text_breaks_its_fence(text):
    """The fence is longer than any run of backticks inside it."""
    first, *body, last = markdown.fenced(text).split("\n")
    fence = first.removesuffix("text")
    assert last == fence
    assert all(fence not in line for line in body)
