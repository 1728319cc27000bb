"""`vjp` and `jvp` against torch.func, differences, and the matrices that they are products with."""

import numpy as np
import pytest
from row_checks import is_operand, merged

import backviz
from backviz import OPS, Value, grad, hessian, hvp, jacobian, jvp, nn, tensor, vjp
from backviz.autodiff.containers import leaves
from backviz.errors import InputError, ShapeError

RANDOM = np.random.default_rng(4)
X, W, V = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(3, 2)), RANDOM.normal(size=(2, 3))

# functions of x (2, 3) and w (3, 2), with numpy as np or torch as the library
FUNCTIONS = {
    "layer": lambda lib, x, w: lib.tanh(x @ w),
    "loss": lambda lib, x, w: (lib.tanh(x @ w) ** 2).sum(),
    "kinks": lambda lib, x, w: lib.maximum(x @ w, 0 * (x @ w)),
    "used twice": lambda lib, x, w: x @ w + (x * x).sum() * w.T @ w,
    "parts": lambda lib, x, w: lib.stack([x[0] * w[:, 1], x[1, 1] * w[:, 0]]),
    "only one": lambda lib, x, w: lib.exp(x) + 0 * w.sum(),
}


@pytest.mark.peers
@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_are_torch_s(name):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    f, tangents = FUNCTIONS[name], (V, RANDOM.normal(size=(3, 2)))
    theirs = [torch.tensor(a) for a in (X, W)]

    def peer(x, w):
        return torch.relu(x @ w) if name == "kinks" else f(torch, x, w)

    out, moved = jvp(lambda x, w: f(np, x, w), (X, W), tangents)
    their_out, their_moved = torch.func.jvp(
        peer, tuple(theirs), tuple(torch.tensor(t) for t in tangents)
    )
    np.testing.assert_allclose(out, their_out.numpy(), rtol=1e-13)
    np.testing.assert_allclose(moved, their_moved.numpy(), rtol=1e-12, atol=1e-14)
    out, pullback = vjp(lambda x, w: f(np, x, w), X, W)
    their_out, their_pullback = torch.func.vjp(peer, *theirs)
    np.testing.assert_allclose(out, their_out.numpy(), rtol=1e-13)
    for _ in range(2):  # as often as one likes
        weights = RANDOM.normal(size=np.shape(out))
        found, expected = pullback(weights), their_pullback(torch.tensor(weights))
        assert isinstance(found, tuple)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.peers
def test_nested_ones_are_torch_s():
    torch = pytest.importorskip("torch")
    func = torch.func

    def f(lib, x):
        return (lib.sin(x) * x**2).sum() + x[0] * x[1] ** 3

    x, v = RANDOM.normal(size=3), RANDOM.normal(size=3)
    tx, tv, one = torch.tensor(x), torch.tensor(v), torch.tensor(1.0, dtype=torch.float64)

    def ours(x):
        return f(np, x)

    def theirs(x):
        return f(torch, x)

    pairs = [
        (jvp(grad(ours), (x,), (v,))[1], func.jvp(func.grad(theirs), (tx,), (tv,))[1]),
        (
            jvp(lambda x: jvp(ours, (x,), (v,))[1], (x,), (v,))[1],
            func.jvp(lambda x: func.jvp(theirs, (x,), (tv,))[1], (tx,), (tv,))[1],
        ),
        (
            grad(lambda x: jvp(ours, (x,), (v,))[1])(x),
            func.grad(lambda x: func.jvp(theirs, (x,), (tv,))[1])(tx),
        ),
        (
            grad(lambda x: (vjp(ours, x)[1](1.0)[0] ** 2).sum())(x),
            func.grad(lambda x: (func.vjp(theirs, x)[1](one)[0] ** 2).sum())(tx),
        ),
    ]
    for mine, its in pairs:
        np.testing.assert_allclose(mine, its.numpy(), rtol=1e-12)
    np.testing.assert_allclose(pairs[0][0], hvp(ours, x, v), rtol=1e-13)
    np.testing.assert_allclose(pairs[0][0], hessian(ours)(x) @ v, rtol=1e-13)


def test_the_columns_and_rows_of_a_jacobian():
    def f(x):
        return np.cumsum(np.exp(x[:-1] * x[1:]))

    x = RANDOM.normal(size=4)
    matrix = jacobian(f)(x)
    _, pullback = vjp(f, x)
    for i, row in enumerate(np.eye(3)):
        np.testing.assert_allclose(pullback(row)[0], matrix[i], rtol=1e-14)
    for j, column in enumerate(np.eye(4)):
        np.testing.assert_allclose(jvp(f, (x,), (column,))[1], matrix[:, j], rtol=1e-14)


@pytest.mark.blas
@pytest.mark.parametrize("name", [op.name for op in OPS.values() if op.differentiable])
def test_every_op_moves_forward_as_differences_say(name):
    op, random = OPS[name], np.random.default_rng(5)
    call = op.sample
    given = [x for x in call.args if is_operand(x)]
    if name == "guard":  # its condition is none of numbers
        given = given[:1]
    moves = [random.normal(size=np.shape(x)) if np.ndim(x) else random.normal() for x in given]
    for i, _ in enumerate(given):
        if op.rule(i) is None:  # a mask stays
            moves[i] = 0.0 * moves[i]

    def f(*xs):
        if name == "guard":
            return op(*xs, 0.0)
        return op(*merged(call, xs), **call.params)

    def at(h):
        return np.asarray(f(*[x + h * v for x, v in zip(given, moves, strict=True)]))

    out, moved = jvp(f, tuple(given), tuple(moves))
    np.testing.assert_array_equal(out, f(*given))
    h = 1e-5
    expected = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    np.testing.assert_allclose(moved, expected, rtol=1e-7, atol=1e-8 * (1 + np.abs(out).max()))


