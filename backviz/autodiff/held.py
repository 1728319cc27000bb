"""What a recorded value holds, as Python and numpy ask for it: shape, entries, truth, equality.

Invariant: an answer comes from the numbers alone; nothing here records but what is written
with an op (an entry, a transpose, a comparison).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backviz.autodiff.counts import used_whole
from backviz.autodiff.data import Size
from backviz.autodiff.decisions import note
from backviz.autodiff.meaning import plain_array
from backviz.autodiff.operand import NO_PARAMS, Operand
from backviz.autodiff.table import OPS
from backviz.language import _

_REPEATED = frozenset({list, tuple, str})


class Held(Operand):
    """The part of a value that looks at its numbers; the engine reads them as `raw`."""

    # `first` and `second` are the inputs; `first` is a tuple of them if there are more than two.
    # In a leaf `second` says since when it holds what it holds (`custody`).
    __slots__ = ("first", "grad", "origin", "raw", "second", "serial")

    raw: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data; `()` for a scalar."""
        data = self.raw
        return data.shape if isinstance(data, np.ndarray) else ()

    @property
    def ndim(self) -> int:
        """The number of axes; 0 for a scalar."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries; called as torch's method, `x.size()`, the shape."""
        return Size(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the data: float64, or float32 for arrays that were given so."""
        return self.raw.dtype if isinstance(self.raw, np.ndarray) else np.dtype(float)

    @property
    def T(self) -> Any:  # noqa: N802  (numpy's name)
        """The transpose, recorded.

        >>> from backviz import tensor
        >>> tensor([[1.0, 2.0]]).T.shape
        (2, 1)
        """
        return self if self.ndim < 2 else OPS["transpose"](self)

    def item(self) -> float:
        """The one number that the value holds.

        >>> from backviz import Value
        >>> Value([[4.0]]).item()
        4.0
        """
        number = self._one()
        note(self, number)
        return number

    def _one(self) -> float:
        if type(self.raw) is float:
            return self.raw
        if self.size != 1:
            raise ValueError(
                _(
                    "an array of shape {shape} is not one number; take an entry, or sum it",
                    shape=self.shape,
                )
            )
        return float(np.asarray(self.raw).item())

    def t(self) -> Any:
        """The transpose of a matrix, by torch's name."""
        return self.T

    def numpy(self) -> np.ndarray:
        """The data as a plain array of its own, without a record; a mask as booleans.

        >>> from backviz import tensor
        >>> tensor([1.0, 2.0]).numpy() * 2, (tensor([1.0, 2.0]) > 1).numpy()
        (array([2., 4.]), array([False,  True]))
        """
        return plain_array(self)

    def tolist(self) -> Any:
        """The data as Python floats in nested lists."""
        note(self, self.raw)
        return np.asarray(self.raw).tolist()

    def __bool__(self) -> bool:
        if type(self.raw) is not float and self.size != 1:
            raise ValueError(
                _(
                    "an array of shape {shape} is neither true nor false; compare single "
                    "entries, or use np.where to choose entry by entry",
                    shape=self.shape,
                )
            )
        answer = bool(self._one())
        note(self, answer)
        return answer

    def __format__(self, spec: str) -> str:
        return format(self._one(), spec) if spec else str(self)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(_("a single number has no length"))
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError(_("a single number cannot be iterated over"))
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> Any:
        if isinstance(other, (Operand, int, float, np.ndarray, np.generic, list, tuple)):
            return OPS["equal"](self, other)
        return NotImplemented

    def __ne__(self, other: object) -> Any:
        if isinstance(other, (Operand, int, float, np.ndarray, np.generic, list, tuple)):
            return OPS["not_equal"](self, other)
        return NotImplemented

    __hash__ = object.__hash__

    def __rmul__(self, other: Any) -> Any:
        whole = type(other) in _REPEATED and type(self.raw) is float and self.raw.is_integer()
        if whole and used_whole(self):  # [x] * n
            return other * int(self.raw)
        return self.interpret(OPS["mul"], (other, self), NO_PARAMS)

    def __index__(self) -> int:
        if self.size != 1 or not self._one().is_integer():
            raise TypeError(
                _("{raw} is no whole number, so it cannot count or be an index", raw=self.raw)
            )
        used_whole(self)
        note(self, int(self._one()), ours=True)
        return int(self._one())

    def __float__(self) -> float:
        from backviz.autodiff.exits import leave  # when a number leaves, not at a start

        note(self, self._one())
        return leave(self, self._one())

    def __int__(self) -> int:
        from backviz.autodiff.exits import leave

        number = self._one()
        if abs(number) < np.inf:
            note(self, int(number))
        return int(number if used_whole(self) else leave(self, number))
