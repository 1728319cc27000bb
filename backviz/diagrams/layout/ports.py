"""The ends of arrows at one box, moved apart along its sides.

An engine aims every arrow at the middle of a box, so that heads lie on one another.
Invariant: ends keep their order along a side, an end alone on the straight part of a side stays
where it is, and no end is left beside that part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from backviz.diagrams.layout.plan import Layout, Plan, Point

APART = 14.0  # points between the middles of two arrows that are drawn as two lines each
CORNER = 6.0  # of a side, where its end is round or half an arrow would hang over
LIMIT = 1_000  # arrows; in a larger picture no one sees it
Curve = tuple[Point, ...]


class _End(NamedTuple):
    """An end on a side: where along it, where its curve comes from, whose it is, which end."""

    at: float
    beyond: float
    arrow: str
    first: bool
    onto: float  # how far it is from the side


def spread(plan: Plan, layout: Layout) -> Layout:
    """The layout with room between the ends of arrows that meet a box on the same side."""
    if len(plan.edges) > LIMIT:
        return layout
    size = {n.id: (n.width, n.height) for n in plan.nodes}
    main = 0 if plan.direction == "LR" else 1
    sides: dict[tuple[str, int, bool], list[_End]] = {}
    for edge in plan.edges:
        curve = layout.curves.get(edge.id, ())
        for box, first in ((edge.tail, True), (edge.head, False)):
            if curve:
                end, near = (curve[0], curve[1]) if first else (curve[-1], curve[-2])
                axis, side, far = _side(end, layout.centers[box], size[box], main)
                found = _End(end[axis], near[axis], edge.id, first, side - end[1 - axis])
                sides.setdefault((box, axis, far), []).append(found)
    moves: dict[tuple[str, bool], Point] = {}
    for (box, axis, _far), ends in sides.items():
        middle, half = layout.centers[box][axis], max(size[box][axis] / 2 - CORNER, 0.0)
        ordered = sorted(ends, key=lambda end: (end.at, end.beyond))
        places = apart([end.at for end in ordered], middle - half, middle + half)
        for moved, place in zip(ordered, places, strict=True):
            move = moved.onto, place - moved.at
            moves[moved.arrow, moved.first] = move if axis else (move[1], move[0])
    most, still = (layout.width, layout.height), (0.0, 0.0)
    curves = {
        name: _moved(curve, moves.get((name, True), still), moves.get((name, False), still), most)
        for name, curve in layout.curves.items()
    }
    return replace(layout, curves=curves)


def _side(
    end: Point, center: Point, size: tuple[float, float], main: int
) -> tuple[int, float, bool]:
    """The side of a box on which an arrow ends: its axis, where it is, whether it is the far one.

    Beside a corner that is the side that faces the next rank.
    """
    out = [abs(end[axis] - center[axis]) - size[axis] / 2 for axis in (0, 1)]
    across = main if out[main] > -CORNER or out[main] >= out[1 - main] else 1 - main
    far = end[across] > center[across]
    return 1 - across, center[across] + (size[across] if far else -size[across]) / 2, far


def apart(places: list[float], low: float, high: float, by: float = APART) -> list[float]:
    """Places in their order, at least `by` apart and moved as little as that takes.

    Where there is less room than that they stand at equal steps from `low` to `high`.

    >>> apart([0.0, 0.0, 30.0], -20, 40)
    [-7.0, 7.0, 30.0]
    >>> apart([0.0, 0.0, 0.0], -5, 5)
    [-5.0, 0.0, 5.0]
    """
    many = len(places)
    by = min(by, max(high - low, 0.0) / max(many - 1, 1))
    # without the steps between them, the places may not fall: neighbours that do share their mean
    runs: list[tuple[float, int]] = []
    for i, place in enumerate(places):
        mean, count = place - i * by, 1
        while runs and runs[-1][0] >= mean:
            before, other = runs.pop()
            mean, count = (before * other + mean * count) / (other + count), other + count
        runs.append((mean, count))
    flat = [mean for mean, count in runs for _each in range(count)]
    room = max(low, high - (many - 1) * by)
    return [min(max(place, low), room) + i * by for i, place in enumerate(flat)]


def _moved(curve: Curve, start: Point, end: Point, most: Point) -> Curve:
    """A curve whose first two and last two points are moved, but not off the drawing."""
    if start == end == (0.0, 0.0):
        return curve
    return (
        *(_by(p, start, most) for p in curve[:2]),
        *curve[2:-2],
        *(_by(p, end, most) for p in curve[-2:]),
    )


def _by(point: Point, move: Point, most: Point) -> Point:
    x, y = point[0] + move[0], point[1] + move[1]
    return min(max(x, 0.0), most[0]), min(max(y, 0.0), most[1])
