"""A whole backward pass over numbers at once, kept as columns: quick where steps are far ahead.

Invariant: the same contributions in the same order as in `backward_steps`, to the bit.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.backward import Contribution, Step
from backviz.autodiff.data import quietly
from backviz.autodiff.origin import PRODUCT, SUM
from backviz.autodiff.value import Value
from backviz.telling.order import Order


@dataclass(frozen=True, slots=True)
class Flow:
    """What arrives at the node of each step, and the number of each contribution."""

    order: Order
    values: Sequence[Value]
    upstream: array[float]
    parts: array[float]

    def step(self, number: int) -> Step:
        """A step with its contributions, made once more."""
        node, arriving = self.values[self.order.heads[number]], self.upstream[number]
        assert node.origin.op is not None
        pulled, inputs = quietly(node.origin.op.pull, node, arriving, False), node.inputs
        return Step(node, arriving, tuple(Contribution(inputs[i], i, d, x) for i, d, x in pulled))

    def of(self, node: int) -> np.ndarray:
        """The contributions that a node receives, in order."""
        found: np.ndarray = np.asarray(self.parts)[np.asarray(self.order.arrivals(node))]
        return found


def flow_of(order: Order, values: Sequence[Value], last: int) -> Flow | None:
    """The pass from the result `last`; `None` where not everything is a number.

    >>> from backviz.telling.record import Record
    >>> a = Value(3.0, "a")
    >>> record = Record(a * a + a)
    >>> list(flow_of(record, record.values, record.last).parts)
    [1.0, 1.0, 3.0, 3.0]
    """
    if not all([type(value.raw) is float for value in values]):  # noqa: C419  (faster)
        return None
    return Flow(order, values, *quietly(_flow, order, values, last))


def _flow(order: Order, values: Sequence[Value], last: int) -> tuple[array[float], array[float]]:
    """Hand gradients on; the branches for sums and products of two numbers are written out."""
    upstream, parts = list[float](), list[float]()
    waiting: list[Any] = [None] * len(values)
    waiting[last] = 1.0
    targets = order.targets
    for head, begin, end in zip(order.heads, order.starts, order.ends, strict=True):
        value, arriving = values[head], waiting[head]
        upstream.append(arriving)
        origin, many = value.origin, end - begin
        if origin is SUM and many == 2:
            left = right = arriving
        elif origin is PRODUCT and many == 2:
            left, right = arriving * value.second.raw, arriving * value.first.raw
        else:
            assert origin.op is not None
            for use, pulled in enumerate(origin.op.pull(value, arriving, False), begin):
                part, target = pulled[2], targets[use]
                parts.append(part)
                known = waiting[target]
                waiting[target] = part if known is None else known + part
            continue
        parts.append(left)
        target = targets[begin]
        known = waiting[target]
        waiting[target] = left if known is None else known + left
        parts.append(right)
        target = targets[begin + 1]
        known = waiting[target]
        waiting[target] = right if known is None else known + right
    return array("d", upstream), array("d", parts)
