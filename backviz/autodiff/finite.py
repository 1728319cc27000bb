"""Find where NaN or infinity came into being, forward or backward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from backviz.autodiff.backward import backward_steps
from backviz.autodiff.recording import located
from backviz.autodiff.tape import names, tape
from backviz.autodiff.value import Value
from backviz.errors import NotFiniteError
from backviz.language import _, all_of
from backviz.text import NumberStyle, clean

_NUMBERS = NumberStyle(minus="-")
MOST = 6  # entries that are written out


def find_not_finite(output: Value, values: list[Value] | None = None) -> str | None:
    """One sentence on the first NaN or infinity, or `None` if all is finite.

    `values` is the tape of the output, if it is at hand.

    Values are looked through in the order of recording, then gradients in the
    order of the backward pass (of the sum, for an output that is not a scalar).

    >>> print(find_not_finite(Value(-1.0, "a").log()))
    log gives NaN at node n1: log(a) with a = -1; log needs x > 0
    """
    values = tape(output) if values is None else values
    if (said := first_not_finite(values)) is not None:
        return said
    # after a backward pass every sum of contributions is at hand: none can hide what is not finite
    known = output.grad is not None and all(v.grad is None or is_finite(v.grad) for v in values)
    if output.requires_grad and not known:
        seed = np.ones(output.shape) if output.shape else None
        for step in backward_steps(output, seed, values=values):
            for part in step.contributions:
                if not is_finite(part.value):
                    return _backward(step.node, part.input, part.value, values)
    return None


def first_not_finite(values: list[Value]) -> str | None:
    """The same of what was computed forward, for the values of one tape."""
    for value in values:
        if not is_finite(value.raw):
            return _forward(value, values)
    return None


def refuse_not_finite(made: Value) -> None:
    """Raise `NotFiniteError` if the op that has just made a value gave NaN or infinity."""
    if not is_finite(made.raw):
        raise NotFiniteError(sentence_on(made))


def is_finite(data: Any) -> bool:
    """Whether a number, or every entry of an array, is finite."""
    if type(data) is float:
        return math.isfinite(data)
    if isinstance(data, Value):
        data = data.data
    return bool(np.isfinite(data).all())


def _forward(value: Value, values: list[Value]) -> str:
    if value.op is None:
        return _("{where} is {what}; give it a finite number",
                 where=_where(value, values), what=_what(value.raw))  # fmt: skip
    return _("{op} gives {what} at {where}: {call}", op=value.op.name, what=_what(value.raw),
             where=_where(value, values), call=_call(value, values))  # fmt: skip


def _call(value: Value, values: list[Value]) -> str:
    """The call that failed, its numbers, what the op needs, and the line of the program."""
    assert value.op is not None
    named = _names(value.inputs, values)
    called = {name: _shown(v) for name, v in zip(named, value.inputs, strict=True)}
    inputs = ", ".join(named)
    numbers = all_of(f"{name} = {shown}" for name, shown in called.items() if name != shown)
    told = {"call": f"{value.op.name}({inputs})", "need": _need(value)}
    if numbers:
        said = _("{call} with {numbers}; {need}", numbers=numbers, **told)
    else:
        said = _("{call}; {need}", **told)
    return located(said, value.origin.where)


def _shown(value: Value) -> str:
    """A number, or an array with its shape and its range."""
    if not value.shape or value.size <= MOST:
        return _NUMBERS.summary(value.raw)
    finite = value.raw[np.isfinite(value.raw)]
    if not finite.size:
        return _("array {shape} without a finite entry", shape=value.shape)
    low, high = (_NUMBERS.format(float(x)) for x in (finite.min(), finite.max()))
    return _("array {shape} from {low} to {high}", shape=value.shape, low=low, high=high)


def _backward(value: Value, operand: Value, data: Any, values: list[Value]) -> str:
    assert value.op is not None
    (name,) = _names((operand,), values)
    said = _(
        "{op} at {where} gives its input {input} the gradient {what}; {need}",
        op=value.op.name,
        where=_where(value, values),
        input=f"{name} = {_shown(operand)}",
        what=_what(data),
        need=_need(value),
    )
    return located(said, value.origin.where)


def sentence_on(value: Value) -> str:
    """What went wrong in the op that has just made a value that is not finite."""
    assert value.op is not None
    call = _call(value, tape(value))
    return _("{op} gives {what}: {call}", op=value.op.name, what=_what(value.raw), call=call)


def _need(value: Value) -> str:
    """What the op would have needed."""
    op = value.op
    assert op is not None
    if any(np.isnan(v.raw).any() for v in value.inputs):
        return _("NaN went in already")
    overflow = op.name == "pow" and np.isinf(value.raw).any() and np.all(value.inputs[0].raw)
    if overflow or op.domain == "all numbers":
        return _("the result is too large for a float64; use smaller numbers")
    return _("{op} needs {domain}", op=op.name, domain=_(op.domain))


def _what(data: Any) -> str:
    entries = np.asarray(data)
    if np.isnan(entries).any():
        return "NaN"
    return "infinity" if (entries == math.inf).any() else "-infinity"


def _where(value: Value, values: list[Value]) -> str:
    place = next(i for i, v in enumerate(values) if v is value)
    node = _("node n{id}", id=place)
    return f"{node} ({clean(value.label)})" if value.label else node


def _names(operands: Sequence[Value], values: list[Value]) -> list[str]:
    """What operands are called; a constant without a name by its number."""
    called = names(values)
    return [
        _NUMBERS.summary(v.raw)
        if not v.label and v.op is None and not v.requires_grad
        else called[v.serial]
        for v in operands
    ]
