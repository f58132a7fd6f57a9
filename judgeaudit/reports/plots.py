"""The plots of the page, each a function from estimates to one inline SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from judgeaudit.records import Estimate, JudgeAudit
from judgeaudit.reports import numbers
from judgeaudit.reports.svg import (
    Point,
    Scale,
    box,
    element,
    group,
    join,
    line,
    marker,
    nice_ticks,
    path,
    picture,
    polar,
    sector,
    text,
)

COLOURS = 8
"""Colours that the style sheet knows: ``j0`` to ``j7``, then again."""
Series = tuple[str, int, Estimate | None]
"""Name, number of the judge, estimate."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""

HALF_CIRCLE = 100.0
"""Degrees up to which half a circle shows an angle."""
CHARACTER = 7.2
"""Width of one character of a row's name, in pixels."""
LABEL = 27 * CHARACTER
"""Room for a name in the plane."""
RISES = (-8.0, 16.0, *(side * step for step in range(26, 200, 16) for side in (-1.0, 1.0)))
"""How far above or below its point a name may stand, the nearest first."""
FAR = 24.0
"""Distance from which a line leads from a point to its name."""


def hue(number: int) -> str:
    """Return the class that carries the colour of a judge."""
    return f"j{number % COLOURS}"


def _tip(name: str, estimate: Estimate) -> str:
    return f"{name}: {numbers.measured(estimate)}"


# ---------------------------------------------------------------------------------------------------- angles


def dial(judge: JudgeAudit, number: int) -> Markup:
    """Draw the fluency-truth angle of one judge: truth straight up, style to the right, errors down.

    Half a circle is enough for most judges; one whose angle or interval goes well beyond ±90° gets the whole of it.
    """
    angle = judge.get("angle", "degrees")
    point = None if angle is None else angle.estimate
    low, high = (0.0, 0.0) if angle is None or point is None else _ends(angle)
    whole = max(abs(low), abs(high), abs(point or 0.0)) > HALF_CIRCLE
    centre, radius, rim = ((110.0, 72.0), 46.0, 180.0) if whole else ((110.0, 110.0), 84.0, 90.0)
    parts = [
        sector(centre, radius, -rim, rim, "dial"),
        *(line(polar(centre, radius - 4, at), polar(centre, radius + 2, at), "axis") for at in (-90, -45, 0, 45, 90)),
        text((centre[0], 18), "truth 0°"),
        *(_sides(centre, radius) if whole else _feet(centre, radius)),
    ]
    if angle is None or point is None:
        parts.append(text((centre[0], 84), "not measured", "label"))
    else:
        parts.append(sector(centre, radius, max(low, point - 180), min(high, point + 180), f"wedge {hue(number)}"))
        parts.append(line(centre, polar(centre, radius, point), f"needle {hue(number)}"))
        parts.append(marker(polar(centre, radius, point), number, hue(number), _tip(judge.name, angle)))
    parts.append(element("circle", class_="hub", cx=centre[0], cy=centre[1], r=3))
    said = f"Fluency-truth angle of {judge.name}: {numbers.measured(angle)}"
    return picture(parts, 220.0, 138.0, said, "plot dial-plot")


def _feet(centre: Point, radius: float) -> list[Markup]:
    """Label the ends of a half circle."""
    return [
        text((centre[0] + radius + 2, centre[1] + 21), "style 90°", anchor="end"),
        text((centre[0] - radius - 2, centre[1] + 21), "−90°", anchor="start"),
    ]


def _sides(centre: Point, radius: float) -> list[Markup]:
    """Label a whole circle."""
    return [
        text((centre[0] + radius + 9, centre[1] + 4), "style 90°", anchor="start"),
        text((centre[0] - radius - 9, centre[1] + 4), "−90°", anchor="end"),
        text((centre[0], centre[1] + radius + 15), "errors 180°"),
    ]


