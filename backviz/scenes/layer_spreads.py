"""What enters every layer while a network learns, with a normalization and without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Heat, Line
from backviz.scenes.deep import Activation, Against, Recipe, Wiring, compared, training
from backviz.scenes.layers import key_frames, layer_axis, numbers, write
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.starts import Start

CELLS, END, TOP = 41, 4.0, 0.25  # of a histogram, its ends, the share that is darkest


def _spread(data: Mapping[str, Array], name: str, k: int) -> float:
    """How many times as wide the widest layer is as the narrowest, at a step."""
    std = np.abs(data[f"{name}.high.y"][k] - data[f"{name}.low.y"][k])
    return float(std.max() / max(std.min(), 1e-9))


@scene(
    Claim(
        "with batch norm the layers stay equally wide; without they begin ten times as far apart",
        lambda d: (10 * _spread(d, "batch norm", -1), _spread(d, "plain", 0)),
    )
)
def layer_inputs(
    activation: Activation = "relu",
    init: Start = "xavier_normal",
    wiring: Wiring = "plain",
    against: Against = said("wiring=batch_norm"),
    depth: Annotated[int, Within(1, 100)] = 12,
    width: Annotated[int, Within(1, 256)] = 48,
    rate: Annotated[float, Within(0, 1e3)] = 0.3,
    samples: Annotated[int, Within(1, 1024)] = 64,
    steps: Annotated[int, Within(1, 300)] = 50,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """The distribution of what enters each layer, over training: a column for a layer.

    The darker, the more of a layer's inputs z lie there; the lines are one standard deviation
    to both sides of the mean. Without a normalization the layers become narrower and
    narrower, or wider and wider; with one all stay alike while the network learns.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    wiring: plain layers, skip connections, or a normalization
    against: what the second network has instead, such as wiring=layer_norm; empty for none
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent
    samples: that every step learns from
    steps: of training
    seed: of data and weights
    """
    recipe = Recipe(depth, width, activation, init, wiring, rate=rate, samples=samples, seed=seed)
    found = {name: _looks(each, steps) for name, each in compared(recipe, against).items()}
    panels = tuple(
        Panel(
            name, layer_axis(depth), Axis("z", -END, END), place=(0, i, 1, 1),
            title={"plain": N_("without a norm"), "batch norm": N_("batch norm"),
                   "layer norm": N_("layer norm")}.get(name, name),
        )
        for i, name in enumerate(found)
    )  # fmt: skip
    x = numbers(depth)

    def frames() -> Iterator[Frame]:
        for k in range(steps):
            shown = {}
            for name, (counts, mean, std, _losses) in found.items():
                low, high = (np.clip(mean[k] + s * std[k], -END, END) for s in (-1, 1))
                shown[name] = (
                    Heat("share", np.minimum(counts[k], TOP) ** 0.5, (0.5, depth + 0.5),
                         (-END, END), (0.0, TOP**0.5), map="sequential", label=N_("√share")),
                    Line("low", x, low, color="gradient", dash="solid", width=3.0),
                    Line("high", x, high, color="gradient", dash="solid", width=3.0),
                )  # fmt: skip
            parts = "; ".join(
                _("{name}: {first} in the first layer, {last} in the last, loss {loss}",
                  name=_("without a norm") if name == "plain" else name,
                  first=write(float(std[k, 0])), last=write(float(std[k, -1])),
                  loss=write(float(losses[k])))
                if np.isfinite(losses[k]) else _("{name}: the numbers overflow",
                       name=_("without a norm") if name == "plain" else name)
                for name, (_counts, _mean, std, losses) in found.items()
            )  # fmt: skip
            yield Frame(_("Step {k}, standard deviation of z. {parts}.", k=k, parts=parts), shown)

    return Film(
        N_("What enters each layer while all learn"), panels, frames, steps, key_frames(steps),
        alt=N_(
            "For each network a map of how its layers' inputs are distributed, with lines at "
            "one standard deviation around the mean."
        ),
    )  # fmt: skip


def _looks(recipe: Recipe, steps: int) -> tuple[Array, Array, Array, Array]:
    """Shares (steps, cells, layers), means and deviations (steps, layers), losses (steps,)."""
    edges = np.linspace(-END, END, CELLS + 1)

    def row(z: Array) -> tuple[Array, float, float]:
        known = np.clip(np.where(np.isfinite(z), z, END), -END, END)
        return np.histogram(known, edges)[0] / z.size, float(known.mean()), float(known.std())

    shares, means, stds, losses = [], [], [], []
    for moment in training(recipe, steps):
        rows = [quietly(row, np.asarray(layer.inputs.data)) for layer in moment.layers]
        shares.append(np.stack([each[0] for each in rows], axis=1))
        means.append([each[1] for each in rows])
        stds.append([each[2] for each in rows])
        losses.append(moment.loss)
    return np.array(shares), np.array(means), np.array(stds), np.array(losses)
