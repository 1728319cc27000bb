"""Draws a directed acyclic multigraph in ranks: rank, order, place, then route.

Invariant: inside, `u` runs along the ranks and `v` across them, so that 'LR' and
'TB' differ only where the plan is read and where the layout is written. A long edge
owns one slot (a bend) in each rank that it passes, lies flat across that rank and
bends only in the gaps, where no box can be; so a routed edge meets no foreign box.

Limit: all edges together may have `_BENDS` bends, or two per node and edge if that
is more. The longest edges beyond that get no slots: each is drawn as one simple
curve, which may run across boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

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
_LABEL_PAD = 2.0  # free space round a label
_PLACING_WORK = 60_000  # elements times placing sweeps
_PLACING_SWEEPS = 12  # of each kind: two-sided sweeps follow as many one-sided ones
_FLAT = 0.01  # a smaller difference across the ranks is no bend

_Pull = tuple[int, float, float]  # a neighbour, how far from it to stand, weight
_Side = tuple[list[list[_Pull]], list[tuple[list[int], list[float], list[float]]]]


@dataclass(frozen=True, slots=True)
class _Graph:
    """The plan as arrays, with sizes along (`u`) and across (`v`) the ranks."""

    tail: Ints
    head: Ints
    box_u: Floats
    box_v: Floats
    label_u: Floats
    label_v: Floats
    ordered: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Mesh:
    """The graph with its bends: edge i is the path `path[first[i]:first[i + 1]]`.

    `node` is the element of each node, `half` the half size of each element across
    the ranks (0 for a bend), `inner` marks the path's places that are not its last.
    """

    lines: Lines
    rank: Ints
    part: Ints
    node: Ints
    half: Floats
    bend: NDArray[np.bool_]
    path: Ints
    first: Ints
    inner: Ints
    routed: NDArray[np.bool_]
    starts: list[Ints]


def layered_layout(plan: Plan) -> Layout:
    """Places boxes in ranks and routes edges between them; refuses a cycle."""
    if not plan.nodes:
        return Layout(0.0, 0.0, {}, {})
    graph = _read(plan)
    rank, depth = ranks(graph.tail, graph.head, [node.id for node in plan.nodes])
    mesh = _mesh(graph, rank)
    pos = best_order(mesh.lines, mesh.starts)
    ends = _ends(graph, mesh, pos)
    v = _place(mesh, pos, ends, _weights(graph, mesh, depth), plan.node_gap)
    left, right = _columns(graph, rank, plan.rank_gap)
    return _write(plan, graph, mesh, v, ends, left, right)


def _read(plan: Plan) -> _Graph:
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
    return _Graph(tail, head, box_u, box_v, texts[:, along], texts[:, 1 - along], ordered)


def _mesh(graph: _Graph, rank: Ints) -> _Mesh:
    """Cuts long edges into bends and numbers all elements line by line."""
    tail, head, count, many = graph.tail, graph.head, rank.size, graph.tail.size
    no_out = np.flatnonzero(np.bincount(tail, minlength=count) == 0).tolist()
    no_in = np.flatnonzero(np.bincount(head, minlength=count) == 0).tolist()
    up = walk(no_out, head, tail, count)
    down = walk(no_in, tail, head, count)
    both = walk(
        list(range(count)), np.concatenate((tail, head)), np.concatenate((head, tail)), count
    )
    part = both[2]  # the first node of the connected part

    bends = rank[head] - rank[tail] - 1
    shortest = np.argsort(bends, kind="stable")
    routed = np.ones(many, dtype=np.bool_)
    routed[shortest] = np.cumsum(bends[shortest]) <= max(_BENDS, 2 * (count + many))
    bends = np.where(routed, bends, 0)
    edge = np.repeat(np.arange(many), bends)
    step = np.arange(edge.size) - np.repeat(np.cumsum(bends) - bends, bends)
    all_rank = np.concatenate((rank, rank[tail][edge] + 1 + step))
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
    half = np.concatenate((graph.box_v / 2, np.zeros(edge.size)))[order]
    return _Mesh(
        lines,
        all_rank[order],
        all_part[order],
        number[:count],
        half,
        order >= count,
        path,
        first,
        inner,
        routed,
        [np.arange(order.size) - start[line], second - start[line]],
    )


def _ends(graph: _Graph, mesh: _Mesh, pos: Ints) -> Floats:
    """Spreads edge ends along their box in the order in which the edges arrive.

    The answer holds, for each place of a path, its distance from the element's centre.
    """
    fill = np.diff(mesh.lines.start)[mesh.lines.line]
    place = (pos + 0.5) / fill  # comparable between lines, for edges without bends
    ends = np.zeros(mesh.path.size)
    begin, last = mesh.first[:-1], mesh.first[1:] - 1
    for box, mine, far in ((graph.tail, begin, begin + 1), (graph.head, last, last - 1)):
        order = np.lexsort((np.arange(box.size), place[mesh.path[far]], box))
        owner = box[order]
        degree = np.bincount(owner, minlength=graph.box_v.size)[owner]
        turn = np.arange(owner.size) - np.searchsorted(owner, owner)
        step = np.minimum(_PORT_STEP, graph.box_v[owner] / (degree + 1))
        ends[mine[order]] = (turn - (degree - 1) / 2) * step
    return ends


def _weights(graph: _Graph, mesh: _Mesh, depth: Ints) -> Floats:
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


def _place(mesh: _Mesh, pos: Ints, ends: Floats, weights: Floats, gap: float) -> Floats:
    """Moves every element towards the median of its neighbours, line by line."""
    line, start = mesh.lines.line, mesh.lines.start
    at = np.empty(line.size, dtype=np.int64)
    at[start[line] + pos] = np.arange(line.size)
    bend, half = mesh.bend[at], mesh.half[at]
    slim = max(gap / 2, _PORT_STEP / 2)  # a bend needs less room than a box, but some
    room = half[1:] + half[:-1] + np.where(bend[1:] | bend[:-1], slim, gap)
    run = np.cumsum(np.append(0.0, room))
    v = np.empty(line.size)
    v[at] = run - ((run[start[:-1]] + run[start[1:] - 1]) / 2)[line]

    spots: list[float] = v.tolist()
    sides = _sides(mesh, ends, weights, at, np.append(0.0, room))
    sweeps = max(2, min(_PLACING_SWEEPS, _PLACING_WORK // line.size))
    for turn in range(2 * sweeps):
        calm = turn >= sweeps
        pulls, rows = sides[2 if calm else turn % 2]
        moved = 0.0
        for ids, rooms, force in rows if turn % 2 else reversed(rows):
            wanted = [_median(pulls[e], spots, spots[e], calm) for e in ids]
            if len(ids) > 1:
                wanted = _spread(wanted, force, rooms)
            for e, spot in zip(ids, wanted, strict=True):
                moved = max(moved, abs(spot - spots[e]))
                spots[e] = spot
        if moved < _FLAT:
            break
    return _stack(mesh, np.array(spots), gap)


def _sides(mesh: _Mesh, ends: Floats, weights: Floats, at: Ints, room: Floats) -> list[_Side]:
    """Lists who pulls each element: those after it, those before it, and both.

    The pulls come with the rows of elements, their distances and their resistance,
    which rises steeply so that straight edges push others aside and not half way.
    """
    size = at.size
    before: list[list[_Pull]] = [[] for _ in range(size)]
    after: list[list[_Pull]] = [[] for _ in range(size)]
    keep = np.repeat(mesh.routed, np.diff(mesh.first) - 1)
    inner, weight = mesh.inner[keep], weights[keep]
    tail, head = mesh.path[inner], mesh.path[inner + 1]
    shift = ends[inner] - ends[inner + 1]
    stretches = (tail.tolist(), head.tolist(), shift.tolist(), weight.tolist())
    for t, h, s, w in zip(*stretches, strict=True):
        before[h].append((t, s, w))
        after[t].append((h, -s, w))
    around = [a + b for a, b in zip(before, after, strict=True)]
    sides = []
    for pulls, owners in ((after, (tail,)), (before, (head,)), (around, (tail, head))):
        force = np.full(size, 0.01)
        for owner in owners:
            np.maximum.at(force, owner, weight**6)
        ids, rooms, forces = at.tolist(), room.tolist(), force[at].tolist()
        cuts = pairwise(mesh.lines.start.tolist())
        sides.append((pulls, [(ids[a:b], rooms[a:b], forces[a:b]) for a, b in cuts]))
    return sides


def _median(pulls: list[_Pull], spots: list[float], now: float, calm: bool) -> float:
    """Finds the weighted median of the neighbours; `calm` moves no further than needed."""
    if len(pulls) == 1:
        other, shift, _ = pulls[0]
        return spots[other] + shift
    if not pulls:
        return now
    if len(pulls) == 2:
        (one, shift, weight), (two, other_shift, other_weight) = pulls
        first, second = spots[one] + shift, spots[two] + other_shift
        if weight != other_weight:
            return first if weight > other_weight else second
        if calm:
            return min(max(now, min(first, second)), max(first, second))
        return (first + second) / 2
    wishes = sorted((spots[other] + shift, weight) for other, shift, weight in pulls)
    left = sum(weight for _, weight in wishes) / 2
    low = high = wishes[-1][0]
    for i, (wish, weight) in enumerate(wishes):
        left -= weight
        if left <= 0:
            low = wish
            high = wishes[i + 1][0] if left == 0 else wish
            break
    return min(max(now, low), high) if calm else (low + high) / 2


def _spread(wanted: list[float], force: list[float], gaps: list[float]) -> list[float]:
    """Keeps neighbours `gaps` apart at the least weighted square distance from `wanted`."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    offset, offsets = 0.0, []
    for wish, weight, gap in zip(wanted, force, gaps, strict=True):
        offset += gap
        offsets.append(offset)
        mean, members = wish - offset, 1
        while pools and pools[-1][0] >= mean:
            other, heavy, more = pools.pop()
            mean = (mean * weight + other * heavy) / (weight + heavy)
            weight = weight + heavy  # noqa: PLW2901  (the pool that is growing)
            members += more
        pools.append((mean, weight, members))
    means = (mean for mean, _, members in pools for _ in range(members))
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _stack(mesh: _Mesh, v: Floats, gap: float) -> Floats:
    """Puts the connected parts below one another, each in a band of its own."""
    _, band = np.unique(mesh.part, return_inverse=True)
    low, high = np.full(band.max() + 1, np.inf), np.full(band.max() + 1, -np.inf)
    np.minimum.at(low, band, v - mesh.half)
    np.maximum.at(high, band, v + mesh.half)
    top = np.cumsum(high - low + gap) - (high - low + gap)
    return v + (top - low)[band]


