"""Two classes of points, and the boundary that logistic regression draws between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np

from backviz.autodiff.value import tensor
from backviz.data import SETS
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array, Artist, Color
from backviz.scenes.artists import Arrows, Heat, Line, Mark, Points
from backviz.scenes.layers import head, key_frames, positive, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import OneOptimizer
from backviz.scenes.provider import Data, Provider, own_data, provided
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_panels import moments_of

CELLS = 50  # of a map, each way
CLASSES: tuple[tuple[float, str, Color, Mark], ...] = (
    (-1.0, "−1", "gradient", "square"), (1.0, "+1", "forward", "circle"),
)  # fmt: skip
Cloud = Literal["blobs", "moons", "circles", "xor"]


Own = Annotated[Data | None, own_data(2, classes=True)]


def cloud_of(own: Data | None, name: Cloud, samples: int, noise: float, seed: int) -> Provider:
    """Points (n, 2) and their classes ±1 (n,)."""
    if name == "blobs":
        x, label = SETS[name](samples, classes=2, spread=noise, seed=seed)
    else:
        x, label = SETS[name](samples, noise=noise, seed=seed)
    return provided(own, x, np.where(label > 0, 1.0, -1.0), classes=True)


def grid_of(data: Data) -> tuple[tuple[float, float], tuple[float, float], Array]:
    """The ends of a map around points, and the middles of its cells (CELLS², 2), inner ones.

    The map is as wide as high where both inputs have one unit: in all but a person's own data.
    """
    across, up = (span(column, pad=0.12) for column in data.x.T)
    if not data.source:
        half = max(across[1] - across[0], up[1] - up[0]) / 2
        across, up = ((sum(ends) / 2 - half, sum(ends) / 2 + half) for ends in (across, up))
    shares = (np.arange(CELLS) + 0.5) / CELLS
    sides = (low + shares * (high - low) for low, high in (across, up))
    cells: Array = data.inner(np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2))
    return across, up, cells


def classes_of(data: Data, size: float = 9.0) -> tuple[Artist, ...]:
    """The points of both classes, in two colours and with two marks."""
    x, sign = data.x, data.y
    return tuple(
        Points(
            f"class {name}", x[sign == s, 0], x[sign == s, 1], color=color, marker=mark, size=size
        )
        for s, name, color, mark in CLASSES
    )


def border_of(w: Array, b: float, x: Array) -> Array:
    """Two points (2, 2) of the line w·x + b = 0, far out to both sides of the data's middle."""
    size = float(w @ w)
    if not 0 < size < np.inf:
        return np.full((2, 2), np.nan)
    middle = x.mean(axis=0)
    foot = middle - (w @ middle + b) / size * w
    along = np.array([-w[1], w[0]]) / np.sqrt(size) * 4 * np.ptp(x)
    return np.stack([foot - along, foot + along])


def straight(key: str, ends: Array, color: Color) -> Line:
    """A line between two points, over all else."""
    return Line(key, ends[:, 0], ends[:, 1], color=color, width=4.0)


def right_of(data: Any, k: int) -> float:
    """The share of points on their side, as the caption of a frame says."""
    told = re.search(r"(\d+) of (\d+)", str(data["caption"][k]))
    return int(told[1]) / int(told[2]) if told else np.nan


@scene(
    Claim(
        "the loss falls to a third, and 19 of 20 points end on their side",
        lambda d: (
            max(3 * d["loss.loss.y"][-1, -1] / d["loss.loss.y"][-1, 0], 0.9),
            right_of(d, -1),
        ),
    )
)
def logistic_boundary(
    cloud: Cloud = "blobs",
    data: Own = said(""),
    optimizer: OneOptimizer = said("sgd"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.1,
    samples: Annotated[int, Within(8, 400)] = 60,
    noise: Annotated[float, Within(0, 10)] = 0.8,
    steps: Annotated[int, Within(0, 2000)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Logistic regression learns: its boundary turns and moves until it parts two classes.

    Left the points, the probability of class +1 as colour, the boundary p = ½, and the weights as
    an arrow across it. Right the mean cross-entropy. A straight boundary cannot part circles or
    XOR; `hidden_lines` shows what can.

    Options:
    cloud: the points: two blobs, moons, circles, or XOR
    data: your own points instead: a csv with columns x1,x2,class, an npz, or file.py:name
    optimizer: a name; options follow with colons, as in sgd:momentum=.5
    rate: of each step
    samples: how many points
    noise: their spread
    steps: of training
    seed: of the points
    """
    given = cloud_of(data, cloud, samples, noise, seed).data
    x, sign, z = given.x, given.y, given.inner(given.x)
    across, up, cells = grid_of(given)
    w, b = tensor(np.array([0.5, 0.5])), tensor(np.zeros(1))
    descent = optimizer.made([w, b], lr=optimizer.rate_or(rate))
    rows = []
    for step in range(steps + 1):
        loss = OPS["softplus"](-sign * (z @ w + b)).mean()
        rows.append((np.array(w.data), float(b.data[0]), loss.item()))
        if step < steps:
            w.grad = b.grad = None
            loss.backward()
            descent.step()
    losses = np.array([loss for _w, _b, loss in rows])
    panels = (
        Panel(
            "map",
            Axis("x₁", *across),
            Axis("x₂", *up),
            title=N_("points and boundary"),
            equal=data is None,  # so that the weights stand upright on the boundary
        ),
        Panel(
            "loss",
            step_axis(steps + 1),
            Axis("", *span(losses, log=True), log=True),
            title=N_("mean cross-entropy"),
            place=(0, 1, 1, 1),
        ),
    )
    moments, steps_so_far = moments_of(steps), np.arange(steps + 1.0)
    reach = 0.15 * float(np.ptp(cells, axis=0).max())

    def frames() -> Iterator[Frame]:
        for k in moments:
            w, b, loss = rows[k]
            chance = np.tanh((cells @ w + b) / 2).reshape(CELLS, CELLS)  # 2p − 1
            inner = border_of(w, b, z)
            border, foot = given.outer(inner), given.outer(inner.mean(axis=0))
            turned = reach * w / (float(np.linalg.norm(w)) or 1.0)
            turned = given.outer(inner.mean(axis=0) + turned) - foot
            line = Line("loss", steps_so_far[: k + 1], positive(losses[: k + 1]), color=0)
            right = int(np.sum(sign * (z @ w + b) > 0))
            yield Frame(
                _("Step {k}: cross-entropy {loss}; {right} of {n} points are on their side of "
                  "the boundary.", k=k, loss=write(loss), right=right, n=len(x)),
                {
                    "map": (
                        Heat("chance", chance, across, up, (-1.0, 1.0), label="2p − 1"),
                        *classes_of(given),
                        straight("border", border, "ink"),
                        Arrows("weights", [foot[0]], [foot[1]], [turned[0]], [turned[1]],
                               color="ink", width=5.0),
                    ),
                    "loss": (line, head(line, -1)),
                },
                pause=0.0 if k else 1.5,
            )  # fmt: skip

    return Film(
        N_("Logistic regression: the boundary moves"), panels, frames, len(moments),
        key_frames(len(moments)), columns=(1.2, 1.0),
        alt=N_("Left points of two classes over a map of the probability, with the boundary "
               "and the weights as an arrow; right the cross-entropy against the step."),
    )  # fmt: skip
