"""Slips: what a learner did is found by doing it, and named only if it alone gives the number."""

import re

import numpy as np
import pytest
from quick import one_in
from random_graphs import random_graph

from backviz import Value, load, tensor
from backviz.stepping.commands import advance
from backviz.stepping.look import Look
from backviz.stepping.questions import KINDS, questions_from, right_answer
from backviz.stepping.slips import SAID, find_slip, near, slips
from backviz.stepping.state import start


def played(source, *lines):
    state = start(load(source) if isinstance(source, str) else source)
    for line in lines:
        state, result = advance(state, line)
    assert result.code == 0, result.text
    return state, result


# Wrong answers -----------------------------------------------------------------------------

NET = "L=n**2; n=u+b; u=a*w; a=-3; w=2; b=6.88"
SIG = "L=s*c; s=sigmoid(z); z=1.2; c=3"
POW = "L=c*q; q=n**2; n=0.88; c=3"
SLIPS = [  # source, lines up to the question, what was typed, what is said of it
    (NET, "quiz", "-1", "you added; here it is multiplied: a·w"),
    (NET, "quiz", "2", "you left out a: 2 needs −3 as a factor"),
    (NET, "quiz", "6", "6 has the wrong sign"),
    (NET, "n; quiz", "-6", "you left out b: −6 needs 6.88 added"),
    (NET, "n; quiz", "-41.28", "you multiplied; here it is added: u + b"),
    (NET, "n 2; quiz", "1.76", "an exponent says how many factors there are"),
    (POW, "bw; n; quiz", "2.64", "you left out the exponent 2"),
    (NET, "bw; quiz", "-1.76", "−1.76 has the wrong sign"),
    (NET, "bw; n 2; quiz", "2", "you left out what arrives, ∂L/∂u = 1.76: 2 is the local"),
    (NET, "bw; n 2; quiz", "1.76", "you left out the local derivative, ∂u/∂a = 2"),
    (NET, "bw; n 2; quiz", "3.76", "you added what arrives and the local derivative"),
    (NET, "bw; n 2; quiz", "-3", "−3 is the value of a, not its gradient"),
    (NET, "bw; n 2; quiz", "-5.28", "−5.28 is what w is given, the other input"),
    (SIG, "quiz", "1.2", "1.2 is what goes into σ; σ of it is asked for"),
    (SIG, "quiz", "0.1779", "0.1779 is the slope of σ there, not its value"),
    (SIG, "bw; n; quiz", "-0.72", "you put z where σ takes its output s"),
    ("d=a-b; a=5; b=2", "quiz", "-3", "you took it the other way round: it is a − b"),
    ("d=a-b; a=5; b=2", "quiz", "7", "you added; here b is taken away"),
    ("d=a/b; a=5; b=2", "quiz", "0.4", "the other way round: it is a / b"),
    ("@diamond", "bw; n 2; s; quiz", "-2", "−2 is the last part alone: c.grad had −10"),
    ("@diamond", "bw; n 3; quiz", "10", "10 is the way through f alone: a is used 2 times"),
    ("@diamond", "bw; n 3; quiz", "-60", "you multiplied the parts"),
    ("@diamond", "bw; n 3; quiz", "16", "you subtracted the last part"),
    ("@diamond", "bw; n 3; quiz", "13", "in the last part you left out what arrives"),
    ("@diamond", "bw; n 3; quiz", "-4", "−4 has the wrong sign"),
]


@pytest.mark.parametrize(("source", "lines", "typed", "words"), SLIPS)
def test_a_slip_is_said_with_the_learner_s_number(source, lines, typed, words):
    state, _ = played(source, *lines.split("; "))
    while state.question.asks in ("next", "factor", "zero"):
        state, _ = advance(state, "skip")
    _, result = advance(state, typed)
    text = " ".join(result.text.split())
    assert text.startswith("no: ") and words in text, text


def arrays():
    x, W = tensor([1.0, 2.0], "x"), tensor([[1.0, 3.0], [0.5, -1.0]], "W")
    return ((W @ x) * 2.0).mean(), x, W


