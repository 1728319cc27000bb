"""Folds by the parts of a network: a box for each layer or block, repeated blocks as one.

A part is the scope that an op was recorded in (`autodiff.recording.scope`), or the first
piece of a dotted name: `enc.w` belongs to `enc`. Invariant: what a fold leaves is a DAG;
a part that would close a circle, because something leaves it and comes back, stays unfolded.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from backviz.graphs.folds import Home
from backviz.graphs.recorded import CONSTANT, LEAF, OP

LONGEST_PERIOD = 6  # boxes in a block that repeats
LEAST_REPEATS = 3
_CALL = re.compile(r"#\d+")
_LISTED = re.compile(r"\.?\d+(?=$|\.)")  # blocks.0 and blocks.1 are blocks


@dataclass(frozen=True)
class Parts:
    """A fold by parts: every node's home, and what the folded boxes are called."""

    home: Home
    titles: dict[int, str] = field(default_factory=dict)


def has_scopes(graph: nx.MultiDiGraph[Any]) -> bool:
    """Whether the graph knows of any parts."""
    return any(scope_of(data) for data in graph._node.values())


def fold_layers(
    graph: nx.MultiDiGraph[int],
    depth: int = 0,
    show_weights: bool = False,
    opened: Collection[str] = (),
) -> Parts:
    """Fold every innermost part into one box; with a depth, the parts at that depth.

    Parts that are `opened` are not folded, but what they are made of, each a level deeper.

    Weights that only one part uses are hidden in it; data stay boxes, and so does a leaf
    that is the first operand of its op, because that is what flows through. With
    `show_weights` every leaf stays a box.

    >>> from backviz import Value, to_graph
    >>> from backviz.autodiff.recording import scope, scoped
    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> with scoped(), scope("layer"):
    ...     y = (x * w).tanh()
    >>> fold_layers(to_graph(y))
    Parts(home={0: 0, 1: 3, 2: 3, 3: 3}, titles={3: 'layer'})
    """
    scopes = {n: scope_of(d) for n, d in graph.nodes(data=True)}
    lists = _lists_of_blocks({*scopes.values()}, depth)
    around = around_of(opened) if depth else {*opened}
    part = {n: _opened(scope, _cut(scope, depth, lists), around) for n, scope in scopes.items()}
    if show_weights:
        part |= {n: "" for n, kind in graph.nodes(data="kind") if kind == LEAF}
    part |= _hidden_leaves(graph, part, (CONSTANT,) if show_weights else (CONSTANT, LEAF))
    members: dict[str, list[int]] = {}
    for node in graph:
        members.setdefault(part[node] or f"\0{node}", []).append(node)
    home = {n: group[-1] for group in members.values() for n in group}
    parts = {name: group for name, group in members.items() if not name.startswith("\0")}
    called = _titles(list(parts))
    titles = {
        group[-1]: called[name]
        for name, group in parts.items()
        if len(group) > 1 or graph.in_degree(group[0]) > 1
    }
    return _without_circles(graph, Parts(home, titles))


def fold_repeats(graph: nx.MultiDiGraph[int], parts: Parts, opened: Collection[str] = ()) -> Parts:
    """Fold a part, or a row of parts, that follows on itself three times or more into one box.

    Parts are the same if they hold the same ops on the same shapes, and stand in the same of those
    that are `opened`; a list of parts that is opened is not folded again.
    """
    targets = sorted(t for t in parts.titles)
    if len(targets) < LEAST_REPEATS:
        return parts
    inside: dict[int, list[int]] = {}
    for node, target in parts.home.items():
        inside.setdefault(target, []).append(node)
    within = {n: _within(scope_of(data), opened) for n, data in graph.nodes(data=True) if opened}
    # no row leads over ops that stand alone because their part is open
    alone = [n for n in within if within[n] and parts.home[n] not in parts.titles]
    signs = [(within.get(t), bisect(alone, t), *_signature(graph, inside[t])) for t in targets]
    moved: dict[int, int] = {}
    titles = dict(parts.titles)
    for start, period, times in _runs(signs):
        row = targets[start : start + period * times]
        # what lies between the parts of the row, such as a sum, goes with them
        between = {
            parts.home[n]
            for n in graph
            if row[0] < n <= row[-1]
            and graph.nodes[n]["kind"] == OP
            and not parts.titles.get(parts.home[n])
        }
        last = row[-1]
        for target in row:
            titles.pop(target, None)
        moved |= dict.fromkeys([*row, *between], last)
        names = [_LISTED.sub("", parts.titles[t]) for t in row[:period]]
        titles[last] = f"{_row_title(names)} ×{times}"
    home = {n: moved.get(target, target) for n, target in parts.home.items()}
    folded = _without_circles(graph, Parts(home, titles))
    return folded if all(t in folded.titles for t in titles) else parts


def scope_of(data: Mapping[str, Any]) -> str:
    """The scope that a node was recorded in, or the first piece of a dotted name; "" for none."""
    scope: str = data.get("scope", "")
    if scope:
        return scope
    name, dot, rest = data["label"].partition(".")
    return name if dot and name.isidentifier() and rest else ""


