"""One step in 80 columns: what was computed or handed on, in formulas and then in numbers.

Invariant: the two sides of a step stand in two columns where they fit, else one under the
other; no number is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.misfit import PRODUCTS
from backviz.stepping.formulas import (
    brief,
    formula,
    handed_back,
    local_rule,
    partial,
    product,
    shape_of,
    short,
    summed_axes,
    with_numbers,
)
from backviz.stepping.look import INDENT, Look
from backviz.stepping.notes_ru import note_of
from backviz.stepping.run import Run
from backviz.stepping.state import State, gradient, node_at
from backviz.text import equal_sign, is_small, padded, screen_width

ARROW = "-->"
GAP = 8  # between the two columns of a step


def heading(state: State, at: int) -> str:
    """`(bw 3/5)`: the phase, and how many of its steps are done."""
    place = state.timeline.place(at)
    short_name = state.look.say("fw" if place.phase == "forward" else "bw")
    turn = f" {state.look.say('pass', k=place.turn + 1)}" if place.turn else ""
    return f"({short_name} {place.step}/{place.of}{turn})"


def equation(state: State, node: int) -> str:
    """`c = q·z`, or the name alone for a leaf."""
    name, said = state.record.names[node], formula(state.record, node, state.look.numbers)
    return name if said == name else f"{name} = {said}"


def headline(state: State, at: int, node: int) -> list[str]:
    """`(bw 3/5)  --> c = q·z   [mul]   q: 3   z: −4   c: −12`."""
    look, value = state.look, state.run.values[node]
    first = f"{look.fit(heading(state, at))}  {ARROW} {padded(look.fit(equation(state, node)), 18)}"
    if value.op is None:
        return look.lines(f"{first}  {brief(value.data, look.numbers)}")
    shown = {i: brief(state.run.values[i].data, look.numbers) for i in state.record.inputs(node)}
    shown[node] = brief(value.data, look.numbers)
    values = "   ".join(
        f"{state.record.names[i]}: {text}"
        for i, text in shown.items()
        if i == node or state.record.values[i].label or state.record.values[i].requires_grad
    )
    return look.lines(f"{first}  [{value.op.name}]   {values}")


def step_lines(state: State, at: int, begin: int | None = None) -> list[str]:
    """The step that ends at a place; `begin` is the place before it, for a part of a step."""
    place, node = state.timeline.place(at), node_at(state, at)
    if node is None:
        return given_lines(state)
    if place.phase == "forward":
        return forward_lines(state, at, node)
    if not place.done:
        return seed_lines(state, at)
    record = state.record
    first = record.starts[place.step - 1]
    if begin is not None and begin >= state.timeline.seed:
        before = state.timeline.place(begin)
        if before.turn == place.turn:
            first = max(first, before.done)
    return backward_lines(state, at, node, range(first, place.done))


def given_lines(state: State) -> list[str]:
    """Before the first step: what is given."""
    record, look = state.record, state.look
    given = [i for i, v in enumerate(record.values) if v.op is None and v.label]
    listed = [f"{record.names[i]} = {brief(state.run.values[i].data, look.numbers)}"
              for i in given[:12]]  # fmt: skip
    more = ["…"] if len(given) > 12 else []
    text = ",  ".join([*listed, *more]) or look.say("numbers")
    return look.lines(f"{heading(state, 0)}  {look.say('given')} {text}")


def forward_lines(state: State, at: int, node: int) -> list[str]:
    """A value that has just been computed."""
    look, run = state.look, state.run
    data = run.values[node].data
    lines = headline(state, at, node)
    args = [run.values[i].data for i in state.record.inputs(node)]
    if isinstance(data, np.ndarray) or any(isinstance(x, np.ndarray) for x in args):
        lines += row(look, "value", [f"{state.record.names[node]} = {short(data, look.numbers)}"])
    else:
        said = with_numbers(state.record, node, args, look.numbers)
        sign = _sum_sign(state.record.values[node].op, args, data, look)
        lines += row(look, "value", [f"{said} {sign} {look.numbers.format(data)}"])
    return lines


def _sum_sign(op: Any, args: list[Any], total: float, look: Look) -> str:
    """Whether the printed numbers of a sum or a difference add up to its printed value."""
    if op is None or op.name not in ("add", "sub"):
        return "="
    a, b = args
    return equal_sign([[a], [b if op.name == "add" else -b]], total, look.numbers)


def seed_lines(state: State, at: int) -> list[str]:
    """The beginning of a backward pass."""
    look, record = state.look, state.record
    line = f"{heading(state, at)}  {look.say('seed')} {partial(record, record.last, record.last)}"
    each = f" {look.say('each')}" if state.run.seed is not None else ""
    lines = look.lines(f"{line} = 1{each}")
    turn = state.timeline.place(at).turn
    return [*lines, *look.lines("  " + look.say("again", k=turn + 1), 2)] if turn else lines


@dataclass(frozen=True)
class Cell:
    """One equation of a step, `left = right`; without a right side, plain words."""

    left: str
    right: str = ""


def backward_lines(state: State, at: int, node: int, uses: range) -> list[str]:
    """A node hands its gradient on: contributions `uses` of the pass."""
    record, run, look = state.record, state.run, state.look
    value = run.values[node]
    assert value.op is not None
    upstream = run.step(run.owner(uses[0])).upstream
    tall = isinstance(upstream, np.ndarray)
    shape = f"  {shape_of(upstream)}" if tall and is_small(upstream) else ""
    arriving = Cell(partial(record, record.last, node) + shape, _long(upstream, look))
    locals_ = [_slope(state, node, use) for use in uses] if value.op.elementwise else []
    totals = [_total(state, at, use) for use in uses]
    lines = headline(state, at, node)
    lines += columns(look, [("upstream", [arriving]), ("local", locals_),
                            ("gives", [gives(state, node, use) for use in uses]),
                            ("totals", totals)])  # fmt: skip
    notes = [
        note
        for use in (uses if value.op.elementwise else ())
        for note in unbroadcast(state, node, record.targets[use])
    ]
    for note in (*notes, *product_shapes(run, node, look)):
        lines += row(look, "shapes", [note])
    return _with_rule(value.op, lines, look)


def gives(state: State, node: int, use: int) -> Cell:
    """What one contribution is: `q.grad += 1·(−4) = −4`."""
    record, run, numbers = state.record, state.run, state.look.numbers
    part, target = run.contribution(use), record.targets[use]
    upstream = run.step(run.owner(use)).upstream
    if part.local is None or isinstance(upstream, np.ndarray) or isinstance(part.local, np.ndarray):
        said = handed_back(record, node, record.positions[use], numbers)
    else:
        said = product([upstream, part.local], numbers)
    return Cell(f"{record.names[target]}.grad += {said}", _long(part.value, state.look))


def _slope(state: State, node: int, use: int) -> Cell:
    """`∂c/∂q = z = −4`, or without a formula where it is the number itself."""
    record, numbers = state.record, state.look.numbers
    rule = local_rule(record, node, record.positions[use], numbers)
    number = _long(state.run.contribution(use).local, state.look)
    slope = partial(record, node, record.targets[use])
    return Cell(slope if number == rule else f"{slope} = {rule}", number)


def _total(state: State, at: int, use: int) -> Cell:
    """What an input has received so far, as k of m."""
    target = state.record.targets[use]
    got, of = state.run.count(target, use + 1)
    found = gradient(state, target, at=_place_of(state, at, use + 1))
    shown = f"{state.record.names[target]}.grad {_long(found, state.look)}"
    return Cell(f"{shown} ({state.look.say('use', k=got, m=of)})")


def _place_of(state: State, at: int, done: int) -> int:
    return at - state.timeline.place(at).done + done


def _with_rule(op: Any, lines: list[str], look: Look) -> list[str]:
    """The lines and the first sentence of the op's note, on the last line where it fits."""
    note = note_of(op, look.lang).partition(". ")[0].partition(": ")[0].rstrip(".")
    verb = look.lang == "en" and note.partition(" ")[0].endswith("s")
    name = any(sign.isupper() for sign in note.partition(" ")[0][1:])  # ReLU stays as it is
    first = note[:1] if name else note[:1].lower()
    said = f"{op.name}{'' if verb and not note.startswith('Its ') else ':'} {first}{note[1:]}"
    beside = look.fit(f"{look.say('rule')}: {said}")
    if screen_width(lines[-1]) + GAP + screen_width(beside) <= look.width:
        return [*lines[:-1], f"{lines[-1]}{' ' * GAP}{beside}"]
    return lines + row(look, "rule", [said])


