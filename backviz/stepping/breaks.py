"""Breakpoints: what stops `continue`, and why it stopped.

Invariant: a break looks at one event, the step that has just been made, and at the numbers
that were known then; it changes nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.finite import is_finite
from backviz.errors import InputError
from backviz.language import _
from backviz.ops import OPS
from backviz.stepping.conditions import Condition, read_condition, read_number
from backviz.telling.record import GRAD, Record
from backviz.telling.run import Run

FLAT = 0.01  # a local derivative below which such an op counts as saturated
SIZES = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
KINDS = ("nan", "inf", "sat", "dead", "shared")


@dataclass(frozen=True, slots=True)
class Event:
    """A step that was made: a node computed, or contributions `first` to `last` handed on.

    `done` contributions have been made in all; −1 stands for the forward phase.
    """

    run: Run
    node: int
    first: int = 0
    last: int = 0
    done: int = -1

    @property
    def numbers(self) -> list[Any]:
        """What the step made: a value, or its contributions."""
        if self.done < 0:
            return [self.run.values[self.node].data]
        return [self.run.contribution(c).value for c in range(self.first, self.last)]


@dataclass(frozen=True, slots=True)
class Break:
    """What to stop at, as it was written, and the test."""

    text: str
    stops: Callable[[Event], bool]


def read_break(text: str, record: Record) -> Break:
    """Read what `break` was told: a node, `op:tanh`, a kind, `absg>1e3`, or a condition.

    >>> from backviz import Value
    >>> a = Value(3.0, "a")
    >>> run = Run(Record(a * a))
    >>> read_break("op:mul", run.record).stops(Event(run, 1))
    True
    """
    text = text.strip()
    given = text.removeprefix("if ").strip()
    if given in KINDS:
        return Break(given, _KIND[given])
    if given.startswith("op:"):
        op = OPS[given[3:].strip()]
        return Break(f"op:{op.name}", lambda e: e.run.values[e.node].op is op)
    if found := re.fullmatch(r"(?:absg|\|g\|)\s*([<>]=?)\s*([^=].*)", given):
        compare, limit = SIZES[found[1]], read_number(found[2])
        if not isinstance(limit, float):
            raise InputError(_("{given}: the limit is one number, as in absg>1e3", given=given))
        return Break(given, lambda e: e.done >= 0 and any(
            bool(np.any(compare(np.abs(x), limit))) for x in e.numbers))  # fmt: skip
    if re.search(r"[<>]|[=!]=", given):
        return _conditional(read_condition(given), record)
    if found := re.fullmatch(r"([^=]+)=([^=]+)", given):
        raise InputError(
            _("{given}: one = sets; compare with ==, as in {left} == {right}", given=given,
              left=found[1].strip(), right=found[2].strip())
        )  # fmt: skip
    node = record.find(given)
    return Break(record.names[node], lambda e: _concerns(e, node))


def _concerns(event: Event, node: int) -> bool:
    """Whether a node is at work, or, for a leaf, gets the last part of its gradient."""
    record = event.run.record
    if event.node == node:
        return True
    if event.done < 0 or record.values[node].op is not None:
        return False
    arrivals = record.arrivals(node)
    return bool(arrivals) and event.first <= arrivals[-1] < event.last


def _conditional(condition: Condition, record: Record) -> Break:
    nodes = {name: record.find(name.removesuffix(GRAD)) for name in condition.names}

    def stops(event: Event) -> bool:
        values: dict[str, Any] = {}
        for name, node in nodes.items():
            if name.endswith(GRAD):
                data = event.run.gradient(node, event.done) if event.done >= 0 else None
            else:
                known = event.done >= 0 or node <= event.node or record.values[node].op is None
                data = event.run.values[node].data if known else None
            if data is None:
                return False
            values[name] = data
        return condition.holds(values)

    condition.holds({name: record.values[node].data for name, node in nodes.items()})
    return Break(condition.text, stops)


def _not_a_number(event: Event) -> bool:
    return any(not is_finite(x) and bool(np.isnan(x).any()) for x in event.numbers)


def _infinite(event: Event) -> bool:
    return any(not is_finite(x) and bool(np.isinf(x).any()) for x in event.numbers)


def _slope(event: Event) -> Any:
    """The local derivative of an elementwise function of one input; `None` for other ops."""
    value = event.run.values[event.node]
    if value.op is None or not value.op.is_function or not value.inputs[0].requires_grad:
        return None
    args = [v.data for v in value.inputs]
    return value.op.local(0, value.data, args, value.params)  # type: ignore[attr-defined]


def _saturated(event: Event) -> bool:
    op = event.run.values[event.node].op
    if op is None or not op.saturates:
        return False
    slope = _slope(event)
    return slope is not None and bool(np.any(np.abs(slope) < FLAT))


def _dead(event: Event) -> bool:
    op = event.run.values[event.node].op
    slope = _slope(event) if op is not None and op.masks else None
    return slope is not None and not np.any(slope)


def _shared(event: Event) -> bool:
    record = event.run.record
    if event.done < 0:
        return False
    targets = record.targets[event.first : event.last]
    return any(record.count(t, 0)[1] > 1 for t in targets)


_KIND: dict[str, Callable[[Event], bool]] = {
    "nan": _not_a_number,
    "inf": _infinite,
    "sat": _saturated,
    "dead": _dead,
    "shared": _shared,
}
