"""Whole numbers: numbers with a derivative, until they are an index, a label, a mask, a count."""

import math

import numpy as np
import pytest

from backviz import Value, check_grads, grad, jacobian, load, tape, tensor, trace, value_and_grad
from backviz.errors import InputError, LostGradientError
from backviz.ops import cross_entropy

S = np.array([[1.0, 2.0, 0.5], [0.0, 1.0, 3.0], [2.0, 2.0, 1.0]])
LABELS = [[0, 2, 1], [0, 1, 1], [1, 1, 1], [0, 0, 0]]  # zeros and ones are labels as others are
USES = {
    "class labels": lambda s, labels: cross_entropy(s, labels),  # noqa: PLW0108  (names them)
    "an index": lambda s, labels: (s[np.arange(3), labels] ** 2).sum(),
    "an index of rows": lambda s, labels: (s[labels] ** 2).sum(),
    "an index of a plain array": lambda s, labels: (np.eye(3)[labels] * s * s).sum(),
    "an index, one by one": lambda s, labels: sum(s[i, k] ** 2 for i, k in enumerate(labels)),
    "made plain": lambda s, labels: (s[np.asarray(labels)] ** 2).sum(),
    "a method of torch's": lambda s, labels: (s.gather(1, np.asarray(labels)[:, None]) ** 2).sum(),
    "places along an axis": lambda s, labels: (s[0].gather(0, labels) ** 2).sum() + s[1, 1],
    "a comparison": lambda s, labels: (s[np.asarray(labels) == 1] ** 2).sum() + s[0, 0],
    "a key": lambda s, labels: sum({0: s[0, 0], 1: s[1, 1] ** 2, 2: s[2, 2]}[k] for k in labels),
}
KINDS = {"list": list, "array": np.array, "int32": lambda x: np.array(x, np.int32)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_labels(use, labels, kind):
    call, given = USES[use], KINDS[kind](labels)
    wanted = grad(lambda s: call(s, np.array(labels)))(S)
    np.testing.assert_array_equal(grad(call)(S, given), wanted)
    traced = trace(call, S, given)
    traced.backward()
    (s,) = [v for v in tape(traced) if v.label == "s"]
    np.testing.assert_array_equal(s.grad, wanted)
    assert [v.label for v in tape(traced) if v.is_leaf and v.requires_grad] == ["s"]
    together = grad(lambda p: call(p["s"], p["labels"]))({"s": S, "labels": given})
    np.testing.assert_array_equal(together["s"], wanted)
    assert together["labels"] is None
    _, (ds, none) = value_and_grad(call, argnums=(0, 1))(S, given)
    np.testing.assert_array_equal(ds, wanted)
    assert none is None
    np.testing.assert_array_equal(jacobian(call)(S, given), wanted)
    assert len(check_grads(call, S, given)) == 1


COUNTS = {
    "range": lambda x, n: sum(x * k for k in range(n)),
    "a size": lambda x, n: (np.ones(n) * x).sum(),
    "a shape": lambda x, n: (x * np.ones((n, 2))).sum(),
    "a slice": lambda x, n: (x * np.arange(9.0)[:n]).sum(),
    "a slice of values": lambda x, n: (x * np.arange(9.0))[:n].sum(),
    "an axis": lambda x, n: (x * np.ones((2, 2, 2, 3))).sum(axis=n)[0, 0, 0],
    "computed from": lambda x, n: sum(x * k for k in range(n + 1)),
    "halved": lambda x, n: x * (n // 2) ** 2,
    "int()": lambda x, n: x * np.ones(int(n / 2)).sum(),
    "a key": lambda x, n: {3: x * 2}[n],
    "repeated": lambda x, n: np.repeat(x * np.ones(2), n).sum(),
    "both": lambda x, n: sum(x * n for _ in range(n)),
}


@pytest.mark.parametrize("use", COUNTS)
def test_counts(use):
    call = COUNTS[use]
    wanted = call(1.0, 3)  # all are linear in x
    traced = trace(call, 2.0, 3)
    assert traced.data == 2 * wanted
    assert [v.label for v in tape(traced) if v.is_leaf and v.requires_grad] == ["x"]
    assert grad(lambda p: call(p["x"], p["n"]))({"x": 2.0, "n": 3}) == {"x": wanted, "n": None}
    assert len(check_grads(call, 2.0, 3)) == 1
    with pytest.raises(InputError, match=r"as a whole number .*give floats"):
        grad(lambda n: call(2.0, n))(3)


def test_a_rest_of_whole_numbers_asks_for_floats():
    with pytest.raises(InputError, match=r"f returns an int, .* divides by // or %.*as in 3\.0"):
        trace(named_f, 7, 2)
    assert [v.label for v in trace(named_f, 7.0, 2.0).inputs[0].inputs] == ["a", "b"]


def named_f(a, b):
    return a % b + a * b


named_f.__name__ = "f"


def test_whole_numbers_that_are_numbers_stay_leaves():
    assert grad(lambda x: x**2)(3) == 6.0
    assert grad(lambda x: (x * x).sum())([1, 2, 3]).tolist() == [2.0, 4.0, 6.0]
    assert grad(lambda x, y: np.where(x > y, x * x, y))(3, 2) == 6.0
    traced = trace(lambda a, b: a * b + 1, 2, 3)
    assert [v.label for v in tape(traced) if v.requires_grad and v.is_leaf] == ["a", "b"]
    assert jacobian(lambda x: x * x)([1, 2]).tolist() == [[2.0, 0.0], [0.0, 4.0]]
    L = load("L=a*b; a=2; b=3")
    assert all(v.requires_grad for v in tape(L))


def test_arrays_of_whole_numbers_and_booleans_are_constants():
    for data in (np.array([0, 1]), np.array([True, False]), np.array([1], np.uint8), [True], True):
        assert not Value(data).requires_grad
        assert tensor(data, requires_grad=True).requires_grad
    with pytest.raises(InputError, match=r"whole numbers are constants.*x\.astype\(float\)"):
        (tensor(np.array([1, 2])) ** 2).sum().backward()
    assert tensor([0, 1]).requires_grad
    assert Value(3).requires_grad
    assert not tensor([0.5], requires_grad=False).requires_grad
    # known again in the picture by the argument's name
    traced = trace(
        lambda data, w: (data @ w).sum(), np.array([[1, 2], [3, 4]]), np.array([0.5, 1.0])
    )
    assert [(v.label, v.requires_grad) for v in tape(traced) if v.is_leaf] == [
        ("w", True),
        ("data", False),
    ]


def test_a_list_of_zeros_and_ones_is_a_mask_for_where():
    call = lambda x, mask: np.where(mask, x * x, 0).sum()  # noqa: E731
    traced = trace(call, np.array([1.0, 2.0, 3.0]), [1, 0, 1])
    assert [v.label for v in tape(traced) if v.is_leaf and v.requires_grad] == ["x"]
    chosen = load("L=sum(where(m, x*x, y)); m=[1,0,1]; x=[1.5,2,3]; y=[7.5,8,9]")
    assert [v.label for v in tape(chosen) if v.is_leaf and v.requires_grad] == ["x", "y"]
    assert load("L=nll_loss(log_softmax(z), t); z=[1,2,3]; t=1").data == pytest.approx(
        -np.log(np.exp(2) / np.exp([1, 2, 3]).sum())
    )


def test_a_run_that_is_repeated_sees_the_same_random_numbers():
    runs = []

    def call(x, n):
        runs.append(np.random.normal())
        return sum(x * k for k in range(n)) * runs[-1]

    np.random.seed(3)
    traced = trace(call, 2.0, 3)
    assert len(runs) == 2
    assert runs[0] == runs[1]
    assert traced.data == 6 * runs[0]


def test_errors_stay_the_functions_own():
    with pytest.raises(LostGradientError, match=r"math\.sqrt"):
        grad(lambda n: math.sqrt(n) * n)(3)
    with pytest.raises(KeyError, match="missing"):
        grad(lambda x, n: {}["missing"], argnums=(0, 1))(2.0, 3)
    with pytest.raises(ZeroDivisionError):
        trace(lambda x, n: x * np.ones(n).sum() * (1 // 0), 2.0, 3)


def test_inner_transforms_take_the_outer_ones_counts():
    def outer(x, n):
        return grad(lambda y: sum(y**2 * k for k in range(n)))(x)

    assert trace(outer, 2.0, 3).data == 12.0
    assert grad(outer)(2.0, 3) == 6.0
    both = grad(lambda x, n: grad(lambda y, m: y[m] ** 2, argnums=(0, 1))(x, n)[0].sum())
    assert both(np.array([1.0, 2.0]), 1).tolist() == [0.0, 2.0]


def test_a_list_times_a_count_is_the_list_so_often():
    for repeated in (
        lambda x, n: sum([x] * n),
        lambda x, n: sum(c * x for c in [1.0] * n),
        lambda x, n: x * len((0,) * n),
        lambda x, n: x * len("-" * n),
    ):
        assert grad(repeated)(2.0, 3) == 3.0
        traced = trace(repeated, 2.0, 3)
        assert [v.label for v in tape(traced) if v.is_leaf and v.requires_grad] == ["x"]
    assert ([1.0, 2.0] * Value(3.0)).data.tolist() == [3.0, 6.0]  # as numpy's numbers do
    assert grad(lambda n: 2 * n * n)(3) == 12.0
