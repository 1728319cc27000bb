"""Reductions: many entries to one, over all axes or some."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from operator import index
from typing import Any

import numpy as np

from backviz.autodiff.calls import MATRIX, Call, floats
from backviz.autodiff.data import as_data
from backviz.autodiff.notation import ATOM, Notation
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.operand import Operand, Params
from backviz.autodiff.symbol import Symbol, constant, numbers_behind, part
from backviz.language import _
from backviz.ops.arithmetic import div
from backviz.ops.compare import equal, guard
from backviz.ops.shape import broadcast_to, expand_dims, kept_axes, reshape, shape_of

Axis = int | tuple[int, ...] | None

# What every rule here needs -------------------------------------------------------


def reduction(word: str) -> Any:
    """How a reduction is written; what is public stands as numpy has it."""

    def write(symbols: Sequence[Symbol], params: Params) -> tuple[str, int] | None:
        (x,), axis = symbols, params.get("axis")
        if isinstance(axis, tuple) and len(axis) == 1:
            (axis,) = axis
        if not params.get("keepdims"):
            given = "" if axis is None else f", axis={axis}"
            return f"{word}({x}{given})", ATOM
        return kept_axes(word, x, axes_of(axis, x.ndim)), ATOM

    return Notation(f"{word}({{}})", write=write)


def reduced_shape(shape: tuple[int, ...], axis: Any = None, keepdims: bool = False) -> Any:
    """The shape of a reduced array."""
    lost = axes_of(axis, len(shape))
    if keepdims:
        return tuple(1 if i in lost else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in lost)


def valid_axis(x: Any, axis: Any) -> Any:
    """The axis or axes as numpy takes them; what is not a whole number is a `ValueError`.

    A single number counts as one entry along an axis 0, as in torch.
    """
    if axis is None:
        return None
    try:
        axes = tuple(map(index, axis)) if isinstance(axis, tuple | list) else index(axis)
    except TypeError:
        raise ValueError(_("an axis is a whole number, not {axis!r}", axis=axis)) from None
    if x.ndim if type(x) is np.ndarray else np.ndim(x):
        return axes
    if axes not in (0, -1, (), (0,), (-1,)):
        raise ValueError(_("a single number has no axes but 0 and -1, its only entry"))
    return None


def reduced(ufunc: Any, x: Any, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
    """A reduction by numpy, without the detours of np.sum and its like."""
    return ufunc.reduce(x, axis=valid_axis(x, axis), keepdims=bool(keepdims), **more)


def axes_of(axis: Any, axes: int) -> tuple[int, ...]:
    """The axes reduced over, counted from the first."""
    if axis is None or not axes:
        return tuple(range(axes))
    return tuple(index(a) % axes for a in (axis if isinstance(axis, tuple | list) else (axis,)))


def shaped(x: Any, shape: tuple[int, ...]) -> Any:
    """The same entries in another shape, recorded only where that changes something."""
    if shape_of(x) == shape:
        return x
    return reshape(x, shape=shape) if isinstance(x, Operand) else as_data(np.reshape(x, shape))


def kept(made: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """A reduced array as it broadcasts with `x`: with its lost axes, of size 1, where needed."""
    if axis is None or keepdims:
        return made
    lost = sorted(axes_of(axis, len(shape_of(x))))
    if lost == [*range(len(lost))]:  # in front of what is left, where it broadcasts by itself
        return made
    again = expand_dims if isinstance(made, Operand) else np.expand_dims
    return again(made, axis=tuple(lost))


def _pull_mean(upstream: Any, out: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    if type(upstream) is float and type(x) is np.ndarray:
        return np.full(x.shape, upstream / max(x.size, 1), x.dtype)
    return _spread(upstream / count(x, out), x, axis, keepdims)


def count(x: Any, out: Any) -> Any:
    """How many entries of `x` go into one of `out`; at least one."""
    return max(1.0, math.prod(shape_of(x)) / max(1, math.prod(shape_of(out))))


def each_alone(zero: Any) -> np.ndarray:
    """A mask for each entry that is not 0, with that entry alone, stacked on a new first axis."""
    places = np.argwhere(zero)
    masks = np.zeros((len(places), *np.shape(zero)))
    masks[(np.arange(len(places)), *places.T)] = 1.0
    return masks


def _spread(upstream: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Give the gradient of a reduced array the shape of the whole again."""
    if type(upstream) is float and type(x) is np.ndarray:
        return np.full(x.shape, upstream, x.dtype)
    upstream = kept(upstream, x, axis, keepdims)
    if not shape_of(x):
        return upstream
    if isinstance(upstream, Operand):
        return broadcast_to(upstream, shape=shape_of(x))
    copies = np.empty_like(x)
    copies[...] = upstream
    return copies


