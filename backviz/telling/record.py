"""What stays the same while a computation is stepped through: its values, names and order.

Invariant: any place in the backward pass is known before a rule has run.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.exits import tell_returned
from backviz.autodiff.tape import NO_NAMES, Names, names, others, tape
from backviz.autodiff.value import Value
from backviz.names import find
from backviz.telling.formulas import Call, operand
from backviz.telling.order import Order
from backviz.telling.timeline import Timeline
from backviz.text import NumberStyle

if TYPE_CHECKING:
    from backviz.telling.parts import Parts

FEW = 4  # entries of an array without a name that is written out in a formula
GRAD = ".grad"  # after the name of a node: its gradient


class Record(Order):
    """The values that a result was computed from, in the order of recording.

    `ops` are the computed ones; nodes are counted in that order, and `last` is the result.
    `called` are names, by serial number, for values that have no label. Results `beside` are
    recorded, too, but nothing goes backward from them.

    >>> a = Value(3.0, "a")
    >>> record = Record(a * a + a)
    >>> record.names, list(record.heads), list(record.targets)
    (['a', 'n1', 'n2'], [2, 1], [1, 0, 0, 0])
    """

    def __init__(
        self, output: Value, called: Names = NO_NAMES, beside: Sequence[Value] = ()
    ) -> None:
        self.values = tuple(tape(output, *beside))
        self.beside = others(output, beside)
        start = self.index[output.serial]
        self.called = called
        tell_returned(self.values)  # who makes a record is about to show it
        self.names = [*names(self.values, called).values()]
        self._told: tuple[Any, Any] = (None, None)  # the call that was asked for last
        self.ops = array("q", [i for i, v in enumerate(self.values) if v.origin.op])
        reached = bytearray(len(self.values))
        self._set(len(self.values) - 1, *self._steps(start, reached))
        self.last = start
        self.reached = bytes(reached)

    def _steps(self, last: int, reached: bytearray) -> tuple[list[int], ...]:
        """Go backward over the record and note what hands a gradient to what.

        Of a hundred thousand ops: what `Value` has properties for is read where it is kept.
        """
        values, index = self.values, self.index
        heads, starts, targets, positions = (list[int]() for _ in range(4))
        whole = set[int]()  # ops all of whose operands get a gradient, by their identity
        reached[last] = values[last].origin.wants
        for i in range(last, -1, -1):
            if not reached[i] or (op := (value := values[i]).origin.op) is None:
                continue
            first, second, begin = value.first, value.second, len(targets)
            operands = (first, second) if second is not None else value.inputs
            if id(op) not in whole and None not in map(op.rule, range(len(operands))):
                whole.add(id(op))
            for position, used in enumerate(operands):
                if used.origin.wants and (id(op) in whole or op.rule(position) is not None):
                    j = index[used.serial]
                    reached[j] = True
                    targets.append(j)
                    positions.append(position)
            if len(targets) > begin:
                heads.append(i)
                starts.append(begin)
        return heads, starts, targets, positions

    @cached_property
    def taken(self) -> frozenset[str]:
        """The names that no part of a formula may bear."""
        return frozenset(self.names)

    @cached_property
    def timeline(self) -> Timeline:
        """The places that a cursor can stand at."""
        wanted = self.values[self.last].requires_grad
        return Timeline(len(self.ops), tuple(self.ends), wanted)

    @cached_property
    def parts(self) -> Parts:
        """The blocks of the program that the nodes were computed in."""
        from backviz.telling.parts import Parts  # few ask

        return Parts(self.values)

    @cached_property
    def _numbered(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def index(self) -> dict[int, int]:
        """The number of a value by its serial."""
        return {v.serial: i for i, v in enumerate(self.values)}

    def label(self, node: int) -> str:
        """The label of a node, or the variable that holds it."""
        value = self.values[node]
        return value.label or self.called.get(value.serial, "")

    def inputs(self, node: int) -> list[int]:
        """The numbers of a node's inputs, in the order of the op's operands."""
        return [self.index[v.serial] for v in self.values[node].inputs]

    def nameless(self, node: int) -> bool:
        """Whether a node is a constant that is written as its number, or as its few numbers."""
        value = self.values[node]
        few = np.size(value.data) <= FEW
        return few and value.op is None and not (self.label(node) or value.requires_grad)

    def call(self, node: int, numbers: NumberStyle) -> Call:
        """The op that made a node, at work on names."""
        if self._told[0] != (node, numbers):  # an op of many operands is asked about each of them
            value = self.values[node]
            assert value.op is not None
            args = tuple(
                operand(self.names[i], self.values[i].data, self.nameless(i), numbers)
                for i in self.inputs(node)
            )
            out = operand(self.names[node], value.data, False, numbers)
            call = Call(value.op, args, out, value.params, self.taken, numbers)
            self._told = (node, numbers), call
        made: Call = self._told[1]
        return made

    def about(self, name: str) -> int:
        """The number of the node that `name` or `name.grad` speaks of."""
        known = name in self._numbered or not name.endswith(GRAD)
        return self.find(name if known else name.removesuffix(GRAD))

    def find(self, name: str) -> int:
        """The number of the node with this name; `n3` is always the node with number 3.

        Raises `InputError` with the name that was probably meant.
        """
        found = self._numbered.get(name)
        if found is not None:
            return found
        labelled = [name for node, name in enumerate(self.names) if self.label(node)]
        return find(dict(enumerate(self.names)), name, labelled)
