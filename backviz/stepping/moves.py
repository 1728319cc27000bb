"""Commands that move the cursor, by one visible step or by many, both ways.

Invariant: a move changes the place and nothing else; `back` undoes exactly one visible
step, and `next` after it comes to the same place again.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from backviz.errors import InputError
from backviz.stepping.blocks import equation, heading, step_lines
from backviz.stepping.breaks import Event
from backviz.stepping.formulas import short
from backviz.stepping.state import State, arrived, gradient, is_known, node_at

PASSED = 12  # steps that a move of several prints by one line each
WATCHED = 20  # changes of a watched value that a move prints


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


def next_steps(state: State, count: int = 1) -> tuple[State, list[str]]:
    """`next [n]`: the next node; forward first, then backward."""
    if state.at >= limit(state):
        return state, state.look.lines(end_line(state), 2)
    at, passed = _onward(state, count)
    new = moved(state, at)
    before = preceding(new, at)
    lines = _passed(new, passed) + step_lines(new, at, before)
    return new, lines + watch_lines(state, new)


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


def _passed(state: State, passed: list[int]) -> list[str]:
    between = [at for at in passed if at < state.at]
    lines = []
    for at in between[:PASSED]:
        lines += brief_line(state, at)
    if len(between) > PASSED:
        lines.append(state.look.fit("…"))
    return lines


def brief_line(state: State, at: int) -> list[str]:
    """One line on a step that was passed."""
    node, look = node_at(state, at), state.look
    if node is None:
        return look.lines(f"{heading(state, at)}  {look.say('start')}")
    seed = at > state.timeline.ops and not state.timeline.place(at).done
    said = look.say("seed").rstrip(":") if seed else equation(state, node)
    return look.lines(f"{heading(state, at)}      {said}")


def part_steps(state: State, count: int = 1) -> tuple[State, list[str]]:
    """`step [n]`: one contribution, finer than a node."""
    if state.at >= limit(state):
        return state, state.look.lines(end_line(state), 2)
    at, line = min(state.at + count, limit(state)), state.timeline
    inside = [k for k in range(state.at + 1, at + 1) if k > line.seed and line.at(line.rank(k)) < k]
    new = state.but(at=at, stops=tuple(sorted({*state.stops, *inside})) if inside else state.stops)
    return new, step_lines(new, at, preceding(new, at)) + watch_lines(state, new)


def back_steps(state: State, count: int = 1) -> tuple[State, list[str]]:
    """`back [n]`: undo exactly n visible steps."""
    if state.at == 0:
        return state, state.look.lines(state.look.say("at the start"), 2)
    at, left = state.at, count
    while left and at:
        if not state.stops or state.stops[0] >= at:
            # whole nodes only: one step more if the cursor stands inside one
            inside = state.timeline.at(state.timeline.rank(at)) != at
            at = state.timeline.at(max(0, state.timeline.rank(at) - left + inside))
            break
        at, left = preceding(state, at), left - 1
    new = moved(state, at)
    lines = step_lines(new, at, preceding(new, at) if at else None)
    return new, lines + watch_lines(state, new)


def end_line(state: State) -> str:
    """What can be done at the end."""
    if not state.timeline.backward:
        return state.look.say("no backward")
    return state.look.say("the end")


def go_on(state: State) -> tuple[State, list[str], bool]:
    """`continue`: to the next breakpoint, or to the end; whether NaN or infinity stopped it."""
    if state.at >= limit(state):
        return state, state.look.lines(end_line(state), 2), False
    if not state.breaks:
        new = moved(state, limit(state), jump=True)
        return new, _landed(state, new), False
    at = state.at
    while (ahead := following(state, at)) > at:
        event = event_of(state, at, ahead)
        hit = next((b for b in state.breaks if event and b.stops(event)), None)
        at, begin = ahead, at
        if hit is not None:
            new = moved(state, at)
            why = state.look.lines(state.look.say("stopped", what=hit.text), 2)
            lines = why + step_lines(new, at, begin) + watch_lines(state, new)
            return new, lines, hit.text in ("nan", "inf")
    new = moved(state, at, jump=True)
    return new, _landed(state, new), False


def _landed(state: State, new: State) -> list[str]:
    lines = step_lines(new, new.at) + watch_lines(state, new)
    return lines + new.look.lines(end_line(new), 2) if new.at >= limit(new) else lines


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


def jump(state: State, at: int) -> tuple[State, list[str]]:
    """Go straight to a place and show the step that led there."""
    new = moved(state, at, jump=True)
    return new, _landed(state, new) if at else step_lines(new, 0)


def until(state: State, name: str) -> tuple[State, list[str]]:
    """`until NODE`: to where a node is computed, or its gradient complete."""
    node = state.record.find(name)
    for at in places_of(state, node):
        if state.at < at <= limit(state):
            return jump(state, at)
    raise InputError(state.look.say("not ahead", name=state.record.names[node]))


def places_of(state: State, node: int) -> Iterator[int]:
    """Where a node is at work: computed, then in each pass handing on, or complete as a leaf."""
    record, line = state.record, state.timeline
    k = bisect_left(record.ops, node)
    if k < len(record.ops) and record.ops[k] == node:
        yield k + 1
    step = next((j for j, head in enumerate(record.heads) if head == node), None)
    if step is None and (arrivals := record.arrivals(node)):
        step = bisect_left(record.ends, arrivals[-1] + 1)
    for turn in range(state.passes if step is not None else 0):
        yield line.at(line.ops + 1 + turn * (1 + len(record.ends)) + (step or 0) + 1)


def goto(state: State, text: str) -> tuple[State, list[str]]:
    """`goto K`: step K from the start; `goto bw 2` counts in the backward pass; or a node."""
    text, say = text.strip(), state.look.say
    phases = {"fw": "fw", "bw": "bw", say("fw"): "fw", say("bw"): "bw"}
    found = re.fullmatch(rf"({'|'.join(phases)})?\s*([-−+]?\d{{1,12}})", text)
    if text in phases and text not in state.record.names:
        raise InputError(say("goto how"))
    if found is None:
        return until(moved(state, 0), text)
    phase, shown = phases.get(found[1] or ""), found[2].replace("−", "-")
    line, number = state.timeline, int(shown)
    low, high = 0, line.rank(line.end())
    if phase == "fw":
        high = line.ops
    elif phase == "bw":
        low, number = line.ops + 1, number + line.ops + 1
    if not low <= number <= high:
        shift = low if phase == "bw" else 0
        raise InputError(say("no such step", k=shown, low=0, high=high - shift))
    return jump(state, line.at(number))


def watch_lines(old: State, new: State) -> list[str]:
    """Every change of the watched values on the way from one state to another."""
    lines = []
    for node in new.watches:
        before = _watched(old, node)
        marks = [at for at in changes_of(new, node) if old.at < at < new.at] + [new.at]
        for at in [*marks[:WATCHED], *marks[WATCHED:][-1:]]:
            now = _watched(new.but(at=at), node)
            if now != before:
                where = f"{heading(new, at)} " if at != new.at else ""
                text = f"  {new.look.say('watch')} {where}{before} → {now}"
                lines += new.look.lines(text)
            before = now
    return lines


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


def _watched(state: State, node: int) -> str:
    name, numbers = state.record.names[node], state.look.numbers
    if not is_known(state, node):
        return f"{name} = —"
    got, of = arrived(state, node)
    grad = gradient(state, node)
    shown = "—" if grad is None else short(grad, numbers)
    use = f" ({state.look.say('use', k=got, m=of)})" if got else ""
    return f"{name} = {short(state.run.values[node].data, numbers)}, {name}.grad {shown}{use}"
