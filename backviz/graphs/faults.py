"""What is out of order in a graph: NaN and infinity, and gradients that an op made 0.

Invariant: a number that came from others is told apart from the one where it began, and a zero
is explained only where the op that made it got something to hand back: what is 0 because nothing
arrived, or because two parts cancel, is not remarked upon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import networkx as nx
import numpy as np

from backviz.autodiff.finite import is_finite
from backviz.autodiff.op import Op
from backviz.autodiff.symbol import UNNAMED
from backviz.graphs.folds import Home
from backviz.graphs.recorded import operands
from backviz.language import N_
from backviz.ops import OPS
from backviz.words import Words

Kind = Literal["begins", "passed", "off"]
LISTED = 2  # remarks of one kind on the box of a fold


@dataclass(frozen=True, slots=True)
class Fault:
    """A remark on a node: NaN or infinity that begins there or was passed on, or a 0 and why.

    `about` says whether it is the value or the gradient that is remarked upon.
    """

    kind: Kind
    about: Literal["value", "gradient"]
    text: Words


Faults = Mapping[int, tuple[Fault, ...]]


def find_faults(graph: nx.MultiDiGraph[int]) -> dict[int, tuple[Fault, ...]]:
    """The remarks on each node that has any.

    >>> from backviz import load, to_graph
    >>> L = load("L=relu(x)*w; x=-1; w=2")
    >>> L.backward()
    >>> [(n, f.text.en) for n, faults in find_faults(to_graph(L)).items() for f in faults]
    [(0, 'ReLU: off'), (1, '× 0')]
    """
    strange = {n for n, d in graph._node.items() if not is_finite(d["value"])}
    wild = {n for n, d in graph._node.items() if "grad" in d and not is_finite(d["grad"])}
    found: dict[int, tuple[Fault, ...]] = {}
    for node, data in graph._node.items():
        fault = None
        if node in strange:
            fault = _forward(graph, node, strange)
        elif node in wild:
            fault = _backward(graph, node, strange, wild)
        elif "grad" in data:
            fault = _zero(graph, node)
        if fault is not None:
            found[node] = (fault,)
    return found


def in_boxes(faults: Faults, home: Home) -> dict[int, tuple[Fault, ...]]:
    """The remarks on the boxes of a fold: one of each kind and text, what begins there first."""
    found: dict[int, list[Fault]] = {}
    for node in sorted(faults):
        found.setdefault(home[node], []).extend(faults[node])
    return {target: tuple(_told_once(each)) for target, each in found.items()}


def _told_once(faults: list[Fault]) -> list[Fault]:
    """What begins in a box is not also passed on in it."""
    begun = [f for f in faults if f.kind == "begins"]
    passed = [] if begun else [f for f in reversed(faults) if f.kind == "passed"][:1]
    kept = (*begun[:1], *passed, *(f for f in faults if f.kind == "off"))
    found: list[Fault] = []
    for fault in kept:
        if fault not in found and sum(f.kind == fault.kind for f in found) < LISTED:
            found.append(fault)
    return found


def _forward(graph: nx.MultiDiGraph[int], node: int, strange: set[int]) -> Fault:
    data = graph._node[node]
    what = _what(data["value"])
    if not data["op"]:
        return Fault("begins", "value", Words(N_("{what} is given"), what=what))
    if strange.intersection(graph._pred[node]):
        return Fault("passed", "value", Words(N_("{what} passed on"), what=what))
    return Fault("begins", "value", Words(N_("{what} begins here"), what=what))


def _backward(graph: nx.MultiDiGraph[int], node: int, strange: set[int], wild: set[int]) -> Fault:
    """A gradient begins to be infinite where an op with finite numbers made it so."""
    what = _what(graph._node[node]["grad"])
    for head, by_key in graph._succ[node].items():
        parts = [d["contribution"] for d in by_key.values() if "contribution" in d]
        bad = any(not is_finite(part) for part in parts)
        clean = head not in strange and not strange.intersection(graph._pred[head])
        if bad and clean and head not in wild:
            sign = sign_of(OPS[graph._node[head]["op"]])
            said = Words(N_("gradient: {what} from {op}"), what=what, op=sign)
            return Fault("begins", "gradient", said)
    return Fault("passed", "gradient", Words(N_("gradient: {what} passed on"), what=what))


def _zero(graph: nx.MultiDiGraph[int], node: int) -> Fault | None:
    """Why entries of a gradient are exactly 0, if an op that got something made them so."""
    why = why_zero(graph._node[node]["grad"], _uses(graph, node))
    return Fault("off", "gradient", why.words()) if why else None


def _uses(graph: nx.MultiDiGraph[int], node: int) -> Iterator[Handed]:
    for head, by_key in graph._succ[node].items():
        about = graph._node[head]
        for position, data in by_key.items():
            if "contribution" in data and "grad" in about:
                given = partial(_given, graph, head)
                yield Handed(OPS[about["op"]], position, about["grad"], data["contribution"],
                          data.get("local"), given)  # fmt: skip


def _given(graph: nx.MultiDiGraph[int], head: int) -> list[Any]:
    return [graph._node[u]["value"] for u in operands(graph, head)]


@dataclass(frozen=True, slots=True)
class Handed:
    """One use of a value by an op: the gradient that arrives there, and what it hands back.

    `local` is the local derivative where there is one; `given` gives the operands' numbers.
    """

    op: Op
    position: int
    upstream: Any
    part: Any
    local: Any
    given: Callable[[], list[Any]]


Reason = Literal["off", "flat", "masked", "not chosen", "factor 0", "slope 0", "too small"]
SAID = {
    "off": N_("{op}: off"),
    "flat": N_("{op} flat"),
    "masked": N_("{op}: masked"),
    "not chosen": N_("{op}: not chosen"),
    "slope 0": N_("{op}: slope 0"),
    "too small": N_("{op}: too small"),
}


@dataclass(frozen=True, slots=True)
class Zero:
    """Why a gradient is 0: the op's sign, what it did, and in how many of how many entries."""

    op: str
    reason: Reason
    many: int = 1
    size: int = 1

    def words(self) -> Words:
        """The reason in a word or two, with the share of the entries.

        >>> Zero("ReLU", "off", 3, 8).words().en
        'ReLU: off (3 of 8)'
        """
        factor = self.reason == "factor 0"
        said = Words.same("× 0") if factor else Words(SAID[self.reason], op=self.op)
        if self.many == self.size:
            return said
        return Words(N_("{why} ({n} of {size})"), why=said, n=self.many, size=self.size)


