"""Optimizers against torch, the published formulas, and what theory says of stability."""

import doctest
import io
import json
import math
import os
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from backviz import Value, nn, tensor
from backviz.errors import BackvizError, InputError, NotFiniteError, ShapeError
from backviz.optim import EMA, OPTIMIZERS, SGD, Adam, clip_by_norm, clip_by_value, schedules

if os.environ.get("CI_PEERS"):
    import torch
else:
    try:
        import torch
    except ImportError:
        torch = None
needs_torch = pytest.mark.skipif(torch is None, reason="torch is not installed")


# Against torch ------------------------------------------------------------------------

CASES = [
    ("SGD", {}), ("SGD", {"weight_decay": 0.1}), ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "dampening": 0.4}), ("SGD", {"maximize": True}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.5, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {}), ("Adagrad", {"lr_decay": 0.1, "weight_decay": 0.1, "eps": 1e-3}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "maximize": True}),
    ("Adadelta", {}), ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {}), ("RMSprop", {"centered": True, "eps": 1e-3}), ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "eps": 1e-2, "weight_decay": 0.1}),
    ("Adam", {}), ("Adam", {"weight_decay": 0.1, "maximize": True}), ("Adam", {"amsgrad": True}),
    ("Adam", {"betas": (0.8, 0.95), "eps": 1e-2}),
    ("Adam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {}), ("AdamW", {"amsgrad": True, "weight_decay": 0.1}), ("AMSGrad", {}),
    ("Adamax", {}), ("Adamax", {"betas": (0.8, 0.95), "eps": 1e-2, "weight_decay": 0.1}),
    ("NAdam", {}), ("NAdam", {"momentum_decay": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}), ("RAdam", {"betas": (0.8, 0.95), "weight_decay": 0.1}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
]  # fmt: skip
SLOTS = {
    "SGD": {"b": "momentum_buffer"}, "Adagrad": {"s": "sum"},
    "Adadelta": {"v": "square_avg", "u": "acc_delta"},
    "RMSprop": {"v": "square_avg", "a": "grad_avg", "b": "momentum_buffer"},
    "Adamax": {"m": "exp_avg", "u": "exp_inf"},
}  # fmt: skip
ADAM = {"m": "exp_avg", "v": "exp_avg_sq", "w": "max_exp_avg_sq"}
cases = pytest.mark.parametrize(("name", "options"), CASES, ids=str)


@pytest.fixture
def double():
    """NAdam keeps its product, and all their steps, in torch's default precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def peer(name, params, options):
    if name == "AMSGrad":
        return torch.optim.Adam(params, **options, amsgrad=True)
    return getattr(torch.optim, name)(params, **options)


def gentle(name, options):
    """With a rate at which nothing flies away on Rosenbrock's function."""
    slow = 1e-6 if options.get("maximize") else 1e-4
    usual = {"SGD": slow, "RAdam": 1e-4, "Adadelta": options.get("lr", 1.0)}
    return options | {"lr": usual.get(name, 0.01)}


def started(shapes=((3, 2), (4,), (), ()), seed=3):
    draw = np.random.default_rng(seed)
    return [draw.normal(size=shape) for shape in shapes]


@needs_torch
@cases
def test_a_hundred_steps_on_quadratics_are_torch_s(name, options, double):
    options = {"lr": 1.0 if name == "Adadelta" else 0.02} | options
    starts, curves = started(), [abs(c) for c in started(seed=4)]
    ours, theirs = (
        [tensor(x) for x in starts],
        [torch.tensor(x, requires_grad=True) for x in starts],
    )
    a, b = OPTIMIZERS[name](ours, **options), peer(name, theirs, options)
    for _ in range(100):
        a.zero_grad()
        b.zero_grad()
        sum((c * (x - 1) ** 2).sum() for c, x in zip(curves, ours, strict=True)).backward()
        sum(
            (torch.tensor(c) * (x - 1) ** 2).sum() for c, x in zip(curves, theirs, strict=True)
        ).backward()
        a.step()
        b.step()
    for x, y, start in zip(ours, theirs, starts, strict=True):
        np.testing.assert_allclose(x.data, y.detach().numpy(), rtol=1e-12, atol=1e-12)
        assert np.abs(x.data - start).max() > 1e-3
    assert isinstance(ours[-1].data, float)


def rosenbrock(x):
    """The gradient of (1 − x)² + 100(y − x²)²."""
    a, b = x[..., 0], x[..., 1]
    return np.stack([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)], -1)


