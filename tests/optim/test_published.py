"""Optimizers against the formulas of papers and libraries, published numbers, and theory."""

import math
import os

import numpy as np
import pytest

from backviz.optim import OPTIMIZERS, SGD, Adam, schedules

if os.environ.get("CI_PEERS"):
    import torch
else:
    try:
        import torch
    except ImportError:
        torch = None

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
