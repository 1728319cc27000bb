"""What differs between two graphs, written into the boxes and arrows of their diagrams.

Invariant: a sign, never a colour alone, says that something differs; what is equal but for
rounding has none, and a blank is not given away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from backviz.diagrams.blanks import BLANK
from backviz.diagrams.build import arrow_order
from backviz.diagrams.model import UNLIKE, Arrow, Box, Diagram, Remark
from backviz.graphs import LEAF
from backviz.language import Language, ngettext

if TYPE_CHECKING:
    import networkx as nx


ROUNDING = 1e-9  # of a number that was computed in two ways
NOISE = 1e-14  # of the largest number of its kind: what is left of two that cancel
Kind = Literal["op", "value", "gradient"]
KEYS: dict[Kind, str] = {"value": "value", "gradient": "grad"}


@dataclass(frozen=True)
class Differences:
    """What differs: by node of the first graph what of it, and the nodes that stand alone.

    `noise` is how far numbers of a kind may be apart that only rounding parts.
    """

    of: Mapping[Any, frozenset[Kind]]
    only: tuple[frozenset[Any], frozenset[Any]]
    noise: Mapping[Kind, float]

    def __bool__(self) -> bool:
        return bool(self.of or self.only[0] or self.only[1])

    def said(self) -> list[str]:
        """How many ops, values, gradients and boxes differ."""
        ops, values, gradients = (
            sum(kind in kinds for kinds in self.of.values()) for kind in ("op", "value", "gradient")
        )
        first, second = map(len, self.only)
        told = (
            (ops, ngettext("{n} op differs", "{n} ops differ", ops)),
            (values, ngettext("{n} value differs", "{n} values differ", values)),
            (gradients, ngettext("{n} gradient differs", "{n} gradients differ", gradients)),
            (
                first,
                ngettext("{n} box is only in the first", "{n} boxes are only in the first", first),
            ),
            (
                second,
                ngettext(
                    "{n} box is only in the second", "{n} boxes are only in the second", second
                ),
            ),
        )
        return [words for many, words in told if many]


def differences(
    one: nx.MultiDiGraph[Any], other: nx.MultiDiGraph[Any], pairs: Mapping[Any, Any]
) -> Differences:
    """Compare partners: ops with their options, values and gradients beyond rounding.

    >>> from backviz import Value, to_graph
    >>> graphs = [to_graph(Value(2.0, "a") * Value(b, "b")) for b in (3.0, 4.0)]
    >>> found = differences(*graphs, {0: 0, 1: 1, 2: 2})
    >>> [sorted(kinds) for kinds in found.of.values()], found.only
    ([['value'], ['value']], (frozenset(), frozenset()))
    """
    noise = {
        kind: NOISE * max(_largest(graph, key) for graph in (one, other))
        for kind, key in KEYS.items()
    }
    of = {a: _differing(one.nodes[a], other.nodes[b], noise) for a, b in sorted(pairs.items())}
    alone = frozenset(one) - {*pairs}, frozenset(other) - {*pairs.values()}
    return Differences({a: kinds for a, kinds in of.items() if kinds}, alone, noise)


def _differing(
    ours: dict[str, Any], theirs: dict[str, Any], noise: Mapping[Kind, float]
) -> frozenset[Kind]:
    given = ours["kind"] == theirs["kind"] == LEAF  # what a person wrote is equal or not
    found: set[Kind] = set()
    if _made(ours) != _made(theirs):
        found.add("op")
    if not equal(ours.get("value"), theirs.get("value"), None if given else noise["value"]):
        found.add("value")
    if not equal(ours.get("grad"), theirs.get("grad"), noise["gradient"]):
        found.add("gradient")
    return frozenset(found)


def _made(data: dict[str, Any]) -> tuple[str, str]:
    return data["op"], repr(data.get("params", {}))


def _largest(graph: nx.MultiDiGraph[Any], key: str) -> float:
    numbers = (
        np.abs(np.asarray(x, dtype=float)) for _n, x in graph.nodes(data=key) if x is not None
    )
    return max((float(np.max(x, initial=0.0, where=np.isfinite(x))) for x in numbers), default=0.0)


def equal(ours: Any, theirs: Any, noise: float | None = None) -> bool:
    """Whether two numbers or arrays are equal; with `noise`, but for rounding.

    >>> equal(0.1 + 0.2, 0.3), equal(0.1 + 0.2, 0.3, 0.0), equal(1e-17, 0.0, 1e-14)
    (False, True, True)
    """
    if ours is None or theirs is None:
        return ours is theirs
    return np.shape(ours) == np.shape(theirs) and bool(_alike(ours, theirs, noise).all())


def _alike(ours: Any, theirs: Any, noise: float | None) -> np.ndarray:
    a, b = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    rounding = 0.0 if noise is None else ROUNDING
    return np.asarray(np.isclose(a, b, rtol=rounding, atol=noise or 0.0, equal_nan=True))


@dataclass(frozen=True)
class Side:
    """One of the two: its folded graph, its diagram, its nodes' partners, those without one."""

    view: nx.MultiDiGraph[Any]
    diagram: Diagram
    partner: Mapping[Any, Any]
    alone: frozenset[Any]

    def arrows(self) -> dict[tuple[Any, Any, int], Arrow]:
        """The arrows by their ends, and which of several between them."""
        drawn = {arrow.id: arrow for arrow in self.diagram.arrows}
        found: dict[tuple[Any, Any, int], Arrow] = {}
        many = Counter[tuple[Any, Any]]()
        for name, tail, head, _key, _data in arrow_order(self.view):
            if name in drawn:
                found[tail, head, many[tail, head]] = drawn[name]
                many[tail, head] += 1
        return found


