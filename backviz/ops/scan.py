"""Running sums, products and extremes along an axis; without one, of all entries in a row."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.calls import VECTOR, Call, floats
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.operand import Operand
from backviz.autodiff.symbol import constant, numbers_behind
from backviz.ops.compare import equal, guard
from backviz.ops.index import along_axis, scatter
from backviz.ops.options import but_defaults
from backviz.ops.reduce import each_alone, one_axis, shaped
from backviz.ops.reduce import sum as sum_op
from backviz.ops.shape import in_a_row, shape_of


def _run(ufunc: np.ufunc, x: Any, axis: Any, reverse: bool) -> Any:
    valid, x = one_axis(x, axis), np.asarray(x)
    if axis is not None and not x.ndim:
        return x
    axis = valid
    if axis is None:
        axis, x = 0, x.ravel()
    if not reverse:
        return ufunc.accumulate(x, axis=axis)
    return np.flip(ufunc.accumulate(np.flip(x, axis), axis=axis), axis)


def _pull_sum(
    upstream: Any, out: Any, x: Any, axis: int | None = None, reverse: bool = False
) -> Any:
    """An entry was added to every sum from its place on: sum those gradients, from the end."""
    gradient = cumsum(upstream, axis=axis, reverse=not reverse)
    return shaped(gradient, shape_of(x))


cumsum: Structural = structural(
    "cumsum",
    lambda x, axis=None, reverse=False: _run(np.add, x, axis, reverse),
    _pull_sum,
    domain="all numbers",
    note="The sums of the entries so far.",
    gradient="The gradient is summed the other way, from the end.",
    torch="cumsum",
    params=("axis", "reverse"),
    numpy=(np.cumsum,),
    interval=(0.3, 2.0),
    gives="count",
)


def _pull_product(upstream: Any, out: Any, x: Any, axis: int | None = None) -> Any:
    """As for `prod`, from the place of each entry on."""
    shape = shape_of(x)
    if axis is None:
        x, axis = shaped(x, (math.prod(shape),)), 0
    if not shape_of(x):
        return upstream
    axis %= len(shape_of(x))
    zero = equal(data_of(x), 0.0)
    gradient = cumsum(upstream * out, axis=axis, reverse=True)
    if not np.any(numbers_behind(zero)):
        return shaped(gradient / x, shape)
    # guarded, not multiplied by 0: what is infinite elsewhere shall not become NaN
    gradient = guard(gradient / guard(x, zero, value=1.0), zero)
    if isinstance(x, Operand):  # each 0 left out by itself, so that this has derivatives
        masks = constant(f"alone({x})", each_alone(numbers_behind(zero)), x)
        left = upstream * cumprod(guard(x, masks, value=1.0), axis=axis + 1)
        more = sum_op(guard(cumsum(left, axis=axis + 1, reverse=True), 1 - masks), axis=0)
    else:  # from the second 0 on every product stays 0
        first = zero * equal(cumsum(zero, axis=axis), 1.0)
        left = upstream * cumprod(guard(x, first, value=1.0), axis=axis)
        more = guard(cumsum(left, axis=axis, reverse=True), 1 - first)
    return shaped(gradient + more, shape)


cumprod: Structural = structural(
    "cumprod",
    lambda x, axis=None: _run(np.multiply, x, axis, False),
    _pull_product,
    domain="all numbers",
    note="The products of the entries so far.",
    gradient="Each entry's gradient is summed over the products that it is in.",
    torch="cumprod",
    params=("axis",),
    numpy=(np.cumprod,),
)


# Running extremes -----------------------------------------------------------------------


def places_of_extremes(ufunc: np.ufunc, x: Any, axis: int) -> np.ndarray:
    """Where each running extreme was reached; of several equal ones the last, as in torch."""
    entries = np.asarray(x.data if isinstance(x, Operand) else x)
    reached = (entries == ufunc.accumulate(entries, axis=axis)) | np.isnan(entries)
    own = np.arange(entries.shape[axis]).reshape(
        -1, *(1,) * (entries.ndim - axis % entries.ndim - 1)
    )
    made: np.ndarray = np.maximum.accumulate(np.where(reached, own, 0), axis=axis)
    return made


def _running(name: str, ufunc: np.ufunc, word: str) -> Structural:
    def pull(upstream: Any, out: Any, x: Any, axis: int = 0) -> Any:
        shape = shape_of(x)
        if not shape:
            return upstream
        return scatter(
            upstream, key=along_axis(places_of_extremes(ufunc, x, axis), axis), shape=shape
        )

    return structural(
        name,
        lambda x, axis=0: _run(ufunc, x, axis, False),
        pull,
        domain="all numbers",
        note=f"The {word} of the entries so far, along an axis.",
        gradient="Sends the gradient of each result to the entry that it is, which gets their sum; "
        "of equal entries the last one gets it.",
        sample=Call((VECTOR,)),
        kink=Call((floats(1, 1),)),
        torch=name,
        params=("axis",),
        bind=lambda x, axis=None: (
            (in_a_row(x) if axis is None else x,),
            {} if axis is None else but_defaults(axis=(index(axis), 0)),
        ),
        method=False,  # as one it gives torch's pair
        gives="alike",
    )


cummax = _running("cummax", np.maximum, "largest")
cummin = _running("cummin", np.minimum, "smallest")
