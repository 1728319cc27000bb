"""`p -= rate * p.grad`: what an operator with = means for a recorded value.

Invariant: inside `no_grad` a leaf that was made by hand is changed, as torch changes it,
whatever other names it has. Everywhere else `a += b` is `a = a + b`: a new value is recorded,
and the old one stays what its consumers have used.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from backviz.autodiff.recording import SPECIAL, mode
from backviz.errors import ShapeError
from backviz.language import _

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "__iadd__": operator.add,
    "__isub__": operator.sub,
    "__imul__": operator.mul,
    "__itruediv__": operator.truediv,
    "__ifloordiv__": operator.floordiv,
    "__imod__": operator.mod,
    "__ipow__": operator.pow,
    "__imatmul__": operator.matmul,
}


def in_place(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The method of a value for one of these operators.

    >>> from backviz import Value, no_grad
    >>> a = b = Value(1.0)
    >>> a += 1
    >>> with no_grad():
    ...     b += 1
    >>> a, b
    (Value(2.0, op='add', grad=None), Value(2.0, grad=None))
    """

    def change(self: Any, other: Any) -> Any:
        new = operate(self, other)
        if not SPECIAL or mode().record or not self.by_hand:
            return new
        if new.shape != self.shape:
            raise ShapeError(
                _(
                    "{label} keeps its shape {shape} where it is changed in place; this would "
                    "give {shape2}",
                    label=self.label or "a leaf",
                    shape=self.shape,
                    shape2=new.shape,
                )
            )
        self.data = np.array(new.raw, self.raw.dtype) if new.shape else new.raw
        return self

    return change
