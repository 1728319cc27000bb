"""A plan as DOT source for any Graphviz, and Graphviz's JSON answer as a layout.

Graphviz only places: boxes have fixed sizes and no text, so the answer does not
depend on its fonts. An edge label is a run of digits just wide enough to reserve
the room that the real label needs.
"""

from __future__ import annotations

import json
import math
from typing import Any

from backviz.diagrams.layout.plan import MARGIN, Layout, Plan, Point, Rectangle
from backviz.diagrams.layout.ports import spread
from backviz.diagrams.theme import INCH
from backviz.errors import MissingPieceError
from backviz.language import _

MANY = 1000  # nodes, of which Graphviz is told to hurry
_HURRY = " nslimit=1 nslimit1=1"
_DIGIT = 0.6  # a digit's width at font size 1 in DejaVu Sans is .636; the rest is spare


def dot_source(plan: Plan) -> str:
    """The DOT source whose layout answers the plan."""
    lines = [
        "digraph {",
        f"\tgraph [rankdir={plan.direction} ranksep={plan.rank_gap / INCH:.4f} "
        f"nodesep={plan.node_gap / INCH:.4f} margin=0{_HURRY if len(plan.nodes) > MANY else ''}]",
        '\tnode [shape=box fixedsize=true label=""]',
        '\tedge [dir=none fontname="DejaVu Sans" headclip=true]',
    ]
    for node in plan.nodes:
        order = " ordering=in" if node.ordered else ""
        size = f"width={node.width / INCH:.4f} height={node.height / INCH:.4f}"
        lines.append(f"\t{_quoted(node.id)} [{size}{order}]")
    lines += _clusters(plan)
    for edge in plan.edges:
        asked = _stand_in(edge.label_width, edge.label_height) if edge.label_width else {}
        if edge.ranks > 1:
            asked["minlen"] = str(edge.ranks)
        told = "".join(f" {key}={value}" for key, value in asked.items())
        ends = f"{_quoted(edge.tail)} -> {_quoted(edge.head)}"
        lines.append(f"\t{ends} [id={_quoted(edge.id)}{told}]")
    return "\n".join([*lines, "}", ""])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '\\"') + '"'


def _clusters(plan: Plan) -> list[str]:
    """The enclosures as clusters, each inside of the last one before it that holds its nodes."""
    here = {node.id for node in plan.nodes}
    held = [(e, [n for n in e.nodes if n in here]) for e in plan.enclosures]
    inner: dict[int, list[int]] = {}
    for i, (_e, nodes) in enumerate(held):
        around = [j for j in range(i) if {*nodes} <= {*held[j][1]}]
        if nodes:
            inner.setdefault(around[-1] if around else -1, []).append(i)

    def written(i: int) -> list[str]:
        enclosure, nodes = held[i]
        label = _stand_in(enclosure.width, enclosure.height)
        lines = [f'subgraph "cluster_{enclosure.id}" {{', f"margin={MARGIN:g}; labeljust=l;"]
        lines.append(f'label="{label["label"]}"; fontsize={label["fontsize"]};')
        lines += [line for j in inner.get(i, ()) for line in written(j)]
        return [*lines, *(f'"{n}";' for n in nodes), "}"]

    return [f"\t{line}" for i in inner.get(-1, ()) for line in written(i)]


def _stand_in(width: float, height: float) -> dict[str, str]:
    size = height / 1.2
    return {"label": "0" * math.ceil(width / (_DIGIT * size)), "fontsize": f"{size:.2f}"}


def read_layout(answer: bytes, plan: Plan) -> Layout:
    """Read Graphviz's `json0` output; its y axis points up, ours down.

    It aims all arrows at the middles of boxes; their ends are moved apart.
    """
    try:
        data = json.loads(answer)
        left, bottom, right, top = (float(x) for x in data["bb"].split(","))
        flip = _Flip(left, top)
        wanted = {node.id for node in plan.nodes}
        objects = [o for o in data.get("objects", []) if o["name"] in wanted]
        boxed = {o["name"]: o["bb"] for o in data.get("objects", []) if "bb" in o}
        edges = data.get("edges", [])
        layout = Layout(
            width=right - left,
            height=top - bottom,
            centers={o["name"]: flip.point(o["pos"]) for o in objects},
            curves={e["id"]: flip.points(e["pos"]) for e in edges},
            labels={e["id"]: flip.point(e["lp"]) for e in edges if "lp" in e},
            frames=tuple(
                (e.id, flip.frame(boxed[f"cluster_{e.id}"]))
                for e in plan.enclosures
                if f"cluster_{e.id}" in boxed
            ),
        )
        return spread(plan, layout)
    except (ValueError, KeyError, TypeError) as error:
        raise MissingPieceError(
            _("the layout engine gave no usable answer ({error!r})", error=error)
        ) from error


class _Flip:
    """Graphviz's coordinates to ours."""

    def __init__(self, left: float, top: float) -> None:
        self.left, self.top = left, top

    def point(self, text: str) -> Point:
        x, y = text.split(",")[:2]
        return float(x) - self.left, self.top - float(y)

    def frame(self, text: str) -> Rectangle:
        left, bottom, right, top = (float(x) for x in text.split(","))
        return left - self.left, self.top - top, right - self.left, self.top - bottom

    def points(self, text: str) -> tuple[Point, ...]:
        return tuple(self.point(p) for p in text.split() if p[0] not in "es")


def describe_failure(engine: str, output: Any) -> str:
    """One line of an engine's complaint."""
    text = output.decode("utf-8", "replace") if isinstance(output, bytes) else str(output)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{engine}: {lines[0] if lines else 'failed'}"
