"""An op: one row with everything that the program knows about an operation.

Invariant: a rule is written once, in terms of other ops, and serves three
readers. With numbers it computes, with recorded values it records (so derivatives
of any order work), with symbols it prints (so an explanation cannot drift from
the code that ran).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from sys import getrefcount
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from backviz.autodiff.buffers import LARGE, take
from backviz.autodiff.calls import ONE_NUMBER, Call, plain_sample
from backviz.autodiff.counts import used_whole
from backviz.autodiff.data import Data, applied, as_data, quietly
from backviz.autodiff.notation import Notation, function_notation
from backviz.autodiff.operand import NO_PARAMS, Operand, Params, add_method
from backviz.autodiff.origin import Origin
from backviz.autodiff.params import in_words, kinds_checked, no_option, takes
from backviz.autodiff.table import FUNCTIONS, OPS
from backviz.errors import InputError, ShapeError
from backviz.language import _

if TYPE_CHECKING:
    from backviz.autodiff.value import Value

Shape = tuple[int, ...]
Rule = Callable[..., Any]
Pulls = Callable[..., Callable[[int], Any]]
Bind = Callable[..., tuple[tuple[Any, ...], Params]]
Row = TypeVar("Row", bound="Op")
TORCH_WORDS = {"dim": "axis", "keepdim": "keepdims"}


@dataclass(frozen=True, slots=True, eq=False)
class Op(ABC):
    """One row of the table: all that the program knows of an operation.

    `scalar` computes with Python floats (None: `array` serves), `array` with numpy
    arrays. A rule that is `None` stands for an operand that never gets a gradient.
    `symbol` is the short sign in a picture, with □ where an operand's name goes.
    `domain` names the real inputs for which the result is finite, `interval` is a range of
    inputs inside it. `masks` says that the op blocks the gradient where its local derivative
    is 0. A `variadic` op takes any number of operands and has one rule, which is told the
    `position`; or `pulls`, which looks once at all operands and gives the rule by position.
    `bind` turns the arguments of a call into operands and params, where that is more than
    operands first, then `params` in their order. `parts` is the same function written in simpler
    ops. `shape` is the shape of the result, from those of the operands and the params, for ops
    whose rules ask for it. `numpy` are the functions of numpy that record as this op. `written`
    says that an expression may call it: not if the result can outgrow what was typed. `method`
    says that values and symbols have it as a method. `gives` is what the result stands for: a
    "mask", "positions", what the operands are ("alike"), or a whole number if they are masks or
    whole numbers ("count"); "" for numbers (`autodiff.meaning`).

    `note` says what the op makes, `gradient` what becomes of the gradient on its way back.
    `sample` is a small call that explains the op; `kink` is one whose first entry has one slope
    to the left and another to the right. `saturates` names the sides of 0, "below" and "above",
    on which the derivative fades. `torch` is the function of torch that means the same, as it
    stands after `torch.` ("" if there is none); `torch_options` are options that have other
    names there, besides `dim` and `keepdim`.
    """

    name: str
    array: Callable[..., Any]
    rules: tuple[Rule | None, ...]
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
    masks: bool = False
    variadic: bool = False
    pulls: Pulls | None = None
    bind: Bind | None = None
    parts: Callable[..., Any] | None = None
    shape: Callable[..., Shape] | None = None
    numpy: tuple[Callable[..., Any], ...] = ()
    written: bool = True
    method: bool = True
    gives: str = ""
    gradient: str = ""
    sample: Call = ONE_NUMBER
    kink: Call | None = None
    saturates: tuple[str, ...] = ()
    torch: str = ""
    torch_options: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = field(init=False)
    idle: Origin = field(init=False)

    elementwise: ClassVar[bool]

    def __post_init__(self) -> None:
        # one origin for all plain calls, so that a recorded value costs no more than its slots
        object.__setattr__(self, "origin", Origin(self, wants=True))
        object.__setattr__(self, "idle", Origin(self, wants=False))

    def __deepcopy__(self, memo: Any) -> Op:
        return self

    def __reduce__(self) -> Any:
        return op_named, (self.name,)

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Compute, record or print, as the arguments ask for."""
        if params or self.bind is not None or (len(args) != self.arity and not self.variadic):
            args, params = self.arguments(args, params)
        for arg in args:
            if isinstance(arg, Operand):
                return arg.interpret(self, args, params or NO_PARAMS)
        return self.compute([a if type(a) is float else as_data(a) for a in args], params)

    def arguments(self, args: tuple[Any, ...], given: Params) -> tuple[tuple[Any, ...], Params]:
        """The operands and the params of a call, from arguments as numpy or torch take them."""
        options = given
        if given:
            options = {TORCH_WORDS.get(k, k): v for k, v in given.items()}
            for storage in ("dtype", "out"):
                if options.pop(storage, None) is not None:
                    raise TypeError(_("{name} of a recorded value takes no {list}; leave it away",
                                      name=self.name, list=storage))  # fmt: skip
        try:
            if options:
                kinds_checked(self.name, options)
            bound = self.bind(*args, **options) if self.bind else self._in_order(args, options)
        except (TypeError, ValueError, OverflowError) as error:
            raise in_words(error, self.name, self.bind) from None
        for option in bound[1].values():
            if type(option) is tuple:
                for each in option:
                    if isinstance(each, Operand):
                        used_whole(each)
            elif isinstance(option, Operand):
                used_whole(option)
        return bound

    def _in_order(self, args: tuple[Any, ...], options: Params) -> tuple[tuple[Any, ...], Params]:
        if self.variadic:
            return args, options
        more = args[self.arity :]
        if len(args) < self.arity or len(more) > len(self.params):
            raise TypeError(takes(self.name, self.arity, self.params, len(args)))
        positional = dict(zip(self.params, more, strict=False))
        for name in options:
            if name not in self.params or name in positional:
                raise TypeError(no_option(self.name, name, self.params))
        return args[: self.arity], {**positional, **options}

    def compute(self, args: Sequence[Data], params: Params) -> Data:
        """The forward value; IEEE rules throughout: no exception for 1/0 or log(−1)."""
        if (
            self.scalar is not None
            and type(args[0]) is type(args[-1]) is float
            and (len(args) < 3 or all([type(a) is float for a in args]))  # noqa: C419  (faster)
        ):
            try:
                return self.scalar(*args, **params)
            except (ArithmeticError, ValueError):
                pass  # Python raises where IEEE 754 has NaN or an infinity: let numpy answer
        try:
            only = args[0] if len(args) == 1 else None
            if type(only) is np.ndarray and only.nbytes >= LARGE and type(self.array) is np.ufunc:
                spare = take(only.shape, only.dtype) if only.flags.c_contiguous else None
                return as_data(quietly(self.array, only, out=spare))
            return as_data(quietly(self.array, *args, **params))
        except MemoryError:
            raise InputError(
                _("{name}: the result is too large for the memory", name=self.name)
            ) from None
        except (ValueError, IndexError, OverflowError, np.linalg.LinAlgError) as error:
            raise self.misfit([""] * len(args), args, params, error) from None
        except TypeError as error:
            raise in_words(error, self.name) from None

    def misfit(
        self, names: Sequence[str], args: Sequence[Data], params: Params, error: Exception
    ) -> ShapeError:
        """What is wrong with these shapes, and where; `names` are what the operands are called."""
        from backviz.autodiff.misfit import misfit_error  # when something is wrong, not at a start

        return misfit_error(self, names, args, params, error)

    @property
    def differentiable(self) -> bool:
        """Whether a gradient can flow through; comparisons carry none."""
        return any(self.rules)

    @property
    def is_function(self) -> bool:
        """Whether this is an elementwise function of one operand that has a derivative."""
        return self.elementwise and self.arity == 1 and self.differentiable

    def rule(self, position: int) -> Rule | None:
        """The rule for one operand, or `None` if that operand never gets a gradient."""
        if not self.rules:
            return None
        if self.variadic:
            return partial(self.rules[0], position=position) if self.rules[0] else None
        return self.rules[position]

    def by_position(
        self, upstream: Any, out: Any, args: Sequence[Any], params: Params
    ) -> Callable[[int], Any]:
        """What each operand of a variadic op gets, by its position."""
        if self.pulls is not None:
            return self.pulls(upstream, out, args, **params)
        rule: Any = self.rules[0]
        return lambda i: rule(upstream, out, *args, position=i, **params)

    def result_shape(self, shapes: Sequence[Shape], params: Params) -> Shape | None:
        """The shape of the result without computing it, or `None` if that takes the numbers."""
        if self.elementwise:
            return np.broadcast_shapes(*shapes)
        return None if self.shape is None else self.shape(*shapes, **params)

    def wants(self, inputs: tuple[Value, ...]) -> bool:
        """Whether the result of these inputs wants a gradient."""
        position = 0
        for v in inputs:
            if v.origin.wants:
                rules = self.rules
                if not rules:
                    return False
                if rules[position] is not None:
                    return True
            position += not self.variadic
        return False

    @abstractmethod
    def pull(
        self, node: Value, upstream: Any, record: bool, keep: bool = True
    ) -> list[tuple[int, Any, Any]]:
        """Pull the upstream gradient back to the inputs that want one.

        Returns `(position, local derivative or None, contribution)` for each. With
        `record` the rule runs on the recorded values and is itself recorded; without, the
        caller sees to it that numpy is quiet (`data.quietly`), once for a whole pass. If
        it does not `keep` the local derivatives, their memory is used for the contributions.
        """


