"""Places boxes, bends and labels across the ranks.

Invariant: elements of a line keep their order and their distance, and a connected part
is not much higher than its fullest line, so that its drawing is no diagonal stripe.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from backviz.diagrams.layout.layered_mesh import Mesh, in_order
from backviz.diagrams.layout.layered_ranks import Floats, Ints

_SLIM = 5.0  # a bend needs less room beside a box than another box, but some
_APART = 12.0  # between two curves: each may be drawn as two lines side by side
_BESIDE = 6.0  # between a label and the curve of another edge
_PAD = 2.0  # between two labels
_PLACING_WORK = 6_000  # elements times pairs of sweeps
_PLACING_PAIRS = 6  # there and back, of each kind: first one-sided sweeps, then two-sided
_SETTLED = 0.01  # a sweep that moves nothing further is the last one
_LOOSE = 1.2  # a part's height against that of its fullest line, and so many points more
_SLACK = 60.0

_Pull = tuple[int, float, float]  # a neighbour, how far from it to stand, weight
_Span = tuple[float, float]  # the least and the greatest place of a line's first element
_Row = tuple[list[int], list[float], list[float], _Span]  # elements, distances, resistance
_Side = tuple[list[list[_Pull]], list[_Row]]


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

    spots: list[float] = v.tolist()
    sides = _pulls(mesh, ends, weights, at, np.append(0.0, room), _spans(mesh, length))
    pairs = max(1, min(_PLACING_PAIRS, _PLACING_WORK // line.size))
    for turn in range(4 * pairs):
        calm = turn >= 2 * pairs
        pulls, rows = sides[2 if calm else turn % 2]
        moved = 0.0
        for ids, rooms, force, span in rows if turn % 2 else reversed(rows):
            wanted = [_median(pulls[e], spots, spots[e], calm, favour[e]) for e in ids]
            wanted = _spread(wanted, force, rooms, span)
            for e, spot in zip(ids, wanted, strict=True):
                moved = max(moved, abs(spot - spots[e]))
                spots[e] = spot
        if moved < _SETTLED:
            break
    return _stack(mesh, np.array(spots), gap)


def _spans(mesh: Mesh, length: Floats) -> list[_Span]:
    """How far each line may move: a part is little higher than its fullest line."""
    part = mesh.part[mesh.lines.start[:-1]]
    fullest = np.zeros(int(part.max()) + 1)
    np.maximum.at(fullest, part, length)
    half = (_LOOSE * fullest[part] + _SLACK) / 2
    return list(zip((-half).tolist(), (half - length).tolist(), strict=True))


def _pulls(
    mesh: Mesh, ends: Floats, weights: Floats, at: Ints, room: Floats, spans: list[_Span]
) -> list[_Side]:
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
        cuts = zip(pairwise(mesh.lines.start.tolist()), spans, strict=True)
        rows = [(ids[a:b], rooms[a:b], forces[a:b], span) for (a, b), span in cuts]
        sides.append((pulls, rows))
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


def _spread(wanted: list[float], force: list[float], gaps: list[float], span: _Span) -> list[float]:
    """Keeps neighbours `gaps` apart, within `span`, with least weighted squares of moves."""
    low, high = span
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
    means = (min(max(mean, low), high) for mean, _, members in pools for _ in range(members))
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _stack(mesh: Mesh, v: Floats, gap: float) -> Floats:
    """Puts the connected parts below one another, each in a band of its own."""
    _, band = np.unique(mesh.part, return_inverse=True)
    low, high = np.full(band.max() + 1, np.inf), np.full(band.max() + 1, -np.inf)
    np.minimum.at(low, band, v - mesh.half)
    np.maximum.at(high, band, v + mesh.half)
    top = np.cumsum(high - low + gap) - (high - low + gap)
    return v + (top - low)[band]
