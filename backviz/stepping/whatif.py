"""What-if: change a leaf, see what becomes of everything, and take it back.

Invariant: an edit makes a new run beside the others, so undo brings back the very numbers
that were there; the recorded values are never written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backviz.autodiff.check import Check, gradient_checks
from backviz.autodiff.recording import recorded
from backviz.autodiff.replay import as_function, forward, judge, leaves_of
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.stepping.answers import Answer, Note
from backviz.stepping.conditions import read_number
from backviz.stepping.entries import taken
from backviz.stepping.grids import in_line
from backviz.stepping.look import INDENT, Look
from backviz.stepping.state import State, gradients, is_known
from backviz.stepping.views import entry
from backviz.stepping.words import VERDICTS
from backviz.telling.record import GRAD
from backviz.telling.run import Run
from backviz.text import equal_sign, padded, product, screen_width

CHANGES = 40  # values of a comparison
ENTRIES = 6  # of a larger array that are named one by one
BESIDE, TWO = 10, 70  # columns beside two arrays, and for them
STEP = 0.01


@dataclass(frozen=True, slots=True)
class Change:
    """A value, or with `.grad` after its name a gradient, before and now; arrays compare whole."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True, eq=False, repr=False)
class Changes(Answer):
    """All values and gradients that are known at the present place and differ."""

    changes: tuple[Change, ...]

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if not self.changes:
            return look.lines(look.say("nothing differs"), 2)
        lines = old_to_new(look, self.changes[:CHANGES])
        if (left := len(self.changes) - CHANGES) <= 0:
            return lines
        return lines + look.lines(
            "  " + look.count("… {n} more change", "… {n} more changes", left), 2
        )


def set_leaf(state: State, text: str) -> tuple[State, Answer]:
    """`set NODE=VALUE`: run again to the same place with a leaf set to something else."""
    name, sign, value = text.partition("=")
    if not sign or not value.strip():
        raise InputError(
            state.look.say("write a leaf and its value, as in set a=5 or set W[0, 1] = 2")
        )
    return edited(state, [(name.strip(), read_number(value))])


def edited(state: State, edits: Sequence[tuple[str, Any]]) -> tuple[State, Changes]:
    """One edit: leaves, or entries of them, by name and new data."""
    made: dict[int, Any] = {}
    for name, data in edits:
        node, index, said = entry(state, name)
        record, look = state.record, state.look
        if said.startswith(record.names[node]) and name.partition("[")[0].endswith(GRAD):
            raise InputError(
                look.say(
                    "a gradient follows from the values; set a leaf, as in set {name}=5",
                    name=record.names[node],
                )
            )
        if record.values[node].op is not None:
            raise InputError(look.say("{name} is computed ({formula}), so it cannot be set; "
                                      "set one of {leaves}", name=record.names[node],
                                      formula=state.teller.formula(node),
                                      leaves=", ".join(_leaves_below(state, node))))  # fmt: skip
        made[node] = _put(made.get(node, state.run.values[node].data), index, data, said)
    run = state.run.changed(made)
    changed = state.but(runs=(*state.runs[: state.number + 1], run), number=state.number + 1)
    return changed, compare(changed, state.run, run)


def _leaves_below(state: State, node: int) -> list[str]:
    """Names of leaves that a value was computed from, a few."""
    seen, stack = {node}, [node]
    while stack:
        for i in state.record.inputs(stack.pop()):
            if i not in seen:
                seen.add(i)
                stack.append(i)
    record = state.record
    listed = [
        record.names[i] for i in sorted(seen) if record.values[i].op is None and record.label(i)
    ]
    return [*listed[:6], "…"] if len(listed) > 6 else listed or [state.record.names[min(seen)]]


def _put(old: Any, index: Any, value: Any, name: str) -> Any:
    """The old data with a value in place of an entry, or of all of it."""
    if index is None:
        if np.shape(value) != np.shape(old):
            told = {"name": name, "shape": np.shape(old), "given": np.shape(value)}
            if np.ndim(old):
                raise InputError(
                    _(
                        "{name} has shape {shape}, but the value has {given}; give one of that "
                        "shape, or set entries: {name}[0] = 1",
                        **told,
                    )
                )
            raise InputError(
                _(
                    "{name} has shape {shape}, but the value has {given}; give one of that shape",
                    **told,
                )
            )
        return value
    taken(old, index, name)  # says it if there is no such entry
    data = np.array(old)
    try:
        data[index] = value
    except ValueError:
        part = np.shape(np.asarray(old)[index])
        raise InputError(
            _(
                "{name} has shape {part}, but the value has {shape}",
                name=name,
                part=part,
                shape=np.shape(value),
            )
        ) from None
    return data


