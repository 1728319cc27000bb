"""A symbol: an operand that prints. Ops called with symbols give formulas.

A symbol stands for a number or an array that is there: it has a shape, and its numbers can
be asked for. So a rule takes the same way as with numbers, and what it prints is that way.

Invariant: a symbol's text is made when the symbol is made, from the text of its operands,
and is cut at `LIMIT` characters; so there is no recursion and no formula outgrows a page,
however long the expression or however often a part is reused. Its numbers are computed only
when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from backviz.autodiff.data import as_data, quietly
from backviz.autodiff.notation import ATOM, LOOSE, written
from backviz.autodiff.operand import Operand, Params
from backviz.language import N_
from backviz.text import NumberStyle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backviz.autodiff.op import Op

LIMIT = 400
_OPERATORS = frozenset("-+*/^@·−×÷")
SIGNED = 20  # −2 binds like a product: (−2)², but −2·x
UNNAMED = "□"  # an operand without a name
OUT = "out"  # a result without a name
LITERAL = NumberStyle(digits=10)
WRITTEN = 24  # entries of an array that are written out in a formula
KNOWN = 10_000  # entries up to which the numbers behind a symbol are looked at

Parts = tuple[tuple[str, str], ...]


class Writing(NamedTuple):
    """How formulas are written: names that are taken, the dress of numbers, parts by name."""

    taken: frozenset[str] = frozenset()
    numbers: NumberStyle = LITERAL
    parts: bool = True


PLAIN = Writing()
_writing: ContextVar[Writing] = ContextVar("writing", default=PLAIN)


@final
class Symbol(Operand):
    """A formula as text, with the strength with which it binds.

    `data` are the numbers that it stands for, or a function that computes them; `shape` is
    enough where only that is known. `parts` are names in the text that stand for longer
    formulas, each with its own. `op` and `args` are the call that made it.

    >>> from backviz.ops import tanh
    >>> a, b = Symbol("a"), Symbol("b")
    >>> str(tanh(a * b + 1) * (a - b)), str(1 - Symbol("out") ** 2)
    ('tanh(a·b + 1)·(a − b)', '1 − out²')
    >>> (Symbol("x", data=np.ones((2, 3))) @ Symbol("w", shape=(3, 4))).shape
    (2, 4)
    """

    __slots__ = ("_data", "_shape", "args", "level", "literal", "op", "parts", "text")
    KIND = N_("a formula")

    text: str
    level: int
    literal: bool
    parts: Parts

    def __init__(
        self,
        text: str,
        level: int = ATOM,
        literal: bool = False,
        data: Any = None,
        shape: tuple[int, ...] | Callable[[], tuple[int, ...]] | None = None,
        parts: Parts = (),
        op: Op | None = None,
        args: tuple[Symbol, ...] = (),
    ) -> None:
        self.text = text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
        self.level = level
        self.literal = literal
        self.parts = parts
        self.op, self.args = op, args
        self._data = data
        self._shape = shape

    @property
    def data(self) -> Any:
        """The numbers that the symbol stands for; ones where only the shape is known."""
        if callable(self._data):
            self._data = quietly(self._data)
        if self._data is None:
            self._data = np.broadcast_to(np.float64(1.0), self.shape) if self.shape else 1.0
        return self._data

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what the symbol stands for."""
        if callable(self._shape):
            self._shape = self._shape()
        if self._shape is None:
            self._shape = () if self._data is None else tuple(np.shape(self.data))
        return self._shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape, dtype=int))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of numbers."""
        return np.dtype(getattr(self.data, "dtype", np.float64))

    def holds_anywhere(self) -> bool:
        """Whether an entry is not 0: whether a guard with this condition is at work.

        Of very many entries nobody looks; a guard is an exception.
        """
        return self.size <= KNOWN and bool(np.any(self.data))

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Symbol:
        """Write the call down as text."""
        symbols = [as_symbol(a) for a in args]
        text, level = written(op, symbols, params)

        def data() -> Any:
            return as_data(op.compute([s.data for s in symbols], params))

        def shape() -> tuple[int, ...]:
            known = op.result_shape([s.shape for s in symbols], params)
            return tuple(np.shape(data())) if known is None else known

        parts = tuple(dict.fromkeys(each for s in symbols for each in s.parts))
        return Symbol(text, level, data=data, shape=shape, parts=parts, op=op, args=tuple(symbols))

    def bracketed(self, least: int) -> str:
        """The text, in brackets where it binds less than that."""
        return self.text if self.level >= least else f"({self.text})"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Symbol({self.text!r})"


def as_symbol(x: Any, numbers: NumberStyle | None = None) -> Symbol:
    """A symbol for a symbol, a number or an array; a literal keeps its digits."""
    if isinstance(x, Symbol):
        return x
    numbers = numbers or _writing.get().numbers
    if isinstance(x, np.ndarray):
        return Symbol(_array_text(x, numbers), data=x)
    text = numbers.format(float(x))
    return Symbol(text, ATOM if x >= 0 else SIGNED, literal=True, data=float(x))


def _array_text(x: np.ndarray, numbers: NumberStyle) -> str:
    if not x.ndim:
        return numbers.format(float(x))
    if x.size > WRITTEN:
        return "[…]"
    return f"[{', '.join(_array_text(row, numbers) for row in x)}]"


def name_symbol(label: str, data: Any = None, shape: Any = None) -> Symbol:
    """A symbol for a name; one that looks like a formula is bracketed where it is used.

    >>> str(name_symbol("x1*w1 + b") * name_symbol("h.w")), str(name_symbol("x+y"))
    ('(x1*w1 + b)·h.w', 'x+y')
    """
    return Symbol(label, ATOM if _OPERATORS.isdisjoint(label) else LOOSE, data=data, shape=shape)


def free_name(name: str) -> str:
    """The name, or one like it if a value has it already: `g′`."""
    while name in _writing.get().taken:
        name += "′"
    return name


# What a rule may name ---------------------------------------------------------------------


def part(name: str, value: Any) -> Any:
    """A step of a rule that has a name of its own, such as x̂: printed on a line of its own.

    Numbers and recorded values go through as they are.

    >>> x = Symbol("x")
    >>> z = part("z", 2 * x + 1)
    >>> str(z * z), z.parts
    ('z·z', (('z', '2·x + 1'),))
    """
    if not isinstance(value, Symbol) or not _writing.get().parts:
        return value
    name = free_name(name)
    parts = (*value.parts, (name, value.text))
    return Symbol(name, ATOM, data=lambda: value.data, shape=lambda: value.shape, parts=parts)


def constant(name: str, array: Any, beside: Any, *, told: bool = False) -> Any:
    """An array that a rule makes itself, under its name where it stands beside a symbol.

    Where the name does not say what it is, its numbers are `told` as a part.

    >>> str(constant("eye(3)", np.eye(3), Symbol("g")) * Symbol("g"))
    'eye(3)·g'
    >>> constant("A", np.ones(2), Symbol("g"), told=True).parts
    (('A', '[1, 1]'),)
    """
    if not isinstance(beside, Symbol):
        return array
    return part(name, as_symbol(array)) if told else Symbol(name, ATOM, data=array)


def numbers_behind(x: Any) -> Any:
    """The numbers of a symbol or a recorded value, for a rule that looks before it chooses its way.

    Of a symbol with very many entries nobody looks: ones stand for them.

    >>> numbers_behind(Symbol("x", data=2.0)), numbers_behind(3.0)
    (2.0, 3.0)
    """
    if isinstance(x, Symbol) and x.size > KNOWN:
        return np.ones((1,) * x.ndim)
    return x.data if isinstance(x, Operand) else x


@contextmanager
def writing(
    names: Iterable[str] = (), numbers: NumberStyle = LITERAL, parts: bool = True
) -> Iterator[None]:
    """How formulas are written in the block: parts get other names than these, or none.

    >>> with writing(["z"], NumberStyle(digits=2)):
    ...     str(part("z", Symbol("x") + 1.2345) * 0.333)
    'z′·0.33'
    """
    token = _writing.set(Writing(frozenset(names), numbers, parts))
    try:
        yield
    finally:
        _writing.reset(token)
