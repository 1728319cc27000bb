"""Surfaces, points and domains from the text that a person types, each checked with one sentence.

Invariant: an expression goes through the allow-list of `sources.expression` and is recorded
once; what is measured later is that record, run again on arrays of points. Python never
evaluates any of it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from backviz.autodiff.backward import tape
from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.value import Value
from backviz.errors import InputError, UsageError
from backviz.language import N_, _, ngettext
from backviz.registry import unknown
from backviz.scenes.artist import Array
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Kind
from backviz.scenes.surfaces import SURFACES, Ends, Landscape, Point
from backviz.sources import record_expression
from backviz.text import clean

AUTO = "auto"
HIGHEST = 1e200  # that contour lines are computed for
NARROW = 1e-4  # of the largest number in it, so that ticks stay short
HALF = 3.0  # of the side of the square that an expression is shown on
PROBE = 0.7390851332151607  # where it is recorded; no kink of anything that people write


def numbers_in(text: str, what: str, example: str) -> tuple[float, ...]:
    """As many finite numbers as the example has, separated by commas.

    >>> numbers_in("-5, −2", "start", "1,2")
    (-5.0, -2.0)
    """
    many = example.count(",") + 1
    parts = text.replace("−", "-").split(",")
    try:
        found = tuple(float(part) for part in parts)
    except ValueError:
        found = ()
    if len(found) != many or not np.isfinite(found).all():
        raise UsageError(
            ngettext(
                "{what} {text!r} does not work; write a number, such as {example}",
                "{what} {text!r} does not work; write {n} numbers with commas, such as {example}",
                many,
                what=what,
                text=text,
                example=example,
            )
        )
    return found


def surface_names() -> list[str]:
    """What a surface may be called in a text."""
    return [*SURFACES, "network"]


@dataclass(frozen=True, slots=True)
class Ground:
    """A surface that a text names, before it is known on which domain."""

    text: str

    def on(self, ends: tuple[Ends, Ends] | None) -> Landscape:
        """The surface on a domain; `None` stands for its own."""
        return surface_of(self.text, ends)


def _ground(_option: str, text: str) -> Ground:
    name = text.strip()
    if name not in SURFACES and not _is_expression(name):
        raise UsageError(unknown(N_("surface"), clean(name, 40), surface_names()))
    return Ground(name)


def _is_expression(text: str) -> bool:
    return text in ("x", "y", "network") or bool(text and not re.fullmatch(r"[A-Za-z_]\w*", text))


def read_domain(name: str, text: str) -> tuple[Ends, Ends] | None:
    """The ends of x and y from "x from,x to,y from,y to"; `None` for auto.

    >>> read_domain("domain", "-2,2,-1,3")
    ((-2.0, 2.0), (-1.0, 3.0))
    """
    return None if text.strip() in ("", AUTO) else _domain(name, text)


def read_point(name: str, text: str) -> Point | None:
    """The point "x,y"; `None` for auto.

    >>> read_point("start", " -1, 2")
    (-1.0, 2.0)
    """
    if text.strip() in ("", AUTO):
        return None
    x, y = numbers_in(text, name, "-1.5,2")
    return x, y


SurfaceName = Annotated[Ground, Kind("surface", "NAME", _ground, surface_names)]
Domain = Annotated[tuple[Ends, Ends] | None, Kind("domain", "X,X,Y,Y", read_domain)]
Start = Annotated[Point | None, Kind("point", "X,Y", read_point)]


def surface_of(text: str, ends: tuple[Ends, Ends] | None = None) -> Landscape:
    """A surface by its name, "network", or the expression in x and y; perhaps on another domain.

    Minima that nobody has printed are looked for. Raises `UsageError` for an unknown name and
    `InputError` for what is no expression.

    >>> surface_of("x**2 + 3*y**2").minima
    ((0.0, 0.0),)
    >>> surface_of("rosenbruck")
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: unknown surface 'rosenbruck'; did you mean 'rosenbrock'?
    """
    name = _ground("surface", text).text
    if name in SURFACES:
        return _moved(SURFACES[name], ends)
    if name == "network":
        from backviz.scenes.network_plane import network

        return _moved(network().landscape, ends)
    return typed(name, *(ends or ((-HALF, HALF), (-HALF, HALF))))


def typed(text: str, x: Ends, y: Ends) -> Landscape:
    """The surface of an expression in x and y.

    >>> typed("sin(x)*cos(y)", (-3, 3), (-3, 3)).heights(np.array([0.5 * math.pi, 0.0]))
    array(1.)
    """
    out = _recorded(text)
    leaves = {leaf.label: leaf for leaf in leaves_of(out)}
    used = [name for name in ("x", "y") if name in leaves]
    if not used:
        raise InputError(
            _("the surface {text!r} has no x and no y in it, so it is flat", text=text)
        )
    for value in tape(out):
        if value.op is not None and not value.op.elementwise:
            raise InputError(
                _(
                    "{op} works on whole arrays, but a surface is made of ops that take one "
                    "number at a point; use +, *, **, sin, exp and the like",
                    op=value.op.name,
                )
            )
    if out.shape:
        raise InputError(
            _("the surface {text!r} is a list at every point; give one number", text=text)
        )
    recorded = as_function(out, [leaves[name] for name in used])

    def f(*given: object) -> object:
        both = dict(zip(("x", "y"), given, strict=True))
        return recorded(*(both[name] for name in used))

    start = x[0] + 0.15 * (x[1] - x[0]), y[0] + 0.2 * (y[1] - y[0])
    return _with_minima(Landscape(text, f, x, y, start, text))


def _recorded(text: str) -> Value:
    """The expression at one point, recorded; complaints show the text as it was typed."""
    if found := re.search(r"(?:^|[;\n])\s*([xy])\s*=", text):
        raise InputError(
            _("{name} is where a point lies; give numbers to other names only", name=found[1])
        )
    try:
        return record_expression(f"{text}\nx={PROBE}; y={PROBE}")
    except InputError as error:
        if "\n" in text or type(error) is not InputError:
            raise
        message = error.message.removesuffix(" (line 1)")
        raise InputError(message, line=error.line, column=error.column) from None


def _domain(name: str, text: str) -> tuple[Ends, Ends]:
    x0, x1, y0, y1 = numbers_in(text, name, "-2,2,-1,3")
    if not (x0 < x1 and y0 < y1):
        raise UsageError(
            _(
                "domain {text!r} is empty; write x from,x to,y from,y to, such as -2,2,-1,3",
                text=text,
            )
        )
    if any(b - a < NARROW * max(abs(a), abs(b)) for a, b in ((x0, x1), (y0, y1))):
        raise UsageError(
            _(
                "domain {text!r} is too narrow for the numbers on its axes; give a wider one, "
                "or move the surface near 0",
                text=text,
            )
        )
    return (x0, x1), (y0, y1)


def _moved(land: Landscape, ends: tuple[Ends, Ends] | None) -> Landscape:
    """The same surface on another domain, if one is given; its start stays if it can be seen."""
    if ends is None:
        return land
    x, y = ends
    made = replace(land, x=x, y=y)
    _check_heights(made)
    if made.inside(np.array(land.start)):
        return made
    return replace(made, start=(x[0] + 0.15 * (x[1] - x[0]), y[0] + 0.2 * (y[1] - y[0])))


def start_of(land: Landscape, point: Point | None) -> Point:
    """The point, or without one the surface's own start.

    Raises `UsageError` outside the domain and `InputError` where the surface has no height.
    """
    x, y = point or land.start
    if not land.inside(np.array((x, y))):
        (x0, x1), (y0, y1) = land.x, land.y
        raise UsageError(
            _(
                "the start ({x}, {y}) is outside the picture, x {x0} to {x1} and y {y0} to {y1}; "
                "start inside, or give a domain that holds it",
                x=write(x),
                y=write(y),
                x0=write(x0),
                x1=write(x1),
                y0=write(y0),
                y1=write(y1),
            )
        )
    if not np.isfinite(land.heights(np.array((x, y)))):
        raise InputError(
            _(
                "the surface has no finite height at the start ({x}, {y}); start where it has one",
                x=write(x),
                y=write(y),
            )
        )
    return x, y


# Minima ------------------------------------------------------------------------------


def found_minima(land: Landscape) -> Array:
    """The minima (n, 2) inside the domain that the grid sees, lowest first.

    A grid point below its eight neighbours is moved by Newton's method to where the
    gradient is 0. A corner, where there is no derivative, stays where the grid found it.

    >>> found_minima(SURFACES["himmelblau"]).round(3)
    array([[ 3.   ,  2.   ],
           [-2.805,  3.131],
           [-3.779, -3.283],
           [ 3.584, -1.848]])
    """
    x, y, z = land.grid
    rows, columns = np.nonzero(_pits(z))
    guesses = np.stack([x[columns], y[rows]], axis=-1)
    return _sorted(land, settled(land, guesses)) if len(guesses) else guesses


def _pits(z: Array) -> np.ndarray:
    """Which inner entries of a matrix are below their eight neighbours; of a tie, one is."""
    high, wide = z.shape
    middle = z[1:-1, 1:-1]
    low = np.isfinite(middle)
    for i, j in np.ndindex(3, 3):
        around = z[i : i + high - 2, j : j + wide - 2]
        if (i, j) != (1, 1):
            low &= (middle < around) if (i, j) < (1, 1) else (middle <= around)
    return np.pad(low, 1)


def settled(land: Landscape, guesses: Array, steps: int = 100) -> Array:
    """Points (n, 2) moved down to the nearby minima, by Newton's method with |λ| for λ."""
    reach = np.hypot(land.x[1] - land.x[0], land.y[1] - land.y[0]) / 60
    points = np.array(guesses, dtype=np.float64)
    for _step in range(steps):
        _heights, slopes = land.measured(points)
        bends = land.hessians(points)
        known = np.isfinite(slopes).all(axis=1) & np.isfinite(bends).all(axis=(1, 2))
        if not known.any():
            break
        values, vectors = np.linalg.eigh(bends[known])
        along = np.einsum("nij,ni->nj", vectors, slopes[known])
        sizes = np.abs(values)
        shares = np.divide(along, sizes, out=np.zeros_like(along), where=sizes > 1e-12)
        moves = np.einsum("nij,nj->ni", vectors, shares)
        length = np.hypot(*moves.T)[:, None]
        points[known] -= moves * np.minimum(1, reach / np.maximum(length, 1e-300))
        if length.max() < 1e-13 * reach:
            break
    return points


