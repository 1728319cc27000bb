"""How the gradients of each layer are distributed: histograms of their decades, over training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line
from backviz.scenes.deep import Activation, Against, Recipe, Wiring, compared, training
from backviz.scenes.layers import key_frames, write
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.starts import Start

Of = Literal["outputs", "weights"]
SHOWN, CELLS, LEAST = 4, 60, -12.0  # layers, cells of a histogram, the lowest decade


def _apart(data: Mapping[str, Array], name: str) -> float:
    """How many decades the middles of the first and the last layer's histograms are apart."""
    lines = [k for k in data if k.startswith(f"{name}.layer") and k.endswith(".y")]
    middles = [float((data[k][0] * data[k[:-1] + "x"][0]).sum() / data[k][0].sum()) for k in lines]
    return abs(middles[-1] - middles[0])


@scene(
    Claim(
        "small weights part the layers' gradients by two decades more than Xavier's do",
        lambda d: (2 + _apart(d, "xavier normal"), _apart(d, "small")),
    )
)
def gradient_histograms(
    activation: Activation = "tanh",
    init: Start = "small",
    wiring: Wiring = "plain",
    against: Against = said("init=xavier_normal"),
    depth: Annotated[int, Within(1, 50)] = 6,
    width: Annotated[int, Within(2, 256)] = 48,
    of: Of = "outputs",
    rate: Annotated[float, Within(0, 1e3)] = 0.1,
    steps: Annotated[int, Within(1, 300)] = 40,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """How large the gradients that reach each layer are: a curve for a layer, in decades.

    The sizes of all entries of ∂L/∂h, or of ∂L/∂W, are counted in powers of ten. Where
    the curves lie on each other all layers get a gradient of one size; where they are apart the
    first layers get next to nothing, or too much. What is 0 has no place on the axis: there a
    curve encloses less than 1.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    wiring: plain layers, skip connections, or a normalization
    against: what the second network has instead, such as wiring=batch_norm; empty for none
    depth: hidden layers
    width: units in each of them
    of: outputs h, or weights W
    rate: of gradient descent
    steps: of training
    seed: of data and weights
    """
    recipe = Recipe(depth, width, activation, init, wiring, rate=rate, seed=seed)
    chosen = sorted({round(k * (depth - 1) / (SHOWN - 1)) for k in range(SHOWN)})
    nets = compared(recipe, against)
    part, sign, total = (
        ("outputs", "∂L/∂h", recipe.samples) if of == "outputs" else ("weight", "∂L/∂W", width)
    )
    sizes = {
        name: [[_decades(getattr(moment.layers[i], part).grad) for i in chosen]
               for moment in training(each, steps)]
        for name, each in nets.items()
    }  # fmt: skip
    known = np.concatenate([d for looks in sizes.values() for row in looks for d in row])
    low, high = (float(np.floor(known.min())), float(known.max()) + 0.5) if known.size else (-3, 0)
    edges = np.linspace(low, high, CELLS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    counts = {
        name: np.array(
            [[np.histogram(d, edges)[0] / (total * width) for d in row] for row in looks]
        )
        for name, looks in sizes.items()
    }
    tall = 1.15 * max(float(table.max()) for table in counts.values()) or 1.0
    panels = tuple(
        Panel(
            name, Axis(f"log₁₀ |{sign}|", low, high),
            Axis(N_("share") if i == 0 else "", 0.0, tall),
            title=name, place=(0, i, 1, 1), legend="below",
        )
        for i, name in enumerate(counts)
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in range(steps):
            parts = []
            for name, looks in sizes.items():
                first, last = (
                    write(10 ** float(np.median(d))) if d.size else "0"
                    for d in (looks[k][0], looks[k][-1])
                )
                parts.append(
                    _("{name}: {first} in layer 1, {last} in layer {n}", name=_(name), first=first,
                      last=last, n=depth)
                )  # fmt: skip
            yield Frame(
                _("Step {k}, median of |{sign}|. {parts}.", k=k, sign=sign, parts="; ".join(parts)),
                {
                    name: tuple(
                        Line(f"layer {i + 1}", middles, table[k, c], _("layer {n}", n=i + 1), c)
                        for c, i in enumerate(chosen)
                    )
                    for name, table in counts.items()
                },
            )

    return Film(
        N_("How large a gradient each layer gets"), panels, frames, steps, key_frames(steps),
        alt=N_(
            "For each network curves of how the sizes of the gradient are distributed, one "
            "for each of four layers, on an axis of powers of ten."
        ),
    )  # fmt: skip


def _decades(gradient: Array) -> Array:
    """log₁₀ of the sizes of all entries that are a number and not 0, at the lowest decade least."""
    sizes = np.abs(np.ravel(gradient))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    return np.asarray(np.maximum(quietly(np.log10, sizes), LEAST))