def _columns(graph: _Graph, rank: Ints, gap: float) -> tuple[Floats, Floats]:
    """Finds where each rank begins and ends; labels widen the gap that they are in."""
    width = np.zeros(int(rank.max()) + 1)
    np.maximum.at(width, rank, graph.box_u)
    text = np.zeros(width.size)
    host = (rank[graph.tail] + rank[graph.head] - 1) // 2
    np.maximum.at(text, host, graph.label_u)
    gaps = np.where(text > 0, np.maximum(gap, text + gap / 2 + 2 * _LABEL_PAD), gap)
    left = np.cumsum(width + gaps) - width - gaps
    return left, left + width


def _curves(
    graph: _Graph, mesh: _Mesh, v: Floats, u: Floats, left: Floats, right: Floats
) -> tuple[Floats, Ints]:
    """Chains cubic pieces: flat across a rank, one S in each gap; `v` is per path place.

    The second answer says where each edge's points begin and the last edge's end.
    """
    rank = mesh.rank[mesh.path]
    begin, last = mesh.first[:-1], mesh.first[1:] - 1
    knots = np.stack((left[rank], right[rank]), axis=1)  # where a path enters, leaves a rank
    knots[begin, 0] = u[graph.tail] + graph.box_u[graph.tail] / 2
    knots[last, 1] = u[graph.head] - graph.box_u[graph.head] / 2
    keep = np.ones(knots.shape, dtype=np.bool_)
    flat = np.abs(np.diff(v)) < _FLAT
    keep[1:, 0] = keep[:-1, 1] = ~flat
    # The first and the last knot stay; others go if they repeat their neighbour.
    short = knots[:, 1] - knots[:, 0] < _FLAT
    keep[:, 1] &= ~short
    keep[last, 0] &= ~short[last]
    keep[begin, 0] = keep[last, 1] = True

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


