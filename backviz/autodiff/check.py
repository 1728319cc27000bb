"""Gradient checking: the rules against differences of the function.

Invariant: shapes are asserted before numbers (an inner product is blind to a missing
unbroadcast). Entries are checked one by one while that is a bounded amount of work; beyond,
a choice of them, and all the others together along random directions.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from backviz.autodiff.arguments import Taken, name_of_argument, plain_places
from backviz.autodiff.backward import gradients_of
from backviz.autodiff.data import as_data
from backviz.autodiff.differences import EPSILON, LEAST_STEP, WRONG, WRONG_ALONG, Verdict
from backviz.autodiff.exits import Watch, whole_record
from backviz.autodiff.probes import WORK, Point, bending_op, judge_direction, judge_entry
from backviz.autodiff.recording import recorded
from backviz.autodiff.reruns import random_state
from backviz.autodiff.value import Value
from backviz.errors import CheckFailedError, InputError, UsageError
from backviz.language import _, ngettext
from backviz.text import clean

MOST = 1000  # entries of one input that are checked one by one
LEAST = 6  # probes there are however much work one is
SPLITS = 32  # probes more, to find the input at fault among those that were checked together


class KinkWarning(UserWarning):
    """A gradient was asked for at a point where the function has none."""


@dataclass(frozen=True, slots=True)
class Check:
    """The worst entry of one input: where, and the two derivatives there.

    `error` is |analytic − numeric| over the larger of the two; where both are small, over the
    size that rounding leaves of them, at most 1. `kink` says that the slopes to the left and to
    the right differ, so no derivative exists there, `unsure` that differences cannot tell.
    `source` is the op that it comes from, with the kink in its row, "" if unknown.
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
    unsure: bool = False
    source: str = ""

    @property
    def where(self) -> str:
        """The input and the entry, as in `W[0, 1]`."""
        return clean(self.label) + (f"[{', '.join(map(str, self.index))}]" if self.index else "")