class Elementwise(Op):  # no dataclass again: it adds no field, and each costs a millisecond
    """An op on each entry; a rule gives the partial derivative `(out, *inputs)`.

    The engine multiplies by the upstream gradient and sums over broadcast axes,
    here and nowhere else.
    """

    __slots__ = ()
    elementwise: ClassVar[bool] = True

    def local(self, position: int, out: Any, args: Sequence[Any], params: Params) -> Any:
        """The partial derivative with respect to one input.

        >>> from backviz.ops import tanh
        >>> tanh.local(0, 0.5, (0.55,), {})
        0.75
        """
        rule = self.rules[position]
        assert rule is not None
        if type(out) is not float:
            return applied(rule, out, args, params)
        try:
            return rule(out, *args, **params)
        except (ArithmeticError, ValueError):
            # As in `compute`: Python floats raise, arrays follow IEEE 754.
            made = quietly(rule, np.array([out]), *[np.array([a]) for a in args], **params)
            return float(np.asarray(made).ravel()[0])

    def pull(
        self, node: Value, upstream: Any, record: bool, keep: bool = True
    ) -> list[tuple[int, Any, Any]]:
        """Upstream times local derivative, summed over broadcast axes."""
        if type(node.raw) is float and not record:
            return self._pull_number(node, upstream)
        inputs, params = node.inputs, node.origin.params
        out, args = _arguments(node, inputs, record)
        pulled: list[tuple[int, Any, Any]] = []
        for i, operand in enumerate(inputs):
            if not operand.origin.wants or (rule := self.rules[i]) is None:
                continue
            local = applied(rule, out, args, params)
            if self.masks:
                contribution = _masked(upstream, local)
            elif not keep and _is_ours(local, upstream):
                contribution = np.multiply(upstream, local, out=local)
                local = None
            else:
                contribution = _times(upstream, local)
            shape = operand.raw.shape if type(operand.raw) is np.ndarray else ()
            if getattr(contribution, "shape", ()) != shape:
                contribution = OPS["sum_to"](contribution, shape=shape)
            pulled.append((i, local, contribution))
        return pulled

    def _pull_number(self, node: Value, upstream: float) -> list[tuple[int, Any, Any]]:
        """The same for Python floats, of which there can be millions."""
        origin, out, second = node.origin, node.raw, node.second
        if second is None and type(node.first) is not tuple:
            local = self.local(0, out, (node.first.raw,), origin.params)
            return [(0, local, 0.0 if self.masks and local == 0 else upstream * local)]
        inputs = node.inputs
        args = [v.raw for v in inputs]
        pulled: list[tuple[int, Any, Any]] = []
        for i, operand in enumerate(inputs):
            if operand.origin.wants and self.rules[i] is not None:
                local = self.local(i, out, args, origin.params)
                part = 0.0 if self.masks and local == 0 else upstream * local
                pulled.append((i, local, part))
        return pulled


