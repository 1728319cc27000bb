"""The steps of a computation, told one by one from a record and the numbers of a run.

Invariant: whoever tells, a `Part` is made here, in `Teller.part`, and nowhere else.
"""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from backviz.autodiff.formula import Formula
from backviz.autodiff.misfit import PRODUCTS
from backviz.autodiff.op import Op
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import Symbol
from backviz.telling.formulas import Call, summed_axes, written
from backviz.telling.order import Order
from backviz.telling.run import Run
from backviz.telling.step import (
    Aligned,
    Computed,
    Given,
    Handed,
    Operand,
    Part,
    Seeded,
    Step,
    Stretched,
)
from backviz.telling.timeline import Place, Timeline
from backviz.telling.wording import slope_name
from backviz.text import NumberStyle, sum_sign

_EXACT: Mapping[str, Callable[..., Fraction]] = {
    "add": operator.add, "sub": operator.sub, "neg": operator.neg, "mul": operator.mul,
}  # fmt: skip


class Teller(ABC):
    """Tells the steps of a computation, whatever it is read from.

    `order` is that of the backward pass, `ops` are the nodes that are computed, in their order.
    """

    order: Order
    ops: Any
    numbers: NumberStyle

    @property
    @abstractmethod
    def timeline(self) -> Timeline:
        """The places of the steps."""

    @abstractmethod
    def name(self, node: int) -> str:
        """What a node is called."""

    @abstractmethod
    def value(self, node: int) -> Any:
        """A number, an array, or `None` where a node stands for several values."""

    @abstractmethod
    def op(self, node: int) -> Op | None:
        """The op of a node; `None` for a leaf and for a node that stands for several ops."""

    @abstractmethod
    def formula(self, node: int) -> str:
        """How a node is computed, as in `q·z`; its name for a leaf."""

    @abstractmethod
    def inputs(self, node: int) -> tuple[Operand, ...]:
        """The operands of a node."""

    @abstractmethod
    def given(self) -> tuple[Operand, ...]:
        """The leaves and constants that have names."""

    @abstractmethod
    def call(self, use: int) -> tuple[Call, int] | None:
        """The op that hands a contribution on, and to which operand; `None` for several ops."""

    @abstractmethod
    def upstream(self, step: int) -> Any:
        """The gradient that the node of a backward step hands on."""

    @abstractmethod
    def handed_on(self, use: int) -> tuple[Any, Any]:
        """A contribution: the local derivative, if there is one, and what is handed on."""

    @abstractmethod
    def total(self, node: int, place: Place) -> Any:
        """The gradient that a node has at a place."""

    @abstractmethod
    def before(self, node: int, turn: int) -> Any:
        """What `turn` earlier passes have left of a leaf's gradient; `None` if nothing."""

    @abstractmethod
    def numeric(self, node: int) -> tuple[str, str]:
        """The formula of a number with numbers, as in `2·3`, and the sign before its value."""

    # One step --------------------------------------------------------------------------

    def node(self, place: Place) -> int | None:
        """The node at work at a place; `None` before the first step."""
        if place.phase == "forward":
            return self.ops[place.step - 1] if place.step else None
        return self.order.heads[place.step - 1] if place.step else self.order.last

    def told(self, at: int, begin: int | None = None) -> Step:
        """The step that ends at a place; `begin` is the place before it, for a part of a step.

        >>> from backviz import Value
        >>> from backviz.telling.record import Record
        >>> a, b = Value(2.0, "a"), Value(3.0, "b")
        >>> step = RunTeller(Run(Record(a * b))).told(4)
        >>> [(part.to, str(part.rule), part.local, part.contribution) for part in step.parts]
        [('a', 'b', 3.0, 3.0), ('b', 'a', 2.0, 2.0)]
        """
        line = self.timeline
        place = line.place(at)
        node = self.node(place)
        if node is None:
            return Given(place, self.given())
        if place.phase == "forward":
            return self.computed(place, node)
        if not place.done:
            return Seeded(place, self.partial(node, node), np.shape(self.value(node)))
        first = self.order.starts[place.step - 1]
        if begin is not None and begin >= line.seed:
            before = line.place(begin)
            if before.turn == place.turn:
                first = max(first, before.done)
        return self.handed(place, first)

    def backward(self) -> Iterator[Handed]:
        """Every step of the first backward pass, in order."""
        line, order = self.timeline, self.order
        for first, end in zip(order.starts, order.ends, strict=True):
            yield self.handed(line.place(line.seed + end), first)

    def partial(self, of: int, by: int) -> str:
        """A derivative as people write it, `∂c/∂q`."""
        return slope_name(self.name(of), self.name(by))

    def computed(self, place: Place, node: int) -> Computed:
        """What a node is, from what it is computed."""
        value, inputs, op = self.value(node), self.inputs(node), self.op(node)
        scalars = all(isinstance(x, float) for x in (value, *(x.value for x in inputs)))
        numeric, sign = self.numeric(node) if scalars else ("", "=")
        return Computed(place, self.name(node), self.formula(node), op.name if op else "", value,
                        inputs, numeric, sign)  # fmt: skip

    def handed(self, place: Place, first: int) -> Handed:
        """What the node of a backward step hands on, from contribution `first` to the place."""
        step = place.step - 1
        node, of = self.order.heads[step], self.order.last
        op = self.op(node)
        parts = tuple(self.part(use, place) for use in range(first, place.done))
        return Handed(place, self.name(node), self.formula(node), op.name if op else "",
                      op is not None and op.elementwise, self.value(node), self.inputs(node),
                      self.partial(of, node), self.upstream(step), parts,
                      self.aligned(node))  # fmt: skip

    def part(self, use: int, place: Place) -> Part:
        """Contribution number `use` of the pass in which a place is."""
        order = self.order
        node, target = order.heads[order.owner(use)], order.targets[use]
        rule, formula = self.rules(use)
        local, value = self.handed_on(use)
        k, m = order.count(target, use + 1)
        at = Place("backward", place.step, place.of, use + 1, place.turn)
        return Part(self.name(target), self.partial(node, target), rule, number(local), formula,
                    value, k, m, self.total(target, at), self.partial(order.last, target),
                    self.before(target, place.turn), self.stretched(node, target))  # fmt: skip

    def rules(self, use: int, arriving: str = "") -> tuple[Formula, Formula]:
        """The local derivative of a contribution, and what is handed on; alike for whole arrays.

        What arrives is called ∂L/∂h, if it is not the part `arriving` of it.
        """
        order = self.order
        node = order.heads[order.owner(use)]
        arriving, called = arriving or self.partial(order.last, node), self.call(use)
        if called is None:
            rule = Formula(self.partial(node, order.targets[use]))
            return rule, Formula(str(Symbol(arriving) * Symbol(rule.text)))
        call, position = called
        if call.op.rule(position) is None:  # a sum of uses, of which this one hands nothing on
            return Formula(), Formula(arriving)
        formula = call.handed(position, arriving)
        return (call.local(position) if call.op.elementwise else formula), formula

    def aligned(self, node: int) -> Aligned | None:
        """The shapes of a matrix product; `None` for other ops."""
        op = self.op(node)
        if op is None or op.name not in PRODUCTS:
            return None
        factors = tuple((x.name, np.shape(x.value)) for x in self.inputs(node))
        return Aligned(factors, (self.name(node), np.shape(self.value(node))))

    def stretched(self, node: int, target: int) -> Stretched | None:
        """Over which axes an input's gradient is summed; `None` where it was not broadcast."""
        op = self.op(node)
        if op is None or not op.elementwise:
            return None
        small, large = np.shape(self.value(target)), np.shape(self.value(node))
        axes = summed_axes(small, large)
        return Stretched(self.name(target), small, axes, large) if axes else None


