"""A record one of whose leaves was changed afterwards says so; changes between steps go on working.

The truth is a gradient that belongs to the numbers in the picture, or no gradient at all.
"""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest
from quick import slow

import backviz
from backviz import Value, no_grad, tensor
from backviz.errors import InputError, ShapeError
from backviz.optim import SGD

CHANGED = "the data of x was changed"


def replace(x):
    x.data = 5.0 if not x.shape else np.full(x.shape, 5.0)


def write(x):
    x.data[0] = 5.0


def subtract(x):
    x.data -= 1.0


def other_shape(x):
    x.data = np.ones(7)


def write_through_a_view(x):
    x.data.reshape(-1)[1:] += 1.0


def fill(x):
    np.copyto(x.data, 0.0)


def shuffle(x):
    x.data[:] = x.data[::-1].copy()


def optimize(x):
    x.grad = np.ones(x.shape) if x.shape else 1.0
    SGD([x], lr=0.1).step()


CHANGES = [replace, write, subtract, other_shape, write_through_a_view, fill, shuffle, optimize]
FUNCTIONS = {  # with a rule that needs the leaf, with one that does not, one that looks away
    "product": lambda x: (x * x).sum(),
    "sum": lambda x: (x + 1.0).sum(),
    "relu": lambda x: np.maximum(x, 0.0).sum(),
    "entry": lambda x: x[2] * 1.0,
    "matmul": lambda x: x @ x,
    "reshaped": lambda x: x.reshape(3, 1).T.sum(),
}
READERS = {
    "backward": lambda y: y.backward(),
    "freeing": lambda y: y.backward(retain_graph=False),
    "create_graph": lambda y: y.backward(create_graph=True),
    "gradients": lambda y: backviz.gradients_of(y, (y,)),
    "graph": backviz.to_graph,
    "table": backviz.table,
    "picture": lambda y: backviz.render(y, "svg"),
    "stepper": backviz.stepper,
    "tape": backviz.tape,
}


def leaf():
    return tensor([1.0, -2.0, 3.0], "x")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_backward_refuses_an_array_that_was_changed(change, f):
    x = leaf()
    y = f(x)
    change(x)
    before = x.grad
    with pytest.raises(InputError, match=CHANGED):
        y.backward()
    assert x.grad is before
    assert y.grad is None


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_everything_that_reads_a_record_refuses(reader):
    for change in (replace, write):
        x = leaf()
        y = (x + 1.0).sum()
        change(x)
        with pytest.raises(InputError, match=CHANGED):
            reader(y)
    x = Value(2.0, "x")
    y = x * x
    x.data = 5
    with pytest.raises(InputError, match=CHANGED):
        reader(y)


@pytest.mark.parametrize("retain", [True, False])
@pytest.mark.parametrize(
    "f", [lambda x: x * x, lambda x: x + x, lambda x: x.tanh(), lambda x: 3 * x, lambda x: x + 1]
)
def test_numbers(f, retain):
    x = Value(2.0, "x")
    y = f(x) * 1.5
    x.data += 1.0
    with pytest.raises(InputError, match=CHANGED):
        y.backward(retain_graph=retain)
    assert x.grad is None


def test_a_leaf_without_a_gradient_counts_as_well():
    x, w = tensor([1.0, 2.0], "x", requires_grad=False), tensor([3.0, 4.0])
    y = (w * x).sum()
    x.data[1] = 0.0
    with pytest.raises(InputError, match=CHANGED):
        y.backward()


def test_only_what_came_before_the_change_is_refused():
    x = leaf()
    old = (x * x).sum()
    x.data[0] = 5.0
    new = (x * x).sum()
    new.backward()
    assert x.grad.tolist() == [10.0, -4.0, 6.0]
    with pytest.raises(InputError, match=CHANGED):
        old.backward()
    with pytest.raises(InputError, match=CHANGED):  # a part of it is old
        (new + old).backward()


def test_a_change_half_way_through_a_record():
    for retain in (True, False):
        x = Value(2.0, "x")
        y = x * x
        x.data = 3.0
        with pytest.raises(InputError, match=CHANGED):
            (y * x).backward(retain_graph=retain)
        fresh = Value(7.0) * Value(1.0)  # older than the change, and not touched by it
        x.data = 4.0
        (x * x * fresh).backward(retain_graph=retain)
        assert x.grad == 56.0


