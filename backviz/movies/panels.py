"""Axes for panels: locked limits, ticks that can be read, a legend, and room for all of it.

Invariant: every text has 18 points at least on a slide; axes that share a row or a column
of the grid share its edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from backviz.diagrams.theme import INCH
from backviz.movies.drawn import SMALL, Drawn
from backviz.movies.letters import face
from backviz.movies.palette import Palette
from backviz.movies.ticks import Numbers, mark, tick_texts
from backviz.scenes.artist import Artist
from backviz.scenes.artists import Contours, Heat
from backviz.scenes.model import Axis, Panel

Box = tuple[float, float, float, float]
HEADING = 20.0
MOST = 0.3  # of the axes may be under a legend on a page of another size
CLEAR = 8.0  # points between two numbers on an axis
LEAST = 120.0, 84.0  # points that axes must have on a page of another size
ROOM = 165.0, 130.0  # and their cells, with a number beside and below them at least
GAP = 10.5  # points between the cell's edge and what is drawn in it


def make_axes(figure: Any, panel: Panel, palette: Palette) -> Any:
    """Axes with their scales and looks, without data."""
    theme = palette.theme
    space = panel.z is not None
    ax = figure.add_axes((0.1, 0.2, 0.8, 0.7), projection="3d" if space else None)
    ax.set_autoscale_on(False)
    ax.set_facecolor(palette.paper)
    if panel.title:
        # in a space the title's place is said: looked for anew, it takes a fifth of a frame's time
        high = {"y": 1.0} if space else {}
        ax.set_title(panel.title, size=HEADING, color=theme.ink, loc="left", pad=10, **high)
    if not panel.axes:
        ax.set_axis_off()
        return ax
    if space:
        ax.view_init(*panel.view)
        ax.computed_zorder = False  # ways lie on the surface, in vectors as on pixels
        ax.set_box_aspect(None, zoom=0.98)
    else:
        covered = any(isinstance(a, (Contours, Heat)) for a in panel.static)
        ax.grid(not covered, **({} if covered else {"color": theme.rule, "lw": 0.8}))
        ax.set_axisbelow(True)
        for spine in ax.spines.values():
            spine.set_color(theme.border)
    ax.tick_params(which="both", labelsize=SMALL, colors=theme.ink, pad=3.5 if space else 7.0)
    for name, axis in _axes_of(panel):
        getattr(ax, f"set_{name}label")(axis.label, size=SMALL, color=theme.ink)
        if space:
            getattr(ax, f"{name}axis").labelpad = 22 if name == "z" else 14  # numbers beside it
            getattr(ax, f"{name}axis").set_pane_color(theme.box)
        if axis.log:
            getattr(ax, f"set_{name}scale")("log")
    return ax


def dress(ax: Any, panel: Panel, decimal: str = ".") -> None:
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
            else:
                side.set_major_formatter(Numbers(decimal))
        else:
            mark(side, axis, 3 if panel.z else 6, decimal)
    if panel.equal:
        ax.set_aspect("equal", adjustable="box")


def _axes_of(panel: Panel) -> list[tuple[str, Axis]]:
    given = [("x", panel.x), ("y", panel.y)]
    return [*given, ("z", panel.z)] if panel.z else given


def legend(
    ax: Any, panel: Panel, drawn: Sequence[tuple[Drawn, Artist]], palette: Palette, room: float
) -> None:
    """What the labels of the artists stand for, outside the axes or over an empty corner.

    `room` is the width of the panel's cell in points; below, it says how many stand in a row.
    """
    named = [
        (d.handle, label)
        for d, artist in drawn
        if d.handle is not None and (label := getattr(artist, "label", ""))
    ]
    if not panel.legend or not named:
        return
    handles, labels = zip(*named, strict=True)
    outside = panel.legend in ("right", "below")
    where: dict[str, Any] = {"loc": panel.legend, "framealpha": 0.9, "borderaxespad": 0.4}
    if outside:
        loc = "upper left" if panel.legend == "right" else "upper center"
        where = {"loc": loc, "frameon": False, "borderaxespad": 0.0}
    if panel.legend == "below":
        where["ncols"] = _columns(labels, room)
    made = ax.legend(
        handles, labels, fontsize=SMALL, labelcolor=palette.theme.ink, handlelength=2.4,
        facecolor=palette.paper, edgecolor=palette.theme.rule, **where,
    )  # fmt: skip
    made.set_zorder(6)
    made.set_in_layout(not outside)  # `arrange` finds its place when the axes have theirs


def _columns(labels: Sequence[str], room: float) -> int:
    """How many columns of a legend, three at most, fit a width in points."""
    widths = [face(SMALL, False).getlength(label) + 5.2 * SMALL for label in labels]
    for n in range(min(len(labels), 3), 1, -1):
        if sum(max(part) for part in np.array_split(widths, n)) - 2 * SMALL <= room:
            return n
    return 1


def holds(cells: Iterable[tuple[Any, Panel, Box, str]], renderer: Any) -> bool:
    """Whether every panel stands in its cell and has room for what it shows."""
    least = [renderer.points_to_pixels(n) for n in LEAST]
    slack = renderer.points_to_pixels(GAP)
    for ax, panel, (left, low, right, top), _ in cells:
        inner, outer = ax.get_window_extent(renderer), ax.get_tightbbox(renderer)
        if panel.axes and (inner.width < least[0] or inner.height < least[1]):
            return False
        if _covered(ax, panel, renderer) > MOST:
            return False
        wide, high = renderer.width, renderer.height
        over = (
            left * wide - outer.x0, low * high - outer.y0, outer.x1 - right * wide,
            outer.y1 - top * high,
        )  # fmt: skip
        if max(over) > slack:
            return False
    return True


def _covered(ax: Any, panel: Panel, renderer: Any) -> float:
    """The share of the axes under a legend in their corner; more than all, if it sticks out."""
    made = ax.get_legend()
    if made is None or panel.legend in ("right", "below"):
        return 0.0
    inner, box = ax.get_window_extent(renderer), made.get_window_extent(renderer)
    if box.width > 0.95 * inner.width or box.height > 0.95 * inner.height:
        return 2.0
    return float(box.width * box.height / (inner.width * inner.height))


def arrange(cells: Iterable[tuple[Any, Panel, Box, str]], renderer: Any) -> None:
    """Give each axes the room that ticks, labels, title and legend leave in its cell."""
    placed = list(cells)
    wide, high, gap = renderer.width, renderer.height, renderer.points_to_pixels(GAP)
    for ax, panel, (left, low, right, top), mark_ in placed:
        ax.set_position((left, low, right - left, top - low))
        ax.apply_aspect()
        _thin(ax, panel, mark_)
    needs = {panel.key: _needs(ax, renderer) for ax, panel, *_ in placed}
    under = {panel.key: _legend(ax, panel, "below", renderer)[1] for ax, panel, *_ in placed}
    for ax, panel, (left, low, right, top), mark_ in placed:
        row, column, rows, columns = panel.place
        edges = (column, row + rows, column + columns, row)
        taken = []
        for side, edge in enumerate(edges):
            alike = [
                needs[p.key][side] + (under[p.key] if side == 1 else 0.0)
                for _, p, *_ in placed
                if _edges(p)[side] == edge and (p.axes or p is panel)
            ]
            taken.append(max(alike) + gap)
        pad_left, pad_low, pad_right, pad_top = taken
        pad_right += _legend(ax, panel, "right", renderer)[0]  # this panel's alone
        x0, y0 = left + pad_left / wide, low + pad_low / high
        x1, y1 = right - pad_right / wide, top - pad_top / high
        ax.set_position((x0, y0, max(x1 - x0, 0.02), max(y1 - y0, 0.02)))
        ax.apply_aspect()
        _thin(ax, panel, mark_)
        _put_legend(ax, panel, (left, low, right, top), renderer)


def _legend(ax: Any, panel: Panel, where: str, renderer: Any) -> tuple[float, float]:
    """Width and height in pixels, with a gap, of a legend that stands there; 0 without one."""
    made = ax.get_legend()
    if made is None or panel.legend != where:
        return 0.0, 0.0
    box = made.get_window_extent(renderer)
    gap = renderer.points_to_pixels(GAP)
    return box.width + gap, box.height + gap / 2


def _put_legend(ax: Any, panel: Panel, cell: Box, renderer: Any) -> None:
    """A legend outside comes beside or below all that belongs to its axes, in their cell."""
    made = ax.get_legend()
    if made is None or panel.legend not in ("right", "below"):
        return
    page = ax.figure.transFigure
    inner, outer = ax.get_window_extent(renderer), ax.get_tightbbox(renderer)
    wide, high = renderer.width, renderer.height
    if panel.legend == "right":
        at = cell[2] - _legend(ax, panel, "right", renderer)[0] / wide, inner.y1 / high
    else:
        half = made.get_window_extent(renderer).width / 2 / wide
        middle = (inner.x0 + inner.x1) / 2 / wide
        middle = max(min(middle, cell[2] - half), cell[0] + half)
        at = middle, (min(inner.y0, outer.y0) - renderer.points_to_pixels(GAP / 2)) / high
    made.set_bbox_to_anchor(at, transform=page)


def _thin(ax: Any, panel: Panel, decimal: str) -> None:
    """As many ticks as have room on the axes as large as they are now."""
    for name, axis in _axes_of(panel):
        side = getattr(ax, f"{name}axis")
        if not panel.axes or axis.names:
            continue
        if axis.ticks:
            for n in range(1, len(axis.ticks)):
                side.set_major_locator(FixedLocator(axis.ticks[::n]))
                if name != "x" or _fit(ax, axis):
                    break
            continue
        high = INCH * ax.bbox.height / ax.figure.dpi
        room = side.get_tick_space() if name == "x" else int(high / (1.6 * SMALL))
        for most in range(3 if panel.z else min(6, max(1, room)), 0, -1):
            mark(side, axis, most, decimal)
            if panel.z or name != "x" or _fit(ax, axis):
                break


def _fit(ax: Any, axis: Axis) -> bool:
    """Whether the numbers along a plain x axis stand clear of each other."""
    if axis.log:
        return True
    ticks = [float(t) for t in ax.xaxis.get_majorticklocs() if axis.low <= t <= axis.high]
    halves = [face(SMALL, False).getlength(text) / 2 for text in tick_texts(ticks)]
    unit = INCH * ax.bbox.width / ax.figure.dpi / (axis.high - axis.low)
    return all(
        unit * (ticks[i + 1] - ticks[i]) > halves[i] + halves[i + 1] + CLEAR
        for i in range(len(ticks) - 1)
    )


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
