"""A call of an op, as its row holds it: the sample that explains it, and the one at its kink.

Invariant: arrays and floats become leaves; labels and options go to the op as they are. The
arrays of a call are read, never written to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from backviz.autodiff.operand import NO_PARAMS


class Call(NamedTuple):
    """Operands and options."""

    args: tuple[Any, ...] = ()
    params: Mapping[str, Any] = NO_PARAMS

    def of(self, name: str) -> str:
        """How the call of an op of that name is written.

        >>> Call((floats(1, 1),), {"pieces": 2}).of("maxout")
        'maxout([1, 1], pieces=2)'
        """
        options = (f"{option}={_written(x)}" for option, x in self.params.items())
        return f"{name}({', '.join([*map(_written, self.args), *options])})"


def _written(x: Any) -> str:
    if isinstance(x, np.ndarray | list):
        return f"[{', '.join(map(_written, x))}]"
    return f"{x:g}"


def floats(*entries: Any) -> np.ndarray:
    """An array of small numbers, or of rows of them."""
    return np.array(entries, dtype=float)


VECTOR, OTHER = floats(1, 3, 2), floats(2, -1, 1)
MATRIX, SQUARE = floats([1, 3, 2], [4, 6, 5]), floats([2, 1], [1, 3])
WEIGHTS = floats([1, 0], [2, 1], [0, -1])  # a layer from three to two
SCORES, LABELS = floats([1, 0, -1], [0.5, 2, 1]), [0, 2]
ROW = floats([[1, 3, 2, 4]])  # (1, 1, 4): one example, one channel
PICTURE = floats([[[1, 3, 2], [4, 6, 5], [0, 2, 1]]])  # (1, 1, 3, 3)
NUMBERS = (2.0, 3.0, 4.0)

ONE_NUMBER, ONE_ARRAY, TWO_ARRAYS = Call((0.5,)), Call((VECTOR,)), Call((VECTOR, OTHER))


def plain_sample(elementwise: bool, arity: int) -> Call:
    """The sample of an op whose row names none: a number or more, or a vector or two.

    >>> plain_sample(True, 1).args, plain_sample(True, 2).args
    ((0.5,), (2.0, 3.0))
    """
    if elementwise:
        return ONE_NUMBER if arity == 1 else Call(NUMBERS[:arity])
    return ONE_ARRAY if arity == 1 else TWO_ARRAYS
