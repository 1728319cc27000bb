"""A diagram with its names as they are shown: drawn, or in signs of a text.

Invariant: whatever shows a diagram's texts takes them from here, and only the names change.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backviz.diagrams.model import Arrow, Box, Diagram, Lines, Sentence
from backviz.lettering import AS_TYPED, Letters, lettering
from backviz.ops import OPS

if TYPE_CHECKING:
    import networkx as nx

    from backviz.diagrams.style import Style

_NUMBER = re.compile(r" \(n\d+\)$")
Write = Callable[[str], str]


def letters_of(graph: nx.MultiDiGraph[Any], style: Style) -> Letters:
    """How the names of a whole graph are written, whatever of it is folded."""
    if style.lettering == "plain":
        return AS_TYPED
    # `x (n3)` is the x of node n3, which is no letter with a number
    labels = (_NUMBER.sub("", label.strip()) for _n, label in graph.nodes(data="label"))
    return lettering(filter(None, labels), _signs(graph))


def _signs(graph: nx.MultiDiGraph[Any]) -> set[str]:
    """The signs that ops of a graph and parts of their rules are written with."""
    ops = {op for _n, op in graph.nodes(data="op") if op}
    signs = {sign for op in ops for sign in OPS[op].symbol + OPS[op].notation.template}
    parts = (where for *_, where in graph.edges(data="where") if where)
    return signs.union(name for where in parts for name, _said in where)


def drawn(diagram: Diagram) -> Diagram:
    """The diagram with marks around what is lowered, for what draws letters itself."""
    return _written(diagram, diagram.letters.draw)


def in_signs(diagram: Diagram) -> Diagram:
    """The diagram with its names in signs, for texts."""
    return _written(diagram, diagram.letters.text)


def _written(diagram: Diagram, write: Write) -> Diagram:
    if diagram.letters is AS_TYPED:
        return diagram
    return replace(
        diagram,
        boxes=tuple(_box(box, write) for box in diagram.boxes),
        arrows=tuple(_arrow(arrow, write) for arrow in diagram.arrows),
        legend=tuple((write(kind), write(words)) for kind, words in diagram.legend),
        legend_room=tuple((write(kind), write(words)) for kind, words in diagram.legend_room),
        said=tuple(sentences(lines, write) for lines in diagram.said),
    )


def sentences(lines: Lines, write: Write) -> Lines:
    """What is said at a moment, with its names as they are shown."""
    return tuple(Sentence(write(line.said), *map(write, line.asides)) for line in lines)


def _box(box: Box, write: Write) -> Box:
    room = box.room
    return replace(_lines(box, write), room=room if room is None else _lines(room, write))


def _lines(box: Box, write: Write) -> Box:
    """Also the lines of numbers, where formulas may stand in their place."""
    value, gradient = (tuple(map(write, lines)) for lines in (box.value, box.gradient))
    return replace(
        box, title=write(box.title), symbol=write(box.symbol), value=value, gradient=gradient
    )


def _arrow(arrow: Arrow, write: Write) -> Arrow:
    room = arrow.room if arrow.product else write(arrow.room)
    return replace(arrow, local=write(arrow.local), room=room)