class Structural(Op):
    """An op on whole arrays; a rule gives the vjp `(upstream, out, *inputs)`."""

    __slots__ = ()
    elementwise: ClassVar[bool] = False

    def pull(
        self, node: Value, upstream: Any, record: bool, keep: bool = True
    ) -> list[tuple[int, Any, Any]]:
        """The vector-Jacobian products."""
        inputs, params, rules = node.inputs, node.origin.params, self.rules
        out, args = _arguments(node, inputs, record)
        pulled: list[tuple[int, Any, Any]] = []
        pulls = None if self.pulls is None else self.pulls(upstream, out, args, **params)
        for i, operand in enumerate(inputs):
            if not operand.origin.wants:
                continue
            if pulls is not None:
                made = pulls(i)
            elif self.variadic:
                made = rules[0](upstream, out, *args, position=i, **params)  # type: ignore[misc]
            elif (rule := rules[i]) is not None:
                made = rule(upstream, out, *args, **params)
            else:
                continue
            pulled.append((i, None, made))
        return pulled


def op_named(name: str) -> Op:
    """The op of the table; what a stored record calls to find its ops again."""
    return OPS[name]


def _arguments(node: Value, inputs: tuple[Value, ...], record: bool) -> tuple[Any, list[Any]]:
    """What a rule is given: recorded values to be recorded, where they want a gradient."""
    if record:
        return node, [v if v.requires_grad else v.raw for v in inputs]
    return node.raw, [v.raw for v in inputs]


