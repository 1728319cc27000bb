"""Descents on surfaces against torch, formulas and plain loops; and what their films say."""

import re
from typing import get_args

import numpy as np
import pytest
from film_lint import objections
from matplotlib.text import Text
from peers import needs_torch, torch
from quick import all_but, one_in

from backviz.diagrams import font
from backviz.errors import InputError, UsageError
from backviz.movies.canvas import Canvas
from backviz.movies.looks import film_style
from backviz.movies.page import LINES, lines_of
from backviz.optim import OPTIMIZERS
from backviz.scenes import SCENES
from backviz.scenes.artists import Points
from backviz.scenes.optimizer_choice import RATES, ScheduleName, choices, scheduled
from backviz.scenes.optimizer_paths import EDGE
from backviz.scenes.stable_rates import half_life, left_at, limit, limit_of, why_left
from backviz.scenes.surface_panels import LossAxis, levels
from backviz.scenes.surface_text import surface_of
from backviz.scenes.surfaces import SURFACES, Landscape
from backviz.scenes.trajectories import near_by, noise_of, sweep, travel
from backviz.signs import with_powers

pytestmark = pytest.mark.blas


MINE = (
    "optimizers", "start_points", "basins", "surface", "step_anatomy", "stability", "schedules",
    "rates", "averages", "overshoot", "weight_decay", "memory", "network_loss",
)  # fmt: skip
LONG, ROSENBROCK = SURFACES["bowl"], SURFACES["rosenbrock"]


def chosen(text):
    return choices(text)[0]


def captions(film):
    return [frame.caption for frame, _ in film.states()]


def legend_of(film, frame=-1):
    """All texts of the legend at a frame, from the top."""
    key = next(panel for panel in film.panels if panel.key == "key")
    _, seen = film.at(frame)
    said = [(*a.texts, *getattr(a, "notes", ())) for a in (*key.static, *seen["key"].values())]
    return [text for texts in said for text in texts if text]


# Against torch --------------------------------------------------------------------------

PEERS = {
    "sgd": ("SGD", {}), "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "sgd:momentum=.8:dampening=.3:weight_decay=.1": (
        "SGD", {"momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1},
    ),
    "adagrad": ("Adagrad", {}), "adadelta": ("Adadelta", {}), "rmsprop": ("RMSprop", {}),
    "adam": ("Adam", {}), "adam:betas=.8/.95": ("Adam", {"betas": (0.8, 0.95)}),
    "adamw": ("AdamW", {}), "amsgrad": ("Adam", {"amsgrad": True}), "adamax": ("Adamax", {}),
    "nadam": ("NAdam", {}), "radam": ("RAdam", {}),
}  # fmt: skip
SLOW = {"SGD": 5e-4, "RAdam": 1e-4, "Adadelta": 1.0}
FORMULAS = {
    "bowl": lambda x, y: 0.1 * x * x + 2 * y * y,
    "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
}


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@needs_torch
@pytest.mark.parametrize("surface", FORMULAS)
@pytest.mark.parametrize("text", PEERS)
def test_fifty_steps_are_torchs(text, surface, double):
    name, options = PEERS[text]
    land, rate = SURFACES[surface], SLOW.get(name, 0.05)
    point = torch.tensor(land.start, dtype=torch.float64, requires_grad=True)
    opt = getattr(torch.optim, name)([point], lr=rate, **options)
    path, losses = [point.tolist()], []
    for _ in range(50):
        opt.zero_grad()
        loss = FORMULAS[surface](point[0], point[1])
        loss.backward()
        opt.step()
        path.append(point.tolist())
        losses.append(loss.item())
    run = travel(land, chosen(text), [land.start], 50, rate)
    np.testing.assert_allclose(run.path(), path, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(run.losses[:-1, 0], losses, rtol=1e-11, atol=1e-12)
    assert np.abs(run.path()[-1] - land.start).max() > 1e-3
    assert run.rates.tolist() == [rate] * 50


def test_lion_takes_the_steps_of_its_paper():
    at, m = np.array(LONG.start), np.zeros(2)
    for _ in range(50):
        g = np.array([0.2, 4.0]) * at
        at = at - 0.05 * np.sign(0.9 * m + 0.1 * g)
        m = 0.99 * m + 0.01 * g
    run = travel(LONG, chosen("lion"), [LONG.start], 50, 0.05)
    np.testing.assert_allclose(run.path()[-1], at, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "rate", "end"),
    [
        ("sgd", 0.1, (-3.3380398588, -0.0000731232)),
        ("momentum", 0.05, (-0.5891108878, 0.6985052332)),
        ("adam", 0.4, (0.9960325469, -0.2127506523)),
    ],
)
def test_twenty_steps_on_the_long_bowl_end_where_they_should(text, rate, end):
    run = travel(LONG, chosen(text), [(-5, -2)], 20, rate)
    np.testing.assert_allclose(run.path()[-1], end, atol=5e-11)


def test_many_starts_move_as_each_alone():
    starts = np.random.default_rng(2).uniform(-1, 1, (5, 2))
    together = travel(ROSENBROCK, chosen("adam"), starts, 20, 0.1)
    for i, start in enumerate(starts):
        alone = travel(ROSENBROCK, chosen("adam"), [start], 20, 0.1)
        np.testing.assert_array_equal(together.points[:, i], alone.path())
        np.testing.assert_array_equal(together.of(i).losses, alone.losses)


def test_first_steps_of_adam_and_rmsprop_follow_the_sign():
    for text, size in (("adam", 0.3), ("rmsprop", 0.3 / np.sqrt(1 - 0.99))):
        run = travel(ROSENBROCK, chosen(text), [(-1.5, 2)], 1, 0.3)
        slope = ROSENBROCK.measured(np.array([[-1.5, 2.0]]))[1][0]
        np.testing.assert_allclose(run.path()[1] - run.path()[0], -size * np.sign(slope), rtol=1e-6)