@needs_torch
@cases
def test_fifty_steps_on_rosenbrock_are_torch_s(name, options, double):
    options = gentle(name, options)
    x = np.array([[-1.2, 1.0], [0.0, 2.0], [1.5, -0.5]])
    y = torch.tensor(x, requires_grad=True)
    a, b = OPTIMIZERS[name](x, **options), peer(name, [y], options)
    for _ in range(50):
        a.step(rosenbrock(x))
        b.zero_grad()
        ((1 - y[:, 0]) ** 2 + 100 * (y[:, 1] - y[:, 0] ** 2) ** 2).sum().backward()
        b.step()
    np.testing.assert_allclose(x, y.detach().numpy(), rtol=1e-12, atol=1e-12)


def read(name, optimizer, y, ours):
    """Our state dict with torch's numbers in it."""
    state, theirs = ours.state_dict(), optimizer.state[y]
    state["steps"] = state["0.steps"] = int(theirs["step"]) if "step" in theirs else 10
    state["0.product"] = float(theirs.get("mu_product", 1.0))
    for slot, key in SLOTS.get(name, ADAM).items():
        if f"0.{slot}" in state:
            state[f"0.{slot}"] = theirs[key].numpy().copy()
    return state


@needs_torch
@cases
def test_single_steps_from_torch_s_state_are_torch_s(name, options, double):
    options = gentle(name, options)
    y = torch.tensor([[-1.2, 1.0], [0.0, 2.0]], requires_grad=True)
    b = peer(name, [y], options)
    for _ in range(30):
        before = y.detach().numpy().copy()
        state = b.state[y] and read(name, b, y, OPTIMIZERS[name](before.copy(), **options))
        x = before.copy()
        a = OPTIMIZERS[name](x, **options)
        if state:
            a.load_state_dict(state)
        y.grad = torch.tensor(rosenbrock(before))
        b.step()
        a.step(rosenbrock(before))
        np.testing.assert_allclose(x, y.detach().numpy(), rtol=1e-14, atol=1e-14)
        assert (x != before).any()


@needs_torch
@cases
def test_single_precision_stays_single_and_is_torch_s(name, options):
    options = {"lr": 0.01} | options
    start = np.linspace(-1, 2, 6, dtype=np.float32).reshape(2, 3)
    x, y = tensor(start), torch.tensor(start, requires_grad=True)
    a, b = OPTIMIZERS[name](x, **options), peer(name, [y], options)
    for _ in range(20):
        x.grad = np.sin(x.data)
        y.grad = torch.sin(y.detach())
        a.step()
        b.step()
    assert x.data.dtype == np.float32
    assert all(slot.dtype == np.float32 for cell in a.cells for slot in cell.slots)
    np.testing.assert_allclose(x.data, y.detach().numpy(), rtol=2e-4, atol=2e-5)


@needs_torch
def test_defaults_are_torch_s():
    y = torch.zeros(2, requires_grad=True)
    for name, made in OPTIMIZERS.items():
        if "torch" not in made.conventions:
            continue
        theirs = peer(made.title, [y], {}).defaults
        for option, ours in made.conventions["torch"].defaults.items():
            assert theirs[option] == ours, (name, option)


@needs_torch
def test_groups_and_missing_gradients_are_torch_s(double):
    starts = started(((2,), (), (), (), (3,)))
    ours, theirs = (
        [tensor(x) for x in starts],
        [torch.tensor(x, requires_grad=True) for x in starts],
    )
    groups = [({"lr": 0.1}, slice(0, 2)), ({"weight_decay": 0.3}, slice(2, 5))]
    a = OPTIMIZERS["nadam"]([{"params": ours[s], **o} for o, s in groups], lr=0.05)
    b = torch.optim.NAdam([{"params": theirs[s], **o} for o, s in groups], lr=0.05)
    draw = np.random.default_rng(0)
    missing = [(), (3,), (0, 3), (2, 3, 4), (), (1,), (1, 4), ()] * 3
    for step, absent in enumerate(missing):
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            g = draw.normal(size=np.shape(x.data))
            x.grad = None if i in absent else (g if g.shape else float(g))
            y.grad = None if i in absent else torch.tensor(g)
        a.step()
        b.step()
        if step == 10:
            state = a.state_dict()
            a = OPTIMIZERS["nadam"]([{"params": ours[s], **o} for o, s in groups], lr=0.05)
            a.load_state_dict(state)
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x.data, y.detach().numpy(), rtol=1e-12, atol=1e-13)


# Against the formulas -----------------------------------------------------------------

# Each rule is (x, g, state, t, lr) → new x, written from the libraries' sources and the papers.


def keras_sgd(x, g, s, t, lr):
    x = x - x * 0.1 * lr
    s["v"] = 0.9 * s["v"] - lr * g
    return x + s["v"]


def sutskever(x, g, s, t, lr):
    """θ is kept apart, and the gradient taken at θ + μv: x is that point."""
    v = s["v"]
    theta = x - 0.9 * v
    s["v"] = 0.9 * v - lr * g
    return theta + s["v"] + 0.9 * s["v"]


