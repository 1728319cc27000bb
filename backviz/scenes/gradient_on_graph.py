"""The gradients of a small network on its recorded graph, and the same numbers by layer.

Invariant: the curves show the numbers that the engine wrote onto the values of the graph,
and a point appears when the graph shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from backviz.autodiff.value import Value
from backviz.diagrams.figure import Figure
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.language import N_, _
from backviz.lettering import lettering
from backviz.ops import OPS
from backviz.scenes.artists import Graph, Line
from backviz.scenes.deep import Activation
from backviz.scenes.layers import held, key_frames, numbers, positive, times, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene
from backviz.words import Words

KEPT = "|∂L/∂h|", "|∂L/∂w|"


@dataclass(frozen=True, slots=True)
class Chain:
    """One unit per layer: `units` h0 … hn, the last of which is L, and `weights` w1 … wn."""

    units: list[Value]
    weights: list[Value]


def chain(activation: str, wiring: str, depth: int, size: float, weights: str, seed: int) -> Chain:
    """Record h ← φ(w·h), residual h ← h + φ(w·h), and the gradients of the last h.

    >>> made = chain("tanh", "plain", 2, size=1.0, weights="same", seed=0)
    >>> [unit.label for unit in made.units], made.units[-1].grad
    (['h0', 'h1', 'L'], 1.0)
    """
    draw = np.random.default_rng(seed)
    first = Value(float(draw.standard_normal()), "h0")
    drawn = size * (draw.standard_normal(depth) if weights == "random" else np.ones(depth))
    units, ws = [first], [Value(float(w), f"w{i}") for i, w in enumerate(drawn, 1)]
    for i, w in enumerate(ws, 1):
        h = OPS[activation](w * units[-1])
        h = units[-1] + h if wiring == "residual" else h
        h.label = f"h{i}" if i < depth else "L"
        units.append(h)
    units[-1].backward()
    return Chain(units, ws)


@scene(
    Claim(
        "on its way back the gradient shrinks to a tenth",
        lambda d: (10 * np.nanmin(d["|∂L/∂h|.h.y"][-1]), np.nanmax(d["|∂L/∂h|.h.y"][-1])),
    )
)
def gradient_graph(
    activation: Activation = "sigmoid",
    wiring: Literal["plain", "residual"] = "plain",
    depth: Annotated[int, Within(1, 4)] = 3,
    weights: Literal["same", "random"] = "same",
    size: Annotated[float, Within(0, 100)] = 1.0,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """A gradient walks back over the recorded graph, and every layer puts its factor on it.

    Above the graph of a network with one unit per layer, the gradient going from right to
    left; on an arrow stands the factor of its layer. Below the same numbers by layer on one axis:
    left those of the units, right those of the weights.

    Options:
    activation: what each unit applies
    wiring: plain layers, or skip connections
    depth: layers
    weights: all of them `size`, or random numbers from N(0, size²)
    size: of the weights
    seed: of the input and of random weights
    """
    made = chain(activation, wiring, depth, size, weights, seed)
    style = Style(size="notebook", fold="names", direction="LR", legend=False, digits=3)
    steps = Steps(Figure(made.units[-1], style), "backward")
    units, ws = (np.abs([v.grad for v in row]) for row in (made.units, made.weights))
    whole = numbers(depth)
    places = np.arange(float(depth + 1))
    limits = held(*span(positive(units), positive(ws), (0.1, 1.0), log=True, pad=0.1))
    axis = Axis(N_("layer (0: the input)"), -0.3, depth + 0.3, ticks=tuple(places))
    panels = (
        Panel("graph", axes=False, place=(0, 0, 1, 2)),
        *(
            Panel(key, axis, Axis(key, *limits, log=True), place=(1, i, 1, 1))
            for i, key in enumerate(KEPT)
        ),
    )
    moments = steps.moments

    def frames() -> Iterator[Frame]:
        for k in range(len(moments)):
            reached = depth - k  # moment k is over when the gradient of this unit is known
            yield Frame(
                _said(made, reached, depth),
                {
                    "graph": (Graph("graph", steps, k),),
                    KEPT[0]: (
                        Line("h", places, positive(np.where(places < reached, np.nan, units)),
                             color=0, marked=True),
                    ),
                    KEPT[1]: (
                        Line("w", whole, positive(np.where(whole <= reached, np.nan, ws)),
                             color=1, marked=True),
                    ),
                },
            )  # fmt: skip

    return Film(
        Words.counted("The gradient on the graph of {n} {activation} layer",
                      "The gradient on the graph of {n} {activation} layers", depth,
                      activation=activation),
        panels, frames, len(moments), key_frames(len(moments)), fps=1.0, rows=(1.6, 1.0),
        alt=N_("Above the recorded graph, on which the gradient appears from right to left; below "
               "the size of the gradients of units and weights by layer, on a logarithmic axis."),
    )  # fmt: skip


def _said(made: Chain, reached: int, depth: int) -> str:
    if reached == depth:
        return _("The last unit is the loss L: the gradient starts there with 1.")
    above, here = (float(made.units[i].grad) for i in (reached + 1, reached))
    labels = [unit.label for unit in made.units]
    signs = lettering(labels)  # as the boxes have them: h₁
    names = [signs.text(labels[i]) for i in (reached + 1, reached)]
    if not np.isfinite(here):
        return _("In {unit} the gradient overflows.", unit=names[1])
    if above == 0:
        return _("From {one} to {other} there is nothing to pass on: the gradient is 0.",
                 one=names[0], other=names[1])  # fmt: skip
    return _(
        "From {one} to {other} the factor is {factor}: ∂L/∂{other} = {gradient}; since L the "
        "gradient {change}.",
        one=names[0],
        other=names[1],
        factor=write(here / above),
        gradient=write(here),
        change=times(abs(here)),
    )
