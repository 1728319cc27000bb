"""Backpropagation as one stream of steps.

Invariant: this is the only backward pass in the program. `backward_steps` changes
nothing; whoever consumes it decides what to keep (`backward` writes the gradients
onto the values, the table prints a row for each contribution, tests take a list).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.op import as_data
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one use of an input adds to that input's gradient.

    `local` is the local derivative of an elementwise op; for other ops, whose
    rule is a vector-Jacobian product, it is `None`.
    """

    input: Value
    position: int
    local: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Step:
    """A value whose gradient is complete, and what it hands to its inputs.

    For a leaf there are no contributions: its upstream gradient is the result.
    """

    node: Value
    upstream: Any
    contributions: tuple[Contribution, ...]


def tape(output: Value) -> list[Value]:
    """Every value that `output` was computed from, and itself, in order of recording.

    >>> a = Value(3.0)
    >>> [v.data for v in tape(a * a + a)]
    [3.0, 9.0, 12.0]
    """
    seen = {output.serial: output}
    stack = [output]
    while stack:
        for operand in stack.pop().inputs:
            if operand.serial not in seen:
                seen[operand.serial] = operand
                stack.append(operand)
    return [seen[serial] for serial in sorted(seen)]


def backward_steps(
    output: Value, seed: Any = None, *, create_graph: bool = False
) -> Iterator[Step]:
    """Yield a step for every value that the gradient reaches, output first.

    With `create_graph` the rules run on the recorded values and are recorded, so
    that upstream and contributions are values with a history of their own.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> for step in backward_steps(a * b):
    ...     print(step.node.data, step.upstream, [c.value for c in step.contributions])
    6.0 1.0 [3.0, 2.0]
    3.0 2.0 []
    2.0 3.0 []
    """
    gradients: dict[int, Any] = {output.serial: _seed(output, seed, create_graph)}
    for node in reversed(tape(output)):
        upstream = gradients.pop(node.serial, None)
        if upstream is None:
            continue
        contributions = []
        if node.op is not None:
            for position, local, value in node.op.pull(node, upstream, create_graph):
                operand = node.inputs[position]
                if isinstance(value, np.ndarray) and value.dtype != operand.data.dtype:
                    value = value.astype(operand.data.dtype)  # noqa: PLW2901
                gradients[operand.serial] = accumulate(gradients.get(operand.serial), value)
                contributions.append(Contribution(operand, position, local, value))
        yield Step(node, upstream, tuple(contributions))


def accumulate(so_far: Any, more: Any) -> Any:
    """The sum of two gradients as a new object; `None` stands for "not computed"."""
    if so_far is None:
        return more
    if isinstance(so_far, float):
        return so_far + more
    with np.errstate(all="ignore"):
        return so_far + more


def backward(output: Value, seed: Any = None, *, create_graph: bool = False) -> None:
    """Write gradients onto everything that `output` was computed from.

    Leaves accumulate over calls, as in torch; values inside the graph hold the
    gradient of the latest call. Seeds for outputs that are not scalars are
    required and have the output's shape.

    Raises `InputError` if the output wants no gradient or the seed is missing,
    `ShapeError` if the seed does not fit.
    """
    if not output.requires_grad:
        raise InputError(
            "backward: the output does not depend on any value that wants a gradient; "
            "make at least one input a Value or a tensor"
        )
    for step in backward_steps(output, seed, create_graph=create_graph):
        node = step.node
        node.grad = accumulate(node.grad if node.op is None else None, step.upstream)


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
    wanted = {v.serial: i for i, v in enumerate(inputs)}
    found: list[Any] = [np.zeros_like(v.data) if v.shape else 0.0 for v in inputs]
    if create_graph:
        found = [Value(zero, requires_grad=False) for zero in found]
    for step in backward_steps(output, seed, create_graph=create_graph):
        if step.node.serial in wanted:
            found[wanted[step.node.serial]] = step.upstream
    return found


def _seed(output: Value, seed: Any, create_graph: bool) -> Any:
    if isinstance(seed, Value):
        data = seed.data
    elif seed is not None:
        data = as_data(seed)
        data = data.copy() if isinstance(data, np.ndarray) else data
    elif output.shape == ():
        data = 1.0
    else:
        raise InputError(
            f"backward: the output has shape {output.shape}, so the gradient needs a seed; "
            "sum it to one number or pass a seed of that shape"
        )
    if np.shape(data) != output.shape:
        raise ShapeError(
            f"backward: the seed has shape {np.shape(data)}, but the output has {output.shape}"
        )
    if not create_graph:
        return data
    return seed if isinstance(seed, Value) else Value(data, requires_grad=False)
