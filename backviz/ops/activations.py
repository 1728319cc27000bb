"""Activation functions and the larger or smaller of two, elementwise."""

from __future__ import annotations

import math

import numpy as np

from backviz.autodiff.op import Notation, elementwise
from backviz.ops.compare import equal, greater, less


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # e^−|x| cannot overflow; both branches share it
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, small) / (1.0 + small))


def _sigmoid_scalar(x: float) -> float:
    small = math.exp(-math.fabs(x))
    return (1.0 if x >= 0 else small) / (1.0 + small)


tanh = elementwise(
    "tanh",
    np.tanh,
    lambda out, x: 1 - out**2,
    scalar=math.tanh,
    domain="all numbers",
    note="The derivative is at most 1, at 0; far from 0 it is nearly 0 (saturated).",
)

sigmoid = elementwise(
    "sigmoid",
    _sigmoid,
    lambda out, x: out * (1 - out),
    scalar=_sigmoid_scalar,
    notation=Notation("σ({})", 100, (0,)),
    symbol="σ",
    domain="all numbers",
    note="The derivative is at most 0.25, at 0; far from 0 it is nearly 0 (saturated).",
)

relu = elementwise(
    "relu",
    lambda x: np.maximum(x, 0.0),
    lambda out, x: greater(x, 0),
    scalar=lambda x: x if x > 0 or x != x else 0.0,  # noqa: PLR0124  (NaN stays NaN)
    notation=Notation("ReLU({})", 100, (0,)),
    symbol="ReLU",
    domain="all numbers",
    note="Passes the gradient where x > 0 and blocks it elsewhere; at the kink x = 0 it blocks.",
    smooth=False,
    masks=True,
)

# torch: at a tie the gradient is shared equally
maximum = elementwise(
    "maximum",
    np.maximum,
    lambda out, a, b: greater(a, b) + equal(a, b) / 2,
    lambda out, a, b: less(a, b) + equal(a, b) / 2,
    notation=Notation("max({}, {})", 100, (0, 0)),
    symbol="max",
    domain="all numbers",
    note="Routes the gradient to the larger input; at a tie each gets half.",
    aliases=("max",),
    smooth=False,
    commutes=True,
    masks=True,
)

minimum = elementwise(
    "minimum",
    np.minimum,
    lambda out, a, b: less(a, b) + equal(a, b) / 2,
    lambda out, a, b: greater(a, b) + equal(a, b) / 2,
    notation=Notation("min({}, {})", 100, (0, 0)),
    symbol="min",
    domain="all numbers",
    note="Routes the gradient to the smaller input; at a tie each gets half.",
    aliases=("min",),
    smooth=False,
    commutes=True,
    masks=True,
)
