"""Every row of the table of ops, everywhere; and a new row, which needs nothing but itself."""

import importlib
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import row_checks
from samples.derived import of_row

import backviz
from backviz import nn
from backviz.autodiff.operand import Operand
from backviz.cli.listing import LISTS
from backviz.language import Language
from backviz.lessons import explanation
from backviz.lessons.op_page import operand_names
from backviz.lessons.screen import lines
from backviz.nn import losses
from backviz.ops import OPS
from backviz.stepping.look import Look
from backviz.words import LANGUAGES

NAMES = [op.name for op in OPS.values()]
DIFFERENTIABLE = [op.name for op in OPS.values() if op.differentiable]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_every_row_is_drawn_stepped_and_listed(name, order):
    told = row_checks.told_everywhere(OPS[name], order)
    assert told or order == 2


def test_the_walk_to_order_2_is_no_empty_one():
    """Rules that do not depend on what they were given have a constant gradient: the few."""
    bent = [n for n in DIFFERENTIABLE if row_checks.of_order(OPS[n], 2) is not None]
    assert len(bent) > 0.8 * len(DIFFERENTIABLE), set(DIFFERENTIABLE) - set(bent)


@pytest.mark.blas
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_row_s_sample_is_right_by_differences(name):
    assert row_checks.gradients_hold(OPS[name])


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_row_s_sample_and_kink_print_what_ran(name):
    assert row_checks.formulas_hold(OPS[name])


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if op.saturates])
def test_a_row_saturates_where_it_says(name):
    row_checks.fades_where_it_says(OPS[name])


def gradient_of(op, lang):
    return LANGUAGES[lang].gettext(op.gradient or op.note)


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_sentence_about_the_gradient_says_x_only_of_an_operand_called_x(name, lang):
    named = operand_names(OPS[name])
    if name == "solve":  # its note calls the result x
        named = [*named, "x"]
    if re.search(r"(?<!\w)x(?!\w)", gradient_of(OPS[name], lang)):
        assert "x" in named


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_slope_that_leaves_the_range_from_0_to_1_is_not_said_to_rise_through_it(lang):
    between = {"en": "in between", "ru": "между ними"}[lang]
    nearly = {"en": "nearly 1 far above", "ru": "далеко справа — почти 1"}[lang]
    xs, told = np.linspace(-6.0, 6.0, 241), {}
    for op in OPS.values():
        if nearly in (said := gradient_of(op, lang)):
            (slope,) = (backviz.grad(lambda x, op=op: op(x).sum())(xs),)
            told[op.name] = between in said
            assert told[op.name] == (slope.min() < -0.01 or slope.max() > 1.01), op.name
    assert {"silu", "gelu", "mish", "softplus"} <= set(told)


def test_a_row_that_saturates_on_the_wrong_side_is_noticed():
    from dataclasses import replace

    with pytest.raises(AssertionError, match="elu"):
        row_checks.fades_where_it_says(replace(OPS["elu"], saturates=("above",)))


# A new op: one file ------------------------------------------------------------------------

FILE = '''"""A sigmoid of straight lines."""

import numpy as np

from backviz.extend import Call, elementwise
from backviz.ops import clip, greater, less
from backviz.words import LANGUAGES

hard_sigmoid = elementwise(
    "hard_sigmoid",
    lambda x: np.clip(x / 6 + 0.5, 0.0, 1.0),
    lambda out, x: greater(x, -3) * less(x, 3) / 6,
    domain="all numbers",
    note="A sigmoid of straight lines, for small machines.",
    gradient="Passes a sixth of the gradient between −3 and 3 and blocks it elsewhere.",
    kink=Call((-3.0,)),
    saturates=("below", "above"),
    torch="nn.functional.hardsigmoid",
    parts=lambda x: clip(x / 6 + 0.5, 0, 1),
)
'''
RUSSIAN = "Сигмоида из отрезков, для малых машин.", "Между −3 и 3 проходит шестая часть градиента."


