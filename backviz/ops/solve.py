"""Inverses, linear equations and determinants of square matrices, or of stacks of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from backviz.autodiff.calls import SQUARE, Call, floats
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.symbol import constant, numbers_behind
from backviz.autodiff.table import FUNCTIONS
from backviz.errors import ShapeError
from backviz.language import _
from backviz.ops.arithmetic import div
from backviz.ops.contract import einsum
from backviz.ops.linalg import outer, transposed
from backviz.ops.reduce import shaped
from backviz.ops.reduce import sum as sum_op
from backviz.ops.shape import shape_of, summed_to

REGULAR = 1e3  # up to this condition number a formula with the inverse is exact enough
MINORS = 32  # up to this size the minors of a matrix are few enough to be written out


def _as_matrix(number: Any) -> Any:
    """A number for each matrix of a stack, so that it broadcasts with the matrices."""
    return shaped(number, (*shape_of(number), 1, 1)) if shape_of(number) else number


def _pull_inverse(upstream: Any, out: Any, a: Any) -> Any:
    back = transposed(out)
    return -(back @ upstream @ back)


inv: Structural = structural(
    "inv",
    np.linalg.inv,
    _pull_inverse,
    notation=Notation("{}⁻¹", 100, (100,)),
    symbol="⁻¹",
    domain="square and not singular",
    note="The inverse matrix.",
    gradient="The gradient goes back through the transposed inverse on both sides, with its sign "
    "changed; near a singular matrix it is large.",
    sample=Call((SQUARE,)),
    torch="linalg.inv",
    numpy=(np.linalg.inv,),
)

# Linear equations -----------------------------------------------------------------


def _solve(a: Any, b: Any) -> Any:
    axes, b = np.ndim(a), np.asarray(b)
    if b.ndim == 0:
        raise ValueError(_("the right side is a vector or a matrix, not a number"))
    if b.ndim == 1:
        return np.linalg.solve(a, b[(None,) * (axes - 2) + (..., None)])[..., 0]
    return np.linalg.solve(a, b[(None,) * (axes - b.ndim)])  # numpy 1 would see vectors here


def _columns(x: Any, b: Any) -> Any:
    """A vector as one column; `b` tells whether the equations have one."""
    return shaped(x, (*shape_of(x), 1)) if len(shape_of(b)) == 1 else x


def _pull_matrix(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    if len(shape_of(a)) == 2 and len(shape_of(b)) == 1:
        return -outer(solve(transposed(a), upstream), out)
    back = solve(transposed(a), _columns(upstream, b))
    gradient = -(back @ transposed(_columns(out, b)))
    return summed_to(gradient, shape_of(a))


def _pull_right_side(upstream: Any, out: Any, a: Any, b: Any) -> Any:
    if len(shape_of(a)) == 2:
        return solve(transposed(a), upstream)
    back = solve(transposed(a), _columns(upstream, b))
    return shaped(summed_to(back, shape_of(_columns(b, b))), shape_of(b))


solve: Structural = structural(
    "solve",
    _solve,
    _pull_matrix,
    _pull_right_side,
    domain="a square and not singular",
    note="The x with a @ x = b.",
    gradient="The gradient of b solves the equations with the transposed matrix; that of a is "
    "minus its outer product with x.",
    sample=Call((SQUARE, floats(1, 3))),
    torch="linalg.solve",
    numpy=(np.linalg.solve,),
    interval=(0.3, 2.0),
)

# Determinants ---------------------------------------------------------------------


def _cofactors(a: Any) -> Any:
    """det(a) times the transposed inverse, which exists for a singular matrix as well."""
    try:
        return np.asarray(np.linalg.det(a))[..., None, None] * transposed(np.linalg.inv(a))
    except np.linalg.LinAlgError:
        if np.ndim(a) < 2 or a.shape[-1] != a.shape[-2]:
            raise
    u, s, v = np.linalg.svd(a)
    others = np.where(np.eye(s.shape[-1]), 1.0, s[..., None, :]).prod(-1)  # all but one
    turn = np.linalg.det(u) * np.linalg.det(v)
    return turn[..., None, None] * ((u * others[..., None, :]) @ v)


def _pull_cofactors(upstream: Any, out: Any, a: Any) -> Any:
    if not _by_minors(numbers_behind(a)):
        back = transposed(inv(a))
        along = sum_op(upstream * out, axis=(-2, -1), keepdims=True)
        return along * back - back @ transposed(upstream) @ out
    # a cofactor is the determinant of the matrix without one row and one column, up to its sign
    n = shape_of(a)[-1]
    rows = constant(f"all_but_one({n})", _all_but_one(n), a)
    signs = constant(f"signs({n})", (-1.0) ** np.add.outer(np.arange(n), np.arange(n)), a)
    minors = einsum("iab,...bc,jdc->...ijad", rows, a, rows)
    inner = _as_matrix(upstream * signs) * cofactors(minors)
    return einsum("iab,...ijad,jdc->...bc", rows, inner, rows)


def _all_but_one(n: int) -> np.ndarray:
    """For each i the matrix that leaves out row i: shape (n, n − 1, n)."""
    return np.stack([np.delete(np.eye(n), i, axis=0) for i in range(n)])


def _by_minors(a: np.ndarray) -> bool:
    """Whether a formula with the inverse would be inexact, or there is no inverse."""
    if not 0 < a.shape[-1] <= MINORS or not np.isfinite(a).all():
        return False
    return bool((np.linalg.cond(a) > REGULAR).any())


cofactors: Structural = structural(
    "cofactors",
    _cofactors,
    _pull_cofactors,
    symbol="cof",
    domain="square matrices",
    note="The derivative of the determinant with respect to each entry.",
    gradient="The second derivative of the determinant: each entry is moved by those in other "
    "rows and columns.",
    sample=Call((SQUARE,)),
    torch="",
    public=False,
    method=False,
)


def _pull_det(upstream: Any, out: Any, a: Any) -> Any:
    return _as_matrix(upstream) * cofactors(a)


det = structural(
    "det",
    np.linalg.det,
    _pull_det,
    domain="square matrices",
    note="The determinant.",
    gradient="The derivative for an entry is its cofactor: the determinant without that row and "
    "column, with a sign.",
    sample=Call((SQUARE,)),
    torch="det",
    numpy=(np.linalg.det,),
)


def _pull_logabsdet(upstream: Any, out: Any, a: Any) -> Any:
    try:
        slope = transposed(inv(a))
    except ShapeError:  # singular: the derivative is infinite
        slope = div(cofactors(a), _as_matrix(det(a)))
    return _as_matrix(upstream) * slope


logabsdet = structural(
    "logabsdet",
    lambda a: np.linalg.slogdet(a)[1],
    _pull_logabsdet,
    notation=Notation("log|det({})|", 100, (0,)),
    symbol="log|det|",
    domain="square and not singular",
    note="The logarithm of the size of the determinant, which cannot overflow.",
    gradient="The gradient is the transposed inverse times the upstream gradient; near a singular "
    "matrix it is large.",
    sample=Call((SQUARE,)),
    torch="",
)

slogdet_sign = structural(
    "slogdet_sign",
    lambda a: np.linalg.slogdet(a)[0],
    arity=1,
    notation=Notation("sign(det({}))", 100, (0,)),
    symbol="sign",
    domain="square matrices",
    note="The sign of the determinant: −1, 0 or 1.",
    sample=Call((SQUARE,)),
    torch="",
)


class SignAndLog(NamedTuple):
    """What `slogdet` gives, with numpy's names."""

    sign: Any
    logabsdet: Any


def slogdet(a: Any) -> SignAndLog:
    """The sign of the determinant and the logarithm of its size, as `np.linalg.slogdet`."""
    return SignAndLog(slogdet_sign(a), logabsdet(a))


FUNCTIONS[np.linalg.slogdet] = slogdet  # a pair of values, so it is no row
