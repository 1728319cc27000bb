"""The condition number κ of a bowl against the steps that gradient descent needs, with theory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Path
from backviz.scenes.layers import head, key_frames, power_of, theory_line
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import Choice, choices
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import travel

NEARER = 1000.0  # times nearer to the minimum, and the descent has done what is asked
SHOWN = 24  # steps of a way that are drawn
RINGS = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.414)  # √(2·loss) of the contour lines


def bowl(kappa: float) -> Landscape:
    """The loss ½(x²/κ + y²), whose curvatures are 1/κ and 1."""
    return Landscape(
        "bowl", lambda x, y: 0.5 * (x**2 / kappa + y**2), (-1.5, 1.5), (-1.5, 1.5), (1.0, 1.0)
    )


def best_descent(kappa: float) -> tuple[Choice, float]:
    """Gradient descent with α = 2/(λ₁ + λₙ): an error shrinks by (κ − 1)/(κ + 1) in a step.

    >>> best_descent(3.0)[1]
    1.5
    """
    return choices("sgd")[0], 2 / (1 / kappa + 1)


def best_momentum(kappa: float) -> tuple[Choice, float]:
    """The heavy ball with the best α and β: an error shrinks by (√κ − 1)/(√κ + 1) in the end.

    >>> round(best_momentum(9.0)[0].momentum, 6), best_momentum(9.0)[1]
    (0.25, 2.25)
    """
    root = math.sqrt(kappa)
    beta = ((root - 1) / (root + 1)) ** 2
    return choices(f"sgd:momentum={beta!r}")[0], (2 / (1 + 1 / root)) ** 2


def descent_theory(kappa: Array) -> Array:
    """Steps until (κ − 1)/(κ + 1) to their power is 1/1000; at least 1."""
    return np.maximum(math.log(NEARER) / (2 * np.arctanh(1 / kappa)), 1.0)


def momentum_theory(kappa: Array) -> Array:
    """Steps until the length of (1 + (1 ∓ √β)k)·(±√β)ᵏ is a thousandth of what it was.

    Both roots of the flat direction are √β, both of the steep one −√β.
    """
    made = []
    for root in ((np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)).tolist():
        k = np.linspace(0.0, 40 / (1 - root) + 8, 20001)
        error = np.hypot(1 + (1 - root) * k, 1 + (1 + root) * k) / math.sqrt(2) * root**k
        made.append(float(np.interp(math.log(NEARER), -np.log(error), k)))
    return np.asarray(np.maximum(np.array(made), 1.0))


def needed(kappa: float, choice: Choice, rate: float, most: int) -> tuple[int, Array]:
    """The steps from (1, 1) until the point is 1000 times nearer to 0, and the way (n, 2)."""
    run = travel(bowl(kappa), choice, [(1.0, 1.0)], most, rate)
    far = np.hypot(*run.path().T)
    there = far <= far[0] / NEARER * (1 + 1e-9)
    return int(np.argmax(there)) if there.any() else most, run.path()


def _slope(data: Any, name: str) -> float:
    """How a count grows with κ on logarithmic axes, over the upper half of the film."""
    kappa, steps = (data[f"steps.{name}.{c}"][-1] for c in "xy")
    half = len(kappa) // 2
    return power_of(kappa[half:], steps[half:])


@scene(
    Claim(
        "steps of gradient descent grow like κ, those of momentum like its root",
        lambda d: (
            max(abs(_slope(d, "descent") - 1.0), abs(_slope(d, "momentum") - 0.5)),
            0.1,
        ),
    )
)
def condition_number(
    most: Annotated[float, Within(2, 1000)] = 100.0,
    frames: Annotated[int, Within(4, 120)] = 48,
) -> Film:
    """The longer the ravine, the more steps: κ against what gradient descent needs.

    κ is the largest curvature through the smallest. Left the contour lines of a bowl with this κ
    and the first 24 steps of gradient descent with the best rate that there is; right how many
    steps it and the best momentum need to come 1000 times nearer, beside theory: an error
    shrinks by (κ − 1)/(κ + 1) in a step, with momentum by (√κ − 1)/(√κ + 1) in the end.

    Options:
    most: the largest κ
    frames: how many κ there are, from 1.5
    """
    kappas = np.geomspace(1.5, most, frames)
    theory = {"descent": descent_theory(kappas), "momentum": momentum_theory(kappas)}
    labels = {"descent": N_("gradient descent"), "momentum": N_("momentum")}
    found: dict[str, list[int]] = {name: [] for name in theory}
    ways = []  # of gradient descent: those of momentum swing far over the walls at first
    for i, kappa in enumerate(kappas.tolist()):
        for name, (choice, rate) in (
            ("descent", best_descent(kappa)), ("momentum", best_momentum(kappa)),
        ):  # fmt: skip
            count, way = needed(kappa, choice, rate, math.ceil(theory[name][i]) + 2)
            found[name].append(count)
            if name == "descent":
                ways.append(way[: min(count, SHOWN) + 1])
    counts = {name: np.array(each, dtype=float) for name, each in found.items()}
    panels = (
        Panel(
            "map", Axis(N_("flat direction"), -1.5, 1.5), Axis(N_("steep direction"), -1.5, 1.5),
            title=N_("the bowl, and the first steps"), equal=True,
        ),
        Panel(
            "steps", Axis(N_("condition number κ"), *span(kappas, log=True), log=True),
            Axis("", *span(*counts.values(), log=True), log=True),
            title=N_("steps until 1000 times nearer"), place=(0, 1, 1, 1), legend="below",
            static=(
                theory_line(kappas, theory["descent"], N_("theory")),
                replace(theory_line(kappas, theory["momentum"], ""), key="theory 2"),
            ),
        ),
    )  # fmt: skip
    angle = np.linspace(0, 2 * np.pi, 181)

    def moments() -> Iterator[Frame]:
        for k, kappa in enumerate(kappas.tolist()):
            lines = [
                Line(name, kappas[: k + 1], each[: k + 1], labels[name], i)
                for i, (name, each) in enumerate(counts.items())
            ]
            rings = [
                np.stack([r * math.sqrt(kappa) * np.cos(angle), r * np.sin(angle)]) for r in RINGS
            ]
            gap = np.full((2, 1), np.nan)
            x, y = np.concatenate([part for ring in rings for part in (ring, gap)], axis=1)
            yield Frame(
                _("κ = {kappa}: gradient descent needs {n} steps to come 1000 times nearer, an "
                  "error shrinks {factor}-fold in each; with momentum {m}.",
                  kappa=write(kappa), n=found["descent"][k], m=found["momentum"][k],
                  factor=write((kappa + 1) / (kappa - 1))),
                {
                    "map": (
                        Line("rings", x, y, color="muted", dash="solid", width=1.5),
                        Path("way", ways[k][:, 0], ways[k][:, 1], color=0),
                    ),
                    "steps": (*lines, *(head(line, -1) for line in lines)),
                },
                pause=0.0 if k else 1.5,
            )  # fmt: skip

    return Film(
        N_("The condition number decides how many steps"), panels, moments, frames,
        key_frames(frames), fps=8.0,
        alt=N_("Left contour lines of a bowl that gets longer, with the way of gradient "
               "descent; right the steps that it and momentum need against κ with the lines "
               "of theory."),
    )  # fmt: skip
