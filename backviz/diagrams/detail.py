"""How much a figure tells: what gives way, and in which order, before its text becomes too small.

Invariant: numbers give way first, entries before ranges before all of an array; names and
structure stay, and what a person has asked for is never taken away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from backviz.diagrams.page import Page
from backviz.diagrams.theme import PRESETS
from backviz.graphs import LEAF
from backviz.language import N_, _, all_of, ngettext
from backviz.text import Arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import networkx as nx

    from backviz.diagrams.model import Diagram
    from backviz.diagrams.style import Style

    Make = Callable[[nx.MultiDiGraph[int], Style], Diagram]

UNSEEN = 0.05  # points of text
MANY_USES = 4  # boxes that use a leaf which may stand apart, without arrows
# What gives way before the text becomes too small: the longest side that is written out, what
# is shown of larger arrays, and the words on arrows.
TERSER: tuple[tuple[int, Arrays, Literal["auto", "numbers", "hide"], int], ...] = (
    (3, "values", "auto", 0),
    (3, "values", "numbers", 0),
    (0, "ranges", "auto", 0),
    (0, "ranges", "numbers", 0),
    (0, "ranges", "numbers", 2),
    (0, "shapes", "numbers", 0),
    (0, "shapes", "hide", 0),
)
ABOVE_SMALL = N_("entries of arrays above 3×3")
LEFT_OUT = {"ranges": N_("all of arrays but their ranges"), "shapes": N_("all numbers of arrays")}


@dataclass(frozen=True)
class Level:
    """One level of detail: the folded graph, its style and, if it had to be measured, its page."""

    view: nx.MultiDiGraph[int]
    style: Style
    diagram: Diagram
    page: Page | None = None
    message: str = ""
    apart: bool = False  # whether what many boxes use stands apart, without arrows

    @property
    def width(self) -> float:
        """The width of the page, if it was measured."""
        return self.page.sheet.width if self.page else 0.0


def used_often(view: nx.MultiDiGraph[int]) -> tuple[int, ...]:
    """The leaves that many boxes use."""
    leaves = (n for n, kind in view.nodes(data="kind") if kind == LEAF)
    return tuple(n for n in leaves if len(view._succ[n]) >= MANY_USES)


def text_of(level: Level) -> float:
    """The smallest text of a page, if it was measured."""
    return level.page.sheet.least_text if level.page else 0.0


def reads(level: Level, least: float) -> bool:
    """Whether the smallest text of a page is so large, as far as a reader sees."""
    if not level.page:
        return True
    enough = least - UNSEEN
    return level.page.most_text >= enough and text_of(level) >= enough


def largest(levels: Sequence[Level]) -> Level:
    """The level with the largest text, the first of equals; no page is laid out needlessly."""
    found = levels[0]
    for level in levels[1:]:
        most = level.page.most_text if level.page else 0.0
        if most > text_of(found) and text_of(level) > text_of(found):
            found = level
    return found


def terser(level: Level, given: Style, make: Make) -> list[Style]:
    """The styles with fewer and fewer numbers that leave what was asked for, and differ."""
    if not any(isinstance(value, np.ndarray) for _n, value in level.view.nodes(data="value")):
        return []
    found = {level.diagram: given}
    for style in ladder(given):
        found.setdefault(make(level.view, style), style)
    return list(found.values())[1:]


def ladder(given: Style) -> list[Style]:
    """The styles with fewer and fewer numbers, without what was asked for."""
    return [
        replace(
            given,
            entries=given.entries or entries,
            arrays=arrays if given.arrays == "auto" and not given.entries else given.arrays,
            digits=given.digits or digits,
            local=local if given.local == "auto" and not given.products else given.local,
        )
        for entries, arrays, local, digits in TERSER
    ]


def left_out(given: Style, level: Level) -> str:
    """What gave way to the size of the text, and how it is asked for; "" if nothing did."""
    shown, left, ask = level.style, [], []
    if shown.arrays != given.arrays or shown.entries != given.entries:
        left.append(_(LEFT_OUT.get(shown.arrays, ABOVE_SMALL)))
        ask.append("--entries 6")
    if shown.local != given.local:
        left.append(_("the rules on arrows"))
        ask.append("--local show")
    if level.apart:
        nodes = (level.view.nodes[n] for n in level.view.graph["apart"])
        names = (about["label"] or about.get("title", "") for about in nodes)
        left.append(_("the arrows of {names}, which many boxes use,", names=", ".join(names)))
        ask.append("--weights show")
    if not left:
        return ""
    if not PRESETS[given.size].least:
        return _(
            "{things} gave way to fewer crossings; {options} draws them",
            things=all_of(left),
            options=" ".join(ask),
        )
    return _(
        "{things} gave way to larger text; {options} draws them",
        things=all_of(left),
        options=" ".join(ask),
    )


def told(graph: nx.MultiDiGraph[int], level: Level, how: str, why: str) -> Level:
    """The level with what is said of its fold: how, and why."""
    nodes = ngettext("{n:,} node", "{n:,} nodes", len(graph))
    boxes = ngettext("{n:,} box", "{n:,} boxes", len(level.view))
    told = {"nodes": nodes, "boxes": boxes, "why": why}
    if how:
        message = _("folded {nodes} into {boxes}, {how}, {why}; --fold constants draws every "
                    "op, --fold none every node", how=_(how), **told)  # fmt: skip
    else:
        message = _("folded {nodes} into {boxes} {why}; --fold constants draws every op, "
                    "--fold none every node", **told)  # fmt: skip
    return replace(level, message=message)
