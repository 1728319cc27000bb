"""A file's function run again on moved leaves: the function itself, not its record.

Invariant: every run finds random numbers and leaves as the first one found them, and they are
put back afterwards. What cannot be run again, or gives another result, is never called wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from backviz.autodiff.check import Check, as_double, differs_again
from backviz.autodiff.custody import Custody, since_of
from backviz.autodiff.differences import Verdict
from backviz.autodiff.exits import Watch, whole_record
from backviz.autodiff.probes import WORK, Point, judge_direction, judge_entry
from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.reruns import Births, copied, following, random_state
from backviz.autodiff.tape import names, tape
from backviz.autodiff.value import Value
from backviz.errors import BackvizError
from backviz.language import _
from backviz.sources.files import is_function, program_of, value_of
from backviz.sources.program import Program
from backviz.text import clean

LARGEST = 1_000_000  # numbers in the leaves of a function that is called again unasked
GROUPS = 8  # directions in which the leaves are moved; fewer leaves are moved one by one


class Again:
    """A value of a file, and the way to compute it anew from other leaves.

    A function is called again; a value, or a function that reads what the file has computed
    from leaves, takes a run of the whole file. Raises what `record_file` raises.
    """

    def __init__(self, source: str, note: Callable[[str], None] | None = None) -> None:
        self.source, self.births = source, Births()
        self._whole, self._call = Watch(), Watch()
        self._restore = random_state()
        self.program, self.name = program_of(source, note)
        with following(self.births):
            with whole_record(self._whole):
                self.found = self.program.run()
            self._early = len(self.births.leaves)
            mark = Value(0.0, requires_grad=False).serial
            self.births.first = [copied(leaf.raw) for leaf in self.births.leaves]
            restore = random_state(*self.program.modules(), self.found, self.found.get(self.name))
            with whole_record(self._call):
                value = value_of(self.program, self.name, self.found, source)
        self.value, self.changed = self.program.past.as_recorded(value)
        values = tape(self.value)
        self.is_function = is_function(self.found[self.name])
        self.calls = self.is_function and not any(v.op and v.serial < mark for v in values)
        if self.calls:
            self._restore = restore
        self._places = {leaf.serial: i for i, leaf in enumerate(self.births.leaves)}

    @property
    def lines(self) -> dict[str, str]:
        """Where numbers left the record, and by what."""
        return self._call.lines if self.calls else {**self._whole.lines, **self._call.lines}

    def why_not(self, leaves: Sequence[Value]) -> str:
        """Why it is not run again on moved leaves; "" if it is."""
        if not self.is_function and not self.lines:
            return _("name a function that returns it to have that run again")
        if self.changed:
            name = clean(self.changed[0].label) or _("a leaf")
            return _(
                "{name} was changed after {name2} was computed, as by training",
                name=name,
                name2=self.name,
            )
        for leaf in leaves:
            place = self._places.get(leaf.serial)
            called = clean(leaf.label) or _("a leaf")
            if place is None:
                return _("where {called} is made cannot be told", called=called)
            if not np.array_equal(self.births.first[place], leaf.raw, equal_nan=True):
                return _("{called} was changed after it was made, as by training", called=called)
        coarse = [v.dtype for v in tape(self.value) if v.dtype.itemsize < 8]
        if coarse:
            return _("differences of {coarse} numbers say nothing", coarse=coarse[0])
        return ""

    def function(
        self, leaves: Sequence[Value], hold: bool = False, fresh: bool = False
    ) -> Callable[..., Value]:
        """The file's function of these leaves; `hold` keeps what left the record as it was.

        With `fresh` its random numbers go on, where else every run has those of the first.
        """
        places = [self._places[leaf.serial] for leaf in leaves]

        def run(*given: Value) -> Value:
            moved = {
                place: x.raw
                for place, x in zip(places, given, strict=True)
                if not np.array_equal(x.raw, self.births.first[place])
            }
            births = Births(moved=moved, held=self.births.first if hold else [])
            if not fresh:
                self._restore()
            with whole_record(self._watch(hold)), following(births), unheard():
                if not self.calls:
                    program, name = program_of(self.source)
                    return value_of(program, name, program.run(), self.source)
                births.start = self._early
                with self._moved(moved):
                    return value_of(self.program, self.name, self.found, self.source)

        return run

    def _watch(self, hold: bool) -> Watch:
        left = self._call.left if self.calls else chain(self._whole.left, self._call.left)
        return Watch(held=iter(left) if hold else None)

    @contextmanager
    def _moved(self, moved: dict[int, Any]) -> Iterator[None]:
        """Leaves that were there before the call hold other numbers for a while."""
        early = self.births.leaves[: self._early]
        before = [(leaf.raw, leaf.second, leaf.grad) for leaf in early]
        for place, leaf in enumerate(early):
            leaf.raw = copied(moved.get(place, self.births.first[place]))
            leaf.second = Custody() if isinstance(leaf.second, Custody) else None
        try:
            yield
        finally:
            for leaf, (data, since, gradient) in zip(early, before, strict=True):
                leaf.raw, leaf.second, leaf.grad = data, since, gradient


class Called(Again):
    """The same for a function that a file has been asked for already: it is called, no more."""

    def __init__(
        self, source: str, program: Program, found: dict[str, Any], value: Value, births: Births,
        left: Watch, restore: Callable[[], None], start: int,
    ) -> None:  # fmt: skip
        self.source, self.program, self.found, self.value = source, program, found, value
        self.name = source.rpartition(":")[2]
        self.births, self._call, self._whole, self._restore = births, left, Watch(), restore
        self.is_function = self.calls = True
        self.changed: list[Value] = []
        made = {leaf.serial for leaf in births.leaves}
        early = [leaf for leaf in leaves_of(value) if leaf.serial not in made]
        self._early = len(early)
        self.trains = any(since_of(leaf) > start for leaf in early)
        births.leaves[:0] = early
        births.first[:0] = [copied(leaf.raw) for leaf in early]
        self._places = {leaf.serial: i for i, leaf in enumerate(births.leaves)}


def what_is_lost(called: Called) -> list[str]:
    """Sentences on numbers that left the record, if the result moves with them; a few calls.

    What trains is not called again.
    """
    leaves = leaves_of(called.value)
    if not leaves or sum(leaf.size for leaf in leaves) > LARGEST or called.trains:
        return []
    named = names(tape(called.value))
    labels = [named[leaf.serial] for leaf in leaves]
    rows, _other = compare(called, labels, step=1e-5, tolerance=1e-6, seed=0, groups=1)
    return [row.fault for row in rows]


@contextmanager
def unheard() -> Iterator[None]:
    """What a program prints, it has printed at its first run."""
    with open(os.devnull, "w", encoding="utf-8") as nothing, redirect_stderr(nothing):  # noqa: PTH123
        yield


def compare(
    again: Again,
    labels: Sequence[str],
    *,
    step: float,
    tolerance: float,
    seed: int,
    groups: int = GROUPS,
) -> tuple[list[Check], list[str]]:
    """What the function says when it is run again, where that is not what its record says.

    Returns a row for each leaf, or group of leaves, whose derivative is another one because a
    number left the record, and sentences on what was not compared or not judged.
    """
    leaves = leaves_of(again.value)
    if why := again.why_not(leaves):
        return [], [
            _("the record of {name} was checked, not the program: {why}", name=again.name, why=why)
        ]
    random = np.random.default_rng(seed)
    shape = again.value.shape
    weights = random.uniform(0.5, 1.5, shape) if shape else 1.0
    data = [as_double(leaf.raw) for leaf in leaves]
    point = Point.of(_weighted(as_function(again.value, leaves), weights), data)
    free, held = (
        replace(point, function=_weighted(again.function(leaves, hold), weights))
        for hold in (False, True)
    )
    try:
        if (there := differs_again(free)) is not None:
            return [], [
                _(
                    "{name} is not repeatable: two runs at one point gave {value!r} and "
                    "{there!r}; the record of the first was checked",
                    name=again.name,
                    value=free.value,
                    there=there,
                )
            ]
        how = {"step": step, "tolerance": tolerance}
        return _rows(again, free, held, labels, random, how, groups)
    except (BackvizError, TypeError, ValueError) as error:
        first = clean(str(error).splitlines()[0]) if str(error) else type(error).__name__
        return [], [
            _(
                "the record of {name} was checked, not the program, which cannot be run on "
                "other numbers: {first}",
                name=again.name,
                first=first,
            )
        ]


def _weighted(f: Callable[..., Value], weights: Any) -> Callable[..., Value]:
    """One number of an array's entries; an output of another shape does not fit."""
    if not np.ndim(weights):
        return f
    return lambda *xs: (f(*xs) * weights).sum()


