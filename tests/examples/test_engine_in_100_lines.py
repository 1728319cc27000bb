"""The engine on one screen is the engine: values, steps, shares, order 2, and what it prints."""

import math
import runpy
from pathlib import Path

import pytest

import backviz
from backviz import ops
from backviz.autodiff.backward import backward_steps, gradients_of

FILE = Path(__file__).parents[2] / "examples" / "engine_in_100_lines.py"
SMALL = runpy.run_path(str(FILE))
GIVEN = (2.0, -3.0, 0.5)

# Each takes the functions of an engine by name, and three values.
EXPRESSIONS = {
    "product": lambda f, a, b, c: a * b,
    "same twice": lambda f, a, b, c: a * a + a,
    "diamond": lambda f, a, b, c: (a * b + c) * (a - b * c),
    "chain": lambda f, a, b, c: f["tanh"](f["exp"](f["log"](a) * c)),
    "constants": lambda f, a, b, c: 2 * a - b / 4 + (1 - c) + 3 + f["tanh"](c * 0.5),
    "negative base": lambda f, a, b, c: b**2 + b**3,
    "exponent": lambda f, a, b, c: a**c + a**b,
    "unused": lambda f, a, b, c: f["exp"](c),
}


def both(expression):
    """The inputs and the output, here and there."""
    theirs = [SMALL["Value"](x) for x in GIVEN]
    ours = [backviz.Value(x) for x in GIVEN]
    real = {name: getattr(ops, name) for name in ("exp", "log", "tanh")}
    return theirs, expression(SMALL["OPS"], *theirs), ours, expression(real, *ours)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_gradients_are_the_real_ones_to_order_two(name):
    theirs, small, ours, real = both(EXPRESSIONS[name])
    assert small.data == pytest.approx(real.data, rel=1e-15)
    found = {v: g for v, g, _ in SMALL["steps"](small, record=True)}
    wanted = gradients_of(real, tuple(ours), create_graph=True)
    for x, w in zip(theirs, wanted, strict=True):
        first = found.get(x, 0.0)
        data = getattr(first, "data", first)
        assert data == pytest.approx(w.data, rel=1e-14)
        second = {v: g for v, g, _ in SMALL["steps"](first)} if data is not first else {}
        assert [second.get(v, 0.0) for v in theirs] == pytest.approx(
            gradients_of(w, tuple(ours)) if w.requires_grad else [0.0] * 3, rel=1e-13
        )


@pytest.mark.parametrize("name", ["product", "same twice", "diamond", "chain"])
def test_the_streams_have_the_same_steps(name):
    """Where both record the same ops, step by step: gradient, and what each input gets."""
    _, small, _, real = both(EXPRESSIONS[name])
    steps, wanted = list(SMALL["steps"](small)), list(backward_steps(real))
    assert [v.data for v, _, _ in steps] == pytest.approx([s.node.data for s in wanted])
    assert [g for _, g, _ in steps] == pytest.approx([s.upstream for s in wanted])
    for (_, _, shares), step in zip(steps, wanted, strict=True):
        assert [s for _, s in shares] == pytest.approx([c.value for c in step.contributions])


@pytest.mark.parametrize("name", SMALL["OPS"])
def test_what_a_rule_prints_is_what_it_computes(name):
    op, given = SMALL["OPS"][name], (2.0, 0.5)[: len(SMALL["OPS"][name].rules)]
    letters = dict(zip("xy", given, strict=False))
    out = op(*given)
    words = {"exp": math.exp, "log": math.log, **letters, "out": out}
    for rule in op.rules:
        printed = rule(SMALL["Symbol"]("out"), *map(SMALL["Symbol"], letters))
        text = f"{printed}".replace("·", "*").replace("^", "**").replace("−", "-")
        assert eval(text, words) == pytest.approx(rule(out, *given))


def test_a_planted_overwrite_is_seen(tmp_path):
    """`=` for `+=`, the fault that distinct inputs hide."""
    broken = FILE.read_text("utf-8").replace("gradients[x] + shares[-1][1] if", "shares[-1][1] if")
    (tmp_path / "broken.py").write_text(broken, "utf-8")
    space = runpy.run_path(str(tmp_path / "broken.py"))
    x = space["Value"](3.0)
    assert {v: g for v, g, _ in space["steps"](x * x)}[x] == 3.0  # 6 is right


def test_it_fits_on_one_screen():
    lines = FILE.read_text("utf-8").splitlines()
    assert len(lines) <= 100
    assert max(map(len, lines)) <= 100
