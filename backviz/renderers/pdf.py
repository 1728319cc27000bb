"""A drawing as PDF: what several pages show is written once and called by each of them.

Invariant: every letter and every part of a drawing is a form that a page calls by its
number, and a page names only the forms that it shows, so that a build grows with what
changes and TeX copies no more than it needs.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from backviz.diagrams import font
from backviz.diagrams.drawing import (
    KAPPA,
    About,
    Curve,
    Drawing,
    Ink,
    Mark,
    Part,
    Piece,
    Polygon,
    Rect,
    Text,
    runs,
)
from backviz.diagrams.theme import rgb
from backviz.errors import UsageError
from backviz.language import _
from backviz.renderers.pdf_fonts import Fonts
from backviz.renderers.svg import number

if TYPE_CHECKING:
    from backviz.diagrams.picture import Picture
    from backviz.diagrams.steps import Steps
    from backviz.diagrams.style import Style

CATALOG, PAGES = 1, 2  # the numbers of the two objects that hold the others
CAPS, JOINS = ("butt", "round", "square"), ("miter", "round", "bevel")  # as PDF numbers them
LAST_SECOND = 253_402_300_799  # of the year 9999


def pdf(figure: Picture) -> bytes:
    """The figure as a one-page PDF: vectors, text as outlines or in an embedded font."""
    drawing = figure.drawing
    return pdf_document(drawing, [(drawing.description, drawing.parts)], figure.style)


def pdf_pages(steps: Steps) -> bytes:
    """One PDF with a page for each step, all pages of one size.

    >>> from backviz import Figure, load
    >>> from backviz.diagrams.steps import Steps
    >>> made = pdf_pages(Steps(Figure(load("@diamond"))))
    >>> made.count(b"/Type /Page "), made.count(b"/Type /Font")
    (5, 0)
    """
    pages = ((moment.alt, steps.parts(moment)) for moment in steps.moments)
    return pdf_document(steps.drawing_of(()), pages, steps.figure.style)


def pdf_document(
    drawing: Drawing, pages: Iterable[tuple[str, Iterable[Part]]], style: Style
) -> bytes:
    """A page for each pile of parts, with its text for a screen reader.

    Size, background and words are those of the drawing.
    """
    file = File()
    forms = _Forms(file, drawing, Fonts() if style.text == "keep" else None)
    size = f"[ 0 0 {drawing.width:.4f} {drawing.height:.4f} ]"
    told: dict[int, str] = {}
    for alt, parts in pages:
        shown = [forms.part(part) for part in parts]
        marks = " ".join([forms.paper, *(f"/X{n} Do" for n in shown)])
        content = file.stream(f"/Figure << /MCID 0 >> BDC {marks} EMC")
        about = f"/MediaBox {size} /Contents {content} 0 R {_resources(shown)}"
        kin = f"/Parent {PAGES} 0 R /StructParents {len(told)}"
        told[file.add(f"<< /Type /Page {kin} {about} >>")] = alt
    if forms.fonts:
        forms.fonts.embed(file)
    file[PAGES] = f"<< /Type /Pages /Kids [ {_references(told)} ] /Count {len(told)} >>"
    tree = f"/MarkInfo << /Marked true >> /StructTreeRoot {_tree(file, told)} 0 R"
    words = f"/Lang ({drawing.lang}) {tree}"
    file[CATALOG] = f"<< /Type /Catalog /Pages {PAGES} 0 R {words} >>"
    return file.written(_information(drawing.about))


def _tree(file: File, told: Mapping[int, str]) -> int:
    """The structure that screen readers follow: a figure on each page, with what it shows."""
    root, document = file.add(""), file.add("")
    figures = []
    for page, alt in told.items():
        place = f"/P {document} 0 R /Pg {page} 0 R /K 0"
        figures.append(file.add(f"<< /Type /StructElem /S /Figure {place} /Alt %s >>", alt))
    kin = " ".join(f"{i} [ {n} 0 R ]" for i, n in enumerate(figures))
    file[document] = (
        f"<< /Type /StructElem /S /Document /P {root} 0 R /K [ {_references(figures)} ] >>"
    )
    file[root] = (
        f"<< /Type /StructTreeRoot /K {document} 0 R /ParentTree << /Nums [ {kin} ] >> "
        f"/ParentTreeNextKey {len(figures)} >>"
    )
    return root


def _references(numbers: Iterable[int]) -> str:
    return " ".join(f"{n} 0 R" for n in numbers)


def _information(words: About) -> dict[str, str]:
    about = {
        "Title": words.title,
        "Subject": words.description,
        "Creator": "backviz",
        "Producer": "backviz",
    }
    if words.source:
        about["Keywords"] = words.source
    if (date := source_date()) is not None:
        about["CreationDate"] = time.strftime("D:%Y%m%d%H%M%SZ", time.gmtime(date))
    return about


def source_date() -> int | None:
    """The second since 1970 that SOURCE_DATE_EPOCH gives a PDF as its date, if it is set.

    Raises `UsageError` if it is no such number.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if given and not (given.isdecimal() and int(given[:20]) <= LAST_SECOND):
        raise UsageError(
            _(
                "SOURCE_DATE_EPOCH is {given!r}, which is no whole number of seconds since "
                "1970; unset it, or set it to one",
                given=given[:40],
            )
        )
    return int(given) if given else None


