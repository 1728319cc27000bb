"""The plain backward pass against the stream of steps: the same bits, whatever the record."""

import gc
import random

import numpy as np
import pytest

from backviz import OPS, Value, backward_steps, gradients_of, tensor
from backviz.autodiff import sweep as module
from backviz.autodiff.origin import PRODUCT, SUM
from backviz.autodiff.value import constant


def by_steps(output, seed=None):
    return {s.node.serial: s.upstream for s in backward_steps(output, seed)}


def a_random_record(seed, size=200):
    """Sums, products and functions of floats and constants, with much reuse."""
    draw = random.Random(seed)
    values = [Value(draw.uniform(-2, 2)) for _ in range(5)] + [constant(0.5)]
    for _ in range(size):
        a, b = draw.choice(values), draw.choice(values)
        op = draw.choice(["add", "mul", "mul", "add", "sub", "div", "tanh", "relu", "number"])
        if op == "number":
            values.append(a * 1.5 + 2)
        elif op in ("tanh", "relu"):
            values.append(OPS[op](a))
        else:
            values.append({"add": a + b, "mul": a * b, "sub": a - b, "div": a / 3.0}[op].tanh())
    return values, sum(values[6:], Value(0.0))


@pytest.mark.parametrize("seed", range(8))
def test_same_bits_as_the_steps(seed):
    values, output = a_random_record(seed)
    truth = by_steps(output)
    found = gradients_of(output, tuple(values))
    assert found == [truth.get(v.serial, 0.0) for v in values]
    assert all(v.grad is None for v in values)
    output.backward()
    for v in values:
        assert v.grad == truth.get(v.serial) or not v.requires_grad, v
    output.backward()  # again: leaves accumulate, inner values do not
    for v in values:
        if v.requires_grad and v.serial in truth:
            assert v.grad == truth[v.serial] * (2 if v.is_leaf else 1)


def test_operators_record_what_the_ops_record():
    draw = np.random.default_rng(3).normal(size=(50, 2))
    for a, b in [*draw.tolist(), (0.0, -0.0), (1e308, 10.0), (float("inf"), 0.0)]:
        for direct, op, origin in (
            (lambda x, y: x + y, OPS["add"], SUM),
            (lambda x, y: x * y, OPS["mul"], PRODUCT),
        ):
            x, y, u, v = Value(a), Value(b), Value(a), Value(b)
            quick, slow = direct(x, y), op(u, v)
            assert quick.origin is origin
            assert slow.origin is op.origin
            assert quick.op is slow.op is op
            quick.backward(1.7)
            slow.backward(1.7)
            for p, q in ((quick.data, slow.data), (x.grad, u.grad), (y.grad, v.grad)):
                np.testing.assert_array_equal(p, q)
                assert np.signbit(p) == np.signbit(q)


def test_values_far_apart_in_time(monkeypatch):
    monkeypatch.setattr(module, "GAP", 3)  # as if many other values had been made in between
    for seed in range(5):
        values, output = a_random_record(seed, size=60)
        truth = by_steps(output)
        output.backward()
        assert all(v.grad == truth.get(v.serial) for v in values if v.requires_grad)


def test_an_old_value_costs_no_memory_for_its_age():
    old = Value(2.0) * 3
    for _ in range(200_000):
        Value(0.0)
    young = old * old
    waiting = []
    real = module._run

    def watched(top, nodes, *rest):
        real(top, nodes, *rest)
        waiting.append(len(nodes))

    module._run = watched
    try:
        young.backward()
    finally:
        module._run = real
    assert old.grad == 12.0
    assert max(waiting) < 100


def test_numbers_and_arrays_in_one_record():
    w, b = tensor([[1.0, 2.0], [3.0, 4.0]]), Value(0.5)
    x = tensor([1.0, -1.0])
    output = ((w @ x) * b).sum() * b + b.tanh()
    truth = by_steps(output)
    output.backward()
    for v in (w, b, x):
        np.testing.assert_array_equal(v.grad, truth[v.serial])


def test_float32_stays_float32():
    w = tensor(np.ones((2, 3), dtype=np.float32))
    x = tensor(np.ones((4, 2), dtype=np.float32))
    out = (x @ w).relu().mean()
    out.backward()
    assert w.grad.dtype == x.grad.dtype == np.float32


def test_a_record_dies_with_its_output_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(50):
            _, output = a_random_record(1)
            output.backward()
        del output, _
        assert len(gc.get_objects()) - before < 50
    finally:
        gc.enable()
