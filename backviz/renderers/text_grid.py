"""Boxes and wires on a grid of characters: boxes stand in ranks, wires turn between them.

Invariant: `m` counts characters along the ranks and `c` across them, so that left to right
and top to bottom differ only where sizes are read and where a character is chosen. Two nets
share a character only where they cross, and there the upright line is drawn whole.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from backviz.diagrams.layout.layered_order import Lines, best_order
from backviz.diagrams.layout.layered_ranks import ranks
from backviz.renderers.text_canvas import Canvas, Signs
from backviz.renderers.text_tracks import Net, tracks
from backviz.text import screen_width

_SWEEPS = 6
_PUSHES = 24  # elements moved by one place so that wires can pass, before it is given up
_SLACK = 4  # more room across than the fullest rank takes, so that wires can be straight


_Channel = dict[int, tuple[int, list[int]]]


@dataclass(frozen=True, slots=True)
class Tile:
    """A box's text: `label` stands in the upper border, `foot` in the lower one.

    `room` holds for lines shown later.
    """

    id: str
    label: str
    lines: tuple[str, ...]
    room: tuple[int, int]
    strong: bool = False
    ordered: bool = False
    foot: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """An arrow from one tile to another, with the text at its head."""

    tail: str
    head: str
    label: str = ""


@dataclass
class _Element:
    """A box, or the place where a wire passes a rank: `tile` -1. Sizes are in characters."""

    rank: int
    net: int  # the box from which the wires come
    tile: int = -1
    long: int = 1
    broad: int = 1
    out: int = 0  # where the wires leave, from the element's first place
    at: int = 0
    push: int = 0


@dataclass
class _Grid:
    """Elements rank by rank, and the stretches of wires between neighbouring ranks."""

    elements: list[_Element]
    rows: list[list[int]] = field(default_factory=list)
    stretches: list[tuple[int, int, int]] = field(default_factory=list)  # from, to, wire or -1
    port: dict[int, int] = field(default_factory=dict)  # of each wire, from the box's first place


def draw_grid(
    tiles: list[Tile], wires: list[Wire], signs: Signs, *, downwards: bool
) -> list[str] | None:
    """The lines of the drawing; `None` where wires are too entangled for a grid."""
    grid = _arranged(tiles, wires, downwards)
    _size(grid, tiles, wires, downwards)
    gap = 2 if downwards else 0
    for _ in range(_PUSHES):
        _place(grid, gap)
        channels = [_channel(grid, r) for r in range(len(grid.rows) - 1)]
        found = [tracks([Net(s, tuple(t)) for s, t in nets.values()]) for nets in channels]
        if None not in found:
            chosen = [track for track in found if track is not None]
            return _drawn(grid, tiles, wires, channels, chosen, signs, downwards)
        _untangle(grid, found.index(None))
    return None


def _arranged(tiles: list[Tile], wires: list[Wire], downwards: bool) -> _Grid:
    """Ranks, the places where long wires pass, and an order with few crossings."""
    index = {tile.id: i for i, tile in enumerate(tiles)}
    tail = [index[w.tail] for w in wires]
    head = [index[w.head] for w in wires]
    rank = ranks(np.array(tail, dtype=int), np.array(head, dtype=int), list(index))[0].tolist()
    grid = _Grid([_Element(r, i, i) for i, r in enumerate(rank)])
    passing: dict[tuple[int, int], int] = {}
    for k, (t, h) in enumerate(zip(tail, head, strict=True)):
        here = t
        for r in range(rank[t] + 1, rank[h]):
            if (t, r) not in passing:
                passing[t, r] = len(grid.elements)
                grid.elements.append(_Element(r, t))
                grid.stretches.append((here, passing[t, r], -1))
            here = passing[t, r]
        grid.stretches.append((here, h, k))
    grid.rows = [
        [e for e, element in enumerate(grid.elements) if element.rank == r]
        for r in range(max(rank) + 1)
    ]
    numbered = [e for row in grid.rows for e in row]
    number = {e: i for i, e in enumerate(numbered)}
    turn: dict[int, int] = defaultdict(int)
    wish = []
    for _, to, wire in grid.stretches:
        ordered = wire >= 0 and tiles[grid.elements[to].tile].ordered
        wish.append(turn[to] if ordered else -1)
        turn[to] += 1
    start = np.cumsum([0, *map(len, grid.rows)])
    line = np.repeat(np.arange(len(grid.rows)), [len(row) for row in grid.rows])
    lines = Lines(
        start,
        line,
        np.array([number[a] for a, _, _ in grid.stretches], dtype=int),
        np.array([number[b] for _, b, _ in grid.stretches], dtype=int),
        np.array(wish, dtype=int),
    )
    pos = best_order(lines, [np.arange(line.size) - start[line]]).tolist()
    grid.rows = [sorted(row, key=lambda e: pos[number[e]]) for row in grid.rows]
    return grid


def _size(grid: _Grid, tiles: list[Tile], wires: list[Wire], downwards: bool) -> None:
    """How large each box is, and where on its side each wire arrives."""
    place = {e: i for row in grid.rows for i, e in enumerate(row)}
    arriving: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for a, b, wire in grid.stretches:
        if wire >= 0:
            turn = wire if tiles[grid.elements[b].tile].ordered else place[a]
            arriving[b].append((turn, wire))
    for e, element in enumerate(grid.elements):
        if element.tile < 0:
            continue
        tile = tiles[element.tile]
        given = [wire for _, wire in sorted(arriving[e])]
        texts = [screen_width(wires[wire].label) for wire in given]
        # downwards, a wire needs room for its label to the right
        steps = [text + 3 if text and downwards else 1 + downwards for text in texts]
        span, last = sum(steps[:-1]), texts[-1] + 2 if texts and downwards else 1
        width, height = tile.room[0] + 4, tile.room[1] + 2
        least = span + 2 * last + 1
        if downwards:
            element.long, element.broad = height, max(width, least)
        else:
            element.long, element.broad = width, max(height, least)
        element.out = (element.broad - 1) // 2
        here = (element.broad - 1 - span) // 2
        for wire, step in zip(given, steps, strict=True):
            grid.port[wire] = here
            here += step


# Places across the ranks -----------------------------------------------------------------


def _place(grid: _Grid, gap: int) -> None:
    """Move every element towards those that it is joined to; neighbours stay apart."""
    elements, rows = grid.elements, grid.rows
    lengths = [sum(_room(grid, row, gap)) + elements[row[-1]].broad for row in rows]
    most = max(lengths) + _SLACK
    for row, length in zip(rows, lengths, strict=True):
        here = (most - length) // 2
        for e, room in zip(row, [*_room(grid, row, gap), 0], strict=True):
            elements[e].at = here
            here += room
    pulls: list[dict[int, list[tuple[int, int]]]] = [defaultdict(list), defaultdict(list)]
    for a, b, wire in grid.stretches:
        shift = elements[a].out - grid.port.get(wire, 0)
        pulls[0][b].append((a, shift))
        pulls[1][a].append((b, -shift))
    for turn in range(2 * _SWEEPS):
        back = turn % 2
        for row, length in list(zip(rows, lengths, strict=True))[:: -1 if back else 1]:
            both = turn >= _SWEEPS
            wishes = []
            for e in row:
                near = pulls[back][e] + (pulls[1 - back][e] if both else [])
                spots = sorted(elements[o].at + shift for o, shift in near)
                middle = spots[(len(spots) - 1) // 2 : len(spots) // 2 + 1]
                wishes.append(sum(middle) / len(middle) if middle else elements[e].at)
            for e, at in zip(
                row, _spread(wishes, _room(grid, row, gap), most - length), strict=True
            ):
                elements[e].at = at
    for row in rows:
        pushed = 0
        for e in row:
            pushed += elements[e].push
            elements[e].at += pushed


def _room(grid: _Grid, row: list[int], gap: int) -> list[int]:
    """From each element of a rank to the next: its size, and a gap beside a box."""
    pairs = [(grid.elements[a], grid.elements[b]) for a, b in pairwise(row)]
    return [a.broad + (gap if a.tile >= 0 and b.tile >= 0 else gap // 2) for a, b in pairs]


def _spread(wishes: list[float], rooms: list[int], free: int) -> list[int]:
    """The places nearest to the wishes that keep the distances and stay on the page."""
    offsets = [0]
    for room in rooms:
        offsets.append(offsets[-1] + room)
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        mean, members = wish - offset, 1
        while pools and pools[-1][0] >= mean:
            other, more = pools.pop()
            mean = (mean * members + other * more) / (members + more)
            members += more
        pools.append((mean, members))
    means = [min(max(int(mean + 0.5), 0), free) for mean, members in pools for _ in range(members)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _channel(grid: _Grid, rank: int) -> _Channel:
    """For each element of a rank that is joined to the next: where it leaves, where it arrives."""
    nets: _Channel = {}
    for a, b, wire in grid.stretches:
        element = grid.elements[a]
        if element.rank == rank:
            target = grid.elements[b].at + grid.port.get(wire, 0)
            nets.setdefault(a, (element.at + element.out, []))[1].append(target)
    return nets


def _untangle(grid: _Grid, rank: int) -> None:
    """Move one element of the next rank, with all that follow it there, by one place."""
    sources = {s for s, _ in _channel(grid, rank).values()}
    for a, b, wire in grid.stretches:
        here = grid.elements[b].at + grid.port.get(wire, 0)
        start = grid.elements[a].at + grid.elements[a].out
        if grid.elements[a].rank == rank and here in sources and here != start:
            grid.elements[b].push += 1
            return


# The drawing -----------------------------------------------------------------------------


def _drawn(
    grid: _Grid,
    tiles: list[Tile],
    wires: list[Wire],
    channels: list[_Channel],
    chosen: list[list[int]],
    signs: Signs,
    downwards: bool,
) -> list[str]:
    canvas, elements = Canvas(signs, downwards), grid.elements
    here = 0  # where the rank begins
    for row, channel, track in zip(grid.rows, [*channels, {}], [*chosen, []], strict=True):
        for e in (e for e in row if elements[e].tile >= 0):
            tile, size = tiles[elements[e].tile], (elements[e].long, elements[e].broad)
            borders = tile.label, tile.foot
            canvas.box((here, elements[e].at), size, borders, tile.lines, tile.strong)
        leaving = [stretch for stretch in grid.stretches if stretch[0] in channel]
        labels = max((screen_width(wires[w].label) for _, _, w in leaving if w >= 0), default=0)
        beside = 0 if downwards else labels + 2 if labels else 0
        first = here + max(elements[e].long for e in row) + (not downwards)  # the first track
        after = first + max(track, default=-1) + 2 + (not downwards) + beside
        turning = dict(zip(channel, track, strict=True))
        for a, b, wire in leaving:
            source, target = channel[a][0], elements[b].at + grid.port.get(wire, 0)
            begin = here + (elements[a].long if elements[a].tile >= 0 else 0)
            turn = first + max(turning[a], 0)
            points = [(begin, source), (turn, source), (turn, target), (after - 1, target)]
            canvas.wire(elements[a].net, points)
            if wire >= 0:
                canvas.head((after - 1, target), wires[wire].label)
        here = after
    return canvas.lines()
