"""A computation in words and rows: what a figure says, as text.

Invariant: the rows come from the one stream of backward steps, and the formulas from
the ops' own notation, so neither can disagree with the picture.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.backward import Contribution, Step, accumulate, backward_steps, tape
from backviz.autodiff.formula import WHERE, contribution_formula, defined, local_formula, valued
from backviz.autodiff.op import Op
from backviz.autodiff.symbol import LITERAL, Symbol, as_symbol, name_symbol, writing
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.graphs import CONSTANT, LEAF
from backviz.text import (
    NOT_COMPUTED,
    NumberStyle,
    bracketed,
    shape_text,
    slope_name,
    told_apart,
    written_sum,
)
from backviz.words import LANGUAGES

MOST = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """One contribution of the backward pass; numbers are floats or arrays.

    `local` is `None` for an op on whole arrays, which has no local derivative for each entry;
    `rule` is the formula by which the contribution was computed.
    """

    step: int
    node: str
    input: str
    upstream: Any
    local: Any
    contribution: Any
    total: Any
    use: int
    uses: int
    rule: str


def names(output: Value) -> dict[int, str]:
    """A name for every value by serial number: its label, or `n` and its node id.

    A label that several values bear is followed by the node id.
    """
    values = tape(output)
    called = told_apart({i: value.label for i, value in enumerate(values)})
    return {value.serial: called[i] for i, value in enumerate(values)}


def seed_for(output: Value) -> Any:
    """The seed of a picture's backward pass: ones, so that arrays are summed."""
    return np.ones(output.shape) if output.shape else None


def rows(output: Value) -> list[Row]:
    """A row for every contribution, in the order of the backward pass.

    >>> a = Value(3.0, label="a")
    >>> [(r.contribution, r.total, r.use, r.uses) for r in rows(a * a)]
    [(3.0, 3.0, 1, 2), (3.0, 6.0, 2, 2)]
    """
    called = names(output)
    if not output.requires_grad:
        return []
    told = Formulas(output, called)
    steps = list(backward_steps(output, seed_for(output)))
    uses = Counter(c.input.serial for s in steps for c in s.contributions)
    totals: dict[int, Any] = {}
    seen: Counter[int] = Counter()
    made = []
    for number, step in enumerate((s for s in steps if s.contributions), 1):
        for part in step.contributions:
            key = part.input.serial
            totals[key] = accumulate(totals.get(key), part.value)
            seen[key] += 1
            made.append(
                Row(
                    number,
                    called[step.node.serial],
                    called[key],
                    step.upstream,
                    None if part.local is None else _plain(part.local),
                    part.value,
                    totals[key],
                    seen[key],
                    uses[key],
                    told.rule(step, part),
                )
            )
    return made


class Formulas:
    """How the contributions of a backward pass were computed, with the names of a table."""

    def __init__(
        self, output: Value, called: dict[int, str], numbers: NumberStyle = LITERAL
    ) -> None:
        self.output, self.called, self.numbers = called[output.serial], called, numbers
        self.taken = frozenset(called.values())
        self._told: tuple[Value | None, list[Any]] = None, []

    def rule(self, step: Step, part: Contribution) -> str:
        """`∂L/∂h·w`, or `Xᵀ @ ∂L/∂z`: what was handed back, with the names of its steps."""
        node = step.node
        assert node.op is not None
        if self._told[0] is not node:  # a node of many operands is told for each of them
            self._told = node, [self.operand(v) for v in node.inputs]
        args, name = self._told[1], self.called[node.serial]
        arriving = Symbol(slope_name(self.output, name), shape=node.shape)
        out = name_symbol(name, data=node.data)
        with writing(self.taken, self.numbers):
            return defined(
                contribution_formula(
                    node.op, part.position, arriving, out, args, node.params, not node.shape
                )
            )

    def operand(self, value: Value) -> Any:
        """The name of a value, or the number of a constant without one."""
        if _kind(value) == CONSTANT and not value.label:
            return value.data if not value.shape else as_symbol(value.data, self.numbers)
        return name_symbol(self.called[value.serial], data=value.data)


def _plain(local: Any) -> Any:
    return local if isinstance(local, np.ndarray) else float(local)


# The description ---------------------------------------------------------------


