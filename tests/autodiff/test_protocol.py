"""numpy's functions on recorded values, and values that behave like arrays and torch's tensors."""

import copy
import threading

import numpy as np
import pytest

import backviz
from backviz import OPS, Value, no_grad, tensor
from backviz.autodiff.table import FUNCTIONS

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])


def test_operators_with_arrays_on_either_side():
    x = tensor(X)
    for made in (
        np.ones(3) * x,
        X + x,
        X @ x.T,
        x @ X.T,
        2 - x,
        X / x,
        x**2,
        2**x,
        np.float64(2) * x,
    ):
        assert isinstance(made, Value)
        assert made.op is not None
        assert made.data.dtype == np.float64
    assert isinstance(np.float64(2.0) * Value(3.0), Value)


def test_every_function_in_the_table_is_one_of_numpy_s():
    assert len(FUNCTIONS) >= 60
    for function, op in FUNCTIONS.items():
        assert callable(function)
        assert callable(op)
        assert not hasattr(op, "name") or OPS[op.name] is op


def test_what_is_not_supported_says_so_and_names_the_nearest_op():
    x = tensor(X)
    cases = {
        lambda: np.cbrt(x): r"np\.cbrt does not record; write np\.sign",
        lambda: np.median(x): r"np\.median does not record; write np\.mean\(np\.sort",
        lambda: np.fft.fft(x): r"np\.fft\.fft does not record",
        lambda: np.isnat(x): r"np\.isnat does not record",
        lambda: np.heaviside(x, 0.0): "a step, whose gradient is 0 everywhere",
        lambda: np.partition(x, 1): r"sorted order does it too; write np\.sort",
        lambda: np.subtract.accumulate(x): r"np\.subtract\.accumulate does not record",
        lambda: np.add(
            x, 1, out=np.zeros((2, 3))
        ): r"make a new one: a = a \+ x instead of a \+= x",
        lambda: np.exp(x, dtype=np.float32): "takes no dtype",
        lambda: np.sum(x, dtype=np.float32): "takes no dtype",
        lambda: np.sum(x, out=np.zeros(())): "takes no out",
        lambda: np.array([x, x]): r"use np\.stack",
        lambda: np.asarray(x): r"x\.numpy\(\) for the numbers",
        lambda: x.sum(rows=2): "sum has no option 'rows' here; it has axis, keepdims",
        lambda: x.tanh(3): r"^tanh\(\) takes 1 positional argument",
    }
    for call, message in cases.items():
        with pytest.raises(TypeError, match=message):
            call()


class Erf:
    """What of scipy's erf a refusal looks at."""

    __name__ = "erf"


def test_a_ufunc_of_somebody_else_is_not_called_numpy_s():
    with pytest.raises(TypeError, match=r"^this erf, which is not numpy's, does not record; back"):
        tensor(X).__array_ufunc__(Erf(), "__call__", tensor(X))


def test_writing_into_recorded_data_is_refused():
    x = tensor(X)
    with pytest.raises(TypeError, match="cannot be set: its consumers have used them"):
        x[0] = 1.0
    y = x
    y += 1  # a new value; x is as it was
    assert (x.data == X).all()
    with pytest.raises(ValueError, match="read-only"):
        (x * 2).data[0] = 1.0
    given = X.copy()
    x = tensor(given)
    given[0] = 99
    assert (x.data == X).all()


def test_values_behave_like_arrays():
    x = tensor(X)
    assert len(x) == 2
    assert [row.shape for row in x] == [(3,), (3,)]
    assert (x.shape, x.ndim, x.size, x.dtype) == ((2, 3), 2, 6, np.float64)
    assert (x.T.shape, x.mT.shape, x.dim(), x.numel()) == ((3, 2), (3, 2), 2, 6)
    assert x.tolist() == X.tolist()
    plain = x.numpy()
    plain[0] = 0
    assert (x.data == X).all()
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((2, 3), 2, 6)
    assert (np.zeros_like(x) == 0).all()
    assert (np.asarray(x.detach()) == X).all()


def test_values_behave_like_numbers():
    x = Value(2.5)
    assert (float(x), int(x), f"{x:.2f}", bool(x), bool(Value(0.0))) == (
        2.5,
        2,
        "2.50",
        True,
        False,
    )
    for ask in (len, iter):
        with pytest.raises(TypeError, match="a single number"):
            ask(x)
    with pytest.raises(ValueError, match="neither true nor false"):
        bool(tensor(X))


def test_comparisons_give_values_without_a_gradient():
    x = tensor(X)
    for made in (x > 2, x < 2, x >= 2, x <= 2, x == 2, x != 2, 2 < x):  # noqa: SIM300
        assert made.shape == (2, 3)
        assert not made.requires_grad
        assert set(np.unique(made.data)) <= {0.0, 1.0}
    assert (x == None) is False  # noqa: E711
    assert x in [x]
    assert len({x, x, tensor(X)}) == 2


def test_requires_grad_can_be_switched_on_leaves():
    w, x = Value(2.0), Value(3.0)
    w.requires_grad = False
    (w * x).backward()
    assert (w.grad, x.grad) == (None, 2.0)
    with pytest.raises(backviz.BackvizError, match=r"use x\.detach"):
        (w * x).requires_grad = False


def test_no_grad_belongs_to_its_thread():
    seen = {}
    entered, done = threading.Event(), threading.Event()

    def other():
        with no_grad():
            entered.set()
            done.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait(10)
    seen = Value(2.0) * Value(3.0)
    done.set()
    thread.join()
    assert seen.requires_grad
    assert (Value(2.0) * Value(3.0)).requires_grad


def test_threads_compute_at_the_same_time():
    def work(results, i):
        x = tensor(np.full((200, 200), float(i)))
        for _ in range(20):
            y = np.log(x - i)  # minus infinity, without a warning
        results[i] = bool(np.isneginf(y.data).all())

    results = {}
    threads = [threading.Thread(target=work, args=(results, i)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == dict.fromkeys(range(4), True)
    assert np.geterr()["divide"] == "warn"


def test_torch_s_words():
    x = tensor(X)
    assert x.t().shape == (3, 2)
    assert x.clone().op.name == "identity"
    with pytest.raises(ValueError, match=r"shape \(2, 3\) is not one number"):
        float(x)
    assert (x.sum(dim=0).data == X.sum(0)).all()
    assert (x.sum(dim=1, keepdim=True).data == X.sum(1, keepdims=True)).all()
    assert x.view(3, 2).shape == x.reshape(3, 2).shape == x.reshape((3, 2)).shape == (3, 2)
    assert x.unsqueeze(0).shape == (1, 2, 3)
    assert x.max().item() == 7.0
    assert x.clamp(min=2, max=4).data.max() == 4.0


def test_copies():
    x = Value(2.0, "x")
    y = x * x
    same = copy.copy(y)
    assert same.data == 4.0
    assert copy.deepcopy(y).inputs[0] is not x


def test_attributes_are_looked_up_the_quick_way():
    # a __getattr__ would keep the interpreter from specializing, which halves the engine's speed
    for each in Value.__mro__[:-1]:
        assert not {"__getattr__", "__getattribute__"} & set(vars(each))
