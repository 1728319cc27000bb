"""How a call of an op is written: operators, brackets, options.

Invariant: brackets stand where a reader would take the text for something else, and there
only; an option that was not given is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backviz.autodiff.operand import Params
from backviz.autodiff.params import plain_params

if TYPE_CHECKING:
    from backviz.autodiff.op import Op
    from backviz.autodiff.symbol import Symbol

ATOM = 100
LOOSE = 0  # a name with operators in it


class Notation(NamedTuple):  # as a dataclass it would take six times as long at every start
    """How a call is written: a template and how tightly it binds.

    `level` is the strength of the whole, `operands` the least strength that each
    operand must have to stand without brackets. A param named in the template
    (`{axis}`) is written there. `write` writes what a template cannot: given the operands
    as symbols and the params, it gives text and strength, or `None` to use the template.
    """

    template: str
    level: int = 100
    operands: tuple[int, ...] = ()
    write: Callable[[Sequence[Symbol], Params], tuple[str, int] | None] | None = None


def function_notation(name: str, arity: int) -> Notation:
    """`name(a, b)`."""
    return Notation(f"{name}({', '.join('{}' for _ in range(arity))})", 100, (0,) * arity)


def written(op: Op, symbols: Sequence[Symbol], params: Params) -> tuple[str, int]:
    """The text of a call, and how tightly it binds."""
    notation = op.notation
    if notation.write is not None and (said := notation.write(symbols, params)) is not None:
        return said
    strengths = notation.operands or (LOOSE,) * len(symbols)
    parts = [s.bracketed(least) for s, least in zip(symbols, strengths, strict=True)]
    if notation.level < ATOM:  # "a − (−b)", though a minus in front needs no brackets
        first = 0 if notation.template.startswith("−") else 1
        parts[first:] = [f"({p})" if p.startswith("−") else p for p in parts[first:]]
    if op.variadic:
        parts = [", ".join(parts)]
    shown, template = plain_params(params), notation.template
    text = template.format(*parts, **{k: shown.get(k, "") for k in op.params})
    options = [f"{k}={v}" for k, v in shown.items() if f"{{{k}}}" not in template]
    if options and text.endswith(")"):
        text = f"{text[:-1]}, {', '.join(options)})"
    return text, notation.level
