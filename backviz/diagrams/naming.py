"""What every box of a build is called, and a diagram with room for every moment's numbers.

Invariant: every box has a name, so that the words of a moment can speak of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backviz.autodiff.symbol import UNNAMED
from backviz.diagrams.build import MAX_TITLE
from backviz.diagrams.model import Box, Diagram, Moment
from backviz.names import told_apart
from backviz.text import clean

if TYPE_CHECKING:
    import networkx as nx


def box_names(view: nx.MultiDiGraph[Any], whole: nx.MultiDiGraph[Any]) -> dict[Any, str]:
    """What every box is called: as in tables and in the stepper, or as the title of its part.

    `whole` is the graph with nothing folded, so that a name is the same in every fold of it.
    A title that several boxes bear is numbered, and one with spaces is bracketed.
    """
    called = told_apart(dict(whole.nodes(data="label")), MAX_TITLE)
    names: dict[Any, str] = {}
    titles = Counter(d.get("title", "") for _, d in view.nodes(data=True))
    met: Counter[str] = Counter()
    for node, data in view.nodes(data=True):
        name = called.get(node) or f"n{node}"
        if not data["label"].strip() and (title := clean(data.get("title", ""), MAX_TITLE)):
            met[title] += 1
            name = f"{title} {met[title]}" if titles[data["title"]] > 1 else title
            name = f"({name})" if " " in name else name
        names[node] = name
    return names


def step_diagram(
    diagram: Diagram, room: list[Moment], names: dict[str, str], formulas: dict[str, str]
) -> Diagram:
    """The diagram of a build: room for every moment's numbers, a name for every box.

    `room` are the moments themselves; of an exercise those of its solution, for which it has room.
    `formulas` stand in the boxes in place of their own, in which a box without a name was □.
    """
    texts: dict[str, set[str]] = {}
    for moment in room:
        for box, state in moment.boxes.items():
            texts.setdefault(box, set()).update(state.gradient or ())

    def fitted(box: Box) -> Box:
        whole = box.room or box
        return replace(
            _named(box, names.get(box.id, "")),
            symbol=formulas.get(box.id, box.symbol),
            reserve=tuple(sorted(texts.get(box.id, set()) - {*whole.gradient})),
            room=box.room and fitted(box.room),
        )

    boxes = tuple(map(fitted, diagram.boxes))
    shown = " ".join([*(box.symbol for box in boxes), *(a.local for a in diagram.arrows)])
    legend, kept = (
        tuple(item for item in items if item[0] != UNNAMED or UNNAMED in shown)
        for items in (diagram.legend, diagram.legend_room)
    )
    said = tuple(m.lines for m in room)
    return replace(diagram, boxes=boxes, legend=legend, legend_room=kept, said=said)


def _named(box: Box, name: str) -> Box:
    """A box under the name that the words have for it; one that has its own name keeps that."""
    unnamed = name and not box.title and box.role != "constant"
    return replace(box, title=name) if unnamed else box
