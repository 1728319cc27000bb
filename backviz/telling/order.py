"""In which order a backward pass hands gradients on: from which node, to which.

Invariant: the order is that of the stream `backward_steps`: against the order of recording,
and operand by operand.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from backviz.autodiff.backward import accumulate
from backviz.autodiff.data import quietly


class Order:
    """The steps of a pass over the nodes 0 … `last`, and their contributions, both counted from 0.

    `heads[j]` is the node of step j, whose contributions begin at number `starts[j]` and end
    before `ends[j]`; `targets[c]` is the node that receives contribution c, as the operand with
    the number `positions[c]`.

    >>> order = Order([(2, [(1, 0), (0, 1)]), (1, [(0, 0)])], 2)
    >>> list(order.arrivals(0)), order.count(0, 2), order.owner(2)
    ([1, 2], (1, 2), 1)
    """

    def __init__(self, steps: Iterable[tuple[int, list[tuple[int, int]]]], last: int) -> None:
        heads, starts, targets, positions = (list[int]() for _ in range(4))
        for head, uses in steps:
            heads.append(head)
            starts.append(len(targets))
            targets += [target for target, _position in uses]
            positions += [position for _target, position in uses]
        self._set(last, heads, starts, targets, positions)

    def _set(
        self, last: int, heads: Sequence[int], starts: Sequence[int], targets: Sequence[int],
        positions: Sequence[int],
    ) -> None:  # fmt: skip
        self.last, self._many = last, last + 1
        self.heads, self.starts = array("q", heads), array("q", starts)
        self.targets, self.positions = array("q", targets), array("q", positions)
        self.ends = self.starts[1:] + array("q", [len(self.targets)] * bool(self.heads))

    @cached_property
    def _by_target(self) -> tuple[array[int], array[int]]:
        targets = np.array(self.targets, np.int64)
        order = np.argsort(targets, kind="stable")
        bounds = np.searchsorted(targets[order], np.arange(self._many + 1))
        found = array("q"), array("q")
        for made, numbers in zip(found, (order, bounds), strict=True):
            made.frombytes(numbers.astype(np.int64).tobytes())
        return found

    def arrivals(self, node: int) -> array[int]:
        """The numbers of the contributions that a node receives, in order."""
        order, bounds = self._by_target
        return order[bounds[node] : bounds[node + 1]]

    def owner(self, use: int) -> int:
        """The number of the step that a contribution belongs to."""
        return bisect_right(self.starts, use) - 1

    def count(self, node: int, done: int) -> tuple[int, int]:
        """How many contributions of how many a node has received after the first `done`."""
        order, bounds = self._by_target
        first, end = bounds[node], bounds[node + 1]
        return bisect_left(order, done, first, end) - first, end - first


class Sums:
    """What has arrived at each node: the running totals of the contributions of an order.

    `parts` gives some of the contributions of a node: from the first to before another, counted
    among its arrivals. Going on adds to what is known.

    >>> given = {0: [3.0, 4.0]}
    >>> sums = Sums(Order([(1, [(0, 0), (0, 1)])], 1), lambda n, i, j: given[n][i:j])
    >>> [sums.of(0, done) for done in range(3)]
    [None, 3.0, 7.0]
    """

    def __init__(
        self, order: Order, parts: Callable[[int, int, int], Sequence[Any] | np.ndarray]
    ) -> None:
        self.order, self.parts = order, parts
        self._known: dict[int, tuple[int, Any]] = {}

    def of(self, node: int, done: int) -> Any:
        """The sum of what a node has received after the first `done`; `None` if nothing."""
        many, _ = self.order.count(node, done)
        if not many:
            return None
        known, total = self._known.get(node, (0, None))
        if known > many:
            known, total = 0, None
        parts = self.parts(node, known, many)
        total = added(parts, total)
        self._known[node] = many, total
        return total


def added(parts: Sequence[Any] | np.ndarray, to: Any = None) -> Any:
    """Contributions added one after another, as a pass adds them; an array holds numbers.

    >>> added([1.0, 2.0]), added(np.array([0.5, 0.25]), 1.0)
    (3.0, 1.75)
    """
    if isinstance(parts, np.ndarray):
        start = [] if to is None else [to]
        return float(quietly(np.add.accumulate, np.concatenate((start, parts)))[-1])
    for part in parts:
        to = accumulate(to, part)
    return to
