"""micrograd's world: its notebooks' steps, written anew, on backviz.micrograd and micrograd."""

import copy
import math
import pickle
import random
import subprocess
import sys
import warnings
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backviz
from backviz import micrograd as ours
from backviz.micrograd import (
    MLP,
    Layer,
    Neuron,
    StaleGradientWarning,
    Value,
    draw_dot,
    trace,
)


def published(v):
    """The expression of micrograd's README, from its formula's text."""
    a, b = v(-4.0), v(2.0)
    c, d = a + b, a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + (b + a).relu())
    d = d + (3 * d + (b - a).relu())
    f = (c - d) ** 2
    return a, b, f / 2.0 + 10.0 / f


def test_the_published_numbers():
    a, b, g = published(Value)
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert (f"{a.grad:.4f}", f"{b.grad:.4f}") == ("138.8338", "645.5773")


def test_the_same_nodes_numbers_and_gradients_as_micrograd():
    engine = pytest.importorskip("micrograd.engine")
    made = {}
    for v in (Value, engine.Value):
        a, b, g = published(v)
        g.backward()
        nodes, edges = trace(g)
        made[v] = (
            (g.data, len(nodes), len(edges)),
            (a.grad, b.grad),
            sorted((n._op, float(n.data), len(n._prev)) for n in nodes),
        )
    (mine, slopes, shapes), (theirs, their_slopes, their_shapes) = made.values()
    assert (mine, shapes) == (theirs, their_shapes)
    # micrograd adds gradients in the order of a set, which changes from run to run
    np.testing.assert_allclose(slopes, their_slopes, rtol=1e-14)


@pytest.mark.peers
def test_the_same_gradients_as_torch():
    torch = pytest.importorskip("torch")
    x, t = Value(-1.7), torch.tensor(-1.7, dtype=torch.float64, requires_grad=True)
    outs = []
    for v in (x, t):
        z = 3 * v + 1 - v / 4
        h = (z * z).relu() + z.tanh() * v.exp()
        out = h / (2 - v) - 1 / (h + v**-2) + (-v).relu()
        out.backward()
        outs.append(out)
    assert math.isclose(outs[0].data, outs[1].item(), rel_tol=1e-14)
    assert math.isclose(x.grad, t.grad.item(), rel_tol=1e-13)


STEPS = st.tuples(st.sampled_from("+-*/nrpc"), st.integers(0, 99), st.integers(0, 99))


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=3), st.lists(STEPS, max_size=12))
def test_any_program_has_micrograd_s_bits_forward_and_its_gradients(starts, steps):
    engine = pytest.importorskip("micrograd.engine")
    made = []
    for v in (Value, engine.Value):
        values = [v(float(x)) for x in starts]
        for sign, i, j in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            if (sign == "/" and abs(b.data) < 1e-3) or abs(a.data) > 1e6 or abs(b.data) > 1e6:
                continue
            values.append(
                {
                    "+": lambda: a + b,  # noqa: B023
                    "-": lambda: a - b,  # noqa: B023
                    "*": lambda: a * b,  # noqa: B023
                    "/": lambda: a / b,  # noqa: B023
                    "n": lambda: 2 - a,  # noqa: B023
                    "r": a.relu,
                    "p": lambda: a**3,  # noqa: B023
                    "c": lambda: 0.5 * a + 1,  # noqa: B023
                }[sign]()
            )
        values[-1].backward()
        made.append(([x.data for x in values], [x.grad for x in values]))
    assert made[0][0] == made[1][0]
    np.testing.assert_allclose(made[0][1], made[1][1], rtol=1e-9, atol=1e-9)


# The lecture ------------------------------------------------------------------------------


def test_backprop_by_hand():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c, f = Value(10.0, label="c"), Value(-2.0, label="f")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    L = d * f
    L.label = "L"
    assert (L.data, L._op, L._prev) == (-8.0, "*", {d, f})
    assert [v.grad for v in (a, b, c, d, e, f, L)] == [0.0] * 7
    L.grad = 1.0
    d.grad, f.grad = f.data, d.data
    c.grad = e.grad = d.grad
    a.grad, b.grad = e.grad * b.data, e.grad * a.data
    picture = draw_dot(L)  # shows what was set by hand
    shown = {data["label"]: data["grad"] for _, data in picture.figure.graph.nodes(data=True)}
    assert shown == {"a": 6, "b": -4, "c": -2, "d": -2, "e": -2, "f": 4, "L": 1}
    for v in (a, b, c, f):
        v.data += 0.01 * v.grad
    assert ((a * b + c) * f).data > L.data