def _ends(estimate: Estimate) -> Point:
    """Return both ends of an interval, the point itself where one is not bounded."""
    point = estimate.estimate or 0.0
    low = point if estimate.conf_low is None else estimate.conf_low
    return low, point if estimate.conf_high is None else estimate.conf_high


def plane(judges: Sequence[JudgeAudit]) -> Markup:
    """Draw the fluency-truth plane: style coefficient to the right, truth coefficient up, a region for each judge.

    Both axes have one scale, so the direction of a point is the fluency-truth angle of its judge.
    """
    placed = [(n, judge, *_coefficients(judge)) for n, judge in enumerate(judges)]
    known = [(n, judge, style, truth) for n, judge, style, truth in placed if style is not None and truth is not None]
    x, y = _axes([e for _, _, *both in known for e in both], left=48, right=940, top=16, bottom=506)
    origin, corner = (x(0), y(0)), min(x.high, y.high)
    frame = [
        box(x.start, y.end, x.end, y.start, "ground"),
        _outweighed(x, y, 1),
        _outweighed(x, y, -1),
        box(x.start, origin[1], x.end, y.start, "against"),
        *_grid(x, y),
        line(origin, (x(corner), y(corner)), "even"),
        text((x.end - 8, origin[1] - 8), "pays for style →", "hint", "end"),
        text((origin[0] - 8, y.end + 16), "pays for truth ↑", "hint", "end"),
        _turned((x(corner) - 16, y(corner) + 6), "45°: one style treatment = one error", "hint", -45),
        text(((x.start + x.end) / 2, 546), "style coefficient (log-odds)", "label"),
        _turned((12, (y.start + y.end) / 2), "truth coefficient (log-odds)", "label", -90),
    ]
    shapes = [_in_plane(n, judge, style, truth, x, y) for n, judge, style, truth in known]
    spots = [(n, judge.name, (x(style.estimate or 0), y(truth.estimate or 0))) for n, judge, style, truth in known]
    taken = [
        (x.end - 110, origin[1] - 20, x.end, origin[1]),
        (origin[0] - 100, y.end, origin[0], y.end + 20),
        *((x(corner) - d - 14, y(corner) + d - 14, x(corner) - d, y(corner) + d) for d in range(0, 180, 12)),
    ]
    return picture(
        [*frame, *shapes, *labels(spots, (x.start, y.end, x.end, y.start), taken)],
        956,
        552,
        "The fluency–truth plane: one point and region for each judge",
    )


def _axes(known: Sequence[Estimate], *, left: float, right: float, top: float, bottom: float) -> tuple[Scale, Scale]:
    """Return two axes of one scale that hold every point, and every interval that is not far wider than the points."""
    furthest = max([1.0, *(abs(e.estimate or 0.0) for e in known)])
    reach = min(1.05 * max([furthest, *(abs(end) for e in known for end in _ends(e))]), 1.6 * furthest)
    unit = min((right - left) / (1.5 * reach), (bottom - top) / (1.3 * reach))
    across, along = (right - left) / unit, (bottom - top) / unit
    return Scale(-0.3 * across, 0.7 * across, left, right), Scale(-0.2 * along, 0.8 * along, bottom, top)


def _outweighed(x: Scale, y: Scale, side: int) -> Markup:
    """Return the region to one side in which style outweighs truth."""
    reach = x.high if side > 0 else -x.low
    corner = min(reach, y.high)
    rim = [(0.0, 0.0), (corner, corner), (reach, corner if corner == reach else y.high), (reach, 0.0)]
    return path([(x(side * across), y(along)) for across, along in rim], "against", closed=True)


def _turned(at: Point, content: str, class_: str, degrees: float) -> Markup:
    anchor = "end" if degrees == -45 else "middle"
    turn = f"translate({at[0]:.0f} {at[1]:.0f}) rotate({degrees:g})"
    return element("text", content, class_=class_, text_anchor=anchor, transform=turn)


