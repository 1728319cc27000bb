"""Marks as a backend of matplotlib takes them: paths, without axes, pyplot or settings.

Invariant: only the drawing decides what comes out.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Transform

from backviz.diagrams import font
from backviz.diagrams.drawing import KAPPA, Curve, Ink, Mark, Piece, Polygon, Rect, Text, runs
from backviz.diagrams.theme import rgb

if TYPE_CHECKING:
    pass

MAX_PIXELS = 120_000_000
LARGE = 8_000_000  # pixels


def draw_mark(renderer: Any, mark: Mark, page: Affine2D) -> None:
    """Hand one mark to a backend; `page` takes points, y downwards, to the backend's units."""
    for piece in runs(mark) if isinstance(mark, Text) else (mark,):
        _draw(renderer, piece, page)


def _draw(renderer: Any, mark: Mark, page: Affine2D) -> None:
    context = renderer.new_gc()
    context.set_linewidth(0)
    context.set_antialiased(True)
    fill: str = ""
    place: Transform = page
    match mark:
        case Rect():
            path, fill = _rect_path(mark), mark.fill
            _set_stroke(context, mark.stroke, mark.line, mark.dash)
        case Curve():
            path = Path(mark.points, [Path.MOVETO, *[Path.CURVE4] * (len(mark.points) - 1)])
            _set_stroke(context, mark.stroke, mark.line, mark.dash)
        case Polygon():
            codes = [Path.MOVETO, *[Path.LINETO] * (len(mark.points) - 1), Path.CLOSEPOLY]
            path, fill = Path([*mark.points, mark.points[0]], codes), mark.fill
        case Text():
            path, fill = _text_path(mark.text, mark.bold), mark.fill
            size = mark.size / font.UNITS
            place = Affine2D().scale(size, -size).translate(mark.x, mark.y) + page
        case Ink():
            path, fill = _ink_path(mark.path), mark.fill
            _set_stroke(context, mark.stroke, mark.line, mark.dash)
            context.set_alpha(mark.cover[0 if mark.fill else 1])
    if np.size(path.vertices):
        renderer.draw_path(context, path, place, _rgb(fill) if fill else None)
    context.restore()


def _set_stroke(context: Any, colour: str, line: float, dash: tuple[float, ...]) -> None:
    if colour:
        context.set_foreground(colour)
        context.set_linewidth(line)
        context.set_capstyle("butt")
        context.set_joinstyle("miter")
        if dash:
            context.set_dashes(0, list(dash))


@cache
def _rgb(colour: str) -> tuple[float, float, float, float]:
    red, green, blue = (x / 255 for x in rgb(colour))
    return red, green, blue, 1.0


def _ink_path(pieces: tuple[Piece, ...]) -> Path:
    codes = {"M": Path.MOVETO, "L": Path.LINETO, "Q": Path.CURVE3, "C": Path.CURVE4}
    points: list[tuple[float, float]] = []
    kinds: list[Any] = []
    for letter, where in pieces:
        points += where or points[:1]
        kinds += [codes[letter]] * len(where) if where else [Path.CLOSEPOLY]
    return Path(points, kinds)


def _rect_path(rect: Rect) -> Path:
    x, y, w, h, r = rect.x, rect.y, rect.width, rect.height, rect.radius
    if not r:
        corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)]
        return Path(corners, closed=True)
    k = r * (1 - KAPPA)
    points = [
        (x + r, y), (x + w - r, y),
        (x + w - k, y), (x + w, y + k), (x + w, y + r), (x + w, y + h - r),
        (x + w, y + h - k), (x + w - k, y + h), (x + w - r, y + h), (x + r, y + h),
        (x + k, y + h), (x, y + h - k), (x, y + h - r), (x, y + r),
        (x, y + k), (x + k, y), (x + r, y), (x + r, y),
    ]  # fmt: skip
    side = [Path.LINETO, *[Path.CURVE4] * 3]
    return Path(points, [Path.MOVETO, *side * 4, Path.CLOSEPOLY])


def _text_path(text: str, bold: bool) -> Path:
    """A line of text as one compound path in font units."""
    vertices, codes, x = [], [], 0
    for char in text:
        points, kinds = _glyph_arrays(char, bold)
        if len(points):
            vertices.append(points + np.array((x, 0)))
            codes.append(kinds)
        x += font.glyph(char, bold).advance
    if not vertices:
        return Path(np.empty((0, 2)))
    return Path(np.concatenate(vertices), np.concatenate(codes))


@cache
def _glyph_arrays(char: str, bold: bool) -> tuple[Any, Any]:
    letters = {"M": Path.MOVETO, "L": Path.LINETO, "Q": Path.CURVE3, "C": Path.CURVE4}
    points: list[tuple[int, int]] = []
    codes: list[int] = []
    for contour in font.glyph(char, bold).contours:
        for letter, where in contour:
            points += where
            codes += [int(letters[letter])] * len(where)
        points.append(contour[0][1][0])
        codes.append(int(Path.CLOSEPOLY))
    return np.array(points, float).reshape(-1, 2), np.array(codes, np.uint8)
