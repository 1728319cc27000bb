"""Arrows kept off the boxes that they pass.

A layout engine leaves room for one line; an arrow is drawn as two, beside that line.
Where one of them would touch a box that is not its own, both move to the other side.
Invariant: an arrow that passes no box closely stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from backviz.diagrams.arrows import APART, LINE_WIDTH, Frame, Points

ENOUGH = LINE_WIDTH / 2 + 1.0  # between the middle of a line and a box
HALF = APART / 2
MOVES = (0, 1, -1, 2, -2, 3, -3)  # in halves of APART, the least move first
REACH = 2.5 * APART + ENOUGH  # of the line that moves furthest
OFFSETS = np.arange(-5, 6)  # of all the lines that these moves draw
_T = np.linspace(0.0, 1.0, 17)[:, None]
_U = 1 - _T
POINTS = np.hstack((_U**3, 3 * _U * _U * _T, 3 * _U * _T * _T, _T**3))  # Bernstein's polynomials
SLOPES = np.hstack((-_U * _U, _U * _U - 2 * _U * _T, 2 * _U * _T - _T * _T, _T * _T))
MOST_BOXES = 1_000  # in a larger picture no one sees it


def sideways(
    curves: Mapping[str, Points], ends: Mapping[str, tuple[str, str]], frames: Mapping[str, Frame]
) -> dict[str, float]:
    """How far the two lines of each arrow move to the right of its direction, where they have to.

    >>> curve = ((0.0, 0.0), (30.0, 0.0), (60.0, 0.0), (90.0, 0.0))
    >>> above = {"a": (-9, -9, 0, 9), "b": (90, -9, 99, 9), "c": (30, -20, 60, -2)}
    >>> sideways({"e": curve}, {"e": ("a", "b")}, above)["e"] > 0
    True
    """
    moves = ((arrow, _least_move(*passed)) for arrow, *passed in _passing(curves, ends, frames))
    return {arrow: move for arrow, move in moves if move}


def touching(
    curves: Mapping[str, Points],
    drawn: Mapping[str, tuple[float, bool]],
    ends: Mapping[str, tuple[str, str]],
    frames: Mapping[str, Frame],
) -> list[str]:
    """The arrows that run on or under a box that is not their own, drawn as `drawn` says.

    That is how far aside of the curve, and whether as two lines.
    """
    found = []
    for arrow, points, boxes in _passing(curves, ends, frames):
        aside, double = drawn[arrow]
        on, across = sampled(points)
        sides = (aside - APART, aside + APART) if double else (aside,)
        lines = np.concatenate([on + across * side for side in sides])
        if _distances(lines, boxes).min() < LINE_WIDTH / 2:
            found.append(arrow)
    return found


def _passing(
    curves: Mapping[str, Points], ends: Mapping[str, tuple[str, str]], frames: Mapping[str, Frame]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each arrow that may pass boxes that are not its own: its points, and those boxes."""
    if len(frames) > MOST_BOXES:
        return
    names = list(frames)
    boxes = np.array([frames[name] for name in names], dtype=float).reshape(-1, 4)
    for arrow, curve in curves.items():
        points = np.array(curve)
        low, high = points.min(axis=0) - REACH, points.max(axis=0) + REACH
        near = (boxes[:, :2] < high).all(axis=1) & (boxes[:, 2:] > low).all(axis=1)
        passed = [i for i in np.flatnonzero(near) if names[i] not in ends[arrow]]
        if passed:
            yield arrow, points, boxes[passed]


def _least_move(points: np.ndarray, boxes: np.ndarray) -> float:
    """The smallest move that is enough, else the one that leaves most room."""
    middle, across = sampled(points)
    away = _distances(middle, boxes).min(axis=0)
    if away.min() >= APART + ENOUGH:
        return 0.0
    near = boxes[away < REACH]
    lines = middle + across * (OFFSETS[:, None, None] * HALF)
    rooms = _distances(lines, near).min(axis=(1, 2))
    room = {move: float(min(rooms[5 + move - 2], rooms[5 + move + 2])) for move in MOVES}
    best = next((move for move in MOVES if room[move] >= ENOUGH), max(room, key=room.__getitem__))
    return best * HALF


def sampled(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points on a chain of Bézier pieces, and at each the unit vector to the right."""
    starts = np.arange(0, len(points) - 1, 3)
    pieces = points[starts[:, None] + np.arange(4)]
    on, along = (POINTS @ pieces).reshape(-1, 2), (SLOPES @ pieces).reshape(-1, 2)
    length = np.hypot(along[:, 0], along[:, 1])[:, None]
    along = along / np.where(length > 0, length, 1.0)
    return on, np.column_stack((-along[:, 1], along[:, 0]))


def _distances(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """From each point to each box; below 0 inside of it."""
    x, y = points[..., 0, None], points[..., 1, None]
    left, top, right, bottom = boxes.T
    away: np.ndarray = np.maximum(np.maximum(left - x, x - right), np.maximum(top - y, y - bottom))
    return away
