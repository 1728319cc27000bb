"""A network that was written with single numbers is drawn as a network, number for number."""

from itertools import pairwise

import numpy as np
import pytest
from picture_lint import objections

from backviz import Value, micrograd, to_graph
from backviz.diagrams.figure import Figure
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.graphs.rolled import layers
from backviz.nn.scalar import MLP
from backviz.sources import load

XS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0]]


def plain(xs, rows, biases, tail):
    """Sums as a learner writes them, without any class."""
    total = Value(0.0)
    for x in xs:
        h = [(b + sum(w * v for w, v in zip(row, x, strict=True))).tanh()
             for row, b in zip(rows, biases, strict=True)]  # fmt: skip
        y = sum(w * v for w, v in zip(tail, h, strict=True))
        total = total + (y - 1.0) ** 2
    return total


def weights(shape, seed):
    made = np.random.default_rng(seed).normal(size=shape)
    return made, [[Value(float(w)) for w in row] for row in made]


def boxes(loss, **style):
    loss.backward()
    figure = Figure(loss, Style(**style))
    return {d.get("title") or d["label"]: d for _, d in figure.view.nodes(data=True)}, figure


@pytest.mark.parametrize("samples", [1, 3])
def test_matrices_hold_the_numbers_and_gradients_of_the_same_network_of_arrays(samples):
    array, rows = weights((4, 3), 0)
    biases = [Value(0.1 * j) for j in range(4)]
    tail_array, (tail,) = weights((1, 4), 1)
    found, _ = boxes(plain(XS[:samples], rows, biases, tail), fold="layers", weights="show")
    x = np.array(XS[:samples])
    h = np.tanh(x @ array.T + 0.1 * np.arange(4))
    y = h @ tail_array[0]
    dy = 2 * (y - 1.0)
    dz = np.outer(dy, tail_array[0]) * (1 - h**2)
    assert [row.label for row in biases] == [""] * 4  # drawn under names, recorded without
    np.testing.assert_allclose(np.atleast_2d(found["layer 1"]["value"]), h, rtol=1e-12)
    assert set(found) >= {"layer 1", "layer 2"}
    shown = Figure(
        plain(XS[:samples], rows, biases, tail), Style(fold="layers", weights="show")
    ).view
    by_title = {d.get("title", ""): d for _, d in shown.nodes(data=True)}
    np.testing.assert_allclose(by_title["W1"]["value"], array, rtol=0)
    again = plain(XS[:samples], rows, biases, tail)
    for leaf in (*[w for row in rows for w in row], *biases, *tail):
        leaf.grad = None
    again.backward()
    view = Figure(again, Style(fold="layers", weights="show")).view
    by_title = {d.get("title", ""): d for _, d in view.nodes(data=True)}
    np.testing.assert_allclose(by_title["W1"]["grad"], dz.T @ x, rtol=1e-12)
    np.testing.assert_allclose(by_title["b1"]["grad"], dz.sum(0), rtol=1e-12)
    np.testing.assert_allclose(by_title["W2"]["grad"], dy @ h, rtol=1e-12)


@pytest.mark.parametrize(
    "make", [lambda: micrograd.MLP(3, [4, 4, 1]), lambda: MLP(3, [4, 4, 1], seed=0)]
)
def test_the_multilayer_perceptrons_of_the_libraries_are_three_layers(make):
    net = make()
    out = net(XS[0])
    found = layers(to_graph(out[0] if isinstance(out, list) else out))
    assert [(len(a.weights), len(a.weights[0])) for a in found] == [(4, 3), (4, 4), (1, 4)]
    assert all(len(a.biases) == len(a.weights) for a in found)


@pytest.mark.parametrize(
    "source",
    [
        "L=(a*b+c)*(a-c); a=2; b=3; c=4",
        "y=w1*x1+w2*x2+b; w1=1; w2=2; x1=3; x2=4; b=5",  # one neuron is no layer
        "y=(a*x+b*x)+(c*x+d*x)*a; a=1; b=2; c=3; d=4; x=5",
    ],
)
def test_what_is_no_network_stays_what_it_is(source):
    assert layers(to_graph(load(source))) == []


def test_weights_that_two_neurons_share_are_no_matrix():
    w, v = Value(2.0, "w"), Value(3.0, "v")
    y = (w * 1.0 + v * 2.0).tanh() + (w * 3.0 + w * 4.0).tanh()
    assert layers(to_graph(y)) == []


