"""Gradients in deep networks while they train: by layer, and as a strip of layers and steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.scenes.artists import Heat, Line, Rule
from backviz.scenes.deep import Activation, Against, Clip, Recipe, Wiring, compared, training
from backviz.scenes.layers import (
    held,
    key_frames,
    layer_axis,
    numbers,
    positive,
    step_axis,
    times,
    write,
)  # fmt: skip
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.starts import Start
from backviz.words import Words, voiced

KEPT = "∂L/∂h", "∂L/∂W"


def gradients(recipe: Recipe, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The norms of ∂L/∂h and ∂L/∂W (steps, depth), and the losses (steps,), of a training run.

    >>> outputs, weights, losses = gradients(Recipe(depth=3, width=4), steps=2)
    >>> outputs.shape, weights.shape, losses.shape
    ((2, 3), (2, 3), (2,))
    """
    rows = [
        (
            [quietly(np.linalg.norm, layer.outputs.grad) for layer in moment.layers],
            [quietly(np.linalg.norm, layer.weight.grad) for layer in moment.layers],
            moment.loss,
        )
        for moment in training(recipe, steps)
    ]
    outputs, weights, losses = zip(*rows, strict=True)
    return np.array(outputs), np.array(weights), np.array(losses)


@scene(
    Claim(
        "in plain layers the gradient of the first weights is a millionth of that with batch norm",
        lambda d: (1e6 * d["∂L/∂W.plain.y"][:, 0].max(), d["∂L/∂W.batch norm.y"][:, 0].min()),
    )
)
def gradient_flow(
    activation: Activation = "sigmoid",
    init: Start = "xavier_normal",
    wiring: Wiring = "plain",
    clip: Clip = "none",
    against: Against = said("wiring=batch_norm"),
    depth: Annotated[int, Within(1, 200)] = 20,
    width: Annotated[int, Within(1, 512)] = 64,
    rate: Annotated[float, Within(0, 1e3)] = 0.02,
    samples: Annotated[int, Within(1, 1024)] = 64,
    steps: Annotated[int, Within(1, 300)] = 50,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Where gradients vanish and where they explode: their size in every layer, step by step.

    Left the gradient of each layer’s outputs, right that of its weights; the two are not
    the same (Glorot and Bengio, 2010). A second network differs in one thing and has the
    same seed. Both axes are one and locked, so a gradient that vanishes is seen to vanish.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    wiring: plain layers, skip connections, or a normalization
    clip: whether gradients are clipped to norm 1 or to ±1 before a step
    against: what the second network has instead, such as init=small; empty for none
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent
    samples: that every step learns from
    steps: of training
    seed: of data and weights
    """
    recipe = Recipe(
        depth, width, activation, init, wiring, clip, rate=rate, samples=samples, seed=seed
    )
    nets = compared(recipe, against)
    found = {name: gradients(r, steps) for name, r in nets.items()}
    x = numbers(depth)
    size = Axis(
        N_("norm"),
        *held(*span(*(g[i] for g in found.values() for i in (0, 1)), log=True)),
        log=True,
    )
    panels = tuple(
        Panel(
            key,
            layer_axis(depth),
            size,
            title=title,
            place=(0, i, 1, 1),
            legend="below",
        )
        for i, (key, title) in enumerate(
            zip(
                KEPT,
                (N_("∂L/∂h, of the layer’s outputs"), N_("∂L/∂W, of the weights")),
                strict=True,
            )
        )
    )

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            lines = {
                key: [
                    Line(name, x, positive(g[i][k]), label=name, color=c, marked=depth <= 40)
                    for c, (name, g) in enumerate(found.items())
                ]
                for i, key in enumerate(KEPT)
            }
            yield Frame(_caption(k, {name: (g[0][k], g[2][k]) for name, g in found.items()}), lines)

    return Film(
        Words.counted("Gradients in {n} layer in training", "Gradients in {n} layers in training",
                      depth),
        panels, moments, steps, key_frames(steps),
        alt=N_("Two panels with a line for each network: the norm of the gradient against the "
               "layer, on a logarithmic axis, changing as the network trains."),
    )  # fmt: skip


def _caption(step: int, seen: Mapping[str, tuple[np.ndarray, float]]) -> str:
    """What a step's gradients do from the last layer to the first."""
    parts = []
    for name, (norms, loss) in seen.items():
        if not np.isfinite(norms).all() or not np.isfinite(loss):
            parts.append(_("{name}: the numbers overflow", name=voiced(name)))
            continue
        ratio = float(quietly(np.divide, norms[0], norms[-1])) if norms[-1] else 0.0
        told = write(norms[0]) if len(norms) == 1 else times(ratio)
        parts.append(
            _("{name}: {told}, loss {loss}", name=voiced(name), told=told, loss=write(loss))
        )
    said = "; ".join(parts)
    if all(len(norms) == 1 for norms, _loss in seen.values()):
        return _("Step {step}. The norm of the gradient – {parts}.", step=step, parts=said)
    return _("Step {step}. The gradient on its way from the last layer to the first – {parts}.",
             step=step, parts=said)  # fmt: skip


@scene(
    Claim(
        "the gradient of the first plain layer is a millionth of that with skip connections",
        lambda d: (d["plain.strip.values"][-1][0, 0] + 6, d["residual.strip.values"][-1][0, 0]),
    )
)
def gradient_strip(
    activation: Activation = "tanh",
    init: Start = "standard_uniform",
    wiring: Wiring = "plain",
    clip: Clip = "none",
    against: Against = said("wiring=residual"),
    depth: Annotated[int, Within(1, 1000)] = 50,
    width: Annotated[int, Within(1, 512)] = 32,
    rate: Annotated[float, Within(0, 1e3)] = 0.05,
    steps: Annotated[int, Within(1, 300)] = 50,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """The whole training of a very deep network in one map: layers to the right, steps upwards.

    Colour says the logarithm of the norm of ∂L/∂h, on one scale for both networks, which
    have the same seed and differ in one thing. What is empty is 0 or no number.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    wiring: plain layers, skip connections, or a normalization
    clip: whether gradients are clipped to norm 1 or to ±1 before a step
    against: what the second network has instead, such as activation=relu; empty for none
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent
    steps: of training
    seed: of data and weights
    """
    recipe = Recipe(depth, width, activation, init, wiring, clip, rate=rate, seed=seed)
    found = {name: gradients(r, steps) for name, r in compared(recipe, against).items()}
    tables = {name: np.log10(positive(outputs)) for name, (outputs, *_other) in found.items()}
    low, high = span(*tables.values(), pad=0.0)
    limits = float(np.floor(max(low, -40))), float(np.ceil(min(high, 40)))
    if limits[0] >= limits[1]:
        limits = limits[0], limits[0] + 1
    panels = tuple(
        Panel(
            name,
            layer_axis(depth),
            Axis(N_("step"), 0.0, float(steps), ticks=step_axis(steps).ticks),
            title=name,
            place=(0, i, 1, 1),
        )
        for i, name in enumerate(tables)
    )

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            shown = {}
            for name, table in tables.items():
                strip = np.full_like(table, np.nan)
                strip[: k + 1] = table[: k + 1]
                shown[name] = (
                    Heat(
                        "strip", strip, (0.5, depth + 0.5), (0.0, float(steps)), limits,
                        label="log₁₀ ‖∂L/∂h‖", map="sequential",
                    ),
                    Rule("now", k + 1.0),
                )  # fmt: skip
            yield Frame(_caption(k, {name: (g[0][k], g[2][k]) for name, g in found.items()}), shown)

    return Film(
        Words("{layers}, {steps}: the gradient",
              layers=Words.counted("{n} layer", "{n} layers", depth),
              steps=Words.counted("{n} step", "{n} steps", steps)),
        panels, moments, steps, key_frames(steps),
        alt=N_("For each network a map of colours: the size of the gradient by layer and step."),
    )  # fmt: skip
