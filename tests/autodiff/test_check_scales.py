"""The check knows its own rounding, catches planted faults at every scale, and ends."""

import numpy as np
import pytest

from backviz import Value, check, check_grads
from backviz.autodiff import check as module
from backviz.autodiff import probes
from backviz.autodiff.check import gradient_checks
from backviz.cli import main
from backviz.errors import CheckFailedError, UsageError
from backviz.extend import Elementwise
from backviz.ops import OPS, sum_to

SCALES = [1e-8, 1e-4, 1.0, 1e4, 1e8, 1e12]


def run(capsys, *args):
    with pytest.raises(SystemExit) as left:
        main(list(args))
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


def planted(rule_a, rule_b=lambda out, a, b: a):
    return Elementwise(
        "planted", np.multiply, (rule_a, rule_b), OPS["mul"].notation, "?", "all", "Wrong.", 2
    )


@pytest.mark.parametrize(
    "source",
    [
        "L=a+b; a=1; b=1e6",
        "L=a*b+c; a=2; b=3; c=1e8",
        "L=a+b; a=0.1; b=1e7",
        "L=(a+1e8)-1e8; a=0.3",
        "L=exp(a)+1e6; a=0.5",
        "L=log(a); a=1e-8",
        "L=sin(x)*1e-8; x=1.5707963267948966",
        "L=(a-b)*1e10; a=1; b=1.0000001",
        "L="
        + "+".join(f"x{i}" for i in range(60))
        + ";"
        + ";".join(f"x{i}={i}" for i in range(60)),
        "L=sum(tanh(v)*1e6)+c; v=[0.1,-0.2,3]; c=1e9",
    ],
)
def test_right_gradients_are_right_beside_large_numbers(capsys, source):
    code, out, err = run(capsys, "check", source)
    assert code == 0, out
    assert all(line.endswith("ok") for line in out.splitlines()[1:])
    assert err == ""


def test_where_rounding_hides_the_difference_it_cannot_tell(capsys):
    for b in ("1e15", "1e18"):
        code, out, err = run(capsys, "check", f"L=a+b; a=0.1; b={b}")
        assert code == 0
        assert out.splitlines()[1].endswith("?")
        assert out.splitlines()[2].endswith("ok")
        assert "differences cannot tell about a: rounding of the result" in out
        assert "kink" not in out + err
    # and a wrong rule is not passed there either
    wrong = planted(lambda out, a, b: 0 * b)
    (check, _) = gradient_checks(lambda a, b: wrong(a, b) + 1e17, [0.1, 1.0], order=1)
    assert check.unsure
    assert not check.fault


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("share", [1.001, -1.0, 0.0])
def test_a_wrong_rule_is_caught_at_every_scale(scale, share):
    wrong = planted(lambda out, a, b: share * b)
    for f in (
        lambda a, b: wrong(a, b) * scale,
        lambda a, b: (wrong(a, b) * 3.0).tanh() * scale,
        lambda a, b: wrong(a * scale, b),
        lambda a, b: wrong(a, b) * scale + scale * 1e3,
    ):
        with pytest.raises(CheckFailedError, match="by the rule but"):
            check_grads(f, 0.3, 0.7)
    right = planted(lambda out, a, b: b)
    assert check_grads(lambda a, b: (right(a, b) * 3.0).tanh() * scale, 0.3, 0.7)
    assert check_grads(lambda a, b: right(a, b) * scale + scale * 1e3, 0.3, 0.7)


@pytest.mark.parametrize("scale", SCALES)
def test_a_missing_unbroadcast_and_an_overwriting_are_caught_at_every_scale(scale):
    def once(out, x):  # of x*x, only one of its two contributions
        return x

    square = Elementwise("square", lambda x: x * x, (once,), OPS["neg"].notation, "?", "", "W.", 1)
    with pytest.raises(CheckFailedError):
        check_grads(lambda x: square(x) * scale, 2.0)
    with pytest.raises(CheckFailedError):
        check_grads(lambda x: (square(x) * scale).sum(), np.array([2.0, 1e-3, 5.0]))
    lazy = module.replace(sum_to, array=lambda x, shape: x)
    with OPS.temporarily({"sum_to": lazy}), pytest.raises(CheckFailedError, match="shape"):
        check_grads(lambda a, b: (a + b) * scale, np.ones((2, 3)), np.ones(3))


@pytest.mark.parametrize("scale", SCALES)
def test_kinks_are_kinks_at_every_scale(scale):
    for f in (lambda x: x.relu() * scale, lambda x: x.relu() * scale + scale * 1e3):
        (check,) = gradient_checks(f, [0.0])
        assert check.kink


def test_a_step_below_the_spacing_is_refused(capsys):
    code, out, err = run(capsys, "check", "a*a; a=2", "--step", "1e-300")
    assert code == 2
    assert "a step of 1e-300 lies below the spacing of numbers" in err
    assert out == ""
    with pytest.raises(UsageError, match="below the spacing"):
        check_grads(lambda x: x * x, 2.0, step=1e-17)
    assert check_grads(lambda x: x * x, 2.0, step=1e-12)  # a small one is widened as needed


