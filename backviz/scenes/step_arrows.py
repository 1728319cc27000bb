"""The parts of an optimizer's step as arrows at a point: directions, drawn at fixed lengths.

Invariant: an arrow shows a direction in the picture and no size, for gradients of one descent lie
many powers of ten apart; what has no direction has no arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_
from backviz.scenes.artist import Array, Artist, Color
from backviz.scenes.artists import Arrows
from backviz.scenes.surfaces import Landscape
from backviz.words import Words

MEMORY = ("m̂", "b", "m")  # what is kept of gradients, the first that an optimizer has
SQUARES = ("v̂", "v", "s")  # what is kept of their squares


def pointed(land: Landscape, spot: Array, vector: Array, long: float) -> tuple[Array, Array]:
    """Start and move (n, 2) of an arrow so many sides long; n is 0 where there is no direction.

    >>> from backviz.scenes.surfaces import SURFACES
    >>> pointed(SURFACES["bowl"], np.zeros(2), np.array([7.0, 0.0]), 0.25)[1]
    array([[3., 0.]])
    """
    size = np.array((land.x[1] - land.x[0], land.y[1] - land.y[0]))
    length = float(quietly(np.hypot, *(vector / size)))
    if not (np.isfinite(spot).all() and np.isfinite(length) and length > 0):
        return np.zeros((0, 2)), np.zeros((0, 2))
    return spot[None], (vector * (long / length))[None]


def _names(terms: Mapping[str, Array]) -> tuple[str, str]:
    """What is kept of gradients and of their squares, by name; "" if nothing is."""
    memory, squares = (next((n for n in kept if n in terms), "") for kept in (MEMORY, SQUARES))
    return memory, squares


def about_parts(terms: Mapping[str, Array]) -> list[str]:
    """What the arrows are, a line for each that the optimizer has.

    >>> [str(line) for line in about_parts({"g": np.zeros(2), "b": np.zeros(2)})]
    ['−g: against the gradient', '−b: against the sum that is kept of it']
    """
    memory, squares = _names(terms)
    made: list[str] = [N_("−g: against the gradient")]
    if memory == "b":
        made.append(N_("−b: against the sum that is kept of it"))
    elif memory:
        made.append(Words("−{m}: against its mean", m=memory))
    if squares:
        made.append(Words("√{v}: root of its squares, by axis", v=squares))
    return made


def parts_in_space(
    land: Landscape, spot: Array, terms: Mapping[str, Array], height: Callable[[Array], Array]
) -> tuple[Artist, ...]:
    """Arrows on the surface: against the gradient, against its mean, and the root of its squares.

    The squares have an arrow along each axis; the longer one is the axis that is divided by more.
    """
    memory, squares = _names(terms)
    made = []
    for key, label, color, arrows in (
        (
            "squares",
            f"√{squares}",
            "ink",
            _sides(land, spot, np.sqrt(terms.get(squares, np.zeros(2)))),
        ),
        (
            "memory",
            f"−{memory}",
            "forward",
            [pointed(land, spot, -terms.get(memory, np.zeros(2)), 0.18)],
        ),
        ("gradient", "−g", "gradient", [pointed(land, spot, -terms["g"], 0.28)]),
    ):
        starts, moves = (np.concatenate(each) for each in zip(*arrows, strict=True))
        made.append(_on_ground(land, key, label, color, starts, moves, height))
    return tuple(made)


def _sides(land: Landscape, spot: Array, roots: Array) -> list[tuple[Array, Array]]:
    """An arrow along each axis, the longer of them a fifth of the picture."""
    if not (np.isfinite(roots).all() and roots.max() > 0):
        return [(np.zeros((0, 2)), np.zeros((0, 2)))]
    shares = 0.2 * roots / roots.max()
    return [
        pointed(land, spot, axis * _inwards(land, spot), float(share))
        for axis, share in zip(np.eye(2), shares, strict=True)
    ]


def _inwards(land: Landscape, spot: Array) -> Array:
    """The signs with which an arrow stays on the ground."""
    middle = np.array((sum(land.x) / 2, sum(land.y) / 2))
    return np.where(spot > middle, -1.0, 1.0)


def _on_ground(
    land: Landscape, key: str, label: str, color: Color, starts: Array, moves: Array,
    height: Callable[[Array], Array],
) -> Arrows:  # fmt: skip
    """Arrows that begin and end on the surface, as far as the ground goes."""
    low, high = np.array((land.x, land.y)).T
    known = land.inside(starts)
    starts, ends = starts[known], np.clip(starts + moves, low, high)[known]
    z, top = height(starts), height(ends)
    (x, y), (dx, dy) = starts.T, (ends - starts).T
    wide = 5.0 if color == "forward" else 3.0
    return Arrows(key, x, y, dx, dy, label, color, wide, z, top - z)
