"""The gradient check as people use it: its report, its warnings, and the command."""

import json
import warnings

import numpy as np
import pytest

from backviz import KinkWarning, Value, as_function, check_grads, tape, tensor
from backviz.autodiff import check as module
from backviz.autodiff.op import Elementwise
from backviz.cli import main
from backviz.errors import InputError
from backviz.ops import OPS


def run(capsys, *args):
    with pytest.raises(SystemExit) as left:
        main(list(args))
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


def test_the_report_has_the_worst_entry_of_every_input():
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    report = check_grads(lambda w, x: (w @ x).tanh(), w, np.array([0.1, -0.2]), order=2)
    assert [(c.input, c.order) for c in report] == [(0, 1), (1, 1), (0, 2), (1, 2)]
    for c in report:
        assert c.error < 1e-8
        assert abs(c.analytic - c.numeric) <= c.error * max(1, abs(c.analytic))
        assert len(c.index) == (2 if c.input == 0 else 1)
    lines = str(report).splitlines()
    assert lines[0].split() == [
        "order",
        "worst",
        "entry",
        "by",
        "the",
        "rule",
        "by",
        "differences",
        "error",
    ]
    assert len(lines) == 5
    assert all(line.endswith("ok") for line in lines[1:])


def test_a_kink_is_a_warning_and_not_a_fault():
    with pytest.warns(KinkWarning, match="input 0 lies at a kink: 0 is one of several slopes"):
        check_grads(OPS["relu"], 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_grads(OPS["relu"], 1.0)


@pytest.mark.parametrize(
    ("f", "x", "source"),
    [
        (OPS["relu"], 0.0, "relu, as in relu(0)"),
        (lambda x: abs(3 * x - 3), 1.0, "abs, as in abs(0)"),
        (lambda x: x.max(), np.array([1.0, 1.0, 0.0]), "amax, as in amax([1, 1])"),
        (lambda x: OPS["relu"](abs(x) + 1), 0.0, "abs, as in abs(0)"),  # relu only passes it on
        (lambda x: x.std() + OPS["relu"](x[0]), np.array([0.0, -1.0, 1.0]), "relu, as in relu(0)"),
        (OPS["hardtanh"], 1.0, "hardtanh, as in hardtanh(-1)"),
    ],
)
def test_a_kink_warning_names_the_op(f, x, source):
    with pytest.warns(KinkWarning) as said:
        check_grads(f, x)
    assert str(said[0].message).endswith(f"several slopes. It comes from {source}")


def test_without_a_kink_in_a_row_the_warning_accuses_nobody():
    bent = Elementwise(
        "bent", np.abs, (lambda out, x: OPS["sign"](x),), OPS["abs"].notation, "?", "", "B.", 1
    )
    for f in (bent, lambda x: OPS["relu"](bent(x) + 1)):
        with pytest.warns(KinkWarning, match="slopes$"):
            check_grads(f, 0.0)


def test_a_healthy_point_of_ops_with_kinks_stays_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_grads(lambda x: OPS["relu"](x) + abs(x - 2) + x**2, 0.3)
        check_grads(lambda x: x.max() * x[1], np.array([1.0, 2.0]))
        check_grads(lambda x: OPS["relu"](x) * x, 0.0)  # has a derivative there, 0


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.kink], ids=lambda op: op.name)
def test_every_row_s_kink_is_found_in_a_record(op):
    first, *rest = op.kink.args
    (found,) = module.function_checks(lambda x: op(x, *rest, **op.kink.params), first)
    assert found.kink and found.source == f"{op.name}, as in {op.kink.of(op.name)}"


def test_strong_curvature_is_no_kink():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_grads(lambda x: (x * 3000.0).sin(), 0.3, tolerance=1e-3)


def test_float32_is_checked_in_double_precision():
    x = np.linspace(0.1, 1, 5, dtype=np.float32)
    assert all(c.error < 1e-8 for c in check_grads(lambda v: (v**3).sum(), x))


def test_a_large_input_is_sampled(monkeypatch):
    monkeypatch.setattr(module, "MOST", 10)
    calls = []

    def f(x):
        calls.append(1)
        return (x * x).sum()

    check_grads(f, np.ones(5000))
    assert len(calls) < 40


def test_a_record_is_a_function_of_its_leaves():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    untouched = b.exp()
    L = (a * b + a).tanh() * untouched
    f = as_function(L, [a])
    again = f(Value(0.5))
    assert again.data == np.tanh(0.5 * 3.0 + 0.5) * untouched.data
    assert untouched in tape(again)  # what does not depend on a is not computed again
    with pytest.raises(InputError, match="not in this record"):
        as_function(L, [Value(1.0)])


def test_the_command(capsys):
    code, out, _ = run(capsys, "check", "L=(a*b+c)*(a-c); a=2; b=3; c=4", "--order", "2")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [
        [order, leaf] for order in "12" for leaf in "abc"
    ]
    code, out, err = run(capsys, "check", "L=relu(a)*b; a=0; b=2")
    assert code == 0
    assert "kink" in out
    assert "no derivative exists: a (relu, as in relu(0))" in err
    code, out, _ = run(capsys, "check", "a*a; a=3", "--json")
    (row,) = json.loads(out)["checks"]
    assert (row["label"], row["analytic"], row["fault"]) == ("a", 6.0, "")


def test_the_command_finds_a_wrong_rule(capsys, tmp_path):
    path = tmp_path / "model.py"
    path.write_text(
        "import numpy as np\n"
        "from backviz import Value\n"
        "from backviz.extend import Elementwise, OPS\n"
        "wrong = Elementwise('wrong', np.sin, (lambda out, x: 2 * x,), OPS['sin'].notation,\n"
        "                    '?', 'all', 'Wrong.', 1)\n"
        "x = Value(0.3)\n"
        "y = wrong(x)\n"
    )
    code, out, err = run(capsys, "check", f"{path}:y")
    assert code == 4
    assert "WRONG" in out
    assert "x: the derivative of order 1 is 0.6 by the rule but 0.955" in err


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["log(a); a=-1"], 6, "log gives NaN"),
        (["1+2"], 5, "there is nothing to check"),
        (["a*a; a=1", "--step", "0"], 2, "--step lies between 0 and 1"),
        (["a*a; a=1", "--order", "9"], 2, "--order"),
    ],
)
def test_the_command_refuses_in_a_sentence(capsys, args, code, said):
    got, _, err = run(capsys, "check", *args)
    assert got == code
    assert said in err
    assert "Traceback" not in err


def test_an_array_output_is_weighted_entry_by_entry():
    # a rule that is right in sum but wrong by entry must not pass
    shifted = OPS["exp"]

    def f(x):
        return shifted(x)[::-1]

    assert check_grads(f, np.array([0.1, 0.2, 0.3]))
    assert check_grads(lambda x: tensor(np.ones(2)) * x, 2.0)
