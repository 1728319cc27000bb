"""Rounding, and division into whole parts and a rest, elementwise.

A rounded number is a staircase: flat but for its jumps. So its gradient is 0, at the jumps as
well, as in torch. A rest follows the number that is divided, with slope 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backviz.autodiff.calls import Call
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Elementwise, elementwise
from backviz.ops.arithmetic import PRODUCTS, QUOTIENTS, div
from backviz.ops.options import but_defaults, literal

FLAT = "Stops the gradient: a staircase is flat, so its derivative is 0; at the jumps it is 0 too."


def _rounded(
    name: str,
    ufunc: np.ufunc,
    note: str,
    functions: tuple[Callable[..., Any], ...] = (),
    **more: Any,
) -> Elementwise:
    return elementwise(
        name,
        ufunc,
        lambda out, x: 0,
        domain="all numbers",
        note=note,
        gradient=FLAT,
        sample=Call((2.7,)),
        torch=name,
        numpy=functions,
        gives="count",
        **more,
    )


floor = _rounded("floor", np.floor, "The next whole number below, or the number if it is whole.")
ceil = _rounded("ceil", np.ceil, "The next whole number above, or the number if it is whole.")
trunc = _rounded(
    "trunc",
    np.trunc,
    "The number without what is behind its point: the next whole number towards 0.",
    (np.fix,),
    aliases=("fix",),
)

round = elementwise(  # noqa: A001
    "round",
    lambda x, decimals=0: np.round(x, decimals),
    lambda out, x, decimals=0: 0,
    params=("decimals",),
    bind=lambda x, decimals=0: ((x,), but_defaults(decimals=(literal(decimals), 0))),
    domain="all numbers",
    note="The nearest whole number, or the nearest with so many decimals; a half goes to the even "
    "one.",
    gradient=FLAT,
    sample=Call((2.7,)),
    torch="round",
    aliases=("rint", "around"),
    numpy=(np.round, np.around, np.rint),
    gives="count",
)

floor_divide = elementwise(
    "floor_divide",
    np.floor_divide,
    lambda out, a, b: 0,
    lambda out, a, b: 0,
    notation=Notation("{} // {}", QUOTIENTS, (PRODUCTS, PRODUCTS + 1)),
    symbol="//",
    domain="divisor not 0",
    note="How often the second goes into the first: the quotient, rounded down.",
    gradient=FLAT,
    sample=Call((7.0, 2.0)),
    torch="floor_divide",
    gives="count",
    interval=(0.5, 2.0),
)

mod = elementwise(
    "mod",
    np.mod,
    lambda out, a, b: 1,
    lambda out, a, b: -floor_divide(a, b),
    notation=Notation("{} % {}", QUOTIENTS, (PRODUCTS, PRODUCTS + 1)),
    symbol="%",
    domain="divisor not 0",
    note="The rest of the division a / b, with the sign of b.",
    gradient="Passes the gradient to the first, and to the second times minus the whole quotient, "
    "as if the rest had no jumps.",
    sample=Call((7.0, 2.0)),
    torch="remainder",
    gives="count",
    aliases=("remainder",),
    interval=(0.5, 2.0),
)

fmod = elementwise(
    "fmod",
    np.fmod,
    lambda out, a, b: 1,
    lambda out, a, b: -trunc(div(a, b)),
    domain="divisor not 0",
    note="The rest of the division a / b, with the sign of a.",
    gradient="Passes the gradient to the first, and to the second times minus the quotient without "
    "its decimals, as if the rest had no jumps.",
    sample=Call((7.0, 2.0)),
    torch="fmod",
    gives="count",
    interval=(0.5, 2.0),
)
