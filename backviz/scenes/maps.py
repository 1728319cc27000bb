"""Artists that cover a panel: a matrix of colours, contour lines, a surface.

Invariant: row 0 of a matrix stands at the lower end of y, and a colour scale has limits of
its own that do not move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.scenes.artist import Artist


@dataclass(frozen=True, slots=True, eq=False)
class Heat(Artist):
    """A matrix of colours: `values` (rows, columns), row 0 at the lower end of y.

    `x` and `y` are the ends of the axes that the outer edges of the matrix stand at;
    `limits` are the values at the ends of the colour scale, printed beside it with `label`.
    `map` "diverging" is centred at 0 and wants limits (−a, a); NaN is shown as empty. With
    `names` the values are 1, 2 … and the scale has a field for each name and for nothing else;
    then the map may be "series", which has the colours of lines 0, 1 … Without `scale` there is
    none: another map in the film has it.

    >>> Heat("g", [[0.0, 1.0]], x=(0, 2), y=(0, 1), limits=(-1, 1)).values.shape
    (1, 2)
    """

    arrays: ClassVar = ("values",)

    values: Any
    x: tuple[float, float]
    y: tuple[float, float]
    limits: tuple[float, float]
    label: str = ""
    map: Literal["diverging", "sequential", "series"] = "diverging"
    names: Sequence[str] = ()
    scale: bool = True

    def __post_init__(self) -> None:
        Artist.__post_init__(self)
        if self.values.ndim != 2:
            raise ShapeError(
                _("Heat {key!r} needs a matrix; it got {shape}", key=self.key,
                  shape=self.values.shape)
            )  # fmt: skip
        low, high = self.limits
        if not low < high or (self.map == "diverging" and not np.isclose(low, -high)):
            raise InputError(
                _(
                    "Heat {key!r}: limits {limits} do not fit a {map} map; use {wanted}",
                    key=self.key,
                    limits=self.limits,
                    map=self.map,
                    wanted="(−a, a)" if self.map == "diverging" else "low < high",
                )
            )


@dataclass(frozen=True, slots=True, eq=False)
class Contours(Artist):
    """Contour lines of `z` (ny, nx) over `x` (nx,) and `y` (ny,), filled softly; drawn once.

    `levels` are the heights in rising order, the colour follows their rank, so that a
    logarithmic choice shows a deep valley. Give it to the panel as static.
    """

    arrays: ClassVar = ("x", "y", "z", "levels")

    x: Any
    y: Any
    z: Any
    levels: Any
    filled: bool = True

    def __post_init__(self) -> None:
        Artist.__post_init__(self)
        if self.z.shape != (self.y.size, self.x.size):
            raise ShapeError(_no_grid(self))


@dataclass(frozen=True, slots=True, eq=False)
class Surface(Artist):
    """A surface `z` (ny, nx) over `x` (nx,) and `y` (ny,) in a panel with a z axis; drawn once."""

    arrays: ClassVar = ("x", "y", "z")

    x: Any
    y: Any
    z: Any

    def __post_init__(self) -> None:
        Artist.__post_init__(self)
        if self.z.shape != (self.y.size, self.x.size):
            raise ShapeError(_no_grid(self))


def _no_grid(made: Contours | Surface) -> str:
    return _(
        "{kind} {key!r} needs z of shape (y, x) = {wanted}; it got {shape}",
        kind=type(made).__name__,
        key=made.key,
        wanted=(made.y.size, made.x.size),
        shape=made.z.shape,
    )
