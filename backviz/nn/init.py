"""Initial weights: a shape and a seed in, an array out.

Shapes are the engine's: a matrix is (in, out), a convolution's kernel (out, in, …).
Invariant: every initializer is called as `f(shape, seed=…)`, returns float64, and the same
seed gives the same bits. With a gain g, the standard deviations are g/√fan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.nn.arguments import Seed, generator, whole, within
from backviz.nn.gains import gain, variance_gain
from backviz.registry import Registry, unknown

__all__ = [
    "INITIALIZERS", "Initializer", "constant", "fans", "gain", "he_normal",
    "he_truncated", "he_uniform", "lecun_normal", "lecun_truncated", "lecun_uniform", "normal",
    "ones", "orthogonal", "standard_uniform", "uniform", "variance_gain", "xavier_normal",
    "xavier_truncated", "xavier_uniform", "zeros",
]  # fmt: skip

Initializer = Callable[..., np.ndarray]
Shape = int | Sequence[int]
Mode = Literal["fan_in", "fan_out"]

# The standard deviation of N(0, 1) cut off at ±2
CUT = 0.87962566103423978
SQRT_2 = math.sqrt(2)


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs reach a unit, and how many units an input reaches.

    A matrix has the shape (in, out), a kernel (out, in, …): there, each channel counts as
    often as the window has places.

    >>> fans((4, 3)), fans((8, 2, 3, 3))
    ((4, 3), (18, 72))
    """
    sizes = _shape(shape)
    if len(sizes) < 2:
        raise ShapeError(
            _(
                "an array of shape {sizes} has no inputs and outputs; use zeros, constant, "
                "normal or uniform for it",
                sizes=sizes,
            )
        )
    if len(sizes) == 2:
        return sizes
    window = math.prod(sizes[2:])
    return sizes[1] * window, sizes[0] * window


# Numbers that know nothing of layers ----------------------------------------------------


def zeros(shape: Shape, *, seed: Seed | None = None) -> np.ndarray:
    """All 0; the usual start of a bias. The seed is not used.

    >>> zeros(2)
    array([0., 0.])
    """
    return np.zeros(_shape(shape))


def ones(shape: Shape, *, seed: Seed | None = None) -> np.ndarray:
    """All 1. The seed is not used.

    >>> ones((1, 2))
    array([[1., 1.]])
    """
    return np.ones(_shape(shape))


def constant(shape: Shape, *, value: float = 0.0, seed: Seed | None = None) -> np.ndarray:
    """All the same number. The seed is not used.

    >>> constant(2, value=0.5)
    array([0.5, 0.5])
    """
    value = within("constant", "value", value, -math.inf, math.inf)
    return np.full(_shape(shape), value)