def _sorted(land: Landscape, points: Array) -> Array:
    """Each minimum once, the lowest first; those of one height in the order of angle."""
    size = land.size
    kept: list[Array] = []
    _heights, slopes = land.measured(points)
    flat = ~(np.abs(slopes).max(axis=1) > 1e-6)  # a corner has no slope at all
    for point in points[land.inside(points) & flat]:
        if all(np.hypot(*(point - other)) > 1e-3 * size for other in kept):
            kept.append(point)
    heights = land.heights(np.array(kept).reshape(-1, 2))
    order = sorted(
        range(len(kept)),
        key=lambda i: (round(float(heights[i]), 6), math.atan2(*kept[i][::-1]) % math.tau),
    )
    return np.array([kept[i] for i in order]).reshape(-1, 2)


def _with_minima(land: Landscape) -> Landscape:
    """The surface with the minima that were found, and its floor if the lowest point is one."""
    _check_heights(land)
    heights = land.grid[2]
    known = heights[np.isfinite(heights)]
    minima = found_minima(land)
    rounded = tuple((round(float(a), 9) + 0.0, round(float(b), 9) + 0.0) for a, b in minima)
    lows = land.heights(minima).tolist()
    if known.size == heights.size:  # a valley floor is lowest along a line
        lows.append(float(heights[1:-1, 1:-1].min()))
    lowest = min(lows, default=math.inf)
    return replace(land, minima=rounded, floor=lowest if lowest <= known.min() else None)


def _check_heights(land: Landscape) -> None:
    """Refuse a surface that cannot be drawn: without height, flat, or too high."""
    heights = land.grid[2]
    known = heights[np.isfinite(heights)]
    if not known.size:
        raise InputError(
            _(
                "the surface {name!r} has no finite height on the domain; give another domain",
                name=land.name,
            )
        )
    if known.min() == known.max():
        raise InputError(
            _("the surface {name!r} is flat on the domain; nothing moves on it", name=land.name)
        )
    if np.abs(known).max() > HIGHEST:
        raise InputError(
            _(
                "the surface {name!r} reaches {height} on the domain, too much for a picture; "
                "scale it down, or give a smaller domain",
                name=land.name,
                height=write(float(np.abs(known).max())),
            )
        )
