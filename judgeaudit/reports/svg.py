"""The few shapes from which every plot is drawn: text in, SVG markup out, nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

Point = tuple[float, float]
SQUARE = ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9))
DIAMOND = ((0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0))
TRIANGLE = ((0, -1.3), (1.2, 0.9), (-1.2, 0.9))
RIMS = (SQUARE, DIAMOND, TRIANGLE)


@dataclass(frozen=True)
class Scale:
    """A linear map from data to pixels.

    Examples
    --------
    >>> Scale(-1, 1, 0, 200)(0.5)
    150.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value; one outside the range stands at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def element(tag: str, content: str | Markup = "", **attributes: object) -> Markup:
    """Return one element; names lose a trailing underscore, text is escaped, numbers are rounded.

    Examples
    --------
    >>> print(element("text", "<b>", class_="tick", x=1.23456))
    <text class="tick" x="1.2">&lt;b&gt;</text>
    """
    stated = (f' {name.rstrip("_").replace("_", "-")}="{_value(value)}"' for name, value in attributes.items())
    return Markup(f"<{tag}{''.join(stated)}>{escape(content)}</{tag}>")  # noqa: S704 - every part is escaped here


def group(parts: Iterable[Markup], **attributes: object) -> Markup:
    """Return shapes as one group."""
    return element("g", join(parts), **attributes)


def join(parts: Iterable[Markup]) -> Markup:
    """Return shapes one after another."""
    return Markup("").join(parts)


def picture(parts: Iterable[Markup], width: float, height: float, label: str, class_: str = "plot") -> Markup:
    """Return a whole drawing with the sentence that a screen reader says for it."""
    title = element("title", label)
    box = f"0 0 {_number(width)} {_number(height)}"
    return element("svg", join((title, *parts)), class_=class_, viewBox=box, role="img", width=width, height=height)


def line(start: Point, end: Point, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", class_=class_, x1=start[0], y1=start[1], x2=end[0], y2=end[1])


def box(left: float, top: float, right: float, bottom: float, class_: str, radius: float = 0) -> Markup:
    """Return a rectangle by its edges."""
    width, height = max(right - left, 0), max(bottom - top, 0)
    return element("rect", class_=class_, x=left, y=top, rx=radius, width=width, height=height)


def text(at: Point, content: str, class_: str = "tick", anchor: str = "middle") -> Markup:
    """Return one line of text."""
    return element("text", content, class_=class_, x=at[0], y=at[1], text_anchor=anchor)


def path(points: Iterable[Point], class_: str, *, closed: bool = False, tip: str = "") -> Markup:
    """Return a line through points, or the area they enclose."""
    drawn = " L".join(f"{_number(x)} {_number(y)}" for x, y in points)
    inside = element("title", tip) if tip else ""
    return element("path", inside, class_=class_, d=f"M{drawn}{'Z' if closed else ''}")


def sector(centre: Point, radius: float, low: float, high: float, class_: str) -> Markup:
    """Return a slice between two angles in degrees, measured clockwise from straight up."""
    steps = max(2, math.ceil(abs(high - low) / 3))
    rim = [polar(centre, radius, low + (high - low) * k / steps) for k in range(steps + 1)]
    return path([centre, *rim], class_, closed=True)


def polar(centre: Point, radius: float, degrees: float) -> Point:
    """Return the point at a distance and an angle clockwise from straight up."""
    turn = math.radians(degrees)
    return centre[0] + radius * math.sin(turn), centre[1] - radius * math.cos(turn)


def marker(at: Point, shape: int, class_: str, tip: str = "", size: float = 5) -> Markup:
    """Return a data point; each judge has a shape of its own, so that colour is never alone.

    Parameters
    ----------
    at
        Centre in pixels.
    shape
        Number of the judge: circle, square, diamond, triangle, and then again; after eight, when colours come again,
        the shapes are moved on by one.
    class_
        Classes that carry the colour.
    tip
        What a pointer or a screen reader finds at it.
    size
        Half of the width in pixels.
    """
    x, y = at
    name = f"mark {class_}"
    kind = (shape + shape // 8) % 4
    if kind == 0:
        return element("circle", element("title", tip) if tip else "", class_=name, cx=x, cy=y, r=size)
    rim = [(x + size * dx, y + size * dy) for dx, dy in RIMS[kind - 1]]
    return path(rim, name, closed=True, tip=tip)


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round values that span a range.

    Examples
    --------
    >>> nice_ticks(-0.4, 3.7)
    [0.0, 1.0, 2.0, 3.0]
    """
    span = (high - low) / about
    power = 10.0 ** math.floor(math.log10(span))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= span * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(step * k, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _value(value: object) -> str:
    return _number(value) if isinstance(value, int | float) else str(escape(value))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
