"""How formulas with named parts, sums of them and products of matrices are told in words."""

import html
import re

import numpy as np

import backviz
from backviz import Figure, Style, tensor
from backviz.diagrams.steps import Steps
from backviz.ops import layer_norm, log_softmax, softmax
from backviz.renderers.builds import BUILDERS
from backviz.stepping.blocks import step_lines


def normed(x):
    return (layer_norm(x) * np.array([[1.0, 2.0], [0.5, 3.0]])).sum()


def test_a_value_stands_before_the_parts_of_its_formula():
    """`x̂ = (x − μ) / σ = [0.1  …]` would say that x̂ is the gradient."""
    x = tensor([[1.0, 2.0], [3.0, 5.5]], "x")
    y = normed(x)
    session = backviz.stepper(y)
    session.run("c")
    said = [backviz.describe(y), str(session.why("x")), str(session.run("local n1"))]
    said += [" ".join(moment.lines) for moment in Steps(Figure(y, Style(fold="none"))).moments]
    said.append("\n".join(step_lines(session.state.step, session.state.look)))
    told_in = [" ".join(text.split()) for text in said if "where μ" in " ".join(text.split())]
    assert len(told_in) >= 3
    for text in told_in:
        after = text.partition("where μ")[2]
        assert "x̂ = (x − μ) / σ" in after
        assert not re.search(r"/ σ = [\[(−\d]", after), text


def test_a_sum_of_formulas_names_their_parts_once_or_each_beside_its_own():
    x = tensor([[1.0, 2.0], [3.0, 5.5]], "x")
    alike = backviz.describe((layer_norm(x) * layer_norm(x)).sum()).splitlines()[-1]
    assert alike.count("where") == 1 and alike.endswith("x̂ = (x − μ) / σ")
    differ = backviz.describe((layer_norm(x) * layer_norm(x, eps=0.5)).sum()).splitlines()[-1]
    assert differ.count("where") == 2 and differ.count("+ 0.5)") == 1


def test_a_description_writes_products_of_matrices_with_their_sign():
    x, w = tensor(np.ones((3, 2)), "x"), tensor(np.ones((2, 4)), "w")
    assert "  n2 = x @ w = " in backviz.describe((x @ w).sum())
    v, u = tensor(np.ones(2), "v"), tensor(np.ones(3), "u")
    assert "x @ v = " in backviz.describe((x @ v).sum())
    assert "u @ x = " in backviz.describe((u @ x).sum())


def test_a_rule_on_an_arrow_keeps_what_is_done_with_long_names():
    """Cut at its end, `hidden_layer_activationsᵀ @ g` was a name and no rule."""
    x = tensor(np.ones((3, 2)), "hidden_layer_activations")
    w = tensor(np.ones((2, 4)), "матрица_весов_слоя")
    y = (x @ w).sum()
    y.backward()
    assert [a.local for a in Figure(y).diagram.arrows] == ["g @ матриц…ᵀ", "hidden…ᵀ @ g", "g"]


def test_a_word_of_a_long_rule_stays_whole():
    x = tensor(np.ones((3, 2)), "x")
    y = log_softmax(x, axis=1).sum()
    y.backward()
    assert not any("…(" in a.local for a in Figure(y).diagram.arrows)


def test_the_legend_of_a_page_shows_each_sign():
    """`−2 input without a name` explained another sign."""
    y = (softmax(tensor([1.0, 2.0, 3.0, 4.0], "x") * 2) ** 2).sum()
    y.backward()
    (made,) = BUILDERS["html"](backviz.steps(y))
    page = html.unescape(made.decode())
    (legend,) = re.findall(r'<p class="legend">(.*?)</p>', page, re.DOTALL)
    shown = re.sub(r"<[^>]*>", "\n", legend).split("\n")
    kinds = dict(Steps(Figure(y, Style())).diagram.legend)
    assert {"□", "g"} <= {*kinds}
    for kind, words in kinds.items():
        if kind not in ("value", "gradient", "local"):
            assert f"{kind} {words}" in shown
    assert sum(line.startswith("−2 ") for line in shown) == 1
