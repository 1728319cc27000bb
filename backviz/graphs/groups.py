"""Groups that stay open: which boxes of a fold stand in the frame of which group.

A group is a scope in brackets (`autodiff.recording.group`). Invariant: a box stands in a frame
only if all that it holds belongs to the group; groups are listed outermost first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

import networkx as nx

from backviz.graphs.folds import Home
from backviz.graphs.recorded import CONSTANT


@dataclass(frozen=True, slots=True)
class Group:
    """A group by its title, and its boxes; `path` is its scope, under that of the group around."""

    path: str
    title: str
    boxes: tuple[int, ...]


def groups_of(graph: nx.MultiDiGraph[int], home: Home) -> tuple[Group, ...]:
    """The groups of a fold that have boxes, with what only they use.

    A group that is one folded box has no frame, because the box has its title.

    >>> from backviz import Value, to_graph
    >>> from backviz.autodiff.recording import group
    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> with group("encoder"):
    ...     y = (x * w).tanh()
    >>> G = to_graph(y * x)
    >>> groups_of(G, {n: n for n in G})
    (Group(path='[encoder]', title='encoder', boxes=(1, 2, 3)),)
    """
    if not any("[" in scope for _n, scope in graph.nodes(data="scope") if scope):
        return ()
    within = {n: _paths(d.get("scope", "")) for n, d in graph.nodes(data=True)}
    for node, data in graph.nodes(data=True):
        if not data["op"] and not (data["kind"] == CONSTANT and data["label"]):
            within[node] = _common([within[head] for head in graph._succ[node]])
    held: dict[int, list[int]] = {}
    for node, target in home.items():
        held.setdefault(target, []).append(node)
    boxes: dict[str, list[int]] = {}
    for target in sorted(held):
        ops = [n for n in held[target] if graph._node[n]["op"]]
        for path in _common([within[n] for n in ops or held[target]]):
            boxes.setdefault(path, []).append(target)
    ordered = sorted(boxes, key=lambda path: (path.count("/"), boxes[path]))
    return tuple(
        Group(path, _title(path), tuple(boxes[path]))
        for path in ordered
        if len(boxes[path]) > 1 or len(held[boxes[path][0]]) == 1
    )


def _paths(scope: str) -> tuple[str, ...]:
    """The groups that a scope lies in, outermost first.

    >>> _paths("net/[encoder]/0/[head]#2")
    ('net/[encoder]', 'net/[encoder]/0/[head]#2')
    """
    pieces = scope.split("/")
    return tuple(
        "/".join(pieces[: i + 1]) for i, piece in enumerate(pieces) if piece.startswith("[")
    )


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The groups that all of these lie in."""
    if not paths:
        return ()
    level = zip(*paths, strict=False)
    return tuple(each[0] for each in takewhile(lambda each: len({*each}) == 1, level))


def _title(path: str) -> str:
    return path.rpartition("/")[2].partition("#")[0].strip("[]")
