"""Places boxes, bends and labels across the ranks, each label beside its own curve.

Invariant: a label is an element like a box, in a line of its own between two ranks;
its curve runs along one of its borders, and every other edge that passes the line has
a place in it too, so no curve need cross a label.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from backviz.diagrams.layout.layered_order import Floats, Ints, Lines

_FAR = 50  # a longer edge looks only so far from its middle for a gap with few labels
_BOW = 30.0  # a bow as deep as this decides on which side its label stands
_HABIT = 0.1  # how much a label prefers to stand before its curve
_SLIM = 5.0  # a bend needs less room beside a box than another box, but some
_APART = 12.0  # between two curves: each may be drawn as two lines side by side
_BESIDE = 6.0  # between a label and the curve of another edge
_PAD = 2.0  # between two labels
_PLACING_WORK = 40_000  # elements times placing sweeps
_PLACING_SWEEPS = 12  # of each kind: two-sided sweeps follow as many one-sided ones
_SETTLED = 0.01  # a sweep that moves nothing further is the last one
_AHEAD = 5  # labels beside a curve that its bend is checked against
_STEPS = np.linspace(0.0, 1.0, 9)[:, None]  # where on the bend it is checked
_EARLY = (0.0, 0.3, 0.6)  # shares of a label's line that a curve tries to run flat
_BUNDLE = 8  # curves beside one another that bend in good order
_SPARE = (2.0, 3.0)  # free space round another edge's label, along and across the ranks

_Pull = tuple[int, float, float]  # a neighbour, how far from it to stand, weight
_Side = tuple[list[list[_Pull]], list[tuple[list[int], list[float], list[float]]]]


@dataclass(frozen=True, slots=True)
class Graph:
    """The plan as arrays, with sizes along (`u`) and across (`v`) the ranks."""

    tail: Ints
    head: Ints
    box_u: Floats
    box_v: Floats
    label_u: Floats
    label_v: Floats
    ordered: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mesh:
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
    label: Ints


def hosts(graph: Graph, rank: Ints, part: Ints) -> Ints:
    """Chooses each label's gap: the one with the fewest labels on the way of its edge.

    Gap g follows rank g; -1 stands for no label.
    """
    tail, head, group = rank[graph.tail], rank[graph.head], part[graph.tail]
    named = (graph.label_u > 0) | (graph.label_v > 0)
    host = np.where(named, (tail + head - 1) // 2, -1)
    length = np.where(named, head - tail, 0)
    fill: dict[tuple[int, int], float] = {}
    for e in np.argsort(length, kind="stable")[np.count_nonzero(~named) :].tolist():
        p, g, size = int(group[e]), int(host[e]), float(graph.label_v[e])
        if length[e] > 1:
            middle = g
            way = range(max(int(tail[e]), g - _FAR), min(int(head[e]), g + _FAR))
            g = min(way, key=lambda x: (fill.get((p, x), 0.0), abs(x - middle), x))
            host[e] = g
        fill[p, g] = fill.get((p, g), 0.0) + size
    return host


def in_order(mesh: Mesh, pos: Ints) -> Ints:
    """The elements line by line, as they stand across the ranks."""
    at = np.empty(pos.size, dtype=np.int64)
    at[mesh.lines.start[mesh.lines.line] + pos] = np.arange(pos.size)
    return at


def sides(mesh: Mesh, pos: Ints, lean: Floats) -> Floats:
    """Says on which side of its curve each label stands: -1 before it, 1 after it, 0 none.

    A label is best outside the bow of its curve (`lean`), and is unclear where it faces
    the curve of its neighbour; the sum of both costs is the least that a line can have.
    """
    at, chosen = in_order(mesh, pos), np.zeros(pos.size)
    named, leaning = (mesh.label[at] >= 0).tolist(), lean[at].tolist()
    for a, b in pairwise(mesh.lines.start.tolist()):
        if not any(named[a:b]):
            continue
        costs, moves = [0.0, np.inf], []  # of the label standing before, after its curve
        for i in range(a, b):
            first, second = costs  # the last face is a curve, is a label
            if not named[i]:
                # A bend faces both sides as a curve.
                back = 0 if first <= second + 1.0 else 1
                costs = [min(first, second + 1.0), np.inf]
                moves.append((back, 0))
                continue
            before = (first + (i > a), second)
            after = (first, second + 1.0)
            pick = (int(before[1] < before[0]), int(after[1] < after[0]))
            inside = leaning[i] - _HABIT  # what it costs to stand within a bow
            costs = [before[pick[0]] + max(0.0, inside), after[pick[1]] + max(0.0, -inside)]
            moves.append(pick)
        state = int(costs[1] < costs[0])
        for i in range(b - 1, a - 1, -1):
            if named[i]:
                chosen[at[i]] = 1.0 if state else -1.0
            state = moves[i - a][state]
    return chosen


def leaning(mesh: Mesh, v: Floats) -> Floats:
    """How far each curve bends back at its label: positive for a bow that hangs down."""
    lean = np.zeros(mesh.rank.size)
    at = np.flatnonzero(mesh.label[mesh.path] >= 0)
    for other in (at - 1, at + 1):
        lean[mesh.path[at]] += 2 * np.clip((v[at] - v[other]) / _BOW, -1, 1)
    return lean


def favours(graph: Graph, mesh: Mesh) -> list[float | None]:
    """Which end a label stands by, the tail (inf) or the head (-inf); None for no label.

    It is the end with fewer edges, since more are on their way to the other one.
    """
    found: list[float | None] = [None] * mesh.rank.size
    out, into = np.bincount(graph.tail, minlength=1), np.bincount(graph.head, minlength=1)
    named = np.flatnonzero(mesh.label >= 0)
    edge = mesh.label[named]
    more = into[graph.head[edge]] - out[graph.tail[edge]]
    for e, m in zip(named.tolist(), more.tolist(), strict=True):
        found[e] = m * np.inf if m else 0.0
    return found


def place_across(
    mesh: Mesh,
    pos: Ints,
    ends: Floats,
    side: Floats,
    weights: Floats,
    favour: list[float | None],
    gap: float,
) -> Floats:
    """Moves every element towards the median of its neighbours, line by line."""
    line, start = mesh.lines.line, mesh.lines.start
    at = in_order(mesh, pos)
    half = mesh.half[at]
    slim = max(gap / 2, _SLIM)
    apart = max(slim, _APART)
    # What an element shows to its neighbours: 0 a box, 1 a curve, 2 a label.
    table = np.array([[gap, slim, slim], [slim, apart, _BESIDE], [slim, _BESIDE, _PAD]])
    face = mesh.bend[at].astype(int)
    low, high = face + (side[at] < 0), face + (side[at] > 0)
    room = half[1:] + half[:-1] + table[high[:-1], low[1:]]
    run = np.cumsum(np.append(0.0, room))
    length = run[start[1:] - 1] - run[start[:-1]]
    v = np.empty(line.size)
    v[at] = run - (run[start[:-1]] + length / 2)[line]
    free = _free(mesh, length)

    spots: list[float] = v.tolist()
    sides = _pulls(mesh, ends, weights, at, np.append(0.0, room))
    sweeps = max(2, min(_PLACING_SWEEPS, _PLACING_WORK // line.size))
    for turn in range(2 * sweeps):
        calm = turn >= sweeps
        pulls, rows = sides[2 if calm else turn % 2]
        moved = 0.0
        for (ids, rooms, force), top in zip(rows,free) if turn % 2 else zip(reversed(rows),reversed(free)):
            wanted = [_median(pulls[e], spots, spots[e], calm, favour[e]) for e in ids]
            wanted = _spread(wanted, force, rooms, *top)
            for e, spot in zip(ids, wanted, strict=True):
                moved = max(moved, abs(spot - spots[e]))
                spots[e] = spot
        if moved < _SETTLED:
            break
    return _stack(mesh, np.array(spots), gap)


def _pulls(mesh: Mesh, ends: Floats, weights: Floats, at: Ints, room: Floats) -> list[_Side]:
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


def _median(
    pulls: list[_Pull], spots: list[float], now: float, calm: bool, favour: float | None
) -> float:
    """Finds the weighted median of the neighbours; `calm` moves no further than needed.

    A label (with a `favour`) then stands beside an end, so that its curve bends once.
    """
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
        if calm and favour is not None:
            return first if abs(now - first) <= abs(now - second) + favour else second
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


import os
FAC=float(os.environ.get("FAC","1.3")); ADD=float(os.environ.get("ADD","60"))
def _free(mesh, length):
    part=mesh.part[mesh.lines.start[:-1]]
    _,part=np.unique(part,return_inverse=True)
    most=np.zeros(part.max()+1); np.maximum.at(most,part,length)
    h=FAC*most[part]+ADD
    return list(zip((-h/2).tolist(),(h/2-length).tolist()))


def _spread(wanted, force, gaps, low, high) -> list[float]:
    """Keeps neighbours `gaps` apart at the least weighted square distance from `wanted`."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    offset, offsets = -gaps[0], []
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
    means = (min(max(mean,low),high) for mean, _, members in pools for _ in range(members))
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _stack(mesh: Mesh, v: Floats, gap: float) -> Floats:
    """Puts the connected parts below one another, each in a band of its own."""
    _, band = np.unique(mesh.part, return_inverse=True)
    low, high = np.full(band.max() + 1, np.inf), np.full(band.max() + 1, -np.inf)
    np.minimum.at(low, band, v - mesh.half)
    np.maximum.at(high, band, v + mesh.half)
    top = np.cumsum(high - low + gap) - (high - low + gap)
    return v + (top - low)[band]


