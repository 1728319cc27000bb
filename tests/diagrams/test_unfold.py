"""A box that stands open while the others stay folded: what is in it, and its frame."""

from itertools import combinations

import numpy as np
import pytest
from picture_lint import objections

import backviz
from backviz import Value, load, nn, render, tensor
from backviz.diagrams.figure import Figure
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.errors import UsageError
from backviz.nn.scalar import MLP
from backviz.renderers.builds import BUILDERS
from backviz.renderers.player.levels import levels

XS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0]]


@pytest.fixture(scope="module")
def scalars():
    """A network of single numbers on three samples, and the sum of its squared errors."""
    net = MLP(3, [4, 2, 1], seed=0)
    outs = [out if isinstance(out, Value) else out[0] for out in map(net, XS)]
    loss = sum((out - 1.0) ** 2 for out in outs)
    loss.label = "loss"
    loss.backward()
    return loss


class Block(nn.Module):
    def __init__(self, seed):
        self.norm, self.up, self.act = nn.LayerNorm(4), nn.Linear(4, 4, seed=seed), nn.Tanh()

    def forward(self, x):
        return x + self.act(self.up(self.norm(x)))


class Net(nn.Module):
    def __init__(self):
        self.encoder = nn.Sequential(*[Block(i) for i in range(5)])
        self.head = nn.Linear(4, 1, seed=9)

    def forward(self, x):
        return self.head(self.encoder(x))


@pytest.fixture(scope="module")
def blocks():
    net = Net()
    x = np.random.default_rng(0).normal(size=(2, 4))

    def squares():
        return (net(tensor(x, "x", requires_grad=False)) ** 2).mean()

    loss = backviz.trace(squares)
    loss.backward()
    return loss


def opened(value, names, **style):
    """The figure, what its boxes are called, and its frames with the titles of their boxes."""
    figure = Figure(value, Style(unfold=names, **style))
    nodes = figure.view.nodes

    def called(n):
        return nodes[n].get("title") or nodes[n]["label"].strip() or nodes[n].get("formula", "")

    frames = {g.title: [called(n) for n in g.boxes] for g in figure.view.graph["groups"]}
    return figure, [called(n) for n in nodes], frames


def test_a_layer_opens_into_its_neurons_and_the_others_stay_folded(scalars):
    figure, boxes, frames = opened(scalars, "layer 1")
    assert [b for b in boxes if b.startswith("layer")] == ["layer 2", "layer 3"]
    neurons = [f"neuron 1.{j}" for j in (1, 2, 3, 4)]
    assert {b for b in frames["layer 1"] if b.startswith("neuron")} == {*neurons}
    assert {f"w1.{j}" for j in (1, 2, 3, 4)} < {*frames["layer 1"]}
    shown = Figure(scalars, Style(fold="layers", weights="show")).view
    whole, parts = (
        {d.get("title"): d for _, d in view.nodes(data=True)} for view in (shown, figure.view)
    )
    for key in ("value", "grad"):
        columns = np.stack([parts[name][key] for name in neurons], axis=1)
        np.testing.assert_array_equal(columns, whole["layer 1"][key])
        rows = np.stack([parts[f"w1.{j}"][key] for j in (1, 2, 3, 4)])
        np.testing.assert_array_equal(rows, whole["W1"][key])
    assert not [*objections(figure.drawing)]


def test_a_neuron_opens_into_its_ops_with_a_number_for_each_sample(scalars):
    figure, boxes, frames = opened(scalars, "neuron 1.2")
    assert {*frames} == {"layer 1", "neuron 1.2"}
    assert "neuron 1.2" not in boxes and "neuron 1.1" in boxes
    assert {*frames["neuron 1.2"]} < {*frames["layer 1"]}
    products = [d for _, d in figure.view.nodes(data=True) if "·x" in str(d.get("formula"))]
    assert len(products) == 3
    weights = {d["label"]: d["value"] for _, d in figure.view.nodes(data=True)}
    np.testing.assert_allclose(products[0]["value"], [weights["w1_12"] * x[0] for x in XS])


def test_samples_stand_apart_and_share_their_weights(scalars):
    figure, boxes, frames = opened(scalars, "samples", weights="show")
    assert boxes.count("layer 1") == boxes.count("layer 3") == 3
    assert boxes.count("W1") == boxes.count("b1") == 1
    assert {*frames} == {"sample 1", "sample 2", "sample 3"}
    assert all(held == ["layer 1", "layer 2", "layer 3"] for held in frames.values())
    assert not [*objections(figure.drawing)]


