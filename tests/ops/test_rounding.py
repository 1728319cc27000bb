"""`//`, `%`, divmod and rounding of recorded values: Python's numbers, and gradients as told."""

import math

import numpy as np
import pytest

from backviz import Value, grad, load, tensor, trace

PAIRS = [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (1.0, 0.1), (6.0, 3.0)]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_operators_are_python_s(a, b):
    x, y = Value(a), Value(b)
    assert (x // y).data == (x // b).data == (a // y).data == a // b
    assert (x % y).data == (x % b).data == (a % y).data == a % b
    assert (
        tuple(v.data for v in divmod(x, y)) == tuple(v.data for v in divmod(a, y)) == divmod(a, b)
    )
    quotient, rest = np.divmod(x, y)
    assert (quotient.data, rest.data) == divmod(a, b)
    assert [v.data for v in np.modf(x)] == list(math.modf(a))


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_a_rest_has_the_slopes_of_what_is_divided(a, b):
    """Between its jumps, a % b is a − b·(a // b) with a quotient that stays."""
    x, y = Value(a), Value(b)
    (x % y).backward()
    assert (x.grad, y.grad) == (1.0, -(a // b))
    x, y = Value(a), Value(b)
    np.fmod(x, y).backward()
    assert (x.grad, y.grad) == (1.0, -float(math.trunc(a / b)))


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")  # from numpy 2.5 on
@pytest.mark.parametrize("round_off", [np.floor, np.ceil, np.trunc, np.round, np.rint, np.fix])
def test_a_rounded_number_passes_no_gradient(round_off):
    data = np.array([-2.5, -0.5, 0.0, 0.5, 1.0, 2.7])
    x = tensor(data)
    y = round_off(x)
    np.testing.assert_array_equal(y.data, round_off(data))
    (y * x).sum().backward()  # what x gets comes from the factor x alone
    np.testing.assert_array_equal(x.grad, round_off(data))


def test_python_s_round_is_recorded():
    x = Value(2.346)
    assert (round(x).data, round(x, 2).data, round(x).op.name) == (2.0, 2.35, "round")
    assert round(tensor([12.5, 7.0]), -1).tolist() == [10.0, 10.0]
    with pytest.raises(TypeError, match="round: a whole number belongs here"):
        np.round(x, 1.5)


def test_a_count_that_is_divided_stays_a_count():
    """A whole number that a function only counts with is no leaf, as before `//` was an op."""
    assert [v.label for v in trace(lambda x, n: x * (n // 2), 3.0, 5).inputs] == ["x", ""]
    assert grad(lambda x, n: x * (n % 3))(3.0, 5) == 2.0
    assert grad(lambda x: x % 3)(5.0) == 1.0


def test_the_language_of_expressions_has_both_signs():
    made = load("L = a % b + a // b; a=7; b=2")
    assert made.data == 4.0
    made.backward()
    assert [v.grad for v in made.inputs[0].inputs] == [1.0, -3.0]


def test_a_changed_leaf_is_divided_in_place():
    from backviz import no_grad

    x = Value(7.0)
    with no_grad():
        same = x
        x //= 2
    assert x is same
    assert x.data == 3.0
    with no_grad():
        x %= 2
    assert x.data == 1.0
