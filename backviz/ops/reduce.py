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


def _with_axes(x: Any, axis: Axis) -> Any:
    if axis is not None and np.ndim(x) == 0:
        raise ValueError("a single number has no axes")
    return x


def _mean(x: Any, axis: Axis, keepdims: bool) -> Any:
    """The mean; of nothing it is NaN, without a warning."""
    total = np.asarray(np.sum(x, axis=axis, keepdims=keepdims))
    return total / np.float64(max(np.size(x), 0) / max(total.size, 1))


sum = structural(  # noqa: A001
    "sum",
    lambda x, axis=None, keepdims=False: np.sum(_with_axes(x, axis), axis=axis, keepdims=keepdims),
    lambda upstream, out, x, axis=None, keepdims=False: _spread(upstream, x, axis, keepdims),
    symbol="Σ",
    domain="all numbers",
    note="Copies the upstream gradient to every entry that was summed.",
    params=("axis", "keepdims"),
    numpy=(np.sum,),
)

mean = structural(
    "mean",
    lambda x, axis=None, keepdims=False: _mean(_with_axes(x, axis), axis, keepdims),
    lambda upstream, out, x, axis=None, keepdims=False: (
        _spread(upstream, x, axis, keepdims) / _size_ratio(x, out)
    ),
    domain="at least one entry",
    note="Shares the upstream gradient equally among the entries.",
    params=("axis", "keepdims"),
    numpy=(np.mean,),
)
