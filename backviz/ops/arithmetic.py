"""The four operations, powers and negation, elementwise with broadcasting."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from backviz.autodiff.notation import Notation
from backviz.autodiff.op import elementwise
from backviz.autodiff.operand import Params
from backviz.autodiff.origin import PRODUCT, SUM
from backviz.autodiff.symbol import Symbol
from backviz.ops.compare import equal, guard, less
from backviz.ops.elementary import log

# How tightly they bind; a product of matrices lies between quotients and products of numbers.
SUMS, QUOTIENTS, MATRICES, PRODUCTS, POWERS = 10, 18, 19, 20, 30
_SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

add = elementwise(
    "add",
    np.add,
    lambda out, a, b: 1,
    lambda out, a, b: 1,
    scalar=operator.add,
    notation=Notation("{} + {}", SUMS, (SUMS, SUMS)),
    symbol="+",
    domain="all numbers",
    note="The sum of both.",
    gradient="Copies the upstream gradient to both inputs.",
    torch="add",
    commutes=True,
    gives="alike",
)

sub = elementwise(
    "sub",
    np.subtract,
    lambda out, a, b: 1,
    lambda out, a, b: -1,
    scalar=operator.sub,
    notation=Notation("{} − {}", SUMS, (SUMS, SUMS + 1)),
    symbol="−",
    domain="all numbers",
    note="The first minus the second.",
    gradient="Copies the upstream gradient to the left input, with its sign changed to the right.",
    torch="sub",
    aliases=("subtract",),
    gives="count",
)

mul = elementwise(
    "mul",
    np.multiply,
    lambda out, a, b: b,
    lambda out, a, b: a,
    scalar=operator.mul,
    notation=Notation("{}·{}", PRODUCTS, (PRODUCTS, PRODUCTS)),
    symbol="×",
    domain="all numbers",
    note="The product of both.",
    gradient="Swaps its inputs: each one's local derivative is the other's value.",
    torch="mul",
    aliases=("multiply",),
    commutes=True,
    gives="alike",
)

div = elementwise(
    "div",
    np.divide,
    lambda out, a, b: 1 / b,
    lambda out, a, b: -out / b,
    scalar=operator.truediv,
    # a quotient is bracketed inside a product: "a / b·c" would read as a / (b·c)
    notation=Notation("{} / {}", QUOTIENTS, (PRODUCTS, PRODUCTS + 1)),
    symbol="÷",
    domain="denominator not 0",
    note="The first divided by the second.",
    gradient="A small denominator makes both derivatives large.",
    torch="div",
    aliases=("divide", "true_divide"),
    interval=(0.5, 2.0),
)

neg = elementwise(
    "neg",
    np.negative,
    lambda out, x: -1,
    scalar=operator.neg,
    notation=Notation("−{}", PRODUCTS, (PRODUCTS,)),
    symbol="−□",
    domain="all numbers",
    note="The number with its sign changed.",
    gradient="Changes the sign of the gradient.",
    torch="neg",
    aliases=("negative",),
    gives="count",
)

SUM.op, PRODUCT.op = add, mul  # what the operators record by themselves


def _power(a: Any, exponent: Any) -> Any:
    """a to the exponent, simplified for a plain 0 or 1, so that no 0·∞ comes up at a = 0."""
    if isinstance(exponent, float) and exponent in (0.0, 1.0):
        return a if exponent else 1.0
    return pow(a, exponent)


def _raised(symbols: Sequence[Symbol], params: Params) -> tuple[str, int] | None:
    """`x²`, with a whole exponent as a small sign; `A⁻¹` is the inverse, and not what is meant."""
    base, exponent = symbols
    if exponent.text == "−1" and base.ndim > 1:
        return None
    if exponent.literal and exponent.text.lstrip("−").isdigit():
        return base.bracketed(POWERS + 1) + exponent.text.translate(_SUPERSCRIPTS), POWERS
    return None


# torch: an exponent of 0 has slope 0 everywhere, and 0 ** b has slope 0 in b for b ≥ 0. What is
# guarded is the argument, not the result: then derivatives of the rule are finite as well.
pow = elementwise(  # noqa: A001
    "pow",
    np.power,
    lambda out, a, b: b * _power(a, guard(b - 1, equal(b, 0))),
    lambda out, a, b: out * log(guard(a, equal(a, 0) * (1 - less(b, 0)), value=1.0)),
    scalar=math.pow,
    notation=Notation("{}^{}", POWERS, (POWERS + 1, POWERS), _raised),
    symbol="^",
    domain="base > 0, or a whole exponent",
    note="The first to the power of the second.",
    gradient="For the base, the exponent comes down and the power falls by one; for the exponent, "
    "the result is multiplied by the logarithm of the base.",
    torch="pow",
    aliases=("power",),
    interval=(0.3, 2.0),
)