def optax_nesterov(x, g, s, t, lr):
    s["m"] = g + 0.9 * s["m"]
    return x - lr * (g + 0.9 * s["m"])


def adagrad(eps_inside, start, decay=0.0, eps=1e-3):
    def rule(x, g, s, t, lr):
        if t == 1:
            s["n"] = s["n"] + start
        s["n"] = s["n"] + g**2
        x = x - x * decay * lr
        root = np.sqrt(s["n"] + eps) if eps_inside else np.sqrt(s["n"]) + eps
        return x - lr * g / root

    return rule


def zeiler(rho, eps, decoupled=0.0, coupled=0.0):
    def rule(x, g, s, t, lr):
        g = g + coupled * x
        x = x - x * decoupled * lr
        s["g"] = rho * s["g"] + (1 - rho) * g**2
        delta = -np.sqrt(s["d"] + eps) / np.sqrt(s["g"] + eps) * g
        s["d"] = rho * s["d"] + (1 - rho) * delta**2
        return x + lr * delta

    return rule


def rmsprop(rho, eps, momentum, centered, decay=0.0):
    def rule(x, g, s, t, lr):
        x = x - x * decay * lr
        s["n"] = rho * s["n"] + (1 - rho) * g**2
        s["a"] = rho * s["a"] + (1 - rho) * g
        n = s["n"] - s["a"] ** 2 if centered else s["n"]
        s["v"] = momentum * s["v"] + lr * g / np.sqrt(n + eps)
        return x - s["v"]

    return rule


def moments(s, g, b1=0.9, b2=0.999):
    s["m"] = b1 * s["m"] + (1 - b1) * g
    s["v"] = b2 * s["v"] + (1 - b2) * g * g
    return s["m"], s["v"]


def keras_adam(eps, decay, amsgrad):
    def rule(x, g, s, t, lr):
        x = x - x * decay * lr
        alpha = lr * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        m, v = moments(s, g)
        if amsgrad:
            v = s["max"] = np.maximum(s["max"], v)
        return x - m * alpha / (np.sqrt(v) + eps)

    return rule


def optax_adam(eps, decay, amsgrad):
    def rule(x, g, s, t, lr):
        m, v = moments(s, g)
        m, v = m / (1 - 0.9**t), v / (1 - 0.999**t)
        if amsgrad:
            v = s["max"] = np.maximum(s["max"], v)
        return x - lr * (m / (np.sqrt(v) + eps) + decay * x)

    return rule


def reddi(x, g, s, t, lr):
    m, v = moments(s, g)
    s["max"] = np.maximum(s["max"], v)
    return x - lr * m / (np.sqrt(s["max"]) + 1e-2)


def loshchilov(x, g, s, t, lr):
    """α = .05 and the schedule's multiplier η = lr/α."""
    m, v = moments(s, g)
    step = 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-2)
    return x - lr / 0.05 * (step + 0.1 * x)


def keras_adamax(x, g, s, t, lr):
    x = x - x * 0.1 * lr
    s["m"] = s["m"] + (g - s["m"]) * (1 - 0.9)
    s["u"] = np.maximum(0.999 * s["u"], np.abs(g))
    return x - lr * s["m"] / ((1 - 0.9**t) * (s["u"] + 1e-2))


def adamax(eps):
    def rule(x, g, s, t, lr):
        s["m"] = 0.9 * s["m"] + (1 - 0.9) * g
        s["u"] = np.maximum(0.999 * s["u"], np.abs(g) + eps)
        return x - lr / (1 - 0.9**t) * s["m"] / s["u"]

    return rule


def keras_nadam(x, g, s, t, lr):
    x = x - x * 0.1 * lr
    u, following = 0.9 * (1 - 0.5 * 0.96**t), 0.9 * (1 - 0.5 * 0.96 ** (t + 1))
    s["p"] = (s["p"] if t > 1 else 1.0) * u
    m, v = moments(s, g)
    mixed = following * m / (1 - s["p"] * following) + (1 - u) * g / (1 - s["p"])
    return x - mixed * lr / (np.sqrt(v / (1 - 0.999**t)) + 1e-2)


def optax_nadam(x, g, s, t, lr):
    m, v = moments(s, g)
    mixed = 0.9 * m / (1 - 0.9 ** (t + 1)) + (1 - 0.9) * g / (1 - 0.9**t)
    return x - lr * mixed / (np.sqrt(v / (1 - 0.999**t)) + 1e-2)


