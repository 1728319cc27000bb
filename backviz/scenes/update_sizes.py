"""How far a step moves the weights of each layer, as a share of their size, over the steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Rule, Zone
from backviz.scenes.deep import Activation, Recipe, Wiring, training
from backviz.scenes.layers import grown, key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.starts import Start

SHOWN, HEALTHY = 4, 1e-3  # layers; the ratio of a healthy step


@scene(
    Claim(
        "every layer's updates begin within a decade of a thousandth, at a slow rate far below",
        lambda d: (_off(d, "ratio"), min(1.0, 0.9 * _off(d, "slow"))),
    )
)
def update_ratio(
    activation: Activation = "tanh",
    init: Start = "xavier_normal",
    wiring: Wiring = "plain",
    depth: Annotated[int, Within(1, 50)] = 6,
    width: Annotated[int, Within(2, 256)] = 48,
    rate: Annotated[float, Within(1e-6, 1e3)] = 0.2,
    slow: Annotated[float, Within(1e-6, 1e3)] = 0.002,
    steps: Annotated[int, Within(2, 400)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """The size of a step in relation to the weights: about a thousandth is a healthy rate.

    For some layers the standard deviation of rate · ∂L/∂W divided by that of W, step by step, on a
    logarithmic axis with a line at 1/1000. Left a rate that works, in the middle one that is too
    small: all lines lie far below. Right both losses. A layer that is far from the others learns
    at another pace.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    wiring: plain layers, skip connections, or a normalization
    depth: hidden layers
    width: units in each of them
    rate: of gradient descent, left
    slow: the rate in the middle
    steps: of training
    seed: of data and weights
    """
    recipe = Recipe(depth, width, activation, init, wiring, rate=rate, seed=seed)
    runs = {"ratio": _ratios(recipe, steps), "slow": _ratios(replace(recipe, rate=slow), steps)}
    chosen = sorted({round(k * (depth - 1) / (SHOWN - 1)) for k in range(SHOWN)})
    at = np.arange(float(steps))
    ends = span(*(t for t, _losses in runs.values()), [HEALTHY * 10, HEALTHY / 10], log=True)
    losses = {key: each[1] for key, each in runs.items()}
    panels = (
        *(
            Panel(
                key, step_axis(steps), Axis("", *ends, log=True), place=(0, i, 1, 1),
                title=f"η = {write((rate, slow)[i])}", legend="" if i else "below",
                static=(
                    Zone("near", HEALTHY / 10, HEALTHY * 10, axis="y", color="forward",
                         strength=0.1),
                    Rule("healthy", HEALTHY, color="ink"),
                ),
            )
            for i, key in enumerate(runs)
        ),
        Panel(
            "loss", step_axis(steps), Axis("", *span(*losses.values(), log=True), log=True),
            title=N_("loss"), place=(0, 2, 1, 1), legend="below",
        ),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in range(steps):
            rows = [runs[key][0][k] for key in runs]
            if gone := [r for r, row in zip((rate, slow), rows, strict=True)
                        if np.isnan(row).all()]:  # fmt: skip
                sentence = _("Step {k}: at the rate {rate} no layer has a ratio; its weights or "
                             "gradients are 0 or overflow.", k=k, rate=write(gone[0]))  # fmt: skip
            else:
                (a, b), (c, d) = (
                    [write(float(f(row))) for f in (np.nanmin, np.nanmax)] for row in rows
                )
                sentence = _("Step {k}: updates are {a} to {b} of the weights at the rate {rate}, "
                             "{c} to {d} at {slow}; near 0.001 is healthy.", k=k, a=a, b=b, c=c,
                             d=d, rate=write(rate), slow=write(slow))  # fmt: skip
            yield Frame(
                sentence,
                {
                    **{
                        key: grown(
                            at,
                            {f"layer {i + 1}": (_("layer {n}", n=i + 1), table[:, i])
                             for i in chosen},
                            k,
                        )
                        for key, (table, _losses) in runs.items()
                    },
                    "loss": grown(
                        at,
                        {key: (f"η = {write((rate, slow)[i])}", losses[key])
                         for i, key in enumerate(runs)},
                        k, colors=(4, 5),
                    ),
                },
            )  # fmt: skip

    return Film(
        N_("How far a step moves the weights"), panels, frames, steps, key_frames(steps),
        alt=N_(
            "The ratio of update to weight against the step for some layers, at two rates, "
            "with a line at a thousandth; right both losses."
        ),
    )  # fmt: skip


def _ratios(recipe: Recipe, steps: int) -> tuple[Array, Array]:
    """std(rate · gradient)/std(weight) for every step and layer, and the losses."""

    def ratio(weight: Array, gradient: Array) -> float:
        found = float(recipe.rate * np.std(gradient) / np.std(weight))
        return found if np.isfinite(found) and found > 0 else np.nan

    rows, losses = [], []
    for moment in training(recipe, steps):
        rows.append([
            quietly(ratio, layer.weight.data, layer.weight.grad) for layer in moment.layers
        ])  # fmt: skip
        losses.append(moment.loss if np.isfinite(moment.loss) else np.nan)
    return np.array(rows), np.array(losses)


def _off(data: Mapping[str, Array], panel: str) -> float:
    """How many decades the farthest layer is from a thousandth in the first steps."""
    lines = (k for k in data if k.startswith(f"{panel}.layer") and k.endswith(".y"))
    early = [data[k][-1, :5] for k in lines if "head" not in k]
    return float(np.abs(np.log10(np.array(early)) + 3).mean(axis=1).max())
