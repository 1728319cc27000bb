"""What the scenes on surfaces share: the map with its ways, the axis of losses, the legend.

Invariant: limits follow from what is shown and never from where a descent that blows up
ends; what leaves the map is marked where it left and named, never cut off in silence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backviz.language import N_, _, ngettext
from backviz.scenes.artist import Array, Artist, Color
from backviz.scenes.artists import Contours, Key, Line, Path, Points
from backviz.scenes.layers import positive, step_axis
from backviz.scenes.model import Axis, Legend, Panel, span
from backviz.scenes.numbers import number
from backviz.scenes.stable_rates import left_at
from backviz.scenes.surface_legend import CURVES, MAP, Place, exits_told
from backviz.scenes.surfaces import Landscape
from backviz.scenes.trajectories import Run
from backviz.words import Words

write = number
FAR = 1e4  # widths of the picture beyond which a way is not drawn
LEVELS = 16
FEW = 9  # minima that get a star each
DECADES = 12  # of a logarithmic axis, at most


def levels(land: Landscape) -> Array:
    """Heights of contour lines: between the quantiles of the picture, denser near the floor."""
    z = land.grid[2]
    known = z[np.isfinite(z)]
    shares = np.linspace(0.0, 1.0, LEVELS + 2)[1:-1] ** 1.6
    found = np.unique(np.quantile(known, shares))
    # apart by more than rounding, as seen from the floor: a steep surface has low lines too
    apart = np.maximum(1e-9 * (found[1:] - known.min()), 1e-14 * np.abs(found[1:]))
    return np.asarray(found[np.concatenate(([True], np.diff(found) > apart))])


def map_panel(
    land: Landscape,
    place: Place = MAP,
    *,
    key: str = "map",
    title: str = "",
    legend: Legend = "",
    more: Sequence[Artist] = (),
) -> Panel:
    """The surface from above, with a star in each of its minima if there are few."""
    x, y, z = land.grid
    stars = np.array(land.minima if len(land.minima) <= FEW else land.minima[:1]).reshape(-1, 2)
    return Panel(
        key, Axis("x", *land.x), Axis("y", *land.y), title=title, place=place, legend=legend,
        static=(
            Contours("heights", x, y, z, levels(land)),
            Points("minima", stars[:, 0], stars[:, 1], color="ink", marker="star", size=15.0),
            *more,
        ),
    )  # fmt: skip


def zoomed(land: Landscape, runs: Sequence[Run], wanted: object = None) -> Landscape:
    """The surface on the part of its domain that the ways and a minimum take up, for its map.

    Nothing is zoomed if somebody gave a domain (`wanted`), or if a way leaves the picture. At
    least two fifths of each side stay.
    """
    points = np.concatenate([run.points.reshape(-1, 2) for run in runs])
    if wanted is not None or not land.inside(points).all():
        return land
    shown = points if not len(land.minima) else np.concatenate((points, land.minima[:1]))
    sides = []
    for (low, high), along in zip((land.x, land.y), shown.T, strict=True):
        middle, least = (along.min() + along.max()) / 2, 0.4 * (high - low)
        half = max(0.56 * np.ptp(along), least / 2)
        middle = min(max(middle, low + half), high - half) if 2 * half < high - low else middle
        sides.append((float(max(low, middle - half)), float(min(high, middle + half))))
    return replace(land, x=sides[0], y=sides[1])


def name_of(land: Landscape) -> str:
    """What captions call the surface."""
    return land.name.replace("_", " ")


def title_of(land: Landscape) -> str:
    """The formula over a map, or the name where the formula is long."""
    return land.formula if 0 < len(land.formula) < 28 else name_of(land)


def way(
    land: Landscape,
    run: Run,
    k: int,
    color: Color,
    *,
    i: int = 0,
    key: str = "",
    width: float = 2.5,
) -> Path:
    """The way of start i up to step k; of one that is outside, up to where it left."""
    step = left_at(land, run, k, i)
    seen = shown_points(land, run.points[: (k if step is None else step) + 1, i])
    return Path(key or run.choice.name, seen[:, 0], seen[:, 1], color=color, width=width)


def shown_points(land: Landscape, points: Array) -> Array:
    """Points (n, 2) with NaN in place of those that are farther away than can be drawn."""
    size = FAR * land.size
    far = ~(np.abs(points).max(axis=-1) < size)
    return np.where(far[..., None], np.nan, points)


def crosses(land: Landscape, runs: Sequence[Run], k: int) -> list[Artist]:
    """A cross where each descent that is outside at step k left the map; empty for the others."""
    made: list[Artist] = []
    for color, run in enumerate(runs):
        step, spot = left_at(land, run, k), np.zeros((0, 2))
        if step:
            spot = _border(land, run.points[step - 1, 0], run.points[step, 0])[None]
        key = f"exit of {run.choice.name}"
        made.append(Points(key, spot[:, 0], spot[:, 1], color=color, marker="cross", size=16.0))
    return made


def _border(land: Landscape, inside: Array, outside: Array) -> Array:
    """Where the straight way between the two points crosses the edge, so that a mark is whole."""
    low, high = np.array((land.x, land.y)).T
    spot = inside
    if np.isfinite(outside).all():
        move = outside - inside
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.where(move > 0, (high - inside) / move, (low - inside) / move)
        spot = inside + np.nanmin(np.where(move == 0, np.nan, shares)) * move
    edge = 0.025 * (high - low)
    return np.asarray(np.clip(spot, low + edge, high - edge))


def moment(land: Landscape, runs: Sequence[Run], k: int, key: Key) -> dict[str, Sequence[Artist]]:
    """What the map and the legend show at step k: ways, crosses, and who left and why."""
    ways = [way(land, run, k, i) for i, run in enumerate(runs)]
    return {"map": (*ways, *crosses(land, runs, k)), "key": exits_told(land, runs, k, key)}


def names_of(runs: Sequence[Run]) -> list[str]:
    """What captions call the descents: without options if that tells them apart.

    >>> from backviz.scenes.optimizer_choice import choices
    >>> from backviz.scenes.surfaces import SURFACES
    >>> from backviz.scenes.trajectories import travel
    >>> names_of([travel(SURFACES["bowl"], c, [(1, 1)], 1) for c in choices("sgd,adam:lr=1")])
    ['SGD', 'Adam']
    """
    titles = [run.choice.title for run in runs]
    return [
        title if titles.count(title) == 1 else run.choice.name
        for title, run in zip(titles, runs, strict=True)
    ]


def told(land: Landscape, runs: Sequence[Run], k: int, key: Key) -> str:
    """What the caption says at step k: who leads of those inside, who is outside, who came back.

    The step at which it left is said here if the legend has no line for it.
    """
    names = names_of(runs)
    if not k:
        return _("Step 0: the loss is {loss}.", loss=write(float(runs[0].losses[0, 0])))
    known, out, back = {}, [], []
    for name, run, free in zip(names, runs, key.free, strict=True):
        step, loss = left_at(land, run, k), float(run.losses[k, 0])
        if step is not None:
            out.append(name if free else _("{name} (step {k})", name=name, k=step))
        elif np.isfinite(loss):
            known[name] = loss
            if not land.inside(run.points[: k + 1, 0]).all():
                back.append(name)
    parts = []
    if known:
        first = min(known, key=lambda name: known[name])
        least = write(known[first])
        if len(runs) > 1:
            parts.append(_("lowest loss {loss} ({name})", loss=least, name=first))
        else:
            parts.append(_("loss {loss}", loss=least))
    if len(out) == len(runs) > 1:
        parts.append(_("all have left the picture"))
    elif out:
        parts.append(
            ngettext("{names} has left the picture", "{names} have left the picture", len(out),
                     names=listed(out))
        )  # fmt: skip
    if back:
        parts.append(
            ngettext("{names} left the picture and came back",
                     "{names} left the picture and came back", len(back), names=listed(back))
        )  # fmt: skip
    return _("Step {k}: {parts}.", k=k, parts="; ".join(parts) or _("no loss is a number"))


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them; many are counted.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abcdefg"))
    ('a', 'a, b and c', '7')
    """
    if len(names) > 5:
        return str(len(names))
    if len(names) < 2:
        return "".join(names)
    return _("{this} and {that}", this=", ".join(names[:-1]), that=names[-1])


