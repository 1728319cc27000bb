"""Levels of detail: layers, blocks, repeated blocks; and long figures broken into rows."""

import networkx as nx
import numpy as np
import pytest
from picture_lint import objections

from backviz import Figure, Style, Value, tensor, to_graph
from backviz.autodiff.recording import scope, scoped
from backviz.diagrams.layout import lay_out
from backviz.diagrams.layout.rows import in_rows
from backviz.diagrams.ways import plan
from backviz.errors import InputError, UsageError
from backviz.graphs import contract, fold_layers, fold_repeats

pytestmark = pytest.mark.blas


def network(blocks=4, residual=True):
    draw = np.random.default_rng(0)
    x = tensor(draw.normal(size=(5, 4)), "x", requires_grad=False)

    def weights(label):
        return tensor(draw.normal(size=(4, 4)), label)

    with scoped(), scope("net"):
        h = x
        with scope("first"):
            h = (h @ weights("w0")).tanh()
        for i in range(blocks):
            with scope("block"):
                inner = (h @ weights(f"w{i + 1}")).tanh() * 2
                h = h + inner if residual else inner
        with scope("last"):
            h = (h @ weights("v")).sum()
    h.label = "L"
    h.backward()
    return h


def titles(level):
    return [d.get("title", d["label"]) for _, d in level.nodes(data=True)]


def test_a_layer_is_one_box_and_hides_its_weights():
    graph = to_graph(network(2))
    parts = fold_layers(graph)
    folded = contract(graph, parts.home, titles=parts.titles)
    assert titles(folded) == ["x", "first", "block", "block", "last"]
    assert nx.is_directed_acyclic_graph(folded)


def test_blocks_that_repeat_become_one_with_their_number():
    graph = to_graph(network(12))
    parts = fold_repeats(graph, fold_layers(graph))
    folded = contract(graph, parts.home, titles=parts.titles)
    assert titles(folded) == ["x", "first", "block ×12", "last"]
    (block,) = (d for _, d in folded.nodes(data=True) if d.get("title", "").startswith("block"))
    assert block["size"] == 12 * 4
    assert block["leaves"] == 12


def test_two_blocks_do_not_repeat_and_different_ones_neither():
    graph = to_graph(network(2))
    assert fold_repeats(graph, fold_layers(graph)) == fold_layers(graph)
    x = Value(1.0, "x")
    with scoped():
        for f in ("tanh", "sin", "exp", "cos"):
            with scope("block"):
                x = getattr(x, f)() * 2
    graph = to_graph(x)
    assert fold_repeats(graph, fold_layers(graph)) == fold_layers(graph)


def test_a_part_that_is_left_and_entered_again_is_not_folded():
    x = Value(2.0, "x")
    with scoped(), scope("a"):
        y = x * 2
        with scope("b"):
            z = y.sin()
        out = z + y
    graph = to_graph(out)
    parts = fold_layers(graph)
    folded = contract(graph, parts.home, titles=parts.titles)
    assert nx.is_directed_acyclic_graph(folded)
    assert all(u < v for u, v in folded.edges())


def test_random_scopes_always_leave_a_dag():
    draw = np.random.default_rng(1)
    for _ in range(60):
        values = [Value(float(i + 1), f"x{i}") for i in range(3)]
        with scoped():
            for _ in range(25):
                a, b = (values[draw.integers(len(values))] for _ in range(2))
                with scope(f"s{draw.integers(4)}"):
                    values.append(a * b if draw.random() < 0.5 else a + b)
        total = values[-1]
        for v in values[3:-1]:
            total = total + v
        graph = to_graph(total)
        for parts in (fold_layers(graph), fold_repeats(graph, fold_layers(graph))):
            folded = contract(graph, parts.home, titles=parts.titles)
            assert nx.is_directed_acyclic_graph(folded)
            assert folded.graph["output"] in folded


def test_dotted_names_are_parts_as_well():
    w, b, x = Value(2.0, "enc.w"), Value(1.0, "enc.b"), Value(3.0, "x")
    h = x * w
    h.label = "enc.h"
    y = h + b
    y.label = "enc.y"
    graph = to_graph(y * 2)
    assert "enc" in fold_layers(graph).titles.values()


def test_the_levels_can_be_asked_for_and_a_graph_without_parts_says_so():
    output = network(6)
    assert len(Figure(output, Style(fold="layers")).diagram.boxes) == 9
    boxes = Figure(output, Style(fold="blocks")).diagram.boxes
    assert [b.title for b in boxes] == ["x", "first", "block ×6", "L"] or "block ×6" in [
        b.title for b in boxes
    ]
    with pytest.raises(InputError, match="no layers to fold by"):
        _ = Figure(Value(1.0, "a") * 2, Style(fold="layers")).diagram


def test_a_deep_network_on_a_slide_is_folded_by_its_blocks():
    figure = Figure(network(30), Style(size="slide"))
    assert any("×30" in b.title for b in figure.diagram.boxes)
    assert "one per block" in figure.messages[0]
    assert list(objections(figure.drawing)) == []


