"""Scenes of the first lectures: their numbers against numpy and torch, and both languages."""

import re

import numpy as np
import pytest
from peers import needs_torch, torch
from quick import one_in
from spoken import check_both_languages

from backviz import scenes
from backviz.errors import UsageError

FIRST = ("line_fit", "training_step", "logistic_boundary", "hidden_lines", "loss_curves",
         "softmax_bars", "activation_curves", "robust_fit", "sigmoid_losses", "input_scaling",
         "overfitting", "width_fit", "width_regions")  # fmt: skip


def test_the_line_moves_by_the_gradient_of_the_mean_square():
    data = scenes.line_fit(steps=12, rate=0.07).data()
    x, y = data["data.points.x"], data["data.points.y"]
    w, b = -1.5, 2.5
    for k in range(13):
        assert data["plane.way.x"][k, k] == pytest.approx(w, rel=1e-12)
        assert data["plane.way.y"][k, k] == pytest.approx(b, rel=1e-12)
        error = w * x + b - y
        w, b = w - 0.07 * 2 * np.mean(error * x), b - 0.07 * 2 * np.mean(error)
    best = np.polyfit(x, y, 1)
    assert data["plane.minima.x"][0] == pytest.approx(best[0])
    assert data["plane.minima.y"][0] == pytest.approx(best[1])
    ends = data["data.line.y"][-1]
    slope = np.diff(ends) / np.diff(data["data.line.x"][-1])
    assert slope[0] == pytest.approx(data["plane.way.x"][-1, -1])


def test_a_line_is_fitted_to_a_file(tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("x,y\n0,1\n1,3\n2,5\n")
    film = scenes.line_fit(data=str(file), steps=300, rate=0.2)
    assert "ŷ = 2·x + 1" in film.at(-1)[0].caption
    assert film.settings["data"] == str(file)


@needs_torch
def test_the_steps_of_training_are_torch_s_with_and_without_zero_grad():
    film = scenes.training_step(steps=6)
    data = film.data()
    for name in ("with", "without"):
        w = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
        b = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
        descent = torch.optim.SGD([w, b], lr=0.06)
        for k in range(6):
            if name == "with":
                descent.zero_grad()
            loss = (w * 2.0 + b - 3.0) ** 2
            assert data[f"loss.{name}.y"][-1, k] == pytest.approx(loss.item(), rel=1e-12)
            loss.backward()
            descent.step()
    said = [frame.caption for frame, _ in film.states()]
    assert said[12] == "Step 2, backward: ∂L/∂w = −3.2; below it adds up: −8 + (−3.2) = −11.2."
    assert "w = 0.98 − 0.06·(−3.2) = 1.17; below 0.98 − 0.06·(−11.2) = 1.65." in said[13]


def test_the_graph_without_zero_grad_shows_the_sum():
    _frame, seen = scenes.training_step().at(12)
    for name, shown in (("with", "−3.2"), ("without", "−8 + (−3.2) = −11.2")):
        artist = seen[name]["graph"]
        boxes = {box.title: box.gradient for box in artist.steps.figure.diagram.boxes}
        assert shown in boxes["w"]


@needs_torch
def test_logistic_regression_is_torch_s():
    film = scenes.logistic_boundary(steps=20)
    data = film.data()
    x = np.concatenate([
        np.stack([data[f"map.class {n}.{c}"][0] for c in "xy"], axis=1) for n in ("−1", "+1")
    ])  # fmt: skip
    y = np.repeat([0.0, 1.0], [len(data["map.class −1.x"][0]), len(data["map.class +1.x"][0])])
    w = torch.full((2,), 0.5, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    descent = torch.optim.SGD([w, b], lr=0.1)
    for k in range(21):
        score = torch.tensor(x) @ w + b
        loss = torch.nn.functional.binary_cross_entropy_with_logits(score, torch.tensor(y))
        assert data["loss.loss.y"][-1, k] == pytest.approx(loss.item(), rel=1e-9)
        ends = np.stack([data[f"map.border.{c}"][k] for c in "xy"], axis=1)
        on_border = ends @ w.detach().numpy() + b.item()
        assert on_border == pytest.approx([0, 0], abs=1e-9)
        descent.zero_grad()
        loss.backward()
        descent.step()


@needs_torch
def test_losses_and_gradients_are_torch_s():
    f = torch.nn.functional
    theirs = {
        "residual": {
            "squared": lambda r: f.mse_loss(r, torch.zeros_like(r), reduction="none"),
            "absolute": lambda r: f.l1_loss(r, torch.zeros_like(r), reduction="none"),
            "Huber": lambda r: f.huber_loss(r, torch.zeros_like(r), reduction="none"),
        },
        "margin": {
            "BCE": lambda m: f.binary_cross_entropy_with_logits(
                m, torch.ones_like(m), reduction="none"
            ),
            "CE, 10 classes": lambda m: f.cross_entropy(
                torch.cat([m[:, None], torch.zeros(len(m), 9)], dim=1),
                torch.zeros(len(m), dtype=torch.long),
                reduction="none",
            ),
            "hinge": lambda m: torch.relu(1 - m),
            "squared": lambda m: f.mse_loss(m, torch.ones_like(m), reduction="none"),
        },
    }
    one = torch.ones(1, dtype=torch.float64)
    theirs["all"] = {n: lambda s, g=g: g(s - one) for n, g in theirs["residual"].items()}
    theirs["all"] |= {n: theirs["margin"][n] for n in ("hinge", "BCE", "CE, 10 classes")}
    for kind, losses in theirs.items():
        data = scenes.loss_curves(kind=kind, frames=2).data()
        for name, loss in losses.items():
            x = torch.tensor(data[f"loss.{name}.x"], requires_grad=True)
            value = loss(x)
            value.sum().backward()
            np.testing.assert_allclose(data[f"loss.{name}.y"], value.detach(), atol=1e-12)
            np.testing.assert_allclose(data[f"gradient.{name}.y"], x.grad, atol=1e-12)


def test_the_bars_are_softmax_and_what_it_lacks():
    data = scenes.softmax_bars(scores="1,2,3", target=3, steps=4, rate=1.0).data()
    z, y = np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.0])
    for k in range(5):
        p = np.exp(z) / np.exp(z).sum()
        np.testing.assert_allclose(data["share.p.heights"][k], p)
        np.testing.assert_allclose(data["gradient.p − y.heights"][k], p - y, atol=1e-15)
        z = z - (p - y)
    with pytest.raises(UsageError, match="none of the 3 classes"):
        scenes.softmax_bars(scores=[1, 2, 3], target=4)
    with pytest.raises(UsageError, match="scores has 1 numbers"):
        scenes.softmax_bars(scores="1")


