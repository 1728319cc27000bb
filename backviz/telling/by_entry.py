"""One entry of an array: the sum that its gradient is, and the entries that it follows from.

A rule is linear in the gradient that arrives, so the weight of each arriving entry is the
derivative of what the rule hands on. Invariant: weights come from the op's own rule; a sum that
is not what the rule handed on is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.data import quietly
from backviz.autodiff.misfit import PRODUCTS
from backviz.autodiff.recording import recorded
from backviz.autodiff.value import Value
from backviz.telling.teller import RunTeller

Index = tuple[int, ...]
SUMS = ("sum", "mean")
BILINEAR = (*PRODUCTS, "mul")  # a weight of theirs is an entry of the other factor


@dataclass(frozen=True, slots=True)
class Term:
    """An entry `at` of what arrives, times a weight: both by name and as numbers.

    Where all weights of a sum are 1 there is only the one factor.
    """

    at: str
    names: tuple[str, ...]
    factors: tuple[float, ...]
    product: float


@dataclass(frozen=True, slots=True)
class Terms:
    """A sum: the first of its terms, how many there are, and what the others bring together.

    `over` are the axes of what arrives over which the sum runs.
    """

    listed: tuple[Term, ...]
    many: int
    rest: float
    total: float
    over: Index


def named(name: str, index: Sequence[int]) -> str:
    """`W[0, 1]`; a number without axes has its name alone.

    >>> named("W", (0, 1)), named("L", ())
    ('W[0, 1]', 'L')
    """
    return f"{name}[{', '.join(map(str, index))}]" if len(index) else name


def gradient_terms(teller: RunTeller, use: int, index: Index, most: int) -> Terms | None:
    """What a use hands back to one entry, as a sum over the entries of what arrives.

    `None` where the rule gives no such sum.

    >>> from backviz import load
    >>> from backviz.telling.record import Record
    >>> from backviz.telling.run import Run
    >>> run = Run(Record(load("L=sum(x @ w); x=[[1, 2], [3, 4]]; w=[5, 6]")))
    >>> uses = [use for use in run.record.arrivals(run.record.find("w"))]
    >>> told = gradient_terms(RunTeller(run), uses[0], (1,), 9)
    >>> [(term.names, term.factors) for term in told.listed], told.total
    ([(('x[0, 1]', '∂L/∂n2[0]'), (2.0, 1.0)), (('x[1, 1]', '∂L/∂n2[1]'), (4.0, 1.0))], 6.0)
    """
    record, run = teller.record, teller.run
    step, position = record.owner(use), record.positions[use]
    node = record.heads[step]
    value, upstream = run.values[node], np.asarray(teller.upstream(step))
    weights = _weights(value, position, index, upstream)
    if weights is None:
        return None
    total = float(np.asarray(run.contribution(use).value)[index])
    other, keys = _other_factor(value, position, index)
    where = np.argwhere(_meant(value, position, index, weights, keys))
    products = quietly(np.multiply, upstream, weights)
    kept = [tuple(map(int, at)) for at in where]
    added = float(sum(products[at] for at in kept))
    if not np.isclose(added, total, rtol=1e-4, atol=1e-12, equal_nan=True):
        return None
    ones = all(weights[at] == 1 for at in kept) and other is None
    slope, names = teller.partial(record.last, node), record.names
    listed = []
    for at in kept[:most]:
        arriving, weight = float(upstream[at]), float(weights[at])
        if ones:
            factors: list[tuple[str, float]] = [(named(slope, at), arriving)]
        else:
            local = named(teller.partial(node, record.inputs(node)[position]), at)
            if other is not None and keys is not None:
                far = record.inputs(node)[other]
                local = named(names[far], _place(keys[at], value.inputs[other]))
            factors = [(local, weight), (named(slope, at), arriving)]
        if other == 1 or other is None:  # the other factor stands where it stood
            factors.reverse()
        told, numbers = zip(*factors, strict=True)
        listed.append(Term(named(names[node], at), told, numbers, float(products[at])))
    rest = float(sum(products[at] for at in kept[most:]))
    over = tuple(k for k in range(upstream.ndim) if len({at[k] for at in kept}) > 1)
    return Terms(tuple(listed), len(kept), rest, total, over)


def slopes_of(teller: RunTeller, node: int, index: Index) -> Iterator[tuple[int, str, str, float]]:
    """By which entries one entry of a result was made: position, entry, its factor, and the slope.

    The factor is the entry of the other operand that the slope is, or "".
    """
    record, value = teller.record, teller.run.values[node]
    seed: Any = np.zeros(np.shape(value.data))
    seed[index] = 1.0
    assert value.op is not None
    pulled = quietly(value.op.pull, value, seed if seed.ndim else 1.0, False)
    for position, _local, row in pulled:
        operand = value.inputs[position]
        rows = np.asarray(row)
        other, keys = _other_factor(value, position, index, backward=False)
        kept = rows != 0 if keys is None else keys != 0
        if value.op.elementwise:
            kept = _reached(np.shape(value.data), rows.shape, index)
        target = record.inputs(node)[position]
        for at in (tuple(map(int, k)) for k in np.argwhere(kept)):
            factor = ""
            if other is not None and keys is not None:
                far = record.inputs(node)[other]
                factor = named(record.names[far], _place(keys[at], value.inputs[other]))
            if operand.requires_grad:
                yield position, named(record.names[target], at), factor, float(rows[at])


def products_of(teller: RunTeller, node: int, index: Index) -> list[tuple[str, tuple[float, ...]]]:
    """The products, by name and in numbers, whose sum one entry of a matrix product or a mean is.

    Empty for other ops.
    """
    record, value = teller.record, teller.run.values[node]
    if value.op is not None and value.op.name in SUMS:
        return _summed(teller, node, index)
    other, keys = _other_factor(value, 0, index, backward=False)
    if other is None or keys is None or value.op is None or value.op.name not in PRODUCTS:
        return []
    inputs, data = record.inputs(node), [np.asarray(v.data) for v in value.inputs]
    found: list[tuple[str, tuple[float, ...]]] = []
    for at in (tuple(map(int, k)) for k in np.argwhere(keys)):
        far = _place(keys[at], value.inputs[1])
        name = f"{named(record.names[inputs[0]], at)}·{named(record.names[inputs[1]], far)}"
        found.append((name, (float(data[0][at]), float(data[1][far]))))
    for position, added in enumerate(data[2:], 2):  # the bias of a layer
        at = _only(_reached(np.shape(value.data), added.shape, index))
        found.append((named(record.names[inputs[position]], at), (float(added[at]),)))
    return found


def _summed(teller: RunTeller, node: int, index: Index) -> list[tuple[str, tuple[float, ...]]]:
    """The entries that a sum or mean adds, the latter with their share."""
    record, (operand,) = teller.record, teller.run.values[node].inputs
    (inner,), data = record.inputs(node), np.asarray(operand.data)
    shares = _row(teller.run.values[node], index)
    places = [tuple(map(int, at)) for at in np.argwhere(shares != 0)]
    if all(shares[at] == 1 for at in places):
        return [(named(record.names[inner], at), (float(data[at]),)) for at in places]
    share = teller.numbers.format(float(shares[places[0]]))
    return [
        (f"{named(record.names[inner], at)}·{share}", (float(data[at]), float(shares[at])))
        for at in places
    ]


def _row(value: Value, index: Index) -> np.ndarray:
    """The derivatives of one entry of a result of one operand."""
    seed: Any = np.zeros(np.shape(value.data))
    seed[index] = 1.0
    assert value.op is not None
    pulled = quietly(value.op.pull, value, seed if seed.ndim else 1.0, False)
    return np.asarray(pulled[0][2]) if pulled else np.zeros(np.shape(value.inputs[0].data))


def operand_entries(value: Value, index: Index) -> list[Index]:
    """Which entry of each operand of an elementwise op makes one entry of its result."""
    out = np.shape(value.data)
    return [_only(_reached(out, np.shape(v.data), index)) for v in value.inputs]


def _weights(value: Value, position: int, index: Index, upstream: Any) -> np.ndarray | None:
    """The derivative of one entry that is handed on by each entry that arrives."""
    op = value.op
    assert op is not None
    given = Value(np.array(upstream, dtype=float), requires_grad=True)
    with recorded():
        pulled = quietly(op.pull, value, given, False)
        part = next((part for at, _local, part in pulled if at == position), None)
        if not isinstance(part, Value):
            return None
        entry = part[index] if part.data is not None and np.ndim(part.data) else part
        if not entry.requires_grad:
            return None
        quietly(entry.backward)
    return np.zeros(np.shape(upstream)) if given.grad is None else np.asarray(given.grad)


def _other_factor(
    value: Value, position: int, index: Index, backward: bool = True
) -> tuple[int | None, np.ndarray | None]:
    """The other operand of a product, and which entry of it each weight is, counted from 1.

    Found by running the rule once more with the operand's entries numbered.
    """
    op = value.op
    if op is None or op.name not in BILINEAR or position > 1:
        return None, None
    other = 1 - position
    numbered = [np.ones(np.shape(v.data)) for v in value.inputs]
    numbered[other] = 1.0 + np.arange(np.size(numbered[other])).reshape(numbered[other].shape)
    with recorded():
        made = op(*[Value(x, requires_grad=True) for x in numbered], **value.params)
    if not isinstance(made, Value) or made.op is not op:
        return None, None
    if backward:
        return other, _weights(made, position, index, np.ones(np.shape(value.data)))
    seed: Any = np.zeros(np.shape(value.data))
    seed[index] = 1.0
    pulled = quietly(op.pull, made, seed if seed.ndim else 1.0, False)
    return other, next(np.asarray(row) for at, _local, row in pulled if at == position)


def _place(key: Any, operand: Value) -> Index:
    """The index of an entry by its number."""
    return tuple(map(int, np.unravel_index(round(float(key)) - 1, np.shape(operand.data))))


def _meant(value: Value, position: int, index: Index, weights: Any, keys: Any) -> Any:
    """Which entries of what arrives the sum runs over, also where a weight happens to be 0."""
    op = value.op
    if keys is not None:
        return keys != 0
    shape = np.shape(value.inputs[position].data)
    if op is not None and op.elementwise:
        spot = np.zeros(shape)
        spot[index] = 1.0
        return np.broadcast_to(spot, np.shape(value.data)) != 0
    return weights != 0


def _only(kept: Any) -> Index:
    """The index of the one entry that is kept."""
    return tuple(map(int, np.argwhere(kept)[0]))


def _reached(out: Index, shape: Index, index: Index) -> Any:
    """The entry of an operand that was broadcast to one entry of the result."""
    at = np.array(index, int)
    kept = [0 if n == 1 else at[len(out) - len(shape) + k] for k, n in enumerate(shape)]
    spot = np.zeros(shape, bool)
    spot[tuple(kept)] = True
    return spot
