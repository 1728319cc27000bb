"""Elementary functions of one number, elementwise."""

from __future__ import annotations

import math

import numpy as np

from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Elementwise, elementwise

exp = elementwise(
    "exp",
    np.exp,
    lambda out, x: out,
    scalar=math.exp,
    domain="x < 709.78 (above it overflows)",
    note="Its own derivative.",
)

expm1 = elementwise(
    "expm1",
    np.expm1,
    lambda out, x: exp(x),
    scalar=math.expm1,
    domain="x < 709.78 (above it overflows)",
    note="e^x − 1, accurate near 0. The derivative is e^x.",
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

log1p = elementwise(
    "log1p",
    np.log1p,
    lambda out, x: 1 / (1 + x),
    scalar=math.log1p,
    domain="x > −1",
    note="log(1 + x), accurate near 0. The derivative is large near −1.",
    interval=(-0.5, 2.0),
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

square = elementwise(
    "square",
    np.square,
    lambda out, x: 2 * x,
    scalar=lambda x: x * x,
    notation=Notation("{}²", 30, (31,)),  # binds like a power
    symbol="□²",
    domain="all numbers",
    note="The derivative is twice the input.",
)

reciprocal = elementwise(
    "reciprocal",
    np.reciprocal,
    lambda out, x: -(out**2),
    scalar=lambda x: 1 / x,
    notation=Notation("1 / {}", 18, (21,)),  # binds like a quotient
    symbol="1/□",
    domain="x not 0",
    note="A small input makes a large gradient.",
    interval=(0.5, 2.0),
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

tan = elementwise(
    "tan",
    np.tan,
    lambda out, x: 1 + out**2,
    scalar=math.tan,
    domain="not an odd multiple of pi/2",
    note="Steep near the odd multiples of pi/2.",
    interval=(-1.2, 1.2),
)

arcsin = elementwise(
    "arcsin",
    np.arcsin,
    lambda out, x: reciprocal(sqrt(1 - x**2)),
    scalar=math.asin,
    domain="−1 ≤ x ≤ 1; the derivative is infinite at −1 and 1",
    note="The angle whose sine is x. Steep near −1 and 1.",
    aliases=("asin",),
    interval=(-0.9, 0.9),
)

arccos = elementwise(
    "arccos",
    np.arccos,
    lambda out, x: -reciprocal(sqrt(1 - x**2)),
    scalar=math.acos,
    domain="−1 ≤ x ≤ 1; the derivative is infinite at −1 and 1",
    note="The angle whose cosine is x. Steep near −1 and 1.",
    aliases=("acos",),
    interval=(-0.9, 0.9),
)

arctan = elementwise(
    "arctan",
    np.arctan,
    lambda out, x: 1 / (1 + x**2),
    scalar=math.atan,
    domain="all numbers",
    note="The angle whose tangent is x, between −pi/2 and pi/2. Flat far from 0.",
    aliases=("atan",),
)

sinh: Elementwise = elementwise(
    "sinh",
    np.sinh,
    lambda out, x: cosh(x),
    scalar=math.sinh,
    domain="|x| < 710.47 (beyond it overflows)",
    note="Half of e^x − e^(−x). The derivative is the hyperbolic cosine.",
)

cosh: Elementwise = elementwise(
    "cosh",
    np.cosh,
    lambda out, x: sinh(x),
    scalar=math.cosh,
    domain="|x| < 710.47 (beyond it overflows)",
    note="Half of e^x + e^(−x). The derivative is the hyperbolic sine.",
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
    symbol="|□|",
    domain="all numbers",
    note="Passes the gradient with the sign of x; at the kink x = 0 the derivative is 0.",
    aliases=("fabs", "absolute"),
    smooth=False,
)
