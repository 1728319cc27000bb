"""Normalization: mean 0 and variance 1 over some axes, then a gain and a bias."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backviz.autodiff.calls import MATRIX, Call, floats
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import structural
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import constant, part
from backviz.language import _
from backviz.ops.choose import numbers
from backviz.ops.elementary import sqrt
from backviz.ops.options import but_defaults, literal
from backviz.ops.reduce import Axis, mean, shaped, sum  # noqa: A004
from backviz.ops.shape import Shape, reshape, shape_of, sum_to

EPS = 1e-5


def _operands(x: Any, gain: Any, bias: Any) -> tuple[Any, ...]:
    """The operands that are there; a bias without a gain stands behind a gain of 1."""
    if bias is not None:
        return x, 1.0 if gain is None else gain, bias
    return (x,) if gain is None else (x, gain)


def _standard(x: Any, axis: Axis, eps: float) -> Any:
    """x with mean 0 and variance 1."""
    centred = x - np.mean(x, axis=axis, keepdims=True)
    variance = np.mean(np.square(centred), axis=axis, keepdims=True)
    centred /= np.sqrt(variance + eps)
    return centred


def _standard_parts(x: Any, axis: Axis, eps: float) -> tuple[Any, Any]:
    """The same in ops, and the deviation by which was divided."""
    centred = x - part("μ", mean(x, axis=axis, keepdims=True))
    deviation = part("σ", sqrt(mean(centred**2, axis=axis, keepdims=True) + eps))
    return part("x̂", centred / deviation), deviation


def _scaled(x: Any, gain: Any, bias: Any) -> Any:
    if gain is not None:
        x = x * gain
    return x if bias is None else x + bias


def _pull_standard(upstream: Any, x: Any, gain: Any, axis: Axis, eps: float) -> Any:
    """Moving all entries together changes nothing, nor does stretching them: less those parts."""
    gradient = upstream if gain is None else part("h", upstream * gain)
    standard, deviation = _standard_parts(x, axis, eps)
    shift = mean(gradient, axis=axis, keepdims=True)
    stretch = mean(gradient * standard, axis=axis, keepdims=True)
    return (gradient - shift - standard * stretch) / deviation


def _eps(eps: Any) -> Params:
    """The option as one plain number, left out if it is the usual one."""
    return but_defaults(eps=(numbers(eps=(eps,)).get("eps", EPS), EPS))


# Layer norm -----------------------------------------------------------------------


def _layer_norm(
    x: Any, gain: Any = None, bias: Any = None, axis: Axis = -1, eps: float = EPS
) -> Any:
    if np.ndim(x) == 0:
        raise ValueError(_("a single number has no axes"))
    if np.broadcast_shapes(np.shape(x), np.shape(gain), np.shape(bias)) != np.shape(x):
        raise ValueError(_("the gain and the bias may not have more entries than x"))
    return _scaled(_standard(x, axis, eps), gain, bias)


def _pull_layer_norm(
    upstream: Any,
    out: Any,
    x: Any,
    gain: Any = None,
    bias: Any = None,
    *,
    position: int,
    axis: Axis = -1,
    eps: float = EPS,
) -> Any:
    if position == 0:
        return _pull_standard(upstream, x, gain, axis, eps)
    if position == 2:
        return sum_to(upstream, shape=shape_of(bias))
    return sum_to(upstream * _standard_parts(x, axis, eps)[0], shape=shape_of(gain))


layer_norm = structural(
    "layer_norm",
    _layer_norm,
    _pull_layer_norm,
    arity=0,
    variadic=True,
    notation=Notation("layer_norm({})"),
    symbol="layer norm",
    domain="all numbers",
    note="Mean 0 and variance 1 along the axis, then a gain and a bias.",
    gradient="The gradient loses its mean and what would only stretch entries.",
    sample=Call((MATRIX, floats(1, 2, 1), floats(0, 1, 0))),
    torch="layer_norm",
    params=("axis", "eps"),
    bind=lambda x, gain=None, bias=None, axis=-1, eps=EPS: (
        _operands(x, gain, bias),
        {**but_defaults(axis=(axis, -1)), **_eps(eps)},
    ),
    parts=lambda x, gain=None, bias=None, axis=-1, eps=EPS: _scaled(
        _standard_parts(x, axis, eps)[0], gain, bias
    ),
)


# Batch norm -----------------------------------------------------------------------


def _numbers(statistics: Any) -> tuple[float, ...] | None:
    """Plain numbers, which a graph can keep as text."""
    if statistics is None:
        return None
    return tuple(np.asarray(statistics, dtype=float).ravel().tolist())


def _known(mean: Any, var: Any) -> Params:
    if (mean is None) != (var is None):
        raise TypeError(_("batch_norm takes a mean and a var together, or neither"))
    return {} if mean is None else {"mean": _numbers(mean), "var": _numbers(var)}


def _others(x: Any) -> tuple[int, ...]:
    """All axes but that of the channels."""
    return (0, *range(2, len(shape_of(x))))


def _per_channel(x: Any) -> Shape:
    """The shape of a number for each channel, as x has them."""
    shape = shape_of(x)
    return (shape[1],) + (1,) * (len(shape) - 2)


def _columns(x: Any, *vectors: Any) -> list[Any]:
    """A gain and a bias along the axis of the channels."""
    shape = _per_channel(x)
    return [
        v if v is None or shape_of(v) in ((), shape) else reshape(v, shape=shape) for v in vectors
    ]


def _statistics(x: Any, mean: Any, var: Any, eps: float) -> tuple[Any, Any]:
    """The given mean and the deviation, a number for each channel."""
    kind, shape = getattr(x, "dtype", np.float64), _per_channel(x)
    centre, variance = (
        shaped(constant(name, np.asarray(given, dtype=kind), x), shape)
        for name, given in (("mean", mean), ("var", var))
    )
    return centre, part("σ", sqrt(variance + eps))


def _standard_channels(x: Any, mean: Any, var: Any, eps: float) -> tuple[Any, Any]:
    """In ops: x with mean 0 and variance 1 in each channel, and the deviation."""
    if mean is None:
        return _standard_parts(x, _others(x), eps)
    centre, deviation = _statistics(x, mean, var, eps)
    return part("x̂", (x - centre) / deviation), deviation


def _batch_norm(
    x: Any, gain: Any = None, bias: Any = None, mean: Any = None, var: Any = None, eps: float = EPS
) -> Any:
    if np.ndim(x) < 2:
        raise ValueError(_("x needs an axis for the batch and one for the channels"))
    for each in (gain, bias, mean, var):
        if each is not None and np.shape(each) not in ((), np.shape(x)[1:2]):
            raise ValueError(_("the other operands need the shape {shape}", shape=np.shape(x)[1:2]))
    if mean is None:
        standard = _standard(x, _others(x), eps)
    else:
        standard = _standard_channels(x, mean, var, eps)[0]
    return _scaled(standard, *_columns(x, gain, bias))


def _pull_batch_norm(
    upstream: Any,
    out: Any,
    x: Any,
    gain: Any = None,
    bias: Any = None,
    *,
    position: int,
    mean: Any = None,
    var: Any = None,
    eps: float = EPS,
) -> Any:
    if position == 0:
        (gain,) = _columns(x, gain)
        if mean is None:
            return _pull_standard(upstream, x, gain, _others(x), eps)
        deviation = _statistics(x, mean, var, eps)[1]
        return (upstream if gain is None else upstream * gain) / deviation
    if position == 1:
        upstream = upstream * _standard_channels(x, mean, var, eps)[0]
    per_channel = sum(upstream, axis=_others(x))
    return sum_to(per_channel, shape=shape_of(gain if position == 1 else bias))


batch_norm = structural(
    "batch_norm",
    _batch_norm,
    _pull_batch_norm,
    arity=0,
    variadic=True,
    notation=Notation("batch_norm({})"),
    symbol="batch norm",
    domain="all numbers",
    note="Mean 0, variance 1 in each channel (axis 1), then gain and bias.",
    gradient="The gradient loses its mean and what would only stretch entries.",
    sample=Call((floats([1, 3], [4, 6], [2, 1]), floats(1, 2), floats(0, 1))),
    torch="batch_norm",
    params=("mean", "var", "eps"),
    bind=lambda x, gain=None, bias=None, mean=None, var=None, eps=EPS: (
        _operands(x, gain, bias),
        {**_known(mean, var), **_eps(eps)},
    ),
    parts=lambda x, gain=None, bias=None, mean=None, var=None, eps=EPS: _scaled(
        _standard_channels(x, mean, var, eps)[0], *_columns(x, gain, bias)
    ),
)


# Group norm -----------------------------------------------------------------------


def _grouped(x: Any, groups: int) -> Shape:
    """The shape in which each group of channels is one row."""
    shape = shape_of(x)
    if len(shape) < 2:
        raise ValueError(_("x needs an axis for the batch and one for the channels"))
    if groups < 1 or shape[1] % groups:
        raise ValueError(
            _("{shape} channels do not make {groups} groups", shape=shape[1], groups=groups)
        )
    return shape[0], groups, math.prod(shape[1:]) // groups


def _group_norm(
    x: Any, gain: Any = None, bias: Any = None, groups: int = 1, eps: float = EPS
) -> Any:
    rows = _grouped(x, groups)
    for each in (gain, bias):
        if each is not None and np.shape(each) not in ((), np.shape(x)[1:2]):
            raise ValueError(
                _("the gain and the bias need the shape {shape}", shape=np.shape(x)[1:2])
            )
    standard = _standard(np.reshape(x, rows), -1, eps).reshape(np.shape(x))
    return _scaled(standard, *_columns(x, gain, bias))


def _pull_group_norm(
    upstream: Any,
    out: Any,
    x: Any,
    gain: Any = None,
    bias: Any = None,
    *,
    position: int,
    groups: int = 1,
    eps: float = EPS,
) -> Any:
    rows, shape = _grouped(x, groups), shape_of(x)
    if position == 0:
        (gain,) = _columns(x, gain)
        gradient = part("h", reshape(upstream if gain is None else upstream * gain, shape=rows))
        made = _pull_standard(gradient, part("rows", reshape(x, shape=rows)), None, -1, eps)
        return reshape(made, shape=shape)
    if position == 1:
        standard = _standard_parts(part("rows", reshape(x, shape=rows)), -1, eps)[0]
        upstream = upstream * reshape(standard, shape=shape)
    per_channel = sum(upstream, axis=_others(x))
    return sum_to(per_channel, shape=shape_of(gain if position == 1 else bias))


def _group_norm_parts(
    x: Any, gain: Any = None, bias: Any = None, groups: int = 1, eps: float = EPS
) -> Any:
    rows = reshape(x, shape=_grouped(x, groups))
    standard = reshape(_standard_parts(rows, -1, eps)[0], shape=shape_of(x))
    return _scaled(standard, *_columns(x, gain, bias))


group_norm = structural(
    "group_norm",
    _group_norm,
    _pull_group_norm,
    arity=0,
    variadic=True,
    notation=Notation("group_norm({})"),
    symbol="group norm",
    domain="all numbers",
    note="Mean 0 and variance 1 in each group of neighbouring channels (axis 1) of each example, "
    "then a gain and a bias for each channel.",
    gradient="The gradient loses its mean and what would only stretch entries.",
    sample=Call((floats([1, 3, 2, 0, 4, 5]), floats(1, 2, 1, 1, 1, 2)), {"groups": 2}),
    torch="group_norm",
    torch_options={"groups": "num_groups"},
    params=("groups", "eps"),
    bind=lambda x, gain=None, bias=None, groups=1, eps=EPS: (
        _operands(x, gain, bias),
        {**but_defaults(groups=(literal(groups), 1)), **_eps(eps)},
    ),
    parts=_group_norm_parts,
)