class RunTeller(Teller):
    """Tells the steps of a run of a record."""

    def __init__(self, run: Run, numbers: NumberStyle | None = None) -> None:
        self.run, self.record, self.order = run, run.record, run.record
        self.ops = run.record.ops
        self.numbers = numbers or NumberStyle()

    @property
    def timeline(self) -> Timeline:
        """The places of the steps."""
        return self.record.timeline

    def name(self, node: int) -> str:
        """What a node is called."""
        return self.record.names[node]

    def value(self, node: int) -> Any:
        """A number or an array."""
        return self.run.values[node].data

    def op(self, node: int) -> Op | None:
        """The op of a node; `None` for a leaf."""
        return self.run.values[node].op

    def formula(self, node: int) -> str:
        """How a node is computed; its name for a leaf."""
        if self.record.values[node].op is None:
            return self.name(node)
        return self.record.call(node, self.numbers).written

    def inputs(self, node: int) -> tuple[Operand, ...]:
        """The operands of a node."""
        return tuple(self._operand(i) for i in self.record.inputs(node))

    def given(self) -> tuple[Operand, ...]:
        """The leaves and constants that have names."""
        values = self.record.values
        return tuple(
            self._operand(i) for i, v in enumerate(values) if v.op is None and self.record.label(i)
        )

    def _operand(self, node: int) -> Operand:
        return Operand(self.name(node), self.value(node), self.record.nameless(node))

    def call(self, use: int) -> tuple[Call, int]:
        """The op that hands a contribution on, and to which operand."""
        node = self.record.heads[self.record.owner(use)]
        return self.record.call(node, self.numbers), self.record.positions[use]

    def upstream(self, step: int) -> Any:
        """The gradient that the node of a backward step hands on."""
        return self.run.step(step).upstream

    def handed_on(self, use: int) -> tuple[Any, Any]:
        """A contribution: the local derivative, if there is one, and what is handed on."""
        part = self.run.contribution(use)
        return part.local, part.value

    def total(self, node: int, place: Place) -> Any:
        """The gradient that a node has at a place, with those of earlier passes on a leaf."""
        return self.run.shown(node, place)

    def before(self, node: int, turn: int) -> Any:
        """What earlier passes have left of a leaf's gradient; `None` if nothing."""
        return self.run.kept(node, turn)

    def numeric(self, node: int) -> tuple[str, str]:
        """The formula with the operands' numbers, and the sign before its value."""
        values, inputs = self.run.values, self.record.inputs(node)
        op = values[node].op
        assert op is not None
        data = tuple(values[i].data for i in inputs)
        params = values[node].params
        steps = [Worked(node, op, inputs, params)]
        sign = sign_before(values[node].data, steps, self.value, self.numbers)
        return written(op, data, params, self.numbers), sign