def compare(state: State, old: Run, new: Run) -> Changes:
    """Old → new for every value and gradient that is known at this place and differs."""
    record, nodes = state.record, range(state.record.last + 1)
    found = [
        Change(record.names[node], a, b)
        for node in nodes
        if _differ(a := old.values[node].data, b := new.values[node].data) and is_known(state, node)
    ]
    for node, (a, b) in enumerate(zip(gradients(state, old), gradients(state, new), strict=True)):
        if a is not None and _differ(a, b):
            found.append(Change(f"{record.names[node]}{GRAD}", a, b))
    return Changes(tuple(found))


def old_to_new(look: Look, changes: Sequence[Change]) -> list[str]:
    """Changes in columns; of arrays that are too long for a line the entries that differ."""
    rows = [row for change in changes for row in _told(change, look)]
    lines = look.table(rows)
    if all(
        screen_width(line) <= look.width and not line.startswith(" " * INDENT) for line in lines
    ):
        return lines
    width = max(screen_width(look.fit(name)) for name, *_other in rows)
    return [
        line
        for name, old, _sign, new in rows
        for line in look.lines(f"  {padded(look.fit(name), width)}  {old} → {new}", width + 4)
    ]


def _told(change: Change, look: Look) -> Iterator[tuple[str, str, str, str]]:
    """A change as a row, or a row for each of a few entries: name, old, arrow, new."""
    old, new = change.old, change.new
    named = np.shape(old) == np.shape(new) and np.ndim(old) > 0
    if named and screen_width(f"{change.name}{in_line(old, look)}{in_line(new, look)}") > min(
        look.width - BESIDE, TWO
    ):
        differ = np.argwhere(~((old == new) | (np.isnan(old) & np.isnan(new))))
        if len(differ) <= ENTRIES:
            for at in map(tuple, differ):
                name = f"{change.name}[{', '.join(map(str, at))}]"
                yield name, in_line(float(old[at]), look), "→", in_line(float(new[at]), look)
            return
    yield change.name, in_line(old, look), "→", in_line(new, look)


def _differ(old: Any, new: Any) -> bool:
    if type(old) is float and type(new) is float:
        return old != new and not (math.isnan(old) and math.isnan(new))
    return not np.array_equal(old, new, equal_nan=True)


def undo(state: State) -> tuple[State, Answer]:
    """`undo`: back to the numbers before the last edit."""
    if not state.number:
        return state, Note("nothing to undo")
    new = state.but(number=state.number - 1)
    return new, compare(new, state.run, new.run)


def redo(state: State) -> tuple[State, Answer]:
    """`redo`: the edit that was undone, again."""
    if state.number + 1 >= len(state.runs):
        return state, Note("nothing to redo")
    new = state.but(number=state.number + 1)
    return new, compare(new, state.run, new.run)


def diff(state: State) -> Changes:
    """`diff`: as recorded → now."""
    return compare(state, state.original, state.run)


def reset(state: State) -> tuple[State, Answer]:
    """`reset`: all leaves as recorded; undo brings the edits back."""
    if not state.run.edits:
        return state, Note("nothing to undo")
    runs = (*state.runs[: state.number + 1], state.original)
    new = state.but(runs=runs, number=len(runs) - 1)
    return new, compare(new, state.run, new.run)


@dataclass(frozen=True, eq=False, repr=False)
class Nudged(Answer):
    """What the gradient `rate` predicts for a change of `name` by `h`, and what comes of it.

    `predicted` is rate·h, `actual` is after − before, `difference` what lies between them. A
    rate of `None` says that no gradient comes there.
    """

    name: str
    h: float
    slope: str
    output: str
    rate: float | None
    predicted: float = 0.0
    before: float = 0.0
    after: float = 0.0
    actual: float = 0.0
    difference: float = 0.0

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if self.rate is None:
            return look.lines(f"{self.name}: {look.say('no gradient comes here')}", 2)
        numbers = look.numbers
        rows = [
            (look.say("predicted"), f"{self.slope}·h = {product([self.rate, self.h], numbers)}",
             f"{equal_sign([[self.rate, self.h]], self.predicted, numbers)} "
             f"{numbers.format(self.predicted)}"),
            (look.say("actual"),
             f"{self.output}: {numbers.format(self.before)} → {numbers.format(self.after)}",
             f"{equal_sign([[self.after], [-self.before]], self.actual, numbers)} "
             f"{numbers.format(self.actual)}"),
            (look.say("difference"), look.say("what the slope alone does not see"),
             f"= {numbers.format(self.difference)}"),
        ]  # fmt: skip
        head = look.say("{name} + h with h = {h}", name=self.name, h=numbers.format(self.h))
        return look.lines(head, 2) + look.table(rows)


