"""LSUV: weights that are measured and divided layer by layer until every layer has variance 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.nn.arguments import streams
from backviz.nn.gains import variance_gain
from backviz.nn.init import orthogonal
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Points, Rule
from backviz.scenes.deep import Activation
from backviz.scenes.layers import key_frames, layer_axis, numbers, positive, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene

TOLERANCE, MOST = 0.01, 10  # of the variance, and passes for a layer


def measured(
    activation: str, x: Array, weights: list[Array], done: int
) -> tuple[list[Array], Array, Array]:
    """The first `done` layers rescaled: weights, what each was multiplied by, deviations of z.

    A layer's weights are divided by the standard deviation of its z for the batch x, again and
    again until the variance is 1 (Mishkin and Matas, "All you need is a good init", 2016).
    """
    h, factors, stds, made = x, [], [], []
    for i, weight in enumerate(weights):
        scale = 1.0
        if i < done:
            for _k in range(MOST):
                std = float(np.asarray(OPS["matmul"](h, scale * weight)).std())
                if not std or abs(std**2 - 1) < TOLERANCE:
                    break
                scale /= std
        made.append(scale * weight)
        z = np.asarray(OPS["matmul"](h, made[-1]))
        factors.append(scale)
        stds.append(float(z.std()))
        h = np.asarray(OPS[activation](z))
    return made, np.array(factors), np.array(stds)


@scene(
    Claim(
        "LSUV brings all layers ten times as near to 1, in decades, as the last one was before",
        lambda d: (
            10 * float(np.abs(np.log10(d["width.measured.y"][-1])).max()),
            abs(float(np.log10(d["width.before.y"][-1]))),
        ),
    )
)
def lsuv(
    activation: Activation = "relu",
    depth: Annotated[int, Within(1, 100)] = 12,
    width: Annotated[int, Within(2, 512)] = 64,
    samples: Annotated[int, Within(2, 2048)] = 256,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """LSUV needs no formula: it measures each layer on a batch and divides its weights by that.

    The weights begin orthogonal. Then, from the first layer to the last, each is divided by the
    standard deviation of what it puts out. Left that deviation in every layer, right what each
    layer's weights were multiplied by: near √2 for ReLU, which is He's factor found by
    measuring.

    Options:
    activation: what each unit applies
    depth: hidden layers
    width: inputs, and units in each layer
    samples: of the batch that is measured
    seed: of weights and inputs
    """
    for_inputs, *for_layers = streams(seed, depth + 1)
    x = np.random.default_rng(for_inputs).standard_normal((samples, width))
    weights = [orthogonal((width, width), seed=stream) for stream in for_layers]
    runs = [measured(activation, x, weights, done) for done in range(depth + 1)]
    gain, at = variance_gain(activation), numbers(depth)
    before = runs[0][2]
    panels = (
        Panel(
            "width", layer_axis(depth),
            Axis("", *span(*(positive(run[2]) for run in runs), [0.5, 2.0], log=True), log=True),
            title=N_("standard deviation of z"), legend="below",
            static=(
                Rule("one", 1.0, color="muted"),
                Line("before", at, positive(before), N_("orthogonal"), "muted", "solid",
                     marked=True),
            ),
        ),
        Panel(
            "factor", layer_axis(depth),
            Axis("", *span(*(run[1] for run in runs), [gain, 1.0], pad=0.2)),
            title=N_("weights multiplied by"), place=(0, 1, 1, 1), legend="below",
            static=(Line("theory", [0.5, depth + 0.5], [gain, gain], N_("theory, 1/√E[φ²]"),
                         "muted", "dotted", width=6.0),),
        ),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for done, (_weights, factors, stds) in enumerate(runs):
            now = slice(max(0, done - 1), done)
            yield Frame(
                _("Layer {n} was multiplied by {factor}: its z has the standard deviation {std}, "
                  "the last layer's has {last}.", n=done, factor=write(float(factors[done - 1])),
                  std=write(float(stds[done - 1])), last=write(float(stds[-1])))
                if done else
                _("Orthogonal weights: z has the standard deviation {first} in the first layer "
                  "and {last} in the last.", first=write(float(before[0])),
                  last=write(float(before[-1]))),
                {
                    "width": (
                        Line("measured", at, positive(stds), N_("measured so far"), 0,
                             marked=True),
                        Points("here", at[now], stds[now], color="ink", size=14.0),
                    ),
                    "factor": (
                        Line("factor", at[:done], factors[:done], N_("found"), 0, marked=True),
                        Points("here", at[now], factors[now], color="ink", size=14.0),
                    ),
                },
                pause=0.0 if done else 1.0,
            )  # fmt: skip

    return Film(
        N_("LSUV: measure a layer, divide its weights"), panels, frames, len(runs),
        key_frames(len(runs)), fps=2.0,
        alt=N_(
            "Left the standard deviation of every layer before and while its weights are "
            "rescaled; right the factor of each layer with the line of theory."
        ),
    )  # fmt: skip
