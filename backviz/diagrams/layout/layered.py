"""Draws a directed acyclic multigraph in ranks: rank, order, place, then route.

Invariant: inside, `u` runs along the ranks and `v` across them, so that 'LR' and
'TB' differ only where the plan is read and where the layout is written. A long edge
owns one slot (a bend) in each rank that it passes, lies flat across that rank and
bends only in the gaps, where no box can be; so a routed edge meets no foreign box.
With labels every gap holds a line of its own for them, between two ranks of boxes.

Limit: all edges together may have `_BENDS` bends, or two per node and edge if that
is more. The longest edges beyond that get no slots: each is drawn as one simple
curve, which may run across boxes.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from backviz.diagrams.layout.layered_labels import (
    Graph,
    Mesh,
    bend_early,
    favours,
    hosts,
    in_order,
    leaning,
    place_across,
    sides,
)
from backviz.diagrams.layout.layered_order import (
    Floats,
    Ints,
    Lines,
    best_order,
    ranks,
    walk,
)
from backviz.diagrams.layout.plan import Layout, Plan, Point

_BENDS = 20_000  # bends that are allowed in any drawing
_PORT_STEP = 10.0  # the ends of edges at one box are at most this far apart
_SLOPE = 0.6  # of the way that a curve goes across, this much along the ranks
_WIDER = 1.0  # a gap beside labels grows by at most this share of itself
_LARGE = 4_000  # elements from which labels are placed once, to save time
_FLAT = 0.01  # a smaller difference across the ranks is no bend


def layered_layout(plan: Plan) -> Layout:
    """Places boxes in ranks and routes edges between them; refuses a cycle."""
    if not plan.nodes:
        return Layout(0.0, 0.0, {}, {})
    graph = _read(plan)
    rank, depth = ranks(graph.tail, graph.head, [node.id for node in plan.nodes])
    mesh = _mesh(graph, rank)
    pos = best_order(mesh.lines, mesh.starts)
    labelled = bool(np.any(graph.label_u + graph.label_v > 0))
    if labelled:
        mesh, pos = _with_labels(graph, mesh, pos, rank)
    weights, favour = _weights(graph, mesh, depth), favours(graph, mesh)
    lean = np.zeros(pos.size)
    for _ in range(2 if labelled and pos.size < _LARGE else 1):
        side = sides(mesh, pos, lean)
        ends = _ends(graph, mesh, pos, side)
        v = place_across(mesh, pos, ends, side, weights, favour, plan.node_gap)
        lean = leaning(mesh, v[mesh.path] + ends)  # next time, labels stand outside the bows
    columns = _columns(graph, mesh, v[mesh.path] + ends, plan.rank_gap / (1 + labelled))
    return _write(plan, graph, mesh, in_order(mesh, pos), v, ends, *columns)


def _read(plan: Plan) -> Graph:
    """Turns names into numbers and the direction into sizes along and across."""
    index = {node.id: i for i, node in enumerate(plan.nodes)}
    if len(index) < len(plan.nodes):
        raise ValueError("Two nodes of the plan have the same id.")
    for edge in plan.edges:
        if edge.tail not in index or edge.head not in index:
            raise ValueError(f"Edge {edge.id!r} joins a node that is not in the plan.")
    tail = np.array([index[edge.tail] for edge in plan.edges], dtype=np.int64)
    head = np.array([index[edge.head] for edge in plan.edges], dtype=np.int64)
    boxes = np.array([(node.width, node.height) for node in plan.nodes], dtype=float)
    texts = np.array([(e.label_width, e.label_height) for e in plan.edges], dtype=float)
    along = 0 if plan.direction == "LR" else 1
    texts = texts.reshape(-1, 2)
    ordered = np.array([node.ordered for node in plan.nodes], dtype=np.bool_)
    box_u, box_v = boxes[:, along], boxes[:, 1 - along]
    return Graph(tail, head, box_u, box_v, texts[:, along], texts[:, 1 - along], ordered)


def _mesh(graph: Graph, rank: Ints, host: Ints | None = None) -> Mesh:
    """Cuts long edges into bends and numbers all elements line by line.

    With `host`, the rank of each edge's label or -1, every second rank is for labels.
    """
    tail, head, count, many = graph.tail, graph.head, rank.size, graph.tail.size
    no_out = np.flatnonzero(np.bincount(tail, minlength=count) == 0).tolist()
    no_in = np.flatnonzero(np.bincount(head, minlength=count) == 0).tolist()
    up = walk(no_out, head, tail, count)
    down = walk(no_in, tail, head, count)
    both = walk(
        list(range(count)), np.concatenate((tail, head)), np.concatenate((head, tail)), count
    )
    part = both[2]  # the first node of the connected part

    stride = 1 if host is None else 2
    bends = (rank[head] - rank[tail]) // stride - 1
    shortest = np.argsort(bends, kind="stable")
    routed = np.ones(many, dtype=np.bool_)
    routed[shortest] = np.cumsum(bends[shortest]) <= max(_BENDS, 2 * (count + many))
    home = np.full(many, -1) if host is None else host
    bends = np.where(routed, stride * (bends + 1) - 1, home >= 0)
    edge = np.repeat(np.arange(many), bends)
    step = np.arange(edge.size) - np.repeat(np.cumsum(bends) - bends, bends)
    bend_rank = np.where(routed[edge], rank[tail][edge] + 1 + step, home[edge])
    label = np.concatenate((np.full(count, -1), np.where(bend_rank == home[edge], edge, -1)))
    all_rank = np.concatenate((rank, bend_rank))
    all_part = np.concatenate((part, part[tail][edge]))
    key = all_part * (int(rank.max()) + 1) + all_rank
    turn = [np.concatenate((found[0], found[1][edge])) for found in (up, down)]
    order = np.lexsort((turn[0], key))
    number = np.empty_like(order)
    number[order] = np.arange(order.size)
    fresh = np.diff(key[order], prepend=-1) != 0
    line, start = np.cumsum(fresh) - 1, np.append(np.flatnonzero(fresh), order.size)
    second = np.empty_like(order)
    second[np.lexsort((turn[1][order], line))] = np.arange(order.size)
    first = np.append(0, np.cumsum(bends + 2))
    path = np.empty(int(first[-1]), dtype=np.int64)
    ends = np.zeros(path.size, dtype=np.bool_)
    ends[first[:-1]] = ends[first[1:] - 1] = True
    path[~ends] = number[count:]
    path[first[:-1]], path[first[1:] - 1] = number[tail], number[head]

    last = np.zeros(path.size, dtype=np.bool_)
    last[first[1:] - 1] = True
    inner = np.flatnonzero(~last)
    wish = np.full(path.size, -1, dtype=np.int64)
    turn_in = np.argsort(head, kind="stable")
    turn_in[turn_in] = np.arange(many) - np.searchsorted(head[turn_in], head[turn_in])
    wish[first[1:] - 1] = np.where(graph.ordered[head], turn_in, -1)
    real = inner[np.repeat(routed, bends + 1)]
    lines = Lines(start, line, path[real], path[real + 1], wish[real + 1])
    half = np.concatenate((graph.box_v, np.append(graph.label_v, 0.0)[label[count:]])) / 2
    return Mesh(
        lines,
        all_rank[order],
        all_part[order],
        number[:count],
        half[order],
        order >= count,
        path,
        first,
        inner,
        routed,
        [np.arange(order.size) - start[line], second - start[line]],
        label[order],
    )


def _with_labels(graph: Graph, mesh: Mesh, pos: Ints, rank: Ints) -> tuple[Mesh, Ints]:
    """Puts a line for labels into every gap; its order adds no crossing to those there are."""
    host = hosts(graph, rank, mesh.part[mesh.node])
    fine = _mesh(graph, 2 * rank, np.where(host >= 0, 2 * host + 1, -1))
    place = (pos + 0.5) / np.diff(mesh.lines.start)[mesh.lines.line]
    found = np.empty(fine.rank.size)
    found[fine.node] = place[mesh.node]
    length = np.diff(mesh.first)
    stride = np.repeat(np.where(np.diff(fine.first) > length, 2, 1), length)
    step = np.arange(mesh.path.size) - np.repeat(mesh.first[:-1], length)
    slot = np.repeat(fine.first[:-1], length) + stride * step
    here = place[mesh.path]
    found[fine.path[slot]] = here
    inner = mesh.inner[stride[mesh.inner] == 2]
    found[fine.path[slot[inner] + 1]] = (here[inner] + here[inner + 1]) / 2
    order = np.lexsort((found, fine.lines.line))
    answer = np.empty_like(order)
    answer[order] = np.arange(order.size) - fine.lines.start[fine.lines.line]
    return fine, answer


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
