"""The page of a film: how large it is, what stands around its panels, and where each panel is.

Invariant: lengths are pixels of a page on which the smallest text has 18 points at 96 to the inch;
`zoom` makes the real page of it. So every size is arranged alike, and the text of a size that
is to be read from afar never gets smaller in silence: `told_if_small` says so.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backviz.diagrams.frame import wrap
from backviz.diagrams.style import Style
from backviz.diagrams.theme import INCH, PIXELS, PRESETS
from backviz.errors import UsageError
from backviz.language import _
from backviz.movies.drawn import SMALL
from backviz.movies.drawn_words import height_of
from backviz.scenes.artist import Artist
from backviz.scenes.artists import Key
from backviz.scenes.model import Film, Panel
from backviz.scenes.registry import SCENES

DPI = PIXELS
WIDTH, HEIGHT = (DPI / INCH * n for n in (PRESETS["slide"].width, PRESETS["slide"].height))
MARGIN = 36.0
TITLES, ORIGINS = (24.0, 22.0, 20.0, 18.0), (10.0, 9.0, 8.0, 7.0)  # points, the first that fits
CAPTIONS = 20.0, 18.0  # points: on a page as wide as a slide, and on others
TITLE_LINE = 36.0
LINES, LINE = 2, 30.0  # of a caption on a slide, and their distance
PAD = 30.0  # around what makes its row as high as it needs
LEAST = 250.0, 225.0  # left to the pictures over a legend, with news in it and without
SMALLER, WIDEST = 0.94, 1400.0  # from one try to the next, and the widest page that is tried

Box = tuple[float, float, float, float]
Fitted = tuple[float, list[str]]
Seen = Mapping[str, Mapping[str, Artist]]


@dataclass(frozen=True, slots=True)
class Page:
    """A film on a page of `width` × `height`, shown `zoom` times as large."""

    film: Film
    style: Style
    width: float
    height: float
    zoom: float

    @property
    def points(self) -> float:
        """How many points of text a line has room for between the margins."""
        return INCH * (self.width - 2 * MARGIN) / DPI

    @property
    def corner(self) -> Fitted:
        """The command line in the corner; small letters are set a little wider than they are."""
        return fitted(self.origin, ORIGINS, most=2, room=0.94 * self.points)

    @property
    def title(self) -> str:
        """What stands above the panels; a person's own words replace the scene's."""
        given = self.style.title
        return "" if given == "none" else given or self.film.title

    @property
    def origin(self) -> str:
        """What stands in the corner."""
        return origin_of(self.film) if self.style.command else ""

    @property
    def caption(self) -> float:
        """The size of the caption in points."""
        return CAPTIONS[self.width < WIDTH - 1]

    @property
    def lines(self) -> int:
        """How many lines a caption has room for; as many words as on a slide."""
        slide = INCH * (WIDTH - 2 * MARGIN) / DPI * LINES / CAPTIONS[0]
        return max(LINES, math.ceil(slide * self.caption / self.points - 0.05))

    @property
    def titled(self) -> Fitted:
        """The title's size and its lines: one on a slide, more on a page that is narrow."""
        most = 1 if self.width > WIDTH - 1 else 3
        for lines in range(1, most):
            size, said = fitted(self.title, TITLES, most=lines, bold=True, room=self.points)
            if not said[-1].endswith("…"):
                return size, said
        return fitted(self.title, TITLES, most=most, bold=True, room=self.points)

    @property
    def head(self) -> float:
        """The height above the panels."""
        return 58.0 + TITLE_LINE * (len(self.titled[1]) - 1) if self.title else 16.0

    @property
    def below(self) -> float:
        """The height below the last line of the caption."""
        if not self.origin:
            return 16.0
        size, lines = self.corner
        return 38.0 + 1.7 * size * (len(lines) - 1)

    @property
    def foot(self) -> float:
        """The height below the panels."""
        return self.below + 4 + LINE * self.lines

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height at 18 points."""
        return self.width / DPI, self.height / DPI

    def pixels(self, scale: float) -> tuple[int, int]:
        """Width and height of a picture, both even."""
        wide, high = (
            2 * max(1, round(n * self.zoom * scale / 2)) for n in (self.width, self.height)
        )
        return wide, high

    def may_hold(self, seen: Seen, least: tuple[float, float]) -> bool:
        """Whether each cell has so many points at all; much faster than drawing it."""
        points = INCH / DPI
        return all(
            points * self.width * (right - left) >= least[0]
            and points * self.height * (top - low) >= least[1]
            for panel in self.film.panels
            if panel.axes
            for left, low, right, top in (self.cells(seen)[panel.key],)
        )

    def cells(self, seen: Seen) -> dict[str, Box]:
        """Left, bottom, right and top of each panel's cell, as fractions of the page."""
        down, across = self._grid(seen)
        x = np.concatenate(((0.0,), np.cumsum(across) / sum(across)))
        y = np.concatenate(((0.0,), np.cumsum(down) / sum(down)))
        wide, tall = self.width - MARGIN, self.height - self.head - self.foot
        cells = {}
        for panel in self.film.panels:
            row, column, rows, columns = panel.place
            left, right = (MARGIN / 2 + wide * x[i] for i in (column, column + columns))
            top, low = (self.height - self.head - tall * y[i] for i in (row, row + rows))
            cells[panel.key] = (
                float(left / self.width), float(low / self.height),
                float(right / self.width), float(top / self.height),
            )  # fmt: skip
        return cells

    def _grid(self, seen: Seen) -> tuple[list[float], list[float]]:
        """Heights of the rows and widths of the columns; what needs a height gets it first."""
        down, across = grid_of(self.film)
        room = self.height - self.head - self.foot
        needs = self._needs(seen, down, across, True)
        rest = [i for i, share in enumerate(down) if share and i not in needs]
        if needs and rest and room - sum(needs.values()) < LEAST[0]:
            needs = self._needs(seen, down, across, False)
        left = room - sum(needs.values())
        if needs and rest and left < LEAST[1]:
            raise UsageError(self._crowded())
        shares = sum(down[i] for i in rest)
        for i in rest:
            down[i] = left * down[i] / shares if needs else down[i]
        for i, high in needs.items():
            down[i] = high
        return down, across

    def _needs(
        self, seen: Seen, down: Sequence[float], across: Sequence[float], news: bool
    ) -> dict[int, float]:
        """The rows that have to hold something, and the heights that it needs."""
        needs: dict[int, float] = {}
        for panel in self.film.panels:
            if panel.fits:
                row, column, rows, columns = panel.place
                wide = (self.width - MARGIN) * sum(across[column : column + columns]) / sum(across)
                points = INCH / DPI * wide - 21.0  # what `arrange` keeps clear on both sides
                shown = (*panel.static, *seen[panel.key].values())
                high = DPI / INCH * max((height_of(a, points, news) for a in shown), default=0.0)
                last = [i for i in range(row, row + rows) if down[i]][-1]
                needs[last] = max(needs.get(last, 0.0), high + PAD)
        return needs

    def _crowded(self) -> str:
        keys = [a for p in self.film.panels for a in p.static if isinstance(a, Key)]
        return _(
            "the legend of these {n} series leaves no room for the picture; compare fewer of them, "
            "or with fewer options",
            n=len(keys[0].texts) if keys else 0,
        )


