"""An op: one row with everything that the program knows about an operation.

Invariant: a rule is written once, in terms of other ops, and serves three
readers. With numbers it computes, with recorded values it records (so derivatives
of any order work), with symbols it prints (so an explanation cannot drift from
the code that ran).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from backviz.autodiff.operand import Operand
from backviz.autodiff.table import OPS, UFUNCS
from backviz.errors import ShapeError

if TYPE_CHECKING:
    from backviz.autodiff.value import Value

Data = float | np.ndarray
Rule = Callable[..., Any]
Row = TypeVar("Row", bound="Op")


@dataclass(frozen=True, slots=True)
class Notation:
    """How a call is written: a template and how tightly it binds.

    `level` is the strength of the whole, `operands` the least strength that each
    operand must have to stand without brackets.
    """

    template: str
    level: int = 100
    operands: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Op(ABC):
    """One row of the table: forward, rule, notation, domain, note.

    `scalar` computes with Python floats (None: `array` serves), `array` with numpy
    arrays. `symbol` is the short sign in a picture. `domain` names the real inputs
    for which the result is finite, `interval` is a range of inputs inside it. `masks`
    says that the op blocks the gradient where its local derivative is 0.
    """

    name: str
    array: Callable[..., Any]
    rules: tuple[Rule, ...]
    notation: Notation
    symbol: str
    domain: str
    note: str
    arity: int
    scalar: Callable[..., float] | None = None
    params: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    interval: tuple[float, float] = (-2.0, 2.0)
    commutes: bool = False
    public: bool = True
    smooth: bool = True
    masks: bool = False

    elementwise: ClassVar[bool]

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Compute, record or print, as the arguments ask for."""
        for arg in args:
            if isinstance(arg, Operand):
                return arg.interpret(self, args, params)
        return self.compute(tuple(map(as_data, args)), params)

    def compute(self, args: Sequence[Data], params: dict[str, Any]) -> Data:
        """The forward value; IEEE rules throughout: no exception for 1/0 or log(−1)."""
        if self.scalar is not None:
            try:
                if all([a.__class__ is float for a in args]):  # noqa: C419  (a list is faster)
                    return self.scalar(*args, **params)
            except (ArithmeticError, ValueError):
                pass  # Python raises where IEEE 754 has NaN or an infinity: let numpy answer
        try:
            with np.errstate(all="ignore"):
                return as_data(self.array(*args, **params))
        except (ValueError, np.exceptions.AxisError) as error:
            raise ShapeError(self._misfit(args, params, error)) from None

    def _misfit(self, args: Sequence[Data], params: dict[str, Any], error: Exception) -> str:
        shapes = " and ".join(str(np.shape(a)) for a in args)
        extra = "".join(f", {k}={v}" for k, v in given(params).items())
        verb = "do not fit" if len(args) > 1 else "does not allow this"
        noun = "shapes" if len(args) > 1 else "shape"
        return f"{self.name}: the {noun} {shapes}{extra} {verb}; {_advice(self.name, args, error)}"

    @property
    def differentiable(self) -> bool:
        """Whether a gradient can flow through; comparisons carry none."""
        return bool(self.rules)

    @abstractmethod
    def pull(self, node: Value, upstream: Any, record: bool) -> list[tuple[int, Any, Any]]:
        """Pull the upstream gradient back to the inputs that want one.

        Returns `(position, local derivative or None, contribution)` for each. With
        `record` the rule runs on the recorded values and is itself recorded.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise(Op):
    """An op on each entry; a rule gives the partial derivative `(out, *inputs)`.

    The engine multiplies by the upstream gradient and sums over broadcast axes,
    here and nowhere else.
    """

    elementwise: ClassVar[bool] = True

    def local(self, position: int, out: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """The partial derivative with respect to one input.

        >>> from backviz.ops import tanh
        >>> tanh.local(0, 0.5, (0.55,), {})
        0.75
        """
        rule = self.rules[position]
        if out.__class__ is not float:
            with np.errstate(all="ignore"):
                return rule(out, *args, **params)
        try:
            return rule(out, *args, **params)
        except (ArithmeticError, ValueError):
            # As in `compute`: Python floats raise, numpy's follow IEEE 754.
            with np.errstate(all="ignore"):
                return float(rule(np.float64(out), *map(np.float64, args), **params))

    def pull(self, node: Value, upstream: Any, record: bool) -> list[tuple[int, Any, Any]]:
        """Upstream times local derivative, summed over broadcast axes."""
        if node.locals is not None and not record:  # scalars: computed when they were recorded
            return [
                (i, local, 0.0 if self.masks and local == 0.0 else upstream * local)
                for i, local in enumerate(node.locals)
                if local is not None
            ]
        out, args = _arguments(node, record)
        pulled = []
        for i, operand in enumerate(node.inputs):
            if not operand.requires_grad:
                continue
            local = self.local(i, out, args, node.params)
            with np.errstate(all="ignore"):
                contribution = _times(upstream, local)
                if self.masks:
                    contribution = _masked(contribution, local)
            if node.shape != operand.shape:
                contribution = OPS["sum_to"](contribution, shape=operand.shape)
            pulled.append((i, local, contribution))
        return pulled


@dataclass(frozen=True, slots=True, eq=False)
class Structural(Op):
    """An op on whole arrays; a rule gives the vjp `(upstream, out, *inputs)`."""

    elementwise: ClassVar[bool] = False

    def pull(self, node: Value, upstream: Any, record: bool) -> list[tuple[int, Any, Any]]:
        """The vector-Jacobian products."""
        out, args = _arguments(node, record)
        with np.errstate(all="ignore"):
            return [
                (i, None, self.rules[i](upstream, out, *args, **node.params))
                for i, operand in enumerate(node.inputs)
                if operand.requires_grad
            ]


def given(params: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, without defaults, as plain Python numbers.

    >>> given({"axis": np.int64(0), "keepdims": False})
    {'axis': 0}
    """
    return {k: _plain(v) for k, v in params.items() if v is not None and v is not False}


