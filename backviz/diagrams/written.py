"""What stands in boxes and on arrows in place of numbers: formulas.

Invariant: a gradient is the sum of what its uses hand back, each by the rule that ran; where
their numbers do not add up to the gradient, because a part lies in a fold, it says `…`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.formula import Formula
from backviz.autodiff.symbol import Parts
from backviz.diagrams.blanks import find_blanks
from backviz.diagrams.build import MAX_TITLE
from backviz.diagrams.naming import box_names
from backviz.names import told_apart
from backviz.telling.chain import handed_back
from backviz.telling.folded import FoldedTeller
from backviz.text import NumberStyle, clean

if TYPE_CHECKING:
    import networkx as nx

    from backviz.diagrams.style import Style

LONGEST = 72  # signs of a line in a box
MOST_TERMS = 8  # uses that are written out, a line each
MORE = "…"


@dataclass(frozen=True, slots=True)
class Written:
    """One node in formulas: `name = value`, and `slope` as the sum of `terms`.

    `value` is empty for a leaf and for a fold that is too large; without `terms` the gradient is
    1 (the result's), or there is none. `earlier` is what an earlier pass had left, as text.
    `whole` says that the terms are all that there is.
    """

    name: str
    value: str
    slope: str
    terms: tuple[Formula, ...]
    whole: bool
    earlier: str = ""

    def forward(self) -> tuple[str, ...]:
        """`= a·b + c`, which follows the name."""
        return (clean(f"= {self.value}", LONGEST),) if self.value else ()

    def backward(self, done: int | None = None, more: str = MORE) -> tuple[str, ...]:
        """`∂L/∂a = ∂L/∂e·b` and a line for every further use, of which `done` have come."""
        terms = [term.text for term in self.terms[:done]]
        if self.earlier:
            terms.insert(0, self.earlier)
        shown = terms[:MOST_TERMS]
        left = len(terms) - len(shown)
        if left:
            shown.append(f"{MORE} (+{left})")
        elif not self.whole or (done is not None and done < len(self.terms)):
            shown += filter(None, (more,))
        first, *others = shown or ["1"]
        lines = f"{self.slope} = {first}", *(_added(term) for term in others)
        return tuple(clean(line, LONGEST) for line in lines)

    @property
    def parts(self) -> Parts:
        """The steps of its rules that have names."""
        return tuple(part for term in self.terms for part in term.parts)


def _added(term: str) -> str:
    return f"− {term[1:]}" if term.startswith("−") else f"+ {term}"


@dataclass(frozen=True, slots=True)
class Formulas:
    """All formulas of a view: of its nodes, and the local derivatives on its edges."""

    nodes: Mapping[Any, Written]
    edges: Mapping[tuple[Any, Any, int], Formula]


def formulas(
    view: nx.MultiDiGraph[Any], whole: nx.MultiDiGraph[Any], numbers: NumberStyle
) -> Formulas:
    """The formulas of a folded graph; `whole` is the same graph with nothing folded."""
    names = box_names(view, whole)
    called = told_apart(dict(whole.nodes(data="label")), MAX_TITLE)
    teller = FoldedTeller(view, whole, numbers, names, called)
    terms: dict[Any, list[Formula | None]] = {n: [] for n in view}
    edges = {}
    for use, target in enumerate(teller.order.targets):
        terms[target].append(handed_back(teller, use))
        edges[teller.edges[use]] = _local(teller, use)
    nodes = {n: _node(teller, n, terms[n]) for n in view}
    return Formulas(nodes, edges)


def write(
    view: nx.MultiDiGraph[Any],
    whole: nx.MultiDiGraph[Any],
    style: Style,
    names: Mapping[Any, str],
) -> None:
    """Note on a view what its boxes show in place of numbers: formulas, and what is blank.

    `names` are those of all nodes of the whole graph.
    """
    view.graph["formulas"] = formulas(view, whole, style.numbers)
    titles = {n: title for n, title in view.nodes(data="title") if title}
    view.graph["blanks"] = find_blanks(view, style.blank, {**names, **titles})


def _node(teller: FoldedTeller, node: Any, terms: Iterable[Formula | None]) -> Written:
    data = teller.view.nodes[node]
    told = tuple(term for term in terms if term is not None)
    value, short = "", data.get("formula", "")
    if _computed(data):
        value = teller.formula(node) or short
        value = short if value == teller.name(node) or len(value) > LONGEST > len(short) else value
    earlier = data.get("earlier")
    return Written(
        teller.name(node),
        "" if "value" not in data else value,
        teller.partial(teller.order.last, node),
        told,
        _adds_up(teller, node, len(told)),
        "" if earlier is None else teller.numbers.summary(earlier),
    )


def _computed(data: Mapping[str, Any]) -> bool:
    return bool(data["op"]) or "inside" in data or data.get("rolled", False)


def _adds_up(teller: FoldedTeller, node: Any, many: int) -> bool:
    """Whether so many terms are all, and their numbers are the gradient's."""
    data, order = teller.view.nodes[node], teller.order
    uses = order.arrivals(node)
    if "grad" not in data or node == order.last or len(uses) != many:
        return "grad" not in data or (node == order.last and not uses)
    parts = [teller.handed_on(use)[1] for use in uses]
    total = sum(parts) + data.get("earlier", 0.0)
    with np.errstate(all="ignore"):
        return bool(uses) and np.allclose(total, data["grad"], rtol=1e-6, atol=0, equal_nan=True)


def _local(teller: FoldedTeller, use: int) -> Formula:
    """The local derivative of an op on numbers, what it hands back of `g` for arrays."""
    called = teller.call(use)
    if called is None:
        return Formula()
    call, position = called
    if call.op.rule(position) is None:
        return Formula()
    same = np.shape(teller.value(teller.order.targets[use])) == call.out.shape
    if call.op.elementwise and same:
        return call.local(position)
    return call.handed(position, "g", ones=False)
