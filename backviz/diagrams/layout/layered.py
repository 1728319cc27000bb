"""Draws a directed acyclic multigraph in ranks: rank, order, place, then route.

Invariant: inside, `u` runs along the ranks and `v` across them, so that 'LR' and
'TB' differ only where the plan is read and where the layout is written. A long edge
owns one slot (a bend) in each rank that it passes, lies flat across that rank and
bends only in the gaps, where no box can be; so a routed edge meets no foreign box.
With labels every gap holds a line of its own for them, between two ranks of boxes.

Limit: all edges together may have 20,000 bends, or two per node and edge if that
is more. The longest edges beyond that get no slots: each is drawn as one simple
curve, which may run across boxes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from backviz.diagrams.layout.layered_labels import (
    bend_early,
    favours,
    leaning,
    sides,
    with_labels,
)
from backviz.diagrams.layout.layered_mesh import Graph, Mesh, in_order, make_mesh, read
from backviz.diagrams.layout.layered_order import best_order
from backviz.diagrams.layout.layered_place import place_across
from backviz.diagrams.layout.layered_ranks import Floats, Ints, ranks
from backviz.diagrams.layout.plan import MARGIN, Layout, Plan, Point, Rectangle

_PORT_STEP = 14.0  # the ends of edges at one box are at most this far apart
_SLOPE = 0.6  # of the way that a curve goes across, this much along the ranks
_WIDER = 1.0  # a gap beside labels grows by at most this share of itself
_LARGE = 4_000  # elements from which labels are placed once, to save time
_FLAT = 0.01  # a smaller difference across the ranks is no bend


def layered_layout(plan: Plan) -> Layout:
    """Places boxes in ranks and routes edges between them; a cycle is a `ValueError`.

    The steps are those of Sugiyama, Tagawa and Toda (1981): ranks, order, places.

    >>> from backviz.diagrams.layout.plan import Edge, Node
    >>> boxes = (Node("a", 20, 10), Node("b", 20, 10))
    >>> layered_layout(Plan(boxes, (Edge("e", "a", "b"),), rank_gap=30)).centers
    {'a': (10.0, 5.0), 'b': (60.0, 5.0)}
    """
    if not plan.nodes:
        return Layout(0.0, 0.0, {}, {})
    graph = read(plan)
    names = [node.id for node in plan.nodes]
    long = {edge.tail for edge in plan.edges if edge.ranks > 1}
    back = frozenset(i for i, name in enumerate(names) if name in long)
    rank, depth = ranks(graph.tail, graph.head, names, back)
    mesh = make_mesh(graph, rank)
    pos = best_order(mesh.lines, mesh.starts)
    labelled = bool(np.any(graph.label_u + graph.label_v > 0))
    if labelled:
        mesh, pos = with_labels(graph, mesh, pos, rank)
    weights, favour = _weights(graph, mesh, depth), favours(graph, mesh)
    lean = np.zeros(pos.size)
    for _ in range(2 if labelled and pos.size < _LARGE else 1):
        side = sides(mesh, pos, lean)
        ends = _ends(graph, mesh, pos, side)
        v = place_across(mesh, pos, ends, side, weights, favour, plan.node_gap)
        lean = leaning(mesh, v[mesh.path] + ends)  # next time, labels stand outside the bows
    columns = _columns(graph, mesh, v[mesh.path] + ends, plan.rank_gap / (1 + labelled))
    return _framed(plan, _write(plan, graph, mesh, in_order(mesh, pos), v, ends, *columns))


def _framed(plan: Plan, layout: Layout) -> Layout:
    """The layout with a frame around each enclosure in whose rectangle no other box stands."""
    frames: dict[str, Rectangle] = {}
    size = {n.id: (n.width / 2, n.height / 2) for n in plan.nodes}

    def around(name: str) -> Rectangle:
        (x, y), (w, h) = layout.centers[name], size[name]
        return x - w, y - h, x + w, y + h

    held = {e.id: {*e.nodes} & size.keys() for e in plan.enclosures}
    for one in reversed(plan.enclosures):  # the innermost first
        nodes = held[one.id]
        inner = [name for name in frames if held[name] <= nodes]
        corners = [*map(around, nodes), *(frames[name] for name in inner)]
        if not corners:
            continue
        left, top = (min(c[i] for c in corners) - MARGIN for i in (0, 1))
        right, bottom = (max(c[i] for c in corners) + MARGIN for i in (2, 3))
        top, right = top - one.height, max(right, left + one.width + 2 * MARGIN)
        others = [around(name) for name in size.keys() - nodes]
        others += [frames[name] for name in frames if name not in inner]
        if all(x >= right or u <= left or y >= bottom or v <= top for x, y, u, v in others):
            frames[one.id] = left, top, right, bottom
    if not frames:
        return layout
    dx, dy = (max(0.0, -min(f[i] for f in frames.values())) for i in (0, 1))
    right, bottom = (max(f[i] for f in frames.values()) for i in (2, 3))

    def by(points: Iterable[Point]) -> tuple[Point, ...]:
        return tuple((x + dx, y + dy) for x, y in points)

    return replace(
        layout,
        width=max(layout.width, right) + dx,
        height=max(layout.height, bottom) + dy,
        centers=dict(zip(layout.centers, by(layout.centers.values()), strict=True)),
        curves={name: by(curve) for name, curve in layout.curves.items()},
        labels=dict(zip(layout.labels, by(layout.labels.values()), strict=True)),
        frames=tuple(
            (e.id, (f[0] + dx, f[1] + dy, f[2] + dx, f[3] + dy))
            for e in plan.enclosures if (f := frames.get(e.id))
        ),
    )  # fmt: skip


def _ends(graph: Graph, mesh: Mesh, pos: Ints, side: Floats) -> Floats:
    """Spreads edge ends along their box in the order in which the edges arrive.

    The answer holds, for each place of a path, its distance from the element's centre;
    beside a label that is the label's border.
    """
    fill = np.diff(mesh.lines.start)[mesh.lines.line]
    place = (pos + 0.5) / fill  # comparable between lines, for edges without bends
    ends = -(side * mesh.half)[mesh.path]
    begin, last = mesh.first[:-1], mesh.first[1:] - 1
    for box, mine, far in ((graph.tail, begin, begin + 1), (graph.head, last, last - 1)):
        order = np.lexsort((np.arange(box.size), place[mesh.path[far]], box))
        owner = box[order]
        degree = np.bincount(owner, minlength=graph.box_v.size)[owner]
        turn = np.arange(owner.size) - np.searchsorted(owner, owner)
        step = np.minimum(_PORT_STEP, graph.box_v[owner] / (degree + 1))
        ends[mine[order]] = (turn - (degree - 1) / 2) * step
    return ends


def _weights(graph: Graph, mesh: Mesh, depth: Ints) -> Floats:
    """Weighs each stretch of a path by how straight it should be.

    Bends come first; then the input of a node with the longest history, so that the
    spine of a long sum or of a stack of layers is a straight line.
    """
    deepest = np.full(depth.size, -1, dtype=np.int64)
    np.maximum.at(deepest, graph.head, depth[graph.tail])
    spine = depth[graph.tail] == deepest[graph.head]
    spine &= np.bincount(graph.head[spine], minlength=depth.size)[graph.head] == 1
    stretches = np.diff(mesh.first) - 1
    bent = mesh.bend[mesh.path[mesh.inner]].astype(int)
    bent += mesh.bend[mesh.path[mesh.inner + 1]]
    plain = np.where(np.repeat(spine, stretches), 4.0, np.where(bent == 1, 2.0, 1.0))
    return np.where(bent == 2, 16.0, plain)


def _columns(graph: Graph, mesh: Mesh, v: Floats, gap: float) -> tuple[Floats, Floats]:
    """Finds where each rank, of boxes or of labels, begins and ends.

    Beside a line of labels the gap is wider where curves would be steep.
    """
    width = np.zeros(int(mesh.rank.max()) + 1)
    np.maximum.at(width, mesh.rank[mesh.node], graph.box_u)
    gaps = np.full(width.size, gap)
    named = np.flatnonzero(mesh.label >= 0)
    if named.size:
        np.maximum.at(width, mesh.rank[named], graph.label_u[mesh.label[named]])
        begin = mesh.rank[mesh.path[mesh.inner]]
        rise = np.zeros(width.size)
        np.maximum.at(rise, begin, np.abs(v[mesh.inner + 1] - v[mesh.inner]))
        room = gap + width / 4
        room[::2] = gap + np.append(width[1::2], 0.0)[: room[::2].size] / 4
        gaps += np.clip(_SLOPE * rise - room, 0, gap * _WIDER)
    left = np.cumsum(width + gaps) - width - gaps
    return left, left + width


def _curves(
    graph: Graph,
    mesh: Mesh,
    at: Ints,
    center: Floats,
    v: Floats,
    u: Floats,
    left: Floats,
    right: Floats,
) -> tuple[Floats, Ints]:
    """Chains cubic pieces: flat across a rank, one S in each gap; `v` is per path place.

    The second answer says where each edge's points begin and the last edge's end.
    """
    rank = mesh.rank[mesh.path]
    begin, last = mesh.first[:-1], mesh.first[1:] - 1
    knots = np.stack((left[rank], right[rank]), axis=1)  # where a path enters, leaves a rank
    knots[begin, 0] = u[graph.tail] + graph.box_u[graph.tail] / 2
    knots[last, 1] = u[graph.head] - graph.box_u[graph.head] / 2
    if np.any(mesh.label >= 0):
        bend_early(graph, mesh, at, center, v, knots)
    keep = np.ones(knots.shape, dtype=np.bool_)
    flat = np.abs(np.diff(v)) < _FLAT
    keep[1:, 0] = keep[:-1, 1] = ~flat
    # The first and the last knot stay; others go if they repeat their neighbour.
    short = knots[:, 1] - knots[:, 0] < _FLAT
    keep[begin, 0] = True
    keep[:, 1] &= ~(short & keep[:, 0])
    keep[last, 0] &= ~short[last]
    keep[last, 1] = True

    edge = np.repeat(np.arange(last.size), np.diff(mesh.first))
    owner = np.repeat(edge, 2)[keep.ravel()]
    knot = np.stack((knots.ravel(), np.repeat(v, 2)), axis=1)[keep.ravel()]
    where = 3 * np.arange(owner.size) - 2 * owner
    goes_on = np.flatnonzero(owner[1:] == owner[:-1])
    points = np.empty((3 * owner.size - 2 * last.size, 2))
    points[where] = knot
    points[where[goes_on] + 1] = points[where[goes_on] + 2] = knot[goes_on]
    points[where[goes_on] + 2] = knot[goes_on + 1]
    middle = (knot[goes_on, 0] + knot[goes_on + 1, 0]) / 2
    points[where[goes_on] + 1, 0] = points[where[goes_on] + 2, 0] = middle
    cut = np.searchsorted(owner, np.arange(last.size + 1))
    return points, 3 * cut - 2 * np.arange(last.size + 1)


def _write(
    plan: Plan,
    graph: Graph,
    mesh: Mesh,
    at: Ints,
    v: Floats,
    ends: Floats,
    left: Floats,
    right: Floats,
) -> Layout:
    """Turns elements into centres, curves and labels, seen from the top left corner."""
    rank = mesh.rank[mesh.node]
    u = (left + right)[rank] / 2
    boxes = np.stack((u, v[mesh.node]), axis=1)
    points, cut = _curves(graph, mesh, at, v, v[mesh.path] + ends, u, left, right)
    element = np.flatnonzero(mesh.label >= 0)
    named = mesh.label[element]
    texts = np.stack(((left + right)[mesh.rank[element]] / 2, v[element]), axis=1)
    box_half = np.stack((graph.box_u, graph.box_v), axis=1) / 2
    text_half = np.stack((graph.label_u, graph.label_v), axis=1)[named] / 2
    low = np.concatenate((boxes - box_half, points, texts - text_half)).min(axis=0)
    high = np.concatenate((boxes + box_half, points, texts + text_half)).max(axis=0)
    swap = slice(None) if plan.direction == "LR" else slice(None, None, -1)
    width, height = (high - low)[swap].tolist()

    def pairs(where: Floats) -> list[Point]:
        return list(zip(*(where - low)[:, swap].T.tolist(), strict=True))

    centers = dict(zip((n.id for n in plan.nodes), pairs(boxes), strict=True))
    chain = pairs(points) if len(points) else []
    curves = {
        edge.id: tuple(chain[a:b])
        for edge, (a, b) in zip(plan.edges, pairwise(cut.tolist()), strict=True)
    }
    spots = pairs(texts) if named.size else []
    labels = {plan.edges[e].id: spot for e, spot in zip(named.tolist(), spots, strict=True)}
    return Layout(width, height, centers, curves, labels)
