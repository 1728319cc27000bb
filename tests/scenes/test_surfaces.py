"""Loss surfaces: printed minima, derivatives by another way, typed expressions, the network."""

import numpy as np
import pytest
from peers import needs_torch, torch

from backviz.autodiff.transforms import hessian
from backviz.errors import InputError, UsageError
from backviz.nn import MLP
from backviz.ops import OPS
from backviz.scenes.network_plane import network
from backviz.scenes.surface_text import (
    found_minima,
    read_domain,
    read_point,
    settled,
    start_of,
    surface_of,
)
from backviz.scenes.surfaces import SURFACES

pytestmark = pytest.mark.blas


# minima and their values as the literature prints them, written down apart from the code
PRINTED = {
    "bowl": ([(0, 0)], 0), "ravine": ([(0, 0)], 0),
    "rosenbrock": ([(1, 1)], 0), "beale": ([(3, 0.5)], 0),
    "himmelblau": (
        [(3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)], 0
    ),
    "booth": ([(1, 3)], 0), "matyas": ([(0, 0)], 0), "three_hump": ([(0, 0)], 0),
    "six_hump": ([(0.0898, -0.7126), (-0.0898, 0.7126)], -1.0316),
    "goldstein_price": ([(0, -1)], 3), "mccormick": ([(-0.5472, -1.5472)], -1.9132),
    "styblinski_tang": ([(-2.9035, -2.9035)], -78.3323), "rastrigin": ([(0, 0)], 0),
    "ackley": ([(0, 0)], 0), "plateau": ([(3, 0)], 0),
}  # fmt: skip
DOMAINS = {
    "rosenbrock": ((-2, 2), (-1, 3)), "beale": ((-4.5, 4.5),) * 2, "himmelblau": ((-5, 5),) * 2,
    "booth": ((-10, 10),) * 2, "matyas": ((-10, 10),) * 2, "three_hump": ((-5, 5),) * 2,
    "six_hump": ((-3, 3), (-2, 2)), "goldstein_price": ((-2, 2),) * 2,
    "mccormick": ((-1.5, 4), (-3, 4)), "styblinski_tang": ((-5, 5),) * 2,
    "rastrigin": ((-5.12, 5.12),) * 2, "ackley": ((-5, 5),) * 2,
}  # fmt: skip


def plain(name, x, y, m):
    """The formulas once more, from the papers, for numpy or torch (`m`)."""
    pi, cos, exp = np.pi, m.cos, m.exp
    return {
        "bowl": lambda: x * x / 10 + 2 * y * y,
        "ravine": lambda: 0.52 * x * x - 1.98 * x * y + 2.005 * y * y,
        "rosenbrock": lambda: 100 * (y - x * x) ** 2 + (x - 1) ** 2,
        "beale": lambda: sum(
            (c - x * (1 - y**k)) ** 2 for k, c in ((1, 1.5), (2, 2.25), (3, 2.625))
        ),
        "himmelblau": lambda: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
        "booth": lambda: 74 - 34 * x - 38 * y + 5 * x * x + 8 * x * y + 5 * y * y,
        "matyas": lambda: 0.26 * x * x + 0.26 * y * y - 0.48 * x * y,
        "three_hump": lambda: 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2,
        "six_hump": lambda: 4 * x**2 - 2.1 * x**4 + x**6 / 3 + x * y - 4 * y**2 + 4 * y**4,
        "goldstein_price": lambda: (
            1 + (x + y + 1) ** 2 * (19 - 14 * (x + y) + 3 * (x + y) ** 2)
        ) * (30 + (2 * x - 3 * y) ** 2 * (18 - 16 * (2 * x - 3 * y) + 3 * (2 * x - 3 * y) ** 2)),
        "mccormick": lambda: m.sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1,
        "styblinski_tang": lambda: sum((t**4 - 16 * t**2 + 5 * t) / 2 for t in (x, y)),
        "rastrigin": lambda: sum(10 + t**2 - 10 * cos(2 * pi * t) for t in (x, y)),
        "ackley": lambda: 20 + np.e - 20 * exp(-0.2 * m.sqrt((x**2 + y**2) / 2))
        - exp((cos(2 * pi * x) + cos(2 * pi * y)) / 2),
        "plateau": lambda: 0.3 * y * y + 1 / (1 + exp(3 * x + 9)) + 1 - exp(-((x - 3) ** 2) / 2),
        "saddle": lambda: (x - y) * (x + y),
        "monkey": lambda: x * (x**2 - 3 * y**2),
    }[name]()  # fmt: skip


