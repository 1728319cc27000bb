"""A drawing as portable SVG: the subset that slide programs and browsers share.

Invariant: only `g path rect polygon title desc` (and `text` on request), colours as
`#rrggbb` attributes, no styles, no references, so that nothing in a label can
become markup or reach outside the file.
"""

from __future__ import annotations

from functools import cache
from xml.sax.saxutils import escape, quoteattr

from backviz.diagrams import font
from backviz.diagrams.drawing import Curve, Drawing, Mark, Part, Polygon, Rect, Text
from backviz.diagrams.figure import Figure


def svg(figure: Figure) -> bytes:
    """The figure as an SVG document."""
    style = figure.style
    return svg_document(figure.drawing, keep_text=style.text == "keep", salt=style.salt).encode()


def svg_document(drawing: Drawing, *, keep_text: bool = False, salt: str = "") -> str:
    """The text of the document; `salt` starts every id."""
    prefix = f"{salt}-" if salt else ""
    size = f"{number(drawing.width)} {number(drawing.height)}"
    width, height = size.split()
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {size}" role="img" aria-labelledby="{prefix}title {prefix}desc">',
        f'<title id="{prefix}title">{escape(drawing.title)}</title>',
        f'<desc id="{prefix}desc">{escape(drawing.description)}</desc>',
    ]
    if drawing.background:
        lines.append(f'<rect width="{width}" height="{height}" fill="{drawing.background}"/>')
    lines += [_part(part, prefix, keep_text) for part in drawing.parts]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _part(part: Part, prefix: str, keep_text: bool) -> str:
    title = f"<title>{escape(part.alt)}</title>" if part.alt else ""
    marks = "".join(_mark(mark, keep_text) for mark in part.marks)
    return f"<g id={quoteattr(prefix + part.id)}>{title}{marks}</g>"


def _mark(mark: Mark, keep_text: bool) -> str:
    match mark:
        case Rect():
            return _rect(mark)
        case Curve():
            start, *rest = mark.points
            path = f"M{_point(start)}C{' '.join(map(_point, rest))}"
            return f'<path d="{path}" fill="none"{_stroke(mark.stroke, mark.line, mark.dash)}/>'
        case Polygon():
            corners = " ".join(map(_point, mark.points))
            return f'<polygon points="{corners}" fill="{mark.fill}"/>'
        case Text():
            return _kept(mark) if keep_text else _outlined(mark)


def _rect(rect: Rect) -> str:
    place = "".join(
        f' {name}="{number(x)}"'
        for name, x in (
            ("x", rect.x),
            ("y", rect.y),
            ("width", rect.width),
            ("height", rect.height),
        )
    )
    radius = f' rx="{number(rect.radius)}" ry="{number(rect.radius)}"' if rect.radius else ""
    stroke = _stroke(rect.stroke, rect.line, rect.dash) if rect.stroke else ""
    return f'<rect{place}{radius} fill="{rect.fill or "none"}"{stroke}/>'


def _stroke(colour: str, line: float, dash: tuple[float, ...]) -> str:
    dashes = f' stroke-dasharray="{" ".join(map(number, dash))}"' if dash else ""
    return f' stroke="{colour}" stroke-width="{number(line)}"{dashes}'


def _kept(text: Text) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    return (
        f'<text x="{number(text.x)}" y="{number(text.y)}" font-family="DejaVu Sans, sans-serif" '
        f'font-size="{number(text.size)}"{weight} fill="{text.fill}" '
        f'xml:space="preserve">{escape(text.text)}</text>'
    )


def _outlined(text: Text) -> str:
    """A line of text as one path in font units, set in place by a transform."""
    pieces, x = [], 0
    for char in text.text:
        shape = font.glyph(char, text.bold)
        pieces.append(_glyph_path(char, text.bold, x))
        x += shape.advance
    path = "".join(pieces)
    if not path:
        return ""
    scale = f"{text.size / font.UNITS:.6f}"
    place = f"translate({number(text.x)} {number(text.y)}) scale({scale} -{scale})"
    return f'<path transform="{place}" d="{path}" fill="{text.fill}"/>'


@cache
def _glyph_tail(char: str, bold: bool) -> tuple[tuple[int, int, str], ...]:
    """Each contour as its start and the rest, relative, so that it can be moved."""
    contours = []
    for contour in font.glyph(char, bold).contours:
        (start,) = contour[0][1]
        here, words = start, []
        for letter, points in contour[1:]:
            steps = [f"{x - here[0]} {y - here[1]}" for x, y in points]
            words.append(letter.lower() + " ".join(steps))
            here = points[-1]
        contours.append((start[0], start[1], "".join(words) + "z"))
    return tuple(contours)


def _glyph_path(char: str, bold: bool, dx: int) -> str:
    return "".join(f"M{x + dx} {y}{tail}" for x, y, tail in _glyph_tail(char, bold))


def number(x: float) -> str:
    """A length with at most two decimals, without a trailing zero.

    >>> number(12.0), number(-0.001), number(3.14159)
    ('12', '0', '3.14')
    """
    text = f"{x:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _point(point: tuple[float, float]) -> str:
    return f"{number(point[0])} {number(point[1])}"
