"""What a layout cannot be smaller than, known before any engine is asked.

A row of boxes is no shorter than the longest way through it, and boxes with the gaps around
them do not overlap. Invariant: no engine's layout is smaller than its bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backviz.diagrams.layout.plan import Edge, Node, Plan

SLACK = 0.97  # engines round what they are given


@dataclass(frozen=True, slots=True)
class Least:
    """The least sides of a layout, and the area that its boxes take with `gaps` around them."""

    width: float
    height: float
    area: float
    gaps: tuple[float, float]

    def height_at(self, width: float) -> float:
        """The least height of a layout that is so wide."""
        across, down = self.gaps
        return max(self.height, self.area / (max(width, self.width) + across) - down)


def least_of(plan: Plan, nodes: Sequence[Node], edges: Sequence[Edge]) -> Least:
    """The bound of some boxes of a plan, and of the arrows among them, laid out by themselves.

    >>> boxes = Node("a", 20, 10), Node("b", 20, 10)
    >>> arrows = (Edge("e", "a", "b"),)
    >>> round(least_of(Plan(boxes, arrows, rank_gap=30), boxes, arrows).width, 1)
    67.9
    """
    along = 0 if plan.direction == "LR" else 1
    labelled = any(e.label_width for e in plan.edges)
    long = {n.id: (n.width, n.height)[along] for n in nodes}
    way = _longest(long, edges, plan.rank_gap, along)
    wide = max((n.width for n in nodes), default=0.0)
    high = max((n.height for n in nodes), default=0.0)
    # where labels have ranks of their own, the gap between ranks is halved
    gap = plan.rank_gap / (1 + labelled)
    gaps = (gap, plan.node_gap) if along == 0 else (plan.node_gap, gap)
    area = sum((n.width + gaps[0]) * (n.height + gaps[1]) for n in nodes)
    if along == 0:
        wide = max(wide, way)
    else:
        high = max(high, way)
    return Least(SLACK * wide, SLACK * high, SLACK * area, gaps)


def _longest(long: dict[str, float], edges: Sequence[Edge], gap: float, along: int) -> float:
    """The longest way: boxes, the gaps between them and the labels in these."""
    out: dict[str, list[tuple[str, float]]] = {name: [] for name in long}
    waiting = dict.fromkeys(long, 0)
    for edge in edges:
        label = (edge.label_width, edge.label_height)[along]
        out[edge.tail].append((edge.head, gap + label))
        waiting[edge.head] += 1
    way = dict(long)
    ready = [name for name, many in waiting.items() if not many]
    for name in ready:  # grows while it is read
        for head, step in out[name]:
            way[head] = max(way[head], way[name] + step + long[head])
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    return max(way.values(), default=0.0)
