"""Scenes inside deep networks: their numbers against numpy by hand, theory and printed tables."""

import math

import numpy as np
import pytest

from backviz import scenes
from backviz.errors import UsageError
from backviz.nn import init, theory
from backviz.scenes import SCENES
from backviz.scenes.deep import Deep, Recipe, compared, task, training
from backviz.scenes.factors import chain_gradients
from backviz.scenes.long_gradients import angle, batch_gradients, cut
from backviz.scenes.phases import chi_map, edge
from backviz.scenes.sampled import band, sampled
from backviz.scenes.starts import start, variance
from backviz.scenes.symmetry import _rows
from backviz.scenes.units import dead, saturated, slopes
from backviz.scenes.vanishing import gradients

SMALL = {  # every scene of this family, small enough for a test
    "gradient_flow": {"depth": 4, "width": 8, "steps": 5},
    "gradient_strip": {"depth": 5, "width": 8, "steps": 5},
    "gradient_factor": {"depth": 4, "width": 8, "seeds": 3},
    "quarter_bound": {"depth": 5, "chains": 4},
    "clipping": {"depth": 3, "width": 8, "steps": 5},
    "rescaled_gradient": {"depth": 4, "width": 6, "batch": 4},
    "saturation": {"depth": 3, "width": 8, "steps": 5},
    "unit_inputs": {"depth": 3, "width": 8, "steps": 5},
    "activations": {"depth": 3, "width": 8, "steps": 5},
    "dead_units": {"depth": 2, "width": 8, "steps": 5},
    "input_drift": {"depth": 2, "width": 8, "steps": 5},
    "init_variance": {"depth": 4, "width": 8, "seeds": 3},
    "zero_init": {"depth": 2, "width": 4, "steps": 5},
    "order_chaos": {"depth": 5, "width": 8, "seeds": 2, "frames": 4},
}


@pytest.mark.parametrize("name", SMALL)
def test_a_scene_is_whole_and_says_what_it_shows(name):
    film = SCENES[name](**SMALL[name])
    data = film.data()
    assert len(data["caption"]) == film.count
    assert all(caption[0].isupper() and caption[-1] in ".)" for caption in data["caption"])
    assert len(film.alt) > 40
    assert 1 <= len(film.stills) <= 6
    assert film.stills[-1] == film.count - 1
    numbers = [v for v in data.values() if np.issubdtype(v.dtype, np.number)]
    assert any(np.isfinite(v).any() for v in numbers)
    assert not any(np.isinf(v).any() for v in numbers)


@pytest.mark.parametrize("name", SMALL)
def test_the_seed_decides(name):
    def shown(**more):
        data = SCENES[name](**SMALL[name], **more).data()
        return {k: v for k, v in data.items() if k != "caption"}

    first, again, other = shown(), shown(), shown(seed=1)
    assert first.keys() == again.keys()
    for key in first:
        np.testing.assert_array_equal(first[key], again[key], err_msg=key)
    assert any(
        first[k].shape != other[k].shape or not np.array_equal(first[k], other[k], equal_nan=True)
        for k in first
        if np.issubdtype(first[k].dtype, np.number)
    )


# Gradients ------------------------------------------------------------------------------


def by_hand(recipe):
    """∂L/∂h and ∂L/∂W of a plain tanh network, in numpy alone."""
    net, (x, y) = Deep(recipe), task(recipe)
    weights = [layer.weight.data for layer in net.linear]
    head = net.head.weight.data
    outputs = [x]
    for w in weights:
        outputs.append(np.tanh(outputs[-1] @ w))  # all biases start at 0
    out = outputs[-1] @ head
    g = -y / (1 + np.exp(y * out)) / len(x) @ head.T
    to_outputs, to_weights = [g], []
    for w, below, above in zip(weights[::-1], outputs[-2::-1], outputs[:0:-1], strict=True):
        inside = g * (1 - above**2)
        to_weights.append(below.T @ inside)
        g = inside @ w.T
        to_outputs.append(g)
    return to_outputs[-2::-1], to_weights[::-1]


def test_gradients_are_those_of_numpy_by_hand():
    recipe = Recipe(depth=5, width=7, samples=9, seed=3)
    moment = next(training(recipe, 1))
    to_outputs, to_weights = by_hand(recipe)
    for layer, dh, dw in zip(moment.layers, to_outputs, to_weights, strict=True):
        np.testing.assert_allclose(layer.outputs.grad, dh, rtol=1e-11, atol=1e-16)
        np.testing.assert_allclose(layer.weight.grad, dw, rtol=1e-11, atol=1e-16)
    norms, weight_norms, _ = gradients(recipe, 1)
    np.testing.assert_allclose(norms[0], [np.linalg.norm(g) for g in to_outputs])
    np.testing.assert_allclose(weight_norms[0], [np.linalg.norm(g) for g in to_weights])


