"""A film's page on matplotlib: what is static is drawn once, and only what changes again.

Invariant: the pixels of a frame depend on the frame alone, not on the one shown before:
a panel in which something changes is wiped to its static picture and its moving artists
are drawn again, bottom first. Panels in which nothing changes are not touched.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from backviz.diagrams.frame import wrap
from backviz.movies.drawn import Drawn, make
from backviz.movies.letters import Letters
from backviz.movies.palette import Palette
from backviz.movies.panels import arrange, dress, legend, make_axes
from backviz.scenes.artist import Artist
from backviz.scenes.model import Film, Frame, Panel

WIDTH, HEIGHT, DPI = 1280, 720, 96  # a slide of 13.33 × 7.5 in
CAPTION = 20.0  # points
TITLES, ORIGINS = (24.0, 22.0, 20.0, 18.0), (10.0, 9.0, 8.0, 7.0)  # points, the first that fits
LINES = 2  # of a caption
MARGIN, HEAD, FOOT = 36.0, 58.0, 102.0  # pixels at scale 1
SETTINGS: Any = {"pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "backviz",
                 "font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans",
                 "path.simplify": True, "figure.dpi": DPI, "axes.unicode_minus": True}  # fmt: skip

Seen = Mapping[str, Mapping[str, Artist]]


class Canvas:
    """The page of a film in a theme, `scale` times 1280 × 720 pixels; shows frame after frame.

    `pixels` (height, width, 4) is RGBA and belongs to the canvas: copy what you keep.
    """

    def __init__(self, film: Film, frame: Frame, seen: Seen, theme: str, scale: float) -> None:
        self.film = film
        self.palette = Palette.of(theme)
        with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
            self._build(scale)
            self._make(seen)
            self._say(frame)
            arrange(self._cells(), self.agg.get_renderer())
            for panel in film.panels:
                for drawn, artist in self._moving[panel.key].values():
                    drawn.show(artist)  # again, now that the panels have their sizes
                    _set_moving(drawn)
            self.agg.draw()
        self.pixels = np.asarray(self.agg.buffer_rgba())
        self._static = self.pixels.copy()
        self._draw_caption()
        for panel in film.panels:
            self._draw_panel(panel)

    def _build(self, scale: float) -> None:
        theme = self.palette.theme
        wide, high = size_at(scale)
        dpi = DPI * scale
        inches = (wide + 1e-11) / dpi, (high + 1e-11) / dpi  # so that whole pixels stay whole
        self.figure = Figure(figsize=inches, dpi=dpi, facecolor=theme.background)
        self.agg: Any = FigureCanvasAgg(self.figure)  # matplotlib's methods have no types
        self.size = wide, high
        self._lines = [self._write(MARGIN, FOOT - 34 - 30 * i, CAPTION) for i in range(LINES)]
        for text in self._lines:
            text.set_animated(True)
        size, (title,) = fitted(self.film.title, TITLES, most=1, bold=True)
        self._write(MARGIN, HEIGHT - 38, size, weight="bold").set_text(title)
        size, lines = fitted(origin_of(self.film), ORIGINS, most=2)
        for i, line in enumerate(reversed(lines)):  # from the bottom of the page
            corner = WIDTH - MARGIN / 2, 5 + 1.15 * i * size * DPI / 72
            self._write(*corner, size, color=theme.muted, ha="right").set_text(line)

    def _write(self, x: float, y: float, size: float, **looks: Any) -> Letters:
        looks = {"color": self.palette.theme.ink, **looks}
        place = self.figure.transFigure
        text = Letters(x / WIDTH, y / HEIGHT, "", size=size, transform=place, **looks)
        self.figure.add_artist(text)
        return text

    def _make(self, seen: Seen) -> None:
        self._axes = {p.key: make_axes(self.figure, p, self.palette) for p in self.film.panels}
        self._moving: dict[str, dict[str, tuple[Drawn, Artist]]] = {}
        for panel in self.film.panels:
            ax, moving = self._axes[panel.key], seen[panel.key]
            still = [(make(ax, a, self.palette), a) for a in panel.static]
            self._moving[panel.key] = {k: (self._moved(ax, a), a) for k, a in moving.items()}
            left, _, right, _ = cell_of(self.film, panel, MARGIN, HEAD, FOOT)
            room = 72 / DPI * WIDTH * (right - left)
            legend(ax, panel, [*still, *self._moving[panel.key].values()], self.palette, room)
            dress(ax, panel)

    def _moved(self, ax: Any, artist: Artist) -> Drawn:
        drawn = make(ax, artist, self.palette)
        _set_moving(drawn)
        return drawn

    def _cells(self) -> list[tuple[Any, Panel, tuple[float, float, float, float]]]:
        """Each panel's axes and the box of its cell, as fractions of the page."""
        return [
            (self._axes[p.key], p, cell_of(self.film, p, MARGIN, HEAD, FOOT))
            for p in self.film.panels
        ]

    def show(self, frame: Frame, seen: Seen) -> None:
        """Draw what differs from the frame that was shown before."""
        if self._say(frame):
            self._draw_caption()
        for panel in self.film.panels:
            moving, changed = self._moving[panel.key], False
            for key, artist in seen[panel.key].items():
                known = moving.get(key)
                if known is None:
                    moving[key] = self._moved(self._axes[panel.key], artist), artist
                elif known[1] is artist or known[1] == artist:
                    continue
                else:
                    known[0].show(artist)
                    moving[key] = known[0], artist
                changed = True
            if changed:
                self._draw_panel(panel)

    def _say(self, frame: Frame) -> bool:
        lines = wrap(
            frame.caption, CAPTION, 72 * (WIDTH - 2 * MARGIN) / DPI, most=LINES, bold=False
        )
        lines += [""] * (LINES - len(lines))
        changed = lines != [text.get_text() for text in self._lines]
        for text, line in zip(self._lines, lines, strict=True):
            text.set_text(line)
        return changed

    def _draw_caption(self) -> None:
        zoom = self.size[0] / WIDTH
        rows = slice(int(self.size[1] - zoom * (FOOT - 2)), int(self.size[1] - 28 * zoom))
        self.pixels[rows] = self._static[rows]
        renderer = self.agg.get_renderer()
        for text in self._lines:
            text.draw(renderer)

    def _draw_panel(self, panel: Panel) -> None:
        left, low, right, high = cell_of(self.film, panel, MARGIN, HEAD, FOOT)
        wide, tall = self.size
        part = (
            slice(int(tall * (1 - high)), int(np.ceil(tall * (1 - low)))),
            slice(int(wide * left), int(np.ceil(wide * right))),
        )
        self.pixels[part] = self._static[part]
        renderer = self.agg.get_renderer()
        for drawn, _ in self._moving[panel.key].values():
            for piece in drawn.pieces:
                piece.set_animated(True)
                piece.draw(renderer)

    @contextmanager
    def whole(self) -> Iterator[Figure]:
        """The figure with what moves as part of it, for a vector format."""
        pieces = [
            p for moving in self._moving.values() for d, _ in moving.values() for p in d.pieces
        ]
        for piece in (*pieces, *self._lines):
            piece.set_animated(False)
        yield self.figure
        for piece in (*pieces, *self._lines):
            piece.set_animated(True)


