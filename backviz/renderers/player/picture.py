"""The graph of a level as one inline SVG that holds every state of every box and arrow.

Invariant: a shape is written once, with what it looks like in each state of its part; going
from step to step changes looks and moves nothing. Colours are the page's variables, and
every line of text has its width, so that no font can make it leave its box.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import islice
from typing import Any

from backviz.diagrams import font
from backviz.diagrams.boxes import EM
from backviz.diagrams.drawing import Curve, Ink, Mark, Part, Polygon, Rect, Text, runs
from backviz.diagrams.model import Moment
from backviz.renderers.player.levels import Level
from backviz.renderers.player.looks import Looks
from backviz.renderers.svg import number

ROOM = 0.5 * EM  # around the graph
LEAST = 26 * EM, 11 * EM  # the picture's least size, so that two boxes do not fill a wall
HIDDEN = "-"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


Drawn = tuple[tuple[Mark, Mark], ...]  # the marks of a part in one state, by day and by night


@dataclass(frozen=True, slots=True)
class Shape:
    """A mark as an element without its look, which is a class."""

    tag: str
    text: str
    look: str


def states(moments: Iterable[Moment], kind: str, name: str) -> dict[Any, int]:
    """The states of a box or an arrow, numbered in the order in which they come."""
    found: dict[Any, int] = {}
    for moment in moments:
        found.setdefault(getattr(moment, kind)[name], len(found))
    return found


def picture(level: Level, prefix: str, looks: Looks) -> str:
    """The SVG of a level at its last moment, in natural size; `prefix` starts its ids."""
    day = replace(level.sheet, theme=looks.day, scale=1.0, left=0.0, top=0.0)
    night = replace(day, theme=looks.night)
    moments, diagram = level.steps.moments, day.diagram
    arrows, labels, boxes = [], [], []
    for arrow in diagram.arrows:
        known = states(moments, "arrows", arrow.id)
        now = known[moments[-1].arrows[arrow.id]]
        drawn = [_both(day.arrow(arrow, state), night.arrow(arrow, state)) for state in known]
        inside = _reach(drawn) + _shapes(drawn, now, looks)
        arrows.append(_part("arrow", arrow.id, arrow.alt, inside))
        by_day, by_night = day.label(arrow), night.label(arrow)
        if by_day and by_night:
            both = _both(by_day, by_night)
            inside = _shapes([both if state.backward else () for state in known], now, looks)
            labels.append(f'<g class="label" data-part="{arrow.id}">{inside}</g>')
    for box in diagram.boxes:
        known = states(moments, "boxes", box.id)
        drawn = [_both(day.box(box, state), night.box(box, state)) for state in known]
        inside = _shapes(drawn, known[moments[-1].boxes[box.id]], looks)
        boxes.append(_part("box", box.id, box.alt, inside))
    frames = [
        f'<g class="cluster">{_shapes([_both(*pair)], 0, looks)}</g>'
        for pair in zip(day.frames(), night.frames(), strict=True)
    ]
    return (
        f'<svg viewBox="{_view(day.layout.width, day.layout.height)}" role="group" '
        f'aria-labelledby="{prefix}title {prefix}desc">'
        f'<title id="{prefix}title">{escape(diagram.title)}</title>'
        f'<desc id="{prefix}desc">{escape(moments[-1].alt)}</desc>'
        f'<g class="view">{"".join([*arrows, *labels, *boxes, *frames])}</g></svg>'
    )


def _both(day: Part, night: Part) -> Drawn:
    return tuple(zip(_pieces(day.marks), _pieces(night.marks), strict=True))


def _pieces(marks: Iterable[Mark]) -> Iterator[Mark]:
    for mark in marks:
        yield from runs(mark, typed=True) if isinstance(mark, Text) else (mark,)


def _view(width: float, height: float) -> str:
    """The graph in the middle of some room."""
    wide, high = max(width, LEAST[0]) + 2 * ROOM, max(height, LEAST[1]) + 2 * ROOM
    return " ".join(map(number, ((width - wide) / 2, (height - high) / 2, wide, high)))


def layers(drawn: Sequence[Sequence[Shape]]) -> list[tuple[Shape, list[str]]]:
    """Every shape of all states, bottom first, each with its look in each state.

    >>> a, b = Shape("a", "", "thin"), Shape("b", "", "thin")
    >>> for shape, by_state in layers([[b], [replace(a, look="thick"), b]]):
    ...     print(shape.tag, by_state)
    a ['', 'thick']
    b ['thin', 'thin']
    """
    merged: list[tuple[Shape, list[str]]] = []
    for i, shapes in enumerate(drawn):
        at = 0
        for shape in shapes:
            found = next((j for j in range(at, len(merged)) if _same(merged[j][0], shape)), None)
            if found is None:
                found = at
                merged.insert(at, (shape, [""] * len(drawn)))
            merged[found][1][i] = shape.look
            at = found + 1
    return merged


def _same(one: Shape, other: Shape) -> bool:
    return (one.tag, one.text) == (other.tag, other.text)


def _part(kind: str, name: str, alt: str, inside: str) -> str:
    """A box or an arrow that can be focused and pressed."""
    return (
        f'<g class="{kind}" data-part="{name}" tabindex="0" role="button" '
        f'aria-label="{escape(alt)}">{inside}</g>'
    )


def _reach(drawn: Sequence[Drawn]) -> str:
    """A broad line that is not seen, so that an arrow can be hit."""
    curves = (mark for marks in reversed(drawn) for mark, _ in marks if isinstance(mark, Curve))
    return "".join(f'<path class="reach" d="{_path(curve)}"/>' for curve in islice(curves, 1))


def _shapes(drawn: Sequence[Drawn], now: int, looks: Looks) -> str:
    shapes = [[_shape(*mark, looks) for mark in marks] for marks in drawn]
    return "".join(_element(shape, by_state, now) for shape, by_state in layers(shapes))


def _element(shape: Shape, by_state: list[str], now: int) -> str:
    """A shape; `data-in` has a sign for every state: hidden, or the number of its look."""
    kinds = list(dict.fromkeys(filter(None, by_state)))
    look, more = by_state[now] or kinds[0], "" if by_state[now] else ' display="none"'
    if set(by_state) != {look}:
        more += f' data-in="{"".join(DIGITS[kinds.index(k)] if k else HIDDEN for k in by_state)}"'
        more += f' data-looks="{" ".join(kinds)}"' if len(kinds) > 1 else ""
    return f'<{shape.tag} class="{look}"{more}' + (
        f">{escape(shape.text, quote=False)}</text>" if shape.text else "/>"
    )


def _shape(mark: Mark, night: Mark, looks: Looks) -> Shape:
    """A mark, and the same by night, which differs in its colours only."""
    text = ""
    match mark:
        case Rect():
            tag = "rect" + _attributes({"x": mark.x, "y": mark.y, "width": mark.width,
                                        "height": mark.height, "rx": mark.radius})  # fmt: skip
        case Curve():
            tag = f'path d="{_path(mark)}"'
        case Polygon():
            tag = f'polygon points="{" ".join(_points(mark.points))}"'
        case Text():
            width = font.width(mark.text, mark.size, mark.bold)
            tag = "text" + _attributes({"x": mark.x, "y": mark.y, "textLength": width})
            text = mark.text
        case Ink():
            runs = (letter + " ".join(_points(where)) for letter, where in mark.path)
            tag = f'path d="{"".join(runs)}"'
    return Shape(tag, text, looks.add(_declared(mark, night, looks)))


def _declared(mark: Mark, night: Mark, looks: Looks) -> dict[str, str]:
    """The look of a mark as declarations."""
    style: dict[str, str] = {}
    if isinstance(mark, Text):
        style["font-size"] = f"{number(mark.size)}px"
    if not isinstance(mark, Curve) and not isinstance(night, Curve):
        style["fill"] = looks.colour(mark.fill, night.fill) if mark.fill else "none"
    if isinstance(mark, Text) and mark.bold:
        style["font-weight"] = "bold"
    lines = Rect | Curve | Ink
    if isinstance(mark, lines) and isinstance(night, lines) and mark.stroke:
        style["stroke"] = looks.colour(mark.stroke, night.stroke)
        style["stroke-width"] = number(mark.line)
        if mark.dash:
            style["stroke-dasharray"] = " ".join(map(number, mark.dash))
    return style


def _attributes(given: Mapping[str, float]) -> str:
    return "".join(f' {name}="{_short(x)}"' for name, x in given.items() if x)


def _path(curve: Curve) -> str:
    start, *rest = _points(curve.points)
    return f"M{start}C{' '.join(rest)}"


def _points(points: Iterable[tuple[float, float]]) -> Iterator[str]:
    return (f"{_short(x)} {_short(y)}" for x, y in points)


def _short(x: float) -> str:
    """A length to a tenth of a point: less than what an eye can see on a wall."""
    return number(round(x, 1))
