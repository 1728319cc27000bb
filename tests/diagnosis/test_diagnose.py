"""`diagnose` finds planted faults for ten seeds, and stays silent on healthy networks."""

import json

import numpy as np
import pytest
from command_line import call
from quick import one_in

import backviz
from backviz import Value, diagnose, nn, optim, tensor
from backviz.diagnosis import CHECKS
from backviz.errors import InputError, UsageError
from backviz.ops import cross_entropy, mse_loss, relu, sigmoid

SEEDS = range(10)


def data(seed, n=64, d=8):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def net(seed, widths, activation):
    model = nn.MLP(8, widths, activation, seed=seed)
    model.label_parameters()
    return model


def loss_of(model, seed):
    X, y = data(seed)
    return cross_entropy(model(X), y)


def weights(model):
    return [p for name, p in model.named_parameters() if len(p.shape) == 2]


# Planted faults: what is done to a healthy network, and what has to be found -------------------


def dead(seed):
    model = net(seed, [16, 16, 2], "relu")
    biases = [p for _name, p in model.named_parameters() if len(p.shape) == 1]
    biases[0].data = biases[0].data - 20
    return loss_of(model, seed), model


def saturated(seed):
    model = net(seed, [16, 16, 2], "tanh")
    for w in weights(model)[:2]:
        w.data = w.data * 30
    return loss_of(model, seed), model


def vanishing(seed):
    model = net(seed, [16] * 9 + [2], "sigmoid")
    return loss_of(model, seed), model


def exploding(seed):
    model = net(seed, [32] * 9 + [2], "identity")
    for w in weights(model):
        w.data = w.data * 6
    X, _y = data(seed)
    return (model(X) * 1e-3).mean(), model


def not_finite(seed):
    model = net(seed, [16, 2], "tanh")
    X, _y = data(seed)
    p = model(X) ** 2
    p = p - p.data.min()  # one of them is exactly 0
    return -p.log().mean(), model


def passes(seed):
    model = net(seed, [16, 2], "tanh")
    for _ in range(2):
        loss = loss_of(model, seed)
        loss.backward()
    return loss, model


def alike(seed):
    model = net(seed, [16, 2], "tanh")
    w = weights(model)[0]
    w.data = np.repeat(w.data[:, :1], 16, axis=1)
    out = weights(model)[1]
    out.data = np.repeat(out.data[:1], 16, axis=0)
    return loss_of(model, seed), model


def zero(seed):
    model = net(seed, [16, 2], "tanh")
    last = weights(model)[-1]
    last.data = np.zeros(last.shape)
    return loss_of(model, seed), model


def unused(seed):
    model = nn.Sequential(net(seed, [16, 2], "tanh"))
    model.extra = nn.Linear(4, 3, seed=seed)
    return loss_of(model, seed), model


def step(seed):
    model = net(seed, [16, 2], "tanh")
    return loss_of(model, seed) * 1e4, model


FAULTS = {
    "dead": dead, "saturated": saturated, "vanishing": vanishing, "exploding": exploding,
    "not finite": not_finite, "passes": passes, "alike": alike, "zero": zero, "unused": unused,
    "step": step,
}  # fmt: skip


def test_every_check_has_a_planted_fault():
    assert sorted(FAULTS) == sorted(CHECKS)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_for_ten_seeds(name):
    for seed in SEEDS:
        loss, model = FAULTS[name](seed)
        before = [(p.data.copy(), p.grad) for p in model.parameters()]
        rate = {"rate": 0.1} if name == "step" else {}
        found = diagnose(loss, model, **rate)
        assert name in [finding.check for finding in found.findings], (seed, found)
        for p, (held, grad) in zip(model.parameters(), before, strict=True):
            assert np.array_equal(p.data, held) and p.grad is grad  # nothing is written


def test_the_places_are_named():
    found = diagnose(*dead(0)).findings[0]
    assert "behind W1, b1: 16 of 16 units of ReLU" in found.said
    assert found.topic == "dead-relu" and found.measure == 1.0
    (shrinks,) = diagnose(*vanishing(0)).findings
    assert shrinks.where[0].startswith("W1") and "slopes of σ are 0.2" in shrinks.said
    assert shrinks.topic == "quarter" and shrinks.measure < 1e-3
    assert "extra" in diagnose(*unused(0)).findings[0].said


