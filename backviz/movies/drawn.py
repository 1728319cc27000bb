"""How every kind of artist is drawn: made once on its axes, then shown again with new data.

Invariant: one function for each kind, found by type. It makes matplotlib's artists and
returns what shows another artist of the same kind on them; nothing else in the program
knows both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

import backviz.scenes.artists as kinds
from backviz.movies.letters import Letters
from backviz.movies.palette import Palette
from backviz.movies.space import SpaceArrows
from backviz.registry import Registry
from backviz.scenes.artist import Artist

SMALL = 18.0  # points, of everything that is to be read


@dataclass(slots=True)
class Drawn:
    """An artist on its axes: the pieces, bottom first, and how to show new data on them.

    `show` may put other pieces into `pieces`. `handle` stands for it in the legend. What is
    `sized` is shown again when its axes have their size.
    """

    pieces: list[Any]
    show: Callable[[Any], None]
    handle: Any = None
    sized: bool = False


Maker = Callable[[Any, Any, Palette], Drawn]
MAKERS: Registry[Maker] = Registry("kind of artist", home="backviz.movies.drawn_areas")


def make(ax: Any, artist: Artist, palette: Palette) -> Drawn:
    """Put an artist on axes, with its data on show."""
    drawn = MAKERS[type(artist).__name__](ax, artist, palette)
    drawn.show(artist)
    return drawn


def maker(kind: type[Artist]) -> Callable[[Maker], Maker]:
    """Enter the function that draws this kind (a decorator)."""

    def enter(maker: Maker) -> Maker:
        return MAKERS.add(kind.__name__, maker)

    return enter


def _plot(ax: Any, is_space: bool, **looks: Any) -> Any:
    empty: tuple[list[float], ...] = ([], [], []) if is_space else ([], [])
    return ax.plot(*empty, **looks)[0]


def _set_points(line: Any, x: Any, y: Any, z: Any) -> None:
    if z is None:
        line.set_data(x, y)
    else:
        line.set_data_3d(x, y, z)


@maker(kinds.Line)
def _line(ax: Any, a: kinds.Line, palette: Palette) -> Drawn:
    color = palette.color(a.color)
    looks: dict[str, Any] = {"color": color, "lw": a.width, "ls": palette.dash(a.dash, a.color)}
    if a.marked:
        looks |= {"marker": palette.marker("", a.color), "ms": 8.0, "mec": palette.theme.background}
    line = _plot(ax, False, **looks)

    def show(b: kinds.Line) -> None:
        line.set(data=(b.x, b.y), linewidth=b.width, color=palette.color(b.color))
        line.set_linestyle(palette.dash(b.dash, b.color))

    return Drawn([line], show, line)


@maker(kinds.Band)
def _band(ax: Any, a: kinds.Band, palette: Palette) -> Drawn:
    color = to_rgba(palette.color(a.color), a.strength)
    area = PolyCollection([], facecolor=color, edgecolor="none")
    ax.add_collection(area, autolim=False)

    def show(b: kinds.Band) -> None:
        known = np.isfinite(b.x) & np.isfinite(b.low) & np.isfinite(b.high)
        x, low, high = b.x[known], b.low[known], b.high[known]
        there_and_back = np.concatenate((np.c_[x, low], np.c_[x, high][::-1]))
        area.set_verts([there_and_back] if x.size else [])

    return Drawn([area], show, Patch(facecolor=color))


@maker(kinds.Points)
def _points(ax: Any, a: kinds.Points, palette: Palette) -> Drawn:
    points = _plot(
        ax, a.z is not None, ls="none", color=palette.color(a.color), ms=a.size,
        marker=palette.marker(a.marker, a.color), mec=palette.theme.background, mew=1.0,
    )  # fmt: skip
    return Drawn([points], lambda b: _set_points(points, b.x, b.y, b.z), points)


@maker(kinds.Path)
def _path(ax: Any, a: kinds.Path, palette: Palette) -> Drawn:
    color, marker = palette.color(a.color), palette.marker("", a.color)
    looks: dict[str, Any] = {"color": color, "lw": a.width, "ls": palette.dash(a.dash, a.color)}
    edge = palette.theme.background
    space = a.z is not None
    way = _plot(ax, space, **looks)
    start = _plot(ax, space, marker="o", ms=8.0, mfc=edge, mec=color, mew=2.0, ls="none")
    head = _plot(ax, space, marker=marker, ms=13.0, color=color, mec=edge, mew=1.5, ls="none")

    def show(b: kinds.Path) -> None:
        given = [c for c in (b.x, b.y, b.z) if c is not None]
        known = np.isfinite(given).all(axis=0)
        n = known.size if known.all() else int(np.argmin(known))
        for piece, part in (
            (way, slice(n)),
            (start, slice(min(n, 1))),
            (head, slice(max(n - 1, 0), n)),
        ):
            _set_points(piece, b.x[part], b.y[part], None if b.z is None else b.z[part])

    sample = Line2D([], [], marker=marker, ms=11.0, mec=edge, **looks)
    return Drawn([way, start, head], show, sample)


@maker(kinds.Arrows)
def _arrows(ax: Any, a: kinds.Arrows, palette: Palette) -> Drawn:
    color = palette.color(a.color)
    if a.z is not None:
        space = SpaceArrows(ax, color, a.width, SMALL)
        return Drawn([space], space.show, Patch(facecolor=color))
    drawn = Drawn([], lambda _: None, Patch(facecolor=color))

    def show(b: kinds.Arrows) -> None:
        for piece in drawn.pieces:
            piece.remove()
        arrows = ax.quiver(
            b.x, b.y, b.dx, b.dy, angles="xy", scale_units="xy", scale=1.0, color=color,
            units="dots", width=b.width * ax.figure.dpi / 72, headwidth=4, headlength=4.5,
            headaxislength=4, minlength=0.2, zorder=4,
        )  # fmt: skip
        drawn.pieces[:] = [arrows]

    drawn.show = show
    return drawn


@maker(kinds.View)
def _view(ax: Any, a: kinds.View, palette: Palette) -> Drawn:
    return Drawn([], lambda b: ax.view_init(b.elevation, b.turn))


@maker(kinds.Rug)
def _rug(ax: Any, a: kinds.Rug, palette: Palette) -> Drawn:
    along_x = a.axis == "x"
    where = ax.get_xaxis_transform() if along_x else ax.get_yaxis_transform()
    ticks = _plot(
        ax, False, transform=where, ls="none", marker="|" if along_x else "_", ms=22.0, mew=1.6,
        color=palette.color(a.color),
    )  # fmt: skip

    def show(b: kinds.Rug) -> None:
        low = np.full_like(b.at, 0.015)
        ticks.set_data(*((b.at, low) if along_x else (low, b.at)))

    return Drawn([ticks], show, ticks)


@maker(kinds.Bars)
def _bars(ax: Any, a: kinds.Bars, palette: Palette) -> Drawn:
    color = palette.color(a.color)
    bars = ax.stairs(
        a.heights, a.edges, baseline=a.base, orientation="horizontal" if a.sideways else "vertical",
        fill=a.filled, facecolor=to_rgba(color, 0.45), edgecolor=color, lw=1.8,
        ls="-" if a.filled else palette.dash("", a.color),
    )  # fmt: skip
    return Drawn([bars], lambda b: bars.set_data(b.heights, b.edges, b.base), bars)


@maker(kinds.Rule)
def _rule(ax: Any, a: kinds.Rule, palette: Palette) -> Drawn:
    along_y = a.axis == "y"
    color = palette.color(a.color)
    looks: dict[str, Any] = {"color": color, "lw": a.width, "ls": palette.dash(a.dash, a.color)}
    line = (ax.axhline if along_y else ax.axvline)(a.at, **looks)
    text = _label(ax, along_y, color)

    def show(b: kinds.Rule) -> None:
        (line.set_ydata if along_y else line.set_xdata)([b.at, b.at])
        _set_label(text, b.label, b.at, along_y)

    return Drawn([line, text], show)


@maker(kinds.Zone)
def _zone(ax: Any, a: kinds.Zone, palette: Palette) -> Drawn:
    along_y = a.axis == "y"
    color = palette.color(a.color)
    strip = PolyCollection(
        [], facecolor=to_rgba(color, a.strength), edgecolor="none",
        transform=ax.get_yaxis_transform() if along_y else ax.get_xaxis_transform(),
    )  # fmt: skip
    ax.add_collection(strip, autolim=False)
    text = _label(ax, along_y, color)

    def show(b: kinds.Zone) -> None:
        corners = [(b.low, 0.0), (b.high, 0.0), (b.high, 1.0), (b.low, 1.0)]
        strip.set_verts([[c[::-1] for c in corners] if along_y else corners])
        _set_label(text, b.label, b.low, along_y)

    return Drawn([strip, text], show)


def _label(ax: Any, along_y: bool, color: str) -> Letters:
    """Text beside a line across the panel: at its right end, or at its top."""
    away = ScaledTranslation(
        0 if along_y else 6 / 72, 6 / 72 if along_y else 0, ax.figure.dpi_scale_trans
    )
    base = ax.get_yaxis_transform() if along_y else ax.get_xaxis_transform()
    side = "right" if along_y else "left"
    text = Letters(0, 0, "", color=color, size=SMALL, ha=side, transform=base + away)
    ax.add_artist(text)
    return text


def _set_label(text: Letters, label: str, at: float, along_y: bool) -> None:
    text.set_text(label)
    text.set_position((0.985, at) if along_y else (at, 0.93))


@maker(kinds.Words)
def _words(ax: Any, a: kinds.Words, palette: Palette) -> Drawn:
    text = Letters(
        a.x, a.y, a.text, size=a.size, ha=a.align, weight="bold" if a.bold else "normal",
        transform=ax.transData if a.inside == "axes" else ax.transAxes,
    )  # fmt: skip
    if a.clear:
        text.set_bbox({"facecolor": palette.paper, "edgecolor": "none", "pad": 1.0})
        text.set_zorder(5.0)
    ax.add_artist(text)

    def show(b: kinds.Words) -> None:
        text.set_text(b.text)
        text.set_position((b.x, b.y))
        text.set_color(palette.color(b.color))

    return Drawn([text], show)
