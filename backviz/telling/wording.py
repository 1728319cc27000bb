"""Numbers of a step in a line of text: a value, a shape, a product of factors.

Invariant: a product is written here alone, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from backviz.text import NumberStyle, bracketed, is_small, shape_text


def short(x: Any, numbers: NumberStyle) -> str:
    """A number, a small array, or the shape with mean and range."""
    if not isinstance(x, np.ndarray):
        return numbers.format(float(x))
    shown = numbers.summary(x)
    return shown if is_small(x) else f"({shape_text(x)})  {shown}"


def brief(x: Any, numbers: NumberStyle) -> str:
    """A number, or the shape of an array."""
    return shape_of(x) if isinstance(x, np.ndarray) else numbers.format(float(x))


def shape_of(x: Any) -> str:
    """The shape as numpy writes it, `(4, 3)`."""
    return str(np.shape(x))


def product(factors: Iterable[Any], numbers: NumberStyle) -> str:
    """Numbers multiplied.

    >>> product([-2.0, 3.0], NumberStyle())
    '(−2)·3'
    """
    return "·".join(bracketed(numbers.format(float(x)), numbers) for x in factors)
