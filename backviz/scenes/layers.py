"""The language that all pictures of deep networks share: layers from left to right.

Invariant: a layer's number is its place on the axis, from 1 at the input; a number that has
no place on a logarithmic axis (0, infinity, NaN) leaves a gap and is said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from backviz.language import N_, _, pgettext
from backviz.scenes.artist import Array, Color
from backviz.scenes.artists import Band, Line, Points
from backviz.scenes.model import Axis
from backviz.scenes.numbers import number


def write(x: float) -> str:
    """A number with two digits, large ones too.

    >>> write(31623.0), write(0.0312), write(6.0), write(8.6e11)
    ('32000', '0.031', '6', '8.6·10¹¹')
    """
    return number(float(f"{x:.1e}"), 2)


def tell(x: float) -> str:
    """A number as `write` gives it, or in words why there is none.

    >>> tell(0.5), tell(float("inf")), tell(float("nan"))
    ('0.5', 'overflow', 'none')
    """
    if np.isfinite(x):
        return write(x)
    return pgettext("number", "none") if np.isnan(x) else pgettext("number", "overflow")


def whole_ticks(low: int, high: int, most: int = 6) -> tuple[float, ...]:
    """Round whole numbers between two ends, `most` at most, the lower end among them.

    >>> whole_ticks(1, 20), whole_ticks(1, 5), whole_ticks(1, 1)
    ((1.0, 5.0, 10.0, 15.0, 20.0), (1.0, 2.0, 3.0, 4.0, 5.0), (1.0,))
    """
    steps = [d * 10**k for k in range(7) for d in (1, 2, 5)]
    step = next(s for s in steps if (high - low) / s + 1 <= most)
    first = step * (low // step + 1)
    found = [low, *range(first, high + 1, step)]
    if len(found) > 2 and found[1] - found[0] < step / 2:
        del found[1]
    return tuple(map(float, found))


def layer_axis(depth: int, label: str = N_("layer")) -> Axis:
    """The axis of layers 1 … depth."""
    return Axis(label, 0.5, depth + 0.5, ticks=whole_ticks(1, depth))


def step_axis(steps: int, label: str = N_("step")) -> Axis:
    """The axis of steps 0 … steps − 1, with room for a mark at both ends."""
    last = max(1, steps - 1)
    return Axis(label, -0.02 * last, 1.02 * last, ticks=whole_ticks(0, last))


def numbers(depth: int) -> Array:
    """1 … depth."""
    return np.arange(1.0, depth + 1)


def positive(values: ArrayLike) -> Array:
    """The values that have a place on a logarithmic axis; NaN for the others."""
    given = np.asarray(values, dtype=float)
    return np.where((given > 0) & np.isfinite(given), given, np.nan)


def power_of(x: Array, y: Array) -> float:
    """The power with which y grows with x, from the line through both logarithms.

    >>> round(power_of(np.array([1.0, 2.0, 4.0]), np.array([3.0, 12.0, 48.0])), 9)
    2.0
    """
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def held(low: float, high: float, least: float = 1e-30, most: float = 1e30) -> tuple[float, float]:
    """Limits of a logarithmic axis, no wider than can be read."""
    low, high = max(low, least), min(high, most)
    return (low, high) if low < high else (least, most)


def key_frames(count: int, many: int = 5) -> tuple[int, ...]:
    """Evenly spread frames, the first and the last among them.

    >>> key_frames(61), key_frames(2)
    ((0, 15, 30, 45, 60), (0, 1))
    """
    return tuple(sorted({round(k * (count - 1) / (many - 1)) for k in range(many)}))


def theory_line(x: Array, y: Array, label: str = N_("theory")) -> Line:
    """What theory says: wide dots that are drawn under the samples, so put it first."""
    return Line("theory", x, y, label, "muted", "dotted", width=6.0)


def head(line: Line, at: int) -> Points:
    """A point where a line that grows has got to: entry `at` of it.

    >>> head(Line("loss", [0.0, 1.0], [3.0, 2.0], color=1), -1).x
    array([1.])
    """
    here = slice(at, None if at == -1 else at + 1)
    return Points(f"{line.key} head", line.x[here], line.y[here], color=line.color)


def grown(
    x: ArrayLike,
    curves: Mapping[str, tuple[str, ArrayLike]],
    k: int,
    *,
    colors: Sequence[Color] = (),
) -> list[Line | Points]:
    """Curves up to entry k with a point where each has got to; `curves` are key: (label, y).

    >>> [artist.key for artist in grown([0, 1, 2], {"loss": ("", [3, 2, 1])}, 1)]
    ['loss', 'loss head']
    """
    at = np.asarray(x, dtype=float)[: k + 1]
    lines = [
        Line(key, at, np.asarray(y, dtype=float)[: k + 1], label, color)
        for (key, (label, y)), color in zip(
            curves.items(), colors or range(len(curves)), strict=True
        )
    ]
    return [*lines, *(head(line, -1) for line in lines)]


def with_band(
    key: str, x: Array, parts: Sequence[Array], label: str, color: Color
) -> tuple[Band, Line]:
    """The median of the seeds as a line with the band around it; both on a logarithmic axis."""
    low, middle, high = (positive(part) for part in parts)
    return (
        Band(f"{key} band", x, low, high, color=color),
        Line(key, x, middle, label=label, color=color),
    )


def times(ratio: float) -> str:
    """How much larger or smaller something is, in words.

    >>> times(0.5), times(30.0), times(1.01), times(0.0)
    ('shrinks 2-fold', 'grows 30-fold', 'stays as it is', 'is 0')
    """
    if np.isnan(ratio):
        return _("is no number")
    if ratio in (0, np.inf):
        return _("overflows") if ratio else _("is 0")
    if 0.95 < ratio < 1.05:
        return _("stays as it is")
    if ratio > 1:
        return _("grows {times}-fold", times=write(ratio))
    return _("shrinks {times}-fold", times=write(1 / ratio))
