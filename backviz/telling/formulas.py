"""How a step is written: the op's own function and rules, run on names.

Invariant: a formula is what ran, on symbols; nothing is worded twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backviz.autodiff.formula import Formula, contribution_formula, formula_of, local_formula
from backviz.autodiff.op import Op
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import Symbol, as_symbol, name_symbol, writing
from backviz.text import NumberStyle


def operand(name: str, data: Any, nameless: bool, numbers: NumberStyle) -> Any:
    """What stands for an operand in a formula: its name, or the number of a constant without one.

    A plain number stays one, so that rules simplify: `2·x` and not `2·x^(2 − 1)`.
    """
    if not nameless:
        return name_symbol(name, data=data)
    return as_symbol(data, numbers) if isinstance(data, np.ndarray) else data


@dataclass(frozen=True, slots=True)
class Call:
    """An op at work on names: `out` is what its result is called, `args` what it is given.

    `taken` are the names that no part of a formula may bear.

    >>> from backviz.ops import OPS
    >>> a, b, c = (Symbol(name) for name in "abc")
    >>> call = Call(OPS["mul"], (a, b), c, {}, frozenset(), NumberStyle())
    >>> call.written, str(call.local(0)), str(call.handed(0, "∂L/∂c"))
    ('a·b', 'b', '∂L/∂c·b')
    """

    op: Op
    args: tuple[Any, ...]
    out: Symbol
    params: Params
    taken: frozenset[str]
    numbers: NumberStyle
    _pulled: dict[str, Callable[[int], Any]] = field(default_factory=dict, init=False)  # see `Op`

    @property
    def written(self) -> str:
        """How the value is computed, as in `a·b`."""
        return written(self.op, self.args, self.params, self.numbers)

    def local(self, position: int) -> Formula:
        """The local derivative by one operand, of an elementwise op."""
        with writing(self.taken, self.numbers):
            return formula_of(local_formula(self.op, position, self.out, self.args, self.params))

    def handed(self, position: int, arriving: str, ones: bool = True) -> Formula:
        """What one operand gets of the gradient that arrives, summed over broadcast axes.

        Of numbers the factor 1 is written too: `∂L/∂c·1`, as both factors have numbers; not so
        without `ones`.
        """
        shape = self.out.shape
        with writing(self.taken, self.numbers):
            upstream = Symbol(arriving, shape=shape)
            pulled = self._pulled.get(arriving)
            if self.op.variadic and pulled is None:
                pulled = self.op.by_position(upstream, self.out, self.args, self.params)
                self._pulled[arriving] = pulled
            return formula_of(contribution_formula(
                self.op, position, upstream, self.out, self.args, self.params, ones and not shape,
                pulled,
            ))  # fmt: skip


def written(op: Op, args: tuple[Any, ...], params: Params, numbers: NumberStyle) -> str:
    """A call with names or with numbers, as in `a·b` or `2·3`."""
    symbols = tuple(as_symbol(x, numbers) for x in args)
    return str(symbols[0].interpret(op, symbols, params))


def summed_axes(operand: tuple[int, ...], out: tuple[int, ...]) -> tuple[int, ...]:
    """The axes over which a gradient is summed because the operand was broadcast along them.

    >>> summed_axes((3,), (4, 3)), summed_axes((4, 1), (4, 3)), summed_axes((3,), (3,))
    ((0,), (1,), ())
    """
    lead = len(out) - len(operand)
    stretched = [lead + k for k, n in enumerate(operand) if n == 1 and out[lead + k] != 1]
    return (*range(lead), *stretched)
