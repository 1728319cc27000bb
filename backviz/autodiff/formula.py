"""The formulas of rules: what ran, run once more on symbols.

Invariant: a formula is computed as it is read. `tests/formula_reader.py` reads every one that
a row can print and compares it with the engine. The words that may occur stand there.

One thing is left away: a formula with fewer entries than the operand holds for each of them,
so that the last copying to the operand's shape need not be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backviz.autodiff.op import Op
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import Symbol, as_symbol
from backviz.autodiff.table import OPS

WHERE = "   where "  # between a formula and the parts that it names


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
) -> Symbol:
    """What one operand gets of the upstream gradient, summed over broadcast axes.

    `ones` writes the factor 1 too: `∂L/∂c·1`, where the numbers of both factors follow.

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


def listed_parts(formula: Symbol) -> str:
    """The named parts of a formula, each with its own: `t = tanh(z), z = w·x`."""
    return ", ".join(f"{name} = {text}" for name, text in formula.parts)


def defined(formula: Symbol) -> str:
    """The formula, and the parts that it names.

    >>> from backviz.autodiff.symbol import Symbol, part
    >>> defined(1 / part("σ", Symbol("v") + 1))
    '1 / σ   where σ = v + 1'
    """
    if not formula.parts:
        return str(formula)
    return f"{formula}{WHERE}{listed_parts(formula)}"


def valued(said: str, value: str) -> str:
    """A formula with its value, which is not that of the last part.

    >>> valued("2·σ   where σ = v + 1", "6")
    '2·σ = 6   where σ = v + 1'
    """
    formula, where, parts = said.partition(WHERE)
    return f"{formula} = {value}{where}{parts}"