def unbroadcast(state: State, node: int, target: int) -> list[str]:
    """`b: (3,) summed over axis 0 of (4, 3)` where an input was broadcast."""
    small, large = (state.run.values[i].shape for i in (target, node))
    axes = summed_axes(small, large)
    if not axes:
        return []
    which = ", ".join(map(str, axes))
    key = "summed" if len(axes) == 1 else "summed many"
    return [state.look.say(key, name=state.record.names[target], shape=small, axes=which,
                           of=large)]  # fmt: skip


def product_shapes(run: Run, node: int, look: Look) -> list[str]:
    """How the shapes of a matrix product fit; nothing for other ops."""
    value = run.values[node]
    if value.op is None or value.op.name not in PRODUCTS:
        return []
    names = run.record.names
    factors = [f"{names[i]} {run.values[i].shape}" for i in run.record.inputs(node)]
    shapes = " + ".join([" @ ".join(factors[:2]), *factors[2:]])
    return [look.say("product", shapes=shapes, out=f"{names[node]} {value.shape}")]


def _long(x: Any, look: Look) -> str:
    return short(x, look.numbers)


def row(look: Look, label: str, cells: list[str]) -> list[str]:
    """A line with its label in front, broken at blanks where it is too long."""
    return look.lines(f"  {look.fit(look.say(label)):<{INDENT - 2}}" + "   ".join(cells))


