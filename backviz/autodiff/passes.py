"""How many backward passes the gradient of a leaf is the sum of.

Invariant: only a leaf whose gradient was not 0 when a pass added to it is noted, so a loop that
calls `zero_grad` notes nothing; arrays are never kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from backviz.autodiff.value import Value

# by the leaf's serial number the passes, from two on, and the square of what they came to
ADDED: dict[int, tuple[int, float]] = {}
MOST = 100_000  # leaves; the oldest are forgotten


def added(leaf: Value, before: Any) -> None:
    """Note that a pass has added to a gradient that was there."""
    passes, _square = ADDED.pop(leaf.serial, (1, 0.0))
    if is_zero(before):
        return
    ADDED[leaf.serial] = passes + 1, _squared(leaf.grad)
    if len(ADDED) > MOST:
        del ADDED[next(iter(ADDED))]


def passes_in(leaf: Value) -> int:
    """The passes whose gradients a leaf holds: 0 if none, or if they were set to 0.

    >>> from backviz.autodiff.value import Value
    >>> a = Value(3.0)
    >>> for _ in range(2):
    ...     (a * a).backward()
    >>> passes_in(a)
    2
    """
    if leaf.grad is None or is_zero(leaf.grad):
        return 0
    return ADDED.get(leaf.serial, (1, 0.0))[0]


def is_as_left(leaf: Value) -> bool:
    """Whether a gradient of several passes is as the last one left it: neither clipped nor set."""
    noted = ADDED.get(leaf.serial)
    return noted is not None and noted[1] == _squared(leaf.grad)


def is_zero(gradient: Any) -> bool:
    """Whether a gradient is 0 in every entry."""
    raw = getattr(gradient, "raw", gradient)
    return not raw.any() if isinstance(raw, np.ndarray) else raw == 0


def _squared(gradient: Any) -> float:
    raw = getattr(gradient, "raw", gradient)
    with np.errstate(all="ignore"):
        return float(np.vdot(raw, raw))
