"""What a quiz can ask at a place: the next number, a total, a shape, the next node, a reason.

Invariant: what is right is what the record's next step will show; a question is about what has
not been shown, or about what no single number of the screen says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.stepping.moves import limit
from backviz.stepping.state import Question, State, arrived, gradient
from backviz.telling.step import Operand
from backviz.telling.zeros import where_it_died
from backviz.text import product

SMALL = 6  # entries of an array that are asked for one by one
TOLD = 5  # operands whose numbers are named in a question
CLEAR = 0.95  # how far the smallest factor has to lie below the next one
LONGEST = 12  # factors of a path among which the smallest is looked for


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question: a `number` or small array is asked for, or a shape or a node.

    `moves` says that the cursor goes on over what was asked.
    """

    number: bool
    moves: bool


KINDS: Mapping[str, Kind] = {
    "value": Kind(True, True),  # of the next node
    "part": Kind(True, True),  # what an input is given
    "total": Kind(True, True),  # a gradient that is a sum, with its last part
    "shape": Kind(False, True),
    "next": Kind(False, False),  # which node hands its gradient on
    "zero": Kind(False, False),  # why a gradient is 0
    "factor": Kind(False, False),  # which one shrinks a gradient most
}
TOPICS: Mapping[str, tuple[str, ...]] = {
    "values": ("value",),
    "gradients": ("part", "total"),
    "totals": ("total",),
    "shapes": ("shape",),
    "order": ("next",),
    "zeros": ("zero",),
    "factors": ("factor",),
}


def questions_from(state: State, at: int) -> Iterator[Question]:
    """The questions from a place on, in the order in which they come."""
    line, last = state.timeline, limit(state)
    while at <= last:
        if at < line.ops:
            yield from _of_a_value(state, at)
        elif line.backward:
            at = max(at, line.seed)
            yield from _about_the_past(state, at)
            if at < last:
                yield from _of_a_part(state, at)
        at += 1


def _of_a_value(state: State, at: int) -> Iterator[Question]:
    node = state.record.ops[at]
    value = state.run.values[node]
    asks = _asks_for(value.data)
    if asks == "shape" and value.op is not None and value.op.elementwise:
        return  # the shape of the operands
    yield Question("value" if asks == "number" else asks, at, node)


def _asks_for(x: Any) -> str:
    return "number" if np.size(x) <= SMALL and np.ndim(x) <= 2 else "shape"


def _of_a_part(state: State, at: int) -> Iterator[Question]:
    record, run, place = state.record, state.run, state.timeline.place(at)
    if (use := place.done) == len(record.targets):
        return  # the next pass begins with its seed
    head, target = record.heads[run.owner(use)], record.targets[use]
    if use in record.starts and len(_waiting(state, use)) > 1 and not place.turn:
        yield Question("next", at, head, use)
    k, m = run.count(target, use + 1)
    asks = _asks_for(run.values[target].data)
    if asks == "number" and k == m and gradient(state, target, at=at) is not None:
        yield Question("total", at, head, use)
    elif place.turn:
        return  # all but the sums has been seen in the first pass
    elif asks == "number":
        yield Question("part", at, head, use)
    elif np.shape(run.values[target].data) != np.shape(run.values[head].data):
        yield Question(asks, at, head, use)


def _waiting(state: State, use: int) -> list[int]:
    """The nodes that have something of their gradient and have not handed it on."""
    record, step = state.record, state.run.owner(use)
    return [node for node in record.heads[step:]
            if node == record.last or state.run.count(node, use)[0]]  # fmt: skip


def _ready(state: State, use: int) -> list[int]:
    """Those of them whose gradient is complete."""
    counts = {node: state.run.count(node, use) for node in _waiting(state, use)}
    return [node for node, (k, m) in counts.items() if k == m]


def _about_the_past(state: State, at: int) -> Iterator[Question]:
    """Reasons for the gradient of a leaf that is complete since the last contribution."""
    place, record, run = state.timeline.place(at), state.record, state.run
    if not place.done or place.turn:
        return
    node = record.targets[place.done - 1]
    if record.values[node].op is not None or arrived(state, node, at)[0] < arrived(state, node)[1]:
        return
    whole = run.gradient(node, place.done)
    if not np.any(whole):
        if _deaths(state, node):
            yield Question("zero", at, node, place.done - 1)
        return
    factors = factors_of(state, node)
    sizes = sorted(abs(factor) for _use, factor in factors)
    if 2 <= len(sizes) <= LONGEST and sizes[0] < min(CLEAR * sizes[1], CLEAR):
        yield Question("factor", at, node, place.done - 1)


def factors_of(state: State, node: int) -> list[tuple[int, float]]:
    """The contributions on the one way to a node, each with its local derivative; [] for several.

    The last of them is that of the result.
    """
    record, run = state.record, state.run
    found: list[tuple[int, float]] = []
    while node != record.last:
        uses = record.arrivals(node)
        if len(uses) != 1 or len(found) > LONGEST:
            return []
        local = run.contribution(uses[0]).local
        if not isinstance(local, int | float):
            return []
        node = head_of(state, uses[0])
        found.append((uses[0], float(local)))
    return found


def head_of(state: State, use: int) -> int:
    """The node that hands a contribution on."""
    return state.record.heads[state.run.owner(use)]