def test_a_shrinking_factor_is_the_gradient_s_own():
    """Against the gradients that torch's way of writing the network down gives: numpy by hand."""
    loss, model = vanishing(3)
    loss.backward()
    (found,) = diagnose(loss, model).findings
    ws = weights(model)
    X, y = data(3)
    outs, h = [], X
    for k, w in enumerate(ws):
        b = [p for _n, p in model.named_parameters() if len(p.shape) == 1][k].data
        z = h @ w.data + b
        outs.append(z)
        h = 1 / (1 + np.exp(-z)) if k < len(ws) - 1 else z
    p = np.exp(h - h.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    g = (p - np.eye(2)[y]) / len(y)
    norms = [np.linalg.norm(g)]
    for k in range(len(ws) - 1, 0, -1):
        s = 1 / (1 + np.exp(-outs[k - 1]))
        g = (g @ ws[k].data.T) * s * (1 - s)
        norms.append(np.linalg.norm(g))
    assert found.measure == pytest.approx(norms[-1] / norms[0], rel=1e-9)


# Healthy networks ---------------------------------------------------------------------------------

SHAPES = [[16, 2], [32, 32, 2], [16, 16, 16, 2]]
HEALTHY = [(widths, act) for widths in SHAPES for act in ("relu", "tanh", "sigmoid", "gelu", "elu")]


@pytest.mark.parametrize(("widths", "activation"), one_in(5, HEALTHY), ids=str)
def test_healthy_networks_are_told_nothing(widths, activation):
    for seed in SEEDS:
        model = net(seed, widths, activation)
        step = optim.Adam(model.parameters(), 0.01)
        for k in range(41):
            step.zero_grad()
            loss = loss_of(model, seed)
            if k in (0, 10, 40):
                found = diagnose(loss, model, rate=0.01)
                assert not found, (seed, k, found)
            loss.backward()
            step.step()


@pytest.mark.parametrize("seed", one_in(4, SEEDS))
def test_a_scalar_network_after_training_is_told_nothing(seed):
    rng = np.random.default_rng(seed)
    model = nn.scalar.MLP(3, [4, 4, 1], seed=seed)
    xs, ys = rng.normal(size=(4, 3)), rng.choice([-1.0, 1.0], 4)
    for _ in range(20):
        outs = [model([float(x) for x in row]) for row in xs]
        outs = [out[0] if isinstance(out, list) else out for out in outs]
        loss = sum((out - float(y)) ** 2 for out, y in zip(outs, ys, strict=True))
        assert not diagnose(loss), diagnose(loss)
        for p in model.parameters():
            p.grad = None
        loss.backward()
        for p in model.parameters():
            p.data -= 0.05 * p.grad


def test_a_sigmoid_at_the_output_is_remarked_upon_only_where_it_is_wrong_and_stuck():
    x = tensor(np.full((8, 1), 9.0), "x")
    right, wrong = np.ones((8, 1)), np.zeros((8, 1))
    assert not diagnose(mse_loss(sigmoid(x), right))
    (found,) = diagnose(mse_loss(sigmoid(x), wrong)).findings
    assert found.check == "saturated" and found.topic == "loud-but-deaf"
    assert not diagnose(-((1 - sigmoid(x) + 1e-9).log()).mean())  # a logarithm cancels the slope


def test_data_that_is_0_and_parts_that_cancel_are_no_fault():
    w, v = tensor([[1.0], [2.0]], "w"), tensor([[1.0, 1.0]], "v")
    assert not diagnose((np.array([[0.0, 3.0]]) @ w).sum())
    assert not diagnose((np.array([[1.0, -1.0]]) @ w @ v * np.array([[1.0, -1.0]])).sum())
    assert not diagnose(backviz.load("@course-forward"))


# Said and done ----------------------------------------------------------------------------------

BUG = """
import numpy as np
from backviz import nn, optim
from backviz.ops import cross_entropy
X = np.random.default_rng(0).normal(size=(32, 8)); y = (X[:, 0] > 0).astype(int)
model = nn.MLP(8, [16, 2], "tanh", seed=0)
opt = optim.SGD(model.parameters(), 0.1)
for epoch in range(5):
    {zero}
    loss = cross_entropy(model(X), y)
    loss.backward()
    opt.step()
"""


def test_a_training_loop_in_a_file_is_diagnosed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bug.py").write_text(BUG.format(zero="pass"), "utf-8")
    (tmp_path / "good.py").write_text(BUG.format(zero="opt.zero_grad()"), "utf-8")
    done = call("diagnose", "bug.py:loss")
    assert done.code == 4 and "the sum of 5 backward passes; call zero_grad" in done.text
    assert "limits: dead 0.75" in done.text
    done = call("diagnose", "good.py:loss", "--json")
    told = json.loads(done.out)
    assert done.code == 0 and told["findings"] == [] and told["schema"] == 1
    done = call("diagnose", "bug.py:loss", "--json")
    (finding,) = json.loads(done.out)["findings"]
    assert (finding["check"], finding["measure"], finding["topic"]) == ("passes", 5, "zero-grad")


def test_limits_are_options():
    src = "L=relu(w*x+b)*v; w=2; x=1; b=-9; v=3"
    assert call("diagnose", src).code == 4
    assert call("diagnose", src, "--dead", "1").code == 0
    assert "Ничего не найдено" in call("diagnose", "@simple", "--lang", "ru").text.capitalize()


@pytest.mark.parametrize(
    ("given", "said"),
    [({"flat": True}, "flat is a number"), ({"dead": "much"}, "dead is a number"),
     ({"ratio": -1.0}, "ratio is a number from 0 on")],
)  # fmt: skip
def test_wrong_limits_are_one_sentence(given, said):
    with pytest.raises(UsageError, match=said):
        diagnose(relu(Value(1.0)), **given)


def test_what_has_no_gradient_is_refused():
    with pytest.raises(InputError, match="does not depend on anything that wants a gradient"):
        diagnose(Value(1.0, requires_grad=False) * 2)


# Why, at the prompt -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "node", "kind", "place", "topic"),
    [
        ("L=v*relu(w*x+b); w=2; x=1; b=-9; v=3", "w", "zero", "n6", "dead-relu"),
        ("L=v*relu(w*x+b); w=2; x=1; b=-9; v=3", "v", "zero", "L", "gates"),
        ("L=sigmoid(w*x)*v; w=9; x=1; v=0", "w", "zero", "L", "gates"),
        ("L=max(a, b*c); a=3; b=1; c=2", "c", "zero", "L", "gates"),
        ("L=sigmoid(w*x); w=900; x=1", "w", "zero", "L", "loud-but-deaf"),
        ("L=sigmoid(w*x); w=9; x=1", "w", "tiny", "L", "quarter"),
        ("L=a*b*c*d; a=1; b=50; c=50; d=50", "a", "huge", "", "clipping"),
        ("L=log(a-b); a=1; b=1", "a", "not finite", "", "nan-where"),
    ],
)
def test_why_names_what_made_a_gradient_0_tiny_huge_or_infinite(source, node, kind, place, topic):
    cause = backviz.stepper(backviz.load(source)).why(node).cause
    assert (cause.kind, cause.topic) == (kind, topic)
    assert cause.node == place or not place