def test_what_the_film_shows_are_these_norms():
    options = {"depth": 4, "width": 6, "steps": 2, "activation": "tanh", "against": ""}
    data = scenes.gradient_flow(**options).data()
    expected, _ = by_hand(Recipe(4, 6, "tanh"))
    np.testing.assert_allclose(
        data["∂L/∂h.tanh, xavier normal.y"][0], [np.linalg.norm(g) for g in expected]
    )


def test_one_thing_is_changed_and_the_weights_are_the_same():
    nets = compared(Recipe(4, 6), "wiring=residual")
    plain, other = (Deep(recipe) for recipe in nets.values())
    assert list(nets) == ["plain", "residual"]
    for a, b in zip(plain.linear, other.linear, strict=True):
        np.testing.assert_array_equal(a.weight.data, b.weight.data)
    deeper = Deep(Recipe(6, 6))
    np.testing.assert_array_equal(deeper.linear[3].weight.data, plain.linear[3].weight.data)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weights", ["random", "one"])
def test_no_chain_of_sigmoids_crosses_the_bound(weights, seed):
    depth = 30
    sizes = chain_gradients(depth, 200, weights, seed)
    bound = 0.25 ** np.arange(depth, -1, -1)
    assert np.all(sizes <= bound)
    assert np.any(3 * sizes > bound)  # and weights beyond 1 could cross it
    assert np.all(sizes[:, -1] == 1)


def test_residual_wiring_lets_the_gradient_through():
    plain, residual = (
        gradients(Recipe(30, 32, "sigmoid", wiring=w), 1)[0][0] for w in ("plain", "residual")
    )
    assert plain[0] / plain[-1] < 1e-12
    assert 0.1 < residual[0] / residual[-1] < 10


# Clipping and rescaling -----------------------------------------------------------------


def test_clipping_by_norm_keeps_the_direction_and_by_value_does_not():
    g = np.random.default_rng(0).standard_normal(50) ** 3
    made = cut([g[:20], g[20:]], threshold=0.5)
    assert made.norm == pytest.approx(float(np.sqrt(np.sum(g**2))))
    assert made.angles[0] < 1e-6
    assert made.after[0] == pytest.approx(0.5, abs=1e-5)
    clipped = np.clip(g, -0.5, 0.5)
    cosine = g @ clipped / np.sqrt((g @ g) * (clipped @ clipped))
    assert made.angles[1] == pytest.approx(math.degrees(math.acos(cosine)), abs=1e-6)
    assert made.angles[1] > 20
    assert cut([g], threshold=1e6).angles == (0.0, 0.0)


def test_the_angle():
    assert angle(np.array([1.0, 0.0]), np.array([0.0, 3.0])) == pytest.approx(90)
    assert angle(np.array([1.0, 1e-9]), np.array([1.0, 0.0])) == pytest.approx(
        math.degrees(1e-9), rel=1e-6
    )


def test_without_clipping_the_default_film_overflows_and_with_it_does_not():
    captions = scenes.clipping(steps=30).data()["caption"]
    assert "no clipping overflows" in captions[-1]
    assert "by norm overflows" not in captions[-1]


def test_the_mean_of_the_batches_is_the_gradient_of_all():
    recipe = Recipe(3, 5, samples=24)
    found = batch_gradients(recipe, 2, 4)
    moment = next(training(recipe, 1))
    np.testing.assert_allclose(
        found.mean(axis=0), moment.layers[1].weight.grad.ravel(), rtol=1e-9, atol=1e-14
    )


def test_a_factor_leaves_the_ratio_of_signal_and_noise():
    data = scenes.rescaled_gradient(depth=4, width=6, batch=4).data()
    ratio = data["sizes.signal.y"][-1] / data["sizes.noise.y"][-1]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)


# Units ----------------------------------------------------------------------------------


def test_saturated_and_dead_units_are_counted():
    h = np.tanh(np.array([-3.0, 0.0, 1.0, 2.2]))
    assert saturated("tanh", h) == 0.5  # tanh 2.2 = 0.9757
    s = 1 / (1 + np.exp(-2 * np.array([-3.0, 0.0, 1.0, 2.2])))
    assert saturated("sigmoid", s) == 0.5  # the same inputs: σ(2z) = (1 + tanh z)/2
    assert math.isnan(saturated("relu", h))
    z = np.array([[-1.0, -1.0, 1.0], [-2.0, 3.0, 1.0]])
    assert dead(slopes("relu", z)) == pytest.approx(1 / 3)
    assert dead(slopes("leaky_relu", z)) == 0
    assert math.isnan(dead(slopes("relu", z * np.nan)))


