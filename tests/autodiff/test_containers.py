"""Containers of parameters (dicts, lists, dataclasses …): taken apart, named, given back alike."""

from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backviz import (
    Value,
    check_grads,
    grad,
    gradients_of,
    hessian,
    hvp,
    jacobian,
    tape,
    tensor,
    trace,
    value_and_grad,
)
from backviz.autodiff.containers import leaves, mapped
from backviz.errors import CheckFailedError, InputError, ShapeError
from backviz.nn import MLP
from backviz.ops import cross_entropy

Pair = namedtuple("Pair", "w b")
W, X = np.array([[0.3, -0.2], [0.1, 0.4]]), np.array([1.0, -2.0])


@dataclass(frozen=True)
class Layer:
    """A frozen dataclass with something that has no derivative."""

    weight: object
    bias: object
    act: str = "tanh"
    sizes: tuple = field(default=(2, 2))


class Slotted:
    """No container: a leaf that is passed on."""

    __slots__ = ("w",)


def labels(value):
    return [v.label for v in tape(value) if v.is_leaf and v.label]


def layers_loss(params, x):
    for layer in params["layers"]:
        x = np.tanh(layer["W"] @ x + layer["b"])
    return (x * params["out"]).sum()


def example():
    return {
        "layers": [{"W": W, "b": np.array([0.1, 0.2])}, {"W": 2 * W, "b": np.zeros(2)}],
        "out": np.array([1.0, -1.0]),
    }


def test_leaves_are_named_as_a_program_writes_them():
    assert labels(trace(layers_loss, example(), X)) == [
        "params.layers[0].W",
        "params.layers[0].b",
        "params.layers[1].W",
        "params.layers[1].b",
        "params.out",
        "x",
    ]
    assert labels(
        trace(lambda p, layers: p.w * layers[0].bias * p.b, Pair(2.0, 3.0), [Layer(W, 5.0)])
    ) == [
        "p.w",
        "p.b",
        "layers[0].bias",
    ]
    odd = trace(
        lambda p: p["two words"] * p[3] * p["x"].y,
        {"two words": 2.0, 3: 4.0, "x": SimpleNamespace(y=1.0)},
    )
    assert labels(odd) == ["p['two words']", "p[3]", "p.x.y"]
    inside = trace(lambda *xs, **named: xs[0]["a"] * named["k"][0], {"a": 2.0}, k=[W, None])
    assert labels(inside) == ["xs[0].a", "k[0]"]


def test_gradients_come_back_in_the_same_shape():
    value, gradients = value_and_grad(layers_loss)(example(), X)
    assert list(gradients) == ["layers", "out"]
    assert isinstance(gradients["layers"], list)
    flat = grad(
        lambda w0, b0, w1, b1, out: layers_loss(
            {"layers": [{"W": w0, "b": b0}, {"W": w1, "b": b1}], "out": out}, X
        ),
        argnums=(0, 1, 2, 3, 4),
    )(W, np.array([0.1, 0.2]), 2 * W, np.zeros(2), np.array([1.0, -1.0]))
    for (_, ours), wanted in zip(leaves(gradients), flat, strict=True):
        np.testing.assert_array_equal(ours, wanted)
    stepped = mapped(example(), lambda _, leaf: leaf)  # untouched
    for (_, leaf), (_, g) in zip(leaves(stepped), leaves(gradients), strict=True):
        leaf[...] -= 1e-3 * g
    assert layers_loss(stepped, X) < value


@pytest.mark.parametrize(
    ("tree", "call", "wanted"),
    [
        (Pair(2.0, 3.0), lambda p: p.w * p.b, Pair(3.0, 2.0)),
        ((np.float64(2.0), [3.0, np.ones(1)]), lambda p: p[0] * p[1][0], (3.0, [2.0, np.zeros(1)])),
        (Layer(2.0, 3.0), lambda p: p.weight * p.bias, Layer(3.0, 2.0, None, (0.0, 0.0))),
        (OrderedDict(b=2.0, a=3.0), lambda p: p["a"] * p["b"], OrderedDict(b=3.0, a=2.0)),
        (SimpleNamespace(a=2.0), lambda p: p.a**2, SimpleNamespace(a=4.0)),
        ({"a": Value(2.0), "s": None}, lambda p: p["a"] ** 2, {"a": 4.0, "s": None}),
        (
            [{"x": 2.0}, "name", True, np.arange(2)],
            lambda p: p[0]["x"] ** 3,
            [{"x": 12.0}, None, None, None],
        ),
    ],
)
def test_every_kind_of_container(tree, call, wanted):
    made = grad(call)(tree)
    assert type(made) is type(tree)
    for (name, ours), (other, theirs) in zip(leaves(made), leaves(wanted), strict=True):
        assert name == other
        np.testing.assert_array_equal(
            ours.data if isinstance(ours, Value) else ours, theirs, strict=False
        )


