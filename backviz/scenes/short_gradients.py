"""Gradients that are too short, and stretched: signal and noise grow alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.scenes.artists import Arrows, Line, Points
from backviz.scenes.deep import Activation, Deep, Recipe, loss_of, task
from backviz.scenes.layers import head, held, positive, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Within, scene
from backviz.scenes.starts import Start


@scene
def rescaled_gradient(
    activation: Activation = "sigmoid",
    init: Start = "xavier_normal",
    layer: Annotated[int, Within(1, 100)] = 1,
    depth: Annotated[int, Within(1, 100)] = 10,
    width: Annotated[int, Within(1, 256)] = 32,
    batch: Annotated[int, Within(1, 64)] = 8,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """A vanished gradient times a large number is large, and its noise is as large again.

    Gradients of one layer's weights from small batches: what they have in common is the
    signal, what sets them apart the noise. A factor stretches both alike, so that their
    ratio stays what it was.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    layer: whose gradient is shown; the last one, if there are fewer
    depth: hidden layers
    width: units in each of them
    batch: samples in each of the batches
    seed: of data and weights
    """
    layer = min(layer, depth)
    recipe = Recipe(depth, width, activation, init, samples=40 * batch, seed=seed)
    found = batch_gradients(recipe, layer, batch)
    mean = found.mean(axis=0)
    noise = found - mean
    signal_size = float(np.linalg.norm(mean))
    noise_size = float(np.sqrt((noise**2).sum(axis=1).mean()))
    flat = _flattened(found, mean, noise)
    largest = float(np.abs(flat).max())
    power = max(1, int(np.ceil(-np.log10(largest)))) if largest > 0 else 1
    zoom = 10 ** np.linspace(0, power, 41)
    end = 1.15 * (largest or 1.0) * 10**power
    lost = _lost(found)
    panels = (
        Panel(
            "cloud", Axis("along the mean", -end, end), Axis("across", -end, end), equal=True,
            title="gradients of 40 batches × factor", legend="below",
        ),
        Panel(
            "sizes", Axis("factor", 1.0, 10.0**power, log=True),
            Axis("size", *held(*span(*(positive([s, s * zoom[-1]]) for s in
                 (signal_size, noise_size)), log=True, pad=0.1)), log=True),
            title="signal and noise", place=(0, 1, 1, 1), legend="below",
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k, factor in enumerate(zoom):
            x = zoom[: k + 1]
            said = f"Layer {layer} of {depth}, times {write(factor)}: "
            yield Frame(
                said + _stretched(factor * signal_size, factor * noise_size, lost),
                {
                    "cloud": (
                        Points(
                            "batches", factor * flat[:, 0], factor * flat[:, 1], label="a batch"
                        ),
                        Arrows("mean", [0.0], [0.0], [factor * signal_size], [0.0], label="mean"),
                    ),
                    "sizes": (
                        *(lines := (
                            Line("noise", x, positive(noise_size * x), "noise", 0),
                            Line("signal", x, positive(signal_size * x), "signal", "gradient"),
                        )),
                        *(head(line, -1) for line in lines),
                    ),
                },
            )  # fmt: skip

    return Film(
        "A large factor does not bring a vanished gradient back", panels, moments, len(zoom),
        (0, 20, 35, 38, 40), columns=(1.0, 1.1),
        alt="Left the gradients of small batches as points around their mean, growing with the "
        "factor. Right signal and noise against the factor: two parallel lines.",
    )  # fmt: skip


def _stretched(signal: float, noise: float, lost: float) -> str:
    if not np.isfinite(signal + noise):
        return "the gradient overflows."
    if signal == noise == 0:
        return "the gradient is 0 for every batch, and 0 it stays."
    ratio = f"their ratio stays {write(signal / noise)}" if noise else "all batches agree"
    said = f"signal {write(signal)}, noise {write(noise)}; {ratio}."
    if not lost:
        return said
    return said + (
        f" In half precision {100 * lost:.0f} % of the entries are 0, "
        "and no factor brings them back."
    )


def batch_gradients(recipe: Recipe, layer: int, batch: int) -> np.ndarray:
    """∂L/∂W of one layer (from 1) for each batch of the untrained network: (batches, entries)."""
    net, (x, y) = Deep(recipe), task(recipe)
    rows = []
    for first in range(0, recipe.samples, batch):
        part = slice(first, first + batch)
        loss, layers = loss_of(net, x[part], y[part])
        net.zero_grad()
        loss.backward()
        rows.append(layers[layer - 1].weight.grad.ravel())
    return np.array(rows)


def _flattened(found: np.ndarray, mean: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Each gradient in the plane of the mean and the widest direction across it: (batches, 2)."""
    size = np.linalg.norm(mean)
    along = mean / size if size else np.zeros_like(mean)
    rest = noise - np.outer(noise @ along, along)
    across = np.linalg.svd(rest, full_matrices=False)[2][0]
    return np.stack([found @ along, found @ across], axis=1)


def _lost(found: np.ndarray) -> float:
    """The share of entries that are 0 in half precision, though they are not."""
    half: np.ndarray = quietly(found.astype, np.float16)
    return float(np.mean((half == 0) & (found != 0)))
