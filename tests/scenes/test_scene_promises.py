"""Numbers that captions and pages of scenes and schedules promise."""

import re

import numpy as np
import pytest

from backviz import scenes
from backviz.errors import InputError
from backviz.nn import theory
from backviz.optim.one_cycle import one_cycle
from backviz.optim.schedules import every, exponential, warmup
from backviz.scenes.basin_maps import arrivals
from backviz.scenes.optimizer_choice import scheduled
from backviz.scenes.phases import chi_map
from backviz.scenes.surfaces import SURFACES


def test_the_ruler_of_order_and_chaos_is_six_times_the_depth_of_correlation():
    film = scenes.order_chaos(
        least=0.5, most=3.0, biases=0.05, depth=20, width=8, seeds=2, frames=3
    )
    for k, w in enumerate(np.geomspace(0.5, 3.0, 3)):
        frame, seen = film.at(k)
        wanted = 6 * theory.correlation("tanh", float(w), 0.05).depth
        told = float(re.search(r"6ξ = ([\d.,]+) layers", frame.caption)[1].replace(",", ""))
        assert told == pytest.approx(wanted, rel=0.02)
        ruler = seen["depth"]["ruler"]
        assert ruler.high - ruler.low == pytest.approx(min(wanted, 20))


@pytest.mark.parametrize(
    ("weights", "c", "six"),  # by iterating the map of the correlation on another grid
    [(1.2, 1.0, 35.67), (2.2, 0.597, 97.3), (3.0, 0.299, 54.3), (4.0, 0.165, 41.9)],
)
def test_the_depth_that_can_be_trained_follows_from_the_correlation(weights, c, six):
    found = theory.correlation("tanh", weights, 0.05)
    assert found.c == pytest.approx(c, abs=1e-3)
    assert 6 * found.depth == pytest.approx(six, abs=0.06)


def test_the_map_of_order_and_chaos_has_no_speckle():
    weights = np.array([2.1, 2.17, 2.24, 2.31, 2.38, 2.45])
    drawn = np.log(chi_map("tanh", weights, np.array([0.0025]))[0])
    exact = np.log([theory.phase("tanh", float(w), 0.0025).chi for w in weights])
    assert drawn == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize("curve", ["tanh", "sigmoid"])
def test_a_small_slope_is_not_called_0(curve):
    captions = scenes.tangent(curve=curve, frames=61).data()["caption"]
    assert "nearly flat" in captions[0] and "is 0" not in captions[0]
    assert "is 0, the curve is flat" in scenes.tangent(frames=61).data()["caption"][30]


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_inputs_beyond_the_axis_stand_at_its_end_and_are_counted(activation):
    film = scenes.unit_inputs(activation=activation, layer=1, steps=12)
    data = film.data()
    ticks, end = data["function.values.x"], film.panels[0].x.high / 1.04
    assert np.isfinite(ticks).all() and ticks.shape[1] == 80
    pinned = np.isclose(np.abs(ticks), end).sum(axis=1)
    said = [re.search(r"(\d+) of 80 ticks", c) for c in data["caption"]]
    assert pinned.max() > 40
    assert [int(m[1]) if m else 0 for m in said] == list(pinned)


def test_a_descent_has_arrived_within_a_fiftieth_of_the_side():
    land = SURFACES["himmelblau"]
    minima = np.array(land.minima)
    for share, here in ((0.019, True), (0.021, False)):
        point = minima[:1] + np.array([[share * np.max(land.size), 0.0]])
        assert np.isnan(arrivals(land, point, minima)[0]) != here


def test_a_schedule_that_starts_low_is_built_around_its_top_rate():
    """A table writes `base`; after a rise the first rate of one_cycle is a twenty-fifth of it."""
    top = one_cycle(1.0, total_steps=10)
    assert top(0) == pytest.approx(1 / 25)
    assert (top.base, warmup(top, 5).base, every(3, top).base) == (1.0, 1.0, 1.0)
    assert warmup(exponential(0.5, 0.9), 5).base == 0.5


@pytest.mark.slow
@pytest.mark.parametrize("steps", [20, 60, 90, 91, 500])
def test_warm_restarts_end_with_a_whole_fall(steps):
    """A restart just before the end would throw a descent out of its minimum."""
    made = scheduled("warm_restarts", 1.0, steps)
    rates = [made(k) for k in range(steps)]
    assert rates[-1] < 0.1 and np.sum(np.diff(rates) > 0.5) == 2


def test_stability_measures_the_minimum_that_a_descent_reaches():
    """From the start of Himmelblau's surface that is (−3.78, −3.28) with λ = 133.8, not (3, 2)."""
    film = scenes.stability(surface="himmelblau", steps=200, frames=60)
    assert "λ = 70.7 and 134 at (−3.78, −3.28)" in film.title
    data = film.data()
    rates = data["ruler.products.x"][:, 1] / 133.79
    ends = [
        SURFACES["himmelblau"].heights(np.stack([x, y], axis=-1)[np.isfinite(x)][-1])
        for x, y in zip(data["map.descent.x"], data["map.descent.y"], strict=True)
    ]
    cautious, bold = rates < 0.0142, (rates > 0.0152) & (rates < 0.021)
    assert cautious.any() and bold.any()
    assert np.array(ends)[cautious & (rates > 0.004)].max() < 1e-6 < np.array(ends)[bold].min()
    assert all("descent" in c.split("limit")[0] for c in data["caption"][rates > 0.0152][:3])


@pytest.mark.parametrize(
    ("surface", "why"), [("abs(x)+abs(y)", "has a kink"), ("saddle", "does not curve upwards")]
)
def test_where_there_is_no_curvature_stability_says_why(surface, why):
    with pytest.raises(InputError, match=why):
        scenes.stability(surface=surface)


def test_units_that_come_back_are_not_counted_as_dead():
    data = scenes.dead_units(width=16, steps=12).data()
    shares = data["dead.relu.y"]
    with np.errstate(invalid="ignore"):
        assert not (np.diff(shares, axis=0) < 0).any()
    assert np.nanmax(shares[-1]) > 0.3 > shares[-1, 0]
    gone = np.isnan(data["dead.leaky_relu.y"][-1]).sum()
    assert (f"{gone} leaky ReLU overflowed" in data["caption"][-1]) == bool(gone)
