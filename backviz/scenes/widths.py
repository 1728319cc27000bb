"""What a hidden layer of so many units can represent: one target, several widths, the gap.

Invariant: all networks learn from the same samples, with the same optimizer and as many steps;
they differ in their number of units alone, and the gap that is told is measured on the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.optim import Adam
from backviz.scenes.artist import Array
from backviz.scenes.artists import Heat, Line, Points
from backviz.scenes.boundaries import CELLS, Cloud, Own, classes_of, cloud_of, grid_of
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.numbers import number as write
from backviz.scenes.provider import Data, Provider, own_data, provided
from backviz.scenes.registry import Claim, Kind, Within, said, scene
from backviz.scenes.surface_panels import moments_of

MOST, WIDEST = 4, 256  # networks in one picture, and units in one of them
STARTS = 3  # trainings of each network, of which the best is shown
STEEP = 4.0  # slope of each unit at the start
SAMPLES, CURVE = 61, 241  # of a target, and the points that a curve is drawn through
TARGETS: dict[str, Callable[[Array], Array]] = {
    "wave": lambda x: np.sin(2 * np.pi * x),
    "step": np.sign,
    "tent": lambda x: 1 - 2 * np.abs(x),
}


def _units(option: str, text: str) -> tuple[int, ...]:
    try:
        chosen = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        chosen = ()
    if not (1 <= len(chosen) <= MOST and chosen[0] >= 1 and chosen[-1] <= WIDEST):
        raise UsageError(
            _(
                "{option} {text!r} does not work; give up to {most} whole numbers from 1 to "
                "{widest} with commas",
                option=option, text=text, most=MOST, widest=WIDEST,
            )
        )  # fmt: skip
    return chosen


Units = Annotated[tuple[int, ...], Kind("units", "N,N,…", _units)]


@dataclass(frozen=True, slots=True)
class Trained:
    """One training: what the network says at places (moments, m), its gaps and the last loss."""

    said: Array
    gaps: Array
    loss: float


def spread(weights: list[Value], data: Data, seed: int) -> None:
    """Let every unit of the first layer turn where there are data, in a direction of its own.

    Weights (d, n) and biases (n,) of the first layer are written over: each unit has the slope
    `STEEP` and its 0 at one of the samples. With one input the places are even. The output's
    weights begin at 0, so that every width begins with the same gap.
    """
    z, draw = data.inner(data.x), np.random.default_rng(seed)
    inputs, n = weights[0].shape
    turned = draw.standard_normal((inputs, n))
    turned *= STEEP / np.linalg.norm(turned, axis=0)
    if inputs == 1:
        places = np.quantile(z, (np.arange(n) + 0.5) / n, axis=0)
    else:
        places = z[draw.permutation(len(z))[np.arange(n) % len(z)]]
    weights[0].data = turned
    weights[1].data = -np.einsum("dn,nd->n", turned, places)
    weights[2].data = np.zeros_like(weights[2].data)


def best_of(
    given: Provider, units: int, places: Array, rate: float, steps: int, seed: int
) -> Trained:
    """The best of a few trainings of so many units: what they can represent, not what one found."""
    tried = (trained(given, units, places, rate, steps, seed + k) for k in range(STARTS))
    return min(tried, key=lambda run: run.loss)


def trained(
    given: Provider, units: int, places: Array, rate: float, steps: int, seed: int
) -> Trained:
    """Train a network of so many units by Adam, and keep what it says at places (m, d)."""
    moments = moments_of(steps)
    data = given.data
    net = given.network([units], "tanh", seed)
    weights = net.parameters()
    if given.make is None:
        spread(weights, data, seed)
    descent, said, gaps = Adam(weights, lr=rate), [], []
    for step in range(steps + 1):
        answer = net(data.x)
        score = np.asarray(answer.data)[:, 0]
        if data.classes:
            loss = OPS["softplus"](-data.y[:, None] * answer).mean()
            gaps.append(float(np.mean(np.sign(score) != data.y) - np.mean(score == 0) / 2))
        else:
            loss = ((answer - data.y[:, None]) ** 2).mean()
            gaps.append(float(np.sqrt(np.mean((score - data.y) ** 2))))
        if step in moments:
            said.append(np.array(net(places).data)[:, 0])
        if step < steps:
            net.zero_grad()
            loss.backward()
            descent.step()
    return Trained(np.array(said), np.array(gaps), loss.item())


def _gap_panel(units: tuple[int, ...], runs: dict[int, Trained], title: str) -> Panel:
    """The gap over the number of units, each as far from the next as from the last."""
    at = tuple(float(i) for i in range(len(units)))
    gaps = [run.gaps for run in runs.values()]
    return Panel(
        "gap", Axis(N_("hidden units"), -0.4, at[-1] + 0.4, ticks=at, names=tuple(map(str, units))),
        Axis("", *span([0.0], *gaps)), title=title, place=(0, 2, 2, 1),
    )  # fmt: skip


def _told(runs: dict[int, Trained], k: int) -> str:
    return "; ".join(f"n = {n}: {write(run.gaps[k], 2)}" for n, run in runs.items())


def _gaps(runs: dict[int, Trained], k: int) -> Line:
    at = np.arange(float(len(runs)))
    return Line("gap", at, [run.gaps[k] for run in runs.values()], color=0, marked=True)


@scene(
    Claim(
        "with 16 units the gap ends a tenth as large as with 2",
        lambda d: (10 * d["gap.gap.y"][-1, 3], d["gap.gap.y"][-1, 1]),
    )
)
def width_fit(
    target: Literal["wave", "step", "tent"] = "wave",
    data: Annotated[Data | None, own_data(1)] = said(""),
    units: Units = said("1,2,4,16"),
    rate: Annotated[float, Within(1e-6, 10)] = 0.05,
    steps: Annotated[int, Within(1, 5000)] = 400,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """How many units a curve takes: one hidden layer, the same target, and what is missing.

    Each unit is one bend (a tanh), and the output adds them up. Right the gap that is left: the
    root of the mean squared error on the samples. A wave of two periods needs about as many units
    as it has bends; more make it smooth. Each curve is the best of three trainings.

    Options:
    target: the function: a wave, a step, or a tent
    data: your own points: a csv with columns x,y, an npz, or file.py:name
    units: of the hidden layer, up to four numbers with commas
    rate: of Adam
    steps: of training
    seed: of the first weights
    """
    made = np.linspace(-1, 1, SAMPLES)
    given = provided(data, made, TARGETS[target](made))
    x, y = given.data.column, given.data.y
    places = np.linspace(float(x.min()), float(x.max()), CURVE)
    moments = moments_of(steps)
    runs = {n: best_of(given, n, places[:, None], rate, steps, seed) for n in units}
    across, up = span(x, pad=0.04), span(y, pad=0.25)
    panels = (
        *(
            Panel(
                f"{n}", Axis("", *across), Axis("", *up), title=f"n = {n}",
                place=(i // 2, i % 2, 1, 1),
                static=(Points("points", x, y, color="muted", marker="circle", size=5.0),),
            )
            for i, n in enumerate(units)
        ),
        _gap_panel(units, runs, N_("what is missing")),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for i, k in enumerate(moments):
            yield Frame(
                _("Step {k}, root mean squared gap: {gaps}.", k=k, gaps=_told(runs, k)),
                {
                    "gap": (_gaps(runs, k),),
                    **{
                        f"{n}": (Line("curve", places, run.said[i], color="forward", width=3.5),)
                        for n, run in runs.items()
                    },
                },
                pause=0.0 if k else 1.5,
            )

    return Film(
        N_("What a layer of n units can represent"), panels, frames, len(moments),
        key_frames(len(moments)), columns=(1.0, 1.0, 1.1),
        alt=N_("Points of one target with the curve of a network, a panel for each number of "
        "hidden units; right the gap that is left over the number of units."),
    )  # fmt: skip


@scene(
    Claim(
        "one unit leaves a fifth of the circles on the wrong side, 16 a hundredth of them at most",
        lambda d: (0.2 + 20 * d["gap.gap.y"][-1, 3], d["gap.gap.y"][-1, 0]),
    )
)
def width_regions(
    cloud: Cloud = "circles",
    data: Own = said(""),
    units: Units = said("1,2,4,16"),
    samples: Annotated[int, Within(8, 400)] = 120,
    noise: Annotated[float, Within(0, 10)] = 0.08,
    rate: Annotated[float, Within(1e-6, 10)] = 0.05,
    steps: Annotated[int, Within(1, 5000)] = 300,
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """How many units a region takes: a line each, and what a layer of them can enclose.

    The colour is what the network says. One unit cuts the plane in two, two leave a strip, from
    three on a region can be closed; more make it round. Right the share of points on the wrong
    side.

    Options:
    cloud: the points: two blobs, moons, circles, or XOR
    data: your own points instead: a csv with columns x1,x2,class, an npz, or file.py:name
    units: of the hidden layer, up to four numbers with commas
    samples: how many points
    noise: their spread
    rate: of Adam
    steps: of training
    seed: of points and first weights
    """
    given = cloud_of(data, cloud, samples, noise, seed)
    across, up, cells = grid_of(given.data)
    moments = moments_of(steps)
    runs = {n: best_of(given, n, given.data.outer(cells), rate, steps, seed) for n in units}
    panels = (
        *(
            Panel(
                f"{n}", Axis("", *across), Axis("", *up), title=f"n = {n}",
                place=(i // 2, i % 2, 1, 1), equal=data is None,
            )
            for i, n in enumerate(units)
        ),
        _gap_panel(units, runs, N_("share on the wrong side")),
    )  # fmt: skip

    def shown(score: Array) -> tuple[Any, ...]:
        heights = np.tanh(score / 2).reshape(CELLS, CELLS)
        return (
            Heat("output", heights, across, up, (-1.0, 1.0), scale=False),
            *classes_of(given.data, size=5.0),
        )

    def frames() -> Iterator[Frame]:
        for i, k in enumerate(moments):
            yield Frame(
                _("Step {k}, share on the wrong side: {gaps}.", k=k, gaps=_told(runs, k)),
                {
                    "gap": (_gaps(runs, k),),
                    **{f"{n}": shown(run.said[i]) for n, run in runs.items()},
                },
                pause=0.0 if k else 1.5,
            )  # fmt: skip

    return Film(
        N_("What a layer of n units can enclose"), panels, frames, len(moments),
        key_frames(len(moments)), columns=(0.8, 0.8, 1.2),
        alt=N_("Points of two classes over a map of a network's output, a panel for each number of "
        "hidden units; right the share of points on the wrong side over the number of units."),
    )  # fmt: skip