def why_zero(gradient: Any, uses: Iterable[Handed]) -> Zero | None:
    """Why a gradient, or a part of an array's, is exactly 0.

    `None` where it is not 0, where nothing arrives, and where parts cancel; and where some of the
    factors are 0, as those of labels and sparse data are in a net that is well.
    """
    empty = np.equal(gradient, 0)
    if not np.any(empty):
        return None
    why: Zero | None = None
    made: Any = np.False_
    for use in uses:
        blocked = _blocked(use.op, use.upstream, use.part)
        if np.any(blocked):
            made = made | blocked
            why = why or Zero(sign_of(use.op), _reason(use))
            if not np.ndim(gradient):  # of a number the first is all
                break
    many = int(np.count_nonzero(np.broadcast_to(empty & made, np.shape(gradient))))
    size = int(np.size(gradient))
    if why is None or not many or (why.reason == "factor 0" and many < size):
        return None
    return replace(why, many=many, size=size)


def _blocked(op: Op, upstream: Any, part: Any) -> Any:
    """Where an op handed on 0 though something arrived; of an op on whole arrays, all or nothing.

    What such an op leaves out, as an index does, is nothing to remark upon.
    """
    if op.elementwise and np.shape(upstream) == np.shape(part):
        return np.equal(part, 0) & np.not_equal(upstream, 0)
    return np.bool_(not np.any(part) and bool(np.any(upstream)))


def _reason(use: Handed) -> Reason:
    """What an op did that handed on exactly 0 though something arrived."""
    op = use.op
    if use.local is not None and np.all(use.local):  # the product of two small numbers
        return "too small"
    if op.masks:
        if any(rule is None for rule in op.rules):
            return "masked"
        return "off" if op.arity == 1 else "not chosen"
    others = [x for i, x in enumerate(use.given()) if i != use.position]
    if any(not np.all(x) if op.elementwise else not np.any(x) for x in others):
        return "factor 0"
    return "flat" if op.saturates else "slope 0"


def sign_of(op: Op) -> str:
    """The op's sign, or its name where the sign is written around an operand.

    >>> sign_of(OPS["sigmoid"]), sign_of(OPS["square"])
    ('σ', 'square')
    """
    bare = UNNAMED in op.symbol or not op.symbol.strip("^[ ]")
    return op.name if bare else op.symbol


def _what(data: Any) -> str:
    """NaN or a signed infinity, and of an array in how many entries."""
    entries = np.asarray(data)
    bad = entries[~np.isfinite(entries)]
    what = "NaN" if np.isnan(bad).any() else "∞" if (bad > 0).any() else "−∞"
    return f"{what} ×{bad.size}" if entries.size > 1 else what
