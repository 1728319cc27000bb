"""Numbers of a step in a line of text, and what derivatives are called."""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.text import NumberStyle, is_small, shape_text


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


def slope_name(of: str, by: str) -> str:
    """What a derivative is called; a name that is a quotient itself stands in brackets.

    >>> slope_name("L", "a"), slope_name("dy/dw", "w")
    ('∂L/∂a', '∂(dy/dw)/∂w')
    """
    over, under = (f"({name})" if "/" in name else name for name in (of, by))
    return f"∂{over}/∂{under}"
