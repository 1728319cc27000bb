"""The frame around a group of boxes, with its title at the top left.

Invariant: a frame has no fill and is drawn last, so that it hides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backviz.diagrams import font
from backviz.diagrams.boxes import EM, SMALL
from backviz.diagrams.drawing import Mark, Part, Rect, Text
from backviz.diagrams.layout import Rectangle
from backviz.diagrams.model import Cluster, box_id
from backviz.diagrams.theme import Theme
from backviz.language import Language
from backviz.text import clean

if TYPE_CHECKING:
    import networkx as nx

SIZE = SMALL * EM
MOST = 30  # signs of a title


def clusters_of(view: nx.MultiDiGraph[Any]) -> tuple[Cluster, ...]:
    """The frames of a folded graph."""
    return tuple(
        Cluster(f"frame{i}", clean(group.title, MOST), tuple(map(box_id, group.boxes)))
        for i, group in enumerate(view.graph.get("groups", ()))
    )


def groups_said(view: nx.MultiDiGraph[Any], names: Mapping[int, str], words: Language) -> list[str]:
    """The groups in words, for who does not see the frames."""
    nodes = view.nodes
    held = [
        (g.title, [nodes[n].get("title") or names[n] for n in g.boxes])
        for g in view.graph.get("groups", ())
    ]
    return [
        words.gettext("Group {title}: {list}.", title=clean(title), list=clean(", ".join(boxes)))
        for title, boxes in held
    ]


def title_size(cluster: Cluster) -> tuple[float, float]:
    """The room that a title needs at the top of its frame."""
    return font.width(cluster.title, SIZE, bold=True), SIZE * font.LINE


def cluster_part(name: str, title: str, at: Rectangle, theme: Theme, halo: bool) -> Part:
    """The marks of a frame and its title; a halo keeps the title legible over an arrow."""
    left, top, right, bottom = at
    marks: list[Mark] = [
        Rect(left, top, right - left, bottom - top, stroke=theme.muted, line=0.09 * EM,
             radius=0.5 * EM, dash=(0.14 * EM, 0.2 * EM))
    ]  # fmt: skip
    x, y, width = left + 0.5 * SIZE, top + 1.25 * SIZE, font.width(title, SIZE, bold=True)
    if halo and title:
        marks.append(
            Rect(x - 0.15 * SIZE, y - 0.95 * SIZE, width + 0.3 * SIZE, 1.25 * SIZE,
                 fill=theme.background, radius=0.2 * SIZE)
        )  # fmt: skip
    if title:
        marks.append(Text(x, y, title, SIZE, theme.muted, bold=True))
    return Part(name, title, tuple(marks))
