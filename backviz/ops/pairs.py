"""Functions of two numbers, elementwise: angles, lengths, soft maxima, a sign from elsewhere."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backviz.autodiff.calls import Call
from backviz.autodiff.op import elementwise
from backviz.autodiff.symbol import constant
from backviz.ops.activations import sigmoid
from backviz.ops.compare import equal, guard
from backviz.ops.elementary import LN_2, sign


def _over_squares(x: Any, a: Any, b: Any) -> Any:
    """x / (a² + b²), but 0 where the squares are 0, as in torch."""
    squares = a**2 + b**2
    zero = equal(squares, 0)
    return guard(x / guard(squares, zero, value=1.0), zero)


arctan2 = elementwise(
    "arctan2",
    np.arctan2,
    lambda out, a, b: _over_squares(b, a, b),
    lambda out, a, b: -_over_squares(a, a, b),
    scalar=math.atan2,
    domain="all numbers",
    note="The angle of the point (b, a), from −π to π: its height comes first.",
    gradient="Moving the point along its circle turns the angle, the more the closer to 0 it is; "
    "where both are 0 each gets 0.",
    torch="arctan2",
    aliases=("atan2",),
    interval=(0.3, 2.0),
)

hypot = elementwise(
    "hypot",
    np.hypot,
    lambda out, a, b: a / out,
    lambda out, a, b: b / out,
    domain="all numbers; there is no derivative where both are 0",
    note="√(a² + b²), the length of the vector (a, b), without overflow.",
    gradient="Each input gets its share of the length: at most the whole gradient.",
    sample=Call((3.0, 4.0)),
    torch="hypot",
    commutes=True,
    interval=(0.3, 2.0),
)

logaddexp = elementwise(
    "logaddexp",
    np.logaddexp,
    lambda out, a, b: sigmoid(a - b),
    lambda out, a, b: sigmoid(b - a),
    domain="all numbers",
    note="log(e^a + e^b), a soft maximum, without overflow.",
    gradient="Shares the gradient among both: most goes to the larger.",
    torch="logaddexp",
    commutes=True,
)

logaddexp2 = elementwise(
    "logaddexp2",
    np.logaddexp2,
    lambda out, a, b: sigmoid((a - b) * constant("log(2)", LN_2, a)),
    lambda out, a, b: sigmoid((b - a) * constant("log(2)", LN_2, a)),
    domain="all numbers",
    note="log2(2^a + 2^b), a soft maximum to base 2, without overflow.",
    gradient="Shares the gradient among both: most goes to the larger.",
    torch="logaddexp2",
    commutes=True,
)

copysign = elementwise(
    "copysign",
    np.copysign,
    lambda out, a, b: sign(a) * sign(out),
    lambda out, a, b: 0,
    scalar=math.copysign,
    domain="all numbers",
    note="The size of the first with the sign of the second; −0 has a minus as well.",
    gradient="Passes the gradient to the first, turned round where its sign was, and 0 to the "
    "second; at the kink a = 0 both get 0.",
    sample=Call((2.0, -3.0)),
    kink=Call((0.0, 1.0)),
    torch="copysign",
)