def pages_of(film: Film, style: Style) -> Iterator[Page]:
    """The pages to try for a film, best first; a slide is the first and the last.

    A page that is too narrow for panels side by side has them below each other. The text gets
    smaller from try to try, until the page holds as much as a slide.
    """
    film = _without_legends(film) if not style.legend else film
    preset = PRESETS[style.size]
    wide = INCH * WIDTH / DPI
    zoom = preset.text / SMALL
    if preset.width:
        zoom = min(max(preset.width / wide, preset.least / SMALL), zoom)
    while True:
        width = DPI / INCH * preset.width / zoom if preset.width else WIDTH
        height = DPI / INCH * preset.height / zoom if preset.height else width * HEIGHT / WIDTH
        yield Page(film, style, width, height, zoom)
        if width >= WIDEST or not preset.width or abs(width - WIDTH) < 1:
            return
        for other in _others(film, width < 1.35 * height):
            yield Page(other, style, width, height, zoom)
        zoom *= SMALLER


def told_if_small(page: Page) -> str:
    """A sentence if the smallest text is too small for the place it goes to; else nothing."""
    preset = PRESETS[page.style.size]
    text = SMALL * page.zoom
    if text >= 0.995 * preset.least:
        return ""
    return _(
        "the smallest text is {points:.1f} pt at this size, less than {least:g} pt; use --for "
        "slide, or --no-legend, --title none and --no-command for more room",
        points=text,
        least=preset.least,
    )


