"""The view model: what is drawn, as frozen data without numpy, networkx or DOT.

Invariant: a diagram says what is shown and in which role, never where, in which
colour or in which format. Layouts, themes and renderers read it and add their part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from backviz.lettering import AS_TYPED, Letters

Role = Literal["leaf", "constant", "op", "output", "group", "derivative"]
Accent = Literal["", "forward", "backward"]
Emphasis = Literal["", "strong", "pale"]


def box_id(node: int) -> str:
    """What a node's box is called in files; nothing reads the number back from it.

    >>> box_id(7)
    'n7'
    """
    return f"n{node}"


@dataclass(frozen=True, slots=True)
class Heat:
    """A small map of an array: cells from −1 to 1 of `limit`, row by row; NaN is `None`."""

    cells: tuple[tuple[float | None, ...], ...]
    limit: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A short line under a box's numbers, with the sign it begins with, and what it is about.

    "begins" and "passed" are NaN and infinity, "off" is a gradient that an op made 0, "note" is
    what a person says. A build shows a remark once the value or gradient it is `about` is known.
    """

    kind: Literal["begins", "passed", "off", "note"]
    text: str
    about: Literal["", "value", "gradient"] = ""

    @property
    def line(self) -> str:
        """The text behind its sign."""
        sign = {"begins": FAULT, "passed": PASSED, "off": ZERO}.get(self.kind, "")
        return f"{sign} {self.text}".strip()


FAULT, PASSED, ZERO = "⚠", "△", "∅"
RESULT_SIGN = "•"  # of a result that was not differentiated
UNLIKE = "≠"  # behind what is different in another graph


@dataclass(frozen=True, slots=True)
class Box:
    """One value: its name, the op that made it, its value and its gradient.

    `value` and `gradient` are lines of text: one for a scalar, the rows of a small
    matrix, a summary of a large array; `counted` are the ops of a fold without a value. An
    empty `gradient` is not drawn; a gradient that was not computed is the line "—". `note` is
    the array's shape. `reserve` are lines that the box must have room for because it shows them
    at another moment; a box with a blank takes as much `room` as the whole one. `remarks` stand
    below the numbers, `fill` is a colour in place of the role's, `emphasis` says whether a
    highlight stands on the box or elsewhere. `least` is the size of its like in another graph.
    """

    id: str
    role: Role
    title: str = ""
    symbol: str = ""
    value: tuple[str, ...] = ()
    gradient: tuple[str, ...] = ()
    note: str = ""
    stacked: bool = False
    ordered: bool = False
    alt: str = ""
    reserve: tuple[str, ...] = ()
    heat: Heat | None = None
    counted: bool = False
    room: Box | None = None
    remarks: tuple[Remark, ...] = ()
    fill: str = ""
    emphasis: Emphasis = ""
    least: tuple[float, float] = (0.0, 0.0)

    @property
    def fault(self) -> Literal["", "begins", "passed"]:
        """Whether the box holds NaN or infinity, and whether that begins in it."""
        kinds = [r.kind for r in self.remarks]
        return "begins" if "begins" in kinds else "passed" if "passed" in kinds else ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One use of a value: forward from `tail` to `head`, the gradient back.

    `local` is the local derivative as text, `product` the line upstream × local =
    contribution; either may be empty, and a blank has the `room` of a text. `backward` says that a
    gradient flows, `forward` that the line of the value is drawn. `parts` are the names in
    `local` that stand for formulas of their own.
    """

    id: str
    tail: str
    head: str
    local: str = ""
    product: str = ""
    room: str = ""
    backward: bool = False
    forward: bool = True
    alt: str = ""
    parts: tuple[tuple[str, str], ...] = ()
    emphasis: Emphasis = ""


class Sentence(str):
    """A line of words that knows what in it is said aside, where it may be broken.

    As a string it is whole, with three blanks before what is said aside.

    >>> line = Sentence("∂L/∂a += 2", "(2×3)", "(1 of 2)")
    >>> line, line.asides
    ('∂L/∂a += 2   (2×3)   (1 of 2)', ('(2×3)', '(1 of 2)'))
    """

    __slots__ = ("asides", "said")
    said: str
    asides: tuple[str, ...]

    def __new__(cls, said: str, *asides: str) -> Sentence:
        """A line from what is said and what is said aside; nothing that is empty is said."""
        asides = tuple(filter(None, asides))
        made = super().__new__(cls, "   ".join((said, *asides)))
        made.said, made.asides = said, asides
        return made

    def aside(self, *more: str) -> Sentence:
        """The same with more said aside."""
        return Sentence(self.said, *self.asides, *more)


Lines = tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Boxes that stand together in a frame with a title; those of an inner one are also here."""

    id: str
    title: str
    boxes: tuple[str, ...]


