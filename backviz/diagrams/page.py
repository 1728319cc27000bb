"""A diagram on a page: layout, direction, scale, caption and legend.

Invariant: everything is laid out once at the natural text size and then scaled as a
whole. Text that ends up smaller than the page's least size is never silent.
"""

from __future__ import annotations

from dataclasses import replace

from backviz.diagrams import font
from backviz.diagrams.arrows import arrow_part, label_part, label_size
from backviz.diagrams.boxes import EM, SMALL, box_part, measure
from backviz.diagrams.drawing import Drawing, Part, Text, placed
from backviz.diagrams.frame import Frame, make_frame
from backviz.diagrams.layout import Edge, Layout, Node, Plan, lay_out
from backviz.diagrams.model import Diagram
from backviz.diagrams.style import Style
from backviz.diagrams.theme import INCH, PRESETS, THEMES, Preset, Theme

RANK_GAP, NODE_GAP = 2.1 * EM, 0.6 * EM
LABELLED_GAP = 1.7 * EM  # where labels add their own room
EDGE = 0.2 * EM  # room around the drawing for borders and stacks
ONE_COLUMN = 3.3 * INCH
TWO_DIRECTIONS_UP_TO = 150


def compose(diagram: Diagram, style: Style) -> Drawing:
    """Lay the diagram out and set it on the page that the style asks for."""
    theme, preset = THEMES[style.theme], PRESETS[style.size]
    layouts = _layouts(diagram, style, preset)
    frame = make_frame(diagram, preset, theme)
    if style.size == "paper":
        frame = _column(layouts, diagram, frame, theme)
        preset = frame.preset
    layout = _best(layouts, frame)
    scale = _scale(frame, layout)
    width = preset.width or max(
        layout.width * scale + 2 * (EDGE + preset.margin), frame.least_width
    )
    taken = frame.taken(width)
    height = preset.height or layout.height * scale + 2 * (EDGE + preset.margin) + taken
    left = (width - layout.width * scale) / 2
    free = height - 2 * preset.margin - taken - layout.height * scale
    top = preset.margin + frame.above(width) + free / 2
    parts = [
        placed(part, scale, left, top)
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
        warnings=_warnings(diagram, least, preset, style),
    )


def plan(diagram: Diagram, style: Style, direction: str) -> Plan:
    """The question for the layout engine: sizes and connections, no text."""
    theme = THEMES[style.theme]
    nodes = tuple(Node(b.id, *measure(b, theme), b.ordered) for b in diagram.boxes)
    edges = tuple(Edge(a.id, a.tail, a.head, *label_size(a)) for a in diagram.arrows)
    gap = LABELLED_GAP if any(e.label_width for e in edges) else RANK_GAP
    return Plan(nodes, edges, "TB" if direction == "TB" else "LR", gap, NODE_GAP)


def _layouts(diagram: Diagram, style: Style, preset: Preset) -> list[Layout]:
    """The asked-for direction, or both where the page may suit one better."""
    directions = [style.direction]
    if style.direction == "auto":
        both = preset.width > 0 and len(diagram.boxes) <= TWO_DIRECTIONS_UP_TO
        directions = ["LR", "TB"] if both else ["LR"]
    return [lay_out(plan(diagram, style, d), style.engine) for d in directions]


def _best(layouts: list[Layout], frame: Frame) -> Layout:
    """The layout in which the text comes out larger.

    Left to right reads like the formula: top to bottom has to be clearly larger.
    """
    across, down = layouts[0], layouts[-1]
    return down if _scale(frame, down) > 1.15 * _scale(frame, across) else across


def _scale(frame: Frame, layout: Layout) -> float:
    return frame.scale(layout.width + 2 * EDGE, layout.height + 2 * EDGE)


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


def _column(layouts: list[Layout], diagram: Diagram, page: Frame, theme: Theme) -> Frame:
    """One column where the text stays large enough, else the width of the page."""
    column = make_frame(diagram, replace(page.preset, width=ONE_COLUMN), theme)
    text = _scale(column, _best(layouts, column)) * EM * SMALL
    fits = text >= page.preset.least and column.least_width <= ONE_COLUMN
    return column if fits else page


def _warnings(diagram: Diagram, least: float, preset: Preset, style: Style) -> tuple[str, ...]:
    warnings = []
    if preset.least and least < preset.least - 0.05:
        unnamed = any(b.role == "op" and not b.title for b in diagram.boxes)
        helps = unnamed and style.fold != "names"
        remedy = "fold it with --fold names" if helps else "draw a part of the graph"
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
