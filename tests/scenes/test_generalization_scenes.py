"""Dropout, penalties and normalization: what their scenes show against algebra, numpy and torch."""

import numpy as np
import pytest
from bilingual import check_both_languages
from peers import needs_torch, torch
from quick import one_in

from backviz import scenes
from backviz.scenes.largest_rates import _largest
from backviz.scenes.penalty_shapes import lasso, ridge

QUICK = {"norm_rates": {"tries": 2, "steps": 4}, "layer_inputs": {"steps": 4}}
NAMES = ("capacity", "dropout", "dropout_variance", "penalties", "norm_axes", "running_statistics",
         "norm_rates", "layer_inputs")  # fmt: skip


@pytest.mark.parametrize("name", one_in(3, NAMES))
def test_the_captions_are_whole_sentences_in_both_languages(name):
    check_both_languages(name, **QUICK.get(name, {}))


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_masks_keep_the_expectation_and_the_gap_falls_with_the_root(p):
    data = scenes.dropout(p=p, units=16).data()
    gap, theory = data["gap.scaled.y"][-1], data["gap.theory.y"]
    ratio = gap[100:] / theory[100:]
    assert 0.05 < np.median(ratio) < 1.5  # the root of 1/n, within the scatter of one sample
    h = data["curves.whole.y"][-1]
    assert np.sqrt(np.mean((data["curves.mean.y"][-1] - h) ** 2)) == pytest.approx(gap[-1])
    dropped = data["masks.mask.values"][-1] == 2
    assert dropped.mean() == pytest.approx(p, abs=0.1)


def test_the_mean_over_every_mask_is_the_whole_network():
    """Of 6 units there are 64 masks, each with its probability: an exact expectation."""
    rng = np.random.default_rng(0)
    h, w, p = rng.standard_normal(6), rng.standard_normal(6), 0.3
    masks = np.array(np.meshgrid(*[[0, 1]] * 6)).reshape(6, -1).T
    chance = np.prod(np.where(masks, 1 - p, p), axis=1)
    assert chance @ (masks * h @ w / (1 - p)) == pytest.approx(h @ w)
    spread = np.sqrt(chance @ (masks * h @ w / (1 - p) - h @ w) ** 2)
    assert spread == pytest.approx(np.sqrt(np.sum((h * w) ** 2) * p / (1 - p)))


@needs_torch
def test_dropout_before_batch_norm_narrows_torch_s_layer_as_well():
    data = scenes.dropout_variance(most=0.75, frames=4).data()
    torch.manual_seed(0)
    linear = torch.nn.Linear(64, 64)
    torch.nn.init.normal_(linear.weight, std=1 / 8)
    for k, p in enumerate((0.0, 0.25, 0.5, 0.75)):
        norm = torch.nn.BatchNorm1d(64, momentum=None)
        net = torch.nn.Sequential(torch.nn.Dropout(p), linear, norm)
        for _ in range(8):
            net(torch.randn(256, 64))
        theirs = net.eval()(torch.randn(256, 64)).std().item()
        assert data["width.used.y"][-1, k] == pytest.approx(theirs, abs=0.03)
        assert data["width.used.y"][-1, k] == pytest.approx(np.sqrt(1 - p), abs=0.03)


def test_no_other_weights_are_better_under_the_penalties():
    gram, cross = np.array([[1.0, 0.4], [0.4, 0.8]]), np.array([1.1, 0.7])
    grid = np.stack(np.meshgrid(*[np.linspace(-2, 2, 401)] * 2), axis=-1).reshape(-1, 2)
    for strength in (0.0, 0.2, 0.5, 0.9):
        square = lambda w: 0.5 * np.sum(w @ gram * w, axis=-1) - w @ cross  # noqa: E731
        first = lambda w: square(w) + strength * np.abs(w).sum(axis=-1)  # noqa: E731, B023
        second = lambda w: square(w) + strength / 2 * (w**2).sum(axis=-1)  # noqa: E731, B023
        for solve, loss in ((lasso, first), (ridge, second)):
            assert loss(solve(gram, cross, strength)) <= loss(grid).min() + 1e-12


def test_the_zero_of_l1_is_where_the_pull_is_smaller_than_the_penalty():
    data = scenes.penalties().data()
    strengths = data["weights.L1 1.x"][-1]
    w1, w2 = data["weights.L1 1.y"][-1], data["weights.L1 2.y"][-1]
    zero = w1 == 0
    assert zero[-1] and not zero[0] and (np.diff(zero.astype(int)) >= 0).all()
    slope = np.diff(w2[zero]) / np.diff(strengths[zero])
    assert np.ptp(slope) < 1e-9 and slope[0] < 0  # alone it falls as a straight line, −1/G₂₂
    assert (data["weights.L2 1.y"][-1] > 0.1).all()


