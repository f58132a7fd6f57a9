"""What is drawn can be read: names cover nothing, angles are never cut off, and what is measured has its unit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judgeaudit.reports import plots

from .audits import audit, estimate, judge

FRAME = (48.0, 16.0, 940.0, 506.0)


def boxes(drawn, names):
    """Return the boxes of the names drawn, left to right, from their markup."""
    found = [re.search(r'x="([^"]+)" y="([^"]+)" text-anchor="(\w+)"', shape) for shape in map(str, drawn)]
    spots = [(float(m[1]), float(m[2]), m[3]) for m in found if m]
    widths = [plots.CHARACTER * len(name) for name in names]
    return [
        (x if side == "start" else x - w, y - 8, x + w if side == "start" else x, y + 6)
        for (x, y, side), w in zip(spots, widths, strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(80, 900), st.floats(60, 460)), min_size=1, max_size=10))
def test_no_name_covers_another(places):
    """Ten judges, wherever they stand: each name is inside the plot and apart from the others."""
    names = [f"judge-{n}" for n in range(len(places))]
    spots = [(n, name, at) for n, (name, at) in enumerate(zip(names, places, strict=True))]
    drawn = boxes(plots.labels(spots, FRAME, []), names)
    for n, one in enumerate(drawn):
        assert one[0] >= FRAME[0] - 1
        assert one[2] <= FRAME[2] + 1
        for other in drawn[n + 1 :]:
            apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
            assert apart, (one, other)


def test_ten_judges_at_one_point_are_all_named():
    """Names that had to move away from their point are led to by a line."""
    spots = [(n, f"judge-{n}", (400.0, 250.0)) for n in range(10)]
    drawn = "".join(plots.labels(spots, FRAME, []))
    assert all(f">judge-{n}</text>" in drawn for n in range(10))
    assert drawn.count("<line") >= 4


@pytest.mark.parametrize(("angle", "half", "whole"), [(89.0, 6.0, False), (127.0, 40.0, True), (-90.0, 130.0, True)])
def test_an_angle_beyond_style_gets_the_whole_circle(angle, half, whole):
    """Neither needle nor wedge leaves the drawing."""
    made = judge("j")
    turned = made.model_copy(update={"estimates": (estimate("j", "angle", angle, half, "degrees"),)})
    drawn = plots.dial(turned, 0)
    assert ("errors 180°" in drawn) == whole
    heights = [float(y) for path in re.findall(r' d="M([^"]+)"', drawn) for y in re.findall(r"[\d.-]+ ([\d.-]+)", path)]
    assert min(heights) >= 0
    assert max(heights) <= 138


def test_a_forest_says_what_its_figures_are():
    """The unit stands below the axis."""
    made = audit(judge("j", parts=True))
    series = [("j", 0, made.judge("j").get("style_reward"))]
    assert ">style reward, points</text>" in plots.forest({"all": series}, title="t", axis="style reward, points")
