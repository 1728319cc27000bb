"""Reductions: many entries to one, over all axes or some."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backviz.autodiff.op import structural
from backviz.autodiff.symbol import Symbol
from backviz.ops.shape import broadcast_to, reshape, shape_of

Axis = int | tuple[int, ...] | None


def _spread(upstream: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Give the gradient of a reduced array the shape of the whole again."""
    if isinstance(upstream, Symbol):  # every entry gets it as it is
        return upstream
    shape = shape_of(x)
    if axis is not None and not keepdims:
        axes = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
        upstream = reshape(
            upstream, shape=tuple(1 if i in axes else n for i, n in enumerate(shape))
        )
    return broadcast_to(upstream, shape=shape)


def _size_ratio(x: Any, out: Any) -> Any:
    """How many entries of `x` go into one of `out`."""
    if isinstance(x, Symbol):
        return Symbol("n")
    return math.prod(shape_of(x)) / max(1, math.prod(shape_of(out)))


sum = structural(  # noqa: A001
    "sum",
    lambda x, axis=None, keepdims=False: np.sum(x, axis=axis, keepdims=keepdims),
    lambda upstream, out, x, axis=None, keepdims=False: _spread(upstream, x, axis, keepdims),
    symbol="Σ",
    domain="all numbers",
    note="Copies the upstream gradient to every entry that was summed.",
    params=("axis", "keepdims"),
)

mean = structural(
    "mean",
    lambda x, axis=None, keepdims=False: np.mean(x, axis=axis, keepdims=keepdims),
    lambda upstream, out, x, axis=None, keepdims=False: (
        _spread(upstream, x, axis, keepdims) / _size_ratio(x, out)
    ),
    domain="at least one entry",
    note="Shares the upstream gradient equally among the entries.",
    params=("axis", "keepdims"),
)
