"""A recorded value: a number or an array that remembers how it was made.

Invariants: `data` of a scalar is a Python float, never a 0-d array; `serial` grows
with every value made, so that sorting by it is a topological order; a value points
to its inputs only, so that the record has no reference cycles and dies with its output.

A record can have millions of scalars, so a value has six slots and a sum or a product
of two floats is recorded right here, without a detour through the op (docs/design/engine.md
has the measurements). A test compares that with the detour, bit for bit.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.data import as_data
from backviz.autodiff.operand import NO_PARAMS, Operand, Params
from backviz.autodiff.origin import CONSTANT, LEAF, PRODUCT, SUM, Origin
from backviz.autodiff.recording import PLAIN, SPECIAL, caller, mode
from backviz.autodiff.table import OPS
from backviz.errors import InputError, NotFiniteError, ShapeError

if TYPE_CHECKING:
    from backviz.autodiff.op import Op

_serials = count()


class Value(Operand):
    """A number or an array whose computations are recorded.

    `grad` is `None` until a backward pass has reached the value. `label` is its
    name in pictures. A value made by hand is a leaf and wants a gradient unless
    `requires_grad` says otherwise; a value made by an op holds the `op`, its
    `inputs` and `params`.

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

    def __init__(self, data: Any, label: str = "", *, requires_grad: bool = True) -> None:
        if isinstance(data, Value):
            data = data.data
        data = as_data(data)
        self.data = data.copy() if isinstance(data, np.ndarray) else data
        self.grad = None
        if label:
            self.origin = Origin(label=label, wants=requires_grad)
        else:
            self.origin = LEAF if requires_grad else CONSTANT
        self.first = self.second = None
        self.serial = next(_serials)

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Value:
        """Compute the op and record it."""
        return record(op, tuple([a if isinstance(a, Value) else constant(a) for a in args]), params)

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

    def item(self) -> float:
        """The one number that the value holds.

        >>> Value([[4.0]]).item()
        4.0
        """
        if isinstance(self.data, np.ndarray):
            return float(self.data.item())
        return float(self.data)

    def detach(self) -> Value:
        """The same data, cut off from the record.

        >>> y = (Value(2.0) * 3).detach()
        >>> y.data, y.is_leaf, y.requires_grad
        (6.0, True, False)
        """
        return Value(self.data, self.label, requires_grad=False)

    # Gradients -----------------------------------------------------------------------

    def backward(
        self, seed: Any = None, *, retain_graph: bool = True, create_graph: bool = False
    ) -> None:
        """Run backpropagation from here; see `backviz.autodiff.backward.backward`."""
        from backviz.autodiff.backward import backward

        backward(self, seed, retain_graph=retain_graph, create_graph=create_graph)

    def zero_grad(self) -> None:
        """Forget the gradient: back to "not computed"."""
        self.grad = None

    def __repr__(self) -> str:
        parts = [np.array2string(self.data, separator=", ") if self.shape else repr(self.data)]
        if self.label:
            parts.append(f"label={self.label!r}")
        if self.op is not None:
            parts.append(f"op={self.op.name!r}")
        grad = self.grad.data if isinstance(self.grad, Value) else self.grad
        parts.append(f"grad={grad!r}")
        return f"Value({', '.join(parts)})"


class Result(Value):
    """A value made by an op: the same as any other, but made without `__init__`."""

    __slots__ = ()
    __init__ = object.__init__  # type: ignore[assignment]


def constant(data: Any) -> Value:
    """A leaf that wants no gradient: the 2 in `2 * x`."""
    return Value(data, requires_grad=False)


def tensor(data: Any, label: str = "", *, requires_grad: bool = True) -> Value:
    """A recorded array; for one number the same as `Value`.

    >>> tensor([[1, 2], [3, 4]]).sum().data
    10.0
    """
    return Value(data, label, requires_grad=requires_grad)


def record(op: Op, inputs: tuple[Value, ...], params: Params) -> Value:
    """Compute an op on recorded values and write it down."""
    how = mode() if SPECIAL else PLAIN
    if op.parts is not None and how.expand and ("all" in how.expand or op.name in how.expand):
        made: Value = op.parts(*inputs, **params)
        return made
    try:
        data = op.compute([v.data for v in inputs], params)
    except ShapeError as error:
        raise _with_labels(error, inputs) from None
    out = Result()
    out.data = data
    out.grad = None
    out.second = None
    out.serial = next(_serials)
    if not how.record:
        out.origin, out.first = CONSTANT, None
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
    if how.lines:
        out.origin = out.origin.but(where=caller())
    if how.anomaly:
        _refuse_not_finite(out)
    return out


def _refuse_not_finite(made: Value) -> None:
    from backviz.autodiff.finite import is_finite, sentence_on

    if not is_finite(made.data):
        raise NotFiniteError(sentence_on(made))


def _with_labels(error: ShapeError, inputs: tuple[Value, ...]) -> ShapeError:
    """Name the operands in a message about shapes, where they have names."""
    names = [v.label for v in inputs]
    if not any(names):
        return error
    called = ", ".join(name or "·" for name in names)
    head, _, rest = error.message.partition(":")
    return ShapeError(f"{head}({called}):{rest}")
