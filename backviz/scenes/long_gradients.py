"""Gradients that are too long and clipped, and gradients that are too short and stretched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.optim import clip_by_norm, clip_by_value
from backviz.scenes.artists import Arrows, Line, Points, Rule, Words
from backviz.scenes.deep import Activation, Clip, Deep, Recipe, loss_of, task, training
from backviz.scenes.layers import held, key_frames, positive, step_axis, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Within, scene
from backviz.scenes.starts import Start
from backviz.text import count

RUNS: tuple[tuple[Clip, str], ...] = (
    ("none", "no clipping"), ("norm", "by norm"), ("value", "by value"),
)  # fmt: skip


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """The angle between two vectors in degrees, exact for small ones as well (Kahan).

    >>> angle(np.array([1.0, 0.0]), np.array([1.0, 1.0]))
    45.0
    """
    a, b = a * np.linalg.norm(b), b * np.linalg.norm(a)
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


@dataclass(frozen=True, slots=True)
class Cut:
    """One gradient clipped in both ways: its norm, the norms after, the angles to it."""

    norm: float
    after: tuple[float, float]
    angles: tuple[float, float]


def cut(gradients: Sequence[np.ndarray], threshold: float) -> Cut:
    """Clip copies of a gradient by norm and by value.

    >>> made = cut([np.array([3.0, 4.0, 0.1])], threshold=1.0)
    >>> round(made.angles[0], 6), made.angles[1] > 5
    (0.0, True)
    """
    whole = np.concatenate([np.ravel(g) for g in gradients])
    by_norm, by_value = whole.copy(), whole.copy()
    clip_by_norm([by_norm], threshold, error_if_nonfinite=False)
    clip_by_value([by_value], threshold)

    def measured() -> Cut:
        pair = by_norm, by_value
        return Cut(
            float(np.linalg.norm(whole)),
            (float(np.linalg.norm(by_norm)), float(np.linalg.norm(by_value))),
            (angle(whole, pair[0]), angle(whole, pair[1])),
        )

    made: Cut = quietly(measured)
    return made


@scene
def clipping(
    activation: Activation = "relu",
    init: Start = "he_normal",
    threshold: Annotated[float, Within(1e-6, 1e6)] = 0.1,
    depth: Annotated[int, Within(1, 100)] = 16,
    width: Annotated[int, Within(1, 256)] = 32,
    rate: Annotated[float, Within(0, 1e3)] = 1.0,
    steps: Annotated[int, Within(1, 300)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Clipping keeps an exploding gradient short; by norm it keeps its direction, by value not.

    The same network is trained three times from one seed. Right the gradient of the run
    that is clipped by norm, cut in both ways: the angle is the true one among all parameters.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    threshold: the greatest norm, or the greatest entry
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent
    steps: of training
    seed: of data and weights
    """
    recipe = Recipe(depth, width, activation, init, threshold=threshold, rate=rate, seed=seed)
    runs: list[list[tuple[float, float]]] = [[], [], []]
    cuts = []
    for run, (kind, _) in zip(runs, RUNS, strict=True):
        for moment in training(replace(recipe, clip=kind), steps):
            gradients = [p.grad for p in moment.net.parameters()]
            made = cut(gradients, threshold)
            run.append((made.norm, moment.loss))
            if kind == "norm":
                cuts.append(made)
    tables = [np.array(run) for run in runs]
    x = np.arange(float(steps))
    panels = (
        Panel(
            "norm", step_axis(steps),
            Axis("‖gradient‖ before it is clipped",
                 *held(*span(*(t[:, 0] for t in tables), log=True), 1e-8, 1e6), log=True),
            title="size of the gradient", legend="below",
            static=(Rule("limit", threshold, label="threshold"),),
        ),
        Panel(
            "plane", Axis("along the gradient", -0.1, 1.25), Axis("across", -0.3, 1.05), equal=True,
            title="directions, not lengths", place=(0, 1, 1, 1),
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            lines = [
                Line(kind, x[: k + 1], positive(t[: k + 1, 0]), label=label, color=c)
                for c, ((kind, label), t) in enumerate(zip(RUNS, tables, strict=True))
            ]
            losses = [float(t[k, 1]) for t in tables]
            yield Frame(
                _clipped(k, cuts[k], threshold) + _losses(losses),
                {"norm": lines, "plane": _directions(cuts[k])},
            )

    return Film(
        f"An exploding gradient in {count(depth, 'layer')}, clipped", panels, moments, steps,
        key_frames(steps), columns=(1.15, 1.0),
        alt="Left the norm of the gradient in three runs: without clipping, clipped "
        "by norm, clipped by value. Right the directions of a gradient before and after.",
    )  # fmt: skip


def _directions(made: Cut) -> tuple[Arrows | Words, ...]:
    turn = np.radians(made.angles[1])
    zero, finite = [0.0], np.isfinite(made.norm) and made.norm > 0
    one = np.ones(1) if finite else np.zeros(1)
    tip = 0.66 * float(np.cos(turn)), 0.66 * float(np.sin(turn)) + 0.02
    return (
        Arrows("whole", zero, zero, one, zero, color="ink", width=4.0),
        Arrows("by norm", zero, zero, 0.6 * one, zero, color=1, width=8.0),
        Arrows(
            "by value", zero, zero, 0.6 * one * np.cos(turn), 0.6 * one * np.sin(turn),
            color=2, width=6.0,
        ),
        Words("whole word", 1.0, 0.05, "gradient", color="ink", align="center"),
        Words("norm word", 0.0, -0.18, f"by norm {made.angles[0]:.1f}°" * finite, color=1),
        Words("value word", *tip, f"by value {made.angles[1]:.1f}°" * finite, color=2),
    )  # fmt: skip


def _clipped(step: int, made: Cut, threshold: float) -> str:
    if not np.isfinite(made.norm):
        return f"Step {step}: the gradient overflows; there is no direction left to keep."
    turned = f"cut by value it keeps {write(made.after[1])} and turns by {made.angles[1]:.1f}°."
    if made.norm <= threshold:
        return f"Step {step}: a norm of {write(made.norm)} is short enough; {turned}"
    return f"Step {step}: the norm {write(made.norm)} becomes {write(made.after[0])}; {turned}"


def _losses(losses: list[float]) -> str:
    words = [
        f"{label} {write(loss)}" if np.isfinite(loss) else f"{label} overflows"
        for (_, label), loss in zip(RUNS, losses, strict=True)
    ]
    return f" Loss: {', '.join(words)}."


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
    ratio = signal_size / noise_size if noise_size else np.nan
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
            yield Frame(
                f"Layer {layer} of {depth}, times {write(factor)}: signal "
                f"{write(factor * signal_size)}, noise {write(factor * noise_size)}; their ratio "
                f"stays {write(ratio)}. In half precision {100 * lost:.0f} % of the entries are 0, "
                "and no factor brings them back.",
                {
                    "cloud": (
                        Points(
                            "batches", factor * flat[:, 0], factor * flat[:, 1], label="a batch"
                        ),
                        Arrows("mean", [0.0], [0.0], [factor * signal_size], [0.0], label="mean"),
                    ),
                    "sizes": (
                        Line("noise", x, positive(noise_size * x), "noise", 0),
                        Line("signal", x, positive(signal_size * x), "signal", "gradient"),
                    ),
                },
            )

    return Film(
        "A large factor does not bring a vanished gradient back", panels, moments, len(zoom),
        key_frames(len(zoom)), columns=(1.0, 1.1),
        alt="Left the gradients of small batches as points around their mean, growing with the "
        "factor. Right signal and noise against the factor: two parallel lines.",
    )  # fmt: skip


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
