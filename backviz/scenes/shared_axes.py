"""Activations on shared axes, with their derivatives, and where each passes no gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.scenes.artist import Array
from backviz.scenes.artists import Artist, Line, Points, Rule, Table, Zone
from backviz.scenes.choices import Activations
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.units import EDGE, slopes
from backviz.words import Words

FAR = 40.0  # of z, beyond which a value that still grows is endless


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
    The table has the values that each can take, the greatest derivative and where it is, and the
    mean output for inputs z ~ N(0, 1): 0 if it is centred.

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
    facts = Table(
        "facts", ("", N_("values"), N_("greatest φ′"), N_("mean for z ~ N(0, 1)")),
        tuple((name.replace("_", " "), *_facts(name)) for name in names),
        colors=tuple(range(len(names))),
    )  # fmt: skip
    panels: tuple[Panel, ...] = tuple(
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
    panels += (Panel("facts", place=(1, 0, 1, 2), axes=False, fits=True, static=(facts,)),)

    def moments() -> Iterator[Frame]:
        for k in range(frames):
            parts = (
                _("{name} is {value} with slope {slope}", name=name.replace("_", " "),
                  value=write(both[0][k]), slope=write(both[1][k]))
                if len(there) < 4 else
                f"{name.replace('_', ' ')} {write(both[0][k], 2)} ({write(both[1][k], 2)})"
                for name, both in there.items()
            )  # fmt: skip
            yield Frame(
                (_("At z = {z}: {parts}.", z=write(at[k]), parts="; ".join(parts)) if len(there) < 4
                 else _("At z = {z}, with the slope in brackets: {parts}.", z=write(at[k]),
                        parts=", ".join(parts))),
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


def limits_of(name: str) -> tuple[float, float]:
    """The least and the greatest value that an activation comes to; infinite if it goes on.

    >>> limits_of("sigmoid"), limits_of("relu")
    ((0.0, 1.0), (0.0, inf))
    """
    z = np.concatenate((np.linspace(-FAR, FAR, 40_001), [-1e6, 1e6]))
    y = np.asarray(quietly(OPS[name], z), dtype=float)
    low, high = float(y.min()), float(y.max())
    return (
        -np.inf if low < -FAR else round(low, 6) + 0.0, np.inf if high > FAR else round(high, 6)
    )  # fmt: skip


def mean_of(name: str) -> float:
    """The mean of φ(z) for z ~ N(0, 1), on a dense grid.

    >>> round(mean_of("sigmoid"), 6), round(mean_of("relu"), 6)
    (0.5, 0.398942)
    """
    z = np.linspace(-10.0, 10.0, 100_001)
    weight = np.exp(-(z**2) / 2)
    return float(np.sum(weight * np.asarray(OPS[name](z))) / np.sum(weight))


def steepest(name: str) -> tuple[float, str]:
    """The greatest derivative of an activation, and where it is.

    >>> steepest("sigmoid"), steepest("relu"), steepest("softplus")
    ((0.25, 'z = 0'), (1.0, 'z > 0'), (1.0, 'z → ∞'))
    """
    z = np.linspace(-FAR, FAR, 80_001)
    slope = slopes(name, z)
    top = float(slope.max())
    there = z[slope > (1 - 1e-6) * top]
    low, high = (_near(float(end)) for end in (there[0], there[-1]))
    if high - low < 0.2:
        return top, f"z = {write(_near((low + high) / 2), 2)}"
    if high < FAR:
        return top, f"{write(low)} < z < {write(high)}"
    return top, f"z > {write(low)}" if low < FAR / 8 else "z → ∞"


def _facts(name: str) -> tuple[str, str, str]:
    """What the table says of an activation: values, greatest derivative, mean."""
    low, high = (write(x) if np.isfinite(x) else "−∞" if x < 0 else "∞" for x in limits_of(name))
    top, where = steepest(name)
    return f"{low} … {high}", f"{write(top)} ({where})", write(_near(mean_of(name)))


def _near(x: float) -> float:
    """A number without what is only the spacing of a grid."""
    return 0.0 if abs(x) < 2e-3 else float(x)


def _flat(name: str, color: int, z: Array, slope: Array) -> Iterator[Artist]:
    """The strips at both ends of the axis in which a derivative is nearly 0."""
    steep = np.flatnonzero(np.abs(slope) > (1 - EDGE**2) * np.abs(slope).max())
    for side, low, high in (("left", z[0], z[steep[0]]), ("right", z[steep[-1]], z[-1])):
        if high - low > 2 * (z[1] - z[0]):
            yield Zone(f"{name} {side}", float(low), float(high), color=color, strength=0.12)