def test_columns_and_rows_have_mean_0_and_variance_1():
    film = scenes.norm_axes()
    for k in (0, 12):
        _frame, seen = film.at(k)
        values = {name: seen[name]["values"].values for name in ("batch norm", "layer norm")}
        held = np.isfinite(values["batch norm"][:, 0])
        with np.errstate(invalid="ignore"):
            column = values["batch norm"][held]
            row = values["layer norm"][held]
        inside = np.abs(column).max(axis=0) < 2.4  # not pinned at the end of the colours
        assert np.abs(column.mean(axis=0)[inside]).max() < 1e-12
        np.testing.assert_allclose(column.std(axis=0)[inside], 1, atol=1e-3)
        inside = np.abs(row).max(axis=1) < 2.4
        np.testing.assert_allclose(row.std(axis=1)[inside], 1, atol=1e-3)


def test_a_sample_alone_is_0_under_batch_norm_and_itself_under_layer_norm():
    data = scenes.norm_axes().data()
    assert data["value.batch norm.y"][-1, -6:].tolist() == [0.0] * 6
    assert np.ptp(data["value.layer norm.y"][-1]) == 0 != data["value.layer norm.y"][-1, 0]


@needs_torch
def test_running_statistics_are_torch_s():
    data = scenes.running_statistics(batch=5, momentum=0.2, steps=20).data()
    norm = torch.nn.BatchNorm1d(1, momentum=0.2, dtype=torch.float64)
    draw = np.random.default_rng(0)
    for k in range(20):
        norm(torch.tensor(draw.normal(3.0, 2.0, (5, 1))))
        assert data["mean.running.y"][-1, k] == pytest.approx(norm.running_mean.item())
        assert data["variance.running.y"][-1, k] == pytest.approx(norm.running_var.item())


def test_the_largest_rate_ends_before_the_first_that_fails():
    rates = np.array([0.1, 1.0, 10.0, 100.0])
    losses = np.array([[1.0, 0.8], [1.0, 0.1], [1.0, 0.4], [1.0, 0.45]])
    assert _largest(rates, losses).tolist() == [0.0, 100.0]
    losses[2, 1] = 0.6  # what comes down again behind it is luck
    assert _largest(rates, losses)[1] == 1.0
    losses[:, 1] = [0.9, np.nan, np.nan, 0.9]
    assert _largest(rates, losses)[1] == 0.0


def test_xavier_weights_halve_the_variance_of_relu_layers_and_batch_norm_holds_it():
    data = scenes.layer_inputs(depth=6, width=200, steps=1).data()
    width = {
        name: (data[f"{name}.high.y"][0] - data[f"{name}.low.y"][0]) / 2
        for name in ("plain", "batch norm")
    }
    np.testing.assert_allclose(width["plain"][1:3] / width["plain"][:2], 0.5**0.5, rtol=0.2)
    np.testing.assert_allclose(width["batch norm"], 1, atol=0.03)
    assert np.nansum(data["plain.share.values"][0] ** 2, axis=0) == pytest.approx(1, abs=0.6)


def test_penalties_of_own_samples_are_those_of_their_correlations(tmp_path):
    """Of columns with deviation 1 the first λ at which all is 0 is the largest correlation."""
    draw = np.random.default_rng(3)
    x = draw.uniform(1000, 1500, (50, 2))
    y = 3 * x[:, 0] + 0.2 * x[:, 1] + draw.standard_normal(50)
    np.savetxt(tmp_path / "own.csv", np.c_[x, y], delimiter=",")
    data = scenes.penalties(data=str(tmp_path / "own.csv"), frames=5).data()
    largest = max(abs(np.corrcoef(column, y)[0, 1]) for column in x.T)
    assert data["weights.L1 1.x"][-1, -1] == pytest.approx(0.85 * largest)
    fit = np.linalg.lstsq((x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std(), rcond=None)[0]
    assert data["weights.L1 1.y"][-1, 0] == pytest.approx(fit[0], rel=1e-6)
    assert data["weights.L2 2.y"][-1, 0] == pytest.approx(fit[1], rel=1e-6)


def test_more_degrees_only_lower_the_training_loss():
    data = scenes.capacity(samples=14, most=8).data()
    x, y = data["data.points.x"], data["data.points.y"]
    u, v = data["data.others.x"], data["data.others.y"]
    losses = data["loss.training.y"][-1]
    assert (np.diff(losses) <= 1e-12).all()
    for k in range(8):
        fit = np.polyfit(x, y, k + 1)
        assert losses[k] == pytest.approx(np.mean((np.polyval(fit, x) - y) ** 2), rel=1e-6)
        other = np.mean((np.polyval(fit, u) - v) ** 2)
        assert data["loss.validation.y"][-1, k] == pytest.approx(other, rel=1e-6)
    assert float(data["loss.best.at"]) == np.argmin(data["loss.validation.y"][-1]) + 1
    assert "too simple" in data["caption"][0]


def test_a_degree_has_a_point_for_each_coefficient():
    assert scenes.capacity(samples=5).count == 4  # the fifth degree would not be determined
