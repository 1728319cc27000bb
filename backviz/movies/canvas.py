"""A film's page on matplotlib: what is static is drawn once, and only what changes again.

Invariant: the pixels of a frame depend on the frame alone, not on the one shown before:
a panel in which something changes is wiped to its static picture and its moving artists
are drawn again, bottom first. Panels in which nothing changes are not touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from backviz.diagrams.style import Style
from backviz.diagrams.theme import INCH
from backviz.errors import UsageError
from backviz.language import speaking
from backviz.movies.borrowed import lending, letters_of
from backviz.movies.drawn import Drawn, make
from backviz.movies.drawn_words import check_room, is_cramped
from backviz.movies.letters import Letters
from backviz.movies.looks import FILM, is_plain, said, titled, worded
from backviz.movies.page import (
    DPI,
    LINE,
    MARGIN,
    TITLE_LINE,
    Box,
    Page,
    Seen,
    fitted,
    pages_of,
)
from backviz.movies.palette import Palette
from backviz.movies.panels import ROOM, arrange, dress, holds, legend, make_axes
from backviz.scenes.artist import Artist
from backviz.scenes.artists import View
from backviz.scenes.model import Film, Frame, Panel
from backviz.scenes.numbers import digits_of

SETTINGS: Any = {"pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "backviz",
                 "font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans",
                 "path.simplify": True, "figure.dpi": DPI, "axes.unicode_minus": True}  # fmt: skip


SHARES = 1.0, 0.9, 0.8  # of its size that a caption of many words may have, before it is cut


class Canvas:
    """The page of a film in a style, at its size; shows frame after frame.

    `pixels` (height, width, 4) is RGBA and belongs to the canvas: copy what you keep. `paper`
    replaces the colour of the background, `#rrggbb`.
    """

    def __init__(
        self, film: Film, frame: Frame, seen: Seen, style: Style = FILM, paper: str = ""
    ) -> None:
        self.palette = Palette.of(style.theme, style.decimal, paper, style.lang)
        self.style = style
        lent = letters_of(film, style)
        film, seen = self._said(film), self._seen(seen)
        self._lent = lending(lent)
        with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}), self._lent():
            tried = [*pages_of(film, style)]
            for page in tried:
                try:
                    if page is not tried[-1] and not page.may_hold(seen, ROOM):
                        continue
                    self._try(page, seen)
                except UsageError:
                    if page is tried[-1]:
                        raise
                    continue
                if len(tried) == 1 or self._holds(seen):
                    break
            self._say(frame)
            self.agg.draw()
        self.pixels = np.asarray(self.agg.buffer_rgba())
        self._static = self.pixels.copy()
        self._draw_caption()
        for panel in self.film.panels:
            self._draw_panel(panel)

    def _said(self, film: Film) -> Film:
        if is_plain(self.style):
            return film
        panels = tuple(worded(panel, self.style) for panel in film.panels)
        return replace(titled(film, self.style), panels=panels)

    def _seen(self, seen: Seen) -> Seen:
        """What is shown, in the style's language and decimal mark."""
        if is_plain(self.style):
            return seen
        return {p: {k: worded(a, self.style) for k, a in row.items()} for p, row in seen.items()}

    def _try(self, page: Page, seen: Seen) -> None:
        """Build the film on this page."""
        self.page, self.film = page, page.film
        self._cells = page.cells(seen)
        self._build()
        self._make(seen)
        arrange(self._placed(), self.agg.get_renderer())
        for panel in self.film.panels:
            for drawn, artist in self._still[panel.key]:
                check_room(artist, self._axes[panel.key])
                if drawn.sized:
                    drawn.show(artist)
            for drawn, artist in self._moving[panel.key].values():
                check_room(artist, self._axes[panel.key])
                drawn.show(artist)  # again, now that the panels have their sizes
                _set_moving(drawn)

    def _holds(self, seen: Seen) -> bool:
        """Whether everything can be read on the page that was tried."""
        return holds(self._placed(), self.agg.get_renderer()) and not any(
            is_cramped(artist, self._axes[panel.key])
            for panel in self.film.panels
            for artist in (*panel.static, *seen[panel.key].values())
        )

    def _build(self) -> None:
        page, theme = self.page, self.palette.theme
        wide, high = self.size = page.pixels(self.style.scale)
        dpi = DPI * self.style.scale * page.zoom
        inches = (wide + 1e-11) / dpi, (high + 1e-11) / dpi  # so that whole pixels stay whole
        self.figure = Figure(figsize=inches, dpi=dpi, facecolor=self.palette.paper)
        self.agg: Any = FigureCanvasAgg(self.figure)  # matplotlib's methods have no types
        first = page.foot - 34
        self._lines = [
            self._write(MARGIN, first - LINE * i, page.caption) for i in range(page.lines)
        ]
        for text in self._lines:
            text.set_animated(True)
        size, titles = page.titled
        for i, line in enumerate(titles):
            y = page.height - 38 - TITLE_LINE * i
            self._write(MARGIN, y, size, weight="bold").set_text(line)
        size, lines = page.corner
        for i, line in enumerate(reversed(lines)):  # from the bottom of the page
            corner = page.width - MARGIN / 2, 5 + 1.15 * i * size * DPI / INCH
            self._write(*corner, size, color=theme.muted, ha="right").set_text(line)

    def _write(self, x: float, y: float, size: float, **looks: Any) -> Letters:
        looks = {"color": self.palette.theme.ink, **looks}
        place = self.figure.transFigure
        text = Letters(
            x / self.page.width, y / self.page.height, "", size=size, transform=place, **looks
        )
        self.figure.add_artist(text)
        return text

    def _make(self, seen: Seen) -> None:
        self._axes = {p.key: make_axes(self.figure, p, self.palette) for p in self.film.panels}
        self._still: dict[str, list[tuple[Drawn, Artist]]] = {}
        self._moving: dict[str, dict[str, tuple[Drawn, Artist]]] = {}
        for panel in self.film.panels:
            ax, moving = self._axes[panel.key], seen[panel.key]
            still = [(make(ax, a, self.palette), a) for a in panel.static]
            self._still[panel.key] = still
            self._moving[panel.key] = {k: (self._moved(ax, a), a) for k, a in moving.items()}
            left, _, right, _ = self._cells[panel.key]
            room = INCH / DPI * self.page.width * (right - left)
            legend(ax, panel, [*still, *self._moving[panel.key].values()], self.palette, room)
            dress(ax, panel, self.palette.decimal)

    def _moved(self, ax: Any, artist: Artist) -> Drawn:
        drawn = make(ax, artist, self.palette)
        _set_moving(drawn)
        return drawn

    def _placed(self) -> list[tuple[Any, Panel, Box, str]]:
        """Each panel's axes, the box of its cell, and the decimal mark of its numbers."""
        mark = self.palette.decimal
        return [(self._axes[p.key], p, self._cells[p.key], mark) for p in self.film.panels]

    def show(self, frame: Frame, seen: Seen) -> None:
        """Draw what differs from the frame that was shown before."""
        seen = self._seen(seen)
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
        page = self.page
        sizes = [page.caption * share for share in SHARES]
        size, lines = fitted(
            said(frame.caption, self.style), sizes, most=page.lines, room=0.98 * page.points
        )
        lines += [""] * (page.lines - len(lines))
        changed = lines != [text.get_text() for text in self._lines]
        for text, line in zip(self._lines, lines, strict=True):
            text.set_text(line)
            text.set_fontsize(size)
        return changed

    def _draw_caption(self) -> None:
        page, zoom = self.page, self.size[0] / self.page.width
        top, low = zoom * (page.foot - 2), zoom * (page.below - 10)
        rows = slice(int(self.size[1] - top), int(self.size[1] - low))
        self.pixels[rows] = self._static[rows]
        renderer = self.agg.get_renderer()
        for text in self._lines:
            text.draw(renderer)

    def _draw_panel(self, panel: Panel) -> None:
        left, low, right, high = self._cells[panel.key]
        wide, tall = self.size
        part = (
            slice(int(tall * (1 - high)), int(np.ceil(tall * (1 - low)))),
            slice(int(wide * left), int(np.ceil(wide * right))),
        )
        renderer = self.agg.get_renderer()
        if any(isinstance(artist, View) for _, artist in self._moving[panel.key].values()):
            self.pixels[part] = self._static[0, 0]  # a turned panel has nothing that stays
            self._axes[panel.key].draw(renderer)
        else:
            self.pixels[part] = self._static[part]
        for drawn, _ in self._moving[panel.key].values():
            for piece in drawn.pieces:
                piece.set_animated(True)
                piece.draw(renderer)

    def draw_on(self, renderer: Any) -> None:
        """Hand the page to another backend in the order of the pixels: what moves comes last."""
        with self._lent():
            self._draw_all(renderer)

    def _draw_all(self, renderer: Any) -> None:
        self.figure.draw(renderer)
        for text in self._lines:
            text.draw(renderer)
        for moving in self._moving.values():
            for drawn, _other in moving.values():
                for piece in drawn.pieces:
                    piece.set_animated(True)
                    piece.draw(renderer)


