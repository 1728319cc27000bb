"""What stays the same while a computation is stepped through: its values, names and order.

Invariant: any place in the backward pass is known before a rule has run.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
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
        named = names(self.values, called)
        self.names = [named[v.serial] for v in self.values]
        self.taken = frozenset(self.names)
        self._told: tuple[Any, Any] = (None, None)  # the call that was asked for last
        self.ops = array("q", [i for i, v in enumerate(self.values) if v.op is not None])
        self._reached = bytearray(len(self.values))
        super().__init__(self._steps(start), len(self.values) - 1)
        self.last = start
        self.reached = bytes(self._reached)

    def _steps(self, last: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Go backward over the record and note what hands a gradient to what."""
        index, reached = self.index, self._reached
        reached[last] = self.values[last].requires_grad
        for i in range(last, -1, -1):
            op = self.values[i].op
            if not reached[i] or op is None:
                continue
            uses = []
            for position, used in enumerate(self.values[i].inputs):
                if used.requires_grad and op.rule(position) is not None:
                    j = index[used.serial]
                    reached[j] = True
                    uses.append((j, position))
            if uses:
                yield i, uses

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
