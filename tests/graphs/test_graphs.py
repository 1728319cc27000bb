"""The networkx graph of a computation, and its folds."""

import io
import json

import networkx as nx
import numpy as np
import pytest

from backviz import Style, Value, plain_graph, tensor, to_graph
from backviz.diagrams.figure import Figure
from backviz.graphs import (
    contract,
    fold_constants,
    fold_middle,
    fold_names,
    operands,
    size,
)
from backviz.renderers import RENDERERS
from backviz.sources import EXAMPLES, load


def solved(source):
    output = load(source)
    output.backward()
    return output


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_graph_is_a_dag_in_order_of_recording(name):
    graph = to_graph(solved(f"@{name}"))
    assert type(graph) is nx.MultiDiGraph
    assert nx.is_directed_acyclic_graph(graph)
    assert list(graph) == list(range(len(graph)))
    assert all(tail < head for tail, head in graph.edges())
    assert nx.dag_longest_path(graph)[-1] == graph.graph["output"] == len(graph) - 1
    assert all(data["order"] == node for node, data in graph.nodes(data=True))


@pytest.mark.parametrize("name", EXAMPLES)
def test_contributions_on_edges_add_up_to_gradients(name):
    graph = to_graph(solved(f"@{name}"))
    for node, data in graph.nodes(data=True):
        parts = [
            d["contribution"] for _, _, d in graph.out_edges(node, data=True) if "grad" in data
        ]
        if parts:
            assert np.allclose(sum(parts), data["grad"], rtol=1e-12), node


@pytest.mark.parametrize("name", EXAMPLES)
def test_local_times_upstream_is_the_contribution(name):
    graph = to_graph(solved(f"@{name}"))
    for _, head, data in graph.edges(data=True):
        if isinstance(data.get("local"), float) and isinstance(data.get("contribution"), float):
            upstream = graph.nodes[head]["grad"]
            if isinstance(upstream, float):
                assert data["local"] * upstream == pytest.approx(data["contribution"])


def test_a_square_has_two_edges_and_operands_keep_their_places():
    x = Value(3.0, "x")
    square = to_graph(x * x)
    assert list(square.edges(keys=True)) == [(0, 1, 0), (0, 1, 1)]
    a, b = Value(1.0), Value(2.0)
    assert operands(to_graph(b - a), 2) == [1, 0]


def test_attributes_are_documented_and_nothing_else():
    output = solved("@mazur")
    graph = to_graph(output)
    for word in {k for _, data in graph.nodes(data=True) for k in data}:
        assert f"`{word}`" in to_graph.__doc__, word
    for word in {k for _, _, data in graph.edges(data=True) for k in data}:
        assert f"`{word}`" in to_graph.__doc__, word


def test_what_is_not_computed_is_absent():
    graph = to_graph(load("@diamond"))
    assert all("grad" not in data for _, data in graph.nodes(data=True))
    assert all("contribution" not in data for *_, data in graph.edges(data=True))
    assert all("local" in data for *_, data in graph.edges(data=True))


def test_shape_is_text_and_values_and_params_are_objects():
    graph = to_graph(tensor([[1.0, 2.0]], "x").sum(axis=1))
    assert graph.nodes[0]["shape"] == "(1, 2)"
    assert graph.nodes[1]["params"] == {"axis": 1}
    assert plain_graph(graph).nodes[1]["params"] == "{'axis': 1}"
    assert isinstance(graph.nodes[0]["value"], np.ndarray)


@pytest.mark.parametrize("name", ["diamond", "mazur", "mazur-scalar"])
def test_graphml_and_json_read_back_equal(name):
    graph = to_graph(solved(f"@{name}"))
    plain = plain_graph(graph)
    buffer = io.BytesIO()
    nx.write_graphml(plain, buffer)
    buffer.seek(0)
    again = nx.read_graphml(buffer, node_type=int, force_multigraph=True)
    assert dict(again.nodes(data=True)) == dict(plain.nodes(data=True))
    data = json.loads(RENDERERS["json"](Figure(solved(f"@{name}"))))
    from_json = nx.node_link_graph(data, edges="edges")
    assert set(from_json.edges(keys=True)) == set(graph.edges(keys=True))
    assert from_json.nodes[0]["label"] == graph.nodes[0]["label"]
    assert from_json.graph["output"] == graph.graph["output"]


