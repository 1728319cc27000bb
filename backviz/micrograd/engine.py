"""A recorded value with micrograd's manners: `_prev`, `_op`, `_backward`, gradients from 0.

Invariant: the same nodes as micrograd's (a − b is a + b·(−1), a/b is a·b⁻¹, numbers become
values), so that a walk over `_prev` meets what the lecture meets; every node has an op of
backviz's table or, made by hand with a sign that the table does not know, a row of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from backviz.autodiff import value as recorded
from backviz.autodiff.custody import changed, serials
from backviz.autodiff.data import as_data, quietly
from backviz.autodiff.notation import function_notation
from backviz.autodiff.op import Structural
from backviz.autodiff.operand import NO_PARAMS, Params
from backviz.autodiff.origin import Origin
from backviz.autodiff.tape import tape, values_under
from backviz.errors import InputError
from backviz.language import _
from backviz.ops import OPS

if TYPE_CHECKING:
    from backviz.autodiff.op import Op

SIGNS = {"add": "+", "mul": "*", "sub": "-", "div": "/", "relu": "ReLU"}
ROWS = {sign: name for name, sign in SIGNS.items()}


class StaleGradientWarning(UserWarning):
    """A second backward pass over values that still hold the gradients of the first."""


class Value(recorded.Value):
    """A number that remembers how it was made, as in micrograd's engine.

    `Value(data, (a, b), '+')` makes a node by hand; its `_backward` may be set, as in the
    lecture, and is the op's own chain rule if it is not. Two values are equal if they are the
    same object. Gradients start at 0 and everything adds to them: after a second `backward()`
    over the same values they are too large, which a `StaleGradientWarning` says.

    >>> x = Value(3.0)
    >>> y = Value(9.0, (x, x), "*")
    >>> y.grad = 1.0
    >>> y._backward()
    >>> x.grad, y._op, y._prev == {x}
    (6.0, '*', True)
    """

    # what a value held before its data was set: from which serial number to which, and what
    __slots__ = ("_before", "_by_hand", "_passed", "_since", "_used")

    _before: tuple[int, int, Any] | None
    _by_hand: Callable[[], None] | None
    _passed: bool
    _since: int
    _used: bool

    def __init__(
        self, data: Any, _children: Iterable[Value] = (), _op: str = "", label: str = ""
    ) -> None:
        super().__init__(data, label)
        self.grad = 0.0
        self.settle()
        if children := tuple(_children):
            op, inputs = _row(_op, children)
            self.origin = Origin(op, NO_PARAMS, label)
            self.first = inputs[0] if len(inputs) < 3 else inputs
            self.second = inputs[1] if len(inputs) == 2 else None
            self.serial = next(serials)  # younger than an exponent made just now
            _note_use(inputs)

    @property
    def data(self) -> Any:
        """The number; it may be set, as in micrograd, also where it was computed.

        What was computed from the old number stays as it is: backward over it is refused.
        """
        return self.raw

    @data.setter
    def data(self, data: Any) -> None:
        if self._used:
            self._before, self._used = (self._since, next(serials), self.raw), False
        if self.first is None:
            recorded.Value.data.fset(self, data)  # type: ignore[attr-defined]
        else:
            self.raw = as_data(data)
        self._since = next(serials)

    @property
    def _prev(self) -> set[Value]:
        """The values it was made from, as a set: x·x has one."""
        return {v for v in self.inputs if isinstance(v, Value)}

    @property
    def _op(self) -> str:
        """The sign of the op as micrograd writes it; "" for a leaf."""
        op = self.op
        if op is None:
            return ""
        if op.name == "pow" and not isinstance(self.inputs[1], Value):
            exponent = self.inputs[1].data
            return f"**{int(exponent) if exponent == int(exponent) else exponent}"
        return SIGNS.get(op.name, op.symbol if op.array is _by_hand else op.name)

    @property
    def _backward(self) -> Callable[[], None]:
        """One step of the chain rule: adds to the gradients of the inputs."""
        return self._by_hand or self._pass_on

    @_backward.setter
    def _backward(self, step: Callable[[], None]) -> None:
        self._by_hand = step

    def _pass_on(self) -> None:
        op = self.op
        if op is None:
            return
        inputs = self.inputs
        for position, _other, part in quietly(op.pull, self, self.grad, False):
            inputs[position].grad = (inputs[position].grad or 0.0) + part

    def backward(
        self, seed: Any = None, *, retain_graph: bool = True, create_graph: bool = False
    ) -> None:
        """Call `_backward` from here to the leaves, in an order that suits; as micrograd's does.

        Warns with `StaleGradientWarning` where values between hold gradients of an earlier pass.
        """
        if create_graph:
            raise InputError(
                _(
                    "micrograd's values have first derivatives only; backviz.Value takes "
                    "create_graph"
                )
            )
        nodes = [v for v in tape(self) if isinstance(v, Value)]
        for v in changed_under(self):
            raise InputError(changed(v))
        if any(v._passed and v.grad for v in nodes if v is not self):
            warnings.warn(
                _(
                    "backward() ran over these values before: the gradients between are added "
                    "to and passed on again, so the leaves get too much; set v.grad = 0 for "
                    "every value first, or compute the output anew"
                ),
                StaleGradientWarning,
                stacklevel=2,
            )
        self.grad = 1.0 if seed is None else seed
        for v in reversed(nodes):
            v._backward()
            v._passed = v.first is not None

    def zero_grad(self, set_to_none: bool = False) -> None:
        """The gradient is 0 again."""
        self.grad = 0.0

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Value:
        """Record the op; numbers become values with a gradient, but for an exponent."""
        fixed = op.name == "pow" and isinstance(args[1], int | float)
        wrap = recorded.constant if fixed else Value
        values = [a if isinstance(a, recorded.Value) else wrap(a) for a in args]
        made = recorded.record(op, tuple(values), params)
        out = Value.__new__(Value)
        out.raw, out.origin, out.serial = made.raw, made.origin, made.serial
        out.first, out.second = made.first, made.second
        out.grad = 0.0
        out.settle()
        _note_use(values)
        return out

    def __add__(self, other: Any) -> Any:
        return self.interpret(OPS["add"], (self, other), NO_PARAMS)

    def __mul__(self, other: Any) -> Any:
        return self.interpret(OPS["mul"], (self, other), NO_PARAMS)

    def __neg__(self) -> Any:
        return self * -1

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        return other + (-self)

    def __truediv__(self, other: Any) -> Any:
        return self * other**-1

    def __rtruediv__(self, other: Any) -> Any:
        return other * self**-1

    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__

    def settle(self) -> None:
        """What a value or a copy begins with: a step given by hand belongs to the original."""
        self._by_hand, self._before = None, None
        self._passed = self._used = False
        self._since = -1

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"


def changed_under(root: Value) -> list[Value]:
    """The values whose data was set after a value under `root` was computed from them."""
    found = {
        id(u): u
        for v in values_under(root)
        for u in v.inputs
        if isinstance(u, Value) and u._since > v.serial
    }
    return list(found.values())


def before(v: Value, root: Value) -> Any:
    """What a value held when everything under `root` was computed from it.

    `InputError` if that is not known: it was set several times, or used with both numbers.
    """
    users = [u.serial for u in values_under(root) if any(each is v for each in u.inputs)]
    if v._before is not None:
        start, end, old = v._before
        if all(start < serial < end for serial in users):
            return old
    raise InputError(changed(v))


def _note_use(values: Iterable[recorded.Value]) -> None:
    for v in values:
        if isinstance(v, Value):
            v._used = True


def _row(sign: str, inputs: tuple[recorded.Value, ...]) -> tuple[Op, tuple[recorded.Value, ...]]:
    """The op that a sign given by hand stands for, and its operands."""
    if sign.startswith("**") and len(inputs) == 1:
        try:
            return OPS["pow"], (*inputs, recorded.constant(float(sign[2:])))
        except ValueError:
            pass
    name = ROWS.get(sign, sign)
    if name in OPS and OPS[name].elementwise and OPS[name].arity == len(inputs):
        return OPS[name], inputs
    name = f"{sign or '?'}/{len(inputs)}"
    return OPS[name] if name in OPS else _enter(name, sign or "?", len(inputs)), inputs


def _enter(name: str, sign: str, arity: int) -> Op:
    """A row without rules for a sign of somebody's own, so that pictures and files find it."""
    row = Structural(
        name=name,
        array=_by_hand,
        rules=(None,) * arity,
        notation=function_notation(sign.replace("{", "(").replace("}", ")"), arity),
        symbol=sign,
        domain="unknown",
        note="Made by hand.",
        arity=arity,
        public=False,
        written=False,
        method=False,
    )
    return OPS.add(name, row)


def _by_hand(*_other: Any) -> Any:
    raise InputError(
        _("a value made by hand cannot be computed again: backviz knows only its sign")
    )
