"""Wrong use of an optimizer is one sentence, and leaves everything as it was."""

import math
import os

import numpy as np
import pytest

from backviz import Value, nn, tensor
from backviz.errors import BackvizError, ShapeError
from backviz.optim import EMA, OPTIMIZERS, SGD, Adam, clip_by_norm, clip_by_value, schedules

if os.environ.get("CI_PEERS"):
    import torch
else:
    try:
        import torch
    except ImportError:
        torch = None


# Wrong use ----------------------------------------------------------------------------

ONE = np.ones(2)
computed = Value(1.0) * 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Adam(ONE, lr=-0.1), "Adam: lr=-0.1 does not work; give a number of at least 0"),
        (lambda: Adam(ONE, lr=math.nan), "lr=nan does not work"),
        (lambda: Adam(ONE, lr="fast"), "lr='fast' does not work"),
        (lambda: Adam(ONE, betas=(0.9, 1.0)), "give two numbers from 0 up to"),
        (lambda: Adam(ONE, betas=0.9), "give two numbers from 0 up to"),
        (lambda: Adam(ONE, eps=-1), "eps=-1 does not work; give a number of at least 0"),
        (lambda: Adam(ONE, amsgrad=2), "give True or False"),
        (lambda: SGD(ONE, nesterov=True), "nesterov=True needs a momentum"),
        (lambda: SGD(ONE, momentum=0.9, dampening=0.1, nesterov=True), "no dampening"),
        (lambda: SGD(ONE, dampening=0.1, semantics="keras"), "no option dampening"),
        (lambda: SGD([]), "the list of parameters is empty"),
        (lambda: SGD(None), "NoneType is no parameter and no list of them"),
        (lambda: SGD(nn.Linear(2, 1, seed=0)), "give a network's parameters()"),
        (lambda: clip_by_norm(nn.Linear(2, 1, seed=0), 1.0), "give a network's parameters()"),
        (
            lambda: OPTIMIZERS["adamw"](ONE, lr=lambda t: 0.1 * t, semantics="paper").step(ONE),
            "the share of the first rate, and that is 0",
        ),
        (lambda: SGD([{"params": []}]), "the list of parameters is empty"),
        (lambda: SGD([{"lr": 1}]), "group 0 has no parameters"),
        (lambda: SGD([{"params": ONE, "speed": 1}]), "no option speed"),
        (lambda: SGD(computed), "parameter 0 was computed"),
        (lambda: SGD([1.0]), "parameter 0 is a float, which cannot be changed in place"),
        (lambda: SGD(np.ones(2, int)), "an array of int64; give a writable float array"),
        (lambda: SGD([ONE, ONE]), "in the list twice"),
        (lambda: SGD([ONE, Value(1.0)]), "values and plain arrays"),
        (lambda: SGD(ONE, semantics="kears"), "did you mean 'keras'?"),
        (lambda: SGD(ONE, semantics="jax"), "there is torch, keras, optax, paper"),
        (lambda: OPTIMIZERS["lion"](ONE, semantics="torch"), "there is paper, keras, optax"),
        (lambda: SGD(ONE, semantics="optax"), "optax has no rate of its own for SGD; say lr=…"),
        (lambda: OPTIMIZERS["adamm"], "did you mean 'adam'?"),
        (lambda: SGD(ONE).step(), "call opt.step(gradients)"),
        (lambda: SGD(ONE).step([None]), "no parameter has a gradient"),
        (lambda: SGD(ONE).step([ONE, ONE]), "1 parameters were given 2 gradients"),
        (lambda: SGD(ONE).step(np.ones(3)), "has the shape (2,) and its gradient (3,)"),
        (lambda: SGD(Value(1.0)).step(), "call loss.backward() first"),
        (lambda: SGD(Value(1.0)).step([1.0]), "call opt.step()"),
        (lambda: SGD(Value(1.0)).anatomy(0), "call loss.backward() first"),
        (lambda: SGD(ONE).anatomy(1, ONE), "there is no parameter 1; there are 1"),
        (
            lambda: OPTIMIZERS["adagrad"](ONE, lr=schedules.SCHEDULES["one_cycle"](0.1, 10)),
            "one_cycle cycles the momentum and Adagrad has none",
        ),
        (lambda: Adam(ONE).load_state_dict(SGD(ONE).state_dict()), "the state is one of optimizer"),
        (
            lambda: Adam(ONE).load_state_dict(Adam(np.ones(3)).state_dict()),
            "the state is one of other parameters",
        ),
        (lambda: Adam(ONE).load_state_dict({}), "nothing"),
        (
            lambda: Adam(ONE).load_state_dict(Adam([ONE, ONE.copy()]).state_dict()),
            "1.m is not one of its parts",
        ),
        (lambda: setattr(Adam(ONE), "lr", -1), "lr=-1 does not work"),
        (lambda: Adam(ONE).load_state_dict("adam.npz"), "or np.load(file) of it, not str"),
        (lambda: SGD(ONE, semantics=3), "there is torch, keras, optax, paper"),
        (lambda: SGD(ONE, lr=True), "lr=True does not work"),
        (lambda: SGD(ONE, momentum="0.9"), "momentum='0.9' does not work"),
        (lambda: SGD(ONE).step(np.array(["a", "b"])), "parameter 0 holds <U1, not real numbers"),
        (lambda: SGD(ONE).step(np.array([1j, 2])), "parameter 0 holds complex128, not real"),
        (lambda: clip_by_norm([3.0], 1), "gradient 0 is a float, which cannot be changed in place"),
        (lambda: clip_by_value([None], 1), "gradient 0 is a NoneType"),
        (lambda: clip_by_norm(np.array([3, 4]), 1), "gradient 0 is an array of int64; give a wr"),
        (lambda: clip_by_value(np.array([3, 4]), 1), "gradient 0 is an array of int64"),
        (lambda: clip_by_norm(ONE.copy(), "a"), "max_norm='a' does not work"),
        (lambda: clip_by_norm(ONE.copy(), 1, "a"), "norm_type='a' does not work; give 1, 2 or inf"),
        (lambda: clip_by_value(ONE.copy(), None), "clip_value=None does not work"),
        (lambda: EMA(Value(1.0), "a"), "EMA: decay='a' does not work; give a number from 0"),
    ],
)
def test_wrong_use_is_one_sentence(wrong, says):
    with pytest.raises(BackvizError) as caught:
        wrong()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_paper_s_weight_decay_goes_on_in_an_optimizer_made_otherwise():
    def made(x, **options):
        return OPTIMIZERS["adamw"](x, semantics="paper", **options)

    x = np.array([1.0, 2.0])
    opt = made(x, lr=0.1)
    opt.step(np.ones(2))
    again, state = x.copy(), opt.state_dict()
    other = made(again)  # its own rate is .001; that of the state is in charge
    other.load_state_dict(state)
    for each, numbers in ((opt, x), (other, again)):
        each.step(np.array([0.5, -1.0]))
        each.lr = 0.05
        each.step(np.array([0.5, -1.0]))
        assert np.isfinite(numbers).all()
    assert np.array_equal(x, again)


