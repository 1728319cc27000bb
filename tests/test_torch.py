"""Every op against torch: values, gradients, kinks, broadcasting. Needs the extra `peers`."""

import os

import numpy as np
import pytest

from backviz import OPS, Value, gradients_of, tensor

if os.environ.get("CI_PEERS"):
    import torch
else:
    torch = pytest.importorskip("torch")

RANDOM = np.random.default_rng(11)
PEERS = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow,
    "neg": torch.neg, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "sin": torch.sin,
    "cos": torch.cos, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu,
    "abs": torch.abs, "sign": torch.sign, "maximum": torch.maximum, "minimum": torch.minimum,
    "greater": torch.gt, "less": torch.lt, "equal": torch.eq,
}  # fmt: skip
SHAPES = [
    ((), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((2, 3), ()),
    ((4, 2, 3), (2, 1)),
]
EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 1e-300, 1e300, 710.0, -710.0]


def both(op, peer, arrays, params=None, peer_params=None):
    """Value and gradients of a weighted sum, ours and torch's."""
    leaves = [tensor(a) for a in arrays]
    theirs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    out = op(*leaves, **(params or {}))
    peer_out = peer(*theirs, **(peer_params or params or {}))
    assert out.shape == tuple(peer_out.shape)
    weights = RANDOM.uniform(0.5, 1.5, out.shape)
    if not out.requires_grad:
        return out.data, peer_out.double().numpy(), [], []
    gradients = gradients_of(out, tuple(leaves), seed=weights)
    peer_out.backward(torch.tensor(weights, dtype=torch.float64))
    return out.data, peer_out.detach().numpy(), gradients, [t.grad.numpy() for t in theirs]


def assert_same(made):
    value, peer_value, gradients, peers = made
    np.testing.assert_allclose(value, peer_value, rtol=1e-14, atol=1e-300)
    for ours, theirs in zip(gradients, peers, strict=True):
        assert np.shape(ours) == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-300)


def test_every_public_elementwise_op_has_a_peer():
    assert set(PEERS) == {op.name for op in OPS.values() if op.public and op.elementwise}


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_elementwise(name, shapes):
    op = OPS[name]
    low, high = op.interval
    arrays = [RANDOM.uniform(low, high, s) for s in shapes[: op.arity]]
    assert_same(both(op, PEERS[name], arrays))


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("make", [tensor, Value], ids=["array", "scalar"])
def test_edges_and_kinks(name, make):
    op = OPS[name]
    grid = np.meshgrid(*[EDGES] * op.arity)
    for point in zip(*(g.ravel() for g in grid), strict=True):
        arrays = [np.array([x]) if make is tensor else np.float64(x) for x in point]
        value, peer_value, gradients, peers = both(op, PEERS[name], arrays)
        np.testing.assert_allclose(value, peer_value, 1e-14, 1e-300, err_msg=str(point))
        for ours, theirs in zip(gradients, peers, strict=True):
            np.testing.assert_allclose(ours, theirs, 1e-13, 1e-300, err_msg=str(point))


@pytest.mark.parametrize("name", ["sum", "mean"])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (1,)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(name, axis, keepdims):
    peer = getattr(torch, name)
    if axis is None:
        assert_same(both(OPS[name], peer, [RANDOM.normal(size=(2, 3, 4))]))
        return
    params = {"axis": axis, "keepdims": keepdims}
    peer_params = {"dim": axis, "keepdim": keepdims}
    assert_same(both(OPS[name], peer, [RANDOM.normal(size=(2, 3, 4))], params, peer_params))


@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((5, 2, 3), (5, 3, 2)),
        ((5, 2, 3), (3, 2)), ((2, 3), (5, 3, 2)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,)),
        ((4, 1, 2, 3), (5, 3, 2)),
    ],
    ids=str,
)  # fmt: skip
def test_matmul(shapes):
    assert_same(both(OPS["matmul"], torch.matmul, [RANDOM.normal(size=s) for s in shapes]))


def test_a_network_and_its_second_derivatives():
    w, x = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3)

    def ours(w, x):
        return ((w @ x).tanh() ** 2).sum() * (x * x).mean()

    leaves = (tensor(w), tensor(x))
    (gx,) = gradients_of(ours(*leaves), leaves[1:], create_graph=True)
    second = gradients_of((gx * gx).sum(), leaves)
    tw, tx = (torch.tensor(a, requires_grad=True) for a in (w, x))
    (tg,) = torch.autograd.grad(ours(tw, tx), tx, create_graph=True)
    peers = torch.autograd.grad((tg * tg).sum(), (tw, tx))
    for mine, theirs in zip(second, peers, strict=True):
        np.testing.assert_allclose(mine, theirs.numpy(), rtol=1e-12)


def test_accumulation_over_backward_calls():
    x, t = Value(3.0), torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    for leaf in (x, t):
        (leaf * leaf).backward()
        (leaf * 2).backward()
    assert x.grad == t.grad.item()
