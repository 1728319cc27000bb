"""Commands that move the cursor, by one visible step or by many, both ways.

Invariant: a move changes the place and nothing else; `back` undoes exactly one visible
step, and `next` after it comes to the same place again.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import neg
from typing import Any

import numpy as np

from backviz.errors import InputError
from backviz.stepping.answers import Answer, Note, joined
from backviz.stepping.blocks import heading, step_lines
from backviz.stepping.breaks import Event
from backviz.stepping.grids import in_line
from backviz.stepping.look import Look
from backviz.stepping.state import State, arrived, gradient, is_known, node_at
from backviz.stepping.words import NOTES
from backviz.telling.step import Step, equation
from backviz.telling.timeline import Place

PASSED = 12  # steps that a move of several prints by one line each
WATCHED = 20  # changes of a watched value that a move prints
FAULTS = ("nan", "inf")  # breaks at what should not be


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that was passed on the way; `seed` says that a backward pass begins with it."""

    place: Place
    node: str
    formula: str
    seed: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What a watched node has: `None` for a value or gradient that is not known."""

    value: Any
    grad: Any
    k: int
    m: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A change of a watched node, at a place on the way."""

    place: Place
    name: str
    before: Held
    after: Held


@dataclass(frozen=True, eq=False, repr=False)
class Moved(Answer):
    """Where a move led: the steps that were passed (the first few), and the step it ended with.

    `stopped` is the break that stopped it, `more` says that further steps were passed, `end`
    that there is nothing ahead.
    """

    step: Step
    passed: tuple[Passed, ...] = ()
    more: bool = False
    stopped: str = ""
    watched: tuple[Seen, ...] = ()
    end: str = ""

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        stopped = look.say("stopped at {what}", what=self.stopped) if self.stopped else ""
        lines = look.lines(stopped, 2) if stopped else []
        lines += joined(passed_lines(passed, look) for passed in self.passed)
        lines += [look.fit("…")] if self.more else []
        lines += step_lines(self.step, look)
        here = self.step.place
        lines += joined(_seen_lines(seen, here, look) for seen in self.watched)
        return lines + (look.lines(look.say(NOTES[self.end]), 2) if self.end else [])


def passed_lines(passed: Passed, look: Look) -> list[str]:
    """One line on a step that was passed."""
    head = heading(passed.place, look)
    if not passed.node:
        return look.lines(f"{head}  {look.say('start')}")
    seed = look.say("backward starts")
    return look.lines(
        f"{head}      {seed if passed.seed else equation(passed.node, passed.formula)}"
    )


def _seen_lines(seen: Seen, here: Place, look: Look) -> list[str]:
    where = f"{heading(seen.place, look)} " if seen.place != here else ""
    same = _is_same(seen.before.value, seen.after.value)
    before, after = (
        held_text(seen.name, held, look, value=not same) for held in (seen.before, seen.after)
    )
    return look.lines(f"  {look.say('watch')} {where}{before} → {after}")


def _is_same(old: Any, new: Any) -> bool:
    """Whether a value is an array that has not changed: only its gradient is told then."""
    return isinstance(old, np.ndarray) and np.array_equal(old, new, equal_nan=True)


def held_text(name: str, held: Held, look: Look, value: bool = True) -> str:
    """`a = 2, a.grad 10 (1 of 2)`, or without the value."""
    if held.value is None:
        return f"{name} = —"
    shown = "—" if held.grad is None else in_line(held.grad, look)
    use = f" ({look.say('{k} of {m}', k=held.k, m=held.m)})" if held.k else ""
    grad = f"{name}.grad {shown}{use}"
    return f"{name} = {in_line(held.value, look)}, {grad}" if value else grad


def limit(state: State) -> int:
    """The last place that can be reached now."""
    return state.timeline.end(state.passes)


def following(state: State, at: int) -> int:
    """The next visible place: the end of a node, or one at which somebody stopped inside."""
    end = max(at, min(state.timeline.next(at), limit(state)))
    k = bisect_right(state.stops, at)
    return min(end, state.stops[k]) if k < len(state.stops) else end


def preceding(state: State, at: int) -> int:
    """The visible place before; the start is before itself."""
    begin = state.timeline.before(at)
    k = bisect_left(state.stops, at)
    return max(begin, state.stops[k - 1]) if k else begin


def moved(state: State, at: int, *, jump: bool = False) -> State:
    """The state at another place; after a jump nobody remembers stops inside nodes."""
    return state.but(at=at, stops=() if jump else state.stops)