def _set_moving(drawn: Drawn) -> None:
    """Keep the pieces out of the static picture; `show` may just have made new ones."""
    for piece in drawn.pieces:
        piece.set_animated(True)


def shown(film: Film, style: Style = FILM, paper: str = "") -> Iterator[tuple[Canvas, Frame]]:
    """The canvas after every frame of the film."""
    canvas = None
    for frame, seen in states(film, style):
        if canvas is None:
            canvas = Canvas(film, frame, seen, style, paper)
        else:
            canvas.show(frame, seen)
        yield canvas, frame


def stills(
    film: Film, chosen: Collection[int], style: Style = FILM, paper: str = ""
) -> Iterator[tuple[int, Canvas, Frame]]:
    """The canvas at the chosen frames (from 0) alone, in the film's order."""
    canvas, last = None, max(chosen)
    for k, (frame, seen) in enumerate(states(film, style)):
        if canvas is None:  # the first frame settles the legend, whether it is chosen or not
            canvas = Canvas(film, frame, seen, style, paper)
        elif k in chosen:
            canvas.show(frame, seen)
        if k in chosen:
            yield k, canvas, frame
        if k == last:
            return


def states(film: Film, style: Style) -> Iterator[tuple[Frame, dict[str, dict[str, Artist]]]]:
    """The states of a film, its numbers and captions as the style asks for.

    A scene that words its captions itself (`language._`) is asked in the style's language.
    """
    made = film.states()
    while True:
        with digits_of(style.digits), speaking(style.lang):
            state = next(made, None)
        if state is None:
            return
        frame, seen = state
        yield replace(frame, caption=said(frame.caption, style)), seen
