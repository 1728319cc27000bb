"""Numbers that captions and pages of scenes and schedules promise."""

import re

import numpy as np
import pytest

from backviz import scenes
from backviz.nn import theory
from backviz.optim.one_cycle import one_cycle
from backviz.optim.schedules import every, exponential, warmup
from backviz.scenes.basin_maps import arrivals
from backviz.scenes.surfaces import SURFACES


def test_the_ruler_of_order_and_chaos_is_six_times_the_depth_of_correlation():
    film = scenes.order_chaos(
        least=0.5, most=3.0, biases=0.05, depth=20, width=8, seeds=2, frames=3
    )
    for k, w in enumerate(np.geomspace(0.5, 3.0, 3)):
        frame, seen = film.at(k)
        wanted = 6 * theory.phase("tanh", float(w), 0.05).depth
        told = float(re.search(r"6ξ = ([\d.,]+) layers", frame.caption)[1].replace(",", ""))
        assert told == pytest.approx(wanted, rel=0.02)
        ruler = seen["depth"]["ruler"]
        assert ruler.high - ruler.low == pytest.approx(min(wanted, 20))


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