@dataclass(frozen=True, slots=True)
class Worked:
    """One op on the way to a number: what it computes, with what, from which nodes."""

    node: Any
    op: Op
    inputs: Sequence[Any]
    params: Params


def sign_before(
    value: float, inside: Iterable[Worked], number_of: Callable[[Any], Any], numbers: NumberStyle
) -> str:
    """Whether the printed numbers come to the printed value: `=` or `≈`.

    `inside` are the ops that lead to it, in their order; the last gives the value. Sums are exact,
    and what else is computed may be away by half a unit of the last digit.
    """
    steps = list(inside)
    used = {u for step in steps for u in (step.node, *step.inputs)}
    found = {u: number_of(u) for u in used}
    if not steps or not all(isinstance(x, float) and math.isfinite(x) for x in found.values()):
        return "="
    names = {step.op.name for step in steps}
    worth: dict[Any, Any] = {u: numbers.printed(x) for u, x in found.items()}
    for step in steps:
        given = [worth[u] for u in step.inputs]
        exact = _EXACT.get(step.op.name)
        if exact is not None:
            worth[step.node] = exact(*given)
            continue
        made = step.op.compute([float(x) for x in given], step.params)
        if not isinstance(made, float) or not math.isfinite(made):
            return "≈"
        worth[step.node] = Fraction(made)
    rounded = bool(names - {"add", "sub", "neg"})
    return sum_sign(worth[steps[-1].node], value, numbers, rounded)


def number(x: Any) -> Any:
    """A float, an array, or `None`, as a step holds numbers."""
    return x if x is None or isinstance(x, np.ndarray) else float(x)
