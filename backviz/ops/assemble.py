"""Ops that put arrays together, repeat them, and take parts of matrices.

`split`, `unstack` and `take` are no ops of their own: they are written with getitem.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from backviz.autodiff.calls import SQUARE, VECTOR, Call
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.table import FUNCTIONS
from backviz.errors import ShapeError
from backviz.language import _
from backviz.ops.index import as_key, getitem, scatter
from backviz.ops.options import but_defaults
from backviz.ops.reduce import sum as total
from backviz.ops.shape import (
    Bound,
    flip,
    moveaxis,
    ravel,
    reshape,
    several,
    shape_of,
    whole,
)

ALL = slice(None)


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """The key that takes a part along one axis.

    >>> print(as_key(along(2, 0)), as_key(along(-2, slice(1, 3))), sep="   ")
    :, :, 0   ..., 1:3, :
    """
    if axis >= 0:
        return (*[ALL] * axis, part)
    return (..., part, *[ALL] * (-axis - 1))


# Put together ------------------------------------------------------------------------


def _listed(
    name: str, given: tuple[Any, ...], axis: Any, named: Any
) -> tuple[tuple[Any, ...], Any]:
    """The arrays and the axis of `f([x, y], axis)`, or of `f(x, y, axis=…)`."""
    arrays: Any = given
    if named is not None:
        arrays = named
        axis = given[0] if given else axis
    elif len(given) in (1, 2) and isinstance(given[0], list | tuple):
        arrays = given[0]
        axis = given[1] if len(given) == 2 else axis
    elif len(given) == 1:
        arrays = given[0]
    if not isinstance(arrays, tuple | list | np.ndarray):
        raise TypeError(_("the arrays come in a list: {name}([x, y])", name=name))
    return tuple(arrays), axis


def _bind_concatenate(*given: Any, axis: Any = 0, arrays: Any = None, tensors: Any = None) -> Bound:
    operands, axis = _listed("concatenate", given, axis, tensors if arrays is None else arrays)
    if axis is None:
        return tuple(map(ravel, operands)), {"axis": 0}
    return operands, {"axis": whole(axis)}


def _pull_concatenate(
    upstream: Any, out: Any, inputs: Sequence[Any], axis: int = 0
) -> Callable[[int], Any]:
    ends = [0, *accumulate(shape_of(x)[axis] for x in inputs)]
    return lambda i: getitem(upstream, along(axis, slice(ends[i], ends[i + 1])))


concatenate = structural(
    "concatenate",
    lambda *arrays, axis=0: np.concatenate(arrays, axis),
    pulls=_pull_concatenate,
    variadic=True,
    arity=0,
    notation=Notation("concatenate({})"),
    domain="all numbers",
    note="Puts arrays behind each other.",
    gradient="Cuts the gradient apart again: each array gets its part.",
    torch="concatenate",
    params=("axis",),
    aliases=("cat",),
    bind=_bind_concatenate,
    numpy=(np.concatenate,),
    written=False,
    method=False,
    gives="alike",
)


def _bind_stack(*given: Any, axis: Any = 0, arrays: Any = None, tensors: Any = None) -> Bound:
    operands, axis = _listed("stack", given, axis, tensors if arrays is None else arrays)
    return operands, {"axis": whole(axis)}


stack = structural(
    "stack",
    lambda *arrays, axis=0: np.stack(arrays, axis),
    pulls=lambda upstream, out, inputs, axis=0: lambda i: getitem(upstream, along(axis, i)),
    variadic=True,
    arity=0,
    notation=Notation("stack({})"),
    domain="all numbers",
    note="Puts arrays side by side along a new axis.",
    gradient="Each array gets its layer of the gradient.",
    torch="stack",
    params=("axis",),
    bind=_bind_stack,
    numpy=(np.stack,),
    written=False,
    method=False,
    gives="alike",
)


def hstack(arrays: Any) -> Any:
    """Side by side: along the second axis, vectors and numbers along their only one."""
    rows = [x if shape_of(x) else ravel(x) for x in arrays]
    return concatenate(rows, axis=0 if rows and len(shape_of(rows[0])) == 1 else 1)


def vstack(arrays: Any) -> Any:
    """On top of each other: along the first axis, vectors as rows."""
    return concatenate([x if len(shape_of(x)) > 1 else reshape(x, (1, -1)) for x in arrays], axis=0)


# Taken apart -------------------------------------------------------------------------


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Equal parts, or parts that end at given positions, as numpy's split.

    torch's split takes the size of the parts instead, not their number.

    >>> from backviz.autodiff.value import tensor
    >>> [part.tolist() for part in split(tensor([1, 2, 3, 4]), 2)]
    [[1.0, 2.0], [3.0, 4.0]]
    """
    number = whole(indices_or_sections)
    if isinstance(number, int) and number > 0 and _length(x, axis) % number:
        raise ShapeError(
            _(
                "split: {length} entries make no {number} equal parts",
                length=_length(x, axis),
                number=number,
            )
        )
    return array_split(x, number, axis)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """As `split`, but the first parts may be one entry longer than the rest."""
    length, ends = _length(x, axis), whole(indices_or_sections)
    if isinstance(ends, int):
        if ends < 1:
            raise ShapeError(_("split: into {ends} parts nothing can be split", ends=ends))
        each, longer = divmod(length, ends)
        ends = tuple(i * each + min(i, longer) for i in range(1, ends))
    return [getitem(x, along(axis, slice(a, b))) for a, b in pairwise((0, *ends, length))]


