"""A figure step by step: what is known at each moment, and the words for it.

Invariant: the moments are read off the same graph that the figure draws, in the order of
recording forward and against it backward, so the last moment shows the figure's numbers.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.formula import contribution_formula, defined, valued
from backviz.autodiff.symbol import OUT, Symbol, as_symbol, name_symbol, writing
from backviz.diagrams.build import MAX_FORMULA, MAX_TITLE, arrow_order, number_lines, ops_text
from backviz.diagrams.model import ArrowState, BoxState, Moment, box_id
from backviz.diagrams.naming import box_names
from backviz.diagrams.style import Style
from backviz.graphs import CONSTANT, GROUP, LEAF, group_symbols, operands
from backviz.ops import OPS
from backviz.text import (
    bracketed,
    clean,
    is_small,
    shape_text,
    slope_name,
    sum_sign,
    told_apart,
    written_sum,
)
from backviz.words import LANGUAGES

if TYPE_CHECKING:
    import networkx as nx

PASSES = ("both", "forward", "backward")
PACES = ("node", "contribution")
MORE = " + …"  # after a gradient that is not complete yet
_EXACT: dict[str, Callable[..., Fraction]] = {
    "add": operator.add, "sub": operator.sub, "neg": operator.neg, "mul": operator.mul,
}  # fmt: skip
MOST_GIVEN = 8  # inputs that the first moment names one by one


@dataclass(frozen=True, slots=True)
class Build:
    """All moments of a graph; `names` are what the boxes are called in the words.

    `formulas` are those of boxes that stand for several ops, where labels do not tell values apart.
    """

    moments: list[Moment]
    names: dict[str, str]
    formulas: dict[str, str]


def make_moments(
    view: nx.MultiDiGraph[Any],
    whole: nx.MultiDiGraph[Any],
    style: Style,
    passes: str = "both",
    pace: str = "node",
) -> Build:
    """The moments of a folded graph; `whole` is the same graph with nothing folded.

    First what is given, then every op forward, then the seed and every gradient backward:
    a moment for each node, or for each contribution.
    """
    teller = _Teller(view, whole, style)
    moments: list[Moment] = []
    if passes != "backward":
        moments += teller.forward()
    if passes != "forward" and "grad" in view.nodes[view.graph["output"]]:
        moments += teller.backward(pace)
    names = {box_id(n): name for n, name in teller.names.items()}
    return Build(moments or list(teller.forward()), names, teller.formulas())


class _Teller:
    """Walks over the graph and says what happens."""

    def __init__(
        self, view: nx.MultiDiGraph[Any], whole: nx.MultiDiGraph[Any], style: Style
    ) -> None:
        self.view, self.whole, self.style = view, whole, style
        self.numbers, self.words = style.numbers, LANGUAGES[style.lang]
        self.names = box_names(view, whole)
        self.called = told_apart(dict(whole.nodes(data="label")), MAX_TITLE)
        self.taken = frozenset(self.names.values())
        self.output = self.names[view.graph["output"]]
        self.told: tuple[Any, list[Any]] = (None, [])  # the operands of the op that is spoken of
        self.into: dict[Any, list[tuple[str, Any, int, dict[str, Any]]]] = {n: [] for n in view}
        for arrow, tail, head, position, data in arrow_order(view):
            self.into[head].append((arrow, tail, position, data))

    def formulas(self) -> dict[str, str]:
        """Formulas of boxes that hold several ops, if two values of the graph share a label."""
        labels = self.whole.nodes(data="label")
        alike = any(x.strip() and self.called[n] != clean(x, MAX_TITLE).strip() for n, x in labels)
        groups = [n for n, data in self.view.nodes(data=True) if "inside" in data] if alike else []
        return {box_id(n): clean(self._formula(n, self._name), MAX_FORMULA) for n in groups}

    # Forward ---------------------------------------------------------------------------

    def forward(self) -> Iterator[Moment]:
        """What is given, then the ops one after another."""
        given = [n for n, kind in self.view.nodes(data="kind") if kind in (LEAF, CONSTANT)]
        boxes = {box_id(n): BoxState(value=n in given, gradient=()) for n in self.view}
        arrows = {a: ArrowState(False, False) for edges in self.into.values() for a, *_ in edges}
        yield self._moment("forward", None, (self._given(given),), boxes, arrows)
        for node in self.view:
            if node in given:
                continue
            boxes[box_id(node)] = BoxState(value=True, gradient=())
            for arrow, *_ in self.into[node]:
                arrows[arrow] = ArrowState(True, False)
            used = [arrow for arrow, *_ in self.into[node]]
            yield self._moment("forward", node, self._computed(node), boxes, arrows, used)

    def _given(self, given: list[Any]) -> str:
        nodes = self.view.nodes
        leaves = [n for n in given if nodes[n]["label"]]
        listed = [
            f"{self.names[n]} = {self._short(nodes[n]['value'])}" for n in leaves[:MOST_GIVEN]
        ]
        if len(leaves) > MOST_GIVEN:
            listed.append("…")
        if not listed:
            return self.words.gettext("Given: numbers")
        return self.words.gettext("Given: {list}", list=",  ".join(listed))

    def _short(self, value: Any) -> str:
        if not isinstance(value, np.ndarray):
            return self.numbers.format(value)
        shown = self.numbers.summary(value) if is_small(value) and value.size <= 4 else ""
        return shown or f"({shape_text(value)})"

    def _computed(self, node: Any) -> tuple[str, ...]:
        """`e = a·b = 2·(−3) = −6`."""
        data = self.view.nodes[node]
        value = data.get("value")
        if value is None:
            return (f"{self.names[node]}: {ops_text(data['size'], self.words)}",)
        formula = self._formula(node, self._name)
        said, sign = [self.names[node], formula], "="
        scalars = not isinstance(value, np.ndarray) and all(
            isinstance(self.view.nodes[tail].get("value"), float) for _, tail, *_ in self.into[node]
        )
        if scalars:
            said.append(self._formula(node, self._number))
            sign = self._sign(node, value)
        told, shown = " = ".join(dict.fromkeys(filter(None, said))), self._short(value)
        return (told if sign == "=" and shown in said else f"{told} {sign} {shown}",)

    def _sign(self, node: Any, value: float) -> str:
        """Whether a sum's printed numbers add up to its printed value: `=` or `≈`."""
        nodes, data = self.whole.nodes, self.view.nodes[node]
        inside = data.get("inside", ()) if data["kind"] == GROUP else (node,)
        ops = {op for n in inside if (op := nodes[n]["op"])}
        sums = ops & {"add", "sub"} and not ops - _EXACT.keys()
        used = {u for n in inside for u in (n, *operands(self.whole, n))} if sums else ()
        numbers = [nodes[u]["value"] for u in used]
        if not sums or not all(isinstance(x, float) and math.isfinite(x) for x in numbers):
            return "="
        worth = {u: self.numbers.printed(x) for u, x in zip(used, numbers, strict=True)}
        for n in inside:
            if op := nodes[n]["op"]:
                worth[n] = _EXACT[op](*(worth[u] for u in operands(self.whole, n)))
        return sum_sign(worth[node], value, self.numbers, "mul" in ops)

    def _name(self, node: Any) -> Symbol:
        data = self.whole.nodes[node]
        if data["kind"] == CONSTANT and not data["label"]:
            return as_symbol(data["value"], self.numbers)
        name = self.names.get(node) or self.called[node]
        return name_symbol(name, data=data["value"])

    def _number(self, node: Any) -> Symbol:
        return as_symbol(self.whole.nodes[node]["value"], self.numbers)

    def _formula(self, node: Any, enter: Callable[[Any], Symbol]) -> str:
        data = self.view.nodes[node]
        if data["kind"] == GROUP and "inside" not in data:
            return ""
        inside = data["inside"] if data["kind"] == GROUP else (node,)
        return str(group_symbols(self.whole, inside, self.numbers, enter)[node])

    # Backward --------------------------------------------------------------------------

    def backward(self, pace: str) -> Iterator[Moment]:
        """The seed, then the contributions of every node against the order of recording."""
        output = self.view.graph["output"]
        boxes = {box_id(n): BoxState(value=True, gradient=()) for n in self.view}
        arrows = {a: ArrowState(True, False) for edges in self.into.values() for a, *_ in edges}
        seed = self.view.nodes[output]["grad"]
        boxes[box_id(output)] = BoxState(True, self._lines(seed))
        yield self._moment("backward", output, (self._seed(seed),), boxes, arrows)
        uses = Counter(
            tail for edges in self.into.values() for _, tail, _, d in edges if "contribution" in d
        )
        met: Counter[Any] = Counter()
        parts: dict[Any, list[Any]] = {}
        for node in reversed(list(self.view)):
            told: list[tuple[str, bool]] = []
            used: list[str] = []
            for arrow, tail, position, data in self.into[node]:
                if "contribution" not in data:
                    continue
                met[tail] += 1
                parts.setdefault(tail, []).append(data["contribution"])
                boxes[box_id(tail)] = BoxState(True, self._gradient(tail, parts[tail], uses[tail]))
                arrows[arrow] = ArrowState(True, True)
                use = self.words.gettext("{k} of {m}", k=met[tail], m=uses[tail])
                said = self._contribution(node, tail, position, data)
                total = self._total(tail, parts[tail], uses[tail])
                if pace == "contribution":
                    of = slope_name(self.output, self.names[tail])
                    lines = (f"{said}   ({use})", f"{of} = {total}" if total else "")
                    both = (box_id(node), box_id(tail))
                    shown = tuple(filter(None, lines))
                    yield self._moment("backward", node, shown, boxes, arrows, [arrow], both)
                # a line for each arrow: the sum stands at the end of the last one's
                aside = f"{use}: {total}" if total else use
                told.append((f"{said}   ({aside})", bool(total)))
                used.append(arrow)
            if told and pace == "node":
                yield self._moment("backward", node, self._two(told), boxes, arrows, used)

    def _two(self, told: list[tuple[str, bool]]) -> tuple[str, ...]:
        """Two of the lines in their order, those with a sum before others, and how many more."""
        chosen = sorted(range(len(told)), key=lambda i: (not told[i][1], i))[:2]
        lines = [told[i][0] for i in sorted(chosen)]
        if len(told) <= 2:
            return tuple(lines)
        return lines[0], f"{lines[1]}   …+{len(told) - 2}"

    def _lines(self, value: Any) -> tuple[str, ...]:
        return number_lines(value, self.numbers, self.words)

    def _gradient(self, node: Any, parts: list[Any], uses: int) -> tuple[str, ...]:
        """The running total; the whole gradient once it is complete."""
        if len(parts) == uses and "grad" in self.view.nodes[node]:
            return self._lines(self.view.nodes[node]["grad"])
        lines = self._lines(_sum(parts))
        return (*lines[:-1], lines[-1] + MORE) if len(parts) < uses else lines

    def _seed(self, seed: Any) -> str:
        of = slope_name(self.output, self.output)
        if isinstance(seed, np.ndarray):
            return self.words.gettext("Backward starts: {of} = 1 for every entry", of=of)
        return self.words.gettext("Backward starts: {of} = 1", of=of)

    def _contribution(self, node: Any, tail: Any, position: int, data: dict[str, Any]) -> str:
        """`∂L/∂a += ∂L/∂e·b = (−2)·(−3) = 6`."""
        numbers = self.numbers
        of, upstream = slope_name(self.output, self.names[node]), None
        arriving = Symbol(of, shape=np.shape(self.view.nodes[node].get("value", 0.0)))
        rule = self._rule(node, tail, position, arriving)
        said = f"{slope_name(self.output, self.names[tail])} += {rule}"
        upstream, local = self.view.nodes[node].get("grad"), data.get("local")
        part = data["contribution"]
        if isinstance(upstream, float) and isinstance(local, float):
            factors = (bracketed(numbers.format(x), numbers) for x in (upstream, local))
            return f"{said} = {'·'.join(factors)} = {numbers.format(part)}"
        value = self._short(part)
        if isinstance(part, np.ndarray) and value.startswith("("):
            return f"{said}   {value}"
        return valued(said, value)

    def _rule(self, node: Any, tail: Any, position: int, arriving: Symbol) -> str:
        """The op's rule on names: the very function that ran, given symbols."""
        data = self.view.nodes[node]
        mul = OPS["mul"]
        if data["kind"] == GROUP:
            inner = _only_op(self.whole, data)
            if inner is None:
                local = Symbol(slope_name(self.names[node], self.names[tail]))
                return str(arriving.interpret(mul, (arriving, local), {}))
            node, position = inner, self._position(inner, tail)
        op = OPS[self.whole.nodes[node]["op"]]
        if op.rule(position) is None:
            return str(arriving)
        if self.told[0] != node:  # an op of many operands is asked about each of them
            self.told = node, [self._operand(u) for u in operands(self.whole, node)]
        args = self.told[1]
        params = self.whole.nodes[node].get("params", {})
        out = name_symbol(self.names.get(node, OUT), data=self.whole.nodes[node]["value"])
        with writing(self.taken, self.numbers):
            return defined(
                contribution_formula(op, position, arriving, out, args, params, not arriving.shape)
            )

    def _operand(self, node: Any) -> Any:
        """A name, or the number itself: rules simplify for a plain 2."""
        data = self.whole.nodes[node]
        if data["kind"] == CONSTANT and not data["label"] and isinstance(data["value"], float):
            return data["value"]
        return self._name(node)

    def _position(self, node: Any, tail: Any) -> int:
        return operands(self.whole, node).index(tail)

    def _total(self, node: Any, parts: list[Any], uses: int) -> str:
        """`6 + (−2) = 4` where the last of several parts has come."""
        if len(parts) < uses or not 2 <= uses <= 6 or "grad" not in self.view.nodes[node]:
            return ""
        if isinstance(parts[0], np.ndarray):
            return ""
        total = self.view.nodes[node]["grad"]
        return written_sum([[p] for p in parts], total, self.numbers, more=0)  # room is short

    # The moment itself -----------------------------------------------------------------

    def _moment(
        self,
        phase: Any,
        node: Any,
        lines: tuple[str, ...],
        boxes: dict[str, BoxState],
        arrows: dict[str, ArrowState],
        used: list[str] | None = None,
        marked: tuple[str, ...] = (),
    ) -> Moment:
        shown, drawn = dict(boxes), dict(arrows)
        for box in marked or (() if node is None else (box_id(node),)):
            shown[box] = replace(shown[box], accent=phase)
        for arrow in used or ():
            drawn[arrow] = replace(drawn[arrow], accent=phase)
        at = "" if node is None else box_id(node)
        alt = "; ".join(filter(None, lines))
        return Moment(phase, at, lines, shown, drawn, alt)


def _sum(parts: list[Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _only_op(whole: nx.MultiDiGraph[Any], data: dict[str, Any]) -> Any:
    """The one op of a group that holds it and constants only, such as x²."""
    inside = [n for n in data.get("inside", ()) if whole.nodes[n]["op"]]
    return inside[0] if len(inside) == 1 else None
