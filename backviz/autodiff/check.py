"""Gradient checking: the rules against central differences.

Invariant: shapes are asserted before numbers (an inner product is blind to a missing
unbroadcast), and entries are checked one by one, not a random direction.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.backward import gradients_of
from backviz.autodiff.data import as_data
from backviz.autodiff.value import Value
from backviz.errors import CheckFailedError

MOST = 1000  # entries of one input that are checked; of more, a random choice


class KinkWarning(UserWarning):
    """A gradient was asked for at a point where the function has none."""


@dataclass(frozen=True, slots=True)
class Check:
    """The worst entry of one input: where, and the two derivatives there.

    `error` is |analytic − numeric| / max(1, |analytic|, |numeric|). `kink` says that
    the slopes to the left and to the right differ, so no derivative exists there.
    `fault` is the sentence on what is wrong, "" if nothing is.
    """

    input: int
    label: str
    shape: tuple[int, ...]
    order: int
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    kink: bool
    fault: str = ""

    @property
    def where(self) -> str:
        """The input and the entry, as in `W[0, 1]`."""
        return self.label + (f"[{', '.join(map(str, self.index))}]" if self.index else "")


class Report(tuple[Check, ...]):
    """All checks of a function; prints as a table."""

    def __str__(self) -> str:
        rows = [("order", "worst entry", "by the rule", "by differences", "error", "")]
        for c in self:
            verdict = "WRONG" if c.fault else "kink" if c.kink else "ok"
            numbers = f"{c.analytic:.8g}", f"{c.numeric:.8g}", f"{c.error:.1e}"
            rows.append((str(c.order), c.where, *numbers, verdict))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )

    __repr__ = __str__


def check_grads(
    f: Callable[..., Value],
    *args: Any,
    order: int = 1,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Report:
    """Compare the gradients of `f` with central differences, up to `order`.

    `f` takes recorded values and returns one; an output that is an array is
    weighted with random numbers, and so is each gradient for the next order.
    Returns the worst entry for each input and order; raises `CheckFailedError` if a
    shape or a number is wrong. Entries at a kink are not judged: a `KinkWarning` names them.

    >>> print(check_grads(lambda x: x * x, 2.0, step=0.5))  # exact for a parabola
    order  worst entry  by the rule  by differences  error
    1      input 0      4            4               0.0e+00  ok
    """
    report = gradient_checks(f, args, order=order, step=step, tolerance=tolerance, seed=seed)
    for check in report:
        if check.fault:
            raise CheckFailedError(check.fault)
        if check.kink:
            warnings.warn(
                f"{check.where} lies at a kink: {check.analytic:.6g} is one of several slopes",
                KinkWarning,
                stacklevel=2,
            )
    return report


def gradient_checks(
    f: Callable[..., Value],
    args: Sequence[Any],
    labels: Sequence[str] = (),
    *,
    order: int = 1,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Report:
    """What `check_grads` finds, without raising or warning."""
    data = [_double(a.data if isinstance(a, Value) else a) for a in args]
    called = list(labels) or [f"input {i}" for i in range(len(data))]
    random = np.random.default_rng(seed)
    checks: list[Check] = []
    target = _weighted(f, data, random)
    for level in range(1, order + 1):
        gradients = _gradients(target, data)
        for i, label in enumerate(called):
            indices = _chosen(np.shape(data[i]), random)
            checks.append(
                _check_input(target, data, gradients[i], i, label, level, indices, step, tolerance)
            )
        if level < order:
            target = _next_order(target, data, random)
    return Report(checks)


def _double(x: Any) -> Any:
    """Data in double precision: differences of float32 numbers say nothing."""
    data = as_data(x)
    return data if isinstance(data, float) else data.astype(np.float64)


def _chosen(shape: tuple[int, ...], random: np.random.Generator) -> list[tuple[int, ...]]:
    """The entries to look at: all, or a random choice of a large array."""
    size = math.prod(shape)
    if size <= MOST:
        return list(np.ndindex(shape))
    flat = sorted(random.choice(size, MOST, replace=False))
    return [tuple(int(k) for k in np.unravel_index(i, shape)) for i in flat]


def _gradients(f: Callable[..., Value], data: list[Any]) -> list[Any]:
    leaves = tuple(Value(x) for x in data)
    output = f(*leaves)
    if output.requires_grad:
        return gradients_of(output, leaves)
    return [np.zeros_like(x) for x in data]


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
        output = f(*xs)
        if not output.requires_grad:
            return total
        gradients = gradients_of(output, xs, create_graph=True)
        for gradient, weight in zip(gradients, weights, strict=True):
            term = gradient * as_data(weight)
            total = total + (term.sum() if np.ndim(weight) else term)
        return total

    return combined


def _check_input(
    f: Callable[..., Value],
    data: list[Any],
    analytic: Any,
    i: int,
    label: str,
    order: int,
    indices: list[tuple[int, ...]],
    step: float,
    tolerance: float,
) -> Check:
    shape = np.shape(data[i])
    if np.shape(analytic) != shape:
        fault = (
            f"{label}: the gradient of order {order} has shape {np.shape(analytic)}, "
            f"but the input has {shape}"
        )
        return Check(i, label, shape, order, (), math.nan, math.nan, math.nan, False, fault)
    worst = Check(i, label, shape, order, (), 0.0, 0.0, 0.0, False)
    for number, index in enumerate(indices):
        here = float(np.asarray(analytic)[index])
        numeric, error, kink = _differences(f, data, i, index, here, step)
        fault = ""
        check = Check(i, label, shape, order, index, here, numeric, error, kink)
        if not kink and not error <= tolerance:
            fault = (
                f"{check.where}: the derivative of order {order} is {here:.10g} by the rule but "
                f"{numeric:.10g} by differences (relative error {error:.1e})"
            )
            check = Check(i, label, shape, order, index, here, numeric, error, kink, fault)
        if number == 0 or _badness(check) > _badness(worst):
            worst = check
    return worst


def _badness(check: Check) -> tuple[bool, bool, float]:
    return bool(check.fault), check.kink, math.inf if math.isnan(check.error) else check.error


def _differences(
    f: Callable[..., Value],
    data: list[Any],
    i: int,
    index: tuple[int, ...],
    analytic: float,
    step: float,
) -> tuple[float, float, bool]:
    """The central difference, its distance from the rule, and whether there is a kink."""
    here = float(np.asarray(data[i])[index])
    h = step * max(1.0, abs(here))

    def slopes(width: float) -> tuple[float, float]:
        left, middle, right = (_at(f, data, i, index, here + d) for d in (-width, 0.0, width))
        return (middle - left) / width, (right - middle) / width

    before, after = slopes(h)
    numeric = (before + after) / 2
    scale = max(1.0, abs(analytic), abs(numeric))
    error = abs(analytic - numeric) / scale
    jump = abs(after - before)
    if not math.isfinite(numeric) or jump <= 0.01 * scale:
        return numeric, error, False
    # strong curvature bends less over a shorter stretch, a kink does not
    closer, beyond = slopes(h / 8)
    return numeric, error, abs(beyond - closer) > jump / 2


def _at(
    f: Callable[..., Value], data: list[Any], i: int, index: tuple[int, ...], x: float
) -> float:
    """`f` with one entry of one input changed."""
    changed = np.array(data[i], dtype=float)
    changed[index] = x
    return f(*(Value(changed if j == i else d) for j, d in enumerate(data))).item()