def _labels(
    graph: _Graph, mesh: _Mesh, v: Floats, named: Ints, left: Floats, right: Floats
) -> Floats:
    """Puts each label above the middle of its edge, in a gap, clear of other labels."""
    rank = mesh.rank[mesh.node]
    tail, head = rank[graph.tail[named]], rank[graph.head[named]]
    gap = (tail + head - 1) // 2
    begin = mesh.first[named]
    step = np.where(mesh.routed[named], gap - tail, 0)
    near, far = v[begin + step], v[begin + step + 1]
    share = np.where(mesh.routed[named], 0.5, (gap - tail + 0.5) / (head - tail))
    size = graph.label_v[named]
    # A steep curve needs more distance, yet a label must not lose sight of its edge.
    steep = np.abs(far - near) * graph.label_u[named] / np.maximum(left[gap + 1] - right[gap], 1.0)
    lift = size / 2 + _LABEL_PAD + np.minimum(np.minimum(steep, np.abs(far - near) / 2), size)
    wish = near + (far - near) * share - lift
    order = np.lexsort((wish, gap))
    fresh = np.flatnonzero(np.diff(gap[order], prepend=-1))
    for a, b in pairwise([*fresh.tolist(), order.size]):
        own = order[a:b]
        room = (size[own][1:] + size[own][:-1]) / 2 + _LABEL_PAD
        spots = _spread(wish[own].tolist(), [1.0] * own.size, [0.0, *room.tolist()])
        wish[own] = spots
    return np.stack(((right[gap] + left[gap + 1]) / 2, wish), axis=1)


def _write(
    plan: Plan, graph: _Graph, mesh: _Mesh, v: Floats, ends: Floats, left: Floats, right: Floats
) -> Layout:
    """Turns elements into centres, curves and labels, seen from the top left corner."""
    rank = mesh.rank[mesh.node]
    u = (left + right)[rank] / 2
    boxes = np.stack((u, v[mesh.node]), axis=1)
    points, cut = _curves(graph, mesh, v[mesh.path] + ends, u, left, right)
    named = np.flatnonzero((graph.label_u > 0) | (graph.label_v > 0))
    texts = _labels(graph, mesh, v[mesh.path] + ends, named, left, right)
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