def test_what_is_shaded_is_where_an_activation_is_flat():
    data = scenes.activation_curves(names="sigmoid, relu, tanh", frames=3).data()
    for name, low in (("sigmoid", 6.0), ("tanh", 6.0)):
        end = float(data[f"slope.{name} right.low"])
        z = np.linspace(-low, low, 601)
        slope = np.gradient(np.tanh(z) if name == "tanh" else 1 / (1 + np.exp(-z)), z)
        assert (slope[z > end + 0.05] < 0.07 * slope.max()).all()
    assert float(data["slope.relu left.high"]) == pytest.approx(0, abs=0.03)
    assert "slope.relu right.low" not in data


def test_a_saturated_sigmoid_has_the_gradients_of_the_formulas():
    data = scenes.sigmoid_losses(steps=30).data()
    for kind, formula in (
        ("squared", lambda a: 2 * a * a * (1 - a)),
        ("cross-entropy", lambda a: a),
    ):
        a, slope = (data[f"{key}.{kind}.y"][-1] for key in ("output", "delta"))
        np.testing.assert_allclose(slope, formula(a), rtol=1e-9)


def test_the_outliers_pull_the_line_of_least_squares_to_where_algebra_has_it():
    data = scenes.robust_fit(steps=400).data()
    x = np.concatenate((data["data.points.x"], data["data.outliers.x"]))
    y = np.concatenate((data["data.points.y"], data["data.outliers.y"]))
    assert data["slope.squared.y"][-1, -1] == pytest.approx(np.polyfit(x, y, 1)[0], abs=1e-3)
    none = scenes.robust_fit(outliers=0, steps=400).data()
    ends = [none[f"slope.{name}.y"][-1, -1] for name in ("squared", "absolute", "Huber")]
    assert np.ptp(ends) < 0.15


def test_the_lowest_validation_loss_is_marked_and_told():
    film = scenes.overfitting(steps=120, width=12)
    data = film.data()
    losses = data["loss.validation.y"][-1]
    best = int(np.argmin(losses))
    assert float(data["loss.best.at"]) == best
    assert f"at step {best}." in data["caption"][0]


def test_scaling_divides_each_input_by_its_deviation():
    film = scenes.input_scaling(factor=10.0, samples=60, steps=4)
    told = re.search(r"differ ([\d.]+)-fold.*scaled ([\d.]+)-fold", film.at(0)[0].caption)
    before, after = map(float, told.groups())
    assert before > 50 and after < 2  # the square of the factor, and nearly 1


@pytest.mark.parametrize("name", one_in(3, FIRST))
def test_the_captions_are_whole_sentences_in_both_languages(name):
    check_both_languages(name)