def test_a_module_gives_a_module_of_gradients():
    net = MLP(2, [3, 1], seed=0)
    loss = trace(lambda net, x: (net(x) ** 2).sum(), net, W)
    assert [v.label for v in tape(loss) if v.is_leaf][:4] == ["W1", "b1", "W2", "b2"]
    loss.backward()
    gradients = grad(lambda net, x: (net(x) ** 2).sum())(net, W)
    assert type(gradients) is MLP
    for name, parameter in net.named_parameters():
        layer, attribute = name.split(".")
        ours = getattr(vars(gradients)[layer], attribute)
        np.testing.assert_allclose(getattr(ours, "data", ours), parameter.grad, rtol=1e-14)


def test_jacobian_hessian_and_hvp():
    made = jacobian(lambda p: p["a"] * p["b"])({"a": np.array([1.0, 2.0]), "b": 3.0})
    np.testing.assert_array_equal(made["a"], 3 * np.eye(2))
    np.testing.assert_array_equal(made["b"], [1.0, 2.0])
    both = jacobian(lambda x: {"sum": x.sum(), "square": x * x})(X)
    np.testing.assert_array_equal(both["square"], np.diag(2 * X))
    f = lambda p: p["a"] ** 2 * p["b"]  # noqa: E731
    assert hessian(f)({"a": 2.0, "b": 3.0}) == {
        "a": {"a": 6.0, "b": 4.0},
        "b": {"a": 4.0, "b": 0.0},
    }
    assert hvp(f, {"a": 2.0, "b": 3.0}, {"a": 1.0, "b": 10.0}) == {"a": 46.0, "b": 4.0}
    with pytest.raises(ShapeError, match="other parts"):
        hvp(f, {"a": 2.0, "b": 3.0}, {"a": 1.0})
    with pytest.raises(ShapeError, match=r"vector at \.?b has shape \(2,\)"):
        hvp(f, {"a": 2.0, "b": 3.0}, {"a": 1.0, "b": X})


def test_nested_transforms_take_containers():
    def inner(p):
        g = grad(lambda q: q["a"] ** 3 * q["b"])(p)
        return g["a"] + g["b"]

    assert grad(inner)({"a": 2.0, "b": 5.0}) == {"a": 6 * 2.0 * 5 + 3 * 4.0, "b": 3 * 4.0}
    a = Value(2.0, "a")
    g = grad(lambda p: p["a"] ** 3)({"a": a})["a"]
    assert isinstance(g, Value)  # a recorded value among the parameters: it can go on
    assert gradients_of(g, (a,)) == [12.0]


def test_checks_name_the_part():
    report = check_grads(layers_loss, example(), X)
    assert [c.label for c in report][:2] == ["params.layers[0].W", "params.layers[0].b"]
    assert report[-1].label == "input 1"

    def wrong(p):
        return p["good"] ** 2 + p["bad"] ** 2 - (p["bad"].detach() * p["bad"])

    with pytest.raises(CheckFailedError, match=r"^p\.bad"):
        check_grads(wrong, {"good": 2.0, "bad": 3.0})


NUMBERS = st.floats(-2, 2, allow_subnormal=False)
LEAVES = st.one_of(
    NUMBERS,
    st.lists(NUMBERS, min_size=1, max_size=3).map(np.array),
    st.sampled_from(["tanh", None, True]),
    st.just(np.array([1, 0, 1])),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(["W", "b", "two words", 3]), inner, max_size=3),
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.builds(Pair, inner, inner),
        st.builds(Layer, inner, inner),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(TREES, st.sampled_from(["sin", "square", "product"]))