def test_a_weight_in_two_places_is_no_matrix():
    w = [Value(0.1 * k, f"w{k}") for k in range(3)]
    x = [1.0, 2.0, 3.0, 4.0]
    slid = [(w[0] * a + w[1] * b + w[2]).tanh() for a, b in pairwise(x)]
    assert layers(to_graph(sum(slid))) == []
    tied = (w[0] * 1.0 + w[1] * 2.0).tanh() + (w[1] * 1.0 + w[2] * 2.0).tanh()
    assert layers(to_graph(tied)) == []


def test_a_bias_that_a_layer_shares_is_one_number_with_all_of_its_gradient():
    loss = load("@mazur-scalar")
    loss.backward()
    view = Figure(loss, Style(size="slide")).view
    by_title = {d.get("title", ""): d for _, d in view.nodes(data=True)}
    graph = to_graph(loss)
    grads = {d["label"]: d["grad"] for _, d in graph.nodes(data=True) if d["label"]}
    for name in ("b1", "b2"):
        np.testing.assert_array_equal(by_title[name]["grad"], [grads[name]])


def test_a_layer_is_called_in_the_language_of_the_picture():
    loss = load("@mazur-scalar")
    loss.backward()
    titles = {b.title for b in Figure(loss, Style(size="slide", lang="ru")).diagram.boxes}
    assert {"слой 1", "слой 2"} <= titles


def test_gates_with_other_activations_are_layers_of_their_own():
    w = [[Value(0.1 * (j + k), f"w{j}{k}") for k in range(3)] for j in range(4)]
    x = [1.0, -2.0, 0.5]
    z = [sum((a * b for a, b in zip(row, x, strict=True)), Value(0.0)) for row in w]
    y = z[0].tanh() * z[1].sigmoid() + z[2].tanh() * z[3].sigmoid()
    y.backward()
    assert [layer.units[0][0].activation for layer in layers(to_graph(y))] == ["tanh", "sigmoid"]
    titles = [b.title for b in Figure(y, Style(fold="layers", weights="show")).diagram.boxes]
    assert {"W1", "W2", "layer 1", "layer 2"} <= {*titles}


def test_a_small_network_is_drawn_op_by_op_where_there_is_room():
    loss = load("@mazur-scalar")
    loss.backward()
    assert "W1" not in {b.title for b in Figure(loss).diagram.boxes}
    figure = Figure(loss, Style(size="slide"))
    assert {"W1", "W2", "layer 1", "layer 2"} <= {b.title for b in figure.diagram.boxes}
    assert figure.drawing.least_text >= 0.99 * 18
    assert list(objections(figure.drawing)) == []


def test_folded_by_layers_a_box_says_sizes_parameters_and_the_gradient_of_them():
    net = MLP(3, [4, 1], seed=0)
    out = net(XS[0])
    out = out[0] if isinstance(out, list) else out
    out.backward()
    figure = Figure(out, Style(fold="layers"))
    symbols = {b.title: b.symbol for b in figure.diagram.boxes}
    first = net.layers[0] if hasattr(net, "layers") else None
    leaves = list(net.parameters())[:16]
    norm = np.sqrt(sum(p.grad**2 for p in leaves))
    assert first is not None
    assert symbols["layer 1"].startswith("3 → 4, 16 θ, ‖∂θ‖ ")
    assert float(symbols["layer 1"].split()[-1]) == pytest.approx(norm, rel=1e-3)


def test_a_build_goes_back_layer_by_layer():
    net = MLP(3, [4, 4, 1], seed=0)
    loss = sum((net(x) - 1.0) ** 2 for x in XS)
    loss.label = "loss"
    loss.backward()
    said = [" | ".join(m.lines) for m in Steps(Figure(loss, Style(size="slide"))).moments]
    assert [line for line in said if "∂loss/∂W1" in line and "∂loss/∂b1" in line]
    assert "∂loss/∂(layer 1)" in " ".join(said)


@pytest.mark.parametrize(
    ("tail", "summed"),
    [("", True), (" + 0.5", False), (" + bias", False), (" + penalty", False), (" - 2*e1", False)],
)
def test_a_sum_of_like_terms_is_written_as_one_only_if_nothing_else_is_added(tail, summed):
    loss = load(
        "L=(first_error1-second_error1)**2 + (first_error2-second_error2)**2 + "
        "(first_error3-second_error3)**2" + tail + "; first_error1=1; first_error2=2;"
        "first_error3=3; second_error1=4; second_error2=5; second_error3=6"
        + {" + bias": "; bias=1", " + penalty": "; penalty=p*p; p=2", " - 2*e1": "; e1=3"}.get(
            tail, ""
        )
    )
    loss.backward()
    symbol = {b.title: b.symbol for b in Figure(loss, Style(fold="names")).diagram.boxes}["L"]
    assert symbol.startswith("Σ ") is summed
