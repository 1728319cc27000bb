"""What a figure points at: faults in its numbers, a highlight, notes and colours of nodes.

Invariant: it is found once in the whole graph, and marked on the boxes of any fold of it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from backviz.graphs import (
    Home,
    colours_in_boxes,
    find_faults,
    find_highlight,
    groups_of,
    in_boxes,
    notes_in_boxes,
    read_colour,
    said_of,
    said_way,
)
from backviz.text import clean
from backviz.words import LANGUAGES

if TYPE_CHECKING:
    import networkx as nx

    from backviz.diagrams.folding import Folding
    from backviz.diagrams.style import Style
    from backviz.graphs import Fault, Highlight

MOST_LIT = 60  # signs of what is highlighted in the legend


class Pointing:
    """The marks on a graph that a style asks for; see `mark`."""

    def __init__(self, graph: nx.MultiDiGraph[int], style: Style) -> None:
        self.graph, self.style = graph, style

    def mark(self, view: nx.MultiDiGraph[int], home: Home, fold: Folding) -> None:
        """Enter into a folded graph what the boxes and arrows of its picture show of it."""
        view.graph["faults"] = in_boxes(self._faults, home)
        view.graph["notes"] = notes_in_boxes(self._notes, home)
        view.graph["fills"] = colours_in_boxes(self._colours, home)
        view.graph["groups"] = groups_of(self.graph, home, fold.parts_framed, fold.opened.frames)
        if self._lit:
            view.graph["lit"] = self._lit.in_boxes(home)
            view.graph["lit_said"] = self._said(self._lit)

    def noted(self, graph: nx.MultiDiGraph[int]) -> nx.MultiDiGraph[int]:
        """The whole graph with highlight, notes and colours as attributes; itself without any.

        `highlight` is true on nodes and edges of the highlight, `note` and `colour` are texts.
        """
        if not (self._lit or self._notes or self._colours):
            return graph
        made: nx.MultiDiGraph[int] = graph.copy()
        for node in self._lit.nodes if self._lit else ():
            made.nodes[node]["highlight"] = True
        for edge in self._lit.edges if self._lit else ():
            made.edges[edge]["highlight"] = True
        for node, note in self._notes.items():
            made.nodes[node]["note"] = note
        for node, colour in self._colours.items():
            made.nodes[node]["colour"] = read_colour(colour)
        return made

    @cached_property
    def _faults(self) -> dict[int, tuple[Fault, ...]]:
        return find_faults(self.graph)

    @cached_property
    def _lit(self) -> Highlight | None:
        asked = self.style.highlight
        return find_highlight(self.graph, asked) if asked else None

    @cached_property
    def _notes(self) -> dict[int, str]:
        return said_of(self.graph, self.style.note, "note")

    @cached_property
    def _colours(self) -> dict[int, str]:
        return said_of(self.graph, self.style.colour, "colour")

    def _said(self, lit: Highlight) -> str:
        """The highlight in the legend's words, with the measure of the largest path."""
        words = LANGUAGES[self.style.lang]
        if lit.product is None:
            return words.gettext(
                "highlighted: {names}", names=clean(self.style.highlight, MOST_LIT)
            )
        said: dict[str, Any] = {
            "path": said_way(self.graph, lit.way),
            "product": self.style.numbers.format(lit.product),
        }
        if lit.norms:
            return words.gettext("largest path, {path}: the gradient's norm ×{product}", **said)
        return words.gettext("largest path, {path}: |product of locals| = {product}", **said)