def test_a_container_is_as_its_leaves_side_by_side(tree, which):
    """The gradient of a nested container is that of the flat function, put in the same places."""

    def of_flat(*xs):
        total = 0.5
        for k, x in enumerate(xs, 1):
            total = {
                "sin": lambda t, x, k: t + k * np.sin(x).sum(),
                "square": lambda t, x, k: t + k * (x * x).sum(),
                "product": lambda t, x, k: t * (x.sum() + k),
            }[which](total, x, k)
        return total

    def is_number(x):
        return isinstance(x, float | Value) or (isinstance(x, np.ndarray) and x.dtype == float)

    def of_tree(t):
        return of_flat(*(tensor(x) if type(x) is list else x for _, x in leaves(t) if is_number(x)))

    found = [x for _, x in leaves(tree) if is_number(x)]
    lists = [x for _, x in leaves(tree) if type(x) in (list, tuple)]
    if not found or lists:  # lists of plain numbers are arrays, and tested elsewhere
        return
    flat = grad(of_flat, argnums=tuple(range(len(found))))(*found)
    made = grad(of_tree)(tree)
    given_names, made_names = [n for n, _ in leaves(tree)], [n for n, _ in leaves(made)]
    assert given_names == made_names
    wanted = iter(flat)
    for (_, x), (_, g) in zip(leaves(tree), leaves(made), strict=True):
        if is_number(x):
            np.testing.assert_array_equal(g, next(wanted))
        else:
            assert g is None or np.all(np.asarray(g, float) == 0)


REFUSED = {
    "text": (
        lambda: grad(layers_loss)("x", X),
        "argument 0 is of type str, .*dicts",
    ),
    "text in a dict": (lambda: grad(lambda p: 1.0)({"a": "x"}), "is of type dict.*put floats"),
    "nothing": (lambda: grad(lambda p: 1.0)(None), "NoneType.*differentiate with respect to numb"),
    "an object": (lambda: grad(lambda p: 1.0)(Slotted()), "of type Slotted"),
    "a flag": (lambda: grad(lambda p: 1.0)(True), "of type bool"),
    "no leaves": (lambda: grad(lambda p: 1.0)({}), "of type dict"),
    "whole numbers": (
        lambda: grad(np.sum)(np.array([1, 2])),
        r"array of int64.*x\.astype\(float\)",
    ),
    "a mask": (lambda: grad(np.sum)(np.array([True])), "array of bool"),
    "words": (lambda: grad(np.sum, argnums="x")(1.0), r"by position.*not 'x'"),
    "no argument": (lambda: grad(np.sum, argnums=())(1.0), "argnums names no argument"),
    "between": (lambda: grad(np.sum, argnums=0.5)(1.0), "by position.*not 0.5"),
    "ragged": (lambda: grad(np.sum)([[1, 2], [3]]), "equally long.*tensor"),
    "ragged values": (lambda: tensor([[1, 2], [3]]), "equally long.*tensor"),
    "complex": (lambda: tensor(np.array([1j])), r"complex128.*z\.real"),
    "complex in a dict": (lambda: grad(lambda p: 1.0)({"z": np.array([1j])}), "complex128"),
    "objects": (lambda: tensor(np.array(["a", None])), "array of object"),
    "several results": (lambda: grad(lambda x: {"a": x})(1.0), "returns a dict"),
    "nothing to check": (lambda: check_grads(np.sum, np.array([1, 2])), "no argument has a deriv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_derivative_is_refused_with_a_way_out(name):
    call, says = REFUSED[name]
    with pytest.raises((InputError, TypeError), match=says):
        call()


def test_a_container_that_holds_itself():
    loop = [1.0, W]
    loop.append(loop)
    with pytest.raises(InputError, match="contains itself"):
        grad(lambda p: p[0])(loop)
    assert trace(lambda p, x: x * 2, loop, 3.0).data == 6.0  # not asked for: passed on


@pytest.mark.peers
def test_gradients_of_containers_are_torchs():
    torch = pytest.importorskip("torch")
    draw = np.random.default_rng(0)
    params = {
        "layers": [{"W": draw.normal(size=(3, 3)), "b": draw.normal(size=3)} for _ in range(3)],
        "out": draw.normal(size=3),
        "act": "tanh",
    }
    x, y = draw.normal(size=(4, 3)), [0, 1, 1, 2]

    def scores(p, h, tanh):
        for layer in p["layers"]:
            h = tanh(h @ layer["W"] + layer["b"])
        return h * p["out"]

    def to_torch(_, leaf):
        return leaf if isinstance(leaf, str) else torch.tensor(leaf, requires_grad=True)

    theirs = mapped(params, to_torch)
    made = scores(theirs, torch.tensor(x), torch.tanh)
    torch.nn.functional.cross_entropy(made, torch.tensor(y)).backward()
    ours = grad(lambda p, x, y: cross_entropy(scores(p, x, np.tanh), y))(params, x, y)
    assert ours["act"] is None
    for (_, mine), (_, peer) in zip(leaves(ours), leaves(theirs), strict=True):
        if mine is not None:
            np.testing.assert_allclose(mine, peer.grad.numpy(), rtol=1e-12, atol=1e-15)
