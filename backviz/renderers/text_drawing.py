"""The figure as text for a terminal: boxes and wires of characters, or a tree.

The drawing is the first of these that fits: ranks from left to right, ranks from top to
bottom, the same two without local derivatives (all four up to `MOST` boxes), a tree of
lines in which every value stands under what uses it. Invariant: no line is wider than was
asked for, and no number is left out of a box.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from backviz.autodiff.symbol import OUT, UNNAMED
from backviz.diagrams.lettered import in_signs
from backviz.diagrams.model import (
    FAULT,
    PASSED,
    RESULT_SIGN,
    UNLIKE,
    WHOLE_BOX,
    ZERO,
    Arrow,
    ArrowState,
    Box,
    BoxState,
    Diagram,
    shown_remarks,
)
from backviz.renderers.text_canvas import ASCII, UNICODE, Signs, cut
from backviz.renderers.text_grid import Tile, Wire, draw_grid
from backviz.signs import PLAIN, SPACES, once_raised
from backviz.text import screen_width, unpadded

if TYPE_CHECKING:
    from backviz.diagrams.picture import Picture

MOST = 60  # boxes that a drawing of characters shows
MOST_WIRES = 200
WIDTH = 80
MOST_FOOT = 30  # signs of the groups of a box
_BLANKS = {**SPACES, 0x2009: " "}


def text(figure: Picture) -> bytes:
    """The figure for a terminal of 80 columns, UTF-8."""
    return (draw_text(figure.diagram) + "\n").encode()


def ascii_text(figure: Picture) -> bytes:
    """The figure for a terminal without box-drawing characters, UTF-8."""
    return (draw_text(figure.diagram, ascii=True) + "\n").encode()


def draw_text(
    diagram: Diagram,
    *,
    width: int = WIDTH,
    ascii: bool = False,  # noqa: A002  (the plain word for it)
    mark: str | None = None,
    states: Mapping[str, BoxState] | None = None,
    passed: Mapping[str, ArrowState] | None = None,
) -> str:
    """The diagram in characters, at most `width` columns wide; no line break at the end.

    A box has the op in its upper border, then name and value, then `grad` and the gradient;
    the local derivative stands at the head of each wire. `ascii` draws lines with `+-|>` and
    spells the signs of numbers and ops; letters stay, and names are as they were typed.
    `mark` is the id of the box at work, `states` what each box shows and `passed` which arrows a
    gradient has come along, as in a `Moment`: boxes keep their size and their places from moment
    to moment.

    >>> from backviz import Figure, Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> L = a * b
    >>> L.backward()
    >>> print(draw_text(Figure(L).diagram))
    ┌────────┐
    │ a = 2  │─╮
    │ grad 3 │ │     ┌─ × ────┐
    └────────┘ ╰─ 3 ►│ 6      │
    ┌────────┐ ╭─ 2 ►│ grad 1 │
    │ b = 3  │─╯     └────────┘
    │ grad 2 │
    └────────┘
    <BLANKLINE>
    grad: gradient of the output   ─ 2 ►: local derivative
    """
    signs = ASCII if ascii else UNICODE
    if diagram.panels:
        return _panels(diagram, signs, width)
    diagram = diagram if ascii else in_signs(diagram)
    ahead = {name for name, state in (passed or {}).items() if not state.backward}
    lines, local, groups = None, True, _groups(diagram, signs)
    if len(diagram.boxes) <= MOST and len(diagram.arrows) <= MOST_WIRES:
        shown = {b.id: (states or {}).get(b.id, WHOLE_BOX) for b in diagram.boxes}
        tiles = [
            _tile(box, shown[box.id], box.id == mark, signs, groups.get(box.id, ""))
            for box in diagram.boxes
        ]
        wires = [
            Wire(a.tail, a.head, _in_time(_plain(_label(a).center(len(a.room)), signs), a, ahead))
            for a in diagram.arrows
        ]
        bare = [Wire(a.tail, a.head) for a in diagram.arrows]
        for each, downwards in ((wires, False), (wires, True), (bare, False), (bare, True)):
            drawn = draw_grid(tiles, each, signs, downwards=downwards)
            if drawn is not None and max(map(screen_width, drawn)) <= width:
                lines, local = drawn, each is wires
                break
    if lines is None:
        lines = _tree(diagram, signs, width, mark, states or {}, groups, ahead)
    caption = [cut(_plain(diagram.caption, signs), width, signs), ""] if diagram.caption else []
    legend = _legend(diagram, signs, local, width, diagram.legend)
    room = len(_legend(diagram, signs, local, width, diagram.legend_room))
    legend += [""] * (room - len(legend))
    return "\n".join([*caption, *lines, *([""] if legend else []), *legend])


def _panels(diagram: Diagram, signs: Signs, width: int) -> str:
    """Several diagrams one below the other, each under its title, with one legend."""
    caption = [cut(_plain(diagram.caption, signs), width, signs)] if diagram.caption else []
    parts = [draw_text(each, width=width, ascii=signs is ASCII) for each in diagram.panels]
    diagram = diagram if signs is ASCII else in_signs(diagram)
    legend = _legend(diagram, signs, True, width, diagram.legend)
    return "\n\n".join([*caption, *parts, *filter(None, ["\n".join(legend)])])


def _label(arrow: Arrow) -> str:
    return arrow.product or arrow.local


def _in_time(label: str, arrow: Arrow, ahead: Collection[str]) -> str:
    """A label, or blanks of its width where no gradient has come along the arrow."""
    return " " * screen_width(label) if arrow.id in ahead else label


def _plain(words: str, signs: Signs) -> str:
    words = words.translate(_BLANKS)
    return once_raised(words.translate(PLAIN)) if signs is ASCII else words


def _groups(diagram: Diagram, signs: Signs) -> dict[str, str]:
    """What stands in a frame elsewhere: the groups of a box, the outermost first."""
    found: dict[str, list[str]] = {}
    for cluster in diagram.clusters:
        for box in cluster.boxes:
            found.setdefault(box, []).append(cluster.title)
    return {box: cut(_plain(" / ".join(titles), signs), MOST_FOOT) for box, titles in found.items()}


def _tile(box: Box, state: BoxState, marked: bool, signs: Signs, foot: str) -> Tile:
    """The box's lines at one moment, and room for those of every moment."""
    full = box.room or box  # which a blank takes the room of
    remarks = tuple(_plain(remark.line, signs) for remark in full.remarks)
    whole = _lines(full, full.gradient, signs) + remarks
    others = [_lines(box, (line,), signs)[-1] for line in box.reserve]
    label = _plain(box.symbol, signs)
    widest = max(map(screen_width, [*whole, *others, label + "  ", foot + "  "]))
    gradient = box.gradient if state.gradient is None else state.gradient
    shown = _lines(box, gradient, signs, known=state.value)
    shown += tuple(_plain(remark.line, signs) for remark in shown_remarks(box, state))
    shown += ("",) * (len(whole) - len(shown))
    strong = marked or bool(state.accent) or box.fault == "begins" or box.emphasis == "strong"
    return Tile(box.id, label, shown, (widest, len(whole)), strong, box.ordered, foot)