def test_an_array_that_was_handed_out_before_is_watched():
    x = leaf()
    mine = x.data
    y = (x * x).sum()
    mine[0] = 9.0
    with pytest.raises(InputError, match=CHANGED):
        y.backward()
    given = np.array([1.0, 2.0])
    x.data = given
    y = (x * x).sum()
    given[0] = 9.0
    with pytest.raises(InputError, match=CHANGED):
        y.backward()


def test_looking_is_no_change():
    x = leaf()
    y = (x * x).sum()
    assert (x.data + 1).tolist() == [2.0, -1.0, 4.0]
    x.data[0] = x.data[0]
    assert repr(x).startswith("Value([")
    y.backward()
    assert x.grad.tolist() == [2.0, -4.0, 6.0]
    nans = tensor([np.nan, 1.0])
    y = (nans * 2).sum()
    assert nans.data.shape == (2,)
    y.backward()


def test_the_data_of_a_computed_value_cannot_be_set():
    y = Value(2.0) * 3
    with pytest.raises(InputError, match=r"what its op \(mul\) gave"):
        y.data = 5.0
    y.backward(retain_graph=False)
    with pytest.raises(InputError, match="computed value"):
        y.data = 5.0
    assert not y.is_leaf


def test_what_is_set_becomes_what_a_value_holds():
    x = Value(1.0)
    x.data = np.array(2)
    assert type(x.data) is float
    x.data = [1, 2]
    assert x.data.dtype == float
    with pytest.raises(TypeError):
        x.data = "text"


def test_no_copies_in_a_training_loop_that_frees_its_records():
    w = tensor(np.ones((3, 3)), "w")
    for _ in range(3):
        (w * w).sum().backward(retain_graph=False)
        w.data -= 0.1 * w.grad
        assert w.second.kept is None
        w.zero_grad()


# Training: every way to write an update must train ------------------------------------------


def by_data(params):
    for p in params:
        p.data -= 0.1 * p.grad


def by_entries(params):
    for p in params:
        if p.shape:
            for i in np.ndindex(p.shape):
                p.data[i] -= 0.1 * p.grad[i]
        else:
            p.data = p.data - 0.1 * p.grad


def in_place(params):
    with no_grad():
        for p in params:
            p -= 0.1 * p.grad  # noqa: PLW2901


def in_place_by_others(params):
    with no_grad():
        for p in params:
            p += -0.1 * p.grad  # noqa: PLW2901
            p *= 1.0  # noqa: PLW2901
            p /= 1.0  # noqa: PLW2901
            p **= 1  # noqa: PLW2901


def optimizer(params):
    SGD(params, lr=0.1).step()


@pytest.mark.parametrize("update", [by_data, by_entries, in_place, in_place_by_others, optimizer])
@pytest.mark.parametrize("retain", [True, False])
def test_fifty_steps_train(update, retain):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(20, 2))
    target = x @ [2.0, -1.0] + 0.5
    w, b = tensor(np.zeros(2), "w"), Value(0.0, "b")
    by_hand_w, by_hand_b = np.zeros(2), 0.0
    losses = []
    for _ in range(50):
        loss = ((x @ w + b - target) ** 2).mean()
        losses.append(loss.item())
        for p in (w, b):
            p.zero_grad()
        loss.backward(retain_graph=retain)
        update([w, b])
        error = x @ by_hand_w + by_hand_b - target
        by_hand_w = by_hand_w - 0.1 * 2 * x.T @ error / 20
        by_hand_b = by_hand_b - 0.1 * 2 * error.mean()
    assert losses[-1] < 1e-2 * losses[0]
    assert w.data == pytest.approx(by_hand_w, rel=1e-9)
    assert b.data == pytest.approx(by_hand_b, rel=1e-9)


def test_in_place_under_no_grad_is_torchs():
    torch = pytest.importorskip("torch")
    start = [[1.0, 2.0], [3.0, 4.0]]
    ours, theirs = tensor(start), torch.tensor(start, requires_grad=True)
    same, also = ours, theirs
    with no_grad(), torch.no_grad():
        for change in ("+= 2", "-= 0.5", "*= 3", "/= 4", "**= 2"):
            scope = {"ours": ours, "theirs": theirs}
            exec(f"ours {change}\ntheirs {change}", scope)
            assert scope["ours"] is same
            assert scope["theirs"] is also
            assert same.data == pytest.approx(also.detach().numpy())
        ours @= np.array([[0.0, 1.0], [1.0, 0.0]])
    assert ours is same
    assert same.data == pytest.approx(also.detach().numpy()[:, ::-1])
    assert same.is_leaf
    assert same.requires_grad