def test_slips_of_arrays():
    L, _x, W = arrays()
    M = tensor([[2.0, -1.0], [4.0, 0.5]], "M")
    P = W @ M
    P.label = "P"
    for answer, words in ((P.data.T, "yours is transposed"), (W.data * M.data, "entry by entry")):
        _, result = played(P, "quiz", f"answer {answer.tolist()}")
        assert words in result.text
    state, _ = played(L, "n 2", "quiz")  # the mean of 2·(7, −1.5)
    assert "is the sum; the mean divides it by 2" in advance(state, "11")[1].text
    state, _ = played(L, "bw", "quiz")
    assert "you did not divide by 2" in advance(state, "[1, 1]")[1].text
    state, _ = played(L, "bw", "n 2", "quiz gradients")
    while state.question.node and state.record.names[state.record.targets[
            state.question.use]] != "x":  # fmt: skip
        state, _ = advance(state, "skip")
    wrong = W.data @ np.array([1.0, 1.0])  # W instead of Wᵀ
    assert "by W as it is" in " ".join(advance(state, f"{wrong.tolist()}")[1].text.split())
    b, y = Value(0.5, "b"), tensor([1.0, 4.0], "y")
    S = ((y + b) * y).sum()
    state, _ = played(S, "bw", "n 2", "quiz")
    while state.record.names[state.record.targets[state.question.use]] != "b":
        state, _ = advance(state, "skip")
    text = " ".join(advance(state, "2.5")[1].text.split())  # 1 + 4 = 5
    assert "b was used for 2 entries: what they are given is added up" in text


def test_every_slip_is_reached_by_an_example():
    """A sentence that nothing leads to is dead."""
    told = {
        *(key for _s, _l, _t, words in SLIPS for key, text in SAID.items()
          if _gist(text) & _gist(words)),
    }  # fmt: skip
    beside = {"transposed", "by entries", "sum", "mean", "not divided", "divided",
              "not transposed", "not summed", "some parts", "parts averaged",
              "term not taken away"}  # fmt: skip
    assert {*SAID} - told - beside == set()


def _gist(text):
    words = re.findall(r"[a-z]{3,}", re.sub(r"\{\w+\}", " ", text))
    return {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}


@pytest.mark.parametrize("seed", one_in(5, range(100)))
def test_a_slip_is_named_only_if_it_alone_gives_the_number(seed):
    dice = np.random.default_rng(seed)
    state, named = start(random_graph(seed)), 0
    for k, question in enumerate(questions_from(state, 0)):
        if k > 60:
            break
        if not KINDS[question.asks].number:
            continue
        right, made = right_answer(state, question), list(slips(state, question))
        assert find_slip(state, question, right) is None
        random = right + dice.normal(size=np.shape(right))
        random = random if np.ndim(right) else float(random)
        for given in (*(slip.number for slip in made), random):
            if given is None:
                continue
            found = find_slip(state, question, given)
            if found is None:
                continue
            named += 1
            assert near(given, found.number) and not near(found.number, right)
            fitting = {s.key for s in made if near(given, s.number) and not near(s.number, right)}
            assert fitting == {found.key}
            assert found.said("7", Look()) and found.said("7", Look(lang="ru"))
    assert named


def test_a_planted_slip_that_gives_the_right_number_is_not_named(monkeypatch):
    state, _ = played("@diamond", "quiz")
    assert find_slip(state, state.question, 5.0).key == "added"
    monkeypatch.setattr("backviz.stepping.slips.right_answer", lambda state, question: 5.0)
    assert find_slip(state, state.question, 5.0) is None


def test_two_slips_with_one_number_are_none():
    """2·2: added, it is 4 too; −4 only has the wrong sign. 3·1.5: 4.5 either way."""
    state, _ = played("d=a*b; a=3; b=1.5", "quiz")
    assert find_slip(state, state.question, 4.5) is None  # right
    state, _ = played("L=a*b*c; a=2; b=2; c=3", "bw", "n", "quiz")
    # a gets 3·2; b gets the same: what arrives is 3, and the local derivative is the value of a
    assert find_slip(state, state.question, 2.0) is None
    assert "it is not 2" in advance(state, "2")[1].text