# Stability ------------------------------------------------------------------------------

BOWL = Landscape("bowl", lambda x, y: 2 * x**2 + 2 * y**2, (-9, 9), (-9, 9), (1, 1), floor=0.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("sgd", lambda b: 2.0),
        *((f"sgd:momentum={b}", lambda b: 2 + 2 * b) for b in (0.3, 0.9)),
        *(
            (f"sgd:momentum={b}:nesterov=true", lambda b: (2 + 2 * b) / (1 + 2 * b))
            for b in (0.3, 0.9)
        ),
    ],
)
def test_the_limit_of_stability_is_found_by_bisection(text, formula):
    """On 2x² + 2y², λ = 4: the largest rate with which 600 steps do not grow."""
    choice = chosen(text)
    low, high = 0.01, 2.0
    for _ in range(4):  # each pass tries 13 rates at once
        tried = np.linspace(low, high, 13)
        grows = ~(sweep(BOWL, choice, (1.0, -1.0), 600, tried).losses < 4.0)
        first = int(np.argmax(grows))
        assert grows[-1] and first
        low, high = tried[first - 1], tried[first]
    assert 4 * high == pytest.approx(formula(choice.momentum), rel=2e-3)
    assert limit_of(choice) == pytest.approx(formula(choice.momentum), rel=1e-12)
    assert limit(choice.momentum, "nesterov" in text) == limit_of(choice)


def test_the_best_rates_converge_as_theory_says():
    small, large = 0.2, 4.0
    root = np.sqrt(large / small)
    run = travel(LONG, chosen("sgd"), [(-5, -2)], 60, 2 / (small + large))
    shrink = np.abs(run.path()[40] / run.path()[30]) ** 0.1
    np.testing.assert_allclose(shrink, (large / small - 1) / (large / small + 1), rtol=1e-9)
    best = chosen(f"sgd:momentum={((root - 1) / (root + 1)) ** 2}")
    rate = 4 / (np.sqrt(small) + np.sqrt(large)) ** 2
    sizes = np.abs(travel(LONG, best, [(-5, -2)], 400, rate).path()[:, 0])
    # a double root: the size falls as t·rᵗ, so r is seen when t is divided out
    assert (sizes[200] / sizes[100] / 2) ** 0.01 == pytest.approx((root - 1) / (root + 1), rel=2e-3)


def test_what_has_no_fixed_limit_has_none():
    for text in ("adam", "rmsprop", "sgd:weight_decay=.1", "momentum:dampening=.5"):
        assert limit_of(chosen(text)) is None
    assert half_life(0.9) == pytest.approx(6.5788, abs=1e-4)


@pytest.mark.parametrize(
    ("surface", "text", "rate", "says"),
    [
        ("bowl", "sgd", 0.6, "αλ = 2.4 > 2"), ("bowl", "momentum", 1.0, "αλ = 4 > 3.8"),
        ("bowl", "nesterov", 0.35, "αλ = 1.4 > 1.36"), ("saddle", "adam", 0.3, "downhill"),
        ("saddle", "sgd", 0.1, "downhill"), ("rosenbrock", "momentum", 0.01, "αλ was 20.9 > 3.8"),
        ("beale", "adam", 50.0, ""), ("log(x) + y**2", "sgd", 1.0, "no height there"),
    ],
)  # fmt: skip
def test_a_descent_that_leaves_says_why(surface, text, rate, says):
    land = surface_of(surface) if "(" in surface else SURFACES[surface]
    start = (1.5, 1.0) if "(" in surface else land.start
    run = travel(land, chosen(text), [start], 80, rate)
    step = left_at(land, run, 80)
    assert step and land.inside(run.path()[step - 1]) and not land.inside(run.path()[step:]).any()
    assert why_left(land, run, step) == says
    if "20.9" in says:  # at the start, by the second derivatives of the formula
        x, y = land.start
        bends = [[2 - 400 * y + 1200 * x * x, -400 * x], [-400 * x, 200]]
        assert rate * np.linalg.eigvalsh(bends)[1] == pytest.approx(20.9, abs=0.05)


def test_one_that_comes_back_is_inside_again():
    run = travel(LONG, chosen("momentum"), [(-5, -2)], 80, 0.8)
    outside = np.flatnonzero(~LONG.inside(run.path()))
    assert outside.size and LONG.inside(run.path()[-1])
    assert left_at(LONG, run, 80) is None
    assert left_at(LONG, run, int(outside[0])) == outside[0]


# Noise and fairness ---------------------------------------------------------------------


def test_noise_is_centred_and_shakes_as_theory_says():
    """SGD on ½λx² with gradient noise s: the variance is αs²/(λ(2 − αλ))."""
    many, steps, rate, size = 4000, 120, 0.2, 0.7
    starts = np.zeros((many, 2))
    run = travel(BOWL, chosen("sgd"), starts, steps, rate, noise_of(steps, many, size, seed=3))
    theory = rate * size**2 / (4 * (2 - rate * 4))
    np.testing.assert_allclose(run.points[-1].var(axis=0), theory, rtol=0.1)
    assert np.abs(run.points[-1].mean(axis=0)).max() < 4 * np.sqrt(theory / many)


def test_the_noise_follows_from_the_seed_and_is_the_same_for_all():
    one, again, other = (
        SCENES["optimizers"](optimizers="sgd,adam", noise=0.4, seed=s, rates="equal").data()
        for s in (1, 1, 2)
    )
    assert all(np.array_equal(one[k], again[k], equal_nan=one[k].dtype.kind == "f") for k in one)
    assert not np.array_equal(one["map.SGD.x"], other["map.SGD.x"], equal_nan=True)
    noise = noise_of(30, 1, 0.4, 1)
    runs = [
        travel(LONG, chosen("sgd:lr=0.01"), [(-5, -2)], 30, None, n) for n in (noise, noise.copy())
    ]
    np.testing.assert_array_equal(runs[0].points, runs[1].points)


