"""What the scenes on surfaces share: the map with its ways, the axis of losses, the legend.

Invariant: limits follow from what is shown and never from where a descent that blows up
ends; what leaves the map is marked where it left and named, never cut off in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backviz.scenes.artist import Array, Artist
from backviz.scenes.artists import Contours, Line, Path, Points, Words
from backviz.scenes.layers import positive, step_axis
from backviz.scenes.model import Axis, Legend, Panel, span
from backviz.scenes.stable_rates import left_at, why_left
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import Run
from backviz.text import NumberStyle

write = NumberStyle(3).format
Place = tuple[int, int, int, int]
FAR = 1e4  # widths of the picture beyond which a way is not drawn
LEVELS = 16
DECADES = 12  # of a logarithmic axis, at most


def levels(land: Landscape) -> Array:
    """Heights of contour lines: between the quantiles of the picture, denser near the floor."""
    z = land.grid[2]
    known = z[np.isfinite(z)]
    shares = np.linspace(0.0, 1.0, LEVELS + 2)[1:-1] ** 1.6
    found = np.unique(np.quantile(known, shares))
    keep = np.concatenate(([True], np.diff(found) > 1e-9 * (known.max() - known.min())))
    return np.asarray(found[keep])


def map_panel(
    land: Landscape,
    place: Place = (0, 0, 1, 1),
    *,
    key: str = "map",
    title: str = "",
    legend: Legend = "",
    more: Sequence[Artist] = (),
) -> Panel:
    """The surface from above, with a star in each of its minima if there are few."""
    x, y, z = land.grid
    stars = np.array(land.minima if len(land.minima) <= 9 else land.minima[:1]).reshape(-1, 2)
    return Panel(
        key, Axis("x", *land.x), Axis("y", *land.y), title=title, place=place, legend=legend,
        static=(
            Contours("heights", x, y, z, levels(land)),
            Points("minima", stars[:, 0], stars[:, 1], color="ink", marker="star", size=15.0),
            *more,
        ),
    )  # fmt: skip


def name_of(land: Landscape) -> str:
    """What captions call the surface."""
    return land.name.replace("_", " ")


def title_of(land: Landscape) -> str:
    """The formula over a map, or the name where the formula is long."""
    return land.formula if 0 < len(land.formula) < 28 else name_of(land)


def way(land: Landscape, run: Run, k: int, color: int, *, i: int = 0, key: str = "") -> Path:
    """The way of start i up to step k; of one that is outside, up to where it left."""
    step = left_at(land, run, k, i)
    seen = shown_points(land, run.points[: (k if step is None else step) + 1, i])
    return Path(key or run.choice.name, seen[:, 0], seen[:, 1], color=color)


def shown_points(land: Landscape, points: Array) -> Array:
    """Points (n, 2) with NaN in place of those that are farther away than can be drawn."""
    size = FAR * max(land.x[1] - land.x[0], land.y[1] - land.y[0])
    far = ~(np.abs(points).max(axis=-1) < size)
    return np.where(far[..., None], np.nan, points)


def exits(land: Landscape, runs: Sequence[Run], k: int) -> list[Artist]:
    """A cross where each descent that is outside at step k left the map, and a line that says so.

    One artist of each kind for every run, empty for those inside.
    """
    made: list[Artist] = []
    said = 0
    for color, run in enumerate(runs):
        step, spot, text = left_at(land, run, k), np.zeros((0, 2)), ""
        if step:
            spot = _border(land, run.points[step - 1, 0], run.points[step, 0])[None]
            text = f"✗ {run.choice.name} left at step {step}"
        name = f"exit of {run.choice.name}"
        made.append(
            Points(name, spot[:, 0], spot[:, 1], color=color, marker="cross", size=16.0)
        )  # fmt: skip
        y = 0.93 - 0.075 * said
        made.append(Words(f"{name}, said", 0.02, y, text, inside="panel"))
        said += bool(text)
    return made


def _border(land: Landscape, inside: Array, outside: Array) -> Array:
    """Where the straight way between the two points crosses the edge of the domain."""
    low, high = np.array((land.x, land.y)).T
    if not np.isfinite(outside).all():
        return inside
    move = outside - inside
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(move > 0, (high - inside) / move, (low - inside) / move)
    share = np.nanmin(np.where(move == 0, np.nan, shares))
    return np.asarray(np.clip(inside + share * move, low, high))


def told(land: Landscape, runs: Sequence[Run], k: int) -> str:
    """What the caption says at step k: who leads, and who left and why."""
    parts = []
    for run in runs:
        step = left_at(land, run, k)
        if step:
            why = why_left(land, run, step)
            parts.append(f"{run.choice.name} left at step {step}{f' ({why})' if why else ''}")
    last = {run.choice.name: float(run.losses[k, 0]) for run in runs}
    known = {n: loss for n, loss in last.items() if np.isfinite(loss)}
    if known:
        first = min(known, key=lambda name: known[name])
        lead = "lowest loss" if len(runs) > 1 else "loss"
        who = f" ({first})" if len(runs) > 1 else ""
        parts.insert(0, f"{lead} {write(known[first])}{who}")
    return f"Step {k}: " + "; ".join(parts or ["no loss is a number"]) + "."


class LossAxis:
    """The locked axis of losses: logarithmic above the floor of the surface, else plain.

    `values` places losses on it; NaN leaves a gap. The limits hold what the descents do
    inside the picture, and no more than 12 decades.
    """

    def __init__(self, land: Landscape, losses: Sequence[Array], label: str = "loss") -> None:
        heights = land.grid[2]
        ceiling = float(heights[np.isfinite(heights)].max())
        given = np.concatenate([np.ravel(loss) for loss in losses])
        self.floor = land.floor
        if land.floor is None:
            self.axis = Axis(label, *span(given[given <= ceiling], [heights[60, 60]]))
            return
        above = self.values(given)
        usable = above[above <= 2 * (ceiling - land.floor)]
        top = usable.max(initial=1e-300)
        what = label if land.floor == 0 else f"{label} − ({write(land.floor)})"
        self.axis = Axis(what, *span(usable[usable >= top * 10.0**-DECADES], log=True), log=True)

    def values(self, losses: Array) -> Array:
        """The losses as the axis shows them."""
        if self.floor is None:
            return np.asarray(losses)
        return positive(np.asarray(losses) - self.floor)


def loss_panel(steps: int, axis: LossAxis, place: Place) -> Panel:
    """Losses against steps."""
    y = replace(axis.axis, label="")
    return Panel("loss", step_axis(steps + 1), y, title=axis.axis.label, place=place)


def loss_line(run: Run, axis: LossAxis, k: int, color: int) -> Line:
    """The losses up to step k."""
    return Line(
        run.choice.name, np.arange(k + 1.0), axis.values(run.losses[: k + 1, 0]), color=color
    )


def moments_of(steps: int, most: int = 120) -> list[int]:
    """The steps that have a frame: all of them, or evenly spread with the last.

    >>> moments_of(3), len(moments_of(1000)), moments_of(1000)[-1]
    ([0, 1, 2, 3], 121, 1000)
    """
    count = min(steps, most)
    return [round(k * steps / count) for k in range(count + 1)] if count else [0]