def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """The layers along an axis, without that axis; torch calls it unbind."""
    return tuple(getitem(x, along(axis, i)) for i in range(_length(x, axis)))


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The entries at some positions along an axis, or of all entries in one row."""
    return getitem(ravel(x), indices) if axis is None else getitem(x, along(axis, indices))


def _length(x: Any, axis: int) -> int:
    shape = shape_of(x)
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(_("the shape {shape} has no axis {axis}", shape=shape, axis=axis))
    return shape[axis]


# Larger ------------------------------------------------------------------------------


def _bind_repeat(x: Any, repeats: Any, axis: Any = None) -> Bound:
    times: Any = whole(repeats)
    if isinstance(times, tuple):
        times = np.array(times, np.intp)
    if shape_of(x) == () or (axis is None and len(shape_of(x)) != 1):
        x = ravel(x)  # numpy lets a number have the axis 0
    return (x,), {"repeats": times, "axis": 0 if axis is None else whole(axis)}


def _pull_repeat(upstream: Any, out: Any, x: Any, repeats: Any, axis: int = 0) -> Any:
    shape = shape_of(x)
    places = np.repeat(np.arange(shape[axis]), repeats)
    return scatter(upstream, key=as_key(along(axis, places)), shape=shape)


repeat = structural(
    "repeat",
    lambda x, repeats, axis=0: np.repeat(x, repeats, axis),
    _pull_repeat,
    domain="all numbers",
    note="Repeats each entry along an axis.",
    gradient="The gradients of the copies add up.",
    sample=Call((VECTOR,), {"repeats": 2}),
    torch="repeat_interleave",
    params=("repeats", "axis"),
    aliases=("repeat_interleave",),
    bind=_bind_repeat,
    numpy=(np.repeat,),
    written=False,
    gives="alike",
)


def _bind_tile(x: Any, *times: Any, reps: Any = None, dims: Any = None) -> Bound:
    wanted = several(times, reps, dims)
    if wanted is None:
        raise TypeError(_("it is missing how often"))
    return (x,), {"reps": wanted}


def _pull_tile(upstream: Any, out: Any, x: Any, reps: tuple[int, ...]) -> Any:
    shape = shape_of(x)
    axes = max(len(shape), len(reps))
    times = (1,) * (axes - len(reps)) + reps
    sizes = (1,) * (axes - len(shape)) + shape
    copies = reshape(upstream, tuple(n for pair in zip(times, sizes, strict=True) for n in pair))
    if axes:
        copies = total(copies, axis=tuple(range(0, 2 * axes, 2)))
    return copies if axes == len(shape) else reshape(copies, shape)


tile = structural(
    "tile",
    np.tile,
    _pull_tile,
    domain="all numbers",
    note="Repeats the whole array along its axes.",
    gradient="The gradients of the copies add up.",
    sample=Call((VECTOR,), {"reps": (2,)}),
    torch="tile",
    torch_options={"reps": "dims"},
    params=("reps",),
    bind=_bind_tile,
    numpy=(np.tile,),
    written=False,
    gives="alike",
)


# Parts of matrices -------------------------------------------------------------------


def _bind_diagonal(
    x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, *, dim1: Any = None, dim2: Any = None
) -> Bound:
    axes = axis1 if dim1 is None else dim1, axis2 if dim2 is None else dim2
    given = {"offset": whole(offset), "axis1": whole(axes[0]), "axis2": whole(axes[1])}
    usual = {"offset": 0, "axis1": 0, "axis2": 1}
    return (x,), {k: v for k, v in given.items() if v != usual[k]}


def _pull_diagonal(
    upstream: Any, out: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Any:
    shape = shape_of(x)
    a, b = axis1 % len(shape), axis2 % len(shape)
    others = [n for i, n in enumerate(shape) if i not in (a, b)]
    steps = np.arange(shape_of(upstream)[-1])
    key = as_key((..., steps + max(0, -offset), steps + max(0, offset)))
    made = scatter(upstream, key=key, shape=(*others, shape[a], shape[b]))
    if (a, b) == (len(shape) - 2, len(shape) - 1):
        return made
    return moveaxis(made, (-2, -1), (a, b))


diagonal = structural(
    "diagonal",
    lambda x, offset=0, axis1=0, axis2=1: np.diagonal(x, offset, axis1, axis2).copy(),
    _pull_diagonal,
    domain="at least two axes",
    note="Takes the diagonal out of a matrix.",
    gradient="Puts the gradient back on the diagonal; the rest gets 0.",
    sample=Call((SQUARE,)),
    torch="diagonal",
    params=("offset", "axis1", "axis2"),
    bind=_bind_diagonal,
    numpy=(np.diagonal,),
    gives="alike",
)


def _diag(x: Any, k: int = 0) -> np.ndarray:
    if np.ndim(x) not in (1, 2):
        raise ValueError(_("it takes a vector or a matrix"))
    return np.diag(x, k).copy()


def _pull_diag(upstream: Any, out: Any, x: Any, k: int = 0) -> Any:
    vector = len(shape_of(x)) == 1
    steps = np.arange(shape_of(x if vector else out)[0])
    key = as_key((steps + max(0, -k), steps + max(0, k)))
    return getitem(upstream, key) if vector else scatter(upstream, key=key, shape=shape_of(x))


diag = structural(
    "diag",
    _diag,
    _pull_diag,
    domain="a vector or a matrix",
    note="Puts a vector on the diagonal of a matrix of zeros, or takes the diagonal of a matrix.",
    gradient="Takes the gradient from the diagonal, or puts it back there; the rest gets 0.",
    sample=Call((VECTOR,)),
    torch="diag",
    torch_options={"k": "diagonal"},
    params=("k",),
    bind=lambda x, k=0, *, diagonal=None: (
        (x,),
        but_defaults(k=(whole(k if diagonal is None else diagonal), 0)),
    ),
    numpy=(np.diag,),
    written=False,
    gives="alike",
)


def _triangle(name: str, function: Callable[..., Any], words: str) -> Structural:
    def forward(x: Any, k: int = 0) -> Any:
        if np.ndim(x) < 2:
            raise ValueError(_("a triangle is a part of a matrix"))
        return function(x, k)

    def bind(x: Any, k: Any = 0, *, diagonal: Any = None) -> Bound:
        kept = whole(k if diagonal is None else diagonal)
        return (x,), {"k": kept} if kept else {}

    row: Structural = structural(
        name,
        forward,
        lambda upstream, out, x, k=0: row(upstream, k=k),
        domain="at least two axes",
        note=f"Keeps what lies on the diagonal and {words} it, and sets the rest to 0.",
        gradient="Keeps the same part of the gradient.",
        sample=Call((SQUARE,)),
        torch=name,
        torch_options={"k": "diagonal"},
        params=("k",),
        bind=bind,
        numpy=(function,),
    )
    return row


tril = _triangle("tril", np.tril, "below")
triu = _triangle("triu", np.triu, "above")


# These make several values, or call rows above with other arguments, so they are no rows.
FUNCTIONS.update(
    {
        np.split: split,
        np.array_split: array_split,
        np.vsplit: lambda x, sections: split(x, sections, 0),
        np.hsplit: lambda x, sections: split(x, sections, min(1, len(shape_of(x)) - 1)),
        np.hstack: hstack,
        np.vstack: vstack,
        np.take: take,
        np.flipud: lambda x: flip(x, axis=0),
        np.fliplr: lambda x: flip(x, axis=1),
    }
)
if hasattr(np, "unstack"):  # from numpy 2.1 on
    FUNCTIONS[np.unstack] = unstack
