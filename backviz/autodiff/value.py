"""A recorded value: a number or an array that remembers how it was made.

Invariants: `data` of a scalar is a Python float, never a 0-d array; `serial` grows
with every value made, so that sorting by it is a topological order; a value points
to its inputs only, so that the record has no reference cycles and dies with its output.

A record can have millions of scalars, so a value has six slots and a sum or a product
of two floats is recorded right here (docs/design/engine.md); a test compares, bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

import numpy as np

from backviz.autodiff import meaning
from backviz.autodiff.buffers import LARGE, give
from backviz.autodiff.counts import used_whole
from backviz.autodiff.custody import BIRTHS, KEEPING, Custody, keep, settle
from backviz.autodiff.custody import serials as _serials
from backviz.autodiff.data import as_data
from backviz.autodiff.decisions import note
from backviz.autodiff.held import Held
from backviz.autodiff.inplace import OPERATORS, in_place
from backviz.autodiff.operand import NO_PARAMS, Params
from backviz.autodiff.origin import CONSTANT, LEAF, PRODUCT, SUM, Origin, place
from backviz.autodiff.recording import PLAIN, SPECIAL, caller, located, mode, name_in_caller, noted
from backviz.autodiff.remedies import made_with
from backviz.autodiff.table import OPS
from backviz.displays import DISPLAYS
from backviz.errors import InputError, ShapeError
from backviz.language import _

if TYPE_CHECKING:
    from backviz.autodiff.op import Op

_passes: list[Any] = []  # the backward pass, which is made of values


class Value(Held):
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

    __slots__ = ()
    by_hand = True  # by a person, not by an op

    raw: Any
    grad: Any
    origin: Origin
    first: Any
    second: Any
    serial: int

    def __init__(
        self, data: Any, label: str = "", *, requires_grad: bool | None = None, **other: Never
    ) -> None:
        if other:
            raise TypeError(made_with("", *other))
        self.grad = self.first = self.second = None
        whole = ""
        if type(data) is not float:
            if type(data) is not np.ndarray and isinstance(data, Value):
                if requires_grad is not False and data.requires_grad:
                    from backviz.autodiff.exits import check_copy  # not at every start

                    check_copy(data)
                data = meaning.plain_array(data)
            whole = meaning.meaning_of_data(data)
            data = as_data(data)
            if isinstance(data, np.ndarray):
                data = data.copy()
                self.second = Custody()
        self.raw = data
        wants = not whole if requires_grad is None else requires_grad
        if label:
            if not isinstance(label, str):
                raise TypeError(made_with(label))
            self.origin = Origin(label=label, wants=wants, meaning="" if wants else whole)
        else:
            self.origin = LEAF if wants else meaning.CONSTANTS[whole]
        self.serial = next(_serials)
        if BIRTHS and wants:
            BIRTHS[-1](self)

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Value:
        """Compute the op and record it."""
        if len(args) == 1:
            only: Value = args[0]
            if type(only.raw) is float and op.scalar is not None and not (params or SPECIAL):
                return _record_function(op, only)
            return record(op, args, params)
        for a in args:
            if not isinstance(a, Value):
                args = tuple([a if isinstance(a, Value) else constant(a) for a in args])
                break
        return record(op, args, params)

    def __add__(self, other: Any) -> Any:
        try:
            a, b = self.raw, other.raw
            if (
                type(a) is type(b) is float
                and self.origin.wants
                and other.origin.wants
                and not SPECIAL
            ):
                out = Result()
                out.raw = a + b
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
            a, b = self.raw, other.raw
            if (
                type(a) is type(b) is float
                and self.origin.wants
                and other.origin.wants
                and not SPECIAL
            ):
                out = Result()
                out.raw = a * b
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
    def data(self) -> Any:
        """The number or the array that the value holds.

        That of a leaf can be replaced and written into: `p.data -= 0.1 * p.grad`. A record
        that has used the old numbers is refused from then on.

        >>> y = (x := Value(2.0, "x")) * 3
        >>> x.data = 5.0
        >>> y.backward()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        backviz.errors.InputError: the data of x was changed after this record had used it, ...
        """
        custody = self.second
        if type(custody) is Custody:  # whoever gets the array may write into it
            custody.out = True
            if custody.uses and custody.kept is None:
                custody.kept = self.raw.copy()
        if SPECIAL and mode().lines:  # a program that is run to be recorded
            note(self, self.raw)
        return self.raw

    @data.setter
    def data(self, data: Any) -> None:
        if self.first is not None or self.origin.freed:
            made = self.op.name if self.op is not None else _("that was freed")
            raise InputError(
                _("the data of a computed value is what its op ({op}) gave; set the data of a leaf "
                  "and compute again, or use x.detach() for a leaf with these numbers", op=made)
            )  # fmt: skip
        if KEEPING:
            keep(self, data)
        if type(data) is float:
            self.raw = data
            self.second = next(_serials)
        elif data is self.raw and type(custody := self.second) is Custody:  # as after p.data -= …
            custody.since, custody.out, custody.kept, custody.uses = next(_serials), True, None, 0
        else:
            self.raw = as_data(data)
            now = next(_serials)
            self.second = now if type(self.raw) is float else Custody(now, out=True)

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
        args = [v.raw for v in self.inputs]
        wanted = [v.requires_grad and rule for v, rule in zip(self.inputs, op.rules, strict=True)]
        return tuple(
            [
                float(op.local(i, self.raw, args, self.params)) if wants else None  # type: ignore[attr-defined]
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
            raise InputError(_("requires_grad of a computed value follows from its inputs; "
                               "use x.detach()"))  # fmt: skip
        self.origin = self.origin.but(wants=wants)

    @property
    def is_leaf(self) -> bool:
        """Whether the value was given rather than computed."""
        return self.first is None and not self.origin.freed

    def detach(self) -> Value:
        """The same data, cut off from the record.

        >>> y = (Value(2.0) * 3).detach()
        >>> y.data, y.is_leaf, y.requires_grad
        (6.0, True, False)
        """
        note(self, self.raw, ours=True)
        made = Value(self.raw, self.label, requires_grad=False)
        made.origin = made.origin.but(meaning=meaning.meaning_of(self))
        return made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.requires_grad and not used_whole(self) and mode().record:
            from backviz.autodiff.exits import refuse_array

            raise refuse_array()
        made = meaning.plain_array(self)
        return made if dtype is None else made.astype(dtype)

    # a copy of a record has serial numbers of its own, in the same order
    def __reduce_ex__(self, protocol: Any) -> Any:
        from backviz.autodiff.copies import reduced

        return reduced(self)

    def __copy__(self) -> Value:
        from backviz.autodiff.copies import copied

        return copied(self, {}, deep=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from backviz.autodiff.copies import copied

        return copied(self, memo)

    def settle(self) -> None:
        """For classes of values with more slots: set them in a copy."""

    # Gradients -----------------------------------------------------------------------

    def backward(
        self, seed: Any = None, *, retain_graph: bool = True, create_graph: bool = False
    ) -> None:
        """Run backpropagation from here; see `backviz.autodiff.backward.backward`."""
        if not _passes:  # importing at each call costs as much as a small product
            from backviz.autodiff.backward import backward

            _passes.append(backward)
        _passes[0](self, seed, retain_graph=retain_graph, create_graph=create_graph)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradient: back to "not computed"; or, as torch once did, make it 0."""
        gradient, self.grad = self.grad, None
        if not set_to_none and gradient is not None:
            self.grad = np.zeros_like(self.raw) if self.shape else 0.0
        if type(gradient) is np.ndarray and gradient.nbytes >= LARGE:
            give(gradient, 1)

    def __repr__(self) -> str:
        parts = [np.array2string(self.raw, separator=", ") if self.shape else repr(self.raw)]
        if self.label:
            parts.append(f"label={self.label!r}")
        if self.op is not None:
            parts.append(f"op={self.op.name!r}")
        grad = self.grad.raw if isinstance(self.grad, Value) else self.grad
        parts.append(f"grad={grad!r}")
        return f"Value({', '.join(parts)})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return DISPLAYS["value"](self, include, exclude)


