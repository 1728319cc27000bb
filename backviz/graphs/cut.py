"""A part of a graph: chosen nodes as they are, what lies before and behind them as two boxes.

Invariant: what is kept has no hole, so that what is folded away leaves a DAG; inputs of kept
ops are kept, because an op is nothing without its weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from backviz.errors import UsageError
from backviz.graphs.folds import Home
from backviz.graphs.recorded import CONSTANT, LEAF
from backviz.language import _
from backviz.names import find, told_apart
from backviz.registry import unknown


@dataclass(frozen=True)
class Choice:
    """Which part is asked for: a stretch between two names, what is near one, or one layer.

    `start` and `end` are names of values, `around` another with `hops` ops each way, `only`
    a layer or block. Empty names leave it open; nothing at all is the whole graph.
    """

    start: str = ""
    end: str = ""
    around: str = ""
    hops: int = 2
    only: str = ""

    def __bool__(self) -> bool:
        return bool(self.start or self.end or self.around or self.only)


def chosen(graph: nx.MultiDiGraph[int], choice: Choice) -> set[int]:
    """The nodes that a choice keeps, with the inputs that they need.

    >>> from backviz import load, to_graph
    >>> G = to_graph(load("L=c*d; c=a*b; d=a+b; a=2; b=3"))
    >>> sorted(G.nodes[n]["label"] for n in chosen(G, Choice(start="c")))
    ['L', 'a', 'b', 'c']
    >>> sorted(G.nodes[n]["label"] for n in chosen(G, Choice(end="d")))
    ['a', 'b', 'd']

    Raises `InputError` for a name that is none, `UsageError` for a choice that keeps nothing.
    """
    kept = set(graph)
    if choice.start:
        kept &= reached([find_node(graph, choice.start)], graph._succ)
    if choice.end:
        kept &= reached([find_node(graph, choice.end)], graph._pred)
    if choice.start and choice.end and not kept:
        raise UsageError(
            _(
                "no way leads from {start} to {end}; exchange the two",
                start=choice.start,
                end=choice.end,
            )
        )
    if choice.around:
        kept &= _near(graph, find_node(graph, choice.around), choice.hops)
    if choice.only:
        kept &= _layer(graph, choice.only)
    if not kept:
        raise UsageError(_("nothing is left of the graph; ask for a larger part"))
    kept = _without_holes(graph, kept)
    for node in [n for n in kept if graph._node[n]["op"]]:
        kept |= {u for u in graph._pred[node] if graph._node[u]["kind"] in (LEAF, CONSTANT)}
    return kept


def cut_out(graph: nx.MultiDiGraph[int], home: Home, kept: set[int]) -> Home:
    """The same fold for what is kept; all before it as one box, and all behind it.

    A group of the fold that is kept in part is kept whole.
    """
    groups: dict[int, set[int]] = {}
    for node, target in home.items():
        groups.setdefault(target, set()).add(node)
    whole = {n for group in groups.values() if not group.isdisjoint(kept) for n in group}
    whole = _without_holes(graph, whole)
    before = reached(whole, graph._pred) - whole
    made = {n: home[n] for n in whole}
    for rest in (before, set(graph) - whole - before):
        made |= dict.fromkeys(rest, max(rest, default=0))
    return made


def find_node(graph: nx.MultiDiGraph[int], name: str) -> int:
    """The node of a name; see `backviz.names.find`."""
    called = told_apart(dict(graph.nodes(data="label")))
    return find(called, name, [called[n] for n, label in graph.nodes(data="label") if label])


def reached(start: Iterable[int], links: Mapping[int, Iterable[int]]) -> set[int]:
    """All that can be reached along links, the start itself among it."""
    found, stack = set(start), list(start)
    while stack:
        for node in links[stack.pop()]:
            if node not in found:
                found.add(node)
                stack.append(node)
    return found


def _near(graph: nx.MultiDiGraph[int], node: int, hops: int) -> set[int]:
    found, last = {node}, {node}
    for _hop in range(hops):
        last = {m for n in last for m in (*graph._pred[n], *graph._succ[n])} - found
        found |= last
        last = {n for n in last if graph._node[n]["op"]}  # a weight leads to all that use it
    return found


def _layer(graph: nx.MultiDiGraph[int], only: str) -> set[int]:
    def inside(data: Mapping[str, Any]) -> bool:
        scope = data.get("scope", "")
        return _inside(_pieces(scope), only) or data["label"].startswith(f"{only}.")

    found = {n for n, data in graph.nodes(data=True) if inside(data)}
    if not found:
        scopes = {part for _node, s in graph.nodes(data="scope") if s for part in _pieces(s)}
        labels = {d["label"].rpartition(".")[0] for _node, d in graph.nodes(data=True)}
        known = sorted(filter(None, scopes | labels))
        if not known:
            raise UsageError(
                _(
                    "there is no layer {only}: the computation has none; use --from and --to",
                    only=repr(only),
                )
            )
        raise UsageError(unknown("layer", only, known))
    return found


def _pieces(scope: str) -> list[str]:
    """The parts of a scope, groups without their brackets and numbers."""
    named = [piece.partition("#")[0].strip("[]") for piece in scope.split("/")]
    return [*scope.split("/"), *named] if "[" in scope else scope.split("/")


def _inside(scope: list[str], only: str) -> bool:
    return only in scope or any(part.startswith(f"{only}.") for part in scope)


def _without_holes(graph: nx.MultiDiGraph[int], kept: set[int]) -> set[int]:
    """Also what lies on a way from one kept node to another."""
    return kept | (reached(kept, graph._succ) & reached(kept, graph._pred))
