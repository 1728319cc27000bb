"""Elementary functions of one number, elementwise."""

from __future__ import annotations

import math

import numpy as np

from backviz.autodiff.calls import Call
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Elementwise, elementwise
from backviz.autodiff.symbol import constant

LN_2, LN_10 = math.log(2), math.log(10)

exp = elementwise(
    "exp",
    np.exp,
    lambda out, x: out,
    scalar=math.exp,
    domain="x < 709.78 (above it overflows)",
    note="e to the power of x.",
    gradient="Multiplies the gradient by the result: exp is its own derivative.",
    torch="exp",
)

expm1 = elementwise(
    "expm1",
    np.expm1,
    lambda out, x: exp(x),
    scalar=math.expm1,
    domain="x < 709.78 (above it overflows)",
    note="e^x − 1, accurate near 0.",
    gradient="The derivative is e^x: the gradient grows with x and fades far below 0.",
    torch="expm1",
)

exp2: Elementwise = elementwise(
    "exp2",
    np.exp2,
    lambda out, x: out * constant("log(2)", LN_2, x),
    domain="x < 1024 (from there it overflows)",
    note="2 to the power of x.",
    gradient="Multiplies the gradient by the result and by log(2), about 0.69.",
    torch="exp2",
)

log = elementwise(
    "log",
    np.log,
    lambda out, x: 1 / x,
    scalar=math.log,
    domain="x > 0",
    note="The natural logarithm.",
    gradient="Divides the gradient by the input: a small input makes a large gradient.",
    torch="log",
    aliases=("ln",),
    interval=(0.3, 3.0),
)

log2 = elementwise(
    "log2",
    np.log2,
    lambda out, x: 1 / (x * constant("log(2)", LN_2, x)),
    domain="x > 0",
    note="The logarithm to base 2: 1 more for each doubling.",
    gradient="Divides the gradient by x·log(2): a small input makes a large gradient.",
    torch="log2",
    interval=(0.3, 3.0),
)

log10 = elementwise(
    "log10",
    np.log10,
    lambda out, x: 1 / (x * constant("log(10)", LN_10, x)),
    domain="x > 0",
    note="The logarithm to base 10: 1 more for each factor of ten.",
    gradient="Divides the gradient by x·log(10): a small input makes a large gradient.",
    torch="log10",
    interval=(0.3, 3.0),
)

log1p = elementwise(
    "log1p",
    np.log1p,
    lambda out, x: 1 / (1 + x),
    scalar=math.log1p,
    domain="x > −1",
    note="log(1 + x), accurate near 0.",
    gradient="Divides the gradient by 1 + x: it is large near −1.",
    torch="log1p",
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
    note="The square root.",
    gradient="Divides the gradient by twice the root: it is large near 0.",
    torch="sqrt",
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
    note="The number times itself.",
    gradient="Multiplies the gradient by twice the input.",
    torch="square",
)

reciprocal = elementwise(
    "reciprocal",
    np.reciprocal,
    lambda out, x: -(out**2),
    scalar=lambda x: 1 / x,
    notation=Notation("1 / {}", 18, (21,)),  # binds like a quotient
    symbol="1/□",
    domain="x not 0",
    note="One divided by the number.",
    gradient="Changes the sign and divides by the square of the input: a small input makes a "
    "large gradient.",
    torch="reciprocal",
    interval=(0.5, 2.0),
)

sin = elementwise(
    "sin",
    np.sin,
    lambda out, x: cos(x),
    scalar=math.sin,
    domain="all numbers",
    note="The sine of an angle in radians.",
    gradient="Multiplies the gradient by the cosine: none passes at the crests and troughs.",
    torch="sin",
)

cos: Elementwise = elementwise(
    "cos",
    np.cos,
    lambda out, x: -sin(x),
    scalar=math.cos,
    domain="all numbers",
    note="The cosine of an angle in radians.",
    gradient="Multiplies the gradient by minus the sine: none passes at the crests and troughs.",
    torch="cos",
)

tan = elementwise(
    "tan",
    np.tan,
    lambda out, x: 1 + out**2,
    scalar=math.tan,
    domain="not an odd multiple of π/2",
    note="The tangent of an angle in radians.",
    gradient="Multiplies the gradient by 1 + out², which is large near the odd multiples of π/2.",
    torch="tan",
    interval=(-1.2, 1.2),
)