def chain(length):
    x = Value(0.5, "x")
    for _ in range(length):
        x = x.tanh()
    x.label = "y"
    x.backward()
    return x


def test_a_long_figure_is_broken_into_rows_with_larger_text():
    figure = Figure(chain(14), Style(size="slide", fold="constants"))
    across = Figure(chain(14), Style(size="slide", fold="constants", direction="LR"))
    assert figure.drawing.least_text > 1.5 * across.drawing.least_text
    assert list(objections(figure.drawing)) == []


@pytest.mark.parametrize("make", [lambda: chain(14), lambda: network(5)])
def test_rows_keep_every_box_arrow_and_label_apart(make):
    figure = Figure(make(), Style(size="slide", fold="constants"))
    asked = plan(figure.diagram, figure.style, "LR")
    layout = lay_out(asked)
    sizes = {n.id: (n.width, n.height) for n in asked.nodes}
    found = [broken.lay(lay_out) for broken in in_rows(asked, layout)]
    assert found
    for rows in found:
        assert rows.centers.keys() == layout.centers.keys()
        assert rows.curves.keys() == layout.curves.keys()
        assert rows.labels.keys() == layout.labels.keys()
        frames = {}
        for name, (x, y) in rows.centers.items():
            w, h = sizes[name]
            frames[name] = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            assert frames[name][0] >= 0 and frames[name][2] <= rows.width + 0.01
            assert frames[name][1] >= -0.01 and frames[name][3] <= rows.height + 0.01
        names = sorted(frames)
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                assert apart(frames[a], frames[b])
        for edge in asked.edges:
            curve = rows.curves[edge.id]
            assert len(curve) % 3 == 1
            for end, box in ((curve[0], edge.tail), (curve[-1], edge.head)):
                f = frames[box]
                assert f[0] - 1 <= end[0] <= f[2] + 1 and f[1] - 1 <= end[1] <= f[3] + 1


def apart(a, b):
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_apart_sees_an_overlap():
    assert not apart((0, 0, 2, 2), (1, 1, 3, 3))


def test_a_graph_that_cannot_be_broken_stays_whole():
    x = [Value(float(i), f"x{i}") for i in range(1, 6)]
    y = [a * b for a in x for b in x]
    total = y[0]
    for each in y[1:]:
        total = total + each
    figure = Figure(total, Style(size="slide", fold="none"))
    asked = plan(figure.diagram, figure.style, "LR")
    for rows in in_rows(asked, lay_out(asked)):
        assert rows.lay(lay_out).centers.keys() == {n.id for n in asked.nodes}


def test_a_small_map_shows_every_entry_of_a_middling_array_and_means_of_a_large_one():
    w = tensor(np.linspace(-1, 2, 20).reshape(4, 5), "w")
    big = tensor(np.ones((100, 100)), "big")
    output = (w.sum() * big).sum()
    heats = {b.title: b.heat for b in Figure(output, Style(heat=True)).diagram.boxes}
    assert heats["w"].limit == "±2"
    assert [len(row) for row in heats["w"].cells] == [5] * 4
    assert heats["w"].cells[0][0] == -0.5 and heats["w"].cells[-1][-1] == 1.0
    assert len(heats["big"].cells) == 12 and len(heats["big"].cells[0]) == 20
    assert Figure(output).diagram.boxes[0].heat is None


def test_a_map_survives_nan_infinity_and_zeros():
    for entries in (np.full((4, 4), np.nan), np.zeros((4, 4)), np.diag([np.inf, 1, 2, 3])):
        figure = Figure(tensor(entries, "x").sum(), Style(heat=True))
        assert list(objections(figure.drawing)) == []


def test_order_two_has_its_own_colour():
    from backviz import load
    from backviz.autodiff.orders import recorded_gradients

    value = load("@karpathy-neuron")
    more = recorded_gradients(value)
    roles = [b.role for b in Figure(value, Style(fold="constants"), more).diagram.boxes]
    assert {"output", "derivative", "leaf", "op"} <= set(roles)


def test_a_network_called_on_three_samples_has_no_circles():
    from backviz import nn

    net = nn.MLP(2, [3, 1], "tanh", seed=0)
    with scoped():
        total = sum(((net([float(i), 1.0]) - 0.5) ** 2).sum() for i in range(3))
    total.label = "L"
    total.backward()
    for fold in ("layers", "blocks"):
        figure = Figure(total, Style(fold=fold, size="slide"))
        assert all(u < v for u, v in figure.view.edges())
        assert all(a.tail != a.head for a in figure.diagram.arrows)
        assert list(objections(figure.drawing)) == []


def test_layers_of_one_name_are_told_apart_by_the_block_around_them():
    x = tensor(np.ones((2, 4)), "x", requires_grad=False)
    with scoped():
        for block in ("first", "second"):
            with scope(block), scope("lin"):
                x = (x @ tensor(np.ones((4, 4)), f"w{block}")).tanh()
    graph = to_graph(x.sum())
    assert [*fold_layers(graph).titles.values()] == ["first.lin", "second.lin"]