def next_steps(state: State, count: int = 1) -> tuple[State, Answer]:
    """`next [n]`: the next node; forward first, then backward.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> a = Value(3.0, "a")
    >>> state, answer = next_steps(start(a * a))
    >>> answer.step.node, answer.step.formula, answer.step.value
    ('n1', 'a·a', 9.0)
    """
    _counted(state, count)
    if state.at >= limit(state):
        return state, end_note(state)
    at, passed = _onward(state, count)
    new = moved(state, at)
    between = [k for k in passed if k < at]
    return new, Moved(
        new.teller.told(at, preceding(new, at)),
        tuple(passed_step(new, k) for k in between[:PASSED]),
        len(between) > PASSED,
        watched=changes(state, new),
    )


def _counted(state: State, count: int) -> None:
    if not isinstance(count, int) or count < 1:
        raise InputError(
            state.look.say(
                "{text!r} is no number of steps; write a whole number, as in next 3",
                text=str(count),
            )
        )


def _onward(state: State, count: int) -> tuple[int, list[int]]:
    """The place after so many visible steps, and the first few places on the way."""
    at = state.at
    passed: list[int] = []
    for done in range(count):
        if len(passed) > PASSED and (not state.stops or state.stops[-1] <= at):
            rest = state.timeline.at(state.timeline.rank(at) + count - done)
            return min(rest, limit(state)), passed
        ahead = following(state, at)
        if ahead == at:
            break
        at = ahead
        passed.append(at)
    return at, passed


def passed_step(state: State, at: int) -> Passed:
    """What is said of a step that was passed."""
    node, place = node_at(state, at), state.timeline.place(at)
    if node is None:
        return Passed(place, "", "", False)
    seed = at > state.timeline.ops and not place.done
    return Passed(place, state.record.names[node], state.teller.formula(node), seed)


def part_steps(state: State, count: int = 1) -> tuple[State, Answer]:
    """`step [n]`: one contribution, finer than a node."""
    _counted(state, count)
    if state.at >= limit(state):
        return state, end_note(state)
    at, line = min(state.at + count, limit(state)), state.timeline
    inside = [k for k in range(state.at + 1, at + 1) if k > line.seed and line.at(line.rank(k)) < k]
    new = state.but(at=at, stops=tuple(sorted({*state.stops, *inside})) if inside else state.stops)
    return new, Moved(new.teller.told(at, preceding(new, at)), watched=changes(state, new))


def back_steps(state: State, count: int = 1) -> tuple[State, Answer]:
    """`back [n]`: undo exactly n visible steps."""
    _counted(state, count)
    if state.at == 0:
        return state, Note("at the start")
    at, left = state.at, count
    while left and at:
        if not state.stops or state.stops[0] >= at:
            # whole nodes only: one step more if the cursor stands inside one
            inside = state.timeline.at(state.timeline.rank(at)) != at
            at = state.timeline.at(max(0, state.timeline.rank(at) - left + inside))
            break
        at, left = preceding(state, at), left - 1
    new = moved(state, at)
    step = new.teller.told(at, preceding(new, at) if at else None)
    return new, Moved(step, watched=changes(state, new))


def end_note(state: State) -> Note:
    """What can be done at the end."""
    return Note(_end(state))


def _end(state: State) -> str:
    return "the end" if state.timeline.backward else "no backward"


def go_on(state: State) -> tuple[State, Answer]:
    """`continue`: to the next breakpoint, or to the end."""
    if state.at >= limit(state):
        return state, end_note(state)
    if not state.breaks:
        new = moved(state, limit(state), jump=True)
        return new, _landed(state, new)
    at = state.at
    while (ahead := following(state, at)) > at:
        event = event_of(state, at, ahead)
        hit = next((b for b in state.breaks if event and b.stops(event)), None)
        at, begin = ahead, at
        if hit is not None:
            new = moved(state, at)
            step = new.teller.told(at, begin)
            return new, Moved(step, stopped=hit.text, watched=changes(state, new))
    new = moved(state, at, jump=True)
    return new, _landed(state, new)


def _landed(state: State, new: State) -> Moved:
    end = _end(new) if new.at >= limit(new) else ""
    return Moved(new.teller.told(new.at), watched=changes(state, new), end=end)


def event_of(state: State, begin: int, end: int) -> Event | None:
    """The step between two neighbouring places; `None` for a seed."""
    place, node = state.timeline.place(end), node_at(state, end)
    assert node is not None
    if place.phase == "forward":
        return Event(state.run, node)
    if not place.done:
        return None
    first = state.timeline.place(begin).done
    return Event(state.run, node, first, place.done, place.done)


def jump(state: State, at: int) -> tuple[State, Answer]:
    """Go straight to a place and show the step that led there."""
    new = moved(state, at, jump=True)
    return new, _landed(state, new) if at else Moved(new.teller.told(0))


