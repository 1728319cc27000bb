"""Whole numbers of Python that turn out to be an index, a label, a mask, an axis or a count.

`2` and `[0, 1, 1]` do not say whether they are numbers with a derivative or places that have
none. So they begin as leaves; if the function uses one as a whole number, it is run again
with that one left plain.
Invariant: a leaf is left plain only if the function asked for a whole number made of nothing
but such leaves, or cannot do with a recorded value what it does with the plain number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from backviz.errors import BackvizError

MOST = 1000  # values that are looked at behind one that is used as a whole number
Made = TypeVar("Made")
Places = dict[int, Any]  # the place of each leaf that began as a whole number, by its serial

_watches: ContextVar[tuple[tuple[Places, set[Any]], ...]] = ContextVar("watches", default=())


@contextmanager
def watching(places: Places) -> Iterator[set[Any]]:
    """A block in which these leaves may turn out to be whole numbers; gives which did."""
    used = set[Any]()
    token = _watched(places, used)
    try:
        yield used
    finally:
        _watches.reset(token)


def _watched(places: Places, used: set[Any]) -> Any:
    return _watches.set((*_watches.get(), (places, used)))


def used_whole(value: Any) -> bool:
    """Note that a value is used as a whole number; whether it is made of watched leaves only."""
    watches = _watches.get()
    if not watches or not getattr(value, "requires_grad", False):  # a symbol
        return False
    notes: list[tuple[set[Any], Any]] = []
    stack, seen = [value], {value.serial}
    while stack:
        node = stack.pop()
        if node.is_leaf:
            note = [(used, at[node.serial]) for at, used in watches if node.serial in at]
            if not note:
                return False
            notes += note
        for each in node.inputs:
            if each.requires_grad and each.serial not in seen:
                seen.add(each.serial)
                stack.append(each)
        if len(seen) > MOST:
            return False
    for used, place in notes:
        used.add(place)
    return True


def settled(
    build: Callable[[frozenset[Any]], tuple[Made, Places]],
    call: Callable[[Made], Any],
    remember: Callable[[], Callable[[], None] | None],
) -> tuple[Made, Any]:
    """`call(build(plain))` with those whole numbers plain that have to be; what both gave.

    Every run finds the same random numbers: what `remember` gives, if the function may draw
    any, sets them back.
    """
    plain: frozenset[Any] = frozenset()
    refused: Exception | None = None
    while True:
        made, places = build(plain)
        if not places:  # nothing to find out
            if refused is None:
                return made, call(made)
            try:
                return made, call(made)
            except Exception:
                raise refused from None
        again = remember()
        used = set[Any]()
        token = _watched(places, used)  # not as a block, which takes longer
        try:
            output = call(made)
            if not used:
                return made, output
        except Exception as error:
            if not used:
                if refused is not None:
                    raise refused from None
                if not _may_need_whole(error):
                    raise
                refused, used = error, set(places.values())
        finally:
            _watches.reset(token)
        plain |= used
        if again is not None:
            again()


def _may_need_whole(error: Exception) -> bool:
    """Whether a plain number may do where a recorded value did not: `n // 2`, `table[n]`."""
    return isinstance(error, TypeError | KeyError) and not isinstance(error, BackvizError)