def neuron(v):
    x1, x2, w1, w2 = (v(x) for x in (2.0, 0.0, -3.0, 1.0))
    b = v(6.8813735870195432)
    return (x1, w1, x2, w2), x1 * w1 + x2 * w2 + b


def test_a_neuron_by_calling_backward_of_each_value():
    (x1, w1, x2, w2), n = neuron(Value)
    o = n.tanh()
    o.grad = 1.0
    order, seen = [], set()

    def visit(v):
        if v not in seen:
            seen.add(v)
            for each in v._prev:
                visit(each)
            order.append(v)

    visit(o)
    for v in reversed(order):
        v._backward()
    assert [round(v.grad, 12) for v in (x1, w1, x2, w2)] == [-1.5, 1.0, 0.5, 0.0]
    assert o._op == "tanh"


def test_tanh_from_its_parts():
    (x1, w1, x2, w2), n = neuron(Value)
    e = (2 * n).exp()
    o = (e - 1) / (e + 1)
    o.backward()
    assert math.isclose(o.data, math.sqrt(0.5), rel_tol=1e-12)
    assert [round(v.grad, 12) for v in (x1, w1, x2, w2)] == [-1.5, 1.0, 0.5, 0.0]


def by_hand(x):
    """An op that somebody writes in a notebook: a node with a `_backward` of its own."""
    t = math.sinh(x.data)
    out = Value(t, (x,), "sinh!")

    def step():
        x.grad += math.cosh(x.data) * out.grad

    out._backward = step
    return out


def test_an_op_of_one_s_own():
    x = Value(0.3, label="x")
    y = by_hand(x) * by_hand(x)
    y.backward()
    assert math.isclose(x.grad, 2 * math.sinh(0.3) * math.cosh(0.3))
    assert {v._op for v in trace(y)[0]} == {"", "sinh!", "*"}
    assert b"sinh!" in draw_dot(y, text="keep").pipe()
    with pytest.raises(backviz.BackvizError, match="knows only its sign"):
        backviz.OPS["sinh!/1"](1.0)


@pytest.mark.parametrize(
    ("sign", "inputs", "grads"),
    [
        ("+", (2.0, 3.0), [1, 1]),
        ("*", (2.0, 3.0), [3, 2]),
        ("**3", (2.0,), [12]),
        ("ReLU", (2.0,), [1]),
        ("/", (3.0, 2.0), [0.5, -0.75]),
        ("-", (3.0, 2.0), [1, -1]),
        ("exp", (0.0,), [1]),
        ("what", (1.0, 2.0, 3.0), [0, 0, 0]),
        ("", (1.0,), [0]),
    ],
)
def test_a_node_made_by_hand(sign, inputs, grads):
    given = [Value(x) for x in inputs]
    out = Value(1.5 if sign == "/" else 1.0, tuple(given), sign, label="out")
    assert out._prev == set(given)
    assert out._op == (sign or "?")
    out.backward()
    assert [v.grad for v in given] == grads
    assert draw_dot(out).pipe("dot").startswith(b"digraph")


def test_a_value_used_twice_adds_up():
    a = Value(3.0)
    b = a + a
    assert b._prev == {a}
    b.backward()
    assert a.grad == 2.0


def test_values_are_equal_if_they_are_the_same():
    a, b = Value(1.0), Value(1.0)
    assert a == a  # noqa: PLR0124
    assert (a == b, a != b, a == 1.0) == (False, True, False)
    assert len({a, b, a}) == 2
    assert b not in [a]


