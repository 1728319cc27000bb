"""Recorded values and the one backward pass."""

import gc
import math
import subprocess
import sys
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backviz
from backviz.autodiff.backward import backward_steps, gradients_of, tape
from backviz.autodiff.recording import no_grad
from backviz.autodiff.value import Value, constant, tensor
from backviz.errors import InputError, ShapeError


def test_micrograd_api_works_as_people_know_it():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert (f"{a.grad:.4f}", f"{b.grad:.4f}") == ("138.8338", "645.5773")
    assert (1 - a).data == 5.0
    assert (2 / b).data == 1.0
    assert (2**b).data == 4.0
    assert (+a) is a
    assert abs(a).data == 4.0


def test_scalars_are_python_floats_everywhere():
    x = Value(np.float32(2))
    y = tensor([1.0, 2.0]).sum() * x
    y.backward()
    for v in tape(y):
        if v.shape == ():
            assert type(v.data) is float
            assert v.grad is None or type(v.grad) is float
            assert v.locals is None or all(p is None or type(p) is float for p in v.locals)


def test_gradients_start_as_not_computed():
    x = Value(2.0)
    assert x.grad is None
    y = 3 * x
    y.backward()
    three = y.inputs[0]
    assert (x.grad, three.grad, three.requires_grad) == (3.0, None, False)
    x.zero_grad()
    assert x.grad is None


def test_a_second_backward_accumulates_on_leaves_and_leaves_the_inside_right():
    x = Value(3.0)
    y = x * x
    z = y * 2
    z.backward()
    z.backward()
    assert (x.grad, y.grad, z.grad) == (24.0, 2.0, 1.0)


def test_two_outputs_accumulate():
    x = Value(3.0)
    (x * 2).backward()
    (x * x).backward()
    assert x.grad == 8.0


def test_derivatives_of_any_order():
    x = Value(0.7, "x")
    y = x.tanh()
    t = math.tanh(0.7)
    s = 1 - t * t
    by_hand = [s, -2 * t * s, -2 * s * (1 - 3 * t * t), 8 * t * s * (2 - 3 * t * t)]
    for expected in by_hand:
        (y,) = gradients_of(y, (x,), create_graph=True)
        assert y.data == pytest.approx(expected, rel=1e-12)


def test_create_graph_leaves_a_gradient_that_has_a_gradient():
    x = Value(3.0)
    (x**3).backward(create_graph=True)
    assert isinstance(x.grad, Value)
    first, x.grad = x.grad, None
    first.backward()
    assert (first.data, x.grad) == (27.0, 18.0)


def test_second_derivatives_of_arrays():
    w = tensor([[0.1, 0.5], [-0.3, 0.8]])
    x = tensor([0.2, 0.4])
    f = ((w @ x) ** 2).sum()
    (gx,) = gradients_of(f, (x,), create_graph=True)
    rows = [gradients_of(gx, (x,), seed=np.eye(2)[i])[0] for i in range(2)]
    assert np.allclose(rows, 2 * w.data.T @ w.data, rtol=1e-14)


def test_steps_come_in_reverse_order_of_recording_with_complete_upstreams():
    a = Value(2.0, "a")
    output = (a * 3 + a) * a
    steps = list(backward_steps(output))
    serials = [s.node.serial for s in steps]
    assert serials == sorted(serials, reverse=True)
    assert steps[-1].node is a
    assert steps[-1].upstream == 16.0
    assert steps[-1].contributions == ()
    assert a.grad is None, "the stream itself changes nothing"


def test_two_streams_over_one_graph_do_not_disturb_each_other():
    a = Value(2.0)
    output = a * a + a
    one, two = backward_steps(output), backward_steps(output)
    mixed = [(x.upstream, y.upstream) for x, y in zip(one, two, strict=True)]
    assert all(x == y for x, y in mixed)


def test_a_chain_of_100_000_needs_no_recursion():
    x = y = Value(0.5)
    for _ in range(50_000):
        y = y * 1.00001 + 1e-9
    y.backward()
    assert x.grad == pytest.approx(1.00001**50_000, rel=1e-9)
    assert len(tape(y)) == 200_001


