"""What a reader stumbles over in a layout, counted: so that of two layouts the better is taken.

Crossings of arrows and labels under foreign lines come first, operands out of the order in
which they were written second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from backviz.diagrams.arrows import Points
from backviz.diagrams.clearance import POINTS
from backviz.diagrams.layout import Edge

_COARSE = POINTS[::4]  # of a piece; enough to see what it crosses
MOST_CURVES = 400  # in a larger picture no one follows an arrow


def crossing(curves: Mapping[str, Points]) -> list[tuple[str, str]]:
    """The pairs of curves that cross, once for each place where they do.

    >>> flat = (0.0, 5.0), (3.0, 5.0), (6.0, 5.0), (9.0, 5.0)
    >>> steep = (5.0, 0.0), (5.0, 3.0), (5.0, 6.0), (5.0, 9.0)
    >>> crossing({"a": flat, "b": steep})
    [('a', 'b')]
    """
    if not 1 < len(curves) <= MOST_CURVES:
        return []
    names = list(curves)
    lines = [_line(np.array(curve, dtype=float)) for curve in curves.values()]
    owner = np.repeat(np.arange(len(lines)), [len(line) - 1 for line in lines])
    start, end = np.concatenate([li[:-1] for li in lines]), np.concatenate([li[1:] for li in lines])
    low, high = np.minimum(start, end), np.maximum(start, end)
    near = owner[:, None] < owner
    for axis in (0, 1):
        near &= low[:, None, axis] < high[:, axis]
        near &= high[:, None, axis] > low[:, axis]
    one, other = near.nonzero()
    met = _meet(start[one], end[one], start[other], end[other])
    pairs = zip(owner[one[met]].tolist(), owner[other[met]].tolist(), strict=True)
    return [(names[i], names[j]) for i, j in pairs]


def _line(points: np.ndarray) -> np.ndarray:
    """A chain of straight pieces, four for each Bézier piece."""
    starts = np.arange(0, len(points) - 1, 3)
    pieces = points[starts[:, None] + np.arange(4)]
    return np.concatenate([(_COARSE[:-1] @ pieces).reshape(-1, 2), points[-1:]])


def _meet(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Which straight pieces from a to b cross those from c to d."""

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        along, away = q - p, r - p
        return np.asarray(along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0])

    apart = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return np.asarray(apart)


def out_of_order(edges: Sequence[Edge], curves: Mapping[str, Points], axis: int) -> list[str]:
    """The heads of neighbouring operands that arrive in another order than they are written.

    >>> up, down = ((0.0, 0.0),) * 4, ((0.0, 9.0),) * 4
    >>> operands = Edge("e", "w", "w·x"), Edge("f", "x", "w·x")
    >>> out_of_order(operands, {"e": up, "f": down}, 1)
    []
    >>> out_of_order(operands, {"e": down, "f": up}, 1)
    ['w·x']
    """
    into: dict[str, list[Edge]] = {}
    for edge in edges:
        into.setdefault(edge.head, []).append(edge)
    return [
        head
        for head, operands in into.items()
        for one, other in pairwise(operands)
        if one.tail != other.tail
        and _arrival(curves[one.id], axis) > _arrival(curves[other.id], axis)
    ]


def _arrival(curve: Points, axis: int) -> tuple[float, float]:
    """Where a curve meets its head; at the same place, where it comes from."""
    return round(curve[-1][axis], 1), curve[-2][axis]
