"""Gradients that are too long, and clipped: by norm, and by value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.optim import clip_by_norm, clip_by_value
from backviz.scenes.artists import Arrows, Artist, Color, Line, Rule
from backviz.scenes.deep import Activation, Clip, Recipe, training
from backviz.scenes.layers import head, held, key_frames, positive, step_axis, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.starts import Start
from backviz.words import Words

RUNS: tuple[tuple[Clip, str], ...] = (
    ("none", N_("no clipping")), ("norm", N_("by norm")), ("value", N_("by value")),
)  # fmt: skip
LEAST, MOST_RINGS = 0.2, 6  # the shortest arrow, and how many powers of ten are drawn


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


@scene(
    Claim(
        "without clipping the run ends in no number; by norm the gradient stays in bounds",
        lambda d: (
            float(np.nanmax(d["norm.norm.y"][-1])),
            float(np.isnan(d["norm.none.y"][-1, -1])) * float(np.nanmax(d["norm.none.y"][-1])),
        ),
    )
)
def clipping(
    activation: Activation = "relu",
    init: Start = "he_normal",
    threshold: Annotated[float, Within(1e-6, 1e6)] = 0.03,
    depth: Annotated[int, Within(1, 100)] = 16,
    width: Annotated[int, Within(1, 256)] = 32,
    rate: Annotated[float, Within(0, 1e3)] = 2.0,
    steps: Annotated[int, Within(1, 300)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Clipping keeps an exploding gradient short; by norm it keeps its direction, by value not.

    The same network is trained three times from one seed. Right the gradient of the run
    that is clipped by norm, cut in both ways: the angle is the true one among all parameters,
    the length a power of ten for each ring; the inner ring is the threshold.

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
    for run, (kind, _label) in zip(runs, RUNS, strict=True):
        for moment in training(replace(recipe, clip=kind), steps):
            gradients = [p.grad for p in moment.net.parameters()]
            made = cut(gradients, threshold)
            run.append((made.norm, moment.loss))
            if kind == "norm":
                cuts.append(made)
    tables = [np.array(run) for run in runs]
    x = np.arange(float(steps))
    far = _radius(max((c.norm for c in cuts if np.isfinite(c.norm)), default=1.0), threshold)
    far = min(math.ceil(far), MOST_RINGS)
    rings = tuple(float(r) for r in range(1, far + 1))
    names = tuple(write(threshold * 10 ** (r - 1)) for r in rings)
    panels = (
        Panel(
            "norm", step_axis(steps),
            Axis(N_("‖gradient‖ before it is clipped"),
                 *held(*span(*(t[:, 0] for t in tables), log=True), 1e-8, 1e6), log=True),
            title=N_("size of the gradient"), legend="below",
            static=(Rule("limit", threshold, label=N_("threshold")),),
        ),
        Panel(
            "plane", Axis("", -0.06 * far, 1.06 * far, ticks=rings, names=names),
            Axis("", -0.06 * far, 1.06 * far, ticks=(-far,), names=("",)), equal=True,
            title=N_("direction; thin: gradient"), place=(0, 1, 1, 1),
            static=tuple(_ring(r, far) for r in rings),
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
                f"{_clipped(k, cuts[k], threshold)} {_losses(losses)}",
                {
                    "norm": [*lines, *(head(line, k) for line in lines)],
                    "plane": _directions(cuts[k], threshold, far),
                },
            )

    return Film(
        Words.counted("An exploding gradient in {n} layer, clipped",
                      "An exploding gradient in {n} layers, clipped", depth),
        panels, moments, steps, key_frames(steps), columns=(1.15, 1.0),
        alt=N_("Left the norm of the gradient in three runs: without clipping, clipped by norm, "
               "clipped by value. Right the directions of a gradient before and after."),
    )  # fmt: skip


def _radius(length: float, threshold: float) -> float:
    """How far from the middle a length ends: 1 at the threshold, 1 more for each power of ten."""
    if not (math.isfinite(length) and length > 0):
        return 0.0
    return max(LEAST, 1 + math.log10(length / threshold))


def _ring(radius: float, far: float) -> Line:
    """A quarter of a circle, within the panel."""
    turn = np.linspace(0.0, np.pi / 2, 61)
    x, y = radius * np.cos(turn), radius * np.sin(turn)
    wide = 3.0 if radius == 1 else 1.0
    return Line(f"ring {radius:g}", x, y, color="muted", dash="solid", width=wide)


def _directions(made: Cut, threshold: float, far: float) -> tuple[Artist, ...]:
    """The gradient to the right and both ways of cutting it, in the colours of their runs."""
    turns = 0.0, 0.0, np.radians(made.angles[1])
    colors: tuple[Color, ...] = "ink", 1, 2
    lengths = [min(_radius(n, threshold), far) for n in (made.norm, *made.after)]
    finite = np.isfinite(made.norm) and made.norm > 0
    return tuple(
        Arrows(
            name, [0.0], [0.0], [r * np.cos(turn) * finite], [r * np.sin(turn) * finite],
            color=color, width=width,
        )
        for name, r, turn, color, width in zip(
            ("whole", "by norm", "by value"), lengths, turns, colors, (4.0, 9.0, 6.0),
            strict=True,
        )
    )  # fmt: skip


def _clipped(step: int, made: Cut, threshold: float) -> str:
    if not np.isfinite(made.norm):
        return _("Step {step}: the gradient overflows; there is no direction left to keep.",
                 step=step)  # fmt: skip
    turned = _("cut by value it keeps {kept} and turns by {angle:.1f}°", kept=write(made.after[1]),
               angle=made.angles[1])  # fmt: skip
    if made.after[1] == made.norm:
        turned = _("no entry is beyond ±{threshold}, so there is nothing to cut by value",
                   threshold=write(threshold))  # fmt: skip
    if made.norm <= threshold:
        return _("Step {step}: a norm of {norm} is short enough; {turned}.", step=step,
                 norm=write(made.norm), turned=turned)  # fmt: skip
    return _("Step {step}: the norm {norm} becomes {after}; {turned}.", step=step,
             norm=write(made.norm), after=write(made.after[0]), turned=turned)  # fmt: skip


def _losses(losses: list[float]) -> str:
    words = [
        _("{name} {loss}", name=_(label), loss=write(loss))
        if np.isfinite(loss)
        else _("{name} overflows", name=_(label))
        for (_kind, label), loss in zip(RUNS, losses, strict=True)
    ]
    return _("Loss: {losses}.", losses=", ".join(words))
