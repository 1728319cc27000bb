"""Scenes inside deep networks: their numbers against numpy by hand, theory and printed tables."""

import math
import os

import numpy as np
import pytest
from quick import one_in, slow

from backviz import scenes
from backviz.errors import UsageError
from backviz.nn import init, theory
from backviz.scenes import SCENES
from backviz.scenes.deep import Deep, Recipe, compared, task, training
from backviz.scenes.factors import chain_gradients
from backviz.scenes.gradient_on_graph import chain
from backviz.scenes.long_gradients import angle, cut
from backviz.scenes.phases import chi_map, edge
from backviz.scenes.sampled import band, left_out, sampled
from backviz.scenes.short_gradients import rounded
from backviz.scenes.starts import start, variance
from backviz.scenes.symmetry import _rows
from backviz.scenes.units import dead, saturated, slopes
from backviz.scenes.vanishing import gradients

pytestmark = pytest.mark.blas

SMALL = {  # every scene of this family, small enough for a test
    "gradient_flow": {"depth": 4, "width": 8, "steps": 5},
    "gradient_strip": {"depth": 5, "width": 8, "steps": 5},
    "gradient_graph": {"weights": "random"},
    "gradient_factor": {"depth": 4, "width": 8, "seeds": 3},
    "quarter_bound": {"depth": 5, "chains": 4},
    "clipping": {"depth": 3, "width": 8, "steps": 5},
    "rescaled_gradient": {"depth": 4, "width": 6, "doublings": 4},
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
    assert 4 <= len(film.stills) <= 6
    assert film.stills[-1] == film.count - 1
    assert {"seed": 0, **SMALL[name]}.items() <= film.settings.items()
    numbers = [v for v in data.values() if np.issubdtype(v.dtype, np.number)]
    assert any(np.isfinite(v).any() for v in numbers)
    assert not any(np.isinf(v).any() for v in numbers)


def seen(artist):
    """Whether anything of an artist can be seen: a line that is not marked needs two points."""
    if type(artist).__name__ in ("Graph", "Words", "Rule", "Zone"):
        return type(artist).__name__ == "Graph"
    last = np.atleast_1d(list(artist.data().values())[-1])
    known = np.isfinite(last).sum()
    alone = type(artist).__name__ in ("Line", "Band") and not getattr(artist, "marked", False)
    return known > (1 if alone else 0)


@pytest.mark.parametrize("name", SMALL)
def test_something_is_seen_from_the_first_frame_on(name):
    _, panels = SCENES[name](**SMALL[name]).at(0)
    assert any(seen(artist) for artists in panels.values() for artist in artists.values())


@pytest.mark.parametrize("name", SMALL)
def test_layers_go_from_left_to_right(name):
    for panel in SCENES[name](**SMALL[name]).panels:
        assert not panel.y.label.startswith("layer")


@pytest.mark.parametrize("name", one_in(3, SMALL))
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


@pytest.mark.peers
@pytest.mark.parametrize("wiring", ["plain", "residual", "batch_norm", "layer_norm"])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "gelu", "selu"])
def test_gradients_are_those_of_torch(activation, wiring):
    if not os.environ.get("CI_PEERS"):
        pytest.importorskip("torch")
    import torch

    recipe = Recipe(4, 6, activation, "he_normal", wiring, samples=8, seed=2)
    moment, (x, y) = next(training(recipe, 1)), task(recipe)
    net, leaves, outputs = Deep(recipe), [], []
    h, y = torch.tensor(x), torch.tensor(y)
    for linear in net.linear:
        leaves.append(torch.tensor(linear.weight.data, requires_grad=True))
        z = h @ leaves[-1]
        if wiring == "batch_norm":
            z = torch.nn.functional.batch_norm(z, None, None, training=True)
        elif wiring == "layer_norm":
            z = torch.nn.functional.layer_norm(z, (6,))
        out = getattr(torch.nn.functional, activation)(z)
        h = h + out if wiring == "residual" else out
        h.retain_grad()
        outputs.append(h)
    loss = torch.nn.functional.softplus(-y * (h @ torch.tensor(net.head.weight.data))).mean()
    loss.backward()
    assert moment.loss == pytest.approx(loss.item(), rel=1e-12)
    for layer, out, w in zip(moment.layers, outputs, leaves, strict=True):
        np.testing.assert_allclose(layer.outputs.grad, out.grad.numpy(), rtol=1e-8, atol=1e-14)
        np.testing.assert_allclose(layer.weight.grad, w.grad.numpy(), rtol=1e-8, atol=1e-14)


