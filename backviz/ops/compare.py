"""Comparisons and conditions, written as 1 and 0. No gradient flows through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backviz.autodiff.calls import Call
from backviz.autodiff.notation import ATOM, Notation
from backviz.autodiff.op import Elementwise, elementwise
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import Symbol, as_symbol

COMPARISON = 5


def _comparison(
    name: str,
    ufunc: Any,
    scalar: Callable[[float, float], float],
    sign: str,
    words: str,
    torch: str = "",
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
        note=f"1 where the first is {words} the second, else 0.",
        torch=torch or name,
        gives="mask",
    )


greater = _comparison("greater", np.greater, lambda a, b: float(a > b), ">", "greater than")
less = _comparison("less", np.less, lambda a, b: float(a < b), "<", "less than")
equal = _comparison("equal", np.equal, lambda a, b: float(a == b), "=", "equal to", torch="eq")
greater_equal = _comparison(
    "greater_equal", np.greater_equal, lambda a, b: float(a >= b), "≥", "at least"
)
less_equal = _comparison("less_equal", np.less_equal, lambda a, b: float(a <= b), "≤", "at most")
not_equal = _comparison(
    "not_equal", np.not_equal, lambda a, b: float(a != b), "≠", "different from"
)


def _condition(name: str, ufunc: Any, word: str, note: str) -> Elementwise:
    """Two conditions in one; as in numpy, a number is a condition that holds unless it is 0."""
    return elementwise(
        name,
        lambda a, b: ufunc(a, b).astype(np.result_type(a, b)),
        arity=2,
        numpy=(ufunc,),
        scalar=lambda a, b: float(ufunc(a, b)),
        notation=Notation(f"[{{}} {word} {{}}]", 100, (COMPARISON, COMPARISON)),
        symbol=word,
        domain="all numbers",
        note=note,
        torch=name,
        commutes=True,
        gives="mask",
    )


logical_and = _condition("logical_and", np.logical_and, "and", "1 where both are not 0, else 0.")
logical_or = _condition("logical_or", np.logical_or, "or", "1 where at least one is not 0, else 0.")
logical_xor = _condition("logical_xor", np.logical_xor, "xor", "1 where just one is not 0, else 0.")


def _question(
    name: str, ufunc: Any, note: str, template: str | None = None, symbol: str | None = None
) -> Elementwise:
    """What can be asked of each entry."""
    return elementwise(
        name,
        lambda x: ufunc(x).astype(np.result_type(x)),
        arity=1,
        numpy=(ufunc,),
        scalar=lambda x: float(ufunc(x)),
        notation=Notation(template or f"{name}({{}})", 100, (0,)),
        symbol=symbol or name,
        domain="all numbers",
        note=note,
        torch=name,
        gives="mask",
    )


logical_not = _question(
    "logical_not",
    np.logical_not,
    "1 where the input is 0, else 0.",
    "[not {}]",
    "not",
)
isnan = _question("isnan", np.isnan, "1 where the input is NaN, else 0.")
isinf = _question("isinf", np.isinf, "1 where the input is infinite, else 0.")
isfinite = _question(
    "isfinite",
    np.isfinite,
    "1 where the input is neither NaN nor infinite, else 0.",
)
signbit = _question(
    "signbit",
    np.signbit,
    "1 where the sign is a minus, also that of −0, else 0.",
)
isclose = elementwise(
    "isclose",
    lambda a, b, rtol=1e-5, atol=1e-8, equal_nan=False: np.isclose(
        a, b, rtol=rtol, atol=atol, equal_nan=equal_nan
    ).astype(np.result_type(a, b)),
    arity=2,
    params=("rtol", "atol", "equal_nan"),
    numpy=(np.isclose,),
    notation=Notation("[{} ≈ {}]", 100, (COMPARISON, COMPARISON)),
    symbol="≈",
    domain="all numbers",
    note="1 where the two differ by at most atol + rtol·|b|, else 0.",
    torch="isclose",
    gives="mask",
)

identity = elementwise(
    "identity",
    np.array,
    lambda out, x: 1,
    gives="alike",
    scalar=lambda x: x,
    domain="all numbers",
    note="The same number as a value of its own.",
    gradient="Hands the gradient on as it is.",
    torch="",
    public=False,
    method=False,
)


def _guarded(symbols: Sequence[Symbol], params: Params) -> tuple[str, int]:
    """The first operand alone where the guard has nothing to do."""
    x, condition = symbols
    if not condition.holds_anywhere():
        return x.text, x.level
    return f"where({condition}, {as_symbol(params.get('value', 0.0))}, {x})", ATOM


guard = elementwise(
    "guard",
    lambda x, c, value=0.0: np.where(np.asarray(c) != 0, value, x),
    lambda out, x, c, value=0.0: 1 - c,
    lambda out, x, c, value=0.0: 0,
    scalar=lambda x, c, value=0.0: value if c else x,
    params=("value",),
    notation=Notation("guard({}, {})", 100, (0, 0), _guarded),
    symbol="guard",
    domain="all numbers",
    note="The first input, but `value` where the second is not 0: guards a rule at one point.",
    gradient="Passes to the first input where the second is 0; the second gets none.",
    sample=Call((2.0, 0.0)),
    torch="",
    public=False,
    method=False,
)