@pytest.mark.parametrize("schedule", one_in(3, ["constant", "cosine", "plateau"]))
def test_the_best_rate_is_that_of_single_descents(schedule):
    land, choice, noise = SURFACES["beale"], chosen("momentum"), noise_of(25, 1, 0.1, 4)
    rates = RATES[::3]
    made = sweep(land, choice, land.start, 25, rates, schedule, noise)
    ends, stayed, calm = [], [], []
    starts = near_by(land, land.start)
    assert len(starts) == 5
    for rate in rates:
        lr = rate if schedule == "constant" else scheduled(schedule, rate, 25)
        runs = [travel(land, choice, [land.start], 25, lr, noise)]
        if schedule != "plateau":  # where the rate follows the loss from the true start
            runs += [travel(land, choice, [each], 25, lr, noise) for each in starts[1:]]
        inside = all(land.inside(run.points).all() for run in runs)
        ends.append(max(run.losses[-7:, 0].max() for run in runs))
        stayed.append(inside)
        calm.append(inside and all((r.losses <= r.losses[0] + 1e-6).all() for r in runs))
    if schedule == "plateau":
        assert (np.nan_to_num(made.losses, nan=np.inf) >= np.nan_to_num(ends, nan=np.inf)).all()
        return
    np.testing.assert_allclose(made.losses, ends, rtol=1e-12)
    assert made.stayed.tolist() == stayed and made.calm.tolist() == calm
    fair = calm if any(calm) else stayed
    assert made.best == min((e, r) for e, r, s in zip(ends, rates, fair, strict=True) if s)[1]


def test_a_rate_that_throws_a_descent_across_the_valley_is_not_the_best():
    """With .002 gradient descent jumps to a loss of 500 on Rosenbrock's surface and lands well."""
    made = sweep(ROSENBROCK, chosen("sgd"), ROSENBROCK.start, 60, RATES)
    lucky = travel(ROSENBROCK, chosen("sgd"), [ROSENBROCK.start], 60, 0.002)
    assert lucky.losses.max() > 100 and lucky.losses[-1, 0] < 0.1
    assert made.best < 0.002 and made.calm[made.place]


def test_no_gradient_is_clipped():
    """A single step from a steep place is as long as rate times slope."""
    run = travel(ROSENBROCK, chosen("sgd"), [(-2.0, -1.0)], 1, 1.0)
    slope = ROSENBROCK.measured(np.array([[-2.0, -1.0]]))[1][0]
    assert np.hypot(*slope) > 4000
    np.testing.assert_allclose(run.path()[1] - run.path()[0], -slope, rtol=1e-12)


# What the films say ---------------------------------------------------------------------


def test_the_legend_has_what_was_set_and_explains_the_letters():
    text = "sgd,momentum:weight_decay=.1,adagrad,rmsprop:alpha=.9,adam:betas=.8/.99:eps=1e-4"
    film = SCENES["optimizers"](optimizers=text, rates="equal", rate=0.01, steps=5)
    (key,) = next(panel.static for panel in film.panels if panel.key == "key")
    assert list(key.texts) == [
        "SGD lr=.01", "momentum lr=.01 μ=.9 wd=.1", "Adagrad lr=.01", "RMSprop lr=.01 α=.9",
        "Adam lr=.01 β₁=.8 β₂=.99 ε=.0001",
    ]  # fmt: skip
    used = set(re.findall(r"(\S+)=", " ".join(key.texts)))
    assert set(re.findall(r"(\S+): ", key.notes[0])) == used


@pytest.mark.parametrize(
    "given",
    one_in(3, [
        {"optimizers": "sgd,momentum,nesterov,adagrad,adadelta,rmsprop,adamw,radam", "rate": 0.9,
         "surface": "bowl", "rates": "equal"},
        {"optimizers": "sgd:momentum=.912:dampening=.123:weight_decay=.0123,adamw:betas=.912/.9876",
         "schedule": "plateau", "noise": 0.3},
        {"optimizers": "nadam,radam,adamax,amsgrad", "surface": "saddle", "schedule": "one_cycle"},
    ]),
)  # fmt: skip
def test_a_long_legend_fits_and_leaves_room_for_the_picture(given):
    film = SCENES["optimizers"](steps=40, **given)
    canvas = Canvas(film, *film.at(-1))
    drawn = [t.get_text() for t in canvas._axes["key"].findobj(Text) if t.get_text()]
    said = legend_of(film)
    assert sorted(" ".join(drawn).split()) == sorted(" ".join(said).split())
    assert list(objections(canvas)) == [] and height_over_legend(canvas) > 250


def height_over_legend(canvas):
    """Pixels of the page above the legend."""
    _, low, _, high = canvas._cells["map"]
    return canvas.page.height * (high - low)


def test_a_legend_without_room_for_news_leaves_them_to_the_caption():
    film = SCENES["optimizers"](
        surface="rosenbrock", schedule="plateau", noise=0.5, rates="equal", rate=1.0, steps=20,
        optimizers="sgd:momentum=.912:dampening=.123,momentum,nesterov,adagrad,nadam,adamw,"
        "rmsprop:centered=true:momentum=.912,adam:semantics=keras",
    )  # fmt: skip
    canvas = Canvas(film, *film.at(-1))
    drawn = [t.get_text() for t in canvas._axes["key"].findobj(Text)]
    assert height_over_legend(canvas) >= 225 and "left" not in " ".join(drawn)
    assert any("momentum (step 1)" in c or "have left" in c for c in captions(film))


