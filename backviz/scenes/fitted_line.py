"""A line fitted to data: the data and the line, beside the loss over its two parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np

from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Path, Points
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import OneOptimizer
from backviz.scenes.provider import Data, own_data, provided
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_panels import map_panel, moments_of
from backviz.scenes.surface_text import Start
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import travel


def squares(x: Array, y: Array, start: tuple[float, float]) -> Landscape:
    """The mean squared error over slope and intercept, around the best line and the start.

    >>> land = squares(np.array([0.0, 1.0]), np.array([1.0, 3.0]), (0.0, 0.0))
    >>> land.minima, land.heights(np.array([2.0, 1.0]))
    (((2.0, 1.0),), array(0.))
    """
    slope, cut = np.linalg.lstsq(np.stack([x, np.ones_like(x)], axis=1), y, rcond=None)[0]
    best = float(np.round(slope, 12)), float(np.round(cut, 12))

    def f(w: Any, b: Any) -> Any:
        errors = [(w * float(u) + b - float(v)) ** 2 for u, v in zip(x, y, strict=True)]
        return sum(errors[1:], errors[0]) / len(errors)

    ends = [
        (min(one, other) - 0.4 * reach, max(one, other) + 0.4 * reach)
        for one, other in zip(best, start, strict=True)
        for reach in (max(abs(one - other), 1.0),)
    ]
    floor = float(np.mean((best[0] * x + best[1] - y) ** 2))
    return Landscape("line", f, ends[0], ends[1], start, "", (best,), floor)


@scene(
    Claim(
        "the way in parameter space ends a tenth as far from the best line as it began",
        lambda d: (10 * _away(d, -1), _away(d, 0)),
    )
)
def line_fit(
    optimizer: OneOptimizer = said("sgd"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.05,
    start: Start = said("-1.5,2.5"),
    samples: Annotated[int, Within(2, 200)] = 20,
    noise: Annotated[float, Within(0, 100)] = 0.4,
    data: Annotated[Data | None, own_data(1)] = said(""),
    steps: Annotated[int, Within(0, 2000)] = 40,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Gradient descent fits a line: what a step does to the line, and where it is on the loss.

    Left the data, the line, and its residuals; right the mean squared error over slope and
    intercept, with the way of the descent. One point on the right is one line on the left.

    Options:
    optimizer: a name; options follow with colons, as in sgd:momentum=.5
    rate: of each step
    start: slope,intercept of the first line; auto is 0,0
    samples: how many points are made around y = x + 0.5
    noise: their standard deviation from it
    data: your own points: a csv with columns x,y, an npz, or file.py:name; empty for made ones
    steps: of the descent
    seed: of the points
    """
    draw = np.random.default_rng(seed)
    made = np.sort(draw.uniform(-2.0, 2.0, samples))
    given = provided(data, made, made + 0.5 + noise * draw.standard_normal(samples)).data
    x, y = given.column, given.y
    land = squares(x, y, start or (0.0, 0.0))
    run = travel(land, optimizer, [land.start], steps, rate)
    way, slopes = run.path(), land.measured(run.path())[1]
    ends = np.array(span(x))
    floor = map_panel(land)
    # the first line stands in the picture as well, unless somebody's data would be small beside it
    sides = span(y, pad=0.25) if data else span(y, way[0, 0] * ends + way[0, 1], pad=0.08)
    panels = (
        Panel(
            "data", Axis("x", *span(x)), Axis("y", *sides), title=N_("data and line"),
            static=(Points("points", x, y, color="ink", marker="circle", size=8.0),),
        ),
        Panel(
            "plane", Axis(N_("slope w"), *land.x), Axis(N_("intercept b"), *land.y),
            title=N_("mean squared error"), place=(0, 1, 1, 1), static=floor.static,
        ),
    )  # fmt: skip
    moments = moments_of(steps)

    columns = np.stack([x, np.ones_like(x)], axis=1)
    limit = 2 / float(np.linalg.eigvalsh(2 * columns.T @ columns / len(x)).max())

    def told(k: int) -> str:
        w, b = way[k]
        loss = run.losses[k, 0]
        if k and not loss <= run.losses[0, 0]:
            return _(
                "Step {k}: the loss has grown from {first} to {loss}; gradient descent needs a "
                "rate below {limit} here.",
                k=k, first=write(run.losses[0, 0]), loss=write(loss), limit=write(limit),
            )  # fmt: skip
        return _(
            "Step {k}: ŷ = {w}·x {sign} {b}, mean squared error {loss}; its gradient is "
            "({slope}, {cut}).",
            k=k, w=write(w), sign="+" if b >= 0 else "−", b=write(abs(b)), loss=write(loss),
            slope=write(slopes[k, 0]), cut=write(slopes[k, 1]),
        )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in moments:
            w, b = way[k]
            yield Frame(
                told(k),
                {
                    "data": (
                        _residuals(x, y, w * x + b),
                        Line("line", ends, w * ends + b, color="forward", width=3.5),
                    ),
                    "plane": (Path("way", way[: k + 1, 0], way[: k + 1, 1], color=1),),
                },
                pause=0.0 if k else 1.5,
            )

    return Film(
        N_("A line is fitted by gradient descent"), panels, frames, len(moments),
        key_frames(len(moments)),
        alt=N_("Left points and a line that turns towards them, with its residuals; right "
               "contour lines of the mean squared error over slope and intercept with the "
               "way of the descent."),
    )  # fmt: skip


def _residuals(x: Array, y: Array, on_line: Array) -> Line:
    """Upright strokes from each point to the line, as one broken curve."""
    gap = np.full_like(x, np.nan)
    return Line(
        "residuals", np.stack([x, x, gap], axis=1).ravel(),
        np.stack([y, on_line, gap], axis=1).ravel(), color="gradient", dash="solid", width=1.5,
    )  # fmt: skip


def _away(data: Any, k: int) -> float:
    """How far the way is from the star at its first or last place."""
    way = np.stack([data[f"plane.way.{c}"][-1] for c in "xy"])
    star = np.array([data[f"plane.minima.{c}"][0] for c in "xy"])
    return float(np.hypot(*(way[:, k] - star)))
