"""Indexing: `x[key]`, and the op that puts gradients back where entries were taken.

Invariant: a key is made plain once, when it is used: numbers and arrays of its own, so
that nothing that happens to the caller's arrays later can change the backward pass.
"""

from __future__ import annotations

from operator import index
from typing import Any, final

import numpy as np

from backviz.autodiff.calls import MATRIX, VECTOR, Call, floats
from backviz.autodiff.counts import used_whole
from backviz.autodiff.data import Data
from backviz.autodiff.decisions import note
from backviz.autodiff.meaning import meaning_of
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.operand import Params
from backviz.autodiff.value import Value
from backviz.errors import ShapeError
from backviz.language import _
from backviz.ops.compare import guard
from backviz.ops.shape import Bound, Shape, shape_of

MOST = 24  # entries of an array that are written out in a formula


@final
class Key:
    """What stands in the brackets of `x[…]`; its text is Python's.

    `view` says that numpy answers with a view, `repeats` that an entry can be taken twice.

    >>> print(Key((0, slice(None), slice(None, None, 2), ..., np.array([0, 2]))))
    0, :, ::2, ..., [0, 2]
    """

    __slots__ = ("parts", "repeats", "view")

    def __init__(self, parts: tuple[Any, ...]) -> None:
        arrays = [p for p in parts if type(p) is np.ndarray]
        self.parts = parts
        self.view = not arrays
        self.repeats = any(a.dtype.kind != "b" for a in arrays)

    def __str__(self) -> str:
        return ", ".join(map(_text, self.parts)) or "()"

    def __repr__(self) -> str:
        return f"Key({self})"


def _text(part: Any) -> str:
    if isinstance(part, slice):
        ends = [part.start, part.stop] + [part.step] * (part.step is not None)
        return ":".join("" if end is None else str(end) for end in ends)
    if part is Ellipsis:
        return "..."
    if not isinstance(part, np.ndarray):
        return str(part)
    if part.size <= MOST:
        return str(part.tolist())
    if part.dtype.kind == "b":
        return f"mask {part.shape}"
    if part.ndim > 1:
        return f"indices {part.shape}"
    return f"[{part[0]}, {part[1]}, …, {part[-1]}]"


def as_key(given: Any) -> Key:
    """A key as numpy takes it, made plain.

    >>> as_key([True, False]), as_key((None, np.int64(2), slice(3, None, -1)))
    (Key([True, False]), Key(None, 2, 3::-1))
    """
    if type(given) is Key:
        return given
    if type(given) is int:
        return Key((given,))
    parts = given if isinstance(given, tuple) else (given,)
    return Key(tuple([_part(p) for p in parts]))


def _part(given: Any) -> Any:
    if type(given) is int or given is None or given is Ellipsis:
        return given
    if isinstance(given, slice):
        ends = (given.start, given.stop, given.step)
        return slice(*[None if e is None else _whole_number(e) for e in ends])
    if isinstance(given, Value):
        array = _recorded(given)
    else:
        try:
            array = np.array(given)
        except ValueError:
            raise TypeError(_("a list of indices is an array: rows of equal length")) from None
        if array.size == 0 and not isinstance(given, np.ndarray):
            array = array.astype(np.intp)  # the empty list
        if array.dtype.kind not in "biu":
            raise TypeError(
                _(
                    "an index is whole numbers, booleans, slices, ... or None, not {given!r:.40}",
                    given=given,
                )
            )
    if array.dtype.kind == "b":
        return array
    return array.astype(np.intp) if array.ndim else int(array)


def numbers_of(places: Any) -> Any:
    """The numbers of an index, labels or a mask, which have no derivative."""
    if not isinstance(places, Value):
        return places
    used_whole(places)
    note(places, places.raw, ours=True, sure=True)
    return places.raw


def _whole_number(end: Any) -> int:
    if isinstance(end, Value):
        if end.shape or not end.data.is_integer():
            raise TypeError(_("a slice needs whole numbers"))
        return index(end)
    return index(end)


