"""Corners in which a number could silently be wrong, or a message miss the point."""

import copy
import math
import pickle

import numpy as np
import pytest

from backviz import (
    Value,
    as_function,
    check_grads,
    detect_anomaly,
    grad,
    gradients_of,
    no_grad,
    tape,
    tensor,
    to_graph,
    trace,
)
from backviz.autodiff.buffers import LARGE
from backviz.cli import main
from backviz.errors import CheckFailedError, InputError, NotFiniteError, ShapeError
from backviz.extend import OPS, Elementwise


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
def test_a_copy_is_a_value_of_its_own(duplicate):
    x = Value(2.0)
    y = duplicate(x)
    z = x * y
    assert gradients_of(z, (x, y)) == [2.0, 2.0]
    assert len(tape(z)) == 3
    w = duplicate(tensor([1.0, 2.0], "w").tanh())
    assert w.op is OPS["tanh"]
    w.sum().backward()
    assert w.inputs[0].label == "w"
    assert w.inputs[0].grad is not None


def test_a_derivative_is_recorded_also_where_recording_is_off():
    with no_grad():
        assert grad(lambda x: x**2)(3.0) == 6.0
        assert check_grads(lambda x: x**2, 3.0)
        assert not (Value(1.0) * 2).requires_grad


def test_a_number_that_leaves_the_record_is_no_silent_zero():
    for f in (math.sin, lambda x: float(x) ** 2, lambda x: x * int(x)):
        with pytest.raises(TypeError, match="would lose the gradient"):
            grad(f)(1.5)
    with pytest.raises(TypeError, match="would lose the gradient"):  # ours, not numpy's around it
        grad(filled)(1.5)
    assert grad(lambda x: x * x.item())(3.0) == 3.0
    assert float(Value(2.0)) == 2.0


def filled(x):
    y = np.zeros(2)
    y[0] = x
    return y.sum()


def test_parts_of_a_freed_record_are_refused_everywhere():
    x = Value(2.0)
    y = x * 2
    (y * y).backward(retain_graph=False)
    y.label = "h"
    z = y * 3 + x
    x.grad = None
    for use in (
        z.backward,
        lambda: z.backward(create_graph=True),
        lambda: gradients_of(z, (x,)),
        lambda: to_graph(z),
        lambda: as_function(z, [x]),
    ):
        with pytest.raises(InputError, match="was freed by an earlier backward pass"):
            use()
        assert x.grad is None


def test_a_seed_is_not_shared():
    seed, x = tensor([1.0, 1.0]), tensor(np.ones(2, np.float32))
    y = x * 2
    y.backward(seed)
    assert y.grad.dtype == np.float32
    y.grad *= 0.1
    assert (seed.data == 1).all()


def test_gradients_share_no_memory():
    a, b = tensor(np.ones((200, 200))), tensor(np.ones((200, 200)))
    assert a.data.nbytes > LARGE
    hidden = a + b
    out = (hidden.relu() + hidden.tanh()).sum()
    out.backward()
    found = [v.grad for v in (a, b, hidden)]
    kept = [g.copy() for g in found]
    for i, g in enumerate(found):
        np.multiply(g, 0.5, out=g)
        others = [j for j in range(3) if j != i]
        assert all((found[j] == kept[j] * (0.5 if j < i else 1)).all() for j in others)


def test_kept_memory_never_reaches_two_owners():
    w = tensor(np.ones((150, 150)))
    seen = []
    for step in range(6):
        hidden = (w * (step + 1)).tanh()
        out = hidden.sum()
        out.backward(retain_graph=False)
        seen.append((hidden, hidden.data.copy(), w.grad, w.grad.copy()))
        w.grad = None
    for hidden, data, g, kept in seen:
        assert (hidden.data == data).all()
        assert (g == kept).all()


def test_a_rule_that_keeps_its_array_is_not_written_over():
    table = np.full((3,), 2.0)
    op = Elementwise(
        "kept", lambda x: x * 2, (lambda out, x: table,), OPS["neg"].notation, "?", "", "W.", 1
    )
    x = tensor(np.ones(3))
    (op(x) * 5).sum().backward()
    assert (table == 2).all()
    assert (x.grad == 10).all()


# The check judges rightly -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "at"),
    [("log", 1e-3), ("reciprocal", 5e-3), ("tan", 1.57), ("exp", 300.0), ("sqrt", 1e-5),
     ("reciprocal", 1e-6), ("tanh", 0.3)],
)  # fmt: skip
def test_right_rules_pass_where_they_are_steep(name, at):
    (check,) = check_grads(OPS[name], at)
    assert not check.kink
    assert check.error < 1e-6


