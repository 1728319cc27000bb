"""What leaves held before they were changed: a record from before is shown with those numbers.

A file that trains ends with `p.data -= …`, so that the loss it leaves behind was computed from
other parameters than there are now. While a file runs, what changes is kept here.
Invariant: a record is shown with the very numbers that it was computed from, or refused; what
is kept is bounded, the oldest is forgotten first.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from backviz.autodiff.copies import copied
from backviz.autodiff.custody import KEEPING, Custody, serials, since_of
from backviz.autodiff.tape import NO_NAMES, Names, values_under
from backviz.autodiff.value import Value
from backviz.language import _, ngettext

MOST = 10_000_000  # numbers that are kept
EACH = 30  # what an entry takes besides, in numbers


class Past:
    """What leaves held, and until when: serial numbers, as ops have them."""

    def __init__(self, most: int = MOST) -> None:
        self.most = self.room = most
        self.entries: deque[tuple[Value, int, Any]] = deque()
        self.forgotten = -1  # what was changed before that number is not known any more

    def note(self, leaf: Value, held: Any, shared: bool) -> None:
        """A leaf is about to hold other numbers than these, which others may have if `shared`."""
        until, array = next(serials), isinstance(held, np.ndarray)
        if array and held.size > self.most:  # not even copied
            self.entries.clear()
            self.room, self.forgotten = self.most, until
            return
        self.entries.append((leaf, until, held.copy() if array and shared else held))
        self.room -= EACH + (held.size if array else 1)
        while self.room < 0 and self.entries:
            _other, self.forgotten, old = self.entries.popleft()
            self.room += EACH + np.size(old)

    def as_recorded(self, root: Value) -> tuple[Value, list[Value]]:
        """The record with the numbers that it was made of, and the leaves that changed since.

        It is the record itself if nothing changed, or if what a leaf held is not known, or it
        was used with several numbers: whoever shows it, then refuses it.
        """
        uses: dict[int, list[int]] = defaultdict(list)
        leaves: dict[int, Value] = {}
        for node in values_under(root):
            for each in node.inputs:
                if each.first is None and each.second is not None:
                    uses[id(each)].append(node.serial)
                    leaves[id(each)] = each
        with keeping(self):  # what was written into an array is noticed only now
            changed = {i: leaf for i, leaf in leaves.items() if since_of(leaf) > min(uses[i])}
        if not changed:
            return root, []
        spans: dict[int, list[tuple[int, Any]]] = defaultdict(list)
        for leaf, until, held in self.entries:
            spans[id(leaf)].append((until, held))
        before = {}
        for i in changed:
            first, last = min(uses[i]), max(uses[i])
            span = next((s for s in spans[i] if s[0] > first), None)
            if first < self.forgotten or span is None or last > span[0]:
                return root, []
            before[i] = span[1]
        memo: dict[int, Any] = {}
        twin = copied(root, memo)
        for i, held in before.items():
            old = memo[i]
            old.raw = held.copy() if isinstance(held, np.ndarray) else held
            old.second = Custody() if isinstance(held, np.ndarray) else None
        return twin, [*changed.values()]


@contextmanager
def keeping(past: Past) -> Iterator[None]:
    """A block in which what leaves held is kept when they are changed."""
    KEEPING.append(past.note)
    try:
        yield
    finally:
        KEEPING.pop()


def told(changed: Sequence[Value], called: Names = NO_NAMES) -> str:
    """The sentence on a record whose leaves hold other numbers by now."""
    labels = [leaf.label or called.get(leaf.serial) or _("a leaf") for leaf in changed[:5]]
    names = labels + ["…"] * (len(changed) > 5)
    return ngettext(
        "{names} was changed afterwards, as by a step of training; shown are the numbers that the "
        "result was computed from",
        "{names} were changed afterwards, as by a step of training; shown are the numbers that the "
        "result was computed from",
        len(changed),
        names=", ".join(names),
    )