for _name, _operate in OPERATORS.items():
    setattr(Value, _name, in_place(_operate))


class Result(Value):
    """A value made by an op: the same as any other, but made without `__init__`."""

    __slots__ = ()
    by_hand = False
    __init__ = object.__init__


Result.__name__ = "Value"  # what Python's own messages call it; pickle reads __qualname__


def constant(data: Any) -> Value:
    """A leaf that wants no gradient: the 2 in `2 * x`."""
    if type(data) is not float and type(data) is not int:
        own = Value(data, requires_grad=False)
        if type(own.raw) is np.ndarray:
            own.raw.setflags(write=False)
            own.second = None
        return noted(own, data)
    out: Value = Result()
    out.raw = as_data(data)
    out.grad = out.first = out.second = None
    out.origin = CONSTANT
    out.serial = next(_serials)
    return out


def tensor(data: Any, label: str = "", *, requires_grad: bool | None = None, **no: Never) -> Value:
    """A recorded array; for one number the same as `Value`.

    >>> tensor(np.array([0, 1])).requires_grad, tensor([0, 1]).requires_grad
    (False, True)
    >>> tensor([[1, 2], [3, 4]]).sum().data
    10.0
    """
    return Value(data, label, requires_grad=requires_grad, **no)


def record(op: Op, inputs: tuple[Value, ...], params: Params) -> Value:
    """Compute an op on recorded values and write it down."""
    how = mode() if SPECIAL else PLAIN
    if how.expand and op.parts is not None and how.expands(op.name):
        made: Value = op.parts(*inputs, **params)
        return made
    two = len(inputs) == 2  # the usual case, which needs no loop
    args = [inputs[0].raw, inputs[1].raw] if two else [v.raw for v in inputs]
    try:
        data = op.compute(args, params)
    except ShapeError as error:
        cause = error.__context__
        if not isinstance(cause, Exception):
            raise
        named = op.misfit([v.label or name_in_caller(v) for v in inputs], args, params, cause)
        said = located(named.message, caller() if how.lines else "")
        raise type(named)(said, lines=named.lines) from None
    if type(data) is np.ndarray:
        data.setflags(False)  # type: ignore[call-arg]  # its consumers will have used it
    out: Value = Result()
    out.raw = data
    out.grad = None
    out.second = None
    if not how.record:
        out.serial = next(_serials)
        out.origin = meaning.constant_origin(op, inputs) if op.gives else CONSTANT
        out.first = None
        return out
    del args  # nobody but the leaves themselves may hold their arrays now
    for v in inputs:
        custody = v.second
        if type(custody) is Custody:
            if custody.out:
                settle(v, custody)
            custody.uses += 1
    out.serial = next(_serials)
    if two:
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
    x = only.raw
    out: Value = Result()
    try:
        out.raw = op.scalar(x)  # type: ignore[misc]
    except (ArithmeticError, ValueError):
        out.raw = op.compute((x,), NO_PARAMS)
    out.grad = out.second = None
    out.first = only
    out.origin = op.origin if only.origin.wants and op.differentiable else op.idle
    out.serial = next(_serials)
    return out
