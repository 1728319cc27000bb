"""The levels of detail of one build: the one asked for, and those that differ from it.

Invariant: the first level is the one asked for, with its very moments. Boxes of different
levels have the same id where they hold the same value, so moments can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backviz.diagrams.page import Sheet, lay
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import FOLDS
from backviz.diagrams.theme import PRESETS
from backviz.graphs import has_scopes

if TYPE_CHECKING:
    from collections.abc import Hashable

    import networkx as nx

BY_PARTS = ("layers", "blocks")  # what only a computation with named parts has
MOST_NODES = 300  # of a graph of which further levels are looked at
WINDOW = "slide"  # the shape of a window, for sizes that say nothing about the height


@dataclass(frozen=True)
class Level:
    """A build at one level of detail; `name` is one of the folds of a style, or "unfold"."""

    name: str
    steps: Steps

    @property
    def view(self) -> nx.MultiDiGraph[Any]:
        """The graph as drawn at this level."""
        return self.steps.figure.view

    @cached_property
    def sheet(self) -> Sheet:
        """Where everything stands: in the shape of a window unless the size has its own."""
        style = self.steps.figure.style
        if PRESETS[style.size].height:
            return self.steps.sheet
        window = replace(style, size=WINDOW, digits=style.numbers.digits)
        return lay(self.steps.diagram, window)


def levels(steps: Steps) -> list[Level]:
    """The level asked for, then the others, from the finest; only itself for a range of steps.

    >>> from backviz import Figure, load
    >>> build = Steps(Figure(load("c=a*b+a**2; a=2; b=3")))
    >>> [(level.name, len(level.view)) for level in levels(build)]
    [('constants', 5), ('none', 6), ('names', 3)]
    """
    figure = steps.figure
    if (steps.first, steps.last) != (1, None) or len(figure.graph) > MOST_NODES:
        return [Level(figure.style.fold, steps)]
    found: dict[tuple[Hashable, ...], Level] = {}
    scoped = has_scopes(figure.graph)
    for fold in FOLDS:
        if fold == "auto" or (fold in BY_PARTS and not scoped):
            continue
        other = figure.restyled(replace(figure.style, fold=fold, unfold=""))  # whole levels
        same = tuple(other.view) == tuple(figure.view)
        build = steps if same else Steps(other, steps.passes, steps.pace)
        if len(other.view) > 1:
            found.setdefault(tuple(other.view), Level(fold, build))
    name = "unfold" if figure.style.unfold else figure.style.fold
    own = found.pop(tuple(figure.view), Level(name, steps))
    return [own, *found.values()]