@pytest.fixture
def hard_sigmoid(tmp_path, monkeypatch):
    """The op of a file in a folder of ops, gone again afterwards."""
    (tmp_path / "handmade.py").write_text(FILE, encoding="utf-8")
    monkeypatch.setattr(backviz.ops, "__path__", [*backviz.ops.__path__, str(tmp_path)])
    with OPS.temporarily():
        yield importlib.import_module("backviz.ops.handmade").hard_sigmoid
    del sys.modules["backviz.ops.handmade"], backviz.ops.handmade
    del Operand.hard_sigmoid


def test_a_new_op_is_one_file_and_tested_by_existing(hard_sigmoid, monkeypatch):
    op = hard_sigmoid
    assert row_checks.gradients_hold(op)
    assert row_checks.formulas_hold(op) >= 5
    assert row_checks.told_everywhere(op, 1) == 4
    row_checks.fades_where_it_says(op)
    assert backviz.Value(1.0).hard_sigmoid().data == pytest.approx(2 / 3)
    assert backviz.load("hard_sigmoid(3*a); a=0.5").data == 0.75
    net = nn.MLP(2, [3, 1], "hard_sigmoid", seed=0)
    assert "HardSigmoid()" in repr(net) and net([1.0, -1.0]).shape == (1,)


def test_a_new_op_is_found_by_explain_list_and_the_docs(hard_sigmoid, monkeypatch):
    shown = "\n".join(lines(explanation("hard_sigmoid"), Look()))
    assert "Passes a sixth of the gradient" in shown and "at the kink x = −3" in shown
    assert "torch.nn.functional.hardsigmoid" in shown and "flat far below and above 0" in shown
    (listed,) = (row for row in LISTS["ops"]() if row["name"] == "hard_sigmoid")
    assert "small machines. Passes a sixth" in listed["note"]
    english = hard_sigmoid.note, hard_sigmoid.gradient
    with LANGUAGES.temporarily({"ru": Language("ru", dict(zip(english, RUSSIAN, strict=True)))}):
        assert RUSSIAN[1] in "\n".join(lines(explanation("hard_sigmoid"), Look(lang="ru")))
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs"))
    generate = importlib.import_module("generate")
    monkeypatch.setattr(generate, "FAMILIES", f"{generate.FAMILIES} handmade")
    page = generate.ops_page()
    assert "## A sigmoid of straight lines" in page
    assert "| `hard_sigmoid` |" in page and "Passes a sixth" in page


def test_a_new_op_with_a_wrong_rule_is_noticed(hard_sigmoid):
    from dataclasses import replace

    wrong = replace(hard_sigmoid, rules=(lambda out, x: out * (1 - out),))
    with pytest.raises(backviz.errors.CheckFailedError):
        row_checks.gradients_hold(wrong)


def test_a_loss_stands_where_networks_look_for_it():
    """A row with a reduction is a loss, and has its name in nn.losses; a new one is found there."""
    named = {op.name for op in OPS.values() if "reduction" in op.params}
    assert {getattr(losses, name).name for name in losses.__all__} == named
    home = importlib.import_module("backviz.ops.losses")  # and where the rows are written
    assert {getattr(home, name).name for name in home.__all__} == named
    with OPS.temporarily({"my_loss": OPS["mse_loss"]}):
        assert losses.my_loss is OPS["mse_loss"]
    for name in ("my_loss", "tanh"):
        with pytest.raises(AttributeError, match=f"no loss '{name}'"):
            getattr(losses, name)


def test_a_row_without_a_sample_is_called_with_numbers_or_vectors():
    assert OPS["tanh"].sample.args == (0.5,)
    assert OPS["mul"].sample.args == (2.0, 3.0)
    assert [np.shape(x) for x in OPS["vdot"].sample.args] == [(3,), (3,)]


def test_a_new_reduction_or_loss_is_called_with_every_option_of_its_kind():
    """From the row alone; what a row does not say stands in tests/samples."""
    reduction = of_row(replace(OPS["mean"], name="new"))
    axes = [(), {"axis", "keepdims"}, {"axis"}]
    assert {frozenset(each.params) for each in reduction} == {frozenset(a) for a in axes}
    loss = of_row(replace(OPS["mse_loss"], name="new"))
    asked = {(each.params.get("reduction"), "weight" in each.params) for each in loss}
    assert asked == {(kind, w) for kind in (None, "sum", "none") for w in (True, False)}
    assert of_row(OPS["tanh"]) == of_row(replace(OPS["mean"], torch="")) == []
