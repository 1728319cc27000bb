"""One network, one seed, one thing changed: activations, rates, and the drift of inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _, ngettext
from backviz.scenes.artists import Band, Line
from backviz.scenes.deep import Activation, Against, Recipe, Wiring, compared, listed, training
from backviz.scenes.layers import head, held, key_frames, positive, step_axis, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.starts import Start
from backviz.scenes.vanishing import gradients
from backviz.words import Words, voiced

MOST = 6  # activations in one picture
Activations = Annotated[tuple[Activation, ...], listed("activation", MOST)]


@scene(
    Claim(
        "with ReLU the loss ends at a fifth of that with sigmoids",
        lambda d: (5 * d["loss.relu.y"][-1, -1], d["loss.sigmoid.y"][-1, -1]),
    )
)
def activations(
    names: Activations = said("sigmoid, tanh, relu, leaky_relu, gelu"),
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
    recipe = Recipe(depth, width, init=init, rate=rate, seed=seed)
    found = {}
    for name in names:
        _outputs, weights, losses = gradients(replace(recipe, activation=name), steps)
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
            (("loss", N_("loss"), N_("loss")), ("first", N_("norm"), N_("∂L/∂W in layer 1")))
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
            heads = {key: [head(line, k) for line in lines[key]] for key in lines}
            yield Frame(_ranked(k, losses), {key: [*lines[key], *heads[key]] for key in lines})

    return Film(
        Words.counted("Several activations in {n} layer, one seed",
                      "Several activations in {n} layers, one seed", depth),
        panels, moments, steps, key_frames(steps), columns=(1.0, 1.35),
        alt=N_("Left the loss, right the norm of the gradient of the first layer's weights, "
               "against the step, with a line for each activation."),
    )  # fmt: skip


def _ranked(step: int, losses: dict[str, float]) -> str:
    finite = {name: loss for name, loss in losses.items() if np.isfinite(loss)}
    if not finite:
        return _("Step {step}: every loss has overflowed.", step=step)
    best, worst = min(finite, key=finite.__getitem__), max(finite, key=finite.__getitem__)
    told = {"step": step, "best": best.replace("_", " "), "least": write(finite[best])}
    if worst == best:
        said = _("Step {step}: {best} has the least loss, {least}.", **told)
    else:
        said = _("Step {step}: {best} has the least loss, {least}, {worst} the largest, {most}.",
                 worst=worst.replace("_", " "), most=write(finite[worst]), **told)  # fmt: skip
    left = len(losses) - len(finite)
    return said + (" " + ngettext("{n} overflowed.", "{n} overflowed.", left) if left else "")


@scene(
    Claim(
        "without normalization the mean of the inputs moves 5 times as far",
        lambda d: (5 * np.ptp(d["batch norm.mean.y"][-1]), np.ptp(d["plain.mean.y"][-1])),
    )
)
def input_drift(
    activation: Activation = "sigmoid",
    init: Start = "xavier_normal",
    wiring: Wiring = "plain",
    against: Against = said("wiring=batch_norm"),
    layer: Annotated[int, Within(1, 100)] = 4,
    depth: Annotated[int, Within(1, 100)] = 4,
    width: Annotated[int, Within(1, 256)] = 64,
    rate: Annotated[float, Within(0, 1e3)] = 1.0,
    samples: Annotated[int, Within(1, 1024)] = 64,
    steps: Annotated[int, Within(1, 300)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """What a layer is fed with moves while the layers below it learn; normalization holds it.

    Mean and standard deviation of all that enters the activations of one layer, at every
    step: the drift that batch norm was made against (Ioffe and Szegedy, 2015). Layer norm does
    the same with a single sample, where batch norm has no variance to divide by.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    wiring: plain layers, skip connections, or a normalization
    against: what the second network has instead, such as wiring=layer_norm; empty for none
    layer: whose inputs are shown; the last one, if there are fewer
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent
    samples: that every step learns from
    steps: of training
    seed: of data and weights
    """
    layer = min(layer, depth)
    recipe = Recipe(depth, width, activation, init, wiring, rate=rate, samples=samples, seed=seed)
    found = {name: _drift(r, layer, steps) for name, r in compared(recipe, against).items()}
    ends = span(*(t[:, i] for t in found.values() for i in (3, 4)), pad=0.1)
    x = np.arange(float(steps))
    panels = tuple(
        Panel(
            name, step_axis(steps), Axis(N_("z, mean ± std"), *ends), title=name, place=(0, i, 1, 1)
        )
        for i, name in enumerate(found)
    )

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            parts, shown = [], {}
            for c, (name, t) in enumerate(found.items()):
                mean = Line("mean", x[: k + 1], t[: k + 1, 0], color=c)
                shown[name] = (
                    Band("std", x[: k + 1], t[: k + 1, 3], t[: k + 1, 4], color=c),
                    mean,
                    head(mean, k),
                )
                if np.isfinite(t[k, :3]).all():
                    parts.append(
                        _("{name}: {told}, loss {loss}", name=voiced(name),
                          told=_moved(t[: k + 1]), loss=write(t[k, 2]))
                    )  # fmt: skip
                else:
                    parts.append(_("{name}: the numbers overflow", name=voiced(name)))
            yield Frame(
                _("Step {step}, layer {layer}. {parts}.", step=k, layer=layer,
                  parts="; ".join(parts)),
                shown,
            )  # fmt: skip

    return Film(
        Words("What enters layer {layer} of {depth} while all learn", layer=layer, depth=depth),
        panels, moments, steps, key_frames(steps),
        alt=N_("For each network the mean of a layer's inputs against the step, in a band of one "
               "standard deviation to each side."),
    )  # fmt: skip


def _moved(seen: np.ndarray) -> str:
    """How far the mean has moved since step 0; rows as `_drift` makes them."""
    if len(seen) == 1:
        mean, std = np.round(seen[0, :2], 9) + 0.0  # a mean of 1e-17 is 0
        return _("mean {mean}, std {std}", mean=write(mean), std=write(std))
    return _("the mean has moved over {way}", way=write(float(np.ptp(seen[:, 0]))))


def _drift(recipe: Recipe, layer: int, steps: int) -> np.ndarray:
    """Mean, std, loss, mean − std and mean + std of a layer's inputs: (steps, 5)."""

    def row(z: np.ndarray, loss: float) -> list[float]:
        found = np.array([mean := z.mean(), std := z.std(), loss, mean - std, mean + std])
        return list(np.where(np.isfinite(found), found, np.nan))

    return np.array(
        [quietly(row, m.layers[layer - 1].inputs.data, m.loss) for m in training(recipe, steps)]
    )
