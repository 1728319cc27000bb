"""A figure step by step: what is known at each moment, and the words for it.

Invariant: the moments are read off the same graph that the figure draws, in the order of
recording forward and against it backward, so the last moment shows the figure's numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.diagrams.blanks import NONE, blank_lines
from backviz.diagrams.build import (
    MAX_FORMULA,
    MAX_TITLE,
    arrow_order,
    in_formulas,
    number_lines,
    ops_text,
)
from backviz.diagrams.model import ArrowState, BoxState, Lines, Moment, Sentence, box_id
from backviz.diagrams.naming import box_names
from backviz.diagrams.style import Style
from backviz.graphs import CONSTANT, LEAF
from backviz.names import told_apart
from backviz.telling.folded import FoldedTeller
from backviz.telling.step import Computed, Given, Handed, Part, Seeded, equation
from backviz.text import clean, is_small, product, shape_text, written_sum
from backviz.words import LANGUAGES

if TYPE_CHECKING:
    import networkx as nx

MORE = " + …"  # after a gradient that is not complete yet
MOST_TERMS = 6  # of a sum that is written out
MOST_GIVEN = 8  # inputs that the first moment names one by one


@dataclass(frozen=True, slots=True)
class Build:
    """All moments of a graph; `names` are what the boxes are called in the words.

    `formulas` are those of boxes that hold several ops: where every box has a name, none is □.
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
    walk = _Walk(view, whole, style)
    moments: list[Moment] = []
    if passes != "backward":
        moments += walk.forward()
    if passes != "forward" and walk.teller.timeline.backward:
        moments += walk.backward(pace)
    names = {box_id(n): name for n, name in walk.names.items()}
    return Build(moments or list(walk.forward()), names, walk.formulas())


