"""Scenes of deep and recurrent networks: their numbers against theory, numpy and torch."""

from functools import partial

import numpy as np
import pytest
from bilingual import check_both_languages
from peers import needs_torch, torch
from quick import one_in

from backviz import scenes
from backviz.errors import UsageError
from backviz.nn import LSTM, RNN, init
from backviz.nn.arguments import generator, streams
from backviz.scenes.deep import Deep, Recipe, loss_of, task
from backviz.scenes.gradients_in_time import BATCH, INPUTS, gated, plain
from backviz.scenes.network_plane import unit_directions
from backviz.scenes.saturated_samples import flat
from backviz.scenes.skip_surfaces import curving_down, losses_on, trained
from backviz.scenes.unequal_widths import expected, initializers

QUICK = {"skip_surface": {"depth": 4, "steps": 5}, "fans": {"seeds": 2}}
NAMES = ("fans", "lsuv", "time_gradient", "skip_surface", "saturation_map", "update_ratio",
         "gradient_histograms")  # fmt: skip


@pytest.mark.parametrize("name", one_in(3, NAMES))
def test_the_captions_are_whole_sentences_in_both_languages(name):
    check_both_languages(name, **QUICK.get(name, {}))


@pytest.mark.parametrize("way", ["fan_in", "fan_out", "average"])
@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_unequal_widths_have_the_variances_of_theory(way, activation):
    """One layer after the other by numpy: 400 inputs, 100 units, 800, 200."""
    widths, rng = (400, 100, 800, 200), np.random.default_rng(1)
    bend = (lambda z: np.maximum(z, 0)) if activation == "relu" else (lambda z: z)
    h, zs, weights = rng.standard_normal((400, widths[0])), [], []
    for k in range(3):
        weights.append(initializers(activation)[way](widths[k : k + 2], seed=k))
        zs.append(h @ weights[-1])
        h = bend(zs[-1])
    up, squares = rng.standard_normal(h.shape), []
    for k in (2, 1, 0):
        up = up * ((zs[k] > 0) if activation == "relu" else 1.0)
        squares.insert(0, np.mean(up**2))
        up = up @ weights[k].T
    forth, back = expected(way, activation, widths)
    np.testing.assert_allclose([np.mean(z**2) for z in zs], forth, rtol=0.12)
    np.testing.assert_allclose(squares, back, rtol=0.12)


def test_fan_in_keeps_the_signal_and_fan_out_the_gradient():
    widths = (16, 64, 32, 128, 8)
    assert expected("fan_in", "relu", widths)[0] == pytest.approx([2.0] * 4)
    assert expected("fan_out", "relu", widths)[1] == pytest.approx([0.5] * 4)
    same = [expected(way, "relu", (32,) * 5) for way in ("fan_in", "fan_out", "average")]
    np.testing.assert_allclose(same, same[:1] * 3)


@pytest.mark.parametrize("text", ["32", "a,b", "0,4", "3,-1", ""])
def test_widths_are_whole_numbers(text):
    with pytest.raises(UsageError, match="widths are 2 to 60 whole numbers"):
        scenes.fans(widths=text)


def test_lsuv_finds_the_gain_of_the_activation_by_measuring():
    for activation, gain in (("relu", 2**0.5), ("tanh", 1.592537)):
        data = scenes.lsuv(activation=activation, depth=8, width=128, samples=256).data()
        np.testing.assert_allclose(data["width.measured.y"][-1], 1, atol=0.01)
        assert np.mean(data["factor.factor.y"][-1, 1:]) == pytest.approx(gain, rel=0.06)
        before = data["width.before.y"]
        assert before[0] == pytest.approx(1, abs=0.02) and before[-1] < 0.6