class Report(tuple[Check, ...]):
    """All checks of a function; prints as a table, with a sentence on what was not judged."""

    notes: tuple[str, ...]

    def __new__(cls, checks: Iterable[Check] = (), notes: Iterable[str] = ()) -> Self:
        """The checks, and sentences on what was not judged."""
        report = super().__new__(cls, checks)
        report.notes = tuple(dict.fromkeys(notes))
        return report

    @property
    def wrong(self) -> str:
        """What is wrong, in a sentence; "" if nothing is."""
        wrong = [c.fault for c in self if c.fault]
        return "; ".join(wrong[:3]) + ("; …" if len(wrong) > 3 else "")

    def __str__(self) -> str:
        heads = _("order"), _("worst entry"), _("by the rule"), _("by differences"), _("error")
        rows = [(*heads, "")]
        for c in self:
            verdict = "WRONG" if c.fault else "kink" if c.kink else "?" if c.unsure else "ok"
            numbers = f"{c.analytic:.8g}", f"{c.numeric:.8g}", f"{c.error:.1e}"
            rows.append((str(c.order), c.where, *numbers, _(verdict)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *self.notes])

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

    `f` takes recorded values, or containers of them, and returns one; an output that is an array is
    weighted with random numbers, and so is each gradient for the next order.
    Returns the worst entry for each input and order; raises `CheckFailedError` if a
    shape or a number is wrong. Entries at a kink are not judged: a `KinkWarning` names them.
    Nor are those whose differences rounding hides; the report says "?" there. Of large inputs
    `seed` chooses the entries that are checked one by one.

    >>> print(check_grads(lambda x: x * x, 2.0, step=0.5))  # exact for a parabola
    order  worst entry  by the rule  by differences  error
    1      input 0      4            4               0.0e+00  ok
    """
    report = function_checks(f, *args, order=order, step=step, tolerance=tolerance, seed=seed)
    for check in report:
        if check.fault:
            raise CheckFailedError(check.fault)
        if check.kink:
            said = _("{where} lies at a kink: {slope:.6g} is one of several slopes",
                     where=check.where, slope=check.analytic)  # fmt: skip
            said += ". " + _("It comes from {source}", source=check.source) if check.source else ""
            warnings.warn(said, KinkWarning, stacklevel=2)
    return report


def function_checks(f: Callable[..., Value], *args: Any, **how: Any) -> Report:
    """What `check_grads` finds, without raising or warning."""
    called, data, names = _flat(f, args)
    return gradient_checks(called, data, names, **how)


def _flat(
    f: Callable[..., Any], args: Sequence[Any]
) -> tuple[Callable[..., Any], list[Any], list[str]]:
    """The function of all that has a derivative in its arguments, that data, and its names."""
    taken = {i: Taken(a, name_of_argument(f, i)) for i, a in enumerate(args)}
    if any("whole" in t.kinds for t in taken.values()):
        with recorded():
            places = plain_places(f, taken, args)
    else:
        places = frozenset()
    spots = [
        (i, k) for i, t in taken.items() for k in t.variables([k for j, k in places if j == i])
    ]
    if args and not spots:
        raise InputError(
            _("check_grads: no argument has a derivative; give floats or arrays of floats")
        )

    def called(*values: Value) -> Any:
        new: dict[int, dict[int, Any]] = {i: {} for i in taken}
        for (i, k), value in zip(spots, values, strict=True):
            new[i][k] = value
        return f(*(t.put(new[i]) for i, t in taken.items()))

    names = [
        taken[i].names[k] if taken[i].is_container and taken[i].names[k] else f"input {i}"
        for i, k in spots
    ]
    return called, [taken[i].leaves[k] for i, k in spots], names


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
    """The same for a function of recorded values that are all checked."""
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
    if step < LEAST_STEP:
        raise UsageError(
            _("check: a step of {step:.3g} lies below the spacing of numbers, {epsilon:.1e} of "
              "each, so it changes nothing; take 1e-5", step=step, epsilon=EPSILON)
        )  # fmt: skip
    data = [as_double(a.raw if isinstance(a, Value) else a) for a in args]
    called = list(labels) or [f"input {i}" for i in range(len(data))]
    random = np.random.default_rng(seed)
    checks: list[Check] = []
    notes: list[str] = []
    watch = Watch()
    target = _weighted(_repeated(f, watch), data, random)
    for level in range(1, order + 1):
        point = Point.of(target, data)
        if (there := differs_again(point)) is not None:
            nan = math.nan
            note = _("the function is not repeatable: two runs at one point gave {one!r} and "
                     "{other!r}", one=point.value, other=there)  # fmt: skip
            blank = [Check(i, label, np.shape(x), level, (), nan, nan, nan, False, unsure=True)
                     for i, (label, x) in enumerate(zip(called, data, strict=True))]  # fmt: skip
            return Report([*checks, *blank], [*notes, note])
        run = _Run(point, called, level, step, tolerance, random, watch.lines)
        checks += run.checks()
        notes += run.notes()
        if level < order:
            target = _next_order(target, data, random)
    return Report(checks, notes)


def _repeated(f: Callable[..., Value], watch: Watch) -> Callable[..., Value]:
    """`f`, every run of it with the same random numbers; `watch` sees what leaves its record."""
    restore = random_state(f)

    def run(*xs: Value) -> Value:
        restore()
        with whole_record(watch):
            return f(*xs)

    return run


def differs_again(point: Point) -> float | None:
    """What another run at the same point gives, if that differs by more than rounding."""
    there = point.at_direction({}, 0.0)
    near = abs(there - point.value) <= 10 * point.rounding
    return None if near or np.array_equal(there, point.value, equal_nan=True) else there


def as_double(x: Any) -> Any:
    """Data in double precision: differences of float32 numbers say nothing."""
    data = as_data(x)
    return data if isinstance(data, float) else data.astype(np.float64)


def _weighted(
    f: Callable[..., Value], data: list[Any], random: np.random.Generator
) -> Callable[..., Value]:
    """`f` as a scalar function: its entries times fixed random weights, summed."""
    output = f(*map(Value, data))
    if not isinstance(output, Value):
        raise InputError(_("check_grads: the function returns a {kind}, not a recorded value",
                           kind=type(output).__name__))  # fmt: skip
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


class _Run:
    """The checks of one order: which entries are probed, and what each probe says."""

    def __init__(
        self,
        point: Point,
        called: Sequence[str],
        order: int,
        step: float,
        tolerance: float,
        random: np.random.Generator,
        lines: Mapping[str, str],
    ) -> None:
        self.point, self.called, self.order, self.lines = point, called, order, lines
        self.how = {"step": step, "tolerance": tolerance}
        self.random = random
        self.shapes = [np.shape(x) for x in point.data]
        self.sizes = [math.prod(shape) for shape in self.shapes]
        self.probes = max(LEAST, int(WORK / (2 * point.work)))
        self.single, self.splits, self.groups = 0, SPLITS, 0
        self.unsure: list[Check] = []

    def checks(self) -> list[Check]:
        """A row for each input that is looked at by itself, and one for each group of others."""
        made = [self._misshapen(i) for i in range(len(self.shapes)) if self._is_misshapen(i)]
        right = [i for i in range(len(self.shapes)) if not self._is_misshapen(i)]
        chosen = self._chosen(right)
        for i, indices in chosen.items():
            if indices or not self.sizes[i]:
                made.append(self._worst(i, indices))
                self.single += len(indices)
        made.sort(key=lambda check: check.input)
        rest = [i for i in right if len(chosen[i]) < self.sizes[i]]
        for group in self._grouped(rest):
            made += self._together(group)
        self.unsure = [check for check in made if check.unsure]
        return made

    def notes(self) -> list[str]:
        """What was not looked at by itself, and what could not be judged."""
        said = []
        total = sum(self.sizes)
        if self.single < total:
            said.append(ngettext(
                "{k:,} of {m:,} entries were checked one by one, the others together, along {n} "
                "random direction",
                "{k:,} of {m:,} entries were checked one by one, the others together, along {n} "
                "random directions", self.groups, k=self.single, m=total,
            ))  # fmt: skip
        if self.unsure:
            names = ", ".join(c.where for c in self.unsure[:5]) + ", …" * (len(self.unsure) > 5)
            why = _("the function is not finite beside this point")
            if not all(math.isnan(c.error) for c in self.unsure):
                lost = f"{self.point.rounding:.1g}"
                why = _("rounding of the result, by about {lost}, hides what a step changes",
                        lost=lost)  # fmt: skip
            said.append(_("differences cannot tell about {names}: {why}", names=names, why=why))
        return said

    def _is_misshapen(self, i: int) -> bool:
        return bool(np.shape(self.point.gradients[i]) != self.shapes[i])

    def _misshapen(self, i: int) -> Check:
        shape = np.shape(self.point.gradients[i])
        fault = _("{name}: the gradient of order {order} has shape {shape}, but the input has "
                  "{other}", name=clean(self.called[i]), order=self.order, shape=shape,
                  other=self.shapes[i])  # fmt: skip
        nan = math.nan
        return Check(i, self.called[i], self.shapes[i], self.order, (), nan, nan, nan, False, fault)

    def _chosen(self, inputs: list[int]) -> dict[int, list[tuple[int, ...]]]:
        """The entries to look at one by one: all, or what half of the probes allow."""
        counts = {i: min(self.sizes[i], MOST) for i in inputs}
        if sum(counts.values()) > self.probes:
            each, left = divmod(self.probes // 2, max(1, len(inputs)))
            if each:
                counts = {i: min(count, each) for i, count in counts.items()}
            else:
                some = set(self.random.choice(len(inputs), left, replace=False).tolist())
                counts = {i: int(k in some and counts[i] > 0) for k, i in enumerate(inputs)}
        return {i: self._entries(i, count) for i, count in counts.items()}

    def _entries(self, i: int, count: int) -> list[tuple[int, ...]]:
        shape = self.shapes[i]
        if count == self.sizes[i]:
            return list(np.ndindex(shape))
        flat = self.random.choice(self.sizes[i], count, replace=False)
        return [tuple(int(k) for k in np.unravel_index(j, shape)) for j in sorted(flat)]

    def _grouped(self, rest: list[int]) -> list[list[int]]:
        """Inputs that are moved together; as many groups as a quarter of the probes allows."""
        number = min(len(rest), max(1, self.probes // 4))
        return [list(map(int, part)) for part in np.array_split(rest, number)] if rest else []

    def _worst(self, i: int, indices: list[tuple[int, ...]]) -> Check:
        worst = Check(i, self.called[i], self.shapes[i], self.order, (), 0.0, 0.0, 0.0, False)
        for number, index in enumerate(indices):
            slope, verdict = judge_entry(self.point, i, index, **self.how)
            check = self._told(i, self.called[i], self.shapes[i], index, slope, verdict)
            if number == 0 or _badness(check) > _badness(worst):
                worst = check
        if worst.kink and (op := bending_op(self.point, i, worst.index)) and op.kink:
            return replace(worst, source=f"{op.name}, as in {op.kink.of(op.name)}")
        return worst

    def _together(self, inputs: list[int]) -> list[Check]:
        """Inputs along one direction; where that is not right, the halves, down to one input."""
        made: list[Check] = []
        waiting = [inputs]
        while waiting:
            group = waiting.pop()
            self.groups += 1
            slope, verdict = judge_direction(self.point, group, self.random, **self.how)
            bad = verdict.state in ("wrong", "kink")
            if bad and len(group) > 1 and self.splits > 0:
                self.splits -= 2
                half = len(group) // 2
                waiting += [group[half:], group[:half]]
                continue
            i = group[0]
            if bad and not self.shapes[i] and len(group) == 1:
                made.append(self._worst(i, [()]))
                continue
            label = self.called[i]
            if len(group) > 1:
                last = self.called[group[-1]]
                label = _("{first} … {last} ({n} together)", first=label, last=last, n=len(group))
            elif self.shapes[i]:
                label = _("{name} (all entries)", name=label)
            made.append(self._told(i, label, (), (), slope, verdict, WRONG_ALONG))
        return made

    def _told(
        self,
        i: int,
        label: str,
        shape: tuple[int, ...],
        index: tuple[int, ...],
        slope: float,
        verdict: Verdict,
        how: str = WRONG,
    ) -> Check:
        check = Check(
            i, label, shape, self.order, index, slope, verdict.numeric, verdict.error,
            verdict.state == "kink", "", verdict.state == "unsure",
        )  # fmt: skip
        if verdict.state != "wrong":
            return check
        fault = _(how, where=check.where, order=self.order, rule=slope, numeric=verdict.numeric,
                  error=verdict.error)  # fmt: skip
        if self.lines:
            lines = [*self.lines.items()][:3]
            left = ", ".join(_("{call} at {line}", call=call, line=at) for at, call in lines)
            fault = _("{fault}; numbers left the record by {calls}", fault=fault, calls=left)
        return replace(check, fault=fault)


def _badness(check: Check) -> tuple[bool, bool, bool, float]:
    error = math.inf if math.isnan(check.error) else check.error
    return bool(check.fault), check.kink, check.unsure, error
