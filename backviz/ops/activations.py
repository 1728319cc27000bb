"""Activation functions and the larger or smaller of two, elementwise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backviz.autodiff.buffers import take
from backviz.autodiff.calls import Call
from backviz.autodiff.data import Data
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import elementwise
from backviz.autodiff.operand import Operand, Params
from backviz.autodiff.symbol import constant, numbers_behind, part
from backviz.language import _
from backviz.ops.choose import clip, numbers, where
from backviz.ops.compare import equal, greater, guard, less
from backviz.ops.elementary import abs, exp, reciprocal, square  # noqa: A004
from backviz.ops.special import erf, erfc


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # e^−|x| cannot overflow; both branches share it
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, small) / (1.0 + small))


def _sigmoid_scalar(x: float) -> float:
    small = math.exp(-math.fabs(x))
    return (1.0 if x >= 0 else small) / (1.0 + small)


tanh = elementwise(
    "tanh",
    np.tanh,
    lambda out, x: 1 - out**2,
    scalar=math.tanh,
    domain="all numbers",
    note="The hyperbolic tangent, an S from −1 to 1.",
    gradient="The derivative is at most 1, at 0; far from 0 it is nearly 0 (saturated).",
    saturates=("below", "above"),
    torch="tanh",
)

sigmoid = elementwise(
    "sigmoid",
    _sigmoid,
    lambda out, x: out * (1 - out),
    scalar=_sigmoid_scalar,
    notation=Notation("σ({})", 100, (0,)),
    symbol="σ",
    domain="all numbers",
    note="The logistic function 1 / (1 + e^(−x)), an S from 0 to 1.",
    gradient="The derivative is at most 0.25, at 0; far from 0 it is nearly 0 (saturated).",
    saturates=("below", "above"),
    torch="sigmoid",
)


def unless_nan(slope: Any, out: Any) -> Any:
    """A slope, but 1 where the result is NaN, as in torch: it shall show on the way back, too."""
    if type(out) is float:
        return slope if out == out else 1.0  # noqa: PLR0124
    numbers = numbers_behind(out)
    lost = numbers != numbers  # noqa: PLR0124
    return where(constant(f"isnan({out})", lost * 1.0, out), 1, slope) if np.any(lost) else slope


def _relu_slope(out: Any, x: Any) -> Any:
    if type(out) is float or not isinstance(out, Operand):
        return out != 0  # x > 0, and NaN
    return unless_nan(x > 0, out)


def _relu(x: Any) -> Any:
    large = type(x) is np.ndarray and x.flags.c_contiguous
    spare = take(x.shape, x.dtype) if large else None
    return np.maximum(x, 0.0, out=spare)


relu = elementwise(
    "relu",
    _relu,
    _relu_slope,
    scalar=lambda x: x if x > 0 or x != x else 0.0,  # noqa: PLR0124  (NaN stays NaN)
    notation=Notation("ReLU({})", 100, (0,)),
    symbol="ReLU",
    domain="all numbers",
    note="x where x > 0, else 0.",
    gradient="Passes the gradient where x > 0 and blocks it elsewhere; at the kink x = 0 it "
    "blocks.",
    kink=Call((0.0,)),
    torch="relu",
    masks=True,
)

leaky_relu = elementwise(
    "leaky_relu",
    lambda x, slope=0.01: np.where(x > 0, x, slope * x),
    lambda out, x, slope=0.01: where(greater(x, 0), 1, slope),
    scalar=lambda x, slope=0.01: x if x > 0 else slope * x,
    params=("slope",),
    bind=lambda x, slope=None, *, negative_slope=None: (
        (x,),
        numbers(slope=(slope, negative_slope)),
    ),
    notation=Notation("LeakyReLU({})", 100, (0,)),
    symbol="LeakyReLU",
    domain="all numbers",
    note="x where x > 0, else a small part of it, slope·x.",
    gradient="Passes the gradient where x > 0 and a small part of it elsewhere; at the kink x = 0 "
    "it passes the small part.",
    sample=Call((-0.5,)),
    kink=Call((0.0,)),
    torch="nn.functional.leaky_relu",
    torch_options={"slope": "negative_slope"},
    masks=True,
)

prelu = elementwise(
    "prelu",
    lambda x, a: np.where(x > 0, x, a * x),
    lambda out, x, a: where(greater(x, 0), 1, a),
    lambda out, x, a: where(greater(x, 0), 0, x),
    scalar=lambda x, a: x if x > 0 else a * x,
    notation=Notation("PReLU({}, {})", 100, (0, 0)),
    symbol="PReLU",
    domain="all numbers",
    note="Leaky ReLU whose slope below 0 is learned: the second input.",
    gradient="Passes to the first input as in leaky ReLU; the slope gets a gradient only where "
    "that input is below 0.",
    sample=Call((-2.0, 0.1)),
    kink=Call((0.0, 0.1)),
    torch="prelu",
    masks=True,
)

# torch: at a tie the gradient is shared equally
maximum = elementwise(
    "maximum",
    np.maximum,
    lambda out, a, b: unless_nan(greater(a, b) + equal(a, b) / 2, out),
    lambda out, a, b: unless_nan(less(a, b) + equal(a, b) / 2, out),
    notation=Notation("max({}, {})", 100, (0, 0)),
    symbol="max",
    domain="all numbers",
    note="The larger of two.",
    gradient="Routes the gradient to the larger input; at a tie each gets half.",
    kink=Call((1.0, 1.0)),
    torch="maximum",
    aliases=("max",),
    commutes=True,
    masks=True,
    gives="alike",
)

minimum = elementwise(
    "minimum",
    np.minimum,
    lambda out, a, b: unless_nan(less(a, b) + equal(a, b) / 2, out),
    lambda out, a, b: unless_nan(greater(a, b) + equal(a, b) / 2, out),
    notation=Notation("min({}, {})", 100, (0, 0)),
    symbol="min",
    domain="all numbers",
    note="The smaller of two.",
    gradient="Routes the gradient to the smaller input; at a tie each gets half.",
    kink=Call((1.0, 1.0)),
    torch="minimum",
    aliases=("min",),
    commutes=True,
    masks=True,
    gives="alike",
)


# Activations that saturate only below, without a kink -----------------------------------

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al., 2017
SQRT_2, SQRT_2_PI = math.sqrt(2), math.sqrt(2 * math.pi)
CUBIC, STEEP = 0.044715, math.sqrt(8 / math.pi)  # of the approximate GELU, x·σ(STEEP·(x + …x³))


def _elu(x: Data, alpha: float = 1, scale: float = 1) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0) / scale))


def _elu_slope(x: Any, alpha: float = 1) -> Any:
    # guarded: what is not asked for, e^x above 0, shall not overflow
    below = exp(guard(x, greater(x, 0)))
    return where(greater(x, 0), 1, below if alpha == 1 else alpha * below)


elu = elementwise(
    "elu",
    _elu,
    lambda out, x, alpha=1: _elu_slope(x, alpha),
    scalar=lambda x, alpha=1: x if x > 0 else alpha * math.expm1(x),
    params=("alpha",),
    bind=lambda x, alpha=None: ((x,), numbers(alpha=(alpha,))),
    notation=Notation("ELU({})", 100, (0,)),
    symbol="ELU",
    domain="all numbers",
    note="x where x > 0, else alpha·(e^x − 1).",
    gradient="Passes the gradient where x > 0; far below 0 the derivative is nearly 0 (saturated).",
    saturates=("below",),
    torch="nn.functional.elu",
)

celu = elementwise(
    "celu",
    lambda x, alpha=1: _elu(x, alpha, alpha),
    lambda out, x, alpha=1: _elu_slope(x / alpha) if alpha != 1 else _elu_slope(x),
    scalar=lambda x, alpha=1: x if x > 0 else alpha * math.expm1(x / alpha),
    params=("alpha",),
    bind=lambda x, alpha=None: ((x,), numbers(alpha=(alpha,))),
    notation=Notation("CELU({})", 100, (0,)),
    symbol="CELU",
    domain="all numbers",
    note="x where x > 0, else alpha·(e^(x/alpha) − 1): ELU without a kink for any alpha > 0.",
    gradient="Passes the gradient where x > 0; far below 0 the derivative is nearly 0 (saturated).",
    saturates=("below",),
    torch="celu",
    parts=lambda x, alpha=1: alpha * elu(x / alpha),
)

selu = elementwise(
    "selu",
    lambda x: SELU_SCALE * _elu(x, SELU_ALPHA),
    lambda out, x: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
    scalar=lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * math.expm1(x)),
    notation=Notation("SELU({})", 100, (0,)),
    symbol="SELU",
    domain="all numbers",
    note="ELU, scaled so that deep layers keep mean 0 and variance 1.",
    gradient="Passes 1.05 of the gradient where x > 0 and nearly nothing far below; at the kink "
    "x = 0 it takes the left slope.",
    kink=Call((0.0,)),
    saturates=("below",),
    torch="selu",
    parts=lambda x: SELU_SCALE * elu(x, SELU_ALPHA),
)

silu = elementwise(
    "silu",
    lambda x: x * _sigmoid(x),
    lambda out, x: sigmoid(x) * (1 + x * sigmoid(-x)),
    scalar=lambda x: x * _sigmoid_scalar(x),
    notation=Notation("SiLU({})", 100, (0,)),
    symbol="SiLU",
    domain="all numbers",
    note="x·σ(x), a smooth ReLU.",
    gradient="The derivative is nearly 0 far below 0 and nearly 1 far above; in between it can be "
    "a little below 0 or above 1.",
    saturates=("below",),
    torch="nn.functional.silu",
    aliases=("swish",),
    parts=lambda x: x * sigmoid(x),
)


def _log_1_exp(x: Any) -> Any:
    """log(1 + e^x), where e^x may overflow."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _softplus_scalar(x: float, beta: float = 1, threshold: float = 20) -> float:
    z = beta * x
    if z > threshold:
        return x
    return (max(z, 0.0) + math.log1p(math.exp(-math.fabs(z)))) / beta


