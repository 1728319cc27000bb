"""What stays the same while a computation is stepped through: its values, names and order.

Invariant: the order of the contributions is that of the stream `backward_steps`; it is
read off the record, so that any place in the pass is known before a rule has run.
"""

from __future__ import annotations

import re
from array import array
from functools import cached_property
from typing import Any

import numpy as np

from backviz.autodiff.backward import tape
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.explanations import names
from backviz.registry import unknown
from backviz.stepping.timeline import Timeline

GRAD = ".grad"  # after the name of a node: its gradient
SUGGESTED = 500  # names among which a mistyped one is looked for


class Record:
    """The values that a result was computed from, in the order of recording.

    `ops` are the computed ones; `heads[j]` is the node of backward step j, whose contributions
    begin at number `starts[j]`; `targets[c]` is the node that receives contribution c.

    >>> a = Value(3.0, "a")
    >>> record = Record(a * a + a)
    >>> record.names, list(record.heads), list(record.targets)
    (['a', 'n1', 'n2'], [2, 1], [1, 0, 0, 0])
    """

    def __init__(self, output: Value) -> None:
        self.values = tuple(tape(output))
        called = names(output)
        self.names = [called[v.serial] for v in self.values]
        self.taken = frozenset(self.names)
        self.last = len(self.values) - 1
        self.told: tuple[Any, list[Any]] = (None, [])  # the operands of the op that is spoken of
        self.ops = array("q", [i for i, v in enumerate(self.values) if v.op is not None])
        self._order()

    def _order(self) -> None:
        """Go backward over the record and note what hands a gradient to what."""
        index = {v.serial: i for i, v in enumerate(self.values)}
        reached = bytearray(len(self.values))
        reached[self.last] = self.values[self.last].requires_grad
        heads, starts, targets, positions = (array("q") for _ in range(4))
        for i in range(self.last, -1, -1):
            op = self.values[i].op
            if not reached[i] or op is None:
                continue
            first = len(targets)
            for position, operand in enumerate(self.values[i].inputs):
                if operand.requires_grad and op.rule(position) is not None:
                    j = index[operand.serial]
                    reached[j] = True
                    targets.append(j)
                    positions.append(position)
            if len(targets) > first:
                heads.append(i)
                starts.append(first)
        self.heads, self.starts, self.targets, self.positions = heads, starts, targets, positions
        self.ends = starts[1:] + array("q", [len(targets)] * bool(heads))
        self.reached = bytes(reached)

    @cached_property
    def timeline(self) -> Timeline:
        """The places that the cursor can stand at."""
        wanted = self.values[self.last].requires_grad
        return Timeline(len(self.ops), tuple(self.ends), wanted)

    @cached_property
    def _by_target(self) -> tuple[array[int], array[int]]:
        targets = np.array(self.targets, np.int64)
        order = np.argsort(targets, kind="stable")
        bounds = np.searchsorted(targets[order], np.arange(len(self.values) + 1))
        return array("q", order.astype(np.int64)), array("q", bounds.astype(np.int64))

    def arrivals(self, node: int) -> array[int]:
        """The numbers of the contributions that a node receives, in order."""
        order, bounds = self._by_target
        return order[bounds[node] : bounds[node + 1]]

    @cached_property
    def _numbered(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def index(self) -> dict[int, int]:
        """The number of a value by its serial."""
        return {v.serial: i for i, v in enumerate(self.values)}

    def inputs(self, node: int) -> list[int]:
        """The numbers of a node's inputs, in the order of the op's operands."""
        return [self.index[v.serial] for v in self.values[node].inputs]

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
        if re.fullmatch(r"n\d{1,9}", name) and int(name[1:]) <= self.last:
            return int(name[1:])
        alike = [n for n, known in enumerate(self.names) if known.startswith(f"{name} (n")]
        if alike:
            listed = ", ".join(f"n{n}" for n in alike[:4])
            raise InputError(f"several values are called {name}; say which: {listed}")
        labelled = [n for n, v in zip(self.names, self.values, strict=True) if v.label]
        known = (labelled or self.names)[:SUGGESTED]
        raise InputError(unknown("node", name, known))
