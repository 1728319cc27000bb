"""Two minima of one loss, a sharp and a flat one: what each costs when the weights are moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Path, Points
from backviz.scenes.layers import head, key_frames, theory_line
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import choices
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.surface_panels import map_panel, moments_of
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import travel

MOVES = 2000  # of the weights, for a mean
SHOWN = 60  # of them that are drawn
SIZES = 21


def product() -> Landscape:
    """The loss ½(uv − 1)²: all of the curve uv = 1 is a minimum, its curvature is u² + v².

    >>> land = product()
    >>> land.curvatures(np.array([[1.0, 1.0], [4.0, 0.25]])).round(4)[:, 1]
    array([ 2.    , 16.0625])
    """
    return Landscape(
        "product", lambda u, v: 0.5 * (u * v - 1) ** 2, (-0.2, 3.4), (-1.0, 2.4), (3.0, 0.5),
        "½(uv − 1)²", (), 0.0,
    )  # fmt: skip


def moved_loss(size: Array, end: Array) -> Array:
    """The mean loss after both weights of a minimum got N(0, size²): ½(size²(u² + v²) + size⁴)."""
    return 0.5 * (size**2 * float(end @ end) + size**4)


@scene(
    Claim(
        "both losses are nearly 0, and moved weights cost three times as much at the sharp minimum",
        lambda d: (
            3 * d["moved.large.y"][-1, -1] + 1e3 * _last_loss(d),
            d["moved.small.y"][-1, -1],
        ),
    )
)
def sharp_minima(
    small: Annotated[float, Within(1e-4, 0.4)] = 0.05,
    large: Annotated[float, Within(1e-4, 0.4)] = 0.32,
    moved: Annotated[float, Within(0.01, 2)] = 0.3,
    steps: Annotated[int, Within(10, 1000)] = 30,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Both minima have loss 0, one lies in a narrow valley: a small move of the weights costs more.

    A network of two weights says uv·x; every uv = 1 is right, and the curvature there is
    λ = u² + v². Left two descents from one start: the small rate ends in the nearest minimum, a
    sharp one; the large rate cannot stay where αλ > 2 and goes on along the valley to a flat one.
    The points are the weights, moved at random. Right the mean loss after such moves, beside
    theory, ½(σ²λ + σ⁴).

    Options:
    small: rate of the first descent
    large: rate of the second one
    moved: standard deviation σ of the largest moves
    steps: of each descent
    seed: of the moves
    """
    land = product()
    sgd = choices("sgd")[0]
    runs = {
        name: travel(land, sgd, [land.start], steps, rate)
        for name, rate in (("small", small), ("large", large))
    }
    ways = {name: run.path() for name, run in runs.items()}
    ends = {name: way[-1] for name, way in ways.items()}
    sharp = {name: float(land.curvatures(end[None])[0, 1]) for name, end in ends.items()}
    draw = np.random.default_rng(seed).standard_normal((MOVES, 2))
    sizes = np.linspace(0.0, moved, SIZES)
    losses = {
        name: np.array([land.heights(end + size * draw).mean() for size in sizes])
        for name, end in ends.items()
    }
    labels = {name: f"α = {write(rate)}" for name, rate in (("small", small), ("large", large))}
    curve = np.linspace(0.2, 4.0, 200)
    bends = {name: land.curvatures(way)[:, 1] for name, way in ways.items()}
    panels = (
        Panel(
            "map", Axis("u", *land.x), Axis("v", *land.y), title=N_("loss ½(uv − 1)²; line: 0"),
            static=(
                *map_panel(land).static,
                Line("valley", curve, 1 / curve, color="ink", dash="dotted", width=2.0),
            ),
        ),
        Panel(
            "moved", Axis(N_("σ of the moves"), *span(sizes)), Axis("", *span(*losses.values())),
            title=N_("mean loss after a move"), place=(0, 1, 1, 1), legend="below",
            static=(
                theory_line(sizes, moved_loss(sizes, ends["small"]), N_("theory")),
                replace(theory_line(sizes, moved_loss(sizes, ends["large"]), ""), key="theory 2"),
            ),
        ),
    )  # fmt: skip
    first = moments_of(steps, 40)
    moments = [*((k, 0) for k in first), *((steps, i) for i in range(1, SIZES))]

    def frames() -> Iterator[Frame]:
        for n, (k, i) in enumerate(moments):
            lines = [
                Line(name, sizes[: i + 1], loss[: i + 1], labels[name], c)
                for c, (name, loss) in enumerate(losses.items())
            ]
            many = SHOWN if i else 0
            clouds = {name: end + sizes[i] * draw[:many] for name, end in ends.items()}
            if i:
                caption = _(
                    "Moved by σ = {size}: the mean loss is {first} at the sharp minimum, λ = {a}, "
                    "and {second} at the flat one, λ = {b}.",
                    size=write(sizes[i], 2), first=write(losses["small"][i]),
                    second=write(losses["large"][i]), a=write(sharp["small"]),
                    b=write(sharp["large"]),
                )  # fmt: skip
            else:
                caption = _(
                    "Step {k}: αλ is {a} with the small rate and {b} with the large one; above 2 "
                    "no descent stays. The losses are {first} and {second}.",
                    k=k, a=write(small * bends["small"][k]), b=write(large * bends["large"][k]),
                    first=write(runs["small"].losses[k, 0], 2),
                    second=write(runs["large"].losses[k, 0], 2),
                )  # fmt: skip
            yield Frame(
                caption,
                {
                    "map": (
                        *(
                            Points(f"moved {name}", spots[:, 0], spots[:, 1], color=c,
                                   marker="circle", size=5.0)
                            for c, (name, spots) in enumerate(clouds.items())
                        ),
                        *(
                            Path(name, way[: k + 1, 0], way[: k + 1, 1], color=c)
                            for c, (name, way) in enumerate(ways.items())
                        ),
                    ),
                    "moved": (*lines, *(head(line, -1) for line in lines)),
                },
                pause=1.5 if n == 0 or (k, i) == (steps, 0) else 0.0,
            )  # fmt: skip

    return Film(
        N_("Sharp and flat minima of one loss"), panels, frames, len(moments),
        key_frames(len(moments)),
        alt=N_("Left contour lines of a loss with a curved valley in which two descents end, "
               "one at its steep end and one in the middle; right the mean loss after the "
               "weights are moved."),
    )  # fmt: skip


def _last_loss(data: Any) -> float:
    """The larger of the losses at the ends of both ways."""
    return max(
        0.5 * (float(data[f"map.{name}.x"][-1, -1] * data[f"map.{name}.y"][-1, -1]) - 1) ** 2
        for name in ("small", "large")
    )
