"""A system with no fonts but those that a test makes."""

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

from backviz.diagrams import font, system_fonts


def forget():
    system_fonts._given.clear()
    for known in (
        system_fonts.found,
        system_fonts.file_of,
        system_fonts._files,
        system_fonts._letters,
        system_fonts._opened,
        font.glyph,
        font._bounds,
    ):
        known.cache_clear()


@pytest.fixture(name="fonts", autouse=True)
def no_other_fonts(tmp_path, monkeypatch):
    """A system whose only fonts are those of a folder."""
    monkeypatch.setattr(system_fonts, "_folders", lambda: [tmp_path / "fonts"])
    forget()
    yield tmp_path / "fonts"
    forget()


def make_font(path, letters, postscript=False, advance=1000):
    """A font in which every letter is a square of 800 units in an em of 1000."""
    names = [".notdef", *(f"u{ord(c):x}" for c in letters)]
    made = FontBuilder(1000, isTTF=not postscript)
    made.setupGlyphOrder(names)
    made.setupCharacterMap({ord(c): f"u{ord(c):x}" for c in letters})
    shapes = {}
    for name in names:
        pen = T2CharStringPen(advance, None) if postscript else TTGlyphPen(None)
        pen.moveTo((100, 0))
        for corner in ((100, 800), (900, 800)):
            pen.lineTo(corner)
        if postscript:
            pen.curveTo((900, 500), (900, 300), (900, 0))
        else:
            pen.lineTo((900, 0))
        pen.closePath()
        shapes[name] = pen.getCharString() if postscript else pen.glyph()
    if postscript:
        made.setupCFF("Squares", {}, shapes, {})
    else:
        made.setupGlyf(shapes)
    made.setupHorizontalMetrics(dict.fromkeys(names, (advance, 100)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    path.parent.mkdir(exist_ok=True)
    made.save(path)
    return path