def test_the_tape_has_no_reference_cycles():
    gc.collect()
    gc.disable()
    try:
        x = tensor([2.0])
        y = (x * x + x).tanh()
        y.sum().backward()
        watch = weakref.ref(y.data)
        del y
        assert watch() is None
    finally:
        gc.enable()


def test_arrays_and_seeds():
    x = tensor([1.0, 2.0])
    y = x * x
    with pytest.raises(InputError, match=r"shape \(2,\).*needs a seed"):
        y.backward()
    with pytest.raises(ShapeError, match=r"seed has shape \(3,\)"):
        y.backward([1.0, 2.0, 3.0])
    y.backward([1.0, 10.0])
    assert list(x.grad) == [2.0, 40.0]


def test_no_gradient_wanted_is_a_sentence():
    with pytest.raises(InputError, match="does not depend on any value that wants a gradient"):
        (constant(2.0) * 3).backward()


def test_no_grad_and_detach_cut_the_record():
    x = Value(2.0)
    with no_grad():
        y = x * 3
    assert y.is_leaf
    assert not y.requires_grad
    assert x.detach().requires_grad is False
    assert (x * 3).requires_grad


def test_what_is_not_a_real_number_is_refused():
    for wrong in (1j, "2", None, [1, "a"], [[1], [2, 3]], object()):
        with pytest.raises((TypeError, ValueError)):
            Value(wrong)


def test_a_value_does_not_share_the_caller_s_array():
    data = np.ones(3)
    x = tensor(data)
    data[0] = 5
    assert x.data[0] == 1.0


def test_integer_arrays_become_floats_and_float32_stays():
    assert tensor([1, 2]).data.dtype == np.float64
    assert tensor(np.ones(2, np.float32)).data.dtype == np.float32


def test_public_names_are_all_there():
    for name in backviz.__all__:
        assert getattr(backviz, name) is not None
        assert name in dir(backviz)
    with pytest.raises(AttributeError, match="nothing"):
        backviz.nothing  # noqa: B018


# Random graphs against complex steps ----------------------------------------------

UNARY = {
    "tanh": np.tanh,
    "sin": np.sin,
    "exp": np.exp,
    "neg": np.negative,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply}


@st.composite
def programs(draw):
    """A list of ops on earlier results: reuse and diamonds come by themselves."""
    length = draw(st.integers(1, 12))
    lines = []
    for i in range(length):
        have = st.integers(0, i + 1)
        if draw(st.booleans()):
            lines.append((draw(st.sampled_from(sorted(UNARY))), (draw(have),)))
        else:
            lines.append((draw(st.sampled_from(sorted(BINARY))), (draw(have), draw(have))))
    return lines


def run(program, first, second, table):
    values = [first, second]
    for name, args in program:
        values.append(table(name)(*(values[k] for k in args)))
    return values[-1]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(programs(), st.floats(-1, 1), st.floats(-1, 1))
def test_random_graphs_match_the_complex_step(program, a, b):
    x, y = Value(a), Value(b)
    output = run(program, x, y, backviz.OPS.__getitem__)
    if not (isinstance(output, Value) and math.isfinite(output.data) and abs(output.data) < 1e6):
        return
    gradients = gradients_of(output, (x, y))
    numpy = (UNARY | BINARY).__getitem__
    h = 1e-30
    with np.errstate(all="ignore"):
        exact = [
            run(program, complex(a, h), complex(b), numpy).imag / h,
            run(program, complex(a), complex(b, h), numpy).imag / h,
        ]
    if all(math.isfinite(g) and abs(g) < 1e9 for g in exact):
        assert gradients == pytest.approx(exact, rel=1e-9, abs=1e-9)


# What a review found ----------------------------------------------------------------


def test_gradients_of_different_values_share_no_memory():
    a, b = tensor([1.0, 2.0]), tensor([3.0, 4.0])
    seed = np.ones(2)
    c = a + b
    c.backward(seed)
    arrays = [a.grad, b.grad, c.grad, seed, a.data, b.data]
    for i, one in enumerate(arrays):
        assert not any(np.shares_memory(one, other) for other in arrays[i + 1 :])
    w = tensor([[1.0, 2.0]])
    assert not np.shares_memory(w.swapaxes(0, 1).data, w.data)
    first, second = gradients_of(a + b, (a, b), seed=seed)
    assert not np.shares_memory(first, second)