def normal(shape: Shape, *, seed: Seed | None, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    """Normal random numbers.

    >>> normal((2, 3), seed=0, std=0.01).shape
    (2, 3)
    """
    mean = within("normal", "mean", mean, -math.inf, math.inf)
    std = within("normal", "std", std, 0, math.inf)
    return mean + std * generator(seed).standard_normal(_shape(shape))


def uniform(shape: Shape, *, seed: Seed | None, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Random numbers between two bounds, all equally likely.

    >>> bool(uniform(100, seed=0, low=-1).min() < 0)
    True
    """
    low = within("uniform", "low", low, -math.inf, math.inf)
    high = within("uniform", "high", high, low, math.inf)
    return low + (high - low) * generator(seed).random(_shape(shape))


# Scaled by how many units are summed ----------------------------------------------------


def standard_uniform(shape: Shape, *, seed: Seed | None, gain: float = 1.0) -> np.ndarray:
    """Uniform in ±gain/√fan_in: torch's default for layers, std 1/√(3·fan_in).

    Glorot and Bengio (2010, eq. 1) call it the commonly used heuristic; it shrinks the signal.

    >>> bool(abs(standard_uniform((100, 9), seed=0)).max() <= 0.1)
    True
    """
    return _uniform(shape, seed, _gain(gain) / math.sqrt(3 * _fan(shape, "fan_in")))


def lecun_normal(
    shape: Shape, *, seed: Seed | None, gain: float = 1.0, mode: Mode = "fan_in"
) -> np.ndarray:
    """Normal with std gain/√fan_in (LeCun et al., 1998); the right one for SELU.

    >>> lecun_normal((4, 3), seed=0).shape
    (4, 3)
    """
    return _normal(shape, seed, _gain(gain) / math.sqrt(_fan(shape, mode)))


def lecun_uniform(
    shape: Shape, *, seed: Seed | None, gain: float = 1.0, mode: Mode = "fan_in"
) -> np.ndarray:
    """Uniform in ±gain·√(3/fan_in), std gain/√fan_in (LeCun et al., 1998).

    >>> bool(abs(lecun_uniform((3, 9), seed=0)).max() <= 1)
    True
    """
    return _uniform(shape, seed, _gain(gain) / math.sqrt(_fan(shape, mode)))


def lecun_truncated(
    shape: Shape, *, seed: Seed | None, gain: float = 1.0, mode: Mode = "fan_in"
) -> np.ndarray:
    """As `lecun_normal`, but without the tails: nothing beyond 2·std/0.8796, the same std.

    >>> lecun_truncated((4, 3), seed=0).shape
    (4, 3)
    """
    return _truncated(shape, seed, _gain(gain) / math.sqrt(_fan(shape, mode)))


def xavier_normal(shape: Shape, *, seed: Seed | None, gain: float = 1.0) -> np.ndarray:
    """Normal with std gain·√(2/(fan_in + fan_out)) (Glorot and Bengio, 2010).

    A compromise: the signal keeps its variance with fan_in, the gradient with fan_out.

    >>> xavier_normal((4, 3), seed=0, gain=5 / 3).shape
    (4, 3)
    """
    return _normal(shape, seed, _gain(gain) / math.sqrt(sum(fans(shape)) / 2))


def xavier_uniform(shape: Shape, *, seed: Seed | None, gain: float = 1.0) -> np.ndarray:
    """Uniform in ±gain·√(6/(fan_in + fan_out)) (Glorot and Bengio, 2010, eq. 16).

    >>> bool(abs(xavier_uniform((4, 2), seed=0)).max() <= 1)
    True
    """
    return _uniform(shape, seed, _gain(gain) / math.sqrt(sum(fans(shape)) / 2))


def xavier_truncated(shape: Shape, *, seed: Seed | None, gain: float = 1.0) -> np.ndarray:
    """As `xavier_normal`, but without the tails: nothing beyond 2·std/0.8796, the same std.

    >>> xavier_truncated((4, 3), seed=0).shape
    (4, 3)
    """
    return _truncated(shape, seed, _gain(gain) / math.sqrt(sum(fans(shape)) / 2))


def he_normal(
    shape: Shape, *, seed: Seed | None, gain: float = SQRT_2, mode: Mode = "fan_in"
) -> np.ndarray:
    """Normal with std gain/√fan (He et al., 2015); the gain √2 is that of ReLU.

    `mode` says what keeps its variance: "fan_in" the signal, "fan_out" the gradient.

    >>> he_normal((4, 3), seed=0, mode="fan_out").shape
    (4, 3)
    """
    return _normal(shape, seed, _gain(gain) / math.sqrt(_fan(shape, mode)))


def he_uniform(
    shape: Shape, *, seed: Seed | None, gain: float = SQRT_2, mode: Mode = "fan_in"
) -> np.ndarray:
    """Uniform in ±gain·√(3/fan), with the gain √2 ±√(6/fan) (He et al., 2015).

    >>> bool(abs(he_uniform((6, 9), seed=0)).max() <= 1)
    True
    """
    return _uniform(shape, seed, _gain(gain) / math.sqrt(_fan(shape, mode)))


def he_truncated(
    shape: Shape, *, seed: Seed | None, gain: float = SQRT_2, mode: Mode = "fan_in"
) -> np.ndarray:
    """As `he_normal`, but without the tails: nothing beyond 2·std/0.8796, the same std.

    >>> he_truncated((4, 3), seed=0).shape
    (4, 3)
    """
    return _truncated(shape, seed, _gain(gain) / math.sqrt(_fan(shape, mode)))


def orthogonal(shape: Shape, *, seed: Seed | None, gain: float = 1.0) -> np.ndarray:
    """A random matrix whose shorter side is orthonormal, times the gain (Saxe et al., 2014).

    It turns a signal and keeps its length. A kernel counts as a matrix (out, in · window).

    >>> w = orthogonal((4, 2), seed=0)
    >>> bool(np.allclose(w.T @ w, np.eye(2)))
    True
    """
    fans(shape)
    sizes = _shape(shape)
    rows, columns = sizes[0], math.prod(sizes[1:])
    raw = generator(seed).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(raw)
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)  # else not all turns are equally likely
    return _gain(gain) * (q if rows >= columns else q.T).reshape(sizes)


# By name --------------------------------------------------------------------------------

INITIALIZERS: Registry[Initializer] = Registry("initializer")
for _initializer, *_aliases in (
    (zeros,),
    (ones,),
    (constant,),
    (normal,),
    (uniform,),
    (standard_uniform,),
    (lecun_normal,),
    (lecun_uniform,),
    (lecun_truncated,),
    (xavier_normal, "glorot_normal"),
    (xavier_uniform, "glorot_uniform"),
    (xavier_truncated, "glorot_truncated"),
    (he_normal, "kaiming_normal"),
    (he_uniform, "kaiming_uniform"),
    (he_truncated, "kaiming_truncated"),
    (orthogonal,),
):
    INITIALIZERS.add(_initializer.__name__, _initializer, _aliases)


def _shape(shape: Shape) -> tuple[int, ...]:
    sizes = shape if isinstance(shape, Sequence) else (shape,)
    return tuple([whole("a shape", "each size", n) for n in sizes])


def _gain(gain: float) -> float:
    return within("an initializer", "gain", gain, 0, math.inf)


def _fan(shape: Shape, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise InputError(unknown("mode", str(mode), ["fan_in", "fan_out"]))
    return fans(shape)[mode == "fan_out"]


def _normal(shape: Shape, seed: Seed | None, std: float) -> np.ndarray:
    return std * generator(seed).standard_normal(_shape(shape))


def _uniform(shape: Shape, seed: Seed | None, std: float) -> np.ndarray:
    return math.sqrt(3) * std * (2 * generator(seed).random(_shape(shape)) - 1)


def _truncated(shape: Shape, seed: Seed | None, std: float) -> np.ndarray:
    """Normal, drawn again where it is beyond two deviations; wider, so that the std is kept."""
    random = generator(seed)
    made = random.standard_normal(_shape(shape))
    while np.any(beyond := np.abs(made) > 2):
        made[beyond] = random.standard_normal(np.count_nonzero(beyond))
    return std / CUT * made
