"""A drawing as portable SVG: the subset that slide programs and browsers share.

Invariant: only `g path rect polygon title desc` (and `text` on request, or for letters that our
font lacks), colours as `#rrggbb` attributes, no styles, no references, so that nothing in a label
can become markup or reach outside the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from backviz.diagrams import font
from backviz.diagrams.drawing import Curve, Drawing, Ink, Mark, Part, Polygon, Rect, Text, runs

if TYPE_CHECKING:
    from backviz.diagrams.picture import Picture
    from backviz.diagrams.steps import Steps

SLIDE = 960.0, 580.0  # pixels of reveal's own slide that a figure has, under a heading


def svg(figure: Picture) -> bytes:
    """The figure as an SVG document."""
    style = figure.style
    return svg_document(figure.drawing, keep_text=style.text == "keep", salt=style.salt).encode()


def svg_document(drawing: Drawing, *, keep_text: bool = False, salt: str = "") -> str:
    """The text of the document; `salt` starts every id."""
    prefix = f"{salt}-" if salt else ""
    parts = [_part(part, prefix, keep_text) for part in drawing.parts]
    return "\n".join([*_head(drawing, prefix), *parts, "</svg>"]) + "\n"


def _head(drawing: Drawing, prefix: str, shown: tuple[str, str] | None = None) -> list[str]:
    """The root and what is behind everything; `shown` as wide and high, else in points."""
    size = f"{number(drawing.width)} {number(drawing.height)}"
    width, height = size.split()
    wide, high = shown or (f"{width}pt", f"{height}pt")
    spoken = f' xml:lang="{drawing.lang}"' if drawing.lang != "en" else ""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="0 0 {size}"{spoken} role="img" aria-labelledby="{prefix}title {prefix}desc">',
        f'<title id="{prefix}title">{escape(drawing.title)}</title>',
        f'<desc id="{prefix}desc">{escape(drawing.description)}</desc>',
    ]
    if drawing.source:  # JSON, in which a pair of hyphens would end the remark
        lines.append(
            f"<!-- {drawing.source.replace('--', chr(92) + 'u002d' + chr(92) + 'u002d')} -->"
        )
    if drawing.background:
        lines.append(f'<rect width="{width}" height="{height}" fill="{drawing.background}"/>')
    return lines


def svg_pages(steps: Steps) -> Iterator[bytes]:
    """An SVG document for each step; a part is written once for each state that it has."""
    write, page = _PartWriter(steps), steps.drawing_of(())
    pile, before = [b""] * (steps.places + 2), None
    pile[-1] = b"</svg>\n"
    for moment in steps.moments:
        head = _head(replace(page, description=moment.alt), write.prefix)
        pile[0] = ("\n".join(head) + "\n").encode()
        for place, part in steps.changes(moment, before):
            pile[place + 1] = write(part).encode() + b"\n" if part else b""
        before = moment
        yield b"".join(pile)


class _PartWriter:
    """Parts as SVG, each kept once written: most of a page is the same as on the last."""

    def __init__(self, steps: Steps) -> None:
        style = steps.figure.style
        self.prefix = f"{style.salt}-" if style.salt else ""
        self._keep_text = style.text == "keep"
        self._written: dict[int, tuple[Part, str]] = {}

    def __call__(self, part: Part) -> str:
        found = self._written.get(id(part))
        if found is None:
            found = part, _part(part, self.prefix, self._keep_text)
            self._written[id(part)] = found  # with the part, so that its id stays taken
        return found[1]


def fragments(steps: Steps) -> bytes:
    """One SVG for reveal.js and its kin, to be put into the page itself.

    What a step brings is a `g` with the class `fragment` and the step's index; what a later
    step takes away again is hidden inside in its turn. Without reveal.js the last step shows.
    """
    write = _PartWriter(steps)
    shown: dict[str, tuple[int, Part]] = {}
    order: list[str] = []
    spans: list[tuple[str, int, int, Part]] = []
    for index, moment in enumerate(steps.moments):
        present = {part.id: part for part in steps.parts(moment)}
        order += [name for name in present if name not in order]
        for name in {*shown} | {*present}:
            before, now = shown.get(name), present.get(name)
            if before is not None and before[1] is now:
                continue
            if before is not None:
                spans.append((name, before[0], index, before[1]))
                del shown[name]
            if now is not None:
                shown[name] = index, now
    end = len(steps.moments)
    spans += [(name, begun, end, part) for name, (begun, part) in shown.items()]
    place = {name: i for i, name in enumerate(_bottom_first(order))}
    lines = [
        _fragment(write(replace(part, id=f"{name}-{begun}")), begun, until, end)
        for name, begun, until, part in sorted(spans, key=lambda s: (place[s[0]], s[1]))
    ]
    page = replace(steps.drawing_of(()), description=steps.moments[-1].alt)
    high = number(page.height * on_slide(page))
    head = _head(page, write.prefix, ("100%", high))
    return ("\n".join([*head, *lines, "</svg>"]) + "\n").encode()


def on_slide(page: Drawing) -> float:
    """Pixels of a slide for a point of the page: as large as the slide's room allows."""
    return min(SLIDE[0] / page.width, SLIDE[1] / page.height)


def _bottom_first(names: list[str]) -> list[str]:
    """Arrows under their labels, labels under the boxes, whenever each appeared."""
    rank = {"e": 0, "n": 2}
    return sorted(
        names, key=lambda n: (3 if n in ("caption", "legend", "words") or n.startswith("frame") else
                              1 if n.endswith("-label") else rank[n[0]])
    )  # fmt: skip


def _fragment(part: str, begun: int, until: int, end: int) -> str:
    """A part that is seen from one step up to another; step 0 is there from the start."""
    if until < end:
        gone = f'class="fragment fade-out" data-fragment-index="{until}" visibility="hidden"'
        part = f"<g {gone}>{part}</g>"
    if begun:
        part = f'<g class="fragment" data-fragment-index="{begun}">{part}</g>'
    return part


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
            return "".join(
                _kept(run) if keep_text or run.foreign else _outlined(run)
                for run in runs(mark, typed=keep_text)
            )
        case Ink():
            return _inked(mark)


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


def _inked(ink: Ink) -> str:
    path = "".join(letter + " ".join(map(_point, points)) for letter, points in ink.path)
    looks = f' fill="{ink.fill or "none"}"'
    if ink.fill and ink.cover[0] < 1:
        looks += f' fill-opacity="{number(ink.cover[0])}"'
    if ink.stroke:
        looks += _stroke(ink.stroke, ink.line, ink.dash)
        looks += f' stroke-opacity="{number(ink.cover[1])}"' if ink.cover[1] < 1 else ""
        looks += f' stroke-linecap="{ink.cap}"' if ink.cap != "butt" else ""
        looks += f' stroke-linejoin="{ink.join}"' if ink.join != "miter" else ""
    return f'<path d="{path}"{looks}/>'


def _stroke(colour: str, line: float, dash: tuple[float, ...]) -> str:
    dashes = f' stroke-dasharray="{" ".join(map(number, dash))}"' if dash else ""
    return f' stroke="{colour}" stroke-width="{number(line)}"{dashes}'


def _kept(text: Text) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    x = text.x
    if text.foreign:  # in a font that we cannot know: in the middle of its room
        x += font.width(text.text, text.size, text.bold) / 2
        weight += ' text-anchor="middle"'
    return (
        f'<text x="{number(x)}" y="{number(text.y)}" font-family="DejaVu Sans, sans-serif" '
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