def _coefficients(judge: JudgeAudit) -> tuple[Estimate | None, Estimate | None]:
    style, truth = judge.get("style", "log_odds"), judge.get("truth", "log_odds")
    bounded = style is not None and truth is not None and style.estimate is not None and truth.estimate is not None
    return (style, truth) if bounded else (None, None)


def _grid(x: Scale, y: Scale) -> list[Markup]:
    left, right, top, bottom = x.start, x.end, y.end, y.start
    ticks_x, ticks_y = nice_ticks(x.low, x.high, 10), nice_ticks(y.low, y.high, 6)
    return [
        *(line((x(t), top), (x(t), bottom), "axis" if t == 0 else "grid") for t in ticks_x),
        *(line((left, y(t)), (right, y(t)), "axis" if t == 0 else "grid") for t in ticks_y),
        *(text((x(t), bottom + 16), f"{t:g}") for t in ticks_x),
        *(text((left - 8, y(t) + 4), f"{t:g}", anchor="end") for t in ticks_y),
    ]


def _in_plane(number: int, judge: JudgeAudit, style: Estimate, truth: Estimate, x: Scale, y: Scale) -> Markup:
    at = (x(style.estimate or 0), y(truth.estimate or 0))
    (west, east), (south, north) = _ends(style), _ends(truth)
    rim: list[Point] = []
    for k in range(73):
        c, s = math.cos(math.radians(5 * k)), math.sin(math.radians(5 * k))
        across = (east if c > 0 else west) - (style.estimate or 0)
        along = (north if s > 0 else south) - (truth.estimate or 0)
        rim.append((x((style.estimate or 0) + abs(c) * across), y((truth.estimate or 0) + abs(s) * along)))
    angle = judge.get("angle", "degrees")
    tip = f"{judge.name}: angle {numbers.measured(angle)}"
    shapes = [
        path(rim, f"region {hue(number)}", closed=True, tip=tip),
        line((x(0), y(0)), at, f"ray {hue(number)}"),
        marker(at, number, hue(number), tip, 6),
    ]
    return group(shapes)


def labels(spots: Sequence[tuple[int, str, Point]], frame: Box, taken: Sequence[Box]) -> list[Markup]:
    """Write a name beside each point, where it covers no point, no other name and nothing of what is taken.

    Parameters
    ----------
    spots
        Number and name of each judge, and its point in pixels.
    frame
        What the names must stay in: left, top, right, bottom.
    taken
        Where other words stand.
    """
    full = [*taken, *((at[0] - 7, at[1] - 7, at[0] + 7, at[1] + 7) for _, _, at in spots)]
    shapes = []
    for number, name, at in spots:
        said = _fitted(name, LABEL)
        places = [_beside(at, CHARACTER * len(said), aside, up) for up in RISES for aside in (12.0, -12.0)]
        free = [p for p in places if _inside(p, frame) and not any(_overlap(p, other) for other in full)]
        left, top, right, bottom = place = free[0] if free else places[0]
        full.append(place)
        aside = left > at[0]
        foot = (left if aside else right, bottom - 3)
        if abs(foot[1] - at[1]) > FAR:
            shapes.append(line(at, (foot[0], (top + bottom) / 2), f"ray {hue(number)}"))
        shapes.append(text(foot, said, f"name {hue(number)}", "start" if aside else "end"))
    return shapes


def _beside(at: Point, width: float, aside: float, up: float) -> Box:
    left = at[0] + aside if aside > 0 else at[0] + aside - width
    return left, at[1] + up - 11, left + width, at[1] + up + 3


def _inside(inner: Box, outer: Box) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


# ---------------------------------------------------------------------------------------------------- forest


