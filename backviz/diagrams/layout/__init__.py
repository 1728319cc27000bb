"""Where the boxes go: a plan is answered by the first layout engine that can.

Layout is computed once and kept; colours, numbers and steps never move a box.
"""

from __future__ import annotations

from dataclasses import replace

from backviz.diagrams.layout.engines import ENGINES, TIME_LIMIT, Engine, TooSlowError
from backviz.diagrams.layout.plan import Edge, Enclosure, Layout, Node, Plan, Point, Rectangle
from backviz.errors import MissingPieceError
from backviz.language import _

DOT_LIMIT = 300

__all__ = [
    "DOT_LIMIT",
    "ENGINES",
    "Edge",
    "Enclosure",
    "Engine",
    "Layout",
    "Node",
    "Plan",
    "Point",
    "Rectangle",
    "TooSlowError",
    "lay_out",
]


def lay_out(plan: Plan, engine: str = "auto", time_limit: float = TIME_LIMIT) -> Layout:
    """Answers a plan with the named engine, or with the first that can.

    Above `DOT_LIMIT` boxes "auto" goes straight to the layered layout: dot's time
    grows steeply with size. An engine that is not done after `time_limit` seconds is
    stopped; then the layered layout answers, and its `messages` say so.

    >>> lay_out(Plan((Node("a", 20, 10),), ()), "layered").centers
    {'a': (10.0, 5.0)}
    """
    chain = [ENGINES[engine]] if engine != "auto" else list(ENGINES.values())
    if not plan.nodes:
        return Layout(0.0, 0.0, {}, {})
    own = ENGINES["layered"]
    if engine == "auto" and len(plan.nodes) > DOT_LIMIT:
        chain = [own]
    for each in chain:
        try:
            return each.lay_out(plan, time_limit)
        except TooSlowError as error:
            message = _("{error}; backviz's own layout is shown, --engine layered skips the wait",
                        error=error)  # fmt: skip
            return replace(own.lay_out(plan), messages=(message,))
        except MissingPieceError:
            if engine != "auto":
                raise
    raise MissingPieceError(_("no layout engine could place the boxes; run backviz doctor"))