def test_a_rate_of_0_changes_nothing():
    film = scenes.gradient_flow(depth=3, width=6, steps=4, rate=0, against="rate=0.5")
    data = film.data()
    still, moved = (data[f"∂L/∂W.rate {name}.y"] for name in ("0.0", "0.5"))
    assert np.all(still == still[0])
    assert not np.any(moved[1:] == moved[0])


def test_layer_norm_learns_from_one_sample_and_batch_norm_cannot():
    options = {"layer": 2, "depth": 3, "width": 16, "samples": 1, "steps": 6}
    film = scenes.input_drift(wiring="layer_norm", against="wiring=plain", **options)
    data = film.data()
    np.testing.assert_allclose(data["layer norm.mean.y"][0, 0], 0, atol=1e-9)
    np.testing.assert_allclose(data["layer norm.std.high"][0, 0], 1, atol=1e-2)
    with pytest.raises(UsageError, match="no variance in a batch of 1 sample; use 2"):
        scenes.input_drift(against="wiring=batch_norm", **options)
    assert scenes.gradient_flow(**SMALL["gradient_flow"], samples=2).count == 5


# The graph ------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "softplus"])
@pytest.mark.parametrize("wiring", ["plain", "residual"])
@pytest.mark.parametrize("depth", [1, 3, 4])
def test_the_curves_show_what_the_graph_shows(activation, wiring, depth):
    film = scenes.gradient_graph(activation=activation, wiring=wiring, depth=depth, size=2.0)
    assert film.count == depth + 1
    for _, panels in film.states():
        graph = panels["graph"]["graph"]
        boxes = graph.steps.moments[graph.moment].boxes
        titles = {box.title: boxes[box.id].gradient for box in graph.steps.diagram.boxes}
        h, w = (panels[f"|∂L/∂{name}|"][name] for name in ("h", "w"))
        names = [*(f"h{i}" for i in range(depth)), "L"]
        for name, y in [*zip(names, h.y, strict=True),
                        *zip([f"w{i + 1}" for i in range(depth)], w.y, strict=True)]:  # fmt: skip
            shown = titles[name]
            number = abs(float(shown[0].replace("−", "-"))) if shown else math.nan
            if number == 0:  # it has no place on a logarithmic axis
                number = math.nan
            assert y == pytest.approx(number, rel=6e-3, nan_ok=True)


def test_the_chain_by_hand():
    made = chain("sigmoid", "residual", 2, 1.5, "random", seed=3)
    h0, w1, w2 = (v.data for v in (made.units[0], *made.weights))
    first = 1 / (1 + math.exp(-w1 * h0))
    second = 1 / (1 + math.exp(-w2 * (h0 + first)))
    factors = [1 + w * s * (1 - s) for w, s in ((w1, first), (w2, second))]
    assert made.units[1].grad == pytest.approx(factors[1], rel=1e-12)
    assert made.units[0].grad == pytest.approx(factors[0] * factors[1], rel=1e-12)
    assert made.weights[1].grad == pytest.approx(second * (1 - second) * (h0 + first), rel=1e-12)


def test_what_the_film_shows_are_these_norms():
    options = {"depth": 4, "width": 6, "steps": 2, "activation": "tanh", "against": ""}
    data = scenes.gradient_flow(**options).data()
    expected, _ = by_hand(Recipe(4, 6, "tanh"))
    np.testing.assert_allclose(
        data["∂L/∂h.tanh, xavier normal.y"][0], [np.linalg.norm(g) for g in expected]
    )


def test_one_thing_is_changed_and_the_weights_are_the_same():
    nets = compared(Recipe(4, 6), ("wiring", "residual"))
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


def test_the_bound_of_200_sigmoids_is_on_the_page():
    film = scenes.quarter_bound(depth=200, chains=3)
    axis = film.panels[0].y
    data = film.data()
    assert axis.low < 0.25**200
    assert axis.low <= np.nanmin(data["chain.largest.y"])
    assert np.all(data["chain.largest.y"][-1] <= data["chain.bound.y"][-1])


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


@pytest.mark.parametrize("threshold", [1e-3, 0.05, 1e3])
def test_the_thinnest_direction_is_the_gradient_s_own(threshold):
    """The title says so; clipped ones have the colours of their runs."""
    film = scenes.clipping(depth=4, width=8, steps=6, threshold=threshold)
    assert "thin: gradient" in str(film.panels[1].title)
    for _, panels in film.states():
        own, norm, value = panels["plane"].values()
        assert own.width < min(norm.width, value.width)
        lines = {a.label: a.color for a in panels["norm"].values() if type(a).__name__ == "Line"}
        assert (norm.color, value.color) == (lines["by norm"], lines["by value"])


