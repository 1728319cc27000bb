"""Comparisons, written as 1 and 0. No gradient flows through them."""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.op import Elementwise, Notation, elementwise

COMPARISON = 5


def _comparison(name: str, ufunc: Any, sign: str, words: str) -> Elementwise:
    return elementwise(
        name,
        ufunc,
        arity=2,
        notation=Notation(f"[{{}} {sign} {{}}]", 100, (COMPARISON, COMPARISON)),
        symbol=sign,
        domain="all numbers",
        note=f"1 where the first is {words} the second, else 0; carries no gradient.",
        smooth=False,
    )


greater = _comparison("greater", np.greater, ">", "greater than")
less = _comparison("less", np.less, "<", "less than")
equal = _comparison("equal", np.equal, "=", "equal to")

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
    smooth=False,
)
