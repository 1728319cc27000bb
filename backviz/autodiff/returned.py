"""Plain numbers that `float(v)` gave out, known again when they come back into a record.

`float(w) * w` records 0.5·w: nothing tells whether the program meant the number. What can be
known is that this 0.5 is the very object that `float` returned, for each such number is an object
of its own. So whoever shows the record says it.
Invariant: an equal number is never taken for it: a literal, `x.item()` and what is computed from
the number are other objects. Not told of are leaves that a person makes of it, as the weights of a
copy, and a number that came from parameters as they were before a step: no derivative by the
present ones is lost. No record is kept alive.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from backviz.autodiff.custody import serials, since_of
from backviz.autodiff.recording import line_of
from backviz.language import _

if TYPE_CHECKING:
    from backviz.autodiff.value import Value

MOST = 1000  # numbers that are remembered for certain, the latest; at most twice as many
NEAR = 32  # values that are looked at behind one


class Exit(NamedTuple):
    """A number that was let go: of which value, by what call, in which line.

    `leaves` are the leaves with a gradient behind it, by serial number, if they are near;
    `seen` is the serial number from which on a change of them came too late for it.
    """

    number: float
    source: int
    leaves: frozenset[int]
    seen: int
    said: str
    file: str
    line: int


_exits: dict[int, Exit] = {}  # by the identity of the number, which is held here
_older: dict[int, Exit] = {}  # those before, as many


def let_go(value: Value, number: float, said: str, frame: FrameType) -> float:
    """The number as an object of its own, remembered."""
    own = number * 1.0
    seen = next(serials) if value.first is None else value.serial
    if len(_exits) >= MOST:
        _older.clear()
        _older.update(_exits)
        _exits.clear()
    path = frame.f_code.co_filename
    _exits[id(own)] = Exit(own, value.serial, _leaves(value), seen, said, path, frame.f_lineno)
    return own


def told(values: Sequence[Value]) -> list[str]:
    """A sentence for each number of this record that came out of what the record holds.

    `values` are all of a record, as `tape` lists them.

    >>> from backviz import Value, tape
    >>> w = Value(0.5, "w")
    >>> told(tape(0.5 * w)), told(tape(w.item() * w))
    ([], [])
    >>> told(tape(float(w) * w))[0][:41]
    '0.5 in this record is float(w), taken at '
    """
    if not _exits:  # never are there older ones only
        return []
    both = _older | _exits
    back = {
        known: None
        for v in values
        if v.first is None and not v.by_hand and (known := both.get(id(v.raw))) is not None
    }
    if not back:
        return []
    held = {v.serial: since_of(v) if v.first is None else -1 for v in values}
    return [
        _(
            "{number:.6g} in this record is {said}, taken at {line_of}: no gradient "
            "flows back through it; use the value itself, or x.item() where the plain "
            "number is meant",
            number=e.number,
            said=e.said,
            line_of=line_of(e.file, e.line),
        )
        for e in back
        if (behind := [held[s] for s in (e.source, *e.leaves) if s in held])
        and max(behind) <= e.seen
    ]


def _leaves(value: Value) -> frozenset[int]:
    """The leaves behind a value that want a gradient; none if there is more than a look can see."""
    if value.first is None:
        return frozenset((value.serial,))
    found: list[Value] = []
    seen, stack = {value.serial}, [value]
    while stack:
        for each in stack.pop().inputs:
            serial = each.serial
            if serial in seen or not each.origin.wants:
                continue
            if len(seen) >= NEAR:
                return frozenset()
            seen.add(serial)
            (stack if each.first is not None else found).append(each)
    return frozenset([leaf.serial for leaf in found])