def _deaths(state: State, node: int) -> list[int]:
    """The nodes at which the gradient of a node became 0: each is given something, hands on 0."""
    record, run = state.record, state.run
    death = where_it_died(run, node)
    if death is None:
        return []
    found, seen, stack = {death.node}, {node}, [node]
    while stack:
        at = stack.pop()
        for use in record.arrivals(at):
            head = record.heads[record.owner(use)]
            if np.any(run.whole(head)):
                found.add(head)
            elif head not in seen:
                seen.add(head)
                stack.append(head)
    return sorted(found)


def right_answer(state: State, question: Question) -> Any:
    """A number or array, a shape, or the nodes of which each is right."""
    record, run, node, use = state.record, state.run, question.node, question.use
    match question.asks:
        case "value":
            return run.values[node].data
        case "part":
            return run.contribution(use).value
        case "total":
            return gradient(state, record.targets[use], at=place_of(state, question) + 1)
        case "shape":
            return np.shape(run.values[node if use < 0 else record.targets[use]].data)
        case "next":
            return tuple(_ready(state, use))
        case "zero":
            return tuple(_deaths(state, node))
        case _:
            smallest = min(factors_of(state, node), key=lambda each: abs(each[1]))
            return (head_of(state, smallest[0]),)


def place_of(state: State, question: Question) -> int:
    """The place before the step that a question is about."""
    past_seed = question.use >= 0
    return max(question.at, state.timeline.seed) if past_seed else question.at


def given_for(state: State, question: Question) -> tuple[Operand, ...]:
    """The numbers that the answer follows from."""
    record, run, node, use = state.record, state.run, question.node, question.use
    if question.asks in ("next", "zero", "factor"):
        return ()
    told = [i for i in dict.fromkeys(record.inputs(node)) if not record.nameless(i)]
    operands = [Operand(record.names[i], run.values[i].data) for i in told[:TOLD]]
    if use < 0:
        return tuple(operands)
    operands.append(Operand(record.names[node], run.values[node].data))
    upstream = run.step(run.owner(use)).upstream
    return (Operand(state.teller.partial(record.last, node), upstream), *operands)


def nodes_named(state: State, question: Question) -> tuple[str, ...]:
    """The nodes among which one is asked for."""
    names = state.record.names
    match question.asks:
        case "next":
            return tuple(sorted(names[node] for node in _waiting(state, question.use)))
        case "factor":
            way = factors_of(state, question.node)[::-1]
            return tuple(names[head_of(state, use)] for use, _factor in way)
        case _:
            return ()


def calculation(state: State, question: Question) -> str:
    """The right number as it is computed, as in `10 + (−2)·3`; "" where it is no formula."""
    run, use, numbers = state.run, question.use, state.look.numbers
    if question.asks == "value":
        return state.teller.numeric(question.node)[0] if _scalars(state, question.node) else ""
    if question.asks not in ("part", "total"):
        return ""
    part, upstream = run.contribution(use), run.step(run.owner(use)).upstream
    if not all(isinstance(x, int | float) for x in (part.local, upstream)):
        return ""
    said = product([float(upstream), float(part.local)], numbers)
    if question.asks == "part":
        return said
    before = gradient(state, state.record.targets[use], at=place_of(state, question))
    return f"{numbers.format(float(before))} + {said}"


def _scalars(state: State, node: int) -> bool:
    values = state.run.values
    return all(isinstance(values[i].data, float) for i in (node, *state.record.inputs(node)))


def hints_for(state: State, question: Question) -> tuple[str, ...]:
    """Up to two hints: a rule, then the numbers put into it, or nodes that do not come into it."""
    look, record, node, use = state.look, state.record, question.node, question.use
    counted = calculation(state, question)
    match question.asks:
        case "value":
            return (state.teller.formula(node), counted) if counted else ()
        case "part" | "total":
            part = state.teller.part(use, state.timeline.place(place_of(state, question) + 1))
            rule = f"{part.to}.grad += {part.formula}"
            return (f"{rule}, {part.slope} = {part.rule}", counted) if counted else (rule,)
        case "shape":
            aligned = state.teller.aligned(node)
            if use >= 0 or aligned is None:
                return (look.say("a gradient has the shape of its input"),) if use >= 0 else ()
            return (" @ ".join(f"{name} {shape}" for name, shape in aligned.factors[:2]),)
        case "next":
            first = look.say("a node hands its gradient on when all its parts have come")
            counts = [(record.names[i], *state.run.count(i, use)) for i in _waiting(state, use)]
            told = ", ".join(f"{name} {k}/{m}" for name, k, m in sorted(counts))
            return first, told
        case "zero":
            death = where_it_died(state.run, node)
            assert death is not None
            first = look.say("go from {name} backward: it got a gradient that is not 0 and handed "
                             "on 0", name=record.names[record.last])  # fmt: skip
            return first, death.why.words().of(look.lang)
        case _:
            way = factors_of(state, node)[::-1]
            rules = [
                f"{record.names[head_of(state, u)]}: {state.teller.rules(u)[0]}" for u, _f in way
            ]
            return (look.say("compare the local derivatives in size, without their signs"),
                    ", ".join(rules))  # fmt: skip
