"""A recorded computation as a plain networkx graph.

Invariants: node ids are 0, 1, 2 … in the order of recording; edges follow the data
(input → op), and an edge's key is the operand's position, so `x*x` has two edges.
Every attribute is a string, a number or an array, and what was not computed is
absent, so that all of networkx works on the graph.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import networkx as nx
import numpy as np

from backviz.autodiff.backward import tape
from backviz.autodiff.data import as_data
from backviz.autodiff.op import given
from backviz.autodiff.symbol import Symbol, as_symbol, name_symbol
from backviz.autodiff.value import Value

LEAF, CONSTANT, OP, GROUP = "leaf", "constant", "op", "group"


def to_graph(output: Value) -> nx.MultiDiGraph[int]:
    """The computation of `output` as a `networkx.MultiDiGraph` that is a DAG.

    Node attributes: `kind` ("leaf", "constant" or "op"), `op` (its name in the
    table, "" for a leaf), `params` (literal text, only where there are any),
    `label`, `value` (float or read-only array), `grad` (the same, only where a
    backward pass from this output has computed it), `earlier` (what a leaf's
    gradient held before the latest pass, only where it held anything), `shape`
    (text, "()" for a scalar), `order` (equal to the node id).

    Edge attributes: `local`, the local derivative of an elementwise op, and
    `contribution`, what this use of the input adds to its gradient; each only
    where computed. Where arrays are involved, `rule` is the op's rule as text: the
    local derivative of an elementwise op, the contribution of another op in terms
    of the gradient `g` that arrives. The edge key is the operand's position. The
    graph attribute `output` is the id of the output.

    >>> x = Value(3.0, label="x")
    >>> L = x * x
    >>> L.backward()
    >>> G = to_graph(L)
    >>> G.nodes[0]["grad"], list(G.edges(keys=True, data="contribution"))
    (6.0, [(0, 1, 0, 3.0), (0, 1, 1, 3.0)])
    """
    values = tape(output)
    ids = {v.serial: i for i, v in enumerate(values)}
    # gradients on the inputs of an output that has none are those of something else
    reached = output.grad is not None
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(output=ids[output.serial])
    graph.add_nodes_from((i, _node_attributes(v, i, reached)) for i, v in enumerate(values))
    graph.add_edges_from(
        edge for v in values if v.op is not None for edge in _edges(v, ids, reached)
    )
    _note_earlier(graph)
    return graph


def _note_earlier(graph: nx.MultiDiGraph[int]) -> None:
    """Say which part of a leaf's gradient was there before the latest backward pass."""
    for node, data in graph.nodes(data=True):
        if data["kind"] == LEAF and "grad" in data and graph.succ[node]:
            parts = [d.get("contribution", 0.0) for *_, d in graph.out_edges(node, data=True)]
            with np.errstate(all="ignore"):
                earlier = data["grad"] - sum(parts)
                noise = 1e-9 * (np.abs(data["grad"]) + sum(map(np.abs, parts)))
            if np.any(np.abs(earlier) > noise):
                data["earlier"] = earlier


def _node_attributes(v: Value, order: int, reached: bool) -> dict[str, Any]:
    kind = OP if v.op is not None else LEAF if v.requires_grad else CONSTANT
    attributes = {
        "kind": kind,
        "op": v.op.name if v.op is not None else "",
        "label": v.label,
        "value": _read_only(v.data),
        "shape": str(v.shape),
        "order": order,
    }
    if options := given(v.params):
        attributes["params"] = repr(options)
    if reached and (grad := _plain(v.grad)) is not None:
        attributes["grad"] = _read_only(grad)
    return attributes


def _read_only(data: Any) -> Any:
    """The same numbers; writing into the graph must not change the recorded values."""
    if not isinstance(data, np.ndarray):
        return data
    view = data.view()
    view.flags.writeable = False
    return view


def _edges(
    v: Value, ids: dict[int, int], reached: bool
) -> Iterable[tuple[int, int, int, dict[str, Any]]]:
    assert v.op is not None
    pulled: dict[int, dict[str, Any]] = {}
    upstream = _plain(v.grad) if reached else None
    if v.requires_grad and upstream is not None:
        for position, local, value in v.op.pull(v, upstream, False):
            pulled[position] = {"local": local, "contribution": value}
    elif v.locals is not None:
        pulled = {i: {"local": local} for i, local in enumerate(v.locals)}
    whole = isinstance(v.data, np.ndarray) or any(u.shape for u in v.inputs)
    for position, operand in enumerate(v.inputs):
        parts = pulled.get(position, {})
        attributes: dict[str, Any] = {k: as_data(x) for k, x in parts.items() if x is not None}
        if whole and operand.requires_grad:
            attributes["rule"] = _rule(v, position)
        yield ids[operand.serial], ids[v.serial], position, attributes


def _rule(v: Value, position: int) -> str:
    """The op's rule for one input, made by running it on symbols."""
    assert v.op is not None
    args = [
        u.data
        if u.shape == () and not (u.label or u.op or u.requires_grad)
        else name_symbol(u.label or "□")
        for u in v.inputs
    ]
    out = name_symbol(v.label or "out")
    rule = v.op.rule(position)
    assert rule is not None
    upstream = () if v.op.elementwise else (Symbol("g"),)
    return str(as_symbol(rule(*upstream, out, *args, **v.params)))


def _plain(grad: Any) -> Any:
    return grad.data if isinstance(grad, Value) else grad


def operands(graph: nx.MultiDiGraph[Any], node: Hashable) -> list[Any]:
    """The inputs of a node in the order of their positions.

    >>> a, b = Value(1.0), Value(2.0)
    >>> operands(to_graph(b - a), 2)
    [1, 0]
    """
    edges = graph.in_edges(node, keys=True)
    return [tail for tail, _, key in sorted(edges, key=lambda edge: edge[2])]


def plain_graph(graph: nx.MultiDiGraph[Any]) -> nx.MultiDiGraph[Any]:
    """The same graph with arrays written as text: for GraphML, GEXF and GML.

    An attribute that is an array anywhere is text everywhere, because these formats
    give each attribute one type.

    >>> from backviz.autodiff.value import tensor
    >>> plain_graph(to_graph(tensor([1.0, 2.0]).sum())).nodes[0]["value"]
    '[1.0, 2.0]'
    """
    copy: nx.MultiDiGraph[Any] = nx.MultiDiGraph(**graph.graph)
    nodes, edges = graph.nodes(data=True), graph.edges(keys=True, data=True)
    texts = _array_names(d for _, d in nodes)
    copy.add_nodes_from((n, _without_arrays(d, texts)) for n, d in nodes)
    texts = _array_names(d for *_, d in edges)
    copy.add_edges_from((u, v, k, _without_arrays(d, texts)) for u, v, k, d in edges)
    return copy


def _array_names(rows: Iterable[dict[str, Any]]) -> set[str]:
    return {k for data in rows for k, v in data.items() if isinstance(v, np.ndarray)}


def _without_arrays(data: dict[str, Any], texts: set[str]) -> dict[str, Any]:
    return {k: str(np.asarray(v).tolist()) if k in texts else v for k, v in data.items()}