def forest(
    rows: Mapping[str, Sequence[Series]],
    *,
    title: str,
    margin: float | None = None,
    floor: float | None = None,
    least: float | None = None,
    width: float = 956,
    axis: str = "points",
) -> Markup:
    """Draw intervals row by row, the judges of each row below one another, with the band of what does not matter.

    Parameters
    ----------
    rows
        Series by the name of the row.
    title
        What a screen reader says.
    margin
        Half width of the practical band around zero, on the scale of the estimates.
    floor
        The largest noise floor among the judges, drawn as a pair of dotted lines.
    least
        A lower limit, drawn as one dashed line.
    width
        Of the drawing in pixels.
    axis
        What the figures are, below them.
    """
    step, gap, left, top = 15.0, 12.0, 186.0 if width > 600 else 120.0, 26.0
    heights = [step * len(series) + gap for series in rows.values()]
    bottom = top + sum(heights)
    x = Scale(*_range(rows, margin), left, width - 22)
    shapes = _bands(x, top, bottom, margin, floor, least)
    place = top
    for (name, series), height in zip(rows.items(), heights, strict=True):
        shapes.append(text((left - 12, place + height / 2 + 4), _fitted(name, left - 12), "row", "end"))
        shapes.append(line((left, place + height), (width - 22, place + height), "grid"))
        for k, (judge, number, estimate) in enumerate(series):
            if estimate is not None and estimate.estimate is not None:
                shapes.append(_whisker(estimate, judge, number, x, place + gap / 2 + step * (k + 0.5)))
        place += height
    shapes.append(text(((left + width - 22) / 2, bottom + 34), axis, "label"))
    return picture(shapes, width, bottom + 40, title)


