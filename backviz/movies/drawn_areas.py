"""How the artists that cover a panel are drawn: maps, contours, surfaces, tables, graphs.

Invariant: as in `drawn`; a colour scale stands beside its map and has limits of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.artist import Artist as Piece
from matplotlib.transforms import Affine2D

import backviz.scenes.artists as kinds
from backviz.diagrams.drawing import moved
from backviz.diagrams.steps import Steps
from backviz.diagrams.theme import INCH
from backviz.diagrams.ways import EDGE
from backviz.movies.drawn import SMALL, Drawn, maker
from backviz.movies.letters import Letters, face
from backviz.movies.palette import Palette
from backviz.renderers.marks import draw_mark
from backviz.scenes.numbers import number
from backviz.text import with_decimal


@maker(kinds.Heat)
def _heat(ax: Any, a: kinds.Heat, palette: Palette) -> Drawn:
    low, high = a.limits
    colors = palette.colormap(a.map)
    if a.map == "series":  # the value 1 is the colour of line 0; paler, so that letters are read
        low, high = 0.5, colors.N + 0.5
    image = ax.imshow(
        a.values, origin="lower", extent=(*a.x, *a.y), aspect="auto", interpolation="nearest",
        vmin=low, vmax=high, cmap=colors, zorder=0, alpha=0.6 if a.map == "series" else None,
    )  # fmt: skip
    if a.scale:
        _scale(ax, image, a, palette)
    return Drawn([image], lambda b: image.set_data(b.values))


def _scale(ax: Any, image: Any, a: kinds.Heat, palette: Palette) -> None:
    """The colour scale, to the right of the axes, with its limits printed."""
    beside = ax.inset_axes((1.03, 0.0, 0.045, 1.0))
    beside.set_facecolor(palette.theme.background)
    if a.names:
        fields = np.arange(1, len(a.names) + 1)
        edges = np.arange(len(a.names) + 1) + 0.5
        scale = ax.figure.colorbar(image, cax=beside, boundaries=edges, values=fields)
        scale.set_ticks(fields, labels=a.names)
        scale.ax.minorticks_off()
        scale.ax.tick_params(labelsize=SMALL, colors=palette.theme.ink, length=0)
    else:
        scale = ax.figure.colorbar(image, cax=beside)
        low, high = a.limits
        ticks = (low, 0.0, high) if a.map == "diverging" else (low, (low + high) / 2, high)
        scale.set_ticks(ticks, labels=[with_decimal(number(t), palette.decimal) for t in ticks])
        scale.ax.tick_params(labelsize=SMALL, colors=palette.theme.ink)
        low_end, _, high_end = scale.ax.get_yticklabels()  # within the scale, clear of the title
        low_end.set_verticalalignment("bottom")
        high_end.set_verticalalignment("top")
    scale.set_label(a.label, size=SMALL, color=palette.theme.ink)
    scale.outline.set_edgecolor(palette.theme.border)


@maker(kinds.Contours)
def _contours(ax: Any, a: kinds.Contours, palette: Palette) -> Drawn:
    drawn = Drawn([], lambda _: None)

    def show(b: kinds.Contours) -> None:
        for piece in drawn.pieces:
            piece.remove()
        n = b.levels.size
        ranks = palette.colormap("heights")(np.linspace(0, 1, n + 1))
        pieces = []
        if b.filled:
            fill = ax.contourf(
                b.x, b.y, b.z, b.levels, colors=ranks, extend="both", alpha=0.55, zorder=0
            )
            pieces.append(fill)
        lines = ax.contour(
            b.x,
            b.y,
            b.z,
            b.levels,
            colors=[palette.theme.border],
            linewidths=0.8,
            linestyles="solid",
            zorder=0.5,
        )
        drawn.pieces[:] = [*pieces, lines]

    drawn.show = show
    return drawn


@maker(kinds.Surface)
def _surface(ax: Any, a: kinds.Surface, palette: Palette) -> Drawn:
    drawn = Drawn([], lambda _: None)

    def show(b: kinds.Surface) -> None:
        for piece in drawn.pieces:
            piece.remove()
        x, y = np.meshgrid(b.x, b.y)
        sheet = ax.plot_surface(
            x, y, b.z, cmap=palette.colormap("heights"), alpha=0.75, lw=0.3, rcount=60, ccount=60,
            edgecolor=palette.theme.border,
        )  # fmt: skip
        drawn.pieces[:] = [sheet]

    drawn.show = show
    return drawn


@maker(kinds.Table)
def _table(ax: Any, a: kinds.Table, palette: Palette) -> Drawn:
    """Columns as wide as their widest cell: the first to the left, numbers to the right."""
    theme = palette.theme
    cells: list[list[Letters]] = []
    for i, row in enumerate((a.heads, *a.rows)):
        color = theme.muted if i == 0 else theme.ink
        if i and a.colors:
            color = palette.color(a.colors[i - 1])
        weight = "bold" if i == 0 else "normal"
        texts = [
            Letters(0, 0, "", size=a.size, color=color, weight=weight, transform=ax.transAxes)
            for _ in row
        ]
        for text in texts:
            text.set_clip_on(True)
            ax.add_artist(text)
        cells.append(texts)
    widths = np.zeros(len(a.heads))

    def show(b: kinds.Table) -> None:
        grid = (b.heads, *b.rows)
        for j in range(len(widths)):
            wide = max(face(b.size, i == 0).getlength(row[j]) for i, row in enumerate(grid))
            widths[j] = max(widths[j], wide)  # a column never gets narrower, so nothing jumps
        box = ax.get_position()
        room_x, room_y = (INCH * ax.figure.get_size_inches() * (box.width, box.height)).tolist()
        gap = min(1.5 * b.size, max(4.0, (room_x - widths.sum()) / max(1, len(widths) - 1)))
        ends = np.cumsum(widths) + gap * np.arange(len(widths))
        step = min(1.6 * b.size, room_y / (len(grid) + 0.5))
        for i, row in enumerate(grid):
            for j, words in enumerate(row):
                text = cells[i][j]
                text.set_text(words)
                text.set_horizontalalignment("left" if j == 0 else "right")
                x = 0.0 if j == 0 else ends[j]
                text.set_position((x / room_x, 1 - (i + 1) * step / room_y))

    return Drawn([text for row in cells for text in row], show, sized=True)


@maker(kinds.Graph)
def _graph(ax: Any, a: kinds.Graph, palette: Palette) -> Drawn:
    """The build in the film's theme, without its words, which are the frame's caption."""
    page = _Marks(ax)
    ax.add_artist(page)
    given, steps = a.steps, _in_theme(a.steps, palette)

    def show(b: kinds.Graph) -> None:
        nonlocal given, steps
        if b.steps is not given:
            given, steps = b.steps, _in_theme(b.steps, palette)
        parts = steps.parts(steps.moments[b.moment])
        page.sheet = steps.sheet
        page.drawing = steps.drawing_of(tuple(p for p in parts if p.id != "words"))

    return Drawn([page], show)


def _in_theme(steps: Steps, palette: Palette) -> Steps:
    """The same build in the film's looks; nothing is drawn twice if it has them already."""
    figure, theme = steps.figure, palette.theme.name
    style = replace(figure.style, theme=theme, decimal=palette.decimal, lang=palette.lang)
    if figure.style == style:
        return steps
    themed = figure.restyled(style)
    return Steps(themed, steps.passes, steps.pace, steps.first, steps.last)


class _Marks(Piece):
    """A page of marks, as large as the panel allows, in the middle of it.

    The page's margins and the room for its words are left out.
    """

    def __init__(self, ax: Any) -> None:
        super().__init__()
        self.drawing: Any = None
        self.sheet: Any = None
        self._ax = ax

    def draw(self, renderer: Any) -> None:
        """Hand every mark to the backend."""
        if self.drawing is None:
            return
        box, sheet, zoom = self._ax.bbox, self.sheet, renderer.points_to_pixels(1.0)
        wide, high = (
            sheet.scale * (n + 2 * EDGE) for n in (sheet.layout.width, sheet.layout.height)
        )
        scale = min(box.width / wide, box.height / high) / zoom
        left = (box.x0 + box.x1 - zoom * scale * wide) / 2
        top = (box.y0 + box.y1 + zoom * scale * high) / 2
        left -= zoom * scale * (sheet.left - sheet.scale * EDGE)
        top += zoom * scale * (sheet.top - sheet.scale * EDGE)
        place = Affine2D().scale(zoom, -zoom).translate(left, top)
        for mark in self.drawing.marks():
            draw_mark(renderer, moved(mark, scale, 0.0, 0.0), place)