def enclosed(
    clusters: tuple[Cluster, ...], begin: Callable[[Cluster], list[str]], end: str
) -> list[str]:
    """The lines that put boxes into frames inside of frames; each box stands in its innermost.

    >>> both = Cluster("a", "", ("n0", "n1")), Cluster("b", "", ("n1",))
    >>> enclosed(both, lambda cluster: [cluster.id + "{"], "}")
    ['a{', 'b{', 'n1', '}', 'n0', '}']
    """
    within = [
        max((j for j in range(i) if {*c.boxes} <= {*clusters[j].boxes}), default=-1)
        for i, c in enumerate(clusters)
    ]

    def written(i: int) -> list[str]:
        inner = [j for j, around in enumerate(within) if around == i]
        taken = {box for j in inner for box in clusters[j].boxes}
        own = [box for box in clusters[i].boxes if box not in taken]
        return [*begin(clusters[i]), *(x for j in inner for x in written(j)), *own, end]

    return [line for i, around in enumerate(within) if around < 0 for line in written(i)]


@dataclass(frozen=True, slots=True)
class Diagram:
    """A whole figure before it has positions.

    `title` and `description` are what a screen reader says; `caption` is drawn.
    `said` are the words of every moment, for which room is kept under the graph. All texts have
    names as they were typed; `letters` is how they are written where they are shown. `clusters` are
    framed groups of boxes, outermost first. `legend_room` is the legend of the solution, whose
    room that of an exercise takes. `panels` are the diagrams that stand side by side in it, for
    what shows one at a time.
    """

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    title: str
    description: str
    caption: str = ""
    legend: tuple[tuple[str, str], ...] = ()
    said: tuple[Lines, ...] = ()
    letters: Letters = AS_TYPED
    clusters: tuple[Cluster, ...] = ()
    legend_room: tuple[tuple[str, str], ...] = ()
    panels: tuple[Diagram, ...] = ()


@dataclass(frozen=True, slots=True)
class BoxState:
    """What a box shows at one moment; `gradient` `None` is the box's own, `()` none yet."""

    value: bool = True
    gradient: tuple[str, ...] | None = None
    accent: Accent = ""


@dataclass(frozen=True, slots=True)
class ArrowState:
    """Which of an arrow's two lines have been passed at one moment."""

    forward: bool = True
    backward: bool = True
    accent: Accent = ""


WHOLE_BOX, WHOLE_ARROW = BoxState(), ArrowState()


def shown_remarks(box: Box, state: BoxState) -> tuple[Remark, ...]:
    """The remarks on what a box shows at a moment: none before the number itself is there."""
    whole = state.gradient is None or state.gradient == box.gradient
    known = {"": True, "value": state.value, "gradient": whole}
    return tuple(remark for remark in box.remarks if known[remark.about])


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of a build: what every box and arrow shows, and what is said about it.

    `node` is the box at work, `lines` the words under the graph, `alt` the same for a
    screen reader. `told` is all that there is to say, where that is more than there is room for
    under a graph. Boxes and arrows stay where they are from moment to moment.
    """

    phase: Accent
    node: str
    lines: Lines
    boxes: Mapping[str, BoxState]
    arrows: Mapping[str, ArrowState]
    alt: str = ""
    told: Lines = ()