def test_all_units_dead_is_shown_as_such():
    data = scenes.dead_units(least=1.0, most=10.0, depth=3, width=16, steps=20).data()
    assert np.nanmax(data["dead.relu.y"]) > 0.3
    assert np.nanmax(data["dead.leaky_relu.y"]) == 0


def test_histograms_hold_all_units():
    data = scenes.saturation(depth=3, width=8, steps=3, activation="relu", init="he_normal").data()
    heights = [v for k, v in data.items() if k.endswith(".heights")]
    assert len(heights) == 6
    for each in heights:
        np.testing.assert_allclose(each.sum(axis=1), 1)


def test_update_to_weight_ratio():
    recipe = Recipe(2, 6, "tanh", rate=0.25)
    moment = next(training(recipe, 1))
    w = moment.layers[1].weight
    expected = math.log10(0.25 * float(np.std(w.grad)) / float(np.std(w.data)))
    data = scenes.saturation(
        depth=2, width=6, steps=1, rate=0.25, init="xavier_normal", against=""
    ).data()
    assert data["update.tanh, xavier normal.y"][0, 1] == pytest.approx(expected)


# Variance -------------------------------------------------------------------------------

CS231N = {  # lecture 6: 10 layers of 500, std of the outputs, layer by layer
    ("tanh", "small"): [0.213, 0.0476, 0.0106, 0.00238, 0.00053],
    ("tanh", "xavier_normal"): [0.628, 0.487, 0.408, 0.358, 0.320, 0.293, 0.271, 0.253, 0.239,
                                0.226],
    ("relu", "he_normal"): [0.825, 0.828, 0.814, 0.827],
}  # fmt: skip


# three deviations of log std a layer: for ReLU E[φ⁴]/E[φ²]² − 1 = 5, so ½√(5/500) each
WIDE = {"tanh": 0.03, "relu": 1.5 * math.sqrt(5 / 500)}


@pytest.mark.parametrize(("activation", "name"), CS231N)
def test_printed_tables_lie_in_bands_that_grow_with_depth(activation, name):
    printed = np.array(CS231N[activation, name])
    made = sampled(
        activation, start(name, activation), depth=printed.size, width=500, seeds=4, batch=100
    )
    spread = WIDE[activation] * np.sqrt(np.arange(1, printed.size + 1))  # of the logarithm
    assert np.all(np.abs(np.log(made.std / printed)) < spread)
    wrong = sampled(activation, init.lecun_uniform, depth=4, width=500, seeds=1, batch=100)
    if name != "xavier_normal":
        assert np.any(np.abs(np.log(wrong.std[0, :4] / printed[:4])) > spread[:4])


def test_means_after_he_and_halving_after_xavier():
    he = sampled("relu", init.he_normal, depth=4, width=500, seeds=4, batch=100)
    spread = WIDE["relu"] * np.sqrt(np.arange(1, 5))
    assert np.all(np.abs(np.log(he.mean / [0.562, 0.554, 0.546, 0.565])) < spread)
    xavier = sampled("relu", init.xavier_normal, depth=8, width=500, seeds=4, batch=50)
    halves = xavier.forward[:, 1:] / xavier.forward[:, :-1]
    assert np.all(np.abs(np.log2(halves) + 1) < 0.5)  # one step of one network: ± 0.14
    assert abs(np.log2(halves).mean() + 1) < 0.1


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("name", ["standard_uniform", "lecun_normal", "he_normal", "orthogonal"])
def test_theory_runs_through_the_samples(activation, name):
    depth, width = 12, 128
    made = sampled(activation, start(name, activation), depth=depth, width=width, seeds=6)
    expected = theory.propagate(activation, depth, variance(name, activation, width))
    wide = 6 * np.sqrt(np.arange(1, depth + 1) / width)  # of the logarithm
    assert np.all(np.abs(np.log(np.median(made.forward, axis=0) / expected.q)) < wide)
    assert np.all(np.abs(np.log(np.median(made.gradient, axis=0) / expected.backward)) < wide[::-1])


def test_a_band_widens_with_depth():
    made = sampled("relu", init.he_normal, depth=40, width=32, seeds=30)
    low, _, high = band(made.forward)
    assert high[-1] / low[-1] > 2 * high[0] / low[0]


def test_units_that_begin_alike_stay_alike():
    rows, losses = _rows(Recipe(2, 5, init="constant", rate=0.5), 40)
    assert np.ptp(rows, axis=1).max() == 0
    assert losses[-1] < losses[0]
    random, _ = _rows(Recipe(2, 5, init="xavier_normal", rate=0.5), 2)
    assert np.ptp(random, axis=1).max() > 0.1
    nothing, _ = _rows(Recipe(2, 5, init="zeros", rate=0.5), 40)
    assert np.all(nothing == 0)