def _set_moving(drawn: Drawn) -> None:
    """Keep the pieces out of the static picture; `show` may just have made new ones."""
    for piece in drawn.pieces:
        piece.set_animated(True)


def shown(film: Film, theme: str, scale: float) -> Iterator[tuple[Canvas, Frame]]:
    """The canvas after every frame of the film."""
    canvas = None
    for frame, seen in film.states():
        if canvas is None:
            canvas = Canvas(film, frame, seen, theme, scale)
        else:
            canvas.show(frame, seen)
        yield canvas, frame


def stills(
    film: Film, chosen: Collection[int], theme: str, scale: float
) -> Iterator[tuple[int, Canvas, Frame]]:
    """The canvas at the chosen frames (from 0) alone, in the film's order."""
    canvas, last = None, max(chosen)
    for k, (frame, seen) in enumerate(film.states()):
        if canvas is None:  # the first frame settles the legend, whether it is chosen or not
            canvas = Canvas(film, frame, seen, theme, scale)
        elif k in chosen:
            canvas.show(frame, seen)
        if k in chosen:
            yield k, canvas, frame
        if k == last:
            return


def size_at(scale: float) -> tuple[int, int]:
    """Width and height in pixels, both even."""
    wide, high = (2 * max(1, round(n * scale / 2)) for n in (WIDTH, HEIGHT))
    return wide, high


def cell_of(
    film: Film, panel: Panel, margin: float, head: float, foot: float
) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a panel's cell, as fractions of the page."""
    row, column, rows, columns = panel.place
    down, across = grid_of(film)
    x = np.concatenate(((0.0,), np.cumsum(across) / sum(across)))
    y = np.concatenate(((0.0,), np.cumsum(down) / sum(down)))
    wide, tall = WIDTH - margin, HEIGHT - head - foot
    left, right = (margin / 2 + wide * x[i] for i in (column, column + columns))
    top, low = (HEIGHT - head - tall * y[i] for i in (row, row + rows))
    return left / WIDTH, low / HEIGHT, right / WIDTH, top / HEIGHT


def grid_of(film: Film) -> tuple[list[float], list[float]]:
    """The relative heights of the rows and widths of the columns; 1 where none is given."""
    rows = max(p.place[0] + p.place[2] for p in film.panels)
    columns = max(p.place[1] + p.place[3] for p in film.panels)
    down = [*film.rows[:rows], *[1.0] * (rows - len(film.rows))]
    across = [*film.columns[:columns], *[1.0] * (columns - len(film.columns))]
    return down, across


def origin_of(film: Film) -> str:
    """The command that makes the film: its name and settings.

    >>> from backviz import scenes
    >>> origin_of(scenes.tangent(frames=5))
    'backviz animate tangent --curve parabola --frames 5'
    """
    if not film.name:
        return "backviz"
    words = ["backviz animate", film.name]
    for name, value in film.settings.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words.append(f"--{flag} {shlex.quote(str(value))}")
    return " ".join(words)


def lines_of(caption: str) -> list[str]:
    """A caption as lines that fit the page; there is room for two of them.

    >>> lines_of("The point climbs.")
    ['The point climbs.']
    """
    room = 72 * (WIDTH - 2 * MARGIN) / DPI
    return wrap(caption, CAPTION, room, most=LINES + 1, bold=False)


def fitted(
    text: str, sizes: Sequence[float], *, most: int, bold: bool = False
) -> tuple[float, list[str]]:
    """The largest of the sizes at which the text fits the page in `most` lines, and the lines.

    At the last size the text is cut with … if it has to be; files hold it whole.

    >>> fitted("The derivative", (24.0, 18.0), most=1, bold=True)
    (24.0, ['The derivative'])
    """
    room = 72 * (WIDTH - 2 * MARGIN) / DPI
    for size in sizes[:-1]:
        lines = wrap(text, size, room, most=most, bold=bold)
        if not any(line.endswith("…") for line in lines):
            return size, lines
    return sizes[-1], wrap(text, sizes[-1], room, most=most, bold=bold)
