"""Whether a leaf still holds the numbers that a record was computed from.

A leaf keeps in its second slot since when it holds what it holds: a serial number, so that
whatever was recorded before that saw other numbers. Putting new data in its place sets it.
Writing into an array sets nothing, so an array that some record has used is copied when it
is handed out; the copy is compared when the leaf is used again, or the record is.

Invariant: numbers that nobody can have changed since are neither copied nor compared. A
training loop that frees its records, or lets an optimizer step, copies nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from sys import getrefcount
from typing import TYPE_CHECKING, Any, final

import numpy as np

from backviz.autodiff.recording import name_in_caller
from backviz.errors import InputError
from backviz.language import _

if TYPE_CHECKING:
    from backviz.autodiff.value import Value

serials = count()  # grows with every value made and every change of a leaf
KEEPING: list[Callable[[Value, Any, bool], None]] = []  # who is told what leaves held (`past`)
BIRTHS: list[Callable[[Value], None]] = []  # and who of every new leaf (`reruns`)


@final
class Custody:
    """What is known of an array that a leaf holds; a leaf whose array is read-only has none.

    `since` is the serial number of the latest change, `uses` counts the ops that used the
    array since, without those whose record was freed. `out` says that somebody who was
    handed the array may still have it, `kept` is a copy from before.
    """

    __slots__ = ("kept", "out", "since", "uses")

    def __init__(self, since: int = -1, out: bool = False) -> None:
        self.since, self.out = since, out
        self.uses = 0
        self.kept: np.ndarray | None = None


_sample = Custody()
_sample.kept = np.empty(0)
ALONE = getrefcount(_sample.kept)  # of an array that nobody has but a slot, and the question


def settle(leaf: Value, custody: Custody) -> None:
    """See to an array that was handed out and is about to be used: was it changed, is it back."""
    if custody.kept is not None:
        since_of(leaf)
        custody.kept = None
    if getrefcount(leaf.raw) > ALONE or leaf.raw.base is not None:
        custody.kept = leaf.raw.copy()
    else:
        custody.out = False


def since_of(leaf: Value) -> int:
    """The serial number from which on a leaf holds what it holds; −1 if from the beginning."""
    custody: Any = leaf.second
    if custody is None or type(custody) is int:
        return -1 if custody is None else custody
    if custody.kept is not None and not _same(custody.kept, leaf.raw):
        if KEEPING:
            KEEPING[-1](leaf, custody.kept, False)
        custody.since, custody.kept, custody.uses = next(serials), None, 0
    since: int = custody.since
    return since


def keep(leaf: Value, new: Any) -> None:
    """Hand over what a leaf holds that is about to get new data, where somebody keeps that."""
    since_of(leaf)
    custody = leaf.second
    kept = custody.kept if type(custody) is Custody else None
    if kept is not None or leaf.raw is not new:  # else it was written into, and nobody used it
        KEEPING[-1](leaf, leaf.raw if kept is None else kept, kept is None)


def refuse_changed(node: Value) -> None:
    """Refuse a value one of whose leaves holds other numbers than when it was computed."""
    for operand in node.inputs:
        if operand.first is None and operand.second is not None and since_of(operand) > node.serial:
            raise InputError(changed(operand))


def changed(leaf: Value) -> str:
    """What is wrong with a record one of whose leaves holds other numbers by now."""
    name = leaf.label or name_in_caller(leaf) or "a leaf"
    return _(
        "the data of {name} was changed after this record had used it, so that its "
        "numbers no longer belong together; compute the output again, and change "
        "data (p.data -= …, opt.step()) after backward and before the next "
        "computation",
        name=name,
    )


def _same(a: np.ndarray, b: Any) -> bool:
    return (
        type(b) is np.ndarray
        and a.dtype == b.dtype
        and (np.array_equal(a, b) or np.array_equal(a, b, equal_nan=True))
    )