def _recorded(value: Value) -> np.ndarray:
    """A recorded value as an index: conditions are masks, other whole numbers positions."""
    note(value, value.raw, ours=True, sure=True)
    data: np.ndarray = np.asarray(value.raw)
    if meaning_of(value) == "mask":
        return np.asarray(data != 0)
    if not (np.abs(data) < 2**53).all() or (data != np.rint(data)).any():
        raise TypeError(_("a recorded value is an index only if it holds whole numbers"))
    used_whole(value)
    return data.astype(np.intp)


def along_axis(places: np.ndarray, axis: int) -> Key:
    """The key that takes along one axis what `places` say, and keeps to its place along others.

    >>> print(along_axis(np.array([[1], [0]]), 1))
    [[0], [1]], [[1], [0]]
    """
    key: list[Any] = [*np.ogrid[tuple(slice(n) for n in places.shape)]]
    key[axis] = places
    return as_key(tuple(key))


def _bind_getitem(x: Any, key: Any) -> Bound:
    if type(key) is int:  # the usual case
        return (x,), {"key": Key((key,))}
    return (x,), {"key": as_key(key)}


def _getitem(x: Data, key: Key) -> Any:
    taken = np.asarray(x)[key.parts]
    return taken.copy() if key.view else taken


def _scatter(x: Data, key: Key, shape: Shape) -> np.ndarray:
    made = np.zeros(shape, x.dtype if isinstance(x, np.ndarray) else np.float64)
    if key.repeats:
        np.add.at(made, key.parts, x)
    else:
        made[key.parts] = x
    return made


getitem: Structural = structural(
    "getitem",
    _getitem,
    lambda upstream, out, x, key: scatter(upstream, key=key, shape=shape_of(x)),
    notation=Notation("{0}[{key}]", 100, (100,)),
    symbol="[ ]",
    domain="positions that exist",
    note="Takes entries out.",
    gradient="Puts the gradient of each entry back into its place: one that was taken several "
    "times gets the sum, one that was not taken 0.",
    sample=Call((VECTOR,), {"key": 1}),
    torch="",
    params=("key",),
    bind=_bind_getitem,
    written=False,
    method=False,
    gives="alike",
)

scatter: Structural = structural(
    "scatter",
    _scatter,
    lambda upstream, out, x, key, shape: getitem(upstream, key),
    notation=Notation("scatter({0}, [{key}])", 100, (0,)),
    domain="positions that exist",
    note="Puts entries into zeros at the positions they were taken from and adds them up there.",
    gradient="Takes the gradient from those positions.",
    sample=Call((floats(1, 3),), {"key": as_key([0, 2]), "shape": (3,)}),
    torch="",
    params=("key", "shape"),
    public=False,
    method=False,
    written=False,
)


# Rows of a table ---------------------------------------------------------------------


def _embedding(weight: Data, indices: Key, padding_idx: int | None = None) -> Any:
    (places,) = indices.parts
    if np.ndim(weight) < 2:
        raise ValueError(
            _("the table of weights has a row for each index: (rows, size of a vector)")
        )
    if np.any(np.less(places, 0)):
        raise IndexError(_("an index is 0 or more, not {limit}", limit=np.min(places)))
    return np.asarray(weight)[places].copy()


def _pull_embedding(
    upstream: Any, out: Any, weight: Any, indices: Key, padding_idx: int | None = None
) -> Any:
    if padding_idx is not None:
        upstream = guard(upstream, np.equal(indices.parts[0], padding_idx)[..., None] * 1.0)
    return scatter(upstream, key=indices, shape=shape_of(weight))


def _bind_embedding(indices: Any, weight: Any, padding_idx: Any = None) -> Bound:
    params: dict[str, Any] = {"indices": as_key(np.asarray(numbers_of(indices)))}
    if padding_idx is not None:
        rows = shape_of(weight)[0]
        if not -rows <= index(padding_idx) < rows:
            raise ValueError(
                _(
                    "there is no row {padding_idx} for the padding among {rows}",
                    padding_idx=padding_idx,
                    rows=rows,
                )
            )
        params["padding_idx"] = index(padding_idx) % rows
    return (weight,), params


embedding: Structural = structural(
    "embedding",
    _embedding,
    _pull_embedding,
    notation=Notation("embedding({0}, {indices})", 100, (0,)),
    domain="positions that exist",
    note="Takes a row of a table for each index: a vector for each word.",
    gradient="Adds up the gradients of each row where it was taken; the row of the padding gets 0.",
    sample=Call(([0, 2, 0], floats([1, 3], [4, 6], [2, 5]))),
    torch="nn.functional.embedding",
    params=("indices", "padding_idx"),
    bind=_bind_embedding,
    method=False,
    written=False,
)