def radam(threshold, eps):
    def rule(x, g, s, t, lr):
        m, v = moments(s, g)
        m = m / (1 - 0.9**t)
        most = 2 / (1 - 0.999) - 1
        rho = most - 2 * t * 0.999**t / (1 - 0.999**t)
        if rho <= threshold:
            return x - lr * m
        r = math.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho))
        return x - lr * r * m / (np.sqrt(v / (1 - 0.999**t)) + eps)

    return rule


def chen(decay):
    def rule(x, g, s, t, lr):
        update = np.sign(0.9 * s["m"] + (1 - 0.9) * g)
        s["m"] = 0.99 * s["m"] + (1 - 0.99) * g
        return x - lr * (update + decay * x)

    return rule


EPS, WD = {"eps": 1e-2}, {"weight_decay": 0.1}
PUBLISHED = [
    ("sgd", "keras", {"momentum": 0.9, **WD}, keras_sgd),
    ("sgd", "paper", {"momentum": 0.9, "nesterov": True}, sutskever),
    ("sgd", "optax", {"momentum": 0.9, "nesterov": True}, optax_nesterov),
    ("adagrad", "keras", {"eps": 1e-3, **WD}, adagrad(True, 0.1, 0.1)),
    ("adagrad", "optax", {"eps": 1e-3}, adagrad(True, 0.1)),
    ("adagrad", "paper", {"eps": 1e-3}, adagrad(False, 0.0)),
    ("adadelta", "keras", WD, zeiler(0.95, 1e-7, decoupled=0.1)),
    ("adadelta", "optax", WD, zeiler(0.9, 1e-6, coupled=0.1)),
    ("adadelta", "paper", {}, zeiler(0.95, 1e-6)),
    ("rmsprop", "keras", {"momentum": 0.5, **EPS, **WD}, rmsprop(0.9, 1e-2, 0.5, False, 0.1)),
    ("rmsprop", "optax", {"centered": True, **EPS}, rmsprop(0.9, 1e-2, 0, True)),
    ("rmsprop", "paper", {}, rmsprop(0.95, 1e-4, 0.9, True)),
    ("adam", "keras", {**EPS, **WD}, keras_adam(1e-2, 0.1, False)),
    ("adam", "keras", {}, keras_adam(1e-7, 0, False)),
    ("adam", "keras", {"amsgrad": True, **EPS}, keras_adam(1e-2, 0, True)),
    ("adam", "optax", EPS, optax_adam(1e-2, 0, False)),
    ("adam", "optax", {"amsgrad": True}, optax_adam(1e-8, 0, True)),
    ("adam", "paper", {}, optax_adam(1e-8, 0, False)),
    ("adam", "paper", {"amsgrad": True, **EPS}, reddi),
    ("adamw", "keras", {}, keras_adam(1e-7, 0.004, False)),
    ("adamw", "optax", {}, optax_adam(1e-8, 1e-4, False)),
    ("adamw", "paper", {**EPS, **WD}, loshchilov),
    ("amsgrad", "keras", EPS, keras_adam(1e-2, 0, True)),
    ("amsgrad", "optax", EPS, optax_adam(1e-2, 0, True)),
    ("amsgrad", "paper", EPS, reddi),
    ("adamax", "keras", {**EPS, **WD}, keras_adamax),
    ("adamax", "optax", EPS, adamax(1e-2)),
    ("adamax", "paper", {}, adamax(0)),
    ("nadam", "keras", {**EPS, **WD}, keras_nadam),
    ("nadam", "optax", EPS, optax_nadam),
    ("radam", "optax", EPS, radam(5, 1e-2)),
    ("radam", "paper", {}, radam(4, 0)),
    ("lion", "paper", WD, chen(0.1)),
    ("lion", "keras", {}, chen(0)),
    ("lion", "optax", {}, chen(1e-3)),
]


SLOPE = np.array([0.2, 4.0, 1.0])


def walk(step, x, steps=40):
    """Steps on a quadratic and a little curl, with a rate that falls."""
    for t in range(1, steps + 1):
        x = step(x, SLOPE * x + 0.3 * np.sin(3 * x), t, 0.05 / (1 + 0.1 * (t - 1)))
    return x


@pytest.mark.parametrize(("name", "semantics", "options", "rule"), PUBLISHED)
def test_every_convention_is_the_published_formula(name, semantics, options, rule):
    start = np.array([-1.5, 2.0, 0.7])
    state = dict.fromkeys("vmngadup", 0.0) | {"max": 0.0}
    truth = walk(lambda x, g, t, lr: rule(x, g, state, t, lr), start)
    x = start.copy()
    falling = schedules.time_based(0.05, 0.1)
    opt = OPTIMIZERS[name](x, lr=falling, semantics=semantics, **options)

    def ours(x, g, t, lr):
        opt.step(g)
        return opt.params[0]

    np.testing.assert_allclose(walk(ours, x), truth, rtol=1e-12, atol=1e-12)