arcsin = elementwise(
    "arcsin",
    np.arcsin,
    lambda out, x: reciprocal(sqrt(1 - x**2)),
    scalar=math.asin,
    domain="−1 ≤ x ≤ 1; the derivative is infinite at −1 and 1",
    note="The angle whose sine is x.",
    gradient="Never shrinks the gradient, and makes it large near −1 and 1.",
    torch="arcsin",
    aliases=("asin",),
    interval=(-0.9, 0.9),
)

arccos = elementwise(
    "arccos",
    np.arccos,
    lambda out, x: -reciprocal(sqrt(1 - x**2)),
    scalar=math.acos,
    domain="−1 ≤ x ≤ 1; the derivative is infinite at −1 and 1",
    note="The angle whose cosine is x.",
    gradient="Changes the sign of the gradient and makes it large near −1 and 1.",
    torch="arccos",
    aliases=("acos",),
    interval=(-0.9, 0.9),
)

arctan = elementwise(
    "arctan",
    np.arctan,
    lambda out, x: 1 / (1 + x**2),
    scalar=math.atan,
    domain="all numbers",
    note="The angle whose tangent is x, between −π/2 and π/2.",
    gradient="Divides the gradient by 1 + x²: far from 0 little is left (saturated).",
    saturates=("below", "above"),
    torch="arctan",
    aliases=("atan",),
)

sinh: Elementwise = elementwise(
    "sinh",
    np.sinh,
    lambda out, x: cosh(x),
    scalar=math.sinh,
    domain="|x| < 710.47 (beyond it overflows)",
    note="Half of e^x − e^(−x), the hyperbolic sine.",
    gradient="Multiplies the gradient by the hyperbolic cosine, which is at least 1.",
    torch="sinh",
)

cosh: Elementwise = elementwise(
    "cosh",
    np.cosh,
    lambda out, x: sinh(x),
    scalar=math.cosh,
    domain="|x| < 710.47 (beyond it overflows)",
    note="Half of e^x + e^(−x), the hyperbolic cosine.",
    gradient="Multiplies the gradient by the hyperbolic sine, which is 0 at 0.",
    torch="cosh",
)

arcsinh = elementwise(
    "arcsinh",
    np.arcsinh,
    lambda out, x: reciprocal(sqrt(x**2 + 1)),
    domain="all numbers",
    note="The number whose hyperbolic sine is x; it grows like a logarithm on both sides.",
    gradient="Divides the gradient by √(x² + 1): it passes whole at 0 and shrinks slowly far away.",
    torch="arcsinh",
    aliases=("asinh",),
)

arccosh = elementwise(
    "arccosh",
    np.arccosh,
    lambda out, x: reciprocal(sqrt(x**2 - 1)),
    domain="x ≥ 1; the derivative is infinite at 1",
    note="The number ≥ 0 whose hyperbolic cosine is x.",
    gradient="Divides the gradient by √(x² − 1): it is large near 1.",
    sample=Call((2.0,)),
    torch="arccosh",
    aliases=("acosh",),
    interval=(1.2, 3.0),
)

arctanh = elementwise(
    "arctanh",
    np.arctanh,
    lambda out, x: 1 / (1 - x**2),
    domain="−1 < x < 1",
    note="The number whose hyperbolic tangent is x.",
    gradient="Divides the gradient by 1 − x²: it is large near −1 and 1.",
    torch="arctanh",
    aliases=("atanh",),
    interval=(-0.9, 0.9),
)

sign = elementwise(
    "sign",
    np.sign,
    lambda out, x: 0,
    domain="all numbers",
    note="−1, 0 or 1.",
    gradient="Stops the gradient: the graph is flat on both sides of the jump, and the rule takes "
    "0 there too.",
    torch="sign",
)

abs = elementwise(  # noqa: A001
    "abs",
    np.abs,
    lambda out, x: sign(x),
    scalar=math.fabs,
    notation=Notation("|{}|", 100, (0,)),
    symbol="|□|",
    domain="all numbers",
    note="The number without its sign.",
    gradient="Passes the gradient with the sign of x; at the kink x = 0 it is 0.",
    kink=Call((0.0,)),
    torch="abs",
    aliases=("fabs", "absolute"),
)
