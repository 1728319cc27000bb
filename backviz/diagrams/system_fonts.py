"""Letters that DejaVu Sans lacks: how wide they are taken to be, and a font of the system for them.

Invariant: the width comes from Unicode alone, so a picture has the same boxes on every machine;
only the outlines depend on the fonts that are installed, and on the files given to `use`. No
font is looked for before a letter is missing.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from backviz.errors import UsageError
from backviz.language import _

# Files that hold many letters and are on many machines: they are looked into before the others.
KNOWN = (
    "notosans-regular", "notosanscjk-regular", "notosanscjksc-regular", "notosanssc-regular",
    "sourcehansans-regular", "wqy-microhei", "wqy-zenhei", "droidsansfallbackfull",
    "droidsansfallback", "msyh", "simsun", "yugothr", "meiryo", "msgothic", "malgun",
    "seguisym", "segoeui", "seguiemj", "nirmala", "arial unicode", "pingfang", "hiragino sans gb",
    "applesdgothicneo", "apple symbols", "symbola", "notoemoji-regular", "freesans", "unifont",
)  # fmt: skip
ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
EMOJI = 1.4  # ems: the widest that fonts have
MOST = 600  # files that are opened for a letter which none of them has
_given: list[str] = []


def use(file: str) -> None:
    """Look into this font first for letters that DejaVu Sans lacks, from now on.

    Raises `UsageError` if it is no font with outlines.
    """
    if file in _given:
        return
    try:
        face = _opened(file)
        why = "" if _has_outlines(face) and face.getBestCmap() else _("it has no outlines")
    except OSError as error:
        why = error.strerror or str(error)
    except Exception:  # what is no font can fail in any part of the reader
        why = _("it is no TrueType or OpenType font")
    if why:
        raise UsageError(_("cannot use {file} as a font: {why}", file=file, why=why))
    _given.insert(0, file)
    found.cache_clear()
    file_of.cache_clear()


def ems(char: str) -> float:
    """The room that a letter is given, in ems.

    >>> [ems(c) for c in ("学", "🚀", "क", "\u064b")]
    [1.0, 1.4, 1.0, 0.0]
    """
    category = unicodedata.category(char)
    if category in ("Mn", "Me", "Cf"):
        return 0.0
    return EMOJI if category == "So" or 0x1F000 <= ord(char) < 0x20000 else 1.0


@cache
def found(char: str, bold: bool = False) -> tuple[Any, str] | None:
    """The font that can draw a letter, opened, and its glyph there; none if no font can."""
    file = file_of(char, bold)
    return (_opened(file), _letters(file)[ord(char)]) if file else None


@cache
def file_of(char: str, bold: bool = False) -> str:
    """The file of the font that can draw a letter; "" if no font can."""
    for file in (*_given, *_files(bold)):
        name = _letters(file).get(ord(char))
        if name is not None and _is_drawn(_opened(file), name, char):
            return file
    return ""


def _is_drawn(face: Any, name: str, char: str) -> bool:
    """Whether a glyph has an outline: a font of coloured emoji has pictures in its place."""
    from fontTools.pens.boundsPen import ControlBoundsPen

    if not _has_outlines(face):
        return False
    glyphs = face.getGlyphSet()
    pen = ControlBoundsPen(glyphs)
    glyphs[name].draw(pen)
    return pen.bounds is not None or unicodedata.category(char) in ("Zs", "Cf")


def _has_outlines(face: Any) -> bool:
    return "glyf" in face or "CFF " in face


@cache
def _letters(file: str) -> dict[int, str]:
    """The glyph of every letter that a font has; a damaged font has none."""
    from fontTools.ttLib import TTFont

    try:
        with Path(file).open("rb") as stream:
            return dict(TTFont(stream, fontNumber=0, lazy=True).getBestCmap() or {})
    except Exception:
        return {}


@cache
def _opened(file: str) -> Any:
    """A font, or the first of a collection."""
    from fontTools.ttLib import TTFont

    return TTFont(BytesIO(Path(file).read_bytes()), fontNumber=0, lazy=True)


@cache
def _files(bold: bool) -> list[str]:
    """The system's fonts: well-known ones first, among these bold ones for bold text."""
    known = [name.removesuffix("-regular") for name in KNOWN]

    def rank(place: Path) -> tuple[int, bool, str]:
        name = place.stem.lower()
        heavy = name.endswith(("-bold", "bd"))
        family = name.removesuffix("-regular").removesuffix("-bold").removesuffix("bd")
        at = known.index(family) if family in known else len(known)
        return at, heavy is not bold, str(place)

    places = {place for folder in _folders() for place in _under(folder)}
    return [str(place) for place in sorted(places, key=rank)[:MOST]]


def _under(folder: Path) -> Iterator[Path]:
    for where, _folders_there, names in os.walk(folder):
        yield from (Path(where, n) for n in names if n.lower().endswith(ENDINGS))


def _folders() -> list[Path]:
    """Where systems keep their fonts, and a person without rights their own."""
    home = Path.home()
    if sys.platform == "win32":
        roots = [Path(os.environ.get("WINDIR", r"C:\Windows")),
                 Path(os.environ.get("LOCALAPPDATA", home), "Microsoft", "Windows")]  # fmt: skip
        return [root / "Fonts" for root in roots]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    own = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share", "fonts")
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), own, home / ".fonts"]
