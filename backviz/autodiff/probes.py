"""A scalar function at one point, probed: entry by entry, or many at once along a direction.

Invariant: the work is bounded beforehand, from the sizes of what one run computes, never by a
clock; the same seed probes the same entries and directions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from backviz.autodiff.backward import backward_steps, tape
from backviz.autodiff.data import quietly
from backviz.autodiff.differences import EPSILON, WIDEST, Verdict, judged
from backviz.autodiff.op import Op
from backviz.autodiff.value import Value

WORK = 1e9  # what all probes of one order may cost together, in operations on numbers
CALL = 3000  # what recording one op costs besides, in the same unit
FAST = 4  # and how many of them a matrix product does at once
TINY = 1e-9  # a derivative this small beside the slopes around is compared as if it were so large
SHARE = 1e-3  # and so is one that is this small beside what the function computes with
NEAR = 1e-5  # how far to both sides a kink's op is looked for
SAFETY = 4  # an op may err by a few units in the last place

Function = Callable[..., Value]


@dataclass(frozen=True, slots=True)
class Point:
    """A function there: its value, its gradients by the rules, and what a difference can tell.

    `rounding` is the error that the value may have: every value on the way is rounded, and its
    error reaches the output times its gradient. `size` is the sum of |gradient · value|, and
    `work` what one run costs.
    """

    function: Function
    data: Sequence[Any]
    value: float
    gradients: list[Any]
    size: float
    work: float

    @classmethod
    def of(cls, function: Function, data: Sequence[Any]) -> Point:
        """Run a function and its backward pass."""
        leaves = tuple(map(Value, data))
        output = function(*leaves)
        gradients: list[Any] = [np.zeros_like(x) if np.ndim(x) else 0.0 for x in data]
        places = {leaf.serial: i for i, leaf in enumerate(leaves)}
        size = abs(output.item())
        for step in backward_steps(output) if output.requires_grad else ():
            upstream = step.upstream
            if step.node.serial in places:
                gradients[places[step.node.serial]] = upstream
            if np.shape(upstream) == step.node.shape:
                size += quietly(_size, upstream, step.node.raw)
        work = float(sum(map(_work, tape(output))))
        return cls(function, data, output.item(), gradients, size, work)

    @property
    def rounding(self) -> float:
        """The error that a value of the function may have."""
        return SAFETY * EPSILON * self.size if math.isfinite(self.size) else 0.0

    def least(self, along: Callable[[float], float]) -> float:
        """The size that smaller derivatives are compared with; as small as the function is."""
        least = SHARE * self.size
        if least >= TINY:
            return least
        changes = [abs(along(t) - self.value) / WIDEST for t in (-WIDEST, WIDEST)]
        return max(least, TINY * min(1.0, max(c if math.isfinite(c) else 1.0 for c in changes)))

    def at_entry(self, i: int, index: tuple[int, ...], t: float) -> float:
        """The function with one entry moved by `t`, in units of its own size, at least 1."""
        return self._at(self._moved(i, index, t)).item()

    def record_at_entry(self, i: int, index: tuple[int, ...], t: float) -> list[Value]:
        """All that the function records there, inputs of an op before its result."""
        return tape(self._at(self._moved(i, index, t)))

    def at_direction(self, directions: dict[int, Any], t: float) -> float:
        """The function with several inputs moved by `t` times a direction each."""
        return self._at({i: self.data[i] + t * d for i, d in directions.items()}).item()

    def _moved(self, i: int, index: tuple[int, ...], t: float) -> dict[int, Any]:
        moved = np.array(self.data[i], dtype=float)
        moved[index] += t * max(1.0, abs(float(moved[index])))
        return {i: moved}

    def _at(self, moved: dict[int, Any]) -> Value:
        return self.function(*[Value(moved.get(i, x)) for i, x in enumerate(self.data)])


def _size(gradient: Any, data: Any) -> float:
    return float(np.abs(np.multiply(gradient, data)).sum())


def _work(value: Value) -> float:
    """About how many operations on numbers it took to compute a value and record it."""
    if value.op is None:
        return float(value.size)
    sizes = [float(v.size) for v in value.inputs]
    cost = CALL + value.size + sum(sizes)
    if value.op.name in _CUBIC:
        return cost + sizes[0] * value.inputs[0].shape[-1] / FAST
    if not value.op.elementwise and len(sizes) > 1 and any(v.ndim > 1 for v in value.inputs):
        return cost + math.sqrt(sizes[0] * sizes[1] * value.size) / FAST  # m·k, k·n and m·n
    return cost


_CUBIC = {"det", "inv", "solve", "cofactors", "logabsdet", "slogdet_sign"}


def judge_entry(
    point: Point, i: int, index: tuple[int, ...], step: float, tolerance: float
) -> tuple[float, Verdict]:
    """One entry: its derivative by the rule, and the verdict in the units of the entry."""
    x = abs(float(np.asarray(point.data[i])[index]))
    unit = max(1.0, x)
    slope = float(np.asarray(point.gradients[i])[index])
    along = partial(point.at_entry, i, index)
    found = judged(
        along, point.value, slope * unit, step=step, tolerance=tolerance,
        rounding=point.rounding, floor=min(unit, point.least(along)),
        finest=step * x / 8 if x else math.inf,
    )  # fmt: skip
    return slope, Verdict(found.numeric / unit, found.error, found.state, found.bound / unit)


def judge_direction(
    point: Point, inputs: Sequence[int], random: np.random.Generator, step: float, tolerance: float
) -> tuple[float, Verdict]:
    """All entries of some inputs at once, each moved by a random share of its size."""
    directions = {}
    for i in inputs:
        x = point.data[i]
        share = random.uniform(0.5, 1.5, np.shape(x)) * random.choice([-1.0, 1.0], np.shape(x))
        direction = share * np.maximum(1.0, np.abs(x))
        directions[i] = direction if np.ndim(x) else float(direction)
    slope = float(sum(np.sum(np.multiply(point.gradients[i], d)) for i, d in directions.items()))
    scale = sum(_size(point.gradients[i], d) for i, d in directions.items())
    along = partial(point.at_direction, directions)
    verdict = judged(
        along, point.value, slope, step=step, tolerance=tolerance, rounding=point.rounding,
        floor=max(min(1.0, point.least(along)), scale),
    )  # fmt: skip
    return slope, verdict


def bending_op(point: Point, i: int, index: tuple[int, ...]) -> Op | None:
    """The op in which a kink along one entry begins, if it is one whose row has a kink.

    Its result bends and its inputs do not: v(t) − 2·v(0) + v(−t) shrinks as t there, but as t²
    in whatever is smooth. `None` also if the record has another form beside the point.
    """
    steps = (0.0, NEAR, -NEAR, NEAR / 8, -NEAR / 8)
    records = [point.record_at_entry(i, index, t) for t in steps]
    if len({tuple((v.op and v.op.name, v.shape) for v in record) for record in records}) > 1:
        return None
    bent = {
        values[0].serial: _bends(*(np.asarray(v.raw, dtype=float) for v in values))
        for values in zip(*records, strict=True)
    }
    for v in records[0]:
        if v.op and v.op.kink and bent[v.serial] and not any(bent[x.serial] for x in v.inputs):
            return v.op
    return None


def _bends(here: Any, right: Any, left: Any, near_right: Any, near_left: Any) -> bool:
    wide = quietly(np.abs, right - 2 * here + left)
    near = quietly(np.abs, near_right - 2 * here + near_left)
    rounding = 100 * EPSILON * np.abs(here)
    return bool(np.any((near > wide / 16) & (near > rounding)))
