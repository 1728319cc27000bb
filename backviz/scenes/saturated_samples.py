"""Which unit is saturated for which sample: a map for a layer, white where no gradient passes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Heat
from backviz.scenes.deep import Recipe, training
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene
from backviz.scenes.starts import Start
from backviz.scenes.units import EDGE, ENDS, slopes
from backviz.words import Words

LAYERS = 3  # that are shown of each network
ROWS = "first", "second"
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@scene(
    Claim(
        "the start with five times as many flat cells keeps five times the loss",
        lambda d: (max(5 * _share(d, "second") / _share(d, "first"), _losses(d)), 1.0),
    )
)
def saturation_map(
    activation: Literal["tanh", "sigmoid", "relu", "leaky_relu", "elu"] = "tanh",
    init: Start = "large",
    second: Start = "xavier_normal",
    depth: Annotated[int, Within(1, 50)] = 10,
    width: Annotated[int, Within(2, 256)] = 64,
    samples: Annotated[int, Within(2, 256)] = 64,
    rate: Annotated[float, Within(0, 1e3)] = 0.1,
    steps: Annotated[int, Within(1, 300)] = 50,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Units from left to right, samples from top to bottom; a cell is marked where a unit is flat.

    Above the outputs h of three layers of a network, below the same with another start. A tanh is
    flat beyond ±0.97, a sigmoid within 3 % of its ends, a ReLU at 0. A column that is marked all
    through is a unit that learns nothing from this batch; a row is a sample that teaches a layer
    nothing.

    Options:
    activation: what each unit applies
    init: how the weights of the upper network are drawn
    second: how those of the lower one are drawn
    depth: hidden layers
    width: units in each of them
    samples: that every step learns from
    rate: of gradient descent
    steps: of training
    seed: of data and weights
    """
    recipe = Recipe(depth, width, activation, init, rate=rate, samples=samples, seed=seed)
    nets = dict(zip(ROWS, (recipe, replace(recipe, init=second)), strict=True))
    shown = sorted({round(k * (depth - 1) / max(1, LAYERS - 1)) for k in range(LAYERS)})
    found = {
        row: [
            ([flat(activation, layer.inputs.data) for layer in moment.layers], moment.loss)
            for moment in training(each, steps)
        ]
        for row, each in nets.items()
    }
    names = [each.init.replace("_", " ") for each in nets.values()]
    panels = tuple(
        Panel(
            f"{row} {i + 1}", Axis(N_("unit") if r else "", 0, width),
            Axis(N_("sample") if c == 0 else "", 0, samples),
            title=Words.joined([f"h{str(i + 1).translate(LOWERED)}", names[r]], ": "),
            place=(r, c, 1, 1),
        )
        for r, row in enumerate(ROWS) for c, i in enumerate(shown)
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in range(steps):
            shares = [100 * float(np.mean(found[row][k][0])) for row in ROWS]
            gone = [int(np.sum(np.all(found[row][k][0], axis=1))) for row in ROWS]
            yield Frame(
                _("Step {k}: {a} % of the cells are flat and {b} units whole above, loss {c}; "
                  "{d} % and {e} units below, loss {f}.", k=k, a=write(shares[0], 2), b=gone[0],
                  c=write(found["first"][k][1]), d=write(shares[1], 2), e=gone[1],
                  f=write(found["second"][k][1])),
                {
                    f"{row} {i + 1}": (
                        Heat("flat", found[row][k][0][i][::-1] + 1.0, (0, width), (0, samples),
                             (1, 2), map="sequential", names=(N_("passes"), N_("blocks")),
                             scale=c == len(shown) - 1),
                    )
                    for row in ROWS for c, i in enumerate(shown)
                },
            )  # fmt: skip

    return Film(
        N_("Units and samples: where no gradient passes"), panels, frames, steps,
        key_frames(steps),
        alt=N_(
            "Maps of units against samples for three layers of two networks; cells where the "
            "unit is saturated are marked."
        ),
    )  # fmt: skip


def _share(data: Mapping[str, Array], row: str) -> float:
    """The share of flat cells of a network at the end."""
    return float(np.mean([v[-1] == 2 for k, v in data.items() if k.startswith(row)]))


def _losses(data: Mapping[str, Array]) -> float:
    """Five times the second loss divided by the first one, as the last caption says them."""
    first, other = map(float, re.findall(r"loss ([\d.]*\d)", str(data["caption"][-1])))
    return 5 * other / first


def flat(activation: str, z: Array) -> Array:
    """Whether a unit's slope is nearly 0 for a sample: 1 or 0, (samples, units).

    >>> flat("tanh", np.array([[0.0, 5.0]])), flat("relu", np.array([[1.0, -1.0]]))
    (array([[0., 1.]]), array([[0., 1.]]))
    """
    if activation in ENDS:
        low, high = ENDS[activation]
        out = np.asarray(quietly(OPS[activation], np.asarray(z)))
        return np.asarray(np.abs(2 * out - (low + high)) > EDGE * (high - low), float)
    return np.asarray(np.abs(slopes(activation, np.asarray(z))) < 1 - EDGE, float)
