"""A figure: one recorded computation and one style, made into whatever is asked for.

Every stage is computed on first use and kept, so that a renderer which needs the
graph alone pays for no layout, and several renderers share one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from backviz.autodiff.symbol import LITERAL
from backviz.diagrams.build import build
from backviz.diagrams.page import compose
from backviz.diagrams.style import Style
from backviz.diagrams.theme import PRESETS
from backviz.errors import InputError
from backviz.graphs import (
    Home,
    contract,
    fold_constants,
    fold_middle,
    fold_names,
    size,
    to_graph,
)
from backviz.text import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    import networkx as nx

    from backviz.autodiff.value import Value
    from backviz.diagrams.drawing import Drawing
    from backviz.diagrams.model import Diagram

READABLE = 300  # boxes that one picture holds before "auto" folds
DRAWABLE = 10_000  # boxes above which no picture is made
SHORTER = (24, 10, 5)  # boxes that are kept when the middle of a graph is folded
COMPLETE = 40  # boxes up to which no op is hidden to make the text larger
NEARLY = 0.95  # of the least text size, with a warning, before anything is folded
TOLERATED = 0.6  # of the least text size, with a warning, before the middle is folded


@dataclass(frozen=True)
class _Level:
    """One level of detail: the folded graph and, if it had to be measured, its page."""

    view: nx.MultiDiGraph[int]
    diagram: Diagram
    drawing: Drawing | None = None
    message: str = ""


def _text(level: _Level) -> float:
    return level.drawing.least_text if level.drawing else 0.0


class Figure:
    """The stages from a recorded value to a page of marks.

    >>> from backviz.autodiff.value import Value
    >>> a = Value(2.0, label="a")
    >>> figure = Figure(a * a)
    >>> len(figure.diagram.boxes), len(figure.diagram.arrows)
    (2, 2)
    """

    def __init__(
        self, output: Value, style: Style | None = None, more: Sequence[Value] = ()
    ) -> None:
        self.output = output
        self.more = tuple(more)  # further outputs that stand in the same graph
        self.style = style or Style()

    @cached_property
    def graph(self) -> nx.MultiDiGraph[int]:
        """The whole computation, nothing folded."""
        return to_graph(self.output, *self.more)

    @cached_property
    def _level(self) -> _Level:
        """The level of detail that was asked for, or the most detailed that can be read."""
        folds = {
            "none": lambda g: {n: n for n in g},
            "constants": fold_constants,
            "names": fold_names,
        }
        if self.style.fold == "auto":
            return self._automatic()
        home = folds[self.style.fold](self.graph)
        if size(home) > DRAWABLE:
            raise InputError(
                f"{count(size(home), 'box')} are too many for one picture (at most "
                f"{DRAWABLE:,}); leave --fold out to fold them, or use backviz table"
            )
        return self._at(home)

    def _at(self, home: Home) -> _Level:
        view = contract(self.graph, home, replace(LITERAL, decimal=self.style.decimal))
        return _Level(view, build(view, self.style))

    def _measured(self, home: Home) -> _Level:
        level = self._at(home)
        return replace(level, drawing=compose(level.diagram, self.style))

    def _automatic(self) -> _Level:
        """Fold as little as keeps the boxes countable and the text large enough."""
        by_op, by_name = fold_constants(self.graph), fold_names(self.graph)
        least = PRESETS[self.style.size].least
        make = self._measured if least else self._at
        candidates = []
        why = "to stay readable"
        if size(by_op) <= READABLE:
            level = make(by_op)
            if self._reads(level, NEARLY * least):
                return level
            why = f"because the text would be {_text(level):.1f} pt"
            candidates.append(level)
        if 2 < size(by_name) <= READABLE and size(by_name) < size(by_op):
            named = self._told(make(by_name), ", one per name,", why)
            if self._reads(named, TOLERATED * least):
                return named
            candidates.append(named)
        if size(by_op) > COMPLETE:
            for keep in SHORTER:
                shorter = self._told(make(fold_middle(by_op, keep)), "", why)
                if self._reads(shorter, least):
                    return shorter
                candidates.append(shorter)
        return max(candidates, key=_text)

    @staticmethod
    def _reads(level: _Level, least: float) -> bool:
        return level.drawing is None or level.drawing.least_text >= least - 0.05

    def _told(self, level: _Level, how: str, why: str) -> _Level:
        nodes, boxes = count(len(self.graph), "node"), count(len(level.view), "box")
        message = (
            f"folded {nodes} into {boxes}{how} {why}; --fold constants draws every op, "
            "--fold none every node"
        )
        return replace(level, message=" ".join(message.split()))

    @property
    def view(self) -> nx.MultiDiGraph[int]:
        """The graph as drawn, folded to the level of detail that was chosen."""
        return self._level.view

    @property
    def diagram(self) -> Diagram:
        """What is drawn, before it has positions."""
        return self._level.diagram

    @cached_property
    def drawing(self) -> Drawing:
        """The page of marks."""
        return self._level.drawing or compose(self.diagram, self.style)

    @property
    def messages(self) -> tuple[str, ...]:
        """What a person should know about the choices that were made for them."""
        return (self._level.message,) if self._level.message else ()
