"""What a picture points at: nodes, the ways between them, or the path of the largest gradient.

Invariant: everything is found in the whole graph, in time that is linear in its size; a fold shows
a box or an arrow as highlighted where it holds something that is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np

from backviz.errors import InputError, UsageError
from backviz.graphs.cut import find_node, reached
from backviz.graphs.faults import sign_of
from backviz.graphs.folds import Home
from backviz.graphs.recorded import LEAF
from backviz.language import _
from backviz.ops import OPS
from backviz.text import clean

LARGEST = "largest"
LONGEST = 18  # signs of a name
_ARROW = re.compile(r"\s*(?:->|→|\.\.)\s*")
Link = tuple[int, int, int]


@dataclass(frozen=True)
class Highlight:
    """Nodes and edges, `way` the nodes in order where it is one path; `product` of the largest.

    `norms` says that the product is one of norms, because arrays lie on the path.
    """

    nodes: frozenset[int]
    edges: frozenset[Link]
    way: tuple[int, ...] = ()
    product: float | None = None
    norms: bool = False

    def in_boxes(self, home: Home) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
        """The boxes of a fold that hold it, and the pairs of boxes whose arrows do."""
        pairs = {(home[u], home[v]) for u, v, _key in self.edges}
        boxes = frozenset(home[n] for n in self.nodes)
        return boxes, frozenset(pair for pair in pairs if pair[0] != pair[1])


def find_highlight(graph: nx.MultiDiGraph[int], asked: str) -> Highlight:
    """What `a`, `a->d->L`, `a..L`, several with commas, or `largest` mean in a graph.

    Between two names lie all ways from one to the other. Raises `InputError` for a name that is
    none, with the one that was probably meant.

    >>> from backviz import load, to_graph
    >>> G = to_graph(load("L=c*d; c=a*b; d=a+b; a=2; b=3"))
    >>> sorted(G.nodes[n]["label"] for n in find_highlight(G, "b->c->L").nodes)
    ['L', 'b', 'c']
    >>> sorted(G.nodes[n]["label"] for n in find_highlight(G, "b..L").nodes)
    ['L', 'b', 'c', 'd']
    """
    labels = {label for _node, label in graph.nodes(data="label")}
    if asked == LARGEST and LARGEST not in labels:
        return largest_path(graph)
    if asked in labels:
        return _one(graph, [find_node(graph, asked)])
    found = [_one(graph, _named(graph, each)) for each in asked.split(",") if each.strip()]
    if not found:
        raise UsageError(_("nothing to highlight; write a name, a path as a->L, or largest"))
    if len(found) == 1:
        return found[0]
    nodes = frozenset().union(*(each.nodes for each in found))
    return Highlight(nodes, frozenset().union(*(each.edges for each in found)))


def _named(graph: nx.MultiDiGraph[int], text: str) -> list[int]:
    return [find_node(graph, name) for name in _ARROW.split(text.strip())]


def _one(graph: nx.MultiDiGraph[int], way: list[int]) -> Highlight:
    """A node with its arrows, or all ways through some nodes in turn."""
    if len(way) == 1:
        touching = (*graph.in_edges(way, keys=True), *graph.out_edges(way, keys=True))
        return Highlight(frozenset(way), frozenset(touching), tuple(way))
    nodes: set[int] = set()
    edges: frozenset[Link] = frozenset()
    for start, end in pairwise(way):
        between = reached([start], graph._succ) & reached([end], graph._pred)
        if not between:
            names = (graph.nodes[n]["label"] or f"n{n}" for n in (start, end))
            raise UsageError(
                _("no way leads from {start} to {end}; exchange the two",
                  **dict(zip(("start", "end"), names, strict=True)))
            )  # fmt: skip
        nodes |= between
        edges |= set(graph.subgraph(between).edges(keys=True))
    return Highlight(frozenset(nodes), edges, tuple(way))


def largest_path(graph: nx.MultiDiGraph[int]) -> Highlight:
    """The path from a leaf to the output on which the product of local derivatives is largest.

    A link counts |local derivative|; where arrays are involved, the norm of what it hands back
    over the norm of what arrives. Of equal paths it is that of the first leaf and operand.

    >>> from backviz import load, to_graph
    >>> L = load("L=3*a+a*b; a=2; b=5")
    >>> L.backward()
    >>> round(find_highlight(to_graph(L), "largest").product, 9)
    5.0
    """
    output = graph.graph["output"]
    best: dict[int, tuple[float, Link | None]] = {output: (0.0, None)}
    for node in sorted(graph, reverse=True):
        for link, gain in _links(graph, node):
            behind = best.get(link[1])
            if behind is None or not gain > 0:
                continue
            product = math.log(gain) + behind[0]
            if node not in best or product > best[node][0]:
                best[node] = product, link
    leaves = [n for n in graph if graph._node[n]["kind"] == LEAF and n in best and n != output]
    if not leaves:
        raise InputError(
            _("no gradient reaches a leaf, so there is no largest path; name one, as a->L")
        )
    node = max(leaves, key=lambda leaf: (best[leaf][0], -leaf))
    product, step = best[node]
    way, links = [node], set[Link]()
    while step is not None:
        links.add(step)
        way.append(step[1])
        step = best[step[1]][1]
    return Highlight(
        frozenset(way), frozenset(links), tuple(way), _exp(product),
        any(isinstance(graph._node[n]["value"], np.ndarray) for n in way),
    )  # fmt: skip


def _exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf


def _links(graph: nx.MultiDiGraph[int], node: int) -> Iterator[tuple[Link, float]]:
    """The uses of a node, each with the factor by which it changes the gradient's size."""
    for head, by_key in graph._succ[node].items():
        upstream = graph._node[head].get("grad")
        for key, data in by_key.items():
            local = data.get("local")
            if isinstance(local, float):
                yield (node, head, key), abs(local)
            elif upstream is not None and "contribution" in data:
                yield (node, head, key), _ratio(data["contribution"], upstream)


def _ratio(part: Any, upstream: Any) -> float:
    arrived = float(np.linalg.norm(np.ravel(upstream)))
    return float(np.linalg.norm(np.ravel(part))) / arrived if arrived else 0.0


def said_way(graph: nx.MultiDiGraph[int], way: Iterable[int], most: int = 6) -> str:
    """The path in names, and signs of ops without one; the middle of a long one left out.

    >>> from backviz import load, to_graph
    >>> G = to_graph(load("L=tanh(a*b)+a; a=2; b=3"))
    >>> said_way(G, find_highlight(G, "b->L").way), said_way(G, range(5), 4)
    ('b → L', 'a → b → … → L')
    """
    nodes = [graph.nodes[n] for n in way]
    listed = [d["label"].strip() or (sign_of(OPS[d["op"]]) if d["op"] else "□") for d in nodes]
    if len(listed) > most:
        listed = [*listed[: most - 2], "…", listed[-1]]
    return " → ".join(clean(each, LONGEST) for each in listed)
