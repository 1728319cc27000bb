"""What a layer of n units can represent: gaps against numpy, and what geometry allows."""

import numpy as np
import pytest

from backviz import scenes
from backviz.errors import UsageError


def test_the_gap_is_that_between_the_curves_and_the_samples():
    data = scenes.width_fit(steps=60, units="1,3").data()
    x, y = data["1.points.x"], data["1.points.y"]
    np.testing.assert_allclose(y, np.sin(2 * np.pi * x), atol=1e-12)
    for i, n in enumerate((1, 3)):
        for k in (0, 30, 60):
            curve = np.interp(x, data[f"{n}.curve.x"][k], data[f"{n}.curve.y"][k])
            assert data["gap.gap.y"][k, i] == pytest.approx(np.sqrt(np.mean((curve - y) ** 2)))


def test_one_unit_only_rises_or_only_falls_and_two_turn_once():
    data = scenes.width_fit(target="tent", units="1,2", steps=200).data()
    turns = {
        n: np.count_nonzero(np.diff(np.sign(np.diff(data[f"{n}.curve.y"][-1])))) for n in (1, 2)
    }
    assert turns == {1: 0, 2: 1}
    assert data["gap.gap.y"][-1, 1] < 0.2 < data["gap.gap.y"][-1, 0]


def test_one_unit_does_not_do_better_than_the_best_line():
    """All lines through the plane are tried, in steps of a degree and between all samples."""
    data = scenes.width_regions(units="1,16").data()
    parts = [np.stack([data[f"1.class {c}.{a}"][0] for a in "xy"], axis=1) for c in ("−1", "+1")]
    x, sign = np.concatenate(parts), np.repeat([-1, 1], [len(part) for part in parts])
    best = 1.0
    for angle in np.radians(np.arange(180.0)):
        order = np.argsort(x @ (np.cos(angle), np.sin(angle)))
        wrong = np.cumsum(sign[order] > 0) + np.sum(sign < 0) - np.cumsum(sign[order] < 0)
        best = min(best, wrong.min() / len(x), 1 - wrong.max() / len(x))
    shares = data["gap.gap.y"][-1]
    assert best - 1e-9 <= shares[0] < best + 0.1 and shares[1] == 0


@pytest.mark.parametrize("units", ["0", "1,2,3,4,5", "two", "300", ""])
def test_widths_that_do_not_work_are_one_sentence(units):
    with pytest.raises(UsageError, match="give up to 4 whole numbers from 1 to 256"):
        scenes.width_fit(units=units)
    assert scenes.width_fit(units=[3, 1], steps=1).settings["units"] == "3,1"
