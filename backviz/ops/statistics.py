"""Spread, length and soft maximum of many entries, over all axes or some."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.calls import Call, floats
from backviz.autodiff.op import structural
from backviz.autodiff.operand import Params
from backviz.language import _
from backviz.ops.arithmetic import div
from backviz.ops.compare import equal, guard
from backviz.ops.elementary import abs as abs_op
from backviz.ops.elementary import exp, log, sign, sqrt
from backviz.ops.options import but_defaults
from backviz.ops.reduce import Axis, amax, axes_of, count, kept, mean, reduced, valid_axis
from backviz.ops.reduce import sum as sum_op

# Variance and standard deviation --------------------------------------------------


def _bind_spread(
    x: Any,
    axis: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
    unbiased: bool | None = None,
) -> tuple[tuple[Any, ...], Params]:
    """numpy's `ddof` and torch's `correction` are the same; `unbiased=True` is 1, False is 0.

    As in torch, True or False stands first or second for it: `x.var(1, False)`.
    """
    if isinstance(axis, bool):  # torch: x.var(unbiased)
        axis, unbiased = None, axis
    said = [each for each in (correction, unbiased) if each is not None]
    if len(said) > 1:
        raise TypeError(_("correction and unbiased say the same; give one of them"))
    ddof = ddof if not said else said[0]
    if isinstance(ddof, bool):
        ddof = int(ddof)
    if not isinstance(ddof, int | float):
        raise TypeError(_("ddof is a number, not {ddof!r}", ddof=ddof))
    return (x,), but_defaults(axis=(axis, None), ddof=(ddof, 0), keepdims=(keepdims, False))


def _var(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    x, axis = np.asarray(x), valid_axis(x, axis)
    axes = axes_of(axis, x.ndim)
    # measured from an entry: then the variance of equal entries is 0 and not a rounding error
    x = x - x[tuple(slice(1) if i in axes else slice(None) for i in range(x.ndim))]
    x = x - mean.array(x, axis=axis, keepdims=True)
    total = reduced(np.add, x * x, axis, keepdims)
    return total / max(x.size / max(total.size, 1) - ddof, 0)


def _pull_var(
    upstream: Any, out: Any, x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False
) -> Any:
    deviation = x - mean(x, axis=axis, keepdims=True)
    return kept(upstream, x, axis, keepdims) * div(2 * deviation, _freedom(x, out, ddof))


def _freedom(x: Any, out: Any, ddof: float) -> Any:
    return max(count(x, out) - ddof, 0.0)


def _pull_std(
    upstream: Any, out: Any, x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False
) -> Any:
    """By way of the variance; torch: 0 where the standard deviation is 0."""
    return _pull_var(_over_root(upstream, 2 * out), out, x, axis, ddof, keepdims)


def _over_root(upstream: Any, root: Any) -> Any:
    """upstream / root, but 0 where the root is 0."""
    zero = equal(data_of(root), 0.0)
    return guard(div(upstream, guard(root, zero, value=1.0)), zero)


def _var_parts(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    squares = (x - mean(x, axis=axis, keepdims=True)) ** 2
    if not ddof:
        return mean(squares, axis=axis, keepdims=keepdims)
    total = sum_op(squares, axis=axis, keepdims=keepdims)
    return total / _freedom(x, total, ddof)


var = structural(
    "var",
    _var,
    _pull_var,
    domain="more entries than ddof",
    note="The mean squared distance from the mean.",
    gradient="An entry far from the mean gets a large gradient, one at the mean gets none.",
    torch="var",
    torch_options={"ddof": "correction"},
    params=("axis", "ddof", "keepdims"),
    bind=_bind_spread,
    parts=_var_parts,
    numpy=(np.var,),
)

std = structural(
    "std",
    lambda x, **params: np.sqrt(_var(x, **params)),
    _pull_std,
    domain="more entries than ddof",
    note="The root of the variance.",
    gradient="Each entry gets its distance from the mean, over n times the deviation; where all "
    "entries are equal it is taken as 0.",
    torch="std",
    torch_options={"ddof": "correction"},
    params=("axis", "ddof", "keepdims"),
    bind=_bind_spread,
    parts=lambda x, **params: sqrt(_var_parts(x, **params)),
    numpy=(np.std,),
)

# The soft maximum -----------------------------------------------------------------


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = reduced(np.maximum, x, axis, True, initial=-math.inf)
    top = np.where(np.isfinite(top), top, 0.0)  # e^(x − top) cannot overflow, and −inf stays
    out = np.log(reduced(np.add, np.exp(x - top), axis, True)) + top
    return out if keepdims else np.squeeze(out, axes_of(axis, np.ndim(x)))


def _logsumexp_parts(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = amax(data_of(x), axis=axis, keepdims=True)
    inner = log(sum_op(exp(x - top), axis=axis, keepdims=keepdims))
    return inner + (top if keepdims else amax(data_of(x), axis=axis))


logsumexp = structural(
    "logsumexp",
    _logsumexp,
    lambda upstream, out, x, axis=None, keepdims=False: (
        kept(upstream, x, axis, keepdims) * exp(x - kept(out, x, axis, keepdims))
    ),
    domain="all numbers",
    note="A smooth maximum: log(Σ eˣ), computed so that it does not overflow.",
    gradient="Shares the gradient by the softmax of the entries: the largest gets most.",
    torch="logsumexp",
    params=("axis", "keepdims"),
    parts=_logsumexp_parts,
)

# The length of a vector -----------------------------------------------------------


def _bind_norm(
    x: Any,
    ord: Any = None,  # noqa: A002
    axis: Any = None,
    keepdims: bool = False,
    *,
    p: Any = None,
) -> tuple[tuple[Any, ...], Params]:
    """torch calls the order `p`."""
    order = ord if p is None else p
    return (x,), but_defaults(ord=(order, None), axis=(axis, None), keepdims=(keepdims, False))


def _order(x: Any, order: Any, axis: Axis) -> float:
    """The order as a number; an order that would make it a norm of matrices is refused."""
    if order is None or order == "fro":
        return 2.0
    axes = len(axes_of(axis, len(shape))) if (shape := np.shape(x)) else 1
    if axes > 1:
        raise ValueError(
            _(
                "over several axes ord={order!r} is a norm of matrices, and of those there "
                "is only 'fro'; give one axis, flatten the array, or take np.linalg.svd(x, "
                "compute_uv=False), whose largest is ord=2 and whose sum 'nuc'",
                order=order,
            )
        )
    if not isinstance(order, int | float) or not order > 0:
        raise ValueError(_("the order is a number above 0 or inf, not {order!r}", order=order))
    return float(order)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002
    p = _order(x, ord, valid_axis(x, axis))
    size = np.abs(x)
    if p == math.inf:
        return reduced(np.maximum, size, axis, keepdims, initial=0.0)
    powers = size if p == 1 else size * size if p == 2 else size**p
    total = reduced(np.add, powers, axis, keepdims)
    return total if p == 1 else np.sqrt(total) if p == 2 else total ** (1 / p)


def _pull_norm(
    upstream: Any,
    out: Any,
    x: Any,
    ord: Any = None,  # noqa: A002
    axis: Axis = None,
    keepdims: bool = False,
) -> Any:
    p = 2.0 if ord is None or ord == "fro" else float(ord)
    upstream, out = kept(upstream, x, axis, keepdims), kept(out, x, axis, keepdims)
    if p == math.inf:
        reached = equal(abs_op(x), out)
        share = div(reached, sum_op(reached, axis=axis, keepdims=True))
        return upstream * sign(x) * share
    if p == 2:
        return x * _over_root(upstream, out)
    zero = equal(data_of(x), 0.0)
    safe = guard(out, equal(data_of(out), 0.0), value=1.0)
    return upstream * sign(x) * (guard(abs_op(x), zero, value=1.0) / safe) ** (p - 1)


def _norm_parts(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002
    p = _order(data_of(x), ord, axis)
    if p == math.inf:
        return amax(abs_op(x), axis=axis, keepdims=keepdims)
    if p == 1:
        return sum_op(abs_op(x), axis=axis, keepdims=keepdims)
    if p == 2:
        return sqrt(sum_op(x**2, axis=axis, keepdims=keepdims))
    return sum_op(abs_op(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


norm = structural(
    "norm",
    _norm,
    _pull_norm,
    symbol="‖□‖",
    domain="all numbers",
    note="The length of a vector, p-norms by `ord`.",
    gradient="For the usual length the gradient is the unit vector times the upstream gradient; "
    "at 0, where there is a kink, it is 0.",
    sample=Call((floats(3, -4),)),
    kink=Call((floats(0, 0),)),
    torch="linalg.vector_norm",
    params=("ord", "axis", "keepdims"),
    bind=_bind_norm,
    parts=_norm_parts,
    numpy=(np.linalg.norm,),
)
