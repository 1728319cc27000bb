"""The backward pass as a computation of its own: recorded, so that it can be drawn and stepped."""

from __future__ import annotations

import numpy as np

from backviz.autodiff.backward import backward, backward_steps
from backviz.autodiff.replay import leaves_among
from backviz.autodiff.tape import names, tape
from backviz.autodiff.value import Value
from backviz.errors import InputError, UsageError
from backviz.language import _
from backviz.names import meant
from backviz.registry import unknown


def recorded_gradients(output: Value, values: list[Value] | None = None) -> list[Value]:
    """The gradients of `output` for its leaves as recorded values, with names such as `dL/da`.

    The gradients also stand on the values of the record, as after any backward pass.
    An output that is an array is summed. `values` is the tape of the output, if it is at hand.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> [(g.label, g.data) for g in recorded_gradients(a * a * b)]
    [('da', 12.0), ('db', 4.0)]
    """
    values = tape(output) if values is None else values
    called = names(values)
    for value in values:
        value.zero_grad()
    if not output.requires_grad:
        backward(output)  # refuses it
    seed = np.ones(output.shape) if output.shape else None
    for step in backward_steps(output, seed, create_graph=True, values=values):
        step.node.grad = step.upstream
    found = []
    for leaf in leaves_among(values):
        if leaf.grad is not None:
            gradient = leaf.grad
            if not gradient.label:  # two leaves can share one gradient, as those of a + b do
                gradient.label = _quotient(output.label, called[leaf.serial])
            found.append(gradient)
    return list({g.serial: g for g in found}.values())


def derivative(
    output: Value, name: str, order: int = 1, values: list[Value] | None = None
) -> Value:
    """The derivative of `output` for the leaf called `name`, of any order, recorded.

    An array's derivative is that of the sum of the one before. Raises `UsageError` for
    a name that no leaf has, `InputError` where the derivative is constant. `values` is the tape
    of the output, if it is at hand.

    >>> x = Value(2.0, "x")
    >>> derivative(x**3, "x", order=2).data
    12.0
    """
    for level in range(order):
        values = tape(output) if values is None or level else values
        called = names(values)
        leaves = {called[leaf.serial]: leaf for leaf in leaves_among(values)}
        name = meant(leaves, name)
        if name not in leaves:
            if level:
                raise InputError(
                    _(
                        "the derivative of order {level} does not depend on {name} any more; ask "
                        "for a lower order",
                        level=level,
                        name=name,
                    )
                )
            raise UsageError(unknown("leaf", name, list(leaves)))
        wanted = _quotient(output.label, name)
        recorded_gradients(output, values)
        output = leaves[name].grad
        output.label = wanted
    return output


def _quotient(output: str, leaf: str) -> str:
    """`dL/da`; of that, `d(dL/da)/da` is written `d²L/da²`.

    >>> _quotient("L", "a"), _quotient("dL/da", "a"), _quotient("d²L/da²", "a"), _quotient("", "a")
    ('dL/da', 'd²L/da²', 'd³L/da³', 'da')
    """
    if not output:
        return f"d{leaf}"
    for power, following in (("", "²"), ("²", "³"), ("³", "⁴")):
        tail = f"/d{leaf}{power}"
        if output.startswith(f"d{power}") and output.endswith(tail):
            function = output.removeprefix(f"d{power}").removesuffix(tail)
            return f"d{following}{function}/d{leaf}{following}"
    return f"d({output})/d{leaf}" if "/" in output else f"d{output}/d{leaf}"
