"""Groups that stay open: which boxes of a fold stand in the frame of which group.

A group is a scope in brackets (`autodiff.recording.group`), or a box that was opened while others
stayed folded. Invariant: a box stands in a frame only if all that it holds belongs to the group;
groups are listed outermost first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

import networkx as nx

from backviz.graphs.folds import Home, fold_constants
from backviz.graphs.recorded import CONSTANT
from backviz.graphs.scopes import scope_of, title_of

if TYPE_CHECKING:
    from backviz.graphs.rolled import Layer

NO_FRAMES: Mapping[int, tuple[str, ...]] = {}


@dataclass(frozen=True)
class Opened:
    """What is open: `parts` by their scope, `nodes` that stand by op, `layers` as they are parted.

    `frames` are the titles around a node, the outermost first.
    """

    parts: frozenset[str] = frozenset()
    nodes: frozenset[int] = frozenset()
    layers: tuple[Layer, ...] = ()
    frames: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def apply(self, home: Home, graph: nx.MultiDiGraph[int]) -> Home:
        """The same fold with the open nodes by op."""
        if not self.nodes:
            return home
        fine = fold_constants(graph)
        return {n: fine[n] if n in self.nodes else target for n, target in home.items()}


@dataclass(frozen=True, slots=True)
class Group:
    """A group by its title, and its boxes; `path` is its scope, under that of the group around."""

    path: str
    title: str
    boxes: tuple[int, ...]


def groups_of(
    graph: nx.MultiDiGraph[int],
    home: Home,
    opened: Collection[str] = (),
    frames: Mapping[int, tuple[str, ...]] = NO_FRAMES,
) -> tuple[Group, ...]:
    """The groups of a fold that have boxes, with what only they use.

    A group that is one folded box has no frame, because the box has its title. Scopes that are
    `opened` are groups, too, and so are the titles in `frames` around a node.

    >>> from backviz import Value, to_graph
    >>> from backviz.autodiff.recording import group
    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> with group("encoder"):
    ...     y = (x * w).tanh()
    >>> G = to_graph(y * x)
    >>> groups_of(G, {n: n for n in G})
    (Group(path='[encoder]', title='encoder', boxes=(1, 2, 3)),)
    """
    grouped = any("[" in scope for _n, scope in graph.nodes(data="scope") if scope)
    if not (grouped or opened or frames):
        return ()
    within = {n: _paths(scope_of(d), opened) for n, d in graph.nodes(data=True)}
    titles = {path: _title(path) for paths in {*within.values()} for path in paths}
    for node, around in frames.items():
        for title in around:
            path = "/".join((*within[node][-1:], title))
            within[node], titles[path] = (*within[node], path), title
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
        Group(path, titles[path], tuple(boxes[path]))
        for path in ordered
        if len(boxes[path]) > 1 or len(held[boxes[path][0]]) == 1
    )


def _paths(scope: str, opened: Collection[str] = ()) -> tuple[str, ...]:
    """The groups that a scope lies in, and parts that are opened, outermost first.

    >>> _paths("net/[encoder]/0/[head]#2")
    ('net/[encoder]', 'net/[encoder]/0/[head]#2')
    """
    pieces = scope.split("/")
    paths = ["/".join(pieces[: i + 1]) for i in range(len(pieces))]
    return tuple(
        path
        for path, piece in zip(paths, pieces, strict=True)
        if piece.startswith("[") or path in opened
    )


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The groups that all of these lie in."""
    if not paths:
        return ()
    level = zip(*paths, strict=False)
    return tuple(each[0] for each in takewhile(lambda each: len({*each}) == 1, level))


def _title(path: str) -> str:
    last = path.rpartition("/")[2].partition("#")[0]
    return last.strip("[]") if last.startswith("[") else title_of(path)
