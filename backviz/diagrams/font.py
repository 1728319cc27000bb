"""Text measured and turned into outlines with the DejaVu Sans that matplotlib ships.

Invariant: sizes come from the font file alone, never from the system, so a figure
has the same bytes on every machine. Lengths are in font units, `UNITS` to the em.
"""

from __future__ import annotations

import importlib.util
import io
import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from backviz.errors import MissingPieceError
from backviz.language import _
from backviz.lettering import END, LOW

UNITS = 2048
ASCENT = 0.76
LINE = 1.22

SMALLER, LOWER = 0.68, 0.22  # what stands below a name: its size, and how much lower, in ems
APART = 0.1  # how much higher what stands over it is than else
_ACCENT = "[\u0300-\u036f]"
_SPECIAL = re.compile(f"{LOW}|{_ACCENT}")
_PIECES = re.compile(
    f"{LOW}(?P<low>[^{END}]*){END}?|(?P<base>.)(?P<accent>{_ACCENT}+)|(?P<high>[⁰¹²³⁴-⁹⁺⁻⁽⁾]+)"
    f"|(?P<plain>.)", re.DOTALL,
)  # fmt: skip

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
    return char in (LOW, END) or ord(char) in _face(False).cmap


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
    if not text.isascii() and _SPECIAL.search(text):
        return max((run.x + _straight(run.text, run.size, bold) for run in runs(text, size, bold)),
                   default=0.0)  # fmt: skip
    return _straight(text, size, bold)


def _straight(text: str, size: float, bold: bool) -> float:
    return sum(glyph(c, bold).advance for c in text) * size / UNITS


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line: letters of one size, `x` from its start and `y` below its baseline."""

    text: str
    x: float
    y: float
    size: float


def runs(text: str, size: float, bold: bool = False) -> list[Run]:
    """A line of text in pieces: what stands lowered is smaller, accents stand over their letters.

    What stands high behind something lowered stands over it, as in h₁⁽²⁾.

    >>> [(run.text, round(run.x, 2)) for run in runs(f"w{LOW}12{END}·x", 10)]
    [('w', 0.0), ('12', 8.18), ('·x', 16.83)]
    """
    if text.isascii() or not _SPECIAL.search(text):
        return [Run(text, 0.0, 0.0, size)]
    made: list[Run] = []
    plain, x, over = "", 0.0, 0.0  # letters that go on, where they begin, and where ⁽²⁾ may stand

    def end_plain() -> None:
        nonlocal plain, x
        if plain:
            made.append(Run(plain, x, 0.0, size))
            x += _straight(plain, size, bold)
            plain = ""

    for piece in _PIECES.finditer(text):
        if piece["plain"] is not None:
            plain += piece["plain"]
            over = 0.0
            continue
        if piece["high"] is not None and not over:
            plain += piece["high"]
            continue
        end_plain()
        if piece["low"] is not None:
            below = Run(piece["low"], x, LOWER * size, SMALLER * size)
            made.append(below)
            over, x = x, x + _straight(below.text, below.size, bold)
        elif piece["high"] is not None:
            made.append(Run(piece["high"], over, -APART * size, size))
            x, over = max(x, over + _straight(piece["high"], size, bold)), 0.0
        else:
            made.append(Run(piece["base"], x, 0.0, size))
            made += [_over(piece["base"], sign, x, size, bold) for sign in piece["accent"]]
            x, over = x + _straight(piece["base"], size, bold), 0.0
    end_plain()
    return made


def _over(letter: str, accent: str, x: float, size: float, bold: bool) -> Run:
    """An accent in the middle over its letter, above it where that is tall."""
    (left, right, top), (start, end, _top) = _bounds(letter, bold), _bounds(accent, bold)
    low = _bounds("x", bold)[2]
    aside = (left + right - start - end) / 2
    return Run(accent, x + aside * size / UNITS, -max(0, top - low) * size / UNITS, size)


@cache
def _bounds(char: str, bold: bool) -> tuple[int, int, int]:
    """The left and right end of a letter's outline and its top; its advance where it has none."""
    found = glyph(char, bold)
    points = [p for contour in found.contours for _letter, run in contour for p in run]
    if not points:
        return 0, found.advance, 0
    xs, ys = zip(*points, strict=True)
    return min(xs), max(xs), max(ys)


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
