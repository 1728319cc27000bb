"""A figure: one recorded computation and one style, made into whatever is asked for.

Every stage is computed on first use and kept, so that a renderer which needs the
graph alone pays for no layout, and several renderers share one.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from backviz.diagrams.build import build
from backviz.diagrams.page import compose
from backviz.diagrams.style import Style
from backviz.diagrams.theme import PRESETS
from backviz.errors import InputError
from backviz.graphs import fold_constants, fold_middle, fold_names, to_graph
from backviz.text import count

if TYPE_CHECKING:
    import networkx as nx

    from backviz.autodiff.value import Value
    from backviz.diagrams.drawing import Drawing
    from backviz.diagrams.model import Diagram

READABLE = 300  # boxes that one picture holds before "auto" folds
DRAWABLE = 10_000  # boxes above which no picture is made
KEPT = 24


class Figure:
    """The stages from a recorded value to a page of marks.

    >>> from backviz.autodiff.value import Value
    >>> a = Value(2.0, label="a")
    >>> figure = Figure(a * a)
    >>> len(figure.diagram.boxes), len(figure.diagram.arrows)
    (2, 2)
    """

    def __init__(self, output: Value, style: Style | None = None) -> None:
        self.output = output
        self.style = style or Style()

    @cached_property
    def graph(self) -> nx.MultiDiGraph[int]:
        """The whole computation, nothing folded."""
        return to_graph(self.output)

    @cached_property
    def _choice(self) -> tuple[nx.MultiDiGraph[int], Diagram, Drawing | None, tuple[str, ...]]:
        """The folded graph, its diagram, the drawing if it was needed to choose, the reason."""
        fold = self.style.fold
        if fold != "auto":
            graph = self._folded(fold)
            if len(graph) > DRAWABLE:
                raise InputError(
                    f"{count(len(graph), 'box')} are too many for one picture (at most "
                    f"{DRAWABLE:,}); leave --fold out to fold them, or use backviz table"
                )
            return graph, build(graph, self.style), None, ()
        return self._automatic()

    def _automatic(
        self,
    ) -> tuple[nx.MultiDiGraph[int], Diagram, Drawing | None, tuple[str, ...]]:
        graph = self._folded("constants")
        if len(graph) > READABLE:
            by_name = self._folded("names")
            small = by_name if len(by_name) <= READABLE else fold_middle(by_name, KEPT)
            said = (
                f"folded {count(len(self.graph), 'node')} into {count(len(small), 'box')} "
                "to stay readable; --fold constants draws every op, --fold none every node"
            )
            return small, build(small, self.style), None, (said,)
        diagram = build(graph, self.style)
        least = PRESETS[self.style.size].least
        if not least:
            return graph, diagram, None, ()
        drawing = compose(diagram, self.style)
        by_name = self._folded("names")
        if drawing.least_text >= least - 0.05 or len(by_name) == len(graph):
            return graph, diagram, drawing, ()
        shorter = build(by_name, self.style)
        folded = compose(shorter, self.style)
        if folded.least_text <= drawing.least_text:
            return graph, diagram, drawing, ()
        said = (
            f"folded {count(len(graph), 'box')} into {count(len(by_name), 'box')}, one per name, "
            f"because the text would be {drawing.least_text:.1f} pt; "
            "--fold constants draws every op"
        )
        return by_name, shorter, folded, (said,)

    def _folded(self, fold: str) -> nx.MultiDiGraph[int]:
        folds = {"none": lambda g: g, "constants": fold_constants, "names": fold_names}
        return folds[fold](self.graph)

    @property
    def view(self) -> nx.MultiDiGraph[int]:
        """The graph as drawn, folded to the level of detail that was chosen."""
        return self._choice[0]

    @property
    def diagram(self) -> Diagram:
        """What is drawn, before it has positions."""
        return self._choice[1]

    @cached_property
    def drawing(self) -> Drawing:
        """The page of marks."""
        return self._choice[2] or compose(self.diagram, self.style)

    @property
    def messages(self) -> tuple[str, ...]:
        """What a person should know about the choices that were made for them."""
        return self._choice[3]
