"""Conditions: combined, asked of numbers, reduced, used as masks; as numpy has them."""

import pickle

import numpy as np
import pytest

from backviz import Value, as_function, gradients_of, no_grad, tape, tensor
from backviz.autodiff.symbol import Symbol

DATA = np.array([[-1.0, 2.0, np.nan], [np.inf, 0.0, -0.0]])
OTHER = np.array([[0.0, 2.0, 1.0], [np.inf, 3.0, 0.0]])

TWO = {
    "and": lambda a, b: (a > 0) & (b > 0),
    "or": lambda a, b: (a > 0) | (b > 0),
    "xor": lambda a, b: (a > 0) ^ (b > 0),
    "not": lambda a, b: ~(a > b),
    "equal": lambda a, b: (a == b) | (a != b),
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "logical_not": lambda a, b: np.logical_not(a),
    "bitwise": lambda a, b: np.bitwise_and(a > 0, np.invert(b > 0)),
    "isclose": np.isclose,
    "isnan": lambda a, b: np.isnan(a),
    "isinf": lambda a, b: np.isinf(a),
    "isfinite": lambda a, b: np.isfinite(a * b),
    "signbit": lambda a, b: np.signbit(a),
    "any": lambda a, b: np.any(a > b, axis=1),
    "all": lambda a, b: np.all(a > b, axis=0, keepdims=True),
    "reduce": lambda a, b: np.logical_or.reduce(a > b),
    "product of masks": lambda a, b: (a > -2) * (b > 0),
    "sum of masks": lambda a, b: (a > 0) + (b > 0),
    "the larger of masks": lambda a, b: np.maximum(a > 0, b > 0),
    "a row of a mask": lambda a, b: (a > 0)[1],
    "stacked": lambda a, b: np.stack([a > 0, b > 0]),
    "chosen": lambda a, b: np.where(a > 0, b > 0, b > 1),
}


@pytest.mark.parametrize("name", TWO)
def test_as_numpy_has_them(name):
    call = TWO[name]
    with np.errstate(all="ignore"):
        wanted = call(DATA, OTHER)
    a, b = tensor(DATA, "a"), tensor(OTHER, "b")
    for made in (call(a, b), call(a, OTHER), call(DATA, b)):
        assert not isinstance(made, np.ndarray) or made.dtype == bool
        np.testing.assert_array_equal(np.asarray(made), wanted)
        assert np.asarray(made).dtype == bool  # a mask, not zeros and ones
    assert not call(a, b).requires_grad
    with no_grad():
        unrecorded = call(a, b)
    np.testing.assert_array_equal(np.asarray(unrecorded), wanted)
    assert np.asarray(pickle.loads(pickle.dumps(unrecorded))).dtype == bool


@pytest.mark.parametrize("x", [-1.0, 0.0, -0.0, 2.0, np.nan, np.inf])
def test_one_number_is_asked_as_an_array_is(x):
    for ask in (np.isnan, np.isinf, np.isfinite, np.signbit, np.logical_not, np.any, np.all):
        made = ask(Value(x))
        assert type(made.data) is float
        assert bool(made) == bool(ask(x)) == bool(np.asarray(ask(tensor([x])[0])))
    assert bool((Value(x) > 0) & True) == (x > 0)


def test_masks_choose_in_both_directions():
    x = tensor([-1.0, 2.0, 3.0, -4.0], "x")
    plain = np.array([10, 20, 30, 40])
    between = (x > 0) & (x < 3)
    assert x[between].tolist() == [2.0]
    assert plain[between].tolist() == [20]
    assert plain[x > 0].tolist() == [20, 30]
    assert plain[x.argmax()] == 30
    assert plain[np.argmax(x) + 1] == 40
    assert np.eye(3)[tensor(np.array([0, 1, 1]))].tolist() == np.eye(3)[[0, 1, 1]].tolist()
    assert np.flatnonzero(x > 0).tolist() == np.where(x > 0)[0].tolist() == [1, 2]
    assert np.count_nonzero(x > 0) == 2
    assert np.allclose(x, x.data)
    assert not np.array_equal(x, x + 1)


def test_no_gradient_flows_through_and_the_record_holds_them():
    x = tensor([-1.0, 2.0, 3.0, -4.0], "x")
    mask = (x > 0) & np.isfinite(x)
    loss = np.where(mask, x * x, 0).sum() + (mask * x).sum()
    assert "logical_and" in [v.op.name for v in tape(loss) if v.op]
    (dx,) = gradients_of(loss, (x,))
    assert dx.tolist() == [0.0, 5.0, 7.0, 0.0]
    again = as_function(loss, [x])(tensor([1.0, -2.0, -3.0, 4.0]))  # the condition is asked again
    assert again.data == 1 + 16 + 1 + 4


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: x & 1, r"& combines conditions, as in \(x > 1\) & \(x < 3\)"),
        (lambda x: x > 1 & x < 3, r"with these brackets"),
        (lambda x: [1, 0] | (x > 1), r"\| combines conditions"),
        (lambda x: x ^ 2, r"a power is written \*\*"),
        (lambda x: ~x, r"~ turns a condition round, as in ~\(x > 1\)"),
        (lambda x: np.bitwise_or(x, x > 1), r"\| combines conditions"),
        (lambda x: np.array([1, 0]) & (x > 1), r"& combines conditions"),
    ],
)
def test_numbers_are_no_conditions(call, says):
    with pytest.raises(TypeError, match=says):
        call(tensor([1.0, 2.0]))


def test_lists_are_compared_entry_by_entry_and_values_stay_hashable():
    x, y = tensor([1.0, 2.0]), tensor([1.0, 2.0])
    assert (x == [1, 3]).tolist() == [1.0, 0.0]
    assert (x != (1, 3)).tolist() == [0.0, 1.0]
    assert {x: "x", y: "y"}[x] == "x"
    assert (x == "x") is False
    assert (x != None) is True  # noqa: E711


def test_conditions_print():
    a, b = Symbol("a"), Symbol("b")
    assert str((a > b) & (b < 2)) == "[[a > b] and [b < 2]]"
    assert str(~(a > 0)) == "[not [a > 0]]"