def test_divergence_is_visible_and_explained():
    film = SCENES["optimizers"](
        surface="bowl", optimizers="sgd,momentum,adam", rates="equal", rate=0.6, steps=30
    )
    assert "✗ left at step 2, αλ = 2.4 > 2" in legend_of(film)
    assert "SGD has left the picture" in captions(film)[-1]
    assert "left" not in " ".join(legend_of(film, 1)) and "left" not in captions(film)[1]
    assert "lr = 0.6 for all" in film.title
    _, seen = film.at(-1)
    cross, way = seen["map"]["exit of SGD"], seen["map"]["SGD"]
    assert cross.x.size == 1 and abs(cross.x[0]) < 6 and abs(cross.y[0]) < 3
    assert np.isfinite(way.x).all() and way.x.size == 3  # start, one inside, one outside
    assert not seen["map"]["exit of Adam"].x.size
    steep = film.at(1)[1]["map"]["SGD"].y
    np.testing.assert_allclose(steep, [-2, -2 * (1 - 0.6 * 4)], rtol=1e-12)


def test_where_numbers_end_the_picture_says_so():
    film = SCENES["optimizers"](
        surface="log(x)**2 + y**2", domain="-1,3,-2,2", start="0.2,1", rates="equal", rate=1.0,
        optimizers="sgd,adam", steps=20,
    )  # fmt: skip
    data, said = film.data(), " ".join(captions(film) + legend_of(film))
    assert "NaN" not in said and "nan" not in said
    _, seen = film.at(-1)
    assert all(np.isfinite(panel.x.low) for panel in film.panels)
    assert "SGD" in seen["map"] and data["loss.SGD.y"].shape[1] == 21
    stuck = SCENES["optimizers"](
        surface="log(x) + y**2", domain="-3,3,-2,2", start="0.2,1", rates="equal", rate=0.5,
        optimizers="sgd", steps=8,
    )  # fmt: skip
    # 0.2 − 0.5/0.2 = −2.3: inside the picture, but there is no ground
    assert captions(stuck)[1:3] == [
        "Step 1: no loss is a number.",
        "Step 2: SGD has left the picture.",
    ]
    assert legend_of(stuck)[-1] == "✗ ended at step 2, no height there"
    way = stuck.at(-1)[1]["map"]["SGD"]
    np.testing.assert_allclose(way.x[:2], [0.2, -2.3])


def test_a_huge_rate_overflows_in_silence():
    for name in ("optimizers", "surface"):
        film = SCENES[name](optimizers="sgd,momentum,adam", rate=1e4, steps=60,
                            **({"rates": "equal"} if name == "optimizers" else {}))  # fmt: skip
        assert captions(film)[-1] == "Step 60: all have left the picture."
        assert all(np.isfinite((p.y.low, p.y.high)).all() for p in film.panels)
    assert "step 60" in captions(SCENES["overshoot"](rate=1e4, steps=60))[-1].lower()
    film = SCENES["weight_decay"](rate=1e4, adam_rate=1e4, steps=80)
    assert "no longer numbers for SGD, no longer numbers for Adam" in captions(film)[-1]
    film = SCENES["schedules"](schedules="constant,plateau", rate=1e4)
    assert "with plateau" in captions(film)[-1] and "1 overflowed" in captions(film)[-1]
    film = SCENES["step_anatomy"](optimizer="sgd", surface="log(x)", start="0.1,0", rate=1.0)
    assert "no longer finite" in captions(film)[1]  # x = −9.9 has no height
    film = SCENES["step_anatomy"](optimizer="sgd", rate=1e4, surface="rosenbrock")
    assert "no longer finite" in captions(film)[-1]


@pytest.mark.parametrize("name", ["optimizers", "surface", "start_points", "memory", "basins"])
def test_no_steps_are_a_picture_of_the_start(name):
    film = SCENES[name](steps=0)
    assert film.count == 1
    first = captions(film)[0]
    assert first.startswith("Of 36 rates lr" if name == "optimizers" else "Step 0")


def test_a_rate_of_zero_is_refused():
    with pytest.raises(UsageError, match="rate 0 is out of range"):
        SCENES["optimizers"](rate=0.0)
    with pytest.raises(InputError, match="above 0"):
        SCENES["optimizers"](optimizers="sgd:lr=0")


@pytest.mark.parametrize("name", all_but(["optimizers", "basins", "stability"], MINE))
def test_titles_and_captions_fit_the_page_and_name_what_is_seen(name):
    film = SCENES[name]()
    assert font.width(film.title, 24.0, True) < 906  # points between the margins
    assert all(len(lines_of(c)) <= LINES for c in captions(film))
    assert len(film.alt) > 60 and film.alt.endswith(".")
    assert film.count <= 121


