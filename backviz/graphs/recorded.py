"""A recorded computation as a plain networkx graph.

Invariants: node ids are 0, 1, 2 … in the order of recording; edges follow the data
(input → op), and an edge's key is the operand's position, so `x*x` has two edges.
Every attribute is a string, a number, an array or the op's own options, and what was not
computed is absent, so that all of networkx works on the graph. Text is made last, by what
writes a file (`plain_graph`); nothing is read back from it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import networkx as nx
import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.data import as_data, quietly
from backviz.autodiff.exits import tell_returned
from backviz.autodiff.formula import contribution_formula, local_formula
from backviz.autodiff.origin import PRODUCT, SUM
from backviz.autodiff.params import given, plain_params
from backviz.autodiff.symbol import (
    OUT,
    UNNAMED,
    Symbol,
    as_symbol,
    free_name,
    name_symbol,
    writing,
)
from backviz.autodiff.tape import NO_NAMES, Names, others, shared_labels, tape
from backviz.autodiff.value import Value
from backviz.language import _
from backviz.text import CHUNK, entries_within

RESULT = "result"  # the role of a result that was not differentiated
LEAF, CONSTANT, OP, GROUP = "leaf", "constant", "op", "group"
MOST_ENTRIES = 10_000_000  # of all arrays of a graph that is written out
SHORT = 18  # signs of a rule beside an arrow
_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def to_graph(
    output: Value,
    *more: Value,
    values: list[Value] | None = None,
    called: Names = NO_NAMES,
    beside: Sequence[Value] = (),
) -> nx.MultiDiGraph[int]:
    """The computation of `output` as a `networkx.MultiDiGraph` that is a DAG.

    The graph is filled in one pass over the record, about four times as fast as with
    `add_node` and `add_edge`.

    Node attributes: `kind` ("leaf", "constant" or "op"), `op` (its name in the
    table, "" for a leaf), `params` (the op's own options, only where any were given),
    `label` (followed by the node id where several values bear it), `value` (float or
    read-only array), `grad` (the same, only where a backward pass from this output has
    computed it), `earlier` (what a leaf's gradient held before the latest pass, only
    where it held anything), `shape`
    (text, "()" for a scalar), `order` (equal to the node id), `scope` (the part of a network,
    only where that was noted), `where` (the line that computed it, likewise).

    Edge attributes: `local`, the local derivative of an elementwise op, and
    `contribution`, what this use of the input adds to its gradient; each only
    where computed. Where arrays are involved, `rule` is the op's rule as text: the
    local derivative of an elementwise op, the contribution of another op in terms
    of the gradient `g` that arrives. The edge key is the operand's position. The
    graph attribute `output` is the id of the output.

    With `more` outputs the graph holds everything that any of them was computed from,
    and each of them has the node attribute `role` "output", what was recorded
    after the first output the `role` "derivative"; so a function and its gradients, made
    with `create_graph`, stand in one graph. What stands `beside` is another result, which was not
    differentiated: a node with the attribute `role` "result", unless the output was computed
    from it. `values` is the tape of the outputs, if it is at hand.
    `called` are names, by serial number, for values that have no label.

    >>> x = Value(3.0, label="x")
    >>> L = x * x
    >>> L.backward()
    >>> G = to_graph(L)
    >>> G.nodes[0]["grad"], list(G.edges(keys=True, data="contribution"))
    (6.0, [(0, 1, 0, 3.0), (0, 1, 1, 3.0)])
    """
    outputs = (output, *more)
    values = tape(*outputs, *beside) if values is None else values
    tell_returned(values)
    ids = {v.serial: i for i, v in enumerate(values)}
    # gradients on the inputs of an output that has none are those of something else
    reached = any(v.grad is not None for v in outputs)
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(output=ids[output.serial])
    with _collector_paused():
        quietly(_fill, graph, values, ids, reached, shared_labels(values, called))
    for each in more:
        graph.nodes[ids[each.serial]]["role"] = "output"
    apart = others(output, beside)
    for each in apart:
        graph.nodes[ids[each.serial]]["role"] = RESULT
    if apart and reached:  # nothing goes backward there
        inside = {ids[v.serial] for v in tape(output, *more)}
        for _tail, head, data in graph.edges(data=True):
            if head not in inside:
                data.pop("local", None)
                data.pop("rule", None)
    if more:
        for data in list(graph._node.values())[ids[output.serial] + 1 :]:
            data.setdefault("role", "derivative")
    if reached:
        _note_earlier(graph)
    number_groups(graph)
    return graph


def number_groups(graph: nx.MultiDiGraph[Any]) -> None:
    """Number the calls of groups from 1 in each graph, so that a graph does not tell of others."""
    datas = [data for data in graph._node.values() if data.get("scope")]
    for data, scope in zip(datas, numbered(data["scope"] for data in datas), strict=True):
        data["scope"] = scope


def numbered(scopes: Iterable[str]) -> Iterator[str]:
    """Scopes with the calls of groups numbered from 1.

    >>> list(numbered(["[step]#7", "[step]#8", "layer", ""]))
    ['[step]', '[step]#2', 'layer', '']
    """
    seen: dict[str, str] = {}
    calls: dict[str, int] = {}
    return (_numbered(scope, seen, calls) if "[" in scope else scope for scope in scopes)


def _numbered(scope: str, seen: dict[str, str], calls: dict[str, int]) -> str:
    old, new = "", ""
    for piece in scope.split("/"):
        old = f"{old}/{piece}".lstrip("/")
        if old not in seen:
            base = f"{new}/{piece.partition('#')[0]}".lstrip("/")
            calls[base] = calls.get(base, 0) + 1
            seen[old] = base if calls[base] == 1 else f"{base}#{calls[base]}"
        new = seen[old]
    return new


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Leave the garbage collector out while thousands of dictionaries are made and none is let go.

    It would look through all of them again and again, for half of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _fill(
    graph: nx.MultiDiGraph[int],
    values: list[Value],
    ids: dict[int, int],
    reached: bool,
    shared: Names,
) -> None:
    """Write nodes and edges into networkx's own dictionaries: node, successors, predecessors."""
    nodes, successors, predecessors = graph._node, graph._succ, graph._pred
    for i, v in enumerate(values):
        nodes[i] = _node_attributes(v, i, reached, shared)
        successors[i] = {}
        into = predecessors[i] = {}
        first, second = v.first, v.second
        if first is None:
            continue
        edges = _edge_attributes(v, reached, shared)
        if second is None or first is second:
            inputs = v.inputs
        else:  # two operands that differ, the usual case, need not be looked up among the edges
            tail = ids[first.serial]
            into[tail] = successors[tail][i] = {0: edges[0]}
            tail = ids[second.serial]
            into[tail] = successors[tail][i] = {1: edges[1]}
            continue
        for position, operand in enumerate(inputs):
            tail = ids[operand.serial]
            if tail not in into:
                into[tail] = successors[tail][i] = {}
            into[tail][position] = edges[position]


def _note_earlier(graph: nx.MultiDiGraph[int]) -> None:
    """Say which part of a leaf's gradient was there before the latest backward pass."""
    for node, data in graph._node.items():
        if data["kind"] != LEAF or "grad" not in data:
            continue
        edges = [d for keys in graph._succ[node].values() for d in keys.values()]
        parts = [d.get("contribution", 0.0) for d in edges]
        if parts and quietly(_has_more, data["grad"], parts):
            data["earlier"] = quietly(_remainder, data["grad"], parts)[0]


def _has_more(total: Any, parts: list[Any]) -> bool:
    """Whether a sum has more than its terms; a large array is looked at piece by piece."""
    if type(total) is float:
        earlier, noise = _remainder(total, parts)
        return bool(abs(earlier) > noise)
    for whole, *terms in _pieces([total, *parts]):
        earlier, noise = _remainder(whole, terms)
        if np.any(np.abs(earlier) > noise):
            return True
    return False


def _pieces(numbers: list[Any]) -> Iterator[list[Any]]:
    """Arrays of one shape cut alike into pieces; small ones, and numbers, as they are."""
    size = np.size(numbers[0])
    if size <= CHUNK or not all(
        np.shape(x) == np.shape(numbers[0]) and x.flags.c_contiguous for x in numbers
    ):
        yield numbers
        return
    flat = [x.reshape(-1) for x in numbers]
    yield from ([x[i : i + CHUNK] for x in flat] for i in range(0, size, CHUNK))


def _remainder(total: Any, parts: list[Any]) -> tuple[Any, Any]:
    """The part of a sum that its terms do not explain, and what rounding may leave of it."""
    return total - sum(parts), 1e-9 * (abs(total) + sum(map(abs, parts)))


def _node_attributes(v: Value, order: int, reached: bool, shared: Names) -> dict[str, Any]:
    origin, data, grad = v.origin, v.raw, v.grad
    op, number = origin.op, type(data) is float
    attributes = {
        "kind": OP if v.first is not None else LEAF if origin.wants else CONSTANT,
        "op": "" if op is None else op.name,
        "label": shared.get(v.serial, origin.label),
        "value": data if number else _read_only(data),
        "shape": "()" if number else str(v.shape),
        "order": order,
    }
    if origin.scope:
        attributes["scope"] = origin.scope
    if origin.where:
        attributes["where"] = origin.where
    if origin.params and (options := given(origin.params)):
        attributes["params"] = options
    if reached and grad is not None:
        attributes["grad"] = grad if type(grad) is float else _read_only(data_of(grad))
    return attributes


def _read_only(data: Any) -> Any:
    """The same numbers; writing into the graph must not change the recorded values."""
    if not isinstance(data, np.ndarray):
        return data
    view = data.view()
    view.flags.writeable = False
    return view


def _edge_attributes(v: Value, reached: bool, shared: Names) -> list[dict[str, Any]]:
    """The attributes of each edge into a value, in the order of its operands."""
    origin = v.origin
    upstream = v.grad if reached else None
    if type(upstream) is not float:
        return _by_rule(v, data_of(upstream), shared)
    both = v.second is not None and v.first.origin.wants and v.second.origin.wants
    if origin.op is SUM.op and both:
        one = {"local": 1.0, "contribution": upstream}
        return [one, one.copy()]
    if origin.op is PRODUCT.op and both:
        a, b = v.first.raw, v.second.raw
        return [
            {"local": b, "contribution": upstream * b},
            {"local": a, "contribution": upstream * a},
        ]
    return _by_rule(v, upstream, shared)


def _by_rule(v: Value, upstream: Any, shared: Names) -> list[dict[str, Any]]:
    op = v.op
    assert op is not None
    inputs = v.inputs
    edges: list[dict[str, Any]] = [{} for _other in inputs]
    if v.requires_grad and upstream is not None:
        for position, local, part in op.pull(v, upstream, False):
            edges[position] = {"contribution": as_data(part)}
            if local is not None:
                edges[position] = {"local": as_data(local), **edges[position]}
    elif (locals_ := v.locals) is not None:
        edges = [{} if local is None else {"local": local} for local in locals_]
    if isinstance(v.raw, np.ndarray) or any(isinstance(u.raw, np.ndarray) for u in inputs):
        passed = [i for i, u in enumerate(inputs) if u.requires_grad and op.rule(i) is not None]
        for position, rule in rules_of(v, passed, shared).items():
            edges[position]["rule"] = str(rule)
            if rule.parts:
                edges[position]["where"] = rule.parts
    return edges


def rules_of(v: Value, positions: Iterable[int], shared: Names = NO_NAMES) -> dict[int, Symbol]:
    """The op's rule for these inputs, made by running it on symbols.

    The local derivative of an elementwise op; what the operand gets of any other, and where
    it is summed over broadcast axes. An operand without a name is a constant array's numbers
    where the rule stays short, else □; two that differ are □₁ and □₂. The operands are looked
    at once for all the rules. `shared` are the names of values whose labels others bear too.

    >>> from backviz.autodiff.value import tensor
    >>> from backviz.ops import mse_loss
    >>> two, one = tensor([0.5, 2.0], "w") * 2, tensor([1.0], requires_grad=False)
    >>> rules_of(mse_loss(two, two + 1), [0])[0], rules_of(mse_loss(two[:1], one), [0])[0]
    (Symbol('(g / 2)·2·(□₁ − □₂)'), Symbol('g·2·(□ − [1])'))
    """
    with_numbers = _with_boxes(v, [_shown(u, shared) for u in v.inputs])
    with_names = _with_boxes(v, [_named(u, shared) for u in v.inputs])
    made, out = {}, name_symbol(shared.get(v.serial, v.label) or OUT, data=v.raw)
    with writing([name for u in (v, *v.inputs) if (name := shared.get(u.serial, u.label))]):
        numbered, named = _rules_on(v, with_numbers, out), _rules_on(v, with_names, out)
        for position in positions:
            formula = numbered(position)
            made[position] = formula if len(str(formula)) <= SHORT else named(position)
    return made


def _with_boxes(v: Value, args: list[Any]) -> list[Any]:
    """The operands of rules; one that is `None` is called by a box."""
    unnamed = {id(u): u.raw for u, arg in zip(v.inputs, args, strict=True) if arg is None}
    numbered = [f"{UNNAMED}{i}".translate(_LOW) for i in range(1, len(unnamed) + 1)]
    signs = [UNNAMED] if len(unnamed) == 1 else numbered
    boxes = {
        key: Symbol(sign, data=data)
        for sign, (key, data) in zip(signs, unnamed.items(), strict=True)
    }
    return [boxes[id(u)] if arg is None else arg for u, arg in zip(v.inputs, args, strict=True)]


def _rules_on(v: Value, args: list[Any], out: Symbol) -> Callable[[int], Symbol]:
    """The rule of each position, on these operands."""
    op, inputs = v.op, v.inputs
    assert op is not None
    arriving = Symbol(free_name("g"), shape=v.shape)
    pulled = op.by_position(arriving, out, args, v.params) if op.variadic else None

    def rule_on(position: int) -> Symbol:
        if op.elementwise and inputs[position].shape == v.shape:
            return local_formula(op, position, out, args, v.params)
        return contribution_formula(op, position, arriving, out, args, v.params, by_position=pulled)

    return rule_on


def _named(u: Value, shared: Names) -> Any:
    """A value's name, or the number that was written in its place."""
    if name := shared.get(u.serial, u.label):
        return name_symbol(name, data=u.raw)
    return u.raw if u.shape == () and not (u.op or u.requires_grad) else None


def _shown(u: Value, shared: Names) -> Any:
    """The same, or the numbers of a small constant array."""
    named = shared.get(u.serial, u.label)
    constant = not (named or u.op or u.requires_grad) and isinstance(u.raw, np.ndarray)
    return as_symbol(u.raw) if constant and u.size <= 3 else _named(u, shared)


def operands(graph: nx.MultiDiGraph[Any], node: Hashable) -> list[Any]:
    """The inputs of a node in the order of their positions.

    >>> a, b = Value(1.0), Value(2.0)
    >>> operands(to_graph(b - a), 2)
    [1, 0]
    """
    edges = graph.in_edges(node, keys=True)
    return [tail for tail, _other, key in sorted(edges, key=lambda edge: edge[2])]


def written_out(graph: nx.MultiDiGraph[Any]) -> nx.MultiDiGraph[Any]:
    """The graph, if a file can hold all its numbers; else `InputError`."""
    nodes, edges = graph.nodes(data=True), graph.edges(data=True)
    attributes = (x for *_other, data in (*nodes, *edges) for x in data.values())
    remedy = _("draw it, or write a table as txt, which sums large arrays up")
    entries_within(attributes, MOST_ENTRIES, remedy)
    return graph


def plain_graph(graph: nx.MultiDiGraph[Any]) -> nx.MultiDiGraph[Any]:
    """The same graph with arrays and options written as text: for GraphML, GEXF and GML.

    An attribute that is an array anywhere is text everywhere, because these formats
    give each attribute one type.

    >>> from backviz.autodiff.value import tensor
    >>> plain_graph(to_graph(tensor([1.0, 2.0]).sum())).nodes[0]["value"]
    '[1.0, 2.0]'
    """
    copy: nx.MultiDiGraph[Any] = nx.MultiDiGraph(**graph.graph)
    nodes, edges = graph.nodes(data=True), graph.edges(keys=True, data=True)
    texts = _array_names(d for _other, d in nodes)
    copy.add_nodes_from((n, _without_arrays(d, texts)) for n, d in nodes)
    texts = _array_names(d for *_other, d in edges)
    copy.add_edges_from((u, v, k, _without_arrays(d, texts)) for u, v, k, d in edges)
    return copy


def _array_names(rows: Iterable[dict[str, Any]]) -> set[str]:
    return {k for data in rows for k, v in data.items() if isinstance(v, np.ndarray)}


def _without_arrays(data: dict[str, Any], texts: set[str]) -> dict[str, Any]:
    return {
        k: _as_text(k, v) if k in texts or k in ("params", "where") else v for k, v in data.items()
    }


def _as_text(name: str, attribute: Any) -> str:
    return repr(plain_params(attribute) if name == "params" else np.asarray(attribute).tolist())
