"""Activations made of straight lines that are bounded on one side or on both: hard forms."""

from __future__ import annotations

import numpy as np

from backviz.autodiff.calls import Call
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import elementwise
from backviz.ops.activations import unless_nan
from backviz.ops.choose import clip, numbers, where
from backviz.ops.compare import greater, less, less_equal

relu6 = elementwise(
    "relu6",
    lambda x: np.clip(x, 0.0, 6.0),
    lambda out, x: unless_nan(greater(x, 0) * less(x, 6), out),
    notation=Notation("ReLU6({})", 100, (0,)),
    symbol="ReLU6",
    domain="all numbers",
    note="ReLU that stops at 6.",
    gradient="Passes the gradient between 0 and 6 and blocks it elsewhere; at the kinks 0 and 6 "
    "it blocks.",
    kink=Call((0.0,)),
    torch="nn.functional.relu6",
    masks=True,
)

hardtanh = elementwise(
    "hardtanh",
    lambda x, min_val=-1, max_val=1: np.clip(x, min_val, max_val),
    lambda out, x, min_val=-1, max_val=1: unless_nan(greater(x, min_val) * less(x, max_val), out),
    params=("min_val", "max_val"),
    bind=lambda x, min_val=None, max_val=None: (
        (x,),
        numbers(min_val=(min_val,), max_val=(max_val,)),
    ),
    domain="all numbers",
    note="Keeps numbers between two bounds, −1 and 1 unless told otherwise.",
    gradient="Passes the gradient between the bounds and blocks it elsewhere; at the kinks, the "
    "bounds, it blocks (clip passes it there).",
    kink=Call((-1.0,)),
    torch="nn.functional.hardtanh",
    masks=True,
    parts=lambda x, min_val=-1, max_val=1: clip(x, min_val, max_val),
)

hardsigmoid = elementwise(
    "hardsigmoid",
    lambda x: np.clip(x / 6 + 0.5, 0.0, 1.0),
    lambda out, x: greater(x, -3) * less(x, 3) / 6,
    domain="all numbers",
    note="A sigmoid of straight lines: x/6 + 0.5, kept between 0 and 1.",
    gradient="Passes a sixth of the gradient between −3 and 3 and blocks it elsewhere; at the "
    "kinks −3 and 3 it blocks.",
    kink=Call((-3.0,)),
    saturates=("below", "above"),
    torch="nn.functional.hardsigmoid",
    masks=True,
    parts=lambda x: clip(x / 6 + 0.5, 0, 1),
)

hardswish = elementwise(
    "hardswish",
    lambda x: x * np.clip(x + 3, 0.0, 6.0) / 6,
    lambda out, x: where(less_equal(x, -3), 0, where(less(x, 3), x / 3 + 0.5, 1)),
    domain="all numbers",
    note="x·hardsigmoid(x), a SiLU of a parabola and two straight lines.",
    gradient="Passes the gradient above 3 and blocks it below −3; in between the derivative is "
    "x/3 + 0.5, and at the kinks −3 and 3 it is 0 and 1.",
    kink=Call((-3.0,)),
    saturates=("below",),
    torch="nn.functional.hardswish",
    masks=True,
    parts=lambda x: x * hardsigmoid(x),
)
