"""Ops that move entries without changing them, and the sum that undoes broadcasting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from backviz.autodiff.calls import MATRIX, VECTOR, Call, floats
from backviz.autodiff.data import Data
from backviz.autodiff.notation import ATOM, Notation
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.operand import Operand, Params
from backviz.autodiff.symbol import Symbol
from backviz.language import _

Shape = tuple[int, ...]
Bound = tuple[tuple[Any, ...], Params]


def shape_of(x: Any) -> Shape:
    """The shape of a recorded value, a symbol, an array or a number.

    >>> shape_of([[1, 2]]), shape_of(2.0)
    ((1, 2), ())
    """
    if type(x) is np.ndarray:
        return tuple(x.shape)
    return x.shape if isinstance(x, Operand) else tuple(np.shape(x))


def whole(given: Any) -> int | Shape:
    """A whole number, or a tuple of them, as Python's own; anything else is a TypeError.

    >>> whole(np.int64(2)), whole([0, np.int8(-1)])
    (2, (0, -1))
    """
    if isinstance(given, (tuple, list)) or (isinstance(given, np.ndarray) and given.ndim):
        return tuple([index(i) for i in given])
    return index(given)


def several(listed: tuple[Any, ...], *named: Any) -> Any:
    """Whole numbers that were given one by one, as a tuple, or by one of several names.

    >>> several((2, 3)), several(((2, 3),)), several((), None, [2, 3]), several(())
    ((2, 3), (2, 3), (2, 3), None)
    """
    first = listed[0] if len(listed) == 1 else listed or None
    said = [x for x in (first, *named) if x is not None]
    if len(said) > 1:
        raise TypeError(_("one option is given twice"))
    if not said:
        return None
    numbers = whole(said[0])
    return numbers if isinstance(numbers, tuple) else (numbers,)


def _refuse_order(order: str) -> None:
    if order != "C":
        raise TypeError(_("entries are taken row by row, order 'C', not {order!r}; transpose first",
                          order=order))  # fmt: skip


# Broadcasting ------------------------------------------------------------------------


def kept_axes(word: str, x: Symbol, axes: tuple[int, ...]) -> str:
    """A reduction whose axes stay, with size 1: `sum₁(x)` is the sum along axis 1.

    >>> kept_axes("sum", Symbol("x", shape=(2, 3)), (1,))
    'sum₁(x)'
    """
    places = "".join(chr(ord("₀") + axis) for axis in sorted(axes))
    return f"{word}{places}({x})"


def _sum_to_text(symbols: Sequence[Symbol], params: Params) -> tuple[str, int]:
    """The sums over the axes in question."""
    (x,), shape = symbols, params["shape"]
    lead = x.ndim - len(shape)
    if not shape:
        return f"sum({x})", ATOM
    if lead:
        axis = "0" if lead == 1 else str(tuple(range(lead)))
        x = Symbol(f"sum({x}, axis={axis})", shape=x.shape[lead:])
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and x.shape[i] != 1)
    return kept_axes("sum", x, stretched) if stretched else x.text, ATOM


def _sum_to(x: Data, shape: Shape) -> np.ndarray:
    array: np.ndarray = np.asarray(x)
    array = np.asarray(array.sum(axis=tuple(range(array.ndim - len(shape)))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and array.shape[i] != 1)
    return np.asarray(array.sum(axis=stretched, keepdims=True)) if stretched else array


sum_to = structural(
    "sum_to",
    _sum_to,
    lambda upstream, out, x, shape: broadcast_to(upstream, shape=shape_of(x)),
    notation=Notation("sum_to({})", write=_sum_to_text),
    shape=lambda x, shape: shape,
    symbol="Σ→",
    domain="all numbers",
    note="Sums over the axes along which a smaller shape was broadcast: the reverse of that.",
    gradient="Copies the gradient back to the larger shape.",
    sample=Call((MATRIX,), {"shape": (3,)}),
    torch="",
    params=("shape",),
    public=False,
    method=False,
)


def summed_to(gradient: Any, shape: Shape) -> Any:
    """A gradient in the shape of what was broadcast; itself if it has that shape already."""
    return gradient if shape_of(gradient) == shape else sum_to(gradient, shape=shape)


def _bind_shape(x: Any, *sizes: Any, shape: Any = None) -> Bound:
    wanted = several(sizes, shape)
    if wanted is None:
        raise TypeError(_("the shape is missing"))
    return (x,), {"shape": wanted}


broadcast_to: Structural = structural(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape).copy(),
    lambda upstream, out, x, shape: sum_to(upstream, shape=shape_of(x)),
    shape=lambda x, shape: shape,
    symbol="copy",
    domain="all numbers",
    note="Copies entries to a larger shape.",
    gradient="The gradients of the copies add up.",
    sample=Call((VECTOR,), {"shape": (2, 3)}),
    torch="broadcast_to",
    torch_options={"shape": "size"},
    params=("shape",),
    bind=_bind_shape,
    numpy=(np.broadcast_to,),
    written=False,
    gives="alike",
)


# Another shape -----------------------------------------------------------------------


def _bind_reshape(
    x: Any, *sizes: Any, shape: Any = None, newshape: Any = None, order: str = "C"
) -> Bound:
    if not sizes and type(shape) is tuple and order == "C" and newshape is None and -1 not in shape:
        return (x,), {"shape": whole(shape)}  # the usual call in a rule
    if sizes and isinstance(sizes[-1], str):
        *sizes, order = sizes  # type: ignore[assignment]
    _refuse_order(order)
    wanted = several(tuple(sizes), shape, newshape)
    if wanted is None:
        raise TypeError(_("the shape is missing"))
    if wanted.count(-1) == 1:
        size, known = math.prod(shape_of(x)), -math.prod(wanted)
        if known and size % known == 0:  # if not, numpy says what is wrong
            wanted = tuple(size // known if n == -1 else n for n in wanted)
    return (x,), {"shape": wanted}


reshape: Structural = structural(
    "reshape",
    lambda x, shape: np.asarray(x).reshape(shape).copy(),
    lambda upstream, out, x, shape: reshape(upstream, shape=shape_of(x)),
    shape=lambda x, shape: shape,
    symbol="reshape",
    domain="all numbers",
    note="The same entries in another shape.",
    gradient="Puts the gradient back into the old shape.",
    sample=Call((MATRIX,), {"shape": (3, 2)}),
    torch="reshape",
    params=("shape",),
    aliases=("view",),
    bind=_bind_reshape,
    numpy=(np.reshape,),
    gives="alike",
)


def _ravel(x: Any, start_dim: int = 0, end_dim: int = -1) -> np.ndarray:
    shape: Shape = np.shape(x) or (1,)
    axes = range(len(shape))
    first, last = axes[start_dim], axes[end_dim]  # an IndexError for an axis that is not there
    if first > last:
        raise ValueError(_("start_dim lies behind end_dim"))
    merged = math.prod(shape[first : last + 1])
    return np.reshape(x, (*shape[:first], merged, *shape[last + 1 :])).copy()


def _bind_ravel(x: Any, start_dim: Any = 0, end_dim: int = -1, order: str = "C") -> Bound:
    if isinstance(start_dim, str):  # np.ravel(x, "C")
        start_dim, order = 0, start_dim
    _refuse_order(order)
    ends = {"start_dim": index(start_dim), "end_dim": index(end_dim)}
    return (x,), {} if tuple(ends.values()) == (0, -1) else ends


ravel = structural(
    "ravel",
    _ravel,
    lambda upstream, out, x, start_dim=0, end_dim=-1: reshape(upstream, shape=shape_of(x)),
    domain="all numbers",
    note="All entries in one row, or those of some neighbouring axes.",
    gradient="Puts the gradient back into the old shape.",
    sample=Call((MATRIX,)),
    torch="ravel",
    params=("start_dim", "end_dim"),
    aliases=("flatten",),
    bind=_bind_ravel,
    numpy=(np.ravel,),
    gives="alike",
)


def in_a_row(x: Any) -> Any:
    """All entries in one row; a row is itself, and nothing is recorded.

    >>> x = np.array([1.0, 2.0])
    >>> in_a_row(x) is x, in_a_row(3.0)
    (True, array([3.]))
    """
    return x if len(shape_of(x)) == 1 else ravel(x)


def _new_axes(symbols: Sequence[Symbol], params: Params) -> tuple[str, int]:
    """`x[:, None]`, as numpy writes it."""
    (x,), axis = symbols, params["axis"]
    axes = axis if isinstance(axis, tuple) else (axis,)
    n = x.ndim + len(axes)
    places = ["None" if i in {a % n for a in axes} else ":" for i in range(n)]
    while places and places[-1] == ":":
        places.pop()
    return (f"{x.bracketed(ATOM)}[{', '.join(places)}]", ATOM) if places else (x.text, x.level)


expand_dims: Structural = structural(
    "expand_dims",
    lambda x, axis: np.expand_dims(x, axis).copy(),
    lambda upstream, out, x, axis: squeeze(upstream, axis=axis),
    notation=Notation("expand_dims({})", write=_new_axes),
    domain="all numbers",
    note="Adds an axis of size 1.",
    gradient="The gradient loses that axis again.",
    sample=Call((VECTOR,), {"axis": 0}),
    torch="unsqueeze",
    params=("axis",),
    aliases=("unsqueeze",),
    bind=lambda x, axis: ((x,), {"axis": whole(axis)}),
    numpy=(np.expand_dims,),
    gives="alike",
)


def _pull_squeeze(upstream: Any, out: Any, x: Any, axis: Any = None) -> Any:
    if axis is None:
        return reshape(upstream, shape=shape_of(x))
    return expand_dims(upstream, axis=axis)


squeeze: Structural = structural(
    "squeeze",
    lambda x, axis=None: np.squeeze(x, axis).copy(),
    _pull_squeeze,
    domain="all numbers",
    note="Drops axes of size 1.",
    gradient="The gradient gets those axes back.",
    sample=Call((floats([1, 3, 2]),)),
    torch="squeeze",
    params=("axis",),
    bind=lambda x, axis=None: ((x,), {} if axis is None else {"axis": whole(axis)}),
    numpy=(np.squeeze,),
    gives="alike",
)


# Another order -----------------------------------------------------------------------


def _turned(symbols: Sequence[Symbol], params: Params) -> tuple[str, int] | None:
    """`xᵀ` where the last two axes are exchanged, or the only two."""
    (x,) = symbols
    order = [axis % max(x.ndim, 1) for axis in params.values()]
    last = sorted(order) == [x.ndim - 2, x.ndim - 1] if params else x.ndim == 2
    return (f"{x.bracketed(ATOM)}ᵀ", ATOM) if x.ndim > 1 and last else None


swapaxes: Structural = structural(
    "swapaxes",
    lambda x, axis1, axis2: np.swapaxes(x, axis1, axis2).copy(),
    lambda upstream, out, x, axis1, axis2: swapaxes(upstream, axis1=axis1, axis2=axis2),
    notation=Notation("swapaxes({}, {axis1}, {axis2})", write=_turned),
    shape=lambda x, axis1, axis2: tuple(np.swapaxes(np.broadcast_to(0, x), axis1, axis2).shape),
    symbol="ᵀ",
    domain="all numbers",
    note="Exchanges two axes.",
    gradient="Exchanges the same two axes of the gradient.",
    sample=Call((MATRIX,), {"axis1": 0, "axis2": 1}),
    torch="swapaxes",
    torch_options={"axis1": "axis0", "axis2": "axis1"},
    params=("axis1", "axis2"),
    aliases=("swapdims",),
    bind=lambda x, axis1, axis2: ((x,), {"axis1": index(axis1), "axis2": index(axis2)}),
    numpy=(np.swapaxes,),
    gives="alike",
)


def _bind_transpose(x: Any, *order: Any, axes: Any = None, dims: Any = None, **two: Any) -> Bound:
    """All axes in their new order, as numpy takes them; or two to be exchanged, as torch does."""
    if set(two) == {"dim0", "dim1"} and not order:
        order = (two.pop("dim0"), two.pop("dim1"))
    if two:
        raise TypeError(_("there is no option {next!r}; the option is axes", next=next(iter(two))))
    wanted = several(order, axes, dims)
    if wanted is None:
        return (x,), {}
    n = len(shape_of(x))
    there = all(-n <= axis < n for axis in wanted)
    if len(wanted) == 2 < n and there:
        places = list(range(n))
        a, b = wanted
        places[a], places[b] = places[b], places[a]
        wanted = tuple(places)
    if there and len(wanted) == n and [axis % n for axis in wanted] == [*range(n)][::-1]:
        return (x,), {}  # as without axes
    return (x,), {"axes": wanted}


def _pull_transpose(upstream: Any, out: Any, x: Any, axes: Any = None) -> Any:
    if axes is None:
        return transpose(upstream)
    n = len(axes)
    return transpose(upstream, axes=tuple(sorted(range(n), key=lambda i: axes[i] % n)))


transpose: Structural = structural(
    "transpose",
    lambda x, axes=None: np.transpose(x, axes).copy(),
    _pull_transpose,
    notation=Notation(
        "transpose({})", write=lambda symbols, axes: None if axes else _turned(symbols, axes)
    ),
    shape=lambda x, axes=None: tuple(np.transpose(np.broadcast_to(0, x), axes).shape),
    symbol="ᵀ",
    domain="all numbers",
    note="The axes in reverse or in a given order; two axes of three or more are exchanged, as in "
    "torch.",
    gradient="Puts the gradient's axes back.",
    sample=Call((MATRIX,)),
    torch="permute",
    torch_options={"axes": "dims"},
    params=("axes",),
    aliases=("permute",),
    bind=_bind_transpose,
    numpy=(np.transpose,),
    gives="alike",
)

moveaxis: Structural = structural(
    "moveaxis",
    lambda x, source, destination: np.moveaxis(x, source, destination).copy(),
    lambda upstream, out, x, source, destination: moveaxis(upstream, destination, source),
    domain="all numbers",
    note="Moves axes to other places.",
    gradient="Moves the gradient's axes back.",
    sample=Call((MATRIX,), {"source": 0, "destination": 1}),
    torch="moveaxis",
    params=("source", "destination"),
    aliases=("movedim",),
    bind=lambda x, source, destination: (
        (x,),
        {"source": whole(source), "destination": whole(destination)},
    ),
    numpy=(np.moveaxis,),
    gives="alike",
)


def _bind_flip(x: Any, *axes: Any, axis: Any = None, dims: Any = None) -> Bound:
    wanted = several(axes, axis, dims)
    if wanted is None:
        return (x,), {}
    return (x,), {"axis": wanted[0] if len(wanted) == 1 else wanted}


def _flip(x: Any, axis: Any = None) -> Any:
    # a single number has the axes 0 and -1, as in torch
    return np.flip(x, axis).copy() if np.ndim(x) or axis not in (0, -1) else x


flip: Structural = structural(
    "flip",
    _flip,
    lambda upstream, out, x, axis=None: flip(upstream, axis=axis),
    domain="all numbers",
    note="Reverses the order along all axes or some.",
    gradient="Reverses the order of the gradient in the same way.",
    sample=Call((VECTOR,)),
    torch="flip",
    torch_options={"axis": "dims"},
    params=("axis",),
    bind=_bind_flip,
    numpy=(np.flip,),
    gives="alike",
)


def _bind_roll(
    x: Any, shift: Any = None, axis: Any = None, *, shifts: Any = None, dims: Any = None
) -> Bound:
    steps = [s for s in (shift, shifts) if s is not None]
    axes = [a for a in (axis, dims) if a is not None]
    if len(steps) != 1 or len(axes) > 1:
        raise TypeError(_("it takes a shift, and an axis if not all entries move in one row"))
    params = {"shift": whole(steps[0])}
    return (x,), {**params, "axis": whole(axes[0])} if axes else params


def _pull_roll(upstream: Any, out: Any, x: Any, shift: Any, axis: Any = None) -> Any:
    back = tuple(-n for n in shift) if isinstance(shift, tuple) else -shift
    return roll(upstream, shift=back, axis=axis)


roll: Structural = structural(
    "roll",
    lambda x, shift, axis=None: np.roll(x, shift, axis),
    _pull_roll,
    domain="all numbers",
    note="Moves entries along, those that fall off to the other end.",
    gradient="Moves the gradient back by as much.",
    sample=Call((VECTOR,), {"shift": 1}),
    torch="roll",
    torch_options={"shift": "shifts", "axis": "dims"},
    params=("shift", "axis"),
    bind=_bind_roll,
    numpy=(np.roll,),
    gives="alike",
)