def bend_early(
    graph: Graph, mesh: Mesh, at: Ints, center: Floats, v: Floats, knots: Floats
) -> None:
    """Lets each curve bend within its label line as early as the labels there allow.

    `knots` says for each place of a path between where and where it runs flat, and is
    changed; `at` holds the elements in order, `center` and `v` where elements and
    paths are across the ranks.
    """
    within = np.ones(v.size, dtype=np.bool_)
    within[mesh.first[:-1]] = within[mesh.first[1:] - 1] = False
    places = np.flatnonzero(within & (mesh.rank[mesh.path] % 2 == 1))
    middle = knots[places].mean(axis=1)
    half_line = np.tile(middle - knots[places, 0], 2)
    reach = np.concatenate((middle - knots[places - 1, 1], knots[places + 1, 0] - middle))
    near, far = np.tile(v[places], 2), np.concatenate((v[places - 1], v[places + 1]))

    # The own label and the elements that the curve comes to, one by one.
    index = np.empty_like(at)
    index[at] = np.arange(at.size)
    element = np.tile(mesh.path[places], 2)
    turn = np.sign(far - near).astype(np.int64)
    offsets = np.arange(_AHEAD + 2)
    found = index[element][:, None] + turn[:, None] * offsets
    other = at[np.clip(found, 0, at.size - 1)]
    met = (found >= 0) & (found < at.size)
    met &= mesh.lines.line[other] == mesh.lines.line[element][:, None]
    spare = np.where(offsets > 0, np.array(_SPARE)[:, None], -0.1)
    label = mesh.label[other]
    wide = np.where(met & (label >= 0), graph.label_u[label] / 2 + spare[0], -np.inf)
    tall, spot = mesh.half[other] + spare[1], center[other]
    # The last one has to lie beyond the curve, else it may meet more than these.
    known = ~met[:, -1] | ((far - spot[:, -1]) * turn <= -tall[:, -1])

    flat, waiting = half_line.copy(), np.flatnonzero(known)
    for share in _EARLY:
        begin, low = share * half_line[waiting], near[waiting]
        u = begin + (reach[waiting] - begin) * (1.5 * _STEPS * (1 - _STEPS) + _STEPS**3)
        w = low + (far[waiting] - low) * (3 * _STEPS**2 - 2 * _STEPS**3)
        hit = u[:, :, None] < wide[waiting]
        hit &= np.abs(w[:, :, None] - spot[waiting]) < tall[waiting]
        free = ~hit[:, :, :-1].any(axis=(0, 2))
        flat[waiting[free]] = begin[free]
        waiting = waiting[~free]
    # Of two curves that go the same way, the outer one must not bend before the inner one.
    row = np.zeros_like(at)
    row[mesh.path[places]] = np.arange(places.size)
    inner = row[other[:, 1]] + np.repeat((0, places.size), places.size)
    bundled = met[:, 1] & (turn == turn[inner]) & ((far - near[inner]) * turn > 0)
    for _ in range(_BUNDLE):
        flat = np.where(bundled, np.maximum(flat, flat[inner]), flat)
    knots[places, 0] = middle - flat[: places.size]
    knots[places, 1] = middle + flat[places.size :]