def test_writing_into_the_graph_does_not_change_the_record():
    x = tensor([1.0, 2.0])
    x.sum().backward()
    value = backviz.to_graph(x.sum()).nodes[0]["value"]
    with pytest.raises(ValueError, match="read-only"):
        value[0] = 5.0


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * x,
        lambda x: x + 1,
        lambda x: 3 * x,
        lambda x: x.relu(),
        abs,
        lambda x: backviz.OPS["maximum"](x, 1) * x,
    ],
)
@pytest.mark.parametrize("start", [3.0, [1.0, 2.0]])
def test_derivatives_end_in_zeros_and_go_on_for_ever(f, start):
    x = Value(start)
    y = f(x)
    for _ in range(6):
        (y,) = gradients_of(y, (x,), seed=np.ones(y.shape) if y.shape else None, create_graph=True)
        assert isinstance(y, Value)
        assert y.shape == x.shape
    assert not np.any(y.data)


@pytest.mark.parametrize("power", [0, 1, 2, 3])
@pytest.mark.parametrize("start", [0.0, [0.0, 1.0]])
def test_powers_at_zero_have_all_their_derivatives(power, start):
    x = Value(start)
    y = x**power
    coefficient = 1.0
    for order in range(1, 7):
        seed = np.ones(y.shape) if y.shape else None
        (y,) = gradients_of(y, (x,), seed=seed, create_graph=True)
        coefficient *= power - order + 1
        expected = coefficient * np.asarray(start, float) ** max(0, power - order)
        assert np.allclose(y.data, expected)


def test_a_blocked_gradient_is_zero_even_if_it_is_infinite():
    for make in (Value, lambda x: tensor([x])):
        x = make(-1.0)
        y = x.relu().sqrt()
        y.backward(None if y.shape == () else [1.0])
        assert float(np.asarray(x.grad).item()) == 0.0
        (g,) = gradients_of(
            x.relu().sqrt(), (x,), seed=np.ones(x.shape) if x.shape else None, create_graph=True
        )
        assert g.item() == 0.0


def test_axes_of_zero_are_kept_and_numpy_integers_are_numbers():
    w = tensor([[1.0, 2.0], [3.0, 4.0]], "W")
    for axis in (0, np.int64(0)):
        graph = backviz.to_graph(w.sum(axis=axis))
        assert graph.nodes[1]["params"] == {"axis": 0}
        assert "sum(W, axis=0)" in backviz.describe(w.sum(axis=axis))
    assert backviz.to_graph(w.swapaxes(0, 1)).nodes[1]["params"]["axis1"] == 0
    with pytest.raises(ShapeError, match="a single number has no axes but 0 and -1"):
        Value(1.0).sum(axis=1)


def test_float32_leaves_get_float32_gradients():
    x = tensor(np.ones(3, np.float32))
    (x * 2).sum().backward()
    assert x.grad.dtype == np.float32


def test_numpy_s_sum_and_mean_record():
    x = tensor([[1.0, 2.0]])
    assert np.sum(x, axis=0).op.name == "sum"
    assert np.mean(x).op.name == "mean"
    with pytest.raises(TypeError, match="takes no dtype"):
        np.sum(x, dtype=np.float32)


def test_nothing_warns_on_infinities_and_empty_arrays():
    a = tensor([0.0, 1.0])
    y = (1 / a - 1 / a).sum() + a.sum() * np.inf
    y.backward()
    assert np.isnan(y.data)
    assert np.isnan(tensor(np.zeros(0)).mean().data)


def test_masked_arrays_without_a_mask_are_plain_arrays():
    assert type(Value(np.ma.masked_array([1.0, 2.0])).data) is np.ndarray


def test_threads_may_draw_at_the_same_time():
    from concurrent.futures import ThreadPoolExecutor

    def draw(k):
        x = Value(float(k), "x")
        return backviz.render((x * x + x).tanh(), "svg")

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(draw, range(60)))) == 60


def test_an_operator_finds_its_row_whatever_was_imported_first():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "from backviz.autodiff.value import Value; print((Value(2.) - 1).data)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "1.0"