# Sum, mean, product ---------------------------------------------------------------


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean; of nothing it is NaN, without a warning."""
    total = reduced(np.add, x, axis, keepdims)
    return total / (x.size / max(total.size, 1)) if type(x) is np.ndarray else total


sum = structural(  # noqa: A001
    "sum",
    partial(reduced, np.add),
    lambda upstream, out, x, axis=None, keepdims=False: _spread(upstream, x, axis, keepdims),
    notation=reduction("sum"),
    shape=reduced_shape,
    symbol="Σ",
    domain="all numbers",
    note="The sum of all entries, or along axes.",
    gradient="Copies the upstream gradient to every entry that was summed.",
    sample=Call((MATRIX,), {"axis": 0}),
    torch="sum",
    params=("axis", "keepdims"),
    numpy=(np.sum,),
    gives="count",
    interval=(0.3, 2.0),
)

mean = structural(
    "mean",
    _mean,
    _pull_mean,
    notation=reduction("mean"),
    shape=reduced_shape,
    domain="at least one entry",
    note="The mean of all entries, or along axes.",
    gradient="Shares the upstream gradient equally among the entries.",
    sample=Call((MATRIX,), {"axis": 0}),
    torch="mean",
    params=("axis", "keepdims"),
    numpy=(np.mean,),
    interval=(0.3, 2.0),
)


def _pull_product(
    upstream: Any, out: Any, x: Any, axis: Axis = None, keepdims: bool = False
) -> Any:
    """Upstream × the product of the other entries: out / x, where x is not 0."""
    upstream, out = kept(upstream, x, axis, keepdims), kept(out, x, axis, keepdims)
    numbers = numbers_behind(x)
    apart = np.multiply(np.equal(numbers, 0.0) | ~np.isfinite(numbers), 1.0)
    if not np.any(apart):
        return upstream * out / x
    if not isinstance(x, Operand):
        return upstream * _all_but_one(np.asarray(x), axes_of(axis, np.ndim(x)))
    # each is left out by itself, so that derivatives of the rule are right at several zeros
    masks = constant(f"alone({x})", each_alone(apart), x)
    apart = constant(f"apart({x})", apart, x)
    axes = tuple(a + 1 for a in axes_of(axis, len(x.shape)))
    left = prod(guard(x, masks, value=1.0), axis=axes, keepdims=True)
    others = guard(out / guard(x, apart, value=1.0), apart)
    return upstream * (others + sum(guard(left, 1 - masks), axis=0))


def _all_but_one(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """For each entry the product of the others: of those before it times those behind it."""
    last = tuple(range(x.ndim - len(axes), x.ndim))
    moved = np.moveaxis(x, axes, last)
    row = moved.reshape((*moved.shape[: x.ndim - len(axes)], -1))
    before, behind = np.ones_like(row), np.ones_like(row)
    np.multiply.accumulate(row[..., :-1], axis=-1, out=before[..., 1:])
    np.multiply.accumulate(row[..., :0:-1], axis=-1, out=behind[..., -2::-1])
    return np.moveaxis((before * behind).reshape(moved.shape), last, axes)


prod: Structural = structural(
    "prod",
    partial(reduced, np.multiply),
    _pull_product,
    notation=reduction("prod"),
    shape=reduced_shape,
    symbol="Π",
    domain="all numbers",
    note="The product of all entries, or along axes.",
    gradient="Each entry gets the upstream gradient times the product of all the others.",
    torch="prod",
    params=("axis", "keepdims"),
    numpy=(np.prod,),
)

# The largest and the smallest -----------------------------------------------------


def _pull_extreme(
    upstream: Any, out: Any, x: Any, axis: Axis = None, keepdims: bool = False
) -> Any:
    """The upstream gradient where the extreme is reached; at a tie shared equally, as in torch."""
    reached = part("m", equal(x, kept(out, x, axis, keepdims)))
    share = div(reached, sum(reached, axis=axis, keepdims=True))
    return kept(upstream, x, axis, keepdims) * share


def _extreme(
    name: str, sign: str, ufunc: np.ufunc, functions: tuple[Callable[..., Any], ...], word: str
) -> Structural:
    return structural(
        name,
        partial(reduced, ufunc),
        _pull_extreme,
        notation=reduction(sign),
        shape=reduced_shape,
        symbol=sign,
        domain="all numbers",
        note=f"The {word} entry, of all or along axes.",
        gradient=f"Routes the gradient to the {word} entry; at a tie all of them share it equally.",
        sample=Call((MATRIX,), {"axis": 1}),
        kink=Call((floats(1, 1),)),
        torch=name,
        params=("axis", "keepdims"),
        numpy=functions,
        gives="alike",
    )


amax = _extreme("amax", "max", np.maximum, (np.max, np.amax), "largest")
amin = _extreme("amin", "min", np.minimum, (np.min, np.amin), "smallest")


def one_axis(x: Any, axis: Any) -> Any:
    """The one axis of an op that takes only one; `None` for the array as one row."""
    valid = valid_axis(x, axis)
    if isinstance(valid, tuple):
        raise ValueError(_("this op works along one axis, not along {axis}", axis=axis))
    return valid


def _place(name: str, function: Callable[..., Any], word: str) -> Structural:
    return structural(
        name,
        lambda x, axis=None, keepdims=False: function(
            x, axis=one_axis(x, axis), keepdims=bool(keepdims)
        ),
        arity=1,
        domain="all numbers",
        note=f"The place of the {word} entry, counted from 0.",
        torch=name,
        params=("axis", "keepdims"),
        numpy=(function,),
        gives="positions",
    )


argmax = _place("argmax", np.argmax, "largest")
argmin = _place("argmin", np.argmin, "smallest")

# Whether conditions hold ----------------------------------------------------------


def _whether(name: str, ufunc: np.ufunc, function: Callable[..., Any], word: str) -> Structural:
    return structural(
        name,
        lambda x, axis=None, keepdims=False: np.asarray(
            reduced(ufunc, np.not_equal(x, 0), axis, keepdims)
        ).astype(np.result_type(x)),
        arity=1,
        domain="all numbers",
        note=f"1 if {word} entry is not 0, else 0.",
        torch=name,
        params=("axis", "keepdims"),
        numpy=(function,),
        gives="mask",
    )


any = _whether("any", np.logical_or, np.any, "some")  # noqa: A001
all = _whether("all", np.logical_and, np.all, "every")  # noqa: A001
