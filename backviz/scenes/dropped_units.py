"""Dropout as an ensemble: a mask for every step, and what all the thinned networks say together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated

import numpy as np

from backviz.language import N_, ngettext
from backviz.nn import Dropout, Linear, init
from backviz.ops import OPS
from backviz.optim import Adam
from backviz.scenes.artist import Array
from backviz.scenes.artists import Heat, Line, Points
from backviz.scenes.layers import grown, key_frames, positive
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.provider import Data, own_data
from backviz.scenes.registry import Claim, Within, said, scene

ROWS, SHOWN, CURVE, TRAINED = 24, 8, 81, 400  # of masks, of curves, its points; steps


@scene(
    Claim(
        "with the factor 1/(1 − p) the mean ends five times nearer to the whole network",
        lambda d: (5 * d["gap.scaled.y"][-1, -1], d["gap.plain.y"][-1, -1]),
    )
)
def dropout(
    p: Annotated[float, Within(0.05, 0.9)] = 0.5,
    units: Annotated[int, Within(2, 128)] = 24,
    draws: Annotated[int, Within(2, 20000)] = 2000,
    data: Annotated[Data | None, own_data(1)] = said(""),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Dropout trains a thinned network in every step; the whole one is the mean of all of them.

    Left the masks, a row for each draw. In the middle what thinned networks say, and their mean
    beside the whole network. Right how far the mean is from the whole, with the factor
    1/(1 − p) and without: with it the gap falls as 1/√n, without it stays.

    Options:
    p: probability that a unit is dropped
    units: in the hidden layer
    draws: how many masks are drawn
    data: your own points: a csv with columns x,y, an npz, or file.py:name
    seed: of data, weights and masks
    """
    given = data or _data(seed)
    middle, unit = (
        (0.0, 1.0) if data is None else (float(data.y.mean()), float(data.y.std()) or 1.0)
    )
    x, y = np.asarray(given.inner(given.x)), (given.y[:, None] - middle) / unit
    hidden, out, drop = _trained(x, y, units, p, seed)
    at = np.linspace(-1.0, 1.0, CURVE)[:, None]
    h = np.tanh(np.asarray(hidden(at).data))
    weight = unit * np.asarray(out.weight.data)[:, 0]
    bias = middle + unit * float(np.ravel(out.parameters()[1].data)[0])
    along = np.asarray(given.outer(at))[:, 0]
    whole = h @ weight + bias
    masks = np.array([np.asarray(drop(np.ones(units))) for _k in range(draws)])
    told = masks * weight @ h.T + bias  # (draws, points): what each thinned network says
    counts = np.arange(1.0, draws + 1)
    means = np.cumsum(told, axis=0) / counts[:, None]
    bare = (means - bias) * (1 - p) + bias
    gaps = {
        "scaled": (N_("with 1/(1 − p)"), positive(_size(means - whole))),
        "plain": (N_("without"), positive(_size(bare - whole))),
    }
    spread = float(np.sqrt(np.mean((h * weight) ** 2 @ np.full(units, p / (1 - p)))))
    moments = _moments(draws)
    panels = (
        Panel(
            "masks", Axis(N_("unit"), 0, units), Axis(N_("latest masks"), 0, ROWS, ticks=(0,),
            names=("",)), title=N_("masks"),
        ),
        Panel(
            "curves", Axis("x", float(along[0]), float(along[-1])),
            Axis("y", *span(whole, given.y, pad=0.12)),
            title=N_("thinned networks"), place=(0, 1, 1, 1), legend="below",
            static=(Points("points", given.column, given.y, color="muted", size=5.0),),
        ),
        Panel(
            "gap", Axis(N_("masks so far"), 0.9, 1.1 * draws, log=True),
            Axis("", *span(*(gap for _label, gap in gaps.values()), spread / np.sqrt(counts),
                           log=True), log=True),
            title=N_("gap to the whole"), place=(0, 2, 1, 1), legend="below",
            static=(
                Line("theory", counts, spread / np.sqrt(counts), N_("theory, 1/√n"), "muted",
                     "dotted", width=6.0),
            ),
        ),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in moments:
            rows = np.full((ROWS, units), np.nan)
            latest = masks[max(0, k + 1 - ROWS) : k + 1] > 0
            rows[ROWS - len(latest) :] = 2.0 - latest[::-1]
            thin = [
                Line(f"thinned {j}", along, told[k - j] if j <= k else np.full(CURVE, np.nan),
                     color="muted", dash="solid", width=1.0)
                for j in range(SHOWN)
            ]  # fmt: skip
            yield Frame(
                ngettext("After {n} mask with p = {p}: the mean is {gap} away from the whole "
                         "network; without the factor 1/(1 − p) it is {other} away.",
                         "After {n} masks with p = {p}: the mean is {gap} away from the whole "
                         "network; without the factor 1/(1 − p) it is {other} away.", k + 1,
                         p=write(p),
                  gap=write(gaps["scaled"][1][k]), other=write(gaps["plain"][1][k])),
                {
                    "masks": (
                        Heat("mask", rows, (0, units), (0, ROWS), (1, 2), map="series",
                             names=(N_("kept"), N_("dropped"))),
                    ),
                    "curves": (
                        *thin,
                        Line("whole", along, whole, N_("whole network"), "ink", "dashed",
                             width=4.0),
                        Line("mean", along, means[k], N_("mean of the thinned"), "forward",
                             "solid", width=3.0),
                    ),
                    "gap": grown(counts, gaps, k),
                },
                pause=1.0 if k == 0 else 0.0,
            )  # fmt: skip

    return Film(
        N_("Dropout: a mask a step, and the mean of all"), panels, frames, len(moments),
        key_frames(len(moments)), columns=(1.0, 1.0, 1.0),
        alt=N_("Left the masks of a hidden layer, row by row; in the middle the curves of "
               "thinned networks, their mean and the whole network; right the gap between "
               "the two against the number of masks."),
    )  # fmt: skip


def _data(seed: int) -> Data:
    """Forty noisy points of a wave."""
    draw = np.random.default_rng(seed)
    x = np.sort(draw.uniform(-1.0, 1.0, (40, 1)), axis=0)
    return Data(x, np.sin(np.pi * x[:, 0]) + 0.2 * draw.standard_normal(40))


def _trained(x: Array, y: Array, units: int, p: float, seed: int) -> tuple[Linear, Linear, Dropout]:
    """A hidden layer and an output that were trained under dropout, and its masks."""
    hidden = Linear(1, units, seed=seed, init=partial(init.normal, std=3.0))
    out = Linear(units, 1, seed=seed + 1, init="xavier_normal")
    drop = Dropout(p, seed=seed)
    descent = Adam([*hidden.parameters(), *out.parameters()], lr=0.05)
    for _k in range(TRAINED):
        loss = ((out(drop(OPS["tanh"](hidden(x)))) - y) ** 2).mean()
        hidden.zero_grad()
        out.zero_grad()
        loss.backward()
        descent.step()
    return hidden, out, drop


def _size(gaps: Array) -> Array:
    """The root of the mean square of each row."""
    return np.asarray(np.sqrt(np.mean(gaps**2, axis=1)))


def _moments(draws: int) -> list[int]:
    """The first dozen one by one, then ever larger leaps, from 0."""
    late = np.geomspace(12, draws, 40) if draws > 12 else np.zeros(0)
    return sorted({*range(min(12, draws)), *(int(k) - 1 for k in np.round(late)), draws - 1})
