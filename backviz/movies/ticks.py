"""Ticks that can be read: as many as have room, and each number whole by itself.

Invariant: an axis has no factor and no offset in a corner that its numbers depend on.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from matplotlib.ticker import FixedLocator, Formatter, MaxNLocator, NullLocator

from backviz.scenes.model import Axis
from backviz.scenes.numbers import number
from backviz.text import MINUS, with_decimal

STEPS = (1, 2, 3, 5, 10, 20, 50, 100)  # from tick to tick
DIGITS = 16  # of a number on an axis, at most


def mark(side: Any, axis: Axis, most: int, decimal: str = ".") -> None:
    """At most so many ticks; on a log axis of few decades 2 and 5 times a power as well."""
    if not axis.log:
        side.set_major_locator(_steps(most))
        side.set_major_formatter(Numbers(decimal))
        return
    side.set_minor_locator(NullLocator())
    powers, fine = (_between(axis, parts) for parts in ((1,), (1, 2, 5)))
    if len(powers) > 2 or (len(powers) == 2 and len(fine) > most):
        side.set_major_locator(FixedLocator(_spread(powers, most)))
        return
    found = fine if len(fine) > 1 else MaxNLocator(3).tick_values(axis.low, axis.high)
    chosen = _spread([float(v) for v in found if axis.low <= v <= axis.high], most)
    side.set_major_locator(FixedLocator(chosen))
    side.set_ticklabels([with_decimal(_number(v), decimal) for v in chosen])


def _spread(values: list[float], most: int) -> list[float]:
    """At most so many of them at even steps, 1 among them if it can be."""
    least = -(-len(values) // most)
    step = next((n for n in STEPS if n >= least), least)
    start = values.index(1.0) % step if 1.0 in values else 0
    if len(values[start::step]) < 2:
        return [values[0], values[-1]]
    return values[start::step]


def _between(axis: Axis, parts: tuple[int, ...]) -> list[float]:
    """These parts of every power of ten that lie on the axis."""
    first, last = (math.floor(math.log10(v)) for v in (axis.low, axis.high))
    values = [float(f"{p}e{n}") for n in range(first, last + 1) for p in parts]
    return [v for v in values if axis.low <= v <= axis.high]


class Numbers(Formatter):
    """Ticks of a plain axis, each whole by itself: no factor and no offset in a corner."""

    def __init__(self, decimal: str = ".") -> None:
        self.decimal = decimal

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The texts of all ticks of an axis."""
        return [with_decimal(t, self.decimal) for t in tick_texts([float(v) for v in values])]

    def __call__(self, x: float, pos: int | None = None) -> str:
        """A single one."""
        return with_decimal(tick_texts([float(x)])[0], self.decimal)


def tick_texts(values: Sequence[float]) -> list[str]:
    """Numbers with as many places as tell them apart, all with the same.

    >>> tick_texts([-2.5, 0.0, 2.5]), tick_texts([0.0, 20.0]), tick_texts([1e8, 2.5e8])
    (['−2.5', '0.0', '2.5'], ['0', '20'], ['10⁸', '2.5·10⁸'])
    """
    size = max(map(abs, values), default=0.0)
    gap = min((b - a for a, b in itertools.pairwise(sorted(values)) if b > a), default=size)
    if size == 0 or 1e-4 <= size < 1e7:
        for places in range(DIGITS):
            if all(abs(round(v, places) - v) <= 1e-3 * gap for v in values):
                return [f"{v + 0.0:.{places}f}".replace("-", MINUS) for v in values]
    for digits in range(1, DIGITS):
        if all(abs(float(f"{v:.{digits - 1}e}") - v) <= 1e-3 * gap for v in values):
            return [number(v, digits) for v in values]
    return [number(v, DIGITS) for v in values]


def _number(value: float) -> str:
    if 1e-3 <= value < 1e4:
        return number(value)
    digits, _, power = f"{value:e}".partition("e")
    return rf"${float(digits):g}\cdot 10^{{{int(power)}}}$"


def _steps(most: int) -> MaxNLocator:
    return MaxNLocator(most, steps=[1, 2, 2.5, 5, 10])
