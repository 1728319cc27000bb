"""Text measured and turned into outlines with the DejaVu Sans that matplotlib ships.

Invariant: sizes come from the font file alone, never from the system, so a figure
has the same bytes on every machine. Lengths are in font units, `UNITS` to the em.
"""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from backviz.errors import MissingPieceError
from backviz.language import _

UNITS = 2048
ASCENT = 0.76
LINE = 1.22

# A contour is a list of (letter, points) with absolute coordinates, y upwards.
Contour = tuple[tuple[str, tuple[tuple[int, int], ...]], ...]


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character: its width and its outline."""

    advance: int
    contours: tuple[Contour, ...]


def font_file(bold: bool = False) -> Path:
    """The font's place, found without importing matplotlib (which takes .1 s)."""
    spec = importlib.util.find_spec("matplotlib")
    folders = spec.submodule_search_locations if spec else None
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(folders[0]) / "mpl-data" / "fonts" / "ttf" / name if folders else None
    if path is None or not path.is_file():
        raise MissingPieceError(
            _(
                "the font DejaVu Sans was not found; it comes with matplotlib: pip install "
                "matplotlib"
            )
        )
    return path


class _Face:
    """A font file, read glyph by glyph."""

    def __init__(self, bold: bool) -> None:
        from fontTools.ttLib import TTFont

        self.font: Any = TTFont(io.BytesIO(font_file(bold).read_bytes()), lazy=True)
        self.cmap: dict[int, str] = self.font.getBestCmap()
        self.glyphs = self.font.getGlyphSet()

    def read(self, char: str) -> Glyph:
        """The glyph of a character; an empty frame for one that the font lacks."""
        from fontTools.pens.recordingPen import DecomposingRecordingPen

        name = self.cmap.get(ord(char), ".notdef")
        pen = DecomposingRecordingPen(self.glyphs)
        self.glyphs[name].draw(pen)
        return Glyph(round(self.glyphs[name].width), tuple(_contours(pen.value)))


@cache
def _face(bold: bool) -> _Face:
    return _Face(bold)


@cache
def glyph(char: str, bold: bool = False) -> Glyph:
    """The glyph of one character."""
    return _face(bold).read(char)


def has(char: str) -> bool:
    """Whether the font can draw the character."""
    return ord(char) in _face(False).cmap


def cut_down(chars: str, bold: bool = False) -> tuple[bytes, dict[str, int]]:
    """The font's file with the glyphs of these characters only, and the glyph of each.

    A character that the font lacks has none; glyph 0 is the empty frame.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    kept = TTFont(io.BytesIO(font_file(bold).read_bytes()), recalcTimestamp=False)
    options = Options(hinting=False, layout_features=[], notdef_outline=True)
    options.drop_tables += ["FFTM"]  # when FontForge made it
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[ord(c) for c in chars])
    subsetter.subset(kept)
    file = io.BytesIO()
    kept.save(file)
    names = kept.getBestCmap()
    return file.getvalue(), {c: kept.getGlyphID(names[ord(c)]) for c in chars if ord(c) in names}


def width(text: str, size: float, bold: bool = False) -> float:
    """The width of a line of text in points.

    >>> round(width("0", 10), 3), width("12", 10) == 2 * width("0", 10)
    (6.362, True)
    """
    return sum(glyph(c, bold).advance for c in text) * size / UNITS


def _contours(commands: list[tuple[str, Any]]) -> list[Contour]:
    """A pen's record as contours of moves, lines and quadratic curves."""
    contours: list[list[tuple[str, tuple[tuple[int, int], ...]]]] = []
    for verb, points in commands:
        if verb == "moveTo":
            contours.append([("M", _whole(points))])
        elif verb == "lineTo":
            contours[-1].append(("L", _whole(points)))
        elif verb == "qCurveTo":
            run = points
            if run[-1] is None:  # a closed contour of control points only
                run = (*run[:-1], _middle(run[-2], run[0]))
                contours.append([("M", _whole(run[-1:]))])
            for control, end in _split(run):
                contours[-1].append(("Q", _whole((control, end))))
    return [tuple(c) for c in contours]


def _split(points: Any) -> list[tuple[Any, Any]]:
    """TrueType's run of control points as single quadratic pieces."""
    *controls, last = points
    pieces = []
    for here, after in pairwise(controls):
        pieces.append((here, _middle(here, after)))
    pieces.append((controls[-1], last))
    return pieces


def _middle(one: Any, other: Any) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _whole(points: Any) -> tuple[tuple[int, int], ...]:
    return tuple((round(x), round(y)) for x, y in points)
