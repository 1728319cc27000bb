"""ReLU units that die: how many, in which layer, after which steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import numpy as np

from backviz.errors import UsageError
from backviz.language import N_, _, all_of
from backviz.scenes.artists import Heat, Line
from backviz.scenes.deep import Activation, Recipe, training
from backviz.scenes.layers import key_frames, layer_axis, write
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.starts import Start
from backviz.scenes.units import slopes
from backviz.words import Words

RATES = 9
NAMES = {"relu": "ReLU", "leaky_relu": "leaky ReLU"}


@scene(
    Claim(
        "with the largest rate that works at least 3 times as many units die as with the smallest",
        lambda d: (
            3 * float(d["dead.relu.y"][-1, 0]) + 0.1,
            float(d["dead.relu.y"][-1][np.isfinite(d["dead.relu.y"][-1])][-1]),
        ),
    )
)
def dead_units(
    init: Start = "he_normal",
    depth: Annotated[int, Within(1, 50)] = 2,
    width: Annotated[int, Within(1, 256)] = 32,
    least: Annotated[float, Within(1e-6, 1e3)] = 0.1,
    most: Annotated[float, Within(1e-6, 1e6)] = 10.0,
    steps: Annotated[int, Within(1, 200)] = 25,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Large steps kill ReLU units: they put out 0 for every sample and learn no more.

    Each point is a network trained with its own rate from the same seed. A unit counts as dead
    from the step on after which its slope is 0 for all samples and stays 0 to the last step: one
    that comes back, because the layers below it move, does not count. A leaky ReLU has no slope
    of 0, so it cannot die. Right the ReLU networks layer by layer, a row for each rate; an empty
    row has overflowed.

    Options:
    init: how the weights are drawn
    depth: hidden layers
    width: units in each of them
    least: the smallest rate
    most: the largest rate
    steps: of training
    seed: of data and weights
    """
    if least >= most:
        raise UsageError(
            _("the rates cannot go from {least:g} to {most:g}; use least < most", least=least,
              most=most)
        )  # fmt: skip
    rates = np.geomspace(least, most, RATES)
    kinds: tuple[Activation, ...] = ("relu", "leaky_relu")
    recipe = Recipe(depth, width, init=init, seed=seed)
    layers = {
        kind: np.array([_dying(replace(recipe, activation=kind, rate=r), steps) for r in rates])
        for kind in kinds
    }
    shares = {kind: table.mean(axis=2).T for kind, table in layers.items()}
    ticks = (0, RATES // 2, RATES - 1)
    panels = (
        Panel(
            "dead", Axis(N_("rate"), *span(rates, log=True), log=True),
            Axis(N_("share dead for good"), -0.03, 1.03, ticks=(0.0, 0.25, 0.5, 0.75, 1.0)),
            title=N_("all layers"), legend="below",
        ),
        Panel(
            "layers", layer_axis(depth),
            Axis(N_("rate"), -0.5, RATES - 0.5, ticks=tuple(map(float, ticks)),
                 names=tuple(write(float(rates[i])) for i in ticks)),
            title=N_("ReLU, layer by layer"), place=(0, 1, 1, 1),
        ),
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k in range(steps):
            yield Frame(
                _told(k, rates, {kind: table[k] for kind, table in shares.items()}),
                {
                    "dead": [
                        Line(kind, rates, shares[kind][k], NAMES[kind], c, marked=True)
                        for c, kind in enumerate(kinds)
                    ],
                    "layers": [
                        Heat(
                            "shares", layers["relu"][:, k], (0.5, depth + 0.5),
                            (-0.5, RATES - 0.5), (0.0, 1.0), label=N_("share dead"),
                            map="sequential",
                        )
                    ],
                },
            )  # fmt: skip

    return Film(
        Words.counted("Dead units after large steps, {n} layer",
                      "Dead units after large steps, {n} layers", depth),
        panels, moments, steps, key_frames(steps), columns=(1.25, 1.0),
        alt=N_("Left the share of dead units against the learning rate, for ReLU and leaky ReLU; "
               "right the share in each layer of the ReLU networks as a map."),
    )  # fmt: skip


def _told(step: int, rates: np.ndarray, shares: dict[Activation, np.ndarray]) -> str:
    """How many ReLU units are dead with the largest rate that works and with the smallest."""
    said = []
    known = np.flatnonzero(np.isfinite(relu := shares["relu"]))
    if known.size:
        at = int(known[-1])
        said.append(
            _("{most:.0f} % of the ReLU units are dead for good at a rate of {large}, {least:.0f} "
              "% at {small}", most=100 * relu[at], large=write(rates[at]), least=100 * relu[0],
              small=write(rates[0]))
        )  # fmt: skip
    gone = {kind: int(np.isnan(table).sum()) for kind, table in shares.items()}
    if any(gone.values()):
        words = [f"{n} {NAMES[kind]}" for kind, n in gone.items() if n]
        said.append(_("of {n} networks {names} overflowed", n=len(rates), names=all_of(words)))
    return _("Step {step}: {parts}.", step=step, parts="; ".join(said))


def _dying(recipe: Recipe, steps: int) -> np.ndarray:
    """The share of units dead for good by step and layer; NaN from where numbers overflow."""
    flat, lost = [], []
    for moment in training(recipe, steps):
        found = [slopes(recipe.activation, layer.inputs.data) for layer in moment.layers]
        flat.append([(each == 0).all(axis=0) for each in found])
        lost.append(not all(np.isfinite(each).all() for each in found))
    good = np.logical_and.accumulate(np.array(flat)[::-1])[::-1]  # from this step to the last
    shares: np.ndarray = good.mean(axis=2)
    shares[np.logical_or.accumulate(lost)] = np.nan
    return shares