def test_no_convention_is_left_out_and_they_differ_where_they_say_so():
    checked = {(name, semantics) for name, semantics, *_ in PUBLISHED}
    there = {
        (name, semantics)
        for name, made in OPTIMIZERS.items()
        for semantics in made.conventions
        if semantics != "torch"
    }
    assert checked == there
    peers = {made.title for made in OPTIMIZERS.values() if "torch" in made.conventions}
    assert {name for name, _ in CASES} == peers
    for made in OPTIMIZERS.values():
        for semantics, convention in list(made.conventions.items())[1:]:
            assert convention.differs.endswith(".")
            assert f"{semantics}: {convention.differs}" in made.__doc__


# Against numbers and theory -----------------------------------------------------------

RAVINE = np.array([0.2, 4.0])  # f = .1x² + 2y²


@pytest.mark.parametrize(
    ("made", "end"),
    [
        (lambda x: SGD(x, lr=0.1), (-3.3380398588, -0.0000731232)),
        (lambda x: SGD(x, lr=0.05, momentum=0.9), (-0.5891108878, 0.6985052332)),
        (lambda x: Adam(x, lr=0.4), (0.9960325469, -0.2127506523)),
    ],
)
def test_published_end_points(made, end):
    x = np.array([-5.0, -2.0])
    opt = made(x)
    for _ in range(20):
        opt.step(RAVINE * x)
    np.testing.assert_allclose(x, end, rtol=0, atol=6e-11)


def test_first_steps_know_only_the_sign():
    g = np.array([-3.0, 1e-3, 250.0])
    for name, step in (("adam", 0.1), ("amsgrad", 0.1), ("adamax", 0.1), ("adagrad", 0.1),
                       ("lion", 0.1), ("rmsprop", 0.1 / math.sqrt(1 - 0.99))):  # fmt: skip
        x = np.zeros(3)
        OPTIMIZERS[name](x, lr=0.1).step(g)
        np.testing.assert_allclose(x, -step * np.sign(g), rtol=1.1e-4, err_msg=name)
        assert not np.allclose(x, -2 * step * np.sign(g))


def limit(momentum, nesterov):
    """The largest curvature that is stable at a rate of 1, on ½λx² for many λ at once."""
    curves = np.arange(0.1, 5, 1e-3)
    x = np.ones_like(curves)
    opt = SGD(x, lr=1.0, momentum=momentum, nesterov=nesterov)
    for _ in range(4000):
        opt.step(curves * np.clip(x, -1e6, 1e6))
    return curves[np.abs(x) < 1].max()


@pytest.mark.parametrize(
    ("momentum", "nesterov", "theory"),
    [
        (0.0, False, 2.0),
        (0.5, False, 2 + 2 * 0.5),
        (0.9, False, 2 + 2 * 0.9),
        (0.5, True, (2 + 2 * 0.5) / (1 + 2 * 0.5)),
        (0.9, True, (2 + 2 * 0.9) / (1 + 2 * 0.9)),
    ],
)
def test_stability_limits(momentum, nesterov, theory):
    assert limit(momentum, nesterov) == pytest.approx(theory, abs=2e-3)


# One core, two ways in ----------------------------------------------------------------

EVERY = [
    (name, semantics, options)
    for name, made in OPTIMIZERS.items()
    for semantics in made.conventions
    for options in made.shown
    if set(options) <= set(made.conventions[semantics].defaults)
]
every = pytest.mark.parametrize(("name", "semantics", "options"), EVERY)


@every
def test_values_and_plain_arrays_take_the_same_steps(name, semantics, options):
    starts = started(((3, 2), (), (5,), (), ()))
    values = [tensor(x) for x in starts]
    arrays = [x.copy() for x in starts]
    a = OPTIMIZERS[name](values, lr=0.01, semantics=semantics, **options)
    b = OPTIMIZERS[name](arrays, lr=0.01, semantics=semantics, **options)
    for _ in range(25):
        a.zero_grad()
        sum((x * x + x.sin()).sum() for x in values).backward()
        grads = [np.array(v.grad) for v in values]
        a.step()
        b.step(grads)
        for v, x in zip(values, arrays, strict=True):
            assert np.array_equal(v.data, x)
    assert type(values[1].data) is float


WAYS = [(*case, ("memory", "npz", "json")[i % 3]) for i, case in enumerate(EVERY)]


