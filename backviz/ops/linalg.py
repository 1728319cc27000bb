"""Products of vectors and matrices, and the trace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from backviz.autodiff.calls import MATRIX, SQUARE, VECTOR, WEIGHTS, Call, floats
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import Symbol, constant
from backviz.language import _
from backviz.ops.arithmetic import MATRICES, PRODUCTS
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
    axes = len(shape_of(b))
    if axes == 2:
        return upstream @ transposed(b)
    if axes == 1:
        rows = len(shape_of(a)) - 1
        if rows == 1:
            return outer(upstream, b)
        return (shaped(upstream, (*shape_of(upstream), 1)) if rows else upstream) * b
    g, left = _as_row(upstream, a)
    return shaped(summed_to(g @ transposed(b), shape_of(left)), shape_of(a))


def pull_right(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    """The gradient of the right factor."""
    if type(upstream) is type(a) is type(b) is np.ndarray and a.ndim == b.ndim == 2:
        return a.T.dot(upstream)
    axes = len(shape_of(a)), len(shape_of(b))
    if axes == (1, 1):
        return upstream * a
    if axes == (1, 2):
        return outer(a, upstream)
    if axes in ((2, 1), (2, 2)):
        return transposed(a) @ upstream
    if axes[1] < 3:
        g, left, _other = _flat(upstream, a, b)
        return shaped(transposed(left) @ g, shape_of(b))
    g, left = _as_row(upstream, a)
    return summed_to(transposed(left) @ g, shape_of(b))


def _at(symbols: Sequence[Symbol], params: Params) -> tuple[str, int]:
    """`a @ b @ c`, but products of numbers stand apart: `(a·b) @ c`."""
    a, b = symbols
    if not (a.ndim and b.ndim):  # np.dot(2.0, x)
        return f"{a.bracketed(PRODUCTS)}·{b.bracketed(PRODUCTS)}", PRODUCTS
    alone = a.level == MATRICES or a.level > PRODUCTS
    return f"{a if alone else f'({a})'} @ {b.bracketed(PRODUCTS + 1)}", MATRICES


def product_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of `a @ b`."""
    rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
    return (*np.broadcast_shapes(a[:-2], b[:-2]), *rows, *columns)


matmul = structural(
    "matmul",
    _matmul,
    pull_left,
    pull_right,
    notation=Notation("{} @ {}", MATRICES, write=_at),
    shape=product_shape,
    symbol="@",
    domain="inner sizes equal",
    note="The product of matrices; a vector counts as a row on the left and as a column on the "
    "right.",
    gradient="The gradient goes back through the transposed other factor.",
    sample=Call((MATRIX, WEIGHTS)),
    torch="matmul",
    numpy=(np.matmul,),
    interval=(0.3, 2.0),
)


def _pull_outer_left(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    return shaped(upstream @ shaped(b, (shape_of(upstream)[1],)), shape_of(a))


def _pull_outer_right(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    return shaped(shaped(a, (shape_of(upstream)[0],)) @ upstream, shape_of(b))


outer: Structural = structural(
    "outer",
    lambda a, b: np.multiply.outer(*[x.ravel() for x in alike(a, b)]),
    _pull_outer_left,
    _pull_outer_right,
    notation=Notation("{} ⊗ {}", MATRICES, (PRODUCTS + 1, PRODUCTS + 1)),
    shape=lambda a, b: (math.prod(a), math.prod(b)),
    symbol="⊗",
    domain="all numbers",
    note="Every entry of the first times every entry of the second, as a matrix.",
    gradient="The gradient of one vector is the upstream matrix times the other.",
    sample=Call((VECTOR, floats(2, -1))),
    torch="outer",
    numpy=(np.outer,),
    written=False,
)

vdot = structural(
    "vdot",
    lambda a, b: np.vdot(*alike(a, b)),
    lambda upstream, out, a, b: upstream * shaped(b, shape_of(a)),
    lambda upstream, out, a, b: upstream * shaped(a, shape_of(b)),
    symbol="·",
    domain="as many entries in one as in the other",
    note="The sum of the products of corresponding entries, whatever the shapes.",
    gradient="Swaps its inputs, as a product of numbers does.",
    torch="vdot",
    numpy=(np.vdot,),
    commutes=True,
    interval=(0.3, 2.0),
)


def _trace(x: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Any:
    try:
        return np.trace(x, index(offset), index(axis1), index(axis2))
    except TypeError:
        raise ValueError(_("offset, axis1 and axis2 are whole numbers")) from None


def _pull_trace(
    upstream: Any, out: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Any:
    """The upstream gradient on the diagonal, 0 elsewhere."""
    shape = shape_of(x)
    first, second = axis1 % len(shape), axis2 % len(shape)
    rows, columns = shape[first], shape[second]
    name = f"eye({rows}, {columns}, {offset})" if offset or rows != columns else f"eye({rows})"
    diagonal = constant(name, np.eye(rows, columns, offset), upstream)
    ones = [1 if i in (first, second) else n for i, n in enumerate(shape)]
    square = [n if i in (first, second) else 1 for i, n in enumerate(shape)]
    diagonal = shaped(diagonal if first < second else transposed(diagonal), tuple(square))
    return guard(shaped(upstream, tuple(ones)), 1 - diagonal)


trace: Structural = structural(
    "trace",
    _trace,
    _pull_trace,
    notation=Notation("tr({})", 100, (0,)),
    symbol="tr",
    domain="at least two axes",
    note="The sum of the diagonal.",
    gradient="Copies the upstream gradient to the entries on the diagonal; the others get 0.",
    sample=Call((SQUARE,)),
    torch="trace",
    params=("offset", "axis1", "axis2"),
    numpy=(np.trace,),
    interval=(0.3, 2.0),
)
