"""Graphs carry an op's own options; text is made by what writes a file and never read back."""

import ast
import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import backviz
from backviz import OPS, Figure, Value, gradients_of, tensor, to_graph
from backviz.diagrams.steps import Steps
from backviz.graphs import recorded

ROOT = Path(backviz.__file__).parent
INFINITE = {
    "clip": lambda: np.clip(Value(2.0, "a"), -np.inf, 5),
    "norm": lambda: np.linalg.norm(tensor([1.0, -2.0], "v"), ord=np.inf),
    "softplus": lambda: OPS["softplus"](Value(2.0, "a"), threshold=np.inf),
    "leaky_relu": lambda: OPS["leaky_relu"](Value(1.0, "a"), slope=np.inf),
    "huber_loss": lambda: OPS["huber_loss"](tensor([1.0, 2.0], "a"), [0.0, 9.0], delta=np.inf),
    "pad": lambda: np.pad(tensor([1.0], "v"), 1, constant_values=np.inf),
}


def test_no_options_are_read_back_from_text():
    """What a person typed is parsed in three places; the rest carries objects."""
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "literal_eval"
    }
    assert readers <= {"sources/allowlist.py", "sources/evaluation.py", "sources/expression.py"}


@pytest.mark.parametrize("name", INFINITE)
def test_infinite_options_are_drawn_stepped_and_written(name):
    y = INFINITE[name]()
    y.backward(np.ones(y.shape) if y.shape else None)
    assert to_graph(y).nodes[to_graph(y).graph["output"]]["params"] == recorded.given(y.params)
    for form in ("text", "dot", "mermaid", "tikz", "json", "graphml", "svg"):
        assert backviz.render(y, form)
    assert Steps(Figure(y)).moments
    said = json.loads(backviz.render(y, "json"))["nodes"][-1]["params"]
    assert "Infinity" in str(said)


@pytest.mark.parametrize(
    "made",
    [
        lambda x: (x.diagonal() ** 3).sum(),
        lambda x: (x[np.array([0, 2, 2])] ** 3).sum(),
        lambda x: (x[x.data > 2] ** 3).sum(),
        lambda x: (x[..., ::2] ** 3).sum(),
        lambda x: (OPS["repeat"](x, 3, axis=0) ** 3).sum(),
        lambda x: (np.clip(x, -np.inf, 3.5) ** 3).sum(),
        lambda x: (np.pad(x, ((1, 0), (2, 1))) ** 3).sum(),
    ],
)
@pytest.mark.parametrize("fold", ["auto", "none", "constants", "names"])
def test_second_derivatives_are_stepped_whatever_the_options(made, fold):
    x = tensor(np.arange(9.0).reshape(3, 3), "x")
    (g,) = gradients_of(made(x), (x,), create_graph=True)
    second = g.sum()
    second.backward()
    moments = Steps(Figure(second, backviz.Style(fold=fold))).moments
    assert len(moments) >= 3


def test_options_are_text_only_in_files():
    x = tensor(np.arange(20.0), "x")
    taken = x[np.arange(12).repeat(3)]
    graph = to_graph(taken)
    assert graph.nodes[1]["params"]["key"] is taken.params["key"]
    assert backviz.plain_graph(graph).nodes[1]["params"] == "{'key': '[0, 0, …, 11]'}"
    back = nx.parse_graphml(backviz.render(taken, "graphml").decode())
    assert back.nodes["n1" if "n1" in back else "1"]["params"] == "{'key': '[0, 0, …, 11]'}"


def test_an_op_of_many_operands_is_looked_at_once(monkeypatch):
    looked = 0
    shown = recorded._shown

    def counted(u, *more):
        nonlocal looked
        looked += 1
        return shown(u, *more)

    monkeypatch.setattr(recorded, "_shown", counted)
    x = Value(2.0, "x")
    to_graph(np.stack([x * float(i) for i in range(200)]).sum())
    assert looked <= 202


def test_boxes_of_unnamed_operands_are_numbered_in_small_digits():
    v = np.stack([Value(float(i), requires_grad=False) * 2 for i in range(12)])
    named = recorded._with_boxes(v, [None] * 12)
    assert str(named[0]) == "□₁" and str(named[11]) == "□₁₂"
