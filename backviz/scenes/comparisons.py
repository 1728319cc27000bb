"""Pairs of optimizers that differ in one thing: look-ahead, where the decay acts, memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike

from backviz.autodiff.data import quietly
from backviz.language import N_, _
from backviz.optim import SGD, Adam, AdamW
from backviz.scenes.artist import Array
from backviz.scenes.artists import Line, Points, Rule, Table
from backviz.scenes.layers import key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.optimizer_choice import Choice, Optimizers, choices
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.stable_rates import left_at
from backviz.scenes.surface_legend import COLUMNS, CURVES, key_of, key_panel
from backviz.scenes.surface_panels import (
    map_panel,
    moment,
    moments_of,
    name_of,
    title_of,
    told,
    write,
    zoomed,
)  # fmt: skip
from backviz.scenes.surface_text import Domain, Start, SurfaceName, found_minima, start_of
from backviz.scenes.surfaces import SURFACES, Landscape
from backviz.scenes.trajectories import Run, travel
from backviz.words import Words


@scene(
    Claim(
        "momentum comes half as far again beyond y = 0 as Nesterov, SGD not at all",
        lambda d: (
            1.5 * overshoot_of(d["steep.Nesterov.y"][-1]) + overshoot_of(d["steep.SGD.y"][-1]),
            overshoot_of(d["steep.momentum.y"][-1]),
        ),
    )
)
def overshoot(
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.05,
    momentum: Annotated[float, Within(0.01, 0.999)] = 0.9,
    start: Start = said("auto"),
    steps: Annotated[int, Within(1, 2000)] = 80,
) -> Film:
    """Momentum shoots past the minimum; Nesterov's look ahead brakes earlier.

    On the bowl 0.1x² + 2y²: left the ways, right the steep coordinate y against the step.
    What lies beyond 0, on the other side than the start, is the overshoot.

    Options:
    rate: of both
    momentum: of both
    start: the point x,y; auto is (−5, −2)
    steps: of both
    """
    land = SURFACES["bowl"]
    at = start_of(land, start)
    runs = [
        travel(land, c, [at], steps, rate)
        for c in choices(f"sgd,momentum:momentum={momentum},nesterov:momentum={momentum}")
    ]
    runs = [_renamed(run, name) for run, name in zip(runs, ("SGD", *WORDS), strict=True)]
    key = key_of(land, runs)
    heights = [run.points[:, 0, 1] for run in runs]
    ends = [left_at(land, run, steps) for run in runs]
    shown = [h[: None if end is None else end + 1] for h, end in zip(heights, ends, strict=True)]
    tall = span([0.0, -at[1]], *(np.clip(h, *land.y) for h in shown))
    panels = (
        map_panel(zoomed(land, runs), title=title_of(land)),
        Panel(
            "steep", step_axis(steps + 1), Axis("y", *tall), title=N_("steep coordinate y"),
            place=CURVES, static=(Rule("zero", 0.0),),
        ),
        key_panel(key),
    )  # fmt: skip
    moments = moments_of(steps)

    def frames() -> Iterator[Frame]:
        for k in moments:
            yield Frame(
                _(
                    "Step {k}, farthest beyond y = 0 so far: {parts}.",
                    k=k,
                    parts=", ".join(
                        f"{run.choice.name} "
                        + (_("left") if left_at(land, run, k) else write(overshoot_of(h[: k + 1])))
                        for run, h in zip(runs, heights, strict=True)
                    ),
                ),
                {
                    **moment(land, runs, k, key),
                    "steep": [
                        Line(run.choice.name, np.arange(len(h[: k + 1])), h[: k + 1], color=i)
                        for i, (run, h) in enumerate(zip(runs, shown, strict=True))
                    ],
                },
            )

    return Film(
        Words(
            "Overshoot: momentum and Nesterov, β = {momentum}, lr = {rate}",
            momentum=write(momentum),
            rate=write(rate),
        ),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=N_(
            "Contour lines of a long bowl with the ways of SGD, momentum and Nesterov; beside them "
            "the steep coordinate against the step, which swings around 0."
        ),
        columns=COLUMNS,
    )


WORDS = "momentum", "Nesterov"


def _renamed(run: Run, name: str) -> Run:
    return Run(
        Choice(name, run.choice.make, run.choice.options), run.about, run.slots, run.points,
        run.losses, run.rates, run.schedule,
    )  # fmt: skip


def overshoot_of(heights: ArrayLike) -> float:
    """How far a coordinate came beyond 0, away from where it began.

    >>> overshoot_of([-2.0, -0.5, 0.7, -0.1])
    0.7
    """
    return float(max(0.0, np.nanmax(-np.sign(np.ravel(heights)[0]) * np.asarray(heights))))


ROUNDING = 1e-9  # a distance below it is none


@scene(
    Claim(
        "with Adam the two are a million times as far apart as with SGD",
        lambda d: (1e6 * d["apart.SGD.y"][-1, -1], d["apart.Adam.y"][-1, -1]),
    )
)
def weight_decay(
    surface: SurfaceName = said("booth"),
    decay: Annotated[float, Within(0, 100)] = 1.0,
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.05,
    adam_rate: Annotated[float, Within(1e-8, 1e4)] = 0.5,
    start: Start = said("auto"),
    steps: Annotated[int, Within(1, 2000)] = 80,
    domain: Domain = said("-3,5,-3,5"),
) -> Film:
    """An L2 penalty and decoupled weight decay: the same for SGD, two things for Adam.

    The penalty adds decay·θ to the gradient; decoupled decay multiplies θ by 1 − lr·decay and
    leaves the gradient alone. Adam divides the gradient by its size, the penalty with it, so
    only decoupled decay shrinks all weights alike (Loshchilov and Hutter, 2019). The circle is
    the minimum of loss and penalty together, where both SGD end.

    Options:
    surface: a name such as booth, or an expression in x and y
    decay: of the weights x and y
    rate: of both SGD
    adam_rate: of both Adam
    start: the point x,y; auto is the surface's own
    steps: of each
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    """
    land = surface.on(domain)
    at = start_of(land, start)
    made = (
        (Choice("SGD + L2", SGD, {"weight_decay": decay}), rate),
        (Choice("SGD decoupled", SGD, {"weight_decay": decay, "semantics": "keras"}), rate),
        (Choice("Adam + L2", Adam, {"weight_decay": decay}), adam_rate),
        (Choice("AdamW", AdamW, {"weight_decay": decay}), adam_rate),
    )
    runs = [travel(land, choice, [at], steps, lr) for choice, lr in made]
    apart = {
        pair: quietly(np.linalg.norm, runs[i].path() - runs[i + 1].path(), axis=1)
        for i, pair in ((0, "SGD"), (2, "Adam"))
    }
    near = (d[d <= land.size] for d in apart.values())
    both = Landscape(
        "penalised", lambda x, y: land.f(x, y) + 0.5 * decay * (x**2 + y**2), land.x, land.y, at
    )
    ends = found_minima(both)[:1]
    key = key_of(
        land,
        runs,
        [Words("circle: the minimum with the penalty ½·{decay}·‖θ‖²", decay=write(decay))],
    )
    circle = Points("penalised", ends[:, 0], ends[:, 1], color="ink", marker="circle", size=11.0)
    panels = (
        map_panel(zoomed(land, runs, domain), title=title_of(land), more=[circle]),
        Panel(
            "apart", step_axis(steps + 1), Axis("", *span([0.0], *near)),
            title=N_("distance of the pair"), place=CURVES, legend="right",
        ),
        key_panel(key),
    )  # fmt: skip
    inside = np.all(
        [np.isfinite(run.path()).all(axis=1) & land.inside(run.path()) for run in runs], axis=0
    )
    moments = moments_of(steps)

    def frames() -> Iterator[Frame]:
        for k in moments:
            x = np.arange(k + 1.0)
            yield Frame(
                _parted(k, apart, bool(inside[k])),
                {
                    **moment(land, runs, k, key),
                    "apart": [
                        Line(pair, x, d[: k + 1], label=pair, color=c)
                        for (pair, d), c in zip(apart.items(), (0, 2), strict=True)
                    ],
                },
            )

    return Film(
        Words(
            "{land}: L2 penalty and decoupled decay {decay}", land=name_of(land), decay=write(decay)
        ),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=Words(
            "Contour lines of {land} with SGD and Adam, each with an L2 penalty and with "
            "decoupled decay; beside them how far the two of a pair are apart.",
            land=name_of(land),
        ),
        columns=COLUMNS,
    )


def _parted(k: int, apart: Mapping[str, Array], inside: bool) -> str:
    """How far penalty and decay are apart, for each pair."""
    parts = ", ".join(_apart(pair, float(d[k])) for pair, d in apart.items())
    if inside:
        return _("Step {k}: L2 and decoupled decay are {parts}.", k=k, parts=parts)
    return _("Step {k}: L2 and decoupled decay are {parts}; a descent has left, and rounding grows "
             "with it.", k=k, parts=parts)  # fmt: skip


def _apart(pair: str, distance: float) -> str:
    if not np.isfinite(distance):
        return _("no longer numbers for {pair}", pair=pair)
    if distance > ROUNDING:
        return _("{distance} apart for {pair}", distance=write(distance), pair=pair)
    return _("the same for {pair}", pair=pair)


def _copies(data: Mapping[str, Any], name: str) -> int:
    """How many numbers an optimizer keeps, as the table has it."""
    return next(int(row[2]) for row in data["table.memory.rows"][-1] if row[0] == name)


@scene(
    Claim(
        "SGD keeps nothing, momentum one number, Adam two",
        lambda d: (_copies(d, "SGD") + _copies(d, "momentum"), _copies(d, "Adam")),
    )
)
def memory(
    surface: SurfaceName = said("beale"),
    optimizers: Optimizers = said(
        "sgd:lr=.02,momentum:lr=.003,adagrad:lr=.5,adadelta:lr=5,rmsprop:lr=.05,adam:lr=.3"
    ),
    billions: Annotated[float, Within(1e-6, 1e6)] = 1.0,
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.01,
    start: Start = said("auto"),
    steps: Annotated[int, Within(0, 5000)] = 60,
    domain: Domain = said("auto"),
) -> Film:
    """What an optimizer must remember: a table of its copies beside the ways.

    SGD keeps nothing, momentum one number for each parameter, Adam two. The last column is
    what that is for a large model in float32, besides parameters and gradients.

    Options:
    surface: a name such as beale, or an expression in x and y
    optimizers: names with commas; options follow with colons, as in adam:lr=.3
    billions: of parameters, for the last column
    rate: of those that have no lr of their own
    start: the point x,y; auto is the surface's own
    steps: of each optimizer
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    """
    land = surface.on(domain)
    at = start_of(land, start)
    runs = [travel(land, c, [at], steps, rate) for c in optimizers]
    key = key_of(land, runs)
    rows = [_row(run, billions) for run in runs]
    heads = (
        N_("optimizer"), N_("keeps"), N_("copies"), Words("GB for {n}", n=write(1e9 * billions)),
    )  # fmt: skip
    table = Table("memory", heads, rows, tuple(range(len(rows))))
    panels = (
        map_panel(zoomed(land, runs, domain), title=title_of(land)),
        Panel("table", place=CURVES, axes=False),
        key_panel(key),
    )
    moments = moments_of(steps)

    def frames() -> Iterator[Frame]:
        for k in moments:
            yield Frame(
                told(land, runs, k, key),
                {
                    **moment(land, runs, k, key),
                    "table": (table,),
                },
            )

    return Film(
        Words("{land}: what optimizers keep for each parameter", land=name_of(land)),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=Words.counted(
            "Contour lines of {land} with the ways of {n} optimizer; beside them a table of what "
            "each keeps: {parts}.",
            "Contour lines of {land} with the ways of {n} optimizers; beside them a table of what "
            "each keeps: {parts}.",
            len(runs),
            land=name_of(land),
            parts=", ".join(f"{run.choice.name} {run.memory}" for run in runs),
        ),
        columns=COLUMNS,
    )


def _row(run: Run, billions: float) -> tuple[str, str, str, str]:
    """Name, slots, how many, and gigabytes in float32."""
    kept = ", ".join(run.slots) or N_("nothing")
    return (
        run.choice.name.partition(" ")[0],
        kept,
        str(run.memory),
        write(4 * billions * run.memory),
    )
