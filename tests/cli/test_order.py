"""On the command line: composite ops as their parts, and the backward pass as a graph."""

import json

import pytest

from backviz.cli import main


def drawn(capsys, *args):
    with pytest.raises(SystemExit) as left:
        main(["graph", *args, "-F", "json"])
    said = capsys.readouterr()
    assert left.value.code == 0, said.err
    return json.loads(said.out)


def refused(capsys, *args):
    with pytest.raises(SystemExit) as left:
        main(["graph", *args])
    return left.value.code, capsys.readouterr().err


def ops(graph):
    return [node["op"] for node in graph["nodes"] if node["op"]]


def test_a_composite_op_is_one_box_or_its_parts(capsys):
    source = "s=softmax(z); z=[1,2,3]"
    assert ops(drawn(capsys, source)) == ["softmax"]
    for names in ("all", "softmax", "linear, softmax"):
        assert ops(drawn(capsys, source, "--expand", names)) == ["amax", "sub", "exp", "sum", "div"]
    assert ops(drawn(capsys, source, "--expand", "linear")) == ["softmax"]
    code, err = refused(capsys, source, "--expand", "sofmax")
    assert (code, "did you mean 'softmax'" in err) == (2, True)
    code, err = refused(capsys, source, "--expand", "tanh")
    assert (code, "has no parts" in err) == (5, True)


def test_order_2_holds_forward_and_backward_pass(capsys):
    graph = drawn(capsys, "@karpathy-neuron", "--order", "2")
    values = {node["label"]: node["value"] for node in graph["nodes"] if node["label"]}
    truth = {"x1": -1.5, "w1": 1.0, "x2": 0.5, "w2": 0.0, "b": 0.5}
    for leaf, slope in truth.items():
        assert values[f"do/d{leaf}"] == pytest.approx(slope, abs=1e-6)
    outputs = [node for node in graph["nodes"] if node.get("role") == "output"]
    assert len(outputs) == 5
    grads = {node["label"]: node.get("grad") for node in graph["nodes"] if node["label"] in truth}
    assert grads == pytest.approx({k: values[f"do/d{k}"] for k in truth})


def test_order_n_of_one_leaf(capsys):
    graph = drawn(capsys, "y=x**4; x=2", "--order", "3", "--wrt", "x")
    by_label = {node["label"]: node for node in graph["nodes"] if node["label"]}
    assert by_label["d²y/dx²"]["value"] == 48.0
    assert by_label["x"]["grad"] == 48.0  # the third derivative, 24 x


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["a*a; a=2", "--order", "3"], "--order needs --wrt NAME here"),
        (["a*a; a=2", "--wrt", "a"], "--wrt goes with --order 2 or more"),
        (["a*a; a=2", "--order", "2", "--wrt", "b"], "unknown leaf 'b'"),
        (["a*a; a=2", "--order", "0"], "--order"),
    ],
)
def test_what_is_refused(capsys, args, said):
    code, err = refused(capsys, *args)
    assert code == 2
    assert said in err