def test_graphml_takes_the_graph_of_scalars_as_it_is():
    nx.write_graphml(to_graph(solved("@diamond")), io.BytesIO())


def test_the_usual_algorithms_work():
    graph = to_graph(solved("@diamond"))
    assert [len(g) for g in nx.topological_generations(graph)] == [3, 2, 1, 1]
    assert nx.ancestors(graph, graph.graph["output"]) == set(range(len(graph) - 1))
    assert nx.dag_longest_path_length(graph, weight=None, default_weight=1) == 3
    assert nx.transitive_reduction(nx.DiGraph(graph)).number_of_nodes() == len(graph)
    assert nx.number_weakly_connected_components(graph) == 1
    assert nx.to_numpy_array(graph, weight="local").shape == (len(graph), len(graph))


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("fold", [fold_constants, fold_names])
def test_folds_are_dags_whose_derivatives_still_explain_the_gradients(name, fold):
    graph = to_graph(solved(f"@{name}"))
    folded = contract(graph, fold(graph))
    assert nx.is_directed_acyclic_graph(folded)
    assert folded.graph["output"] in folded
    assert len(folded) == size(fold(graph))
    for tail, data in folded.nodes(data=True):
        edges = list(folded.out_edges(tail, data=True))
        if data["kind"] == "leaf" and edges and all("contribution" in d for *_, d in edges):
            assert np.allclose(sum(d["contribution"] for *_, d in edges), data["grad"])
        for _, head, edge in edges:
            upstream = folded.nodes[head].get("grad")
            if "local" in edge and isinstance(upstream, float):
                assert edge["local"] * upstream == pytest.approx(edge["contribution"], rel=1e-9)


def test_a_fold_by_names_has_the_derivative_of_the_whole_formula():
    graph = to_graph(solved("h=tanh(a*b+a)*a; a=0.5; b=2"))
    folded = contract(graph, fold_names(graph))
    assert [d["label"] for _, d in folded.nodes(data=True)] == ["a", "b", "h"]
    assert folded.nodes[max(folded)]["formula"] == "tanh(a·b + a)·a"
    t = np.tanh(1.5)
    by_hand = (1 - t**2) * 3 * 0.5 + t
    (edge,) = folded.get_edge_data(0, max(folded)).values()
    assert edge["local"] == pytest.approx(by_hand, rel=1e-14)


def test_folding_the_middle_keeps_both_ends():
    x = y = Value(0.5, "x")
    for _ in range(40):
        y = y.sin()
    y.backward()
    graph = to_graph(y)
    folded = contract(graph, fold_middle(fold_constants(graph), 10))
    assert len(folded) == 11
    assert nx.is_directed_acyclic_graph(folded)
    (group,) = (d for _, d in folded.nodes(data=True) if d["kind"] == "group")
    assert (group["size"], group["ops"]) == (31, "sin ×31")
    assert folded.nodes[0]["grad"] == x.grad


def test_folding_the_middle_of_a_wide_graph_stays_a_dag():
    xs = [Value(i / 10, f"x{i}") for i in range(30)]
    y = xs[0]
    for x in xs:
        y = y + x * y
    y.backward()
    graph = to_graph(y)
    for keep in (4, 7, 12):
        folded = contract(graph, fold_middle(fold_constants(graph), keep))
        assert nx.is_directed_acyclic_graph(folded)
        assert len(folded) == keep + 1


