"""Names are drawn as they are written by hand, and never so that a picture is worse for it."""

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backviz import Figure, Value, load, render
from backviz.diagrams.drawing import Text, runs
from backviz.diagrams.style import Style
from backviz.lettering import END, LOW, key, lettering, parse
from backviz.names import find, meant


def drawn(*names, taken=()):
    """Each name as drawn, with braces around what is lowered."""
    letters = lettering(names, taken)
    return [letters.draw(name).replace(LOW, "{").replace(END, "}") for name in names]


@pytest.mark.parametrize(("name", "shown"), [
    ("w_12", "w{12}"), ("theta_1", "θ{1}"), ("W1", "W{1}"), ("x_hat", "x̂"), ("yhat", "ŷ"),
    ("y_bar", "ȳ"), ("alpha", "α"), ("lambda_", "λ"), ("h_prev", "h{prev}"), ("w_in", "w{in}"),
    ("w_0_1", "w{01}"), ("w_10_2", "w{10,2}"), ("w1_11", "w{1,11}"), ("W_xh", "W{xh}"),
    ("alpha_bar_t", "ᾱ{t}"), ("L_theta", "L{θ}"), ("dW1", "dW{1}"), ("theta_star", "θ*"),
    ("enc.w_1", "enc.w{1}"), ("h_1⁽²⁾", "h{1}⁽²⁾"), ("ж_1", "ж{1}"), ("w_вх", "w{вх}"),
])  # fmt: skip
def test_letters_bear_signs(name, shown):
    assert drawn(name) == [shown]


@pytest.mark.parametrize("name", [
    "loss1", "layer_norm", "learning_rate", "x_train", "bet_a", "__x", "_x", "x_", "eta_decay",
    "model.layers.0.weight", "w[0]", "dL_dw", "dpi", "what", "that", "chat", "log2", "conv2d",
    "fc1", "float32", "hidden_1", "l1.weight", "a1b", "x", "", "1", "W₁", "θ", "x + 1",
])  # fmt: skip
def test_what_is_no_letter_stays_as_it_was_typed(name):
    assert drawn(name) == [name]


def test_names_are_read_beside_each_other():
    assert drawn("x", "x2") == ["x", "x2"]  # perhaps x²
    assert drawn("x1", "x2") == ["x{1}", "x{2}"]
    assert drawn("sigma2", "mu") == ["σ2", "μ"]  # perhaps σ²
    assert drawn("x", "xi", "yi") == ["x", "xi", "yi"]  # no ξ
    assert drawn("xi", "eta") == ["ξ", "η"]
    assert drawn("x_train", "x_test", "y_test") == ["x_train", "x_test", "y{test}"]
    assert drawn("w1", "w_1", "b_1") == ["w1", "w_1", "b{1}"]
    assert drawn("w_01", "w_0_1") == ["w_01", "w_0_1"]
    assert drawn("theta", "θ") == ["theta", "θ"]
    assert drawn("sigma", "rho", taken=["σ"]) == ["sigma", "ρ"]


@given(st.lists(st.from_regex(r"[a-zθ]{1,5}(_[a-z0-9]{1,3}){0,2}", fullmatch=True), unique=True))
def test_two_names_never_become_equal(names):
    letters = lettering(names)
    for write in (letters.draw, letters.text):
        written = [write(name) for name in names]
        assert len({*written}) == len(names)


def test_functions_and_options_keep_their_names():
    letters = lettering(["sigma", "alpha", "w_1", "beta"])
    said = "sigma(w_1) + leaky(alpha, beta=0.1)·w_1² = alpha == beta, w_1…"
    assert letters.text(said) == "sigma(w₁) + leaky(α, beta=0.1)·w₁² = α == β, w_1…"


def test_every_way_of_typing_a_name_finds_it():
    called = {0: "w_1", 1: "theta_12", 2: "x_hat", 3: "h_1⁽²⁾", 4: "loss1", 5: "enc.W1"}
    for typed, node in {
        "w_1": 0, "w1": 0, "w₁": 0, "theta_12": 1, "theta12": 1, "θ₁₂": 1, "θ12": 1, "x̂": 2,
        "xhat": 2, "h_1(2)": 3, "h1(2)": 3, "h₁⁽²⁾": 3, "loss1": 4, "enc.W_1": 5, "enc.W₁": 5,
    }.items():  # fmt: skip
        assert find(called, typed, []) == node, typed


def test_a_name_that_could_be_one_of_two_is_neither():
    assert meant(["w_11", "w_1_1"], "w₁₁") == "w₁₁"
    assert meant(["w_11", "w_1_1"], "w_1_1") == "w_1_1"
    assert key("w_1") != key("v_1")


