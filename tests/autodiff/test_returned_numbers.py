"""Numbers that `float` took out of a record and that came back: said where it is shown.

In plain Python nothing can be run again, as it is for a file. What is known is the identity of
the number, so every program here is run as a program, and shown.
"""

import gc
import warnings

import numpy as np
import pytest
from model_files import HEAD, LOST, SETUP, STEPS, WHOLE

import backviz
from backviz import Value, describe, stepper, steps, table, tensor, to_graph
from backviz.autodiff import returned
from backviz.errors import LostGradientWarning

SHOWN = {
    "graph": to_graph,
    "picture": backviz.render,
    "steps": steps,
    "table": table,
    "describe": describe,
    "stepper": stepper,
}


def told(show, output):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        show(output)
    return [str(w.message) for w in found if w.category is LostGradientWarning]


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_whatever_shows_the_record_says_it(show):
    w = Value(0.5, "w")
    said = told(show, float(w) * w)
    assert said and set(said) == {said[0]}
    assert said[0].startswith("0.5 in this record is float(w), taken at test_returned_numbers.py:")
    assert "x.item() where the plain number is meant" in said[0]


ARRAY = tensor([1.5, 2.5], "a")
LOSSES = {
    "a factor": lambda w, x: w * float(w),
    "a summand": lambda w, x: float(w * x) + w,
    "an exponent": lambda w, x: x ** float(w) + w,
    "a mean that is taken off": lambda w, x: (w * x - float(w * x + 1)) ** 2,
    "in a list": lambda w, x: sum(w * v for v in [float(v) for v in (w, x)]),
    "beside an array": lambda w, x: (tensor([1.0, 2.0]) * w * float(w)).sum(),
    "mapped": lambda w, x: w * next(map(float, [w, x])),
    "an entry": lambda w, x: float(ARRAY[0]) * ARRAY.sum(),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_number_that_comes_back_is_known(loss):
    assert told(to_graph, loss(Value(0.5, "w"), Value(2.0, "x")))


HEALTHY = {
    "an equal literal": lambda w, x: [float(w), w * 0.5 + w * 2.0][1],
    "an equal literal of a small whole number": lambda w, x: [float(x), x * 2.0 + 2][1],
    "item": lambda w, x: [float(w), w * w.item()][1],
    "data": lambda w, x: [float(w), w * w.data][1],
    "detach": lambda w, x: [float(w), w * w.detach()][1],
    "printed": lambda w, x: [f"{float(w):.2f}", w * x][1],
    "compared": lambda w, x: w * x if float(w) > 0.1 and float(w) == 0.5 else w,
    "a copy's weight": lambda w, x: (w * x - Value(float(w), "copy") * x) ** 2,
    "a count": lambda w, x: w * int(x),
    "of another record": lambda w, x: w * float(Value(3.0, "scale")),
    "of a constant": lambda w, x: w * float(Value(3.0, requires_grad=False)),
    "without gradient": lambda w, x: w * without(w),
}


def without(w):
    with backviz.no_grad():
        return float(w * 2)


@pytest.mark.parametrize("loss", HEALTHY.values(), ids=HEALTHY)
def test_nothing_is_said_of_what_is_healthy(loss):
    assert told(to_graph, loss(Value(0.5, "w"), Value(2.0, "x"))) == []


def test_a_number_from_before_a_step_is_a_constant():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    before = float((w * x).tanh())
    assert told(to_graph, (w * x - before) ** 2)
    w.data -= 0.1
    assert told(to_graph, (w * x - before) ** 2) == []


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("log", ["float(loss)", "log.append(float(loss))", "best = float(loss)"])
def test_a_loop_that_logs_is_drawn_without_a_word(step, log):
    shown = "    if i == 2:\n        show(loss)\n"
    room = {"log": [], "show": lambda loss: room.update(said=told(to_graph, loss))}
    program = SETUP + f"    {log}\n" + shown + step
    exec(compile(program, "train.py", "exec"), room)
    assert room["said"] == []


def test_a_loop_that_stops_at_the_best_loss_is_drawn_without_a_word():
    w, best, said = Value(2.0, "w"), float("inf"), []
    for _ in range(4):
        loss = (w * w - min(best, 100.0)) ** 2
        said += told(to_graph, loss)
        w.grad = None
        loss.backward()
        w.data -= 0.01 * w.grad
        best = min(best, float(loss))
    assert said == []


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_whole_in_files_is_drawn_without_a_word(name):
    room = {"print": lambda *_: None}
    exec(compile(HEAD + WHOLE[name], "whole.py", "exec"), room)
    if room["f"].__code__.co_argcount:
        room["f"].__defaults__ = (Value(0.5, "w"),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other exits, told when the number leaves
        output = room["f"]()
    if isinstance(output, Value):
        said = told(to_graph, output)
        # the two that use the number as a factor are whole only because noise hides it or × 0 does
        assert not said or "float(w) * w +" in WHOLE[name] or "* 0" in WHOLE[name]


def test_what_is_lost_as_it_is_in_files_is_known():
    room = {}
    exec(compile(HEAD + LOST["a leaf of the file"][0], "lost.py", "exec"), room)
    (said,) = told(to_graph, room["f"]())
    assert "float(w0), taken at lost.py:" in said


def test_no_record_is_kept_alive_and_what_is_remembered_is_bounded():
    w = tensor(np.ones(1000), "w")
    gc.collect()
    before = sum(type(x) is Value for x in gc.get_objects())
    for _ in range(3 * returned.MOST):
        float((w * w).sum())
    gc.collect()
    assert sum(type(x) is Value for x in gc.get_objects()) <= before + 5
    assert len(returned._exits) + len(returned._older) <= 2 * returned.MOST


def test_signs_and_odd_numbers_leave_as_they_are():
    for x in (0.0, -0.0, 1e-320, float("inf"), -1.5):
        assert repr(float(Value(x))) == repr(x)
    assert np.isnan(float(Value(float("nan"))))
