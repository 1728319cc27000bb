"""A step in place, made out of a formula: what is called with numbers, and with arrays.

The formula runs once on traces. What it does with numbers (rates, powers of β) becomes one list,
which is worked off once a step; what it does with arrays becomes another, which is worked off for
every array. Three things make it as fast as what is written by hand. A number that an array is
multiplied with or divided by waits beside the array, so that lr·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ)
and v̂ = v/(1 − β₂ᵗ) is r·m/(√v + ε·√(1 − β₂ᵗ)), and the corrections cost nothing per entry. What
is computed twice is computed once. A result goes where an operand is read for the last time.

Invariant: the lists are right as long as every question that the formula asked of a number is
answered as it was; they ask again, and raise `Otherwise`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self, final

import numpy as np

from backviz.autodiff.op import Op
from backviz.autodiff.operand import Operand, Params
from backviz.errors import InputError
from backviz.language import _
from backviz.optim.formula import NUMBER, Lines, Names, run

ON_NUMBERS: Mapping[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "pow": operator.pow, "neg": operator.neg, "abs": abs, "sqrt": math.sqrt, "exp": math.exp,
    "log": math.log, "maximum": max, "minimum": min, "greater": operator.gt,
    "less": operator.lt, "greater_equal": operator.ge, "less_equal": operator.le,
}  # fmt: skip
ON_ARRAYS = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power"}


class Otherwise(Exception):  # noqa: N818  (not an error: another program is needed)
    """A question that the formula asked has another answer now."""


def larger(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """np.maximum, which takes `out` by its name only; the others are quicker without."""
    np.maximum(a, b, out=out)


def smaller(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """np.minimum, likewise."""
    np.minimum(a, b, out=out)


BY_NAME: Mapping[str, Callable[..., Any]] = {"maximum": larger, "minimum": smaller}


def ask(x: Any, answer: bool) -> bool:
    """Whether a number is true, as it has been."""
    if bool(x) is not answer:
        raise Otherwise
    return answer


@final
class Number(Operand):
    """A number of a step: its place in the list, and what it is while the formula is traced."""

    __slots__ = ("place", "trace", "value")

    def __init__(self, trace: Trace, place: int, value: Any) -> None:
        self.trace, self.place, self.value = trace, place, value

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Any:
        """Compute with numbers; with an array among them, the array does it."""
        if any(isinstance(a, Array) for a in args):
            return self.trace.array(op.name, args)
        if op.name not in ON_NUMBERS:
            raise InputError(
                _("an optimizer's formula cannot take {name} of a number", name=op.name)
            )
        return self.trace.number(ON_NUMBERS[op.name], *args)

    def __bool__(self) -> bool:
        return bool(self.trace.number(ask, self, bool(self.value)).value)


@final
class Array(Operand):
    """An array times `num` over `den`, two numbers that wait; `core` is its place in the trace."""

    __slots__ = ("core", "den", "num", "trace")

    def __init__(
        self, trace: Trace, core: int, num: Number | None = None, den: Number | None = None
    ) -> None:
        self.trace, self.core, self.num, self.den = trace, core, num, den

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Self:
        """Compute with arrays and numbers."""
        made: Self = self.trace.array(op.name, args)
        return made


Row = tuple[Callable[..., Any], int, int]  # a function and places of operands; −1: there is none
Call = tuple[Any, ...]  # what is called, and what with: ("a", core), or ("n", place)


class Trace:
    """What a formula does, while it is written down.

    `numbers` are functions with places of their operands, or nothing for what comes in and for
    constants. `calls` are ufuncs with cores and numbers; negative cores come in.
    """

    def __init__(self, incoming: Sequence[Any], kept: Sequence[str]) -> None:
        self.numbers: list[tuple[Any, ...]] = [()] * len(incoming)
        self.values = list(incoming)
        self.calls: list[Call] = []
        self.known: dict[Any, Any] = {}
        self.names = ["θ", "g", *kept]

    def incoming(self, name: str) -> Array:
        """An array that is there before the step: θ, g, or what is kept."""
        if name not in self.names:
            raise AttributeError(_("the formula reads {name}, and no line keeps it", name=name))
        return Array(self, -1 - self.names.index(name))

    # Numbers ------------------------------------------------------------------------------

    def as_number(self, x: Any) -> Number:
        """A number of the trace for a plain one."""
        return x if isinstance(x, Number) else self._row((type(x), x), (), x)

    def number(self, function: Callable[..., Any], *args: Any) -> Number:
        """The result of a call; the same call is made once."""
        given = [self.as_number(a) for a in args]
        row = (function, *(a.place for a in given))
        return self._row(row, row, function(*(a.value for a in given)))

    def _row(self, key: tuple[Any, ...], row: tuple[Any, ...], value: Any) -> Number:
        if key not in self.known:
            self.known[key] = Number(self, len(self.numbers), value)
            self.numbers.append(row)
            self.values.append(value)
        found: Number = self.known[key]
        return found

    def _times(self, a: Number | None, b: Any) -> Number | None:
        if a is None or b is None:
            return a if b is None else self.as_number(b)
        return self.number(operator.mul, a, b)

    # Arrays -------------------------------------------------------------------------------

    def call(self, ufunc: str, *args: Any) -> Array:
        """The result of a ufunc of cores and numbers; the same call is made once."""
        given = [a if isinstance(a, Array) else self.as_number(a) for a in args]
        row = (ufunc, *(("a", a.core) if isinstance(a, Array) else ("n", a.place) for a in given))
        if row not in self.known:
            made = getattr(np, ufunc, None)
            if not isinstance(made, np.ufunc) or made.nin != len(given):
                raise InputError(
                    _("an optimizer's formula cannot take {ufunc} of an array", ufunc=ufunc)
                )
            made = BY_NAME.get(ufunc, made)
            self.calls.append((made, *row[1:]))
            self.known[row] = len(self.calls) - 1
        return Array(self, self.known[row])

    def whole(self, x: Any) -> Any:
        """The array with its numbers in it."""
        if not isinstance(x, Array) or (x.num is None and x.den is None):
            return x
        core = Array(self, x.core)
        if x.num is None:
            return self.call("divide", core, x.den)
        factor = x.num if x.den is None else self.number(operator.truediv, x.num, x.den)
        return self.call("multiply", core, factor)

    def array(self, name: str, args: Sequence[Any]) -> Any:
        """An op of which an operand is an array."""
        a, b = args[0], args[-1]
        if name == "neg":
            return Array(self, a.core, self._times(a.num, -1.0), a.den)
        if name in ("mul", "div"):
            return self._scaled(name, a, b)
        if name == "pow" and isinstance(b, int | float) and b == 2:
            return self._scaled("mul", a, a)
        if name == "sqrt" and self._over(a) and a.den.value >= 0:  # below 0 it is `Otherwise`
            root = self.call("sqrt", Array(self, a.core))
            return Array(self, root.core, None, self.number(math.sqrt, a.den))
        if name in ("add", "sub"):
            return self._sum(name, a, b)
        return self.call(ON_ARRAYS.get(name, name), *map(self.whole, args))

    def _scaled(self, name: str, a: Any, b: Any) -> Array:
        """A product or a quotient: the numbers go to the numbers."""
        if not isinstance(a, Array) and name == "div":
            return self.call("divide", a, self.whole(b))
        if not isinstance(a, Array):
            return Array(self, b.core, self._times(self.as_number(a), b.num), b.den)
        if not isinstance(b, Array):
            if name == "mul":
                return Array(self, a.core, self._times(a.num, b), a.den)
            return Array(self, a.core, a.num, self._times(a.den, b))
        core = self.call(ON_ARRAYS[name], Array(self, a.core), Array(self, b.core)).core
        up, down = (b.num, b.den) if name == "mul" else (b.den, b.num)
        return Array(self, core, self._times(a.num, up), self._times(a.den, down))

    @staticmethod
    def _over(a: Array) -> bool:
        """Whether a number is waiting below the array, and none above it."""
        return a.num is None and a.den is not None

    def _sum(self, name: str, a: Any, b: Any) -> Array:
        """A sum or a difference: θ − lr·wd·θ is one product, √v/c + ε is (√v + c·ε)/c."""
        if isinstance(a, Array) and isinstance(b, Array) and a.core == b.core:
            factors = [self.as_number(1.0 if x.num is None else x.num) for x in (a, b)]
            for i, x in enumerate((a, b)):
                if x.den is not None:
                    factors[i] = self.number(operator.truediv, factors[i], x.den)
            return Array(self, a.core, self.number(ON_NUMBERS[name], *factors))
        if not isinstance(a, Array) and name == "add":
            a, b = b, a
        if isinstance(a, Array) and not isinstance(b, Array) and self._over(a):
            core = self.call(ON_ARRAYS[name], Array(self, a.core), self._times(a.den, b)).core
            return Array(self, core, None, a.den)
        return self.call(ON_ARRAYS[name], self.whole(a), self.whole(b))


@dataclass(frozen=True)
class Program:
    """A step: its numbers, which are made in two parts, and the moves of an array.

    `still` are the calls that depend on the options alone, after `constants`; `moving` those
    that depend on t or Π. `settled` and `used` are the numbers of both that the moves need,
    `product` is Π after the step. Registers are θ, g, what is kept, these numbers, and `scratch`
    arrays to work in.
    """

    constants: tuple[Any, ...]
    still: tuple[Row, ...]
    moving: tuple[Row, ...]
    settled: tuple[int, ...]
    used: tuple[int, ...]
    product: int
    moves: tuple[tuple[np.ufunc, int, int, int], ...]
    scratch: int

    def begin(self, options: Sequence[Any]) -> list[Any]:
        """The numbers that follow from the options; raises `Otherwise`."""
        return work_off(self.still, [*options, *self.constants])

    def numbers(self, still: Sequence[Any], clock: tuple[int, float]) -> tuple[list[Any], float]:
        """All numbers of a step, those that are still first, and Π after it; raises `Otherwise`."""
        n = work_off(self.moving, [*still, *clock])
        return n, n[self.product]

    def move(self, r: Sequence[Any]) -> None:
        """Make the step in place."""
        for ufunc, a, b, out in self.moves:
            if b < 0:
                ufunc(r[a], r[out])
            else:
                ufunc(r[a], r[b], r[out])


def work_off(rows: Sequence[Row], n: list[Any]) -> list[Any]:
    """Put the results of calls behind their operands."""
    for function, a, b in rows:
        n.append(function(n[a]) if b < 0 else function(n[a], n[b]))
    return n


def program_of(
    lines: Callable[[Any, Any], Lines],
    absent: Mapping[str, Any],
    options: Mapping[str, Any],
    clock: tuple[int, float],
    base: float,
    kept: Sequence[str],
) -> Program:
    """The step of a formula with these options, for arrays that are kept in this order.

    `clock` is the number of the step and the kept number, `base` the rate of the beginning.
    """
    trace = Trace([*options.values(), base, *clock], kept)
    coming: dict[str, Any] = {
        name: Number(trace, i, trace.values[i])
        for i, name in enumerate((*options, "base", "t", NUMBER))
    }
    for name, option in options.items():
        if isinstance(option, tuple):
            coming[name] = tuple(
                trace.number(operator.getitem, coming[name], i) for i in range(len(option))
            )
    home = {"θ": 0, "g": 1, **{name: 2 + i for i, name in enumerate(kept)}}
    final = {name: trace.incoming(name).core for name in ("θ", *kept)}
    result = coming[NUMBER]

    def hear(name: str, sign: str, value: Any) -> Any:
        nonlocal result
        if sign == "←" and name == NUMBER:
            result = value
        elif sign == "←" and name in final:
            value = trace.whole(value)
            final[name] = value.core
        return value

    x = Names(trace.incoming, t=coming["t"], **{NUMBER: coming[NUMBER]})
    run(lines(x, SimpleNamespace(**{**absent, **coming})), x, hear)
    moves, used, top = _placed(trace, final, home)
    return _program(trace, moves, used, result.place, len(options) + 1, len(home), top)


def _placed(
    trace: Trace, final: Mapping[str, int], home: Mapping[str, int]
) -> tuple[list[Call], list[int], int]:
    """The calls that are needed with registers of arrays, their numbers, the count of registers."""
    needed = set(final.values())
    for i in range(len(trace.calls) - 1, -1, -1):
        if i in needed:
            needed |= {place for kind, place in trace.calls[i][1:] if kind == "a"}
    order = sorted(i for i in needed if i >= 0)
    last = {place: i for i in order for kind, place in trace.calls[i][1:] if kind == "a"}
    last |= dict.fromkeys(final.values(), len(trace.calls))
    register = {-1 - i: home[name] for i, name in enumerate(trace.names)}
    homes = {core: home[name] for name, core in final.items()}
    top = first = len(home)
    free: list[int] = []
    numbers: dict[int, None] = {}
    moves: list[Call] = []
    for i in order:
        ufunc, *operands = trace.calls[i]
        numbers |= dict.fromkeys(place for kind, place in operands if kind == "n")
        read = [(kind, register[place] if kind == "a" else place) for kind, place in operands]
        cores = dict.fromkeys(place for kind, place in operands if kind == "a")
        dying = [register[c] for c in cores if last[c] == i and register[c] != home["g"]]
        taken = {r for c, r in register.items() if last.get(c, -1) > i}
        if i in homes and homes[i] not in taken:
            out = homes[i]
        elif dying:
            out = dying[0]
        elif free:
            out = free.pop()
        else:
            out, top = top, top + 1
        free += [r for r in dying if r != out and r >= first]
        register[i] = out
        moves.append((ufunc, *read, out))
    late = [(register[core], home[name]) for name, core in final.items()]
    late = [(source, target) for source, target in late if source != target]
    for j, (source, _other) in enumerate(late):  # a source that is overwritten steps aside
        if source in {target for _other, target in late}:
            moves.append((np.positive, ("a", source), top))
            late[j], top = (top, late[j][1]), top + 1
    moves += [(np.positive, ("a", source), target) for source, target in late]
    return moves, list(numbers), top


def _program(
    trace: Trace,
    moves: Sequence[Call],
    used: Sequence[int],
    product: int,
    options: int,
    arrays: int,
    top: int,
) -> Program:
    """Numbers and registers in their final order; numbers that nobody needs are left out."""
    rows, clock = trace.numbers, {options, options + 1}
    needed = {*used, product} | {i for i, row in enumerate(rows) if row and row[0] is ask}
    moving = set(clock)
    for i in range(len(rows) - 1, -1, -1):
        if i in needed:
            needed |= set(rows[i][1:])
    for i, row in enumerate(rows):
        if moving & set(row[1:]):
            moving.add(i)
    settled = [i for i in used if i not in moving]
    used = [i for i in used if i in moving]
    given_numbers = [*settled, *used]
    later = [i for i in sorted(needed) if i > options + 1]
    constants = [i for i in later if not rows[i]]
    still = [i for i in later if rows[i] and i not in moving]
    moved = [i for i in later if i in moving]
    order = [*range(options), *constants, *still, *sorted(clock), *moved]
    place = {old: new for new, old in enumerate(order)} | {-1: -1}

    def numbered(i: int) -> Row:
        function, a, *b = rows[i]
        return function, place[a], place[b[0]] if b else -1

    def register(kind: str, at: int) -> int:
        if kind == "n":
            return arrays + given_numbers.index(at)
        return at if at < arrays else at + len(given_numbers)

    def move(ufunc: np.ufunc, *given: Any, out: int) -> tuple[np.ufunc, int, int, int]:
        a, *b = (register(*each) for each in given)
        return ufunc, a, b[0] if b else -1, register("a", out)

    return Program(
        tuple(trace.values[i] for i in constants),
        tuple(numbered(i) for i in still),
        tuple(numbered(i) for i in moved),
        tuple(place[i] for i in settled),
        tuple(place[i] for i in used),
        place[product],
        tuple(move(*given, out=out) for *given, out in moves),
        top - arrays,
    )
