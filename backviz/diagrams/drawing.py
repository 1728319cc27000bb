"""Marks on a page: what is left when every decision about a figure has been made.

Invariant: lengths are points, y grows downwards, colours are `#rrggbb`. A renderer
for pixels or vectors needs no more than this and decides nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from backviz.diagrams import font
from backviz.diagrams.layout import Point

KAPPA = 0.5522847498307936  # a quarter circle as one cubic piece


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle with rounded corners, filled and outlined."""

    x: float
    y: float
    width: float
    height: float
    fill: str = ""
    stroke: str = ""
    line: float = 0.0
    radius: float = 0.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """A chain of cubic Bézier pieces, `1 + 3 k` points."""

    points: tuple[Point, ...]
    stroke: str
    line: float
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled polygon: an arrow's head."""

    points: tuple[Point, ...]
    fill: str


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; (x, y) is the left end of its baseline.

    `foreign` is a piece of a line with letters that are in other fonts only.
    """

    x: float
    y: float
    text: str
    size: float
    fill: str
    bold: bool = False
    foreign: bool = False


def runs(text: Text, typed: bool = False) -> tuple[Text, ...]:
    """A line of text as pieces of one size and height each, as letters are drawn.

    With `typed`, for a file that keeps text, letters of other fonts stand among the others, and
    words from right to left have their letters in the order of typing.
    """
    made = font.runs(text.text, text.size, text.bold)
    if typed:
        made = _kept_together(made)
    return tuple(
        replace(
            text, x=text.x + run.x, y=text.y + run.y, size=run.size, foreign=run.foreign,
            text=run.turned if run.turned and (typed or run.foreign) else run.text,
        )
        for run in made
    )  # fmt: skip


def _kept_together(made: list[font.Run]) -> list[font.Run]:
    """Pieces that differ by nothing but the fonts that have their letters, as one."""

    def alone(run: font.Run) -> bool:
        return bool(run.turned or (run.text and unicodedata.combining(run.text[0])))

    kept: list[font.Run] = []
    for run in made:
        before = kept[-1] if kept else run
        joins = (before.y, before.size) == (run.y, run.size) and not (alone(before) or alone(run))
        if kept and joins:
            kept[-1] = replace(before, text=before.text + run.text)
        else:
            kept.append(replace(run, foreign=run.foreign and bool(run.turned)))
    return kept


Piece = tuple[str, tuple[Point, ...]]  # a letter as in SVG (M L Q C Z), and where it leads


@dataclass(frozen=True, slots=True)
class Ink:
    """Lines of any form, filled (by winding) and stroked, perhaps as far as one sees through."""

    path: tuple[Piece, ...]
    fill: str = ""
    stroke: str = ""
    line: float = 0.0
    dash: tuple[float, ...] = ()
    cover: tuple[float, float] = (1.0, 1.0)  # of the filling and of the stroke, 1 hides all
    cap: str = "butt"
    join: str = "miter"


Mark = Rect | Curve | Polygon | Text | Ink


@dataclass(frozen=True, slots=True)
class Part:
    """The marks that belong to one box or arrow, with words for a screen reader."""

    id: str
    alt: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What stands in the file of a picture besides the picture: one set of words for all formats.

    `source` is what made it, for a program to read. There is no date.
    """

    title: str
    description: str
    lang: str = "en"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A page of marks, bottom first."""

    width: float
    height: float
    background: str
    parts: tuple[Part, ...]
    title: str
    description: str
    least_text: float = 0.0
    lang: str = "en"
    source: str = ""
    warnings: tuple[str, ...] = field(default=())

    @property
    def about(self) -> About:
        """The words of its file."""
        return About(self.title, self.description, self.lang, self.source)

    def marks(self) -> Iterator[Mark]:
        """Every mark, bottom first."""
        for part in self.parts:
            yield from part.marks


def placed(part: Part, scale: float, dx: float, dy: float) -> Part:
    """A part scaled about the origin and moved."""
    return replace(part, marks=tuple(moved(m, scale, dx, dy) for m in part.marks))


def moved(mark: Mark, scale: float, dx: float, dy: float) -> Mark:
    """A mark scaled about the origin and moved."""

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * scale + dx, point[1] * scale + dy

    match mark:
        case Rect():
            x, y = at((mark.x, mark.y))
            return replace(
                mark,
                x=x,
                y=y,
                width=mark.width * scale,
                height=mark.height * scale,
                line=mark.line * scale,
                radius=mark.radius * scale,
                dash=tuple(d * scale for d in mark.dash),
            )
        case Curve():
            dash = tuple(d * scale for d in mark.dash)
            points = tuple(map(at, mark.points))
            return replace(mark, points=points, line=mark.line * scale, dash=dash)
        case Polygon():
            return replace(mark, points=tuple(map(at, mark.points)))
        case Text():
            x, y = at((mark.x, mark.y))
            return replace(mark, x=x, y=y, size=mark.size * scale)
        case Ink():
            dash = tuple(d * scale for d in mark.dash)
            path = tuple((letter, tuple(map(at, points))) for letter, points in mark.path)
            return replace(mark, path=path, line=mark.line * scale, dash=dash)
