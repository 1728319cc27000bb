"""A network learns its data by heart: training and validation loss, and where to stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.optim import Adam
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Points, Rule
from backviz.scenes.layers import head, key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.provider import Data, own_data, provided
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_panels import moments_of

SIDE, CURVE = 1.0, 161  # of the inputs, and the points that a curve is drawn through


def _made(draw: np.random.Generator, n: int, noise: float) -> tuple[Array, Array]:
    """Inputs (n, 1) and noisy targets (n, 1) of one wave."""
    x = np.sort(draw.uniform(-SIDE, SIDE, (n, 1)), axis=0)
    return x, np.sin(np.pi * x) + noise * draw.standard_normal((n, 1))


def _parted(draw: np.random.Generator, own: Data, n: int) -> tuple[Array, ...]:
    """Inputs and targets (·, 1) of so many samples, two thirds at most, and of all others."""
    order = draw.permutation(len(own.y))
    n = min(n, max(1, 2 * len(order) // 3))
    return tuple(a[part] for part in (order[:n], order[n:]) for a in (own.x, own.y[:, None]))


@scene(
    Claim(
        "after its lowest point the validation loss rises by a fifth, the training loss falls",
        lambda d: (
            1.2 * float(np.nanmin(d["loss.validation.y"][-1])) + d["loss.training.y"][-1, -1] / 10,
            d["loss.validation.y"][-1, -1],
        ),
    )
)
def overfitting(
    samples: Annotated[int, Within(4, 200)] = 14,
    noise: Annotated[float, Within(0, 10)] = 0.4,
    width: Annotated[int, Within(1, 256)] = 40,
    rate: Annotated[float, Within(1e-6, 10)] = 0.02,
    steps: Annotated[int, Within(1, 5000)] = 800,
    data: Annotated[Data | None, own_data(1)] = said(""),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """A network with more weights than points learns the noise; validation says when to stop.

    Left the points that it is trained on, the wave that they are made around, and what the
    network says; right the loss on these points and on 200 others. The dashed line is the step
    with the lowest validation loss: what comes later is learned by heart.

    Options:
    samples: points that it is trained on
    noise: standard deviation from the wave
    width: units in each of the two hidden layers
    rate: of Adam
    steps: of training
    data: your own points: a csv with columns x,y, an npz, or file.py:name; those that it is not
      trained on validate
    seed: of points and weights
    """
    draw = np.random.default_rng(seed)
    if data is None:
        (x, y), (u, v) = _made(draw, samples, noise), _made(draw, 200, noise)
    else:
        x, y, u, v = _parted(draw, data, samples)
    given = provided(data, x, y[:, 0])
    net = given.network([width, width], "tanh", seed)
    side = (-SIDE, SIDE) if data is None else (float(data.x.min()), float(data.x.max()))
    descent, at = Adam(net.parameters(), lr=rate), np.linspace(*side, CURVE)[:, None]
    moments = moments_of(steps)
    shown, losses = {}, []
    for step in range(steps + 1):
        loss = ((net(x) - y) ** 2).mean()
        losses.append((loss.item(), float(np.mean((np.asarray(net(u).data) - v) ** 2))))
        if step in moments:
            shown[step] = np.asarray(net(at).data)[:, 0].copy()
        net.zero_grad()
        loss.backward()
        descent.step()
    table = np.maximum(np.array(losses), 1e-6)
    best = int(table[:, 1].argmin())
    panels = (
        Panel(
            "data", Axis("x", *span(at, pad=0.025)),
            Axis("y", *span(y, v if data else [-1.3, 1.3], *shown.values())),
            title=N_("what the network says"),
            static=(
                Line("wave", at[:, 0], np.sin(np.pi * at[:, 0]), color="muted", dash="dotted")
                if data is None else
                Points("others", u[:, 0], v[:, 0], color="muted", marker="circle", size=6.0),
                Points("points", x[:, 0], y[:, 0], color="ink", marker="circle"),
            ),
        ),
        Panel(
            "loss", step_axis(steps + 1), Axis("", *span(table, log=True), log=True),
            title=N_("mean squared error"), place=(0, 1, 1, 1), legend="below",
            static=(Rule("best", float(best), axis="x"),),
        ),
    )  # fmt: skip
    steps_so_far = np.arange(steps + 1.0)

    def frames() -> Iterator[Frame]:
        for k in moments:
            lines = [
                Line(key, steps_so_far[: k + 1], table[: k + 1, i], label, i)
                for i, (key, label) in enumerate(
                    (("training", N_("training")), ("validation", N_("validation")))
                )
            ]
            yield Frame(
                _("Step {k}: training loss {loss}, validation loss {other}; the lowest one is "
                  "{least} at step {best}.", k=k, loss=write(losses[k][0]),
                  other=write(losses[k][1]), least=write(losses[best][1]), best=best),
                {
                    "data": (Line("curve", at[:, 0], shown[k], color="forward", width=3.5),),
                    "loss": (*lines, *(head(line, -1) for line in lines)),
                },
            )  # fmt: skip

    return Film(
        N_("Learned by heart: when to stop"), panels, frames, len(moments),
        key_frames(len(moments)),
        alt=N_("Left points, the wave they are made around and the curve of a network; right "
               "training and validation loss against the step with a line at the lowest "
               "validation loss."),
    )  # fmt: skip
