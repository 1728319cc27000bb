"""Several results in one graph: gradients of the first, the others as values, in every output."""

import json

import numpy as np
import pytest

import backviz
from backviz import Value, load, render, to_graph
from backviz.cli import _run
from backviz.diagrams.figure import Figure
from backviz.diagrams.style import Style
from backviz.errors import InputError
from backviz.sources import load_all

BOTH = "L=a*b; M=a+b; a=2; b=3; L, M"
FILE = """
import numpy as np
from backviz import Value, tensor

def both(w=np.array([1.0, -2.0])):
    p = 1 / (1 + np.exp(-w))
    loss = (p * p).mean()
    acc = p.max() * 2
    return loss, acc

def by_name():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    return {"loss": a * b + a, "share": a * b * b}

a, b = Value(2.0), Value(3.0)
h = a * b
loss = (h + 1) ** 2
acc = h * b
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "many.py"
    path.write_text(FILE)
    return str(path)


@pytest.fixture
def values():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    h = a * b
    loss, acc = (h + 1) ** 2, h * b
    loss.label, acc.label = "loss", "acc"
    return loss, acc


def nodes(figure):
    return {d["label"] or n: d for n, d in figure.graph.nodes(data=True)}


def test_gradients_are_those_of_the_first_alone(values):
    loss, acc = values
    loss.backward()
    figure = Figure.of([loss, acc], names=False, style=Style())
    found = nodes(figure)
    # d(ab + 1)²/da = 2·7·3, d/db = 2·7·2, by hand
    assert (found["a"]["grad"], found["b"]["grad"]) == (42.0, 28.0)
    assert found["acc"]["value"] == 18.0 and "grad" not in found["acc"]
    into = [a for a in figure.diagram.arrows if a.head == figure.diagram.boxes[-1].id]
    assert into and not any(a.backward or a.local for a in into)
    said = [words for _kind, words in figure.diagram.legend]
    assert "gradient of loss" in said and "acc: a result without gradients" in said
    assert "Results without gradients: acc." in figure.diagram.description


def test_what_the_first_is_computed_from_is_no_other_result(values):
    loss, _ = values
    loss.backward()
    h = loss.inputs[0].inputs[0]
    figure = Figure.of([loss, h], names=False, style=Style())
    assert not any("result" in words for _kind, words in figure.diagram.legend)
    assert figure.graph.number_of_nodes() == to_graph(loss).number_of_nodes()


def test_a_dict_gives_names_and_variables_of_the_caller_do():
    a, b = Value(2.0), Value(3.0)
    text = render({"the loss": a * b, "other": a + b}, "text").decode()
    assert "the loss" in text and "other" in text and "a = 2" in text
    first = a * b
    second = a + b
    text = render((first, second), "text").decode()
    assert "first = 6" in text and "second = 5" in text
    assert not (first.label or second.label)


def test_steps_compute_all_and_go_backward_from_the_first(values):
    told = repr(backviz.steps([*values]))
    assert "acc = h·b" in told or "acc = n2·b" in told
    assert "∂loss/∂a" in told and "∂acc" not in told
    assert values[0].grad is None  # the pass ran on a copy


@pytest.mark.parametrize(
    ("name", "first", "others"),
    [("both", "loss", ["acc"]), ("by_name", "loss", ["share"]), ("loss,acc", "loss", ["acc"]),
     ("acc, loss", "acc", ["loss"]), ("loss,acc,h", "loss", ["acc", "h"])],
)  # fmt: skip
def test_a_file_names_several(file, name, first, others):
    made = load_all(f"{file}:{name}")
    assert [v.label for v in made] == [first, *others]


def test_functions_on_plain_arrays_have_leaves_that_both_results_share(file):
    loss, acc = load_all(f"{file}:both")
    p = 1 / (1 + np.exp(-np.array([1.0, -2.0])))
    assert loss.data == pytest.approx((p * p).mean()) and acc.data == pytest.approx(p.max() * 2)
    graph = to_graph(loss, beside=[acc])
    assert [d["label"] for _, d in graph.nodes(data=True) if d["kind"] == "leaf"] == ["w"]


def test_expressions_end_with_the_names():
    assert [v.data for v in load_all(BOTH)] == [6.0, 5.0]
    with pytest.raises(InputError, match="there are 2 results"):
        load(BOTH)
    with pytest.raises(InputError, match="unknown name 'N'"):
        load_all("L=a*b; M=a+b; a=2; b=3; L, N")
    with pytest.raises(InputError, match=r"or several to draw, as in '…; L, M'"):
        load("L=a*b; M=a+b; a=2; b=3")


@pytest.mark.parametrize("command", ["graph", "describe", "table"])
def test_every_command_says_whose_gradients_it_shows(command, capfd):
    assert _run([command, BOTH, *(["-F", "text"] if command == "graph" else [])]) == 0
    out, err = capfd.readouterr()
    assert "the gradients are those of L, the first of 2 results" in err
    assert ("M = 5" in out) == (command != "table")
    assert "∂M" not in out


def test_builds_and_data_hold_all_results(tmp_path, capfd):
    path = tmp_path / "b.html"
    assert _run(["steps", BOTH, "-o", str(path), "-q"]) == 0
    assert "M: a result without gradients" in path.read_text("utf-8")
    assert _run(["graph", BOTH, "-F", "json"]) == 0
    data = json.loads(capfd.readouterr().out)
    roles = {node["label"]: node.get("role") for node in data["nodes"]}
    assert roles == {"a": None, "b": None, "L": None, "M": "result"}
    assert _run(["graph", BOTH, "-F", "json", "--lang", "ru", "-q"]) == 0