def _without_legends(film: Film) -> Film:
    panels = [replace(p, legend="") for p in film.panels if not _is_legend(p)]
    return replace(film, panels=tuple(panels))


def _is_legend(panel: Panel) -> bool:
    return any(isinstance(a, Key) for a in panel.static)


def _others(film: Film, narrow: bool) -> Iterator[Film]:
    """The same film in other arrangements, for a page that does not hold it as it is."""
    stacked = _stacked(film) if narrow else None
    for given in (stacked, film):
        if given:
            if given is not film:
                yield given
            panels = tuple(
                replace(p, legend="below") if " " in p.legend else p for p in given.panels
            )  # a legend over a corner of its axes
            if panels != given.panels:
                yield replace(given, panels=panels)


def _stacked(film: Film) -> Film | None:
    """The panels below each other; nothing if they are so already, or are too many."""
    pictures = [p for p in film.panels if not (p.fits and _is_legend(p))]
    legends = [p for p in film.panels if p.fits and _is_legend(p)]
    order = sorted(pictures, key=lambda p: (p.place[0], p.place[1]))
    same = len({p.place[1] for p in order}) == 1
    if not 1 < len(order) <= 3 or same or any(p.z for p in order):  # a space needs height
        return None
    panels = [
        replace(p, place=(i, 0, 1, 1)) for i, p in enumerate([*order, *legends])
    ]  # a legend stays the last
    rows = [1.0 for _each in panels]
    return replace(film, panels=tuple(panels), rows=tuple(rows), columns=())


def grid_of(film: Film) -> tuple[list[float], list[float]]:
    """The relative heights of the rows and widths of the columns; 1 where none is given."""
    rows = max(p.place[0] + p.place[2] for p in film.panels)
    columns = max(p.place[1] + p.place[3] for p in film.panels)
    down = [*film.rows[:rows], *[1.0] * (rows - len(film.rows))]
    across = [*film.columns[:columns], *[1.0] * (columns - len(film.columns))]
    return down, across


def origin_of(film: Film) -> str:
    """The command that makes the film: its name and settings, without what is empty anyway.

    >>> from backviz import scenes
    >>> origin_of(scenes.tangent(frames=5))
    'backviz animate tangent --curve parabola --frames 5'
    """
    if not film.name:
        return "backviz"
    words = ["backviz animate", film.name]
    made = SCENES[film.name].options if film.name in SCENES else ()
    without = {option.name for option in made if option.default == ""}  # no file is none to name
    for name, value in film.settings.items():
        flag = name.replace("_", "-")
        if value == "" and name in without:
            continue
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words.append(f"--{flag} {shlex.quote(str(value))}")
    return " ".join(words)


def fitted(
    text: str, sizes: Sequence[float], *, most: int, bold: bool = False, room: float = 906.0
) -> Fitted:
    """The largest of the sizes at which the text fits the page in `most` lines, and the lines.

    At the last size the text is cut with … if it has to be; files hold it whole.

    >>> fitted("The derivative", (24.0, 18.0), most=1, bold=True)
    (24.0, ['The derivative'])
    """
    for size in sizes[:-1]:
        lines = wrap(text, size, room, most=most, bold=bold)
        if not any(line.endswith("…") for line in lines):
            return size, lines
    return sizes[-1], wrap(text, sizes[-1], room, most=most, bold=bold)


def lines_of(caption: str) -> list[str]:
    """A caption as lines that fit a slide; there is room for two of them.

    >>> lines_of("The point climbs.")
    ['The point climbs.']
    """
    return wrap(caption, CAPTIONS[0], 906.0, most=LINES + 1, bold=False)