def test_the_angle():
    assert angle(np.array([1.0, 0.0]), np.array([0.0, 3.0])) == pytest.approx(90)
    assert angle(np.array([1.0, 1e-9]), np.array([1.0, 0.0])) == pytest.approx(
        math.degrees(1e-9), rel=1e-6
    )


def test_without_clipping_the_default_film_overflows_and_with_it_does_not():
    captions = scenes.clipping(steps=30).data()["caption"]
    assert "no clipping overflows" in captions[-1]
    assert "by norm overflows" not in captions[-1]


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_the_backward_pass_that_is_rounded_is_that_of_the_engine(layer):
    recipe = Recipe(3, 5, samples=24)
    moment = next(training(recipe, 1))
    for factor in (1.0, 1024.0):
        np.testing.assert_allclose(
            rounded(recipe, layer, factor).true,
            moment.layers[layer - 1].weight.grad.ravel(), rtol=1e-9, atol=1e-14,
        )  # fmt: skip


def test_a_factor_after_the_rounding_changes_nothing_and_one_before_it_does():
    data = scenes.rescaled_gradient(width=16).data()
    errors = {key: data[f"error.{key}.y"][-1] for key in ("afterwards", "before", "healthy")}
    assert (errors["afterwards"] == errors["afterwards"][0]).all()
    assert errors["before"][0] == errors["afterwards"][0] > 0.9
    half = 2.0**-11  # a number is rounded by at most so much of itself
    assert errors["before"][-1] < 4 * half and errors["healthy"][-1] < 4 * half


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


def test_dead_units_layer_by_layer():
    film = scenes.dead_units(depth=3, width=16, least=0.1, most=2.0, steps=10)
    data = film.data()
    by_layer = data["layers.shares.values"]
    np.testing.assert_allclose(by_layer.mean(axis=2), data["dead.relu.y"])
    moments = list(training(Recipe(3, 16, "relu", "he_normal", rate=2.0), 10))
    hidden = moments[-1].layers[1].inputs.data
    assert by_layer[-1, -1, 1] == np.mean(np.all(hidden <= 0, axis=0))


def test_a_slope_below_0_is_no_slope_near_0():
    # where gelu falls it falls by up to 0.13: 11 % of its greatest slope
    film = scenes.unit_inputs(activation="gelu", depth=2, width=32, steps=1, init="he_normal")
    z = next(training(Recipe(2, 32, "gelu", "he_normal"), 1)).layers[1].inputs.data
    cdf = np.vectorize(lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))))
    slope = np.abs(cdf(z) + z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi))
    flat = np.mean(slope < (1 - 0.97**2) * 1.1289)
    assert f"{100 * flat:.0f} % of the inputs" in film.data()["caption"][0]


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


@pytest.mark.parametrize(
    "options", [{}, {"activation": "tanh", "against": "activation=sigmoid", "depth": 40}]
)
def test_ticks_of_the_update_have_room(options):
    film = scenes.saturation(width=16, steps=4, **options)
    (axis,) = (panel.y for panel in film.panels if panel.key == "update")
    assert -3.0 in axis.ticks
    assert 2 <= len(axis.ticks) <= 6


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
@pytest.mark.parametrize(
    "name", one_in(2, ["standard_uniform", "lecun_normal", "he_normal", "orthogonal"])
)
def test_theory_runs_through_the_samples(activation, name):
    depth, width = 12, 128
    made = sampled(activation, start(name, activation), depth=depth, width=width, seeds=6)
    expected = theory.propagate(activation, depth, variance(name, activation, width))
    wide = 6 * np.sqrt(np.arange(1, depth + 1) / width)  # of the logarithm
    assert np.all(np.abs(np.log(np.median(made.forward, axis=0) / expected.q)) < wide)
    assert np.all(np.abs(np.log(np.median(made.gradient, axis=0) / expected.backward)) < wide[::-1])


