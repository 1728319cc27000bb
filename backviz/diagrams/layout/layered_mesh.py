"""The plan as arrays, and its long edges cut into one bend for every rank they pass.

Invariant: elements (boxes, bends, labels) are numbered line by line; a line is one rank
of one connected part, and every stretch of a routed edge joins a line to the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backviz.diagrams.layout.layered_order import Lines
from backviz.diagrams.layout.layered_ranks import Floats, Ints, walk
from backviz.diagrams.layout.plan import Plan
from backviz.language import _

_BENDS = 20_000  # bends that are allowed in any drawing


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


def read(plan: Plan) -> Graph:
    """Turns names into numbers and the direction into sizes along and across."""
    index = {node.id: i for i, node in enumerate(plan.nodes)}
    if len(index) < len(plan.nodes):
        raise ValueError(_("Two nodes of the plan have the same id."))
    for edge in plan.edges:
        if edge.tail not in index or edge.head not in index:
            raise ValueError(_("Edge {id!r} joins a node that is not in the plan.", id=edge.id))
    tail = np.array([index[edge.tail] for edge in plan.edges], dtype=np.int64)
    head = np.array([index[edge.head] for edge in plan.edges], dtype=np.int64)
    boxes = np.array([(node.width, node.height) for node in plan.nodes], dtype=float)
    texts = np.array([(e.label_width, e.label_height) for e in plan.edges], dtype=float)
    along = 0 if plan.direction == "LR" else 1
    texts = texts.reshape(-1, 2)
    ordered = np.array([node.ordered for node in plan.nodes], dtype=np.bool_)
    box_u, box_v = boxes[:, along], boxes[:, 1 - along]
    return Graph(tail, head, box_u, box_v, texts[:, along], texts[:, 1 - along], ordered)


def make_mesh(graph: Graph, rank: Ints, host: Ints | None = None) -> Mesh:
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


def in_order(mesh: Mesh, pos: Ints) -> Ints:
    """The elements line by line, as they stand across the ranks."""
    at = np.empty(pos.size, dtype=np.int64)
    at[mesh.lines.start[mesh.lines.line] + pos] = np.arange(pos.size)
    return at
