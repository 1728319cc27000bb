"""A diagram on a page: layout, direction, scale, caption and legend.

Invariant: everything is laid out once at the natural text size and then scaled as a
whole. Text that ends up smaller than the page's least size is never silent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from backviz.diagrams import font
from backviz.diagrams.arrows import arrow_part, label_part, label_size
from backviz.diagrams.boxes import EM, SMALL, box_part, measure
from backviz.diagrams.drawing import Curve, Drawing, Mark, Part, Polygon, Rect, Text
from backviz.diagrams.layout import Edge, Layout, Node, Plan, lay_out
from backviz.diagrams.model import Diagram
from backviz.diagrams.style import Style
from backviz.diagrams.theme import INCH, PRESETS, THEMES, Preset, Theme

RANK_GAP, NODE_GAP = 2.1 * EM, 0.6 * EM
LABELLED_GAP = 1.4 * EM  # where labels add their own room
EDGE = 0.2 * EM  # room around the drawing for borders and stacks
ONE_COLUMN = 3.3 * INCH
TWO_DIRECTIONS_UP_TO = 150


def compose(diagram: Diagram, style: Style) -> Drawing:
    """Lay the diagram out and set it on the page that the style asks for."""
    theme, preset = THEMES[style.theme], PRESETS[style.size]
    if style.size == "paper":
        preset = _paper(diagram, style, preset)
    frame = _frame(diagram, preset, theme)
    layout = _best_layout(diagram, style, frame)
    scale = frame.scale(layout)
    width = preset.width or max(
        layout.width * scale + 2 * (EDGE + preset.margin), frame.least_width
    )
    taken = frame.taken(width)
    height = preset.height or layout.height * scale + 2 * (EDGE + preset.margin) + taken
    left = (width - layout.width * scale) / 2
    free = height - 2 * preset.margin - taken - layout.height * scale
    top = preset.margin + frame.above + free / 2
    parts = [
        _placed(part, scale, left, top)
        for part in _graph_parts(diagram, layout, theme, not style.transparent)
    ]
    parts += frame.parts(width, height)
    least = min((m.size for p in parts for m in p.marks if isinstance(m, Text)), default=0.0)
    return Drawing(
        width,
        height,
        "" if style.transparent else theme.background,
        tuple(parts),
        diagram.title,
        diagram.description,
        least_text=least,
        warnings=_warnings(diagram, least, preset),
    )


def plan(diagram: Diagram, style: Style, direction: str) -> Plan:
    """The question for the layout engine: sizes and connections, no text."""
    theme = THEMES[style.theme]
    nodes = tuple(Node(b.id, *measure(b, theme), b.ordered) for b in diagram.boxes)
    edges = tuple(Edge(a.id, a.tail, a.head, *label_size(a)) for a in diagram.arrows)
    gap = LABELLED_GAP if any(e.label_width for e in edges) else RANK_GAP
    return Plan(nodes, edges, "TB" if direction == "TB" else "LR", gap, NODE_GAP)


def _best_layout(diagram: Diagram, style: Style, frame: _Frame) -> Layout:
    """The asked-for direction, or the one in which the text comes out larger."""
    if style.direction != "auto":
        return lay_out(plan(diagram, style, style.direction), style.engine)
    across = lay_out(plan(diagram, style, "LR"), style.engine)
    if not frame.bounded or len(diagram.boxes) > TWO_DIRECTIONS_UP_TO:
        return across
    down = lay_out(plan(diagram, style, "TB"), style.engine)
    # left to right reads like the formula: top to bottom has to be clearly larger
    return down if frame.scale(down) > 1.15 * frame.scale(across) else across


def _graph_parts(diagram: Diagram, layout: Layout, theme: Theme, halo: bool) -> list[Part]:
    """Lines first, so that labels and boxes lie on top of them."""
    frames = {}
    for box in diagram.boxes:
        width, height = measure(box, theme)
        x, y = layout.centers[box.id]
        frames[box.id] = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    parts = [
        arrow_part(a, layout.curves[a.id], frames[a.tail], frames[a.head], theme)
        for a in diagram.arrows
    ]
    parts += [
        label_part(a, layout.labels[a.id], theme, halo)
        for a in diagram.arrows
        if a.id in layout.labels
    ]
    return parts + [box_part(b, layout.centers[b.id], theme) for b in diagram.boxes]


@dataclass(frozen=True)
class _Frame:
    """What stands around the graph, and the room that is left for it."""

    preset: Preset
    caption: tuple[Text, ...]
    legend: tuple[tuple[Mark, ...], ...]
    legend_widths: tuple[float, ...]
    line: float

    @property
    def bounded(self) -> bool:
        return self.preset.width > 0

    @property
    def above(self) -> float:
        return 1.6 * self.caption[0].size if self.caption else 0.0

    def rows(self, width: float) -> list[list[int]]:
        """The legend's items broken into lines that fit a page of that width."""
        room = width - 2 * self.preset.margin + 0.01
        rows: list[list[int]] = []
        used = 0.0
        for i, item in enumerate(self.legend_widths):
            if rows and used + self.line + item <= room:
                rows[-1].append(i)
                used += self.line + item
            else:
                rows.append([i])
                used = item
        return rows

    def taken(self, width: float) -> float:
        """The height of caption and legend together."""
        below = self.line * (len(self.rows(width)) + 0.4) if self.legend else 0.0
        return self.above + below

    @property
    def least_inner(self) -> float:
        caption = (
            font.width(self.caption[0].text, self.caption[0].size, True) if self.caption else 0
        )
        return max([caption, *self.legend_widths])

    @property
    def least_width(self) -> float:
        return self.least_inner + 2 * self.preset.margin if self.legend or self.caption else 0.0

    def scale(self, layout: Layout) -> float:
        """Natural size to page size."""
        preset = self.preset
        scale = preset.text / EM if not self.bounded else preset.most / EM
        if preset.width:
            room = preset.width - 2 * preset.margin
            scale = min(scale, room / max(1.0, layout.width + 2 * EDGE))
        if preset.height:
            room = preset.height - 2 * preset.margin - self.taken(preset.width)
            scale = min(scale, room / max(1.0, layout.height + 2 * EDGE))
        return scale

    def parts(self, width: float, height: float) -> list[Part]:
        """Caption at the top, legend at the bottom, both in the middle."""
        parts = []
        for text in self.caption:
            x = (width - font.width(text.text, text.size, True)) / 2
            y = self.preset.margin + text.size
            parts.append(Part("caption", "", (replace(text, x=x, y=y),)))
        rows = self.rows(width)
        top = height - self.preset.margin - self.line * len(rows)
        marks: list[Mark] = []
        for row in rows:
            total = sum(self.legend_widths[i] for i in row) + self.line * (len(row) - 1)
            x = (width - total) / 2
            for i in row:
                marks += [_moved(m, 1.0, x, top) for m in self.legend[i]]
                x += self.legend_widths[i] + self.line
            top += self.line
        return [*parts, Part("legend", "", tuple(marks))] if marks else parts


