"""A long layout broken into rows, as a line of text is broken on a page.

Invariant: boxes keep their places within a row; only the arrows over a break get a new way,
around the end of one row and through the gap to the start of the next. A break is made
only where few arrows pass, and no arrow passes two breaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backviz.diagrams.layout.plan import Edge, Layout, Plan, Point

MOST_OVER = 3  # arrows over one break
MOST_ROWS = 8
LANE = 14.0  # between arrows that run side by side in a gap
CORNER = 10.0
STRAIGHT = 1 / 3


@dataclass(frozen=True)
class _Break:
    """A place between two ranks, and the arrows over it."""

    x: float
    left: float
    right: float
    over: tuple[Edge, ...]


def in_rows(plan: Plan, layout: Layout) -> Iterator[Layout]:
    """The same layout in two, three … rows, where it can be broken so.

    Only for layouts from left to right. Each is as wide as its longest row.
    """
    if plan.direction != "LR" or len(plan.nodes) < 4:
        return
    breaks = _breaks(plan, layout)
    seen: set[tuple[float, ...]] = set()
    for rows in range(2, MOST_ROWS + 1):
        chosen = _choose(breaks, layout.width, rows)
        places = tuple(b.x for b in chosen)
        if len(chosen) != rows - 1 or places in seen or not _passed_once(chosen):
            continue
        seen.add(places)
        yield _broken(plan, layout, chosen)


def _breaks(plan: Plan, layout: Layout) -> list[_Break]:
    """All places where no box stands and few arrows pass, from left to right."""
    spans = sorted(
        (layout.centers[n.id][0] - n.width / 2, layout.centers[n.id][0] + n.width / 2)
        for n in plan.nodes
    )
    found, reach = [], spans[0][1]
    for left, right in spans[1:]:
        if left > reach:
            x = (left + reach) / 2
            over = tuple(
                e for e in plan.edges if layout.centers[e.tail][0] < x < layout.centers[e.head][0]
            )
            if 1 <= len(over) <= MOST_OVER:
                found.append(_Break(x, reach, left, over))
        reach = max(reach, right)
    return found


def _choose(breaks: list[_Break], width: float, rows: int) -> list[_Break]:
    """The breaks that come nearest to equal rows."""
    chosen: list[_Break] = []
    for k in range(1, rows):
        wanted = k * width / rows
        free = [b for b in breaks if not chosen or b.x > chosen[-1].x]
        if not free:
            return []
        chosen.append(min(free, key=lambda b: (abs(b.x - wanted), b.x)))
    return chosen


def _passed_once(chosen: list[_Break]) -> bool:
    over = [e.id for b in chosen for e in b.over]
    return len(over) == len(set(over))


def _broken(plan: Plan, layout: Layout, chosen: list[_Break]) -> Layout:
    over = {e.id: e for b in chosen for e in b.over}
    row_of = {n.id: sum(b.x < layout.centers[n.id][0] for b in chosen) for n in plan.nodes}
    starts = [0.0, *(b.right for b in chosen)]
    boxes: list[list[tuple[float, float, float, float]]] = [[] for _ in starts]
    for n in plan.nodes:
        x, y = layout.centers[n.id]
        boxes[row_of[n.id]].append(
            (x - n.width / 2, y - n.height / 2, x + n.width / 2, y + n.height / 2)
        )
    for e in plan.edges:
        if e.id in over:
            continue
        around = boxes[row_of[e.tail]]
        around += [(x, y, x, y) for x, y in layout.curves[e.id]]
        if e.id in layout.labels:
            x, y = layout.labels[e.id]
            w, h = e.label_width / 2, e.label_height / 2
            around.append((x - w, y - h, x + w, y + h))
    # room at the sides for the arrows that go around
    side = max(len(b.over) for b in chosen) * LANE + CORNER
    shift: list[Point] = []
    gaps: list[float] = []
    y = 0.0
    for row, inside in enumerate(boxes):
        top, bottom = min(b[1] for b in inside), max(b[3] for b in inside)
        shift.append((side - min(b[0] for b in inside), y - top))
        y += bottom - top
        if row < len(chosen):
            gaps.append(y)
            y += sum(_lane(e) for e in chosen[row].over) + 2 * CORNER
    width = max(max(b[2] for b in each) + shift[i][0] for i, each in enumerate(boxes)) + side
    centers = {n: _by(c, shift[row_of[n]]) for n, c in layout.centers.items()}
    curves, labels = {}, {}
    for e in plan.edges:
        if e.id in over:
            continue
        move = shift[row_of[e.tail]]
        curves[e.id] = tuple(_by(p, move) for p in layout.curves[e.id])
        if e.id in layout.labels:
            labels[e.id] = _by(layout.labels[e.id], move)
    for row, cut in enumerate(chosen):
        lane = gaps[row] + CORNER
        out = max(b[2] for b in boxes[row]) + shift[row][0]
        for i, e in enumerate(sorted(cut.over, key=lambda e: layout.curves[e.id][0][1])):
            lane += _lane(e)
            start = _by(layout.curves[e.id][0], shift[row])
            end = _by(layout.curves[e.id][-1], shift[row + 1])
            away = (i + 1) * LANE
            level = lane - LANE / 2
            curves[e.id] = _around(start, end, out + away, side - away, level)
            if e.id in layout.labels:
                labels[e.id] = (width / 2, level - e.label_height / 2)
    return Layout(width, y, centers, curves, labels)


def _lane(edge: Edge) -> float:
    return edge.label_height + LANE


def _by(point: Point, move: Point) -> Point:
    return point[0] + move[0], point[1] + move[1]


def _around(start: Point, end: Point, right: float, left: float, level: float) -> tuple[Point, ...]:
    """Right, down, left through the gap, down, right: with round corners."""
    corners = [start, (right, start[1]), (right, level), (left, level), (left, end[1]), end]
    points: list[Point] = [start]
    for before, here, after in zip(corners, corners[1:], corners[2:], strict=False):
        r = min(CORNER, _length(before, here) / 2, _length(here, after) / 2)
        into, out = _toward(here, before, r), _toward(here, after, r)
        points += _line(points[-1], into)
        points += [_toward(here, before, 0.45 * r), _toward(here, after, 0.45 * r), out]
    return (*points, *_line(points[-1], end))


def _line(a: Point, b: Point) -> list[Point]:
    third = ((b[0] - a[0]) * STRAIGHT, (b[1] - a[1]) * STRAIGHT)
    return [(a[0] + third[0], a[1] + third[1]), (b[0] - third[0], b[1] - third[1]), b]


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _toward(a: Point, b: Point, by: float) -> Point:
    length = _length(a, b) or 1.0
    return a[0] + (b[0] - a[0]) * by / length, a[1] + (b[1] - a[1]) * by / length
