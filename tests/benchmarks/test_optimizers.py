"""Optimizers against hand-written numpy and torch.optim, on one thread.

    python tests/benchmarks/test_optimizers.py        one JSON line: seconds, by job and engine

One job is a step of Adam on the parameters of a network (float32, gradients given). The
other is 12 optimizers × 1,000 steps × 64 starts on Rosenbrock's function in float64.
There numpy and backviz use the gradient by hand; torch is run as its users write it, the
64 starts in one tensor and the gradient by autograd, and once more with the gradient by
hand in torch's operations.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

if __name__ == "__main__":
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import numpy as np
import pytest

import backviz
from backviz.optim import OPTIMIZERS

SIZES, STEPS, STARTS = (784, 256, 256, 10), 1000, 64
LR = {
    "sgd": 1e-4, "momentum": 1e-4, "nesterov": 1e-4, "adagrad": 0.1, "adadelta": 1.0,
    "rmsprop": 1e-3, "adam": 1e-2, "adamw": 1e-2, "amsgrad": 1e-2, "adamax": 1e-2,
    "nadam": 1e-2, "radam": 1e-4,
}  # fmt: skip
MORE = {"momentum": {"momentum": 0.9}, "nesterov": {"momentum": 0.9, "nesterov": True}}


def starts():
    return np.random.default_rng(0).uniform((-2, -1), (2, 3), (STARTS, 2))


def slope(x, g):
    """The gradient of (1 − x)² + 100(y − x²)², into g."""
    a = x[:, 0]
    d = x[:, 1] - a * a
    d *= 200
    np.multiply(a, d, out=g[:, 0])
    g[:, 0] += 1 - a
    g[:, 0] *= -2
    g[:, 1] = d
    return g


# By hand: what a lecture's notebook says, vectorized over the starts -------------------


def averaged(m, v, g):
    return 0.9 * m + (1 - 0.9) * g, 0.999 * v + (1 - 0.999) * g * g


def by_hand(name, steps):  # noqa: PLR0915
    """Every optimizer with its options as numbers, in plain numpy."""
    x = starts()
    g, lr = np.empty_like(x), LR[name]
    m, v, w, product = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x), 1.0
    for t in range(1, steps + 1):
        slope(x, g)
        if name == "sgd":
            x -= lr * g
        elif name == "momentum":
            m = 0.9 * m + g
            x -= lr * m
        elif name == "nesterov":
            m = 0.9 * m + g
            x -= lr * (g + 0.9 * m)
        elif name == "adagrad":
            v += g * g
            x -= lr * g / (np.sqrt(v) + 1e-10)
        elif name == "adadelta":
            v = 0.9 * v + (1 - 0.9) * g * g
            d = np.sqrt(w + 1e-6) / np.sqrt(v + 1e-6) * g
            w = 0.9 * w + (1 - 0.9) * d * d
            x -= lr * d
        elif name == "rmsprop":
            v = 0.99 * v + (1 - 0.99) * g * g
            x -= lr * g / (np.sqrt(v) + 1e-8)
        elif name == "adamax":
            m = 0.9 * m + (1 - 0.9) * g
            v = np.maximum(0.999 * v, np.abs(g) + 1e-8)
            x -= lr / (1 - 0.9**t) * m / v
        elif name == "nadam":
            m, v = averaged(m, v, g)
            now, ahead = (0.9 * (1 - 0.5 * 0.96 ** (s * 0.004)) for s in (t, t + 1))
            product *= now
            mixed = ahead / (1 - product * ahead) * m + (1 - now) / (1 - product) * g
            x -= lr * mixed / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        elif name == "radam":
            m, v = averaged(m, v, g)
            most, power = 2 / (1 - 0.999) - 1, 0.999**t
            rho = most - 2 * t * power / (1 - power)
            rate = lr / (1 - 0.9**t)
            if rho > 5:
                r = (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)
                x -= rate * math.sqrt(r * (1 - power)) * m / (np.sqrt(v) + 1e-8)
            else:
                x -= rate * m
        else:
            m, v = averaged(m, v, g)
            if name == "adamw":
                x *= 1 - lr * 0.01
            if name == "amsgrad":
                w = np.maximum(w, v)
            root = np.sqrt((w if name == "amsgrad" else v) / (1 - 0.999**t))
            x -= lr / (1 - 0.9**t) * m / (root + 1e-8)
    return x


def ours(name, steps):
    x = starts()
    g = np.empty_like(x)
    made = OPTIMIZERS["sgd" if name in MORE else name]
    opt = made(x, lr=LR[name], **MORE.get(name, {}))
    for _ in range(steps):
        opt.step(slope(x, g))
    return x


def torch_optimizer(name, y):
    import torch

    title = "SGD" if name in MORE else OPTIMIZERS[name].title
    options = MORE.get(name, {"amsgrad": True} if name == "amsgrad" else {})
    made = getattr(torch.optim, "Adam" if name == "amsgrad" else title)
    return made([y], lr=LR[name], **options)


def torch_autograd(name, steps):
    import torch

    y = torch.tensor(starts(), requires_grad=True)
    opt = torch_optimizer(name, y)
    for _ in range(steps):
        opt.zero_grad()
        loss = ((1 - y[:, 0]) ** 2 + 100 * (y[:, 1] - y[:, 0] ** 2) ** 2).sum()
        loss.backward()
        opt.step()
    return y.detach().numpy()


def torch_slope(name, steps):
    import torch

    y = torch.tensor(starts(), requires_grad=True)
    opt = torch_optimizer(name, y)
    y.grad = torch.zeros_like(y)
    x, g = y.detach(), y.grad
    for _ in range(steps):
        a = x[:, 0]
        d = 200 * (x[:, 1] - a * a)
        g[:, 0] = -2 * (a * d + 1 - a)
        g[:, 1] = d
        opt.step()
    return y.detach().numpy()


ENGINES = {
    "backviz": ours,
    "by hand": by_hand,
    "torch": torch_autograd,
    "torch, slope by hand": torch_slope,
}


# A step of Adam -----------------------------------------------------------------------


def weights():
    draw = np.random.default_rng(0)
    return [draw.normal(size=s).astype(np.float32) for n, m in pairwise(SIZES) for s in ((n, m), m)]


def adam_by_hand():
    """What an expert writes: no allocation in the loop."""
    parameters, grads = weights(), weights()
    m, v, s = ([np.zeros_like(p) for p in parameters] for _ in range(3))
    steps = [0]

    def step():
        steps[0] = t = steps[0] + 1
        first, second = 1 - 0.9**t, 1 - 0.999**t
        for p, g, a, b, c in zip(parameters, grads, m, v, s, strict=True):
            np.multiply(a, 0.9, out=a)
            np.multiply(g, 1 - 0.9, out=c)
            np.add(a, c, out=a)
            np.multiply(b, 0.999, out=b)
            np.multiply(g, g, out=c)
            np.multiply(c, 1 - 0.999, out=c)
            np.add(b, c, out=b)
            np.sqrt(b, out=c)
            np.add(c, 1e-8 * math.sqrt(second), out=c)
            np.divide(a, c, out=c)
            np.multiply(c, 1e-3 * math.sqrt(second) / first, out=c)
            np.subtract(p, c, out=p)

    return parameters, step


def adam_ours():
    parameters = [backviz.tensor(p) for p in weights()]
    for p, g in zip(parameters, weights(), strict=True):
        p.grad = g
    opt = OPTIMIZERS["adam"](parameters)
    return [p.data for p in parameters], opt.step


def timed(job, *given):
    start = time.perf_counter()
    job(*given)
    return time.perf_counter() - start


def measure(turns=7):
    """Median seconds, all engines in turns, after one turn that does not count."""
    import torch

    torch.set_num_threads(1)
    found = {}
    steps = {"backviz": adam_ours()[1], "by hand": adam_by_hand()[1]}
    spent = {engine: [timed(step) for _ in range(3)][3:] for engine, step in steps.items()}
    for _ in range(300):
        for engine, step in steps.items():
            spent[engine].append(timed(step))
    found["a step"] = {engine: statistics.median(times) for engine, times in spent.items()}
    for name in LR:
        spent = {engine: [] for engine in ENGINES}
        for turn in range(turns + 1):
            for engine, job in ENGINES.items():
                taken = timed(job, name, 100) * STEPS / 100
                if turn:
                    spent[engine].append(taken)
        found[name] = {engine: statistics.median(times) for engine, times in spent.items()}
    return found


@pytest.mark.parametrize("name", LR)
def test_all_engines_compute_the_same(name):
    if not os.environ.get("CI_PEERS"):
        pytest.importorskip("torch")
    truth = by_hand(name, 30)
    for engine, job in ENGINES.items():
        np.testing.assert_allclose(job(name, 30), truth, rtol=1e-9, atol=1e-9, err_msg=engine)


def test_both_steps_of_adam_are_the_same():
    (a, step_a), (b, step_b) = adam_ours(), adam_by_hand()
    for _ in range(5):
        step_a()
        step_b()
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def measured():
    # a process of its own, so that one thread is set before numpy is loaded
    if not os.environ.get("CI_PEERS"):
        pytest.importorskip("torch")
    made = subprocess.run([sys.executable, str(Path(__file__))], check=True, capture_output=True)
    return json.loads(made.stdout)


def test_a_step_of_adam(record_ratio, measured):
    from interleaved import Ratio

    times = measured["a step"]
    what = "Adam, 784-256-256-10: a step / numpy in place"
    record_ratio(Ratio(what, times["backviz"], times["by hand"], 1.15))


@pytest.mark.parametrize(
    ("engine", "limit"), [("by hand", 2), ("torch", 1 / 25), ("torch, slope by hand", 1 / 4)]
)
def test_many_starts(record_ratio, measured, engine, limit):
    from interleaved import Ratio

    mine, theirs = (sum(measured[name][e] for name in LR) for e in ("backviz", engine))
    what = f"12 optimizers, 1,000 steps, 64 starts / {engine}"
    record_ratio(Ratio(what, mine, theirs, limit))


if __name__ == "__main__":
    json.dump(measure(), sys.stdout)