def describe(output: Value, numbers: NumberStyle | None = None, lang: str = "en") -> str:
    """The text version of a figure: every value, and every gradient as its sum.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> L = a * b + a
    >>> L.label = "L"
    >>> print(describe(L))
    L = 8
    leaves: 2, constants: 0, ops: 2
    <BLANKLINE>
    Forward
      a = 2
      b = 3
      n2 = a·b = 6
      L = n2 + a = 8
    <BLANKLINE>
    Backward: gradients of L
      L: 1
      n2: 1·1 = 1
      b: 1·2 = 2
      a: 1·1 + 1·3 = 4
    """
    numbers = numbers or NumberStyle()
    words, called = LANGUAGES[lang], names(output)
    values = tape(output)
    if len(values) > MOST:
        raise InputError(
            f"{len(values):,} values are too many to describe (at most {MOST:,}); "
            "use backviz table, or backviz graph, which folds"
        )
    kinds = Counter(_kind(v) for v in values)
    counts = words.gettext(
        "leaves: {leaves}, constants: {constants}, ops: {ops}",
        leaves=kinds[LEAF],
        constants=kinds[CONSTANT],
        ops=kinds[""],
    )
    name = called[output.serial]
    lines = [f"{name} = {numbers.summary(output.raw)}", counts, "", words.gettext("Forward")]
    formulas = Formulas(output, called, numbers)
    lines += [f"  {_forward(v, called, formulas)}" for v in values if _kind(v) != CONSTANT]
    lines += ["", words.gettext("Backward: gradients of {output}", output=name)]
    if output.requires_grad:
        lines += [f"  {line}" for line in _gradients(output, called, formulas)]
    else:
        lines.append(f"  {NOT_COMPUTED}")
    return "\n".join(lines)


def _kind(value: Value) -> str:
    if value.op is not None:
        return ""
    return LEAF if value.requires_grad else CONSTANT


def _forward(value: Value, called: dict[int, str], formulas: Formulas) -> str:
    numbers = formulas.numbers
    shape = f" ({shape_text(value.raw)})" if value.shape else ""
    result = f"{numbers.summary(value.raw)}{shape}"
    if value.op is None:
        return f"{called[value.serial]} = {result}"
    operands = (formulas.operand(v) for v in value.inputs)
    args = tuple(as_symbol(x, formulas.numbers) for x in operands)
    formula = args[0].interpret(value.op, args, value.params)
    return f"{called[value.serial]} = {formula} = {result}"


def _gradients(output: Value, called: dict[int, str], formulas: Formulas) -> list[str]:
    arrived: dict[int, list[tuple[Step, Contribution]]] = {}
    lines = []
    for step in backward_steps(output, seed_for(output)):
        for part in step.contributions:
            arrived.setdefault(part.input.serial, []).append((step, part))
        told = _sum(arrived.get(step.node.serial, []), step.upstream, formulas, formulas.numbers)
        lines.append(f"{called[step.node.serial]}: {told}")
    return lines


def _sum(
    parts: list[tuple[Step, Contribution]], total: Any, formulas: Formulas, numbers: NumberStyle
) -> str:
    """`1·1 + 1·3 = 4`; a part in which there is an array is the formula that ran."""
    factors = [_factors(step, part) for step, part in parts]
    if len(parts) > 1 and None not in factors and not isinstance(total, np.ndarray):
        return written_sum([pair for pair in factors if pair], total, numbers)
    terms = [
        formulas.rule(step, part)
        if pair is None
        else "·".join(bracketed(numbers.format(f), numbers) for f in pair)
        for (step, part), pair in zip(parts, factors, strict=True)
    ]
    shown = numbers.summary(total)
    if len(terms) == 1:
        return valued(terms[0], shown)
    ended = [term.partition(WHERE) for term in terms]
    wheres = sorted({parts for *_, parts in ended if parts})
    alike = len(wheres) < 2  # else a name may mean two things
    said = [each[0] if alike or not each[2] else f"({''.join(each)})" for each in ended]
    summed = " = ".join(filter(None, [" + ".join(said), shown]))
    return f"{summed}{WHERE}{wheres[0]}" if wheres and alike else summed


def _factors(step: Step, part: Contribution) -> tuple[float, float] | None:
    """Upstream and local derivative, where both are numbers."""
    local, upstream = part.local, step.upstream
    if local is None or isinstance(local, np.ndarray) or isinstance(upstream, np.ndarray):
        return None
    return float(upstream), float(local)


def derivatives(op: Op) -> list[str]:
    """The rules of an elementwise op as formulas, made by running them on symbols.

    >>> from backviz.ops import OPS
    >>> derivatives(OPS["tanh"]), derivatives(OPS["pow"])
    (['d/dx = 1 − out²'], ['d/da = b·a^(b − 1)', 'd/db = out·log(a)'])
    """
    if not op.elementwise or not op.differentiable:
        return []
    inputs = ["x"] if op.arity == 1 else ["a", "b", "c"][: op.arity]
    low, high = op.interval
    at = 0.7 * low + 0.3 * high  # a point like any other, where no guard is at work
    symbols = [Symbol(name, data=at) for name in inputs]
    return [
        f"d/d{name} = {defined(local_formula(op, position, Symbol('out'), symbols, {}))}"
        for position, name in enumerate(inputs)
        if op.rules[position] is not None
    ]
