"""Arrow labels kept off the lines of other arrows.

A layout engine places a label beside its own curve and may lead other curves through it.
Such a label moves along its own curve, or to the curve's other side, to the nearest place
that is free. Invariant: a label that no other line crosses stays where it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from backviz.diagrams.arrows import APART, LINE_WIDTH, Frame, Points
from backviz.diagrams.boxes import EM
from backviz.diagrams.clearance import sampled
from backviz.diagrams.layout import Point

STEP = 3.0  # points between the places on a curve that are looked at
AIR = LINE_WIDTH / 2 + 0.8  # between a text and what it must not touch
CLEAR = 0.5 * EM
FURTHER = 0.35 * EM  # where there is no room next to the curve
ENDS = 0.1  # of a curve, at each end: a label there would not be read as the curve's
MOST_LABELS = 1_500  # labels; in a larger picture no one reads them
MOST_PLACES = 1_000_000  # on all curves
MOST_TRIES = 10_000  # places that are looked at, for all labels together
FEWEST_TRIES = 60  # of them, for each label
Size = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """An arrow's curve as places at equal steps, the unit vectors to its right, its own lines."""

    on: np.ndarray
    across: np.ndarray
    drawn: np.ndarray  # the places of all lines that are drawn, one after another


def line(curve: Points, aside: float, double: bool) -> Line:
    """The line of a curve that is drawn `aside` to its right, as two lines or as one."""
    on, across = _even(*sampled(np.array(curve, dtype=float)))
    on = on + across * aside
    drawn = np.concatenate([on - across * APART, on + across * APART]) if double else on
    return Line(on, across, drawn)


class _Crowd:
    """The places of all lines in the order of x, so that few are looked at for a rectangle."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self._numbers = {name: i for i, name in enumerate(lines)}
        sizes = [len(each.drawn) for each in lines.values()]
        points = np.concatenate([each.drawn for each in lines.values()])
        order = np.argsort(points[:, 0], kind="stable")
        self._x, self._y = points[order].T
        self._owner = np.repeat(np.arange(len(sizes)), sizes)[order]

    def strikes(self, rect: np.ndarray, name: str, own: bool = False) -> bool:
        """Whether a line of another arrow, or the arrow's own, runs through the rectangle."""
        left, top, right, bottom = rect
        run = slice(*np.searchsorted(self._x, (left, right)))
        y, mine = self._y[run], self._owner[run] == self._numbers[name]
        return bool(((y > top) & (y < bottom) & (mine if own else ~mine)).any())


def free_labels(
    centers: Mapping[str, Point],
    sizes: Mapping[str, Size],
    curves: Mapping[str, Points],
    drawn: Mapping[str, tuple[float, bool]],
    frames: Mapping[str, Frame],
    page: Frame,
) -> dict[str, Point]:
    """The centres of all labels; those that another arrow's line crosses are moved.

    `drawn` says of each curve how far aside it is drawn, and whether as two lines. The work
    is bounded: where arrows are so many or so long that no one can follow them (a value with
    hundreds of readers, far apart), the labels stay where they are.

    >>> across = (0.0, 0.0), (30.0, 0.0), (60.0, 0.0), (90.0, 0.0)
    >>> down = (45.0, -40.0), (45.0, -20.0), (45.0, 20.0), (45.0, 40.0)
    >>> curves, drawn = {"e": across, "f": down}, dict.fromkeys("ef", (0.0, False))
    >>> centers, sizes = {"e": (45.0, -10.0)}, {"e": (8.0, 5.0)}
    >>> found = free_labels(centers, sizes, curves, drawn, {}, (-9.0, -50.0, 99.0, 50.0))
    >>> abs(found["e"][0] - 45) > 8
    True
    """
    if not 0 < len(centers) <= MOST_LABELS or _places(curves) > MOST_PLACES:
        return dict(centers)
    lines = {name: line(curve, *drawn[name]) for name, curve in curves.items()}
    crowd = _Crowd(lines)
    halves = {name: np.array(sizes[name]) for name in centers}
    struck = [n for n, at in centers.items() if crowd.strikes(_around(at, halves[n], 0.0), n)]
    each = max(FEWEST_TRIES, MOST_TRIES // max(len(struck), 1))
    # boxes, then all labels in their order; a label that is moved takes its new place
    taken = np.array(
        [*frames.values(), *(_around(at, halves[n], AIR) for n, at in centers.items())]
    ).reshape(-1, 4)
    rows = {name: len(frames) + i for i, name in enumerate(centers)}
    places = dict(centers)
    for name in struck:
        others = np.delete(taken, rows[name], axis=0)
        tried = _candidates(lines[name], centers[name], halves[name])[:each]
        free = [at for at in tried if _is_free(_around(at, halves[name], AIR), others, page)]
        found = (
            at
            for clear in (CLEAR, AIR)  # of other lines: close to one it would be read as that one's
            for at in free
            if not crowd.strikes(_around(at, halves[name], AIR), name, own=True)
            and not crowd.strikes(_around(at, halves[name], clear), name)
        )
        places[name] = next(found, centers[name])
        taken[rows[name]] = _around(places[name], halves[name], AIR)
    return places


def struck(
    centers: Mapping[str, Point],
    sizes: Mapping[str, Size],
    curves: Mapping[str, Points],
    drawn: Mapping[str, tuple[float, bool]],
) -> list[str]:
    """The labels that the line of another arrow runs through."""
    if not 0 < len(centers) <= MOST_LABELS or _places(curves) > MOST_PLACES:
        return []
    crowd = _Crowd({name: line(curve, *drawn[name]) for name, curve in curves.items()})
    return [n for n, at in centers.items() if crowd.strikes(_around(at, np.array(sizes[n]), 0), n)]


def _places(curves: Mapping[str, Points]) -> float:
    """How many places the lines of these curves have, about: by their control points."""
    return sum(math.dist(a, b) for c in curves.values() for a, b in pairwise(c)) / STEP


def _candidates(own: Line, center: Point, half: np.ndarray) -> list[Point]:
    """Places beside the own curve, on both sides, the nearest to the present one first."""
    few = round(len(own.on) * ENDS)
    on, across = own.on[few : len(own.on) - few], own.across[few : len(own.on) - few]
    reach = (np.abs(across) @ half + APART + 2 * AIR)[:, None]
    away = (reach, reach + FURTHER, -reach, -reach - FURTHER)
    places = np.concatenate([on + across * far for far in away])
    order = np.argsort(np.hypot(*(places - center).T), kind="stable")
    return [(float(x), float(y)) for x, y in places[order[:MOST_TRIES]]]


def _around(center: Point, half: np.ndarray, air: float) -> np.ndarray:
    middle = np.array(center)
    return np.concatenate([middle - half - air, middle + half + air])


def _is_free(rect: np.ndarray, taken: np.ndarray, page: Frame) -> bool:
    """Whether a rectangle is on the page and overlaps none of those that are taken."""
    inside = (rect[:2] >= page[:2]).all() and (rect[2:] <= page[2:]).all()
    apart = (taken[:, :2] >= rect[2:]).any(axis=1) | (taken[:, 2:] <= rect[:2]).any(axis=1)
    return bool(inside and apart.all())


def _even(on: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same chain of points at equal steps, with the vectors there."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(on, axis=0).T))])
    at = np.linspace(0.0, along[-1], max(2, round(along[-1] / STEP) + 1))
    places, vectors = (
        np.column_stack([np.interp(at, along, column) for column in what.T])
        for what in (on, across)
    )
    length = np.hypot(*vectors.T)[:, None]
    return places, vectors / np.where(length > 0, length, 1.0)