@pytest.mark.slow
def test_a_long_chain_becomes_a_graph_and_a_folded_figure():
    y = Value(0.5, "x")
    for _ in range(100_000):
        y = y * 0.99999
    y.backward()
    figure = Figure(y)
    assert len(figure.graph) == 200_001
    assert len(figure.diagram.boxes) < 30
    (message,) = figure.messages
    assert "200,001 nodes into 25 boxes" in message


# What a review found ----------------------------------------------------------------


def test_an_output_without_a_backward_pass_shows_no_gradients_of_another():
    x = Value(3.0, "x")
    h = x * 2
    (h * h).backward()
    graph = to_graph(h + 1)
    assert all("grad" not in d for _, d in graph.nodes(data=True))
    assert all("contribution" not in d for *_, d in graph.edges(data=True))


def test_what_an_earlier_pass_left_is_told_apart():
    x = Value(3.0, "x")
    y = x * x
    y.backward()
    y.backward()
    assert to_graph(y).nodes[0]["earlier"] == 6.0
    shown = [line for box in Figure(y).diagram.boxes for line in box.gradient]
    assert "6 + 6 = 12" in shown
    w = tensor([1.0, 2.0], "w")
    for _ in range(2):
        (w * w).sum().backward()
    total = (w * w).sum()
    total.backward()
    assert list(to_graph(total).nodes[0]["earlier"]) == [4.0, 8.0]


def test_the_command_line_draws_the_gradients_of_the_result_alone(tmp_path):
    from backviz.cli.loading import load_record

    file = tmp_path / "two.py"
    file.write_text(
        "from backviz import Value\nx = Value(3.)\nh = x*2\nL1 = h*h\nL1.backward()\nL2 = h+1\n"
    )
    output = load_record(f"{file}:L2", quiet=True).value
    assert to_graph(output).nodes[0]["grad"] == 2.0


@pytest.mark.parametrize("name", ["diamond", "mazur"])
def test_gexf_and_gml_read_back(name):
    plain = plain_graph(to_graph(solved(f"@{name}")))
    for write, read in ((nx.write_gexf, nx.read_gexf), (nx.write_gml, nx.read_gml)):
        buffer = io.BytesIO()
        write(plain, buffer)
        buffer.seek(0)
        assert read(buffer).number_of_edges() == plain.number_of_edges()


def test_a_fold_says_how_many_leaves_it_hides():
    total = sum((Value(float(i), f"v{i}") for i in range(40)), start=Value(0.0, "v"))
    total.backward()
    graph = to_graph(total)
    folded = contract(graph, fold_middle(fold_constants(graph), 6))
    (group,) = (d for _, d in folded.nodes(data=True) if d["kind"] == "group")
    assert group["leaves"] == 38
    boxes = Figure(total, Style(size="slide")).diagram.boxes
    assert any("leaf ×" in line for box in boxes for line in box.value)


@pytest.mark.parametrize(
    ("source", "formula"),
    [
        ("L=(a/b)*c; a=1; b=2; c=3", "(a / b)·c"),
        ("L=a/(b*c); a=1; b=2; c=3", "a / (b·c)"),
        ("L=a/b/c; a=1; b=2; c=3", "(a / b) / c"),
        ("L=--a*b; a=1; b=2", "−(−a)·b"),
        ("L=a/b+c; a=1; b=2; c=3", "a / b + c"),
        ("L=sum(sum(a,axis=0)*b); a=[[1,2],[3,4]]; b=[5,6]", "sum(sum(a, axis=0)·b)"),
    ],
)
def test_formulas_read_as_they_were_computed(source, formula):
    graph = to_graph(load(source))
    folded = contract(graph, fold_names(graph))
    assert folded.nodes[folded.graph["output"]]["formula"] == formula


def test_labels_that_look_like_formulas_are_bracketed_and_never_taken_for_numbers():
    s, x, p = Value(2.0, "x+y"), Value(3.0, "x"), Value(3.0, "1")
    graph = to_graph(s * x + x**p)
    folded = contract(graph, fold_names(graph))
    assert folded.nodes[folded.graph["output"]]["formula"] == "(x+y)·x + x^1"
