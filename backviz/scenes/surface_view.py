"""A loss surface in space, with the ways of optimizers on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np

from backviz.autodiff.data import quietly
from backviz.errors import InputError
from backviz.language import N_, _
from backviz.scenes.artist import Array
from backviz.scenes.artists import Path, Surface, View
from backviz.scenes.layers import key_frames
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.optimizer_choice import Choice, Optimizers
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.stable_rates import left_at
from backviz.scenes.step_arrows import about_parts, parts_in_space
from backviz.scenes.surface_legend import exits_told, key_of, key_panel
from backviz.scenes.surface_panels import (
    LossAxis,
    less,
    loss_line,
    loss_panel,
    moments_of,
    name_of,
    told,
    write,
    zoomed,
)  # fmt: skip
from backviz.scenes.surface_text import Domain, Start, SurfaceName, start_of
from backviz.scenes.surfaces import Landscape, Point
from backviz.scenes.trajectories import Run, noise_of, travel
from backviz.words import Words

Height = Literal["auto", "plain", "log"]
CROWD = 3  # optimizers, beyond which arrows would lie on too many ways
STEEP = 10.0  # times the median height: a plain axis would hide the valley


@scene(
    Claim(
        "all three come down to a hundredth of the first loss",
        lambda d: (
            100 * max(d[k][-1, -1] for k in d if k.startswith("loss.") and k.endswith(".y")),
            d["loss.Adam lr=.3.y"][-1, 0],
        ),
    )
)
def surface(
    surface: SurfaceName = said("beale"),
    optimizers: Optimizers = said("sgd:lr=.02,momentum:lr=.003,adam:lr=.3"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.01,
    start: Start = said("auto"),
    steps: Annotated[int, Within(0, 5000)] = 60,
    height: Height = "auto",
    elevation: Annotated[float, Within(10, 75)] = 40.0,
    turn: Annotated[float, Within(-360, 360)] = -60.0,
    sweep: Annotated[float, Within(-720, 720)] = 50.0,
    noise: Annotated[float, Within(0, 1e3)] = 0.0,
    domain: Domain = said("auto"),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """A loss surface as a landscape in space, with the descents on it.

    The height is the loss, or log₁₀(1 + loss above the lowest) where the surface is so steep
    that a plain one would hide the valley; the axis says which. A way ends where it leaves. The
    ground turns while the film goes on. With three optimizers or fewer the last has arrows:
    against the gradient, against the mean of gradients that it keeps (momentum), and along both
    axes the root of the squares that it divides by. They show directions; the two along the axes
    also their ratio.

    Options:
    surface: a name such as beale, or an expression in x and y
    optimizers: names with commas; options follow with colons, as in adam:lr=.3
    rate: of those that have no lr of their own
    start: the point x,y; auto is the surface's own
    steps: of each optimizer
    height: plain, log, or auto
    elevation: of the eye above the ground, in degrees
    turn: of the ground in the middle of the film, in degrees
    sweep: degrees by which the ground turns from the first frame to the last
    noise: standard deviation of what is added to each gradient, centred
    domain: ends of the picture, x from,x to,y from,y to; auto is where the ways go
    seed: of the noise
    """
    land = surface.on(domain)
    at = start_of(land, start)
    shaken = noise_of(steps, 1, noise, seed)
    runs = [travel(land, c, [at], steps, rate, shaken) for c in optimizers]
    land = zoomed(land, runs, domain)
    x, y, z = land.grid
    if not np.isfinite(z).all():
        raise InputError(
            _(
                "the surface {name!r} has no height in parts of the domain; give a domain on which "
                "it has one",
                name=land.name,
            )
        )
    base = float(min(z.min(), np.inf if land.floor is None else land.floor))
    steep = float(z.max()) - base > STEEP * (float(np.median(z)) - base)
    logarithmic = height == "log" or (height == "auto" and steep)

    def lifted(heights: Array) -> Array:
        return np.log10(1 + np.maximum(heights - base, 0)) if logarithmic else heights

    label = N_("loss")
    if logarithmic:
        label = Words("log₁₀(1 + loss{less})", less=less(base))
    axis = LossAxis(land, [run.losses for run in runs])
    parts = (
        _parts(land, optimizers[-1], at, rate, steps, shaken) if len(optimizers) <= CROWD else ()
    )
    key = key_of(land, runs, about_parts(parts[0][1]) if parts else [], columns=1)
    panels = (
        Panel(
            "space", Axis("x", *land.x), Axis("y", *land.y),
            Axis(label, *span(lifted(z))),
            title=name_of(land), place=(0, 0, 2, 1), view=(elevation, turn - sweep / 2),
            static=(Surface("heights", x[::4], y[::4], lifted(z)[::4, ::4]),),
        ),
        loss_panel(steps, axis, (0, 2, 1, 1)),
        key_panel(key, (1, 1, 1, 2)),
    )  # fmt: skip
    moments = moments_of(steps)

    def on_ground(points: Array) -> Array:
        return lifted(land.heights(points))

    def frames() -> Iterator[Frame]:
        for n, k in enumerate(moments):
            share = n / max(1, len(moments) - 1) - 0.5
            yield Frame(
                told(land, runs, k, key),
                {
                    "space": [
                        *([View("view", elevation, turn + sweep * share)] if sweep else []),
                        *(
                            _way(land, run, k, i, lifted(run.losses[:, 0]))
                            for i, run in enumerate(runs)
                        ),
                        *(parts_in_space(land, *parts[k], on_ground) if parts else ()),
                    ],
                    "key": exits_told(land, runs, k, key),
                    "loss": [loss_line(run, axis, k, i) for i, run in enumerate(runs)],
                },
            )

    return Film(
        Words(
            "{land} in space, descents from ({x}, {y})",
            land=name_of(land),
            x=write(at[0]),
            y=write(at[1]),
        ),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=Words(
            "The surface {land} in space with the ways of {names} on it; beside it their losses.",
            land=name_of(land),
            names=", ".join(r.choice.name for r in runs),
        ),
        columns=(1.3, 0.0, 1.0),
    )


def _parts(
    land: Landscape, choice: Choice, start: Point, rate: float, steps: int, noise: Array
) -> list[tuple[Array, dict[str, Array]]]:
    """Where an optimizer is at every step, and the terms of the step that it takes there."""
    point = np.array(start, dtype=np.float64)
    opt, made = choice.made(point, lr=choice.rate_or(rate)), []
    for k in range(steps + 1):
        slope = quietly(land.measured, point[None])[1][0] + (noise[k, 0] if k < steps else 0.0)
        terms = opt.anatomy(0, slope).terms
        made.append((point.copy(), {n: np.broadcast_to(x, 2) for n, x in terms.items()}))
        quietly(opt.step, slope)
    return made


def _way(land: Landscape, run: Run, k: int, color: int, heights: Array) -> Path:
    """The way up to step k in space; it ends before it leaves the ground that is shown."""
    step = left_at(land, run, k)
    seen = slice(k + 1 if step is None else step)
    inside = land.inside(run.points[seen, 0])
    x, y = np.where(inside[:, None], run.points[seen, 0], np.nan).T
    return Path(run.choice.name, x, y, color=color, z=np.where(inside, heights[seen], np.nan))
