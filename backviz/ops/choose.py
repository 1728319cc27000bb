"""Ops that choose between numbers, elementwise: by a condition, or by bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.calls import Call
from backviz.autodiff.counts import used_whole
from backviz.autodiff.data import Data, as_data
from backviz.autodiff.op import Elementwise, elementwise
from backviz.autodiff.operand import Operand, Params
from backviz.autodiff.value import Value
from backviz.language import _
from backviz.ops.compare import equal, greater_equal, less_equal, not_equal


def numbers(**options: tuple[Any, ...]) -> Params:
    """Options of an op that are plain numbers, each as given under one of several words.

    >>> numbers(low=(None, 0), high=(None, None))
    {'low': 0}
    """
    made = {}
    for name, words in options.items():
        said = [word for word in words if word is not None]
        if len(said) > 1:
            raise TypeError(_("the option {name} is given twice", name=name))
        for given in said:
            number = None if isinstance(given, Operand) else as_data(given)
            if type(number) is not float or number != number:  # noqa: PLR0124  (NaN)
                raise TypeError(
                    _(
                        "the option {name} is one plain number, without a gradient of its own",
                        name=name,
                    )
                )
            # an int stays one where numpy can hold it, for the look of it in formulas
            made[name] = given if type(given) is int and abs(given) < 2**31 else number
    return made


def _where(condition: Data, x: Data, y: Data) -> np.ndarray:
    made = np.where(np.asarray(condition) != 0, x, y)
    if type(x) is type(y) is float and isinstance(condition, np.ndarray):
        return made.astype(condition.dtype)  # numbers take on the precision of what chooses
    return made


def _bind_where(condition: Any, x: Any, y: Any) -> tuple[tuple[Any, ...], Params]:
    if isinstance(condition, Value) and type(condition.raw) is not float:
        used_whole(condition)  # a list of zeros and ones is a mask
    return (condition, x, y), {}


where: Elementwise = elementwise(
    "where",
    _where,
    None,
    lambda out, condition, x, y: not_equal(condition, 0),
    lambda out, condition, x, y: equal(condition, 0),
    scalar=lambda condition, x, y: x if condition else y,
    domain="all numbers",
    note="The second input where the first, a condition, is not 0, else the third.",
    gradient="The gradient goes to the one that was taken; the condition gets none.",
    sample=Call((1.0, 2.0, 3.0)),
    torch="where",
    masks=True,
    bind=_bind_where,
    numpy=(np.where,),
    method=False,  # as one it would begin with the condition in numpy, with x in torch
    gives="alike",
)


def _bind_masked_fill(x: Any, mask: Any, value: Any = None) -> tuple[tuple[Any, ...], Params]:
    if isinstance(mask, Value) and type(mask.raw) is not float:
        used_whole(mask)
    return (x, mask), numbers(value=(value,))


def _masked_fill(x: Data, mask: Data, value: float = 0) -> np.ndarray:
    filled: np.ndarray = np.where(np.asarray(mask) != 0, value, x)
    return filled.astype(np.result_type(x))


masked_fill: Elementwise = elementwise(
    "masked_fill",
    _masked_fill,
    lambda out, x, mask, value=0: equal(mask, 0),
    None,
    scalar=lambda x, mask, value=0: float(value) if mask else x,
    params=("value",),
    bind=_bind_masked_fill,
    domain="all numbers",
    note="The first input, but a number, `value`, where the second, a mask, is not 0.",
    gradient="Passes the gradient where nothing was filled in and blocks it elsewhere; the mask "
    "gets none.",
    sample=Call((2.0, 0.0), {"value": -1.0}),
    torch="masked_fill",
    masks=True,
    method=False,  # as one it takes recorded values to fill in as well
    gives="alike",
)


def _clip(x: Data, low: float | None = None, high: float | None = None) -> np.ndarray:
    if low is None and high is None:
        return np.array(x)
    return np.asarray(np.clip(x, low, high))


def _inside(x: Any, low: float | None, high: float | None) -> Any:
    """1 where x is within the bounds or on them, else 0."""
    above = 1 if low is None else greater_equal(x, low)
    if high is None:
        return above
    below = less_equal(x, high)
    return below if low is None else above * below


clip = elementwise(
    "clip",
    _clip,
    lambda out, x, low=None, high=None: _inside(x, low, high),
    params=("low", "high"),
    bind=lambda x, low=None, high=None, *, a_min=None, a_max=None, min=None, max=None: (  # noqa: A006
        (x,),
        numbers(low=(low, a_min, min), high=(high, a_max, max)),
    ),
    domain="all numbers",
    note="Keeps numbers between two bounds.",
    gradient="Passes the gradient inside and on the bounds and blocks it outside.",
    sample=Call((0.5,), {"low": -1.0, "high": 1.0}),
    kink=Call((-1.0,), {"low": -1.0, "high": 1.0}),
    torch="clamp",
    torch_options={"low": "min", "high": "max"},
    aliases=("clamp",),
    masks=True,
    numpy=(np.clip,),
)