def test_a_layer_that_is_used_twice_keeps_its_name():
    from backviz import nn

    layer = nn.Linear(3, 3, seed=0)
    with scoped():
        out = layer(layer(np.ones((2, 3)))).sum()
    titles = fold_layers(to_graph(out)).titles.values()
    assert [*titles] == ["Linear", "Linear"]


def perceptron():
    from backviz import nn
    from backviz.nn import losses

    x = tensor(np.ones((5, 3)), "x", requires_grad=False)
    with scoped():
        out = losses.mse_loss(nn.MLP(3, [4, 1], "tanh", seed=0)(x), np.ones((5, 1)))
    out.label = "L"
    out.backward()
    return out


def shown(output, **style):
    return [b.title for b in Figure(output, Style(**style)).diagram.boxes]


WEIGHTS = {"W1", "b1", "W2", "b2"}


@pytest.mark.parametrize("fold", ["none", "constants", "names", "layers", "blocks"])
def test_weights_are_shown_or_hidden_at_every_level(fold):
    assert set(shown(perceptron(), fold=fold, weights="show")) >= WEIGHTS
    hidden = shown(perceptron(), fold=fold, weights="hide")
    assert not WEIGHTS & {*hidden}
    assert "x" in hidden and "L" in hidden  # data and the output are no weights
    kept = {b for b in shown(perceptron(), fold=fold) if b in WEIGHTS}
    assert kept == (set() if fold in ("layers", "blocks") else WEIGHTS)


def test_a_weight_of_two_ops_stays_a_box_and_hidden_ones_stand_in_the_formula():
    w, v = Value(2.0, "w"), Value(3.0, "v")
    output = (w * v).tanh() + w
    output.backward()
    figure = Figure(output, Style(fold="none", weights="hide"))
    assert [b.title or b.symbol for b in figure.diagram.boxes] == ["w", "w·v", "tanh", "+"]
    # the edge keeps the op's own local derivative: d(w·v)/dw = v
    assert figure.diagram.arrows[0].local == "3"


def test_hidden_weights_leave_the_rule_on_the_arrow():
    figure = Figure(perceptron(), Style(fold="none", weights="hide"))
    assert "g @ W2ᵀ" in [a.local for a in figure.diagram.arrows]


def test_data_with_a_name_are_a_box_where_constants_are_written_into_ops():
    assert "x" in shown(perceptron(), fold="constants")


def test_an_unknown_way_of_weights_is_refused():
    with pytest.raises(UsageError, match="unknown weights 'hidden'; did you mean 'hide'"):
        Style(weights="hidden")


def test_the_number_of_ops_is_in_the_language_and_never_has_a_decimal_comma():
    figure = Figure(chain(1500), Style(lang="ru", decimal=","))
    assert "1\u2009477 операций" in [b.symbol for b in figure.diagram.boxes]
    assert "1\u2009477 ops" in [b.symbol for b in Figure(chain(1500)).diagram.boxes]


def test_folding_by_names_is_no_remedy_for_what_is_folded_already():
    for fold in ("layers", "blocks", "auto"):
        for said in Figure(network(3), Style(size="slide", fold=fold, heat=True)).drawing.warnings:
            assert "--fold names" not in said
    (said,) = Figure(network(3), Style(size="slide", fold="none")).drawing.warnings
    assert "--fold names" in said


def test_a_blank_name_is_a_gap_in_a_formula():
    x = Value(2.0, "  ")
    assert Figure(x * 3, Style(fold="constants")).diagram.boxes[-1].symbol == "□·3"


def test_a_list_of_blocks_in_a_network_is_folded_block_by_block():
    from backviz import nn

    class Block(nn.Module):
        def __init__(self, seed):
            self.lin, self.norm = nn.Linear(4, 4, seed=seed), nn.BatchNorm1d(4)

        def forward(self, x):
            return x + self.norm(self.lin(x)).tanh()

    class Net(nn.Module):
        def __init__(self):
            self.first = nn.Linear(3, 4, seed=7)
            self.blocks = nn.Sequential(*[Block(i) for i in range(6)])
            self.head = nn.Sequential(nn.Linear(4, 4, seed=8), nn.Tanh(), nn.Linear(4, 1, seed=9))

        def forward(self, x):
            return self.head(self.blocks(self.first(x)))

    x = tensor(np.random.default_rng(0).normal(size=(5, 3)), "x", requires_grad=False)
    with scoped():
        output = (Net()(x) ** 2).sum()
    output.label = "L"
    output.backward()
    names = shown(output, fold="blocks")
    assert names[:3] == ["x", "first", "blocks ×6"]
    assert "head" in names  # a row of plain layers is one part


def test_weights_can_be_hidden_on_the_command_line(capsys):
    from backviz.cli import main

    said = {}
    for weights in ("show", "hide"):
        with pytest.raises(SystemExit) as left:
            main(["graph", "@karpathy-neuron", "--weights", weights, "-F", "text", "-q"])
        assert left.value.code == 0
        said[weights] = capsys.readouterr().out
    assert "x₁·w₁" in said["hide"] and "w₁ = −3" not in said["hide"]
    assert "w₁ = −3" in said["show"]