def words(figure):
    return " ".join(m.text for m in figure.drawing.marks() if isinstance(m, Text))


GRAPH = "L = (y_hat - y)**2; y_hat = w_1*x_in + theta; w_1 = 2; x_in = 3; theta = 1; y = 4"


def test_boxes_rules_and_legends_bear_them():
    made = Figure(load("y_hat = w_1*x_in + b_2; w_1 = 2; x_in = 3; b_2 = 1"), Style(fold="names"))
    shown = words(made)
    assert f"w{LOW}1{END}·x{LOW}in{END} + b{LOW}2{END}" in shown
    assert "ŷ" in shown and "_" not in shown


def test_what_is_lowered_is_smaller_and_stands_lower():
    mark = Text(10.0, 50.0, f"w{LOW}in{END}·x", 20.0, "#000000")
    w, low, x = runs(mark)
    assert (w.text, low.text, x.text) == ("w", "in", "·x")
    assert low.size < 0.8 * w.size and low.y > w.y == x.y
    assert w.x < low.x < x.x


def test_an_accent_stands_in_the_middle_over_its_letter():
    from backviz.diagrams.font import _bounds

    for letter in "xWθl":
        base, hat = runs(Text(0.0, 0.0, f"{letter}\u0302", 2048.0, "#000000"))
        (left, right, top), (start, end, _) = _bounds(letter, False), _bounds("\u0302", False)
        assert (left + right) / 2 == pytest.approx(hat.x + (start + end) / 2, abs=1)
        assert hat.y <= 0 and (letter == "x") == (hat.y == 0)
        assert base.text == letter and top > 0


FORMS = {
    "tikz": [r"$\theta$", r"w$_{1}$", r"x$_{\mathsf{in}}$", "ŷ"],
    "dot": ["θ", "w₁", "xᵢₙ", "ŷ"],
    "mermaid": ["θ", "w₁", "xᵢₙ", "ŷ"],
    "text": ["θ = 1", "w₁ = 2", "xᵢₙ = 3", "ŷ"],
    "ascii": ["theta = 1", "w_1 = 2", "x_in = 3", "y_hat"],
    "json": ["theta", "w_1", "x_in", "y_hat"],
    "graphml": ["theta", "w_1", "x_in", "y_hat"],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_format_writes_names_in_its_way(form):
    made = render(load(GRAPH), form)
    text = made if isinstance(made, str) else made.decode()
    assert all(sign in text for sign in FORMS[form])


@pytest.mark.parametrize("form", ["dot", "mermaid", "text", "tikz"])
def test_plain_leaves_names_as_they_were_typed(form):
    made = render(load(GRAPH), form, lettering="plain")
    text = made if isinstance(made, str) else made.decode()
    assert "theta" in text and not re.search("[θ₁ŷ]", text)


def test_pictures_hold_no_marks_of_ours():
    loss = load(GRAPH)
    loss.backward()
    for form in ("svg", "tikz", "dot", "mermaid", "text", "json"):
        for kept in ("outline", "keep"):
            made = render(loss, form, text=kept)
            text = made if isinstance(made, str) else made.decode()
            assert LOW not in text and END not in text, form


def test_a_sigmoid_and_a_variable_are_not_both_called_sigma():
    made = Figure(load("L = sigmoid(sigma*x); sigma = 2; x = 3"))
    assert "sigma" in words(made)


def test_no_person_can_write_our_marks():
    a = Value(2.0, f"a{LOW}b{END}")
    assert LOW not in words(Figure(a * 3.0))


@pytest.mark.parametrize("pair", [*combinations(["w1", "w_1", "w₁"], 2)])
def test_names_that_look_alike_stay_apart(pair):
    assert len({*drawn(*pair)}) == 2


def test_every_word_that_changes_has_a_key():
    for word in ("w_1", "theta_12", "x_hat", "W_in"):
        assert key(parse(word).signs or word) == key(word)


def test_the_number_of_a_node_is_no_letter_with_a_number():
    made = Figure(Value(2.0, "x") * Value(3.0, "x"))
    assert "x (n0)" in words(made)


def test_formulas_in_boxes_are_lettered_as_their_titles():
    value = load("y=tanh(w_1*x_1); w_1=2; x_1=3")
    value.backward()
    figure = Figure(value, Style(show="formulas"))
    drawn = [mark.text for part in figure.drawing.parts for mark in part.marks
             if isinstance(mark, Text)]  # fmt: skip
    assert not any("w_1" in text for text in drawn)
    assert any(f"∂y/∂w{LOW}1{END}" in text for text in drawn)
    assert "∂y/∂w₁" in render(value, "text", show="formulas").decode()