def test_containers_go_in_and_come_out():
    params = {"w": X, "b": [1.0, np.array([2.0, 3.0])], "act": "tanh"}

    def f(p, x):
        return {"y": p["w"] @ x, "size": (p["b"][1] ** 2).sum() * p["b"][0]}

    x = RANDOM.normal(size=3)
    out, pullback = vjp(f, params, x)
    np.testing.assert_array_equal(out["y"], X @ x)
    assert type(out["size"]) is float
    back, dx = pullback({"y": np.array([1.0, 10.0]), "size": 2.0})
    np.testing.assert_allclose(back["w"], np.outer([1.0, 10.0], x))
    assert (back["b"][0], back["b"][1].tolist(), back["act"]) == (26.0, [8.0, 12.0], None)
    np.testing.assert_allclose(dx, X.T @ [1.0, 10.0])
    only, _ = pullback({"y": None, "size": 1.0})
    assert (only["b"][0], not np.any(only["w"])) == (13.0, True)
    moves = {"w": V, "b": [1.0, np.array([0.0, 1.0])], "act": None}
    value, moved = jvp(f, (params, x), (moves, np.zeros(3)))
    assert value["size"] == 13.0
    np.testing.assert_allclose(moved["y"], V @ x)
    assert moved["size"] == 13.0 + 6.0


def test_a_pair_of_numbers_has_a_pair_of_cotangents():
    out, pullback = vjp(lambda a, b: (a * b, a + b), 2.0, 5.0)
    assert out == (10.0, 7.0)
    assert pullback((1.0, 0.0)) == (5.0, 2.0)
    assert pullback((0.0, 1.0)) == (1.0, 1.0)
    assert jvp(lambda a, b: (a * b, a), (2.0, 5.0), (1.0, 0.0)) == ((10.0, 2.0), (5.0, 1.0))


def test_a_module_is_a_primal():
    net, x = nn.MLP(2, [3, 1], seed=0), np.array([0.3, -1.0])
    (tangent,) = vjp(lambda net: net(x)[0], net)[1](1.0)
    _, moved = jvp(lambda net: net(x)[0], (net,), (tangent,))
    squares = sum((part.data**2).sum() for _, part in leaves(tangent))
    assert moved.data == pytest.approx(squares, rel=1e-13)


def test_inside_of_a_record_both_record():
    x = tensor([1.0, 2.0], "x")
    out, moved = jvp(lambda x: x**3, (x,), (np.array([1.0, 0.0]),))
    assert isinstance(out, Value)
    moved.sum().backward()  # 3x² in the first entry
    assert x.grad.tolist() == [6.0, 0.0]
    with backviz.no_grad():
        assert jvp(lambda x: x**3, (2.0,), (1.0,)) == (8.0, 12.0)
    assert jvp(lambda x: 7.0, (2.0,), (1.0,)) == (7.0, 0.0)
    assert vjp(lambda x: 7.0, 2.0)[1](1.0) == (0.0,)


def test_float32_stays():
    x = np.ones(2, np.float32)
    out, moved = jvp(np.exp, (x,), (x,))
    assert out.dtype == moved.dtype == np.float32
    assert vjp(np.exp, x)[1](x)[0].dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: vjp(np.exp, X)[1](1.0), ShapeError,
         r"^vjp: the cotangent has shape \(\), but the result has \(2, 3\)$"),
        (lambda: vjp(lambda x: {"y": x}, 1.0)[1]({"z": 1.0}), ShapeError,
         r"^vjp: the cotangent holds other parts: z in the place of y$"),
        (lambda: vjp(lambda x: (x, x), 1.0)[1]((1.0, 1.0, 1.0)), ShapeError,
         r"^vjp: the cotangent holds other parts: 3, not 2; give the same$"),
        (lambda: jvp(np.exp, (X,), (V.T,)), ShapeError,
         r"^jvp: the tangent has shape \(3, 2\), but the primal has \(2, 3\)$"),
        (lambda: jvp(lambda p: p["w"], ({"w": X},), ({"w": 1.0},)), ShapeError,
         r"^jvp: the tangent at w has shape \(\), but the primal has \(2, 3\)$"),
        (lambda: jvp(np.exp, (X, X), (V,)), InputError, "jvp: 2 and 1 were given"),
        (lambda: jvp(lambda k: X[k], (np.array([1]),), (1.0,)), Exception, "jvp"),
        (lambda: vjp(lambda x: "text", 1.0), InputError, "vjp: the function returns a str"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_a_pullback_is_linear_and_differentiates_as_such():
    _, pullback = vjp(lambda x: np.tanh(W @ x), X[:, 0])
    matrix = jacobian(lambda x: np.tanh(W @ x))(X[:, 0])
    made = jacobian(lambda weights: pullback(weights)[0])(np.ones(3))
    np.testing.assert_allclose(made, matrix.T, rtol=1e-14)
    weights = tensor([1.0, 2.0, 3.0])
    (found,) = pullback(weights)
    assert isinstance(found, Value)
    found.sum().backward()
    np.testing.assert_allclose(weights.grad, matrix.sum(axis=1), rtol=1e-14)
