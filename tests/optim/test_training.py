"""Whole trainings: every optimizer learns, resumed equals uninterrupted, both forms agree."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from quick import one_in

from backviz import data, nn, optim, tensor
from backviz.nn import losses
from backviz.optim import OPTIMIZERS

pytestmark = pytest.mark.blas

EXAMPLE = Path(__file__).parents[2] / "examples" / "networks.py"
# a rate and options for each, found once by trying a few; all start from the same weights
MOONS = {
    "sgd": {"lr": 0.5, "momentum": 0.9},
    "adagrad": {"lr": 0.2},
    "adadelta": {"lr": 8.0},
    "rmsprop": {"lr": 0.01},
    "adam": {"lr": 0.05},
    "adamw": {"lr": 0.05},
    "amsgrad": {"lr": 0.05},
    "adamax": {"lr": 0.05},
    "nadam": {"lr": 0.03},
    "radam": {"lr": 0.05},
    "lion": {"lr": 0.005},
}
SETS = {
    "moons": lambda: data.moons(200, noise=0.1, seed=0),
    "spirals": lambda: data.spirals(200, turns=1.0, noise=0.03, seed=0),
}


def names():
    return list(OPTIMIZERS)


def trained(name, points, steps, seed=0):
    x, y = points
    net = nn.MLP(2, [24, 24, 2], "tanh", seed=seed)
    optimizer = OPTIMIZERS[name](net.parameters(), **MOONS[name])
    for _ in range(steps):
        optimizer.zero_grad()
        losses.cross_entropy(net(x), y).backward(retain_graph=False)
        optimizer.step()
    return np.mean(np.argmax(net(x).numpy(), axis=1) == y)


def test_there_is_a_training_for_every_optimizer():
    assert sorted(MOONS) == sorted(OPTIMIZERS)


@pytest.mark.parametrize("points", SETS)
@pytest.mark.parametrize("name", one_in(8, names()))
def test_every_optimizer_learns(name, points):
    assert trained(name, SETS[points](), 400 if points == "spirals" else 250) > 0.97


def test_a_training_that_cannot_learn_would_fail():
    x, _ = data.moons(200, noise=0.1, seed=0)
    wrong = np.random.default_rng(0).integers(0, 2, 200)
    assert trained("sgd", (x, wrong), 20) < 0.9


@pytest.mark.parametrize("name", names())
def test_resumed_training_equals_uninterrupted_training_bit_for_bit(name):
    x, y = data.moons(64, seed=1)

    def setup():
        seeds = nn.streams(5, 3)
        net = nn.Sequential(
            nn.Linear(2, 8, seed=seeds[0]),
            nn.BatchNorm1d(8),
            nn.ReLU(),
            nn.Dropout(0.2, seed=seeds[1]),
            nn.Linear(8, 2, seed=seeds[2]),
        )
        optimizer = OPTIMIZERS[name](net.parameters(), **MOONS[name])
        return net, optimizer, data.Batches(x, y, size=16, seed=3)

    def epochs(parts, number):
        net, optimizer, batches = parts
        for _ in range(number):
            for inputs, classes in batches:
                optimizer.zero_grad()
                losses.cross_entropy(net(inputs), classes).backward()
                optimizer.step()

    whole = setup()
    epochs(whole, 6)
    first = setup()
    epochs(first, 3)
    saved = [part.state_dict() for part in first]
    # through a file, as a person would keep it
    file = io.BytesIO()
    np.savez(file, **saved[0])
    file.seek(0)
    second = setup()
    second[0].load_state_dict(dict(np.load(file)))
    second[1].load_state_dict(saved[1])
    second[2].load_state_dict(saved[2])
    epochs(second, 3)
    for (key, one), (other, two) in zip(
        whole[0].state_dict().items(), second[0].state_dict().items(), strict=True
    ):
        assert key == other
        np.testing.assert_array_equal(one, two, err_msg=key)


def test_scalars_and_tensors_train_alike():
    net = nn.MLP(2, [3, 1], "tanh", seed=2)
    neurons = net.scalars()
    x, y = [0.3, -1.2], 0.7
    for _ in range(5):
        a = losses.mse_loss(net([x]), [[y]])
        out = neurons(x)
        b = (out - y) ** 2
        assert a.item() == pytest.approx(b.item(), rel=1e-13)
        for made, parameters in ((a, net.parameters()), (b, neurons.parameters())):
            optimizer = optim.SGD(parameters, lr=0.1)
            optimizer.zero_grad()
            made.backward()
            optimizer.step()
    flat = np.concatenate([np.ravel(p.data) for p in net.parameters()])
    assert sorted(flat) == pytest.approx(sorted(p.item() for p in neurons.parameters()), rel=1e-12)


@pytest.mark.parametrize("source", one_in(2, ["loss", "scalar_loss"]))
def test_both_forms_are_drawn(source, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "backviz", "graph", f"{EXAMPLE}:{source}", "-o", "g.svg"],
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "g.svg").stat().st_size > 5000


def test_a_step_without_zero_grad_adds_up():
    w = tensor([1.0], "w")
    for times in (1, 2, 3):
        (w * 2).sum().backward()
        assert w.grad.tolist() == [2.0 * times]
