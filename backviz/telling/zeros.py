"""Where a gradient that is 0 died: the op that was given something and handed on nothing.

Invariant: the op that is named got a gradient that is not 0; between it and the value all is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from backviz.autodiff.value import Value
from backviz.graphs.faults import Handed, Zero, why_zero
from backviz.telling.run import Run


def uses_of(run: Run, node: int) -> Iterator[Handed]:
    """What `why_zero` asks of every use of a node."""
    record = run.record
    for use in record.arrivals(node):
        owner = record.owner(use)
        part, value = run.contribution(use), run.values[record.heads[owner]]
        upstream = run.whole(record.heads[owner])
        assert value.op is not None
        given = partial(_data, value)
        yield Handed(value.op, part.position, upstream, part.value, part.local, given)


def _data(value: Value) -> list[Any]:
    return [operand.data for operand in value.inputs]


@dataclass(frozen=True, slots=True)
class Death:
    """The node whose op handed nothing on to its operand, and why."""

    node: int
    operand: int
    why: Zero


def where_it_died(run: Run, node: int) -> Death | None:
    """The nearest op that made the gradient of a node 0; `None` if it is not 0, or parts cancel.

    >>> from backviz import load
    >>> from backviz.telling.record import Record
    >>> run = Run(Record(load("L=v*relu(w*x+b); w=2; x=1; b=-5; v=3")))
    >>> death = where_it_died(run, run.record.find("w"))
    >>> run.record.names[death.node], death.why.words().en
    ('n6', 'ReLU: off')
    """
    record = run.record
    gradient = run.whole(node)
    if gradient is None or np.any(gradient):
        return None
    seen, waiting = {node}, [node]
    while waiting:
        at = waiting.pop(0)
        why = why_zero(run.whole(at), uses_of(run, at))
        heads = [record.heads[record.owner(use)] for use in record.arrivals(at)]
        if why is not None:
            alive = [head for head in heads if np.any(run.whole(head))]
            return Death(alive[0] if alive else heads[0], at, why)
        for head in heads:
            if head not in seen and not np.any(run.whole(head)):
                seen.add(head)
                waiting.append(head)
    return None
