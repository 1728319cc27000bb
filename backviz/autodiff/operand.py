"""What every operand of an op can do, whether it is a recorded value or a symbol.

Invariant: an operator or method here only names its row in the table of ops; what
happens is decided by the op and by the kind of operand, never here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from backviz.autodiff.table import OPS, UFUNCS

if TYPE_CHECKING:
    from backviz.autodiff.op import Op

Params = dict[str, Any]
NO_PARAMS: Params = {}


class Operand(ABC):
    """Anything that, handed to an op, makes the op do more than compute."""

    __slots__ = ()

    @abstractmethod
    def interpret(self, op: Op, args: tuple[Any, ...], params: Params) -> Self:
        """What calling `op` means when this operand is among its arguments."""

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

    def __pow__(self, other: Any) -> Self:
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

    def abs(self) -> Self:
        """The absolute value, elementwise."""
        return self.interpret(OPS["abs"], (self,), NO_PARAMS)

    def exp(self) -> Self:
        """The exponential, elementwise."""
        return self.interpret(OPS["exp"], (self,), NO_PARAMS)

    def log(self) -> Self:
        """The natural logarithm, elementwise."""
        return self.interpret(OPS["log"], (self,), NO_PARAMS)

    def sqrt(self) -> Self:
        """The square root, elementwise."""
        return self.interpret(OPS["sqrt"], (self,), NO_PARAMS)

    def sin(self) -> Self:
        """The sine, elementwise."""
        return self.interpret(OPS["sin"], (self,), NO_PARAMS)

    def cos(self) -> Self:
        """The cosine, elementwise."""
        return self.interpret(OPS["cos"], (self,), NO_PARAMS)

    def tanh(self) -> Self:
        """The hyperbolic tangent, elementwise."""
        return self.interpret(OPS["tanh"], (self,), NO_PARAMS)

    def sigmoid(self) -> Self:
        """The logistic sigmoid, elementwise."""
        return self.interpret(OPS["sigmoid"], (self,), NO_PARAMS)

    def relu(self) -> Self:
        """The positive part, elementwise."""
        return self.interpret(OPS["relu"], (self,), NO_PARAMS)

    def sign(self) -> Self:
        """The sign, elementwise: −1, 0 or 1."""
        return self.interpret(OPS["sign"], (self,), NO_PARAMS)

    # numpy's own functions call these methods and pass `dtype` and `out` along

    def sum(
        self,
        axis: int | tuple[int, ...] | None = None,
        dtype: None = None,
        out: None = None,
        keepdims: bool = False,
    ) -> Self:
        """The sum over all entries or over axes."""
        _refuse_storage("sum", dtype, out)
        return cast(Self, OPS["sum"](self, axis=axis, keepdims=keepdims))

    def mean(
        self,
        axis: int | tuple[int, ...] | None = None,
        dtype: None = None,
        out: None = None,
        keepdims: bool = False,
    ) -> Self:
        """The mean over all entries or over axes."""
        _refuse_storage("mean", dtype, out)
        return cast(Self, OPS["mean"](self, axis=axis, keepdims=keepdims))

    def reshape(self, *shape: Any) -> Self:
        """The same entries in another shape."""
        target = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return cast(Self, OPS["reshape"](self, shape=tuple(target)))

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        """The same entries with two axes exchanged."""
        return cast(Self, OPS["swapaxes"](self, axis1=axis1, axis2=axis2))

    # numpy asks this before it would make an array of objects out of us.
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        op = UFUNCS.get(ufunc)
        if op is None or method != "__call__" or kwargs:
            return NotImplemented
        return op(*args)


def _refuse_storage(name: str, dtype: object, out: object) -> None:
    if dtype is not None or out is not None:
        raise TypeError(f"{name} of a recorded value takes no dtype and no out; leave them away")