class _Walk:
    """Goes from step to step and lays each out: what boxes and arrows show, and the words."""

    def __init__(
        self, view: nx.MultiDiGraph[Any], whole: nx.MultiDiGraph[Any], style: Style
    ) -> None:
        self.view = view
        self.numbers, self.words = style.numbers, LANGUAGES[style.lang]
        self.style = style
        self.told = view.graph.get("formulas") if style.formulas else None
        self.blanks = view.graph.get("blanks", NONE)
        self.names = box_names(view, whole)
        called = told_apart(dict(whole.nodes(data="label")), MAX_TITLE)
        self.teller = FoldedTeller(view, whole, style.numbers, self.names, called)
        self.arrows = {(tail, head, key): a for a, tail, head, key, _ in arrow_order(view)}
        self.into: dict[Any, list[str]] = {n: [] for n in view}
        for (_, head, _), arrow in self.arrows.items():
            self.into[head].append(arrow)

    def formulas(self) -> dict[str, str]:
        """The formulas of boxes that hold several ops, with the names of the other boxes."""
        nodes = () if self.told else self.view.nodes(data=True)
        groups = [n for n, data in nodes if "inside" in data]
        return {box_id(n): clean(self.teller.formula(n), MAX_FORMULA) for n in groups}

    # Forward ---------------------------------------------------------------------------

    def forward(self) -> Iterator[Moment]:
        """What is given, then the ops one after another."""
        given = [n for n, kind in self.view.nodes(data="kind") if kind in (LEAF, CONSTANT)]
        boxes = {box_id(n): BoxState(value=n in given, gradient=self._kept(n)) for n in self.view}
        arrows = {arrow: ArrowState(False, False) for arrow in self.arrows.values()}
        for at in range(self.teller.timeline.ops + 1):
            step = self.teller.told(at)
            if isinstance(step, Given):
                yield _moment("forward", None, (Sentence(self._given(step)),), boxes, arrows)
                continue
            node, used = self.teller.ops[at - 1], self.into[self.teller.ops[at - 1]]
            assert isinstance(step, Computed)
            boxes[box_id(node)] = BoxState(value=True, gradient=())
            arrows |= dict.fromkeys(used, ArrowState(True, False))
            yield _moment(
                "forward", node, (Sentence(self._computed(step, node)),), boxes, arrows, used
            )

    def _given(self, step: Given) -> str:
        bare = self.style.show in ("formulas", "shapes")
        secret = {self.names[node] for node in self.blanks.values}
        listed = [
            x.name if bare or x.name in secret else f"{x.name} = {self._short(x.value)}"
            for x in step.leaves[:MOST_GIVEN]
        ]
        if len(step.leaves) > MOST_GIVEN:
            listed.append("…")
        if not listed:
            return self.words.gettext("Given: numbers")
        return self.words.gettext("Given: {list}", list=",  ".join(listed))

    @property
    def _bare(self) -> bool:
        """Whether the words are formulas without numbers."""
        return self.style.show in ("formulas", "shapes") or bool(self.blanks)

    def _short(self, value: Any) -> str:
        if not isinstance(value, np.ndarray):
            return self.numbers.format(value)
        return self.numbers.summary(value) if self._is_written(value) else f"({shape_text(value)})"

    @staticmethod
    def _is_written(array: np.ndarray) -> bool:
        return is_small(array) and array.size <= 4

    def _computed(self, step: Computed, node: Any) -> str:
        """`e = a·b = 2·(−3) = −6`."""
        if step.value is None:
            return f"{step.node}: {ops_text(self.view.nodes[node]['size'], self.words)}"
        if self._bare:
            return equation(step.node, step.formula)
        said = list(dict.fromkeys(filter(None, (step.node, step.formula, step.numeric))))
        told, shown = " = ".join(said), self._short(step.value)
        return told if step.sign == "=" and shown in said else f"{told} {step.sign} {shown}"

    # Backward --------------------------------------------------------------------------

    def backward(self, pace: str) -> Iterator[Moment]:
        """The seed, then the contributions of every node against the order of recording."""
        line, order = self.teller.timeline, self.teller.order
        boxes = {box_id(n): BoxState(value=True, gradient=self._kept(n)) for n in self.view}
        arrows = {arrow: ArrowState(True, False) for arrow in self.arrows.values()}
        seed, output = self.teller.told(line.seed), order.last
        assert isinstance(seed, Seeded)
        boxes[box_id(output)] = BoxState(True, self._slope(output, self.view.nodes[output]["grad"]))
        yield _moment("backward", output, (Sentence(self._seed(seed)),), boxes, arrows)
        parts: dict[Any, list[Any]] = {}
        for node, first, end in zip(order.heads, order.starts, order.ends, strict=True):
            step = self.teller.told(line.seed + end)
            assert isinstance(step, Handed)
            told: list[tuple[Sentence, bool]] = []
            used: list[str] = []
            for use, part in enumerate(step.parts, first):
                target, arrow = order.targets[use], self.arrows[self.teller.edges[use]]
                parts.setdefault(target, []).append(part.contribution)
                boxes[box_id(target)] = BoxState(True, self._gradient(target, part))
                arrows[arrow] = ArrowState(True, True)
                of_all = self.words.gettext("{k} of {m}", k=part.k, m=part.m)
                said = self._contribution(step, part)
                whole = "grad" in self.view.nodes[target]
                total = self._total(part, parts[target]) if whole else ""
                if pace == "contribution":
                    lines: Lines = (said.aside(f"({of_all})"),)
                    if total:
                        lines = *lines, Sentence(f"{part.grad} = {total}")
                    both = (box_id(node), box_id(target))
                    yield _moment("backward", node, lines, boxes, arrows, [arrow], both)
                # a line for each arrow: the sum stands at the end of the last one's
                aside = f"{of_all}: {total}" if total else of_all
                told.append((said.aside(f"({aside})"), bool(total)))
                used.append(arrow)
            if pace == "node":
                moment = _moment("backward", node, _two(told), boxes, arrows, used)
                yield replace(moment, told=tuple(line for line, _ in told))

    def _lines(self, value: Any) -> tuple[str, ...]:
        """A gradient as its box shows it."""
        hidden = "gradients" in self.style.hidden
        return () if hidden else number_lines(value, self.numbers, self.words)

    def _slope(self, node: Any, value: Any, done: int | None = None) -> tuple[str, ...]:
        """The same as a formula, with its number, or both; `done` uses have come."""
        lines = self._lines(value)
        if node in self.blanks.gradients:
            return blank_lines(self.told.nodes[node].backward() if self.told else lines)[:1]
        if not self.told or "gradients" in self.style.hidden:
            return lines
        if done is not None and self.style.show == "both":  # the sum of what has come stands below
            lines = (*lines[:-1], lines[-1] + MORE) if lines else lines
            return in_formulas(self.style, self.told.nodes[node].backward(done, more=""), lines)
        return in_formulas(self.style, self.told.nodes[node].backward(done), lines)

    def _kept(self, node: Any) -> tuple[str, ...]:
        """What earlier passes have left on a leaf, before this one adds to it."""
        before = self.teller.before(node)
        return () if before is None else self._lines(before)

    def _gradient(self, node: Any, part: Part) -> tuple[str, ...] | None:
        """The running total; once it is complete, the gradient as the figure has it."""
        if part.before is not None and part.k == part.m:
            return None
        if self.told or node in self.blanks.gradients:
            return self._slope(node, part.total, part.k if part.k < part.m else None)
        lines = self._lines(part.total)
        return (*lines[:-1], lines[-1] + MORE) if lines and part.k < part.m else lines

    def _seed(self, step: Seeded) -> str:
        if any(self.teller.before(n) is not None for n in self.view):
            if step.shape:
                return self.words.gettext(
                    "Backward starts again: {of} = 1 for every entry; leaves keep what they have, "
                    "and it adds up",
                    of=step.slope,
                )
            return self.words.gettext(
                "Backward starts again: {of} = 1; leaves keep what they have, and it adds up",
                of=step.slope,
            )
        if step.shape:
            return self.words.gettext("Backward starts: {of} = 1 for every entry", of=step.slope)
        return self.words.gettext("Backward starts: {of} = 1", of=step.slope)

    def _contribution(self, step: Handed, part: Part) -> Sentence:
        """`∂L/∂a += ∂L/∂e·b = (−2)·(−3) = 6`."""
        value = self._short(part.contribution)
        if self._bare:
            return Sentence(f"{part.grad} += {part.formula.text}", part.formula.where.strip())
        said, where = f"{part.grad} += {part.formula.text}", part.formula.where.strip()
        if factors := step.factors(part):
            return Sentence(f"{said} = {product(factors, self.numbers)} = {value}", where)
        if isinstance(part.contribution, np.ndarray) and not self._is_written(part.contribution):
            return Sentence(said, where, value)
        return Sentence(f"{said} = {value}", where)

    def _total(self, part: Part, parts: list[Any]) -> str:
        """`6 + (−2) = 4` where the last of several parts has come."""
        if self._bare or part.k < part.m or isinstance(part.total, np.ndarray):
            return ""
        terms = [[x] for x in (part.before, *parts) if x is not None]
        if not 2 <= len(terms) <= MOST_TERMS:
            return ""
        return written_sum(terms, part.total, self.numbers, more=0)  # room is short


def _two(told: list[tuple[Sentence, bool]]) -> Lines:
    """Two of the lines in their order, those with a sum before others, and how many more."""
    chosen = sorted(range(len(told)), key=lambda i: (not told[i][1], i))[:2]
    lines = [told[i][0] for i in sorted(chosen)]
    if len(told) <= 2:
        return tuple(lines)
    return lines[0], lines[1].aside(f"…+{len(told) - 2}")


def _moment(
    phase: Any,
    node: Any,
    lines: Lines,
    boxes: dict[str, BoxState],
    arrows: dict[str, ArrowState],
    used: list[str] | None = None,
    marked: tuple[str, ...] = (),
) -> Moment:
    """One moment: the boxes and arrows as they are now, with those that it is about marked."""
    shown, drawn = dict(boxes), dict(arrows)
    for box in marked or (() if node is None else (box_id(node),)):
        shown[box] = replace(shown[box], accent=phase)
    for arrow in used or ():
        drawn[arrow] = replace(drawn[arrow], accent=phase)
    at = "" if node is None else box_id(node)
    alt = "; ".join(" ".join(line.split()) for line in lines)  # columns are for the eye
    return Moment(phase, at, lines, shown, drawn, alt, lines)
