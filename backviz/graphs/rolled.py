"""Networks that were written with single numbers, seen as networks again.

A neuron is a sum of products of leaves with inputs, with or without a bias and an activation;
neurons that read the same inputs are a layer, and a neuron that is used with other inputs is
the same neuron for another sample. Invariant: nothing is rolled up that does not have exactly
this shape, and every number of a matrix is the number of one node.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import networkx as nx
import numpy as np

from backviz.autodiff.symbol import LITERAL, UNNAMED, Symbol, as_symbol, name_symbol
from backviz.graphs.folds import Home, group_symbols
from backviz.graphs.recorded import CONSTANT, GROUP, LEAF, operands
from backviz.language import Language
from backviz.ops import OPS
from backviz.text import NumberStyle

LEAST_UNITS = 2  # neurons side by side, or it is no layer
_SUM, _PRODUCT, _NEGATION = "add", "mul", "neg"


@dataclass(frozen=True)
class _Neuron:
    """One neuron for one sample: its leaves, what it reads, and the nodes it is made of."""

    weights: tuple[int, ...]
    bias: int | None
    inputs: tuple[int, ...]
    activation: str
    out: int
    nodes: frozenset[int]


@dataclass(frozen=True)
class Layer:
    """Neurons by sample and place: `units[s][j]` is neuron j for sample s.

    A part of one has a `kind` of its own, one "neuron" or one by its "ops", and the number of its
    `sample`, where samples stand apart. `tag` is the number of the layer, `1`, or neuron, `1.2`.
    """

    units: tuple[tuple[_Neuron, ...], ...]
    tag: str = ""
    kind: Literal["layer", "neuron", "ops"] = "layer"
    sample: int = 0

    @property
    def weights(self) -> list[list[int]]:
        """The leaves of the matrix, a row for each neuron."""
        return [[*unit.weights] for unit in self.units[0]]

    @property
    def biases(self) -> list[int]:
        """The leaves of the bias, a shared one once; none if any neuron lacks it."""
        found = [unit.bias for unit in self.units[0]]
        return [b for b in dict.fromkeys(found) if b is not None] if None not in found else []

    @property
    def outs(self) -> list[list[int]]:
        """The nodes of the results, a row for each sample."""
        return [[unit.out for unit in row] for row in self.units]

    @property
    def inputs(self) -> list[list[int]]:
        """The nodes that are read, a row for each sample."""
        return [[*row[0].inputs] for row in self.units]

    @property
    def neurons(self) -> list[Layer]:
        """Each neuron alone, for all samples."""
        columns = zip(*self.units, strict=True)
        return [
            replace(self, units=tuple((u,) for u in column), tag=f"{self.tag}.{j}", kind="neuron")
            for j, column in enumerate(columns, 1)
        ]

    @property
    def samples(self) -> list[Layer]:
        """The layer for each sample alone; they share the leaves."""
        return [replace(self, units=(row,), sample=s) for s, row in enumerate(self.units, 1)]

    def ops(self, graph: nx.MultiDiGraph[int]) -> list[tuple[int, ...]]:
        """The ops of one neuron, each for all samples; none if samples are not computed alike."""
        rows = [sorted(n for n in u.nodes if graph._node[n]["op"]) for (u,) in self.units]
        if len({tuple(graph._node[n]["op"] for n in row) for row in rows}) > 1:
            return []
        return [*zip(*rows, strict=True)]


def name_of(layer: Layer, words: Language) -> str:
    """What the box of a layer, or of a neuron, is called."""
    if layer.kind == "layer":
        return words.gettext("layer {k}", k=layer.tag)
    return words.gettext("neuron {k}", k=layer.tag)


def layers(graph: nx.MultiDiGraph[int]) -> list[Layer]:
    """The layers of a network of single numbers, first things first; none if it is no network.

    >>> from backviz import to_graph
    >>> from backviz.nn.scalar import MLP
    >>> G = to_graph(MLP(3, [4, 2], seed=0)([1.0, 2.0, 3.0])[0])
    >>> [(len(layer.weights), len(layer.weights[0])) for layer in layers(G)]
    [(4, 3), (1, 4)]
    """
    found: dict[tuple[int, ...], list[_Neuron]] = {}
    taken: set[int] = set()
    for node in reversed(list(graph)):  # the whole sum before its parts
        if node not in taken and (neuron := _neuron(graph, node)) is not None:
            found.setdefault(neuron.weights, []).insert(0, neuron)
            taken |= neuron.nodes
    if not _are_matrices(found.values()):
        return []
    beside: dict[Any, list[list[_Neuron]]] = {}
    for same in sorted(found.values(), key=lambda same: same[0].out):
        key = same[0].activation, tuple(_read(graph, neuron.inputs) for neuron in same)
        beside.setdefault(key, []).append(same)
    made = [Layer(tuple(zip(*units, strict=True))) for units in beside.values()]
    if any(len(layer.biases) not in (0, 1, len(layer.weights)) for layer in made):
        return []  # a bias that some neurons share is no vector
    if not any(len(layer.weights) >= LEAST_UNITS for layer in made):
        return []
    made.sort(key=lambda layer: layer.outs[0][0])
    return [replace(layer, tag=str(k)) for k, layer in enumerate(made, 1)]


def _are_matrices(neurons: Iterable[list[_Neuron]]) -> bool:
    """Whether every weight is in one place, and every neuron is the same for all samples."""
    seen: set[int] = set()
    for same in neurons:
        first = same[0]
        if any((n.bias, n.activation) != (first.bias, first.activation) for n in same):
            return False
        if not seen.isdisjoint(first.weights):
            return False
        seen.update(first.weights)
    return True


def _read(graph: nx.MultiDiGraph[int], inputs: tuple[int, ...]) -> tuple[Any, ...]:
    """What tells inputs apart: the node, or the number of one that each neuron has anew."""
    return tuple((graph._node[n]["value"],) if _is_private(graph, n) else n for n in inputs)


def _neuron(graph: nx.MultiDiGraph[int], root: int) -> _Neuron | None:
    """The neuron whose sum ends here, if one does."""
    node, after = graph._node, graph._succ
    if node[root]["op"] != _SUM or isinstance(node[root]["value"], np.ndarray):
        return None
    nodes, products, bias, stack = {root}, list[tuple[int, int, int]](), None, [root]
    while stack:
        for term in reversed(operands(graph, stack.pop())):
            data = node[term]
            alone = len(after[term]) == 1
            if data["op"] == _SUM and alone and not data["label"]:
                nodes.add(term)
                stack.append(term)
            elif data["op"] == _PRODUCT and alone and (pair := _weighted(graph, term)):
                nodes.add(term)
                products.append((term, *pair))
            elif data["kind"] == LEAF and bias is None:
                bias = term
            elif data["kind"] == CONSTANT and data["value"] == 0.0:
                nodes.add(term)
            else:
                return None
    if len(products) + (bias is not None) < 2 or not products:
        return None
    products.sort()
    weights, inputs = tuple(w for _, w, _ in products), tuple(x for _, _, x in products)
    if len({*weights}) < len(weights) or len({*inputs}) < len(inputs):
        return None
    nodes |= {p for p, _, _ in products} | {x for x in inputs if _is_private(graph, x)}
    out, activation = root, ""
    if len(after[root]) == 1 and not node[root]["label"]:
        (one,) = after[root]
        op = OPS[node[one]["op"]]
        if len(operands(graph, one)) == 1 and op.name != _NEGATION:
            out, activation = one, op.name
            nodes.add(one)
    return _Neuron(weights, bias, inputs, activation, out, frozenset(nodes))


def _is_private(graph: nx.MultiDiGraph[int], node: int) -> bool:
    """Whether a node is a plain number that one product uses."""
    data = graph._node[node]
    return data["kind"] in (LEAF, CONSTANT) and not data["label"] and len(graph._succ[node]) == 1


def _weighted(graph: nx.MultiDiGraph[int], product: int) -> tuple[int, int] | None:
    """The leaf and the input of a product; the first of two leaves is the weight."""
    inputs = operands(graph, product)
    if len({*inputs}) < 2:
        return None
    leaf = next((n for n in inputs if graph._node[n]["kind"] == LEAF), None)
    return None if leaf is None else (leaf, next(n for n in inputs if n != leaf))


def roll_home(
    graph: nx.MultiDiGraph[int],
    found: list[Layer],
    home: Home,
    hidden: Callable[[Layer], bool] = lambda _layer: False,
) -> Home:
    """A fold of everything with a box for each layer, each matrix of weights and each bias.

    Weights of the layers that are `hidden` are inside their layer.
    """
    rolled = dict(home)
    for layer in found:
        if layer.kind == "ops":
            for same in layer.ops(graph):
                rolled |= dict.fromkeys(same, max(same))
            inside = sorted({n for (unit,) in layer.units for n in unit.nodes})
            for node in (n for n in inside if not graph._node[n]["op"]):
                rolled[node] = rolled[min(graph._succ[node])]
            continue
        box = max(map(max, layer.outs))
        for row in layer.units:
            for unit in row:
                rolled |= dict.fromkeys(unit.nodes, box)
        for leaves in (*layer.weights, layer.biases):
            last = (
                box
                if hidden(layer)
                else max(leaves if leaves == layer.biases else map(max, layer.weights), default=0)
            )
            rolled |= dict.fromkeys(leaves, last)
    for node, data in graph.nodes(data=True):  # plain numbers stand in what uses them
        if rolled[node] == node and data["kind"] == LEAF and _is_private(graph, node):
            (reader,) = graph._succ[node]
            rolled[node] = rolled[reader]
    return rolled


def roll(
    view: nx.MultiDiGraph[int],
    graph: nx.MultiDiGraph[int],
    found: list[Layer],
    numbers: NumberStyle = LITERAL,
    hidden: Callable[[Layer], bool] = lambda _layer: False,
    called: Callable[[Layer], str] = lambda layer: f"{layer.kind} {layer.tag}",
) -> None:
    """Give the boxes of a folded network their matrices: weights, results and gradients.

    `called` names a layer. One whose weights are `hidden` says how many there are and how large
    their gradient is, in `numbers` of this style.
    """
    for layer in found:
        if layer.kind == "ops":
            _roll_ops(view, graph, layer)
            continue
        if hidden(layer):
            box = _matrix(view, graph, called(layer), layer.outs, GROUP)
            view.nodes[box]["formula"] = _counted(graph, layer, numbers)
            view.nodes[box]["inside"] = ()
            continue
        w, b = ("W", "b") if layer.kind == "layer" else ("w", "b")
        w, b = f"{w}{layer.tag}", f"{b}{layer.tag}"
        _matrix(view, graph, w, layer.weights, LEAF)
        name, many = called(layer), len(layer.units)
        inner = f"{w} @ x" + (f" + {b}" if layer.biases else "")
        if layer.biases:
            _matrix(view, graph, b, [layer.biases], LEAF)
        (kind,) = {u.activation for row in layer.units for u in row} or {""}
        formula = f"{kind}({inner})" if kind else inner
        outs = layer.outs
        if layer.kind == "neuron":  # a number for each sample
            outs = [[row[0] for row in outs]]
        box = _matrix(view, graph, name, outs, GROUP)
        view.nodes[box]["formula"] = f"{formula}  ×{many}" if many > 1 else formula
        view.nodes[box]["inside"] = ()
    boxes = {n for n, inside in view.nodes(data="rolled") if inside}
    for tail, head in {(u, v) for u, v, _ in view.edges if boxes & {u, v}}:
        keys = [*view[tail][head]]
        view.remove_edges_from([(tail, head, key) for key in keys[1:]])
        edge = view[tail][head][keys[0]]
        edge.clear()  # of many numbers there is no one slope
        if len(view.succ[tail]) == 1 and "grad" in view.nodes[tail]:
            edge["contribution"] = view.nodes[tail]["grad"]  # all of it comes this way


def _roll_ops(view: nx.MultiDiGraph[int], graph: nx.MultiDiGraph[int], layer: Layer) -> None:
    """Name the leaves of a neuron that stands by its ops; of several samples, an op is one box."""
    first = layer.units[0][0]
    names = {leaf: f"w{i}" for i, leaf in enumerate(first.weights, 1)}
    if first.bias is not None:
        names[first.bias] = "b"
    for leaf, name in names.items():
        if not graph._node[leaf]["label"].strip():
            view.nodes[leaf]["title"] = name
    if len(layer.units) == 1:
        return
    names |= {x: f"x{i}" for i, x in enumerate(first.inputs, 1)}

    def enter(node: int) -> Symbol:
        data = graph._node[node]
        if node in names or data["label"].strip():
            return name_symbol(data["label"].strip() or names[node], data=data["value"])
        number = data["kind"] == CONSTANT
        return as_symbol(data["value"]) if number else Symbol(UNNAMED, data=data["value"])

    for row in layer.ops(graph):
        box = _matrix(view, graph, "", [[*row]], GROUP)
        view.nodes[box]["formula"] = str(group_symbols(graph, row[:1], enter=enter)[row[0]])
        view.nodes[box]["inside"] = ()


def _counted(graph: nx.MultiDiGraph[int], layer: Layer, numbers: NumberStyle) -> str:
    """`3 → 4, 16 weights, ‖∂‖ 2.1`: sizes, parameters, and the length of their gradient."""
    leaves = {n for row in (*layer.weights, layer.biases) for n in row}
    sizes = f"{len(layer.weights[0])} → {len(layer.weights)}"
    said = f"{sizes}, {len(leaves)} θ"
    grads = [graph._node[n]["grad"] for n in leaves if "grad" in graph._node[n]]
    return f"{said}, ‖∂θ‖ {numbers.format(math.hypot(*grads))}" if grads else said


def _matrix(
    view: nx.MultiDiGraph[int],
    graph: nx.MultiDiGraph[int],
    name: str,
    rows: list[list[int]],
    kind: str,
) -> int:
    """Write the numbers of many nodes into the box that they were folded into."""
    box, data = max(map(max, rows)), graph._node
    flat = rows[0] if len(rows) == 1 else rows

    def numbers(key: str) -> Any:
        return np.array(
            [[data[n][key] for n in row] for row in rows] if flat is rows
            else [data[n][key] for n in rows[0]]
        )  # fmt: skip

    nodes = [n for row in rows for n in row]
    about = view.nodes[box]
    about |= {"kind": kind, "op": "", "label": "", "title": name, "value": numbers("value")}
    about |= {"formula": "", "rolled": True}
    about.pop("grad", None)
    if all("grad" in data[n] for n in nodes):
        about["grad"] = numbers("grad")
    about["size"] = len(nodes) if kind == GROUP else 1
    about["leaves"] = 0
    return box
