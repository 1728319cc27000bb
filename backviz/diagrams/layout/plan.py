"""What a layout engine is given and what it returns: sizes in, positions out.

Invariant: lengths are points, y grows downwards, and the origin is the top left
corner of the drawing. An engine never sees text, colours or values, so a layout
is computed once and serves every frame and every output format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]
Direction = Literal["LR", "TB"]


MARGIN = 10.0  # between a frame and what is inside


@dataclass(frozen=True, slots=True)
class Node:
    """A box of fixed size; `ordered` asks that its incoming edges keep their order."""

    id: str
    width: float
    height: float
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow; several may join the same two nodes. The label's size is reserved.

    `ranks` is how many ranks it spans at least: 2 sets an input a rank further back.
    """

    id: str
    tail: str
    head: str
    label_width: float = 0.0
    label_height: float = 0.0
    ranks: int = 1


@dataclass(frozen=True, slots=True)
class Enclosure:
    """Nodes that stand together in a frame, with room for a title at its top."""

    id: str
    nodes: tuple[str, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole question that is put to a layout engine.

    `rank_gap` is the free space between neighbouring ranks, `node_gap` the free
    space between neighbouring boxes of one rank. `enclosures` come outermost first.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    direction: Direction = "LR"
    rank_gap: float = 40.0
    node_gap: float = 16.0
    enclosures: tuple[Enclosure, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """The answer: every node's centre, every edge's curve, every label's centre.

    A curve is a chain of cubic Bézier pieces, `1 + 3 k` points, from the border of
    the tail box to the border of the head box. `labels` holds the edges that
    asked for a label. `messages` are what a person should know of how it was made. `frames` are
    the enclosures' frames `(left, top, right, bottom)`, several of one that is cut into rows.
    """

    width: float
    height: float
    centers: dict[str, Point]
    curves: dict[str, tuple[Point, ...]]
    labels: dict[str, Point] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    frames: tuple[tuple[str, Rectangle], ...] = ()
