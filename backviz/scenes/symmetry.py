"""Units that begin alike stay alike: what goes wrong with weights that are all the same.

Invariant: equal units are equal to the last bit, on every machine. A matrix product does not
promise that (its sums run in another order for some columns, as the processor likes it), and
training makes a difference in the last bit grow; so the sums are written out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np

from backviz.autodiff.data import quietly
from backviz.autodiff.value import Value
from backviz.language import N_, _
from backviz.nn import Linear
from backviz.scenes.artists import Artist, Heat, Line
from backviz.scenes.deep import Activation, Recipe, training
from backviz.scenes.layers import head, held, key_frames, positive, step_axis, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene
from backviz.words import Words


@scene(
    Claim(
        "constant weights of a layer stay equal in all units, and its loss stays above",
        lambda d: (
            np.ptp(d["constant.weights.values"][-1], axis=0).max() + d["loss.random.y"][-1, -1],
            d["loss.constant.y"][-1, -1],
        ),
    )
)
def zero_init(
    init: Literal["zeros", "constant"] = "constant",
    activation: Activation = "tanh",
    depth: Annotated[int, Within(1, 20)] = 2,
    width: Annotated[int, Within(2, 32)] = 8,
    rate: Annotated[float, Within(0, 1e3)] = 0.5,
    steps: Annotated[int, Within(1, 300)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Weights that are all the same never part: a layer of n units is as good as one unit.

    The weights of the first layer, a row for each unit: left from equal numbers, right from
    random ones (Xavier). Equal rows get equal gradients, so they stay equal; with zeros
    behind them they get none at all. Only random numbers break the symmetry.

    Options:
    init: all zeros, or all the same number
    activation: what each unit applies
    depth: hidden layers
    width: units in each of them, and inputs
    rate: of gradient descent
    steps: of training
    seed: of the data and of the random weights
    """
    recipe = Recipe(depth, width, activation, init, rate=rate, seed=seed)
    runs = {
        init: _rows(recipe, steps),
        "random": _rows(replace(recipe, init="xavier_normal"), steps),
    }
    finite = np.concatenate([np.ravel(rows) for rows, _loss in runs.values()])
    finite = np.abs(finite[np.isfinite(finite)])
    end = float(f"{np.quantile(finite, 0.99) or 1.0:.1g}")
    losses = [loss for _rows, loss in runs.values()]
    x = np.arange(float(steps))
    panels = (
        *(
            Panel(
                name, Axis(N_("input"), 0.5, width + 0.5, ticks=(1.0, float(width))),
                Axis(N_("unit"), 0.5, width + 0.5, ticks=(1.0, float(width))),
                title=Words("W of layer 1: {name}", name=Words(name)), place=(0, i, 1, 1),
            )
            for i, name in enumerate(runs)
        ),
        Panel(
            "loss", step_axis(steps), Axis(N_("loss"), *_roomy(losses), log=True),
            title=N_("loss"), place=(0, 2, 1, 1), legend="lower left",
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            shown: dict[str, Sequence[Artist]] = {
                name: [
                    Heat(
                        "weights", rows[k], (0.5, width + 0.5), (0.5, width + 0.5), (-end, end),
                        label="" if name == init else N_("weight"),
                    )
                ]
                for name, (rows, _loss) in runs.items()
            }  # fmt: skip
            lines = [
                Line(name, x[: k + 1], positive(loss[: k + 1]), name, c)
                for c, (name, (_weights, loss)) in enumerate(runs.items())
            ]
            shown["loss"] = [*lines, *(head(line, k) for line in lines)]
            yield Frame(
                _said(k, {name: (r[k], float(v[k])) for name, (r, v) in runs.items()}), shown
            )

    return Film(
        Words.counted("{n} unit that begins alike", "{n} units that begin alike", width),
        panels, moments, steps, key_frames(steps), columns=(1.0, 1.0, 1.0),
        alt=N_("Two maps of the weights of the first layer, a row for each unit: in the left all "
               "rows are equal, in the right they differ; beside them the losses."),
    )  # fmt: skip


def _roomy(losses: list[np.ndarray]) -> tuple[float, float]:
    """Limits that leave the lower third free for the legend."""
    low, high = held(*span(*losses, log=True))
    return low * (low / high) ** 0.5, high


def _rows(recipe: Recipe, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The first layer's weights, a row for each unit (steps, units, inputs), and the losses."""
    moments = training(recipe, steps, layer=InOrder)
    kept = [(m.layers[0].weight.data.T.copy(), m.loss) for m in moments]
    weights, losses = zip(*kept, strict=True)
    return np.array(weights), np.array(losses)


class InOrder(Linear):
    """x @ W + b for a matrix x, each sum in the same order: equal units stay equal.

    >>> InOrder(3, 2, init="ones")(np.array([[0.1, 0.2, 0.3]])).data.tolist()
    [[0.6000000000000001, 0.6000000000000001]]
    """

    def forward(self, x: Any) -> Value:
        """The products, then their sums."""
        made: Value = (x[:, :, None] * self.weight).sum(axis=1) + self.bias
        return made


def spread(rows: np.ndarray) -> float:
    """The largest difference between two units in any weight; 0 if all rows are equal.

    >>> spread(np.array([[1.0, 2.0], [1.0, 2.5]]))
    0.5
    """
    return float(np.max(rows.max(axis=0) - rows.min(axis=0)))


def _said(step: int, seen: dict[str, tuple[np.ndarray, float]]) -> str:
    parts = []
    for name, (rows, loss) in seen.items():
        apart = float(quietly(spread, rows))
        if not np.isfinite(apart) or not np.isfinite(loss):
            parts.append(_("{name}: the numbers overflow", name=_(name)))
            continue
        told = _("rows differ by up to {most}", most=write(apart))
        if np.all(rows == 0):
            told = _("every weight is still 0")
        elif apart == 0:
            told = _("all rows are equal")
        parts.append(_("{name}: {told}, loss {loss}", name=_(name), told=told, loss=write(loss)))
    return _("Step {step}. {parts}.", step=step, parts="; ".join(parts))