def _rows(
    again: Again,
    free: Point,
    held: Point,
    labels: Sequence[str],
    random: np.random.Generator,
    how: dict[str, float],
    groups: int,
) -> tuple[list[Check], list[str]]:
    number = max(1, min(len(labels), groups, int(WORK / (6 * free.work))))
    rows, notes = [], []
    for group in np.array_split(np.arange(len(labels)), number):
        inputs = group.tolist()
        seed = int(random.integers(1 << 31))
        slope, verdict = _judged(free, inputs, seed, how)
        if verdict.state != "wrong":
            continue
        name = labels[inputs[0]] + (f" … {labels[inputs[-1]]}" if len(inputs) > 1 else "")
        if again.lines and _judged(held, inputs, seed, how)[1].state != "wrong":
            where = ", ".join(f"{call} at {line}" for line, call in [*again.lines.items()][:3])
            fault = _(
                "{name}: run again on moved inputs, {name2} has the derivative "
                "{numeric:.10g}, but its record {slope:.10g}: numbers left the record by "
                "{where}",
                name=clean(name),
                name2=again.name,
                numeric=verdict.numeric,
                slope=slope,
                where=where,
            )
            row = Check(
                inputs[0], f"{name}, run again", (), 1, (), slope, verdict.numeric, verdict.error,
                False, fault,
            )  # fmt: skip
            rows.append(row)
        else:
            notes.append(
                _(
                    "run again on moved inputs, {name} has the derivative {numeric:.6g} for "
                    "{name2}, but its record {slope:.6g}: the record holds fixed what .data, "
                    ".item(), .numpy(), detach() or no_grad() take out of it",
                    name=again.name,
                    numeric=verdict.numeric,
                    name2=clean(name),
                    slope=slope,
                )
            )
    return rows, notes


def _judged(
    point: Point, inputs: list[int], seed: int, how: dict[str, float]
) -> tuple[float, Verdict]:
    if len(inputs) == 1 and not np.ndim(point.data[inputs[0]]):
        return judge_entry(point, inputs[0], (), **how)
    return judge_direction(point, inputs, np.random.default_rng(seed), **how)
