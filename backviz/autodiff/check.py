"""Gradient checking: the rules against central differences.

Invariant: shapes are asserted before numbers (an inner product is blind to a missing
unbroadcast), and every entry of every input is checked, not a random direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.backward import gradients_of
from backviz.autodiff.data import as_data
from backviz.autodiff.value import Value
from backviz.errors import CheckFailedError


@dataclass(frozen=True, slots=True)
class Check:
    """The worst entry of one input: where, and the two derivatives there.

    `error` is |analytic − numeric| / max(1, |analytic|, |numeric|). `kink` says that
    the slopes to the left and to the right differ, so no derivative exists there.
    """

    input: int
    order: int
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    kink: bool


def check_grads(
    f: Callable[..., Value],
    *args: Any,
    order: int = 1,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> list[Check]:
    """Compare the gradients of `f` with central differences, up to `order`.

    `f` takes recorded values and returns one; an output that is an array is
    weighted with random numbers, and so is each gradient for the next order.
    Returns the worst entry for each input and order; raises `CheckFailedError` if a
    shape or a number is wrong. Entries at a kink are reported and not judged.

    >>> [round(c.analytic, 6) for c in check_grads(lambda x: x**3, 2.0)]
    [12.0]
    """
    data = [as_data(a.data if isinstance(a, Value) else a) for a in args]
    random = np.random.default_rng(seed)
    checks: list[Check] = []
    target = _weighted(f, data, random)
    for level in range(1, order + 1):
        checks += [_check_input(target, data, i, level, step, tolerance) for i in range(len(data))]
        if level < order:
            target = _next_order(target, data, random)
    return checks


def _weighted(
    f: Callable[..., Value], data: list[Any], random: np.random.Generator
) -> Callable[..., Value]:
    """`f` as a scalar function: its entries times fixed random weights, summed."""
    shape = f(*map(Value, data)).shape
    if not shape:
        return f
    weights = random.uniform(0.5, 1.5, shape)
    return lambda *xs: (f(*xs) * weights).sum()


def _next_order(
    f: Callable[..., Value], data: list[Any], random: np.random.Generator
) -> Callable[..., Value]:
    """A scalar function whose gradient holds second derivatives of `f`."""
    weights = [random.uniform(0.5, 1.5, np.shape(x)) for x in data]

    def combined(*xs: Value) -> Value:
        total = Value(0.0, requires_grad=False)
        for gradient, weight in zip(
            gradients_of(f(*xs), xs, create_graph=True), weights, strict=True
        ):
            term = gradient * as_data(weight)
            total = total + (term.sum() if np.ndim(weight) else term)
        return total

    return combined


def _check_input(
    f: Callable[..., Value], data: list[Any], i: int, order: int, step: float, tolerance: float
) -> Check:
    leaves = tuple(Value(x) for x in data)
    output = f(*leaves)
    analytic = gradients_of(output, leaves)[i] if output.requires_grad else np.zeros_like(data[i])
    if np.shape(analytic) != np.shape(data[i]):
        raise CheckFailedError(
            f"input {i}: the gradient of order {order} has shape {np.shape(analytic)}, "
            f"but the input has {np.shape(data[i])}"
        )
    worst: Check | None = None
    for index in np.ndindex(np.shape(data[i])):
        check = _check_entry(f, data, i, order, index, float(np.asarray(analytic)[index]), step)
        if not check.kink and not check.error <= tolerance:
            raise CheckFailedError(
                f"input {i}{list(index) or ''}: the derivative of order {order} is "
                f"{check.analytic:.10g} by the rule but {check.numeric:.10g} by differences "
                f"(relative error {check.error:.1e})"
            )
        if worst is None or (check.kink, check.error) > (worst.kink, worst.error):
            worst = check
    assert worst is not None
    return worst


def _check_entry(
    f: Callable[..., Value],
    data: list[Any],
    i: int,
    order: int,
    index: tuple[int, ...],
    analytic: float,
    step: float,
) -> Check:
    here = float(np.asarray(data[i])[index])
    h = step * max(1.0, abs(here))
    left, middle, right = (_at(f, data, i, index, here + d) for d in (-h, 0.0, h))
    numeric = (right - left) / (2 * h)
    scale = max(1.0, abs(analytic), abs(numeric))
    error = abs(analytic - numeric) / scale
    kink = math.isfinite(numeric) and abs((right - middle) - (middle - left)) / h > 0.01 * scale
    return Check(i, order, index, analytic, numeric, error, kink)


def _at(
    f: Callable[..., Value], data: list[Any], i: int, index: tuple[int, ...], x: float
) -> float:
    """`f` with one entry of one input changed."""
    changed = np.array(data[i], dtype=float)
    changed[index] = x
    return f(*(Value(changed if j == i else d) for j, d in enumerate(data))).item()