def test_long_captions_fit_too():
    everybody = "momentum,nesterov,adagrad,rmsprop,adam,adamw,nadam,radam"
    for given in (
        {"optimizers": everybody, "surface": "saddle", "rates": "equal"},
        {"optimizers": everybody, "surface": "rosenbrock", "rates": "equal", "rate": 10.0},
    ):
        film = SCENES["optimizers"](**given)
        assert all(len(lines_of(c)) <= LINES for c in captions(film))
    for film in (SCENES["basins"](surface="rastrigin", side=20, rate=0.002, steps=20),
                 SCENES["rates"](rates="0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8")):  # fmt: skip
        assert all(len(lines_of(c)) <= LINES for c in captions(film))


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("optimizers", {"optimizers": "adm"}, "did you mean 'adam'"),
        ("optimizers", {"optimizers": "sgd,sgd"}, "there twice"),
        ("optimizers", {"optimizers": ""}, "name 1 to 12"),
        ("optimizers", {"optimizers": ",".join(f"sgd:lr={k}" for k in range(1, 14))}, "1 to 12"),
        ("optimizers", {"optimizers": "adam:beta=.9"}, "option of adam 'beta'"),
        ("optimizers", {"optimizers": "adam:betas"}, "has no value"),
        ("optimizers", {"optimizers": "adam:lr=fast"}, "does not work"),
        ("optimizers", {"optimizers": "adam:lr=-1"}, "lr"),
        ("optimizers", {"optimizers": "sgd:lr=.1:lr=.2"}, "lr is there twice"),
        ("optimizers", {"domain": "1000000,1000001,0,1"}, "too narrow"),
        ("optimizers", {"optimizers": ",".join(
            f"adam:betas=.9123/.98765:weight_decay=.0123:eps={k}e-7" for k in range(1, 13)
        )}, "no room for the picture"),
        ("rates", {"rates": ",".join(f"0.{k}" for k in range(11, 24))}, "13 rates"),
        ("surface", {"elevation": 90.0}, "out of range"),
        ("memory", {"optimizers": ",".join(OPTIMIZERS)}, "rows has no room"),
        ("optimizers", {"optimizers": "adam:betas=2/3"}, "betas"),
        ("optimizers", {"start": "9,9"}, "outside the picture"),
        ("optimizers", {"start": "here"}, "write 2 numbers"),
        ("optimizers", {"surface": "rosenbruck"}, "did you mean 'rosenbrock'"),
        ("optimizers", {"surface": "__import__('os')"}, ""),
        ("optimizers", {"schedule": "cosin"}, "cosine"),
        ("surface", {"surface": "log(x)", "start": "1,1"}, "no height in parts"),
        ("start_points", {"optimizer": "sgd,adam"}, "shows one optimizer"),
        ("basins", {"surface": "saddle"}, "no minimum inside"),
        ("stability", {"surface": "-x**2-y**2"}, "does not curve upwards"),
        ("stability", {"surface": "saddle"}, "no rate is stable"),
        ("stability", {"surface": "abs(x) + abs(y)"}, "has a kink"),
        ("start_points", {"surface": "log(x - 2.9)", "side": 1}, "no height at any"),
        ("optimizers", {"surface": "1e300*x**2 + y**2"}, "scale it down"),
        ("optimizers", {"surface": "beale", "domain": "1e90,2e90,1e90,2e90"}, "no finite height"),
        ("rates", {"optimizer": "adam:lr=3"}, "leave lr out"),
        ("schedules", {"schedules": "cosin"}, "cosine"),
        ("schedules", {"schedules": "step,step"}, "there twice"),
        ("rates", {"rates": "0.1,0"}, "above 0"), ("rates", {"rates": "0.1,0.1"}, "different"),
        ("rates", {"rates": "a"}, "write a number, such as 0.1"),
    ],
)  # fmt: skip
def test_what_does_not_work_is_one_sentence(name, given, says):
    with pytest.raises((UsageError, InputError)) as caught:
        SCENES[name](**given).still(0)  # what has no room is seen when it is drawn
    first = str(caught.value).split("\n", maxsplit=1)[0]
    assert says in str(caught.value) and 10 < len(first) < 250


def test_all_optimizers_of_the_engine_fit_one_picture():
    """Twelve looks, all unlike, with the legend below the picture."""
    every = ["momentum", "nesterov", *OPTIMIZERS]
    film = SCENES["optimizers"](optimizers=",".join(every[:12]), steps=5)
    assert "12 optimizers" in film.title
    assert height_over_legend(Canvas(film, *film.at(0))) >= 225
    film = SCENES["optimizers"](optimizers=",".join(OPTIMIZERS), steps=5)
    said = " ".join(legend_of(film))
    assert all(make.title in said for make in OPTIMIZERS.values())
    assert not {len(lines_of(c)) for c in captions(film)} - {1, 2}


def trial_of(film):
    panel = next(panel for panel in film.panels if panel.key == "trial")
    return panel, [a for a in panel.static if isinstance(a, Points)]


@pytest.mark.parametrize(
    ("surface", "text"), [("x**2 + y**2", "sgd,momentum,adam"), ("y**2", "sgd,rmsprop")]
)
def test_the_best_rate_has_its_mark_even_if_nothing_is_left_of_the_loss(surface, text):
    film = SCENES["optimizers"](surface=surface, optimizers=text)
    panel, marks = trial_of(film)
    assert len(marks) == len(choices(text))
    assert all(panel.y.low < mark.y[0] < panel.y.high for mark in marks)
    assert panel.y.high < 1e3 and panel.y.high / panel.y.low < 1e15
    run = travel(surface_of(surface), chosen("sgd"), [surface_of(surface).start], 60, 0.5)
    assert run.losses[-1, 0] == 0 and marks[0].x[0] == 0.5  # what the mark stands for
    assert EDGE in " ".join(legend_of(film))
    assert EDGE not in " ".join(legend_of(SCENES["optimizers"](steps=30)))


def test_it_is_said_where_the_trial_finds_no_fair_rate():
    film = SCENES["optimizers"](surface="exp(x**2*y**2)", optimizers="sgd,adam")
    assert captions(film)[0].endswith(" SGD leaves the picture with all.")
    assert [mark.key for mark in trial_of(film)[1]] == ["best of Adam"]
    film = SCENES["optimizers"](surface="exp(x**2*y**2)", optimizers="sgd,momentum")
    assert "every optimizer leaves" in captions(film)[0]
    film = SCENES["optimizers"](surface="bowl", optimizers="adadelta,adam")
    assert captions(film)[0].endswith(" For Adadelta it is the last one.")
    land = surface_of("bowl")
    ends = [travel(land, chosen("adadelta"), [land.start], 80, r).losses[-1, 0] for r in (50, 70)]
    assert ends[1] < ends[0]  # and a larger one may be better still


@pytest.mark.parametrize("text", ["exp(x**2*y**2)", "exp(100*x)", "x**2 + y**2 + 1e9", "x*y"])
def test_contour_lines_are_many_and_rise_on_every_surface(text):
    land = surface_of(text)
    found = levels(land)
    assert len(found) >= 10 and (np.diff(found) > 0).all()
    assert land.grid[2].min() <= found[0] and found[-1] <= land.grid[2].max()


