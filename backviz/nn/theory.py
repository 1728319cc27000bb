"""Mean-field theory: how variance and gradients move through an infinitely wide random network.

Layers are z ← Wφ(z) + b with W ~ N(0, σ_w²/n_in) and b ~ N(0, σ_b²). In the limit of wide
layers every entry of z is normal with a variance q, and all that matters are two means over
z ~ N(0, 1): E[φ(√q z)²] and E[φ′(√q z)²] (Poole et al., 2016; Schoenholz et al., 2017).
Invariant: nothing here is random, and every mean is a sum over one dense grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from backviz.autodiff.data import quietly
from backviz.autodiff.op import Elementwise
from backviz.errors import InputError
from backviz.language import _
from backviz.nn.arguments import whole, within
from backviz.ops import OPS

END, CELLS = 10.0, 100_000
LEAST, MOST = 1e-12, 1e12  # variances beyond count as 0 and as infinite
NEARLY_0 = 1e-30
EXACT = 1e-14
NEARLY_1, PAIRS = 1e-9, 241


def moments(activation: str, q: float) -> tuple[float, float]:
    """E[φ(√q z)²] and E[φ′(√q z)²] for z ~ N(0, 1): the mean squares of signal and slope.

    A sum over the middles of 100,000 cells on [−10, 10]; a kink at 0, as ReLU has, stands
    between two cells and costs nothing. Gauss–Hermite sums fail for large q, where tanh is
    almost a jump. Raises `InputError` for what is no activation function of one number.

    >>> [round(m, 6) for m in moments("tanh", 1.0)]
    [0.394294, 0.464403]
    """
    signal, slope = squares(activation, q)
    _other, density = _grid()
    return float(density @ signal), float(density @ slope)


def squares(activation: str, q: float) -> tuple[np.ndarray, np.ndarray]:
    """φ(√q z)² and φ′(√q z)² on the grid of z, each (100000,)."""
    op = OPS[activation]
    if not isinstance(op, Elementwise) or not op.is_function:
        raise InputError(
            _(
                "{activation} is no activation function of one number, such as tanh",
                activation=activation,
            )
        )
    x = math.sqrt(within("moments", "q", q, 0, math.inf)) * _grid()[0]

    def made() -> tuple[np.ndarray, np.ndarray]:
        out = np.asarray(op(x))
        return out**2, np.broadcast_to(op.local(0, out, (x,), {}), x.shape) ** 2.0

    found: tuple[np.ndarray, np.ndarray] = quietly(made)
    return found


@cache
def _grid() -> tuple[np.ndarray, np.ndarray]:
    width = 2 * END / CELLS
    z = (np.arange(CELLS) + 0.5) * width - END
    return z, width * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a network with weights σ_w² and biases σ_b² stands: its variance and its factor χ.

    `q` is the variance that inputs of mean square 1 run to. χ = σ_w² E[φ′(√q z)²] is what
    each layer multiplies the mean square of the gradient by on its way back: below 1 it
    vanishes, above 1 it explodes.
    """

    q: float
    chi: float

    @property
    def depth(self) -> float:
        """ξ_∇ = 1/|ln χ|: over so many layers the gradient changes by a factor e; ∞ if χ is 1.

        How deep a network can be trained follows from another length: see `correlation`.

        >>> round(Phase(1.0, 0.5).depth, 3)
        1.443
        """
        if self.chi in (0, math.inf):
            return 0.0
        return 1 / abs(math.log(self.chi)) if self.chi != 1 else math.inf


@lru_cache(1024)
def phase(activation: str, weights: float, biases: float = 0.0) -> Phase:
    """The fixed point q = σ_w² E[φ(√q z)²] + σ_b² and χ there.

    `weights` is σ_w², `biases` σ_b². The fixed point is the one that q = 1 runs to: 0 if the
    signal dies out, infinity if it grows without end. He's ReLU keeps every q, so it keeps 1.

    >>> phase("relu", 2.0)
    Phase(q=1.0, chi=1.0)
    >>> dying = phase("tanh", 0.9)
    >>> dying.q, round(dying.chi, 6)
    (0.0, 0.9)
    """
    weights = within("phase", "σ_w²", weights, 0, math.inf)
    biases = within("phase", "σ_b²", biases, 0, math.inf)

    def growth(u: float) -> float:
        """By how much ln q grows in a layer, at ln q = u."""
        made = weights * moments(activation, math.exp(u))[0] + biases
        return math.log(made) - u if made > 0 else -math.inf

    low, at_low = 0.0, growth(0.0)
    if abs(at_low) < EXACT:
        return Phase(1.0, _chi(activation, weights, 1.0))
    step = math.copysign(1.0, at_low)
    high, at_high = low, at_low
    while at_high * at_low > 0:
        low, high = high, high + step
        if not math.log(LEAST) <= high <= math.log(MOST):
            end, near = (0.0, NEARLY_0) if step < 0 else (math.inf, MOST)
            return Phase(end, _chi(activation, weights, near))
        at_high = growth(high)
    q = math.exp(_root(growth, low, high))
    return Phase(q, _chi(activation, weights, q))


def _chi(activation: str, weights: float, q: float) -> float:
    chi = weights * moments(activation, q)[1]
    return 1.0 if abs(chi - 1) < EXACT else chi


