"""The ways to lay a diagram out on a page, and which of them is taken.

Invariant: no way is laid out that, by its bound, cannot be taken; and the way that is taken
is the one that would be, if all were.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from itertools import pairwise

from backviz.diagrams.arrows import label_size
from backviz.diagrams.boxes import EM, measure
from backviz.diagrams.clusters import title_size
from backviz.diagrams.frame import Frame
from backviz.diagrams.layout import Edge, Enclosure, Layout, Node, Plan, lay_out
from backviz.diagrams.layout.bounds import Least, least_of
from backviz.diagrams.layout.rows import Place, Row, Rows, in_rows
from backviz.diagrams.model import Diagram
from backviz.diagrams.style import Style
from backviz.diagrams.theme import THEMES, Preset

RANK_GAP, NODE_GAP = 2.1 * EM, 0.6 * EM
TIGHT_GAP = 1.5 * EM  # where words on arrows were left out to make the text larger
LABELLED_GAP = 1.7 * EM  # where labels add their own room
EDGE = 0.6 * EM  # room around the drawing for borders, stacks and arrows that are moved aside
TWO_DIRECTIONS_UP_TO = 2_000
IN_ROWS_UP_TO, ROWS_ON_A_PAGE = 300, 5
FEW_OVER, MOST_OVER_WIDE = 3, 10  # arrows between rows where a page takes its width from them
MOST_WIDE = 1600  # points of such a page, as wide as a screen
CLEARLY = 1.15  # larger text, for which one row from left to right is given up
KEPT = 1_024  # layouts that are not asked for again: rows recur in other ways to break a layout
HALVINGS = 12
BESIDE = 3  # boxes without arrows in a line, or as many as make a square


@lru_cache(maxsize=KEPT)
def laid(plan: Plan, engine: str) -> Layout:
    """The layout of a plan, from the last ones that were made where it is among them."""
    if plan.direction != "LR" or not (links := _side_by_side(plan)):
        return lay_out(plan, engine)
    layout = lay_out(replace(plan, edges=(*plan.edges, *links)), engine)
    held = {link.id for link in links}
    return replace(layout, curves={e: c for e, c in layout.curves.items() if e not in held})


def _side_by_side(plan: Plan) -> list[Edge]:
    """Links, not drawn, that set boxes without arrows side by side, a few in each line."""
    joined = {end for e in plan.edges for end in (e.tail, e.head)}
    alone = [n.id for n in plan.nodes if n.id not in joined]
    many = max(BESIDE, math.ceil(math.sqrt(len(alone))))
    return [Edge(f"{a} {b}", a, b) for i, (a, b) in enumerate(pairwise(alone), 1) if i % many]


class Way:
    """A plan, in one piece or in rows, that is laid out when it has to be."""

    def __init__(self, plan: Plan, engine: str, rows: Rows | None = None) -> None:
        self.plan, self.engine, self.rows = plan, engine, rows
        self._laid: dict[int, Row] = {}
        self.place: Place = partial(laid, engine=engine)

    def lay(self, place: Place) -> Layout:
        """The layout where `place` answers each plan."""
        return self.rows.lay(place) if self.rows else place(self.plan)

    def on(self, plan: Plan) -> Way:
        """The same way to lay out a plan with the same boxes and arrows of other sizes."""
        if not self.rows:
            return Way(plan, self.engine)
        edges = {e.id: e for e in plan.edges}
        over = tuple(edges[e.id] for e in self.rows.over)
        return Way(plan, self.engine, replace(self.rows, plan=plan, over=over))

    @property
    def tangled(self) -> bool:
        """Whether many arrows lead from a row to another."""
        return self.rows is not None and self.rows.leaving > FEW_OVER

    @cached_property
    def layout(self) -> Layout:
        """The layout by the engine that was asked for."""
        if not self.rows:
            return self.place(self.plan)
        return self.rows.stacked([self._row(i) for i in range(self.rows.many)])

    def scale_above(self, frame: Frame, least: float) -> float:
        """How large the layout is drawn, or 0 as soon as that is known to be below `least`."""
        rows = range(self.rows.many if self.rows else 0)
        for i in sorted(rows, key=lambda i: -self._least[i].width):
            if self.most(frame) < least:
                return 0.0
            row = self._row(i).layout
            self._least[i] = Least(row.width, row.height, 0.0, (0.0, 0.0))
        return scale_of(frame, self.layout)

    def _row(self, row: int) -> Row:
        assert self.rows is not None
        if row not in self._laid:
            self._laid[row] = self.rows.row(row, self.place)
        return self._laid[row]

    def most(self, frame: Frame) -> float:
        """A scale that is not below that with which the layout can be drawn."""
        most, wide, high = frame.room
        narrow = self._narrowest + 2 * EDGE

        def by_height(width: float) -> float:
            return high / (self._height_at(width - 2 * EDGE) + 2 * EDGE)

        if by_height(narrow) >= wide / narrow or math.isinf(wide):
            return min(most, wide / narrow, by_height(narrow) if math.isinf(wide) else math.inf)
        low, broad = narrow, 2 * narrow
        while by_height(broad) < wide / broad:
            low, broad = broad, 2 * broad
        for _each in range(HALVINGS):
            middle = (low + broad) / 2
            if by_height(middle) < wide / middle:
                low = middle
            else:
                broad = middle
        return min(most, wide / low)

    @cached_property
    def _least(self) -> list[Least]:
        if self.rows:
            return self.rows.least()
        return [least_of(self.plan, self.plan.nodes, self.plan.edges)]

    @cached_property
    def _around(self) -> tuple[float, float]:
        return self.rows.around() if self.rows else (0.0, 0.0)

    @property
    def _narrowest(self) -> float:
        return max(each.width for each in self._least) + self._around[0]

    def _height_at(self, width: float) -> float:
        beside, between = self._around
        return sum(each.height_at(width - beside) for each in self._least) + between


def plan(diagram: Diagram, style: Style, direction: str) -> Plan:
    """The question for the layout engine: sizes and connections, no text."""
    theme = THEMES[style.theme]
    ordered = _in_order(diagram)
    nodes = tuple(Node(b.id, *measure(b, theme), b.id in ordered) for b in diagram.boxes)
    edges = tuple(Edge(a.id, a.tail, a.head, *label_size(a)) for a in diagram.arrows)
    bare = RANK_GAP if style.local in ("auto", "show") else TIGHT_GAP
    gap = LABELLED_GAP if any(e.label_width for e in edges) else bare
    enclosures = tuple(Enclosure(c.id, c.boxes, *title_size(c)) for c in diagram.clusters)
    return Plan(nodes, edges, "TB" if direction == "TB" else "LR", gap, NODE_GAP, enclosures)


def _in_order(diagram: Diagram) -> set[str]:
    """The heads whose operands keep their written order.

    Those of which two operands cannot change places, and of the others those that share none
    with an earlier head: two that share one can seldom both keep their order without a crossing.
    """
    into: dict[str, list[str]] = {}
    for arrow in diagram.arrows:
        into.setdefault(arrow.head, []).append(arrow.tail)
    found: set[str] = set()
    taken: set[str] = set()
    for box in diagram.boxes:
        tails = into.get(box.id, ())
        if box.ordered or not taken & {*tails}:
            found.add(box.id)
        taken |= {*tails}
    return found


def ways(diagram: Diagram, style: Style, preset: Preset) -> Iterator[Way]:
    """One piece from left to right or from top to bottom, then rows, as the page may suit them.

    Arrows around corners are the last choice among equals.
    """
    across = Way(plan(diagram, style, "LR"), style.engine)
    down = Way(plan(diagram, style, "TB"), style.engine)
    if style.direction != "auto":
        yield across if style.direction == "LR" else down
        return
    yield across
    if preset.width > 0 and len(diagram.boxes) <= TWO_DIRECTIONS_UP_TO:
        yield down
    if len(diagram.boxes) > IN_ROWS_UP_TO:
        return
    row = across.layout
    if preset.height or preset.tallest:
        broken: Iterable[Rows] = in_rows(across.plan, row, ROWS_ON_A_PAGE)
    elif row.width > widest_of(preset):
        few, many = (in_rows(across.plan, row, over=n) for n in (FEW_OVER, MOST_OVER_WIDE))
        yield from (Way(across.plan, style.engine, rows) for rows in few)
        yield down
        broken = many
    else:
        return
    yield from (Way(across.plan, style.engine, rows) for rows in broken)


def best(found: Iterable[Way], frame: Frame) -> Way:
    """The way in which the text comes out larger, the first of equals.

    Left to right in one row reads like the formula: any other has to be clearly larger.
    """
    first, *others = found
    taken, least = 0, CLEARLY * scale_of(frame, first.layout)
    by_bound = sorted(enumerate(others, 1), key=lambda each: -each[1].most(frame))
    for i, way in by_bound:
        if way.most(frame) < least:
            break
        scale = way.scale_above(frame, least)
        if scale > least or (scale == least and 0 < i < taken):
            taken, least = i, scale
    return [first, *others][taken]


def narrow(found: Iterable[Way], preset: Preset) -> Way:
    """The first way that is no wider than it should be, or else the narrowest."""
    widest, tried = widest_of(preset), list[Way]()

    def fits(way: Way) -> bool:
        return way.layout.width <= most_of(preset)

    for way in found:
        # one long row, or one from top to bottom, rather than a tangle around corners
        if tried and (way.tangled or way.plan.direction == "TB") and fits(tried[0]):
            return tried[0]
        if way.layout.width <= widest:
            return way
        tried.append(way)
    return tried[0] if fits(tried[0]) else min(tried, key=lambda way: way.layout.width)


def widest_of(preset: Preset) -> float:
    """How wide a layout of natural size should be where the page takes its width."""
    return (preset.widest or math.inf) * EM / preset.text


def most_of(preset: Preset) -> float:
    """How wide a layout of natural size may be there, rather than a tangle around corners."""
    return (MOST_WIDE - 2 * preset.margin) * EM / preset.text - 2 * EDGE


def scale_of(frame: Frame, layout: Layout) -> float:
    """How large a layout is drawn."""
    return frame.scale(layout.width + 2 * EDGE, layout.height + 2 * EDGE)
