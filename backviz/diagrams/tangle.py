"""What a reader stumbles over in a layout, counted: so that of two layouts the better is taken.

Crossings of arrows and labels under foreign lines come first, operands out of the order in
which they were written second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise

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
    if len(curves) > MOST_CURVES:
        return []
    lines = {name: _line(np.array(curve, dtype=float)) for name, curve in curves.items()}
    spans = {name: (*line.min(axis=0), *line.max(axis=0)) for name, line in lines.items()}
    found = []
    for one, other in combinations(lines, 2):
        a, b = spans[one], spans[other]
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
            found += [(one, other)] * _meet(lines[one], lines[other])
    return found


def _line(points: np.ndarray) -> np.ndarray:
    starts = np.arange(0, len(points) - 1, 3)
    return np.asarray((_COARSE @ points[starts[:, None] + np.arange(4)]).reshape(-1, 2))


def _meet(one: np.ndarray, other: np.ndarray) -> int:
    """In how many places two chains of straight pieces cross."""
    a, b, c, d = one[:-1, None], one[1:, None], other[None, :-1], other[None, 1:]

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        along, away = q - p, r - p
        return np.asarray(along[..., 0] * away[..., 1] - along[..., 1] * away[..., 0])

    apart = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return int(apart.sum())


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