@pytest.mark.slow
def test_pictures_of_extremes_have_no_text_over_text():
    eight = "sgd,momentum,nesterov,adagrad,adadelta,rmsprop,adam,adamw"
    for name, given in (
        ("optimizers", {"surface": "x + 1000000000", "steps": 4}),
        ("optimizers", {"surface": "bowl", "domain": "-0.001,0.001,-9,9", "steps": np.int64(2)}),
        ("optimizers", {"steps": 3, "rates": "equal", "optimizers": f"{eight},lion,radam"}),
        ("schedules", {"schedules": ",".join(get_args(ScheduleName)), "steps": 5}),
        ("memory", {"optimizers": eight, "steps": 2}),
    ):
        film = SCENES[name](**given)
        canvas = Canvas(film, *film.at(0), film_style())
        faults = list(objections(canvas))
        assert [f for f in faults if not f.endswith(("× 2", "× 3"))] == [], name
    axis = LossAxis(surface_of("x + 1000000000"), [np.array([1e9 + 1.5])])
    assert axis.axis.label == "loss − 1000000000" and axis.values(np.array([1e9 + 1.5])) == [1.5]


def test_an_overshoot_that_diverges_stays_on_its_axis():
    film = SCENES["overshoot"](rate=10.0)
    panel = next(panel for panel in film.panels if panel.key == "steep")
    assert panel.y.low <= -2.0 and 2.0 <= panel.y.high <= 4.0
    line = film.at(-1)[1]["steep"]["SGD"]
    assert line.y.tolist() == pytest.approx([-2.0, 78.0])  # y ← (1 − 4·10)y, and it is out


@pytest.mark.parametrize(
    ("text", "most"), [("radam", 3), ("nadam", 2), ("rmsprop:momentum=.9:centered=true", 2)]
)
def test_the_anatomy_has_room_for_every_formula(text, most):
    film = SCENES["step_anatomy"](optimizer=text, steps=3)
    canvas = Canvas(film, *film.at(0), film_style())
    faults = list(objections(canvas))
    assert [f for f in faults if "leaves" in f] == []
    assert all(int(re.findall(r"× (\d+)$", f)[0]) <= most for f in faults)


def test_basins_have_a_colour_for_each_minimum_and_no_other():
    film = SCENES["basins"](side=8, steps=3)
    heat = film.at(0)[1]["map"]["basins"]
    assert list(heat.names) == ["A", "B", "C", "D"]
    canvas = Canvas(film, *film.at(0), film_style(scale=0.5))
    scale = canvas._axes["map"].child_axes[0]
    assert [t.get_text() for t in scale.get_yticklabels()] == ["A", "B", "C", "D"]
    assert scale.get_ylim() == pytest.approx((0.5, 4.5))
    film = SCENES["basins"](surface="rastrigin", side=8, steps=3)
    names = film.at(0)[1]["map"]["basins"].names
    assert len(names) == 121 and [n for n in names if n] == ["1", "121"]


def test_numbers_are_written_as_people_do():
    assert with_powers("lr=1.5e-07 and −3e+4x") == "lr=1.5·10⁻⁷ and −3e+4x"
    said = captions(SCENES["rates"](rates="1e-7", steps=2))[-1]
    assert "lr=10⁻⁷" in legend_of(SCENES["rates"](rates="1e-7", steps=2))[0]
    assert not re.search(r"\de", said)
    assert "the same for SGD" in captions(SCENES["weight_decay"]())[-1]  # what rounding leaves
    assert "β = 0.9999" in SCENES["averages"](beta=0.9999).title
    assert "SGD with 1 rate" in SCENES["rates"](rates="0.1").title + "."
    assert not SCENES["rates"](rates="0.1").title.endswith("rates")


# Scene by scene -------------------------------------------------------------------------


def test_the_ways_on_the_map_are_the_descents():
    film = SCENES["optimizers"](surface="bowl", optimizers="sgd:lr=.1,momentum:lr=.05", steps=20)
    data = film.data()
    for name, rate, end in (("SGD lr=.1", 0.1, (-3.33804, -7.3e-5)),
                            ("momentum lr=.05", 0.05, (-0.589111, 0.698505))):  # fmt: skip
        x, y = data[f"map.{name}.x"], data[f"map.{name}.y"]
        assert np.isfinite(x[7]).sum() == 8  # at frame k the way has k steps
        np.testing.assert_allclose((x[-1, -1], y[-1, -1]), end, atol=1e-6)
        np.testing.assert_allclose(y[-1, 1], -2 + rate * 8, rtol=1e-12)
        loss = data[f"loss.{name}.y"][-1]
        np.testing.assert_allclose(loss, 0.1 * x[-1] ** 2 + 2 * y[-1] ** 2, rtol=1e-9)


def test_the_axis_of_losses_holds_what_is_inside():
    run = travel(LONG, chosen("sgd"), [(-5, -2)], 60, 0.6)
    axis = LossAxis(LONG, [run.losses]).axis
    assert axis.log and axis.low <= run.losses[0, 0] <= axis.high < 1e3 < run.losses[-1, 0]
    six = SURFACES["six_hump"]
    axis = LossAxis(six, [travel(six, chosen("sgd"), [six.start], 30, 0.02).losses])
    np.testing.assert_allclose(axis.values(np.array([six.floor + 2.0, six.floor])), [2.0, np.nan])
    assert axis.axis.label == "loss + 1.03"
    saddle = SURFACES["saddle"]
    plain = LossAxis(saddle, [travel(saddle, chosen("sgd"), [saddle.start], 200, 0.1).losses]).axis
    assert not plain.log and -12 < plain.low < plain.high < 12  # the picture ends at ±9


