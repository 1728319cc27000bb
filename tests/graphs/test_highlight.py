"""What stands out in a picture: names, ways between them, and the path of the largest gradient."""

import math
import random

import networkx as nx
import numpy as np
import pytest
from command_line import call

import backviz
from backviz import Figure, Style, load, tensor, to_graph
from backviz.errors import InputError, UsageError
from backviz.graphs import find_highlight
from backviz.renderers import RENDERERS


def solved(source):
    made = load(source)
    made.backward()
    return made


def names(source, asked):
    graph = to_graph(solved(source))
    return {graph.nodes[n]["label"] or f"n{n}" for n in find_highlight(graph, asked).nodes}


DIAMOND = "L=d*f; d=e+c; f=a-c; e=a*b; a=2; b=3; c=4"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("a", {"a"}),
        ("a->L", {"a", "e", "d", "f", "L"}),
        ("a..L", {"a", "e", "d", "f", "L"}),
        ("a → d → L", {"a", "e", "d", "L"}),
        ("a->f->L", {"a", "f", "L"}),
        ("b->e, c", {"b", "e", "c"}),
        ("n0", {"a"}),
    ],
)
def test_names_and_ways(asked, found):
    assert names(DIAMOND, asked) == found


def test_a_wrong_name_or_direction_is_a_sentence():
    graph = to_graph(solved(DIAMOND))
    with pytest.raises(InputError, match="did you mean"):
        find_highlight(to_graph(solved("loss=weight*2; weight=3")), "wieght->loss")
    with pytest.raises(UsageError, match="no way leads from L to a; exchange the two"):
        find_highlight(graph, "L->a")
    with pytest.raises(UsageError, match="nothing to highlight"):
        find_highlight(graph, " , ")
    with pytest.raises(InputError, match="no gradient reaches a leaf"):
        find_highlight(to_graph(solved("L=relu(a)*1; a=-1")), "largest")


def test_a_name_that_looks_like_a_path_is_a_name():
    a = backviz.Value(2.0, "a->b")
    graph = to_graph(a * 3)
    assert find_highlight(graph, "a->b").nodes == {0}


def brute(graph):
    """The largest product over all simple paths from leaves, edge by edge."""
    output, best = graph.graph["output"], 0.0
    leaves = [n for n, d in graph.nodes(data=True) if d["kind"] == "leaf"]
    for leaf in leaves:
        for path in nx.all_simple_edge_paths(graph, leaf, output):
            best = max(best, math.prod(abs(graph.edges[e]["local"]) for e in path))
    return best


@pytest.mark.parametrize("seed", range(30))
def test_the_largest_path_is_the_largest_of_all(seed):
    rng = random.Random(seed)
    values = [backviz.Value(rng.uniform(-2, 2), f"x{i}") for i in range(3)]
    for _ in range(7):
        a, b = rng.choice(values), rng.choice(values)
        values.append(rng.choice([lambda a=a, b=b: a * b, lambda a=a: a.tanh(),
                                  lambda a=a, b=b: a - b, lambda a=a: a.relu()])())  # fmt: skip
    out = values[-1] + values[-2] * 0.5
    out.backward()
    graph = to_graph(out)
    if not (most := brute(graph)):
        return
    found = find_highlight(graph, "largest")
    assert found.product == pytest.approx(most, rel=1e-12)
    links = sorted(found.edges)
    assert math.prod(abs(graph.edges[e]["local"]) for e in links) == pytest.approx(most)
    assert [links[0][0], *(v for _u, v, _k in links)] == list(found.way)
    assert found.way[-1] == graph.graph["output"]


def test_a_long_chain_is_no_trouble_and_no_overflow():
    x = backviz.Value(1.0, "x")
    y = x
    for _ in range(3000):
        y = y * 2.0 if y.data < 1e300 else y * 1e-300
    y.backward()
    found = find_highlight(to_graph(y), "largest")
    assert len(found.way) == 3001
    assert math.isfinite(found.product)


def test_arrays_are_measured_by_norms():
    w, v = tensor([3.0, 4.0], "w"), tensor([0.1, 0.1], "v")
    out = (w * 2.0).sum() + v.sum()
    out.backward()
    found = find_highlight(to_graph(out), "largest")
    assert found.norms
    assert found.product == pytest.approx(2 * np.sqrt(2))


@pytest.mark.parametrize("form", [n for n in RENDERERS if n not in ("json", "graphml")])
def test_every_format_shows_what_stands_out(form):
    plain = backviz.render(solved(DIAMOND), form)
    lit = backviz.render(solved(DIAMOND), form, highlight="a->f->L")
    assert lit != plain


@pytest.mark.parametrize("fold", ["none", "constants", "names"])
def test_boxes_and_arrows_stand_out_together_in_every_fold(fold):
    diagram = Figure(solved(DIAMOND), Style(fold=fold, highlight="a->f->L")).diagram
    strong = {b.id for b in diagram.boxes if b.emphasis == "strong"}
    assert {b.emphasis for b in diagram.boxes} == {"strong", "pale"}
    for arrow in diagram.arrows:
        assert (arrow.emphasis == "strong") == ({arrow.tail, arrow.head} <= strong)
    assert ("strong", "highlighted: a->f->L") in diagram.legend


def test_the_legend_says_the_path_and_its_measure():
    diagram = Figure(solved(DIAMOND), Style(highlight="largest")).diagram
    assert diagram.legend[-1][1] == "largest path, a → f → L: |product of locals| = 10"
    assert "Largest path, a → f → L" in diagram.description


def test_the_command_line(tmp_path):
    out = tmp_path / "g.svg"
    assert call("graph", DIAMOND, "--highlight", "a->L", "-o", str(out)).code == 0
    wrong = call("graph", DIAMOND, "--highlight", "x->L", "-o", str(out))
    assert wrong.code in (2, 5)
    assert "unknown node 'x'" in wrong.err