def test_a_layer_of_one_neuron_opens_into_ops_and_a_sum_into_its_terms(scalars):
    _, boxes, frames = opened(scalars, "layer3, loss", fold="layers")
    assert {*frames} == {"layer 3", "loss"}
    assert boxes.count("layer 1") == 1 and "neuron 3.1" not in boxes
    assert len(frames["loss"]) >= 6  # three errors, three squares


def test_a_block_opens_into_its_layers_and_those_around_it_stay_rows(blocks):
    figure, boxes, frames = opened(blocks, "encoder.1")
    assert {*frames} == {"encoder", "encoder.1"}
    assert {"encoder.0", "encoder ×3", "head", "norm", "up"} < {*boxes}
    assert {*frames["encoder.1"]} > {"norm", "up"}
    assert "encoder.0" in frames["encoder"] and "head" not in frames["encoder"]
    assert not [*objections(figure.drawing)]


def test_a_list_of_blocks_opens_into_each_of_them(blocks):
    _, boxes, frames = opened(blocks, "encoder ×5", fold="blocks")
    assert [b for b in boxes if b.startswith("encoder")] == [f"encoder.{i}" for i in range(5)]
    assert frames["encoder"] == [f"encoder.{i}" for i in range(5)]


def test_a_group_a_name_and_a_step_of_a_loop_open():
    def grouped(x, w):
        with backviz.group("encoder"):
            h = x * w + 1
        with backviz.group("decoder"):
            return (h * w - x) ** 2

    _, boxes, frames = opened(backviz.trace(grouped, 2.0, 3.0), "encoder")
    assert "decoder" in boxes and "encoder" not in boxes
    assert "h" in frames["encoder"] and "decoder" not in frames

    def loop(w):
        h = w
        for _t in range(4):
            h = (w * h + 1.0).tanh()
        return h

    _, boxes, frames = opened(backviz.trace(loop, 0.5), "h(2)")
    assert len(frames["h⁽²⁾"]) == 3
    _, boxes, frames = opened(load("c=tanh(a*b+1); L=c**2*c; a=2; b=3"), "c")
    assert {*frames} == {"c"} and len(frames["c"]) == 5  # with a and b, which only c uses


def test_the_build_stands_as_the_picture_and_every_format_has_the_frame(scalars, blocks):
    for value, names in ((scalars, "neuron 1.2"), (blocks, "encoder.1")):
        build = Steps(Figure(value, Style(unfold=names)))
        picture, ours = build.figure.page.tidy, build.sheet
        assert ours.way.rows is None or ours.way.rows.row_of == picture.way.rows.row_of
        places = [sheet.layout.centers for sheet in (picture, ours)]
        sizes = {n.id: (n.width, n.height) for n in picture.way.plan.nodes}
        for axis in (0, 1):
            for a, b in combinations(places[0], 2):
                apart = [p[b][axis] - p[a][axis] for p in places]
                assert apart[0] * apart[1] >= 0 or min(map(abs, apart)) < sizes[a][axis]
        frames = [{name for name, _ in sheet.layout.frames} for sheet in (picture, ours)]
        assert frames[0] == frames[1] != set()
        for form in ("svg", "tikz", "dot", "mermaid"):
            assert names in render(value, form, unfold=names, text="keep").decode()


@pytest.mark.parametrize(
    ("names", "style", "said"),
    [
        ("layer 9", {}, "unknown box 'layer 9'"),
        ("foo", {}, "there is layer 1, neuron 1.1, neuron 1.2"),
        ("layer 1", {"fold": "none"}, "--fold none has none"),
    ],
)
def test_what_cannot_be_opened_is_said_with_the_names_that_there_are(scalars, names, style, said):
    with pytest.raises(UsageError, match=said):
        _ = Figure(scalars, Style(unfold=names, **style)).view


def test_a_part_that_is_none_is_said(blocks):
    with pytest.raises(UsageError, match=r"unknown box 'decoder'"):
        _ = Figure(blocks, Style(unfold="decoder")).view
    with pytest.raises(UsageError, match=r"several boxes are called norm; say which"):
        _ = Figure(blocks, Style(unfold="norm")).view
    with pytest.raises(UsageError, match=r"L is a box in which nothing is folded"):
        _ = Figure(load("L=a*b; a=2; b=3"), Style(unfold="L")).view


def test_the_player_opens_with_the_open_box_and_has_the_whole_levels(blocks):
    build = Steps(Figure(blocks, Style(unfold="encoder.1")))
    made = levels(build)
    assert made[0].steps is build and len(made) > 2
    assert not any(level.steps.figure.style.unfold for level in made[1:])
    assert b"encoder.1" in BUILDERS["html"](build)[0]
