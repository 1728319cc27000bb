"""A symbol: an operand that prints. Ops called with symbols give formulas.

Invariant: a symbol's text is made when the symbol is made, from the text of its
operands, and is cut at `LIMIT` characters; so there is no recursion and no formula
outgrows a page, however long the expression or however often a part is reused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, final

import numpy as np

from backviz.autodiff.operand import Operand, Params
from backviz.autodiff.params import plain_params
from backviz.text import NumberStyle

if TYPE_CHECKING:
    from backviz.autodiff.op import Op

LIMIT = 240
ATOM = 100
LOOSE = 0  # a name with operators in it
_OPERATOR = re.compile(r"[-+*/^@·−×÷]")
SIGNED = 20  # −2 binds like a product: (−2)², but −2·x
UNNAMED = "□"  # an operand without a name
OUT = "out"  # a result without a name
LITERAL = NumberStyle(digits=10)
_SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@final
class Symbol(Operand):
    """A formula as text, with the strength with which it binds.

    >>> from backviz.ops import tanh
    >>> a, b = Symbol("a"), Symbol("b")
    >>> str(tanh(a * b + 1) * (a - b)), str(1 - Symbol("out") ** 2)
    ('tanh(a·b + 1)·(a − b)', '1 − out²')
    """

    __slots__ = ("level", "literal", "text")
    KIND = "a formula"

    text: str
    level: int
    literal: bool

    def __init__(self, text: str, level: int = ATOM, literal: bool = False) -> None:
        self.text = text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
        self.level = level
        self.literal = literal

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Symbol:
        """Write the call down as text."""
        symbols = [as_symbol(a) for a in args]
        exponent = symbols[1].text if op.name == "pow" and symbols[1].literal else ""
        if exponent.lstrip("−").isdigit():
            base = symbols[0]._bracketed(op.notation.operands[0])
            return Symbol(base + exponent.translate(_SUPERSCRIPTS), op.notation.level)
        strengths = op.notation.operands or (LOOSE,) * len(symbols)
        parts = [s._bracketed(least) for s, least in zip(symbols, strengths, strict=True)]
        if op.notation.level < ATOM:  # "a − (−b)", though a minus in front needs no brackets
            first = 0 if op.notation.template.startswith("−") else 1
            parts[first:] = [f"({p})" if p.startswith("−") else p for p in parts[first:]]
        if op.variadic:
            parts = [", ".join(parts)]
        shown, template = plain_params(params), op.notation.template
        text = template.format(*parts, **{k: shown.get(k, "") for k in op.params})
        options = [f"{k}={v}" for k, v in shown.items() if f"{{{k}}}" not in template]
        if options and text.endswith(")"):
            text = f"{text[:-1]}, {', '.join(options)})"
        return Symbol(text, op.notation.level)

    def _bracketed(self, least: int) -> str:
        return self.text if self.level >= least else f"({self.text})"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Symbol({self.text!r})"


def as_symbol(x: Any, numbers: NumberStyle = LITERAL) -> Symbol:
    """A symbol for a symbol, a number or an array; a literal keeps its digits."""
    if isinstance(x, Symbol):
        return x
    if isinstance(x, np.ndarray):
        return Symbol(numbers.summary(x) if x.size <= 3 else "[…]")
    text = numbers.format(float(x))
    return Symbol(text, ATOM if x >= 0 else SIGNED, literal=True)


def name_symbol(label: str) -> Symbol:
    """A symbol for a name; one that looks like a formula is bracketed where it is used.

    >>> str(name_symbol("x1*w1 + b") * name_symbol("h.w")), str(name_symbol("x+y"))
    ('(x1*w1 + b)·h.w', 'x+y')
    """
    return Symbol(label, LOOSE if _OPERATOR.search(label) else ATOM)
