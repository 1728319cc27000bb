"""Scenes of noise and of the loss's shape: their numbers against numpy by hand and theory."""

import re

import numpy as np
import pytest
from peers import needs_torch, torch
from quick import one_in
from spoken import check_both_languages

from backviz import scenes
from backviz.scenes.damping import best, growth
from backviz.scenes.needed_steps import descent_theory, momentum_theory
from backviz.scenes.optimizer_choice import choices
from backviz.scenes.surfaces import SURFACES
from backviz.scenes.trajectories import travel, travel_each

NAMES = ("condition_number", "mini_batches", "gradient_noise", "saddle_escape", "sharp_minima",
         "momentum_plane", "plateau", "rate_range")  # fmt: skip


FEWER = {"condition_number": {"most": 30.0, "frames": 24}, "momentum_plane": {"frames": 24}}


@pytest.mark.parametrize("name", one_in(3, NAMES))
def test_the_captions_are_whole_sentences_in_both_languages(name):
    check_both_languages(name, **FEWER.get(name, {}))


def by_hand(kappa, rate, beta):
    """Steps of the heavy ball on ½(x²/κ + y²) from (1, 1) until it is 1000 times nearer."""
    bends, w, v, k = np.array([1 / kappa, 1.0]), np.ones(2), np.zeros(2), 0
    while np.hypot(*w) > 1e-3 * np.sqrt(2) * (1 + 1e-9):
        v = beta * v + bends * w
        w, k = w - rate * v, k + 1
    return k


def test_the_steps_against_kappa_are_those_of_a_descent_by_hand_and_of_theory():
    data = scenes.condition_number(most=60.0, frames=8).data()
    kappas = data["steps.descent.x"][-1]
    for i, kappa in enumerate(kappas):
        assert data["steps.descent.y"][-1, i] == by_hand(kappa, 2 / (1 + 1 / kappa), 0.0)
        root = np.sqrt(kappa)
        rate, beta = 4 / (1 + 1 / root) ** 2, ((root - 1) / (root + 1)) ** 2
        assert data["steps.momentum.y"][-1, i] == by_hand(kappa, rate, beta)
        for name, theory in (("descent", descent_theory), ("momentum", momentum_theory)):
            wanted = theory(np.array([kappa]))[0]
            assert wanted - 0.01 <= data[f"steps.{name}.y"][-1, i] <= wanted + 1.01
    shrink = (kappas - 1) / (kappas + 1)
    assert descent_theory(kappas) == pytest.approx(np.maximum(np.log(1e-3) / np.log(shrink), 1))


def test_the_plane_of_momentum_has_the_spectral_radius_of_the_step():
    draw = np.random.default_rng(0)
    for a, b in draw.uniform((0, 0), (4, 1), (60, 2)):
        step = np.array([[1 + b - a, -b], [1.0, 0.0]])
        wanted = np.abs(np.linalg.eigvals(step)).max()
        assert growth(np.array(a), np.array(b)) == pytest.approx(wanted, rel=1e-9)
        assert (wanted < 1) == (a < 2 + 2 * b)
    for kappa in (4.0, 10.0, 100.0):
        root = np.sqrt(kappa)
        a, b = best(kappa)
        both = [float(growth(np.array(c), np.array(b))) for c in (a, a / kappa)]
        assert both == pytest.approx([(root - 1) / (root + 1)] * 2, abs=1e-6)


def test_the_errors_on_the_plane_are_those_of_the_recursion():
    data = scenes.momentum_plane(kappa=10.0, steps=12, frames=9).data()
    for k in range(9):
        a, b = data["plane.here.x"][k, 0], data["plane.here.y"][k, 0]
        for name, product in (("steep", a), ("flat", a / 10)):
            errors = [1.0, 1.0]  # the step before the first is the first: the buffer is empty
            for _ in range(12):
                errors.append((1 + b - product) * errors[-1] - b * errors[-2])
            assert data[f"errors.{name}.y"][k] == pytest.approx(errors[1:], rel=1e-9, abs=1e-12)


