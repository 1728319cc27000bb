"""One step told once, as data: who hands what to whom, by which formula, and what has come.

Invariant: the numbers are those of the run, the formulas the op's own function and rules on
names; a layout adds words and columns and computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.misfit import PRODUCTS
from backviz.stepping.formulas import (
    formula,
    handed_back,
    local_rule,
    partial,
    summed_axes,
    with_numbers,
)
from backviz.stepping.run import Run
from backviz.stepping.state import State, gradient, node_at
from backviz.stepping.timeline import Place

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """A name and its number; `nameless` says that it is a constant which is written as a number."""

    name: str
    value: Any
    nameless: bool = False


@dataclass(frozen=True, slots=True)
class Stretched:
    """An input was broadcast, so its gradient is the sum over `axes` of an array of shape `of`."""

    name: str
    shape: Shape
    axes: tuple[int, ...]
    of: Shape


@dataclass(frozen=True, slots=True)
class Aligned:
    """How the shapes of a matrix product fit: names and shapes of the factors, and of the result.

    Two factors are multiplied; further ones are added.
    """

    factors: tuple[tuple[str, Shape], ...]
    out: tuple[str, Shape]


@dataclass(frozen=True, slots=True)
class Part:
    """One contribution: `to` receives it as part `k` of `m`, and has `total` with it.

    `slope` is what the local derivative is called, `rule` its formula and `local` its number
    (None for an op on whole arrays); `formula` is what is handed on, `contribution` its number.
    """

    to: str
    slope: str
    rule: str
    local: Any
    formula: str
    contribution: Any
    k: int
    m: int
    total: Any
    stretched: Stretched | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Before the first step: the leaves and constants that have names."""

    place: Place
    leaves: tuple[Operand, ...]
    kind = "given"


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that has just been computed; `numeric` is the formula with numbers, if all are."""

    place: Place
    node: str
    formula: str
    op: str
    value: Any
    inputs: tuple[Operand, ...]
    numeric: str
    kind = "computed"


@dataclass(frozen=True, slots=True)
class Seeded:
    """The beginning of a backward pass: the gradient of the result is 1, for each entry."""

    place: Place
    slope: str
    shape: Shape
    kind = "seeded"


@dataclass(frozen=True, slots=True)
class Handed:
    """A node hands its gradient `upstream`, called `slope`, on to its inputs."""

    place: Place
    node: str
    formula: str
    op: str
    elementwise: bool
    value: Any
    inputs: tuple[Operand, ...]
    slope: str
    upstream: Any
    parts: tuple[Part, ...]
    aligned: Aligned | None = None
    kind = "handed"


Step = Given | Computed | Seeded | Handed


def told(state: State, at: int, begin: int | None = None) -> Step:
    """The step that ends at a place; `begin` is the place before it, for a part of a step.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> step = told(start(a * b), 3)
    >>> [(part.to, part.rule, part.local, part.contribution) for part in step.parts]
    [('a', 'b', 3.0, 3.0)]
    """
    place, node = state.timeline.place(at), node_at(state, at)
    record, run = state.record, state.run
    if node is None:
        named = [i for i, v in enumerate(record.values) if v.op is None and v.label]
        return Given(place, tuple(_operand(state, i) for i in named))
    if place.phase == "forward":
        return _computed(state, place, node)
    if not place.done:
        return Seeded(place, partial(record, record.last, record.last), run.output.shape)
    first = record.starts[place.step - 1]
    if begin is not None and begin >= state.timeline.seed:
        before = state.timeline.place(begin)
        if before.turn == place.turn:
            first = max(first, before.done)
    return _handed(state, at, node, range(first, place.done))


def formula_of(state: State, node: int) -> str:
    """How a node is computed, as in `q·z`; its name for a leaf."""
    return formula(state.record, node, state.look.numbers)


def equation(name: str, formula: str) -> str:
    """`c = q·z`, or the name alone for a leaf."""
    return name if name == formula else f"{name} = {formula}"


def _operand(state: State, node: int) -> Operand:
    value = state.record.values[node]
    nameless = value.op is None and not (value.label or value.requires_grad)
    return Operand(state.record.names[node], state.run.values[node].data, nameless)


def _inputs(state: State, node: int) -> tuple[Operand, ...]:
    return tuple(_operand(state, i) for i in state.record.inputs(node))


def _computed(state: State, place: Place, node: int) -> Computed:
    value, inputs = state.run.values[node], _inputs(state, node)
    assert value.op is not None
    data = [operand.value for operand in inputs]
    numeric = ""
    if not any(isinstance(x, np.ndarray) for x in (value.data, *data)):
        numeric = with_numbers(state.record, node, data, state.look.numbers)
    return Computed(place, state.record.names[node], formula_of(state, node), value.op.name,
                    value.data, inputs, numeric)  # fmt: skip


def _handed(state: State, at: int, node: int, uses: range) -> Handed:
    record, run = state.record, state.run
    value = run.values[node]
    assert value.op is not None
    return Handed(
        state.timeline.place(at),
        record.names[node],
        formula_of(state, node),
        value.op.name,
        value.op.elementwise,
        value.data,
        _inputs(state, node),
        partial(record, record.last, node),
        run.step(run.owner(uses[0])).upstream,
        tuple(part_of(state, at, node, use) for use in uses),
        aligned(run, node),
    )


def part_of(state: State, at: int, node: int, use: int) -> Part:
    """Contribution number `use` of a pass, which a node hands on, as it is known at a place."""
    record, run, numbers = state.record, state.run, state.look.numbers
    target, position = record.targets[use], record.positions[use]
    part, op = run.contribution(use), run.values[node].op
    assert op is not None
    given = handed_back(record, node, position, numbers)
    rule = local_rule(record, node, position, numbers) if op.elementwise else given
    k, m = run.count(target, use + 1)
    done = state.timeline.place(at).done
    total = gradient(state, target, at=at - done + use + 1)
    spread = stretched(run, node, target) if op.elementwise else None
    return Part(record.names[target], partial(record, node, target), rule, number(part.local),
                given, part.value, k, m, total, spread)  # fmt: skip


def number(x: Any) -> Any:
    """A float, an array, or `None`, as answers hold numbers."""
    return x if x is None or isinstance(x, np.ndarray) else float(x)


def stretched(run: Run, node: int, target: int) -> Stretched | None:
    """Over which axes an input's gradient is summed; `None` where it was not broadcast."""
    small, large = (run.values[i].shape for i in (target, node))
    axes = summed_axes(small, large)
    return Stretched(run.record.names[target], small, axes, large) if axes else None


def aligned(run: Run, node: int) -> Aligned | None:
    """The shapes of a matrix product; `None` for other ops."""
    value = run.values[node]
    if value.op is None or value.op.name not in PRODUCTS:
        return None
    names = run.record.names
    factors = tuple((names[i], run.values[i].shape) for i in run.record.inputs(node))
    return Aligned(factors, (names[node], value.shape))
