"""Composite ops: equal to their parts, and to torch up to the second order."""

from functools import partial

import numpy as np
import pytest
from samples import all_samples

from backviz import OPS, Value, gradients_of, tape, tensor
from backviz.autodiff.check import check_grads
from backviz.autodiff.recording import expanded
from backviz.errors import ShapeError
from backviz.graphs.recorded import rules_of
from backviz.ops import (
    avg_pool1d,
    avg_pool2d,
    batch_norm,
    conv1d,
    conv2d,
    dropout,
    layer_norm,
    linear,
    log_softmax,
    max_pool1d,
    max_pool2d,
    maxout,
    softmax,
)

pytestmark = pytest.mark.blas

RANDOM = np.random.default_rng(3)
SAMPLES = all_samples()
COMPOSITE = [op for op in OPS.values() if op.parts is not None and op.name in SAMPLES]
LAYERS = (
    softmax, log_softmax, maxout, dropout, linear, layer_norm, batch_norm, conv1d, conv2d,
    max_pool1d, max_pool2d, avg_pool1d, avg_pool2d,
)  # fmt: skip


def drawn(*shape):
    return RANDOM.uniform(-2, 2, shape)


def value_and_gradients(f, arrays):
    leaves = [Value(a) for a in arrays]
    out = f(*leaves)
    weights = np.cos(np.arange(np.size(out.data))).reshape(out.shape)
    return out, gradients_of(out, tuple(leaves), seed=weights)


def assert_close(ours, theirs, tolerance=1e-13):
    """Equal, relative to the largest entry: the small ones are differences of large ones."""
    assert np.shape(ours) == np.shape(theirs)
    largest = max(1.0, np.max(np.abs(theirs), initial=0.0))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * largest)


# Parts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "each"),
    [
        pytest.param(op, each, id=f"{op.name}-{i}")
        for op in COMPOSITE
        for i, each in enumerate(SAMPLES[op.name])
    ],
)
def test_an_op_equals_its_parts_and_a_block_records_them_instead(op, each):
    low, high = op.interval
    arrays = [RANDOM.uniform(low, high, s) if isinstance(s, tuple) else s for s in each.given]
    call = each.call or partial(op, **each.params)
    whole, gradients = value_and_gradients(call, arrays)
    with expanded():
        opened, parts = value_and_gradients(call, arrays)
    assert op in {v.op for v in tape(whole)}
    assert op not in {v.op for v in tape(opened)}
    assert len(tape(opened)) >= len(tape(whole))
    assert_close(whole.data, opened.data)
    for ours, theirs in zip(gradients, parts, strict=True):
        assert_close(ours, theirs)


def test_every_layer_can_be_opened():
    assert set(LAYERS) <= set(COMPOSITE)


def test_only_the_named_ops_are_opened():
    with expanded("softmax"):
        y = softmax(linear(tensor(drawn(2, 3)), tensor(drawn(3, 2))))
    names = [v.op.name for v in tape(y) if v.op]
    assert names[0] == "linear"
    assert "softmax" not in names


# torch ------------------------------------------------------------------------------


def second_order(grad, out, inputs, weights, **options):
    """Gradients of a weighted sum of the squared first gradients."""
    first = grad(out, inputs, weights, create_graph=True)
    total = sum((g * g).sum() for g in first)
    return first, grad(total, inputs, None, **options)