def test_basins_are_those_of_a_plain_loop():
    side, rate, steps = 24, 0.01, 60
    film = SCENES["basins"](side=side, rate=rate, steps=steps)
    shares = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(-5 + 10 * shares, -5 + 10 * shares)
    for _ in range(steps):
        a, b = x * x + y - 11, x + y * y - 7
        x, y = x - rate * (4 * x * a + 2 * b), y - rate * (2 * a + 4 * y * b)
    minima = [(3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)]
    away = [np.hypot(x - p, y - q) for p, q in minima]
    expected = np.where(np.min(away, axis=0) < 0.2, np.argmin(away, axis=0) + 1.0, np.nan)
    table = film.data()["map.basins.values"]
    np.testing.assert_array_equal(table[-1], expected)
    assert np.isnan(table[0]).mean() > 0.9
    arrived = np.isfinite(table)
    assert (arrived[1:] >= arrived[:-1]).all()  # to stay
    share = rf"A {100 * np.mean(expected == 1):.0f}\s%"  # a space that is no break
    assert re.search(share, captions(film)[-1])


def test_starts_are_counted_at_their_minima():
    film = SCENES["start_points"](side=3, steps=120)
    assert captions(film)[0] == "Step 0: 0 of 9 starts are at a minimum."
    assert captions(film)[-1] == "Step 120: 9 of 9 starts are at a minimum."
    lost = SCENES["start_points"](side=3, rate=10.0, steps=20)
    assert captions(lost)[-1] == "Step 20: 0 of 9 starts are at a minimum, 9 outside the picture."


def test_a_way_in_space_lies_on_the_surface():
    data = SCENES["surface"](steps=10, height="log", optimizers="sgd:lr=.01").data()
    x, y, z = (data[f"space.SGD lr=.01.{c}"][-1] for c in "xyz")
    heights = sum((c - x * (1 - y**k)) ** 2 for k, c in ((1, 1.5), (2, 2.25), (3, 2.625)))
    np.testing.assert_allclose(z, np.log10(1 + heights), rtol=1e-10)
    plain = SCENES["surface"](
        steps=2, height="plain", surface="x**2 + y**2", domain="-3,3,-3,3"
    ).panels[0]
    assert plain.z.label == "loss" and plain.z.high > 18


def test_the_anatomy_has_adams_numbers():
    film = SCENES["step_anatomy"](steps=2)
    tables = film.data()["table.terms.rows"]
    shown = [{row[0]: row[1:] for row in table} for table in tables]
    at, m, v = np.array([-5.0, -2.0]), np.zeros(2), np.zeros(2)
    for t, rows in enumerate(shown, 1):
        g = np.array([0.2, 4.0]) * at
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        update = -0.4 * m_hat / (np.sqrt(v_hat) + 1e-8)
        at = at + update
        for name, values in (
            ("g, gradient", g), ("m, mean of g", m), ("v, mean of g²", v), ("m̂", m_hat),
            ("v̂", v_hat), ("update", update), ("θ after it", at),
        ):  # fmt: skip
            read = [float(cell.replace("−", "-")) for cell in rows[name]]
            np.testing.assert_allclose(read, values, rtol=2e-3)
    turned = 180 / np.pi * np.arccos((8 + 1) / np.sqrt(2) / np.sqrt(65))  # of (1, 1) from (1, 8)
    assert f"{turned:.0f}° away" in captions(film)[0]


@pytest.mark.parametrize("text", [*PEERS, "lion"])
def test_every_optimizer_has_an_anatomy(text):
    film = SCENES["step_anatomy"](optimizer=text, rate=0.05, steps=3)
    rows = film.data()["table.terms.rows"][-1]
    assert {"g, gradient", "update", "θ after it"} <= {row[0] for row in rows}


def test_the_ruler_says_who_is_beyond_the_limit():
    film = SCENES["stability"](momentum=0.5, frames=23)
    assert "λ = 0.2 and 4" in film.title
    for said in captions(film):
        product = float(re.search(r"αλ = ([\d.]+)", said)[1])
        over = [name for name, most in (("descent", 2), ("heavy ball", 3), ("Nesterov", 1.5))
                if product >= most]  # fmt: skip
        if len(over) == 3:
            assert "all three are beyond" in said
        elif over:
            assert f"{' and '.join(over)} {'is' if len(over) == 1 else 'are'} beyond" in said
        else:
            assert "all three are within" in said