def around_of(paths: Collection[str]) -> set[str]:
    """The paths, and those of the parts around them.

    >>> sorted(around_of(["net/blocks/0"]))
    ['net', 'net/blocks', 'net/blocks/0']
    """
    pieces = [path.split("/") for path in paths]
    return {"/".join(p[: i + 1]) for p in pieces for i in range(len(p))}


def _opened(scope: str, part: str, opened: Collection[str]) -> str:
    """The part that a node stands in where some parts are open; "" where it stands alone."""
    while part in opened:
        deeper = scope[len(part) + 1 :].partition("/")[0]
        part = f"{part}/{deeper}" if deeper else ""
    return part


def _within(scope: str, opened: Collection[str]) -> str:
    """The innermost open part around a scope; of a list that is open, each part alone."""
    for path in sorted(around_of([scope]), key=len, reverse=True):
        if path in opened:
            deeper = scope[len(path) + 1 :].partition("/")[0]
            return f"{path}/{deeper}" if deeper.partition("#")[0].isdigit() else path
    return ""


def _cut(scope: str, depth: int, lists: set[str]) -> str:
    if not depth:
        return scope
    pieces = scope.split("/")
    outer = "/".join(pieces[:depth])
    return "/".join(pieces[: depth + 1]) if outer in lists else outer


def _lists_of_blocks(scopes: set[str], depth: int) -> set[str]:
    """The parts at a depth that are lists of parts with parts of their own: `net/blocks/0/norm`."""
    pieces = [scope.split("/") for scope in scopes]
    return {
        "/".join(p[:depth])
        for p in pieces
        if depth and len(p) > depth + 1 and _is_listed(p[depth]) and not _is_listed(p[depth - 1])
    }


def _is_listed(piece: str) -> bool:
    return piece.partition("#")[0].isdigit()


def _titles(scopes: list[str]) -> dict[str, str]:
    """A title for each part: its own name, with the part around it where others have the same."""
    short = {scope: title_of(scope) for scope in scopes}
    # calls of one part are not others: only what stands in different places is
    met = Counter(title for _, title in {(_CALL.sub("", s), t) for s, t in short.items()})
    return {
        scope: title if met[title] == 1 or "/" not in scope else _longer(scope, title)
        for scope, title in short.items()
    }


def _longer(scope: str, title: str) -> str:
    around = title_of(scope.rpartition("/")[0])
    return title if title.startswith(f"{around}.") else f"{around}.{title}"


def title_of(scope: str) -> str:
    """The last piece, without what tells calls apart and, of a list, which one it is."""
    *around, last = (piece.partition("#")[0] for piece in scope.split("/"))
    last = last.strip("[]")
    return f"{around[-1].strip('[]')}.{last}" if last.isdigit() and around else last


def _row_title(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _hidden_leaves(
    graph: nx.MultiDiGraph[int], part: dict[int, str], kinds: tuple[str, ...]
) -> dict[int, str]:
    """Weights and numbers that belong to the one part that uses them."""
    found = {}
    for node, data in graph.nodes(data=True):
        if data["kind"] not in kinds or part[node]:
            continue
        users = {part[head] for head in graph.succ[node]}
        positions = {key for by_key in graph.succ[node].values() for key in by_key}
        named_data = data["kind"] == CONSTANT and data["label"]
        weight = data["kind"] == CONSTANT or 0 not in positions
        if len(users) == 1 and "" not in users and weight and not named_data:
            found[node] = users.pop()
    return found


def _without_circles(graph: nx.MultiDiGraph[int], parts: Parts) -> Parts:
    """The same fold, but for the parts that would stand on a circle."""
    home, titles = dict(parts.home), dict(parts.titles)
    while True:
        folded: nx.DiGraph[int] = nx.DiGraph()
        folded.add_nodes_from(home.values())
        folded.add_edges_from((home[u], home[v]) for u, v in graph.edges() if home[u] != home[v])
        rings = [c for c in nx.strongly_connected_components(folded) if len(c) > 1]
        # a box stands where its last node does, so its inputs have to be older than that
        late = {v for u, v in folded.edges if u > v}
        if not rings and not late:
            return Parts(home, titles)
        bad = set().union(*rings) | late
        for node, target in parts.home.items():
            if home[node] in bad and home[node] == target:
                home[node] = node
        for target in bad:
            titles.pop(target, None)


def _signature(graph: nx.MultiDiGraph[int], nodes: list[int]) -> tuple[Any, ...]:
    return tuple((graph.nodes[n]["op"], graph.nodes[n]["shape"]) for n in sorted(nodes))


def _runs(signs: list[Any]) -> list[tuple[int, int, int]]:
    """Where something repeats: start, length of the period, how many times; no two overlap.

    >>> _runs(list("xababababy"))
    [(1, 2, 4)]
    """
    found, i = [], 0
    while i < len(signs):
        best = (0, 0)
        for period in range(1, LONGEST_PERIOD + 1):
            times = 1
            while (
                signs[i + times * period : i + (times + 1) * period] == signs[i : i + period]
                and len(signs[i : i + period]) == period
            ):
                times += 1
            if times >= LEAST_REPEATS and times * period > best[0] * best[1]:
                best = (period, times)
        if best[0]:
            found.append((i, *best))
            i += best[0] * best[1]
        else:
            i += 1
    return found