@pytest.mark.parametrize(("name", "semantics", "options", "by"), WAYS)
def test_training_goes_on_bit_for_bit(name, semantics, options, by):
    def train(params, opt, steps):
        for _ in range(steps):
            opt.zero_grad()
            sum((x * x * x * x + x.sin()).sum() for x in params).backward()
            opt.step()

    def make(params):
        cycling = "betas" in OPTIMIZERS[name].conventions[semantics].defaults
        lr = schedules.SCHEDULES["one_cycle"](0.05, 40, cycle_momentum=cycling)
        return OPTIMIZERS[name](params, lr=lr, semantics=semantics, **options)

    starts = started(((2, 2), (), ()))
    whole = [tensor(x) for x in starts]
    train(whole, make(whole), 14)
    halves = [tensor(x) for x in starts]
    opt = make(halves)
    train(halves, opt, 6)
    state = opt.state_dict()
    if by == "npz":
        file = io.BytesIO()
        np.savez(file, **state)
        file.seek(0)
        state = np.load(file)
    elif by == "json":
        plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in state.items()}
        state = json.loads(json.dumps(plain))
    again = [tensor(x.data) for x in halves]
    opt = make(again)
    opt.load_state_dict(state)
    train(again, opt, 8)
    for x, y in zip(again, whole, strict=True):
        assert np.array_equal(x.data, y.data)
        assert not np.array_equal(x.data, starts[0])


@every
def test_the_anatomy_of_a_step_is_the_step(name, semantics, options):
    values = [tensor([[1.0, -2.0], [0.5, 3.0]]), Value(0.7), Value(-0.2)]
    opt = OPTIMIZERS[name](values, lr=0.05, semantics=semantics, **options)
    for _ in range(7):
        opt.zero_grad()
        sum((x * x * x).sum() for x in values).backward()
        seen = [opt.anatomy(i) for i in range(3)]
        assert opt.anatomy(1) == seen[1]
        before = [np.array(v.data) for v in values]
        grads = [np.array(v.grad) for v in values]
        opt.step()
        state = opt.state_dict()
        for i, anatomy in enumerate(seen):
            terms = anatomy.terms
            assert anatomy.step == opt.steps
            assert np.array_equal(terms["g"], grads[i])
            assert np.array_equal(terms["before"], before[i])
            assert np.array_equal(terms["after"], values[i].data)
            assert np.array_equal(terms["update"], np.array(values[i].data) - before[i])
            for slot in opt.slots(opt.groups[0].options):
                assert np.array_equal(terms[slot], state[f"{i}.{slot}"])
    if "m̂" in terms and not opt.groups[0].options.get("weight_decay"):
        moved = -np.array(terms["rate"]) * terms["m̂"]
        np.testing.assert_allclose(terms["update"], moved, rtol=1e-9)
    elif name in ("adagrad", "adadelta"):
        np.testing.assert_allclose(terms["update"], -terms["rate"] * terms["g"], rtol=1e-9)


def test_a_step_of_adam_taken_apart():
    x = np.array([1.0])
    terms = Adam(x, lr=0.1).anatomy(0, np.array([2.0])).terms
    assert list(terms) == ["g", "m", "v", "m̂", "v̂", "rate", "before", "after", "update"]
    assert x[0] == 1.0
    expected = {"m": 0.2, "v": 0.004, "m̂": 2.0, "v̂": 4.0, "rate": 0.05, "after": 0.9}
    for name, number in expected.items():
        assert terms[name][0] == pytest.approx(number, rel=1e-7), name


def test_descriptions_and_memory():
    x = np.zeros(2)
    assert Adam(x, lr=0.01).describe() == "Adam lr=.01 β₁=.9 β₂=.999 ε=1e-08 wd=0"
    cosine = schedules.cosine(0.1, 100)
    assert SGD(x, lr=cosine, momentum=0.9).describe() == (
        "SGD lr=cosine(lr=.1 t_max=100 eta_min=0) μ=.9 τ=0 wd=0"
    )
    extra = {name: made(np.zeros(2), lr=0.1).memory for name, made in OPTIMIZERS.items()}
    assert extra == {
        "sgd": 0, "adagrad": 1, "adadelta": 2, "rmsprop": 1, "adam": 2, "adamw": 2,
        "amsgrad": 3, "adamax": 2, "nadam": 2, "radam": 2, "lion": 1,
    }  # fmt: skip
    assert SGD(x, lr=0.1, momentum=0.9).memory == 1
    assert OPTIMIZERS["rmsprop"](x, momentum=0.9, centered=True).memory == 3
    for made in OPTIMIZERS.values():
        assert made is OPTIMIZERS[made.title]
        for semantics, convention in made.conventions.items():
            assert convention.rate is None or convention.rate > 0
            text = made(np.zeros(2), lr=0.1, semantics=semantics).describe()
            numbers = [o for o in convention.defaults.values() if not isinstance(o, bool)]
            assert text.count("=") == len(numbers) + ("betas" in convention.defaults)


