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

zero_where = elementwise(
    "zero_where",
    lambda x, c: np.where(np.asarray(c) != 0, 0.0, x),
    lambda out, x, c: 1 - c,
    lambda out, x, c: 0,
    scalar=lambda x, c: 0.0 if c else x,
    notation=Notation("{0}", 0, (0, 0)),
    symbol="guard",
    domain="all numbers",
    note="The first input, but 0 where the second is not 0: guards a rule at a single point.",
    public=False,
    smooth=False,
)