def forward(state: State) -> tuple[State, Answer]:
    """`forward`: to where all values are known."""
    return jump(state, state.timeline.ops)


def backward(state: State) -> tuple[State, Answer]:
    """`backward`: to the seed of this pass, or, at the end of a pass, to that of another one."""
    line = state.timeline
    if not line.backward:
        raise InputError(state.look.say(NOTES["no backward"]))
    if state.at >= limit(state):
        state = state.but(passes=state.passes + 1)
        return jump(state, line.end(state.passes - 1) + 1)
    return jump(state, line.seed + line.place(state.at).turn * line.turn)


def restart(state: State) -> tuple[State, Answer]:
    """`restart`: before the first step."""
    return jump(state.but(passes=1), 0)


def until(state: State, name: str) -> tuple[State, Answer]:
    """`until NODE`: to where a node is computed, or its gradient complete."""
    node = state.record.find(name)
    for at in places_of(state, node):
        if state.at < at <= limit(state):
            return jump(state, at)
    raise InputError(
        state.look.say(
            "{name} is not ahead of the cursor; use restart or back first",
            name=state.record.names[node],
        )
    )


def places_of(state: State, node: int) -> Iterator[int]:
    """Where a node is at work: computed, then in each pass handing on, or complete as a leaf."""
    record, line = state.record, state.timeline
    k = bisect_left(record.ops, node)
    if k < len(record.ops) and record.ops[k] == node:
        yield k + 1
    at = bisect_left(record.heads, -node, key=neg)  # against the order of recording
    step = at if at < len(record.heads) and record.heads[at] == node else None
    if step is None and (arrivals := record.arrivals(node)):
        step = bisect_left(record.ends, arrivals[-1] + 1)
    for turn in range(state.passes if step is not None else 0):
        yield line.at(line.ops + 1 + turn * (1 + len(record.ends)) + (step or 0) + 1)


def goto(state: State, where: str | int) -> tuple[State, Answer]:
    """`goto K`: step K from the start; `goto bw 2` counts in the backward pass; or a node."""
    if isinstance(where, int):
        return step_number(state, where)
    text, look = where.strip(), state.look
    phases = {"fw": "fw", "bw": "bw", look.say("fw"): "fw", look.say("bw"): "bw"}
    found = re.fullmatch(rf"({'|'.join(phases)})?\s*([-−+]?\d{{1,12}})", text)
    if text in phases and text not in state.record.names:
        raise InputError(
            look.say("name a step, as in goto 3 or goto bw 1, or a node, as in goto d")
        )
    if found is None:
        return until(moved(state, 0), text)
    return step_number(state, int(found[2].replace("−", "-")), phases.get(found[1] or "", ""))


def step_number(state: State, number: int, phase: str = "") -> tuple[State, Answer]:
    """Go to a step by its number: from the start, or of the phase "fw" or "bw"."""
    line = state.timeline
    shift = line.ops + 1 if phase == "bw" else 0
    high = line.ops if phase == "fw" else line.rank(line.end()) - shift
    if not 0 <= number <= high:
        raise InputError(
            state.look.say("there is no step {k}; use {low} to {high}", k=number, low=0, high=high)
        )
    return jump(state, line.at(number + shift))


def changes(old: State, new: State) -> tuple[Seen, ...]:
    """Every change of the watched values on the way from one state to another."""
    made = []
    for node in new.watches:
        name = new.record.names[node]
        before = _held(old, node)
        far = old.at < new.at and following(old, old.at) < new.at  # else nothing lies between
        between = changes_of(new, node) if far else ()
        marks = [at for at in between if old.at < at < new.at] + [new.at]
        for at in [*marks[:WATCHED], *marks[WATCHED:][-1:]]:
            now = _held(new.but(at=at), node)
            if held_text(name, now, new.look) != held_text(name, before, new.look):
                made.append(Seen(new.timeline.place(at), name, before, now))
            before = now
    return tuple(made)


def changes_of(state: State, node: int) -> Iterator[int]:
    """The places at which a node's value or gradient changes."""
    record, line = state.record, state.timeline
    k = bisect_left(record.ops, node)
    if k < len(record.ops) and record.ops[k] == node:
        yield k + 1
    steps = sorted({bisect_right(record.starts, use) for use in record.arrivals(node)})
    for turn in range(state.passes):
        begin = line.ops + 1 + turn * (1 + len(record.ends))
        yield from (line.at(begin + step) for step in ((0,) if node == record.last else steps))


def _held(state: State, node: int) -> Held:
    if not is_known(state, node):
        return Held(None, None, 0, 0)
    return Held(state.run.values[node].data, gradient(state, node), *arrived(state, node))
