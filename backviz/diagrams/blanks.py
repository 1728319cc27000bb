"""Exercises: what a reader is to find out is a `?` in the place of the number.

Invariant: a blank takes the room of what it stands for, so that the exercise and its solution are
the same picture; and what is blank is in no word that goes with the picture either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backviz.diagrams.model import FAULT, PASSED, ZERO, Arrow, Box, Diagram
from backviz.diagrams.style import listed
from backviz.graphs import CONSTANT, LEAF
from backviz.names import find
from backviz.text import NOT_COMPUTED

if TYPE_CHECKING:
    import networkx as nx

    from backviz.diagrams.figure import Figure
    from backviz.diagrams.written import Formulas

BLANK = "?"
KINDS = ("values", "gradients", "locals")
_LETTER = re.compile(r"[^\W\d_e]")  # in numbers there is none but the e of 4e−3
_LENGTH = re.compile(r"(‖∂θ‖ )\S+")  # of a layer's gradients, beside its sizes
_HALVES = (".grad", ".value")


@dataclass(frozen=True, slots=True)
class Blanks:
    """The nodes whose value or gradient is to be found, and whether all local derivatives are."""

    values: frozenset[Any] = frozenset()
    gradients: frozenset[Any] = frozenset()
    locals: bool = False

    def __bool__(self) -> bool:
        return bool(self.values or self.gradients or self.locals)


NONE = Blanks()


def find_blanks(graph: nx.MultiDiGraph[Any], blank: str, names: Mapping[Any, str]) -> Blanks:
    """What a list with commas asks for: `values`, `gradients`, `locals` and names of nodes.

    A name is what was computed there: the gradient, and the value unless it is a leaf's, which is
    given; `w.grad` and `w.value` are one of them. `names` are those of all nodes, also of what lies
    in a fold. Raises `InputError` for a name that no node has.

    >>> from backviz import load, to_graph
    >>> G = to_graph(load("c=a*b; a=2; b=3"))
    >>> find_blanks(G, "c, a", dict(G.nodes(data="label")))
    Blanks(values=frozenset({2}), gradients=frozenset({0, 2}), locals=False)
    """
    words = listed(blank)
    kinds = dict(graph.nodes(data="kind"))
    computed = {n for n, kind in kinds.items() if kind not in (LEAF, CONSTANT)}
    values = set(computed) if "values" in words else set()
    gradients = set(graph) if "gradients" in words else set()
    offered = [name for n, name in names.items() if name and name != f"n{n}"]
    for word in words:
        if word in KINDS:
            continue
        half = next((h for h in _HALVES if word.endswith(h) and word not in offered), "")
        node = find(names, word.removesuffix(half), offered)
        if node not in kinds:  # it lies in a box that shows neither
            continue
        if half != ".grad" and (half or node in computed):
            values.add(node)
        if half != ".value":
            gradients.add(node)
    return Blanks(frozenset(values), frozenset(gradients), "locals" in words)


def blank_out(
    diagram: Diagram, graph: nx.MultiDiGraph[Any], blanks: Blanks, rules: Formulas | None
) -> Diagram:
    """The diagram with a `?` in every place that is to be found.

    A local derivative is blank, too, where it is a number whose rule names a blank value, and
    where it leads from the result, whose gradient is 1, to a blank gradient.
    """
    output = graph.graph["output"]
    boxes = tuple(
        _box(box, node in blanks.values, node in blanks.gradients)
        for box, node in zip(diagram.boxes, graph, strict=True)
    )
    nodes = {box.id: node for box, node in zip(diagram.boxes, graph, strict=True)}
    secret = {rules.nodes[n].name for n in blanks.values} if rules else set()
    keys: dict[tuple[Any, Any], list[int]] = {}
    arrows = []
    for arrow in diagram.arrows:
        tail, head = nodes[arrow.tail], nodes[arrow.head]
        key = keys.setdefault((tail, head), sorted(graph[tail][head])).pop(0)
        rule = rules.edges.get((tail, head, key)) if rules else None
        told = bool(blanks.values) and (rule is None or not rule or _names(rule.text, secret))
        part = bool(arrow.product) and not blanks.gradients.isdisjoint((tail, head))
        number = any(sign.isdigit() for sign in arrow.local)
        told |= head == output and tail in blanks.gradients  # times 1, so the gradient itself
        local = blanks.locals or (told and number)
        arrows.append(_arrow(arrow, local) if local or part else arrow)
    made = replace(diagram, boxes=boxes, arrows=tuple(arrows))
    signs = {remark.line[:1] for box in boxes for remark in box.remarks}
    unsaid = {FAULT, PASSED, ZERO} - signs  # what explains a mark tells that there is one
    legend = tuple(item for item in diagram.legend if item[0] not in unsaid)
    return (
        made
        if legend == diagram.legend
        else replace(made, legend=legend, legend_room=diagram.legend)
    )


def _names(rule: str, names: set[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}(?![\w(])", rule) for name in names)


def _box(box: Box, value: bool, gradient: bool) -> Box:
    value = value and not box.counted
    known = gradient and box.gradient != (NOT_COMPUTED,)
    kept = tuple(
        remark for remark in box.remarks
        if not (remark.about == "value" and value) and not (remark.about == "gradient" and gradient)
    )  # fmt: skip
    made = replace(
        box,
        symbol=_LENGTH.sub(rf"\1{BLANK}", box.symbol) if gradient else box.symbol,
        value=blank_lines(box.value) if value else box.value,
        gradient=blank_lines(box.gradient) if known else box.gradient,
        heat=None if value else box.heat,
        remarks=kept,
    )
    if made == box:
        return box
    made = replace(made, room=box)
    sign = " " if made.value[:1] and made.value[0].startswith("= ") else ": "
    said = f"{box.title or box.symbol}{sign}{' '.join(made.value)}" if made.value else box.title
    aside = [said, " ".join(made.gradient), *(remark.text for remark in kept)]
    return replace(made, alt="; ".join(" ".join(text.split()) for text in aside if text.strip()))


def blank_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    """As many lines with a `?` for the first number or formula, and nothing of the others.

    >>> blank_lines(("1  2", "3  4")), blank_lines(("∂L/∂a = ∂L/∂f", "+ g", "= 4"))
    (('?', ''), ('∂L/∂a = ?', '', ''))
    """
    if not lines:
        return ()
    name, sign, _rest = lines[0].partition("= ")
    first = f"{name}= {BLANK}" if sign and (not name or name.startswith("∂")) else BLANK
    return (first, *("" for _line in lines[1:]))


def _arrow(arrow: Arrow, local: bool) -> Arrow:
    """The label without its numbers; the local derivative stays in a product if it is known."""
    if not (text := arrow.product or arrow.local):
        return arrow
    factor = f"({arrow.local})" if arrow.local.startswith("−") else arrow.local
    blank = f"{BLANK}·{factor} = {BLANK}" if arrow.product and not local else BLANK
    rule, equals, _numbers = arrow.product.partition("= ")
    if not local and equals and (not rule or _LETTER.search(rule)):  # an array's, by its rule
        blank = f"{rule}= {BLANK}"
    product = blank if arrow.product else ""
    kept = BLANK if local or not arrow.product else arrow.local
    return replace(arrow, local=kept, product=product, alt=blank, room=text)


def written(figure: Figure) -> nx.MultiDiGraph[int]:
    """The whole graph for a format that writes it, without what a reader is to find out."""
    if not figure.style.blank:
        return figure.pointing.noted(figure.graph)
    titles = {n: title for n, title in figure.view.nodes(data="title") if title}
    blanks = find_blanks(figure.graph, figure.style.blank, {**figure.names, **titles})
    return figure.pointing.noted(without(figure.graph, blanks))


def without(graph: nx.MultiDiGraph[Any], blanks: Blanks) -> nx.MultiDiGraph[Any]:
    """The graph without what is to be found, for what tells numbers of the graph itself.

    What says it in other words goes too: the contributions to a gradient, and the local
    derivatives at an op whose value or whose operand's value is blank.
    """
    if not blanks:
        return graph
    made: nx.MultiDiGraph[Any] = graph.copy()
    for node in blanks.values:
        made.nodes[node].pop("value", None)
    for node in blanks.gradients:
        for key in ("grad", "earlier"):
            made.nodes[node].pop(key, None)
    for tail, head, data in made.edges(data=True):
        near = blanks.values.intersection((head, *graph.pred[head]))
        if blanks.locals or near or (head == made.graph["output"] and tail in blanks.gradients):
            data.pop("local", None)
        if not blanks.gradients.isdisjoint((tail, head)):
            data.pop("contribution", None)
    return made
