"""A saddle holds the gradient of all samples; the noise of mini-batches leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np

from backviz.autodiff.value import tensor
from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Path, Points, Rule
from backviz.scenes.layers import head, key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.surface_panels import map_panel, moments_of
from backviz.scenes.surfaces import Landscape

STRETCH = np.array([1.0, 0.8])  # standard deviations of the data along both axes
SIDE = 1.6  # of the map, from 0
AT_SADDLE = 0.05  # so near to the saddle that a way is there


def cloud(samples: int, seed: int) -> Array:
    """Points (n, 2) whose second moments are exactly those of two independent directions."""
    x = np.random.default_rng(seed).standard_normal((samples, 2))
    _values, turn = np.linalg.eigh(x.T @ x / samples)
    x = x @ turn
    return np.asarray(x / np.sqrt((x**2).mean(axis=0)) * STRETCH)


def slope(x: Array, w: Array) -> Array:
    """The gradient (2,) of the mean of ½|x − w(w·x)|² over samples x (n, 2).

    >>> slope(np.eye(2) * 2**0.5, np.array([0.0, 1.0]))
    array([0., 0.])
    """
    weights = tensor(w)
    back = (x @ weights).reshape(len(x), 1) * weights
    (0.5 * ((x - back) ** 2).sum() / len(x)).backward()
    return np.asarray(weights.grad)


def autoencoder(x: Array) -> Landscape:
    """The loss ½·mean |x − w(w·x)|² over both weights, for data without mixed second moment."""
    a, b = (float(m) for m in (x**2).mean(axis=0))

    def f(u: Any, v: Any) -> Any:
        along = a * u**2 + b * v**2
        return 0.5 * (a + b) - along + 0.5 * along * (u**2 + v**2)

    return Landscape("autoencoder", f, (-SIDE, SIDE), (-SIDE, SIDE), (0.0, 0.2), "",
                     ((1.0, 0.0), (-1.0, 0.0)), b / 2)  # fmt: skip


@scene(
    Claim(
        "with batches the loss ends nearer to that of the minimum, without at that of the saddle",
        lambda d: (d["loss.batches.y"][-1, -1], 0.9 * d["loss.all.y"][-1, -1]),
    )
)
def saddle_escape(
    batch: Annotated[int, Within(1, 512)] = 8,
    samples: Annotated[int, Within(8, 1024)] = 128,
    rate: Annotated[float, Within(1e-4, 0.5)] = 0.1,
    steps: Annotated[int, Within(1, 2000)] = 150,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """At a saddle the gradient of all samples is 0 and a descent stays; mini-batches fall off it.

    A unit with two weights w writes x as one number w·x and reads it back as w(w·x). It should
    find the direction in which the data vary most, one of the stars. Both descents begin exactly
    on the line that leads to the saddle, the other direction. Right the loss of both.

    Options:
    batch: samples in each step of the second descent
    samples: in the data
    rate: of both
    steps: of both
    seed: of data and batches
    """
    x = cloud(samples, seed)
    land = autoencoder(x)
    draw = np.random.default_rng((seed, 2))
    ways = {"all": [np.array([0.0, 0.2])], "batches": [np.array([0.0, 0.2])]}
    for _step in range(steps):
        now = x[draw.choice(samples, min(batch, samples), replace=False)]
        for name, data in (("all", x), ("batches", now)):
            w = ways[name][-1]
            ways[name].append(w - rate * slope(data, w))
    paths = {name: np.array(way) for name, way in ways.items()}
    losses = {name: land.heights(way) for name, way in paths.items()}
    high, low = float(STRETCH[0] ** 2 / 2), float(STRETCH[1] ** 2 / 2)
    labels = {"all": N_("all samples"), "batches": N_("mini-batches")}
    panels = (
        Panel(
            "map", Axis("w₁", -SIDE, SIDE), Axis("w₂", -SIDE, SIDE),
            title=N_("loss over two weights; ✗ saddles"), equal=True,
            static=(
                *map_panel(land).static,
                Points("saddles", [0.0, 0.0], [1.0, -1.0], color="ink", marker="cross",
                       size=14.0),
            ),
        ),
        Panel(
            "loss", step_axis(steps + 1), Axis("", *span([low * 0.9], *losses.values())),
            title=N_("loss of all samples"), place=(0, 1, 1, 1), legend="below",
            static=(
                Rule("saddle", high, label=N_("saddle")), Rule("minimum", low, label=N_("minimum")),
            ),
        ),
    )  # fmt: skip
    moments, at = moments_of(steps), np.arange(steps + 1.0)

    def frames() -> Iterator[Frame]:
        for k in moments:
            lines = [
                Line(name, at[: k + 1], loss[: k + 1], labels[name], i)
                for i, (name, loss) in enumerate(losses.items())
            ]
            yield Frame(
                _told(k, paths["all"][k], paths["batches"][k], losses["batches"][k]),
                {
                    "map": tuple(
                        Path(name, way[: k + 1, 0], way[: k + 1, 1], color=i)
                        for i, (name, way) in enumerate(paths.items())
                    ),
                    "loss": (*lines, *(head(line, -1) for line in lines)),
                },
                pause=0.0 if k else 1.5,
            )

    return Film(
        N_("Noise leaves a saddle where the exact gradient stays"), panels, frames, len(moments),
        key_frames(len(moments)),
        alt=N_("Left contour lines of a loss over two weights with two minima and two "
               "saddles: one way ends on a saddle, the other goes on to a minimum; right "
               "both losses."),
    )  # fmt: skip


def _told(k: int, exact: Array, shaken: Array, loss: float) -> str:
    """Where both descents are."""
    size = write(float(np.hypot(*(exact - (0.0, 1.0)))), 2)
    if np.hypot(*(exact - (0.0, 1.0))) > AT_SADDLE:
        return _("Step {k}: both come to the saddle, which is {size} away.", k=k, size=size)
    side = write(abs(float(shaken[0])), 2)
    if abs(float(shaken[0])) < 0.5:
        return _("Step {k}: the gradient of all samples is nearly 0; batches have pushed the other "
                 "descent {side} to the side.", k=k, side=side)  # fmt: skip
    return _("Step {k}: without noise the descent stays at the saddle; with batches it has left "
             "and has the loss {loss}.", k=k, loss=write(loss))  # fmt: skip