def _is_ours(local: Any, upstream: Any) -> bool:
    """Whether a rule has just made this array, so that nobody sees it being written over."""
    alone = getrefcount(local) == 3  # the caller's name, ours, and the question itself
    return alone and _alike(upstream, local) and local.base is None


def _alike(a: Any, b: Any) -> bool:
    """Whether these are arrays of one shape, precision and order."""
    return (
        type(a) is type(b) is np.ndarray
        and a.shape == b.shape
        and a.dtype == b.dtype
        and a.flags.c_contiguous
        and b.flags.c_contiguous
    )


def _masked(upstream: Any, local: Any) -> Any:
    """upstream × local, but nothing passes where local is 0, not even an infinite gradient."""
    contribution = _times(upstream, local)
    numbers = contribution.raw if isinstance(contribution, Operand) else contribution
    if math.isfinite(np.vdot(numbers, numbers)):  # one quick look; upstream × 0 is 0 already
        return contribution
    blocked = (local.raw if isinstance(local, Operand) else np.asarray(local)) == 0
    if isinstance(contribution, Operand):
        return OPS["guard"](contribution, np.multiply(blocked, 1.0))
    return np.where(blocked, np.zeros_like(contribution), contribution)


def _times(upstream: Any, local: Any) -> Any:
    """upstream × local, without recording a multiplication by a literal ±1."""
    if type(local) is int:
        if local == 1:  # an array of its own: gradients of different values share nothing
            return upstream.copy() if isinstance(upstream, np.ndarray) else upstream
        if local == -1:
            return -upstream
    if type(local) is np.ndarray and local.dtype.char == "?":  # casting first is quicker
        local = local.astype(upstream.dtype)
    if type(upstream) is np.ndarray and upstream.nbytes >= LARGE and _alike(upstream, local):
        return np.multiply(upstream, local, out=take(upstream.shape, upstream.dtype))
    return upstream * local


def elementwise(
    name: str, array: Callable[..., Any], *rules: Rule | None, **more: Any
) -> Elementwise:
    """Enter an elementwise op into the table; `more` are fields of `Op`.

    Left out, `notation` is `name(a, b)`, `symbol` the name, `arity` the number of rules.
    """
    return _enter(Elementwise, name, array, rules, more)


def structural(
    name: str, array: Callable[..., Any], *rules: Rule | None, **more: Any
) -> Structural:
    """Enter an op on whole arrays into the table; `more` as for `elementwise`."""
    if (pulls := more.get("pulls")) is not None:
        rules = (lambda g, out, *xs, position, **o: pulls(g, out, xs, **o)(position),)
    return _enter(Structural, name, array, rules, more)


def _enter(
    kind: type[Row], name: str, array: Callable[..., Any], rules: tuple[Rule | None, ...], more: Any
) -> Row:
    arity = more.setdefault("arity", len(rules))
    more.setdefault("notation", function_notation(name, arity))
    more.setdefault("sample", plain_sample(kind.elementwise, arity))
    more.setdefault("symbol", name)
    row = kind(name=name, array=array, rules=rules, **more)
    OPS.add(row.name, row, row.aliases)
    for called in (row.name, *row.aliases) if row.method else ():
        if not hasattr(Operand, called):
            add_method(row, called)
    for function in (*row.numpy, row.array):
        if isinstance(function, np.ufunc) or function in row.numpy:
            FUNCTIONS.setdefault(function, row)
    return row
