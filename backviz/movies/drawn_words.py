"""How what is read on a panel of its own is drawn: legends with their news, and passages.

Invariant: nothing is cut: what is too long goes on in the next line. All lengths are points of
the page, so that a legend fits whatever page it stands on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.lines import Line2D

import backviz.scenes.artists as kinds
from backviz.diagrams.frame import wrap
from backviz.diagrams.theme import INCH
from backviz.errors import UsageError
from backviz.language import _
from backviz.movies.drawn import SMALL, Drawn, maker
from backviz.movies.letters import Letters, face
from backviz.movies.palette import Palette
from backviz.scenes.artist import Artist

PITCH = 21.4  # points of a line
SAMPLE, GAP, DASH = 40.0, 12.0, 35.5  # points before a text, after it, and of its dash
MOST = 9  # lines of one text
INSET = 18.0  # points of what goes on in a further line of a passage

Line = tuple[float, float, str]  # points from the left, lines from the top, the text


@dataclass(frozen=True)
class Laid:
    """A legend on a page: its lines, where the samples and the news of the series stand.

    Places are (points from the left, lines from the top) of a panel of `count` lines.
    """

    lines: Sequence[Line]
    samples: Sequence[tuple[float, float]]
    news: Sequence[tuple[float, float] | None]
    count: int


def laid(key: kinds.Key, room: float, tall: float = math.inf) -> Laid:
    """A legend in so many points; lines for news go where it would be too tall with them.

    >>> made = laid(kinds.Key("key", ("one", "two"), free=(False, True)), 800.0)
    >>> [text for *_, text in made.lines], made.news, made.count
    (['one', 'two'], (None, (440.0, 1.7)), 2)
    """
    columns = key.columns if room >= 1.6 * SMALL * 10 * key.columns else 1
    wide = room / columns
    told = [wrap(t, SMALL, wide - SAMPLE - GAP, most=MOST, bold=False) for t in key.texts]
    below = [t for note in key.notes for t in wrap(note, SMALL, room, most=MOST, bold=False)]
    for free in (key.free, ()):
        kept = [bool(each) for each in free] or [False] * len(told)
        sizes = [len(lines) + more for lines, more in zip(told, kept, strict=True)]
        split = _split(sizes) if columns == 2 else len(sizes)
        high = max(sum(sizes[:split]), sum(sizes[split:]))
        if PITCH * (high + len(below)) <= tall + 1:
            break
    lines: list[Line] = []
    samples: list[tuple[float, float]] = []
    news: list[tuple[float, float] | None] = []
    for i, texts in enumerate(told):
        left = wide if i >= split else 0.0
        at = sum(sizes[split:i]) if i >= split else sum(sizes[:i])
        samples.append((left, at + 0.5))
        lines += [(left + SAMPLE, at + j + 0.7, text) for j, text in enumerate(texts)]
        news.append((left + SAMPLE, at + sizes[i] - 0.3) if kept[i] else None)
    lines += [(0.0, high + j + 0.7, line) for j, line in enumerate(below)]
    return Laid(lines, samples, tuple(news), high + len(below))


def _split(sizes: Sequence[int]) -> int:
    """How many of the texts stand in the first column, so that the columns are short.

    >>> _split([1, 1, 1]), _split([4, 1, 1]), _split([1, 1, 2, 2])
    (2, 1, 2)
    """
    return min(
        range((len(sizes) > 1), len(sizes) + 1),
        key=lambda n: (max(sum(sizes[:n]), sum(sizes[n:])), abs(2 * n - len(sizes)), -n),
    )


def broken(passage: kinds.Passage, room: float) -> list[Line]:
    """The lines of a passage in so many points."""
    pairs = [
        (INSET * (j > 0), line)
        for text in passage.texts
        for j, line in enumerate(wrap(text, SMALL, room - INSET, most=MOST, bold=False))
    ]
    return [(left, i + 0.8, line) for i, (left, line) in enumerate(pairs)]


def height_of(artist: Artist, room: float, news: bool = True) -> float:
    """The height in points that an artist needs in so many points; 0 if it takes what there is.

    `news` False leaves out the lines that a legend keeps for them.
    """
    if isinstance(artist, kinds.Key):
        return PITCH * laid(artist, room, math.inf if news else 0.0).count
    if isinstance(artist, kinds.Passage):
        return 22.5 * len(broken(artist, room))
    if isinstance(artist, kinds.Table):
        return 1.25 * artist.size * (len(artist.rows) + 1.5)
    return 0.0


def check_room(artist: Artist, ax: Any) -> None:
    """Raises `UsageError` if a table has more rows than its axes have room for."""
    if isinstance(artist, kinds.Table):
        rows = len(artist.rows) + 1.5
        if room_of(ax)[1] < artist.size * rows:
            raise UsageError(
                _(
                    "a table of {n} rows has no room on this page; show fewer of them",
                    n=len(artist.rows),
                )
            )


def is_cramped(artist: Artist, ax: Any) -> bool:
    """Whether words on axes stand over each other or are cut."""
    wide, high = room_of(ax)
    if isinstance(artist, kinds.Table):
        grid = (artist.heads, *artist.rows)
        columns = zip(*grid, strict=True)
        widths = [max(face(artist.size, True).getlength(c) for c in cells) for cells in columns]
        return sum(widths) + 1.2 * artist.size * (len(widths) - 1) > wide  # numbers may get wider
    if isinstance(artist, kinds.Key):
        return PITCH * laid(artist, wide, high).count > 1.05 * high
    if isinstance(artist, kinds.Passage):
        return 1.1 * SMALL * len(broken(artist, wide)) > high
    return False


def room_of(ax: Any) -> tuple[float, float]:
    """Width and height of axes in points of the page."""
    box = ax.get_position()
    wide, high = INCH * ax.figure.get_size_inches()
    return float(wide * box.width), float(high * box.height)


def _letters(ax: Any, color: str) -> Letters:
    text = Letters(0, 0, "", size=SMALL, color=color, transform=ax.transAxes)
    ax.add_artist(text)
    return text


def _put(
    texts: list[Letters], lines: Sequence[Line], count: int, room: tuple[float, float]
) -> None:
    for text, (x, row, said) in zip(texts, lines, strict=True):
        text.set_text(said)
        text.set_position((x / room[0], 1 - row / count))


@maker(kinds.Key)
def _key(ax: Any, a: kinds.Key, palette: Palette) -> Drawn:
    samples = []
    for i in range(len(a.texts)):
        marker = palette.marker("", i) if a.marked else "none"
        color = palette.color(i)
        looks: dict[str, Any] = {"color": color, "lw": 2.5, "ls": palette.dash("", i)}
        line = Line2D([], [], transform=ax.transAxes, **looks)
        spot = Line2D(
            [], [], transform=ax.transAxes, ls="none", marker=marker, ms=12.0, color=color,
            mec=palette.theme.background, mew=1.0,
        )  # fmt: skip
        samples.append((line, spot))
        for piece in (line, spot):
            ax.add_artist(piece)
    drawn = Drawn([piece for pair in samples for piece in pair], lambda _other: None, sized=True)

    def show(b: kinds.Key) -> None:
        room = room_of(ax)
        made = laid(b, *room)
        for (line, spot), (x, row) in zip(samples, made.samples, strict=True):
            y = 1 - row / made.count
            line.set_data([x / room[0], (x + DASH) / room[0]], [y, y])
            spot.set_data([(x + DASH / 2) / room[0]], [y])
        texts = [p for p in drawn.pieces if isinstance(p, Letters)]
        for text in texts[len(made.lines) :]:
            text.remove()
            drawn.pieces.remove(text)
        for _other in made.lines[len(texts) :]:
            drawn.pieces.append(_letters(ax, palette.theme.ink))
        _put([p for p in drawn.pieces if isinstance(p, Letters)], made.lines, made.count, room)

    drawn.show = show
    return drawn


@maker(kinds.News)
def _news(ax: Any, a: kinds.News, palette: Palette) -> Drawn:
    texts = [_letters(ax, palette.theme.ink) for _other in a.texts]

    def show(b: kinds.News) -> None:
        room = room_of(ax)
        made = laid(b.of, *room)
        for text, spot, said in zip(texts, made.news, b.texts, strict=True):
            _put([text], [(*(spot or (0.0, 0.0)), said if spot else "")], made.count, room)

    return Drawn([*texts], show)


@maker(kinds.Passage)
def _passage(ax: Any, a: kinds.Passage, palette: Palette) -> Drawn:
    drawn = Drawn([], lambda _other: None, sized=True)

    def show(b: kinds.Passage) -> None:
        for piece in drawn.pieces:
            piece.remove()
        room = room_of(ax)
        lines = broken(b, room[0])
        drawn.pieces[:] = [_letters(ax, palette.theme.ink) for _other in lines]
        _put(drawn.pieces, lines, len(lines), room)

    drawn.show = show
    return drawn
