"""What a renderer asks of a figure, be it of one computation or of two beside each other.

Invariant: a renderer reads these stages and no other, and decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import networkx as nx

    from backviz.diagrams.drawing import Drawing
    from backviz.diagrams.model import Diagram
    from backviz.diagrams.style import Style


class Picture(Protocol):
    """The stages of a picture; each is computed when it is first asked for."""

    @property
    def style(self) -> Style:
        """How it is to look."""

    @property
    def written(self) -> nx.MultiDiGraph[int]:
        """The whole graph, for what writes it."""

    @property
    def diagram(self) -> Diagram:
        """What is drawn, before it has positions."""

    @property
    def drawing(self) -> Drawing:
        """The page of marks."""
