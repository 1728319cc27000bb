"""The ends of arrows at one box, moved apart along its sides.

An engine aims every arrow at the middle of a box, so that heads lie on one another.
Invariant: ends keep their order along a side, an end alone stays where it is, and no end
leaves the straight part of its side.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from backviz.diagrams.layout.plan import Layout, Plan, Point

APART = 14.0  # points between the middles of two arrows that are drawn as two lines each
CORNER = 9.0  # of a side, where its end is round or half an arrow would hang over
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
    along = 1 if plan.direction == "LR" else 0  # the axis of the sides where arrows meet boxes
    size = {n.id: (n.width, n.height) for n in plan.nodes}
    sides: dict[tuple[str, bool], list[_End]] = {}
    for edge in plan.edges:
        curve = layout.curves.get(edge.id, ())
        for box, first in ((edge.tail, True), (edge.head, False)):
            if curve and _on_its_side(curve, first, layout.centers[box], size[box], along):
                end, near = (curve[0], curve[1]) if first else (curve[-1], curve[-2])
                found = _End(end[along], near[along], edge.id, first)
                sides.setdefault((box, first), []).append(found)
    moves: dict[tuple[str, bool], float] = {}
    for (box, _first), ends in sides.items():
        if len(ends) > 1:
            middle, half = layout.centers[box][along], max(size[box][along] / 2 - CORNER, 0.0)
            ordered = sorted(ends, key=lambda end: (end.at, end.beyond))
            places = apart([end.at for end in ordered], middle - half, middle + half)
            for moved, place in zip(ordered, places, strict=True):
                moves[moved.arrow, moved.first] = place - moved.at
    curves = {
        name: _moved(curve, moves.get((name, True), 0.0), moves.get((name, False), 0.0), along)
        for name, curve in layout.curves.items()
    }
    return replace(layout, curves=curves)


def _on_its_side(
    curve: Curve, first: bool, center: Point, size: tuple[float, float], along: int
) -> bool:
    """Whether an arrow leaves on the side to the next rank, or comes in on the other."""
    end, across = (curve[0] if first else curve[-1]), 1 - along
    outward = (end[across] - center[across]) * (1 if first else -1)
    return outward > size[across] / 2 - CORNER


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


def _moved(curve: Curve, start: float, end: float, along: int) -> Curve:
    """A curve whose first two and last two points are moved along one axis."""
    if not start and not end:
        return curve
    return (
        *(_by(p, start, along) for p in curve[:2]),
        *curve[2:-2],
        *(_by(p, end, along) for p in curve[-2:]),
    )


def _by(point: Point, move: float, along: int) -> Point:
    return (point[0], point[1] + move) if along else (point[0] + move, point[1])
