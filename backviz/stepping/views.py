"""`list`, `print`, `where`: what is known at the present place, without moving.

Invariant: every state of a node has a word of its own; colour or position never says it alone.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from backviz.autodiff.finite import is_finite
from backviz.errors import InputError
from backviz.stepping.blocks import ARROW, equation, heading
from backviz.stepping.formulas import short
from backviz.stepping.look import Look
from backviz.stepping.state import State, arrived, gradient, is_known
from backviz.text import NOT_COMPUTED, NumberStyle, screen_width, within

AROUND = 10  # rows above and below the present one
MOST = 2_000  # rows that `list all` prints
PRECISE = 10
WIDE, NARROW = 22, 11  # columns of the tape


def status(state: State, node: int) -> str:
    """The state of a node in words: not reached, value known, partial, complete, NaN, edited."""
    look = state.look
    if not is_known(state, node):
        return look.say("not reached")
    got, of = arrived(state, node)
    grad = gradient(state, node)
    words = []
    if not is_finite(state.run.values[node].data) or (grad is not None and not is_finite(grad)):
        words.append("NaN" if _has_nan(state, node, grad) else look.say("infinite"))
    if node in state.run.edits:
        words.append(look.say("edited"))
    if grad is not None and (node == state.record.last or (words and got == of)):
        words.append(look.say("complete"))
    elif got:
        key = "complete" if got == of else "partial"
        words.append(f"{look.say(key)} ({look.say('use', k=got, m=of)})")
    elif not words:
        words.append(look.say("value known"))
    return ", ".join(words)


def _has_nan(state: State, node: int, grad: Any) -> bool:
    numbers = [state.run.values[node].data, *([] if grad is None else [grad])]
    return any(bool(np.isnan(x).any()) for x in numbers)


def list_lines(state: State, text: str = "") -> list[str]:
    """`list`: the tape around the present node; `list all` the whole of it."""
    record, look, here = state.record, state.look, state.node
    count = record.last + 1
    middle = here if here is not None else 0
    first, last = max(0, middle - AROUND), min(count, middle + AROUND + 1)
    if text == "all":
        first, last = 0, min(count, MOST)
    elif text:
        middle = record.about(text)
        first, last = max(0, middle - AROUND), min(count, middle + AROUND + 1)
    rows = [_row(state, node, here) for node in range(first, last)]
    lines = look.table(rows, 1, 0)
    before, after = first, count - last
    more = [look.say("above", n=f"{before:,}")] * bool(before)
    more += [look.say("below", n=f"{after:,}")] * bool(after)
    return lines + look.lines("    " + ", ".join(more), 4) if more else lines


def _row(state: State, node: int, here: int | None) -> tuple[str, ...]:
    look, run, record = state.look, state.run, state.record
    known = is_known(state, node)
    grad = gradient(state, node)
    made = equation(state, node)
    return (
        f"{ARROW} " if node == here else "    ",
        f"({node + 1}/{record.last + 1})",
        made if screen_width(made) <= WIDE else made[: within(made, WIDE - 1)] + "…",
        _cell(run.values[node].data, look) if known else NOT_COMPUTED,
        _cell(grad, look) if grad is not None else NOT_COMPUTED,
        status(state, node),
    )


def _cell(x: Any, look: Look) -> str:
    text = short(x, look.numbers)
    return text if len(text) <= NARROW else f"{np.shape(x)}"


def print_lines(state: State, text: str) -> list[str]:
    """`print NODE[slice]`: value and gradient in full."""
    node, index, name = entry(state, text)
    record, look = state.record, state.look
    if not is_known(state, node):
        return look.lines(f"{name}: {look.say('not reached')}", 2)
    data, grad = state.run.values[node].data, gradient(state, node)
    lines = _numbers(name, taken(data, index, text), look)
    label = f"{record.names[node]}.grad{name[len(record.names[node]) :]}"
    if grad is None:
        lines += look.lines(f"{label} = {NOT_COMPUTED}   {look.say('not computed')}", 2)
    else:
        got, of = arrived(state, node)
        partial = f"   ({look.say('use', k=got, m=of)})" if got < of else ""
        lines += _numbers(label, taken(grad, index, text), look, partial)
    return lines


def _numbers(name: str, x: Any, look: Look, more: str = "") -> list[str]:
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        return look.lines(f"{name} = {NumberStyle(PRECISE).format(float(x))}{more}", 2)
    shown = np.array2string(x, precision=6, separator=", ", threshold=200, edgeitems=3,
                            max_line_width=look.width - 2, suppress_small=False)  # fmt: skip
    lines = look.lines(f"{name} = {x.shape}{more}", 2)
    return lines + [f"  {line}" for line in shown.splitlines()]


def entry(state: State, text: str) -> tuple[int, Any, str]:
    """A node, an index into it (None: all of it), and what to call that: `W[0, 1]`."""
    text = text.strip()
    if not text:
        raise InputError(state.look.say("name a node"))
    try:
        node = state.record.about(text)
        return node, None, state.record.names[node]
    except InputError:
        found = re.fullmatch(r"(.+?)\s*\[([^\[\]]*)\]", text)
        if found is None:
            raise
    node = state.record.about(found[1].strip())
    return node, read_index(found[2]), f"{state.record.names[node]}[{found[2].strip()}]"


def read_index(text: str) -> tuple[Any, ...]:
    """An index of whole numbers and slices, as numpy takes it.

    >>> read_index("0, 1:3, -1")
    (0, slice(1, 3, None), -1)
    """
    made: list[Any] = []
    for part in text.replace("−", "-").split(","):
        if part.strip() == "...":
            made.append(Ellipsis)
            continue
        ends = [p.strip() for p in part.split(":")]
        if len(ends) > 3 or not all(re.fullmatch(r"[-+]?\d{1,9}", e) or (not e and len(ends) > 1)
                                    for e in ends):  # fmt: skip
            raise InputError(f"[{text}] is no index; write whole numbers and slices: [0, 1:3]")
        numbers = [int(e) if e else None for e in ends]
        made.append(numbers[0] if len(numbers) == 1 else slice(*numbers))
    return tuple(made)


def taken(x: Any, index: Any, text: str) -> Any:
    """An entry or a part of an array; `InputError` if there is no such place."""
    if index is None:
        return x
    try:
        part = np.asarray(x)[index]
    except (IndexError, ValueError):
        raise InputError(f"{text}: the shape is {np.shape(x)}, so there is no such entry") from None
    return part if np.ndim(part) else float(part)


def where_lines(state: State) -> list[str]:
    """`where`: the step, the line of the program, and what has been set."""
    look, record, node = state.look, state.record, state.node
    line = state.timeline
    rank, last = line.rank(state.at), line.rank(line.end(state.passes))
    said = look.say("at step", k=rank, n=last)
    what = f": {equation(state, node)}" if node is not None else ""
    lines = look.lines(f"{heading(state, state.at)}  {said}{what}")
    if node is not None and (made := record.values[node].origin.where):
        lines += look.lines(f"  {look.say('made at')} {made}")
    if state.run.edits:
        lines += look.lines(f"  {look.say('what-if')} {edits_text(state)}")
    if state.breaks:
        lines += look.lines(f"  {look.say('breaks')} {', '.join(b.text for b in state.breaks)}")
    if state.watches:
        watched = ", ".join(record.names[n] for n in state.watches)
        lines += look.lines(f"  {look.say('watching')} {watched}")
    return lines


def edits_text(state: State) -> str:
    """`a = 5 (was 2)` for every leaf that is set to something else."""
    numbers, values = state.look.numbers, state.record.values
    return ", ".join(
        f"{state.record.names[i]} = {short(x, numbers)} "
        f"({state.look.say('was')} {short(values[i].data, numbers)})"
        for i, x in state.run.edits.items()
    )
