"""`list`, `print`, `where`: what is known at the present place, without moving.

Invariant: every state of a node has a word of its own; colour or position never says it alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backviz.autodiff.finite import is_finite
from backviz.errors import BackvizError, InputError
from backviz.stepping.answers import Answer
from backviz.stepping.blocks import ARROW, heading
from backviz.stepping.conditions import Expression, read_condition, read_expression
from backviz.stepping.entries import read_index, taken
from backviz.stepping.grids import in_full, in_line
from backviz.stepping.look import Look
from backviz.stepping.program import Leaf, held_by, leaf_text
from backviz.stepping.state import State, arrived, gradient, is_known
from backviz.stepping.words import STATES
from backviz.telling.parts import title
from backviz.telling.record import GRAD
from backviz.telling.step import equation
from backviz.telling.timeline import Place
from backviz.text import NOT_COMPUTED, screen_width, within

AROUND = 10  # rows above and below the present one
MOST = 2_000  # rows that `list all` prints
PRECISE = 10
WIDE, NARROW = 22, 11  # columns of the tape


@dataclass(frozen=True, slots=True)
class Line:
    """One node of the tape, number `number`; value and gradient are `None` where not known.

    `status` are words of a list: not reached, value known, partial, complete, NaN, infinite,
    edited; `k` of `m` parts of the gradient have come.
    """

    number: int
    node: str
    formula: str
    value: Any
    grad: Any
    status: tuple[str, ...]
    k: int
    m: int
    here: bool


@dataclass(frozen=True, eq=False, repr=False)
class Listing(Answer):
    """The tape, or the part of it around a node: `above` and `below` lines are left out."""

    rows: tuple[Line, ...]
    above: int
    below: int

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        many = self.above + len(self.rows) + self.below
        lines = look.table([_cells(line, many, look) for line in self.rows], 1, 0)
        more = [look.say("… {n} above", n=f"{self.above:,}")] * bool(self.above)
        more += [look.say("… {n} below", n=f"{self.below:,}")] * bool(self.below)
        return lines + look.lines("    " + ", ".join(more), 4) if more else lines


def listing(state: State, what: str = "") -> Listing:
    """`list`: the tape around the present node or another one; `list all` the whole of it."""
    record, here = state.record, state.node
    count = record.last + 1
    middle = here if here is not None else 0
    first, last = max(0, middle - AROUND), min(count, middle + AROUND + 1)
    if what == "all":
        first, last = 0, min(count, MOST)
    elif what:
        middle = record.about(what)
        first, last = max(0, middle - AROUND), min(count, middle + AROUND + 1)
    rows = tuple(_line(state, node, node == here) for node in range(first, last))
    return Listing(rows, first, count - last)


def _line(state: State, node: int, here: bool) -> Line:
    known, name = is_known(state, node), state.record.names[node]
    value = state.run.values[node].data if known else None
    return Line(node + 1, name, state.teller.formula(node), value, gradient(state, node),
                status(state, node), *arrived(state, node), here)  # fmt: skip


def status(state: State, node: int) -> tuple[str, ...]:
    """The state of a node: not reached, value known, partial, complete, NaN, infinite, edited."""
    if not is_known(state, node):
        return ("not reached",)
    got, of = arrived(state, node)
    grad = gradient(state, node)
    words = []
    if not is_finite(state.run.values[node].data) or (grad is not None and not is_finite(grad)):
        words.append("NaN" if _has_nan(state, node, grad) else "infinite")
    if node in state.run.edits:
        words.append("edited")
    if grad is not None and (node == state.record.last or (words and got == of)):
        words.append("complete")
    elif got:
        words.append("complete" if got == of else "partial")
    elif not words:
        words.append("value known")
    return tuple(words)


def _has_nan(state: State, node: int, grad: Any) -> bool:
    numbers = [state.run.values[node].data, *([] if grad is None else [grad])]
    return any(bool(np.isnan(x).any()) for x in numbers)


def _cells(line: Line, many: int, look: Look) -> tuple[str, ...]:
    made, wider = equation(line.node, line.formula), max(0, look.width - 80) // 3
    wide = WIDE + wider
    return (
        f"{ARROW} " if line.here else "    ",
        f"({line.number}/{many})",
        made if screen_width(made) <= wide else made[: within(made, wide - 1)] + "…",
        _cell(line.value, look, NARROW + wider),
        _cell(line.grad, look, NARROW + wider),
        _status(line, look),
    )


def _cell(x: Any, look: Look, room: int) -> str:
    """A number, or an array that fits into so many columns; else its shape."""
    if x is None:
        return NOT_COMPUTED
    text = in_line(x, look)
    return text if len(text) <= room else f"{np.shape(x)}"


def _status(line: Line, look: Look) -> str:
    words = [look.say(STATES[word]) for word in line.status]
    counted = line.k and (line.status[-1] == "partial" or len(line.status) == 1)
    return ", ".join(words) + (
        f" ({look.say('{k} of {m}', k=line.k, m=line.m)})" if counted else ""
    )


@dataclass(frozen=True, eq=False, repr=False)
class Printed(Answer):
    """Value and gradient of a node, or of a part of it: `name` is `W[0, 1]`, `grad_name` its
    gradient's; a `value` of `None` is not computed yet. `k` of `m` parts have come. `program` is
    what the program holds in whose midst the session is. An expression has no gradient.
    """

    name: str
    value: Any
    grad_name: str = ""
    grad: Any = None
    k: int = 0
    m: int = 0
    program: Leaf | None = None
    done: bool = True

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if self.value is None:
            return look.lines(f"{self.name}: {look.say(STATES['not reached'])}", 2)
        if isinstance(self.value, tuple):
            return look.lines(f"{self.name} = {self.value}", 2)
        lines = _numbers(self.name, self.value, look)
        if not self.grad_name:
            return lines
        if self.program is not None:
            lines += look.lines(leaf_text(self.program, self.done, look), 4)
        if self.grad is None:
            said = f"{self.grad_name} = {NOT_COMPUTED}   {look.say('(not computed)')}"
            return lines + look.lines(said, 2)
        partial = f"   ({look.say('{k} of {m}', k=self.k, m=self.m)})" if self.k < self.m else ""
        return lines + _numbers(self.grad_name, self.grad, look, partial)


def printed(state: State, text: str) -> Printed:
    """`print NODE[slice]`: value and gradient in full; of an expression what it comes to."""
    try:
        node, index, name = entry(state, text)
    except InputError:
        found = re.fullmatch(r"(.+)\.(shape|ndim|size)", text.strip())
        if found is not None:
            value = state.run.values[state.record.find(found[1])].data
            return Printed(text.strip(), getattr(np, found[2])(value))
        if not _is_expression(text):
            raise
        return Printed(text.strip(), computed(state, text))
    said = state.record.names[node]
    label = f"{said}.grad{name[len(said) :]}"
    if not is_known(state, node):
        return Printed(name, None, label)
    value, grad = taken(state.run.values[node].data, index, text), gradient(state, node)
    shown = None if grad is None else taken(grad, index, text)
    leaf, done = held_by(state, node), state.program is None or state.program.done
    return Printed(name, value, label, shown, *arrived(state, node), leaf, done)


def _is_expression(text: str) -> bool:
    """Whether a text is more than a name that nobody has: something is computed in it."""
    return re.search(r"[-+*/@(]|\*\*", text.strip()) is not None


def is_computable(state: State, text: str) -> bool:
    """Whether a text is an expression of nodes that are there, as `a*b`."""
    if not _is_expression(text):
        return False
    try:
        names = read_expression(text).names
    except BackvizError:
        return False
    return bool(names) and all(name in state.record.taken for name in map(_node_of, names))


def _node_of(name: str) -> str:
    return name.removesuffix(GRAD)


def computed(state: State, text: str) -> Any:
    """What an expression of names comes to at the present place, as `a*b` or `sum(W.grad)`."""
    expression = read_expression(text)
    return expression.value(_known(state, expression, None))


def holds_in(state: State, text: str) -> bool:
    """Whether a condition is true of the whole record, gradients included."""
    condition = read_condition(text)
    return condition.holds(_known(state, condition, state.timeline.end()))


def _known(state: State, expression: Expression, at: int | None) -> dict[str, Any]:
    """The values and gradients that an expression names; one that is not there is refused."""
    found = {}
    for name in expression.names:
        node = state.record.about(name)
        if name.endswith(GRAD) and name not in state.record.taken:
            known = gradient(state, node, at=at)
        else:
            known = state.run.values[node].data if is_known(state, node, at) else None
        if known is None:
            raise InputError(state.look.say("{name} is not computed yet", name=name))
        found[name] = known
    return found


def _numbers(name: str, x: Any, look: Look, more: str = "") -> list[str]:
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        style = replace(look.numbers, digits=max(PRECISE, look.numbers.digits))
        return look.lines(f"{name} = {style.format(float(x))}{more}", 2)
    return in_full(name, x, look, more)


def entry(state: State, text: str) -> tuple[int, Any, str]:
    """A node, an index into it (None: all of it), and what to call that: `W[0, 1]`."""
    text = text.strip()
    if not text:
        raise InputError(state.look.say("name a node, as in why a"))
    try:
        node = state.record.about(text)
        return node, None, state.record.names[node]
    except InputError:
        found = re.fullmatch(r"(.+?)\s*\[([^\[\]]*)\]", text)
        if found is None:
            raise
    node = state.record.about(found[1].strip())
    return node, read_index(found[2]), f"{state.record.names[node]}[{found[2].strip()}]"


@dataclass(frozen=True, slots=True)
class Edit:
    """A leaf that is set to something else than was recorded."""

    name: str
    value: Any
    was: Any


@dataclass(frozen=True, eq=False, repr=False)
class Where(Answer):
    """Step `step` of `of`: the node at work, its line and blocks, and what has been set."""

    step: int
    of: int
    place: Place
    node: str
    formula: str
    made_at: str
    blocks: tuple[str, ...]
    edits: tuple[Edit, ...]
    breaks: tuple[str, ...]
    watching: tuple[str, ...]

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        said = look.say("step {k} of {n}", k=self.step, n=self.of)
        what = f": {equation(self.node, self.formula)}" if self.node else ""
        more = [
            (look.say("made at"), self.made_at),
            (look.say("in the block"), " › ".join(self.blocks)),
            (look.say("what-if:"), ", ".join(_edited(edit, look) for edit in self.edits)),
            (look.say("breaks:"), ", ".join(self.breaks)),
            (look.say("watching:"), ", ".join(self.watching)),
        ]
        lines = look.lines(f"{heading(self.place, look)}  {said}{what}")
        for label, text in more:
            lines += look.lines(f"  {label} {text}") if text else []
        return lines


def blocks_around(state: State, node: int | None) -> tuple[str, ...]:
    """The modules and groups that a node was computed in, from outside."""
    path = () if node is None else state.record.parts.scopes[node]
    return tuple(title(path[: k + 1]) for k in range(len(path)))


def where(state: State) -> Where:
    """`where`: the step, the line of the program, and what has been set."""
    record, node, line = state.record, state.node, state.timeline
    rank, last = line.rank(state.at), line.rank(line.end(state.passes))
    return Where(
        rank,
        last,
        state.place,
        "" if node is None else record.names[node],
        "" if node is None else state.teller.formula(node),
        "" if node is None else record.values[node].origin.where,
        blocks_around(state, node),
        tuple(Edit(record.names[i], x, record.values[i].data) for i, x in state.run.edits.items()),
        tuple(b.text for b in state.breaks),
        tuple(record.names[n] for n in state.watches),
    )


def _edited(edit: Edit, look: Look) -> str:
    """`a = 5 (was 2)`."""
    return look.say(
        "{name} = {value} (was {old})",
        name=edit.name,
        value=in_line(edit.value, look),
        old=in_line(edit.was, look),
    )