def test_in_place_under_no_grad_keeps_shape_and_precision():
    p = tensor(np.ones(2, np.float32), "p")
    with no_grad():
        p -= np.array([0.5, 0.25])
        assert p.data.dtype == np.float32
        with pytest.raises(ShapeError, match="p keeps its shape"):
            p += np.ones((3, 2))
    assert p.data.tolist() == [0.5, 0.75]


def test_in_place_while_recording_stays_a_new_value():
    a = Value(2.0, "a")
    c = a
    c += 1
    assert c is not a
    assert (a.data, c.data) == (2.0, 3.0)
    c.backward()
    assert a.grad == 1.0


# Copies -------------------------------------------------------------------------------------


def made():
    b, a = Value(2.0, "b"), Value(3.0, "a")
    c = tensor([[1.0, 2.0], [3.0, 4.0]], "c")
    y = ((c * a).T.sum(axis=0) * b + a).tanh().sum()
    y.label = "y"
    y.backward()
    return y


COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda y: pickle.loads(pickle.dumps(y)),
    "by python": lambda y: pickle.loads(pickle._dumps(y)),
    "protocol 2": lambda y: pickle.loads(pickle.dumps(y, 2)),
    "twice": lambda y: copy.deepcopy(pickle.loads(pickle.dumps([0, y])))[1],
}


@pytest.mark.parametrize("again", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("form", ["svg", "json", "dot"])
def test_a_copy_draws_the_same_picture(again, form):
    y = made()
    assert backviz.render(again(y), form) == backviz.render(y, form)


@pytest.mark.parametrize("again", COPIES.values(), ids=COPIES)
def test_a_copy_is_a_record_of_its_own(again):
    y = made()
    twin = again(y)
    leaves = [v for v in backviz.tape(twin) if v.is_leaf]
    assert [v.label for v in leaves if v.label] == ["b", "a", "c"]
    for v in backviz.tape(twin):
        v.zero_grad()
    twin.backward()
    assert [np.array_equal(v.grad, w.grad) for v, w in zip(
        backviz.tape(y), backviz.tape(twin), strict=True)].count(False) == 0  # fmt: skip
    with pytest.raises(ValueError, match="read-only"):
        twin.inputs[0].data[...] = 1.0
    leaves[-1].data[0, 0] = 7.0
    y.backward()  # the original has not changed
    with pytest.raises(InputError, match="was changed"):
        twin.backward()


@pytest.mark.parametrize("again", COPIES.values(), ids=COPIES)
def test_what_is_shared_stays_shared_and_a_change_is_remembered(again):
    a = Value(2.0, "a")
    y, z = a * a, a + 1.0
    z.backward(create_graph=True)
    first, second, leaf = again([y, z, a])
    assert backviz.tape(first)[0] is leaf
    assert backviz.tape(second)[0] is leaf
    assert leaf.grad.data == 1.0
    a.data = 5.0
    with pytest.raises(InputError, match="was changed"):
        again(y).backward()


@pytest.mark.parametrize("again", COPIES.values(), ids=COPIES)
def test_gradients_that_are_recorded_are_copied_with_their_history(again):
    x = Value(3.0, "x")
    y = x**3
    y.backward(create_graph=True)
    twin = again(y)
    leaf = backviz.tape(twin)[0]
    assert backviz.gradients_of(leaf.grad, (leaf,)) == [18.0]


@pytest.mark.parametrize("length", [10_000, slow(100_000)])
@pytest.mark.parametrize("again", [COPIES["deepcopy"], COPIES["pickle"]])
def test_a_deep_record(again, length):
    x, y = Value(0.99999, "x"), Value(0.5, "y")
    z = y
    for _ in range(length):
        z = z * x
    twin = again(z)
    twin.backward()
    assert backviz.tape(twin)[1 - 1].label == "x"
    assert backviz.tape(twin)[1].grad == pytest.approx(0.99999**length)


def test_a_pickle_that_breaks_off_leaves_nothing_behind():
    a = Value(2.0, "a")
    y = a * 3
    y.backward()
    with pytest.raises((TypeError, pickle.PicklingError, AttributeError)):
        pickle.dumps([y, lambda: 0])
    twin = pickle.loads(pickle.dumps(y))
    assert backviz.tape(twin)[0].grad == 3.0


def _picture(y):
    return backviz.render(y, "svg")


def test_through_another_process():
    y = made()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_picture, (y,)) == _picture(y)


def test_a_shallow_copy_is_a_leaf_of_its_own():
    x = leaf()
    y = copy.copy(x)
    y.data[0] = 9.0
    assert x.data[0] == 1.0
