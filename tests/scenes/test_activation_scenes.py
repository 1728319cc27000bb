"""Scenes of activations: PReLU against torch, maxout against algebra, the table of facts."""

import numpy as np
import pytest
from peers import needs_torch, torch
from spoken import check_both_languages

from backviz import scenes
from backviz.scenes.best_pieces import best_error
from backviz.scenes.shared_axes import limits_of, mean_of, steepest


@pytest.mark.parametrize("name", ["activation_curves", "prelu_slope", "maxout"])
def test_the_captions_are_whole_sentences_in_both_languages(name):
    check_both_languages(name)


def test_six_activations_have_a_caption_that_fits():
    check_both_languages(
        "activation_curves", names="sigmoid,tanh,relu,gelu,softplus,leaky_relu", frames=7
    )


def test_the_table_has_the_numbers_of_the_textbook():
    """sigmoid' ≤ 1/4, tanh' ≤ 1, E relu(z) = 1/√(2π), gelu ≥ −0.16997, silu ≥ −0.278465."""
    assert [limits_of(n) for n in ("sigmoid", "tanh", "relu")] == [(0, 1), (-1, 1), (0, np.inf)]
    assert limits_of("leaky_relu") == (-np.inf, np.inf)
    assert limits_of("gelu")[0] == pytest.approx(-0.16997, abs=1e-5)
    assert limits_of("silu")[0] == pytest.approx(-0.278465, abs=1e-5)
    assert steepest("sigmoid") == (0.25, "z = 0") and steepest("tanh") == (1.0, "z = 0")
    assert steepest("gelu")[0] == pytest.approx(1.12890, abs=1e-4)  # at √2
    assert mean_of("sigmoid") == pytest.approx(0.5) and mean_of("tanh") == pytest.approx(
        0, abs=1e-9
    )
    assert mean_of("relu") == pytest.approx(1 / np.sqrt(2 * np.pi), abs=1e-6)
    rows = scenes.activation_curves(names="tanh, relu", frames=2).data()["facts.facts.rows"]
    assert rows.tolist() == [["tanh", "−1 … 1", "1 (z = 0)", "0"],
                             ["relu", "0 … ∞", "1 (z > 0)", "0.399"]]  # fmt: skip


@needs_torch
def test_the_slope_of_prelu_and_its_gradient_are_those_of_torch():
    data = scenes.prelu_slope(steps=30, rate=0.05, begin=0.1).data()
    x, y = (torch.tensor(data[f"data.points.{c}"]) for c in "xy")
    w, b, v, c = (
        torch.tensor([n], dtype=torch.float64, requires_grad=True) for n in (1.0, 0.0, 1.0, 0.0)
    )
    unit = torch.nn.PReLU(init=0.1).double()
    descent = torch.optim.SGD([w, b, v, c, *unit.parameters()], lr=0.05)
    for k in range(31):
        loss = ((v * unit(w * x + b) + c - y) ** 2).mean()
        descent.zero_grad()
        loss.backward()
        assert data["slope.a.y"][-1, k] == pytest.approx(unit.weight.item(), rel=1e-6, abs=1e-9)
        assert data["slope.pull.y"][-1, k] == pytest.approx(
            unit.weight.grad.item(), rel=1e-6, abs=1e-9
        )
        ticks = data["unit.below.at"][k]
        assert np.isfinite(ticks).sum() == int((w * x + b < 0).sum())
        descent.step()


def test_only_the_line_that_wins_gets_a_gradient():
    data = scenes.maxout(pieces=3, steps=40).data()
    lines = np.stack([data[f"lines.line {j}.y"] for j in (1, 2, 3)], axis=-1)
    x = data["lines.line 1.x"][0]
    for k in range(24):  # the frames in which the point visits the inputs
        i = int(np.argmin(np.abs(x - data["lines.here.x"][k, 0])))
        assert data["share.shares.heights"][k].tolist() == np.eye(3)[lines[k, i].argmax()].tolist()
    for k in range(24, len(lines)):
        wins = np.bincount(lines[k].argmax(axis=1), minlength=3) / len(x)
        assert data["share.shares.heights"][k] == pytest.approx(wins)


def test_no_training_is_better_than_the_best_pieces():
    data = scenes.maxout(pieces=4).data()
    found, least = data["error.error.y"][-1], best_error(np.arange(1.0, 5.0))
    assert (found > 0.99 * least).all() and found[:3] == pytest.approx(least[:3], rel=0.12)
    x = np.linspace(-1, 1, 20_001)  # by hand: k tangents of x², raised by h²/12
    for k in (1, 2, 4):
        middles = (2 * np.arange(k) + 1) / k - 1
        lines = 2 * middles * x[:, None] - middles**2 + (2 / k) ** 2 / 12
        assert np.mean((lines.max(axis=1) - x**2) ** 2) == pytest.approx(
            float(best_error(np.array(k))), rel=1e-3
        )
