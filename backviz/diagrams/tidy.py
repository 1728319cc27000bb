"""The search for a layout with fewer crossings, once it is settled how a diagram is laid out.

An engine may be told that operands keep their order, or that an input stands a rank further
back, from where its arrows can embrace those of others; and another engine may be asked.
Invariant: what is found is better by the count that is given, or it is what was there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from backviz.diagrams.layout import Layout, Plan
from backviz.diagrams.layout.rows import Place
from backviz.diagrams.tangle import crossing
from backviz.diagrams.ways import Way, laid

Count = tuple[int, int]
Judge = Callable[[Layout, int], Count | None]
WORST = (sys.maxsize, 0)
MOST_TRIES = 16
LARGE = 40  # boxes, from which a second engine is asked once
MOST_WORK = 400  # boxes that are placed by all tries together


@dataclass(frozen=True)
class _Asked:
    """What an engine is told: the heads whose operands keep their order, the inputs set back."""

    ordered: frozenset[str]
    back: frozenset[str] = frozenset()

    def of(self, plan: Plan) -> Plan:
        """The plan, or that of one of its rows, with this said in it."""
        nodes = tuple(replace(n, ordered=n.id in self.ordered) for n in plan.nodes)
        edges = tuple(replace(e, ranks=2) if e.tail in self.back else e for e in plan.edges)
        return replace(plan, nodes=nodes, edges=edges)


def tidiest(way: Way, strict: Collection[str], judge: Judge) -> Place:
    """How a way is laid out with the least count; `judge` gives None for what cannot be taken.

    `strict` are the heads whose operands cannot change places.
    """
    return _Search(way, judge).best(frozenset(strict))


class _Search:
    def __init__(self, way: Way, judge: Judge) -> None:
        self.way, self.judge = way, judge
        self.tries = min(MOST_TRIES, MOST_WORK // len(way.plan.nodes))
        self.layout, self.place = way.layout, way.place
        self.count = judge(way.layout, sys.maxsize) or WORST
        self.asked = _Asked(frozenset(n.id for n in way.plan.nodes if n.ordered))

    def best(self, strict: frozenset[str]) -> Place:
        joined = {n.id for n in self.way.plan.nodes}
        ordered = frozenset(h for h in joined if len(self._operands(h)) > 1)
        for asked in (_Asked(strict), _Asked(ordered), _Asked(frozenset())):
            self._try(asked)
        for asked in self._set_back(strict):
            self._try(asked)
        self._put_in_order(sorted(ordered - self.asked.ordered))
        others = (
            _Asked(ordered, self.asked.back),
            _Asked(strict, self.asked.back),
            _Asked(ordered),
        )
        for other in list(dict.fromkeys(others))[: 1 if len(joined) > LARGE else None]:
            self._ask_both(self.asked, other)
        return self.place

    def _ask_both(self, asked: _Asked, other: _Asked) -> None:
        """Take a second engine's answer for what the first leaves entangled, be it one row."""

        def place(plan: Plan) -> Layout:
            layout = laid(asked.of(plan), self.way.engine)
            if not (crossings := len(crossing(layout.curves))):
                return layout
            second = laid(other.of(plan), "layered")
            return second if len(crossing(second.curves)) < crossings else layout

        framed = bool(self.way.plan.enclosures)  # which the second engine cannot keep apart
        if self.count[0] and self.way.engine == "auto" and self.tries >= 0 and not framed:
            self._take(place)
            self._take(lambda plan: laid(other.of(plan), "layered"))

    def _operands(self, head: str) -> set[str]:
        return {e.tail for e in self.way.plan.edges if e.head == head}

    def _try(self, asked: _Asked) -> bool:
        """Ask the engine in another way, and keep that if it is better."""
        if self.count == (0, 0) or self.tries == 0:
            return False
        self.tries -= 1
        taken = self._take(lambda plan: laid(asked.of(plan), self.way.engine))
        if taken:
            self.asked = asked
        return taken

    def _take(self, place: Place) -> bool:
        layout = self.way.lay(place)
        if layout is self.layout:  # the same answer again
            return False
        count = self.judge(layout, self.count[0])
        better = count is not None and count < self.count
        if count is not None and better:
            self.count, self.layout, self.place = count, layout, place
        return better

    def _set_back(self, strict: frozenset[str]) -> Iterator[_Asked]:
        """One input after another, of those whose arrows cross others, a rank further back.

        To embrace the arrows of another it has to stand above them once and below them once.
        """
        edges = self.way.plan.edges
        heads = {e.head for e in edges}
        readers: dict[str, set[str]] = {}
        for edge in edges:
            readers.setdefault(edge.tail, set()).add(edge.head)
        shared = {name for name, read in readers.items() if name not in heads and len(read) > 1}
        done: set[str] = set()
        while left := sorted(shared & self._near(self.layout) - done):
            done.add(left[0])
            yield _Asked(strict, self.asked.back | {left[0]})

    def _near(self, layout: Layout) -> set[str]:
        """The boxes where arrows that cross others begin, and what is read there and beyond."""
        edges = {e.id: e for e in self.way.plan.edges}
        crossed = {edges[name] for pair in crossing(layout.curves) for name in pair}
        ends = {end for edge in crossed for end in (edge.tail, edge.head)}
        return {edge.tail for edge in crossed} | {t for end in ends for t in self._operands(end)}

    def _put_in_order(self, heads: list[str]) -> None:
        """Keep the order of as many operands as can be had without another crossing."""
        left = [heads]
        while left and self.count[1]:
            some = left.pop()
            if some and not self._try(replace(self.asked, ordered=self.asked.ordered | {*some})):
                half = len(some) // 2
                left += [some[half:], some[:half]] if half else []