def test_no_arrays_are_made_in_a_step():
    for name in OPTIMIZERS:
        x, g = np.ones(200_000), np.full(200_000, 0.1)
        opt = OPTIMIZERS[name](x, lr=0.1)
        opt.step(g)
        tracemalloc.start()
        opt.step(g)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < x.nbytes / 10, name


def test_the_gradient_may_be_the_array_itself():
    for name in OPTIMIZERS:
        options = {"weight_decay": 0.5} if name != "sgd" else {}
        x, y = np.array([1.0, -2.0]), np.array([1.0, -2.0])
        a, b = (OPTIMIZERS[name](z, lr=0.1, **options) for z in (x, y))
        for _ in range(5):
            a.step(x)
            b.step(y.copy())
        assert np.array_equal(x, y), name


def test_divergence_is_silent_and_ends_in_infinities():
    x = np.array([1e200, -1.0])
    opt = SGD(x, lr=1e200)
    opt.step(np.array([1e200, 0.0]))
    assert x[0] == -np.inf
    assert x[1] == -1.0


def test_gradients_of_create_graph_count_as_numbers():
    x, y = tensor([1.0, 2.0]), Value(3.0)
    ((x * x).sum() * y).backward(create_graph=True)
    assert isinstance(x.grad, Value)
    SGD([x, y], lr=0.1).step()
    np.testing.assert_allclose(x.data, [1 - 0.6, 2 - 1.2])
    assert y.data == pytest.approx(3 - 0.5)


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


# Clipping and averages ----------------------------------------------------------------


@needs_torch
@pytest.mark.parametrize("norm_type", [1, 2, 3, math.inf])
@pytest.mark.parametrize("most", [0.5, 100.0])
def test_clipping_by_norm_is_torch_s(norm_type, most):
    grads = [*started(), None]
    ours = [tensor(np.zeros(np.shape(g))) for g in grads[:-1]] + [Value(0.0)]
    theirs = [torch.zeros(np.shape(g), dtype=torch.float64) for g in grads[:-1]] + [torch.zeros(1)]
    for x, y, g in zip(ours, theirs, grads, strict=True):
        if g is not None:
            x.grad, y.grad = g.copy() if g.shape else float(g), torch.tensor(g)
    plain = [np.atleast_1d(g).copy() for g in grads[:-1]]
    norm = clip_by_norm(ours, most, norm_type)
    assert norm == pytest.approx(
        float(torch.nn.utils.clip_grad_norm_(theirs, most, norm_type)), 1e-14
    )
    assert clip_by_norm(plain, most, norm_type) == norm
    for x, y, g in zip(ours, theirs, plain, strict=False):
        np.testing.assert_allclose(x.grad, y.grad.numpy(), rtol=1e-14)
        assert np.array_equal(np.atleast_1d(x.grad), g)
    assert ours[-1].grad is None
    assert type(ours[2].grad) is float


@needs_torch
def test_clipping_by_value_is_torch_s():
    x, y = tensor(np.zeros((3, 2))), torch.zeros(3, 2, dtype=torch.float64)
    x.grad = started()[0]
    y.grad = torch.tensor(x.grad)
    torch.nn.utils.clip_grad_value_([y], 0.4)
    clip_by_value(x, 0.4)
    assert np.array_equal(x.grad, y.grad.numpy())
    assert np.abs(x.grad).max() == 0.4


def test_a_norm_that_is_no_number_is_a_sentence():
    for bad in (np.nan, np.inf):
        g = np.array([1.0, bad])
        with pytest.raises(NotFiniteError, match="cannot be clipped"):
            clip_by_norm(g, 1.0)
        assert g[0] == 1.0
        clip_by_norm(g, 1.0, error_if_nonfinite=False)
        assert np.isnan(g[1])
    with pytest.raises(InputError, match="max_norm=0"):
        clip_by_norm(ONE.copy(), 0)
    with pytest.raises(InputError, match="clip_value=-1"):
        clip_by_value(ONE.copy(), -1)
    assert clip_by_norm([], 1.0) == 0.0
    x = Value(2.0)
    (x * x).backward(create_graph=True)
    clip_by_norm(x, 1.0)
    assert x.grad == pytest.approx(1.0, rel=1e-5)


@needs_torch
def test_averages_are_torch_s():
    layer = torch.nn.Linear(3, 2).double()
    params = list(layer.parameters())
    average = torch.optim.swa_utils.AveragedModel(
        layer, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
    )
    average.update_parameters(layer)
    ours = [tensor(p.detach().numpy()) for p in params]
    ema = EMA(ours, decay=0.9)
    draw = np.random.default_rng(0)
    for _ in range(20):
        for x, p in zip(ours, params, strict=True):
            x.data += draw.normal(size=x.shape)
            p.data = torch.tensor(x.data)
        ema.update()
        average.update_parameters(layer)
    for a, p in zip(ema.averages(), average.module.parameters(), strict=True):
        np.testing.assert_allclose(a, p.detach().numpy(), rtol=1e-13)


