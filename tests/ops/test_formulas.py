"""Every printed rule is computed as it is read, and equals what the engine computes."""

import ast
import re
from functools import partial
from pathlib import Path

import formula_reader
import numpy as np
import pytest
from formula_reader import WORDS
from row_checks import check
from samples import all_samples

from backviz.autodiff.backward import gradients_of, tape
from backviz.autodiff.value import Value
from backviz.ops import OPS

SAMPLES = all_samples()
SHAPES = (  # alike, broadcast along one axis or two, a batch, nothing at all
    ((), (), ()),
    ((2, 3), (2, 3), (2, 3)),
    ((2, 3), (3,), ()),
    ((1, 3), (4, 2, 3), (2, 1)),
    ((0, 3), (3,), (1, 1)),
)


def drawn(op, shape, random):
    if not isinstance(shape, tuple):
        return np.array(shape, float) if np.ndim(shape) else float(shape)
    made = random.uniform(*op.interval, shape)
    return float(made) if shape == () else made


def calls():
    for op in OPS.values():
        if not op.differentiable:
            continue
        if op.elementwise:
            for shapes in SHAPES:
                yield op, op, shapes[: op.arity]
        for each in SAMPLES.get(op.name, []):
            yield op, each.call or partial(op, **each.params), each.given


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if op.differentiable])
def test_a_printed_rule_is_the_rule_that_ran(name):
    checked = 0
    for op, call, given in calls():
        if op.name != name:
            continue
        random = np.random.default_rng(3)
        args = [Value(drawn(op, s, random)) for s in given]
        made = call(*args)
        for v in tape(made):
            if v.op is not None and v.op.differentiable:
                checked += check(v, random)
        if made.requires_grad and not op.kink:
            seed = Value(random.normal(size=made.shape) if made.shape else 1.3)
            first = gradients_of(made, args, seed, create_graph=True)
            second = [g for g in first if isinstance(g, Value) and g.op is not None]
            for g in second[:1]:
                for v in tape(g):
                    if v.op is not None and v.requires_grad and v.op.differentiable:
                        checked += check(v, random)
    assert checked


def test_the_vocabulary_is_closed_and_on_its_page():
    page = (Path(__file__).parents[2] / "docs" / "formulas.md").read_text("utf-8")
    words = page.split("## Words")[1].split("\n## ")[0]
    listed = [w for row in re.findall(r"^\| (`[^|]*) \|", words, re.M)
              for w in re.findall(r"`([^`]+)`", row)]  # fmt: skip
    assert sorted(listed) == sorted(WORDS)
    assert len(WORDS) <= 60


def test_a_word_is_at_most_five_statements():
    """Lambdas are one; numpy's own functions are none."""
    tree = ast.parse(Path(formula_reader.__file__).read_text("utf-8"))
    written = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
    for word in WORDS.values():
        made = written.get(getattr(word, "__name__", ""))
        body = [s for s in ast.walk(made) if isinstance(s, ast.stmt)] if made else []
        assert len(body) - 1 - bool(made and ast.get_docstring(made)) <= 5, word


WRONG = {  # a rule with a fault of a kind that people make, and a call of its op
    "axis dropped": ("softmax", lambda g, out, x, axis=-1: out * (g - (g * out).sum()), (2, 3)),
    "transpose missing": ("matmul", lambda g, out, a, b: g @ b, (3, 3)),
    "sum forgotten": ("linear", lambda g, out, *args, position: g, (3, 3)),
    "mean for sum": ("logsumexp", lambda g, out, x, **o: g * OPS["exp"](x), (2, 3)),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_text_is_noticed(fault, monkeypatch):
    """The engine stays right; what is printed is another rule."""
    import row_checks as here

    name, rule, shape = WRONG[fault]
    op, random = OPS[name], np.random.default_rng(1)
    args = [Value(random.normal(size=shape)) for _ in range(3 if name == "linear" else op.arity)]
    if name == "linear":
        args[2] = Value(random.normal(size=shape[-1:]))
    made = op(*args)

    def printed(op, position, upstream, out, args, params):
        more = {"position": position} if op.variadic else {}
        return rule(upstream, out, *args, **params, **more)

    monkeypatch.setattr(here, "contribution_formula", printed)
    with pytest.raises((AssertionError, ValueError)):
        here.check(made, random)
