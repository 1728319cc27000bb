"""The backward pass in its plain form: gradients written onto the values, no steps kept.

Invariant: the same contributions in the same order as in `backward_steps`, so the same
bits. Nodes wait in a list indexed by their age, counted from the output; read from young
to old it is a topological order, so that nothing is searched, marked or sorted.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import repeat
from sys import getrefcount
from typing import Any

import numpy as np

from backviz.autodiff.buffers import LARGE, give
from backviz.autodiff.custody import Custody, refuse_changed
from backviz.autodiff.data import quietly
from backviz.autodiff.origin import FREED, PRODUCT, SUM
from backviz.autodiff.passes import ADDED, added
from backviz.autodiff.tape import WAS_FREED, tape
from backviz.autodiff.value import Value
from backviz.errors import InputError

GAP = 65_536  # so much older than all others, and a node waits elsewhere


def sweep(output: Value, seed: Any, retain: bool) -> None:
    """Give every value under `output` its gradient; leaves add it to what they had.

    With `retain` false the values let go of their inputs and gradients on the way.
    """
    quietly(_sweep, output, seed, retain)


def _sweep(output: Value, seed: Any, retain: bool) -> None:
    output.grad = seed
    far = _Far()
    leaves: dict[Value, Any] = {}
    top, waiting = output.serial, [output, *repeat(None, 63)]
    while waiting:
        _run(top, waiting, far, leaves, retain)
        first, last = top, waiting
        top, waiting = far.next_window()
    newest = -1  # of the changes
    for leaf in leaves:
        if leaf.origin.freed:
            raise InputError(WAS_FREED)
        since = leaf.second
        if since is not None:
            since = since if type(since) is int else since.since
            newest = max(newest, since)
    if retain and newest >= 0:
        older = last[max(0, first - newest) :]
        if older.count(None) < len(older):  # some op is older than a leaf's numbers
            tape(output)  # refuses, if it used that leaf
    for leaf, gradient in leaves.items():
        if leaf.origin.wants:
            before = leaf.grad
            if before is None:
                leaf.grad = gradient
                if ADDED:
                    ADDED.pop(leaf.serial, None)
            else:
                leaf.grad = before + gradient
                added(leaf, before)


class _Far:
    """Nodes too old for the list, by age; used where values lie far apart in time."""

    def __init__(self) -> None:
        self.nodes: dict[int, Value] = {}
        self.order: list[int] = []  # a heap of negative serial numbers: the youngest first

    def give(self, node: Value, part: Any) -> None:
        """Add a contribution to a node that waits here."""
        if node.serial in self.nodes:
            node.grad = node.grad + part
        else:
            node.grad = part
            self.nodes[node.serial] = node
            heappush(self.order, -node.serial)

    def next_window(self) -> tuple[int, list[Value | None]]:
        """The youngest of the nodes, as the head of a new list."""
        if not self.order:
            return 0, []
        top = -heappop(self.order)
        window: list[Value | None] = [self.nodes.pop(top)]
        self.move_into(window, top)
        return top, window

    def move_into(self, waiting: list[Any], top: int) -> None:
        """Hand over the nodes whose age lies in the list by now."""
        while self.order and top + self.order[0] < len(waiting):
            serial = -heappop(self.order)
            waiting[top - serial] = self.nodes.pop(serial)


def _run(  # noqa: PLR0915  (the hot branches are written out)
    top: int, waiting: list[Any], far: _Far, leaves: dict[Value, Any], retain: bool
) -> None:
    """Empty the list; it grows at its old end as inputs are reached.

    The two branches for floats are the hot path of every scalar network: 0.1 µs a node.
    """
    for node in waiting:
        if node is None:
            continue
        origin = node.origin
        upstream = node.grad
        if origin is SUM:
            a, b = node.first, node.second
            if a.first is None:
                try:
                    leaves[a] += upstream
                except KeyError:
                    leaves[a] = upstream
            else:
                age = top - a.serial
                try:
                    if waiting[age] is None:
                        waiting[age] = a
                        a.grad = upstream
                    else:
                        a.grad += upstream
                except IndexError:
                    _reach(waiting, far, age, a, upstream)
            if b.first is None:
                try:
                    leaves[b] += upstream
                except KeyError:
                    leaves[b] = upstream
            else:
                age = top - b.serial
                try:
                    if waiting[age] is None:
                        waiting[age] = b
                        b.grad = upstream
                    else:
                        b.grad += upstream
                except IndexError:
                    _reach(waiting, far, age, b, upstream)
        elif origin is PRODUCT:
            a, b = node.first, node.second
            part = upstream * b.raw
            if a.first is None:
                try:
                    leaves[a] += part
                except KeyError:
                    leaves[a] = part
            else:
                age = top - a.serial
                try:
                    if waiting[age] is None:
                        waiting[age] = a
                        a.grad = part
                    else:
                        a.grad += part
                except IndexError:
                    _reach(waiting, far, age, a, part)
            part = upstream * a.raw
            if b.first is None:
                try:
                    leaves[b] += part
                except KeyError:
                    leaves[b] = part
            else:
                age = top - b.serial
                try:
                    if waiting[age] is None:
                        waiting[age] = b
                        b.grad = part
                    else:
                        b.grad += part
                except IndexError:
                    _reach(waiting, far, age, b, part)
        elif origin.slope is not None and type(node.raw) is float:
            a = node.first
            try:
                local = origin.slope(node.raw, a.raw)
            except (ArithmeticError, ValueError):
                local = origin.op.local(0, node.raw, (a.raw,), {})
            part = upstream * local if local or not origin.op.masks else 0.0
            _hand_over(part, a, top, waiting, far, leaves)
        else:
            _pull(node, upstream, top, waiting, far, leaves, retain)
        if not retain:
            _let_go(node, waiting, top)


def _let_go(node: Value, waiting: list[Any], top: int) -> None:
    """Take a node out of the record; memory that nobody else sees is kept for the next step."""
    if type(node.raw) is float:  # those that `_run` does in place; the leaves of others were seen
        refuse_changed(node)
    node.first = node.second = None
    node.origin = FREED
    waiting[top - node.serial] = None
    gradient, node.grad = node.grad, None
    if type(gradient) is np.ndarray and gradient.nbytes >= LARGE:
        give(gradient, 2)  # our name and the caller's
    data = node.raw
    if type(data) is np.ndarray and data.nbytes >= LARGE and getrefcount(node) <= ALONE:
        node.raw = None  # nobody has the node but the caller, ourselves, and the question
        give(data, 1)


def _let_go_alone() -> int:
    """The count of references in `_let_go` of a node that nobody else has, in this Python."""
    waiting: list[Any] = [_Far()]
    for node in waiting:
        return _counted(node, waiting)
    return 0


def _counted(node: Any, waiting: list[Any]) -> int:
    waiting[0] = None
    return getrefcount(node)


ALONE = _let_go_alone()


def _pull(
    node: Value,
    upstream: Any,
    top: int,
    waiting: list[Any],
    far: _Far,
    leaves: dict[Value, Any],
    retain: bool,
) -> None:
    """Any other op: its own rules, on numbers or arrays."""
    first, second = node.first, node.second
    inputs = first if type(first) is tuple else (first,)
    if second is not None:  # `node.inputs`, without asking for it
        inputs = (first, second)
    for operand in inputs:
        custody = operand.second
        if type(custody) is Custody:
            if custody.kept is not None or custody.since > node.serial:
                refuse_changed(node)
            if not retain:
                custody.uses -= 1
        elif type(custody) is int and custody > node.serial:
            refuse_changed(node)
    for position, _, part in node.origin.op.pull(node, upstream, False, False):  # type: ignore[union-attr]
        operand = inputs[position]
        if type(part) is np.ndarray and part.dtype is not operand.raw.dtype:
            part = part.astype(operand.raw.dtype, copy=False)  # noqa: PLW2901
        if operand.first is None and operand not in leaves:
            leaves[operand] = part
        else:
            _hand_over(part, operand, top, waiting, far, leaves)


def _hand_over(
    part: Any, operand: Value, top: int, waiting: list[Any], far: _Far, leaves: dict[Value, Any]
) -> None:
    """What the hot branches of `_run` do in place, for numbers and arrays."""
    if operand.first is None:
        leaves[operand] = leaves[operand] + part if operand in leaves else part
        return
    age = top - operand.serial
    if age >= len(waiting):
        _reach(waiting, far, age, operand, part)
    elif waiting[age] is None:
        waiting[age] = operand
        operand.grad = part
    else:
        operand.grad = operand.grad + part


def _reach(waiting: list[Any], far: _Far, age: int, node: Value, part: Any) -> None:
    """Give a node a contribution, beyond the present end of the list."""
    if node.serial in far.nodes or age - len(waiting) >= GAP:
        far.give(node, part)
    else:
        # with room to spare: running into the end is slow, passing over an empty place is not
        waiting.extend(repeat(None, age + 1 - len(waiting) + len(waiting) // 2))
        far.move_into(waiting, age + node.serial)
        waiting[age] = node
        node.grad = part
