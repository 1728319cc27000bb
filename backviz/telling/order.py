"""In which order a backward pass hands gradients on: from which node, to which.

Invariant: the order is that of the stream `backward_steps`: against the order of recording,
and operand by operand.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from backviz.autodiff.backward import accumulate


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
        self.last, self._many = last, last + 1
        self.heads, self.starts, self.targets, self.positions = (array("q") for _ in range(4))
        for head, uses in steps:
            self.heads.append(head)
            self.starts.append(len(self.targets))
            for target, position in uses:
                self.targets.append(target)
                self.positions.append(position)
        self.ends = self.starts[1:] + array("q", [len(self.targets)] * bool(self.heads))

    @cached_property
    def _by_target(self) -> tuple[array[int], array[int]]:
        targets = np.array(self.targets, np.int64)
        order = np.argsort(targets, kind="stable")
        bounds = np.searchsorted(targets[order], np.arange(self._many + 1))
        return array("q", order.astype(np.int64)), array("q", bounds.astype(np.int64))

    def arrivals(self, node: int) -> array[int]:
        """The numbers of the contributions that a node receives, in order."""
        order, bounds = self._by_target
        return order[bounds[node] : bounds[node + 1]]

    def owner(self, use: int) -> int:
        """The number of the step that a contribution belongs to."""
        return bisect_right(self.starts, use) - 1

    def count(self, node: int, done: int) -> tuple[int, int]:
        """How many contributions of how many a node has received after the first `done`."""
        arrivals = self.arrivals(node)
        return bisect_left(arrivals, done), len(arrivals)


class Sums:
    """What has arrived at each node: the running totals of the contributions of an order.

    `value` gives a contribution by its number. Going on adds to what is known.

    >>> sums = Sums(Order([(1, [(0, 0), (0, 1)])], 1), [3.0, 4.0].__getitem__)
    >>> [sums.of(0, done) for done in range(3)]
    [None, 3.0, 7.0]
    """

    def __init__(self, order: Order, value: Callable[[int], Any]) -> None:
        self.order, self.value = order, value
        self._known: dict[int, tuple[int, Any]] = {}

    def of(self, node: int, done: int) -> Any:
        """The sum of what a node has received after the first `done`; `None` if nothing."""
        many, _ = self.order.count(node, done)
        if not many:
            return None
        known, total = self._known.get(node, (0, None))
        if known > many:
            known, total = 0, None
        for use in self.order.arrivals(node)[known:many]:
            total = accumulate(total, self.value(use))
        self._known[node] = many, total
        return total