def test_an_epoch_of_batches_has_the_full_gradient_as_its_mean():
    data = scenes.gradient_noise(samples=9, noise=0.7, seed=3).data()
    for k in range(len(data["caption"])):
        points = np.stack([data[f"gradients.batches.{c}"][k] for c in "xy"], axis=1)
        points = points[np.isfinite(points).all(axis=1)]
        full = [data[f"gradients.all.{c}"][k, 0] for c in "xy"]
        assert len(points) == 2 ** (9 - k)
        assert points.mean(axis=0) == pytest.approx(full, abs=1e-12)
    draw = np.random.default_rng(3)
    x = draw.standard_normal((512, 2))
    y = x @ (1.5, -1.0) + 0.7 * draw.standard_normal(512)
    each = 2 * (x @ (0.6, -0.2) - y)[:, None] * x
    assert full == pytest.approx(each.mean(axis=0))
    sigma = np.sqrt(((each - each.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert data["law.theory.y"] == pytest.approx(sigma / np.sqrt(data["law.theory.x"]))
    assert data["law.measured.y"][-1] == pytest.approx(data["law.theory.y"], rel=0.2)


def test_batches_of_all_samples_are_plain_gradient_descent():
    data = scenes.mini_batches(sizes="64,500", samples=64, steps=20, rate=0.03, seed=5).data()
    draw = np.random.default_rng(5)
    x = draw.standard_normal((64, 2))
    y = x @ (1.5, -1.0) + draw.standard_normal(64)
    w = np.zeros(2)
    for k in range(21):
        for size in ("64", "500"):
            assert [data[f"map.{size}.{c}"][k, k] for c in "xy"] == pytest.approx(w, abs=1e-12)
        w = w - 0.03 * 2 / 64 * x.T @ (x @ w - y)


def test_batch_sizes_are_whole_numbers():
    for text in ("0,8", "2.5", "8,8"):
        with pytest.raises(scenes.registry.UsageError, match="different whole numbers above 0"):
            scenes.mini_batches(sizes=text)


def test_the_saddle_is_where_algebra_has_it_and_only_batches_leave_it():
    data = scenes.saddle_escape(steps=200).data()
    at = [data[f"map.all.{c}"][-1, -1] for c in "xy"]
    assert at == pytest.approx([0.0, 1.0], abs=1e-6)
    assert data["loss.all.y"][-1, -1] == pytest.approx(1.0 / 2, abs=1e-9)  # the variance it misses
    assert abs(data["map.batches.x"][-1, -1]) == pytest.approx(1.0, abs=0.2)
    assert data["loss.batches.y"][-1, -1] == pytest.approx(0.64 / 2, abs=0.02)


def test_the_curvature_of_a_minimum_decides_what_a_move_costs():
    data = scenes.sharp_minima(moved=0.2).data()
    for name, rate in (("small", 0.05), ("large", 0.32)):
        u, v = (data[f"map.{name}.{c}"][-1, -1] for c in "xy")
        assert u * v == pytest.approx(1.0, abs=1e-4)
        assert rate * (u * u + v * v) < 2
        size = data[f"moved.{name}.x"][-1]
        wanted = 0.5 * (size**2 * (u * u + v * v) + size**4)
        assert data[f"moved.{name}.y"][-1] == pytest.approx(wanted, rel=0.12, abs=1e-12)
    first = re.search(r"([\d.]+) with the large one", data["caption"][0])
    assert float(first[1]) > 2


@needs_torch
def test_the_ways_across_the_plateau_are_those_of_torch():
    data = scenes.plateau(steps=60).data()
    for name, make in (
        ("SGD", lambda p: torch.optim.SGD([p], lr=0.1)),
        ("momentum", lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9)),
        ("RMSprop", lambda p: torch.optim.RMSprop([p], lr=0.1)),
    ):
        point = torch.tensor([-3.6, 1.5], dtype=torch.float64, requires_grad=True)
        descent = make(point)
        for k in range(61):
            x, y = point[0], point[1]
            loss = 0.3 * y**2 + torch.sigmoid(-3 * (x + 3)) + 1 - torch.exp(-((x - 3) ** 2) / 2)
            descent.zero_grad()
            loss.backward()
            assert data[f"loss.{name}.y"][-1, k] == pytest.approx(loss.item(), rel=1e-9)
            slope = float(point.grad.norm())
            assert data[f"slope.{name}.y"][-1, k] == pytest.approx(slope, rel=1e-7)
            descent.step()


def test_the_range_test_suggests_a_tenth_of_the_rate_with_the_least_loss():
    film = scenes.rate_range(test=60, steps=20)
    data = film.data()
    rates, raw = data["test.raw.x"][-1], data["test.raw.y"][-1]
    weights = [0.8 ** np.arange(k, -1, -1) for k in range(len(raw))]
    smooth = np.array([w @ raw[: k + 1] / w.sum() for k, w in enumerate(weights)])
    assert data["test.smoothed.y"][-1] == pytest.approx(smooth)
    low = int(np.argmin(smooth))
    assert data["test.suggested.at"][-1] == pytest.approx(rates[low] / 10)
    assert data["test.broken.at"][-1] == pytest.approx(rates[-1])
    assert smooth[-1] >= 4 * smooth[low] > smooth[-2]
    assert np.ptp(np.diff(np.log(rates))) < 1e-12  # the same factor in every step
    first = [data[f"loss.{name}.y"][-1, 0] for name in ("suggested", "small", "broken")]
    assert first == pytest.approx([raw[0]] * 3)  # one start, one batch


def test_descents_side_by_side_are_those_alone():
    land = SURFACES["rosenbrock"]
    chosen = choices("sgd,momentum,nesterov:momentum=.5,sgd:momentum=.99,sgd:weight_decay=.1")
    rates = [1e-3, 2e-4, 1e-3, 5.0, 1e-3]  # one of them blows up
    for run, choice, rate in zip(
        travel_each(land, chosen, (-1.5, 2.0), 40, rates), chosen, rates, strict=True
    ):
        alone = travel(land, choice, [(-1.5, 2.0)], 40, rate)
        np.testing.assert_array_equal(run.points, alone.points)
        np.testing.assert_array_equal(run.losses, alone.losses)
        np.testing.assert_array_equal(run.rates, alone.rates)