def _softplus_slope(x: Any, beta: float, threshold: float) -> Any:
    z = x if beta == 1 else beta * x
    return guard(sigmoid(z), greater(z, threshold), value=1.0)


softplus = elementwise(
    "softplus",
    lambda x, beta=1, threshold=20: np.where(beta * x > threshold, x, _log_1_exp(beta * x) / beta),
    lambda out, x, beta=1, threshold=20: _softplus_slope(x, beta, threshold),
    scalar=_softplus_scalar,
    params=("beta", "threshold"),
    bind=lambda x, beta=None, threshold=None: (
        (x,),
        numbers(beta=(beta,), threshold=(threshold,)),
    ),
    domain="all numbers",
    note="log(1 + e^x), a smooth ReLU; as in torch, x itself above the threshold 20.",
    gradient="The derivative is the sigmoid: nearly 0 far below 0 and nearly 1 far above.",
    saturates=("below",),
    torch="nn.functional.softplus",
)

log_sigmoid = elementwise(
    "log_sigmoid",
    lambda x: -_log_1_exp(-x),
    lambda out, x: sigmoid(-x),
    scalar=lambda x: -_softplus_scalar(-x, threshold=math.inf),
    notation=Notation("log σ({})", 100, (0,)),
    symbol="log σ",
    domain="all numbers",
    note="log(σ(x)) without overflow.",
    gradient="The derivative is nearly 1 far below 0 and nearly 0 far above.",
    saturates=("above",),
    torch="nn.functional.logsigmoid",
    aliases=("logsigmoid",),
)


