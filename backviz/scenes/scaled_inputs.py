"""The same data before and after its inputs are scaled: the shape of the loss and the descent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np

from backviz.language import N_, _
from backviz.optim import SGD
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Path
from backviz.scenes.layers import head, key_frames, positive, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import Choice
from backviz.scenes.provider import Data, own_data
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_panels import map_panel, moments_of
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import Run, travel

WORDS = N_("as they are"), N_("scaled")


def two_weights(x: Array, y: Array) -> Landscape:
    """The mean squared error of w₁x₁ + w₂x₂ over both weights, around the best ones and 0.

    >>> land = two_weights(np.eye(2), np.array([1.0, 2.0]))
    >>> land.minima, land.curvatures(np.array([[0.0, 0.0]]))
    (((1.0, 2.0),), array([[1., 1.]]))
    """
    best = np.linalg.lstsq(x, y, rcond=None)[0].round(12)

    def f(v: Any, w: Any) -> Any:
        errors = [
            (v * a + w * b - t) ** 2 for (a, b), t in zip(x.tolist(), y.tolist(), strict=True)
        ]
        return sum(errors[1:], errors[0]) / len(errors)

    reach = 1.4 * (
        float(np.abs(best).max()) or 1.0
    )  # one for both, so that a ravine looks like one
    ends = [(w - reach, w + reach) for w in best.tolist()]
    floor = float(np.mean((x @ best - y) ** 2))
    minimum = float(best[0]), float(best[1])
    return Landscape("inputs", f, ends[0], ends[1], (0.0, 0.0), "", (minimum,), floor)


def _way(run: Run, k: int, color: int) -> Path:
    """The way up to step k."""
    return Path("way", run.path()[: k + 1, 0], run.path()[: k + 1, 1], color=color)


@scene(
    Claim(
        "after as many steps scaled inputs are 1000 times nearer to the least loss",
        lambda d: (1e3 * d["loss.scaled.y"][-1, 20], d["loss.as they are.y"][-1, 20]),
    )
)
def input_scaling(
    factor: Annotated[float, Within(1, 100)] = 6.0,
    share: Annotated[float, Within(0.01, 0.99)] = 0.8,
    samples: Annotated[int, Within(4, 100)] = 24,
    noise: Annotated[float, Within(0, 10)] = 0.1,
    steps: Annotated[int, Within(1, 1000)] = 25,
    data: Annotated[Data | None, own_data(2)] = said(""),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Inputs of different size make a ravine of the loss; scaled to one size they make a bowl.

    Two inputs, the second with a standard deviation so many times that of the first. Left the loss
    over both weights, in the middle the same after each input was divided by its own standard
    deviation. Both descents have the same share of the largest stable rate, 2/λ.

    Options:
    factor: how many times as large the second input is
    share: of the largest stable rate
    samples: how many points
    noise: standard deviation of the targets
    steps: of gradient descent
    data: your own points: a csv with columns x1,x2,y, an npz, or file.py:name; the mean of each
      column is taken off
    seed: of the points
    """
    draw = np.random.default_rng(seed)
    plain = draw.standard_normal((samples, 2)) * (1.0, factor)
    y = plain @ (1.5, 1.5 / factor) + noise * draw.standard_normal(samples)
    if data is not None:  # a mean would need a third weight
        plain, y = data.x - data.x.mean(axis=0), data.y - data.y.mean()
    lands = {w: two_weights(x, y)
             for w, x in zip(WORDS, (plain, plain / plain.std(axis=0)), strict=True)}  # fmt: skip
    bends = {w: land.curvatures(np.zeros((1, 2)))[0] for w, land in lands.items()}
    runs = {
        w: travel(land, Choice(w, SGD), [land.start], steps, share * 2 / float(bends[w][1]))
        for w, land in lands.items()
    }
    losses = {w: run.losses[:, 0] - (lands[w].floor or 0.0) for w, run in runs.items()}
    drawn = {w: np.maximum(loss, 1e-12) for w, loss in losses.items()}
    panels = (
        *(
            Panel(
                w, Axis("w₁", *land.x), Axis("w₂", *land.y), place=(0, i, 1, 1),
                title=(N_("inputs as they are"), N_("inputs scaled"))[i],
                static=map_panel(land).static, equal=True,
            )
            for i, (w, land) in enumerate(lands.items())
        ),
        Panel(
            "loss", step_axis(steps + 1), Axis("", *span(*drawn.values(), log=True), log=True),
            title=N_("loss above the least"), place=(0, 2, 1, 1),
        ),
    )  # fmt: skip
    moments, at = moments_of(steps), np.arange(steps + 1.0)
    kappa = [write(float(b[1] / b[0]), 2) for b in bends.values()]

    def frames() -> Iterator[Frame]:
        for k in moments:
            lines = [
                Line(w, at[: k + 1], positive(loss[: k + 1]), color=c)
                for c, (w, loss) in enumerate(drawn.items())
            ]
            yield Frame(
                _("Step {k}: the curvatures differ {first}-fold, loss {loss} above the least; "
                  "scaled {second}-fold, {other}.", k=k, first=kappa[0], second=kappa[1],
                  loss=write(losses[WORDS[0]][k]), other=write(losses[WORDS[1]][k])),
                {
                    **{
                        w: (_way(run, k, c),)
                        for c, (w, run) in enumerate(runs.items())
                    },
                    "loss": (*lines, *(head(line, -1) for line in lines)),
                },
                pause=0.0 if k else 1.5,
            )  # fmt: skip

    return Film(
        N_("Scaled inputs make a bowl of a ravine"), panels, frames, len(moments),
        key_frames(len(moments)),
        alt=N_("Contour lines of a loss over two weights with the way of gradient descent, "
               "before and after the inputs are scaled; beside them both losses against the "
               "step."),
    )  # fmt: skip
