"""How large the rate may be with a normalization and without: the same network at many rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Points, Rule
from backviz.scenes.deep import Activation, Recipe, Wiring, training
from backviz.scenes.layers import key_frames, positive
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.starts import Start

WIRINGS: tuple[Wiring, ...] = ("plain", "batch_norm", "layer_norm")
LABELS = N_("without a norm"), N_("batch norm"), N_("layer norm")
LOW, HIGH, TOP = 0.01, 100.0, 10.0  # of the rates; losses above are drawn at the top


@scene(
    Claim(
        "with batch norm the largest rate that trains is more than four times that without",
        lambda d: (
            4 * float(np.nan_to_num(d["largest.plain.y"][-1, -1], nan=LOW)),
            float(d["largest.batch_norm.y"][-1, -1]),
        ),
    )
)
def norm_rates(
    activation: Activation = "relu",
    init: Start = "he_normal",
    depth: Annotated[int, Within(1, 50)] = 8,
    width: Annotated[int, Within(2, 256)] = 24,
    tries: Annotated[int, Within(2, 40)] = 9,
    steps: Annotated[int, Within(1, 200)] = 20,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """A normalized network can be trained with larger rates: the same run at many rates.

    Left the loss against the rate, step by step: each point is a network of its own, and what is
    above 10 stands at the dotted line. Right the largest rate that halves the loss it began with.
    Data and random numbers are the same in all.

    Options:
    activation: what each unit applies
    init: how the weights are drawn
    depth: hidden layers
    width: units in each of them
    tries: how many rates from 0.01 to 100
    steps: of training
    seed: of data and weights
    """
    rates = np.geomspace(LOW, HIGH, tries)
    recipe = Recipe(depth, width, activation, init, samples=32, seed=seed)
    tables = {
        wiring: np.array(
            [_losses(replace(recipe, wiring=wiring, rate=float(rate)), steps) for rate in rates]
        )
        for wiring in WIRINGS
    }
    best = {wiring: _largest(rates, table) for wiring, table in tables.items()}
    drawn = {wiring: np.clip(np.nan_to_num(table, nan=TOP), 1e-4, TOP)
             for wiring, table in tables.items()}  # fmt: skip
    at = np.arange(float(steps))
    panels = (
        Panel(
            "loss", Axis(N_("rate"), 0.8 * LOW, 1.25 * HIGH, log=True),
            Axis("", *span(*drawn.values(), [1e-3], log=True), log=True),
            title=N_("loss at each rate"), legend="below",
            static=(Rule("top", TOP, color="muted", dash="dotted"),),
        ),
        Panel(
            "largest", Axis(N_("step"), -0.02 * steps, 1.02 * steps),
            Axis("", 0.5 * LOW, 2 * HIGH, log=True), title=N_("largest rate that halves the loss"),
            place=(0, 1, 1, 1),
        ),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in range(steps):
            curves = [
                Line(wiring, rates, drawn[wiring][:, k], label, c, marked=True)
                for c, (wiring, label) in enumerate(zip(WIRINGS, LABELS, strict=True))
            ]
            lines = [
                Line(wiring, at[: k + 1], positive(best[wiring][: k + 1]), color=c)
                for c, wiring in enumerate(WIRINGS)
            ]
            heads = [
                Points(f"{line.key} head", line.x[-1:], line.y[-1:], color=line.color)
                for line in lines
            ]
            plain, batch, layer = (
                write(float(best[wiring][k])) if best[wiring][k] else _("none")
                for wiring in WIRINGS
            )
            yield Frame(
                _("Step {k}, the largest rate that halves the loss: {plain} without a norm, "
                  "{batch} with batch norm, {layer} with layer norm.", k=k, plain=plain,
                  batch=batch, layer=layer),
                {"loss": curves, "largest": [*lines, *heads]},
            )  # fmt: skip

    return Film(
        N_("With batch norm the rate may be larger"), panels, frames, steps, key_frames(steps),
        alt=N_(
            "Left the loss of plain networks, networks with batch norm and with layer norm "
            "against the rate; right the largest rate that halves the loss against the step."
        ),
    )  # fmt: skip


def _losses(recipe: Recipe, steps: int) -> Array:
    """The loss at every step (steps,); NaN where the numbers overflowed."""
    losses = np.array(quietly(lambda: [moment.loss for moment in training(recipe, steps)]))
    return np.where(np.isfinite(losses), losses, np.nan)


def _largest(rates: Array, table: Array) -> Array:
    """At every step the largest rate up to which the loss is halved; 0 for none: (steps,).

    Counted from the best one up to the first that fails: one that comes down later by luck does
    not count.
    """
    halved, best = table < 0.5 * table[:, :1], np.nanargmin(np.nan_to_num(table, nan=TOP), axis=0)
    behind = np.arange(len(rates))[:, None] > best
    failed = np.maximum.accumulate(behind & ~halved, axis=0)
    return np.asarray(np.where(halved & ~failed, rates[:, None], 0.0).max(axis=0))
