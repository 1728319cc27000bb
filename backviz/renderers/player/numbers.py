"""What a person asks of a box or an arrow: rules in words and numbers in full.

Invariant: the rules are the words of the moments themselves, and the numbers those of the
graph, so the panel cannot disagree with the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.diagrams.blanks import NONE, without
from backviz.diagrams.build import arrow_order, number_lines
from backviz.diagrams.lettered import in_signs, sentences
from backviz.diagrams.model import ArrowState, Box, BoxState, Lines, Moment, box_id
from backviz.diagrams.moments import make_moments
from backviz.diagrams.right_to_left import apart
from backviz.ops import OPS
from backviz.renderers.player.levels import Level
from backviz.renderers.player.picture import states
from backviz.text import NumberStyle, shape_text
from backviz.words import LANGUAGES

if TYPE_CHECKING:
    import networkx as nx

MOST_LINES = 6  # of a moment that are shown under the picture
MOST_CELLS = 36  # of an array that is written out


def facts(level: Level) -> dict[str, Any]:
    """A level as data: its moments, and for every box and arrow what the panel tells.

    `moments` hold which parts changed to which of their states.
    """
    steps = level.steps
    known: dict[str, dict[Any, int]] = {}
    for kind, parts in (("boxes", steps.diagram.boxes), ("arrows", steps.diagram.arrows)):
        known |= {part.id: states(steps.moments, kind, part.id) for part in parts}
    # where the middle is folded into a box without a gradient, its sum cannot be told
    whole = all("value" in data for _, data in level.view.nodes(data=True))
    pace = "contribution" if whole else "node"
    made = make_moments(level.view, steps.figure.graph, steps.figure.shown, "both", pace)
    write = steps.diagram.letters.text
    rules = {name: apart(write(said)) for name, said in _rules(made.moments).items()}
    view = without(level.view, level.view.graph.get("blanks", NONE))
    return {
        "name": level.name,
        "output": box_id(level.view.graph["output"]),
        "called": {box: write(name) for box, name in made.names.items()},
        "moments": _moments(steps.moments, known, write),
        "boxes": {
            box.id: _box(level, data, box, write(made.names[box.id]), rules, known[box.id])
            for box, data in zip(in_signs(steps.diagram).boxes, view.nodes.values(), strict=True)
        },
        "arrows": _arrows(level, view, rules, known),
    }


def _moments(
    moments: list[Moment], known: dict[str, dict[Any, int]], write: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Each moment with what it changes against the one before; in the first all states are 0."""
    made = []
    before = dict.fromkeys(known, 0)
    for moment in moments:
        now = {name: known[name][state] for name, state in _shown(moment) if name in known}
        changed = {name: i for name, i in now.items() if before[name] != i}
        lines = sentences(lines_of(moment), lambda text: apart(write(text)))
        said = [(line.said, *line.asides) for line in lines]
        made.append({"phase": moment.phase, "node": moment.node, "lines": said, "set": changed})
        before = now
    return made


def lines_of(moment: Moment) -> Lines:
    """All that a moment says, as far as a window has room; then how many lines more."""
    if len(moment.told) <= MOST_LINES:
        return moment.told
    kept = moment.told[:MOST_LINES]
    return *kept[:-1], kept[-1].aside(f"…+{len(moment.told) - MOST_LINES}")


def _shown(moment: Moment) -> list[tuple[str, BoxState | ArrowState]]:
    return [*moment.boxes.items(), *moment.arrows.items()]


def _rules(moments: list[Moment]) -> dict[str, str]:
    """The words for every op by its box, and for every contribution by its arrow."""
    rules: dict[str, str] = {}
    for moment in moments:
        if moment.phase == "forward" and moment.node:
            rules[moment.node] = moment.lines[0]
        passed = [name for name, s in moment.arrows.items() if s.accent == "backward"]
        if len(passed) == 1:
            rules[passed[0]] = moment.lines[0]
    return rules


