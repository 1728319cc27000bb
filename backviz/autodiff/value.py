"""A recorded value: a number or an array that remembers how it was made.

Invariants: `data` of a scalar is a Python float, never a 0-d array; `serial` grows
with every value made, so that sorting by it is a topological order; a value points
to its inputs only, so that the tape has no reference cycles.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any, final

import numpy as np

from backviz.autodiff.op import Op, as_data
from backviz.autodiff.operand import NO_PARAMS, Operand, Params

if TYPE_CHECKING:
    from collections.abc import Callable

_serials = count()
_recording: ContextVar[bool] = ContextVar("recording", default=True)


@final
class Value(Operand):
    """A number or an array whose computations are recorded.

    `grad` is `None` until a backward pass has reached the value. `label` is its
    name in pictures. A value made by hand is a leaf and wants a gradient unless
    `requires_grad` says otherwise; a value made by an op holds the `op`, its
    `inputs` and `params`, and, for scalars, the local derivatives `locals`.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> L = (a * b + a).tanh()
    >>> L.backward()
    >>> L, a.grad == (1 - L.data**2) * (b.data + 1)
    (Value(-0.999329299739067, op='tanh', grad=1.0), True)
    """

    __slots__ = (
        "__weakref__",
        "data",
        "grad",
        "inputs",
        "label",
        "locals",
        "op",
        "params",
        "requires_grad",
        "serial",
    )

    data: Any
    grad: Any
    op: Op | None
    inputs: tuple[Value, ...]
    params: Params
    locals: tuple[float | None, ...] | None
    requires_grad: bool
    serial: int
    label: str

    def __init__(self, data: Any, label: str = "", *, requires_grad: bool = True) -> None:
        if isinstance(data, Value):
            data = data.data
        data = as_data(data)
        self.data = data.copy() if isinstance(data, np.ndarray) else data
        self.grad = None
        self.op = None
        self.inputs = ()
        self.params = NO_PARAMS
        self.locals = None
        self.requires_grad = requires_grad
        self.serial = next(_serials)
        self.label = label

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Value:
        """Compute the op and record it."""
        inputs = tuple([a if a.__class__ is Value else constant(a) for a in args])
        return record(op, inputs, params)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data; `()` for a scalar."""
        return self.data.shape if isinstance(self.data, np.ndarray) else ()

    @property
    def is_leaf(self) -> bool:
        """Whether the value was given rather than computed."""
        return self.op is None

    def item(self) -> float:
        """The one number that the value holds.

        >>> Value([[4.0]]).item()
        4.0
        """
        if isinstance(self.data, np.ndarray):
            return float(self.data.item())
        return float(self.data)

    def detach(self) -> Value:
        """The same data, cut off from the record."""
        return Value(self.data, self.label, requires_grad=False)

    def backward(self, seed: Any = None, *, create_graph: bool = False) -> None:
        """Run backpropagation from here; see `backviz.autodiff.backward.backward`."""
        from backviz.autodiff.backward import backward

        backward(self, seed, create_graph=create_graph)

    def zero_grad(self) -> None:
        """Forget the gradient: back to "not computed"."""
        self.grad = None

    def __float__(self) -> float:
        return self.item()

    def __repr__(self) -> str:
        parts = [np.array2string(self.data, separator=", ") if self.shape else repr(self.data)]
        if self.label:
            parts.append(f"label={self.label!r}")
        if self.op is not None:
            parts.append(f"op={self.op.name!r}")
        grad = self.grad.data if isinstance(self.grad, Value) else self.grad
        parts.append(f"grad={grad!r}")
        return f"Value({', '.join(parts)})"


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
    try:
        data = op.compute([v.data for v in inputs], params)
    except ValueError as error:
        raise _with_labels(error, inputs) from None
    out = object.__new__(Value)
    out.data = data
    out.grad = None
    out.label = ""
    out.serial = next(_serials)
    out.locals = None
    if not _recording.get():
        out.op, out.inputs, out.params, out.requires_grad = None, (), NO_PARAMS, False
        return out
    out.op = op
    out.inputs = inputs
    out.params = params
    out.requires_grad = op.differentiable and any(v.requires_grad for v in inputs)
    if out.requires_grad and op.elementwise and data.__class__ is float:
        args = [v.data for v in inputs]
        out.locals = tuple(
            [
                float(op.local(i, data, args, params)) if v.requires_grad else None  # type: ignore[attr-defined]
                for i, v in enumerate(inputs)
            ]
        )
    return out


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording.

    >>> with no_grad():
    ...     y = Value(2.0) * 3
    >>> y.is_leaf, y.requires_grad
    (True, False)
    """
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)


def _with_labels(error: ValueError, inputs: tuple[Value, ...]) -> ValueError:
    """Name the operands in a message about shapes, where they have names."""
    names = [v.label for v in inputs]
    message = getattr(error, "message", None)
    if message is None or not any(names):
        return error
    called = ", ".join(name or "·" for name in names)
    head, _, rest = message.partition(":")
    make: Callable[[str], ValueError] = type(error)
    return make(f"{head}({called}):{rest}")