class LossAxis:
    """The locked axis of losses: logarithmic above the floor of the surface, else plain.

    `values` places losses on it; NaN leaves a gap. The limits hold what the descents do
    inside the picture, and no more than 12 decades.
    """

    def __init__(self, land: Landscape, losses: Sequence[Array]) -> None:
        heights = land.grid[2]
        known = heights[np.isfinite(heights)]
        ceiling = float(known.max())
        given = np.concatenate([np.ravel(loss) for loss in losses])
        self.floor = land.floor
        self.base = 0.0
        if land.floor is None:
            self.base = base_of(known)
            seen = given[(given >= known.min()) & (given <= ceiling)]
            above = (seen if seen.size else known) - self.base
            self.axis = Axis(_loss_less(self.base, 16), *span(above))
            return
        above = self.values(given)
        what = _loss_less(land.floor)
        self.axis = Axis(what, *decades(above[above <= 2 * (ceiling - land.floor)]), log=True)

    def values(self, losses: Array) -> Array:
        """The losses as the axis shows them."""
        if self.floor is None:
            return np.asarray(losses) - self.base
        return positive(np.asarray(losses) - self.floor)


def _loss_less(floor: float, digits: int = 3) -> str:
    return Words("loss{less}", less=less(floor, digits)) if less(floor) else N_("loss")


