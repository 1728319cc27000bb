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
from backviz.autodiff.recording import recorded
from backviz.autodiff.value import Value
from backviz.errors import CheckFailedError, InputError

MOST = 1000  # entries of one input that are checked; of more, a random choice


STEPS = (1, 8, 64, 512, 4096)  # by how much the step is shrunk where rule and differences disagree


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
            unknown = math.isnan(c.error) and not c.fault
            verdict = "WRONG" if c.fault else "kink" if c.kink else "?" if unknown else "ok"
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
    with recorded():
        return _checks(f, args, labels, order, step, tolerance, seed)


def _checks(
    f: Callable[..., Value],
    args: Sequence[Any],
    labels: Sequence[str],
    order: int,
    step: float,
    tolerance: float,
    seed: int,
) -> Report:
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
    output = f(*map(Value, data))
    if not isinstance(output, Value):
        raise InputError(
            f"check_grads: the function returns a {type(output).__name__}, not a recorded value"
        )
    shape = output.shape
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
        numeric, error, kink = _differences(f, data, i, index, here, step, tolerance)
        fault = ""
        check = Check(i, label, shape, order, index, here, numeric, error, kink)
        if not kink and error > tolerance:
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
    tolerance: float,
) -> tuple[float, float, bool]:
    """The central difference, its distance from the rule, and whether there is a kink.

    Where the two disagree, the step is made smaller and the error of the step itself, which
    falls with its square, is extrapolated away. NaN stands for "no finite differences".
    """
    here = float(np.asarray(data[i])[index])
    middle = _at(f, data, i, index, here)
    best, least = math.nan, math.inf
    coarse, sides = math.nan, []
    for shrink in STEPS:
        h = step * max(1.0, abs(here)) / shrink
        before = (middle - _at(f, data, i, index, here - h)) / h
        after = (_at(f, data, i, index, here + h) - middle) / h
        fine = (before + after) / 2
        if not math.isfinite(fine):
            continue
        sides.append((before, after))
        for numeric in (fine, (64 * fine - coarse) / 63):
            scale = max(1.0, abs(analytic), abs(numeric))
            error = abs(analytic - numeric) / scale
            if error < least:
                best, least = numeric, error
        if least <= tolerance and abs(after - before) <= 0.01 * scale:
            return best, least, False
        coarse = fine
    if not sides:
        return math.nan, math.nan, False
    return best, least, _is_kink(sides, analytic)


def _is_kink(sides: list[tuple[float, float]], analytic: float) -> bool:
    """Whether the slopes of both sides stay apart as the step shrinks, the rule's between them."""
    (before, after), (closer, beyond) = sides[0], sides[-1]
    scale = max(1.0, abs(closer), abs(beyond))
    jump = abs(beyond - closer)
    slack = 0.01 * scale
    between = min(closer, beyond) - slack <= analytic <= max(closer, beyond) + slack
    return between and jump > slack and jump > abs(after - before) / 2


def _at(
    f: Callable[..., Value], data: list[Any], i: int, index: tuple[int, ...], x: float
) -> float:
    """`f` with one entry of one input changed."""
    changed = np.array(data[i], dtype=float)
    changed[index] = x
    return f(*(Value(changed if j == i else d) for j, d in enumerate(data))).item()
