"""A diagram on a page: layout, direction, scale, caption and legend.

Invariant: everything is laid out once at the natural text size and then scaled as a
whole. Text that ends up smaller than the page's least size is never silent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, partial

from backviz.diagrams import font
from backviz.diagrams.arrows import arrow_part, halo_size, label_part, label_size
from backviz.diagrams.boxes import EM, SMALL, box_part, measure
from backviz.diagrams.clearance import sideways
from backviz.diagrams.drawing import Drawing, Part, Text, placed
from backviz.diagrams.frame import Frame, make_frame
from backviz.diagrams.label_places import free_labels
from backviz.diagrams.layout import Edge, Layout, Node, Plan, Point, lay_out
from backviz.diagrams.layout.rows import in_rows
from backviz.diagrams.model import (
    WHOLE_ARROW,
    WHOLE_BOX,
    Arrow,
    ArrowState,
    Box,
    BoxState,
    Diagram,
    Lines,
)
from backviz.diagrams.style import Style
from backviz.diagrams.theme import INCH, PRESETS, THEMES, Preset, Theme
from backviz.language import _

RANK_GAP, NODE_GAP = 2.1 * EM, 0.6 * EM
TIGHT_GAP = 1.5 * EM  # where words on arrows were left out to make the text larger
LABELLED_GAP = 1.7 * EM  # where labels add their own room
EDGE = 0.6 * EM  # room around the drawing for borders, stacks and arrows that are moved aside
ONE_COLUMN = 3.3 * INCH
ENOUGH = 0.99  # of the least text size: nobody sees a hundredth of it missing
TWO_DIRECTIONS_UP_TO = 2_000
IN_ROWS_UP_TO, ROWS_ON_A_PAGE = 300, 5
FEW_OVER, MOST_OVER_WIDE = 3, 10  # arrows between rows where a page takes its width from them
AT_MOST = 1.4  # of the width that such a page should have


def compose(diagram: Diagram, style: Style) -> Drawing:
    """Lay the diagram out and set it on the page that the style asks for."""
    return lay(diagram, style).drawing()


def lay(diagram: Diagram, style: Style) -> Sheet:
    """Find a place on the page for everything; what is drawn there is decided later."""
    theme, preset = THEMES[style.theme], PRESETS[style.size]
    layouts = _layouts(diagram, style, preset)
    frame = make_frame(diagram, preset, theme)
    if style.size == "paper":
        frame = _column(layouts, diagram, frame, theme)
        preset = frame.preset
    layout = _best(layouts, frame) if preset.width else _narrow(layouts, preset)
    scale = _scale(frame, layout)
    around = 2 * (EDGE * scale + preset.margin)
    width = preset.width or max(layout.width * scale + around, frame.least_width)
    taken = frame.taken(width)
    height = preset.height or layout.height * scale + around + taken
    left = (width - layout.width * scale) / 2
    free = height - 2 * preset.margin - taken - layout.height * scale
    top = preset.margin + frame.above(width) + free / 2
    return Sheet(diagram, style, theme, frame, layout, scale, left, top, width, height)


@dataclass(frozen=True)
class Sheet:
    """A diagram with every place on the page settled: parts are drawn one by one.

    Invariant: what a part shows never moves it, so a build draws only what changes.
    """

    diagram: Diagram
    style: Style
    theme: Theme
    frame: Frame
    layout: Layout
    scale: float
    left: float
    top: float
    width: float
    height: float

    def arrow(self, arrow: Arrow, state: ArrowState = WHOLE_ARROW) -> Part:
        """An arrow's lines, as they look at one moment."""
        curve, ends = self.layout.curves[arrow.id], self._frames
        tail, head, aside = ends[arrow.tail], ends[arrow.head], self._asides.get(arrow.id, 0.0)
        return self._placed(arrow_part(arrow, curve, tail, head, self.theme, state, aside))

    def label(self, arrow: Arrow) -> Part | None:
        """What is written on an arrow, if anything is."""
        if arrow.id not in self.layout.labels:
            return None
        halo = not self.style.transparent
        return self._placed(label_part(arrow, self._labels[arrow.id], self.theme, halo))

    def box(self, box: Box, state: BoxState = WHOLE_BOX) -> Part:
        """A box, as it looks at one moment."""
        return self._placed(box_part(box, self.layout.centers[box.id], self.theme, state))

    def around(self) -> list[Part]:
        """Caption and legend."""
        return self.frame.parts(self.width, self.height)

    def words(self, lines: Lines, colour: str) -> Part:
        """The words of a moment."""
        return self.frame.words(lines, colour, self.width, self.height)

    def drawing(self) -> Drawing:
        """The page with everything shown; lines first, so that labels and boxes lie on top."""
        arrows = self.diagram.arrows
        parts = [self.arrow(a) for a in arrows]
        parts += [part for part in map(self.label, arrows) if part]
        parts += [self.box(b) for b in self.diagram.boxes]
        return self.page((*parts, *self.around()))

    def page(self, parts: tuple[Part, ...]) -> Drawing:
        """These parts, bottom first, on this page."""
        least = min((m.size for p in parts for m in p.marks if isinstance(m, Text)), default=0.0)
        return Drawing(
            self.width,
            self.height,
            "" if self.style.transparent else self.theme.background,
            parts,
            self.diagram.title,
            self.diagram.description,
            least_text=least,
            warnings=self.layout.messages
            + _warnings(self.diagram, least, self.frame.preset, self.style),
        )

    def _placed(self, part: Part) -> Part:
        return placed(part, self.scale, self.left, self.top)

    @cached_property
    def _asides(self) -> dict[str, float]:
        ends = {a.id: (a.tail, a.head) for a in self.diagram.arrows}
        return sideways(self.layout.curves, ends, self._frames)

    @cached_property
    def _labels(self) -> dict[str, Point]:
        drawn = {a.id: (self._asides.get(a.id, 0.0), a.backward) for a in self.diagram.arrows}
        sizes = {a.id: halo_size(a) for a in self.diagram.arrows if a.id in self.layout.labels}
        page = (-EDGE, -EDGE, self.layout.width + EDGE, self.layout.height + EDGE)
        return free_labels(self.layout.labels, sizes, self.layout.curves, drawn, self._frames, page)

    @cached_property
    def _frames(self) -> dict[str, tuple[float, float, float, float]]:
        frames = {}
        for box in self.diagram.boxes:
            width, height = measure(box, self.theme)
            x, y = self.layout.centers[box.id]
            frames[box.id] = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return frames