def test_what_prints():
    assert repr(Value(2.0) * 3) == "Value(data=6.0, grad=0.0)"
    assert repr(MLP(2, [2, 1])) == (
        "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    )


def test_a_second_backward_is_said_and_adds_up_as_micrograd_s_does():
    engine = pytest.importorskip("micrograd.engine")
    theirs, mine = engine.Value(2.0), Value(2.0)
    for a in (theirs, mine):
        y = (a * 3) * 5
        y.backward()
        assert a.grad == 15.0
        if a is theirs:
            y.backward()
        else:
            with pytest.warns(StaleGradientWarning, match="ran over these values before"):
                y.backward()
    assert mine.grad == theirs.grad == 45.0  # the right sum would be 30
    y = mine * 2  # leaves may add up over outputs: nothing to say
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y.backward()
        for v in trace(y)[0]:
            v.grad = 0.0
        y.backward()
    assert mine.grad == 2.0


# Networks ---------------------------------------------------------------------------------


def test_the_same_weights_bit_for_bit():
    theirs = pytest.importorskip("micrograd.nn")
    for make in (
        lambda nn: nn.MLP(3, [4, 4, 1]),
        lambda nn: nn.Layer(2, 3),
        lambda nn: nn.Neuron(5, nonlin=False),
    ):
        drawn = []
        for nn in (ours, theirs):
            random.seed(1337)
            net = make(nn)
            drawn.append([p.data for p in net.parameters()])
            assert repr(net) == repr(make(theirs))
        assert drawn[0] == drawn[1]
    assert isinstance(MLP(3, [4, 4, 1]), ours.Module)


XS = [[1.5, 2.0, -1.0], [2.5, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 0.5, -1.0]]
YS = [1.0, -1.0, -1.0, 1.0]


def trained(nn, steps=20):
    """The lecture's loop, with other data: what the loss was, and the last outputs."""
    random.seed(1337)
    n = nn.MLP(3, [4, 4, 1])
    losses = []
    for _ in range(steps):
        ypred = [n(x) for x in XS]
        loss = sum((yout - ygt) ** 2 for ygt, yout in zip(YS, ypred, strict=True))
        for p in n.parameters():
            p.grad = 0.0
        loss.backward()
        for p in n.parameters():
            p.data += -0.01 * p.grad
        losses.append(loss.data)
    return losses, [y.data for y in ypred], n


def test_training_goes_as_micrograd_s_does():
    theirs = pytest.importorskip("micrograd.nn")
    (losses, outs, n), (expected, wanted, _) = trained(ours), trained(theirs)
    np.testing.assert_allclose(losses, expected, rtol=1e-9)
    np.testing.assert_allclose(outs, wanted, rtol=1e-9)
    assert losses[-1] < 0.6 * losses[0]
    assert n.layers[0].neurons[0].w[0].grad != 0
    n.zero_grad()
    assert {p.grad for p in n.parameters()} == {0.0}


def test_the_demonstration_with_margins_and_labels_of_numpy():
    theirs = pytest.importorskip("micrograd.nn")
    engine = pytest.importorskip("micrograd.engine")
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(6, 2)), np.array([1, -1, 1, 1, -1, -1])
    made = []
    for nn, v in ((ours, Value), (theirs, engine.Value)):
        random.seed(7)
        model = nn.MLP(2, [4, 1])
        scores = list(map(model, [list(map(v, row)) for row in X]))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        right = sum((yi > 0) == (s.data > 0) for yi, s in zip(y, scores, strict=True))
        model.zero_grad()
        total.backward()
        made.append([total.data, right, *(p.grad for p in model.parameters())])
    np.testing.assert_allclose(*made, rtol=1e-12, atol=1e-15)


def test_labels_tell_weights_apart():
    assert [p.label for p in MLP(1, [2, 1]).parameters()] == [
        "w1_11", "b1_1", "w1_12", "b1_2", "w2_11", "w2_21", "b2_1",
    ]  # fmt: skip
    assert [p.label for p in Neuron(2).parameters()] == ["w1", "w2", "b"]
    assert [p.label for p in Layer(1, 2).parameters()] == ["w11", "b1", "w12", "b2"]


def test_the_modules_have_micrograd_s_places():
    engine, nn = (import_module(f"backviz.micrograd.{name}") for name in ("engine", "nn"))
    assert (engine.Value, nn.MLP) == (Value, MLP)


# Pictures, and the rest of backviz --------------------------------------------------------


def test_draw_dot_shows_in_a_notebook_and_writes_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = Value(2.0, label="x")
    dot = draw_dot(x * 3 + 1)
    bundle, _ = dot._repr_mimebundle_(include=["image/svg+xml", "text/plain"])
    assert bundle["image/svg+xml"].startswith("<svg")
    assert dot.render("gout") == "gout.svg"
    assert dot.render("gout", format="png") == "gout.png"
    assert draw_dot(x * 3, format="pdf", rankdir="TB").render("deep/gout.pdf") == "deep/gout.pdf"
    assert dot.save("gout.dot") == "gout.dot"
    assert sorted(p.name for p in tmp_path.rglob("gout*")) == [
        "gout.dot", "gout.pdf", "gout.png", "gout.svg",
    ]  # fmt: skip
    assert dot.source.startswith("digraph")
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    dot.view("seen")
    assert opened == [(tmp_path / "seen.svg").as_uri()]


FILE = """
import random
from micrograd.engine import Value
from micrograd.nn import MLP

random.seed(1)
n = MLP(2, [2, 1])
xs, ys = [[1.0, -2.0], [0.5, 3.0]], [1.0, -1.0]
for k in range(3):
    loss = sum((n(x) - y) ** 2 for x, y in zip(xs, ys))
    n.zero_grad()
    loss.backward()
    for p in n.parameters():
        p.data -= 0.1 * p.grad
    print(k, round(loss.data, 9), [round(p.grad, 9) for p in n.parameters()])
loss = sum((n(x) - y) ** 2 for x, y in zip(xs, ys))  # a record of the weights as they are now
"""