def _root(f: Callable[[float], float], a: float, b: float) -> float:
    """Where f changes its sign between a and b: the false position with Illinois' halving."""
    fa, fb = f(a), f(b)
    while abs(b - a) > EXACT and fb != 0:
        if not (math.isfinite(fa) and math.isfinite(fb)):
            c = (a + b) / 2
        else:
            c = b - fb * (b - a) / (fb - fa)
        fc = f(c)
        if abs(fc) < EXACT:
            return float(c)
        if fc * fb < 0:
            a, fa = b, fb
        else:
            fa /= 2
        b, fb = c, fc
    return float(b)


@dataclass(frozen=True, slots=True)
class Correlation:
    """What becomes of two inputs in a deep network: their correlation runs to c*, at this pace.

    `c` is c*: 1 in order, where all inputs become alike, below 1 in chaos. `chi` is
    χ(c*) = σ_w² E[φ′(u₁)φ′(u₂)] with u₁, u₂ of correlation c*: what a layer leaves of the
    distance from c*.
    """

    c: float
    chi: float

    @property
    def depth(self) -> float:
        """ξ_c = −1/ln χ(c*): over so many layers what tells two inputs apart fades by a factor e.

        Networks were found to train to about 6ξ_c deep (Schoenholz et al., 2017).

        >>> round(correlation("tanh", 3.0, 0.05).depth, 2)
        9.05
        """
        if self.chi in (0, math.inf):
            return 0.0
        return 1 / abs(math.log(self.chi)) if self.chi != 1 else math.inf


def correlation(activation: str, weights: float, biases: float = 0.0) -> Correlation:
    """The fixed point c* that the correlation of two inputs runs to, and χ(c*).

    In order and on the edge c* is 1 and χ(1) is the χ of the gradient. In chaos a sum over a
    grid of pairs (z₁, z₂) finds c*; where the variance grows without end there is no such
    place, and the pace is that of the growth. ReLU has no chaos with a finite variance.

    >>> found = correlation("tanh", 4.0, 0.05)
    >>> round(found.c, 3), round(6 * found.depth, 1)
    (0.165, 41.9)
    """
    found = phase(activation, weights, biases)
    if found.chi <= 1 or not 0 < found.q < math.inf:
        return Correlation(1.0, found.chi)

    def excess(c: float) -> float:
        """By how much a layer raises the correlation c."""
        signal = _pairs(activation, found.q, c)[0]
        return (weights * signal + biases) / found.q - c

    c = 0.0 if excess(0.0) <= EXACT else _root(excess, 0.0, 1 - NEARLY_1)
    return Correlation(c, weights * _pairs(activation, found.q, c)[1])


def _pairs(activation: str, q: float, c: float) -> tuple[float, float]:
    """E[φ(u₁)φ(u₂)] and E[φ′(u₁)φ′(u₂)] for normal u of variance q and correlation c."""
    op = OPS[activation]
    assert isinstance(op, Elementwise)
    z = np.linspace(-8.0, 8.0, PAIRS)
    share = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    one = math.sqrt(q) * z
    two = math.sqrt(q) * (c * z[:, None] + math.sqrt(1 - c * c) * z)

    def made(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        out = np.asarray(op(u))
        return out, np.broadcast_to(op.local(0, out, (u,), {}), u.shape)

    return tuple(  # type: ignore[return-value]
        float((share * a) @ (b @ share)) for a, b in zip(made(one), made(two), strict=True)
    )


def critical(activation: str, biases: float = 0.0) -> float:
    """The σ_w² at which χ is 1: the edge of chaos, found by bisection on the phase.

    Raises `InputError` if there is none below 1000.

    >>> round(critical("relu"), 9)
    2.0
    """
    low, high = 0.0, 1.0
    while phase(activation, high, biases).chi < 1:
        low, high = high, 2 * high
        if high > 1000:
            raise InputError(
                _(
                    "{activation} with σ_b² = {biases:g} has no edge of chaos below 1000",
                    activation=activation,
                    biases=biases,
                )
            )
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        if phase(activation, middle, biases).chi < 1:
            low = middle
        else:
            high = middle
    return high


@dataclass(frozen=True, slots=True)
class Propagation:
    """What the layers do in theory: variances on the way forth, factors on the way back.

    `q` (depth,) is the variance of z in layer 1 … depth; `chi` (depth − 1,) is by how much the
    mean square of ∂L/∂z shrinks or grows from layer l + 1 to l; `backward` (depth,) is that
    mean square when it is 1 in the last layer.
    """

    q: np.ndarray
    chi: np.ndarray

    @property
    def backward(self) -> np.ndarray:
        """The mean square of ∂L/∂z in every layer, 1 in the last."""
        shares: np.ndarray = quietly(np.cumprod, self.chi[::-1])
        return np.concatenate((shares[::-1], (1.0,)))


def propagate(
    activation: str, depth: int, weights: float, biases: float = 0.0, inputs: float = 1.0
) -> Propagation:
    """Variances and factors, layer by layer, for inputs of mean square `inputs`.

    >>> made = propagate("relu", 3, weights=2.0)
    >>> made.q, made.chi
    (array([2., 2., 2.]), array([1., 1.]))
    """
    depth = whole("propagate", "depth", depth)
    q = weights * within("propagate", "inputs", inputs, 0, math.inf) + biases
    variances, slopes = [q], []
    while len(variances) < depth:
        signal, slope = moments(activation, q)
        new = weights * signal + biases
        variances.append(new)
        slopes.append(weights * slope)
        if new == q or abs(new - q) < EXACT * q:  # it stays there
            left = depth - len(variances)
            variances += [new] * left
            slopes += [weights * slope] * left
        q = min(new, 1e300)
    return Propagation(np.array(variances), np.array(slopes))