def plan(diagram: Diagram, style: Style, direction: str) -> Plan:
    """The question for the layout engine: sizes and connections, no text."""
    theme = THEMES[style.theme]
    nodes = tuple(Node(b.id, *measure(b, theme), b.ordered) for b in diagram.boxes)
    edges = tuple(Edge(a.id, a.tail, a.head, *label_size(a)) for a in diagram.arrows)
    bare = RANK_GAP if style.local in ("auto", "show") else TIGHT_GAP
    gap = LABELLED_GAP if any(e.label_width for e in edges) else bare
    return Plan(nodes, edges, "TB" if direction == "TB" else "LR", gap, NODE_GAP)


def _layouts(diagram: Diagram, style: Style, preset: Preset) -> list[Layout]:
    """The asked-for direction, or both where the page may suit one better."""
    directions = [style.direction]
    if style.direction == "auto":
        both = preset.width > 0 and len(diagram.boxes) <= TWO_DIRECTIONS_UP_TO
        directions = ["LR", "TB"] if both else ["LR"]
    layouts: list[Layout] = []
    rows: list[Layout] = []
    for direction in directions:
        asked = plan(diagram, style, direction)
        layouts.append(lay_out(asked, style.engine))
        if style.direction == "auto" and direction == "LR":
            rows = _rows(asked, layouts[0], style, preset)
    return layouts + rows  # arrows around corners are the last choice among equals


def _rows(asked: Plan, row: Layout, style: Style, preset: Preset) -> list[Layout]:
    """The layout in rows, where the page is bounded and a single row is too long for it."""
    highest, widest = preset.height or preset.tallest, _widest(preset)
    if len(asked.nodes) > IN_ROWS_UP_TO or not (highest or row.width > widest):
        return []
    place = partial(lay_out, engine=style.engine)
    if highest:
        return [*in_rows(asked, row, place, ROWS_ON_A_PAGE)]
    made: list[Layout] = []
    for over in (FEW_OVER, MOST_OVER_WIDE) if row.width > AT_MOST * widest else (FEW_OVER,):
        for layout in in_rows(asked, row, place, over=over):
            made.append(layout)
            if layout.width <= widest:
                return made
    return made


def _best(layouts: list[Layout], frame: Frame) -> Layout:
    """The layout in which the text comes out larger.

    Left to right in one row reads like the formula: any other has to be clearly larger.
    """
    first = layouts[0]
    best = max(layouts, key=lambda layout: _scale(frame, layout))
    return best if _scale(frame, best) > 1.15 * _scale(frame, first) else first


def _narrow(layouts: list[Layout], preset: Preset) -> Layout:
    """The first layout that is no wider than it should be, or else the narrowest."""
    widest = _widest(preset)
    fits = [layout for layout in layouts if layout.width <= widest]
    if not fits and layouts[0].width <= AT_MOST * widest:  # rather than a tangle around corners
        fits = layouts
    return fits[0] if fits else min(layouts, key=lambda layout: layout.width)


def _widest(preset: Preset) -> float:
    """How wide a layout of natural size should be where the page takes its width."""
    return (preset.widest or math.inf) * EM / preset.text


def _scale(frame: Frame, layout: Layout) -> float:
    return frame.scale(layout.width + 2 * EDGE, layout.height + 2 * EDGE)


def _column(layouts: list[Layout], diagram: Diagram, page: Frame, theme: Theme) -> Frame:
    """One column where the text stays large enough, else the width of the page."""
    column = make_frame(diagram, replace(page.preset, width=ONE_COLUMN), theme)
    text = _scale(column, _best(layouts, column)) * EM * SMALL
    fits = text >= page.preset.least and column.least_width <= ONE_COLUMN
    return column if fits else page


def _warnings(diagram: Diagram, least: float, preset: Preset, style: Style) -> tuple[str, ...]:
    warnings = []
    if least < ENOUGH * preset.least:
        unnamed = any(b.role == "op" and not b.title for b in diagram.boxes)
        helps = unnamed and style.fold in ("none", "constants")
        told = {"pt": least, "least": preset.least, "place": preset.name}
        warnings.append(
            _(
                "the smallest text is {pt:.1f} pt, less than the {least:g} pt that '{place}' "
                "needs; fold it with --fold names, or choose a larger place",
                **told,
            )
            if helps
            else _(
                "the smallest text is {pt:.1f} pt, less than the {least:g} pt that '{place}' "
                "needs; draw a part (--from, --to, --around), or choose a larger place",
                **told,
            )
        )
    lines = [t for b in diagram.boxes for t in (b.title, b.symbol)]
    strange = sorted({c for line in [*lines, diagram.caption] for c in line if not font.has(c)})
    if strange:
        warnings.append(
            _(
                "the font cannot draw {signs}: shown as empty frames; use Latin, Greek or "
                "Cyrillic letters in labels",
                signs=" ".join(strange[:8]),
            )
        )
    return tuple(warnings)
