"""Ops that move entries without changing them, and the sum that undoes broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.op import Data, Notation, Structural, structural
from backviz.autodiff.value import Value

Shape = tuple[int, ...]


def shape_of(x: Any) -> Shape:
    """The shape of a recorded value, an array or a number; a symbol has none."""
    return x.shape if isinstance(x, Value) else tuple(np.shape(x))


def _sum_to(x: Data, shape: Shape) -> np.ndarray:
    array: np.ndarray = np.asarray(x)
    array = np.asarray(array.sum(axis=tuple(range(array.ndim - len(shape)))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and array.shape[i] != 1)
    return np.asarray(array.sum(axis=stretched, keepdims=True)) if stretched else array


sum_to = structural(
    "sum_to",
    _sum_to,
    lambda upstream, out, x, shape: broadcast_to(upstream, shape=shape_of(x)),
    symbol="Σ→",
    domain="all numbers",
    note="Sums over the axes along which a smaller shape was broadcast: the reverse of that.",
    params=("shape",),
    public=False,
    method=False,
)

broadcast_to: Structural = structural(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape).copy(),
    lambda upstream, out, x, shape: sum_to(upstream, shape=shape_of(x)),
    symbol="copy",
    domain="all numbers",
    note="Copies entries to a larger shape; the gradients of the copies add up.",
    params=("shape",),
    public=False,
)

reshape: Structural = structural(
    "reshape",
    lambda x, shape: np.reshape(x, shape).copy(),
    lambda upstream, out, x, shape: reshape(upstream, shape=shape_of(x)),
    symbol="reshape",
    domain="all numbers",
    note="The same entries in another shape; so is the gradient.",
    params=("shape",),
    public=False,
)

swapaxes: Structural = structural(
    "swapaxes",
    lambda x, axis1, axis2: np.swapaxes(x, axis1, axis2).copy(),
    lambda upstream, out, x, axis1, axis2: swapaxes(upstream, axis1=axis1, axis2=axis2),
    notation=Notation("{}ᵀ", 100, (100,)),
    symbol="ᵀ",
    domain="all numbers",
    note="Exchanges two axes; so does the gradient.",
    params=("axis1", "axis2"),
    public=False,
)