# By an index along one axis ------------------------------------------------------------


def _by_index(name: str, x: Any, first: Any, second: Any, axis: Any) -> Params:
    """The options of `f(x, dim, index)` as torch has it, or of `f(x, index, axis=dim)`."""
    dim, places = (first, second) if axis is None else (axis, first)
    if dim is None or places is None:
        raise TypeError(_("it is missing the index or its axis: {name}(x, dim, index)", name=name))
    chosen, shape, dim = np.asarray(numbers_of(places)), shape_of(x), index(dim)
    if not -len(shape) <= dim < len(shape):
        raise ShapeError(_("the shape {shape} has no axis {dim}", shape=shape, dim=dim))
    if chosen.ndim != len(shape):
        raise ShapeError(
            _(
                "{name}: the index has the shape {shape}, which has not as many axes as "
                "the {shape2} that it counts in",
                name=name,
                shape=chosen.shape,
                shape2=shape,
            )
        )
    if chosen.dtype.kind not in "iu" and (chosen != np.rint(chosen)).any():
        raise TypeError(_("an index is whole numbers"))
    return {"index": Key((chosen.astype(np.intp),)), "axis": dim % len(shape)}


def _bind_gather(x: Any, dim: Any = None, index: Any = None, *, axis: Any = None) -> Bound:
    return (x,), _by_index("gather", x, dim, index, axis)


gather: Structural = structural(
    "gather",
    lambda x, index, axis: np.asarray(x)[along_axis(index.parts[0], axis).parts],
    lambda upstream, out, x, index, axis, position=0: scatter(
        upstream, key=along_axis(index.parts[0], axis), shape=shape_of(x)
    ),
    arity=0,
    variadic=True,
    notation=Notation("gather({})"),
    domain="positions that exist",
    note="The entries whose place along one axis is told by an index of the result's shape.",
    gradient="Puts the gradient of each entry back into its place: one that was taken several "
    "times gets the sum, one that was not taken 0.",
    sample=Call((MATRIX, [[2], [0]]), {"axis": 1}),
    torch="gather",
    params=("index", "axis"),
    bind=_bind_gather,
    gives="alike",
)


def _bind_scatter_add(
    x: Any, dim: Any = None, index: Any = None, src: Any = None, *, axis: Any = None
) -> Bound:
    given = _by_index("scatter_add", x, dim, index, axis)
    if axis is not None:  # scatter_add(x, index, src, axis=dim)
        src = index if src is None else src
    if src is None:
        raise TypeError(_("what is to be added is missing: scatter_add(x, dim, index, src)"))
    shape = given["index"].parts[0].shape
    entries = shape_of(src)
    if len(entries) != len(shape) or any(a < b for a, b in zip(entries, shape, strict=True)):
        raise ShapeError(
            _(
                "scatter_add: the index has the shape {shape}, and what is added "
                "{entries}; give one place for each entry",
                shape=shape,
                entries=entries,
            )
        )
    if entries != shape:  # as in torch, what has no place is left over
        src = getitem(src, tuple([slice(n) for n in shape]))
    return (x, src), given


def _scatter_add(x: Any, src: Any, index: Key, axis: int) -> np.ndarray:
    made = np.array(x)
    np.add.at(made, along_axis(index.parts[0], axis).parts, src)
    return made


scatter_add: Structural = structural(
    "scatter_add",
    _scatter_add,
    lambda upstream, out, x, src, *, position, index, axis: (
        getitem(upstream, key=along_axis(index.parts[0], axis)) if position else upstream
    ),
    arity=0,
    variadic=True,
    notation=Notation("scatter_add({})"),
    domain="positions that exist",
    note="Adds entries to x at the places along one axis that an index tells; at one place several "
    "add up.",
    gradient="Copies the gradient to x; each entry that was added takes the gradient of its place.",
    sample=Call((MATRIX, [[2], [2]], floats([10], [20])), {"axis": 1}),
    torch="scatter_add",
    params=("index", "axis"),
    bind=_bind_scatter_add,
)
