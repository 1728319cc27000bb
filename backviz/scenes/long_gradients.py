"""Gradients that are too long, and clipped: by norm, and by value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.optim import clip_by_norm, clip_by_value
from backviz.scenes.artists import Arrows, Color, Line, Rule, Words
from backviz.scenes.deep import Activation, Clip, Recipe, training
from backviz.scenes.layers import head, held, key_frames, positive, step_axis, write
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
                {
                    "norm": [*lines, *(head(line, k) for line in lines)],
                    "plane": _directions(cuts[k]),
                },
            )

    return Film(
        f"An exploding gradient in {count(depth, 'layer')}, clipped", panels, moments, steps,
        key_frames(steps), columns=(1.15, 1.0),
        alt="Left the norm of the gradient in three runs: without clipping, clipped "
        "by norm, clipped by value. Right the directions of a gradient before and after.",
    )  # fmt: skip


def _directions(made: Cut) -> tuple[Arrows | Words, ...]:
    """The gradient to the right and both ways of cutting it; the words have rows of their own."""
    turn = np.radians(made.angles[1])
    zero, finite = [0.0], np.isfinite(made.norm) and made.norm > 0
    one = np.ones(1) if finite else np.zeros(1)
    colors: tuple[Color, ...] = "ink", 1, 2
    names = ("gradient", "by norm: {0:.1f}°", "by value: {1:.1f}°")
    words = [name.format(*made.angles) * bool(finite) for name in names]
    if made.after[1] == made.norm:
        words[2] = "by value: nothing to cut" * bool(finite)
    return (
        Arrows("whole", zero, zero, one, zero, color="ink", width=4.0),
        Arrows("by norm", zero, zero, 0.6 * one, zero, color=1, width=8.0),
        Arrows(
            "by value", zero, zero, 0.6 * one * np.cos(turn), 0.6 * one * np.sin(turn),
            color=2, width=6.0,
        ),
        *(Words(f"word {i}", -0.04, 0.95 - 0.13 * i, words[i], color=colors[i]) for i in range(3)),
    )  # fmt: skip


def _clipped(step: int, made: Cut, threshold: float) -> str:
    if not np.isfinite(made.norm):
        return f"Step {step}: the gradient overflows; there is no direction left to keep."
    turned = f"cut by value it keeps {write(made.after[1])} and turns by {made.angles[1]:.1f}°."
    if made.after[1] == made.norm:
        turned = f"no entry is beyond ±{write(threshold)}, so there is nothing to cut by value."
    if made.norm <= threshold:
        return f"Step {step}: a norm of {write(made.norm)} is short enough; {turned}"
    return f"Step {step}: the norm {write(made.norm)} becomes {write(made.after[0])}; {turned}"


def _losses(losses: list[float]) -> str:
    words = [
        f"{label} {write(loss)}" if np.isfinite(loss) else f"{label} overflows"
        for (_, label), loss in zip(RUNS, losses, strict=True)
    ]
    return f" Loss: {', '.join(words)}."
