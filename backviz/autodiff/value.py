"""A recorded value: a number or an array that remembers how it was made.

Invariants: `data` of a scalar is a Python float, never a 0-d array; `serial` grows
with every value made, so that sorting by it is a topological order; a value points
to its inputs only, so that the record has no reference cycles and dies with its output.

A record can have millions of scalars, so a value has six slots and a sum or a product
of two floats is recorded right here (docs/design/engine.md); a test compares, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff import meaning
from backviz.autodiff.buffers import give
from backviz.autodiff.data import Size, as_data
from backviz.autodiff.exits import check_copy, leave, refuse_array
from backviz.autodiff.operand import NO_PARAMS, Operand, Params
from backviz.autodiff.origin import CONSTANT, LEAF, PRODUCT, SUM, Origin, place
from backviz.autodiff.recording import (
    PLAIN,
    SPECIAL,
    caller,
    mode,
    name_in_caller,
)
from backviz.autodiff.table import OPS
from backviz.errors import InputError, ShapeError

if TYPE_CHECKING:
    from backviz.autodiff.op import Op

_serials = count()


class Value(Operand):
    """A number or an array whose computations are recorded.

    `grad` is `None` until a backward pass has reached the value. `label` is its
    name in pictures. A value made by hand is a leaf and wants a gradient, but not one
    of booleans or of a numpy array of whole numbers: that is a constant, a mask or
    positions. `requires_grad` says otherwise. A value made by an op holds the `op`,
    its `inputs` and `params`.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> L = (a * b + a).tanh()
    >>> L.backward()
    >>> L, a.grad == (1 - L.data**2) * (b.data + 1)
    (Value(-0.999329299739067, op='tanh', grad=1.0), True)
    """

    # `first` and `second` are the inputs; `first` is a tuple of them if there are more than two
    __slots__ = ("data", "first", "grad", "origin", "second", "serial")

    data: Any
    grad: Any
    origin: Origin
    first: Any
    second: Value | None
    serial: int

    def __init__(self, data: Any, label: str = "", *, requires_grad: bool | None = None) -> None:
        if isinstance(data, Value):
            if requires_grad is not False and data.requires_grad:
                check_copy(data)
            data = meaning.plain_array(data)
        whole = type(data) is not float and meaning.meaning_of_data(data)
        data = as_data(data)
        self.data = data.copy() if isinstance(data, np.ndarray) else data
        self.grad = None
        wants = not whole if requires_grad is None else requires_grad
        origin = LEAF if wants else meaning.CONSTANTS[whole or ""]
        self.origin = origin.but(label=label) if label else origin
        self.first = self.second = None
        self.serial = next(_serials)

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Value:
        """Compute the op and record it."""
        if len(args) == 1:
            only: Value = args[0]
            if type(only.data) is float and op.scalar is not None and not (params or SPECIAL):
                return _record_function(op, only)
            return record(op, args, params)
        for a in args:
            if not isinstance(a, Value):
                args = tuple([a if isinstance(a, Value) else constant(a) for a in args])
                break
        return record(op, args, params)

    def __add__(self, other: Any) -> Any:
        try:
            a, b = self.data, other.data
            if (
                type(a) is type(b) is float
                and self.origin.wants
                and other.origin.wants
                and not SPECIAL
            ):
                out = Result()
                out.data = a + b
                out.grad = None
                out.origin = SUM
                out.first = self
                out.second = other
                out.serial = next(_serials)
                return out
        except AttributeError:  # a number on the right
            pass
        return self.interpret(OPS["add"], (self, other), NO_PARAMS)

    def __mul__(self, other: Any) -> Any:
        try:
            a, b = self.data, other.data
            if (
                type(a) is type(b) is float
                and self.origin.wants
                and other.origin.wants
                and not SPECIAL
            ):
                out = Result()
                out.data = a * b
                out.grad = None
                out.origin = PRODUCT
                out.first = self
                out.second = other
                out.serial = next(_serials)
                return out
        except AttributeError:
            pass
        return self.interpret(OPS["mul"], (self, other), NO_PARAMS)

    # What the value is ---------------------------------------------------------------

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The values that this one was computed from, in the order of the op's operands."""
        first = self.first
        if first is None:
            return ()
        if self.second is not None:
            return (first, self.second)
        return first if type(first) is tuple else (first,)

    @property
    def op(self) -> Op | None:
        """The op that made the value; `None` for a leaf."""
        return self.origin.op

    @property
    def locals(self) -> tuple[float | None, ...] | None:
        """The local derivatives of an op on scalars; `None` for an input that wants none.

        >>> (Value(2.0) * Value(3.0)).locals
        (3.0, 2.0)
        """
        op = self.origin.op
        if op is None or not op.elementwise or not self.origin.wants or self.shape:
            return None
        args = [v.data for v in self.inputs]
        wanted = [v.requires_grad and rule for v, rule in zip(self.inputs, op.rules, strict=True)]
        return tuple(
            [
                float(op.local(i, self.data, args, self.params)) if wants else None  # type: ignore[attr-defined]
                for i, wants in enumerate(wanted)
            ]
        )

    @property
    def params(self) -> Params:
        """The options of that op."""
        return self.origin.params

    @property
    def label(self) -> str:
        """The name in pictures and messages; "" if there is none."""
        return self.origin.label

    @label.setter
    def label(self, label: str) -> None:
        self.origin = self.origin.but(label=label)

    @property
    def requires_grad(self) -> bool:
        """Whether a backward pass computes a gradient for this value."""
        return self.origin.wants

    @requires_grad.setter
    def requires_grad(self, wants: bool) -> None:
        if self.op is not None:
            raise InputError(
                "requires_grad of a computed value follows from its inputs; use x.detach()"
            )
        self.origin = self.origin.but(wants=wants)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data; `()` for a scalar."""
        data = self.data
        return data.shape if isinstance(data, np.ndarray) else ()

    @property
    def is_leaf(self) -> bool:
        """Whether the value was given rather than computed."""
        return self.first is None

    @property
    def ndim(self) -> int:
        """The number of axes; 0 for a scalar."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries; called as torch's method, `x.size()`, the shape."""
        return Size(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the data: float64, or float32 for arrays that were given so."""
        return self.data.dtype if isinstance(self.data, np.ndarray) else np.dtype(float)

    @property
    def T(self) -> Value:  # noqa: N802  (numpy's name)
        """The transpose, recorded.

        >>> tensor([[1.0, 2.0]]).T.shape
        (2, 1)
        """
        return self if self.ndim < 2 else OPS["transpose"](self)

    def item(self) -> float:
        """The one number that the value holds.

        >>> Value([[4.0]]).item()
        4.0
        """
        if self.size != 1:
            raise ValueError(
                f"an array of shape {self.shape} is not one number; take an entry, or sum it"
            )
        return float(np.asarray(self.data).item())

    def detach(self) -> Value:
        """The same data, cut off from the record.

        >>> y = (Value(2.0) * 3).detach()
        >>> y.data, y.is_leaf, y.requires_grad
        (6.0, True, False)
        """
        made = Value(self.data, self.label, requires_grad=False)
        made.origin = made.origin.but(meaning=meaning.meaning_of(self))
        return made

    def numpy(self) -> np.ndarray:
        """The data as a plain array of its own; nothing that is done with it is recorded.

        Masks are booleans and positions whole numbers there, as numpy has them.

        >>> tensor([1.0, 2.0]).numpy() * 2, (tensor([1.0, 2.0]) > 1).numpy()
        (array([2., 4.]), array([False,  True]))
        """
        return meaning.plain_array(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.requires_grad:
            raise refuse_array()
        made = meaning.plain_array(self)
        return made if dtype is None else made.astype(dtype)

    def __float__(self) -> float:
        number = self.item()
        return leave(self, number) if self.origin.wants else number

    def __int__(self) -> int:
        number = self.item()
        return int(leave(self, number) if self.origin.wants else number)

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"an array of shape {self.shape} is neither true nor false; "
                "compare single entries, or use np.where to choose entry by entry"
            )
        return bool(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a single number has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Value]:
        if not self.shape:
            raise TypeError("a single number cannot be iterated over")
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> Any:
        if isinstance(other, (Operand, int, float, np.ndarray, np.generic, list, tuple)):
            return OPS["equal"](self, other)
        return NotImplemented

    def __ne__(self, other: object) -> Any:
        if isinstance(other, (Operand, int, float, np.ndarray, np.generic, list, tuple)):
            return OPS["not_equal"](self, other)
        return NotImplemented

    __hash__ = object.__hash__

    def __index__(self) -> int:
        if self.size != 1 or not self.item().is_integer():
            raise TypeError(f"{self.data} is no whole number, so it cannot count or be an index")
        return int(self.item())

    # a copy is a value of its own, so it gets a serial number of its own
    def __getstate__(self) -> tuple[Any, ...]:
        return self.data, self.grad, self.origin, self.first, self.second

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.data, self.grad, self.origin, self.first, self.second = state
        self.serial = next(_serials)

    # Gradients -----------------------------------------------------------------------

    def backward(
        self, seed: Any = None, *, retain_graph: bool = True, create_graph: bool = False
    ) -> None:
        """Run backpropagation from here; see `backviz.autodiff.backward.backward`."""
        from backviz.autodiff.backward import backward

        backward(self, seed, retain_graph=retain_graph, create_graph=create_graph)

    def zero_grad(self) -> None:
        """Forget the gradient: back to "not computed"."""
        gradient, self.grad = self.grad, None
        give(gradient, 1)

    def __repr__(self) -> str:
        parts = [np.array2string(self.data, separator=", ") if self.shape else repr(self.data)]
        if self.label:
            parts.append(f"label={self.label!r}")
        if self.op is not None:
            parts.append(f"op={self.op.name!r}")
        grad = self.grad.data if isinstance(self.grad, Value) else self.grad
        parts.append(f"grad={grad!r}")
        return f"Value({', '.join(parts)})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return import_module("backviz.notebook").value_bundle(self, include, exclude)


class Result(Value):
    """A value made by an op: the same as any other, but made without `__init__`."""

    __slots__ = ()
    __init__ = object.__init__


Result.__name__ = "Value"  # what Python's own messages call it; pickle reads __qualname__


def constant(data: Any) -> Value:
    """A leaf that wants no gradient: the 2 in `2 * x`."""
    if type(data) is not float and type(data) is not int:
        return Value(data, requires_grad=False)
    out: Value = Result()
    out.data = as_data(data)
    out.grad = out.first = out.second = None
    out.origin = CONSTANT
    out.serial = next(_serials)
    return out


def tensor(data: Any, label: str = "", *, requires_grad: bool | None = None) -> Value:
    """A recorded array; for one number the same as `Value`.

    >>> tensor(np.array([0, 1])).requires_grad, tensor([0, 1]).requires_grad
    (False, True)
    >>> tensor([[1, 2], [3, 4]]).sum().data
    10.0
    """
    return Value(data, label, requires_grad=requires_grad)


def record(op: Op, inputs: tuple[Value, ...], params: Params) -> Value:
    """Compute an op on recorded values and write it down."""
    how = mode() if SPECIAL else PLAIN
    if how.expand and op.parts is not None and ("all" in how.expand or op.name in how.expand):
        made: Value = op.parts(*inputs, **params)
        return made
    args = [v.data for v in inputs]
    try:
        data = op.compute(args, params)
    except ShapeError as error:
        said = error.__context__
        if not isinstance(said, Exception):
            raise
        named = op.misfit([v.label or name_in_caller(v) for v in inputs], args, params, said)
        where = f" (at {caller()})" if how.lines else ""
        raise ShapeError(named.message + where, lines=named.lines) from None
    if type(data) is np.ndarray:
        data.setflags(write=False)  # its consumers will have used it
    out: Value = Result()
    out.data = data
    out.grad = None
    out.second = None
    out.serial = next(_serials)
    if not how.record:
        out.origin, out.first = meaning.constant_origin(op, inputs), None
        return out
    if len(inputs) == 2:
        out.first, out.second = inputs
    else:
        out.first = inputs[0] if len(inputs) == 1 else inputs
    wants = op.wants(inputs)
    if params:
        out.origin = Origin(op, params, wants=wants)
    else:
        out.origin = op.origin if wants else op.idle
    if how is PLAIN:
        return out
    if how.lines or how.scope:
        out.origin = place(out.origin, caller() if how.lines else "", how.scope)
    if how.anomaly:
        from backviz.autodiff.finite import refuse_not_finite

        refuse_not_finite(out)
    return out


def _record_function(op: Op, only: Value) -> Value:
    """The plain case of `record` for a function of one number."""
    x = only.data
    out: Value = Result()
    try:
        out.data = op.scalar(x)  # type: ignore[misc]
    except (ArithmeticError, ValueError):
        out.data = op.compute((x,), NO_PARAMS)
    out.grad = out.second = None
    out.first = only
    out.origin = op.origin if only.origin.wants and op.differentiable else op.idle
    out.serial = next(_serials)
    return out
