"""What every operand of an op can do, whether it is a recorded value or a symbol.

Invariant: an operator or method here only names its row in the table of ops; what
happens is decided by the op and by the kind of operand, never here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from backviz.autodiff.counts import used_whole
from backviz.autodiff.remedies import attribute_refusal, operator_refusal, remedies, remedy
from backviz.autodiff.table import OPS
from backviz.language import N_, _

if TYPE_CHECKING:
    from backviz.autodiff.op import Op

Params = dict[str, Any]
NO_PARAMS: Params = {}


class Refused:
    """A name that people's code calls and no operand has: the AttributeError says what to write.

    A `__getattr__` would do the same, but with one the interpreter looks up every other
    attribute the slow way, which halves the engine's speed.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, operand: Any, owner: type[Operand]) -> NoReturn:
        base = self.name.removesuffix("_")
        known = base != self.name and hasattr(owner, base)
        said = attribute_refusal(self.name, owner.KIND, known)
        raise AttributeError(said, name=None)  # without a name, Python guesses none by spelling


_SENTENCES = [name.removeprefix("x.") for name in remedies()]
Refusing = type(  # made at once: 1,000 attributes set one by one are a tenth of the start
    "Refusing",
    (),
    {"__slots__": ()}
    | {n: Refused(n) for m in _SENTENCES for n in (m, f"{m}_") if n.isidentifier()},
)