class File:
    """Numbered objects, the first two kept free for the catalog and the list of pages."""

    def __init__(self) -> None:
        self._objects = [b"", b""]

    def add(self, text: str, *words: str) -> int:
        """The number of a new object; `words` are strings that stand where it has %s."""
        body = text.encode("ascii")
        self._objects.append(body % tuple(map(_string, words)) if words else body)
        return len(self._objects)

    def __setitem__(self, number: int, text: str) -> None:
        self._objects[number - 1] = text.encode("ascii")

    def stream(self, data: str | bytes, about: str = "") -> int:
        """The number of a new object that holds packed data."""
        packed = zlib.compress(data.encode("ascii") if isinstance(data, str) else data, 9)
        head = f"<< {about} /Length {len(packed)} /Filter /FlateDecode >>".encode("ascii")
        self._objects.append(b"%s\nstream\n%s\nendstream" % (head, packed))
        return len(self._objects)

    def written(self, information: Mapping[str, str]) -> bytes:
        """The file: all objects, and where each of them begins."""
        words = b" ".join(b"/%s %s" % (k.encode(), _string(v)) for k, v in information.items())
        self._objects.append(b"<< %s >>" % words)
        pieces, places, at = [b"%PDF-1.4\n%\xac\xdc \xab\xba\n"], [], 0
        for i, body in enumerate(self._objects, 1):
            at += len(pieces[-1])
            places.append(at)
            pieces.append(b"%d 0 obj\n%s\nendobj\n" % (i, body))
        at += len(pieces[-1])
        many = len(self._objects) + 1
        pieces.append(b"xref\n0 %d\n0000000000 65535 f \n" % many)
        pieces += [b"%010d 00000 n \n" % place for place in places]
        ends = many, CATALOG, len(self._objects), at
        pieces.append(b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\n" % ends[:3])
        pieces.append(b"startxref\n%d\n%%%%EOF\n" % at)
        return b"".join(pieces)


def _string(text: str) -> bytes:
    """A string in one of PDF's two encodings.

    >>> _string("a (b)"), _string("é")
    (b'(a \\\\(b\\\\))', b'(\\xfe\\xff\\x00\\xe9)')
    """
    raw = text.encode() if text.isascii() else b"\xfe\xff" + text.encode("utf-16-be", "replace")
    for sign, escaped in ((b"\\", rb"\\"), (b"(", rb"\("), (b")", rb"\)"),
                          (b"\n", rb"\n"), (b"\r", rb"\r")):  # fmt: skip
        raw = raw.replace(sign, escaped)
    return b"(%s)" % raw


def _resources(forms: Iterable[int], fonts: str = "") -> str:
    named = " ".join(f"/X{n} {n} 0 R" for n in sorted(set(forms)))
    return f"/Resources << {f'/XObject << {named} >>' if named else ''}{fonts} >>"


class _Forms:
    """The forms of a file, each written when it is first asked for."""

    def __init__(self, file: File, drawing: Drawing, fonts: Fonts | None) -> None:
        self.file, self.fonts = file, fonts
        width, height = number(drawing.width), number(drawing.height)
        self.paper = f"1 0 0 -1 0 {drawing.height:.4f} cm"  # from here on y grows downwards
        if drawing.background:
            self.paper = f"{_rgb(drawing.background)} rg 0 0 {width} {height} re f {self.paper}"
        self._box = f"/BBox [ 0 0 {width} {height} ]"
        self._parts: dict[int, tuple[Part, int]] = {}
        self._glyphs: dict[tuple[str, bool], int] = {}
        self._covers: set[tuple[float, float]] = set()  # of the part that is being written

    def part(self, part: Part) -> int:
        """The form of a part of the drawing."""
        found = self._parts.get(id(part))
        if found is None:
            used: set[int] = set()
            self._covers.clear()
            content = "\n".join(self._mark(mark, used) for mark in part.marks)
            # all fonts are named: they are numbered when every page has been read
            more = self.fonts.resources(self.file) if self.fonts else ""
            if self._covers:
                more += f" /ExtGState << {' '.join(map(_state, sorted(self._covers)))} >>"
            made = self._form(content, self._box, _resources(used, more))
            found = self._parts[id(part)] = part, made  # with the part: its id stays taken
        return found[1]

    def _form(self, content: str, box: str, resources: str) -> int:
        return self.file.stream(content, f"/Type /XObject /Subtype /Form {box} {resources}")

    def _mark(self, mark: Mark, used: set[int]) -> str:
        match mark:
            case Rect():
                path = f"{_paint(mark.fill, mark.stroke, mark.line, mark.dash)} {_rect(mark)}"
                return f"{path} {'B' if mark.fill and mark.stroke else 'f' if mark.fill else 'S'}"
            case Curve():
                start, *rest = (_at(*point) for point in mark.points)
                pieces = zip(rest[::3], rest[1::3], rest[2::3], strict=True)
                path = " ".join(f"{a} {b} {end} c" for a, b, end in pieces)
                return f"{_paint('', mark.stroke, mark.line, mark.dash)} {start} m {path} S"
            case Polygon():
                start, *rest = (_at(*point) for point in mark.points)
                path = " ".join(f"{point} l" for point in rest)
                return f"{_rgb(mark.fill)} rg {start} m {path} f"
            case Text():
                fonts = self.fonts
                lines = [
                    fonts.line(r) if fonts and not r.foreign else self._outlines(r, used)
                    for r in runs(mark)
                ]
                return " ".join([f"{_rgb(mark.fill)} rg", *lines])
            case Ink():
                look = _paint(mark.fill, mark.stroke, mark.line, mark.dash)
                if mark.stroke:
                    look += f" {CAPS.index(mark.cap)} J {JOINS.index(mark.join)} j"
                if mark.cover != (1.0, 1.0):
                    self._covers.add(mark.cover)
                    look = f"/{_state_name(mark.cover)} gs {look}"
                paint = "B" if mark.fill and mark.stroke else "f" if mark.fill else "S"
                return f"q {look} {_run(mark.path)} {paint} Q"

    def _outlines(self, text: Text, used: set[int]) -> str:
        """A line of text letter by letter, in font units."""
        scale, step = f"{text.size / font.UNITS:.8f}", 0
        words = [f"q {scale} 0 0 -{scale} {_at(text.x, text.y)} cm"]
        for char in text.text:
            shape = font.glyph(char, text.bold)
            if shape.contours:
                form = self._glyph(char, text.bold)
                used.add(form)
                words += [f"1 0 0 1 {step} 0 cm"] if step else []
                words.append(f"/X{form} Do")
                step = 0
            step += shape.advance
        return " ".join([*words, "Q"])

    def _glyph(self, char: str, bold: bool) -> int:
        found = self._glyphs.get((char, bold))
        if found is None:
            contours = font.glyph(char, bold).contours
            points = [p for contour in contours for _other, run in contour for p in run]
            xs, ys = zip(*points, strict=True)
            box = f"/BBox [ {min(xs) - 9} {min(ys) - 9} {max(xs) + 9} {max(ys) + 9} ]"
            path = " ".join(map(_contour, contours))
            found = self._glyphs[char, bold] = self._form(f"{path} f", box, "/Resources << >>")
        return found


def _state_name(cover: tuple[float, float]) -> str:
    return "A" + "x".join(f"{round(100 * each)}" for each in cover)


def _state(cover: tuple[float, float]) -> str:
    return f"/{_state_name(cover)} << /ca {number(cover[0])} /CA {number(cover[1])} >>"


def _run(path: Iterable[Piece]) -> str:
    """Lines of any form."""
    return " ".join(_pieces(path))


def _pieces(path: Iterable[Piece]) -> list[str]:
    """Piece by piece; a quadratic one as the cubic one that is the same curve."""
    words, (x, y) = [], (0.0, 0.0)
    for letter, points in path:
        if letter == "Z":
            words.append("h")
            continue
        if letter == "Q":
            (cx, cy), (ex, ey) = points
            one = _at(x + (cx - x) * 2 / 3, y + (cy - y) * 2 / 3)
            two = _at(ex + (cx - ex) * 2 / 3, ey + (cy - ey) * 2 / 3)
            words.append(f"{one} {two} {_at(ex, ey)} c")
        else:
            words.append(f"{' '.join(_at(*point) for point in points)} {letter.lower()}")
        x, y = points[-1]
    return words


def _contour(contour: font.Contour) -> str:
    """A closed line."""
    words = _pieces(contour)
    if len(contour) <= 4:  # a rectangle such as − or l: viewers move its sides onto pixels
        words.insert(1, words[0].replace(" m", " l"))  # unless it has a fifth corner
    return " ".join([*words, "h"])


def _rect(rect: Rect) -> str:
    x, y, w, h, r = rect.x, rect.y, rect.width, rect.height, rect.radius
    if not r:
        return f"{_at(x, y)} {_at(w, h)} re"
    k = r * (1 - KAPPA)
    right, bottom = x + w, y + h
    corners = (
        ((right - r, y), (right - k, y), (right, y + k), (right, y + r)),
        ((right, bottom - r), (right, bottom - k), (right - k, bottom), (right - r, bottom)),
        ((x + r, bottom), (x + k, bottom), (x, bottom - k), (x, bottom - r)),
        ((x, y + r), (x, y + k), (x + k, y), (x + r, y)),
    )
    sides = (f"{_at(*a)} l {_at(*b)} {_at(*c)} {_at(*d)} c" for a, b, c, d in corners)
    return f"{_at(x + r, y)} m {' '.join(sides)} h"


def _paint(fill: str, stroke: str, line: float, dash: tuple[float, ...]) -> str:
    words = [f"{_rgb(fill)} rg"] if fill else []
    if stroke:
        words.append(f"{_rgb(stroke)} RG {number(line)} w [{' '.join(map(number, dash))}] 0 d")
    return " ".join(words)


def _rgb(colour: str) -> str:
    return " ".join(f"{x / 255:.3g}" for x in rgb(colour))


def _at(x: float, y: float) -> str:
    return f"{number(x)} {number(y)}"
