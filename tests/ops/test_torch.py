"""Every op against torch: values, gradients, kinks, broadcasting. Needs the extra `peers`."""

import os
from functools import partial

import numpy as np
import pytest
from row_checks import in_torch, is_operand, merged
from samples import all_samples, elementwise, reductions

from backviz import OPS, Value, gradients_of, tensor

if os.environ.get("CI_PEERS"):
    import torch
else:
    torch = pytest.importorskip("torch")

pytestmark = [pytest.mark.peers, pytest.mark.blas]

RANDOM = np.random.default_rng(11)
SAMPLES = all_samples()
PEERS = {
    op.name: elementwise.PEERS[op.name](torch)
    if op.name in elementwise.PEERS
    else in_torch(op, torch)
    for op in OPS.values()
    if op.public and op.elementwise
}
OTHERWISE = {  # rows whose function of torch is called in another way: they have samples by hand
    "where", "masked_fill", "prelu",  # a condition of booleans, a slope for each channel
    "linear", "layer_norm", "batch_norm", "group_norm",  # other shapes, statistics first
    "embedding",  # whole numbers of torch's
    "dropout",  # other random numbers
    "concatenate", "stack", "einsum", "pad", "one_hot",  # other orders
    "softmax", "softmin", "log_softmax", "logsumexp", "cumsum", "cumprod",
    "flip", "transpose",  # axes wanted
    "sort", "topk", "cummax", "cummin",  # a pair of values and places
    "gather", "scatter_add",  # the axis first
    "var", "std",  # divided by n − 1
    "floor_divide", "hardsigmoid",  # without a derivative; with one in single precision
}  # fmt: skip
SHAPES = [
    ((), (), ()),
    ((3,), (3,), (3,)),
    ((2, 3), (3,), ()),
    ((2, 1), (1, 3), (3,)),
    ((2, 3), (), (2, 3)),
    ((4, 2, 3), (2, 1), (1, 3)),
]
EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 1e-300, 1e300, 710.0, -710.0]


def both(op, peer, arrays):
    """Value and gradients of a weighted sum, ours and torch's."""
    leaves = [tensor(a) for a in arrays]
    theirs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    out = op(*leaves)
    peer_out = peer(*theirs)
    assert out.shape == tuple(peer_out.shape)
    weights = RANDOM.uniform(0.5, 1.5, out.shape)
    if not out.requires_grad:
        return out.data, peer_out.double().numpy(), [], []
    gradients = gradients_of(out, tuple(leaves), seed=weights)
    peer_out.backward(torch.tensor(weights, dtype=torch.float64))
    return out.data, peer_out.detach().numpy(), gradients, [t.grad.numpy() for t in theirs]


def assert_same(made):
    value, peer_value, gradients, peers = made
    scale = np.max(np.abs(peer_value), initial=0.0)  # sums near 0 cancel
    scale = scale if np.isfinite(scale) else 0.0
    np.testing.assert_allclose(value, peer_value, rtol=1e-14, atol=1e-300 + 1e-15 * scale)
    for ours, theirs in zip(gradients, peers, strict=True):
        assert np.shape(ours) == theirs.shape
        scale = np.max(np.abs(theirs), initial=0.0)  # entries near a slope's zero cancel
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-300 + 1e-15 * scale)


def test_every_op_has_a_peer():
    assert not [name for name, peer in PEERS.items() if peer is None]
    for name, samples in SAMPLES.items():
        for each in samples:
            assert each.torch or OPS[name].torch, f"{name}: nothing to compare with"


@pytest.mark.parametrize(
    ("op", "each"),
    [
        pytest.param(OPS[name], each, id=f"{name}-{i}")
        for name, samples in (
            *SAMPLES.items(),
            *elementwise.AT_KINKS.items(),
            *reductions.AT_KINKS.items(),
        )
        for i, each in enumerate(samples)
    ],
)
def test_sample_calls(op, each):
    low, high = op.interval
    arrays = [RANDOM.uniform(low, high, s) if isinstance(s, tuple) else s for s in each.given]
    peer = partial(each.torch, torch) if each.torch else partial(in_torch(op, torch), **each.params)
    assert_same(both(each.call or partial(op, **each.params), peer, arrays))


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if op.torch])
def test_a_row_means_what_its_function_of_torch_means(name):
    """At the sample and at the kink, with torch's names of the options."""
    op = OPS[name]
    assert callable(in_torch(op, torch))
    if name in OTHERWISE:
        assert name in SAMPLES or name in elementwise.PEERS
        return
    for call in filter(None, (op.sample, op.kink)):
        arrays = [x for x in call.args if is_operand(x)]
        assert_same(
            both(
                lambda *xs, call=call: op(*merged(call, xs), **call.params),
                lambda *xs, call=call: in_torch(op, torch)(
                    *as_labels(merged(call, xs)), **call.params
                ),
                arrays,
            )
        )