def _lines(
    box: Box, gradient: tuple[str, ...], signs: Signs, known: bool = True
) -> tuple[str, ...]:
    """Name and value, on one line if that is all; then the gradient."""
    title = " ".join(filter(None, (box.title, box.note)))
    known = known or box.counted  # which is no number to be hidden
    formula = box.value[:1] and box.value[0].startswith("= ")  # which follows its name
    if formula or (len(box.value) == 1 and not box.note):
        value, *more = box.value if known else ("",)
        sign = " " if formula else " = "
        lines = [f"{title}{sign}{value}".rstrip() if title else value, *more]
    else:
        lines = [title] if title else []
        lines += [line if known else "" for line in box.value]
    formula = gradient[:1] and gradient[0].startswith("∂")  # which says that it is a gradient
    before = ("  ", "") if formula else ("     ", "grad ")
    lines += [f"{before[not i]}{line}" for i, line in enumerate(gradient)]
    return tuple(_plain(line, signs) for line in lines) or ("",)


def _legend(
    diagram: Diagram,
    signs: Signs,
    local: bool,
    width: int,
    explained: tuple[tuple[str, str], ...],
) -> list[str]:
    """What the signs mean, on as many lines as that takes."""
    samples = {"gradient": "grad"}
    if local:
        arrow = f"{signs.wires[10]} {{}} {signs.right}".format
        samples |= {"local": arrow(2), "∂": arrow("b"), "g": "g", OUT: OUT}
    samples |= {"strong": signs.strong[4] * 2}
    samples |= {sign: sign for sign in (UNNAMED, FAULT, PASSED, ZERO, UNLIKE)}
    if any(box.gradient[:1] and box.gradient[0].startswith("∂") for box in diagram.boxes):
        del samples["gradient"]  # which formulas say themselves
    lines: list[str] = []
    for kind, words in explained:
        if kind not in samples and kind != RESULT_SIGN:
            continue
        item = _plain(words if kind == RESULT_SIGN else f"{samples[kind]}: {words}", signs)
        longer = f"{lines[-1]}   {item}" if lines else item
        if lines and screen_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(cut(item, width, signs))
    return lines