def test_networks_without_a_gradient_are_left_out_of_the_band_and_counted():
    table = np.array([[2.0, 1.0], [np.nan, np.nan], [4.0, 1.0]])
    assert [float(part[0]) for part in band(table)] == pytest.approx([2.2, 3.0, 3.8])
    assert np.isnan(band(table * np.nan)[1]).all()
    assert "1 of 3 networks left out" in left_out(table)
    assert left_out(table[[0, 2]]) == ""
    captions = scenes.init_variance(depth=4, width=2, seeds=10).data()["caption"]
    assert "networks left out" in captions[-1]
    assert "he normal: 1;" in captions[len(captions) // 2]


@pytest.mark.parametrize(
    ("activation", "phi", "slope"),
    [("tanh", np.tanh, lambda z: 1 - np.tanh(z) ** 2),
     ("sigmoid", lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (2 + np.exp(z) + np.exp(-z)))],
)  # fmt: skip
def test_the_lines_of_theory_are_those_of_another_quadrature(activation, phi, slope):
    z = np.linspace(-9, 9, 40_001)
    weight = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    weight *= np.where(np.arange(z.size) % 2, 4, 2) / 3  # Simpson
    spread = 64 * 0.01**2  # σ_w² of "small" at width 64; the inputs have mean square 1
    q, factors = [spread], []
    for _ in range(7):
        factors.append(spread * float(weight @ slope(math.sqrt(q[-1]) * z) ** 2))
        q.append(spread * float(weight @ phi(math.sqrt(q[-1]) * z) ** 2))
    data = scenes.init_variance(activation=activation, inits="small", depth=8, seeds=2).data()
    np.testing.assert_allclose(data["forward.small theory.y"][-1], q, rtol=1e-6)
    back = np.cumprod([1.0, *factors[::-1]])[::-1]
    np.testing.assert_allclose(data["backward.small theory.y"][-1], back, rtol=1e-6)


def test_a_band_widens_with_depth():
    made = sampled("relu", init.he_normal, depth=40, width=32, seeds=30)
    low, _, high = band(made.forward)
    assert high[-1] / low[-1] > 2 * high[0] / low[0]


@pytest.mark.parametrize(
    ("depth", "width", "activation", "rate"),
    [
        (2, 5, "tanh", 0.5),
        # on some kernels of BLAS rounding makes these part, by 0.4 to 10³² in 300 steps
        (2, 13, "gelu", 5),
        (1, 7, "gelu", 100),
        (1, 13, "tanh", 100),
        (1, 31, "gelu", 100),
    ],
)
def test_units_that_begin_alike_stay_alike(depth, width, activation, rate):
    with np.errstate(all="ignore"):
        rows, _ = _rows(Recipe(depth, width, activation, init="constant", rate=rate), 60)
    assert np.all(rows == rows[:, :1])


def test_units_that_begin_alike_learn_and_random_ones_part():
    _, losses = _rows(Recipe(2, 5, init="constant", rate=0.5), 40)
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


@pytest.mark.parametrize("activation", one_in(5, ["tanh", "sigmoid", "relu", "elu", "silu"]))
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
     slow(("gradient_strip", {"width": 4, "steps": 2}))],
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


@pytest.mark.parametrize(
    ("name", "options"),
    [("rescaled_gradient", {"init": "zeros", "depth": 3, "width": 4}),
     ("rescaled_gradient", {"activation": "relu", "depth": 30, "width": 1, "seed": 1}),
     ("rescaled_gradient", {"activation": "relu", "init": "large", "depth": 100, "width": 64}),
     ("unit_inputs", {"activation": "selu", "layer": 7, "depth": 30, "width": 30, "steps": 4}),
     ("unit_inputs", {"activation": "relu", "depth": 20, "width": 64, "steps": 6, "rate": 100.0}),
     ("input_drift", {"activation": "selu", "init": "standard_uniform", "width": 2, "depth": 30,
                      "against": "wiring=residual", "seed": 2**31}),
     ("init_variance", {"inits": "zeros", "depth": 4, "width": 4, "seeds": 2}),
     ("init_variance", {"inits": "large", "depth": 300, "width": 16, "seeds": 2}),
     ("init_variance", {"depth": 4, "width": 1, "seeds": 3}),
     ("gradient_factor", {"activation": "relu", "depth": 30, "width": 1, "seeds": 3}),
     ("gradient_graph", {"activation": "relu", "size": 0.0}),
     ("gradient_graph", {"activation": "selu", "weights": "random", "size": 100.0, "depth": 4}),
     ("dead_units", {"least": 1e3, "most": 1e6, "depth": 3, "width": 8, "steps": 4}),
     ("clipping", {"init": "large", "depth": 100, "width": 64, "steps": 3}),
     ("saturation", {"width": 1, "depth": 1, "steps": 3, "against": "init=zeros"})],
)  # fmt: skip
def test_what_is_no_number_is_said_in_words(name, options):
    data = SCENES[name](**options).data()
    assert not [caption for caption in data["caption"] if "NaN" in caption or "∞" in caption]
    for key, shown in data.items():
        if np.issubdtype(shown.dtype, np.number):
            assert not np.isinf(shown).any(), key


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
