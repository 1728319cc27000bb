"""A small network as a picture: inputs, each hidden unit's own map, the output, and the arrows.

Invariant: lines and numbers on the arrows are the weights and the gradients that the engine wrote
in that step; a unit's line is where its tanh is 0, in its own map as in the output's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array, Artist
from backviz.scenes.artists import Heat, Line, Words
from backviz.scenes.boundaries import (
    CELLS,
    Cloud,
    Own,
    border_of,
    classes_of,
    cloud_of,
    grid_of,
    right_of,
    straight,
)
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.numbers import number as write
from backviz.scenes.optimizer_choice import OneOptimizer
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_panels import moments_of

INPUTS = (0.72, 0.28)  # where x₁ and x₂ stand in the panel of their arrows
THICK = 6.0  # points of the heaviest arrow, at most
SPREAD = 1.06  # the panel of the arrows is a little lower than the tiles beside it


@dataclass(frozen=True, slots=True)
class Moment:
    """One step: weights (2, n), (n,), (n,), biases, and the gradients of the weights."""

    w1: Array
    b1: Array
    w2: Array
    b2: float
    g1: Array
    g2: Array
    loss: float

    def hidden(self, z: Array) -> Array:
        """What the units put out for inner inputs (m, 2): (m, n)."""
        made: Array = np.tanh(z @ self.w1 + self.b1)
        return made

    def score(self, z: Array) -> Array:
        """What the network says (m,), above 0 for class +1."""
        made: Array = self.hidden(z) @ self.w2 + self.b2
        return made


@scene(
    Claim(
        "a line parts XOR hardly better than chance; four hidden units part it",
        lambda d: (0.9, right_of(d, -1)),
    )
)
def hidden_lines(
    cloud: Cloud = "xor",
    data: Own = said(""),
    units: Annotated[int, Within(1, 4)] = 4,
    optimizer: OneOptimizer = said("adam"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.05,
    samples: Annotated[int, Within(8, 400)] = 80,
    noise: Annotated[float, Within(0, 10)] = 0.2,
    steps: Annotated[int, Within(0, 2000)] = 60,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """A small network parts what no line parts: each hidden unit draws one, the output joins them.

    From the left: the inputs, the map of each hidden unit with the line on which its tanh is 0, and
    what the network says, with all lines and the points. An arrow is as thick as its weight is
    large and dashed where it is negative; the number on it is the gradient of the weight in this
    step. With one unit there is one line, and XOR stays.

    Options:
    cloud: the points: two blobs, moons, circles, or XOR
    data: your own points instead: a csv with columns x1,x2,class, an npz, or file.py:name
    units: in the hidden layer
    optimizer: a name; options follow with colons, as in adam:betas=.8/.99
    rate: of each step
    samples: how many points
    noise: their spread
    steps: of training
    seed: of points and weights
    """
    given = cloud_of(data, cloud, samples, noise, seed)
    points, sign = given.data.inner(given.data.x), given.data.y
    across, up, cells = grid_of(given.data)
    net = given.network([units], "tanh", seed)
    weights = net.parameters()
    descent = optimizer.made(weights, lr=optimizer.rate_or(rate))
    rows = []
    for step in range(steps + 1):
        net.zero_grad()
        loss = OPS["softplus"](-sign[:, None] * net(given.data.x)).mean()
        loss.backward()
        w1, b1, w2, b2 = (np.array(p.data) for p in weights)
        g1, g2 = (np.array(weights[i].grad) for i in (0, 2))
        rows.append(Moment(w1, np.ravel(b1), w2[:, 0], b2.item(), g1, g2[:, 0], loss.item()))
        if step < steps:
            descent.step()
    heaviest = [max(np.abs(getattr(row, name)).max() for row in rows) for name in ("w1", "w2")]
    at = [0.5 + SPREAD * ((units - i - 0.5) / units - 0.5) for i in range(units)]
    square = data is None
    panels = (
        Panel("in", axes=False, place=(1, 0, units, 1), static=tuple(
            Words(name, 0.0, y - 0.02, name, inside="panel")
            for name, y in zip(("x₁", "x₂"), INPUTS, strict=True)
        )),
        *(
            Panel(
                f"unit {i + 1}", Axis("", *across, ticks=(across[0],), names=("",)),
                Axis("", *up, ticks=(up[0],), names=("",)), place=(1 + i, 1, 1, 1), equal=square,
            )
            for i in range(units)
        ),
        Panel("out", axes=False, place=(1, 2, units, 1)),
        Panel("key", axes=False, place=(1 + units, 0, 1, 3), static=(
            Words("key", 0.0, 0.35, N_("thick: |w|, dashed: w < 0, number: ∂L/∂w"), inside="panel"),
        )),
        Panel(
            "map", Axis("x₁", *across), Axis("x₂", *up), title=N_("output, and each unit's line"),
            place=(0, 3, units + 2, 1), equal=square,
        ),
    )  # fmt: skip
    moments = moments_of(steps)

    def frames() -> Iterator[Frame]:
        for k in moments:
            row = rows[k]
            hidden = row.hidden(cells)
            lines = [given.data.outer(border_of(row.w1[:, i], row.b1[i], points))
                     for i in range(units)]  # fmt: skip
            score = np.tanh(row.score(cells) / 2).reshape(CELLS, CELLS)
            right = int(np.sum(sign * row.score(points) > 0))
            yield Frame(
                _("Step {k}: cross-entropy {loss}; {right} of {n} points are on their side.",
                  k=k, loss=write(row.loss), right=right, n=len(sign)),
                {
                    "in": [
                        artist
                        for j, y in enumerate(INPUTS)
                        for i in range(units)
                        for artist in _arrow(f"{j + 1} {i + 1}", (0.13, y), (1.0, at[i]), 0.74,
                                             row.w1[j, i] / heaviest[0], row.g1[j, i])
                    ],
                    **{
                        f"unit {i + 1}": (
                            Heat("tanh", hidden[:, i].reshape(CELLS, CELLS), across, up,
                                 (-1.0, 1.0), scale=False),
                            straight("line", lines[i], i + 2),
                        )
                        for i in range(units)
                    },
                    "out": [
                        artist
                        for i in range(units)
                        for artist in _arrow(f"{i + 1}", (0.0, at[i]), (1.0, 0.5), 0.34,
                                             row.w2[i] / heaviest[1], row.g2[i])
                    ],
                    "map": (
                        Heat("output", score, across, up, (-1.0, 1.0), label="2p − 1"),
                        *classes_of(given.data),
                        *(straight(f"line {i + 1}", lines[i], i + 2) for i in range(units)),
                    ),
                },
                pause=0.0 if k else 2.0,
            )  # fmt: skip

    return Film(
        N_("Hidden units part what a line cannot"), panels, frames, len(moments),
        key_frames(len(moments)), columns=(1.0, 0.42, 0.7, 2.15),
        rows=(0.0, *(1.0,) * units, 0.3 * units),
        alt=N_("A network from left to right: two inputs, arrows to a map of each hidden unit, "
               "arrows to the map of the output with the points of two classes and a line for each "
               "unit; on the arrows the gradients of their weights."),
    )  # fmt: skip


def _arrow(
    key: str, begin: tuple[float, float], end: tuple[float, float], share: float, weight: float,
    gradient: float,
) -> tuple[Artist, Artist]:  # fmt: skip
    """A weight, from 0 to 1 the heaviest, with its gradient at a share of the way."""
    (x0, y0), (x1, y1) = begin, end
    number = f"{round(gradient, 3) + 0.0:.3f}".replace("-", "−")  # no −0.000
    return (
        Line(f"w {key}", [x0, x1], [y0, y1], color="forward", width=max(0.6, THICK * abs(weight)),
             dash="solid" if weight >= 0 else "dashed"),
        Words(f"∂L/∂w {key}", x0 + share * (x1 - x0), y0 + share * (y1 - y0) + 0.012, number,
              "gradient", align="center", inside="panel", bold=True, clear=True),
    )  # fmt: skip
