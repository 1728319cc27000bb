"""Where the boxes go: a plan is answered by the first layout engine that can.

Layout is computed once and kept; colours, numbers and steps never move a box.
"""

from __future__ import annotations

from backviz.diagrams.layout.engines import ENGINES, TIME_LIMIT, Engine
from backviz.diagrams.layout.plan import Edge, Layout, Node, Plan, Point
from backviz.errors import MissingPieceError

DOT_LIMIT = 300

__all__ = ["DOT_LIMIT", "ENGINES", "Edge", "Engine", "Layout", "Node", "Plan", "Point", "lay_out"]


def lay_out(plan: Plan, engine: str = "auto", time_limit: float = TIME_LIMIT) -> Layout:
    """Answer a plan with the named engine, or with the first that can.

    Above `DOT_LIMIT` boxes "auto" goes straight to the layered layout: dot's time
    grows steeply with size. Each engine of the chain gets `time_limit` seconds.
    """
    if engine != "auto":
        return ENGINES[engine].lay_out(plan, time_limit)
    if not plan.nodes:
        return Layout(0.0, 0.0, {}, {})
    names = ["layered"] if len(plan.nodes) > DOT_LIMIT else list(ENGINES)
    for name in names:
        each = ENGINES[name]
        if each.missing() is None:
            try:
                return each.lay_out(plan, time_limit)
            except MissingPieceError:
                continue
    raise MissingPieceError("no layout engine could place the boxes; run backviz doctor")
