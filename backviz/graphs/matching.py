"""Which nodes of two graphs are the same: by their names, then by what they are computed from.

Invariant: every node has at most one partner, and the two graphs laid over each other, partners
on partners, are a DAG. So both can be laid out as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import networkx as nx
import numpy as np

from backviz.graphs.recorded import CONSTANT, operands

Pairs = dict[Any, Any]
Alike = Callable[[Any, Any], Hashable]  # of a graph and a node: what it has in common with its like


def matched(one: nx.MultiDiGraph[Any], other: nx.MultiDiGraph[Any]) -> Pairs:
    """The partner in `other` of every node of `one` that has any; both are whole or folded.

    >>> from backviz import Value, to_graph
    >>> def graph(f):
    ...     x, w = Value(2.0, "x"), Value(3.0, "w")
    ...     return to_graph(f(w * x) + x)
    >>> matched(graph(lambda z: z.tanh()), graph(lambda z: z.exp()))
    {0: 0, 1: 1, 2: 2, 4: 4, 3: 3}
    >>> matched(graph(lambda z: z), graph(lambda z: z.exp()))
    {0: 0, 1: 1, 2: 2, 3: 4}
    """
    found = _Match(one, other)
    found.by_names()
    for alike in (_exactly, _by_op, _anything):
        found.by_structure(alike)
    return found.without_circles()


def _title(graph: nx.MultiDiGraph[Any], node: Any) -> str:
    data = graph.nodes[node]
    return str(data.get("title") or data["label"]).strip()


def _exactly(graph: nx.MultiDiGraph[Any], node: Any) -> Hashable:
    """The op with its options and, of a constant without a name, the number."""
    data = graph.nodes[node]
    value = data.get("value") if data["kind"] == CONSTANT else None
    told = (np.shape(value), np.asarray(value).tobytes()) if value is not None else None
    return *_by_op(graph, node), repr(data.get("params")), data.get("formula"), told


def _by_op(graph: nx.MultiDiGraph[Any], node: Any) -> tuple[str, ...]:
    data = graph.nodes[node]
    return data["kind"], data["op"], data.get("ops", "")


def _anything(graph: nx.MultiDiGraph[Any], node: Any) -> Hashable:
    """Whether something is computed here."""
    return bool(graph.pred[node])


class _Match:
    def __init__(self, one: nx.MultiDiGraph[Any], other: nx.MultiDiGraph[Any]) -> None:
        self.one, self.other = one, other
        self.pairs: Pairs = {}
        self.taken: set[Any] = set()
        self.inputs = [{n: operands(g, n) for n in g} for g in (one, other)]
        self.titles = [{_title(g, n) for n in g} for g in (one, other)]

    def join(self, a: Any, b: Any) -> bool:
        """Make two nodes partners, if both are free."""
        if a in self.pairs or b in self.taken:
            return False
        self.pairs[a] = b
        self.taken.add(b)
        return True

    def by_names(self) -> None:
        """What bears a name that nothing else in its graph bears."""
        ours, theirs = (self._unique(g) for g in (self.one, self.other))
        for title in ours:
            if title in theirs:
                self.join(ours[title], theirs[title])

    @staticmethod
    def _unique(graph: nx.MultiDiGraph[Any]) -> dict[str, Any]:
        titles = {n: _title(graph, n) for n in graph}
        many = Counter(titles.values())
        return {title: n for n, title in titles.items() if title and many[title] == 1}

    def by_structure(self, alike: Alike) -> None:
        """What is computed by a like op from partners, and what partners are computed from."""
        self._same_inputs(alike)
        ends = self.one.graph["output"], self.other.graph["output"]
        self._both_free([ends], alike)
        grown = True
        while grown:
            grown = self._read_by_partners(alike)
            grown = self._same_inputs(alike) or grown

    def _same_inputs(self, alike: Alike) -> bool:
        waiting: dict[Hashable, list[Any]] = {}
        for b in self.other:
            if b not in self.taken and (key := self._key(1, b, alike)):
                waiting.setdefault(key, []).append(b)
        grown = False
        for a in self.one:
            if a not in self.pairs and (key := self._key(0, a, alike)):
                free = [b for b in waiting.get(key, ()) if self._may(a, b)]
                if free and self.join(a, free[0]):
                    waiting[key].remove(free[0])
                    for ours, theirs in zip(
                        self.inputs[0][a], self.inputs[1][free[0]], strict=True
                    ):
                        self.join(ours, theirs)
                    grown = True
        return grown

    def _key(self, side: int, node: Any, alike: Alike) -> Hashable:
        """The op and its inputs, by their partners or, of numbers without a name, by themselves.

        None where there is an input that has no partner yet.
        """
        graph, read = (self.one, self.other)[side], self.inputs[side][node]
        told: list[Hashable] = []
        for n in read:
            if n in (self.taken if side else self.pairs):
                told.append((True, n if side else self.pairs[n]))
            elif graph.pred[n] or _title(graph, n):
                return None
            else:
                told.append((False, alike(graph, n)))
        return (alike(graph, node), tuple(told)) if read else None

    def _read_by_partners(self, alike: Alike) -> bool:
        grown = False
        for a, b in reversed([*self.pairs.items()]):
            ours, theirs = self.inputs[0][a], self.inputs[1][b]
            if len(ours) == len(theirs):
                grown = self._both_free(zip(ours, theirs, strict=True), alike) or grown
        return grown

    def _both_free(
        self,
        couples: Iterable[tuple[Any, Any]],
        alike: Alike,
    ) -> bool:
        found = [
            (a, b) for a, b in couples
            if alike(self.one, a) == alike(self.other, b) and self._may(a, b)
        ]  # fmt: skip
        return sum(self.join(a, b) for a, b in found) > 0

    def _may(self, a: Any, b: Any) -> bool:
        """Whether no name says that they differ: one has none, or both names stand alone."""
        ours, theirs = _title(self.one, a), _title(self.other, b)
        return not ours or not theirs or ours == theirs or self._both_new(ours, theirs)

    def _both_new(self, ours: str, theirs: str) -> bool:
        """Whether each name is missing in the other graph: then it may be a new name for it."""
        return ours not in self.titles[1] and theirs not in self.titles[0]

    def without_circles(self) -> Pairs:
        """The pairs with which both graphs together have an order, the first ones first."""
        if nx.is_directed_acyclic_graph(laid_over(self.one, self.other, self.pairs)):
            return self.pairs
        kept: Pairs = {}
        for a, b in self.pairs.items():
            kept[a] = b
            if not nx.is_directed_acyclic_graph(laid_over(self.one, self.other, kept)):
                del kept[a]
        return kept


def laid_over(
    one: nx.MultiDiGraph[Any], other: nx.MultiDiGraph[Any], pairs: Pairs
) -> nx.DiGraph[Any]:
    """Both graphs as one, a pair as one node: `(a, b)`, with `None` for what has no partner."""
    back = {b: a for a, b in pairs.items()}
    whole: nx.DiGraph[Any] = nx.DiGraph()
    ours, theirs = {a: (a, pairs.get(a)) for a in one}, {b: (back.get(b), b) for b in other}
    for graph, name in ((one, ours), (other, theirs)):
        whole.add_nodes_from(name.values())
        whole.add_edges_from((name[u], name[v]) for u, v, _key in graph.edges)
    return whole


def disjoint(
    one: nx.MultiDiGraph[Any],
    other: nx.MultiDiGraph[Any],
    pairs: Mapping[Any, Any],
    differing: Mapping[Any, Iterable[str]],
) -> nx.MultiDiGraph[Any]:
    """Both graphs as one without an edge between them.

    A node has its `side`, "a" or "b", and, if it has one, its partner as `like` and what is
    `differing` between both. Nodes are numbered on; `other_output` is the result of the second.
    """
    more = len(one)
    whole: nx.MultiDiGraph[Any] = nx.MultiDiGraph(
        output=one.graph["output"], other_output=other.graph["output"] + more
    )
    back = {b: a for a, b in pairs.items()}
    joined: tuple[tuple[Any, str, int], ...] = ((one, "a", 0), (other, "b", more))
    for graph, side, by in joined:
        for n, data in graph.nodes(data=True):
            partner, first = (pairs.get(n), n) if side == "a" else (back.get(n), back.get(n))
            about = {"side": side}
            if partner is not None:
                about["like"] = partner + (more if side == "a" else 0)
                about["differing"] = " ".join(sorted(differing.get(first, ())))
            whole.add_node(n + by, **{**data, "order": n + by}, **about)
        whole.add_edges_from(
            (u + by, v + by, key, d) for u, v, key, d in graph.edges(keys=True, data=True)
        )
    return whole
