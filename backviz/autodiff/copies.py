"""Copies of a record, in memory and as a pickle, of any depth.

Invariant: a copy gets serial numbers of its own in the order of the old ones, so that it
draws the same picture; what two parts of the record share, the parts of the copy share. All
that a value leads to is handed over as one list, oldest first, so that nothing recurses.
"""

from __future__ import annotations

from copy import deepcopy
from operator import itemgetter
from threading import local
from typing import Any
from weakref import ref

import numpy as np

from backviz.autodiff.custody import Custody, serials, since_of
from backviz.autodiff.decisions import follow
from backviz.autodiff.passes import ADDED
from backviz.autodiff.value import Value

Number = tuple[int, str, Value]  # an old serial number, the slot that it stands in, and whose
COPIES = "backviz: the numbers of the copies so far"  # in deepcopy's memo, beside its addresses
MOST = 10_000  # numbers that are given anew for an older value that comes late

_writing = local()  # of each thread, the notes on what its picklers are in the midst of


def copied(value: Value, memo: dict[int, Any], deep: bool = True) -> Value:
    """A copy of a value; a deep one of everything that it was computed from as well.

    >>> from copy import deepcopy
    >>> a = Value(3.0, "a")
    >>> twin, original = deepcopy([a * a, a])
    >>> twin.backward()
    >>> original.grad, a.grad
    (6.0, None)
    """
    found = [v for v in _reached(value) if id(v) not in memo] if deep else [value]
    for v in found:
        kind, raw, origin, first, second, serial, more = _parts(v)
        raw = raw.copy() if isinstance(raw, np.ndarray) else raw
        if deep:
            first, second = _twin(first, memo), _twin(second, memo)
            more = deepcopy(more, memo)
        memo[id(v)] = _made(kind, raw, origin, first, second, serial, more)
    made = [memo[id(v)] for v in found]
    _settle(made, memo.setdefault(COPIES, []))  # type: ignore[call-overload]
    for v, twin in zip(found, made, strict=True):
        if v.serial in ADDED:
            ADDED[twin.serial] = ADDED[v.serial]
        grad = v.grad
        twin.grad = grad.copy() if isinstance(grad, np.ndarray) else _twin(grad, memo)
    follow({v.serial: twin.serial for v, twin in zip(found, made, strict=True)})
    result: Value = memo[id(value)]
    return result


def reduced(value: Value) -> tuple[Any, ...]:
    """A value for pickle: all that it leads to, oldest first, and then everybody's gradient."""
    if any(value.serial in begun.serials for begun in _being_written()):
        return _made, _parts(value)
    reached = _reached(value)
    begin = _Begin({v.serial for v in reached})
    return _finish, ([begin, *reached, _End()], [v.grad for v in reached])


class _Begin:
    """Stands ahead of the values of a record: from here to the end each is written by itself.

    If the writing breaks off, the pickler lets go of this object, and the note goes with it.
    """

    def __init__(self, serials: set[int]) -> None:
        self.serials = serials

    def __reduce__(self) -> Any:
        _writing.notes = [*(ref(b) for b in _being_written()), ref(self)]
        return bool, ()


class _End:
    """Stands behind the values of a record."""

    def __reduce__(self) -> Any:
        _writing.notes.pop()
        return bool, ()


def _being_written() -> list[_Begin]:
    """The records that a pickler of this thread is in the midst of."""
    return [begun for note in getattr(_writing, "notes", ()) if (begun := note()) is not None]


def _finish(listed: list[Any], gradients: list[Any]) -> Value:
    """The last act of unpickling: serial numbers in the old order, and the gradients."""
    values: list[Value] = listed[1:-1]
    _settle(values)
    for v, gradient in zip(values, gradients, strict=True):
        v.grad = gradient
    return values[-1]


def _parts(value: Value) -> tuple[Any, ...]:
    """What makes up a value, without its gradient; old serial numbers are below 0."""
    second = value.second
    if value.first is None and second is not None:
        second = -2 - since_of(value)
    more = getattr(value, "__dict__", None)
    return (
        type(value), value.raw, value.origin, value.first, second, -2 - value.serial, more
    )  # fmt: skip


def _made(kind: type[Value], raw: Any, origin: Any, *links: Any) -> Value:
    value = object.__new__(kind)
    value.raw, value.origin, value.grad = raw, origin, None
    value.first, value.second, value.serial, more = links
    if more is not None:
        value.__dict__.update(more)
    if isinstance(raw, np.ndarray) and (value.first is not None or value.second is None):
        raw.setflags(write=False)
    value.settle()
    return value


def _settle(values: list[Value], earlier: list[Number] | None = None) -> None:
    """Give new serial numbers in the order of the old: to values, and to changes of leaves.

    What the copied ops use is noted, as it is for those that are recorded. `earlier` are the
    numbers of the copies in the same container, which are given anew if older ones come late.
    """
    fresh: list[Number] = []
    for v in values:
        for slot in ("serial", "second"):
            number = getattr(v, slot)
            if type(number) is int and number < 0:
                fresh.append((-number, slot, v))
    for _, slot, v in fresh:
        if slot == "second" and isinstance(v.raw, np.ndarray):
            v.second = Custody()
    fresh.sort(key=itemgetter(0))
    late = bool(earlier and fresh and fresh[0][0] < earlier[-1][0] and len(earlier) <= MOST)
    moved = sorted([*earlier, *fresh], key=itemgetter(0)) if earlier and late else fresh
    for _, slot, v in moved:
        if slot == "second" and isinstance(v.second, Custody):
            v.second.since = next(serials)
        else:
            setattr(v, slot, next(serials))
    if earlier is not None:
        if late:
            earlier[:] = moved
        else:
            earlier += fresh
    for _, slot, v in fresh:
        for operand in v.inputs if slot == "serial" else ():
            if type(operand.second) is Custody:
                operand.second.uses += 1


def _twin(link: Any, memo: dict[int, Any]) -> Any:
    if type(link) is tuple:
        return tuple([memo.get(id(v), v) for v in link])
    return memo.get(id(link), link)


def _reached(value: Value) -> list[Value]:
    """Everything that a value was computed from, and recorded gradients, oldest first."""
    seen = {value.serial: value}
    stack = [value]
    while stack:
        node = stack.pop()
        grad = (node.grad,) if isinstance(node.grad, Value) else ()
        for each in (*node.inputs, *grad):
            if each.serial not in seen:
                seen[each.serial] = each
                stack.append(each)
    return [seen[serial] for serial in sorted(seen)]
