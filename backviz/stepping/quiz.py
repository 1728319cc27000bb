"""`quiz`: asks for the next number before it is shown.

Invariant: the answer is judged against the number that the next step will show; asking moves
nothing.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from backviz.errors import InputError
from backviz.stepping.blocks import equation
from backviz.stepping.conditions import read_number
from backviz.stepping.formulas import local_rule, partial, product, short
from backviz.stepping.moves import limit
from backviz.stepping.state import Question, State

NEAR = 5e-3  # a relative error that counts as rounding


def ask(state: State) -> tuple[State, list[str]]:
    """What is the next value, or the next contribution? Of an array: which shape has it?"""
    question = _next_question(state)
    if question is None:
        return state, state.look.lines(state.look.say("nothing to ask"), 2)
    new = state.but(question=question)
    return new, state.look.lines(_text(new, question), 2)


def _next_question(state: State) -> Question | None:
    line, record, at = state.timeline, state.record, state.at
    if at < line.ops:
        return Question(record.ops[at])
    at = max(at, line.seed)
    if at >= limit(state):
        return None
    use = line.place(at).done % len(record.targets)  # after a pass comes the next one's first
    return Question(record.heads[state.run.owner(use)], use)


def _text(state: State, question: Question) -> str:
    look, record, run = state.look, state.record, state.run
    if question.use < 0:
        given = ", ".join(f"{record.names[i]} = {short(run.values[i].data, look.numbers)}"
                          for i in record.inputs(question.node)
                          if record.values[i].label or record.values[i].requires_grad)  # fmt: skip
        key = "ask shape" if np.ndim(run.values[question.node].data) else "ask value"
        return look.say(key, what=equation(state, question.node), given=given)
    target = record.targets[question.use]
    upstream = run.step(run.owner(question.use)).upstream
    slope = partial(record, record.last, question.node)
    given = f"{equation(state, question.node)}, {slope} = {short(upstream, look.numbers)}"
    key = "ask shape" if np.ndim(_right(state, question)) else "ask value"
    return look.say(key, what=f"{record.names[target]}.grad += ?", given=given)


def _right(state: State, question: Question) -> Any:
    if question.use < 0:
        return state.run.values[question.node].data
    return state.run.contribution(question.use).value


def answer(state: State, text: str) -> tuple[State, list[str]]:
    """Judge an answer, and say how the number comes about."""
    question, look = state.question, state.look
    if question is None:
        raise InputError(look.say("not asked"))
    right = _right(state, question)
    good = _is_shape(text, np.shape(right)) if np.ndim(right) else _is_number(text, float(right))
    new = state.but(question=None, right=state.right + good, asked=state.asked + 1)
    verdict = look.say("right" if good else "wrong")
    score = look.say("score", k=new.right, m=new.asked)
    return new, look.lines(f"{verdict} {_because(state, question)}   ({score})", 2)


def _because(state: State, question: Question) -> str:
    record, run, numbers = state.record, state.run, state.look.numbers
    right = _right(state, question)
    shown = short(right, numbers)
    if question.use < 0:
        return f"{equation(state, question.node)} = {shown}"
    target = record.targets[question.use]
    part = run.contribution(question.use)
    upstream = run.step(run.owner(question.use)).upstream
    rule = local_rule(record, question.node, record.positions[question.use], numbers)
    name = f"{record.names[target]}.grad"
    if isinstance(upstream, float) and isinstance(part.local, int | float):
        factors = product([upstream, part.local], numbers)
        slope = partial(record, question.node, target)
        return f"{name} += {factors} = {shown}, {slope} = {rule}"
    return f"{name} += {rule} = {shown}" if part.local is None else f"{name} += {shown}"


def _is_number(text: str, right: float) -> bool:
    given = read_number(text.replace("−", "-"))
    if not isinstance(given, float):
        return False
    return bool(np.isclose(given, right, rtol=NEAR, atol=1e-12, equal_nan=True))


def _is_shape(text: str, shape: tuple[int, ...]) -> bool:
    return tuple(int(n) for n in re.findall(r"\d{1,9}", text)) == shape
