"""A diagram on a page: layout, direction, scale, caption and legend.

Invariant: everything is laid out once at the natural text size and then scaled as a
whole. Text that ends up smaller than the page's least size is never silent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice

from backviz.diagrams.arrows import arrow_part, halo_size, label_part
from backviz.diagrams.boxes import CHIP, EM, SMALL, box_part, measure
from backviz.diagrams.clearance import sideways, touching
from backviz.diagrams.clusters import cluster_part
from backviz.diagrams.drawing import Drawing, Part, Text, placed
from backviz.diagrams.frame import Frame, make_frame
from backviz.diagrams.label_places import free_labels, struck
from backviz.diagrams.layout import Edge, Layout, Point
from backviz.diagrams.layout.rows import Place
from backviz.diagrams.lettered import drawn, sentences
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
from backviz.diagrams.tangle import crossing, out_of_order
from backviz.diagrams.theme import INCH, PRESETS, THEMES, Preset, Theme
from backviz.diagrams.tidy import LARGE, tidiest
from backviz.diagrams.ways import EDGE, MOST_WIDE, Way, best, most_of, narrow, plan, scale_of, ways
from backviz.language import _

ONE_COLUMN = 3.3 * INCH
MOST_TIDIED = 150  # arrows; what is laid out with more of them takes too long to try again
A_FEW = 2  # crossings that are no reason to lay a diagram out in another way
WIDER, SMALLER = 1.2, 0.95  # a drawing, and its text, where that makes it easier to follow
SMALL_ANYWAY = 0.6  # of the least text size: what is smaller is followed by its lines, not read
ENOUGH = 0.99  # of the least text size: nobody sees a hundredth of it missing


def compose(diagram: Diagram, style: Style) -> Drawing:
    """Lay the diagram out and set it on the page that the style asks for."""
    return lay(diagram, style).drawing()


def lay(diagram: Diagram, style: Style, like: Sheet | None = None) -> Sheet:
    """Find a place on the page for everything; what is drawn there is decided later.

    With `like` the boxes stand as on that sheet, which has the same ones in other sizes.
    """
    page = Page(diagram, style)
    return page.like(like) if like else page.tidy


class Page:
    """A diagram on the page that the style asks for, laid out when that is needed.

    `shown` has its names as they are drawn. `sheet` is enough to know how large everything is;
    `tidy` takes care of crossings too.
    """

    def __init__(self, diagram: Diagram, style: Style, part: Preset | None = None) -> None:
        self.diagram, self.style = diagram, style
        self.shown = drawn(diagram)
        self.preset = part or PRESETS[style.size]  # `part` is the room on a page with more on it

    @property
    def most_text(self) -> float:
        """A size that the smallest text of the sheet does not exceed; most layouts are not made."""
        most = max(way.most(self._frame) for way in self._ways)
        return min(most * smallest(self.shown), self._frame.least_text)

    @cached_property
    def sheet(self) -> Sheet:
        """The page with the layout of the first engine."""
        return self._on(self._way)

    def like(self, other: Sheet) -> Sheet:
        """The page with its boxes in the order and in the rows of another sheet."""
        way = other.way.on(plan(self.shown, self.style, other.way.plan.direction))
        return self._on(way, other.place)

    @cached_property
    def tidy(self) -> Sheet:
        """The page with the layout that a reader follows most easily, with text as large.

        Crossings count first, operands in their written order next, then the first engine.
        """
        found = self.sheet
        if found.faults == (0, 0) or len(self.shown.arrows) > MOST_TIDIED:
            return found
        strict = [box.id for box in self.shown.boxes if box.ordered]
        for way in self._in_turn:
            if way is self._way or found.faults[0] > A_FEW:
                sheet = self._on(way, tidiest(way, strict, partial(self._judge, way)))
                found = min(found, sheet, key=lambda each: each.faults)
        return found

    @property
    def _in_turn(self) -> list[Way]:
        """The way that was chosen and, where the page has no size, rows in place of one or one."""
        if self.preset.width or len(self.shown.boxes) > LARGE:
            return [self._way]
        rows = bool(self._way.rows)
        others = (way for way in self._ways if bool(way.rows) is not rows)
        return [self._way, *islice((w for w in others if self._fits(w.layout)), 2)]

    def _fits(self, layout: Layout) -> bool:
        """Whether a page that takes its width from the layout is no wider than a screen."""
        return not self.preset.widest or layout.width <= most_of(self.preset)

    def _judge(self, way: Way, layout: Layout, most: int) -> tuple[int, int] | None:
        """The faults of a layout; none for one that is too large, or that has more than `most`."""
        sheet = self._set(way, way.place, layout)
        if not self._as_large(sheet) or len(crossing(layout.curves)) > most:
            return None
        return sheet.faults

    def _as_large(self, sheet: Sheet) -> bool:
        """Whether a sheet is no worse to read than the one that was chosen for its size."""
        now, least = self.sheet.least_text, ENOUGH * self.preset.least
        if not self.preset.width:
            most = max(self.sheet.width, MOST_WIDE) if self.preset.widest else math.inf
            return sheet.width <= min(WIDER * self.sheet.width, most)
        if now < SMALL_ANYWAY * least:
            return sheet.least_text >= SMALLER * now
        return sheet.least_text >= min(now, max(least, SMALLER * now))

    @cached_property
    def drawing(self) -> Drawing:
        """The page of marks."""
        return self.tidy.drawing()

    @cached_property
    def _frame(self) -> Frame:
        return make_frame(self.shown, self.preset, THEMES[self.style.theme])

    @cached_property
    def _ways(self) -> list[Way]:
        return list(ways(self.shown, self.style, self.preset))

    @cached_property
    def _column(self) -> Frame:
        """One column where the text stays large enough, else the width of the page."""
        page = self._frame
        if self.preset is not PRESETS["paper"]:
            return page
        preset = replace(self.preset, width=ONE_COLUMN)
        column = make_frame(self.shown, preset, THEMES[self.style.theme])
        text = scale_of(column, best(self._ways, column).layout) * EM * SMALL
        fits = text >= preset.least and column.least_width <= ONE_COLUMN
        return column if fits else page

    @cached_property
    def _way(self) -> Way:
        if self.preset.width:
            return best(self._ways, self._column)
        return narrow(ways(self.shown, self.style, self.preset), self.preset)

    def _on(self, way: Way, place: Place | None = None) -> Sheet:
        """The page with what is laid out in a way, by `place` or else by the first engine."""
        return self._set(way, place or way.place, way.lay(place) if place else way.layout)

    def _set(self, way: Way, place: Place, layout: Layout) -> Sheet:
        return sheet_of(self.shown, self.style, self._column, way, place, layout)


def sheet_of(
    shown: Diagram, style: Style, frame: Frame, way: Way, place: Place, layout: Layout
) -> Sheet:
    """The page with a layout in the middle of the room that caption and legend leave."""
    if frame.said and scale_of(frame, layout) < scale_of(replace(frame, said=()), layout):
        frame = replace(frame, terse=True)
    preset, scale = frame.preset, scale_of(frame, layout)
    around = 2 * (EDGE * scale + preset.margin)
    width = preset.width or max(layout.width * scale + around, frame.least_width)
    taken = frame.taken(width)
    height = preset.height or layout.height * scale + around + taken
    left = (width - layout.width * scale) / 2
    free = height - 2 * preset.margin - taken - layout.height * scale
    top = preset.margin + frame.above(width) + free / 2
    theme = THEMES[style.theme]
    return Sheet(shown, style, theme, frame, layout, scale, left, top, width, height, way, place)


@dataclass(frozen=True)
class Sheet:
    """A diagram with every place on the page settled: parts are drawn one by one.

    Invariant: what a part shows never moves it, so a build draws only what changes. The diagram
    has its names as they are drawn.
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
    way: Way
    place: Place  # what laid it out

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
        if state.gradient is not None:
            written = tuple(map(self.diagram.letters.draw, state.gradient))
            state = replace(state, gradient=written)
        return self._placed(box_part(box, self.layout.centers[box.id], self.theme, state))

    def around(self) -> list[Part]:
        """Frames of groups, caption and legend."""
        return [*self.frames(), *self.frame.parts(self.width, self.height)]

    def frames(self) -> list[Part]:
        """The frames around groups, each with its title."""
        titles = {c.id: c.title for c in self.diagram.clusters}
        halo = not self.style.transparent
        return [
            self._placed(cluster_part(f"{name}-{i}", titles[name], at, self.theme, halo))
            for i, (name, at) in enumerate(self.layout.frames)
        ]

    def words(self, lines: Lines, colour: str) -> Part:
        """The words of a moment."""
        said = sentences(lines, self.diagram.letters.draw)
        return self.frame.words(said, colour, self.width, self.height)

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
            lang=self.style.lang,
            warnings=self.layout.messages
            + _warnings(self.diagram, least, self.frame.preset, self.style)
            + _unframed(self.diagram, self.layout),
        )

    @property
    def least_text(self) -> float:
        """The size of the smallest text on the page."""
        return min(smallest(self.diagram) * self.scale, self.frame.least_text)

    def _placed(self, part: Part) -> Part:
        return placed(part, self.scale, self.left, self.top)

    @cached_property
    def faults(self) -> tuple[int, int]:
        """Crossings, labels under lines and boxes under lines; operands out of order."""
        axis = 0 if self.way.plan.direction == "TB" else 1
        edges = [Edge(a.id, a.tail, a.head) for a in self.diagram.arrows]
        crossed = len(crossing(self.layout.curves))
        hidden = len(struck(self._labels, self._sizes, self.layout.curves, self._drawn))
        hidden += len(touching(self.layout.curves, self._drawn, self._ends, self._frames))
        return crossed + hidden, len(out_of_order(edges, self.layout.curves, axis))

    @cached_property
    def _asides(self) -> dict[str, float]:
        return sideways(self.layout.curves, self._ends, self._frames)

    @cached_property
    def _ends(self) -> dict[str, tuple[str, str]]:
        return {a.id: (a.tail, a.head) for a in self.diagram.arrows}

    @cached_property
    def _labels(self) -> dict[str, Point]:
        page = (-EDGE, -EDGE, self.layout.width + EDGE, self.layout.height + EDGE)
        return free_labels(
            self.layout.labels, self._sizes, self.layout.curves, self._drawn, self._frames, page
        )

    @cached_property
    def _drawn(self) -> dict[str, tuple[float, bool]]:
        return {a.id: (self._asides.get(a.id, 0.0), a.backward) for a in self.diagram.arrows}

    @cached_property
    def _sizes(self) -> dict[str, Point]:
        return {a.id: halo_size(a) for a in self.diagram.arrows if a.id in self.layout.labels}

    @cached_property
    def _frames(self) -> dict[str, tuple[float, float, float, float]]:
        frames = {}
        for box in self.diagram.boxes:
            width, height = measure(box, self.theme)
            x, y = self.layout.centers[box.id]
            frames[box.id] = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return frames


def smallest(diagram: Diagram) -> float:
    """The size of the smallest text of a diagram before it is scaled."""
    boxes = diagram.boxes
    if any(b.note or b.heat for b in boxes) or any(a.product or a.local for a in diagram.arrows):
        return SMALL * EM
    return CHIP * EM if any(b.symbol for b in boxes) else EM


def all_read(pages: Iterable[Page], least: float) -> bool:
    """Whether the text of all pages is so large; none is laid out where a bound says no."""
    pages = [*pages]
    bounded = all(page.most_text >= least for page in pages)
    return bounded and all(page.sheet.least_text >= least for page in pages)


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
    return tuple(warnings)


def _unframed(diagram: Diagram, layout: Layout) -> tuple[str, ...]:
    """That groups have no frame, where the engine cannot keep others out of it."""
    framed = {name for name, _at in layout.frames}
    bare = [c.title for c in diagram.clusters if c.id not in framed]
    if not bare:
        return ()
    return (
        _(
            "the frames of {titles} are left out: this layout does not keep others out of them; "
            "use --engine wasm",
            titles=", ".join(bare),
        ),
    )