@needs_torch
def test_the_gradient_through_time_is_torch_s():
    rng, units, steps = np.random.default_rng(0), 5, 9
    x = rng.standard_normal((steps, BATCH, INPUTS))
    upstream = rng.standard_normal((1, BATCH, units))
    seed = np.random.SeedSequence(3)
    ours, product = plain(x, upstream, units, 0.9, seed)
    w = {n: torch.tensor(p.data) for n, p in RNN(INPUTS, units, seed=3).named_parameters()}
    assert ours.shape == product.shape == (steps,) and product[-1] == 1
    assert ours[-1] == pytest.approx(np.linalg.norm(upstream))
    assert w["weight_hh_l0"].shape == (units, units)
    for forget in (0.0, 3.0):
        ours, left = gated(x, upstream, units, forget, seed)
        theirs, gates = _lstm(x, upstream, units, forget, seed)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
        np.testing.assert_allclose(left, gates, rtol=1e-9)


def _lstm(x, upstream, units, forget, seed):
    """‖∂L/∂c‖ by torch from the equations of an LSTM, and the product of its forget gates."""
    net = LSTM(INPUTS, units, seed=seed, init=partial(init.lecun_normal, gain=0.5))
    p = {name: torch.tensor(np.asarray(v.data)) for name, v in net.named_parameters()}
    p["bias_ih_l0"][..., units : 2 * units] = forget
    h = torch.zeros(BATCH, units, dtype=torch.float64)
    c, cells, gates = torch.zeros_like(h), [], []
    for row in torch.tensor(x):
        z = row @ p["weight_ih_l0"] + h @ p["weight_hh_l0"] + p["bias_ih_l0"] + p["bias_hh_l0"]
        i, f, g, o = z.split(units, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        c.requires_grad_() if not cells else c.retain_grad()
        cells.append(c)
        gates.append(torch.sigmoid(f).detach().numpy())
        h = torch.sigmoid(o) * torch.tanh(c)
    (c * torch.tensor(upstream[0])).sum().backward()
    left = [np.prod(gates[k + 1 :], axis=0) for k in range(len(gates))]
    sizes = [np.sqrt(np.mean(np.square(np.broadcast_to(each, h.shape)))) for each in left]
    return [float(c.grad.norm()) for c in cells], sizes


def test_the_plain_gradient_is_the_upstream_through_every_step():
    """By hand: ∂L/∂h ← (∂L/∂h · (1 − h²)) Wᵀ."""
    rng, units = np.random.default_rng(2), 4
    x, upstream = rng.standard_normal((6, BATCH, INPUTS)), rng.standard_normal((1, BATCH, units))
    seed = np.random.SeedSequence(1)
    ours, _product = plain(x, upstream, units, 0.8, seed)
    net = RNN(INPUTS, units, seed=seed, init=init.lecun_normal)
    p = {name: np.asarray(v.data) for name, v in net.named_parameters()}
    weight, hs = init.orthogonal((units, units), seed=seed, gain=0.8), []
    h = np.zeros((BATCH, units))
    for row in x:
        h = np.tanh(row @ p["weight_ih_l0"] + p["bias_ih_l0"] + h @ weight + p["bias_hh_l0"])
        hs.append(h)
    up, sizes = upstream[0], []
    for h in reversed(hs):
        sizes.insert(0, np.linalg.norm(up))
        up = (up * (1 - h**2)) @ weight.T
    np.testing.assert_allclose(ours, sizes, rtol=1e-10)


@pytest.mark.parametrize("wiring", ["plain", "residual"])
def test_the_loss_on_a_plane_is_that_of_the_moved_network(wiring):
    recipe = Recipe(3, 6, "tanh", wiring=wiring, samples=20)
    net, loss = trained(recipe, 3)
    weights = [np.asarray(p.data).copy() for p in net.parameters()]
    towards = [unit_directions(weights, generator(s)) for s in streams(1, 2)]
    a, b = np.array([0.0, 0.3]), np.array([0.0, -0.7])
    found = losses_on(net, recipe, towards, a, b)
    assert found[0] == pytest.approx(loss, rel=1e-12)
    at = 0
    for p, weight in zip(net.parameters(), weights, strict=True):
        one, two = (d[at : at + weight.size].reshape(weight.shape) for d in towards)
        p.data[...] = weight + 0.3 * one - 0.7 * two
        at += weight.size
    assert found[1] == pytest.approx(loss_of(net, *task(recipe))[0].item(), rel=1e-12)
    for k, weight in enumerate(weights):
        if weight.ndim == 2:
            size = sum(w.size for w in weights[:k])
            d = towards[0][size : size + weight.size].reshape(weight.shape)
            np.testing.assert_allclose(*(np.linalg.norm(m, axis=0) for m in (d, weight)))


def test_curving_down_is_the_sign_of_the_least_eigenvalue():
    x, y = np.meshgrid(np.linspace(-2, 2, 41), np.linspace(-2, 2, 41))
    assert curving_down(np.cos(x) + y**2, 0.1) == pytest.approx(np.mean(np.cos(x[0, 1:-1]) > 0.2),
                                                               abs=0.06)  # fmt: skip
    assert curving_down(x * y, 0.1) == 1.0


def test_what_is_flat_is_what_passes_little():
    z = np.linspace(-6, 6, 49)[:, None]
    slope = 1 - np.tanh(z) ** 2
    assert np.array_equal(flat("tanh", z) == 1, slope < 1 - 0.97**2)
    s = 1 / (1 + np.exp(-z))
    assert np.array_equal(flat("sigmoid", z) == 1, (s < 0.015) | (s > 0.985))
    assert np.array_equal(flat("relu", z) == 1, z <= 0)


@needs_torch
def test_update_and_gradient_sizes_are_torch_s():
    recipe = Recipe(3, 8, "tanh", "xavier_normal", rate=0.2)
    net, (x, y) = Deep(recipe), task(recipe)
    ws = [torch.tensor(np.asarray(linear.weight.data), requires_grad=True)
          for linear in (*net.linear, net.head)]  # fmt: skip
    h, hs = torch.tensor(x), []
    for w in ws[:-1]:
        h = torch.tanh(h @ w)
        h.retain_grad()
        hs.append(h)
    torch.nn.functional.softplus(-torch.tensor(y) * (h @ ws[-1])).mean().backward()
    data = scenes.update_ratio(depth=3, width=8, steps=2).data()
    for i, w in enumerate(ws[:-1]):
        ratio = 0.2 * w.grad.std(correction=0) / w.detach().std(correction=0)
        assert data[f"ratio.layer {i + 1}.y"][0, 0] == pytest.approx(ratio.item(), rel=1e-9)
    shown = scenes.gradient_histograms(
        init="xavier_normal", against="init=small", depth=3, width=8, rate=0.2, steps=1
    ).data()
    for i, h in enumerate(hs):
        curve = shown[f"xavier normal.layer {i + 1}.y"][0]
        at = shown[f"xavier normal.layer {i + 1}.x"][0]
        assert curve.sum() == pytest.approx(1)
        middle = np.log10(h.grad.abs().numpy()).mean()
        assert (curve * at).sum() == pytest.approx(middle, abs=0.15)
    shown = scenes.gradient_histograms(
        init="xavier_normal",
        against="init=small",
        depth=3,
        width=8,
        rate=0.2,
        steps=1,
        of="weights",
    ).data()
    for i, w in enumerate(ws[:-1]):
        curve, at = (shown[f"xavier normal.layer {i + 1}.{c}"][0] for c in "yx")
        assert curve.sum() == pytest.approx(1)
        middle = np.log10(w.grad.abs().numpy()).mean()
        assert (curve * at).sum() == pytest.approx(middle, abs=0.15)


@pytest.mark.parametrize("options", [{"init": "zeros"}, {"init": "large", "rate": 1000.0}])
def test_where_there_is_no_ratio_the_caption_says_so(options):
    film = scenes.update_ratio(activation="relu", steps=8, **options)
    assert "no layer has a ratio" in film.at(-1)[0].caption