def decades(values: Array) -> tuple[float, float]:
    """The limits of a logarithmic axis that holds the values, but 12 decades at most.

    >>> low, high = decades(np.array([1e-118, 1e-3, 10.0]))
    >>> 1e-4 < low < 1e-3, 10 < high < 100
    (True, True)
    """
    top = np.max(values, initial=1e-300, where=np.isfinite(values))
    return span(values[values >= top * 10.0**-DECADES], log=True)


def base_of(heights: Array) -> float:
    """A round number to take off heights that differ in late digits only; else 0.

    >>> base_of(np.array([1e9 - 3, 1e9 + 3])), base_of(np.array([-3.0, 9.0]))
    (1000000000.0, 0.0)
    """
    low, high = float(heights.min()), float(heights.max())
    if high - low > 1e-4 * max(abs(low), abs(high)):
        return 0.0
    return round((low + high) / 2, -math.ceil(math.log10(high - low)))


def less(floor: float, digits: int = 3) -> str:
    """What is taken off a loss so that it ends at 0.

    >>> less(3.0), less(-0.5), less(0.0)
    (' − 3', ' + 0.5', '')
    """
    if abs(floor) < 1e-12:
        return ""
    return f" {'−' if floor > 0 else '+'} {write(abs(floor), digits)}"


def loss_panel(steps: int, axis: LossAxis, place: Place = CURVES) -> Panel:
    """Losses against steps."""
    y = replace(axis.axis, label="")
    return Panel("loss", step_axis(steps + 1), y, title=axis.axis.label, place=place)


def loss_line(run: Run, axis: LossAxis, k: int, color: int) -> Line:
    """The losses up to step k."""
    return Line(
        run.choice.name, np.arange(k + 1.0), axis.values(run.losses[: k + 1, 0]), color=color
    )


def noise_note(size: float, seed: int) -> list[str]:
    """The line about noise under a legend, or no line.

    >>> noise_note(0.5, 3), noise_note(0.0, 3)
    (['Noise on each gradient: N(0, 0.5²), seed 3.'], [])
    """
    if not size:
        return []
    return [Words("Noise on each gradient: N(0, {size}²), seed {seed}.", size=write(size),
                  seed=seed)]  # fmt: skip


def moments_of(steps: int, most: int = 120) -> list[int]:
    """The steps that have a frame: all of them, or evenly spread with the last.

    >>> moments_of(3), len(moments_of(1000)), moments_of(1000)[-1]
    ([0, 1, 2, 3], 121, 1000)
    """
    count = min(steps, most)
    return [round(k * steps / count) for k in range(count + 1)] if count else [0]
