"""Entries in order along an axis: `sort`, `argsort`, `topk`.

Equal entries stay in the order of their places, as in torch's stable sort, and NaN counts as the
largest. Invariant: an entry's gradient goes to the place that the entry came from.
"""

from __future__ import annotations

from operator import index
from typing import Any, NamedTuple

import numpy as np

from backviz.autodiff.calls import VECTOR, Call, floats
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.operand import Operand, Params
from backviz.language import _
from backviz.ops.index import Key, along_axis, getitem, scatter
from backviz.ops.options import but_defaults
from backviz.ops.shape import Bound, in_a_row, shape_of


class Ordered(NamedTuple):
    """What torch's `sort`, `topk`, `cummax` and `cummin` give: entries, and where they stood."""

    values: Any
    indices: Any


def places(x: Any, axis: int = -1, descending: bool = False) -> np.ndarray:
    """Where the first, the second … entry along an axis stands.

    >>> places([2.0, 3.0, 2.0]), places([2.0, 3.0, 2.0], descending=True)
    (array([0, 2, 1]), array([1, 0, 2]))
    """
    numbers = np.asarray(x.data if isinstance(x, Operand) else x)
    if not descending:
        return np.argsort(numbers, axis=axis, kind="stable")
    # from the other end, so that equal entries stay in order and NaN comes first
    turned = np.argsort(np.flip(numbers, axis), axis=axis, kind="stable")
    made: np.ndarray = numbers.shape[axis] - 1 - np.flip(turned, axis)
    return made


def _key(x: Any, axis: int, descending: bool, most: int | None = None) -> Key:
    """The key that takes the entries in their order, or the first of them."""
    found = np.moveaxis(places(x, axis, descending), axis, 0)[:most]
    return along_axis(np.moveaxis(found, 0, axis), axis)


def _ordered(x: Any, axis: int, descending: bool, most: int | None = None) -> Any:
    x = np.asarray(x)
    return x[_key(x, axis, descending, most).parts] if x.ndim else _alone(x, axis)


def _alone(x: Any, axis: int) -> Any:
    if axis not in (0, -1):
        raise ValueError(_("a single number has no axes but 0 and -1, its only entry"))
    return x


def _bind(
    x: Any,
    axis: Any = -1,
    descending: Any = False,
    *,
    kind: Any = None,
    order: Any = None,
    stable: Any = None,
) -> Bound:
    """numpy's options and torch's; how it is sorted (kind, stable) makes no difference here."""
    if isinstance(descending, str):  # np.sort(x, -1, "stable")
        descending = False
    if order is not None:
        raise TypeError(_("there are no fields to order by; leave order away"))
    if axis is None:
        x, axis = in_a_row(x), -1
    return (x,), but_defaults(axis=(index(axis), -1), descending=(bool(descending), False))


def _pull_sort(upstream: Any, out: Any, x: Any, axis: int = -1, descending: bool = False) -> Any:
    """Each entry takes the gradient of its rank, the place that it has come to."""
    if not shape_of(x):
        return upstream
    ranks = np.argsort(places(x, axis, descending), axis=axis)
    return getitem(upstream, along_axis(ranks, axis))


sort: Structural = structural(
    "sort",
    lambda x, axis=-1, descending=False: _ordered(x, axis, descending),
    _pull_sort,
    domain="all numbers",
    note="The entries along an axis in rising order, or in falling order with descending=True.",
    gradient="Sends the gradient of each entry back to its old place; where two entries are equal "
    "the first in the order is the one that stood first.",
    sample=Call((VECTOR,)),
    torch="sort",
    params=("axis", "descending"),
    bind=_bind,
    numpy=(np.sort,),
    method=False,  # as one it gives torch's pair
    gives="alike",
)


def _argsort(x: Any, axis: int = -1, descending: bool = False) -> Any:
    return places(x, axis, descending) if np.ndim(x) else _alone(0.0, axis)


argsort = structural(
    "argsort",
    _argsort,
    arity=1,
    domain="all numbers",
    note="The places of the entries in rising order, or in falling order with descending=True.",
    torch="argsort",
    params=("axis", "descending"),
    bind=_bind,
    numpy=(np.argsort,),
    gives="positions",
)


def _topk(x: Any, k: int, axis: int = -1, largest: bool = True) -> Any:
    there = np.shape(x)[axis] if np.ndim(x) else 1
    if not (np.ndim(x) == 0) <= k <= there:
        raise ValueError(_("{k} of {there} entries cannot be taken", k=k, there=there))
    return _ordered(x, axis, largest, k)


def _bind_topk(x: Any, k: Any, axis: Any = -1, largest: Any = True, sorted: Any = True) -> Bound:  # noqa: A002
    params: Params = {"k": index(k)}
    return (x,), params | but_defaults(axis=(index(axis), -1), largest=(bool(largest), True))


def _pull_topk(
    upstream: Any, out: Any, x: Any, k: int, axis: int = -1, largest: bool = True
) -> Any:
    if not shape_of(x):
        return upstream
    return scatter(upstream, key=_key(x, axis, largest, k), shape=shape_of(x))


topk: Structural = structural(
    "topk",
    _topk,
    _pull_topk,
    domain="at least k entries along the axis",
    note="The k largest entries along an axis, the largest first; with largest=False the k "
    "smallest.",
    gradient="Sends the gradient back to the entries that were taken, and 0 to the rest; of equal "
    "entries the one that stands first is taken first.",
    sample=Call((VECTOR,), {"k": 2}),
    kink=Call((floats(1, 1),), {"k": 1}),
    torch="topk",
    params=("k", "axis", "largest"),
    bind=_bind_topk,
    method=False,  # as one it gives torch's pair
    gives="alike",
)


def sorted_pair(x: Any, *args: Any, **options: Any) -> Ordered:
    """The entries along an axis in order, and where each stood: torch's method.

    >>> from backviz.autodiff.value import tensor
    >>> values, indices = sorted_pair(tensor([3.0, 1.0, 2.0]))
    >>> values.tolist(), indices.tolist()
    ([1.0, 2.0, 3.0], [1.0, 2.0, 0.0])
    """
    return Ordered(sort(x, *args, **options), argsort(x, *args, **options))


def topk_pair(x: Any, *args: Any, **options: Any) -> Ordered:
    """The k largest or smallest entries along an axis, and where each stands: torch's method."""
    values = topk(x, *args, **options)
    _other, given = topk.arguments((x, *args), options)
    axis = given.get("axis", -1)
    order = argsort(x, axis, given.get("largest", True))
    if shape_of(x):
        first = slice(given["k"])
        order = getitem(order, (*[slice(None)] * (axis % len(shape_of(x))), first))
    return Ordered(values, order)