def as_labels(args):
    """Lists of labels as torch takes them."""
    return [torch.tensor(x) if isinstance(x, list) else x for x in args]


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
    left_out, _ = elementwise.EDGE_EXCEPTIONS.get(name, ((), ""))
    edges = [x for x in EDGES if x not in left_out]
    grid = np.meshgrid(*[edges] * op.arity)
    for point in zip(*(g.ravel() for g in grid), strict=True):
        arrays = [np.array([x]) if make is tensor else np.float64(x) for x in point]
        value, peer_value, gradients, peers = both(op, PEERS[name], arrays)
        np.testing.assert_allclose(value, peer_value, 1e-14, 1e-300, err_msg=str(point))
        for ours, theirs in zip(gradients, peers, strict=True):
            np.testing.assert_allclose(ours, theirs, 1e-13, 1e-300, err_msg=str(point))


def test_a_network_and_its_second_derivatives():
    random = np.random.default_rng(11)  # of its own: what ran before has no say
    w, x = random.normal(size=(4, 3)), random.normal(size=3)

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


# Second derivatives -------------------------------------------------------------------------


def bent(op, peer, arrays):
    """The gradient of a weighted sum of the gradients of a weighted sum: ours, and torch's."""
    leaves = tuple(tensor(a) for a in arrays)
    theirs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    out, peer_out = op(*leaves), peer(*theirs)
    random = np.random.default_rng(6)
    weights, moves = random.normal(size=out.shape), [random.normal(size=a.shape) for a in leaves]
    first = gradients_of(out, leaves, seed=weights, create_graph=True)
    peers = torch.autograd.grad(
        peer_out, theirs, torch.tensor(weights), create_graph=True, allow_unused=True
    )
    total = sum((g * v).sum() for g, v in zip(first, moves, strict=True))
    peer_total = sum(
        (g * torch.tensor(v)).sum() for g, v in zip(peers, moves, strict=True) if g is not None
    )
    if not isinstance(peer_total, torch.Tensor) or not peer_total.requires_grad:
        peers = [None] * len(theirs)
    else:
        peers = torch.autograd.grad(peer_total, theirs, allow_unused=True)
    found = gradients_of(total, leaves) if total.requires_grad else [0.0 * a for a in arrays]
    return found, peers


@pytest.mark.parametrize("shapes", [((), (), ()), ((2, 3), (3,), ())], ids=str)
@pytest.mark.parametrize("name", [n for n in PEERS if OPS[n].differentiable])
def test_second_derivatives(name, shapes):
    op = OPS[name]
    random, (low, high) = np.random.default_rng(2), op.interval
    arrays = [random.uniform(low, high, s) for s in shapes[: op.arity]]
    try:
        second, peers = bent(op, PEERS[name], arrays)
    except RuntimeError as error:
        assert "not implemented" in str(error)
        pytest.skip(str(error)[:60])
    for ours, theirs in zip(second, peers, strict=True):
        expected = 0.0 if theirs is None else theirs.numpy(force=True)
        np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-12)


ROWS = ["sort", "topk", "cummax", "cummin", "gather", "scatter_add", "diag", "softmin", "var"]


@pytest.mark.parametrize(
    ("name", "each"),
    [(n, s) for n in ROWS for s in SAMPLES[n] if np.size(s.given[0])],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_second_derivatives_of_whole_arrays(name, each):
    """Of out³, which bends what only moves entries."""
    op, random = OPS[name], np.random.default_rng(2)
    arrays = [random.normal(size=s) if isinstance(s, tuple) else np.array(s) for s in each.given]
    peer = partial(each.torch, torch) if each.torch else partial(in_torch(op, torch), **each.params)
    call = each.call or partial(op, **each.params)
    second, peers = bent(lambda *xs: call(*xs) ** 3, lambda *xs: peer(*xs) ** 3, arrays)
    for ours, theirs in zip(second, peers, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(force=True), rtol=1e-10, atol=1e-12)