def _plain(option: Any) -> Any:
    if isinstance(option, tuple | list):
        return tuple(int(x) for x in option)
    return int(option) if isinstance(option, np.integer) else option


def _arguments(node: Value, record: bool) -> tuple[Any, list[Any]]:
    """What a rule is given: recorded values to be recorded, where they want a gradient."""
    if record:
        return node, [v if v.requires_grad else v.data for v in node.inputs]
    return node.data, [v.data for v in node.inputs]


def _masked(contribution: Any, local: Any) -> Any:
    """Nothing passes where the local derivative is 0, not even an infinite gradient."""
    blocked = (local.data if isinstance(local, Operand) else local) == 0  # type: ignore[attr-defined]
    if isinstance(contribution, Operand):
        finite = np.isfinite(contribution.data).all()  # type: ignore[attr-defined]
        return contribution if finite else OPS["guard"](contribution, blocked * 1.0)
    return np.where(blocked, 0.0, contribution)


def _times(upstream: Any, local: Any) -> Any:
    """upstream × local, without recording a multiplication by a literal ±1."""
    if isinstance(local, int):
        if local == 1:  # an array of its own: gradients of different values share nothing
            return upstream.copy() if isinstance(upstream, np.ndarray) else upstream
        if local == -1:
            return -upstream
    return upstream * local


def as_data(x: Any) -> Data:
    """A Python float for one number, a float array for more; never a 0-d array.

    >>> as_data(np.array(2)), as_data(True), as_data([1, 2])
    (2.0, 1.0, array([1., 2.]))
    """
    if x.__class__ is float:
        return x
    if type(x) is np.ndarray and x.ndim and x.dtype in (np.float64, np.float32):
        return x
    if isinstance(x, (int, float, np.generic)) and not isinstance(x, np.complexfloating):
        return _to_float(x)
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"a value is a real number or an array of real numbers, not {type(x).__name__}"
        )
    if array.ndim == 0:
        return _to_float(array[()])
    return array if array.dtype == np.float32 else array.astype(np.float64)


def _to_float(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def elementwise(name: str, array: Callable[..., Any], *rules: Rule, **more: Any) -> Elementwise:
    """Enter an elementwise op into the table; `more` are fields of `Op`.

    Left out, `notation` is `name(a, b)`, `symbol` the name, `arity` the number of rules.
    """
    return _enter(Elementwise, name, array, rules, more)


def structural(name: str, array: Callable[..., Any], *rules: Rule, **more: Any) -> Structural:
    """Enter an op on whole arrays into the table; `more` as for `elementwise`."""
    return _enter(Structural, name, array, rules, more)


def function_notation(name: str, arity: int) -> Notation:
    """`name(a, b)`."""
    return Notation(f"{name}({', '.join('{}' for _ in range(arity))})", 100, (0,) * arity)


def _enter(
    kind: type[Row], name: str, array: Callable[..., Any], rules: tuple[Rule, ...], more: Any
) -> Row:
    arity = more.setdefault("arity", len(rules))
    more.setdefault("notation", function_notation(name, arity))
    more.setdefault("symbol", name)
    row = kind(name=name, array=array, rules=rules, **more)
    OPS.add(row.name, row, row.aliases)
    if isinstance(row.array, np.ufunc):
        UFUNCS.setdefault(row.array, row)
    return row


def _advice(name: str, args: Sequence[Data], error: Exception) -> str:
    """What to do about shapes that do not fit."""
    if name == "matmul":
        if any(np.ndim(a) == 0 for a in args):
            return "matmul needs arrays: use * to multiply by a number"
        inner = np.shape(args[0])[-1], np.shape(args[1])[-2 if np.ndim(args[1]) > 1 else 0]
        return f"the inner sizes must be equal ({inner[0]} ≠ {inner[1]})"
    if len(args) > 1:
        return "sizes must be equal or 1, counted from the last axis"
    return str(error)
