"""Backpropagation as one stream of steps.

Invariant: `backward_steps` changes nothing; whoever consumes it decides what to keep
(the table prints a row for each contribution, the stepper waits, tests take a list).
`backward` writes the gradients onto the values. It leaves the plain case to `sweep`, the
same pass without a record of its steps, and a test holds the two equal to the bit.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from backviz.autodiff.data import as_data, quietly
from backviz.autodiff.passes import added
from backviz.autodiff.sweep import sweep
from backviz.autodiff.tape import WAS_FREED, tape, values_under
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _

__all__ = [
    "Contribution", "Step", "accumulate", "backward", "backward_steps", "data_of", "fitting",
    "gradients_of", "seed_of", "tape",
]  # fmt: skip


class Contribution(NamedTuple):
    """What one use of an input adds to that input's gradient.

    `local` is the local derivative of an elementwise op; for other ops, whose
    rule is a vector-Jacobian product, it is `None`.
    """

    input: Value
    position: int
    local: Any
    value: Any


class Step(NamedTuple):
    """A value whose gradient is complete, and what it hands to its inputs.

    For a leaf there are no contributions: its upstream gradient is the result.
    """

    node: Value
    upstream: Any
    contributions: tuple[Contribution, ...]


def backward_steps(
    output: Value,
    seed: Any = None,
    *,
    create_graph: bool = False,
    values: list[Value] | None = None,
) -> Iterator[Step]:
    """Yield a step for every value that the gradient reaches, output first.

    With `create_graph` the rules run on the recorded values and are recorded, so
    that upstream and contributions are values with a history of their own. `values` is the
    tape of the output, if it is at hand.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> for step in backward_steps(a * b):
    ...     print(step.node.data, step.upstream, [c.value for c in step.contributions])
    6.0 1.0 [3.0, 2.0]
    3.0 2.0 []
    2.0 3.0 []
    """
    nodes = tape(output) if values is None else values
    gradients: dict[int, Any] = {output.serial: seed_of(output, seed, create_graph)}
    for node in reversed(nodes):
        upstream = gradients.pop(node.serial, None)
        if upstream is None:
            continue
        contributions = []
        op = node.origin.op
        if op is not None and node.origin.wants:
            inputs = node.inputs
            if create_graph:
                pulled = op.pull(node, upstream, True)
            else:
                pulled = quietly(op.pull, node, upstream, False)
            for position, local, value in pulled:
                operand = inputs[position]
                part = fitting(value, operand)
                gradients[operand.serial] = accumulate(gradients.get(operand.serial), part)
                contributions.append(Contribution(operand, position, local, part))
        yield Step(node, upstream, tuple(contributions))


def fitting(contribution: Any, operand: Value) -> Any:
    """A contribution in the precision of its operand."""
    if isinstance(contribution, np.ndarray) and contribution.dtype != operand.raw.dtype:
        return contribution.astype(operand.raw.dtype)
    return contribution


def accumulate(so_far: Any, more: Any) -> Any:
    """The sum of two gradients as a new object; `None` stands for "not computed"."""
    if so_far is None:
        return more
    return quietly(operator.add, so_far, more)


def backward(
    output: Value, seed: Any = None, *, retain_graph: bool = True, create_graph: bool = False
) -> None:
    """Write gradients onto everything that `output` was computed from.

    Leaves accumulate over calls, as in torch; values inside the graph hold the
    gradient of the latest call. Seeds for outputs that are not scalars are
    required and have the output's shape. Without `retain_graph` the record is taken
    apart on the way, so that a large network needs no more memory than its
    activations; it can be neither drawn nor run backward again.

    Raises `InputError` if the output wants no gradient or the seed is missing,
    `ShapeError` if the seed does not fit.
    """
    if output.origin.freed:
        raise InputError(_(WAS_FREED))
    if not output.requires_grad:
        if any(v.origin.meaning for v in tape(output)):
            raise InputError(
                _("backward: the output does not depend on any value that wants a gradient; arrays "
                  "of whole numbers are constants, so give floats: tensor(x.astype(float))")
            )  # fmt: skip
        raise InputError(
            _("backward: the output does not depend on any value that wants a gradient; make at "
              "least one input a Value or a tensor")
        )  # fmt: skip
    if create_graph:
        for step in backward_steps(output, seed, create_graph=True):
            node = step.node
            before = node.grad if node.is_leaf else None
            node.grad = accumulate(before, step.upstream)
            if before is not None:
                added(node, before)
        return
    start = seed_of(output, seed, False)
    if output.is_leaf:
        output.grad = accumulate(output.grad, start)
        return
    try:
        sweep(output, start, retain_graph)
    except InputError:  # a part was freed, or a leaf changed: nothing of this pass stays
        for value in values_under(output):
            if not value.is_leaf:
                value.grad = None
        raise


def gradients_of(
    output: Value, inputs: tuple[Value, ...], seed: Any = None, *, create_graph: bool = False
) -> list[Any]:
    """The gradients of `output` with respect to `inputs`, leaving every `.grad` alone.

    An input that the output does not depend on has gradient zero; with
    `create_graph` every gradient is a recorded value, that zero as well.

    >>> x = Value(3.0)
    >>> (dx,) = gradients_of(x**3, (x,), create_graph=True)
    >>> dx.data, gradients_of(dx, (x,))
    (27.0, [18.0])
    """
    found: dict[int, Any] = {}
    for v in inputs:
        zero = np.zeros_like(v.raw) if v.shape else 0.0
        found[v.serial] = Value(zero, requires_grad=False) if create_graph else zero
    if create_graph:
        for step in backward_steps(output, seed, create_graph=True):
            if step.node.serial in found:
                found[step.node.serial] = step.upstream
    else:
        quietly(_find, tape(output), seed_of(output, seed, False), found)
    return [found[v.serial] for v in inputs]


def _find(nodes: list[Value], seed: Any, found: dict[int, Any]) -> None:
    """What `backward_steps` computes, without telling the steps; sets the gradients asked for."""
    waiting: dict[int, Any] = {nodes[-1].serial: seed}
    for node in reversed(nodes):
        serial = node.serial
        upstream = waiting.pop(serial, None)
        if upstream is None:
            continue
        if serial in found:
            found[serial] = upstream
        op = node.origin.op
        if op is not None and node.origin.wants:
            inputs = node.inputs
            for position, _other, part in op.pull(node, upstream, False, False):
                operand = inputs[position]
                so_far = waiting.get(operand.serial)
                more = part if type(part) is float else fitting(part, operand)
                waiting[operand.serial] = more if so_far is None else so_far + more


def seed_of(output: Value, seed: Any, create_graph: bool) -> Any:
    """The gradient that a backward pass starts with, as data or as a recorded value."""
    if seed is None and not create_graph and type(output.raw) is float:
        return 1.0
    if seed is not None:
        data = as_data(seed.raw if isinstance(seed, Value) else seed)
        if isinstance(data, np.ndarray):
            data = data.astype(getattr(output.raw, "dtype", data.dtype))
    elif output.shape == ():
        data = 1.0
    else:
        raise InputError(
            _(
                "backward: the output has shape {shape}, so the gradient needs a seed; sum "
                "it to one number or pass a seed of that shape",
                shape=output.shape,
            )
        )
    if np.shape(data) != output.shape:
        raise ShapeError(
            _(
                "backward: the seed has shape {shape}, but the output has {shape2}",
                shape=np.shape(data),
                shape2=output.shape,
            )
        )
    if not create_graph:
        return data
    return seed if isinstance(seed, Value) else Value(data, requires_grad=False)


def seed_for(output: Value) -> Any:
    """The seed of a pass that is shown: ones, so that the entries of an array are summed."""
    return np.ones(output.shape) if output.shape else None


def data_of(x: Any) -> Any:
    """The numbers of a recorded value; anything else is its own.

    >>> data_of(Value(2.0)), data_of(3.0)
    (2.0, 3.0)
    """
    return x.raw if isinstance(x, Value) else x
