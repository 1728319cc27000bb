"""`quiz`: asks for the next number before it is shown.

Invariant: the answer is judged against the number that the next step will show; asking moves
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.formula import Formula
from backviz.errors import InputError
from backviz.stepping.answers import Answer, Note
from backviz.stepping.conditions import read_number
from backviz.stepping.grids import in_line
from backviz.stepping.look import Look
from backviz.stepping.moves import limit
from backviz.stepping.state import Question, State
from backviz.telling.step import Operand, equation
from backviz.text import product

NEAR = 5e-3  # a relative error that counts as rounding


@dataclass(frozen=True, eq=False, repr=False)
class Asked(Answer):
    """A question: the value of a node, or, where `to` is named, what that is handed next.

    `given` are the numbers that it follows from; `shape` says that the shape is asked for.
    """

    node: str
    formula: str
    to: str
    given: tuple[Operand, ...]
    shape: bool

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        told = [f"{x.name} = {in_line(x.value, look)}" for x in self.given]
        what = equation(self.node, self.formula)
        if self.to:
            what, told = f"{self.to}.grad += ?", [what, *told]
        given = ", ".join(told)
        if self.shape:
            said = look.say("which shape?  {what}   with {given}", what=what, given=given)
        else:
            said = look.say("which number?  {what}   with {given}", what=what, given=given)
        return look.lines(said, 2)


@dataclass(frozen=True, eq=False, repr=False)
class Verdict(Answer):
    """Whether an answer was right, what is right, and how it comes about; `k` of `m` so far.

    For a contribution `to` receives, `factors` are its two numbers, `slope` and `rule` the
    local derivative.
    """

    right: bool
    node: str
    formula: str
    to: str
    expected: Any
    factors: tuple[float, ...]
    slope: str
    rule: Formula
    k: int
    m: int

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        verdict = look.say("right:") if self.right else look.say("no:")
        score = look.say("{k} of {m} right", k=self.k, m=self.m)
        return look.lines(f"{verdict} {self._because(look)}   ({score})", 2)

    def _because(self, look: Look) -> str:
        shown, name = in_line(self.expected, look), f"{self.to}.grad"
        if not self.to:
            return f"{equation(self.node, self.formula)} = {shown}"
        if self.factors:
            said = product(list(self.factors), look.numbers)
            return f"{name} += {said} = {shown}, {self.slope} = {self.rule}"
        return f"{name} += {self.rule.valued(shown)}" if self.rule else f"{name} += {shown}"


def ask(state: State) -> tuple[State, Answer]:
    """What is the next value, or the next contribution? Of an array: which shape has it?"""
    question = _next_question(state)
    if question is None:
        return state, Note("nothing to ask")
    new = state.but(question=question)
    return new, _asked(new, question)


def _next_question(state: State) -> Question | None:
    line, record, at = state.timeline, state.record, state.at
    if at < line.ops:
        return Question(record.ops[at])
    at = max(at, line.seed)
    if at >= limit(state):
        return None
    use = line.place(at).done % len(record.targets)  # after a pass comes the next one's first
    return Question(record.heads[state.run.owner(use)], use)


def _asked(state: State, question: Question) -> Asked:
    record, run, node = state.record, state.run, question.node
    shape = bool(np.ndim(_right(state, question)))
    if question.use < 0:
        told = [i for i in record.inputs(node)
                if record.label(i) or record.values[i].requires_grad]  # fmt: skip
        given = tuple(Operand(record.names[i], run.values[i].data) for i in told)
        return Asked(record.names[node], state.teller.formula(node), "", given, shape)
    upstream = run.step(run.owner(question.use)).upstream
    arriving = Operand(state.teller.partial(record.last, node), upstream)
    to = record.names[record.targets[question.use]]
    return Asked(record.names[node], state.teller.formula(node), to, (arriving,), shape)


def _right(state: State, question: Question) -> Any:
    if question.use < 0:
        return state.run.values[question.node].data
    return state.run.contribution(question.use).value


def answer(state: State, given: Any) -> tuple[State, Answer]:
    """Judge an answer, a number or a shape or their text, and say how the number comes about."""
    question, text = state.question, str(given)
    if question is None:
        raise InputError(state.look.say("nothing was asked; quiz asks"))
    right = _right(state, question)
    good = _is_shape(text, np.shape(right)) if np.ndim(right) else _is_number(text, float(right))
    new = state.but(question=None, right=state.right + good, asked=state.asked + 1)
    return new, _verdict(new, question, good)


def _verdict(state: State, question: Question, good: bool) -> Verdict:
    record, run, node, use = state.record, state.run, question.node, question.use
    right, name, formula = _right(state, question), record.names[node], state.teller.formula(node)
    if use < 0:
        return Verdict(good, name, formula, "", right, (), "", Formula(), state.right, state.asked)
    part = state.teller.part(use, state.timeline.place(state.at))
    upstream = run.step(run.owner(use)).upstream
    rule = part.rule
    factors: tuple[float, ...] = ()
    if isinstance(upstream, float) and isinstance(part.local, float):
        factors = upstream, part.local
    elif part.local is not None:  # arrays entry by entry: the rule alone is not what is given
        rule = Formula()
    return Verdict(good, name, formula, part.to, right, factors, part.slope, rule, state.right,
                   state.asked)  # fmt: skip


def _is_number(text: str, right: float) -> bool:
    given = read_number(text.replace("−", "-"))
    if not isinstance(given, float):
        return False
    return bool(np.isclose(given, right, rtol=NEAR, atol=1e-12, equal_nan=True))


def _is_shape(text: str, shape: tuple[int, ...]) -> bool:
    return tuple(int(n) for n in re.findall(r"\d{1,9}", text)) == shape
