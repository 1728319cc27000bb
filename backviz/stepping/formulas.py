"""Formulas of a record: how a value is computed, and the rule of each of its inputs.

Invariant: a formula is the op's own function or rule, run on symbols; nothing is worded twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.formula import contribution_formula, defined, local_formula
from backviz.autodiff.symbol import Symbol, as_symbol, name_symbol, writing
from backviz.autodiff.value import Value
from backviz.stepping.record import Record
from backviz.text import NumberStyle, bracketed, is_small, shape_text, slope_name

SMALL = 4  # entries of a vector that are written out in a line


def symbol_of(record: Record, node: int, numbers: NumberStyle) -> Symbol:
    """The name of a node, or the number of a constant without a name."""
    value = record.values[node]
    if value.op is None and not value.requires_grad and not value.label:
        return as_symbol(value.data, numbers)
    return name_symbol(record.names[node], data=value.data)


def formula(record: Record, node: int, numbers: NumberStyle) -> str:
    """How a node is computed, as in `a·b`; its name for a leaf.

    >>> from backviz import Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> formula(Record(a * b + 1), 4, NumberStyle())
    'n2 + 1'
    """
    value = record.values[node]
    if value.op is None:
        return record.names[node]
    args = tuple(symbol_of(record, i, numbers) for i in record.inputs(node))
    return str(args[0].interpret(value.op, args, value.params))


def with_numbers(record: Record, node: int, data: list[Any], numbers: NumberStyle) -> str:
    """The same with the inputs' numbers, as in `2·3`; "" if there is an array among them."""
    value = record.values[node]
    if value.op is None or any(isinstance(x, np.ndarray) for x in data):
        return ""
    args = tuple(as_symbol(x, numbers) for x in data)
    return str(args[0].interpret(value.op, args, value.params))


def partial(record: Record, of: int, by: int) -> str:
    """A derivative as people write it, `∂c/∂q`."""
    return slope_name(record.names[of], record.names[by])


def local_rule(record: Record, node: int, position: int, numbers: NumberStyle) -> str:
    """The rule for one input: the local derivative, or, of an op on whole arrays, the contribution.

    >>> from backviz import Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> local_rule(Record(a * b), 2, 0, NumberStyle())
    'b'
    """
    op = record.values[node].op
    assert op is not None
    if not op.elementwise:
        return handed_back(record, node, position, numbers)
    value, args, out = _told(record, node, numbers)
    with writing(record.taken, numbers):
        return defined(local_formula(op, position, out, args, value.params))


def handed_back(record: Record, node: int, position: int, numbers: NumberStyle) -> str:
    """What one input gets, with its sum over broadcast axes.

    >>> from backviz import Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> handed_back(Record(a * b), 2, 0, NumberStyle())
    '∂n2/∂n2·b'
    """
    value, args, out = _told(record, node, numbers)
    assert value.op is not None
    arriving = Symbol(partial(record, record.last, node), shape=value.shape)
    with writing(record.taken, numbers):
        return defined(contribution_formula(value.op, position, arriving, out, args, value.params))


def _told(record: Record, node: int, numbers: NumberStyle) -> tuple[Value, list[Symbol], Symbol]:
    """A node, its operands and itself as symbols."""
    value = record.values[node]
    if record.told[0] != (node, numbers):  # an op of many operands is asked about each of them
        symbols = [symbol_of(record, i, numbers) for i in record.inputs(node)]
        record.told = (node, numbers), symbols
    return value, record.told[1], name_symbol(record.names[node], data=value.data)


def short(x: Any, numbers: NumberStyle) -> str:
    """A number, a small array, or the shape with mean and range."""
    if not isinstance(x, np.ndarray):
        return numbers.format(float(x))
    shown = numbers.summary(x)
    return shown if is_small(x) else f"({shape_text(x)})  {shown}"


def brief(x: Any, numbers: NumberStyle) -> str:
    """A number, or the shape of an array."""
    return shape_of(x) if isinstance(x, np.ndarray) else numbers.format(float(x))


def shape_of(x: Any) -> str:
    """The shape as numpy writes it, `(4, 3)`."""
    return str(np.shape(x))


def product(factors: list[Any], numbers: NumberStyle) -> str:
    """Numbers multiplied, `(−2)·3`."""
    return "·".join(bracketed(numbers.format(float(x)), numbers) for x in factors)


def summed_axes(operand: tuple[int, ...], out: tuple[int, ...]) -> tuple[int, ...]:
    """The axes over which a gradient is summed because the operand was broadcast along them.

    >>> summed_axes((3,), (4, 3)), summed_axes((4, 1), (4, 3)), summed_axes((3,), (3,))
    ((0,), (1,), ())
    """
    lead = len(out) - len(operand)
    stretched = [lead + k for k, n in enumerate(operand) if n == 1 and out[lead + k] != 1]
    return (*range(lead), *stretched)
