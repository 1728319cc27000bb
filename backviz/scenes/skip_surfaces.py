"""The loss around a trained network with skip connections and without, as it gets deeper.

The directions are random and scaled unit by unit (Li et al., "Visualizing the loss landscape of
neural nets", 2018), so that planes of different networks can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.nn.arguments import generator, streams
from backviz.ops import OPS
from backviz.optim import Adam
from backviz.scenes.artist import Array
from backviz.scenes.artists import Contours, Line, Points
from backviz.scenes.deep import Activation, Deep, Recipe, Wiring, loss_of, task
from backviz.scenes.layers import head, key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.network_plane import unit_directions
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, scene

CELLS, RATE = 35, 0.01  # of a map each way, Adam's rate
LEVELS = np.geomspace(0.003, 6.0, 15)  # of the contour lines, the same on every map
BENT = 0.1  # a cell curves down if −λ_min is more than this share of λ_max
WIRINGS: tuple[Wiring, ...] = ("plain", "residual")


def trained(recipe: Recipe, steps: int) -> tuple[Deep, float]:
    """The network after so many steps of Adam, and its loss."""
    net, (x, y) = Deep(recipe), task(recipe)
    descent = Adam(net.parameters(), lr=RATE)
    for _k in range(steps):
        loss, _layers = loss_of(net, x, y)
        net.zero_grad()
        loss.backward()
        descent.step()
    return net, float(loss_of(net, x, y)[0].data)


def losses_on(net: Deep, recipe: Recipe, directions: Sequence[Array], a: Array, b: Array) -> Array:
    """The losses (n,) of the networks w + a·d₁ + b·d₂, all in one pass; biases stay."""
    (x, y), at = task(recipe), 0
    h: Array = np.broadcast_to(x, (a.size, *x.shape))
    z = h
    for linear in (*net.linear, net.head):
        weight, bias = (np.asarray(p.data) for p in linear.parameters())
        one, two = (d[at : at + weight.size].reshape(weight.shape) for d in directions)
        at += weight.size + bias.size
        z = OPS["matmul"](h, weight + a[:, None, None] * one + b[:, None, None] * two) + bias
        out = np.asarray(OPS[recipe.activation](z))
        h = h + out if recipe.wiring == "residual" else out
    losses: Array = np.asarray(OPS["softplus"](-y * z)).mean(axis=(1, 2))  # of the head, as it is
    return losses


def curving_down(z: Array, step: float) -> float:
    """The share of a map's inner cells whose loss curves down in some direction of the plane.

    >>> x, y = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9))
    >>> curving_down(x**2 + y**2, 0.25), curving_down(x**2 - y**2, 0.25)
    (0.0, 1.0)
    """
    middle = z[1:-1, 1:-1]
    xx = (z[1:-1, 2:] - 2 * middle + z[1:-1, :-2]) / step**2
    yy = (z[2:, 1:-1] - 2 * middle + z[:-2, 1:-1]) / step**2
    xy = (z[2:, 2:] - z[2:, :-2] - z[:-2, 2:] + z[:-2, :-2]) / (4 * step**2)
    root = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    least, most = (xx + yy - root) / 2, (xx + yy + root) / 2
    return float(np.mean(-least > BENT * np.abs(most)))


@scene(
    Claim(
        "at eight layers the loss curves down in a quarter less of the plane with skip connections",
        lambda d: (1.33 * float(d["bent.residual.y"][-1, -1]), float(d["bent.plain.y"][-1, -1])),
    )
)
def skip_surface(
    activation: Activation = "tanh",
    depth: Annotated[int, Within(2, 40)] = 8,
    width: Annotated[int, Within(2, 64)] = 16,
    half: Annotated[float, Within(0.05, 5)] = 0.6,
    steps: Annotated[int, Within(1, 500)] = 40,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """Skip connections keep the loss of a deep network smooth: the same plane with and without.

    Networks of 2, 4, 6 … layers are trained; each map is the loss around the trained one (the
    star) in two random directions, each unit's weights as long as its own. Right the share
    of the plane in which the loss curves down somewhere: ridges and pits. A plane is a slice.

    Options:
    activation: what each unit applies
    depth: hidden layers of the deepest network
    width: units in each of them
    half: half a side of the map; 1 is as long as the weights
    steps: of training, with Adam
    seed: of data, weights and directions
    """
    depths = np.arange(2, depth + 1, 2 if depth > 4 else 1)
    side = np.linspace(-half, half, CELLS)
    a, b = (part.ravel() for part in np.meshgrid(side, side))
    maps, ends = {}, {}
    for wiring in WIRINGS:
        for n in depths:
            recipe = Recipe(int(n), width, activation, wiring=wiring, seed=seed)
            net, loss = quietly(trained, recipe, steps)
            weights = [np.asarray(p.data) for p in net.parameters()]
            towards = [unit_directions(weights, generator(s)) for s in streams(seed + 1, 2)]
            z = quietly(losses_on, net, recipe, towards, a, b)
            maps[wiring, int(n)] = np.nan_to_num(z, nan=1e9, posinf=1e9).reshape(CELLS, CELLS)
            ends[wiring, int(n)] = loss
    step = float(side[1] - side[0])
    bent = {w: np.array([curving_down(maps[w, int(n)], step) for n in depths]) for w in WIRINGS}
    panels = (
        *(
            Panel(
                wiring, Axis("", -half, half), Axis("", -half, half),
                title=(N_("plain"), N_("with skip connections"))[i], place=(0, i, 1, 1), equal=True,
                static=(Points("trained", [0.0], [0.0], color="gradient", marker="star",
                               size=15.0),),
            )
            for i, wiring in enumerate(WIRINGS)
        ),
        Panel(
            "bent", Axis(N_("layers"), 1.5, depth + 0.5, ticks=tuple(map(float, depths))),
            Axis("", 0.0, 1.0), title=N_("share that curves down"), place=(0, 2, 1, 1),
            legend="below",
        ),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k, n in enumerate(depths):
            lines = [
                Line(w, depths[: k + 1], bent[w][: k + 1], (N_("plain"), N_("skip"))[c], c,
                     marked=True)
                for c, w in enumerate(WIRINGS)
            ]  # fmt: skip
            yield Frame(
                _("{n} layers: the loss curves down in {a} % of the plane without skip "
                  "connections, in {b} % with them; trained to {c} and {d}.", n=int(n),
                  a=f"{100 * bent['plain'][k]:.0f}", b=f"{100 * bent['residual'][k]:.0f}",
                  c=write(ends["plain", int(n)]), d=write(ends["residual", int(n)])),
                {
                    **{
                        w: (
                            Contours("loss", side, side, maps[w, int(n)], LEVELS),
                        )
                        for w in WIRINGS
                    },
                    "bent": (*lines, *(head(line, -1) for line in lines)),
                },
                pause=1.0,
            )  # fmt: skip

    return Film(
        N_("Skip connections keep a deep loss smooth"), panels, frames, len(depths),
        key_frames(len(depths)), fps=1.0, columns=(1.1, 1.1, 1.0),
        alt=N_(
            "The loss around a trained network as a map, without and with skip connections, "
            "for more and more layers; right the share of each map in which it curves down."
        ),
    )  # fmt: skip