def columns(look: Look, rows: list[tuple[str, list[Cell]]]) -> list[str]:
    """Rows of cells under each other: the left one set by its "=", the right one beside it."""
    rows = [
        (label, [Cell(look.fit(c.left), look.fit(c.right)) for c in cells])
        for label, cells in rows
        if cells
    ]
    left = [cells[0] for _, cells in rows if cells[0].right]
    width, right = (max(screen_width(side) for side in sides) for sides in zip(*(
        (c.left, c.right) for c in left), strict=True))  # fmt: skip
    wide = max((screen_width(plain(cells[1])) for _, cells in rows if len(cells) > 1), default=0)
    first = max(width + 3 + right, *(screen_width(plain(cells[0])) for _, cells in rows))
    room = look.width - INDENT - first - wide
    if max(len(cells) for _, cells in rows) > 2 or (wide and room < 3):
        return _stacked(look, rows)
    gap = min(GAP, room)
    lines = []
    for label, cells in rows:
        cell = cells[0]
        shown = cell.left
        if cell.right:
            shown = f"{padded(shown, width)} = {padded(cell.right, right, True)}"
        if len(cells) > 1:
            shown = padded(shown, first + gap) + plain(cells[1])
        lines += row(look, label, [shown])
    return lines


def _stacked(look: Look, rows: list[tuple[str, list[Cell]]]) -> list[str]:
    """The same, one cell to a line."""
    lines = []
    for label, cells in rows:
        for k, cell in enumerate(cells):
            made = row(look, label if not k else "nothing", [plain(cell)])
            lines += made
    return lines


def plain(cell: Cell) -> str:
    """A cell as text."""
    return f"{cell.left} = {cell.right}" if cell.right else cell.left


def words(state: State, begin: int | None = None) -> tuple[str, ...]:
    """The present step in two lines, for under a picture."""
    at, node, look = state.at, state.node, state.look
    place = state.place
    if node is None or (place.phase == "backward" and not place.done):
        return (step_lines(state, at)[0].partition(")")[2].strip(),)
    if place.phase == "forward":
        return (f"{equation(state, node)} = {_long(state.run.values[node].data, look)}",)
    record = state.record
    first = record.starts[place.step - 1]
    if begin is not None and state.timeline.place(begin).turn == place.turn:
        first = max(first, state.timeline.place(begin).done)
    upstream = state.run.step(place.step - 1).upstream
    arriving = f"{partial(record, record.last, node)} = {_long(upstream, look)}"
    given = [plain(gives(state, node, use)) for use in range(first, place.done)]
    return f"{equation(state, node)};  {arriving}", ";  ".join(given)