# The tree --------------------------------------------------------------------------------


def _tree(
    diagram: Diagram,
    signs: Signs,
    width: int,
    mark: str | None,
    states: Mapping[str, BoxState],
    groups: Mapping[str, str],
    ahead: Collection[str] = (),
) -> list[str]:
    """A line for each use of a value, under what uses it; the second time only its name."""
    boxes = {box.id: box for box in diagram.boxes}
    into: dict[str, list[Arrow]] = {name: [] for name in boxes}
    for arrow in diagram.arrows:
        into[arrow.head].append(arrow)
    used = {arrow.tail for arrow in diagram.arrows}
    branch, last, past, under = signs.tree
    told: set[str] = set()
    lines = []
    waiting = [(name, "", "", "") for name in reversed(boxes) if name not in used]
    while waiting:
        name, before, joint, local = waiting.pop()
        box, state = boxes[name], states.get(name, WHOLE_BOX)
        again = name in told
        told.add(name)
        words = _sentence(box, state, name == mark, signs, again)
        if name in groups and not again:
            words += f"  ({groups[name]})"
        indent = before if len(before) <= width // 2 else signs.cut + before[-width // 2 :]
        at = f"{joint}({local}) " if local else f"{joint} " if joint else ""
        lines.append(cut(f"{indent}{at}{words}", width, signs))
        if again:
            continue
        deeper = before + (under if joint == last else past if joint else "")
        inputs = into[name]
        for i in reversed(range(len(inputs))):
            end = last if i == len(inputs) - 1 else branch
            local = "" if inputs[i].id in ahead else _plain(_label(inputs[i]), signs)
            waiting.append((inputs[i].tail, deeper, end, local))
    return lines


def _slope(gradient: tuple[str, ...]) -> str:
    """A gradient on one line: its formula goes on from line to line, the rows of a matrix do not.

    >>> _slope(("1  2", "3  4")), _slope(("∂L/∂a = g·b", "+ h", "= 3"))
    ('grad 1  2; 3  4', '∂L/∂a = g·b + h = 3')
    """
    rows = [unpadded(line) for line in gradient]
    if not rows[0].startswith("∂"):
        return f"grad {'; '.join(rows)}"
    return "; ".join(rows).replace("; + ", " + ").replace("; − ", " − ").replace("; = ", " = ")


def _sentence(box: Box, state: BoxState, marked: bool, signs: Signs, again: bool) -> str:
    """Everything about a box on one line."""
    name = box.title or box.symbol
    if again and box.title:
        return _plain(f"{name} {signs.again}", signs)
    gradient = box.gradient if state.gradient is None else state.gradient
    value = "; ".join(map(unpadded, box.value)) if state.value or box.counted else ""
    sign = " " if value.startswith("= ") else " = "
    said = [f"{name}{sign}{value.replace('; = ', ' = ')}" if value else name]
    if box.title and box.symbol:
        said.append(f"[{box.symbol}]")
    if gradient and not again:
        said.append(_slope(gradient))
    if again:
        said.append(signs.again)
    said += [remark.line for remark in shown_remarks(box, state)]
    star = "* " if marked or state.accent else ""
    return star + _plain("  ".join(filter(None, said)), signs)