def test_corrected_and_warmed_up_averages_are_weighted_means():
    for warmup in (False, True):
        w = Value(0.0)
        ema = EMA(w, decay=0.9, bias_correction=True, warmup=warmup)
        seen, weights = [], []
        for t in range(1, 8):
            w.data = float(t * t)
            ema.update()
            decay = min(0.9, (1 + t) / (10 + t)) if warmup else 0.9
            seen.append(w.data)
            weights = [decay * x for x in weights] + [1 - decay]
        assert ema.averages()[0] == pytest.approx(np.average(seen, weights=weights), rel=1e-13)


def test_swapping_in_and_out_is_exact_and_the_state_goes_on():
    values = [tensor([1.0, 2.0]), Value(0.1)]
    for correct in (False, True):
        ema = EMA(values, decay=0.7, bias_correction=correct)
        for k in range(5):
            values[0].data += 0.1 * k
            values[1].data *= 1.1
            ema.update()
        before = [np.array(v.data) for v in values]
        with ema.swapped():
            for v, a in zip(values, ema.averages(), strict=True):
                assert np.array_equal(v.data, a)
            with pytest.raises(InputError, match="swap back"):
                ema.update()
        for v, x in zip(values, before, strict=True):
            assert np.array_equal(v.data, x)
        other = EMA(values, decay=0.7, bias_correction=correct)
        other.load_state_dict(ema.state_dict())
        for each in (ema, other):
            each.update()
        for a, b in zip(ema.averages(), other.averages(), strict=True):
            assert np.array_equal(a, b)
        with pytest.raises(InputError, match="other parameters"):
            EMA(Value(1.0)).load_state_dict({"updates": 1})
    with pytest.raises(InputError, match="decay=1"):
        EMA(Value(1.0), decay=1)
    with pytest.raises(InputError, match="nothing has been averaged"):
        EMA(Value(1.0), bias_correction=True).averages()


def test_averages_are_not_swapped_in_twice():
    w = Value(1.0)
    ema = EMA(w, decay=0.5)
    w.data = 3.0
    with ema.swapped():
        with pytest.raises(InputError, match="for the weights already; swap back first"):
            ema.swapped().__enter__()
        assert w.data == 1.0  # the average still
    assert w.data == 3.0
    with ema.swapped():
        ema.swap()  # back before the end: the end does not swap again
        assert w.data == 3.0
    assert w.data == 3.0


def test_whole_gradients_of_recorded_leaves_are_clipped():
    for clip, wanted in ((clip_by_norm, [0.6, 0.8]), (clip_by_value, [1.0, 1.0])):
        x = tensor(np.zeros(2))
        x.grad = np.array([3, 4])
        clip(x, 1.0)
        np.testing.assert_allclose(x.grad, wanted, rtol=1e-6)


@needs_torch
@pytest.mark.parametrize("semantics", ["torch", "keras"])
def test_a_centered_rmsprop_stays_finite_where_nothing_deviates(semantics):
    g, lr, alpha, eps = np.array([0.1, 0.7, 1.1, 1.4]), 0.01, 0.5, 1e-3
    x, y = np.zeros(4), torch.zeros(4, dtype=torch.float64, requires_grad=True)
    opt = OPTIMIZERS["rmsprop"](x, lr=lr, alpha=alpha, eps=eps, centered=True, semantics=semantics)
    peer = torch.optim.RMSprop([y], lr=lr, alpha=alpha, eps=eps, centered=True)
    for t in range(200):
        before = x.copy()
        opt.step(g)
        y.grad = torch.tensor(g)
        peer.step()
        if semantics == "torch" and t < 15:  # later v − a² is what rounding leaves
            np.testing.assert_allclose(x, y.detach().numpy(), rtol=1e-11)
    assert not y.isfinite().all()  # torch takes the root of it
    largest = lr * g / (eps if semantics == "torch" else math.sqrt(eps))
    np.testing.assert_allclose(before - x, largest, rtol=1e-3)
    np.testing.assert_allclose(opt.anatomy(0, g).terms["rate"], largest / g, rtol=1e-3)


def test_the_page_is_up_to_date():
    docs = Path(__file__).parents[2] / "docs"
    space = {"__name__": "generate", "__file__": str(docs / "generate.py")}
    exec((docs / "generate.py").read_text("utf-8"), space)
    page = (docs / "optimizers.md").read_text("utf-8")
    assert page == space["optimizers_page"]()
    for made in OPTIMIZERS.values():
        assert f"## {made.title}\n" in page
    (session,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    test = doctest.DocTestParser().get_doctest(session, {}, "optimizers.md", None, 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0
