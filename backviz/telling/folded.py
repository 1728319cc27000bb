"""The steps of a graph as it is drawn: a node may stand for several ops.

Invariant: the numbers are those of the graph's nodes and edges, which the figure draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backviz.autodiff.backward import accumulate
from backviz.autodiff.op import Op
from backviz.autodiff.symbol import OUT, Symbol, as_symbol, name_symbol
from backviz.graphs import CONSTANT, GROUP, LEAF, group_symbols, operands
from backviz.ops import OPS
from backviz.telling.formulas import Call, operand
from backviz.telling.order import Order, Sums
from backviz.telling.step import Operand
from backviz.telling.teller import Teller, Worked, sign_before
from backviz.telling.timeline import Place, Timeline
from backviz.text import NumberStyle

if TYPE_CHECKING:
    import networkx as nx

Edge = tuple[int, int, int]  # tail, head, key


class FoldedTeller(Teller):
    """Tells the steps of a folded graph; `whole` is the same graph with nothing folded.

    `names` are what the nodes of the view are called, `called` those of the whole graph;
    `edges[c]` is the edge of the view along which contribution c goes.
    """

    def __init__(
        self,
        view: nx.MultiDiGraph[Any],
        whole: nx.MultiDiGraph[Any],
        numbers: NumberStyle,
        names: Mapping[int, str],
        called: Mapping[int, str],
    ) -> None:
        self.view, self.whole, self.numbers = view, whole, numbers
        self.names, self.called = names, called
        self.taken = frozenset(names.values())
        self.ops = [n for n, d in view.nodes(data=True) if d["kind"] not in (LEAF, CONSTANT)]
        self.into: dict[int, list[tuple[int, int, dict[str, Any]]]] = {n: [] for n in view}
        edges = sorted(view.edges(keys=True, data=True), key=lambda e: (e[1], e[2], e[0]))
        for tail, head, key, data in edges:
            self.into[head].append((tail, key, data))
        steps, self.edges = [], list[Edge]()
        for head in reversed(list(view)):
            uses = [(tail, key) for tail, key, data in self.into[head] if "contribution" in data]
            if uses:
                steps.append((head, uses))
                self.edges += [(tail, head, key) for tail, key in uses]
        self.order = Order(steps, max(view))
        self.order.last = view.graph["output"]
        self._sums = Sums(self.order, self._parts)
        self._told: tuple[Any, Any] = (None, None)  # the call that was asked for last

    def _parts(self, node: int, first: int, end: int) -> list[Any]:
        arrivals = self.order.arrivals(node)[first:end]
        return [self._edge(use)["contribution"] for use in arrivals]

    @cached_property
    def timeline(self) -> Timeline:
        """The places of the steps."""
        back = "grad" in self.view.nodes[self.order.last]
        return Timeline(len(self.ops), tuple(self.order.ends), back)

    def name(self, node: int) -> str:
        """What a node of the view is called."""
        return self.names[node]

    def value(self, node: int) -> Any:
        """A number, an array, or `None` where a node stands for several values."""
        return self.view.nodes[node].get("value")

    def op(self, node: int) -> Op | None:
        """The op of a node, of a group the only one that is in it."""
        inner = self._inner(node)
        return None if inner is None else OPS[self.whole.nodes[inner]["op"]]

    def _inner(self, node: int) -> int | None:
        """The node that is computed by the one op of a node of the view."""
        data = self.view.nodes[node]
        if data["kind"] != GROUP:
            return node if data["op"] else None
        # with constants beside it, as in x²
        inside = [n for n in data.get("inside", ()) if self.whole.nodes[n]["op"]]
        return inside[0] if len(inside) == 1 else None

    def formula(self, node: int) -> str:
        """How a node is computed; "" where it stands for too many ops."""
        return self.name(node) if node not in self._computed else self.written(node, self._symbol)

    @cached_property
    def _computed(self) -> frozenset[int]:
        return frozenset(self.ops)

    def written(self, node: int, enter: Callable[[int], Symbol]) -> str:
        """The formula of a node in terms of what enters it."""
        inside = self._inside(node)
        return str(group_symbols(self.whole, inside, self.numbers, enter)[node]) if inside else ""

    def symbols(self, node: int) -> dict[int, Symbol]:
        """The formulas of all that a node of the view holds, in terms of what enters it."""
        return group_symbols(self.whole, self._inside(node), self.numbers, self._symbol)

    def _inside(self, node: int) -> tuple[int, ...]:
        data = self.view.nodes[node]
        return data.get("inside", ()) if data["kind"] == GROUP else (node,)

    def _symbol(self, node: int) -> Symbol:
        return as_symbol(self.operand_of(node), self.numbers)

    def operand_of(self, node: int) -> Any:
        """What stands for a node of the whole graph in a formula."""
        name = self.names.get(node) or self.called[node]
        value = self.whole.nodes[node]["value"]
        return operand(name, value, self._nameless(node), self.numbers)

    def _nameless(self, node: int) -> bool:
        data = self.whole.nodes[node]
        return bool(data["kind"] == CONSTANT and not data["label"])

    def inputs(self, node: int) -> tuple[Operand, ...]:
        """The nodes of the view that a node uses."""
        return tuple(self._operand(tail) for tail, *_ in self.into[node])

    def given(self) -> tuple[Operand, ...]:
        """The leaves and constants of the view that have names."""
        nodes = self.view.nodes(data=True)
        return tuple(
            self._operand(n) for n, d in nodes if d["kind"] in (LEAF, CONSTANT) and d["label"]
        )

    def _operand(self, node: int) -> Operand:
        kind = self.view.nodes[node]["kind"]
        return Operand(self.name(node), self.value(node), kind != GROUP and self._nameless(node))

    def call(self, use: int) -> tuple[Call, int] | None:
        """The op that hands a contribution on, and to which operand; `None` for several ops."""
        _, head, position = self.edges[use]
        inner = self._inner(head)
        if inner is None:
            return None
        if self._told[0] != inner:  # an op of many operands is asked about each of them
            self._told = inner, self._call(inner)
        return self._told[1], position

    def _call(self, node: int) -> Call:
        data = self.whole.nodes[node]
        args = tuple(self.operand_of(u) for u in operands(self.whole, node))
        out = name_symbol(self.names.get(node, OUT), data=data["value"])
        return Call(OPS[data["op"]], args, out, data.get("params", {}), self.taken, self.numbers)

    def upstream(self, step: int) -> Any:
        """The gradient that the node of a backward step hands on."""
        return self.view.nodes[self.order.heads[step]].get("grad")

    def _edge(self, use: int) -> dict[str, Any]:
        tail, head, key = self.edges[use]
        data: dict[str, Any] = self.view.edges[tail, head, key]
        return data

    def handed_on(self, use: int) -> tuple[Any, Any]:
        """A contribution: the local derivative, if there is one, and what is handed on."""
        data = self._edge(use)
        return data.get("local"), data["contribution"]

    def total(self, node: int, place: Place) -> Any:
        """The gradient that a node has at a place, with what was there before the pass."""
        data = self.view.nodes[node]
        now, (k, m) = self._sums.of(node, place.done), self.order.count(node, place.done)
        if k == m and "grad" in data:
            return data["grad"]
        before = self.before(node)
        return now if before is None else accumulate(before, now)

    def before(self, node: int, turn: int = 1) -> Any:
        """What was there before the pass."""
        return self.view.nodes[node].get("earlier")

    def numeric(self, node: int) -> tuple[str, str]:
        """The formula with numbers, and the sign before its value."""
        nodes, inside = self.whole.nodes, self._inside(node)
        steps = [
            Worked(n, OPS[op], operands(self.whole, n), nodes[n].get("params", {}))
            for n in inside
            if (op := nodes[n]["op"])
        ]
        value = self.view.nodes[node]["value"]
        sign = sign_before(value, steps, lambda n: nodes[n]["value"], self.numbers)
        return self.written(node, lambda n: as_symbol(nodes[n]["value"], self.numbers)), sign
