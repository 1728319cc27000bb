"""Ops made of simpler ops: a whole layer as one box, which can be opened into its parts."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from backviz.autodiff.buffers import LARGE, take
from backviz.autodiff.calls import MATRIX, VECTOR, WEIGHTS, Call, floats
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.operand import NO_PARAMS
from backviz.autodiff.symbol import part
from backviz.autodiff.table import OPS
from backviz.language import _
from backviz.ops.arithmetic import mul
from backviz.ops.compare import equal
from backviz.ops.elementary import exp, log
from backviz.ops.linalg import matmul, pull_left, pull_right
from backviz.ops.reduce import Axis, sum, valid_axis  # noqa: A004
from backviz.ops.shape import Shape, reshape, shape_of, sum_to


def total(x: Any, axis: Axis) -> Any:
    """The sum over the axes, which are kept."""
    return sum(x, axis=axis, keepdims=True)


def _raised(x: Any, axis: Axis) -> tuple[np.ndarray, np.ndarray]:
    """x less its largest entry, and the exponentials of that, which cannot overflow."""
    lowered = np.subtract(x, np.max(x, axis=valid_axis(x, axis), keepdims=True))
    return lowered, np.exp(lowered)


def _softmax(x: Any, axis: Axis = -1) -> np.ndarray:
    _other, raised = _raised(x, axis)
    raised /= raised.sum(axis=axis, keepdims=True)
    return raised


def _log_softmax(x: Any, axis: Axis = -1) -> np.ndarray:
    lowered, raised = _raised(x, axis)
    lowered -= np.log(raised.sum(axis=axis, keepdims=True))
    return lowered


def _softmax_parts(x: Any, axis: Axis = -1) -> Any:
    raised = exp(x - OPS["amax"](x, axis=axis, keepdims=True))
    return raised / total(raised, axis)


def _log_softmax_parts(x: Any, axis: Axis = -1) -> Any:
    lowered = x - OPS["amax"](x, axis=axis, keepdims=True)
    return lowered - log(total(exp(lowered), axis))


softmax = structural(
    "softmax",
    _softmax,
    lambda upstream, out, x, axis=-1: out * (upstream - total(upstream * out, axis)),
    domain="all numbers",
    note="Positive shares that add up to 1.",
    gradient="Raising one entry lowers the others' shares, so the gradients along the axis add "
    "up to 0.",
    torch="softmax",
    params=("axis",),
    parts=_softmax_parts,
)

softmin = structural(
    "softmin",
    lambda x, axis=-1: _softmax(np.negative(x), axis),
    lambda upstream, out, x, axis=-1: out * (total(upstream * out, axis) - upstream),
    domain="all numbers",
    note="The softmax of −x: positive shares that add up to 1, the largest for the smallest entry.",
    gradient="Raising one entry lowers its own share and raises the others', so the gradients "
    "along the axis add up to 0.",
    torch="nn.functional.softmin",
    params=("axis",),
    parts=lambda x, axis=-1: _softmax_parts(-x, axis),
)

log_softmax = structural(
    "log_softmax",
    _log_softmax,
    lambda upstream, out, x, axis=-1: upstream - exp(out) * total(upstream, axis),
    symbol="log softmax",
    domain="all numbers",
    note="The logarithm of softmax, safe where a share is too small for a number.",
    gradient="Takes the softmax's share of the whole upstream gradient away from each entry's own.",
    torch="log_softmax",
    params=("axis",),
    parts=_log_softmax_parts,
)


# Maxout ---------------------------------------------------------------------------


def _pieces(shape: Shape, pieces: Any, axis: Any) -> tuple[Shape, int]:
    """The shape in which each group of pieces has an axis of its own, and which axis that is."""
    pieces, axis = operator.index(pieces), operator.index(axis)
    if not -len(shape) <= axis < len(shape):
        raise ValueError(_("there is no axis {axis}", axis=axis))
    at = axis % len(shape)
    if pieces < 1 or shape[at] % pieces:
        raise ValueError(
            _(
                "{shape} entries along the axis do not make groups of {pieces}",
                shape=shape[at],
                pieces=pieces,
            )
        )
    return (*shape[:at], shape[at] // pieces, pieces, *shape[at + 1 :]), at + 1


def _maxout(x: Any, pieces: int = 2, axis: int = -1) -> Any:
    shape, inner = _pieces(np.shape(x), pieces, axis)
    return np.max(np.reshape(x, shape), axis=inner)


def _pull_maxout(upstream: Any, out: Any, x: Any, pieces: int = 2, axis: int = -1) -> Any:
    shape, inner = _pieces(shape_of(x), pieces, axis)
    single = (*shape[:inner], 1, *shape[inner + 1 :])
    largest = part("m", equal(reshape(x, shape=shape), reshape(out, shape=single)))
    share = largest / sum(largest, axis=inner, keepdims=True)
    return reshape(share * reshape(upstream, shape=single), shape=shape_of(x))


def _maxout_parts(x: Any, pieces: int = 2, axis: int = -1) -> Any:
    shape, inner = _pieces(shape_of(x), pieces, axis)
    return OPS["amax"](reshape(x, shape=shape), axis=inner)


maxout = structural(
    "maxout",
    _maxout,
    _pull_maxout,
    domain="all numbers",
    note="The largest of each group of `pieces` neighbours along the axis: a group for each unit.",
    gradient="Routes the gradient to the largest; at a tie the largest share it equally.",
    sample=Call((floats(1, 3, 5, 2),), {"pieces": 2}),
    kink=Call((floats(1, 1),), {"pieces": 2}),
    torch="",
    params=("pieces", "axis"),
    parts=_maxout_parts,
)


# Dropout --------------------------------------------------------------------------


def _mask(x: Any, p: float, seed: int) -> Any:
    """What each entry is multiplied with: 0 with probability p, else 1/(1−p)."""
    if p in (0.0, 1.0):
        return 1.0 - p
    kept = np.random.default_rng(seed).random(shape_of(x)) >= p
    return np.multiply(kept, 1 / (1 - p), dtype=getattr(x, "dtype", np.float64))


def _chance(p: Any) -> float:
    if not 0 <= p <= 1:
        raise ValueError(_("dropout: p is a probability, from 0 to 1, not {p}", p=p))
    return float(p)


def _seed(seed: Any) -> int:
    if operator.index(seed) < 0:
        raise ValueError(_("dropout: the seed is a whole number from 0 on, not {seed}", seed=seed))
    return operator.index(seed)


dropout: Structural = structural(
    "dropout",
    lambda x, p, seed: x * _mask(x, p, seed),
    lambda upstream, out, x, p, seed: dropout(upstream, p=p, seed=seed),
    symbol="dropout",
    domain="all numbers",
    note="Sets entries to 0 with probability p and scales the rest by 1/(1−p); the seed decides "
    "which.",
    gradient="The gradient goes through the same mask.",
    sample=Call((VECTOR,), {"p": 0.5, "seed": 1}),
    torch="dropout",
    params=("p", "seed", "training"),
    # outside training nothing is dropped, so p = 0 says all
    bind=lambda x, p=0.5, *, seed, training=True: (
        (x,),
        {"p": _chance(p) if training else 0.0, "seed": _seed(seed)},
    ),
    parts=lambda x, p, seed: mul(x, _mask(x, p, seed)),
    written=False,
)


# Linear ---------------------------------------------------------------------------


def _product(a: np.ndarray, b: np.ndarray) -> Any:
    """a @ b, into spare memory if there is any."""
    if a.ndim == 2 and a.shape[0] * b.shape[1] >= LARGE // 8 and a.dtype == b.dtype:
        return np.matmul(a, b, out=take((a.shape[0], b.shape[1]), a.dtype))
    return a @ b


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    if type(x) is float or type(weight) is float or weight.ndim != 2:
        raise ValueError(_("the operands are an array, a matrix and, if there is a bias, a vector"))
    out = _product(x, weight)
    if bias is None:
        return out
    if type(bias) is float or bias.shape != out.shape[-1:]:
        raise ValueError(_("the bias needs the shape {shape}", shape=out.shape[-1:]))
    if out.dtype != bias.dtype:
        return out + bias
    out += bias
    return out


def _pull_linear(
    upstream: Any, out: Any, x: Any, weight: Any, bias: Any = None, *, position: int
) -> Any:
    """The three products of backpropagation through a layer."""
    if type(upstream) is type(x) is type(weight) is np.ndarray and upstream.ndim == 2:
        # the hot path of a network: no ops between, and a transpose is not copied
        if position == 0:
            return _product(upstream, weight.T)
        return _product(x.T, upstream) if position == 1 else np.add.reduce(upstream)
    if position == 0:
        return pull_left(upstream, out, x, weight)
    if position == 2:
        return sum_to(upstream, shape=shape_of(bias))
    return pull_right(upstream, out, x, weight)


def _linear_parts(x: Any, weight: Any, bias: Any = None) -> Any:
    product = matmul(x, weight)
    return product if bias is None else product + bias


linear = structural(
    "linear",
    _linear,
    _pull_linear,
    arity=0,
    variadic=True,
    notation=Notation("linear({})"),
    symbol="linear",
    domain="inner sizes equal",
    interval=(0.5, 2.0),
    note="One layer of weights, x @ weight + bias, with weights of shape (in, out); torch's are "
    "(out, in).",
    gradient="The gradient goes back to x through the transposed weights, to the weights through "
    "the transposed x; the bias collects it from every row.",
    sample=Call((MATRIX, WEIGHTS, floats(1, -1))),
    torch="nn.functional.linear",
    bind=lambda x, weight, bias=None: (
        (x, weight) if bias is None else (x, weight, bias),
        NO_PARAMS,
    ),
    parts=_linear_parts,
)
