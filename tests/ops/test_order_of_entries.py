"""`sort`, `topk`, running extremes, `gather`, `scatter_add`, `diag`: numpy's and torch's forms."""

import numpy as np
import pytest

import backviz
from backviz import OPS, Value, load, tensor
from backviz.errors import BackvizError, ShapeError

X = np.array([[3.0, 1.0, 2.0], [1.0, 5.0, 1.0]])
NAN = np.array([2.0, np.nan, 1.0, 2.0])


def test_sorted_entries_send_their_gradient_back_to_where_they_stood():
    x, weights = tensor(X), np.array([[1.0, 10.0, 100.0]] * 2)
    (np.sort(x) * weights).sum().backward()
    assert x.grad.tolist() == [[100.0, 1.0, 10.0], [1.0, 100.0, 10.0]]
    assert np.sort(x, axis=None).tolist() == sorted(X.ravel())
    assert np.sort(x, 0, "stable").tolist() == np.sort(X, 0).tolist()
    assert np.sort(Value(2.0) * 3, -1).data == 6.0


def test_torch_s_method_gives_a_pair():
    x = tensor(X)
    values, indices = x.sort(dim=1, descending=True)
    assert values.tolist() == [[3.0, 2.0, 1.0], [5.0, 1.0, 1.0]]
    assert indices.tolist() == [[0.0, 2.0, 1.0], [1.0, 0.0, 2.0]]
    assert x.sort(axis=0).values.tolist() == np.sort(X, axis=0).tolist()
    assert x.gather(1, indices).tolist() == values.tolist()  # places are an index
    values, indices = x.topk(2, dim=0)
    assert (values.tolist(), indices.shape) == ([[3.0, 5.0, 2.0], [1.0, 1.0, 1.0]], (2, 3))
    values, indices = x.cummax(1)
    assert indices.tolist() == [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0]]
    assert x.argsort(descending=True).tolist() == [[0.0, 2.0, 1.0], [1.0, 0.0, 2.0]]
    assert X[0][x[0].argsort()].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.peers
@pytest.mark.parametrize("descending", [False, True])
def test_nan_is_the_largest_as_in_torch(descending):
    torch = pytest.importorskip("torch")
    mine = tensor(NAN).sort(descending=descending)
    theirs = torch.tensor(NAN).sort(descending=descending, stable=True)
    np.testing.assert_array_equal(mine.values.data, theirs.values.numpy())
    np.testing.assert_array_equal(mine.indices.data, theirs.indices.numpy())
    for name in ("cummax", "cummin"):
        mine = getattr(tensor(NAN), name)(0)
        theirs = getattr(torch.tensor(NAN), name)(0)
        np.testing.assert_array_equal(mine.values.data, theirs.values.numpy())
        np.testing.assert_array_equal(mine.indices.data, theirs.indices.numpy())


def test_a_row_is_taken_as_it_is():
    """Without an axis a row is no other than with it: nothing more is recorded."""
    x = tensor([2.0, 1.0])
    assert OPS["cummax"](x).inputs == OPS["cummin"](x).inputs == np.sort(x, None).inputs == (x,)
    assert np.diagflat(x).inputs == (x,)


def test_numpy_s_running_functions_record():
    x = tensor(X)
    for ufunc in (np.maximum, np.minimum, np.add, np.multiply):
        for axis in (0, 1):
            made = ufunc.accumulate(x, axis=axis)
            assert made.tolist() == ufunc.accumulate(X, axis=axis).tolist()
            assert made.requires_grad


def test_a_running_extreme_is_paid_to_the_entry_that_it_is():
    x = tensor([2.0, 1.0, 2.0, 5.0, 4.0])
    (np.maximum.accumulate(x) * np.array([1.0, 10.0, 100.0, 1e3, 1e4])).sum().backward()
    assert x.grad.tolist() == [11.0, 0.0, 100.0, 11000.0, 0.0]


def test_gather_and_scatter_add_undo_each_other():
    x, places = tensor(X), np.array([[2, 2], [0, 1]])
    taken = x.gather(1, places)
    assert taken.tolist() == [[2.0, 2.0], [1.0, 5.0]]
    assert taken.tolist() == np.take_along_axis(X, places, 1).tolist()
    weights = np.array([[1.0, 10.0], [100.0, 1000.0]])
    (taken * weights).sum().backward()
    zeros = tensor(np.zeros((2, 3)))
    added = zeros.scatter_add(1, places, tensor(weights))
    assert x.grad.tolist() == added.tolist() == [[0.0, 0.0, 11.0], [100.0, 1000.0, 0.0]]
    assert OPS["gather"](x, places, axis=1).tolist() == taken.tolist()
    empty = x.gather(1, np.zeros((2, 0), int))
    assert empty.shape == (2, 0)
    assert not np.any(backviz.gradients_of(empty.sum(), (x,))[0])


def test_the_language_of_expressions_has_them():
    made = load("L = sum(gather(x, i, axis=1)) + sum(topk(y, k=2)) + sum(sort(y)*y); "
                "x=[[1,2],[3,4]]; i=[[1],[0]]; y=[3,1,2]")  # fmt: skip
    assert made.data == 5.0 + 5.0 + (3 * 1 + 1 * 2 + 2 * 3)
    made = load("L = sum(scatter_add(x, i, s, axis=0)**2); x=[1,2]; i=[1,1]; s=[10,20]")
    assert made.data == 1.0 + 32.0**2


def test_a_diagonal_both_ways():
    x, v = tensor(X), tensor([1.0, 2.0])
    assert np.diag(x, 1).tolist() == [1.0, 1.0]
    assert np.diag(v, -1).tolist() == np.diag([1.0, 2.0], -1).tolist()
    assert np.diagflat(x).shape == (6, 6)
    (np.diag(v) @ x[:, :2] @ v).sum().backward()
    assert v.grad.shape == (2,)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda x: x.topk(5), ShapeError, "5 of 3 entries cannot be taken"),
        (lambda x: x.topk(0), None, ""),
        (lambda x: Value(1.0).topk(0), ShapeError, "0 of 1 entries cannot be taken"),
        (lambda x: x.sort(3), BackvizError, "axis 3 is out of bounds|has no axis 3"),
        (lambda x: Value(1.0).sort(1), BackvizError, "a single number has no axes but 0 and -1"),
        (lambda x: x.scatter_add(1, np.array([[0], [1]]), tensor([[1.0]])), ShapeError,
         "give one place for each entry"),
        (lambda x: x.scatter_add(1, np.array([[0]])), TypeError, "what is to be added is missing"),
        (lambda x: x.gather(1), TypeError, "it is missing the index or its axis"),
        (lambda x: x.gather(1, np.array([[0.5], [1]])), TypeError, "an index is whole numbers"),
        (lambda x: x.gather(1, np.array([[7], [1]])), BackvizError, "out of bounds"),
        (lambda x: np.sort(x, order="a"), TypeError, "no fields to order by"),
        (lambda x: np.diag(tensor(np.ones((1, 1, 1)))), BackvizError, "a vector or a matrix"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(call, error, said):
    if error is None:
        assert call(tensor(X)).values.shape == (2, 0)
        return
    with pytest.raises((error, IndexError), match=said) as caught:
        call(tensor(X))
    assert "lambda" not in str(caught.value)
