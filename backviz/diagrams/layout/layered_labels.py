"""Where labels stand: their gaps, their sides, and the bends of the curves beside them.

Invariant: a label is an element like a box, in a line of its own between two ranks;
its curve runs along one of its borders, and every other edge that passes the line has
a place in it too, so no curve need cross a label.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from backviz.diagrams.layout.layered_mesh import Graph, Mesh, in_order, make_mesh
from backviz.diagrams.layout.layered_ranks import Floats, Ints

_FAR = 50  # a longer edge looks only so far from its middle for a gap with few labels
_BOW = 30.0  # a bow as deep as this decides on which side its label stands
_HABIT = 0.1  # how much a label prefers to stand before its curve
_AHEAD = 5  # labels beside a curve that its bend is checked against
_STEPS = np.linspace(0.0, 1.0, 9)[:, None]  # where on the bend it is checked
_EARLY = (0.0, 0.3, 0.6)  # shares of a label's line that a curve tries to run flat
_BUNDLE = 8  # curves beside one another that bend in good order
_SPARE = (2.0, 3.0)  # free space round another edge's label, along and across the ranks


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


def with_labels(graph: Graph, mesh: Mesh, pos: Ints, rank: Ints) -> tuple[Mesh, Ints]:
    """Puts a line for labels into every gap; its order adds no crossing to those there are."""
    host = hosts(graph, rank, mesh.part[mesh.node])
    fine = make_mesh(graph, 2 * rank, np.where(host >= 0, 2 * host + 1, -1))
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
