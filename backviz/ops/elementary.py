"""Elementary functions of one number, elementwise."""

from __future__ import annotations

import math

import numpy as np

from backviz.autodiff.op import Elementwise, Notation, elementwise

exp = elementwise(
    "exp",
    np.exp,
    lambda out, x: out,
    scalar=math.exp,
    domain="x < 709.78 (above it overflows)",
    note="Its own derivative.",
)

log = elementwise(
    "log",
    np.log,
    lambda out, x: 1 / x,
    scalar=math.log,
    domain="x > 0",
    note="The natural logarithm. A small input makes a large gradient.",
    aliases=("ln",),
    interval=(0.3, 3.0),
)

sqrt = elementwise(
    "sqrt",
    np.sqrt,
    lambda out, x: 0.5 / out,
    scalar=math.sqrt,
    notation=Notation("√({})", 100, (0,)),
    symbol="√",
    domain="x ≥ 0; the derivative is infinite at 0",
    note="Steep near 0.",
    interval=(0.3, 3.0),
)

sin = elementwise(
    "sin",
    np.sin,
    lambda out, x: cos(x),
    scalar=math.sin,
    domain="all numbers",
    note="The derivative is the cosine.",
)

cos: Elementwise = elementwise(
    "cos",
    np.cos,
    lambda out, x: -sin(x),
    scalar=math.cos,
    domain="all numbers",
    note="The derivative is minus the sine.",
)

sign = elementwise(
    "sign",
    np.sign,
    lambda out, x: 0,
    domain="all numbers",
    note="−1, 0 or 1. Flat everywhere, so its gradient is 0.",
    smooth=False,
)

abs = elementwise(  # noqa: A001
    "abs",
    np.abs,
    lambda out, x: sign(x),
    scalar=math.fabs,
    notation=Notation("|{}|", 100, (0,)),
    symbol="|x|",
    domain="all numbers",
    note="Passes the gradient with the sign of x; at the kink x = 0 the derivative is 0.",
    aliases=("fabs", "absolute"),
    smooth=False,
)
