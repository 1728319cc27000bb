"""A small call of every op, to be explained with numbers.

Invariant: arrays and floats become leaves; labels and options go to the op as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backviz.autodiff.op import Op
from backviz.ops.index import as_key


@dataclass(frozen=True, slots=True)
class Call:
    """Operands and options."""

    args: tuple[Any, ...]
    params: Mapping[str, Any] = field(default_factory=dict)


def _a(*entries: Any) -> np.ndarray:
    return np.array(entries, dtype=float)


VECTOR, OTHER = _a(1, 3, 2), _a(2, -1, 1)
MATRIX, SQUARE = _a([1, 3, 2], [4, 6, 5]), _a([2, 1], [1, 3])
ROW = _a([[1, 3, 2, 4]])  # (1, 1, 4): one picture, one channel
SCORES, LABELS = _a([1, 0, -1], [0.5, 2, 1]), [0, 2]
PICTURE = _a([[[1, 3, 2], [4, 6, 5], [0, 2, 1]]])  # (1, 1, 3, 3)


def call_of(op: Op) -> Call:
    """The call that explains an op.

    >>> from backviz.ops import OPS
    >>> call_of(OPS["tanh"]).args, call_of(OPS["mul"]).args
    ((0.5,), (2.0, 3.0))
    """
    found = _CALLS.get(op.name)
    if found is not None:
        return found
    if op.elementwise:
        return Call((0.5,) if op.arity == 1 else (2.0, 3.0, 4.0)[: op.arity])
    return Call((VECTOR,) if op.arity == 1 else (VECTOR, OTHER))


def points_of(op: Op) -> tuple[float, ...]:
    """Inputs of a function of one number, inside its interval and at its kink.

    >>> from backviz.ops import OPS
    >>> points_of(OPS["log"]), points_of(OPS["relu"])
    ((0.5, 1.0, 2.0), (-2.0, -0.5, 0.0, 0.5, 2.0))
    """
    low, high = op.interval
    return tuple(x for x in (-2.0, -0.5, 0.0, 0.5, 1.0, 2.0) if low <= x <= high and
                 (low > 0 or op.name in ("log1p", "tan") or x != 1.0))  # fmt: skip


_CALLS: dict[str, Call] = {
    "where": Call((1.0, 2.0, 3.0)),
    "guard": Call((2.0, 0.0)),
    "clip": Call((0.5,), {"low": -1.0, "high": 1.0}),
    "prelu": Call((-2.0, 0.1)),
    "leaky_relu": Call((-0.5,)),
    "sum_to": Call((MATRIX,), {"shape": (3,)}),
    "broadcast_to": Call((VECTOR,), {"shape": (2, 3)}),
    "reshape": Call((MATRIX,), {"shape": (3, 2)}),
    "ravel": Call((MATRIX,)),
    "expand_dims": Call((VECTOR,), {"axis": 0}),
    "squeeze": Call((_a([1, 3, 2]),)),
    "swapaxes": Call((MATRIX,), {"axis1": 0, "axis2": 1}),
    "transpose": Call((MATRIX,)),
    "moveaxis": Call((MATRIX,), {"source": 0, "destination": 1}),
    "flip": Call((VECTOR,)),
    "roll": Call((VECTOR,), {"shift": 1}),
    "getitem": Call((VECTOR,), {"key": 1}),
    "scatter": Call((_a(1, 3),), {"key": as_key([0, 2]), "shape": (3,)}),
    "sum": Call((MATRIX,), {"axis": 0}),
    "mean": Call((MATRIX,), {"axis": 0}),
    "amax": Call((MATRIX,), {"axis": 1}),
    "amin": Call((MATRIX,), {"axis": 1}),
    "norm": Call((_a(3, -4),)),
    "pad": Call((VECTOR,), {"pad_width": ((1, 1),)}),
    "repeat": Call((VECTOR,), {"repeats": 2}),
    "tile": Call((VECTOR,), {"reps": (2,)}),
    "diagonal": Call((SQUARE,)),
    "tril": Call((SQUARE,)),
    "triu": Call((SQUARE,)),
    "matmul": Call((MATRIX, _a([1, 0], [2, 1], [0, -1]))),
    "outer": Call((VECTOR, _a(2, -1))),
    "trace": Call((SQUARE,)),
    "einsum": Call((MATRIX, _a([1, 0], [2, 1], [0, -1])), {"subscripts": "ij,jk->ik"}),
    "tensordot": Call((MATRIX, _a([1, 0], [2, 1], [0, -1])), {"axes": 1}),
    "inv": Call((SQUARE,)),
    "solve": Call((SQUARE, _a(1, 3))),
    "cofactors": Call((SQUARE,)),
    "det": Call((SQUARE,)),
    "logabsdet": Call((SQUARE,)),
    "slogdet_sign": Call((SQUARE,)),
    "maxout": Call((_a(1, 3, 5, 2),), {"pieces": 2}),
    "dropout": Call((VECTOR,), {"p": 0.5, "seed": 1}),
    "linear": Call((MATRIX, _a([1, 0], [2, 1], [0, -1]), _a(1, -1))),
    "layer_norm": Call((MATRIX, _a(1, 2, 1), _a(0, 1, 0))),
    "batch_norm": Call((_a([1, 3], [4, 6], [2, 1]), _a(1, 2), _a(0, 1))),
    "windows": Call((ROW,), {"size": (2,)}),
    "overlap_add": Call((_a([[[1, 3, 2], [4, 6, 5]]]),), {"extent": (4,)}),
    "conv1d": Call((ROW, _a([[1, -1]]))),
    "conv2d": Call((PICTURE, _a([[[1, 0], [0, -1]]]))),
    "conv_to_input": Call((_a([[1, 3, 2]]), _a([[1, -1]])), {"extent": (4,)}),
    "conv_to_kernel": Call((ROW, _a([[1, 3, 2]])), {"size": (2,)}),
    "not_first_largest": Call((ROW,), {"size": (2,), "stride": (2,)}),
    "max_pool1d": Call((ROW,), {"size": 2}),
    "max_pool2d": Call((PICTURE,), {"size": 2, "stride": 1}),
    "avg_pool1d": Call((ROW,), {"size": 2}),
    "avg_pool2d": Call((PICTURE,), {"size": 2, "stride": 1}),
    "binary_cross_entropy": Call((_a(0.8, 0.4), _a(1, 0))),
    "binary_cross_entropy_with_logits": Call((_a(2, 1), _a(1, 0))),
    "one_hot": Call((_a(0, 2),), {"classes": 3}),
    "nll_loss": Call((_a([-0.5, -1.5, -2], [-2, -0.4, -1.4]), LABELS)),
    "cross_entropy": Call((SCORES, LABELS)),
    "multi_margin_loss": Call((_a([1, 0.5, -1], [0.5, 2, 1]), LABELS)),
    "hinge_loss": Call((_a(0.5, 2), _a(1, -1))),
}

# Where an op of one slope to the left and another to the right is looked at, in the first entry.
KINKS: dict[str, Call] = {
    "abs": Call((0.0,)),
    "relu": Call((0.0,)),
    "relu6": Call((0.0,)),
    "hardtanh": Call((-1.0,)),
    "leaky_relu": Call((0.0,)),
    "prelu": Call((0.0, 0.1)),
    "selu": Call((0.0,)),
    "clip": Call((-1.0,), {"low": -1.0, "high": 1.0}),
    "maximum": Call((1.0, 1.0)),
    "minimum": Call((1.0, 1.0)),
    "amax": Call((_a(1, 1),)),
    "amin": Call((_a(1, 1),)),
    "norm": Call((_a(0, 0),)),
    "maxout": Call((_a(1, 1),), {"pieces": 2}),
    "max_pool1d": Call((_a([[1, 1]]),), {"size": 2}),
    "max_pool2d": Call((_a([[[1, 1], [0, 0]]]),), {"size": 2}),
    "l1_loss": Call((1.0, 1.0)),
    "hinge_loss": Call((1.0, 1.0)),
    "multi_margin_loss": Call((_a([0, 1]), [1])),
}
