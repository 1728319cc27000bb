"""The tables of ops: importing this package fills `OPS`.

Each row holds all that the program knows about an op; engine, pictures, tables,
explanations, checks and documentation read the same row.
"""

from backviz.autodiff.table import OPS
from backviz.ops.activations import maximum, minimum, relu, sigmoid, tanh
from backviz.ops.arithmetic import add, div, mul, neg, pow, sub  # noqa: A004
from backviz.ops.compare import equal, greater, guard, less
from backviz.ops.elementary import abs, cos, exp, log, sign, sin, sqrt  # noqa: A004
from backviz.ops.linalg import matmul
from backviz.ops.reduce import mean, sum  # noqa: A004
from backviz.ops.shape import broadcast_to, reshape, sum_to, swapaxes

__all__ = [
    "OPS",
    "abs",
    "add",
    "broadcast_to",
    "cos",
    "div",
    "equal",
    "exp",
    "greater",
    "guard",
    "less",
    "log",
    "matmul",
    "maximum",
    "mean",
    "minimum",
    "mul",
    "neg",
    "pow",
    "relu",
    "reshape",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "sub",
    "sum",
    "sum_to",
    "swapaxes",
    "tanh",
]
