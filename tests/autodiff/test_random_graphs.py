"""Random computations with reused values, broadcasts and diamonds, against independent truth.

Gradients come from the complex step, f'(x) = Im f(x + ih) / h, which has no rounding of
differences, and from torch where it is installed. (Squire and Trapp, SIAM Review 1998.)
"""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backviz import OPS, backward_steps, gradients_of, tensor, to_graph

if os.environ.get("CI_PEERS"):
    import torch
else:
    try:
        import torch
    except ImportError:
        torch = None

SHAPES = [(), (3,), (2, 3), (2, 1), (1, 3)]
TAME = {  # functions of one argument that are analytic and stay moderate: name, plain form
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "exp": lambda x: np.exp(0.3 * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "log1p": lambda x: np.log(1 + 1 + x * x),
    "sqrt": lambda x: np.sqrt(1 + x * x),
    "arctan": np.arctan,
    "sum0": lambda x: x.sum(0) if x.ndim else x,
    "mean": lambda x: x.mean(),
    "slice": lambda x: x[..., ::-1] if x.ndim else x,
    "turn": lambda x: x.T,
}
OURS = {
    "exp": lambda x: (x * 0.3).exp(),
    "log1p": lambda x: (x * x + 1).log1p(),
    "sqrt": lambda x: (x * x + 1).sqrt(),
    "sum0": lambda x: x.sum(axis=0) if x.shape else x,
    "mean": lambda x: x.mean(),
    "slice": lambda x: x[..., ::-1] if x.shape else x,
    "turn": lambda x: x.T,
}
KINKED = ["relu", "abs", "maximum", "minimum", "leaky_relu", "elu"]  # torch only
BINARY = ["add", "sub", "mul", "div"]

step = st.tuples(
    st.sampled_from([*TAME, *BINARY * 3, "matmul"]), st.integers(0, 99), st.integers(0, 99)
)
program = st.tuples(
    st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3),
    st.lists(step, min_size=1, max_size=14),
    st.integers(0, 2**32 - 1),
)


def combine(op, a, b, shapes):
    """One step of two operands in any array library; division stays away from 0."""
    if op == "matmul":
        fits = len(shapes[0]) == 2 and len(shapes[1]) == 2
        return a @ b.T if fits and shapes[0][1] == shapes[1][1] else a * b
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return None
    return {
        "add": lambda: a + b,
        "sub": lambda: a - b,
        "mul": lambda: a * b,
        "div": lambda: a / (b * b + 1),
    }[op]()


def run(leaves, steps, unary, shape_of):
    """Run a program; every step may use any earlier value, so values are reused."""
    values = list(leaves)
    for op, i, j in steps:
        a, b = values[i % len(values)], values[j % len(values)]
        if op in TAME or op in KINKED[:1]:
            made = unary(op, a)
        elif op == "matmul" and not _multiplies(shape_of(a), shape_of(b)):
            made = None
        else:
            made = combine(op, a, b, (shape_of(a), shape_of(b)))
        values.append(a if made is None else made)
    total = values[-1].sum()
    for value in values[len(leaves) :]:
        total = total + 0.1 * value.sum()
    return total


def _multiplies(a, b):
    return len(a) == len(b) == 2 and a[1] == b[1]


def ours(op, x):
    return OURS[op](x) if op in OURS else OPS[op](x)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(program)
def test_gradients_match_the_complex_step(made):
    shapes, steps, seed = made
    arrays = [np.random.default_rng(seed + i).uniform(-1, 1, s) for i, s in enumerate(shapes)]
    leaves = tuple(map(tensor, arrays))
    output = run(leaves, steps, ours, lambda x: x.shape)
    gradients = gradients_of(output, leaves)
    h = 1e-200
    for i, gradient in enumerate(gradients):
        for index in np.ndindex(shapes[i]):
            moved = [a.astype(complex) for a in arrays]
            moved[i][index] += 1j * h
            plain = run(moved, steps, lambda op, x: np.asarray(TAME[op](x)), np.shape)
            truth = plain.imag / h
            assert np.asarray(gradient)[index] == pytest.approx(truth, rel=1e-9, abs=1e-11)
    output.backward()
    for leaf, gradient in zip(leaves, gradients, strict=True):
        np.testing.assert_array_equal(0.0 if leaf.grad is None else leaf.grad, gradient)
    assert sum(1 for s in backward_steps(output) if s.contributions) <= len(to_graph(output))


@pytest.mark.skipif(torch is None, reason="torch is not installed")
@settings(max_examples=300, deadline=None, derandomize=True)
@given(program, st.lists(st.tuples(st.sampled_from(KINKED), st.integers(0, 20)), max_size=4))
def test_values_and_gradients_match_torch(made, kinks):
    shapes, steps, seed = made
    arrays = [np.random.default_rng(seed + i).uniform(-1, 1, s) for i, s in enumerate(shapes)]

    def program(leaves, apply, shape_of, unary):
        values = [run(leaves, steps, unary, shape_of), *leaves]
        for op, i in kinks:
            a, b = values[i % len(values)], values[0]
            values[0] = b + apply(op, a, b).sum()
        return values[0]

    def our_kink(op, a, b):
        return OPS[op](a, b) if op in ("maximum", "minimum") else OPS[op](a)

    def their_kink(op, a, b):
        if op in ("maximum", "minimum"):
            return getattr(torch, op)(a, b)
        return (
            getattr(torch.nn.functional, op)(a)
            if op in ("leaky_relu", "elu")
            else getattr(torch, op)(a)
        )

    def theirs(op, x):
        plain = {
            "exp": lambda x: (0.3 * x).exp(),
            "softplus": lambda x: torch.log(1 + torch.exp(x)),
            "log1p": lambda x: (x * x + 1).log1p(),
            "sqrt": lambda x: (x * x + 1).sqrt(),
            "sum0": lambda x: x.sum(0) if x.ndim else x,
            "mean": lambda x: x.mean(),
            "slice": lambda x: x.flip(-1) if x.ndim else x,
            "turn": lambda x: x.T if x.ndim == 2 else x,
        }
        return plain[op](x) if op in plain else getattr(torch, op)(x)

    leaves = tuple(map(tensor, arrays))
    peers = [torch.tensor(a, requires_grad=True) for a in arrays]
    output = program(leaves, our_kink, lambda x: x.shape, ours)
    peer = program(peers, their_kink, lambda x: tuple(x.shape), theirs)
    assert output.item() == pytest.approx(peer.item(), rel=1e-12, abs=1e-12)
    truth = torch.autograd.grad(peer, peers, allow_unused=True)
    for gradient, each in zip(gradients_of(output, leaves), truth, strict=True):
        expected = 0.0 if each is None else each.numpy()
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-11)