def _fitted(name: str, room: float) -> str:
    """Cut a name that is wider than its room, in pixels; the table behind the plot has it in full."""
    most = int(room // CHARACTER)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _range(rows: Mapping[str, Sequence[Series]], margin: float | None) -> Point:
    ends = [end for series in rows.values() for _, _, e in series if e and e.estimate is not None for end in _ends(e)]
    low, high = min([0.0, -(margin or 0), *ends]), max([0.0, margin or 0, *ends])
    return max(-1.0, low - 0.05), min(1.0, high + 0.05)


def _bands(
    x: Scale, top: float, bottom: float, margin: float | None, floor: float | None, least: float | None
) -> list[Markup]:
    shapes = [box(x(-margin), top, x(margin), bottom, "band")] if margin else []
    ticks = nice_ticks(x.low, x.high, 8)
    shapes += [line((x(t), top), (x(t), bottom), "axis" if t == 0 else "grid") for t in ticks]
    shapes += [text((x(t), bottom + 16), numbers.points(t).replace("+0", "0")) for t in ticks]
    if floor:
        shapes += [line((x(side), top), (x(side), bottom), "floor") for side in (-floor, floor)]
        shapes.append(text((x(floor), top - 8), f"noise floor {numbers.points(floor).lstrip('+')}", "hint", "end"))
    if least is not None:
        shapes.append(line((x(least), top), (x(least), bottom), "limit"))
        shapes.append(text((x(least), top - 8), f"limit {numbers.points(least)}", "hint", "start"))
    return shapes


def _whisker(estimate: Estimate, judge: str, number: int, x: Scale, y: float) -> Markup:
    low, high = _ends(estimate)
    ends = [line((x(end), y - 3), (x(end), y + 3), f"bar {hue(number)}") for end in (low, high)]
    point = marker((x(estimate.estimate or 0), y), number, hue(number), _tip(judge, estimate), 4)
    return group([line((x(low), y), (x(high), y), f"bar {hue(number)}"), *ends, point])


# ------------------------------------------------------------------------------------------- lines and shares


def curves(
    lines: Sequence[tuple[str, int, Sequence[tuple[str, Estimate]]]], *, title: str, axis: str, zero: bool = True
) -> Markup:
    """Draw one line for each judge over ordered steps, such as doses or plain and styled, with intervals.

    Parameters
    ----------
    lines
        Name and number of the judge, and its estimates by step.
    title
        What a screen reader says.
    axis
        What stands below the steps.
    zero
        Whether zero is always in sight.
    """
    steps = list(dict.fromkeys(step for _, _, points in lines for step, _ in points))
    width, left, top, bottom = 310.0, 40.0, 16.0, 236.0
    ends = [end for _, _, points in lines for _, e in points if e.estimate is not None for end in _ends(e)]
    y = Scale(max(-1.0, min([0.0 if zero else 1.0, *ends]) - 0.05), min(1.0, max([0.1, *ends]) + 0.05), bottom, top)
    x = Scale(0, max(len(steps) - 1, 1), left + 44, width - 60)
    ticks = nice_ticks(y.low, y.high, 5)
    shapes = [
        *(line((left, y(t)), (width - 16, y(t)), "axis" if t == 0 else "grid") for t in ticks),
        *(text((left - 8, y(t) + 4), numbers.points(t).replace("+0", "0"), anchor="end") for t in ticks),
        *(text((x(k), bottom + 18), step) for k, step in enumerate(steps)),
        text(((left + width - 16) / 2, bottom + 40), axis, "label"),
    ]
    shapes += [
        _curve(name, number, points, steps, x, y, len(lines), k) for k, (name, number, points) in enumerate(lines)
    ]
    return picture(shapes, width, bottom + 48, title)


def _curve(
    name: str, number: int, points: Sequence[tuple[str, Estimate]], steps: Sequence[str], x: Scale, y: Scale, of: int,
    place: int,
) -> Markup:  # fmt: skip
    aside = 7.0 * (place - (of - 1) / 2)
    known = [(step, e) for step, e in points if e.estimate is not None]
    at = [(x(steps.index(step)) + aside, y(e.estimate or 0)) for step, e in known]
    shapes = [path(at, f"curve {hue(number)}")] if len(at) > 1 else []
    for spot, (step, e) in zip(at, known, strict=True):
        low, high = _ends(e)
        shapes.append(line((spot[0], y(low)), (spot[0], y(high)), f"bar {hue(number)}"))
        shapes.append(marker(spot, number, hue(number), f"{_tip(name, e)} at {step}", 4))
    return group(shapes)


def shares(rows: Sequence[tuple[str, int, float | None]], *, title: str, chance: float = 0.5) -> Markup:
    """Draw a share for each judge on a line from 0 to 100 per cent, with the share that chance would give."""
    step, left, width, top = 27.0, 120.0, 460.0, 26.0
    bottom = top + step * len(rows)
    x = Scale(0, 1, left, width - 16)
    shapes = [line((x(t), top), (x(t), bottom), "axis" if t in (0, 1) else "grid") for t in (0, 0.25, 0.5, 0.75, 1)]
    shapes += [text((x(t), bottom + 16), numbers.percent(t)) for t in (0, 0.5, 1)]
    shapes += [line((x(chance), top), (x(chance), bottom), "floor"), text((x(chance), top - 8), "chance", "hint")]
    for k, (name, number, share) in enumerate(rows):
        y = top + step * (k + 0.5)
        shapes.append(text((left - 12, y + 4), _fitted(name, left - 12), "row", "end"))
        if share is None:
            shapes.append(text((left + 6, y + 4), "not measured", "hint", "start"))
        else:
            shapes.append(box(x(0), y - 4, x(share), y + 4, f"fill {hue(number)}", 2))
            shapes.append(marker((x(share), y), number, hue(number), f"{name}: {numbers.percent(share)}"))
    return picture(shapes, width, bottom + 22, title)


def legend(judges: Sequence[JudgeAudit]) -> Markup:
    """Draw the key of the judges: shape, colour and name."""
    entries = []
    for number, judge in enumerate(judges):
        mark = picture([marker((8, 8), number, hue(number), size=5)], 16, 16, judge.name, "key")
        entries.append(element("span", join((mark, element("span", judge.name))), class_="key-entry"))
    return element("div", join(entries), class_="legend")