def _box(
    level: Level,
    data: dict[str, Any],
    box: Box,
    called: str,
    rules: dict[str, str],
    known: dict[BoxState, int],
) -> dict[str, Any]:
    style = level.steps.figure.style
    hidden = style.hidden
    value = "" if "values" in hidden else exact(data.get("value"), style.numbers, style.lang)
    slopes = {} if "gradients" in hidden else data
    return _told({
        "near": int(_is_near(level, box.id)),
        "title": "" if box.title == called else box.title,
        "op": OPS[data["op"]].symbol if data["op"] else box.symbol,
        "says": rules.get(box.id, ""),
        "short": "" if "; ".join(box.value) == value else "; ".join(box.value),
        "value": value,
        "shape": shape_text(data.get("value", 0.0)),
        "grad": exact(slopes.get("grad"), style.numbers, style.lang),
        "earlier": exact(slopes.get("earlier"), style.numbers, style.lang),
    }) | {
        # what each state of the box shows: its value, its gradient
        "states": [[int(s.value), "; ".join(_gradient(s, box.gradient))] for s in known],
    }  # fmt: skip


def _is_near(level: Level, name: str) -> bool:
    """Whether a gradient's parts, with all their digits, add up to it only nearly."""
    node = {box_id(n): n for n in level.view}[name]
    data = level.view.nodes[node]
    edges = level.view.out_edges(node, data=True)
    parts = [d["contribution"] for *_, d in edges if "contribution" in d]
    parts = [p for p in (data.get("earlier"), *parts) if p is not None]
    if "grad" not in data or len(parts) < 2 or np.size(data["grad"]) > MOST_CELLS:
        return False
    columns = [np.ravel(p).tolist() for p in (data["grad"], *parts)]
    return any(
        sum(map(_fraction, terms)) != _fraction(total)
        for total, *terms in zip(*columns, strict=True)
        if np.isfinite((total, *terms)).all()
    )


def _fraction(x: float) -> Fraction:
    return Fraction(repr(float(x)))


def _gradient(state: BoxState, own: tuple[str, ...]) -> tuple[str, ...]:
    return own if state.gradient is None else state.gradient


def _arrows(
    level: Level,
    view: nx.MultiDiGraph[Any],
    rules: dict[str, str],
    known: dict[str, dict[Any, int]],
) -> dict[str, dict[str, Any]]:
    numbers, lang = level.steps.figure.style.numbers, level.steps.figure.style.lang
    made = {}
    flows = {arrow.id: arrow.backward for arrow in level.steps.diagram.arrows}
    for name, tail, head, _, data in arrow_order(view):
        if name not in flows:  # from a weight that stands apart
            continue
        made[name] = _told({
            "from": box_id(tail),
            "to": box_id(head),
            "says": rules.get(name, ""),
            "local": exact(data.get("local"), numbers, lang)
            or level.steps.diagram.letters.text(data.get("rule", "")),
            "part": exact(data.get("contribution"), numbers, lang),
                    "flows": int(flows[name]),
        }) | {"states": [int(state.backward) for state in known[name]]}  # fmt: skip
    return made


def _told(about: dict[str, Any]) -> dict[str, Any]:
    return {key: said for key, said in about.items() if said}


def exact(value: Any, numbers: NumberStyle, lang: str = "en") -> str:
    """A number with every digit that it has, a small array row by row, the span of a large one.

    >>> [exact(x, NumberStyle()) for x in (-0.1 - 0.2, float("nan"), None)]
    ['−0.30000000000000004', 'NaN', '']
    >>> exact(np.array([[1.0, 0.25], [3.0, 4.0]]), NumberStyle())
    '1  0.25\\n3     4'
    """
    if value is None:
        return ""
    if not isinstance(value, np.ndarray):
        return _digits(float(value), numbers)
    if not 0 < value.size <= MOST_CELLS or value.ndim > 2:
        return "\n".join(number_lines(value, numbers, LANGUAGES[lang]))
    grid = [[_digits(float(x), numbers) for x in row] for row in np.atleast_2d(value)]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in grid
    )


def _digits(x: float, numbers: NumberStyle) -> str:
    """The shortest text that reads back as the same number."""
    if not np.isfinite(x) or x == 0 or (x == int(x) and abs(x) < 1e6):
        return numbers.format(x)
    return numbers.dress(repr(x))
