"""One arrow: data forward in one colour, the gradient back beside it, dashed.

The two lines run parallel along the curve that the layout gave, and both end on the
borders of the boxes whatever the angle at which they arrive.
"""

from __future__ import annotations

import math
from dataclasses import replace

from backviz.diagrams import font
from backviz.diagrams.boxes import EM, SMALL
from backviz.diagrams.drawing import Curve, Mark, Part, Polygon, Rect, Text
from backviz.diagrams.layout import Point
from backviz.diagrams.model import UNLIKE, WHOLE_ARROW, Arrow, ArrowState
from backviz.diagrams.theme import Theme

APART = 0.21 * EM  # each line's distance from the middle
LINE_WIDTH = 0.11 * EM
STRONG = 2.2  # how much thicker the line is that a moment is about
HEAD_LENGTH, HEAD_WIDTH = 0.56 * EM, 0.46 * EM
DASH = (0.36 * EM, 0.24 * EM)
CORNER = 0.4 * EM  # where a box's border is straight
Frame = tuple[float, float, float, float]
Points = tuple[Point, ...]


def label_size(arrow: Arrow) -> tuple[float, float]:
    """The room that an arrow's label needs beside the curve; zero without a label."""
    text = arrow.room or arrow.product or arrow.local
    if not text:
        return 0.0, 0.0
    size = SMALL * EM
    return font.width(text, size) + 0.9 * EM, size * font.LINE + 2 * APART + 0.25 * EM


def arrow_part(
    arrow: Arrow,
    curve: Points,
    tail: Frame,
    head: Frame,
    theme: Theme,
    state: ArrowState = WHOLE_ARROW,
    aside: float = 0.0,
) -> Part:
    """The marks of an arrow between two frames `(left, top, right, bottom)`.

    `aside` moves both lines to the right of the arrow's direction.
    """
    theme = theme.paled() if arrow.emphasis == "pale" else theme
    side = APART if arrow.backward and arrow.forward else 0.0
    lit = arrow.emphasis == "strong"
    marks: list[Mark] = []
    if arrow.forward:
        forward = _between(_shifted(curve, aside + side), tail, head)
        strong = state.accent == "forward" or lit
        marks += _line(forward, theme.forward if state.forward else theme.rule, (), strong)
    if arrow.backward and state.backward:
        backward = _between(tuple(reversed(_shifted(curve, aside - side))), head, tail)
        marks += _line(backward, theme.gradient, DASH, state.accent == "backward" or lit)
    return Part(arrow.id, arrow.alt if state.backward else "", tuple(marks))


def halo_size(arrow: Arrow) -> tuple[float, float]:
    """Half the width and half the height of a label's text with a little air."""
    size = SMALL * EM
    return font.width(
        arrow.room or arrow.product or arrow.local, size
    ) / 2 + 0.12 * size, 0.48 * size


def label_part(arrow: Arrow, center: Point, theme: Theme, halo: bool) -> Part:
    """The local derivative; a halo keeps it legible where a line passes behind."""
    text, size = arrow.product or arrow.local, SMALL * EM
    left = center[0] - font.width(text, size) / 2
    marks: list[Mark] = []
    unlike = text.endswith(UNLIKE)
    if halo or unlike:
        wide, high = halo_size(replace(arrow, room="") if unlike else arrow)
        frame = (center[0] - wide, center[1] - high, 2 * wide, 2 * high)
        fill = theme.unlike if unlike else theme.background
        marks.append(Rect(*frame, fill=fill, radius=0.2 * size))
    ink = (theme.paled() if arrow.emphasis == "pale" else theme).gradient
    ink = theme.on_unlike(ink) if unlike else ink
    marks.append(Text(left, center[1] + 0.36 * size, text, size, ink))
    return Part(f"{arrow.id}-label", "", tuple(marks))


def _line(points: Points, colour: str, dash: tuple[float, ...], strong: bool) -> list[Mark]:
    """A curve with a filled head at its end."""
    tip, direction = points[-1], _direction(points[-2], points[-1])
    base = _moved(tip, direction, -HEAD_LENGTH)
    across = (-direction[1], direction[0])
    corners = (
        tip,
        _moved(base, across, HEAD_WIDTH / 2),
        _moved(base, across, -HEAD_WIDTH / 2),
    )
    end = _moved(tip, direction, -0.8 * HEAD_LENGTH)
    control = _moved(points[-2], direction, -0.8 * HEAD_LENGTH)
    if math.dist(points[-4], tip) < 2 * HEAD_LENGTH:
        control = end
    width = LINE_WIDTH * (STRONG if strong else 1)
    shaft = Curve((*points[:-2], control, end), colour, width, dash)
    return [shaft, Polygon(corners, colour)]


def _shifted(points: Points, by: float) -> Points:
    """The curve moved sideways; positive is to the right of its direction."""
    if by == 0.0:
        return points
    last = len(points) - 1
    moved = []
    for i, point in enumerate(points):
        dx, dy = _direction(points[max(0, i - 1)], points[min(last, i + 1)])
        moved.append((point[0] - dy * by, point[1] + dx * by))
    return tuple(moved)


def _between(points: Points, tail: Frame, head: Frame) -> Points:
    """The curve with both ends slid along their directions onto the two borders."""
    start, end = points[0], points[-1]
    first = _direction(points[1], start)
    last = _direction(points[-2], end)
    to_start, to_end = _to_border(start, first, tail), _to_border(end, last, head)
    return (
        _onto(_moved(start, first, to_start), tail),
        _moved(points[1], first, to_start),
        *points[2:-2],
        _moved(points[-2], last, to_end),
        _onto(_moved(end, last, to_end), head),
    )


def _onto(point: Point, frame: Frame) -> Point:
    """A point beside a box's corner brought onto its straight border."""
    left, top, right, bottom = frame
    x, y = point
    along_x = min(abs(y - top), abs(y - bottom)) <= min(abs(x - left), abs(x - right))
    if along_x:
        return min(max(x, left + CORNER), right - CORNER), y
    return x, min(max(y, top + CORNER), bottom - CORNER)


def _to_border(point: Point, direction: Point, frame: Frame) -> float:
    """How far along `direction` the nearest border lies; at most one em either way."""
    left, top, right, bottom = frame
    sides = (
        (abs(point[0] - left), left - point[0], direction[0]),
        (abs(point[0] - right), right - point[0], direction[0]),
        (abs(point[1] - top), top - point[1], direction[1]),
        (abs(point[1] - bottom), bottom - point[1], direction[1]),
    )
    _, offset, slope = min(sides)
    if abs(slope) < 0.2:
        return 0.0
    return max(-EM, min(EM, offset / slope))


def _direction(start: Point, end: Point) -> Point:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    return (dx / length, dy / length) if length else (1.0, 0.0)


def _moved(point: Point, direction: Point, by: float) -> Point:
    return point[0] + direction[0] * by, point[1] + direction[1] * by