def points_on(land, n=50):
    draw = np.random.default_rng(5)
    return np.stack([draw.uniform(*land.x, n), draw.uniform(*land.y, n)], axis=1)


@pytest.mark.parametrize("name", SURFACES)
def test_heights_are_those_of_the_papers(name):
    land = SURFACES[name]
    points = points_on(land)
    expected = plain(name, *points.T, np)
    np.testing.assert_allclose(land.heights(points), expected, rtol=1e-11, atol=1e-10)
    assert land.inside(np.array(land.start))
    if name in DOMAINS:
        assert (land.x, land.y) == DOMAINS[name]


@needs_torch
@pytest.mark.parametrize("name", SURFACES)
def test_slopes_and_curvatures_are_torchs(name):
    land, points = SURFACES[name], points_on(SURFACES[name], 10)
    theirs = torch.tensor(points, requires_grad=True)
    plain(name, theirs[:, 0], theirs[:, 1], torch).sum().backward()
    losses, slopes = land.measured(points)
    np.testing.assert_allclose(losses, land.heights(points), rtol=1e-15)
    np.testing.assert_allclose(slopes, theirs.grad.numpy(), rtol=1e-10, atol=1e-9)
    bends = [
        torch.autograd.functional.hessian(
            lambda p: plain(name, p[0], p[1], torch), torch.tensor(p)
        ).numpy()
        for p in points
    ]
    np.testing.assert_allclose(land.hessians(points), bends, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("name", PRINTED)
def test_printed_minima_have_gradient_0_and_the_printed_value(name):
    land, (minima, value) = SURFACES[name], PRINTED[name]
    assert land.floor == pytest.approx(value, abs=1e-4)
    for point in minima:
        assert min(np.hypot(*(np.array(point) - m)) for m in np.array(land.minima)) < 1e-4
    exact = settled(land, np.array(minima, float))
    np.testing.assert_allclose(exact, minima, atol=1e-4)
    np.testing.assert_allclose(land.heights(exact), value, atol=5e-5)
    if name == "ackley":  # a corner: the cone has no derivative in its tip
        assert land.heights(np.array([[0.01, 0.0]]))[0] > 0.03
    else:
        assert np.abs(land.measured(exact)[1]).max() < 1e-8
        assert land.curvatures(exact).min() > 0


def test_what_has_no_minimum_has_no_floor():
    for name in ("saddle", "monkey"):
        land = SURFACES[name]
        assert land.floor is None and not land.minima and not len(found_minima(land))
        np.testing.assert_array_equal(land.measured(np.zeros((1, 2)))[1], [[0, 0]])
    assert SURFACES["bowl"].curvatures(np.zeros((1, 2)))[0].tolist() == [0.2, 4.0]  # κ = 20
    assert not SURFACES["monkey"].hessians(np.zeros((1, 2))).any()  # degenerate


def test_all_minima_are_found_by_search():
    assert len(found_minima(SURFACES["himmelblau"])) == 4
    assert len(found_minima(SURFACES["rastrigin"])) == 121  # 11 × 11 in ±5.12
    camel = found_minima(SURFACES["three_hump"])
    np.testing.assert_allclose(
        SURFACES["three_hump"].heights(camel), [0, 0.298638, 0.298638], atol=1e-6
    )
    assert len(found_minima(SURFACES["six_hump"])) == 6
    assert len(found_minima(SURFACES["rosenbrock"])) == 1  # points of its valley do not count


def test_hessians_of_many_points_are_those_of_one():
    land, points = SURFACES["beale"], points_on(SURFACES["beale"], 3)
    for bends, (x, y) in zip(land.hessians(points), points, strict=True):
        one = hessian(lambda p: land.f(p[0], p[1]))(np.array([x, y]))
        np.testing.assert_allclose(bends, one, rtol=1e-13)


# Typed ----------------------------------------------------------------------------------


def test_a_typed_surface_is_measured_like_a_named_one():
    typed, named = (
        surface_of("(1-x)**2 + 100*(y-x**2)**2", ((-2, 2), (-1, 3))),
        SURFACES["rosenbrock"],
    )
    points = points_on(named)
    for ours, theirs in zip(typed.measured(points), named.measured(points), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(typed.minima, [(1, 1)], atol=1e-8)
    assert typed.floor == pytest.approx(0, abs=1e-15)
    assert (typed.x, typed.y) == ((-2, 2), (-1, 3))


@pytest.mark.parametrize(
    ("text", "minima", "floor"),
    [
        ("x**2 + 3*y**2", [(0, 0)], 0.0), ("x**2 + 3·y**2 − 1", [(0, 0)], -1.0),
        ("abs(x) + abs(y)", [(0, 0)], 0.0), ("a*(x-1)**2 + y**2; a=2", [(1, 0)], 0.0),
        ("x**2", [], 0.0), ("x**2 - y**2", [], None), ("x + y", [], None), ("log(x)", [], None),
        ("sin(x)*sin(y)", [(-np.pi / 2, np.pi / 2), (np.pi / 2, -np.pi / 2)], -1.0),
    ],
)  # fmt: skip
def test_minima_of_a_typed_surface_are_found(text, minima, floor):
    land = surface_of(text)
    found = sorted(land.minima)
    np.testing.assert_allclose(np.reshape(found, (-1, 2)), np.reshape(minima, (-1, 2)), atol=1e-6)
    assert land.floor == (floor if floor is None else pytest.approx(floor, abs=1e-9))


HOSTILE = [
    "__import__('os').system('true')", "open('a')", "x.__class__", "x.real", "lambda: x",
    "(lambda: x)()", "x if x else y", "[x for x in y]", "x; import os", "exec('x')", "f'{x}'",
    "x**2+(", "9**9**9**9*x", "(" * 200 + "x" + ")" * 200, "x" * 30_000, "x**", "x\0y", "sum(x)",
    "[1, 2]*x", "a*x", "1 + 2", "x*0", "x=3; x**2", "y = 2\nx", "log(x - 100)", "", "  ", "z",
    "@simple", "rosenbruck", "x @ y", "mean(x)*y", "softmax(x)", "x # ; y\n; z", "-", "é",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: t[:20])
def test_what_is_no_surface_is_refused_in_one_sentence(text):
    with pytest.raises((InputError, UsageError)) as caught:
        surface_of(text)
    sentence = str(caught.value)
    assert 10 < len(sentence.split("\n", maxsplit=1)[0]) < 300
    assert "Traceback" not in sentence


@pytest.mark.parametrize("name", ["rosenbruck", "Himmelblau", "networks"])
def test_an_unknown_name_comes_with_a_suggestion(name):
    with pytest.raises(UsageError, match="did you mean"):
        surface_of(name)


@pytest.mark.parametrize(
    "domain", ["1,2,3", "2,1,0,1", "a,b,c,d", "0,inf,0,1", "1,1,1,1", "nan,1,0,1"]
)
def test_a_wrong_domain_is_refused(domain):
    with pytest.raises(UsageError, match="domain"):
        read_domain("domain", domain)


def test_a_start_has_to_lie_on_the_surface():
    land = SURFACES["bowl"]
    assert start_of(land, read_point("start", "auto")) == land.start
    assert start_of(land, read_point("start", " -1, 2")) == (-1, 2)
    for text in ("9,9", "1", "1,2,3", "a,b", "nan,0", "inf,0"):
        with pytest.raises(UsageError, match="start"):
            start_of(land, read_point("start", text))
    with pytest.raises(InputError, match="no finite height"):
        start_of(surface_of("log(x) + y**2"), (-1, 0))


# The network ----------------------------------------------------------------------------


@pytest.mark.parametrize("directions", ["pca", "random"])
def test_the_centre_of_the_plane_is_the_trained_network(directions):
    plane = network(directions, 40, 3)
    land = plane.landscape
    np.testing.assert_allclose(land.heights(np.zeros(2)), plane.true[-1], rtol=1e-13)
    np.testing.assert_allclose(plane.way[-1], 0, atol=1e-12)
    assert plane.seen[-1] == pytest.approx(plane.true[-1], rel=1e-12)
    assert plane.gap == np.abs(plane.true - plane.seen).max() > 1e-3
    assert 0 < plane.explained <= 1
    points = points_on(land, 4)
    _, slopes = land.measured(points)
    h = 1e-5 * np.eye(2)
    for i in range(2):
        finite = (land.heights(points + h[i]) - land.heights(points - h[i])) / 2e-5
        np.testing.assert_allclose(slopes[:, i], finite, rtol=1e-6, atol=1e-8)


def test_the_plane_shows_the_loss_of_real_networks(monkeypatch):
    """A network with the weights of a point on the plane, run by the library, has that loss."""
    kept = {}
    made = np.linalg.svd

    def spy(moves, **options):
        kept["moves"], kept["parts"] = moves, made(moves, **options)
        return kept["parts"]

    monkeypatch.setattr(np.linalg, "svd", spy)
    plane = network.__wrapped__("pca", 25, 1)
    moves = kept["moves"]  # of every step from the trained network
    _, sizes, rows = kept["parts"]
    shares = sizes**2 / (sizes**2).sum()
    np.testing.assert_allclose(plane.shares, shares[:2], rtol=1e-12)
    np.testing.assert_allclose(plane.explained, shares[:2].sum(), rtol=1e-12)
    np.testing.assert_allclose(np.abs(plane.way), np.abs(moves @ rows[:2].T), atol=1e-12)
    from backviz.data import moons

    x, y = moons(48, seed=1)
    net = MLP(2, [8, 1], "tanh", seed=1, init="xavier_normal")
    first = np.concatenate([p.data.ravel() for p in net.parameters()])
    # the start of training is known, so the centre is too: first − moves[0]
    at = first - moves[0]
    signs = np.sign((moves @ rows[:2].T)[0] * plane.way[0])
    for a, b in ((0.0, 0.0), (1.5, -0.5)):
        flat, k = at + (signs * (a, b)) @ rows[:2], 0
        for p in net.parameters():
            p.data[...] = flat[k : k + p.size].reshape(p.shape)
            k += p.size
        true = OPS["binary_cross_entropy_with_logits"](net(x), y[:, None].astype(float)).data
        np.testing.assert_allclose(plane.landscape.heights(np.array((a, b))), true, rtol=1e-11)


def test_random_directions_are_scaled_unit_by_unit():
    from backviz.scenes import network_plane

    center = [np.array([[3.0, 0.1], [4.0, 0.0]]), np.array([5.0, 5.0])]
    one, other = network_plane._random(center, seed=2)
    assert not np.allclose(one, other)
    for row in (one, other):
        weights = row[:4].reshape(2, 2)
        np.testing.assert_allclose(np.linalg.norm(weights, axis=0), [5.0, 0.1], rtol=1e-12)
        assert not row[4:].any()
    np.testing.assert_array_equal(one, network_plane._random(center, seed=2)[0])
