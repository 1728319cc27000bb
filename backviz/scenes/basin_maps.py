"""One optimizer from many starts: the ways, and which minimum each start ends in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np

from backviz.autodiff.data import quietly
from backviz.errors import InputError
from backviz.language import N_, _, ngettext
from backviz.scenes import artists
from backviz.scenes.artist import Array
from backviz.scenes.artists import Band, Heat, Line
from backviz.scenes.layers import key_frames, step_axis
from backviz.scenes.model import Axis, Film, Frame, Panel
from backviz.scenes.numbers import percent
from backviz.scenes.optimizer_choice import MOST, OneOptimizer
from backviz.scenes.registry import Claim, Within, said, scene
from backviz.scenes.surface_legend import legend_text
from backviz.scenes.surface_panels import (
    LossAxis,
    map_panel,
    moments_of,
    name_of,
    title_of,
    way,
    write,
)  # fmt: skip
from backviz.scenes.surface_text import Domain, SurfaceName, found_minima
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import noise_of, travel
from backviz.words import Words

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SERIES = 8  # minima that have the colours that the ways to them have in start_points
FIELDS = 12  # of a colour scale that can each have a letter
NEAR = 0.02  # of the picture's side: so close to a minimum is at it


def lattice(land: Landscape, side: int) -> Array:
    """Starts (side², 2) in the middles of a lattice over the domain.

    >>> from backviz.scenes.surfaces import SURFACES
    >>> lattice(SURFACES["bowl"], 2)
    array([[-3. , -1.5],
           [ 3. , -1.5],
           [-3. ,  1.5],
           [ 3. ,  1.5]])
    """
    shares = (np.arange(side) + 0.5) / side
    x, y = (low + shares * (high - low) for low, high in (land.x, land.y))
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def arrivals(land: Landscape, points: Array, minima: Array) -> Array:
    """Which minimum each point (..., 2) is at, as its number; NaN for none.

    >>> from backviz.scenes.surfaces import SURFACES
    >>> land = SURFACES["himmelblau"]
    >>> arrivals(land, np.array([[3.0, 2.1], [0.0, 0.0]]), np.array(land.minima))
    array([ 0., nan])
    """
    size = NEAR * land.size
    if not len(minima):
        return np.full(points.shape[:-1], np.nan)
    away = quietly(np.linalg.norm, points[..., None, :] - minima, axis=-1)
    nearest = np.where(np.isfinite(away), away, np.inf)
    return np.where(nearest.min(axis=-1) <= size, nearest.argmin(axis=-1), np.nan)


@scene(
    Claim(
        "the median of the losses falls to a thousandth",
        lambda d: (1e3 * d["loss.median.y"][-1, -1], d["loss.median.y"][-1, 0]),
    )
)
def start_points(
    surface: SurfaceName = said("himmelblau"),
    optimizer: OneOptimizer = said("momentum"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.003,
    side: Annotated[int, Within(1, 8)] = 4,
    steps: Annotated[int, Within(0, 5000)] = 80,
    noise: Annotated[float, Within(0, 1e3)] = 0.0,
    domain: Domain = said("auto"),
    seed: Annotated[int, Within(0, 2**31)] = 0,
) -> Film:
    """One optimizer from many starts: where it ends depends on where it begins.

    The starts are the middles of a lattice. A way has the look of the minimum that it
    reaches, a thin one reaches none; right the losses of all, with the middle half of them
    as a band.

    Options:
    surface: a name such as himmelblau, or an expression in x and y
    optimizer: a name; options follow with colons, as in adam:betas=.8/.99
    rate: of each step
    side: starts along each side of the lattice
    steps: of each descent
    noise: standard deviation of what is added to each gradient, centred
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    seed: of the noise
    """
    land, choice = surface.on(domain), optimizer
    begin = lattice(land, side)
    begin = begin[np.isfinite(land.heights(begin))]
    if not len(begin):
        raise InputError(
            _(
                "the surface {name!r} has no height at any of the starts; ask for more of them "
                "with side, or give another domain",
                name=land.name,
            )
        )
    run = travel(land, choice, begin, steps, rate, noise_of(steps, len(begin), noise, seed))
    minima = found_minima(land)
    ends = arrivals(land, run.points[-1], minima)
    looks = [None if np.isnan(end) else int(end) % MOST for end in ends]
    inside = land.inside(run.points)
    reached = np.isfinite(arrivals(land, run.points, minima))
    axis = LossAxis(land, [run.losses])
    shown = axis.values(run.losses)
    steps_so_far = np.arange(steps + 1.0)
    with np.errstate(all="ignore"):
        low, middle, high = np.percentile(np.where(np.isnan(shown), np.inf, shown), (25, 50, 75), 1)
    moments = moments_of(steps)
    panels = (
        map_panel(land, (0, 0, 1, 1), title=title_of(land)),
        Panel(
            "loss", step_axis(steps + 1), axis.axis, title=N_("all losses"), place=(0, 1, 1, 1),
            legend="below",
        ),
    )  # fmt: skip

    def frames() -> Iterator[Frame]:
        for k in moments:
            x = steps_so_far[: k + 1]
            lines = [
                Line(f"loss {i}", x, shown[: k + 1, i], color="muted", width=1.2)
                for i in range(len(begin))
            ]
            out = int((~inside[k]).sum())
            yield Frame(
                _arrived(k, int(reached[k].sum()), len(begin), out),
                {
                    "map": [
                        way(land, run, k, "muted", i=i, key=f"way {i}", width=1.2)
                        if look is None
                        else way(land, run, k, look, i=i, key=f"way {i}")
                        for i, look in enumerate(looks)
                    ],
                    "loss": [
                        *lines,
                        Band("half", x, low[: k + 1], high[: k + 1], label=_("middle half")),
                        Line("median", x, middle[: k + 1], label=_("median"), color=0),
                    ],
                },
            )

    return Film(
        Words.counted(
            "{land}: {optimizer} from {n} start",
            "{land}: {optimizer} from {n} starts",
            len(begin),
            land=name_of(land),
            optimizer=legend_text(run),
        ),
        panels,
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=Words.counted(
            "Contour lines of {land} with the ways of {optimizer} from {n} start; beside them all "
            "losses against the step.",
            "Contour lines of {land} with the ways of {optimizer} from {n} starts; beside them all "
            "losses against the step.",
            len(begin),
            land=name_of(land),
            optimizer=choice.name,
        ),
        columns=(1.1, 1.0),
    )


def _arrived(k: int, there: int, starts: int, out: int) -> str:
    if out:
        return ngettext(
            "Step {k}: {there} of {n} start is at a minimum, {out} outside the picture.",
            "Step {k}: {there} of {n} starts are at a minimum, {out} outside the picture.",
            starts, k=k, there=there, out=out,
        )  # fmt: skip
    return ngettext(
        "Step {k}: {there} of {n} start is at a minimum.",
        "Step {k}: {there} of {n} starts are at a minimum.",
        starts, k=k, there=there,
    )  # fmt: skip


@scene(
    Claim(
        "at the end nearly every start is at a minimum, and each of the four has a fifth of them",
        lambda d: (
            max(np.isnan(d["map.basins.values"][-1]).mean(), 0.2),
            min((d["map.basins.values"][-1] == i).mean() for i in (1, 2, 3, 4)),
        ),
    )
)
def basins(
    surface: SurfaceName = said("himmelblau"),
    optimizer: OneOptimizer = said("sgd"),
    rate: Annotated[float, Within(1e-8, 1e4)] = 0.01,
    side: Annotated[int, Within(2, 200)] = 100,
    steps: Annotated[int, Within(0, 2000)] = 100,
    domain: Domain = said("auto"),
) -> Film:
    """A map of the basins: which minimum a descent reaches from every start.

    A start gets the colour of a minimum at the step at which it is there to stay, the same as in
    `start_points`. What stays empty has not arrived or has left. With a large rate the borders
    fray. The film ends soon after the last start has arrived.

    Options:
    surface: a name such as himmelblau, or an expression in x and y
    optimizer: a name; options follow with colons, as in sgd:momentum=.5
    rate: of each step
    side: starts along each side of the map
    steps: of each descent
    domain: ends of the picture, x from,x to,y from,y to; auto is the surface's own
    """
    land, choice = surface.on(domain), optimizer
    minima = found_minima(land)
    if not len(minima):
        raise InputError(
            _("the surface {name!r} has no minimum inside; nothing has a basin", name=land.name)
        )
    run = travel(land, choice, lattice(land, side), steps, rate)
    at = arrivals(land, run.points, minima)
    stays = np.logical_and.accumulate((at == at[-1])[::-1])[::-1]  # from this step to the last
    table = np.where(stays, at + 1, np.nan).reshape(steps + 1, side, side)
    many = len(minima)
    limits = (0.0, 2.0 * many)  # half of the scale, on which letters can be read
    look: Literal["series", "sequential"] = "series" if many <= SERIES else "sequential"
    names = [LETTERS[i] if many <= len(LETTERS) else "" for i in range(many)]
    size = land.x[1] - land.x[0]
    letters = [
        artists.Words(f"letter {i}", x + 0.012 * size, y, name, size=24.0, bold=True)
        for i, ((x, y), name) in enumerate(zip(minima, names, strict=True))
    ]
    fields = (
        names if many <= FIELDS else [str(i) if i in (1, many) else "" for i in range(1, many + 1)]
    )
    changes = np.flatnonzero((np.nan_to_num(table[1:]) != np.nan_to_num(table[:-1])).any((1, 2)))
    moments = moments_of(min(steps, int(changes[-1]) + 6) if changes.size else steps, 90)

    def frames() -> Iterator[Frame]:
        for k in moments:
            yield Frame(
                _shares(k, table[k], names),
                {
                    "map": (
                        Heat("basins", table[k], land.x, land.y, limits, map=look,
                             label=N_("minimum"), names=fields),
                        *letters,
                    )
                },
            )  # fmt: skip

    low = map_panel(land, (0, 1, 1, 1), key="surface", title=title_of(land), more=letters)
    return Film(
        Words("{land}: the basins of {optimizer}", land=name_of(land), optimizer=legend_text(run)),
        (
            Panel(
                "map", Axis(N_("x of the start"), *land.x), Axis(N_("y of the start"), *land.y),
                title=Words("{side} × {side} starts", side=side),
            ),
            low,
        ),
        frames,
        len(moments),
        key_frames(len(moments)),
        alt=Words("A map of starts on {land}, coloured by which of {n} minima {optimizer} reaches; "
                  "lowest of them at ({x}, {y}).", land=name_of(land), n=many,
                  optimizer=choice.name, x=write(minima[0, 0]), y=write(minima[0, 1])),
    )  # fmt: skip


def _shares(k: int, table: Array, names: list[str]) -> str:
    """How many of the starts each minimum has; of many minima the lowest and all together."""
    empty = float(np.isnan(table).mean())
    if len(names) > 6:
        return _(
            "Step {k}: {some} of all starts are at one of {n} minima to stay, {lowest} at "
            "the lowest; {empty} are at none.",
            k=k, some=percent(1 - empty), n=len(names), lowest=percent(float(np.mean(table == 1))),
            empty=percent(empty),
        )  # fmt: skip
    shares = ", ".join(
        f"{name} {percent(float(np.mean(table == i + 1)))}" for i, name in enumerate(names)
    )
    return _(
        "Step {k}: {shares} of all starts are at that minimum to stay; {empty} are at none.",
        k=k, shares=shares, empty=percent(empty),
    )  # fmt: skip
