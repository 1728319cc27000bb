"""Memory of large arrays, kept for the next step of a training loop.

A step that frees its record gives back tens of megabytes and asks for the same again a
moment later. Handing that through the operating system costs more than the arithmetic
of a small layer: every page has to be zeroed and mapped anew.

Invariant: a buffer is given only by somebody who holds the last reference to it, and is
taken by one.
"""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np

LARGE = 1 << 16  # bytes; malloc is quick with less
MOST = 1 << 28  # bytes kept at a time

_spare: dict[tuple[tuple[int, ...], str], list[np.ndarray]] = {}
_kept = [0]


def take(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray | None:
    """A spare array with old numbers in it, or `None`: let numpy make one."""
    spare = _spare.get((shape, dtype.char))
    if not spare:
        return None
    try:
        found = spare.pop()
    except IndexError:  # another thread was quicker
        return None
    _kept[0] -= found.nbytes
    return found


def give(array: Any, references: int) -> None:
    """Keep an array if nobody else can see it: the caller knows of `references` to it."""
    if (
        type(array) is np.ndarray
        and array.nbytes >= LARGE
        and array.base is None
        and array.flags.c_contiguous
        and array.dtype.char in "df"
        and getrefcount(array) == references + 2  # our argument and the question
        and _kept[0] + array.nbytes <= MOST
    ):
        array.setflags(write=True)
        _kept[0] += array.nbytes
        _spare.setdefault((array.shape, array.dtype.char), []).append(array)
