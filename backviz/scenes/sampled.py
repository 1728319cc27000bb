"""Random networks, drawn again and again: how large signal and gradient are in every layer.

Invariant: a network follows from its seed alone, and its gradient is read from the record
of the engine. Finite networks are samples: their logarithms walk at random with depth, so
they are shown as a band over seeds beside the line of the theory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backviz.autodiff.data import quietly
from backviz.autodiff.value import Value, tensor
from backviz.language import ngettext
from backviz.nn.arguments import generator, streams
from backviz.ops import OPS

Weights = Callable[..., np.ndarray]
LOW, HIGH = 10, 90  # the percentiles of a band


@dataclass(frozen=True, slots=True)
class Samples:
    """Numbers of every network (seeds,) and layer (depth,), as arrays (seeds, depth).

    `forward` is the mean square of z, what enters an activation; `backward` that of ∂L/∂z,
    where ∂L/∂h of the last layer is N(0, 1). `mean` and `std` are those of the outputs φ(z).
    `alike` is the correlation of the outputs of the first two inputs.
    """

    forward: np.ndarray
    backward: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    alike: np.ndarray

    @property
    def gradient(self) -> np.ndarray:
        """The mean square of ∂L/∂z divided by that of the last layer."""
        return np.asarray(quietly(np.divide, self.backward, self.backward[:, -1:]))

    @property
    def factors(self) -> np.ndarray:
        """What each layer multiplies the size of ∂L/∂z by, from l + 1 to l: (seeds, depth − 1)."""
        ratio = quietly(np.divide, self.backward[:, :-1], self.backward[:, 1:])
        return np.asarray(quietly(np.sqrt, ratio))


def band(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The 10th percentile, the median and the 90th over seeds; infinities count as they are.

    A network without a number (0/0: its gradient is 0 in the last layer) is left out; where
    no network has one, the band is NaN.

    >>> [float(part[0]) for part in band(np.arange(11.0)[:, None])]
    [1.0, 5.0, 9.0]
    """
    known = ~np.isnan(table).all(axis=0)
    made = np.full((3, table.shape[1]), np.nan)
    made[:, known] = quietly(np.nanpercentile, table[:, known], (LOW, 50, HIGH), axis=0)
    low, middle, high = made
    return low, middle, high


def left_out(table: np.ndarray) -> str:
    """What a caption adds if networks are left out of the band, as in 3 of 10.

    >>> left_out(np.array([[1.0], [np.nan]]))
    ' 1 of 2 networks left out: the gradient is 0 or overflows.'
    """
    lost = int(np.isnan(table).any(axis=1).sum())
    if not lost:
        return ""
    return " " + ngettext(
        "{lost} of {n} network left out: the gradient is 0 or overflows.",
        "{lost} of {n} networks left out: the gradient is 0 or overflows.",
        len(table),
        lost=lost,
    )


def sampled(
    activation: str,
    init: Weights,
    *,
    depth: int,
    width: int | Sequence[int],
    seeds: int,
    batch: int = 16,
    seed: int = 0,
    biases: float = 0.0,
) -> Samples:
    """Measure `seeds` random networks of `depth` layers with `width` inputs and units.

    Unequal widths are a sequence: the inputs, then the units of each layer.
    `init` is an initializer `f(shape, seed=…)`; the biases come from N(0, `biases`), the
    inputs (batch, width) from N(0, 1). Nothing is trained.

    >>> from backviz.nn import init
    >>> made = sampled("relu", init.he_normal, depth=5, width=64, seeds=3)
    >>> made.forward.shape, bool(np.all(abs(made.forward - 2) < 1))
    ((3, 5), True)
    """
    widths = (width,) * (depth + 1) if isinstance(width, int) else tuple(width)
    rows = [
        quietly(_measured, activation, init, widths, batch, stream, biases)
        for stream in streams(seed, seeds)
    ]
    return Samples(*np.moveaxis(np.array(rows), 1, 0))


def _measured(
    activation: str,
    init: Weights,
    widths: tuple[int, ...],
    batch: int,
    stream: np.random.SeedSequence,
    biases: float,
) -> list[list[float]]:
    for_inputs, for_gradient, *for_layers = streams(stream, len(widths) + 1)
    x = tensor(generator(for_inputs).standard_normal((batch, widths[0])))
    made = zip(widths[1:], for_layers, strict=True)
    layers = list(_forward(activation, init, x, made, biases))
    layers[-1][1].backward(generator(for_gradient).standard_normal((batch, widths[-1])))
    return [
        [_mean_square(z.data) for z, _ in layers],
        [_mean_square(z.grad) for z, _ in layers],
        [float(h.data.mean()) for _, h in layers],
        [float(h.data.std()) for _, h in layers],
        [_alike(h.data) for _, h in layers],
    ]


def _forward(
    activation: str,
    init: Weights,
    h: Value,
    layers: Iterable[tuple[int, np.random.SeedSequence]],
    biases: float,
) -> Iterator[tuple[Value, Value]]:
    """z and h of every layer, which is given as its units and its random numbers."""
    for n, stream in layers:
        z = OPS["matmul"](h, init((h.shape[1], n), seed=stream))
        if biases:
            (other,) = streams(stream, 1)
            z = z + np.sqrt(biases) * generator(other).standard_normal(n)
        h = OPS[activation](z)
        yield z, h


def _mean_square(x: np.ndarray) -> float:
    return float(np.vdot(x, x)) / x.size


def _alike(h: np.ndarray) -> float:
    """The cosine of the angle between the first two rows."""
    a, b = h[0], h[-1] if len(h) < 2 else h[1]
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
