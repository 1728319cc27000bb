"""Text in a PDF that can be searched and copied, in fonts that the file carries.

Invariant: every character has a number of its own, so that what is copied is what was
written even where two characters look alike or the font has no picture for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backviz.diagrams import font
from backviz.renderers.svg import number

if TYPE_CHECKING:
    from backviz.diagrams.drawing import Text
    from backviz.renderers.pdf import File

METRICS = "/FontBBox [ -1069 -463 1975 1232 ] /Ascent 928 /Descent -236 /CapHeight 729 /StemV 80"
MAP = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <ffff> endcodespacerange
{rows}
endcmap CMapName currentdict /CMap defineresource pop end end"""


class Fonts:
    """The regular and the bold font, and the number that each character has in them."""

    def __init__(self) -> None:
        self._codes: dict[bool, dict[str, int]] = {False: {}, True: {}}
        self._objects: tuple[int, int] | None = None

    def line(self, text: Text) -> str:
        """The operators that write a line of text where y grows downwards."""
        codes = self._codes[text.bold]
        shown = "".join(f"{codes.setdefault(c, len(codes) + 1):04x}" for c in text.text)
        place = f"1 0 0 -1 {number(text.x)} {number(text.y)} Tm"
        return f"BT /F{text.bold:d} {number(text.size)} Tf {place} <{shown}> Tj ET"

    def resources(self, file: File) -> str:
        """How a form names the two fonts, whose objects are filled at the end."""
        if self._objects is None:
            self._objects = file.add("null"), file.add("null")
        regular, bold = self._objects
        return f"/Font << /F0 {regular} 0 R /F1 {bold} 0 R >>"

    def embed(self, file: File) -> None:
        """Put both fonts into the file, with the characters that were written."""
        for place, (bold, codes) in zip(self._objects or (), self._codes.items(), strict=True):
            file[place] = _font(file, codes, bold)


def _font(file: File, codes: dict[str, int], bold: bool) -> str:
    """A font's object; where nothing was written the font holds one empty letter."""
    data, glyphs = font.cut_down("".join(codes), bold)
    name = f"/AAAAAA+DejaVuSans{'-Bold' if bold else ''}"
    program = file.stream(data, f"/Length1 {len(data)}")
    numbers = b"".join(n.to_bytes(2, "big") for n in (0, *(glyphs.get(c, 0) for c in codes)))
    widths = " ".join(f"{font.glyph(c, bold).advance * 1000 / font.UNITS:.0f}" for c in codes)
    meanings = file.stream(MAP.format(rows=_meanings(codes)))
    descriptor = file.add(
        f"<< /Type /FontDescriptor /FontName {name} /Flags 4 /ItalicAngle 0 {METRICS} "
        f"/FontFile2 {program} 0 R >>"
    )
    system = "<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
    letters = file.add(
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont {name} /CIDSystemInfo {system} "
        f"/FontDescriptor {descriptor} 0 R /CIDToGIDMap {file.stream(numbers)} 0 R "
        f"/W [ 1 [ {widths} ] ] >>"
    )
    return (
        f"<< /Type /Font /Subtype /Type0 /BaseFont {name} /Encoding /Identity-H "
        f"/DescendantFonts [ {letters} 0 R ] /ToUnicode {meanings} 0 R >>"
    )


def _meanings(codes: dict[str, int]) -> str:
    """Which character each number stands for, at most a hundred to the block."""
    rows = [f"<{n:04x}> <{c.encode('utf-16-be', 'replace').hex()}>" for c, n in codes.items()]
    blocks = [rows[i : i + 100] for i in range(0, len(rows), 100)]
    return "\n".join(f"{len(b)} beginbfchar {' '.join(b)} endbfchar" for b in blocks)