def test_a_file_for_micrograd_prints_the_same_and_is_drawn(tmp_path):
    pytest.importorskip("micrograd.engine")
    (tmp_path / "theirs.py").write_text(FILE)
    (tmp_path / "mine.py").write_text(FILE.replace("from micrograd", "from backviz.micrograd"))

    def run(*command):
        return subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=True
        )

    printed = run("theirs.py").stdout
    assert run("mine.py").stdout == printed
    assert printed.startswith("0 ")
    told = run("-m", "backviz", "graph", "mine.py:loss", "--text", "keep", "-o", "loss.svg").stderr
    assert "rror" not in told
    assert b"layer 1" in (tmp_path / "loss.svg").read_bytes()


def test_a_picture_after_a_step_is_of_what_was_recorded():
    w, x = Value(2.0, label="w"), Value(3.0, label="x")
    loss = (w * x) ** 2
    loss.backward()
    w.data -= 0.1 * w.grad
    graph = draw_dot(loss).figure.graph
    shown = {d["label"]: d["value"] for _, d in graph.nodes(data=True)}
    assert (shown["w (now -1.6)"], shown["x"], w.label) == (2.0, 3.0, "w")
    assert {d.get("local") for *_, d in graph.edges(data=True)} >= {2.0, 3.0, 12.0}
    assert "earlier" not in str(graph.nodes(data=True))
    with pytest.raises(backviz.BackvizError, match="the data of w was changed"):
        loss.backward()  # would take the new w for the slope of the old product
    with pytest.raises(backviz.BackvizError, match="the data of w was changed"):
        draw_dot(loss + w)  # of the old w and of the new


def test_a_value_may_be_nudged_where_it_stands():
    slopes = {}
    for name in "abcdef":
        results = []
        for h in (0.0, 1e-4):
            v = {
                n: Value(x, label=n) for n, x in {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}.items()
            }
            if name in v:
                v[name].data += h
            v["e"] = v["a"] * v["b"]
            v["e"].label = "e"
            v["e"].data += h * (name == "e")
            v["d"] = v["e"] + v["c"]
            v["d"].data += h * (name == "d")
            L = v["d"] * v["f"]
            results.append(L.data)
        slopes[name] = (results[1] - results[0]) / 1e-4
        L.backward()
        assert math.isclose(slopes[name], v[name].grad, rel_tol=1e-3)
        assert draw_dot(L).source
    v["e"].data += 1.0  # too late: d was computed from it
    assert "e (now -5)" in {d["label"] for _, d in draw_dot(L).figure.graph.nodes(data=True)}
    with pytest.raises(backviz.BackvizError, match="the data of e was changed"):
        L.backward()


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")  # asyncio and the kernel's client have remarks of their own
@pytest.mark.peers
def test_a_notebook_shows_draw_dot(tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    cells = [
        "from backviz.micrograd import Value, draw_dot",
        "a, b = Value(2.0, label='a'), Value(-3.0, label='b')\nL = a * b; L.label = 'L'",
        "L.grad = 1.0\nL._backward()\nprint(a.grad, b.grad)",
        "draw_dot(L)",
        "L",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    *_, printed, picture, value = (cell.outputs for cell in notebook.cells)
    assert printed[0].text == "-3.0 2.0\n"
    assert {"image/svg+xml", "image/png"} <= picture[0].data.keys()
    assert value[0].data["text/plain"] == "Value(data=-6.0, grad=1.0)"


def test_everything_of_backviz_takes_such_a_value():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    L = (a * b + a).tanh()
    L.label = "L"
    L.backward()
    assert "−0.004023" in backviz.table(L)
    assert backviz.render(L, "text")
    assert "a" in backviz.describe(L)
    assert np.tanh(a * 0.1)._op == "tanh"
    assert (np.float64(2.0) * a)._op == "*"
    assert backviz.gradients_of(L, (a,))[0] == a.grad
    assert next(step.node.data for step in backviz.backward_steps(L)) == L.data
    with pytest.raises(backviz.BackvizError, match="first derivatives only"):
        L.backward(create_graph=True)


def test_copies_are_values_of_their_own():
    y = Value(2.0, label="x") ** 2
    for made in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        made.backward()
        (x,) = made._prev
        assert (x.grad, x.label, made._op) == (4.0, "x", "**2")


def test_a_chain_that_is_deeper_than_python_s_stack():
    x = Value(1.0)
    y = x
    for _ in range(5000):
        y = y + 1
    y.backward()
    assert x.grad == 1.0
    assert len(trace(y)[0]) == 10_001