def _frame(diagram: Diagram, preset: Preset, theme: Theme) -> _Frame:
    size = max(preset.least, SMALL * preset.text)
    items = [_legend_item(kind, words, size, theme) for kind, words in diagram.legend]
    caption: tuple[Text, ...] = ()
    if diagram.caption:
        caption = (Text(0, 0, diagram.caption, 1.15 * preset.text, theme.ink, bold=True),)
    return _Frame(
        preset,
        caption,
        tuple(marks for marks, _ in items),
        tuple(width for _, width in items),
        size * 1.35,
    )


def _legend_item(
    kind: str, words: str, size: float, theme: Theme
) -> tuple[tuple[Mark, ...], float]:
    """A sample of the line or number and what it means."""
    sample: list[Mark]
    middle, length = 0.7 * size, 1.8 * size
    colour = theme.forward if kind == "value" else theme.gradient
    head = 0.42 * size
    if kind == "local":
        width = font.width("−2", size)
        sample = [Text(0, size, "−2", size, colour)]
    else:
        tip, base = (length, length - head) if kind == "value" else (0.0, head)
        ends = (0.0, length - head) if kind == "value" else (head, length)
        dash = () if kind == "value" else (0.3 * size, 0.2 * size)
        straight = tuple((ends[0] + (ends[1] - ends[0]) * k / 3, middle) for k in range(4))
        sample = [
            Curve(straight, colour, 0.1 * size, dash),
            Polygon(((tip, middle), (base, middle - head / 2), (base, middle + head / 2)), colour),
        ]
        width = length
    x = width + 0.45 * size
    sample.append(Text(x, size, words, size, colour))
    return tuple(sample), x + font.width(words, size)


def _paper(diagram: Diagram, style: Style, preset: Preset) -> Preset:
    """One column where the text stays large enough, else the width of the page."""
    column = replace(preset, width=ONE_COLUMN)
    frame = _frame(diagram, column, THEMES[style.theme])
    layout = _best_layout(diagram, style, frame)
    fits = frame.scale(layout) * EM * SMALL >= column.least and frame.least_width <= ONE_COLUMN
    return column if fits else preset


def _warnings(diagram: Diagram, least: float, preset: Preset) -> tuple[str, ...]:
    warnings = []
    if preset.least and least < preset.least - 0.05:
        folded = any(b.stacked for b in diagram.boxes)
        remedy = "draw a part of the graph" if folded else "fold it with --fold names"
        warnings.append(
            f"the smallest text is {least:.1f} pt, less than the {preset.least:g} pt that "
            f"'{preset.name}' needs; {remedy}, or choose a larger place"
        )
    lines = [t for b in diagram.boxes for t in (b.title, b.symbol)]
    strange = sorted({c for line in [*lines, diagram.caption] for c in line if not font.has(c)})
    if strange:
        warnings.append(
            f"the font cannot draw {' '.join(strange[:8])}: shown as empty frames; "
            "use Latin, Greek or Cyrillic letters in labels"
        )
    return tuple(warnings)


def _placed(part: Part, scale: float, dx: float, dy: float) -> Part:
    return replace(part, marks=tuple(_moved(m, scale, dx, dy) for m in part.marks))


def _moved(mark: Mark, scale: float, dx: float, dy: float) -> Mark:
    """A mark scaled about the origin and moved."""

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * scale + dx, point[1] * scale + dy

    match mark:
        case Rect():
            x, y = at((mark.x, mark.y))
            return replace(
                mark,
                x=x,
                y=y,
                width=mark.width * scale,
                height=mark.height * scale,
                line=mark.line * scale,
                radius=mark.radius * scale,
                dash=tuple(d * scale for d in mark.dash),
            )
        case Curve():
            dash = tuple(d * scale for d in mark.dash)
            points = tuple(map(at, mark.points))
            return replace(mark, points=points, line=mark.line * scale, dash=dash)
        case Polygon():
            return replace(mark, points=tuple(map(at, mark.points)))
        case Text():
            x, y = at((mark.x, mark.y))
            return replace(mark, x=x, y=y, size=mark.size * scale)
