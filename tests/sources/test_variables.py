"""Values and plain arrays are called as the program's own variables are, step by step in loops."""
# ruff: noqa: N803, PLW2901, RET504 (functions as people write them)

import sys

import numpy as np
import pytest

from backviz import tape, trace
from backviz.sources import load
from backviz.sources.variables import _bound_again


def labels(output):
    return [v.label for v in tape(output) if v.label]


def test_each_binding_in_a_loop_keeps_the_name_with_its_step():
    def rnn(W, U):
        h = np.zeros(2)
        for x in ([1.0, 2.0], [3.0, 4.0], [5.0, 6.0]):
            x = np.array(x)
            h = np.tanh(W @ h + U @ x)
        return (h**2).sum()

    found = labels(trace(rnn, np.eye(2), np.eye(2)))
    assert [n for n in found if n.startswith("h")] == ["h⁽⁰⁾", "h⁽¹⁾", "h⁽²⁾", "h⁽³⁾"]
    assert [n for n in found if n.startswith("x")] == ["x⁽¹⁾", "x⁽²⁾", "x⁽³⁾"]


def test_a_running_sum_is_one_value_in_the_making():
    def loss(w):
        total = 0.0
        for x in (1.0, 2.0, 3.0):
            total = total + (w * x - 1.0) ** 2
        return total

    assert labels(trace(loss, 0.5)) == ["w", "total"]


def test_the_result_keeps_its_name_unless_an_argument_has_it():
    def halves(w):
        y = w * 2.0
        y = np.tanh(y)
        return y

    def again(x):
        for _ in range(2):
            x = np.tanh(x)
        return x

    assert labels(trace(halves, 0.5)) == ["w", "y⁽¹⁾", "y"]
    assert labels(trace(again, 0.5)) == ["x", "x⁽¹⁾", "x⁽²⁾"]


def test_plain_arrays_have_the_names_of_their_variables_wherever_these_stand(tmp_path):
    (tmp_path / "a.py").write_text(
        "import numpy as np\n"
        "X = np.array([[1., 2.], [3., 4.]])\n"
        "data = {'y': np.array([5., 6.])}\n"
        "def loss(w=np.array([.1, .2])):\n"
        "    shift = np.array([7., 8.])\n"
        "    return ((X @ w - data['y'] + shift) ** 2).sum()\n"
    )
    found = labels(load(f"{tmp_path / 'a.py'}:loss"))
    assert set(found) >= {"X", "y", "shift", "w"} or set(found) >= {"X", "data.y", "shift", "w"}


def test_equal_arrays_have_each_the_name_of_its_own_variable():
    def f(w):
        a, b = np.ones(3), np.ones(3)
        return (w * b + a).sum()

    assert labels(trace(f, np.array([1.0, 2.0, 3.0]))) == ["w", "b", "a", "f"]


def test_an_array_that_no_variable_holds_takes_no_name_that_is_another_s():
    def f(w):
        a = np.ones(3)
        return (w * a + np.ones(3)).sum()

    def g(w):
        a = [np.ones(3), np.ones(3)]
        return (w * np.stack(a)[0]).sum()  # it could be either

    assert labels(trace(f, np.array([1.0, 2.0, 3.0]))) == ["w", "a", "f"]
    assert labels(trace(g, np.array([1.0, 2.0, 3.0]))) == ["w", "g"]


def test_an_array_that_a_loop_meets_again_has_the_name_of_each_step():
    inputs = [np.array([1.0, 0.0]), np.array([0.0, 1.0])] * 2

    def f(w):
        h = np.zeros(2)
        for t in range(4):
            x = inputs[t]
            h = np.tanh(w * x + h) + x
        return h.sum()

    found = labels(trace(f, np.array([1.0, 2.0])))
    assert [n for n in found if n.startswith("x")] == ["x⁽¹⁾", "x⁽²⁾", "x⁽³⁾", "x⁽⁴⁾"]


def test_an_array_in_several_places_is_one_constant():
    def f(w, v):
        x = np.array([1.0, 2.0])
        return (w @ x) * (v @ x) + x.sum() * w.sum()

    made = trace(f, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert labels(made) == ["w", "v", "x", "f"]
    made.backward()
    # d/dw of (w·x)(v·x) + 3 Σw, by hand: (v·x)·x + 3
    w = next(v for v in tape(made) if v.label == "w")
    assert w.grad.tolist() == [11.0 * 1 + 3, 11.0 * 2 + 3]


def test_lines_are_followed_only_where_a_name_is_bound_again():
    def once(w):
        h = np.tanh(w)
        return h * h

    def twice(w):
        h = np.tanh(w)
        h = h * h
        return h

    assert _bound_again(once.__code__) == frozenset()
    assert _bound_again(twice.__code__) == {"h"}


def test_a_debugger_is_left_alone():
    seen = []

    def debugger(frame, event, _):
        seen.append(event)
        return debugger

    def twice(w):
        h = np.tanh(w)
        h = h * h
        return h

    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        trace(twice, 0.5)
        assert sys.gettrace() is debugger
    finally:
        sys.settrace(before)


def test_an_error_in_the_function_leaves_no_tracer_behind():
    def broken(w):
        for _ in range(2):
            w = w * 2.0
        raise ValueError("no")

    before = sys.gettrace()
    with pytest.raises(ValueError, match="no"):
        trace(broken, 0.5)
    assert sys.gettrace() is before