# Order and chaos ------------------------------------------------------------------------


def crossing(activation, biases, low=0.2, high=6.0):
    """The σ_w² at which the map passes 1, by bisection."""
    for _ in range(40):
        middle = (low + high) / 2
        below = chi_map(activation, np.array([middle]), np.array([biases]))[0, 0] < 1
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2


def test_the_map_has_its_edge_where_theory_has_it():
    assert crossing("relu", 0.0) == pytest.approx(2, abs=1e-6)
    assert crossing("relu", 0.1) == pytest.approx(2, abs=1e-6)
    assert crossing("tanh", 0.0) == pytest.approx(1, abs=2e-3)
    assert crossing("tanh", 0.05) == pytest.approx(theory.critical("tanh", 0.05), abs=2e-3)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "elu", "silu"])
def test_the_map_agrees_with_the_phases(activation):
    weights, biases = np.array([0.4, 1.3, 1.9]), np.array([0.02, 0.25])
    chi = chi_map(activation, weights, biases)
    for i, b in enumerate(biases):
        for j, w in enumerate(weights):
            assert chi[i, j] == pytest.approx(theory.phase(activation, w, b).chi, rel=2e-3)


def test_on_the_edge_the_factor_is_1():
    line = edge("tanh", 0.3)
    inside = line[(line[:, 1] > 0.02) & (line[:, 1] < 0.3)]
    for w, b in inside[::6]:
        assert theory.phase("tanh", w, b).chi == pytest.approx(1, abs=1e-6)


def test_real_networks_follow_the_phase():
    data = scenes.order_chaos(depth=20, width=64, seeds=8, frames=3).data()
    first = data["depth.measured.y"][:, 0]
    assert first[0] < 1e-6
    assert first[-1] > 1


# The ends of what can be asked -----------------------------------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_one_layer_and_one_unit(name):
    given = {**SMALL[name], "depth": 1, "width": 1}
    limits = {o.name: o for o in SCENES[name].options}
    given = {k: v for k, v in given.items() if k in limits}
    for key in ("depth", "width"):
        if key in given:
            given[key] = max(1, int(limits[key].within.low))
    data = SCENES[name](**given).data()
    assert all(data["caption"])


@pytest.mark.parametrize(
    ("name", "options"),
    [("init_variance", {"width": 8, "seeds": 2, "inits": "zeros, large, constant"}),
     ("gradient_strip", {"width": 4, "steps": 2})],
)  # fmt: skip
def test_a_thousand_layers(name, options):
    data = SCENES[name](depth=1000, **options).data()
    assert all(data["caption"])


@pytest.mark.parametrize("name", ["gradient_flow", "gradient_strip", "saturation", "activations"])
def test_an_overflow_is_said(name):
    options = {"init": "large", "depth": 20, "width": 64, "steps": 8, "rate": 100.0}
    if name == "activations":
        options["names"] = "relu"
    else:
        options |= {"activation": "relu", "against": "wiring=residual"}
    film = SCENES[name](**options)
    assert "overflow" in film.data()["caption"][-1]


@pytest.mark.parametrize("init_name", ["zeros", "constant"])
def test_gradients_that_are_0_or_alike(init_name):
    for name in ("gradient_flow", "gradient_factor", "rescaled_gradient", "saturation"):
        film = SCENES[name](**SMALL[name], init=init_name)
        assert all(film.data()["caption"])


@pytest.mark.parametrize(
    ("call", "said"),
    [(lambda: scenes.gradient_flow(against="wiring=residul"), "did you mean 'residual'"),
     (lambda: scenes.gradient_flow(against="depth=3"), "against 'depth=3' changes nothing"),
     (lambda: scenes.gradient_flow(against="wiring=plain"), "has already"),
     (lambda: scenes.saturation(against="rate=fast"), "the rate is a number"),
     (lambda: scenes.gradient_flow(depth=1000), "depth 1000 is out of range; use 1 to 200"),
     (lambda: scenes.init_variance(inits="he"), "unknown init 'he'"),
     (lambda: scenes.init_variance(inits=""), "give 1 to 5 with commas"),
     (lambda: scenes.activations(names="relu, tahn"), "did you mean 'tanh'"),
     (lambda: scenes.dead_units(least=2.0, most=1.0), "use least < most"),
     (lambda: scenes.order_chaos(least=4.0, most=2.0), "use least < most"),
     (lambda: scenes.order_chaos(activation="gelu"), "unknown activation 'gelu'")],
)  # fmt: skip
def test_a_wrong_wish_gets_a_sentence(call, said):
    with pytest.raises(UsageError, match=said):
        call()