def test_factors_of_a_tiny_gradient_multiply_to_it():
    source = "L=sigmoid(w1*sigmoid(w2*sigmoid(w3*sigmoid(w4*x)))); x=3; w1=9; w2=7; w3=5; w4=4"
    s = backviz.stepper(backviz.load(source))
    why = s.why("w4")
    assert why.cause.factors == len(why.cause.way) == 8
    factors = [abs(f) for f in why.paths[0].factors]
    assert np.prod(factors) == pytest.approx(why.total)
    assert why.cause.factor == pytest.approx(min(factors))
    assert why.cause.below == sum(f < 1 for f in factors)


def test_an_ordinary_gradient_has_no_cause():
    for source in ("@diamond", "@simple", "@sigmoid-neuron"):
        s = backviz.stepper(backviz.load(source))
        names = [n for n, v in zip(s.state.record.names, s.state.record.values, strict=True)
                 if v.requires_grad]  # fmt: skip
        assert all(getattr(s.why(name), "cause", None) is None for name in names)


def test_diagnose_at_the_prompt_counts_what_if():
    s = backviz.stepper(backviz.load("L=v*relu(w*x+b); w=2; x=1; b=-9; v=3"))
    assert [f.check for f in s.run("diagnose").diagnosis.findings] == ["dead"]
    s.set(b=9)
    assert not s.run("diagnose").diagnosis
