"""Text measured and turned into outlines with the DejaVu Sans that matplotlib ships.

Invariant: sizes come from the font file and from Unicode, never from the system, so a figure
has the same places on every machine, and the same bytes unless a letter is in no file but the
system's. Lengths are in font units, `UNITS` to the em.
"""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from backviz.diagrams.right_to_left import WORD, in_order
from backviz.errors import MissingPieceError
from backviz.language import _
from backviz.lettering import END, LOW
from backviz.signs import MINUS_SPACE, RAISED_SPACE

UNITS = 2048
ASCENT = 0.76
LINE = 1.22

SMALLER, LOWER = 0.68, 0.22  # what stands below a name: its size, and how much lower, in ems
APART = 0.1  # how much higher what stands over it is than else
_ACCENT = "[\u0300-\u036f]"
_SPECIAL = re.compile(f"{LOW}|{_ACCENT}|{WORD}")
_PIECES = re.compile(
    f"{LOW}(?P<low>[^{END}]*){END}?|(?P<base>.)(?P<accent>{_ACCENT}+)|(?P<high>[⁰¹²³⁴-⁹⁺⁻⁽⁾]+)"
    f"|(?P<leftward>{WORD})|(?P<plain>.)", re.DOTALL,
)  # fmt: skip

_AS_WIDE = {RAISED_SPACE: "⁴", MINUS_SPACE: "⁻"}  # so that columns of powers are aligned

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

    def read(self, name: str) -> Glyph:
        """A glyph by its name."""
        return _read(self.glyphs, name)


def _read(glyphs: Any, name: str) -> Glyph:
    from fontTools.pens.recordingPen import DecomposingRecordingPen

    pen = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    return Glyph(round(glyphs[name].width), tuple(_contours(pen.value)))


@cache
def _face(bold: bool) -> _Face:
    return _Face(bold)


@cache
def glyph(char: str, bold: bool = False) -> Glyph:
    """The glyph of one character; one that the font lacks is taken from a font of the system.

    It is an empty frame where no font has it.
    """
    face = _face(bold)
    if char in _AS_WIDE:
        return Glyph(face.read(face.cmap[ord(_AS_WIDE[char])]).advance, ())
    name = face.cmap.get(ord(char))
    if name is not None:
        return face.read(name)
    from backviz.diagrams import system_fonts

    room = round(system_fonts.ems(char) * UNITS)
    other = system_fonts.found(char, bold)
    if other is not None:
        return _into(room, _read(other[0].getGlyphSet(), other[1]), other[0]["head"].unitsPerEm)
    return _into(room, face.read(".notdef")) if room else Glyph(0, ())


def _into(room: int, shape: Glyph, units: int = UNITS) -> Glyph:
    """A glyph of another font in the middle of the room that it has, smaller where it is wider."""
    scale = min(UNITS / units, room / shape.advance) if shape.advance and room else UNITS / units
    aside = (room - shape.advance * scale) / 2 if room else 0.0

    def moved(points: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        return tuple((round(x * scale + aside), round(y * scale)) for x, y in points)

    return Glyph(room, tuple(tuple((letter, moved(points)) for letter, points in contour)
                             for contour in shape.contours))  # fmt: skip


def has(char: str) -> bool:
    """Whether the font itself can draw the character."""
    return char in (LOW, END) or ord(char) in _face(False).cmap


def use_font(file: str | Path) -> None:
    """Take letters that DejaVu Sans lacks from this font first, in all that is drawn from now on.

    Raises `UsageError` if the file is no font with outlines.

    >>> use_font("brush.txt")
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: cannot use brush.txt as a font: No such file or directory
    """
    from backviz.diagrams import system_fonts

    system_fonts.use(str(file))
    glyph.cache_clear()
    _bounds.cache_clear()


def missing(text: str) -> set[str]:
    """The letters of a text that no font can draw."""
    if all(map(has, text)):
        return set()
    from backviz.diagrams import system_fonts

    return {c for c in set(text) if not (has(c) or system_fonts.found(c))}


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
    if _in_pieces(text):
        return max((run.x + _straight(run.text, run.size, bold) for run in runs(text, size, bold)),
                   default=0.0)  # fmt: skip
    return _straight(text, size, bold)


def _straight(text: str, size: float, bold: bool) -> float:
    return sum(glyph(c, bold).advance for c in text) * size / UNITS


@lru_cache(maxsize=4096)
def _in_pieces(text: str) -> bool:
    """Whether a line is more than letters of the font one behind the other."""
    if text.isascii():
        return False
    return _SPECIAL.search(text) is not None or not all(map(has, text))


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line: letters of one size, `x` from its start and `y` below its baseline.

    A `foreign` piece has letters that the font lacks; a `turned` one goes from right to left, and
    `text` has it as it is drawn from the left.
    """

    text: str
    x: float
    y: float
    size: float
    foreign: bool = False
    turned: str = ""  # the letters as they were typed


def runs(text: str, size: float, bold: bool = False) -> list[Run]:
    """A line of text in pieces: what stands lowered is smaller, accents stand over their letters.

    What stands high behind something lowered stands over it, as in h₁⁽²⁾. Words from right to
    left and letters that the font lacks are pieces of their own.

    >>> [(run.text, round(run.x, 2)) for run in runs(f"w{LOW}12{END}·x", 10)]
    [('w', 0.0), ('12', 8.18), ('·x', 16.83)]
    """
    if not _in_pieces(text):
        return [Run(text, 0.0, 0.0, size)]
    made: list[Run] = []
    plain, x, over = "", 0.0, 0.0  # letters that go on, where they begin, and where ⁽²⁾ may stand

    def end_plain() -> None:
        nonlocal plain, x
        if plain:
            made.append(Run(plain, x, 0.0, size, not has(plain[0])))
            x += _straight(plain, size, bold)
            plain = ""

    for piece in _PIECES.finditer(text):
        if piece["plain"] is not None:
            if plain and has(plain[0]) is not has(piece["plain"]):
                end_plain()
            plain += piece["plain"]
            over = 0.0
            continue
        if piece["high"] is not None and not over:
            plain += piece["high"]
            continue
        end_plain()
        if piece["low"] is not None:
            over = x
            for own, signs in groupby(piece["low"], has):
                below = Run("".join(signs), x, LOWER * size, SMALLER * size, not own)
                made.append(below)
                x += _straight(below.text, below.size, bold)
        elif piece["leftward"] is not None:
            typed, drawn = piece["leftward"], in_order(piece["leftward"])
            made.append(Run(drawn, x, 0.0, size, not all(map(has, drawn)), typed))
            over, x = 0.0, x + _straight(drawn, size, bold)
        elif piece["high"] is not None:
            made.append(Run(piece["high"], over, -APART * size, size))
            x, over = max(x, over + _straight(piece["high"], size, bold)), 0.0
        else:
            made.append(Run(piece["base"], x, 0.0, size, not has(piece["base"])))
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
        elif verb == "curveTo":  # of a font with PostScript outlines
            contours[-1].append(("C", _whole(points)))
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
