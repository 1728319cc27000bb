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


def spread(plan: Plan, layout: Layout) -> Layout:
    """The layout with room between the ends of arrows that meet a box on the same side."""
    if len(plan.edges) > LIMIT:
        return layout
    size = {n.id: (n.width, n.height) for n in plan.nodes}
    sides: dict[tuple[str, int, bool], list[_End]] = {}
    for edge in plan.edges:
        curve = layout.curves.get(edge.id, ())
        for box, first in ((edge.tail, True), (edge.head, False)):
            if curve:
                end, near = (curve[0], curve[1]) if first else (curve[-1], curve[-2])
                axis, far = _side(end, layout.centers[box], size[box])
                found = _End(end[axis], near[axis], edge.id, first)
                sides.setdefault((box, axis, far), []).append(found)
    moves: dict[tuple[str, bool], tuple[int, float]] = {}
    for (box, axis, _far), ends in sides.items():
        middle, half = layout.centers[box][axis], max(size[box][axis] / 2 - CORNER, 0.0)
        ordered = sorted(ends, key=lambda end: (end.at, end.beyond))
        places = apart([end.at for end in ordered], middle - half, middle + half)
        for moved, place in zip(ordered, places, strict=True):
            moves[moved.arrow, moved.first] = axis, place - moved.at
    most, still = (layout.width, layout.height), (0, 0.0)
    curves = {
        name: _moved(curve, moves.get((name, True), still), moves.get((name, False), still), most)
        for name, curve in layout.curves.items()
    }
    return replace(layout, curves=curves)


def _side(end: Point, center: Point, size: tuple[float, float]) -> tuple[int, bool]:
    """The axis of the side of a box on which an arrow ends, and whether it is the far one."""
    out = [abs(end[axis] - center[axis]) - size[axis] / 2 for axis in (0, 1)]
    across = 0 if out[0] >= out[1] else 1
    return 1 - across, end[across] > center[across]


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


def _moved(curve: Curve, start: tuple[int, float], end: tuple[int, float], most: Point) -> Curve:
    """A curve whose first two and last two points are moved along one axis, on the drawing."""
    if not start[1] and not end[1]:
        return curve
    return (
        *(_by(p, *start, most) for p in curve[:2]),
        *curve[2:-2],
        *(_by(p, *end, most) for p in curve[-2:]),
    )


def _by(point: Point, axis: int, move: float, most: Point) -> Point:
    moved = min(max(point[axis] + move, 0.0), most[axis])
    return (moved, point[1]) if axis == 0 else (point[0], moved)