def test_rates_of_schedules_are_their_formulas():
    film = SCENES["schedules"](
        schedules="constant,step,exponential,linear,cosine,time_based", rate=0.2, steps=60
    )
    data, k = film.data(), np.arange(60)
    for name, rates in {
        "constant": 0.2 + 0 * k, "step": 0.2 * 0.3 ** (k // 20),
        "exponential": 0.2 * round(0.05 ** (1 / 60), 4) ** k, "linear": 0.2 * (1 - k / 60),
        "cosine": 0.1 * (1 + np.cos(np.pi * k / 60)), "time_based": 0.2 / (1 + 0.1667 * k),
    }.items():  # fmt: skip
        np.testing.assert_allclose(data[f"rate.{name}.y"][-1], rates, rtol=1e-9, atol=1e-15)
    assert any("seed 0" in text for text in legend_of(film))


def test_averages_are_their_recursions():
    data = SCENES["averages"](steps=50, window=7, beta=0.8, seed=5).data()
    series = data["series.series.y"][-1]
    np.testing.assert_allclose(
        data["series.cumulative.y"][-1], np.cumsum(series) / np.arange(1, 51), rtol=1e-12
    )
    m, raw = 0.0, []
    for x in series:
        m = 0.8 * m + 0.2 * x
        raw.append(m)
    np.testing.assert_allclose(data["series.uncorrected.y"][-1], raw, rtol=1e-12)
    corrected = np.array(raw) / (1 - 0.8 ** np.arange(1, 51))
    np.testing.assert_allclose(data["series.exponential.y"][-1], corrected, rtol=1e-12)
    simple = [series[max(0, t - 6) : t + 1].mean() for t in range(50)]
    np.testing.assert_allclose(data["series.simple.y"][-1], simple, rtol=1e-12)
    for kind in ("cumulative", "simple", "exponential"):
        np.testing.assert_allclose(np.nansum(data[f"shares.{kind}.y"], axis=1), 1, rtol=1e-12)
    # half of the weight is younger than the half-life
    assert 0.8 ** half_life(0.8) == pytest.approx(0.5)


def test_nesterov_overshoots_less_than_momentum():
    film = SCENES["overshoot"]()
    said = dict(re.findall(r"(\w+) ([\d.]+)(?=[,.])", captions(film)[-1].split(": ")[1]))
    b, step = 0.9, 0.05 * 4.0  # y ← y − v, v ← b·v + αλ·y, as torch writes it
    y, v, far = -2.0, 0.0, 0.0
    for _ in range(80):
        v = b * v + step * y
        y -= v
        far = max(far, y)
    assert float(said["momentum"].rstrip(".")) == pytest.approx(far, rel=5e-3)
    assert 0 < float(said["Nesterov"].rstrip(".")) < 0.7 * far
    assert float(said["SGD"]) == 0


def test_decay_and_penalty_agree_for_sgd_and_not_for_adam():
    data = SCENES["weight_decay"](decay=0.5, steps=30, domain="auto").data()
    sgd = np.hypot(*(data[f"map.SGD + L2.{c}"][-1] - data[f"map.SGD decoupled.{c}"][-1]
                     for c in "xy"))  # fmt: skip
    assert sgd.max() < 1e-12 and np.nanmax(data["apart.Adam.y"][-1]) > 0.1
    at, m, v = np.array(SURFACES["booth"].start, float), np.zeros(2), np.zeros(2)
    for t in range(1, 31):
        x, y = at
        g = np.array([10 * x + 8 * y - 34, 8 * x + 10 * y - 38])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        at = at * (1 - 0.5 * 0.5)
        at = at - 0.5 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    end = [data[f"map.AdamW.{c}"][-1, -1] for c in "xy"]
    np.testing.assert_allclose(end, at, rtol=1e-9)


def test_the_circle_is_where_the_penalised_loss_is_least():
    """Booth's with ½‖θ‖²: 11x + 8y = 34, 8x + 11y = 38; both SGD end there."""
    film = SCENES["weight_decay"](steps=400)
    data, least = film.data(), np.linalg.solve([[11.0, 8.0], [8.0, 11.0]], [34.0, 38.0])
    circle = [data[f"map.penalised.{c}"][0] for c in "xy"]
    assert circle == pytest.approx(least, abs=1e-9)
    assert [data[f"map.SGD + L2.{c}"][-1, -1] for c in "xy"] == pytest.approx(least, abs=1e-6)


def test_who_left_the_picture_and_came_back_is_named():
    film = SCENES["optimizers"](
        surface="bowl", optimizers="sgd,momentum,adagrad,rmsprop", rates="equal", rate=1e4
    )
    said = captions(film)[-1]
    assert "Adagrad and RMSprop left the picture and came back" in said


@pytest.mark.parametrize("steps", one_in(3, [40, 80, 160]))
@pytest.mark.parametrize("start", [(-2.6, -0.3), (2.5, 1.8), (-2, -1.5), (2.6, 0.4)])
def test_on_a_ravine_gradient_descent_zig_zags_and_momentum_wins(start, steps):
    """Each at its best rate; the first crosses the valley with nearly every one of 40 steps."""
    land = SURFACES["ravine"]
    runs = {}
    for name in ("sgd", "momentum", "nesterov"):
        (choice,) = choices(name)
        runs[name] = travel(
            land, choice, [start], steps, sweep(land, choice, start, steps, RATES).best
        )
    crossed = np.diff(np.sign(runs["sgd"].path()[:40] @ (1, -2))) != 0
    assert crossed.mean() > 0.9
    ends = {name: run.losses[-1, 0] for name, run in runs.items()}
    assert 4 * ends["momentum"] < ends["sgd"] and 10 * ends["nesterov"] < ends["sgd"]


def test_a_map_is_zoomed_to_the_ways_unless_somebody_gave_a_domain_or_left():
    wide = SURFACES["ravine"]
    film = SCENES["optimizers"](steps=20)
    x = film.panels[0].x
    assert wide.x[0] <= x.low and x.high < wide.x[1] - 0.5
    data = film.data()
    for name in ("SGD", "momentum", "Adam"):
        way = data[f"map.{name}.x"][-1]
        assert x.low < np.nanmin(way) and np.nanmax(way) < x.high
    given = SCENES["optimizers"](steps=20, domain="-3,3,-2,2").panels[0].x
    assert (given.low, given.high) == (-3, 3)
    left = SCENES["rates"](rates="0.55", steps=60).panels[0].x
    assert (left.low, left.high) == SURFACES["bowl"].x


def test_the_table_of_memory():
    rows = SCENES["memory"](billions=7.0, steps=3).data()["table.memory.rows"][-1]
    known = {"SGD": 0, "momentum": 1, "Adagrad": 1, "Adadelta": 2, "RMSprop": 1, "Adam": 2}
    assert {row[0]: int(row[2]) for row in rows} == known
    assert {row[0]: float(row[3]) for row in rows} == {n: 28.0 * k for n, k in known.items()}


@pytest.mark.parametrize("directions", ["pca", "random"])
def test_the_network_ends_in_the_centre_with_its_true_loss(directions):
    film = SCENES["network_loss"](directions=directions, steps=30)
    data = film.data()
    assert np.hypot(data["map.training.x"][-1, -1], data["map.training.y"][-1, -1]) < 1e-9
    true, seen = data["loss.true.y"][-1], data["loss.seen.y"][-1]
    assert true[-1] == pytest.approx(seen[-1], rel=1e-12) and true[-1] < true[0]
    share = re.search(r"([\d.]+)\s% of the path", captions(film)[0])[1]
    assert 80 < float(share) <= 100 if directions == "pca" else float(share) < 80
    assert f"the largest gap is {np.abs(true - seen).max():.3g}"[:25] in captions(film)[0]
