"""Where the inputs of real units fall on their activation and on its derivative."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _, ngettext
from backviz.ops import OPS
from backviz.scenes.artists import Line, Points, Rug
from backviz.scenes.deep import Activation, Recipe, Wiring, training
from backviz.scenes.layers import key_frames, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.starts import Start
from backviz.scenes.units import EDGE, slopes
from backviz.words import Words


@scene(
    Claim(
        "with large weights most inputs meet less than a tenth of the greatest slope",
        lambda d: (float(np.median(d["slope.values.y"][0])), 0.1 * float(d["slope.curve.y"].max())),
    )
)
def unit_inputs(
    activation: Activation = "tanh",
    init: Start = "large",
    wiring: Wiring = "plain",
    layer: Annotated[int, Within(1, 100)] = 4,
    depth: Annotated[int, Within(1, 100)] = 4,
    width: Annotated[int, Within(1, 512)] = 64,
    rate: Annotated[float, Within(0, 1e3)] = 0.1,
    steps: Annotated[int, Within(1, 300)] = 40,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Where the inputs of real units fall on their activation and on its derivative.

    The ticks are what enters 80 unit-and-sample pairs of one layer at this step. A tick
    where the derivative is near 0 passes no gradient on. What lies beyond the axis stands at
    its end, and the caption counts it.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    wiring: plain layers, skip connections, or a normalization
    layer: whose units are shown; the last one, if there are fewer
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent
    steps: of training
    seed: of data and weights
    """
    layer = min(layer, depth)
    recipe = Recipe(depth, width, activation, init, wiring, rate=rate, seed=seed)
    inputs, losses = [], []
    for moment in training(recipe, steps):
        inputs.append(moment.layers[layer - 1].inputs.data.copy())
        losses.append(moment.loss)
    table = np.array(inputs).reshape(steps, -1)
    pick = np.random.default_rng(seed).permutation(table.shape[1])[:80]
    known = np.abs(table[:, pick][np.isfinite(table[:, pick])])
    end = float(np.clip(1.1 * np.max(known, initial=0.0), 5.0, 30.0))
    z = np.linspace(-end, end, 601)
    phi, slope = OPS[activation](z), slopes(activation, z)
    greatest = float(slope.max())
    panels = (
        Panel(
            "function", Axis(N_("z, what enters the unit"), -1.04 * end, 1.04 * end),
            Axis("φ(z)", *span(phi, pad=0.12)),
            title=activation, static=(Line("curve", z, phi, color="forward"),),
        ),
        Panel(
            "slope", Axis(N_("z, what enters the unit"), -1.04 * end, 1.04 * end),
            Axis("φ′(z)", *span(slope, (0.0,), pad=0.12)),
            title=Words("its derivative, {most} at most", most=write(greatest)), place=(0, 1, 1, 1),
            static=(Line("curve", z, slope, color="gradient"),),
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            entering = table[k, pick]
            at = np.clip(entering, -end, end)  # what is beyond stands at the end; NaN stays
            beyond = int(np.sum(np.abs(entering) > end))
            all_slopes = slopes(activation, table[k])
            mean = float(quietly(np.mean, all_slopes))
            few = float(np.mean(np.abs(all_slopes) < (1 - EDGE**2) * greatest))
            said = _("Step {step}: the numbers overflow.", step=k)
            if np.isfinite(mean) and np.isfinite(losses[k]):
                said = _(
                    "Step {step}, loss {loss}: in layer {layer} the slopes are {mean} on average, "
                    "and {few:.0f} % of the inputs meet a slope below {part:.0f} % of the "
                    "greatest.",
                    step=k, loss=write(losses[k]), layer=layer, mean=write(mean), few=100 * few,
                    part=100 * (1 - EDGE**2),
                )  # fmt: skip
                if beyond:
                    said += " " + ngettext(
                        "{n} of {all} ticks lies beyond the axis, at its end.",
                        "{n} of {all} ticks lie beyond the axis, at its end.",
                        beyond, all=len(pick),
                    )  # fmt: skip
            yield Frame(
                said,
                {
                    "function": (
                        Rug("inputs", at, color=2),
                        Points("values", at, OPS[activation](at), color=2, marker="circle"),
                    ),
                    "slope": (
                        Rug("inputs", at, color=2),
                        Points("values", at, slopes(activation, at), color=2, marker="circle"),
                    ),
                },
            )

    return Film(
        Words("What enters the units of layer {layer} of {depth}", layer=layer, depth=depth),
        panels, moments, steps, key_frames(steps),
        alt=N_("Left the activation, right its derivative, both with ticks and points where the "
               "inputs of units of one layer are at each training step."),
    )  # fmt: skip