def marked(
    side: Side, other: Side, found: Mapping[Any, frozenset[Kind]], noise: Mapping[Kind, float],
    words: Language, fill: str,
) -> Diagram:  # fmt: skip
    """The diagram with a sign beside what differs (`found`), and a fill where a box is alone."""
    alone = words.gettext("only here")
    twins = dict(zip(other.view, other.diagram.boxes, strict=True))
    boxes = []
    for node, box in zip(side.view, side.diagram.boxes, strict=True):
        if node in side.alone:
            remarks = (*box.remarks, Remark("note", alone))
            boxes.append(replace(box, fill=fill, remarks=remarks, alt=f"{box.alt}; {alone}"))
            continue
        twin, kinds = twins[side.partner[node]], found.get(node, frozenset())
        if box.symbol and twin.symbol and box.symbol != twin.symbol:
            kinds |= {"op"}
        pair = side.view.nodes[node], other.view.nodes[side.partner[node]]
        boxes.append(_box(box, kinds, pair, noise, words) if kinds else box)
    theirs = other.arrows()
    arrows = {}
    for (tail, head, i), arrow in side.arrows().items():
        ends = side.partner.get(tail), side.partner.get(head)
        if None in ends:
            arrows[arrow.id] = arrow
        elif (*ends, i) in theirs:
            arrows[arrow.id] = _arrow(arrow, theirs[*ends, i])
        else:
            said = "; ".join(filter(None, (arrow.alt, alone)))
            arrows[arrow.id] = replace(arrow, emphasis="strong", alt=said)
    return replace(
        side.diagram,
        boxes=tuple(boxes),
        arrows=tuple(arrows[arrow.id] for arrow in side.diagram.arrows),
    )


Data = dict[str, Any]


def _box(
    box: Box, kinds: frozenset[Kind], pair: tuple[Data, Data], noise: Mapping[Kind, float],
    words: Language,
) -> Box:  # fmt: skip
    """A box with the sign behind what differs, also where a blank keeps the room of it."""

    def signed(box: Box) -> Box:
        symbol = f"{box.symbol} {UNLIKE}" if box.symbol and "op" in kinds else box.symbol
        value, gradient = box.value, box.gradient
        if "value" in kinds:
            value = _lines(value, pair, "value", noise["value"])
        if "gradient" in kinds:
            gradient = _lines(gradient, pair, "grad", noise["gradient"])
        note = box.note
        if note and not any(UNLIKE in line for line in (symbol, *value, *gradient)):
            note = f"{note} {UNLIKE}"  # the numbers that differ are not shown
        return replace(box, symbol=symbol, value=value, gradient=gradient, note=note)

    said = {"op": words.gettext("op"), "value": words.gettext("value"),
            "gradient": words.gettext("gradient")}  # fmt: skip
    listed = ", ".join(word for kind, word in said.items() if kind in kinds)
    told = words.gettext("differs: {list}", list=listed)
    made = signed(box)
    return replace(made, room=box.room and signed(box.room), alt=f"{box.alt}; {told}")


def _lines(
    lines: tuple[str, ...], pair: tuple[Data, Data], key: str, noise: float
) -> tuple[str, ...]:
    """The sign behind the rows that differ, or behind the first line of a summary."""
    differs = [i == 0 for i in range(len(lines))]
    ours, theirs = (np.asarray(data.get(key, np.nan), dtype=float) for data in pair)
    rows = [bool(_alike(*both, noise).all()) for both in _rows(ours, theirs)]
    differs = [not alike for alike in rows] if len(rows) == len(lines) else differs
    return tuple(
        f"{line} {UNLIKE}" if sign and BLANK not in line else line
        for line, sign in zip(lines, differs, strict=True)
    )


def _rows(ours: np.ndarray, theirs: np.ndarray) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """The rows of two vectors or matrices of one shape, side by side."""
    if ours.shape != theirs.shape or ours.ndim not in (1, 2):
        return ()
    return zip(np.atleast_2d(ours), np.atleast_2d(theirs), strict=True)


def _arrow(arrow: Arrow, twin: Arrow) -> Arrow:
    """An arrow with the sign behind what it says, where its partner says something else."""
    if (arrow.local, arrow.product) == (twin.local, twin.product):
        return arrow
    shown = arrow.product or arrow.local
    if not shown or BLANK in shown or not (twin.product or twin.local):
        return arrow
    product = f"{arrow.product} {UNLIKE}" if arrow.product else ""
    local = arrow.local if product else f"{arrow.local} {UNLIKE}"
    return replace(arrow, local=local, product=product)