def _mish(x: np.ndarray) -> np.ndarray:
    # tanh(log(1 + e^x)) is a ratio of polynomials in e^x, or in e^−x, whichever is small
    small = np.exp(-np.abs(x))
    above = np.where(x >= 0, 1 + 2 * small, small * (2 + small))
    return np.asarray(x * above / (above + np.where(x >= 0, 2 * small * small, 2.0)))


def _mish_slope(x: Any) -> Any:
    rising = part("t", tanh(softplus(x)))
    return rising + x * sigmoid(x) * (1 - rising**2)


mish = elementwise(
    "mish",
    _mish,
    lambda out, x: _mish_slope(x),
    scalar=lambda x: x * math.tanh(_softplus_scalar(x)),
    notation=Notation("Mish({})", 100, (0,)),
    symbol="Mish",
    domain="all numbers",
    note="x·tanh(softplus(x)), a smooth ReLU much like SiLU.",
    gradient="The derivative is nearly 0 far below 0 and nearly 1 far above; in between it can be "
    "a little below 0 or above 1.",
    saturates=("below",),
    torch="nn.functional.mish",
    parts=lambda x: x * tanh(softplus(x)),
)

softsign = elementwise(
    "softsign",
    lambda x: x / (1 + np.abs(x)),
    lambda out, x: reciprocal(square(1 + abs(x))),
    scalar=lambda x: x / (1 + math.fabs(x)),
    domain="all numbers",
    note="x / (1 + |x|), between −1 and 1.",
    gradient="The derivative is 1 at 0 and falls like 1/x² far away: it saturates more slowly than "
    "tanh.",
    saturates=("below", "above"),
    torch="nn.functional.softsign",
    parts=lambda x: x / (1 + abs(x)),
)