def test_the_paper_s_weight_decay_follows_a_schedule_that_is_set_later():
    x, y = np.ones(1), np.ones(1)
    late = OPTIMIZERS["adamw"](x, lr=0.5, semantics="paper")
    late.lr = schedules.constant(0.1)
    late.step(np.ones(1))
    OPTIMIZERS["adamw"](y, lr=schedules.constant(0.1), semantics="paper").step(np.ones(1))
    assert x[0] == y[0]


def test_a_gradient_that_is_another_parameter_does_not_move_with_it():
    x, y = np.array([1.0]), np.array([2.0])  # f = x·y
    SGD([x, y], lr=0.1).step([y, x])
    np.testing.assert_allclose([x[0], y[0]], [0.8, 1.9])
    z = np.array([1.0, 2.0])
    opt = OPTIMIZERS["lion"](z, lr=0.1)
    opt.step(z[:])  # a view
    np.testing.assert_allclose(opt.state_dict()["0.m"], [0.01, 0.02])


@pytest.mark.parametrize(("data", "grad"), [((2,), (1,)), ((2,), (3,)), ((3,), (3,))])
def test_recorded_parameters_and_gradients_keep_their_shape(data, grad):
    x = tensor(np.ones(2))
    opt = SGD(x, lr=0.1)
    x.data, x.grad = np.ones(data), np.ones(grad)
    with pytest.raises(ShapeError, match=r"parameter 0 began with the shape \(2,\)"):
        opt.step()
    assert opt.steps == 0


def test_a_refused_step_changes_nothing():
    x = [np.ones(2), np.ones(3)]
    opt = Adam(x, lr=0.1)
    with pytest.raises(ShapeError):
        opt.step([np.ones(2), np.ones(2)])
    assert opt.steps == 0
    assert x[0].tolist() == [1, 1]


def test_the_rate_can_be_set():
    x = np.zeros(1)
    opt = SGD(x, lr=0.5)
    opt.step(np.ones(1))
    opt.lr = 0.25
    opt.step(np.ones(1))
    assert (x[0], opt.lr) == (-0.75, 0.25)
    opt.lr = lambda t: 2.0**-t
    opt.step(np.ones(1))
    assert (x[0], opt.lr) == (-1.0, 0.25)