def test_wrong_rules_are_no_kinks():
    wrong = Elementwise(
        "wrong",
        lambda x: 1 / x,
        (lambda out, x: 3.0 + 0 * x,),
        OPS["neg"].notation,
        "?",
        "",
        "W.",
        1,
    )
    with pytest.raises(CheckFailedError, match="is 3 by the rule"):
        check_grads(wrong, 1e-6)
    with pytest.raises(CheckFailedError):
        check_grads(wrong, 0.5)


def test_functions_that_return_no_value_are_told():
    with pytest.raises(InputError, match="returns a float, not a recorded value"):
        check_grads(lambda x: 3.0, 1.0)
    with pytest.raises(InputError, match="the function takes 1 values, not 2"):
        a = Value(1.0)
        as_function(a * a, [a])(a, a)
    with pytest.raises(InputError, match=r"returns a tuple.*np\.stack"):
        grad(lambda x: (x, x))(1.0)


# Sentences ----------------------------------------------------------------------------


def said(capsys, *args):
    with pytest.raises(SystemExit) as left:
        main(list(args))
    return left.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    "source",
    ["pad(x, pad_width=100000000); x=[1]", "broadcast_to(x, shape=(100000,100000)); x=[1]",
     "outer(x,x); x=[1,2]", "tile(x, reps=100000000); x=[1]",
     "repeat(x, repeats=100000000); x=[1]"],
)  # fmt: skip
def test_an_expression_cannot_ask_for_gigabytes(capsys, source):
    code, err = said(capsys, "check", source)
    assert code == 5
    assert "cannot be used in an expression" in err


def test_products_are_bounded_before_they_are_computed(capsys):
    many = ",".join("1" * 5000)
    for op in ("dot", "inner"):
        axes = "expand_dims(x,axis=1), expand_dims(x,axis=0)"
        axes = axes if op == "dot" else "expand_dims(x,axis=1), expand_dims(x,axis=1)"
        code, err = said(capsys, "check", f"sum({op}({axes})); x=[{many}]")
        assert code == 5
        assert "entries in all" in err


def test_layers_can_be_written_in_an_expression(capsys):
    with pytest.raises(SystemExit) as left:
        main(["check", "sum(linear(x,w,b)); x=[[1,2]]; w=[[1,2],[3,4]]; b=[0,1]"])
    assert left.value.code == 0


def test_huge_whole_numbers_are_a_sentence(capsys):
    code, err = said(capsys, "check", "sum(softmax(x, axis=99999999999999999999999999)); x=[1,2]")
    assert code == 5
    assert "unexpected" not in err
    assert said(capsys, "check", "a*a; a=1", "--seed", "-1")[0] == 2


def test_empty_arrays():
    x = tensor(np.zeros((0, 3)))
    x.mean().backward()
    assert x.grad.shape == (0, 3)


def test_causes_are_named_rightly():
    with detect_anomaly():
        with pytest.raises(NotFiniteError, match="too large for a float64"):
            Value(1e200) ** 2
        with pytest.raises(NotFiniteError, match="NaN went in already"):
            Value(math.nan) * 2


def test_counts_may_be_recorded_values():
    def repeated(x, n):
        for _ in range(n):
            x = np.tanh(x)
        return x

    L = trace(repeated, 0.5, 3)
    assert [v.op.name for v in tape(L) if v.op] == ["tanh"] * 3
    with pytest.raises(TypeError, match=r"2\.5 is no whole number"):
        range(Value(2.5))


BINARY = [  # with a gradient for both
    op.name
    for op in OPS.values()
    if op.public and op.elementwise and len(op.rules) == 2 and all(op.rules)
]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("number", [0.0, -1.0, 1e300, math.inf])
def test_a_number_beside_an_array_is_what_an_array_of_one_is(name, number):
    op = OPS[name]
    for place in (0, 1):
        row, alone, wrapped = tensor([0.0, 2.0, 1e200]), Value(number), tensor([number])
        for one in (alone, wrapped):
            made = op(*((one, row) if place == 0 else (row, one)))
            made.sum().backward()
        assert np.array_equal(alone.grad, wrapped.grad[0], equal_nan=True)


def test_a_number_can_be_repeated_along_axis_0():
    v = Value(3.0)
    np.repeat(v, 2, axis=0).sum().backward()
    assert v.grad == 2.0
    with pytest.raises(ShapeError, match="axis 1"):
        np.repeat(v, 2, axis=1)