def counted(f):
    calls = []

    def call(*args):
        calls.append(1)
        return f(*args)

    return call, calls


@pytest.mark.parametrize("n", [10, 400, 1600, 3200])
def test_the_work_does_not_grow_with_the_square_of_the_leaves(n, monkeypatch):
    monkeypatch.setattr(module, "WORK", 2e8)
    f, calls = counted(lambda *xs: sum(x * x for x in xs))
    report = gradient_checks(f, [float(i) / n for i in range(n)])
    assert not any(c.fault for c in report)
    one = 2 * n * probes.CALL
    assert len(calls) * one <= 1.5 * module.WORK + 20 * one


def test_one_wrong_leaf_among_many_is_found_by_name(monkeypatch):
    monkeypatch.setattr(module, "WORK", 2e8)
    wrong = planted(lambda out, a, b: 2 * b)
    names = [f"x{i}" for i in range(500)]

    def f(*xs):
        total = wrong(xs[300], Value(3.0, requires_grad=False))
        for i, x in enumerate(xs):
            if i != 300:
                total = total + x * float(i)
        return total

    report = gradient_checks(f, [0.5] * 500, names)
    assert [c.where for c in report if c.fault] == ["x300"]
    (note,) = report.notes
    assert "of 500 entries were checked one by one, the others together" in note


def test_large_work_is_bounded_and_said(monkeypatch):
    monkeypatch.setattr(module, "WORK", 1e6)
    f, calls = counted(OPS["det"])
    A = np.eye(60) + np.random.default_rng(1).normal(size=(60, 60)) / 60
    report = gradient_checks(f, [A], ["A"])
    assert len(calls) < 40
    assert [c.where.partition("[")[0] for c in report] == ["A", "A (all entries)"]
    assert not any(c.fault or c.unsure for c in report)
    assert report.notes == (
        f"{module.LEAST // 2} of 3,600 entries were checked one by one, the others together, "
        "along 1 random direction",
    )
    assert str(gradient_checks(f, [A], ["A"])) == str(report)  # the same choice again
    assert str(gradient_checks(f, [A], ["A"], seed=1)) != str(report)


def test_the_many_checked_together_find_a_wrong_rule(monkeypatch):
    monkeypatch.setattr(module, "MOST", 5)
    wrong = planted(lambda out, a, b: b * np.where(np.arange(5000) % 100 == 50, 2.0, 1.0))
    report = gradient_checks(lambda x: wrong(x, np.ones(5000)).sum(), [np.ones(5000)], ["x"])
    assert any(c.fault for c in report)


def test_labels_are_shown_and_not_sent(capsys, tmp_path):
    path = tmp_path / "m.py"
    path.write_text(
        "from backviz import Value\na = Value(2.0, '\\x1b[31mEVIL\\x1b]0;t\\x07')\nL = a * a\n"
        "z = Value(0.0, '\\x1b[31mEVIL').relu()\n"
    )
    for name in ("L", "z"):
        code, out, err = run(capsys, "check", f"{path}:{name}")
        assert code == 0
        assert "\x1b" not in out + err
        assert "\x07" not in out + err
        assert "EVIL" in out


def test_nan_beside_the_point_is_said():
    report = gradient_checks(lambda x: (x - 1.0).sqrt() * 0.0 + x, [1.0], ["x"])
    assert report[0].unsure
    assert report.notes == (
        "differences cannot tell about x: the function is not finite beside this point",
    )


@pytest.mark.parametrize("source", ["cos(x); x=1e255", "sin(x); x=1e16", "tan(x)*y; x=3e120; y=1"])
def test_waves_between_two_neighbouring_numbers_are_not_judged(source):
    report = check(source)
    assert not report.wrong
    assert report[0].unsure


def test_a_wave_at_large_numbers_is_no_kink():
    (row,) = check("sin(x); x=1e8")
    assert (row.kink, row.unsure, row.fault) == (False, False, "")
    assert row.numeric == pytest.approx(np.cos(1e8), abs=1e-6)


def test_a_step_over_a_bend_that_rounding_hides_is_neither_wrong_nor_a_kink():
    # relu'(x) = 0, and the difference falls with the step only, till rounding hides it
    report = check("sum(b/(relu(x)**2+1)); b=-1e9; x=[1e-7,-7.4e-8,-5e-9]")
    assert not report.wrong
    report = check("1/(x*x+2)-b; x=-0.00845; b=-3e11")
    assert not report.wrong
    assert not any(row.kink for row in report)


@pytest.mark.parametrize("scale", [1e-12, 1e-20, 1e-100, 1e-200])
def test_a_fault_in_a_function_of_small_numbers_is_found(scale):
    def right(x):
        return (np.sin(x) * scale) / (x * x + 1)

    def off(x):  # the gradient is 1 % too large
        return right(x + 0.01 * (x - x.detach()))

    for at in (0.7, 30.0, 4e5):
        check_grads(right, at)
        with pytest.raises(CheckFailedError):
            check_grads(off, at)
    check_grads(lambda x: x**3 * scale, 0.0)
    check_grads(lambda x: x * 0.0 + scale, 2.0)