def nudge_text(state: State, text: str) -> Nudged:
    """`nudge NODE h`, as it is typed."""
    found = re.fullmatch(r"(.+?)(?:\s+([-−+.\d][^\s\]]*))?", text.strip())
    if found is None:
        raise InputError(state.look.say("name a node, as in why a"))
    name, _gap, more = found[1].partition(" ")
    if more and not found[2] and name in state.record.taken:
        raise InputError(state.look.say("write a node and by how much, as in nudge a 0.01"))
    return nudge(state, found[1], read_number(found[2]) if found[2] else STEP)


def nudge(state: State, name: str, h: float = STEP) -> Nudged:
    """What the gradient predicts for a small change of a node or an entry, and what comes of it."""
    node, index, name = entry(state, name)
    record, run = state.record, state.run
    slope = run.whole(node)
    if not isinstance(h, float) or h == 0:
        raise InputError(state.look.say("write a node and by how much, as in nudge a 0.01"))
    output = record.names[record.last]
    called = f"{state.teller.partial(record.last, node)}{name[len(record.names[node]) :]}"
    if slope is None:
        return Nudged(name, h, called, output, None)
    old = run.values[node].data
    rate = float(np.sum(taken(slope, index, name)))
    new = old + h if index is None else _put(old, index, np.asarray(old)[index] + h, name)
    with recorded():
        found = forward(run.values, {run.values[node].serial: Value(new)})
    judge(run.values, found)
    made = found.get(run.output.serial, run.output)
    before, after = (float(np.sum(v.data)) for v in (run.output, made))
    beyond = _beyond_rounding(after - before - rate * h, before, after)
    return Nudged(name, h, called, output, rate, rate * h, before, after, after - before, beyond)


def _beyond_rounding(x: float, *of: float) -> float:
    """A difference, or 0 if rounding of what it is a difference of explains it."""
    return 0.0 if abs(x) <= 1e-14 * max(map(abs, of)) < math.inf else x


@dataclass(frozen=True, slots=True)
class Judged:
    """A gradient and what differences say; the verdict is ok, kink, fault or unsure."""

    order: int
    worst: str
    analytic: float
    numeric: float
    error: float
    verdict: str


@dataclass(frozen=True, eq=False, repr=False)
class Checked(Answer):
    """The gradients against finite differences, and what the check says it could not judge."""

    rows: tuple[Judged, ...]
    notes: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The exit code that fits: 4 where a gradient is wrong."""
        return 4 if any(row.verdict == "fault" for row in self.rows) else 0

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        heads = (
            look.say("order"),
            look.say("worst entry"),
            look.say("by the rule"),
            look.say("by differences"),
            look.say("error"),
            "",
        )
        exact, rough = (replace(look.numbers, digits=digits) for digits in (8, 2))
        rows = [
            (f"{r.order}", r.worst, exact.format(r.analytic), exact.format(r.numeric),
             rough.format(r.error), look.say(VERDICTS[r.verdict]))
            for r in self.rows
        ]  # fmt: skip
        table = look.table([heads, *rows], indent=0)
        return table + [line for note in self.notes for line in look.lines(note, 0)]


def check(state: State, name: str = "") -> Checked:
    """`check [NODE]`: the gradients of one node, or of all leaves, against finite differences."""
    record, run = state.record, state.run
    output = run.output
    leaves = [record.index[v.serial] for v in leaves_of(output)]
    nodes = [record.about(name.strip())] if name.strip() else leaves
    if not nodes or not output.requires_grad:
        raise InputError(state.look.say("there is nothing to check: no leaf wants a gradient"))
    chosen = [run.values[i] for i in nodes]
    report = gradient_checks(as_function(output, chosen), chosen, [record.names[i] for i in nodes])
    rows = [Judged(c.order, c.where, c.analytic, c.numeric, c.error, _judged(c)) for c in report]
    return Checked(tuple(rows), report.notes)


def _judged(check: Check) -> str:
    if check.fault:
        return "fault"
    return "kink" if check.kink else "unsure" if check.unsure else "ok"
