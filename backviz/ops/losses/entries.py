"""Losses of numbers: each entry of a prediction against the entry of a target.

All of them are one box: a loss for every entry, then their mean, their sum, or nothing
(`reduction="mean"`, `"sum"`, `"none"`). Options and kinks are those of `torch.nn.functional`.
Invariant: prediction and target have one shape, or one of them is a single number; what
does not fit is refused before anything is recorded.

>>> from backviz import Value
>>> from backviz.ops import binary_cross_entropy, mse_loss
>>> mse_loss([1.0, 4.0], [1.0, 2.0])
2.0
>>> p = Value(0.99)
>>> binary_cross_entropy(p, 0.0).backward()
>>> round(p.grad * 0.99 * 0.01, 12)  # the slope of the sigmoid cancels: what is left is p − y
0.99
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.calls import Call, floats
from backviz.autodiff.data import as_data
from backviz.autodiff.op import Structural
from backviz.autodiff.operand import NO_PARAMS, Params
from backviz.errors import InputError
from backviz.language import _
from backviz.ops.activations import log_sigmoid, maximum, minimum, sigmoid
from backviz.ops.choose import clip, numbers
from backviz.ops.compare import guard, less
from backviz.ops.elementary import abs as abs_op
from backviz.ops.elementary import log, sign
from backviz.ops.losses.parts import Plain, operands, per_entry, reducing, weights
from backviz.ops.shape import Bound, shape_of

LEAST_LOG = -100.0  # torch's bound for log p
LEAST_SPREAD = float(np.float32(1e-12))  # and for p·(1 − p), a float32 there in every precision

BOTH_SIDES = Call((floats(1, 3, 2), floats(0.5, -1, 1.5)))  # errors below and above 1

# Distances ------------------------------------------------------------------------


def _bind(name: str) -> Callable[..., Bound]:
    """The arguments of a loss without options of its own."""

    def bind(x: Any, target: Any, reduction: Any = "mean", weight: Any = None) -> Bound:
        pair = operands(name, x, target)
        if weight is None and reduction == "mean":
            return pair, NO_PARAMS
        given = weights(name, weight, shape_of(x) or shape_of(target))
        return pair, {**reducing(reduction), **given}

    return bind


def _distance(name: str, entry: Any, slope: Any, parts: Any, **more: Any) -> Structural:
    """A loss of the difference of prediction and target: its two slopes are opposite."""
    return per_entry(
        name,
        lambda x, target, **options: entry(x - target, **options),
        (
            lambda x, target, **options: slope(x - target, **options),
            lambda x, target, **options: -slope(x - target, **options),
        ),
        lambda x, target, **options: parts(x - target, **options),
        domain="all numbers",
        **more,
    )


mse_loss = _distance(
    "mse_loss",
    lambda d: d * d,
    lambda d: 2 * d,
    lambda d: d**2,
    symbol="MSE",
    note="The mean of the squared differences.",
    gradient="Each prediction gets twice its error, over n with the mean: one large error "
    "outweighs many small ones.",
    torch="nn.functional.mse_loss",
    params=("reduction", "weight"),
    bind=_bind("mse_loss"),
    by_weight=True,
)

l1_loss = _distance(
    "l1_loss",
    abs,
    sign,
    abs_op,
    symbol="L1",
    note="The mean of the distances.",
    gradient="Every gradient has the same size, however large the error; at the kink, where "
    "prediction and target are equal, it is 0.",
    kink=Call((1.0, 1.0)),
    torch="nn.functional.l1_loss",
    params=("reduction", "weight"),
    bind=_bind("l1_loss"),
    by_weight=True,
)


def _huber(d: Any, delta: float = 1) -> Any:
    size = np.abs(d)
    near = np.minimum(size, delta)
    return near * (size - near / 2)


def _huber_parts(d: Any, delta: float = 1) -> Any:
    near = minimum(abs_op(d), delta)
    return near * (abs_op(d) - near / 2)


def _positive(name: str, option: str, given: Any, or_zero: bool = False) -> Params:
    """An option that is a number above 0; left out if it is 1."""
    number = numbers(**{option: (given,)}).get(option, 1)
    if number < 0 or (number == 0 and not or_zero):
        told = {"name": name, "option": option, "given": given}
        if or_zero:
            raise InputError(_("{name}: {option} is at least 0, not {given}", **told))
        raise InputError(_("{name}: {option} is above 0, not {given}", **told))
    return {} if number == 1 else {option: number}


def _bind_huber(
    x: Any, target: Any, reduction: Any = "mean", delta: Any = 1, weight: Any = None
) -> Bound:
    pair, params = _bind("huber_loss")(x, target, reduction, weight)
    return pair, {**params, **_positive("huber_loss", "delta", delta)}


huber_loss = _distance(
    "huber_loss",
    _huber,
    lambda d, delta=1: clip(d, -delta, delta),
    _huber_parts,
    symbol="Huber",
    note="Half the square of an error up to delta, and a straight line beyond (Huber, 1964).",
    gradient="The gradient is the error, in size at most delta, over n with the mean: outliers do "
    "not rule.",
    torch="nn.functional.huber_loss",
    params=("reduction", "delta", "weight"),
    sample=BOTH_SIDES,
    bind=_bind_huber,
)


def _bind_smooth_l1(x: Any, target: Any, reduction: Any = "mean", beta: Any = 1) -> Bound:
    pair = operands("smooth_l1_loss", x, target)
    return pair, {
        **reducing(reduction),
        **_positive("smooth_l1_loss", "beta", beta, or_zero=True),
    }


smooth_l1_loss = _distance(
    "smooth_l1_loss",
    lambda d, beta=1: _huber(d, beta) / beta if beta else np.abs(d),
    lambda d, beta=1: clip(d / beta if beta != 1 else d, -1, 1) if beta else sign(d),
    lambda d, beta=1: _huber_parts(d, beta) / beta if beta else abs_op(d),
    symbol="smooth L1",
    note="The distance, with a parabola in place of the kink for errors up to beta: Huber's loss "
    "over beta.",
    gradient="The gradient is the error over beta, in size at most 1, and over n with the mean.",
    torch="nn.functional.smooth_l1_loss",
    params=("reduction", "beta"),
    sample=BOTH_SIDES,
    bind=_bind_smooth_l1,
)


# Two classes ----------------------------------------------------------------------


def _bind_probabilities(x: Any, target: Any, weight: Any = None, reduction: Any = "mean") -> Bound:
    name = "binary_cross_entropy"
    bound = _bind(name)(x, target, reduction, weight)
    p = as_data(data_of(x))
    if np.size(p) and not (np.min(p) >= 0 and np.max(p) <= 1):
        wrong = np.extract(~((np.asarray(p) >= 0) & (np.asarray(p) <= 1)), p)[0]
        raise InputError(
            _(
                "{name}: probabilities lie between 0 and 1, not {wrong:g}; for scores use "
                "binary_cross_entropy_with_logits",
                name=name,
                wrong=wrong,
            )
        )
    return bound


def _binary_cross_entropy(p: Any, y: Any) -> Any:
    return (y - 1) * np.maximum(np.log1p(-p), LEAST_LOG) - y * np.maximum(np.log(p), LEAST_LOG)


binary_cross_entropy = per_entry(
    "binary_cross_entropy",
    _binary_cross_entropy,
    (
        lambda p, y: (p - y) / _spread(p),
        lambda p, y: log(1 - p) - log(p),
    ),
    lambda p, y: -(y * maximum(log(p), LEAST_LOG) + (1 - y) * maximum(log(1 - p), LEAST_LOG)),
    symbol="BCE",
    domain="probabilities between 0 and 1",
    note="−log of the probability that was given to what happened, at most 100.",
    gradient="The gradient is (p − y) / (p·(1 − p)) for a probability p and its target y, over n "
    "with the mean; if p comes from a sigmoid, its slope cancels the denominator, which leaves "
    "p − y.",
    sample=Call((floats(0.8, 0.4), floats(1, 0))),
    torch="nn.functional.binary_cross_entropy",
    params=("weight", "reduction"),
    bind=_bind_probabilities,
    interval=(0.15, 0.85),
)


def _spread(p: Any) -> Any:
    """p·(1 − p), with torch's bound, so that a division by it stays finite."""
    spread = p * (1 - p)
    return guard(spread, less(spread, LEAST_SPREAD), value=LEAST_SPREAD)


