"""Products of vectors and matrices, and the trace."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from backviz.autodiff.op import Notation, Structural, structural
from backviz.autodiff.symbol import Symbol
from backviz.ops.compare import guard
from backviz.ops.reduce import shaped
from backviz.ops.shape import shape_of, summed_to, swapaxes


def transposed(x: Any) -> Any:
    """The last two axes exchanged; of a plain array a view, which costs nothing."""
    if isinstance(x, np.ndarray):
        return x.swapaxes(-1, -2)
    return swapaxes(x, axis1=-1, axis2=-2)


def alike(*arrays: Any) -> list[np.ndarray]:
    """Arrays and numbers as arrays of one precision; a Python float takes that of the arrays."""
    dtype = np.result_type(*arrays)
    return [np.asarray(a, dtype) for a in arrays]


def _matmul(a: Any, b: Any) -> Any:
    if type(a) is type(b) is np.ndarray and a.ndim == b.ndim == 2:
        return a.dot(b)  # the same product, with less ado
    return np.matmul(a, b)


def _flat(upstream: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """All as matrices, for a `b` of one axis or two: the axes of `a` but its last are rows."""
    *rows, inner = shape_of(a)
    n, columns = math.prod(rows), math.prod(shape_of(b)[1:])
    return shaped(upstream, (n, columns)), shaped(a, (n, inner)), shaped(b, (inner, columns))


def _as_row(upstream: Any, a: Any) -> tuple[Any, Any]:
    """A vector in front of a stack of matrices as a matrix of one row."""
    shape = shape_of(upstream)
    if len(shape_of(a)) > 1:
        return upstream, a
    return shaped(upstream, (*shape[:-1], 1, shape[-1])), shaped(a, (1, *shape_of(a)))


def pull_left(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    """The gradient of the left factor."""
    if type(upstream) is type(a) is type(b) is np.ndarray and a.ndim == b.ndim == 2:
        return upstream.dot(b.T)
    if isinstance(upstream, Symbol):  # a formula is the same for vectors and matrices
        return upstream @ transposed(b)
    if len(shape_of(b)) < 3:
        g, _, right = _flat(upstream, a, b)
        return shaped(g @ transposed(right), shape_of(a))
    g, left = _as_row(upstream, a)
    return shaped(summed_to(g @ transposed(b), shape_of(left)), shape_of(a))


def pull_right(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    """The gradient of the right factor."""
    if type(upstream) is type(a) is type(b) is np.ndarray and a.ndim == b.ndim == 2:
        return a.T.dot(upstream)
    if isinstance(upstream, Symbol):
        return transposed(a) @ upstream
    if len(shape_of(b)) < 3:
        g, left, _ = _flat(upstream, a, b)
        return shaped(transposed(left) @ g, shape_of(b))
    g, left = _as_row(upstream, a)
    return summed_to(transposed(left) @ g, shape_of(b))


matmul = structural(
    "matmul",
    _matmul,
    pull_left,
    pull_right,
    notation=Notation("{} @ {}", 20, (20, 21)),
    symbol="@",
    domain="inner sizes equal",
    note="The gradient goes back through the transposed other factor.",
    numpy=(np.matmul,),
    interval=(0.3, 2.0),
)


def _pull_outer_left(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    if isinstance(upstream, Symbol):
        return upstream @ b
    return shaped(upstream @ shaped(b, (shape_of(upstream)[1],)), shape_of(a))


def _pull_outer_right(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    if isinstance(upstream, Symbol):
        return a @ upstream
    return shaped(shaped(a, (shape_of(upstream)[0],)) @ upstream, shape_of(b))


outer = structural(
    "outer",
    lambda a, b: np.multiply.outer(*[x.ravel() for x in alike(a, b)]),
    _pull_outer_left,
    _pull_outer_right,
    notation=Notation("{} ⊗ {}", 20, (20, 21)),
    symbol="⊗",
    domain="all numbers",
    note="Every entry of the first times every entry of the second, as a matrix. "
    "The gradient of one vector is the upstream matrix times the other.",
    numpy=(np.outer,),
    written=False,
)

vdot = structural(
    "vdot",
    lambda a, b: np.vdot(*alike(a, b)),
    lambda upstream, out, a, b: upstream * _like(b, a),
    lambda upstream, out, a, b: upstream * _like(a, b),
    symbol="·",
    domain="as many entries in one as in the other",
    note="The sum of the products of corresponding entries, whatever the shapes. "
    "It swaps its inputs, as a product of numbers does.",
    numpy=(np.vdot,),
    commutes=True,
    interval=(0.3, 2.0),
)


def _like(x: Any, other: Any) -> Any:
    return x if isinstance(x, Symbol) or isinstance(other, Symbol) else shaped(x, shape_of(other))


def _trace(x: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Any:
    try:
        return np.trace(x, index(offset), index(axis1), index(axis2))
    except TypeError:
        raise ValueError("offset, axis1 and axis2 are whole numbers") from None


def _pull_trace(
    upstream: Any, out: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Any:
    """The upstream gradient on the diagonal, 0 elsewhere."""
    if isinstance(upstream, Symbol):
        return upstream * Symbol("I")
    shape = shape_of(x)
    first, second = axis1 % len(shape), axis2 % len(shape)
    diagonal = np.eye(shape[first], shape[second], offset)
    ones = [1 if i in (first, second) else n for i, n in enumerate(shape)]
    square = [n if i in (first, second) else 1 for i, n in enumerate(shape)]
    diagonal = (diagonal if first < second else diagonal.T).reshape(square)
    return guard(shaped(upstream, tuple(ones)), 1.0 - diagonal)


trace: Structural = structural(
    "trace",
    _trace,
    _pull_trace,
    notation=Notation("tr({})", 100, (0,)),
    symbol="tr",
    domain="at least two axes",
    note="The sum of the diagonal: only entries on it get the upstream gradient.",
    params=("offset", "axis1", "axis2"),
    numpy=(np.trace,),
    interval=(0.3, 2.0),
)
