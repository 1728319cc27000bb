"""A surface that turns: its arrows against Adam by hand; a frame depends on itself alone."""

import numpy as np
import pytest
from film_lint import objections
from quick import one_in

from backviz import scenes
from backviz.errors import ShapeError
from backviz.movies.canvas import Canvas, stills
from backviz.movies.looks import film_style
from backviz.scenes.artists import Arrows


def beale(x, y):
    return sum((c - x * (1 - y**k)) ** 2 for k, c in ((1, 1.5), (2, 2.25), (3, 2.625)))


def slope(x, y, h=1e-6):
    return np.array([(beale(x + h, y) - beale(x - h, y)) / (2 * h),
                     (beale(x, y + h) - beale(x, y - h)) / (2 * h)])  # fmt: skip


def directions(data, key, k, size):
    d = np.stack([data[f"space.{key}.d{c}"][k] for c in "xy"], axis=1) / size
    return d[np.isfinite(d).all(axis=1)]


def test_the_arrows_are_adams_gradient_mean_and_squares():
    film = scenes.surface(optimizers="adam:lr=.3", steps=6, height="log")
    data = film.data()
    space = film.panels[0]
    size = np.array([space.x.high - space.x.low, space.y.high - space.y.low])
    point, m, v = np.array([1.0, 1.5]), np.zeros(2), np.zeros(2)
    for k in range(7):
        g = slope(*point)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        mean, root = m / (1 - 0.9 ** (k + 1)), np.sqrt(v / (1 - 0.999 ** (k + 1)))
        for key, vector in (("gradient", -g), ("memory", -mean)):
            (found,) = directions(data, key, k, size)
            wanted = vector / size
            cosine = found @ wanted / np.hypot(*found) / np.hypot(*wanted)
            assert cosine == pytest.approx(1, abs=1e-5)
        along = np.abs(directions(data, "squares", k, size))
        assert along[0, 1] == along[1, 0] == 0
        shown = along[0, 0] / along[1, 1]
        assert shown == pytest.approx(root[0] / root[1], rel=1e-4)
        for key in ("gradient", "memory", "squares"):
            x, y, z = (data[f"space.{key}.{c}"][k] for c in "xyz")
            assert z == pytest.approx(np.log10(1 + beale(x, y)))
            dx, dy, dz = (data[f"space.{key}.d{c}"][k] for c in "xyz")
            assert z + dz == pytest.approx(np.log10(1 + beale(x + dx, y + dy)))
        point = point - 0.3 * mean / (root + 1e-8)


def test_the_ground_turns_by_the_sweep_around_the_turn():
    data = scenes.surface(steps=8, turn=-30.0, sweep=40.0).data()
    assert data["space.view.turn"][[0, 4, 8]] == pytest.approx([-50, -30, -10])
    assert np.ptp(data["space.view.elevation"]) == 0
    assert "space.view.turn" not in scenes.surface(steps=2, sweep=0.0).data()
    assert "space.gradient.x" in data
    many = scenes.surface(steps=2, optimizers="sgd,momentum,nesterov,adam").data()
    assert "space.gradient.x" not in many  # arrows would lie on too many ways


def test_a_turned_frame_is_the_same_whatever_was_shown_before():
    film = scenes.surface(steps=6)
    states = [(frame, {p: dict(row) for p, row in seen.items()}) for frame, seen in film.states()]
    canvas = Canvas(film, *states[0], film_style())
    first = canvas.pixels.copy()
    canvas.show(*states[6])
    last = canvas.pixels.copy()
    assert (first != last).any()
    canvas.show(*states[3])
    canvas.show(*states[6])
    assert np.array_equal(canvas.pixels, last)
    canvas.show(*states[0])
    assert np.array_equal(canvas.pixels, first)


def test_what_does_not_turn_is_not_drawn_again():
    film = scenes.surface(steps=3, sweep=0.0)
    drawn = []
    states = film.states()
    frame, seen = next(states)
    canvas = Canvas(film, frame, seen, film_style())
    space = canvas._axes["space"]
    draw = space.draw
    space.draw = lambda renderer: (drawn.append(1), draw(renderer))
    for frame, seen in states:
        canvas.show(frame, seen)
    assert not drawn


@pytest.mark.parametrize("lang", one_in(2, ["en", "ru"]))
def test_nothing_on_the_turning_page_is_cut_off_or_covered(lang):
    film = scenes.surface(steps=20)
    for _, canvas, _ in stills(film, {0, 10, 20}, film_style(lang=lang)):
        assert [*objections(canvas)] == []


def test_arrows_in_space_have_a_height_each():
    with pytest.raises(ShapeError, match="vectors of one length"):
        Arrows("a", [0.0], [0.0], [1.0], [1.0], z=[0.0, 1.0], dz=[0.0])


def test_in_vectors_ways_and_arrows_lie_on_the_surface_as_on_pixels():
    film = scenes.surface(steps=6)
    canvas = Canvas(film, *list(film.states())[-1], film_style())
    pixels = canvas.pixels.astype(int)
    renderer = canvas.agg.get_renderer()
    renderer.clear()
    canvas.draw_on(renderer)  # as it draws on a backend for vectors
    whole = np.asarray(renderer.buffer_rgba()).astype(int)
    left, _, right, _ = canvas._cells["space"]
    part = slice(int(left * 1280), int(right * 1280))
    differ = np.abs(whole - pixels)[:, part].max(axis=-1) > 60
    assert differ.mean() < 2e-3
