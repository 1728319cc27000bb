"""Axes for panels: locked limits, ticks that can be read, a legend, and room for all of it.

Invariant: every text has 18 points at least on a slide; axes that share a row or a column
of the grid share its edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from backviz.movies.drawn import SMALL, Drawn
from backviz.movies.palette import Palette
from backviz.scenes.artist import Artist
from backviz.scenes.artists import Contours, Heat
from backviz.scenes.model import Axis, Panel

Box = tuple[float, float, float, float]
HEADING = 20.0
GAP = 14  # pixels between the cell's edge and what is drawn in it


def make_axes(figure: Any, panel: Panel, palette: Palette) -> Any:
    """Axes with their scales and looks, without data."""
    theme = palette.theme
    space = panel.z is not None
    ax = figure.add_axes((0.1, 0.2, 0.8, 0.7), projection="3d" if space else None)
    ax.set_autoscale_on(False)
    ax.set_facecolor(theme.background)
    if panel.title:
        ax.set_title(panel.title, size=HEADING, color=theme.ink, loc="left", pad=10)
    if not panel.axes:
        ax.set_axis_off()
        return ax
    if space:
        ax.view_init(*panel.view)
        ax.set_box_aspect(None, zoom=0.95)
    else:
        covered = any(isinstance(a, (Contours, Heat)) for a in panel.static)
        ax.grid(not covered, **({} if covered else {"color": theme.rule, "lw": 0.8}))
        ax.set_axisbelow(True)
        for spine in ax.spines.values():
            spine.set_color(theme.border)
    ax.tick_params(which="both", labelsize=SMALL, colors=theme.ink)
    for name, axis in _axes_of(panel):
        getattr(ax, f"set_{name}label")(axis.label, size=SMALL, color=theme.ink)
        if space:
            getattr(ax, f"{name}axis").labelpad = 14
            getattr(ax, f"{name}axis").set_pane_color(theme.box)
        if axis.log:
            getattr(ax, f"set_{name}scale")("log")
    return ax


def dress(ax: Any, panel: Panel) -> None:
    """Lock the limits and set the ticks; the last word after every artist was made."""
    if not panel.axes:
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        return
    for name, axis in _axes_of(panel):
        getattr(ax, f"set_{name}lim")(axis.low, axis.high)
        side = getattr(ax, f"{name}axis")
        if axis.ticks:
            side.set_major_locator(FixedLocator(axis.ticks))
            side.set_minor_locator(NullLocator())
            if axis.names:
                side.set_ticklabels(axis.names)
        elif axis.log:
            side.set_major_locator(LogLocator(numticks=6))
            side.set_minor_locator(NullLocator())
        else:
            side.set_major_locator(_steps(6))
    if panel.equal:
        ax.set_aspect("equal", adjustable="box")


def _axes_of(panel: Panel) -> list[tuple[str, Axis]]:
    given = [("x", panel.x), ("y", panel.y)]
    return [*given, ("z", panel.z)] if panel.z else given


def legend(ax: Any, panel: Panel, drawn: Sequence[tuple[Drawn, Artist]], palette: Palette) -> None:
    """What the labels of the artists stand for, outside the axes or over an empty corner."""
    named = [
        (d.handle, label)
        for d, artist in drawn
        if d.handle is not None and (label := getattr(artist, "label", ""))
    ]
    if not panel.legend or not named:
        return
    handles, labels = zip(*named, strict=True)
    where: dict[str, Any] = {"loc": panel.legend, "framealpha": 0.9}
    if panel.legend == "right":
        where = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0), "frameon": False}
    elif panel.legend == "below":
        under = 16.0 + 1.4 * SMALL * (1 + bool(panel.x.label))  # points: ticks and label
        where = {
            "loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "frameon": False,
            "ncols": min(len(named), 3), "bbox_transform": ax.transAxes
            + ScaledTranslation(0, -under / 72, ax.figure.dpi_scale_trans),
        }  # fmt: skip
    made = ax.legend(
        handles, labels, fontsize=SMALL, labelcolor=palette.theme.ink, handlelength=2.4,
        borderaxespad=0.4, facecolor=palette.theme.background, edgecolor=palette.theme.rule,
        **where,
    )  # fmt: skip
    made.set_zorder(6)


def arrange(cells: Iterable[tuple[Any, Panel, Box]], renderer: Any) -> None:
    """Give each axes the room that ticks, labels, title and legend leave in its cell."""
    placed = list(cells)
    wide, high = renderer.width, renderer.height
    for ax, _, (left, low, right, top) in placed:
        ax.set_position((left, low, right - left, top - low))
        ax.apply_aspect()
    needs = {panel.key: _needs(ax, renderer) for ax, panel, _ in placed}
    for ax, panel, (left, low, right, top) in placed:
        row, column, rows, columns = panel.place
        edges = (column, row + rows, column + columns, row)
        taken = []
        for side, edge in enumerate(edges):
            alike = [
                needs[p.key][side]
                for _, p, _ in placed
                if _edges(p)[side] == edge and (p.axes or p is panel)
            ]
            taken.append(max(alike) + GAP)
        pad_left, pad_low, pad_right, pad_top = taken
        x0, y0 = left + pad_left / wide, low + pad_low / high
        x1, y1 = right - pad_right / wide, top - pad_top / high
        ax.set_position((x0, y0, max(x1 - x0, 0.02), max(y1 - y0, 0.02)))
        _thin(ax, panel)


def _thin(ax: Any, panel: Panel) -> None:
    """As many ticks as have room on the axes as large as they are now."""
    for name, axis in _axes_of(panel):
        side = getattr(ax, f"{name}axis")
        if panel.axes and not (axis.log or axis.ticks):
            room = 3 if panel.z else side.get_tick_space()
            side.set_major_locator(_steps(min(6, max(2, room))))


def _steps(most: int) -> MaxNLocator:
    return MaxNLocator(most, steps=[1, 2, 2.5, 5, 10])


def _edges(panel: Panel) -> tuple[int, int, int, int]:
    row, column, rows, columns = panel.place
    return column, row + rows, column + columns, row


def _needs(ax: Any, renderer: Any) -> Box:
    """How many pixels stick out of the axes: left, below, right, above."""
    inner, outer = ax.get_window_extent(renderer), ax.get_tightbbox(renderer)
    sticks = (
        inner.x0 - outer.x0, inner.y0 - outer.y0, outer.x1 - inner.x1, outer.y1 - inner.y1,
    )  # fmt: skip
    left, below, right, above = (max(0.0, float(s)) for s in sticks)
    return left, below, right, above
