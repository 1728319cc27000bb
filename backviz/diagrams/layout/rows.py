"""A long layout broken into rows, as a line of text is broken on a page.

Every row is laid out by itself, with a stub at its ends for each arrow that goes on to
another row; such an arrow leads around the end of its row and through the gap below it.
Invariant: a row holds whole ranks, an input stands in the row of its first reader, and no
arrow passes through a box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from backviz.diagrams.layout.bounds import Least, least_of
from backviz.diagrams.layout.plan import Edge, Layout, Node, Plan, Point, Rectangle

MOST_OVER = 5  # arrows out of one row
MOST_ROWS = 12
KEPT = 256  # lists of widths whose cuts are known: of two levels of detail many have the same
LANE = 10.0  # between arrows that run side by side in a gap
CORNER = 8.0
STUB = 1.0  # the width of the end of a row where an arrow leaves or enters
STRAIGHT = 1 / 3
Place = Callable[[Plan], Layout]


def in_rows(
    plan: Plan, layout: Layout, most: int = MOST_ROWS, over: int = MOST_OVER
) -> Iterator[Rows]:
    """The ways to break the layout into two, three … rows, with few arrows from row to row.

    Only for layouts from left to right. Each is as wide as its longest row.
    """
    if plan.direction != "LR" or len(plan.nodes) < 4:
        return
    seen: set[tuple[int, ...]] = set()
    ranked = (_by_place(plan, layout), _by_depth(plan))
    for rows in range(2, most + 1):
        for ranks in ranked:
            row_of = _rows_of(plan, ranks, rows)
            many = max(row_of.values()) + 1
            key = tuple(row_of[n.id] for n in plan.nodes)
            on = tuple(e for e in plan.edges if row_of[e.tail] != row_of[e.head])
            if any(row_of[e.tail] > row_of[e.head] for e in on):
                continue
            leaving = [sum(row_of[e.tail] == row for e in on) for row in range(many)]
            if many < 2 or key in seen or max(leaving) > over:
                continue
            seen.add(key)
            yield Rows(plan, row_of, on, many)


@dataclass(frozen=True)
class Rows:
    """One way to break a plan into rows: the row of every box, and the arrows between rows."""

    plan: Plan
    row_of: dict[str, int]
    over: tuple[Edge, ...]
    many: int

    def lay(self, place: Place) -> Layout:
        """The rows one below the other; `place` lays each of them out."""
        return self.stacked([self.row(row, place) for row in range(self.many)])

    def row(self, row: int, place: Place) -> Row:
        """One row, laid out by `place`."""
        return _row(self.plan, self.row_of, row, place)

    def stacked(self, rows: list[Row]) -> Layout:
        """All rows one below the other."""
        return _stacked(self.plan, rows, list(self.over))

    @property
    def leaving(self) -> int:
        """The most arrows that leave one row."""
        tails = [self.row_of[e.tail] for e in self.over]
        return max(map(tails.count, tails), default=0)

    def least(self) -> list[Least]:
        """The bound of every row."""
        found = []
        for row in range(self.many):
            nodes = [n for n in self.plan.nodes if self.row_of[n.id] == row]
            inside = [
                e for e in self.plan.edges if self.row_of[e.tail] == row == self.row_of[e.head]
            ]
            found.append(least_of(self.plan, nodes, inside))
        return found

    def around(self) -> tuple[float, float]:
        """The width at the left and the height between rows that the arrows over them take."""
        leaving = [[e for e in self.over if self.row_of[e.tail] == i] for i in range(self.many)]
        return _margin(_lanes(leaving, self.row_of)), sum(_gaps(self.plan, leaving))


def _inputs(plan: Plan) -> set[str]:
    """The boxes that read no other and are read."""
    return {e.tail for e in plan.edges} - {e.head for e in plan.edges}


def _by_place(plan: Plan, layout: Layout) -> list[list[Node]]:
    """The boxes that are no inputs, by the ranks of the layout in one row."""
    inputs, ranks = _inputs(plan), dict[int, list[Node]]()
    for node in plan.nodes:
        if node.id not in inputs:
            ranks.setdefault(round(layout.centers[node.id][0]), []).append(node)
    return [ranks[x] for x in sorted(ranks)]


def _by_depth(plan: Plan) -> list[list[Node]]:
    """The boxes that are no inputs, by the longest way from an input to them."""
    inputs, depth = _inputs(plan), dict.fromkeys((n.id for n in plan.nodes), 0)
    into: dict[str, list[str]] = {n.id: [] for n in plan.nodes}
    for edge in plan.edges:
        into[edge.head].append(edge.tail)
    waiting = {name: len(tails) for name, tails in into.items()}
    out: dict[str, list[str]] = {n.id: [] for n in plan.nodes}
    for edge in plan.edges:
        out[edge.tail].append(edge.head)
    ready = [name for name, many in waiting.items() if not many]
    for name in ready:  # grows while it is read
        for head in out[name]:
            depth[head] = max(depth[head], depth[name] + 1)
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    ranks: dict[int, list[Node]] = {}
    for node in plan.nodes:
        if node.id not in inputs:
            ranks.setdefault(depth[node.id], []).append(node)
    return [ranks[x] for x in sorted(ranks)]


def _rows_of(plan: Plan, ranks: list[list[Node]], rows: int) -> dict[str, int]:
    """The row of every box: ranks in turn, cut so that the widest row is as narrow as it can be."""
    wide = [max(n.width for n in rank) + plan.rank_gap for rank in ranks]
    row_of = {
        node.id: row for rank, row in zip(ranks, _cut(wide, rows), strict=True) for node in rank
    }
    readers: dict[str, list[int]] = {}
    for edge in plan.edges:
        if edge.head in row_of:
            readers.setdefault(edge.tail, []).append(row_of[edge.head])
    return {n.id: row_of[n.id] if n.id in row_of else min(readers[n.id]) for n in plan.nodes}


def _cut(wide: list[float], rows: int) -> list[int]:
    """The row of each width, in at most so many rows whose widest is as narrow as can be.

    >>> _cut([5, 1, 1, 3, 2], 2)
    [0, 0, 1, 1, 1]
    """
    starts = _starts(tuple(wide))
    row_of, end = [0] * len(wide), len(wide)
    for row in range(rows - 1, 0, -1):
        start = starts[row][end][1]
        row_of[start:end] = [row] * (end - start)
        end = start
    numbers = {row: k for k, row in enumerate(dict.fromkeys(row_of))}
    return [numbers[row] for row in row_of]


@lru_cache(maxsize=KEPT)
def _starts(wide: tuple[float, ...]) -> list[list[tuple[float, int]]]:
    """For up to so many rows and ranks: the widest row, and where the last row starts."""
    sums = [0.0, *accumulate(wide)]
    best = [(end, 0) for end in sums]
    starts = [best]
    for _ in range(MOST_ROWS - 1):
        best = [
            min((max(best[k][0], sums[i] - sums[k]), k) for k in range(i + 1))
            for i in range(len(sums))
        ]
        starts.append(best)
    return starts


@dataclass(frozen=True)
class Row:
    """One row as it was laid out, and the stubs at which arrows leave and enter it."""

    layout: Layout
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def _row(plan: Plan, row_of: dict[str, int], row: int, place: Place) -> Row:
    nodes = tuple(n for n in plan.nodes if row_of[n.id] == row)
    inside = tuple(e for e in plan.edges if row_of[e.tail] == row == row_of[e.head])
    reading = [
        e if row_of[e.tail] == row else Edge(f"{e.id}<", f"{e.id}<", e.head)
        for e in plan.edges
        if row_of[e.head] == row
    ]  # in the order of the operands, wherever these stand
    out = [e for e in plan.edges if row_of[e.tail] == row < row_of[e.head]]
    into = [e for e in plan.edges if row_of[e.tail] < row == row_of[e.head]]
    joined = {end for e in plan.edges for end in (e.tail, e.head)}
    held = {n.id for n in nodes if n.id in joined}
    ends, starts = held - {e.tail for e in inside}, held - {e.head for e in inside}
    stubs = tuple(
        Node(f"{e.id}{side}", STUB, LANE) for side, over in ((">", out), ("<", into)) for e in over
    )
    links = [Edge(f"{e.id}>", e.tail, f"{e.id}>") for e in out]
    # what only holds the stubs at the two ends of the row is not drawn
    links += [
        Edge(f"{e.id}>{end}", end, f"{e.id}>") for e in out for end in sorted(ends - {e.tail})
    ]
    links += [
        Edge(f"{e.id}<{start}", f"{e.id}<", start) for e in into
        for start in sorted(starts - {e.head})
    ]  # fmt: skip
    asked = replace(plan, nodes=(*nodes, *stubs), edges=(*reading, *links))
    return Row(place(asked), nodes, inside)


def _stacked(plan: Plan, rows: list[Row], over: list[Edge]) -> Layout:
    """The rows one below the other, with the arrows between them led around."""
    row_of = {n.id: i for i, row in enumerate(rows) for n in row.nodes}
    leaving = [
        sorted(
            (e for e in over if row_of[e.tail] == i),
            key=lambda e: rows[row_of[e.tail]].layout.centers[f"{e.id}>"][1],
        )
        for i in range(len(rows))
    ]
    lanes = _lanes(leaving, row_of)
    margin = _margin(lanes)
    shifts, gaps, y = [], [], 0.0
    for row, gap in zip(rows, _gaps(plan, leaving), strict=True):
        shifts.append((margin, y))
        y += row.layout.height
        gaps.append(y)
        y += gap
    centers: dict[str, Point] = {}
    frames: list[tuple[str, Rectangle]] = []
    curves: dict[str, tuple[Point, ...]] = {}
    labels: dict[str, Point] = {}
    for row, move in zip(rows, shifts, strict=True):
        centers |= {n.id: _by(row.layout.centers[n.id], move) for n in row.nodes}
        frames += [
            (name, (*_by((left, top), move), *_by((right, bottom), move)))
            for name, (left, top, right, bottom) in row.layout.frames
        ]
        for edge in row.edges:
            curves[edge.id] = tuple(_by(p, move) for p in row.layout.curves[edge.id])
            if edge.id in row.layout.labels:
                labels[edge.id] = _by(row.layout.labels[edge.id], move)
    whole = {  # a frame around a part alone would say that the others are outside
        e.id for e in plan.enclosures
        if len({row_of[n] for n in e.nodes if n in row_of}) == [f[0] for f in frames].count(e.id)
    }  # fmt: skip
    width = 0.0
    for i, out in enumerate(leaving):
        right = margin + rows[i].layout.width
        width = max(width, right + (len(out) + 1) * LANE if out else right)
        level = gaps[i] + CORNER
        for k, edge in enumerate(reversed(out)):  # the lowest turns first, inside of the others
            level += _lane(edge)
            start = [_by(p, shifts[i]) for p in rows[i].layout.curves[f"{edge.id}>"]]
            below = row_of[edge.head]
            end = [_by(p, shifts[below]) for p in rows[below].layout.curves[f"{edge.id}<"]]
            line = level - LANE / 2
            left = margin - (lanes[edge.id] + 1) * LANE
            around = _around(start[-1], end[0], right + (k + 1) * LANE, left, line)
            curves[edge.id] = (*start, *around[1:], *end[1:])
            if edge.label_width:
                labels[edge.id] = ((left + right) / 2, line - edge.label_height / 2)
    edges = {e.id for e in plan.edges}
    return Layout(
        width, y, centers, {k: c for k, c in curves.items() if k in edges}, labels,
        rows[0].layout.messages, tuple(f for f in frames if f[0] in whole),
    )  # fmt: skip


def _lanes(leaving: list[list[Edge]], row_of: dict[str, int]) -> dict[str, int]:
    """How far out an arrow runs at the left; the one that turns first runs outside.

    What passes another row runs outside of what enters it.
    """
    lanes: dict[str, int] = {}
    near = [[e for e in out if row_of[e.head] == i + 1] for i, out in enumerate(leaving)]
    for out in near:
        lanes |= {e.id: k for k, e in enumerate(out)}
    outside = max(map(len, near), default=0)
    far = [e for i, out in enumerate(leaving) for e in out if row_of[e.head] != i + 1]
    return lanes | {e.id: outside + k for k, e in enumerate(far)}


def _margin(lanes: dict[str, int]) -> float:
    return (max(lanes.values(), default=0) + 1) * LANE + CORNER


def _gaps(plan: Plan, leaving: list[list[Edge]]) -> list[float]:
    """The height below each row: for the arrows that leave it, or as between boxes."""
    held = [sum(map(_lane, out)) + 2 * CORNER if out else plan.node_gap for out in leaving]
    return [*held[:-1], 0.0]


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
