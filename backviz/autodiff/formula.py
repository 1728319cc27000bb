"""The formulas of rules: what ran, run once more on symbols.

Invariant: a formula is computed as it is read. `tests/shared/formula_reader.py` reads every
one that a row can print and compares it with the engine. The words that may occur stand there.

One thing is left away: a formula with fewer entries than the operand holds for each of them,
so that the last copying to the operand's shape need not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backviz.autodiff.op import Op
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import Parts, Symbol, as_symbol
from backviz.autodiff.table import OPS


def local_formula(
    op: Op, position: int, out: Symbol, args: Sequence[Any], params: Params
) -> Symbol:
    """The local derivative of an elementwise op with respect to one operand.

    >>> from backviz.autodiff.symbol import Symbol
    >>> str(local_formula(OPS["mul"], 0, Symbol("c"), [Symbol("a"), Symbol("b")], {}))
    'b'
    """
    rule = op.rule(position)
    assert rule is not None and op.elementwise
    return as_symbol(rule(out, *args, **params))


def contribution_formula(
    op: Op,
    position: int,
    upstream: Symbol,
    out: Symbol,
    args: Sequence[Any],
    params: Params,
    ones: bool = False,
    by_position: Callable[[int], Any] | None = None,
) -> Symbol:
    """What one operand gets of the upstream gradient, summed over broadcast axes.

    `ones` writes the factor 1 too: `∂L/∂c·1`, where the numbers of both factors follow.
    `by_position` is the rule of an op that takes any number of operands, if it is at hand.

    >>> import numpy as np
    >>> from backviz.autodiff.symbol import Symbol
    >>> x, b = Symbol("x", data=np.ones((4, 3))), Symbol("b", data=np.ones(3))
    >>> g = out = Symbol("g", shape=(4, 3))
    >>> str(contribution_formula(OPS["mul"], 1, g, out, [x, b], {}))
    'sum(g·x, axis=0)'
    """
    rule = op.rule(position)
    assert rule is not None
    if op.elementwise:
        local = rule(out, *args, **params)
        gradient = _times(upstream, as_symbol(local) if ones else local)
        shape = as_symbol(args[position]).shape
        if gradient.shape != shape:
            gradient = OPS["sum_to"](gradient, shape=shape)
    elif by_position is not None:
        gradient = as_symbol(by_position(position))
    else:
        gradient = as_symbol(rule(upstream, out, *args, **params))
    while gradient.op is not None and gradient.op.name == "broadcast_to":
        (gradient,) = gradient.args
    return gradient


def _times(upstream: Symbol, local: Any) -> Symbol:
    """upstream · local, without a factor of 1."""
    if isinstance(local, int) and local in (1, -1):
        return upstream if local == 1 else -upstream
    product: Symbol = upstream * local
    return product


def listed_parts(parts: Parts) -> str:
    """The named parts of a formula, each with its own: `t = tanh(z), z = w·x`."""
    return ", ".join(f"{name} = {text}" for name, text in parts)


class Formula(str):
    """A formula as text that knows the parts it names, each a name with its own formula.

    As a string it has both; `text` is the formula alone.

    >>> from backviz.autodiff.symbol import Symbol, part
    >>> made = formula_of(1 / part("σ", Symbol("v") + 1))
    >>> made, made.text, made.valued("6")
    ('1 / σ   where σ = v + 1', '1 / σ', '1 / σ = 6   where σ = v + 1')
    """

    __slots__ = ("parts", "text")
    text: str
    parts: Parts

    def __new__(cls, text: str = "", parts: Parts = ()) -> Formula:
        """A formula from its text and its parts."""
        made = super().__new__(cls, text + _where(parts))
        made.text, made.parts = text, parts
        return made

    @property
    def where(self) -> str:
        """What follows the formula: `   where σ = v + 1`, or nothing."""
        return _where(self.parts)

    def valued(self, value: str) -> str:
        """The formula with its value, which is not that of the last part."""
        return f"{self.text} = {value}{self.where}"


def _where(parts: Parts) -> str:
    return f"   where {listed_parts(parts)}" if parts else ""


def formula_of(symbol: Symbol) -> Formula:
    """What a symbol says."""
    return Formula(str(symbol), symbol.parts)


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
        f"d/d{name} = {formula_of(local_formula(op, position, Symbol('out'), symbols, {}))}"
        for position, name in enumerate(inputs)
        if op.rules[position] is not None
    ]
