"""10,000 random sessions with every command of the table: none crashes, no number drifts.

The judge is a replay with finite differences, which uses no rule.
"""

import random

import numpy as np
import pytest
from quick import deep, slow
from random_graphs import random_graph

from backviz import Value
from backviz.autodiff.recording import recorded
from backviz.autodiff.replay import as_function
from backviz.stepping.commands import advance
from backviz.stepping.questions import TOPICS, right_answer
from backviz.stepping.state import gradient, start
from backviz.stepping.vocabulary import COMMANDS

MANY = 50  # sessions of a case
LONG = 14  # lines of a session
OUTSIDE = {"source", "record", "export", "save", "show"}  # files, which the shell grants
WRONG = ["nonsense", "set", "why", "goto 99999", "b a <", "answer foo", "set {n}=", "p {n} +",
         "{n}[9, 9]", "quiz nonsense", "update fast", "epoch 99", "nudge {n} x"]  # fmt: skip
MORE = ["{n}={x}", "{n}", "p {n}*2", "b {n} > {x} and {n} < 9", "b abs({n}.grad) > {x}", "{x}",
        "answer {right}", "answer {right}", "{right}", "y {n}", "update 0.01", "update adam 0.01",
        "epoch 0", "epoch", "c", "bw", "n 3", "r 2", "s", "undo", "", "goto bw {k}",
        *(f"quiz {topic}" for topic in TOPICS), "quiz --seed {k}"]  # fmt: skip


def lines_of_the_table():
    """Each command as its own example has it, and with a node of the record."""
    for name, command in COMMANDS.items():
        if name not in OUTSIDE:
            yield command.example
            yield f"{name} {{n}}" if "NODE" in command.usage else name


PHRASES = [*lines_of_the_table(), *MORE, *MORE, *WRONG]


def filled(phrase, state, dice):
    names = state.record.names
    right = "0"
    if state.question is not None:
        answer = right_answer(state, state.question)
        if state.question.asks in ("next", "zero", "factor"):
            right = names[answer[0]] if answer else names[0]
        else:
            right = str(np.asarray(answer).tolist() if state.question.asks != "shape" else answer)
    return phrase.format(
        n=dice.choice(names), x=round(dice.uniform(-2, 2), 2), k=dice.randint(0, 9), right=right
    )


def judged(state):
    """Every leaf's gradient of this run against differences of a replay; kinks are left out."""
    run, checked = state.run, 0
    if np.ndim(run.output.data) or not np.isfinite(run.output.data):
        return 0
    for node, value in enumerate(run.values):
        if value.op is not None or not value.requires_grad or np.ndim(value.data):
            continue
        whole = run.whole(node)
        if whole is None or not np.isfinite(whole) or abs(whole) > 1e4:
            continue
        with recorded():
            f = as_function(run.output, [value])
            h = 1e-6 * max(1.0, abs(value.data))
            low, mid, high = (float(f(Value(value.data + d)).data) for d in (-h, 0.0, h))
        left, right = (mid - low) / h, (high - mid) / h
        if np.isfinite([left, right]).all() and abs(left - right) < 1e-3 * max(1, abs(left)):
            assert abs((left + right) / 2 - whole) < 1e-3 * max(1.0, abs(whole)), (node, whole)
            checked += 1
    return checked


def case(k):
    return k if not k else slow(k) if k % 20 == 1 else deep(k)


@pytest.mark.parametrize("chunk", [case(k) for k in range(10_000 // MANY)])
@pytest.mark.filterwarnings("ignore")
def test_no_session_crashes_or_drifts(chunk):
    dice, checked = random.Random(chunk), 0
    for k in range(MANY):
        state = start(random_graph(dice.randrange(10**6)))
        lines = []
        for _each in range(LONG):
            line = filled(dice.choice(PHRASES), state, dice)
            lines.append(line)
            before = state
            state, result = advance(state, line)
            text = result.text
            assert isinstance(text, str), lines
            assert 0 <= state.at <= state.timeline.end(state.passes), lines
            assert result.code in (0, 2, 4, 5, 6), lines
            if result.code in (2, 5):
                assert text.startswith("! ") and state.at == before.at, (lines, text)
                assert state.run is before.run and state.quiz is before.quiz, (lines, text)
        if k % 5 == 0:
            checked += judged(state)
            end = state.timeline.end(1)
            for node in range(state.record.last):
                whole, shown = state.run.whole(node), gradient(state, node, at=end)
                if whole is not None and not state.run.earlier:
                    assert np.array_equal(whole, shown, equal_nan=True), lines
    assert checked


def test_a_planted_drift_is_found():
    state = start(random_graph(0))
    assert judged(state)
    state.run.values[0].data  # noqa: B018  (what is judged is read only)
    leaf = next(v for v in state.run.values if v.op is None and v.requires_grad)
    node = state.record.index[leaf.serial]
    wrong = state.run.whole
    state.run.whole = lambda n: wrong(n) * 1.01 + 0.01 if n == node else wrong(n)
    with pytest.raises(AssertionError):
        judged(state)