class Operand(Refusing):  # type: ignore[misc, valid-type]
    """Anything that, handed to an op, makes the op do more than compute."""

    __slots__ = ()
    KIND = N_("a recorded value")  # what messages call it

    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Self:
        """What calling `op` means when this operand is among its arguments."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Self:
        return self.interpret(OPS["add"], (self, other), NO_PARAMS)

    def __radd__(self, other: Any) -> Self:
        return self.interpret(OPS["add"], (other, self), NO_PARAMS)

    def __sub__(self, other: Any) -> Self:
        return self.interpret(OPS["sub"], (self, other), NO_PARAMS)

    def __rsub__(self, other: Any) -> Self:
        return self.interpret(OPS["sub"], (other, self), NO_PARAMS)

    def __mul__(self, other: Any) -> Self:
        return self.interpret(OPS["mul"], (self, other), NO_PARAMS)

    def __rmul__(self, other: Any) -> Self:
        return self.interpret(OPS["mul"], (other, self), NO_PARAMS)

    def __truediv__(self, other: Any) -> Self:
        return self.interpret(OPS["div"], (self, other), NO_PARAMS)

    def __rtruediv__(self, other: Any) -> Self:
        return self.interpret(OPS["div"], (other, self), NO_PARAMS)

    def __pow__(self, other: Any, modulo: Any = None) -> Self:
        if modulo is not None:
            raise TypeError(
                _("pow(x, y, m) does not record; {remedy}", remedy=remedy("pow-modulo"))
            )
        return self.interpret(OPS["pow"], (self, other), NO_PARAMS)

    def __rpow__(self, other: Any) -> Self:
        return self.interpret(OPS["pow"], (other, self), NO_PARAMS)

    def __matmul__(self, other: Any) -> Self:
        return self.interpret(OPS["matmul"], (self, other), NO_PARAMS)

    def __rmatmul__(self, other: Any) -> Self:
        return self.interpret(OPS["matmul"], (other, self), NO_PARAMS)

    def __neg__(self) -> Self:
        return self.interpret(OPS["neg"], (self,), NO_PARAMS)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return self.interpret(OPS["abs"], (self,), NO_PARAMS)

    def __mod__(self, other: Any) -> Self:
        return self._divided("mod", self, other)

    def __rmod__(self, other: Any) -> Self:
        return self._divided("mod", other, self)

    def __floordiv__(self, other: Any) -> Self:
        return self._divided("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Self:
        return self._divided("floor_divide", other, self)

    def _divided(self, name: str, *args: Any) -> Self:
        for each in args:
            used_whole(each)  # `n // 2` of a count is a count
        return self.interpret(OPS[name], args, NO_PARAMS)

    def __divmod__(self, other: Any) -> tuple[Self, Self]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Self, Self]:
        return other // self, other % self

    def __round__(self, digits: int | None = None) -> Any:
        return OPS["round"](self, decimals=digits or 0)

    # operators without an op: a sentence instead of Python's "unsupported operand type"
    def __lshift__(self, other: Any) -> NoReturn:
        raise TypeError(operator_refusal("<<"))

    def __rshift__(self, other: Any) -> NoReturn:
        raise TypeError(operator_refusal(">>"))

    __rlshift__, __rrshift__ = __lshift__, __rshift__

    def __gt__(self, other: Any) -> Self:
        return self.interpret(OPS["greater"], (self, other), NO_PARAMS)

    def __lt__(self, other: Any) -> Self:
        return self.interpret(OPS["less"], (self, other), NO_PARAMS)

    def __ge__(self, other: Any) -> Self:
        return self.interpret(OPS["greater_equal"], (self, other), NO_PARAMS)

    def __le__(self, other: Any) -> Self:
        return self.interpret(OPS["less_equal"], (self, other), NO_PARAMS)

    def __and__(self, other: Any) -> Self:
        return self._combined("&", "logical_and", self, other)

    def __rand__(self, other: Any) -> Self:
        return self._combined("&", "logical_and", other, self)

    def __or__(self, other: Any) -> Self:
        return self._combined("|", "logical_or", self, other)

    def __ror__(self, other: Any) -> Self:
        return self._combined("|", "logical_or", other, self)

    def __xor__(self, other: Any) -> Self:
        return self._combined("^", "logical_xor", self, other)

    def __rxor__(self, other: Any) -> Self:
        return self._combined("^", "logical_xor", other, self)

    def __invert__(self) -> Self:
        return self._combined("~", "logical_not", self)

    def _combined(self, sign: str, name: str, *args: Any) -> Self:
        from backviz.autodiff.meaning import refuse_numbers

        refuse_numbers(sign, args)
        return self.interpret(OPS[name], args, NO_PARAMS)

    def max(self, *args: Any, **options: Any) -> Any:
        """The largest entry, over all axes or some; with another operand, the larger of two."""
        return OPS["maximum" if _is_operand(args) else "amax"](self, *args, **options)

    def min(self, *args: Any, **options: Any) -> Any:
        """The smallest entry, over all axes or some; with another operand, the smaller of two."""
        return OPS["minimum" if _is_operand(args) else "amin"](self, *args, **options)

    if (
        TYPE_CHECKING
    ):  # every public op is a method as well: x.tanh(), x.sum(axis=0), x.softmax(dim=1)

        def __getattr__(self, name: str) -> Any: ...

    def __dir__(self) -> list[str]:
        found: dict[str, Any] = {}
        for each in reversed(type(self).__mro__):
            found.update(vars(each))
        return [n for n in super().__dir__() if type(found.get(n)) is not Refused]

    @property
    def mT(self) -> Any:  # noqa: N802
        """The transpose of the last two axes, for stacks of matrices."""
        if self.ndim < 2:  # as for any name that is not there: hasattr asks
            raise AttributeError(
                _(
                    "{kind} of shape {shape} has no mT or mH, having no two axes to swap",
                    kind=self.KIND,
                    shape=self.shape,
                ),
                name=None,
            )
        return OPS["swapaxes"](self, axis1=-1, axis2=-2)

    def clone(self) -> Any:
        """The same number as a recorded value of its own, by torch's name.

        >>> from backviz import Value
        >>> x = Value(2.0)
        >>> (x.clone() * 3).backward()
        >>> x.grad
        3.0
        """
        return OPS["identity"](self)

    def t(self) -> Any:
        """The transpose of a matrix, by torch's name."""
        return self.T

    def __getitem__(self, key: Any) -> Any:
        return OPS["getitem"](self, key)

    def __setitem__(self, key: Any, entry: Any) -> None:
        raise TypeError(
            _(
                "the entries of a recorded value cannot be set: its consumers have used "
                "them; build a new value with np.where or np.concatenate, or set x.data[…] "
                "of a leaf before it is used"
            )
        )

    def __delitem__(self, key: Any) -> None:
        raise TypeError(
            _("the entries of a recorded value cannot be taken away; take those that stay: x[keep]")
        )

    def numel(self) -> int:
        """The number of entries, by torch's name."""
        return int(self.size)

    def dim(self) -> int:
        """The number of axes, by torch's name."""
        return int(self.ndim)

    # numpy asks these two before it would make an array of objects out of us
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        from backviz.autodiff.protocol import call_ufunc

        return call_ufunc(ufunc, method, args, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: Params
    ) -> Any:
        from backviz.autodiff.protocol import call_function

        return call_function(function, args, kwargs)


def add_method(op: Op, name: str) -> None:
    """Make an op a method of everything that ops take: `x.tanh()`."""

    def method(self: Operand, *args: Any, **options: Any) -> Any:
        if args or options or op.bind is not None:
            return op(self, *args, **options)
        return self.interpret(op, (self,), NO_PARAMS)

    def function(self: Operand) -> Any:
        return self.interpret(op, (self,), NO_PARAMS)

    if op.arity == 1 and op.bind is None and not op.params:
        method = function
    method.__name__ = name
    method.__qualname__ = name  # Python's messages say it
    method.__doc__ = f"The op `{op.name}`. {op.note} {op.gradient}".rstrip()
    setattr(Operand, name, method)


def _is_operand(args: tuple[Any, ...]) -> bool:
    """Whether `x.max(…)` was given something to compare with, and not an axis."""
    return bool(args) and not isinstance(args[0], int | tuple | None)


def refuse_names() -> None:
    """Set a sentence for the in-place form of each method, which people's code may look for."""
    for name in [*vars(Operand)]:
        if name[-1] != "_" and name[0] != "_" and f"{name}_" not in vars(Operand):
            setattr(Operand, f"{name}_", Refused(f"{name}_"))
