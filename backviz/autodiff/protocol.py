"""numpy's own functions on recorded values: those in the table record, others refuse.

Invariant: nothing is ever turned silently into a plain array, which would cut the
record and lose the gradient.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.meaning import refuse_numbers
from backviz.autodiff.operand import Operand
from backviz.autodiff.recording import mode
from backviz.autodiff.remedies import function_refusal
from backviz.autodiff.table import FUNCTIONS, OPS
from backviz.language import _

_ASKING: dict[Any, Any] = {  # functions that only ask about the value and record nothing
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: len(x.shape),
    np.size: lambda x, axis=None: np.size(data_of(x), axis),
    np.iscomplexobj: lambda x: False,
    np.isrealobj: lambda x: True,
    np.allclose: lambda a, b, **options: np.allclose(data_of(a), data_of(b), **options),
    np.array_equal: lambda a, b, **options: np.array_equal(data_of(a), data_of(b), **options),
    np.count_nonzero: lambda x, **options: np.count_nonzero(data_of(x), **options),
    np.nonzero: lambda x: np.nonzero(data_of(x)),
    np.flatnonzero: lambda x: np.flatnonzero(data_of(x)),
    np.argwhere: lambda x: np.argwhere(data_of(x)),
    np.zeros_like: lambda x, *how, **options: np.zeros_like(data_of(x), *how, **options),
    np.ones_like: lambda x, *how, **options: np.ones_like(data_of(x), *how, **options),
    np.full_like: lambda x, fill_value, *how, **options: (
        OPS["broadcast_to"](fill_value, np.shape(data_of(x)))
        if isinstance(fill_value, Operand)
        else np.full_like(data_of(x), fill_value, *how, **options)
    ),
    np.empty_like: lambda x, *how, **options: np.empty_like(data_of(x), *how, **options),
}


def _operands(args: Iterable[Any]) -> list[Operand]:
    return [a for a in args if isinstance(a, Operand)]


def call_ufunc(ufunc: np.ufunc, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`np.tanh(x)`, `np.add(3, x)`, `np.add.reduce(x)`."""
    if (out := kwargs.get("out")) is not None:
        lost = mode().record and any(getattr(a, "requires_grad", True) for a in _operands(args))
        if not lost and not _operands(out):  # into a plain array, and no gradient is meant
            return getattr(ufunc, method)(*(data_of(a) for a in args), **kwargs)
        raise TypeError(
            _(
                "np.{name} cannot write a recorded value into an array that is there; make "
                "a new one: a = a + x instead of a += x",
                name=ufunc.__name__,
            )
        )
    kwargs = {k: v for k, v in kwargs.items() if k != "out"}
    if method == "reduce" and ufunc in _REDUCTIONS:
        return OPS[_REDUCTIONS[ufunc]](args[0], **{"axis": 0, **kwargs})
    if method == "accumulate" and ufunc in _SCANS:
        return OPS[_SCANS[ufunc]](args[0], **{"axis": 0, **kwargs})
    if method == "outer" and ufunc is np.multiply:
        return OPS["outer"](*args)
    if method != "__call__":
        raise TypeError(
            _(
                "np.{name}.{method} does not record; use the op as a plain function",
                name=ufunc.__name__,
                method=method,
            )
        )
    if ufunc in _CONDITIONS and not kwargs:
        sign, name = _CONDITIONS[ufunc]
        refuse_numbers(sign, args)
        return OPS[name](*args)
    records = FUNCTIONS.get(ufunc)
    if records is None:
        raise TypeError(_ufunc_refusal(ufunc))
    if kwargs:
        raise TypeError(
            _(
                "np.{name} of a recorded value takes no {list}; leave it away",
                name=ufunc.__name__,
                list=", ".join(kwargs),
            )
        )
    return records(*args)


def _ufunc_refusal(ufunc: np.ufunc) -> str:
    """What is said of a ufunc that does not record; of somebody else's, such as scipy's, too."""
    name = ufunc.__name__
    if getattr(np, name, None) is ufunc or not (name in OPS and OPS[name].public):
        return function_refusal(name)
    return _("this {name}, which is not numpy's, does not record; backviz.ops.{op} does", name=name,
             op=OPS[name].name)  # fmt: skip


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`np.sum(x, axis=0)`, `np.concatenate([x, y])`, `np.linalg.norm(x)`."""
    if function is np.where and len(args) == 1 and not kwargs:
        function = np.nonzero
    records = FUNCTIONS.get(function)
    if records is not None:
        return records(*args, **kwargs)
    if function in _ASKING:
        return _ASKING[function](*args, **kwargs)
    name = getattr(function, "__name__", str(function))
    module = getattr(function, "__module__", "numpy") or "numpy"
    raise TypeError(function_refusal(name, module))


_REDUCTIONS = {
    np.add: "sum",
    np.multiply: "prod",
    np.maximum: "amax",
    np.minimum: "amin",
    np.logical_and: "all",
    np.logical_or: "any",
}
_SCANS = {
    np.add: "cumsum",
    np.multiply: "cumprod",
    np.maximum: "cummax",
    np.minimum: "cummin",
}
_CONDITIONS = {  # bit by bit is condition by condition; numbers have no bits here
    np.bitwise_and: ("&", "logical_and"),
    np.bitwise_or: ("|", "logical_or"),
    np.bitwise_xor: ("^", "logical_xor"),
    np.invert: ("~", "logical_not"),
}
