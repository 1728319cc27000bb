"""The same computation otherwise: other leaves, a step further, another op, other gradients.

Invariant: what was recorded stays as it is. A variant is a copy with numbers of its own and the
names, scopes and order of the original.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from backviz.autodiff.backward import backward, seed_for, tape
from backviz.autodiff.op import Op
from backviz.autodiff.recording import recorded
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.names import find, told_apart
from backviz.ops import OPS

Data = Mapping[int, Any]  # by the place on the tape
NO_DATA: Data = {}
NO_OPS: Mapping[str, Op] = {}


def with_leaves(output: Value, edits: Mapping[str, Any]) -> Value:
    """The computation with other data for leaves, by their names.

    >>> a = Value(3.0, "a")
    >>> with_leaves(a * a, {"a": 5.0}).data
    25.0
    """
    values = tape(output)
    called = told_apart({i: v.label for i, v in enumerate(values)})
    found = {}
    for name, data in edits.items():
        node = find(called, name, [v.label for v in values if v.op is None and v.label])
        if values[node].op is not None:
            raise InputError(
                _("{name} is computed; set a leaf, or change what it is computed from", name=name)
            )
        found[node] = data
    return again(output, found)


def after_step(output: Value, rate: float) -> Value:
    """The computation after a step of gradient descent: each named leaf minus `rate` · gradient.

    A leaf without a name is a number of the program, as 2 in `2*x`.

    >>> a = Value(3.0, "a")
    >>> after_step(a * a, 0.25).data
    2.25
    """
    if not math.isfinite(rate):
        raise InputError(_("the rate of a step is a finite number, not {rate}", rate=rate))
    moved = {
        i: v.data - rate * v.grad
        for i, v in enumerate(tape(again(output)))
        if v.op is None and v.label and v.grad is not None
    }
    if not moved:
        raise InputError(_("no named leaf has a gradient, so a step changes nothing"))
    return again(output, moved)


def with_op(output: Value, old: str, new: str) -> Value:
    """The computation with one op in place of another, wherever it stands.

    >>> a = Value(-3.0, "a")
    >>> with_op((a * 2).relu(), "relu", "abs").data
    6.0
    """
    ops = {old: OPS[old], new: OPS[new]}
    if not any(v.op is ops[old] for v in tape(output)):
        used = sorted({v.op.name for v in tape(output) if v.op is not None})
        raise InputError(
            _("there is no {old} in the computation; it has {list}", old=old, list=", ".join(used))
        )
    if ops[old].arity != ops[new].arity:
        raise InputError(
            _(
                "{old} takes {n} operands and {new} takes {m}; swap ops of as many",
                old=old, n=ops[old].arity, new=new, m=ops[new].arity,
            )
        )  # fmt: skip
    return again(output, ops={old: ops[new]})


def with_gradients(output: Value, gradients: Data) -> Value:
    """The computation with the gradients of another engine, by serial number; `None` if none."""
    copy = again(output, differentiate=False)
    for value in tape(copy):
        value.grad = gradients.get(value.serial)
    return copy


def again(
    output: Value,
    data: Data = NO_DATA,
    ops: Mapping[str, Op] = NO_OPS,
    *,
    differentiate: bool = True,
) -> Value:
    """Run the record once more, with other data for leaves or other ops, and differentiate it."""
    made: dict[int, Value] = {}
    with recorded():
        for i, old in enumerate(tape(output)):
            if old.op is None:
                value = Value(data.get(i, old.data), requires_grad=old.requires_grad)
                value.origin = old.origin
            else:
                op = ops.get(old.op.name, old.op)
                args = tuple(made[v.serial] for v in old.inputs)
                value = old.interpret(op, args, old.params)
                value.origin = value.origin.but(
                    label=old.label, scope=old.origin.scope, where=old.origin.where
                )
            value.serial = old.serial
            made[old.serial] = value
    result = made[output.serial]
    if differentiate and result.requires_grad:
        backward(result, seed_for(result))
    return result
