"""Graphs folded to reading size.

A fold is a map from every node to its home, the last node of the group that it is
drawn in. Maps are cheap: they can be counted and combined, and `contract` draws one.
Invariant: what a fold leaves is a DAG. Loops over whole graphs read networkx's own dictionaries;
its views cost more than the work that is done on them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import networkx as nx

from backviz.autodiff.symbol import LITERAL, UNNAMED, Symbol, as_symbol, name_symbol
from backviz.graphs.recorded import CONSTANT, GROUP, LEAF, operands
from backviz.ops import OPS
from backviz.text import NumberStyle, count

ABREAST = 8  # arrows beside each other from a box without a value; what goes along is not told
LONG_FORMULA, LIKE_TERMS = 30, 3
_PLACE = re.compile(r"\[\d+\]|⁽[⁰-⁹¹²³]+⁾|(?<=[^\W\d_])\d+$")
MOST_IN_FORMULA = 24  # nodes; the formula of a larger group is only its number of ops
Home = dict[int, int]
NO_TITLES: Mapping[int, str] = {}


def fold_constants(graph: nx.MultiDiGraph[int]) -> Home:
    """Fold every constant with one consumer into it: `x²` instead of `pow` and a 2.

    A constant that has a name is data, and stays a box.

    >>> from backviz import Value, to_graph
    >>> x = Value(3.0, label="x")
    >>> G = to_graph(x**2)
    >>> folded = contract(G, fold_constants(G))
    >>> folded.nodes[2]["formula"], list(folded.edges)
    ('x²', [(0, 2, 0)])
    """
    home = {n: n for n in graph}
    for node, kind in graph.nodes(data="kind"):
        if kind == CONSTANT and len(graph._succ[node]) == 1 and not graph._node[node]["label"]:
            (home[node],) = graph._succ[node]
    return home


def fold_names(graph: nx.MultiDiGraph[int]) -> Home:
    """Fold unnamed steps into the named value that they serve: a box per name.

    A step joins a group when all its consumers are in that group, so every group
    has one way out and its edges have a true local derivative.

    >>> from backviz import Value, to_graph
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> L = (a * b + a).tanh()
    >>> L.label = "L"
    >>> G = to_graph(L)
    >>> contract(G, fold_names(G)).nodes[4]["formula"]
    'tanh(a·b + a)'
    """
    home: Home = {}
    for node in reversed(list(graph)):
        data = graph._node[node]
        consumers = {home[c] for c in graph._succ[node]}
        absorbed = len(consumers) == 1 and not data["label"] and data["kind"] != LEAF
        home[node] = consumers.pop() if absorbed else node
    return home


def hide_weights(graph: nx.MultiDiGraph[int], home: Home) -> Home:
    """Write every leaf that only one box uses into that box; what several boxes use stays.

    Data that want no gradient stay as well: they are what flows through.

    >>> from backviz import Value, to_graph
    >>> w, x = Value(2.0, "w"), Value(3.0, "x", requires_grad=False)
    >>> G = to_graph((w * x).tanh())
    >>> folded = contract(G, hide_weights(G, {n: n for n in G}))
    >>> list(folded), folded.nodes[2]["formula"]
    ([1, 2, 3], 'w·x')
    """
    hidden = dict(home)
    for node, kind in graph.nodes(data="kind"):
        users = {home[c] for c in graph._succ[node]}
        if kind == LEAF and home[node] == node and len(users) == 1:
            (hidden[node],) = users
    return hidden


def hide_data(graph: nx.MultiDiGraph[int], home: Home) -> Home:
    """Write all data, constants that have a name, into the boxes that use them.

    >>> from backviz import Value, to_graph
    >>> w, x = Value(2.0, "w"), Value(3.0, "x", requires_grad=False)
    >>> G = to_graph((w * x).tanh())
    >>> folded = contract(G, hide_data(G, {n: n for n in G}))
    >>> list(folded), folded.nodes[2]["formula"]
    ([0, 2, 3], 'w·x')
    """
    hidden = dict(home)
    for node, kind in graph.nodes(data="kind"):
        users = {home[c] for c in graph._succ[node]}
        if kind == CONSTANT and home[node] == node and len(users) == 1:
            (hidden[node],) = users
    return hidden


def fold_middle(home: Home, keep: int) -> Home:
    """Fold all boxes of another fold but the first and the last few into one.

    What is folded is an interval in the order of recording, so the result is a DAG.

    >>> fold_middle({n: n for n in range(6)}, 4)
    {0: 0, 1: 1, 2: 3, 3: 3, 4: 4, 5: 5}
    """
    targets = sorted(set(home.values()))
    head, tail = keep // 2, keep - keep // 2
    middle = set(targets[head : len(targets) - tail])
    last = max(middle, default=0)
    return {node: last if target in middle else target for node, target in home.items()}


def size(home: Home) -> int:
    """How many boxes a fold leaves."""
    return len(set(home.values()))


def contract(
    graph: nx.MultiDiGraph[int],
    home: Home,
    numbers: NumberStyle = LITERAL,
    titles: Mapping[int, str] = NO_TITLES,
    formulas: bool = False,
) -> nx.MultiDiGraph[int]:
    """Draw every group of nodes with the same home as one node.

    A group's node has `kind` "group", `size` (ops inside), `ops` (which), `leaves`
    (how many of them are inside), `inside` (the nodes of a small group), and, if
    it has one way out, the value, gradient and label of that node, the `formula`
    of the group (with literals as `numbers` writes them), and edges with the local
    derivative of the whole group. `titles` are names for groups; such a group has `title`.
    With `formulas` a named op that stands alone has its formula, as a group has.
    A group without a value has at most `ABREAST` edges to one node: 10,000 arrows side by side
    would be a page a hundred metres high.
    """
    groups: dict[int, list[int]] = {}
    for node in graph:
        groups.setdefault(home[node], []).append(node)
    single = {
        target: _single_exit(graph, group, target)
        for target, group in groups.items()
        if len(group) > 1
    }
    folded: nx.MultiDiGraph[int] = nx.MultiDiGraph(output=home[graph.graph["output"]])
    for target, group in sorted(groups.items()):
        if target in single:
            about = _group_attributes(graph, group, single[target], numbers)
            if target in titles:
                about["title"] = titles[target]
            folded.add_node(target, **about)
        else:
            named = {"title": titles[target]} if target in titles else {}
            folded.add_node(target, **graph.nodes[target], **named)
            if formulas and graph.nodes[target]["op"] and graph.nodes[target]["label"].strip():
                formula = str(group_symbols(graph, (target,), numbers)[target])
                folded.nodes[target]["formula"] = formula
    for target, group in groups.items():
        if target in single:
            edges = _group_edges(graph, group, single[target])
        else:
            edges = _op_edges(graph, target, set())
        for tail, key, data in edges:
            source = home[tail]
            if single.get(source) is False and folded.number_of_edges(source, target) >= ABREAST:
                continue
            taken = folded.has_edge(source, target, key)
            free = folded.new_edge_key(source, target) if taken else key
            folded.add_edge(source, target, free, **data)
    return folded


def _single_exit(graph: nx.MultiDiGraph[int], group: list[int], target: int) -> bool:
    inside = set(group)
    return all(n == target or inside.issuperset(graph._succ[n]) for n in group)


def _group_attributes(
    graph: nx.MultiDiGraph[int], group: list[int], single: bool, numbers: NumberStyle
) -> dict[str, Any]:
    target = group[-1]
    ops = Counter(op for n in group if (op := graph._node[n]["op"]))
    hidden = sum(graph._node[n]["kind"] == LEAF for n in group)
    listed = ", ".join(f"{name} ×{times}" for name, times in ops.most_common(3))
    attributes: dict[str, Any] = {
        "kind": GROUP,
        "op": "",
        "label": "",
        "shape": "()",
        "order": graph.nodes[target]["order"],
        "size": ops.total(),
        "ops": listed + (", …" if len(ops) > 3 else ""),
        "leaves": hidden,
        "formula": count(ops.total(), "op"),
    }
    if single:
        attributes |= {k: v for k, v in graph.nodes[target].items() if k not in ("kind", "op")}
        if len(group) <= MOST_IN_FORMULA:
            attributes["inside"] = tuple(group)
            attributes["formula"] = str(group_symbols(graph, group, numbers)[target])
            if len(attributes["formula"]) > LONG_FORMULA:
                attributes["formula"] = _as_sum(graph, group) or attributes["formula"]
    return attributes


def _as_sum(graph: nx.MultiDiGraph[int], group: list[int]) -> str:
    """A long sum of like terms as `Σ (ypred − y)²`: names without their place, numbers as □."""
    inside, terms, stack = set(group), list[int](), [group[-1]]
    while stack:
        node = stack.pop()
        if graph._node[node]["op"] == "add" and node in inside:
            stack += operands(graph, node)
        else:
            terms.append(node)
    nodes = graph._node
    terms = [n for n in terms if nodes[n]["op"] or nodes[n]["label"] or nodes[n]["value"] != 0]
    if len(terms) < LIKE_TERMS or not inside.issuperset(terms):
        return ""
    if not all(nodes[n]["op"] for n in terms):
        return ""  # something else is added, too

    def enter(node: int) -> Symbol:
        label, readers = graph._node[node]["label"].strip(), graph._succ[node]
        if not label and any(graph._node[r]["op"] == "pow" for r in readers):
            return as_symbol(graph._node[node]["value"])
        name = _PLACE.sub("", label) or UNNAMED
        return name_symbol(name, data=graph._node[node]["value"])

    written = {str(s) for n, s in group_symbols(graph, group, enter=enter).items() if n in terms}
    return f"Σ {written.pop()}" if len(written) == 1 else ""


def group_symbols(
    graph: nx.MultiDiGraph[int],
    group: Iterable[int],
    numbers: NumberStyle = LITERAL,
    enter: Callable[[int], Symbol] | None = None,
) -> dict[int, Symbol]:
    """Formulas for the nodes of a group in terms of what enters it.

    `enter` gives the symbol for a node outside, or for a leaf inside; otherwise it is the
    node's label, a constant's number, or □.
    """
    own = {*group} if enter is None else set[int]()
    enter = enter or (lambda node: _entering(graph.nodes[node], numbers, node in own))
    symbols: dict[int, Symbol] = {}
    for node in group:
        data = graph.nodes[node]
        if not data["op"]:
            symbols[node] = enter(node)
            continue
        inputs = operands(graph, node)
        args = [symbols[u] if u in symbols else enter(u) for u in inputs]
        op = OPS[data["op"]]
        symbols[node] = args[0].interpret(op, tuple(args), data.get("params", {}))
    return symbols


def _entering(data: dict[str, Any], numbers: NumberStyle, inside: bool) -> Symbol:
    """The symbol of what is no op: its name, or its number where no box shows that."""
    if data["label"].strip():
        return name_symbol(data["label"], data=data["value"])
    if data["kind"] == CONSTANT or (inside and isinstance(data["value"], float)):
        return as_symbol(data["value"], numbers)
    return Symbol(UNNAMED, data=data["value"])


def _group_edges(
    graph: nx.MultiDiGraph[int], group: list[int], single: bool
) -> Iterable[tuple[int, int, dict[str, Any]]]:
    """One edge for each input of the group, with the derivative through the group."""
    inside, nodes = set(group), graph._node
    if not any(nodes[n]["op"] for n in group[:-1]):
        yield from _op_edges(graph, group[-1], inside)
        return
    slope: dict[int, float | None] = {group[-1]: 1.0} if single else {}
    entering: dict[int, list[dict[str, Any]]] = {}
    locals_: dict[int, list[float | None]] = {}
    for node in reversed(group):
        here = slope.get(node)
        for tail, by_key in graph._pred[node].items():
            outside = tail not in inside
            if not (single or outside):
                continue
            for data in by_key.values():
                local = data.get("local") if here is not None else None
                through = here * local if here is not None and isinstance(local, float) else None
                if outside:
                    entering.setdefault(tail, []).append(data)
                    locals_.setdefault(tail, []).append(through)
                elif tail in slope:
                    slope[tail] = _add(slope[tail], through)
                else:
                    slope[tail] = through
    for key, tail in enumerate(sorted(entering)):
        data = {}
        if single:
            # where something was handed back, an edge without a contribution carries no gradient
            parts = [d.get("contribution") for d in entering[tail]]
            told = [i for i, part in enumerate(parts) if part is not None] or range(len(parts))
            data = {
                "local": _total([locals_[tail][i] for i in told]),
                "contribution": _total([parts[i] for i in told]),
            }
        yield tail, key, {k: v for k, v in data.items() if v is not None}


def _op_edges(
    graph: nx.MultiDiGraph[int], node: int, inside: set[int]
) -> Iterable[tuple[int, int, dict[str, Any]]]:
    """The edges of one op, but for those from inside its group."""
    for tail, by_key in graph._pred[node].items():
        if tail not in inside:
            yield from ((tail, key, data) for key, data in by_key.items())


def _add(a: Any, b: Any) -> Any:
    return None if a is None or b is None else a + b


def _total(terms: list[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = _add(total, term)
    return total
