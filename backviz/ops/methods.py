"""Other names and forms under which people's code for torch and numpy calls the ops.

Invariant: nothing here computes; each is a line over an op, or a fact about the value.
What has no such line stands with a sentence in `autodiff/remedies.txt`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import accumulate
from types import FunctionType
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.op import Op
from backviz.autodiff.operand import Operand, refuse_names
from backviz.autodiff.table import FUNCTIONS
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.ops.arithmetic import neg
from backviz.ops.arithmetic import pow as power
from backviz.ops.assemble import along, array_split, diag, split, take, unstack
from backviz.ops.choose import clip, masked_fill, where
from backviz.ops.compare import (
    equal,
    greater,
    greater_equal,
    identity,
    less,
    less_equal,
    not_equal,
)
from backviz.ops.contract import tensordot
from backviz.ops.elementary import abs as absolute
from backviz.ops.elementary import log, sign
from backviz.ops.factors import svd
from backviz.ops.index import gather, getitem, numbers_of
from backviz.ops.linalg import matmul, outer
from backviz.ops.order import Ordered, sort, sorted_pair, topk_pair
from backviz.ops.rounding import trunc
from backviz.ops.scan import cummax, cummin, places_of_extremes
from backviz.ops.shape import (
    broadcast_to,
    flip,
    in_a_row,
    moveaxis,
    ravel,
    reshape,
    several,
    shape_of,
    sum_to,
    swapaxes,
)
from backviz.ops.solve import inv, slogdet
from backviz.ops.statistics import norm

FLOATS = {"float": "d", "double": "d", "float64": "d", "float32": "f"}


# Parts ---------------------------------------------------------------------------------


def _axis(x: Any, dim: int) -> int:
    """The axis, counted from the front. Raises `ShapeError` if there is none."""
    shape = shape_of(x)
    if not -len(shape) <= dim < len(shape):
        raise ShapeError(_("the shape {shape} has no axis {dim}", shape=shape, dim=dim))
    return dim % len(shape)


def torch_split(x: Any, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
    """Parts of a size, or of the sizes in a list: torch's split, not numpy's.

    >>> from backviz.autodiff.value import tensor
    >>> [part.tolist() for part in torch_split(tensor([1, 2, 3]), 2)]
    [[1.0, 2.0], [3.0]]
    """
    dim = _axis(x, dim)
    length = shape_of(x)[dim]
    sizes = split_size
    if isinstance(split_size, int):
        if split_size < 1:
            raise InputError(
                _("split: a part has at least one entry, not {split_size}", split_size=split_size)
            )
        sizes = [split_size] * -(-length // split_size)
    elif sum(sizes) != length:
        raise InputError(
            _("split: the sizes {list} do not add up to {length}", list=list(sizes), length=length)
        )
    return tuple(array_split(x, [*accumulate(sizes)][:-1], dim))


def chunk(x: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most so many parts of one size, the last may be smaller."""
    if chunks < 1:
        raise InputError(_("chunk: into {chunks} parts nothing can be split", chunks=chunks))
    return torch_split(x, max(1, -(-shape_of(x)[_axis(x, dim)] // chunks)), dim)


def narrow(x: Any, dim: int, start: int, length: int) -> Any:
    """So many entries along an axis, from a start on."""
    dim = _axis(x, dim)
    start = start % shape_of(x)[dim] if start < 0 else start
    return getitem(x, along(dim, slice(start, start + length)))


def torch_unfold(x: Any, dimension: int, size: int, step: int = 1) -> Any:
    """Windows along one axis, which stand along a new last one: torch's method.

    `backviz.ops.unfold` is torch's function of that name, for images.

    >>> from backviz.autodiff.value import tensor
    >>> torch_unfold(tensor([1, 2, 3, 4]), 0, 2, 1).tolist()
    [[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]
    """
    dim = _axis(x, dimension)
    length = shape_of(x)[dim]
    if not 1 <= size <= length or step < 1:
        raise ShapeError(
            _(
                "unfold: a window of {size} in steps of {step} does not fit into {length}",
                size=size,
                step=step,
                length=length,
            )
        )
    places = np.add.outer(np.arange(0, length - size + 1, step), np.arange(size))
    return moveaxis(getitem(x, along(dim, places)), dim + 1, -1)


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """As `np.take_along_axis`: the indices are copied along the other axes where they are one.

    >>> from backviz.autodiff.value import tensor
    >>> x = tensor([[3, 1], [2, 4]])
    >>> take_along_axis(x, np.argsort(x.data, axis=1), 1).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    if axis is None:
        return getitem(ravel(x), indices)
    axis = _axis(x, axis)
    places = np.asarray(numbers_of(indices)).astype(int)
    others = [(*s[:axis], 1, *s[axis + 1 :]) for s in (shape_of(x), places.shape)]
    shape = np.broadcast_shapes(*others)
    shape = (*shape[:axis], places.shape[axis], *shape[axis + 1 :])
    return gather(x, axis, np.broadcast_to(places, shape))


def _expand(x: Any, *sizes: Any) -> Any:
    shape = several(sizes, None)
    if len(shape) < len(shape_of(x)):
        raise ShapeError(
            _(
                "expand: {shape} has fewer axes than the {shape2} to be expanded",
                shape=shape,
                shape2=shape_of(x),
            )
        )
    own = (1,) * (len(shape) - len(shape_of(x))) + shape_of(x)
    return broadcast_to(x, tuple(o if n == -1 else n for n, o in zip(shape, own, strict=True)))


def _svd(x: Any, some: bool = True, compute_uv: bool = True) -> tuple[Any, Any, Any]:
    """torch's method: U, S and V, which is not transposed; `some` leaves further vectors away."""
    if not compute_uv:
        raise InputError(
            _("svd: with compute_uv=False torch gives zeros as vectors; write x.svdvals()")
        )
    left, values, right = svd(x, full_matrices=not some)
    return left, values, swapaxes(right, -1, -2)


def _unflatten(x: Any, dim: int, sizes: Any) -> Any:
    shape, dim = shape_of(x), _axis(x, dim)
    return reshape(x, (*shape[:dim], *sizes, *shape[dim + 1 :]))


# Precision and kind -----------------------------------------------------------------------


def astype(x: Any, dtype: Any, *_other: Any, **__: Any) -> Any:
    """The value itself in a kind of real numbers; whole numbers and booleans are plain arrays.

    They carry no gradient, as in torch. `InputError` for a precision that the value does
    not have: it is chosen when a leaf is made.

    >>> from backviz.autodiff.value import tensor
    >>> astype(tensor([1.5, 2.5]), int)
    array([1, 2])
    """
    kind = np.dtype(FLOATS.get(str(dtype).removeprefix("torch."), dtype))
    if kind.kind in "biu":
        return np.asarray(x.data).astype(kind)
    if kind.kind != "f":
        raise InputError(_("a recorded value is a real number, so it cannot be {kind}", kind=kind))
    if kind != x.dtype:
        raise InputError(
            _(
                "the precision of a recorded value stays: this one is {dtype}, not {kind}; "
                "give the leaves so from the start, backviz.tensor(array.astype(np.{kind}))",
                dtype=x.dtype,
                kind=kind,
            )
        )
    return x


def _to(x: Any, *where: Any, **options: Any) -> Any:
    for wanted in (*where, *(options[k] for k in ("device", "dtype", "other") if k in options)):
        name = str(wanted)
        if isinstance(wanted, Operand) or wanted is None or isinstance(wanted, bool):
            continue
        if name.partition(":")[0] in ("cuda", "mps", "xpu", "gpu", "hip"):
            raise InputError(
                _("backviz computes with numpy on the processor; there is no {name}", name=name)
            )
        if name != "cpu":
            x = astype(x, wanted)
    return x


def _kind(name: str) -> Callable[..., Any]:
    return lambda x, *_other, **__: astype(x, name)


# Facts and switches ------------------------------------------------------------------------


def _requires_grad(x: Any, requires_grad: bool = True) -> Any:
    if x.requires_grad != requires_grad:
        x.requires_grad = requires_grad
    return x


def _itself(x: Any, *_other: Any, **__: Any) -> Any:
    return x


METHODS: dict[str, Callable[..., Any]] = {
    # products
    **dict.fromkeys(("mm", "bmm", "mv"), matmul),
    "ger": outer,
    "inverse": inv,
    "slogdet": slogdet,
    "svd": _svd,
    "dist": lambda x, other, p=2: norm(ravel(x - other), ord=p),
    "addmm": lambda x, a, b, *, beta=1, alpha=1: _scaled(beta, x) + _scaled(alpha, matmul(a, b)),
    "addmv": lambda x, a, b, *, beta=1, alpha=1: _scaled(beta, x) + _scaled(alpha, matmul(a, b)),
    "addr": lambda x, a, b, *, beta=1, alpha=1: _scaled(beta, x) + _scaled(alpha, outer(a, b)),
    "addcmul": lambda x, a, b, *, value=1: x + _scaled(value, a * b),
    "addcdiv": lambda x, a, b, *, value=1: x + _scaled(value, a / b),
    # functions
    "rsqrt": lambda x: x**-0.5,
    "logit": lambda x: log(x / (1 - x)),
    "lerp": lambda x, end, weight: x + weight * (end - x),
    "float_power": lambda x, exponent: x**exponent,
    "sgn": sign,
    "frac": lambda x: x - trunc(x),
    "positive": _itself,
    "clamp_min": lambda x, min: clip(x, min=min),  # noqa: A006
    "clamp_max": lambda x, max: clip(x, max=max),  # noqa: A006
    # comparisons and choices
    "eq": equal,
    "ne": not_equal,
    "lt": less,
    "le": less_equal,
    "gt": greater,
    "ge": greater_equal,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "bitwise_not": operator.invert,
    "where": lambda x, condition, other: where(condition, x, other),
    "masked_fill": lambda x, mask, value: (
        where(mask, value, x) if isinstance(value, Operand) else masked_fill(x, mask, value)
    ),
    "masked_select": lambda x, mask: getitem(*_broadcast(x, mask)),
    # parts
    "split": torch_split,
    "split_with_sizes": torch_split,
    "unsafe_split": torch_split,
    "unsafe_split_with_sizes": torch_split,
    "chunk": chunk,
    "unsafe_chunk": chunk,
    "tensor_split": lambda x, parts, dim=0: tuple(array_split(x, parts, dim)),
    "hsplit": lambda x, parts: tuple(split(x, parts, min(1, len(shape_of(x)) - 1))),
    "vsplit": lambda x, parts: tuple(split(x, parts, 0)),
    "dsplit": lambda x, parts: tuple(split(x, parts, 2)),
    "unbind": lambda x, dim=0: unstack(x, dim),
    "narrow": narrow,
    "narrow_copy": narrow,
    "unfold": torch_unfold,
    "select": lambda x, dim, index: getitem(x, along(_axis(x, dim), index)),
    "index_select": lambda x, dim, index: take(x, index, _axis(x, dim)),
    "take": take,
    "sort": sorted_pair,
    "msort": lambda x: sort(x, axis=0),
    "topk": topk_pair,
    "cummax": lambda x, dim: _running(cummax, np.maximum, x, dim),
    "cummin": lambda x, dim: _running(cummin, np.minimum, x, dim),
    "diagflat": lambda x, offset=0: diag(in_a_row(x), offset),
    "take_along_dim": lambda x, indices, dim=None: take_along_axis(x, indices, dim),
    # shapes
    "expand": _expand,
    "expand_as": lambda x, other: broadcast_to(x, shape_of(other)),
    "view_as": lambda x, other: reshape(x, shape_of(other)),
    "reshape_as": lambda x, other: reshape(x, shape_of(other)),
    "sum_to_size": lambda x, *sizes: sum_to(x, shape=several(sizes, None)),
    "unflatten": _unflatten,
    "fliplr": lambda x: flip(x, axis=1),
    "flipud": lambda x: flip(x, axis=0),
    "adjoint": lambda x: x.mT,
    # copies, kinds, places
    "copy": lambda x, *_other: identity(x),
    "contiguous": _itself,
    "conj": _itself,
    "conjugate": _itself,
    "conj_physical": _itself,
    "resolve_conj": _itself,
    "resolve_neg": _itself,
    "cpu": _itself,
    "float": _itself,
    "double": _itself,
    **{name: _kind(name) for name in ("int", "long", "bool", "byte", "short")},
    "char": _kind("int8"),
    "astype": astype,
    "to": _to,
    "type_as": _itself,
    # facts and switches
    "allclose": lambda x, other, **close: np.allclose(x.data, data_of(other), **close),
    "argwhere": lambda x: np.argwhere(x.data),
    "count_nonzero": lambda x, dim=None: np.count_nonzero(x.data, dim),
    "nelement": lambda x: x.numel(),
    "ndimension": lambda x: x.dim(),
    "element_size": lambda x: x.dtype.itemsize,
    "is_floating_point": lambda x: True,
    "is_signed": lambda x: True,
    "is_complex": lambda x: False,
    "is_contiguous": lambda x: True,
    "is_same_size": lambda x, other: shape_of(x) == shape_of(other),
    "requires_grad_": _requires_grad,
    "retain_grad": lambda x: None,  # every value keeps its gradient
}
FACTS: dict[str, Callable[..., Any]] = {
    "H": lambda x: x.T,
    "mH": lambda x: x.mT,
    "real": _itself,
    "values": _itself,  # pandas', and of torch's x.max(dim)
    "device": lambda x: "cpu",
    "is_cuda": lambda x: False,
    "is_cpu": lambda x: True,
    "itemsize": lambda x: x.dtype.itemsize,
    "nbytes": lambda x: x.size * x.dtype.itemsize,
    "grad_fn": lambda x: x.op,
    "retains_grad": lambda x: x.op is not None,
}


def _running(row: Op, ufunc: np.ufunc, x: Any, dim: int) -> Ordered:
    """Torch's pair: the running extremes, and the place of each."""
    places = places_of_extremes(ufunc, x, dim) if shape_of(x) else 0
    return Ordered(row(x, dim), Value(np.asarray(places), requires_grad=False))


def _scaled(factor: Any, x: Any) -> Any:
    """factor·x, without recording a multiplication by 1 or −1."""
    if factor in (1, -1) and not isinstance(factor, Operand):
        return x if factor == 1 else neg(x)
    return factor * x


def _broadcast(x: Any, mask: Any) -> tuple[Any, Any]:
    chosen = np.asarray(numbers_of(mask)).astype(bool)
    shape = np.broadcast_shapes(shape_of(x), chosen.shape)
    same = x if shape_of(x) == shape else broadcast_to(x, shape)
    return same, np.broadcast_to(chosen, shape)


def _method(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a method; wrong arguments are told with the name that was called."""

    def method(self: Operand, *args: Any, **options: Any) -> Any:
        try:
            return call(self, *args, **options)
        except TypeError as error:
            own = f"{getattr(call, '__name__', name)}()"
            raise TypeError(str(error).replace(own, name)) from None

    method.__name__ = method.__qualname__ = name
    method.__doc__ = (call.__doc__ or "").strip().partition("\n")[0]
    return method


for _name, _call in METHODS.items():
    if not hasattr(Operand, _name):
        setattr(Operand, _name, _method(_name, _call))
for _name, _call in FACTS.items():
    setattr(Operand, _name, property(_call))
refuse_names()
for _class in Value.__mro__[1:-1]:  # Python's messages name a method's first class
    for _function in vars(_class).values():
        if isinstance(_function, FunctionType):
            own = f"{_class.__name__}."
            _function.__qualname__ = _function.__qualname__.replace(own, "Value.")
FUNCTIONS.update(
    {
        np.take_along_axis: take_along_axis,
        np.copy: lambda x, *_other, **__: identity(x),
        np.positive: _itself,
        np.conjugate: _itself,
        np.real: _itself,
        np.float_power: power,
        np.fabs: absolute,
        np.divmod: divmod,
        np.diagflat: lambda x, k=0: diag(in_a_row(x), k),
        np.modf: lambda x: (x - trunc(x), trunc(x)),
        np.linalg.matmul: matmul,
        np.linalg.outer: outer,
        np.linalg.tensordot: tensordot,
        np.matrix_transpose: lambda x: swapaxes(x, -1, -2),
        np.linalg.matrix_transpose: lambda x: swapaxes(x, -1, -2),
    }
)
if hasattr(np, "astype"):  # from numpy 2.1 on
    FUNCTIONS[np.astype] = astype
