"""A build: one figure as a row of pages on which nothing moves.

Invariant: the page is laid out once, with room for the numbers of every moment; a page
differs from the last only in the parts whose state changed, and a part is drawn once for
each state that it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

from backviz.diagrams.boxes import alt_of
from backviz.diagrams.drawing import Drawing, Part
from backviz.diagrams.model import ArrowState, Box, BoxState, Diagram, Moment, shown_remarks
from backviz.diagrams.naming import step_diagram
from backviz.diagrams.page import Sheet, lay
from backviz.displays import DISPLAYS, WRITERS
from backviz.errors import InputError, UsageError
from backviz.language import _
from backviz.text import count

if TYPE_CHECKING:
    from backviz.diagrams.figure import Figure
    from backviz.diagrams.moments import Build

PASSES = ("both", "forward", "backward")
PACES = ("node", "contribution")
MOST_PAGES = 2_000
PRINTED = 40  # steps that are printed; of more, the first and how many more


def _as_shown(box: Box, state: BoxState) -> Box:
    """A box with what it shows at a moment."""
    gradient = box.gradient if state.gradient is None else state.gradient
    return replace(
        box,
        value=box.value if state.value else (),
        gradient=gradient,
        reserve=(),
        room=None,
        remarks=shown_remarks(box, state),
        alt=alt_of(box, state),
    )


class Steps:
    """The moments of a figure and the page for each of them.

    `passes` is "both", "forward" or "backward", `pace` a step for each "node" or each
    "contribution", `first` and `last` count moments from 1.

    >>> from backviz import Figure, Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> L = a * b
    >>> L.label = "L"
    >>> L.backward()
    >>> for moment in Steps(Figure(L)).moments:
    ...     print(*moment.lines, sep=" | ")
    Given: a = 2,  b = 3
    L = a·b = 2·3 = 6
    Backward starts: ∂L/∂L = 1
    ∂L/∂a += ∂L/∂L·b = 1·3 = 3   (1 of 1) | ∂L/∂b += ∂L/∂L·a = 1·2 = 2   (1 of 1)
    """

    def __init__(
        self,
        figure: Figure,
        passes: str = "both",
        pace: str = "node",
        first: int = 1,
        last: int | None = None,
    ) -> None:
        for what, given, known in (("pass", passes, PASSES), ("pace", pace, PACES)):
            if given not in known:
                raise UsageError(
                    _(
                        "unknown {what} {given!r}; there is {list}",
                        what=what,
                        given=given,
                        list=", ".join(known),
                    )
                )
        self._of, self.passes, self.pace = figure, passes, pace
        self.first, self.last = first, last
        self.opens = 0  # the moment at which a page with buttons opens
        self._parts: dict[tuple[str, BoxState | ArrowState], Part] = {}

    @cached_property
    def figure(self) -> Figure:
        """The figure as it is drawn."""
        return self._of.settled

    @cached_property
    def _build(self) -> Build:
        # what tells the steps is not loaded for a picture that has none
        from backviz.diagrams.moments import make_moments

        figure = self.figure
        return make_moments(figure.view, figure.graph, figure.shown, self.passes, self.pace)

    @cached_property
    def moments(self) -> list[Moment]:
        """The steps that were asked for."""
        made = self._build.moments
        last = len(made) if self.last is None else self.last
        if not 1 <= self.first <= last <= len(made):
            raise InputError(
                _(
                    "steps {first} to {last} were asked for, but there are {count}; use a "
                    "range from 1 to {n}",
                    first=self.first,
                    last=last,
                    count=count(len(made), "step"),
                    n=len(made),
                )
            )
        chosen = made[self.first - 1 : last]
        if len(chosen) > MOST_PAGES:
            raise InputError(
                _(
                    "{n:,} steps are too many for one file (at most {most_pages:,}); take a "
                    "range, or fold the graph with --fold names",
                    n=len(chosen),
                    most_pages=MOST_PAGES,
                )
            )
        return chosen

    @cached_property
    def diagram(self) -> Diagram:
        """The figure's diagram with a name on every box and room for every number."""
        made, room = self._build, self._build.moments
        if self.figure.shown.blank:
            from backviz.diagrams.moments import make_moments

            figure, view = self.figure, self.figure.view.copy()
            view.graph.pop("blanks", None)
            shown = figure.shown
            room = make_moments(view, figure.graph, shown, self.passes, self.pace).moments
        return step_diagram(self.figure.diagram, room, made.names, made.formulas)

    @cached_property
    def sheet(self) -> Sheet:
        """The page, laid out once, as the figure is."""
        return lay(self.diagram, self.figure.shown, self.figure.page.tidy)

    def parts(self, moment: Moment) -> Iterator[Part]:
        """Everything on the page at one moment, bottom first."""
        return (part for _other, part in self.changes(moment, None) if part)

    def changes(self, moment: Moment, before: Moment | None) -> Iterator[tuple[int, Part | None]]:
        """The parts that are not as they were at another moment, with their place in the pile.

        Places count from the bottom: arrows, their labels, boxes, caption and legend, words;
        `None` stands for a label that is not there. Before the first moment everything changes.
        """
        arrows, boxes = self.diagram.arrows, self.diagram.boxes
        many = len(arrows)
        for i, arrow in enumerate(arrows):
            state = moment.arrows[arrow.id]
            was = before.arrows[arrow.id] if before else None
            if state is not was:
                yield i, self._part(arrow.id, state)
                if was is None or state.backward != was.backward:
                    yield many + i, self._labels[arrow.id] if state.backward else None
        for i, box in enumerate(boxes, 2 * many):
            looks = moment.boxes[box.id]
            if before is None or looks is not before.boxes[box.id]:
                yield i, self._part(box.id, looks)
        top = 2 * many + len(boxes)
        if before is None:
            yield from enumerate(self._around, top)
        theme = self.sheet.theme
        colour = theme.gradient if moment.phase == "backward" else theme.forward
        yield top + len(self._around), self.sheet.words(moment.lines, colour)

    @property
    def places(self) -> int:
        """How many places the pile of parts has."""
        return 2 * len(self.diagram.arrows) + len(self.diagram.boxes) + len(self._around) + 1

    def _part(self, name: str, state: BoxState | ArrowState) -> Part:
        key = name, state
        found = self._parts.get(key)
        if found is None:
            box, arrow = self._boxes.get(name), self._arrows.get(name)
            if box is not None and isinstance(state, BoxState):
                found = self.sheet.box(box, state)
            elif arrow is not None and isinstance(state, ArrowState):
                found = self.sheet.arrow(arrow, state)
            assert found is not None
            self._parts[key] = found
        return found

    @cached_property
    def _boxes(self) -> dict[str, Any]:
        return {b.id: b for b in self.sheet.diagram.boxes}

    @cached_property
    def _arrows(self) -> dict[str, Any]:
        return {a.id: a for a in self.sheet.diagram.arrows}

    @cached_property
    def _labels(self) -> dict[str, Part | None]:
        return {a.id: self.sheet.label(a) for a in self.sheet.diagram.arrows}

    @cached_property
    def _around(self) -> list[Part]:
        return self.sheet.around()

    def drawing(self, moment: Moment) -> Drawing:
        """The page of one moment."""
        return self.drawing_of(tuple(self.parts(moment)))

    def figure_at(self, moment: Moment) -> Figure:
        """The figure as it is at one moment, for what makes a picture of a figure."""
        boxes = tuple(_as_shown(box, moment.boxes[box.id]) for box in self.diagram.boxes)
        arrows = tuple(
            arrow
            if moment.arrows[arrow.id].backward
            else replace(arrow, local="", product="", alt="", backward=False)
            for arrow in self.diagram.arrows
        )
        said = replace(self.diagram, boxes=boxes, arrows=arrows, description=moment.alt, said=())
        page = replace(self.drawing(moment), description=moment.alt)
        return self.figure.showing(said, page)

    def drawing_of(self, parts: tuple[Part, ...]) -> Drawing:
        """A page with these parts; without any, what all pages have in common."""
        return self.sheet.page(parts)

    def save(self, path: str | PathLike[str], form: str | None = None) -> list[str]:
        """Write the build; the extension says the format, as for `backviz steps`.

        Formats are those of `backviz list formats`: `b.html` is the player, `b.pdf` has a page
        for each step, `out/%02d.png` a file for each, `b.mp4` is a film, `b.svg` has fragments
        for reveal.js. Returns the paths. Raises `UsageError` for an unknown format or a place
        that cannot be written.
        """
        paths: list[str] = WRITERS["steps"](self, str(path), form)
        return paths

    def __repr__(self) -> str:
        """The steps in words, with their numbers."""
        shown, more = self.moments[:PRINTED], len(self.moments) - PRINTED
        wide = len(str(self.first + len(shown) - 1))
        lines = [
            f"{k:>{wide}}  {'   '.join(moment.told)}" for k, moment in enumerate(shown, self.first)
        ]
        return "\n".join([*lines, *([f"… and {count(more, 'more step')}"] if more > 0 else [])])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """What a notebook shows: the player; see `backviz.notebook`."""
        return DISPLAYS["steps"](self, include, exclude)
