"""Comparisons, written as 1 and 0. No gradient flows through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backviz.autodiff.op import Elementwise, Notation, elementwise

COMPARISON = 5


def _comparison(
    name: str, ufunc: Any, scalar: Callable[[float, float], float], sign: str, words: str
) -> Elementwise:
    return elementwise(
        name,
        lambda a, b: ufunc(a, b).astype(np.result_type(a, b)),
        arity=2,
        numpy=(ufunc,),
        scalar=scalar,
        notation=Notation(f"[{{}} {sign} {{}}]", 100, (COMPARISON, COMPARISON)),
        symbol=sign,
        domain="all numbers",
        note=f"1 where the first is {words} the second, else 0; carries no gradient.",
        smooth=False,
    )


greater = _comparison("greater", np.greater, lambda a, b: float(a > b), ">", "greater than")
less = _comparison("less", np.less, lambda a, b: float(a < b), "<", "less than")
equal = _comparison("equal", np.equal, lambda a, b: float(a == b), "=", "equal to")
greater_equal = _comparison(
    "greater_equal", np.greater_equal, lambda a, b: float(a >= b), "≥", "at least"
)
less_equal = _comparison("less_equal", np.less_equal, lambda a, b: float(a <= b), "≤", "at most")
not_equal = _comparison(
    "not_equal", np.not_equal, lambda a, b: float(a != b), "≠", "different from"
)

identity = elementwise(
    "identity",
    np.array,
    lambda out, x: 1,
    scalar=lambda x: x,
    domain="all numbers",
    note="The same number as a value of its own.",
    public=False,
    method=False,
)

guard = elementwise(
    "guard",
    lambda x, c, value=0.0: np.where(np.asarray(c) != 0, value, x),
    lambda out, x, c, value=0.0: 1 - c,
    lambda out, x, c, value=0.0: 0,
    scalar=lambda x, c, value=0.0: value if c else x,
    params=("value",),
    notation=Notation("{0}", 0, (0, 0)),
    symbol="guard",
    domain="all numbers",
    note="The first input, but `value` where the second is not 0: guards a rule at one point.",
    public=False,
    method=False,
    smooth=False,
)