def _bind_logits(
    x: Any, target: Any, weight: Any = None, reduction: Any = "mean", pos_weight: Any = None
) -> Bound:
    name = "binary_cross_entropy_with_logits"
    pair, params = _bind(name)(x, target, reduction, weight)
    given = weights(name, pos_weight, shape_of(x) or shape_of(target), "pos_weight")
    return pair, {**params, **given}


def _with_logits(x: Any, y: Any, pos_weight: Plain | None = None) -> Any:
    found = log_sigmoid.array(x)
    if pos_weight is not None:
        found = found * (1 + (pos_weight.array - 1) * y)
    return (1 - y) * x - found


def _logit_slope(x: Any, y: Any, pos_weight: Plain | None = None) -> Any:
    if pos_weight is None:
        return sigmoid(x) - y
    return (1 - y) * sigmoid(x) - pos_weight.beside(x, "pos_weight") * y * sigmoid(-x)


def _logit_target_slope(x: Any, y: Any, pos_weight: Plain | None = None) -> Any:
    if pos_weight is None:
        return -x
    return -x - (pos_weight.beside(x, "pos_weight") - 1) * log_sigmoid(x)


def _logit_parts(x: Any, y: Any, pos_weight: Plain | None = None) -> Any:
    hits = y if pos_weight is None else as_data(pos_weight.array) * y
    return -(hits * log_sigmoid(x) + (1 - y) * log_sigmoid(-x))


binary_cross_entropy_with_logits = per_entry(
    "binary_cross_entropy_with_logits",
    _with_logits,
    (_logit_slope, _logit_target_slope),
    _logit_parts,
    symbol="BCE(σ)",
    domain="all numbers",
    note="Binary cross-entropy of σ(x), without overflow or loss of digits.",
    gradient="The gradient is σ(x) − y for a target y, over n with the mean; it does not fade "
    "where the sigmoid saturates.",
    sample=Call((floats(2, 1), floats(1, 0))),
    torch="nn.functional.binary_cross_entropy_with_logits",
    aliases=("bce_with_logits",),
    params=("weight", "reduction", "pos_weight"),
    bind=_bind_logits,
)
