"""An op box writes the name of an operand that it has, or a sign that is no name."""

import re

import pytest

from backviz import OPS, Figure, Style, Value, load, name, tensor

LETTER = re.compile(r"(?<!\w)[A-Za-z](?!\w)|ʸ|ˣ")


def symbols(output, **style):
    diagram = Figure(output, Style(**style)).diagram
    return [b.symbol for b in diagram.boxes if b.symbol], dict(diagram.legend)


@pytest.mark.parametrize("name", OPS.names())
def test_no_sign_of_an_op_is_a_variable(name):
    assert not LETTER.search(OPS[name].symbol.replace("L1", "")), OPS[name].symbol


@pytest.mark.parametrize(
    "call, named, unnamed",
    [
        (lambda v: -v, "−z", "−□"),
        (OPS["square"], "z²", "□²"),
        (abs, "|z|", "|□|"),
        (OPS["reciprocal"], "1/z", "1/□"),
        (lambda v: OPS["norm"](v.reshape(1)), None, "‖□‖"),
    ],
)
def test_the_operand_is_named_in_its_op(call, named, unnamed):
    x, w = Value(3.0, "x"), Value(2.0, "w")
    z = w * x
    if named is None:
        made, legend = symbols(call(z))
        assert made[-1] == unnamed and "□" in legend
        v = tensor([3.0, 4.0], "v")
        assert symbols(OPS["norm"](v))[0] == ["‖v‖"]
        return
    made, legend = symbols(call(z))
    assert made[-1] == unnamed
    assert legend["□"] == "input without a name"
    z.label = "z"
    made, legend = symbols(call(z))
    assert made[-1] == named
    assert "□" not in legend
    z.label = "a + b"  # a name like a formula would need brackets
    assert symbols(call(z))[0][-1] == unnamed


def test_exp_of_minus_z_does_not_speak_of_x():
    made, _ = symbols(load("z=w*x; L=exp(-z); x=3; w=2"))
    assert made == ["×", "−z", "exp"]
    text, _ = symbols(load("L=abs(w*x)**(w*w); x=3; w=2"))
    assert text[-1] == "^"


def test_the_legend_explains_the_sign_in_russian_and_the_result():
    softmax = tensor([1.0, 2.0], "z").softmax().sum()
    softmax.backward()
    _, legend = symbols(softmax, lang="ru")
    assert legend["out"] == "результат операции"
    _, legend = symbols(-(Value(1.0, "a") * Value(2.0, "b")), lang="ru")
    assert legend["□"] == "вход без имени"


def test_the_legend_explains_the_signs_of_formulas():
    x, gain = tensor([[1.0, 2.0, 4.0], [3.0, 5.0, 9.0]], "x"), tensor([1.0, 2.0, 1.0], "gain")
    loss = (OPS["layer_norm"](x, gain) * x).sum()
    loss.backward()
    said = dict(Figure(loss).diagram.legend)
    assert said["mean₁"] == "mean along axis 1, which stays"
    assert (said["h"], said["x̂"]) == ("= g·gain", "= (x − μ) / σ")
    assert said["μ"] == "= mean₁(x)" and said["σ"].startswith("= √(mean₁((x − μ)²)")
    largest = x.max(axis=1).sum()
    largest.backward()
    assert "m" in dict(Figure(largest).diagram.legend)
    x.grad = None
    plain = (x * gain).sum()
    plain.backward()
    assert set(dict(Figure(plain).diagram.legend)) <= {"value", "gradient", "local", "g"}


@pytest.mark.parametrize("fold", ["none", "names"])
def test_an_arrow_to_what_was_broadcast_says_the_sum_or_nothing(fold):
    """A local derivative of 1 would say that the bias gets the gradient as it is."""
    x, w = tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]], "x"), tensor([[0.5], [0.2]], "w")
    b = tensor([0.1], "b")
    h = name(h=x @ w + b)
    loss = (h * h).sum()
    loss.backward()
    arrows = Figure(loss, Style(fold=fold)).diagram.arrows
    boxes = {box.id: box.title for box in Figure(loss, Style(fold=fold)).diagram.boxes}
    told = [a.local for a in arrows if boxes[a.tail] == "b"]
    assert told == (["sum(g, axis=0)"] if fold == "none" else [""])