def calls(functional):
    x2, x3, x4 = drawn(3, 4), drawn(2, 4, 6), drawn(2, 4, 5, 6)
    gain, bias, mean, var = drawn(4), drawn(4), drawn(4), np.abs(drawn(4)) + 0.1
    kernel1, kernel2, shift = drawn(6, 4, 3), drawn(6, 2, 3, 2), drawn(6)
    F, T = functional, functional.torch_tensor
    given = {"mean": mean, "var": var}
    return {
        "softmax": (lambda x: softmax(x, axis=0), lambda x: F.softmax(x, 0), [x3]),
        "log_softmax": (log_softmax, lambda x: F.log_softmax(x, -1), [x3]),
        "layer_norm": (layer_norm, lambda x, g, b: F.layer_norm(x, (4,), g, b), [x2, gain, bias]),
        "layer_norm over two axes": (
            lambda x, g: layer_norm(x, g, axis=(-2, -1), eps=1e-3),
            lambda x, g: F.layer_norm(x, (4, 6), g, eps=1e-3),
            [x3, drawn(4, 6)],
        ),
        "layer_norm with a bias alone": (
            lambda x, b: layer_norm(x, bias=b),
            # torch differentiates this twice only if there is a gain
            lambda x, b: F.layer_norm(x, (4,), T(np.ones(4)), b),
            [x2, bias],
        ),
        "batch_norm": (
            batch_norm,
            lambda x, g, b: F.batch_norm(x, None, None, g, b, training=True),
            [x3, gain, bias],
        ),
        "batch_norm of images": (
            batch_norm, lambda x: F.batch_norm(x, None, None, training=True), [x4],
        ),
        "batch_norm in evaluation": (
            lambda x, g, b: batch_norm(x, g, b, **given),
            lambda x, g, b: F.batch_norm(x, T(mean), T(var), g, b),
            [x4, gain, bias],
        ),
        "linear": (linear, lambda x, w, b: F.linear(x, w.T, b), [x3, drawn(6, 3), drawn(3)]),
        "conv1d": (
            lambda x, k, b: conv1d(x, k, b, stride=2, padding=1),
            lambda x, k, b: F.conv1d(x, k, b, stride=2, padding=1),
            [x3, kernel1, shift],
        ),
        "conv2d": (conv2d, F.conv2d, [x4, drawn(3, 4, 2, 3), drawn(3)]),
        "conv2d in groups": (
            lambda x, k, b: conv2d(x, k, b, (2, 1), (1, 2), (1, 2), 2),
            lambda x, k, b: F.conv2d(x, k, b, (2, 1), (1, 2), (1, 2), 2),
            [x4, kernel2, shift],
        ),
        "max_pool1d": (
            lambda x: max_pool1d(x, 3, 2, 1), lambda x: F.max_pool1d(x, 3, 2, 1), [x3],
        ),
        "max_pool2d": (lambda x: max_pool2d(x, 2), lambda x: F.max_pool2d(x, 2), [x4]),
        "avg_pool1d": (
            lambda x: avg_pool1d(x, 3, 2, 1), lambda x: F.avg_pool1d(x, 3, 2, 1), [x3],
        ),
        "avg_pool2d": (
            lambda x: avg_pool2d(x, (2, 3), 1, (1, 0)),
            lambda x: F.avg_pool2d(x, (2, 3), 1, (1, 0)),
            [x4],
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def against_torch(torch):
    torch.nn.functional.torch_tensor = torch.tensor
    return calls(torch.nn.functional)


NAMES = (
    "softmax", "log_softmax", "layer_norm", "layer_norm over two axes",
    "layer_norm with a bias alone", "batch_norm", "batch_norm of images",
    "batch_norm in evaluation", "linear", "conv1d", "conv2d", "conv2d in groups", "max_pool1d",
    "max_pool2d", "avg_pool1d", "avg_pool2d",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_to_order_2_equal_those_of_torch(torch, against_torch, name):
    assert set(against_torch) == set(NAMES)
    ours, peer, arrays = against_torch[name]
    leaves, tensors = (
        tuple(map(tensor, arrays)),
        tuple(torch.tensor(a, requires_grad=True) for a in arrays),
    )
    out, peer_out = ours(*leaves), peer(*tensors)
    assert_close(out.data, peer_out.detach().numpy())
    # squared, so that ops that are linear have a second order too
    out, peer_out = out**2, peer_out**2
    weights = np.cos(np.arange(out.data.size)).reshape(out.shape)
    first, second = second_order(gradients_of, out, leaves, weights)
    peers, peers2 = second_order(torch.autograd.grad, peer_out, tensors, torch.tensor(weights))
    for mine, theirs in zip([g.data for g in first], peers, strict=True):
        assert_close(mine, theirs.detach().numpy())
    for mine, theirs in zip(second, peers2, strict=True):
        assert_close(mine, theirs.numpy(), 1e-12)


def test_ties_are_routed_as_in_torch(torch):
    x = np.array([[[1.0, 1.0, 0.0, 2.0, 2.0, 2.0]]])
    leaf, peer = tensor(x), torch.tensor(x, requires_grad=True)
    max_pool1d(leaf, 3, stride=1).sum().backward()
    torch.nn.functional.max_pool1d(peer, 3, stride=1).sum().backward()
    assert leaf.grad.tolist() == peer.grad.tolist() == [[[1.0, 0.0, 0.0, 3.0, 0.0, 0.0]]]
    assert value_and_gradients(partial(maxout, pieces=3), [x])[1][0].ravel()[:3].tolist() == [
        0.5, 0.5, 0.0,
    ]  # fmt: skip


# Edges ------------------------------------------------------------------------------


def test_softmax_is_stable_and_takes_infinities(torch):
    rows = np.array([[1000.0, -1000.0, 999.0], [-np.inf, 1.0, 1.0], [-np.inf] * 3, [np.inf, 0, 1]])
    for op in (softmax, log_softmax):
        peer = torch.tensor(rows, requires_grad=True)
        made = getattr(torch, op.name)(peer, dim=1)
        (grad,) = torch.autograd.grad(made[:2, 1:].sum(), peer)
        leaf = tensor(rows)
        out = op(leaf, dim=1)
        np.testing.assert_allclose(out.data, made.detach().numpy(), rtol=1e-14)
        seed = np.zeros_like(rows)
        seed[:2, 1:] = 1
        (ours,) = gradients_of(out, (leaf,), seed=seed)
        np.testing.assert_allclose(ours[:2], grad.numpy()[:2], rtol=1e-13, atol=1e-16)


def test_dropout_depends_on_its_seed_alone():
    x = np.ones((50, 40))
    a, b, c = (dropout(x, p=0.3, seed=s) for s in (1, 1, 2))
    assert (a == b).all()
    assert not (a == c).all()
    assert set(np.unique(a)) == {0.0, 1 / 0.7}
    assert abs(np.mean(a == 0) - 0.3) < 0.05
    leaf = tensor(x)
    out = dropout(leaf, 0.3, seed=1)
    out.sum().backward()
    assert (leaf.grad == a).all()
    assert (dropout(x, 1, seed=0) == 0).all()
    for kept in (dropout(x, 0, seed=0), dropout(x, seed=0, training=False)):
        assert (kept == x).all()
    with pytest.raises(TypeError, match="seed"):
        dropout(x)
    for bad in ({"p": 1.5}, {"p": -0.1}, {"p": float("nan")}, {"seed": -1}):
        with pytest.raises(ValueError, match="dropout"):
            dropout(x, **{"seed": 1, **bad})
    with pytest.raises(TypeError, match="dropout"):
        dropout(x, seed=1.5)


def test_params_are_literals():
    x, k = tensor(drawn(1, 2, 5)), tensor(drawn(2, 2, 2))
    assert conv1d(x, k, stride=np.int64(2), padding=[np.int64(1)]).params == {
        "stride": 2,
        "padding": (1,),
    }
    assert conv1d(x, k).params == {}
    assert batch_norm(x, mean=np.zeros(2), var=[1, 2]).params == {
        "mean": (0.0, 0.0),
        "var": (1.0, 2.0),
    }
    assert dropout(x, seed=np.int64(3)).params == {"p": 0.5, "seed": 3}


SMALL = {
    "softmax": lambda a: softmax(a(2, 4)),
    "log_softmax": lambda a: log_softmax(a(2, 4)),
    "maxout": lambda a: maxout(a(2, 4), 1),
    "dropout": lambda a: dropout(a(2, 4), 0.0, seed=1),
    "dropout at a half": lambda a: dropout(a(2, 4), seed=1),
    "layer_norm": lambda a: layer_norm(a(2, 4), a(4), a(4)),
    "batch_norm": lambda a: batch_norm(a(2, 4), a(4), a(4)),
    "batch_norm in evaluation": lambda a: batch_norm(a(2, 2), mean=[0, 0], var=[1, 1], eps=0),
    "linear": lambda a: linear(a(2, 4), a(4, 3), a(3)),
    "conv1d": lambda a: conv1d(a(1, 1, 4), a(1, 1, 1), a(1), padding=1),
    "conv2d": lambda a: conv2d(a(1, 1, 3, 3), a(1, 1, 1, 1)),
    "max_pool1d": lambda a: max_pool1d(a(1, 1, 4), 1),
    "max_pool2d": lambda a: max_pool2d(a(1, 1, 4, 4), 2),
    "avg_pool1d": lambda a: avg_pool1d(a(1, 1, 4), 1),
    "avg_pool2d": lambda a: avg_pool2d(a(1, 1, 4, 4), 2, padding=1),
}


@pytest.mark.parametrize("name", SMALL)
def test_results_are_new_and_keep_the_precision(name):
    arrays = []

    def given(*shape):
        arrays.append(drawn(*shape).astype(np.float32))
        return arrays[-1]

    out = SMALL[name](given)
    assert out.dtype == np.float32
    before = [a.copy() for a in arrays]
    out[...] = 7.0
    assert all((a == b).all() for a, b in zip(arrays, before, strict=True))

    leaves = []

    def leaf(*shape):
        leaves.append(tensor(drawn(*shape).astype(np.float32)))
        return leaves[-1]

    made = SMALL[name](leaf)
    assert made.data.dtype == np.float32
    made.sum().backward()
    assert all(v.grad.dtype == np.float32 for v in leaves)
    assert all(v.grad.shape == v.shape for v in leaves)


def test_mixed_precision_takes_the_wider():
    narrow = drawn(2, 4).astype(np.float32)
    assert linear(narrow, drawn(4, 3), drawn(3)).dtype == np.float64
    assert linear(narrow, drawn(4, 3).astype(np.float32), drawn(3)).dtype == np.float64
    assert layer_norm(narrow, drawn(4)).dtype == np.float64
    assert batch_norm(narrow, drawn(4), drawn(4)).dtype == np.float64


HOSTILE = [
    lambda: softmax(Value(1.0), axis=1),
    lambda: softmax(tensor([1.0]), axis=1),
    lambda: softmax(tensor(np.zeros((2, 0)))),
    lambda: maxout(tensor([1.0, 2.0, 3.0]), pieces=2),
    lambda: maxout(tensor([1.0, 2.0]), pieces=0),
    lambda: maxout(tensor([1.0, 2.0]), pieces=2, axis=3),
    lambda: maxout(Value(1.0)),
    lambda: layer_norm(Value(1.0)),
    lambda: layer_norm(tensor([1.0, 2.0]), tensor(np.ones((3, 2)))),
    lambda: layer_norm(tensor([1.0, 2.0]), axis=4),
    lambda: batch_norm(tensor([1.0, 2.0])),
    lambda: batch_norm(tensor(np.ones((2, 3))), tensor([1.0, 2.0])),
    lambda: batch_norm(tensor(np.ones((2, 3))), mean=[1, 2], var=[1, 2]),
    lambda: linear(Value(1.0), tensor([[1.0]])),
    lambda: linear(tensor([1.0, 2.0]), tensor([1.0, 2.0])),
    lambda: linear(tensor(np.ones((2, 3))), tensor(np.ones((2, 3)))),
    lambda: linear(tensor(np.ones((2, 3))), tensor(np.ones((3, 2))), tensor(np.ones(3))),
    lambda: linear(tensor(np.ones((2, 3))), tensor(np.ones((3, 2))), 1.0),
    lambda: conv1d(tensor(np.ones((1, 1, 3))), tensor(np.ones((1, 1, 4)))),
    lambda: conv1d(tensor(np.ones((1, 2, 3))), tensor(np.ones((1, 1, 2)))),
    lambda: conv1d(tensor(np.ones((1, 1, 3))), tensor(np.ones((1, 1, 2))), stride=0),
    lambda: conv1d(tensor(np.ones((1, 1, 3))), tensor(np.ones((1, 1, 2))), padding=-1),
    lambda: conv1d(tensor(np.ones((1, 1, 3))), tensor(np.ones((1, 1, 2))), groups=0),
    lambda: conv1d(tensor(np.ones((1, 1, 3))), tensor(np.ones((1, 1, 2))), stride=(1, 1)),
    lambda: conv1d(tensor(np.ones((1, 1, 3))), tensor(np.ones((1, 1, 2))), tensor([1.0, 1.0])),
    lambda: conv1d(tensor(np.ones((1, 1, 3, 3))), tensor(np.ones((1, 1, 2, 2)))),
    lambda: conv2d(tensor(np.ones((1, 1, 3))), tensor(np.ones((1, 1, 2)))),
    lambda: conv2d(tensor(np.ones((3, 3))), tensor(np.ones((2, 2)))),
    lambda: max_pool1d(tensor(np.ones((1, 1, 3))), 4),
    lambda: max_pool1d(tensor(np.ones((1, 1, 3))), 2, padding=2),
    lambda: max_pool1d(tensor(np.ones((1, 1, 3))), 0),
    lambda: max_pool2d(tensor(np.ones((1, 1, 3))), 1),
    lambda: avg_pool2d(Value(1.0), 1),
]


@pytest.mark.parametrize("call", HOSTILE)
def test_what_does_not_fit_is_said(call):
    with pytest.raises(ShapeError):
        call()


def test_options_of_the_wrong_kind_are_refused():
    x = tensor(np.ones((1, 1, 4)))
    for call in (
        lambda: conv1d(x, x, stride=1.5),
        lambda: max_pool1d(x, "2"),
        lambda: max_pool1d(x),
        lambda: maxout(x, pieces=2.0),
        lambda: linear(x),
        lambda: linear(x, x, x, x),
        lambda: conv1d(x, x, steps=1),
        lambda: batch_norm(x, mean=[0]),
        lambda: layer_norm(x, dtype=float),
    ):
        with pytest.raises(TypeError):
            call()


def test_empty_batches_pass_through():
    for made, shape in (
        (softmax(tensor(np.zeros((0, 3)))), (0, 3)),
        (linear(tensor(np.zeros((0, 3))), tensor(np.ones((3, 2))), tensor([1.0, 1.0])), (0, 2)),
        (linear(tensor(np.zeros((2, 0))), tensor(np.ones((0, 2)))), (2, 2)),
        (conv1d(tensor(np.zeros((0, 1, 3))), tensor(np.ones((1, 1, 2)))), (0, 1, 2)),
        (max_pool1d(tensor(np.zeros((0, 1, 4))), 2), (0, 1, 2)),
    ):
        assert made.shape == shape
        leaves = tuple(v for v in tape(made) if v.is_leaf)
        gradients = gradients_of(made, leaves, seed=np.ones(shape))
        assert [np.shape(g) for g in gradients] == [v.shape for v in leaves]


@pytest.mark.parametrize("rows", [(), (2,), (2, 2)])
def test_the_third_derivative_of_a_layer(rows):
    x, w = drawn(*rows, 2), drawn(2, 3)
    assert check_grads(lambda x, w: softmax(linear(x, w)) ** 2, x, w, order=3, tolerance=1e-5)


def test_the_third_derivative_of_a_convolution():
    x, k = drawn(1, 1, 4), drawn(1, 1, 2)
    assert check_grads(lambda x, k: layer_norm(conv1d(x, k)).tanh(), x, k, order=3, tolerance=1e-5)


def test_rules_print_formulas():
    """As a person would write them; that they are right is shown by tests/ops/test_formulas.py."""
    x = tensor(np.ones((2, 3)), "x")
    w, b = tensor(np.ones((3, 4)), "w"), tensor(np.ones(4), "b")
    image, kernel = tensor(np.ones((1, 1, 4, 4)), "x"), tensor(np.ones((1, 1, 2, 2)), "w")
    shapes = "g, w, extent=(4, 4)", "x, g, size=(2, 2)"
    for made, position, text in (
        (softmax(x, axis=1), 0, "out·(g − sum₁(g·out))"),
        (softmax(x, axis=0), 0, "out·(g − sum₀(g·out))"),
        (log_softmax(x), 0, "g − exp(out)·sum₁(g)"),
        (dropout(x, p=0.5, seed=1), 0, "dropout(g, p=0.5, seed=1)"),
        (linear(x, w, b), 0, "g @ wᵀ"),
        (linear(x, w, b), 1, "xᵀ @ g"),
        (linear(x, w, b), 2, "sum(g, axis=0)"),
        (conv2d(image, kernel), 0, f"conv_to_input({shapes[0]})"),
        (conv2d(image, kernel), 1, f"conv_to_kernel({shapes[1]})"),
        (max_pool2d(image, 2), 0, "overlap_add(h, extent=(4, 4), stride=(2, 2))"),
        (avg_pool2d(image, 2), 0, "overlap_add(h, extent=(4, 4), stride=(2, 2))"),
        (layer_norm(x), 0, "(g − mean₁(g) − x̂·mean₁(g·x̂)) / σ"),
    ):
        assert str(rules_of(made, [position])[position]) == text
    parts = dict(rules_of(layer_norm(x), [0])[0].parts)
    assert parts == {"μ": "mean₁(x)", "σ": "√(mean₁((x − μ)²) + 1e−5)", "x̂": "(x − μ) / σ"}
