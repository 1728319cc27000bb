"""One network, one seed, one thing changed: activations, rates, and the drift of inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, get_args

import numpy as np

from backviz.autodiff.data import quietly
from backviz.errors import UsageError
from backviz.registry import unknown
from backviz.scenes.artists import Band, Line
from backviz.scenes.deep import Activation, Recipe, compared, training
from backviz.scenes.layers import held, key_frames, positive, step_axis, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Within, scene
from backviz.scenes.starts import Start
from backviz.scenes.units import dead, slopes
from backviz.scenes.vanishing import gradients
from backviz.text import count

MOST = 6  # activations in one picture


@scene
def activations(
    names: str = "sigmoid, tanh, relu, leaky_relu, gelu",
    init: Start = "matched",
    depth: Annotated[int, Within(1, 100)] = 10,
    width: Annotated[int, Within(1, 256)] = 48,
    rate: Annotated[float, Within(0, 1e3)] = 0.1,
    steps: Annotated[int, Within(1, 400)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """The same network learns with several activations: the choice decides how fast.

    Left the loss, right the gradient of the first layer's weights. Data and random numbers
    are the same for all; "matched" gives the weights of each the gain that keeps the
    variance of its own signal, any other start gives all the same weights.

    Options:
    names: the activations, with commas
    init: how the weights are drawn
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent
    steps: of training
    seed: of data and weights
    """
    chosen = _listed(names)
    recipe = Recipe(depth, width, init=init, rate=rate, seed=seed)
    found = {}
    for name in chosen:
        _, weights, losses = gradients(replace(recipe, activation=name), steps)
        found[name] = losses, weights[:, 0]
    x = np.arange(float(steps))
    panels = tuple(
        Panel(
            key,
            step_axis(steps),
            Axis(label, *held(*span(*(f[i] for f in found.values()), log=True), 1e-16), log=True),
            title=title,
            place=(0, i, 1, 1),
            legend="right" if i else "",
        )
        for i, (key, label, title) in enumerate(
            (("loss", "loss", "loss"), ("first", "norm", "∂L/∂W in layer 1"))
        )
    )

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            losses = {str(name): float(f[0][k]) for name, f in found.items()}
            lines = {
                key: [
                    Line(name, x[: k + 1], positive(f[i][: k + 1]), name.replace("_", " "), c)
                    for c, (name, f) in enumerate(found.items())
                ]
                for i, key in enumerate(("loss", "first"))
            }
            yield Frame(_ranked(k, losses), lines)

    return Film(
        f"Several activations in {count(depth, 'layer')}, one seed", panels, moments, steps,
        key_frames(steps), columns=(1.0, 1.35),
        alt="Left the loss, right the norm of the gradient of the first layer's weights, against "
        "the step, with a line for each activation.",
    )  # fmt: skip


def _listed(names: str) -> list[Activation]:
    known = get_args(Activation)
    chosen = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in chosen:
        if name not in known:
            raise UsageError(unknown("activation", name, known))
    if not 1 <= len(chosen) <= MOST:
        raise UsageError(f"names lists {len(chosen)} activations; give 1 to {MOST} with commas")
    return chosen  # type: ignore[return-value]


def _ranked(step: int, losses: dict[str, float]) -> str:
    finite = {name: loss for name, loss in losses.items() if np.isfinite(loss)}
    if not finite:
        return f"Step {step}: every loss has overflowed."
    best, worst = min(finite, key=finite.__getitem__), max(finite, key=finite.__getitem__)
    said = f"Step {step}: {best.replace('_', ' ')} has the least loss, {write(finite[best])}"
    if worst != best:
        said += f", {worst.replace('_', ' ')} the largest, {write(finite[worst])}"
    left = len(losses) - len(finite)
    return said + (f"; {left} overflowed." if left else ".")


@scene
def dead_units(
    init: Start = "he_normal",
    depth: Annotated[int, Within(1, 50)] = 4,
    width: Annotated[int, Within(1, 256)] = 48,
    least: Annotated[float, Within(1e-6, 1e3)] = 0.03,
    most: Annotated[float, Within(1e-6, 1e6)] = 3.0,
    steps: Annotated[int, Within(1, 200)] = 40,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Large steps kill ReLU units: they put out 0 for every sample and learn no more.

    Each point is a network trained with its own rate from the same seed. A unit is dead if
    its slope is 0 for all samples. A leaky ReLU has no slope of 0, so it cannot die.

    Options:
    init: how the weights are drawn
    depth: hidden layers
    width: units in each of them
    least: the smallest rate
    most: the largest rate
    steps: of training
    seed: of data and weights
    """
    if least >= most:
        raise UsageError(f"the rates cannot go from {least:g} to {most:g}; use least < most")
    rates = np.geomspace(least, most, 9)
    kinds: tuple[Activation, ...] = ("relu", "leaky_relu")
    recipe = Recipe(depth, width, init=init, seed=seed)
    shares = {
        kind: np.array([_dying(replace(recipe, activation=kind, rate=r), steps) for r in rates]).T
        for kind in kinds
    }
    panel = Panel(
        "dead", Axis("rate", *span(rates, log=True), log=True),
        Axis("share of dead units", -0.03, 1.08), legend="upper left",
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            relu = shares["relu"][k]
            known = np.flatnonzero(np.isfinite(relu))
            gone = len(rates) - known.size
            said = f"Step {k}: "
            if known.size:
                at = int(known[-1])
                said += f"{100 * relu[at]:.0f} % of the ReLU units are dead at a rate of "
                said += f"{write(rates[at])}, {100 * relu[0]:.0f} % at {write(rates[0])}"
            if gone:
                said += "; " * bool(known.size) + f"{gone} of {len(rates)} ReLU networks overflowed"
            yield Frame(
                said + ".",
                {
                    "dead": [
                        Line(kind, rates, shares[kind][k], kind.replace("_", " "), c, marked=True)
                        for c, kind in enumerate(kinds)
                    ]
                },
            )

    return Film(
        f"Dead units after large steps, {count(depth, 'layer')}", (panel,), moments, steps,
        key_frames(steps),
        alt="The share of dead units against the learning rate, for ReLU and leaky ReLU.",
    )  # fmt: skip


def _dying(recipe: Recipe, steps: int) -> list[float]:
    """The share of dead units in all layers, at every step; NaN once numbers overflow."""
    return [
        float(np.mean([dead(slopes(recipe.activation, x.inputs.data)) for x in moment.layers]))
        for moment in training(recipe, steps)
    ]


@scene
def input_drift(
    activation: Activation = "sigmoid",
    init: Start = "xavier_normal",
    against: str = "wiring=batch_norm",
    layer: Annotated[int, Within(1, 100)] = 4,
    depth: Annotated[int, Within(1, 100)] = 4,
    width: Annotated[int, Within(1, 256)] = 64,
    rate: Annotated[float, Within(0, 1e3)] = 1.0,
    steps: Annotated[int, Within(1, 300)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """What a layer is fed with moves while the layers below it learn; normalization holds it.

    Mean and standard deviation of all that enters the activations of one layer, at every
    step: the drift that batch norm was made against (Ioffe and Szegedy, 2015).

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    against: what the second network has instead, such as wiring=layer_norm; empty for none
    layer: whose inputs are shown; the last one, if there are fewer
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent
    steps: of training
    seed: of data and weights
    """
    layer = min(layer, depth)
    recipe = Recipe(depth, width, activation, init, rate=rate, seed=seed)
    found = {name: _drift(r, layer, steps) for name, r in compared(recipe, against).items()}
    ends = span(*(t[:, i] for t in found.values() for i in (3, 4)), pad=0.1)
    x = np.arange(float(steps))
    panels = tuple(
        Panel(name, step_axis(steps), Axis("z, mean ± std", *ends), title=name, place=(0, i, 1, 1))
        for i, name in enumerate(found)
    )

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            parts, shown = [], {}
            for c, (name, t) in enumerate(found.items()):
                shown[name] = (
                    Band("std", x[: k + 1], t[: k + 1, 3], t[: k + 1, 4], color=c),
                    Line("mean", x[: k + 1], t[: k + 1, 0], color=c),
                )
                if np.isfinite(t[k, :2]).all():
                    spread = float(t[: k + 1, 0].max() - t[: k + 1, 0].min())
                    parts.append(f"{name}: the mean has moved over {write(spread)}")
                else:
                    parts.append(f"{name}: the numbers overflow")
                parts[-1] += f", loss {write(t[k, 2])}"
            yield Frame(f"Step {k}, layer {layer}. {'; '.join(parts)}.", shown)

    return Film(
        f"What enters layer {layer} of {depth} while all learn", panels, moments, steps,
        key_frames(steps),
        alt="For each network the mean of a layer's inputs against the step, in a band of one "
        "standard deviation to each side.",
    )  # fmt: skip


def _drift(recipe: Recipe, layer: int, steps: int) -> np.ndarray:
    """Mean, std, loss, mean − std and mean + std of a layer's inputs: (steps, 5)."""

    def row(z: np.ndarray, loss: float) -> list[float]:
        mean, std = float(z.mean()), float(z.std())
        return [mean, std, loss, mean - std, mean + std]

    return np.array(
        [quietly(row, m.layers[layer - 1].inputs.data, m.loss) for m in training(recipe, steps)]
    )
