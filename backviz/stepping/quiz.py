"""`quiz`: asks what comes before it is shown, says what a wrong answer did, and goes on.

Invariant: a question is asked once, its answer has not been on the screen, and what is judged is
the number that the next step shows. A question that somebody walks past is given up.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from backviz.autodiff.finite import is_finite
from backviz.errors import BackvizError, InputError, UsageError
from backviz.registry import unknown
from backviz.stepping.answers import Answer, Note
from backviz.stepping.conditions import read_number
from backviz.stepping.moves import limit, part_steps
from backviz.stepping.questions import (
    KINDS,
    TOPICS,
    calculation,
    given_for,
    head_of,
    hints_for,
    nodes_named,
    place_of,
    questions_from,
    right_answer,
)
from backviz.stepping.slips import Slip, find_slip, near
from backviz.stepping.state import ALL_SEEN, Outcome, Question, Quiz, State, gradient
from backviz.stepping.verdicts import Asked, Hinted, Score, Scored, Verdict
from backviz.stepping.vocabulary import Command
from backviz.telling.run import Run
from backviz.telling.zeros import where_it_died

TRIES = 50  # other numbers for the leaves until all that follows is finite
ALONE = re.compile(r"[-−+]?\d+([.,]\d*)?(e[-−+]?\d+)?")
NUMBER_LIKE = re.compile(r"[-−+(\[.\d∞]|nan\b|inf\b", re.IGNORECASE)


def ask(state: State, text: str = "") -> tuple[State, Answer]:
    """`quiz [TOPIC] [--seed N]`: the next question; an open one is shown again."""
    topic, seed = _wanted(state, text)
    quiz = state.quiz
    if quiz.question is not None and not text:
        return state, _asked(state, quiz.question)
    before, state = state, given_up(state)
    kinds = TOPICS.get(topic, ()) if text else quiz.kinds
    state = state.but(quiz=replace(state.quiz, kinds=kinds))
    if seed is not None:
        state = _with_numbers(state, seed)
    new, fresh = _next(state), False
    if new is None and (state.seen or state.at or state.quiz.posed):
        new, fresh = _next(_with_numbers(state, state.quiz.seed + 1)), True
    if new is None:
        return before, Note("none of this kind" if kinds else "nothing to ask")
    return new, replace(_asked(new, _open(new)), fresh=fresh)


def _wanted(state: State, text: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"([^\s-]*)\s*(?:--seed[\s=]+(\S+))?", text.strip())
    if found is None or (found[2] and not re.fullmatch(r"\d{1,9}", found[2])):
        raise InputError(
            state.look.say(
                "write it as quiz, quiz totals or quiz --seed 3; the seed is a whole number"
            )
        )
    if found[1] and found[1] not in TOPICS:
        raise UsageError(unknown("topic of a quiz", found[1], TOPICS))
    return found[1], int(found[2]) if found[2] else None


def _open(state: State) -> Question:
    assert state.question is not None
    return state.question


def _next(state: State) -> State | None:
    """The state with the next question that is new, before its step; `None` if there is none."""
    quiz = state.quiz
    for question in questions_from(state, min(max(state.at, state.seen), limit(state) + 1)):
        fits = not quiz.kinds or question.asks in quiz.kinds
        if fits and question not in quiz.posed:
            posed = quiz.posed | {question}
            at = max(state.at, question.at)
            now = replace(quiz, question=question, posed=posed, hints=0)
            return state.but(at=at, seen=max(state.seen, at), quiz=now)
    return None


def _asked(state: State, question: Question) -> Asked:
    record, names = state.record, state.record.names
    node, use = question.node, question.use
    past = question.asks in ("zero", "factor", "next")
    to = "" if past or use < 0 else names[record.targets[use]]
    had = None
    if question.asks == "total":
        had = gradient(state, record.targets[use], at=place_of(state, question))
    if question.asks == "factor":
        had = gradient(state, node)
    formula = "" if past else state.teller.formula(node)
    return Asked(names[node] if question.asks != "next" else "", formula, to,
                 given_for(state, question), question.asks == "shape", question.asks,
                 nodes_named(state, question), had, len(state.quiz.outcomes) + 1)  # fmt: skip


def answer(state: State, given: Any) -> tuple[State, Answer]:
    """Judge an answer, a number, a shape or a node or their text, and go on to the next question.

    What cannot be an answer is refused, and the question stays.
    """
    question = state.question
    if question is None:
        raise InputError(state.look.say("nothing was asked; quiz asks"))
    text = str(given.tolist() if isinstance(given, np.ndarray) else given).strip()
    right = right_answer(state, question)
    read = _read(state, question, text, right)
    if question.asks in ("next", "zero", "factor"):
        good = read in right
    else:
        good = read == right if question.asks == "shape" else near(read, right)
    return _judged(state, question, text, good, read)


def is_answer(state: State, line: str) -> bool:
    """Whether a line answers the open question: a number or list, or the name of a node."""
    if state.question is None:
        return ALONE.fullmatch(line) is not None  # which says that nothing was asked
    if state.question.asks in ("next", "zero", "factor"):
        return line in state.record.taken or ALONE.fullmatch(line) is not None
    return NUMBER_LIKE.match(line) is not None


def skip(state: State) -> tuple[State, Answer]:
    """`skip`: the answer is shown and counts as none."""
    if state.question is None:
        raise InputError(state.look.say("nothing was asked; quiz asks"))
    return _judged(state, state.question, "", False, None)


def _judged(
    state: State, question: Question, text: str, good: bool, read: Any
) -> tuple[State, Answer]:
    slip = None
    if KINDS[question.asks].number and not good and text:
        slip = find_slip(state, question, read)
    outcome = _outcome(state, question, text, good, slip.key if slip else "")
    quiz = replace(state.quiz, question=None, outcomes=(*state.quiz.outcomes, outcome))
    new = state.but(quiz=quiz)
    if KINDS[question.asks].moves:
        new, _passed = part_steps(new.but(at=place_of(state, question)))
        new = new.but(seen=max(new.seen, new.at))
    verdict = _verdict(state, question, good, text, quiz.outcomes)
    if slip is not None:
        verdict = replace(verdict, slip=slip.key, remark=slip)
    elif text and not good:
        verdict = replace(verdict, remark=_remark(state, question, read))
    ahead = _next(new)
    if ahead is None:
        return new, verdict
    return ahead, replace(verdict, next=_asked(ahead, _open(ahead)))


def _verdict(
    state: State, question: Question, good: bool, text: str, outcomes: tuple[Outcome, ...]
) -> Verdict:
    record, use = state.record, question.use
    past = question.asks in ("next", "zero", "factor")
    right = right_answer(state, question)
    if past:
        right = tuple(record.names[node] for node in right)
    to = "" if past or use < 0 else record.names[record.targets[use]]
    score = score_of(outcomes)
    death = where_it_died(state.run, question.node) if question.asks == "zero" else None
    return Verdict(good, question.asks, record.names[question.node], to, text, right,
                   calculation(state, question), _rule(state, question), score.right,
                   score.asked, score.points, why=death.why if death else None)  # fmt: skip


def _rule(state: State, question: Question) -> str:
    """What the right answer follows from, in symbols."""
    use = question.use
    match question.asks:
        case "value":
            return f"({state.teller.formula(question.node)})"
        case "part" | "total":
            part = state.teller.part(use, state.timeline.place(place_of(state, question) + 1))
            rule = f"({part.to}.grad += {part.formula})"
            local = state.run.contribution(use).local
            return f"{rule}, {part.slope} = {part.rule}" if local is not None else rule
        case "factor":
            return hints_for(state, question)[1]
    return ""


def _remark(state: State, question: Question, read: Any) -> Slip:
    """What is said of a wrong answer that no slip explains."""
    run = state.run
    if question.asks not in ("next", "zero", "factor"):
        return Slip("not it", read)
    name = {"name": state.record.names[read]}
    match question.asks:
        case "next":
            k, m = run.count(read, question.use)
            return Slip("not ready", None, name | {"k": k, "m": m})
        case "zero":
            dead = not np.any(run.whole(read))
            return Slip("nothing arrives" if dead else "not there", None, name)
    return Slip("not smallest", None, name)


def _read(state: State, question: Question, text: str, right: Any) -> Any:
    """An answer as a number, an array, a shape or a node; what is none of it is refused."""
    look = state.look
    if question.asks in ("next", "zero", "factor"):
        return state.record.about(text)
    if question.asks == "shape":
        if not re.fullmatch(r"[\[(]?\s*(?:\d{1,9}\s*(?:[,x×]\s*|$|\s*[\])]))*\s*[\])]?", text):
            raise InputError(look.say("a shape is whole numbers, as in (2, 3)"))
        return tuple(int(n) for n in re.findall(r"\d+", text))
    try:
        read = read_number(text.replace("−", "-"))
    except InputError:
        shape = np.shape(right)
        example = "[0.5, -2]" if shape else "-6"
        raise InputError(
            look.say("{text!r} is no answer; write a number or a list, as in {example}",
                     text=text[:40], example=example)
        ) from None  # fmt: skip
    if np.shape(read) != np.shape(right) and find_slip(state, question, read) is None:
        if np.ndim(right):
            raise InputError(look.say("the answer has shape {shape}; write a list, as in [1, 2]",
                                      shape=np.shape(right)))  # fmt: skip
        raise InputError(look.say("the answer is one number"))
    return read


def hint(state: State) -> tuple[State, Answer]:
    """`hint`: a rule, then its numbers; each costs half of the point."""
    if state.question is None:
        raise InputError(state.look.say("nothing was asked; quiz asks"))
    hints = hints_for(state, state.question)
    given = state.quiz.hints
    if given >= len(hints):
        return state, Note("no more hints")
    new = state.but(quiz=replace(state.quiz, hints=given + 1))
    return new, Hinted(hints[given], given + 1, len(hints))


def score(state: State) -> Scored:
    """`score`: how the quiz has gone."""
    return Scored(score_of(state.quiz.outcomes))


def score_of(outcomes: tuple[Outcome, ...]) -> Score:
    """Right answers, all of them, and points."""
    right = sum(outcome.right for outcome in outcomes)
    return Score(right, len(outcomes), sum(outcome.points for outcome in outcomes))


def _outcome(state: State, question: Question, text: str, good: bool, slip: str) -> Outcome:
    names, right = state.record.names, right_answer(state, question)
    use = question.use
    about = names[question.node]
    if question.asks in ("part", "total") or (question.asks == "shape" and use >= 0):
        about = f"{names[state.record.targets[use]]}.grad"
    elif question.asks == "next":
        about = names[head_of(state, use)]
    elif question.asks in ("zero", "factor"):
        about = f"{about}.grad"
    if question.asks in ("next", "zero", "factor"):
        expected = " ".join(names[node] for node in right)
    else:
        expected = str(np.asarray(right).tolist() if question.asks != "shape" else right)
    return Outcome(question.asks, about, text, expected, good, slip, state.quiz.hints)


# What commands do to a quiz ----------------------------------------------------------------


def refuse_if_it_shows(state: State, command: Command) -> None:
    """Raise `InputError` for a command that would show the answer to the open question."""
    if state.question is not None and command.ahead:
        raise InputError(
            state.look.say("{name} would show the answer; answer first, or ask for a hint, or skip",
                           name=command.name)
        )  # fmt: skip


def noticed(before: State, new: State, command: Command) -> State:
    """The state that a command left, with how far the numbers have been shown.

    A question that it walked past, or whose numbers it changed, is given up.
    """
    if new.quiz is not before.quiz:
        return new
    if new.run.values is not before.run.values:
        fresh = all(run.values is not new.run.values for run in before.runs)
        new = given_up(before, new)
        posed = frozenset() if fresh else new.quiz.posed
        new = new.but(seen=new.at if fresh else ALL_SEEN, quiz=replace(new.quiz, posed=posed))
    elif new.at != before.at:
        new = given_up(before, new)
    seen = ALL_SEEN if command.ahead else max(new.seen, new.at)
    return new if seen == new.seen else new.but(seen=seen)


def given_up(before: State, new: State | None = None) -> State:
    """The new state (or the same) with the open question of the old one given up."""
    new = before if new is None else new
    if before.question is None:
        return new
    outcome = _outcome(before, before.question, "", False, "")
    outcomes = (*before.quiz.outcomes, outcome)
    return new.but(quiz=replace(before.quiz, question=None, outcomes=outcomes))


# Other numbers -----------------------------------------------------------------------------


def _with_numbers(state: State, seed: int) -> State:
    """The state at the start with other, round numbers in the leaves that learn."""
    dice = np.random.default_rng(seed)
    for _try in range(TRIES):
        edits = {
            node: _other(dice, state.original.values[node].data)
            for node, value in enumerate(state.record.values)
            if value.op is None and value.requires_grad
        }
        try:
            run = state.original.changed(edits).forgetting()
        except BackvizError:  # the program would have taken another branch
            continue
        if all(is_finite(value.data) for value in run.values):
            return _begun(state, run, seed)
    raise InputError(state.look.say("no other numbers were found that this can be computed with"))


def _begun(state: State, run: Run, seed: int) -> State:
    runs = (*state.runs[: state.number + 1], run)
    quiz: Quiz = replace(state.quiz, seed=seed, posed=frozenset(), question=None, hints=0)
    return state.but(runs=runs, number=len(runs) - 1, at=0, seen=0, passes=1, stops=(), quiz=quiz)


def _other(dice: np.random.Generator, old: Any) -> Any:
    """Numbers of the size and mostly the sign of the old ones, with two digits."""
    spread = dice.uniform(0.4, 1.9, np.shape(old))
    shift = np.where(np.asarray(old) == 0, dice.uniform(-1, 1, np.shape(old)), 0.0)
    made = np.array(old * spread + shift)
    for at in np.ndindex(made.shape):
        made[at] = float(f"{made[at]:.2g}")
    return made if np.ndim(old) else float(made)
