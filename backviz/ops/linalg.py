"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.op import Notation, structural
from backviz.autodiff.symbol import Symbol
from backviz.ops.shape import reshape, shape_of, sum_to, swapaxes


def _as_matrices(upstream: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """The operands and the upstream gradient with vectors as rows and columns."""
    if isinstance(upstream, Symbol):  # a formula is the same for vectors and matrices
        return upstream, a, b
    shape, sa, sb = shape_of(upstream), shape_of(a), shape_of(b)
    if len(sa) == 1:
        a = reshape(a, shape=(1, *sa))
        shape = (*shape[:-1], 1, shape[-1]) if len(sb) > 1 else (1,)
    if len(sb) == 1:
        b = reshape(b, shape=(*sb, 1))
        shape = (*shape, 1)
    return (upstream if shape == shape_of(upstream) else reshape(upstream, shape=shape)), a, b


def _fit(gradient: Any, operand: Any, matrix: Any) -> Any:
    """Sum over broadcast batch axes and drop the axis that a vector was given."""
    if isinstance(gradient, Symbol):
        return gradient
    if shape_of(gradient) != shape_of(matrix):
        gradient = sum_to(gradient, shape=shape_of(matrix))
    if shape_of(operand) != shape_of(matrix):
        gradient = reshape(gradient, shape=shape_of(operand))
    return gradient


def _pull_left(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    g, left, right = _as_matrices(upstream, a, b)
    return _fit(matmul(g, swapaxes(right, axis1=-1, axis2=-2)), a, left)


def _pull_right(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    g, left, right = _as_matrices(upstream, a, b)
    return _fit(matmul(swapaxes(left, axis1=-1, axis2=-2), g), b, right)


matmul = structural(
    "matmul",
    np.matmul,
    _pull_left,
    _pull_right,
    notation=Notation("{} @ {}", 20, (20, 21)),
    symbol="@",
    domain="inner sizes equal",
    note="The gradient goes back through the transposed other factor.",
)
