"""Derivatives of functions: gradients, Jacobians, Hessians, nested, against known formulas."""

import numpy as np
import pytest

from backviz import Value, grad, gradients_of, hessian, hvp, jacobian, tensor, value_and_grad
from backviz.autodiff.orders import derivative, recorded_gradients
from backviz.errors import InputError, ShapeError, UsageError


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def test_gradients_of_any_order():
    f, orders = np.sin, [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]
    for truth in orders:
        f = grad(f)
        assert f(0.7) == pytest.approx(truth(0.7), rel=1e-14)
        assert type(f(0.7)) is float


def test_several_arguments_and_options():
    def f(x, w, *, bias=0.0):
        return (x @ w + bias).sum()

    x, w = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    value, (gx, gw) = value_and_grad(f, argnums=(0, 1))(x, w, bias=1.0)
    assert value == 12.0
    assert list(gx) == [3.0, 4.0]
    assert list(gw) == [1.0, 2.0]
    assert list(grad(f, argnums=-1)(x, w)) == [1.0, 2.0]


def test_the_hessian_of_rosenbrock():
    x, y = -1.2, 1.0
    truth = [[2 - 400 * (y - 3 * x**2), -400 * x], [-400 * x, 200]]
    assert hessian(rosenbrock)(np.array([x, y])) == pytest.approx(np.array(truth), rel=1e-13)
    v = np.array([0.3, -2.0])
    assert hvp(rosenbrock, np.array([x, y]), v) == pytest.approx(np.array(truth) @ v, rel=1e-13)
    assert hessian(lambda x: x**3)(2.0) == 12.0


def test_hvp_of_several_arguments():
    def f(a, b):
        return (a * a * b).sum()

    ha, hb = hvp(f, (2.0, 3.0), (1.0, 10.0))
    assert (ha, hb) == (2 * 3 * 1 + 2 * 2 * 10, 2 * 2 * 1)


def test_jacobians():
    m = np.arange(6.0).reshape(2, 3)
    assert (jacobian(lambda x: m @ x)(np.ones(3)) == m).all()
    assert jacobian(lambda x: x * np.ones((2, 2)))(3.0).shape == (2, 2)
    assert jacobian(lambda x: x.sum())(np.ones((2, 3))).shape == (2, 3)
    rows = jacobian(lambda a, b: a * b, argnums=(0, 1))(np.ones(2), np.array([2.0, 3.0]))
    assert (rows[0] == np.diag([2.0, 3.0])).all()
    assert (rows[1] == np.eye(2)).all()


def test_nested_transforms_keep_their_variables_apart():
    # the inner derivative of x + y for y is 1, whatever x is
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(5.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y * y)(3.0))(2.0) == 6.0
    third = jacobian(hessian(lambda x: (x**3).sum()))(np.array([1.0, 2.0]))
    assert [third[0, 0, 0], third[1, 1, 1], third[0, 1, 0]] == [6.0, 6.0, 0.0]


def test_a_recorded_argument_gives_a_recorded_result():
    x = Value(3.0)
    dx = grad(lambda x: x**3)(x)
    assert isinstance(dx, Value)
    assert gradients_of(dx, (x,)) == [18.0]
    assert x.grad is None


def test_constants_have_gradient_zero():
    assert grad(lambda x: 3.0)(2.0) == 0.0
    assert (grad(lambda x: Value(1.0))(np.ones(2)) == 0).all()
    assert (hessian(lambda x: x.sum())(np.ones(2)) == np.zeros((2, 2))).all()


def test_what_cannot_be_differentiated_is_a_sentence():
    with pytest.raises(InputError, match=r"an array of shape \(2,\).*use jacobian"):
        grad(lambda x: x * 2)(np.ones(2))
    with pytest.raises(InputError, match="argument 2, but the call has 1"):
        grad(lambda x: x, argnums=2)(1.0)
    with pytest.raises(ShapeError, match=r"the vector has shape \(3,\)"):
        hvp(lambda x: (x * x).sum(), np.ones(2), np.ones(3))


# The backward pass as a record ------------------------------------------------------


def test_the_gradients_of_a_record_are_values_with_names():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    L = a * a * b
    L.label = "L"
    da, db = recorded_gradients(L)
    assert [(g.label, g.data) for g in (da, db)] == [("dL/da", 12.0), ("dL/db", 4.0)]
    assert gradients_of(da, (a, b)) == [6.0, 4.0]


def test_higher_derivatives_by_name():
    x = Value(2.0, "x")
    y = x**4
    y.label = "y"
    second = derivative(y, "x", order=2)
    assert (second.label, second.data) == ("d²y/dx²", 48.0)
    with pytest.raises(UsageError, match="unknown leaf 'z'"):
        derivative(y, "z")
    with pytest.raises(InputError, match="does not depend on w any more"):
        derivative(Value(1.0, "w") * 3, "w", order=2)


def test_create_graph_accumulates_like_torch():
    x = Value(3.0)
    (x**2).backward(create_graph=True)
    (x**3).backward(create_graph=True)
    assert x.grad.data == 6.0 + 27.0
    (g,) = gradients_of(x.grad, (x,))
    assert g == 2.0 + 18.0


def test_freeing_the_record():
    x, w = tensor([1.0, 2.0]), tensor([3.0, 4.0])
    hidden = x * w
    loss = hidden.sum()
    loss.backward(retain_graph=False)
    assert list(w.grad) == [1.0, 2.0]
    assert hidden.grad is None
    for value in (loss, hidden):
        with pytest.raises(InputError, match="was freed by an earlier backward pass"):
            value.sum().backward()
