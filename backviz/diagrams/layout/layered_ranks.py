"""Chooses each node's rank: as late as possible, and its edges short.

Invariant: every edge leads to a higher rank; a node without inputs stands one rank
before its first consumer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backviz.language import _

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_RANK_SWEEPS = 3  # later ones find little to move
_GROUP = 12  # the most nodes that change their rank together
_CROWD = 200  # a node with more neighbours ahead is not pushed by others, to save time


def ranks(
    tail: Ints, head: Ints, names: list[str], back: frozenset[int] = frozenset()
) -> tuple[Ints, Ints]:
    """Gives each node its rank, as late as possible, and its depth, as early as possible.

    The nodes in `back` stand a rank further back, if they have no inputs.
    """
    count = len(names)
    ins: list[list[int]] = [[] for _other in range(count)]
    outs: list[list[int]] = [[] for _other in range(count)]
    for t, h in zip(tail.tolist(), head.tolist(), strict=True):
        ins[h].append(t)
        outs[t].append(h)
    waiting = [len(tails) for tails in ins]
    order = [v for v in range(count) if not waiting[v]]
    depth = [0] * count
    for v in order:  # grows while it is read
        for h in outs[v]:
            depth[h] = max(depth[h], depth[v] + 1)
            waiting[h] -= 1
            if not waiting[h]:
                order.append(h)
    if len(order) < count:
        v = next(v for v in range(count) if waiting[v])
        for _other in range(count):  # walking back long enough ends up on the cycle
            v = next(t for t in ins[v] if waiting[t])
        raise ValueError(
            _(
                "The graph has a cycle through node {names!r}; a layered layout needs a "
                "graph without cycles.",
                names=names[v],
            )
        )
    rank = list(depth)
    for v in reversed(order):
        if outs[v]:
            rank[v] = min(rank[h] for h in outs[v]) - 1
    for _other in range(_RANK_SWEEPS):
        moved = _shift(order, ins, outs, rank, -1)
        moved += _shift(order[::-1], outs, ins, rank, 1)
        if not moved:
            break
    for v in order:
        if outs[v] and not ins[v]:
            rank[v] = min(rank[h] for h in outs[v]) - 1 - (v in back)
    lowest = min(rank)
    rank = [r - lowest for r in rank]
    return np.array(rank, dtype=np.int64), np.array(depth, dtype=np.int64)


def _shift(
    order: list[int], ahead: list[list[int]], behind: list[list[int]], rank: list[int], sign: int
) -> int:
    """Moves small groups of nodes forward by `sign` where that shortens their edges.

    A group is a node with all that it pushes: what is ahead of it at distance one.
    """
    moves = 0
    for v in order:
        group, gain = [v], 0
        for x in group:  # grows while it is read
            gain += len(ahead[x]) - len(behind[x])
            near = rank[x] + sign
            for y in ahead[x]:
                if rank[y] == near and y not in group:
                    group.append(y)
            if len(group) > _GROUP or (x != v and len(ahead[x]) > _CROWD):
                gain = 0
                break
        if gain <= 0:
            continue
        free = [sign * (rank[y] - rank[x]) for x in group for y in ahead[x] if y not in group]
        if free:
            moves += 1
            for x in group:
                rank[x] += sign * (min(free) - 1)
    return moves


def walk(starts: list[int], near: Ints, far: Ints, count: int) -> tuple[Ints, Ints, Ints]:
    """Numbers nodes and edges in the order of a depth-first walk from `near` to `far`.

    The third answer is the start from which each node was reached first.
    """
    leaving: list[list[int]] = [[] for _other in range(count)]
    for e, n in enumerate(near.tolist()):
        leaving[n].append(e)
    goal = far.tolist()
    node_turn, edge_turn, root = [-1] * count, [0] * len(goal), [-1] * count
    clock = 0
    for start in starts:
        if node_turn[start] >= 0:
            continue
        node_turn[start], root[start] = clock, start
        clock += 1
        stack = leaving[start][::-1]
        while stack:
            e = stack.pop()
            v = goal[e]
            edge_turn[e] = clock
            clock += 1
            if node_turn[v] < 0:
                node_turn[v], root[v] = clock, start
                clock += 1
                stack.extend(reversed(leaving[v]))
    as_array = [np.array(x, dtype=np.int64) for x in (node_turn, edge_turn, root)]
    return as_array[0], as_array[1], as_array[2]
