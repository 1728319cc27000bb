"""A line fitted to data with outliers, by three losses: which of them the outliers pull away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.autodiff.value import tensor
from backviz.language import N_, _
from backviz.optim import Adam
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Points, Rule
from backviz.scenes.layers import key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.provider import Data, own_data, provided
from backviz.scenes.pulling_losses import LOSSES
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_panels import moments_of

SLOPE, CUT = 1.0, 0.5  # of the line that the points without outliers are made around


def fitted(x: Array, y: Array, loss: str, rate: float, steps: int) -> Array:
    """Slope and intercept (steps + 1, 2) on their way down a loss of the residuals.

    >>> x = np.array([0.0, 1.0, 2.0])
    >>> fitted(x, 2 * x + 1, "squared", 0.1, 400)[-1].round(2)
    array([2., 1.])
    """
    line = tensor(np.zeros(2))
    descent, rows = Adam(line, lr=rate), [np.zeros(2)]
    for _step in range(steps):
        line.grad = None
        LOSSES["residual"][loss](line[0] * x + line[1] - y).mean().backward()
        descent.step()
        rows.append(np.array(line.data))
    return np.array(rows)


@scene(
    Claim(
        "the outliers pull the squared loss 3 times as far from the slope as the absolute",
        lambda d: (
            3 * abs(d["slope.absolute.y"][-1, -1] - SLOPE),
            abs(d["slope.squared.y"][-1, -1] - SLOPE),
        ),
    )
)
def robust_fit(
    samples: Annotated[int, Within(4, 200)] = 24,
    outliers: Annotated[int, Within(0, 50)] = 3,
    far: Annotated[float, Within(-100, 100)] = -6.0,
    noise: Annotated[float, Within(0, 10)] = 0.3,
    data: Annotated[Data | None, own_data(1)] = said(""),
    rate: Annotated[float, Within(1e-6, 10)] = 0.1,
    steps: Annotated[int, Within(0, 2000)] = 100,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """A few outliers pull a line away that is fitted by squares, and hardly move the others.

    The same points, the same start and Adam for all three; they differ in the loss alone. The
    squared loss pulls in proportion to the residual, the absolute one and Huber's (δ = 1) pull
    with 1 at most. Right the slope on its way; the dashed line is that of the points without
    outliers.

    Options:
    samples: points around the line y = x + 0.5
    outliers: how many more, at the right end
    far: how far those are from the line
    noise: standard deviation of all points
    data: your own points: a csv with columns x,y, an npz, or file.py:name; empty for made ones
    rate: of Adam
    steps: of the descent
    seed: of the points
    """
    draw = np.random.default_rng(seed)
    x = np.concatenate((draw.uniform(-2, 2, samples), draw.uniform(1.2, 2, outliers)))
    y = SLOPE * x + CUT + noise * draw.standard_normal(len(x))
    y[samples:] += far
    given = provided(data, x, y).data
    x, y, usual = given.column, given.y, slice(None if data else samples)
    ways = {name: fitted(x, y, name, rate, steps) for name in LOSSES["residual"]}
    ends = np.array(span(x))
    slopes = {name: way[:, 0] for name, way in ways.items()}
    made = [] if data else [SLOPE]
    panels = (
        Panel(
            "data", Axis("x", *span(x)), Axis("y", *span(y, pad=0.15)), title=N_("data and lines"),
            legend="below",
            static=(
                Points("points", x[usual], y[usual], color="ink", marker="circle", size=8.0),
                *(
                    () if data
                    else [Points("outliers", x[samples:], y[samples:], color="ink", marker="cross")]
                ),
            ),
        ),
        Panel(
            "slope", step_axis(steps + 1), Axis("", *span(*slopes.values(), made)),
            title=N_("slope w"), place=(0, 1, 1, 1),
            static=tuple(Rule("true", slope) for slope in made),
        ),
    )  # fmt: skip
    moments, at = moments_of(steps), np.arange(steps + 1.0)

    def frames() -> Iterator[Frame]:
        for k in moments:
            told = ", ".join(f"{_(name)} {write(slopes[name][k])}" for name in ways)
            yield Frame(
                _("Step {k}, slopes: {slopes}.", k=k, slopes=told) if data else
                _("Step {k}, slopes: {slopes}. Without outliers it is {slope}.", k=k, slopes=told,
                  slope=write(SLOPE)),
                {
                    "data": [
                        Line(name, ends, way[k, 0] * ends + way[k, 1], name, c, width=3.5)
                        for c, (name, way) in enumerate(ways.items())
                    ],
                    "slope": [
                        Line(name, at[: k + 1], slopes[name][: k + 1], color=c)
                        for c, name in enumerate(ways)
                    ],
                },
            )  # fmt: skip

    return Film(
        N_("Outliers and three losses"), panels, frames, len(moments), key_frames(len(moments)),
        alt=N_("Left points with some outliers and three lines, one fitted by each loss; "
               "right the slopes against the step."),
    )  # fmt: skip
