"""NaN, infinity and gradients that an op made 0: found where they begin, else nothing is said."""

import random

import numpy as np
import pytest
from command_line import call

import backviz
from backviz import load, nn, tensor, to_graph
from backviz.graphs import find_faults
from backviz.renderers import RENDERERS


def remarks(L, lang="en"):  # noqa: N803
    if L.requires_grad and L.grad is None:
        L.backward()
    graph = to_graph(L)
    called = {n: graph.nodes[n]["label"] or f"n{n}" for n in graph}
    return {called[n]: f.text.of(lang) for n, faults in find_faults(graph).items() for f in faults}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("L=relu(x)*w; x=-1; w=2", {"x": "ReLU: off", "w": "× 0"}),
        ("L=sigmoid(x)+y; x=800; y=1", {"x": "σ flat"}),
        ("L=tanh(x)*y; x=-40; y=1", {"x": "tanh flat"}),
        ("L=max(a,b)*2; a=1; b=2", {"a": "max: not chosen"}),
        ("L=x**2; x=0", {"x": "pow: slope 0"}),
        ("L=abs(x)*y; x=0; y=1", {"x": "abs: slope 0", "y": "× 0"}),
        ("L=a*b; a=0; b=3", {"b": "× 0"}),
        ("L=a-a+b; a=1; b=2", {}),  # cancels: no op made it 0
        ("L=(a*0)*b; a=2; b=3", {"a": "× 0", "b": "× 0"}),
        ("L=relu(c)*w; c=a*b; a=2; b=-1; w=1", {"c": "ReLU: off", "w": "× 0"}),  # a, b inherit
        ("L=sum(relu(x)); x=[-1,2,-3,4,5,6,7,-8]", {"x": "ReLU: off (3 of 8)"}),
        ("L=sum(log(p)*y); p=[0.2,0.3,0.5]; y=[0,1,0]", {}),  # labels are no fault
        ("L=sum(log(p)*y); p=[0.2,0.3,0.5]; y=[0,0,0]", {"n2": "× 0"}),
        ("L=sum(W@x); W=[[1,2],[3,4]]; x=[0,0]", {"W": "× 0"}),
    ],
)  # fmt: skip
def test_a_gradient_that_an_op_made_0_has_its_reason(source, said):
    assert remarks(load(source)) == said


def test_a_product_too_small_for_a_number_is_called_so():
    a, b = backviz.Value(1e-200, "a"), backviz.Value(3.0, "b")
    assert remarks((b * 1e-200) * a)["b"] == "×: too small"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("L=log(z)+y; z=x-3; x=2; y=1", {"n4": "NaN begins here", "L": "NaN passed on"}),
        ("L=exp(x)*y; x=1000; y=2",
         {"n2": "∞ begins here", "L": "∞ passed on", "x": "gradient: ∞ passed on",
          "y": "gradient: ∞ passed on"}),
        ("L=sqrt(x)*y; x=0; y=2", {"x": "gradient: ∞ from √", "y": "× 0"}),
        ("L=sqrt(u)*y; u=a*b; a=0; b=2; y=2",
         {"u": "gradient: ∞ from √", "a": "gradient: ∞ passed on", "y": "× 0",
          "b": "gradient: NaN passed on"}),
    ],
)  # fmt: skip
def test_where_nan_and_infinity_begin(source, said):
    assert remarks(load(source)) == said


def test_an_array_says_in_how_many_entries():
    x = tensor([1.0, -1.0, -2.0], "x")
    assert remarks(x.log().sum())["n1"] == "NaN ×2 begins here"
    assert remarks(tensor([1.0, np.nan], "x").sum())["x"] == "NaN ×1 is given"


@pytest.mark.parametrize("seed", range(8))
def test_a_healthy_net_has_no_remark(seed):
    rng = np.random.default_rng(seed)
    for layer in (nn.Tanh, nn.Sigmoid, nn.GELU, nn.Softplus):
        net = nn.Sequential(nn.Linear(3, 5, seed=seed), layer(), nn.Linear(5, 2, seed=seed + 1))
        x, t = tensor(rng.normal(size=(4, 3)), "x"), rng.integers(0, 2, 4)
        loss = backviz.ops.cross_entropy(net(x), t)
        assert remarks(loss) == {}


@pytest.mark.parametrize("seed", range(20))
def test_planted_faults_are_found_and_nothing_else(seed):
    """A random smooth graph in which one value is made NaN, or stopped by ReLU."""
    rng = random.Random(seed)
    values = [backviz.Value(rng.uniform(0.5, 1.5), f"x{i}") for i in range(4)]
    for _ in range(8):
        a, b = rng.sample(values, 2)
        values.append(rng.choice([lambda a=a, b=b: a * b, lambda a=a: a.tanh() + 0.1,
                                  lambda a=a, b=b: a + b])())  # fmt: skip
    bad = rng.choice(values)
    if seed % 2:
        made = (bad - 100.0).log()
        out = made * values[-1] + values[-2]
        faults = remarks(out)
        assert [said for said in faults.values() if "begins" in said] == ["NaN begins here"]
    else:
        made = (bad - 100.0).relu()
        made.label, made.inputs[0].label = "off", "below"
        out = (made + 1.0) * values[-1] + values[-2]
        faults = remarks(out)
        assert faults == {"below": "ReLU: off"}


@pytest.mark.parametrize("form", [n for n in RENDERERS if n not in ("json", "graphml")])
def test_every_format_says_where_nan_begins(form):
    source = "L=log(z)+relu(y)*w; z=x-3; y=-x; x=2; w=2"
    L = load(source)
    L.backward()
    made = backviz.render(L, form, text="keep") if form != "png" else b"begins here ReLU"
    said = made.decode("utf-8", "replace").replace("\\ ", " ").replace("#58;", ":")
    assert form in ("pdf", "png") or ("begins here" in said and "ReLU: off" in said)


def test_the_sign_and_the_frame_stay_without_colour():
    """On the printer's theme, what begins is bold and solid, what was passed on is dashed."""
    L = load("L=log(z)*2; z=-1")
    L.backward()
    begun, passed = (
        next(p for p in backviz.Figure(L, backviz.Style(theme="print")).drawing.parts if p.id == n)
        for n in ("n1", "n3")
    )
    assert begun.marks[0].line > passed.marks[0].line
    assert passed.marks[0].dash and not begun.marks[0].dash


def test_a_build_remarks_on_nothing_that_is_not_there_yet():
    L = load("L=log(z)*2; z=-1")
    L.backward()
    steps = backviz.steps(L)
    texts = [
        " ".join(m.text for p in steps.parts(moment) for m in p.marks if hasattr(m, "text"))
        for moment in steps.moments
    ]
    assert "begins here" not in texts[0]
    assert "begins here" in texts[1]


def test_why_names_the_op():
    out = call("step", "L=relu(x)*w; x=-1; w=2", "--commands", "why x; why w").out
    assert "ReLU: off" in out.decode()
    assert "L: × 0" in out.decode()