def _gelu(x: Data, approximate: str = "none") -> np.ndarray:
    if approximate == "tanh":
        return np.asarray(x * _sigmoid(STEEP * (x + CUBIC * x * x * x)))  # type: ignore[operator,arg-type]
    return np.asarray(0.5 * x * erfc.array(-x / SQRT_2))


def _gelu_scalar(x: float, approximate: str = "none") -> float:
    if approximate == "tanh":
        return x * _sigmoid_scalar(STEEP * (x + CUBIC * x * x * x))
    return 0.5 * x * math.erfc(-x / SQRT_2)


def _gelu_slope(x: Any, approximate: str = "none") -> Any:
    if approximate == "none":
        root, area = constant("√2", SQRT_2, x), constant("√(2·π)", SQRT_2_PI, x)
        return 0.5 * erfc(-x / root) + x * exp(-(x**2) / 2) / area
    # beyond 30 the sigmoid is 0 or 1 to the last bit, and no power of x overflows before
    x = clip(x, -30, 30)
    steep = constant("√(8 / π)", STEEP, x)
    z = part("z", steep * (x + CUBIC * x**3))
    return sigmoid(z) * (1 + x * sigmoid(-z) * steep * (1 + 3 * CUBIC * x**2))


def _gelu_parts(x: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return x * (1 + tanh(STEEP / 2 * (x + CUBIC * x**3))) / 2
    return x * (1 + erf(x / SQRT_2)) / 2


def _approximation(word: Any) -> Params:
    if not isinstance(word, str) or word not in ("none", "tanh"):
        raise TypeError(_('the option approximate is "none" or "tanh"'))
    return {} if word == "none" else {"approximate": word}


gelu = elementwise(
    "gelu",
    _gelu,
    lambda out, x, approximate="none": _gelu_slope(x, approximate),
    scalar=_gelu_scalar,
    params=("approximate",),
    bind=lambda x, approximate="none": ((x,), _approximation(approximate)),
    notation=Notation("GELU({})", 100, (0,)),
    symbol="GELU",
    domain="all numbers",
    note="x times the chance that a normal random number is below x, a smooth ReLU; "
    'approximate="tanh" is the form of GPT-2.',
    gradient="The derivative is nearly 0 far below 0 and nearly 1 far above; in between it can be "
    "a little below 0 or above 1.",
    saturates=("below",),
    torch="nn.functional.gelu",
    parts=_gelu_parts,
)
