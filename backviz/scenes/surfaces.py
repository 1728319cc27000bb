"""Loss surfaces: a height over every point of a plane, with slopes and curvatures from the engine.

Invariant: a surface is one function of recorded values that works entry by entry, so that
thousands of points are measured in one pass; no derivative is written by hand. What is
printed of a surface (formula, domain, minima) stands beside its function.

Sources: Jamil and Yang, "A literature survey of benchmark functions for global optimization
problems" (2013), and the papers that gave the functions their names.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backviz.autodiff.backward import gradients_of
from backviz.autodiff.recording import no_grad
from backviz.autodiff.value import Value
from backviz.ops import OPS
from backviz.registry import Registry
from backviz.scenes.artist import Array

Ends = tuple[float, float]
Point = tuple[float, float]
GRID = 121  # points along each side of a picture


@dataclass(frozen=True)
class Landscape:
    """A loss over the plane: `f(x, y)` of values that hold arrays (n,) of points.

    `x` and `y` are the ends of the domain that is shown, `start` is where a descent begins
    unless told otherwise. `minima` are those that the literature prints; `floor` is the
    loss in the lowest of them, and `None` where the surface has no lowest point.

    >>> bowl = Landscape("bowl", lambda x, y: x**2 + 3 * y**2, (-2, 2), (-1, 1), (1, 1))
    >>> losses, slopes = bowl.measured(np.array([[1.0, 1.0], [0.0, 2.0]]))
    >>> losses, slopes[1]
    (array([ 4., 12.]), array([ 0., 12.]))
    """

    name: str
    f: Callable[[Any, Any], Any]
    x: Ends
    y: Ends
    start: Point
    formula: str = ""
    minima: tuple[Point, ...] = ()
    floor: float | None = None

    @property
    def size(self) -> float:
        """The longer side of the domain."""
        return max(self.x[1] - self.x[0], self.y[1] - self.y[0])

    def heights(self, points: Array) -> Array:
        """The loss at points (..., 2); NaN or infinity where there is none."""
        flat = np.reshape(points, (-1, 2))
        with no_grad():
            x, y = (Value(np.ascontiguousarray(c)) for c in flat.T)
            made = self.f(x, y).data
        return np.array(made, dtype=np.float64).reshape(np.shape(points)[:-1])

    def measured(self, points: Array) -> tuple[Array, Array]:
        """The losses (n,) at points (n, 2) and the gradients (n, 2), by one backward pass.

        Where there is no finite height, there is no slope: NaN.
        """
        x, y = (Value(np.ascontiguousarray(c, dtype=float)) for c in np.asarray(points).T)
        out = self.f(x, y)
        losses = np.array(out.data)
        slopes = np.stack([_data(s) for s in gradients_of(out.sum(), (x, y))], axis=-1)
        slopes[~np.isfinite(losses)] = np.nan
        return losses, slopes

    def hessians(self, points: Array) -> Array:
        """The second derivatives (n, 2, 2) at points (n, 2), by backward passes of a gradient.

        >>> bowl = SURFACES["bowl"]
        >>> bowl.hessians(np.array([[-5.0, -2.0]]))[0]
        array([[0.2, 0. ],
               [0. , 4. ]])
        """
        x, y = (Value(np.ascontiguousarray(c, dtype=float)) for c in np.asarray(points).T)
        # a point's slope depends on that point alone: the sum over points keeps them apart
        first = gradients_of(self.f(x, y).sum(), (x, y), create_graph=True)
        rows = [[_data(second) for second in gradients_of(slope.sum(), (x, y))] for slope in first]
        return np.moveaxis(np.array(rows, dtype=np.float64), 2, 0)

    def curvatures(self, points: Array) -> Array:
        """The eigenvalues (n, 2) of the Hessians, the smaller one first; NaN where there are none.

        >>> SURFACES["bowl"].curvatures(np.array([[-5.0, -2.0]]))
        array([[0.2, 4. ]])
        """
        found = self.hessians(points)
        known = np.isfinite(found).all(axis=(1, 2))
        made = np.full(found.shape[:2], np.nan)
        made[known] = np.linalg.eigvalsh(found[known])
        return made

    @cached_property
    def grid(self) -> tuple[Array, Array, Array]:
        """The picture: x (GRID,), y (GRID,), and the losses (y, x)."""
        x, y = (np.linspace(*ends, GRID) for ends in (self.x, self.y))
        return x, y, self.heights(np.stack(np.meshgrid(x, y), axis=-1))

    def inside(self, points: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which of the points (..., 2) lie in the domain; NaN does not."""
        (x0, x1), (y0, y1) = self.x, self.y
        x, y = points[..., 0], points[..., 1]
        return np.asarray((x0 <= x) & (x <= x1) & (y0 <= y) & (y <= y1))


def _data(x: Any) -> Array:
    return np.asarray(x.data if isinstance(x, Value) else x)


SURFACES: Registry[Landscape] = Registry("surface")
_sin, _cos, _exp, _sqrt = OPS["sin"], OPS["cos"], OPS["exp"], OPS["sqrt"]
_sigmoid = OPS["sigmoid"]


def _beale(x: Any, y: Any) -> Any:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _goldstein_price(x: Any, y: Any) -> Any:
    near = 19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2
    far = 18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2
    return (1 + (x + y + 1) ** 2 * near) * (30 + (2 * x - 3 * y) ** 2 * far)


