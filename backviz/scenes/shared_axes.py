"""Activations on shared axes, with their derivatives, and where each passes no gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Artist, Line, Points, Rule, Zone
from backviz.scenes.choices import Activations
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.units import EDGE, slopes
from backviz.words import Words


@scene(
    Claim(
        "the slope of a sigmoid is a quarter of that of a ReLU at most",
        lambda d: (3.99 * float(d["slope.sigmoid.y"].max()), float(d["slope.relu.y"].max())),
    )
)
def activation_curves(
    names: Activations = said("sigmoid, relu"),
    end: Annotated[float, Within(1, 100)] = 6.0,
    frames: Annotated[int, Within(2, 300)] = 61,
) -> Film:
    """Two activations or more on the same axes: where each is flat, and how steep it is at most.

    Left the functions, right their derivatives, both on one scale. The shaded strips are where a
    derivative is below 6 % of its greatest value: a unit there passes hardly any gradient on.

    Options:
    names: up to six activations, with commas
    end: of the axis z, to both sides
    frames: how many places the point visits
    """
    z = np.linspace(-end, end, 601)
    curves = {name: (np.asarray(OPS[name](z)), slopes(name, z)) for name in names}
    at = np.linspace(-end, end, frames)
    there = {name: (np.asarray(OPS[name](at)), slopes(name, at)) for name in names}
    strips = [zone for c, name in enumerate(names) for zone in _flat(name, c, z, curves[name][1])]
    panels = tuple(
        Panel(
            key, Axis("z", -end, end), Axis(label, *span(*(both[i] for both in curves.values()))),
            title=title, place=(0, i, 1, 1), legend="" if i else "upper left",
            static=(
                *(strips if i else ()),
                *(
                    Line(name, z, both[i], name.replace("_", " "), c)
                    for c, (name, both) in enumerate(curves.items())
                ),
            ),
        )
        for i, (key, label, title) in enumerate((
            ("value", "φ(z)", N_("activation")),
            ("slope", "φ′(z)", N_("derivative (shaded: nearly 0)")),
        ))
    )  # fmt: skip

    def moments() -> Iterator[Frame]:
        for k in range(frames):
            parts = (
                _("{name} is {value} with slope {slope}", name=name.replace("_", " "),
                  value=write(both[0][k]), slope=write(both[1][k]))
                for name, both in there.items()
            )  # fmt: skip
            yield Frame(
                _("At z = {z}: {parts}.", z=write(at[k]), parts="; ".join(parts)),
                {
                    key: (
                        Rule("at", float(at[k]), axis="x"),
                        *(
                            Points(f"{name} here", at[k : k + 1], both[i][k : k + 1], color=c,
                                   size=13.0)
                            for c, (name, both) in enumerate(there.items())
                        ),
                    )
                    for i, key in enumerate(("value", "slope"))
                },
            )  # fmt: skip

    return Film(
        N_("Activations and their derivatives"), panels, moments, frames, key_frames(frames),
        alt=Words("Left the activations {names}, right their derivatives, with a point on each "
                  "that travels along the axis.", names=", ".join(names)),
    )  # fmt: skip


def _flat(name: str, color: int, z: Array, slope: Array) -> Iterator[Artist]:
    """The strips at both ends of the axis in which a derivative is nearly 0."""
    steep = np.flatnonzero(np.abs(slope) > (1 - EDGE**2) * np.abs(slope).max())
    for side, low, high in (("left", z[0], z[steep[0]]), ("right", z[steep[-1]], z[-1])):
        if high - low > 2 * (z[1] - z[0]):
            yield Zone(f"{name} {side}", float(low), float(high), color=color, strength=0.12)