def _ackley(x: Any, y: Any) -> Any:
    cone = -20 * _exp(-0.2 * _sqrt(0.5 * (x**2 + y**2)))
    return cone - _exp(0.5 * (_cos(2 * math.pi * x) + _cos(2 * math.pi * y))) + math.e + 20


def _rastrigin(x: Any, y: Any) -> Any:
    waves = 10 * (_cos(2 * math.pi * x) + _cos(2 * math.pi * y))
    return 20 + x**2 + y**2 - waves


for _row in (
    Landscape(
        "bowl", lambda x, y: 0.1 * x**2 + 2 * y**2, (-6, 6), (-3, 3), (-5, -2),
        "0.1x² + 2y²", ((0, 0),), 0.0,
    ),
    Landscape(
        "ravine", lambda x, y: 0.5 * (x - 2 * y) ** 2 + 0.005 * (2 * x + y) ** 2, (-3, 3), (-2, 2),
        (-2.6, -0.3), "½(x − 2y)² + 0.005(2x + y)²", ((0, 0),), 0.0,
    ),
    Landscape(
        "rosenbrock", lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2, (-2, 2), (-1, 3),
        (-1.5, 2.0), "(1 − x)² + 100(y − x²)²", ((1, 1),), 0.0,
    ),
    Landscape(
        "beale", _beale, (-4.5, 4.5), (-4.5, 4.5), (1.0, 1.5),
        "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²", ((3, 0.5),), 0.0,
    ),
    Landscape(
        "himmelblau", lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2, (-5, 5), (-5, 5),
        (-0.5, -1.0), "(x² + y − 11)² + (x + y² − 7)²",
        ((3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)), 0.0,
    ),
    Landscape(
        "booth", lambda x, y: (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2, (-10, 10), (-10, 10),
        (-8, -6), "(x + 2y − 7)² + (2x + y − 5)²", ((1, 3),), 0.0,
    ),
    Landscape(
        "matyas", lambda x, y: 0.26 * (x**2 + y**2) - 0.48 * x * y, (-10, 10), (-10, 10), (-8, 4),
        "0.26(x² + y²) − 0.48xy", ((0, 0),), 0.0,
    ),
    Landscape(
        "three_hump", lambda x, y: 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2, (-5, 5),
        (-5, 5), (-3, 4), "2x² − 1.05x⁴ + x⁶/6 + xy + y²",
        ((0, 0), (-1.747552, 0.873776), (1.747552, -0.873776)), 0.0,
    ),
    Landscape(
        "six_hump",
        lambda x, y: (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (-4 + 4 * y**2) * y**2,
        (-3, 3), (-2, 2), (-1.5, 1.3), "(4 − 2.1x² + x⁴/3)x² + xy + (−4 + 4y²)y²",
        ((0.089842, -0.712656), (-0.089842, 0.712656)), -1.031628,
    ),
    Landscape(
        "goldstein_price", _goldstein_price, (-2, 2), (-2, 2), (-1.5, 0.5),
        "[1 + (x+y+1)²(19−14x+3x²−14y+6xy+3y²)] · [30 + (2x−3y)²(18−32x+12x²+48y−36xy+27y²)]",
        ((0, -1),), 3.0,
    ),
    Landscape(
        "mccormick", lambda x, y: _sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1, (-1.5, 4),
        (-3, 4), (3.0, 0.0), "sin(x + y) + (x − y)² − 1.5x + 2.5y + 1",
        ((-0.547198, -1.547198),), -1.913223,
    ),
    Landscape(
        "styblinski_tang",
        lambda x, y: 0.5 * (x**4 - 16 * x**2 + 5 * x + y**4 - 16 * y**2 + 5 * y), (-5, 5), (-5, 5),
        (0.5, -0.5), "½(x⁴ − 16x² + 5x + y⁴ − 16y² + 5y)", ((-2.903534, -2.903534),), -78.332331,
    ),
    Landscape(
        "rastrigin", _rastrigin, (-5.12, 5.12), (-5.12, 5.12), (-3.3, 2.6),
        "20 + x² + y² − 10cos 2πx − 10cos 2πy", ((0, 0),), 0.0,
    ),
    Landscape(
        "ackley", _ackley, (-5, 5), (-5, 5), (-3.3, 2.6),
        "−20e^(−0.2√(½(x² + y²))) − e^(½(cos 2πx + cos 2πy)) + e + 20", ((0, 0),), 0.0,
    ),
    Landscape(
        "plateau",
        lambda x, y: 0.3 * y**2 + _sigmoid(-3 * (x + 3)) + 1 - _exp(-0.5 * (x - 3) ** 2),
        (-5, 5), (-3, 3), (-3.6, 1.5), "0.3y² + σ(−3(x + 3)) + 1 − e^(−½(x − 3)²)", ((3, 0),), 0.0,
    ),
    Landscape(
        "saddle", lambda x, y: x**2 - y**2, (-3, 3), (-3, 3), (-2.5, 0.01), "x² − y²",
    ),
    Landscape(
        "monkey", lambda x, y: x**3 - 3 * x * y**2, (-3, 3), (-3, 3), (2.5, 0.01), "x³ − 3xy²",
    ),
):  # fmt: skip
    SURFACES.add(_row.name, _row)
